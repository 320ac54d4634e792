/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of the plugin `nvidia`: solvers for devices that say they are NVIDIA's, of compute capability 8.0 and
 * later, where the user allows products to round what they multiply.  Elsewhere it offers nothing.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <string.h>

#include "tensor.h"

/* cl_nv_device_attribute_query */
enum { CAPABILITY_MAJOR = 0x4000, WARP_SIZE = 0x4003 };

enum {
    LEAST = 16,       /* rows, columns and depth of a product, or most of a tile would be zero */
    GROUP = 256,      /* work-items of the largest work-group */
    LOCAL = 36 * 1024 /* bytes that it needs */
};

static unsigned ask(const struct fer_device_facts *device, cl_device_info what)
{
    cl_uint value = 0;
    const cl_int code = clGetDeviceInfo(device->id, what, sizeof value, &value, NULL);
    return code == CL_SUCCESS ? value : 0;
}

static bool has_tensor_cores(const struct fer_emit *em)
{
    const struct fer_device_facts *device = fer_emit_device(em);
    return fer_emit_profile(em) == FER_PROFILE_GPU && strstr(device->vendor, "NVIDIA") &&
           fer_emit_device_has(em, "cl_nv_device_attribute_query") && ask(device, CAPABILITY_MAJOR) >= 8 &&
           ask(device, WARP_SIZE) == 32 && device->max_work_group >= GROUP && device->local_memory >= LOCAL;
}

static bool multiplies(const struct fer_emit *em, const void *detail)
{
    const struct fer_product *p = detail;
    return has_tensor_cores(em) && tensor_can_multiply(p) && p->columns >= LEAST && (!p->rows || p->rows >= LEAST) &&
           (!p->depth || p->depth >= LEAST);
}

static bool convolves(const struct fer_emit *em, const void *detail)
{
    const struct fer_convolution *conv = detail;
    const struct fer_convolution_shape *s = &conv->shape;
    const int taps = s->kernel * s->kernel;
    return has_tensor_cores(em) && tensor_can_convolve(conv) && s->k / s->groups >= LEAST &&
           s->c / s->groups * (conv->pass == FER_CONVOLUTION_DATA ? 1 : taps) >= LEAST;
}

#define TENSOR_EMULATE false
#include "table.h"

FER_PLUGIN(nvidia){ FER_PLUGIN_HEAD(nvidia), .version = "1.0.0", .license = "Apache-2.0",
                    .help = "matrix products and convolutions by tensor cores, where --precision allows rounding",
                    .solvers = solvers };
