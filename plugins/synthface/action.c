/* SPDX-License-Identifier: Apache-2.0
 *
 * What a face does.  Prototypes of the expressions in action units follow Ekman, Friesen and Hager (Facial Action
 * Coding System, Investigator's Guide, 2002, table 10-2); where it gives alternatives, a picture draws one of them.
 */
#include "synthface.h"

#include <math.h>
#include <strings.h>

struct unit {
    enum synthface_code code;
    float strength;
};
#define UNITS 10

static const struct unit prototypes[SYNTHFACE_EXPRESSIONS][UNITS] = {
    [SYNTHFACE_HAPPY] = { { SYNTHFACE_smile_left, 1 }, { SYNTHFACE_smile_right, 1 }, { SYNTHFACE_lid_tight, 0.75f } },
    [SYNTHFACE_SAD] = { { SYNTHFACE_inner_brow, 0.9f },
                        { SYNTHFACE_brow_lower, 0.35f },
                        { SYNTHFACE_lid_droop, 0.35f },
                        { SYNTHFACE_corner_down, 1 },
                        { SYNTHFACE_chin_raise, 0.6f } },
    [SYNTHFACE_SURPRISE] = { { SYNTHFACE_inner_brow, 1 },
                             { SYNTHFACE_outer_brow, 1 },
                             { SYNTHFACE_lid_raise, 0.75f },
                             { SYNTHFACE_jaw_drop, 0.95f } },
    [SYNTHFACE_FEAR] = { { SYNTHFACE_inner_brow, 0.95f },
                         { SYNTHFACE_outer_brow, 0.3f },
                         { SYNTHFACE_brow_lower, 0.4f },
                         { SYNTHFACE_lid_raise, 1 },
                         { SYNTHFACE_lip_stretch, 1 },
                         { SYNTHFACE_jaw_drop, 0.3f } },
    [SYNTHFACE_DISGUST] = { { SYNTHFACE_nose_wrinkle, 1 },
                            { SYNTHFACE_lip_raise, 1 },
                            { SYNTHFACE_brow_lower, 0.45f },
                            { SYNTHFACE_lid_tight, 0.6f },
                            { SYNTHFACE_corner_down, 0.35f } },
    [SYNTHFACE_ANGRY] = { { SYNTHFACE_brow_lower, 1 }, { SYNTHFACE_lid_raise, 0.35f }, { SYNTHFACE_lid_tight, 0.35f } },
    [SYNTHFACE_CONTEMPT] = { { SYNTHFACE_lid_droop, 0.2f } },
};

static void add(float *code, enum synthface_code unit, double strength)
{
    code[unit] += (float)strength;
}

/* The alternatives: open or closed smiles, pressed lips or bared teeth, either side. */
static void vary(float *code, enum synthface_expression expression, double t, struct synthface_random *random)
{
    const double choice = synthface_random_next(random), amount = synthface_random_next(random);
    switch (expression) {
    case SYNTHFACE_HAPPY:
        if (choice < 0.6)
            add(code, SYNTHFACE_jaw_drop, t * (0.12 + 0.28 * amount));
        break;
    case SYNTHFACE_ANGRY:
        if (choice < 0.65)
            add(code, SYNTHFACE_lip_press, t);
        else
            add(code, SYNTHFACE_bare_teeth, t * (0.6 + 0.4 * amount));
        break;
    case SYNTHFACE_SURPRISE: add(code, SYNTHFACE_jaw_drop, -0.35 * t * amount); break;
    case SYNTHFACE_DISGUST:
        if (choice < 0.4)
            add(code, SYNTHFACE_jaw_drop, 0.2 * t * amount);
        else
            add(code, SYNTHFACE_chin_raise, 0.5 * t * amount);
        break;
    case SYNTHFACE_CONTEMPT:
        add(code, choice < 0.5 ? SYNTHFACE_smile_left : SYNTHFACE_smile_right, t * (0.8 + 0.3 * amount));
        add(code, choice < 0.5 ? SYNTHFACE_smile_right : SYNTHFACE_smile_left, -0.15 * t);
        break;
    default: break;
    }
}

void synthface_action(float *code, enum synthface_expression expression, double intensity, double jitter,
                      struct synthface_random *random)
{
    for (int i = 0; i < UNITS; i++)
        if (prototypes[expression][i].strength > 0) {
            /* No two people, and no two moments, use a muscle alike. */
            const double share = 1 + synthface_random_bell(random, 0.25 * jitter);
            add(code, prototypes[expression][i].code, prototypes[expression][i].strength * intensity * share);
        }
    vary(code, expression, intensity, random);
    for (int unit = SYNTHFACE_inner_brow; unit <= SYNTHFACE_bare_teeth; unit++) {
        const double slip = synthface_random_bell(random, 0.10 * jitter);
        /* Units that a resting face does not show at all start late. */
        const bool rare = unit == SYNTHFACE_jaw_drop || unit == SYNTHFACE_bare_teeth || unit == SYNTHFACE_nose_wrinkle;
        add(code, (enum synthface_code)unit, rare ? fmax(0, slip - 0.08) : slip);
        const float low = unit == SYNTHFACE_smile_left || unit == SYNTHFACE_smile_right ? -0.3f : 0.0f;
        code[unit] = fminf(fmaxf(code[unit], low), 1.25f);
    }
}

static const struct {
    const char *name;
    enum synthface_expression expression;
} names[] = {
    { "neutral", SYNTHFACE_NEUTRAL },
    { "normal", SYNTHFACE_NEUTRAL },
    { "calm", SYNTHFACE_NEUTRAL },
    { "happy", SYNTHFACE_HAPPY },
    { "happiness", SYNTHFACE_HAPPY },
    { "joy", SYNTHFACE_HAPPY },
    { "sad", SYNTHFACE_SAD },
    { "sadness", SYNTHFACE_SAD },
    { "surprise", SYNTHFACE_SURPRISE },
    { "surprised", SYNTHFACE_SURPRISE },
    { "fear", SYNTHFACE_FEAR },
    { "fearful", SYNTHFACE_FEAR },
    { "afraid", SYNTHFACE_FEAR },
    { "disgust", SYNTHFACE_DISGUST },
    { "disgusted", SYNTHFACE_DISGUST },
    { "angry", SYNTHFACE_ANGRY },
    { "anger", SYNTHFACE_ANGRY },
    { "contempt", SYNTHFACE_CONTEMPT },
    { "contemptuous", SYNTHFACE_CONTEMPT },
};

const char *synthface_expression_name(enum synthface_expression expression)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].expression == expression)
            return names[i].name;
    return "";
}

enum synthface_expression synthface_expression_find(const char *label)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i].name, label) == 0)
            return names[i].expression;
    return SYNTHFACE_EXPRESSIONS;
}
