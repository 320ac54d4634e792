/* SPDX-License-Identifier: Apache-2.0
 *
 * sgd, adam, adamw.
 */
#include "optim.h"

#include <math.h>

#include "update_cl.h"

enum { GROUP = 64, SHARE = 4 }; /* as in update.cl */

const char *const fer_decay_on[] = { "all", "weights", NULL };

/* A launch over all weights of the run; the kernel's own arguments come between begin and end. */
static struct fer_launch *begin(struct fer_emit *em, const struct fer_update *update, const char *kernel,
                                const char *option)
{
    const bool gpu = fer_emit_profile(em) == FER_PROFILE_GPU;
    struct fer_launch *launch = fer_emit_kernel(em, fer_update_cl, kernel, "-DWIDTH=%d%s", gpu ? 1 : FER_BLOCK, option);
    fer_launch_inout(launch, "weight", update->weight);
    fer_launch_in(launch, "grad", update->grad);
    return launch;
}

static enum fer_status end(struct fer_emit *em, struct fer_launch *launch, const struct fer_update *update)
{
    const size_t count = fer_tensor_size(update->weight);
    if (fer_emit_profile(em) == FER_PROFILE_GPU) {
        fer_launch_range_2d(launch, fer_extent_fixed((count + SHARE - 1) / SHARE), fer_extent_fixed(1), GROUP, 1);
        return FER_OK;
    }
    size_t span = (count / 64 + FER_BLOCK) / FER_BLOCK * FER_BLOCK; /* about 64 work-groups */
    span = span < 4096 ? 4096 : span;
    fer_launch_int(launch, (int)span);
    fer_launch_range_2d(launch, fer_extent_fixed((count + span - 1) / span), fer_extent_fixed(1), 1, 1);
    return FER_OK;
}

/* ---- sgd ---- */

struct sgd {
    double lr, momentum, dampening, decay;
    bool nesterov;
    int decay_on;
};
static const struct fer_param *const sgd_params[] = {
    FER_PARAM_FLOAT(struct sgd, lr, NULL, 0, 1e6, "learning rate"),
    FER_PARAM_FLOAT(struct sgd, momentum, "0", 0, 1, "share of the last step's direction"),
    FER_PARAM_FLOAT(struct sgd, dampening, "0", 0, 1, "share of the gradient that momentum leaves out"),
    FER_PARAM_FLOAT(struct sgd, decay, "0", 0, 1e6, "weight decay, added to the gradient"),
    FER_PARAM_BOOL(struct sgd, nesterov, "no", "look ahead along the momentum; wants momentum > 0 and dampening=0"),
    FER_PARAM_ENUM(struct sgd, decay_on, "all", fer_decay_on, "all, or weights: not biases and scales"),
    NULL
};
static const char *const sgd_states[] = { "momentum", NULL };

static double sgd_rate(const void *params)
{
    return ((const struct sgd *)params)->lr;
}

static bool sgd_splits(const void *params)
{
    return ((const struct sgd *)params)->decay_on == FER_DECAY_WEIGHTS;
}

static enum fer_status sgd_emit(struct fer_emit *em, const struct fer_update *update, struct fer_error *err)
{
    const struct sgd *params = update->params;
    if (params->nesterov && (params->momentum <= 0 || params->dampening != 0))
        return fer_fail_argument(err, FER_EINVAL, "nesterov", "nesterov wants momentum > 0 and dampening=0");
    struct fer_launch *launch = begin(em, update, "sgd", "");
    fer_launch_inout(launch, "velocity", update->state[0]);
    fer_launch_in(launch, "control", update->control);
    fer_launch_float(launch, update->decays ? params->decay : 0);
    fer_launch_float(launch, params->momentum);
    fer_launch_float(launch, 1 - params->dampening);
    fer_launch_int(launch, params->nesterov);
    return end(em, launch, update);
}

const struct fer_optimizer fer_sgd = { .size = sizeof(struct fer_optimizer),
                                       .name = "sgd",
                                       .help = "stochastic gradient descent with momentum",
                                       .params = sgd_params,
                                       .params_size = sizeof(struct sgd),
                                       .states = sgd_states,
                                       .rate = sgd_rate,
                                       .splits = sgd_splits,
                                       .emit = sgd_emit };

/* ---- adam, adamw ---- */

struct adam {
    double lr, beta1, beta2, eps, decay;
    int decay_on;
};
#define ADAM_PARAMS(decay_default, decay_help)                                                                         \
    {                                                                                                                  \
        FER_PARAM_FLOAT(struct adam, lr, "1e-3", 0, 1e6, "learning rate"),                                             \
            FER_PARAM_FLOAT(struct adam, beta1, "0.9", 0, 0.999999, "memory of the mean gradient"),                    \
            FER_PARAM_FLOAT(struct adam, beta2, "0.999", 0, 0.999999, "memory of the mean squared gradient"),          \
            FER_PARAM_FLOAT(struct adam, eps, "1e-8", 0, 1, "added to the root of the mean square"),                   \
            FER_PARAM_FLOAT(struct adam, decay, decay_default, 0, 1e6, decay_help),                                    \
            FER_PARAM_ENUM(struct adam, decay_on, "all", fer_decay_on, "all, or weights: not biases and scales"), NULL \
    }
static const struct fer_param *const adam_params[] = ADAM_PARAMS("0", "weight decay, added to the gradient");
static const struct fer_param *const adamw_params[] = ADAM_PARAMS("1e-2", "weight decay, times the learning rate");
static const char *const adam_states[] = { "exp_avg", "exp_avg_sq", NULL };

static double adam_rate(const void *params)
{
    return ((const struct adam *)params)->lr;
}

static bool adam_splits(const void *params)
{
    return ((const struct adam *)params)->decay_on == FER_DECAY_WEIGHTS;
}

static void memory(struct fer_launch *launch, double beta)
{
    fer_launch_float(launch, beta);
    fer_launch_float(launch, 1 - beta);
    fer_launch_float(launch, beta > 0 ? log(beta) : 0);
}

static enum fer_status emit(struct fer_emit *em, const struct fer_update *update, const char *option)
{
    const struct adam *params = update->params;
    struct fer_launch *launch = begin(em, update, "adam", option);
    fer_launch_inout(launch, "mean", update->state[0]);
    fer_launch_inout(launch, "square", update->state[1]);
    fer_launch_in(launch, "control", update->control);
    fer_launch_float(launch, update->decays ? params->decay : 0);
    memory(launch, params->beta1);
    memory(launch, params->beta2);
    fer_launch_float(launch, params->eps);
    return end(em, launch, update);
}

static enum fer_status adam_emit(struct fer_emit *em, const struct fer_update *update, struct fer_error *err)
{
    (void)err;
    return emit(em, update, "");
}

static enum fer_status adamw_emit(struct fer_emit *em, const struct fer_update *update, struct fer_error *err)
{
    (void)err;
    return emit(em, update, " -DDECOUPLED");
}

const struct fer_optimizer fer_adam = { .size = sizeof(struct fer_optimizer),
                                        .name = "adam",
                                        .help = "adaptive moments (Kingma and Ba, 2015)",
                                        .params = adam_params,
                                        .params_size = sizeof(struct adam),
                                        .states = adam_states,
                                        .rate = adam_rate,
                                        .splits = adam_splits,
                                        .emit = adam_emit };

const struct fer_optimizer fer_adamw = { .size = sizeof(struct fer_optimizer),
                                         .name = "adamw",
                                         .help = "adam with decoupled weight decay (Loshchilov and Hutter, 2019)",
                                         .params = adamw_params,
                                         .params_size = sizeof(struct adam),
                                         .states = adam_states,
                                         .rate = adam_rate,
                                         .splits = adam_splits,
                                         .emit = adamw_emit };
