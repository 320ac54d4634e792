/* SPDX-License-Identifier: Apache-2.0
 *
 * fer explain: measures on masks that can be counted by hand, panels pixel by pixel, activation maps against weights
 * and features, and values of the net that a route has chosen against those of a block that runs them all.
 */
#include "data/panel.h"
#include "graph/probe.h"
#include "train/context.h"
#include "train/explain.h"
#include "train/measure.h"
#include "train/view.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct fer_error err;
#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* ---- measures ---- */

static struct fer_overlap overlap(const float *predicted, const float *truth, size_t count, double threshold)
{
    struct fer_overlap o;
    OK(fer_overlap_measure(predicted, truth, count, threshold, &o, &err));
    return o;
}

START_TEST(overlaps_are_counted)
{
    const float truth[8] = { 1, 1, 1, 0, 0, 0, 0, 0 }, said[8] = { 0.9f, 0.5f, 0.6f, 0.7f, 0.1f, 0.2f, 0.3f, 0.5f };
    const struct fer_overlap o = overlap(said, truth, 8, 0.5);
    /* above 0.5: pixels 0, 2, 3; with the truth 0 and 2 of 0, 1, 2, 3 */
    ck_assert_int_eq(o.covered, 3);
    ck_assert_int_eq(o.predicted, 3);
    ck_assert_int_eq(o.both, 2);
    ck_assert_double_eq_tol(fer_overlap_iou(&o), 2.0 / 4, 1e-12);
    ck_assert_double_eq_tol(fer_overlap_iou_all(&o), 3.0 / 8, 1e-12);
    ck_assert_double_eq(fer_overlap_iou_none(&o), 0);
    /* of 15 pairs: 0.9 wins 5, 0.6 wins 4, 0.5 wins 3 and ties one */
    ck_assert_double_eq_tol(o.auc, 12.5 / 15, 1e-12);
}
END_TEST

START_TEST(empty_and_full_masks_have_their_numbers)
{
    const float none[4] = { 0 }, all[4] = { 1, 1, 1, 1 }, strange[4] = { NAN, INFINITY, -INFINITY, 0 };
    struct fer_overlap o = overlap(none, none, 4, 0.5);
    ck_assert_double_eq(fer_overlap_iou(&o), 1); /* they agree */
    ck_assert_double_eq(fer_overlap_iou_none(&o), 1);
    ck_assert_double_eq(fer_overlap_iou_all(&o), 0);
    ck_assert(isnan(o.auc));
    o = overlap(all, none, 4, 0.5);
    ck_assert_double_eq(fer_overlap_iou(&o), 0);
    o = overlap(none, all, 4, 0.5);
    ck_assert_double_eq(fer_overlap_iou(&o), 0);
    ck_assert_double_eq(fer_overlap_iou_all(&o), 1);
    o = overlap(all, all, 4, 0.5);
    ck_assert_double_eq(fer_overlap_iou(&o), 1);
    o = overlap(strange, (const float[4]){ 0, 1, 0, 0 }, 4, 0.5);
    ck_assert_int_eq(o.predicted, 1);
    ck_assert_double_eq(o.auc, 1);
}
END_TEST

START_TEST(shares_of_a_map_are_sums)
{
    const float map[4] = { 1, 2, -8, 5 }, truth[4] = { 0, 1, 1, 0.49f }, none[4] = { 0, -1, NAN, 0 };
    ck_assert_double_eq_tol(fer_overlap_share(map, truth, 4), 2.0 / 8, 1e-12);
    ck_assert(isnan(fer_overlap_share(none, truth, 4)));
}
END_TEST

START_TEST(pictures_are_compared_by_squares)
{
    const float a[4] = { 0, 0.5f, 1, 0.25f }, b[4] = { 0.5f, 0.5f, 0.5f, 0.75f };
    ck_assert_double_eq_tol(fer_mse(a, b, 4), 3 * 0.25 / 4, 1e-12);
    ck_assert_double_eq(fer_mse(a, a, 4), 0);
    /* mean 9/16: three times 1/16 away, once 3/16 */
    ck_assert_double_eq_tol(fer_mse_flat(b, 4), (3.0 + 9) / 256 / 4, 1e-12);
    ck_assert_double_eq_tol(fer_psnr(0.01), 20, 1e-9);
    ck_assert(isinf(fer_psnr(0)));
}
END_TEST

static void mean_is(const struct fer_pair *pair, const char *name, double wanted)
{
    json_t *mean = fer_explain_mean(pair);
    ck_assert_double_eq_tol(json_number_value(json_object_get(mean, name)), wanted, 1e-12);
    json_decref(mean);
}

/* Of four pictures one has a map of zeros, which has no share, and two are not covered, which have no area. */
START_TEST(means_are_of_those_that_have_a_number)
{
    char field[] = "mask";
    const struct fer_pair share = { .field = field,
                                    .is_share = true,
                                    .is_mask = true,
                                    .count = 4,
                                    .share = 1.2,
                                    .shares = 3,
                                    .covered = 30,
                                    .pixels = 120 };
    const struct fer_pair mask = { .field = field,
                                   .is_mask = true,
                                   .count = 4,
                                   .iou = 2,
                                   .iou_all = 1,
                                   .iou_none = 0.4,
                                   .auc = 1.5,
                                   .aucs = 2,
                                   .pixels = 400,
                                   .covered = 100,
                                   .predicted = 80,
                                   .both = 60 };
    mean_is(&share, "share", 1.2 / 3);
    mean_is(&share, "covered", 30.0 / 120);
    mean_is(&mask, "iou", 2.0 / 4);
    mean_is(&mask, "iou_all", 1.0 / 4);
    mean_is(&mask, "iou_none", 0.4 / 4);
    mean_is(&mask, "iou_pooled", 60.0 / (100 + 80 - 60));
    mean_is(&mask, "auc", 1.5 / 2);
    mean_is(&mask, "covered", 100.0 / 400);
    mean_is(&mask, "predicted", 80.0 / 400);
}
END_TEST

START_TEST(grad_cam_is_its_equation)
{
    const float value[8] = { 1, 2, 3, 4, 1, 0, 0, 1 }, gradient[8] = { 1, 1, 1, 1, -4, -4, 0, 0 };
    float out[4];
    fer_grad_cam(value, gradient, 2, 4, out); /* alpha 1 and -2 */
    ck_assert_float_eq(out[0], 0);            /* 1 - 2, cut off */
    ck_assert_float_eq(out[1], 2);
    ck_assert_float_eq(out[2], 3);
    ck_assert_float_eq(out[3], 2);
}
END_TEST

/* ---- panels ---- */

START_TEST(maps_are_resized_between_centres)
{
    const float two[4] = { 0, 1, 2, 3 };
    const struct fer_map map = { two, 1, 2, 2 };
    float four[16], same[4], one[1];
    fer_map_resize(&map, 4, 4, four);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++) {
            static const float at[4] = { 0, 0.25f, 0.75f, 1 }; /* (i + 0.5) / 2 - 0.5 in [0, 1] */
            ck_assert_float_eq_tol(four[4 * y + x], at[x] + 2 * at[y], 1e-6);
        }
    fer_map_resize(&map, 2, 2, same);
    ck_assert_mem_eq(same, two, sizeof two);
    fer_map_resize(&map, 1, 1, one);
    ck_assert_float_eq_tol(one[0], 1.5f, 1e-6);
}
END_TEST

START_TEST(planes_become_one)
{
    const float planes[6] = { 1, -2, 0, 3, 2, -4 };
    float flat[3], low, high;
    fer_map_flatten(&(struct fer_map){ planes, 2, 1, 3 }, flat);
    ck_assert_float_eq(flat[0], 2);
    ck_assert_float_eq(flat[1], 2);
    ck_assert_float_eq(flat[2], 2);
    fer_map_flatten(&(struct fer_map){ planes, 1, 1, 3 }, flat);
    ck_assert_mem_eq(flat, planes, sizeof flat);
    fer_map_range(&(struct fer_map){ planes, 2, 1, 3 }, &low, &high);
    ck_assert(low == -4 && high == 3);
    fer_map_range(&(struct fer_map){ (const float[2]){ NAN, INFINITY }, 1, 1, 2 }, &low, &high);
    ck_assert(low == 0 && high == 0);
}
END_TEST

static const uint8_t *pixel(const struct fer_strip *strip, int y, int x)
{
    return strip->image.pixels + ((size_t)y * (size_t)strip->image.width + (size_t)x) * 3;
}

static void check_pixel(const struct fer_strip *strip, int y, int x, int r, int g, int b)
{
    const uint8_t *at = pixel(strip, y, x);
    ck_assert_msg(at[0] == r && at[1] == g && at[2] == b, "(%d, %d) is %d %d %d instead of %d %d %d", y, x, at[0],
                  at[1], at[2], r, g, b);
}

START_TEST(strips_have_panels_side_by_side)
{
    /* one line of three pixels, in colour: red, green, a gray of 0.4 */
    const float picture[9] = { 1, 0, 0.4f, 0, 1, 0.4f, 0, 0, 0.4f }, map[3] = { 0, 0.5f, 1 }, odd[3] = { NAN, -1, 2 };
    struct fer_strip strip;
    OK(fer_strip_create(&strip, 5, 1, 3, 2, &err));
    ck_assert_int_eq(strip.image.width, 5 * 6 + 4 * FER_PANEL_GAP);
    ck_assert_int_eq(strip.image.height, 2);
    fer_strip_picture(&strip, picture, 3);
    fer_strip_heat(&strip, picture, 3, map);
    fer_strip_gray(&strip, map);
    fer_strip_skip(&strip);
    fer_strip_gray(&strip, odd);
    for (int y = 0; y < 2; y++) {
        const int heat = 6 + FER_PANEL_GAP, gray = 2 * heat, last = 4 * heat;
        check_pixel(&strip, y, 0, 255, 0, 0);
        check_pixel(&strip, y, 1, 255, 0, 0); /* zoomed */
        check_pixel(&strip, y, 3, 0, 255, 0);
        check_pixel(&strip, y, 5, 102, 102, 102);
        check_pixel(&strip, y, 6, 255, 255, 255); /* the line between */
        check_pixel(&strip, y, heat, 76, 76, 76); /* 0.299: nothing but the picture in gray */
        /* 0.587 under 0.3 of red; 0.4 under 0.6 of yellow */
        check_pixel(&strip, y, heat + 2, 181, 105, 105);
        check_pixel(&strip, y, heat + 4, 194, 194, 41);
        check_pixel(&strip, y, gray, 0, 0, 0);
        check_pixel(&strip, y, gray + 2, 128, 128, 128);
        check_pixel(&strip, y, gray + 5, 255, 255, 255);
        check_pixel(&strip, y, 3 * heat + 1, 255, 255, 255); /* skipped */
        check_pixel(&strip, y, last, 0, 0, 0);
        check_pixel(&strip, y, last + 2, 0, 0, 0);
        check_pixel(&strip, y, last + 4, 255, 255, 255);
    }
    fer_strip_free(&strip);
    ck_assert_int_eq(fer_strip_create(&strip, 200, 48, 48, 4, &err), FER_EINVAL);
}
END_TEST

/* ---- looking into blocks ---- */

enum { SIDE = 12, COUNT = 5 };

struct look {
    struct fer_context *context;
    struct fer_description *description;
    struct fer_store *store;
    float *pictures; /* [COUNT][3][SIDE][SIDE] */
};

/* _i: the profile */
static void open_look(struct look *look, const char *text, int profile)
{
    struct fer_device *device;
    const size_t count = (size_t)COUNT * 3 * SIDE * SIDE;
    setenv("FER_PROFILE", profile ? "gpu" : "cpu", 1);
    OK(fer_context_create(NULL, &look->context, &err));
    OK(fer_context_parse(look->context, "t.fer", ".", text, NULL, FER_FOR_PREDICT, &look->description, &err));
    OK(fer_context_device(look->context, &device, &err));
    OK(fer_store_create(device, look->description, 7, &look->store, &err));
    look->pictures = malloc(count * sizeof(float));
    for (size_t i = 0, state = 1; i < count; i++) {
        state = state * 1103515245 + 12345;
        look->pictures[i] = (float)(state >> 16 & 1023) / 1023;
    }
}

static void close_look(struct look *look)
{
    free(look->pictures);
    fer_store_free(look->store);
    fer_description_free(look->description);
    fer_context_free(look->context);
}

static struct fer_view *open_view(const struct look *look, const char *block, const char *show, const char *cam)
{
    const char *const shows[] = { show, NULL }, *const cams[] = { cam, NULL };
    struct fer_classifier classifier;
    struct fer_view *view;
    OK(fer_classifier_find(look->description, block, "t.fer", &classifier, &err));
    OK(fer_view_open(look->context, look->description, look->store, &classifier, shows, cams, &view, &err));
    return view;
}

static int find_item(const struct fer_view *view, enum fer_view_kind kind)
{
    int count;
    const struct fer_view_item *items = fer_view_items(view, &count);
    for (int i = 0; i < count; i++)
        if (items[i].kind == kind)
            return i;
    ck_abort_msg("there is no item of kind %d", kind);
    return -1;
}

static float *read_weight(const struct look *look, const char *path)
{
    for (int n = 0; n < look->description->nnets; n++)
        for (int w = 0; w < look->description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = look->description->nets[n]->weights[w];
            if (strcmp(weight->path, path) != 0)
                continue;
            float *values = malloc(fer_shape_count(&weight->shape) * sizeof(*values));
            OK(fer_store_read(look->store, weight, values, &err));
            return values;
        }
    ck_abort_msg("no weight %s", path);
    return NULL;
}

/* relu(1 / Z sum_k w[label][k] A_k): what Zhou et al. 2016 call M_c, over the number of places. */
static double check_cam(struct fer_map cam, struct fer_map features, const float *w, int label)
{
    const int places = features.height * features.width;
    double all = 0;
    ck_assert(cam.channels == 1 && cam.height == features.height && cam.width == features.width);
    for (int i = 0; i < places; i++) {
        double sum = 0;
        for (int k = 0; k < features.channels; k++)
            sum += (double)w[label * features.channels + k] * (double)features.values[k * places + i];
        ck_assert_double_eq_tol((double)cam.values[i], fmax(sum / places, 0), 1e-6);
        all += fmax(sum / places, 0);
    }
    return all;
}

/* The answer that these features lead to: whether they are the network's. */
static void check_answer(const float *answer, struct fer_map features, const float *w, const float *bias, int classes)
{
    const int places = features.height * features.width;
    double score[8], sum = 0;
    for (int c = 0; c < classes; c++) {
        score[c] = (double)bias[c];
        for (int k = 0; k < features.channels; k++)
            for (int i = 0; i < places; i++)
                score[c] += (double)w[c * features.channels + k] * (double)features.values[k * places + i] / places;
        sum += exp(score[c]);
    }
    for (int c = 0; c < classes; c++)
        ck_assert_double_eq_tol((double)answer[c], exp(score[c]) / sum, 1e-5);
}

#define POOLED                                                                                                         \
    "fer 1\nuse vision\n"                                                                                              \
    "net t(i) -> y { y = i | conv2d 20 kernel=3 pad=1 | batchnorm | relu | down: conv2d 24 kernel=3 stride=2 pad=1 "   \
    "| relu | avgpool global | fc: linear 4 }\n"                                                                       \
    "predict classify(image: f32[3,12,12]) -> probs { probs = image | t | softmax }\n"                                 \
    "predict again(image: f32[3,12,12]) -> probs { probs = image | t | softmax }\n"

/* Where pooling over all places and one linear map follow, Grad-CAM is CAM but for a constant. */
START_TEST(activation_maps_are_those_of_the_weights)
{
    struct look look;
    open_look(&look, POOLED, _i);
    struct fer_view *with = open_view(&look, "classify", NULL, ""),
                    *without = open_view(&look, "again", "t.relu.1", NULL);
    float *w = read_weight(&look, "t.fc.weight"), *bias = read_weight(&look, "t.fc.bias");
    const int cam = find_item(with, FER_VIEW_CAM), inner = find_item(without, FER_VIEW_INNER);
    double all = 0;
    int count;
    ck_assert_str_eq(fer_view_items(with, &count)[cam].name, "t.relu.1");
    OK(fer_view_run(without, look.pictures, COUNT, -1, &err));
    for (int label = -1; label < 4; label++) {
        OK(fer_view_run(with, look.pictures, COUNT, label, &err));
        for (int n = 0; n < COUNT; n++) {
            const struct fer_map features = fer_view_map(without, inner, n);
            check_answer(fer_view_answer(with, n), features, w, bias, 4);
            all += check_cam(fer_view_map(with, cam, n), features, w, label < 0 ? fer_view_best(with, n) : label);
        }
    }
    ck_assert_msg(all > 1e-3, "%g in all says little", all);
    /* fewer pictures, the same maps */
    struct fer_map map = fer_view_map(with, cam, 1);
    float kept[SIDE * SIDE];
    const size_t bytes = (size_t)map.height * (size_t)map.width * sizeof(float);
    memcpy(kept, map.values, bytes);
    OK(fer_view_run(with, look.pictures, 2, 3, &err));
    ck_assert_mem_eq(kept, fer_view_map(with, cam, 1).values, bytes);
    free(w);
    free(bias);
    fer_view_close(with);
    fer_view_close(without);
    close_look(&look);
}
END_TEST

#define TWO_PARTS                                                                                                      \
    "fer 1\nuse vision\n"                                                                                              \
    "net low(i) -> h { h = i | conv2d 18 kernel=3 pad=1 | batchnorm | relu }\n"                                        \
    "net high(h: f32[18,12,12]) -> y { a = h | conv2d 6 kernel=3 pad=1 | batchnorm | relu | maxpool 2\n"               \
    "  b = h | conv2d 6 kernel=2 stride=2\n  y = a, b | add | relu | linear 4 }\n"                                     \
    "predict classify(image: f32[3,12,12]) -> probs { probs = image | low | high | softmax }\n"                        \
    "predict again(image: f32[3,12,12]) -> probs { probs = image | low | high | softmax }\n"

/* A class's score by the features that the second net takes: gradients of its input, as fer run --backward has them. */
static float *gradients_of_input(const struct look *look, const float *features, size_t row, int label)
{
    const struct fer_shape shape = { FER_F32, 4, { COUNT, 18, SIDE, SIDE }, 1 };
    struct fer_compile_options plain = { .without = FER_PASS_FOLD | FER_PASS_FUSE | FER_PASS_LAYOUT };
    struct fer_predict_spec spec;
    struct fer_flow_program *flow;
    float seeds[COUNT * 4] = { 0 }, *out = malloc(COUNT * row * sizeof(*out));
    for (int n = 0; n < COUNT; n++)
        seeds[4 * n + label] = 1;
    OK(fer_description_call(look->description, "high", &shape, 1, false, &spec, &err));
    OK(fer_predict_compile(look->description, &spec, COUNT, true, look->store, &plain, &flow, &err));
    OK(fer_exec_write(flow->exec, flow->in[0], features, COUNT * row * sizeof(float), &err));
    OK(fer_exec_write(flow->exec, flow->grad_out[0], seeds, sizeof(seeds), &err));
    OK(fer_exec_run(flow->exec, flow->segment, &err));
    OK(fer_exec_run(flow->exec, flow->backward, &err));
    OK(fer_exec_read(flow->exec, flow->grad_in[0], out, COUNT * row * sizeof(float), &err));
    fer_flow_program_free(flow);
    return out;
}

START_TEST(activation_maps_inside_of_a_network_are_its_gradients)
{
    enum { PLACES = SIDE * SIDE, ROW = 18 * PLACES };
    static float features[COUNT * ROW], expected[PLACES];
    struct look look;
    open_look(&look, TWO_PARTS, _i);
    struct fer_view *with = open_view(&look, "classify", NULL, "low"),
                    *without = open_view(&look, "again", "low", NULL);
    const int cam = find_item(with, FER_VIEW_CAM), inner = find_item(without, FER_VIEW_INNER);
    OK(fer_view_run(without, look.pictures, COUNT, -1, &err));
    for (int n = 0; n < COUNT; n++)
        memcpy(features + (size_t)n * ROW, fer_view_map(without, inner, n).values, ROW * sizeof(float));
    for (int label = 0; label < 4; label++) {
        float *gradients = gradients_of_input(&look, features, ROW, label);
        double all = 0;
        OK(fer_view_run(with, look.pictures, COUNT, label, &err));
        for (int n = 0; n < COUNT; n++) {
            const struct fer_map map = fer_view_map(with, cam, n);
            fer_grad_cam(features + (size_t)n * ROW, gradients + (size_t)n * ROW, 18, PLACES, expected);
            for (int i = 0; i < PLACES; i++) {
                ck_assert_float_eq_tol(map.values[i], expected[i], 1e-5);
                all += (double)expected[i];
            }
        }
        ck_assert_msg(all > 0.01, "class %d: %g in all says little", label, all);
        free(gradients);
    }
    fer_view_close(with);
    fer_view_close(without);
    close_look(&look);
}
END_TEST

#define ROUTED                                                                                                         \
    "fer 1\nuse vision, path_selection\n"                                                                              \
    "net b(i) -> y { y = i | avgpool global | fc: linear 3 }\n"                                                        \
    "net x(i) -> y { y = i | c: conv2d 20 kernel=3 pad=1 | relu | avgpool global | linear 2 }\n"                       \
    "net y(i) -> y { y = i | c: conv2d 5 kernel=3 stride=2 | relu | linear 2 }\n"                                      \
    "net z(i) -> y { y = i | c: conv2d 3 kernel=5 | relu | linear 2 }\n"                                               \
    "predict chosen(image: f32[3,12,12]) -> probs, path { p = image | b | softmax\n"                                   \
    "  probs, path = p, image | route nets=[x, y, z] labels=[[0, 1], [2, 3], [4, 5]] }\n"                              \
    "predict every(image: f32[3,12,12]) -> probs, path { p = image | b | softmax\n"                                    \
    "  px = image | x | softmax\n  py = image | y | softmax\n  pz = image | z | softmax\n"                             \
    "  probs, path = p, px, py, pz | choose labels=[[0, 1], [2, 3], [4, 5]] }\n"

/* A picture goes to the net of its brightest channel. */
static void send_by_colour(const struct look *look)
{
    static const float same[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, none[3];
    for (int n = 0; n < look->description->nnets; n++)
        for (int w = 0; w < look->description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = look->description->nets[n]->weights[w];
            if (strcmp(weight->path, "b.fc.weight") == 0)
                OK(fer_store_write(look->store, weight, same, &err));
            else if (strcmp(weight->path, "b.fc.bias") == 0)
                OK(fer_store_write(look->store, weight, none, &err));
        }
}

/* What a value of the chosen net is for a picture: that of the block in which all nets run. */
START_TEST(values_of_the_chosen_net_belong_to_their_pictures)
{
    static const char *const paths[] = { "x.c", "y.c", "z.c" };
    struct look look;
    struct fer_view *every;
    struct fer_classifier classifier;
    int seen = 0;
    open_look(&look, ROUTED, _i);
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < 3 * SIDE * SIDE; i++)
            look.pictures[n * 3 * SIDE * SIDE + i] *= (float)((i / (SIDE * SIDE) + n) % 3);
    send_by_colour(&look);
    struct fer_view *chosen = open_view(&look, "chosen", "x.c,y.c,z.c", NULL);
    OK(fer_classifier_find(look.description, "every", "t.fer", &classifier, &err));
    OK(fer_view_open(look.context, look.description, look.store, &classifier,
                     (const char *const[]){ paths[0], paths[1], paths[2], NULL }, NULL, &every, &err));
    OK(fer_view_run(every, look.pictures, COUNT, -1, &err));
    OK(fer_view_run(chosen, look.pictures, COUNT, -1, &err));
    const int number = find_item(chosen, FER_VIEW_NUMBER), inner = find_item(chosen, FER_VIEW_INNER),
              first = find_item(every, FER_VIEW_INNER);
    for (int n = 0; n < COUNT; n++) {
        const char *net, *none;
        const int path = (int)fer_view_number(chosen, number, n, &net);
        const struct fer_map map = fer_view_map(chosen, inner, n), same = fer_view_map(every, first + path, n);
        ck_assert_int_eq(path, (int)fer_view_number(every, find_item(every, FER_VIEW_NUMBER), n, &none));
        ck_assert(net && strlen(net) == 1 && net[0] == "xyz"[path] && !none);
        ck_assert(map.values && map.channels == same.channels && map.height == same.height && map.width == same.width);
        ck_assert_mem_eq(map.values, same.values, (size_t)(map.channels * map.height * map.width) * sizeof(float));
        seen |= 1 << path;
    }
    ck_assert_int_eq(seen, 7);
    fer_view_close(chosen);
    fer_view_close(every);
    close_look(&look);
}
END_TEST

START_TEST(a_net_that_a_picture_does_not_come_through_has_nothing_to_show)
{
    struct look look;
    open_look(&look, ROUTED, 0);
    send_by_colour(&look);
    for (int n = 0; n < COUNT; n++)
        look.pictures[n * 3 * SIDE * SIDE + n % 3 * SIDE * SIDE] += 1000;
    struct fer_view *chosen = open_view(&look, "chosen", "x.c", NULL);
    for (int count = 1; count <= COUNT; count++) {
        OK(fer_view_run(chosen, look.pictures + (COUNT - count) * 3 * SIDE * SIDE, count, -1, &err));
        for (int n = 0; n < count; n++)
            ck_assert((fer_view_map(chosen, find_item(chosen, FER_VIEW_INNER), n).values != NULL) ==
                      ((COUNT - count + n) % 3 == 0));
    }
    fer_view_close(chosen);
    close_look(&look);
}
END_TEST

/* ---- what cannot be seen ---- */

static void refused(const struct look *look, const char *block, const char *show, const char *cam, const char *words)
{
    const char *const shows[] = { show, NULL }, *const cams[] = { cam, NULL };
    struct fer_classifier classifier;
    struct fer_view *view;
    struct fer_error why = FER_ERROR_INIT;
    OK(fer_classifier_find(look->description, block, "t.fer", &classifier, &err));
    ck_assert_int_ne(
        fer_view_open(look->context, look->description, look->store, &classifier, shows, cams, &view, &why), FER_OK);
    ck_assert_msg(strstr(why.text, words) != NULL, "'%s' is not in '%s'", words, why.text);
}

START_TEST(what_cannot_be_seen_is_said)
{
    struct look look;
    open_look(&look, ROUTED, 0);
    refused(&look, "every", "x.d", NULL, "did you mean 'x.c'");
    refused(&look, "every", "x", NULL, "no height and width");
    refused(&look, "every", "", NULL, "no operation under ''");
    refused(&look, "every", "x.c,", NULL, "no operation under ''");
    refused(&look, "every", NULL, "w", "no operation under 'w'");
    refused(&look, "chosen", NULL, "x.c", "runs only chosen nets");
    refused(&look, "chosen", NULL, "", "runs only chosen nets");
    close_look(&look);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, overlaps_are_counted);
    tcase_add_test(tcase, empty_and_full_masks_have_their_numbers);
    tcase_add_test(tcase, shares_of_a_map_are_sums);
    tcase_add_test(tcase, pictures_are_compared_by_squares);
    tcase_add_test(tcase, means_are_of_those_that_have_a_number);
    tcase_add_test(tcase, grad_cam_is_its_equation);
    tcase_add_test(tcase, maps_are_resized_between_centres);
    tcase_add_test(tcase, planes_become_one);
    tcase_add_test(tcase, strips_have_panels_side_by_side);
    tcase_add_loop_test(tcase, activation_maps_are_those_of_the_weights, 0, 2);
    tcase_add_loop_test(tcase, activation_maps_inside_of_a_network_are_its_gradients, 0, 2);
    tcase_add_loop_test(tcase, values_of_the_chosen_net_belong_to_their_pictures, 0, 2);
    tcase_add_test(tcase, a_net_that_a_picture_does_not_come_through_has_nothing_to_show);
    tcase_add_test(tcase, what_cannot_be_seen_is_said);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
