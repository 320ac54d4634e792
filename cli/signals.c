/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread of its own waits for signals, and all others have them blocked.  A handler would not do: LLVM, inside of
 * OpenCL drivers, puts its own in its place, which deletes the files of a kernel that is being built.
 */
#include <pthread.h>
#include <signal.h>

#include "cli.h"

volatile int stop_signal;
static bool hangs_up; /* a terminal or a connection that goes away stops the command; under nohup it does not */

static sigset_t stopping(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (hangs_up)
        sigaddset(&set, SIGHUP);
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
    /* a terminal that is closed hangs up more than once: its shell does, and the system when the shell has ended */
    while (sigwait(&set, &number) != 0 || number == SIGHUP)
        continue;
    /* the second one ends the process as if nobody had waited */
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    return NULL;
}

void catch_signals(void)
{
    struct sigaction hangup;
    pthread_t thread;
    sigset_t set;

    hangs_up = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN;
    set = stopping();
    signal(SIGPIPE, SIG_IGN); /* a reader of the results that goes away ends no training */
    signal(SIGXFSZ, SIG_IGN); /* a file past its limit fails like a full disk, with a sentence */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&thread, NULL, wait_for_signals, NULL) == 0)
        pthread_detach(thread);
    else
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
