/* SPDX-License-Identifier: Apache-2.0 */
#include "haar.h"

#include <stdlib.h>

static const struct fer_param *const haar_params[] = {
    FER_PARAM_PATH(struct haar_params, cascade, "/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml",
                   "OpenCV's XML of a Haar cascade, of the present or the older format"),
    FER_PARAM_FLOAT(struct haar_params, scale_factor, "1.1", 1.01, 10, "the windows' size from level to level"),
    FER_PARAM_INT(struct haar_params, min_neighbors, "3", 0, 1000,
                  "a face needs more windows than this around it; 0: every window is one"),
    FER_PARAM_INT(struct haar_params, min_size, "0", 0, 65536, "smallest side of a face in pixels"),
    FER_PARAM_INT(struct haar_params, max_size, "0", 0, 65536, "largest side of a face in pixels; 0: the picture's"),
    NULL
};

static enum fer_status haar_open(const void *params, void **state, struct fer_error *err)
{
    struct haar *haar = calloc(1, sizeof(*haar));
    enum fer_status status = haar ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    if (status)
        return status;
    haar->params = params;
    status = cascade_read(&haar->cascade, haar->params->cascade, err);
    if (status == FER_ENOTFOUND)
        status =
            fer_fail_argument(err, status, "cascade",
                              "there is no cascade %s; Debian's package opencv-data has some, or give cascade=FILE",
                              haar->params->cascade);
    if (status) {
        free(haar);
        return status;
    }
    *state = haar;
    return FER_OK;
}

static void haar_close(void *state)
{
    struct haar *haar = state;
    cascade_free(&haar->cascade);
    free(haar);
}

static const struct fer_detector haar = {
    .size = sizeof(haar),
    .name = "haar",
    .help =
        "faces, eyes or what else a Haar cascade was trained for; boxes without landmarks, the score counts windows",
    .params = haar_params,
    .params_size = sizeof(struct haar_params),
    .channels = 1,
    .open = haar_open,
    .close = haar_close,
    .shape = haar_shape,
    .emit = haar_emit,
    .prepare = haar_prepare,
    .find = haar_find,
};
static const struct fer_detector *const detectors[] = { &haar, NULL };
static const struct fer_layer *const layers[] = { &haar_find_eyes, NULL };

FER_PLUGIN(haar){
    FER_PLUGIN_HEAD(haar),   .version = "1.0.0",
    .license = "Apache-2.0", .help = "finds faces with OpenCV's Haar cascades",
    .layers = layers,        .detectors = detectors,
};
