/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawn occluders: shapes by their signed distance, antialiased, put over one another.
 */
#include "occlude.h"

#include <math.h>

/* Distance to the segment from p to q. */
static float to_segment(float x, float y, const float *p, const float *q)
{
    const float dx = q[0] - p[0], dy = q[1] - p[1], px = x - p[0], py = y - p[1];
    const float t = fminf(fmaxf((px * dx + py * dy) / fmaxf(dx * dx + dy * dy, 1e-9f), 0), 1);
    return hypotf(px - t * dx, py - t * dy);
}

/* Signed distance to a convex quadrilateral: inside, all edges are on the right. */
static float to_quad(float x, float y, const float *corner)
{
    float nearest = INFINITY;
    bool inside = true;
    for (int i = 0; i < 4; i++) {
        const float *p = corner + 2 * i, *q = corner + 2 * ((i + 1) % 4);
        nearest = fminf(nearest, to_segment(x, y, p, q));
        inside = inside && (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) >= 0;
    }
    return inside ? -nearest : nearest;
}

static float to_ellipse(float x, float y, const float *at)
{
    return (hypotf((x - at[0]) / at[2], (y - at[1]) / at[3]) - 1) * fminf(at[2], at[3]);
}

static float to_box(float x, float y, const float *at)
{
    const float dx = fabsf(x - at[0]) - at[2] + at[4], dy = fabsf(y - at[1]) - at[3] + at[4];
    return hypotf(fmaxf(dx, 0), fmaxf(dy, 0)) + fminf(fmaxf(dx, dy), 0) - at[4];
}

static float distance(const struct occlude_shape *shape, float x, float y)
{
    const float *at = shape->at;
    switch (shape->kind) {
    case OCCLUDE_CAPSULE: return to_segment(x, y, at, at + 2) - at[4];
    case OCCLUDE_ELLIPSE: return to_ellipse(x, y, at);
    case OCCLUDE_BOX: return to_box(x, y, at);
    case OCCLUDE_RING: return fabsf(to_ellipse(x, y, at)) - at[4];
    case OCCLUDE_QUAD: return to_quad(x, y, at);
    case OCCLUDE_END: break;
    }
    return INFINITY;
}

/* Premultiplied colour of the drawing at a point, lit from above. */
static void shade(float rgba[4], const struct occlude_drawing *drawing, float x, float y)
{
    const float light = 1.06f - 0.2f * y;
    for (int c = 0; c < 4; c++)
        rgba[c] = 0;
    for (int i = 0; i < OCCLUDE_MAX_SHAPES && drawing->shapes[i].kind != OCCLUDE_END; i++) {
        const struct occlude_shape *shape = &drawing->shapes[i];
        const float edge = fminf(fmaxf(0.5f - distance(shape, x, y) * OCCLUDE_TILE, 0), 1);
        const float alpha = edge * (float)(shape->colour & 255) / 255;
        for (int c = 0; c < 3; c++) {
            const float value = fminf((float)(shape->colour >> (24 - 8 * c) & 255) / 255 * light, 1);
            rgba[c] += alpha * (value - rgba[c]);
        }
        rgba[3] += alpha * (1 - rgba[3]);
    }
}

void occlude_draw(uint8_t *square, const struct occlude_drawing *drawing)
{
    for (int y = 0; y < OCCLUDE_TILE; y++)
        for (int x = 0; x < OCCLUDE_TILE; x++) {
            float rgba[4];
            shade(rgba, drawing, ((float)x + 0.5f) / OCCLUDE_TILE, ((float)y + 0.5f) / OCCLUDE_TILE);
            for (int c = 0; c < 4; c++)
                square[4 * (y * OCCLUDE_TILE + x) + c] = (uint8_t)(rgba[c] * 255 + 0.5f);
        }
}

enum fer_status occlude_atlas_drawings(struct occlude_atlas *atlas, const struct occlude_drawing *drawings,
                                       enum occlude_fold fold, double keep, struct fer_error *err)
{
    const int before = atlas->count;
    for (; drawings->name; drawings++) {
        uint8_t *square;
        if (!occlude_in_fold(drawings->name, fold, keep))
            continue;
        const enum fer_status status = occlude_atlas_add(atlas, &square, err);
        if (status != FER_OK)
            return status;
        occlude_draw(square, drawings);
        occlude_atlas_finish(atlas);
    }
    if (atlas->count == before)
        return fer_fail_argument(err, FER_EINVAL, "keep", "no drawn occluder is left in this fold; change keep=");
    return FER_OK;
}
