/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model's write function adds to.
 */
#ifndef FER_GRAPH_TEXT_H
#define FER_GRAPH_TEXT_H

#include <fer/plugin.h>

struct fer_text {
    char *bytes; /* malloc'ed, NUL-terminated; NULL while empty */
    size_t length;
    bool failed; /* out of memory, or more than 16 MiB */
};

#endif
