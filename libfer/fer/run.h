/* SPDX-License-Identifier: Apache-2.0
 *
 * One net on its own: on given tensors, against finite differences, against the clock.
 * See fer/context.h for ownership and threads.
 */
#ifndef FER_RUN_H
#define FER_RUN_H

#include <fer/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fer_run_options {
    struct fer_settings settings; /* seed: of the initial weights */
    const char *weights;          /* safetensors with PATH rows of the net; NULL: initial values */
    bool training;                /* batch statistics and dropout */
    bool backward;
};
/* Run `net` of a description on the tensors of the safetensors file `in`, named by the net's ports (batch axis first),
 * and write its outputs, by name, to `out`.  With backward, `in` also holds grad.OUTPUT for each output (absent: zero),
 * and `out` receives grad.INPUT and grad.PATH of each trained weight. */
FER_API enum fer_status fer_run_net(struct fer_context *context, const char *path, const char *net, const char *in,
                                    const char *out, const struct fer_run_options *options, struct fer_error *err);

struct fer_grad_options {
    struct fer_settings settings;
    const char *weights;
    int batch;      /* 0: 2 */
    int directions; /* random directions for each tensor; 0: 2 */
    bool training;
    double tolerance; /* of the relative difference; 0: 1e-2 */
};
/* Compare a net's gradients with central differences along random directions:
 * {"net", "tensors": [{"name", "analytic", "numeric", "difference", "ok"}], "ok"}; null stands for what is not finite,
 * and is not ok.  The net needs port shapes.
 * FER_EINVAL: the batch is too large, or the context's precision is not fp32. */
FER_API enum fer_status fer_grad_check(struct fer_context *context, const char *path, const char *net,
                                       const struct fer_grad_options *options, char **json, struct fer_error *err);

struct fer_bench_options {
    struct fer_settings settings;
    const char *text; /* a description in memory instead of the file */
    int batch;        /* of inference; 0: 8.  In training the data set says */
    int steps;        /* timed; 0: 10 */
    bool training;
    const char *block; /* the predict block's name, or in training the stage's; NULL: the first */
    bool profile;  /* also "operations": [{"op", "pass", "seconds", "runs", "gflops", "gbytes"}], the slowest first */
    bool solvers;  /* fer_bench_ops: every solver of each problem too */
    bool backward; /* of the predict block, which then stands for training where there is no stage */
};
/* Time a description's predict block on random pictures, or (training) its stage: every step, forward, backward and
 * update, on one batch that stays on the device.
 * {"model", "block", "device", "mode", "batch", "steps", "images_per_second", "seconds_per_step" (the median),
 *  "fastest_step", "slowest_step", "seconds_to_first_step", "peak_device_memory", "parameters"}.  `path` names the
 * description; "seconds_to_first_step" counts from its text to the end of the first step, kernels that the driver has
 * to build included. */
FER_API enum fer_status fer_bench(struct fer_context *context, const char *path,
                                  const struct fer_bench_options *options, char **json, struct fer_error *err);

/* The same, operation by operation, beside what the device can do at most.  Every step's launches are timed by events;
 * launches of the same work on the same shape are one row, whose seconds are the median over the steps of their sum.
 * {"model", "block", "device", "driver", "mode", "batch", "steps", "seconds_per_step" (of all launches),
 *  "peak": {"gflops", "gbytes", "lanes", "buffer"},
 *  "operations": [{"op", "pass", "work", "shape", "calls", "macs", "bytes", "seconds", "share", "gflops", "gbytes",
 *                  "intensity", "roof", "solver", "chosen",
 *                  "solvers": [{"solver", "seconds", "gflops", "workspace", "error", "refusal"}]}]}, the dearest
 *                  first.
 * calls: in a step.  macs: multiply-adds of a call, as the layer counts them, 0 where it counts none; an algorithm that
 * needs fewer is credited with the plain one's.  bytes: of the tensors that a call reads or writes, each once, scratch
 * left out and packed weights taken as the weights.  seconds: in a step.  intensity: operations a byte, two to a
 * multiply-add.  roof: gflops over min(peak gflops, intensity * peak gbytes), or, without macs, gbytes over peak
 * gbytes; above 1 where a cache or a cleverer algorithm helps.  solver: null where there is no choice; chosen: "first",
 * "tuned". solvers: seconds of a call by itself; workspace: bytes of scratch memory that it takes; error: the relative
 * difference from the plainest solver's result; refusal: why it does not count, or null. */
FER_API enum fer_status fer_bench_ops(struct fer_context *context, const char *path,
                                      const struct fer_bench_options *options, char **json, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
