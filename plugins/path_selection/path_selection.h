/* SPDX-License-Identifier: Apache-2.0
 *
 * Path selection (Ruan, Han, Sun, Chen, Li 2022): the operations of this plugin.
 */
#ifndef FER_PATH_SELECTION_H
#define FER_PATH_SELECTION_H

#include "../emit.h"

extern const struct fer_layer fer_choose, fer_ensemble, fer_route;
extern const struct fer_dispatch fer_route_dispatch;

/* The groups must hold every class from 0 to *classes - 1 once; the description's labels, if it has any, are the
 * classes. */
enum fer_status fer_groups_check(const struct fer_op *op, const struct fer_int_lists *labels, int *classes,
                                 struct fer_error *err);
/* The classes of one group on the device, as floats; NULL: out of memory. */
struct fer_tensor *fer_groups_members(struct fer_emit *em, const struct fer_ints *group, struct fer_error *err);

#endif
