/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue of trainings in a directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include "file.h"
#include "study/grid.h"
#include "study/list.h"
#include "study/result.h"
#include "study/table.h"
#include "train/context.h"
#include "train/meter.h"

struct sweep {
    struct fer_context *context;
    const struct fer_sweep_options *options;
    struct fer_grid grid;
    char (*hashes)[17]; /* of each run's description */
    int lock;           /* the open directory */
    int failed;
    struct fer_error *first; /* failure */
};

/* ---- before the first run ---- */

/* One process at a time. */
static enum fer_status lock(struct sweep *s, struct fer_error *err)
{
    enum fer_status status = fer_directory_make(s->options->run, err);

    if (status != FER_OK)
        return status;
    s->lock = open(s->options->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->lock < 0)
        return fer_fail(err, FER_EIO, "cannot open the directory %s: %s", s->options->run, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return fer_fail(err, FER_EINVAL, "another process works on %s; wait for it, or choose another directory",
                        s->options->run);
    return FER_OK;
}

static struct fer_settings settings_of(const struct sweep *s, const struct fer_grid_run *run)
{
    struct fer_settings settings = s->options->settings;

    settings.sets = run->sets;
    settings.seed = run->seed;
    return settings;
}

/* Read the description as this run will, and take its hash. */
static enum fer_status check_description(struct sweep *s, int index, struct fer_error *err)
{
    const struct fer_grid_run *run = &s->grid.runs[index];
    struct fer_settings settings = settings_of(s, run);
    struct fer_description *description;
    char *text;
    enum fer_status status = fer_context_read(s->context, run->model, &settings, FER_FOR_CHECK, &description, err);

    if (status != FER_OK)
        return status;
    if (description->nstages == 0 || description->ntests == 0)
        status =
            fer_fail(err, FER_EINVAL, "%s has no %s: there is nothing to %s", run->model,
                     description->nstages == 0 ? "stage" : "test", description->nstages == 0 ? "train" : "compare");
    if (status == FER_OK)
        status = fer_description_text(description, &text, err);
    if (status == FER_OK) {
        snprintf(s->hashes[index], sizeof(s->hashes[index]), "%016llx",
                 (unsigned long long)XXH64(text, strlen(text), 0));
        free(text);
    }
    fer_description_free(description);
    return status;
}

static enum fer_status check_result(const struct sweep *s, int index, struct fer_error *err)
{
    const char *name = s->grid.runs[index].name, *hash;
    json_t *result;
    enum fer_status status = fer_result_read(s->options->run, name, &result, err);

    hash = json_string_value(json_object_get(result, "description"));
    if (fer_result_is(result, FER_RUN_COMPLETE) && (!hash || strcmp(hash, s->hashes[index]) != 0))
        status = fer_fail(err, FER_EINVAL,
                          "%s/%s was trained with another description or other settings (see its model.fer); "
                          "give the same ones, or begin another sweep",
                          s->options->run, name);
    json_decref(result);
    return status;
}

/* Warnings come when a run is trained. */
static void pass_errors(void *user, enum fer_message kind, const char *text)
{
    const struct fer_context *context = user;

    if (kind == FER_MESSAGE_ERROR && context->message)
        context->message(context->user, kind, text);
}

/* Every combination, before hours are spent on the first. */
static enum fer_status check_runs(struct sweep *s, struct fer_error *err)
{
    struct fer_context heard = *s->context;
    enum fer_status status = FER_OK;

    s->context->message = pass_errors;
    s->context->user = &heard;

    for (int i = 0; status == FER_OK && i < s->grid.count; i++) {
        status = check_description(s, i, err);
        if (status != FER_OK) {
            fer_fail_prefix(err, "%s", s->grid.runs[i].name);
            fer_context_say(&heard, FER_MESSAGE_NOTE, "%s cannot be trained; no run was begun", s->grid.runs[i].name);
        }
        if (status == FER_OK && !s->options->only_check)
            status = check_result(s, i, err);
    }
    s->context->message = heard.message;
    s->context->user = heard.user;
    return status;
}

/* ---- one run ---- */

static void tell(const struct sweep *s, int index, enum fer_sweep_event event, const char *error)
{
    struct fer_sweep_run run = { event, s->grid.runs[index].name, index + 1, s->grid.count, error };

    if (s->options->event)
        s->options->event(s->options->user, &run);
}

static enum fer_status train(struct sweep *s, const struct fer_grid_run *run, const char *dir, struct fer_error *err)
{
    struct fer_train_options options = { .settings = settings_of(s, run),
                                         .run = dir,
                                         .save_seconds = s->options->save_seconds,
                                         .stop = s->options->stop,
                                         .progress = s->options->progress,
                                         .epoch = s->options->epoch,
                                         .user = s->options->user };
    char *last = fer_path_join(dir, "last.safetensors");
    enum fer_status status = FER_ENOMEM;

    if (last) {
        options.resume = access(last, F_OK) == 0;
        status = fer_train(s->context, run->model, &options, err);
    } else {
        fer_fail(err, FER_ENOMEM, "out of memory");
    }
    free(last);
    return status;
}

/* The checkpoint carries all values; they are told again because a path in them starts in the working directory, and
 * one of the description in its folder. */
static enum fer_status evaluate(struct sweep *s, const struct fer_grid_run *run, const char *dir, json_t *result,
                                struct fer_error *err)
{
    char *best = fer_path_join(dir, "best.safetensors"), *answers = fer_path_join(dir, "predictions.csv");
    char *folder = fer_path_folder(run->model), *text = NULL;
    struct fer_eval_options options = { .settings = settings_of(s, run),
                                        .dir = folder,
                                        .answers = answers,
                                        .stop = s->options->stop,
                                        .progress = s->options->progress,
                                        .user = s->options->user };
    static const char *const wanted[] = { "weights", "labels", "tests" };
    enum fer_status status = best && answers && folder ? fer_eval(s->context, best, &options, &text, err)
                                                       : fer_fail(err, FER_ENOMEM, "out of memory");
    json_t *report = text ? json_loads(text, 0, NULL) : NULL;

    if (status == FER_OK && !report)
        status = fer_fail(err, FER_ENOMEM, "no memory for the results");
    for (size_t i = 0; status == FER_OK && i < sizeof(wanted) / sizeof(*wanted); i++)
        if (json_object_set(result, wanted[i], json_object_get(report, wanted[i])) != 0)
            status = fer_fail(err, FER_ENOMEM, "no memory for the results");
    json_decref(report);
    free(text);
    free(folder);
    free(answers);
    free(best);
    return status;
}

static json_t *begin_result(const struct sweep *s, int index)
{
    const struct fer_grid_run *run = &s->grid.runs[index];

    return json_pack("{s:s, s:o, s:O, s:I, s:s, s:s}", "name", run->name, "model", fer_json_string(run->model), "set",
                     run->set, "seed", (json_int_t)run->seed, "libfer", fer_version(), "description", s->hashes[index]);
}

static void end_result(const struct sweep *s, json_t **result, double seconds, const struct fer_error *err)
{
    enum fer_status status = err->status;

    fer_json_set(result, "status",
                 json_string(status == FER_OK             ? FER_RUN_COMPLETE
                             : status == FER_EINTERRUPTED ? FER_RUN_INTERRUPTED
                                                          : FER_RUN_FAILED));
    if (status != FER_OK)
        fer_json_set(result, "error", fer_json_string(err->text));
    fer_json_set(result, "seconds", json_real(seconds));
    if (s->context->device)
        fer_json_set(result, "device", fer_json_string(s->context->device->name));
}

/* Train, test, note.  The status is that of noting; what became of the run is in *outcome. */
static enum fer_status run_one(struct sweep *s, int index, struct fer_error *outcome, struct fer_error *err)
{
    const struct fer_grid_run *run = &s->grid.runs[index];
    char *dir = fer_path_join(s->options->run, run->name);
    json_t *old = NULL, *result = begin_result(s, index);
    double started = fer_meter_now(), before;
    enum fer_status status = dir && result ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = fer_result_read(s->options->run, run->name, &old, err);
    if (status == FER_OK)
        status = fer_directory_make(dir, err);
    if (status == FER_OK) {
        before = json_number_value(json_object_get(old, "seconds"));
        if (train(s, run, dir, outcome) == FER_OK)
            evaluate(s, run, dir, result, outcome);
        end_result(s, &result, before + fer_meter_now() - started, outcome);
        status = fer_result_write(s->options->run, run->name, result, err);
    }
    json_decref(result);
    json_decref(old);
    free(dir);
    return status;
}

static enum fer_status is_complete(const struct sweep *s, int index, bool *complete, struct fer_error *err)
{
    json_t *result;
    enum fer_status status = fer_result_read(s->options->run, s->grid.runs[index].name, &result, err);

    *complete = fer_result_is(result, FER_RUN_COMPLETE);
    json_decref(result);
    return status;
}

/* Run it, and decide whether the others go on. */
static enum fer_status take(struct sweep *s, int index, struct fer_error *err)
{
    struct fer_error outcome = FER_ERROR_INIT;
    enum fer_status status;

    tell(s, index, FER_SWEEP_BEGUN, NULL);
    status = run_one(s, index, &outcome, err);
    if (status == FER_OK)
        status = fer_table_write(s->options->run, err);
    if (status != FER_OK)
        return status;
    if (outcome.status == FER_EINTERRUPTED)
        return fer_fail(err, FER_EINTERRUPTED, "%s: %s", s->grid.runs[index].name, outcome.text);
    tell(s, index, outcome.status == FER_OK ? FER_SWEEP_ENDED : FER_SWEEP_FAILED, outcome.text);
    if (outcome.status == FER_OK)
        return FER_OK;
    if (s->failed++ == 0 || s->options->strict)
        fer_fail(s->first, outcome.status, "%s: %s", s->grid.runs[index].name, outcome.text);
    return s->options->strict ? fer_fail(err, outcome.status, "%s", s->first->text) : FER_OK;
}

static enum fer_status take_all(struct sweep *s, struct fer_error *err)
{
    enum fer_status status = fer_table_write(s->options->run, err);

    for (int i = 0; status == FER_OK && i < s->grid.count; i++) {
        bool complete = false;

        status = is_complete(s, i, &complete, err);
        if (complete)
            tell(s, i, FER_SWEEP_SKIPPED, NULL);
        else if (status == FER_OK && s->options->stop && *s->options->stop)
            status = fer_fail(err, FER_EINTERRUPTED, "stopped before %s", s->grid.runs[i].name);
        else if (status == FER_OK)
            status = take(s, i, err);
    }
    if (status != FER_OK || s->failed == 0)
        return status;
    if (s->failed == 1)
        return fer_fail(err, s->first->status, "%s", s->first->text);
    return fer_fail(err, s->first->status, "%d runs failed; the first: %s", s->failed, s->first->text);
}

enum fer_status fer_sweep(struct fer_context *context, const struct fer_sweep_options *options, struct fer_error *err)
{
    struct fer_error first = FER_ERROR_INIT;
    struct sweep sweep = { .context = context, .options = options, .lock = -1, .first = &first };
    enum fer_status status = fer_grid_create(options, &sweep.grid, err);

    if (status == FER_OK) {
        sweep.hashes = calloc((size_t)sweep.grid.count, sizeof(*sweep.hashes));
        status = sweep.hashes ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    }
    if (status == FER_OK && !options->only_check)
        status = lock(&sweep, err);
    if (status == FER_OK && !options->only_check)
        status = fer_list_check(options, err);
    if (status == FER_OK)
        status = check_runs(&sweep, err);
    for (int i = 0; status == FER_OK && options->only_check && i < sweep.grid.count; i++)
        tell(&sweep, i, FER_SWEEP_CHECKED, NULL);
    if (status == FER_OK && !options->only_check)
        status = fer_list_write(options, &sweep.grid, err);
    if (status == FER_OK && !options->only_check)
        status = take_all(&sweep, err);
    if (sweep.lock >= 0)
        close(sweep.lock);
    free(sweep.hashes);
    fer_grid_free(&sweep.grid);
    return status;
}
