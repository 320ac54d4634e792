/* SPDX-License-Identifier: Apache-2.0
 *
 * AlexNet as Krizhevsky (2014: One weird trick) has it, with torchvision's names of weights and initialisation.
 */
#include <fer/plugin.h>

enum { STEM_IMAGENET, STEM_SMALL };
static const char *const stems[] = { "imagenet", "small", NULL };

struct alexnet {
    int width, hidden, pool, classes, stem;
    double dropout;
};
static const struct fer_param *const alexnet_params[] = {
    FER_PARAM_INT(struct alexnet, width, "64", 1, 1024,
                  "channels of the first convolution; the others have 3, 6, 4 and 4 times as many"),
    FER_PARAM_INT(struct alexnet, hidden, "4096", 1, 65536, "features of the two hidden layers of the classifier"),
    FER_PARAM_INT(struct alexnet, pool, "6", 1, 64, "rows and columns that the classifier sees"),
    FER_PARAM_FLOAT(struct alexnet, dropout, "0.5", 0, 1, "probability of zero in the classifier"),
    FER_PARAM_INT(struct alexnet, classes, "1000", 1, 1000000, "logits"),
    FER_PARAM_ENUM(struct alexnet, stem, "imagenet", stems,
                   "imagenet: 11x11 with stride 4; small: 5x5 with stride 1 for pictures of about 48 pixels"),
    NULL
};

static enum fer_status alexnet_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct alexnet *params = data;
    const int w = params->width;
    (void)err;
    fer_text_add(text,
                 "fer 1\n# AlexNet.\nuse vision\n"
                 "block stack(x) -> h {\n"
                 "  h = x\n"
                 "    | 0: conv2d %d %s | 1: relu | 2: maxpool 3 stride=2\n"
                 "    | 3: conv2d %d kernel=5 pad=2 | 4: relu | 5: maxpool 3 stride=2\n"
                 "    | 6: conv2d %d kernel=3 pad=1 | 7: relu\n"
                 "    | 8: conv2d %d kernel=3 pad=1 | 9: relu\n"
                 "    | 10: conv2d %d kernel=3 pad=1 | 11: relu | 12: maxpool 3 stride=2\n"
                 "}\n",
                 w, params->stem == STEM_SMALL ? "kernel=5 pad=2" : "kernel=11 stride=4 pad=2", 3 * w, 6 * w, 4 * w,
                 4 * w);
    fer_text_add(text,
                 "block head(x) -> logits {\n"
                 "  logits = x\n"
                 "    | 0: dropout %g | 1: linear %d | 2: relu\n"
                 "    | 3: dropout %g | 4: linear %d | 5: relu\n"
                 "    | 6: linear %d\n"
                 "}\n"
                 "net alexnet(image) -> logits {\n"
                 "  logits = image | features: stack | avgpool: avgpool adaptive=%d | classifier: head\n"
                 "}\n",
                 params->dropout, params->hidden, params->dropout, params->hidden, params->classes, params->pool);
    return FER_OK;
}

static const struct fer_model alexnet = { .size = sizeof(struct fer_model),
                                          .name = "alexnet",
                                          .help = "AlexNet in one column",
                                          .params = alexnet_params,
                                          .params_size = sizeof(struct alexnet),
                                          .write = alexnet_write };
static const struct fer_model *const models[] = { &alexnet, NULL };

FER_PLUGIN(alexnet){ FER_PLUGIN_HEAD(alexnet), .version = "1.0.0", .license = "Apache-2.0",
                     .help = "AlexNet with torchvision's weight names", .models = models };
