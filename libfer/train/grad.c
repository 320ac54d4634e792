/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients against central differences.  The function is L = sum of outputs times fixed random numbers; for a tensor x
 * and a random direction d of length 1, (L(x + h d) - L(x - h d)) / 2h is compared with the gradient's component along
 * d.  L is summed in double from float outputs, so h is chosen large enough (1e-2 of the tensor's own size) that
 * rounding does not decide, and two step sizes are tried: a kink (ReLU) spoils one, seldom both.
 */
#include <fer/host.h>
#include <fer/run.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "train/net.h"

static const double ROUNDING = 2e-7; /* of one float in L, relative */

enum { STREAM_INPUT = 1, STREAM_OUTPUT, STREAM_DIRECTION };

struct check {
    struct fer_net_session session;
    uint64_t seed;
    double *factors[16]; /* of each output in L */
    float *scratch;      /* room for the largest tensor */
    double magnitude;    /* sum of |terms of L|, for the size of its rounding error */
};

/* One tensor that is varied. */
struct subject {
    const char *name;
    const struct fer_tensor *input, *input_grad; /* a port … */
    const struct fer_weight *weight;             /* … or a weight */
    size_t count;
};

static double normal(uint64_t seed, uint32_t stream, size_t i)
{
    struct fer_random random = { seed, stream };
    double u = 1 - fer_random_uniform(random, 2 * i), v = fer_random_uniform(random, 2 * i + 1);

    return sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v);
}

static enum fer_status forward(struct check *check, double *loss, struct fer_error *err)
{
    struct fer_flow_program *flow = check->session.flow;
    enum fer_status status;

    fer_exec_weights_changed(flow->exec);
    status = fer_exec_run(flow->exec, flow->segment, err);
    *loss = check->magnitude = 0;
    for (int i = 0; status == FER_OK && i < flow->nout; i++) {
        size_t count = fer_shape_count(&flow->out[i]->shape);

        if (flow->out[i]->shape.dtype != FER_F32)
            continue;
        status = fer_exec_read(flow->exec, flow->out[i], check->scratch, count * sizeof(float), err);
        for (size_t k = 0; status == FER_OK && k < count; k++) {
            double term = check->factors[i][k] * (double)check->scratch[k];

            *loss += term;
            check->magnitude += fabs(term);
        }
    }
    return status;
}

static enum fer_status put(struct check *check, const struct subject *subject, const float *data, struct fer_error *err)
{
    if (subject->weight)
        return fer_store_write(check->session.store, subject->weight, data, err);
    return fer_exec_write(check->session.flow->exec, subject->input, data, subject->count * sizeof(float), err);
}

static enum fer_status get_gradient(struct check *check, const struct subject *subject, float *data,
                                    struct fer_error *err)
{
    struct fer_flow_program *flow = check->session.flow;

    if (subject->weight)
        return fer_buffer_read(flow->grads[subject->weight->net->index], subject->weight->offset * sizeof(float), data,
                               subject->count * sizeof(float), err);
    return fer_exec_read(flow->exec, subject->input_grad, data, subject->count * sizeof(float), err);
}

/* (L(x + h d) - L(x - h d)) / 2h; puts x back. */
static enum fer_status difference(struct check *check, const struct subject *subject, const float *x, const float *d,
                                  double h, double *out, struct fer_error *err)
{
    float *moved = malloc(subject->count * sizeof(float));
    double loss[2] = { 0, 0 };
    enum fer_status status = moved ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    for (int side = 0; status == FER_OK && side < 2; side++) {
        for (size_t i = 0; i < subject->count; i++)
            moved[i] = (float)((double)x[i] + (side ? -h : h) * (double)d[i]);
        status = put(check, subject, moved, err);
        if (status == FER_OK)
            status = forward(check, &loss[side], err);
    }
    if (status == FER_OK)
        status = put(check, subject, x, err);
    *out = (loss[0] - loss[1]) / (2 * h);
    free(moved);
    return status;
}

/* The direction: half along the gradient, so that its component does not vanish, half random. */
static void choose_direction(uint64_t seed, uint32_t stream, const float *gradient, float *d, size_t count)
{
    double g = 0, r = 0, length = 0;

    for (size_t i = 0; i < count; i++) {
        d[i] = (float)normal(seed, stream, i);
        g += (double)gradient[i] * (double)gradient[i];
        r += (double)d[i] * (double)d[i];
    }
    for (size_t i = 0; i < count; i++) {
        double v = (double)d[i] / sqrt(r) + (g > 0 ? (double)gradient[i] / sqrt(g) : 0);

        d[i] = (float)v;
        length += v * v;
    }
    for (size_t i = 0; i < count; i++)
        d[i] = (float)((double)d[i] / sqrt(length > 0 ? length : 1));
}

static enum fer_status compare(struct check *check, const struct subject *subject, const float *x,
                               const float *gradient, uint32_t stream, double tolerance, json_t *rows, bool *ok,
                               struct fer_error *err)
{
    float *d = malloc(subject->count * sizeof(float));
    double size = 0, analytic = 0, numeric = NAN, best = INFINITY;
    enum fer_status status = d ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        choose_direction(check->seed, stream, gradient, d, subject->count);
    for (size_t i = 0; status == FER_OK && i < subject->count; i++) {
        size += (double)x[i] * (double)x[i];
        analytic += (double)gradient[i] * (double)d[i];
    }
    size = sqrt(size) > 1 ? sqrt(size) : 1;
    for (double h = 1e-2 * size; status == FER_OK && h > 5e-4 * size; h /= 4) {
        double value, error;

        status = difference(check, subject, x, d, h, &value, err);
        error = fmax(0, fabs(value - analytic) - ROUNDING * check->magnitude / h);
        error /= fabs(value) + fabs(analytic) + 1e-30;
        if (isfinite(value) && error < best)
            best = error, numeric = value;
    }
    if (status == FER_OK) {
        bool good = best <= tolerance;

        *ok = *ok && good;
        if (json_array_append_new(rows, json_pack("{s:s, s:o, s:o, s:o, s:b}", "name", subject->name, "analytic",
                                                  fer_json_number(analytic), "numeric", fer_json_number(numeric),
                                                  "difference", fer_json_number(best), "ok", (int)good)) != 0)
            status = fer_fail(err, FER_ENOMEM, "out of memory");
    }
    free(d);
    return status;
}

static enum fer_status check_subject(struct check *check, const struct subject *subject, const float *x,
                                     const struct fer_grad_options *options, uint32_t *stream, json_t *rows, bool *ok,
                                     struct fer_error *err)
{
    struct fer_flow_program *flow = check->session.flow;
    float *gradient = malloc(subject->count * sizeof(float));
    int directions = options->directions > 0 ? options->directions : 2;
    double loss, tolerance = options->tolerance > 0 ? options->tolerance : 1e-2;
    enum fer_status status = gradient ? forward(check, &loss, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = fer_exec_run(flow->exec, flow->backward, err);
    if (status == FER_OK)
        status = get_gradient(check, subject, gradient, err);
    for (int k = 0; status == FER_OK && k < directions; k++)
        status = compare(check, subject, x, gradient, (*stream)++, tolerance, rows, ok, err);
    free(gradient);
    return status;
}

/* ---- setting up ---- */

static enum fer_status compile(struct check *check, const struct fer_grad_options *options, struct fer_error *err)
{
    struct fer_net_session *s = &check->session;
    struct fer_shape shapes[FER_NET_PORTS];
    int batch = options->batch > 0 ? options->batch : 2;

    for (int i = 0; i < s->nports; i++) {
        const struct fer_shape *port = &s->ports[i].shape;

        if (port->rank == 0)
            return fer_fail(err, FER_ESHAPE,
                            "net %s: port %s has no shape; give one: %s: f32[3,64,64], or for labels %s: i32[]", s->net,
                            s->ports[i].name, s->ports[i].name, s->ports[i].name);
        shapes[i] = *port;
        shapes[i].dim[0] = batch;
    }
    return fer_net_session_compile(s, shapes, options->training, true, options->weights, err);
}

/* Normal numbers; whole numbers below what their readers know as classes. */
static void fill_input(const struct check *check, int i, size_t count, float *data)
{
    const uint64_t seed = check->seed + (uint64_t)i;
    const struct fer_value *value = check->session.spec.graph->inputs[i].value;
    const struct fer_random random = { seed, STREAM_INPUT };

    for (size_t k = 0; k < count; k++) {
        const int whole = (int)(fer_random_uniform(random, k) * (value->classes > 0 ? value->classes : 2));

        if (value->shape.dtype == FER_F32)
            data[k] = (float)normal(seed, STREAM_INPUT, k);
        else
            memcpy(data + k, &whole, sizeof(whole));
    }
}

/* Random inputs and factors; room for the largest output. */
static enum fer_status prepare(struct check *check, float **inputs, struct fer_error *err)
{
    struct fer_flow_program *flow = check->session.flow;
    size_t largest = 1;
    enum fer_status status = fer_exec_batch(flow->exec, flow->program->capacity, err);

    for (int i = 0; i < flow->nout; i++)
        largest = fer_shape_count(&flow->out[i]->shape) > largest ? fer_shape_count(&flow->out[i]->shape) : largest;
    check->scratch = malloc(largest * sizeof(float));
    if (!check->scratch || flow->nout > 16)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; status == FER_OK && i < flow->nin; i++) {
        size_t count = fer_shape_count(&flow->in[i]->shape);

        inputs[i] = malloc(count * sizeof(float));
        if (!inputs[i])
            return fer_fail(err, FER_ENOMEM, "out of memory");
        fill_input(check, i, count, inputs[i]);
        status = fer_exec_write(flow->exec, flow->in[i], inputs[i], count * sizeof(float), err);
    }
    for (int i = 0; status == FER_OK && i < flow->nout; i++) {
        size_t count = fer_shape_count(&flow->out[i]->shape);

        check->factors[i] = malloc(count * sizeof(double));
        if (!check->factors[i])
            return fer_fail(err, FER_ENOMEM, "out of memory");
        for (size_t k = 0; k < count; k++) {
            check->scratch[k] = (float)normal(check->seed + (uint64_t)i, STREAM_OUTPUT, k);
            check->factors[i][k] = (double)check->scratch[k];
        }
        if (flow->grad_out[i])
            status = fer_exec_write(flow->exec, flow->grad_out[i], check->scratch, count * sizeof(float), err);
    }
    return status == FER_OK ? fer_flow_number(flow, err) : status;
}

static enum fer_status check_weights(struct check *check, const struct fer_grad_options *options, uint32_t *stream,
                                     json_t *rows, bool *ok, struct fer_error *err)
{
    struct fer_net_session *s = &check->session;
    enum fer_status status = FER_OK;

    for (int n = 0; n < s->description->nnets; n++) {
        const struct fer_net *net = s->description->nets[n];

        for (int w = 0; status == FER_OK && s->flow->grads[n] && w < net->nweights; w++) {
            const struct fer_weight *weight = net->weights[w];
            struct subject subject = { .name = weight->path,
                                       .weight = weight,
                                       .count = fer_shape_count(&weight->shape) };
            float *x;

            if (!weight->trained)
                continue;
            x = malloc(subject.count * sizeof(float));
            status = x ? fer_store_read(s->store, weight, x, err) : fer_fail(err, FER_ENOMEM, "out of memory");
            if (status == FER_OK)
                status = check_subject(check, &subject, x, options, stream, rows, ok, err);
            free(x);
        }
    }
    return status;
}

static enum fer_status check_all(struct check *check, const struct fer_grad_options *options, json_t *rows, bool *ok,
                                 struct fer_error *err)
{
    struct fer_net_session *s = &check->session;
    float *inputs[FER_NET_PORTS] = { NULL };
    uint32_t stream = STREAM_DIRECTION;
    enum fer_status status = prepare(check, inputs, err);

    for (int i = 0; status == FER_OK && i < s->flow->nin; i++) {
        struct subject subject = { .name = s->ports[i].name,
                                   .input = s->flow->in[i],
                                   .input_grad = s->flow->grad_in[i],
                                   .count = fer_shape_count(&s->flow->in[i]->shape) };

        if (subject.input_grad)
            status = check_subject(check, &subject, inputs[i], options, &stream, rows, ok, err);
    }
    if (status == FER_OK)
        status = check_weights(check, options, &stream, rows, ok, err);
    for (int i = 0; i < FER_NET_PORTS; i++)
        free(inputs[i]);
    return status;
}

enum fer_status fer_grad_check(struct fer_context *context, const char *path, const char *net,
                               const struct fer_grad_options *options, char **json, struct fer_error *err)
{
    static const struct fer_grad_options none;
    struct check check = { 0 };
    json_t *rows = json_array();
    bool ok = true;
    enum fer_status status;

    *json = NULL;
    options = options ? options : &none;
    check.seed = options->settings.seed;
    if (options->batch > 1024)
        status = fer_fail(err, FER_EINVAL, "a batch of %d is too large for a check; at most 1024", options->batch);
    else if (context->precision != FER_FP32)
        status = fer_fail(err, FER_EINVAL, "differences so small are lost in %s; gradients are compared in fp32 alone",
                          fer_precision_name(context->precision));
    else
        status = fer_net_session_open(context, path, net, &options->settings, &check.session, err);
    if (status == FER_OK)
        status = compile(&check, options, err);
    if (status == FER_OK)
        status = check_all(&check, options, rows, &ok, err);
    if (status == FER_OK)
        status = fer_json_text(json_pack("{s:s, s:O, s:b}", "net", net, "tensors", rows, "ok", (int)ok), json, err);
    json_decref(rows);
    free(check.scratch);
    for (int i = 0; i < 16; i++)
        free(check.factors[i]);
    if (check.session.description)
        fer_net_session_close(&check.session);
    return status;
}
