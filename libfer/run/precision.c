/* SPDX-License-Identifier: Apache-2.0 */
#include "run/precision.h"

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
