/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations of the plugin `data` on the device, against plain C: crops, mirrors, rotation, light, with mask, landmarks
 * and box; the random numbers are computed again on the host.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "graph/bind.h"
#include "compile/compile.h"
#include "graph/graph.h"
#include "graph/registry.h"
#include "philox.h"

enum { ROWS = 3, CAPACITY = 4, CHANNELS = 3, HEIGHT = 7, WIDTH = 9, POINTS = 5, FIELDS = 4, EPOCH = 2 };
static const char *const field_names[FIELDS] = { "image", "mask", "landmarks", "box" };
static const uint64_t seed = 0x123456789abcdefu;
static const uint32_t ids[CAPACITY] = { 40, 7, 1000000, 3 };

static struct fer_device *device;
static struct fer_registry *registry;
static struct fer_sources *sources;
static struct fer_arena *arena;
static int channels;      /* of the pictures, CHANNELS but where a test says otherwise */
static uint32_t first_id; /* of the whole batch; 0: the rows at hand are all of it */

/* One operation on the four fields: what went in and what came out. */
struct result {
    const struct fer_op *op;
    int landmarks;
    int height, width, views;
    float *in[FIELDS], *out[FIELDS];
};

static void setup(void)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_device_open(NULL, &device, &err), "%s", err.text);
    ck_assert_msg(!fer_registry_create(NULL, &registry, &err), "%s", err.text);
    ck_assert_int_eq(fer_sources_create(&sources, &err), FER_OK);
    arena = fer_arena_create();
    channels = CHANNELS;
    first_id = 0;
}

static void teardown(void)
{
    fer_arena_free(arena);
    fer_sources_free(sources);
    fer_registry_free(registry);
    fer_device_close(device);
}

static struct fer_shape shape_of(int field, int landmarks)
{
    const struct fer_shape shapes[FIELDS] = {
        { FER_F32, 4, { CAPACITY, channels, HEIGHT, WIDTH }, 1 },
        { FER_F32, 4, { CAPACITY, 1, HEIGHT, WIDTH }, 1 },
        { FER_F32, 3, { CAPACITY, landmarks, 2 }, 1 },
        { FER_F32, 2, { CAPACITY, 4 }, 1 },
    };

    return shapes[field];
}

/* Values of any kind; a box has its corners in order. */
static float *input(int field, int landmarks)
{
    struct fer_shape shape = shape_of(field, landmarks);
    size_t count = fer_shape_count(&shape);
    float *values = fer_arena_alloc(arena, count * sizeof(*values));
    uint32_t state = 1u + (uint32_t)field;

    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) * 0x1p-24f *
                        (field < 2    ? 1
                         : field == 2 ? WIDTH
                                      : 3) +
                    (field == 3 && i % 4 > 1 ? 4 : 0);
    }
    return values;
}

/* The call's layer and parameters, bound as the compiler does; NULL params when binding fails. */
static const struct fer_layer *bind(const char *call_text, const void **params)
{
    char *whole = fer_arena_printf(arena, "fer 1\ndata d -> image = x | %s\n", call_text);
    struct fer_ast_file *file;
    struct fer_diags diags = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_source *source;
    const void *entry;
    void *bound = NULL;
    const struct fer_binder binder = { .arena = arena, .diags = &diags };
    const struct fer_ast_call *call;

    ck_assert_int_eq(fer_sources_add(sources, "toy", NULL, whole, &source, &err), FER_OK);
    ck_assert_msg(!fer_parse(arena, sources, source, &file, &diags, &err), "%s: %s", call_text, err.text);
    call = &file->items[0].calls[1];
    ck_assert_msg(!fer_registry_find(registry, FER_KIND_LAYER, call->name, NULL, &entry, NULL, &err), "%s", err.text);
    const struct fer_layer *layer = entry;
    ck_assert_msg(!fer_bind(&binder, call->name, layer->params, layer->params_size, call->positional, call->positionals,
                            call->keywords, call->nkeywords, call->name_span, &bound),
                  "%s", call_text);
    fer_diags_free(&diags);
    *params = bound;
    return layer;
}

/* `nfields` of the fields go through one operation; ROWS of them are live. */
static enum fer_status run(const char *text, int nfields, int landmarks, struct result *result, struct fer_error *err)
{
    const struct fer_description_options options = { .seed = seed };
    struct fer_description *description = NULL;
    struct fer_graph *graph;
    struct fer_store *store;
    struct fer_value *in[FIELDS];
    struct fer_port_spec *ports = fer_arena_alloc(arena, 2 * FIELDS * sizeof(*ports));
    struct fer_predict_spec predict = {
        .name = "toy", .ninputs = nfields, .noutputs = nfields, .inputs = ports, .outputs = ports + FIELDS
    };
    struct fer_flow_program *program;
    struct fer_op_spec spec = {
        .in = in, .field = field_names, .nin = nfields, .path = "toy", .region = FER_REGION_SHARED
    };
    struct fer_op *op;
    enum fer_status status;

    spec.layer = bind(text, &spec.params);
    ck_assert_msg(!fer_description_parse(registry, "toy", ".", "fer 1\nuse data\n", &options, &description, err), "%s",
                  err->text);
    ck_assert_int_eq(fer_graph_create(description, CAPACITY, &graph, err), FER_OK);
    predict.graph = graph;
    for (int i = 0; i < nfields; i++) {
        struct fer_shape shape = shape_of(i, landmarks);

        in[i] = fer_graph_add_input(graph, &shape, field_names[i], -1, 0);
        ports[i] = (struct fer_port_spec){ field_names[i], shape };
    }
    status = fer_graph_add(graph, &spec, &op, err);
    if (status) {
        fer_graph_free(graph);
        fer_description_free(description);
        return status;
    }
    ck_assert_int_eq(op->nout, nfields);
    for (int i = 0; i < nfields; i++) {
        op->out[i]->keep = true;
        op->out[i]->name = fer_arena_printf(arena, "out %s", field_names[i]);
        predict.outputs[i] = (struct fer_port_spec){ op->out[i]->name, op->out[i]->shape };
    }
    fer_graph_prune(graph);
    ck_assert_int_eq(fer_store_create(device, description, seed, &store, err), FER_OK);
    const struct fer_compile_options compile = { .poison = true };
    ck_assert_msg(!fer_predict_compile(description, &predict, CAPACITY, false, store, &compile, &program, err), "%s",
                  err->text);
    ck_assert_int_eq(fer_exec_batch(program->exec, ROWS, err), FER_OK);
    if (program->random.epoch) {
        const uint32_t epoch[4] = { EPOCH, first_id > 0, first_id };

        ck_assert_int_eq(fer_exec_write(program->exec, program->random.epoch, epoch, sizeof(epoch), err), FER_OK);
        ck_assert_int_eq(fer_exec_write(program->exec, program->random.ids, ids, ROWS * sizeof(*ids), err), FER_OK);
    }
    for (int i = 0; i < nfields; i++) {
        struct fer_shape shape = shape_of(i, landmarks);

        result->in[i] = input(i, landmarks);
        ck_assert_msg(!fer_exec_write(program->exec, program->in[i], result->in[i],
                                      ROWS * fer_shape_row(&shape) * sizeof(float), err),
                      "%s", err->text);
    }
    ck_assert_msg(!fer_exec_run(program->exec, program->segment, err), "%s", err->text);
    for (int i = 0; i < nfields; i++) {
        const struct fer_shape *shape = &op->out[i]->shape;
        size_t bytes = (size_t)(ROWS * shape->batch) * fer_shape_row(shape) * sizeof(float);

        result->out[i] = fer_arena_alloc(arena, bytes);
        ck_assert_msg(!fer_exec_read(program->exec, program->out[i], result->out[i], bytes, err), "%s", err->text);
    }
    result->op = fer_arena_copy(arena, op, sizeof(*op));
    result->landmarks = landmarks;
    result->views = op->out[0]->shape.batch;
    result->height = op->out[0]->shape.dim[2];
    result->width = op->out[0]->shape.dim[3];
    fer_flow_program_free(program);
    fer_store_free(store);
    fer_graph_free(graph);
    fer_description_free(description);
    return FER_OK;
}

static struct result run_ok(const char *text, int nfields, int landmarks)
{
    struct result result = { 0 };
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!run(text, nfields, landmarks, &result, &err), "%s: %s", text, err.text);
    return result;
}

/* The four uniform numbers that the kernel gets for a sample, and for a row. */
static void uniform_of(const struct result *result, uint32_t id, double u[4])
{
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const uint32_t counter[4] = { 0, result->op->stream, EPOCH, id };
    uint32_t bits[4];

    fer_philox(counter, key, bits);
    for (int k = 0; k < 4; k++)
        u[k] = (bits[k] >> 8) * 0x1p-24;
}

static void uniform(const struct result *result, int row, double u[4])
{
    uniform_of(result, ids[row], u);
}

static float pixel(const struct result *result, int field, int row, int c, int y, int x)
{
    const int of = field == 0 ? channels : 1;

    return result->in[field][((row * of + c) * HEIGHT + y) * WIDTH + x];
}

/* View `view` of row `row` must be the input from (x0, y0) on, mirrored or not. */
static void is_view(const struct result *result, int row, int view, int x0, int y0, bool mirrored, const int *mirror)
{
    int h = result->height, w = result->width, out = row * result->views + view;

    for (int field = 0; field < 2; field++) {
        const int of = field == 0 ? channels : 1;

        for (int i = 0; i < of * h * w; i++) {
            int x = i % w, y = i / w % h, c = i / w / h;
            float expected = pixel(result, field, row, c, y0 + y, x0 + (mirrored ? w - 1 - x : x));

            ck_assert_msg(result->out[field][out * of * h * w + i] == expected, "%s row %d view %d at %d, %d",
                          field_names[field], row, view, x, y);
        }
    }
    for (int i = 0; i < result->landmarks; i++) {
        const float *from = result->in[2] + (row * result->landmarks + (mirrored ? mirror[i] : i)) * 2;
        const float *to = result->out[2] + (out * result->landmarks + i) * 2;

        ck_assert_float_eq_tol(to[0], mirrored ? (float)w - (from[0] - (float)x0) : from[0] - (float)x0, 1e-5f);
        ck_assert_float_eq_tol(to[1], from[1] - (float)y0, 1e-5f);
    }
    for (int k = 0; k < 4; k++) {
        const float *box = result->in[3] + row * 4;
        float place = k % 2 ? box[k] - (float)y0 : mirrored ? (float)w - (box[2 - k] - (float)x0) : box[k] - (float)x0;

        ck_assert_float_eq_tol(result->out[3][out * 4 + k], fminf(fmaxf(place, 0), k % 2 ? (float)h : (float)w), 1e-5f);
    }
}

static const int mirror5[5] = { 1, 0, 2, 4, 3 };

START_TEST(random_crops)
{
    struct result result = run_ok("randcrop [5, 4]", 4, POINTS);
    int different = 0, first = -1;

    ck_assert_int_eq(result.height, 5);
    ck_assert_int_eq(result.width, 4);
    for (int row = 0; row < ROWS; row++) {
        double u[4];
        int x, y;

        uniform(&result, row, u);
        x = (int)(u[0] * (WIDTH - 4 + 1));
        y = (int)(u[1] * (HEIGHT - 5 + 1));
        is_view(&result, row, 0, x, y, false, NULL);
        different += first >= 0 && x * 100 + y != first;
        first = x * 100 + y;
    }
    ck_assert_int_gt(different, 0);
    for (int part = 0; part < 2; part++) { /* all of a batch, or what a process has of one that begins elsewhere */
        double u[4];

        first_id = part ? 90210 : 0;
        result = run_ok("randcrop 5 same=yes", 4, POINTS);
        uniform_of(&result, part ? first_id : ids[0], u);
        for (int row = 0; row < ROWS; row++)
            is_view(&result, row, 0, (int)(u[0] * (WIDTH - 5 + 1)), (int)(u[1] * (HEIGHT - 5 + 1)), false, NULL);
    }
}
END_TEST

START_TEST(center_and_ten_crops)
{
    struct result result = run_ok("centercrop [4, 6]", 4, POINTS);

    for (int row = 0; row < ROWS; row++) /* spare 3 and 3: 1.5 is rounded to even */
        is_view(&result, row, 0, 2, 2, false, NULL);
    result = run_ok("tencrop [5, 5]", 4, POINTS);
    ck_assert_int_eq(result.views, 10);
    for (int row = 0; row < ROWS; row++) {
        /* Spare 4 × 2.  The mirrored five are crops of the mirrored picture. */
        static const int corner[5][2] = { { 0, 0 }, { 4, 0 }, { 0, 2 }, { 4, 2 }, { 2, 1 } };

        for (int view = 0; view < 10; view++) {
            int x = corner[view % 5][0];

            is_view(&result, row, view, view < 5 ? x : 4 - x, corner[view % 5][1], view >= 5, mirror5);
        }
    }
}
END_TEST

/* Pairs of the 68-point scheme, written out. */
static void make_mirror68(int mirror[68])
{
    static const int pairs[][2] = {
        { 0, 16 },  { 1, 15 },  { 2, 14 },  { 3, 13 },  { 4, 12 },  { 5, 11 },  { 6, 10 },  { 7, 9 },
        { 17, 26 }, { 18, 25 }, { 19, 24 }, { 20, 23 }, { 21, 22 }, { 31, 35 }, { 32, 34 }, { 36, 45 },
        { 37, 44 }, { 38, 43 }, { 39, 42 }, { 40, 47 }, { 41, 46 }, { 48, 54 }, { 49, 53 }, { 50, 52 },
        { 55, 59 }, { 56, 58 }, { 60, 64 }, { 61, 63 }, { 65, 67 },
    };

    for (int i = 0; i < 68; i++)
        mirror[i] = i;
    for (size_t k = 0; k < sizeof(pairs) / sizeof(pairs[0]); k++) {
        mirror[pairs[k][0]] = pairs[k][1];
        mirror[pairs[k][1]] = pairs[k][0];
    }
}

START_TEST(mirrors)
{
    static const int mirror3[3] = { 0, 1, 2 };
    int mirror68[68];
    struct result result = run_ok("hflip p=1", 4, POINTS);

    make_mirror68(mirror68);
    for (int row = 0; row < ROWS; row++)
        is_view(&result, row, 0, 0, 0, true, mirror5);
    result = run_ok("hflip p=1", 4, 68);
    for (int row = 0; row < ROWS; row++)
        is_view(&result, row, 0, 0, 0, true, mirror68);
    result = run_ok("hflip p=1", 4, 3);
    is_view(&result, 1, 0, 0, 0, true, mirror3);
    result = run_ok("hflip", 4, POINTS);
    for (int row = 0; row < ROWS; row++) {
        double u[4];

        uniform(&result, row, u);
        is_view(&result, row, 0, 0, 0, u[0] < 0.5, mirror5);
    }
    result = run_ok("hflip p=0", 4, POINTS);
    for (int row = 0; row < ROWS; row++)
        is_view(&result, row, 0, 0, 0, false, NULL);
}
END_TEST

/* Bilinear, `fill` outside. */
static double sample(const struct result *result, int field, int row, int c, double x, double y, double fill)
{
    int x0 = (int)floor(x), y0 = (int)floor(y);
    double sum = 0;

    for (int k = 0; k < 4; k++) {
        int i = x0 + k % 2, j = y0 + k / 2;
        double weight = (k % 2 ? x - x0 : 1 - x + x0) * (k / 2 ? y - y0 : 1 - y + y0);

        sum += weight * (i < 0 || j < 0 || i >= WIDTH || j >= HEIGHT ? fill : pixel(result, field, row, c, j, i));
    }
    return sum;
}

START_TEST(rotates)
{
    struct result result = run_ok("rotate degrees=40 fill=0.5", 4, POINTS);

    for (int row = 0; row < ROWS; row++) {
        double u[4], a, box[4] = { 1e9, 1e9, -1e9, -1e9 };

        uniform(&result, row, u);
        a = (2 * u[1] - 1) * 40 * acos(-1) / 180;
        for (int field = 0; field < 2; field++) {
            const int of = field == 0 ? channels : 1;

            for (int i = 0; i < of * HEIGHT * WIDTH; i++) {
                double dx = i % WIDTH + 0.5 - WIDTH / 2.0, dy = i / WIDTH % HEIGHT + 0.5 - HEIGHT / 2.0;
                double x = cos(a) * dx - sin(a) * dy + WIDTH / 2.0 - 0.5,
                       y = sin(a) * dx + cos(a) * dy + HEIGHT / 2.0 - 0.5;

                ck_assert_double_eq_tol(result.out[field][row * of * HEIGHT * WIDTH + i],
                                        sample(&result, field, row, i / WIDTH / HEIGHT, x, y, field ? 0 : 0.5), 2e-5);
            }
        }
        /* A landmark goes where the pixel that came from it lies: the inverse of the sampling above. */
        for (int i = 0; i < POINTS; i++) {
            const float *from = result.in[2] + (row * POINTS + i) * 2, *to = result.out[2] + (row * POINTS + i) * 2;
            double dx = to[0] - WIDTH / 2.0, dy = to[1] - HEIGHT / 2.0;

            ck_assert_double_eq_tol(cos(a) * dx - sin(a) * dy + WIDTH / 2.0, from[0], 2e-5);
            ck_assert_double_eq_tol(sin(a) * dx + cos(a) * dy + HEIGHT / 2.0, from[1], 2e-5);
        }
        for (int k = 0; k < 4; k++) {
            double dx = result.in[3][row * 4 + (k % 2) * 2] - WIDTH / 2.0;
            double dy = result.in[3][row * 4 + (k / 2) * 2 + 1] - HEIGHT / 2.0;
            double x = cos(a) * dx + sin(a) * dy + WIDTH / 2.0, y = cos(a) * dy - sin(a) * dx + HEIGHT / 2.0;

            box[0] = fmin(box[0], x);
            box[1] = fmin(box[1], y);
            box[2] = fmax(box[2], x);
            box[3] = fmax(box[3], y);
        }
        for (int k = 0; k < 4; k++)
            ck_assert_double_eq_tol(result.out[3][row * 4 + k], fmin(fmax(box[k], 0), k % 2 ? HEIGHT : WIDTH), 2e-5);
    }
    result = run_ok("rotate degrees=40 p=0", 4, POINTS);
    is_view(&result, 0, 0, 0, 0, false, NULL);
}
END_TEST

/* Brightness, then contrast: y = clamp(level + factor (x - level)); p: share of the samples that is changed. */
static const struct {
    const char *call;
    bool contrast;
    double p;
    int channels;
} lights[] = { { "brightness 0.6", false, 1, 3 },
               { "contrast amount=0.6", true, 1, 3 },
               { "contrast amount=0.6", true, 1, 1 },
               { "brightness 0.6 p=0.4", false, 0.4, 3 },
               { "contrast amount=0.6 p=0.4", true, 0.4, 3 } };
enum { LIGHTS = sizeof(lights) / sizeof(lights[0]) };

START_TEST(light)
{
    struct result result;

    channels = lights[_i].channels;
    result = run_ok(lights[_i].call, 1, POINTS);
    for (int row = 0; row < ROWS; row++) {
        double u[4], factor, level = 0;

        uniform(&result, row, u);
        factor = u[0] < lights[_i].p ? 1 + (2 * u[1] - 1) * 0.6 : 1;
        for (int i = 0; lights[_i].contrast && i < HEIGHT * WIDTH; i++) {
            double gray = pixel(&result, 0, row, 0, 0, i);

            if (channels == 3)
                gray = 0.299 * gray + 0.587 * pixel(&result, 0, row, 1, 0, i) + 0.114 * pixel(&result, 0, row, 2, 0, i);
            level += gray / (HEIGHT * WIDTH);
        }
        for (int i = 0; i < channels * HEIGHT * WIDTH; i++) {
            double x = result.in[0][row * channels * HEIGHT * WIDTH + i];

            ck_assert_double_eq_tol(result.out[0][row * channels * HEIGHT * WIDTH + i],
                                    fmin(fmax(level + factor * (x - level), 0), 1), 1e-6);
        }
    }
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    static const struct {
        const char *call, *words, *argument;
    } cases[] = {
        { "randcrop 8", "8 x 8", "size" },
        { "centercrop [7, 10]", "7 x 10", "size" },
        { "tencrop [1, 2, 3]", "[height, width]", "size" },
    };
    struct result result;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_ne(run(cases[_i].call, 4, POINTS, &result, &err), FER_OK);
    ck_assert_msg(strstr(err.text, cases[_i].words), "'%s' does not say '%s'", err.text, cases[_i].words);
    ck_assert_str_eq(err.argument, cases[_i].argument);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("augment");
    TCase *tests = tcase_create("augment");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, random_crops);
    tcase_add_test(tests, center_and_ten_crops);
    tcase_add_test(tests, mirrors);
    tcase_add_test(tests, rotates);
    tcase_add_loop_test(tests, light, 0, LIGHTS);
    tcase_add_loop_test(tests, what_does_not_fit_is_refused, 0, 3);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
