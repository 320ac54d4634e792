/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of measurements: what is refused, what is found in it, and who writes it at the same time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "run/tuning.h"
#include "tune-trial.h"

#define HEAD "fer tune 1\n"
#define KEY "cpu\t3.1\tf32\tinfer\tconv2d forward\t8x3x4x4\t"
#define GOOD KEY "0123456789abcdef\tdirect chunk=96\t1.5\t1.08\n"

static const struct hostile {
    const char *text, *says; /* line and what is wrong */
} hostiles[] = {
    { "fer tune 2\n", ":1: the line is not 'fer tune 1'" },
    { GOOD, ":1: the line is not 'fer tune 1'" },
    { HEAD "cpu\n", ":2: the line does not have ten fields" },
    { HEAD "\n# said\n" KEY "0123456789abcdef\tdirect\t1.5\n", ":4: the line does not have ten fields" },
    { HEAD KEY "0123456789abcdef\tdirect\t1.5\t1\tmore\n", ":2: the line has more than ten fields" },
    { HEAD KEY "0123456789abcdef\t\t1.5\t1\n", ":2: the line has an empty field" },
    { HEAD KEY "0123456789abcde\tdirect\t1.5\t1\n", ":2: the line has a hash of kernels" },
    { HEAD KEY "0123456789abcdeg\tdirect\t1.5\t1\n", ":2: the line has a hash of kernels" },
    { HEAD "cpu\t3.1\tf32\teval\tw\ts\t0123456789abcdef\td\t1\t1\n", ":2: the line has a mode, field 4" },
    { HEAD KEY "0123456789abcdef\tdirect chunk\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\tdirect chunk=\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\tdirect chunk=9999999999\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\tdirect  chunk=9\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\tdirect \t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\t../direct\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\t.direct\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\tplugin.\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\ta.b.c\t1.5\t1\n", ":2: the line has a solution" },
    { HEAD KEY "0123456789abcdef\tdirect\tnan\t1\n", ":2: the line has a time or a gain" },
    { HEAD KEY "0123456789abcdef\tdirect\t1.5\t-1\n", ":2: the line has a time or a gain" },
    { HEAD KEY "0123456789abcdef\tdirect\t1e999\t1\n", ":2: the line has a time or a gain" },
    { HEAD KEY "0123456789abcdef\tdirect\t1.5\t1\r\n", ":2: the line has a control character" },
    { HEAD "c\033pu\t3.1\tf32\tinfer\tw\ts\t0123456789abcdef\td\t1\t1\n", ":2: the line has a control character" },
    { HEAD GOOD GOOD, ":3: the line has the key of an earlier one" },
};

START_TEST(malformed_files_are_refused_by_line)
{
    const struct hostile *h = &hostiles[_i];
    struct fer_tuning *tuning;

    tune_write(h->text, strlen(h->text));
    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_EFORMAT);
    ck_assert_ptr_null(tuning);
    ck_assert_msg(strstr(err.text, tune_file) && strstr(err.text, h->says), "'%s' is not in '%s'", h->says, err.text);
    ck_assert_msg(!strchr(err.text, '\n') && !strchr(err.text, '\033'), "%s", err.text);
}
END_TEST

START_TEST(long_fields_and_zero_bytes_are_refused)
{
    char text[1024] = HEAD, field[300];
    struct fer_tuning *tuning;

    memset(field, 'x', sizeof field - 1);
    field[sizeof field - 1] = '\0';
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s\t3.1\tf32\tinfer\tw\ts\t0123456789abcdef\td\t1\t1\n",
             field);
    tune_write(text, strlen(text));
    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, ":2: the line has a field of more than 255 characters"));
    tune_write("fer tune 1\n\0\n", 13);
    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "has a zero byte"));
}
END_TEST

static struct fer_tuned line_of(const char *device, const char *shape, uint64_t kernels, const char *solution)
{
    struct fer_tuned line = { .kernels = kernels, .solution = solution, .ms = 2.25, .gain = 1.5 };

    line.device = device;
    line.driver = "3.1";
    line.type = "f32";
    line.mode = "infer";
    line.work = "conv2d forward";
    line.shape = shape;
    return line;
}

START_TEST(lines_are_found_by_their_whole_key)
{
    struct fer_tuned key = line_of("cpu", "8x3x4x4", 0x0123456789abcdef, NULL);
    const struct fer_tuned *line;
    struct fer_tuning *tuning;
    const char *why;

    tune_write(HEAD "# a remark\n\n" GOOD, strlen(HEAD "# a remark\n\n" GOOD));
    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_OK);
    ck_assert_int_eq(fer_tuning_count(tuning), 1);
    line = fer_tuning_find(tuning, &key, &why);
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line->solution, "direct chunk=96");
    ck_assert_double_eq(line->ms, 1.5);
    ck_assert_double_eq(line->gain, 1.08);

    key.kernels++;
    ck_assert_ptr_null(fer_tuning_find(tuning, &key, &why));
    ck_assert_str_eq(why, "kernels");
    key.driver = "4.0";
    ck_assert_ptr_null(fer_tuning_find(tuning, &key, &why));
    ck_assert_str_eq(why, "driver");
    key.device = "gpu";
    ck_assert_ptr_null(fer_tuning_find(tuning, &key, &why));
    ck_assert_str_eq(why, "device");
    key.shape = "8x3x4x5";
    ck_assert_ptr_null(fer_tuning_find(tuning, &key, &why));
    ck_assert_ptr_null(why);
    fer_tuning_free(tuning);
}
END_TEST

START_TEST(what_is_put_in_is_read_back_and_the_rest_stays)
{
    struct fer_tuned a = line_of("cpu\tof\nmine", "a", 1, "direct"), b = line_of("cpu", "b", 2, "winograd form=1");
    struct fer_tuned read = line_of("cpu of mine", "a", 1, NULL);
    struct fer_tuning *one, *two, *three;
    char temporary[PATH_MAX + 8];
    struct stat before, after;

    ck_assert_int_eq(fer_tuning_open(tune_file, &one, &err), FER_OK); /* there is none yet */
    ck_assert_int_eq(fer_tuning_count(one), 0);
    ck_assert_int_eq(fer_tuning_open(tune_file, &two, &err), FER_OK);
    ck_assert_msg(fer_tuning_put(one, &a, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(stat(tune_file, &before), 0);
    ck_assert_msg(fer_tuning_put(two, &b, &err) == FER_OK, "%s", err.text); /* knew nothing of the first */
    ck_assert_int_eq(stat(tune_file, &after), 0);
    ck_assert_msg(before.st_ino != after.st_ino, "the file was written over, not replaced");
    b.solution = "direct";
    b.ms = 1;
    ck_assert_int_eq(fer_tuning_put(one, &b, &err), FER_OK); /* in the place of the old */

    ck_assert_int_eq(fer_tuning_open(tune_file, &three, &err), FER_OK);
    ck_assert_int_eq(fer_tuning_count(three), 2);
    ck_assert_str_eq(fer_tuning_find(three, &read, NULL)->solution, "direct"); /* tab and newline have become blanks */
    ck_assert_str_eq(fer_tuning_find(three, &b, NULL)->solution, "direct");
    ck_assert_double_eq(fer_tuning_find(three, &b, NULL)->ms, 1);
    ck_assert_double_eq(fer_tuning_find(three, &b, NULL)->gain, 1.5);

    /* a file that somebody has spoilt is not replaced */
    tune_write("mine\n", 5);
    ck_assert_int_eq(fer_tuning_put(three, &a, &err), FER_EFORMAT);
    ck_assert_str_eq(tune_read(), "mine\n");
    snprintf(temporary, sizeof temporary, "ls %s | wc -l | grep -qx 3", tune_folder);
    ck_assert_int_eq(system(temporary), 0); /* the plugin, the file and its lock, nothing left behind */
    fer_tuning_free(one);
    fer_tuning_free(two);
    fer_tuning_free(three);
}
END_TEST

enum { WRITERS = 4, LINES = 8 };

static void write_lines(int writer)
{
    struct fer_tuning *tuning;
    char shape[32];

    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_OK);
    for (int i = 0; i < LINES; i++) {
        struct fer_tuned line = line_of("cpu", shape, 1, "direct");

        snprintf(shape, sizeof shape, "%d of %d", i, writer);
        if (fer_tuning_put(tuning, &line, &err) != FER_OK)
            _exit(1);
    }
    fer_tuning_free(tuning);
}

START_TEST(writers_at_once_lose_no_line)
{
    struct fer_tuning *tuning;
    int gate[2], status;
    char byte;

    ck_assert_int_eq(pipe(gate), 0);
    for (int w = 0; w < WRITERS; w++) {
        const pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid > 0)
            continue;
        close(gate[1]);
        ck_assert_int_eq(read(gate[0], &byte, 1), 0); /* until all are there */
        write_lines(w);
        _exit(0);
    }
    close(gate[0]);
    close(gate[1]);
    for (int w = 0; w < WRITERS; w++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_OK);
    ck_assert_int_eq(fer_tuning_count(tuning), WRITERS * LINES);
    fer_tuning_free(tuning);
}
END_TEST

START_TEST(where_nothing_can_be_locked_it_goes_on)
{
    char path[PATH_MAX + 8];
    struct fer_tuning *tuning;

    snprintf(path, sizeof path, "%s.lock", tune_file);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    write_lines(0);
    ck_assert_int_eq(fer_tuning_open(tune_file, &tuning, &err), FER_OK);
    ck_assert_int_eq(fer_tuning_count(tuning), LINES);
    fer_tuning_free(tuning);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("file", tune_set_up, tune_tear_down);

    tcase_add_loop_test(tests, malformed_files_are_refused_by_line, 0, (int)(sizeof hostiles / sizeof hostiles[0]));
    tcase_add_test(tests, long_fields_and_zero_bytes_are_refused);
    tcase_add_test(tests, lines_are_found_by_their_whole_key);
    tcase_add_test(tests, what_is_put_in_is_read_back_and_the_rest_stays);
    tcase_add_test(tests, writers_at_once_lose_no_line);
    tcase_add_test(tests, where_nothing_can_be_locked_it_goes_on);
    return cases_run();
}
