/* SPDX-License-Identifier: Apache-2.0 */
#include "run/builtins.h"

#include "builtins_cl.h"
#include "text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A function and the macro of builtins.cl that declares it.  Sorted by name. */
struct builtin {
    const char *name, *macro;
};
static const struct builtin builtins[] = {
    { "acos", "REAL1" },
    { "acosh", "REAL1" },
    { "add_sat", "WHOLE2" },
    { "asin", "REAL1" },
    { "asinh", "REAL1" },
    { "atan", "REAL1" },
    { "atan2", "REAL2" },
    { "atanh", "REAL1" },
    { "barrier", "BARRIER" },
    { "cbrt", "REAL1" },
    { "ceil", "REAL1" },
    { "clamp", "CLAMP" },
    { "clz", "WHOLE1" },
    { "copysign", "REAL2" },
    { "cos", "REAL1" },
    { "cosh", "REAL1" },
    { "cospi", "REAL1" },
    { "degrees", "REAL1" },
    { "distance", "DOT" },
    { "dot", "DOT" },
    { "erf", "REAL1" },
    { "erfc", "REAL1" },
    { "exp", "REAL1" },
    { "exp10", "REAL1" },
    { "exp2", "REAL1" },
    { "expm1", "REAL1" },
    { "fabs", "REAL1" },
    { "fdim", "REAL2" },
    { "floor", "REAL1" },
    { "fma", "REAL3" },
    { "fmax", "EXTREME" },
    { "fmin", "EXTREME" },
    { "fmod", "REAL2" },
    { "get_global_id", "ITEM" },
    { "get_global_offset", "ITEM" },
    { "get_global_size", "ITEM" },
    { "get_group_id", "ITEM" },
    { "get_local_id", "ITEM" },
    { "get_local_size", "ITEM" },
    { "get_num_groups", "ITEM" },
    { "hadd", "WHOLE2" },
    { "hypot", "REAL2" },
    { "isequal", "TEST2" },
    { "isfinite", "TEST1" },
    { "isgreater", "TEST2" },
    { "isgreaterequal", "TEST2" },
    { "isinf", "TEST1" },
    { "isless", "TEST2" },
    { "islessequal", "TEST2" },
    { "islessgreater", "TEST2" },
    { "isnan", "TEST1" },
    { "isnormal", "TEST1" },
    { "isnotequal", "TEST2" },
    { "isordered", "TEST2" },
    { "isunordered", "TEST2" },
    { "length", "LENGTH" },
    { "log", "REAL1" },
    { "log10", "REAL1" },
    { "log1p", "REAL1" },
    { "log2", "REAL1" },
    { "logb", "REAL1" },
    { "mad", "REAL3" },
    { "mad24", "24BIT3" },
    { "mad_hi", "WHOLE3" },
    { "max", "LIMIT" },
    { "mem_fence", "FENCE" },
    { "min", "LIMIT" },
    { "mix", "MIX" },
    { "mul24", "24BIT2" },
    { "mul_hi", "WHOLE2" },
    { "nextafter", "REAL2" },
    { "normalize", "NORMALIZE" },
    { "popcount", "WHOLE1" },
    { "pow", "REAL2" },
    { "powr", "REAL2" },
    { "radians", "REAL1" },
    { "read_mem_fence", "FENCE" },
    { "remainder", "REAL2" },
    { "rhadd", "WHOLE2" },
    { "rint", "REAL1" },
    { "rotate", "WHOLE2" },
    { "round", "REAL1" },
    { "rsqrt", "REAL1" },
    { "select", "SELECT" },
    { "sign", "REAL1" },
    { "signbit", "TEST1" },
    { "sin", "REAL1" },
    { "sinh", "REAL1" },
    { "sinpi", "REAL1" },
    { "smoothstep", "SMOOTHSTEP" },
    { "sqrt", "REAL1" },
    { "step", "STEP" },
    { "sub_sat", "WHOLE2" },
    { "tan", "REAL1" },
    { "tanh", "REAL1" },
    { "tanpi", "REAL1" },
    { "trunc", "REAL1" },
    { "write_mem_fence", "FENCE" },
};

/* Functions whose names hold a length and a rounding: vload4, vstore_half8_rte. */
static const struct builtin sized[] = {
    { "vload", "VLOAD" },
    { "vload_half", "VLOAD_HALF" },
    { "vstore", "VSTORE" },
    { "vstore_half", "VSTORE_HALF" },
};

/* Called functions of these names, or of names that begin so, need the driver's declarations. */
static const char *const strangers[] = { "abs",
                                         "abs_diff",
                                         "acospi",
                                         "all",
                                         "any",
                                         "asinpi",
                                         "atan2pi",
                                         "atanpi",
                                         "bitselect",
                                         "cross",
                                         "fract",
                                         "frexp",
                                         "get_work_dim",
                                         "ilogb",
                                         "ldexp",
                                         "lgamma",
                                         "lgamma_r",
                                         "maxmag",
                                         "minmag",
                                         "modf",
                                         "nan",
                                         "pown",
                                         "prefetch",
                                         "printf",
                                         "remquo",
                                         "rootn",
                                         "shuffle",
                                         "shuffle2",
                                         "sincos",
                                         "tgamma",
                                         "upsample",
                                         "vec_step",
                                         "wait_group_events",
                                         NULL };
static const char *const strange_families[] = { "async_", "atom_",   "atomic_",    "fast_",       "get_image_",
                                                "half_",  "native_", "read_image", "write_image", NULL };

static const char *const types[] = { "char", "uchar", "short", "ushort", "int", "uint",
                                     "long", "ulong", "float", "double", NULL };

/* ---- what a name asks for ---- */

enum { NAME = 48 }; /* longer names are none of ours */

static int compare(const void *name, const void *entry)
{
    return strcmp(name, ((const struct builtin *)entry)->name);
}

/* "4_rte" is a length and a rounding, "" and "_rte" are a rounding alone. */
static bool is_length(const char *text, char length[4])
{
    const size_t digits = strspn(text, "0123456789");

    if (digits > 2 || (text[digits] && text[digits] != '_'))
        return false;
    snprintf(length, 4, "%.*s", (int)digits, text);
    return true;
}

/* The line that declares `name`; false where it is none of ours. */
static bool line_of(const char *name, char *line, size_t size)
{
    const struct builtin *found =
        bsearch(name, builtins, sizeof(builtins) / sizeof(builtins[0]), sizeof(builtins[0]), compare);
    char length[4];

    if (found) {
        snprintf(line, size, "FER_%s(%s)\n", found->macro, name);
        return true;
    }
    for (size_t i = sizeof(sized) / sizeof(sized[0]); i-- > 0;) { /* vload_half before vload */
        const size_t stem = strlen(sized[i].name);

        if (!strncmp(name, sized[i].name, stem) && is_length(name + stem, length)) {
            snprintf(line, size, "FER_%s(%s, %s)\n", sized[i].macro, name, length);
            return true;
        }
    }
    for (int i = 0; !strncmp(name, "convert_", 8) && types[i]; i++) {
        const size_t type = strlen(types[i]);

        if (!strncmp(name + 8, types[i], type) && is_length(name + 8 + type, length)) {
            snprintf(line, size, "FER_CONVERT(%s, %s, %s)\n", name, types[i], length);
            return true;
        }
    }
    return false;
}

static bool is_strange(const char *name)
{
    for (int i = 0; strangers[i]; i++) {
        if (!strcmp(name, strangers[i]))
            return true;
    }
    for (int i = 0; strange_families[i]; i++) {
        if (!strncmp(name, strange_families[i], strlen(strange_families[i])))
            return true;
    }
    return false;
}

/* ---- the names in a text ---- */

static void declare(struct fer_text *d, const char *word, size_t length, size_t macros)
{
    char name[NAME], line[2 * NAME + 32];

    if (length >= NAME)
        return;
    snprintf(name, sizeof(name), "%.*s", (int)length, word);
    if (word[length + strspn(word + length, " \t\n")] == '(' && is_strange(name))
        d->failed = true; /* a function that we do not declare */
    else if (line_of(name, line, sizeof(line)) && !d->failed && !strstr(d->data + macros, line))
        fer_text_put(d, line);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void scan(struct fer_text *d, const char *at, size_t macros)
{
    while (*at) {
        if (at[0] == '/' && at[1] == '/') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");

            at = end ? end + 2 : at + strlen(at);
        } else if (is_word(*at)) {
            const char *word = at;

            while (is_word(*at))
                at++;
            declare(d, word, (size_t)(at - word), macros);
        } else {
            at++;
        }
    }
}

char *fer_builtins_declare(const char *const *parts, size_t count)
{
    struct fer_text d = { 0 };
    size_t macros;

    fer_text_put(&d, fer_builtins_cl);
    macros = d.length;
    for (size_t i = 0; i < count && !d.failed; i++)
        scan(&d, parts[i], macros);
    if (d.failed) {
        free(d.data);
        return NULL;
    }
    return d.data;
}
