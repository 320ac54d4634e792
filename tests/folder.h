/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of its own for each test that writes files: tcase_add_checked_fixture(files, folder_make, folder_remove).
 */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

extern char folder[64], path[128]; /* path: a file in it, which is not there yet */

void folder_make(void);
void folder_remove(void);
/* Remove everything in the folder; how many things that were. */
int folder_clear(void);

#endif
