/* SPDX-License-Identifier: Apache-2.0
 *
 * What is no number stays none, where it has a part in a result, and nowhere else: so that a run that has gone wrong is
 * seen to have.
 */
#include "harness.h"

#include <math.h>

enum spread { ALONE, CHANNEL, PIXEL, WINDOW, MAP };
static const struct hole {
    const char *flow, *inputs;
    enum spread spread;
    unsigned flags;
} holes[] = {
    { "y = a | relu", "2,18,4,6", ALONE, 0 },
    { "y = a | leaky_relu 0.1", "2,18,4,6", ALONE, 0 },
    { "y = a | prelu", "2,18,4,6", ALONE, 0 },
    { "y = a | relu6", "2,18,4,6", ALONE, 0 },
    { "y = a | sigmoid", "2,18,4,6", ALONE, 0 },
    { "y = a | tanh", "2,18,4,6", ALONE, 0 },
    { "y = a, b | add | relu", "2,18,4,6 2,18,4,6", ALONE, 0 },
    { "y = a, b | add | relu6", "2,18,4,6 2,18,4,6", ALONE, 0 },
    { "y = a | batchnorm | relu", "2,18,4,6", ALONE, 0 },
    { "y = a | batchnorm", "2,18,4,6", CHANNEL, OP_TRAINING },
    { "y = a | softmax", "2,18,4,6", PIXEL, 0 },
    { "y = a | conv2d 32 kernel=1 | relu", "2,18,4,6", PIXEL, 0 },
    { "y = a | maxpool 2", "2,18,4,6", WINDOW, 0 },
    { "y = a | avgpool 2", "2,18,4,6", WINDOW, 0 },
    { "y = a | reduce max", "2,18,4,6", MAP, 0 },
    { "y = a | reduce max axes=[1] keep=yes", "2,18,4,6", PIXEL, 0 },
    { "y = a | avgpool global", "2,18,4,6", MAP, 0 },
};
enum { HOLES = sizeof holes / sizeof holes[0], ROW = 1, HOLE_CHANNEL = 17, LINE = 2, COLUMN = 3 };

static bool is_reached(enum spread spread, int n, int c, int h, int w)
{
    switch (spread) {
    case ALONE: return n == ROW && c == HOLE_CHANNEL && h == LINE && w == COLUMN;
    case CHANNEL: return c == HOLE_CHANNEL;
    case PIXEL: return n == ROW && h == LINE && w == COLUMN;
    case WINDOW: return n == ROW && c == HOLE_CHANNEL && h == LINE / 2 && w == COLUMN / 2;
    default: return n == ROW && c == HOLE_CHANNEL;
    }
}

static void check_hole(const struct hole *hole, const struct op_device *device, bool blocked)
{
    const struct op_case c = {
        .flow = hole->flow, .inputs = hole->inputs, .flags = OP_NO_BACKWARD | hole->flags, .use = ", mobilenet_v2"
    };
    struct op_program program;
    struct op_reference r;
    op_program_compile(&program, &c, device, blocked);
    op_values_create(&program, program.capacity, &r);
    op_values_draw(&program, &r, 1);
    r.in[0].v[op_at(&r.in[0], ROW, HOLE_CHANNEL, LINE, COLUMN)] = NAN;
    op_program_run(&program, program.capacity, &r);
    const struct op_tensor *y = &r.out[0];
    for (size_t i = 0; i < y->count; i++) {
        const int w = (int)(i % (size_t)y->dim[3]), h = (int)(i / (size_t)y->dim[3]) % y->dim[2];
        const size_t plane = i / (size_t)y->dim[3] / (size_t)y->dim[2];
        const int channel = (int)plane % y->dim[1], n = (int)plane / y->dim[1];
        ck_assert_msg(isnan(y->v[i]) == is_reached(hole->spread, n, channel, h, w), "%s: element %d, %d, %d, %d is %g",
                      program.title, n, channel, h, w, y->v[i]);
    }
    op_values_free(&r);
    op_program_free(&program);
}

START_TEST(no_number_stays_none)
{
    struct op_device device = op_device_open(_i % 2 ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (int blocked = 0; blocked < 2 - _i % 2; blocked++)
        check_hole(&holes[_i / 2], &device, blocked);
    op_device_close(&device);
}
END_TEST

/* A label past the last class makes the loss of its sample, and so the mean, no number, which stops a run. */
START_TEST(no_such_class)
{
    static const char *const flows[] = { "y, z = a, b | cross_entropy",
                                         "y, z = a, b | cross_entropy label_smoothing=0.1",
                                         "y, z = a, a, b | loss_inequality" };
    const struct op_case c = { .flow = flows[_i % 3],
                               .inputs = "6,3 l6:6",
                               .flags = OP_COUPLED | OP_NO_BACKWARD,
                               .outputs = 2,
                               .use = ", privileged" };
    struct op_device device = op_device_open(_i / 3 ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    struct op_program program;
    struct op_reference r;
    int wrong = 0;
    op_program_compile(&program, &c, &device, false);
    op_values_create(&program, program.capacity, &r);
    op_values_draw(&program, &r, 1);
    r.in[1].v[2] = 3; /* the first that is none */
    op_program_run(&program, program.capacity, &r);
    for (int n = 0; n < 6; n++) {
        ck_assert_msg(isnan(r.out[1].v[n]) == (r.in[1].v[n] >= 3), "%s: label %g gives %g", program.title, r.in[1].v[n],
                      r.out[1].v[n]);
        wrong += r.in[1].v[n] >= 3;
    }
    ck_assert(wrong > 0 && wrong < 6 && isnan(r.out[0].v[0]));
    op_values_free(&r);
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, no_number_stays_none, 0, 2 * HOLES);
    tcase_add_loop_test(tcase, no_such_class, 0, 6);
}

int main(void)
{
    return op_main("ops-nan", NULL, 0, add_tests);
}
