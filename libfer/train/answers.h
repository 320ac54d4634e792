/* SPDX-License-Identifier: Apache-2.0
 *
 * What a classifier answered to every sample of every test, as a table.
 */
#ifndef FER_TRAIN_ANSWERS_H
#define FER_TRAIN_ANSWERS_H

#include "train/tester.h"

struct fer_answers;

/* The description was read FER_FOR_ANSWERS and outlives it. */
enum fer_status fer_answers_create(const struct fer_description *description, struct fer_answers **out,
                                   struct fer_error *err);
void fer_answers_free(struct fer_answers *answers); /* NULL is fine */
/* For struct fer_watch: batch, with the answers as its reader. */
enum fer_status fer_answers_batch(void *answers, const struct fer_tester *tester, const struct fer_batch *batch,
                                  struct fer_error *err);
/* Write what has come so far. */
enum fer_status fer_answers_write(struct fer_answers *answers, const char *path, struct fer_error *err);

#endif
