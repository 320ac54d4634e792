/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a program: its segments and tensors, and what stands behind struct fer_emit.
 */
#ifndef FER_COMPILE_COMPILER_H
#define FER_COMPILE_COMPILER_H

#include "compile/compile.h"
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

/* FER_ENOMEM, in everybody's words. */
enum fer_status fer_compile_memory(struct fer_error *err);
/* The status, whose sentence about a layer's emission gets the place in the description. */
enum fer_status fer_compile_at(const struct fer_op *op, enum fer_status status, struct fer_error *err);
enum fer_status fer_compiler_create(struct fer_graph *graph, struct fer_store *store, int capacity,
                                    struct fer_compiler *out, struct fer_error *err);
struct fer_segment *fer_compiler_segment(struct fer_compiler *c, const char *name);
/* A new segment behind `last`, which belongs to the segments that follow `first`; `why` is for people. */
struct fer_segment *fer_compiler_follow(struct fer_compiler *c, const struct fer_segment *first,
                                        struct fer_segment *last, int branch, const char *why);
struct fer_tensor *fer_compiler_tensor(struct fer_compiler *c, const struct fer_shape *shape, enum fer_layout layout,
                                       enum fer_storage storage, const char *name);
/* A flat f32 run of a persistent buffer. */
struct fer_tensor *fer_compiler_run(struct fer_compiler *c, struct fer_buffer *buffer, size_t offset, size_t count,
                                    const char *name);
struct fer_tensor *fer_compiler_weight(struct fer_compiler *c, const struct fer_weight *weight);
/* Whether an update of the step, or of the stage, moves the weight. */
bool fer_step_moves(const struct fer_step_spec *step, const struct fer_weight *weight);
bool fer_stage_moves(const struct fer_stage_spec *spec, const struct fer_weight *weight);
/* Whether a pass is left out. */
bool fer_compiler_without(const struct fer_compiler *c, enum fer_pass pass);
/* Whether output 0 is a view of input 0.  Without that pass it is a copy, but for whole numbers, of which the core has
 * none. */
bool fer_compiler_views(const struct fer_compiler *c, const struct fer_op *op);
/* The tensor of a value; made when first asked for. */
struct fer_tensor *fer_compiler_value(struct fer_compiler *c, struct fer_value *value);
/* A shape of the graph with its batch axis at this compilation's capacity for the branch. */
struct fer_shape fer_compiler_shape(const struct fer_compiler *c, const struct fer_shape *shape, int branch);

/* An emitter for the core's own launches. */
struct fer_emit fer_compiler_emit(struct fer_compiler *c, struct fer_segment *segment, const char *pass,
                                  struct fer_error *err);

/* ---- weights to flat runs ---- */
struct fer_run {
    const struct fer_net *net;
    size_t offset, count; /* elements of the net's values */
    bool matrix;          /* weights of rank >= 2 */
};
/* Contiguous runs of a list of weights in net and offset order; split where the rank class changes if asked to.
 * apart: one for each weight. */
enum fer_status fer_runs_of(struct fer_arena *arena, struct fer_weight *const *weights, int nweights, bool by_rank,
                            bool apart, struct fer_run **runs, int *nruns, struct fer_error *err);

#endif
