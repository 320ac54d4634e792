/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/errors/resolve-*.fer are well written and wrong all the same: each begins with what it must give,
 * "# expect LINE:COLUMN: text" for every error, in order.
 */
#include <glob.h>

#include "graph/description.h"
#include "graph/registry.h"
#include "lang-text.h"
#include "needs.h"

static struct fer_registry *registry;
static struct fer_description *description;

static void set_up(void)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(fer_registry_create(NULL, &registry, &err) == FER_OK, "%s", err.text);
}

static void tear_down(void)
{
    fer_description_free(description);
    description = NULL;
    fer_registry_free(registry);
}

/* All diagnostics as people see them, in a static buffer. */
static const char *report(void)
{
    static char text[8192];

    text[0] = '\0';
    for (int i = 0; description && i < description->diags.count; i++) {
        char *one = fer_diag_format(&description->diags.items[i]);

        strncat(text, one, sizeof(text) - strlen(text) - 1);
        free(one);
    }
    return text;
}

/* The next error at or after diagnostic *at. */
static const struct fer_diag *next_error(int *at)
{
    while (*at < description->diags.count) {
        const struct fer_diag *diag = &description->diags.items[(*at)++];

        if (diag->severity == FER_SEVERITY_ERROR)
            return diag;
    }
    return NULL;
}

static void check_expectations(const char *path)
{
    const struct fer_description_options options = { .check = true };
    struct fer_error err = FER_ERROR_INIT;
    char *text = read_text(path);
    int found = 0, diag_at = 0;

    ck_assert_msg(fer_description_read(registry, path, &options, &description, &err) != FER_OK, "%s is accepted", path);
    ck_assert_ptr_nonnull(description);
    for (char *at = strstr(text, "# expect "); at; at = strstr(at + 1, "# expect "), found++) {
        const struct fer_diag *diag = next_error(&diag_at);
        int line = 0, column = 0, used = 0, got_line, got_column;
        size_t length;

        ck_assert_int_eq(sscanf(at, "# expect %d:%d: %n", &line, &column, &used), 2);
        length = strcspn(at + used, "\n");
        ck_assert_msg(diag != NULL, "%s: missing: %.*s\n%s", path, (int)length, at + used, report());
        fer_span_place(diag->span, &got_line, &got_column);
        ck_assert_msg(got_line == line && got_column == column && strlen(diag->text) == length &&
                          strncmp(diag->text, at + used, length) == 0,
                      "%s: expected %d:%d: %.*s, found\n%s", path, line, column, (int)length, at + used, report());
        ck_assert_msg(found > 0 || strstr(err.text, diag->text), "%s: the sentence is \"%s\"", path, err.text);
    }
    ck_assert_msg(found > 0 && !next_error(&diag_at), "%s: %d expected, found\n%s", path, found, report());
    free(text);
    fer_description_free(description);
    description = NULL;
}

static const char *const needed[] = { "vision", "loss",      "optim",   "data",           "metric",
                                      "resnet", "synthface", "occlude", "path_selection", NULL };

START_TEST(wrong_descriptions_give_their_errors)
{
    glob_t files;

    ck_assert_int_eq(glob(in_tree("tests/errors/resolve-*.fer"), 0, NULL, &files), 0);
    ck_assert_uint_ge(files.gl_pathc, 100);
    for (size_t i = 0; i < files.gl_pathc; i++)
        check_expectations(files.gl_pathv[i]);
    globfree(&files);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("errors");
    TCase *tests = tcase_create("resolve");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!needs_plugins(needed)) {
        srunner_free(runner);
        return SKIPPED;
    }
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, wrong_descriptions_give_their_errors);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
