/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/sheet.h"

#include "graph/resolve.h"

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

enum fer_status fer_sheet_create(struct fer_description *d, int data, bool training, struct fer_sheet *out,
                                 struct fer_error *err)
{
    struct fer_resolver *r = d->resolver;
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = "sheet" };
    struct fer_test_spec *test = add_test(d, err);
    enum fer_status status;

    *out = (struct fer_sheet){ .test = d->ntests - 1 };
    if (!test)
        return FER_ENOMEM;
    test->name = "sheet";
    test->data = data;
    status = fer_graph_create(d, d->data[data].micro, &test->graph, err);
    if (status)
        return status;
    struct fer_env env = { .r = r,
                           .graph = test->graph,
                           .module = r->main,
                           .bindings = &r->main->lets,
                           .scope = &scope,
                           .naming = &naming,
                           .region = FER_REGION_SHARED };
    status = fer_data_eval(&env, &d->data[data], 0, training);
    if (status)
        return fer_fail(err, status, "data %s cannot be shown; `fer check` says why", d->data[data].name);
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
