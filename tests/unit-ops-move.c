/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations that move, join, cut, rename or sum elements.
 */
#include "harness.h"

#include <math.h>
#include <string.h>

static void concat(const struct op_reference *r)
{
    const struct op_tensor *y = &r->out[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int k = 0, channel = 0; k < r->nin; channel += r->in[k++].dim[1]) {
            const struct op_tensor *x = &r->in[k];
            const size_t row = x->count / (size_t)x->dim[0];
            memcpy(y->v + op_at(y, n, channel, 0, 0), x->v + (size_t)n * row, row * sizeof(double));
        }
}

/* y[index] = x[index + p[0] on axis p[1]] */
static void slice(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    int from[4] = { 0 };
    from[(int)r->p[1]] = (int)r->p[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++)
            for (int h = 0; h < y->dim[2]; h++)
                for (int w = 0; w < y->dim[3]; w++)
                    y->v[op_at(y, n, c, h, w)] = x->v[op_at(x, n, c + from[1], h + from[2], w + from[3])];
}

/* Output channel c is input channel index[c]. */
static void take_channels(const struct op_reference *r, const int *index)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++)
            memcpy(y->v + op_at(y, n, c, 0, 0), x->v + op_at(x, n, index[c], 0, 0),
                   (size_t)y->dim[2] * (size_t)y->dim[3] * sizeof(double));
}

/* p: the list */
static void gather(const struct op_reference *r)
{
    int index[12];
    for (int i = 0; i < 12; i++)
        index[i] = (int)r->p[i];
    take_channels(r, index);
}

/* p: groups.  PyTorch: reshape to [groups, C / groups], transpose, flatten. */
static void shuffle(const struct op_reference *r)
{
    const int groups = (int)r->p[0], each = r->in[0].dim[1] / groups;
    int index[64], count = 0;
    for (int c = 0; c < each; c++)
        for (int g = 0; g < groups; g++)
            index[count++] = g * each + c;
    take_channels(r, index);
}

/* p: order.  Output axis i is input axis order[i]. */
static void permute(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    int at[4], from[4] = { 0 };
    for (at[0] = 0; at[0] < y->dim[0]; at[0]++)
        for (at[1] = 0; at[1] < y->dim[1]; at[1]++)
            for (at[2] = 0; at[2] < y->dim[2]; at[2]++)
                for (at[3] = 0; at[3] < y->dim[3]; at[3]++) {
                    from[0] = at[0];
                    for (int i = 0; r->p[i] > 0; i++)
                        from[(int)r->p[i]] = at[i + 1];
                    y->v[op_at(y, at[0], at[1], at[2], at[3])] = x->v[op_at(x, from[0], from[1], from[2], from[3])];
                }
}

static void same(const struct op_reference *r)
{
    memcpy(r->out[0].v, r->in[0].v, r->out[0].count * sizeof(double));
}

/* ---- reduce; p: 0 sum, 1 mean, 2 max; set of axes ---- */

static size_t without(const struct op_tensor *x, size_t i, int axes)
{
    size_t at = 0, step = 1;
    for (int k = FER_MAX_RANK - 1; k >= 0; k--) {
        const size_t index = i % (size_t)x->dim[k];
        i /= (size_t)x->dim[k];
        if (!(axes & 1 << k)) {
            at += index * step;
            step *= (size_t)x->dim[k];
        }
    }
    return at;
}

static void reduce(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    const int axes = (int)r->p[1];
    const double each = (double)x->count / (double)y->count;
    for (size_t i = 0; i < y->count && r->p[0] == 2; i++)
        y->v[i] = -INFINITY;
    for (size_t i = 0; i < x->count; i++) {
        double *to = &y->v[without(x, i, axes)];
        *to = r->p[0] == 2 ? fmax(*to, x->v[i]) : *to + x->v[i] / (r->p[0] == 1 ? each : 1);
    }
}

/* ---- ten crops of 3 x 3, a PReLU and their mean: four corners, the middle, and all mirrored ---- */

static double rectified(const struct op_reference *r, double x)
{
    return x > 0 ? x : r->weight[0].v[0] * x;
}

static void crops(const struct op_reference *r)
{
    enum { SIDE = 3 };
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    const int down = x->dim[2] - SIDE, right = x->dim[3] - SIDE;
    const int top[5] = { 0, 0, down, down, (down + 1) / 2 }, left[5] = { 0, right, 0, right, (right + 1) / 2 };
    for (size_t i = 0; i < y->count; i++) {
        const int w = (int)(i % SIDE), h = (int)(i / SIDE % SIDE), c = (int)(i / (SIDE * SIDE)) % y->dim[1];
        const int n = (int)(i / (SIDE * SIDE)) / y->dim[1];
        for (int k = 0; k < 5; k++)
            y->v[i] += (rectified(r, x->v[op_at(x, n, c, top[k] + h, left[k] + w)]) +
                        rectified(r, x->v[op_at(x, n, c, top[k] + h, left[k] + SIDE - 1 - w)])) /
                       10;
    }
}

/* x + detach(x): twice the value, once the gradient. */
static void detached(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = 2 * r->in[0].v[i];
}

static void detached_back(const struct op_reference *r)
{
    memcpy(r->grad_in[0].v, r->grad_out[0].v, r->grad_out[0].count * sizeof(double));
}

enum { C = 1 << 1, H = 1 << 2, W = 1 << 3 };

static const struct op_case cases[] = {
    OP_CASE("concat", "2,16,3,4 2,5,3,4", concat),
    OP_CASE("concat", "2,5,3,4 2,7,3,4 2,1,3,4", concat),
    OP_CASE("concat", "3,4 3,5", concat),
    OP_CASE("slice 2 to=9", "2,18,3,4", slice, { 2, 1 }),
    OP_CASE("slice 16", "2,33,3,4", slice, { 16, 1 }),
    OP_CASE("slice 1 to=-1 axis=2", "2,18,4,3", slice, { 1, 2 }),
    OP_CASE("slice 1 to=3 axis=3", "3,3,2,4", slice, { 1, 3 }),
    OP_CASE("slice 3", "3,7", slice, { 3, 1 }),
    OP_CASE("gather [3, 0, 3, 1]", "2,5,3,4", gather, { 3, 0, 3, 1 }),
    OP_CASE("gather [1, 0]", "3,2", gather, { 1, 0 }),
    OP_CASE("channel_shuffle 3", "2,18,3,4", shuffle, { 3 }),
    OP_CASE("channel_shuffle 2", "3,6", shuffle, { 2 }),
    OP_CASE("permute [3, 2, 1]", "2,18,3,4", permute, { 3, 2, 1 }),
    OP_CASE("permute [2, 3, 1]", "3,5,2,4", permute, { 2, 3, 1 }),
    OP_CASE("permute [2, 1]", "2,5,7", permute, { 2, 1 }),
    OP_CASE("flatten", "3,5,2,3", same),
    OP_CASE("flatten", "2,18,3,3", same),
    OP_CASE("reshape [4, -1]", "3,8,5", same),
    OP_CASE("reshape [2, 9, 4, 3]", "2,18,3,4", same),
    OP_CASE("reduce sum", "2,18,3,5", reduce, { 0, H | W }),
    OP_CASE("reduce mean axes=[1]", "2,18,3,5", reduce, { 1, C }),
    OP_CASE("reduce max axes=[1] keep=yes", "2,18,3,5", reduce, { 2, C }),
    OP_CASE("reduce max", "2,18,3,5", reduce, { 2, H | W }),
    OP_CASE("reduce mean axes=[1, 2, 3]", "3,5,9,8", reduce, { 1, C | H | W }),
    OP_CASE("reduce max axes=[3] keep=yes", "2,3,2,5", reduce, { 2, W }),
    OP_CASE("reduce sum axes=[2] keep=yes", "2,18,3,5", reduce, { 0, H }),
    OP_CASE("reduce sum axes=[1]", "3,7", reduce, { 0, C }),
    OP_CASE(NULL, "2,3,6,5", crops, .flags = OP_STOPPED, .flow = "y = a | tencrop 3 | prelu | mean views"),
    OP_CASE(NULL, "2,5,3,2", detached, .backward = detached_back, .flow = "d = a | detach\ny = a, d | add"),
};

int main(void)
{
    return op_main("ops-move", cases, sizeof cases / sizeof cases[0], NULL);
}
