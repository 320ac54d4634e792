/* SPDX-License-Identifier: Apache-2.0
 *
 * The entries of this plugin.
 */
#ifndef FER_OPTIM_H
#define FER_OPTIM_H

#include "../emit.h"

extern const struct fer_optimizer fer_sgd, fer_adam, fer_adamw;
extern const struct fer_schedule fer_step, fer_multistep, fer_cosine, fer_exponential, fer_warmup, fer_plateau;

/* decay_on: which weights decay. */
enum { FER_DECAY_ALL, FER_DECAY_WEIGHTS };
extern const char *const fer_decay_on[];

#endif
