/* SPDX-License-Identifier: Apache-2.0
 *
 * What the picture functions of fer/data.h share.
 */
#ifndef FER_DATA_IMAGE_H
#define FER_DATA_IMAGE_H

#include <fer/data.h>

#define FER_IMAGE_SIDE 16384
#define FER_IMAGE_PIXELS ((size_t)64000000)
/* The largest picture file that is read: more than any camera's, less than what would hurt. */
#define FER_IMAGE_FILE ((size_t)256 << 20)

/* The header of a PGM or PPM. */
struct fer_pnm {
    size_t pixels; /* where they begin */
    long most;     /* the value that is white; above 255 they have 16 bits, the higher byte first */
    int channels;
};
/* Whether its numbers are so long that they overflow in stb_image. */
bool fer_pnm_overflows(const uint8_t *bytes, size_t size);
/* false: it is no PGM or PPM. */
bool fer_pnm_header(const uint8_t *bytes, size_t size, struct fer_pnm *out);
/* One of 16 bits, all of whose pixels are there, as a file of 8 bits; malloc'ed, NULL when out of memory. */
void *fer_pnm_narrow(const uint8_t *bytes, const struct fer_pnm *pnm, int width, int height, size_t *size);

/* Whether a JPEG has a table of more codes than there are bytes: stb_image would write behind its own. */
bool fer_jpeg_overflows(const uint8_t *bytes, size_t size);
/* How a JPEG says that it is to be held, as EXIF counts: 1 to 8; 1, as it is stored, also where it says nothing. */
int fer_jpeg_orientation(const uint8_t *bytes, size_t size);
/* Hold it like that.  After an error it is what it was. */
enum fer_status fer_image_turn(struct fer_image *image, int orientation, struct fer_error *err);

#endif
