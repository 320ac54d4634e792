/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader: a sample is a code and a label, a pure function of (seed, split, index).
 */
#include "synthface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct synthface params;
    double low, high; /* of the intensity */
    int classes;
    enum synthface_expression expression[SYNTHFACE_EXPRESSIONS]; /* in turn … */
    int label[SYNTHFACE_EXPRESSIONS];                            /* … with these labels */
};

/* Streams of random numbers. */
enum { SUBJECT, PICTURE };

static enum fer_status add_class(struct reader *reader, enum synthface_expression expression, int label,
                                 struct fer_error *err)
{
    for (int i = 0; i < reader->classes; i++)
        if (reader->expression[i] == expression)
            return fer_fail(err, FER_EINVAL, "two labels mean the expression '%s'; keep one of them",
                            synthface_expression_name(expression));
    reader->expression[reader->classes] = expression;
    reader->label[reader->classes++] = label;
    return FER_OK;
}

static enum fer_status classes_from_labels(struct reader *reader, const struct fer_data_env *env, struct fer_error *err)
{
    for (int label = 0; label < env->nlabels; label++) {
        const enum synthface_expression expression = synthface_expression_find(env->labels[label]);
        if (expression == SYNTHFACE_EXPRESSIONS)
            return fer_fail(err, FER_EINVAL,
                            "it cannot draw the label \"%.40s\"; it knows neutral, happy, sad, surprise, fear, "
                            "disgust, angry and contempt",
                            env->labels[label]);
        const enum fer_status status = add_class(reader, expression, label, err);
        if (status != FER_OK)
            return status;
    }
    return FER_OK;
}

static enum fer_status find_classes(struct reader *reader, const struct fer_data_env *env, struct fer_error *err)
{
    const int wanted = reader->params.classes;
    if (wanted != 0 && wanted < 7)
        return fer_fail_argument(err, FER_EINVAL, "classes", "classes=%d; it is 7, 8 (with contempt) or 0", wanted);
    if (env->nlabels > 0) {
        const enum fer_status status = classes_from_labels(reader, env, err);
        if (status != FER_OK)
            return status;
    } else {
        for (int i = 0; i < (wanted ? wanted : 7); i++) {
            const enum fer_status status = add_class(reader, (enum synthface_expression)i, i, err);
            if (status != FER_OK)
                return status;
        }
    }
    if (wanted && wanted != reader->classes)
        return fer_fail_argument(err, FER_EINVAL, "classes", "classes=%d, but `labels` names %d expressions", wanted,
                                 reader->classes);
    return FER_OK;
}

static enum fer_status find_intensity(struct reader *reader, struct fer_error *err)
{
    const struct fer_floats *range = &reader->params.intensity;
    if (range->count < 1 || range->count > 2 || range->items[0] > range->items[range->count - 1])
        return fer_fail_argument(err, FER_EINVAL, "intensity", "intensity is [lowest, highest], for example [0.4, 1]");
    reader->low = range->items[0];
    reader->high = range->items[range->count - 1];
    reader->params.intensity = (struct fer_floats){ 0 };
    return FER_OK;
}

static enum fer_status reader_open(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                   unsigned *fields, struct fer_error *err)
{
    if (env->override_path)
        return fer_fail(
            err, FER_EINVAL,
            "faces are rendered and not read, so there is no path that '%.200s' could replace; write another "
            "reader into the description, such as folder",
            env->override_path);
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    reader->params = *(const struct synthface *)params;
    enum fer_status status = find_intensity(reader, err);
    if (status == FER_OK)
        status = find_classes(reader, env, err);
    if (status == FER_OK && reader->params.channels == 2)
        status = fer_fail_argument(err, FER_EINVAL, "channels", "channels=2; it is 1 (gray) or 3 (RGB)");
    if (status != FER_OK) {
        free(reader);
        return status;
    }
    *state = reader;
    *count = (size_t)reader->params.count;
    *fields = FER_FIELD_CODE | FER_FIELD_LABEL | FER_FIELD_SUBJECT | FER_FIELD_ID;
    return FER_OK;
}

/* Expressions take turns, and each subject shows every one before the next subject comes. */
static enum fer_status reader_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                     struct fer_error *err)
{
    const struct reader *reader = state;
    const struct synthface *params = &reader->params;
    (void)err;
    const size_t class = index % (size_t)reader->classes;
    const size_t subject = index / (size_t)reader->classes % (size_t)params->subjects;
    const uint32_t seed = (uint32_t)params->seed, split = (uint32_t)params->split;
    sample->id = (uint32_t)index;
    sample->label = reader->label[class];
    sample->subject = (int)subject + params->split * 1000000;
    sample->has = FER_FIELD_LABEL | FER_FIELD_SUBJECT | FER_FIELD_ID;
    if (!(what & FER_FIELD_CODE))
        return FER_OK;
    sample->has |= FER_FIELD_CODE;
    sample->codes = SYNTHFACE_CODE_COUNT;
    memset(sample->code, 0, sizeof sample->code);
    struct synthface_random who = synthface_random_start(seed, SUBJECT, split, (uint32_t)subject);
    synthface_identity(sample->code, params, &who);
    struct synthface_random how = synthface_random_start(seed, PICTURE, split, (uint32_t)index);
    const double intensity = synthface_random_between(&how, reader->low, reader->high);
    synthface_action(sample->code, reader->expression[class], intensity, params->jitter, &how);
    synthface_view(sample->code, params, &how);
    return FER_OK;
}

static const char *reader_split(void *state, size_t index)
{
    const struct reader *reader = state;
    (void)index;
    return synthface_splits[reader->params.split];
}

static const char *reader_label_name(void *state, int label)
{
    const struct reader *reader = state;
    for (int i = 0; i < reader->classes; i++)
        if (reader->label[i] == label)
            return synthface_expression_name(reader->expression[i]);
    return NULL;
}

static void reader_sample_name(void *state, size_t index, char *text, size_t size)
{
    snprintf(text, size, "synthface %s %zu", reader_split(state, index), index);
}

const struct fer_reader synthface_reader = {
    .size = sizeof synthface_reader,
    .name = "synthface",
    .help = "Rendered faces with known expressions, landmarks and boxes; no files needed",
    .params = synthface_params,
    .params_size = sizeof(struct synthface),
    .open = reader_open,
    .sample = reader_sample,
    .close = free,
    .render = &synthface_render,
    .codes = SYNTHFACE_CODE_COUNT,
    .split = reader_split,
    .label_name = reader_label_name,
    .sample_name = reader_sample_name,
};
_Static_assert(SYNTHFACE_CODE_COUNT <= FER_MAX_CODE, "the code of a face fits a sample");
