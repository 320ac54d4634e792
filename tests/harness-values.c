/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of a case: random ones, and room for results.
 */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- inputs of a case ---- */

int op_words_parse(const char *text, struct op_word words[OP_PORTS])
{
    int count = 0;
    char *end;
    while (*text) {
        struct op_word w = { .kind = 'u', .shape = { .dtype = FER_F32, .batch = 1 } };
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

/* ---- all tensors of a run ---- */

void op_values_create(const struct op_program *program, int live, struct op_reference *r)
{
    const struct op_case *c = program->c;
    *r = (struct op_reference){ .p = c->p,
                                .training = (c->flags & OP_TRAINING) != 0,
                                .nin = program->flow->nin,
                                .nout = program->flow->nout,
                                .nweights = program->net->nweights };
    ck_assert_int_le(r->nweights, OP_WEIGHTS);
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
    }
    for (int i = 0; i < OP_WEIGHTS; i++) {
        op_tensor_free(&r->weight[i]);
        op_tensor_free(&r->grad_weight[i]);
        op_tensor_free(&r->moved[i]);
    }
}

static void draw_input(const struct op_word *w, struct op_tensor *t, uint64_t *state)
{
    const int classes = t->dim[1];
    for (size_t i = 0; i < t->count; i++)
        switch (w->kind) {
        case 'p':
        case 'd': t->v[i] = between(state, 0.05, 0.95); break;
        case 'b': t->v[i] = op_random(state) < 0.5; break;
        case 'l': t->v[i] = floor(op_random(state) * w->classes); break;
        case 'i': t->v[i] = floor(op_random(state) * (w->classes + 1)) - 1; break;
        default: t->v[i] = between(state, -1, 1);
        }
    for (int n = 0; w->kind == 'd' && n < t->dim[0]; n++) {
        double sum = 0;
        for (int k = 0; k < classes; k++)
            sum += t->v[n * classes + k];
        for (int k = 0; k < classes; k++)
            t->v[n * classes + k] = (float)(t->v[n * classes + k] / sum);
    }
}

void op_values_draw(const struct op_program *program, struct op_reference *r, uint64_t seed)
{
    struct op_word words[OP_PORTS];
    op_words_parse(program->c->inputs, words);
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

void op_values_copy(const struct op_program *program, int live, const struct op_reference *from,
                    struct op_reference *to)
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
