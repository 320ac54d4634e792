/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of posed faces whose file names say everything.
 *
 * JAFFE (Lyons, Kamachi, Gyoba: Coding facial expressions with Gabor wavelets, FG 1998;
 * https://zenodo.org/record/3451524): KA.AN1.39.tiff is person KA, angry, the first of several, number 39.  TIFF is not
 * read here.
 *
 * KDEF (Lundqvist, Flykt, Öhman: The Karolinska directed emotional faces, 1998; https://www.kdef.se): AF01/AF01ANS.JPG
 * is series A, female, person 01, angry, straight.
 */
#include "data.h"

#include "expression.h"
#include "files.h"

#include <ctype.h>

enum { MISNAMED_ERROR, MISNAMED_DROP };
static const char *const misnamed_names[] = { "error", "drop", NULL };

/* What a name says. */
struct pose {
    enum expression expression;
    char subject[8];
    int series, angle; /* KDEF */
};
typedef bool read_name(const char *stem, struct pose *pose);

struct reading {
    struct catalog *catalog;
    const char *pattern; /* what names should look like */
    read_name *read;
    int misnamed;
    unsigned series, angles; /* sets of those that are read */
    struct names seen;
    size_t unread;
};

static enum fer_status add_face(struct reading *r, const char *path, const struct pose *pose, struct fer_error *err)
{
    struct entry *entry;
    int label;
    enum fer_status status;

    if (!(r->series >> pose->series & 1) || !(r->angles >> pose->angle & 1))
        return FER_OK;
    status = expression_label(r->catalog, pose->expression, &label, err);
    if (status)
        return fer_fail_prefix(err, "%s", path);
    if (label == LEFT_OUT)
        return FER_OK;
    status = catalog_add(r->catalog, path, &entry, err);
    if (status)
        return status;
    entry->label = label;
    return catalog_subject(r->catalog, pose->subject, err);
}

static enum fer_status visit(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct reading *r = context;
    const int known = r->seen.count;
    struct pose pose = { 0 };
    char stem[64];
    int number;
    enum fer_status status;

    if (!is_picture(name)) {
        r->unread += !has_copy(path);
        return FER_OK;
    }
    snprintf(stem, sizeof(stem), "%.*s", (int)(path_stem(name) < sizeof(stem) ? path_stem(name) : sizeof(stem) - 1),
             name);
    if (!r->read(stem, &pose)) {
        if (r->misnamed == MISNAMED_DROP)
            return FER_OK;
        return fer_fail(err, FER_EFORMAT, "'%s' should be named like %s; misnamed=drop leaves such pictures out", path,
                        r->pattern);
    }
    status = catalog_name(r->catalog, &r->seen, stem, &number, err);
    if (status)
        return status;
    if (number < known)
        return fer_fail(err, FER_EFORMAT, "'%s': there is another picture called %s; keep one of them", path, stem);
    return add_face(r, path, &pose, err);
}

static enum fer_status read_faces(struct reading *r, const char *path, struct fer_error *err)
{
    enum fer_status status;

    r->catalog->fields |= FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    status = folder_pictures(path, visit, r, err);
    if (!status && r->unread > 0)
        status = fer_fail(err, FER_ENOTSUP,
                          "'%s' has %zu TIFF files or the like, which are not read; convert them to PNG or PGM under "
                          "the same names, as in `mogrify -format png *.tiff`",
                          path, r->unread);
    if (!status && r->catalog->count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "'%s' has no pictures named like %s%s", path, r->pattern,
                          r->seen.count ? " of the series and angles that are asked for" : "");
    names_free(&r->seen);
    return status;
}

/* ---- JAFFE ---- */

struct jaffe {
    const char *path;
    struct division division;
    int misnamed;
};

#define MISNAMED_PARAM(s)                                                                                              \
    FER_PARAM_ENUM(s, misnamed, "error", misnamed_names, "what becomes of pictures whose names are none of the set's")

static const struct fer_param *const jaffe_params[] = {
    FER_PARAM_PATH(struct jaffe, path, NULL, "folder of the pictures, converted to PNG or PGM; or a packed file"),
    DIVISION_PARAMS(struct jaffe), MISNAMED_PARAM(struct jaffe), ONLY_PARAM(struct jaffe), NULL
};

/* KA.AN1.39 */
static bool jaffe_name(const char *stem, struct pose *pose)
{
    size_t digits;

    if (!isalpha((unsigned char)stem[0]) || !isalpha((unsigned char)stem[1]) || stem[2] != '.' ||
        !expression_code(stem + 3, &pose->expression))
        return false;
    snprintf(pose->subject, sizeof(pose->subject), "%.2s", stem);
    digits = strspn(stem + 5, "0123456789");
    return digits > 0 && stem[5 + digits] == '.' && stem[6 + digits] != '\0' &&
           stem[6 + digits + strspn(stem + 6 + digits, "0123456789")] == '\0';
}

static enum fer_status jaffe_fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    const struct jaffe *jaffe = options;
    struct reading r = { .catalog = catalog,
                         .pattern = "KA.AN1.39.png",
                         .read = jaffe_name,
                         .misnamed = jaffe->misnamed,
                         .series = ~0u,
                         .angles = ~0u };

    return read_faces(&r, path, err);
}

static enum fer_status jaffe_open(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                  unsigned *fields, struct fer_error *err)
{
    const struct jaffe *jaffe = options;

    return catalog_open(jaffe_fill, options, jaffe->path, &jaffe->division, env, state, count, fields, err);
}

const struct fer_reader data_jaffe = {
    .size = sizeof(struct fer_reader),
    .name = "jaffe",
    .help = "JAFFE: ten people, seven expressions",
    .params = jaffe_params,
    .params_size = sizeof(struct jaffe),
    .open = jaffe_open,
    CATALOG_READER,
};

/* ---- KDEF ---- */

static const char *const series_names[] = { "A", "B", NULL };
static const char *const angle_names[] = { "S", "HL", "HR", "FL", "FR", NULL };

struct kdef {
    const char *path;
    struct division division;
    struct fer_ints angles, series;
    int misnamed;
};

static const struct fer_param *const kdef_params[] = {
    FER_PARAM_PATH(struct kdef, path, NULL, "folder of the pictures, or of a folder for each person; or a packed file"),
    DIVISION_PARAMS(struct kdef),
    FER_PARAM(FER_TYPE_ENUMS, struct kdef, angles, "angles", "[S]", 0, 0, angle_names,
              "straight, half left, half right, full left and full right profile; straight alone is 980 pictures"),
    FER_PARAM(FER_TYPE_ENUMS, struct kdef, series, "series", "[A, B]", 0, 0, series_names,
              "every pose was taken twice"),
    MISNAMED_PARAM(struct kdef),
    ONLY_PARAM(struct kdef),
    NULL
};

/* The place of `text` in a list of choices, in any case; -1: it is not there. */
static int find_choice(const char *const *choices, const char *text)
{
    for (int i = 0; choices[i]; i++) {
        if (strcasecmp(choices[i], text) == 0)
            return i;
    }
    return -1;
}

/* AF01ANS: series, gender, number, expression, angle. */
static bool kdef_name(const char *stem, struct pose *pose)
{
    const char series[2] = { stem[0], '\0' };

    if (strlen(stem) < 7 || !strchr("FMfm", stem[1]) || !isdigit((unsigned char)stem[2]) ||
        !isdigit((unsigned char)stem[3]) || !expression_code(stem + 4, &pose->expression))
        return false;
    snprintf(pose->subject, sizeof(pose->subject), "%c%.2s", toupper((unsigned char)stem[1]), stem + 2);
    pose->series = find_choice(series_names, series);
    pose->angle = find_choice(angle_names, stem + 6);
    return pose->series >= 0 && pose->angle >= 0;
}

static unsigned set_of(const struct fer_ints *items)
{
    unsigned set = 0;

    for (int i = 0; i < items->count; i++)
        set |= 1u << items->items[i];
    return set;
}

static enum fer_status kdef_fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    const struct kdef *kdef = options;
    struct reading r = { .catalog = catalog,
                         .pattern = "AF01ANS.JPG",
                         .read = kdef_name,
                         .misnamed = kdef->misnamed,
                         .series = set_of(&kdef->series),
                         .angles = set_of(&kdef->angles) };

    return read_faces(&r, path, err);
}

static enum fer_status kdef_open(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                 unsigned *fields, struct fer_error *err)
{
    const struct kdef *kdef = options;

    return catalog_open(kdef_fill, options, kdef->path, &kdef->division, env, state, count, fields, err);
}

const struct fer_reader data_kdef = {
    .size = sizeof(struct fer_reader),
    .name = "kdef",
    .help = "KDEF: seventy people, seven expressions, five angles",
    .params = kdef_params,
    .params_size = sizeof(struct kdef),
    .open = kdef_open,
    CATALOG_READER,
};
