/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and numbers of expressions, which data sets have each their own.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(names_of_expressions_have_forms)
{
    static const char *const own[] = { "Joy", "Anger", "normal" };

    put_picture("d/happiness/1.png", 1);
    put_picture("d/angry/2.png", 2);
    put_picture("d/Neutral/3.png", 3);
    use_labels(own, 3);
    yields("folder \"d\"", "2:3 1:2 0:1");
    put_picture("d/sad/4.png", 4);
    fails("folder \"d\"", "d/sad|no 'sad' (nor 'sadness')|others=drop");
    yields("folder \"d\" others=drop", "2:3 1:2 0:1");
    put_picture("d/hapy/5.png", 5);
    fails("folder \"d\" others=drop", "d/hapy"); /* what is no expression is a mistake */
}
END_TEST

/* The same seven numbers mean other expressions in every set: derived from the sets' own tables. */
START_TEST(numbers_of_expressions_are_those_of_a_set)
{
    static const struct {
        const char *numbers;
        int first;
        const char *order[8];
    } sets[] = {
        { "fer2013", 0, { "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", NULL } },
        { "ferplus", 0, { "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt" } },
        { "rafdb", 1, { "surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral", NULL } },
        { "affectnet", 0, { "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt" } },
        { "ckplus", 0, { "neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise" } },
        { "ckextended", 0, { "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt" } },
    };
    char csv[256] = "path,label\n", expected[128] = "", text[128];
    int count = 0;

    put_picture("a.png", 9);
    for (; count < 8 && sets[_i].order[count]; count++) {
        const size_t used = strlen(expected);
        int label = 0;

        snprintf(csv + strlen(csv), sizeof(csv) - strlen(csv), "a.png,%d\n", sets[_i].first + count);
        while (strcmp(eight[label], sets[_i].order[count]) != 0)
            label++;
        snprintf(expected + used, sizeof(expected) - used, "%s%d:9", used ? " " : "", label);
    }
    put_text("n.csv", "%s", csv);
    use_labels(eight, 8);
    snprintf(text, sizeof(text), "manifest \"n.csv\" numbers=%s", sets[_i].numbers);
    yields(text, expected);
    put_text("n.csv", "path,label\na.png,%d\n", sets[_i].first + count);
    fails(text, "n.csv, line 2|where");
    put_text("n.csv", "path,label\na.png,%d\n", sets[_i].first - 1);
    fails(text, "n.csv, line 2|where");
    put_text("n.csv", "path,label\na.png,surprise\n");
    yields(text, "2:9");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("expression", setup, teardown);

    tcase_add_test(tests, names_of_expressions_have_forms);
    tcase_add_loop_test(tests, numbers_of_expressions_are_those_of_a_set, 0, 6);
    return cases_run();
}
