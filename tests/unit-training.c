/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimizers and schedules against golden/training.safetensors, which golden/make-training.py has PyTorch write.
 */
#include "train/rates.h"
#include "train/safetensors.h"
#include "train/state.h"
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 4,
    CLASSES = 5,
    BATCH = 6,
    STEPS = 5,
    EPOCHS = 30,
    WEIGHTS = CLASSES * 3 * SIDE * SIDE,
    ALL = WEIGHTS + CLASSES
};

static struct fer_error err;
static struct fer_safetensors *file;
static char names[2048];

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

static void open_file(const char *kind)
{
    const char *top = getenv("top_srcdir");
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/training.safetensors", top ? top : ".");
    OK(fer_safetensors_open(path, &file, &err));
    snprintf(names, sizeof names, "%s", fer_safetensors_metadata(file, kind));
}

static void load(const char *name, size_t count, float *to)
{
    const struct fer_safetensor *row = fer_safetensors_find(file, name);
    ck_assert_msg(row && row->count == count, "%s is not in the file, or not of %zu elements", name, count);
    OK(fer_safetensors_read_f32(file, row, to, &err));
}

static const char *text_of(const char *kind, const char *name)
{
    char key[256];
    snprintf(key, sizeof key, "%s.%s", kind, name);
    return fer_safetensors_metadata(file, key);
}

static void open_trial(struct trial *trial, const char *update, enum fer_profile profile)
{
    const struct trial_spec spec = { .net = "net t(image) -> logits { logits = image | op: linear 5 }",
                                     .update = update,
                                     .side = SIDE,
                                     .classes = CLASSES,
                                     .batch = BATCH };
    trial_open(trial, &spec, profile);
}

/* ---- optimizers: the loss before and the weights after each of five updates ---- */

static void read_weights(const struct trial *trial, float *to)
{
    ck_assert_int_eq(trial->net->nweights, 2);
    OK(fer_store_read(trial->store, trial->net->weights[0], to, &err));
    OK(fer_store_read(trial->store, trial->net->weights[1], to + WEIGHTS, &err));
}

static double distance(const float *ours, const float *theirs, int count)
{
    double difference = 0, norm = 0;
    for (int i = 0; i < count; i++) {
        difference += pow((double)ours[i] - (double)theirs[i], 2);
        norm += pow((double)theirs[i], 2);
    }
    return sqrt(difference / norm);
}

static void check_optimizer(const char *name, enum fer_profile profile)
{
    char key[256];
    float losses[STEPS], theirs[STEPS][ALL], ours[ALL];
    struct trial trial;
    snprintf(key, sizeof key, "optimizer.%s.loss", name);
    load(key, STEPS, losses);
    snprintf(key, sizeof key, "optimizer.%s.weights", name);
    load(key, STEPS * ALL, theirs[0]);
    open_trial(&trial, text_of("optimizer", name), profile);
    const struct fer_update_spec *spec = trial.stage->steps[0].updates[0].spec;
    for (int step = 0; step < STEPS; step++) {
        const double loss = trial_step(&trial, step, spec->optimizer->rate(spec->params));
        ck_assert_msg(fabs(loss - (double)losses[step]) <= 1e-5 * fabs((double)losses[step]),
                      "%s, step %d: loss %.9g, not %.9g", name, step, loss, (double)losses[step]);
        read_weights(&trial, ours);
        ck_assert_msg(distance(ours, theirs[step], ALL) <= 2e-6, "%s, step %d: weights differ by %.2g", name, step,
                      distance(ours, theirs[step], ALL));
    }
    trial_close(&trial);
}

START_TEST(optimizers)
{
    char *rest = names;
    int count = 0;
    open_file("optimizers");
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest), count++)
        check_optimizer(name, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    ck_assert_int_ge(count, 10);
    fer_safetensors_close(file);
}
END_TEST

/* ---- schedules: rates at whole epochs, where the optimizer's own is 1 ---- */

static void check_schedule(const char *name, const float *metrics)
{
    double state[FER_SCHEDULE_STATE] = { 0 };
    char key[256], update[256];
    float rates[EPOCHS];
    struct trial trial;
    snprintf(key, sizeof key, "schedule.%s.rate", name);
    load(key, EPOCHS, rates);
    snprintf(update, sizeof update, "with sgd lr=1 | %s", text_of("schedule", name));
    open_trial(&trial, update, FER_PROFILE_CPU);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        const struct fer_rate_point point = { .steps = epoch * 10,
                                              .epochs = epoch,
                                              .end_steps = EPOCHS * 10,
                                              .end_epochs = EPOCHS,
                                              .has_metric = strncmp(name, "plateau", 7) == 0,
                                              .metric = (double)metrics[epoch] };
        const double rate = fer_update_rate(trial.stage->steps[0].updates[0].spec, &point, state);
        ck_assert_msg(fabs(rate - (double)rates[epoch]) <= 1e-6, "%s, epoch %d: rate %.9g, not %.9g", name, epoch, rate,
                      (double)rates[epoch]);
    }
    trial_close(&trial);
}

START_TEST(schedules)
{
    char *rest = names;
    float metrics[EPOCHS];
    int count = 0;
    open_file("schedules");
    load("metrics", EPOCHS, metrics);
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest), count++)
        check_schedule(name, metrics);
    ck_assert_int_ge(count, 8);
    fer_safetensors_close(file);
}
END_TEST

/* Which PyTorch's do not have; the rates are the arithmetic of their rows in plugins/optim/README.md. */
static const struct {
    const char *text;
    double rates[8]; /* of epochs 0, 1, … */
} floors[] = {
    { "step every=2 gamma=0.1 min=0.03", { 1, 1, 0.1, 0.1, 0.03, 0.03, 0.03, 0.03 } },
    { "multistep at=[1, 2, 5] gamma=0.5 min=0.3", { 1, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3 } },
    { "exponential gamma=0.5 min=0.2", { 1, 0.5, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2 } },
};

START_TEST(a_rate_stops_at_its_floor)
{
    double state[FER_SCHEDULE_STATE] = { 0 };
    char update[256];
    struct trial trial;
    snprintf(update, sizeof update, "with sgd lr=2 | %s", floors[_i].text);
    open_trial(&trial, update, FER_PROFILE_CPU);
    for (int epoch = 0; epoch < 8; epoch++) {
        const struct fer_rate_point point = { .steps = epoch * 10, .epochs = epoch, .end_steps = 80, .end_epochs = 8 };
        const double rate = fer_update_rate(trial.stage->steps[0].updates[0].spec, &point, state);
        ck_assert_msg(fabs(rate - 2 * floors[_i].rates[epoch]) <= 1e-12, "%s, epoch %d: rate %.9g", floors[_i].text,
                      epoch, rate);
    }
    trial_close(&trial);
}
END_TEST

/* The largest is the best, and better is what exceeds it by a tenth. */
START_TEST(a_plateau_may_lie_high)
{
    static const double metric[] = { 0.5, 0.54, 0.56, 0.56, 0.6, 0.7, 0.1, 0.1 };
    static const double rates[] = { 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25 };
    double state[FER_SCHEDULE_STATE] = { 0 };
    struct trial trial;
    open_trial(&trial, "with sgd lr=1 | plateau mode=max patience=1 factor=0.5 threshold=0.1", FER_PROFILE_CPU);
    for (int epoch = 0; epoch < 8; epoch++) {
        const struct fer_rate_point point = { .steps = epoch,
                                              .epochs = epoch,
                                              .end_steps = 8,
                                              .end_epochs = 8,
                                              .has_metric = true,
                                              .metric = metric[epoch] };
        ck_assert_double_eq_tol(fer_update_rate(trial.stage->steps[0].updates[0].spec, &point, state), rates[epoch],
                                1e-12);
    }
    trial_close(&trial);
}
END_TEST

/* The smallest is, and better is what is below nine tenths of it. */
START_TEST(a_plateau_may_sink_slowly)
{
    static const double metric[] = { 2, 1.9, 1.7, 1.6, 1.5 }, rates[] = { 1, 0.5, 0.5, 0.25, 0.25 };
    double state[FER_SCHEDULE_STATE] = { 0 };
    struct trial trial;
    open_trial(&trial, "with sgd lr=1 | plateau patience=0 factor=0.5 threshold=0.1", FER_PROFILE_CPU);
    for (int epoch = 0; epoch < 5; epoch++) {
        const struct fer_rate_point point = {
            .end_steps = 5, .end_epochs = 5, .has_metric = true, .metric = metric[epoch]
        };
        ck_assert_double_eq_tol(fer_update_rate(trial.stage->steps[0].updates[0].spec, &point, state), rates[epoch],
                                1e-12);
    }
    trial_close(&trial);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, optimizers, 0, 2);
    tcase_add_test(tcase, schedules);
    tcase_add_test(tcase, a_plateau_may_lie_high);
    tcase_add_test(tcase, a_plateau_may_sink_slowly);
    tcase_add_loop_test(tcase, a_rate_stops_at_its_floor, 0, sizeof floors / sizeof *floors);
}

int main(void)
{
    return op_main("training", NULL, 0, add_tests);
}
