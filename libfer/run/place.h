/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory of one executor: the program's arenas, and a buffer for each INPUT, CONSTANT and PREPARED tensor.
 */
#ifndef FER_RUN_PLACE_H
#define FER_RUN_PLACE_H

#include "run/device.h"
#include "run/program.h"

struct fer_places {
    struct fer_buffer **arenas; /* by arena */
    int narenas;
    struct fer_buffer **own; /* by tensor id; NULL: in an arena, a view, or the model's */
    int ntensors;
    size_t bytes;
};

/* A NaN as a float, -1 as an integer, the same in every byte. */
#define FER_POISON 0xffffffffu

/* Allocate and fill: constants with their value; the others with FER_POISON, or inputs with zero.  After a failure
 * the places are empty. */
enum fer_status fer_places_create(struct fer_places *places, struct fer_device *device,
                                  const struct fer_program *program, bool poison, struct fer_error *err);
void fer_places_free(struct fer_places *places);
/* Buffer and byte of a tensor.  FER_EINVAL: it has no place (no launch touches it, or its model's buffer is missing or
 * too small). */
enum fer_status fer_places_find(const struct fer_places *places, const struct fer_tensor *tensor,
                                struct fer_buffer **buffer, size_t *byte, struct fer_error *err);

#endif
