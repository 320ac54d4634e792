/* SPDX-License-Identifier: Apache-2.0
 *
 * One axis of a sweep: a name and its values.
 */
#ifndef FER_STUDY_AXIS_H
#define FER_STUDY_AXIS_H

#include <fer/status.h>

struct fer_axis {
    char *name;
    char **values; /* "name=value" of each, count of them */
    int count;
};

/* "name=v1,v2": commas outside of brackets and quotes part values.  FER_EINVAL says what is wrong. */
enum fer_status fer_axis_parse(const char *text, struct fer_axis *axis, struct fer_error *err);
void fer_axis_clear(struct fer_axis *axis); /* zeroed is fine */

#endif
