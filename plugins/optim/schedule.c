/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning rate schedules: pure functions of the point of training.  Several after one optimizer are multiplied.
 */
#include "optim.h"

#include <math.h>

/* Fractional epochs come from divisions; a point that close to the next epoch has reached it. */
static double whole(double at)
{
    return floor(at + 1e-9);
}

#define SCHEDULE(name_, help_, ...)                                                                                    \
    const struct fer_schedule fer_##name_ = { .size = sizeof(struct fer_schedule),                                     \
                                              .name = #name_,                                                          \
                                              .help = help_,                                                           \
                                              .params = name_##_params,                                                \
                                              .params_size = sizeof(struct name_),                                     \
                                              .factor = name_##_factor,                                                \
                                              __VA_ARGS__ }

/* ---- step ---- */

struct step {
    int every;
    double gamma, min;
};
static const struct fer_param *const step_params[] = {
    FER_PARAM_INT(struct step, every, NULL, 1, 1e9, "epochs or steps between changes"),
    FER_PARAM_FLOAT(struct step, gamma, "0.1", 0, 1e6, "factor at each change"),
    FER_PARAM_FLOAT(struct step, min, "0", 0, 1, "smallest factor"), NULL
};
static double step_factor(const void *data, const struct fer_schedule_point *point)
{
    const struct step *params = data;
    return fmax(pow(params->gamma, floor(whole(point->at) / params->every)), params->min);
}
SCHEDULE(step, "times gamma every so often");

/* ---- multistep ---- */

struct multistep {
    struct fer_floats at;
    double gamma, min;
};
static const struct fer_param *const multistep_params[] = {
    FER_PARAM_FLOATS(struct multistep, at, NULL, 0, 1e12, "epochs or steps at which it changes"),
    FER_PARAM_FLOAT(struct multistep, gamma, "0.1", 0, 1e6, "factor at each change"),
    FER_PARAM_FLOAT(struct multistep, min, "0", 0, 1, "smallest factor"), NULL
};
static double multistep_factor(const void *data, const struct fer_schedule_point *point)
{
    const struct multistep *params = data;
    int passed = 0;
    for (int i = 0; i < params->at.count; i++)
        passed += point->at + 1e-9 >= params->at.items[i];
    return fmax(pow(params->gamma, passed), params->min);
}
SCHEDULE(multistep, "times gamma at each of the given points");

/* ---- cosine ---- */

struct cosine {
    double min;
};
static const struct fer_param *const cosine_params[] = {
    FER_PARAM_FLOAT(struct cosine, min, "0", 0, 1, "factor at the end of the stage"), NULL
};
static double cosine_factor(const void *data, const struct fer_schedule_point *point)
{
    const struct cosine *params = data;
    const double pi = 3.14159265358979323846;
    const double part = point->end > 0 ? fmin(fmax(point->at / point->end, 0), 1) : 0;
    return params->min + (1 - params->min) * (1 + cos(pi * part)) / 2;
}
SCHEDULE(cosine, "half a cosine from 1 to min over the stage (Loshchilov and Hutter, 2017), moving at every step",
         .per_step = true);

/* ---- exponential ---- */

struct exponential {
    double gamma, min;
};
static const struct fer_param *const exponential_params[] = {
    FER_PARAM_FLOAT(struct exponential, gamma, NULL, 0, 1e6, "factor at each epoch or step"),
    FER_PARAM_FLOAT(struct exponential, min, "0", 0, 1, "smallest factor"), NULL
};
static double exponential_factor(const void *data, const struct fer_schedule_point *point)
{
    const struct exponential *params = data;
    return fmax(pow(params->gamma, whole(point->at)), params->min);
}
SCHEDULE(exponential, "times gamma at each epoch or step");

/* ---- warmup ---- */

struct warmup {
    double length, from;
};
static const struct fer_param *const warmup_params[] = {
    FER_PARAM(FER_TYPE_FLOAT, struct warmup, length, "for", NULL, 0, 1e12, NULL, "epochs or steps that it takes"),
    FER_PARAM_FLOAT(struct warmup, from, "0", 0, 1, "factor at the start"), NULL
};
static double warmup_factor(const void *data, const struct fer_schedule_point *point)
{
    const struct warmup *params = data;
    if (point->at >= params->length)
        return 1;
    return params->from + (1 - params->from) * fmax(point->at, 0) / params->length;
}
SCHEDULE(warmup, "a straight line from `from` to 1, moving at every step", .per_step = true);

/* ---- plateau ---- */

enum { MIN, MAX };
static const char *const plateau_modes[] = { "min", "max", NULL };
struct plateau {
    double factor;
    int patience;
    double threshold;
    int mode;
    double min;
    int cooldown;
};
static const struct fer_param *const plateau_params[] = {
    FER_PARAM_FLOAT(struct plateau, factor, "0.1", 0, 1, "factor at each change"),
    FER_PARAM_INT(struct plateau, patience, "10", 0, 1e9, "epochs without a better metric that are let pass"),
    FER_PARAM_FLOAT(struct plateau, threshold, "1e-4", 0, 1, "by what share a metric must be better to count"),
    FER_PARAM_ENUM(struct plateau, mode, "min", plateau_modes, "whether small (a loss) or large (an accuracy) is good"),
    FER_PARAM_FLOAT(struct plateau, min, "0", 0, 1, "smallest factor in all"),
    FER_PARAM_INT(struct plateau, cooldown, "0", 0, 1e9, "epochs after a change that do not count"),
    NULL
};

/* Offsets in the saved state, which is all zero at the start. */
enum { STARTED, BEST, BAD_EPOCHS, COOLING, FACTOR };

static bool better(const struct plateau *params, double metric, double best)
{
    const double slack = params->threshold;
    return params->mode == MIN ? metric < best * (1 - slack) : metric > best * (1 + slack);
}

/* As torch.optim.lr_scheduler.ReduceLROnPlateau with a relative threshold. */
static double plateau_factor(const void *data, const struct fer_schedule_point *point)
{
    const struct plateau *params = data;
    double *state = point->state;
    if (state[STARTED] == 0)
        state[FACTOR] = 1;
    if (!point->has_metric)
        return state[FACTOR];
    if (state[STARTED] == 0 || better(params, point->metric, state[BEST])) {
        state[BEST] = point->metric;
        state[BAD_EPOCHS] = 0;
    } else {
        state[BAD_EPOCHS]++;
    }
    state[STARTED] = 1;
    if (state[COOLING] > 0) {
        state[COOLING]--;
        state[BAD_EPOCHS] = 0;
    }
    if (state[BAD_EPOCHS] > params->patience) {
        state[FACTOR] = fmax(state[FACTOR] * params->factor, params->min);
        state[COOLING] = params->cooldown;
        state[BAD_EPOCHS] = 0;
    }
    return state[FACTOR];
}
SCHEDULE(plateau, "times factor when the best metric stops getting better", .needs_metric = true);
