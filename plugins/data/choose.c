/* SPDX-License-Identifier: Apache-2.0
 *
 * Samplers that choose samples by label, subject or chance: keep, group, fold, split.
 */
#include "data.h"

#include <fer/host.h>

static enum fer_status need_labels(const int *label, size_t count, struct fer_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (label[i] < 0)
            return fer_fail(err, FER_EINVAL, "the samples have no labels; the reader must give them");
    }
    return FER_OK;
}

/* ---- keep: some classes, renumbered from 0; group: several classes as one ---- */

struct keep {
    struct fer_ints labels;
};
struct group {
    struct fer_int_lists labels;
    int others;
};

static const struct fer_param *const keep_params[] = {
    FER_PARAM_INTS(struct keep, labels, NULL, 0, 65535, "classes to keep; the first becomes class 0"), NULL
};
static const struct fer_param *const group_params[] = {
    FER_PARAM(FER_TYPE_INT_LISTS, struct group, labels, "labels", NULL, 0, 65535, NULL,
              "lists of classes; those of the first become class 0"),
    FER_PARAM_ENUM(struct group, others, "error", others_names,
                   "what becomes of classes that are in none of the lists"),
    NULL
};

/* The list that holds class `label`; -1: none. */
static int find_group(const struct fer_int_lists *lists, int label)
{
    for (int i = 0; i < lists->count; i++) {
        for (int k = 0; k < lists->items[i].count; k++) {
            if (lists->items[i].items[k] == label)
                return i;
        }
    }
    return -1;
}

static enum fer_status check_groups(const struct fer_int_lists *lists, const struct fer_data_env *env,
                                    struct fer_error *err)
{
    if (lists->count == 0)
        return fer_fail_argument(err, FER_EINVAL, "labels", "the list of labels is empty");
    for (int i = 0; i < lists->count; i++) {
        for (int k = 0; k < lists->items[i].count; k++) {
            int label = lists->items[i].items[k];

            if (env->nlabels > 0 && label >= env->nlabels)
                return fer_fail_argument(err, FER_EINVAL, "labels",
                                         "label %d is outside [0, %d]; the description has %d "
                                         "labels, counted from 0",
                                         label, env->nlabels - 1, env->nlabels);
            if (find_group(lists, label) != i)
                return fer_fail_argument(err, FER_EINVAL, "labels", "label %d is in two places", label);
            for (int j = 0; j < k; j++) {
                if (lists->items[i].items[j] == label)
                    return fer_fail_argument(err, FER_EINVAL, "labels", "label %d is in two places", label);
            }
        }
    }
    return FER_OK;
}

static enum fer_status regroup(const struct fer_int_lists *lists, const struct fer_data_env *env, size_t count,
                               int *label, bool *keep, struct fer_error *err)
{
    enum fer_status status = check_groups(lists, env, err);

    if (!status)
        status = need_labels(label, count, err);
    for (size_t i = 0; i < count && !status; i++) {
        int group = find_group(lists, label[i]);

        keep[i] = group >= 0;
        label[i] = group >= 0 ? group : label[i];
    }
    return status;
}

/* A class that was forgotten would vanish without a word. */
static enum fer_status check_others(const struct fer_int_lists *lists, const struct fer_data_env *env, size_t count,
                                    const int *label, struct fer_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (label[i] >= 0 && find_group(lists, label[i]) < 0)
            return fer_fail_argument(err, FER_EINVAL, "labels",
                                     "label %d (%s) is in none of the groups; add it to one, or "
                                     "leave its pictures out with others=drop",
                                     label[i], label[i] < env->nlabels ? env->labels[label[i]] : "without a name");
    }
    return FER_OK;
}

static enum fer_status group_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                    const int *subject, bool *keep, struct fer_error *err)
{
    const struct group *group = params;
    enum fer_status status = check_groups(&group->labels, env, err);

    (void)subject;
    if (!status && group->others == OTHERS_ERROR)
        status = check_others(&group->labels, env, count, label, err);
    return status ? status : regroup(&group->labels, env, count, label, keep, err);
}

/* Keeping classes is grouping them one by one. */
static enum fer_status keep_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                   const int *subject, bool *keep, struct fer_error *err)
{
    const struct fer_ints *labels = &((const struct keep *)params)->labels;
    struct fer_ints *items = calloc((size_t)labels->count + 1, sizeof(*items));
    struct fer_int_lists lists = { labels->count, items };
    enum fer_status status;

    (void)subject;
    if (!items)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %d labels", labels->count);
    for (int i = 0; i < labels->count; i++)
        items[i] = (struct fer_ints){ 1, &labels->items[i] };
    status = regroup(&lists, env, count, label, keep, err);
    free(items);
    return status;
}

const struct fer_sampler data_keep = {
    .size = sizeof(struct fer_sampler),
    .name = "keep",
    .help = "some classes only, numbered anew from 0",
    .params = keep_params,
    .params_size = sizeof(struct keep),
    .select = keep_select,
};
const struct fer_sampler data_group = {
    .size = sizeof(struct fer_sampler),
    .name = "group",
    .help = "several classes as one, numbered anew from 0",
    .params = group_params,
    .params_size = sizeof(struct group),
    .select = group_select,
};

/* ---- fold: subject-exclusive cross-validation; split: by chance, class by class ---- */

enum { TRAIN, VALID, TEST };
static const char *const parts[] = { "train", "valid", "test", NULL };

struct fold {
    int k, i, part, seed, valid;
};

static const char *const valid_words[] = { "next", "none", NULL };
enum { VALID_NEXT = -1, VALID_NONE = -2 };

static const struct fer_param *const fold_params[] = {
    FER_PARAM_INT(struct fold, k, NULL, 2, 1000, "subsets; no subject is in two of them"),
    FER_PARAM_INT(struct fold, i, NULL, 0, 999, "subset to test on, from 0"),
    FER_PARAM_ENUM(struct fold, part, "train", parts, "part to read"),
    FER_PARAM_INT(struct fold, seed, "0", 0, 2147483647, "of the drawing"),
    FER_PARAM(FER_TYPE_INT, struct fold, valid, "valid", "next", 0, 999, valid_words,
              "subset for validation: the one after i, none (all others train), or a number"),
    NULL
};

static int by_value(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* The subjects that there are, in order; a reader may give any numbers.  The caller frees *out. */
static enum fer_status list_subjects(const int *subject, size_t count, int **out, size_t *distinct,
                                     struct fer_error *err)
{
    int *list = malloc((count + 1) * sizeof(*list));
    size_t n = 0;

    *out = list;
    if (!list)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu subjects", count);
    memcpy(list, subject, count * sizeof(*list));
    qsort(list, count, sizeof(*list), by_value);
    for (size_t i = 0; i < count; i++) {
        if (n == 0 || list[n - 1] != list[i])
            list[n++] = list[i];
    }
    *distinct = n;
    return FER_OK;
}

/* Subjects are shuffled and dealt out to the k subsets; subset[s] of the s-th.  The caller frees *out. */
static enum fer_status deal(const struct fold *fold, size_t subjects, int **out, struct fer_error *err)
{
    size_t *order = malloc((subjects + 1) * sizeof(*order));
    int *subset = malloc((subjects + 1) * sizeof(*subset));

    *out = subset;
    if (!order || !subset) {
        free(order);
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu subjects", subjects);
    }
    for (size_t s = 0; s < subjects; s++)
        order[s] = s;
    fer_random_permute((struct fer_random){ (uint64_t)fold->seed, 0 }, order, subjects);
    for (size_t i = 0; i < subjects; i++)
        subset[order[i]] = (int)(i % (size_t)fold->k);
    free(order);
    if (subjects < (size_t)fold->k)
        return fer_fail_argument(err, FER_EINVAL, "k",
                                 "%zu subjects cannot be dealt out to %d subsets; k may be %zu at most", subjects,
                                 fold->k, subjects);
    return FER_OK;
}

static enum fer_status fold_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                   const int *subject, bool *keep, struct fer_error *err)
{
    const struct fold *fold = params;
    int *list = NULL, *subset = NULL, valid = fold->valid == VALID_NEXT ? (fold->i + 1) % fold->k : fold->valid;
    size_t subjects = 0;
    enum fer_status status;

    (void)env;
    (void)label;
    if (fold->i >= fold->k)
        return fer_fail_argument(err, FER_EINVAL, "i", "i=%d is outside [0, %d]", fold->i, fold->k - 1);
    if (valid >= fold->k || valid == fold->i)
        return fer_fail_argument(err, FER_EINVAL, "valid", "valid=%d should be another subset of [0, %d] than i=%d",
                                 valid, fold->k - 1, fold->i);
    for (size_t i = 0; i < count; i++) {
        if (subject[i] < 0)
            return fer_fail(err, FER_EINVAL,
                            "sample %zu has no subject; ckplus, jaffe and kdef know theirs, a manifest needs "
                            "a column 'subject'; `split` divides without subjects",
                            i);
    }
    status = list_subjects(subject, count, &list, &subjects, err);
    if (!status)
        status = deal(fold, subjects, &subset, err);
    for (size_t i = 0; i < count && !status; i++) {
        const int *at = bsearch(&subject[i], list, subjects, sizeof(*list), by_value);
        int part = subset[at - list] == fold->i ? TEST : subset[at - list] == valid ? VALID : TRAIN;

        keep[i] = part == fold->part;
    }
    free(list);
    free(subset);
    return status;
}

const struct fer_sampler data_fold = {
    .size = sizeof(struct fer_sampler),
    .name = "fold",
    .help = "subject-exclusive cross-validation: k subsets, one to test on, one to validate, the others to train",
    .params = fold_params,
    .params_size = sizeof(struct fold),
    .select = fold_select,
};

struct split {
    int part;
    double valid, test;
    int seed;
};

static const struct fer_param *const split_params[] = {
    FER_PARAM_ENUM(struct split, part, NULL, parts, "part to read"),
    FER_PARAM_FLOAT(struct split, valid, "0.1", 0, 0.9, "share of each class for valid"),
    FER_PARAM_FLOAT(struct split, test, "0.1", 0, 0.9, "share of each class for test"),
    FER_PARAM_INT(struct split, seed, "0", 0, 2147483647, "of the drawing"), NULL
};

static enum fer_status split_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                    const int *subject, bool *keep, struct fer_error *err)
{
    const struct split *split = params;
    uint8_t *part = malloc(count);
    enum fer_status status;

    (void)env;
    (void)subject;
    if (!part)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", count);
    status = split_stratified(label, count, split->valid, split->test, (uint64_t)split->seed, part, err);
    for (size_t i = 0; i < count && !status; i++)
        keep[i] = part[i] == split->part;
    free(part);
    return status;
}

const struct fer_sampler data_split = {
    .size = sizeof(struct fer_sampler),
    .name = "split",
    .help = "train, valid or test, drawn by chance with the same share of every class",
    .params = split_params,
    .params_size = sizeof(struct split),
    .select = split_select,
};
