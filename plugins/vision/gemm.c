/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "../partial.h"
#include "gemm.h"
#include "gemm_cl.h"

/* Register tiles have 6, 12 or 4 rows and 16 or 3 columns. */
enum { STRIP_ROWS, STRIP_COLUMNS, RUN };
static const struct fer_tunable *const rows_tunables[] = {
    FER_TUNABLE("rows", "of a work-item", 96, 24, 48, 192),
    FER_TUNABLE("columns", "of a work-item; 0: 48, or 256 where b's rows are read by few", 0, 48, 96, 256),
    FER_TUNABLE("run", "rows of b that are summed before the next columns; 0: 256, or 16 where few read them", 0, 16,
                64, 256),
    NULL
};
static const struct fer_tunable *const dots_tunables[] = { FER_TUNABLE("rows", "of a work-item", 96, 24, 48, 192),
                                                           FER_TUNABLE("columns", "of a work-item", 48, 24, 96), NULL };

enum { TILE, GROUPS };
static const struct fer_tunable *const tiled_tunables[] = {
    FER_TUNABLE("tile", "rows and columns of a work-group at most; 0: by shape", 0, 64, 128),
    FER_TUNABLE("groups", "work-groups wanted; long sums are divided for them", 512, 128, 2048), NULL
};

enum {
    TILE_ITEMS = 256,   /* a work-group of gemm_tiled */
    WIDE_GROUPS = 128,  /* work-groups that tiles of 128 x 128 must leave, or smaller ones are taken */
    SPLIT_DEPTH = 256,  /* of a part of a long sum, at least */
    SHORT_ROWS = 24,    /* of a work-item where there would be fewer than ITEMS of them */
    FEW_ROWS = 24,      /* at most so many rows of a are bound by reading b: … */
    LONG_COLUMNS = 256, /* … then long pieces of few rows of b are read, because each row lies in other pages … */
    SHORT_RUN = 16,     /* … so many; else … */
    SHORT_COLUMNS = 48,
    LONG_RUN = 256,
    ITEMS = 8
};

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

#define SOURCES                                                                                                        \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        fer_gemm_cl, fer_partial_cl, NULL                                                                              \
    }
static const struct fer_solver rows_solver = { sizeof rows_solver, "rows", "b's rows are read whole", SOURCES,
                                               rows_tunables };
static const struct fer_solver dots_solver = { sizeof dots_solver, "dots", "rows of a by columns of b", SOURCES,
                                               dots_tunables };
static const struct fer_solver tiled_solver = { sizeof tiled_solver, "tiled", "tiles in local memory", SOURCES,
                                                tiled_tunables };
/* Where the others do not fit, or to be compared with. */
static const struct fer_solver cpu_tiled_solver = { sizeof cpu_tiled_solver, "tiled", "tiles in local memory", SOURCES,
                                                    NULL };

/* Best first; CLBlast is for `fer tune` to try, because it builds kernels of its own for seconds when it is first
 * called. */
static void find_solvers(enum fer_profile profile, const struct fer_product *g, const struct fer_solver *solvers[4])
{
    int count = 0;
    if (profile == FER_PROFILE_CPU && g->b.column_step == 1)
        solvers[count++] = &rows_solver;
    if (profile == FER_PROFILE_CPU && g->a.column_step == 1 && g->b.row_step == 1)
        solvers[count++] = &dots_solver;
    solvers[count++] = profile == FER_PROFILE_GPU ? &tiled_solver : &cpu_tiled_solver;
#ifdef HAVE_CLBLAST
    if (profile == FER_PROFILE_GPU && gemm_clblast_applies(g))
        solvers[count++] = &gemm_clblast_solver;
#endif
    solvers[count] = NULL;
}

/* The rows are the batch's where g->rows is 0, the depth likewise. */
struct sizes {
    int rows, depth;
    double products;
};

static struct sizes sizes_of(const struct fer_product *g)
{
    const int capacity = fer_tensor_shape(g->a.tensor)->dim[0];
    return (struct sizes){ g->rows ? g->rows : capacity, g->depth ? g->depth : capacity,
                           g->matrices ? (double)g->matrices * fer_tensor_shape(g->c)->dim[0] : 1 };
}

static const struct fer_solution *solve(struct fer_emit *em, const struct fer_product *g,
                                        const struct fer_solver *const *solvers)
{
    const struct sizes s = sizes_of(g);
    char text[160];
    snprintf(text, sizeof text, "%.0f of %dx%d%s by %dx%d%s", s.products, s.rows, s.depth,
             g->a.column_step == 1 ? "" : " transposed", s.depth, g->columns,
             g->b.column_step == 1 ? "" : " transposed");
    return fer_emit_solve(em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
                                                     .work = "product",
                                                     .shape = text,
                                                     .solvers = solvers,
                                                     .tolerance = 2e-4,
                                                     .kind = FER_PROBLEM_PRODUCT,
                                                     .detail = g });
}

/* `items` for every `strip` rows of c; as many as the live batch needs where the rows are the batch. */
static struct fer_extent row_extent(const struct fer_product *g, size_t items, size_t strip)
{
    return g->rows ? fer_extent_fixed(divide_up((size_t)g->rows * items, strip)) : fer_extent_rows(g->c, items, strip);
}

/* Rows and columns of a work-item on a CPU, and what else the kernel wants to know; then its range. */
static void launch_strips(struct fer_launch *launch, const struct fer_product *g, const struct fer_solution *solution,
                          bool dots, struct fer_extent z)
{
    const int rows = sizes_of(g).rows, *values = solution->values;
    const bool few = !dots && rows <= FEW_ROWS && g->columns >= ITEMS * LONG_COLUMNS;
    const int columns = values[STRIP_COLUMNS] ? values[STRIP_COLUMNS] : few ? LONG_COLUMNS : SHORT_COLUMNS;
    const size_t strips = divide_up((size_t)g->columns, (size_t)columns), wide = (size_t)values[STRIP_ROWS];
    const size_t strip = wide > SHORT_ROWS && strips * divide_up((size_t)rows, wide) < ITEMS ? SHORT_ROWS : wide;
    fer_launch_int(launch, columns);
    fer_launch_int(launch, (int)strip);
    if (!dots)
        fer_launch_int(launch, values[RUN] ? values[RUN] : few ? SHORT_RUN : LONG_RUN);
    fer_launch_range_3d(launch, fer_extent_fixed(strips), row_extent(g, 1, strip), z, 1, 1, 1);
}

/* ---- tiles in local memory ---- */

/* A work-group's rows, columns and depth; parts of the sums, of `split` each. */
struct tiling {
    int m, n, depth, parts, split;
};

static int tile_for(int size)
{
    return size <= 16 ? 16 : size <= 32 ? 32 : 64;
}

static struct tiling tiling_of(const struct fer_emit *em, const struct fer_product *g, const int *values)
{
    const struct sizes s = sizes_of(g);
    const double wide =
        s.products * (double)divide_up((size_t)s.rows, 128) * (double)divide_up((size_t)g->columns, 128);
    struct tiling t = { tile_for(s.rows), tile_for(g->columns), 16, 1, s.depth };

    if (fer_emit_profile(em) == FER_PROFILE_CPU)
        return t;
    if (values[TILE] == 128 || (values[TILE] == 0 && s.rows >= 128 && g->columns >= 128 && wide >= WIDE_GROUPS))
        t = (struct tiling){ 128, 128, 8, 1, s.depth };
    /* A depth that is the live batch is no long one. */
    if (!g->matrices && g->depth) {
        const size_t groups = divide_up((size_t)s.rows, (size_t)t.m) * divide_up((size_t)g->columns, (size_t)t.n);
        const size_t wanted = (size_t)values[GROUPS] / groups, most = (size_t)s.depth / SPLIT_DEPTH;
        const size_t parts = wanted < most ? wanted : most;
        t.split = (int)divide_up((size_t)s.depth, parts > 1 ? parts : 1);
        t.split = (int)divide_up((size_t)t.split, (size_t)t.depth) * t.depth;
        t.parts = (int)divide_up((size_t)s.depth, (size_t)t.split);
    }
    return t;
}

/* What gemm_tiled is compiled for. */
static struct fer_launch *tiled_kernel(struct fer_emit *em, const struct fer_product *g, const struct tiling *t)
{
    return fer_emit_kernel(em, fer_gemm_cl, "gemm_tiled", "-DTILE_M=%d -DTILE_N=%d -DDEPTH=%d%s%s%s%s", t->m, t->n,
                           t->depth, g->a.column_step == 1 ? " -DA_ALONG" : "",
                           g->b.column_step == 1 ? "" : " -DB_ALONG", t->parts > 1 ? " -DSPLIT" : "",
                           g->bias && t->parts == 1 ? " -DBIAS" : "");
}

static void range_tiled(struct fer_launch *launch, const struct fer_product *g, const struct tiling *t,
                        struct fer_extent z)
{
    fer_launch_int(launch, t->split);
    fer_launch_range_3d(launch, fer_extent_fixed(divide_up((size_t)g->columns, (size_t)t->n) * TILE_ITEMS),
                        row_extent(g, 1, (size_t)t->m), t->parts > 1 ? fer_extent_fixed((size_t)t->parts) : z,
                        TILE_ITEMS, 1, 1);
}

static struct fer_tensor *partial_of(struct fer_emit *em, const struct fer_product *g, int parts)
{
    const struct fer_shape shape = fer_shape_make(NULL, 3, (int[]){ parts, sizes_of(g).rows, g->columns });
    return fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
}

static void set_cost(struct fer_launch *launch, const struct fer_product *g)
{
    const struct sizes s = sizes_of(g);
    fer_launch_cost(launch, 2.0 * s.products * s.rows * g->columns * s.depth,
                    4.0 * s.products *
                        ((double)s.rows * s.depth + (double)s.depth * g->columns + (double)s.rows * g->columns));
}

void gemm_emit(struct fer_emit *em, const struct fer_product *g)
{
    const struct fer_solver *solvers[4];
    find_solvers(fer_emit_profile(em), g, solvers);
    const struct fer_solution *solution = solve(em, g, solvers);
    if (solution->solver == FER_SOLVED) {
        fer_emit_solved(em);
        return;
    }
    const struct fer_solver *solver = solvers[solution->solver];
    const struct sizes s = sizes_of(g);
#ifdef HAVE_CLBLAST
    if (solver == &gemm_clblast_solver) {
        set_cost(gemm_clblast_emit(em, g), g);
        fer_emit_solved(em);
        return;
    }
#endif
    const bool tiled = solver == &tiled_solver || solver == &cpu_tiled_solver;
    const struct tiling tiling = tiled ? tiling_of(em, g, solution->values) : (struct tiling){ .parts = 1 };
    struct fer_tensor *c = tiling.parts > 1 ? partial_of(em, g, tiling.parts) : g->c;
    struct fer_launch *launch =
        tiled ? tiled_kernel(em, g, &tiling)
              : fer_emit_kernel(em, fer_gemm_cl, solver == &rows_solver ? "gemm_rows" : "gemm_dots",
                                g->bias ? "-DBIAS" : " ");

    fer_launch_in(launch, "a", g->a.tensor);
    fer_launch_in(launch, "b", g->b.tensor);
    if (g->bias && tiling.parts == 1)
        fer_launch_in(launch, "bias", g->bias);
    fer_launch_out(launch, "c", c);
    fer_launch_int(launch, g->rows);
    fer_launch_int(launch, g->columns);
    fer_launch_int(launch, g->depth);
    fer_launch_int(launch, g->a.row_step);
    fer_launch_int(launch, g->a.column_step);
    fer_launch_int(launch, g->b.row_step);
    fer_launch_int(launch, g->b.column_step);
    fer_launch_int(launch, tiling.parts > 1 ? 0 : g->a.next);
    fer_launch_int(launch, tiling.parts > 1 ? 0 : g->b.next);
    fer_launch_int(launch, s.rows * g->columns);
    const struct fer_extent z = g->matrices ? fer_extent_rows(g->c, (size_t)g->matrices, 1) : fer_extent_fixed(1);
    if (tiled)
        range_tiled(launch, g, &tiling, z);
    else
        launch_strips(launch, g, solution, solver == &dots_solver, z);
    set_cost(launch, g);
    if (tiling.parts > 1)
        partial_sum_emit(
            em, &(struct partial_sum){
                    .partial = c, .bias = g->bias, .y = g->c, .step = s.rows * g->columns, .parts = tiling.parts });
    fer_emit_solved(em);
}
