/* SPDX-License-Identifier: Apache-2.0
 *
 * Data sets that number or vote on fixed expressions, under the names that a description gives them.
 */
#ifndef DATA_EXPRESSION_H
#define DATA_EXPRESSION_H

#include "catalog.h"

enum expression { NEUTRAL, HAPPY, SURPRISE, SAD, ANGRY, DISGUST, FEAR, CONTEMPT, EXPRESSIONS };

/* Find the description's label for each of `expressions`, whatever its form (happy, happiness); -1 where it has none.
 * Without labels in the description these are numbered in the given order. */
enum fer_status expression_labels(struct catalog *catalog, const enum expression *expressions, int count, int *label,
                                  struct fer_error *err);
/* FER_ENOTFOUND: the description has no label for it. */
enum fer_status expression_fail(enum expression expression, struct fer_error *err);

#endif
