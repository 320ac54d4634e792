/* SPDX-License-Identifier: Apache-2.0
 *
 * The log is cut back to a checkpoint's line, belongs to one process, and the state of training survives its text.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/log.h"
#include "train/state.h"

static char path[64];

static void setup(void)
{
    strcpy(path, "/tmp/fer-log-XXXXXX");
    close(mkstemp(path));
}

static void teardown(void)
{
    unlink(path);
}

static void contents(char *text, size_t size)
{
    FILE *file = fopen(path, "r");

    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static struct fer_log *reopen(long lines)
{
    struct fer_log *log;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(fer_log_open(path, lines, &log, &err) == FER_OK, "%s", err.text);
    return log;
}

START_TEST(cut_back)
{
    struct fer_log *log = reopen(0);
    struct fer_error err = FER_ERROR_INIT;
    char text[256];

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(fer_log_line(log, json_pack("{s:i}", "step", i), &err), FER_OK);
    ck_assert_int_eq(fer_log_lines(log), 3);
    fer_log_close(log);
    log = reopen(1);
    ck_assert_int_eq(fer_log_line(log, json_pack("{s:s}", "after", "resume"), &err), FER_OK);
    fer_log_close(log);
    contents(text, sizeof(text));
    ck_assert_str_eq(text, "{\"step\":0}\n{\"after\":\"resume\"}\n");
}
END_TEST

START_TEST(too_short)
{
    struct fer_log *log;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_log_open(path, 1, &log, &err), FER_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "0 lines where the checkpoint has seen 1"));
}
END_TEST

START_TEST(one_writer)
{
    struct fer_log *log = reopen(0), *other;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_log_open(path, 0, &other, &err), FER_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "another process"));
    fer_log_close(log);
    fer_log_close(reopen(0));
}
END_TEST

/* Every number exactly, also those without a short decimal form. */
START_TEST(state_round_trip)
{
    struct fer_train_state state = { .all_turns = 12345678901, .log_lines = 7 }, copy;
    struct fer_error err = FER_ERROR_INIT;
    json_t *json;
    char *text;

    ck_assert_int_eq(fer_train_state_begin(&state, 2, 2, 1, 1, 3, &err), FER_OK);
    ck_assert(state.all_turns == 12345678901 && state.log_lines == 7);
    state.turns = 41;
    state.drawn[1] = 17;
    state.updates[0] = 40;
    state.schedules[7] = 1.0 / 3;
    state.sums[2] = 0.1 + 0.2;
    state.has_best = true;
    state.best = -1e-300;
    state.since_best = 5;
    json = fer_train_state_json(&state);
    text = json_dumps(json, JSON_REAL_PRECISION(17));
    ck_assert_int_eq(fer_train_state_parse(&copy, text, &err), FER_OK);
    ck_assert(copy.stage == 2 && copy.turns == 41 && copy.drawn[0] == 0 && copy.drawn[1] == 17);
    ck_assert(copy.updates[0] == 40 && copy.schedules[7] == 1.0 / 3 && copy.sums[2] == 0.1 + 0.2);
    ck_assert(copy.has_best && copy.best == -1e-300 && copy.since_best == 5 && copy.all_turns == 12345678901);
    free(text);
    json_decref(json);
    fer_train_state_clear(&state);
    fer_train_state_clear(&copy);
}
END_TEST

static long allocations, failing;

static void *failing_malloc(size_t size)
{
    return ++allocations == failing ? NULL : malloc(size);
}

/* Whichever allocation fails, there is no state that lacks something: a checkpoint with it could not be resumed. */
START_TEST(state_is_whole_or_none)
{
    struct fer_train_state state = { .nscales = 0 };
    struct fer_error err = FER_ERROR_INIT;
    json_t *json, *part;
    char *wanted, *text;

    ck_assert_int_eq(fer_train_state_begin(&state, 2, 2, 2, 1, 3, &err), FER_OK);
    ck_assert_int_eq(fer_train_state_scales(&state, 2, &err), FER_OK);
    state.has_best = true;
    state.precision = FER_FP16;
    state.tuned = 7;
    json = fer_train_state_json(&state);
    wanted = json_dumps(json, JSON_SORT_KEYS);
    json_decref(json);
    json_set_alloc_funcs(failing_malloc, free);
    for (part = NULL, failing = 1; !part; failing++) {
        allocations = 0;
        part = fer_train_state_json(&state);
        if (part && allocations >= failing) { /* it did without */
            text = json_dumps(part, JSON_SORT_KEYS);
            ck_assert_str_eq(text, wanted);
            free(text);
            json_decref(part);
            part = NULL;
        }
    }
    json_set_alloc_funcs(malloc, free);
    ck_assert_int_gt(failing, 20);
    json_decref(part);
    free(wanted);
    fer_train_state_clear(&state);
}
END_TEST

START_TEST(state_refused)
{
    static const char counters[] =
        "{\"stage\":0,\"step\":%s,\"all_steps\":8,\"epoch\":2,\"drawn\":[%s],\"updates\":[8],"
        "\"schedules\":[],\"loss_sums\":[],\"summed\":0,\"epochs_since_best\":0,"
        "\"log_lines\":10}";
    char text[3][256]; /* fine; and counters that the next step would overflow */
    const char *const texts[] = { NULL,    "",     "[]", "{}", "{\"stage\":-1}", "{\"stage\":0,\"drawn\":[1.5]}",
                                  text[1], text[2] };
    struct fer_train_state state;
    struct fer_error err = FER_ERROR_INIT;

    snprintf(text[0], sizeof(text[0]), counters, "8", "8");
    snprintf(text[1], sizeof(text[1]), counters, "9223372036854775807", "8");
    snprintf(text[2], sizeof(text[2]), counters, "8", "9223372036854775807");
    ck_assert_int_eq(fer_train_state_parse(&state, text[0], &err), FER_OK);
    fer_train_state_clear(&state);
    ck_assert_int_eq(fer_train_state_parse(&state, texts[_i], &err), FER_EFORMAT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *cases = tcase_create("log");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, cut_back);
    tcase_add_test(cases, too_short);
    tcase_add_test(cases, one_writer);
    tcase_add_test(cases, state_round_trip);
    tcase_add_test(cases, state_is_whole_or_none);
    tcase_add_loop_test(cases, state_refused, 0, 8);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
