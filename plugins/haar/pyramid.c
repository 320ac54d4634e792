/* SPDX-License-Identifier: Apache-2.0
 *
 * The levels of a picture, its table, and the windows that were accepted.  Factors, roundings and steps are those of
 * OpenCV's CascadeClassifier, so that the windows are the same ones.
 */
#include <math.h>
#include <stdlib.h>

#include "haar.h"

#define EPS 0.2
#define ACCEPTED_MAX (1 << 14)

static int round_even(double x)
{
    return (int)lrint(x); /* to nearest, ties to even, in the default environment */
}

static int most(int value, int least)
{
    return value > least ? value : least;
}

int haar_levels(const struct haar *haar, int width, int height, struct haar_level *levels)
{
    const struct cascade *cascade = &haar->cascade;
    int count = 0;
    for (double factor = 1; count < HAAR_LEVELS_MAX; factor *= haar->params->scale_factor) {
        struct haar_level *level = &levels[count];
        if (round_even(cascade->width * factor) > width || round_even(cascade->height * factor) > height)
            break;
        level->factor = (float)factor;
        level->width = round_even((double)((float)width / level->factor));
        level->height = round_even((double)((float)height / level->factor));
        level->step = level->factor >= 2 ? 1 : 2;
        level->nx = (most(level->width + 1 - cascade->width, 0) + level->step - 1) / level->step;
        level->ny = (most(level->height + 1 - cascade->height, 0) + level->step - 1) / level->step;
        count++;
    }
    return count;
}

/* Levels of a picture in its canvas never have more windows than the canvas's own. */
static size_t windows(const struct haar_level *levels, int count)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += (size_t)levels[i].nx * (size_t)levels[i].ny;
    return sum;
}

enum fer_status haar_shape(const void *state, int width, int height, struct fer_shape *table, struct fer_shape *result,
                           struct fer_error *err)
{
    struct haar_level *levels = calloc(HAAR_LEVELS_MAX, sizeof(*levels));
    if (!levels)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    const int count = haar_levels(state, width, height, levels);
    const size_t bytes = windows(levels, count);
    free(levels);
    if (bytes > (size_t)1 << 30)
        return fer_fail_argument(err, FER_EINVAL, "scale_factor", "%zu windows are too many; use a larger scale_factor",
                                 bytes);
    *table = (struct fer_shape){ FER_I32, 2, { count + 1, HAAR_ROW }, 0 };
    *result = (struct fer_shape){ FER_U8, 1, { bytes ? (int)bytes : 1 }, 0 };
    return FER_OK;
}

/* ---- which levels are searched ---- */

static bool fits(const struct haar *haar, const struct haar_level *level)
{
    const struct haar_params *p = haar->params;
    const int w = round_even((double)((float)haar->cascade.width * level->factor));
    const int h = round_even((double)((float)haar->cascade.height * level->factor));
    return w >= p->min_size && h >= p->min_size && (p->max_size == 0 || (w <= p->max_size && h <= p->max_size));
}

/* When the bounds leave no level (min_size = max_size, say), the one whose window is nearest to min_size. */
static int nearest(const struct haar *haar, const struct haar_level *levels, int count)
{
    double least = INFINITY;
    int best = -1;
    for (int i = 0; i < count; i++) {
        const double w = haar->params->min_size - round_even((double)((float)haar->cascade.width * levels[i].factor));
        const double h = haar->params->min_size - round_even((double)((float)haar->cascade.height * levels[i].factor));
        if (w * w + h * h < least) {
            least = w * w + h * h;
            best = i;
        }
    }
    return best;
}

enum fer_status haar_prepare(const void *state, const struct fer_canvas *canvas, int width, int height, void *table,
                             struct fer_error *err)
{
    const struct haar *haar = state;
    struct haar_level *levels = calloc(HAAR_LEVELS_MAX, sizeof(*levels));
    int32_t *row = table, offset = 0;
    (void)canvas;
    if (!levels)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    const int count = haar_levels(haar, width, height, levels);
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || fits(haar, &levels[i]);
    const int only = any ? -1 : nearest(haar, levels, count);
    row[HAAR_WIDTH] = width;
    row[HAAR_HEIGHT] = height;
    for (int i = 0; i < count; i++) {
        row += HAAR_ROW;
        if (any ? !fits(haar, &levels[i]) : i != only)
            continue;
        row[HAAR_WIDTH] = levels[i].width;
        row[HAAR_HEIGHT] = levels[i].height;
        row[HAAR_STEP] = levels[i].step;
        row[HAAR_NX] = levels[i].nx;
        row[HAAR_NY] = levels[i].ny;
        row[HAAR_OFFSET] = offset;
        offset += levels[i].nx * levels[i].ny;
    }
    free(levels);
    return FER_OK;
}

/* ---- from verdicts to boxes ---- */

struct accepted {
    struct haar_rect *rects;
    int count;
};

/* OpenCV leaves out the neighbour on the right of a window that the first stage rejects; so do we. */
static enum fer_status walk(const struct haar *haar, const struct haar_level *level, const int32_t *row,
                            const unsigned char *verdict, struct accepted *out, struct fer_error *err)
{
    const double factor = (double)level->factor;
    const int w = round_even((double)((float)haar->cascade.width * level->factor));
    const int h = round_even((double)((float)haar->cascade.height * level->factor));
    for (int y = 0; y < row[HAAR_NY]; y++)
        for (int x = 0; x < row[HAAR_NX]; x++) {
            const unsigned char v = verdict[(size_t)y * (size_t)row[HAAR_NX] + (size_t)x];
            if (v == HAAR_FACE && out->count == ACCEPTED_MAX)
                return fer_fail(err, FER_EINVAL,
                                "%s accepts more than %d windows of one picture; it is no useful cascade",
                                haar->params->cascade, ACCEPTED_MAX);
            if (v == HAAR_FACE)
                out->rects[out->count++] = (struct haar_rect){ round_even(x * level->step * factor),
                                                               round_even(y * level->step * factor), w, h };
            x += v == HAAR_FIRST;
        }
    return FER_OK;
}

static enum fer_status make_boxes(const struct haar *haar, struct accepted *accepted, struct fer_box **boxes,
                                  int *count, struct fer_error *err)
{
    int *members = calloc((size_t)accepted->count + 1, sizeof(*members));
    enum fer_status status = members ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    if (!status)
        status = haar_group(accepted->rects, members, &accepted->count, haar->params->min_neighbors, EPS, err);
    if (!status && !(*boxes = calloc((size_t)accepted->count + 1, sizeof(**boxes))))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < accepted->count && !status; i++) {
        const struct haar_rect *r = &accepted->rects[i];
        (*boxes)[i] = (struct fer_box){ .x0 = (float)r->x,
                                        .y0 = (float)r->y,
                                        .x1 = (float)(r->x + r->w),
                                        .y1 = (float)(r->y + r->h),
                                        .score = (float)members[i] };
    }
    free(members);
    *count = accepted->count;
    return status;
}

enum fer_status haar_find(const void *state, const struct fer_canvas *canvas, const void *table, const void *result,
                          struct fer_box **boxes, int *count, struct fer_error *err)
{
    const struct haar *haar = state;
    const int32_t *rows = table;
    struct haar_level *levels = calloc(HAAR_LEVELS_MAX, sizeof(*levels));
    struct accepted accepted = { calloc(ACCEPTED_MAX, sizeof(*accepted.rects)), 0 };
    enum fer_status status = levels && accepted.rects ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    (void)canvas;
    const int nlevels = status ? 0 : haar_levels(haar, rows[HAAR_WIDTH], rows[HAAR_HEIGHT], levels);
    for (int i = 0; i < nlevels && !status; i++) {
        const int32_t *row = rows + HAAR_ROW * (i + 1);
        status = walk(haar, &levels[i], row, (const unsigned char *)result + row[HAAR_OFFSET], &accepted, err);
    }
    if (!status)
        status = make_boxes(haar, &accepted, boxes, count, err);
    free(levels);
    free(accepted.rects);
    return status;
}
