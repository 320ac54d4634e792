/* SPDX-License-Identifier: Apache-2.0
 *
 * linear and matmul with every solver of products and every value that one can be tuned to.
 */
#include "turns.h"

#include <stdlib.h>
#include <string.h>

/* ---- references ---- */

static void linear(const struct op_reference *r)
{
    const int features = r->out[0].dim[1], inputs = r->weight[0].dim[1];
    for (int n = 0; n < r->out[0].dim[0]; n++)
        for (int f = 0; f < features; f++)
            for (int i = 0; i < inputs; i++)
                r->out[0].v[n * features + f] += r->in[0].v[n * inputs + i] * r->weight[0].v[f * inputs + i];
    for (size_t i = 0; r->nweights > 1 && i < r->out[0].count; i++)
        r->out[0].v[i] += r->weight[1].v[i % (size_t)features];
}

/* p: transpose_a, transpose_b */
static void matmul(const struct op_reference *r)
{
    const struct op_tensor *a = &r->in[0], *b = &r->in[1], *y = &r->out[0];
    const int rank = y->rank, rows = y->dim[rank - 2], columns = y->dim[rank - 1];
    const int depth = a->dim[r->p[0] != 0 ? rank - 2 : rank - 1];
    const size_t matrices = y->count / (size_t)(rows * columns);
    for (size_t m = 0; m < matrices; m++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                for (int k = 0; k < depth; k++)
                    y->v[(m * (size_t)rows + (size_t)i) * (size_t)columns + (size_t)j] +=
                        a->v[m * (size_t)(rows * depth) + (size_t)(r->p[0] != 0 ? k * rows + i : i * depth + k)] *
                        b->v[m * (size_t)(depth * columns) + (size_t)(r->p[1] != 0 ? j * depth + k : k * columns + j)];
}

static const struct op_case cases[] = {
    OP_CASE("linear 5", "3,7", linear),
    OP_CASE("linear 33 bias=no", "1,65", linear),
    OP_CASE("linear 70", "5,3,5,6", linear),
    OP_CASE("linear 7", "19,130", linear),
    OP_CASE("linear 7", "3,530", linear), /* long sums: in parts on GPUs */
    OP_CASE("matmul", "2,5,7 2,7,3", matmul, { 0, 0 }),
    OP_CASE("matmul transpose_b=yes", "2,3,17,4 2,3,19,4", matmul, { 0, 1 }),
    OP_CASE("matmul transpose_a=yes", "3,4,9 3,4,2", matmul, { 1, 0 }),
    OP_CASE("matmul transpose_a=yes transpose_b=yes", "1,33,20 1,18,33", matmul, { 1, 1 }),
};

/* Where each multiply-add takes as long as a thousand elsewhere. */
static const struct op_case small_cases[] = {
    OP_CASE("linear 5", "3,7", linear),
    OP_CASE("linear 17 bias=no", "1,33", linear),
    OP_CASE("linear 7", "19,34", linear),
    OP_CASE("linear 7", "3,530", linear),
    OP_CASE("matmul", "2,5,7 2,7,3", matmul, { 0, 0 }),
    OP_CASE("matmul transpose_b=yes", "2,3,17,4 2,3,19,4", matmul, { 0, 1 }),
    OP_CASE("matmul transpose_a=yes", "3,4,9 3,4,2", matmul, { 1, 0 }),
    OP_CASE("matmul transpose_a=yes transpose_b=yes", "1,18,20 1,17,18", matmul, { 1, 1 }),
};

/* ---- every solver ---- */

static const struct op_case products[] = {
    OP_CASE("linear 70", "5,3,5,6", linear),
    OP_CASE("linear 33 bias=no", "7,65", linear),
    OP_CASE("matmul", "2,5,7 2,7,3", matmul, { 0, 0 }),
    OP_CASE("matmul transpose_a=yes transpose_b=yes", "1,33,20 1,18,33", matmul, { 1, 1 }),
};

/* One problem after the other by the solver, forward and backward, with whole and partial batches. */
START_TEST(each_product_by_clblast)
{
    struct op_device device = op_device_open(FER_PROFILE_GPU);
    struct op_program first;
    int checked = 0;
    op_program_compile(&first, &products[_i], &device, false);
    for (int k = 0; k < first.flow->program->nsolved; k++) {
        const struct fer_solved *solved = first.flow->program->solved[k];
        struct fer_forced forced = { solved->work, solved->shape, { .size = sizeof forced.solution } };
        struct op_case c = products[_i];
        struct op_program program;
        if (!fer_solution_parse(solved, "clblast", &forced.solution))
            continue;
        c.forced = &forced;
        op_program_compile(&program, &c, &device, false);
        ck_assert(op_program_uses(&program, strstr(solved->pass, "backward") != NULL, "clblast_sgemm"));
        op_program_check(&program);
        op_program_free(&program);
        checked++;
    }
#ifdef HAVE_CLBLAST
    ck_assert_int_ge(checked, 3);
#endif
    op_program_free(&first);
    op_device_close(&device);
}
END_TEST

/* Against plain loops; on a simulated device in place of each_value. */
START_TEST(each_turn_of_products)
{
    turns_set_lanes(_i == 2);
    struct op_device device = op_device_open(_i == 1 ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        struct op_program program;
        op_program_compile(&program, &products[i], &device, false);
        for (int k = 0; k < program.flow->program->nsolved; k++) {
            const struct fer_solved *solved = program.flow->program->solved[k];
            for (int s = 0; s < solved->nsolvers; s++)
                if (strcmp(solved->names[s], "clblast") != 0)
                    turns_check(&program, solved, s);
        }
        op_program_free(&program);
    }
    unsetenv("FER_VEC_LANES");
    op_device_close(&device);
}
END_TEST

/* ---- every solver with every value of its numbers, against the plainest solver ---- */

static const struct op_case turned[] = {
    { .call = "linear 600", .inputs = "30,600" },
    { .call = "matmul", .inputs = "2,100,70 2,70,530" },
};

START_TEST(each_value)
{
    struct op_device device = op_device_open(_i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    int count = 0;
    for (size_t i = 0; i < sizeof turned / sizeof turned[0]; i++) {
        struct op_program program;
        op_program_compile(&program, &turned[i], &device, false);
        ck_assert_int_gt(program.flow->program->nsolved, 0);
        for (int k = 0; k < program.flow->program->nsolved; k++)
            count += turns_compare(&program, program.flow->program->solved[k]);
        op_program_free(&program);
    }
    op_device_close(&device);
    ck_assert_msg(count >= (_i ? 24 : 50), "only %d solutions were compared", count);
}
END_TEST

static void add_solvers(TCase *tcase)
{
    tcase_add_loop_test(tcase, each_turn_of_products, 0, 3);
    if (op_small()) /* a simulated device would take hours over the others */
        return;
    tcase_add_loop_test(tcase, each_value, 0, 2);
    tcase_add_loop_test(tcase, each_product_by_clblast, 0, (int)(sizeof products / sizeof products[0]));
}

int main(void)
{
    const size_t count = op_small() ? sizeof small_cases / sizeof small_cases[0] : sizeof cases / sizeof cases[0];
    return op_main("ops-products", op_small() ? small_cases : cases, (int)count, add_solvers);
}
