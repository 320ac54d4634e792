/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/core.h"
#include "compile/emit.h"
#include "compile/lower.h"
#include "compile/widen.h"
#include "said.h"

enum fer_status fer_compiler_emit_op(struct fer_emit *em, struct fer_op *op)
{
    em->op = op;
    em->epilogue.activation = op->activation;
    em->epilogue.slope = op->slope;
    if (op->addend && !(em->epilogue.add = fer_compiler_value(em->c, op->in[op->addend])))
        return fer_compile_memory(em->err);
    return op->affine ? fer_fold(em->c, op, &em->folded, &em->epilogue.bias, em->err) : FER_OK;
}

enum fer_status fer_emit_forward(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment, bool tracking,
                                 bool has_backward, struct fer_error *err)
{
    if (fer_compiler_views(c, op))
        return fer_compiler_value(c, op->out[0]) ? FER_OK : fer_compile_memory(err);
    struct fer_emit em = fer_compiler_emit(c, segment, op->region == FER_REGION_DATA ? "data" : "forward", err);
    enum fer_status status = fer_compiler_emit_op(&em, op);
    em.tracking = tracking;
    em.has_backward = has_backward;
    if (!status && op->layer->flags & FER_LAYER_VIEW)
        fer_core_copy(&em, fer_emit_input(&em, 0), fer_emit_output(&em, 0), 1, false);
    else if (!status)
        status = fer_said(op->layer->forward(&em, err), op->layer->name, "forward", err);
    fer_wide_finish(&em);
    return status ? status : em.status;
}
