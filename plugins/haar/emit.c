/* SPDX-License-Identifier: Apache-2.0
 *
 * The program of a search: for each level scale, sums along rows, integral images, windows.
 */
#include <stdio.h>
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
    const struct haar_search *search;
    struct fer_emit *em;
    struct fer_tensor *pixels, *sum, *squares, *tilted; /* tilted: NULL without such features */
    struct fer_tensor *stages, *roots, *tests, *leaves;
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

/* Programs may hold several cascades. */
static struct fer_tensor *table(const struct work *w, const char *name, enum fer_dtype dtype, int rows, int columns,
                                const void *data)
{
    const struct fer_shape shape = { dtype, 2, { rows, columns }, 0 };
    char key[4200];
    snprintf(key, sizeof(key), "haar %s %.4096s", name, w->search->haar->params->cascade);
    return fer_emit_constant(w->em, key, &shape, data);
}

static enum fer_status make_tables(struct work *w, struct fer_error *err)
{
    const struct cascade *c = &w->search->haar->cascade;
    int32_t *stages = calloc((size_t)c->nstages * STAGE, sizeof(*stages));
    int32_t *tests = calloc((size_t)c->ntests * TEST, sizeof(*tests));
    enum fer_status status = stages && tests ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    if (!status) {
        write_stages(c, stages);
        write_tests(c, tests);
        w->stages = table(w, "stages", FER_I32, c->nstages, STAGE, stages);
        w->tests = table(w, "tests", FER_I32, c->ntests, TEST, tests);
        w->roots = table(w, "roots", FER_I32, c->nroots, 1, c->roots);
        w->leaves = table(w, "leaves", FER_F32, c->nleaves, 1, c->leaves);
    }
    free(stages);
    free(tests);
    return status;
}

/* Scratch for every canvas. */
static struct fer_tensor *plane(const struct work *w, enum fer_dtype dtype, int more)
{
    const struct haar_search *search = w->search;
    const struct fer_shape *image = fer_tensor_shape(search->image);
    const int rows = search->height + more, columns = search->width + more;
    struct fer_shape shape = { dtype, 2, { rows, columns }, 0 };
    if (image->batch)
        shape = fer_shape_make(image, 2, (const int[]){ rows, columns });
    shape.dtype = dtype;
    return fer_emit_temp(w->em, &shape, FER_LAYOUT_PLAIN);
}

/* ---- launches of one level, sized for the largest picture of the canvas ---- */

/* What the kernels' last arguments begin with. */
static void add_sizes(const struct work *w, struct fer_launch *launch, int level)
{
    fer_launch_int(launch, level);
    fer_launch_int(launch, w->search->width);
    fer_launch_int(launch, w->search->height);
}

static void add_range(const struct work *w, struct fer_launch *launch, int x, int y, size_t local_x, size_t local_y)
{
    const struct fer_tensor *image = w->search->image;
    const bool several = fer_tensor_shape(image)->batch > 0;
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)x), fer_extent_fixed((size_t)y),
                        several ? fer_extent_rows(image, 1, 1) : fer_extent_fixed(1), local_x, local_y, 1);
}

static void emit_scale(const struct work *w, int level, const struct haar_level *size)
{
    struct fer_launch *launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_scale", "%s", "");
    fer_launch_in(launch, "image", w->search->image);
    fer_launch_in(launch, "table", w->search->table);
    fer_launch_out(launch, "pixels", w->pixels);
    add_sizes(w, launch, level);
    add_range(w, launch, size->width, size->height, 64, 1);
}

static void emit_sums(const struct work *w, int level, const struct haar_level *size)
{
    const int lanes = fer_emit_profile(w->em) == FER_PROFILE_GPU ? LANES : 1;
    struct fer_launch *launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_rows", "-DLANES=%d", lanes);
    fer_launch_in(launch, "pixels", w->pixels);
    fer_launch_in(launch, "table", w->search->table);
    fer_launch_out(launch, "sum", w->sum);
    fer_launch_out(launch, "squares", w->squares);
    add_sizes(w, launch, level);
    add_range(w, launch, lanes, size->height, (size_t)lanes, 1);

    launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_columns", "%s", "");
    fer_launch_in(launch, "table", w->search->table);
    fer_launch_inout(launch, "sum", w->sum);
    fer_launch_inout(launch, "squares", w->squares);
    add_sizes(w, launch, level);
    add_range(w, launch, size->width + 1, 1, 64, 1);
}

static void emit_tilted(const struct work *w, int level, const struct haar_level *size)
{
    for (int pass = 0; pass < 2; pass++) {
        struct fer_launch *launch = fer_emit_kernel(w->em, fer_haar_cl, "haar_tilted", "%s", "");
        fer_launch_in(launch, "table", w->search->table);
        fer_launch_in(launch, "sum", w->sum);
        if (pass == 0)
            fer_launch_out(launch, "tilted", w->tilted);
        else
            fer_launch_inout(launch, "tilted", w->tilted);
        add_sizes(w, launch, level);
        fer_launch_int(launch, pass);
        add_range(w, launch, size->width + 2 * size->height + 1, 1, 64, 1);
    }
}

static void emit_windows(const struct work *w, int level, const struct haar_level *size)
{
    const bool gpu = fer_emit_profile(w->em) == FER_PROFILE_GPU;
    struct fer_launch *launch =
        fer_emit_kernel(w->em, fer_haar_cl, "haar_windows", "%s", w->tilted ? "-DTILTED=1" : "");
    fer_launch_in(launch, "table", w->search->table);
    fer_launch_in(launch, "sum", w->sum);
    fer_launch_in(launch, "squares", w->squares);
    fer_launch_in(launch, "stages", w->stages);
    fer_launch_in(launch, "roots", w->roots);
    fer_launch_in(launch, "tests", w->tests);
    fer_launch_in(launch, "leaves", w->leaves);
    if (w->tilted)
        fer_launch_in(launch, "tilted", w->tilted);
    fer_launch_out(launch, "result", w->search->result);
    add_sizes(w, launch, level);
    fer_launch_int(launch, w->search->windows);
    fer_launch_int(launch, w->search->haar->cascade.width);
    fer_launch_int(launch, w->search->haar->cascade.height);
    add_range(w, launch, size->nx, size->ny, gpu ? 16 : 32, gpu ? 8 : 1);
}

enum fer_status haar_search_emit(const struct haar_search *search, struct fer_error *err)
{
    struct work w = { .search = search, .em = search->em };
    struct haar_level *levels = calloc(HAAR_LEVELS_MAX, sizeof(*levels));
    enum fer_status status = levels ? make_tables(&w, err) : fer_fail(err, FER_ENOMEM, "out of memory");
    const int count = status ? 0 : haar_levels(search->haar, search->width, search->height, levels);
    w.pixels = plane(&w, FER_U8, 0);
    w.sum = plane(&w, FER_I32, 1);
    w.squares = plane(&w, FER_U32, 1);
    w.tilted = search->haar->cascade.tilted ? plane(&w, FER_I32, 1) : NULL;
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

enum fer_status haar_emit(const void *state, struct fer_emit *em, const struct fer_canvas *canvas,
                          struct fer_error *err)
{
    const struct haar_search search = { .haar = state,
                                        .em = em,
                                        .width = canvas->width,
                                        .height = canvas->height,
                                        .image = canvas->image,
                                        .table = canvas->table,
                                        .result = canvas->result };
    return haar_search_emit(&search, err);
}
