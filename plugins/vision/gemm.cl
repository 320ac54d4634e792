/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products c[i, j] = bias[j] + sum over l of a(i, l) * b(l, j), many at once: matrix z starts `_step` elements
 * after matrix z - 1.  a(i, l) lies at a + i * a_row + l * a_column, likewise b; c's rows are contiguous.
 * m, n, depth: the ranges of i, j, l; where one is 0 it is the live batch, a_dim.x.
 *
 * gemm_rows   CPU; b contiguous along j, a anyhow (so a transposed too)
 * gemm_dots   CPU; a and b contiguous along l
 * gemm_tiled  GPU, and CPUs where neither of the others fits
 * gemm_sum    c out of parts of a long depth that several work-groups of gemm_tiled have summed
 * gemm_bias   c[i, j] = bias[j] alone, to be added to
 */
#ifdef FER_KERNEL_gemm_bias
__kernel void gemm_bias(FER_IN(bias), FER_OUT(c), const int n)
{
    const size_t i = get_global_id(0);
    if (i < SIZE(c))
        DATA(c)[i] = DATA(bias)[i % n];
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
#define ROWS 6    /* a register tile: 6 rows by 16 columns, as in conv_direct.cl */

/* ROWS x 16 sums; `rows` and `columns` of them exist. */
static void tile(__global const float *a, const int a_row, const int a_column, __global const float *b, const int b_row,
                 __global float *c, const int n, const int rows, const int columns, const int depth, const bool first,
                 const float8 start_lo, const float8 start_hi)
{
    float8 lo[ROWS], hi[ROWS];
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
        lo[r] = first ? start_lo : columns < 16 ? vload8(0, edge) : vload8(0, sums);
        hi[r] = first ? start_hi : columns < 16 ? vload8(1, edge) : vload8(1, sums);
    }
    if (columns == 16) {
        size_t at = 0;
#pragma unroll 1
        for (int l = 0; l < depth; l++, b += b_row, at += a_column) {
            const float8 b_lo = vload8(0, b), b_hi = vload8(1, b);
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                lo[r] = fma((float8)(in[r][at]), b_lo, lo[r]);
                hi[r] = fma((float8)(in[r][at]), b_hi, hi[r]);
            }
        }
    } else {
        size_t at = 0;
#pragma unroll 1
        for (int l = 0; l < depth; l++, b += b_row, at += a_column) {
#pragma unroll 1
            for (int j = 0; j < 16; j++)
                edge[j] = b[min(j, columns - 1)];
            const float8 b_lo = vload8(0, edge), b_hi = vload8(1, edge);
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                lo[r] = fma((float8)(in[r][at]), b_lo, lo[r]);
                hi[r] = fma((float8)(in[r][at]), b_hi, hi[r]);
            }
        }
    }
    if (columns == 16) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            if (r < rows) {
                vstore8(lo[r], 0, c + (size_t)r * n);
                vstore8(hi[r], 1, c + (size_t)r * n);
            }
        }
    } else {
        float sums[ROWS * 16];
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            vstore8(lo[r], 2 * r, sums);
            vstore8(hi[r], 2 * r + 1, sums);
        }
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
                     min(ROWS, min(i0 + rows, m) - i), min(16, n - j), min(run, depth - l), l == 0, vload8(0, start),
                     vload8(1, start));
        }
    }
}
#endif

#ifdef FER_KERNEL_gemm_dots
#define ROWS 4     /* a register tile: 4 rows by 3 columns, each 8 partial sums of its dot product */
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
        const int l1 = min(l0 + DEPTH, depth), even = l0 + (l1 - l0) / 8 * 8;
#pragma unroll 1
        for (int j = j0; j < j1; j += COLUMNS) {
#pragma unroll 1
            for (int i = i0; i < i1; i += ROWS) {
                __global const float *row[ROWS], *column[COLUMNS];
                float8 sum[ROWS][COLUMNS];
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
                for (int l = l0; l < even; l += 8) {
                    float8 v[COLUMNS];
#pragma unroll
                    for (int q = 0; q < COLUMNS; q++)
                        v[q] = vload8(0, column[q] + l);
#pragma unroll
                    for (int r = 0; r < ROWS; r++) {
                        const float8 u = vload8(0, row[r] + l);
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
                        const float4 half_ = sum[r][q].lo + sum[r][q].hi;
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
#ifndef TILE_M
#define TILE_M 64 /* rows of c that a work-group computes: 16, 32, 64, 128; … */
#define TILE_N 64 /* … columns */
#define DEPTH 16  /* 16, or 8 where both are 128 */
#endif
#define SIDE 16 /* a work-group is SIDE x SIDE */
#define ITEMS (SIDE * SIDE)
#define EACH_M (TILE_M / SIDE)
#define EACH_N (TILE_N / SIDE)

/*        b: DEPTH x TILE_N       Both strips lie in local memory as [DEPTH][TILE].  A work-item has rows 4 y … 4 y + 3
 *        +-----------+           of every 64 of c, and columns 4 x …, so that it reads fours; where TILE is 32 or 16, twos
 *  a     | c: TILE_M |           and ones.  The next strips are fetched into registers while these are multiplied.
 *        | x TILE_N  |
 *        +-----------+
 *
 * -DA_ALONG, -DB_ALONG: neighbours in a strip's memory are neighbours along the depth.  They are fetched in the order of
 * memory then, and the strip's rows in local memory are padded, because neighbours write to different rows.
 * Rows and columns past the last repeat it and are not stored; past the depth there are zeros.
 */
#ifdef A_ALONG
#define A_L(k) (id % DEPTH) /* where element k of those that a work-item fetches lies in the strip */
#define A_I(k) (id / DEPTH + (k) * (ITEMS / DEPTH))
#define A_PITCH (TILE_M + 4)
#else
#define A_L(k) (id / TILE_M + (k) * (ITEMS / TILE_M))
#define A_I(k) (id % TILE_M)
#define A_PITCH TILE_M
#endif
#ifdef B_ALONG
#define B_L(k) (id % DEPTH)
#define B_J(k) (id / DEPTH + (k) * (ITEMS / DEPTH))
#define B_PITCH (TILE_N + 4)
#else
#define B_L(k) (id / TILE_N + (k) * (ITEMS / TILE_N))
#define B_J(k) (id % TILE_N)
#define B_PITCH TILE_N
#endif
#define A_COUNT (TILE_M * DEPTH / ITEMS)
#define B_COUNT (TILE_N * DEPTH / ITEMS)

/* Of a tile's rows or columns, number r of the `each` of work-item `at`. */
#define FOURS(each) ((each) < 4 ? (each) : 4)
#define PLACE(each, at, r) ((r) / FOURS(each) * (SIDE * FOURS(each)) + (at)*FOURS(each) + (r) % FOURS(each))

/* values = the `each` of work-item `at` in a row of local memory */
static inline void take(float *values, __local const float *row, const int each, const int at)
{
    if (each == 1)
        values[0] = row[at];
    else if (each == 2)
        vstore2(((__local const float2 *)row)[at], 0, values);
    else
#pragma unroll
        for (int r = 0; r < each / 4; r++)
            vstore4(((__local const float4 *)row)[r * SIDE + at], r, values);
}

/* With SPLIT, dimension 2 are parts of `split` of the depth, and c is partial[part][m][n] for gemm_sum. */
__kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1) FER_PRIVATE_FLOATS(EACH_M * EACH_N))) void
gemm_tiled(GEMM_ARGUMENTS, const int split)
{
    __local float4 a_strip[DEPTH * A_PITCH / 4], b_strip[DEPTH * B_PITCH / 4];
    __local float *const a_tile = (__local float *)a_strip, *const b_tile = (__local float *)b_strip;
    const int x = (int)get_local_id(0), y = (int)get_local_id(1);
    const uint id = (uint)(y * SIDE + x);
    const int i0 = (int)get_group_id(1) * TILE_M, j0 = (int)get_group_id(0) * TILE_N;
    SIZES
#ifdef SPLIT
    const int begin = (int)z * split, end = min(begin + split, depth);
#else
    const int begin = 0, end = depth;
#endif
    __global const float *a_from[A_COUNT], *b_from[B_COUNT];
    float a_next[A_COUNT], b_next[B_COUNT], sum[EACH_M][EACH_N];
#pragma unroll
    for (int k = 0; k < A_COUNT; k++)
        a_from[k] = a_matrix + (size_t)min(i0 + (int)A_I(k), m - 1) * a_row + (size_t)(begin + (int)A_L(k)) * a_column;
#pragma unroll
    for (int k = 0; k < B_COUNT; k++)
        b_from[k] = b_matrix + (size_t)min(j0 + (int)B_J(k), n - 1) * b_column + (size_t)(begin + (int)B_L(k)) * b_row;
#define FETCH(l)                                                                                                         \
    _Pragma("unroll") for (int k = 0; k < A_COUNT; k++, a_from[k - 1] += (size_t)DEPTH * a_column)                       \
        a_next[k] = (l) + (int)A_L(k) < end ? *a_from[k] : 0.0f;                                                         \
    _Pragma("unroll") for (int k = 0; k < B_COUNT; k++, b_from[k - 1] += (size_t)DEPTH * b_row)                          \
        b_next[k] = (l) + (int)B_L(k) < end ? *b_from[k] : 0.0f;
    FETCH(begin)
#pragma unroll
    for (int r = 0; r < EACH_M; r++)
#pragma unroll
        for (int q = 0; q < EACH_N; q++)
            sum[r][q] = 0.0f;

    for (int l0 = begin; l0 < end; l0 += DEPTH) {
#pragma unroll
        for (int k = 0; k < A_COUNT; k++)
            a_tile[A_L(k) * A_PITCH + A_I(k)] = a_next[k];
#pragma unroll
        for (int k = 0; k < B_COUNT; k++)
            b_tile[B_L(k) * B_PITCH + B_J(k)] = b_next[k];
        barrier(CLK_LOCAL_MEM_FENCE);
        FETCH(l0 + DEPTH)
#pragma unroll
        for (int l = 0; l < DEPTH; l++) {
            float row[EACH_M], column[EACH_N];
            take(row, a_tile + l * A_PITCH, EACH_M, y);
            take(column, b_tile + l * B_PITCH, EACH_N, x);
#pragma unroll
            for (int r = 0; r < EACH_M; r++)
#pragma unroll
                for (int q = 0; q < EACH_N; q++)
                    sum[r][q] = fma(row[r], column[q], sum[r][q]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int r = 0; r < EACH_M; r++) {
        const int i = i0 + PLACE(EACH_M, y, r);
#pragma unroll
        for (int q = 0; q < EACH_N; q++) {
            const int j = j0 + PLACE(EACH_N, x, q);
            if (i < m && j < n)
                c_matrix[(size_t)i * n + j] = sum[r][q] + FER_BIAS(j);
        }
    }
}
#endif

/* c[i, j] = bias[j] + the sum of the parts, in order.  Work-item: column j (dimension 0) of row i (1). */
#ifdef FER_KERNEL_gemm_sum
__kernel void gemm_sum(FER_IN(partial), FER_BIAS_IN FER_OUT(c), const int n, const int c_step, const int parts)
{
    const int j = (int)get_global_id(0);
    const size_t at = get_global_id(1) * n + j;
    if (j >= n || at >= SIZE(c))
        return;
    float sum = FER_BIAS(j);
    for (int s = 0; s < parts; s++)
        sum += DATA(partial)[(size_t)s * c_step + at];
    DATA(c)[at] = sum;
}
#endif
