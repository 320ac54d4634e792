/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a face is, and how it is seen.
 */
#include "synthface.h"

#include <math.h>

struct range {
    enum synthface_code code;
    float low, high;
};

static void draw(float *code, const struct range *ranges, size_t count, struct synthface_random *random)
{
    for (size_t i = 0; i < count; i++)
        code[ranges[i].code] = (float)synthface_random_between(random, ranges[i].low, ranges[i].high);
}

static const struct range anatomy[] = {
    { SYNTHFACE_head_width, 0.66f, 0.80f },
    { SYNTHFACE_jaw, 0.72f, 0.94f },
    { SYNTHFACE_chin, -0.06f, 0.08f },
    { SYNTHFACE_skin, 0.0f, 1.0f },
    { SYNTHFACE_warmth, -1.0f, 1.0f },
    { SYNTHFACE_hair_tone, 0.0f, 0.88f },
    { SYNTHFACE_hair_volume, 0.04f, 0.16f },
    { SYNTHFACE_hairline, -0.08f, 0.1f },
    { SYNTHFACE_eye_space, 0.30f, 0.36f },
    { SYNTHFACE_eye_width, 0.135f, 0.17f },
    { SYNTHFACE_eye_open, 0.06f, 0.082f },
    { SYNTHFACE_eye_tilt, -0.015f, 0.03f },
    { SYNTHFACE_iris, 0.0f, 1.0f },
    { SYNTHFACE_brow_height, -0.025f, 0.035f },
    { SYNTHFACE_brow_thick, 0.018f, 0.042f },
    { SYNTHFACE_brow_arch, 0.015f, 0.065f },
    { SYNTHFACE_nose_length, 0.36f, 0.46f },
    { SYNTHFACE_nose_width, 0.12f, 0.18f },
    { SYNTHFACE_mouth_width, 0.22f, 0.30f },
    { SYNTHFACE_mouth_height, 0.5f, 0.57f },
    { SYNTHFACE_lip_upper, 0.035f, 0.065f },
    { SYNTHFACE_lip_lower, 0.05f, 0.085f },
    { SYNTHFACE_age, 0.0f, 0.8f },
};

void synthface_identity(float *code, const struct synthface *params, struct synthface_random *random)
{
    draw(code, anatomy, sizeof anatomy / sizeof *anatomy, random);
    code[SYNTHFACE_hair_style] = (float)floor(synthface_random_between(random, 0.5, 6));
    if (code[SYNTHFACE_skin] > 0.6f)
        code[SYNTHFACE_hair_tone] *= 0.3f;
    if (synthface_random_next(random) < 0.12 * code[SYNTHFACE_age] / 0.4)
        code[SYNTHFACE_hair_tone] = 1;
    const bool bearded = synthface_random_next(random) < params->beard;
    const double beard = synthface_random_between(random, 0.3, 1), moustache = synthface_random_next(random);
    if (bearded) {
        code[SYNTHFACE_beard] = (float)beard;
        code[SYNTHFACE_moustache] = (float)moustache;
    }
    const bool glasses = synthface_random_next(random) < params->glasses;
    const double frame = synthface_random_next(random);
    if (glasses)
        code[SYNTHFACE_glasses] = frame < 0.5 ? 1 : 2;
}

void synthface_view(float *code, const struct synthface *params, struct synthface_random *random)
{
    const double pose = params->pose, light = params->light, noise = params->noise;
    code[SYNTHFACE_yaw] = (float)synthface_random_bell(random, 0.16 * pose);
    code[SYNTHFACE_pitch] = (float)synthface_random_bell(random, 0.08 * pose);
    code[SYNTHFACE_roll] = (float)synthface_random_bell(random, 0.07 * pose);
    code[SYNTHFACE_zoom] = (float)(0.82 * (1 + synthface_random_bell(random, 0.05 * pose)));
    code[SYNTHFACE_shift_x] = (float)synthface_random_bell(random, 0.04 * pose);
    code[SYNTHFACE_shift_y] = (float)(0.04 + synthface_random_bell(random, 0.04 * pose));
    code[SYNTHFACE_light_x] = (float)synthface_random_bell(random, 0.45 * light);
    code[SYNTHFACE_light_y] = (float)(-0.25 + synthface_random_bell(random, 0.25 * light));
    code[SYNTHFACE_ambient] = (float)synthface_random_between(random, 0.75 - 0.35 * fmin(light, 2), 0.75);
    code[SYNTHFACE_exposure] = (float)exp(synthface_random_bell(random, 0.15 * light));
    code[SYNTHFACE_blur] = (float)(synthface_random_next(random) * noise);
    code[SYNTHFACE_noise] = (float)(synthface_random_between(random, 0.004, 0.04) * noise);
    code[SYNTHFACE_background] = (float)synthface_random_next(random);
    code[SYNTHFACE_hue] = (float)synthface_random_next(random);
    code[SYNTHFACE_noise_seed] = (float)floor(synthface_random_between(random, 0, 1 << 24));
    code[SYNTHFACE_gaze_x] = (float)synthface_random_bell(random, 0.3 * pose);
    code[SYNTHFACE_gaze_y] = (float)synthface_random_bell(random, 0.2 * pose);
}
