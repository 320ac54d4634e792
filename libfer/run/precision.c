/* SPDX-License-Identifier: Apache-2.0 */
#include "run/precision.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
    [FER_FP32] = "fp32", [FER_FP16] = "fp16", [FER_BF16] = "bf16", [FER_TF32] = "tf32"
};

enum fer_status fer_precision_parse(const char *text, enum fer_precision *out, struct fer_error *err)
{
    *out = FER_FP32;
    if (!text || !*text)
        return FER_OK;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], text) == 0) {
            *out = (enum fer_precision)i;
            return FER_OK;
        }
    return fer_fail(err, FER_EINVAL, "'%.40s' is no precision; those are fp32, tf32, fp16 and bf16", text);
}

const char *fer_precision_name(enum fer_precision precision)
{
    return names[precision];
}

enum fer_products fer_precision_products(enum fer_precision precision)
{
    return precision == FER_TF32 ? FER_PRODUCTS_TF32 : precision == FER_BF16 ? FER_PRODUCTS_BF16 : FER_PRODUCTS_FULL;
}

enum fer_precision fer_precision_maps(enum fer_precision precision)
{
    return precision == FER_TF32 ? FER_FP32 : precision;
}

/* ---- numbers ---- */

double fer_precision_unit(enum fer_precision precision)
{
    const enum fer_precision maps = fer_precision_maps(precision);
    return maps == FER_FP16 ? 0x1p-11 : maps == FER_BF16 ? 0x1p-8 : 0;
}

/* rintf rounds to nearest, ties to even, as nobody here changes its direction. */
static uint16_t half_of(float value)
{
    const float size = fabsf(value);
    const int sign = signbit(value) ? 0x8000 : 0;
    int exponent, bits;
    const float fraction = frexpf(size, &exponent); /* 0.5 … 1; what is rounded up to 1 carries into the exponent */
    if (isnan(value))
        bits = 0x7e00;
    else if (size >= 65520) /* half a step past the largest */
        bits = 0x7c00;
    else if (size < 0x1p-14f)
        bits = (int)rintf(size * 0x1p24f);
    else
        bits = (exponent + 13) * 1024 + (int)rintf(fraction * 2048);
    return (uint16_t)(sign | bits);
}

static float half_value(uint16_t half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    float value;
    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexpf((float)fraction, -24);
    else
        value = ldexpf((float)(fraction + 1024), exponent - 25);
    return half & 0x8000 ? -value : value;
}

static uint16_t bfloat_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    if (isnan(value))
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float bfloat_value(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

void fer_precision_store(enum fer_precision precision, const float *from, size_t count, void *to)
{
    const enum fer_precision maps = fer_precision_maps(precision);
    uint16_t *narrow = to;
    if (maps == FER_FP32)
        memcpy(to, from, count * sizeof(*from));
    for (size_t i = 0; i < count && maps != FER_FP32; i++)
        narrow[i] = maps == FER_FP16 ? half_of(from[i]) : bfloat_of(from[i]);
}

void fer_precision_load(enum fer_precision precision, const void *from, size_t count, float *to)
{
    const enum fer_precision maps = fer_precision_maps(precision);
    const uint16_t *narrow = from;
    if (maps == FER_FP32)
        memcpy(to, from, count * sizeof(*to));
    for (size_t i = 0; i < count && maps != FER_FP32; i++)
        to[i] = maps == FER_FP16 ? half_value(narrow[i]) : bfloat_value(narrow[i]);
}
