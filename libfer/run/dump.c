/* SPDX-License-Identifier: Apache-2.0 */
#include "run/dump.h"

#include "file.h"
#include "run/build.h"
#include "run/bundle.h"
#include "run/known.h"
#include "text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* DIR/NAME-KEY.cl */
static void put_path(struct fer_text *path, const char *dir, const char *name, struct fer_key key)
{
    char ending[40];

    fer_text_put(path, dir);
    fer_text_put(path, "/");
    for (size_t i = 0; isalnum((unsigned char)name[i]) || name[i] == '_'; i++)
        fer_text_put_bytes(path, name + i, 1);
    snprintf(ending, sizeof(ending), "-%016" PRIx64 "%016" PRIx64 ".cl", key.high, key.low);
    fer_text_put(path, ending);
}

enum fer_status fer_program_dump(const char *dir, const char *name, struct fer_key key, const char *options,
                                 const char *const *parts, size_t count, struct fer_error *err)
{
    struct fer_text path = { 0 }, text = { 0 };
    enum fer_status status;

    put_path(&path, dir, name, key);
    fer_text_put(&text, "// ");
    fer_text_put(&text, options);
    fer_text_put(&text, "\n");
    for (size_t i = 0; i < count; i++)
        fer_text_put(&text, parts[i]);
    if (path.failed || text.failed) {
        status = fer_fail(err, FER_ENOMEM, "out of memory while a program was written");
    } else {
        struct fer_bytes bytes = { text.data, text.length };

        status = fer_directory_make_for(path.data, err);
        if (!status)
            status = fer_file_write_atomic(path.data, &bytes, 1, err);
    }
    free(path.data);
    free(text.data);
    return status;
}

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
