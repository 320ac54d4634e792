/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting what is right.  A counter is two floats, high and low: count = high * 2^20 + low, so that it is exact beyond the
 * 2^24 that one float counts to.  Every counter belongs to one work-item, which walks the batch in order.
 */
#define CARRY 1048576.0f
static inline void count_up(__global float *counter, const float by)
{
    float low = counter[1] + by;
    if (low >= CARRY) {
        low -= CARRY;
        counter[0] += 1.0f;
    }
    counter[1] = low;
}

/* Whether the label is among the `top` largest values; of equal values the first counts as larger.  Any NaN: no. */
#ifdef FER_KERNEL_hits
__kernel void hits(FER_IN(x), FER_IN(label), FER_OUT(hit), const int top)
{
    const int n = get_global_id(0), classes = x_dim.y;
    if (n >= x_dim.x)
        return;
    const int y = DATA(label)[n];
    __global const float *row = DATA(x) + (size_t)n * classes;
    int before = y < classes && y >= 0 ? 0 : top, broken = 0;
    for (int k = 0; before < top && k < classes; k++) {
        broken |= isnan(row[k]);
        before += row[k] > row[y] || (row[k] == row[y] && k < y);
    }
    DATA(hit)[n] = y < 0 ? -1.0f : before < top && !broken ? 1.0f : 0.0f;
}
#endif

/* counts f32[bins][2 counters]: right, all.  Bin b holds edge b <= value < edge b + 1, the last one its end too; samples
 * outside belong to none.  Without BY there is one bin. */
#ifdef FER_KERNEL_accuracy
#ifdef BY
#define BINNED FER_IN(by), FER_IN(edge),
#define IN_BIN(n, b)                                                                                                     \
    (DATA(by)[n] >= DATA(edge)[b] &&                                                                                     \
     (DATA(by)[n] < DATA(edge)[(b) + 1] || ((b) == bins - 1 && DATA(by)[n] == DATA(edge)[(b) + 1])))
#else
#define BINNED
#define IN_BIN(n, b) ((b) >= 0)
#endif
/* Work-item 0 counts all samples, work-item b + 1 bin b. */
__kernel void accuracy(FER_IN(hit), BINNED FER_INOUT(counts), const int bins)
{
    const int g = get_global_id(0), b = g - 1;
    if (g > bins)
        return;
    int right = 0, all = 0;
    for (int n = 0; n < hit_dim.x; n++)
        if (DATA(hit)[n] >= 0.0f && (g == 0 || IN_BIN(n, b))) {
            right += DATA(hit)[n] > 0.0f;
            all++;
        }
    count_up(DATA(counts) + 4 * g, (float)right);
    count_up(DATA(counts) + 4 * g + 2, (float)all);
}
#endif

/* The first of the largest values; -1 when one is a NaN. */
#ifdef FER_KERNEL_argmax
__kernel void argmax(FER_IN(x), FER_OUT(best))
{
    const int n = get_global_id(0), classes = x_dim.y;
    if (n >= x_dim.x)
        return;
    __global const float *row = DATA(x) + (size_t)n * classes;
    int at = 0, broken = isnan(row[0]);
    for (int k = 1; k < classes; k++) {
        broken |= isnan(row[k]);
        at = row[k] > row[at] ? k : at;
    }
    DATA(best)[n] = broken ? -1.0f : (float)at;
}
#endif

/* counts f32[classes][classes + 1] counters, a row for each true class; the last column counts predictions of no class. */
#ifdef FER_KERNEL_confusion
__kernel void confusion(FER_IN(best), FER_IN(label), FER_INOUT(counts), const int classes)
{
    const int y = get_global_id(0);
    if (y >= classes)
        return;
    for (int n = 0; n < best_dim.x; n++)
        if (DATA(label)[n] == y) {
            const int k = DATA(best)[n] < 0.0f ? classes : (int)DATA(best)[n];
            count_up(DATA(counts) + 2 * ((size_t)y * (classes + 1) + k), 1.0f);
        }
}
#endif

/* sums f32[2 + 2]: a sum with its rounding error (Neumaier 1974), and a counter.  OF: each x counts as often as there are
 * samples in `of`. */
#ifdef FER_KERNEL_average
#ifdef OF
#define OF_ARG FER_IN(of),
#define TIMES of_dim.x
#else
#define OF_ARG
#define TIMES 1
#endif
__kernel void average(FER_IN(x), OF_ARG FER_INOUT(sums))
{
    if (get_global_id(0) != 0)
        return;
    float s = DATA(sums)[0], lost = DATA(sums)[1];
    const int count = (int)SIZE(x);
    for (int i = 0; i < count; i++) {
        const float v = DATA(x)[i] * TIMES, t = s + v;
        lost += fabs(s) >= fabs(v) ? (s - t) + v : (v - t) + s;
        s = t;
    }
    DATA(sums)[0] = s;
    DATA(sums)[1] = lost;
    count_up(DATA(sums) + 2, (float)count * TIMES);
}
#endif
