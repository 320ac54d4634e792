/* SPDX-License-Identifier: Apache-2.0
 *
 * Failures of plugins' callbacks that come without a sentence.
 */
#ifndef FER_SAID_H
#define FER_SAID_H

#include <fer/status.h>

/* The status of a callback, whose failure is given a sentence where it has none: nobody else could say whose it is, and
 * an error without a status would pass for a success. */
static inline enum fer_status fer_said(enum fer_status status, const char *who, const char *callback,
                                       struct fer_error *err)
{
    if (status == FER_OK || !err || err->status != FER_OK)
        return status;
    return fer_fail(err, status, "the %s function of '%s' failed (%s) without a sentence; fer_fail gives one", callback,
                    who, fer_status_name(status));
}

#endif
