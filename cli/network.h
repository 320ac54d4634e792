/* SPDX-License-Identifier: Apache-2.0
 *
 * A network that is to be timed: a description, or a plugin's model at a size of its own.
 */
#ifndef FER_CLI_NETWORK_H
#define FER_CLI_NETWORK_H

#include "cli.h"

struct network {
    const char *model; /* MODEL.fer, or "resnet18", or "resnet depth=18 width=32" */
    const char *block; /* of a description; NULL: none is named */
    int size, batch, classes, channels;
    bool training;
    unsigned given; /* what was said on the command line; private */
};
#define NETWORK_DEFAULT                                                                                                \
    {                                                                                                                  \
        .size = 224, .batch = 8, .classes = 1000, .channels = 3                                                        \
    }
extern const struct argp network_argp; /* a child parser; its input is a struct network * */
/* Like COMMON_CHILDREN, with &args->network for child 1. */
#define NETWORK_CHILDREN                                                                                               \
    (const struct argp_child[])                                                                                        \
    {                                                                                                                  \
        { &common_argp, 0, "Common options:", 10 }, { &network_argp, 0, NULL, 0 },                                     \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Whether the model is a file's name. */
bool network_is_file(const struct network *network);
/* A description around a plugin's model, malloc'ed; NULL: no plugin has one of this name. */
char *network_text(struct fer_context *context, const struct network *network);
/* Become bench/compare.py, which runs PyTorch beside us: on the network, or without a model on several.  steps: 0: the
 * script's choice.  1, with a sentence, when that is not possible. */
int compare_with_peers(const struct common *common, const struct network *network, int steps);
/* Say that there is no such model; 1. */
int report_no_network(const struct network *network);

#endif
