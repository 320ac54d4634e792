/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sample has: names of fields and of labels.
 */
#include <string.h>

#include <fer/host.h>

#include "cases.h"

START_TEST(fields_have_names)
{
    for (unsigned field = FER_FIELD_IMAGE; field <= FER_FIELD_SAME; field <<= 1)
        ck_assert_uint_eq(fer_field_find(fer_field_name(field)), field);
    ck_assert_ptr_null(fer_field_name(FER_FIELD_IMAGE | FER_FIELD_LABEL));
    ck_assert_ptr_null(fer_field_name(0));
    ck_assert_uint_eq(fer_field_find("imgae"), 0);
}
END_TEST

START_TEST(labels_are_found)
{
    static const char *const names[] = { "angry", "happy", "sad" };
    const struct fer_data_env env = { .size = sizeof(env), .labels = names, .nlabels = 3 };
    struct fer_error err = FER_ERROR_INIT;
    int label = -1;

    ck_assert_int_eq(fer_label_find(&env, "Happy", &label, &err), FER_OK);
    ck_assert_int_eq(label, 1);
    ck_assert_int_eq(fer_label_find(&env, "2", &label, &err), FER_OK);
    ck_assert_int_eq(label, 2);
    ck_assert_int_eq(fer_label_find(&env, "hapy", &label, &err), FER_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'happy'"));
    ck_assert_int_eq(fer_label_find(&env, "3", &label, &err), FER_ENOTFOUND);
    ck_assert_int_eq(fer_label_find(&env, "99999999999999999999", &label, &err), FER_ENOTFOUND);
    ck_assert_int_eq(fer_label_find(&env, "", &label, &err), FER_ENOTFOUND);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("field", NULL, NULL);

    tcase_add_test(tests, fields_have_names);
    tcase_add_test(tests, labels_are_found);
    return cases_run();
}
