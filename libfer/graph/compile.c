/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages, tests and predict: graphs become programs.
 */
#include "graph/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/emit.h"
#include "graph/plan.h"
#include "graph/update.h"
#include "data/pipeline.h"

static enum fer_status no_memory(struct fer_error *err)
{
    return fer_fail(err, FER_ENOMEM, "out of memory while compiling");
}

/* Words from a layer's emission carry the place in the description. */
static enum fer_status at_op(const struct fer_op *op, enum fer_status status, struct fer_error *err)
{
    if (!status || !op->span.source)
        return status;
    int line, column;
    fer_span_place(op->span, &line, &column);
    return fer_fail_prefix(err, "%s:%d:%d", op->span.source->name, line, column);
}

static enum fer_status emit_region(struct fer_compiler *c, int region, struct fer_segment *segment,
                                   const bool *differentiated, const bool *tracked, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    for (int i = 0; i < c->graph->nops && !status; i++) {
        struct fer_op *op = c->graph->ops[i];
        if (op->live && op->region == region)
            status = at_op(op,
                           fer_branch_forward(c, op, segment, op->net && tracked && tracked[op->net->index],
                                              differentiated && differentiated[i], err),
                           err);
    }
    return status;
}

static enum fer_status finish(struct fer_compiler *c, const struct fer_compile_options *options, struct fer_exec **exec,
                              struct fer_error *err)
{
    static const struct fer_compile_options none = { 0 };
    const struct fer_compile_options *o = options ? options : &none;
    if (o->without & FER_PASS_IN_PLACE)
        for (int i = 0; i < c->program->ntensors; i++)
            c->program->tensors[i]->in_place_of = NULL;
    const enum fer_status status = fer_plan(c->program, c->store->device->max_allocation, err);
    if (status)
        return status;
    return fer_exec_create(c->store->device, c->program, o->poison, o->watch, exec, err);
}

static enum fer_status begin(struct fer_graph *graph, struct fer_store *store, int capacity,
                             const struct fer_compile_options *options, struct fer_compiler *c, struct fer_error *err)
{
    enum fer_status status = fer_lower(graph, store->device->profile, options ? options->without : 0, err);
    if (!status)
        status = fer_compiler_create(graph, store, capacity, c, err);
    c->options = options;
    return status;
}

/* ---- data inputs ---- */

static enum fer_status make_inputs(struct fer_compiler *c, const int *data, int ndata, struct fer_data_inputs **out,
                                   struct fer_error *err)
{
    struct fer_data_inputs *all = fer_arena_alloc(c->program->arena, (size_t)(ndata + 1) * sizeof(*all));
    if (!all)
        return no_memory(err);
    for (int i = 0; i < ndata; i++)
        all[i].data = c->graph->description->data[data[i]].name;
    for (int i = 0; i < c->graph->ninputs; i++) {
        const struct fer_graph_input *input = &c->graph->inputs[i];
        if (input->data < 0 || !input->value->uses)
            continue;
        struct fer_tensor *t = fer_compiler_value(c, input->value);
        struct fer_data_inputs *in = &all[input->data];
        if (!t)
            return no_memory(err);
        struct fer_tensor **const slots[] = { &in->image,   &in->label,   &in->landmarks, &in->box,  &in->mask,
                                              &in->covered, &in->subject, &in->id,        &in->soft, &in->code,
                                              &in->image2,  &in->label2,  &in->same };
        for (size_t k = 0; k < sizeof(slots) / sizeof(slots[0]); k++)
            if (input->field == 1u << k)
                *slots[k] = t;
        if (input->field == FER_FIELD_LABEL || input->field == FER_FIELD_LABEL2)
            in->labels[input->field == FER_FIELD_LABEL2] = input->value;
        in->wanted |= input->field;
    }
    *out = all;
    return FER_OK;
}

static enum fer_status upload(struct fer_exec *exec, const struct fer_tensor *tensor, const void *data, int n,
                              struct fer_error *err)
{
    if (!tensor)
        return FER_OK;
    if (!data)
        return fer_fail(err, FER_EINVAL, "a batch lacks the field '%s'", tensor->name ? tensor->name : "?");
    const size_t row = fer_shape_row(&tensor->shape) * fer_dtype_size(tensor->shape.dtype);
    return fer_exec_write(exec, tensor, data, row * (size_t)n, err);
}

static enum fer_status check_labels(const struct fer_data_inputs *inputs, const struct fer_batch *batch,
                                    struct fer_error *err)
{
    const int32_t *labels[2] = { batch->label, batch->label2 };
    for (int k = 0; k < 2; k++) {
        const struct fer_value *value = inputs->labels[k];
        for (int n = 0; value && value->classes && labels[k] && n < batch->n; n++)
            if (labels[k][n] >= value->classes)
                return at_op(value->classifier,
                             fer_fail(err, FER_EINVAL,
                                      "%s: sample %u of data '%s' has label %d, but the classes end at %d",
                                      value->classifier->layer->name, batch->id ? batch->id[n] : (unsigned)n,
                                      inputs->data, labels[k][n], value->classes - 1),
                             err);
    }
    return FER_OK;
}

enum fer_status fer_inputs_upload(struct fer_exec *exec, const struct fer_data_inputs *inputs,
                                  const struct fer_batch *batch, struct fer_error *err)
{
    const struct {
        const struct fer_tensor *tensor;
        const void *data;
    } all[] = {
        { inputs->image, batch->image },         { inputs->image2, batch->image2 }, { inputs->mask, batch->mask },
        { inputs->label, batch->label },         { inputs->label2, batch->label2 }, { inputs->subject, batch->subject },
        { inputs->landmarks, batch->landmarks }, { inputs->box, batch->box },       { inputs->soft, batch->soft },
        { inputs->code, batch->code },           { inputs->same, batch->same },     { inputs->id, batch->id },
        { inputs->covered, batch->covered },
    };
    const uint32_t epoch[4] = { (uint32_t)batch->epoch, batch->has_first, batch->first };
    enum fer_status status = check_labels(inputs, batch, err);
    if (!status)
        status = fer_exec_batch(exec, batch->n, err);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !status; i++)
        status = upload(exec, all[i].tensor, all[i].data, batch->n, err);
    if (!status && inputs->random.epoch)
        status = fer_exec_write(exec, inputs->random.epoch, epoch, sizeof(epoch), err);
    if (!status)
        status = upload(exec, inputs->random.ids, batch->id, batch->n, err);
    return status;
}

/* ---- stages ---- */

enum fer_status fer_share_find(const struct fer_data_spec *data, int ranks, struct fer_share *out,
                               struct fer_error *err)
{
    if (data->batch % ranks)
        return fer_fail(err, FER_EINVAL,
                        "data %s: a batch of %d cannot be shared equally by %d processes; choose another "
                        "batch or number of processes",
                        data->name, data->batch, ranks);
    out->rows = data->batch / ranks;
    out->micro = data->micro < out->rows ? data->micro : out->rows;
    out->parts = out->rows / out->micro;
    if (out->rows % out->micro)
        return fer_fail(err, FER_EINVAL,
                        "data %s: micro=%d does not divide a share of %d, a batch of %d over %d processes", data->name,
                        out->micro, out->rows, data->batch, ranks);
    return FER_OK;
}

struct stage_compile {
    struct fer_compiler c;
    struct fer_share share;
    struct fer_stage_program *out;
    struct fer_error *err;
    bool *differentiated; /* by operation: some step runs its backward */
    bool *tracked;        /* by net: statistics move in the region being emitted */
};

/* ad->user: the step program whose updates own gradients. */
static bool step_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    return fer_update_find(ad->user, weight, NULL);
}

static struct fer_tensor *step_target(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    return fer_update_gradient(ad->c, ad->user, weight);
}

static struct fer_autodiff step_autodiff(struct stage_compile *s, int k, struct fer_segment *segment)
{
    return (struct fer_autodiff){ .c = &s->c,
                                  .segment = segment,
                                  .region = FER_REGION_STEP + k,
                                  .wants = step_wants,
                                  .target = step_target,
                                  .user = &s->out->steps[k] };
}

static void mark_tracked(const struct fer_stage_spec *spec, int step, bool *tracked, int nnets)
{
    memset(tracked, 0, (size_t)nnets);
    for (int k = 0; k < spec->nsteps; k++)
        for (int u = 0; (step < 0 || step == k) && u < spec->steps[k].nupdates; u++)
            for (int w = 0; w < spec->steps[k].updates[u].nweights; w++)
                tracked[spec->steps[k].updates[u].weights[w]->net->index] = true;
}

static enum fer_status emit_losses(struct stage_compile *s, struct fer_step_program *step, struct fer_segment *segment)
{
    const struct fer_step_spec *spec = step->spec;
    const struct fer_shape shape = { FER_F32, 1, { spec->nlosses }, 0 };
    step->losses = fer_compiler_tensor(&s->c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "losses");
    if (!step->losses)
        return no_memory(s->err);
    step->losses->keep = true;
    struct fer_emit em = fer_compiler_emit(&s->c, segment, "forward", s->err);
    for (int i = 0; i < spec->nlosses; i++) {
        struct fer_tensor *loss = fer_compiler_value(&s->c, spec->losses[i].value);
        if (!loss)
            return no_memory(s->err);
        fer_core_collect(&em, loss, step->losses, i);
    }
    return em.status;
}

static enum fer_status seed(struct stage_compile *s, const struct fer_step_spec *spec)
{
    const struct fer_shape one = { FER_F32, 1, { 1 }, 0 };
    for (int i = 0; i < spec->nlosses; i++) {
        struct fer_value *value = spec->losses[i].value;
        if (spec->losses[i].weight == 0) /* a loss of weight 0 drops out here */
            continue;
        struct fer_tensor *grad =
            fer_compiler_tensor(&s->c, &one, FER_LAYOUT_PLAIN, FER_STORAGE_CONSTANT, "weight of a loss");
        if (!grad)
            return no_memory(s->err);
        grad->fill = (float)spec->losses[i].weight + (value->grad ? value->grad->fill : 0);
        value->grad = grad;
    }
    return FER_OK;
}

static enum fer_status emit_step(struct stage_compile *s, int k)
{
    struct fer_step_program *step = &s->out->steps[k];
    char name[128];
    snprintf(name, sizeof(name), "step %s", step->spec->name);
    step->segment = fer_compiler_segment(&s->c, name);
    if (!step->segment)
        return no_memory(s->err);
    mark_tracked(s->out->spec, k, s->tracked, s->c.graph->description->nnets);
    enum fer_status status =
        emit_region(&s->c, FER_REGION_STEP + k, step->segment, s->differentiated, s->tracked, s->err);
    struct fer_segment *last = fer_branch_segment(&s->c, step->segment, 0);
    if (!last)
        return no_memory(s->err);
    if (!status)
        status = emit_losses(s, step, last);
    const struct fer_autodiff ad = step_autodiff(s, k, last);
    fer_autodiff_mark(&ad);
    if (!status)
        status = seed(s, step->spec);
    if (!status)
        status = fer_autodiff_emit(&ad, s->err);
    if (!status && !(last = fer_branch_segment(&s->c, last, 0)))
        return no_memory(s->err);
    return status ? status : fer_updates_finish(&s->c, step, last, s->err);
}

/* Does the shared segment use a net that this step moves? */
static bool moves_shared(const struct stage_compile *s, const struct fer_step_program *step)
{
    for (int i = 0; i < s->c.graph->nops; i++) {
        const struct fer_op *op = s->c.graph->ops[i];
        for (int w = 0; op->live && op->region == FER_REGION_SHARED && w < op->nweights; w++)
            if (op->weights[w] && fer_update_find(step, op->weights[w], NULL))
                return true;
    }
    return false;
}

static enum fer_status emit_stage(struct stage_compile *s)
{
    struct fer_stage_program *out = s->out;
    const struct fer_stage_spec *spec = out->spec;
    const int nnets = s->c.graph->description->nnets;
    struct fer_arena *arena = s->c.program->arena;
    s->differentiated = fer_arena_alloc(arena, (size_t)s->c.graph->nops + 1);
    s->tracked = fer_arena_alloc(arena, (size_t)nnets + 1);
    out->nsteps = spec->nsteps;
    out->steps = fer_arena_alloc(arena, (size_t)(spec->nsteps + 1) * sizeof(*out->steps));
    out->data = fer_compiler_segment(&s->c, "data");
    out->shared = fer_compiler_segment(&s->c, "shared");
    if (!s->differentiated || !s->tracked || !out->steps || !out->data || !out->shared)
        return no_memory(s->err);
    enum fer_status status = make_inputs(&s->c, spec->data, spec->ndata, &out->inputs, s->err);
    for (int k = 0; k < spec->nsteps && !status; k++) {
        out->steps[k].spec = &spec->steps[k];
        status = fer_updates_create(&s->c, &out->steps[k], s->share.parts, s->err);
        const struct fer_autodiff ad = step_autodiff(s, k, NULL);
        fer_autodiff_mark(&ad);
        for (int i = 0; i < s->c.graph->nops; i++)
            s->differentiated[i] = s->differentiated[i] || s->c.graph->ops[i]->needs_backward;
    }
    if (!status)
        status = emit_region(&s->c, FER_REGION_DATA, out->data, s->differentiated, NULL, s->err);
    mark_tracked(spec, -1, s->tracked, nnets);
    if (!status)
        status = emit_region(&s->c, FER_REGION_SHARED, out->shared, s->differentiated, s->tracked, s->err);
    for (int k = 0; k < spec->nsteps && !status; k++) {
        status = emit_step(s, k);
        out->steps[k].stale_shared = moves_shared(s, &out->steps[k]);
    }
    return status;
}

static bool spec_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    const struct fer_step_spec *step = ad->user;
    for (int u = 0; u < step->nupdates; u++)
        for (int w = 0; w < step->updates[u].nweights; w++)
            if (step->updates[u].weights[w] == weight)
                return true;
    return false;
}

/* Before the graph is lowered: through which operations some step's gradients flow. */
static void mark_differentiated(struct fer_graph *graph, const struct fer_stage_spec *spec)
{
    struct fer_compiler c = { .graph = graph };
    for (int k = 0; k < spec->nsteps && !graph->lowered; k++) {
        const struct fer_autodiff ad = {
            .c = &c, .region = FER_REGION_STEP + k, .wants = spec_wants, .user = &spec->steps[k]
        };
        fer_autodiff_mark(&ad);
        for (int i = 0; i < graph->nops; i++)
            graph->ops[i]->differentiated = graph->ops[i]->differentiated || graph->ops[i]->needs_backward;
    }
}

enum fer_status fer_stage_compile(struct fer_description *description, int stage, struct fer_store *store,
                                  const struct fer_compile_options *options, struct fer_stage_program **out,
                                  struct fer_error *err)
{
    const struct fer_stage_spec *spec = &description->stages[stage];
    *out = NULL;
    if (!spec->graph)
        return fer_fail(err, FER_ENOTFOUND, "stage '%s' cannot run: its data is absent", spec->name);
    struct stage_compile s = { .err = err };
    const int ranks = options && options->ranks > 1 ? options->ranks : 1;
    enum fer_status status = fer_share_find(&description->data[spec->data[0]], ranks, &s.share, err);
    if (status)
        return status;
    s.out = calloc(1, sizeof(*s.out));
    if (!s.out)
        return no_memory(err);
    s.out->spec = spec;
    s.out->graph = spec->graph;
    mark_differentiated(spec->graph, spec);
    status = begin(spec->graph, store, s.share.micro, options, &s.c, err);
    s.out->program = s.c.program;
    s.c.trains = true;
    s.c.ranks = options && options->sync ? ranks : 1;
    if (!status)
        status = emit_stage(&s);
    if (!status)
        status = finish(&s.c, options, &s.out->exec, err);
    if (status) {
        fer_stage_program_free(s.out);
        return status;
    }
    for (int i = 0; i < spec->ndata; i++)
        s.out->inputs[i].random = s.c.random[i];
    *out = s.out;
    return FER_OK;
}

void fer_stage_program_free(struct fer_stage_program *program)
{
    if (!program)
        return;
    fer_exec_free(program->exec);
    for (int k = 0; k < program->nsteps; k++)
        fer_updates_free(&program->steps[k]);
    if (program->program)
        fer_arena_free(program->program->arena);
    free(program);
}

/* ---- tests ---- */

static enum fer_status make_metric_buffers(struct fer_compiler *c, struct fer_flow_program *out,
                                           const struct fer_test_spec *spec, struct fer_error *err)
{
    size_t total = 0;
    for (int i = 0; i < spec->nmetrics; i++)
        for (int k = 0; k < spec->metrics[i].op->nweights; k++) {
            struct fer_op *op = spec->metrics[i].op;
            op->buffer_offset[k] = total;
            total += (fer_shape_count(&op->buffer_shape[k]) + 63) / 64 * 64;
        }
    const enum fer_status status =
        fer_buffer_create(c->store->device, (total ? total : 1) * sizeof(float), &out->metrics, err);
    for (int i = 0; i < spec->nmetrics && !status; i++)
        for (int k = 0; k < spec->metrics[i].op->nweights; k++) {
            struct fer_op *op = spec->metrics[i].op;
            op->buffer_tensor[k] =
                fer_compiler_tensor(c, &op->buffer_shape[k], FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, op->path);
            if (!op->buffer_tensor[k])
                return no_memory(err);
            op->buffer_tensor[k]->buffer = out->metrics;
            op->buffer_tensor[k]->offset = op->buffer_offset[k];
        }
    return status;
}

enum fer_status fer_test_compile(struct fer_description *description, int test, struct fer_store *store,
                                 const struct fer_compile_options *options, struct fer_flow_program **out,
                                 struct fer_error *err)
{
    const struct fer_test_spec *spec = &description->tests[test];
    *out = NULL;
    if (!spec->graph)
        return fer_fail(err, FER_ENOTFOUND, "test '%s' cannot run: its data is absent", spec->name);
    struct fer_flow_program *p = calloc(1, sizeof(*p));
    struct fer_compiler c = { 0 };
    if (!p)
        return no_memory(err);
    p->test = spec;
    p->graph = spec->graph;
    enum fer_status status = begin(spec->graph, store, description->data[spec->data].micro, options, &c, err);
    p->program = c.program;
    if (!status)
        status = make_metric_buffers(&c, p, spec, err);
    if (!status)
        status = make_inputs(&c, &spec->data, 1, &p->inputs, err);
    if (!status && !(p->segment = fer_compiler_segment(&c, "test")))
        status = no_memory(err);
    if (!status)
        status = emit_region(&c, FER_REGION_DATA, p->segment, NULL, NULL, err);
    if (!status)
        status = emit_region(&c, FER_REGION_SHARED, p->segment, NULL, NULL, err);
    if (!status)
        status = finish(&c, options, &p->exec, err);
    if (status) {
        fer_flow_program_free(p);
        return status;
    }
    p->inputs->random = c.random[0];
    *out = p;
    return FER_OK;
}

enum fer_status fer_test_reset(struct fer_flow_program *test, struct fer_error *err)
{
    return fer_buffer_fill(test->metrics, 0, test->metrics->bytes, 0, err);
}

enum fer_status fer_test_metric(struct fer_flow_program *test, int i, struct fer_report *report, struct fer_error *err)
{
    const struct fer_metric_spec *metric = &test->test->metrics[i];
    float *all = malloc(test->metrics->bytes);
    if (!all)
        return no_memory(err);
    const float *buffers[FER_OP_WEIGHTS] = { NULL };
    for (int k = 0; k < metric->op->nweights; k++)
        buffers[k] = all + metric->op->buffer_offset[k];
    enum fer_status status = fer_buffer_read(test->metrics, 0, all, test->metrics->bytes, err);
    if (!status)
        status = metric->metric->finish(metric->op, buffers, report, err);
    free(all);
    return status;
}

/* ---- predict and single nets ---- */

static bool all_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    (void)ad;
    return weight->trained;
}

/* ad->user: the flow program, whose grads are laid out as the nets' values. */
static struct fer_tensor *all_target(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    const struct fer_flow_program *p = ad->user;
    struct fer_tensor *t =
        fer_compiler_tensor(ad->c, &weight->shape, FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, weight->path);
    if (t) {
        t->buffer = p->grads[weight->net->index];
        t->offset = weight->offset;
    }
    return t;
}

/* The gradient of output i comes from the host. */
static enum fer_status seed_output(struct fer_compiler *c, struct fer_flow_program *p, struct fer_value *const *outputs,
                                   int i, struct fer_error *err)
{
    struct fer_value *value = outputs[i];
    if (value->converted && value->layout != FER_LAYOUT_PLAIN)
        value = value->converted;
    p->grad_out[i] = fer_compiler_tensor(c, &p->out[i]->shape, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, "grad");
    value->grad = p->grad_out[i];
    return p->grad_out[i] ? FER_OK : no_memory(err);
}

/* A gradient that is the host's own input, or a view, is copied to a place that can be read. */
static enum fer_status keep_gradient(struct fer_compiler *c, struct fer_emit *em, const struct fer_value *value,
                                     struct fer_tensor **out)
{
    *out = fer_compiler_tensor(c, &value->grad->shape, value->grad->layout, FER_STORAGE_ARENA, "grad");
    if (!*out)
        return no_memory(em->err);
    (*out)->keep = true;
    fer_core_copy(em, value->grad, *out, 1, false);
    return FER_OK;
}

/* Gradients of outputs come from the host; gradients of inputs and weights go to it. */
static enum fer_status emit_backward(struct fer_compiler *c, struct fer_flow_program *p,
                                     struct fer_value *const *outputs, struct fer_error *err)
{
    const struct fer_description *d = c->graph->description;
    struct fer_arena *arena = c->program->arena;
    p->grad_in = fer_arena_alloc(arena, (size_t)(p->nin + 1) * sizeof(*p->grad_in));
    p->grad_out = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*p->grad_out));
    p->grads = calloc((size_t)d->nnets + 1, sizeof(struct fer_buffer *));
    p->backward = fer_compiler_segment(c, "backward");
    if (!p->grad_in || !p->grad_out || !p->grads || !p->backward)
        return no_memory(err);
    enum fer_status status = FER_OK;
    for (int i = 0; i < d->nnets && !status; i++)
        if (d->nets[i]->values) {
            status = fer_buffer_create(c->store->device, d->nets[i]->values * sizeof(float), &p->grads[i], err);
            if (!status)
                status = fer_buffer_fill(p->grads[i], 0, p->grads[i]->bytes, 0, err);
        }
    const struct fer_autodiff ad = { .c = c,
                                     .segment = p->backward,
                                     .region = FER_REGION_SHARED,
                                     .wants = all_wants,
                                     .target = all_target,
                                     .user = p,
                                     .inputs = true };
    fer_autodiff_mark(&ad);
    struct fer_emit em = fer_compiler_emit(c, p->backward, "backward", err);
    for (int i = 0; i < p->nout && !status; i++) {
        if (outputs[i]->shape.dtype == FER_F32)
            status = seed_output(c, p, outputs, i, err);
    }
    if (!status)
        status = fer_autodiff_emit(&ad, err);
    for (int i = 0; i < p->nin && !status; i++) {
        const struct fer_value *in = c->graph->inputs[i].value;
        if (in->grad)
            status = keep_gradient(c, &em, in, &p->grad_in[i]);
    }
    return status ? status : em.status;
}

static bool no_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    (void)ad;
    (void)weight;
    return false;
}

static struct fer_autodiff probe_autodiff(struct fer_compiler *c, const struct fer_predict_spec *spec,
                                          struct fer_segment *segment)
{
    return (struct fer_autodiff){
        .c = c, .segment = segment, .region = FER_REGION_SHARED, .wants = no_wants, .of = spec->of, .nof = spec->nof
    };
}

/* The gradient of one output with respect to some values. */
static enum fer_status emit_probe(struct fer_compiler *c, struct fer_flow_program *p,
                                  const struct fer_predict_spec *spec, struct fer_value *const *outputs,
                                  struct fer_error *err)
{
    struct fer_arena *arena = c->program->arena;
    p->grad_out = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*p->grad_out));
    p->grad_of = fer_arena_alloc(arena, (size_t)(spec->nof + 1) * sizeof(*p->grad_of));
    p->backward = fer_compiler_segment(c, "backward");
    if (!p->grad_out || !p->grad_of || !p->backward)
        return no_memory(err);
    const struct fer_autodiff ad = probe_autodiff(c, spec, p->backward);
    fer_autodiff_mark(&ad);
    struct fer_emit em = fer_compiler_emit(c, p->backward, "backward", err);
    enum fer_status status = seed_output(c, p, outputs, spec->seed, err);
    if (!status)
        status = fer_autodiff_emit(&ad, err);
    for (int i = 0; i < spec->nof && !status; i++)
        status = spec->of[i]->grad ? keep_gradient(c, &em, spec->of[i], &p->grad_of[i])
                                   : fer_fail(err, FER_EINVAL, "'%s' has no gradient", spec->of[i]->name);
    return status ? status : em.status;
}

/* Through which operations of the graph gradients flow, before or after it is lowered. */
static void mark_backward(struct fer_compiler *c, const struct fer_predict_spec *spec)
{
    const struct fer_autodiff ad = probe_autodiff(c, spec, NULL);
    if (spec->nof)
        fer_autodiff_mark(&ad);
    for (int i = 0; i < c->graph->nops && !spec->nof; i++)
        c->graph->ops[i]->needs_backward = true;
}

static enum fer_status emit_flow(struct fer_compiler *c, struct fer_flow_program *p,
                                 const struct fer_predict_spec *spec, bool backward, struct fer_error *err)
{
    struct fer_arena *arena = c->program->arena;
    p->nin = spec->ninputs;
    p->nout = spec->noutputs;
    p->in = fer_arena_alloc(arena, (size_t)(p->nin + 1) * sizeof(*p->in));
    p->out = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*p->out));
    struct fer_value **outputs = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*outputs));
    bool *differentiated = fer_arena_alloc(arena, (size_t)c->graph->nops + 1);
    p->segment = fer_compiler_segment(c, "forward");
    if (!p->in || !p->out || !outputs || !differentiated || !p->segment)
        return no_memory(err);
    for (int i = 0; i < c->graph->nvalues; i++)
        for (int k = 0; k < p->nout; k++)
            if (c->graph->values[i]->name == spec->outputs[k].name && c->graph->values[i]->keep && !outputs[k])
                outputs[k] = c->graph->values[i];
    if (backward)
        mark_backward(c, spec);
    for (int i = 0; i < c->graph->nops && backward; i++)
        differentiated[i] = c->graph->ops[i]->needs_backward;
    bool *tracked = NULL;
    for (int i = 0; i < p->nin; i++)
        if (!(p->in[i] = fer_compiler_value(c, c->graph->inputs[i].value)))
            return no_memory(err);
    if (spec->tracking && (tracked = fer_arena_alloc(arena, (size_t)c->graph->description->nnets + 1)))
        memset(tracked, 1, (size_t)c->graph->description->nnets);
    /* conversions of inputs stand with them */
    enum fer_status status = emit_region(c, FER_REGION_DATA, p->segment, differentiated, NULL, err);
    if (!status)
        status = emit_region(c, FER_REGION_SHARED, p->segment, differentiated, tracked, err);
    for (int i = 0; i < p->nout && !status; i++) {
        if (!outputs[i])
            return fer_fail(err, FER_EINVAL, "output '%s' is not computed", spec->outputs[i].name);
        struct fer_value *value = outputs[i];
        if (value->layout != FER_LAYOUT_PLAIN && value->converted)
            value = value->converted;
        p->out[i] = fer_compiler_value(c, value);
        if (!p->out[i])
            return no_memory(err);
        p->out[i]->keep = true;
    }
    if (status || !backward)
        return status;
    return spec->nof ? emit_probe(c, p, spec, outputs, err) : emit_backward(c, p, outputs, err);
}

enum fer_status fer_predict_compile(struct fer_description *description, const struct fer_predict_spec *predict,
                                    int capacity, bool backward, struct fer_store *store,
                                    const struct fer_compile_options *options, struct fer_flow_program **out,
                                    struct fer_error *err)
{
    (void)description;
    *out = NULL;
    if (!predict->graph)
        return fer_fail(err, FER_EINVAL, "predict '%s' has no shapes", predict->name);
    struct fer_flow_program *p = calloc(1, sizeof(*p));
    struct fer_compiler c = { 0 };
    if (!p)
        return no_memory(err);
    p->predict = predict;
    p->graph = predict->graph;
    if (backward && !p->graph->lowered) {
        struct fer_compiler unlowered = { .graph = p->graph };
        mark_backward(&unlowered, predict);
        for (int i = 0; i < p->graph->nops; i++)
            p->graph->ops[i]->differentiated = p->graph->ops[i]->needs_backward;
    }
    enum fer_status status = begin(predict->graph, store, capacity, options, &c, err);
    p->program = c.program;
    if (!status)
        status = emit_flow(&c, p, predict, backward, err);
    if (!status)
        status = finish(&c, options, &p->exec, err);
    if (status) {
        fer_flow_program_free(p);
        return status;
    }
    p->random = c.random[0];
    *out = p;
    return FER_OK;
}

enum fer_status fer_flow_number(struct fer_flow_program *flow, struct fer_error *err)
{
    static const uint32_t epoch[4];
    const size_t count = (size_t)flow->program->capacity;
    if (!flow->random.epoch)
        return FER_OK;
    uint32_t *ids = malloc(count * sizeof(*ids));
    if (!ids)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        ids[i] = (uint32_t)i;
    enum fer_status status = fer_exec_write(flow->exec, flow->random.epoch, epoch, sizeof(epoch), err);
    if (!status)
        status = fer_exec_write(flow->exec, flow->random.ids, ids, count * sizeof(*ids), err);
    free(ids);
    return status;
}

void fer_flow_program_free(struct fer_flow_program *program)
{
    if (!program)
        return;
    fer_exec_free(program->exec);
    fer_buffer_free(program->metrics);
    for (int i = 0; program->grads && i < program->graph->description->nnets; i++)
        fer_buffer_free(program->grads[i]);
    free(program->grads);
    if (program->program)
        fer_arena_free(program->program->arena);
    free(program);
}
