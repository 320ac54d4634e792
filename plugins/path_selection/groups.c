/* SPDX-License-Identifier: Apache-2.0
 *
 * The groups of classes that choose and route share.
 */
#include "path_selection.h"

#include <stdio.h>
#include <stdlib.h>

enum fer_status fer_groups_check(const struct fer_op *op, const struct fer_int_lists *labels, int *classes,
                                 struct fer_error *err)
{
    int count = fer_op_labels(op), sum = 0;
    for (int g = 0; g < labels->count; g++) {
        if (labels->items[g].count == 0)
            return fer_fail_argument(err, FER_EINVAL, "labels", "group %d holds no class; leave it out", g + 1);
        sum += labels->items[g].count;
    }
    count = count ? count : sum;
    for (int g = 0; g < labels->count; g++)
        for (int j = 0; j < labels->items[g].count; j++)
            if (labels->items[g].items[j] >= count)
                return fer_fail_argument(err, FER_EINVAL, "labels",
                                         "group %d holds class %d, and the classes are 0 to %d", g + 1,
                                         labels->items[g].items[j], count - 1);
    for (int k = 0; k < count; k++) {
        int found = 0;
        for (int g = 0; g < labels->count; g++)
            for (int j = 0; j < labels->items[g].count; j++)
                found += labels->items[g].items[j] == k;
        if (found != 1)
            return fer_fail_argument(err, FER_EINVAL, "labels", "class %d is %s; each of 0 to %d must be in one group",
                                     k, found ? "named twice" : "in no group", count - 1);
    }
    *classes = count;
    return FER_OK;
}

struct fer_tensor *fer_groups_members(struct fer_emit *em, const struct fer_ints *group, struct fer_error *err)
{
    const struct fer_shape shape = fer_shape_make(NULL, 1, &group->count);
    float *values = malloc((size_t)group->count * sizeof(*values));
    char key[64];
    if (!values) {
        fer_fail(err, FER_ENOMEM, "out of memory for a list of classes");
        return NULL;
    }
    for (int j = 0; j < group->count; j++)
        values[j] = (float)group->items[j];
    snprintf(key, sizeof key, "group %p", (const void *)group->items); /* lives as long as the graph */
    struct fer_tensor *tensor = fer_emit_constant(em, key, &shape, values);
    free(values);
    return tensor;
}
