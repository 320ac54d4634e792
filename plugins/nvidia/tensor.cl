/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products by tensor cores (mma.sync, PTX ISA 9.7, "Warp Level Matrix Instructions"), for compute capability 8.0
 * and later: what is multiplied is rounded to TF32, or with -DBFLOAT to bf16; sums are f32.
 *
 * tensor_product        c = a b (+ bias), as gemm.cl of the plugin vision
 * tensor_conv           convolution forward, with -DGRADIENT the gradient of its input: an implicit matrix product, whose
 *                       second matrix is gathered and never written down, as conv_implicit.cl of the plugin vision
 * tensor_conv_weights   the gradient of the weights, likewise, in splits …
 * tensor_conv_sum       … that are added in order
 *
 *                          TILE_N columns           A work-group has warps of 32 work-items, 2 rows of TILE_N / 32 of them.
 *                     +----------------------+      Each has TILE_M / 2 x 32 sums in registers, as fragments of 16 x 8.
 *              WORDS  |  b, in local memory  |
 *                     +----------------------+      The depth goes by in steps of WORDS words.  A word holds one number in
 *          +-----+    +-----------+----------+      TF32, or two neighbours in bf16; one instruction multiplies 16 x 8 x 8
 *          |     |    |  warp 0   |  warp 1  |      words.  In local memory the words of a row (a) or column (b) lie one
 *   TILE_M |  a  |    +-----------+----------+      behind the other, STRIDE from the next: so fragments are read without
 *    rows  |     |    |  warp 2   |  warp 3  |      bank conflicts.  While a step is multiplied the next one is fetched.
 *          +-----+    +-----------+----------+
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
#define ITEMS (2 * TILE_N)
#define WORDS 16
#define STRIDE (WORDS + 4)
#define MS (TILE_M / 2 / 16) /* fragments of a warp: rows and columns of them */
#define NS 4
#define A_EACH (TILE_M * WORDS / ITEMS) /* words that a work-item fetches */
#define B_EACH (TILE_N * WORDS / ITEMS)
#ifdef BFLOAT
#define NUMBERS 2 /* in a word */
#else
#define NUMBERS 1
#endif
#define DEPTH (WORDS * NUMBERS)
#define GROUP __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void

/* ---- rounding ---- */

#ifdef EMULATE
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
/* Word `w` of row or column r, as numbers AT(r, l). */
#ifdef BFLOAT
#define WORD(AT, r, l) pack(AT(r, l), AT(r, (l) + 1))
#else
#define WORD(AT, r, l) round_tf32(AT(r, l))
#endif

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
#ifdef BFLOAT
    const int i = (l >= 8 ? 4 : 0) + (row >= 8 ? 2 : 0) + l % 2, lane = row % 8 * 4 + l % 8 / 2;
    const uint two = lanes[lane][i / 2];
    return as_float(i % 2 ? two & 0xFFFF0000u : two << 16);
#else
    return as_float(lanes[row % 8 * 4 + l % 4][(l >= 4 ? 2 : 0) + (row >= 8 ? 1 : 0)]);
#endif
}

static float b_element(__local uint (*lanes)[REGISTERS], const int l, const int column)
{
#ifdef BFLOAT
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
#ifdef BFLOAT
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

/* The words of step s that this lane has of a fragment: row or column lane / 4, word lane % 4 and the fourth after it. */
#define LANE ((int)get_local_id(0) % 32)
#define WARP ((int)get_local_id(0) / 32)
#define WARP_ROW (WARP / (TILE_N / 32) * (TILE_M / 2))
#define WARP_COLUMN (WARP % (TILE_N / 32) * 32)
static void read_a(uint *to, __local uint (*a)[STRIDE], const int row, const int s)
{
    const int r = row + LANE / 4, w = s + LANE % 4;
    to[0] = a[r][w];
    to[1] = a[r + 8][w];
    to[2] = a[r][w + 4];
    to[3] = a[r + 8][w + 4];
}

static void read_b(uint *to, __local uint (*b)[STRIDE], const int column, const int s)
{
    to[0] = b[column + LANE / 4][s + LANE % 4];
    to[1] = b[column + LANE / 4][s + LANE % 4 + 4];
}

/* ---- a work-group's tile ---- */

/* Which word of the tile a work-item fetches as its e-th: neighbours along the depth, or along rows or columns. */
#define ALONG_DEPTH_R(TILE, e) ((id + (e) * ITEMS) / WORDS)
#define ALONG_DEPTH_W(TILE, e) ((id + (e) * ITEMS) % WORDS)
#define ACROSS_R(TILE, e) ((id + (e) * ITEMS) % TILE)
#define ACROSS_W(TILE, e) ((id + (e) * ITEMS) / TILE)
#ifdef A_ACROSS
#define A_R(e) ACROSS_R(TILE_M, e)
#define A_W(e) ACROSS_W(TILE_M, e)
#else
#define A_R(e) ALONG_DEPTH_R(TILE_M, e)
#define A_W(e) ALONG_DEPTH_W(TILE_M, e)
#endif
#ifdef B_ACROSS
#define B_R(e) ACROSS_R(TILE_N, e)
#define B_W(e) ACROSS_W(TILE_N, e)
#else
#define B_R(e) ALONG_DEPTH_R(TILE_N, e)
#define B_W(e) ALONG_DEPTH_W(TILE_N, e)
#endif

#define FETCH(l0)                                                                                                        \
    UNROLL for (int e = 0; e < A_EACH; e++) next_a[e] = WORD(A_AT, A_R(e), (l0) + A_W(e) * NUMBERS);                     \
    UNROLL for (int e = 0; e < B_EACH; e++) next_b[e] = WORD(B_AT, B_R(e), (l0) + B_W(e) * NUMBERS);

/* sum = the products of A_AT(row, l) and B_AT(column, l) over begin <= l < end, which are zero past that. */
#define MULTIPLY(begin, end)                                                                                             \
    __local uint a_tile[TILE_M][STRIDE], b_tile[TILE_N][STRIDE];                                                         \
    EXCHANGE                                                                                                             \
    const int id = (int)get_local_id(0);                                                                                 \
    uint next_a[A_EACH], next_b[B_EACH], part_a[MS][4], part_b[NS][2];                                                   \
    float sum[MS][NS][4];                                                                                                \
    UNROLL for (int i = 0; i < MS; i++)                                                                                  \
        UNROLL for (int j = 0; j < NS; j++)                                                                              \
            UNROLL for (int q = 0; q < 4; q++) sum[i][j][q] = 0.0f;                                                      \
    FETCH(begin)                                                                                                         \
    for (int l0 = (begin); l0 < (end); l0 += DEPTH) {                                                                    \
        UNROLL for (int e = 0; e < A_EACH; e++) a_tile[A_R(e)][A_W(e)] = next_a[e];                                      \
        UNROLL for (int e = 0; e < B_EACH; e++) b_tile[B_R(e)][B_W(e)] = next_b[e];                                      \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
        if (l0 + DEPTH < (end)) {                                                                                        \
            FETCH(l0 + DEPTH)                                                                                            \
        }                                                                                                                \
        UNROLL for (int s = 0; s < WORDS; s += 8)                                                                        \
        {                                                                                                                \
            UNROLL for (int i = 0; i < MS; i++) read_a(part_a[i], a_tile, WARP_ROW + 16 * i, s);                         \
            UNROLL for (int j = 0; j < NS; j++) read_b(part_b[j], b_tile, WARP_COLUMN + 8 * j, s);                       \
            UNROLL for (int i = 0; i < MS; i++)                                                                          \
                UNROLL for (int j = 0; j < NS; j++) MMA(sum[i][j], part_a[i], part_b[j]);                                \
        }                                                                                                                \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
    }

/* For each sum of this work-item: WRITE(row, column, value), both within the tile. */
#define WRITE_ALL                                                                                                        \
    UNROLL for (int i = 0; i < MS; i++)                                                                                  \
        UNROLL for (int j = 0; j < NS; j++)                                                                              \
            UNROLL for (int q = 0; q < 4; q++)                                                                           \
    {                                                                                                                    \
        WRITE(WARP_ROW + 16 * i + LANE / 4 + (q < 2 ? 0 : 8), WARP_COLUMN + 8 * j + LANE % 4 * 2 + q % 2, sum[i][j][q])  \
    }

#ifdef FER_KERNEL_tensor_product
/* m, n, depth: rows, columns and depth, where m or depth is 0 the live batch.  Dimension 0: columns, 1: rows, 2: matrix. */
GROUP tensor_product(FER_IN(a), FER_IN(b), FER_BIAS_IN FER_OUT(c), const int m_, const int n, const int depth_,
                     const int a_row, const int a_column, const int b_row, const int b_column, const int a_step,
                     const int b_step, const int c_step)
{
    const int m = m_ ? m_ : a_dim.x, depth = depth_ ? depth_ : a_dim.x;
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    const size_t z = get_group_id(2), a_at = z * a_step, b_at = z * b_step, c_at = z * c_step;
#define A_AT(r, l)                                                                                                       \
    (m0 + (r) < m && (l) < depth ? FER_GET(a, a_at + (size_t)(m0 + (r)) * a_row + (size_t)(l) * a_column) : 0.0f)
#define B_AT(r, l)                                                                                                       \
    (n0 + (r) < n && (l) < depth ? FER_GET(b, b_at + (size_t)(l) * b_row + (size_t)(n0 + (r)) * b_column) : 0.0f)
    MULTIPLY(0, depth)
#define WRITE(r, q, value)                                                                                               \
    if (m0 + r < m && n0 + q < n)                                                                                        \
        FER_PUT(c, c_at + (size_t)(m0 + r) * n + n0 + q, value + FER_BIAS(n0 + q));
    WRITE_ALL
}
#endif

#ifdef FER_KERNEL_tensor_conv
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

/* x is read, y written; with GRADIENT they are dy and dx.  group_in, group_out: channels of a group read and written.
 * Rows are output channels, columns the pixels of all images, the depth is (input channel, tap).
 * Dimension 0: columns, 1: rows, 2: group + groups * phase. */
GROUP tensor_conv(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
                  const int pad, const int dilation, const int group_in, const int group_out)
{
    const int groups = y_dim.y / group_out, group = (int)get_group_id(2) % groups, phase = (int)get_group_id(2) / groups;
    struct axis v, h;
    make_axis(&v, y_dim.z, kernel_size, stride, pad, dilation, phase / stride);
    make_axis(&h, y_dim.w, kernel_size, stride, pad, dilation, phase % stride);
    const int plane = v.count * h.count, pixels = y_dim.x * plane, taps = v.taps * h.taps, depth = group_in * taps;
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    if (n0 >= pixels) /* a phase that has fewer rows or columns */
        return;

    /* The pixel that this work-item gathers: the same one for all of its words. */
    const int pixel = n0 + (int)get_local_id(0) % TILE_N, n = pixel / plane, p = pixel % plane;
    const int row = v.origin + v.scale * (p / h.count), column = h.origin + h.scale * (p % h.count);
    const size_t image = ((size_t)n * x_dim.y + group * group_in) * FER_PLANE(x_dim);
#define TAP(l) ((v.tap + v.tap_step * ((l) % taps / h.taps)) * kernel_size + h.tap + h.tap_step * ((l) % h.taps))
#ifdef GRADIENT
#define W_AT(r, l) ((size_t)(group * group_in + (l) / taps) * group_out + m0 + (r))
#else
#define W_AT(r, l) ((size_t)(group * group_out + m0 + (r)) * group_in + (l) / taps)
#endif
#define A_AT(r, l)                                                                                                       \
    (m0 + (r) < group_out && (l) < depth ? FER_GET(w, W_AT(r, l) * (kernel_size * kernel_size) + TAP(l)) : 0.0f)
#define B_I(l) (row + v.walk * ((l) % taps / h.taps))
#define B_J(l) (column + h.walk * ((l) % h.taps))
#define B_AT(r, l)                                                                                                       \
    (pixel < pixels && (l) < depth && (uint)B_I(l) < (uint)x_dim.z && (uint)B_J(l) < (uint)x_dim.w                       \
         ? FER_GET(x, image + (l) / taps * FER_PLANE(x_dim) + B_I(l) * x_dim.w + B_J(l))                                 \
         : 0.0f)
    MULTIPLY(0, depth)
#define WRITE(r, q, total)                                                                                               \
    const int m = m0 + r, to = n0 + q, out = to % plane;                                                                 \
    if (m < group_out && to < pixels) {                                                                                  \
        const int k = group * group_out + m;                                                                             \
        const int at = (v.first + v.step * (out / h.count)) * y_dim.w + h.first + h.step * (out % h.count);              \
        const float value = FER_ADDED(total + FER_BIAS(k), , FER_PLAIN(y_dim, to / plane, k, at));                       \
        STORE(y, to / plane, k, at, FER_ACTIVATE(float, value));                                                         \
    }
    WRITE_ALL
}
#endif

#ifdef FER_KERNEL_tensor_conv_weights
/* partial[split][K][group_in][tap].  Rows are output channels, columns (input channel, tap), the depth is pixels.
 * Dimension 0: columns, 1: rows, 2: group + groups * split; a split has `split_pixels` pixels. */
GROUP tensor_conv_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride,
                          const int pad, const int dilation, const int group_in, const int group_out,
                          const int split_pixels)
{
    const int groups = dy_dim.y / group_out, group = (int)get_group_id(2) % groups, split = (int)get_group_id(2) / groups;
    const int taps = kernel_size * kernel_size, columns = group_in * taps, plane = dy_dim.z * dy_dim.w;
    const int begin = split * split_pixels, end = min(begin + split_pixels, dy_dim.x * plane);
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
#define A_AT(r, l)                                                                                                       \
    (m0 + (r) < group_out && (l) < end ? LOAD(dy, (l) / plane, group * group_out + m0 + (r), (l) % plane) : 0.0f)
#define B_TAP(r) ((n0 + (r)) % taps)
#define B_I(r, l) ((l) % plane / dy_dim.w * stride - pad + B_TAP(r) / kernel_size * dilation)
#define B_J(r, l) ((l) % plane % dy_dim.w * stride - pad + B_TAP(r) % kernel_size * dilation)
#define B_AT(r, l)                                                                                                       \
    ((l) < end && n0 + (r) < columns && (uint)B_I(r, l) < (uint)x_dim.z && (uint)B_J(r, l) < (uint)x_dim.w               \
         ? LOAD(x, (l) / plane, group * group_in + (n0 + (r)) / taps, B_I(r, l) * x_dim.w + B_J(r, l))                   \
         : 0.0f)
    MULTIPLY(begin, end)
#define WRITE(r, q, value)                                                                                               \
    if (m0 + r < group_out && n0 + q < columns)                                                                          \
        DATA(partial)[((size_t)split * dy_dim.y + group * group_out + m0 + r) * columns + n0 + q] = value;
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
