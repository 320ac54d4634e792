/* SPDX-License-Identifier: Apache-2.0 */
#include "expression.h"

#include <string.h>
#include <strings.h>

static const char *const forms[EXPRESSIONS][5] = {
    [NEUTRAL] = { "neutral", "normal", "neutrality" },
    [HAPPY] = { "happy", "happiness", "joy" },
    [SURPRISE] = { "surprise", "surprised" },
    [SAD] = { "sad", "sadness" },
    [ANGRY] = { "angry", "anger" },
    [DISGUST] = { "disgust", "disgusted" },
    [FEAR] = { "fear", "fearful", "afraid", "scared" },
    [CONTEMPT] = { "contempt", "contemptuous" },
};

static int find(const struct fer_data_env *env, enum expression expression)
{
    for (int i = 0; i < env->nlabels; i++) {
        for (int k = 0; k < 5 && forms[expression][k]; k++) {
            if (strcasecmp(env->labels[i], forms[expression][k]) == 0)
                return i;
        }
    }
    return -1;
}

enum fer_status expression_labels(struct catalog *catalog, const enum expression *expressions, int count, int *label,
                                  struct fer_error *err)
{
    catalog->ordered = true;
    for (int i = 0; i < count; i++) {
        if (catalog->env->nlabels > 0)
            label[i] = find(catalog->env, expressions[i]);
        else if (catalog_label(catalog, forms[expressions[i]][0], &label[i], err))
            return FER_ENOMEM;
    }
    return FER_OK;
}

enum fer_status expression_fail(enum expression expression, struct fer_error *err)
{
    return fer_fail(err, FER_ENOTFOUND, "the description's labels have no '%s' (nor '%s')", forms[expression][0],
                    forms[expression][1]);
}
