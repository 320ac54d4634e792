/* SPDX-License-Identifier: Apache-2.0
 *
 * The solvers of the plugin nvidia wherever the kernels can do it, with the tensor core's instruction played in OpenCL
 * C; unit-tensor.c.  Linked with plugins/nvidia/tensor*.c.
 */
#include "../../plugins/nvidia/tensor.h"

static bool multiplies(const struct fer_emit *em, const void *detail)
{
    return fer_emit_profile(em) == FER_PROFILE_GPU && tensor_can_multiply(detail);
}

static bool convolves(const struct fer_emit *em, const void *detail)
{
    return fer_emit_profile(em) == FER_PROFILE_GPU && tensor_can_convolve(detail);
}

#define TENSOR_EMULATE true
#include "../../plugins/nvidia/table.h"

FER_PLUGIN(emulated){ FER_PLUGIN_HEAD(emulated), .version = "1.0.0", .license = "Apache-2.0",
                      .help = "tensor cores, played", .solvers = solvers };
