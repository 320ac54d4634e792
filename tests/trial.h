/* SPDX-License-Identifier: Apache-2.0
 *
 * Training by hand: a net, a stage and an optimizer, compiled for a device; pictures, labels and initial weights are
 * hashes of names, which golden/common.py computes alike.
 */
#ifndef FER_TESTS_TRIAL_H
#define FER_TESTS_TRIAL_H

#include "harness.h"

/* What is trained.  The net is called t and reads pictures [3,side,side]. */
struct trial_spec {
    const char *net;    /* "net t(image) -> logits { … }" or "net t = resnet …" */
    const char *update; /* "with sgd lr=0.1 | step every=3" */
    int side, classes, batch;
    const char *use;  /* plugins beyond those that every trial has: ", mobilenet_v2"; NULL: none */
    unsigned without; /* passes of the compiler that are left out: enum fer_pass */
};

struct trial {
    struct trial_spec spec;
    char directory[64]; /* of a picture a class; removed by trial_close */
    struct op_device device;
    struct fer_description *description;
    struct fer_store *store;
    struct fer_stage_program *stage;
    struct fer_net *net;
};

void trial_open(struct trial *trial, const struct trial_spec *spec, enum fer_profile profile);
void trial_close(struct trial *trial);
/* One update with the pictures of `step`: the loss before it. */
double trial_step(struct trial *trial, int step, double rate);

/* 64 bits of FNV-1a. */
uint64_t trial_seed(const char *text);
/* Pictures [count][side][side][3] and labels of a step. */
void trial_pictures(int step, size_t bytes, uint8_t *pictures);
void trial_labels(int step, int count, int classes, int32_t *labels);
/* What golden/common.py gives a weight of this path and shape. */
void trial_weight(const char *path, const struct fer_shape *shape, float *values);
/* Set the weights of a net to what golden/common.py gives them; paths without the net's name and its dot. */
void trial_fill(struct fer_store *store, const struct fer_net *net);

#endif
