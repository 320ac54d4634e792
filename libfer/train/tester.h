/* SPDX-License-Identifier: Apache-2.0
 *
 * One test block, compiled once and run as often as wanted.
 */
#ifndef FER_TRAIN_TESTER_H
#define FER_TRAIN_TESTER_H

#include <fer/train.h>

#include "data/pipeline.h"
#include "compile/compile.h"
#include "train/context.h"

struct fer_tester;
struct fer_batch;

/* Who wants to know, and who may stop it; all NULL is fine. */
struct fer_watch {
    const volatile int *stop;
    void (*progress)(void *user, const struct fer_progress *progress);
    void *user;
    const char *stage;
    long epoch, epochs;
    /* After each batch: what the test kept can be read now.  A failure ends the test. */
    enum fer_status (*batch)(void *reader, const struct fer_tester *tester, const struct fer_batch *batch,
                             struct fer_error *err);
    void *reader;
};

/* `test` is an index of the description.  The store must outlive it. */
enum fer_status fer_tester_open(struct fer_context *context, struct fer_description *description, int test,
                                struct fer_store *store, struct fer_tester **out, struct fer_error *err);
void fer_tester_close(struct fer_tester *tester); /* NULL is fine */
/* Run over all samples with the weights as they are: {"data", "images", METRIC: …}; the caller owns *out.
 * FER_EINTERRUPTED when stopped: nothing has changed. */
enum fer_status fer_tester_run(struct fer_tester *tester, const struct fer_watch *watch, json_t **out,
                               struct fer_error *err);

/* For watch->batch: the test, the live rows of a value that it keeps (malloc'ed; 4 bytes an element), a sample's name.
 */
const struct fer_test_spec *fer_tester_spec(const struct fer_tester *tester);
enum fer_status fer_tester_read(const struct fer_tester *tester, const struct fer_value *value, int rows, void **out,
                                struct fer_error *err);
void fer_tester_name(const struct fer_tester *tester, const struct fer_batch *batch, int row, char *text, size_t size);

#endif
