/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin synthface: a data set of rendered faces.
 */
#include "synthface.h"

static const struct fer_reader *const readers[] = { &synthface_reader, NULL };
static const struct fer_layer *const layers[] = { &synthface_render, NULL };

FER_PLUGIN(synthface){
    FER_PLUGIN_HEAD(synthface), .version = "1.0.0",
    .license = "Apache-2.0",    .help = "A built-in data set of rendered faces",
    .layers = layers,           .readers = readers,
};
