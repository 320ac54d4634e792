/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding faces in whole pictures with a detector of a plugin.  See fer/context.h for ownership and threads.
 */
#ifndef FER_DETECT_H
#define FER_DETECT_H

#include <fer/context.h>
#include <fer/data.h>
#include <fer/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A detector with its models, and the programs that it has needed so far.  Belongs to its context, closed before it. */
struct fer_finder;

/* detector: "haar" or "plugin.haar".  arguments: "name=value" for its parameters, NULL-terminated; NULL: none.
 * Errors: FER_ENOTFOUND (no such detector, a missing file), FER_EINVAL, FER_EFORMAT, … */
FER_API enum fer_status fer_finder_open(struct fer_context *context, const char *detector, const char *const *arguments,
                                        struct fer_finder **out, struct fer_error *err);
/* NULL is fine. */
FER_API void fer_finder_close(struct fer_finder *finder);

/* Faces in a picture of 1, 3 or 4 channels, into a malloc'ed *boxes that the caller frees: in the picture's pixels,
 * clipped to it, the largest first.  No face is no error: *count is 0.  A picture with a side over 4096 pixels is
 * searched at that size, and parameters that are in pixels mean that picture's. */
FER_API enum fer_status fer_finder_run(struct fer_finder *finder, const struct fer_image *image, struct fer_box **boxes,
                                       int *count, struct fer_error *err);

/* A copy of the box, each side of it moved out by `margin` (>= 0) times the box's own width or height and the result
 * clipped to the picture.  Errors: FER_EINVAL (nothing of the box lies in the picture), FER_ENOMEM. */
FER_API enum fer_status fer_box_crop(struct fer_image *out, const struct fer_image *image, const struct fer_box *box,
                                     double margin, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
