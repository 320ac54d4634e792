/* SPDX-License-Identifier: Apache-2.0
 *
 * fer run: one net on tensors out of a file.
 */
#include <fer/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/net.h"
#include "train/safetensors.h"

static enum fer_status shape_of_row(const struct fer_safetensor *row, const char *path, struct fer_shape *shape,
                                    struct fer_error *err)
{
    if (row->rank < 1 || row->rank > FER_MAX_RANK)
        return fer_fail(err, FER_ESHAPE, "%s: %s has %d axes; 1 to %d are possible, the batch first", path, row->name,
                        row->rank, FER_MAX_RANK);
    /* integers are labels */
    *shape = (struct fer_shape){ .dtype = row->type == FER_ST_I32 ? FER_I32 : FER_F32, .rank = row->rank, .batch = 1 };
    for (int i = 0; i < row->rank; i++) {
        if (row->dim[i] < 1 || row->dim[i] > 1 << 24)
            return fer_fail(err, FER_ESHAPE, "%s: %s has an axis of %lld", path, row->name, (long long)row->dim[i]);
        shape->dim[i] = (int)row->dim[i];
    }
    return FER_OK;
}

/* The shapes of all ports, as the file has them. */
static enum fer_status find_inputs(const struct fer_net_session *session, const struct fer_safetensors *file,
                                   const char *path, struct fer_shape *shapes, struct fer_error *err)
{
    for (int i = 0; i < session->nports; i++) {
        const char *name = session->ports[i].name;
        const struct fer_safetensor *row = fer_safetensors_find(file, name);
        enum fer_status status;

        if (!row)
            return fer_fail(err, FER_ENOTFOUND, "%s has no tensor '%s', an input of net %s", path, name, session->net);
        status = shape_of_row(row, path, &shapes[i], err);
        if (status != FER_OK)
            return status;
        if (shapes[i].dim[0] != shapes[0].dim[0])
            return fer_fail(err, FER_ESHAPE, "%s: %s and %s have batches of %d and %d", path, session->ports[0].name,
                            name, shapes[0].dim[0], shapes[i].dim[0]);
    }
    return FER_OK;
}

/* One row of the file to a tensor of the program; an absent one is zero when it may be. */
static enum fer_status upload(const struct fer_net_session *session, const struct fer_safetensors *file,
                              const char *path, const char *name, const struct fer_tensor *tensor, bool optional,
                              struct fer_error *err)
{
    const struct fer_safetensor *row = fer_safetensors_find(file, name);
    size_t count = fer_shape_count(&tensor->shape);
    float *data = calloc(count + 1, sizeof(float));
    enum fer_status status = data ? FER_OK : fer_fail(err, FER_ENOMEM, "no memory for %s", name);
    char ours[128], theirs[128];

    if (status == FER_OK && !row && !optional)
        status = fer_fail(err, FER_ENOTFOUND, "%s has no tensor '%s'", path, name);
    if (status == FER_OK && row && row->count != count)
        status = fer_fail(err, FER_ESHAPE, "%s: %s is %s, and should be %s", path, name,
                          fer_safetensor_shape_text(row, theirs, sizeof(theirs)),
                          fer_shape_text(&tensor->shape, ours, sizeof(ours)));
    if (status == FER_OK && row) /* a tensor of integers is one because the row is */
        status = tensor->shape.dtype == FER_I32 ? fer_safetensors_read(file, row, data, err)
                                                : fer_safetensors_read_f32(file, row, data, err);
    if (status == FER_OK)
        status = fer_exec_write(session->flow->exec, tensor, data, count * sizeof(float), err);
    free(data);
    return status;
}

static enum fer_status upload_all(const struct fer_net_session *session, const struct fer_safetensors *file,
                                  const char *path, struct fer_error *err)
{
    struct fer_flow_program *flow = session->flow;
    enum fer_status status = fer_exec_batch(flow->exec, flow->program->capacity, err);
    char name[256];

    for (int i = 0; status == FER_OK && i < flow->nin; i++)
        status = upload(session, file, path, session->ports[i].name, flow->in[i], false, err);
    for (int i = 0; status == FER_OK && flow->grad_out && i < flow->nout; i++) {
        if (!flow->grad_out[i])
            continue;
        snprintf(name, sizeof(name), "grad.%s", session->spec.outputs[i].name);
        status = upload(session, file, path, name, flow->grad_out[i], true, err);
    }
    return status;
}

static enum fer_status execute(struct fer_flow_program *flow, struct fer_error *err)
{
    enum fer_status status = fer_flow_number(flow, err);

    if (status == FER_OK)
        status = fer_exec_run(flow->exec, flow->segment, err);
    if (status == FER_OK && flow->backward)
        status = fer_exec_run(flow->exec, flow->backward, err);
    return status;
}

/* ---- what is written ---- */

struct source {
    const struct fer_tensor *tensor; /* or */
    const struct fer_weight *weight; /* its gradient */
};

struct results {
    struct fer_net_session *session;
    struct fer_safetensors_writer *writer;
    struct source *items;
    int count;
};

static enum fer_status fill(void *user, int row, void *data, size_t bytes, struct fer_error *err)
{
    const struct results *results = user;
    const struct source *source = &results->items[row];
    struct fer_flow_program *flow = results->session->flow;

    if (source->tensor)
        return fer_exec_read(flow->exec, source->tensor, data, bytes, err);
    return fer_buffer_read(flow->grads[source->weight->net->index], source->weight->offset * sizeof(float), data, bytes,
                           err);
}

static void add(struct results *results, const char *prefix, const char *name, struct source source)
{
    char text[512];

    snprintf(text, sizeof(text), "%s%s", prefix, name);
    fer_safetensors_declare_shape(results->writer, text, source.tensor ? &source.tensor->shape : &source.weight->shape);
    results->items[results->count++] = source;
}

static void add_gradients(struct results *results)
{
    const struct fer_net_session *session = results->session;
    const struct fer_flow_program *flow = session->flow;

    for (int i = 0; i < flow->nin; i++) {
        if (flow->grad_in[i])
            add(results, "grad.", session->ports[i].name, (struct source){ flow->grad_in[i], NULL });
    }
    for (int n = 0; n < session->description->nnets; n++) {
        const struct fer_net *net = session->description->nets[n];

        for (int w = 0; flow->grads[n] && w < net->nweights; w++) {
            if (net->weights[w]->trained)
                add(results, "grad.", net->weights[w]->path, (struct source){ NULL, net->weights[w] });
        }
    }
}

static enum fer_status write_results(struct fer_net_session *session, const char *path, struct fer_error *err)
{
    const struct fer_flow_program *flow = session->flow;
    struct results results = { .session = session };
    size_t most = (size_t)flow->nin + (size_t)flow->nout + 1;
    enum fer_status status = fer_safetensors_writer_create(&results.writer, err);

    for (int n = 0; n < session->description->nnets; n++)
        most += (size_t)session->description->nets[n]->nweights;
    results.items = calloc(most, sizeof(*results.items));
    if (status == FER_OK && !results.items)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK) {
        for (int i = 0; i < flow->nout; i++)
            add(&results, "", session->spec.outputs[i].name, (struct source){ flow->out[i], NULL });
        if (flow->backward)
            add_gradients(&results);
        fer_safetensors_note(results.writer, "version", fer_version());
        status = fer_safetensors_write(results.writer, path, fill, &results, err);
    }
    fer_safetensors_writer_free(results.writer);
    free(results.items);
    return status;
}

enum fer_status fer_run_net(struct fer_context *context, const char *path, const char *net, const char *in,
                            const char *out, const struct fer_run_options *options, struct fer_error *err)
{
    static const struct fer_run_options none;
    struct fer_net_session session = { 0 };
    struct fer_safetensors *file = NULL;
    struct fer_shape shapes[FER_NET_PORTS] = { 0 };
    enum fer_status status;

    options = options ? options : &none;
    status = fer_net_session_open(context, path, net, &options->settings, &session, err);
    if (status == FER_OK)
        status = fer_safetensors_open(in, &file, err);
    if (status == FER_OK)
        status = find_inputs(&session, file, in, shapes, err);
    if (status == FER_OK)
        status = fer_net_session_compile(&session, shapes, options->training, options->backward, options->weights, err);
    if (status == FER_OK)
        status = upload_all(&session, file, in, err);
    if (status == FER_OK)
        status = execute(session.flow, err);
    if (status == FER_OK)
        status = write_results(&session, out, err);
    fer_safetensors_close(file);
    fer_net_session_close(&session);
    return status;
}
