/* SPDX-License-Identifier: Apache-2.0
 *
 * Where weights live: they are drawn while something else is done, and are there when somebody needs them.
 */
#include "compile/initial.h"
#include "trial.h"

#include <stdlib.h>
#include <string.h>

enum { SEED = 9 };

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

static const struct trial_spec spec = {
    .net = "net t(image) -> logits { logits = image | a: conv2d 40 kernel=3 | avgpool global | b: linear 5 }",
    .update = "with sgd lr=0.1",
    .side = 6,
    .classes = 5,
    .batch = 5
};

static void open_store(struct trial *trial, struct fer_store **store)
{
    trial_open(trial, &spec, FER_PROFILE_CPU);
    ck_assert_int_ge(trial->net->nweights, 4);
    OK(fer_store_begin(trial->device.device, trial->description, SEED, store, &err));
}

/* Weight i is what it starts with, or all of it is `value`. */
static void is_there(const struct trial *trial, const struct fer_store *store, int i, const float *value)
{
    const struct fer_weight *weight = trial->net->weights[i];
    const size_t count = fer_shape_count(&weight->shape);
    float *found = calloc(count, sizeof *found), *wanted = calloc(count, sizeof *wanted);
    fer_weight_initialise(weight, SEED, wanted);
    for (size_t k = 0; value && k < count; k++)
        wanted[k] = *value;
    OK(fer_store_read(store, weight, found, &err));
    ck_assert_msg(memcmp(found, wanted, count * sizeof *found) == 0, "%s", weight->path);
    free(found);
    free(wanted);
}

START_TEST(ready_when_asked_for)
{
    struct trial trial;
    struct fer_store *store;
    float nothing;
    open_store(&trial, &store);
    ck_assert_int_eq(fer_store_read(store, trial.net->weights[0], &nothing, &err), FER_EINVAL);
    OK(fer_store_ready(store, &err));
    OK(fer_store_ready(store, &err));
    for (int i = 0; i < trial.net->nweights; i++)
        is_there(&trial, store, i, NULL);
    fer_store_free(store);
    trial_close(&trial);
}
END_TEST

/* What is written is not overwritten by what was drawn meanwhile. */
START_TEST(a_write_waits)
{
    struct trial trial;
    struct fer_store *store;
    const float value = 3;
    open_store(&trial, &store);
    const size_t count = fer_shape_count(&trial.net->weights[0]->shape);
    float *data = calloc(count, sizeof *data);
    for (size_t k = 0; k < count; k++)
        data[k] = value;
    OK(fer_store_write(store, trial.net->weights[0], data, &err));
    is_there(&trial, store, 0, &value);
    for (int i = 1; i < trial.net->nweights; i++)
        is_there(&trial, store, i, NULL);
    free(data);
    fer_store_free(store);
    trial_close(&trial);
}
END_TEST

START_TEST(a_compiled_stage_has_its_weights)
{
    struct trial trial;
    struct fer_store *store;
    struct fer_stage_program *stage;
    open_store(&trial, &store);
    OK(fer_stage_compile(trial.description, 0, store, NULL, &stage, &err));
    for (int i = 0; i < trial.net->nweights; i++)
        is_there(&trial, store, i, NULL);
    fer_stage_program_free(stage);
    fer_store_free(store);
    trial_close(&trial);
}
END_TEST

START_TEST(nobody_asked)
{
    struct trial trial;
    struct fer_store *store;
    open_store(&trial, &store);
    fer_store_free(store);
    trial_close(&trial);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, ready_when_asked_for);
    tcase_add_test(tcase, a_write_waits);
    tcase_add_test(tcase, a_compiled_stage_has_its_weights);
    tcase_add_test(tcase, nobody_asked);
}

int main(void)
{
    return op_main("store", NULL, 0, add_tests);
}
