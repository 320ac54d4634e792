/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptions as they are: checked, and printed in the canonical way.
 */
#include <fer/inspect.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "data/pipeline.h"
#include "graph/resolve.h"
#include "train/best.h"
#include "train/context.h"
#include "train/weights.h"

static json_t *shape_json(const struct fer_shape *shape)
{
    json_t *dims = json_array();

    for (int i = shape->batch ? 1 : 0; i < shape->rank; i++)
        fer_json_append(&dims, json_integer(shape->dim[i]));
    return dims;
}

static json_t *ports_json(const struct fer_port_spec *ports, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        fer_json_append(&list, json_pack("{s:s, s:o}", "name", ports[i].name, "shape", shape_json(&ports[i].shape)));
    return list;
}

static json_t *net_json(const struct fer_net *net)
{
    json_t *weights = json_array();
    size_t parameters = 0;

    for (int i = 0; i < net->nweights; i++) {
        const struct fer_weight *weight = net->weights[i];

        if (weight->trained)
            parameters += fer_shape_count(&weight->shape);
        fer_json_append(&weights, json_pack("{s:s, s:o, s:b}", "path", weight->path, "shape",
                                            shape_json(&weight->shape), "trained", (int)weight->trained));
    }
    return json_pack("{s:s, s:b, s:I, s:o}", "name", net->name, "used", (int)net->used, "parameters",
                     (json_int_t)parameters, "weights", weights);
}

static json_t *stage_json(const struct fer_description *description, const struct fer_stage_spec *stage)
{
    json_t *updates = json_array();

    for (int s = 0; s < stage->nsteps; s++) {
        for (int u = 0; u < stage->steps[s].nupdates; u++)
            fer_json_append(&updates, json_pack("{s:s, s:s, s:i}", "step", stage->steps[s].name, "optimizer",
                                                stage->steps[s].updates[u].optimizer->name, "weights",
                                                stage->steps[s].updates[u].nweights));
    }
    return json_pack("{s:s, s:s?, s:s, s:I, s:o}", "name", stage->name, "data",
                     stage->ndata > 0 ? description->data[stage->data[0]].name : NULL, "unit",
                     stage->unit == FER_UNIT_EPOCH ? "epoch" : "step", "until", (json_int_t)stage->until, "updates",
                     updates);
}

static json_t *test_json(const struct fer_description *description, const struct fer_test_spec *test)
{
    json_t *metrics = json_array();

    for (int i = 0; i < test->nmetrics; i++)
        fer_json_append(&metrics, json_string(test->metrics[i].name));
    return json_pack("{s:s, s:s, s:o}", "name", test->name, "data", description->data[test->data].name, "metrics",
                     metrics);
}

static json_t *describe(const struct fer_description *d)
{
    json_t *labels = json_array(), *nets = json_array(), *stages = json_array(), *predicts = json_array();
    json_t *tests = json_array();

    for (int i = 0; i < d->nlabels; i++)
        fer_json_append(&labels, json_string(d->labels[i]));
    for (int i = 0; i < d->nnets; i++)
        fer_json_append(&nets, net_json(d->nets[i]));
    for (int i = 0; i < d->nstages; i++)
        fer_json_append(&stages, stage_json(d, &d->stages[i]));
    for (int i = 0; i < d->npredicts; i++) {
        const struct fer_predict_spec *p = &d->predicts[i];

        fer_json_append(&predicts,
                        json_pack("{s:s, s:o, s:o}", "name", p->name, "inputs", ports_json(p->inputs, p->ninputs),
                                  "outputs", ports_json(p->outputs, p->noutputs)));
    }
    for (int i = 0; i < d->ntests; i++)
        fer_json_append(&tests, test_json(d, &d->tests[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i}", "labels", labels, "nets", nets, "stages", stages, "predict",
                     predicts, "tests", tests, "warnings", d->diags.warnings);
}

/* A net that no flow uses, as descriptions for fer run and fer grad have them: what the text says of its inputs is all
 * that it takes to check it. */
static enum fer_status check_alone(struct fer_context *context, struct fer_description *d, const struct fer_net *net,
                                   struct fer_error *err)
{
    const struct fer_ast_signature *signature = &net->body->item->signature;
    struct fer_shape shapes[FER_MAX_VALUES];
    struct fer_predict_spec spec;
    const int told = d->diags.count;

    if (signature->nports > FER_MAX_VALUES)
        return FER_OK;
    for (int i = 0; i < signature->nports; i++) {
        shapes[i] = fer_port_shape(&signature->ports[i]);
        if (shapes[i].rank == 0)
            return FER_OK;
        shapes[i].dim[0] = 1;
    }
    const enum fer_status status = fer_description_call(d, net->name, shapes, signature->nports, true, &spec, err);
    fer_context_diags_from(context, &d->diags, told, status == FER_OK ? NULL : err);
    return status;
}

static enum fer_status check_unused(struct fer_context *context, struct fer_description *d, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < d->nnets && status == FER_OK; i++)
        if (!d->nets[i]->used && d->nets[i]->body->module == d->resolver->main)
            status = check_alone(context, d, d->nets[i], err);
    return status;
}

/* A stage writes such a file, so it may well not be there yet. */
static bool is_saved(const struct fer_description *d, const char *file)
{
    const char *slash = strrchr(file, '/');

    for (int s = 0; s < d->nstages; s++)
        for (int i = 0; i < d->stages[s].nsaves; i++)
            if (strcmp(d->stages[s].saves[i].file, slash ? slash + 1 : file) == 0)
                return true;
    return false;
}

static enum fer_status check_load(struct fer_context *context, struct fer_description *d,
                                  const struct fer_load_spec *load, bool strict, struct fer_error *err)
{
    struct fer_error own = FER_ERROR_INIT;
    const int told = d->diags.count;
    enum fer_status status = is_saved(d, load->file) ? FER_OK : fer_weights_check(context, load, d, &own);
    const bool absent = !strict && (status == FER_ENOTFOUND || status == FER_EIO);

    if (status == FER_OK)
        return FER_OK;
    if (status == FER_ENOMEM)
        return fer_fail(err, status, "%s", own.text);
    fer_diag_add(&d->diags, absent ? FER_SEVERITY_WARNING : FER_SEVERITY_ERROR, load->span, "%s", own.text);
    fer_context_diags_from(context, &d->diags, told, absent ? NULL : err);
    return absent ? FER_OK : status;
}

static enum fer_status check_loads(struct fer_context *context, struct fer_description *d, bool strict,
                                   struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < d->nloads && status == FER_OK; i++)
        status = check_load(context, d, &d->loads[i], strict, err);
    for (int s = 0; s < d->nstages; s++)
        for (int i = 0; i < d->stages[s].nloads && status == FER_OK; i++)
            status = check_load(context, d, &d->stages[s].loads[i], strict, err);
    return status;
}

/* The last partial batch of a training is dropped, so nothing is left of a set that is smaller than one.  Training
 * refuses that; a check may be of a few pictures where there will be many. */
static void warn_batches(struct fer_context *context, struct fer_description *d)
{
    const int told = d->diags.count;

    for (int i = 0; i < d->ndata; i++) {
        const struct fer_data_spec *data = &d->data[i];
        bool trained = false;

        for (int s = 0; s < d->nstages; s++)
            for (int k = 0; k < d->stages[s].ndata; k++)
                trained = trained || d->stages[s].data[k] == i;
        if (trained && data->info && data->info->count < (size_t)data->batch)
            fer_diag_add(&d->diags, FER_SEVERITY_WARNING, data->span,
                         "data '%s': %zu samples do not fill one batch of %d, and training needs one", data->name,
                         data->info->count, data->batch);
    }
    fer_context_diags_from(context, &d->diags, told, NULL);
}

enum fer_status fer_check(struct fer_context *context, const char *path, const struct fer_settings *settings,
                          bool strict, char **json, struct fer_error *err)
{
    struct fer_description *description;
    enum fer_status status =
        fer_context_read(context, path, settings, strict ? FER_FOR_TRAINING : FER_FOR_CHECK, &description, err);

    if (json)
        *json = NULL;
    if (status == FER_OK)
        status = fer_best_check(description, 0, err);
    if (status == FER_OK)
        status = check_unused(context, description, err);
    if (status == FER_OK)
        status = check_loads(context, description, strict, err);
    if (status == FER_OK)
        warn_batches(context, description);
    if (status == FER_OK && json)
        status = fer_json_text(describe(description), json, err);
    fer_description_free(description);
    return status;
}

enum fer_status fer_format(struct fer_context *context, const char *path, char **text, struct fer_error *err)
{
    struct fer_arena *arena = fer_arena_create();
    struct fer_sources *sources = NULL;
    const struct fer_source *source;
    struct fer_ast_file *file;
    struct fer_diags diags = { 0 };
    enum fer_status status = arena ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    *text = NULL;
    if (status == FER_OK)
        status = fer_sources_create(&sources, err);
    if (status == FER_OK)
        status = fer_sources_read(sources, path, &source, err);
    if (status == FER_OK) {
        status = fer_parse(arena, sources, source, &file, &diags, err);
        fer_context_diags(context, &diags, status == FER_OK ? NULL : err);
    }
    if (status == FER_OK)
        status = fer_ast_print(file, source, text, err);
    fer_diags_free(&diags);
    fer_sources_free(sources);
    fer_arena_free(arena);
    return status;
}
