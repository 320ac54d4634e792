/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of what `fer pack` wrote.
 */
#include "data.h"

struct packed {
    const char *path;
    struct division division;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct packed, path, NULL, "file that `fer pack` wrote"), DIVISION_PARAMS(struct packed), NULL
};

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    (void)options;
    return catalog_unpack(catalog, path, err);
}

static enum fer_status open_packed(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                   unsigned *fields, struct fer_error *err)
{
    const struct packed *packed = options;

    return catalog_open(fill, options, packed->path, &packed->division, env, state, count, fields, err);
}

const struct fer_reader data_packed = {
    .size = sizeof(struct fer_reader),
    .name = "packed",
    .help = "a packed file, whose pictures are decoded already",
    .params = params,
    .params_size = sizeof(struct packed),
    .open = open_packed,
    CATALOG_READER,
};
