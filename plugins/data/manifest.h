/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DATA_MANIFEST_H
#define DATA_MANIFEST_H

#include "catalog.h"

/* Add the samples of a CSV file; also used for the references of `pairs`.  `numbers` is a numbering of expression.h. */
enum fer_status manifest_read(struct catalog *catalog, const char *path, bool labels, int numbers,
                              struct fer_error *err);

#endif
