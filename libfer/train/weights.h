/* SPDX-License-Identifier: Apache-2.0
 *
 * `load` and `save` of a description: the weights under a path, to and from any safetensors file.
 */
#ifndef FER_TRAIN_WEIGHTS_H
#define FER_TRAIN_WEIGHTS_H

#include "compile/compile.h"
#include "train/context.h"

/* Rows are named relative to the path, behind `prefix`.  Surplus rows are noted.  Missing and misshapen ones are
 * FER_EFORMAT and all listed; without strict they are noted and their weights stay as they are. */
enum fer_status fer_weights_load(struct fer_context *context, const struct fer_load_spec *load, struct fer_store *store,
                                 struct fer_error *err);
/* The same as far as names and shapes go: nothing is read.  A net without weights, because its data is absent, takes
 * any file. */
enum fer_status fer_weights_check(struct fer_context *context, const struct fer_load_spec *load,
                                  const struct fer_description *description, struct fer_error *err);
/* The weights under save->path, named relative to it, into save->file inside the directory `run`. */
enum fer_status fer_weights_save(const struct fer_save_spec *save, const char *run, const struct fer_store *store,
                                 struct fer_error *err);

#endif
