/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph of one stage, test or predict: operations in program order and the values between them.  Shapes are known
 * as soon as an operation is added.  Everything lives in the graph's arena.
 */
#ifndef FER_GRAPH_GRAPH_H
#define FER_GRAPH_GRAPH_H

#include <fer/plugin.h>

#include "arena.h"
#include "graph/description.h"
#include "run/precision.h"

#define FER_OP_PORTS 16 /* inputs and outputs of an operation, at most */
#define FER_OP_WEIGHTS 16
#define FER_OP_SAVED 8
#define FER_OP_FUSED 3 /* an affine, an addition, an activation */

/* Where in a stage an operation stands; segments are compiled from regions. */
enum { FER_REGION_DATA = 0, FER_REGION_SHARED = 1, FER_REGION_STEP = 2 };

struct fer_value {
    struct fer_shape shape;
    enum fer_layout layout;
    enum fer_precision precision; /* as which it lies in memory; set for each compilation (widen.c) */
    const char *name;             /* for people */
    struct fer_op *producer;      /* NULL: an input of the graph */
    int output;                   /* which output of the producer */
    int region;
    int branch;  /* whose samples its batch axis counts: 0 the batch, else graph->branches[branch - 1] */
    int data;    /* whose samples its rows are: position among the stage's data sets; 0 for ports */
    int classes; /* integers of an input of the graph lie below, 0: wherever they like … */
    const struct fer_op *classifier; /* … says this operation */
    int uses;
    bool keep;                   /* read by the host */
    struct fer_value *converted; /* the same in the other layout, once somebody asked for it */
    struct fer_tensor *tensor;
    /* autodiff, for the step being differentiated */
    bool needs_grad, reached;
    struct fer_tensor *grad; /* the sum so far; NULL: nothing yet */
};

struct fer_op {
    const struct fer_layer *layer;
    const void *params;
    struct fer_graph *graph;
    struct fer_value *in[FER_OP_PORTS], *out[FER_OP_PORTS];
    const char *field[FER_OP_PORTS]; /* in a data pipeline */
    int nin, nout;
    struct fer_weight *weights[FER_OP_WEIGHTS];
    int nweights;
    struct fer_shape saved[FER_OP_SAVED];
    struct fer_tensor *saved_tensor[FER_OP_SAVED];
    int nsaved;
    struct fer_net *net;             /* NULL outside nets */
    const char *path;                /* "trunk.layer1.0.conv1"; where its weights live */
    struct fer_span span;            /* the call's name */
    const struct fer_ast_call *call; /* NULL for the core's own */
    bool training;
    bool live; /* survives dead-code elimination */
    int region;
    int branch;                  /* whose samples it runs for */
    const struct fer_fork *fork; /* its decision and its join; NULL: neither */
    double macs;                 /* multiply-adds for a sample */
    uint32_t stream;             /* of random numbers: hash of path or order */
    int data;                    /* whose samples they are drawn for: that of its first input */
    /* What the fusion passes put behind it (fuse.c). */
    struct fer_op *fused[FER_OP_FUSED]; /* the operations, in order */
    int nfused;
    struct fer_op *affine; /* folded into its weights */
    int addend;            /* the input that is added: the last; 0: none */
    enum fer_activation activation;
    double slope;
    bool differentiated;           /* some step's gradient flows through it; set before passes run */
    unsigned invocation;           /* which call of its net this belongs to */
    struct fer_error *shape_error; /* while shape() runs */
    enum fer_status shape_status;
    /* metrics: buffers are not rows of a checkpoint */
    bool is_metric;
    struct fer_shape buffer_shape[FER_OP_WEIGHTS];
    struct fer_tensor *buffer_tensor[FER_OP_WEIGHTS];
    size_t buffer_offset[FER_OP_WEIGHTS];
    bool needs_backward; /* for the step being differentiated */
};

/* Where samples part: the decision, a net for each branch (reads what gathers have taken), the join of what they give.
 */
struct fer_fork {
    const struct fer_dispatch *dispatch;
    struct fer_op *decision, *join;
    int first, count; /* branches */
};
struct fer_graph_branch {
    const char *net;
    int parent;
    int rows; /* rows that a sample of the parent has: each is a sample here */
};

/* An input of the graph: one field of one data set, or one port. */
struct fer_graph_input {
    struct fer_value *value;
    int data; /* position among the stage's data sets; -1: a port */
    unsigned field;
};

struct fer_graph {
    struct fer_arena *arena;
    struct fer_description *description;
    struct fer_op **ops;
    int nops, op_capacity;
    struct fer_value **values;
    int nvalues, value_capacity;
    struct fer_graph_input *inputs;
    int ninputs, input_capacity;
    struct fer_graph_branch *branches;
    int nbranches, branch_capacity;
    int capacity; /* batch capacity */
    uint32_t streams;
    bool lowered; /* passes have run: dead operations are gone, layouts chosen */
};

enum fer_status fer_graph_create(struct fer_description *description, int capacity, struct fer_graph **out,
                                 struct fer_error *err);
void fer_graph_free(struct fer_graph *graph);

struct fer_value *fer_graph_value(struct fer_graph *graph, const struct fer_shape *shape, const char *name, int region);
struct fer_value *fer_graph_add_input(struct fer_graph *graph, const struct fer_shape *shape, const char *name,
                                      int data, unsigned field);

/* Ranks and sizes that a tensor can have: 1 to FER_MAX_RANK axes of at least 1, below 4e9 elements. */
bool fer_shape_is_sane(const struct fer_shape *shape);

/* What an operation is added as. */
struct fer_op_spec {
    const struct fer_layer *layer;
    const void *params;
    struct fer_value *const *in;
    const char *const *field; /* NULL, or one name per input */
    int nin;
    struct fer_net *net;
    const char *path;
    struct fer_span span;
    const struct fer_ast_call *call;
    bool training, is_metric;
    int region, branch;
    unsigned invocation;
};
/* Append an operation and find its shapes.  Errors are worded by the layer; err->argument names the parameter. */
enum fer_status fer_graph_add(struct fer_graph *graph, const struct fer_op_spec *spec, struct fer_op **out,
                              struct fer_error *err);
/* Mark what is needed: operations that lead to kept values, losses, metrics; count uses of live operations. */
void fer_graph_prune(struct fer_graph *graph);

/* The core's own layers (compile/core.c). */
extern const struct fer_layer fer_core_ingest;  /* u8 [N,H,W,C] to f32 [N,C,H,W] in [0, 1] */
extern const struct fer_layer fer_core_convert; /* between layouts */
extern const struct fer_layer fer_core_gather;  /* the rows of the operation's branch */
extern const struct fer_metric fer_core_mean;   /* mean over samples of a loss's scalar */

#endif
