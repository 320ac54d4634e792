/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory of a batch, and samples put into its rows.
 */
#ifndef FER_DATA_BATCH_H
#define FER_DATA_BATCH_H

#include "data/pipeline.h"

/* All arrays that info->filled names, zeroed.  Free it also after a failure. */
enum fer_status fer_batch_create(struct fer_batch *batch, const struct fer_pipeline_info *info, int capacity,
                                 struct fer_error *err);
void fer_batch_free(struct fer_batch *batch);

/* Put a sample into a row; rows are independent of one another.  Errors say what does not fit `info`. */
enum fer_status fer_batch_put(struct fer_batch *batch, const struct fer_pipeline_info *info, int row,
                              const struct fer_sample *sample, struct fer_error *err);
/* The second half of a pair. */
enum fer_status fer_batch_put_partner(struct fer_batch *batch, const struct fer_pipeline_info *info, int row,
                                      const struct fer_sample *partner, int label, int label2, struct fer_error *err);

#endif
