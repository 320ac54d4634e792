/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli.h"

struct args {
    struct common common;
    bool strict;
    const char *model;
};

static const struct argp_option options[] = {
    { "strict", 's', NULL, 0, "absent data and weights are errors, not warnings", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_COMPUTING | OPTION_SEED, "nothing is computed");
        return 0;
    case 's': args->strict = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments");
        args->model = value;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which description?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_shape(const json_t *shape)
{
    const json_t *dim;
    size_t i;

    json_array_foreach(shape, i, dim) printf("%s%d", i ? " x " : "", (int)json_integer_value(dim));
}

static void print_ports(const char *title, const json_t *ports)
{
    const json_t *port;
    size_t i;

    json_array_foreach(ports, i, port)
    {
        printf("%s%s", i ? ", " : title, text_of(port, "name"));
        if (json_array_size(json_object_get(port, "shape")) > 0) {
            printf(" [");
            print_shape(json_object_get(port, "shape"));
            printf("]");
        }
    }
}

static void print(const json_t *report)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(report, "nets"), i, row)
    {
        if (json_is_true(json_object_get(row, "used")))
            printf("net %s: %.0f parameters in %zu tensor%s\n", text_of(row, "name"), number_of(row, "parameters"),
                   json_array_size(json_object_get(row, "weights")),
                   json_array_size(json_object_get(row, "weights")) == 1 ? "" : "s");
        else
            printf("net %s: not checked: nothing uses it, and its inputs have no shapes\n", text_of(row, "name"));
    }
    json_array_foreach(json_object_get(report, "stages"), i, row)
        printf("stage %s over %s until %s=%.0f\n", text_of(row, "name"), text_of(row, "data"), text_of(row, "unit"),
               number_of(row, "until"));
    json_array_foreach(json_object_get(report, "predict"), i, row)
    {
        printf("predict %s", text_of(row, "name"));
        print_ports(": ", json_object_get(row, "inputs"));
        print_ports(" -> ", json_object_get(row, "outputs"));
        putchar('\n');
    }
    json_array_foreach(json_object_get(report, "tests"), i, row)
        printf("test %s over %s\n", text_of(row, "name"), text_of(row, "data"));
}

int cmd_check(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "MODEL.fer",
                               .doc =
                                   "Check a description to its last name, shape and parameter, and print what it is.",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_settings settings;
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    json_t *report;
    char *text;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    settings = common_settings(&args.common);
    if (fer_check(context, args.model, &settings, args.strict, &text, &err) != FER_OK)
        return report_failure(&err);
    report = parse_report(text);
    if (args.common.json)
        print_json(report);
    else if (!args.common.quiet)
        print(report);
    json_decref(report);
    return finish(EXIT_SUCCESS);
}
