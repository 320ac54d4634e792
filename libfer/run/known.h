/* SPDX-License-Identifier: Apache-2.0
 *
 * What a driver that keeps compiled kernels itself has been given before, on this machine and by this user: keys in
 * $XDG_CACHE_HOME/libfer/known.  Only a guess, since nobody tells us what the driver has thrown away since.
 */
#ifndef FER_RUN_KNOWN_H
#define FER_RUN_KNOWN_H

#include "run/binary.h"

struct fer_known {
    struct fer_key *keys; /* owned */
    size_t count;
};

/* False: there is no place for the file, so nothing will ever be known.  A file that is missing or damaged holds
 * nothing. */
bool fer_known_load(struct fer_known *known);
void fer_known_free(struct fer_known *known);
bool fer_keys_have(const struct fer_key *keys, size_t count, struct fer_key key);
/* Append to the file.  Failures are silent. */
void fer_known_add(const struct fer_key *keys, size_t count);

#endif
