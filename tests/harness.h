/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of operations.  A case is one call in the language, the shapes of its inputs and a reference: plain loops in
 * doubles, written from the definition.  op_check runs the case on the device under both profiles, with plain and with
 * blocked inputs, in memory full of NaN, with the live batch below and at its capacity, and compares
 *
 *   - outputs and moved statistics with the reference;
 *   - gradients of inputs and weights with central differences of the reference, the outputs weighted with random
 *     numbers, where its one-sided differences agree (elsewhere is a kink), or with the reference's own gradients;
 *   - zero lanes of blocked outputs and gradients with zero;
 *   - a repetition with the first run, and rows of a smaller live batch with those of the full one, bit for bit.
 */
#ifndef FER_TESTS_HARNESS_H
#define FER_TESTS_HARNESS_H

#include "compile/compile.h"
#include "graph/graph.h"
#include "graph/registry.h"

#include <check.h>

#define OP_PORTS 8
#define OP_WEIGHTS 64

/* Axes past the rank have length 1. */
struct op_tensor {
    int rank, dim[FER_MAX_RANK], batch;
    size_t count;
    double *v; /* NULL: nobody wants it */
};

/* What a reference reads and writes.  Everything that it writes is zero before. */
struct op_reference {
    const double *p; /* the case's numbers */
    bool training;
    int nin, nout, nweights;
    struct op_tensor in[OP_PORTS], out[OP_PORTS];
    struct op_tensor weight[OP_WEIGHTS]; /* in order of declaration, statistics too */
    struct op_tensor moved[OP_WEIGHTS];  /* forward: statistics afterwards, at first as before */
    /* backward: gradients of outputs, and those of inputs and weights to be written */
    struct op_tensor grad_out[OP_PORTS], grad_in[OP_PORTS], grad_weight[OP_WEIGHTS];
};
typedef void op_function(const struct op_reference *r);

enum {
    OP_TRAINING = 1,
    OP_COUPLED = 2, /* samples of a batch see each other */
    OP_NO_BACKWARD = 4,
    OP_STOPPED = 8 /* no gradient reaches the inputs */
};

struct op_case {
    const char *call; /* "conv2d 5 kernel=3" */
    /* One word an input, batch first: "2,3,9,11".  Before it p: in (0.05, 0.95); b: 0 or 1; d: rows of axis 1 sum to 1;
     * lK: integers from 0 to K - 1; iK: from -1 to K - 1; else uniform in [-1, 1). */
    const char *inputs;
    op_function *forward;
    double p[12];
    unsigned flags;
    double tolerance;      /* of outputs, relative in the Euclidean norm; 0: 1e-5 */
    op_function *backward; /* NULL: differences */
    const char *flow; /* instead of `call`: all between the braces of a net with inputs a, b, … and outputs y, … */
    int outputs;      /* 0: one */
    const char *use;  /* plugins beyond vision, loss and data: ", ffra"; NULL: none */
    const struct fer_forced *forced; /* the solution of one problem; NULL: heuristics choose */
    unsigned without;                /* passes of the compiler that are left out: enum fer_pass */
    enum fer_precision precision;    /* of feature maps between operations */
};

/* OP_CASE("leaky_relu 0.2", "3,5", leaky_relu, { 0.2 }) */
#define OP_CASE(call_, inputs_, ...)                                                                                   \
    {                                                                                                                  \
        .call = call_, .inputs = inputs_, __VA_ARGS__                                                                  \
    }

/* A device of one profile and the plugins; shared by cases so that a kernel is built once. */
struct op_device {
    struct fer_device *device;
    struct fer_registry *registry;
};
struct op_device op_device_open(enum fer_profile profile);
void op_device_close(struct op_device *device);

/* A case compiled for one device. */
struct op_program {
    const struct op_case *c;
    const struct op_device *device;
    struct fer_description *description;
    struct fer_predict_spec spec;
    struct fer_store *store;
    struct fer_flow_program *flow;
    struct fer_net *net; /* the one that is called */
    int capacity;
    bool blocked;
    char title[256];
};
/* Without a device's part: shapes and layers.  blocked: inputs of rank 4 come blocked. */
void op_program_resolve(struct op_program *program, const struct op_case *c, const struct op_device *device,
                        bool blocked);
/* The device's part. */
void op_program_build(struct op_program *program);
/* Both. */
void op_program_compile(struct op_program *program, const struct op_case *c, const struct op_device *device,
                        bool blocked);
void op_program_free(struct op_program *program);
/* Whether the forward or backward segment launches that kernel. */
bool op_program_uses(const struct op_program *program, bool backward, const char *kernel);

/* Numbers for a run with `live` samples, and room for its results. */
void op_values_create(const struct op_program *program, int live, struct op_reference *values);
void op_values_free(struct op_reference *values);
/* From inputs, weights and gradients of outputs to everything else; checks the zero lanes of what the host can read. */
void op_program_run(const struct op_program *program, int live, struct op_reference *values);
/* All of the above on one program. */
void op_program_check(struct op_program *program);
/* In every profile and layout that the case has. */
void op_check(const struct op_case *c);

/* What c yields against what `other` does, on numbers that are the same: outputs, gradients, statistics.  They may
 * differ in passes and precision. */
void op_compare(const struct op_case *c, const struct op_case *other, const struct op_device *device, double tolerance);

/* A suite that has a test for each case and what `more` adds (NULL: nothing), run: the exit status. */
int op_main(const char *name, const struct op_case *cases, int count, void (*more)(TCase *tcase));

/* ---- the harness's own files share ---- */

/* One word of op_case.inputs. */
struct op_word {
    char kind;
    int classes;
    struct fer_shape shape;
};
int op_words_parse(const char *text, struct op_word words[OP_PORTS]);
/* Random inputs, weights and gradients of outputs.  The first rows are the same whatever the live batch. */
void op_values_draw(const struct op_program *program, struct op_reference *values, uint64_t seed);
/* The same numbers as in `from`, and room for results. */
void op_values_copy(const struct op_program *program, int live, const struct op_reference *from,
                    struct op_reference *to);

/* ---- for tests that go their own way ---- */

/* Whether FER_TEST_SMALL is set: on a simulated device or with sanitizers, where one run of each case must do. */
bool op_small(void);

/* Numbers of a stream, uniform in [0, 1). */
double op_random(uint64_t *state);
struct op_tensor op_tensor_create(const struct fer_shape *shape, int live);
void op_tensor_free(struct op_tensor *tensor);
/* Index of an element. */
static inline size_t op_at(const struct op_tensor *t, int n, int c, int h, int w)
{
    return (((size_t)n * (size_t)t->dim[1] + (size_t)c) * (size_t)t->dim[2] + (size_t)h) * (size_t)t->dim[3] +
           (size_t)w;
}
/* Write the live rows, in the tensor's layout; read them, in plain order. */
void op_write(struct fer_exec *exec, const struct fer_tensor *tensor, const struct op_tensor *values);
void op_read(struct fer_exec *exec, const struct fer_tensor *tensor, struct op_tensor *values);
/* || ours - theirs || / || theirs ||, NaN where anything is not a number. */
double op_distance(const struct op_tensor *ours, const struct op_tensor *theirs);

#endif
