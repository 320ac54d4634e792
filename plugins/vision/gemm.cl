/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products c[i, j] = bias[j] + sum over l of a(i, l) * b(l, j), many at once: matrix z starts `_step` elements
 * after matrix z - 1.  a(i, l) lies at a + i * a_row + l * a_column, likewise b; c's rows are contiguous.
 * m, n, depth: the ranges of i, j, l; where one is 0 it is the live batch, a_dim.x.
 *
 * gemm_rows   CPU; b contiguous along j, a anyhow (so a transposed too)
 * gemm_dots   CPU; a and b contiguous along l
 * gemm_tiled  GPU, and CPUs where neither of the others fits; several work-groups may share a long depth (partial.cl)
 * gemm_bias   c[i, j] = bias[j] alone, to be added to
 */
#ifdef FER_KERNEL_gemm_bias
__kernel void gemm_bias(FER_IN(bias), FER_OUT(c), const int n)
{
    const size_t i = get_global_id(0);
    if (i < SIZE(c))
        DATA(c)[i] = DATA(bias)[i - fer_divide(i, n) * n];
}
#endif
#define GEMM_ARGUMENTS                                                                                                   \
    FER_IN(a), FER_IN(b), FER_BIAS_IN FER_OUT(c), const int m_, const int n_, const int depth_, const int a_row,         \
        const int a_column, const int b_row, const int b_column, const int a_step, const int b_step, const int c_step
#define SIZES                                                                                                            \
    const int m = m_ ? m_ : a_dim.x, n = n_ ? n_ : a_dim.x, depth = depth_ ? depth_ : a_dim.x;                           \
    const size_t z = get_global_id(2);                                                                                   \
    __global const float *const a_matrix = DATA(a) + z * a_step;                                                         \
    __global const float *const b_matrix = DATA(b) + z * b_step;                                                         \
    __global float *const c_matrix = DATA(c) + z * c_step;

#ifdef FER_KERNEL_gemm_rows
#define ROWS FER_VEC_ROWS /* a register tile: so many rows by 16 columns, as in conv_direct.cl */

/* ROWS x 16 sums; `rows` and `columns` of them exist. */
static void tile(__global const float *a, const int a_row, const int a_column, __global const float *b, const int b_row,
                 __global float *c, const int n, const int rows, const int columns, const int depth, const bool first,
                 const float *start)
{
    FER_VEC sum[ROWS][FER_VEC_PARTS];
    __global const float *in[ROWS];
    float edge[16];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        __global const float *const sums = c + (size_t)min(r, rows - 1) * n;
        in[r] = a + (size_t)min(r, rows - 1) * a_row;
        if (!first && columns < 16)
#pragma unroll 1
            for (int j = 0; j < 16; j++)
                edge[j] = j < columns ? sums[j] : 0.0f;
        FER_EACH_PART(p)
            sum[r][p] = first ? FER_VEC_LOAD(p, start) : columns < 16 ? FER_VEC_LOAD(p, edge) : FER_VEC_LOAD(p, sums);
    }
    if (columns == 16) {
        size_t at = 0;
#pragma unroll 1
        for (int l = 0; l < depth; l++, b += b_row, at += a_column) {
            FER_VEC row[FER_VEC_PARTS];
            FER_EACH_PART(p)
                row[p] = FER_VEC_LOAD(p, b);
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                FER_EACH_PART(p)
                    sum[r][p] = fma((FER_VEC)(in[r][at]), row[p], sum[r][p]);
        }
    } else {
        size_t at = 0;
#pragma unroll 1
        for (int l = 0; l < depth; l++, b += b_row, at += a_column) {
#pragma unroll 1
            for (int j = 0; j < 16; j++)
                edge[j] = b[min(j, columns - 1)];
            FER_VEC row[FER_VEC_PARTS];
            FER_EACH_PART(p)
                row[p] = FER_VEC_LOAD(p, edge);
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                FER_EACH_PART(p)
                    sum[r][p] = fma((FER_VEC)(in[r][at]), row[p], sum[r][p]);
        }
    }
    if (columns == 16) {
#pragma unroll
        for (int r = 0; r < ROWS; r++)
            if (r < rows)
                FER_EACH_PART(p)
                    FER_VEC_STORE(sum[r][p], p, c + (size_t)r * n);
    } else {
        float sums[ROWS * 16];
#pragma unroll
        for (int r = 0; r < ROWS; r++)
            FER_EACH_PART(p)
                FER_VEC_STORE(sum[r][p], FER_VEC_PARTS * r + p, sums);
#pragma unroll 1
        for (int r = 0; r < rows; r++)
#pragma unroll 1
            for (int j = 0; j < columns; j++)
                c[(size_t)r * n + j] = sums[r * 16 + j];
    }
}

/* Work-item: `columns` columns (dimension 0) of `rows` rows (1) of matrix z (2).  `run` of b's rows are summed before the
 * next columns: they stay in the cache while all rows of a go by. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_rows(GEMM_ARGUMENTS, const int columns, const int rows, const int run)
{
    SIZES
    const int j0 = (int)get_global_id(0) * columns, i0 = (int)get_global_id(1) * rows;
#pragma unroll 1
    for (int l = 0; l < depth; l += run) {
#pragma unroll 1
        for (int j = j0; j < min(j0 + columns, n); j += 16) {
            float start[16];
#pragma unroll 1
            for (int q = 0; q < 16; q++)
                start[q] = j + q < n ? FER_BIAS(j + q) : 0.0f;
#pragma unroll 1
            for (int i = i0; i < min(i0 + rows, m); i += ROWS)
                tile(a_matrix + (size_t)i * a_row + (size_t)l * a_column, a_row, a_column,
                     b_matrix + (size_t)l * b_row + j, b_row, c_matrix + (size_t)i * n + j, n,
                     min(ROWS, min(i0 + rows, m) - i), min(16, n - j), min(run, depth - l), l == 0, start);
        }
    }
}
#endif

#ifdef FER_KERNEL_gemm_dots
#define ROWS 4     /* a register tile: 4 rows by 3 columns, each a vector of partial sums of its dot product */
#define COLUMNS 3
#define DEPTH 1024 /* of a dot product between additions to c, so that a's rows stay in the cache */

/* Work-item: `columns` columns (dimension 0) of `rows` rows (1) of matrix z (2). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void gemm_dots(GEMM_ARGUMENTS, const int columns, const int rows)
{
    SIZES
    const int j0 = (int)get_global_id(0) * columns, j1 = min(j0 + columns, n);
    const int i0 = (int)get_global_id(1) * rows, i1 = min(i0 + rows, m);
#pragma unroll 1
    for (int l0 = 0; l0 < depth; l0 += DEPTH) {
        const int l1 = min(l0 + DEPTH, depth), even = l0 + (l1 - l0) / FER_VEC_LANES * FER_VEC_LANES;
#pragma unroll 1
        for (int j = j0; j < j1; j += COLUMNS) {
#pragma unroll 1
            for (int i = i0; i < i1; i += ROWS) {
                __global const float *row[ROWS], *column[COLUMNS];
                FER_VEC sum[ROWS][COLUMNS];
                /* The next columns are asked for while the first rows are multiplied with these. */
                const size_t soon = i == i0 ? (size_t)COLUMNS * b_column : 0;
#pragma unroll
                for (int q = 0; q < COLUMNS; q++)
                    column[q] = b_matrix + (size_t)min(j + q, j1 - 1) * b_column;
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    row[r] = a_matrix + (size_t)min(i + r, i1 - 1) * a_row;
#pragma unroll
                    for (int q = 0; q < COLUMNS; q++)
                        sum[r][q] = 0;
                }
#pragma unroll 1
                for (int l = l0; l < even; l += FER_VEC_LANES) {
                    FER_VEC v[COLUMNS];
#pragma unroll
                    for (int q = 0; q < COLUMNS; q++) {
                        FER_PREFETCH(column[q] + soon + l);
                        v[q] = FER_VEC_LOAD(0, column[q] + l);
                    }
#pragma unroll
                    for (int r = 0; r < ROWS; r++) {
                        const FER_VEC u = FER_VEC_LOAD(0, row[r] + l);
#pragma unroll
                        for (int q = 0; q < COLUMNS; q++)
                            sum[r][q] = fma(u, v[q], sum[r][q]);
                    }
                }
                /* In loops that are not unrolled, because twelve copies of the rest take long to compile. */
                float totals[ROWS * COLUMNS];
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
#pragma unroll
                    for (int q = 0; q < COLUMNS; q++) {
#if FER_VEC_LANES == 16
                        const float8 eight = sum[r][q].lo + sum[r][q].hi;
#else
                        const float8 eight = sum[r][q];
#endif
                        const float4 half_ = eight.lo + eight.hi;
                        totals[r * COLUMNS + q] = half_.x + half_.y + (half_.z + half_.w);
                    }
                }
#pragma unroll 1
                for (int r = 0; r < min(ROWS, i1 - i); r++) {
#pragma unroll 1
                    for (int q = 0; q < min(COLUMNS, j1 - j); q++) {
                        __global const float *const a_at = a_matrix + (size_t)(i + r) * a_row;
                        __global const float *const b_at = b_matrix + (size_t)(j + q) * b_column;
                        __global float *const c_at = c_matrix + (size_t)(i + r) * n + j + q;
                        float total = totals[r * COLUMNS + q];
#pragma unroll 1
                        for (int l = even; l < l1; l++)
                            total = fma(a_at[l], b_at[l], total);
                        *c_at = total + (l0 > 0 ? *c_at : FER_BIAS(j + q));
                    }
                }
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_gemm_tiled
#ifndef UNROLL
#define UNROLL DEPTH /* Intel's compiler, too, has the registers here */
#endif
#include "tile.cl"

/* -DA_ALONG, -DB_ALONG: neighbours in a strip's memory are neighbours along the depth.  They are fetched in the order of
 * memory then.  Number k of those that a work-item fetches lies at depth A_L(k), row A_I(k) of the strip, and A_STEP behind
 * the one before; where `left` of the depth are left, A_THERE(left) of them are within the matrix. */
#ifdef A_ALONG
#define A_L(k) (id % DEPTH)
#define A_I(k) (id / DEPTH + (k) * (ITEMS / DEPTH))
#define A_STEP ((size_t)(ITEMS / DEPTH) * a_row)
#define A_THERE(left) (A_L(0) < (left) ? (m - i0 - A_I(0) + ITEMS / DEPTH - 1) / (ITEMS / DEPTH) : 0)
#else
#define A_L(k) (id / TILE_M + (k) * (ITEMS / TILE_M))
#define A_I(k) (id % TILE_M)
#define A_STEP ((size_t)(ITEMS / TILE_M) * a_column)
#define A_THERE(left) (A_I(0) < m - i0 ? ((left) - A_L(0) + ITEMS / TILE_M - 1) / (ITEMS / TILE_M) : 0)
#endif
#ifdef B_ALONG
#define B_L(k) (id % DEPTH)
#define B_J(k) (id / DEPTH + (k) * (ITEMS / DEPTH))
#define B_STEP ((size_t)(ITEMS / DEPTH) * b_column)
#define B_THERE(left) (B_L(0) < (left) ? (n - j0 - B_J(0) + ITEMS / DEPTH - 1) / (ITEMS / DEPTH) : 0)
#else
#define B_L(k) (id / TILE_N + (k) * (ITEMS / TILE_N))
#define B_J(k) (id % TILE_N)
#define B_STEP ((size_t)(ITEMS / TILE_N) * b_row)
#define B_THERE(left) (B_J(0) < n - j0 ? ((left) - B_L(0) + ITEMS / TILE_N - 1) / (ITEMS / TILE_N) : 0)
#endif
#define A_COUNT (TILE_M * DEPTH / ITEMS)
#define B_COUNT (TILE_N * DEPTH / ITEMS)

/* to = `count` numbers `step` apart, of which the first `there` exist; zeros for the others. */
static inline void fetch(float *to, __global const float *from, const size_t step, const int count, const int there)
{
#pragma unroll
    for (int k = 0; k < count; k++)
        to[k] = k < there ? from[k * step] : 0.0f;
}

/* Dimension 0: columns, 1: rows, 2: matrix.  With SPLIT, dimension 2 are parts of `split` of the depth, and c is
 * partial[part][m][n]. */
TILE_KERNEL gemm_tiled(GEMM_ARGUMENTS, const int split)
{
    TILE_LOCALS
    const int i0 = (int)get_group_id(1) * TILE_M, j0 = (int)get_group_id(0) * TILE_N;
    SIZES
#ifdef SPLIT
    const int begin = (int)z * split, end = min(begin + split, depth);
#else
    const int begin = 0, end = depth;
#endif
    const int steps = (end - begin + DEPTH - 1) / DEPTH;
    const bool whole = i0 + TILE_M <= m && j0 + TILE_N <= n;
    __global const float *a_from = a_matrix + (size_t)(i0 + A_I(0)) * a_row + (size_t)(begin + A_L(0)) * a_column;
    __global const float *b_from = b_matrix + (size_t)(j0 + B_J(0)) * b_column + (size_t)(begin + B_L(0)) * b_row;

#pragma unroll 1
    for (int step = -1; step < steps; step++) {
        float a_next[A_COUNT], b_next[B_COUNT];
        const int now = TILE_NOW(step), next = DEPTH - now, left = end - begin - (step + 1) * DEPTH;
        if (step + 1 < steps) {
            if (whole && left >= DEPTH) {
                fetch(a_next, a_from, A_STEP, A_COUNT, A_COUNT);
                fetch(b_next, b_from, B_STEP, B_COUNT, B_COUNT);
            } else {
                fetch(a_next, a_from, A_STEP, A_COUNT, A_THERE(left));
                fetch(b_next, b_from, B_STEP, B_COUNT, B_THERE(left));
            }
            a_from += (size_t)DEPTH * a_column;
            b_from += (size_t)DEPTH * b_row;
        }
        if (step >= 0)
            tile_multiply(sum, a_strip + now * PITCH_M, b_strip + now * PITCH_N, to_m, to_n);
        if (step + 1 < steps) {
#pragma unroll
            for (int k = 0; k < A_COUNT; k++)
                a_strip[(next + A_L(k)) * PITCH_M + A_I(k)] = a_next[k];
#pragma unroll
            for (int k = 0; k < B_COUNT; k++)
                b_strip[(next + B_L(k)) * PITCH_N + B_J(k)] = b_next[k];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int r = 0; r < EACH_M; r++) {
        const int i = i0 + TILE_ROW(r);
#pragma unroll
        for (int q = 0; q < EACH_N; q++) {
            const int j = j0 + TILE_COLUMN(q);
            if (i < m && j < n)
                c_matrix[(size_t)i * n + j] = sum[r][q] + FER_BIAS(j);
        }
    }
}
#endif
