/* SPDX-License-Identifier: Apache-2.0
 *
 * log.jsonl: one JSON object a line.  A resumed run cuts it back to the checkpoint's line, so that it ends up the same
 * as that of a run that was never killed (the members "seconds" apart).
 */
#ifndef FER_TRAIN_LOG_H
#define FER_TRAIN_LOG_H

#include <fer/status.h>
#include <jansson.h>

struct fer_log;

/* Open `path`, keep its first `lines` lines and drop the rest.  FER_EFORMAT: it has fewer.  The file is locked: a
 * second process that trains into the same directory fails with FER_EINVAL. */
enum fer_status fer_log_open(const char *path, long lines, struct fer_log **out, struct fer_error *err);
/* Append a line; the object is released.  A NULL log, here and below: nothing is logged. */
enum fer_status fer_log_line(struct fer_log *log, json_t *object, struct fer_error *err);
long fer_log_lines(const struct fer_log *log);
/* Bring it to the disk: before a checkpoint that counts its lines. */
enum fer_status fer_log_sync(struct fer_log *log, struct fer_error *err);
void fer_log_close(struct fer_log *log); /* NULL is fine */

#endif
