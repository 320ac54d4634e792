/* SPDX-License-Identifier: Apache-2.0
 *
 * Single values in NumPy's file format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 */
#ifndef DATA_NPY_H
#define DATA_NPY_H

#include <fer/status.h>

/* The first element of an array: an integer of 1 to 8 bytes or a float of 4 or 8, little-endian, or a string of digits
 * (as np.save("3") writes it: '<U1' or '|S1').  Errors name the file. */
enum fer_status npy_number(const char *path, double *number, struct fer_error *err);

#endif
