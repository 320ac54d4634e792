/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of measurements in a folder of its own, beside a plugin with solvers that are wrong on purpose
 * (broken/toysolve).
 */
#ifndef FER_TESTS_TUNE_TRIAL_H
#define FER_TESTS_TUNE_TRIAL_H

#include <fer/fer.h>
#include <limits.h>

extern char tune_folder[], tune_file[PATH_MAX]; /* the file is not there yet */
extern struct fer_error err;

void tune_set_up(void);
void tune_tear_down(void);
void tune_write(const char *text, size_t size);
/* What is in the file, valid until the next call. */
char *tune_read(void);

#endif
