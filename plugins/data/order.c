/* SPDX-License-Identifier: Apache-2.0
 *
 * Samplers that say in which order samples come: shuffle, balanced; and take, the first few.
 */
#include "data.h"

#include <fer/host.h>

struct shuffle {
    bool on;
};

static const struct fer_param *const shuffle_params[] = {
    FER_PARAM_BOOL(struct shuffle, on, "yes", "no: training takes the samples in their own order"), NULL
};

static enum fer_status shuffle_order(const void *params, size_t count, const int *label, uint64_t key, size_t *order,
                                     struct fer_error *err)
{
    (void)label;
    (void)err;
    if (((const struct shuffle *)params)->on)
        fer_random_permute((struct fer_random){ key, 0 }, order, count);
    return FER_OK;
}

const struct fer_sampler data_shuffle = {
    .size = sizeof(struct fer_sampler),
    .name = "shuffle",
    .help = "a new order every training epoch (training does so by itself; shuffle no keeps the order)",
    .params = shuffle_params,
    .params_size = sizeof(struct shuffle),
    .order = shuffle_order,
};

static const struct fer_param *const no_params[] = { NULL };

static int classes_of(const int *label, size_t count)
{
    int most = -1;

    for (size_t i = 0; i < count; i++)
        most = label[i] > most ? label[i] : most;
    return most + 1;
}

/* Samples by class: members of class k are from[k] … from[k + 1] - 1. */
static void sort_by_class(const int *label, size_t count, int classes, size_t *from, size_t *member)
{
    for (size_t i = 0; i < count; i++)
        from[label[i] + 1]++;
    for (int k = 0; k < classes; k++)
        from[k + 1] += from[k];
    for (size_t i = count; i-- > 0;)
        member[--from[label[i] + 1]] = i;
    /* Every from[k + 1] has moved to the start of class k. */
    memmove(from, from + 1, (size_t)classes * sizeof(*from));
    from[classes] = count;
}

/* At opening already, so that `fer check` finds it. */
static enum fer_status balanced_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                       const int *subject, bool *keep, struct fer_error *err)
{
    (void)params;
    (void)env;
    (void)subject;
    (void)keep;
    for (size_t i = 0; i < count; i++) {
        if (label[i] < 0)
            return fer_fail(err, FER_EINVAL, "the samples have no labels to balance; the reader must give them");
    }
    return FER_OK;
}

/* Draw a class uniformly, then one of its samples: each sample's weight is the inverse of its class's size. */
static enum fer_status balanced_order(const void *params, size_t count, const int *label, uint64_t key, size_t *order,
                                      struct fer_error *err)
{
    int classes = classes_of(label, count), present = 0;
    size_t *from = NULL, *member = NULL;
    int *class = NULL;
    enum fer_status status = FER_OK;

    (void)params;
    from = calloc((size_t)classes + 2, sizeof(*from));
    member = malloc(count * sizeof(*member));
    class = calloc((size_t)classes + 1, sizeof(*class));
    if (!from || !member || !class) {
        status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", count);
        goto done;
    }
    sort_by_class(label, count, classes, from, member);
    for (int k = 0; k < classes; k++) {
        if (from[k + 1] > from[k])
            class[present++] = k;
    }
    for (size_t i = 0; i < count; i++) {
        int k = class[fer_random_below((struct fer_random){ key, 0 }, i, (size_t)present)];

        order[i] = member[from[k] + fer_random_below((struct fer_random){ key, 1 }, i, from[k + 1] - from[k])];
    }
done:
    free(from);
    free(member);
    free(class);
    return status;
}

const struct fer_sampler data_balanced = {
    .size = sizeof(struct fer_sampler),
    .name = "balanced",
    .help = "training draws every class equally often (with repetition; weights are inverse class frequencies)",
    .params = no_params,
    .params_size = sizeof(struct shuffle),
    .select = balanced_select,
    .order = balanced_order,
};

struct take {
    int count;
};

static const struct fer_param *const take_params[] = {
    FER_PARAM_INT(struct take, count, NULL, 1, 2147483647, "samples to keep"), NULL
};

static enum fer_status take_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                   const int *subject, bool *keep, struct fer_error *err)
{
    size_t first = (size_t)((const struct take *)params)->count;

    (void)env;
    (void)label;
    (void)subject;
    (void)err;
    for (size_t i = first; i < count; i++)
        keep[i] = false;
    return FER_OK;
}

const struct fer_sampler data_take = {
    .size = sizeof(struct fer_sampler),
    .name = "take",
    .help = "the first samples only",
    .params = take_params,
    .params_size = sizeof(struct take),
    .select = take_select,
};
