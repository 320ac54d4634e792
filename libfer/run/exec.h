/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays a program.  All kernels are built and all arguments set when the executor is created; a run enqueues.
 */
#ifndef FER_RUN_EXEC_H
#define FER_RUN_EXEC_H

#include "run/device.h"
#include "run/program.h"

struct fer_exec;

/* Allocate the arena and the tensors with places of their own, build every kernel, set every argument.  The program
 * must outlive the executor; PERSISTENT buffers too.  With poison, the arena and outputs are filled with NaN first (tests). */
enum fer_status fer_exec_create(struct fer_device *device, struct fer_program *program, bool poison,
                                const struct fer_build_watch *watch, struct fer_exec **out, struct fer_error *err);
void fer_exec_free(struct fer_exec *exec);

/* Set the live batch (1 … capacity) for the runs that follow: sizes and int4 dims that depend on it are set again. */
enum fer_status fer_exec_batch(struct fer_exec *exec, int n, struct fer_error *err);
/* Enqueue one segment; does not wait. */
enum fer_status fer_exec_run(struct fer_exec *exec, const struct fer_segment *segment, struct fer_error *err);
/* Enqueue the prepare segment if weights have changed since it last ran. */
void fer_exec_weights_changed(struct fer_exec *exec);

/* Copy to an INPUT (or any) tensor, and from any `keep` tensor, in its memory order; the live rows only when `n` rows
 * are asked for (n = 0: all).  write: may return before the device has it, but `data` is free for reuse. read: blocks. */
enum fer_status fer_exec_write(struct fer_exec *exec, const struct fer_tensor *tensor, const void *data, size_t bytes,
                               struct fer_error *err);
enum fer_status fer_exec_read(struct fer_exec *exec, const struct fer_tensor *tensor, void *data, size_t bytes,
                              struct fer_error *err);
/* Where a tensor lies: buffer and first element. */
void fer_exec_place(const struct fer_exec *exec, const struct fer_tensor *tensor, struct fer_buffer **buffer,
                    size_t *offset);
size_t fer_exec_bytes(const struct fer_exec *exec);

/* Profile: device seconds by launch over the runs since the last reset; needs fer_exec_profile(exec, true) before. */
enum fer_status fer_exec_profile(struct fer_exec *exec, bool on, struct fer_error *err);
struct fer_profile_row {
    const struct fer_launch *launch;
    double seconds; /* of all its runs */
    long runs;
};
enum fer_status fer_exec_profile_rows(struct fer_exec *exec, struct fer_profile_row **rows, int *count,
                                      struct fer_error *err);

#endif
