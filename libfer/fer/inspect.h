/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking without training: devices, plugins, descriptions.  See fer/context.h for ownership and threads.
 */
#ifndef FER_INSPECT_H
#define FER_INSPECT_H

#include <fer/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/* [{"index", "name", "platform", "driver", "version", "type", "profile", "compute_units", "global_memory",
 *   "max_allocation"}], memory in bytes.  FER_ENOTFOUND: no OpenCL platform, with what to install. */
FER_API enum fer_status fer_inspect_devices(struct fer_context *context, char **json, struct fer_error *err);

/* [{"path", "name", "version", "license", "help", "shadowed", "refusal", "provides": [{"kind", "name", "help"}]}] */
FER_API enum fer_status fer_inspect_plugins(struct fer_context *context, char **json, struct fer_error *err);

/* Everything called `name` (or plugin.name, or a plugin's own name; plugin.* is all of a plugin):
 * [{"plugin", "kind", "name", "help", "params": [{"name", "type", "default", "min", "max", "choices", "required",
 *   "help"}]}]; operations and metrics also have "inputs" and "outputs" ([least, most]), "gradient", "loss" and, where
 * they may stand in a data pipeline, "reads" and "writes" (fields).  FER_ENOTFOUND suggests the nearest name. */
FER_API enum fer_status fer_inspect_entry(struct fer_context *context, const char *name, char **json,
                                          struct fer_error *err);

/* Whether a description ("-": standard input) says something that can run; diagnostics go to the context's messages.
 * Absent data and weights are warnings, or errors when `strict`.  The report has nets, ports, shapes, stages and tests;
 * it may be NULL. */
FER_API enum fer_status fer_check(struct fer_context *context, const char *path, const struct fer_settings *settings,
                                  bool strict, char **json, struct fer_error *err);

/* The canonical text of a description. */
FER_API enum fer_status fer_format(struct fer_context *context, const char *path, char **text, struct fer_error *err);

/* What fer_show looks at. */
struct fer_show_options {
    struct fer_settings settings;
    const char *net;   /* one net on its own (its ports need shapes), instead of a block */
    const char *block; /* the predict block's name, or in training the stage's; NULL: the first */
    int batch;         /* 0: 1 */
    bool training;     /* a stage, with backward and updates; of a net, as it is in training */
    /* A directory, which is made: the texts of all kernels go there, as the driver would get them, for other compilers
     * and for people; a file a program, the compiler's options in its first line.  Nothing is compiled.  NULL: none */
    const char *kernels;
};
/* {"operations": [{"path", "op", "fused" (what it does besides, by name), "branch", "output", "shape", "parameters",
 *  "macs"}], "parameters", "macs" (both of one sample, macs when every decision sends it the dearest way),
 *  "passes": {"fold": {OPERATION: count}, "fuse": {OPERATION: count}, "layout": {"conversions"}, "inplace":
 * {"tensors"}, "views": {"tensors"}, "optimizer": {"launches", "weights"} ({} when nothing is trained), "arena":
 * {"bytes", "apart" (if no tensors shared memory)}, and with less precision "fp16": {"maps", "copies"}, "tf32" or
 * "bf16": {"rounded", "exact"}: how many products and convolutions round what they multiply}, "without": [NAME of a
 * pass that was left out], "segments": [{"name", "launches", "branch", "decision"}], in the order in which they run;
 * branch: the net that samples were sent to, null: all samples; decision: the operation that then sends samples through
 * one of several nets, or null; "launches": [{"segment", "pass", "op", "label", "kernel", "flops", "bytes", "solver",
 * "chosen"}], where there are several solvers for the work: which with which values, and by whom it was chosen, "first"
 * (heuristics) or "tuned", "memory": {"arena", "weights", "total", "tensors": [{"name", "storage", "offset", "bytes",
 * "first", "last"}]}, and with options.kernels "programs": how many files were written}. Opens the device, because
 * layouts and kernels depend on it. */
FER_API enum fer_status fer_show(struct fer_context *context, const char *path, const struct fer_show_options *options,
                                 char **json, struct fer_error *err);

struct fer_sheet_options {
    struct fer_settings settings;
    bool training;     /* shuffled and augmented as in training, else as in a test */
    int columns, rows; /* 0: 8 each; fewer where the sheet would be no picture that everything opens */
};
/* The first pictures of a data set as the network gets them, device operations included, as a contact sheet:
 * {"data", "width", "height", "pictures": [{"id", "label", FIELD: number}]} in reading order, and the PNG. */
FER_API enum fer_status fer_show_data(struct fer_context *context, const char *path, const char *data,
                                      const struct fer_sheet_options *options, const char *png, char **json,
                                      struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
