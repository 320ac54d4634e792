/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pictures.h"

struct args {
    struct common common;
    const char *checkpoint, *name;
    char **operands;
    int count, batch;
    enum fer_fit fit;
};

enum { KEY_BATCH = 0x200, KEY_FIT, KEY_NAME };

static const struct argp_option options[] = {
    { "batch", KEY_BATCH, "N", 0, "pictures at once [8]; the answers do not depend on it", 0 },
    { "fit", KEY_FIT, "crop|stretch", 0, "how other sides are fitted: centre piece, or all of it squeezed [crop]", 0 },
    { "predict", KEY_NAME, "NAME", 0, "the predict block, where a checkpoint has several [the first]", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_BATCH:
        args->batch = atoi(value);
        if (args->batch < 1)
            argp_error(state, "--batch=%s should be a number of at least 1", value);
        return 0;
    case KEY_FIT:
        if (strcmp(value, "crop") != 0 && strcmp(value, "stretch") != 0)
            argp_error(state, "--fit=%s should be crop or stretch", value);
        args->fit = strcmp(value, "crop") == 0 ? FER_FIT_CROP : FER_FIT_STRETCH;
        return 0;
    case KEY_NAME: args->name = value; return 0;
    case ARGP_KEY_ARGS:
        args->checkpoint = state->argv[state->next];
        args->operands = state->argv + state->next + 1;
        args->count = state->argc - state->next - 1;
        if (args->count == 0)
            argp_error(state, "which pictures?");
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which checkpoint, and which pictures?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int best_of(const float *answer, int classes)
{
    int best = 0;

    for (int i = 1; i < classes; i++)
        best = answer[i] > answer[best] ? i : best;
    return best;
}

static void print_answer(const struct args *args, const struct fer_predictor_info *info, const char *path,
                         const float *answer)
{
    int best = best_of(answer, info->classes);
    json_t *object, *all;

    if (!args->common.json) {
        printf("%s\t%s\t%.4f", path, info->labels[best], (double)answer[best]);
        for (int i = 0; i < info->classes; i++)
            printf("\t%s=%.4f", info->labels[i], (double)answer[i]);
        putchar('\n');
        return;
    }
    all = json_object();
    for (int i = 0; i < info->classes; i++)
        json_object_set_new(all, info->labels[i], json_real((double)answer[i]));
    object = json_pack("{s:s, s:s, s:f, s:o}", "image", path, "label", info->labels[best], "probability",
                       (double)answer[best], "probabilities", all);
    /* a name that is not UTF-8 cannot stand in JSON */
    if (!object)
        fprintf(stderr, "fer: %s: its name is not UTF-8; --json cannot print it\n", path);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
}

/* A batch that is being filled. */
struct batch {
    struct fer_image *images;
    const char **paths;
    float *answers;
    int count, room;
};

static int flush_batch(const struct args *args, struct fer_predictor *predictor, struct batch *batch)
{
    const struct fer_predictor_info *info = fer_predictor_info(predictor);
    struct fer_error err = FER_ERROR_INIT;
    int result = EXIT_SUCCESS;

    if (batch->count == 0)
        return EXIT_SUCCESS;
    if (fer_predictor_run(predictor, batch->images, batch->count, args->fit, batch->answers, &err) != FER_OK)
        result = report_failure(&err);
    for (int i = 0; i < batch->count; i++) {
        if (result == EXIT_SUCCESS)
            print_answer(args, info, batch->paths[i], batch->answers + (size_t)i * (size_t)info->classes);
        fer_image_free(&batch->images[i]);
    }
    batch->count = 0;
    return result;
}

/* All pictures; those that cannot be read are reported and the others go on. */
static int predict(const struct args *args, struct fer_predictor *predictor, const struct pictures *pictures)
{
    const struct fer_predictor_info *info = fer_predictor_info(predictor);
    int room = args->batch > 0 && args->batch < info->capacity ? args->batch : info->capacity, result = EXIT_SUCCESS;
    struct batch batch = { calloc((size_t)room, sizeof(struct fer_image)), calloc((size_t)room, sizeof(char *)),
                           calloc((size_t)room * (size_t)info->classes, sizeof(float)), 0, room };

    if (!batch.images || !batch.paths || !batch.answers)
        return report_failure(&(struct fer_error){ .status = FER_ENOMEM, .text = "out of memory" });
    for (int i = 0; i < pictures->count; i++) {
        struct fer_error err = FER_ERROR_INIT;
        struct fer_image *image = &batch.images[batch.count];

        *image = (struct fer_image){ 0 };
        if (picture_read(pictures->paths[i], image, &err) != FER_OK) {
            result |= flush_batch(args, predictor, &batch); /* answers come in the order of the operands */
            result = report_failure(&err);
            continue;
        }
        batch.paths[batch.count++] = pictures->paths[i];
        if (batch.count == batch.room)
            result |= flush_batch(args, predictor, &batch);
    }
    result |= flush_batch(args, predictor, &batch);
    free(batch.images);
    free(batch.paths);
    free(batch.answers);
    return result;
}

int cmd_predict(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "CHECKPOINT IMAGE...",
                               .doc = "Say what a checkpoint sees in pictures (files, directories, -: standard input): a "
                                      "line each with path, label, probability and all probabilities, or a JSON object.",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    struct fer_predictor *predictor;
    struct pictures pictures;
    int failed = 0, result;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    if (fer_predictor_open(context, args.checkpoint, args.name, &predictor, &err) != FER_OK)
        return report_failure(&err);
    pictures_find(&pictures, args.operands, args.count, &failed);
    result = predict(&args, predictor, &pictures);
    if (pictures.count == 0 && failed == 0)
        result = report_failure(&(struct fer_error){ .status = FER_ENOTFOUND, .text = "there are no pictures there" });
    pictures_free(&pictures);
    fer_predictor_close(predictor);
    fer_context_free(context);
    common_free(&args.common);
    return finish(failed ? EXIT_FAILURE : result);
}
