/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases on a device: compiled, run, read back.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s: %s", program->title, err.text)

/* ---- devices ---- */

struct op_device op_device_open(enum fer_profile profile)
{
    struct op_device d;
    setenv("FER_PROFILE", profile == FER_PROFILE_CPU ? "cpu" : "gpu", 1);
    ck_assert_msg(fer_registry_create(NULL, &d.registry, &err) == FER_OK, "%s", err.text);
    ck_assert_msg(fer_device_open(NULL, &d.device, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(d.device->profile, profile);
    return d;
}

void op_device_close(struct op_device *d)
{
    fer_device_close(d->device);
    fer_registry_free(d->registry);
}

/* ---- between plain doubles and the device ---- */

static size_t blocked_at(const struct op_tensor *t, int n, int c, size_t p)
{
    const size_t plane = (size_t)t->dim[2] * (size_t)t->dim[3],
                 blocks = ((size_t)t->dim[1] + FER_BLOCK - 1) / FER_BLOCK;
    return (((size_t)n * blocks + (size_t)c / FER_BLOCK) * plane + p) * FER_BLOCK + (size_t)c % FER_BLOCK;
}

static bool is_blocked(const struct fer_tensor *tensor)
{
    return tensor->layout == FER_LAYOUT_BLOCKED && tensor->shape.rank == 4;
}

static size_t live_elements(const struct fer_tensor *tensor, const struct op_tensor *t)
{
    const size_t channels = ((size_t)t->dim[1] + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    return is_blocked(tensor) ? (size_t)t->dim[0] * channels * (size_t)t->dim[2] * (size_t)t->dim[3] : t->count;
}

void op_write(struct fer_exec *exec, const struct fer_tensor *tensor, const struct op_tensor *t)
{
    const size_t count = live_elements(tensor, t), plane = (size_t)t->dim[2] * (size_t)t->dim[3];
    float *floats = calloc(count + 1, sizeof(*floats));
    int32_t *ints = (int32_t *)(void *)floats;
    for (size_t i = 0; i < t->count; i++) {
        const int n = (int)(i / plane / (size_t)t->dim[1]), c = (int)(i / plane % (size_t)t->dim[1]);
        if (tensor->shape.dtype == FER_F32)
            floats[is_blocked(tensor) ? blocked_at(t, n, c, i % plane) : i] = (float)t->v[i];
        else
            ints[i] = (int32_t)t->v[i];
    }
    ck_assert_msg(fer_exec_write(exec, tensor, floats, count * sizeof(float), &err) == FER_OK, "%s", err.text);
    free(floats);
}

void op_read(struct fer_exec *exec, const struct fer_tensor *tensor, struct op_tensor *t)
{
    const size_t count = live_elements(tensor, t), plane = (size_t)t->dim[2] * (size_t)t->dim[3];
    float *floats = calloc(count + 1, sizeof(*floats));
    ck_assert_msg(fer_exec_read(exec, tensor, floats, count * sizeof(float), &err) == FER_OK, "%s", err.text);
    for (size_t i = 0; i < t->count; i++) {
        const int n = (int)(i / plane / (size_t)t->dim[1]), c = (int)(i / plane % (size_t)t->dim[1]);
        t->v[i] = floats[is_blocked(tensor) ? blocked_at(t, n, c, i % plane) : i];
    }
    if (is_blocked(tensor))
        for (int n = 0; n < t->dim[0]; n++)
            for (int c = t->dim[1]; c % FER_BLOCK != 0; c++)
                for (size_t p = 0; p < plane; p++)
                    ck_assert_msg(floats[blocked_at(t, n, c, p)] == 0, "lane %d of %s is %g, not zero", c,
                                  tensor->name ? tensor->name : "a tensor", (double)floats[blocked_at(t, n, c, p)]);
    free(floats);
}

/* ---- compiling ---- */

static void write_description(const struct op_case *c, int ninputs, char *text, size_t size)
{
    const int outputs = c->outputs ? c->outputs : 1;
    const char *use = c->use ? c->use : "";
    char in[64] = "", out[64] = "";
    for (int i = 0; i < ninputs; i++)
        sprintf(in + strlen(in), "%s%c", i ? ", " : "", 'a' + i);
    for (int i = 0; i < outputs; i++)
        sprintf(out + strlen(out), "%s%c", i ? ", " : "", "yzvw"[i]);
    if (c->flow)
        snprintf(text, size, "fer 1\nuse vision, loss, data%s\nnet t(%s) -> %s {\n%s\n}\n", use, in, out, c->flow);
    else
        snprintf(text, size, "fer 1\nuse vision, loss, data%s\nnet t(%s) -> %s { %s = %s | op: %s }\n", use, in, out,
                 out, in, c->call);
}

void op_program_resolve(struct op_program *program, const struct op_case *c, const struct op_device *device,
                        bool blocked)
{
    const struct fer_description_options options = { .seed = 7 };
    struct op_word words[OP_PORTS];
    struct fer_shape shapes[OP_PORTS];
    char text[2048];
    const int ninputs = op_words_parse(c->inputs, words);

    *program = (struct op_program){ .c = c, .device = device, .blocked = blocked, .capacity = words[0].shape.dim[0] };
    snprintf(program->title, sizeof program->title, "%s of %s, %s profile, %s", c->flow ? c->flow : c->call, c->inputs,
             device->device->profile == FER_PROFILE_CPU ? "cpu" : "gpu", blocked ? "blocked" : "plain");
    for (int i = 0; i < ninputs; i++)
        shapes[i] = words[i].shape;
    write_description(c, ninputs, text, sizeof text);
    OK(fer_description_parse(device->registry, "case", ".", text, &options, &program->description, &err));
    OK(fer_description_call(program->description, "t", shapes, ninputs, (c->flags & OP_TRAINING) != 0, &program->spec,
                            &err));
    for (int i = 0; i < ninputs && blocked; i++)
        if (shapes[i].rank == 4 && shapes[i].dtype == FER_F32)
            program->spec.graph->inputs[i].value->layout = FER_LAYOUT_BLOCKED;
    program->net = fer_description_net(program->description, "t");
}

void op_program_build(struct op_program *program)
{
    const struct fer_compile_options poison = {
        .poison = true, .without = program->c->without, .precision = program->c->precision, .forced = program->c->forced
    };
    OK(fer_store_create(program->device->device, program->description, 1, &program->store, &err));
    OK(fer_predict_compile(program->description, &program->spec, program->capacity,
                           !(program->c->flags & OP_NO_BACKWARD), program->store, &poison, &program->flow, &err));
}

void op_program_compile(struct op_program *program, const struct op_case *c, const struct op_device *device,
                        bool blocked)
{
    op_program_resolve(program, c, device, blocked);
    op_program_build(program);
}

void op_program_free(struct op_program *program)
{
    fer_flow_program_free(program->flow);
    fer_store_free(program->store);
    fer_description_free(program->description);
}

bool op_program_uses(const struct op_program *program, bool backward, const char *kernel)
{
    const struct fer_segment *segment = backward ? program->flow->backward : program->flow->segment;
    for (int i = 0; i < segment->count; i++)
        if (strcmp(segment->launches[i]->kernel, kernel) == 0)
            return true;
    return false;
}

/* ---- one run ---- */

static void write_weights(const struct op_program *program, const struct op_reference *r)
{
    for (int i = 0; i < r->nweights; i++) {
        float *values = malloc(r->weight[i].count * sizeof(*values));
        for (size_t k = 0; k < r->weight[i].count; k++)
            values[k] = (float)r->weight[i].v[k];
        OK(fer_store_write(program->store, program->net->weights[i], values, &err));
        free(values);
    }
    fer_exec_weights_changed(program->flow->exec);
}

static void read_floats(struct op_tensor *to, const float *from)
{
    for (size_t k = 0; k < to->count; k++)
        to->v[k] = from[k];
}

static void read_weights(const struct op_program *program, struct op_reference *r)
{
    for (int i = 0; i < r->nweights; i++) {
        struct fer_weight *weight = program->net->weights[i];
        float *values = malloc(r->weight[i].count * sizeof(*values));
        if (r->moved[i].v) {
            OK(fer_store_read(program->store, weight, values, &err));
            read_floats(&r->moved[i], values);
        }
        if (r->grad_weight[i].v) {
            OK(fer_buffer_read(program->flow->grads[program->net->index], weight->offset * sizeof(float), values,
                               r->weight[i].count * sizeof(float), &err));
            read_floats(&r->grad_weight[i], values);
        }
        free(values);
    }
}

static void write_random(const struct op_program *program, int live)
{
    struct fer_flow_program *flow = program->flow;
    uint32_t epoch[4] = { 0 }, ids[128];
    ck_assert_int_le(live, (int)(sizeof ids / sizeof ids[0]));
    for (int i = 0; i < live; i++)
        ids[i] = (uint32_t)(100 + i);
    if (flow->random.epoch)
        OK(fer_exec_write(flow->exec, flow->random.epoch, epoch, sizeof epoch, &err));
    if (flow->random.ids)
        OK(fer_exec_write(flow->exec, flow->random.ids, ids, (size_t)live * sizeof(*ids), &err));
}

/* Reading also checks the zero lanes of what is blocked. */
static void check_lanes(const struct op_program *program, int live)
{
    const struct fer_graph *graph = program->flow->graph;
    for (int i = 0; i < graph->nvalues; i++) {
        const struct fer_value *value = graph->values[i];
        if (!value->tensor || !is_blocked(value->tensor) || !value->keep)
            continue;
        struct op_tensor t = op_tensor_create(&value->tensor->shape, live);
        op_read(program->flow->exec, value->tensor, &t);
        op_tensor_free(&t);
    }
}

void op_program_run(const struct op_program *program, int live, struct op_reference *r)
{
    struct fer_flow_program *flow = program->flow;
    write_weights(program, r);
    OK(fer_exec_batch(flow->exec, live, &err));
    for (int i = 0; i < r->nin; i++)
        op_write(flow->exec, flow->in[i], &r->in[i]);
    write_random(program, live);
    OK(fer_exec_run(flow->exec, flow->segment, &err));
    for (int i = 0; i < r->nout; i++)
        op_read(flow->exec, flow->out[i], &r->out[i]);
    check_lanes(program, live);
    if (flow->backward) {
        for (int i = 0; i < r->nout; i++)
            if (flow->grad_out[i])
                op_write(flow->exec, flow->grad_out[i], &r->grad_out[i]);
        OK(fer_exec_run(flow->exec, flow->backward, &err));
        for (int i = 0; i < r->nin; i++)
            if (r->grad_in[i].v && flow->grad_in[i])
                op_read(flow->exec, flow->grad_in[i], &r->grad_in[i]);
    }
    read_weights(program, r);
}
