/* SPDX-License-Identifier: Apache-2.0
 *
 * How to go on with what was interrupted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

char **copy_arguments(int argc, char **argv)
{
    char **copy = malloc(((size_t)argc + 1) * sizeof(*copy));

    if (!copy) {
        fputs("fer: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    memcpy(copy, argv, ((size_t)argc + 1) * sizeof(*copy));
    return copy;
}

static void put_quoted(const char *text)
{
    bool plain =
        text[0] && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@")];

    if (plain) {
        fprintf(stderr, " %s", text);
        return;
    }
    fputs(" '", stderr);
    for (; *text; text++)
        *text == '\'' ? fputs("'\\''", stderr) : fputc(*text, stderr);
    fputc('\'', stderr);
}

void say_how_to_resume(int argc, char **argv, bool resuming)
{
    fprintf(stderr, "fer: to go on: %s", argv[0]);
    for (int i = 1; i < argc; i++)
        put_quoted(argv[i]);
    fputs(resuming ? "\n" : " --resume\n", stderr);
}
