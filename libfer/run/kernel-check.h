/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FER_RUN_KERNEL_CHECK_H
#define FER_RUN_KERNEL_CHECK_H

#include "run/device.h"
#include "run/program.h"

/* Arguments of the kernel that one of the launch stands for. */
int fer_arg_slots(const struct fer_arg *arg);
/* Number, names and types of arguments, as far as the driver tells. */
enum fer_status fer_kernel_check(cl_kernel kernel, const struct fer_launch *launch, struct fer_error *err);
/* The device runs groups of this size. */
enum fer_status fer_group_check(cl_kernel kernel, const struct fer_launch *launch, const size_t local[3],
                                const struct fer_device *device, struct fer_error *err);

#endif
