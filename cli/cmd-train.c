/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct common common;
    const char *model, *run;
    bool resume, sync;
    long save_every;
    double save_minutes;
};

enum { KEY_RUN = 0x200, KEY_RESUME, KEY_SAVE_EVERY, KEY_SAVE_MINUTES, KEY_SYNC };

static const struct argp_option options[] = {
    { "run", KEY_RUN, "DIR", 0, "directory for the log and the weights", 0 },
    { "resume", KEY_RESUME, NULL, 0, "go on from DIR/last.safetensors", 0 },
    { "save-every", KEY_SAVE_EVERY, "STEPS", 0, "also save every STEPS steps", 0 },
    { "save-minutes", KEY_SAVE_MINUTES, "N", 0, "also save every N minutes [10]; 0: only after epochs", 0 },
    { "sync-batchnorm", KEY_SYNC, NULL, 0, "under mpirun: statistics over a batch are those of all ranks", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_RUN: args->run = value; return 0;
    case KEY_RESUME: args->resume = true; return 0;
    case KEY_SYNC: args->sync = true; return 0;
    case KEY_SAVE_EVERY: args->save_every = whole_argument(state, "save-every", value, 0, 1000000000); return 0;
    case KEY_SAVE_MINUTES: args->save_minutes = number_argument(state, "save-minutes", value, 0, 1e9); return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments");
        args->model = value;
        return 0;
    case ARGP_KEY_END:
        if (!args->model || !args->run)
            argp_error(state, args->model ? "--run=DIR is missing" : "which description?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* "  valid.accuracy 0.8125" for each metric that is one number. */
static void print_metrics(const json_t *tests)
{
    const char *test, *name;
    json_t *metrics, *value;

    json_object_foreach((json_t *)tests, test, metrics)
    {
        json_object_foreach(metrics, name, value)
        {
            if (json_is_number(value) && strcmp(name, "images") != 0)
                printf("  %s.%s %.4f", test, name, json_number_value(value));
        }
    }
}

static void show_epoch(void *user, const struct fer_epoch *epoch)
{
    const struct args *args = user;
    json_t *line;

    clear_progress();
    if (args->common.json) {
        puts(epoch->json);
    } else if (!args->common.quiet) {
        line = json_loads(epoch->json, 0, NULL);
        printf("%s epoch %ld", epoch->stage, epoch->epoch);
        if (epoch->epochs > 0)
            printf("/%ld", epoch->epochs);
        printf("  loss %.4f", epoch->loss);
        print_metrics(json_object_get(line, "tests"));
        puts(epoch->best ? "  (best)" : "");
        json_decref(line);
    }
    fflush(stdout);
}

/* Rank 0 speaks for all. */
static struct fer_group *join_group(struct common *common)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_group *group;

    if (fer_group_join(&group, &err) != FER_OK)
        exit(report_failure(&err));
    common->place = fer_group_place(group);
    common->mute = fer_group_rank(group) > 0;
    common->quiet = common->quiet || common->mute;
    return group;
}

/* The others know what went wrong from rank 0, unless that is what is gone. */
static int report_end(const struct args *args, enum fer_status status, const struct fer_error *err)
{
    if (!args->common.mute || (status == FER_EPEER && strncmp(err->text, "rank 0 ", 7) == 0))
        return report_failure(err);
    return EXIT_FAILURE;
}

int cmd_train(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "MODEL.fer",
        .doc = "Train a description.  DIR receives log.jsonl, last.safetensors, best.safetensors, "
               "model.fer and run.json.  SIGINT, SIGTERM and SIGHUP finish the step, save, and exit with "
               "130, 143 and 129.",
        .children = COMMON_CHILDREN
    };
    struct args args = { .save_minutes = 10 };
    struct fer_train_options train = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    char **original = copy_arguments(argc, argv);
    enum fer_status status;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    train.group = join_group(&args.common);
    train.sync = args.sync;
    context = open_context(&args.common);
    train.settings = common_settings(&args.common);
    train.run = args.run;
    train.resume = args.resume;
    train.save_every = args.save_every;
    train.save_seconds = 60 * args.save_minutes;
    train.stop = &stop_signal;
    train.progress = show_progress; /* the common options come first in args */
    train.epoch = show_epoch;
    train.user = &args;
    status = fer_train(context, args.model, &train, &err);
    clear_progress();
    if (status != FER_OK)
        result = report_end(&args, status, &err);
    if (status == FER_EINTERRUPTED) {
        if (!args.common.mute)
            say_how_to_resume(argc, original, args.resume);
        result = 128 + (stop_signal ? stop_signal : SIGTERM); /* the signal may have been another rank's */
    } else if (status == FER_OK && !args.common.quiet) {
        fprintf(stderr, "fer: trained: %s/best.safetensors\n", args.run);
    }
    fer_group_free(train.group);
    free(original);
    return finish(result);
}
