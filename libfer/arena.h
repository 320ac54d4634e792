/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is freed all at once: syntax trees, graphs, bound parameters.
 */
#ifndef FER_ARENA_H
#define FER_ARENA_H

#include <stddef.h>

struct fer_arena;

struct fer_arena *fer_arena_create(void);                    /* NULL: out of memory */
void fer_arena_free(struct fer_arena *arena);                /* NULL is fine */
void *fer_arena_alloc(struct fer_arena *arena, size_t size); /* zeroed, 16-byte aligned; NULL: out of memory */
char *fer_arena_strdup(struct fer_arena *arena, const char *text);
char *fer_arena_strndup(struct fer_arena *arena, const char *text, size_t length);
void *fer_arena_copy(struct fer_arena *arena, const void *data, size_t size);
char *fer_arena_printf(struct fer_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Grow an arena array so that item [count] exists; NULL: out of memory (the old array stays valid). */
void *fer_arena_grow(struct fer_arena *arena, void *items, int count, int *capacity, size_t size);

#endif
