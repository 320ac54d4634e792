/* SPDX-License-Identifier: Apache-2.0
 *
 * Residual networks (He, Zhang, Ren, Sun 2015; wide: Zagoruyko, Komodakis 2016; with squeeze and excitation: Hu, Shen,
 * Sun 2018) with torchvision's names of weights, initialisation and place of the stride (the 3x3 convolution of a
 * bottleneck).
 */
#include <fer/plugin.h>
#include <stdio.h>

enum { STEM_IMAGENET, STEM_SMALL };
static const char *const stems[] = { "imagenet", "small", NULL };

struct resnet {
    int depth, width, classes, stem, se;
    bool wide, zero_init;
};
static const struct fer_param *const resnet_params[] = {
    FER_PARAM_INT(struct resnet, depth, NULL, 18, 152, "18, 34, 50, 101 or 152 layers"),
    FER_PARAM_INT(struct resnet, width, "64", 1, 4096,
                  "channels of the first stage; the others have 2, 4 and 8 times as many"),
    FER_PARAM_INT(struct resnet, classes, "1000", 1, 1000000, "logits"),
    FER_PARAM_ENUM(struct resnet, stem, "imagenet", stems,
                   "imagenet: 7x7 with stride 2; small: 3x3 with stride 1 for pictures of about 48 pixels"),
    FER_PARAM_BOOL(struct resnet, wide, "no",
                   "bottlenecks with twice as many inner channels (wide ResNet-50-2, 101-2)"),
    FER_PARAM_INT(struct resnet, se, "0", 0, 1024,
                  "squeeze and excitation at the end of each block (SE-ResNet): the gate sees channels / se; 0: none"),
    FER_PARAM_BOOL(struct resnet, zero_init, "no", "the last batchnorm of each block starts with weights of 0"),
    NULL
};

/* Blocks in each stage; NULL for a depth that He et al. do not have. */
static const int *blocks_of(int depth)
{
    static const struct {
        int depth, blocks[4];
    } nets[] = { { 18, { 2, 2, 2, 2 } },
                 { 34, { 3, 4, 6, 3 } },
                 { 50, { 3, 4, 6, 3 } },
                 { 101, { 3, 4, 23, 3 } },
                 { 152, { 3, 8, 36, 3 } } };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if (nets[i].depth == depth)
            return nets[i].blocks;
    return NULL;
}

#define INIT " bias=no init=kaiming_normal_fan_out"

static void write_blocks(const struct resnet *params, bool bottleneck, struct fer_text *text)
{
    const char *last = params->zero_init ? "batchnorm scale=0" : "batchnorm";
    if (bottleneck) {
        fer_text_add(text,
                     "block residual(x; w, out, stride = 1) -> h {\n"
                     "  h = x\n"
                     "    | conv1: conv2d $w kernel=1" INIT " | bn1: batchnorm | relu\n"
                     "    | conv2: conv2d $w kernel=3 stride=$stride pad=1" INIT " | bn2: batchnorm | relu\n"
                     "    | conv3: conv2d $out kernel=1" INIT " | bn3: %s\n"
                     "}\n",
                     last);
    } else {
        fer_text_add(text,
                     "block residual(x; w, out, stride = 1) -> h {\n"
                     "  h = x\n"
                     "    | conv1: conv2d $w kernel=3 stride=$stride pad=1" INIT " | bn1: batchnorm | relu\n"
                     "    | conv2: conv2d $out kernel=3 pad=1" INIT " | bn2: %s\n"
                     "}\n",
                     last);
    }
    if (params->se) /* section 3.1: squeeze eq. 2, excitation eq. 3, scale eq. 4 */
        fer_text_add(
            text,
            "block gate(x; out, inner) -> y {\n"
            "  s = x | avgpool adaptive=1 | fc1: conv2d $inner kernel=1 | relu | fc2: conv2d $out kernel=1 | sigmoid\n"
            "  y = x, s | mul\n"
            "}\n");
    const char *formal = params->se ? ", inner" : "", *gate = params->se ? " | se: gate $out $inner" : "";
    fer_text_add(text,
                 "block project(x; out, stride) -> p {\n"
                 "  p = x | 0: conv2d $out kernel=1 stride=$stride" INIT " | 1: batchnorm\n"
                 "}\n"
                 "block same(x; w, out%s) -> y {\n"
                 "  h = x | residual $w $out%s\n"
                 "  y = h, x | add | relu\n"
                 "}\n"
                 "block change(x; w, out, stride%s) -> y {\n"
                 "  h = x | residual $w $out stride=$stride%s\n"
                 "  p = x | downsample: project $out $stride\n"
                 "  y = h, p | add | relu\n"
                 "}\n",
                 formal, gate, formal, gate);
}

/* One stage: the first block changes channels or resolution unless both stay, the others keep them. */
static void write_stage(const struct resnet *params, int stage, int blocks, bool bottleneck, struct fer_text *text)
{
    const int planes = params->width << stage, out = bottleneck ? 4 * planes : planes;
    const int inner = bottleneck && params->wide ? 2 * planes : planes;
    char squeezed[16] = "";
    if (params->se)
        snprintf(squeezed, sizeof squeezed, " %d", out / params->se);
    if (stage > 0 || bottleneck) {
        fer_text_add(text, "    | layer%d: change %d %d %d%s\n", stage + 1, inner, out, stage > 0 ? 2 : 1, squeezed);
        blocks--;
    }
    if (blocks > 0)
        fer_text_add(text, "    | layer%d: same %d %d%s repeat=%d\n", stage + 1, inner, out, squeezed, blocks);
}

static enum fer_status resnet_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct resnet *params = data;
    const int *blocks = blocks_of(params->depth);
    const bool bottleneck = params->depth >= 50;
    if (!blocks)
        return fer_fail_argument(err, FER_EINVAL, "depth", "depth=%d is none of 18, 34, 50, 101, 152", params->depth);
    if (params->wide && !bottleneck)
        return fer_fail_argument(err, FER_EINVAL, "wide", "depth=%d has no bottlenecks to widen; use 50 or more",
                                 params->depth);
    if (params->se > (bottleneck ? 4 : 1) * params->width)
        return fer_fail_argument(err, FER_EINVAL, "se", "se=%d leaves no channel of the %d of the first stage",
                                 params->se, (bottleneck ? 4 : 1) * params->width);
    fer_text_add(text, "fer 1\n# %sResNet-%d%s, %d channels wide.\nuse vision\n", params->se ? "SE-" : "",
                 params->depth, params->wide ? " with wide bottlenecks" : "", params->width);
    write_blocks(params, bottleneck, text);
    fer_text_add(text,
                 "net resnet%d(image) -> logits {\n"
                 "  logits = image\n"
                 "    | conv1: conv2d %d %s" INIT " | bn1: batchnorm | relu: relu\n"
                 "    | maxpool: maxpool 3 stride=2 pad=1\n",
                 params->depth, params->width,
                 params->stem == STEM_SMALL ? "kernel=3 stride=1 pad=1" : "kernel=7 stride=2 pad=3");
    for (int stage = 0; stage < 4; stage++)
        write_stage(params, stage, blocks[stage], bottleneck, text);
    fer_text_add(text, "    | avgpool: avgpool global | fc: linear %d\n}\n", params->classes);
    return FER_OK;
}

static const struct fer_model resnet = { .size = sizeof(struct fer_model),
                                         .name = "resnet",
                                         .help = "residual network: ResNet-18 to 152, wide ones and SE-ResNets",
                                         .params = resnet_params,
                                         .params_size = sizeof(struct resnet),
                                         .write = resnet_write };
static const struct fer_model *const models[] = { &resnet, NULL };

FER_PLUGIN(resnet){ FER_PLUGIN_HEAD(resnet), .version = "1.0.0", .license = "Apache-2.0",
                    .help = "residual networks with torchvision's weight names", .models = models };
