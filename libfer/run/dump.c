/* SPDX-License-Identifier: Apache-2.0 */
#include "run/dump.h"

#include "file.h"
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
