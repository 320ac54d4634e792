/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0.0"
#endif

/* Format into a buffer of FER_ERROR_TEXT bytes; a text that does not fit ends in "..." and never inside a
 * UTF-8 sequence. */
static void format_text(char *text, const char *format, va_list arguments)
{
    int length = vsnprintf(text, FER_ERROR_TEXT, format, arguments);

    if (length < 0) {
        text[0] = '\0';
    } else if (length >= FER_ERROR_TEXT) {
        size_t end = FER_ERROR_TEXT - sizeof("...");

        while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
            end--;
        memcpy(text + end, "...", sizeof("..."));
    }
}

/* The arguments may point into *err, so the text is complete before *err changes. */
static void store(struct fer_error *err, enum fer_status status, const char *argument, const char *text)
{
    char name[sizeof(err->argument)];

    snprintf(name, sizeof(name), "%s", argument);
    err->status = status;
    memcpy(err->text, text, strlen(text) + 1);
    memcpy(err->argument, name, sizeof(name));
}

enum fer_status fer_fail(struct fer_error *err, enum fer_status status, const char *format, ...)
{
    char text[FER_ERROR_TEXT];
    va_list arguments;

    if (!err)
        return status;
    va_start(arguments, format);
    format_text(text, format, arguments);
    va_end(arguments);
    store(err, status, "", text);
    return status;
}

enum fer_status fer_fail_argument(struct fer_error *err, enum fer_status status, const char *argument,
                                  const char *format, ...)
{
    char text[FER_ERROR_TEXT];
    va_list arguments;

    if (!err)
        return status;
    va_start(arguments, format);
    format_text(text, format, arguments);
    va_end(arguments);
    store(err, status, argument ? argument : "", text);
    return status;
}

static FER_PRINTF(2, 3) void format_here(char *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_text(text, format, arguments);
    va_end(arguments);
}

enum fer_status fer_fail_prefix(struct fer_error *err, const char *format, ...)
{
    char prefix[FER_ERROR_TEXT], text[FER_ERROR_TEXT];
    va_list arguments;

    if (!err)
        return FER_EINVAL;
    va_start(arguments, format);
    format_text(prefix, format, arguments);
    va_end(arguments);
    format_here(text, "%s: %s", prefix, err->text);
    memcpy(err->text, text, sizeof(text));
    return err->status;
}

const char *fer_status_name(enum fer_status status)
{
    switch (status) {
    case FER_OK: return "success";
    case FER_EINVAL: return "invalid argument";
    case FER_ENOMEM: return "out of memory";
    case FER_EIO: return "input/output error";
    case FER_EPARSE: return "syntax error";
    case FER_ESHAPE: return "shape mismatch";
    case FER_EDEVICE: return "device error";
    case FER_EBUILD: return "kernel build error";
    case FER_EPLUGIN: return "plugin refused";
    case FER_EFORMAT: return "bad file format";
    case FER_ENOTFOUND: return "not found";
    case FER_ENUMERIC: return "not a finite number";
    case FER_EINTERRUPTED: return "interrupted";
    case FER_ENOTSUP: return "not supported";
    case FER_EPEER: return "another process is gone";
    }
    return "unknown status";
}

const char *fer_version(void)
{
    return PACKAGE_VERSION;
}
