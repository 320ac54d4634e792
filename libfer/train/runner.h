/* SPDX-License-Identifier: Apache-2.0
 *
 * Nets that a detector runs: fer_net_run of fer/plugin.h.
 */
#ifndef FER_TRAIN_RUNNER_H
#define FER_TRAIN_RUNNER_H

#include <fer/plugin.h>

#include "train/context.h"

/* Errors: those of fer_safetensors_open; more of the file is read when a net is run.  `text`, called `name` in errors,
 * and the file `weights` are the caller's and outlive it. */
enum fer_status fer_net_runner_create(struct fer_context *context, const char *name, const char *text,
                                      const char *weights, struct fer_net_runner **out, struct fer_error *err);
void fer_net_runner_free(struct fer_net_runner *runner); /* NULL is fine */

#endif
