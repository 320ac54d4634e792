/* SPDX-License-Identifier: Apache-2.0 */
#include "tune-trial.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char tune_folder[] = "/tmp/fer-tune-XXXXXX";
char tune_file[PATH_MAX];
struct fer_error err;

void tune_set_up(void)
{
    char from[PATH_MAX], to[PATH_MAX], whole[PATH_MAX];
    const char *top = getenv("top_builddir");

    strcpy(tune_folder + strlen(tune_folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tune_folder));
    snprintf(from, sizeof from, "%s/tests/broken/toysolve.so", top ? top : ".");
    snprintf(to, sizeof to, "%s/toysolve.so", tune_folder);
    ck_assert_msg(realpath(from, whole) != NULL, "%s is not built", from);
    ck_assert_int_eq(symlink(whole, to), 0);
    snprintf(tune_file, sizeof tune_file, "%s/tune.txt", tune_folder);
    err = (struct fer_error)FER_ERROR_INIT;
}

void tune_tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", tune_folder);
    ck_assert_int_eq(system(command), 0);
}

void tune_write(const char *text, size_t size)
{
    FILE *out = fopen(tune_file, "w");

    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(text, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

char *tune_read(void)
{
    static char text[65536];
    FILE *in = fopen(tune_file, "r");
    size_t size;

    ck_assert_ptr_nonnull(in);
    size = fread(text, 1, sizeof text - 1, in);
    text[size] = '\0';
    fclose(in);
    return text;
}
