/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing of blocks with lifetimes into as little memory as possible.
 */
#ifndef FER_COMPILE_PACK_H
#define FER_COMPILE_PACK_H

#include <fer/status.h>

struct fer_block {
    size_t bytes;    /* a multiple of FER_ALIGN */
    int first, last; /* launches, both included: blocks whose lifetimes touch never overlap */
    int arena;       /* result */
    size_t offset;   /* result */
};

/* Place the blocks.  No arena grows beyond `limit` bytes and no block is larger than it.  *arenas is malloc'ed:
 * the size of each arena. */
enum fer_status fer_blocks_pack(struct fer_block *blocks, int count, size_t limit, size_t **arenas, int *narenas,
                                struct fer_error *err);

#endif
