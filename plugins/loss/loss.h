/* SPDX-License-Identifier: Apache-2.0
 *
 * What the losses share.  Output 0 of each is the f32[1] mean over the live batch, output 1 the f32[N] of the samples.
 */
#ifndef FER_LOSS_H
#define FER_LOSS_H

#include "../emit.h"

extern const struct fer_layer fer_cross_entropy, fer_bce, fer_mse, fer_l1, fer_contrastive, fer_nt_xent;

/* Declare both outputs and the two saved tensors WEIGHT f32[N] and SHARE f32[1], for a batch like that of `like`. */
enum { FER_LOSS_WEIGHT, FER_LOSS_SHARE, FER_LOSS_SAVED };
enum fer_status fer_loss_shape(struct fer_op *op, const struct fer_shape *like, struct fer_error *err);

/* Output 0, once the losses of the samples are in output 1 and their weights in WEIGHT: sum of losses / sum of weights.
 */
void fer_loss_mean(struct fer_emit *em);

/* f32[N]: the factor of each sample's gradient, from the gradients of both outputs. */
struct fer_tensor *fer_loss_gradient(struct fer_emit *em);

/* A work-group of 64 for each live row of `rows`. */
void fer_loss_range_rows(struct fer_launch *launch, const struct fer_tensor *rows);

/* Refuse input i unless it holds `dtype` in `rank` axes with the batch axis of input 0. */
enum fer_status fer_loss_input(const struct fer_op *op, int i, enum fer_dtype dtype, int rank, const char *what,
                               struct fer_error *err);

#endif
