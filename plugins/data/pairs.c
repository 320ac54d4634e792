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
};

static const struct fer_param *const params[] = {
    FER_PARAM(FER_TYPE_PATH, struct pairs, references.path, "reference", "", 0, 0, NULL,
              "CSV of reference pictures with the columns path and label; other samples of the set by default"),
    FER_PARAM_FLOAT(struct pairs, ratio, "0.5", 0, 1, "share of pairs of the same class"),
    NULL
};

enum { STREAM_KIND, STREAM_PARTNER, TRIES = 4096 };

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
    wanted = fer_random_below(random, (uint64_t)place * TRIES, fitting);
    for (size_t i = 0; i < count; i++) {
        if (fits(wish, label, i) && wanted-- == 0) {
            *chosen = i;
            return true;
        }
    }
    return false;
}

/* When a class has a single picture, or there is a single class, the other kind of pair has to do. */
static enum fer_status choose(const struct pairs *pairs, struct wish wish, const int *label, size_t count, uint64_t key,
                              size_t place, size_t *chosen, struct fer_error *err)
{
    wish.same = fer_random_uniform((struct fer_random){ key, STREAM_KIND }, place) < pairs->ratio;
    if (draw(&wish, label, count, key, place, chosen))
        return FER_OK;
    wish.same = !wish.same;
    if (draw(&wish, label, count, key, place, chosen))
        return FER_OK;
    return fer_fail(err, FER_EINVAL, "a pair needs two pictures, there are %zu", count);
}

static enum fer_status partner(const void *options, size_t count, const int *label, uint64_t key, size_t place,
                               size_t index, size_t *partner, struct fer_error *err)
{
    return choose(options, (struct wish){ label[index], false, index }, label, count, key, place, partner, err);
}

static enum fer_status refer(const void *options, int label, size_t references, const int *reference_label, uint64_t key,
                             size_t place, size_t *reference, struct fer_error *err)
{
    return choose(options, (struct wish){ label, false, SIZE_MAX }, reference_label, references, key, place, reference, err);
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
        return fer_fail_argument(err, FER_EINVAL, "reference", "references are matched by label: say `labels \"a\", \"b\"` "
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
