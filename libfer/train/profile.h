/* SPDX-License-Identifier: Apache-2.0
 *
 * Device time by operation.
 */
#ifndef FER_TRAIN_PROFILE_H
#define FER_TRAIN_PROFILE_H

#include <jansson.h>

#include "run/exec.h"

/* What has been timed since fer_exec_profile was switched on: [{"op", "pass", "seconds", "runs", "gflops", "gbytes"}],
 * the slowest first; gflops and gbytes are a second's, 0 where operations do not say. */
enum fer_status fer_profile_json(struct fer_exec *exec, json_t **out, struct fer_error *err);

#endif
