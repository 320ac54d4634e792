/* SPDX-License-Identifier: Apache-2.0
 *
 * What the passes of Winograd's convolutions on CPUs share.  V: transformed tiles, in chunks.
 */
#ifndef FER_VISION_CONV_WINOGRAD_H
#define FER_VISION_CONV_WINOGRAD_H

#include "conv.h"

/* Outputs of a tile, an axis: SIDE in conv_winograd.cl.  The fine ones cost more multiplications, and err less. */
enum { WINOGRAD_COARSE = 4, WINOGRAD_FINE = 2 };

static inline int winograd_smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Numbers of a transformed tile and channel. */
int winograd_points(int side);
/* Tiles of a plane. */
int winograd_tiles(int side, int height, int width);
/* Whether the kernels can do it; and whether tiles of 4 x 4 multiply less than a plain convolution, too. */
bool winograd_fits(const struct fer_convolution_shape *shape);
bool winograd_applicable(const struct fer_convolution_shape *shape);
/* Floats of V for some chunks. */
size_t winograd_chunk_size(int side, int chunks, int blocks, int tiles);
/* Of so many chunks, each of so many floats, those that together take so many MiB: one at least. */
int winograd_fitting(int megabytes, int chunks, size_t chunk);
/* A launch of conv_winograd.cl. */
struct fer_launch *winograd_launch(struct fer_emit *em, const char *source, const char *kernel, int side, int tiles,
                                   const char *options);
/* v = V of `chunks` chunks from first_chunk on.  `filled`: chunks past the last tile become zeros, and are not just
 * left. */
void winograd_transform_emit(const struct conv_call *call, struct fer_tensor *in, struct fer_tensor *v, int side,
                             int height, int width, int pad, int tiles, int first_chunk, struct fer_extent chunks,
                             bool filled);

#define WINOGRAD_SOLVER(name, help, tunables)                                                                          \
    CONV_SOLVER(name, help, tunables, fer_conv_winograd_cl, fer_conv_winograd_gradient_cl, fer_conv_winograd_weights_cl)
#define WINOGRAD_COARSE_SOLVER(tunables)                                                                               \
    WINOGRAD_SOLVER("winograd", "F(4x4, 3x3): 36 multiplications for 144", tunables)
#define WINOGRAD_FINE_SOLVER(tunables) WINOGRAD_SOLVER("winograd2", "F(2x2, 3x3): 16 multiplications for 36", tunables)

#endif
