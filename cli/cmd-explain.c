/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pictures.h"

enum { ROWS = 16 };

struct args {
    struct common common;
    const char *checkpoint, *out;
    char **operands;
    int count;
    long rows;
    enum fer_fit fit;
    struct fer_explain_options explain;
    const char **predicts, **show, **cams, **compare;
    int npredicts, nshow, ncams, ncompare;
};

enum {
    KEY_OUT = 0x200,
    KEY_ROWS,
    KEY_PREDICT,
    KEY_SHOW,
    KEY_CAM,
    KEY_CLASS,
    KEY_COMPARE,
    KEY_THRESHOLD,
    KEY_ZOOM,
    KEY_FIT
};

static const struct argp_option options[] = {
    { "cam", KEY_CAM, "PATH", OPTION_ARG_OPTIONAL,
      "class activation maps, at this value [the last with height and width]", 0 },
    { "class", KEY_CLASS, "NAME", 0, "of the activation maps [what each picture is taken for]", 0 },
    { "compare", KEY_COMPARE, "OUTPUT=FIELD", 0, "a field of the data, or DATA.FIELD of another test's", 0 },
    { "fit", KEY_FIT, "crop|stretch", 0, "how other sides are fitted: centre piece, or all of it squeezed [crop]", 0 },
    { "out", KEY_OUT, "DIR", 0, "where the pictures go; made when it is missing", 0 },
    { "predict", KEY_PREDICT, "NAME", 0, "a predict block; may be repeated [those with more than an answer]", 0 },
    { "rows", KEY_ROWS, "N", 0, "samples of the test's data, spread evenly over it [16]", 0 },
    { "show", KEY_SHOW, "PATH,...", 0, "a value inside of a block; the first of these that a picture comes through",
      0 },
    { "test", 't', "NAME", 0, "whose data is taken, without pictures [the first]", 0 },
    { "threshold", KEY_THRESHOLD, "X", 0, "above it a mask's pixel counts as covered [0.5]", 0 },
    { "zoom", KEY_ZOOM, "N", 0, "a pixel's side in the pictures [so that they are 96 high]", 0 },
    { 0 },
};

static enum fer_fit fit_of(const char *value, struct argp_state *state)
{
    if (strcmp(value, "crop") != 0 && strcmp(value, "stretch") != 0)
        argp_error(state, "--fit=%s should be crop or stretch", value);
    return strcmp(value, "crop") == 0 ? FER_FIT_CROP : FER_FIT_STRETCH;
}

static error_t finish_arguments(struct args *args, struct argp_state *state)
{
    if (!args->checkpoint)
        argp_error(state, "which checkpoint?");
    if (!args->out)
        argp_error(state, "--out=DIR is missing");
    if (args->count > 0 && (args->explain.test || args->rows))
        argp_error(state, "pictures, or --test and --rows of its data: not both");
    if (args->count > 0)
        refuse_options(state, &args->common, OPTION_DATA, "pictures are given");
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_OUT: args->out = value; return 0;
    case KEY_ROWS: args->rows = count_argument(state, "rows", value, 1000000000); return 0;
    case KEY_ZOOM: args->explain.zoom = (int)count_argument(state, "zoom", value, 64); return 0;
    case KEY_PREDICT: append_word(state, &args->predicts, &args->npredicts, value); return 0;
    case KEY_SHOW: append_word(state, &args->show, &args->nshow, value); return 0;
    case KEY_CAM: append_word(state, &args->cams, &args->ncams, value ? value : ""); return 0;
    case KEY_COMPARE: append_word(state, &args->compare, &args->ncompare, value); return 0;
    case KEY_CLASS: args->explain.label = value; return 0;
    case KEY_THRESHOLD: args->explain.threshold = number_argument(state, "threshold", value, 0, 1); return 0;
    case KEY_FIT: args->fit = fit_of(value, state); return 0;
    case 't': args->explain.test = value; return 0;
    case ARGP_KEY_ARGS:
        args->checkpoint = state->argv[state->next];
        args->operands = state->argv + state->next + 1;
        args->count = state->argc - state->next - 1;
        return 0;
    case ARGP_KEY_END: return finish_arguments(args, state);
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what was found ---- */

/* " iou 0.7123 auc 0.9312", or one word. */
static void print_numbers(const json_t *value)
{
    const char *key;
    json_t *number;

    if (json_is_string(value))
        printf(" %s", json_string_value(value));
    else if (json_is_number(value))
        printf(" %.4g", json_number_value(value));
    else if (!json_is_object(value))
        printf(" -");
    json_object_foreach((json_t *)value, key, number)
    {
        if (json_is_string(number))
            printf(" %s %s", key, json_string_value(number));
        else if (json_is_integer(number))
            printf(" %s %lld", key, (long long)json_integer_value(number));
        else if (json_is_number(number))
            printf(" %s %.4f", key, json_number_value(number));
        else
            printf(" %s -", key);
    }
}

/* A line for each block that looked at it. */
static void print_picture(const json_t *picture)
{
    const char *block, *output;
    json_t *seen, *value;

    json_object_foreach((json_t *)picture, block, seen)
    {
        if (!json_is_object(seen))
            continue;
        put_name(stdout, text_of(picture, "file"));
        putchar('\t');
        put_name(stdout, text_of(picture, "name"));
        putchar('\t');
        put_name(stdout, text_of(picture, "label"));
        printf("\t%s\t", block);
        put_name(stdout, text_of(seen, "predicted"));
        printf(" %.4f", number_of(seen, "probability"));
        json_object_foreach(seen, output, value)
        {
            if (strcmp(output, "predicted") == 0 || strcmp(output, "probability") == 0)
                continue;
            printf("\t%s", output);
            print_numbers(value);
        }
        putchar('\n');
    }
}

static void print_report(const json_t *report)
{
    const char *name;
    const json_t *item;
    json_t *mean;
    size_t i;

    json_array_foreach(json_object_get(report, "pictures"), i, item) print_picture(item);
    printf("panels:");
    json_array_foreach(json_object_get(report, "panels"), i, item)
        printf("%s %s", i ? " |" : "", json_string_value(item));
    putchar('\n');
    json_object_foreach(json_object_get(report, "means"), name, mean)
    {
        printf("%s:", name);
        print_numbers(mean);
        putchar('\n');
    }
}

/* ---- */

/* Pictures that cannot be read are reported and the others go on. */
static enum fer_status add_pictures(const struct args *args, struct fer_explainer *explainer, int *failed,
                                    struct fer_error *err)
{
    struct pictures pictures;
    enum fer_status status = FER_OK;

    pictures_find(&pictures, args->operands, args->count, failed);
    for (int i = 0; status == FER_OK && i < pictures.count; i++) {
        struct fer_image image = { 0 };
        struct fer_error unread = FER_ERROR_INIT;

        if (picture_read(pictures.paths[i], &image, &unread) == FER_OK) {
            status = fer_explainer_add(explainer, &image, pictures.paths[i], args->fit, err);
        } else {
            report_failure(&unread);
            ++*failed;
        }
        fer_image_free(&image);
    }
    pictures_free(&pictures);
    return status;
}

static int explain(struct args *args, struct fer_context *context)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_explainer *explainer;
    char *text = NULL;
    int failed = 0;
    json_t *report;
    enum fer_status status = fer_explainer_open(context, args->checkpoint, args->out, &args->explain, &explainer, &err);

    if (status == FER_OK)
        status = args->count > 0 ? add_pictures(args, explainer, &failed, &err)
                                 : fer_explainer_rows(explainer, args->rows ? args->rows : ROWS, &err);
    if (status == FER_OK)
        status = fer_explainer_finish(explainer, &text, &err);
    clear_progress();
    fer_explainer_close(explainer);
    if (status == FER_EINTERRUPTED) {
        report_failure(&err);
        return 128 + stop_signal;
    }
    if (status != FER_OK)
        return report_failure(&err);
    report = parse_report(text);
    if (args->common.json)
        print_json(report);
    else
        print_report(report);
    json_decref(report);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_explain(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "CHECKPOINT [IMAGE...]",
        .doc = "Show what a checkpoint sees in pictures, or in samples of a test: its masks, "
               "reconstructions, inner values and class activation maps, as PNG files with a table.",
        .children = COMMON_CHILDREN
    };
    struct args args = { 0 };
    struct fer_context *context;
    int result;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    context = open_context(&args.common);
    args.explain.settings = common_settings(&args.common);
    args.explain.seed_set = args.common.seed_set;
    args.explain.pictures = args.count > 0;
    args.explain.predicts = args.predicts;
    args.explain.show = args.show;
    args.explain.cams = args.cams;
    args.explain.compare = args.compare;
    args.explain.stop = &stop_signal;
    args.explain.progress = show_progress;
    args.explain.user = &args;
    result = explain(&args, context);
    return finish(result);
}
