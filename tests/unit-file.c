/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole files: a failed write leaves the old one and nothing beside it, a killed one's rest is removed, links and pipes
 * stay what they are.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "folder.h"

START_TEST(a_failed_write_leaves_the_old_file)
{
    static uint8_t large[1 << 16];
    const struct fer_bytes parts[] = { { "old", 3 }, { large, sizeof(large) } };
    struct rlimit limit;
    struct fer_error err = FER_ERROR_INIT;
    void *bytes;
    size_t size;

    ck_assert_int_eq(fer_file_write_atomic(path, parts, 1, &err), FER_OK);
    /* A file larger than 4 KiB cannot be written: as on a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 4096;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(fer_file_write_atomic(path, parts, 2, &err), FER_EIO);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_int_eq(fer_file_read(path, 100, &bytes, &size, &err), FER_OK);
    ck_assert_uint_eq(size, 3);
    ck_assert_str_eq(bytes, "old");
    free(bytes);
    ck_assert_int_eq(fer_file_read(path, 2, &bytes, &size, &err), FER_EFORMAT);
    ck_assert_int_eq(folder_clear(), 1);
    ck_assert_int_eq(fer_file_write_atomic("/nowhere/at/all", parts, 1, &err), FER_ENOTFOUND);
}
END_TEST

/* Of writers that have died, of that very file, and nothing else. */
START_TEST(leftovers_are_removed)
{
    static const struct {
        const char *name; /* %ld: a process */
        bool dead, stays;
    } files[] = {
        { "kept.%ld-0.tmp", true, false },  { "kept.%ld-12.tmp", true, false }, { "kept.%ld-0.tmp", false, true },
        { "kept.%ld-0.tmp.x", true, true }, { "kept.%ld-.tmp", true, true },    { "kept.%ld.tmp", true, true },
        { "kept.x%ld-0.tmp", true, true },  { "akept.%ld-0.tmp", true, true },  { "kept2.%ld-0.tmp", true, true },

    };
    enum { FILES = sizeof(files) / sizeof(*files) };
    char names[FILES][160];
    const pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    for (int i = 0; i < FILES; i++) {
        char name[64];

        snprintf(name, sizeof(name), files[i].name, (long)(files[i].dead ? child : getpid()));
        snprintf(names[i], sizeof(names[i]), "%s/%s", folder, name);
        fclose(fopen(names[i], "w"));
    }
    fer_file_remove_leftovers(path);
    for (int i = 0; i < FILES; i++)
        ck_assert_msg(access(names[i], F_OK) == (files[i].stays ? 0 : -1), "%s", names[i]);
}
END_TEST

START_TEST(a_write_keeps_links_and_pipes)
{
    const struct fer_bytes part = { "new", 3 };
    struct fer_error err = FER_ERROR_INIT;
    char aside[160], text[8] = "";
    struct stat info;
    void *bytes;
    size_t size;
    int fd;

    snprintf(aside, sizeof(aside), "%s/aside", folder);
    ck_assert_int_eq(fer_file_write_atomic(path, &part, 1, &err), FER_OK);
    ck_assert_int_eq(symlink("kept", aside), 0);
    ck_assert_int_eq(fer_file_write_atomic(aside, &(struct fer_bytes){ "newer", 5 }, 1, &err), FER_OK);
    ck_assert_int_eq(lstat(aside, &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(fer_file_read(path, 100, &bytes, &size, &err), FER_OK);
    ck_assert_str_eq(bytes, "newer");
    free(bytes);
    ck_assert_int_eq(unlink(aside), 0);

    ck_assert_int_eq(mkfifo(aside, 0600), 0);
    fd = open(aside, O_RDWR | O_NONBLOCK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fer_file_write_atomic(aside, &part, 1, &err), FER_OK);
    ck_assert_int_eq(read(fd, text, sizeof(text)), 3);
    ck_assert_str_eq(text, "new");
    close(fd);
    ck_assert_int_eq(lstat(aside, &info), 0);
    ck_assert(S_ISFIFO(info.st_mode));
    ck_assert_int_eq(fer_file_write_atomic(folder, &part, 1, &err), FER_EIO);
    ck_assert_ptr_nonnull(strstr(err.text, "it is a directory"));
    ck_assert_int_eq(folder_clear(), 2);
}
END_TEST

START_TEST(reads_what_has_no_size)
{
    struct fer_error err = FER_ERROR_INIT;
    void *bytes;
    size_t size;

    ck_assert_msg(!fer_file_read("/proc/self/status", 1 << 20, &bytes, &size, &err), "%s", err.text);
    ck_assert_uint_gt(size, 10);
    ck_assert_uint_eq(strlen(bytes), size);
    free(bytes);
}
END_TEST

/* In a folder of pictures, say. */
START_TEST(a_pipe_without_a_writer_is_not_waited_for)
{
    struct fer_error err = FER_ERROR_INIT;
    void *bytes;
    size_t size;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(fer_file_read(path, 100, &bytes, &size, &err), FER_EIO);
    ck_assert_ptr_nonnull(strstr(err.text, "is a pipe that nobody writes to"));
}
END_TEST

static void *write_pipe(void *unused)
{
    const int fd = open(path, O_WRONLY); /* returns when somebody reads */

    (void)unused;
    if (fd >= 0 && write(fd, "from afar", 9) == 9)
        close(fd);
    return NULL;
}

START_TEST(a_pipe_is_read_from_whoever_writes_to_it)
{
    struct fer_error err = FER_ERROR_INIT;
    pthread_t writer;
    void *bytes;
    size_t size;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_pipe, NULL), 0);
    ck_assert_msg(!fer_file_read(path, 100, &bytes, &size, &err), "%s", err.text);
    ck_assert_str_eq(bytes, "from afar");
    free(bytes);
    pthread_join(writer, NULL);
}
END_TEST

START_TEST(folders_of_paths)
{
    static const char *const cases[][2] = {
        { "a/b/c", "a/b" }, { "/c", "/" }, { "c", "." }, { "a/", "a" }, { "", "." }
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *found = fer_path_folder(cases[i][0]);

        ck_assert_str_eq(found, cases[i][1]);
        free(found);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *files = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, files);
    tcase_add_checked_fixture(files, folder_make, folder_remove);
    tcase_add_test(files, a_failed_write_leaves_the_old_file);
    tcase_add_test(files, leftovers_are_removed);
    tcase_add_test(files, a_write_keeps_links_and_pipes);
    tcase_add_test(files, reads_what_has_no_size);
    tcase_add_test(files, a_pipe_without_a_writer_is_not_waited_for);
    tcase_add_test(files, a_pipe_is_read_from_whoever_writes_to_it);
    tcase_add_test(files, folders_of_paths);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
