/* SPDX-License-Identifier: Apache-2.0
 *
 * libfer for programs that use it: a context holds the plugins and one device; every task (train, evaluate, predict,
 * inspect) is one call on it.
 *
 *     struct fer_error err = FER_ERROR_INIT;
 *     struct fer_context *context;
 *     if (fer_context_create(NULL, &context, &err) != FER_OK ||
 *         fer_train(context, "model.fer", &options, &err) != FER_OK)
 *         fprintf(stderr, "%s\n", err.text);
 *     fer_context_free(context);
 *
 * Rules for all of fer/{context,detect,explain,inspect,predict,run,study,train,tune}.h: a context and what is made from
 * it belong to one thread at a time (different contexts to different threads); strings passed in are copied or not
 * kept; texts returned through a char ** are malloc'ed and freed by the caller with free().  Results come as JSON
 * texts, which grow without breaking their readers: ignore members you do not know.  Where a function takes options,
 * NULL stands for zeroed ones unless a member is needed (fer_train, fer_sweep, fer_study, fer_compare); `err` may be
 * NULL.
 *
 * On PoCL, threads that are bound to cores are up to twice as fast: set POCL_AFFINITY=1 in the environment before the
 * first OpenCL call of the process.  The command does so; the library leaves the environment alone.
 */
#ifndef FER_CONTEXT_H
#define FER_CONTEXT_H

#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fer_context;

/* What a context has to say while it works.  An ERROR is a whole diagnostic of a description, with its line and a
 * caret; the call that found it fails afterwards.  DETAIL is for -v: what is opened, skipped.  BUILDING names the
 * kernel that is being compiled, which may take seconds the first time, for a line that the next one takes the place
 * of; its text is empty when all are built. */
enum fer_message { FER_MESSAGE_ERROR, FER_MESSAGE_WARNING, FER_MESSAGE_NOTE, FER_MESSAGE_DETAIL, FER_MESSAGE_BUILDING };

/* Zeroed: the default device, the environment's plugins, silence. */
struct fer_context_options {
    /* NULL: FER_DEVICE, else the best GPU, else a CPU; an index, "cpu", "gpu", or a part of a name */
    const char *device;
    const char *plugin_path; /* colon-separated; NULL: FER_PLUGIN_PATH, then the installed directory */
    /* `text` has no trailing newline and lives for the call only.  Called on the thread that uses the context. */
    void (*message)(void *user, enum fer_message kind, const char *text);
    void *user;
    int place; /* of several processes on this machine, from 0: `device` may be a list, "gpu,cpu"; process k takes
                  entry k, counted round, and of several devices that are meant each takes another */
    /* passes of the compiler to be left out, to compare: "fold,fuse,layout,inplace,views,optimizer,arena,tune,solvers";
     * NULL: none */
    const char *without;
    /* As what feature maps lie in memory: "fp32", "fp16", "bf16"; NULL: fp32.  "tf32": f32, and matrix products and
     * convolutions may round what they multiply to 11 significant bits, with bf16 to 8, where a plugin has a solver for
     * this device that does; sums, weights, statistics, vectors and losses are f32 in any case.  With fp16 training
     * scales its losses up (fer_train). */
    const char *precision;
    const char *tune; /* the file of `fer tune` that says which solvers are the fastest here; NULL: FER_TUNE, else
                         $XDG_CACHE_HOME/libfer/tune.txt; "off": none.  It may be missing.  The first task that
                         opens the device fails with FER_EFORMAT, naming the line, when it is not well formed */
};

/* Find the plugins.  The device is opened by the first task that needs it.  options may be NULL.
 * Where many kernels are needed that were never compiled on this machine, tasks start processes that help to
 * (fer-compile; FER_COMPILE: another program, or off) and wait for them to end.
 * A plugin that is refused is a WARNING.  FER_EINVAL: `without` names what is no pass, `precision`
 * no precision; FER_ENOMEM. */
FER_API enum fer_status fer_context_create(const struct fer_context_options *options, struct fer_context **out,
                                           struct fer_error *err);
/* After everything that was opened with it.  NULL is fine. */
FER_API void fer_context_free(struct fer_context *context);

/* The largest seed: reports hold it as a number, and JSON's readers have none that is larger. */
#define FER_SEED_MAX ((uint64_t)INT64_MAX)

/* How a description is read.  Zeroed: as it is written, seed 0.  Every task fails with FER_EINVAL where the seed is
 * larger than FER_SEED_MAX. */
struct fer_settings {
    const char *const *sets; /* "name=value" for its `let`s, NULL-terminated; NULL: none */
    const char *const *data; /* "name=path" for its data sets, likewise */
    uint64_t seed;
    int threads; /* that read pictures; 0: the library's choice */
};

#ifdef __cplusplus
}
#endif
#endif
