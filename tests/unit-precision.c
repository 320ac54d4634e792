/* SPDX-License-Identifier: Apache-2.0
 *
 * Feature maps of 16 bits: every number that they hold, every rounding to them, layers that know about them and layers
 * that do not, and the loss scale.
 */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core_cl.h"
#include "compile/scale.h"
#include "toy.h"
#include "train/contest.h"

static struct fer_error err;

/* ---- numbers ---- */

/* From the definitions: IEEE 754 binary16, and binary32 without its lower half. */
static double half_value(unsigned bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                        : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                       : ldexp(fraction, -24);
    return bits & 0x8000 ? -size : size;
}

static double bfloat_value(unsigned bits)
{
    const int exponent = bits >> 7 & 255, fraction = bits & 127;
    const double size = exponent == 255 ? (fraction ? NAN : INFINITY)
                        : exponent      ? ldexp(128 + fraction, exponent - 134)
                                        : ldexp(fraction, -133);
    return bits & 0x8000 ? -size : size;
}

static double value_of(enum fer_precision precision, unsigned bits)
{
    return precision == FER_FP16 ? half_value(bits) : bfloat_value(bits);
}

enum { ALL = 65536 };

/* y = x, of ALL elements each. */
static void recast(struct fer_device *device, enum fer_precision from, enum fer_precision to, const void *x, void *y)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(ALL));
    struct fer_tensor *out = toy_tensor(program, "out", FER_STORAGE_ARENA, 0, TOY_DIMS(ALL));
    struct fer_exec *exec;
    toy_segment(program, "prepare");
    struct fer_segment *segment = toy_segment(program, "main");
    struct fer_launch *launch = toy_launch(program, fer_core_cl, "recast");

    in->precision = from;
    out->precision = to;
    out->keep = true;
    toy_in(launch, "x", in);
    toy_out(launch, "y", out);
    toy_range(launch, ALL / 256, 0, 1);
    ck_assert_fer(fer_plan(program, 0, &err), err);
    ck_assert_fer(fer_exec_create(device, program, false, NULL, &exec, &err), err);
    ck_assert_fer(fer_exec_write(exec, in, x, fer_tensor_bytes(in), &err), err);
    ck_assert_fer(fer_exec_run(exec, segment, &err), err);
    ck_assert_fer(fer_exec_read(exec, out, y, fer_tensor_bytes(out), &err), err);
    fer_exec_free(exec);
    toy_free(program);
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b;
}

START_TEST(every_number_is_read)
{
    const enum fer_precision precision = _i ? FER_BF16 : FER_FP16;
    uint16_t *bits = malloc(ALL * sizeof(*bits));
    float *values = malloc(ALL * sizeof(*values));
    struct fer_device *device;

    ck_assert(bits && values);
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
    for (unsigned i = 0; i < ALL; i++)
        bits[i] = (uint16_t)i;
    recast(device, precision, FER_FP32, bits, values);
    for (unsigned i = 0; i < ALL; i++)
        ck_assert_msg(same((double)values[i], value_of(precision, i)), "%04x is %g, not %g", i, (double)values[i],
                      value_of(precision, i));
    fer_precision_load(precision, bits, ALL, values); /* on the host */
    for (unsigned i = 0; i < ALL; i++)
        ck_assert_msg(same((double)values[i], value_of(precision, i)), "%04x is %g, not %g", i, (double)values[i],
                      value_of(precision, i));
    fer_device_close(device);
    free(bits);
    free(values);
}
END_TEST

/* Between each two neighbours: what is nearer wins, and of two that are equally near the even one. */
START_TEST(every_number_is_rounded_to)
{
    const enum fer_precision precision = _i ? FER_BF16 : FER_FP16;
    const unsigned infinite = precision == FER_FP16 ? 0x7c00 : 0x7f80;
    uint16_t *bits = malloc(ALL * sizeof(*bits)), *wanted = malloc(ALL * sizeof(*wanted));
    float *values = calloc(ALL, sizeof(*values));
    struct fer_device *device;

    ck_assert(bits && wanted && values);
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
    for (int which = -1; which <= 1; which++) { /* below the middle, in it, above */
        for (unsigned i = 0; i < infinite; i++) {
            /* past the largest number the step goes on as if there were one more */
            const double low = value_of(precision, i);
            const double high = i + 1 < infinite ? value_of(precision, i + 1) : 2 * low - value_of(precision, i - 1);
            const float middle = (float)((low + high) / 2);

            values[i] = which < 0 ? nextafterf(middle, 0) : which > 0 ? nextafterf(middle, INFINITY) : middle;
            wanted[i] = (uint16_t)(which < 0 ? i : which > 0 ? i + 1 : i + i % 2);
            values[0x8000 + i] = -values[i];
            wanted[0x8000 + i] = wanted[i] | 0x8000;
        }
        values[ALL - 1] = NAN;
        for (int host = 0; host < 2; host++) {
            if (host)
                fer_precision_store(precision, values, ALL, bits);
            else
                recast(device, FER_FP32, precision, values, bits);
            for (unsigned i = 0; i < ALL; i++)
                if (i % 0x8000 < infinite)
                    ck_assert_msg(bits[i] == wanted[i], "%.9g becomes %04x, not %04x", (double)values[i], bits[i],
                                  wanted[i]);
            ck_assert(isnan(value_of(precision, bits[ALL - 1])));
        }
    }
    fer_device_close(device);
    free(bits);
    free(wanted);
    free(values);
}
END_TEST

/* ---- layers: between two that leave maps of 16 bits ---- */

#define BETWEEN(call) "x = a | scale 1.25\nz = x | " call "\ny = z | scale 0.75"
static const struct op_case layers[] = {
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("relu")),
    OP_CASE(NULL, "3,5,6,5", .flow = BETWEEN("sigmoid")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("leaky_relu 0.1")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("prelu")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("batchnorm"), .flags = OP_TRAINING),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("batchnorm | relu")),
    OP_CASE(NULL, "3,18,6,5", .flow = "x = a | scale 1.25\nz = x | batchnorm\nw = z, x | add | relu\ny = w | scale 2",
            .flags = OP_TRAINING),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("groupnorm 3")),
    OP_CASE(NULL, "3,18,9,8", .flow = BETWEEN("maxpool 3 stride=2 pad=1"), .flags = OP_NO_BACKWARD),
    /* rounding makes numbers equal, and the first of them wins */
    OP_CASE(NULL, "3,18,9,8", .flow = BETWEEN("maxpool 3 stride=2 pad=1"), .tolerance = 0.2),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("avgpool 2 stride=1")),
    OP_CASE(NULL, "3,18,6,5", .flow = "x = a | scale 1.25\ny = x | avgpool global"),
    OP_CASE(NULL, "3,5,4,3", .flow = "x = a | scale 1.25\ny = x | flatten | linear 7"), /* a view */
    OP_CASE(NULL, "3,18,6,5", .flow = "x = a | scale 1.25\ny = x | flatten"),           /* one that is kept */
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("conv2d 20 pad=1")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("conv2d 20 pad=1 solver=\"winograd2\"")),
    OP_CASE(NULL, "3,18,7,5", .flow = BETWEEN("conv2d 20 pad=1 stride=2 groups=2")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("deconv2d 20 kernel=4 stride=2 pad=1")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("conv2d 18 pad=1 groups=depthwise")),
    OP_CASE(NULL, "3,18,6,5",
            .flow = "x = a | scale 1.25\nz = x | conv2d 18 pad=1\nw = z, x | add | relu\ny = w | scale 2"),
    OP_CASE(NULL, "3,4,6,5 3,4,6,5", .flow = "x = a | scale 1.25\nw = b | scale 2\nz = x, w | mul\ny = z, x | add"),
    OP_CASE(NULL, "3,4,6,5 3,5,6,5", .flow = "x = a | scale 1.25\nw = b | scale 2\nz = x, w | concat\ny = z | scale 2"),
    OP_CASE(NULL, "3,18,6,5", .flow = "x = a | scale 1.25\nz = x | conv2d 16 pad=1\ny = z, x | concat"), /* a fan-out */
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("resize 9")),
};
enum { LAYERS = sizeof layers / sizeof layers[0] };

static int count_maps(const struct op_program *program, enum fer_precision precision)
{
    int count = 0;
    for (int i = 0; i < program->flow->program->ntensors; i++)
        count += program->flow->program->tensors[i]->precision == precision;
    return count;
}

START_TEST(layers_agree_with_fp32)
{
    struct op_device device = op_device_open(_i / LAYERS ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    const struct op_case *full = &layers[_i % LAYERS];
    struct op_case half = *full, bfloat = *full;
    struct op_program program;

    half.precision = FER_FP16;
    bfloat.precision = FER_BF16;
    op_program_compile(&program, &half, &device, false);
    ck_assert_msg((count_maps(&program, FER_FP16) > 0) ==
                      (strstr(full->flow, "y = x | flatten") == NULL || strstr(full->flow, "linear") != NULL),
                  "%s: %d tensors of 16 bits", program.title, count_maps(&program, FER_FP16));
    op_program_free(&program);
    op_compare(&half, full, &device, full->tolerance > 0 ? full->tolerance : 4e-3);
    if (_i < LAYERS)
        op_compare(&bfloat, full, &device, full->tolerance > 0 ? full->tolerance : 3e-2);
    op_device_close(&device);
}
END_TEST

/* No copy is made for any of these. */
START_TEST(memory_is_halved)
{
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    struct op_case c = { .flow = "x = a | scale 2\ny = x | relu | maxpool 2 | scale 2 | avgpool global",
                         .inputs = "4,32,32,32",
                         .flags = OP_NO_BACKWARD };
    struct op_program full, half;

    op_program_compile(&full, &c, &device, false);
    c.precision = FER_FP16;
    op_program_compile(&half, &c, &device, false);
    /* but for the places of the maxima, a byte each, and the means */
    const size_t others = 4 * 32 * 16 * 16 + 4 * 32 * sizeof(float);
    ck_assert_uint_eq(2 * (half.flow->program->arena_bytes - others), full.flow->program->arena_bytes - others);
    op_program_free(&full);
    op_program_free(&half);
    op_device_close(&device);
}
END_TEST

/* Convolutions that read and write 16 bits themselves. */
static const struct direct {
    enum fer_profile profile;
    const char *flow, *kernel; /* what runs forward */
} direct[] = {
    { FER_PROFILE_CPU, BETWEEN("conv2d 20 pad=1 solver=\"winograd\""), "winograd_fused" },
    { FER_PROFILE_CPU, BETWEEN("conv2d 32 pad=1 groups=depthwise"), "conv_depthwise" },
    { FER_PROFILE_GPU, BETWEEN("conv2d 20 pad=1"), "conv_implicit" },
    { FER_PROFILE_GPU, BETWEEN("conv2d 20 kernel=1 stride=2"), "conv_implicit" },
    { FER_PROFILE_GPU, BETWEEN("conv2d 20 pad=1 solver=\"winograd2\""), "winograd2_fused" },
    { FER_PROFILE_GPU, BETWEEN("conv2d 32 pad=1 groups=depthwise"), "conv_depthwise_columns" },
    { FER_PROFILE_GPU, BETWEEN("deconv2d 20 kernel=4 stride=2 pad=1"), "conv_implicit" },
};
enum { DIRECT = sizeof direct / sizeof direct[0] };

START_TEST(no_copies)
{
    const struct direct *d = &direct[_i];
    struct op_device device = op_device_open(d->profile);
    const struct op_case c = { .flow = d->flow, .inputs = "8,32,16,15", .precision = FER_BF16 };
    struct op_program program;

    op_program_compile(&program, &c, &device, d->profile == FER_PROFILE_CPU);
    ck_assert_int_gt(count_maps(&program, FER_BF16), 0);
    ck_assert_msg(op_program_uses(&program, false, d->kernel), "%s: %s does not run", program.title, d->kernel);
    ck_assert_msg(!op_program_uses(&program, false, "recast"), "%s: copies forward", program.title);
    ck_assert_msg(!op_program_uses(&program, true, "recast"), "%s: copies backward", program.title);
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

/* ---- problems alone, as a tuner measures them ---- */

static const struct op_case alone[] = {
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("conv2d 33 kernel=3 pad=1")),
    OP_CASE(NULL, "3,18,6,5", .flow = BETWEEN("conv2d 18 kernel=1")),
    OP_CASE(NULL, "3,18,6,5",
            .flow = "x = a | scale 1.25\nw = x | conv2d 18 kernel=3 pad=1\nz = w, x | add | relu\n"
                    "y = z | scale 0.75"),
};
enum { ALONES = sizeof alone / sizeof alone[0] };

static void check_ends(const struct fer_solved *solved, const struct fer_alone *program, enum fer_precision precision)
{
    for (int i = 0; i < program->nin; i++)
        ck_assert_msg(program->in[i]->precision == precision, "%s: input %d", solved->work, i);
    for (int i = 0; i < program->nout; i++)
        ck_assert_msg(program->out[i]->precision == (strstr(solved->work, "weights") ? FER_FP32 : precision),
                      "%s: result %d", solved->work, i);
}

/* Every solver, with copies where it knows f32 alone. */
START_TEST(problems_alone_have_their_precision)
{
    const enum fer_precision precision = _i / ALONES % 2 ? FER_BF16 : FER_FP16;
    const enum fer_profile profile = _i / ALONES / 2 ? FER_PROFILE_GPU : FER_PROFILE_CPU;
    struct op_device device = op_device_open(profile);
    struct op_case c = alone[_i % ALONES];
    struct op_program program;
    int count = 0;

    c.precision = precision;
    op_program_compile(&program, &c, &device, profile == FER_PROFILE_CPU);
    for (int k = 0; k < program.flow->program->nsolved; k++) {
        const struct fer_solved *solved = program.flow->program->solved[k];
        struct fer_contest contest = {
            .problem = solved, .store = program.store, .capacity = program.capacity, .everything = true
        };

        ck_assert_fer(fer_contest_run(&contest, &err), err);
        for (int i = 0; i < contest.count; i++) {
            const struct fer_entrant *e = &contest.entrants[i];

            ck_assert_msg(!e->refusal[0], "%s, %s, %s: %s", program.title, solved->work, e->text, e->refusal);
            if (e->alone)
                check_ends(solved, e->alone, precision);
            count += e->alone != NULL;
        }
        fer_contest_free(&contest);
    }
    ck_assert_int_ge(count, 3); /* forward and both gradients */
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

/* ---- words ---- */

START_TEST(names)
{
    enum fer_precision precision = FER_BF16;

    ck_assert(fer_precision_parse(NULL, &precision, &err) == FER_OK && precision == FER_FP32);
    ck_assert(fer_precision_parse("bf16", &precision, &err) == FER_OK && precision == FER_BF16);
    ck_assert(fer_precision_parse("tf32", &precision, &err) == FER_OK && precision == FER_TF32);
    ck_assert(fer_precision_maps(precision) == FER_FP32 && fer_precision_products(precision) == FER_PRODUCTS_TF32);
    ck_assert(fer_precision_products(FER_FP16) == FER_PRODUCTS_FULL);
    ck_assert(fer_precision_parse("fp8", &precision, &err) == FER_EINVAL);
    ck_assert_says(err, "'fp8' is no precision");
}
END_TEST

static void add_more(TCase *tcase)
{
    tcase_add_loop_test(tcase, every_number_is_read, 0, 2);
    tcase_add_loop_test(tcase, every_number_is_rounded_to, 0, 2);
    tcase_add_loop_test(tcase, layers_agree_with_fp32, 0, 2 * LAYERS);
    tcase_add_test(tcase, memory_is_halved);
    tcase_add_loop_test(tcase, no_copies, 0, DIRECT);
    tcase_add_loop_test(tcase, problems_alone_have_their_precision, 0, 4 * ALONES);
    tcase_add_test(tcase, names);
}

int main(void)
{
    return op_main("precision", NULL, 0, add_more);
}
