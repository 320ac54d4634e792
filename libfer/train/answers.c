/* SPDX-License-Identifier: Apache-2.0 */
#include "train/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "file.h"
#include "graph/graph.h"

enum { EXTRAS_MAX = 64 };

struct fer_answers {
    const struct fer_description *description;
    int classes;                    /* most of any test */
    const char *extras[EXTRAS_MAX]; /* columns after the classes */
    int nextras;
    char *text;
    size_t size;
    FILE *out; /* to text */
};

/* One number a sample that is not the label itself. */
static bool is_extra(const struct fer_test_spec *test, const struct fer_value *value)
{
    return value != test->truth && value != test->scores && fer_shape_row(&value->shape) == 1;
}

static void add_extra(struct fer_answers *a, const char *name)
{
    for (int i = 0; i < a->nextras; i++) {
        if (strcmp(a->extras[i], name) == 0)
            return;
    }
    if (a->nextras < EXTRAS_MAX)
        a->extras[a->nextras++] = name;
}

static void find_columns(struct fer_answers *a)
{
    for (int t = 0; t < a->description->ntests; t++) {
        const struct fer_test_spec *test = &a->description->tests[t];

        if (test->scores && test->scores->shape.dim[1] > a->classes)
            a->classes = test->scores->shape.dim[1];
        for (int i = 0; i < test->nnamed; i++) {
            if (is_extra(test, test->named[i].value))
                add_extra(a, test->named[i].name);
        }
    }
}

static void put_header(const struct fer_answers *a)
{
    fputs("test,id,name,label,predicted", a->out);
    for (int i = 0; i < a->classes; i++) {
        fputs(",p.", a->out);
        if (a->classes == a->description->nlabels)
            fer_csv_text(a->out, a->description->labels[i]);
        else
            fprintf(a->out, "%d", i);
    }
    for (int i = 0; i < a->nextras; i++) {
        fputc(',', a->out);
        fer_csv_text(a->out, a->extras[i]);
    }
    fputs("\n", a->out);
}

enum fer_status fer_answers_create(const struct fer_description *description, struct fer_answers **out,
                                   struct fer_error *err)
{
    struct fer_answers *a = calloc(1, sizeof(*a));

    *out = NULL;
    if (a)
        a->out = open_memstream(&a->text, &a->size);
    if (!a || !a->out) {
        free(a);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    a->description = description;
    find_columns(a);
    put_header(a);
    *out = a;
    return FER_OK;
}

void fer_answers_free(struct fer_answers *answers)
{
    if (!answers)
        return;
    if (answers->out)
        fclose(answers->out);
    free(answers->text);
    free(answers);
}

/* A class by its name where the test's classes are the description's. */
static void put_class(const struct fer_answers *a, int classes, int32_t label)
{
    fputc(',', a->out);
    if (label < 0)
        return;
    if (classes == a->description->nlabels && label < classes)
        fer_csv_text(a->out, a->description->labels[label]);
    else
        fprintf(a->out, "%d", (int)label);
}

/* As `accuracy` counts: the first of the largest. */
static int32_t largest(const float *scores, int count)
{
    int32_t best = 0;

    for (int i = 1; i < count; i++) {
        if (scores[i] > scores[best])
            best = i;
    }
    return best;
}

static void put_answer(const struct fer_answers *a, const struct fer_test_spec *test, const float *scores,
                       const int32_t *truth, int row)
{
    int classes = scores ? test->scores->shape.dim[1] : 0;

    if (scores) {
        scores += (size_t)row * (size_t)classes;
        put_class(a, classes, truth[row]);
        put_class(a, classes, largest(scores, classes));
    } else {
        fputs(",,", a->out);
    }
    for (int i = 0; i < a->classes; i++) {
        fputc(',', a->out);
        if (i < classes)
            fer_csv_number(a->out, (double)scores[i]);
    }
}

/* The values of one batch, by place in test->named and in a->extras. */
struct columns {
    void *scores, *truth, *extras[EXTRAS_MAX];
    bool is_float[EXTRAS_MAX];
};

static enum fer_status read_columns(const struct fer_answers *a, const struct fer_tester *tester, int rows,
                                    struct columns *columns, struct fer_error *err)
{
    const struct fer_test_spec *test = fer_tester_spec(tester);
    enum fer_status status = FER_OK;

    if (test->scores)
        status = fer_tester_read(tester, test->scores, rows, &columns->scores, err);
    if (status == FER_OK && test->scores)
        status = fer_tester_read(tester, test->truth, rows, &columns->truth, err);
    for (int i = 0; i < test->nnamed; i++) {
        const struct fer_value *value = test->named[i].value;

        for (int k = 0; status == FER_OK && k < a->nextras && is_extra(test, value); k++) {
            if (strcmp(a->extras[k], test->named[i].name) != 0)
                continue;
            columns->is_float[k] = value->shape.dtype == FER_F32;
            status = fer_tester_read(tester, value, rows, &columns->extras[k], err);
        }
    }
    return status;
}

static void put_extra(const struct fer_answers *a, const struct columns *columns, int i, int row)
{
    fputc(',', a->out);
    if (columns->extras[i] && columns->is_float[i])
        fer_csv_number(a->out, (double)((const float *)columns->extras[i])[row]);
    else if (columns->extras[i])
        fprintf(a->out, "%d", (int)((const int32_t *)columns->extras[i])[row]);
}

enum fer_status fer_answers_batch(void *answers, const struct fer_tester *tester, const struct fer_batch *batch,
                                  struct fer_error *err)
{
    struct fer_answers *a = answers;
    const struct fer_test_spec *test = fer_tester_spec(tester);
    struct columns columns = { 0 };
    enum fer_status status = read_columns(a, tester, batch->n, &columns, err);
    char name[1024];

    for (int row = 0; status == FER_OK && row < batch->n; row++) {
        fer_tester_name(tester, batch, row, name, sizeof(name));
        fprintf(a->out, "%s,%u,", test->name, (unsigned)batch->id[row]);
        fer_csv_text(a->out, name);
        put_answer(a, test, columns.scores, columns.truth, row);
        for (int i = 0; i < a->nextras; i++)
            put_extra(a, &columns, i, row);
        fputc('\n', a->out);
    }
    if (status == FER_OK && ferror(a->out))
        status = fer_fail(err, FER_ENOMEM, "no memory for the answers");
    free(columns.scores);
    free(columns.truth);
    for (int i = 0; i < a->nextras; i++)
        free(columns.extras[i]);
    return status;
}

enum fer_status fer_answers_write(struct fer_answers *answers, const char *path, struct fer_error *err)
{
    struct fer_bytes part;

    if (fflush(answers->out) != 0)
        return fer_fail(err, FER_ENOMEM, "no memory for the answers");
    part = (struct fer_bytes){ answers->text, answers->size };
    return fer_file_write_atomic(path, &part, 1, err);
}
