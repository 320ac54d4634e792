/* SPDX-License-Identifier: Apache-2.0
 *
 * What a device can do at most: the roof over what is measured (Williams, Waterman, Patterson: Roofline: an insightful
 * visual performance model for multicore architectures; CACM 2009).
 */
#ifndef FER_RUN_PEAK_H
#define FER_RUN_PEAK_H

#include "run/device.h"

struct fer_peak {
    double flops; /* a second: multiply-adds in registers, two operations each */
    double bytes; /* a second: the triad of STREAM over buffers that no cache holds, two reads and a write an element */
    int lanes;    /* floats of a vector in both */
    size_t buffer; /* bytes of each of the triad's three */
};
/* The best of several runs of kernels of our own, timed by events; about a second.  The device records times from then
 * on (fer_device_profile). */
enum fer_status fer_peak_measure(struct fer_device *device, struct fer_peak *peak, struct fer_error *err);

#endif
