/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of one source that are compiled together: each computes what it would alone.
 */
#include "run/build.h"
#include "toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fer_device *device;
static struct fer_program *program;
static struct fer_exec *executor;
static struct fer_segment *segment;
static struct fer_error err;

static void setup(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
    program = toy_program(1);
    toy_segment(program, "prepare");
    segment = toy_segment(program, "main");
    executor = NULL;
}

static void teardown(void)
{
    fer_exec_free(executor);
    toy_free(program);
    fer_device_close(device);
}

static struct fer_tensor *input(const char *name, const int dims[FER_MAX_RANK])
{
    return toy_tensor(program, name, FER_STORAGE_INPUT, 0, dims);
}

/* y = kernel(x), one float for each of x's elements. */
static struct fer_tensor *launch(const char *source, const char *kernel, const char *options, struct fer_tensor *x)
{
    struct fer_launch *launch = toy_launch(program, source, kernel);
    struct fer_tensor *y = toy_tensor(program, "y", FER_STORAGE_ARENA, 0, x->shape.dim);

    y->keep = true;
    y->layout = x->layout;
    launch->options = options;
    toy_in(launch, "x", x);
    toy_out(launch, "y", y);
    toy_range(launch, fer_tensor_bytes(x) / fer_tensor_element(x), 0, 0);
    return y;
}

static enum fer_status create(void)
{
    ck_assert_fer(fer_plan(program, device->max_allocation, &err), err);
    return fer_exec_create(device, program, false, NULL, &executor, &err);
}

/* Afterwards that many programs are there. */
static void start(int programs)
{
    ck_assert_fer(create(), err);
    ck_assert_int_eq(fer_program_cache_count(device->cache), programs);
}

static void run(const struct fer_tensor *x, const void *values, size_t bytes)
{
    ck_assert_fer(fer_exec_write(executor, x, values, bytes, &err), err);
    ck_assert_fer(fer_exec_run(executor, segment, &err), err);
}

static float first_of(const struct fer_tensor *tensor)
{
    float values[64];

    ck_assert_fer(fer_exec_read(executor, tensor, values, fer_tensor_bytes(tensor), &err), err);
    return values[0];
}

/* Everything that two kernels of a source may have under the same name: defaults, macros, functions, types. */
static const char alike[] = "#ifndef STEP\n"
                            "#define STEP 10\n"
                            "#endif\n"
                            "struct pair {\n"
                            "    float a, b;\n"
                            "#ifdef FER_KERNEL_second\n"
                            "    float c;\n"
                            "#endif\n"
                            "};\n"
                            "static inline float sum(struct pair p)\n"
                            "{\n"
                            "#ifdef FER_KERNEL_second\n"
                            "    return p.a + p.b + p.c;\n"
                            "#else\n"
                            "    return p.a + p.b;\n"
                            "#endif\n"
                            "}\n"
                            "#ifdef FER_KERNEL_first\n"
                            "#define WIDTH 3\n"
                            "#  define TWICE(v) \\\n"
                            "    (2 * (v))\n"
                            "static float of(float v)\n"
                            "{\n"
                            "    return v + WIDTH;\n"
                            "}\n"
                            "__kernel void first(FER_IN(x), FER_OUT(y))\n"
                            "{\n"
                            "    const struct pair p = { of(LOAD(x, 0, 0, 0)), TWICE(STEP) };\n"
                            "    DATA(y)[get_global_id(0)] = sum(p);\n"
                            "}\n"
                            "#endif\n"
                            "#ifdef FER_KERNEL_second\n"
                            "#ifndef WIDTH\n"
                            "#define WIDTH 500\n"
                            "#endif\n"
                            "#ifndef TWICE\n"
                            "#define TWICE(v) (-(v))\n"
                            "#endif\n"
                            "static float of(float v)\n"
                            "{\n"
                            "    return v * WIDTH;\n"
                            "}\n"
                            "__kernel void second(FER_IN(x), FER_OUT(y))\n"
                            "{\n"
                            "    const struct pair p = { of(LOAD(x, 0, 0, 0)), TWICE(STEP), 0.25f };\n"
                            "    DATA(y)[get_global_id(0)] = sum(p);\n"
                            "}\n"
                            "#endif\n";

START_TEST(each_has_the_source_to_itself)
{
    const float value = 7;
    struct fer_tensor *x = input("x", TOY_DIMS(1)), *first = launch(alike, "first", NULL, x);
    struct fer_tensor *second = launch(alike, "second", NULL, x), *again = launch(alike, "first", "", x);

    start(1);
    run(x, &value, sizeof(value));
    ck_assert_float_eq(first_of(first), 7 + 3 + 2 * 10);
    ck_assert_float_eq(first_of(second), 7 * 500 - 10 + 0.25f);
    ck_assert_float_eq(first_of(again), 7 + 3 + 2 * 10);
}
END_TEST

/* An option stays defined from kernel to kernel, whatever default the source has for it. */
START_TEST(options)
{
    const float value = 7;
    struct fer_tensor *x = input("x", TOY_DIMS(1)), *first = launch(alike, "first", "-DSTEP=20 -DWIDTH_OF=1", x);
    struct fer_tensor *second = launch(alike, "second", "-DSTEP=20 -DWIDTH_OF=1", x);
    struct fer_tensor *other = launch(alike, "second", "-DSTEP=30", x);

    start(2);
    run(x, &value, sizeof(value));
    ck_assert_float_eq(first_of(first), 7 + 3 + 2 * 20);
    ck_assert_float_eq(first_of(second), 7 * 500 - 20 + 0.25f);
    ck_assert_float_eq(first_of(other), 7 * 500 - 30 + 0.25f);
}
END_TEST

/* x is another tensor for each kernel. */
START_TEST(types)
{
    const float value = 7.5f;
    const int32_t whole = -2;
    struct fer_tensor *x = input("x", TOY_DIMS(1)), *z = input("z", TOY_DIMS(1));
    struct fer_tensor *first, *second;

    z->shape.dtype = FER_I32;
    first = launch(alike, "first", NULL, x);
    second = launch(alike, "second", NULL, z);
    start(1);
    ck_assert_fer(fer_exec_write(executor, z, &whole, sizeof(whole), &err), err);
    run(x, &value, sizeof(value));
    ck_assert_float_eq(first_of(first), 7.5f + 3 + 2 * 10);
    ck_assert_float_eq(first_of(second), -2 * 500 - 10 + 0.25f);
}
END_TEST

/* Two kernels of one name do not go into one program. */
START_TEST(layouts)
{
    static const char source[] = "__kernel void place(FER_IN(x), FER_OUT(y))\n"
                                 "{\n"
                                 "    DATA(y)[get_global_id(0)] = (float)AT(x, 0, 1, 1);\n"
                                 "}\n";
    const float values[32] = { 0 };
    struct fer_tensor *x = input("x", TOY_DIMS(1, 2, 1, 2)), *z = input("z", TOY_DIMS(1, 2, 1, 2));
    struct fer_tensor *plain, *blocked;

    z->layout = FER_LAYOUT_BLOCKED;
    plain = launch(source, "place", NULL, x);
    blocked = launch(source, "place", NULL, z);
    start(2);
    run(x, values, fer_tensor_bytes(x));
    ck_assert_float_eq(first_of(plain), 1 * 2 + 1);
    ck_assert_float_eq(first_of(blocked), 1 * 16 + 1);
}
END_TEST

/* The prelude is there once, with or without its functions for bfloat16. */
START_TEST(forms)
{
    static const char source[] = "#ifdef FER_KERNEL_one\n"
                                 "__kernel void one(FER_IN(x), FER_OUT(y))\n"
                                 "{\n"
                                 "    FER_PUT(y, get_global_id(0), FER_GET(x, get_global_id(0)) + 1.0f);\n"
                                 "}\n"
                                 "#endif\n"
                                 "#ifdef FER_KERNEL_two\n"
                                 "__kernel void two(FER_IN(x), FER_OUT(y))\n"
                                 "{\n"
                                 "    FER_PUT(y, get_global_id(0), FER_GET(x, get_global_id(0)) + 2.0f);\n"
                                 "}\n"
                                 "#endif\n"
                                 "#ifdef FER_KERNEL_three\n"
                                 "__kernel void three(FER_IN(x), FER_OUT(y))\n"
                                 "{\n"
                                 "    FER_PUT(y, get_global_id(0), FER_GET(x, get_global_id(0)) + 3.0f);\n"
                                 "}\n"
                                 "#endif\n";
    const uint16_t bits = 0x4120; /* 10 */
    const float value = 20;
    struct fer_tensor *x = input("x", TOY_DIMS(1)), *z = input("z", TOY_DIMS(1)), *one, *two, *three;

    z->precision = FER_BF16;
    one = launch(source, "one", NULL, z);
    two = launch(source, "two", NULL, z);
    three = launch(source, "three", NULL, x);
    start(2);
    ck_assert_fer(fer_exec_write(executor, z, &bits, sizeof(bits), &err), err);
    run(x, &value, sizeof(value));
    ck_assert_float_eq(first_of(one), 11);
    ck_assert_float_eq(first_of(two), 12);
    ck_assert_float_eq(first_of(three), 23);
}
END_TEST

/* What kernels one and two of a source make of 7, and how many programs they are. */
static void of_seven(const char *source, int programs, float first, float second)
{
    const float value = 7;
    struct fer_tensor *x = input("x", TOY_DIMS(1));
    struct fer_tensor *one = launch(source, "one", NULL, x), *two = launch(source, "two", NULL, x);

    start(programs);
    run(x, &value, sizeof(value));
    ck_assert_float_eq(first_of(one), first);
    ck_assert_float_eq(first_of(two), second);
}

/* As scripts/embed-cl writes a source that includes another, by one kernel only, and a third, by both. */
START_TEST(included)
{
    of_seven("#line 1 \"two.cl\"\n"
             "#ifdef FER_KERNEL_one\n"
             "#define STEP 3\n"
             "#line 1 \"tile.cl\"\n"
             "#ifndef STEP\n"
             "#define STEP 1\n"
             "#endif\n"
             "static float of(float v) { return v + STEP; }\n"
             "#line 4 \"two.cl\"\n"
             "__kernel void one(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = of(DATA(x)[0]); }\n"
             "#endif\n"
             "#ifdef FER_KERNEL_two\n"
             "#line 1 \"tile.cl\"\n"
             "#ifndef STEP\n"
             "#define STEP 1\n"
             "#endif\n"
             "static float of(float v) { return v + STEP; }\n"
             "#line 8 \"two.cl\"\n"
             "__kernel void two(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = of(DATA(x)[0]); }\n"
             "#endif\n",
             1, 10, 8);
}
END_TEST

/* Functions that are not static, tables, unions, comments, macros of several lines, alternatives that open a bracket.
 */
START_TEST(declarations)
{
    static const char source[] = "/* static float more(float v) { */\n"
                                 "#define MORE(v) \\\n"
                                 "    more(v)\n"
                                 "__constant float table[2] = { 1, 2 }, offset = 0.5f;\n"
                                 "#ifndef NOWHERE\n"
                                 "float less(float v) { return v - 2; }\n"
                                 "#endif\n"
                                 "union word {\n"
                                 "    float f;\n"
                                 "    uint u;\n"
                                 "};\n"
                                 "float more(float v)\n"
                                 "{\n"
                                 "    union word w = { v };\n"
                                 "#ifdef NOWHERE\n"
                                 "    return (w.f +\n"
                                 "#else\n"
                                 "    return (w.f + less(2) +\n"
                                 "#endif\n"
                                 "            table[0]); // };\n"
                                 "}\n"
                                 "float most(float v) { return more(v); }\n"
                                 "#ifdef FER_KERNEL_one\n"
                                 "__kernel void one(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = MORE(DATA(x)[0]); }\n"
                                 "#elif defined(FER_KERNEL_two)\n"
                                 "__kernel __attribute__((vec_type_hint(float))) void\n"
                                 "two(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = most(table[1] * DATA(x)[0]); }\n"
                                 "#endif\n";
    of_seven(source, 1, 8, 15);
}
END_TEST

/* Names that macros paste together cannot be told apart, so each kernel gets a program of its own. */
START_TEST(not_together)
{
    static const char source[] = "static float x(float v)\n"
                                 "{\n"
                                 "    return v + 10;\n"
                                 "}\n"
                                 "#ifdef FER_KERNEL_one\n"
                                 "__kernel void one(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = x(LOAD(x, 0, 0, 0)); }\n"
                                 "#elif defined(FER_KERNEL_two)\n"
                                 "__kernel void two(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = x(x(LOAD(x, 0, 0, 0))); }\n"
                                 "#endif\n";
    of_seven(source, 2, 17, 27);
}
END_TEST

/* The sentence is about the kernel that is wrong, and its line of the source. */
START_TEST(one_is_wrong)
{
    static const char source[] = "#ifdef FER_KERNEL_right\n"
                                 "__kernel void right(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = DATA(x)[0]; }\n"
                                 "#endif\n"
                                 "#ifdef FER_KERNEL_wrong\n"
                                 "__kernel void wrong(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = nowhere; }\n"
                                 "#endif\n";
    struct fer_tensor *x = input("x", TOY_DIMS(1));

    launch(source, "right", NULL, x);
    launch(source, "wrong", NULL, x);
    ck_assert_int_eq(create(), FER_EBUILD);
    ck_assert_says(err, "wrong does not compile on");
    if (!device->oclgrind) /* which counts the lines of all texts */
        ck_assert_says(err, "source:5");
    ck_assert_says(err, "nowhere");
}
END_TEST

/* What one kernel does to macros does not reach the other, however it is written: value 1 for `one`, 2 for `two`. */
static const struct {
    const char *source, *options;
    int programs;
} hidden[] = {
    { "#ifndef VALUE\n#define VALUE 5\n#endif\n", "-D VALUE=1 -DADDED=1", 1 },
    { "#if !defined(VALUE)\n#define VALUE 1\n#else\n#error it is still there\n#endif\n", "-DADDED=1", 1 },
    { "#ifdef FER_KERNEL_one\n/* here */ #define VALUE 1\n#endif\n#ifndef VALUE\n#define VALUE 2\n#endif\n", "", 1 },
    { "#ifdef FER_KERNEL_one\n#\\\ndef\\\nine VALUE 1\n#endif\n#ifndef VALUE\n#define VALUE 2\n#endif\n", "", 1 },
    { "#ifdef FER_KERNEL_one\n%:define VALUE 1\n#endif\n#ifndef VALUE\n#define VALUE 2\n#endif\n", "", 2 },
    { "#ifdef FER_KERNEL_one\n#define VALUE 1\n#endif\n", "-DVALUE=2", 2 },
    { "#ifdef FER_KERNEL_one\n#undef VALUE\n#endif\n#ifndef VALUE\n#define VALUE 1\n#endif\n", "-DVALUE=2", 2 },
    { "#ifdef FER_KERNEL_one\n#undef LOAD\n#define LOAD(x, n, c, p) 0\n#define VALUE 8\n#endif\n"
      "#ifndef VALUE\n#define VALUE 2\n#endif\n",
      "", 2 },
    { "#ifdef twice\n#define VALUE 9\n#else\n#define VALUE 1\n#endif\nstatic float twice(float v) { return 2 * v; }\n",
      "-DADDED=1", 2 },
    { "#ifndef M_PI_F\n#define M_PI_F 9.0f\n#endif\n#define VALUE (int)(M_PI_F / 2)\n", "-DADDED=1", 1 },
    { "#ifdef FER_KERNEL_one\n#pragma pack(1)\n#endif\nstruct pair { char a; short b; };\n"
      "#define VALUE ((int)sizeof(struct pair) - 2)\n",
      "", 2 },
    { "#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n"
      "#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n"
      "#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n#if 1\n"
      "#ifdef FER_KERNEL_one\n#define VALUE 1\n#endif\n"
      "#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n"
      "#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n"
      "#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n#endif\n"
      "#ifndef VALUE\n#define VALUE 2\n#endif\n",
      "", 1 },
    { "enum { ZERO, VALUE };\ntypedef float number;\ntypedef struct pair { number a; } pair;\n"
      "static number more(pair p) { return p.a; }\n",
      "-DADDED=1", 1 },
    { "/* It's \" here, */ // and ' here: {\n#if 0\n#error don't {\n#endif\n__constant char marks[3] = { '\"', '{', "
      "'\\'' };\n"
      "__constant int table[1] = { sizeof(int) / 4 }, other = (int)1.0f;\n#define VALUE table[0]\n",
      "-DADDED=1", 1 },
    { "#define VALUE 1 /* goes on\nstatic int not_this(int v) { */ + 0\nstatic int this(int v) { return v; }\n",
      "-DADDED=1", 1 },
};

START_TEST(macros)
{
    static const char kernels[] = "\n#ifndef ADDED\n#define ADDED 0\n#endif\n"
                                  "#ifdef FER_KERNEL_one\n"
                                  "kernel void one(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = LOAD(x, 0, 0, 0) + VALUE; }\n"
                                  "#endif\n#ifdef FER_KERNEL_two\n"
                                  "kernel void\ntwo (FER_IN(x), FER_OUT(y))\n"
                                  "{ DATA(y)[0] = LOAD(x, 0, 0, 0) + VALUE + ADDED; }\n"
                                  "#endif // the end";
    const bool returns = _i % 2;
    const float value = 7;
    char source[4096];
    size_t length = 0;
    struct fer_tensor *x = input("x", TOY_DIMS(1)), *one, *two;

    for (int part = 0; part < 2; part++)
        for (const char *at = part ? kernels : hidden[_i / 2].source; *at; at++) {
            if (*at == '\n' && returns)
                source[length++] = '\r';
            source[length++] = *at;
            ck_assert_uint_lt(length + 3, sizeof(source));
        }
    source[length] = '\0';
    one = launch(source, "one", hidden[_i / 2].options, x);
    two = launch(source, "two", hidden[_i / 2].options, x);
    start(hidden[_i / 2].programs);
    run(x, &value, sizeof(value));
    if (strstr(source, "define LOAD"))
        ck_assert_float_eq(first_of(one), 0 + 8);
    else
        ck_assert_float_eq(first_of(one), 7 + 1);
    ck_assert_float_eq(first_of(two), 7 + 2);
}
END_TEST

/* Wrong where it ends, so that what stands behind it could make it right. */
START_TEST(wrong_ends)
{
    static const char *const ends[] = { "/*", "#if 1", "{", "\"", "static int more(" };
    char source[512];
    struct fer_tensor *x = input("x", TOY_DIMS(1));

    snprintf(source, sizeof(source),
             "#ifdef FER_KERNEL_one\n__kernel void one(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = 1; }\n#endif\n"
             "#ifdef FER_KERNEL_two\n__kernel void two(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = 2; }\n#endif\n%s",
             ends[_i]);
    launch(source, "one", NULL, x);
    launch(source, "two", NULL, x);
    ck_assert_int_eq(create(), FER_EBUILD);
    ck_assert_says(err, "one does not compile on");
}
END_TEST

/* A backslash at the very end joins nothing. */
START_TEST(backslash)
{
    static const char source[] =
        "#ifdef FER_KERNEL_one\n#define VALUE 1\n#endif\n#ifndef VALUE\n#define VALUE 2\n#endif\n"
        "#ifdef FER_KERNEL_one\n"
        "__kernel void one(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = VALUE; }\n"
        "#else\n"
        "__kernel void two(FER_IN(x), FER_OUT(y)) { DATA(y)[0] = VALUE; }\n"
        "#endif // \\";
    const float value = 7;
    struct fer_tensor *x = input("x", TOY_DIMS(1));
    struct fer_tensor *one = launch(source, "one", NULL, x), *two = launch(source, "two", NULL, x);

    start(2);
    run(x, &value, sizeof(value));
    ck_assert_float_eq(first_of(one), 1);
    ck_assert_float_eq(first_of(two), 2);
}
END_TEST

static Suite *make_suite(void)
{
    const TTest *const tests[] = { each_has_the_source_to_itself,
                                   options,
                                   types,
                                   layouts,
                                   forms,
                                   included,
                                   declarations,
                                   not_together,
                                   one_is_wrong,
                                   backslash };
    Suite *suite = suite_create("bundle");
    TCase *tcase = tcase_create("bundle");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, macros, 0, 2 * sizeof(hidden) / sizeof(*hidden));
    tcase_add_loop_test(tcase, wrong_ends, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner;
    int failed;

    setenv("FER_CACHE", "off", 1); /* some drivers forget the names of arguments in a cached binary */
    runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
