/* SPDX-License-Identifier: Apache-2.0
 *
 * A detector's parameters out of texts, and its program for one canvas.
 */
#ifndef FER_COMPILE_DETECTOR_H
#define FER_COMPILE_DETECTOR_H

#include "graph/registry.h"
#include "run/exec.h"

struct fer_arena;

/* Bind "name=value" texts (NULL-terminated; NULL: none) to the detector's parameters.  Values are written as in a
 * description; strings and paths need no quotes.  *out lives in the arena. */
enum fer_status fer_detector_bind(const struct fer_detector *detector, const char *const *arguments,
                                  struct fer_arena *arena, const void **out, struct fer_error *err);

struct fer_detector_program {
    struct fer_canvas canvas;
    struct fer_program *program;
    struct fer_exec *exec;
    struct fer_segment *segment;
};
/* Emit, plan and build.  poison: see fer_exec_create. */
enum fer_status fer_detector_compile(const struct fer_detector *detector, const void *state, struct fer_device *device,
                                     int width, int height, bool poison, const struct fer_build_watch *watch,
                                     struct fer_detector_program **out, struct fer_error *err);
void fer_detector_program_free(struct fer_detector_program *program); /* NULL is fine */
/* Boxes of a picture of width x height; `canvas` holds the program's canvas, row after row, the picture in its upper
 * left corner.  *boxes is malloc'ed. */
enum fer_status fer_detector_run(const struct fer_detector *detector, const void *state,
                                 struct fer_detector_program *program, const uint8_t *canvas, int width, int height,
                                 struct fer_box **boxes, int *count, struct fer_error *err);

#endif
