/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <fer/host.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_FILE ((size_t)256 << 20)

enum fer_status lines_open(struct lines *lines, const char *path, struct fer_error *err)
{
    void *bytes = NULL;
    size_t size;
    enum fer_status status = fer_file_read(path, LARGEST_FILE, &bytes, &size, err);

    *lines = (struct lines){ .path = path, .bytes = bytes, .next = bytes };
    if (status)
        return status;
    if (memchr(bytes, '\0', size))
        return fer_fail(err, FER_EFORMAT, "%s: there are zero bytes in it; it is no text", path);
    if (strncmp(lines->next, "\xEF\xBB\xBF", 3) == 0)
        lines->next += 3;
    return FER_OK;
}

void lines_close(struct lines *lines)
{
    free(lines->bytes);
    memset(lines, 0, sizeof(*lines));
}

static int cut(char *text, char **words, int most)
{
    static const char blank[] = " \t\r\v\f";
    int count = 0;

    for (;;) {
        text += strspn(text, blank);
        if (*text == '\0')
            return count;
        words[count++] = text;
        if (count == most)
            break;
        text += strcspn(text, blank);
        if (*text != '\0')
            *text++ = '\0';
    }
    for (size_t length = strlen(text); length > 0 && strchr(blank, text[length - 1]); length--)
        text[length - 1] = '\0';
    return count;
}

void lines_next(struct lines *lines, char **words, int most, int *count)
{
    *count = 0;
    while (*lines->next != '\0' && *count == 0) {
        char *start = lines->next, *end = strchr(start, '\n');

        lines->next = end ? end + 1 : start + strlen(start);
        if (end)
            *end = '\0';
        lines->line++;
        *count = cut(start, words, most);
    }
}

bool lines_number(const char *word, double *number)
{
    char *end;

    *number = fer_number_read(word, &end);
    return end != word && *end == '\0' && isfinite(*number);
}

enum fer_status lines_prefix(const struct lines *lines, enum fer_status status, struct fer_error *err)
{
    fer_fail_prefix(err, "%s, line %ld", lines->path, lines->line);
    return status;
}
