/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "cli.h"

volatile int stop_signal;

static void remember(int number)
{
    stop_signal = number;
}

void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = remember;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART); /* a second signal ends the process */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
