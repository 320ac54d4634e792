/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tree_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *item;

    while (dir && (item = readdir(dir))) {
        char below[1024];

        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, item->d_name);
        if (unlink(below))
            tree_remove(below);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}
