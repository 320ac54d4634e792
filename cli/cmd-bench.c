/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "ops.h"

struct args {
    struct common common;
    struct network network;
    int steps;
    bool profile, ops, solvers, plot, compare;
};

enum { KEY_STEPS = 0x200, KEY_PROFILE, KEY_OPS, KEY_SOLVERS, KEY_PLOT, KEY_COMPARE };

static const struct argp_option options[] = {
    { "steps", KEY_STEPS, "N", 0, "steps to time, after two that are not [10]", 0 },
    { "profile", KEY_PROFILE, NULL, 0, "also time by operation", 0 },
    { "ops", KEY_OPS, NULL, 0,
      "every operation and shape by itself, beside the device's peaks; without a model, of typical ones", 0 },
    { "solvers", KEY_SOLVERS, NULL, 0, "with --ops: also every solver that applies, and whether it is right", 0 },
    { "plot", KEY_PLOT, NULL, 0, "with --ops: also draw the roofline", 0 },
    { "compare", KEY_COMPARE, NULL, 0, "side by side with PyTorch, alternating; without a model, several networks", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        state->child_inputs[1] = &args->network;
        return 0;
    case KEY_STEPS: args->steps = (int)count_argument(state, "steps", value, COUNT_LIMIT); return 0;
    case KEY_PROFILE: args->profile = true; return 0;
    case KEY_OPS: args->ops = true; return 0;
    case KEY_SOLVERS: args->ops = args->solvers = true; return 0;
    case KEY_PLOT: args->ops = args->plot = true; return 0;
    case KEY_COMPARE: args->compare = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments; put a model with parameters in quotes: 'resnet depth=18 width=32'");
        args->network.model = value;
        return 0;
    case ARGP_KEY_END:
        if (!args->network.model && !args->ops && !args->compare)
            argp_error(state, "which description, or which model of a plugin?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Few launches say what they cost; no figure is not a figure of 0. */
static void print_rate(double rate)
{
    if (rate > 0)
        printf(" %10.1f", rate);
    else
        printf(" %10s", "-");
}

static void print(const json_t *report)
{
    const json_t *row;
    size_t i;

    printf("%s, %s, batch %.0f on %s\n", text_of(report, "model"),
           strcmp(text_of(report, "mode"), "train") == 0 ? "training" : "inference", number_of(report, "batch"),
           text_of(report, "device"));
    printf("  %.2f images a second (%.1f ms a step, the median of %.0f; %.1f to %.1f)\n",
           number_of(report, "images_per_second"), 1e3 * number_of(report, "seconds_per_step"),
           number_of(report, "steps"), 1e3 * number_of(report, "fastest_step"),
           1e3 * number_of(report, "slowest_step"));
    printf("  %.2f s to the first step, %s of device memory at most, %.0f parameters\n",
           number_of(report, "seconds_to_first_step"), bytes_text(number_of(report, "peak_device_memory")),
           number_of(report, "parameters"));
    if (!json_object_get(report, "operations"))
        return;
    printf("\n%-18s %-9s %10s %8s %10s %10s\n", "operation", "pass", "ms a step", "calls", "GFLOP/s", "GB/s");
    json_array_foreach(json_object_get(report, "operations"), i, row)
    {
        printf("%-18s %-9s %10.3f %8.0f", text_of(row, "op"), text_of(row, "pass"),
               1e3 * number_of(row, "seconds") / number_of(report, "steps"),
               number_of(row, "runs") / number_of(report, "steps"));
        print_rate(number_of(row, "gflops"));
        print_rate(number_of(row, "gbytes"));
        putchar('\n');
    }
}

static void print_report(const struct args *args, const json_t *report)
{
    if (args->common.json) {
        print_json(report);
    } else if (args->ops) {
        print_ops(report);
        if (args->plot)
            print_roofline(report);
    } else {
        print(report);
    }
}

int cmd_bench(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "MODEL.fer|NAME\n--ops\n--compare",
                               .doc = "Time a description, or a plugin's model (resnet18, 'resnet depth=18 width=32').",
                               .children = NETWORK_CHILDREN };
    struct args args = { .network = NETWORK_DEFAULT };
    struct fer_bench_options bench = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    const char *model;
    char *text = NULL, *json;
    enum fer_status status;
    json_t *report;

    parse_arguments(&argp, argc, argv, &args);
    if (args.compare)
        return compare_with_peers(&args.common, &args.network, args.steps);
    context = open_context(&args.common);
    if (args.network.model && !network_is_file(&args.network) && !(text = network_text(context, &args.network)))
        return report_no_network(&args.network);
    model = args.network.model ? args.network.model : "typical operations";
    bench.settings = common_settings(&args.common);
    bench.text = args.network.model ? text : typical_operations;
    bench.batch = args.network.batch;
    bench.block = args.network.block;
    bench.steps = args.steps; /* 0: the library's choice */
    bench.training = args.network.training && args.network.model;
    bench.backward = args.network.training && !args.network.model;
    bench.profile = args.profile;
    bench.solvers = args.solvers;
    status =
        args.ops ? fer_bench_ops(context, model, &bench, &json, &err) : fer_bench(context, model, &bench, &json, &err);
    if (status == FER_OK) {
        report = parse_report(json);
        print_report(&args, report);
        json_decref(report);
    }
    free(text);
    return finish(status == FER_OK ? EXIT_SUCCESS : report_failure(&err));
}
