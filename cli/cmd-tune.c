/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

struct args {
    struct common common;
    struct network network;
    const char *out;
    double budget;
    bool again;
};

enum { KEY_BUDGET = 0x200, KEY_OUT, KEY_AGAIN };

static const struct argp_option options[] = {
    { "budget", KEY_BUDGET, "SECONDS", 0, "measure no more after so long, but at least one problem [no limit]", 0 },
    { "out", KEY_OUT, "FILE", 0, "where measurements are kept [FER_TUNE, else $XDG_CACHE_HOME/libfer/tune.txt]", 0 },
    { "again", KEY_AGAIN, NULL, 0, "also measure what the file has already", 0 },
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
    case KEY_BUDGET: args->budget = number_argument(state, "budget", value, 0, 1e9); return 0;
    case KEY_OUT: args->out = value; return 0;
    case KEY_AGAIN: args->again = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments; put a model with parameters in quotes: 'resnet depth=18 width=32'");
        args->network.model = value;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which description, or which model of a plugin?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* "3/14  fit  conv2d forward  8x64x56x56 …: direct chunk=96, 3.1 ms, 1.08 times as fast (9 tried)" */
static void show(void *user, const struct fer_tune_progress *p)
{
    const struct common *common = user;

    if (common->quiet)
        return;
    fprintf(stderr, "%d/%d  %s  %s  %s: ", p->done, p->problems, p->block, p->work, p->shape);
    if (!p->solution)
        fprintf(stderr, "no solution is right (%d tried)\n", p->tried);
    else if (p->gain > 1)
        fprintf(stderr, "%s, %.3f ms, %.2f times as fast (%d tried)\n", p->solution, p->ms, p->gain, p->tried);
    else
        fprintf(stderr, "%s stays, %.3f ms (%d tried)\n", p->solution, p->ms, p->tried);
    if (p->refused)
        fprintf(stderr, "fer: warning: %d of them %s out; the first: %s\n", p->refused, p->refused == 1 ? "is" : "are",
                p->refusal);
}

static void print(const json_t *report)
{
    double first = number_of(report, "first_ms"), tuned = number_of(report, "tuned_ms");

    printf("%s, %s, batch %.0f on %s\n", text_of(report, "model"),
           strcmp(text_of(report, "mode"), "train") == 0 ? "training" : "inference", number_of(report, "batch"),
           text_of(report, "device"));
    printf("  %.0f problems with a choice: %.0f measured now, %.0f known before, %.0f left; %.0f s\n",
           number_of(report, "problems"), number_of(report, "tuned"), number_of(report, "known"),
           number_of(report, "left"), number_of(report, "seconds"));
    if (tuned > 0)
        printf("  what was measured now: %.2f ms a step with heuristics, %.2f ms tuned: %.2f times as fast\n", first,
               tuned, first / tuned);
    if (number_of(report, "tuned") + number_of(report, "known") > 0)
        printf("  kept in %s\n", text_of(report, "file"));
    if (number_of(report, "left") > 0)
        puts("  the same command goes on with what is left");
}

int cmd_tune(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "MODEL.fer|NAME",
        .doc = "Measure which solvers are the fastest on this device for a description, or a plugin's "
               "model, and keep that for all commands.",
        .children = NETWORK_CHILDREN
    };
    struct args args = { .network = NETWORK_DEFAULT };
    struct fer_tune_options tune = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    char *text = NULL, *json = NULL;
    enum fer_status status;
    json_t *report;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    context = open_context(&args.common);
    if (!network_is_file(&args.network) && !(text = network_text(context, &args.network)))
        return report_no_network(&args.network);
    tune.settings = common_settings(&args.common);
    tune.text = text;
    tune.batch = args.network.batch;
    tune.training = args.network.training;
    tune.block = args.network.block;
    tune.again = args.again;
    tune.budget = args.budget;
    tune.file = args.out;
    tune.stop = &stop_signal;
    tune.progress = show;
    tune.user = &args.common;
    status = fer_tune(context, args.network.model, &tune, &json, &err);
    if (json) {
        report = parse_report(json);
        if (args.common.json)
            print_json(report);
        else if (!args.common.quiet)
            print(report);
        json_decref(report);
    }
    free(text);
    if (status == FER_EINTERRUPTED)
        return finish(128 + stop_signal);
    return finish(status == FER_OK ? EXIT_SUCCESS : report_failure(&err));
}
