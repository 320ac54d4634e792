/* SPDX-License-Identifier: Apache-2.0
 *
 * MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen 2018) with torchvision's names of weights and initialisation, and
 * its activation.
 */
#include "../emit.h"

#include "relu6_cl.h"

/* ---- relu6 ---- */

static void relu6(struct fer_emit *em, const char *kernel, struct fer_tensor *x, struct fer_tensor *dy,
                  struct fer_tensor *out)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_relu6_cl, kernel, "-DFER_LANES=%d", fer_lanes(out));
    fer_launch_in(launch, "x", x);
    if (dy)
        fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "out", out);
    fer_launch_cells(em, launch, out, fer_row_cells(out), 512);
}

static enum fer_status relu6_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    relu6(em, "relu6", fer_emit_input(em, 0), NULL, fer_emit_output(em, 0));
    return FER_OK;
}

/* The output says as well as the input where it was held. */
static enum fer_status relu6_backward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    if (fer_emit_grad_input(em, 0))
        relu6(em, "relu6_grad", fer_emit_output(em, 0), fer_emit_grad_output(em, 0), fer_emit_grad_input(em, 0));
    return FER_OK;
}

static const struct fer_layer relu6_layer = { .size = sizeof(struct fer_layer),
                                              .name = "relu6",
                                              .help = "x held in [0, 6]",
                                              .inputs_min = 1,
                                              .inputs_max = 1,
                                              .outputs_min = 1,
                                              .outputs = 1,
                                              .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE,
                                              .shape = fer_shape_same,
                                              .forward = relu6_forward,
                                              .backward = relu6_backward,
                                              .activation = FER_ACTIVATION_RELU6 };

/* ---- mobilenet_v2 ---- */

enum { STEM_IMAGENET, STEM_SMALL };
static const char *const stems[] = { "imagenet", "small", NULL };

struct mobilenet {
    double width, dropout;
    int classes, stem;
};
static const struct fer_param *const mobilenet_params[] = {
    FER_PARAM_FLOAT(struct mobilenet, width, "1", 0.1, 8,
                    "factor of all channels, which are rounded to multiples of 8"),
    FER_PARAM_FLOAT(struct mobilenet, dropout, "0.2", 0, 1, "probability of zero before the classifier"),
    FER_PARAM_INT(struct mobilenet, classes, "1000", 1, 1000000, "logits"),
    FER_PARAM_ENUM(struct mobilenet, stem, "imagenet", stems,
                   "imagenet: the first convolution has stride 2; small: stride 1 for pictures of about 48 pixels"),
    NULL
};

/* The multiple of 8 next to `channels`, at least 8 and never more than a tenth below. */
static int rounded(double channels)
{
    int near = (int)(channels + 4) / 8 * 8;
    near = near < 8 ? 8 : near;
    return near < 0.9 * channels ? near + 8 : near;
}

#define INIT " bias=no init=kaiming_normal_fan_out"

static void write_blocks(struct fer_text *text)
{
    fer_text_add(text,
                 "block unit(x; w, kernel = 1, stride = 1, groups = 1, pad = 0) -> y {\n"
                 "  y = x | 0: conv2d $w kernel=$kernel stride=$stride pad=$pad groups=$groups" INIT
                 " | 1: batchnorm | relu6\n"
                 "}\n"
                 "block thin(x; w, out) -> y {\n" /* no expansion: the first block alone */
                 "  y = x | 0: unit $w kernel=3 pad=1 groups=$w | 1: conv2d $out kernel=1" INIT " | 2: batchnorm\n"
                 "}\n"
                 "block bottleneck(x; w, out, stride) -> y {\n"
                 "  y = x | 0: unit $w | 1: unit $w kernel=3 stride=$stride pad=1 groups=$w\n"
                 "    | 2: conv2d $out kernel=1" INIT " | 3: batchnorm\n"
                 "}\n"
                 "block first(x; w, out) -> y { y = x | conv: thin $w $out }\n"
                 "block change(x; w, out, stride) -> y { y = x | conv: bottleneck $w $out $stride }\n"
                 "block same(x; w, out) -> y {\n"
                 "  h = x | conv: bottleneck $w $out 1\n"
                 "  y = h, x | add\n"
                 "}\n");
}

static enum fer_status mobilenet_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    /* Table 2 of the paper: expansion, channels, blocks, stride of the first. */
    static const struct {
        int expand, channels, blocks, stride;
    } stages[] = { { 6, 24, 2, 2 }, { 6, 32, 3, 2 },  { 6, 64, 4, 2 },
                   { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 } };
    const struct mobilenet *params = data;
    const int stem = rounded(32 * params->width), last = rounded(1280 * (params->width > 1 ? params->width : 1));
    int channels = rounded(16 * params->width), number = 2;
    (void)err;
    fer_text_add(text, "fer 1\n# MobileNetV2, %g times as wide.\nuse vision, mobilenet_v2\n", params->width);
    write_blocks(text);
    fer_text_add(text,
                 "block stack(x) -> h {\n  h = x\n    | 0: unit %d kernel=3 stride=%d pad=1\n    | 1: first %d %d\n",
                 stem, params->stem == STEM_SMALL ? 1 : 2, stem, channels);
    for (size_t s = 0; s < sizeof stages / sizeof stages[0]; s++) {
        const int out = rounded(stages[s].channels * params->width);
        for (int i = 0; i < stages[s].blocks; i++, channels = out) {
            const int stride = i == 0 ? stages[s].stride : 1;
            if (stride == 1 && channels == out)
                fer_text_add(text, "    | %d: same %d %d\n", number++, stages[s].expand * channels, out);
            else
                fer_text_add(text, "    | %d: change %d %d %d\n", number++, stages[s].expand * channels, out, stride);
        }
    }
    fer_text_add(text,
                 "    | %d: unit %d\n}\n"
                 "block head(x) -> logits { logits = x | 0: dropout %g | 1: linear %d init=normal std=0.01 }\n"
                 "net mobilenet_v2(image) -> logits {\n"
                 "  logits = image | features: stack | avgpool: avgpool global | classifier: head\n"
                 "}\n",
                 number, last, params->dropout, params->classes);
    return FER_OK;
}

static const struct fer_model mobilenet = { .size = sizeof(struct fer_model),
                                            .name = "mobilenet_v2",
                                            .help = "MobileNetV2",
                                            .params = mobilenet_params,
                                            .params_size = sizeof(struct mobilenet),
                                            .write = mobilenet_write };
static const struct fer_model *const models[] = { &mobilenet, NULL };
static const struct fer_layer *const layers[] = { &relu6_layer, NULL };

FER_PLUGIN(mobilenet_v2){ FER_PLUGIN_HEAD(mobilenet_v2),
                          .version = "1.0.0",
                          .license = "Apache-2.0",
                          .help = "MobileNetV2 with torchvision's weight names",
                          .layers = layers,
                          .models = models };
