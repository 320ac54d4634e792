/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the resolver: modules, scopes and the environment in which flows are evaluated.  Evaluating a flow appends
 * operations to a graph; it computes shapes, never pictures.
 *
 * Every function here that fails has reported a diagnostic at its place; the status only says to stop.
 */
#ifndef FER_GRAPH_RESOLVE_H
#define FER_GRAPH_RESOLVE_H

#include "data/pipeline.h"
#include "graph/bind.h"
#include "graph/graph.h"
#include "graph/registry.h"

#define FER_CALL_DEPTH 48
#define FER_MAX_VALUES 16 /* values that flow through a pipe at once */
/* What a description may come to, so that no text of a few lines takes a day: things it defines, and operations. */
#define FER_MOST_ITEMS 10000
#define FER_MOST_LABELS 10000
#define FER_MOST_CALLS 50000
#define FER_MOST_NAMES 2000 /* of values in one pair of braces */

/* One parsed file, or the text of a plugin's model. */
struct fer_module {
    const struct fer_ast_file *file;
    const struct fer_source *source;
    const char **plugins; /* what `use` names, NULL-terminated */
    struct fer_bindings lets;
    struct fer_span caller; /* a model's text: the call that asked for it; source NULL: the main file */
    bool *used;             /* per item: blocks, nets, data sets somebody named */
};

/* The structure of a net: shared by `net b = a`. */
struct fer_net_body {
    struct fer_module *module;
    const struct fer_ast_item *item; /* with signature and flows */
    const char *until, *from;        /* labels of a cut, NULL: none */
    struct fer_span until_span, from_span;
};

/* Names of values; inner scopes see outer ones. */
struct fer_name {
    const char *name;
    struct fer_value *value;
    struct fer_span span;
    bool used, quiet; /* quiet: no warning when unused (data fields, ports) */
};
struct fer_scope {
    struct fer_name *items;
    int count, capacity;
    struct fer_scope *parent;
};

/* Where weights get their names. */
struct fer_naming {
    const char *prefix;
    struct {
        const char *type;
        int next;
    } counters[64];
    int ncounters;
};

struct fer_resolver {
    struct fer_description *d;
    struct fer_module *main;
    unsigned invocations; /* net calls so far: tells calls of one net apart */
    struct fer_span use;  /* where the description uses the net that is being evaluated; source NULL: nowhere */
    int depth;
    int calls, settled; /* evaluated so far: flows and operations; values in lists */
};

/* Where a flow is evaluated. */
struct fer_env {
    struct fer_resolver *r;
    struct fer_graph *graph;
    struct fer_module *module;
    const struct fer_bindings *bindings;
    struct fer_scope *scope;
    struct fer_net *net; /* owner of weights; NULL in stages, tests, predict */
    struct fer_naming *naming;
    const bool *trained; /* by net index: which nets are in training mode; NULL: none */
    bool training;       /* of operations outside nets */
    bool net_training;   /* of operations inside the current net */
    int region, branch;
    unsigned invocation;
    /* FER_TYPE_VALUE parameters add inputs to the operation being bound */
    struct fer_value *extra[FER_OP_PORTS];
    int nextra, first_extra;
};

struct fer_values {
    struct fer_value *items[FER_MAX_VALUES];
    int count;
};

/* ---- scope.c ---- */
struct fer_value *fer_scope_find(struct fer_env *env, const char *name, struct fer_span span); /* reports */
enum fer_status fer_scope_define(struct fer_env *env, const char *name, struct fer_span span, struct fer_value *value,
                                 bool quiet);
void fer_scope_warn_unused(struct fer_env *env, const struct fer_scope *scope);
enum fer_status fer_report_memory(struct fer_resolver *r, struct fer_span span);
/* An error at `span` in `module`, with the caller of a model's text as its second place. */
void fer_report_at(struct fer_resolver *r, const struct fer_module *module, struct fer_span span, const char *format,
                   ...) FER_PRINTF(4, 5);

/* ---- items.c ---- */
/* Everything that can be said before a flow is evaluated; then what nobody used. */
enum fer_status fer_items_check(struct fer_resolver *r);
void fer_items_warn(struct fer_resolver *r);
const struct fer_ast_item *fer_item_find(const struct fer_module *module, enum fer_ast_item_kind kind,
                                         const char *name);
/* The plugins that a file's `use` items name, as the module's list. */
enum fer_status fer_module_plugins(struct fer_resolver *r, struct fer_module *module);

/* ---- env.c ---- */
/* How the arguments of a call are bound here; `reserved`: keywords that are not the plugin's. */
struct fer_binder fer_env_binder(struct fer_env *env, const char *const *reserved);
/* Keywords of the language itself (until, keeping, step, update, load): bound like a plugin's, kept with the
 * description. */
enum fer_status fer_words_bind(struct fer_env *env, const char *owner, const struct fer_param *const *params,
                               size_t size, const struct fer_ast_keyword *keywords, int nkeywords, struct fer_span span,
                               void **out);

/* ---- label.c ---- */
/* An error when the call has a label. */
enum fer_status fer_call_unlabelled(struct fer_env *env, const struct fer_ast_call *call);
/* The path of an operation: prefix and label, or prefix, type and order. */
const char *fer_op_path(struct fer_env *env, const char *label, const char *type);
/* Name of chain step i: its label with its index, or the operation's name. */
enum fer_status fer_call_label(struct fer_env *env, const struct fer_ast_call *calls, int ncalls, int i, int repetition,
                               const char **label);
/* repeat=N of a call, 1 without it. */
enum fer_status fer_call_repeat(struct fer_env *env, const struct fer_ast_call *call, int *repeat);

/* ---- flow.c ---- */
/* Names for what a flow yields; outputs past outputs_min of the last operation may stay unnamed (last NULL: none). */
enum fer_status fer_outputs_define(struct fer_env *env, const struct fer_ast_names *names,
                                   const struct fer_values *values, const struct fer_op *last, struct fer_span span);
enum fer_status fer_flow_inputs(struct fer_env *env, const struct fer_ast_flow *flow, struct fer_values *values);
/* outputs = inputs | calls: defines the outputs.  last, when not NULL, gets the last operation that was added. */
enum fer_status fer_flow_eval(struct fer_env *env, const struct fer_ast_flow *flow, struct fer_op **last);
/* calls[first, end) applied to *values, in place.  Labels count over the whole of calls. */
enum fer_status fer_calls_eval(struct fer_env *env, const struct fer_ast_call *calls, int ncalls, int first, int end,
                               struct fer_values *values, struct fer_op **last);
/* One bound layer call. */
enum fer_status fer_layer_eval(struct fer_env *env, const struct fer_layer *layer, const struct fer_ast_call *call,
                               const char *path, bool is_metric, const char *const *fields, struct fer_values *values,
                               struct fer_op **op);

/* ---- dispatch.c ---- */
/* What follows a decision: every net for its rows, then the join.  *values: what the call yields. */
enum fer_status fer_dispatch_eval(struct fer_env *env, const struct fer_dispatch *dispatch, struct fer_op *decision,
                                  struct fer_values *values);
/* No gradient goes through a join.  Operations that a loss of the step comes through are live; an error where one is
 * that an updated weight leads to. */
enum fer_status fer_dispatch_check(struct fer_resolver *r, const struct fer_graph *graph,
                                   const struct fer_step_spec *step);

/* ---- inline.c ---- */
/* What a port's type says, with a batch axis of 0; rank 0: nothing. */
struct fer_shape fer_port_shape(const struct fer_ast_port *port);
/* `what` and `name` are for errors: net 'trunk'. */
enum fer_status fer_ports_check(struct fer_env *env, const struct fer_ast_signature *signature, const char *what,
                                const char *name, const struct fer_values *values, struct fer_span span);
enum fer_status fer_outputs_take(struct fer_env *env, const struct fer_ast_signature *signature,
                                 struct fer_values *values);
/* Formals of what is used without arguments: all take their defaults. */
enum fer_status fer_formals_default(struct fer_resolver *r, const struct fer_module *module, const char *what,
                                    const struct fer_ast_signature *signature, struct fer_arena *arena,
                                    struct fer_bindings *out);
enum fer_status fer_block_eval(struct fer_env *env, const struct fer_ast_item *item, const struct fer_ast_call *call,
                               const char *label, struct fer_values *values);
enum fer_status fer_predict_eval(struct fer_env *env, const struct fer_ast_item *item, const struct fer_ast_call *call,
                                 struct fer_values *values);

/* ---- model.c ---- */
/* The text that a plugin's model writes for these arguments, as a module; its last net is *item. */
enum fer_status fer_model_write(struct fer_env *env, const struct fer_model *model, const struct fer_ast_call *call,
                                const struct fer_ast_keyword *keywords, int nkeywords, struct fer_module **module,
                                const struct fer_ast_item **item);

/* ---- net.c, cut.c ---- */
enum fer_status fer_net_create(struct fer_resolver *r, struct fer_module *module, const struct fer_ast_item *item);
enum fer_status fer_net_eval(struct fer_env *env, struct fer_net *net, const struct fer_ast_call *call,
                             struct fer_span span, struct fer_values *values);

/* ---- dataset.c, dataflow.c ---- */
struct fer_data_body {
    const struct fer_ast_item *item;
    int first_device; /* index in item->calls of what follows `batch` */
};
enum fer_status fer_data_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_data_spec *out);
/* Inputs, device operations and names of one data set in a graph; position: among the stage's data sets. */
enum fer_status fer_data_eval(struct fer_env *env, struct fer_data_spec *data, int position, bool training);
/* The same, with every field that there is under its own name. */
enum fer_status fer_data_eval_all(struct fer_env *env, struct fer_data_spec *data, int position, bool training);

enum fer_status fer_cut_eval(struct fer_env *env, const struct fer_net *net, struct fer_values *values);

/* ---- stage.c, test.c, predict.c, load.c ---- */
enum fer_status fer_stage_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_stage_spec *out);
enum fer_status fer_test_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_test_spec *out);
enum fer_status fer_predict_create(struct fer_resolver *r, const struct fer_ast_item *item,
                                   struct fer_predict_spec *out);
/* The data sets after `over`; *there is false when one is absent. */
enum fer_status fer_stage_data(struct fer_resolver *r, const struct fer_ast_names *names, int *indexes, int *capacity,
                               bool *there);
/* The net that the first component of a path names; reports when there is none. */
struct fer_net *fer_path_net(struct fer_resolver *r, const struct fer_ast_path *path);
/* Whether a weight lies under a path: "trunk" and "trunk.layer1" hold "trunk.layer1.0.conv1.weight". */
bool fer_path_holds(const char *path, const char *weight);
/* Load and save statements. */
enum fer_status fer_save_create(struct fer_resolver *r, const struct fer_ast_stmt *stmt, struct fer_save_spec *out);
/* Once all weights are known: some lie under the path. */
enum fer_status fer_load_check(struct fer_resolver *r, const char *path, struct fer_span span);
/* Appends to the list; nothing when a $name stands for "". */
enum fer_status fer_load_create(struct fer_resolver *r, struct fer_ast_path path, const struct fer_ast_value *file,
                                const struct fer_ast_keyword *keywords, int nkeywords, struct fer_load_spec *list,
                                int *count);
int fer_test_index(const struct fer_description *d, const char *name);

#endif
