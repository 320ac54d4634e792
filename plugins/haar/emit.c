/* SPDX-License-Identifier: Apache-2.0
 *
 * The program of a canvas: for each level scale, sums along rows, integral images, windows.
 */
#include <stdlib.h>
#include <string.h>

#include "../emit.h"
#include "haar.h"
#include "haar_cl.h"

#define STAGE 5
#define TEST 19
#define LANES 64

/* What all levels share: sums are written over by every level. */
struct work {
    const struct haar *haar;
    struct fer_emit *em;
    const struct fer_canvas *canvas;
    struct fer_tensor *pixels, *sum, *squares, *tilted; /* tilted: NULL without such features */
    struct fer_tensor *stages, *roots, *tests, *leaves;
    int stride;
};

/* ---- the cascade as tables ---- */

static int32_t bits_of(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void write_stages(const struct cascade *cascade, int32_t *out)
{
    for (int i = 0; i < cascade->nstages; i++) {
        const struct cascade_stage *stage = &cascade->stages[i];
        /* OpenCV lowers thresholds by this, so that sums which should reach them do */
        const int32_t row[STAGE] = { stage->first, stage->trees, bits_of(stage->threshold - 1e-5f), stage->pass,
                                     stage->fail };
        memcpy(out + STAGE * i, row, sizeof(row));
    }
}

static void write_tests(const struct cascade *cascade, int32_t *out)
{
    for (int i = 0; i < cascade->ntests; i++) {
        const struct cascade_test *test = &cascade->tests[i];
        int32_t *row = out + TEST * i;
        row[0] = bits_of(test->threshold);
        row[1] = test->below;
        row[2] = test->above;
        row[3] = test->feature.tilted;
        for (int k = 0; k < CASCADE_RECTS; k++) {
            const struct cascade_rect *r = &test->feature.rect[k];
            const int32_t five[5] = { r->x, r->y, r->w, r->h, bits_of(r->weight) };
            memcpy(row + 4 + 5 * k, five, sizeof(five));
        }
    }
}

static struct fer_tensor *table(struct fer_emit *em, const char *key, enum fer_dtype dtype, int rows, int columns,
                                const void *data)
{
    const struct fer_shape shape = { dtype, 2, { rows, columns }, 0 };
    return fer_emit_constant(em, key, &shape, data);
}

static enum fer_status make_tables(struct work *w, struct fer_error *err)
{
    const struct cascade *c = &w->haar->cascade;
    int32_t *stages = calloc((size_t)c->nstages * STAGE, sizeof(*stages));
    int32_t *tests = calloc((size_t)c->ntests * TEST, sizeof(*tests));
    enum fer_status status = stages && tests ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    if (!status) {
        write_stages(c, stages);
        write_tests(c, tests);
        w->stages = table(w->em, "stages", FER_I32, c->nstages, STAGE, stages);
        w->tests = table(w->em, "tests", FER_I32, c->ntests, TEST, tests);
        w->roots = table(w->em, "roots", FER_I32, c->nroots, 1, c->roots);
        w->leaves = table(w->em, "leaves", FER_F32, c->nleaves, 1, c->leaves);
    }
    free(stages);
    free(tests);
    return status;
}

static struct fer_tensor *plane(struct fer_emit *em, enum fer_dtype dtype, int height, int width)
{
    const struct fer_shape shape = { dtype, 2, { height, width }, 0 };
    return fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
}

/* ---- launches of one level, sized for the largest picture of the canvas ---- */

static void emit_scale(const struct work *w, int level, const struct haar_level *size)
{
    struct fer_launch *launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_scale", "%s", "");
    fer_launch_in(launch, "image", w->canvas->image);
    fer_launch_in(launch, "table", w->canvas->table);
    fer_launch_out(launch, "pixels", w->pixels);
    fer_launch_int(launch, level);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)size->width), fer_extent_fixed((size_t)size->height), 64, 1);
}

static void emit_sums(const struct work *w, int level, const struct haar_level *size)
{
    const size_t lanes = fer_emit_profile(w->em) == FER_PROFILE_GPU ? LANES : 1;
    struct fer_launch *launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_rows", "-DLANES=%d", (int)lanes);
    fer_launch_in(launch, "pixels", w->pixels);
    fer_launch_in(launch, "table", w->canvas->table);
    fer_launch_out(launch, "sum", w->sum);
    fer_launch_out(launch, "squares", w->squares);
    fer_launch_int(launch, level);
    fer_launch_int(launch, w->canvas->width);
    fer_launch_int(launch, w->stride);
    fer_launch_range_2d(launch, fer_extent_fixed(lanes), fer_extent_fixed((size_t)size->height), lanes, 1);

    launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_columns", "%s", "");
    fer_launch_in(launch, "table", w->canvas->table);
    fer_launch_inout(launch, "sum", w->sum);
    fer_launch_inout(launch, "squares", w->squares);
    fer_launch_int(launch, level);
    fer_launch_int(launch, w->stride);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)size->width + 1));
}

static void emit_tilted(const struct work *w, int level, const struct haar_level *size)
{
    for (int pass = 0; pass < 2; pass++) {
        struct fer_launch *launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_tilted", "%s", "");
        fer_launch_in(launch, "table", w->canvas->table);
        fer_launch_in(launch, "sum", w->sum);
        if (pass == 0)
            fer_launch_out(launch, "tilted", w->tilted);
        else
            fer_launch_inout(launch, "tilted", w->tilted);
        fer_launch_int(launch, level);
        fer_launch_int(launch, w->stride);
        fer_launch_int(launch, pass);
        fer_launch_range_1d(launch, fer_extent_fixed((size_t)size->width + 2 * (size_t)size->height + 1));
    }
}

static void emit_windows(const struct work *w, int level, const struct haar_level *size)
{
    const bool gpu = fer_emit_profile(w->em) == FER_PROFILE_GPU;
    struct fer_launch *launch =
        fer_emit_kernel(w->em, fer_haar_cl, "haar_windows", "%s", w->tilted ? "-DTILTED=1" : "");
    fer_launch_in(launch, "table", w->canvas->table);
    fer_launch_in(launch, "sum", w->sum);
    fer_launch_in(launch, "squares", w->squares);
    fer_launch_in(launch, "stages", w->stages);
    fer_launch_in(launch, "roots", w->roots);
    fer_launch_in(launch, "tests", w->tests);
    fer_launch_in(launch, "leaves", w->leaves);
    if (w->tilted)
        fer_launch_in(launch, "tilted", w->tilted);
    fer_launch_out(launch, "result", w->canvas->result);
    fer_launch_int(launch, level);
    fer_launch_int(launch, w->stride);
    fer_launch_int(launch, w->haar->cascade.width);
    fer_launch_int(launch, w->haar->cascade.height);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)size->nx), fer_extent_fixed((size_t)size->ny), gpu ? 16 : 32,
                        gpu ? 8 : 1);
}

enum fer_status haar_emit(const void *state, struct fer_emit *em, const struct fer_canvas *canvas, struct fer_error *err)
{
    struct work w = { .haar = state, .em = em, .canvas = canvas, .stride = canvas->width + 1 };
    struct haar_level *levels = calloc(HAAR_LEVELS_MAX, sizeof(*levels));
    enum fer_status status = levels ? make_tables(&w, err) : fer_fail(err, FER_ENOMEM, "out of memory");
    const int count = status ? 0 : haar_levels(state, canvas->width, canvas->height, levels);
    w.pixels = plane(em, FER_U8, canvas->height, canvas->width);
    w.sum = plane(em, FER_I32, canvas->height + 1, w.stride);
    w.squares = plane(em, FER_U32, canvas->height + 1, w.stride);
    w.tilted = w.haar->cascade.tilted ? plane(em, FER_I32, canvas->height + 1, w.stride) : NULL;
    for (int i = 0; i < count; i++) {
        if (levels[i].nx == 0 || levels[i].ny == 0)
            continue;
        emit_scale(&w, i, &levels[i]);
        emit_sums(&w, i, &levels[i]);
        if (w.tilted)
            emit_tilted(&w, i, &levels[i]);
        emit_windows(&w, i, &levels[i]);
    }
    free(levels);
    return status;
}
