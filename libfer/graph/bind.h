/* SPDX-License-Identifier: Apache-2.0
 *
 * Arguments of a call into the struct that a parameter table describes.
 */
#ifndef FER_GRAPH_BIND_H
#define FER_GRAPH_BIND_H

#include <fer/param.h>

#include "lang/ast.h"

struct fer_arena;

/* What `$name` stands for; looks through formals, then lets.  NULL: undefined. */
struct fer_binding {
    const char *name;
    const struct fer_ast_value *value;
    const struct fer_bindings *scope; /* where dollars inside the value are looked up */
    bool used;
};
struct fer_bindings {
    struct fer_binding *items;
    int count, capacity;
    const struct fer_bindings *parent;
};

struct fer_binder {
    struct fer_arena *arena;
    struct fer_diags *diags;
    const struct fer_bindings *bindings;
    const char *dir; /* paths start here */
    void *user;
    /* FER_TYPE_VALUE, FER_TYPE_NET and FER_TYPE_READERS; report their own diagnostics. */
    enum fer_status (*value)(void *user, const char *name, struct fer_span span, int *index);
    enum fer_status (*net)(void *user, const char *name, struct fer_span span, struct fer_net **net);
    enum fer_status (*reader)(void *user, const char *name, struct fer_span span, struct fer_bound_reader *reader);
    /* Keywords that belong to the language and not to the operation: NULL-terminated. */
    const char *const *reserved;
    int *settled; /* counts what lists came to, so that they cannot come to everything; or NULL */
};

/* Follow $names to a value that is none.  Reports undefined names and cycles. */
enum fer_status fer_bind_settle(const struct fer_binder *binder, const struct fer_ast_value *value,
                                struct fer_ast_value *out);
/* Fill a zeroed struct from defaults and the call's arguments.  *out lives in the arena.  Problems are reported under
 * the argument's own text: "conv2d: kernel=0 is outside [1, 31]". */
enum fer_status fer_bind(const struct fer_binder *binder, const char *owner, const struct fer_param *const *params,
                         size_t params_size, const struct fer_ast_value *positional, int positionals,
                         const struct fer_ast_keyword *keywords, int nkeywords, struct fer_span span, void **out);
/* Whether a table's default is one that a call could give as well; FER_EPLUGIN, FER_ENOMEM.  A default that is the name
 * of a net or a data set is not looked at: only a description knows what it means.  What it takes stays in the arena.
 */
enum fer_status fer_bind_check_default(const struct fer_param *param, const char *owner, struct fer_arena *arena,
                                       struct fer_error *err);
/* Where the argument of the parameter `name` stands in the call; the call's name when it is not written. */
struct fer_span fer_bind_span(const struct fer_ast_call *call, const struct fer_param *const *params, const char *name);

/* Parse one value ("0.1", "[1, 2]", "yes"): defaults and --set.  `name` is shown in errors. */
enum fer_status fer_bind_text(struct fer_arena *arena, struct fer_sources *sources, const char *name, const char *text,
                              struct fer_ast_value *out, struct fer_diags *diags, struct fer_error *err);
/* The same for a word of the command line, where strings need no quotes.  With `string`, one is expected: all is taken
 * as it stands but what begins like a quoted string, a list or a $name.  Else it is a value, or a path or name that is
 * none
 * ("/data/x.csv"). */
enum fer_status fer_bind_word(struct fer_arena *arena, struct fer_sources *sources, const char *name, const char *text,
                              bool string, struct fer_ast_value *out, struct fer_diags *diags, struct fer_error *err);

/* Append a name.  FER_ENOMEM. */
enum fer_status fer_bindings_add(struct fer_arena *arena, struct fer_bindings *bindings, const char *name,
                                 const struct fer_ast_value *value, const struct fer_bindings *scope);

#endif
