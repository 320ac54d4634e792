/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers and losses against golden/layers.safetensors, which golden/make-layers.py has PyTorch write: outputs, moved
 * statistics and all gradients, in every layout of both profiles.
 */
#include "harness.h"
#include "train/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 2e-5 /* of the Euclidean norm; 1e-3 is what is promised */

static struct fer_error err;
static struct fer_safetensors *file;
static char report[8192]; /* what differs; a test fails at its end, so that it names all */

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

static const struct fer_safetensor *row_of(const char *name, const char *kind, const char *which)
{
    char key[256];
    snprintf(key, sizeof key, "%s.%s.%s", name, kind, which);
    return fer_safetensors_find(file, key);
}

static const struct fer_safetensor *row_at(const char *name, const char *kind, int i)
{
    char which[16];
    snprintf(which, sizeof which, "%d", i);
    return row_of(name, kind, which);
}

static void load(const struct fer_safetensor *row, struct op_tensor *to)
{
    float *values = malloc((row->count + 1) * sizeof(*values));
    OK(fer_safetensors_read_f32(file, row, values, &err));
    ck_assert_msg(row->count == to->count, "%s has %zu elements, ours has %zu", row->name, row->count, to->count);
    for (size_t i = 0; i < row->count; i++)
        to->v[i] = values[i];
    free(values);
}

static void compare(const struct op_program *program, const struct fer_safetensor *row, const struct op_tensor *ours)
{
    struct op_tensor theirs = *ours;
    const size_t length = strlen(report);
    ck_assert_msg(row != NULL, "%s: a tensor is missing from the golden file", program->title);
    theirs.v = calloc(ours->count + 1, sizeof(double));
    load(row, &theirs);
    const double distance = op_distance(ours, &theirs);
    if (!(distance <= TOLERANCE))
        snprintf(report + length, sizeof report - length, "%s: %s differs by %.2g\n", program->title, row->name,
                 distance);
    free(theirs.v);
}

/* Case `name` in the form of the harness. */
struct golden {
    struct op_case c;
    char inputs[256];
};

static void describe(const char *name, struct golden *g)
{
    char key[256];
    int nin, nout, training;
    snprintf(key, sizeof key, "%s.ports", name);
    ck_assert_int_eq(sscanf(fer_safetensors_metadata(file, key), "%d %d %d", &nin, &nout, &training), 3);
    *g = (struct golden){ .c = { .outputs = nout, .flow = fer_safetensors_metadata(file, name) } };
    g->c.flags = training ? OP_TRAINING : 0;
    for (int i = 0; i < nin; i++) {
        const struct fer_safetensor *row = row_at(name, "in", i);
        sprintf(g->inputs + strlen(g->inputs), "%s%s", i ? " " : "", row->type == FER_ST_I32 ? "l1:" : "");
        for (int k = 0; k < row->rank; k++)
            sprintf(g->inputs + strlen(g->inputs), "%s%d", k ? "," : "", (int)row->dim[k]);
    }
    g->c.inputs = g->inputs;
}

/* The path in the file of a weight of ours, "t.op.weight". */
static const char *path_of(const struct op_program *program, int i)
{
    return program->net->weights[i]->path + strlen("t.");
}

static void check(const char *name, const struct op_device *device, bool blocked)
{
    struct golden g;
    struct op_program program;
    struct op_reference r;
    describe(name, &g);
    op_program_compile(&program, &g.c, device, blocked);
    op_values_create(&program, program.capacity, &r);
    for (int i = 0; i < r.nin; i++)
        load(row_at(name, "in", i), &r.in[i]);
    for (int i = 0; i < r.nout; i++)
        load(row_at(name, "grad_out", i), &r.grad_out[i]);
    for (int i = 0; i < r.nweights; i++) {
        const struct fer_safetensor *row = row_of(name, "weight", path_of(&program, i));
        ck_assert_msg(row != NULL, "%s: PyTorch has no weight '%s'", program.title, path_of(&program, i));
        load(row, &r.weight[i]);
    }
    op_program_run(&program, program.capacity, &r);
    for (int i = 0; i < r.nout; i++)
        compare(&program, row_at(name, "out", i), &r.out[i]);
    for (int i = 0; i < r.nin; i++)
        if (r.grad_in[i].v)
            compare(&program, row_at(name, "grad_in", i), &r.grad_in[i]);
    for (int i = 0; i < r.nweights; i++) {
        if (r.grad_weight[i].v)
            compare(&program, row_of(name, "grad_weight", path_of(&program, i)), &r.grad_weight[i]);
        if (r.moved[i].v && (g.c.flags & OP_TRAINING))
            compare(&program, row_of(name, "moved", path_of(&program, i)), &r.moved[i]);
    }
    op_values_free(&r);
    op_program_free(&program);
}

/* 0: CPU profile, plain inputs; 1: blocked ones; 2: GPU profile. */
START_TEST(layers)
{
    if (op_small()) /* the cases of unit-ops-… do */
        return;
    const char *top = getenv("top_srcdir");
    char path[1024], names[8192], *rest = names;
    struct op_device device = op_device_open(_i < 2 ? FER_PROFILE_CPU : FER_PROFILE_GPU);
    int count = 0;
    snprintf(path, sizeof path, "%s/tests/golden/layers.safetensors", top ? top : ".");
    OK(fer_safetensors_open(path, &file, &err));
    snprintf(names, sizeof names, "%s", fer_safetensors_metadata(file, "cases"));
    for (char *name = strtok_r(rest, " ", &rest); name; name = strtok_r(NULL, " ", &rest), count++)
        check(name, &device, _i == 1);
    ck_assert_int_ge(count, 60);
    fer_safetensors_close(file);
    op_device_close(&device);
    ck_assert_msg(!*report, "\n%s", report);
}
END_TEST

static void add_layers(TCase *tcase)
{
    tcase_add_loop_test(tcase, layers, 0, 3);
}

int main(void)
{
    return op_main("golden", NULL, 0, add_layers);
}
