/* SPDX-License-Identifier: Apache-2.0
 *
 * What a launch passes to its kernel, or to the function that it calls in place of one.
 */
#ifndef FER_RUN_ARGUMENTS_H
#define FER_RUN_ARGUMENTS_H

#include "run/binding.h"

/* Set all of a kernel's arguments, for a full batch … */
enum fer_status fer_arguments_set(cl_kernel kernel, const struct fer_binder *binder, const struct fer_launch *launch,
                                  struct fer_error *err);
/* … or write them down, for another process. */
enum fer_status fer_arguments_record(struct fer_job *job, const struct fer_binder *binder,
                                     const struct fer_launch *launch, struct fer_error *err);
/* binding->call, for a launch that is no kernel.  It is the binding's, also after a failure. */
enum fer_status fer_arguments_call(struct fer_binding *binding, const struct fer_binder *binder, struct fer_error *err);
/* Set again what depends on live batches; `live` holds their sizes, by branch. */
enum fer_status fer_arguments_batch(const struct fer_binding *binding, const int *live, struct fer_error *err);

#endif
