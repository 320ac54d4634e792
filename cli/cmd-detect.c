/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fer/detect.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "detector.h"
#include "pictures.h"

struct args {
    struct common common;
    struct detector detector;
    char **operands;
    int count;
    bool largest, labels;
};

enum { KEY_DETECTOR = 0x200, KEY_LABELS, KEY_LARGEST };

static const struct argp_option options[] = {
    { "detector", KEY_DETECTOR, "NAME[:KEY=VALUE,...]", 0, "a detector of a plugin, such as mtcnn:weights=FILE [haar]",
      0 },
    { "labels", KEY_LABELS, NULL, 0, "a column label with the name of each picture's folder", 0 },
    { "largest", KEY_LARGEST, NULL, 0, "one face a picture at most", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_SETTINGS | OPTION_SEED,
                     "a detector's values stand behind its name, and it draws nothing");
        return 0;
    case KEY_DETECTOR: detector_parse(&args->detector, value, state); return 0;
    case KEY_LABELS: args->labels = true; return 0;
    case KEY_LARGEST: args->largest = true; return 0;
    case ARGP_KEY_ARGS:
        args->operands = state->argv + state->next;
        args->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which pictures?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- CSV ---- */

static void print_folder(const char *path)
{
    const char *slash = strrchr(path, '/'), *start = slash;

    while (start && start > path && start[-1] != '/')
        start--;
    if (slash)
        print_csv(start, (size_t)(slash - start));
}

/* Before the first line; whether there are landmarks is known only then. */
static void print_head(const struct args *args, bool landmarks)
{
    static bool done;

    if (done)
        return;
    done = true;
    printf("path,%sfaces,face,score,x0,y0,x1,y1", args->labels ? "label," : "");
    for (int i = 0; landmarks && i < 5; i++)
        printf(",lx%d,ly%d", i, i);
    putchar('\n');
}

static void print_row(const struct args *args, const char *path, const struct fer_box *box, int face, int faces)
{
    print_csv(path, strlen(path));
    if (args->labels) {
        putchar(',');
        print_folder(path);
    }
    printf(",%d,%d,%.6g,%.2f,%.2f,%.2f,%.2f", faces, face, (double)box->score, (double)box->x0, (double)box->y0,
           (double)box->x1, (double)box->y1);
    for (int i = 0; i < box->landmarks; i++)
        printf(",%.2f,%.2f", (double)box->landmark[i][0], (double)box->landmark[i][1]);
    putchar('\n');
}

/* ---- JSON: an object a picture ---- */

static void print_object(const char *path, const struct fer_box *boxes, int count)
{
    json_t *faces = json_array();

    for (int i = 0; i < count; i++) {
        json_t *face = json_object();

        detector_put_face(face, &boxes[i]);
        json_add(faces, face);
    }
    print_json_line(json_pack("{s:o, s:o}", "image", json_path(path), "faces", faces));
}

/* ---- */

/* The list is used from elsewhere: whole paths. */
static void print_faces(const struct args *args, const char *path, const struct fer_box *boxes, int faces)
{
    char *whole = strcmp(path, "-") == 0 ? NULL : realpath(path, NULL);
    int count = args->largest && faces > 1 ? 1 : faces;

    if (args->common.json) {
        print_object(path, boxes, count);
    } else {
        if (count > 0)
            print_head(args, boxes[0].landmarks > 0);
        for (int i = 0; i < count; i++)
            print_row(args, whole ? whole : path, &boxes[i], i, faces);
    }
    free(whole);
}

static int detect(const struct args *args, struct fer_finder *finder, const struct pictures *pictures)
{
    int result = EXIT_SUCCESS, without = 0, unread = 0;

    for (int i = 0; i < pictures->count; i++) {
        struct fer_error err = FER_ERROR_INIT;
        struct fer_image image = { 0 };
        struct fer_box *boxes = NULL;
        int faces = 0;
        enum fer_status status = picture_read(pictures->paths[i], &image, &err);

        if (status == FER_OK) {
            status = fer_finder_run(finder, &image, &boxes, &faces, &err);
            if (status != FER_OK)
                fer_fail_prefix(&err, "%s", pictures->paths[i]);
        }
        if (status == FER_OK)
            print_faces(args, pictures->paths[i], boxes, faces);
        else
            result = report_failure(&err);
        without += status == FER_OK && faces == 0;
        unread += status != FER_OK;
        free(boxes);
        fer_image_free(&image);
    }
    if (!args->common.json)
        print_head(args, false);
    if (without > 0 && !args->common.quiet)
        fprintf(stderr, "fer: no face in %d of %d pictures\n", without, pictures->count - unread);
    if (unread > 0 && pictures->count > 1 && !args->common.quiet)
        fprintf(stderr, "fer: %d of %d pictures could not be used\n", unread, pictures->count);
    return result;
}

int cmd_detect(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "IMAGE...",
                               .doc =
                                   "Say where faces are in pictures (files, directories, -: standard input): a CSV "
                                   "with a line for each face, the largest first, that the reader manifest takes; or "
                                   "a JSON object a picture.",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    struct fer_finder *finder = NULL;
    struct pictures pictures;
    int failed = 0, result;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    if (fer_finder_open(context, args.detector.name ? args.detector.name : "haar", args.detector.arguments, &finder,
                        &err) != FER_OK) {
        detector_free(&args.detector);
        return report_failure(&err);
    }
    pictures_find(&pictures, args.operands, args.count, &failed);
    result = detect(&args, finder, &pictures);
    pictures_free(&pictures);
    fer_finder_close(finder);
    detector_free(&args.detector);
    return finish(failed ? EXIT_FAILURE : result);
}
