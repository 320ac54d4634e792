/* SPDX-License-Identifier: Apache-2.0 */
#include "run/bundle.h"

#include "prelude_cl.h"
#include "run/names.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* "#ifdef NAME" */
static void write_directive(struct fer_text *text, const char *directive, const char *at, size_t length)
{
    fer_text_put(text, directive);
    fer_text_put_bytes(text, at, length);
    fer_text_put(text, "\n");
}

/* Options, the prelude or the driver may define what the source defines.  Those that a default of the source gives way
 * to stay from kernel to kernel; what it redefines could not be put back, so then they are not compiled together. */
static void write_defined(struct fer_text *text, const struct fer_names *names)
{
    for (size_t i = 0; i < names->macros.count; i++) {
        const struct fer_name *name = &names->macros.items[i];

        write_directive(text, "#ifdef ", name->at, name->length);
        write_directive(text, name->guarded ? "#define FER_KEPT_" : "#error ", name->at, name->length);
        fer_text_put(text, "#endif\n");
    }
    for (size_t i = 0; i < names->declared.count; i++) {
        const struct fer_name *name = &names->declared.items[i];

        write_directive(text, "#ifdef ", name->at, name->length);
        write_directive(text, "#error ", name->at, name->length);
        fer_text_put(text, "#endif\n");
    }
}

static void write_undefined(struct fer_text *text, const struct fer_names *names)
{
    for (size_t i = 0; i < names->macros.count; i++) {
        const struct fer_name *name = &names->macros.items[i];

        if (name->guarded)
            write_directive(text, "#ifndef FER_KEPT_", name->at, name->length);
        write_directive(text, "#undef ", name->at, name->length);
        if (name->guarded)
            fer_text_put(text, "#endif\n");
    }
    for (size_t i = 0; i < names->declared.count; i++)
        write_directive(text, "#undef ", names->declared.items[i].at, names->declared.items[i].length);
}

/* Lines "#define NAME …" of make_defines. */
static void write_undefines(struct fer_text *text, const char *defines)
{
    static const char define[] = "#define ";

    for (const char *at = defines; (at = strstr(at, define));) {
        at += strlen(define);
        write_directive(text, "#undef ", at, strcspn(at, " \n"));
    }
}

/* Tells apart what the source declares for one kernel and for the next: #define find find_of_KERNEL.  The kernel itself
 * keeps its name. */
static void write_names(struct fer_text *text, const struct fer_names *names, const char *kernel)
{
    for (size_t i = 0; i < names->declared.count; i++) {
        const struct fer_name *name = &names->declared.items[i];

        if (name->length == strlen(kernel) && strncmp(name->at, kernel, name->length) == 0)
            continue;
        fer_text_put(text, "#define ");
        fer_text_put_bytes(text, name->at, name->length);
        fer_text_put(text, " ");
        fer_text_put_bytes(text, name->at, name->length);
        write_directive(text, "_of_", kernel, strlen(kernel));
    }
}

/* The prelude's stand there once, so they must go on meaning what they mean. */
static void leave_out(struct fer_names *names, const struct fer_names *prelude)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->declared.count; i++) {
        const struct fer_name *name = &names->declared.items[i];

        if (!fer_names_find(&prelude->declared, name->at, name->length) &&
            !fer_names_find(&prelude->macros, name->at, name->length))
            names->declared.items[kept++] = *name;
    }
    names->declared.count = kept;
}

static char *join(const struct fer_bundle *bundle, const struct fer_names *names)
{
    struct fer_text text = { 0 };

    write_defined(&text, names);
    for (int i = 0; i < bundle->count; i++) {
        const struct member *member = &bundle->members[i];

        fer_text_put(&text, member->defines);
        write_names(&text, names, member->kernel);
        fer_text_put(&text, "#line 1 \"source\"\n");
        fer_text_put(&text, bundle->source);
        fer_text_put(&text, "\n");
        write_undefined(&text, names);
        write_undefines(&text, member->defines);
    }
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    return text.data;
}

/* Without a text they are compiled one by one. */
static enum fer_status make_text(struct fer_bundle *bundle, const struct fer_names *prelude, struct fer_error *err)
{
    struct fer_names names;
    enum fer_status status = fer_names_read(bundle->source, &names, err);

    if (status)
        return status == FER_ENOTSUP ? FER_OK : status;
    leave_out(&names, prelude);
    bundle->text = join(bundle, &names);
    fer_names_free(&names);
    return bundle->text ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory while kernels were prepared");
}

static enum fer_status make_texts(struct fer_bundles *bundles, struct fer_error *err)
{
    struct fer_names prelude;
    enum fer_status status = fer_names_read(fer_prelude_cl, &prelude, err);

    for (int i = 0; i < bundles->count && !status; i++)
        if (bundles->items[i].count > 1)
            status = make_text(&bundles->items[i], &prelude, err);
    fer_names_free(&prelude);
    return status;
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
    if (!status)
        status = make_texts(bundles, err);
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

struct fer_kernel_text fer_bundles_text(const struct fer_bundles *bundles, const struct fer_launch *launch)
{
    const struct fer_bundle *bundle = bundles->of[launch->index];

    if (!bundle->text)
        return (struct fer_kernel_text){ bundles->defines[launch->index], bundle->source, bundle->options };
    return (struct fer_kernel_text){ bundle->bfloat ? has_bfloat : "", bundle->text, bundle->options };
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
