/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

void fer_text_put_bytes(struct fer_text *text, const char *bytes, size_t length)
{
    if (text->failed)
        return;
    if (length >= text->capacity - text->length) {
        size_t capacity = 2 * (text->capacity + length) + 64;
        char *data = realloc(text->data, capacity);

        if (!data) {
            text->failed = true;
            return;
        }
        text->data = data;
        text->capacity = capacity;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void fer_text_put(struct fer_text *text, const char *string)
{
    fer_text_put_bytes(text, string, strlen(string));
}
