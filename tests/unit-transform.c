/* SPDX-License-Identifier: Apache-2.0
 *
 * The transforms of the plugin `data`: one picture after the other, on the host.
 */
#include <check.h>
#include <stdio.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(channels_and_sizes_are_as_asked_for)
{
    struct fer_pipeline *pipeline;
    int channels, height, width;
    struct fer_error err = FER_ERROR_INIT;

    make_faces();
    use_labels(seven, 7);
    yields("folder \"faces\" split=train | gray | resize 8", "0:30 3:10 3:20");
    pipeline = open_ok("folder \"faces\" | gray | resize [3, 5] mode=area | rgb", false);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->channels, 3);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->height, 3);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->width, 5);
    fer_pipeline_close(pipeline);
    fer_pipeline_extent(spec_of("folder \"none\" | resize 24 | gray", false, &err), &channels, &height, &width);
    ck_assert(channels == 1 && height == 24 && width == 24);
    fails("folder \"faces\" | resize [1, 2, 3]", "size is a side, as in 224, or [height, width]");
    fails("folder \"faces\" | resize 0", "outside");
}
END_TEST

/* A gradient, so that every pixel says where it comes from: gray 10 x + y. */
static void put_gradient(const char *name, int width, int height)
{
    struct fer_image image;

    make_folders(name);
    ck_assert_int_eq(fer_image_create(&image, width, height, 1, NULL), FER_OK);
    for (int i = 0; i < width * height; i++)
        image.pixels[i] = (uint8_t)(10 * (i % width) + i / width);
    ck_assert_int_eq(fer_image_write_png(&image, in_root(name), NULL), FER_OK);
    fer_image_free(&image);
}

START_TEST(boxes_are_cut_out)
{
    static const struct {
        const char *box, *call;
        int width, height, first, last; /* gray of the corners */
        float x0, y0;                   /* of the box afterwards */
    } cases[] = {
        { "4,2,8,6", "boxcrop margin=0", 4, 4, 42, 75, 0, 0 },
        { "4,2,8,4", "boxcrop margin=0", 4, 4, 41, 74, 0, 1 }, /* square about its centre */
        { "4,2,8,4", "boxcrop margin=0 square=no", 4, 2, 42, 73, 0, 0 },
        { "4,2,8,6", "boxcrop margin=0.25", 6, 6, 31, 86, 1, 1 },
        { "0,0,4,4", "boxcrop margin=0.5", 8, 8, 0, 55, 2, 2 }, /* over the edge: its pixels go on */
    };

    put_gradient("g.png", 12, 9);
    use_labels(seven, 7);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[96];
        struct fer_sample sample;

        put_text("b.csv", "path,label,x0,y0,x1,y1,lx0,ly0\ng.png,0,%s,5.5,3.5\n", cases[i].box);
        snprintf(text, sizeof(text), "manifest \"b.csv\" | %s | gray", cases[i].call);
        sample = sample_of(text, 0);
        ck_assert_int_eq(sample.image.width, cases[i].width);
        ck_assert_int_eq(sample.image.height, cases[i].height);
        ck_assert_int_eq(sample.image.pixels[0], cases[i].first);
        ck_assert_int_eq(sample.image.pixels[cases[i].width * cases[i].height - 1], cases[i].last);
        ck_assert_float_eq(sample.box[0], cases[i].x0);
        ck_assert_float_eq(sample.box[1], cases[i].y0);
        /* The landmark is where the pixel 5, 3 has gone. */
        ck_assert_int_eq(
            sample.image.pixels[(int)sample.landmark[0][1] * sample.image.width + (int)sample.landmark[0][0]], 53);
        fer_sample_free(&sample);
    }
    put_text("b.csv", "path,label,x0,y0,x1,y1\ng.png,0,4,4,4,6\n");
    fails("manifest \"b.csv\" | boxcrop", "boxcrop|empty or outside|12 x 9");
    put_text("b.csv", "path,label,x0,y0,x1,y1\ng.png,0,12,0,14,6\n");
    fails("manifest \"b.csv\" | boxcrop", "empty or outside");
    put_text("b.csv", "path,label,x0,y0,x1,y1\ng.png,0,0,0,20000,6\n");
    fails("manifest \"b.csv\" | boxcrop", "longer than 16384");
    put_text("b.csv", "path,label\ng.png,0\n");
    fails("manifest \"b.csv\" | boxcrop", "no face box|x0,y0,x1,y1");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("transform", setup, teardown);

    tcase_add_test(tests, channels_and_sizes_are_as_asked_for);
    tcase_add_test(tests, boxes_are_cut_out);
    return cases_run();
}
