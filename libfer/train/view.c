/* SPDX-License-Identifier: Apache-2.0 */
#include "train/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "graph/probe.h"
#include "graph/sheet.h"
#include "train/measure.h"

enum { CAPACITY = FER_VIEW_CAPACITY, WAYS = 16 };

/* An item and where it comes from. */
struct source {
    struct fer_view_item item;
    int nways;
    int way[WAYS]; /* outputs of the probe; a picture has the first that it comes through */
    int gradient;  /* CAM: of the probe's `of` */
    float *maps;   /* CAM: [CAPACITY][height][width] */
};

struct fer_view {
    struct fer_classifier classifier;
    struct fer_probe probe;
    struct fer_flow_program *flow;
    struct source *sources;
    struct fer_view_item *items; /* of the sources */
    int count;
    float **values;        /* [outputs][CAPACITY rows], plain */
    float **gradients;     /* [of] likewise */
    int (*rows)[CAPACITY]; /* [outputs]: a picture's row in the values, -1: none */
    void *raw;             /* the largest of them as it lies on the device */
    float *seeds;          /* [CAPACITY][classes] */
};

/* ---- what there is ---- */

static bool is_map(const struct fer_shape *shape)
{
    return shape->rank == 4 && shape->dtype == FER_F32 && shape->batch == 1;
}

static void add(struct fer_view *view, enum fer_view_kind kind, const char *name, struct source source)
{
    const struct fer_shape *shape = &view->probe.spec.outputs[source.way[0]].shape;

    source.item = (struct fer_view_item){ .kind = kind, .name = name };
    if (is_map(shape)) {
        source.item.channels = kind == FER_VIEW_CAM ? 1 : shape->dim[1];
        source.item.height = shape->dim[2];
        source.item.width = shape->dim[3];
    }
    view->sources[view->count++] = source;
}

/* The block's own outputs but the answer: maps, and numbers. */
static void add_outputs(struct fer_view *view)
{
    for (int i = 1; i < view->probe.own; i++) {
        const struct fer_port_spec *port = &view->probe.spec.outputs[i];
        const struct source source = { .nways = 1, .way = { i } };

        if (is_map(&port->shape))
            add(view, FER_VIEW_OUTPUT, port->name, source);
        else if (port->shape.rank == 1 && port->shape.batch == 1)
            add(view, FER_VIEW_NUMBER, port->name, source);
    }
}

static enum fer_status add_cam(struct fer_view *view, const char *path, struct fer_error *err)
{
    struct source source = { .nways = 1 };
    enum fer_status status =
        fer_probe_gradient(&view->probe, *path ? path : NULL, &source.way[0], &source.gradient, err);

    if (status == FER_OK)
        add(view, FER_VIEW_CAM, *path ? path : view->probe.spec.outputs[source.way[0]].name, source);
    return status;
}

/* One way after the other. */
static enum fer_status add_inner(struct fer_view *view, const char *paths, struct fer_error *err)
{
    struct source source = { .nways = 0 };
    char path[256];

    for (const char *at = paths; at; at = *at ? at + 1 : NULL) {
        const size_t length = strcspn(at, ",");
        enum fer_status status;

        if (length >= sizeof(path) || source.nways == WAYS)
            return fer_fail(err, FER_EINVAL, "'%.60s…' is too long; %d paths are possible", paths, WAYS);
        memcpy(path, at, length);
        path[length] = '\0';
        status = fer_probe_value(&view->probe, path, &source.way[source.nways++], err);
        if (status != FER_OK)
            return status;
        at += length;
    }
    add(view, FER_VIEW_INNER, paths, source);
    return FER_OK;
}

static int length_of(const char *const *list)
{
    int n = 0;

    while (list && list[n])
        n++;
    return n;
}

static enum fer_status find_sources(struct fer_view *view, const char *const *show, const char *const *cams,
                                    struct fer_error *err)
{
    const int shows = length_of(show), maps = length_of(cams), most = WAYS * (shows + maps);
    enum fer_status status = fer_probe_create(view->classifier.spec, most, &view->probe, err);

    view->sources = calloc((size_t)(view->classifier.spec->noutputs + shows + maps + 1), sizeof(*view->sources));
    if (status == FER_OK && !view->sources)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        add_outputs(view);
    for (int i = 0; status == FER_OK && i < maps; i++)
        status = add_cam(view, cams[i], err);
    for (int i = 0; status == FER_OK && i < shows; i++)
        status = add_inner(view, show[i], err);
    return status;
}

/* ---- open ---- */

static float *rows_of(const struct fer_tensor *tensor, size_t *most)
{
    const size_t bytes = fer_tensor_bytes(tensor);

    *most = bytes > *most ? bytes : *most;
    return malloc(bytes + 1);
}

static enum fer_status allocate(struct fer_view *view, struct fer_error *err)
{
    const struct fer_predict_spec *spec = &view->probe.spec;
    size_t most = 0;
    bool whole = true;

    view->values = calloc((size_t)spec->noutputs + 1, sizeof(*view->values));
    view->gradients = calloc((size_t)spec->nof + 1, sizeof(*view->gradients));
    view->rows = calloc((size_t)spec->noutputs + 1, sizeof(*view->rows));
    view->items = calloc((size_t)view->count + 1, sizeof(*view->items));
    view->seeds = calloc((size_t)CAPACITY * (size_t)view->classifier.classes, sizeof(*view->seeds));
    whole = view->values && view->gradients && view->rows && view->items && view->seeds;
    for (int i = 0; whole && i < spec->noutputs; i++)
        whole = (view->values[i] = rows_of(view->flow->out[i], &most)) != NULL;
    for (int i = 0; whole && i < spec->nof; i++)
        whole = (view->gradients[i] = rows_of(view->flow->grad_of[i], &most)) != NULL;
    for (int i = 0; whole && i < view->count; i++) {
        struct source *source = &view->sources[i];

        view->items[i] = source->item;
        if (source->item.kind == FER_VIEW_CAM)
            whole = (source->maps = calloc((size_t)CAPACITY * (size_t)source->item.height * (size_t)source->item.width,
                                           sizeof(float))) != NULL;
    }
    whole = whole && (view->raw = malloc(most + 1)) != NULL;
    return whole ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory for the values of predict %s", spec->name);
}

static enum fer_status open(struct fer_view *view, struct fer_context *context, struct fer_description *description,
                            struct fer_store *store, const char *const *show, const char *const *cams,
                            struct fer_error *err)
{
    const struct fer_compile_options options = fer_context_compile_options(context);
    enum fer_status status = find_sources(view, show, cams, err);

    if (status == FER_OK)
        status = fer_predict_compile(description, &view->probe.spec, CAPACITY, view->probe.spec.nof > 0, store,
                                     &options, &view->flow, err);
    return status == FER_OK ? allocate(view, err) : status;
}

enum fer_status fer_view_open(struct fer_context *context, struct fer_description *description, struct fer_store *store,
                              const struct fer_classifier *classifier, const char *const *show, const char *const *cams,
                              struct fer_view **out, struct fer_error *err)
{
    struct fer_view *view = calloc(1, sizeof(*view));
    enum fer_status status = view ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    *out = NULL;
    if (status == FER_OK) {
        view->classifier = *classifier;
        status = open(view, context, description, store, show, cams, err);
    }
    if (status != FER_OK) {
        fer_view_close(view);
        return status;
    }
    *out = view;
    return FER_OK;
}

void fer_view_close(struct fer_view *view)
{
    if (!view)
        return;
    for (int i = 0; view->values && i < view->probe.spec.noutputs; i++)
        free(view->values[i]);
    for (int i = 0; view->gradients && i < view->probe.spec.nof; i++)
        free(view->gradients[i]);
    for (int i = 0; view->sources && i < view->count; i++)
        free(view->sources[i].maps);
    fer_flow_program_free(view->flow);
    free(view->values);
    free(view->gradients);
    free(view->rows);
    free(view->items);
    free(view->sources);
    free(view->seeds);
    free(view->raw);
    free(view);
}

const struct fer_classifier *fer_view_classifier(const struct fer_view *view)
{
    return &view->classifier;
}

const struct fer_view_item *fer_view_items(const struct fer_view *view, int *count)
{
    *count = view->count;
    return view->items;
}

/* ---- run ---- */

/* The first rows of a tensor in plain order. */
static enum fer_status read_plain(struct fer_view *view, const struct fer_tensor *t, int rows, float *out,
                                  struct fer_error *err)
{
    const size_t row = fer_tensor_bytes(t) / (size_t)t->shape.dim[0];
    const int *dim = t->shape.dim;
    enum fer_status status;

    if (t->layout == FER_LAYOUT_PLAIN)
        return fer_exec_read(view->flow->exec, t, out, row * (size_t)rows, err);
    status = fer_exec_read(view->flow->exec, t, view->raw, row * (size_t)rows, err);
    for (int n = 0; status == FER_OK && n < rows; n++) {
        for (int c = 0; c < dim[1]; c++) {
            for (int i = 0; i < dim[2] * dim[3]; i++)
                *out++ = fer_sheet_pixel(t, view->raw, n, c, i / dim[3], i % dim[3]);
        }
    }
    return status;
}

static const struct fer_decision *decision_of(const struct fer_program *program, int branch)
{
    for (int s = 0; s < program->nsegments; s++) {
        const struct fer_decision *decision = program->segments[s]->decision;

        if (decision && branch >= decision->first && branch < decision->first + decision->count)
            return decision;
    }
    return NULL;
}

/* Which row of a branch each picture has; a decision's lists say which rows of its parent went there. */
static enum fer_status find_rows(struct fer_view *view, int branch, int count, int rows[CAPACITY],
                                 struct fer_error *err)
{
    const struct fer_program *program = view->flow->program;
    const struct fer_decision *decision = branch ? decision_of(program, branch) : NULL;
    const int live = branch ? fer_exec_live(view->flow->exec, branch) : count;
    int32_t list[CAPACITY];
    int above[CAPACITY];
    enum fer_status status;

    for (int n = 0; n < CAPACITY; n++)
        rows[n] = !branch && n < count ? n : -1;
    if (!decision || live <= 0 || live > CAPACITY)
        return FER_OK;
    status = find_rows(view, program->branches[branch - 1].parent, count, above, err);
    if (status == FER_OK)
        status = fer_exec_read(view->flow->exec, decision->rows[branch - decision->first], list,
                               (size_t)live * sizeof(*list), err);
    for (int n = 0; status == FER_OK && n < count; n++) {
        for (int k = 0; k < live; k++)
            rows[n] = above[n] >= 0 && list[k] == above[n] ? k : rows[n];
    }
    return status;
}

static enum fer_status read_outputs(struct fer_view *view, int count, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; status == FER_OK && i < view->probe.spec.noutputs; i++) {
        const struct fer_tensor *out = view->flow->out[i];
        const int live = out->branch ? fer_exec_live(view->flow->exec, out->branch) : count;

        status = find_rows(view, out->branch, count, view->rows[i], err);
        if (status == FER_OK && live > 0)
            status = read_plain(view, out, live, view->values[i], err);
    }
    return status;
}

/* The gradient of one class's score for each picture. */
static enum fer_status run_backward(struct fer_view *view, int count, int label, struct fer_error *err)
{
    const size_t classes = (size_t)view->classifier.classes;
    enum fer_status status;

    memset(view->seeds, 0, (size_t)count * classes * sizeof(*view->seeds));
    for (int n = 0; n < count; n++)
        view->seeds[(size_t)n * classes + (size_t)(label < 0 ? fer_view_best(view, n) : label)] = 1;
    status = fer_exec_write(view->flow->exec, view->flow->grad_out[view->probe.spec.seed], view->seeds,
                            (size_t)count * classes * sizeof(*view->seeds), err);
    if (status == FER_OK)
        status = fer_exec_run(view->flow->exec, view->flow->backward, err);
    for (int i = 0; status == FER_OK && i < view->probe.spec.nof; i++)
        status = read_plain(view, view->flow->grad_of[i], count, view->gradients[i], err);
    return status;
}

static void make_maps(struct fer_view *view, int count)
{
    for (int i = 0; i < view->count; i++) {
        const struct source *source = &view->sources[i];
        const struct fer_shape *shape = &view->probe.spec.outputs[source->way[0]].shape;
        const size_t pixels = (size_t)source->item.height * (size_t)source->item.width, row = fer_shape_row(shape);

        for (int n = 0; n < count && source->item.kind == FER_VIEW_CAM; n++)
            fer_grad_cam(view->values[source->way[0]] + (size_t)n * row,
                         view->gradients[source->gradient] + (size_t)n * row, shape->dim[1], pixels,
                         source->maps + (size_t)n * pixels);
    }
}

enum fer_status fer_view_run(struct fer_view *view, const float *pictures, int count, int label, struct fer_error *err)
{
    const struct fer_classifier *c = &view->classifier;
    const size_t row = (size_t)c->channels * (size_t)c->height * (size_t)c->width;
    struct fer_flow_program *flow = view->flow;
    enum fer_status status;

    if (count < 1 || count > CAPACITY)
        return fer_fail(err, FER_EINVAL, "%d pictures at once; 1 to %d are possible", count, CAPACITY);
    status = fer_exec_batch(flow->exec, count, err);
    if (status == FER_OK)
        status = fer_flow_number(flow, err);
    if (status == FER_OK)
        status = fer_exec_write(flow->exec, flow->in[0], pictures, (size_t)count * row * sizeof(float), err);
    if (status == FER_OK)
        status = fer_exec_run(flow->exec, flow->segment, err);
    if (status == FER_OK)
        status = read_outputs(view, count, err);
    if (status == FER_OK && flow->backward)
        status = run_backward(view, count, label, err);
    if (status == FER_OK)
        make_maps(view, count);
    return status;
}

/* ---- results ---- */

const float *fer_view_answer(const struct fer_view *view, int row)
{
    return view->values[0] + (size_t)row * (size_t)view->classifier.classes;
}

int fer_view_best(const struct fer_view *view, int row)
{
    const float *answer = fer_view_answer(view, row);
    int best = 0;

    for (int k = 1; k < view->classifier.classes; k++)
        best = answer[k] > answer[best] ? k : best;
    return best;
}

struct fer_map fer_view_map(const struct fer_view *view, int item, int row)
{
    const struct source *source = &view->sources[item];

    if (source->item.kind == FER_VIEW_CAM)
        return (struct fer_map){ source->maps + (size_t)row * (size_t)source->item.height * (size_t)source->item.width,
                                 1, source->item.height, source->item.width };
    for (int w = 0; w < source->nways; w++) {
        const struct fer_shape *shape = &view->probe.spec.outputs[source->way[w]].shape;
        const int at = view->rows[source->way[w]][row];

        if (at >= 0)
            return (struct fer_map){ view->values[source->way[w]] + (size_t)at * fer_shape_row(shape), shape->dim[1],
                                     shape->dim[2], shape->dim[3] };
    }
    return (struct fer_map){ NULL, source->item.channels, source->item.height, source->item.width };
}

double fer_view_number(const struct fer_view *view, int item, int row, const char **net)
{
    const int output = view->sources[item].way[0];
    int32_t whole;

    *net = NULL;
    if (view->probe.spec.outputs[output].shape.dtype == FER_F32)
        return (double)view->values[output][row];
    memcpy(&whole, &view->values[output][row], sizeof(whole));
    *net = fer_probe_choice(&view->probe.spec, output, (int)whole);
    return (double)whole;
}
