/* SPDX-License-Identifier: Apache-2.0
 *
 * fer sweep, and fer study: a sweep that is written down.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct args {
    struct common common;
    const char *run, *report;
    bool is_study;
    const char **models, **axes, **over; /* NULL-terminated */
    int nmodels, naxes, nover;
    uint64_t *seeds;
    int nseeds, shown, failed; /* runs that something was said of */
    bool resume, strict, only_check;
    double save_minutes;
};

enum { KEY_RUN = 0x200, KEY_SEEDS, KEY_OVER, KEY_RESUME, KEY_STRICT, KEY_DRY_RUN, KEY_REPORT, KEY_SAVE_MINUTES };

static const struct argp_option options[] = {
    { "run", KEY_RUN, "DIR", 0, "directory for the runs and their table", 0 },
    { "seeds", KEY_SEEDS, "N,N,...", 0, "train every combination with each of these seeds", 0 },
    { "over", KEY_OVER, "NAME", 0, "average over this axis as over the seeds [fold]", 0 },
    { "resume", KEY_RESUME, NULL, 0, "go on with the runs of DIR, or add runs to them", 0 },
    { "strict", KEY_STRICT, NULL, 0, "stop at the first run that fails", 0 },
    { "dry-run", KEY_DRY_RUN, NULL, 0, "only check every combination and name the runs", 0 },
    { "report", KEY_REPORT, "DIR", 0, "only print the table of DIR", 0 },
    { "save-minutes", KEY_SAVE_MINUTES, "N", 0, "save every N minutes [10]; 0: only after epochs", 0 },
    { 0 },
};

static void read_seeds(struct argp_state *state, struct args *args, const char *text)
{
    const char *at = text;
    char *end;

    for (;;) {
        uint64_t *grown = realloc(args->seeds, ((size_t)args->nseeds + 1) * sizeof(*grown));

        if (!grown)
            argp_failure(state, EXIT_FAILURE, ENOMEM, "cannot remember the seeds");
        args->seeds = grown;
        grown[args->nseeds++] = seed_argument(state, "seeds", at, &end);
        if (*end && *end != ',')
            argp_error(state, "--seeds=%s should be whole numbers with commas between them", text);
        if (!*end)
            return;
        at = end + 1;
    }
}

/* NAME=VALUES is an axis, everything else a description. */
static bool is_axis(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return length > 0 && text[length] == '=';
}

/* "threshold" is a file of that name in the folder of studies; what has a slash or an end is a file. */
static char *study_file(const char *name)
{
    const char *folder = getenv("FER_STUDY_PATH");
    char *path;

    if (strchr(name, '/') || strchr(name, '.'))
        return strdup(name);
    return asprintf(&path, "%s/%s.study", folder ? folder : FER_MODEL_DIR "/studies", name) < 0 ? NULL : path;
}

static void check_end(struct argp_state *state, struct args *args)
{
    if (args->report && (args->nmodels > 0 || args->naxes > 0 || args->run))
        argp_error(state, "--report takes no other arguments");
    if (args->report)
        refuse_options(state, &args->common, OPTIONS_BUT_JSON, "a table is printed");
    if (args->is_study && args->nmodels > 1)
        argp_error(state, "one study at a time");
    if (args->is_study && !args->report && args->nmodels == 0 && !args->run && !args->only_check) {
        refuse_options(state, &args->common, OPTIONS_BUT_JSON, "studies are listed");
        return;
    }
    if (!args->report && (args->nmodels == 0 || (!args->run && !args->only_check)))
        argp_error(state, args->nmodels > 0 ? "--run=DIR is missing"
                          : args->is_study  ? "which study?"
                                            : "which description?");
    if (args->nseeds > 0 && args->common.seed_set)
        argp_error(state, "--seed and --seeds: choose one");
    if (!args->over)
        append_word(state, &args->over, &args->nover, "fold");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_RUN: args->run = value; return 0;
    case KEY_REPORT: args->report = value; return 0;
    case KEY_RESUME: args->resume = true; return 0;
    case KEY_DRY_RUN: args->only_check = true; return 0;
    case KEY_STRICT: args->strict = true; return 0;
    case KEY_SEEDS: read_seeds(state, args, value); return 0;
    case KEY_OVER: append_word(state, &args->over, &args->nover, value); return 0;
    case KEY_SAVE_MINUTES: args->save_minutes = number_argument(state, "save-minutes", value, 0, 1e9); return 0;
    case ARGP_KEY_ARG:
        if (is_axis(value) || strcmp(value, "+") == 0)
            append_word(state, &args->axes, &args->naxes, value);
        else
            append_word(state, &args->models, &args->nmodels, value);
        return 0;
    case ARGP_KEY_END: check_end(state, args); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void show_run(void *user, const struct fer_sweep_run *run)
{
    static const char *const words[] = {
        [FER_SWEEP_SKIPPED] = "complete already", [FER_SWEEP_CHECKED] = "can be trained", [FER_SWEEP_BEGUN] = "begins",
        [FER_SWEEP_ENDED] = "complete",           [FER_SWEEP_FAILED] = "failed",
    };
    struct args *args = user;

    args->shown++;
    args->failed += run->event == FER_SWEEP_FAILED;
    if (args->common.quiet && run->event != FER_SWEEP_FAILED)
        return;
    clear_progress();
    fprintf(stderr, "fer: %d/%d %s: %s%s", run->index, run->count, run->name, words[run->event],
            run->event == FER_SWEEP_FAILED ? ": " : "");
    put_sentence(run->event == FER_SWEEP_FAILED ? run->error : "");
    fputc('\n', stderr);
}

static void show_epoch(void *user, const struct fer_epoch *epoch)
{
    const struct args *args = user;

    if (!args->common.verbose)
        return;
    clear_progress();
    fprintf(stderr, "fer: %s epoch %ld, loss %.4f%s\n", epoch->stage, epoch->epoch, epoch->loss,
            epoch->best ? " (best)" : "");
}

static int print_report(const struct args *args, const char *dir)
{
    struct fer_error err = FER_ERROR_INIT;
    char *text;
    json_t *report;

    if (fer_sweep_report(dir, &text, &err) != FER_OK)
        return report_failure(&err);
    report = parse_report(text);
    if (args->common.json)
        print_json(report);
    else
        print_table(report);
    json_decref(report);
    return EXIT_SUCCESS;
}

static enum fer_status run_study(struct fer_context *context, const char *name, struct fer_sweep_options *sweep,
                                 struct fer_error *err)
{
    char *file = study_file(name);
    enum fer_status status;

    sweep->models = NULL;
    if (!file)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    else if (!strpbrk(name, "/.") && access(file, F_OK) != 0)
        status =
            fer_fail(err, FER_ENOTFOUND, "there is no study '%s' (%s); `fer study` lists those there are", name, file);
    else
        status = fer_study(context, file, sweep, err);
    free(file);
    return status;
}

static int list_studies(const struct args *args)
{
    const char *folder = getenv("FER_STUDY_PATH");
    struct fer_error err = FER_ERROR_INIT;
    json_t *list, *study;
    char *text;
    size_t i;

    if (fer_studies(folder ? folder : FER_MODEL_DIR "/studies", &text, &err) != FER_OK)
        return report_failure(&err);
    list = parse_report(text);
    if (args->common.json)
        print_json(list);
    else
        json_array_foreach(list, i, study)
        {
            if (*text_of(study, "error")) {
                fputs("fer: ", stderr);
                put_sentence(text_of(study, "error"));
                fputc('\n', stderr);
            } else {
                printf("%-28s %s\n%28s %s (%s)\n", text_of(study, "name"), text_of(study, "title"), "",
                       text_of(study, "paper"), text_of(study, "answers"));
            }
        }
    json_decref(list);
    return EXIT_SUCCESS;
}

static int run_sweep(struct args *args, int argc, char **argv)
{
    struct fer_context *context = open_context(&args->common);
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sweep_options sweep = { .settings = common_settings(&args->common),
                                       .run = args->run,
                                       .models = args->models,
                                       .axes = args->axes,
                                       .over = args->over,
                                       .seeds = args->seeds,
                                       .nseeds = args->nseeds,
                                       .resume = args->resume,
                                       .strict = args->strict,
                                       .only_check = args->only_check,
                                       .save_seconds = 60 * args->save_minutes,
                                       .stop = &stop_signal,
                                       .event = show_run,
                                       .progress = show_progress,
                                       .epoch = show_epoch,
                                       .user = args };
    enum fer_status status =
        args->is_study ? run_study(context, args->models[0], &sweep, &err) : fer_sweep(context, &sweep, &err);
    int result = EXIT_SUCCESS;

    clear_progress();
    if (status != FER_OK && status != FER_EINTERRUPTED && args->failed > 0) {
        fprintf(stderr, "fer: %d of these runs failed; with --resume they are tried again\n", args->failed);
        result = EXIT_FAILURE;
    } else if (status != FER_OK) {
        result = report_failure(&err);
    }
    if (status == FER_EINTERRUPTED) {
        say_how_to_resume(argc, argv, args->resume);
        result = 128 + stop_signal;
    }
    return result;
}

static int run_command(const struct argp *argp, struct args *args, int argc, char **argv)
{
    char **original = copy_arguments(argc, argv);
    int result = EXIT_SUCCESS, printed;

    parse_arguments(argp, argc, argv, args);
    if (args->is_study && !args->report && args->nmodels == 0) {
        result = list_studies(args);
    } else if (!args->report) {
        catch_signals();
        result = run_sweep(args, argc, original);
    }
    if (args->report || (args->shown > 0 && !args->only_check && !stop_signal)) {
        printed = print_report(args, args->report ? args->report : args->run);
        result = result ? result : printed;
    }
    free(args->seeds);
    free(original);
    return finish(result);
}

int cmd_sweep(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "MODEL.fer... [NAME=VALUE,VALUE...]...\n--report DIR",
        .doc = "Train and test every combination of the values of some `let`s.  DIR receives a "
               "directory for each run, results.csv and results.json.  SIGINT, SIGTERM and SIGHUP save; "
               "--resume goes on.  Lists hold commas: use=[a,b],[a],[].  A + between axes begins another grid.",
        .children = COMMON_CHILDREN
    };
    struct args args = { .save_minutes = 10 };

    return run_command(&argp, &args, argc, argv);
}

int cmd_study(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "\nNAME [NAME=VALUE,VALUE...]...\n--report DIR",
                               .doc = "Run a sweep that is written down: a file NAME.study of the installed folder, of "
                                      "FER_STUDY_PATH, or by its path.  Without a name: list them.  Values given here "
                                      "take the place of the study's own.",
                               .children = COMMON_CHILDREN };
    struct args args = { .is_study = true, .save_minutes = 10 };

    return run_command(&argp, &args, argc, argv);
}
