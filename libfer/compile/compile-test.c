/* SPDX-License-Identifier: Apache-2.0
 *
 * A test becomes a program, whose metrics add up on the device.
 */
#include <stdlib.h>

#include "compile/compile-parts.h"
#include "said.h"

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
                return fer_compile_memory(err);
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
        return fer_compile_memory(err);
    p->test = spec;
    p->graph = spec->graph;
    enum fer_status status =
        fer_compile_begin(spec->graph, store, description->data[spec->data].micro, options, &c, err);
    p->program = c.program;
    if (!status)
        status = make_metric_buffers(&c, p, spec, err);
    if (!status)
        status = fer_compile_inputs(&c, &spec->data, 1, &p->inputs, err);
    if (!status && !(p->segment = fer_compiler_segment(&c, "test")))
        status = fer_compile_memory(err);
    if (!status)
        status = fer_compile_region(&c, FER_REGION_DATA, p->segment, NULL, NULL, err);
    if (!status)
        status = fer_compile_region(&c, FER_REGION_SHARED, p->segment, NULL, NULL, err);
    if (!status)
        status = fer_compile_finish(&c, options, &p->exec, err);
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
        return fer_compile_memory(err);
    const float *buffers[FER_OP_WEIGHTS] = { NULL };
    for (int k = 0; k < metric->op->nweights; k++)
        buffers[k] = all + metric->op->buffer_offset[k];
    enum fer_status status = fer_buffer_read(test->metrics, 0, all, test->metrics->bytes, err);
    if (!status)
        status =
            fer_said(metric->metric->finish(metric->op, buffers, report, err), metric->op->layer->name, "finish", err);
    free(all);
    return status;
}
