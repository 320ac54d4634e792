/* SPDX-License-Identifier: Apache-2.0
 *
 * matmul: the product of the matrices in the last two axes of two tensors; the axes before are alike.
 */
#include "gemm.h"
#include "layers.h"

struct matmul {
    bool transpose_a, transpose_b;
};

static const struct fer_param *const params[] = {
    FER_PARAM_BOOL(struct matmul, transpose_a, "no", "exchange the last two axes of the first input"),
    FER_PARAM_BOOL(struct matmul, transpose_b, "no", "exchange the last two axes of the second input"), NULL
};

/* The last two axes. */
struct size {
    int rows, columns;
};

static struct size size_of(const struct fer_shape *shape)
{
    return (struct size){ shape->dim[shape->rank - 2], shape->dim[shape->rank - 1] };
}

static struct size transposed(struct size s, bool yes)
{
    return yes ? (struct size){ s.columns, s.rows } : s;
}

/* Products for each row of axis 0. */
static int matrices(const struct fer_shape *shape)
{
    int count = 1;
    for (int i = 1; i < shape->rank - 2; i++)
        count *= shape->dim[i];
    return count;
}

static bool same_before(const struct fer_shape *a, const struct fer_shape *b)
{
    if (a->rank != b->rank || a->batch != b->batch)
        return false;
    for (int i = 0; i < a->rank - 2; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct matmul *p = fer_op_params(op);
    const struct fer_shape *a = fer_op_input(op, 0), *b = fer_op_input(op, 1);
    char a_text[64], b_text[64];
    fer_shape_text(a, a_text, sizeof a_text);
    fer_shape_text(b, b_text, sizeof b_text);
    if (a->dtype != FER_F32 || b->dtype != FER_F32 || a->rank < 3 || b->rank < 3)
        return fer_fail(err, FER_ESHAPE, "matmul reads two tensors of f32 matrices, but its inputs are %s and %s",
                        a_text, b_text);
    if (!same_before(a, b))
        return fer_fail(err, FER_ESHAPE, "the axes before the matrices must be alike, but the inputs are %s and %s",
                        a_text, b_text);
    const struct size left = transposed(size_of(a), p->transpose_a), right = transposed(size_of(b), p->transpose_b);
    if (left.columns != right.rows)
        return fer_fail(err, FER_ESHAPE, "cannot multiply %d x %d by %d x %d: the inner sizes must be equal", left.rows,
                        left.columns, right.rows, right.columns);
    struct fer_shape out = *a;
    out.dim[out.rank - 2] = left.rows;
    out.dim[out.rank - 1] = right.columns;
    fer_op_output(op, 0, &out);
    fer_op_macs(op, (double)matrices(a) * left.rows * left.columns * right.columns);
    return FER_OK;
}

static struct fer_matrix matrix(struct fer_tensor *tensor, bool transpose)
{
    const struct size s = size_of(fer_tensor_shape(tensor));
    return (struct fer_matrix){ tensor, transpose ? 1 : s.columns, transpose ? s.columns : 1, s.rows * s.columns };
}

/* c = op(a) op(b), with op the transposition where asked for. */
static void multiply(struct fer_emit *em, struct fer_tensor *a, bool transpose_a, struct fer_tensor *b,
                     bool transpose_b, struct fer_tensor *c)
{
    const struct size left = transposed(size_of(fer_tensor_shape(a)), transpose_a);
    const struct size right = transposed(size_of(fer_tensor_shape(b)), transpose_b);
    gemm_emit(em, &(struct fer_product){ .size = sizeof(struct fer_product),
                                         .a = matrix(a, transpose_a),
                                         .b = matrix(b, transpose_b),
                                         .c = c,
                                         .rows = left.rows,
                                         .columns = right.columns,
                                         .depth = left.columns,
                                         .matrices = matrices(fer_tensor_shape(c)) });
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct matmul *p = fer_emit_params(em);
    (void)err;
    multiply(em, fer_emit_input(em, 0), p->transpose_a, fer_emit_input(em, 1), p->transpose_b, fer_emit_output(em, 0));
    return FER_OK;
}

/* With C = A B: dA = dC Bᵀ and dB = Aᵀ dC.  Where A was transposed its gradient is too: d(Aᵀ)ᵀ = B dCᵀ; likewise B. */
static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct matmul *p = fer_emit_params(em);
    struct fer_tensor *a = fer_emit_input(em, 0), *b = fer_emit_input(em, 1), *dc = fer_emit_grad_output(em, 0);
    struct fer_tensor *da = fer_emit_grad_input(em, 0), *db = fer_emit_grad_input(em, 1);
    (void)err;
    if (da && p->transpose_a)
        multiply(em, b, p->transpose_b, dc, true, da);
    else if (da)
        multiply(em, dc, false, b, !p->transpose_b, da);
    if (db && p->transpose_b)
        multiply(em, dc, true, a, p->transpose_a, db);
    else if (db)
        multiply(em, a, !p->transpose_a, dc, false, db);
    return FER_OK;
}

const struct fer_layer fer_matmul = { .size = sizeof(struct fer_layer),
                                      .name = "matmul",
                                      .help = "product of the matrices in the last two axes of two tensors",
                                      .params = params,
                                      .params_size = sizeof(struct matmul),
                                      .inputs_min = 2,
                                      .inputs_max = 2,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .shape = shape,
                                      .forward = forward,
                                      .backward = backward };
