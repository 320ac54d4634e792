/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "pictures.h"

struct args {
    struct common common;
    const char *model, *data, *net, *predict, *stage, *out, *kernels;
    bool training, eval, memory, launches;
    int batch, columns, rows;
};

enum {
    KEY_NET = 0x200,
    KEY_PREDICT,
    KEY_STAGE,
    KEY_BATCH,
    KEY_MODE,
    KEY_MEMORY,
    KEY_LAUNCHES,
    KEY_KERNELS,
    KEY_OUT,
    KEY_COLUMNS,
    KEY_ROWS
};

static const struct argp_option options[] = {
    { "predict", KEY_PREDICT, "NAME", 0, "this predict block [the first]", 0 },
    { "stage", KEY_STAGE, "NAME", 0, "this stage, with backward and updates; implies --mode=train", 0 },
    { "net", KEY_NET, "NAME", 0, "one net instead", 0 },
    { "mode", KEY_MODE, "train|eval", 0, "train: the first stage, or the net in training; pictures augmented [eval]",
      0 },
    { "batch", KEY_BATCH, "N", 0, "batch that memory is planned for; a stage has its own [1]", 0 },
    { "launches", KEY_LAUNCHES, NULL, 0, "also every kernel call", 0 },
    { "kernels", KEY_KERNELS, "DIR", 0, "also write the texts of all kernels there; nothing is compiled", 0 },
    { "memory", KEY_MEMORY, NULL, 0, "also where every tensor lies", 0 },
    { "out", KEY_OUT, "FILE.png", 0, "contact sheet of `data NAME`", 0 },
    { "columns", KEY_COLUMNS, "N", 0, "pictures in a row of it [8]", 0 },
    { "rows", KEY_ROWS, "N", 0, "rows of it [8]", 0 },
    { 0 },
};

/* A name that promises another kind of picture would be believed. */
static const char *png_argument(struct argp_state *state, const char *path)
{
    const char *end = strrchr(path, '.');

    if (picture_named(path) && strcasecmp(end, ".png") != 0)
        argp_error(state, "--out=%s: the sheet is written as PNG; let the name end in .png", path);
    return path;
}

static void operand(struct args *args, char *value, struct argp_state *state)
{
    if (state->arg_num == 0)
        args->model = value;
    else if (state->arg_num == 2)
        args->data = value;
    else if (state->arg_num != 1 || strcmp(value, "data") != 0)
        argp_error(state, "'%s' is not understood; say MODEL.fer, or MODEL.fer data NAME --out FILE.png", value);
}

/* Nothing that was said is left without effect. */
static void finish_arguments(struct args *args, struct argp_state *state)
{
    if (!args->model)
        argp_error(state, "which description?");
    if (state->arg_num == 2)
        argp_error(state, "which data set?");
    if (args->data && !args->out)
        argp_error(state, "--out FILE.png is missing");
    if (!args->data)
        refuse_options(state, &args->common, OPTION_SEED, "shapes, launches and memory do not depend on it");
    if (!!args->net + !!args->predict + !!args->stage + !!args->data > 1)
        argp_error(state, "one of --predict, --stage, --net and a data set");
    if ((args->predict && args->training) || (args->stage && args->eval))
        argp_error(state, "--predict is --mode=eval, --stage is --mode=train");
    args->training = args->training || args->stage;
    if (args->training && args->batch && !args->net)
        argp_error(state, "--batch: the data of a stage says it (| batch N; perhaps --set)");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_NET: args->net = value; return 0;
    case KEY_PREDICT: args->predict = value; return 0;
    case KEY_STAGE: args->stage = value; return 0;
    case KEY_BATCH: args->batch = (int)count_argument(state, "batch", value, 65536); return 0;
    case KEY_COLUMNS: args->columns = (int)count_argument(state, "columns", value, 65536); return 0;
    case KEY_ROWS: args->rows = (int)count_argument(state, "rows", value, 65536); return 0;
    case KEY_LAUNCHES: args->launches = true; return 0;
    case KEY_MEMORY: args->memory = true; return 0;
    case KEY_KERNELS: args->kernels = value; return 0;
    case KEY_OUT: args->out = png_argument(state, value); return 0;
    case KEY_MODE:
        if (strcmp(value, "train") != 0 && strcmp(value, "eval") != 0)
            argp_error(state, "--mode=%s should be train or eval", value);
        args->training = strcmp(value, "train") == 0;
        args->eval = !args->training;
        return 0;
    case ARGP_KEY_ARG: operand(args, value, state); return 0;
    case ARGP_KEY_END: finish_arguments(args, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const char *shape_text(const json_t *shape, char *text, size_t size)
{
    size_t at = 0, i;
    const json_t *dim;

    text[0] = '\0';
    json_array_foreach(shape, i, dim)
    {
        if (at < size)
            at += (size_t)snprintf(text + at, size - at, "%s%lld", i ? " x " : "", (long long)json_integer_value(dim));
    }
    return text;
}

/* "conv2d + batchnorm + relu" */
static const char *op_text(const json_t *row, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "%s", text_of(row, "op")), i;
    const json_t *name;

    json_array_foreach(json_object_get(row, "fused"), i, name)
    {
        if (at < size)
            at += (size_t)snprintf(text + at, size - at, " + %s", json_string_value(name));
    }
    return text;
}

static void print_operations(const json_t *report)
{
    const json_t *row;
    char shape[128], op[256];
    size_t i;

    printf("%-40s %-32s %-20s %12s %15s\n", "path", "operation", "output", "parameters", "multiply-adds");
    json_array_foreach(json_object_get(report, "operations"), i, row)
        printf("%-40s %-32s %-20s %12.0f %15.0f\n", text_of(row, "path"), op_text(row, op, sizeof(op)),
               shape_text(json_object_get(row, "shape"), shape, sizeof(shape)), number_of(row, "parameters"),
               number_of(row, "macs"));
    printf("%-40s %-32s %-20s %12.0f %15.0f\n", "sum", "", "", number_of(report, "parameters"),
           number_of(report, "macs"));
}

/* Where samples part; a description without such a place has nothing worth saying here. */
static void print_segments(const json_t *report)
{
    const json_t *segments = json_object_get(report, "segments"), *row;
    bool parts = false;
    size_t i;

    json_array_foreach(segments, i, row) parts = parts || text_of(row, "decision")[0];
    if (!parts)
        return;
    printf("\n%-32s %8s  %s\n", "segment", "launches", "runs for");
    json_array_foreach(segments, i, row)
    {
        const char *net = text_of(row, "branch"), *decision = text_of(row, "decision");

        printf("%-32s %8.0f  %s%s%s%s%s\n", text_of(row, "name"), number_of(row, "launches"),
               strcmp(text_of(row, "name"), "prepare") == 0 ? "new weights"
               : net[0]                                     ? "samples sent to "
                                                            : "all samples",
               net, decision[0] ? "; then " : "", decision, decision[0] ? " decides" : "");
    }
    puts("A segment without samples is left out.  The sum counts the dearest way, not every net.");
}

static bool has_word(const json_t *list, const char *word)
{
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        if (strcmp(json_string_value(row), word) == 0)
            return true;
    }
    return false;
}

static void print_pass(const char *pass, json_t *did)
{
    const char *what, *after = " ";
    json_t *count;

    if (json_object_size(did) == 0) {
        printf(" nothing");
    } else if (strcmp(pass, "optimizer") == 0) {
        printf(" %.0f launch%s for %.0f weights", number_of(did, "launches"),
               number_of(did, "launches") == 1 ? "" : "es", number_of(did, "weights"));
    } else if (strcmp(pass, "arena") == 0) {
        printf(" %s of %s", bytes_text(number_of(did, "bytes")), bytes_text(number_of(did, "apart")));
    } else {
        json_object_foreach(did, what, count)
        {
            printf("%s%lld %s", after, (long long)json_integer_value(count), what);
            after = ", ";
        }
    }
}

/* "passes: fold 20 batchnorm; fuse 17 relu, 8 add; layout 2 conversions; inplace off; views 3 tensors; optimizer 1
 * launch for 62 weights; arena 171.0 MiB of 412.0 MiB" */
static void print_passes(const json_t *report)
{
    const json_t *passes = json_object_get(report, "passes"), *without = json_object_get(report, "without"), *row;
    const char *pass, *after = "\npasses: ";
    json_t *did;
    size_t i;

    json_object_foreach((json_t *)passes, pass, did)
    {
        printf("%s%s", after, pass);
        after = "; ";
        if (has_word(without, pass))
            printf(" off");
        else
            print_pass(pass, did);
    }
    json_array_foreach(without, i, row)
    {
        if (!json_object_get(passes, json_string_value(row)))
            printf("%s%s off", after, json_string_value(row));
    }
    putchar('\n');
}

static void print_launches(const json_t *report)
{
    const json_t *row;
    size_t i;

    printf("\n%5s %-16s %-9s %-14s %-24s %-18s %10s %10s  %s\n", "", "segment", "pass", "operation", "kernel", "solver",
           "GFLOP", "MB", "for");
    json_array_foreach(json_object_get(report, "launches"), i, row)
        printf("%5zu %-16s %-9s %-14s %-24s %-18s %10.4f %10.3f  %s%s\n", i, text_of(row, "segment"),
               text_of(row, "pass"), text_of(row, "op"), text_of(row, "kernel"), text_of(row, "solver"),
               number_of(row, "flops") / 1e9, number_of(row, "bytes") / 1e6, text_of(row, "label"),
               strcmp(text_of(row, "chosen"), "tuned") == 0 ? " (tuned)" : "");
}

static void print_memory(const json_t *report, bool tensors)
{
    const json_t *memory = json_object_get(report, "memory"), *row;
    size_t i;

    printf("\nmemory: %s, of it %s weights and %s shared by intermediate results\n",
           bytes_text(number_of(memory, "total")), bytes_text(number_of(memory, "weights")),
           bytes_text(number_of(memory, "arena")));
    if (!tensors)
        return;
    printf("%-40s %-9s %12s %12s %6s %6s\n", "tensor", "where", "offset", "bytes", "first", "last");
    json_array_foreach(json_object_get(memory, "tensors"), i, row)
        printf("%-40s %-9s %12.0f %12.0f %6.0f %6.0f\n", text_of(row, "name"), text_of(row, "storage"),
               number_of(row, "offset"), number_of(row, "bytes"), number_of(row, "first"), number_of(row, "last"));
}

static void print_sheet(const struct args *args, const json_t *report)
{
    const json_t *pictures = json_object_get(report, "pictures"), *row;
    int columns = (int)number_of(report, "columns");
    const char *name;
    json_t *value;
    size_t i;

    printf("%s: %zu picture%s of %s, %.0f x %.0f\n", args->out, json_array_size(pictures),
           json_array_size(pictures) == 1 ? "" : "s", text_of(report, "data"), number_of(report, "width"),
           number_of(report, "height"));
    json_array_foreach(pictures, i, row)
    {
        printf("row %zu, column %zu:", i / (size_t)columns + 1, i % (size_t)columns + 1);
        json_object_foreach((json_t *)row, name, value)
        {
            printf("  %s ", name);
            if (json_is_string(value))
                put_name(stdout, json_string_value(value));
            else
                printf("%.6g", json_number_value(value));
        }
        putchar('\n');
    }
}

int cmd_show(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "MODEL.fer\nMODEL.fer data NAME --out FILE.png",
        .doc = "Show what a description is to the device: operations with shapes, parameters and "
               "multiply-adds, memory, launches; or the first pictures of a data set as the network "
               "gets them.",
        .children = COMMON_CHILDREN
    };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    enum fer_status status;
    json_t *report;
    char *text;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    if (args.data) {
        struct fer_sheet_options sheet = { common_settings(&args.common), args.training, args.columns, args.rows };

        status = fer_show_data(context, args.model, args.data, &sheet, args.out, &text, &err);
    } else {
        struct fer_show_options show = { .settings = common_settings(&args.common),
                                         .net = args.net,
                                         .block = args.stage ? args.stage : args.predict,
                                         .batch = args.batch,
                                         .training = args.training,
                                         .kernels = args.kernels };

        status = fer_show(context, args.model, &show, &text, &err);
    }
    if (status != FER_OK)
        return report_failure(&err);
    report = parse_report(text);
    if (args.common.json) {
        print_json(report);
    } else if (args.data) {
        if (!args.common.quiet)
            print_sheet(&args, report);
    } else {
        print_operations(report);
        print_segments(report);
        print_passes(report);
        if (args.launches)
            print_launches(report);
        print_memory(report, args.memory);
        if (args.kernels)
            printf("kernels: %.0f programs in %s\n", number_of(report, "programs"), args.kernels);
    }
    json_decref(report);
    return finish(EXIT_SUCCESS);
}
