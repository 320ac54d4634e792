/* SPDX-License-Identifier: Apache-2.0
 *
 * Rendered faces with known expressions: what the files of this plugin share.
 */
#ifndef FER_SYNTHFACE_H
#define FER_SYNTHFACE_H

#include <fer/host.h>
#include <fer/plugin.h>

#include "codes.h"

enum synthface_split { SYNTHFACE_TRAIN, SYNTHFACE_VALID, SYNTHFACE_TEST };

/* The arguments of the reader, and of the layer that renders for it. */
struct synthface {
    int count, size, channels, classes, split, subjects, seed;
    struct fer_floats intensity;
    double jitter, pose, light, noise, glasses, beard;
};
extern const struct fer_param *const synthface_params[];
extern const char *const synthface_splits[]; /* by `split` */

/* The expressions that can be drawn. */
enum synthface_expression {
    SYNTHFACE_NEUTRAL,
    SYNTHFACE_HAPPY,
    SYNTHFACE_SAD,
    SYNTHFACE_SURPRISE,
    SYNTHFACE_FEAR,
    SYNTHFACE_DISGUST,
    SYNTHFACE_ANGRY,
    SYNTHFACE_CONTEMPT,
    SYNTHFACE_EXPRESSIONS
};
/* "neutral", … */
const char *synthface_expression_name(enum synthface_expression expression);
/* The expression that `label` means ("anger", "Angry", …); SYNTHFACE_EXPRESSIONS: none. */
enum synthface_expression synthface_expression_find(const char *label);

/* Uniform numbers, one after another, of a stream that (seed, stream, split, index) names. */
struct synthface_random {
    struct fer_random source;
    uint64_t element;
};
struct synthface_random synthface_random_start(uint32_t seed, uint32_t stream, uint32_t split, uint32_t index);
double synthface_random_next(struct synthface_random *random); /* [0, 1) */
double synthface_random_between(struct synthface_random *random, double low, double high);
double synthface_random_bell(struct synthface_random *random,
                             double deviation); /* mean 0, bounded by 3.46 deviations */

/* Fill the three parts of code[SYNTHFACE_CODE_COUNT]. */
void synthface_identity(float *code, const struct synthface *params, struct synthface_random *random);
void synthface_action(float *code, enum synthface_expression expression, double intensity, double jitter,
                      struct synthface_random *random);
void synthface_view(float *code, const struct synthface *params, struct synthface_random *random);

/* Floats in the geometry of one face. */
int synthface_geometry(void);
/* Compiler options that tell face.cl and paint.cl both layouts; `lanes` pixels are painted together. */
enum fer_status synthface_options(char *text, size_t size, int lanes, struct fer_error *err);

extern const struct fer_reader synthface_reader;
extern const struct fer_layer synthface_render;

#endif
