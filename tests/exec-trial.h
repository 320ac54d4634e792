/* SPDX-License-Identifier: Apache-2.0
 *
 * The executor on a program made by hand, whose segment `segment` is filled, started and run by the test.
 */
#ifndef FER_TESTS_EXEC_TRIAL_H
#define FER_TESTS_EXEC_TRIAL_H

#include "device-trial.h"
#include "toy.h"

extern struct fer_program *program; /* for batches of up to 4, with an empty prepare segment and another */
extern struct fer_segment *segment;
extern struct fer_exec *executor;

void exec_set_up(void);
void exec_take_down(void);

/* An input, and a tensor that the host reads. */
struct fer_tensor *input(const char *name, int batch, const int dims[FER_MAX_RANK]);
struct fer_tensor *kept(const char *name, int batch, const int dims[FER_MAX_RANK]);
/* y = a x + b over rows of `row` elements. */
struct fer_launch *add_axpy(struct fer_tensor *x, struct fer_tensor *y, float a, int b, size_t row);
/* total[0] += x[0]. */
void add_count(struct fer_tensor *total, struct fer_tensor *x);

/* Plan the program and make its executor; or see it refused, which the error says. */
void start(bool poison);
void refuse(enum fer_status status);
void run(void);
void write_floats(const struct fer_tensor *tensor, const float *values, size_t count);
void read_floats(const struct fer_tensor *tensor, float *values, size_t count);

#endif
