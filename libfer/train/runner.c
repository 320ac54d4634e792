/* SPDX-License-Identifier: Apache-2.0 */
#include "train/runner.h"

#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "train/safetensors.h"
#include "train/weights.h"

/* KEPT: programs of a net, for the levels of a pyramid and the batches after it.  CALLS: a description keeps what was
 * ever compiled out of it, so after so many it is read anew; folders of photographs have many sizes. */
enum { NETS = 8, KEPT = 24, CALLS = 512 };

struct net_program {
    struct fer_shape input;
    struct fer_flow_program *flow;
    float *results[FER_NET_RESULTS];
    struct fer_predict_spec spec;
};

struct net {
    char *name;
    struct fer_description *description;
    struct fer_store *store;
    struct net_program *programs[KEPT]; /* the latest used first */
    int calls;
};

struct fer_net_runner {
    struct fer_context *context;
    const char *name, *text, *weights;
    struct net nets[NETS];
    int count;
};

enum fer_status fer_net_runner_create(struct fer_context *context, const char *name, const char *text,
                                      const char *weights, struct fer_net_runner **out, struct fer_error *err)
{
    struct fer_safetensors *file;
    struct fer_net_runner *runner;
    enum fer_status status = fer_safetensors_open(weights, &file, err); /* not found out picture by picture */

    *out = NULL;
    fer_safetensors_close(file);
    if (status != FER_OK)
        return status;
    *out = runner = calloc(1, sizeof(*runner));
    if (!runner)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    runner->context = context;
    runner->name = name;
    runner->text = text;
    runner->weights = weights;
    return FER_OK;
}

static void free_program(struct net_program *program)
{
    if (!program)
        return;
    fer_flow_program_free(program->flow);
    for (int i = 0; i < FER_NET_RESULTS; i++)
        free(program->results[i]);
    free(program);
}

static void close_net(struct net *net)
{
    for (int i = 0; i < KEPT; i++)
        free_program(net->programs[i]);
    fer_store_free(net->store);
    fer_description_free(net->description);
    *net = (struct net){ .name = net->name };
}

void fer_net_runner_free(struct fer_net_runner *runner)
{
    if (!runner)
        return;
    for (int i = 0; i < runner->count; i++) {
        close_net(&runner->nets[i]);
        free(runner->nets[i].name);
    }
    free(runner);
}

static enum fer_status find_net(struct fer_net_runner *runner, const char *name, struct net **out,
                                struct fer_error *err)
{
    for (int i = 0; i < runner->count; i++) {
        *out = &runner->nets[i];
        if (strcmp(runner->nets[i].name, name) == 0)
            return FER_OK;
    }
    if (runner->count == NETS)
        return fer_fail(err, FER_EINVAL, "a detector runs %d nets at most", NETS);
    *out = &runner->nets[runner->count];
    (*out)->name = strdup(name);
    if (!(*out)->name)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    runner->count++;
    return FER_OK;
}

/* ---- programs ---- */

/* A net's weights are known when it has been called for the first time. */
static enum fer_status fill_store(struct fer_net_runner *runner, struct net *net, struct fer_device *device,
                                  struct fer_error *err)
{
    struct fer_load_spec load = { .path = net->name, .file = runner->weights, .strict = true };
    char *prefix = malloc(strlen(net->name) + 2);
    enum fer_status status = prefix ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = fer_store_allocate(device, net->description, &net->store, err);
    if (status == FER_OK) {
        strcat(strcpy(prefix, net->name), ".");
        load.prefix = prefix;
        status = fer_weights_load(runner->context, &load, net->store, err);
    }
    free(prefix);
    return status;
}

static enum fer_status allocate(struct net_program *program, struct fer_error *err)
{
    if (program->spec.noutputs > FER_NET_RESULTS)
        return fer_fail(err, FER_EINVAL, "a net of a detector has %d outputs at most", FER_NET_RESULTS);
    for (int i = 0; i < program->spec.noutputs; i++) {
        program->results[i] = malloc(fer_tensor_bytes(program->flow->out[i]));
        if (!program->results[i])
            return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    return FER_OK;
}

static enum fer_status compile(struct fer_net_runner *runner, struct net *net, struct net_program *program,
                               struct fer_error *err)
{
    static const struct fer_settings settings;
    const struct fer_compile_options options = fer_context_compile_options(runner->context);
    struct fer_device *device;
    enum fer_status status = fer_context_device(runner->context, &device, err);

    if (status == FER_OK && net->calls++ >= CALLS)
        close_net(net);
    if (status == FER_OK && !net->description)
        status = fer_context_parse(runner->context, runner->name, ".", runner->text, &settings, FER_FOR_PREDICT,
                                   &net->description, err);
    if (status == FER_OK)
        status = fer_description_call(net->description, net->name, &program->input, 1, false, &program->spec, err);
    if (status == FER_OK && !net->store) {
        status = fill_store(runner, net, device, err);
        if (status != FER_OK)
            close_net(net); /* a store that was not filled would answer for the next picture */
    }
    if (status == FER_OK)
        status = fer_predict_compile(net->description, &program->spec, program->input.dim[0], false, net->store,
                                     &options, &program->flow, err);
    return status == FER_OK ? allocate(program, err) : status;
}

/* The program of a shape, moved to the front; the one that was used the longest ago makes room. */
static enum fer_status find_program(struct fer_net_runner *runner, struct net *net, const struct fer_shape *input,
                                    struct net_program **out, struct fer_error *err)
{
    struct net_program *found = NULL;
    int i = 0;

    while (i < KEPT - 1 && net->programs[i] && !fer_shape_equal(&net->programs[i]->input, input))
        i++;
    found = net->programs[i];
    if (!found || !fer_shape_equal(&found->input, input)) {
        enum fer_status status;
        struct net_program *made = calloc(1, sizeof(*made));

        if (!made)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        made->input = *input;
        status = compile(runner, net, made, err);
        if (status != FER_OK) {
            free_program(made);
            return status;
        }
        for (i = 0; i < KEPT - 1 && net->programs[i]; i++)
            ; /* compiling may have emptied the list */
        free_program(net->programs[i]);
        found = made;
    }
    memmove(net->programs + 1, net->programs, (size_t)i * sizeof(net->programs[0]));
    net->programs[0] = found;
    *out = found;
    return FER_OK;
}

enum fer_status fer_net_run(struct fer_net_runner *runner, const char *name, int capacity,
                            const struct fer_net_input *input, struct fer_net_result *results, int noutputs,
                            struct fer_error *err)
{
    const struct fer_shape shape = {
        .dtype = FER_F32, .rank = 4, .dim = { capacity, input->channels, input->height, input->width }, .batch = 1
    };
    const size_t row = (size_t)input->channels * (size_t)input->height * (size_t)input->width;
    struct net *net = NULL;
    struct net_program *program = NULL;
    enum fer_status status;

    if (input->batch < 1 || input->batch > capacity || !fer_shape_is_sane(&shape))
        return fer_fail(err, FER_EINVAL, "net %s cannot run on %d of %d inputs of %d x %d x %d", name, input->batch,
                        capacity, input->channels, input->height, input->width);
    status = find_net(runner, name, &net, err);
    if (status == FER_OK)
        status = find_program(runner, net, &shape, &program, err);
    if (status == FER_OK && noutputs != program->spec.noutputs)
        status = fer_fail(err, FER_EINVAL, "net %s has %d outputs, not %d", name, program->spec.noutputs, noutputs);
    if (status == FER_OK)
        status = fer_exec_batch(program->flow->exec, input->batch, err);
    if (status == FER_OK)
        status = fer_exec_write(program->flow->exec, program->flow->in[0], input->data,
                                (size_t)input->batch * row * sizeof(float), err);
    if (status == FER_OK)
        status = fer_exec_run(program->flow->exec, program->flow->segment, err);
    for (int i = 0; status == FER_OK && i < noutputs; i++) {
        struct fer_shape *made = &results[i].shape;

        *made = program->flow->out[i]->shape;
        made->dim[0] = input->batch;
        status = fer_exec_read(program->flow->exec, program->flow->out[i], program->results[i],
                               fer_shape_count(made) * sizeof(float), err);
        results[i].data = program->results[i];
    }
    return status;
}
