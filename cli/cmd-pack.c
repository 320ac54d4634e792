/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli.h"
#include "dataset.h"

struct args {
    struct common common;
    struct dataset dataset;
    const char *out;
};

enum { KEY_OUT = 0x200 };

static const struct argp_option options[] = {
    { "out", KEY_OUT, "FILE", 0, "the packed file", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        state->child_inputs[1] = &args->dataset;
        drop_options(&args->common, OPTIONS_COMPUTING | OPTION_JSON, "pictures are decoded, and nothing else");
        return 0;
    case KEY_OUT: args->out = value; return 0;
    case ARGP_KEY_END:
        if (!args->dataset.source || !args->out)
            argp_error(state, args->dataset.source ? "--out=FILE is missing" : "which folder or CSV file?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int cmd_pack(int argc, char **argv)
{
    const struct argp_child children[] = { { &common_argp, 0, "Common options:", 10 },
                                           { &dataset_argp, 0, NULL, 0 },
                                           { 0 } };
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "DIR|CSV",
        .doc = "Decode a data set once, into a file that every reader accepts in place of its folder "
               "or CSV: for devices that are faster than a JPEG decoder.",
        .children = children
    };
    struct args args = { .dataset = { .uses = "data" } };
    struct fer_pack_options pack = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    enum fer_status status;
    char *text;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    context = open_context(&args.common);
    text = dataset_text(&args.dataset);
    if (!text)
        return report_failure(&(struct fer_error){ .status = FER_ENOMEM, .text = "out of memory" });
    pack.settings = common_settings(&args.common);
    pack.text = text;
    pack.stop = &stop_signal;
    pack.progress = show_progress;
    pack.user = &args;
    status = fer_pack_data(context, args.dataset.source, "all", args.out, &pack, &err);
    clear_progress();
    if (status != FER_OK)
        result = report_failure(&err);
    if (status == FER_EINTERRUPTED)
        result = 128 + stop_signal;
    free(text);
    return finish(result);
}
