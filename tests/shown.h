/* SPDX-License-Identifier: Apache-2.0
 *
 * A data set of a description, run through its device operations as in a test: every field that it names, for all
 * samples.
 */
#ifndef FER_TESTS_SHOWN_H
#define FER_TESTS_SHOWN_H

#include <fer/tensor.h>

#define SHOWN_FIELDS 16
struct shown_field {
    const char *name;
    struct fer_shape shape; /* dim[0] is the number of samples */
    float *values;
};
struct shown {
    int count;
    uint32_t *id;
    struct shown_field fields[SHOWN_FIELDS];
    int nfields;
    int channels, height, width; /* of the field image */
    struct fer_arena *arena;     /* of all of it */
};

/* The data set called d of a description that is given as text; paths are relative to `dir`.  Memory is poisoned with
 * NaN first.  A failure to compile gives its status and sentence. */
enum fer_status shown_try(struct shown *shown, const char *dir, const char *text, uint64_t seed, struct fer_error *err);
/* The same; a failure fails the test. */
void shown_open(struct shown *shown, const char *dir, const char *text, uint64_t seed);
void shown_close(struct shown *shown);
/* All values of a field, sample after sample; a test fails when there is none. */
const float *shown_values(const struct shown *shown, const char *field);
/* Those of one sample. */
const float *shown_row(const struct shown *shown, const char *field, int sample);

#endif
