/* SPDX-License-Identifier: Apache-2.0
 *
 * The syntax tree of a description (docs/model-language.md).  Plain data in one
 * arena; every node keeps the span of text that it came from, so that any later
 * phase can point at a line and a column.
 */
#ifndef FER_LANG_AST_H
#define FER_LANG_AST_H

#include <fer/status.h>

#include "lang/source.h"

struct fer_arena;

enum fer_ast_value_kind { FER_AST_NUMBER, FER_AST_STRING, FER_AST_NAME, FER_AST_DOLLAR, FER_AST_LIST };

struct fer_ast_value {
    enum fer_ast_value_kind kind;
    struct fer_span span;
    const struct fer_source *said; /* the file that says what a $name stands for; NULL: span's */
    double number;                 /* NUMBER; 200k is 200000 */
    bool integer;                  /* NUMBER written without a point or an exponent */
    const char *text;              /* STRING (unescaped), NAME, DOLLAR (without the $); NUMBER: as written */
    struct fer_ast_value *items;   /* LIST */
    int count;
};

/* [label:] operation positional… key=value… */
struct fer_ast_keyword {
    const char *name;
    struct fer_span name_span;
    struct fer_ast_value value;
};
struct fer_ast_call {
    struct fer_span span; /* the whole call */
    const char *label;    /* "conv1", "0"; NULL without one */
    struct fer_span label_span;
    const char *name; /* operation: NAME, or plugin.op as one string "resnet.basic" */
    struct fer_span name_span;
    struct fer_ast_value *positional;
    int positionals;
    struct fer_ast_keyword *keywords;
    int nkeywords;
};

struct fer_ast_names {
    int count;
    const char **items;
    struct fer_span *spans;
};

/* names = names | call | call */
struct fer_ast_flow {
    struct fer_span span;
    struct fer_ast_names outputs; /* "_" discards */
    struct fer_ast_names inputs;
    struct fer_ast_call *calls;
    int ncalls;
};

/* path = NAME {"." (NAME|INT)}: kept as one dotted string */
struct fer_ast_path {
    const char *text;
    struct fer_span span;
};

enum fer_ast_stmt_kind {
    FER_AST_FLOW,     /* flow */
    FER_AST_LOSS,     /* loss flow */
    FER_AST_METRIC,   /* metric flow (tests) */
    FER_AST_MINIMIZE, /* terms */
    FER_AST_STEP,     /* name, keywords, body */
    FER_AST_UPDATE,   /* paths, keywords, calls[0] the optimizer, then schedules */
    FER_AST_LOAD,     /* paths[0], file, keywords */
    FER_AST_SAVE
};

struct fer_ast_term { /* [w] NAME of minimize */
    bool weighted;
    struct fer_ast_value weight; /* NUMBER or DOLLAR */
    const char *name;
    struct fer_span span;
};

struct fer_ast_stmt {
    enum fer_ast_stmt_kind kind;
    struct fer_span span;
    struct fer_ast_flow flow;
    struct fer_ast_term *terms;
    int nterms;
    const char *name; /* STEP */
    struct fer_span name_span;
    struct fer_ast_path *paths; /* UPDATE, LOAD, SAVE */
    int npaths;
    struct fer_ast_value file; /* LOAD, SAVE: a STRING */
    struct fer_ast_keyword *keywords;
    int nkeywords;
    struct fer_ast_call *calls; /* UPDATE */
    int ncalls;
    struct fer_ast_stmt *body; /* STEP */
    int nbody;
};

struct fer_ast_port { /* NAME [: type[dims]] */
    const char *name;
    struct fer_span span;
    const char *dtype; /* "f32", or NULL when the port has no shape */
    int rank;
    int dim[4]; /* without the batch axis */
};
struct fer_ast_formal { /* NAME [= value] */
    const char *name;
    struct fer_span span;
    bool has_fallback;
    struct fer_ast_value fallback;
};
struct fer_ast_signature {
    struct fer_ast_port *ports;
    int nports;
    struct fer_ast_formal *formals;
    int nformals;
    struct fer_ast_names outputs;
};

struct fer_ast_field {     /* NAME [as NAME] */
    const char *name, *as; /* as == name when not renamed */
    struct fer_span span, as_span;
};

enum fer_ast_item_kind {
    FER_AST_USE,       /* names */
    FER_AST_INCLUDE,   /* value: STRING; its items are spliced by the parser right after it, with their own source */
    FER_AST_LET,       /* name, value */
    FER_AST_LABELS,    /* values */
    FER_AST_NET,       /* name, and either signature + body (flows) or call */
    FER_AST_BLOCK,     /* name, signature, body */
    FER_AST_DATA,      /* name, fields, calls[0] the reader, then transforms */
    FER_AST_ITEM_LOAD, /* path, value (STRING), keywords */
    FER_AST_STAGE,     /* name, names (data), until, keeping, body */
    FER_AST_PREDICT,   /* name, signature, body */
    FER_AST_TEST       /* name, names.items[0] the data set, body */
};

struct fer_ast_item {
    enum fer_ast_item_kind kind;
    struct fer_span span;
    const char *name;
    struct fer_span name_span;
    struct fer_ast_names names;
    struct fer_ast_value value;
    struct fer_ast_value *values;
    int nvalues;
    struct fer_ast_signature signature;
    bool is_alias;              /* NET = call */
    struct fer_ast_call *calls; /* NET alias: one; DATA: reader and transforms */
    int ncalls;
    struct fer_ast_field *fields;
    int nfields;
    struct fer_ast_path path;
    struct fer_ast_keyword *keywords; /* LOAD; STAGE: until */
    int nkeywords;
    struct fer_ast_keyword *keeping; /* STAGE */
    int nkeeping;
    struct fer_ast_stmt *body;
    int nbody;
};

struct fer_ast_file {
    int format; /* of "fer 1" */
    struct fer_ast_item *items;
    int nitems;
};

/* Parse one description.  Reports every error it finds into `diags` (recovering at the
 * next top-level item) and returns FER_EPARSE when there was one.  Nodes live in `arena`.
 * `include` reads relative to the including file; `sources` owns the texts. */
enum fer_status fer_parse(struct fer_arena *arena, struct fer_sources *sources, const struct fer_source *source,
                          struct fer_ast_file **out, struct fer_diags *diags, struct fer_error *err);

/* The canonical text, comments kept (they are found again in the sources by position).
 * Prints the items of `source`, its `include`s as they stand; with `source` NULL all
 * items, those of included files in their place instead of the `include`s.  *out is malloc'ed. */
enum fer_status fer_ast_print(const struct fer_ast_file *file, const struct fer_source *source, char **out,
                              struct fer_error *err);

#endif
