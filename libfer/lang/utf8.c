/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/utf8.h"

#include <fer/host.h>
#include <stdlib.h>
#include <string.h>

size_t fer_utf8_decode(const char *text, size_t length, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char lead = (unsigned char)text[0];
    size_t size;

    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    size = (lead & 0xE0) == 0xC0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : (lead & 0xF8) == 0xF0 ? 4 : 0;
    if (size == 0 || size > length)
        return 0;
    *code = lead & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];

        if ((byte & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | (byte & 0x3Fu);
    }
    if (*code < least[size] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
        return 0;
    return size;
}

size_t fer_utf8_check(const char *text, size_t length)
{
    size_t offset = 0;
    uint32_t code;

    while (offset < length) {
        size_t size = fer_utf8_decode(text + offset, length - offset, &code);

        if (size == 0)
            return offset;
        offset += size;
    }
    return length;
}

char *fer_text_utf8(const char *text)
{
    static const char unknown[] = "\xEF\xBF\xBD";
    size_t left = strlen(text);
    char *out = malloc(left * (sizeof(unknown) - 1) + 1), *end = out;
    uint32_t code;

    while (out && left > 0) {
        const size_t size = fer_utf8_decode(text, left, &code), step = size ? size : 1;

        memcpy(end, size ? text : unknown, size ? size : sizeof(unknown) - 1);
        end += size ? size : sizeof(unknown) - 1;
        text += step;
        left -= step;
    }
    if (out)
        *end = '\0';
    return out;
}

/* The common blocks of Unicode's East Asian Width (annex 11) and of combining marks;
 * wcwidth() would follow the process's locale. */
int fer_utf8_width(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        int width;
    } blocks[] = {
        { 0x0300, 0x036F, 0 },   { 0x1100, 0x115F, 2 },   { 0x200B, 0x200F, 0 },   { 0x20D0, 0x20FF, 0 },
        { 0x2E80, 0x303E, 2 },   { 0x3041, 0xA4CF, 2 },   { 0xAC00, 0xD7A3, 2 },   { 0xF900, 0xFAFF, 2 },
        { 0xFE00, 0xFE0F, 0 },   { 0xFE30, 0xFE6F, 2 },   { 0xFEFF, 0xFEFF, 0 },   { 0xFF00, 0xFF60, 2 },
        { 0xFFE0, 0xFFE6, 2 },   { 0x1F300, 0x1F64F, 2 }, { 0x1F680, 0x1F6FF, 2 }, { 0x1F900, 0x1FAFF, 2 },
        { 0x20000, 0x3FFFD, 2 },
    };

    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (code >= blocks[i].first && code <= blocks[i].last)
            return blocks[i].width;
    }
    return 1;
}
