/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP 1e-5   /* of differences */
#define MOST 160    /* elements of a tensor whose differences are taken */

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s: %s", program->title, err.text)

/* ---- devices ---- */

struct op_device op_device_open(enum fer_profile profile)
{
    struct op_device d;
    setenv("FER_PROFILE", profile == FER_PROFILE_CPU ? "cpu" : "gpu", 1);
    ck_assert_msg(fer_registry_create(NULL, &d.registry, &err) == FER_OK, "%s", err.text);
    ck_assert_msg(fer_device_open(NULL, &d.device, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(d.device->profile, profile);
    return d;
}

void op_device_close(struct op_device *d)
{
    fer_device_close(d->device);
    fer_registry_free(d->registry);
}

/* ---- numbers ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
double op_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 40) / (double)(1u << 24);
}

static double between(uint64_t *state, double a, double b)
{
    return (float)(a + (b - a) * op_random(state));
}

struct op_tensor op_tensor_create(const struct fer_shape *shape, int live)
{
    struct op_tensor t = { .rank = shape->rank, .batch = shape->batch, .count = 1 };
    for (int i = 0; i < FER_MAX_RANK; i++) {
        t.dim[i] = i < shape->rank ? shape->dim[i] : 1;
        if (i == 0 && shape->batch)
            t.dim[0] = live * shape->batch;
        t.count *= (size_t)t.dim[i];
    }
    t.v = calloc(t.count + 1, sizeof(*t.v));
    ck_assert_ptr_nonnull(t.v);
    return t;
}

void op_tensor_free(struct op_tensor *t)
{
    free(t->v);
    t->v = NULL;
}

static struct op_tensor like(const struct op_tensor *t)
{
    struct op_tensor copy = *t;
    copy.v = calloc(t->count + 1, sizeof(*t->v));
    ck_assert_ptr_nonnull(copy.v);
    return copy;
}

double op_distance(const struct op_tensor *ours, const struct op_tensor *theirs)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < theirs->count; i++) {
        difference += (ours->v[i] - theirs->v[i]) * (ours->v[i] - theirs->v[i]);
        norm += theirs->v[i] * theirs->v[i];
    }
    /* What ought to be zero may be off by rounding of numbers near one. */
    const double floor = 1e-4 * sqrt((double)theirs->count);
    return sqrt(difference) / fmax(sqrt(norm), floor);
}

/* ---- between plain doubles and the device ---- */

static size_t blocked_at(const struct op_tensor *t, int n, int c, size_t p)
{
    const size_t plane = (size_t)t->dim[2] * (size_t)t->dim[3], blocks = ((size_t)t->dim[1] + FER_BLOCK - 1) / FER_BLOCK;
    return (((size_t)n * blocks + (size_t)c / FER_BLOCK) * plane + p) * FER_BLOCK + (size_t)c % FER_BLOCK;
}

static bool is_blocked(const struct fer_tensor *tensor)
{
    return tensor->layout == FER_LAYOUT_BLOCKED && tensor->shape.rank == 4;
}

static size_t live_elements(const struct fer_tensor *tensor, const struct op_tensor *t)
{
    const size_t channels = ((size_t)t->dim[1] + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    return is_blocked(tensor) ? (size_t)t->dim[0] * channels * (size_t)t->dim[2] * (size_t)t->dim[3] : t->count;
}

void op_write(struct fer_exec *exec, const struct fer_tensor *tensor, const struct op_tensor *t)
{
    const size_t count = live_elements(tensor, t), plane = (size_t)t->dim[2] * (size_t)t->dim[3];
    float *floats = calloc(count + 1, sizeof(*floats));
    int32_t *ints = (int32_t *)(void *)floats;
    for (size_t i = 0; i < t->count; i++) {
        const int n = (int)(i / plane / (size_t)t->dim[1]), c = (int)(i / plane % (size_t)t->dim[1]);
        if (tensor->shape.dtype == FER_F32)
            floats[is_blocked(tensor) ? blocked_at(t, n, c, i % plane) : i] = (float)t->v[i];
        else
            ints[i] = (int32_t)t->v[i];
    }
    ck_assert_msg(fer_exec_write(exec, tensor, floats, count * sizeof(float), &err) == FER_OK, "%s", err.text);
    free(floats);
}

void op_read(struct fer_exec *exec, const struct fer_tensor *tensor, struct op_tensor *t)
{
    const size_t count = live_elements(tensor, t), plane = (size_t)t->dim[2] * (size_t)t->dim[3];
    float *floats = calloc(count + 1, sizeof(*floats));
    ck_assert_msg(fer_exec_read(exec, tensor, floats, count * sizeof(float), &err) == FER_OK, "%s", err.text);
    for (size_t i = 0; i < t->count; i++) {
        const int n = (int)(i / plane / (size_t)t->dim[1]), c = (int)(i / plane % (size_t)t->dim[1]);
        t->v[i] = floats[is_blocked(tensor) ? blocked_at(t, n, c, i % plane) : i];
    }
    if (is_blocked(tensor))
        for (int n = 0; n < t->dim[0]; n++)
            for (int c = t->dim[1]; c % FER_BLOCK != 0; c++)
                for (size_t p = 0; p < plane; p++)
                    ck_assert_msg(floats[blocked_at(t, n, c, p)] == 0, "lane %d of %s is %g, not zero", c,
                                  tensor->name ? tensor->name : "a tensor", (double)floats[blocked_at(t, n, c, p)]);
    free(floats);
}

/* ---- compiling ---- */

/* One word of op_case.inputs. */
struct word {
    char kind;
    int classes;
    struct fer_shape shape;
};

static int parse_inputs(const char *text, struct word words[OP_PORTS])
{
    int count = 0;
    char *end;
    while (*text) {
        struct word w = { .kind = 'u', .shape = { .dtype = FER_F32, .batch = 1 } };
        if (strchr("pbdli", *text)) {
            w.kind = *text++;
            if (w.kind == 'l' || w.kind == 'i') {
                w.classes = (int)strtol(text, &end, 10);
                ck_assert_msg(*end == ':', "'%s'", text);
                text = end + 1;
                w.shape.dtype = FER_I32;
            }
        }
        while (*text && *text != ' ') {
            w.shape.dim[w.shape.rank++] = (int)strtol(text, &end, 10);
            ck_assert_msg(end != text, "'%s'", text);
            text = *end == ',' ? end + 1 : end;
        }
        while (*text == ' ')
            text++;
        ck_assert_int_lt(count, OP_PORTS);
        words[count++] = w;
    }
    return count;
}

static void write_description(const struct op_case *c, int ninputs, char *text, size_t size)
{
    const int outputs = c->outputs ? c->outputs : 1;
    char in[64] = "", out[64] = "";
    for (int i = 0; i < ninputs; i++)
        sprintf(in + strlen(in), "%s%c", i ? ", " : "", 'a' + i);
    for (int i = 0; i < outputs; i++)
        sprintf(out + strlen(out), "%s%c", i ? ", " : "", "yzvw"[i]);
    if (c->flow)
        snprintf(text, size, "fer 1\nuse vision, loss, data\nnet t(%s) -> %s {\n%s\n}\n", in, out, c->flow);
    else
        snprintf(text, size, "fer 1\nuse vision, loss, data\nnet t(%s) -> %s { %s = %s | op: %s }\n", in, out, out, in,
                 c->call);
}

void op_program_compile(struct op_program *program, const struct op_case *c, const struct op_device *device, bool blocked)
{
    const struct fer_description_options options = { .seed = 7 };
    const struct fer_compile_options compile = { .poison = true };
    struct word words[OP_PORTS];
    struct fer_shape shapes[OP_PORTS];
    char text[2048];
    const int ninputs = parse_inputs(c->inputs, words);

    *program = (struct op_program){ .c = c, .device = device, .blocked = blocked, .capacity = words[0].shape.dim[0] };
    snprintf(program->title, sizeof program->title, "%s of %s, %s profile, %s", c->flow ? c->flow : c->call, c->inputs,
             device->device->profile == FER_PROFILE_CPU ? "cpu" : "gpu", blocked ? "blocked" : "plain");
    for (int i = 0; i < ninputs; i++)
        shapes[i] = words[i].shape;
    write_description(c, ninputs, text, sizeof text);
    OK(fer_description_parse(device->registry, "case", ".", text, &options, &program->description, &err));
    OK(fer_description_call(program->description, "t", shapes, ninputs, (c->flags & OP_TRAINING) != 0, &program->spec,
                            &err));
    for (int i = 0; i < ninputs && blocked; i++)
        if (shapes[i].rank == 4 && shapes[i].dtype == FER_F32)
            program->spec.graph->inputs[i].value->layout = FER_LAYOUT_BLOCKED;
    program->net = fer_description_net(program->description, "t");
    OK(fer_store_create(device->device, program->description, 1, &program->store, &err));
    OK(fer_predict_compile(program->description, &program->spec, program->capacity, !(c->flags & OP_NO_BACKWARD),
                           program->store, &compile, &program->flow, &err));
}

void op_program_free(struct op_program *program)
{
    fer_flow_program_free(program->flow);
    fer_store_free(program->store);
    fer_description_free(program->description);
}

bool op_program_uses(const struct op_program *program, bool backward, const char *kernel)
{
    const struct fer_segment *segment = backward ? program->flow->backward : program->flow->segment;
    for (int i = 0; i < segment->count; i++)
        if (strcmp(segment->launches[i]->kernel, kernel) == 0)
            return true;
    return false;
}

/* ---- one run ---- */

void op_values_create(const struct op_program *program, int live, struct op_reference *r)
{
    const struct op_case *c = program->c;
    *r = (struct op_reference){ .p = c->p, .training = (c->flags & OP_TRAINING) != 0, .nin = program->flow->nin,
                                .nout = program->flow->nout, .nweights = program->net->nweights };
    ck_assert_int_le(r->nweights, OP_PORTS);
    for (int i = 0; i < r->nin; i++) {
        r->in[i] = op_tensor_create(&program->flow->in[i]->shape, live);
        r->grad_in[i] = r->in[i];
        r->grad_in[i].v = NULL;
        if (program->flow->in[i]->shape.dtype == FER_F32 && !(c->flags & OP_NO_BACKWARD))
            r->grad_in[i] = like(&r->in[i]);
    }
    for (int i = 0; i < r->nout; i++) {
        r->out[i] = op_tensor_create(&program->flow->out[i]->shape, live);
        r->grad_out[i] = like(&r->out[i]);
    }
    for (int i = 0; i < r->nweights; i++) {
        r->weight[i] = op_tensor_create(&program->net->weights[i]->shape, live);
        r->grad_weight[i] = r->moved[i] = r->weight[i];
        r->grad_weight[i].v = r->moved[i].v = NULL;
        if (!program->net->weights[i]->trained)
            r->moved[i] = like(&r->weight[i]);
        else if (!(c->flags & OP_NO_BACKWARD))
            r->grad_weight[i] = like(&r->weight[i]);
    }
}

void op_values_free(struct op_reference *r)
{
    for (int i = 0; i < OP_PORTS; i++) {
        op_tensor_free(&r->in[i]);
        op_tensor_free(&r->grad_in[i]);
        op_tensor_free(&r->out[i]);
        op_tensor_free(&r->grad_out[i]);
        op_tensor_free(&r->weight[i]);
        op_tensor_free(&r->grad_weight[i]);
        op_tensor_free(&r->moved[i]);
    }
}

static void draw_input(const struct word *w, struct op_tensor *t, uint64_t *state)
{
    const int classes = t->dim[1];
    for (size_t i = 0; i < t->count; i++)
        switch (w->kind) {
        case 'p':
        case 'd':
            t->v[i] = between(state, 0.05, 0.95);
            break;
        case 'b':
            t->v[i] = op_random(state) < 0.5;
            break;
        case 'l':
            t->v[i] = floor(op_random(state) * w->classes);
            break;
        case 'i':
            t->v[i] = floor(op_random(state) * (w->classes + 1)) - 1;
            break;
        default:
            t->v[i] = between(state, -1, 1);
        }
    for (int n = 0; w->kind == 'd' && n < t->dim[0]; n++) {
        double sum = 0;
        for (int k = 0; k < classes; k++)
            sum += t->v[n * classes + k];
        for (int k = 0; k < classes; k++)
            t->v[n * classes + k] = (float)(t->v[n * classes + k] / sum);
    }
}

/* The first rows of a tensor are the same whatever the live batch. */
static void draw_values(const struct op_program *program, struct op_reference *r, uint64_t seed)
{
    struct word words[OP_PORTS];
    parse_inputs(program->c->inputs, words);
    for (int i = 0; i < r->nin; i++) {
        uint64_t state = seed * 1000 + (uint64_t)i;
        draw_input(&words[i], &r->in[i], &state);
    }
    for (int i = 0; i < r->nout; i++) {
        uint64_t state = seed * 1000 + 100 + (uint64_t)i;
        for (size_t k = 0; k < r->grad_out[i].count; k++)
            r->grad_out[i].v[k] = between(&state, -1, 1);
    }
    for (int i = 0; i < r->nweights; i++) {
        uint64_t state = seed * 1000 + 200 + (uint64_t)i;
        const bool trained = program->net->weights[i]->trained;
        for (size_t k = 0; k < r->weight[i].count; k++)
            r->weight[i].v[k] = trained ? between(&state, -1, 1) : between(&state, 0.25, 1.5);
        if (r->moved[i].v)
            memcpy(r->moved[i].v, r->weight[i].v, r->weight[i].count * sizeof(double));
    }
}

static void write_weights(const struct op_program *program, const struct op_reference *r)
{
    for (int i = 0; i < r->nweights; i++) {
        float *values = malloc(r->weight[i].count * sizeof(*values));
        for (size_t k = 0; k < r->weight[i].count; k++)
            values[k] = (float)r->weight[i].v[k];
        OK(fer_store_write(program->store, program->net->weights[i], values, &err));
        free(values);
    }
    fer_exec_weights_changed(program->flow->exec);
}

static void read_floats(struct op_tensor *to, const float *from)
{
    for (size_t k = 0; k < to->count; k++)
        to->v[k] = from[k];
}

static void read_weights(const struct op_program *program, struct op_reference *r)
{
    for (int i = 0; i < r->nweights; i++) {
        struct fer_weight *weight = program->net->weights[i];
        float *values = malloc(r->weight[i].count * sizeof(*values));
        if (r->moved[i].v) {
            OK(fer_store_read(program->store, weight, values, &err));
            read_floats(&r->moved[i], values);
        }
        if (r->grad_weight[i].v) {
            OK(fer_buffer_read(program->flow->grads[program->net->index], weight->offset * sizeof(float), values,
                               r->weight[i].count * sizeof(float), &err));
            read_floats(&r->grad_weight[i], values);
        }
        free(values);
    }
}

static void write_random(const struct op_program *program, int live)
{
    struct fer_flow_program *flow = program->flow;
    uint32_t epoch[4] = { 0 }, ids[64];
    for (int i = 0; i < live; i++)
        ids[i] = (uint32_t)(100 + i);
    if (flow->epoch)
        OK(fer_exec_write(flow->exec, flow->epoch, epoch, sizeof epoch, &err));
    if (flow->ids)
        OK(fer_exec_write(flow->exec, flow->ids, ids, (size_t)live * sizeof(*ids), &err));
}

/* Reading also checks the zero lanes of what is blocked. */
static void check_lanes(const struct op_program *program, int live)
{
    const struct fer_graph *graph = program->flow->graph;
    for (int i = 0; i < graph->nvalues; i++) {
        const struct fer_value *value = graph->values[i];
        if (!value->tensor || !is_blocked(value->tensor) || !value->keep)
            continue;
        struct op_tensor t = op_tensor_create(&value->tensor->shape, live);
        op_read(program->flow->exec, value->tensor, &t);
        op_tensor_free(&t);
    }
}

void op_program_run(const struct op_program *program, int live, struct op_reference *r)
{
    struct fer_flow_program *flow = program->flow;
    write_weights(program, r);
    OK(fer_exec_batch(flow->exec, live, &err));
    for (int i = 0; i < r->nin; i++)
        op_write(flow->exec, flow->in[i], &r->in[i]);
    write_random(program, live);
    OK(fer_exec_run(flow->exec, flow->segment, &err));
    for (int i = 0; i < r->nout; i++)
        op_read(flow->exec, flow->out[i], &r->out[i]);
    check_lanes(program, live);
    if (flow->backward) {
        for (int i = 0; i < r->nout; i++)
            if (flow->grad_out[i])
                op_write(flow->exec, flow->grad_out[i], &r->grad_out[i]);
        OK(fer_exec_run(flow->exec, flow->backward, &err));
        for (int i = 0; i < r->nin; i++)
            if (r->grad_in[i].v && flow->grad_in[i])
                op_read(flow->exec, flow->grad_in[i], &r->grad_in[i]);
    }
    read_weights(program, r);
}

/* ---- comparisons ---- */

static void compare(const struct op_program *program, int live, const char *what, int i, const struct op_tensor *ours,
                    const struct op_tensor *theirs, double tolerance)
{
    const double distance = op_distance(ours, theirs);
    double largest = 0, worst = 0;
    size_t at = 0;
    for (size_t k = 0; k < theirs->count; k++) {
        largest = fmax(largest, fabs(theirs->v[k]));
        if (!(fabs(ours->v[k] - theirs->v[k]) <= worst)) {
            worst = fabs(ours->v[k] - theirs->v[k]);
            at = k;
        }
    }
    ck_assert_msg(distance <= tolerance && worst <= 30 * tolerance * fmax(largest, 1e-3),
                  "%s, live batch %d: %s %d differs by %.2g (at most %.2g); element %zu is %.9g and should be %.9g",
                  program->title, live, what, i, distance, tolerance, at, ours->v[at], theirs->v[at]);
}

static double tolerance_of(const struct op_case *c)
{
    return c->tolerance > 0 ? c->tolerance : 1e-5;
}

/* The reference's outputs weighted with the gradients of outputs. */
static double objective(const struct op_program *program, const struct op_reference *r)
{
    double sum = 0;
    for (int i = 0; i < r->nout; i++)
        memset(r->out[i].v, 0, r->out[i].count * sizeof(double));
    program->c->forward(r);
    for (int i = 0; i < r->nout; i++)
        for (size_t k = 0; k < r->out[i].count; k++)
            sum += r->grad_out[i].v[k] * r->out[i].v[k];
    return sum;
}

/* Compare the gradient of t, some of it when t is large. */
static void compare_differences(const struct op_program *program, int live, const struct op_reference *theirs, const char *what,
                                int i, const struct op_tensor *t, const struct op_tensor *ours, uint64_t *state)
{
    struct op_tensor some = { .v = calloc(MOST, sizeof(double)) }, same = { .v = calloc(MOST, sizeof(double)) };
    const double here = objective(program, theirs);
    size_t kinks = 0, tried = t->count < MOST ? t->count : MOST;
    for (size_t k = 0; k < tried; k++) {
        const size_t at = t->count <= MOST ? k : (size_t)(op_random(state) * (double)t->count);
        const double value = t->v[at];
        t->v[at] = value + STEP;
        const double above = objective(program, theirs) - here;
        t->v[at] = value - STEP;
        const double below = here - objective(program, theirs);
        t->v[at] = value;
        if (fabs(above - below) > 0.02 * fmax(fabs(above), fabs(below)) && fabs(above - below) > 1e-8 * STEP) {
            kinks++;
            continue;
        }
        some.v[some.count++] = ours->v[at];
        same.v[same.count++] = (above + below) / (2 * STEP);
    }
    ck_assert_msg(kinks <= 4 + tried / 10, "%s: the reference has kinks at %zu of %zu elements of %s %d", program->title,
                  kinks, tried, what, i);
    compare(program, live, what, i, &some, &same, 3 * tolerance_of(program->c));
    free(some.v);
    free(same.v);
}

/* The same numbers as in `from`, and room for results. */
static void copy_values(const struct op_program *program, int live, const struct op_reference *from, struct op_reference *to)
{
    op_values_create(program, live, to);
    for (int i = 0; i < from->nin; i++)
        memcpy(to->in[i].v, from->in[i].v, from->in[i].count * sizeof(double));
    for (int i = 0; i < from->nout; i++)
        memcpy(to->grad_out[i].v, from->grad_out[i].v, from->grad_out[i].count * sizeof(double));
    for (int i = 0; i < from->nweights; i++) {
        memcpy(to->weight[i].v, from->weight[i].v, from->weight[i].count * sizeof(double));
        if (to->moved[i].v)
            memcpy(to->moved[i].v, to->weight[i].v, to->weight[i].count * sizeof(double));
    }
}

static void check_gradients(const struct op_program *program, int live, const struct op_reference *ours,
                            struct op_reference *theirs, uint64_t seed)
{
    if (program->c->backward)
        program->c->backward(theirs);
    for (int i = 0; i < ours->nin; i++) {
        if (!ours->grad_in[i].v)
            continue;
        ck_assert_msg(program->flow->grad_in[i] != NULL, "%s: input %d has no gradient", program->title, i);
        if (program->c->backward)
            compare(program, live, "gradient of input", i, &ours->grad_in[i], &theirs->grad_in[i],
                    2 * tolerance_of(program->c));
        else
            compare_differences(program, live, theirs, "gradient of input", i, &theirs->in[i], &ours->grad_in[i], &seed);
    }
    for (int i = 0; i < ours->nweights; i++) {
        if (!ours->grad_weight[i].v)
            continue;
        if (program->c->backward)
            compare(program, live, "gradient of weight", i, &ours->grad_weight[i], &theirs->grad_weight[i],
                    2 * tolerance_of(program->c));
        else
            compare_differences(program, live, theirs, "gradient of weight", i, &theirs->weight[i], &ours->grad_weight[i],
                                &seed);
    }
}

static void check_run(const struct op_program *program, int live, const struct op_reference *ours, uint64_t seed)
{
    struct op_reference theirs;
    copy_values(program, live, ours, &theirs);
    program->c->forward(&theirs);
    for (int i = 0; i < ours->nout; i++)
        compare(program, live, "output", i, &ours->out[i], &theirs.out[i], tolerance_of(program->c));
    for (int i = 0; i < ours->nweights; i++)
        if (ours->moved[i].v)
            compare(program, live, "statistic", i, &ours->moved[i], &theirs.moved[i], tolerance_of(program->c));
    if (program->flow->backward)
        check_gradients(program, live, ours, &theirs, seed);
    op_values_free(&theirs);
}

static void check_equal(const struct op_program *program, const char *why, const char *what, int i,
                        const struct op_tensor *a, const struct op_tensor *b, bool rows)
{
    if (!a->v || !b->v || (rows && !a->batch))
        return;
    for (size_t k = 0; k < a->count; k++)
        ck_assert_msg(a->v[k] == b->v[k], "%s: element %zu of %s %d is %.9g and then %.9g: %s", program->title, k, what, i,
                      a->v[k], b->v[k], why);
}

/* rows: only those that `a` has, of tensors with a batch axis. */
static void check_same(const struct op_program *program, const char *why, const struct op_reference *a,
                       const struct op_reference *b, bool rows)
{
    for (int i = 0; i < a->nout; i++)
        check_equal(program, why, "output", i, &a->out[i], &b->out[i], rows);
    for (int i = 0; i < a->nin; i++)
        check_equal(program, why, "gradient of input", i, &a->grad_in[i], &b->grad_in[i], rows);
    for (int i = 0; i < a->nweights && !rows; i++) {
        check_equal(program, why, "gradient of weight", i, &a->grad_weight[i], &b->grad_weight[i], false);
        check_equal(program, why, "statistic", i, &a->moved[i], &b->moved[i], false);
    }
}

void op_program_check(struct op_program *program)
{
    const int live = program->capacity > 1 ? program->capacity - 1 : 1;
    struct op_reference part, whole, again, other;

    op_values_create(program, live, &part);
    draw_values(program, &part, 1);
    op_program_run(program, live, &part);
    check_run(program, live, &part, 1);

    op_values_create(program, program->capacity, &other);
    draw_values(program, &other, 2);
    op_program_run(program, program->capacity, &other);
    check_run(program, program->capacity, &other, 2);

    op_values_create(program, program->capacity, &whole);
    draw_values(program, &whole, 1);
    op_program_run(program, program->capacity, &whole);
    copy_values(program, program->capacity, &whole, &again);
    op_program_run(program, program->capacity, &again);
    check_same(program, "not reproducible", &whole, &again, false);
    if (!(program->c->flags & (OP_COUPLED | OP_INEXACT)))
        check_same(program, "it depends on the live batch", &part, &whole, true);

    op_values_free(&part);
    op_values_free(&other);
    op_values_free(&whole);
    op_values_free(&again);
}

/* Layers without kernels of their own for blocked tensors are tried with plain inputs only, layers that wish for a
 * layout with blocked ones only. */
static bool wanted(const struct op_program *program, bool blocked)
{
    const struct fer_layer *layer = program->spec.graph->nops ? program->spec.graph->ops[0]->layer : NULL;
    bool pictures = false;
    for (int i = 0; i < program->flow->nin; i++)
        pictures = pictures || (program->flow->in[i]->shape.rank == 4 && program->flow->in[i]->shape.dtype == FER_F32);
    if (!blocked)
        return true;
    return pictures && layer && (layer->layout || (layer->flags & FER_LAYER_ANY_LAYOUT) || program->c->flow);
}

void op_check(const struct op_case *c)
{
    for (int profile = 0; profile < 2; profile++) {
        if (c->flags & (profile ? OP_CPU_ONLY : OP_GPU_ONLY))
            continue;
        struct op_device device = op_device_open(profile ? FER_PROFILE_GPU : FER_PROFILE_CPU);
        for (int blocked = 0; blocked < (profile ? 1 : 2); blocked++) {
            struct op_program program;
            op_program_compile(&program, c, &device, blocked);
            if (wanted(&program, blocked))
                op_program_check(&program);
            op_program_free(&program);
        }
        op_device_close(&device);
    }
}

/* ---- suites ---- */

static const struct op_case *all_cases; /* set once, before any test runs */

START_TEST(against_reference)
{
    op_check(&all_cases[_i]);
}
END_TEST

int op_main(const char *name, const struct op_case *cases, int count, void (*more)(TCase *tcase))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    all_cases = cases;
    tcase_add_loop_test(tcase, against_reference, 0, count);
    if (more)
        more(tcase);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
