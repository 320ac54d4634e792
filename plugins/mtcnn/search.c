/* SPDX-License-Identifier: Apache-2.0
 *
 * Section II.A of the paper: windows of P-Net on a pyramid, judged by R-Net and O-Net, with suppression after each.
 */
#include "mtcnn.h"

#include <math.h>
#include <stdlib.h>

/* P-Net looks at CELL pixels in steps of STRIDE.  It runs over tiles of TILE x TILE windows, so that its memory does
 * not grow with the picture; R-Net and O-Net take BATCH windows at once. */
enum { CELL = 12, STRIDE = 2, TILE = 256, BATCH = 32, R_SIDE = 24, O_SIDE = 48 };

struct search {
    const struct mtcnn *params;
    struct fer_net_runner *nets;
    const struct fer_image *image;
    struct candidates found;
    uint32_t *sums; /* a row of the picture */
    float *planes;  /* what a net gets */
    struct fer_error *err;
};

/* Of two logits. */
static float probability(float other, float face)
{
    return 1 / (1 + expf(other - face));
}

/* ---- P-Net ---- */

/* Windows along a level of `length` pixels: convolutions without padding and one pooling that rounds up. */
static int windows_along(int length)
{
    return (length - 2 + 1) / 2 - 4;
}

/* Pixels of a level that the windows from `first` to `past` see. */
static int reach(int first, int past, int length)
{
    const int end = STRIDE * past + CELL - STRIDE;
    return (end < length ? end : length) - STRIDE * first;
}

static enum fer_status take_windows(struct search *s, const struct fer_net_result *face,
                                    const struct fer_net_result *box, int left, int top, double scale)
{
    const int rows = face->shape.dim[2], columns = face->shape.dim[3];
    const size_t plane = (size_t)rows * (size_t)columns;
    const float unit = (float)scale;
    enum fer_status status = FER_OK;

    for (size_t i = 0; i < plane && status == FER_OK; i++) {
        const float score = probability(face->data[i], face->data[plane + i]);
        const float x = (float)(STRIDE * (left + (int)(i % (size_t)columns))),
                    y = (float)(STRIDE * (top + (int)(i / (size_t)columns)));
        struct candidate c = { floorf((x + 1) / unit),
                               floorf((y + 1) / unit),
                               floorf((x + CELL) / unit),
                               floorf((y + CELL) / unit),
                               score,
                               { 0 },
                               { { 0 } } };

        if (!(score >= (float)s->params->proposal))
            continue;
        for (int k = 0; k < 4; k++)
            c.shift[k] = box->data[(size_t)k * plane + i];
        status = mtcnn_add(&s->found, &c, s->err);
    }
    return status;
}

static enum fer_status propose_tile(struct search *s, const struct window *level, double scale, int left, int top)
{
    const int columns = windows_along(level->columns), rows = windows_along(level->rows);
    const int right = left + TILE < columns ? left + TILE : columns, bottom = top + TILE < rows ? top + TILE : rows;
    const struct tile tile = { STRIDE * left, STRIDE * top, reach(left, right, level->columns),
                               reach(top, bottom, level->rows) };
    const struct fer_net_input input = { s->planes, 1, 3, tile.rows, tile.columns };
    struct fer_net_result results[2];
    enum fer_status status;

    mtcnn_sample(s->image, level, &tile, s->sums, s->planes);
    status = fer_net_run(s->nets, "pnet", 1, &input, results, 2, s->err);
    return status ? status : take_windows(s, &results[0], &results[1], left, top, scale);
}

static enum fer_status propose(struct search *s)
{
    const int width = s->image->width, height = s->image->height;
    const double first = (double)CELL / s->params->min_size;
    enum fer_status status = FER_OK;

    for (double scale = first, side = (width < height ? width : height) * first; side >= CELL && status == FER_OK;
         scale *= s->params->factor, side *= s->params->factor) {
        const struct window level = { 0, 0, width, height, (int)(width * scale + 1), (int)(height * scale + 1) };
        const int before = s->found.count;

        for (int top = 0; top < windows_along(level.rows) && status == FER_OK; top += TILE)
            for (int left = 0; left < windows_along(level.columns) && status == FER_OK; left += TILE)
                status = propose_tile(s, &level, scale, left, top);
        mtcnn_suppress(&s->found, before, OVERLAP_UNION, 0.5f);
    }
    mtcnn_suppress(&s->found, 0, OVERLAP_UNION, 0.7f);
    mtcnn_shift(&s->found, 0);
    mtcnn_square(&s->found);
    return status;
}

/* ---- R-Net and O-Net ---- */

/* Of a coordinate that counts from 1; weights may have put it anywhere. */
static int pixel(float coordinate, int length)
{
    return (int)fminf(fmaxf(coordinate, 0), (float)length + 1);
}

/* A square may reach over the picture's edges, and what is seen of it is stretched. */
static bool cut(const struct search *s, const struct candidate *c, int side, float *planes)
{
    const int width = s->image->width, height = s->image->height;
    const int x0 = pixel(fmaxf(c->x0, 1), width), y0 = pixel(fmaxf(c->y0, 1), height);
    const int x1 = pixel(fminf(c->x1, (float)width), width), y1 = pixel(fminf(c->y1, (float)height), height);
    const struct window window = { x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1, side, side };
    const struct tile all = { 0, 0, side, side };

    if (window.width < 1 || window.height < 1)
        return false;
    mtcnn_sample(s->image, &window, &all, s->sums, planes);
    return true;
}

static bool is_number(const struct candidate *c)
{
    bool is = isfinite(c->x0) && isfinite(c->y0) && isfinite(c->x1) && isfinite(c->y1);

    for (int k = 0; k < 5; k++)
        is &= isfinite(c->points[k][0]) && isfinite(c->points[k][1]);
    return is;
}

struct judge {
    const char *net;
    int side, noutputs;
    double threshold;
};

/* Sure candidates stay, with what the net says about them. */
static enum fer_status judge_batch(struct search *s, const struct judge *judge, struct candidate *batch, int count)
{
    const struct fer_net_input input = { s->planes, count, 3, judge->side, judge->side };
    struct fer_net_result results[3];
    enum fer_status status = fer_net_run(s->nets, judge->net, BATCH, &input, results, judge->noutputs, s->err);

    for (int i = 0; i < count && status == FER_OK; i++) {
        struct candidate *c = &batch[i];
        const float width = c->x1 - c->x0 + 1, height = c->y1 - c->y0 + 1;

        c->score = probability(results[0].data[2 * i], results[0].data[2 * i + 1]);
        if (!(c->score > (float)judge->threshold))
            continue;
        for (int k = 0; k < 4; k++)
            c->shift[k] = results[1].data[4 * i + k];
        for (int k = 0; k < 5 && judge->noutputs == 3; k++) {
            c->points[k][0] = width * results[2].data[10 * i + k] + c->x0 - 1;
            c->points[k][1] = height * results[2].data[10 * i + 5 + k] + c->y0 - 1;
        }
        status = mtcnn_add(&s->found, c, s->err);
    }
    return status;
}

static enum fer_status judge_all(struct search *s, const struct judge *judge)
{
    const size_t row = 3 * (size_t)judge->side * (size_t)judge->side;
    const struct candidates before = s->found;
    struct candidate batch[BATCH];
    enum fer_status status = FER_OK;
    int count = 0;

    s->found = (struct candidates){ 0 };
    for (int i = 0; i < before.count && status == FER_OK; i++) {
        if (is_number(&before.items[i]) && cut(s, &before.items[i], judge->side, s->planes + (size_t)count * row))
            batch[count++] = before.items[i];
        if (count == BATCH) {
            status = judge_batch(s, judge, batch, count);
            count = 0;
        }
    }
    if (count > 0 && status == FER_OK)
        status = judge_batch(s, judge, batch, count);
    free(before.items);
    return status;
}

static enum fer_status refine(struct search *s)
{
    const struct judge judge = { "rnet", R_SIDE, 2, s->params->refine };
    enum fer_status status = judge_all(s, &judge);

    mtcnn_suppress(&s->found, 0, OVERLAP_UNION, 0.7f);
    mtcnn_shift(&s->found, 1);
    mtcnn_square(&s->found);
    return status;
}

static enum fer_status output(struct search *s)
{
    const struct judge judge = { "onet", O_SIDE, 3, s->params->output };
    enum fer_status status = judge_all(s, &judge);

    mtcnn_shift(&s->found, 1);
    mtcnn_suppress(&s->found, 0, OVERLAP_LEAST, 0.7f);
    return status;
}

static enum fer_status make_boxes(const struct candidates *found, struct fer_box **boxes, int *count,
                                  struct fer_error *err)
{
    *boxes = calloc((size_t)found->count + 1, sizeof(**boxes));
    if (!*boxes)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < found->count; i++) {
        const struct candidate *c = &found->items[i];
        struct fer_box *box = &(*boxes)[*count];

        if (!is_number(c))
            continue;
        (*count)++;
        *box =
            (struct fer_box){ .x0 = c->x0, .y0 = c->y0, .x1 = c->x1, .y1 = c->y1, .score = c->score, .landmarks = 5 };
        for (int k = 0; k < 5; k++) {
            box->landmark[k][0] = c->points[k][0];
            box->landmark[k][1] = c->points[k][1];
        }
    }
    return FER_OK;
}

enum fer_status mtcnn_search(const void *state, struct fer_net_runner *nets, const struct fer_image *image,
                             struct fer_box **boxes, int *count, struct fer_error *err)
{
    const size_t tile = (size_t)(STRIDE * TILE + CELL) * (STRIDE * TILE + CELL);
    const size_t batch = (size_t)BATCH * O_SIDE * O_SIDE;
    struct search s = { .params = state,
                        .nets = nets,
                        .image = image,
                        .sums = malloc(3 * (size_t)image->width * sizeof(uint32_t)),
                        .planes = malloc(3 * (tile > batch ? tile : batch) * sizeof(float)),
                        .err = err };
    enum fer_status status = s.sums && s.planes ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    *boxes = NULL;
    *count = 0;
    if (!status)
        status = propose(&s);
    if (!status)
        status = refine(&s);
    if (!status)
        status = output(&s);
    if (!status)
        status = make_boxes(&s.found, boxes, count, err);
    free(s.found.items);
    free(s.sums);
    free(s.planes);
    return status;
}
