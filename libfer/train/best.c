/* SPDX-License-Identifier: Apache-2.0 */
#include "train/best.h"

#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "train/report.h"
#include "said.h"

/* What a metric reports when it has seen nothing: the names and kinds of its results. */
static enum fer_status report_nothing(const struct fer_metric_spec *metric, struct fer_report *report,
                                      struct fer_error *err)
{
    const struct fer_op *op = metric->op;
    float *buffers[FER_OP_WEIGHTS] = { NULL };
    enum fer_status status = FER_OK;

    for (int i = 0; i < op->nweights && status == FER_OK; i++) {
        buffers[i] = calloc(fer_shape_count(&op->buffer_shape[i]), sizeof(float));
        if (!buffers[i])
            status = fer_fail(err, FER_ENOMEM, "out of memory");
    }
    fer_report_begin(report);
    if (status == FER_OK)
        status = fer_said(metric->metric->finish(op, (const float *const *)buffers, report, err), op->layer->name,
                          "finish", err);
    if (status == FER_OK)
        status = fer_report_end(report, metric->name, err);
    for (int i = 0; i < op->nweights; i++)
        free(buffers[i]);
    return status;
}

static const struct fer_test_spec *find_test(const struct fer_description *description, const char *best)
{
    size_t length = strcspn(best, ".");

    for (int i = 0; i < description->ntests; i++)
        if (strlen(description->tests[i].name) == length && strncmp(description->tests[i].name, best, length) == 0)
            return &description->tests[i];
    return NULL;
}

static enum fer_status refuse(const struct fer_stage_spec *stage, struct fer_error *err)
{
    return fer_fail(err, FER_ENOTFOUND,
                    "stage %s: best=\"%s\" is no single number that its test reports; fer eval shows "
                    "what there is",
                    stage->name, stage->best);
}

static enum fer_status check_stage(const struct fer_description *description, const struct fer_stage_spec *stage,
                                   struct fer_error *err)
{
    const struct fer_test_spec *test = find_test(description, stage->best);
    struct fer_report *report;
    enum fer_status status = FER_OK;

    if (!test || !test->graph)
        return FER_OK;
    report = fer_report_create();
    if (!report)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < test->nmetrics && status == FER_OK; i++)
        status = report_nothing(&test->metrics[i], report, err);
    if (status == FER_OK && !fer_report_has(fer_report_json(report), strchr(stage->best, '.') + 1))
        status = refuse(stage, err);
    fer_report_free(report);
    return status;
}

enum fer_status fer_best_check(const struct fer_description *description, int first, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = first; i < description->nstages && status == FER_OK; i++)
        if (description->stages[i].best)
            status = check_stage(description, &description->stages[i], err);
    return status;
}

enum fer_status fer_best_find(const struct fer_stage_spec *stage, const json_t *results, double *value,
                              struct fer_error *err)
{
    const char *dot = strchr(stage->best, '.');
    char *test = dot ? strndup(stage->best, (size_t)(dot - stage->best)) : NULL;
    bool found = test && fer_report_find(json_object_get(results, test), dot + 1, value);

    if (!found && test && fer_report_has(json_object_get(results, test), dot + 1)) {
        free(test);
        return fer_fail(err, FER_ENUMERIC, "stage %s: best=\"%s\" is not a finite number in this epoch", stage->name,
                        stage->best);
    }
    free(test);
    return found ? FER_OK : refuse(stage, err);
}
