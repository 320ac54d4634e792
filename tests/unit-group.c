/* SPDX-License-Identifier: Apache-2.0
 *
 * What processes do together: ordered means, gathering, sharing; and what happens when one of them ends.
 */
#include "pipes.h"
#include "train/group.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A check in a forked process: the exit status is its line. */
#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "unit-group.c:%d: %s (%s)\n", __LINE__, #condition, err.text);                             \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

static void all_pass(int size, pipes_run *run, void *user)
{
    int results[8];

    pipes_fork(size, run, user, results);
    for (int r = 0; r < size; r++)
        ck_assert_msg(results[r] == 0, "rank %d of %d ended with %d", r, size, results[r]);
}

/* What rank r has: sizes far apart, so that the order of a sum shows in its last bits. */
static float number(int rank, size_t i)
{
    const float large = (float)((i * 2654435761u >> 7) % 2000) - 1000.0f;

    return rank % 2 ? large * 1e-4f : large * 1.37f + (float)rank * 0.11f;
}

/* ---- means ---- */

static const size_t counts[] = { 1, 2, 5, 64, 1000, 200003 };
enum { COUNTS = sizeof(counts) / sizeof(*counts) };

static bool is_mean(const float *data, size_t count, int size)
{
    for (size_t i = 0; i < count; i++) {
        float sum = 0;

        for (int r = 0; r < size; r++)
            sum += number(r, i);
        sum *= 1.0f / (float)size;
        if (memcmp(&data[i], &sum, sizeof(sum)) != 0)
            return false;
    }
    return true;
}

/* All under way at once, and polled from the last to the first. */
static int means(struct fer_group *group, void *user)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_mean *mean[COUNTS];
    float *data[COUNTS];
    const int rank = fer_group_rank(group), size = fer_group_size(group);

    (void)user;
    for (int k = 0; k < COUNTS; k++) {
        data[k] = calloc(counts[k], sizeof(float));
        NEED(fer_mean_create(group, counts[k], &mean[k], &err) == FER_OK);
        for (size_t i = 0; i < counts[k]; i++)
            data[k][i] = number(rank, i);
    }
    for (int round = 0; round < 2; round++) {
        int left = COUNTS;

        for (int k = 0; k < COUNTS; k++) {
            for (size_t i = 0; i < counts[k]; i++)
                data[k][i] = number(rank, i);
            NEED(fer_mean_start(mean[k], data[k], counts[k], &err) == FER_OK);
        }
        NEED(fer_mean_start(mean[0], data[0], 1, &err) == FER_EINVAL || size == 1);
        for (unsigned turn = 0; left > 0; turn++) {
            left = 0;
            for (int k = COUNTS - 1; k >= 0; k--) {
                bool done;

                NEED(fer_mean_poll(mean[k], &done, &err) == FER_OK);
                left += !done;
            }
            NEED(fer_group_idle(group, turn, &err) == FER_OK);
        }
        for (int k = 0; k < COUNTS; k++)
            NEED(size == 1 ? data[k][0] == number(0, 0) : is_mean(data[k], counts[k], size));
    }
    for (int k = 0; k < COUNTS; k++) {
        fer_mean_free(mean[k]);
        fer_group_dispose(group, data[k]);
    }
    return 0;
}

START_TEST(ordered_means)
{
    all_pass(_i, means, NULL);
}
END_TEST

/* ---- small things ---- */

static int together(struct fer_group *group, void *user)
{
    struct fer_error err = FER_ERROR_INIT;
    const int rank = fer_group_rank(group), size = fer_group_size(group);
    int32_t own[2] = { rank, 100 + rank }, all[16];
    double numbers[2] = { rank, 0.1 * rank }, sum = 0;
    char *text = rank == 0 ? strdup("from rank 0") : NULL, *none = rank == 0 ? NULL : text;
    const size_t large = (size_t)40 << 20;
    unsigned char *bytes = malloc(large);

    (void)user;
    NEED(fer_group_place(group) == rank && fer_group_leads(group) == (rank == 0) &&
         fer_group_shared(group) == (size > 1));
    NEED(fer_group_gather(group, own, sizeof(own), all, &err) == FER_OK);
    for (int r = 0; r < size; r++)
        NEED(all[2 * r] == r && all[2 * r + 1] == 100 + r);
    NEED(fer_group_mean(group, numbers, 2, &err) == FER_OK);
    for (int r = 0; r < size; r++)
        sum += 0.1 * r;
    NEED(numbers[0] == 0.5 * (size - 1) && numbers[1] == sum / size);
    NEED(fer_group_share_text(group, &text, &err) == FER_OK && strcmp(text, "from rank 0") == 0);
    NEED(fer_group_share_text(group, &none, &err) == FER_OK && !none);
    memset(bytes, rank == 0 ? 7 : 0, large); /* more than one message, more than a socket holds */
    NEED(fer_group_share(group, bytes, large, &err) == FER_OK);
    for (size_t i = 0; i < large; i++)
        NEED(bytes[i] == 7);
    NEED(fer_group_meet(group, &err) == FER_OK);
    free(text);
    free(bytes);
    return 0;
}

START_TEST(gather_and_share)
{
    all_pass(_i, together, NULL);
}
END_TEST

START_TEST(alone)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_group *group;
    double number_ = 3;

    unsetenv("OMPI_COMM_WORLD_SIZE");
    ck_assert_int_eq(fer_group_join(&group, &err), FER_OK);
    ck_assert_int_eq(fer_group_size(group), 1);
    ck_assert_int_eq(fer_group_mean(group, &number_, 1, &err), FER_OK);
    ck_assert(number_ == 3 && fer_group_leads(group) && !fer_group_shared(group));
    fer_group_part(group, &err);
    fer_group_free(group);
    ck_assert(fer_group_leads(NULL) && !fer_group_shared(NULL));
    ck_assert_int_eq(fer_group_mean(NULL, &number_, 1, &err), FER_OK);
    ck_assert_int_eq(fer_group_meet(NULL, &err), FER_OK);
}
END_TEST

#ifndef HAVE_MPI
START_TEST(launched_without_mpi)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_group *group;

    setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
    ck_assert_int_eq(fer_group_join(&group, &err), FER_ENOTSUP);
    ck_assert_ptr_nonnull(strstr(err.text, "--with-mpi"));
    setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
    ck_assert_int_eq(fer_group_join(&group, &err), FER_OK);
    fer_group_free(group);
}
END_TEST
#endif

/* ---- ends ---- */

/* The last rank fails by itself while the others wait in a mean, and all hear why. */
static int one_fails(struct fer_group *group, void *user)
{
    struct fer_error err = FER_ERROR_INIT;
    const int rank = fer_group_rank(group), size = fer_group_size(group);
    const size_t count = 300000;
    struct fer_mean *mean;
    float *data = calloc(count, sizeof(float));
    double number_ = 1;
    bool done = false;
    enum fer_status status = FER_OK;

    (void)user;
    NEED(fer_mean_create(group, count, &mean, &err) == FER_OK);
    status = fer_group_mean(group, &number_, 1, &err);
    if (rank == size - 1) {
        NEED(status == FER_OK);
        fer_fail(&err, FER_EFORMAT, "picture 17 is corrupt");
    } else {
        if (status == FER_OK) /* else it was told before the first mean had come back */
            status = fer_mean_start(mean, data, count, &err);
        for (unsigned turn = 0; !done && status == FER_OK; turn++) {
            status = fer_mean_poll(mean, &done, &err);
            if (status == FER_OK)
                status = fer_group_idle(group, turn, &err);
        }
        NEED(status == FER_EPEER && strstr(err.text, "picture 17 is corrupt"));
    }
    fer_group_part(group, &err);
    NEED(fer_group_mean(group, &number_, 1, &err) == FER_EPEER);
    fer_mean_free(mean);
    fer_group_dispose(group, data);
    return 0;
}

START_TEST(failure_is_told)
{
    all_pass(_i, one_fails, NULL);
}
END_TEST

/* Rank 1 is killed between two messages: the others notice, and end. */
static int one_dies(struct fer_group *group, void *user)
{
    struct fer_error err = FER_ERROR_INIT;
    double number_ = 1;
    enum fer_status status;

    (void)user;
    status = fer_group_mean(group, &number_, 1, &err);
    if (fer_group_rank(group) == 1)
        raise(SIGKILL);
    if (status == FER_OK) /* else it was noticed before the first mean had come back */
        status = fer_group_mean(group, &number_, 1, &err);
    NEED(status == FER_EPEER);
    NEED(strstr(err.text, "rank 1"));
    fer_group_part(group, &err);
    return 0;
}

START_TEST(death_is_noticed)
{
    int results[8];

    pipes_fork(_i, one_dies, NULL, results);
    for (int r = 0; r < _i; r++)
        ck_assert_int_eq(results[r], r == 1 ? 128 + SIGKILL : 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group");
    TCase *tcase = tcase_create("group");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tcase, ordered_means, 1, 5);
    tcase_add_loop_test(tcase, gather_and_share, 1, 4);
    tcase_add_test(tcase, alone);
#ifndef HAVE_MPI
    tcase_add_test(tcase, launched_without_mpi);
#endif
    tcase_add_loop_test(tcase, failure_is_told, 2, 5);
    tcase_add_loop_test(tcase, death_is_noticed, 2, 5);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
