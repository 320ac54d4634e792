/* SPDX-License-Identifier: Apache-2.0 */
#include "train/measure.h"

#include <math.h>
#include <stdlib.h>

/* ---- masks ---- */

struct scored {
    float value;
    bool covered;
};

static int compare(const void *a, const void *b)
{
    const float x = ((const struct scored *)a)->value, y = ((const struct scored *)b)->value;

    return (x > y) - (x < y);
}

/* Mann and Whitney's U from mean ranks, over the number of pairs. */
static double area_under_curve(struct scored *items, size_t count, size_t covered)
{
    double ranks = 0;

    if (covered == 0 || covered == count)
        return NAN;
    qsort(items, count, sizeof(*items), compare);
    for (size_t i = 0, end; i < count; i = end) {
        size_t positive = 0;

        for (end = i; end < count && items[end].value <= items[i].value; end++)
            positive += items[end].covered;
        ranks += (double)positive * ((double)(i + 1) + (double)end) / 2;
    }
    return (ranks - (double)covered * ((double)covered + 1) / 2) / ((double)covered * (double)(count - covered));
}

enum fer_status fer_overlap_measure(const float *predicted, const float *truth, size_t count, double threshold,
                                    struct fer_overlap *out, struct fer_error *err)
{
    struct scored *items = malloc((count + 1) * sizeof(*items));

    *out = (struct fer_overlap){ .pixels = (long)count };
    if (!items)
        return fer_fail(err, FER_ENOMEM, "out of memory for a mask of %zu pixels", count);
    for (size_t i = 0; i < count; i++) {
        const bool covered = truth[i] >= 0.5f, said = (double)predicted[i] > threshold;

        items[i] = (struct scored){ isnan(predicted[i]) ? -INFINITY : predicted[i], covered };
        out->covered += covered;
        out->predicted += said;
        out->both += covered && said;
    }
    out->auc = area_under_curve(items, count, (size_t)out->covered);
    free(items);
    return FER_OK;
}

static double ratio(long both, long either)
{
    return either ? (double)both / (double)either : 1;
}

double fer_overlap_iou(const struct fer_overlap *o)
{
    return ratio(o->both, o->covered + o->predicted - o->both);
}

double fer_overlap_iou_all(const struct fer_overlap *o)
{
    return ratio(o->covered, o->pixels);
}

double fer_overlap_iou_none(const struct fer_overlap *o)
{
    return ratio(0, o->covered);
}

double fer_overlap_share(const float *map, const float *truth, size_t count)
{
    double all = 0, there = 0;

    for (size_t i = 0; i < count; i++) {
        const double value = map[i] > 0 ? (double)map[i] : 0;

        all += value;
        there += truth[i] >= 0.5f ? value : 0;
    }
    return all > 0 ? there / all : NAN;
}

/* ---- pictures ---- */

double fer_mse(const float *a, const float *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum / (double)count;
}

double fer_mse_flat(const float *b, size_t count)
{
    double mean = 0, sum = 0;

    for (size_t i = 0; i < count; i++)
        mean += (double)b[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        sum += ((double)b[i] - mean) * ((double)b[i] - mean);
    return sum / (double)count;
}

double fer_psnr(double mse)
{
    return -10 * log10(mse);
}

/* ---- class activation maps ---- */

void fer_grad_cam(const float *value, const float *gradient, int channels, size_t pixels, float *out)
{
    for (size_t i = 0; i < pixels; i++)
        out[i] = 0;
    for (int k = 0; k < channels; k++, value += pixels, gradient += pixels) {
        double alpha = 0;

        for (size_t i = 0; i < pixels; i++)
            alpha += (double)gradient[i];
        alpha /= (double)pixels;
        for (size_t i = 0; i < pixels; i++)
            out[i] += (float)(alpha * (double)value[i]);
    }
    for (size_t i = 0; i < pixels; i++)
        out[i] = out[i] > 0 ? out[i] : 0;
}
