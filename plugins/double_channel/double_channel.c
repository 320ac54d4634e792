/* SPDX-License-Identifier: Apache-2.0
 *
 * occlusion_adaptive, pair_similarity: the modules of the double-channel network (Tang, Xiang, Wei 2021) as text.
 */
#include "double_channel.h"

enum { ZERO, SOFT };
static const char *const aboves[] = { "zero", "soft", NULL };
enum { SPATIAL, CHANNEL };
static const char *const products[] = { "spatial", "channel", NULL };
enum { FROM_INPUT, FROM_EARLY };
static const char *const sources[] = { "input", "early", NULL };
enum { MAX, AVERAGE };
static const char *const poolings[] = { "max", "average", NULL };

struct adaptive {
    int channels, out, regions, above, product, mask_from, pooling;
    double threshold;
};
static const struct fer_param *const adaptive_params[] = {
    FER_PARAM_INT(struct adaptive, channels, "512", 1, 65536, "channels of the branches"),
    FER_PARAM_INT(struct adaptive, out, "2048", 1, 65536, "channels of the result"),
    FER_PARAM_FLOAT(struct adaptive, threshold, "0.5", 0, 1,
                    "alpha of eq. 4: from which probability on a region is covered"),
    FER_PARAM_ENUM(struct adaptive, above, "zero", aboves,
                   "the gate of covered regions outside of training: zero, or soft: 1 - p"),
    FER_PARAM_ENUM(struct adaptive, product, "spatial", products, "how the branches are multiplied; see cross_product"),
    FER_PARAM_INT(struct adaptive, regions, "0", 0, 64,
                  "rows and columns that the map is resampled to first; 0: as it is"),
    FER_PARAM_ENUM(struct adaptive, mask_from, "input", sources,
                   "what the occlusion is seen in: the input, or early: a second input four times as large"),
    FER_PARAM_ENUM(struct adaptive, pooling, "max", poolings, "the two poolings of the occlusion branch"),
    NULL
};

#define INIT " bias=no init=kaiming_normal_fan_out"

/* O_C, eq. 3: which regions are covered. */
static void write_mask(const struct adaptive *params, struct fer_text *text)
{
    const bool early = params->mask_from == FROM_EARLY;
    const char *pool = params->pooling == MAX ? "maxpool" : "avgpool";
    fer_text_add(text,
                 "  o = %s | o1: unit %d | o2: conv2d 1 kernel=3 pad=1 | %s 3 stride=%d pad=1 | %s 3 stride=%d pad=1\n"
                 "  p = o | sigmoid\n",
                 early             ? "early"
                 : params->regions ? "r"
                                   : "x",
                 params->channels, pool, early ? 2 : 1, pool, early ? 2 : 1);
}

static enum fer_status adaptive_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct adaptive *params = data;
    const char *map = params->regions ? "r" : "x";
    (void)err;
    fer_text_add(text,
                 "fer 1\n# The occlusion-adaptive module.\nuse vision, double_channel\n"
                 "block unit(x; w, kernel = 1, pad = 0) -> y {\n"
                 "  y = x | conv: conv2d $w kernel=$kernel pad=$pad" INIT " | bn: batchnorm | relu\n"
                 "}\n"
                 "net occlusion_adaptive(x%s) -> y, p {\n",
                 params->mask_from == FROM_EARLY ? ", early" : "");
    if (params->regions)
        fer_text_add(text, "  r = x | resize [%d, %d]\n", params->regions, params->regions);
    fer_text_add(text,
                 "  a = %s | a1: unit %d | a2: unit %d kernel=5 pad=2\n"
                 "  b = %s | b1: unit %d | b2: unit %d kernel=3 pad=1\n"
                 "  f = a, b | cross_product mode=%s | join: unit %d\n",
                 map, params->channels, params->channels, map, params->channels, params->channels,
                 products[params->product], params->out);
    write_mask(params, text);
    fer_text_add(text, "  m = f, p | gate %.9g above=%s\n  y = m, f | add\n}\n", params->threshold,
                 aboves[params->above]);
    return FER_OK;
}

struct similarity {
    bool bias;
};
static const struct fer_param *const similarity_params[] = {
    FER_PARAM_BOOL(struct similarity, bias, "no", "add a bias, which eq. 9 has not"), NULL
};

/* Eq. 9 with the squared differences of which eq. 8 takes the sum. */
static enum fer_status similarity_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct similarity *params = data;
    (void)err;
    fer_text_add(text,
                 "fer 1\n# How alike two features are.\nuse vision\n"
                 "net pair_similarity(a, b) -> s {\n"
                 "  d = a, b | sub\n"
                 "  q = d, d | mul\n"
                 "  s = q | alpha: linear 1 bias=%s | sigmoid\n"
                 "}\n",
                 params->bias ? "yes" : "no");
    return FER_OK;
}

static const struct fer_model adaptive = {
    .size = sizeof(struct fer_model),
    .name = "occlusion_adaptive",
    .help = "geometry-aware branches, perception of occlusion and the gate; gives the map and the probabilities",
    .params = adaptive_params,
    .params_size = sizeof(struct adaptive),
    .write = adaptive_write
};
static const struct fer_model similarity = { .size = sizeof(struct fer_model),
                                             .name = "pair_similarity",
                                             .help =
                                                 "the sigmoid of a weighted sum of squared differences of two features",
                                             .params = similarity_params,
                                             .params_size = sizeof(struct similarity),
                                             .write = similarity_write };
static const struct fer_model *const models[] = { &adaptive, &similarity, NULL };
static const struct fer_layer *const layers[] = { &fer_cross_product, &fer_gate, &fer_same_label, NULL };

FER_PLUGIN(double_channel){ FER_PLUGIN_HEAD(double_channel),
                            .version = "1.0.0",
                            .license = "Apache-2.0",
                            .help = "the modules of the double-channel network (Tang, Xiang, Wei 2021)",
                            .layers = layers,
                            .models = models };
