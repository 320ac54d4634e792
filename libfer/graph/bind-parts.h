/* SPDX-License-Identifier: Apache-2.0
 *
 * What bind.c and bind-value.c share.
 */
#ifndef FER_GRAPH_BIND_PARTS_H
#define FER_GRAPH_BIND_PARTS_H

#include "graph/bind.h"

/* A parameter that is being bound. */
struct fer_bind_field {
    const struct fer_binder *b;
    const char *owner; /* whose parameter it is, for diagnostics */
    const struct fer_param *param;
    struct fer_span span; /* of the argument as written */
};

/* A settled value, or the parameter's default, to where the field lies.  Problems are reported. */
enum fer_status fer_bind_value(const struct fer_bind_field *field, const struct fer_ast_value *value, void *at);
enum fer_status fer_bind_default(const struct fer_bind_field *field, void *at);

/* "a, b, c" */
void fer_bind_join(const char *const *choices, char *text, size_t size);
enum fer_status fer_bind_no_memory(const struct fer_binder *binder, struct fer_span span);

#endif
