/* SPDX-License-Identifier: Apache-2.0
 *
 * Where training is, to the text of a checkpoint and back: every number, exactly.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "train/context.h"
#include "train/state.h"

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

enum { DATA = 2, UPDATES = 3, SCHEDULES = 2, LOSSES = 4, SCALES = 5 };

/* A number of its own for everything. */
static void fill(struct fer_train_state *s)
{
    OK(fer_train_state_begin(s, 7, DATA, UPDATES, SCHEDULES, LOSSES, &err));
    OK(fer_train_state_scales(s, SCALES, &err));
    s->turns = 11;
    s->all_turns = 12;
    s->epochs = 13;
    s->summed = 14;
    s->since_best = 15;
    s->log_lines = 16;
    s->has_best = true;
    s->best = 1.0 / 3;
    s->precision = FER_FP16;
    s->tuned = 0xfedcba9876543210u;
    for (int i = 0; i < DATA; i++)
        s->drawn[i] = 20 + i;
    for (int i = 0; i < UPDATES; i++)
        s->updates[i] = 30 + i;
    for (int i = 0; i < SCHEDULES * FER_SCHEDULE_STATE; i++)
        s->schedules[i] = 40 + i + 0.1;
    for (int i = 0; i < LOSSES; i++)
        s->sums[i] = -60 - i - 0.7;
    for (int i = 0; i < SCALES; i++)
        s->scales[i] = 70 + i;
}

static void read_again(const struct fer_train_state *s, struct fer_train_state *out)
{
    char *text;

    OK(fer_json_text(fer_train_state_json(s), &text, &err));
    OK(fer_train_state_parse(out, text, &err));
    free(text);
}

START_TEST(everything_comes_back)
{
    struct fer_train_state s = { 0 }, back;

    fill(&s);
    read_again(&s, &back);
    ck_assert_int_eq(back.stage, 7);
    ck_assert_int_eq(back.turns, 11);
    ck_assert_int_eq(back.all_turns, 12);
    ck_assert_int_eq(back.epochs, 13);
    ck_assert_int_eq(back.summed, 14);
    ck_assert_int_eq(back.since_best, 15);
    ck_assert_int_eq(back.log_lines, 16);
    ck_assert(back.has_best && back.best == 1.0 / 3);
    ck_assert_int_eq(back.precision, FER_FP16);
    ck_assert_uint_eq(back.tuned, 0xfedcba9876543210u);
    ck_assert(back.ndata == DATA && back.nupdates == UPDATES && back.nschedules == SCHEDULES &&
              back.nlosses == LOSSES && back.nscales == SCALES);
    ck_assert_mem_eq(back.drawn, s.drawn, DATA * sizeof(*s.drawn));
    ck_assert_mem_eq(back.updates, s.updates, UPDATES * sizeof(*s.updates));
    ck_assert_mem_eq(back.schedules, s.schedules, SCHEDULES * FER_SCHEDULE_STATE * sizeof(*s.schedules));
    ck_assert_mem_eq(back.sums, s.sums, LOSSES * sizeof(*s.sums));
    ck_assert_mem_eq(back.scales, s.scales, SCALES * sizeof(*s.scales));
    fer_train_state_clear(&back);
    fer_train_state_clear(&s);
}
END_TEST

/* A stage begins with nothing but what goes through all of them. */
START_TEST(a_stage_begins_anew)
{
    struct fer_train_state s = { 0 }, back;

    fill(&s);
    OK(fer_train_state_begin(&s, 8, 1, 1, 1, 1, &err));
    read_again(&s, &back);
    ck_assert_int_eq(back.stage, 8);
    ck_assert_int_eq(back.all_turns, 12);
    ck_assert_int_eq(back.log_lines, 16);
    ck_assert_int_eq(back.precision, FER_FP16);
    ck_assert(back.turns == 0 && back.epochs == 0 && back.summed == 0 && back.since_best == 0 && !back.has_best &&
              back.tuned == 0 && back.nscales == 0);
    ck_assert(back.drawn[0] == 0 && back.updates[0] == 0 && back.sums[0] == 0);
    for (int i = 0; i < FER_SCHEDULE_STATE; i++)
        ck_assert_double_eq(back.schedules[i], 0);
    fer_train_state_clear(&back);
    fer_train_state_clear(&s);
}
END_TEST

START_TEST(what_is_no_state_is_refused)
{
    static const char *const changes[][2] = { { "\"step\":11", "\"step\":-11" },
                                              { "\"epochs_since_best\"", "\"epochs\"" },
                                              { "\"fp16\"", "\"fp61\"" } };
    struct fer_train_state s = { 0 }, back;
    char *text;

    fill(&s);
    OK(fer_json_text(fer_train_state_json(&s), &text, &err));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const char *at = strstr(text, changes[i][0]);
        char wrong[4096];

        ck_assert_msg(at != NULL, "%s is not in %s", changes[i][0], text);
        snprintf(wrong, sizeof(wrong), "%.*s%s%s", (int)(at - text), text, changes[i][1], at + strlen(changes[i][0]));
        ck_assert_int_eq(fer_train_state_parse(&back, wrong, &err), FER_EFORMAT);
        ck_assert_ptr_null(back.drawn);
    }
    ck_assert_int_eq(fer_train_state_parse(&back, NULL, &err), FER_EFORMAT);
    free(text);
    fer_train_state_clear(&s);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("state", NULL, NULL);

    tcase_add_test(tests, everything_comes_back);
    tcase_add_test(tests, a_stage_begins_anew);
    tcase_add_test(tests, what_is_no_state_is_refused);
    return cases_run();
}
