/* SPDX-License-Identifier: Apache-2.0
 *
 * What samplers draw by chance: every choice as often as it should be, within five standard deviations, and others with
 * another seed.
 */
#include <fer/host.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "reader-trial.h"

enum { COUNT = 40, OWN = 10, DRAWS = 18000 };

static struct fer_error err;

/* ten of class 0 first, the others of 1, 2 and 3 in turn */
static void make_labels(int *label)
{
    for (int i = 0; i < COUNT; i++)
        label[i] = i < OWN ? 0 : 1 + i % 3;
}

static const struct fer_pipeline_item *sampler(const char *call)
{
    char text[96];
    struct fer_pipeline_spec *spec;

    snprintf(text, sizeof(text), "noise classes=4 | %s", call);
    spec = spec_of(text, true, &err);
    ck_assert_msg(spec && spec->nitems == 1, "%s", err.text);
    return &spec->items[0];
}

/* `count` draws where each comes with probability p */
static void is_often(size_t found, size_t count, double p, const char *what, size_t which)
{
    const double wanted = (double)count * p, deviation = sqrt(wanted * (1 - p));

    ck_assert_msg(fabs((double)found - wanted) <= 5 * deviation, "%s %zu: %zu times, not %.0f", what, which, found,
                  wanted);
}

/* ---- partners ---- */

/* How often each is the partner of sample `index`; and how often two in a row are the same. */
static size_t tally(const char *call, size_t count, const int *label, size_t index, size_t *times)
{
    const struct fer_pipeline_item *item = sampler(call);
    size_t last = count, repeats = 0;

    memset(times, 0, count * sizeof(*times));
    for (size_t place = 0; place < DRAWS; place++) {
        size_t partner = count;

        ck_assert_int_eq(item->sampler->partner(item->params, count, label, 5, place, index, &partner, &err), FER_OK);
        ck_assert_uint_lt(partner, count);
        times[partner]++;
        repeats += partner == last;
        last = partner;
    }
    return repeats;
}

START_TEST(partners_of_the_same_class)
{
    size_t times[COUNT], repeats;
    int label[COUNT];

    make_labels(label);
    repeats = tally("pairs ratio=1", COUNT, label, 3, times);
    for (size_t i = 0; i < COUNT; i++) {
        if (i < OWN && i != 3)
            is_often(times[i], DRAWS, 1.0 / 9, "sample", i);
        else
            ck_assert_uint_eq(times[i], 0);
    }
    is_often(repeats, DRAWS, 1.0 / 9, "the same again", 0);
}
END_TEST

START_TEST(partners_of_other_classes)
{
    size_t times[COUNT], repeats, same = 0;
    int label[COUNT];

    make_labels(label);
    repeats = tally("pairs ratio=0", COUNT, label, 3, times);
    for (size_t i = 0; i < COUNT; i++) {
        if (i >= OWN)
            is_often(times[i], DRAWS, 1.0 / 30, "sample", i);
        else
            ck_assert_uint_eq(times[i], 0);
    }
    is_often(repeats, DRAWS, 1.0 / 30, "the same again", 0);
    tally("pairs ratio=0.25", COUNT, label, 3, times);
    for (size_t i = 0; i < OWN; i++)
        same += times[i];
    is_often(same, DRAWS, 0.25, "pairs of a class", 0);
}
END_TEST

/* So few that no trial may have hit one: those that fit are counted then. */
START_TEST(partners_in_a_small_set)
{
    static const int label[] = { 0, 0, 1, 1 };
    size_t times[4];

    tally("pairs ratio=0", 4, label, 0, times);
    ck_assert_uint_eq(times[0] + times[1], 0);
    is_often(times[2], DRAWS, 0.5, "sample", 2);
    tally("pairs ratio=1", 4, label, 0, times);
    ck_assert_uint_eq(times[1], DRAWS);
}
END_TEST

START_TEST(partners_among_the_first)
{
    size_t times[COUNT];
    int label[COUNT];

    make_labels(label);
    tally("pairs ratio=1 first=4", COUNT, label, 3, times);
    for (size_t i = 0; i < 3; i++)
        is_often(times[i], DRAWS, 1.0 / 3, "sample", i);
    ck_assert_uint_eq(times[0] + times[1] + times[2], DRAWS);
}
END_TEST

/* ---- orders ---- */

/* A class is drawn uniformly, and then one of its samples. */
START_TEST(balanced_draws)
{
    enum { EPOCHS = 600 };
    const struct fer_pipeline_item *item = sampler("balanced");
    size_t times[COUNT] = { 0 }, order[COUNT];
    int label[COUNT];

    make_labels(label);
    for (uint64_t key = 0; key < EPOCHS; key++) {
        ck_assert_int_eq(item->sampler->order(item->params, COUNT, label, key, order, &err), FER_OK);
        for (size_t i = 0; i < COUNT; i++)
            times[order[i]]++;
    }
    for (size_t i = 0; i < COUNT; i++) /* of ten in each class */
        is_often(times[i], EPOCHS * COUNT, 1.0 / 40, "sample", i);
}
END_TEST

START_TEST(every_order_may_come)
{
    enum { ITEMS = 6, TIMES = 6000 };
    size_t found[ITEMS][ITEMS] = { { 0 } };

    for (uint32_t stream = 0; stream < TIMES; stream++) {
        size_t items[ITEMS] = { 0, 1, 2, 3, 4, 5 };

        fer_random_permute((struct fer_random){ 9, stream }, items, ITEMS);
        for (size_t i = 0; i < ITEMS; i++)
            found[i][items[i]]++;
    }
    for (size_t i = 0; i < ITEMS; i++)
        for (size_t k = 0; k < ITEMS; k++)
            is_often(found[i][k], TIMES, 1.0 / ITEMS, "place", i * ITEMS + k);
}
END_TEST

/* Four people with two pictures each, whatever their numbers are: each is tested on once, and with both. */
START_TEST(folds_of_any_numbers)
{
    static const int subject[] = { 30, 10, 40, 20, 20, 40, 10, 30 };
    int label[8] = { 0 }, tested[8] = { 0 };

    for (int i = 0; i < 4; i++) {
        const struct fer_pipeline_item *item;
        bool keep[8];
        char call[32];
        int count = 0, who = -1;

        snprintf(call, sizeof(call), "fold k=4 i=%d part=test", i);
        item = sampler(call);
        ck_assert_int_eq(item->sampler->select(item->params, NULL, 8, label, subject, keep, &err), FER_OK);
        for (int k = 0; k < 8; k++) {
            if (!keep[k])
                continue;
            ck_assert(who < 0 || subject[k] == who);
            who = subject[k];
            tested[k]++;
            count++;
        }
        ck_assert_int_eq(count, 2);
    }
    for (int k = 0; k < 8; k++)
        ck_assert_int_eq(tested[k], 1);
}
END_TEST

/* ---- seeds ---- */

static void write_list(void)
{
    char lines[2048] = "path,label,subject\n";

    put_picture("p.png", 5);
    for (int i = 0; i < COUNT; i++)
        snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "p.png,%d,person%d\n", i % 4, i);
    put_text("list.csv", "%s", lines);
}

/* The ids of an epoch, from 0. */
static void ids_of(const char *call, bool train, size_t epoch, char ids[COUNT + 1])
{
    char text[96];
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;
    size_t count = 0;

    snprintf(text, sizeof(text), "manifest \"list.csv\"%s", call);
    pipeline = open_ok(text, train);
    ck_assert_int_eq(fer_pipeline_start(pipeline, epoch, 0, &err), FER_OK);
    while (!fer_pipeline_next(pipeline, &batch, &err) && batch)
        for (int i = 0; i < batch->n; i++)
            ids[count++] = (char)('0' + batch->id[i]);
    ids[count] = '\0';
    fer_pipeline_close(pipeline);
}

/* Which samples there are is the description's, by its own seed=; their order in training is that of --seed. */
START_TEST(seeds_are_heard)
{
    static const char *const choices[][2] = {
        { " | split test test=0.5", " | split test test=0.5 seed=1" },
        { " | fold k=4 i=0 part=test", " | fold k=4 i=0 part=test seed=1" },
    };
    char first[COUNT + 1], second[COUNT + 1];

    write_list();
    use_labels(seven, 4);
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        ids_of(choices[i][0], false, 0, first);
        ids_of(choices[i][1], false, 0, second);
        ck_assert_uint_eq(strlen(first), strlen(second));
        ck_assert_str_ne(first, second);
        seed = 2;
        ids_of(choices[i][0], false, 0, second);
        ck_assert_str_eq(first, second);
        seed = 1;
    }
    for (int balanced = 0; balanced < 2; balanced++) {
        const char *call = balanced ? " | balanced" : "";

        ids_of(call, true, 1, first);
        ids_of(call, true, 1, second);
        ck_assert_str_eq(first, second);
        ids_of(call, true, 2, second);
        ck_assert_str_ne(first, second);
        seed = 2;
        ids_of(call, true, 1, second);
        ck_assert_str_ne(first, second);
        seed = 1;
    }
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("draws", setup, teardown);

    tcase_add_test(tests, partners_of_the_same_class);
    tcase_add_test(tests, partners_of_other_classes);
    tcase_add_test(tests, partners_in_a_small_set);
    tcase_add_test(tests, partners_among_the_first);
    tcase_add_test(tests, balanced_draws);
    tcase_add_test(tests, every_order_may_come);
    tcase_add_test(tests, folds_of_any_numbers);
    tcase_add_test(tests, seeds_are_heard);
    return cases_run();
}
