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

#endif
