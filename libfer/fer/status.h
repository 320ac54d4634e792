/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors are values.  Every function that can fail returns an enum fer_status
 * and writes one sentence into the struct fer_error that its caller owns.
 * Nothing in the library prints, exits or aborts.
 */
#ifndef FER_STATUS_H
#define FER_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FER_API __attribute__((visibility("default")))
#define FER_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define FER_API
#define FER_PRINTF(f, a)
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum fer_status {
    FER_OK = 0,
    FER_EINVAL = -1,        /* an argument or a parameter is out of its range */
    FER_ENOMEM = -2,        /* host or device memory is exhausted */
    FER_EIO = -3,           /* the operating system refused a file */
    FER_EPARSE = -4,        /* a description is not written in the language */
    FER_ESHAPE = -5,        /* shapes do not fit */
    FER_EDEVICE = -6,       /* an OpenCL call failed */
    FER_EBUILD = -7,        /* a kernel does not compile */
    FER_EPLUGIN = -8,       /* a plugin was refused */
    FER_EFORMAT = -9,       /* a file is corrupt or of another format */
    FER_ENOTFOUND = -10,    /* a name, a file or a device does not exist */
    FER_ENUMERIC = -11,     /* a loss is not finite */
    FER_EINTERRUPTED = -12, /* the caller asked to stop; everything is saved */
    FER_ENOTSUP = -13,      /* valid, but not supported here */
    FER_EPEER = -14         /* another process of the group has failed or ended */
};

#define FER_ERROR_TEXT 1024

/* One failure.  Plain data, copied freely, owned by whoever declares it; one per
 * thread.  `text` is a whole sentence without a trailing newline.  `argument`
 * names the parameter at fault ("" when none is), so that the language can put
 * the caret under it.  Initialise with FER_ERROR_INIT; a success leaves it alone. */
struct fer_error {
    enum fer_status status;
    char text[FER_ERROR_TEXT];
    char argument[64];
};
#define FER_ERROR_INIT                                                                                                 \
    {                                                                                                                  \
        FER_OK, "", ""                                                                                                 \
    }

/* Write the sentence and return `status`.  `err` may be NULL (the text is lost).
 * Thread safe: touches nothing but *err. */
FER_API enum fer_status fer_fail(struct fer_error *err, enum fer_status status, const char *format, ...)
    FER_PRINTF(3, 4);

/* The same, blaming the parameter called `argument`. */
FER_API enum fer_status fer_fail_argument(struct fer_error *err, enum fer_status status, const char *argument,
                                          const char *format, ...) FER_PRINTF(4, 5);

/* Put "prefix: " before the sentence that *err already holds; returns its status, and FER_EINVAL where err is NULL. */
FER_API enum fer_status fer_fail_prefix(struct fer_error *err, const char *format, ...) FER_PRINTF(2, 3);

/* A short English name of a status ("out of memory"); never NULL. */
FER_API const char *fer_status_name(enum fer_status status);

/* The library's version, "1.0.0". */
FER_API const char *fer_version(void);

#ifdef __cplusplus
}
#endif
#endif
