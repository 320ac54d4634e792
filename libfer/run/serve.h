/* SPDX-License-Identifier: Apache-2.0
 *
 * The other end of run/workers.h: a process that compiles what it is sent.
 */
#ifndef FER_RUN_SERVE_H
#define FER_RUN_SERVE_H

#include "run/job.h"

/* What a worker is told first: of which build the other side is, and which device it compiles for. */
#define FER_SERVE_GREETING "fer-compile " PACKAGE_VERSION
/* A greeting, the device's number and name, and whether its compiler waits for a kernel to run; then jobs until the
 * socket is closed, each answered by a byte: 1 done, 0 not.  False: another build greets, or the device is not here. */
bool fer_serve(int socket);

#endif
