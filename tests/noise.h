/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture of numbers that look random and are the same everywhere.
 */
#ifndef TESTS_NOISE_H
#define TESTS_NOISE_H

#include <check.h>

#include <fer/host.h>

/* The bytes that the Python beside golden numbers makes. */
static inline struct fer_image noise(int width, int height, int channels)
{
    struct fer_image image;
    uint32_t state = 12345;

    ck_assert_int_eq(fer_image_create(&image, width, height, channels, NULL), FER_OK);
    for (size_t i = 0; i < (size_t)width * (size_t)height * (size_t)channels; i++) {
        state = (state * 1103515245u + 12345u) & 0x7fffffffu;
        image.pixels[i] = (uint8_t)(state >> 16);
    }
    return image;
}

#endif
