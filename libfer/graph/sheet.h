/* SPDX-License-Identifier: Apache-2.0
 *
 * A data set on its own, for contact sheets and copies.
 */
#ifndef FER_GRAPH_SHEET_H
#define FER_GRAPH_SHEET_H

#include "graph/graph.h"

#define FER_SHEET_FIELDS 24

struct fer_sheet {
    int test; /* index of a test without metrics that was added to the description: compile it, run it, read the fields
               */
    struct {
        const char *name;
        struct fer_value *value;
    } fields[FER_SHEET_FIELDS];
    int nfields;
};
/* All fields that the data item names, with its device operations as in training or as in tests; each value is kept. */
enum fer_status fer_sheet_create(struct fer_description *description, int data, bool training, struct fer_sheet *out,
                                 struct fer_error *err);
/* The same with all fields that there are, as in tests.  With out->test >= 0 that test, whose program is no longer
 * used, is made anew: data[data].info may say another size of pictures now. */
enum fer_status fer_sheet_create_all(struct fer_description *description, int data, struct fer_sheet *out,
                                     struct fer_error *err);
/* Pixel (c, y, x) of row n of pictures that were read from the device, in either layout. */
float fer_sheet_pixel(const struct fer_tensor *tensor, const float *values, int n, int c, int y, int x);

#endif
