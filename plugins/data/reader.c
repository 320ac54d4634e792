/* SPDX-License-Identifier: Apache-2.0
 *
 * What all readers do with their catalog: open it, divide it, hand out its samples.
 */
#include "data.h"
#include "expression.h"

#include <fer/host.h>

const char *const others_names[] = { "error", "drop", NULL };

enum fer_status catalog_open(catalog_fill *fill, const void *params, const char *path, const struct division *division,
                             const struct fer_data_env *env, void **state, size_t *count, unsigned *fields,
                             struct fer_error *err)
{
    struct catalog *catalog;
    enum fer_status status = catalog_create(&catalog, env, err);

    if (status)
        return status;
    expression_prepare(catalog);
    catalog->drop_others = division->others == OTHERS_DROP;
    if (env->override_path)
        path = env->override_path;
    if (fer_pack_probe(path))
        status = catalog_unpack(catalog, path, err);
    else
        status = fill(catalog, params, path, err);
    if (!status && division->only && *division->only)
        status = catalog_only(catalog, division->only, path, err);
    if (!status)
        status = catalog_finish(catalog, division, path, err);
    if (status) {
        catalog_free(catalog);
        return status;
    }
    catalog->env = NULL;
    *state = catalog;
    *count = catalog->count;
    *fields = catalog->fields;
    return FER_OK;
}

static enum fer_status read_picture(const struct catalog *catalog, const struct entry *entry, struct fer_image *image,
                                    struct fer_error *err)
{
    size_t pixels = (size_t)catalog->side * (size_t)catalog->side;
    enum fer_status status;

    if (!catalog->pixels)
        return fer_image_read(image, catalog->text + entry->path, 3, err);
    status = fer_image_create(image, catalog->side, catalog->side, 3, err);
    for (size_t i = 0; i < pixels && !status; i++)
        memset(image->pixels + i * 3, catalog->pixels[entry->pixels * pixels + i], 3);
    return status;
}

static enum fer_status sample_packed(const struct catalog *catalog, const struct entry *entry, unsigned what,
                                     struct fer_sample *sample, struct fer_error *err)
{
    enum fer_status status = fer_pack_sample(catalog->pack, entry->pixels, what, sample, err);

    if (status)
        return status;
    sample->has &= catalog->fields;
    sample->label = entry->label;
    /* Soft labels follow the description's order, as labels do. */
    if (sample->has & FER_FIELD_SOFT) {
        float soft[FER_MAX_SOFT], total = 0;

        memcpy(soft, sample->soft, sizeof(soft));
        memset(sample->soft, 0, sizeof(sample->soft));
        for (int i = 0; i < sample->softs; i++)
            total += catalog->soft_place[i] >= 0 ? soft[i] : 0;
        for (int i = 0; i < sample->softs && total > 0; i++) {
            if (catalog->soft_place[i] >= 0)
                sample->soft[catalog->soft_place[i]] += catalog->soft_left_out ? soft[i] / total : soft[i];
        }
        sample->softs = catalog->softs;
    }
    return FER_OK;
}

enum fer_status catalog_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                               struct fer_error *err)
{
    const struct catalog *catalog = state;
    const struct entry *entry = &catalog->entries[index];
    enum fer_status status;

    if (catalog->pack)
        return sample_packed(catalog, entry, what, sample, err);
    sample->has = catalog->fields & ~(unsigned)(FER_FIELD_IMAGE | FER_FIELD_MASK);
    sample->id = entry->id;
    sample->label = entry->label;
    sample->subject = entry->subject;
    memcpy(sample->box, entry->box, sizeof(sample->box));
    sample->landmarks = catalog->landmarks;
    if (catalog->landmarks)
        memcpy(sample->landmark, catalog->landmark + index * (size_t)catalog->landmarks * 2,
               (size_t)catalog->landmarks * sizeof(sample->landmark[0]));
    sample->softs = catalog->softs;
    if (catalog->softs)
        memcpy(sample->soft, catalog->soft + index * (size_t)catalog->softs, (size_t)catalog->softs * sizeof(float));
    if (what & catalog->fields & FER_FIELD_MASK) {
        status = fer_image_read(&sample->mask, catalog->text + entry->mask, 1, err);
        if (status)
            return status;
        sample->has |= FER_FIELD_MASK;
    }
    if (!(what & FER_FIELD_IMAGE))
        return FER_OK;
    status = read_picture(catalog, entry, &sample->image, err);
    if (!status)
        sample->has |= FER_FIELD_IMAGE;
    return status;
}

const char *catalog_split(void *state, size_t index)
{
    const struct catalog *catalog = state;

    return catalog_text(catalog, &catalog->splits, catalog->entries[index].split);
}

const char *catalog_label_name(void *state, int label)
{
    const struct catalog *catalog = state;

    if (catalog->pack && catalog->labels.count == 0)
        return fer_pack_label_name(catalog->pack, label);
    return catalog_text(catalog, &catalog->labels, label);
}

void catalog_sample_name(void *state, size_t index, char *text, size_t size)
{
    const struct catalog *catalog = state;

    snprintf(text, size, "%s", catalog->text + catalog->entries[index].path);
}

void catalog_close(void *state)
{
    catalog_free(state);
}
