/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's minimal filtering F(4x4, 3x3) and F(2x2, 3x3) for CPUs (Lavin and Gray: Fast algorithms for convolutional
 * neural networks, 2015, arXiv:1509.09308): 3x3 kernels, stride 1, blocked layouts.  Tiles of SIDE x SIDE outputs, counted
 * through all images:
 *
 *     V = Bᵀ x B      of the inputs of a tile, by channel, POINTS numbers a tile and input channel
 *     M = sum of V U  over input channels; U = G w Gᵀ (conv_winograd_weights.cl)
 *     y = Aᵀ M A
 *
 * SIDE 4: 36 multiplications stand for 144, at the points 0, 1, -1, 2, -2 and infinity.
 * SIDE 2: 16 multiplications stand for 36, at the points 0, 1, -1 and infinity.
 * Beside the plainest solver, on ResNet-18's shapes, they err by 2e-6 to 4e-6 and by 5e-7 to 1e-6.
 *
 * TILES tiles make a chunk: V[z][c / 16][TILES][16], z = 0 … POINTS - 1.  With U[k / 16][z][c][16] the sums of a chunk and 16
 * output channels are POINTS products of a TILES x C by a C x 16 matrix, in register tiles (register_tile.cl).
 *
 * The gradient with respect to x is the same with U of the turned kernel and pad = 2 - pad.  The weights' gradient is
 * Gᵀ [sum over tiles of V (A dy Aᵀ)] G.
 */
#ifndef SIDE
#define SIDE 4
#endif
#ifndef TILES
#define TILES 18 /* a multiple of ROWS */
#endif
#define REACH (SIDE + 2) /* inputs of a tile, an axis; as many points */
#define POINTS (REACH * REACH)
#define CHUNK(blocks) ((size_t)(blocks) * POINTS * TILES * FER_BLOCK) /* floats of V */
#define TILES_OF(dim) ((dim).x * (((dim).z + SIDE - 1) / SIDE) * (((dim).w + SIDE - 1) / SIDE))

/* Where tile t lies. */
struct place {
    int n, top, left; /* image and first output pixel; n < 0: past the last tile */
};

static void find(struct place *p, int t, int images, int height, int width)
{
    const int down = (height + SIDE - 1) / SIDE, across = (width + SIDE - 1) / SIDE;
    p->n = t < images * down * across ? t / (down * across) : -1;
    p->top = t / across % down * SIDE;
    p->left = t % across * SIDE;
}

#if SIDE == 4
/* out = Bᵀ in: six vectors to six. */
static inline void transform_input(const FER_VEC *in, FER_VEC *out)
{
    const FER_VEC a = in[4] - 4.0f * in[2], b = in[3] - 4.0f * in[1];
    const FER_VEC c = in[4] - in[2], d = 2.0f * (in[3] - in[1]);
    out[0] = 4.0f * in[0] - 5.0f * in[2] + in[4];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + d;
    out[4] = c - d;
    out[5] = 4.0f * in[1] - 5.0f * in[3] + in[5];
}

/* out = Aᵀ in: six vectors to four. */
static inline void transform_output(const FER_VEC *in, FER_VEC *out)
{
    const FER_VEC a = in[1] + in[2], b = in[1] - in[2];
    const FER_VEC c = in[3] + in[4], d = in[3] - in[4];
    out[0] = in[0] + a + c;
    out[1] = b + 2.0f * d;
    out[2] = a + 4.0f * c;
    out[3] = b + 8.0f * d + in[5];
}

/* out = A in: four vectors to six. */
static inline void transform_gradient(const FER_VEC *in, FER_VEC *out)
{
    const FER_VEC a = in[0] + in[2], b = in[1] + in[3];
    const FER_VEC c = in[0] + 4.0f * in[2], d = 2.0f * in[1] + 8.0f * in[3];
    out[0] = in[0];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + d;
    out[4] = c - d;
    out[5] = in[3];
}
#else
/* out = Bᵀ in: four vectors to four. */
static inline void transform_input(const FER_VEC *in, FER_VEC *out)
{
    out[0] = in[0] - in[2];
    out[1] = in[1] + in[2];
    out[2] = in[2] - in[1];
    out[3] = in[1] - in[3];
}

/* out = Aᵀ in: four vectors to two. */
static inline void transform_output(const FER_VEC *in, FER_VEC *out)
{
    out[0] = in[0] + in[1] + in[2];
    out[1] = in[1] - in[2] - in[3];
}

/* out = A in: two vectors to four. */
static inline void transform_gradient(const FER_VEC *in, FER_VEC *out)
{
    out[0] = in[0];
    out[1] = in[0] + in[1];
    out[2] = in[0] - in[1];
    out[3] = -in[1];
}
#endif

/* Both passes over a tile go row by row, with what lies between them in `between`: all its vectors do not fit into
 * registers anyway, and a row compiles in a fraction of the time. */

/* SIZE pixels, of a part of 16 channels, of column `left` from row `top` of a plane of blocks; zero outside, where the nearest is
 * read instead of branching. */
#define FETCH(SIZE, x, pixels, plane, top, left, height, width)                                                          \
    if ((top) >= 0 && (top) + SIZE <= (height) && (uint)(left) < (uint)(width)) {                                        \
        _Pragma("unroll") for (int i = 0; i < SIZE; i++)                                                                 \
            pixels[i] = FER_VEC_READ(x)(plane, (((top) + i) * (width) + (left)) * FER_BLOCK);                             \
    } else {                                                                                                             \
        const int column = clamp((left), 0, (width) - 1);                                                                \
        _Pragma("unroll") for (int i = 0; i < SIZE; i++)                                                                 \
        {                                                                                                                \
            const int row = clamp((top) + i, 0, (height) - 1);                                                           \
            const FER_VEC nearest = FER_VEC_READ(x)(plane, (row * (width) + column) * FER_BLOCK);                          \
            pixels[i] = row == (top) + i && column == (left) ? nearest : (FER_VEC)0;                                       \
        }                                                                                                                \
    }
