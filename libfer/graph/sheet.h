/* SPDX-License-Identifier: Apache-2.0
 *
 * A data set on its own, for contact sheets.
 */
#ifndef FER_GRAPH_SHEET_H
#define FER_GRAPH_SHEET_H

#include "graph/graph.h"

#define FER_SHEET_FIELDS 24

struct fer_sheet {
    int test; /* index of a test without metrics that was added to the description: compile it, run it, read the fields */
    struct { const char *name; struct fer_value *value; } fields[FER_SHEET_FIELDS];
    int nfields;
};
/* All fields that the data item names, with its device operations as in training or as in tests; each value is kept. */
enum fer_status fer_sheet_create(struct fer_description *description, int data, bool training, struct fer_sheet *out,
                                 struct fer_error *err);

#endif
