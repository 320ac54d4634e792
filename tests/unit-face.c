/* SPDX-License-Identifier: Apache-2.0
 *
 * Faces that are rendered from codes: what turns, zooms and mirrors of a head do to its landmarks, what an expression
 * moves, and that pictures follow: mirrored ones, gray ones, noise, and the same under both profiles.
 */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../plugins/synthface/codes.h"

enum { SIZE = 64, FACES = 4, POINTS = 68, CODES = SYNTHFACE_CODE_COUNT, PIXELS = SIZE * SIZE };

/* What is rendered of FACES codes. */
struct faces {
    int channels;
    double code[FACES][CODES];
    double image[FACES][3 * PIXELS], mark[FACES][POINTS][2], box[FACES][4];
};

/* A face at rest, in the middle of each range. */
static void rest(double *code)
{
    static const struct {
        enum synthface_code code;
        double value;
    } values[] = {
        { SYNTHFACE_head_width, 0.75 },  { SYNTHFACE_jaw, 0.9 },          { SYNTHFACE_skin, 0.4 },
        { SYNTHFACE_eye_space, 0.36 },   { SYNTHFACE_eye_width, 0.15 },   { SYNTHFACE_eye_open, 0.075 },
        { SYNTHFACE_iris, 0.2 },         { SYNTHFACE_brow_thick, 0.035 }, { SYNTHFACE_brow_arch, 0.05 },
        { SYNTHFACE_nose_length, 0.35 }, { SYNTHFACE_nose_width, 0.14 },  { SYNTHFACE_mouth_width, 0.28 },
        { SYNTHFACE_mouth_height, 0.5 }, { SYNTHFACE_lip_upper, 0.05 },   { SYNTHFACE_lip_lower, 0.07 },
        { SYNTHFACE_zoom, 0.8 },         { SYNTHFACE_light_x, 0.4 },      { SYNTHFACE_light_y, -0.2 },
        { SYNTHFACE_ambient, 0.6 },      { SYNTHFACE_exposure, 0.9 },     { SYNTHFACE_background, 0.2 },
    };

    memset(code, 0, CODES * sizeof(*code));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        code[values[i].code] = values[i].value;
}

static void all_rest(struct faces *faces, int channels)
{
    faces->channels = channels;
    for (int n = 0; n < FACES; n++)
        rest(faces->code[n]);
}

static void render(struct faces *faces, enum fer_profile profile)
{
    char flow[128], inputs[32];
    const struct op_case c = {
        .flow = flow, .inputs = inputs, .outputs = 3, .flags = OP_NO_BACKWARD, .use = ", synthface"
    };
    struct op_device device = op_device_open(profile);
    struct op_program program;
    struct op_reference r;

    snprintf(flow, sizeof flow, "y, z, v = a | synthface_render size=%d channels=%d", SIZE, faces->channels);
    snprintf(inputs, sizeof inputs, "%d,%d", FACES, CODES);
    op_program_compile(&program, &c, &device, false);
    op_values_create(&program, FACES, &r);
    memcpy(r.in[0].v, faces->code, sizeof(faces->code));
    op_program_run(&program, FACES, &r);
    for (int n = 0; n < FACES; n++) {
        const size_t floats = (size_t)faces->channels * PIXELS;

        memcpy(faces->image[n], r.out[0].v + (size_t)n * floats, floats * sizeof(double));
    }
    memcpy(faces->mark, r.out[1].v, sizeof(faces->mark));
    memcpy(faces->box, r.out[2].v, sizeof(faces->box));
    op_values_free(&r);
    op_program_free(&program);
    op_device_close(&device);
}

/* From pixels to half pictures from the middle, as codes count. */
static double half(double pixels)
{
    return pixels / (SIZE / 2.0) - 1;
}

/* ---- landmarks ---- */

/* Turned in the picture, larger and moved: P goes to shift + zoom R(roll) P. */
START_TEST(heads_roll_and_move)
{
    static const double roll = 0.3, zoom = 0.6, x = 0.1, y = -0.2;
    static struct faces faces;

    all_rest(&faces, 1);
    for (int n = 0; n < 2; n++) {
        faces.code[n][SYNTHFACE_yaw] = 0.2;
        faces.code[n][SYNTHFACE_smile_left] = 0.7;
    }
    faces.code[0][SYNTHFACE_zoom] = 1;
    faces.code[1][SYNTHFACE_roll] = roll;
    faces.code[1][SYNTHFACE_zoom] = zoom;
    faces.code[1][SYNTHFACE_shift_x] = x;
    faces.code[1][SYNTHFACE_shift_y] = y;
    render(&faces, FER_PROFILE_CPU);
    for (int i = 0; i < POINTS; i++) {
        const double px = half(faces.mark[0][i][0]), py = half(faces.mark[0][i][1]);

        ck_assert_double_eq_tol(half(faces.mark[1][i][0]), x + zoom * (cos(roll) * px - sin(roll) * py), 1e-5);
        ck_assert_double_eq_tol(half(faces.mark[1][i][1]), y + zoom * (sin(roll) * px + cos(roll) * py), 1e-5);
    }
}
END_TEST

/* A point (x, y, z) turned by yaw is at x cos + z sin, and its depth z cos - x sin; then by pitch, y cos + depth sin.
 */
START_TEST(heads_turn_and_nod)
{
    static const double yaw = 0.35, pitch = 0.2;
    static struct faces faces;

    all_rest(&faces, 1);
    faces.code[1][SYNTHFACE_yaw] = yaw;
    faces.code[2][SYNTHFACE_yaw] = yaw;
    faces.code[2][SYNTHFACE_pitch] = pitch;
    for (int n = 0; n < 3; n++)
        faces.code[n][SYNTHFACE_zoom] = 1;
    render(&faces, FER_PROFILE_CPU);
    for (int i = 0; i < POINTS; i++) {
        const double x = half(faces.mark[0][i][0]), y = half(faces.mark[0][i][1]);
        const double z = (half(faces.mark[1][i][0]) - x * cos(yaw)) / sin(yaw);

        ck_assert(z > -0.5 && z < 1);
        ck_assert_double_eq_tol(half(faces.mark[1][i][1]), y, 1e-5);
        ck_assert_double_eq_tol(half(faces.mark[2][i][0]), half(faces.mark[1][i][0]), 1e-5);
        ck_assert_double_eq_tol(half(faces.mark[2][i][1]), y * cos(pitch) + (z * cos(yaw) - x * sin(yaw)) * sin(pitch),
                                1e-5);
    }
    /* the tip of the nose is what stands out */
    ck_assert_double_gt(half(faces.mark[1][30][0]), half(faces.mark[1][27][0]));
    ck_assert_double_gt(half(faces.mark[1][33][0]), half(faces.mark[1][8][0]));
}
END_TEST

/* Landmarks of a mirrored face: iBUG's pairs. */
static int mirrored(int i)
{
    static const int runs[][3] = { /* from, to, sum of a pair */
                                   { 0, 16, 16 },   { 17, 26, 43 },  { 27, 30, 0 },   { 31, 35, 66 },
                                   { 36, 39, 81 },  { 40, 41, 87 },  { 42, 45, 81 },  { 46, 47, 87 },
                                   { 48, 54, 102 }, { 55, 59, 114 }, { 60, 64, 124 }, { 65, 67, 132 }
    };

    for (size_t k = 0; k < sizeof(runs) / sizeof(runs[0]); k++)
        if (i >= runs[k][0] && i <= runs[k][1])
            return runs[k][2] ? runs[k][2] - i : i;
    return -1;
}

/* What has a side, and the opposite. */
static void make_pair(double *one, double *other)
{
    static const enum synthface_code opposites[] = { SYNTHFACE_yaw, SYNTHFACE_roll, SYNTHFACE_shift_x,
                                                     SYNTHFACE_light_x, SYNTHFACE_gaze_x };

    one[SYNTHFACE_smile_left] = other[SYNTHFACE_smile_right] = 0.9;
    one[SYNTHFACE_smile_right] = other[SYNTHFACE_smile_left] = 0.1;
    for (size_t i = 0; i < sizeof(opposites) / sizeof(opposites[0]); i++) {
        one[opposites[i]] = i < 3 ? 0.1 : 0.5;
        other[opposites[i]] = -one[opposites[i]];
    }
    for (int k = 0; k < 2; k++) {
        double *code = k ? other : one;

        code[SYNTHFACE_inner_brow] = 0.5;
        code[SYNTHFACE_jaw_drop] = 0.3;
        code[SYNTHFACE_eye_tilt] = 0.02;
        code[SYNTHFACE_pitch] = 0.1;
        code[SYNTHFACE_lid_tight] = 0.9; /* crow's feet */
        code[SYNTHFACE_age] = 0.8;
    }
}

/* Both landmarks and, inside of the face, pixels.  What is outside is no mirror's: the background has spots. */
START_TEST(mirrored_codes_make_mirrored_faces)
{
    static struct faces faces;
    double sum = 0, moved = 0;
    int count = 0;

    all_rest(&faces, 3);
    make_pair(faces.code[0], faces.code[1]);
    render(&faces, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (int i = 0; i < POINTS; i++) {
        ck_assert_double_eq_tol(faces.mark[1][mirrored(i)][0], SIZE - faces.mark[0][i][0], 1e-3);
        ck_assert_double_eq_tol(faces.mark[1][mirrored(i)][1], faces.mark[0][i][1], 1e-3);
    }
    for (int k = 0; k < 4; k++)
        ck_assert_double_eq_tol(faces.box[1][k], k % 2 ? faces.box[0][k] : SIZE - faces.box[0][2 - k], 1e-3);
    const double left = faces.mark[0][2][0] + 2, right = faces.mark[0][14][0] - 2;
    for (int i = 0; i < PIXELS; i++) {
        const int x = i % SIZE, y = i / SIZE;

        if (x < left || x > right || y < faces.mark[0][19][1] || y > faces.mark[0][57][1])
            continue;
        for (int c = 0; c < 3; c++) {
            const double here = faces.image[0][c * PIXELS + i];

            sum += fabs(here - faces.image[1][c * PIXELS + y * SIZE + SIZE - 1 - x]);
            moved += fabs(here - faces.image[1][c * PIXELS + y * SIZE + SIZE - 2 - x]);
            count++;
        }
    }
    ck_assert_int_gt(count, 1000);
    ck_assert_msg(sum / count < 2e-3, "pixels differ by %g", sum / count);
    ck_assert_double_gt(moved / count, 5e-3); /* one pixel beside it they would */
}
END_TEST

/* The mouth opens with the jaw, and the chin sinks; a smile lifts its own corner. */
START_TEST(expressions_move_what_they_are_of)
{
    static struct faces faces;
    const double unit = 0.8 * SIZE / 2; /* a head unit in pixels */

    all_rest(&faces, 1);
    faces.code[1][SYNTHFACE_jaw_drop] = 1;
    faces.code[2][SYNTHFACE_smile_right] = 1;
    faces.code[3][SYNTHFACE_brow_lower] = 1;
    render(&faces, FER_PROFILE_CPU);
#define MOVED(n, i, axis) (faces.mark[n][i][axis] - faces.mark[0][i][axis])
    ck_assert_double_lt(faces.mark[0][66][1] - faces.mark[0][62][1], 0.02 * unit);
    ck_assert_double_gt(faces.mark[1][66][1] - faces.mark[1][62][1], 0.3 * unit);
    ck_assert_double_gt(MOVED(1, 8, 1), 0.1 * unit);
    ck_assert_double_lt(MOVED(2, 54, 1), MOVED(2, 48, 1) - 0.1 * unit);
    ck_assert_double_gt(MOVED(2, 54, 0), 0.02 * unit);
    for (int i = 17; i < 27; i++)
        ck_assert_double_gt(MOVED(3, i, 1), 0);
    for (int i = 0; i < POINTS; i++) { /* eyes and nose stay */
        if (i >= 27 && i < 48)
            ck_assert_double_lt(fabs(MOVED(1, i, 1)), 0.02 * unit);
        /* in the order of the scheme: along the jaw to the right, eyes above the nose above the mouth */
        if (i > 0 && i < 17)
            ck_assert_double_gt(faces.mark[0][i][0], faces.mark[0][i - 1][0]);
        if (i >= 48)
            ck_assert_double_gt(faces.mark[0][i][1], faces.mark[0][33][1]);
    }
    ck_assert_double_lt(faces.mark[0][48][0], faces.mark[0][51][0]);
    ck_assert_double_gt(faces.mark[0][54][0], faces.mark[0][51][0]);
    ck_assert_double_eq_tol(faces.mark[0][60][1], faces.mark[0][48][1], 0.05 * unit);
}
END_TEST

/* The box holds the outline: the jaw's end is its lower edge, the ears' its sides; it is cut at the picture. */
START_TEST(boxes_hold_the_outline)
{
    static struct faces faces;

    all_rest(&faces, 1);
    faces.code[1][SYNTHFACE_zoom] = 1.3;
    faces.code[2][SYNTHFACE_shift_x] = -0.8;
    faces.code[3][SYNTHFACE_roll] = 0.4;
    render(&faces, FER_PROFILE_CPU);
    for (int n = 0; n < FACES; n++) {
        double low[2] = { SIZE, SIZE }, high[2] = { 0, 0 };

        for (int i = 0; i < 17; i++)
            for (int k = 0; k < 2; k++) {
                low[k] = fmin(low[k], faces.mark[n][i][k]);
                high[k] = fmax(high[k], faces.mark[n][i][k]);
            }
        for (int k = 0; k < 2; k++) {
            ck_assert_double_le(faces.box[n][k], fmax(low[k], 0) + 1e-3);
            ck_assert_double_ge(faces.box[n][2 + k], fmin(high[k], SIZE) - 1e-3);
            ck_assert(faces.box[n][k] >= 0 && faces.box[n][2 + k] <= SIZE);
        }
        if (n < 3) /* upright: the chin is the lowest, and above the brows is a forehead */
            ck_assert_double_eq_tol(faces.box[n][3], fmin(high[1], SIZE), 1e-3);
        ck_assert_double_lt(faces.box[n][1], fmax(faces.mark[n][19][1] - 3, 1e-3));
        ck_assert_double_lt(faces.box[n][2] - faces.box[n][0], 1.3 * (high[0] - low[0]));
    }
    ck_assert_double_eq(faces.box[1][3], SIZE);
    ck_assert_double_eq(faces.box[2][0], 0);
}
END_TEST

/* ---- pictures ---- */

/* A work-item paints eight pixels, or one. */
START_TEST(profiles_paint_alike)
{
    static struct faces cpu, gpu;
    double most = 0;

    all_rest(&cpu, 3);
    make_pair(cpu.code[0], cpu.code[1]);
    for (int n = 0; n < FACES; n++) {
        cpu.code[n][SYNTHFACE_hair_style] = n + 1;
        cpu.code[n][SYNTHFACE_noise] = 0.03;
        cpu.code[n][SYNTHFACE_noise_seed] = 17 + n;
        cpu.code[n][SYNTHFACE_glasses] = n % 3;
        cpu.code[n][SYNTHFACE_beard] = n % 2;
        cpu.code[n][SYNTHFACE_age] = 0.5;
        cpu.code[n][SYNTHFACE_lid_tight] = 0.8;
    }
    gpu = cpu;
    render(&cpu, FER_PROFILE_CPU);
    render(&gpu, FER_PROFILE_GPU);
    for (int n = 0; n < FACES; n++)
        for (int i = 0; i < 3 * PIXELS; i++)
            most = fmax(most, fabs(cpu.image[n][i] - gpu.image[n][i]));
    ck_assert_msg(most < 1e-3, "they differ by %g", most);
}
END_TEST

/* ITU-R 601, where nothing is cut off. */
START_TEST(gray_is_luma)
{
    static struct faces gray, rgb;

    all_rest(&gray, 1);
    gray.code[1][SYNTHFACE_hair_style] = 3;
    gray.code[1][SYNTHFACE_hair_tone] = 0.7;
    rgb = gray;
    rgb.channels = 3;
    render(&gray, FER_PROFILE_CPU);
    render(&rgb, FER_PROFILE_CPU);
    for (int n = 0; n < FACES; n++)
        for (int i = 0; i < PIXELS; i++) {
            const double *p = rgb.image[n] + i;

            if (p[0] < 1 && p[PIXELS] < 1 && p[2 * PIXELS] < 1)
                ck_assert_double_eq_tol(gray.image[n][i], 0.299 * p[0] + 0.587 * p[PIXELS] + 0.114 * p[2 * PIXELS],
                                        1e-5);
        }
}
END_TEST

/* Its deviation is what the code says, its mean 0, and neighbours have nothing to do with each other. */
START_TEST(noise_is_each_pixels_own)
{
    static struct faces faces;
    double mean = 0, square = 0, product = 0;
    int count = 0;

    all_rest(&faces, 1);
    faces.code[0][SYNTHFACE_background] = faces.code[1][SYNTHFACE_background] = 0.5;
    faces.code[1][SYNTHFACE_noise] = 0.05;
    faces.code[1][SYNTHFACE_noise_seed] = 99;
    render(&faces, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (int i = 0; i + 1 < PIXELS; i++) {
        double noise[2];

        if (fmin(faces.image[0][i], faces.image[0][i + 1]) < 0.2 ||
            fmax(faces.image[0][i], faces.image[0][i + 1]) > 0.8) /* where nothing is cut off */
            continue;
        for (int k = 0; k < 2; k++)
            noise[k] = faces.image[1][i + k] - faces.image[0][i + k];
        mean += noise[0];
        square += noise[0] * noise[0];
        product += noise[0] * noise[1];
        count++;
    }
    ck_assert_int_gt(count, 1000);
    ck_assert_double_lt(fabs(mean / count), 5 * 0.05 / sqrt(count));
    ck_assert_double_eq_tol(sqrt(square / count), 0.05, 0.005);
    ck_assert_double_lt(fabs(product / square), 5 / sqrt(count));
}
END_TEST

/* The face is painted where its outline is: beside it there is another tone. */
START_TEST(skin_ends_at_the_outline)
{
    static struct faces faces;

    all_rest(&faces, 1);
    for (int n = 0; n < FACES; n++) {
        faces.code[n][SYNTHFACE_zoom] = 0.5;
        faces.code[n][SYNTHFACE_light_x] = 0;
        faces.code[n][SYNTHFACE_skin] = n % 2 ? 0.9 : 0.1;
        faces.code[n][SYNTHFACE_background] = n % 2 ? 0.9 : 0.1;
    }
    render(&faces, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (int n = 0; n < FACES; n++) {
        const int y = (int)faces.mark[n][3][1], left = (int)faces.mark[n][3][0], right = (int)faces.mark[n][13][0];
        const double *row = faces.image[n] + y * SIZE, skin = row[(left + right) / 2];

        for (int x = 0; x < left - 4; x++) /* dark beside light, or the other way about */
            ck_assert_msg(n % 2 ? row[x] > skin : row[x] < skin, "face %d: %g at %d, where skin is %g", n, row[x], x,
                          skin);
        for (int x = right + 5; x < SIZE; x++)
            ck_assert_msg(n % 2 ? row[x] > skin : row[x] < skin, "face %d: %g at %d, where skin is %g", n, row[x], x,
                          skin);
        ck_assert_double_eq_tol(row[left + 4], row[right - 4], 0.2);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, heads_roll_and_move);
    tcase_add_test(tcase, heads_turn_and_nod);
    tcase_add_loop_test(tcase, mirrored_codes_make_mirrored_faces, 0, 2);
    tcase_add_test(tcase, expressions_move_what_they_are_of);
    tcase_add_test(tcase, boxes_hold_the_outline);
    tcase_add_test(tcase, profiles_paint_alike);
    tcase_add_test(tcase, gray_is_luma);
    tcase_add_loop_test(tcase, noise_is_each_pixels_own, 0, 2);
    tcase_add_loop_test(tcase, skin_ends_at_the_outline, 0, 2);
}

int main(void)
{
    return op_main("face", NULL, 0, add_tests);
}
