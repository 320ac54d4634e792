/* SPDX-License-Identifier: Apache-2.0
 *
 * A stage while it is built, shared by stage.c, step.c and step-loss.c.
 */
#ifndef FER_GRAPH_STEP_H
#define FER_GRAPH_STEP_H

#include "graph/resolve.h"

#define FER_STAGE_LOSSES 64

struct fer_stage_loss {
    const char *name;
    struct fer_value *value;
    struct fer_span span;
    int region;
    bool minimised;
};
struct fer_stage_build {
    struct fer_resolver *r;
    struct fer_env env;
    struct fer_stage_spec *out;
    struct fer_stage_loss losses[FER_STAGE_LOSSES];
    int nlosses;
    const struct fer_ast_stmt *updates[FER_STEP_UPDATES]; /* of the step being built */
};

/* Room for the updates of a body. */
enum fer_status fer_step_start(struct fer_stage_build *b, const struct fer_ast_stmt *body, int nbody,
                               struct fer_step_spec *step);
/* `loss NAME = …` and `minimize …`. */
enum fer_status fer_step_loss(struct fer_stage_build *b, struct fer_env *env, const struct fer_ast_stmt *stmt);
enum fer_status fer_step_minimize(struct fer_stage_build *b, struct fer_env *env, const struct fer_ast_stmt *stmt,
                                  struct fer_step_spec *step);
/* Losses that nobody minimises here are logged all the same. */
void fer_step_log_others(const struct fer_stage_build *b, struct fer_step_spec *step, int region);
enum fer_status fer_step_update(struct fer_stage_build *b, const struct fer_ast_stmt *stmt, struct fer_step_spec *step);
/* Once all flows are known, so are the weights. */
enum fer_status fer_step_finish(struct fer_stage_build *b, struct fer_step_spec *step, int region,
                                struct fer_span span);
/* A whole step statement. */
enum fer_status fer_step_create(struct fer_stage_build *b, const struct fer_ast_stmt *stmt, int index);

/* `keeping` of a stage. */
enum fer_status fer_stage_keeping(struct fer_stage_build *b, const struct fer_ast_item *item);

#endif
