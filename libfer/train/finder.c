/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole pictures to boxes: canvases, colours, scales.
 */
#include <fer/detect.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "compile/detector.h"
#include "train/context.h"
#include "train/runner.h"
#include "said.h"

/* Canvases have sides of 256, 512, 1024, 2048 and 4096; as many programs are kept as a folder of photographs needs. */
enum { SIDE_MIN = 256, SIDE_MAX = 4096, KEPT = 4 };

struct fer_finder {
    const struct fer_detector *detector;
    struct fer_context *context;
    struct fer_arena *arena; /* of the parameters */
    void *state;
    bool opened;
    struct fer_net_runner *nets;                 /* of a detector that is made of them; or: */
    struct fer_detector_program *programs[KEPT]; /* the latest used first */
    uint8_t *canvas;
    size_t canvas_bytes;
};

enum fer_status fer_finder_open(struct fer_context *context, const char *detector, const char *const *arguments,
                                struct fer_finder **out, struct fer_error *err)
{
    struct fer_finder *finder = calloc(1, sizeof(*finder));
    const void *entry = NULL, *params;
    enum fer_status status = finder ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    *out = NULL;
    if (status == FER_OK && !(finder->arena = fer_arena_create()))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = fer_registry_find(context->registry, FER_KIND_DETECTOR, detector, NULL, &entry, NULL, err);
    if (status == FER_OK) {
        finder->context = context;
        finder->detector = entry;
        status = fer_detector_bind(finder->detector, arguments, finder->arena, &params, err);
    }
    if (status == FER_OK) {
        status = fer_said(finder->detector->open(params, &finder->state, err), finder->detector->name, "open", err);
        finder->opened = status == FER_OK;
        if (status != FER_OK)
            fer_fail_prefix(err, "%s", finder->detector->name);
    }
    if (status == FER_OK && finder->detector->search) {
        status = fer_net_runner_create(context, finder->detector->name, finder->detector->text,
                                       finder->detector->weights(finder->state), &finder->nets, err);
        if (status != FER_OK)
            fer_fail_prefix(err, "%s", finder->detector->name);
    }
    if (status != FER_OK) {
        fer_finder_close(finder);
        return status;
    }
    *out = finder;
    return FER_OK;
}

void fer_finder_close(struct fer_finder *finder)
{
    if (!finder)
        return;
    for (int i = 0; i < KEPT; i++)
        fer_detector_program_free(finder->programs[i]);
    fer_net_runner_free(finder->nets);
    if (finder->opened && finder->detector->close)
        finder->detector->close(finder->state);
    fer_arena_free(finder->arena);
    free(finder->canvas);
    free(finder);
}

static int canvas_side(int side)
{
    int canvas = SIDE_MIN;

    while (canvas < side)
        canvas *= 2;
    return canvas;
}

/* The program of a canvas, moved to the front; the one that was used the longest ago makes room. */
static enum fer_status find_program(struct fer_finder *finder, int width, int height, struct fer_error *err)
{
    struct fer_detector_program *found = NULL;
    struct fer_device *device;
    enum fer_status status = FER_OK;
    int i = 0;

    while (i < KEPT - 1 && finder->programs[i] &&
           (finder->programs[i]->canvas.width != width || finder->programs[i]->canvas.height != height))
        i++;
    found = finder->programs[i];
    if (found && (found->canvas.width != width || found->canvas.height != height)) {
        fer_detector_program_free(found);
        found = finder->programs[i] = NULL;
    }
    if (!found) {
        status = fer_context_device(finder->context, &device, err);
        if (status == FER_OK)
            status = fer_detector_compile(finder->detector, finder->state, device, width, height, false,
                                          &finder->context->watch, &found, err);
    }
    if (status == FER_OK) {
        memmove(finder->programs + 1, finder->programs, (size_t)i * sizeof(finder->programs[0]));
        finder->programs[0] = found;
    }
    return status;
}

/* The picture in the detector's channels and of at most SIDE_MAX pixels a side; *owned is to be freed. */
static enum fer_status fit(const struct fer_finder *finder, const struct fer_image *image, struct fer_image *owned,
                           struct fer_error *err)
{
    int longest = image->width > image->height ? image->width : image->height;
    struct fer_image small = { 0 };
    enum fer_status status =
        finder->detector->channels == 1 ? fer_image_gray(owned, image, err) : fer_image_rgb(owned, image, err);

    if (status != FER_OK || longest <= SIDE_MAX)
        return status;
    status = fer_image_resize_area(&small, owned, (int)fmax(1, round((double)image->width * SIDE_MAX / longest)),
                                   (int)fmax(1, round((double)image->height * SIDE_MAX / longest)), err);
    fer_image_free(owned);
    *owned = small;
    return status;
}

static enum fer_status fill_canvas(struct fer_finder *finder, const struct fer_image *image, int width, int height,
                                   struct fer_error *err)
{
    size_t pixel = (size_t)image->channels, bytes = (size_t)width * (size_t)height * pixel;

    if (bytes > finder->canvas_bytes) {
        uint8_t *grown = realloc(finder->canvas, bytes);

        if (!grown)
            return fer_fail(err, FER_ENOMEM, "no memory for a picture of %d x %d", image->width, image->height);
        finder->canvas = grown;
        finder->canvas_bytes = bytes;
    }
    memset(finder->canvas, 0, bytes);
    for (int y = 0; y < image->height; y++)
        memcpy(finder->canvas + (size_t)y * (size_t)width * pixel,
               image->pixels + (size_t)y * (size_t)image->width * pixel, (size_t)image->width * pixel);
    return FER_OK;
}

/* ---- boxes ---- */

static double area(const struct fer_box *box)
{
    return ((double)box->x1 - (double)box->x0) * ((double)box->y1 - (double)box->y0);
}

/* The largest first; then a fixed order, so that the same picture gives the same list. */
static int by_area(const void *a, const void *b)
{
    const struct fer_box *x = a, *y = b;
    double difference = area(y) - area(x);

    if (difference == 0)
        difference = x->y0 != y->y0 ? (double)x->y0 - (double)y->y0 : (double)x->x0 - (double)y->x0;
    return difference < 0 ? -1 : difference > 0;
}

static float bound(double x, int most)
{
    return (float)fmin(fmax(x, 0), most);
}

/* A plugin's word is not taken for what others index by. */
static enum fer_status check_boxes(const struct fer_detector *detector, const struct fer_box *boxes, int count,
                                   struct fer_error *err)
{
    for (int i = 0; i < count; i++) {
        bool finite = true;

        if (boxes[i].landmarks != 0 && boxes[i].landmarks != 5)
            return fer_fail(err, FER_EINVAL,
                            "%s: it says that a face has %d landmarks; 0 or 5 are expected of a "
                            "detector",
                            detector->name, boxes[i].landmarks);
        for (int k = 0; k < boxes[i].landmarks; k++)
            finite &= isfinite(boxes[i].landmark[k][0]) && isfinite(boxes[i].landmark[k][1]);
        if (!finite)
            return fer_fail(err, FER_EINVAL, "%s: a landmark that it found is not a number", detector->name);
    }
    return FER_OK;
}

/* From the searched picture's pixels to the whole one's; boxes outside of it are dropped. */
static int finish_boxes(struct fer_box *boxes, int count, double scale_x, double scale_y, const struct fer_image *image)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        struct fer_box box = boxes[i];

        box.x0 = bound((double)box.x0 * scale_x, image->width);
        box.x1 = bound((double)box.x1 * scale_x, image->width);
        box.y0 = bound((double)box.y0 * scale_y, image->height);
        box.y1 = bound((double)box.y1 * scale_y, image->height);
        for (int k = 0; k < box.landmarks; k++) {
            box.landmark[k][0] *= (float)scale_x;
            box.landmark[k][1] *= (float)scale_y;
        }
        if (box.x1 > box.x0 && box.y1 > box.y0)
            boxes[kept++] = box;
    }
    if (kept > 1)
        qsort(boxes, (size_t)kept, sizeof(*boxes), by_area);
    return kept;
}

static enum fer_status run_program(struct fer_finder *finder, const struct fer_image *image, struct fer_box **boxes,
                                   int *count, struct fer_error *err)
{
    int width = canvas_side(image->width), height = canvas_side(image->height);
    enum fer_status status = find_program(finder, width, height, err);

    if (status == FER_OK)
        status = fill_canvas(finder, image, width, height, err);
    if (status == FER_OK)
        status = fer_detector_run(finder->detector, finder->state, finder->programs[0], finder->canvas, image->width,
                                  image->height, boxes, count, err);
    return status;
}

enum fer_status fer_finder_run(struct fer_finder *finder, const struct fer_image *image, struct fer_box **boxes,
                               int *count, struct fer_error *err)
{
    struct fer_image fitted = { 0 };
    enum fer_status status = fit(finder, image, &fitted, err);

    *boxes = NULL;
    *count = 0;
    if (status == FER_OK && finder->nets) {
        status = fer_said(finder->detector->search(finder->state, finder->nets, &fitted, boxes, count, err),
                          finder->detector->name, "search", err);
        if (status != FER_OK)
            fer_fail_prefix(err, "%s", finder->detector->name);
    } else if (status == FER_OK) {
        status = run_program(finder, &fitted, boxes, count, err);
    }
    if (status == FER_OK)
        status = check_boxes(finder->detector, *boxes, *count, err);
    if (status != FER_OK) {
        free(*boxes);
        *boxes = NULL;
        *count = 0;
    } else {
        *count = finish_boxes(*boxes, *count, (double)image->width / fitted.width,
                              (double)image->height / fitted.height, image);
    }
    fer_image_free(&fitted);
    return status;
}

enum fer_status fer_box_crop(struct fer_image *out, const struct fer_image *image, const struct fer_box *box,
                             double margin, struct fer_error *err)
{
    double mx = margin * ((double)box->x1 - (double)box->x0), my = margin * ((double)box->y1 - (double)box->y0);
    int x0 = (int)lround((double)bound((double)box->x0 - mx, image->width));
    int y0 = (int)lround((double)bound((double)box->y0 - my, image->height));
    int x1 = (int)lround((double)bound((double)box->x1 + mx, image->width));
    int y1 = (int)lround((double)bound((double)box->y1 + my, image->height));
    size_t pixel = (size_t)image->channels;
    enum fer_status status;

    *out = (struct fer_image){ 0 };
    if (!(margin >= 0) || x1 <= x0 || y1 <= y0)
        return fer_fail(err, FER_EINVAL, "a box of no pixels cannot be cropped");
    status = fer_image_create(out, x1 - x0, y1 - y0, image->channels, err);
    for (int y = y0; status == FER_OK && y < y1; y++)
        memcpy(out->pixels + (size_t)(y - y0) * (size_t)out->width * pixel,
               image->pixels + ((size_t)y * (size_t)image->width + (size_t)x0) * pixel, (size_t)out->width * pixel);
    return status;
}
