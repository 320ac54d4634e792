/* SPDX-License-Identifier: Apache-2.0
 *
 * Predict: the function that a checkpoint deploys.
 */
#include <string.h>

#include "graph/resolve.h"

static enum fer_status check_ports(struct fer_resolver *r, const struct fer_ast_signature *signature)
{
    for (int i = 0; i < signature->nports; i++) {
        const struct fer_ast_port *port = &signature->ports[i];
        if (!port->dtype) {
            fer_report_at(r, r->main, port->span, "predict needs the shape of '%s', such as %s: f32[1,48,48]",
                          port->name, port->name);
            return FER_EINVAL;
        }
        if (port->rank == 0) {
            fer_report_at(r, r->main, port->span, "an input of predict has an extent, such as %s: f32[1,48,48]",
                          port->name);
            return FER_EINVAL;
        }
        if (strcmp(port->dtype, "f32") != 0) {
            fer_report_at(r, r->main, port->span, "an input of predict is f32, not %s", port->dtype);
            return FER_EINVAL;
        }
    }
    return FER_OK;
}

enum fer_status fer_predict_create(struct fer_resolver *r, const struct fer_ast_item *item,
                                   struct fer_predict_spec *out)
{
    struct fer_description *d = r->d;
    const struct fer_ast_signature *signature = &item->signature;
    out->name = item->name;
    out->span = item->name_span;
    out->inputs = fer_arena_alloc(d->arena, (size_t)(signature->nports + 1) * sizeof(*out->inputs));
    out->outputs = fer_arena_alloc(d->arena, (size_t)(signature->outputs.count + 1) * sizeof(*out->outputs));
    if (!out->inputs || !out->outputs)
        return fer_report_memory(r, item->span);
    out->ninputs = signature->nports;
    struct fer_error err = FER_ERROR_INIT;
    struct fer_bindings bindings = { .parent = &r->main->lets };
    enum fer_status status = check_ports(r, signature);
    if (!status)
        status = fer_formals_default(r, r->main, "predict", signature, d->arena, &bindings);
    if (status)
        return status;
    if (fer_graph_create(d, 1, &out->graph, &err))
        return fer_report_memory(r, item->span);
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = item->name };
    struct fer_env env = { .r = r,
                           .graph = out->graph,
                           .module = r->main,
                           .bindings = &bindings,
                           .scope = &scope,
                           .naming = &naming,
                           .region = FER_REGION_SHARED };
    for (int i = 0; i < signature->nports && !status; i++) {
        const struct fer_ast_port *port = &signature->ports[i];
        struct fer_shape shape = { .dtype = FER_F32, .rank = port->rank + 1, .dim = { 1 }, .batch = 1 };
        for (int k = 0; k < port->rank; k++)
            shape.dim[k + 1] = port->dim[k];
        if (!fer_shape_is_sane(&shape)) {
            fer_report_at(r, r->main, port->span, "'%s' is too large for any device", port->name);
            return FER_ESHAPE;
        }
        struct fer_value *value = fer_graph_add_input(env.graph, &shape, port->name, -1, 0);
        if (!value)
            return fer_report_memory(r, item->span);
        out->inputs[i] = (struct fer_port_spec){ port->name, shape };
        status = fer_scope_define(&env, port->name, port->span, value, false);
    }
    for (int i = 0; i < item->nbody && !status; i++)
        status = fer_flow_eval(&env, &item->body[i].flow, NULL);
    for (int i = 0; i < signature->outputs.count && !status; i++) {
        struct fer_value *value = fer_scope_find(&env, signature->outputs.items[i], signature->outputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        value->keep = true;
        value->name = signature->outputs.items[i];
        out->outputs[out->noutputs++] = (struct fer_port_spec){ signature->outputs.items[i], value->shape };
    }
    if (!status) {
        fer_scope_warn_unused(&env, &scope);
        fer_graph_prune(out->graph);
    }
    return status;
}
