/* SPDX-License-Identifier: Apache-2.0
 *
 * What the core knows of detectors, without one.
 */
#include <fer/detect.h>

#include "cases.h"
#include "graph/registry.h"
#include "noise.h"

START_TEST(crops_have_margins_within_the_picture)
{
    struct fer_image picture = noise(40, 30, 1), out;
    const struct fer_box box = { .x0 = 10, .y0 = 4, .x1 = 30, .y1 = 14 },
                         outside = { .x0 = 50, .y0 = 4, .x1 = 60, .y1 = 9 };
    struct fer_error err = FER_ERROR_INIT;
    ck_assert_int_eq(fer_box_crop(&out, &picture, &box, 0.5, &err), FER_OK); /* 0,-1 … 40,19 */
    ck_assert_int_eq(out.width, 40);
    ck_assert_int_eq(out.height, 19);
    ck_assert_mem_eq(out.pixels, picture.pixels, 40 * 19);
    fer_image_free(&out);
    ck_assert_int_eq(fer_box_crop(&out, &picture, &box, 0, &err), FER_OK);
    ck_assert_int_eq(out.width, 20);
    ck_assert_int_eq(out.height, 10);
    for (int y = 0; y < 10; y++)
        ck_assert_mem_eq(out.pixels + 20 * y, picture.pixels + 40 * (y + 4) + 10, 20);
    fer_image_free(&out);
    ck_assert_int_eq(fer_box_crop(&out, &picture, &outside, 0, &err), FER_EINVAL);
    fer_image_free(&picture);
}
END_TEST

/* A plugin from before there were detectors: what lies behind its table is not looked at. */
START_TEST(plugins_older_than_detectors_still_load)
{
    static const struct fer_sampler sampler = { .size = sizeof(sampler), .name = "none", .help = "nothing" };
    static const struct fer_sampler *const samplers[] = { &sampler, NULL };
    struct fer_plugin plugin = { .magic = FER_PLUGIN_MAGIC,
                                 .abi = FER_PLUGIN_ABI,
                                 .size = FER_PLUGIN_LEAST,
                                 .name = "old",
                                 .version = "1",
                                 .license = "x",
                                 .samplers = samplers,
                                 .detectors = (const struct fer_detector *const *)(uintptr_t)1 };
    struct fer_error err = FER_ERROR_INIT;
    ck_assert_msg(fer_plugin_check(&plugin, "old", &err) == FER_OK, "%s", err.text);
    plugin.size--;
    ck_assert_int_eq(fer_plugin_check(&plugin, "old", &err), FER_EPLUGIN);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("detect", NULL, NULL);

    tcase_add_test(tests, crops_have_margins_within_the_picture);
    tcase_add_test(tests, plugins_older_than_detectors_still_load);
    return cases_run();
}
