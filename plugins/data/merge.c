/* SPDX-License-Identifier: Apache-2.0
 *
 * Several data sets as one: one after another, under the description's labels.  Samples have the fields that all sets
 * have.
 */
#include "data.h"

struct merge {
    struct fer_readers sets;
};

static const struct fer_param *const params[] = { FER_PARAM(FER_TYPE_READERS, struct merge, sets, "sets", NULL, 0, 0,
                                                            NULL,
                                                            "names of data sets that are a reader and nothing else"),
                                                  NULL };

struct part {
    struct fer_bound_reader set;
    void *state;
    bool open;
    size_t first, count; /* samples of the whole */
    int subject;         /* number of its first subject */
};

struct merged {
    int count;
    unsigned fields;
    struct part parts[];
};

static void close_merged(void *state)
{
    struct merged *merged = state;

    for (int i = 0; i < merged->count; i++) {
        if (merged->parts[i].open && merged->parts[i].set.reader->close)
            merged->parts[i].set.reader->close(merged->parts[i].state);
    }
    free(merged);
}

static enum fer_status open_part(struct part *part, const struct fer_data_env *env, unsigned *fields,
                                 struct fer_error *err)
{
    const struct fer_reader *reader = part->set.reader;
    struct fer_data_env own = *env;
    enum fer_status status;

    if (reader->render)
        return fer_fail(err, FER_ENOTSUP,
                        "the pictures of %s are rendered on the device; only pictures that are read can be "
                        "merged",
                        reader->name);
    own.override_path = part->set.override_path;
    status = reader->open(part->set.params, &own, &part->state, &part->count, fields, err);
    if (status)
        return fer_fail_prefix(err, "%s", reader->name);
    part->open = true;
    return FER_OK;
}

struct survey {
    int subjects, landmarks, softs; /* subjects so far; points and shares of the first sample */
};

/* What a part adds to the numbers of subjects, and whether its landmarks and soft labels are as many as those before.
 */
static enum fer_status survey(struct merged *merged, int index, struct survey *all, struct fer_error *err)
{
    struct part *part = &merged->parts[index];
    const struct fer_reader *reader = part->set.reader;
    int most = -1;

    part->subject = all->subjects;
    for (size_t i = 0; i < part->count; i++) {
        struct fer_sample sample = { .subject = -1 };
        enum fer_status status =
            reader->sample(part->state, i, merged->fields & ~(unsigned)FER_FIELD_IMAGE, &sample, err);

        most = sample.has & FER_FIELD_SUBJECT && sample.subject > most ? sample.subject : most;
        if (index == 0 && i == 0)
            *all = (struct survey){ 0, sample.landmarks, sample.softs };
        if (sample.landmarks != all->landmarks)
            merged->fields &= ~(unsigned)FER_FIELD_LANDMARKS;
        if (sample.softs != all->softs)
            merged->fields &= ~(unsigned)FER_FIELD_SOFT;
        fer_sample_free(&sample);
        if (status)
            return status;
    }
    if (most > INT32_MAX - all->subjects - 1)
        return fer_fail(err, FER_EFORMAT, "its subjects have numbers up to %d, which is more than can be counted",
                        most);
    all->subjects += most + 1;
    return FER_OK;
}

static enum fer_status open_parts(struct merged *merged, const struct merge *merge, const struct fer_data_env *env,
                                  size_t *count, struct fer_error *err)
{
    struct survey all = { 0 };
    enum fer_status status = FER_OK;

    *count = 0;
    merged->fields = ~0u;
    for (int i = 0; i < merge->sets.count && !status; i++) {
        struct part *part = &merged->parts[merged->count++];
        unsigned fields = 0;

        part->set = merge->sets.items[i];
        part->first = *count;
        status = open_part(part, env, &fields, err);
        merged->fields &= fields;
        *count += part->count;
        if (status)
            fer_fail_prefix(err, "%s", part->set.name);
    }
    for (int i = 0; i < merged->count && !status; i++) {
        status = survey(merged, i, &all, err);
        if (status)
            fer_fail_prefix(err, "%s", merged->parts[i].set.name);
    }
    return status;
}

static enum fer_status open_merged(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                   unsigned *fields, struct fer_error *err)
{
    const struct merge *merge = options;
    struct merged *merged;
    enum fer_status status;

    if (merge->sets.count == 0)
        return fer_fail_argument(err, FER_EINVAL, "sets", "there is no set to merge");
    if (env->nlabels == 0)
        return fer_fail_argument(err, FER_EINVAL, "sets",
                                 "sets are merged by the names of their classes: say `labels \"a\", "
                                 "\"b\"` in the description");
    if (env->override_path)
        return fer_fail_argument(err, FER_EINVAL, "sets",
                                 "it has no path that '%s' could replace; replace that of a set, as "
                                 "in --data %s=PATH",
                                 env->override_path, merge->sets.items[0].name);
    merged = calloc(1, sizeof(*merged) + (size_t)merge->sets.count * sizeof(merged->parts[0]));
    if (!merged)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %d sets", merge->sets.count);
    status = open_parts(merged, merge, env, count, err);
    if (status) {
        close_merged(merged);
        return status;
    }
    *fields = merged->fields | FER_FIELD_ID;
    *state = merged;
    return FER_OK;
}

static const struct part *find_part(const struct merged *merged, size_t index)
{
    int i = merged->count - 1;

    while (merged->parts[i].first > index)
        i--;
    return &merged->parts[i];
}

static enum fer_status sample_merged(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                     struct fer_error *err)
{
    const struct merged *merged = state;
    const struct part *part = find_part(merged, index);
    enum fer_status status = part->set.reader->sample(part->state, index - part->first, what, sample, err);

    if (status)
        return fer_fail_prefix(err, "%s", part->set.name);
    sample->has = (sample->has & merged->fields) | FER_FIELD_ID;
    sample->id = (uint32_t)index;
    sample->subject += sample->subject >= 0 ? part->subject : 0;
    if (!(merged->fields & FER_FIELD_LANDMARKS))
        sample->landmarks = 0;
    if (!(merged->fields & FER_FIELD_SOFT))
        sample->softs = 0;
    return FER_OK;
}

static const char *split_merged(void *state, size_t index)
{
    const struct part *part = find_part(state, index);

    return part->set.reader->split ? part->set.reader->split(part->state, index - part->first) : NULL;
}

static void name_merged(void *state, size_t index, char *text, size_t size)
{
    const struct part *part = find_part(state, index);

    if (part->set.reader->sample_name)
        part->set.reader->sample_name(part->state, index - part->first, text, size);
    else
        snprintf(text, size, "%s, sample %zu", part->set.name, index - part->first);
}

const struct fer_reader data_merge = {
    .size = sizeof(struct fer_reader),
    .name = "merge",
    .help = "several data sets as one, each by its name",
    .params = params,
    .params_size = sizeof(struct merge),
    .open = open_merged,
    .sample = sample_merged,
    .close = close_merged,
    .split = split_merged,
    .sample_name = name_merged,
};
