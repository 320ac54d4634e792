/* SPDX-License-Identifier: Apache-2.0 */
#include "mtcnn.h"

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct mtcnn, weights, NULL,
                   "safetensors with the three nets' weights, pnet.conv1.weight and so on"),
    FER_PARAM_INT(struct mtcnn, min_size, "20", 12, 65536, "side of the smallest face that is looked for, in pixels"),
    FER_PARAM_FLOAT(struct mtcnn, factor, "0.709", 0.1, 0.95, "the picture's size from level to level"),
    FER_PARAM_FLOAT(struct mtcnn, proposal, "0.6", 0, 1, "probability from which P-Net's windows are kept"),
    FER_PARAM_FLOAT(struct mtcnn, refine, "0.7", 0, 1, "probability above which R-Net's are"),
    FER_PARAM_FLOAT(struct mtcnn, output, "0.7", 0, 1, "probability above which O-Net's are faces"),
    NULL
};

/* Figure 2 of the paper, with the names of weights that its Caffe and PyTorch versions have.  Their first dense layers
 * take the map column by column. */
static const char text[] =
    "fer 1\n"
    "use vision\n"
    "net pnet(x) -> face, box {\n"
    "  h = x\n"
    "    | conv1: conv2d 10 kernel=3 | prelu1: prelu slopes=channels | maxpool 2 stride=2 ceil=yes\n"
    "    | conv2: conv2d 16 kernel=3 | prelu2: prelu slopes=channels\n"
    "    | conv3: conv2d 32 kernel=3 | prelu3: prelu slopes=channels\n"
    "  face = h | conv4_1: conv2d 2 kernel=1\n"
    "  box  = h | conv4_2: conv2d 4 kernel=1\n"
    "}\n"
    "net rnet(x) -> face, box {\n"
    "  h = x\n"
    "    | conv1: conv2d 28 kernel=3 | prelu1: prelu slopes=channels | maxpool 3 stride=2 ceil=yes\n"
    "    | conv2: conv2d 48 kernel=3 | prelu2: prelu slopes=channels | maxpool 3 stride=2 ceil=yes\n"
    "    | conv3: conv2d 64 kernel=2 | prelu3: prelu slopes=channels\n"
    "    | permute [3, 2, 1] | dense4: linear 128 | prelu4: prelu slopes=channels\n"
    "  face = h | dense5_1: linear 2\n"
    "  box  = h | dense5_2: linear 4\n"
    "}\n"
    "net onet(x) -> face, box, points {\n"
    "  h = x\n"
    "    | conv1: conv2d 32 kernel=3 | prelu1: prelu slopes=channels | maxpool 3 stride=2 ceil=yes\n"
    "    | conv2: conv2d 64 kernel=3 | prelu2: prelu slopes=channels | maxpool 3 stride=2 ceil=yes\n"
    "    | conv3: conv2d 64 kernel=3 | prelu3: prelu slopes=channels | maxpool 2 stride=2 ceil=yes\n"
    "    | conv4: conv2d 128 kernel=2 | prelu4: prelu slopes=channels\n"
    "    | permute [3, 2, 1] | dense5: linear 256 | prelu5: prelu slopes=channels\n"
    "  face   = h | dense6_1: linear 2\n"
    "  box    = h | dense6_2: linear 4\n"
    "  points = h | dense6_3: linear 10\n"
    "}\n";

static enum fer_status mtcnn_open(const void *state_params, void **state, struct fer_error *err)
{
    (void)err;
    *state = (void *)state_params; /* there is nothing else; it is only read */
    return FER_OK;
}

static const char *mtcnn_weights(const void *state)
{
    return ((const struct mtcnn *)state)->weights;
}

static const struct fer_detector mtcnn = {
    .size = sizeof(mtcnn),
    .name = "mtcnn",
    .help = "faces with five landmarks, by a cascade of three networks; the score is a probability",
    .params = params,
    .params_size = sizeof(struct mtcnn),
    .channels = 3,
    .open = mtcnn_open,
    .text = text,
    .weights = mtcnn_weights,
    .search = mtcnn_search,
};
static const struct fer_detector *const detectors[] = { &mtcnn, NULL };

FER_PLUGIN(mtcnn){ FER_PLUGIN_HEAD(mtcnn), .version = "1.0.0", .license = "Apache-2.0",
                   .help = "finds faces and their landmarks with multitask cascaded networks", .detectors = detectors };
