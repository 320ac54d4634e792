/* SPDX-License-Identifier: Apache-2.0
 *
 * FER+: ten people's votes on each picture of FER2013.
 * Barsoum, Zhang, Canton Ferrer, Zhang: Training deep networks for facial expression recognition with crowd-sourced label
 * distribution (ICMI 2016), arXiv:1608.01041.
 */
#include "data.h"

#include "csv.h"
#include "expression.h"

#include <sys/stat.h>

enum { VOTED = EXPRESSIONS, REJECTIONS = 2, OUTLIER = 1 };

static const enum expression voted[VOTED] = { NEUTRAL, HAPPY, SURPRISE, SAD, ANGRY, DISGUST, FEAR, CONTEMPT };
static const char *const columns_voted[VOTED + REJECTIONS] = {
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"
};

enum { MAJORITY, DISTRIBUTION };
static const char *const targets[] = { "majority", "distribution", NULL };
enum { OTHERS_ERROR, OTHERS_DROP };
static const char *const others[] = { "error", "drop", NULL };

struct ferplus {
    const char *path;
    struct division division;
    const char *images;
    int target, others;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct ferplus, path, NULL, "fer2013new.csv, the votes; or a packed file"),
    DIVISION_PARAMS(struct ferplus),
    FER_PARAM_PATH(struct ferplus, images, "", "folder of the pictures, or of FER2013Train, FER2013Valid and FER2013Test; "
                   "the folder of the CSV by default"),
    FER_PARAM_ENUM(struct ferplus, target, "majority", targets, "label by more than half of the votes, others are left out; or "
                   "the field soft, the share of each class, besides the label with most votes"),
    FER_PARAM_ENUM(struct ferplus, others, "error", others, "what becomes of pictures whose expression is not among the labels"),
    NULL
};

struct votes {
    const struct ferplus *options;
    int usage, name, column[VOTED + REJECTIONS];
    int label[VOTED]; /* of the description; -1: none */
    char folder[4096];
};

static enum fer_status find_columns(struct votes *votes, const struct csv *csv, struct fer_error *err)
{
    enum fer_status status = csv_need(csv, "Image name", &votes->name, err);

    if (!status)
        status = csv_need(csv, "Usage", &votes->usage, err);
    for (int i = 0; i < VOTED + REJECTIONS && !status; i++)
        status = csv_need(csv, columns_voted[i], &votes->column[i], err);
    return status;
}

/* The folder of a split beside the votes, or the pictures' own. */
static enum fer_status picture_path(const struct votes *votes, const struct csv *csv, const char *split, char *path,
                                    size_t size, struct fer_error *err)
{
    const char *below = !strcmp(split, "train")   ? "FER2013Train/"
                        : !strcmp(split, "valid") ? "FER2013Valid/"
                        : !strcmp(split, "test")  ? "FER2013Test/"
                                                  : "";
    char folder[4200];
    struct stat info;

    snprintf(folder, sizeof(folder), "%s%s", votes->folder, below);
    if (stat(folder, &info) || !S_ISDIR(info.st_mode))
        below = "";
    if (snprintf(path, size, "%s%s%s", votes->folder, below, csv->fields[votes->name]) >= (int)size)
        return csv_fail(csv, err, "the path is too long");
    return FER_OK;
}

/* A single vote is an outlier and does not count, as in the scripts that were published with the votes. */
static enum fer_status count_votes(const struct votes *votes, const struct csv *csv, double count[VOTED + REJECTIONS],
                                   double *total, int *most, struct fer_error *err)
{
    *total = 0;
    *most = 0;
    for (int i = 0; i < VOTED + REJECTIONS; i++) {
        if (csv_number(csv, votes->column[i], 0, 1000, &count[i], err))
            return FER_EFORMAT;
        count[i] = count[i] <= OUTLIER ? 0 : count[i];
        *total += count[i];
        *most = count[i] > count[*most] ? i : *most;
    }
    return FER_OK;
}

static enum fer_status add_soft(struct catalog *catalog, const struct votes *votes, const double count[VOTED],
                                struct fer_error *err)
{
    float soft[FER_MAX_SOFT] = { 0 };
    double total = 0;

    for (int i = 0; i < VOTED; i++)
        total += votes->label[i] >= 0 ? count[i] : 0;
    for (int i = 0; i < VOTED; i++) {
        if (votes->label[i] >= 0)
            soft[votes->label[i]] += (float)(count[i] / total);
    }
    return catalog_soft(catalog, soft, err);
}

static enum fer_status read_row(struct catalog *catalog, const struct votes *votes, const struct csv *csv,
                                struct fer_error *err)
{
    const char *split = split_canonical(csv->fields[votes->usage]);
    double count[VOTED + REJECTIONS], total;
    struct entry *entry;
    char path[8400];
    int most;

    if (*csv->fields[votes->name] == '\0')
        return FER_OK; /* pictures that FER+ took out have votes and no name */
    if (count_votes(votes, csv, count, &total, &most, err))
        return FER_EFORMAT;
    if (most >= VOTED || count[most] == 0 || (votes->options->target == MAJORITY && count[most] * 2 <= total))
        return FER_OK;
    if (votes->label[most] < 0) {
        if (votes->options->others == OTHERS_DROP)
            return FER_OK;
        expression_fail(voted[most], err);
        fer_fail_prefix(err, "others=drop leaves such pictures out");
        return csv_prefix(csv, err);
    }
    if (picture_path(votes, csv, split, path, sizeof(path), err) || catalog_add(catalog, path, &entry, err))
        return err ? err->status : FER_EFORMAT;
    entry->label = votes->label[most];
    if (catalog_name(catalog, &catalog->splits, split, &entry->split, err))
        return FER_ENOMEM;
    return votes->options->target == DISTRIBUTION ? add_soft(catalog, votes, count, err) : FER_OK;
}

static enum fer_status prepare(struct catalog *catalog, struct votes *votes, const char *path, struct fer_error *err)
{
    const char *images = votes->options->images, *slash = strrchr(path, '/');
    int length;

    if (images && *images)
        length = snprintf(votes->folder, sizeof(votes->folder), "%s/", images);
    else
        length = snprintf(votes->folder, sizeof(votes->folder), "%.*s", slash ? (int)(slash - path) + 1 : 0, path);
    if (length >= (int)sizeof(votes->folder))
        return fer_fail_argument(err, FER_EINVAL, "images", "the path is longer than %zu bytes", sizeof(votes->folder) - 1);
    if (expression_labels(catalog, voted, VOTED, votes->label, err))
        return FER_ENOMEM;
    catalog->fields |= FER_FIELD_LABEL;
    if (votes->options->target == MAJORITY)
        return FER_OK;
    catalog->fields |= FER_FIELD_SOFT;
    catalog->softs = catalog->env->nlabels > 0 ? catalog->env->nlabels : VOTED;
    if (catalog->softs > FER_MAX_SOFT)
        return fer_fail_argument(err, FER_ENOTSUP, "target", "soft labels of more than %d classes", FER_MAX_SOFT);
    return FER_OK;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    struct votes votes = { .options = options };
    struct csv csv;
    bool more = true;
    enum fer_status status = csv_open(&csv, path, err);

    if (!status)
        status = find_columns(&votes, &csv, err);
    if (!status)
        status = prepare(catalog, &votes, path, err);
    while (!status) {
        status = csv_next(&csv, &more, err);
        if (status || !more)
            break;
        status = read_row(catalog, &votes, &csv, err);
    }
    csv_close(&csv);
    return status;
}

static enum fer_status open_ferplus(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                    unsigned *fields, struct fer_error *err)
{
    const struct ferplus *ferplus = options;

    return catalog_open(fill, options, ferplus->path, &ferplus->division, env, state, count, fields, err);
}

const struct fer_reader data_ferplus = {
    .size = sizeof(struct fer_reader),
    .name = "ferplus",
    .help = "FER+: votes on the pictures of FER2013, as majority or as distribution",
    .params = params,
    .params_size = sizeof(struct ferplus),
    .open = open_ferplus,
    CATALOG_READER,
};
