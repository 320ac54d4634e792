/* SPDX-License-Identifier: Apache-2.0
 *
 * Philox4x32-10 on the host, word for word as in kernels_cl/prelude.cl.  Streams of the host have the high bit of
 * counter[1] set, so they never meet those of device operations.
 */
#ifndef FER_PHILOX_H
#define FER_PHILOX_H

#include <stdint.h>

void fer_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The first two words for this counter and those that follow it, counted in its first two words. */
enum { FER_PHILOX_LANES = 8 };
void fer_philox_lanes(const uint32_t counter[4], const uint32_t key[2], uint32_t out[2][FER_PHILOX_LANES]);

#endif
