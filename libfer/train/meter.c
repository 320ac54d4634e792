/* SPDX-License-Identifier: Apache-2.0 */
#include "train/meter.h"

#include <time.h>

enum { WINDOW = 20 };

double fer_meter_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void fer_meter_start(struct fer_meter *meter, double now)
{
    *meter = (struct fer_meter){ .last = now };
}

void fer_meter_step(struct fer_meter *meter, double now, long images)
{
    double weight;

    meter->steps++;
    meter->total += images;
    /* the first step builds kernels and fills caches: it says nothing */
    if (meter->steps > 1) {
        weight = 1.0 / (double)(meter->steps - 1 < WINDOW ? meter->steps - 1 : WINDOW);
        meter->step += weight * (now - meter->last - meter->step);
        meter->images += weight * ((double)images - meter->images);
    }
    meter->last = now;
}

double fer_meter_rate(const struct fer_meter *meter)
{
    return meter->step > 0 ? meter->images / meter->step : 0;
}

double fer_meter_left(const struct fer_meter *meter, long steps_left)
{
    return meter->step > 0 && steps_left >= 0 ? meter->step * (double)steps_left : -1;
}
