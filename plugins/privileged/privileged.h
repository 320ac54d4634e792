/* SPDX-License-Identifier: Apache-2.0
 *
 * Privileged information (Pan, Wang, Xia 2019): the losses of this plugin.  Output 0 of each is the f32[1] mean over
 * the live batch, output 1 the f32[N] of the samples.
 */
#ifndef FER_PRIVILEGED_H
#define FER_PRIVILEGED_H

#include "../emit.h"

extern const struct fer_layer fer_softmax_mse, fer_loss_inequality, fer_gan_discriminator, fer_gan_generator;

/* Declare both outputs for the batch of input 0. */
void fer_privileged_outputs(struct fer_op *op);

/* Output 0 out of output 1. */
void fer_privileged_mean(struct fer_emit *em);

/* Add the arguments dloss, dsample and `int uses` to a gradient's launch: gradients of both outputs, and which there
 * are. */
void fer_privileged_gradients(struct fer_emit *em, struct fer_launch *launch);

/* A work-group of 64 for each live row of `rows`. */
void fer_privileged_range(struct fer_launch *launch, const struct fer_tensor *rows);

#endif
