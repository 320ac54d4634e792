/* SPDX-License-Identifier: Apache-2.0
 *
 * A group without MPI: processes made by fork, each connected to each by a pair of sockets.  So the logic of training
 * by several processes is tested wherever make check runs.
 */
#ifndef FER_TESTS_PIPES_H
#define FER_TESTS_PIPES_H

#include <fer/group.h>

/* What one process does; its result is the exit status.  Nothing of check may be called there. */
typedef int pipes_run(struct fer_group *group, void *user);
/* Fork `size` processes (at most 8), wait for all, and put exit statuses by rank (128 + signal when one ended it).  No
 * OpenCL before it in this process. */
void pipes_fork(int size, pipes_run *run, void *user, int *results);

#endif
