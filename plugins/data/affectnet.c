/* SPDX-License-Identifier: Apache-2.0
 *
 * AffectNet (Mollahosseini, Hasani, Mahoor: AffectNet: a database for facial expression, valence, and arousal computing
 * in the wild, IEEE TAC 2017, arXiv:1708.03985), as its owners give it out, in one of two layouts:
 *
 *     Manually_Annotated_file_lists/training.csv, validation.csv   subDirectory_filePath,face_x,face_y,face_width,
 *                                                                  face_height,facial_landmarks,expression,valence,
 *                                                                  arousal
 *     Manually_Annotated_Images/689/737db2….jpg                    with a box and 68 landmarks in each picture's pixels
 *
 *     train_set/images/12.jpg, train_set/annotations/12_exp.npy    the release of 8 classes, 224 x 224; and val_set
 *
 * The lists may also lie in the folder itself, and the pictures in Manually_Annotated/.  Rows whose expression is 8
 * (none), 9 (uncertain) or 10 (no face) are left out.  The test set is not public: results are given on the validation
 * set.
 */
#include "data.h"

#include "csv.h"
#include "expression.h"
#include "files.h"
#include "npy.h"

#include <fer/host.h>

enum { POINTS = 68, NO_EXPRESSION = 8, NO_FACE = 10 };

struct affectnet {
    const char *path;
    struct division division;
    const char *images;
    bool landmarks;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct affectnet, path, NULL,
                   "folder with the lists training.csv and validation.csv and the pictures; or with "
                   "train_set and val_set; or a packed file"),
    DIVISION_PARAMS(struct affectnet),
    FER_PARAM_PATH(struct affectnet, images, "",
                   "of the lists: the folder Manually_Annotated_Images, where it is elsewhere"),
    FER_PARAM_BOOL(struct affectnet, landmarks, "no", "of the lists: read the 68 landmarks; every row must have them"),
    ONLY_PARAM(struct affectnet),
    NULL
};

/* ---- lists ---- */

static const char *const column_names[] = {
    "subDirectory_filePath", "face_x",     "face_y",  "face_width", "face_height",
    "facial_landmarks",      "expression", "valence", "arousal",    NULL
};
enum { NAME, X, Y, WIDTH, HEIGHT, LANDMARKS, EXPRESSION, NEEDED };

struct reading {
    struct catalog *catalog;
    const struct affectnet *options;
    char folder[PATH_SIZE]; /* of the pictures */
    int split, column[NEEDED];
    struct passed passed;
};

static enum fer_status read_box(const struct reading *r, const struct csv *csv, struct entry *entry,
                                struct fer_error *err)
{
    double value[4];

    for (int i = 0; i < 4; i++) {
        if (csv_number(csv, r->column[X + i], i < 2 ? -1e6 : 0, 1e6, &value[i], err))
            return FER_EFORMAT;
    }
    for (int i = 0; i < 4; i++)
        entry->box[i] = (float)(i < 2 ? value[i] : value[i - 2] + value[i]);
    return FER_OK;
}

/* x;y;x;y;… */
static enum fer_status read_landmarks(struct reading *r, const struct csv *csv, struct fer_error *err)
{
    float points[POINTS][2];
    const char *text = csv->fields[r->column[LANDMARKS]];

    for (int i = 0; i < POINTS * 2; i++) {
        char *end;

        points[i / 2][i % 2] = (float)fer_number_read(text, &end);
        if (end == text || *end != (i == POINTS * 2 - 1 ? '\0' : ';') || !(points[i / 2][i % 2] > -1e6f) ||
            !(points[i / 2][i % 2] < 1e6f))
            return csv_fail(csv, err,
                            "facial_landmarks should be 68 pairs x;y;x;y and so on; landmarks=no does without");
        text = end + 1;
    }
    return catalog_landmarks(r->catalog, points[0], err);
}

static enum fer_status read_row(struct reading *r, const struct csv *csv, struct fer_error *err)
{
    enum expression expression;
    struct entry *entry;
    char path[PATH_SIZE];
    double number;
    int label;
    enum fer_status status = csv_number(csv, r->column[EXPRESSION], 0, NO_FACE, &number, err);

    if (status || number >= NO_EXPRESSION)
        return status;
    status = numbering_find(NUMBERS_AFFECTNET, number, &expression, err);
    if (!status)
        status = expression_label(r->catalog, expression, &label, err);
    if (!status && label != LEFT_OUT)
        status = path_join(path, r->folder, csv->fields[r->column[NAME]], err);
    if (status)
        return csv_prefix(csv, err);
    if (label == LEFT_OUT)
        return FER_OK;
    status = catalog_add(r->catalog, path, &entry, err);
    if (status)
        return status;
    entry->label = label;
    entry->split = r->split;
    status = read_box(r, csv, entry, err);
    return status || !r->options->landmarks ? status : read_landmarks(r, csv, err);
}

static enum fer_status read_list(struct reading *r, const char *path, const char *split, struct fer_error *err)
{
    struct csv csv;
    bool more = true;
    enum fer_status status = csv_open_named(&csv, path, column_names, err);

    for (int i = 0; i < NEEDED && !status; i++)
        status = csv_need(&csv, column_names[i], &r->column[i], err);
    if (!status)
        status = catalog_name(r->catalog, &r->catalog->splits, split, &r->split, err);
    while (!status) {
        status = csv_next(&csv, &more, err);
        if (status || !more)
            break;
        status = read_row(r, &csv, err);
    }
    csv_close(&csv);
    return status;
}

/* The first of `names` that is there, below `path`; the last when none is. */
static enum fer_status first_there(const char *path, const char *const *names, bool (*there)(const char *), char *found,
                                   struct fer_error *err)
{
    enum fer_status status;

    do
        status = path_join(found, path, *names, err);
    while (!status && !there(found) && *++names);
    return status;
}

static enum fer_status find_images(struct reading *r, const char *path, struct fer_error *err)
{
    static const char *const names[] = { "Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images",
                                         "Manually_Annotated", NULL };
    const char *images = r->options->images;
    enum fer_status status;

    if (images && *images)
        status = path_join(r->folder, images, "", err);
    else
        status = first_there(path, names, is_folder, r->folder, err);
    if (!status && !is_folder(r->folder))
        status = fer_fail_argument(err, FER_ENOTFOUND, "images",
                                   "there is no folder '%s' with pictures; name it with images=",
                                   images && *images ? images : "Manually_Annotated_Images");
    return status;
}

static enum fer_status read_lists(struct reading *r, const char *path, bool *found, struct fer_error *err)
{
    static const char *const lists[2][4] = {
        { "Manually_Annotated_file_lists/training.csv", "training.csv", "Manually_Annotated/training.csv" },
        { "Manually_Annotated_file_lists/validation.csv", "validation.csv", "Manually_Annotated/validation.csv" },
    };
    enum fer_status status = FER_OK;

    *found = false;
    for (int i = 0; i < 2 && !status; i++) {
        char list[PATH_SIZE];

        status = first_there(path, lists[i], is_file, list, err);
        if (status || !is_file(list))
            continue;
        if (!*found)
            status = find_images(r, path, err);
        *found = true;
        if (!status)
            status = read_list(r, list, i ? "valid" : "train", err);
    }
    return status;
}

/* ---- the release of eight classes ---- */

static enum fer_status visit_picture(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;
    enum expression expression;
    struct entry *entry;
    char file[300], annotation[PATH_SIZE];
    double number;
    int label;
    enum fer_status status = FER_OK;

    if (!is_picture(name))
        return note_unread(&r->passed, path, name, err);
    if (snprintf(file, sizeof(file), "%.*s_exp.npy", (int)path_stem(name), name) >= (int)sizeof(file))
        return fer_fail(err, FER_EFORMAT, "the name '%.32s…' is too long", name);
    status = path_join(annotation, r->folder, file, err);
    if (!status)
        status = npy_number(annotation, &number, err);
    if (status)
        return status;
    status = numbering_find(NUMBERS_AFFECTNET, number, &expression, err);
    if (!status)
        status = expression_label(r->catalog, expression, &label, err);
    if (status)
        return fer_fail_prefix(err, "%s", annotation);
    if (label == LEFT_OUT)
        return FER_OK;
    status = catalog_add(r->catalog, path, &entry, err);
    if (!status) {
        entry->label = label;
        entry->split = r->split;
    }
    return status;
}

static enum fer_status read_sets(struct reading *r, const char *path, bool *found, struct fer_error *err)
{
    static const char *const sets[] = { "train_set", "val_set" };
    enum fer_status status = FER_OK;

    *found = false;
    for (int i = 0; i < 2 && !status; i++) {
        char set[PATH_SIZE], images[PATH_SIZE];

        status = path_join(set, path, sets[i], err);
        if (status || !is_folder(set))
            continue;
        *found = true;
        status = path_join(images, set, "images", err);
        if (!status)
            status = path_join(r->folder, set, "annotations", err);
        if (!status)
            status = catalog_name(r->catalog, &r->catalog->splits, i ? "valid" : "train", &r->split, err);
        if (!status)
            status = check_passed(&r->passed, folder_each(images, visit_picture, r, err), images, "", err);
    }
    return status;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    struct reading r = { .catalog = catalog, .options = options };
    bool found;
    enum fer_status status = read_sets(&r, path, &found, err);

    catalog->fields |= FER_FIELD_LABEL;
    if (status || found)
        return status;
    catalog->fields |= FER_FIELD_BOX | (r.options->landmarks ? FER_FIELD_LANDMARKS : 0);
    catalog->landmarks = r.options->landmarks ? POINTS : 0;
    status = read_lists(&r, path, &found, err);
    if (!status && !found)
        status = fer_fail(err, FER_ENOTFOUND,
                          "'%s' has neither Manually_Annotated_file_lists/training.csv nor a folder "
                          "train_set",
                          path);
    return status;
}

static enum fer_status open_affectnet(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                      unsigned *fields, struct fer_error *err)
{
    const struct affectnet *affectnet = options;

    return catalog_open(fill, options, affectnet->path, &affectnet->division, env, state, count, fields, err);
}

const struct fer_reader data_affectnet = {
    .size = sizeof(struct fer_reader),
    .name = "affectnet",
    .help = "AffectNet: the lists of manual annotations, or the release of eight classes",
    .params = params,
    .params_size = sizeof(struct affectnet),
    .open = open_affectnet,
    CATALOG_READER,
};
