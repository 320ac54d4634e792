/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of synthface: samples that depend on (seed, split, index) alone, labels found by name.  The plugin is
 * opened from FER_PLUGIN_PATH as any program would; without it (--disable-plugin-synthface) there is nothing to test.
 */
#include "graph/registry.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The reader's parameters, filled through its own table. */
#define MAX_PARAMS 512
struct arguments {
    _Alignas(16) unsigned char bytes[MAX_PARAMS];
    double intensity[2];
};

static struct fer_registry *registry;
static const struct fer_reader *reader;

static void setup(void)
{
    const void *entry = NULL;
    struct fer_error err = FER_ERROR_INIT;
    ck_assert_int_eq(fer_registry_create(NULL, &registry, &err), FER_OK);
    if (fer_registry_find(registry, FER_KIND_READER, "synthface", NULL, &entry, NULL, &err) == FER_OK)
        reader = entry;
}

static void teardown(void)
{
    fer_registry_free(registry);
}

static void *field(struct arguments *arguments, const char *name)
{
    for (const struct fer_param *const *p = reader->params; *p; p++)
        if (strcmp((*p)->name, name) == 0)
            return arguments->bytes + (*p)->offset;
    ck_abort_msg("synthface has no parameter %s", name);
    return NULL;
}

static void set_int(struct arguments *arguments, const char *name, int value)
{
    *(int *)field(arguments, name) = value;
}

/* Numbers get their fallback; lists are set by hand. */
static void defaults(struct arguments *arguments)
{
    memset(arguments, 0, sizeof(*arguments));
    ck_assert_uint_le(reader->params_size, MAX_PARAMS);
    for (const struct fer_param *const *p = reader->params; *p; p++) {
        void *at = arguments->bytes + (*p)->offset;
        if ((*p)->type == FER_TYPE_INT)
            *(int *)at = atoi((*p)->fallback);
        if ((*p)->type == FER_TYPE_FLOAT)
            *(double *)at = atof((*p)->fallback);
    }
    arguments->intensity[0] = 0.4;
    arguments->intensity[1] = 1;
    *(struct fer_floats *)field(arguments, "intensity") = (struct fer_floats){ 2, arguments->intensity };
}

static const char *const seven[] = { "Anger", "disgust", "fear", "happiness", "SAD", "surprise", "normal" };

static enum fer_status open_reader(struct arguments *arguments, const char *const *labels, int nlabels, void **state,
                                   struct fer_error *err)
{
    const struct fer_data_env env = { .size = sizeof(env), .labels = labels, .nlabels = nlabels };
    size_t count = 0;
    unsigned fields = 0;
    const enum fer_status status = reader->open(arguments->bytes, &env, state, &count, &fields, err);
    if (status == FER_OK) {
        ck_assert_uint_eq(count, (size_t) * (int *)field(arguments, "count"));
        ck_assert_uint_eq(fields, FER_FIELD_CODE | FER_FIELD_LABEL | FER_FIELD_SUBJECT | FER_FIELD_ID);
    }
    return status;
}

START_TEST(no_path_takes_the_place_of_what_is_rendered)
{
    const struct fer_data_env env = { .size = sizeof(env), .labels = seven, .nlabels = 7, .override_path = "faces/" };
    struct arguments arguments;
    struct fer_error err = FER_ERROR_INIT;
    void *state = NULL;
    size_t count;
    unsigned fields;
    if (!reader)
        return;
    defaults(&arguments);
    ck_assert_int_eq(reader->open(arguments.bytes, &env, &state, &count, &fields, &err), FER_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "'faces/'"));
    ck_assert_ptr_null(state);
}
END_TEST

static void read_sample(void *state, size_t index, struct fer_sample *sample)
{
    struct fer_error err = FER_ERROR_INIT;
    memset(sample, 0, sizeof(*sample));
    ck_assert_int_eq(reader->sample(state, index, FER_FIELD_CODE, sample, &err), FER_OK);
}

START_TEST(sample_is_a_function_of_seed_split_and_index)
{
    struct arguments a, b;
    void *first, *second;
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample one, other;
    if (!reader)
        return;
    defaults(&a);
    b = a;
    set_int(&b, "count", 40); /* a shorter data set is the beginning of a longer one */
    ck_assert_int_eq(open_reader(&a, seven, 7, &first, &err), FER_OK);
    *(struct fer_floats *)field(&b, "intensity") = (struct fer_floats){ 2, b.intensity };
    ck_assert_int_eq(open_reader(&b, seven, 7, &second, &err), FER_OK);
    for (size_t i = 40; i-- > 0;) {
        read_sample(first, i, &one);
        read_sample(second, 39 - i, &other);
        read_sample(second, i, &other); /* in any order */
        ck_assert_int_eq(one.codes, reader->codes);
        ck_assert_int_le(one.codes, FER_MAX_CODE);
        ck_assert_mem_eq(one.code, other.code, sizeof(one.code));
        ck_assert_int_eq(one.label, other.label);
        ck_assert_uint_eq(one.id, i);
        for (int c = 0; c < one.codes; c++)
            ck_assert(isfinite(one.code[c]));
    }
    reader->close(first);
    reader->close(second);
}
END_TEST

START_TEST(splits_and_seeds_share_nothing)
{
    struct arguments a[3];
    void *state[3];
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample one, other;
    if (!reader)
        return;
    for (int i = 0; i < 3; i++) {
        defaults(&a[i]);
        set_int(&a[i], i == 2 ? "seed" : "split", i == 0 ? 0 : i == 1 ? 2 : 5);
        ck_assert_int_eq(open_reader(&a[i], seven, 7, &state[i], &err), FER_OK);
    }
    for (size_t i = 0; i < 50; i++)
        for (int k = 1; k < 3; k++) {
            read_sample(state[0], i, &one);
            read_sample(state[k], i, &other);
            ck_assert_msg(one.code[0] != other.code[0], "two data sets share the person of sample %zu", i);
            if (k == 1)
                ck_assert_int_ne(one.subject, other.subject);
        }
    for (int i = 0; i < 3; i++)
        reader->close(state[i]);
}
END_TEST

START_TEST(labels_are_found_by_name_and_balanced)
{
    static const char *const reordered[] = { "neutral", "surprise", "sadness", "happy", "afraid", "disgust", "angry" };
    struct arguments arguments;
    void *state, *again;
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample one, other;
    int count[7] = { 0 };
    if (!reader)
        return;
    defaults(&arguments);
    ck_assert_int_eq(open_reader(&arguments, seven, 7, &state, &err), FER_OK);
    ck_assert_int_eq(open_reader(&arguments, reordered, 7, &again, &err), FER_OK);
    for (size_t i = 0; i < 70; i++) {
        read_sample(state, i, &one);
        read_sample(again, i, &other);
        count[one.label]++;
        /* `reordered` is `seven` backwards, so the turn is too. */
        ck_assert_int_eq(one.label, (int)(i % 7));
        ck_assert_int_eq(one.subject, (int)(i / 7));
        ck_assert_int_eq(other.label, (int)(i % 7));
        ck_assert_str_eq(reader->label_name(state, one.label), reader->label_name(again, 6 - one.label));
    }
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(count[i], 10);
    reader->close(state);
    reader->close(again);
}
END_TEST

START_TEST(mistakes_are_named)
{
    static const char *const unknown[] = { "happy", "bored" };
    static const char *const twice[] = { "happy", "joy" };
    struct arguments arguments;
    void *state;
    struct fer_error err = FER_ERROR_INIT;
    if (!reader)
        return;
    defaults(&arguments);
    ck_assert_int_eq(open_reader(&arguments, unknown, 2, &state, &err), FER_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "bored"));
    ck_assert_int_eq(open_reader(&arguments, twice, 2, &state, &err), FER_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "happy"));
    set_int(&arguments, "classes", 8);
    ck_assert_int_eq(open_reader(&arguments, seven, 7, &state, &err), FER_EINVAL);
    ck_assert_str_eq(err.argument, "classes");
    set_int(&arguments, "classes", 0);
    set_int(&arguments, "channels", 2);
    ck_assert_int_eq(open_reader(&arguments, seven, 7, &state, &err), FER_EINVAL);
    ck_assert_str_eq(err.argument, "channels");
    set_int(&arguments, "channels", 1);
    arguments.intensity[0] = 1.1;
    ck_assert_int_eq(open_reader(&arguments, seven, 7, &state, &err), FER_EINVAL);
    ck_assert_str_eq(err.argument, "intensity");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synthface");
    TCase *tests = tcase_create("reader");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sample_is_a_function_of_seed_split_and_index);
    tcase_add_test(tests, no_path_takes_the_place_of_what_is_rendered);
    tcase_add_test(tests, splits_and_seeds_share_nothing);
    tcase_add_test(tests, labels_are_found_by_name_and_balanced);
    tcase_add_test(tests, mistakes_are_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
