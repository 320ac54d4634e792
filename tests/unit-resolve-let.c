/* SPDX-License-Identifier: Apache-2.0
 *
 * What lets mean, and what the command line's --set makes of them.
 */
#include "resolve-look.h"

START_TEST(set_overrides_lets)
{
    const char *text = USE "let w = 5\nlet twice = [$w, $w]\nnet n(x) -> y { y = x | conv2d $w kernel=1 bias=no }\n"
                           "predict p(x: f32[1,8,8]) -> y { y = x | n }\n";
    struct fer_setting sets[2] = { { "w", "6" }, { "w", "7" } };
    char *used;

    options.sets = sets;
    options.nsets = 2;
    good(text);
    ck_assert_int_eq(channels("n", 0), 7); /* the last one counts */
    ck_assert_int_eq(fer_description_text(d, &used, &err), FER_OK);
    ck_assert_ptr_nonnull(strstr(used, "= 7\n"));
    free(used);
    options.nsets = 1;
    sets[0] = (struct fer_setting){ "width", "6" };
    wrong(text, "--set width: test.fer has no let 'width'; it has w and twice");
    sets[0] = (struct fer_setting){ "twic", "6" };
    wrong(text, "--set twic: test.fer has no let 'twic'; did you mean 'twice'?");
    sets[0] = (struct fer_setting){ "w", "6\nlet b = 7" };
    wrong(text, "test.fer:3:5: --set w: '6\nlet b = 7' is not one value");
    sets[0] = (struct fer_setting){ "w", "[" };
    ck_assert_int_ne(resolve(text), FER_OK);
    ck_assert_msg(strncmp(err.text, "--set w:", 8) == 0, "%s", err.text);
    sets[0] = (struct fer_setting){ "w", "many" };
    wrong(text, "test.fer:5:32: conv2d: channels expects a whole number");
}
END_TEST

/* Shells eat quotes: where a string stands, the text is one. */
START_TEST(set_takes_strings_as_they_are)
{
    static const struct {
        const char *let, *set, *used;
    } cases[] = {
        { "\"old.csv\"", "/root/x.csv", "\"/root/x.csv\"" },
        { "\"old.csv\"", "x.csv", "\"x.csv\"" },
        { "\"old.csv\"", "../a b#c.csv", "\"../a b#c.csv\"" },
        { "\"old.csv\"", "3", "\"3\"" },
        { "\"old.csv\"", "", "\"\"" },
        { "\"old.csv\"", "a\\b", "\"a\\\\b\"" },
        { "\"old.csv\"", "a\"b", "\"a\\\"b\"" },
        { "\"old.csv\"", "\"q.csv\"", "\"q.csv\"" },
        { "\"old.csv\"", "[\"a\", \"b\"]", "[\"a\", \"b\"]" },
        { "none", "/root/x.csv", "\"/root/x.csv\"" },
        { "none", "x-1.csv", "\"x-1.csv\"" },
        { "none", "some", "some" },
        { "5", "1e-4", "1e-4" },
        { "5", "-1.5", "-1.5" },
        { "5", ".5", ".5" },
        { "5", "./x", "\"./x\"" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256], line[128];
        struct fer_setting set = { "a", cases[i].set };
        char *used;

        snprintf(text, sizeof(text), USE "let a = %s\n" NET "predict p(x: f32[1,8,8]) -> y { y = x | small }\n",
                 cases[i].let);
        options.sets = &set;
        options.nsets = 1;
        good(text);
        ck_assert_int_eq(fer_description_text(d, &used, &err), FER_OK);
        snprintf(line, sizeof(line), "let a = %s\n", cases[i].used);
        ck_assert_msg(strstr(used, line), "--set a=%s:\n%s", cases[i].set, used);
        free(used);
    }
}
END_TEST

START_TEST(a_load_of_a_let_may_be_empty)
{
    const char *text = USE NET "let weights = \"\"\n" DATA "load small $weights strict=no\n"
                               "stage fit over train until epoch=1 {\n  logits = image | small\n"
                               "  loss ce = logits, label | cross_entropy\n  minimize ce\n"
                               "  update small with sgd lr=0.1\n  load small.conv $weights\n}\n";
    const struct fer_setting set = { "weights", "/nowhere/w.safetensors" };
    good(text);
    ck_assert_int_eq(d->nloads, 0);
    ck_assert_int_eq(d->stages[0].nloads, 0);
    options.sets = &set;
    options.nsets = 1;
    good(text);
    ck_assert_int_eq(d->nloads, 1);
    ck_assert_str_eq(d->loads[0].file, "/nowhere/w.safetensors");
    ck_assert(!d->loads[0].strict);
    ck_assert_int_eq(d->stages[0].nloads, 1);
    ck_assert_str_eq(d->stages[0].loads[0].path, "small.conv");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("let", set_up, tear_down);

    tcase_add_test(tests, set_overrides_lets);
    tcase_add_test(tests, set_takes_strings_as_they_are);
    tcase_add_test(tests, a_load_of_a_let_may_be_empty);
    return resolve_run();
}
