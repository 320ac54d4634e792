/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "dataset.h"

struct args {
    struct common common;
    struct dataset dataset;
    const char *out, *with;
};

enum { KEY_OUT = 0x200, KEY_WITH, KEY_SPLIT };

static const struct argp_option options[] = {
    { "out", KEY_OUT, "DIR", 0, "where pictures, masks and manifest.csv go", 0 },
    { "with", KEY_WITH, "OCCLUDER", 0,
      "what covers, as behind `batch` in a description: 'face_mask kind=2', 'find_eyes | eyes' [sprite]", 0 },
    { "split", KEY_SPLIT, "NAME", 0, "one part of the data: train, valid or test [all]", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        state->child_inputs[1] = &args->dataset;
        return 0;
    case KEY_OUT: args->out = value; return 0;
    case KEY_WITH: args->with = value; return 0;
    case KEY_SPLIT: args->dataset.split = value; return 0;
    case ARGP_KEY_END:
        if (!args->dataset.source && !args->dataset.reader)
            argp_error(state, "which folder or CSV file?");
        if (!args->out)
            argp_error(state, "--out=DIR is missing");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Whether `name` stands in a text as a word. */
static bool has_word(const char *text, const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strlen(name);

    for (const char *at = text; at && length && (at = strstr(at, name)) != NULL; at++) {
        if ((at == text || !strchr(letters, at[-1])) && (!at[length] || !strchr(letters, at[length])))
            return true;
    }
    return false;
}

/* Whether the command line names something of the plugin. */
static bool is_needed(const struct args *args, const json_t *plugin)
{
    const char *reader = args->dataset.reader ? args->dataset.reader : "", *name = text_of(plugin, "name");
    const json_t *entry;
    size_t i;

    if (json_is_true(json_object_get(plugin, "shadowed")) || strcmp(name, "data") == 0)
        return false; /* data stands there anyway */
    if (strcmp(name, "occlude") == 0 || has_word(args->with, name) || has_word(reader, name))
        return true;
    json_array_foreach(json_object_get(plugin, "provides"), i, entry)
    {
        if (has_word(args->with, text_of(entry, "name")) || has_word(reader, text_of(entry, "name")))
            return true;
    }
    return false;
}

/* The plugins that the readers and occluders of the command line come from, "data, occlude, …"; malloc'ed; NULL: out of
 * memory. */
static char *list_plugins(const struct args *args, struct fer_context *context)
{
    struct fer_error err = FER_ERROR_INIT;
    char *report = NULL, *text = NULL;
    json_t *plugins;
    const json_t *plugin;
    size_t i, size;
    FILE *out = open_memstream(&text, &size);

    if (!out || fer_inspect_plugins(context, &report, &err) != FER_OK) {
        if (out)
            fclose(out);
        free(text);
        return NULL;
    }
    plugins = parse_report(report);
    fputs("data", out);
    json_array_foreach(plugins, i, plugin)
    {
        if (is_needed(args, plugin))
            fprintf(out, ", %s", text_of(plugin, "name"));
    }
    json_decref(plugins);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void print_summary(const json_t *report)
{
    double pictures = number_of(report, "pictures");

    printf("%s: %.0f pictures, %.0f of them covered, on average %.1f %% of a picture\n", text_of(report, "directory"),
           pictures, number_of(report, "covered"), 100 * number_of(report, "mean_covered"));
    if (json_object_get(report, "found"))
        printf("faces were found in %.0f; in %.0f the usual places were taken\n", number_of(report, "found"),
               pictures - number_of(report, "found"));
}

static int occlude(struct args *args, struct fer_context *context, const char *text)
{
    struct fer_export_options export = { .settings = common_settings(&args->common),
                                         .text = text,
                                         .note = args->with,
                                         .stop = &stop_signal,
                                         .progress = show_progress,
                                         .user = args };
    struct fer_error err = FER_ERROR_INIT;
    char *json = NULL;
    json_t *report;
    enum fer_status status = fer_export_data(context, "occlude", "all", args->out, &export, &json, &err);
    int failed;

    clear_progress();
    if (status != FER_OK) {
        failed = report_failure(&err);
        return status == FER_EINTERRUPTED ? 128 + stop_signal : failed;
    }
    report = parse_report(json);
    if (args->common.json)
        print_json(report);
    else if (!args->common.quiet)
        print_summary(report);
    json_decref(report);
    return EXIT_SUCCESS;
}

int cmd_occlude(int argc, char **argv)
{
    const struct argp_child children[] = { { &common_argp, 0, "Common options:", 10 },
                                           { &dataset_argp, 0, NULL, 0 },
                                           { 0 } };
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "DIR|CSV",
        .doc = "Write a covered copy of a data set: DIR/images, DIR/masks and DIR/manifest.csv.  Pictures "
               "keep their sizes; the same --seed gives the same files.",
        .children = children
    };
    struct args args = { .with = "sprite" };
    struct fer_context *context;
    char *uses, *text = NULL;
    int result;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    context = open_context(&args.common);
    uses = list_plugins(&args, context);
    if (uses) {
        args.dataset.uses = uses;
        args.dataset.after = args.with;
        text = dataset_text(&args.dataset);
    }
    result = text ? occlude(&args, context, text)
                  : report_failure(&(struct fer_error){ .status = FER_ENOMEM, .text = "out of memory" });
    free(text);
    free(uses);
    return finish(result);
}
