/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    bool align, largest;
    double margin;
    const char *drawings; /* a directory; NULL: none are made */
};

enum { KEY_ALIGN = 0x200, KEY_BATCH, KEY_DETECT, KEY_DRAW, KEY_FIT, KEY_LARGEST, KEY_MARGIN, KEY_NAME };

static const struct argp_option options[] = {
    { "align", KEY_ALIGN, NULL, 0,
      "with --detect: turn, scale and cut each face by its landmarks, as the data operation align does", 0 },
    { "batch", KEY_BATCH, "N", 0, "pictures at once [8]; the answers do not depend on it", 0 },
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
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_BATCH: args->batch = (int)count_argument(state, "batch", value, COUNT_LIMIT); return 0;
    case KEY_ALIGN: args->align = true; return 0;
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
        if (args->align && !args->detector.name)
            argp_error(state, "--align needs --detect=NAME, a detector that finds landmarks");
        refuse_options(state, &args->common, OPTIONS_SETTINGS | OPTION_SEED,
                       "a checkpoint has all values, and pictures are arguments");
        if (args->largest && !args->detector.name)
            argp_error(state, "--largest needs --detect=NAME, a detector that finds faces");
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

/* One picture of a batch: a file, or a face in it. */
struct item {
    const char *path;
    struct fer_box box;
    int face, faces; /* which of how many, from 0, the largest first; faces 0: nobody looked for any */
};

static void print_json_answer(const struct fer_predictor_info *info, const struct item *item, const float *answer)
{
    int best = best_of(answer, info->classes);
    json_t *all = json_object(), *object;

    for (int i = 0; i < info->classes; i++)
        json_object_set_new(all, info->labels[i], json_real((double)answer[i]));
    object = json_pack("{s:o, s:s, s:f, s:o}", "image", json_path(item->path), "label", info->labels[best],
                       "probability", (double)answer[best], "probabilities", all);
    if (object && item->faces > 0)
        json_object_update_new(object, json_pack("{s:i, s:i}", "faces", item->faces, "face", item->face));
    if (object && item->faces > 0)
        json_object_update_new(object, detector_face(&item->box));
    print_json_line(object);
}

static void print_answer(const struct args *args, const struct fer_predictor_info *info, const struct item *item,
                         const float *answer)
{
    const struct fer_box *box = &item->box;
    int best = best_of(answer, info->classes);

    if (args->common.json) {
        print_json_answer(info, item, answer);
        return;
    }
    put_name(stdout, item->path);
    putchar('\t');
    if (item->faces > 0)
        printf("%.0f,%.0f,%.0f,%.0f\t", (double)box->x0, (double)box->y0, (double)(box->x1 - box->x0),
               (double)(box->y1 - box->y0));
    put_name(stdout, info->labels[best]);
    printf("\t%.4f", (double)answer[best]);
    for (int i = 0; i < info->classes; i++) {
        putchar('\t');
        put_name(stdout, info->labels[i]);
        printf("=%.4f", (double)answer[i]);
    }
    putchar('\n');
}

static void print_no_face(const struct args *args, const char *path)
{
    if (args->common.json) {
        print_json_line(json_pack("{s:o, s:i}", "image", json_path(path), "faces", 0));
    } else {
        put_name(stdout, path);
        puts("\tno face");
    }
}

/* A batch that is being filled, and what fills it; with drawings, all of one picture. */
struct batch {
    const struct args *args;
    struct fer_predictor *predictor;
    struct fer_finder *finder; /* NULL: none */
    struct fer_image *images;
    struct item *items;
    float *answers;
    struct canvas canvas;
    int count, room, result;
};

static void draw_answer(struct batch *batch, const struct item *item, const float *answer)
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
            print_answer(batch->args, info, &batch->items[i], answer);
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
static void add_item(struct batch *batch, struct fer_image image, struct item item)
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
    struct fer_error err = FER_ERROR_INIT;
    struct fer_box *boxes = NULL;
    int count = 0, wanted;

    if (fer_finder_run(batch->finder, image, &boxes, &count, &err) != FER_OK) {
        fer_fail_prefix(&err, "%s", path);
        fail_picture(batch, &err);
    } else if (count == 0) {
        flush_batch(batch);
        print_no_face(batch->args, path);
    }
    wanted = batch->args->largest && count > 1 ? 1 : count;
    for (int i = 0; i < wanted; i++) {
        struct fer_image face = { 0 };

        if (cut_face(batch, image, &boxes[i], &face, &err) == FER_OK)
            add_item(batch, face, (struct item){ path, boxes[i], i, count });
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
        add_item(batch, image, (struct item){ .path = path });
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
                           .items = calloc((size_t)room, sizeof(struct item)),
                           .answers = calloc((size_t)room * (size_t)info->classes, sizeof(float)),
                           .room = room,
                           .result = EXIT_SUCCESS };

    if (!batch.images || !batch.items || !batch.answers)
        return report_failure(&(struct fer_error){ .status = FER_ENOMEM, .text = "out of memory" });
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
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "CHECKPOINT IMAGE...",
                               .doc =
                                   "Say what a checkpoint sees in pictures (files, directories, -: standard input): a "
                                   "line each with path, label, probability and all probabilities, or a JSON object. "
                                   "With --detect a line for each face, with its box after the path.",
                               .children = COMMON_CHILDREN };
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
