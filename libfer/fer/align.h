/* SPDX-License-Identifier: Apache-2.0
 *
 * Turning, scaling and moving a picture until a face's landmarks lie where they always should.  Everything here is
 * thread safe.
 */
#ifndef FER_ALIGN_H
#define FER_ALIGN_H

#include <fer/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x' = a x - b y + dx, y' = b x + a y + dy */
struct fer_similarity {
    double a, b, dx, dy;
};

/* The similarity that brings from[i] nearest to to[i], in the sum of squared distances (Umeyama: Least-squares
 * estimation of transformation parameters between two point patterns, IEEE TPAMI 1991; without reflections).
 * FER_EINVAL: coordinates that are not finite, or points (in either list) that all lie in one place, as none and one
 * do; then *out is undefined. */
FER_API enum fer_status fer_similarity_fit(const double (*from)[2], const double (*to)[2], int count,
                                           struct fer_similarity *out, struct fer_error *err);
/* Where (x, y) comes to. */
FER_API void fer_similarity_apply(const struct fer_similarity *map, double x, double y, double out[2]);

/* The centres of the eyes (left in the picture first), the tip of the nose and the corners of the mouth (likewise) of
 * an aligned face that fills a square of `size` pixels.  The places are those of 112 x 112 pictures that face
 * recognition uses since SphereFace (Liu et al. 2017) and ArcFace (Deng et al. 2019).  margin: added on every side of
 * that square, as a share of it; > -0.5. */
FER_API void fer_face_points(double size, double margin, double points[5][2]);

/* Those five of a face's landmarks: of 5 in that order, or of the 68 of iBUG 300-W, whose eyes are the means of six.
 * FER_EINVAL: another number of landmarks, or some that are not finite. */
FER_API enum fer_status fer_face_five(int count, const float (*landmark)[2], double points[5][2],
                                      struct fer_error *err);

/* The similarity that brings a face's landmarks (5 or 68, as fer_face_five takes them) to the places that
 * fer_face_points gives a square of `size` pixels.  Errors: those of fer_face_five and fer_similarity_fit. */
FER_API enum fer_status fer_face_align(int count, const float (*landmark)[2], double size, double margin,
                                       struct fer_similarity *out, struct fer_error *err);

/* A picture of width x height whose pixel (x', y') shows the place (x, y) of `in` that `map` brings there: bilinear,
 * averaged over as many places as the picture shrinks by; the outermost pixels go on beyond the edges.  Coordinates are
 * those of struct fer_sample.  *out is the caller's.  Errors: FER_EINVAL (a map that cannot be turned round),
 * FER_ENOMEM. */
FER_API enum fer_status fer_image_warp(struct fer_image *out, const struct fer_image *in,
                                       const struct fer_similarity *map, int width, int height, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
