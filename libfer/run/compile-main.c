/* SPDX-License-Identifier: Apache-2.0
 *
 * fer-compile: started by the library beside a process whose kernels are not in the driver's cache (run/workers.h); its
 * standard input is a socket.
 */
#include "run/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    const struct rlimit none = { 0, 0 };
    int type;
    socklen_t size = sizeof(type);

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size)) {
        fprintf(stderr, "fer-compile is started by libfer, which has kernels for it to compile.\n");
        return 2;
    }
    /* A kernel that does not bear zeros ends this process alone, and leaves nothing lying about. */
    setrlimit(RLIMIT_CORE, &none);
    setenv("POCL_AFFINITY", "0", 1);        /* workers that are bound would share the processors that come first */
    _exit(fer_serve(STDIN_FILENO) ? 0 : 1); /* the compiler's own clearing up takes longer than a kernel */
}
