/* SPDX-License-Identifier: Apache-2.0
 *
 * FER+: ten people's votes on each picture of FER2013, row by row in the order of FER2013's CSV.  Its pictures are PNG
 * files that https://github.com/microsoft/FERPlus writes, or FER2013's CSV itself. Barsoum, Zhang, Canton Ferrer,
 * Zhang: Training deep networks for facial expression recognition with crowd-sourced label distribution (ICMI 2016),
 * arXiv:1608.01041.
 */
#include "data.h"

#include "csv.h"
#include "expression.h"
#include "fer2013.h"
#include "files.h"

enum { VOTED = EXPRESSIONS, REJECTIONS = 2, OUTLIER = 1 };

/* Votes for expressions stand in the order of NUMBERS_FERPLUS. */
static const char *const columns_voted[VOTED + REJECTIONS] = { "neutral", "happiness", "surprise", "sadness", "anger",
                                                               "disgust", "fear",      "contempt", "unknown", "NF" };

enum { MAJORITY, PLURALITY, DISTRIBUTION };
static const char *const targets[] = { "majority", "plurality", "distribution", NULL };

struct ferplus {
    const char *path;
    struct division division;
    const char *images;
    int target;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct ferplus, path, NULL, "fer2013new.csv, the votes; or a packed file"),
    DIVISION_PARAMS(struct ferplus),
    FER_PARAM_PATH(struct ferplus, images, "",
                   "folder of the pictures, or of FER2013Train, FER2013Valid and FER2013Test; "
                   "or fer2013.csv; the folder of the votes by default"),
    FER_PARAM_ENUM(struct ferplus, target, "majority", targets,
                   "label by more than half of the votes, other pictures are left "
                   "out; by most votes; or the field soft, the share of each class, besides the label with most votes"),
    ONLY_PARAM(struct ferplus),
    NULL
};

struct votes {
    const struct ferplus *options;
    int usage, name, column[VOTED + REJECTIONS];
    char folder[PATH_SIZE];
    struct csv joined; /* FER2013's rows, where they are the pictures */
    int joined_pixels, joined_usage;
    uint8_t *pixels; /* of one of them; NULL: pictures are files */
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
static enum fer_status add_file(struct catalog *catalog, const struct votes *votes, const struct csv *csv,
                                const char *split, struct entry **entry, struct fer_error *err)
{
    const char *below = !strcmp(split, "train")   ? "FER2013Train/"
                        : !strcmp(split, "valid") ? "FER2013Valid/"
                        : !strcmp(split, "test")  ? "FER2013Test/"
                                                  : "";
    char path[2 * PATH_SIZE];

    snprintf(path, sizeof(path), "%s%s", votes->folder, below);
    if (!is_folder(path))
        below = "";
    if (snprintf(path, sizeof(path), "%s%s%s", votes->folder, below, csv->fields[votes->name]) >= (int)sizeof(path))
        return csv_fail(csv, err, "the path is too long");
    return catalog_add(catalog, path, entry, err);
}

/* The next row of FER2013, which is about the same picture as the votes. */
static enum fer_status join_row(struct votes *votes, const struct csv *csv, struct fer_error *err)
{
    struct csv *joined = &votes->joined;
    bool more = true;
    enum fer_status status = csv_next(joined, &more, err);

    if (status)
        return status;
    if (!more) {
        fer_fail(err, FER_EFORMAT, "'%s' has no row for it; is it the whole of FER2013?", joined->path);
        return csv_prefix(csv, err);
    }
    if (strcmp(csv->fields[votes->usage], joined->fields[votes->joined_usage]) == 0)
        return FER_OK;
    fer_fail(err, FER_EFORMAT, "Usage is '%.32s', but '%.32s' in %s, line %ld: rows must be in the same order",
             csv->fields[votes->usage], joined->fields[votes->joined_usage], joined->path, joined->line);
    return csv_prefix(csv, err);
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

static enum fer_status add_soft(struct catalog *catalog, const double count[VOTED], struct fer_error *err)
{
    float soft[FER_MAX_SOFT] = { 0 };
    double total = 0;
    int place[VOTED];

    for (int i = 0; i < VOTED; i++) {
        enum expression expression = numberings[NUMBERS_FERPLUS].order[i];

        place[i] = catalog->env->nlabels > 0 ? catalog->expression[expression] : (int)expression;
        total += place[i] >= 0 ? count[i] : 0;
    }
    for (int i = 0; i < VOTED; i++) {
        if (place[i] >= 0)
            soft[place[i]] += (float)(count[i] / total);
    }
    return catalog_soft(catalog, soft, err);
}

static enum fer_status read_row(struct catalog *catalog, struct votes *votes, const struct csv *csv,
                                struct fer_error *err)
{
    const char *split = split_canonical(csv->fields[votes->usage]);
    double count[VOTED + REJECTIONS], total;
    struct entry *entry;
    int most, label;
    enum fer_status status = votes->pixels ? join_row(votes, csv, err) : FER_OK;

    if (status)
        return status;
    if (*csv->fields[votes->name] == '\0')
        return FER_OK; /* pictures that FER+ took out have votes and no name */
    if (count_votes(votes, csv, count, &total, &most, err))
        return FER_EFORMAT;
    if (most >= VOTED || count[most] == 0 || (votes->options->target == MAJORITY && count[most] * 2 <= total))
        return FER_OK;
    status = expression_label(catalog, numberings[NUMBERS_FERPLUS].order[most], &label, err);
    if (status)
        return csv_prefix(csv, err);
    if (label == LEFT_OUT)
        return FER_OK;
    if (votes->pixels)
        status = pixels_add(catalog, csv->fields[votes->name], &votes->joined, votes->joined_pixels, votes->pixels,
                            &entry, err);
    else
        status = add_file(catalog, votes, csv, split, &entry, err);
    if (status)
        return status;
    entry->label = label;
    if (catalog_name(catalog, &catalog->splits, split, &entry->split, err))
        return FER_ENOMEM;
    return votes->options->target == DISTRIBUTION ? add_soft(catalog, count, err) : FER_OK;
}

/* Where the pictures are. */
static enum fer_status find_pictures(struct votes *votes, const char *path, struct fer_error *err)
{
    const char *images = votes->options->images, *slash = strrchr(path, '/');
    enum fer_status status;
    int length;

    if (images && *images && !is_file(images))
        length = snprintf(votes->folder, sizeof(votes->folder), "%s/", images);
    else
        length = snprintf(votes->folder, sizeof(votes->folder), "%.*s", slash ? (int)(slash - path) + 1 : 0, path);
    if (length >= (int)sizeof(votes->folder))
        return fer_fail_argument(err, FER_EINVAL, "images", "the path is longer than %zu bytes",
                                 sizeof(votes->folder) - 1);
    if (!images || !is_file(images))
        return FER_OK;
    votes->pixels = malloc(MOST_PIXELS);
    if (!votes->pixels)
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", path);
    status = csv_open(&votes->joined, images, err);
    if (!status)
        status = csv_need(&votes->joined, "pixels", &votes->joined_pixels, err);
    return status ? status : csv_need(&votes->joined, "Usage", &votes->joined_usage, err);
}

static enum fer_status prepare(struct catalog *catalog, const struct votes *votes, struct fer_error *err)
{
    catalog->fields |= FER_FIELD_LABEL;
    if (votes->options->target != DISTRIBUTION)
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
        status = find_pictures(&votes, path, err);
    if (!status)
        status = prepare(catalog, &votes, err);
    while (!status) {
        status = csv_next(&csv, &more, err);
        if (status || !more)
            break;
        status = read_row(catalog, &votes, &csv, err);
    }
    csv_close(&csv);
    csv_close(&votes.joined);
    free(votes.pixels);
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
