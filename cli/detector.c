/* SPDX-License-Identifier: Apache-2.0 */
#include "detector.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

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

void detector_put_face(json_t *object, const struct fer_box *box)
{
    json_t *landmarks = json_array();

    for (int i = 0; i < box->landmarks; i++)
        json_add(landmarks, json_pack("[f, f]", (double)box->landmark[i][0], (double)box->landmark[i][1]));
    json_put(object, "score", json_number((double)box->score));
    json_put(object, "box",
             json_pack("[f, f, f, f]", (double)box->x0, (double)box->y0, (double)(box->x1 - box->x0),
                       (double)(box->y1 - box->y0)));
    json_put(object, "landmarks", landmarks);
}
