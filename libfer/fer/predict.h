/* SPDX-License-Identifier: Apache-2.0
 *
 * Using a trained checkpoint on pictures.  See fer/context.h for ownership and threads.
 */
#ifndef FER_PREDICT_H
#define FER_PREDICT_H

#include <fer/context.h>
#include <fer/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A checkpoint's predict block, compiled for a device.  Belongs to its context and is closed before it. */
struct fer_predictor;

/* How a picture is brought to the port's size when its sides have another ratio. */
enum fer_fit {
    FER_FIT_CROP,   /* the largest centred piece of the right ratio */
    FER_FIT_STRETCH /* all of it */
};

/* What the predictor is: pointers live as long as it does. */
struct fer_predictor_info {
    const char *name; /* of the predict block */
    int channels, height,
        width;   /* of its port; pictures are brought there: decoded, fitted, resized, gray if channels is 1 */
    int classes; /* length of an answer */
    const char *const *labels; /* [classes]; "0", "1", … when the checkpoint names none */
    int capacity;              /* pictures in one call, at most */
};

/* Read a checkpoint.  name: the predict block; NULL: the first.
 * Errors: FER_ENOTFOUND, FER_EFORMAT (no checkpoint), FER_ESHAPE (it does not take one picture), … */
FER_API enum fer_status fer_predictor_open(struct fer_context *context, const char *checkpoint, const char *name,
                                           struct fer_predictor **out, struct fer_error *err);
/* The predictor and its info are gone; the context stays.  NULL is fine. */
FER_API void fer_predictor_close(struct fer_predictor *predictor);
/* Lives as long as the predictor. */
FER_API const struct fer_predictor_info *fer_predictor_info(const struct fer_predictor *predictor);

/* Answers for `count` (1 … capacity) pictures of 1, 3 or 4 channels and any size, into answers[count][classes].
 * A picture's answer does not depend on the others in the call, nor on how many they are: not in one bit. */
FER_API enum fer_status fer_predictor_run(struct fer_predictor *predictor, const struct fer_image *images, int count,
                                          enum fer_fit fit, float *answers, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
