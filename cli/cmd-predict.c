/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "cli.h"
#include "detector.h"
#include "draw.h"
#include "pictures.h"

struct args {
    struct common common;
    const char *checkpoint, *name;
    char **operands;
    int count, batch;
    enum fer_fit fit;
    struct detector detector; /* none: pictures are faces already */
    bool align, largest, csv;
    double margin;
    const char *drawings; /* a directory; NULL: none are made */
};

enum { KEY_ALIGN = 0x200, KEY_BATCH, KEY_CSV, KEY_DETECT, KEY_DRAW, KEY_FIT, KEY_LARGEST, KEY_MARGIN, KEY_NAME };

static const struct argp_option options[] = {
    { "align", KEY_ALIGN, NULL, 0,
      "with --detect: turn, scale and cut each face by its landmarks, as the data operation align does", 0 },
    { "batch", KEY_BATCH, "N", 0, "pictures at once [8]; the answers do not depend on it", 0 },
    { "csv", KEY_CSV, NULL, 0, "a table with a head, for spreadsheets and data frames", 0 },
    { "detect", KEY_DETECT, "NAME[:KEY=VALUE,...]", 0,
      "look for faces with a detector of a plugin, such as haar:cascade=FILE, and answer for each", 0 },
    { "draw", KEY_DRAW, "DIR", 0,
      "also copy the pictures there, as PNG, with their labels and the boxes of faces drawn in; DIR is new or empty",
      0 },
    { "fit", KEY_FIT, "crop|stretch", 0, "how other sides are fitted: centre piece, or all of it squeezed [crop]", 0 },
    { "largest", KEY_LARGEST, NULL, 0, "with --detect: one face a picture at most", 0 },
    { "margin", KEY_MARGIN, "X", 0, "of a face that was found: its sides are moved out by X times its size [0]", 0 },
    { "predict", KEY_NAME, "NAME", 0, "the predict block, where a checkpoint has several [the first]", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_SETTINGS | OPTION_SEED,
                     "a checkpoint has all values, and pictures are arguments");
        return 0;
    case KEY_BATCH: args->batch = (int)count_argument(state, "batch", value, COUNT_LIMIT); return 0;
    case KEY_ALIGN: args->align = true; return 0;
    case KEY_CSV: args->csv = true; return 0;
    case KEY_DRAW: args->drawings = value; return 0;
    case KEY_LARGEST: args->largest = true; return 0;
    case KEY_DETECT: detector_parse(&args->detector, value, state); return 0;
    case KEY_MARGIN: args->margin = number_argument(state, "margin", value, 0, 10); return 0;
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
    case ARGP_KEY_END:
        if (args->csv && args->common.json)
            argp_error(state, "--csv or --json, not both");
        if (args->align && !args->detector.name)
            argp_error(state, "--align needs --detect=NAME, a detector that finds landmarks");
        if ((args->largest || args->margin > 0) && !args->detector.name)
            argp_error(state, "--%s needs --detect=NAME, a detector that finds faces",
                       args->largest ? "largest" : "margin");
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which checkpoint, and which pictures?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* A batch that is being filled, and what fills it; with drawings, all of one picture. */
struct batch {
    const struct args *args;
    struct fer_predictor *predictor;
    struct fer_finder *finder; /* NULL: none */
    struct fer_image *images;
    struct answer_item *items;
    float *answers;
    struct canvas canvas;
    enum form form;
    int count, room, result;
};

static void draw_answer(struct batch *batch, const struct answer_item *item, const float *answer)
{
    const struct fer_predictor_info *info = fer_predictor_info(batch->predictor);
    const int best = best_of(answer, info->classes);
    char words[128];

    snprintf(words, sizeof(words), "%.100s %.0f%%", info->labels[best], (double)answer[best] * 100);
    canvas_mark(&batch->canvas, item->faces > 0 ? &item->box : NULL, words);
}

static void flush_batch(struct batch *batch)
{
    const struct fer_predictor_info *info = fer_predictor_info(batch->predictor);
    struct fer_error err = FER_ERROR_INIT;
    bool done = batch->count == 0 || fer_predictor_run(batch->predictor, batch->images, batch->count, batch->args->fit,
                                                       batch->answers, &err) == FER_OK;

    if (!done)
        batch->result = report_failure(&err);
    for (int i = 0; i < batch->count; i++) {
        const float *answer = batch->answers + (size_t)i * (size_t)info->classes;

        if (done)
            print_answer(batch->form, info, &batch->items[i], answer);
        if (done && batch->canvas.path)
            draw_answer(batch, &batch->items[i], answer);
        fer_image_free(&batch->images[i]);
    }
    batch->count = 0;
}

/* Answers come in the order of the operands, and so does what is said about those that have none. */
static void fail_picture(struct batch *batch, const struct fer_error *err)
{
    flush_batch(batch);
    batch->result = report_failure(err);
}

/* The batch owns the picture from here on. */
static void add_item(struct batch *batch, struct fer_image image, struct answer_item item)
{
    batch->images[batch->count] = image;
    batch->items[batch->count++] = item;
    if (batch->count == batch->room)
        flush_batch(batch);
}

/* The face as the predict block takes it. */
static enum fer_status align_face(const struct batch *batch, const struct fer_image *image, const struct fer_box *box,
                                  struct fer_image *face, struct fer_error *err)
{
    const struct fer_predictor_info *info = fer_predictor_info(batch->predictor);
    const int side = info->height > info->width ? info->height : info->width;
    struct fer_similarity map;
    enum fer_status status;

    if (box->landmarks != 5)
        return fer_fail(err, FER_EINVAL, "the detector %s finds no landmarks to align by; mtcnn does",
                        batch->args->detector.name);
    status = fer_face_align(5, (const float(*)[2])box->landmark, side, batch->args->margin, &map, err);
    return status == FER_OK ? fer_image_warp(face, image, &map, side, side, err) : status;
}

static enum fer_status cut_face(const struct batch *batch, const struct fer_image *image, const struct fer_box *box,
                                struct fer_image *face, struct fer_error *err)
{
    return batch->args->align ? align_face(batch, image, box, face, err)
                              : fer_box_crop(face, image, box, batch->args->margin, err);
}

static void add_faces(struct batch *batch, const struct fer_image *image, const char *path)
{
    const struct fer_predictor_info *info = fer_predictor_info(batch->predictor);
    struct fer_error err = FER_ERROR_INIT;
    struct fer_box *boxes = NULL;
    int count = 0, wanted;

    if (fer_finder_run(batch->finder, image, &boxes, &count, &err) != FER_OK) {
        fer_fail_prefix(&err, "%s", path);
        fail_picture(batch, &err);
    } else if (count == 0) {
        flush_batch(batch);
        print_no_face(batch->form, info, path);
    }
    wanted = batch->args->largest && count > 1 ? 1 : count;
    for (int i = 0; i < wanted; i++) {
        struct fer_image face = { 0 };

        if (cut_face(batch, image, &boxes[i], &face, &err) == FER_OK)
            add_item(batch, face, (struct answer_item){ path, boxes[i], i, count });
        else
            fail_picture(batch, &err);
    }
    free(boxes);
}

static void add_picture(struct batch *batch, const char *path)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_image image = { 0 };

    if (picture_read(path, &image, &err) != FER_OK) {
        fail_picture(batch, &err);
        return;
    }
    if (batch->args->drawings && canvas_open(&batch->canvas, batch->args->drawings, path, &image, &err) != FER_OK)
        batch->result = report_failure(&err);
    if (batch->finder) {
        add_faces(batch, &image, path);
        fer_image_free(&image);
    } else {
        add_item(batch, image, (struct answer_item){ .path = path });
    }
    if (batch->canvas.path) {
        flush_batch(batch);
        if (canvas_close(&batch->canvas, &err) != FER_OK)
            batch->result = report_failure(&err);
    }
}

/* All pictures; those that cannot be read are reported and the others go on. */
static int predict(const struct args *args, struct fer_predictor *predictor, struct fer_finder *finder,
                   const struct pictures *pictures)
{
    const struct fer_predictor_info *info = fer_predictor_info(predictor);
    int room = args->batch > 0 && args->batch < info->capacity ? args->batch : info->capacity;
    struct batch batch = { .args = args,
                           .predictor = predictor,
                           .finder = finder,
                           .images = calloc((size_t)room, sizeof(struct fer_image)),
                           .items = calloc((size_t)room, sizeof(struct answer_item)),
                           .answers = calloc((size_t)room * (size_t)info->classes, sizeof(float)),
                           .form = args->common.json ? FORM_JSON
                                   : args->csv       ? FORM_CSV
                                                     : FORM_LINES,
                           .room = room,
                           .result = EXIT_SUCCESS };

    if (!batch.images || !batch.items || !batch.answers)
        return report_failure(&(struct fer_error){ .status = FER_ENOMEM, .text = "out of memory" });
    print_answer_head(batch.form, info, finder != NULL);
    for (int i = 0; i < pictures->count; i++)
        add_picture(&batch, pictures->paths[i]);
    flush_batch(&batch);
    free(batch.images);
    free(batch.items);
    free(batch.answers);
    return batch.result;
}

int cmd_predict(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "CHECKPOINT IMAGE...",
        .doc = "Say what a checkpoint sees in pictures (files, directories, -: standard input): a "
               "line each with path, label, probability and all probabilities, a row of a CSV, or a "
               "JSON object. "
               "With --detect a line for each face, with its box after the path.",
        .children = COMMON_CHILDREN
    };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    struct fer_predictor *predictor;
    struct fer_finder *finder = NULL;
    struct pictures pictures;
    int failed = 0, result;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    if (args.drawings && canvas_directory(args.drawings, &err) != FER_OK)
        return report_failure(&err);
    if (fer_predictor_open(context, args.checkpoint, args.name, &predictor, &err) != FER_OK)
        return report_failure(&err);
    if (args.detector.name &&
        fer_finder_open(context, args.detector.name, args.detector.arguments, &finder, &err) != FER_OK) {
        fer_predictor_close(predictor);
        return report_failure(&err);
    }
    pictures_find(&pictures, args.operands, args.count, &failed);
    result = predict(&args, predictor, finder, &pictures);
    pictures_free(&pictures);
    fer_finder_close(finder);
    fer_predictor_close(predictor);
    detector_free(&args.detector);
    return finish(failed ? EXIT_FAILURE : result);
}
