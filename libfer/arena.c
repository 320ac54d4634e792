/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, CHUNK = 16 * 1024 };

/* Small requests share chunks of CHUNK bytes; a large one gets a chunk of its own
 * behind the current one, so that the room left in the current one is not lost. */
struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct fer_arena {
    struct chunk *chunks;
};

struct fer_arena *fer_arena_create(void)
{
    return calloc(1, sizeof(struct fer_arena));
}

void fer_arena_free(struct fer_arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

static struct chunk *add_chunk(struct fer_arena *arena, size_t size)
{
    bool own = size > CHUNK / 4;
    size_t capacity = own ? size : CHUNK;
    struct chunk *chunk = calloc(1, sizeof(*chunk) + capacity);

    if (!chunk)
        return NULL;
    chunk->size = capacity;
    if (own && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    return chunk;
}

void *fer_arena_alloc(struct fer_arena *arena, size_t size)
{
    struct chunk *chunk = arena->chunks;
    void *memory;

    if (size == 0)
        size = 1;
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!chunk || size > chunk->size - chunk->used) {
        chunk = add_chunk(arena, size);
        if (!chunk)
            return NULL;
    }
    memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

void *fer_arena_copy(struct fer_arena *arena, const void *data, size_t size)
{
    void *copy = fer_arena_alloc(arena, size);

    if (copy && size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *fer_arena_strndup(struct fer_arena *arena, const char *text, size_t length)
{
    char *copy;

    length = strnlen(text, length);
    copy = length < SIZE_MAX ? fer_arena_alloc(arena, length + 1) : NULL;
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *fer_arena_strdup(struct fer_arena *arena, const char *text)
{
    return fer_arena_copy(arena, text, strlen(text) + 1);
}

char *fer_arena_printf(struct fer_arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length < 0 ? NULL : fer_arena_alloc(arena, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void *fer_arena_grow(struct fer_arena *arena, void *items, int count, int *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    const int grown = *capacity ? 2 * *capacity : 16;
    void *more = fer_arena_alloc(arena, (size_t)grown * size);
    if (!more)
        return NULL;
    if (count)
        memcpy(more, items, (size_t)count * size);
    *capacity = grown;
    return more;
}
