/* SPDX-License-Identifier: Apache-2.0 */
#include "train/rates.h"

#include <math.h>

#include "train/state.h"

static double factor(const struct fer_bound_schedule *bound, const struct fer_rate_point *point, double *state)
{
    struct fer_schedule_point at = {
        .size = sizeof(at), .has_metric = point->has_metric, .metric = point->metric, .state = state
    };

    if (bound->unit == FER_UNIT_STEP) {
        at.at = (double)point->steps;
        at.end = point->end_steps;
    } else {
        /* a schedule of whole epochs does not see the fraction */
        at.at = bound->schedule->per_step ? point->epochs : floor(point->epochs);
        at.end = point->end_epochs;
    }
    return bound->schedule->factor(bound->params, &at);
}

double fer_update_rate(const struct fer_update_spec *update, const struct fer_rate_point *point, double *states)
{
    double rate = update->optimizer->rate(update->params) * update->lr_scale;

    for (int i = 0; i < update->nschedules; i++)
        rate *= factor(&update->schedules[i], point, states + (size_t)i * FER_SCHEDULE_STATE);
    return rate;
}
