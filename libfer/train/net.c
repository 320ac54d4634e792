/* SPDX-License-Identifier: Apache-2.0 */
#include "train/net.h"

#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"
#include "train/safetensors.h"
#include "train/weights.h"

static enum fer_status unknown_net(const struct fer_description *description, const char *net, const char *path,
                                   struct fer_error *err)
{
    const char *names[256], *nearest;
    int count = description->nnets < 255 ? description->nnets : 255;

    for (int i = 0; i < count; i++)
        names[i] = description->nets[i]->name;
    names[count] = NULL;
    nearest = fer_nearest_name(net, names);
    return fer_fail(err, FER_ENOTFOUND, "%s has no net '%.100s'%s%s%s", path, net, nearest ? "; did you mean '" : "",
                    nearest ? nearest : "", nearest ? "'?" : "");
}

enum fer_status fer_net_session_open(struct fer_context *context, const char *path, const char *net,
                                     const struct fer_settings *settings, struct fer_net_session *out,
                                     struct fer_error *err)
{
    const struct fer_ast_signature *signature;
    const struct fer_net *found;
    enum fer_status status;

    *out = (struct fer_net_session){ .context = context, .net = net };
    status = fer_context_read(context, path, settings, FER_FOR_PREDICT, &out->description, err);
    if (status != FER_OK)
        return status;
    found = fer_description_net(out->description, net);
    if (!found) {
        status = unknown_net(out->description, net, path, err);
        fer_net_session_close(out);
        return status;
    }
    signature = &found->body->item->signature;
    for (int i = 0; i < signature->nports && i < FER_NET_PORTS; i++) {
        struct fer_port_spec *port = &out->ports[out->nports++];

        port->name = signature->ports[i].name;
        port->shape = fer_port_shape(&signature->ports[i]);
    }
    return FER_OK;
}

static bool has_prefix(const struct fer_safetensors *file, const char *prefix)
{
    for (int i = 0; i < fer_safetensors_count(file); i++) {
        if (strncmp(fer_safetensors_row(file, i)->name, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

static enum fer_status load_weights(struct fer_net_session *session, const char *path, struct fer_error *err)
{
    struct fer_safetensors *file;
    enum fer_status status = fer_safetensors_open(path, &file, err);

    for (int i = 0; status == FER_OK && i < session->description->nnets; i++) {
        const struct fer_net *net = session->description->nets[i];
        char prefix[256];
        struct fer_load_spec load = { .path = net->name, .file = path, .prefix = prefix, .strict = true };

        snprintf(prefix, sizeof(prefix), "%s.", net->name);
        if (!has_prefix(file, prefix)) {
            /* other nets than the one that runs need not be there */
            if (strcmp(net->name, session->net) != 0)
                continue;
            prefix[0] = '\0';
        }
        if (net->nweights > 0)
            status = fer_weights_load(session->context, &load, session->store, err);
    }
    fer_safetensors_close(file);
    return status;
}

enum fer_status fer_net_session_compile(struct fer_net_session *s, const struct fer_shape *inputs, bool training,
                                        bool backward, const char *weights, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(s->context);
    struct fer_device *device;
    enum fer_status status;

    options.plan_only = s->plan_only;
    status = fer_description_call(s->description, s->net, inputs, s->nports, training, &s->spec, err);

    if (status == FER_OK)
        status = fer_context_device(s->context, &device, err);
    if (status == FER_OK)
        status = fer_store_create(device, s->description, s->description->options.seed, &s->store, err);
    if (status == FER_OK && weights)
        status = load_weights(s, weights, err);
    if (status == FER_OK)
        status = fer_predict_compile(s->description, &s->spec, s->nports > 0 ? inputs[0].dim[0] : 1, backward, s->store,
                                     &options, &s->flow, err);
    return status;
}

void fer_net_session_close(struct fer_net_session *session)
{
    fer_flow_program_free(session->flow);
    fer_store_free(session->store);
    fer_description_free(session->description);
    *session = (struct fer_net_session){ 0 };
}
