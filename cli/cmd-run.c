/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct common common;
    const char *model, *net, *in, *out, *weights;
    bool training, backward;
};

enum { KEY_IN = 0x200, KEY_OUT, KEY_WEIGHTS, KEY_MODE, KEY_BACKWARD };

static const struct argp_option options[] = {
    { "in", KEY_IN, "FILE", 0, "safetensors with the net's inputs, named by its ports", 0 },
    { "out", KEY_OUT, "FILE", 0, "safetensors for its outputs", 0 },
    { "weights", KEY_WEIGHTS, "FILE", 0, "safetensors with its weights; else they are initialised from --seed", 0 },
    { "mode", KEY_MODE, "train|eval", 0, "batch statistics and dropout, or not [eval]", 0 },
    { "backward", KEY_BACKWARD, NULL, 0, "take grad.OUTPUT from --in; write grad.INPUT and grad.WEIGHT", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTION_DATA | OPTION_JSON, "tensors come out of a file and go into one");
        return 0;
    case KEY_IN: args->in = value; return 0;
    case KEY_OUT: args->out = value; return 0;
    case KEY_WEIGHTS: args->weights = value; return 0;
    case KEY_MODE:
        if (strcmp(value, "train") != 0 && strcmp(value, "eval") != 0)
            argp_error(state, "--mode=%s should be train or eval", value);
        args->training = strcmp(value, "train") == 0;
        return 0;
    case KEY_BACKWARD: args->backward = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "too many arguments");
        *(state->arg_num == 0 ? &args->model : &args->net) = value;
        return 0;
    case ARGP_KEY_END:
        if (!args->net || !args->in || !args->out)
            argp_error(state, args->net ? "--in and --out are needed" : "a description and one of its nets are needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int cmd_run(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "MODEL.fer NET",
                               .doc = "Run one net of a description on given tensors.",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_run_options run = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    run.settings = common_settings(&args.common);
    run.weights = args.weights;
    run.training = args.training;
    run.backward = args.backward;
    if (fer_run_net(context, args.model, args.net, args.in, args.out, &run, &err) != FER_OK)
        result = report_failure(&err);
    return finish(result);
}
