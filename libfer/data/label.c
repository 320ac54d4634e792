/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/host.h>

#include "lang/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The NULL-terminated copy that fer_nearest_name wants. */
static const char *nearest(const struct fer_data_env *env, const char *text)
{
    const char **names = calloc((size_t)env->nlabels + 1, sizeof(*names));
    const char *name = NULL;

    if (names) {
        memcpy(names, env->labels, (size_t)env->nlabels * sizeof(*names));
        name = fer_nearest_name(text, names);
    }
    free(names);
    return name;
}

enum fer_status fer_label_find(const struct fer_data_env *env, const char *text, int *label, struct fer_error *err)
{
    const char *near;
    char *end;
    long number;

    for (int i = 0; i < env->nlabels; i++) {
        if (strcasecmp(env->labels[i], text) == 0) {
            *label = i;
            return FER_OK;
        }
    }
    errno = 0;
    number = strtol(text, &end, 10);
    if (end != text && *end == '\0' && !errno) {
        if (number >= 0 && number < env->nlabels) {
            *label = (int)number;
            return FER_OK;
        }
        return fer_fail(err, FER_ENOTFOUND, "label %.40s is outside [0, %d]: the description has %d labels", text,
                        env->nlabels - 1, env->nlabels);
    }
    near = nearest(env, text);
    if (near)
        return fer_fail(err, FER_ENOTFOUND, "label '%.64s' is not among the description's labels; did you mean '%s'?",
                        text, near);
    return fer_fail(err, FER_ENOTFOUND, "label '%.64s' is not among the description's %d labels", text, env->nlabels);
}
