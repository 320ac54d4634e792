/* SPDX-License-Identifier: Apache-2.0 */
#include "run/build.h"
#include "run/bundle.h"
#include "run/dump.h"
#include "run/known.h"

#include <stdlib.h>

/* Unless a launch before it has the same program. */
static enum fer_status dump_launch(const struct fer_device *device, const struct fer_kernel_text *text, const char *dir,
                                   struct fer_key *keys, int *count, struct fer_error *err)
{
    struct fer_key key;
    enum fer_status status = fer_device_program_key(device, text->defines, text->source, text->options, &key, err);

    if (status || fer_keys_have(keys, (size_t)*count, key))
        return status;
    keys[(*count)++] = key;
    return fer_device_program_dump(device, text->defines, text->source, text->options, dir, err);
}

enum fer_status fer_kernels_dump(const struct fer_device *device, const struct fer_program *program, const char *dir,
                                 int *count, struct fer_error *err)
{
    struct fer_key *keys = calloc((size_t)program->nlaunches + 1, sizeof(*keys));
    struct fer_bundles bundles;
    enum fer_status status;

    *count = 0;
    if (!keys)
        return fer_fail(err, FER_ENOMEM, "out of memory while programs were written");
    status = fer_bundles_create(&bundles, program, err);
    if (status) {
        free(keys);
        return status;
    }
    for (int s = 0; s < program->nsegments; s++)
        for (int l = 0; l < program->segments[s]->count && !status; l++) {
            const struct fer_launch *launch = program->segments[s]->launches[l];
            struct fer_kernel_text text;

            if (launch->run)
                continue;
            text = fer_bundles_text(&bundles, launch);
            status = dump_launch(device, &text, dir, keys, count, err);
        }
    fer_bundles_free(&bundles);
    free(keys);
    return status;
}
