/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning rates: the optimizer's, times lr_scale, times every schedule's factor.
 */
#ifndef FER_TRAIN_RATES_H
#define FER_TRAIN_RATES_H

#include "graph/description.h"

/* Where training is. */
struct fer_rate_point {
    long steps;    /* done in this stage */
    double epochs; /* likewise, with the fraction of the running one */
    double end_steps, end_epochs;
    bool has_metric; /* an epoch has just been tested … */
    double metric;   /* … with this `best` */
};

/* `states` holds FER_SCHEDULE_STATE doubles for each of the update's schedules. */
double fer_update_rate(const struct fer_update_spec *update, const struct fer_rate_point *point, double *states);

#endif
