/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/pack.h"

#include <stdlib.h>

/* The blocks that are already placed in one arena, by offset. */
struct shelf {
    struct fer_block **blocks;
    int count, capacity;
    size_t bytes;
};

struct packing {
    struct shelf *shelves;
    int count;
    size_t total;
};

static void packing_free(struct packing *packing)
{
    for (int i = 0; i < packing->count; i++)
        free(packing->shelves[i].blocks);
    free(packing->shelves);
    *packing = (struct packing){ 0 };
}

static bool meet(const struct fer_block *a, const struct fer_block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The smallest gap between blocks of the same time that takes the block, else the place after the last of them. */
static bool shelf_find(const struct shelf *shelf, const struct fer_block *block, size_t limit, size_t *offset)
{
    size_t end = 0, best = SIZE_MAX;

    for (int i = 0; i < shelf->count; i++) {
        const struct fer_block *other = shelf->blocks[i];

        if (!meet(block, other))
            continue;
        if (other->offset > end && other->offset - end >= block->bytes && other->offset - end < best) {
            best = other->offset - end;
            *offset = end;
        }
        if (other->offset + other->bytes > end)
            end = other->offset + other->bytes;
    }
    if (best != SIZE_MAX)
        return true;
    *offset = end;
    return end <= limit && block->bytes <= limit - end;
}

static bool shelf_add(struct shelf *shelf, struct fer_block *block, size_t offset)
{
    int at = shelf->count;

    if (shelf->count == shelf->capacity) {
        int capacity = shelf->capacity ? 2 * shelf->capacity : 64;
        struct fer_block **grown = realloc(shelf->blocks, (size_t)capacity * sizeof(struct fer_block *));

        if (!grown)
            return false;
        shelf->blocks = grown;
        shelf->capacity = capacity;
    }
    block->offset = offset;
    while (at > 0 && shelf->blocks[at - 1]->offset > offset) {
        shelf->blocks[at] = shelf->blocks[at - 1];
        at--;
    }
    shelf->blocks[at] = block;
    shelf->count++;
    if (offset + block->bytes > shelf->bytes)
        shelf->bytes = offset + block->bytes;
    return true;
}

static bool packing_add(struct packing *packing, struct fer_block *block, size_t limit)
{
    struct shelf *grown;
    size_t offset = 0;

    for (int i = 0; i < packing->count; i++) {
        if (shelf_find(&packing->shelves[i], block, limit, &offset)) {
            block->arena = i;
            return shelf_add(&packing->shelves[i], block, offset);
        }
    }
    grown = realloc(packing->shelves, ((size_t)packing->count + 1) * sizeof(*grown));
    if (!grown)
        return false;
    packing->shelves = grown;
    packing->shelves[packing->count] = (struct shelf){ 0 };
    block->arena = packing->count++;
    return shelf_add(&packing->shelves[block->arena], block, 0);
}

static int by_place(const struct fer_block *a, const struct fer_block *b)
{
    return a->first != b->first ? (a->first < b->first ? -1 : 1) : (a < b ? -1 : a > b);
}

static int by_size(const void *left, const void *right)
{
    const struct fer_block *a = *(struct fer_block *const *)left, *b = *(struct fer_block *const *)right;

    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return by_place(a, b);
}

static int by_life(const void *left, const void *right)
{
    const struct fer_block *a = *(struct fer_block *const *)left, *b = *(struct fer_block *const *)right;
    int life_a = a->last - a->first, life_b = b->last - b->first;

    if (life_a != life_b)
        return life_a > life_b ? -1 : 1;
    return by_size(left, right);
}

static bool pack(struct fer_block **order, int count, int (*compare)(const void *, const void *), size_t limit,
                 struct packing *packing)
{
    packing_free(packing);
    qsort(order, (size_t)count, sizeof(struct fer_block *), compare);
    for (int i = 0; i < count; i++) {
        if (!packing_add(packing, order[i], limit))
            return false;
    }
    packing->total = 0;
    for (int i = 0; i < packing->count; i++)
        packing->total += packing->shelves[i].bytes;
    return true;
}

/* Neither order wins always: large blocks first suits inference, long lives first suits training, where what the
 * forward pass saves outlives everything else.  The blocks hold the places of the last packing, so a first that was
 * better is made again. */
static bool pack_best(struct fer_block **order, int count, size_t limit, struct packing *packing)
{
    size_t total;

    if (!pack(order, count, by_size, limit, packing))
        return false;
    total = packing->total;
    if (!pack(order, count, by_life, limit, packing))
        return false;
    return packing->total < total || pack(order, count, by_size, limit, packing);
}

enum fer_status fer_blocks_pack(struct fer_block *blocks, int count, size_t limit, size_t **arenas, int *narenas,
                                struct fer_error *err)
{
    struct fer_block **order = malloc(((size_t)count + 1) * sizeof(struct fer_block *));
    struct packing packing = { 0 };
    enum fer_status status = FER_OK;

    *arenas = NULL;
    *narenas = 0;
    for (int i = 0; order && i < count; i++)
        order[i] = &blocks[i];
    if (order && pack_best(order, count, limit, &packing))
        *arenas = calloc((size_t)packing.count + 1, sizeof(size_t));
    if (*arenas) {
        for (int i = 0; i < packing.count; i++)
            (*arenas)[i] = packing.shelves[i].bytes;
        *narenas = packing.count;
    } else {
        status = fer_fail(err, FER_ENOMEM, "out of memory while %d tensors were placed", count);
    }
    packing_free(&packing);
    free(order);
    return status;
}
