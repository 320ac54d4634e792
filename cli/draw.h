/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of pictures with boxes and words in them.
 */
#ifndef FER_CLI_DRAW_H
#define FER_CLI_DRAW_H

#include <fer/fer.h>

/* A copy that is being drawn on; zeroed: none. */
struct canvas {
    struct fer_image image;
    char *path; /* of the PNG that it becomes */
    int zoom;   /* small pictures are enlarged, so that words fit in */
};

/* Make the directory; one that holds something is FER_EINVAL, so that no picture is ever written over. */
enum fer_status canvas_directory(const char *directory, struct fer_error *err);
/* Begin a copy of `image`, which was read from `path`: DIRECTORY/NAME.png, NAME-2.png when that is there already… */
enum fer_status canvas_open(struct canvas *canvas, const char *directory, const char *path,
                            const struct fer_image *image, struct fer_error *err);
/* Frame a box with words at it; NULL: words at the lower edge.  What is not ASCII becomes '?'. */
void canvas_mark(struct canvas *canvas, const struct fer_box *box, const char *words);
/* Write it, and let go of it. */
enum fer_status canvas_close(struct canvas *canvas, struct fer_error *err);

#endif
