/* SPDX-License-Identifier: Apache-2.0
 *
 * FER2013 as it was published: a CSV of emotion (0–6), pixels (numbers from 0 to 255 with spaces between) and Usage.
 * Goodfellow et al.: Challenges in representation learning (ICONIP 2013), arXiv:1307.0414.
 */
#include "data.h"

#include "fer2013.h"

struct fer2013 {
    const char *path;
    struct division division;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct fer2013, path, NULL, "CSV with the columns emotion, pixels and Usage; or a packed file"),
    DIVISION_PARAMS(struct fer2013), NULL
};

struct columns {
    int emotion, pixels, usage;
};

/* Numbers up to `most`; -1 when the text is something else. */
static int read_pixels(const char *text, uint8_t *pixels, int most)
{
    int count = 0;

    for (;;) {
        int value = 0;

        text += strspn(text, " ");
        if (*text == '\0')
            return count;
        if (*text < '0' || *text > '9' || count == most)
            return -1;
        for (; *text >= '0' && *text <= '9'; text++) {
            value = value * 10 + (*text - '0');
            if (value > 255)
                return -1;
        }
        pixels[count++] = (uint8_t)value;
    }
}

static int square_root(int count)
{
    int side = 0;

    while (side * side < count)
        side++;
    return side * side == count ? side : 0;
}

enum fer_status pixels_add(struct catalog *catalog, const char *name, const struct csv *csv, int column,
                           uint8_t *pixels, struct entry **entry, struct fer_error *err)
{
    int count = read_pixels(csv->fields[column], pixels, MOST_PIXELS), side = count > 0 ? square_root(count) : 0;
    enum fer_status status;

    if (side == 0)
        return csv_fail(csv, err, "the pixels are not a square of numbers from 0 to 255");
    if (catalog->count > 0 && side != catalog->side) {
        fer_fail(err, FER_EFORMAT, "a picture of %d x %d pixels, but the first has %d x %d", side, side, catalog->side,
                 catalog->side);
        return csv_prefix(csv, err);
    }
    catalog->side = side;
    status = catalog_add(catalog, name, entry, err);
    return status ? status : catalog_pixels(catalog, pixels, err);
}

static enum fer_status read_row(struct catalog *catalog, const struct csv *csv, const struct columns *columns,
                                int numbers, uint8_t *pixels, struct fer_error *err)
{
    enum expression expression;
    struct entry *entry;
    double emotion;
    char name[32];
    int label;
    enum fer_status status = csv_number(csv, columns->emotion, 0, 1000, &emotion, err);

    if (status)
        return status;
    status = numbering_find(numbers, emotion, &expression, err);
    if (!status)
        status = expression_label(catalog, expression, &label, err);
    if (status)
        return csv_prefix(csv, err);
    if (label == LEFT_OUT)
        return FER_OK;
    snprintf(name, sizeof(name), "line %ld", csv->line);
    status = pixels_add(catalog, name, csv, columns->pixels, pixels, &entry, err);
    if (status)
        return status;
    entry->label = label;
    if (columns->usage >= 0 && *csv->fields[columns->usage])
        status =
            catalog_name(catalog, &catalog->splits, split_canonical(csv->fields[columns->usage]), &entry->split, err);
    return status;
}

static enum fer_status read_rows(struct catalog *catalog, struct csv *csv, int numbers, struct fer_error *err)
{
    uint8_t *pixels = malloc(MOST_PIXELS);
    struct columns columns = { 0 };
    bool more = true;
    enum fer_status status = FER_OK;

    if (!pixels)
        status = fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", csv->path);
    if (!status)
        status = csv_need(csv, "emotion", &columns.emotion, err);
    if (!status)
        status = csv_need(csv, "pixels", &columns.pixels, err);
    columns.usage = csv_column(csv, "Usage");
    while (!status) {
        status = csv_next(csv, &more, err);
        if (status || !more)
            break;
        status = read_row(catalog, csv, &columns, numbers, pixels, err);
    }
    free(pixels);
    return status;
}

enum fer_status fer2013_read(struct catalog *catalog, const char *path, int numbers, struct fer_error *err)
{
    struct csv csv;
    enum fer_status status = csv_open(&csv, path, err);

    catalog->fields |= FER_FIELD_LABEL;
    if (!status)
        status = read_rows(catalog, &csv, numbers, err);
    csv_close(&csv);
    return status;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    (void)options;
    return fer2013_read(catalog, path, NUMBERS_FER2013, err);
}

static enum fer_status open_fer2013(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                    unsigned *fields, struct fer_error *err)
{
    const struct fer2013 *fer2013 = options;

    return catalog_open(fill, options, fer2013->path, &fer2013->division, env, state, count, fields, err);
}

const struct fer_reader data_fer2013 = {
    .size = sizeof(struct fer_reader),
    .name = "fer2013",
    .help = "the CSV file of FER2013: emotion,pixels,Usage",
    .params = params,
    .params_size = sizeof(struct fer2013),
    .open = open_fer2013,
    CATALOG_READER,
};
