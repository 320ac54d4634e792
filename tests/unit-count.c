/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of a test against plain counting: ties, samples without a label, predictions that are no numbers, edges of
 * bins, and counts and sums beyond what one float holds.  Pictures carry the numbers: byte b is b / 255.
 */
#include "data/pipeline.h"
#include "harness.h"
#include "train/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 4, BATCH = 16, SAMPLES = 25, BROKEN = 7, CARRY = 1 << 20 };

static struct fer_error err;
#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* Channels of a picture of 2 x 2: logits, where they are no numbers (255), a value for bins. */
#define HEAD                                                                                                           \
    "fer 1\nuse vision, data, metric\nlabels \"a\", \"b\", \"c\", \"d\"\n"                                             \
    "data d -> image, label = noise count=25 size=2 classes=4 | batch 16\n"                                            \
    "test t over d {\n  x = image | slice 0 to=1 | flatten\n"                                                          \
    "  hole = image | slice 1 to=2 | flatten | scale 1e30 | scale 1e30 | scale 0\n  y = x, hole | add\n"               \
    "  by = image | slice 2 to=3 | flatten | slice 0 to=1\n"

struct sample {
    uint8_t logit[CLASSES], by;
    int label;
    bool broken; /* the logit of class 2 is no number */
};

struct bench {
    struct op_device device;
    struct fer_description *description;
    struct fer_store *store;
    struct fer_flow_program *flow;
    json_t *report; /* of all metrics, once counted */
    struct fer_report *holder;
    struct sample samples[SAMPLES];
};

static const uint8_t by_bytes[4] = { 0, 128, 200, 255 };

/* Few values, so that many are equal. */
static void make_samples(struct sample *samples)
{
    uint64_t state = 5;
    for (int n = 0; n < SAMPLES; n++) {
        struct sample *s = &samples[n];
        for (int k = 0; k < CLASSES; k++)
            s->logit[k] = (uint8_t)(floor(op_random(&state) * 3) * 85);
        s->label = (int)floor(op_random(&state) * (CLASSES + 1)) - 1;
        s->by = by_bytes[n % 4];
        s->broken = n % BROKEN == 3;
    }
}

static void open_bench(struct bench *b, const char *metrics, enum fer_profile profile)
{
    const struct fer_compile_options poison = { .poison = true };
    char text[2048];
    snprintf(text, sizeof text, "%s%s}\n", HEAD, metrics);
    *b = (struct bench){ .device = op_device_open(profile) };
    make_samples(b->samples);
    OK(fer_description_parse(b->device.registry, "count", "/", text, NULL, &b->description, &err));
    OK(fer_store_create(b->device.device, b->description, 1, &b->store, &err));
    OK(fer_test_compile(b->description, 0, b->store, &poison, &b->flow, &err));
    OK(fer_test_reset(b->flow, &err));
}

static void close_bench(struct bench *b)
{
    fer_report_free(b->holder);
    fer_flow_program_free(b->flow);
    fer_store_free(b->store);
    fer_description_free(b->description);
    op_device_close(&b->device);
}

static void run_batch(const struct bench *b, int first, int n)
{
    uint8_t pictures[BATCH * 4 * 3];
    int32_t labels[BATCH];
    uint32_t ids[BATCH] = { 0 };
    const struct fer_batch batch = { .n = n, .capacity = BATCH, .image = pictures, .label = labels, .id = ids };
    for (int i = 0; i < n; i++) {
        const struct sample *s = &b->samples[first + i];
        for (int p = 0; p < 4; p++) {
            uint8_t *pixel = pictures + (i * 4 + p) * 3;
            pixel[0] = s->logit[p];
            pixel[1] = s->broken && p == 2 ? 255 : 0;
            pixel[2] = s->by;
        }
        labels[i] = s->label;
    }
    OK(fer_inputs_upload(b->flow->exec, &b->flow->inputs[0], &batch, &err));
    OK(fer_exec_run(b->flow->exec, b->flow->segment, &err));
}

/* All samples, in a whole batch and a part of one. */
static void count(struct bench *b)
{
    run_batch(b, 0, BATCH);
    run_batch(b, BATCH, SAMPLES - BATCH);
    b->holder = fer_report_create();
    ck_assert_ptr_nonnull(b->holder);
    for (int i = 0; i < b->flow->test->nmetrics; i++) {
        fer_report_begin(b->holder);
        OK(fer_test_metric(b->flow, i, b->holder, &err));
        OK(fer_report_end(b->holder, b->flow->test->metrics[i].name, &err));
    }
    b->report = fer_report_json(b->holder);
}

static json_t *result(const struct bench *b, const char *metric, const char *name)
{
    json_t *all = json_object_get(b->report, metric);
    json_t *one = json_is_object(all) ? json_object_get(all, name) : all;
    ck_assert_msg(one != NULL, "%s has no %s", metric, name);
    return one;
}

/* ---- what is right: the label among the `top` largest, of equal ones the first; none of a label below 0, or with a
 * logit that is no number ---- */

static bool is_right(const struct sample *s, int top)
{
    int before = 0;
    for (int k = 0; k < CLASSES; k++)
        if (k != s->label)
            before += s->logit[k] > s->logit[s->label] || (s->logit[k] == s->logit[s->label] && k < s->label);
    return before < top && !s->broken;
}

/* The first of the largest; CLASSES when one is no number. */
static int predicted(const struct sample *s)
{
    int best = 0;
    for (int k = 1; k < CLASSES; k++)
        best = s->logit[k] > s->logit[best] ? k : best;
    return s->broken ? CLASSES : best;
}

static void check_accuracy(const struct bench *b, const char *metric, int top)
{
    int right = 0, all = 0;
    for (int n = 0; n < SAMPLES; n++)
        if (b->samples[n].label >= 0) {
            right += is_right(&b->samples[n], top);
            all++;
        }
    ck_assert(right > 0 && right < all && all < SAMPLES);
    ck_assert_double_eq(json_number_value(result(b, metric, "accuracy")), (double)right / all);
}

/* bin_of: of the four values; -1: none. */
static void check_bins(const struct bench *b, const char *metric, const int *bin_of, int bins)
{
    int right[3] = { 0 }, all[3] = { 0 };
    for (int n = 0; n < SAMPLES; n++) {
        const int bin = bin_of[n % 4];
        if (b->samples[n].label < 0 || bin < 0)
            continue;
        right[bin] += is_right(&b->samples[n], 1);
        all[bin]++;
    }
    for (int i = 0; i < bins; i++) {
        json_t *share = json_array_get(result(b, metric, "by_bin"), (size_t)i);
        ck_assert_int_eq((int)json_number_value(json_array_get(result(b, metric, "samples"), (size_t)i)), all[i]);
        if (all[i])
            ck_assert_double_eq(json_number_value(share), (double)right[i] / all[i]);
        else
            ck_assert(json_is_null(share));
    }
}

static void check_confusion(const struct bench *b)
{
    int counts[CLASSES][CLASSES + 1] = { { 0 } }, lost = 0;
    for (int n = 0; n < SAMPLES; n++)
        if (b->samples[n].label >= 0) {
            counts[b->samples[n].label][predicted(&b->samples[n])]++;
            lost += predicted(&b->samples[n]) == CLASSES;
        }
    for (size_t y = 0; y < CLASSES; y++)
        for (size_t k = 0; k < CLASSES; k++)
            ck_assert_int_eq(
                (int)json_integer_value(json_array_get(json_array_get(result(b, "table", "counts"), y), k)),
                counts[y][k]);
    ck_assert_int_gt(lost, 0);
    ck_assert_int_eq((int)json_integer_value(result(b, "table", "without_prediction")), lost);
}

START_TEST(counts)
{
    /* what lies on an edge belongs to the next bin, and on the last edge to the last */
    static const int bin_of[4] = { 1, 1, 2, 2 }, cut_of[4] = { -1, 0, -1, -1 };
    struct bench b;
    double sum = 0;
    open_bench(&b,
               "  metric one = y, label | accuracy\n  metric two = y, label | accuracy top=2\n"
               "  metric binned = y, label | accuracy by=by bins=[-1, 0, 0.7, 1]\n"
               "  metric cut = y, label | accuracy by=by bins=[0.1, 0.6]\n"
               "  metric table = y, label | confusion\n  metric mean = by | average\n",
               _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    count(&b);
    check_accuracy(&b, "one", 1);
    check_accuracy(&b, "two", 2);
    check_bins(&b, "binned", bin_of, 3);
    check_bins(&b, "cut", cut_of, 1);
    check_confusion(&b);
    for (int n = 0; n < SAMPLES; n++)
        sum += b.samples[n].by / 255.0;
    ck_assert_double_eq_tol(json_number_value(result(&b, "mean", "average")), sum / SAMPLES, 1e-6);
    close_bench(&b);
}
END_TEST

/* Counters near their carry, as after a million samples: nothing is lost, and nothing counted twice. */
START_TEST(counts_beyond_a_float)
{
    const float begun[4] = { 0, CARRY - 3, 17, CARRY - 2 }; /* right, all: high and low */
    int right = 0, all = 0;
    struct bench b;
    open_bench(&b, "  metric one = y, label | accuracy\n", _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    OK(fer_buffer_write(b.flow->metrics, 0, begun, sizeof begun, &err));
    count(&b);
    for (int n = 0; n < SAMPLES; n++)
        if (b.samples[n].label >= 0) {
            right += is_right(&b.samples[n], 1);
            all++;
        }
    ck_assert(right > 3);
    ck_assert_double_eq(json_number_value(result(&b, "one", "accuracy")),
                        (CARRY - 3.0 + right) / (17.0 * CARRY + CARRY - 2 + all));
    close_bench(&b);
}
END_TEST

/* To 2^26 each of the values would be lost. */
START_TEST(sums_beyond_a_float)
{
    const float begun[4] = { 0x1p26f, 0, 0, 0 };
    double sum = 0x1p26;
    struct bench b;
    open_bench(&b, "  metric mean = by | average\n", _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    OK(fer_buffer_write(b.flow->metrics, 0, begun, sizeof begun, &err));
    count(&b);
    for (int n = 0; n < SAMPLES; n++)
        sum += b.samples[n].by / 255.0;
    ck_assert_double_eq_tol(json_number_value(result(&b, "mean", "average")), sum / SAMPLES, 1e-3);
    close_bench(&b);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, counts, 0, 2);
    tcase_add_loop_test(tcase, counts_beyond_a_float, 0, 2);
    tcase_add_loop_test(tcase, sums_beyond_a_float, 0, 2);
}

int main(void)
{
    return op_main("count", NULL, 0, add_tests);
}
