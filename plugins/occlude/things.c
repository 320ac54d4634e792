/* SPDX-License-Identifier: Apache-2.0
 *
 * Things that people hold before their faces, or that hide them.
 */
#include "occlude.h"

#define CAPSULE(x0, y0, x1, y1, r, colour)                                                                             \
    {                                                                                                                  \
        OCCLUDE_CAPSULE, { x0, y0, x1, y1, r }, colour                                                                 \
    }
#define ELLIPSE(x, y, rx, ry, colour)                                                                                  \
    {                                                                                                                  \
        OCCLUDE_ELLIPSE, { x, y, rx, ry }, colour                                                                      \
    }
#define BOX(x, y, w, h, r, colour)                                                                                     \
    {                                                                                                                  \
        OCCLUDE_BOX, { x, y, w, h, r }, colour                                                                         \
    }
#define RING(x, y, rx, ry, w, colour)                                                                                  \
    {                                                                                                                  \
        OCCLUDE_RING, { x, y, rx, ry, w }, colour                                                                      \
    }
#define QUAD(x0, y0, x1, y1, x2, y2, x3, y3, colour)                                                                   \
    {                                                                                                                  \
        OCCLUDE_QUAD, { x0, y0, x1, y1, x2, y2, x3, y3 }, colour                                                       \
    }

#define OPEN_HAND(skin, line)                                                                                          \
    CAPSULE(0.24f, 0.55f, 0.16f, 0.24f, 0.062f, skin), CAPSULE(0.39f, 0.5f, 0.36f, 0.12f, 0.066f, skin),               \
        CAPSULE(0.54f, 0.5f, 0.55f, 0.09f, 0.066f, skin), CAPSULE(0.68f, 0.54f, 0.73f, 0.17f, 0.062f, skin),           \
        CAPSULE(0.66f, 0.76f, 0.92f, 0.5f, 0.068f, skin), BOX(0.46f, 0.68f, 0.28f, 0.22f, 0.14f, skin),                \
        BOX(0.46f, 0.92f, 0.18f, 0.12f, 0.04f, skin), CAPSULE(0.315f, 0.55f, 0.315f, 0.42f, 0.008f, line),             \
        CAPSULE(0.465f, 0.52f, 0.465f, 0.4f, 0.008f, line), CAPSULE(0.61f, 0.54f, 0.62f, 0.42f, 0.008f, line),         \
        CAPSULE(0.32f, 0.7f, 0.6f, 0.64f, 0.008f, line)
#define FIST(skin, line)                                                                                               \
    BOX(0.5f, 0.52f, 0.36f, 0.3f, 0.16f, skin), BOX(0.5f, 0.86f, 0.2f, 0.14f, 0.04f, skin),                            \
        CAPSULE(0.32f, 0.26f, 0.32f, 0.52f, 0.009f, line), CAPSULE(0.5f, 0.24f, 0.5f, 0.54f, 0.009f, line),            \
        CAPSULE(0.68f, 0.26f, 0.68f, 0.52f, 0.009f, line), CAPSULE(0.22f, 0.6f, 0.62f, 0.62f, 0.075f, skin),           \
        CAPSULE(0.2f, 0.69f, 0.64f, 0.7f, 0.009f, line)

const struct occlude_drawing occlude_things[] = {
    { "hand light", { OPEN_HAND(0xE8B894FF, 0xB98062FF) } },
    { "hand brown", { OPEN_HAND(0xB07850FF, 0x7E5236FF) } },
    { "hand dark", { OPEN_HAND(0x6B4630FF, 0x452C1EFF) } },
    { "fist light", { FIST(0xE3B08CFF, 0xB07A5CFF) } },
    { "fist dark", { FIST(0x7A5038FF, 0x4E3222FF) } },
    { "glasses",
      { RING(0.25f, 0.5f, 0.19f, 0.17f, 0.028f, 0x202020FF), RING(0.75f, 0.5f, 0.19f, 0.17f, 0.028f, 0x202020FF),
        CAPSULE(0.44f, 0.46f, 0.56f, 0.46f, 0.022f, 0x202020FF), ELLIPSE(0.25f, 0.5f, 0.17f, 0.15f, 0xC8DCE640),
        ELLIPSE(0.75f, 0.5f, 0.17f, 0.15f, 0xC8DCE640) } },
    { "dark glasses",
      { BOX(0.25f, 0.5f, 0.23f, 0.15f, 0.1f, 0x101014FF), BOX(0.75f, 0.5f, 0.23f, 0.15f, 0.1f, 0x101014FF),
        CAPSULE(0.44f, 0.42f, 0.56f, 0.42f, 0.025f, 0x101014FF), CAPSULE(0.14f, 0.44f, 0.24f, 0.4f, 0.014f, 0x585C66FF),
        CAPSULE(0.64f, 0.44f, 0.74f, 0.4f, 0.014f, 0x585C66FF) } },
    { "goggles",
      { BOX(0.5f, 0.5f, 0.48f, 0.22f, 0.18f, 0x30343CFF), BOX(0.5f, 0.5f, 0.41f, 0.155f, 0.13f, 0xE08A30FF),
        CAPSULE(0.2f, 0.44f, 0.4f, 0.4f, 0.02f, 0xF6C88CFF) } },
    { "scarf red",
      { BOX(0.5f, 0.42f, 0.48f, 0.26f, 0.12f, 0xB02838FF),
        QUAD(0.3f, 0.6f, 0.5f, 0.6f, 0.46f, 0.98f, 0.2f, 0.96f, 0x9A2030FF),
        CAPSULE(0.08f, 0.36f, 0.92f, 0.32f, 0.02f, 0x8A1A2AFF),
        CAPSULE(0.08f, 0.5f, 0.92f, 0.52f, 0.02f, 0x8A1A2AFF) } },
    { "scarf green",
      { BOX(0.5f, 0.5f, 0.48f, 0.3f, 0.1f, 0x2E6B50FF), BOX(0.5f, 0.4f, 0.48f, 0.04f, 0.01f, 0xE4E0C8FF),
        BOX(0.5f, 0.6f, 0.48f, 0.04f, 0.01f, 0xE4E0C8FF) } },
    { "cup",
      { RING(0.76f, 0.52f, 0.16f, 0.18f, 0.035f, 0xE6E6E2FF),
        QUAD(0.2f, 0.16f, 0.74f, 0.16f, 0.68f, 0.9f, 0.26f, 0.9f, 0xF2F2EEFF),
        ELLIPSE(0.47f, 0.16f, 0.27f, 0.07f, 0xD8D8D2FF), ELLIPSE(0.47f, 0.165f, 0.23f, 0.05f, 0x5A3A24FF),
        BOX(0.47f, 0.5f, 0.24f, 0.06f, 0.01f, 0x3A6EA8FF) } },
    { "paper cup",
      { QUAD(0.26f, 0.2f, 0.74f, 0.2f, 0.66f, 0.97f, 0.34f, 0.97f, 0xB88A5CFF),
        BOX(0.5f, 0.16f, 0.29f, 0.06f, 0.03f, 0xF0F0F0FF),
        QUAD(0.29f, 0.4f, 0.71f, 0.4f, 0.69f, 0.7f, 0.31f, 0.7f, 0x6A4A2CFF) } },
    { "glass",
      { QUAD(0.25f, 0.08f, 0.75f, 0.08f, 0.67f, 0.94f, 0.33f, 0.94f, 0xD2E4ECA0),
        QUAD(0.275f, 0.3f, 0.725f, 0.3f, 0.665f, 0.9f, 0.335f, 0.9f, 0xE89020E8),
        ELLIPSE(0.5f, 0.3f, 0.22f, 0.04f, 0xF4B050FF) } },
    { "phone",
      { BOX(0.5f, 0.5f, 0.27f, 0.48f, 0.06f, 0x18181CFF), BOX(0.5f, 0.5f, 0.24f, 0.42f, 0.02f, 0x3C5A86FF),
        BOX(0.5f, 0.34f, 0.18f, 0.1f, 0.02f, 0xA8C4E4FF), ELLIPSE(0.5f, 0.05f, 0.015f, 0.015f, 0x505058FF) } },
    { "camera",
      { BOX(0.5f, 0.55f, 0.47f, 0.3f, 0.06f, 0x28282CFF), BOX(0.4f, 0.22f, 0.14f, 0.07f, 0.02f, 0x38383EFF),
        ELLIPSE(0.5f, 0.56f, 0.22f, 0.22f, 0x4A4A52FF), ELLIPSE(0.5f, 0.56f, 0.16f, 0.16f, 0x14141CFF),
        ELLIPSE(0.45f, 0.5f, 0.04f, 0.04f, 0x9AB0D0FF), BOX(0.85f, 0.34f, 0.06f, 0.04f, 0.01f, 0xD8D8D0FF) } },
    { "book",
      { BOX(0.5f, 0.5f, 0.46f, 0.36f, 0.02f, 0x7A2E3CFF),
        QUAD(0.07f, 0.17f, 0.49f, 0.2f, 0.49f, 0.84f, 0.07f, 0.81f, 0xF2EDE0FF),
        QUAD(0.51f, 0.2f, 0.93f, 0.17f, 0.93f, 0.81f, 0.51f, 0.84f, 0xEAE4D4FF),
        BOX(0.28f, 0.34f, 0.14f, 0.012f, 0.005f, 0x909090FF), BOX(0.28f, 0.46f, 0.14f, 0.012f, 0.005f, 0x909090FF),
        BOX(0.72f, 0.34f, 0.14f, 0.012f, 0.005f, 0x909090FF), BOX(0.72f, 0.46f, 0.14f, 0.012f, 0.005f, 0x909090FF),
        BOX(0.72f, 0.58f, 0.14f, 0.012f, 0.005f, 0x909090FF) } },
    { "ice cream",
      { QUAD(0.3f, 0.46f, 0.7f, 0.46f, 0.52f, 0.98f, 0.48f, 0.98f, 0xD09A54FF),
        ELLIPSE(0.38f, 0.34f, 0.19f, 0.18f, 0xF3C6CFFF), ELLIPSE(0.62f, 0.34f, 0.19f, 0.18f, 0xF6E8BCFF),
        ELLIPSE(0.5f, 0.2f, 0.19f, 0.17f, 0x6E4630FF) } },
    { "burger",
      { BOX(0.5f, 0.3f, 0.44f, 0.2f, 0.19f, 0xD89848FF), BOX(0.5f, 0.5f, 0.46f, 0.05f, 0.04f, 0x5CA03CFF),
        BOX(0.5f, 0.58f, 0.44f, 0.06f, 0.05f, 0x5E3420FF), BOX(0.5f, 0.65f, 0.45f, 0.025f, 0.02f, 0xF0C030FF),
        BOX(0.5f, 0.76f, 0.43f, 0.1f, 0.08f, 0xCC8A3CFF), ELLIPSE(0.36f, 0.2f, 0.02f, 0.012f, 0xF8E4B8FF),
        ELLIPSE(0.54f, 0.17f, 0.02f, 0.012f, 0xF8E4B8FF), ELLIPSE(0.66f, 0.25f, 0.02f, 0.012f, 0xF8E4B8FF) } },
    { "doughnut",
      { RING(0.5f, 0.5f, 0.3f, 0.3f, 0.17f, 0xC98E50FF), RING(0.5f, 0.48f, 0.3f, 0.3f, 0.13f, 0xE878A0FF),
        CAPSULE(0.3f, 0.28f, 0.34f, 0.24f, 0.012f, 0xFFFFFFFF), CAPSULE(0.66f, 0.24f, 0.7f, 0.28f, 0.012f, 0x60C0F0FF),
        CAPSULE(0.74f, 0.56f, 0.79f, 0.56f, 0.012f, 0xF8E060FF),
        CAPSULE(0.3f, 0.68f, 0.32f, 0.73f, 0.012f, 0x70D070FF) } },
    { "microphone",
      { CAPSULE(0.5f, 0.45f, 0.5f, 0.95f, 0.07f, 0x202024FF), ELLIPSE(0.5f, 0.26f, 0.2f, 0.23f, 0x8A8C92FF),
        BOX(0.5f, 0.44f, 0.17f, 0.03f, 0.02f, 0x3A3A40FF), ELLIPSE(0.44f, 0.2f, 0.06f, 0.07f, 0xB8BAC0FF) } },
    { "hair",
      { QUAD(0.04f, 0.05f, 0.96f, 0.05f, 0.8f, 0.5f, 0.06f, 0.7f, 0x3A2618FF),
        CAPSULE(0.12f, 0.3f, 0.08f, 0.92f, 0.06f, 0x422C1CFF), CAPSULE(0.3f, 0.3f, 0.22f, 0.84f, 0.05f, 0x33200FFF),
        CAPSULE(0.46f, 0.3f, 0.42f, 0.7f, 0.05f, 0x422C1CFF), CAPSULE(0.66f, 0.3f, 0.62f, 0.58f, 0.05f, 0x3A2618FF) } },
    { "balloon",
      { ELLIPSE(0.5f, 0.42f, 0.36f, 0.4f, 0xD83848FF),
        QUAD(0.47f, 0.8f, 0.53f, 0.8f, 0.56f, 0.87f, 0.44f, 0.87f, 0xB02838FF),
        CAPSULE(0.5f, 0.87f, 0.53f, 0.99f, 0.008f, 0x606060FF), ELLIPSE(0.36f, 0.28f, 0.07f, 0.1f, 0xF08890FF) } },
    { "leaf",
      { ELLIPSE(0.5f, 0.46f, 0.27f, 0.44f, 0x4E9440FF), CAPSULE(0.5f, 0.08f, 0.5f, 0.99f, 0.014f, 0x2E6A28FF),
        CAPSULE(0.5f, 0.5f, 0.3f, 0.34f, 0.009f, 0x2E6A28FF), CAPSULE(0.5f, 0.5f, 0.7f, 0.34f, 0.009f, 0x2E6A28FF),
        CAPSULE(0.5f, 0.7f, 0.32f, 0.56f, 0.009f, 0x2E6A28FF),
        CAPSULE(0.5f, 0.7f, 0.68f, 0.56f, 0.009f, 0x2E6A28FF) } },
    { NULL, { { OCCLUDE_END, { 0 }, 0 } } },
};

/* ---- what is worn; wear.c says where the face's five points lie in these two squares ---- */

#define MASK_LOOPS(colour)                                                                                             \
    CAPSULE(0.02f, 0.1f, 0.16f, 0.24f, 0.009f, colour), CAPSULE(0.98f, 0.1f, 0.84f, 0.24f, 0.009f, colour),            \
        CAPSULE(0.02f, 0.3f, 0.17f, 0.6f, 0.009f, colour), CAPSULE(0.98f, 0.3f, 0.83f, 0.6f, 0.009f, colour)
#define MASK_SHELL(colour)                                                                                             \
    QUAD(0.14f, 0.2f, 0.5f, 0.08f, 0.5f, 0.8f, 0.22f, 0.68f, colour),                                                  \
        QUAD(0.5f, 0.08f, 0.86f, 0.2f, 0.78f, 0.68f, 0.5f, 0.8f, colour), ELLIPSE(0.5f, 0.62f, 0.28f, 0.19f, colour)
#define PLEAT(y, colour) CAPSULE(0.18f, y, 0.82f, y, 0.007f, colour)

const struct occlude_drawing occlude_masks[] = {
    { "surgical blue",
      { MASK_LOOPS(0xE8E8E8FF), MASK_SHELL(0x8CBCD8FF), PLEAT(0.34f, 0x6E9CB8FF), PLEAT(0.46f, 0x6E9CB8FF),
        PLEAT(0.58f, 0x6E9CB8FF), CAPSULE(0.38f, 0.15f, 0.62f, 0.15f, 0.012f, 0xC8E0ECFF) } },
    { "surgical white",
      { MASK_LOOPS(0xF4F4F4FF), MASK_SHELL(0xE9ECECFF), PLEAT(0.34f, 0xC2C8CAFF), PLEAT(0.46f, 0xC2C8CAFF),
        PLEAT(0.58f, 0xC2C8CAFF) } },
    { "respirator",
      { MASK_LOOPS(0xF0F0E0FF), MASK_SHELL(0xF2F2F0FF), CAPSULE(0.5f, 0.1f, 0.5f, 0.78f, 0.009f, 0xC6C6C4FF),
        CAPSULE(0.3f, 0.17f, 0.7f, 0.17f, 0.012f, 0xA8A8A8FF), ELLIPSE(0.66f, 0.5f, 0.07f, 0.07f, 0xD0D0D0FF) } },
    { "cloth black",
      { MASK_LOOPS(0x202020FF), MASK_SHELL(0x222226FF), CAPSULE(0.5f, 0.1f, 0.5f, 0.78f, 0.007f, 0x3C3C42FF) } },
    { "cloth red",
      { MASK_LOOPS(0x702028FF), MASK_SHELL(0x9C2E3AFF), ELLIPSE(0.32f, 0.36f, 0.03f, 0.03f, 0xF0E8E0FF),
        ELLIPSE(0.52f, 0.28f, 0.03f, 0.03f, 0xF0E8E0FF), ELLIPSE(0.7f, 0.4f, 0.03f, 0.03f, 0xF0E8E0FF),
        ELLIPSE(0.42f, 0.56f, 0.03f, 0.03f, 0xF0E8E0FF), ELLIPSE(0.62f, 0.62f, 0.03f, 0.03f, 0xF0E8E0FF) } },
    { NULL, { { OCCLUDE_END, { 0 }, 0 } } },
};

#define TEMPLES(colour)                                                                                                \
    CAPSULE(0.03f, 0.44f, 0.12f, 0.47f, 0.016f, colour), CAPSULE(0.97f, 0.44f, 0.88f, 0.47f, 0.016f, colour)

const struct occlude_drawing occlude_shades[] = {
    { "square",
      { TEMPLES(0x141414FF), BOX(0.283f, 0.52f, 0.185f, 0.125f, 0.05f, 0x101012FF),
        BOX(0.717f, 0.52f, 0.185f, 0.125f, 0.05f, 0x101012FF), CAPSULE(0.44f, 0.46f, 0.56f, 0.46f, 0.02f, 0x101012FF),
        CAPSULE(0.17f, 0.48f, 0.25f, 0.44f, 0.01f, 0x484C54FF) } },
    { "round",
      { TEMPLES(0x8C6A30FF), ELLIPSE(0.283f, 0.52f, 0.15f, 0.15f, 0x1C1814FF),
        ELLIPSE(0.717f, 0.52f, 0.15f, 0.15f, 0x1C1814FF), RING(0.283f, 0.52f, 0.15f, 0.15f, 0.01f, 0xA88848FF),
        RING(0.717f, 0.52f, 0.15f, 0.15f, 0.01f, 0xA88848FF), CAPSULE(0.43f, 0.5f, 0.57f, 0.5f, 0.012f, 0xA88848FF) } },
    { "aviator",
      { TEMPLES(0xB0B0B4FF), ELLIPSE(0.29f, 0.54f, 0.175f, 0.165f, 0x2A3A34FF),
        ELLIPSE(0.71f, 0.54f, 0.175f, 0.165f, 0x2A3A34FF), RING(0.29f, 0.54f, 0.175f, 0.165f, 0.008f, 0xC0C0C4FF),
        RING(0.71f, 0.54f, 0.175f, 0.165f, 0.008f, 0xC0C0C4FF),
        CAPSULE(0.36f, 0.4f, 0.64f, 0.4f, 0.012f, 0xC0C0C4FF) } },
    { "sport",
      { TEMPLES(0xC03030FF), BOX(0.5f, 0.5f, 0.42f, 0.115f, 0.11f, 0x181C2CFF),
        CAPSULE(0.2f, 0.45f, 0.44f, 0.42f, 0.014f, 0x6878A8FF) } },
    { "brown",
      { TEMPLES(0x4A2E1AFF), BOX(0.283f, 0.53f, 0.19f, 0.14f, 0.09f, 0x3A2416F4),
        BOX(0.717f, 0.53f, 0.19f, 0.14f, 0.09f, 0x3A2416F4),
        CAPSULE(0.44f, 0.47f, 0.56f, 0.47f, 0.024f, 0x4A2E1AFF) } },
    { NULL, { { OCCLUDE_END, { 0 }, 0 } } },
};
