/* SPDX-License-Identifier: Apache-2.0
 *
 * NAME[:KEY=VALUE,...] on the command line: a detector of a plugin.
 */
#ifndef FER_CLI_DETECTOR_H
#define FER_CLI_DETECTOR_H

#include <argp.h>
#include <fer/fer.h>
#include <jansson.h>

struct detector {
    char *name;             /* NULL: none is asked for */
    const char **arguments; /* NULL-terminated */
};

/* Replaces what *detector held; a comma ends a value. */
void detector_parse(struct detector *detector, const char *value, struct argp_state *state);
void detector_free(struct detector *detector);

/* A face into a JSON object: score, box (x, y, width, height) and landmarks. */
void detector_put_face(json_t *object, const struct fer_box *box);

#endif
