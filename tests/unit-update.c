/* SPDX-License-Identifier: Apache-2.0
 *
 * Updates of more weights than one work-item or work-group has, against the arithmetic of the papers in doubles, from
 * the gradients that the device has; and updates that are skipped.
 */
#include "trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 40, CLASSES = 5, BATCH = 3, STEPS = 3, WEIGHTS = CLASSES * 3 * SIDE * SIDE, ALL = WEIGHTS + CLASSES };

static struct fer_error err;
#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* One weight in doubles. */
struct place {
    double w, m, v;
};
typedef void rule(struct place *p, double g, double rate, int t);

/* momentum=0.9 decay=0.01 dampening=0.25; the first direction is the gradient itself */
static void sgd(struct place *p, double g, double rate, int t)
{
    g += 0.01 * p->w;
    p->m = t == 1 ? g : 0.9 * p->m + 0.75 * g;
    p->w -= rate * p->m;
}

/* momentum=0.8 nesterov=yes */
static void nesterov(struct place *p, double g, double rate, int t)
{
    p->m = t == 1 ? g : 0.8 * p->m + g;
    p->w -= rate * (g + 0.8 * p->m);
}

static void moments(struct place *p, double g, double rate, int t)
{
    p->m = 0.9 * p->m + 0.1 * g;
    p->v = 0.999 * p->v + 0.001 * g * g;
    p->w -= rate * (p->m / (1 - pow(0.9, t))) / (sqrt(p->v / (1 - pow(0.999, t))) + 1e-8);
}

/* decay=0.1, a part of the gradient */
static void adam(struct place *p, double g, double rate, int t)
{
    moments(p, g + 0.1 * p->w, rate, t);
}

/* decay=0.1, a part of the weight */
static void adamw(struct place *p, double g, double rate, int t)
{
    p->w *= 1 - rate * 0.1;
    moments(p, g, rate, t);
}

static const struct {
    const char *update;
    rule *apply;
    double rate;
} optimizers[] = {
    { "with sgd lr=0.5 momentum=0.9 decay=0.01 dampening=0.25", sgd, 0.5 },
    { "with sgd lr=0.5 momentum=0.8 nesterov=yes", nesterov, 0.5 },
    { "with adam lr=0.01 decay=0.1", adam, 0.01 },
    { "with adamw lr=0.01 decay=0.1", adamw, 0.01 },
};
enum { OPTIMIZERS = sizeof optimizers / sizeof optimizers[0] };

static void read_weights(const struct trial *trial, float *to)
{
    OK(fer_store_read(trial->store, trial->net->weights[0], to, &err));
    OK(fer_store_read(trial->store, trial->net->weights[1], to + WEIGHTS, &err));
}

static void read_gradients(const struct trial *trial, float *to)
{
    struct fer_buffer *grads = trial->stage->steps[0].updates[0].grads[0];
    for (int i = 0; i < 2; i++)
        OK(fer_buffer_read(grads, trial->net->weights[i]->offset * sizeof(float), to + (i ? WEIGHTS : 0),
                           (size_t)(i ? CLASSES : WEIGHTS) * sizeof(float), &err));
}

/* The last update once more, but told to skip. */
static void skip(const struct trial *trial, double rate)
{
    const struct fer_update_state *update = &trial->stage->steps[0].updates[0];
    const float control[4] = { (float)rate, 1, (float)update->updates, 1 };
    OK(fer_exec_write(trial->stage->exec, update->control, control, sizeof control, &err));
    OK(fer_exec_run(trial->stage->exec, update->segment, &err));
}

START_TEST(many_weights)
{
    const int which = _i % OPTIMIZERS;
    const double rate = optimizers[which].rate;
    const struct trial_spec spec = { .net = "net t(image) -> logits { logits = image | op: linear 5 }",
                                     .update = optimizers[which].update,
                                     .side = SIDE,
                                     .classes = CLASSES,
                                     .batch = BATCH };
    struct place *places = calloc(ALL, sizeof(*places));
    float *weights = malloc(ALL * sizeof(*weights)), *grads = malloc(ALL * sizeof(*grads));
    float *again = malloc(ALL * sizeof(*again));
    struct trial trial;
    trial_open(&trial, &spec, _i / OPTIMIZERS ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    read_weights(&trial, weights);
    for (int t = 1; t <= STEPS; t++) {
        trial_step(&trial, t, rate);
        read_gradients(&trial, grads);
        for (int i = 0; i < ALL; i++) {
            places[i].w = (double)weights[i]; /* what was rounded before is not counted again */
            optimizers[which].apply(&places[i], (double)grads[i], rate, t);
        }
        read_weights(&trial, again);
        for (int i = 0; i < ALL; i++) {
            const double moved = fabs(places[i].w - (double)weights[i]);
            ck_assert_msg(fabs((double)again[i] - places[i].w) <= 2e-7 * fabs(places[i].w) + 1e-4 * moved + 1e-9,
                          "%s, step %d: weight %d is %.9g, not %.9g", spec.update, t, i, (double)again[i], places[i].w);
        }
        skip(&trial, rate);
        read_weights(&trial, weights);
        ck_assert_msg(memcmp(weights, again, ALL * sizeof(float)) == 0, "%s: a skipped update moves", spec.update);
    }
    trial_close(&trial);
    free(places), free(weights), free(grads), free(again);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, many_weights, 0, 2 * OPTIMIZERS);
}

int main(void)
{
    return op_main("update", NULL, 0, add_tests);
}
