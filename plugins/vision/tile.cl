/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources of matrix products on GPUs: TILE_M x TILE_N results of a work-group of 256.
 *
 *                     TILE_N                 Of both matrices a strip of DEPTH rows or columns lies in local memory, a's
 *                +--------------+            turned, each row four numbers longer than it need be, so that neighbours who
 *          DEPTH |   b_strip    |            write a column meet other banks.  There are two pairs of strips: while one is
 *                +--------------+            multiplied, the next comes from global memory into registers, and then goes
 *       +-----+  +--------------+            to the other: one barrier a step.
 *       |     |  |              |
 *       |  a  |  |  results, in |                #pragma unroll 1
 *  TILE_M     |  |  registers   |                for (int step = -1; step < steps; step++) {
 *       |     |  |              |                    const int now = TILE_NOW(step), next = DEPTH - now;
 *       +-----+  +--------------+                    …                           fetch step + 1, where there is one
 *        DEPTH                                       if (step >= 0)
 *                                                        tile_multiply(sum, a_strip + now * PITCH_M, …);
 *                                                    …                           put it behind row `next` of both strips
 *                                                    barrier(CLK_LOCAL_MEM_FENCE);
 *                                                }
 *
 * Without the pragma LLVM peels the first step off, joins what is left, and for AMD then takes 180 registers for 60.
 *
 * A work-item has EACH_M x EACH_N results, in runs of up to four rows and four columns that are read from local memory as
 * vectors; the runs of SIDE places come one after the other.  32 neighbours have 4 x 8 places, so that they read few words
 * of local memory, and those side by side:
 *
 *      place    0  1 … 15 | 0  1 …      columns 0 … 3, 4 … 7, … of the tile;  TILE_ROW(r), TILE_COLUMN(q): result [r][q]
 */
#ifndef TILE_M
#define TILE_M 64 /* 16, 32, 64, 128 */
#endif
#ifndef TILE_N
#define TILE_N 64 /* likewise */
#endif
#ifndef DEPTH
#define DEPTH (TILE_N > 64 ? 8 : 16)
#endif
/* Depths that are multiplied without a branch: all of them, but for Intel, whose compiler then needs more registers than
 * there are. */
#ifndef UNROLL
#ifdef cl_intel_required_subgroup_size
#define UNROLL 2
#else
#define UNROLL DEPTH
#endif
#endif
#define SIDE 16
#define ITEMS (SIDE * SIDE)
#define PITCH_M (TILE_M + 4)
#define PITCH_N (TILE_N + 4)
#define EACH_M (TILE_M / SIDE)
#define EACH_N (TILE_N / SIDE)
#define RUN_M (EACH_M < 4 ? EACH_M : 4)
#define RUN_N (EACH_N < 4 ? EACH_N : 4)

#define TILE_KERNEL __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1) FER_PRIVATE_FLOATS(EACH_M * EACH_N))) void
/* In a kernel: the strips, of vectors so that they are read as such, this work-item's place, and its sums. */
#define TILE_LOCALS                                                                                                      \
    __local float4 a_fours[2 * DEPTH * PITCH_M / 4], b_fours[2 * DEPTH * PITCH_N / 4];                                     \
    __local float *const a_strip = (__local float *)a_fours, *const b_strip = (__local float *)b_fours;                  \
    const int id = (int)get_local_id(0);                                                                                 \
    const int to_m = id % 32 / 8 + id / 64 * 4, to_n = id % 8 + id / 32 % 2 * 8;                                         \
    float sum[EACH_M][EACH_N];                                                                                           \
    tile_clear(sum);
#define TILE_NOW(step) (((step)&1) * DEPTH)
#define TILE_PLACE(e, place, run) ((e) / (run) * (SIDE * (run)) + (place) * (run) + (e) % (run))
#define TILE_ROW(r) TILE_PLACE(r, to_m, RUN_M)
#define TILE_COLUMN(q) TILE_PLACE(q, to_n, RUN_N)

/* Sums are numbers, not vectors: Intel's compiler keeps a vector that goes around a loop twice. */
static inline void tile_clear(float sum[EACH_M][EACH_N])
{
#pragma unroll
    for (int r = 0; r < EACH_M; r++)
#pragma unroll
        for (int q = 0; q < EACH_N; q++)
            sum[r][q] = 0.0f;
}

/* to = the `each` numbers of a strip's row that are those of `place`. */
static inline void tile_take(float *to, __local const float *row, const int each, const int place)
{
    if (each == 1)
        to[0] = row[place];
    else if (each == 2)
        vstore2(((__local const float2 *)row)[place], 0, to);
    else
#pragma unroll
        for (int e = 0; e < each / 4; e++)
            vstore4(((__local const float4 *)row)[e * SIDE + place], e, to);
}

/* sum += the products of a pair of strips, of two rows at a time: single rows, or whole columns, one after the other cost
 * ptxas up to 15 registers more, over 128. */
static inline void tile_multiply(float sum[EACH_M][EACH_N], __local const float *a, __local const float *b, const int to_m,
                                 const int to_n)
{
#pragma unroll UNROLL
    for (int l = 0; l < DEPTH; l++) {
        float row[EACH_M], column[EACH_N];
        tile_take(row, a + l * PITCH_M, EACH_M, to_m);
        tile_take(column, b + l * PITCH_N, EACH_N, to_n);
#pragma unroll
        for (int down = 0; down < EACH_M; down += 2)
#pragma unroll
            for (int q = 0; q < EACH_N; q++)
#pragma unroll
                for (int r = down; r < EACH_M && r < down + 2; r++)
                    sum[r][q] = fma(row[r], column[q], sum[r][q]);
    }
}
