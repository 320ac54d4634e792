/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread of its own waits for signals, and all others have them blocked.  A handler would not do: LLVM, inside of
 * OpenCL drivers, puts its own in its place, which deletes the files of a kernel that is being built.
 */
#include <pthread.h>
#include <signal.h>

#include "cli.h"

volatile int stop_signal;

static sigset_t stopping(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

static void *wait_for_signals(void *unused)
{
    sigset_t set = stopping();
    int number;

    (void)unused;
    while (sigwait(&set, &number) != 0)
        continue;
    stop_signal = number;
    while (sigwait(&set, &number) != 0)
        continue;
    /* the second one ends the process as if nobody had waited */
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    return NULL;
}

void catch_signals(void)
{
    sigset_t set = stopping();
    pthread_t thread;

    signal(SIGPIPE, SIG_IGN); /* a reader of the results that goes away ends no training */
    signal(SIGXFSZ, SIG_IGN); /* a file past its limit fails like a full disk, with a sentence */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&thread, NULL, wait_for_signals, NULL) == 0)
        pthread_detach(thread);
    else
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
