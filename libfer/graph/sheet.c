/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/sheet.h"

#include "graph/resolve.h"
#include "run/program.h"

/* A description grows by one test. */
static struct fer_test_spec *add_test(struct fer_description *d, struct fer_error *err)
{
    struct fer_test_spec *tests = fer_arena_alloc(d->arena, (size_t)(d->ntests + 1) * sizeof(*tests));

    if (!tests) {
        fer_fail(err, FER_ENOMEM, "out of memory");
        return NULL;
    }
    for (int i = 0; i < d->ntests; i++)
        tests[i] = d->tests[i];
    d->tests = tests;
    return &tests[d->ntests++];
}

static enum fer_status fill(struct fer_description *d, int data, bool training, bool all, struct fer_sheet *out,
                            struct fer_error *err)
{
    struct fer_resolver *r = d->resolver;
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = "sheet" };
    struct fer_test_spec *test = &d->tests[out->test];
    enum fer_status status = fer_graph_create(d, d->data[data].micro, &test->graph, err);

    if (status)
        return status;
    struct fer_env env = { .r = r,
                           .graph = test->graph,
                           .module = r->main,
                           .bindings = &r->main->lets,
                           .scope = &scope,
                           .naming = &naming,
                           .region = FER_REGION_SHARED };
    status =
        all ? fer_data_eval_all(&env, &d->data[data], 0, training) : fer_data_eval(&env, &d->data[data], 0, training);
    if (status)
        return fer_fail(err, status, "data %s cannot be shown; `fer check` says why", d->data[data].name);
    out->nfields = 0;
    for (int i = 0; i < scope.count && out->nfields < FER_SHEET_FIELDS; i++) {
        scope.items[i].value->keep = true;
        out->fields[out->nfields].name = scope.items[i].name;
        out->fields[out->nfields++].value = scope.items[i].value;
    }
    fer_graph_prune(test->graph);
    /* a field that no operation touches is uploaded all the same */
    for (int i = 0; i < out->nfields; i++)
        out->fields[i].value->uses++;
    return FER_OK;
}

static enum fer_status append(struct fer_description *d, int data, struct fer_sheet *out, struct fer_error *err)
{
    struct fer_test_spec *test = add_test(d, err);

    *out = (struct fer_sheet){ .test = d->ntests - 1 };
    if (!test)
        return FER_ENOMEM;
    test->name = "sheet";
    test->data = data;
    return FER_OK;
}

enum fer_status fer_sheet_create(struct fer_description *d, int data, bool training, struct fer_sheet *out,
                                 struct fer_error *err)
{
    const enum fer_status status = append(d, data, out, err);

    return status ? status : fill(d, data, training, false, out, err);
}

enum fer_status fer_sheet_create_all(struct fer_description *d, int data, struct fer_sheet *out, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    if (out->test < 0) {
        status = append(d, data, out, err);
    } else {
        fer_graph_free(d->tests[out->test].graph);
        d->tests[out->test].graph = NULL;
    }
    return status ? status : fill(d, data, false, true, out, err);
}

float fer_sheet_pixel(const struct fer_tensor *t, const float *values, int n, int c, int y, int x)
{
    size_t h = (size_t)t->shape.dim[2], w = (size_t)t->shape.dim[3], channels = (size_t)t->shape.dim[1];
    size_t blocks = (channels + FER_BLOCK - 1) / FER_BLOCK, at = (size_t)y * w + (size_t)x;

    if (t->layout == FER_LAYOUT_BLOCKED)
        return values[(((size_t)n * blocks + (size_t)c / FER_BLOCK) * h * w + at) * FER_BLOCK + (size_t)c % FER_BLOCK];
    return values[((size_t)n * channels + (size_t)c) * h * w + at];
}
