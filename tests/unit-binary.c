/* SPDX-License-Identifier: Apache-2.0
 *
 * Binaries of programs on disk.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "environment.h"
#include "run/build.h"
#include "run/device.h"
#include "says.h"
#include "tree.h"

static const char *const good = "__kernel void twice(FER_INOUT(x))\n{\n    DATA(x)[get_global_id(0)] *= FACTOR;\n}\n";
static const char *const x_float = "#define FER_TYPE_x float\n#define FER_LAYOUT_x FER_PLAIN\n";

static char cache_folder[64];
static struct fer_error err;

static void binary_set_up(void)
{
    static const char *const names[] = { "XDG_CACHE_HOME", "HOME", "POCL_CACHE_DIR", "FER_CACHE", NULL };
    char pocl[128];

    environment_keep(names);
    err = (struct fer_error)FER_ERROR_INIT;
    snprintf(cache_folder, sizeof(cache_folder), "/tmp/fer-cache-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(cache_folder));
    snprintf(pocl, sizeof(pocl), "%s/pocl", cache_folder);
    setenv("XDG_CACHE_HOME", cache_folder, 1);
    setenv("POCL_CACHE_DIR", pocl, 1);
    setenv("FER_CACHE", "on", 1);
}

static void binary_take_down(void)
{
    tree_remove(cache_folder);
    environment_restore();
}

/* The only file of the cache: its path. */
static int cached_files(char *path, size_t size)
{
    char folder[128];
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    snprintf(folder, sizeof(folder), "%s/libfer", cache_folder);
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, size, "%.100s/%.100s", folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* Open a device, build, and say how many programs were compiled rather than loaded. */
static int compiled_afresh(void)
{
    struct fer_device *fresh;
    cl_program program;
    int compiled;

    ck_assert_fer(fer_device_open(NULL, &fresh, &err), err);
    ck_assert_fer(fer_device_program(fresh, x_float, good, "-DFACTOR=2", NULL, &program, &err), err);
    compiled = fer_program_cache_compiled(fresh->cache);
    fer_device_close(fresh);
    return compiled;
}

START_TEST(a_binary_is_loaded_and_not_built_again)
{
    char path[256];

    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(cached_files(path, sizeof(path)), 1);
    ck_assert_int_eq(compiled_afresh(), 0);
    setenv("FER_CACHE", "off", 1);
    ck_assert_int_eq(compiled_afresh(), 1);
}
END_TEST

/* Whatever is in the file: cut, changed, of no length, or not a file. */
START_TEST(a_damaged_binary_is_built_again)
{
    static const char garbage[] = "this is no binary";
    struct stat info;
    char path[256];
    int fd;

    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(cached_files(path, sizeof(path)), 1);
    ck_assert_int_eq(stat(path, &info), 0);
    for (int kind = 0; kind < 4; kind++) {
        fd = open(path, O_RDWR);
        ck_assert_int_ge(fd, 0);
        if (kind == 0)
            ck_assert_int_eq(ftruncate(fd, info.st_size / 2), 0);
        else if (kind == 1)
            ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), info.st_size / 2), sizeof(garbage));
        else if (kind == 2)
            ck_assert_int_eq(ftruncate(fd, 0), 0);
        else
            ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
        close(fd);
        ck_assert_int_eq(compiled_afresh(), 1);
        ck_assert_int_eq(compiled_afresh(), 0);
    }
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(without_a_folder_all_is_built_and_nothing_written)
{
    char path[256];

    setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
    ck_assert_int_eq(compiled_afresh(), 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", "/proc/nowhere", 1);
    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(access("relative", F_OK), -1);
    ck_assert_int_eq(cached_files(path, sizeof(path)), 0);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("binary", binary_set_up, binary_take_down);

    tcase_add_test(tests, a_binary_is_loaded_and_not_built_again);
    tcase_add_test(tests, a_damaged_binary_is_built_again);
    tcase_add_test(tests, without_a_folder_all_is_built_and_nothing_written);
    return cases_run();
}
