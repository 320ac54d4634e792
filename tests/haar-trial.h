/* SPDX-License-Identifier: Apache-2.0
 *
 * A file with a cascade, a context to open its finder in, and pictures.
 */
#ifndef TESTS_HAAR_TRIAL_H
#define TESTS_HAAR_TRIAL_H

#include <check.h>
#include <fer/detect.h>

extern char path[64]; /* of the cascade */
extern struct fer_error err;
extern struct fer_context *context;

void haar_set_up(void);
void haar_take_down(void);
/* Open the context under a profile. */
void haar_open(const char *profile);

void write_cascade(const char *text, size_t size);
/* The finder haar with the cascade and more arguments, NULL-terminated. */
enum fer_status open_finder(const char *const *arguments, struct fer_finder **finder);
/* Blocks of 5 pixels of random brightness with some noise; a flat corner. */
struct fer_image make_picture(int width, int height, uint32_t seed);

#endif
