/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages trained as `fer train` does it, on a net of one layer and on pictures of 4 x 4 pixels in folders of their own.
 */
#ifndef TESTS_STAGE_TRIAL_H
#define TESTS_STAGE_TRIAL_H

#include <check.h>
#include <fer/fer.h>
#include <stdbool.h>

enum { SIDE = 4, WEIGHTS = 2 * 3 * SIDE * SIDE, STEPS = 64 };

extern struct fer_error err;
extern struct fer_context *context;

/* A run and what it left. */
struct run {
    char directory[64];
    int steps, epochs;
    double loss[STEPS], rate[STEPS]; /* of each step, the last of its updates */
    double part[STEPS][2];           /* of its loss, in the order of the description */
    bool best[STEPS];                /* of each epoch */
    double mean[STEPS], ce[STEPS];   /* likewise: the loss, and that of it which is called ce */
    double accuracy[STEPS], valid[STEPS];
    float weight[WEIGHTS]; /* of net t there */
};

/* A folder with the sets four, eight and sixteen, each of the classes x and y; and back. */
void open_home(void);
void close_home(void);
/* The path of a name in the folder; the last four are valid. */
char *in_home(const char *name);
void write_text(const char *name, const char *text);
/* SET/CLASS/N.ppm, `count` pictures a class. */
void make_set(const char *set, const char *classes, int count);

#define HEAD                                                                                                           \
    "fer 1\nuse vision, loss, optim, data, metric\nlabels \"x\", \"y\"\n"                                              \
    "net t(image: f32[3,4,4]) -> logits { logits = image | fc: linear 2 bias=no }\n"                                   \
    "net u = t\n"                                                                                                      \
    "data four -> image, label = folder \"four/\" | batch 4\n"                                                         \
    "data eight -> image, label = folder \"eight/\" | batch 4\n"                                                       \
    "data sixteen -> image, label = folder \"sixteen/\" | batch 4\n"                                                   \
    "predict classify(image: f32[3,4,4]) -> probs { probs = image | t | softmax }\n"                                   \
    "test valid over eight {\n  logits = image | t\n  loss, _ = logits, label | cross_entropy\n"                       \
    "  metric loss = loss | average\n  metric accuracy = logits, label | accuracy\n"                                   \
    "  metric confusion = logits, label | confusion\n}\n"
#define LEARN "  logits = image | t\n  loss ce = logits, label | cross_entropy\n  minimize ce\n"

/* Train what a text says; into the folder `name`. */
enum fer_status train(const char *name, const char *text, const char *const *data);
/* The same, which does not fail, and what it left. */
struct run run_with(const char *name, const char *text, const char *const *data);
/* The same with HEAD before it. */
struct run run_stage(const char *name, const char *stage);
/* With HEAD before it the run is refused with these words; a test's first one into refused0, and so on. */
void refuse(const char *stage, const char *words);

/* A weight in a file that a run left. */
void weights_of(const struct run *run, const char *file, const char *name, float *weight);
bool same(const float *a, const float *b);
double distance(const float *a, const float *b);

#endif
