/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps of numbers as pictures for people, side by side in strips:
 *
 *     | panel | panel | panel |      all of one size, white lines of FER_PANEL_GAP pixels between them
 */
#ifndef FER_DATA_PANEL_H
#define FER_DATA_PANEL_H

#include <fer/data.h>

#define FER_PANEL_GAP 2

/* Planes of numbers: values[channels][height][width]. */
struct fer_map {
    const float *values;
    int channels, height, width;
};

/* Bilinear, the centre of the first pixel at 0.5, the border's values beyond it (as PyTorch's interpolate with
 * align_corners=False), into out[channels][height][width]. */
void fer_map_resize(const struct fer_map *map, int height, int width, float *out);
/* Least and largest value; what is not finite does not count; 0 and 0 when nothing does. */
void fer_map_range(const struct fer_map *map, float *low, float *high);
/* One plane [height][width]: the plane itself, or the mean of absolute values over the channels. */
void fer_map_flatten(const struct fer_map *map, float *out);

/* A strip of panels as it is filled: RGB. */
struct fer_strip {
    struct fer_image image;
    int height, width; /* of what is shown; a panel is zoom times as large */
    int zoom, panels;  /* so far */
};
/* All white.  FER_EINVAL: too large for a picture. */
enum fer_status fer_strip_create(struct fer_strip *strip, int panels, int height, int width, int zoom,
                                 struct fer_error *err);
void fer_strip_free(struct fer_strip *strip); /* zeroed is fine */
/* The next panel; all are [height][width], pictures [channels of 1 or 3] in [0, 1], maps one plane in [0, 1]: what is
 * outside is cut off. */
void fer_strip_picture(struct fer_strip *strip, const float *picture, int channels);
void fer_strip_gray(struct fer_strip *strip, const float *map);
/* The map as light over the picture in gray: from 0, the picture alone, to red at 0.5 and yellow at 1. */
void fer_strip_heat(struct fer_strip *strip, const float *picture, int channels, const float *map);
void fer_strip_skip(struct fer_strip *strip); /* leave it white */

#endif
