/* SPDX-License-Identifier: Apache-2.0 */
#include "train/entrant.h"

#include <fer/host.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- on the device ---- */

static enum fer_status fill_inputs(const struct fer_alone *a, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < a->nin && status == FER_OK; i++) {
        const struct fer_random random = { 7, (uint32_t)i };
        size_t bytes = fer_tensor_bytes(a->in[i]), count = bytes / fer_tensor_element(a->in[i]);
        const struct fer_shape *shape = &a->in[i]->shape;
        size_t plane = shape->rank == 4 ? (size_t)shape->dim[2] * (size_t)shape->dim[3] : 1;
        float *data = malloc(count * sizeof(float));
        void *stored = malloc(bytes);

        for (size_t k = 0; data && k < count; k++) {
            /* lanes past the last channel are zero */
            size_t blocks = (size_t)(shape->rank > 1 ? shape->dim[1] + FER_BLOCK - 1 : 0) / FER_BLOCK;
            size_t channel = k / FER_BLOCK / plane % (blocks ? blocks : 1) * FER_BLOCK + k % FER_BLOCK;
            bool padding = a->in[i]->layout == FER_LAYOUT_BLOCKED && channel >= (size_t)shape->dim[1];

            data[k] = padding ? 0 : (float)(2 * fer_random_uniform(random, k) - 1);
        }
        if (data && stored)
            fer_precision_store(a->in[i]->precision, data, count, stored);
        status = data && stored ? fer_exec_write(a->exec, a->in[i], stored, bytes, err)
                                : fer_fail(err, FER_ENOMEM, "out of memory");
        free(stored);
        free(data);
    }
    return status;
}

/* Milliseconds of the solution's launches in one run. */
static enum fer_status time_run(const struct fer_contest *c, const struct fer_alone *a, double *ms,
                                struct fer_error *err)
{
    struct fer_profile_row *rows = NULL;
    int count = 0;
    enum fer_status status = fer_exec_profile(a->exec, true, err);

    if (c->problem->trains)
        fer_exec_weights_changed(a->exec);
    if (status == FER_OK)
        status = fer_exec_run(a->exec, a->segment, err);
    if (status == FER_OK)
        status = fer_exec_profile_rows(a->exec, &rows, &count, err);
    *ms = 0;
    for (int i = 0; i < count; i++) {
        if (fer_alone_is_solution(a, rows[i].launch))
            *ms += 1e3 * rows[i].seconds;
    }
    free(rows);
    return status;
}

static size_t live_bytes(const struct fer_tensor *tensor, int live)
{
    size_t rows = tensor->shape.rank > 0 ? (size_t)tensor->shape.dim[0] : 1;
    size_t row = fer_tensor_bytes(tensor) / (rows ? rows : 1);

    return tensor->shape.batch ? row * (size_t)tensor->shape.batch * (size_t)live : fer_tensor_bytes(tensor);
}

static size_t live_count(const struct fer_tensor *tensor, int live)
{
    return live_bytes(tensor, live) / fer_tensor_element(tensor);
}

/* Of one tensor, as f32. */
static enum fer_status read_result(const struct fer_alone *a, const struct fer_tensor *tensor, int live, float *values,
                                   struct fer_error *err)
{
    size_t bytes = live_bytes(tensor, live);
    void *stored = malloc(bytes ? bytes : 1);
    enum fer_status status =
        stored ? fer_exec_read(a->exec, tensor, stored, bytes, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        fer_precision_load(tensor->precision, stored, live_count(tensor, live), values);
    free(stored);
    return status;
}

static enum fer_status read_results(const struct fer_alone *a, int live, float **values, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    size_t size = 0, at = 0;

    for (int i = 0; i < a->nout; i++)
        size += live_count(a->out[i], live);
    *values = malloc((size ? size : 1) * sizeof(float));
    if (!*values)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < a->nout && status == FER_OK; i++) {
        status = read_result(a, a->out[i], live, *values + at, err);
        at += live_count(a->out[i], live);
    }
    return status;
}

/* ---- right or wrong ---- */

static double distance(const float *ours, const float *theirs, size_t count)
{
    double difference = 0, norm = 0;

    for (size_t i = 0; i < count; i++) {
        double d = (double)ours[i] - (double)theirs[i];

        difference += d * d;
        norm += (double)theirs[i] * (double)theirs[i];
    }
    return norm > 0 ? sqrt(difference / norm) : sqrt(difference);
}

/* The largest distance of a result, NaN where one is not a number. */
static double compare(const struct fer_alone *a, int live, const float *ours, const float *theirs)
{
    double largest = 0;
    size_t at = 0;

    for (int i = 0; i < a->nout; i++) {
        size_t count = live_count(a->out[i], live);
        double error = distance(ours + at, theirs + at, count);

        if (!(error <= largest))
            largest = error;
        at += count;
    }
    return largest;
}

/* How far two that compute the same may be apart because both have rounded it to what memory holds. */
static double rounding(const struct fer_alone *a)
{
    double largest = 0;

    for (int i = 0; i < a->nout; i++) {
        double unit = fer_precision_unit(a->out[i]->precision);

        largest = unit > largest ? unit : largest;
    }
    return 2 * largest;
}

enum fer_status fer_entrant_check(const struct fer_contest *c, struct fer_entrant *e, struct fer_answer *answer,
                                  struct fer_error *err)
{
    float *values = NULL;
    enum fer_status status = fer_exec_batch(e->alone->exec, answer->live, err);

    if (status == FER_OK)
        status = time_run(c, e->alone, &e->ms, err);
    e->ms *= (double)c->capacity / answer->live;
    if (status == FER_OK)
        status = read_results(e->alone, answer->live, &values, err);
    if (status == FER_OK && answer->values) {
        double error = compare(e->alone, answer->live, values, answer->values);
        double own = fer_solved_tolerance(c->problem, e->solution.solver);
        double allowed = (own > answer->tolerance ? own : answer->tolerance) + rounding(e->alone);

        if (!(error <= e->error))
            e->error = error;
        if (!(error <= allowed))
            snprintf(e->refusal, sizeof(e->refusal), "its result is wrong: %.2g away, relative, where %.2g is allowed",
                     error, allowed);
    } else if (status == FER_OK) {
        answer->values = values;
        answer->tolerance = fer_solved_tolerance(c->problem, e->solution.solver);
        values = NULL;
    }
    free(values);
    return status;
}

/* ---- from the beginning to the end ---- */

enum fer_status fer_entrant_prepare(const struct fer_contest *c, struct fer_entrant *e, struct fer_error *err)
{
    enum fer_status status =
        fer_alone_compile(c->problem, &e->solution, c->capacity, c->store, c->watch, &e->alone, err);

    if (status != FER_OK)
        return status;
    e->workspace = e->alone->workspace;
    return fill_inputs(e->alone, err);
}

enum fer_status fer_entrant_run(const struct fer_contest *c, struct fer_entrant *e, struct fer_error *err)
{
    double ms;
    enum fer_status status = time_run(c, e->alone, &ms, err);

    if (status != FER_OK)
        return status;
    if (e->runs == 0 || ms < e->ms) {
        e->second = e->runs ? e->ms : ms;
        e->ms = ms;
    } else if (e->runs == 1 || ms < e->second) {
        e->second = ms;
    }
    e->runs++;
    return FER_OK;
}

void fer_entrant_leave(struct fer_entrant *e)
{
    fer_alone_free(e->alone);
    e->alone = NULL;
}
