/* SPDX-License-Identifier: Apache-2.0
 *
 * out (+)= weight x, or with VOTE: out (+)= weight where x is the first of the largest of its row.
 */
#ifdef FER_KERNEL_ensemble
__kernel void ensemble(FER_IN(x), FER_INOUT(out), const float weight, const int more)
{
    const int n = get_global_id(0), classes = x_dim.y;
    if (n >= x_dim.x)
        return;
    __global const float *row = DATA(x) + (size_t)n * classes;
#ifdef VOTE
    int best = 0;
    for (int k = 1; k < classes; k++)
        if (row[k] > row[best])
            best = k;
#endif
    for (int k = 0; k < classes; k++) {
#ifdef VOTE
        const float v = k == best ? weight : 0.0f;
#else
        const float v = weight * row[k];
#endif
        DATA(out)[(size_t)n * classes + k] = v + (more ? DATA(out)[(size_t)n * classes + k] : 0.0f);
    }
}
#endif
