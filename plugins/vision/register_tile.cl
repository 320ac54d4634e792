/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources of matrix products on CPUs.  A register tile is TILE_ROWS rows by two vectors of columns: 6 rows of 16
 * columns where a vector has 8 numbers, 12 rows of 32, two blocks, where it has 16.  14 rows would fit into 32 registers, but
 * LLVM spills two of their sums.
 *
 *               vector 0   vector 1
 *              +----------+----------+
 *     row 0    |   sums   |   sums   |      for each step: two vectors of weights, and of every row one
 *     row 1    |          |          |      value, broadcast, for two multiply-adds; with one vector of
 *      ...     |          |          |      columns loads would take longer than multiply-adds
 *              +----------+----------+
 *
 * Vector v of a row lies at VECTOR_AT(v, next), where the tile's next block is `next` floats further.  Where blocks are odd
 * in number, the last tile has its block twice: next is 0, and the same is stored twice.  Few odd blocks are compiled with
 * TILE_BLOCKS = 1.
 */
#ifndef TILE_BLOCKS
#define TILE_BLOCKS (2 / FER_VEC_PARTS)
#endif
#define TILE_VECTORS (TILE_BLOCKS * FER_VEC_PARTS)
#define TILE_ROWS FER_VEC_ROWS
#define EACH_VECTOR(v) _Pragma("unroll") for (int v = 0; v < TILE_VECTORS; v++)
#define VECTOR_AT(v, next) ((v) / FER_VEC_PARTS * (next) + (v) % FER_VEC_PARTS * FER_VEC_LANES)
/* Whether the tile that begins with block k of those before `end` has another. */
#define HAS_NEXT(k, end) (TILE_BLOCKS == 2 && (k) + 1 < (end))
