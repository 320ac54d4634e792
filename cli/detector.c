/* SPDX-License-Identifier: Apache-2.0 */
#include "detector.h"

#include <stdlib.h>
#include <string.h>

void detector_parse(struct detector *detector, const char *value, struct argp_state *state)
{
    size_t count = 0;

    detector_free(detector);
    detector->name = strdup(value);
    detector->arguments = calloc(strlen(value) + 2, sizeof(*detector->arguments));
    if (!detector->name || !detector->arguments)
        argp_failure(state, EXIT_FAILURE, 0, "out of memory");
    char *rest = strchr(detector->name, ':');
    if (rest)
        *rest++ = '\0';
    for (char *part; rest && (part = strsep(&rest, ","));)
        detector->arguments[count++] = part;
}

void detector_free(struct detector *detector)
{
    free(detector->name);
    free(detector->arguments);
    *detector = (struct detector){ 0 };
}

json_t *detector_face(const struct fer_box *box)
{
    json_t *object = json_pack("{s:f, s:[f, f, f, f]}", "score", (double)box->score, "box", (double)box->x0,
                               (double)box->y0, (double)(box->x1 - box->x0), (double)(box->y1 - box->y0));
    json_t *landmarks = json_array();

    for (int i = 0; i < box->landmarks; i++)
        json_array_append_new(landmarks, json_pack("[f, f]", (double)box->landmark[i][0], (double)box->landmark[i][1]));
    json_object_set_new(object, "landmarks", landmarks);
    return object;
}
