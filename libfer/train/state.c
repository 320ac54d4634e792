/* SPDX-License-Identifier: Apache-2.0 */
#include "train/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/context.h"

enum { COUNT_MAX = 1 << 20 };
#define STEPS_MAX ((int64_t)1 << 48) /* nobody trains as long, and whoever counts on from there overflows nothing */

void fer_train_state_clear(struct fer_train_state *state)
{
    free(state->drawn);
    free(state->updates);
    free(state->schedules);
    free(state->sums);
    free(state->scales);
    *state = (struct fer_train_state){ 0 };
}

static bool allocate(struct fer_train_state *state)
{
    state->drawn = calloc((size_t)state->ndata + 1, sizeof(*state->drawn));
    state->updates = calloc((size_t)state->nupdates + 1, sizeof(*state->updates));
    state->schedules = calloc((size_t)state->nschedules * FER_SCHEDULE_STATE + 1, sizeof(*state->schedules));
    state->sums = calloc((size_t)state->nlosses + 1, sizeof(*state->sums));
    return state->drawn && state->updates && state->schedules && state->sums;
}

enum fer_status fer_train_state_begin(struct fer_train_state *state, int stage, int ndata, int nupdates, int nschedules,
                                      int nlosses, struct fer_error *err)
{
    struct fer_train_state fresh = { .stage = stage,
                                     .all_turns = state->all_turns,
                                     .log_lines = state->log_lines,
                                     .precision = state->precision,
                                     .ndata = ndata,
                                     .nupdates = nupdates,
                                     .nschedules = nschedules,
                                     .nlosses = nlosses };

    fer_train_state_clear(state);
    *state = fresh;
    return allocate(state) ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
}

enum fer_status fer_train_state_scales(struct fer_train_state *state, int count, struct fer_error *err)
{
    double *scales = calloc((size_t)count + 1, sizeof(*scales));

    if (!scales)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    free(state->scales);
    state->scales = scales;
    state->nscales = count;
    return FER_OK;
}

static json_t *longs(const long *items, int count)
{
    json_t *array = json_array();

    for (int i = 0; i < count; i++)
        fer_json_append(&array, json_integer(items[i]));
    return array;
}

static json_t *doubles(const double *items, int count)
{
    json_t *array = json_array();

    for (int i = 0; i < count; i++)
        fer_json_append(&array, json_real(items[i]));
    return array;
}

json_t *fer_train_state_json(const struct fer_train_state *s)
{
    char tuned[17];
    json_t *state = json_pack(
        "{s:i, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "stage", s->stage, "step", (json_int_t)s->turns,
        "all_steps", (json_int_t)s->all_turns, "epoch", (json_int_t)s->epochs, "drawn", longs(s->drawn, s->ndata),
        "updates", longs(s->updates, s->nupdates), "schedules",
        doubles(s->schedules, s->nschedules * FER_SCHEDULE_STATE), "loss_sums", doubles(s->sums, s->nlosses), "summed",
        (json_int_t)s->summed, "epochs_since_best", (json_int_t)s->since_best, "log_lines", (json_int_t)s->log_lines);

    snprintf(tuned, sizeof(tuned), "%016" PRIx64, s->tuned);
    if (s->has_best)
        fer_json_set(&state, "best", json_real(s->best));
    if (s->precision != FER_FP32)
        fer_json_set(&state, "precision", json_string(fer_precision_name(s->precision)));
    if (s->nscales > 0)
        fer_json_set(&state, "loss_scales", doubles(s->scales, s->nscales));
    if (s->tuned)
        fer_json_set(&state, "tuned", json_string(tuned));
    return state;
}

static bool read_long(const json_t *object, const char *key, long *out)
{
    const json_t *value = json_object_get(object, key);

    *out = (long)json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= STEPS_MAX;
}

static bool read_longs(const json_t *array, long *out)
{
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        out[i] = (long)json_integer_value(item);
        if (!json_is_integer(item) || out[i] < 0 || out[i] > STEPS_MAX)
            return false;
    }
    return true;
}

static bool read_doubles(const json_t *array, double *out)
{
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        out[i] = json_number_value(item);
        if (!json_is_number(item))
            return false;
    }
    return true;
}

static bool parse(struct fer_train_state *s, const json_t *state)
{
    const json_t *drawn = json_object_get(state, "drawn"), *updates = json_object_get(state, "updates");
    const json_t *schedules = json_object_get(state, "schedules"), *sums = json_object_get(state, "loss_sums");
    const json_t *best = json_object_get(state, "best"), *scales = json_object_get(state, "loss_scales");
    const char *precision = json_string_value(json_object_get(state, "precision"));
    const char *tuned = json_string_value(json_object_get(state, "tuned"));
    long stage;

    if (!read_long(state, "stage", &stage) || stage > COUNT_MAX || json_array_size(drawn) > COUNT_MAX ||
        json_array_size(updates) > COUNT_MAX || json_array_size(schedules) > COUNT_MAX ||
        json_array_size(sums) > COUNT_MAX || json_array_size(scales) > COUNT_MAX ||
        fer_precision_parse(precision, &s->precision, NULL) != FER_OK ||
        fer_train_state_scales(s, (int)json_array_size(scales), NULL) != FER_OK ||
        json_array_size(schedules) % FER_SCHEDULE_STATE != 0)
        return false;
    s->stage = (int)stage;
    s->ndata = (int)json_array_size(drawn);
    s->nupdates = (int)json_array_size(updates);
    s->nschedules = (int)json_array_size(schedules) / FER_SCHEDULE_STATE;
    s->nlosses = (int)json_array_size(sums);
    s->has_best = best != NULL;
    s->best = json_number_value(best);
    s->tuned = tuned ? strtoull(tuned, NULL, 16) : 0;
    return allocate(s) && read_long(state, "step", &s->turns) && read_long(state, "all_steps", &s->all_turns) &&
           read_long(state, "epoch", &s->epochs) && read_long(state, "summed", &s->summed) &&
           read_long(state, "epochs_since_best", &s->since_best) && read_long(state, "log_lines", &s->log_lines) &&
           read_longs(drawn, s->drawn) && read_longs(updates, s->updates) && read_doubles(schedules, s->schedules) &&
           read_doubles(sums, s->sums) && read_doubles(scales, s->scales);
}

enum fer_status fer_train_state_parse(struct fer_train_state *state, const char *text, struct fer_error *err)
{
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool ok;

    *state = (struct fer_train_state){ 0 };
    ok = json && parse(state, json);
    json_decref(json);
    if (ok)
        return FER_OK;
    fer_train_state_clear(state);
    return fer_fail(err, FER_EFORMAT, "its metadata 'state' does not say where training was");
}
