/* SPDX-License-Identifier: Apache-2.0
 *
 * fer bench --compare: the same networks in PyTorch, side by side.  The work is in bench/compare.py.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "network.h"

enum { WORDS = 32, NUMBERS = 8 };

struct command {
    char *words[WORDS + 1];
    char numbers[NUMBERS][16];
    int count, nnumbers;
};

static void add(struct command *command, const char *word)
{
    if (command->count < WORDS)
        command->words[command->count++] = (char *)word;
    command->words[command->count] = NULL;
}

static void add_pair(struct command *command, const char *name, const char *value)
{
    add(command, name);
    add(command, value);
}

static void add_number(struct command *command, const char *name, int number)
{
    char *text = command->numbers[command->nnumbers++];

    snprintf(text, sizeof(command->numbers[0]), "%d", number);
    add_pair(command, name, text);
}

/* Becomes the script; returns 1 when that is not possible. */
int compare_with_peers(const struct common *common, const struct network *network, int steps)
{
    const char *script = getenv("FER_COMPARE"), *python = getenv("PYTHON");
    struct command command = { .count = 0 };
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (!script || !*script)
        script = FER_COMPARE_SCRIPT;
    if (!python || !*python)
        python = "python3";
    if (access(script, R_OK) != 0) {
        fprintf(stderr, "fer: %s: %s; it is installed with fer, and FER_COMPARE may name another\n", script,
                strerror(errno));
        return EXIT_FAILURE;
    }
    add_pair(&command, python, script);
    if (length > 0) {
        self[length] = '\0';
        add_pair(&command, "--fer", self);
    }
    if (common->device)
        add_pair(&command, "--device", common->device);
    if (steps > 0)
        add_number(&command, "--steps", steps);
    if (network->model) {
        add_pair(&command, "--model", network->model);
        add_pair(&command, "--mode", network->training ? "train" : "infer");
        add_number(&command, "--size", network->size);
        add_number(&command, "--batch", network->batch);
        add_number(&command, "--channels", network->channels);
    }
    execvp(python, command.words);
    fprintf(stderr,
            "fer: cannot run %s: %s; to compare with PyTorch install Python 3 with torch (Debian: python3-torch), "
            "or set PYTHON to an interpreter\n",
            python, strerror(errno));
    return EXIT_FAILURE;
}
