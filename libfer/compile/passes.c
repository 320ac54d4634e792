/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the compiler's passes.
 */
#include <string.h>

#include "compile/compile.h"

static const struct {
    const char *name;
    enum fer_pass pass;
} passes[] = { { "fold", FER_PASS_FOLD },        { "fuse", FER_PASS_FUSE },   { "layout", FER_PASS_LAYOUT },
               { "inplace", FER_PASS_IN_PLACE }, { "views", FER_PASS_VIEWS }, { "optimizer", FER_PASS_OPTIMIZER },
               { "arena", FER_PASS_ARENA },      { "tune", FER_PASS_TUNE },   { "solvers", FER_PASS_SOLVERS } };

const char *fer_pass_name(unsigned pass)
{
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
        if (passes[i].pass == pass)
            return passes[i].name;
    return NULL;
}

enum fer_status fer_passes_parse(const char *text, unsigned *out, struct fer_error *err)
{
    *out = 0;
    while (text && *text) {
        const size_t length = strcspn(text, ",");
        unsigned found = 0;
        for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
            if (strlen(passes[i].name) == length && strncmp(passes[i].name, text, length) == 0)
                found = passes[i].pass;
        if (!found)
            return fer_fail(err, FER_EINVAL,
                            "'%.*s' is no pass that can be left out; those are fold, fuse, layout, inplace, views, "
                            "optimizer, arena, tune and solvers",
                            (int)(length < 40 ? length : 40), text);
        *out |= found;
        text += length + (text[length] == ',');
    }
    return FER_OK;
}
