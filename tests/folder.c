/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include "tree.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char folder[64], path[128];

void folder_make(void)
{
    strcpy(folder, "/tmp/fer-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/kept", folder);
}

int folder_clear(void)
{
    DIR *dir = opendir(folder);
    struct dirent *item;
    int count = 0;

    while ((item = readdir(dir))) {
        char name[512];

        if (item->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", folder, item->d_name);
        unlink(name);
        count++;
    }
    closedir(dir);
    return count;
}

void folder_remove(void)
{
    tree_remove(folder);
}

const char *in_folder(const char *name)
{
    static char full[256];

    snprintf(full, sizeof(full), "%s/%s", folder, name);
    return full;
}

void folder_write(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}
