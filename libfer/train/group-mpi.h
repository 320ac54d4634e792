/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes of MPI_COMM_WORLD as a link.  Only in a libfer that was configured with --with-mpi.
 */
#ifndef FER_TRAIN_GROUP_MPI_H
#define FER_TRAIN_GROUP_MPI_H

#include <fer/group.h>

/* Starts MPI; closing the link ends it.  Once in a process. */
enum fer_status fer_link_mpi(struct fer_link *out, struct fer_error *err);

#endif
