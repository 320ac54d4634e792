/* SPDX-License-Identifier: Apache-2.0 */
#include "synthface.h"

const char *const synthface_splits[] = { "train", "valid", "test", NULL };

const struct fer_param *const synthface_params[] = {
    FER_PARAM_INT(struct synthface, count, "2000", 1, 100000000, "pictures"),
    FER_PARAM_INT(struct synthface, size, "48", 16, 2048, "side of the square pictures"),
    FER_PARAM_INT(struct synthface, channels, "3", 1, 3, "3: RGB, 1: gray"),
    FER_PARAM_ENUM(struct synthface, split, "train", synthface_splits,
                   "splits share neither identities nor random numbers"),
    FER_PARAM_INT(struct synthface, classes, "0", 0, 8,
                  "7: the basic expressions, 8: with contempt, 0: the expressions that `labels` names"),
    FER_PARAM_INT(struct synthface, subjects, "500", 1, 1000000, "identities in a split"),
    FER_PARAM_FLOATS(struct synthface, intensity, "[0.4, 1]", 0, 1.2, "weakest and strongest expression"),
    FER_PARAM_FLOAT(struct synthface, jitter, "1", 0, 3, "how much the expression varies beside its intensity"),
    FER_PARAM_FLOAT(struct synthface, pose, "1", 0, 3, "strength of head turns, scale, shift and gaze"),
    FER_PARAM_FLOAT(struct synthface, light, "1", 0, 3, "strength of light from the side and of exposure"),
    FER_PARAM_FLOAT(struct synthface, noise, "1", 0, 3, "strength of sensor noise and blur"),
    FER_PARAM_FLOAT(struct synthface, glasses, "0.12", 0, 1, "fraction of subjects with glasses"),
    FER_PARAM_FLOAT(struct synthface, beard, "0.15", 0, 1, "fraction of subjects with a beard"),
    FER_PARAM_INT(struct synthface, seed, "0", 0, 2147483647,
                  "another data set of the same kind; --seed does not change the pictures"),
    NULL,
};
