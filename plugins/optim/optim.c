/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of the plugin `optim`.
 */
#include "optim.h"

static const struct fer_optimizer *const optimizers[] = { &fer_sgd, &fer_adam, &fer_adamw, NULL };
static const struct fer_schedule *const schedules[] = { &fer_step,   &fer_multistep, &fer_cosine, &fer_exponential,
                                                        &fer_warmup, &fer_plateau,   NULL };

FER_PLUGIN(optim){ FER_PLUGIN_HEAD(optim),   .version = "1.0.0",
                   .license = "Apache-2.0",  .help = "optimizers and learning rate schedules, with PyTorch's meaning",
                   .optimizers = optimizers, .schedules = schedules };
