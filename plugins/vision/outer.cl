/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources of outer products, of 16 channels by 16: ALL_CHANNELS(f, …) is f(…, first, count) for as many of the
 * former at a time, at most CHANNELS, as have their sums in registers.
 */
#if FER_VEC_LANES == 16
#define CHANNELS 16
#define ALL_CHANNELS(f, ...) f(__VA_ARGS__, 0, 16);
#else
#define CHANNELS 6
#define ALL_CHANNELS(f, ...)                                                                                             \
    f(__VA_ARGS__, 0, 6);                                                                                                \
    f(__VA_ARGS__, 6, 5);                                                                                                \
    f(__VA_ARGS__, 11, 5);
#endif
