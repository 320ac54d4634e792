/* SPDX-License-Identifier: Apache-2.0
 *
 * Which samples belong to train, valid and test.
 */
#include "data.h"

#include <fer/host.h>

#include <math.h>
#include <strings.h>

static const char *const parts[] = { "train", "valid", "test" };

const char *split_canonical(const char *name)
{
    static const struct {
        const char *alias;
        int part;
    } aliases[] = {
        { "train", 0 }, { "training", 0 },   { "valid", 1 }, { "val", 1 },     { "validation", 1 },
        { "dev", 1 },   { "publictest", 1 }, { "test", 2 },  { "testing", 2 }, { "privatetest", 2 },
    };

    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strcasecmp(aliases[i].alias, name) == 0)
            return parts[aliases[i].part];
    }
    return name;
}

/* Shuffle the members of one class and give the first of them to valid, the next to test. */
static void divide_class(size_t *members, size_t count, double valid, double test, struct fer_random random,
                         uint8_t *part)
{
    size_t first = (size_t)llround((double)count * valid), second = (size_t)llround((double)count * (valid + test));

    fer_random_permute(random, members, count);
    for (size_t i = 0; i < count; i++)
        part[members[i]] = i < first ? 1 : i < second ? 2 : 0;
}

enum fer_status split_stratified(const int *label, size_t count, double valid, double test, uint64_t seed,
                                 uint8_t *part, struct fer_error *err)
{
    size_t *members;
    int most = -1;

    if (valid + test >= 1)
        return fer_fail(err, FER_EINVAL, "valid=%g and test=%g leave nothing to train on", valid, test);
    members = malloc(count * sizeof(*members));
    if (!members)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", count);
    for (size_t i = 0; i < count; i++)
        most = label[i] > most ? label[i] : most;
    for (int class = -1; class <= most; class ++) {
        size_t n = 0;

        for (size_t i = 0; i < count; i++) {
            if (label[i] == class)
                members[n++] = i;
        }
        divide_class(members, n, valid, test, (struct fer_random){ seed, (uint32_t)(class + 1) }, part);
    }
    free(members);
    return FER_OK;
}

/* Draw the splits that the data does not have. */
static enum fer_status draw(struct catalog *catalog, const struct division *division, struct fer_error *err)
{
    int *label = malloc(catalog->count * sizeof(*label)), number[3];
    uint8_t *part = malloc(catalog->count);
    enum fer_status status = FER_OK;

    if (!label || !part)
        status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", catalog->count);
    for (size_t i = 0; i < catalog->count && !status; i++)
        label[i] = catalog->entries[i].label;
    if (!status)
        status = split_stratified(label, catalog->count, division->valid, division->test, (uint64_t)division->seed,
                                  part, err);
    for (int i = 0; i < 3 && !status; i++)
        status = catalog_name(catalog, &catalog->splits, parts[i], &number[i], err);
    for (size_t i = 0; i < catalog->count && !status; i++)
        catalog->entries[i].split = number[part[i]];
    free(label);
    free(part);
    return status;
}

/* "train, valid" */
static void list_splits(const struct catalog *catalog, char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < catalog->splits.count && i < 8; i++) {
        size_t used = strlen(text);

        snprintf(text + used, size - used, "%s%.32s", i ? ", " : "", catalog_text(catalog, &catalog->splits, i));
    }
}

static enum fer_status choose(struct catalog *catalog, const char *split, const char *place, struct fer_error *err)
{
    const char *wanted = split_canonical(split);
    char list[400];
    size_t count = 0;

    for (size_t i = 0; i < catalog->count; i++) {
        const char *name = catalog_text(catalog, &catalog->splits, catalog->entries[i].split);

        if (name && strcmp(split_canonical(name), wanted) == 0)
            catalog_move(catalog, i, count++);
    }
    list_splits(catalog, list, sizeof(list));
    if (count == 0)
        return fer_fail_argument(err, FER_ENOTFOUND, "split", "'%s' has no samples of split '%.64s'; it has %s", place,
                                 split, list);
    catalog->count = count;
    return FER_OK;
}

struct ranked {
    const char *text;
    int number;
};

/* Whole numbers by value, other names as bytes. */
static int compare_ranked(const void *a, const void *b)
{
    return strverscmp(((const struct ranked *)a)->text, ((const struct ranked *)b)->text);
}

/* Without `labels` in the description classes are numbered by name, not in the order of their coming. */
static enum fer_status sort_labels(struct catalog *catalog, struct fer_error *err)
{
    size_t count = (size_t)catalog->labels.count;
    struct ranked *ranked = calloc(count + 1, sizeof(*ranked));
    int *place = calloc(count + 1, sizeof(*place));
    size_t *text = calloc(count + 1, sizeof(*text));
    enum fer_status status = FER_OK;

    if (!ranked || !place || !text) {
        status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu classes", count);
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){ catalog_text(catalog, &catalog->labels, (int)i), (int)i };
    qsort(ranked, count, sizeof(*ranked), compare_ranked);
    for (size_t i = 0; i < count; i++) {
        place[ranked[i].number] = (int)i;
        text[i] = catalog->labels.text[ranked[i].number];
    }
    if (count)
        memcpy(catalog->labels.text, text, count * sizeof(*text));
    for (size_t i = 0; i < catalog->count; i++) {
        int *label = &catalog->entries[i].label;

        *label = *label >= 0 && (size_t)*label < count ? place[*label] : *label;
    }
done:
    free(ranked);
    free(place);
    free(text);
    return status;
}

enum fer_status catalog_finish(struct catalog *catalog, const struct division *division, const char *place,
                               struct fer_error *err)
{
    bool drawn = division->valid > 0 || division->test > 0, divided = catalog->splits.count > 0;
    const char *split = division->split ? division->split : "";
    enum fer_status status = FER_OK;

    if (catalog->count == 0)
        return fer_fail(err, FER_EFORMAT, "'%s' has no samples", place);
    if (drawn && divided)
        return fer_fail_argument(err, FER_EINVAL, division->valid > 0 ? "valid" : "test",
                                 "'%s' has splits of its own; leave valid= and test= out, or draw anew with "
                                 "`| split train`",
                                 place);
    if (*split && !drawn && !divided)
        return fer_fail_argument(err, FER_ENOTFOUND, "split",
                                 "'%s' is not divided into splits; say which share to draw, "
                                 "as in valid=0.1 test=0.1",
                                 place);
    if (catalog->env->nlabels == 0 && !catalog->pack && !catalog->ordered)
        status = sort_labels(catalog, err);
    if (!status && drawn)
        status = draw(catalog, division, err);
    if (!status && *split)
        status = choose(catalog, split, place, err);
    return status;
}
