/* SPDX-License-Identifier: Apache-2.0
 *
 * The detector haar on the cascade of haar-cascade.h, in both formats and under both profiles, against plain loops.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "haar-cascade.h"
#include "haar-plain.h"
#include "haar-trial.h"
#include "needs.h"

static int by_place(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct rectangle));
}

static float area_of(const struct fer_box *box)
{
    return (box->x1 - box->x0) * (box->y1 - box->y0);
}

/* What a finder finds in the picture, sorted. */
static int found(struct fer_finder *finder, const struct fer_image *image, struct rectangle *out)
{
    struct fer_box *boxes;
    int count;
    ck_assert_msg(fer_finder_run(finder, image, &boxes, &count, &err) == FER_OK, "%s", err.text);
    ck_assert_int_le(count, MOST);
    for (int i = 0; i < count; i++) {
        const struct fer_box *b = &boxes[i];
        out[i] = (struct rectangle){ (int)b->x0, (int)b->y0, (int)(b->x1 - b->x0), (int)(b->y1 - b->y0) };
        if (i > 0) /* the largest comes first */
            ck_assert_float_ge(area_of(&boxes[i - 1]), area_of(b));
    }
    qsort(out, (size_t)count, sizeof(*out), by_place);
    free(boxes);
    return count;
}

/* Windows end with the picture; sorted. */
static void clip(struct rectangle *r, int count, const struct fer_image *image)
{
    for (int i = 0; i < count; i++) {
        r[i].w = (r[i].x + r[i].w < image->width ? r[i].x + r[i].w : image->width) - r[i].x;
        r[i].h = (r[i].y + r[i].h < image->height ? r[i].y + r[i].h : image->height) - r[i].y;
    }
    qsort(r, (size_t)count, sizeof(*r), by_place);
}

static void check_same(const struct rectangle *ours, int nours, const struct rectangle *theirs, int ntheirs)
{
    ck_assert_int_eq(nours, ntheirs);
    for (int i = 0; i < nours; i++)
        ck_assert_msg(by_place(&ours[i], &theirs[i]) == 0, "%d,%d %dx%d and not %d,%d %dx%d", ours[i].x, ours[i].y,
                      ours[i].w, ours[i].h, theirs[i].x, theirs[i].y, theirs[i].w, theirs[i].h);
}

/* `arguments` find these windows, which plain loops have found. */
static void finds(const char *const *arguments, const struct fer_image *image, struct rectangle *theirs, int count)
{
    struct rectangle *ours = calloc(MOST, sizeof(*ours));
    struct fer_finder *finder;
    ck_assert_msg(open_finder(arguments, &finder) == FER_OK, "%s", err.text);
    clip(theirs, count, image);
    check_same(ours, found(finder, image, ours), theirs, count);
    fer_finder_close(finder);
    free(ours);
}

static const char *const profiles[] = { "cpu", "gpu" };
static const struct {
    const char *text;
    size_t size;
} formats[] = { { new_format, sizeof(new_format) - 1 },
                { old_format, sizeof(old_format) - 1 },
                { tree_format, sizeof(tree_format) - 1 } };

START_TEST(windows_are_those_of_plain_loops)
{
    const char *const all[] = { "min_neighbors=0", NULL };
    struct fer_image picture = make_picture(67, 45, 7);
    struct rectangle *theirs = calloc(MOST, sizeof(*theirs));
    const int count = windows_of(&picture, 1.1, 0, 0, theirs);
    ck_assert_int_gt(count, 50);
    haar_open(profiles[_i % 2]);
    write_cascade(formats[_i / 2].text, formats[_i / 2].size);
    finds(all, &picture, theirs, count);
    free(theirs);
    fer_image_free(&picture);
}
END_TEST

START_TEST(sizes_and_groups_are_those_of_plain_loops)
{
    const char *const some[] = { "scale_factor=1.3", "min_size=11", "max_size=24", "min_neighbors=0", NULL };
    const char *const grouped[] = { "min_neighbors=2", NULL };
    struct fer_image picture = make_picture(93, 71, 99);
    struct rectangle *theirs = calloc(MOST, sizeof(*theirs));
    int count = windows_of(&picture, 1.3, 11, 24, theirs);
    haar_open("cpu");
    write_cascade(new_format, sizeof(new_format) - 1);
    ck_assert_int_gt(count, 10);
    finds(some, &picture, theirs, count);
    count = group(theirs, windows_of(&picture, 1.1, 0, 0, theirs), 2);
    ck_assert_int_gt(count, 0);
    finds(grouped, &picture, theirs, count);
    free(theirs);
    fer_image_free(&picture);
}
END_TEST

/* One finder for pictures of several canvases, one after the other and again; one that is smaller than the window. */
START_TEST(canvases_come_and_go)
{
    static const int sizes[][2] = { { 40, 30 },  { 300, 20 }, { 20, 300 }, { 270, 280 },
                                    { 600, 12 }, { 12, 600 }, { 40, 30 },  { 7, 7 } };
    const char *const arguments[] = { "min_neighbors=0", "max_size=8", NULL };
    struct fer_finder *finder;
    struct rectangle *ours = calloc(MOST, sizeof(*ours)), *theirs = calloc(MOST, sizeof(*theirs));
    haar_open("cpu");
    write_cascade(old_format, sizeof(old_format) - 1);
    ck_assert_msg(open_finder(arguments, &finder) == FER_OK, "%s", err.text);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct fer_image picture = make_picture(sizes[i][0], sizes[i][1], (uint32_t)i * 17 + 3);
        const int count = windows_of(&picture, 1.1, 0, 8, theirs);
        ck_assert_int_eq(count > 0, sizes[i][0] > 7);
        clip(theirs, count, &picture);
        check_same(ours, found(finder, &picture, ours), theirs, count);
        fer_image_free(&picture);
    }
    fer_finder_close(finder);
    free(ours);
    free(theirs);
}
END_TEST

int main(void)
{
    static const char *const needed[] = { "haar", NULL };
    TCase *tests;

    if (!needs_plugins(needed))
        return SKIPPED;
    tests = cases_begin("haar", haar_set_up, haar_take_down);
    tcase_add_loop_test(tests, windows_are_those_of_plain_loops, 0, 6);
    tcase_add_test(tests, sizes_and_groups_are_those_of_plain_loops);
    tcase_add_test(tests, canvases_come_and_go);
    return cases_run();
}
