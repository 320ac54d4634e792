/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions with a 1x1 kernel as products of CLBlast's (gemm_clblast.c): in plain layout a picture is a matrix of
 * channels by pixels.
 *
 *     FORWARD   y[n] = w x[n]       DATA   dx[n] = transposed w dy[n]
 */
#include "conv.h"
#include "conv_bias_add_cl.h"
#include "gemm.h"

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_GPU && s->x == FER_LAYOUT_PLAIN && s->y == FER_LAYOUT_PLAIN && s->kernel == 1 &&
           s->stride == 1 && s->pad == 0 && s->groups == 1;
}

static void emit(const struct conv_call *call, bool data)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int in = data ? s->k : s->c, out = data ? s->c : s->k, pixels = s->h * s->w;
    const struct fer_product product = {
        .size = sizeof product,
        .a = { call->of.w, data ? 1 : s->c, data ? s->c : 1, 0 },
        .b = { data ? call->of.y : call->of.x, pixels, 1, in * pixels },
        .c = data ? call->of.x : call->of.y,
        .rows = out,
        .columns = pixels,
        .depth = in,
        .matrices = 1,
    };
    conv_cost(gemm_clblast_emit(call->em, &product), s);
}

static void forward(const struct conv_call *call)
{
    emit(call, false);
    if (call->of.bias)
        conv_bias_add_emit(call->em, call->of.bias, call->of.y);
}

static void data(const struct conv_call *call)
{
    emit(call, true);
}

#define SOLVER CONV_SOLVER("clblast", "1x1 kernels by the library CLBlast", NULL, GEMM_CLBLAST, fer_conv_bias_add_cl)
const struct conv_solver conv_clblast_forward = { SOLVER, .applicable = applicable, .emit = forward };
const struct conv_solver conv_clblast_data = { SOLVER, .applicable = applicable, .emit = data };
