/* SPDX-License-Identifier: Apache-2.0 */
#include "device-trial.h"

struct fer_device *device;
struct fer_error err;

void device_set_up(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
}

void device_take_down(void)
{
    fer_device_close(device);
}
