/* SPDX-License-Identifier: Apache-2.0
 *
 * How fast it goes, and how long it will take.
 */
#ifndef FER_TRAIN_METER_H
#define FER_TRAIN_METER_H

struct fer_meter {
    double last;   /* time of the last step, seconds; 0: none yet */
    double step;   /* seconds a step takes: mean over about the last 20 */
    double images; /* images a step holds, likewise */
    long total;    /* images so far */
    long steps;    /* seen */
};

/* Seconds of a clock that never jumps. */
double fer_meter_now(void);
void fer_meter_start(struct fer_meter *meter, double now);
/* A step with so many images has ended. */
void fer_meter_step(struct fer_meter *meter, double now, long images);
double fer_meter_rate(const struct fer_meter *meter);                  /* images a second; 0: not known */
double fer_meter_left(const struct fer_meter *meter, long steps_left); /* seconds; -1: not known */

#endif
