/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that are compiled together: those of one source, with the same options, that a program launches.  Each has
 * the source to itself, behind the definitions of its launch, and what it defines is gone before the next begins, so
 * that a source is written for one kernel at a time.
 */
#ifndef FER_RUN_BUNDLE_H
#define FER_RUN_BUNDLE_H

#include "run/program.h"

struct fer_bundle;

struct fer_bundles {
    struct fer_bundle *items; /* owned */
    int count;
    struct fer_bundle **of; /* by a launch's index; NULL: it is no kernel */
    const char **defines;   /* likewise: what its kernel is compiled with */
};

/* What fer_device_program takes.  Nothing of it is owned by who asks. */
struct fer_kernel_text {
    const char *defines, *source, *options;
};

/* Of all launches of a planned program, which must outlive them.  FER_EINVAL: a launch has arguments that no kernel can
 * have. */
enum fer_status fer_bundles_create(struct fer_bundles *bundles, const struct fer_program *program,
                                   struct fer_error *err);
void fer_bundles_free(struct fer_bundles *bundles);

/* The program with this launch's kernel in it. */
struct fer_kernel_text fer_bundles_text(const struct fer_bundles *bundles, const struct fer_launch *launch);
/* From now on the kernels of this launch's bundle are compiled one by one, because together they do not compile. False:
 * they already are. */
bool fer_bundles_part(const struct fer_bundles *bundles, const struct fer_launch *launch);

#endif
