/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays a program.  All kernels are built and all arguments set when the executor is created; a run enqueues.
 */
#ifndef FER_RUN_EXEC_H
#define FER_RUN_EXEC_H

#include "run/device.h"
#include "run/program.h"

struct fer_exec;

/* Allocate the arenas and the tensors with places of their own, build every kernel, set every argument.  The program
 * has been planned (compile/plan.h) and must outlive the executor; PERSISTENT buffers too.  With poison, everything but
 * constants is filled with NaN first (tests); else inputs start as zero. */
enum fer_status fer_exec_create(struct fer_device *device, struct fer_program *program, bool poison,
                                const struct fer_build_watch *watch, struct fer_exec **out, struct fer_error *err);
void fer_exec_free(struct fer_exec *exec);

/* Set the live batch (0 … capacity; at first capacity) for the runs that follow: sizes and int4 dims that depend on it
 * are set again.  Launches that have no work-item left are skipped.  Branches get theirs when a decision is taken. */
enum fer_status fer_exec_batch(struct fer_exec *exec, int n, struct fer_error *err);
/* The live batch of a branch (0: the batch) since the last run. */
int fer_exec_live(const struct fer_exec *exec, int branch);
/* Enqueue one segment and those that follow it (segment->next), and the program's first segment, prepare, before it if
 * weights have changed since that last ran (or it never has).  Waits only where a segment ends in a decision: the index
 * is read, and segments of a branch that it gives no sample are left out.  FER_ENUMERIC: an index without a branch. */
enum fer_status fer_exec_run(struct fer_exec *exec, const struct fer_segment *segment, struct fer_error *err);
/* Other processes that run the same program.  Both functions are called while a segment runs, on that thread. */
struct fer_exec_peers {
    void *user;
    /* all: `bytes` bytes of each of them, by rank, this one included */
    enum fer_status (*gather)(void *user, const void *mine, size_t bytes, void *all, struct fer_error *err);
    /* a launch that fer_exec_mark has named, and all before it, has been enqueued */
    enum fer_status (*enqueued)(void *user, const struct fer_launch *launch, struct fer_error *err);
};
/* A program with gathers cannot run without them.  Copied. */
void fer_exec_set_peers(struct fer_exec *exec, const struct fer_exec_peers *peers);
void fer_exec_mark(struct fer_exec *exec, const struct fer_launch *launch);

/* Tell that weights have changed. */
void fer_exec_weights_changed(struct fer_exec *exec);

/* Copy to an INPUT (or any) tensor, and from any `keep` tensor, in its memory order: its first `bytes` bytes, so that
 * the live rows need no more.  write: may return before the device has it, but `data` is free for reuse. read: blocks.
 */
enum fer_status fer_exec_write(struct fer_exec *exec, const struct fer_tensor *tensor, const void *data, size_t bytes,
                               struct fer_error *err);
enum fer_status fer_exec_read(struct fer_exec *exec, const struct fer_tensor *tensor, void *data, size_t bytes,
                              struct fer_error *err);
/* Where a tensor lies: buffer (NULL: nowhere, no launch touches it) and first element. */
void fer_exec_place(const struct fer_exec *exec, const struct fer_tensor *tensor, struct fer_buffer **buffer,
                    size_t *offset);
size_t fer_exec_bytes(const struct fer_exec *exec); /* of device memory, weights not counted */

/* Profile: device seconds by launch.  fer_exec_profile switches it on or off and starts from zero; the rows hold every
 * launch that has run since, in program order (*rows is malloc'ed), after waiting for them. */
enum fer_status fer_exec_profile(struct fer_exec *exec, bool on, struct fer_error *err);
struct fer_profile_row {
    const struct fer_launch *launch;
    double seconds; /* of all its runs */
    long runs;
};
enum fer_status fer_exec_profile_rows(struct fer_exec *exec, struct fer_profile_row **rows, int *count,
                                      struct fer_error *err);

#endif
