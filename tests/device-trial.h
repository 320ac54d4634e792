/* SPDX-License-Identifier: Apache-2.0
 *
 * The device that FER_DEVICE names (PoCL by default), opened for each test.
 */
#ifndef FER_TESTS_DEVICE_TRIAL_H
#define FER_TESTS_DEVICE_TRIAL_H

#include "run/device.h"
#include "says.h"

extern struct fer_device *device;
extern struct fer_error err;

void device_set_up(void);
void device_take_down(void);

#endif
