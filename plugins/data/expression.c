/* SPDX-License-Identifier: Apache-2.0 */
#include "expression.h"

#include <fer/host.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FORMS = 6 };

/* The first is the canonical name. */
static const char *const forms[EXPRESSIONS][FORMS] = {
    [NEUTRAL] = { "neutral", "normal", "neutrality" },
    [HAPPY] = { "happy", "happiness", "joy", "joyful" },
    [SURPRISE] = { "surprise", "surprised" },
    [SAD] = { "sad", "sadness" },
    [ANGRY] = { "angry", "anger" },
    [DISGUST] = { "disgust", "disgusted" },
    [FEAR] = { "fear", "fearful", "afraid", "scared" },
    [CONTEMPT] = { "contempt", "contemptuous" },
};

const char *const numbering_names[] = {
    "none", "fer2013", "ferplus", "rafdb", "affectnet", "ckplus", "ckextended", NULL
};

/* FER2013: Goodfellow et al. 2013, arXiv:1307.0414.  FER+: the columns of its votes (Barsoum et al. 2016).
 * RAF-DB: list_patition_label.txt (Li, Deng, Du 2017; http://www.whdeng.cn/raf/model1.html).  AffectNet: Mollahosseini,
 * Hasani, Mahoor 2017, arXiv:1708.03985, whose 8, 9 and 10 are none, uncertain and no face.  CK+: the Emotion files
 * (Lucey et al. 2010).  ckextended: the CSV of CK+ in FER2013's format that Kaggle has. */
const struct numbering numberings[] = {
    [NUMBERS_FER2013] = { 0, 7, { ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL } },
    [NUMBERS_FERPLUS] = { 0, 8, { NEUTRAL, HAPPY, SURPRISE, SAD, ANGRY, DISGUST, FEAR, CONTEMPT } },
    [NUMBERS_RAFDB] = { 1, 7, { SURPRISE, FEAR, DISGUST, HAPPY, SAD, ANGRY, NEUTRAL } },
    [NUMBERS_AFFECTNET] = { 0, 8, { NEUTRAL, HAPPY, SAD, SURPRISE, FEAR, DISGUST, ANGRY, CONTEMPT } },
    [NUMBERS_CKPLUS] = { 0, 8, { NEUTRAL, ANGRY, CONTEMPT, DISGUST, FEAR, HAPPY, SAD, SURPRISE } },
    [NUMBERS_CKEXTENDED] = { 0, 8, { ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL, CONTEMPT } },
};

enum fer_status numbering_find(int numbers, double number, enum expression *expression, struct fer_error *err)
{
    const struct numbering *numbering = &numberings[numbers];
    const int last = numbering->first + numbering->count - 1;

    if (!(number >= numbering->first && number <= last) || number != (int)number)
        return fer_fail(err, FER_EFORMAT, "expression %g, where %s has %d (%s) to %d (%s)", number,
                        numbering_names[numbers], numbering->first, forms[numbering->order[0]][0], last,
                        forms[numbering->order[numbering->count - 1]][0]);
    *expression = numbering->order[(int)number - numbering->first];
    return FER_OK;
}

enum fer_status numbering_text(int numbers, const char *text, const char **name, struct fer_error *err)
{
    enum expression expression;
    char *end;
    long number = strtol(text, &end, 10);
    enum fer_status status;

    *name = text;
    if (numbers == NUMBERS_NONE || end == text || *end != '\0')
        return FER_OK;
    status = numbering_find(numbers, (double)number, &expression, err);
    if (!status)
        *name = forms[expression][0];
    return status;
}

static bool has_form(enum expression expression, const char *text)
{
    for (int i = 0; i < FORMS && forms[expression][i]; i++) {
        if (strcasecmp(forms[expression][i], text) == 0)
            return true;
    }
    return false;
}

bool expression_find(const char *text, enum expression *expression)
{
    for (int i = 0; i < EXPRESSIONS; i++) {
        *expression = (enum expression)i;
        if (has_form(*expression, text))
            return true;
    }
    return false;
}

bool expression_code(const char *text, enum expression *expression)
{
    static const struct {
        char code[3];
        enum expression expression;
    } codes[] = {
        { "NE", NEUTRAL }, { "HA", HAPPY },   { "SU", SURPRISE }, { "SA", SAD },
        { "AN", ANGRY },   { "DI", DISGUST }, { "FE", FEAR },     { "AF", FEAR }, /* JAFFE fear, KDEF afraid */
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strncasecmp(codes[i].code, text, 2) == 0) {
            *expression = codes[i].expression;
            return true;
        }
    }
    return false;
}

void expression_prepare(struct catalog *catalog)
{
    const struct fer_data_env *env = catalog->env;

    for (int i = 0; i < EXPRESSIONS; i++) {
        catalog->expression[i] = -1;
        for (int k = env->nlabels; k-- > 0;) {
            if (has_form((enum expression)i, env->labels[k]))
                catalog->expression[i] = k;
        }
    }
}

const char *expression_translate(const struct catalog *catalog, const char *name)
{
    const struct fer_data_env *env = catalog->env;
    enum expression expression;

    for (int i = 0; i < env->nlabels; i++) {
        if (strcasecmp(env->labels[i], name) == 0)
            return name;
    }
    if (!expression_find(name, &expression) || catalog->expression[expression] < 0)
        return name;
    return env->labels[catalog->expression[expression]];
}

/* Names up to the one that is needed, in canonical order. */
static enum fer_status number_canonically(struct catalog *catalog, enum expression expression, struct fer_error *err)
{
    int number;

    catalog->ordered = true;
    while (catalog->labels.count <= (int)expression) {
        if (catalog_name(catalog, &catalog->labels, forms[catalog->labels.count][0], &number, err))
            return FER_ENOMEM;
    }
    return FER_OK;
}

enum fer_status expression_label(struct catalog *catalog, enum expression expression, int *label, struct fer_error *err)
{
    if (catalog->env->nlabels == 0) {
        *label = (int)expression;
        return number_canonically(catalog, expression, err);
    }
    *label = catalog->expression[expression];
    if (*label >= 0)
        return FER_OK;
    *label = LEFT_OUT;
    if (catalog->drop_others)
        return FER_OK;
    return fer_fail(err, FER_ENOTFOUND,
                    "the description's labels have no '%s' (nor '%s'); others=drop leaves such pictures out",
                    forms[expression][0], forms[expression][1]);
}

enum fer_status catalog_label(struct catalog *catalog, const char *text, int *label, struct fer_error *err)
{
    const char *name = expression_translate(catalog, text);
    enum expression expression;
    enum fer_status status;

    if (catalog->env->nlabels == 0)
        return catalog_name(catalog, &catalog->labels, text, label, err);
    if (catalog->drop_others && expression_find(name, &expression) && catalog->expression[expression] < 0) {
        *label = LEFT_OUT;
        return FER_OK;
    }
    status = fer_label_find(catalog->env, name, label, err);
    if (status == FER_ENOTFOUND && expression_find(name, &expression))
        return expression_label(catalog, expression, label, err);
    return status;
}
