/* SPDX-License-Identifier: Apache-2.0
 *
 * Cascades that are wrong or cut are refused, and those of Debian are read.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "haar-cascade.h"
#include "haar-trial.h"
#include "needs.h"

/* A piece of a cascade replaced, and what is said about it. */
static const struct {
    const char *text, *old, *new, *says;
} wrong[] = {
    { new_format, "HAAR", "LBP", "only cascades with <featureType>HAAR</featureType>" },
    { new_format, "<width>8", "<width>100000", "<width> should be a whole number from 4 to 512" },
    { new_format, "0 1 1 0.01", "0 0 7 0.01", "there is no feature 7; there are 3" },
    { new_format, "-1 -2 2 -0.02", "-1 1 2 -0.02", "leads to -1 and 1" }, /* a circle */
    { new_format, "-1 -2 2 -0.02", "-1 -3 2 -0.02", "leads to -1 and -3" },
    { new_format, "-1 -2 2 -0.02", "-1 -2 2", "four numbers a node" },
    { new_format, "0 4 8 4 2.", "0 4 8 5 2.", "a rectangle lies outside of the window of 8 x 8" },
    { new_format, "4 0 2 4 2.", "3 0 2 4 2.", "a rectangle lies outside" }, /* tilted */
    { new_format, "4 0 2 4 2.", "4 0 2 4 1e999", "four whole numbers and a weight" },
    { new_format, "<stageThreshold>0.45<", "<stageThreshold>nan<", "<stageThreshold> should be a number" },
    { new_format, "<!--", "<!DOCTYPE x [", "document types" },
    { new_format, "0.9</leafValues>", "0.9</leafvalues>", "an element ends that did not begin" },
    { new_format, "</opencv_storage>", "", "is it complete?" },
    { new_format, "0.9", "&nine;", "'&'" },
    { new_format, "opencv_storage>", "other_storage>", "an element ends" },
    { old_format, "<right_node>1", "<right_node>0", "<right_node> should be a whole number from 1 to 1" },
    { old_format, "<size>8 8", "<size>8", "<size> should be" },
    { old_format, "<parent>0", "<parent>1", "<parent> should be a whole number from -1 to 0" },
    { tree_format, "<next>2", "<next>3", "none of its siblings" },
    { old_format, "opencv-haar-classifier", "opencv-cat-classifier", "type_id should be" },
};

START_TEST(wrong_files_are_refused)
{
    char *text = calloc(1, 2 * sizeof(tree_format) + sizeof(new_format));
    const char *at = strstr(wrong[_i].text, wrong[_i].old);
    struct fer_finder *finder;
    ck_assert_ptr_nonnull(at);
    memcpy(text, wrong[_i].text, (size_t)(at - wrong[_i].text));
    strcat(text, wrong[_i].new);
    strcat(text, at + strlen(wrong[_i].old));
    haar_open("cpu");
    write_cascade(text, strlen(text));
    ck_assert_int_ne(open_finder(NULL, &finder), FER_OK);
    ck_assert_msg(strstr(err.text, wrong[_i].says) && strstr(err.text, path), "'%s' says '%s'", wrong[_i].new,
                  err.text);
    free(text);
}
END_TEST

/* Whatever is cut off, nothing is read past the end. */
START_TEST(cut_files_are_refused)
{
    struct fer_finder *finder;
    haar_open("cpu");
    for (size_t size = 0; size < sizeof(old_format) - 2; size += 37) {
        write_cascade(old_format, size);
        ck_assert_int_ne(open_finder(NULL, &finder), FER_OK);
        ck_assert_msg(strstr(err.text, path) != NULL, "of %zu bytes: %s", size, err.text);
    }
    write_cascade(old_format, sizeof(old_format) - 1);
    ck_assert_int_eq(open_finder(NULL, &finder), FER_OK);
    fer_finder_close(finder);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    static const struct {
        const char *detector, *argument, *says;
    } bad[] = {
        { "haar", "cascade=/nowhere/face.xml", "opencv-data" },
        { "haar", "scale_factor=1", "outside [1.01, 10]" },
        { "haar", "min_neighbor=3", "did you mean 'min_neighbors'?" },
        { "haar", "min_neighbors", "should be name=value" },
        { "haar", "min_neighbors=three", "expects a whole number" },
        { "harr", NULL, "did you mean 'haar'?" },
        { "conv2d", NULL, "is an operation, not a detector" },
    };
    haar_open("cpu");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *const arguments[] = { bad[i].argument, NULL };
        struct fer_finder *finder;
        ck_assert_int_ne(fer_finder_open(context, bad[i].detector, arguments, &finder, &err), FER_OK);
        ck_assert_msg(strstr(err.text, bad[i].says), "%s", err.text);
    }
}
END_TEST

/* Those of Debian's opencv-data, where it is installed, can all be read. */
static const char debian[] = "/usr/share/opencv4/haarcascades/*.xml";

START_TEST(installed_cascades_are_read)
{
    glob_t files = { 0 };
    haar_open("cpu");
    ck_assert_int_eq(glob(debian, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char cascade[512];
        const char *const arguments[] = { cascade, NULL };
        struct fer_finder *finder;
        snprintf(cascade, sizeof(cascade), "cascade=%s", files.gl_pathv[i]);
        ck_assert_msg(fer_finder_open(context, "haar", arguments, &finder, &err) == FER_OK, "%s", err.text);
        fer_finder_close(finder);
    }
    globfree(&files);
}
END_TEST

int main(void)
{
    static const char *const needed[] = { "haar", "vision", NULL };
    glob_t files = { 0 };
    TCase *tests;

    if (!needs_plugins(needed))
        return SKIPPED;
    tests = cases_begin("file", haar_set_up, haar_take_down);
    tcase_add_loop_test(tests, wrong_files_are_refused, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
    tcase_add_test(tests, cut_files_are_refused);
    tcase_add_test(tests, wrong_arguments_are_refused);
    if (glob(debian, 0, NULL, &files) == 0)
        tcase_add_test(tests, installed_cascades_are_read);
    else
        printf("skipped: installed_cascades_are_read, for there is no %s\n", debian);
    globfree(&files);
    return cases_run();
}
