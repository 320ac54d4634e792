/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a program: what stands behind struct fer_emit.
 */
#ifndef FER_GRAPH_EMIT_H
#define FER_GRAPH_EMIT_H

#include "graph/compile.h"
#include "graph/graph.h"
#include "run/program.h"
#include "run/tuning.h"

struct fer_prepared {
    struct fer_tensor *source, *tensor;
    const char *key;
    const struct fer_segment *segment; /* whose launches fill it, where they use it; NULL: prepare's */
};

/* Weights with an affine folded in. */
struct fer_folded {
    const struct fer_weight *weight;
    const char *affine; /* the affine's path */
    struct fer_tensor *out, *bias;
};

/* One compilation. */
struct fer_compiler {
    struct fer_program *program;
    struct fer_graph *graph;
    struct fer_store *store; /* where weights live */
    enum fer_profile profile;
    int capacity;
    int ranks; /* see fer_emit_ranks */
    struct fer_segment *prepare;
    struct fer_random_state *random; /* by fer_op.data */
    struct fer_tensor ***weights;    /* [net][weight]: made when first asked for */
    struct fer_prepared *prepared;
    int nprepared, prepared_capacity;
    struct fer_tensor **rows; /* [branch - 1]: its rows of the parent */
    struct fer_folded *folded;
    int nfolded, folded_capacity;
    const struct fer_compile_options *options; /* NULL: none */
    bool trains;                               /* weights change in every step */
    const struct fer_stage_spec *moving; /* what its updates move is prepared where it is used, in the arena; or NULL */
    struct fer_solution solution;        /* the last answer of fer_emit_solve */
    struct fer_device_facts facts;       /* for fer_emit_device */
};

/* An f32 copy of a tensor of less precision, for kernels that know f32 alone; lives as long as the callback. */
struct fer_wide {
    struct fer_tensor *narrow, *wide;
    bool written; /* what the copy holds is newer */
};

struct fer_emit {
    struct fer_compiler *c;
    struct fer_op *op;
    struct fer_segment *segment;
    const char *pass;  /* "data", "forward", "backward", "update", "core" */
    const char *owner; /* named in launches without an operation: the optimizer; NULL: "core" */
    struct fer_tensor *grad_out[FER_OP_PORTS], *grad_in[FER_OP_PORTS], *grad_weight[FER_OP_WEIGHTS];
    struct fer_epilogue epilogue;
    struct fer_tensor *folded; /* stands for weight 0; or NULL */
    bool tracking, has_backward;
    const struct fer_solved *solved; /* what launches are a part of now; or NULL */
    bool solving;                    /* another plugin's solver is emitting them */
    bool prepares_here;              /* the launches that fill the last prepared tensor stay in the segment … */
    int prepares_at; /* … in front of this callback's others, as one may have been begun that reads it */
    struct fer_wide *wide;
    int nwide, wide_capacity;
    bool recasting;         /* copies are being made or written back */
    enum fer_status status; /* the first failure */
    struct fer_error *err;
};

enum fer_status fer_compiler_create(struct fer_graph *graph, struct fer_store *store, int capacity,
                                    struct fer_compiler *out, struct fer_error *err);
struct fer_segment *fer_compiler_segment(struct fer_compiler *c, const char *name);
struct fer_tensor *fer_compiler_tensor(struct fer_compiler *c, const struct fer_shape *shape, enum fer_layout layout,
                                       enum fer_storage storage, const char *name);
/* A flat f32 run of a persistent buffer. */
struct fer_tensor *fer_compiler_run(struct fer_compiler *c, struct fer_buffer *buffer, size_t offset, size_t count,
                                    const char *name);
struct fer_tensor *fer_compiler_weight(struct fer_compiler *c, const struct fer_weight *weight);
/* Whether an update of the stage moves the weight. */
bool fer_stage_moves(const struct fer_stage_spec *spec, const struct fer_weight *weight);
/* The tensor of a value; made when first asked for. */
struct fer_tensor *fer_compiler_value(struct fer_compiler *c, struct fer_value *value);
/* A shape of the graph with its batch axis at this compilation's capacity for the branch. */
struct fer_shape fer_compiler_shape(const struct fer_compiler *c, const struct fer_shape *shape, int branch);

/* Set em->op, and its epilogue but for gradients. */
enum fer_status fer_compiler_emit_op(struct fer_emit *em, struct fer_op *op);
/* An emitter for the core's own launches. */
struct fer_emit fer_compiler_emit(struct fer_compiler *c, struct fer_segment *segment, const char *pass,
                                  struct fer_error *err);
/* Forward of one operation into a segment. */
enum fer_status fer_emit_forward(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment, bool tracking,
                                 bool has_backward, struct fer_error *err);

/* Remember the first failure of a callback. */
enum fer_status fer_emit_fail(struct fer_emit *em, enum fer_status status, const char *format, ...) FER_PRINTF(3, 4);

/* ---- widen.c: feature maps of less precision ---- */
/* The precision of every value of a lowered graph: feature maps that only the device sees get `precision`. */
enum fer_status fer_precision_choose(struct fer_graph *graph, enum fer_precision precision, struct fer_error *err);
/* What stands for an argument of em's newest launch, whose kernel knows f32 alone, or (any) all precisions.  NULL: out
 * of memory. */
struct fer_tensor *fer_wide_argument(struct fer_launch *launch, struct fer_tensor *tensor, unsigned access, bool any);
/* The callback has returned: what was written wide comes where it belongs. */
void fer_wide_finish(struct fer_emit *em);

/* ---- solve.c: problems and solutions ---- */
/* Whether a solver says that it launches kernels of this text. */
bool fer_solver_has(const struct fer_solver *solver, const char *source);

/* ---- branch.c: segments where samples part ---- */
/* Branches of the graph to branches of the program, which has its capacity. */
enum fer_status fer_branches_create(struct fer_compiler *c, struct fer_error *err);
/* Where the next operation of a branch goes: the last of the segments that follow `segment`, or a new one behind it
 * when that is another branch's or ends in a decision.  NULL: out of memory. */
struct fer_segment *fer_branch_segment(struct fer_compiler *c, struct fer_segment *segment, int branch);
/* A new segment behind `last`, which belongs to the segments that follow `first`; `why` is for people. */
struct fer_segment *fer_branch_follow(struct fer_compiler *c, const struct fer_segment *first, struct fer_segment *last,
                                      int branch, const char *why);
/* Forward of one operation into `segment` or what follows it. */
enum fer_status fer_branch_forward(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment,
                                   bool tracking, bool has_backward, struct fer_error *err);

/* ---- the core's kernels (core.c, kernels_cl/core.cl) ---- */
void fer_core_add(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out);
void fer_core_copy(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out, double factor, bool accumulate);
/* The same in another precision. */
void fer_core_recast(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out);
void fer_core_fill(struct fer_emit *em, struct fer_tensor *out, double value);
void fer_core_collect(struct fer_emit *em, struct fer_tensor *scalar, struct fer_tensor *out, int index);
/* norm = sqrt(sum of squares over the runs); control_out = control with its factor times min(1, clip / norm). */
void fer_core_clip(struct fer_emit *em, struct fer_tensor *const *runs, int nruns, double clip,
                   struct fer_tensor *control, struct fer_tensor *norm, struct fer_tensor *control_out);

/* scale.c: seed = weight times the scale to come; state after these gradients; control for one update, whose skips are
 * counted in state[index]. */
void fer_core_scale_seed(struct fer_emit *em, struct fer_tensor *state, double weight, struct fer_tensor *seed);
void fer_core_rescale(struct fer_emit *em, struct fer_tensor *const *runs, int nruns, double steady,
                      struct fer_tensor *state);
void fer_core_unscale(struct fer_emit *em, struct fer_tensor *control, int index, struct fer_tensor *state,
                      struct fer_tensor *control_out);

/* factor[k] * weight[k][…], and factor[k] * bias[k] + shift[k] (bias NULL: zero). */
void fer_core_fold(struct fer_emit *em, struct fer_tensor *weight, struct fer_tensor *bias, struct fer_tensor *scale,
                   struct fer_tensor *shift, struct fer_tensor *out, struct fer_tensor *out_bias);

/* ---- passes over the graph ---- */
/* All of them but those in `without` (enum fer_pass). */
enum fer_status fer_lower(struct fer_graph *graph, enum fer_profile profile, unsigned without, struct fer_error *err);
/* Operations take over what stands behind them (fuse.c). */
void fer_fuse(struct fer_graph *graph, unsigned without);
/* The weights and bias of op with op->affine folded in (fold.c). */
enum fer_status fer_fold(struct fer_compiler *c, const struct fer_op *op, struct fer_tensor **weight,
                         struct fer_tensor **bias, struct fer_error *err);

/* ---- autodiff.c ---- */
struct fer_autodiff {
    struct fer_compiler *c;
    struct fer_segment *segment;
    int region; /* the step's; operations of this region and the shared one take part */
    bool (*wants)(const struct fer_autodiff *ad, const struct fer_weight *weight);
    struct fer_tensor *(*target)(const struct fer_autodiff *ad,
                                 const struct fer_weight *weight); /* where its gradient goes */
    const void *user;
    bool inputs;                 /* gradients of the graph's f32 inputs too */
    struct fer_value *const *of; /* and of these values */
    int nof;
};
/* Which operations of the graph need a backward pass for this step. */
void fer_autodiff_mark(const struct fer_autodiff *ad);
/* Seeds are value->grad, set by the caller after fer_autodiff_mark (which clears them). */
enum fer_status fer_autodiff_emit(const struct fer_autodiff *ad, struct fer_error *err);

/* ---- weights to flat runs ---- */
struct fer_run {
    const struct fer_net *net;
    size_t offset, count; /* elements of the net's values */
    bool matrix;          /* weights of rank >= 2 */
};
/* Contiguous runs of a list of weights in net and offset order; split where the rank class changes if asked to. */
enum fer_status fer_runs_of(struct fer_arena *arena, struct fer_weight *const *weights, int nweights, bool by_rank,
                            struct fer_run **runs, int *nruns, struct fer_error *err);

#endif
