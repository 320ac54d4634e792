/* SPDX-License-Identifier: Apache-2.0
 *
 * The two layouts that host and kernels share: the code of a face, and the geometry that face.cl makes of it for
 * paint.cl.  Both are written down once, here; options.c turns them into -D options.
 *
 * Lengths in a code are in head units: half the height of the face, from hairline to chin.
 */
#ifndef FER_SYNTHFACE_CODES_H
#define FER_SYNTHFACE_CODES_H

/* Who it is: drawn once for each subject. */
#define SYNTHFACE_IDENTITY(X)                                                                                          \
    X(head_width)   /* half width at the cheeks */                                                                     \
    X(jaw)          /* width of the jaw relative to the cheeks */                                                      \
    X(chin)         /* added to the length below the mouth */                                                          \
    X(skin)         /* 0 light … 1 dark */                                                                           \
    X(warmth)       /* -1 pink … 1 olive */                                                                          \
    X(hair_style)   /* 0 shaven, 1 short, 2 parted, 3 long, 4 curly, 5 fringe */                                       \
    X(hair_tone)    /* 0 black, brown, red, blond, 1 gray */                                                           \
    X(hair_volume)  /* beyond the skull */                                                                             \
    X(hairline)     /* height of the hairline, added */                                                                \
    X(eye_space)    /* distance of an eye's centre from the middle */                                                  \
    X(eye_width)    /* half width */                                                                                   \
    X(eye_open)     /* half height at rest */                                                                          \
    X(eye_tilt)     /* outer corner up */                                                                              \
    X(iris)         /* 0 brown, green, 1 blue */                                                                       \
    X(brow_height)  /* above the eyes */                                                                               \
    X(brow_thick)   /* half thickness */                                                                               \
    X(brow_arch)    /* rise of its middle */                                                                           \
    X(nose_length)  /* of its tip below the eyes */                                                                    \
    X(nose_width)   /* half width at the wings */                                                                      \
    X(mouth_width)  /* half width at rest */                                                                           \
    X(mouth_height) /* below the middle of the face */                                                                 \
    X(lip_upper)    /* thickness */                                                                                    \
    X(lip_lower)                                                                                                       \
    X(beard) /* 0 none … 1 full */                                                                                   \
    X(moustache)                                                                                                       \
    X(glasses) /* 0 none, 1 round, 2 square */                                                                         \
    X(age)     /* strength of lines at rest, 0 … 1 */

/* What it does: action units of the Facial Action Coding System (Ekman and Friesen, 1978), 0 at rest, 1 full. */
#define SYNTHFACE_ACTION(X)                                                                                            \
    X(inner_brow)   /* AU1: inner brow raiser */                                                                       \
    X(outer_brow)   /* AU2: outer brow raiser */                                                                       \
    X(brow_lower)   /* AU4: brow lowerer, together */                                                                  \
    X(lid_raise)    /* AU5: upper lid raiser */                                                                        \
    X(lid_tight)    /* AU6, AU7: cheek raiser, lid tightener */                                                        \
    X(lid_droop)    /* AU43: eye closure */                                                                            \
    X(nose_wrinkle) /* AU9 */                                                                                          \
    X(lip_raise)    /* AU10: upper lip raiser */                                                                       \
    X(smile_left)   /* AU12, AU14: lip corner puller, left in the picture */                                           \
    X(smile_right)                                                                                                     \
    X(corner_down) /* AU15: lip corner depressor */                                                                    \
    X(chin_raise)  /* AU17 */                                                                                          \
    X(lip_stretch) /* AU20 */                                                                                          \
    X(lip_press)   /* AU23, AU24: lip tightener, pressor */                                                            \
    X(jaw_drop)    /* AU26, AU27 */                                                                                    \
    X(bare_teeth)  /* AU25 with AU22: lips part, squared */                                                            \
    X(gaze_x)      /* -1 … 1 */                                                                                      \
    X(gaze_y)

/* How it is seen: drawn for each picture.  Angles in radians, shifts in half pictures. */
#define SYNTHFACE_VIEW(X)                                                                                              \
    X(yaw)                                                                                                             \
    X(pitch)                                                                                                           \
    X(roll)                                                                                                            \
    X(zoom) /* half pictures in a head unit */                                                                         \
    X(shift_x)                                                                                                         \
    X(shift_y)                                                                                                         \
    X(light_x) /* direction to the light; the part towards the viewer follows */                                       \
    X(light_y)                                                                                                         \
    X(ambient)    /* 0 hard … 1 flat */                                                                              \
    X(exposure)   /* factor */                                                                                         \
    X(blur)       /* edges softer by that many pixels */                                                               \
    X(noise)      /* standard deviation of the sensor's noise */                                                       \
    X(background) /* tone, 0 … 1 */                                                                                  \
    X(hue)        /* of background and clothes, 0 … 1 */                                                             \
    X(noise_seed) /* a whole number below 2^24 */

#define SYNTHFACE_CODES(X) SYNTHFACE_IDENTITY(X) SYNTHFACE_ACTION(X) SYNTHFACE_VIEW(X)

enum synthface_code {
#define SYNTHFACE_ENUM(name) SYNTHFACE_##name,
    SYNTHFACE_CODES(SYNTHFACE_ENUM)
#undef SYNTHFACE_ENUM
        SYNTHFACE_CODE_COUNT
};

/* Point lists of the geometry (x, y in half pictures from the centre, y down) … */
#define SYNTHFACE_POINTS(X)                                                                                            \
    X(FACE, 32)     /* closed outline; 0-16 are the jaw's landmarks */                                                 \
    X(BROWS, 10)    /* left outer to inner, right inner to outer */                                                    \
    X(EYE_LEFT, 12) /* closed; every second one is a landmark */                                                       \
    X(EYE_RIGHT, 12)                                                                                                   \
    X(LIPS, 24)  /* closed; every second one is a landmark */                                                          \
    X(MOUTH, 16) /* closed inner contour; every second one is a landmark */                                            \
    X(NOSE, 9)   /* landmarks 27-35 */                                                                                 \
    X(IRISES, 2)                                                                                                       \
    X(STROKES, 48)    /* 12 lines of the skin, 4 points each */                                                        \
    X(STROKE_INK, 12) /* of each line: half width, strength */                                                         \
    X(HEAD, 2)        /* centre; cosine and sine of the roll, times the zoom */

#define FER_SYNTHFACE_LANDMARKS 68

#endif
