/* SPDX-License-Identifier: Apache-2.0
 *
 * Courses of training on a net of one layer, t, and on pictures of 4 x 4 pixels, each in a directory of its own below
 * one for the test: tcase_add_checked_fixture(tests, open_home, close_home).
 */
#ifndef TESTS_COURSE_H
#define TESTS_COURSE_H

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

/* A context, and the sets four, eight and sixteen; and back. */
void open_home(void);
void close_home(void);
/* The path of a name in the directory; the last four are valid. */
char *in_home(const char *name);
void write_text(const char *name, const char *text);
void remove_all(const char *path);
/* SET/CLASS/N.ppm, `count` pictures a class, which is one letter. */
void make_set(const char *set, const char *classes, int count);

/* A description to which a stage is missing, and the beginning of one. */
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

enum fer_status train(const char *name, const char *text, const char *const *data);
/* A whole description, and HEAD with a stage, trained in the directory `name`. */
struct run run_with(const char *name, const char *text, const char *const *data);
struct run run_stage(const char *name, const char *stage);
/* The run is refused with these words. */
void refuse(const char *stage, const char *words);
/* A weight of WEIGHTS numbers in a file of the run. */
void weights_of(const struct run *run, const char *file, const char *name, float *weight);
bool same(const float *a, const float *b);
double distance(const float *a, const float *b);

#endif
