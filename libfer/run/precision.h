/* SPDX-License-Identifier: Apache-2.0
 *
 * How feature maps lie in memory.  Everything is computed in f32 whatever they lie there as.
 */
#ifndef FER_RUN_PRECISION_H
#define FER_RUN_PRECISION_H

#include <fer/status.h>

enum fer_precision {
    FER_FP32,
    FER_FP16, /* IEEE binary16: 10 bits of fraction, 6e-8 to 65504; training scales losses up */
    FER_BF16  /* the upper half of an f32: 7 bits of fraction, the range of f32 */
};

/* "fp16"; NULL and "" are fp32.  FER_EINVAL: another word. */
enum fer_status fer_precision_parse(const char *text, enum fer_precision *out, struct fer_error *err);
const char *fer_precision_name(enum fer_precision precision);

#endif
