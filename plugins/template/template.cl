/* SPDX-License-Identifier: Apache-2.0
 * Each kernel is compiled on its own, with the types of its own tensors: FER_KERNEL_name says which one it is. */
#ifdef FER_KERNEL_swish_forward
__kernel void swish_forward(FER_IN(x), FER_OUT(out), const float beta)
{
    const size_t i = get_global_id(0);
    if (i < SIZE(out))
        DATA(out)[i] = DATA(x)[i] / (1.0f + exp(-beta * DATA(x)[i]));
}
#else
/* d(x s)/dx = s + beta x s (1 - s), with s = 1 / (1 + exp(-beta x)) */
__kernel void swish_backward(FER_IN(x), FER_IN(dy), FER_OUT(out), const float beta)
{
    const size_t i = get_global_id(0);
    if (i < SIZE(out)) {
        const float s = 1.0f / (1.0f + exp(-beta * DATA(x)[i]));
        DATA(out)[i] = DATA(dy)[i] * (s + beta * DATA(x)[i] * s * (1.0f - s));
    }
}
#endif
