/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of pictures, of the same class or of different ones: for siamese networks.
 */
#include "data.h"

#include "expression.h"
#include "manifest.h"

#include <fer/host.h>

/* What the reader of the references is given. */
struct references {
    const char *path;
};

struct pairs {
    struct references references;
    double ratio;
    int first;
};

static const struct fer_param *const params[] = {
    FER_PARAM(FER_TYPE_PATH, struct pairs, references.path, "reference", "", 0, 0, NULL,
              "CSV of reference pictures with the columns path and label; other samples of the set by default"),
    FER_PARAM_FLOAT(struct pairs, ratio, "0.5", 0, 1, "share of pairs of the same class"),
    FER_PARAM_INT(struct pairs, first, "0", 0, 65536,
                  "only the first so many of each class are partners, of the set or of "
                  "the references; 0: all"),
    NULL
};

enum { STREAM_KIND, STREAM_PARTNER, STREAM_COUNTED, TRIES = 4096 };

/* Whether a candidate is what the pair wants. */
struct wish {
    int label;
    bool same;
    size_t not_this; /* a picture is no partner of its own */
};

static bool fits(const struct wish *wish, const int *label, size_t i)
{
    return i != wish->not_this && (label[i] == wish->label) == wish->same;
}

/* A uniform choice among those that fit: by trial, which is short but for rare classes; then by counting. */
static bool draw(const struct wish *wish, const int *label, size_t count, uint64_t key, size_t place, size_t *chosen)
{
    struct fer_random random = { key, STREAM_PARTNER };
    size_t fitting = 0, wanted;

    for (size_t k = 0; k < TRIES && k < count; k++) {
        *chosen = fer_random_below(random, (uint64_t)place * TRIES + k, count);
        if (fits(wish, label, *chosen))
            return true;
    }
    for (size_t i = 0; i < count; i++)
        fitting += fits(wish, label, i);
    /* another number than those that have missed: these are no longer uniform */
    wanted = fer_random_below((struct fer_random){ key, STREAM_COUNTED }, place, fitting);
    for (size_t i = 0; i < count; i++) {
        if (fits(wish, label, i) && wanted-- == 0) {
            *chosen = i;
            return true;
        }
    }
    return false;
}

/* Visit the first `first` samples of each class; those that fit are counted, and the wanted-th of them chosen. */
static size_t pick_first(const struct wish *wish, const int *label, size_t count, int first, int *seen, size_t wanted,
                         size_t *chosen)
{
    size_t fitting = 0;

    for (size_t i = 0; i < count; i++) {
        if (seen[label[i]]++ < first && fits(wish, label, i) && fitting++ == wanted)
            *chosen = i;
    }
    return fitting;
}

static enum fer_status draw_first(const struct wish *wish, const int *label, size_t count, int first, uint64_t key,
                                  size_t place, bool *found, size_t *chosen, struct fer_error *err)
{
    int classes = 0, *seen;
    size_t fitting;

    for (size_t i = 0; i < count; i++)
        classes = label[i] >= classes ? label[i] + 1 : classes;
    seen = calloc(2 * (size_t)classes, sizeof(*seen));
    if (!seen)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %d classes", classes);
    fitting = pick_first(wish, label, count, first, seen, SIZE_MAX, chosen);
    *found = fitting > 0;
    if (*found)
        pick_first(wish, label, count, first, seen + classes,
                   fer_random_below((struct fer_random){ key, STREAM_PARTNER }, place, fitting), chosen);
    free(seen);
    return FER_OK;
}

/* When a class has a single picture, or there is a single class, the other kind of pair has to do. */
static enum fer_status choose(const struct pairs *pairs, struct wish wish, const int *label, size_t count, uint64_t key,
                              size_t place, size_t *chosen, struct fer_error *err)
{
    wish.same = fer_random_uniform((struct fer_random){ key, STREAM_KIND }, place) < pairs->ratio;
    for (int turn = 0; turn < 2; turn++, wish.same = !wish.same) {
        bool found = false;
        enum fer_status status = FER_OK;

        if (pairs->first > 0)
            status = draw_first(&wish, label, count, pairs->first, key, place, &found, chosen, err);
        else
            found = draw(&wish, label, count, key, place, chosen);
        if (status || found)
            return status;
    }
    return fer_fail(err, FER_EINVAL, "a pair needs two pictures, there are %zu", count);
}

static enum fer_status partner(const void *options, size_t count, const int *label, uint64_t key, size_t place,
                               size_t index, size_t *partner, struct fer_error *err)
{
    return choose(options, (struct wish){ label[index], false, index }, label, count, key, place, partner, err);
}

static enum fer_status refer(const void *options, int label, size_t references, const int *reference_label,
                             uint64_t key, size_t place, size_t *reference, struct fer_error *err)
{
    return choose(options, (struct wish){ label, false, SIZE_MAX }, reference_label, references, key, place, reference,
                  err);
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    (void)options;
    return manifest_read(catalog, path, true, NUMBERS_NONE, err);
}

static enum fer_status open_references(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                       unsigned *fields, struct fer_error *err)
{
    const struct references *references = options;
    static const struct division all = { .split = "" };
    struct fer_data_env own = *env;

    if (env->nlabels == 0)
        return fer_fail_argument(err, FER_EINVAL, "reference",
                                 "references are matched by label: say `labels \"a\", \"b\"` "
                                 "in the description");
    own.override_path = NULL; /* --data replaces the set, not the references */
    return catalog_open(fill, options, references->path, &all, &own, state, count, fields, err);
}

static const struct fer_reader reference_reader = {
    .size = sizeof(struct fer_reader),
    .name = "reference",
    .help = "reference pictures of pairs",
    .params_size = sizeof(struct references),
    .open = open_references,
    CATALOG_READER,
};

static const void *reference_params(const void *options)
{
    const struct pairs *pairs = options;

    return pairs->references.path && *pairs->references.path ? &pairs->references : NULL;
}

const struct fer_sampler data_pairs = {
    .size = sizeof(struct fer_sampler),
    .name = "pairs",
    .help = "add a second picture, of the same class or of another: image2, label2, same",
    .params = params,
    .params_size = sizeof(struct pairs),
    .partner = partner,
    .references = &reference_reader,
    .reference_params = reference_params,
    .refer = refer,
};
