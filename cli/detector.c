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
