/* SPDX-License-Identifier: Apache-2.0
 *
 * What the metrics share.
 */
#ifndef FER_METRIC_H
#define FER_METRIC_H

#include "../emit.h"

extern const struct fer_metric fer_accuracy, fer_mean_accuracy, fer_recall, fer_f1, fer_confusion, fer_average;

/* Refuse inputs but probabilities or logits f32[N, K] and labels i32[N]. */
enum fer_status fer_metric_inputs(struct fer_op *op, struct fer_error *err);
/* A counter of count.cl. */
double fer_metric_count(const float *counter);

#endif
