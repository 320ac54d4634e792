/* SPDX-License-Identifier: Apache-2.0
 *
 * Which devices there are, and which one a user means.
 */
#ifndef FER_RUN_SELECT_H
#define FER_RUN_SELECT_H

#include "run/device.h"

struct fer_candidate {
    cl_platform_id platform;
    cl_device_id id;
    cl_device_type type;
    char name[256], platform_name[256];
};

/* All devices of all platforms that answer.  None is FER_ENOTFOUND with what to install. */
enum fer_status fer_candidates_find(struct fer_candidate **list, int *count, struct fer_error *err);
/* The one that `spec` (see fer_device_open) means for process `place` of this machine; *index into list. */
enum fer_status fer_candidates_choose(const struct fer_candidate *list, int count, const char *spec, int place,
                                      int *index, struct fer_error *err);

/* Text about a device or platform without surrounding blanks; "" when the driver has none. */
void fer_device_text(cl_device_id id, cl_device_info what, char *text, size_t size);
/* CPU when local memory is global or the type is exactly CPU; FER_PROFILE overrides. */
enum fer_status fer_profile_find(cl_device_id id, enum fer_profile *profile, struct fer_error *err);

#endif
