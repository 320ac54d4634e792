/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct common common;
    const char *model, *net, *weights;
    int batch;
    double tolerance;
    bool training;
};

enum { KEY_BATCH = 0x200, KEY_TOLERANCE, KEY_WEIGHTS, KEY_MODE };

static const struct argp_option options[] = {
    { "batch", KEY_BATCH, "N", 0, "samples [2]", 0 },
    { "tolerance", KEY_TOLERANCE, "X", 0, "of the error, the relative difference beyond rounding [0.01]", 0 },
    { "weights", KEY_WEIGHTS, "FILE", 0, "safetensors with weights; else they are initialised from --seed", 0 },
    { "mode", KEY_MODE, "train|eval", 0, "batch statistics and dropout, or not [train]", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTION_DATA, "a net alone is run, on random numbers");
        return 0;
    case KEY_BATCH: args->batch = (int)count_argument(state, "batch", value, COUNT_LIMIT); return 0;
    case KEY_TOLERANCE: args->tolerance = number_argument(state, "tolerance", value, 1e-12, 1); return 0;
    case KEY_WEIGHTS: args->weights = value; return 0;
    case KEY_MODE:
        if (strcmp(value, "train") != 0 && strcmp(value, "eval") != 0)
            argp_error(state, "--mode=%s should be train or eval", value);
        args->training = strcmp(value, "train") == 0;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "too many arguments");
        *(state->arg_num == 0 ? &args->model : &args->net) = value;
        return 0;
    case ARGP_KEY_END:
        if (!args->net)
            argp_error(state, "a description and one of its nets are needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* What is no number is null in a report. */
static double number_or_nan(const json_t *row, const char *key)
{
    return json_is_null(json_object_get(row, key)) ? NAN : number_of(row, key);
}

static void print(const json_t *report)
{
    const json_t *row;
    size_t i;

    printf("%-48s %14s %14s %10s\n", "along a random direction of", "gradient", "difference", "error");
    json_array_foreach(json_object_get(report, "tensors"), i, row)
    {
        const double gradient = number_or_nan(row, "analytic"), numeric = number_or_nan(row, "numeric");
        const bool ok = json_is_true(json_object_get(row, "ok"));

        printf("%-48s %14.6g %14.6g %10.2e%s\n", text_of(row, "name"), gradient, numeric,
               number_or_nan(row, "difference"),
               !ok                             ? "  WRONG"
               : gradient == 0 && numeric == 0 ? "  says nothing"
                                               : "");
    }
}

int cmd_grad(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "MODEL.fer NET",
                               .doc =
                                   "Compare a net's gradients with central differences along random directions.  Exit "
                                   "status 1 when one is wrong.",
                               .children = COMMON_CHILDREN };
    struct args args = { .training = true };
    struct fer_grad_options grad = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    json_t *report;
    char *text;
    int result;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    grad.settings = common_settings(&args.common);
    grad.weights = args.weights;
    grad.batch = args.batch;
    grad.training = args.training;
    grad.tolerance = args.tolerance;
    if (fer_grad_check(context, args.model, args.net, &grad, &text, &err) != FER_OK) {
        result = report_failure(&err);
    } else {
        report = parse_report(text);
        result = json_is_true(json_object_get(report, "ok")) ? EXIT_SUCCESS : EXIT_FAILURE;
        if (args.common.json)
            print_json(report);
        else if (!args.common.quiet)
            print(report);
        json_decref(report);
    }
    return finish(result);
}
