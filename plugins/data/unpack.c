/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed files as catalogs: what `fer pack` wrote, with this description's labels.
 */
#include "data.h"

#include <fer/host.h>

/* The description's label for each of the file's; -1 ends. */
static enum fer_status map_labels(struct catalog *catalog, int **map, int *count, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int n = 0;

    while (fer_pack_label_name(catalog->pack, n))
        n++;
    *count = n;
    *map = calloc((size_t)n + 1, sizeof(**map));
    if (!*map)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %d labels", n);
    for (int i = 0; i < n && !status; i++) {
        (*map)[i] = i;
        if (catalog->env->nlabels > 0)
            status = catalog_label(catalog, fer_pack_label_name(catalog->pack, i), &(*map)[i], err);
    }
    for (int i = 0; i < n && i < FER_MAX_SOFT && !status; i++) {
        catalog->soft_place[i] = (*map)[i];
        catalog->soft_left_out = catalog->soft_left_out || (*map)[i] == LEFT_OUT;
    }
    return status;
}

static enum fer_status add_all(struct catalog *catalog, const int *map, int nlabels, struct fer_error *err)
{
    for (size_t i = 0; i < fer_pack_count(catalog->pack); i++) {
        struct fer_sample sample = { .label = -1 };
        const char *split = fer_pack_split(catalog->pack, i);
        struct entry *entry;
        char name[32];
        enum fer_status status;

        snprintf(name, sizeof(name), "number %zu", i);
        status = fer_pack_sample(catalog->pack, i, FER_FIELD_LABEL, &sample, err);
        if (status)
            return status;
        if (!(sample.has & FER_FIELD_LABEL))
            sample.label = -1;
        else if (sample.label < 0 || sample.label >= nlabels)
            return fer_fail(err, FER_EFORMAT, "sample %zu has label %d of %d", i, sample.label, nlabels);
        else if (map[sample.label] == LEFT_OUT)
            continue;
        status = catalog_add(catalog, name, &entry, err);
        if (status)
            return status;
        entry->pixels = i;
        if (split && catalog_name(catalog, &catalog->splits, split, &entry->split, err))
            return err ? err->status : FER_ENOMEM;
        if (sample.label >= 0)
            entry->label = map[sample.label];
    }
    return FER_OK;
}

enum fer_status catalog_unpack(struct catalog *catalog, const char *path, struct fer_error *err)
{
    enum fer_status status = fer_pack_open(path, &catalog->pack, err);
    int *map = NULL, nlabels = 0;

    if (status)
        return status;
    catalog->fields = fer_pack_fields(catalog->pack) | FER_FIELD_ID;
    status = map_labels(catalog, &map, &nlabels, err);
    if (!status && (catalog->fields & FER_FIELD_SOFT)) {
        catalog->softs = catalog->env->nlabels > 0 ? catalog->env->nlabels : nlabels;
        if (catalog->softs > FER_MAX_SOFT || nlabels > FER_MAX_SOFT)
            status = fer_fail(err, FER_ENOTSUP, "soft labels of more than %d classes", FER_MAX_SOFT);
    }
    if (!status)
        status = add_all(catalog, map, nlabels, err);
    free(map);
    return status ? fer_fail_prefix(err, "%s", path) : FER_OK;
}
