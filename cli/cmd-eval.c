/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct common common;
    const char *checkpoint, *test, *answers;
};

enum { KEY_PREDICTIONS = 0x200 };

static const struct argp_option options[] = {
    { "test", 't', "NAME", 0, "only this test", 0 },
    { "predictions", KEY_PREDICTIONS, "FILE.csv", 0, "write the answer to every sample, for `fer compare`", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case 't': args->test = value; return 0;
    case KEY_PREDICTIONS: args->answers = value; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments");
        args->checkpoint = value;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which checkpoint?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Counts as they are, shares with four digits. */
static bool are_counts(const json_t *list)
{
    const json_t *item;
    double most = 0;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const double value = json_number_value(item); /* 0 where there is none */

        if (value != floor(value))
            return false;
        most = fmax(most, value);
    }
    return most > 1;
}

/* names: what the items are of, or NULL. */
static void print_list(const json_t *list, const json_t *names)
{
    const int digits = are_counts(list) ? 0 : 4;
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(json_array_get(names, i));

        if (json_is_array(item)) {
            printf("\n      ");
            print_list(item, NULL);
            if (name) {
                fputs("  ", stdout);
                put_name(stdout, name);
            }
        } else if (name) {
            fputs(i ? ", " : " ", stdout);
            put_name(stdout, name);
            if (json_is_null(item))
                fputs(" -", stdout);
            else
                printf(" %.*f", digits, json_number_value(item));
        } else if (json_is_null(item)) {
            printf(" %6s", "-");
        } else {
            printf(" %6g", json_number_value(item));
        }
    }
}

/* "0-0.1" for every bin between two edges; NULL without edges. */
static json_t *name_bins(const json_t *edges)
{
    json_t *names = json_is_array(edges) ? json_array() : NULL;

    for (size_t i = 0; names && i + 1 < json_array_size(edges); i++)
        json_add(names, json_sprintf("%g-%g", json_number_value(json_array_get(edges, i)),
                                     json_number_value(json_array_get(edges, i + 1))));
    return names;
}

static void print_value(const char *name, const json_t *value, const json_t *names, int depth)
{
    const char *key;
    json_t *item, *bins;

    printf("%*s%s", 2 * depth, "", name);
    if (json_is_object(value)) {
        putchar('\n');
        bins = name_bins(json_object_get(value, "bins")); /* its lists are by bin then, and not by class */
        json_object_foreach((json_t *)value, key, item) print_value(key, item, bins ? bins : names, depth + 1);
        json_decref(bins);
        return;
    }
    if (json_is_string(value))
        printf(" %s", json_string_value(value));
    else if (json_is_integer(value))
        printf(" %lld", (long long)json_integer_value(value));
    else if (json_is_number(value))
        printf(" %.4f", json_number_value(value));
    else if (json_is_array(value))
        print_list(value, json_array_size(value) == json_array_size(names) ? names : NULL);
    putchar('\n');
}

int cmd_eval(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "CHECKPOINT",
        .doc = "Run every test of the description that a checkpoint carries.  --data test=DIR takes "
               "the pictures of the data set `test` from DIR.",
        .children = COMMON_CHILDREN
    };
    struct args args = { 0 };
    struct fer_eval_options eval = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    enum fer_status status;
    json_t *report, *test;
    const char *name;
    char *text;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    context = open_context(&args.common);
    eval.settings = common_settings(&args.common);
    eval.seed_set = args.common.seed_set;
    eval.test = args.test;
    eval.answers = args.answers;
    eval.stop = &stop_signal;
    eval.progress = show_progress;
    eval.user = &args;
    status = fer_eval(context, args.checkpoint, &eval, &text, &err);
    clear_progress();
    if (status != FER_OK) {
        result = report_failure(&err);
        if (status == FER_EINTERRUPTED)
            result = 128 + stop_signal;
    } else {
        report = parse_report(text);
        if (args.common.json)
            print_json(report);
        else
            json_object_foreach(json_object_get(report, "tests"), name, test)
                print_value(name, test, json_object_get(report, "labels"), 0);
        json_decref(report);
    }
    return finish(result);
}
