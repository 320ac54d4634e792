/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "weights.h"

const char *const weights_init_choices[] = {
    "kaiming_uniform", "kaiming_normal_fan_out", "kaiming_normal_fan_in", "xavier_uniform", "normal", "zero", NULL
};

static struct fer_init uniform(double bound)
{
    return (struct fer_init){ FER_INIT_UNIFORM, -bound, bound };
}

static struct fer_init normal(double std)
{
    return (struct fer_init){ FER_INIT_NORMAL, 0, std };
}

struct fer_init weights_init(int kind, struct weights_fan fan, double std)
{
    switch ((enum weights_init_kind)kind) {
    case WEIGHTS_KAIMING_UNIFORM: /* sqrt(6 / ((1 + a^2) fan in)) with a = sqrt(5) */ return uniform(1 / sqrt(fan.in));
    case WEIGHTS_KAIMING_NORMAL_FAN_OUT: return normal(sqrt(2 / fan.out));
    case WEIGHTS_KAIMING_NORMAL_FAN_IN: return normal(sqrt(2 / fan.in));
    case WEIGHTS_XAVIER_UNIFORM: return uniform(sqrt(6 / (fan.in + fan.out)));
    case WEIGHTS_NORMAL: return normal(std);
    case WEIGHTS_ZERO: break;
    }
    return (struct fer_init){ FER_INIT_CONSTANT, 0, 0 };
}

struct fer_init weights_init_bias(int kind, struct weights_fan fan)
{
    if (kind == WEIGHTS_KAIMING_UNIFORM)
        return uniform(1 / sqrt(fan.in));
    return (struct fer_init){ FER_INIT_CONSTANT, 0, 0 };
}
