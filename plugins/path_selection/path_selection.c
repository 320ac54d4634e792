/* SPDX-License-Identifier: Apache-2.0 */
#include "path_selection.h"

static const struct fer_layer *const layers[] = { &fer_choose, &fer_ensemble, &fer_route, NULL };
static const struct fer_dispatch *const dispatches[] = { &fer_route_dispatch, NULL };

FER_PLUGIN(path_selection){ FER_PLUGIN_HEAD(path_selection),
                            .version = "1.0.0",
                            .license = "Apache-2.0",
                            .help = "joining the networks of path selection (Ruan, Han, Sun, Chen, Li 2022)",
                            .layers = layers,
                            .dispatches = dispatches };
