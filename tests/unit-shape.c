/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes and sizes.
 */
#include "cases.h"
#include "toy.h"

static struct fer_tensor make_tensor(enum fer_layout layout, int n, int c, int h, int w)
{
    struct fer_tensor tensor = { .shape = { .rank = 4, .dim = { n, c, h, w }, .batch = 1 }, .layout = layout };

    return tensor;
}

START_TEST(shapes_are_counted)
{
    const struct fer_shape shape = { .rank = 4, .dim = { 8, 3, 5, 7 }, .batch = 1 }, scalar = { .rank = 0 };
    const struct fer_shape vast = { .rank = 5, .dim = { 1 << 30, 1 << 30, 1 << 30, 1, 1 } };
    const struct fer_shape hollow = { .rank = 3, .dim = { 1 << 30, 0, 1 << 30 } };

    ck_assert_uint_eq(fer_shape_count(&shape), 840);
    ck_assert_uint_eq(fer_shape_row(&shape), 105);
    ck_assert_uint_eq(fer_shape_count(&scalar), 1);
    ck_assert_uint_eq(fer_shape_count(&vast), SIZE_MAX);
    ck_assert_uint_eq(fer_shape_count(&hollow), 0);
}
END_TEST

START_TEST(shapes_have_texts)
{
    const struct fer_shape image = { .rank = 4, .dim = { 8, 3, 5, 7 }, .batch = 1 };
    const struct fer_shape crops = { .rank = 2, .dim = { 80, 4 }, .batch = 10 };
    const struct fer_shape weight = { .rank = 3, .dim = { 64, 7, 7 } }, scalar = { .rank = 0 };
    char text[64], small[6];

    ck_assert_str_eq(fer_shape_text(&image, text, sizeof(text)), "N x 3 x 5 x 7");
    ck_assert_str_eq(fer_shape_text(&crops, text, sizeof(text)), "10N x 4");
    ck_assert_str_eq(fer_shape_text(&weight, text, sizeof(text)), "64 x 7 x 7");
    ck_assert_str_eq(fer_shape_text(&scalar, text, sizeof(text)), "scalar");
    ck_assert_str_eq(fer_shape_text(&weight, small, sizeof(small)), "64 x ");
}
END_TEST

START_TEST(shapes_are_made_with_a_batch)
{
    const struct fer_shape crops = { .dtype = FER_U8, .rank = 2, .dim = { 80, 4 }, .batch = 10 };
    struct fer_shape made = fer_shape_make(&crops, 3, (const int[]){ 2, 3, 4 }), other;

    ck_assert_int_eq(made.dtype, FER_F32);
    ck_assert_int_eq(made.rank, 4);
    ck_assert_int_eq(made.dim[0], 80);
    ck_assert_int_eq(made.dim[3], 4);
    ck_assert_int_eq(made.batch, 10);
    other = made;
    ck_assert(fer_shape_equal(&made, &other));
    other.dim[2]++;
    ck_assert(!fer_shape_equal(&made, &other));
    made = fer_shape_make(NULL, 2, (const int[]){ 5, 6 });
    ck_assert_int_eq(made.rank, 2);
    ck_assert_int_eq(made.batch, 0);
    made = fer_shape_make(&crops, 5, (const int[]){ 1, 1, 1, 1, 1 });
    ck_assert_uint_eq(fer_shape_count(&made), 0);
}
END_TEST

START_TEST(blocked_tensors_are_padded)
{
    struct fer_tensor plain = make_tensor(FER_LAYOUT_PLAIN, 2, 17, 3, 5);
    struct fer_tensor blocked = make_tensor(FER_LAYOUT_BLOCKED, 2, 17, 3, 5);

    ck_assert_uint_eq(fer_tensor_size(&plain), 2 * 17 * 15);
    ck_assert_uint_eq(fer_tensor_size(&blocked), 2 * 32 * 15);
    ck_assert_uint_eq(fer_tensor_bytes(&blocked), 4 * 2 * 32 * 15);
    plain.shape.dtype = FER_U8;
    ck_assert_uint_eq(fer_tensor_bytes(&plain), 2 * 17 * 15);
}
END_TEST

START_TEST(extents_scale_with_the_batch)
{
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 100 }, 7), 100);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 100, .divide = 16 }, 7), 7);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 5, .divide = 4, .batch = 10 }, 3), 38);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 5, .batch = 1 }, 0), 0);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = SIZE_MAX / 2, .batch = 3 }, 1), SIZE_MAX);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("shape", NULL, NULL);

    tcase_add_test(tests, shapes_are_counted);
    tcase_add_test(tests, shapes_have_texts);
    tcase_add_test(tests, shapes_are_made_with_a_batch);
    tcase_add_test(tests, blocked_tensors_are_padded);
    tcase_add_test(tests, extents_scale_with_the_batch);
    return cases_run();
}
