/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint is a safetensors file: weights under their paths, then "optimizer.STAGE.STEP.K.STATE.PATH" rows, and in
 * the metadata what it takes to use or to continue it.  It holds no time and no path, so that equal runs give equal
 * files.
 *
 *   fer           "1", the format of what follows
 *   version       of the library
 *   description   the expanded text
 *   labels        JSON list of class names
 *   seed          decimal
 *   state         struct fer_train_state as JSON; absent from files that only hold weights
 */
#ifndef FER_TRAIN_CHECKPOINT_H
#define FER_TRAIN_CHECKPOINT_H

#include "compile/compile.h"
#include "train/safetensors.h"

struct fer_checkpoint {
    struct fer_safetensors *file;
    const char *path;                /* the caller's */
    const char *description, *state; /* state NULL: weights only */
    uint64_t seed;
};

/* FER_EFORMAT: a safetensors file that is no checkpoint of ours. */
enum fer_status fer_checkpoint_open(const char *path, struct fer_checkpoint *out, struct fer_error *err);
void fer_checkpoint_close(struct fer_checkpoint *checkpoint); /* zeroed is fine */
/* Every weight of the store; missing or misshapen ones are an error. */
enum fer_status fer_checkpoint_weights(const struct fer_checkpoint *checkpoint, struct fer_store *store,
                                       struct fer_error *err);
/* The state of one update, as it was saved under this name. */
enum fer_status fer_checkpoint_update(const struct fer_checkpoint *checkpoint, const char *name,
                                      struct fer_update_state *update, struct fer_error *err);

/* One update's state on its way to a file. */
struct fer_named_update {
    const char *name; /* "STAGE.STEP.K" */
    struct fer_update_state *update;
};
struct fer_checkpoint_parts {
    struct fer_store *store;
    const char *description, *state; /* state NULL: weights only */
    uint64_t seed;
    const struct fer_named_update *updates;
    int nupdates;
};
/* Write it whole or not at all.  A weight that is not finite is FER_ENUMERIC, and the old file stays. */
enum fer_status fer_checkpoint_write(const char *path, const struct fer_checkpoint_parts *parts, struct fer_error *err);

/* XXH64 of all weights (paths, shapes, values), in hex: 17 bytes. */
enum fer_status fer_weights_hash(const struct fer_store *store, char text[17], struct fer_error *err);

#endif
