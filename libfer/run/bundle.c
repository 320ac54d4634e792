/* SPDX-License-Identifier: Apache-2.0 */
#include "run/bundle.h"

#include "prelude_cl.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTED = 16 }; /* #if in #if */

struct member {
    const char *kernel;
    char *defines; /* owned */
};

struct fer_bundle {
    const char *source, *options;
    bool bfloat; /* the prelude asks for it, and is there once */
    struct member *members;
    int count, capacity;
    char *text; /* of several kernels together; NULL: each is compiled alone */
};

static const char has_bfloat[] = "#define FER_HAS_BFLOAT\n";

/* ---- what a kernel is compiled with: types and layouts of its launch's tensors ---- */

static const char *type_name(const struct fer_tensor *tensor)
{
    if (tensor->precision != FER_FP32)
        return "ushort";
    switch (tensor->shape.dtype) {
    case FER_F32: return "float";
    case FER_I32: return "int";
    case FER_U32: return "uint";
    case FER_U8: return "uchar";
    }
    return "float";
}

static const char *form_name(enum fer_precision precision)
{
    return precision == FER_FP16 ? "HALF" : precision == FER_BF16 ? "BFLOAT" : "FULL";
}

static enum fer_status check_unique(const struct fer_launch *launch, int at, struct fer_error *err)
{
    for (int i = 0; i < at; i++) {
        if (launch->args[i].kind == FER_ARG_TENSOR && !strcmp(launch->args[i].name, launch->args[at].name))
            return fer_fail(err, FER_EINVAL, "two tensor arguments of kernel %s are called %s", launch->kernel,
                            launch->args[at].name);
    }
    return FER_OK;
}

static bool takes_bfloat(const struct fer_launch *launch)
{
    for (int i = 0; i < launch->nargs; i++)
        if (launch->args[i].kind == FER_ARG_TENSOR && launch->args[i].tensor->precision == FER_BF16)
            return true;
    return false;
}

static enum fer_status make_defines(const struct fer_launch *launch, char **out, struct fer_error *err)
{
    size_t size = strlen(launch->kernel) + 64, used = 0;

    *out = NULL;
    for (int i = 0; i < launch->nargs; i++) {
        if (launch->args[i].kind != FER_ARG_TENSOR)
            continue;
        if (!launch->args[i].name || !launch->args[i].tensor)
            return fer_fail(err, FER_EINVAL, "argument %d of kernel %s is a tensor without %s", i + 1, launch->kernel,
                            launch->args[i].name ? "a place" : "a name");
        if (check_unique(launch, i, err))
            return FER_EINVAL;
        size += 3 * strlen(launch->args[i].name) + 112;
    }
    *out = calloc(size, 1);
    if (!*out)
        return fer_fail(err, FER_ENOMEM, "out of memory while kernel %s was prepared", launch->kernel);
    /* Lets a source hold several kernels, whose tensors have other names. */
    used += (size_t)snprintf(*out, size, "#define FER_KERNEL_%s 1\n%s", launch->kernel,
                             takes_bfloat(launch) ? has_bfloat : "");
    for (int i = 0; i < launch->nargs; i++) {
        const struct fer_arg *arg = &launch->args[i];

        if (arg->kind == FER_ARG_TENSOR)
            used += (size_t)snprintf(
                *out + used, size - used, "#define FER_TYPE_%s %s\n#define FER_FORM_%s %s\n#define FER_LAYOUT_%s %s\n",
                arg->name, type_name(arg->tensor), arg->name, form_name(arg->tensor->precision), arg->name,
                arg->tensor->layout == FER_LAYOUT_BLOCKED ? "FER_BLOCKED" : "FER_PLAIN");
    }
    return FER_OK;
}

/* ---- who goes with whom ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || !strcmp(a, b);
}

static const struct member *find_member(const struct fer_bundle *bundle, const char *kernel)
{
    for (int i = 0; i < bundle->count; i++)
        if (!strcmp(bundle->members[i].kernel, kernel))
            return &bundle->members[i];
    return NULL;
}

/* A kernel for tensors of other types or layouts has the same name, and goes to a bundle of its own. */
static struct fer_bundle *find_bundle(struct fer_bundles *bundles, const struct fer_launch *launch, const char *options,
                                      const char *defines)
{
    const bool bfloat = takes_bfloat(launch);

    for (int i = 0; i < bundles->count; i++) {
        struct fer_bundle *bundle = &bundles->items[i];
        const struct member *member;

        if (bundle->bfloat != bfloat || !same_text(bundle->source, launch->source) ||
            !same_text(bundle->options, options))
            continue;
        member = find_member(bundle, launch->kernel);
        if (!member || !strcmp(member->defines, defines))
            return bundle;
    }
    bundles->items[bundles->count] =
        (struct fer_bundle){ .source = launch->source, .options = options, .bfloat = bfloat };
    return &bundles->items[bundles->count++];
}

/* Takes `defines`. */
static const struct member *add_member(struct fer_bundle *bundle, const char *kernel, char *defines)
{
    if (bundle->count == bundle->capacity) {
        const int capacity = 2 * bundle->capacity + 2;
        struct member *grown = realloc(bundle->members, (size_t)capacity * sizeof(*grown));

        if (!grown) {
            free(defines);
            return NULL;
        }
        bundle->members = grown;
        bundle->capacity = capacity;
    }
    bundle->members[bundle->count] = (struct member){ kernel, defines };
    return &bundle->members[bundle->count++];
}

static enum fer_status add_launch(struct fer_bundles *bundles, const struct fer_launch *launch, struct fer_error *err)
{
    const char *options = launch->options ? launch->options : "";
    const struct member *member;
    struct fer_bundle *bundle;
    char *defines;
    enum fer_status status;

    if (launch->run)
        return FER_OK;
    status = make_defines(launch, &defines, err);
    if (status)
        return status;
    bundle = find_bundle(bundles, launch, options, defines);
    member = find_member(bundle, launch->kernel);
    if (member)
        free(defines);
    else
        member = add_member(bundle, launch->kernel, defines);
    if (!member)
        return fer_fail(err, FER_ENOMEM, "out of memory while kernel %s was prepared", launch->kernel);
    bundles->of[launch->index] = bundle;
    bundles->defines[launch->index] = member->defines;
    return FER_OK;
}

/* ---- the text of several ---- */

struct writer {
    char *text; /* owned; NULL: out of memory */
    size_t length, size;
};

static void write_text(struct writer *writer, const char *text, size_t length)
{
    if (writer->text && writer->length + length + 1 > writer->size) {
        const size_t size = 2 * writer->size + length + 1;
        char *grown = realloc(writer->text, size);

        if (!grown)
            free(writer->text);
        writer->text = grown;
        writer->size = size;
    }
    if (!writer->text)
        return;
    memcpy(writer->text + writer->length, text, length);
    writer->length += length;
    writer->text[writer->length] = '\0';
}

static void write_line(struct writer *writer, const char *format, ...) FER_PRINTF(2, 3);
static void write_line(struct writer *writer, const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof(line)) /* longer names are left as they are, and clash */
        write_text(writer, line, (size_t)length);
}

static size_t word_length(const char *at)
{
    size_t length = 0;

    while (isalnum((unsigned char)at[length]) || at[length] == '_')
        length++;
    return length;
}

/* -Dname, -Dname=value */
static bool is_option(const char *options, const char *name, size_t length)
{
    for (const char *at = options; (at = strstr(at, "-D")); at += 2)
        if (word_length(at + 2) == length && !strncmp(at + 2, name, length))
            return true;
    return false;
}

/* Undefine what lines of a text define.  Those of the options hold for the kernels that follow, too. */
static void write_undefines(struct writer *writer, const char *text, const char *options)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        const char *at = line + strspn(line, " \t\n");

        line = at;
        if (*at != '#')
            continue;
        at += 1 + strspn(at + 1, " \t");
        if (strncmp(at, "define", 6) != 0)
            continue;
        at += 6 + strspn(at + 6, " \t");
        if (!is_option(options, at, word_length(at)))
            write_line(writer, "#undef %.*s\n", (int)word_length(at), at);
    }
}

static bool is_macro(const char *text, const char *name, size_t length)
{
    static const char define[] = "define ";

    for (const char *at = text; (at = strstr(at, define)); at++) {
        const char *found = at + strlen(define);

        if (word_length(found) == length && !strncmp(found, name, length))
            return true;
    }
    return false;
}

/* Past a comment, a string or a line for the preprocessor, or NULL: none begins here. */
static const char *skip(const char *text, const char *at)
{
    const char *end = NULL;

    if (at[0] == '/' && at[1] == '*') {
        end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    if (at[0] == '/' && at[1] == '/')
        return at + strcspn(at, "\n");
    if (*at == '"') {
        end = strchr(at + 1, '"');
        return end ? end + 1 : at + strlen(at);
    }
    if (*at != '#' || (at > text && at[-1] != '\n' && at[-1] != ' ' && at[-1] != '\t'))
        return NULL;
    do {
        at += strcspn(at, "\n");
        at += *at != '\0';
    } while (*at && at[-2] == '\\');
    return at;
}

/* Whether a word outside of all brackets is the name of a function, a value or a type.  (A kernel's name is never asked
 * for: the launch knows it.) */
static bool is_declared(const char *source, const char *word, size_t length, bool type)
{
    const char next = word[length + strspn(word + length, " \t\n")];

    return type || ((next == '(' || next == '[' || next == '=') && *word != '_' && !is_macro(source, word, length) &&
                    !is_macro(fer_prelude_cl, word, length));
}

/* How deep in brackets, and in each #if that is open how deep it was there: alternatives may each open the same one. */
struct depth {
    int now, before[NESTED], level;
};

static void take_directive(struct depth *depth, const char *line)
{
    const char *word = line + 1 + strspn(line + 1, " \t");

    if (!strncmp(word, "if", 2) && depth->level < NESTED)
        depth->before[depth->level++] = depth->now;
    else if (!strncmp(word, "el", 2) && depth->level > 0)
        depth->now = depth->before[depth->level - 1];
    else if (!strncmp(word, "endif", 5) && depth->level > 0)
        depth->level--;
}

/* The next name that two copies of the source would both declare, from *at on; 0: there is none. */
static size_t next_name(const char *source, const char **at, const char **name)
{
    struct depth depth = { 0 }; /* names are found outside of brackets, so each search begins there */
    bool type = false;

    while (**at) {
        const char *past = skip(source, *at);
        const size_t length = past ? 0 : word_length(*at);

        if (past) {
            if (**at == '#')
                take_directive(&depth, *at);
            *at = past;
        } else if (length > 0) {
            *name = *at;
            *at += length;
            if (depth.now == 0 && is_declared(source, *name, length, type))
                return length;
            type = (length == 6 && !strncmp(*name, "struct", 6)) || (length == 5 && !strncmp(*name, "union", 5)) ||
                   (length == 4 && !strncmp(*name, "enum", 4));
        } else {
            depth.now += strchr("({[", **at) ? 1 : strchr(")}]", **at) ? -1 : 0;
            *at += 1;
        }
    }
    return 0;
}

/* Tells apart what the source declares for one kernel and for the next: #define find find_of_KERNEL.  Kernel NULL: undo
 * it. */
static void write_names(struct writer *writer, const char *source, const char *kernel)
{
    const char *at = source, *name;
    size_t length;

    while ((length = next_name(source, &at, &name)) > 0) {
        if (!kernel)
            write_line(writer, "#undef %.*s\n", (int)length, name);
        else if (length != strlen(kernel) || strncmp(name, kernel, length) != 0)
            write_line(writer, "#define %.*s %.*s_of_%s\n", (int)length, name, (int)length, name, kernel);
    }
}

static enum fer_status make_text(struct fer_bundle *bundle, struct fer_error *err)
{
    struct writer writer = { .text = calloc(1, 1), .size = 1 };

    for (int i = 0; i < bundle->count; i++) {
        const struct member *member = &bundle->members[i];

        write_text(&writer, member->defines, strlen(member->defines));
        write_names(&writer, bundle->source, member->kernel);
        write_line(&writer, "#line 1 \"source\"\n");
        write_text(&writer, bundle->source, strlen(bundle->source));
        write_line(&writer, "\n");
        write_names(&writer, bundle->source, NULL);
        write_undefines(&writer, bundle->source, bundle->options);
        write_undefines(&writer, member->defines, bundle->options);
    }
    bundle->text = writer.text;
    return writer.text ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory while kernels were prepared");
}

/* ---- all of it ---- */

static enum fer_status add_launches(struct fer_bundles *bundles, const struct fer_program *program,
                                    struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int s = 0; s < program->nsegments; s++)
        for (int l = 0; l < program->segments[s]->count; l++) {
            const struct fer_launch *launch = program->segments[s]->launches[l];

            status = add_launch(bundles, launch, err);
            if (status)
                return err ? fer_launch_prefix(launch, err) : status;
        }
    return FER_OK;
}

enum fer_status fer_bundles_create(struct fer_bundles *bundles, const struct fer_program *program,
                                   struct fer_error *err)
{
    const size_t most = (size_t)program->nlaunches + 1;
    enum fer_status status = FER_OK;

    *bundles = (struct fer_bundles){ .items = calloc(most, sizeof(*bundles->items)),
                                     .of = calloc(most, sizeof(*bundles->of)),
                                     .defines = calloc(most, sizeof(*bundles->defines)) };
    if (!bundles->items || !bundles->of || !bundles->defines)
        status = fer_fail(err, FER_ENOMEM, "out of memory while %d launches were prepared", program->nlaunches);
    if (!status)
        status = add_launches(bundles, program, err);
    for (int i = 0; i < bundles->count && !status; i++)
        if (bundles->items[i].count > 1)
            status = make_text(&bundles->items[i], err);
    if (status)
        fer_bundles_free(bundles);
    return status;
}

void fer_bundles_free(struct fer_bundles *bundles)
{
    for (int i = 0; i < bundles->count; i++) {
        for (int m = 0; m < bundles->items[i].count; m++)
            free(bundles->items[i].members[m].defines);
        free(bundles->items[i].members);
        free(bundles->items[i].text);
    }
    free(bundles->items);
    free(bundles->of);
    free(bundles->defines);
    *bundles = (struct fer_bundles){ 0 };
}

struct fer_text fer_bundles_text(const struct fer_bundles *bundles, const struct fer_launch *launch)
{
    const struct fer_bundle *bundle = bundles->of[launch->index];

    if (!bundle->text)
        return (struct fer_text){ bundles->defines[launch->index], bundle->source, bundle->options };
    return (struct fer_text){ bundle->bfloat ? has_bfloat : "", bundle->text, bundle->options };
}

bool fer_bundles_part(const struct fer_bundles *bundles, const struct fer_launch *launch)
{
    struct fer_bundle *bundle = bundles->of[launch->index];

    if (!bundle->text)
        return false;
    free(bundle->text);
    bundle->text = NULL;
    return true;
}
