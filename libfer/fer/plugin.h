/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin interface.  A plugin is NAME.so with one exported function:
 *
 *     FER_PLUGIN(vision) { FER_PLUGIN_HEAD(vision), .version = "1.0.0", .license = "Apache-2.0", .layers = layers };
 *
 * Every struct starts with its size and grows only at its end; optional entries may be NULL.
 * Tables are NULL-terminated arrays of pointers.  A plugin has no mutable globals and is never unloaded.
 */
#ifndef FER_PLUGIN_H
#define FER_PLUGIN_H

#include <fer/data.h>
#include <fer/op.h>
#include <fer/param.h>
#include <fer/solver.h>
#include <fer/status.h>
#include <fer/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FER_PLUGIN_MAGIC 0x46455250u /* "FERP" */
#define FER_PLUGIN_ABI 2

enum fer_layer_flag {
    FER_LAYER_ANY_LAYOUT = 1 << 0, /* kernels use the accessors, or treat all lanes alike and keep zero lanes zero:
                                      inputs and outputs of rank 4 all come in one layout, blocked or plain */
    FER_LAYER_IN_PLACE = 1 << 1,   /* forward may write output 0 over input 0 (elementwise) */
    FER_LAYER_VIEW = 1 << 2,       /* output 0 is input 0's memory under another shape; no forward, no backward */
    FER_LAYER_STOPS_GRADIENT = 1 << 3,
    FER_LAYER_LOSS = 1 << 4, /* output 0 is the f32[1] to minimise, without a batch axis, output 1 (optional) the f32[N]
                                of the samples */
    FER_LAYER_DATA = 1 << 5, /* may stand in a data pipeline after `batch` (see `reads`, `writes`) */
    FER_LAYER_FUSES_ACTIVATION = 1 << 6, /* the same as FER_EPILOGUE_RELU in both masks of `fuses` */
    FER_LAYER_PASSES_GRADIENT = 1 << 7,  /* where every input has output 0's shape, the gradient of each is output 0's
                                            gradient itself (add): then backward is not called */
    FER_LAYER_SUM = 1 << 8               /* where every input has output 0's shape, output 0 is their sum */
};

/* What a layer can do behind its own work, in this order, so that the compiler need not launch it (struct
 * fer_epilogue). AFFINE  scale and shift a channel (axis 1 of output 0), folded into the weights: output 0 is linear in
 * weight 0, whose axis 0 are the channels, plus weight 1, one a channel, if the op declares one.  It gets the changed
 *           weight 0 from fer_emit_weight and the bias from the epilogue.  Never where a gradient flows.
 *   ADD     another tensor of output 0's shape and layout, which may lie where output 0 does: every element is read by
 *           the work-item that writes it, before it writes it
 *   others  the activation of that name */
enum fer_epilogue_part {
    FER_EPILOGUE_AFFINE = 1 << 0,
    FER_EPILOGUE_ADD = 1 << 1,
    FER_EPILOGUE_RELU = 1 << (1 + FER_ACTIVATION_RELU),
    FER_EPILOGUE_LEAKY_RELU = 1 << (1 + FER_ACTIVATION_LEAKY_RELU),
    FER_EPILOGUE_RELU6 = 1 << (1 + FER_ACTIVATION_RELU6),
    FER_EPILOGUE_ACTIVATIONS = FER_EPILOGUE_RELU | FER_EPILOGUE_LEAKY_RELU | FER_EPILOGUE_RELU6
};

/* Which layout each input and output is wanted in, filled with PLAIN before the call.  At most 16 of each. */
struct fer_layout_wish {
    enum fer_layout input[16], output[16];
};

/* An operation.  Stateless; the callbacks may run on any one thread at a time per graph. */
struct fer_layer {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    int inputs_min, inputs_max; /* at most 16 */
    int outputs_min, outputs;   /* outputs past outputs_min may stay unnamed in a flow */
    unsigned flags;             /* enum fer_layer_flag */
    enum fer_status (*shape)(struct fer_op *op, struct fer_error *err);
    enum fer_status (*forward)(struct fer_emit *em, struct fer_error *err);
    enum fer_status (*backward)(struct fer_emit *em, struct fer_error *err); /* NULL: has no gradient */
    void (*layout)(const struct fer_op *op, enum fer_profile profile, struct fer_layout_wish *wish); /* or NULL */
    enum fer_activation activation; /* what this layer is, if it is nothing but that */
    /* FER_LAYER_DATA: fields read, in the order of the inputs ("image", "?mask": taken when present), and fields
     * written, in the order of the outputs; writes NULL: the fields that were read. */
    const char *const *reads, *const *writes;
    /* enum fer_epilogue_part: what forward does where no gradient flows back through the op … */
    unsigned fuses;
    /* … and what forward and backward do where one does */
    unsigned fuses_backward;
    /* FER_ACTIVATION_LEAKY_RELU: the factor of negative values. */
    double (*slope)(const void *params);
    /* In evaluation output 0 is scale[c] * input 0 + shift[c], c along axis 1: emit what computes the two f32[channels]
     * from the op's weights.  NULL: it is not.  The launches run when weights have changed, not every time. */
    enum fer_status (*affine)(struct fer_emit *em, struct fer_tensor *scale, struct fer_tensor *shift,
                              struct fer_error *err);
};

/* Completes a layer that decides which of several nets each row of the batch goes through.  Only those rows run in that
 * net: the host reads the decision, every net runs for its own rows as a dense batch, and a net that nobody has chosen
 * does not run at all.  All nets are frozen and in evaluation mode, so a row's result is the same as in any other
 * batch, bit for bit; no gradient goes through.
 *
 *   layer    the decision, which is also an entry of the plugin's `layers`.  shape and forward see all inputs of the
 *            call; the only output that they declare and write is i32[N]: for each row the number of a net, from 0.
 *            outputs and outputs_min count what the call yields: scatter's outputs, then the decision
 *   nets     out of the layer's bound parameters: the nets, in the order of their numbers; 1 to 15 - decides
 *   decides  how many of the first inputs are for the decision alone; of the others, at least one, with as many rows as
 *            the decision, each net gets the rows that were sent to it.  Each net yields one value
 *   scatter  puts together what the nets yield; its parameters are the layer's.  Inputs: the first `decides` of the
 *            call, the decision, then the nets' values in order, all with N rows while shapes are found.  shape runs
 *            once, forward once for each net that is sent rows (fer_emit_net, fer_emit_rows): it writes these rows of
 *            every output, whole, out of the net's, and ranges follow the rows
 */
struct fer_dispatch {
    size_t size;
    const struct fer_layer *layer, *scatter;
    const struct fer_nets *(*nets)(const void *params);
    int decides;
};

/* A parameterised net.  `write` produces the text of a description whose last `net` is the model's, e.g.
 * "fer 1\nuse vision\nnet resnet18(image) -> logits { … }"; it holds use, block and net alone.  Called while names are
 * resolved. */
struct fer_text;
/* Append, as printf; what goes wrong is said when `write` has returned. */
FER_API void fer_text_add(struct fer_text *text, const char *format, ...) FER_PRINTF(2, 3);
struct fer_model {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    enum fer_status (*write)(const void *params, struct fer_text *text, struct fer_error *err);
};

/* One run of contiguous weights to be updated.  All tensors are flat f32[count]; control is f32[4]:
 * learning rate, factor to multiply gradients with (clipping, loss scale), number of updates done including this one,
 * and 1 when this update is to be skipped (then nothing may change). */
struct fer_update {
    size_t size;
    const void *params;
    struct fer_tensor *weight, *grad, *control;
    struct fer_tensor *state[4];
    bool decays; /* false when the optimizer splits by rank and this run holds biases and scales */
};
struct fer_optimizer {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    const char *const *states;          /* names of state tensors, NULL-terminated, at most 4; zero at the start */
    double (*rate)(const void *params); /* the base learning rate */
    bool (*splits)(const void *params); /* decay weights of rank >= 2 only; may be NULL */
    enum fer_status (*emit)(struct fer_emit *em, const struct fer_update *update, struct fer_error *err);
};

/* The learning rate's factor at a point of training.  `state` is 8 doubles of the schedule's own, zero at the start,
 * saved in checkpoints. */
struct fer_schedule_point {
    size_t size;
    double at;       /* epochs or steps done, in the schedule's unit; fractional epochs when unit=step is not given */
    double end;      /* where the stage ends in that unit */
    bool has_metric; /* an epoch has just been tested */
    double metric;   /* the `best` metric then */
    double *state;
};
struct fer_schedule {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    bool per_step; /* advances with every step even when the stage counts epochs (cosine, warmup) */
    double (*factor)(const void *params, const struct fer_schedule_point *point);
    bool needs_metric; /* makes sense only where a metric is told: refused in a stage without `keeping best=` */
};

/* Results of a test.  Names are the field's: "accuracy", "recall", "confusion". */
struct fer_report;
/* NaN: there is none. */
FER_API void fer_report_number(struct fer_report *report, const char *name, double value);
/* One value for each class or bin; NaN: there is none.  Copied. */
FER_API void fer_report_list(struct fer_report *report, const char *name, const double *values, int count);
/* values[rows][columns], copied. */
FER_API void fer_report_matrix(struct fer_report *report, const char *name, const double *values, int rows,
                               int columns);

/* A metric is a layer without outputs that adds to buffers (fer_op_buffer), which the core zeroes when a test starts
 * and reads once when it ends.  `buffers[i]` is buffer i's contents on the host. */
struct fer_metric {
    size_t size;
    struct fer_layer layer;
    enum fer_status (*finish)(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                              struct fer_error *err);
};

/* A place in a picture: pixels, the corner of the first pixel is (0, 0). */
struct fer_box {
    float x0, y0, x1, y1; /* x0 < x1, y0 < y1 */
    float score;          /* how sure the detector is, in its own unit: comparable within one detector only */
    int landmarks;        /* 0, or 5: eyes left and right in the picture, nose, corners of the mouth likewise */
    float landmark[5][2];
};

/* What a detector's program works on.  Every picture of at most width x height is put into the upper left corner of
 * this canvas, so that one program serves them all. */
struct fer_canvas {
    size_t size;
    int width, height;
    struct fer_tensor *image;  /* u8 [height, width, channels], in; what lies outside of the picture is undefined */
    struct fer_tensor *table;  /* shaped as `shape` said, in: what `prepare` wrote */
    struct fer_tensor *result; /* likewise, out: what `find` reads */
};

/* Nets of a detector's description on a device, with their weights and the programs that they have needed so far. */
struct fer_net_runner;
enum { FER_NET_RESULTS = 8 }; /* outputs that such a net can have */
struct fer_net_input {
    const float *data;
    int batch, channels, height, width;
};
struct fer_net_result {
    const float *data;      /* in PLAIN order; valid until the next call of the same net */
    struct fer_shape shape; /* the batch first */
};
/* Run a net with one input, in evaluation mode: `data` holds f32 [batch, channels, height, width], 1 <= batch <=
 * capacity; results[noutputs] are the net's outputs in order.  A program is compiled for a net, capacity and shape that
 * is new, and kept for the next time, so ask for few capacities.  Errors: FER_ENOTFOUND, FER_EINVAL (noutputs),
 * FER_ESHAPE, FER_EFORMAT (weights) and those of the device. */
FER_API enum fer_status fer_net_run(struct fer_net_runner *nets, const char *net, int capacity,
                                    const struct fer_net_input *input, struct fer_net_result *results, int noutputs,
                                    struct fer_error *err);

/* Finds things in whole pictures, in one of two ways.
 *
 * A program of launches, compiled once for each canvas: the host tells it about one picture in a table and makes boxes
 * of its result.  Then shape, emit, prepare and find are there, and search is NULL.
 *
 * Nets of a description, which the core runs for the plugin's host code: then search, text and weights are there. */
struct fer_detector {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    int channels; /* of the pictures that it wants: 1 gray, 3 RGB */
    /* Read what it needs (models).  *state is the detector's own; params outlive it. */
    enum fer_status (*open)(const void *params, void **state, struct fer_error *err);
    void (*close)(void *state); /* may be NULL */
    /* The shapes, without batch axis, of table and result for a canvas of this size. */
    enum fer_status (*shape)(const void *state, int width, int height, struct fer_shape *table,
                             struct fer_shape *result, struct fer_error *err);
    /* Emit the launches that make result of image and table. */
    enum fer_status (*emit)(const void *state, struct fer_emit *em, const struct fer_canvas *canvas,
                            struct fer_error *err);
    /* Fill the table, zero before, for a picture of width x height on that canvas (its tensors are NULL here). */
    enum fer_status (*prepare)(const void *state, const struct fer_canvas *canvas, int width, int height, void *table,
                               struct fer_error *err);
    /* Boxes of that picture, in its pixels, into a malloc'ed *boxes that the caller frees; the order does not matter.
     */
    enum fer_status (*find)(const void *state, const struct fer_canvas *canvas, const void *table, const void *result,
                            struct fer_box **boxes, int *count, struct fer_error *err);
    /* Or: the description, and the safetensors file with rows NET.PATH, for each net that is run. */
    const char *text;
    const char *(*weights)(const void *state);
    /* Boxes of a picture with `channels` channels, as find makes them. */
    enum fer_status (*search)(const void *state, struct fer_net_runner *nets, const struct fer_image *image,
                              struct fer_box **boxes, int *count, struct fer_error *err);
};

struct fer_plugin {
    uint32_t magic, abi;
    size_t size;
    const char *name, *version, *license, *help;
    const struct fer_layer *const *layers;
    const struct fer_model *const *models;
    const struct fer_optimizer *const *optimizers;
    const struct fer_schedule *const *schedules;
    const struct fer_metric *const *metrics;
    const struct fer_reader *const *readers;
    const struct fer_transform *const *transforms;
    const struct fer_sampler *const *samplers;
    /* plugins that were built before there were any of the following have a smaller table */
    const struct fer_detector *const *detectors;
    const struct fer_dispatch *const *dispatches;
    const struct fer_added_solver *const *solvers;
};

typedef const struct fer_plugin *fer_plugin_entry(void);

#define FER_PLUGIN(plugin)                                                                                             \
    static const struct fer_plugin fer_plugin_table_##plugin;                                                          \
    FER_API const struct fer_plugin *fer_plugin_##plugin(void);                                                        \
    const struct fer_plugin *fer_plugin_##plugin(void)                                                                 \
    {                                                                                                                  \
        return &fer_plugin_table_##plugin;                                                                             \
    }                                                                                                                  \
    static const struct fer_plugin fer_plugin_table_##plugin =
#define FER_PLUGIN_HEAD(plugin)                                                                                        \
    .magic = FER_PLUGIN_MAGIC, .abi = FER_PLUGIN_ABI, .size = sizeof(struct fer_plugin), .name = #plugin

#ifdef __cplusplus
}
#endif
#endif
