/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer does.  `shape` looks at inputs and parameters and declares outputs, weights
 * and saved tensors; `forward` and `backward` append launches to a program.  A layer emits,
 * it never runs: nothing here touches a device.
 *
 * All functions belong to the thread that compiles; indexes out of range return NULL (emission)
 * or are remembered and reported when the callback returns.
 */
#ifndef FER_OP_H
#define FER_OP_H

#include <fer/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fer_op;     /* one use of a layer in a graph */
struct fer_emit;   /* the program being written, on behalf of one op */
struct fer_launch; /* one kernel call in it */

/* ---- while shapes are found: enum fer_status shape(struct fer_op *, struct fer_error *) ---- */

/* The bound parameters: the layer's own struct, valid as long as the op. */
FER_API const void *fer_op_params(const struct fer_op *op);
/* Number of inputs, within the layer's least and most. */
FER_API int fer_op_inputs(const struct fer_op *op);
/* Shape of input i; valid as long as the op. */
FER_API const struct fer_shape *fer_op_input(const struct fer_op *op, int i);
/* In a data pipeline the field that input i is ("image", "mask", "landmarks", "box", "label"); else "". */
FER_API const char *fer_op_input_field(const struct fer_op *op, int i);
/* Number of items of the description's `labels`. */
FER_API int fer_op_labels(const struct fer_op *op);
/* Input i holds classes: integers below `classes`; below 0 is none.  Labels that come straight from a data set are
 * checked on the host, batch by batch, so that a wrong one is an error that names its sample.  To be called while
 * shapes are found. */
FER_API void fer_op_classes(struct fer_op *op, int i, int classes);
/* Whether the op's net is trained in this stage (batch statistics, dropout). */
FER_API bool fer_op_training(const struct fer_op *op);

/* Declare output i.  Outputs are declared in order. */
FER_API void fer_op_output(struct fer_op *op, int i, const struct fer_shape *shape);

/* How a weight starts.  Values are drawn from Philox keyed by the seed and the weight's path. */
enum fer_init_kind { FER_INIT_CONSTANT, FER_INIT_UNIFORM, FER_INIT_NORMAL };
struct fer_init {
    enum fer_init_kind kind;
    double a, b; /* CONSTANT: a.  UNIFORM: [a, b).  NORMAL: mean a, standard deviation b. */
};
/* Declare a trained weight "weight", "bias", … (a row of the checkpoint: PATH.name).  Returns its index among the
 * op's weights.  The shape has no batch axis.  A second use of the op finds the same weight. */
FER_API int fer_op_weight(struct fer_op *op, const char *name, const struct fer_shape *shape, struct fer_init init);
/* Declare a saved but not trained tensor (running statistics).  Shares the index space of fer_op_weight. */
FER_API int fer_op_buffer(struct fer_op *op, const char *name, const struct fer_shape *shape, struct fer_init init);
/* Declare a tensor that forward writes and backward reads (arg-max indices, masks, batch statistics). */
FER_API int fer_op_saved(struct fer_op *op, const struct fer_shape *shape);
/* Optional report for `fer show`: multiply-adds of forward for one sample. */
FER_API void fer_op_macs(struct fer_op *op, double macs);

/* ---- while launches are emitted: enum fer_status forward(struct fer_emit *, struct fer_error *) ---- */

enum fer_profile { FER_PROFILE_CPU, FER_PROFILE_GPU };
/* Which family of kernels the device wants. */
FER_API enum fer_profile fer_emit_profile(const struct fer_emit *em);

/* What is known of the device; valid as long as the emission. */
struct fer_device_facts {
    size_t size;
    const char *name, *vendor, *driver;
    const char *extensions; /* separated by blanks */
    void *id;               /* cl_device_id: clGetDeviceInfo tells the rest */
    size_t local_memory;    /* bytes of a work-group */
    size_t max_work_group;  /* work-items */
    size_t max_allocation;  /* bytes of the largest buffer; where `size` says that it is there */
};
/* Never NULL. */
FER_API const struct fer_device_facts *fer_emit_device(const struct fer_emit *em);
/* Floats of a register of a CPU, 8 or 16, as FER_VEC_LANES in its kernels; 0 in the GPU profile. */
FER_API int fer_emit_vec_lanes(const struct fer_emit *em);
/* Whether the device has an extension: "cl_khr_fp16". */
FER_API bool fer_emit_device_has(const struct fer_emit *em, const char *extension);

/* How products may round what they multiply; sums are f32 in any case. */
enum fer_products {
    FER_PRODUCTS_FULL, /* not at all */
    FER_PRODUCTS_TF32, /* to 11 significant bits: at most 2^-11 of each number */
    FER_PRODUCTS_BF16  /* to 8: at most 2^-8 of each */
};
/* What the user allows (--precision); whoever may round may also round less. */
FER_API enum fer_products fer_emit_products(const struct fer_emit *em);

/* The op that launches are emitted for; valid during the callback. */
FER_API const struct fer_op *fer_emit_op(const struct fer_emit *em);
/* Its fer_op_params: the layer's own struct, of its params_size. */
FER_API const void *fer_emit_params(const struct fer_emit *em);
/* As fer_op_training. */
FER_API bool fer_emit_training(const struct fer_emit *em);
/* Whether running statistics are to move: the op's net is updated by this step. */
FER_API bool fer_emit_tracking(const struct fer_emit *em);
/* Whether a backward pass will follow (else nothing needs to be saved). */
FER_API bool fer_emit_has_backward(const struct fer_emit *em);

/* Tensors of the program, in the layouts that the layer was given; they belong to the program.  Input i, from 0.  NULL,
 * here and in those that follow: there is no such. */
FER_API struct fer_tensor *fer_emit_input(const struct fer_emit *em, int i);
/* Output i, in the order in which shape declared them. */
FER_API struct fer_tensor *fer_emit_output(const struct fer_emit *em, int i);
/* Weights and buffers, by the index that shape was given for them. */
FER_API struct fer_tensor *fer_emit_weight(const struct fer_emit *em, int i);
/* Saved tensors, likewise. */
FER_API struct fer_tensor *fer_emit_saved(const struct fer_emit *em, int i);
/* A scratch tensor that lives until this callback's last launch. */
FER_API struct fer_tensor *fer_emit_temp(struct fer_emit *em, const struct fer_shape *shape, enum fer_layout layout);

/* The scatter layer of a struct fer_dispatch: which net, from 0, this call of forward is about; elsewhere -1. */
FER_API int fer_emit_net(const struct fer_emit *em);
/* The rows that this net has run for, i32[n]: net's row i is row DATA(rows)[i] of the outputs; elsewhere NULL. */
FER_API struct fer_tensor *fer_emit_rows(const struct fer_emit *em);

/* What has been fused behind this op, by the leave of its layer's `fuses`: output 0 is
 *     activation(op's own output 0 + add)
 * FER_ACTIVATION_RELU is max(v, 0), LEAKY_RELU v where positive, else slope * v, RELU6 min(max(v, 0), 6); a NaN stays
 * one. */
enum fer_activation { FER_ACTIVATION_NONE, FER_ACTIVATION_RELU, FER_ACTIVATION_LEAKY_RELU, FER_ACTIVATION_RELU6 };
struct fer_epilogue {
    size_t size;
    struct fer_tensor *bias;     /* f32[channels] that stands for the op's own, because an affine was folded; or NULL */
    struct fer_tensor *add;      /* or NULL */
    struct fer_tensor *grad_add; /* backward: where to write the gradient of `add`, which may lie over output 0's
                                    gradient under the same rule; NULL: nobody needs it, or the core takes care of it */
    enum fer_activation activation;
    double slope; /* of LEAKY_RELU */
};
/* Never NULL; valid during the callback. */
FER_API const struct fer_epilogue *fer_emit_epilogue(const struct fer_emit *em);
/* Its activation. */
FER_API enum fer_activation fer_emit_activation(const struct fer_emit *em);

/* backward: the gradient with respect to output i (NULL: nothing flows there, treat it as zero) … */
FER_API struct fer_tensor *fer_emit_grad_output(const struct fer_emit *em, int i);
/* … and where to write the gradient of input i (NULL: nobody needs it, skip the work).
 * Each that is not NULL is written whole, including the zero lanes of a blocked layout; the core adds contributions at
 * a fan-out. */
FER_API struct fer_tensor *fer_emit_grad_input(const struct fer_emit *em, int i);
/* The same of weight i. */
FER_API struct fer_tensor *fer_emit_grad_weight(const struct fer_emit *em, int i);

/* A tensor derived from weights alone (a packed or transformed copy).  The first caller for the same `source`
 * tensor and `key` gets *fresh = true and must emit, each marked with fer_launch_prepare, the launches that fill it;
 * they run again only when the weight has changed.  Later callers share it.  Of a weight that training moves it is made
 * anew by every segment that uses it, right there, so that it needs no memory of its own. */
FER_API struct fer_tensor *fer_emit_prepared(struct fer_emit *em, struct fer_tensor *source, const char *key,
                                             const struct fer_shape *shape, bool *fresh);

/* A tensor of read-only data that the host has: tables, sprites.  `data` holds fer_shape_count(shape) elements in PLAIN
 * order, copied during the call; the device gets them once, before the first run.  `shape` has no batch axis.  Within
 * one program the first caller for a `key` (copied) makes the tensor and later callers share it, so a key says all that
 * the data depends on.  With data NULL: the tensor made before under that key, or NULL when there is none; so nobody
 * reads a file twice.  After a failure a tensor is returned all the same, and the error is reported when the callback
 * returns. */
FER_API struct fer_tensor *fer_emit_constant(struct fer_emit *em, const char *key, const struct fer_shape *shape,
                                             const void *data);

/* How many processes the batch is spread over, where what is computed over the whole batch (batch statistics) is to be
 * that of all of them: the user has asked for it.  1: the rows at hand are all that count. */
FER_API int fer_emit_ranks(const struct fer_emit *em);
/* Launches that follow see what `tensor` (f32, any shape) holds in each of these processes: the result is f32[ranks *
 * elements], by rank; every process gets the same.  The device waits for the host there, so make it small and call it
 * seldom.  FER_ENOTSUP where only chosen rows run through (struct fer_dispatch). */
FER_API struct fer_tensor *fer_emit_gather(struct fer_emit *em, struct fer_tensor *tensor);

/* Append a launch of `kernel` out of `source` (OpenCL C 1.2 text with static lifetime; the core puts the prelude and
 * the accessors of its tensor arguments before it; see kernels_cl/prelude.cl).  `options` are compiler options such
 * as "-DPIXELS=6", or NULL; copied.  Never returns NULL: after a failure launches go nowhere and the error is
 * reported when the callback returns. */
FER_API struct fer_launch *fer_emit_launch(struct fer_emit *em, const char *source, const char *kernel,
                                           const char *options);

/* What a launch that is no kernel runs on: tensors and ints are the launch's arguments, in their order. */
enum { FER_CALL_ARGS = 16 }; /* of either kind, at most */
struct fer_call_tensor {
    void *memory;  /* cl_mem */
    size_t offset; /* elements from its start */
    int dim[4];    /* live rows, then the other axes, 1 past the rank; the two last of five are one */
};
struct fer_call {
    size_t size;
    void *queue; /* cl_command_queue, in order: launches before are done before what is enqueued begins */
    void *event; /* cl_event *: where the event of the last command is to go; NULL: nobody asks */
    int ntensors, nints;
    struct fer_call_tensor tensors[FER_CALL_ARGS];
    int ints[FER_CALL_ARGS];
};
/* Enqueue the work and return; on the thread that runs the program. */
typedef enum fer_status fer_call_run(const struct fer_call *call, struct fer_error *err);
/* Append a call of `run`, which enqueues a library's work, in place of a kernel: a BLAS's product of matrices, say.
 * `source` names library and version, as the source of a kernel would be given; `name` is for people.  Static
 * lifetime.  Arguments are tensors in plain layout and ints.  Its range says only whether there is work: none where the
 * range is empty. */
FER_API struct fer_launch *fer_emit_call(struct fer_emit *em, const char *source, const char *name, fer_call_run *run);

/* Arguments, in the kernel's order.  A tensor named "x" is declared in the kernel as FER_IN(x), FER_OUT(x) or
 * FER_INOUT(x) and brings x_data, x_offset, x_dim (int4: live rows, then the other axes, 1 past the rank) and the
 * macros AT(x,n,c,p), LOAD(x,n,c,p), STORE(x,n,c,p,v), SIZE(x).  `name` has static lifetime.  FER_KERNEL_name is
 * defined for the launch's kernel: a source with several kernels puts each between #ifdef FER_KERNEL_name and #endif.
 * This one the kernel reads. */
FER_API void fer_launch_in(struct fer_launch *launch, const char *name, struct fer_tensor *tensor);
/* A tensor that the kernel writes. */
FER_API void fer_launch_out(struct fer_launch *launch, const char *name, struct fer_tensor *tensor);
/* A tensor whose contents it needs and changes. */
FER_API void fer_launch_inout(struct fer_launch *launch, const char *name, struct fer_tensor *tensor);
/* A number, or local memory for each work-group: const int, const float, __local. */
FER_API void fer_launch_int(struct fer_launch *launch, int value);      /* const int */
FER_API void fer_launch_float(struct fer_launch *launch, double value); /* const float */
FER_API void fer_launch_local(struct fer_launch *launch, size_t bytes); /* __local */
/* Counter-based random numbers: the kernel declares FER_RANDOM as this argument and calls
 * fer_random(FER_RANDOM_ARG, row, element) for four uints that depend on (seed, this op, epoch, sample id of the
 * row, element) only; fer_random_batch(FER_RANDOM_ARG, element) for four that all rows of a batch share.  `rows` is a
 * tensor with the batch axis that `row` counts along. */
FER_API void fer_launch_random(struct fer_launch *launch, const struct fer_tensor *rows);
/* The launch fills a tensor of fer_emit_prepared, and runs when weights have changed, not in every step; where they
 * change in every step it runs in front of this callback's others.  For the newest launch only: else it does nothing.
 */
FER_API void fer_launch_prepare(struct fer_launch *launch);
/* To be called before arguments are added.  The kernel reads and writes tensors by LOAD, STORE, FER_GET, FER_PUT and
 * the vector and cell forms of these alone, so that f32 tensors may lie in memory as 16 bits.  Without this call it
 * gets an f32 copy of each that does, at the cost of a pass over memory. */
FER_API void fer_launch_any_precision(struct fer_launch *launch);
/* Multiply-adds times two and bytes moved at full batch, for the profiler's GFLOP/s and GB/s; optional. */
FER_API void fer_launch_cost(struct fer_launch *launch, double flops, double bytes);

/* A work size: fixed, or proportional to the live rows of a tensor. */
struct fer_extent {
    size_t count;  /* work-items, or work-items for each row */
    size_t divide; /* the product is divided by this, rounded up; 0 and 1 are the same */
    int batch;     /* rows for each sample; 0: fixed */
};
/* `count` work-items, whatever the batch. */
FER_API struct fer_extent fer_extent_fixed(size_t count);
/* ceil(live rows of `tensor` * per_row / divide); fixed when the tensor has no batch axis. */
FER_API struct fer_extent fer_extent_rows(const struct fer_tensor *tensor, size_t per_row, size_t divide);
/* One work-item per element in memory. */
FER_API struct fer_extent fer_extent_each(const struct fer_tensor *tensor);

/* Up to three dimensions.  Global sizes are rounded up to multiples of local sizes (kernels check their bounds).
 * local 0: left to the driver.  The _1d form takes 64 as its local size. */
FER_API void fer_launch_range_1d(struct fer_launch *launch, struct fer_extent x);
/* Dimensions 0 and 1. */
FER_API void fer_launch_range_2d(struct fer_launch *launch, struct fer_extent x, struct fer_extent y, size_t local_x,
                                 size_t local_y);
/* Dimensions 0 to 2. */
FER_API void fer_launch_range_3d(struct fer_launch *launch, struct fer_extent x, struct fer_extent y,
                                 struct fer_extent z, size_t local_x, size_t local_y, size_t local_z);

#ifdef __cplusplus
}
#endif
#endif
