/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON files of a sweep, and what one run came to.
 */
#ifndef FER_STUDY_RESULT_H
#define FER_STUDY_RESULT_H

#include <fer/context.h>
#include <jansson.h>

/* Values of "status". */
#define FER_RUN_COMPLETE "complete"
#define FER_RUN_INTERRUPTED "interrupted"
#define FER_RUN_FAILED "failed"
#define FER_RUN_WAITING "waiting"

/* Write a JSON value so that a reader sees the old file or the new; borrowed. */
enum fer_status fer_json_write(const char *path, const json_t *value, struct fer_error *err);
/* Read an object; *out is NULL when there is no such file.  FER_EFORMAT: it is no JSON object. */
enum fer_status fer_json_read(const char *path, json_t **out, struct fer_error *err);

/* The result.json of a run: dir/name/result.json. */
enum fer_status fer_result_read(const char *dir, const char *name, json_t **out, struct fer_error *err);
enum fer_status fer_result_write(const char *dir, const char *name, const json_t *result, struct fer_error *err);
/* "status" is this one; a NULL result has none. */
bool fer_result_is(const json_t *result, const char *status);

#endif
