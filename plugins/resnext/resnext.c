/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNeXt (Xie, Girshick, Dollar, Tu, He 2017) with torchvision's names of weights, and with the spatial attention of
 * Woo, Park, Lee, Kweon (2018) before it, as Ruan, Han, Sun, Chen, Li (2022) use it.
 */
#include "../emit.h"

enum { STEM_IMAGENET, STEM_SMALL };
static const char *const stems[] = { "imagenet", "small", NULL };
enum { PLACE_INPUT, PLACE_STEM };
static const char *const places[] = { "input", "stem", NULL };

struct resnext {
    int depth, groups, group_width, width, classes, stem, channels, place;
};
#define COMMON_PARAMS                                                                                                  \
    FER_PARAM_INT(struct resnext, depth, "50", 50, 152, "50, 101 or 152 layers"),                                      \
        FER_PARAM_INT(struct resnext, groups, "32", 1, 1024, "groups of the 3x3 convolutions: the cardinality"),       \
        FER_PARAM_INT(struct resnext, group_width, "4", 1, 1024,                                                       \
                      "channels of each group in the first stage; the others have 2, 4 and 8 times as many"),          \
        FER_PARAM_INT(struct resnext, width, "64", 1, 4096, "a quarter of the channels that leave the first stage"),   \
        FER_PARAM_INT(struct resnext, classes, "1000", 1, 1000000, "logits"),                                          \
        FER_PARAM_ENUM(struct resnext, stem, "imagenet", stems,                                                        \
                       "imagenet: 7x7 with stride 2; small: 3x3 with stride 1 for pictures of about 48 pixels"),       \
        FER_PARAM_INT(struct resnext, channels, "0", 0, 1024, "channels that the picture must have; 0: any")
static const struct fer_param *const resnext_params[] = { COMMON_PARAMS, NULL };
static const struct fer_param *const attention_params[] = {
    COMMON_PARAMS,
    FER_PARAM_ENUM(struct resnext, place, "input", places,
                   "what the attention weighs: the picture, or what leaves the stem"),
    NULL
};

/* Blocks in each stage; NULL for a depth that there is not. */
static const int *blocks_of(int depth)
{
    static const struct {
        int depth, blocks[4];
    } nets[] = { { 50, { 3, 4, 6, 3 } }, { 101, { 3, 4, 23, 3 } }, { 152, { 3, 8, 36, 3 } } };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if (nets[i].depth == depth)
            return nets[i].blocks;
    return NULL;
}

#define INIT " bias=no init=kaiming_normal_fan_out"

static void write_blocks(const struct resnext *params, struct fer_text *text)
{
    fer_text_add(text,
                 "block residual(x; w, out, stride = 1) -> h {\n"
                 "  h = x\n"
                 "    | conv1: conv2d $w kernel=1" INIT " | bn1: batchnorm | relu\n"
                 "    | conv2: conv2d $w kernel=3 stride=$stride pad=1 groups=%d" INIT " | bn2: batchnorm | relu\n"
                 "    | conv3: conv2d $out kernel=1" INIT " | bn3: batchnorm\n"
                 "}\n"
                 "block project(x; out, stride) -> p {\n"
                 "  p = x | 0: conv2d $out kernel=1 stride=$stride" INIT " | 1: batchnorm\n"
                 "}\n"
                 "block same(x; w, out) -> y {\n"
                 "  h = x | residual $w $out\n"
                 "  y = h, x | add | relu\n"
                 "}\n"
                 "block change(x; w, out, stride) -> y {\n"
                 "  h = x | residual $w $out stride=$stride\n"
                 "  p = x | downsample: project $out $stride\n"
                 "  y = h, p | add | relu\n"
                 "}\n",
                 params->groups);
}

/* Where to look: the largest and the mean of the channels, a 7x7 convolution, batch norm, sigmoid. */
static void write_attention(struct fer_text *text)
{
    fer_text_add(text, "block spatial(x) -> y {\n"
                       "  most = x | reduce max axes=[1] keep=yes\n"
                       "  mean = x | reduce mean axes=[1] keep=yes\n"
                       "  gate = most, mean | concat | conv: conv2d 1 kernel=7 pad=3" INIT
                       " | bn: batchnorm | look: sigmoid\n"
                       "  y = x, gate | mul\n"
                       "}\n");
}

static enum fer_status write_net(const struct resnext *params, bool attention, struct fer_text *text,
                                 struct fer_error *err)
{
    const int *blocks = blocks_of(params->depth);
    if (!blocks)
        return fer_fail_argument(err, FER_EINVAL, "depth", "depth=%d is none of 50, 101, 152", params->depth);
    fer_text_add(text, "fer 1\n# ResNeXt-%d, %d x %dd%s.\nuse vision, resnext\n", params->depth, params->groups,
                 params->group_width, attention ? " with spatial attention" : "");
    write_blocks(params, text);
    if (attention)
        write_attention(text);
    fer_text_add(text, "net resnext%d(image) -> logits {\n  logits = image\n", params->depth);
    if (params->channels)
        fer_text_add(text, "    | has_channels %d\n", params->channels);
    if (attention && params->place == PLACE_INPUT)
        fer_text_add(text, "    | attention: spatial\n");
    fer_text_add(text, "    | conv1: conv2d %d %s" INIT " | bn1: batchnorm | relu: relu\n", params->width,
                 params->stem == STEM_SMALL ? "kernel=3 stride=1 pad=1" : "kernel=7 stride=2 pad=3");
    if (attention && params->place == PLACE_STEM)
        fer_text_add(text, "    | attention: spatial\n");
    fer_text_add(text, "    | maxpool: maxpool 3 stride=2 pad=1\n");
    for (int stage = 0; stage < 4; stage++) {
        const int inner = params->groups * params->group_width << stage, out = 4 * params->width << stage;
        fer_text_add(text, "    | layer%d: change %d %d %d\n    | layer%d: same %d %d repeat=%d\n", stage + 1, inner,
                     out, stage > 0 ? 2 : 1, stage + 1, inner, out, blocks[stage] - 1);
    }
    fer_text_add(text, "    | avgpool: avgpool global | fc: linear %d\n}\n", params->classes);
    return FER_OK;
}

static enum fer_status resnext_write(const void *params, struct fer_text *text, struct fer_error *err)
{
    return write_net(params, false, text, err);
}

static enum fer_status attention_write(const void *params, struct fer_text *text, struct fer_error *err)
{
    return write_net(params, true, text, err);
}

/* ---- has_channels: nothing but a check ---- */

struct has_channels {
    int channels;
};
static const struct fer_param *const has_channels_params[] = {
    FER_PARAM_INT(struct has_channels, channels, NULL, 1, 1 << 20, "channels that the input must have"), NULL
};

static enum fer_status has_channels_shape(struct fer_op *op, struct fer_error *err)
{
    const struct has_channels *params = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    if (fer_axis(in, 1) != params->channels)
        return fer_fail_argument(err, FER_ESHAPE, "channels",
                                 "the picture has %d channels, not %d; use `gray` in its data, or another channels=",
                                 fer_axis(in, 1), params->channels);
    fer_op_output(op, 0, in);
    return FER_OK;
}

static const struct fer_layer has_channels = { .size = sizeof(struct fer_layer),
                                               .name = "has_channels",
                                               .help = "passes its input on and refuses another number of channels",
                                               .params = has_channels_params,
                                               .params_size = sizeof(struct has_channels),
                                               .inputs_min = 1,
                                               .inputs_max = 1,
                                               .outputs_min = 1,
                                               .outputs = 1,
                                               .flags = FER_LAYER_VIEW | FER_LAYER_ANY_LAYOUT,
                                               .shape = has_channels_shape };

static const struct fer_model resnext = { .size = sizeof(struct fer_model),
                                          .name = "resnext",
                                          .help =
                                              "residual network with grouped convolutions: ResNeXt-50 32x4d and others",
                                          .params = resnext_params,
                                          .params_size = sizeof(struct resnext),
                                          .write = resnext_write };
static const struct fer_model attention = { .size = sizeof(struct fer_model),
                                            .name = "resnext_attention",
                                            .help = "ResNeXt with spatial attention before it (Ruan et al., 2022)",
                                            .params = attention_params,
                                            .params_size = sizeof(struct resnext),
                                            .write = attention_write };
static const struct fer_model *const models[] = { &resnext, &attention, NULL };
static const struct fer_layer *const layers[] = { &has_channels, NULL };

FER_PLUGIN(resnext){
    FER_PLUGIN_HEAD(resnext), .version = "1.0.0",
    .license = "Apache-2.0",  .help = "ResNeXt, also with spatial attention, with torchvision's weight names",
    .layers = layers,         .models = models
};
