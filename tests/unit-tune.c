/* SPDX-License-Identifier: Apache-2.0
 *
 * Measurements of solvers: who is chosen, who is thrown out.  Nothing here asserts a time.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "run/tuning.h"
#include "train/contest.h"
#include "train/workload.h"
#include "tune-trial.h"

static char said[8192]; /* by the context */

static void set_up(void)
{
    tune_set_up();
    said[0] = '\0';
}

static void listen(void *user, enum fer_message kind, const char *text)
{
    (void)user, (void)kind;
    strncat(said, text, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static struct fer_context *open_precision(const char *without, const char *precision)
{
    char path[PATH_MAX + 256];
    const struct fer_context_options options = {
        .plugin_path = path, .message = listen, .without = without, .tune = tune_file, .precision = precision
    };
    struct fer_context *context;

    snprintf(path, sizeof path, "%s:%s", tune_folder, getenv("FER_PLUGIN_PATH") ? getenv("FER_PLUGIN_PATH") : "");
    ck_assert_msg(fer_context_create(&options, &context, &err) == FER_OK, "%s", err.text);
    return context;
}

static struct fer_context *open_context(const char *without)
{
    return open_precision(without, NULL);
}

static void write_shape(const char *layer, const char *shape)
{
    char path[PATH_MAX + 16];
    FILE *out;

    snprintf(path, sizeof path, "%s/toy.fer", tune_folder);
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fprintf(out, "fer 1\nuse toysolve\npredict toy(x: f32[%s]) -> y { y = x | %s }\n", shape, layer);
    ck_assert_int_eq(fclose(out), 0);
}

static void write_model(const char *layer)
{
    write_shape(layer, "37");
}

static char *model(void)
{
    static char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/toy.fer", tune_folder);
    return path;
}

/* "fine fine, first": kernel and solver of the first launch of toy.fer that has a solver, and who chose it. */
static const char *chosen(struct fer_context *context)
{
    static char text[512];
    const struct fer_show_options show = { .batch = 3 };
    const json_t *launch;
    json_t *report;
    size_t at = 0;
    char *json;

    ck_assert_msg(fer_show(context, model(), &show, &json, &err) == FER_OK, "%s", err.text);
    report = json_loads(json, 0, NULL);
    do
        launch = json_array_get(json_object_get(report, "launches"), at++);
    while (launch && !json_is_string(json_object_get(launch, "solver")));
    ck_assert_ptr_nonnull(launch);
    snprintf(text, sizeof text, "%s %s, %s", json_string_value(json_object_get(launch, "kernel")),
             json_string_value(json_object_get(launch, "solver")),
             json_string_value(json_object_get(launch, "chosen")));
    json_decref(report);
    free(json);
    return text;
}

static json_t *tune(struct fer_context *context, const struct fer_tune_options *options)
{
    json_t *report;
    char *json;

    ck_assert_msg(fer_tune(context, model(), options, &json, &err) == FER_OK, "%s", err.text);
    report = json_loads(json, 0, NULL);
    free(json);
    return report;
}

static int number(const json_t *report, const char *key)
{
    return (int)json_integer_value(json_object_get(report, key));
}

static const json_t *solution_of(const json_t *report, const char *name)
{
    const json_t *solutions = json_object_get(json_array_get(json_object_get(report, "results"), 0), "solutions");
    const json_t *solution;
    size_t i;

    json_array_foreach(solutions, i, solution)
    {
        if (strcmp(json_string_value(json_object_get(solution, "solution")), name) == 0)
            return solution;
    }
    ck_abort_msg("%s has not run", name);
    return NULL;
}

static bool refused(const json_t *solution, const char *part)
{
    const char *refusal = json_string_value(json_object_get(solution, "refusal"));

    return refusal && strstr(refusal, part);
}

START_TEST(wrong_solvers_are_thrown_out)
{
    const struct fer_tune_options options = { .batch = 3 };
    struct fer_context *context;
    const char *winner;
    json_t *report;

    write_model(_i ? "toy_last" : "toy_double"); /* the one that does not run is another's neighbour, or the last */
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "fine fine, first");
    report = tune(context, &options);
    ck_assert_int_eq(number(report, "problems"), 1);
    ck_assert_int_eq(number(report, "tuned"), 1);
    ck_assert_int_eq(number(report, "left"), 0);

    /* every second element is zero: half of the squares are missing, the root of which is 0.7 */
    ck_assert(refused(solution_of(report, "wrong"), "its result is wrong: 0."));
    ck_assert_double_eq_tol(json_real_value(json_object_get(solution_of(report, "wrong"), "error")), 0.707, 0.15);
    ck_assert(refused(solution_of(report, "broken"), "it does not run"));
    ck_assert(!refused(solution_of(report, "fine"), ""));
    ck_assert(!refused(solution_of(report, "plain"), ""));
    ck_assert_double_le(json_real_value(json_object_get(solution_of(report, "fine"), "error")), 1e-6);
    winner = json_string_value(json_object_get(json_array_get(json_object_get(report, "results"), 0), "solution"));
    ck_assert(strcmp(winner, "plain") == 0 || strncmp(winner, "fine", 4) == 0);
    ck_assert_ptr_null(strstr(tune_read(), "wrong"));
    json_decref(report);

    /* the same again: it is known */
    report = tune(context, &options);
    ck_assert_int_eq(number(report, "known"), 1);
    ck_assert_int_eq(number(report, "tuned"), 0);
    json_decref(report);
    report = tune(context, &(struct fer_tune_options){ .batch = 3, .again = true });
    ck_assert_int_eq(number(report, "tuned"), 1);
    json_decref(report);
    ck_assert_ptr_nonnull(strstr(chosen(context), ", tuned"));
    fer_context_free(context);
}
END_TEST

static const struct fer_entrant *entrant_of(const struct fer_contest *contest, const char *name)
{
    for (int i = 0; i < contest->count; i++)
        if (strcmp(contest->entrants[i].text, name) == 0)
            return &contest->entrants[i];
    ck_abort_msg("%s has not run", name);
    return NULL;
}

/* Two that are wrong where the plainest was not asked at first, and agree.  By hand, as `everything` leaves out nobody
 * for being slow once. */
START_TEST(the_plainest_decides_on_the_full_batch)
{
    const struct fer_bench_options bench = { .batch = 3 };
    struct fer_context *context;
    struct fer_workload work;
    struct fer_contest contest = { .capacity = 3, .everything = true };

    write_model(_i ? "toy_first" : "toy_late");
    context = open_context(NULL);
    ck_assert_msg(fer_workload_open(context, model(), &bench, 0, &work, &err) == FER_OK, "%s", err.text);
    contest.problem = work.program->solved[0];
    contest.store = work.store;
    ck_assert_msg(fer_contest_run(&contest, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(contest.count, 4);
    ck_assert_ptr_nonnull(strstr(entrant_of(&contest, "late")->refusal, "its result is wrong: "));
    ck_assert_ptr_nonnull(strstr(entrant_of(&contest, "later")->refusal, "its result is wrong: "));
    ck_assert_str_eq(entrant_of(&contest, "fine")->refusal, "");
    ck_assert_str_eq(entrant_of(&contest, "plain")->refusal, "");
    /* two samples of three are missing: the root of two thirds; and what is right is not blamed for the others */
    ck_assert_double_eq_tol(entrant_of(&contest, "late")->error, 0.816, 0.1);
    ck_assert_double_le(entrant_of(&contest, "fine")->error, 1e-6);
    ck_assert_int_ge(contest.best, 0);
    ck_assert_str_eq(contest.entrants[contest.best].refusal, "");
    fer_contest_free(&contest);
    fer_workload_close(&work);
    fer_context_free(context);
}
END_TEST

/* near is 2.5e-3 away; maps of f32 allow 1e-5, fp16 rounds two by 2^-11 each, bf16 by 2^-8. */
START_TEST(maps_of_16_bits_are_compared_as_such)
{
    const char *const precision[] = { "fp32", "fp16", "bf16" };
    const double rounding[] = { 1e-6, 2e-3 / 2.048, 2.0 / 256 };
    struct fer_context *context;
    json_t *report;
    double error;

    write_shape("toy_near | toy_near", "2,3,3");
    context = open_precision(NULL, precision[_i]);
    report = tune(context, &(struct fer_tune_options){ .batch = 3 });
    ck_assert_int_eq(number(report, "problems"), 1);
    ck_assert(refused(solution_of(report, "near"), "its result is wrong: ") == (_i < 2));
    ck_assert(!refused(solution_of(report, "fine"), ""));
    error = json_real_value(json_object_get(solution_of(report, "near"), "error"));
    ck_assert_double_eq_tol(error, 2.5e-3, 1e-6 + rounding[_i] / 2);
    /* 2 x is rounded as x + x is */
    ck_assert_double_le(json_real_value(json_object_get(solution_of(report, "fine"), "error")), 1e-6);
    json_decref(report);
    fer_context_free(context);
}
END_TEST

/* The line of toy.fer with another solution or key. */
static void edit(const char *from, const char *to)
{
    char text[65536], *at;

    strcpy(text, tune_read());
    at = strstr(text, from);
    ck_assert_msg(at != NULL, "'%s' is not in %s", from, text);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    tune_write(text, strlen(text));
}

static void write_line(const char *solution)
{
    struct fer_context *context = open_context(NULL);
    char *text, *at, *from;
    int tabs = 0;

    json_decref(tune(context, &(struct fer_tune_options){ .batch = 3 }));
    fer_context_free(context);
    text = strdup(tune_read());
    for (at = strstr(text, "toy_double"); tabs < 3; tabs += *at++ == '\t')
        continue;
    from = strndup(at, strcspn(at, "\t"));
    edit(from, solution);
    free(from);
    free(text);
}

START_TEST(the_file_decides_and_can_be_left_out)
{
    struct fer_context *context;

    write_model("toy_double");
    write_line("fine step=64");
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "fine fine step=64, tuned");
    fer_context_free(context);
    edit("fine step=64", "plain");
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "plain plain, tuned");
    fer_context_free(context);
    context = open_context("tune");
    ck_assert_str_eq(chosen(context), "fine fine, first");
    fer_context_free(context);
}
END_TEST

START_TEST(what_does_not_fit_is_ignored_and_said)
{
    struct fer_context *context;

    write_model("toy_double");
    write_line("fine step=3"); /* no value that the solver offers */
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "fine fine, first");
    ck_assert_ptr_nonnull(strstr(said, "was tuned for another version of the kernels"));
    fer_context_free(context);

    edit("fine step=3", "elsewhere");
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "fine fine, first");
    fer_context_free(context);

    edit("elsewhere", "plain");
    edit("\tf32\t", "x\tf32\t"); /* another driver */
    said[0] = '\0';
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "fine fine, first");
    ck_assert_ptr_nonnull(strstr(said, "toy_double forward toy: was tuned for another driver"));
    fer_context_free(context);

    edit("x\tf32\t", "\tf32\t");
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "plain plain, tuned");
    fer_context_free(context);
    edit(" unit", "0 unit"); /* ten times as many */
    said[0] = '\0';
    context = open_context(NULL);
    ck_assert_str_eq(chosen(context), "fine fine, first");
    ck_assert_ptr_nonnull(strstr(said, "toy_double forward toy: was tuned for another device"));
    fer_context_free(context);
}
END_TEST

START_TEST(each_precision_has_lines_of_its_own)
{
    const struct fer_tune_options options = { .batch = 3 };
    const char *const precision[] = { NULL, "fp16", "bf16" };
    struct fer_context *context;
    json_t *report;

    write_shape("toy_double | toy_double", "2,3,3");
    for (int i = 0; i < 3; i++) {
        context = open_precision(NULL, precision[i]);
        report = tune(context, &options);
        ck_assert_int_eq(number(report, "known"), 0);
        ck_assert_int_eq(number(report, "tuned"), 1);
        json_decref(report);
        report = tune(context, &options);
        ck_assert_int_eq(number(report, "known"), 1);
        json_decref(report);
        ck_assert_ptr_nonnull(strstr(chosen(context), ", tuned"));
        fer_context_free(context);
    }
    ck_assert_ptr_nonnull(strstr(tune_read(), "\tf32\t"));
    ck_assert_ptr_nonnull(strstr(tune_read(), "\tf32/fp16\t"));
    edit("\tf32/bf16\t", "\tf32/none\t");
    context = open_precision(NULL, "bf16");
    ck_assert_str_eq(chosen(context), "fine fine, first");
    fer_context_free(context);
}
END_TEST

START_TEST(a_malformed_file_stops_what_needs_the_device)
{
    const struct fer_show_options show = { .batch = 3 };
    struct fer_context *context;
    char *json = NULL;

    write_model("toy_double");
    tune_write("fer tune 1\nnonsense\n", 20);
    context = open_context(NULL);
    ck_assert_int_eq(fer_show(context, model(), &show, &json, &err), FER_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "tune.txt:2: the line"));
    ck_assert_int_eq(fer_tune(context, model(), NULL, &json, &err), FER_EFORMAT);
    ck_assert_str_eq(tune_read(), "fer tune 1\nnonsense\n");
    fer_context_free(context);
    context = open_context("tune");
    ck_assert_str_eq(chosen(context), "fine fine, first");
    fer_context_free(context);
}
END_TEST

START_TEST(plugins_that_break_the_rules_are_named)
{
    const struct fer_show_options show = { .batch = 3 };
    struct fer_context *context = open_context(NULL);
    char *json = NULL;

    write_model("toy_hidden");
    ck_assert_int_eq(fer_show(context, model(), &show, &json, &err), FER_EPLUGIN);
    ck_assert_msg(strstr(err.text, "solver hidden launches fine, which is in none of its sources") != NULL, "%s",
                  err.text);
    write_model("toy_shapeless");
    ck_assert_int_eq(fer_show(context, model(), &show, &json, &err), FER_EPLUGIN);
    ck_assert_msg(strstr(err.text, "lacks its work, its shape") != NULL, "%s", err.text);
    fer_context_free(context);
}
END_TEST

/* One problem is done whatever the budget, and the next run goes on. */
START_TEST(a_budget_that_is_over_leaves_the_rest)
{
    const volatile int stop = 1;
    struct fer_context *context;
    json_t *report;
    char *json = NULL;

    write_model("toy_double | toy_last | toy_near");
    context = open_context(NULL);
    for (int run = 0; run < 3; run++) {
        report = tune(context, &(struct fer_tune_options){ .batch = 3, .budget = 1e-9 });
        ck_assert_int_eq(number(report, "problems"), 3);
        ck_assert_int_eq(number(report, "known"), run);
        ck_assert_int_eq(number(report, "tuned"), 1);
        ck_assert_int_eq(number(report, "left"), 2 - run);
        json_decref(report);
    }
    ck_assert_int_eq(unlink(tune_file), 0);
    ck_assert_int_eq(fer_tune(context, model(), &(struct fer_tune_options){ .batch = 3, .stop = &stop }, &json, &err),
                     FER_EINTERRUPTED);
    ck_assert_ptr_nonnull(json);
    free(json);
    ck_assert_int_ne(access(tune_file, F_OK), 0);
    fer_context_free(context);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("choice", set_up, tune_tear_down);

    tcase_add_loop_test(tests, wrong_solvers_are_thrown_out, 0, 2);
    tcase_add_loop_test(tests, the_plainest_decides_on_the_full_batch, 0, 2);
    tcase_add_loop_test(tests, maps_of_16_bits_are_compared_as_such, 0, 3);
    tcase_add_test(tests, each_precision_has_lines_of_its_own);
    tcase_add_test(tests, the_file_decides_and_can_be_left_out);
    tcase_add_test(tests, what_does_not_fit_is_ignored_and_said);
    tcase_add_test(tests, a_malformed_file_stops_what_needs_the_device);
    tcase_add_test(tests, plugins_that_break_the_rules_are_named);
    tcase_add_test(tests, a_budget_that_is_over_leaves_the_rest);
    return cases_run();
}
