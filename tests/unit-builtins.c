/* SPDX-License-Identifier: Apache-2.0
 *
 * Our declarations of built-in functions: which ones a source gets, and that programs mean the same with them as with
 * the driver's own.
 */
#include "builtins_cl.h"
#include "run/builtins.h"
#include "run/device.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fer_error err;

/* What is declared for `source`, behind the macros. */
static const char *lines(const char *source)
{
    static char *text;

    free(text);
    text = fer_builtins_declare(&source, 1);
    ck_assert_ptr_nonnull(text);
    return text + strlen(fer_builtins_cl);
}

START_TEST(words)
{
    ck_assert_str_eq(lines("float f(float x) { return fma(x, x, exp(x)); }"), "FER_REAL3(fma)\nFER_REAL1(exp)\n");
    ck_assert_str_eq(lines("exp exp /* log */ sqrt // floor\n exp"), "FER_REAL1(exp)\nFER_REAL1(sqrt)\n");
    ck_assert_str_eq(lines("fmaf xexp exp_ exp2x 2exp"), "");
    ck_assert_str_eq(lines("vload4 vstore16 vload_half vstore_half8_rte vload4"),
                     "FER_VLOAD(vload4, 4)\nFER_VSTORE(vstore16, 16)\nFER_VLOAD_HALF(vload_half, )\n"
                     "FER_VSTORE_HALF(vstore_half8_rte, 8)\n");
    ck_assert_str_eq(lines("convert_uchar16_sat_rte convert_int convert_float4 convert_image convert_uint123"),
                     "FER_CONVERT(convert_uchar16_sat_rte, uchar, 16)\nFER_CONVERT(convert_int, int, )\n"
                     "FER_CONVERT(convert_float4, float, 4)\n");
    ck_assert_str_eq(lines("/* never ends exp"), "");
    ck_assert_str_eq(lines("a_name_that_is_longer_than_any_built_in_function_could_ever_be_exp"), "");
    ck_assert_str_eq(lines(""), "");
}
END_TEST

/* ---- the same with either declarations ---- */

/* The functions of OpenCL C 1.2, section 6.12, that we declare, by what they take: R are float and double, W the eight
 * whole types, with vectors.  CALL(f, T, S) for a type, or vector, and its scalar. */
static const char real1[] = "acos acosh asin asinh atan atanh cbrt ceil cos cosh cospi degrees erf erfc exp exp10 exp2 "
                            "expm1 fabs floor log log10 log1p log2 logb radians rint round rsqrt sign sin sinh sinpi "
                            "sqrt tan tanh tanpi trunc";
static const char real2[] = "atan2 copysign fdim fmod hypot nextafter pow powr remainder fmax fmin step";
static const char test1[] = "isfinite isinf isnan isnormal signbit";
static const char test2[] = "isequal isgreater isgreaterequal isless islessequal islessgreater isnotequal isordered "
                            "isunordered";
static const char whole1[] = "clz popcount";
static const char whole2[] = "add_sat hadd mul_hi rhadd rotate sub_sat";
static const char both2[] = "max min";
static const char *const reals[] = { "float", "double", NULL };
static const char *const wholes[] = { "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", NULL };
static const char *const lengths[] = { "", "2", "3", "4", "8", "16", NULL };

static const char head[] =
    "#define PUT(S, v) { const S value_ = (v); ulong bits_ = 0; *(__private S *)&bits_ = value_;"
    " out[n++] = bits_; }\n"
    "#define HAS(v) out[n++] = sizeof(v);\n"
    "__kernel void all_of_them(__global ulong *out, __global const float *in, __local float *near,\n"
    "                          __constant float *fixed) { int n = 0;\n"
    "float mine[16]; for (int i = 0; i < 16; i++) mine[i] = near[i] = in[i];\n"
    "barrier(CLK_LOCAL_MEM_FENCE); mem_fence(CLK_GLOBAL_MEM_FENCE);\n"
    "read_mem_fence(CLK_LOCAL_MEM_FENCE); write_mem_fence(CLK_LOCAL_MEM_FENCE);\n";

struct source {
    char *text;
    size_t length;
    int numbers;
};

static void add(struct source *s, const char *format, ...) FER_PRINTF(2, 3);
static void add(struct source *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    s->length += (size_t)vsnprintf(s->text + s->length, (1 << 20) - s->length, format, args);
    va_end(args);
    ck_assert_uint_lt(s->length, 1 << 20);
    for (const char *at = format; (at = strpbrk(at, "HP")); at++)
        s->numbers += !strncmp(at, "HAS(", 4) || !strncmp(at, "PUT(", 4);
}

/* f of `count` arguments: the size of its result for each type, and its value for scalars. */
static void add_calls(struct source *s, const char *names, const char *const *types, int count, const char *result)
{
    static const char *const values[] = { "(%s)(in[3])", ", (%s)(in[5])", ", (%s)(in[7])" };
    char name[32];

    for (const char *at = names; sscanf(at, "%31s", name) == 1; at += strspn(at, " ")) {
        at += strcspn(at, " ");
        for (int t = 0; types[t]; t++) {
            char type[16], call[128], *end = call;

            end += sprintf(end, "%s(", name);
            for (int i = 0; i < count; i++)
                end += sprintf(end, values[i], types[t]);
            strcpy(end, ")");
            add(s, "PUT(%s, %s)\n", result ? result : types[t], call);
            for (int l = 1; lengths[l]; l++) {
                sprintf(type, "%s%s", types[t], lengths[l]);
                add(s, "HAS(%s((%s)1%s%s%s%s%s))\n", name, type, count > 1 ? ", (" : "", count > 1 ? type : "",
                    count > 1 ? ")1" : "", count > 2 ? ", (" : "", count > 2 ? type : "");
            }
        }
    }
}

static void add_mixed(struct source *s)
{
    for (int l = 1; lengths[l]; l++) {
        for (int t = 0; reals[t]; t++) {
            const char *r = reals[t], *v = lengths[l];

            add(s, "HAS(fmax((%s%s)1, (%s)1))\nHAS(fmin((%s%s)1, (%s)1))\nHAS(mix((%s%s)1, (%s%s)1, (%s)1))\n", r, v, r,
                r, v, r, r, v, r, v, r);
            add(s, "HAS(step((%s)1, (%s%s)1))\nHAS(smoothstep((%s)1, (%s)1, (%s%s)1))\n", r, r, v, r, r, r, v);
            add(s, "HAS(max((%s%s)1, (%s)1))\nHAS(clamp((%s%s)1, (%s)1, (%s)1))\n", r, v, r, r, v, r, r);
        }
        for (int t = 0; wholes[t]; t++)
            add(s,
                "HAS(min((%s%s)1, (%s)1))\nHAS(clamp((%s%s)1, (%s)1, (%s)1))\nHAS(clamp((%s%s)1, (%s%s)1, (%s%s)1))\n",
                wholes[t], lengths[l], wholes[t], wholes[t], lengths[l], wholes[t], wholes[t], wholes[t], lengths[l],
                wholes[t], lengths[l], wholes[t], lengths[l]);
    }
    for (int t = 0; wholes[t]; t++)
        add(s, "PUT(%s, clamp((%s)in[0], (%s)2, (%s)9))\nPUT(%s, mad_hi((%s)in[1], (%s)2, (%s)9))\n", wholes[t],
            wholes[t], wholes[t], wholes[t], wholes[t], wholes[t], wholes[t], wholes[t]);
    add(s, "PUT(float, fma(in[0], in[1], in[2]))\nPUT(float, mad(in[0], in[1], in[2]))\n"
           "PUT(float, mix(in[0], in[1], in[2]))\nPUT(float, smoothstep(in[0], in[1], in[2]))\n"
           "PUT(float, clamp(in[0], in[1], in[2]))\nPUT(double, fma((double)in[0], (double)in[1], (double)in[2]))\n"
           "PUT(int, mad24((int)in[0], 3, 4))\nPUT(uint, mul24((uint)in[1], 3u))\nHAS(mul24((int16)1, (int16)2))\n");
}

static void add_rest(struct source *s)
{
    static const char *const spaces[] = { "in", "near", "fixed", "mine" };

    for (int i = 2; i <= 4; i++)
        add(s,
            "PUT(float, dot((float%d)(in[1]), (float%d)(in[2])))\nPUT(float, length((float%d)(in[1])))\n"
            "PUT(float, distance((float%d)(in[1]), (float%d)(in[2])))\nPUT(float, normalize((float%d)(in[1])).x)\n"
            "HAS(dot((double%d)1, (double%d)1))\n",
            i, i, i, i, i, i, i, i);
    add(s, "PUT(float, select(in[0], in[1], 1))\nPUT(float, select(in[0], in[1], 0u))\n"
           "PUT(float, select((float4)(in[0]), (float4)(in[1]), (int4)(-1)).y)\nHAS(select((uchar16)1, (uchar16)2, "
           "(char16)1))\n"
           "HAS(select((double2)1, (double2)2, (ulong2)1))\n");
    for (int i = 0; i < 4; i++)
        for (int l = 1; lengths[l]; l++)
            add(s, "PUT(float, vload%s(0, %s).x)\n", lengths[l], spaces[i]);
    add(s,
        "vstore4((float4)(in[3]), 1, mine); vstore2((float2)(in[2]), 7, near);\n"
        "PUT(float, mine[5])\nPUT(float, near[15])\n"
        "ushort h[16]; vstore_half(in[1], 0, (__private half *)h); vstore_half8_rte((float8)(in[2]), 1, (__private "
        "half *)h);\n"
        "PUT(ushort, h[0])\nPUT(ushort, h[12])\nPUT(float, vload_half(0, (const __private half *)h))\n"
        "PUT(float, vload_half4(2, (const __private half *)h).z)\n"
        "PUT(uchar, convert_uchar_sat_rte(in[9]))\nPUT(int, convert_int_rtn(in[1]))\nPUT(uchar, convert_uchar(in[2]))\n"
        "PUT(float, convert_float16((uchar16)7).s9)\nPUT(ushort, convert_ushort4((uint4)70000).y)\n"
        "PUT(ulong, get_global_id(0) + get_global_size(0) + get_local_id(0) + get_local_size(0) + get_group_id(0) +"
        " get_num_groups(0) + get_global_offset(0))\n");
}

static void make_source(struct source *s)
{
    add_calls(s, real1, reals, 1, NULL);
    add_calls(s, real2, reals, 2, NULL);
    add_calls(s, test1, reals, 1, "int");
    add_calls(s, test2, reals, 2, "int");
    add_calls(s, whole1, wholes, 1, NULL);
    add_calls(s, whole2, wholes, 2, NULL);
    add_calls(s, both2, wholes, 2, NULL);
    add_calls(s, both2, reals, 2, NULL);
    add_mixed(s);
    add_rest(s);
    add(s, "}\n");
}

/* Compiled with the driver's declarations, or with ours and without those.  NULL and the log where that fails. */
static cl_program build(struct fer_device *device, const char *source, bool ours, char *log, size_t size)
{
    char options[256];
    char *declarations = fer_builtins_declare(&source, 1);
    const char *parts[2] = { ours ? declarations : "", source };
    cl_program program = clCreateProgramWithSource(device->context, 2, parts, NULL, NULL);
    cl_int code;

    ck_assert_ptr_nonnull(program);
    snprintf(options, sizeof(options), "%s -w %s", device->c_standard, ours ? FER_BUILTINS_OPTION : "");
    code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    free(declarations);
    log[0] = '\0';
    if (code == CL_SUCCESS)
        return program;
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    clReleaseProgram(program);
    return NULL;
}

static void run(struct fer_device *device, cl_program program, cl_ulong *out, int count)
{
    static const float in[16] = { 3.25f, -2.5f, 0.75f, 0.625f, 7, 0.375f, 1.5f, 2.25f, -1, 300.7f, 5, 6, 7, 8, 9, 10 };
    const size_t one = 1, bytes = (size_t)count * sizeof(*out);
    cl_kernel kernel = clCreateKernel(program, "all_of_them", NULL);
    cl_mem results = clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    cl_mem numbers = clCreateBuffer(device->context, CL_MEM_COPY_HOST_PTR, sizeof(in), (void *)in, NULL);

    ck_assert(kernel && results && numbers);
    clSetKernelArg(kernel, 0, sizeof(results), &results);
    clSetKernelArg(kernel, 1, sizeof(numbers), &numbers);
    clSetKernelArg(kernel, 2, sizeof(in), NULL);
    clSetKernelArg(kernel, 3, sizeof(numbers), &numbers);
    ck_assert_int_eq(clEnqueueNDRangeKernel(device->queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL), CL_SUCCESS);
    ck_assert_int_eq(clEnqueueReadBuffer(device->queue, results, CL_TRUE, 0, bytes, out, 0, NULL, NULL), CL_SUCCESS);
    clReleaseMemObject(results);
    clReleaseMemObject(numbers);
    clReleaseKernel(kernel);
}

START_TEST(same_as_the_drivers)
{
    static char log[1 << 16];
    struct source body = { .text = calloc(1 << 20, 1) };
    struct fer_device *device;
    char *source = malloc((1 << 20) + sizeof(head));
    cl_program program;
    cl_ulong *answers[2];

    ck_assert_int_eq(fer_device_open(NULL, &device, &err), FER_OK);
    if (device->pocl && fer_device_has(device, "cl_khr_fp64")) {
        make_source(&body);
        sprintf(source, "%s%s", head, body.text);
        for (int ours = 0; ours < 2; ours++) {
            program = build(device, source, ours, log, sizeof(log));
            ck_assert_msg(program != NULL, "%s declarations: %.2000s", ours ? "our" : "the driver's", log);
            answers[ours] = calloc((size_t)body.numbers, sizeof(cl_ulong));
            run(device, program, answers[ours], body.numbers);
            clReleaseProgram(program);
        }
        for (int i = 0; i < body.numbers; i++)
            ck_assert_msg(answers[0][i] == answers[1][i], "number %d: %#llx, but %#llx with our declarations", i,
                          (unsigned long long)answers[0][i], (unsigned long long)answers[1][i]);
        free(answers[0]);
        free(answers[1]);
    }
    fer_device_close(device);
    free(body.text);
    free(source);
}
END_TEST

/* What we do not declare is compiled with the driver's declarations, at once where we know the name, else in a second
 * try. */
START_TEST(others)
{
    static const char *const sources[] = {
        "__kernel void turned(__global int *x) { x[0] = abs (x[0]); }",
        "#define PASTE(a, b) a##b\n__kernel void pasted(__global float *x) { x[0] = PASTE(ex, p)(x[0]); }",
    };
    const char *variable = "int all = 1, any = 2; int f(int abs) { return all + any + abs; }",
               *called[] = { "int a =", "printf(1)" };
    struct fer_device *device;
    cl_program program;

    ck_assert_ptr_null(fer_builtins_declare(sources, 1));
    ck_assert_ptr_null(fer_builtins_declare(called, 2));
    ck_assert_str_eq(lines(variable), "");
    ck_assert_int_eq(fer_device_open(NULL, &device, &err), FER_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fer_device_program(device, NULL, sources[i], NULL, NULL, &program, &err), FER_OK);
    fer_device_close(device);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("builtins");
    TCase *tests = tcase_create("tests");

    tcase_add_test(tests, words);
    tcase_add_test(tests, same_as_the_drivers);
    tcase_add_test(tests, others);
    tcase_set_timeout(tests, 300);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(make_suite());
    int failed;

    err = (struct fer_error)FER_ERROR_INIT;
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
