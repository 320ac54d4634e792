/* SPDX-License-Identifier: Apache-2.0
 *
 * How near a map or a picture is to the one that it should be; over `count` pixels.
 */
#ifndef FER_TRAIN_MEASURE_H
#define FER_TRAIN_MEASURE_H

#include <fer/status.h>

/* A predicted mask against a true one: a pixel is covered in the true one where it is at least 0.5, in the predicted
 * one where it is above a threshold. */
struct fer_overlap {
    long pixels, covered, predicted, both;
    double auc; /* probability that a covered pixel's prediction is above an uncovered one's, ties half: 0.5 is chance;
                   NaN where all are of one kind */
};
enum fer_status fer_overlap_measure(const float *predicted, const float *truth, size_t count, double threshold,
                                    struct fer_overlap *out, struct fer_error *err);
/* Intersection over union; two empty masks agree: 1. */
double fer_overlap_iou(const struct fer_overlap *overlap);
/* What the answers "all is covered" and "nothing is" would have for it. */
double fer_overlap_iou_all(const struct fer_overlap *overlap);
double fer_overlap_iou_none(const struct fer_overlap *overlap);

/* The part of a map's sum that lies where the truth is at least 0.5; values below 0 count as 0.  NaN: there is no sum.
 */
double fer_overlap_share(const float *map, const float *truth, size_t count);

/* Mean of squared differences; that from a flat picture of b's mean (b's variance). */
double fer_mse(const float *a, const float *b, size_t count);
double fer_mse_flat(const float *b, size_t count);
/* Peak signal-to-noise ratio in dB of values in [0, 1]; infinite where mse is 0. */
double fer_psnr(double mse);

/* Grad-CAM (Selvaraju et al. 2017, eq. 1 and 2): relu(sum_k mean(gradient_k) value_k) over planes
 * [channels][pixels] into out[pixels]. */
void fer_grad_cam(const float *value, const float *gradient, int channels, size_t pixels, float *out);

#endif
