/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests of a checkpoint.
 */
#include <string.h>

#include "train/answers.h"
#include "train/checkpoint.h"
#include "train/tester.h"

static enum fer_status run_test(struct fer_context *context, struct fer_description *description, int test,
                                struct fer_store *store, const struct fer_eval_options *options,
                                struct fer_answers *answers, json_t *tests, struct fer_error *err)
{
    struct fer_watch watch = { .stop = options->stop,
                               .progress = options->progress,
                               .user = options->user,
                               .batch = answers ? fer_answers_batch : NULL,
                               .reader = answers };
    struct fer_tester *tester;
    json_t *result = NULL;
    enum fer_status status = fer_tester_open(context, description, test, store, &tester, err);

    if (status == FER_OK)
        status = fer_tester_run(tester, &watch, &result, err);
    if (status == FER_OK && json_object_set_new(tests, description->tests[test].name, result) != 0)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    fer_tester_close(tester);
    return status;
}

static enum fer_status make_report(const struct fer_store *store, const char *path, uint64_t seed, json_t *tests,
                                   char **json, struct fer_error *err)
{
    const struct fer_description *description = store->description;
    json_t *labels = json_array();
    char hash[17];
    enum fer_status status = fer_weights_hash(store, hash, err);

    for (int i = 0; i < description->nlabels; i++)
        fer_json_append(&labels, json_string(description->labels[i]));
    if (status == FER_OK)
        status = fer_json_text(json_pack("{s:o, s:s, s:I, s:O, s:O}", "checkpoint", fer_json_string(path), "weights",
                                         hash, "seed", (json_int_t)seed, "labels", labels, "tests", tests),
                               json, err);
    json_decref(labels);
    return status;
}

static enum fer_status evaluate(struct fer_context *context, const struct fer_checkpoint *checkpoint,
                                const struct fer_eval_options *options, char **json, struct fer_error *err)
{
    struct fer_settings settings = options->settings;
    struct fer_description *description = NULL;
    struct fer_device *device;
    struct fer_store *store = NULL;
    struct fer_answers *answers = NULL;
    json_t *tests = json_object();
    enum fer_status status;
    int first = 0;

    if (!options->seed_set)
        settings.seed = checkpoint->seed;
    status = fer_context_parse(context, checkpoint->path, options->dir ? options->dir : ".", checkpoint->description,
                               &settings, options->answers ? FER_FOR_ANSWERS : FER_FOR_TESTS, &description, err);
    if (status == FER_OK)
        status = fer_description_block(description, checkpoint->path, FER_BLOCK_TEST, options->test, &first, err);
    if (status == FER_OK)
        status = fer_context_device(context, &device, err);
    if (status == FER_OK)
        status = fer_store_allocate(device, description, &store, err);
    if (status == FER_OK)
        status = fer_checkpoint_weights(checkpoint, store, err);
    if (status == FER_OK && options->answers)
        status = fer_answers_create(description, &answers, err);
    for (int i = first; status == FER_OK && i < description->ntests; i++) {
        if (!options->test || strcmp(options->test, description->tests[i].name) == 0)
            status = run_test(context, description, i, store, options, answers, tests, err);
    }
    if (status == FER_OK)
        status = make_report(store, checkpoint->path, settings.seed, tests, json, err);
    if (status == FER_OK && answers)
        status = fer_answers_write(answers, options->answers, err);
    fer_answers_free(answers);
    json_decref(tests);
    fer_store_free(store);
    fer_description_free(description);
    return status;
}

enum fer_status fer_eval(struct fer_context *context, const char *checkpoint, const struct fer_eval_options *options,
                         char **json, struct fer_error *err)
{
    static const struct fer_eval_options none;
    struct fer_checkpoint file;
    enum fer_status status = fer_checkpoint_open(checkpoint, &file, err);

    *json = NULL;
    if (status == FER_OK)
        status = evaluate(context, &file, options ? options : &none, json, err);
    fer_checkpoint_close(&file);
    return status;
}
