/* SPDX-License-Identifier: Apache-2.0
 *
 * How feature maps lie in memory, and what products may round.  Everything else is computed in f32 in any case.
 */
#ifndef FER_RUN_PRECISION_H
#define FER_RUN_PRECISION_H

#include <fer/op.h>
#include <fer/status.h>

enum fer_precision {
    FER_FP32,
    FER_FP16, /* IEEE binary16: 10 bits of fraction, 6e-8 to 65504; training scales losses up */
    FER_BF16, /* the upper half of an f32: 7 bits of fraction, the range of f32 */
    FER_TF32  /* maps as FER_FP32; products may round what they multiply to 10 bits of fraction */
};

/* "fp16"; NULL and "" are fp32.  FER_EINVAL: another word. */
enum fer_status fer_precision_parse(const char *text, enum fer_precision *out, struct fer_error *err);
const char *fer_precision_name(enum fer_precision precision);
/* What that allows products: TF32 with tf32, BF16 with bf16. */
enum fer_products fer_precision_products(enum fer_precision precision);
/* As what feature maps lie in memory: FER_FP32 for FER_TF32, else the same. */
enum fer_precision fer_precision_maps(enum fer_precision precision);

/* How far rounding to such a map moves a number at most, relative to it (2^-11, 2^-8); 0 for maps of f32. */
double fer_precision_unit(enum fer_precision precision);
/* Numbers to and from the memory of a map as kernels store and load them: to nearest, ties to even. */
void fer_precision_store(enum fer_precision precision, const float *from, size_t count, void *to);
void fer_precision_load(enum fer_precision precision, const void *from, size_t count, float *to);

#endif
