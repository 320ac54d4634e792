/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products by CLBlast (Nugteren: CLBlast: A tuned OpenCL BLAS library, IWOCL 2018).
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <clblast_c.h>

#include "gemm.h"
#include "gemm_cl.h"

static const char *const sources[] = { GEMM_CLBLAST, fer_gemm_cl, NULL };
const struct fer_solver gemm_clblast_solver = { sizeof gemm_clblast_solver, "clblast", "the library CLBlast", sources,
                                                NULL };

/* The call's ints; its tensors are a, b and c. */
enum { ROWS, COLUMNS, DEPTH, A_STEP, A_TURNED, B_STEP, B_TURNED, A_NEXT, B_NEXT, MATRICES, BIASED };

/* Rows or columns lie one behind the other: what BLAS calls a leading dimension is the other step. */
static bool is_regular(const struct fer_matrix *matrix)
{
    return matrix->column_step == 1 || matrix->row_step == 1;
}

bool gemm_clblast_applies(const struct fer_product *g)
{
    return is_regular(&g->a) && is_regular(&g->b);
}

static enum fer_status fail(CLBlastStatusCode code, struct fer_error *err)
{
    return code == CLBlastSuccess ? FER_OK : fer_fail(err, FER_EPLUGIN, "CLBlast's product fails with %d", (int)code);
}

/* A sum of nothing is zero, which is no product for CLBlast. */
static enum fer_status clear(const struct fer_call *call, size_t count, struct fer_error *err)
{
    const struct fer_call_tensor *c = &call->tensors[2];
    const float zero = 0;
    const cl_int code = clEnqueueFillBuffer(call->queue, c->memory, &zero, sizeof zero, c->offset * sizeof zero,
                                            count * sizeof zero, 0, NULL, call->event);
    return code == CL_SUCCESS ? FER_OK : fer_fail(err, FER_EDEVICE, "clEnqueueFillBuffer fails with %d", (int)code);
}

static enum fer_status run(const struct fer_call *call, struct fer_error *err)
{
    const struct fer_call_tensor *a = &call->tensors[0], *b = &call->tensors[1], *c = &call->tensors[2];
    const int *ints = call->ints;
    const size_t rows = (size_t)(ints[ROWS] ? ints[ROWS] : a->dim[0]), columns = (size_t)ints[COLUMNS];
    const size_t depth = (size_t)(ints[DEPTH] ? ints[DEPTH] : a->dim[0]);
    const size_t matrices = ints[MATRICES] ? (size_t)ints[MATRICES] * (size_t)c->dim[0] : 1;
    const CLBlastTranspose a_turned = ints[A_TURNED] ? CLBlastTransposeYes : CLBlastTransposeNo;
    const CLBlastTranspose b_turned = ints[B_TURNED] ? CLBlastTransposeYes : CLBlastTransposeNo;
    const size_t a_step = (size_t)ints[A_STEP], b_step = (size_t)ints[B_STEP];
    cl_command_queue queue = call->queue;
    const float beta = ints[BIASED] ? 1 : 0; /* c holds the bias already */

    if (depth == 0)
        return clear(call, matrices * rows * columns, err);
    if (matrices == 1)
        return fail(CLBlastSgemm(CLBlastLayoutRowMajor, a_turned, b_turned, rows, columns, depth, 1, a->memory,
                                 a->offset, a_step, b->memory, b->offset, b_step, beta, c->memory, c->offset, columns,
                                 &queue, call->event),
                    err);
    return fail(CLBlastSgemmStridedBatched(CLBlastLayoutRowMajor, a_turned, b_turned, rows, columns, depth, 1,
                                           a->memory, a->offset, a_step, (size_t)ints[A_NEXT], b->memory, b->offset,
                                           b_step, (size_t)ints[B_NEXT], beta, c->memory, c->offset, columns,
                                           rows * columns, matrices, &queue, call->event),
                err);
}

/* c[i, j] = bias[j] */
static void emit_bias(struct fer_emit *em, const struct fer_product *g)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_gemm_cl, "gemm_bias", "%s", "");
    fer_launch_in(launch, "bias", g->bias);
    fer_launch_out(launch, "c", g->c);
    fer_launch_int(launch, g->columns);
    fer_launch_range_1d(launch, fer_extent_each(g->c));
}

struct fer_launch *gemm_clblast_emit(struct fer_emit *em, const struct fer_product *g)
{
    const bool a_turned = g->a.column_step != 1, b_turned = g->b.column_step != 1;
    if (g->bias)
        emit_bias(em, g);
    struct fer_launch *launch = fer_emit_call(em, GEMM_CLBLAST, "clblast_sgemm", run);
    fer_launch_in(launch, "a", g->a.tensor);
    fer_launch_in(launch, "b", g->b.tensor);
    (g->bias ? fer_launch_inout : fer_launch_out)(launch, "c", g->c);
    const int ints[] = { [ROWS] = g->rows,          [COLUMNS] = g->columns,
                         [DEPTH] = g->depth,        [A_STEP] = a_turned ? g->a.column_step : g->a.row_step,
                         [A_TURNED] = a_turned,     [B_STEP] = b_turned ? g->b.column_step : g->b.row_step,
                         [B_TURNED] = b_turned,     [A_NEXT] = g->a.next,
                         [B_NEXT] = g->b.next,      [MATRICES] = g->matrices,
                         [BIASED] = g->bias != NULL };
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++)
        fer_launch_int(launch, ints[i]);
    fer_launch_range_1d(launch, fer_extent_each(g->c));
    return launch;
}
