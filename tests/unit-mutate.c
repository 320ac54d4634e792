/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the text, there is an answer: the worked examples as they are, and descriptions with words replaced.
 */
#include "resolve-text.h"

/* --- the page of the language --- */

/* They are right, so all that may be wrong is that this build leaves a plugin out. */
static bool lacks_a_plugin(void)
{
    for (int k = 0; k < d->diags.count; k++)
        if (strstr(d->diags.items[k].text, "' is not installed"))
            return true;
    return false;
}

START_TEST(worked_examples_are_right)
{
    char *examples[32];
    int count = worked_examples(examples, 32);

    ck_assert_int_ge(count, 5);
    for (int i = 0; i < count; i++) {
        const enum fer_status status = resolve(examples[i]);

        ck_assert_msg(status == FER_OK || (i > 0 && lacks_a_plugin()), "%s\n%s", err.text, examples[i]);
        free(examples[i]);
    }
}
END_TEST

/* --- whatever the text, there is an answer --- */

static uint32_t draw(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A word of the text, from a place drawn. */
static size_t word_at(const char *text, size_t length, uint32_t *state, size_t *size)
{
    size_t at = draw(state) % length;

    while (at > 0 && strchr(" \n|=,()[]{}", text[at]))
        at--;
    while (at > 0 && !strchr(" \n|=,()[]{}", text[at - 1]))
        at--;
    *size = strcspn(text + at, " \n|=,()[]{}");
    return at;
}

/* Another word in the place of one, so that most texts still parse. */
static char *mutate(const char *text, uint32_t *state)
{
    static const char *const words[] = { "0",     "-1", "1e9",   "image", "x",     "\"\"",    "net",
                                         "relu",  "_",  "$w",    "[]",    "on",    "yes",     "65536",
                                         "label", "",   "small", "train", "[[1]]", "repeat=9" };
    size_t length = strlen(text), size, other;
    char *out = malloc(2 * length + 64);

    strcpy(out, text);
    for (int times = 1 + (int)(draw(state) % 3); times > 0; times--) {
        const size_t now = strlen(out), at = word_at(out, now, state, &size);
        const size_t from = word_at(text, length, state, &other);
        const bool own = draw(state) % 2;
        const char *word = own ? text + from : words[draw(state) % (sizeof(words) / sizeof(words[0]))];
        const size_t long_as = own ? other : strlen(word);

        if (now - size + long_as + 1 > 2 * length + 64)
            continue;
        memmove(out + at + long_as, out + at + size, now - at - size + 1);
        memcpy(out + at, word, long_as);
    }
    return out;
}

static const char everything[] = USE
    "let w = 4\nlet lr = 0.1\nlabels \"neutral\", \"happy\", \"sad\"\n"
    "block b(x; w, s = 1) -> y { y = x | c: conv2d $w kernel=3 stride=$s pad=1 bias=no | n: batchnorm | relu }\n"
    "net small(x; k = 3) -> y, z {\n  h = x | l: b $w repeat=2 | l: b 6 s=2\n  z = h | avgpool global\n  y = z | fc: "
    "linear $k\n}\n"
    "net low = resnet depth=18 width=4 stem=small until=\"layer1\"\nnet other = small until=\"l.1\"\nnet tail = small "
    "from=\"l\"\n"
    "data train -> image, label = synthface count=8 size=32 channels=1 | keep labels=[0, 1, 2] | batch 4 micro=2 | "
    "hflip | randcrop 28\n"
    "data test -> image, label, landmarks as points = synthface count=8 size=36 channels=1 | batch 4 | tencrop 28\n"
    "stage one over train until epoch=2 keeping best=\"t.a\" patience=2 tests=[t] {\n  o, mask, covered = image | "
    "patch 8\n"
    "  y, _ = o | small\n  f = image | low | avgpool global\n  loss ce = y, label | cross_entropy\n  loss p = f | l1\n"
    "  minimize ce + 0.5 p\n  update small, low lr_scale=0.1 with sgd lr=$lr momentum=0.9 | cosine | warmup 1\n"
    "  save small \"s.safetensors\"\n}\n"
    "stage two over train until step=4 {\n  h = image | other\n  y, _ = image | small\n"
    "  step a times=2 {\n    g = h | avgpool global\n    u = g | detach\n    loss q = g, u | mse\n    minimize q\n    "
    "update other with adam\n  }\n"
    "  step b fresh=yes {\n    loss r = y, label | cross_entropy\n    minimize r\n    update small.fc with adamw "
    "lr=1e-3\n  }\n}\n"
    "predict p(x: f32[1,28,28]; t = 1) -> y { v, _ = x | small\n  y = v | softmax }\n"
    "test t over test {\n  v = image | p t=2\n  y = v | mean views\n  metric a = y, label | accuracy top=2\n"
    "  metric l = y, label | cross_entropy\n}\n";

static void resolve_mutations(const char *text, int count, uint32_t seed)
{
    uint32_t state = seed;

    for (int i = 0; i < count; i++) {
        char *changed = mutate(text, &state);
        const enum fer_status status = resolve(changed);

        ck_assert_msg((status == FER_OK) == (d->diags.errors == 0), "%d, %d errors: %s\n%s", status, d->diags.errors,
                      err.text, changed);
        ck_assert_msg(status == FER_OK || err.text[0], "%s", changed);
        free(changed);
    }
}

START_TEST(mutations_never_crash)
{
    char *demo = read_text(in_tree("models/demo.fer"));
    const int count = getenv("FER_TEST_SMALL") ? 100 : 3000;

    resolve(everything);
    ck_assert_msg(d->diags.errors == 0, "%s", err.text);
    resolve_mutations(everything, count, 1);
    resolve_mutations(demo, count / 10, 2);
    free(demo);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mutate");
    TCase *group = tcase_create("texts");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!has_plugins()) {
        puts("skipped: this build leaves out plugins that the descriptions use");
        return 77;
    }
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, worked_examples_are_right);
    tcase_add_test(group, mutations_never_crash);
    suite_add_tcase(suite, group);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
