/* SPDX-License-Identifier: Apache-2.0
 *
 * SFEW 2.0 (Dhall, Goecke, Lucey, Gedeon: Static facial expression analysis in tough conditions: data, evaluation
 * protocol and benchmark, ICCV Workshops 2011; Dhall et al.: Video and image based emotion recognition challenges in
 * the wild: EmotiW 2015): a folder for each part, with a folder for each class (Angry, Disgust, Fear, Happy, Neutral,
 * Sad, Surprise).  The labels of the test part are not public.
 */
#include "data.h"

#include "expression.h"
#include "files.h"

enum { ALIGNED, FRAMES };
static const char *const kinds[] = { "aligned", "frames", NULL };

struct sfew {
    const char *path;
    struct division division;
    int images;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct sfew, path, NULL,
                   "folder with Train_Aligned_Faces and Val_Aligned_Faces, or Train and Val; or a packed "
                   "file"),
    DIVISION_PARAMS(struct sfew),
    FER_PARAM_ENUM(struct sfew, images, "aligned", kinds, "the aligned faces, or the whole frames in Train and Val"),
    ONLY_PARAM(struct sfew), NULL
};

/* As the archives unpack, in the order in which they are looked for. */
static const char *const places[2][2][5] = {
    { { "Train_Aligned_Faces", "Train/Train_Aligned_Faces" },
      { "Val_Aligned_Faces", "Val_Aligned_Faces_new", "Val/Val_Aligned_Faces", "Val/Val_Aligned_Faces_new" } },
    { { "Train" }, { "Val" } },
};

static enum fer_status read_part(struct catalog *catalog, const char *path, int images, int part, bool *found,
                                 struct fer_error *err)
{
    for (int i = 0; i < 5 && places[images][part][i]; i++) {
        char folder[PATH_SIZE];
        int split;

        if (path_join(folder, path, places[images][part][i], err))
            return FER_EFORMAT;
        if (!is_folder(folder))
            continue;
        *found = true;
        if (catalog_name(catalog, &catalog->splits, part ? "valid" : "train", &split, err))
            return FER_ENOMEM;
        return add_classes(catalog, folder, split, NUMBERS_NONE, true, err);
    }
    return FER_OK;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    const int images = ((const struct sfew *)options)->images;
    bool found = false;
    enum fer_status status = read_part(catalog, path, images, 0, &found, err);

    catalog->fields |= FER_FIELD_LABEL;
    if (!status)
        status = read_part(catalog, path, images, 1, &found, err);
    if (!status && !found)
        status = fer_fail_argument(err, FER_ENOTFOUND, "images", "'%s' has no folder %s; images=%s looks for %s", path,
                                   places[images][0][0], kinds[!images], places[!images][0][0]);
    return status;
}

static enum fer_status open_sfew(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                 unsigned *fields, struct fer_error *err)
{
    const struct sfew *sfew = options;

    return catalog_open(fill, options, sfew->path, &sfew->division, env, state, count, fields, err);
}

const struct fer_reader data_sfew = {
    .size = sizeof(struct fer_reader),
    .name = "sfew",
    .help = "SFEW 2.0: train and valid",
    .params = params,
    .params_size = sizeof(struct sfew),
    .open = open_sfew,
    CATALOG_READER,
};
