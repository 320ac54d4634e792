/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products by tensor cores: c = a b (+ bias), as gemm.cl of the plugin vision.  The tiles are tensor.cl's.
 *
 * A work-item fetches of a strip either along the depth (ALONG), words of rows one below the other, or along rows (ACROSS;
 * -DA_ACROSS, -DB_ACROSS), several words of one: whichever makes neighbours read what lies side by side.
 */
#include "tensor.cl"

/* m, n, depth: rows, columns and depth, where m or depth is 0 the live batch.  Dimension 0: columns, 1: rows, 2: matrix. */
GROUP tensor_product(FER_IN(a), FER_IN(b), FER_BIAS_IN FER_OUT(c), const int m_, const int n, const int depth_,
                     const int a_row, const int a_column, const int b_row, const int b_column, const int a_step,
                     const int b_step, const int c_step)
{
    LOCALS
    const int m = m_ ? m_ : a_dim.x, depth = depth_ ? depth_ : a_dim.x;
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    const size_t z = get_group_id(2), c_at = z * c_step;
    uint next_a[EACH(TILE_M)], next_b[EACH(TILE_N)];

    /* The first row of the matrix that this work-item fetches, and how much of the depth before it.  ACROSS it has one row,
     * and past the last row the last one, whose sums nobody writes. */
#define FIRST_ALONG(SIDE, r0, rows) ((r0) + (int)ALONG_FIRST(SIDE))
#define FIRST_ACROSS(SIDE, r0, rows) min((r0) + (int)(id % SIDE), (rows)-1)
#define SKIPPED_ALONG(SIDE) ((int)(id % 16) * NUMBERS)
#define SKIPPED_ACROSS(SIDE) ((int)ACROSS_WORD(SIDE) * NUMBERS)
#define FETCH_ALONG(x, bits, SIDE, part, from, at, left, rows_left, row_step, step)                                      \
    {                                                                                                                    \
    int row_on = row_step;                                                                                               \
    HIDE(row_on)                                                                                                         \
    UNROLL for (int u = 0; u < NUMBERS; u++)                                                                             \
        UNROLL for (int e = 0; e < FETCHED(SIDE); e++)                                                                   \
    {                                                                                                                    \
        const int r = ALONG_MORE((part)*FETCHED(SIDE) + e);                                                              \
        (bits)[e * NUMBERS + u] = BITS(x, from + (at + u * (step) + r * row_on), r < (rows_left) && u < (left));         \
    }                                                                                                                    \
    }
#define FETCH_ACROSS(x, bits, SIDE, part, from, at, left, rows_left, row_step, step)                                     \
    UNROLL for (int e = 0; e < FETCHED(SIDE) * NUMBERS; e++)                                                             \
    {                                                                                                                    \
        const int l = (part)*FETCHED(SIDE) * NUMBERS + e;                                                                \
        (bits)[e] = BITS(x, from + (at + l * (step)), l < (left));                                                       \
    }
#ifdef A_ACROSS
#define A_WAY(name) FER_PASTE(name, _ACROSS)
#else
#define A_WAY(name) FER_PASTE(name, _ALONG)
#endif
#ifdef B_ACROSS
#define B_WAY(name) FER_PASTE(name, _ACROSS)
#else
#define B_WAY(name) FER_PASTE(name, _ALONG)
#endif
    const int a_first = A_WAY(FIRST)(TILE_M, m0, m), b_first = B_WAY(FIRST)(TILE_N, n0, n);
    __global const FER_TYPE_a *const a_from = DATA(a) + z * a_step;
    __global const FER_TYPE_b *const b_from = DATA(b) + z * b_step;
    int a_left = depth - A_WAY(SKIPPED)(TILE_M), b_left = depth - B_WAY(SKIPPED)(TILE_N);
    int a_at = a_first * a_row + A_WAY(SKIPPED)(TILE_M) * a_column;
    int b_at = b_first * b_column + B_WAY(SKIPPED)(TILE_N) * b_row;
#define FETCH(part)                                                                                                      \
    A_WAY(FETCH)(a, next_a, TILE_M, part, a_from, a_at, a_left, m - a_first, a_row, a_column)                            \
    B_WAY(FETCH)(b, next_b, TILE_N, part, b_from, b_at, b_left, n - b_first, b_column, b_row)                            \
    if ((part) == PARTS - 1) {                                                                                           \
        a_at += DEPTH * a_column;                                                                                        \
        b_at += DEPTH * b_row;                                                                                           \
        a_left -= DEPTH;                                                                                                 \
        b_left -= DEPTH;                                                                                                 \
    }
#define DELIVER(part, a_to, b_to)                                                                                        \
    A_WAY(DELIVER)(a, next_a, A_PLACE, TILE_M, part, a_to)                                                               \
    B_WAY(DELIVER)(b, next_b, B_PLACE, TILE_N, part, b_to)
    MULTIPLY((depth + DEPTH - 1) / DEPTH)
#define COLUMN(q) const float bias_q = n0 + q < n ? FER_BIAS(n0 + q) : 0.0f;
#define WRITE(r, q, value)                                                                                               \
    if (m0 + r < m && n0 + q < n)                                                                                        \
        FER_PUT(c, c_at + (size_t)(m0 + r) * n + n0 + q, value + bias_q);
    WRITE_ALL
}
