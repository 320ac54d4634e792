/* SPDX-License-Identifier: Apache-2.0
 *
 * From resolved graphs to programs on a device, and the weights that they share.
 */
#ifndef FER_COMPILE_COMPILE_H
#define FER_COMPILE_COMPILE_H

#include "graph/description.h"
#include "run/exec.h"
#include "run/tuning.h"

/* All weights of a description on one device. */
struct fer_store {
    struct fer_device *device;
    const struct fer_description *description;
    struct fer_buffer **values, **statistics; /* by net index; NULL for a net without any */
    struct fer_drawing *drawing;              /* a thread that initialises weights; NULL: they are there */
};
/* Every weight zero: for whoever loads them all, or needs none. */
enum fer_status fer_store_allocate(struct fer_device *device, const struct fer_description *description,
                                   struct fer_store **out, struct fer_error *err);
/* Allocate, and initialise every weight from (seed, path) on a thread while the caller does something else, such as
 * building kernels.  fer_store_ready waits for it and has its failure, as do writing a weight and compiling for the
 * store; until then reading is FER_EINVAL.  All weights lie in the host's memory meanwhile. */
enum fer_status fer_store_begin(struct fer_device *device, const struct fer_description *description, uint64_t seed,
                                struct fer_store **out, struct fer_error *err);
enum fer_status fer_store_ready(struct fer_store *store, struct fer_error *err);
/* Both. */
enum fer_status fer_store_create(struct fer_device *device, const struct fer_description *description, uint64_t seed,
                                 struct fer_store **out, struct fer_error *err);
void fer_store_free(struct fer_store *store);
/* Copy one weight from and to host memory (fer_shape_count floats).  After writing, call fer_exec_weights_changed. */
enum fer_status fer_store_read(const struct fer_store *store, const struct fer_weight *weight, float *data,
                               struct fer_error *err);
enum fer_status fer_store_write(struct fer_store *store, const struct fer_weight *weight, const float *data,
                                struct fer_error *err);

/* The compiler's passes, and what they are called. */
enum fer_pass {
    FER_PASS_FOLD = 1 << 0,      /* fold      affines of evaluation into the weights before them */
    FER_PASS_FUSE = 1 << 1,      /* fuse      additions and activations into the operation before them */
    FER_PASS_LAYOUT = 1 << 2,    /* layout    layouts that operations prefer; without it all is plain */
    FER_PASS_IN_PLACE = 1 << 3,  /* inplace  outputs over inputs that nobody reads any more */
    FER_PASS_TUNE = 1 << 4,      /* tune      solvers that were measured to be the fastest (run/tuning.h) */
    FER_PASS_SOLVERS = 1 << 5,   /* solvers   solvers that plugins add to others' problems */
    FER_PASS_VIEWS = 1 << 6,     /* views     other shapes of the same memory; without it they are copies */
    FER_PASS_OPTIMIZER = 1 << 7, /* optimizer  one launch for all weights that lie side by side, not one for each */
    FER_PASS_ARENA = 1 << 8      /* arena     tensors that are never needed at the same time share memory */
};
/* The name of one pass; NULL: there is none of that number. */
const char *fer_pass_name(unsigned pass);
/* "fold,fuse": a set of passes; NULL and "" are none.  FER_EINVAL: a word is no pass. */
enum fer_status fer_passes_parse(const char *text, unsigned *out, struct fer_error *err);

/* A problem whose solution is given. */
struct fer_forced {
    const char *work, *shape;
    struct fer_solution solution;
};

/* A zeroed struct: all passes run, nothing was measured, and memory holds f32. */
struct fer_compile_options {
    unsigned without;             /* enum fer_pass */
    enum fer_precision precision; /* of feature maps, and what products may round */
    bool plan_only;               /* the program is not to be run: nothing is built, and there is no executor */
    bool poison;
    const struct fer_build_watch *watch;
    const struct fer_tuning *tuning;              /* NULL: each problem's first solver is taken */
    const struct fer_forced *forced;              /* or NULL */
    void (*detail)(void *user, const char *text); /* what was ignored or is not there, and why; or NULL */
    void *user;
    int ranks; /* processes that share each batch of a stage; 0: one */
    bool sync; /* statistics over the batch are those of all ranks */
};

/* The line of a problem on a device, without what was measured; texts are those of the arguments. */
struct fer_tuned fer_solved_key(const struct fer_solved *solved, const struct fer_device *device);
/* Of all that were chosen by measurement, with their problems; 0: none was. */
uint64_t fer_solved_digest(const struct fer_program *program);
/* "first", "tuned", "forced" */
const char *fer_chooser_name(enum fer_chooser chooser);
/* How far the result of a candidate may be from that of the plainest, relative in the Euclidean norm. */
double fer_solved_tolerance(const struct fer_solved *solved, int solver);
/* Whether the one that was chosen rounds what it multiplies. */
bool fer_solved_rounds(const struct fer_solved *solved);
/* Values without tuning. */
void fer_solution_default(const struct fer_solver *solver, struct fer_solution *out);
/* "direct chunk=96": the solver and the values that are not its first, and back; false: it is none of the problem's. */
void fer_solution_text(const struct fer_solved *solved, const struct fer_solution *solution, char *text, size_t size);
bool fer_solution_parse(const struct fer_solved *solved, const char *text, struct fer_solution *out);

/* How one of `ranks` processes takes its share of each batch: all rows, rows at once, and in how many parts. */
struct fer_share {
    int rows, micro, parts;
};
/* FER_EINVAL: the batch is not divisible. */
enum fer_status fer_share_find(const struct fer_data_spec *data, int ranks, struct fer_share *out,
                               struct fer_error *err);

/* The device side of one data set: which tensor each field is uploaded to (NULL: not wanted). */
struct fer_data_inputs {
    struct fer_tensor *image; /* u8 [N,H,W,C]; image2 and mask likewise */
    struct fer_tensor *image2, *mask;
    struct fer_tensor *label, *label2, *subject;                       /* i32 [N] */
    struct fer_tensor *landmarks, *box, *covered, *soft, *code, *same; /* f32 */
    struct fer_tensor *id;                                             /* u32 [N] */
    struct fer_random_state random;    /* epoch and ids of the samples, for what is drawn for them */
    const struct fer_value *labels[2]; /* the values of label and label2, which may have a number of classes */
    const char *data;                  /* the data set's name */
    unsigned wanted;                   /* enum fer_field */
};

/* One update of one step: gradients and optimizer state. */
struct fer_update_state { /* rows "optimizer.STAGE.STEP.K.<state>.<weight path>" of a checkpoint */
    const struct fer_update_spec *spec;
    struct fer_segment *segment;
    struct fer_tensor *control; /* f32[4] INPUT: see struct fer_update; written by the trainer before each run:
                                   rate, 1 (the segment multiplies in its own clipping), updates so far + 1, 0 */
    struct fer_tensor *norm;    /* f32[1] global gradient norm before clipping; keep; NULL without clip */
    int nnets;                  /* nets it touches */
    const struct fer_net **nets;
    struct fer_buffer **grads;       /* by position in nets: laid out as the net's values */
    struct fer_buffer *(*states)[4]; /* likewise */
    int nstates;
    int micro;                 /* micro-batches in a batch */
    struct fer_buffer **fresh; /* micro > 1: gradients of one micro-batch, by position in nets */
    long updates;              /* done so far; saved */
};

struct fer_step_program {
    const struct fer_step_spec *spec;
    struct fer_segment *segment; /* forward and backward; with micro-batches accumulates */
    struct fer_segment *clear;   /* before the first micro-batch; NULL without micro */
    struct fer_segment *check;   /* after all of them, before updates: the loss scale; NULL without */
    struct fer_buffer *scale;    /* its state (scale.h), owned; NULL without */
    struct fer_tensor *losses;   /* f32[spec->nlosses], keep; in spec order, unweighted */
    struct fer_update_state *updates;
    int nupdates;
    bool stale_shared; /* its updates move a net that the shared segment uses */
};

/* A stage, ready to run:
 *   data      device part of the pipelines: run once per batch
 *   shared    flows outside steps: run after data, and again when a step that moved its nets has run
 *   steps[k]  run segment, check, then each update whose `from` epoch has come
 */
struct fer_stage_program {
    const struct fer_stage_spec *spec;
    struct fer_graph *graph;
    struct fer_program *program;
    struct fer_exec *exec;
    struct fer_segment *data, *shared;
    struct fer_data_inputs *inputs; /* by position in spec->data */
    struct fer_step_program *steps;
    int nsteps;
    bool prepares_moving; /* micro-batches share what is prepared of weights that updates move; else that is made inline
                           */
};
enum fer_status fer_stage_compile(struct fer_description *description, int stage, struct fer_store *store,
                                  const struct fer_compile_options *options, struct fer_stage_program **out,
                                  struct fer_error *err);
/* Tell that updates have moved their weights.  What was prepared of frozen nets stays. */
void fer_stage_moved(struct fer_stage_program *program);
void fer_stage_program_free(struct fer_stage_program *program);

/* A test or predict: one segment.  Tests are in evaluation mode, epoch 0. */
struct fer_flow_program {
    struct fer_graph *graph;
    struct fer_program *program;
    struct fer_exec *exec;
    struct fer_segment *segment;
    struct fer_segment *backward;            /* fer run --backward; else NULL */
    struct fer_data_inputs *inputs;          /* tests: one; predict: NULL */
    struct fer_tensor **in, **out;           /* predict, net: ports; out are keep and PLAIN */
    struct fer_tensor **grad_in, **grad_out; /* backward: grad_out INPUT, grad_in keep (NULL where integer) */
    struct fer_tensor **grad_of; /* backward of a predict with `of`: by position in it, keep; NULL elsewhere */
    int nin, nout;
    struct fer_random_state random; /* predict, net */
    struct fer_buffer *metrics;     /* tests: all buffers of all metrics, zeroed by fer_test_reset */
    const struct fer_test_spec *test;
    const struct fer_predict_spec *predict;
    struct fer_buffer **grads; /* backward: by net index, laid out as values; NULL elsewhere */
};
enum fer_status fer_test_compile(struct fer_description *description, int test, struct fer_store *store,
                                 const struct fer_compile_options *options, struct fer_flow_program **out,
                                 struct fer_error *err);
enum fer_status fer_test_reset(struct fer_flow_program *test, struct fer_error *err);
/* Read the metrics' buffers and finish metric i into the report. */
enum fer_status fer_test_metric(struct fer_flow_program *test, int i, struct fer_report *report, struct fer_error *err);
/* capacity: the largest live batch. */
enum fer_status fer_predict_compile(struct fer_description *description, const struct fer_predict_spec *predict,
                                    int capacity, bool backward, struct fer_store *store,
                                    const struct fer_compile_options *options, struct fer_flow_program **out,
                                    struct fer_error *err);
void fer_flow_program_free(struct fer_flow_program *program);

/* Upload one batch's fields, ids and epoch to the inputs, in memory order, and set the live batch.  FER_EINVAL when a
 * label is outside of the classes of an operation that reads it. */
struct fer_batch;
enum fer_status fer_inputs_upload(struct fer_exec *exec, const struct fer_data_inputs *inputs,
                                  const struct fer_batch *batch, struct fer_error *err);
/* The random numbers of a flow program of ports: those of samples 0, 1, … in epoch 0. */
enum fer_status fer_flow_number(struct fer_flow_program *flow, struct fer_error *err);

#endif
