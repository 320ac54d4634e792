/* SPDX-License-Identifier: Apache-2.0 */
#include "train/safetensors-type.h"

#include <stdio.h>
#include <string.h>

#include "run/precision.h"

static const struct {
    const char *name;
    size_t size;
} types[FER_ST_TYPES] = {
    [FER_ST_BOOL] = { "BOOL", 1 }, [FER_ST_U8] = { "U8", 1 },   [FER_ST_I8] = { "I8", 1 },
    [FER_ST_U16] = { "U16", 2 },   [FER_ST_I16] = { "I16", 2 }, [FER_ST_F16] = { "F16", 2 },
    [FER_ST_BF16] = { "BF16", 2 }, [FER_ST_U32] = { "U32", 4 }, [FER_ST_I32] = { "I32", 4 },
    [FER_ST_F32] = { "F32", 4 },   [FER_ST_U64] = { "U64", 8 }, [FER_ST_I64] = { "I64", 8 },
    [FER_ST_F64] = { "F64", 8 },
};

const char *fer_safetensors_type_name(enum fer_safetensors_type type)
{
    return types[type].name;
}

size_t fer_safetensors_type_size(enum fer_safetensors_type type)
{
    return types[type].size;
}

bool fer_safetensors_type_find(const char *name, enum fer_safetensors_type *type)
{
    for (int i = 0; i < FER_ST_TYPES; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *type = (enum fer_safetensors_type)i;
            return true;
        }
    }
    return false;
}

static float value_of(enum fer_precision precision, uint16_t bits)
{
    float value;

    fer_precision_load(precision, &bits, 1, &value);
    return value;
}

#define CONVERT(type, expression)                                                                                      \
    for (size_t i = 0; i < count; i++) {                                                                               \
        type v;                                                                                                        \
        memcpy(&v, bytes + i * sizeof(v), sizeof(v));                                                                  \
        out[i] = (float)(expression);                                                                                  \
    }                                                                                                                  \
    break

void fer_safetensors_to_float(enum fer_safetensors_type type, const unsigned char *bytes, size_t count, float *out)
{
    switch (type) {
    case FER_ST_BOOL:
    case FER_ST_U8: CONVERT(uint8_t, v);
    case FER_ST_I8: CONVERT(int8_t, v);
    case FER_ST_U16: CONVERT(uint16_t, v);
    case FER_ST_I16: CONVERT(int16_t, v);
    case FER_ST_F16: CONVERT(uint16_t, value_of(FER_FP16, v));
    case FER_ST_BF16: CONVERT(uint16_t, value_of(FER_BF16, v));
    case FER_ST_U32: CONVERT(uint32_t, v);
    case FER_ST_I32: CONVERT(int32_t, v);
    case FER_ST_F32: memcpy(out, bytes, count * sizeof(float)); break;
    case FER_ST_U64: CONVERT(uint64_t, v);
    case FER_ST_I64: CONVERT(int64_t, v);
    case FER_ST_F64: CONVERT(double, v);
    case FER_ST_TYPES: break;
    }
}

const char *fer_safetensor_shape_text(const struct fer_safetensor *row, char *text, size_t size)
{
    size_t at = 0;

    snprintf(text, size, "scalar");
    for (int i = 0; i < row->rank && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%lld", i ? " x " : "", (long long)row->dim[i]);
    return text;
}
