/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of unit-passes that is about single epilogues: what is fused behind an operation is what it would have been
 * by itself, for every solver of both profiles, forward and backward.
 */
#ifndef FER_TESTS_PASSES_FUSION_H
#define FER_TESTS_PASSES_FUSION_H

#include "harness.h"

/* Passes that change what is computed where, or where it lies. */
enum {
    PASSES = FER_PASS_FOLD | FER_PASS_FUSE | FER_PASS_LAYOUT | FER_PASS_IN_PLACE | FER_PASS_VIEWS | FER_PASS_ARENA,
    PASSES_TRAINED = PASSES | FER_PASS_OPTIMIZER
};

extern const struct op_case fusion_cases[];
extern const int fusion_count;
void fusion_add(TCase *tcase);

#endif
