/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by tensor_product.cl and tensor_conv.cl: a work-group's tile of sums by tensor cores (mma.sync, PTX ISA 9.7,
 * "Warp Level Matrix Instructions"), for compute capability 8.0 and later.  What is multiplied is rounded to TF32, or with
 * -DBF16 to bf16; sums are f32.
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
