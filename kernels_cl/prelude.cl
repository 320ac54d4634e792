/* SPDX-License-Identifier: Apache-2.0
 *
 * Put before every kernel source.  For a tensor argument x the core writes, before this text,
 *
 *     #define FER_TYPE_x    float            element type
 *     #define FER_FORM_x    FULL             or, where f32 lies in memory as 16 bits (type ushort), HALF or BFLOAT
 *     #define FER_LAYOUT_x  FER_PLAIN        or FER_BLOCKED
 *
 * and the kernel declares FER_IN(x), FER_OUT(x) or FER_INOUT(x):
 *
 *     PLAIN    n, c, p              element ((n*C + c)*P + p)            P = H*W, p = h*W + w
 *     BLOCKED  n, c/16, p, c%16     element (((n*CB + c/16)*P + p)*16 + c%16), CB = ceil(C/16)
 */
#define FER_BLOCK 16
#define FER_IN(x) __global const FER_TYPE_##x *x##_data, const ulong x##_offset, const int4 x##_dim
#define FER_OUT(x) __global FER_TYPE_##x *x##_data, const ulong x##_offset, const int4 x##_dim
#define FER_INOUT(x) FER_OUT(x)

#define FER_PLANE(d) ((size_t)(d).z * (size_t)(d).w)
#define FER_PLAIN(d, n, c, p) (((size_t)(n) * (size_t)(d).y + (size_t)(c)) * FER_PLANE(d) + (size_t)(p))
#define FER_BLOCKS(d) (((size_t)(d).y + FER_BLOCK - 1) / FER_BLOCK)
#define FER_BLOCKED(d, n, c, p)                                                                                          \
    ((((size_t)(n) * FER_BLOCKS(d) + (size_t)(c) / FER_BLOCK) * FER_PLANE(d) + (size_t)(p)) * FER_BLOCK +                \
     (size_t)(c) % FER_BLOCK)
#define FER_PLAIN_SIZE(d) ((size_t)(d).x * (size_t)(d).y * FER_PLANE(d))
#define FER_BLOCKED_SIZE(d) ((size_t)(d).x * FER_BLOCKS(d) * FER_BLOCK * FER_PLANE(d))

/* x[n, c, p] whatever the layout; SIZE counts elements in memory, zero lanes included. */
#define FER_PASTE_(a, b) a##b
#define FER_PASTE(a, b) FER_PASTE_(a, b)
#define AT(x, n, c, p) (x##_offset + FER_LAYOUT_##x(x##_dim, n, c, p))
#define LOAD(x, n, c, p) FER_READ(x, )(x##_data, AT(x, n, c, p))
#define STORE(x, n, c, p, v) FER_WRITE(x, )(x##_data, AT(x, n, c, p), v)
#define SIZE(x) FER_PASTE(FER_LAYOUT_##x, _SIZE)(x##_dim)
/* x's elements in memory order, for kernels that treat all lanes alike.  DATA is what lies there; the others are element
 * i, or 4 or 16 of them from element i, in whatever form they lie there. */
#define DATA(x) (x##_data + x##_offset)
#define FER_GET(x, i) FER_READ(x, )(x##_data, x##_offset + (i))
#define FER_PUT(x, i, v) FER_WRITE(x, )(x##_data, x##_offset + (i), v)
#define FER_GET4(x, i) FER_READ(x, 4)(x##_data, x##_offset + (i))
#define FER_PUT4(x, i, v) FER_WRITE(x, 4)(x##_data, x##_offset + (i), v)
#define FER_GET8(x, i) FER_READ(x, 8)(x##_data, x##_offset + (i))
#define FER_PUT8(x, i, v) FER_WRITE(x, 8)(x##_data, x##_offset + (i), v)
#define FER_GET16(x, i) FER_READ(x, 16)(x##_data, x##_offset + (i))
#define FER_PUT16(x, i, v) FER_WRITE(x, 16)(x##_data, x##_offset + (i), v)

/* Bring what lies at p, of any type, nearer to a CPU; nothing elsewhere.  For memory that is read in an order the processor
 * does not guess: it stops at every 4096 bytes.  (The built-in `prefetch` does nothing on PoCL.) */
#if defined(__clang__) && defined(__x86_64__)
#define FER_PREFETCH(p) __builtin_prefetch((const void *)(size_t)(p))
/* A pointer of which the compiler may assume nothing from here on, so that it is a register, not a sum of two: from there
 * AVX-512 multiplies what it reads at half the rate. */
#define FER_POINTER(p) __asm__("" : "+r"(p))
#else
#define FER_PREFETCH(p)
#define FER_POINTER(p)
#endif

/* What may be fused into a product or convolution: whoever emits the kernel passes -DBIAS and -DADD where there are tensors
 * bias (a value a channel) and add (like the output), and the kernel declares them: FER_BIAS_IN FER_ADD_IN FER_OUT(y).
 * FER_BIAS(k) is channel k's; FER_BIASES writes those of `count` channels from `first`, zeros past the last channel;
 * FER_ADDED is v, and elements i, i + 1, … of add, as many as v has: `width` is 4, 8, 16 or nothing. */
#ifdef BIAS
#define FER_BIAS_IN FER_IN(bias),
#define FER_BIAS(k) FER_GET(bias, k)
#else
#define FER_BIAS_IN
#define FER_BIAS(k) 0.0f
#endif
#define FER_BIASES(out, first, count, channels)                                                                          \
    _Pragma("unroll 1") for (int fer_i = 0; fer_i < (count); fer_i++)                                                    \
        (out)[fer_i] = (first) + fer_i < (channels) ? FER_BIAS((first) + fer_i) : 0.0f;
#ifdef ADD
#define FER_ADD_IN FER_IN(add),
#define FER_ADDED(v, width, i) ((v) + FER_READ(add, width)(add_data, add_offset + (i)))
#else
#define FER_ADD_IN
#define FER_ADDED(v, width, i) (v)
#endif

/* vload8, vload16, vstore8 and vstore16 of floats.  PoCL makes a vector's load out of four or more, which LLVM does not always
 * join again; as a type that may lie anywhere it is one instruction. */
#ifdef FER_VEC_LANES
typedef float8 fer_loose8 __attribute__((aligned(4)));
typedef float16 fer_loose16 __attribute__((aligned(4)));
#define FER_LOOSE(space, n)                                                                                              \
    static inline float##n __attribute__((overloadable, always_inline)) fer_load##n(size_t i, const space float *p)      \
    {                                                                                                                    \
        return *(const space fer_loose##n *)(p + n * i);                                                                 \
    }                                                                                                                    \
    static inline void __attribute__((overloadable, always_inline)) fer_store##n(float##n v, size_t i, space float *p)   \
    {                                                                                                                    \
        *(space fer_loose##n *)(p + n * i) = v;                                                                          \
    }
FER_LOOSE(__global, 8)
FER_LOOSE(__private, 8)
FER_LOOSE(__global, 16)
FER_LOOSE(__private, 16)
#if __OPENCL_C_VERSION__ == 200 || defined(__opencl_c_generic_address_space) /* then a pointer without a space may point anywhere */
FER_LOOSE(__generic, 8)
FER_LOOSE(__generic, 16)
#endif
#else
#define fer_load8 vload8
#define fer_load16 vload16
#define fer_store8 vstore8
#define fer_store16 vstore16
#endif

/* Forms.  HALF is IEEE binary16, by functions that need no extension; BFLOAT is the upper half of an f32, to nearest
 * even, where what is no number stays none. */
#define FER_READ(x, width) FER_PASTE(FER_PASTE(FER_READ, width##_), FER_FORM_##x)
#define FER_WRITE(x, width) FER_PASTE(FER_PASTE(FER_WRITE, width##_), FER_FORM_##x)
#define FER_READ_FULL(data, i) (data)[i]
#define FER_READ4_FULL(data, i) vload4(0, (data) + (i))
#define FER_READ8_FULL(data, i) fer_load8(0, (data) + (i))
#define FER_READ16_FULL(data, i) fer_load16(0, (data) + (i))
#define FER_WRITE_FULL(data, i, v) (data)[i] = (v)
#define FER_WRITE4_FULL(data, i, v) vstore4(v, 0, (data) + (i))
#define FER_WRITE8_FULL(data, i, v) fer_store8(v, 0, (data) + (i))
#define FER_WRITE16_FULL(data, i, v) fer_store16(v, 0, (data) + (i))
#define FER_HALVES(data, i) (__global const half *)((data) + (i))
#define FER_READ_HALF(data, i) vload_half(0, FER_HALVES(data, i))
#define FER_READ4_HALF(data, i) vload_half4(0, FER_HALVES(data, i))
#define FER_READ8_HALF(data, i) vload_half8(0, FER_HALVES(data, i))
#define FER_READ16_HALF(data, i) vload_half16(0, FER_HALVES(data, i))
#define FER_WRITE_HALF(data, i, v) vstore_half_rte(v, 0, (__global half *)((data) + (i)))
#define FER_WRITE4_HALF(data, i, v) vstore_half4_rte(v, 0, (__global half *)((data) + (i)))
#define FER_WRITE8_HALF(data, i, v) vstore_half8_rte(v, 0, (__global half *)((data) + (i)))
#define FER_WRITE16_HALF(data, i, v) vstore_half16_rte(v, 0, (__global half *)((data) + (i)))
#define FER_READ_BFLOAT(data, i) as_float((uint)(data)[i] << 16)
#define FER_READ4_BFLOAT(data, i) as_float4(convert_uint4(vload4(0, (data) + (i))) << 16)
#define FER_READ8_BFLOAT(data, i) as_float8(convert_uint8(vload8(0, (data) + (i))) << 16)
#define FER_READ16_BFLOAT(data, i) as_float16(convert_uint16(vload16(0, (data) + (i))) << 16)
#define FER_WRITE_BFLOAT(data, i, v) (data)[i] = fer_bfloat(v)
#define FER_WRITE4_BFLOAT(data, i, v) vstore4(fer_bfloat4(v), 0, (data) + (i))
#define FER_WRITE8_BFLOAT(data, i, v) vstore8(fer_bfloat8(v), 0, (data) + (i))
#define FER_WRITE16_BFLOAT(data, i, v) vstore16(fer_bfloat16(v), 0, (data) + (i))
#ifdef FER_HAS_BFLOAT /* a tensor argument is in this form */
#define FER_BFLOAT(T, U, S, narrow, name)                                                                                \
    static inline S name(const T v)                                                                                      \
    {                                                                                                                    \
        const U bits = FER_PASTE(as_, U)(v), even = bits + 0x7FFFu + ((bits >> 16) & 1u);                                \
        return narrow(((bits & 0x7FFFFFFFu) > 0x7F800000u ? bits | 0x400000u : even) >> 16);                             \
    }
FER_BFLOAT(float, uint, ushort, convert_ushort, fer_bfloat)
FER_BFLOAT(float4, uint4, ushort4, convert_ushort4, fer_bfloat4)
FER_BFLOAT(float8, uint8, ushort8, convert_ushort8, fer_bfloat8)
FER_BFLOAT(float16, uint16, ushort16, convert_ushort16, fer_bfloat16)
#endif

/* On CPUs FER_VEC is what a register holds: FER_VEC_LANES floats, 8, or 16 where the device says so (AVX-512).  A block of 16
 * channels is FER_VEC_PARTS of them, which FER_EACH_PART counts.  FER_VEC_LOAD and FER_VEC_STORE are vload and vstore; FER_VEC_READ
 * and FER_VEC_WRITE are FER_READ and FER_WRITE of as many. */
#ifdef FER_VEC_LANES
#if FER_VEC_LANES == 16
#define FER_VEC float16
#define FER_VEC_LOAD fer_load16
#define FER_VEC_STORE fer_store16
#define FER_VEC_READ(x) FER_READ(x, 16)
#define FER_VEC_WRITE(x) FER_WRITE(x, 16)
#else
#define FER_VEC float8
#define FER_VEC_LOAD fer_load8
#define FER_VEC_STORE fer_store8
#define FER_VEC_READ(x) FER_READ(x, 8)
#define FER_VEC_WRITE(x) FER_WRITE(x, 8)
#endif
#define FER_VEC_PARTS (FER_BLOCK / FER_VEC_LANES)
#define FER_EACH_PART(i) _Pragma("unroll") for (int i = 0; i < FER_VEC_PARTS; i++)
/* Rows of a register tile of 16 columns: 12 vectors of sums, which keep two units busy, 2 of weights and a value are 15 of
 * AVX2's 16 registers. */
#define FER_VEC_ROWS (12 / FER_VEC_PARTS)
#endif

/* A cell is FER_LANES channels of one pixel.  Kernels written in cells serve both profiles: compiled with -DFER_LANES=16
 * they want blocked tensors and treat a block at once, without it they treat one channel of any layout.  FER_V is float16
 * or float; a ? b : c selects lane by lane in both.  Cell i of a tensor in memory order has row FER_CELL_N, first channel
 * FER_CELL_C and pixel FER_CELL_P. */
#ifndef FER_LANES
#define FER_LANES 1
#endif
#if FER_LANES == 16
#define FER_V float16
#define FER_VI int16
#define FER_WIDTH 16 /* of accessors, nothing for a single channel */
#define FER_LANE ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define FER_VLOAD(x, n, c, p) FER_READ(x, 16)(x##_data, AT(x, n, c, p))
#define FER_VSTORE(x, n, c, p, v) FER_WRITE(x, 16)(x##_data, AT(x, n, c, p), v)
#define FER_CELL_LOAD(x, i) FER_GET16(x, 16 * (size_t)(i))
#define FER_CELL_STORE(x, i, v) FER_PUT16(x, 16 * (size_t)(i), v)
#define FER_V_INT(v) convert_int16(v)
#else
#define FER_V float
#define FER_VI int
#define FER_WIDTH
#define FER_LANE 0
#define FER_VLOAD(x, n, c, p) LOAD(x, n, c, p)
#define FER_VSTORE(x, n, c, p, v) STORE(x, n, c, p, v)
#define FER_CELL_LOAD(x, i) FER_GET(x, i)
#define FER_CELL_STORE(x, i, v) FER_PUT(x, i, v)
#define FER_V_INT(v) (int)(v)
#endif
/* a / b, which takes a GPU a hundred instructions where it must reckon with 64 bits. */
static inline size_t fer_divide(const size_t a, const size_t b)
{
    return (a | b) >> 32 ? a / b : (uint)a / (uint)b;
}
#define FER_CELLS(x) (SIZE(x) / FER_LANES)
#define FER_CELL_BLOCKS(d) (((d).y + FER_LANES - 1) / FER_LANES)
#if FER_LANES == 16
#define FER_CELL_P(d, i) (int)((i) % FER_PLANE(d))
#define FER_CELL_C(d, i) ((int)((i) / FER_PLANE(d) % FER_CELL_BLOCKS(d)) * FER_LANES)
#define FER_CELL_N(d, i) (int)((i) / FER_PLANE(d) / FER_CELL_BLOCKS(d))
#else
#define FER_CELL_P(d, i) (int)((i)-fer_divide(i, FER_PLANE(d)) * FER_PLANE(d))
#define FER_CELL_C(d, i) (int)((uint)fer_divide(i, FER_PLANE(d)) % (uint)(d).y)
#define FER_CELL_N(d, i) (int)((uint)fer_divide(i, FER_PLANE(d)) / (uint)(d).y)
#endif
/* v, with the lanes past the last channel of dim d zero; c is the cell's first channel. */
#define FER_KEEP(d, c, v) (((c) + FER_LANE < (d).y) ? (v) : (FER_V)(0.0f))
/* For work-items that treat `span` cells each: for (FER_SPAN(i, FER_CELLS(x), span)) … */
#define FER_SPAN(i, cells, span)                                                                                         \
    size_t i = get_global_id(0) * (size_t)(span), i##_end = min(i + (size_t)(span), (size_t)(cells));                    \
    i < i##_end;                                                                                                         \
    i++

/* For work-items without divisions by sizes: 1 << share of them, neighbours in memory, have a plane, number `plane` = n * C
 * + c of a plain tensor (dimension 0); where it wants more, dimension 1 has the next as many.  `item` counts a plane's.
 *
 * FER_SHARED does a statement for FER_EACH pixels of each: k counts them, i is the element's place in memory.  What a
 * first FER_SHARED loads is under way at once, as many loads as memory wants. */
#define FER_SHARE(t, share)                                                                                              \
    const size_t plane = get_global_id(0) >> (share), fer_first = plane * FER_PLANE(t##_dim);                            \
    const uint fer_step = 1u << (share), fer_lane = (uint)get_global_id(0) & (fer_step - 1);                             \
    const uint item = (uint)get_global_id(1) * fer_step + fer_lane, fer_pixels = (uint)FER_PLANE(t##_dim);               \
    const uint fer_pixel = (uint)get_global_id(1) * fer_step * FER_EACH + fer_lane;                                      \
    if (plane >= (size_t)t##_dim.x * t##_dim.y)                                                                          \
        return;
#define FER_EACH 4
#define FER_SHARED(statement)                                                                                            \
    _Pragma("unroll") for (uint k = 0; k < FER_EACH; k++)                                                                \
    {                                                                                                                    \
        const size_t i = fer_first + fer_pixel + k * fer_step;                                                           \
        if (fer_pixel + k * fer_step < fer_pixels) {                                                                     \
            statement;                                                                                                   \
        }                                                                                                                \
    }

/* The activation that was fused behind a kernel's operation: whoever emits the kernel passes on one of -DFER_RELU,
 * -DFER_RELU6 and -DFER_LEAKY_RELU=slope, or none.  v and u are variables of type T, float or a vector.  FER_ACTIVATE is the
 * output; FER_THROUGH is the gradient u as it comes through, where v is what stood before the activation, or behind it. */
#if defined(FER_RELU)
#define FER_ACTIVATE(T, v) ((v) < 0.0f ? (T)(0.0f) : (v))
#define FER_THROUGH(T, v, u) ((v) > 0.0f ? (u) : (T)(0.0f))
#elif defined(FER_RELU6)
#define FER_ACTIVATE(T, v) ((v) < 0.0f ? (T)(0.0f) : (v) > 6.0f ? (T)(6.0f) : (v))
#define FER_THROUGH(T, v, u) ((v) > 0.0f && (v) < 6.0f ? (u) : (T)(0.0f))
#elif defined(FER_LEAKY_RELU)
#define FER_ACTIVATE(T, v) ((v) > 0.0f ? (v) : (v) * (FER_LEAKY_RELU))
#define FER_THROUGH(T, v, u) ((v) > 0.0f ? (u) : (u) * (FER_LEAKY_RELU))
#else
#define FER_ACTIVATE(T, v) (v)
#define FER_THROUGH(T, v, u) (u)
#endif

/* Behind another attribute of a kernel, __attribute__((reqd_work_group_size(256, 1, 1) FER_PRIVATE_FLOATS(64))): so many
 * numbers of its own a work-item keeps in registers.  A device that divides a hardware thread's registers among 8 to 32
 * work-items, as the compiler likes, is asked for the fewest (FER_SUB_GROUP, from the device); others hear nothing. */
#ifdef FER_SUB_GROUP
#define FER_PRIVATE_FLOATS(count) , intel_reqd_sub_group_size(FER_SUB_GROUP * ((count) < 8 ? 2 : 1))
#else
#define FER_PRIVATE_FLOATS(count)
#endif

/* Reductions over a work-group of 64 in a fixed order: part is __local, 64 long, lane the work-item's number in the group;
 * every work-item comes along and all get the result in v. */
#define FER_GROUP __kernel __attribute__((reqd_work_group_size(64, 1, 1)))
#define FER_PLUS(a, b) ((a) + (b))
#define FER_REDUCE(part, lane, v, join)                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                        \
    part[lane] = v;                                                                                                      \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                        \
    for (int reach = 32; reach > 0; reach /= 2) {                                                                        \
        if (lane < reach)                                                                                                \
            part[lane] = join(part[lane], part[lane + reach]);                                                           \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
    }                                                                                                                    \
    v = part[0];

/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011).
 * key = seed; counter = (element, operation, epoch, sample id). */
#define FER_RANDOM                                                                                                       \
    const uint4 rng_key, __global const uint *rng_state, __global const uint *rng_ids, const uint rng_rows_per_id
#define FER_RANDOM_ARG rng_key, rng_state, rng_ids, rng_rows_per_id

static inline uint4 fer_philox(uint4 counter, uint2 key)
{
    for (int i = 0; i < 10; i++) {
        const uint hi0 = mul_hi(0xD2511F53u, counter.x), lo0 = 0xD2511F53u * counter.x;
        const uint hi1 = mul_hi(0xCD9E8D57u, counter.z), lo1 = 0xCD9E8D57u * counter.z;
        counter = (uint4)(hi1 ^ counter.y ^ key.x, lo1, hi0 ^ counter.w ^ key.y, lo0);
        key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

/* rng_key = (seed low, seed high, operation, 0); rng_state = (epoch, 1 when the next counts, id of the batch's first sample,
 * which may not be among the rows at hand, 0); rows_per_id > 1 where several rows come from one
 * sample (ten crops): then the row within the sample is mixed into the element's high bits. */
static inline uint4 fer_random(FER_RANDOM, uint row, uint element)
{
    const uint id = rng_ids[row / rng_rows_per_id];
    const uint view = row % rng_rows_per_id;
    return fer_philox((uint4)(element, rng_key.z + (view << 24), rng_state[0], id), rng_key.xy);
}

/* The same for all rows of a batch, also for those that another process or another part of the batch has. */
static inline uint4 fer_random_batch(FER_RANDOM, uint element)
{
    const uint id = rng_state[1] ? rng_state[2] : rng_ids[0];
    return fer_philox((uint4)(element, rng_key.z, rng_state[0], id), rng_key.xy);
}

/* Uniform in [0, 1): 24 bits. */
static inline float fer_uniform(uint bits)
{
    return (float)(bits >> 8) * 0x1p-24f;
}
static inline float4 fer_uniform4(uint4 bits)
{
    return convert_float4(bits >> 8u) * 0x1p-24f;
}
