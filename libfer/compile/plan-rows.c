/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/plan.h"

#include <stdlib.h>

static bool is_row(const struct fer_tensor *tensor)
{
    return !tensor->base && tensor->first >= 0;
}

static void fill_row(const struct fer_program *program, const struct fer_tensor *tensor, struct fer_plan_row *row)
{
    bool kept = tensor->storage != FER_STORAGE_ARENA || tensor->whole;

    row->tensor = tensor;
    row->arena = tensor->storage == FER_STORAGE_ARENA ? tensor->arena : -1;
    row->bytes = fer_tensor_bytes(tensor);
    row->offset = tensor->offset * fer_tensor_element(tensor);
    row->first = kept ? 0 : tensor->first;
    row->last = kept ? program->nlaunches - 1 : tensor->last;
}

static int by_place(const void *left, const void *right)
{
    const struct fer_plan_row *a = left, *b = right;

    if (a->arena != b->arena)
        return (unsigned)a->arena < (unsigned)b->arena ? -1 : 1; /* -1 comes last */
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->tensor->id < b->tensor->id ? -1 : a->tensor->id > b->tensor->id;
}

/* An in-place output and its input are one tensor at the launch where they meet. */
static size_t live_at(const struct fer_plan_row *rows, int count, int launch)
{
    size_t live = 0;

    for (int i = 0; i < count; i++) {
        const struct fer_plan_row *row = &rows[i];

        if (row->arena < 0 || row->first > launch || row->last < launch)
            continue;
        if (row->tensor->in_place && row->tensor->first == launch)
            continue;
        live += (row->bytes + FER_ALIGN - 1) / FER_ALIGN * FER_ALIGN;
    }
    return live;
}

static void add_up(const struct fer_program *program, const struct fer_plan_row *rows, int count,
                   struct fer_plan_totals *totals)
{
    *totals = (struct fer_plan_totals){ .arenas = program->arena_bytes, .busiest = -1 };
    for (int i = 0; i < count; i++) {
        if (rows[i].arena >= 0)
            totals->tensors += rows[i].bytes;
        else if (rows[i].tensor->storage != FER_STORAGE_PERSISTENT)
            totals->own += rows[i].bytes;
    }
    for (int launch = 0; launch < program->nlaunches; launch++) {
        size_t live = live_at(rows, count, launch);

        if (live > totals->bound || totals->busiest < 0) {
            totals->bound = live;
            totals->busiest = launch;
        }
    }
}

enum fer_status fer_plan_rows(const struct fer_program *program, struct fer_plan_row **rows, int *count,
                              struct fer_plan_totals *totals, struct fer_error *err)
{
    *count = 0;
    *rows = calloc((size_t)program->ntensors + 1, sizeof(**rows));
    if (!*rows)
        return fer_fail(err, FER_ENOMEM, "out of memory while a plan was listed");
    for (int i = 0; i < program->ntensors; i++) {
        if (is_row(program->tensors[i]))
            fill_row(program, program->tensors[i], &(*rows)[(*count)++]);
    }
    qsort(*rows, (size_t)*count, sizeof(**rows), by_place);
    if (totals)
        add_up(program, *rows, *count, totals);
    return FER_OK;
}
