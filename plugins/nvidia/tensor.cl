/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products by tensor cores (mma.sync, PTX ISA 9.7, "Warp Level Matrix Instructions"), for compute capability 8.0
 * and later: what is multiplied is rounded to TF32, or with -DBF16 to bf16; sums are f32.
 *
 * tensor_product        c = a b (+ bias), as gemm.cl of the plugin vision
 * tensor_conv           convolution forward, with -DGRADIENT the gradient of its input: an implicit matrix product, whose
 *                       second matrix is gathered and never written down, as conv_implicit.cl of the plugin vision
 * tensor_conv_pack      its first matrix: weights in the order in which they are read, rounded
 * tensor_conv_weights   the gradient of the weights, likewise, in splits …
 * tensor_conv_sum       … that are added in order
 *
 *                          TILE_N columns           A work-group is four (or eight) warps of 32 work-items; each has its part
 *                     +----------------------+      of the sums in registers, as fragments of 16 x 8.
 *              WORDS  |  b, in local memory  |
 *                     +----------------------+      The depth goes by in steps of WORDS words.  A word holds one number in
 *          +-----+    +-----------+----------+      TF32, or two neighbours in bf16; one instruction multiplies 16 x 8 x 8
 *          |     |    |  warp 0   |  warp 1  |      words.  There are two tiles of a and of b: while one is multiplied,
 *   TILE_M |  a  |    +-----------+----------+      the next step's numbers come into registers, are rounded, and go to
 *    rows  |     |    |  warp 2   |  warp 3  |      the other: one barrier a step.  No load stands behind a branch: what
 *          +-----+    +-----------+----------+      lies outside is not read but zero, by a predicate.
 *
 * A tile in local memory: two halves of 8 words, one for each instruction of a step, with PAD words between.  In a half
 * 16 rows (of a; columns of b) are a block of 8 lines of 4 quads, and a quad is what one lane reads at once:
 *
 *     quad t of line g      of a: rows g and g + 8 by turns, words 2t, 2t, 2t + 1, 2t + 1: the four registers of a fragment
 *     lies at t ^ g / 2     of b: columns g, g, g + 8, g + 8, words 2t, 2t + 1, 2t, 2t + 1: two registers of two of them
 *
 *     bank  0     4     8     12    16    20    24    28         So no bank is met twice by lanes that read;
 *           0,0   0,1   0,2   0,3   1,0   1,1   1,2   1,3        by 16 columns that write words 2t, 2t + 1 of b;
 *           2,1   2,0   2,3   2,2   3,1   3,0   3,3   3,2        by rows r and r + 8 that write their 16 words,
 *           4,2 …                                                one a lane.  (g, t are shown.)
 *
 * Which word is which of the instruction's depth is free, as long as a and b agree: lane t of four has k = t and t + 4 in
 * words 2t and 2t + 1.
 *
 * With -DEMULATE the instruction is played in plain OpenCL C: the 32 work-items exchange their fragments through local
 * memory as the tables of the PTX ISA say.  That is how indices and layouts are tested where there is no such device.
 */
#ifndef TILE_M
#define TILE_M 64
#endif
#ifndef TILE_N
#define TILE_N 64
#endif
#ifndef RUN
#define RUN 16 /* words that a convolution gathers at one tap, 16 or 4: channels are padded to so many */
#endif
#ifndef ITEMS
#define ITEMS 128 /* or 256 */
#endif
#define WARPS_ACROSS (ITEMS / 64) /* of two rows of warps */
#define WORDS 16
#define PAD 16
#define MS (TILE_M / 2 / 16) /* fragments of a warp: rows and columns of them */
#define NS (TILE_N / WARPS_ACROSS / 8)
#ifdef BF16
#define NUMBERS 2 /* in a word */
#else
#define NUMBERS 1
#endif
#define DEPTH (WORDS * NUMBERS)
#ifndef PARTS
#define PARTS NUMBERS /* of a step that are fetched one after the other, or registers would not do */
#endif
#define GROUP __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void

/* ---- reading and rounding ---- */

/* The bits of what lies at p, or 0. */
#ifdef EMULATE
static uint load_FULL(__global const float *p, const int ok)
{
    return ok ? as_uint(*p) : 0;
}
static uint load_BFLOAT(__global const ushort *p, const int ok)
{
    return ok ? *p : 0;
}
/* To nearest, ties away from zero: cvt.rna. */
static uint round_tf32(const float v)
{
    return isfinite(v) ? (as_uint(v) + 0x1000u) & ~0x1FFFu : as_uint(v);
}
/* To nearest even: cvt.rn. */
static uint round_bf16(const float v)
{
    const uint bits = as_uint(v);
    return (isnan(v) ? 0x7FFF0000u : bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
}
static uint pack(const float low, const float high)
{
    return round_bf16(high) << 16 | round_bf16(low);
}
#else
/* A branch around each load, as `? :` becomes, would let no two of them be under way at once. */
#define LOAD_PTX(type)                                                                                                   \
    uint bits;                                                                                                           \
    __asm__ volatile("{ .reg .pred ok; setp.ne.s32 ok, %2, 0; mov.b32 %0, 0; @ok ld.global." type " %0, [%1]; }"         \
                     : "=r"(bits)                                                                                        \
                     : "l"((size_t)p), "r"(ok));                                                                         \
    return bits;
static uint load_FULL(__global const float *p, const int ok)
{
    LOAD_PTX("u32")
}
static uint load_BFLOAT(__global const ushort *p, const int ok)
{
    LOAD_PTX("u16")
}
static uint round_tf32(const float v)
{
    uint bits;
    __asm__("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(v));
    return bits;
}
static uint pack(const float low, const float high)
{
    uint bits;
    __asm__("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
}
#endif
/* The compiler shall compute multiples of v anew each time: kept in registers all through a loop they would spill. */
#ifdef EMULATE
#define HIDE(v)
#else
#define HIDE(v) __asm__ volatile("" : "+r"(v));
#endif
#define BITS(x, p, ok) FER_PASTE(load_, FER_FORM_##x)(p, ok)
/* A word of as many numbers as it has, by their bits. */
#ifdef BF16
#define WORD_FULL(bits) pack(as_float((bits)[0]), as_float((bits)[1]))
#define WORD_BFLOAT(bits) ((bits)[0] | (bits)[1] << 16)
#else
#define WORD_FULL(bits) round_tf32(as_float((bits)[0]))
#define WORD_BFLOAT(bits) ((bits)[0] << 16)
#endif
#define WORD(x, bits) FER_PASTE(WORD_, FER_FORM_##x)(bits)

/* ---- sum += a b, of fragments ---- */

#ifdef EMULATE
/* The element (row, l) of the 16 x 8 words of a, or (l, column) of b, out of the fragments of a warp's lanes.  PTX ISA,
 * "Matrix Fragments for mma.m16n8k8" (.tf32) and "… mma.m16n8k16 with floating point type" (.bf16):
 *     .tf32  a0 … a3   row = groupID for a0 and a2, groupID + 8 for a1 and a3
 *                      col = threadID_in_group for a0 and a1, threadID_in_group + 4 for a2 and a3
 *            b0, b1    row = threadID_in_group for b0, threadID_in_group + 4 for b1; col = groupID
 *     .bf16  a0 … a7   row = groupID for i < 2 and 4 <= i < 6, else groupID + 8
 *                      col = threadID_in_group * 2 + (i & 1) for i < 4, 8 more for i >= 4
 *            b0 … b3   row = threadID_in_group * 2 + (i & 1) for i < 2, 8 more for i >= 2; col = groupID
 *     c0 … c3          row = groupID for c0 and c1, else groupID + 8; col = threadID_in_group * 2 + (i & 1)
 * with groupID = lane / 4 and threadID_in_group = lane % 4; two .bf16 are a register, the lower one first. */
#define A_REGISTERS 4
#define REGISTERS (A_REGISTERS + 2)
static float a_element(__local uint (*lanes)[REGISTERS], const int row, const int l)
{
#ifdef BF16
    const int i = (l >= 8 ? 4 : 0) + (row >= 8 ? 2 : 0) + l % 2, lane = row % 8 * 4 + l % 8 / 2;
    const uint two = lanes[lane][i / 2];
    return as_float(i % 2 ? two & 0xFFFF0000u : two << 16);
#else
    return as_float(lanes[row % 8 * 4 + l % 4][(l >= 4 ? 2 : 0) + (row >= 8 ? 1 : 0)]);
#endif
}

static float b_element(__local uint (*lanes)[REGISTERS], const int l, const int column)
{
#ifdef BF16
    const int i = (l >= 8 ? 2 : 0) + l % 2, lane = column * 4 + l % 8 / 2;
    const uint two = lanes[lane][A_REGISTERS + i / 2];
    return as_float(i % 2 ? two & 0xFFFF0000u : two << 16);
#else
    return as_float(lanes[column * 4 + l % 4][A_REGISTERS + (l >= 4 ? 1 : 0)]);
#endif
}

static void mma(float *c, const uint *a, const uint *b, __local uint (*all)[REGISTERS])
{
    const int id = (int)get_local_id(0), lane = id % 32;
    for (int i = 0; i < A_REGISTERS; i++)
        all[id][i] = a[i];
    for (int i = 0; i < 2; i++)
        all[id][A_REGISTERS + i] = b[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < 8 * NUMBERS; l++)
            c[i] = fma(a_element(all + id - lane, lane / 4 + (i < 2 ? 0 : 8), l),
                       b_element(all + id - lane, l, lane % 4 * 2 + i % 2), c[i]);
    barrier(CLK_LOCAL_MEM_FENCE);
}
#define EXCHANGE __local uint exchange[ITEMS][REGISTERS];
#define MMA(c, a, b) mma(c, a, b, exchange)
#define UNROLL _Pragma("unroll 1")
#else
static void mma(float *c, const uint *a, const uint *b)
{
#ifdef BF16
    __asm__ volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                     "{%10, %11, %12, %13};"
#else
    __asm__ volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                     "{%10, %11, %12, %13};"
#endif
                     : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]),
                       "f"(c[2]), "f"(c[3]));
}
#define EXCHANGE
#define MMA(c, a, b) mma(c, a, b)
#define UNROLL _Pragma("unroll")
#endif

/* ---- tiles in local memory ---- */

#define HALF_TILE(SIDE) ((SIDE) * 8 + PAD)
#define TILE_WORDS(SIDE) (2 * HALF_TILE(SIDE))
#define QUAD_PLACE(SIDE, r, w) ((w) / 8 * HALF_TILE(SIDE) + (r) / 16 * 128 + ((r) % 8 * 4 + ((w) / 2 ^ (r) / 2) % 4) * 4)
/* Word w of row or column r. */
#define A_PLACE(r, w) (QUAD_PLACE(TILE_M, r, w) + (w) % 2 * 2 + (r) / 8 % 2)
#define B_PLACE(r, w) (QUAD_PLACE(TILE_N, r, w) + (w) % 2 + (r) / 8 % 2 * 2)

#define LANE (id % 32)
#define WARP_ROW (id / 32 / WARPS_ACROSS * (TILE_M / 2))
#define WARP_COLUMN (id / 32 % WARPS_ACROSS * (TILE_N / WARPS_ACROSS))
#define LANE_PLACE QUAD_PLACE(0, LANE / 4, LANE % 4 * 2)

static void read_quad(uint *to, __local const uint *from)
{
    const uint4 quad = *(__local const uint4 *)from;
    to[0] = quad.x;
    to[1] = quad.y;
    to[2] = quad.z;
    to[3] = quad.w;
}

/* Who fetches what of a tile.  ALONG: neighbours along the depth, each word id % 16 of rows one below the other.  ACROSS:
 * neighbours along rows (or columns), each EACH words of one. */
#define EACH(SIDE) (SIDE * WORDS / ITEMS)  /* words of a work-item in a step … */
#define FETCHED(SIDE) (EACH(SIDE) / PARTS) /* … and in a part of it */
#define ALONG_FIRST(SIDE) (id / 32 * (SIDE * 32 / ITEMS) + id / 16 % 2 * 8)
#define ALONG_MORE(e) ((e) / 8 * 16 + (e) % 8)
#define ACROSS_WORD(SIDE) (id / SIDE * EACH(SIDE))
#define DELIVER_ALONG(x, bits, OPERAND_PLACE, SIDE, part, to)                                                            \
    UNROLL for (int e = 0; e < FETCHED(SIDE); e++)(to)[OPERAND_PLACE(                                                    \
        ALONG_FIRST(SIDE) + ALONG_MORE((part)*FETCHED(SIDE) + e), id % 16)] = WORD(x, bits + e * NUMBERS);
#define DELIVER_ACROSS(x, bits, OPERAND_PLACE, SIDE, part, to)                                                           \
    UNROLL for (int e = 0; e < FETCHED(SIDE); e += 2)                                                                    \
    {                                                                                                                    \
        const uint w = ACROSS_WORD(SIDE) + (part)*FETCHED(SIDE) + e;                                                     \
        const uint2 words = (uint2)(WORD(x, bits + e * NUMBERS), WORD(x, bits + (e + 1) * NUMBERS));                     \
        FER_PASTE(PUT_, OPERAND_PLACE)(to, id % SIDE, w, words)                                                          \
    }
#define PUT_A_PLACE(to, r, w, words)                                                                                     \
    (to)[A_PLACE(r, w)] = words.x;                                                                                       \
    (to)[A_PLACE(r, w + 1)] = words.y;
#define PUT_B_PLACE(to, r, w, words) *(__local uint2 *)((to) + B_PLACE(r, w)) = words;

/* ---- a work-group's tile ---- */

#define LOCALS                                                                                                           \
    __local uint4 tiles[2][(TILE_WORDS(TILE_M) + TILE_WORDS(TILE_N)) / 4];                                               \
    EXCHANGE                                                                                                             \
    const uint id = get_local_id(0) % ITEMS; /* so the compiler knows that there are no more */

/* sum = products over so many steps.  FETCH(part) brings the numbers of the next step into registers, zeros past the last
 * one; DELIVER(part, a, b) rounds them and puts them into tiles. */
#define MULTIPLY(steps)                                                                                                  \
    float sum[MS][NS][4];                                                                                                \
    UNROLL for (int i = 0; i < MS; i++)                                                                                  \
        UNROLL for (int j = 0; j < NS; j++)                                                                              \
            UNROLL for (int q = 0; q < 4; q++) sum[i][j][q] = 0.0f;                                                      \
    UNROLL for (int part = 0; part < PARTS; part++)                                                                      \
    {                                                                                                                    \
        __local uint *const a_to = (__local uint *)tiles[0], *const b_to = a_to + TILE_WORDS(TILE_M);                    \
        FETCH(part)                                                                                                      \
        DELIVER(part, a_to, b_to)                                                                                        \
    }                                                                                                                    \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                        \
    _Pragma("unroll 1") for (int step = 0; step < (steps); step++)                                                       \
    {                                                                                                                    \
        __local uint *const now = (__local uint *)tiles[step % 2];                                                       \
        __local uint *const a_to = (__local uint *)tiles[(step + 1) % 2], *const b_to = a_to + TILE_WORDS(TILE_M);       \
        __local const uint *const a_lane = now + WARP_ROW * 8 + LANE_PLACE;                                              \
        __local const uint *const b_lane = now + TILE_WORDS(TILE_M) + WARP_COLUMN * 8 + LANE_PLACE;                      \
        uint part_a[4], part_b[NS][2];                                                                                   \
        UNROLL for (int part = 0; part < PARTS; part++)                                                                  \
        {                                                                                                                \
            FETCH(part)                                                                                                  \
            UNROLL for (int f = part * 2 * MS / PARTS; f < (part + 1) * 2 * MS / PARTS; f++)                             \
            {                                                                                                            \
                const int s = f / MS, i = f % MS;                                                                        \
                if (i == 0)                                                                                              \
                    UNROLL for (int j = 0; j < NS; j += 2)                                                               \
                        read_quad(part_b[j], b_lane + s * HALF_TILE(TILE_N) + 64 * j);                                   \
                read_quad(part_a, a_lane + s * HALF_TILE(TILE_M) + 128 * i);                                             \
                UNROLL for (int j = 0; j < NS; j++) MMA(sum[i][j], part_a, part_b[j]);                                   \
            }                                                                                                            \
            DELIVER(part, a_to, b_to)                                                                                    \
        }                                                                                                                \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
    }

/* For each column of this work-item COLUMN(q), then for each of its sums there WRITE(r, q, value); within the tile. */
#define WRITE_ALL                                                                                                        \
    UNROLL for (int j = 0; j < NS; j++)                                                                                  \
        UNROLL for (int u = 0; u < 2; u++)                                                                               \
    {                                                                                                                    \
        const int q = (int)(WARP_COLUMN + 8 * j + LANE % 4 * 2 + u);                                                     \
        COLUMN(q)                                                                                                        \
        UNROLL for (int i = 0; i < MS; i++)                                                                              \
            UNROLL for (int h = 0; h < 2; h++)                                                                           \
        {                                                                                                                \
            const int r = (int)(WARP_ROW + 16 * i + LANE / 4 + 8 * h);                                                   \
            WRITE(r, q, sum[i][j][2 * h + u])                                                                            \
        }                                                                                                                \
    }

#ifdef FER_KERNEL_tensor_product
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
#endif

#if defined(FER_KERNEL_tensor_conv) || defined(FER_KERNEL_tensor_conv_pack)
/* Which input positions one axis reads: `count` outputs from `first` in steps of `step`; output i and the t-th of `taps`
 * taps, tap + tap_step * t of the kernel, meet at input origin + scale * i + walk * t.  Forward that is the convolution
 * itself.  Of the gradient it is one phase: the inputs i with i % stride = phase see only every stride-th tap. */
struct axis {
    int first, step, count;
    int tap, tap_step, taps;
    int origin, scale, walk;
};

static void make_axis(struct axis *a, int size, int kernel_size, int stride, int pad, int dilation, int phase)
{
#ifdef GRADIENT
    a->first = phase;
    a->step = stride;
    a->count = (size - phase + stride - 1) / stride;
    a->tap = 0;
    while (a->tap < kernel_size && (phase + pad - a->tap * dilation) % stride != 0)
        a->tap++;
    a->tap_step = 1;
    while (a->tap_step * dilation % stride != 0)
        a->tap_step++;
    a->taps = a->tap < kernel_size ? (kernel_size - 1 - a->tap) / a->tap_step + 1 : 0;
    a->origin = (phase + pad - a->tap * dilation) / stride;
    a->scale = 1;
    a->walk = -(a->tap_step * dilation / stride);
#else
    a->first = 0;
    a->step = 1;
    a->count = size;
    a->tap = 0;
    a->tap_step = 1;
    a->taps = kernel_size;
    a->origin = -pad;
    a->scale = stride;
    a->walk = dilation;
#endif
}

/* Words of a tap's channels. */
static int tap_words(const int group_in)
{
    return (group_in + RUN * NUMBERS - 1) / (RUN * NUMBERS) * RUN;
}
#endif

#ifdef FER_KERNEL_tensor_conv_pack
/* packed[phase][group][block of 16 rows][step], and there 16 rows by 16 words as they lie in a tile.  A row has the taps
 * of the phase, of each the channels; zeros follow the channels, the taps and the rows, and one more step behind all. */
__kernel void tensor_conv_pack(FER_IN(w), FER_OUT(packed), const int kernel_size, const int stride, const int pad,
                               const int dilation, const int group_in, const int group_out, const int groups,
                               const int steps, const int count)
{
    const int i = (int)get_global_id(0);
    if (i >= count)
        return;
    const int in = i % 256, line = in % 128 / 16, quad = in / 4 % 4 ^ line / 2; /* A_PLACE, the other way about */
    const int l = i / 256 % steps * WORDS + in / 128 * 8 + quad * 2 + in % 4 / 2;
    const int blocks = (group_out + 15) / 16, block = i / 256 / steps, k = block % blocks * 16 + line + in % 2 * 8;
    const int group = block / blocks % groups, phase = block / blocks / groups;
    const int words = tap_words(group_in), tap = l / words;
    struct axis v, h;
    uint bits[2] = { 0, 0 };
    make_axis(&v, 0, kernel_size, stride, pad, dilation, phase / stride);
    make_axis(&h, 0, kernel_size, stride, pad, dilation, phase % stride);
    for (int u = 0; u < NUMBERS; u++) {
        const int c = l % words * NUMBERS + u;
        if (tap >= v.taps * h.taps || c >= group_in || k >= group_out || phase >= stride * stride)
            continue;
#ifdef GRADIENT
        const size_t at = (size_t)(group * group_in + c) * group_out + k;
#else
        const size_t at = (size_t)(group * group_out + k) * group_in + c;
#endif
        const int t = (v.tap + v.tap_step * (tap / h.taps)) * kernel_size + h.tap + h.tap_step * (tap % h.taps);
        bits[u] = as_uint(FER_GET(w, at * (kernel_size * kernel_size) + t));
    }
    DATA(packed)[i] = as_float(WORD_FULL(bits));
}
#endif

#ifdef FER_KERNEL_tensor_conv
/* Where a work-item gathers next: a place of its pixel's under one tap, channels from c on. */
struct walk {
    int left;         /* words to the end of the depth */
    int c, tap, i, j; /* tap: of its row of taps */
};

static void advance(struct walk *at, const int words, const int channels, const struct axis *v, const struct axis *h,
                    const int column)
{
    at->left -= words;
    at->c += words * NUMBERS;
    if (at->c >= channels) {
        at->c -= channels;
        at->tap++;
        at->j += h->walk;
        if (at->tap == h->taps) {
            at->tap = 0;
            at->j = column;
            at->i += v->walk;
        }
    }
}

/* x is read, y written; with GRADIENT they are dy and dx.  group_in, group_out: channels of a group read and written.
 * Rows are output channels, columns the pixels of all images, the depth is (tap, input channel): so that what belongs to
 * a tap is computed once for RUN words, and the next channel is one addition away.  With -DWHOLE there are no channels of
 * padding.  Dimension 0: columns, 1: rows, 2: group + groups * phase. */
GROUP tensor_conv(FER_IN(x), FER_IN(packed), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
                  const int pad, const int dilation, const int group_in, const int group_out, const int row_steps)
{
    LOCALS
    const int groups = y_dim.y / group_out, group = (int)get_group_id(2) % groups, phase = (int)get_group_id(2) / groups;
    struct axis v, h;
    make_axis(&v, y_dim.z, kernel_size, stride, pad, dilation, phase / stride);
    make_axis(&h, y_dim.w, kernel_size, stride, pad, dilation, phase % stride);
    const int plane = v.count * h.count, pixels = y_dim.x * plane, words = tap_words(group_in);
    const int depth = words * v.taps * h.taps, x_plane = x_dim.z * x_dim.w;
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    uint4 next_a[TILE_M * 4 / ITEMS / PARTS]; /* what a work-item has of a: quads */
    uint next_b[EACH(TILE_N)];
    if (n0 >= pixels) /* a phase that has fewer rows or columns */
        return;

    /* Of a quad id % 64 of some blocks, past the last block that again. */
    const int blocks = (group_out + 15) / 16;
    __global const uint *a_next =
        (__global const uint *)DATA(packed) + (size_t)((int)get_group_id(2) * blocks) * row_steps * 256 + id % 64 * 4;
#define A_EACH (TILE_M * 4 / ITEMS / PARTS)
#define A_BLOCK(part, e) ((int)(id / 64) + ITEMS / 64 * ((part)*A_EACH + (e)))

    /* Of b the pixel that this work-item gathers: the same one for all of its words. */
    const int pixel = min(n0 + (int)(id % TILE_N), pixels - 1), p = pixel % plane, skipped = (int)ACROSS_WORD(TILE_N);
    const int row = v.origin + v.scale * (p / h.count), column = h.origin + h.scale * (p % h.count);
    __global const FER_TYPE_x *image = DATA(x) + ((size_t)(pixel / plane) * x_dim.y + group * group_in) * x_plane;
    struct walk at = { depth - skipped, skipped % words * NUMBERS, 0, row, column };
    for (int t = skipped / words; t > 0; t--)
        advance(&at, 0, 0, &v, &h, column);
#ifdef WHOLE
#define IS_CHANNEL(c) 1
#else
#define IS_CHANNEL(c) ((c) < group_in)
#endif
#define FETCH(part)                                                                                                      \
    UNROLL for (int e = 0; e < A_EACH; e++) next_a[e] =                                                                  \
        *(__global const uint4 *)(a_next + min(m0 / 16 + A_BLOCK(part, e), blocks - 1) * (row_steps * 256));             \
    UNROLL for (int e = 0; e < FETCHED(TILE_N); e += 4)                                                                  \
    {                                                                                                                    \
        const int c = at.c + (RUN == 4 ? 0 : ((part)*FETCHED(TILE_N) + e) * NUMBERS);                                    \
        const int ok = at.left > 0 && (uint)at.i < (uint)x_dim.z && (uint)at.j < (uint)x_dim.w;                          \
        const int from = at.i * x_dim.w + at.j + c * x_plane;                                                            \
        UNROLL for (int u = 0; u < 4 * NUMBERS; u++) next_b[e * NUMBERS + u] =                                           \
            BITS(x, image + (from + u * x_plane), ok && IS_CHANNEL(c + u));                                              \
        if (RUN == 4)                                                                                                    \
            advance(&at, 4, words *NUMBERS, &v, &h, column);                                                             \
    }                                                                                                                    \
    if ((part) == PARTS - 1) {                                                                                           \
        a_next += 256;                                                                                                   \
        if (RUN == WORDS)                                                                                                \
            advance(&at, WORDS, words *NUMBERS, &v, &h, column);                                                         \
        else                                                                                                             \
            UNROLL for (int e = EACH(TILE_N); e < WORDS; e += 4) advance(&at, 4, words *NUMBERS, &v, &h, column);        \
    }
#define DELIVER(part, a_to, b_to)                                                                                        \
    UNROLL for (int e = 0; e < A_EACH; e++)*(__local uint4 *)(                                                           \
        (a_to) + id / 32 % 2 * HALF_TILE(TILE_M) + A_BLOCK(part, e) * 128 + LANE * 4) = next_a[e];                       \
    DELIVER_ACROSS(x, next_b, B_PLACE, TILE_N, part, b_to)
    MULTIPLY((depth + WORDS - 1) / WORDS)
#ifdef GRADIENT
#define PLANE_AT(out) ((v.first + v.step * ((out) / h.count)) * y_dim.w + h.first + h.step * ((out) % h.count))
#else
#define PLANE_AT(out) (out)
#endif
#define COLUMN(q)                                                                                                        \
    const int image_q = (n0 + q) / plane, at_q = PLANE_AT((n0 + q) % plane);
#define WRITE(r, q, total)                                                                                               \
    if (m0 + r < group_out && n0 + q < pixels) {                                                                         \
        const int k = group * group_out + m0 + r;                                                                        \
        const float value = FER_ADDED(total + FER_BIAS(k), , FER_PLAIN(y_dim, image_q, k, at_q));                        \
        FER_PUT(y, FER_PLAIN(y_dim, image_q, k, at_q), FER_ACTIVATE(float, value));                                      \
    }
    WRITE_ALL
}
#endif

#ifdef FER_KERNEL_tensor_conv_weights
/* partial[split][K][group_in][tap].  Rows are output channels, columns (tap, input channel), the depth is pixels.  The
 * channels of a tap are padded to fours, for which a place is computed once; with -DWHOLE there is no such padding, nor
 * are there rows past the last one.  Dimension 0: columns, 1: rows, 2: group + groups * split; a split has `split_pixels`
 * pixels. */
GROUP tensor_conv_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride,
                          const int pad, const int dilation, const int group_in, const int group_out,
                          const int split_pixels)
{
    LOCALS
    __local int4 four_at[TILE_N / 4]; /* of four columns: offset in x, row and column of the tap, channels there are */
    const int groups = dy_dim.y / group_out, group = (int)get_group_id(2) % groups, split = (int)get_group_id(2) / groups;
    const int taps = kernel_size * kernel_size, fours = (group_in + 3) / 4, x_plane = x_dim.z * x_dim.w;
    const int width = dy_dim.w, plane = dy_dim.z * width;
    const int begin = split * split_pixels, end = min(begin + split_pixels, dy_dim.x * plane);
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    uint next_a[EACH(TILE_M)], next_b[EACH(TILE_N)];
    if (id < TILE_N / 4) {
        const int tap = (n0 / 4 + (int)id) / fours, c = (n0 / 4 + (int)id) % fours * 4;
        const int i = tap / kernel_size * dilation, j = tap % kernel_size * dilation;
        four_at[id] = (int4)(c * x_plane + i * x_dim.w + j, tap < taps ? i : x_dim.z + pad, j, group_in - c);
    }
    barrier(CLK_LOCAL_MEM_FENCE);

    /* The pixels that this work-item has of every row: as many as a word has numbers.  DEPTH is added in digits of image,
     * row and column. */
    const int rows_left = group_out - m0 - (int)ALONG_FIRST(TILE_M);
    const int images_on = DEPTH / plane, rows_on = DEPTH % plane / width, columns_on = DEPTH % plane % width;
    const size_t y_image = (size_t)dy_dim.y * plane, x_image = (size_t)x_dim.y * x_plane;
    __global const FER_TYPE_dy *const y_from =
        DATA(dy) + (size_t)(group * group_out + m0 + (int)ALONG_FIRST(TILE_M)) * plane;
    __global const FER_TYPE_x *const x_from = DATA(x) + (size_t)(group * group_in) * x_plane;
    int l[NUMBERS], n[NUMBERS], i[NUMBERS], j[NUMBERS];
#ifdef WHOLE
#define IS_THERE(i, count) 1
#else
#define IS_THERE(i, count) ((i) < (count))
#endif
    UNROLL for (int u = 0; u < NUMBERS; u++)
    {
        l[u] = begin + (int)(id % 16) * NUMBERS + u;
        n[u] = l[u] / plane;
        i[u] = l[u] % plane / width;
        j[u] = l[u] % plane % width;
    }
#define FETCH(part)                                                                                                      \
    UNROLL for (int u = 0; u < NUMBERS; u++)                                                                             \
    {                                                                                                                    \
        const int x_i = i[u] * stride - pad, x_j = j[u] * stride - pad, x_p = x_i * x_dim.w + x_j;                       \
        const int y_p = i[u] * width + j[u], there = l[u] < end;                                                         \
        __global const FER_TYPE_dy *const y_at = y_from + n[u] * y_image;                                                \
        __global const FER_TYPE_x *const x_at = x_from + n[u] * x_image;                                                 \
        int plane_on = plane;                                                                                            \
        HIDE(plane_on)                                                                                                   \
        UNROLL for (int e = 0; e < FETCHED(TILE_M); e++)                                                                 \
        {                                                                                                                \
            const int r = ALONG_MORE((part)*FETCHED(TILE_M) + e);                                                        \
            next_a[e * NUMBERS + u] = BITS(dy, y_at + (y_p + r * plane_on), there && IS_THERE(r, rows_left));            \
        }                                                                                                                \
        UNROLL for (int e = 0; e < FETCHED(TILE_N); e += 4)                                                              \
        {                                                                                                                \
            const int4 to = four_at[(ALONG_FIRST(TILE_N) + ALONG_MORE((part)*FETCHED(TILE_N) + e)) / 4];                 \
            const int from = x_p + to.x;                                                                                 \
            const int ok =                                                                                               \
                there && (uint)(x_i + to.y) < (uint)x_dim.z && (uint)(x_j + to.z) < (uint)x_dim.w;                       \
            UNROLL for (int k = 0; k < 4; k++) next_b[(e + k) * NUMBERS + u] =                                           \
                BITS(x, x_at + (from + k * x_plane), ok && IS_THERE(k, to.w));                                           \
        }                                                                                                                \
        if ((part) == PARTS - 1) {                                                                                       \
            l[u] += DEPTH;                                                                                               \
            j[u] += columns_on;                                                                                          \
            i[u] += rows_on + (j[u] >= width);                                                                           \
            j[u] -= j[u] >= width ? width : 0;                                                                           \
            n[u] += images_on + (i[u] >= dy_dim.z);                                                                      \
            i[u] -= i[u] >= dy_dim.z ? dy_dim.z : 0;                                                                     \
        }                                                                                                                \
    }
#define DELIVER(part, a_to, b_to)                                                                                        \
    DELIVER_ALONG(dy, next_a, A_PLACE, TILE_M, part, a_to)                                                               \
    DELIVER_ALONG(x, next_b, B_PLACE, TILE_N, part, b_to)
    MULTIPLY((end - begin + DEPTH - 1) / DEPTH)
#define COLUMN(q) const int tap = (n0 + q) / (fours * 4), c = (n0 + q) % (fours * 4);
#define WRITE(r, q, value)                                                                                               \
    if (m0 + r < group_out && tap < taps && c < group_in)                                                                \
        DATA(partial)[(((size_t)split * dy_dim.y + group * group_out + m0 + r) * group_in + c) * taps + tap] = value;
    WRITE_ALL
}
#endif

#ifdef FER_KERNEL_tensor_conv_sum
/* dw[i] = the sum over splits, in order. */
__kernel void tensor_conv_sum(FER_IN(partial), FER_OUT(dw), const int count, const int splits)
{
    const int i = (int)get_global_id(0);
    float sum = 0.0f;
    if (i >= count)
        return;
    for (int s = 0; s < splits; s++)
        sum += DATA(partial)[(size_t)s * count + i];
    DATA(dw)[i] = sum;
}
#endif
