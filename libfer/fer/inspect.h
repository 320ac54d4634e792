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

/* Everything called `name` (or plugin.name, or a plugin's own name):
 * [{"plugin", "kind", "name", "help", "params": [{"name", "type", "default", "min", "max", "choices", "required",
 *   "help"}]}]; layers also have "inputs", "outputs" and "gradient".  FER_ENOTFOUND suggests the nearest name. */
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
    const char *net;  /* one net on its own; NULL: all that the description's predict (or first test) runs */
    int batch;        /* 0: 1 */
    bool training;    /* forward, backward and update of the first stage instead of inference */
    bool memory;      /* where the planner has put every tensor */
    bool launches;    /* every kernel call */
};
/* {"operations": [{"path", "op", "shape", "parameters", "macs"}], "parameters", "macs", "launches": […],
 *  "memory": {"arena_bytes", "tensors": […]}}.  Opens the device (layouts depend on it). */
FER_API enum fer_status fer_show(struct fer_context *context, const char *path, const struct fer_show_options *options,
                                 char **json, struct fer_error *err);

/* The first `count` pictures of a data set as the network gets them, device operations included, in a PNG with a line of
 * fields under each: a contact sheet. */
FER_API enum fer_status fer_show_data(struct fer_context *context, const char *path, const struct fer_settings *settings,
                                      const char *data, int count, const char *png, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
