/* SPDX-License-Identifier: Apache-2.0
 *
 * A description after its names are resolved: nets and their weights, data pipelines, stages, tests, predict.
 * Host only: no device is touched.  One thread at a time.
 */
#ifndef FER_GRAPH_DESCRIPTION_H
#define FER_GRAPH_DESCRIPTION_H

#include <fer/data.h>
#include <fer/plugin.h>

#include "lang/ast.h"
#include "lang/source.h"

struct fer_arena;
struct fer_registry;
struct fer_pipeline_spec;
struct fer_pipeline_info;
struct fer_graph;
struct fer_description;

/* One row of a checkpoint. */
struct fer_weight {
    const char *path; /* "trunk.layer1.0.conv1.weight": net name, labels, weight name */
    struct fer_shape shape;
    struct fer_init init;
    bool trained; /* false: running statistics */
    struct fer_net *net;
    size_t offset;        /* elements from the start of the net's values (trained) or statistics (not) */
    int index;            /* in the net */
    struct fer_span span; /* the operation that declared it first */
};

struct fer_net {
    const char *name;
    int index; /* in the description */
    /* in order of first declaration; trained ones are contiguous in `values` in this order */
    struct fer_weight **weights;
    int nweights, weight_capacity;
    size_t values, statistics; /* elements, every weight starting at a multiple of 64 */
    struct fer_span span;
    bool used;                 /* by a flow, or as a parameter */
    struct fer_net_body *body; /* private to graph/ */
};

/* keyword settings and --set, --data of the command line */
struct fer_setting {
    const char *name, *value;
};
struct fer_description_options {
    const struct fer_setting *sets; /* override `let`; the value is parsed as the language's value */
    int nsets;
    const struct fer_setting *data; /* override a data set's path */
    int ndata;
    uint64_t seed;
    int threads; /* of data pipelines; 0: default */
    /* A description out of a checkpoint: evaluate only use, let, labels, net, block, predict (and, with tests, test and
     * its data).  Absent data is a warning when check, an error in train. */
    bool only_predict, with_tests;
    bool check;   /* absent data and weights are warnings */
    int keep_row; /* tests keep named values of at most so many elements a sample for the host; 0: none */
};

enum fer_unit { FER_UNIT_EPOCH, FER_UNIT_STEP };

/* A bound schedule: factor(params, point).  */
struct fer_bound_schedule {
    const struct fer_schedule *schedule;
    const void *params;
    enum fer_unit unit;
};

/* update path, … with optimizer | schedules */
struct fer_update_spec {
    const struct fer_optimizer *optimizer;
    const void *params;
    struct fer_bound_schedule *schedules;
    int nschedules;
    double lr_scale, clip;       /* clip 0: none; the bound on the global gradient norm of this update */
    int from;                    /* first epoch (from=5: epochs 5 and later), 0: always */
    struct fer_weight **weights; /* trained weights that this moves, in net and offset order */
    int nweights;
    struct fer_span span;
};

struct fer_loss_spec { /* a term of minimize, or a loss that is only logged */
    const char *name;
    double weight; /* in minimize; 0: only logged */
    struct fer_value *value;
};

#define FER_STEP_UPDATES 64 /* of a step, at most */

struct fer_step_spec {
    const char *name; /* "" for a stage's own minimize */
    int times;
    bool fresh;
    struct fer_loss_spec *losses;
    int nlosses;
    struct fer_update_spec *updates;
    int nupdates;
    struct fer_span span;
};

struct fer_data_spec {
    const char *name;
    struct fer_pipeline_spec *pipeline;   /* host part: batch is the micro-batch, shuffle and drop_last are off (the
                                             trainer   sets them); NULL when the data is absent (check) */
    const struct fer_pipeline_info *info; /* what the host part yields; NULL when the data is absent */
    int batch, micro;                     /* micro == batch unless micro= is given */
    struct fer_span span;
    struct fer_data_body *body; /* private: device part */
};

struct fer_load_spec {
    const char *path, *file, *prefix;
    bool strict;
    struct fer_span span;
};
struct fer_save_spec {
    const char *path, *file;
    struct fer_span span;
};

struct fer_stage_spec {
    const char *name;
    int *data; /* indexes of data sets; [0] counts the epochs */
    int ndata;
    enum fer_unit unit; /* until */
    long until;
    const char *best;  /* "valid.accuracy", NULL: none */
    bool best_is_loss; /* smaller is better: the metric is a loss, or its last component starts with "loss" */
    int patience;      /* 0: none */
    int *tests;        /* indexes of tests run every epoch */
    int ntests;
    struct fer_step_spec *steps;
    int nsteps;
    struct fer_load_spec *loads;
    int nloads;
    struct fer_save_spec *saves;
    int nsaves;
    struct fer_span span;
    struct fer_graph *graph; /* NULL when the data is absent */
};

struct fer_metric_spec {
    const char *name; /* the flow's output name */
    const struct fer_metric *metric;
    struct fer_op *op;
};
/* A value that the host reads after each batch. */
struct fer_named_value {
    const char *name;
    struct fer_value *value;
};
struct fer_test_spec {
    const char *name;
    int data;
    struct fer_metric_spec *metrics;
    int nmetrics;
    struct fer_named_value *named; /* with keep_row: data fields and flows that have a name, one row a sample */
    int nnamed;
    /* with keep_row: f32 [N,K] and i32 [N] of the first metric that has such; or NULL */
    struct fer_value *scores, *truth;
    struct fer_span span;
    struct fer_graph *graph;
};

struct fer_port_spec {
    const char *name;
    struct fer_shape shape;
}; /* shape with a batch axis; rank 0: not given */
struct fer_predict_spec {
    const char *name;
    struct fer_port_spec *inputs, *outputs;
    bool tracking; /* running statistics move (fer run --mode train) */
    int ninputs, noutputs;
    /* Backward: the gradient of outputs[seed] with respect to these values of the graph; nof 0: of all outputs, with
     * respect to inputs and weights. */
    struct fer_value **of;
    int nof, seed;
    struct fer_span span;
    struct fer_graph *graph;
};

struct fer_description {
    struct fer_arena *arena;
    struct fer_sources *sources;
    const struct fer_registry *registry;
    const struct fer_ast_file *file;
    const struct fer_source *source;
    struct fer_diags diags; /* warnings too */
    struct fer_description_options options;
    const char **labels;
    int nlabels;
    struct fer_net **nets;
    int nnets;
    struct fer_data_spec *data;
    int ndata;
    struct fer_load_spec *loads;
    int nloads;
    struct fer_stage_spec *stages;
    int nstages;
    struct fer_predict_spec *predicts;
    int npredicts;
    struct fer_test_spec *tests;
    int ntests;
    struct fer_graph **calls;
    int ncalls, calls_capacity;    /* of fer_description_call */
    struct fer_resolver *resolver; /* private */
};

/* Where the block with this name is among its kind; NULL: the first.  FER_ENOTFOUND, with a sentence that begins with
 * `path`. */
enum fer_block_kind { FER_BLOCK_PREDICT, FER_BLOCK_STAGE, FER_BLOCK_TEST };
enum fer_status fer_description_block(const struct fer_description *description, const char *path,
                                      enum fer_block_kind kind, const char *name, int *at, struct fer_error *err);

/* Parse and resolve.  On failure *out still holds the diagnostics when it is not NULL (free it all the same); the error
 * is the first of them.  `registry` must outlive it. */
enum fer_status fer_description_read(const struct fer_registry *registry, const char *path,
                                     const struct fer_description_options *options, struct fer_description **out,
                                     struct fer_error *err);
enum fer_status fer_description_parse(const struct fer_registry *registry, const char *name, const char *dir,
                                      const char *text, const struct fer_description_options *options,
                                      struct fer_description **out, struct fer_error *err);
void fer_description_free(struct fer_description *description);
int fer_data_index(const struct fer_description *description, const char *name); /* -1: there is none */
/* The path that --data gives a data set; NULL: none. */
const char *fer_data_override(const struct fer_description *description, const char *name);
struct fer_net *fer_description_net(const struct fer_description *description, const char *name);
/* The text with includes spliced and lets settled as used: what a checkpoint carries.  malloc'ed. */
enum fer_status fer_description_text(const struct fer_description *description, char **out, struct fer_error *err);

/* One net alone, for `fer run`, `fer grad` and `fer bench`: inputs of the given shapes (batch axis first), the net's
 * outputs kept.  The port specs name them.  All of it belongs to the description. */
enum fer_status fer_description_call(struct fer_description *description, const char *net,
                                     const struct fer_shape *inputs, int ninputs, bool training,
                                     struct fer_predict_spec *out, struct fer_error *err);

#endif
