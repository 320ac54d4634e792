/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program gets from its data sets.
 */
#include "data/pipeline.h"
#include "compile/compile-parts.h"

enum fer_status fer_compile_inputs(struct fer_compiler *c, const int *data, int ndata, struct fer_data_inputs **out,
                                   struct fer_error *err)
{
    struct fer_data_inputs *all = fer_arena_alloc(c->program->arena, (size_t)(ndata + 1) * sizeof(*all));
    if (!all)
        return fer_compile_memory(err);
    for (int i = 0; i < ndata; i++)
        all[i].data = c->graph->description->data[data[i]].name;
    for (int i = 0; i < c->graph->ninputs; i++) {
        const struct fer_graph_input *input = &c->graph->inputs[i];
        if (input->data < 0 || !input->value->uses)
            continue;
        struct fer_tensor *t = fer_compiler_value(c, input->value);
        struct fer_data_inputs *in = &all[input->data];
        if (!t)
            return fer_compile_memory(err);
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
    const size_t row = fer_shape_row(&tensor->shape) * fer_tensor_element(tensor);
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
                return fer_compile_at(value->classifier,
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
