/* SPDX-License-Identifier: Apache-2.0
 *
 * What fer predict says of a picture or a face: lines for people, rows of a CSV, or JSON objects.
 */
#ifndef FER_CLI_ANSWER_H
#define FER_CLI_ANSWER_H

#include <fer/fer.h>

enum form { FORM_LINES, FORM_CSV, FORM_JSON };

/* A picture, or a face in it. */
struct answer_item {
    const char *path;
    struct fer_box box;
    int face, faces; /* which of how many, from 0, the largest first; faces 0: nobody looked for any */
};

/* The class with the greatest number. */
int best_of(const float *answer, int classes);
/* Once, before the answers; `detected`: faces are looked for. */
void print_answer_head(enum form form, const struct fer_predictor_info *info, bool detected);
void print_answer(enum form form, const struct fer_predictor_info *info, const struct answer_item *item,
                  const float *answer);
void print_no_face(enum form form, const struct fer_predictor_info *info, const char *path);

#endif
