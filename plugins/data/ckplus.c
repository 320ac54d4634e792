/* SPDX-License-Identifier: Apache-2.0
 *
 * CK+ (Lucey, Cohn, Kanade, Saragih, Ambadar, Matthews: The extended Cohn-Kanade dataset (CK+), CVPR Workshops 2010),
 * in one of three layouts:
 *
 *     cohn-kanade-images/S005/001/S005_001_00000001.png …  and  Emotion/S005/001/S005_001_00000011_emotion.txt
 *     Landmarks/S005/001/S005_001_00000001_landmarks.txt    with landmarks=yes: 68 lines of x and y
 *     anger/S010_004_00000017.png …                         the last three frames at 48 x 48, "CK+48" on Kaggle
 *     ckextended.csv                                        emotion,pixels,Usage, on Kaggle; without subjects
 *
 * Sequences begin with a neutral face and end with the expression's apex.  327 of the 593 have a label; the others are
 * left out.
 */
#include "data.h"

#include "expression.h"
#include "fer2013.h"
#include "files.h"
#include "lines.h"

struct ckplus {
    const char *path;
    struct division division;
    int frames;
    bool onset;
    const char *emotions;
    bool landmarks;
};

enum { POINTS = 68 };

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct ckplus, path, NULL,
                   "folder with cohn-kanade-images and Emotion; or of class folders, as CK+48; or "
                   "ckextended.csv; or a packed file"),
    DIVISION_PARAMS(struct ckplus),
    FER_PARAM_INT(struct ckplus, frames, "3", 1, 1000,
                  "of sequences: how many are read, counted from the last, the apex"),
    FER_PARAM_BOOL(struct ckplus, onset, "no", "of sequences: read the first frame too, as neutral"),
    FER_PARAM_PATH(struct ckplus, emotions, "",
                   "folder of the labels of sequences; Emotion in the data set's folder by default"),
    FER_PARAM_BOOL(struct ckplus, landmarks, "no",
                   "of sequences: read the 68 landmarks in Landmarks, and the box about them, for boxcrop"),
    ONLY_PARAM(struct ckplus),
    NULL
};

struct reading {
    struct catalog *catalog;
    const struct ckplus *options;
    char emotions[PATH_SIZE]; /* folder: of the set, then of the subject */
    const char *root, *subject, *sequence;
    char label_file[PATH_SIZE];
    struct names frames; /* of one sequence, as places in `text` */
    int label;           /* of a class folder */
    struct passed passed;
};

/* S005 of S005_001_00000011.png */
static bool is_subject(const char *name, char subject[8])
{
    if ((name[0] != 'S' && name[0] != 's') || strspn(name + 1, "0123456789") != 3)
        return false;
    snprintf(subject, 8, "S%.3s", name + 1);
    return true;
}

static enum fer_status add_frame(struct catalog *catalog, const char *path, int label, struct fer_error *err)
{
    char subject[8];
    struct entry *entry;
    enum fer_status status;

    if (!is_subject(path_name(path), subject))
        return fer_fail(err, FER_EFORMAT,
                        "'%s' should be named after its subject, sequence and frame, as in "
                        "S010_004_00000017.png",
                        path);
    status = catalog_add(catalog, path, &entry, err);
    if (status)
        return status;
    entry->label = label;
    return catalog_subject(catalog, subject, err);
}

/* ---- class folders ---- */

static enum fer_status visit_picture(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;

    return is_picture(name) ? add_frame(r->catalog, path, r->label, err) : note_unread(&r->passed, path, name, err);
}

static enum fer_status visit_class(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;
    enum expression expression;
    enum fer_status status;

    if (!is_folder(path))
        return note_loose(&r->passed, path, name, err);
    if (!expression_find(name, &expression))
        return fer_fail(err, FER_EFORMAT,
                        "folder '%s' is no expression; CK+48 has anger, contempt, disgust, fear, happy, "
                        "sadness and surprise",
                        path);
    status = expression_label(r->catalog, expression, &r->label, err);
    if (status)
        return fer_fail_prefix(err, "folder '%s'", path);
    return r->label == LEFT_OUT ? FER_OK : folder_pictures(path, visit_picture, r, err);
}

/* ---- sequences ---- */

static enum fer_status visit_label(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;

    (void)err;
    if (strstr(name, "_emotion.txt"))
        snprintf(r->label_file, PATH_SIZE, "%s", path);
    return FER_OK;
}

/* "   3.0000000e+00" */
static enum fer_status read_emotion(const char *path, enum expression *expression, struct fer_error *err)
{
    struct lines lines;
    char *words[2];
    int count = 0;
    double number;
    enum fer_status status = lines_open(&lines, path, err);

    if (!status) {
        lines_next(&lines, words, 2, &count);
        if (count != 1 || !lines_number(words[0], &number))
            status = fer_fail(err, FER_EFORMAT, "should be one number from 0 to 7, as in 3.0000000e+00");
        else
            status = numbering_find(NUMBERS_CKPLUS, number, expression, err);
        if (status)
            lines_prefix(&lines, status, err);
    }
    lines_close(&lines);
    return status;
}

static enum fer_status visit_frame(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;
    int number;

    if (!is_picture(name))
        return note_unread(&r->passed, path, name, err);
    return catalog_name(r->catalog, &r->frames, path, &number, err);
}

static enum fer_status read_points(struct lines *lines, float points[POINTS][2], struct fer_error *err)
{
    for (int i = 0; i < POINTS; i++) {
        char *words[3];
        double x, y;
        int count;

        lines_next(lines, words, 3, &count);
        if (count != 2 || !lines_number(words[0], &x) || !lines_number(words[1], &y)) {
            fer_fail(err, FER_EFORMAT, "should be the x and y of landmark %d of %d", i + 1, POINTS);
            return lines_prefix(lines, FER_EFORMAT, err);
        }
        points[i][0] = (float)x;
        points[i][1] = (float)y;
    }
    return FER_OK;
}

/* The landmarks of the frame added last, and the box about them. */
static enum fer_status read_landmarks(struct reading *r, const char *frame, struct fer_error *err)
{
    const char *name = path_name(frame);
    float points[POINTS][2], *box = r->catalog->entries[r->catalog->count - 1].box;
    char path[PATH_SIZE];
    struct lines lines;
    enum fer_status status;

    if (snprintf(path, sizeof(path), "%s/Landmarks/%s/%s/%.*s_landmarks.txt", r->root, r->subject, r->sequence,
                 (int)path_stem(name), name) >= (int)sizeof(path))
        return fer_fail(err, FER_EFORMAT, "the path of the landmarks of '%.100s' is too long", frame);
    status = lines_open(&lines, path, err);
    if (!status)
        status = read_points(&lines, points, err);
    lines_close(&lines);
    if (status)
        return status;
    for (int i = 0; i < POINTS; i++) {
        for (int k = 0; k < 2; k++) {
            box[k] = i == 0 || points[i][k] < box[k] ? points[i][k] : box[k];
            box[2 + k] = i == 0 || points[i][k] > box[2 + k] ? points[i][k] : box[2 + k];
        }
    }
    return catalog_landmarks(r->catalog, points[0], err);
}

static enum fer_status add_sequence(struct reading *r, enum expression expression, struct fer_error *err)
{
    const int count = r->frames.count, frames = r->options->frames;
    char path[PATH_SIZE];
    int label, neutral = LEFT_OUT;
    enum fer_status status = expression_label(r->catalog, expression, &label, err);

    if (!status && r->options->onset)
        status = expression_label(r->catalog, NEUTRAL, &neutral, err);
    for (int i = 0; i < count && !status; i++) {
        const int wanted = i >= count - frames ? label : i == 0 ? neutral : LEFT_OUT;

        snprintf(path, sizeof(path), "%s", catalog_text(r->catalog, &r->frames, i));
        if (wanted != LEFT_OUT)
            status = add_frame(r->catalog, path, wanted, err);
        if (!status && wanted != LEFT_OUT && r->options->landmarks)
            status = read_landmarks(r, path, err);
    }
    return status;
}

static enum fer_status visit_sequence(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;
    enum expression expression;
    char subject[PATH_SIZE], folder[PATH_SIZE];
    enum fer_status status;

    if (!is_folder(path))
        return FER_OK;
    r->sequence = name;
    status = path_join(subject, r->emotions, r->subject, err);
    if (!status)
        status = path_join(folder, subject, name, err);
    if (status || !is_folder(folder))
        return status;
    r->label_file[0] = '\0';
    status = folder_each(folder, visit_label, r, err);
    if (status || !r->label_file[0])
        return status;
    status = read_emotion(r->label_file, &expression, err);
    if (!status)
        status = check_passed(&r->passed, folder_each(path, visit_frame, r, err), path, "", err);
    if (!status && r->frames.count < r->options->frames)
        status = fer_fail(err, FER_EFORMAT, "'%s' has %d frames, where %d are to be read", path, r->frames.count,
                          r->options->frames);
    if (!status)
        status = add_sequence(r, expression, err);
    names_free(&r->frames);
    r->frames = (struct names){ 0 };
    return status;
}

static enum fer_status visit_subject(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;
    char subject[8];

    if (!is_folder(path) || !is_subject(name, subject))
        return FER_OK;
    r->subject = name;
    return folder_each(path, visit_sequence, r, err);
}

static enum fer_status read_sequences(struct reading *r, const char *path, const char *images, struct fer_error *err)
{
    const char *given = r->options->emotions;
    enum fer_status status =
        path_join(r->emotions, given && *given ? given : path, given && *given ? "" : "Emotion", err);

    if (status)
        return status;
    r->root = path;
    if (r->options->landmarks) {
        r->catalog->fields |= FER_FIELD_LANDMARKS | FER_FIELD_BOX;
        r->catalog->landmarks = POINTS;
    }
    if (!is_folder(r->emotions))
        return fer_fail_argument(err, FER_ENOTFOUND, "emotions",
                                 "there is no folder '%s' with the labels of the sequences; "
                                 "unpack Emotion_labels.zip, or say emotions=",
                                 r->emotions);
    status = folder_each(images, visit_subject, r, err);
    if (!status && r->catalog->count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "'%s' has no sequence with a label in '%s'", images, r->emotions);
    return status;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    struct reading r = { .catalog = catalog, .options = options };
    char images[PATH_SIZE];
    enum fer_status status;

    if (is_file(path))
        return fer2013_read(catalog, path, NUMBERS_CKEXTENDED, err);
    catalog->fields |= FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    status = path_join(images, path, "cohn-kanade-images", err);
    if (!status && is_folder(images))
        return read_sequences(&r, path, images, err);
    if (!status)
        status = check_passed(&r.passed, folder_each(path, visit_class, &r, err), path, "no class folder", err);
    if (!status && catalog->count == 0)
        status = fer_fail(err, FER_ENOTFOUND,
                          "'%s' has neither a folder cohn-kanade-images nor class folders with pictures", path);
    return status;
}

static enum fer_status open_ckplus(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                   unsigned *fields, struct fer_error *err)
{
    const struct ckplus *ckplus = options;

    return catalog_open(fill, options, ckplus->path, &ckplus->division, env, state, count, fields, err);
}

const struct fer_reader data_ckplus = {
    .size = sizeof(struct fer_reader),
    .name = "ckplus",
    .help = "CK+: sequences, class folders or the CSV; with subjects",
    .params = params,
    .params_size = sizeof(struct ckplus),
    .open = open_ckplus,
    CATALOG_READER,
};
