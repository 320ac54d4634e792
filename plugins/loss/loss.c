/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of the plugin `loss`.
 */
#include "loss.h"

static const struct fer_layer *const layers[] = { &fer_cross_entropy, &fer_bce,     &fer_mse, &fer_l1,
                                                  &fer_contrastive,   &fer_nt_xent, NULL };

FER_PLUGIN(loss){ FER_PLUGIN_HEAD(loss), .version = "1.0.0", .license = "Apache-2.0",
                  .help = "losses, each with the values of its samples as a second output", .layers = layers };
