/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of its own for each test that writes files: tcase_add_checked_fixture(files, folder_make, folder_remove).
 */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

extern char folder[64], path[128]; /* path: a file in it, which is not there yet */

void folder_make(void);
void folder_remove(void);
/* Remove the files in the folder; how many that were. */
int folder_clear(void);
/* The path of a name in the folder, valid until the next call. */
const char *in_folder(const char *name);
void folder_write(const char *name, const char *text);

#endif
