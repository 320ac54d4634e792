/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gemm.h"
#include "gemm_cl.h"

enum {
    TILE = 64,        /* of gemm_tiled */
    SIDE = 16,
    STRIP_ROWS = 96,  /* of a work-item on a CPU: a multiple of the register tiles' 6 and 4 … */
    STRIP_COLUMNS = 48, /* … of 16 and 3 */
    SHORT_ROWS = 24,    /* where there would be fewer than ITEMS work-items */
    RUN = 256,          /* rows of b that gemm_rows sums before the next columns */
    FEW_ROWS = 24,      /* at most so many rows of a are bound by reading b: … */
    LONG_COLUMNS = 256, /* … then long pieces of few rows of b are read, because each row lies in other pages … */
    SHORT_RUN = 16,     /* … so many */
    ITEMS = 8
};

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static const char *choose(enum fer_profile profile, const struct gemm *g)
{
    if (profile == FER_PROFILE_CPU && g->b.column_step == 1)
        return "gemm_rows";
    if (profile == FER_PROFILE_CPU && g->a.column_step == 1 && g->b.row_step == 1)
        return "gemm_dots";
    return "gemm_tiled";
}

/* `items` for every `strip` rows of c; as many as the live batch needs where the rows are the batch. */
static struct fer_extent row_extent(const struct gemm *g, size_t items, size_t strip)
{
    return g->rows ? fer_extent_fixed(divide_up((size_t)g->rows * items, strip)) : fer_extent_rows(g->c, items, strip);
}

void gemm_emit(struct fer_emit *em, const struct gemm *g)
{
    const char *kernel = choose(fer_emit_profile(em), g);
    const bool tiled = strcmp(kernel, "gemm_tiled") == 0;
    const int capacity = fer_tensor_shape(g->a.tensor)->dim[0];
    const int rows = g->rows ? g->rows : capacity, depth = g->depth ? g->depth : capacity;
    struct fer_launch *launch = fer_emit_kernel(em, fer_gemm_cl, kernel, g->bias ? "-DBIAS" : " ");

    fer_launch_in(launch, "a", g->a.tensor);
    fer_launch_in(launch, "b", g->b.tensor);
    if (g->bias)
        fer_launch_in(launch, "bias", g->bias);
    fer_launch_out(launch, "c", g->c);
    fer_launch_int(launch, g->rows);
    fer_launch_int(launch, g->columns);
    fer_launch_int(launch, g->depth);
    fer_launch_int(launch, g->a.row_step);
    fer_launch_int(launch, g->a.column_step);
    fer_launch_int(launch, g->b.row_step);
    fer_launch_int(launch, g->b.column_step);
    fer_launch_int(launch, g->a.next);
    fer_launch_int(launch, g->b.next);
    fer_launch_int(launch, rows * g->columns);
    const struct fer_extent z =
        g->matrices ? fer_extent_rows(g->c, (size_t)g->matrices, 1) : fer_extent_fixed(1);
    if (tiled) {
        fer_launch_range_3d(launch, fer_extent_fixed(divide_up((size_t)g->columns * SIDE, TILE)),
                            row_extent(g, SIDE, TILE), z, SIDE, SIDE, 1);
    } else {
        const bool dots = strcmp(kernel, "gemm_dots") == 0;
        const bool few = !dots && rows <= FEW_ROWS && g->columns >= ITEMS * LONG_COLUMNS;
        const int columns = few ? LONG_COLUMNS : STRIP_COLUMNS;
        const size_t strips = divide_up((size_t)g->columns, (size_t)columns);
        const size_t strip = strips * divide_up((size_t)rows, STRIP_ROWS) < ITEMS ? SHORT_ROWS : STRIP_ROWS;
        fer_launch_int(launch, columns);
        fer_launch_int(launch, (int)strip);
        if (!dots)
            fer_launch_int(launch, few ? SHORT_RUN : RUN);
        fer_launch_range_3d(launch, fer_extent_fixed(strips), row_extent(g, 1, strip), z, 1, 1, 1);
    }
    const double products = g->matrices ? (double)g->matrices * fer_tensor_shape(g->c)->dim[0] : 1;
    fer_launch_cost(launch, 2.0 * products * rows * g->columns * depth,
                    4.0 * products * ((double)rows * depth + (double)depth * g->columns + (double)rows * g->columns));
}
