/* SPDX-License-Identifier: Apache-2.0
 *
 * VGG (Simonyan, Zisserman 2014) with torchvision's names of weights and initialisation.
 */
#include <fer/plugin.h>

struct vgg {
    int depth, width, hidden, pool, classes;
    double dropout;
    bool bn;
};
static const struct fer_param *const vgg_params[] = {
    FER_PARAM_INT(struct vgg, depth, "16", 11, 19, "11, 13, 16 or 19 layers"),
    FER_PARAM_BOOL(struct vgg, bn, "no", "batch norm after each convolution"),
    FER_PARAM_INT(struct vgg, width, "64", 1, 1024,
                  "channels of the first stage; the others have 2, 4, 8 and 8 times as many"),
    FER_PARAM_INT(struct vgg, hidden, "4096", 1, 65536, "features of the two hidden layers of the classifier"),
    FER_PARAM_INT(struct vgg, pool, "7", 1, 64, "rows and columns that the classifier sees"),
    FER_PARAM_FLOAT(struct vgg, dropout, "0.5", 0, 1, "probability of zero in the classifier"),
    FER_PARAM_INT(struct vgg, classes, "1000", 1, 1000000, "logits"),
    NULL
};

/* Convolutions in each stage; NULL for a depth that there is not. */
static const int *stages_of(int depth)
{
    static const struct {
        int depth, stages[5];
    } nets[] = {
        { 11, { 1, 1, 2, 2, 2 } }, { 13, { 2, 2, 2, 2, 2 } }, { 16, { 2, 2, 3, 3, 3 } }, { 19, { 2, 2, 4, 4, 4 } }
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if (nets[i].depth == depth)
            return nets[i].stages;
    return NULL;
}

/* torchvision counts every operation, so that relu and pooling take numbers too. */
static void write_features(const struct vgg *params, const int *stages, struct fer_text *text)
{
    int number = 0;
    fer_text_add(text, "block stack(x) -> h {\n  h = x\n");
    for (int stage = 0; stage < 5; stage++) {
        const int channels = params->width << (stage < 3 ? stage : 3);
        for (int i = 0; i < stages[stage]; i++) {
            fer_text_add(text, "    | %d: conv2d %d kernel=3 pad=1 init=kaiming_normal_fan_out", number++, channels);
            if (params->bn)
                fer_text_add(text, " | %d: batchnorm", number++);
            fer_text_add(text, " | %d: relu\n", number++);
        }
        fer_text_add(text, "    | %d: maxpool 2\n", number++);
    }
    fer_text_add(text, "}\n");
}

static enum fer_status vgg_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct vgg *params = data;
    const int *stages = stages_of(params->depth);
    if (!stages)
        return fer_fail_argument(err, FER_EINVAL, "depth", "depth=%d is none of 11, 13, 16, 19", params->depth);
    fer_text_add(text, "fer 1\n# VGG-%d%s.\nuse vision\n", params->depth, params->bn ? " with batch norm" : "");
    write_features(params, stages, text);
    fer_text_add(text,
                 "block head(x) -> logits {\n"
                 "  logits = x\n"
                 "    | 0: linear %d init=normal std=0.01 | 1: relu | 2: dropout %g\n"
                 "    | 3: linear %d init=normal std=0.01 | 4: relu | 5: dropout %g\n"
                 "    | 6: linear %d init=normal std=0.01\n"
                 "}\n"
                 "net vgg%d(image) -> logits {\n"
                 "  logits = image | features: stack | avgpool: avgpool adaptive=%d | classifier: head\n"
                 "}\n",
                 params->hidden, params->dropout, params->hidden, params->dropout, params->classes, params->depth,
                 params->pool);
    return FER_OK;
}

static const struct fer_model vgg = { .size = sizeof(struct fer_model),
                                      .name = "vgg",
                                      .help = "VGG-11 to 19, with or without batch norm",
                                      .params = vgg_params,
                                      .params_size = sizeof(struct vgg),
                                      .write = vgg_write };
static const struct fer_model *const models[] = { &vgg, NULL };

FER_PLUGIN(vgg){ FER_PLUGIN_HEAD(vgg), .version = "1.0.0", .license = "Apache-2.0",
                 .help = "VGG networks with torchvision's weight names", .models = models };
