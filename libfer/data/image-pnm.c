/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers of PGM and PPM, read as stb_image reads them, and pictures of 16 bits, which it does not: it takes the wrong
 * one of their bytes, and reads behind their pixels where it has to change their channels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image.h"

static bool is_pnm(const uint8_t *bytes, size_t size)
{
    return size > 2 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6');
}

bool fer_pnm_overflows(const uint8_t *bytes, size_t size)
{
    int digits = 0, numbers = 0;

    for (size_t i = 2; is_pnm(bytes, size) && i < size && numbers < 3; i++) {
        if (bytes[i] == '#') {
            while (i < size && bytes[i] != '\n' && bytes[i] != '\r')
                i++;
            digits = 0;
        } else if (bytes[i] >= '0' && bytes[i] <= '9') {
            if (++digits > 8)
                return true;
        } else {
            numbers += digits > 0;
            digits = 0;
        }
    }
    return false;
}

bool fer_pnm_header(const uint8_t *bytes, size_t size, struct fer_pnm *out)
{
    size_t at = 3;
    uint8_t c;

    if (!is_pnm(bytes, size))
        return false;
    c = bytes[2];
    *out = (struct fer_pnm){ .channels = bytes[1] == '6' ? 3 : 1 };
    for (int number = 0; number < 3; number++) {
        for (;;) {
            while (at < size && c && strchr(" \t\n\v\f\r", c))
                c = bytes[at++];
            if (at >= size || c != '#')
                break;
            while (at < size && c != '\n' && c != '\r')
                c = bytes[at++];
        }
        for (out->most = 0; at < size && c >= '0' && c <= '9'; c = bytes[at++])
            out->most = out->most < 100000 ? out->most * 10 + c - '0' : out->most;
    }
    out->pixels = at;
    return true;
}

void *fer_pnm_narrow(const uint8_t *bytes, const struct fer_pnm *pnm, int width, int height, size_t *size)
{
    const size_t count = (size_t)width * (size_t)height * (size_t)pnm->channels;
    const uint8_t *from = bytes + pnm->pixels;
    char *out = malloc(count + 64);
    uint8_t *to;

    if (!out)
        return NULL;
    to = (uint8_t *)out + snprintf(out, 64, "P%c %d %d 255\n", bytes[1], width, height);
    for (size_t i = 0; i < count; i++, from += 2) {
        const long value = (long)from[0] << 8 | from[1];

        *to++ = (uint8_t)(((value < pnm->most ? value : pnm->most) * 255 + pnm->most / 2) / pnm->most);
    }
    *size = (size_t)(to - (uint8_t *)out);
    return out;
}
