/* SPDX-License-Identifier: Apache-2.0
 *
 * ffra_fusion: the two modules of FFRA-Net (Chen, Liu, Zhao, Ji 2023) and what joins them, as text.
 */
#include "ffra.h"

enum { WEIGHTED, CONCAT, ADD };
static const char *const modes[] = { "weighted", "concat", "add", NULL };
enum { GLOBAL, LOCAL };
static const char *const branches[] = { "global", "local", NULL };

struct fusion {
    int channels, groups, parts, sa_groups, mode;
    double lambda;
    struct fer_ints use;
};
static const struct fer_param *const fusion_params[] = {
    FER_PARAM_INT(struct fusion, channels, "256", 1, 65536, "channels of the map that comes in, and goes out"),
    FER_PARAM_INT(struct fusion, groups, "4", 1, 16, "groups of channels of the multi-scale module"),
    FER_PARAM_INT(struct fusion, parts, "4", 1, 15, "spatial parts of the local attention module"),
    FER_PARAM_INT(struct fusion, sa_groups, "8", 1, 4096, "groups of the shuffle attention"),
    FER_PARAM_FLOAT(struct fusion, lambda, "0.6", 0, 1, "weight of the local branch with mode=weighted"),
    FER_PARAM_ENUM(
        struct fusion, mode, "weighted", modes,
        "weighted: lambda local + (1 - lambda) global; concat: both through a 1x1 convolution; add: their sum"),
    FER_PARAM(FER_TYPE_ENUMS, struct fusion, use, "use", "[global, local]", 0, 0, branches,
              "the branches that there are; one alone is added with weight 1, none leaves the map as it is"),
    NULL
};

static bool uses(const struct fusion *params, int branch)
{
    for (int i = 0; i < params->use.count; i++)
        if (params->use.items[i] == branch)
            return true;
    return false;
}

#define INIT " bias=no init=kaiming_normal_fan_out"

/* Eq. 1: y_1 = U(x_1), y_i = U(x_i + y_(i-1)) over groups of channels, U a 3x3 convolution of its own. */
static void write_global(const struct fusion *params, struct fer_text *text)
{
    const int each = params->channels / params->groups;
    fer_text_add(text, "block multi_scale(x) -> y {\n");
    for (int i = 0; i < params->groups; i++) {
        fer_text_add(text, "  x%d = x | slice %d %d\n", i, i * each, (i + 1) * each);
        if (i > 0)
            fer_text_add(text, "  s%d = x%d, y%d | add\n", i, i, i - 1);
        fer_text_add(text, "  y%d = %c%d | %d: unit %d\n", i, i > 0 ? 's' : 'x', i, i, each);
    }
    fer_text_add(text, "  y = y0");
    for (int i = 1; i < params->groups; i++)
        fer_text_add(text, ", y%d", i);
    fer_text_add(text, " | concat\n}\n");
}

/* Eq. 4: after a 3x3 convolution z_1 = A(p_1), z_i = A(p_i + z_(i-1)) over spatial parts, each with weights of its own.
 */
static void write_local(const struct fusion *params, struct fer_text *text)
{
    fer_text_add(text,
                 "block attend(x) -> y { y = x | conv: unit %d | sa: shuffle_attention %d }\n"
                 "block local_attention(x) -> y {\n"
                 "  h = x | conv: unit %d\n",
                 params->channels, params->sa_groups, params->channels);
    for (int i = 0; i < params->parts; i++) {
        fer_text_add(text, "  p%d = h | part %d of=%d\n", i, i, params->parts);
        if (i > 0)
            fer_text_add(text, "  s%d = p%d, z%d | add\n", i, i, i - 1);
        fer_text_add(text, "  z%d = %c%d | %d: attend\n", i, i > 0 ? 's' : 'p', i, i);
    }
    fer_text_add(text, "  y = ");
    for (int i = 0; i < params->parts; i++)
        fer_text_add(text, "z%d, ", i);
    fer_text_add(text, "h | assemble\n}\n");
}

/* Eq. 5 and its alternatives; the map itself is added to whatever there is. */
static void write_join(const struct fusion *params, bool global, bool local, struct fer_text *text)
{
    if (!global || !local) {
        fer_text_add(text, "  y = %s | add\n", global ? "g, x" : "l, x");
    } else if (params->mode == WEIGHTED) {
        fer_text_add(text, "  lw = l | scale %.9g\n  gw = g | scale %.9g\n  y = lw, gw, x | add\n", params->lambda,
                     1 - params->lambda);
    } else if (params->mode == CONCAT) {
        fer_text_add(text,
                     "  both = l, g | concat | join: conv2d %d kernel=1" INIT
                     " | join_bn: batchnorm\n  y = both, x | add\n",
                     params->channels);
    } else {
        fer_text_add(text, "  y = l, g, x | add\n");
    }
}

static enum fer_status fusion_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct fusion *params = data;
    const bool global = uses(params, GLOBAL), local = uses(params, LOCAL);
    if (global && params->channels % params->groups)
        return fer_fail_argument(err, FER_EINVAL, "groups", "%d channels do not divide into %d groups",
                                 params->channels, params->groups);
    if (local && params->channels % (2 * params->sa_groups))
        return fer_fail_argument(err, FER_EINVAL, "sa_groups", "%d channels do not divide into %d groups of two halves",
                                 params->channels, params->sa_groups);
    fer_text_add(text, "fer 1\n# The modules of FFRA-Net.\nuse vision, ffra\n");
    if (global || local)
        fer_text_add(text, "block unit(x; w) -> y { y = x | conv: conv2d $w kernel=3 pad=1" INIT
                           " | bn: batchnorm | relu }\n");
    if (global)
        write_global(params, text);
    if (local)
        write_local(params, text);
    fer_text_add(text, "net ffra_fusion(x) -> y {\n");
    if (global)
        fer_text_add(text, "  g = x | global: multi_scale\n");
    if (local)
        fer_text_add(text, "  l = x | local: local_attention\n");
    if (global || local)
        write_join(params, global, local, text);
    else
        fer_text_add(text, "  y = x | scale 1\n");
    fer_text_add(text, "}\n");
    return FER_OK;
}

static const struct fer_model fusion = {
    .size = sizeof(struct fer_model),
    .name = "ffra_fusion",
    .help = "multi-scale and local attention modules between two stages of a network, and their fusion",
    .params = fusion_params,
    .params_size = sizeof(struct fusion),
    .write = fusion_write
};
static const struct fer_model *const models[] = { &fusion, NULL };
static const struct fer_layer *const layers[] = { &fer_shuffle_attention, &fer_part, &fer_assemble, NULL };

FER_PLUGIN(ffra){ FER_PLUGIN_HEAD(ffra),   .version = "1.0.0",
                  .license = "Apache-2.0", .help = "the modules of FFRA-Net (Chen, Liu, Zhao, Ji 2023)",
                  .layers = layers,        .models = models };
