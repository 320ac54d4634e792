/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of pictures as CSV: path,label,split and, if there are such columns, subject, mask (as `fer occlude`
 * writes them), x0,y0,x1,y1 (face box) and lx0,ly0,lx1,ly1,… (landmarks).
 */
#include "data.h"

#include "csv.h"
#include "expression.h"
#include "manifest.h"

#include <fer/host.h>

struct columns {
    int path, label, split, subject, mask, box[4];
    int landmarks, landmark[FER_MAX_LANDMARKS][2];
};

static enum fer_status find_box(const struct csv *csv, struct columns *columns, struct fer_error *err)
{
    static const char *const names[4] = { "x0", "y0", "x1", "y1" };
    int found = 0;

    for (int i = 0; i < 4; i++) {
        columns->box[i] = csv_column(csv, names[i]);
        found += columns->box[i] >= 0;
    }
    if (found != 0 && found != 4)
        return fer_fail(err, FER_EFORMAT, "%s, line 1: a face box needs the columns x0, y0, x1 and y1", csv->path);
    return FER_OK;
}

static enum fer_status find_landmarks(const struct csv *csv, struct columns *columns, struct fer_error *err)
{
    for (columns->landmarks = 0; columns->landmarks <= FER_MAX_LANDMARKS; columns->landmarks++) {
        char x[16], y[16];
        int at[2];

        snprintf(x, sizeof(x), "lx%d", columns->landmarks);
        snprintf(y, sizeof(y), "ly%d", columns->landmarks);
        at[0] = csv_column(csv, x);
        at[1] = csv_column(csv, y);
        if (at[0] < 0 && at[1] < 0)
            return FER_OK;
        if (at[0] < 0 || at[1] < 0)
            return fer_fail(err, FER_EFORMAT, "%s, line 1: landmark %d needs both columns, %s and %s", csv->path,
                            columns->landmarks, x, y);
        if (columns->landmarks == FER_MAX_LANDMARKS)
            break;
        memcpy(columns->landmark[columns->landmarks], at, sizeof(at));
    }
    return fer_fail(err, FER_EFORMAT, "%s, line 1: more than %d landmarks", csv->path, FER_MAX_LANDMARKS);
}

static enum fer_status find_columns(const struct csv *csv, struct columns *columns, bool labels, struct fer_error *err)
{
    enum fer_status status = csv_need(csv, "path", &columns->path, err);

    columns->label = -1;
    if (!status && labels)
        status = csv_need(csv, "label", &columns->label, err);
    columns->split = csv_column(csv, "split");
    columns->subject = csv_column(csv, "subject");
    columns->mask = csv_column(csv, "mask");
    if (!status)
        status = find_box(csv, columns, err);
    return status ? status : find_landmarks(csv, columns, err);
}

static enum fer_status read_points(struct catalog *catalog, const struct csv *csv, const struct columns *columns,
                                   struct entry *entry, struct fer_error *err)
{
    float points[FER_MAX_LANDMARKS][2] = { { 0 } };
    double value;

    for (int i = 0; i < 4 && columns->box[0] >= 0; i++) {
        if (csv_number(csv, columns->box[i], -1e6, 1e6, &value, err))
            return FER_EFORMAT;
        entry->box[i] = (float)value;
    }
    for (int i = 0; i < columns->landmarks * 2; i++) {
        if (csv_number(csv, columns->landmark[i / 2][i % 2], -1e6, 1e6, &value, err))
            return FER_EFORMAT;
        points[i / 2][i % 2] = (float)value;
    }
    return columns->landmarks ? catalog_landmarks(catalog, points[0], err) : FER_OK;
}

/* A path of the row in full: from the list's folder. */
static enum fer_status full_path(const struct csv *csv, int column, const char *name, const char *folder,
                                 char full[4096], struct fer_error *err)
{
    const char *path = csv->fields[column];
    const bool fits = snprintf(full, 4096, "%s%s", *path == '/' ? "" : folder, path) < 4096;
    char text[64];

    if (*path && fits)
        return FER_OK;
    snprintf(text, sizeof(text), "the %s is %s", name, fits ? "empty" : "longer than 4095 bytes");
    return csv_fail(csv, err, text);
}

static enum fer_status read_row(struct catalog *catalog, const struct csv *csv, const struct columns *columns,
                                const char *folder, int numbers, struct fer_error *err)
{
    const char *name;
    char full[4096];
    struct entry *entry;
    int label = -1;
    enum fer_status status = full_path(csv, columns->path, "path", folder, full, err);

    if (status)
        return status;
    if (columns->label >= 0)
        status = numbering_text(numbers, csv->fields[columns->label], &name, err);
    if (!status && columns->label >= 0)
        status = catalog_label(catalog, name, &label, err);
    if (status)
        return csv_prefix(csv, err);
    if (label == LEFT_OUT)
        return FER_OK;
    status = catalog_add(catalog, full, &entry, err);
    if (status)
        return status;
    entry->label = label;
    if (columns->split >= 0 && *csv->fields[columns->split])
        status =
            catalog_name(catalog, &catalog->splits, split_canonical(csv->fields[columns->split]), &entry->split, err);
    if (!status && columns->subject >= 0 && *csv->fields[columns->subject])
        status = catalog_name(catalog, &catalog->subjects, csv->fields[columns->subject], &entry->subject, err);
    if (!status)
        status = read_points(catalog, csv, columns, entry, err);
    if (status || columns->mask < 0)
        return status;
    status = full_path(csv, columns->mask, "mask", folder, full, err);
    return status ? status : catalog_mask(catalog, full, err);
}

enum fer_status manifest_read(struct catalog *catalog, const char *path, bool labels, int numbers,
                              struct fer_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
    struct columns columns;
    struct csv csv;
    bool more = true;
    enum fer_status status = csv_open(&csv, path, err);

    if (!status && !folder)
        status = fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", path);
    if (!status)
        status = find_columns(&csv, &columns, labels, err);
    if (!status) {
        catalog->landmarks = columns.landmarks;
        catalog->fields |= (columns.label >= 0 ? FER_FIELD_LABEL : 0) | (columns.subject >= 0 ? FER_FIELD_SUBJECT : 0) |
                           (columns.box[0] >= 0 ? FER_FIELD_BOX : 0) | (columns.landmarks ? FER_FIELD_LANDMARKS : 0) |
                           (columns.mask >= 0 ? FER_FIELD_MASK : 0);
    }
    while (!status) {
        status = csv_next(&csv, &more, err);
        if (status || !more)
            break;
        status = read_row(catalog, &csv, &columns, folder, numbers, err);
    }
    csv_close(&csv);
    free(folder);
    return status;
}

struct manifest {
    const char *path;
    struct division division;
    bool labels;
    int numbers;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct manifest, path, NULL,
                   "CSV with the columns path, label and split; paths are relative to it; or a "
                   "packed file"),
    DIVISION_PARAMS(struct manifest),
    FER_PARAM_BOOL(struct manifest, labels, "yes", "there is a column label, with names or numbers"),
    NUMBERS_PARAM(struct manifest),
    ONLY_PARAM(struct manifest),
    NULL
};

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    const struct manifest *manifest = options;

    return manifest_read(catalog, path, manifest->labels, manifest->numbers, err);
}

static enum fer_status open_manifest(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                     unsigned *fields, struct fer_error *err)
{
    const struct manifest *manifest = options;

    return catalog_open(fill, options, manifest->path, &manifest->division, env, state, count, fields, err);
}

const struct fer_reader data_manifest = {
    .size = sizeof(struct fer_reader),
    .name = "manifest",
    .help = "pictures listed in a CSV file",
    .params = params,
    .params_size = sizeof(struct manifest),
    .open = open_manifest,
    CATALOG_READER,
};
