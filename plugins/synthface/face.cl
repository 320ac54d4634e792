/* SPDX-License-Identifier: Apache-2.0
 *
 * From the code of a face to its geometry, its 68 landmarks (the iBUG order) and its box; one work-item a face.
 *
 * The head is an ellipsoid; features are curves on it, in head units (x right, y down, z towards the viewer, the origin
 * between the eyes and the nose), moved by action units, then turned, scaled and shifted into the picture.
 * C_name is the index of `name` in the code, P_NAME and N_NAME first point and count in the geometry (codes.h).
 */
#define CODE(name) face[C_##name]

struct view {
    float cos_yaw, sin_yaw, cos_pitch, sin_pitch, cos_roll, sin_roll, shift_x, shift_y;
    float width; /* of the head */
};

static void face_view(__global const float *face, struct view *v)
{
    v->cos_yaw = cos(CODE(yaw)), v->sin_yaw = sin(CODE(yaw));
    v->cos_pitch = cos(CODE(pitch)), v->sin_pitch = sin(CODE(pitch));
    v->cos_roll = cos(CODE(roll)) * CODE(zoom), v->sin_roll = sin(CODE(roll)) * CODE(zoom);
    v->shift_x = CODE(shift_x), v->shift_y = CODE(shift_y);
    v->width = CODE(head_width);
}

/* A point of the head, in the picture. */
static float2 face_place(const struct view *v, float x, float y, float z)
{
    const float x1 = x * v->cos_yaw + z * v->sin_yaw;
    const float z1 = z * v->cos_yaw - x * v->sin_yaw;
    const float y1 = y * v->cos_pitch + z1 * v->sin_pitch;
    return (float2)(v->shift_x + x1 * v->cos_roll - y1 * v->sin_roll, v->shift_y + x1 * v->sin_roll + y1 * v->cos_roll);
}

/* A point on the front of the head, `out` in front of it. */
static float2 face_skin(const struct view *v, float x, float y, float out)
{
    const float a = x / (1.08f * v->width), b = y / 1.2f;
    return face_place(v, x, y, 0.6f * sqrt(fmax(1.0f - a * a - b * b, 0.0f)) + out);
}

static void face_put(__global float *points, int index, float2 p)
{
    points[2 * index] = p.x;
    points[2 * index + 1] = p.y;
}

/* 0-16 run from ear to ear along the jaw, the rest closes over the forehead. */
static void face_outline(__global const float *face, const struct view *v, __global float *points)
{
    const float chin = 1.0f + CODE(chin) + 0.16f * CODE(jaw_drop) - 0.03f * CODE(chin_raise);
    for (int i = 0; i < N_FACE; i++) {
        const float turn =
            i <= 16 ? M_PI_F * (float)i / 16.0f : M_PI_F * (1.0f + (float)(i - 16) / (float)(N_FACE - 16));
        const float c = -cos(turn), s = i <= 16 ? fmax(sin(turn), 0.0f) : sin(turn);
        float x = v->width * c, y = s * 1.0f - 0.1f;
        if (i <= 16) {
            /* Fuller than an ellipse at the cheeks, narrower at the jaw, to the chin's length. */
            x *=
                mix(1.0f, CODE(jaw), s * s) * (1.0f + 0.05f * sin(2.0f * turn) * (turn < 0.5f * M_PI_F ? 1.0f : -1.0f));
            y = pow(s, 0.9f) * (chin + 0.1f) - 0.1f;
        }
        face_put(points, P_FACE + i, face_place(v, x, y, -0.12f * (1.0f - s)));
    }
}

static void face_brows(__global const float *face, const struct view *v, __global float *points)
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 5; i++) {
            const float t = (float)i / 4.0f; /* inner to outer */
            const float rise = 0.14f * CODE(inner_brow) * pow(1.0f - t, 1.3f) + 0.13f * CODE(outer_brow) * sqrt(t) -
                               0.125f * CODE(brow_lower) * (1.0f - 0.85f * t) -
                               0.05f * CODE(nose_wrinkle) * (1.0f - t) - 0.015f * CODE(lid_tight);
            const float x = 0.13f + 0.40f * t - 0.045f * CODE(brow_lower) * (1.0f - t);
            const float y = -0.36f - CODE(brow_height) - CODE(brow_arch) * sin(M_PI_F * (0.1f + 0.75f * t)) - rise;
            face_put(points, P_BROWS + (side ? 5 + i : 4 - i), face_skin(v, side ? x : -x, y, 0.04f));
        }
}

/* Twelve points from the picture's left corner over the upper lid and back along the lower one. */
static void face_eye(__global const float *face, const struct view *v, int side, __global float *points)
{
    const float sign = side ? 1.0f : -1.0f, middle = -0.15f;
    const float open = CODE(eye_open);
    const float upper = open * fmax(1.05f + 0.75f * CODE(lid_raise) - 0.75f * CODE(lid_droop) - 0.2f * CODE(lid_tight) -
                                        0.15f * CODE(nose_wrinkle),
                                    0.12f);
    const float lower =
        open * fmax(0.65f + 0.2f * CODE(lid_raise) - 0.6f * CODE(lid_tight) - 0.1f * CODE(nose_wrinkle), -0.05f);
    /* Grief pulls the upper lid up at its inner end and lets it hang at the outer one; anger does the opposite. */
    const float slant = 0.3f * CODE(inner_brow) * (1.0f - CODE(outer_brow) * 0.8f) - 0.35f * CODE(brow_lower);
    const int first = side ? P_EYE_RIGHT : P_EYE_LEFT;
    for (int i = 0; i < 12; i++) {
        const float turn = M_PI_F * (float)i / 6.0f;
        const float along = -cos(turn); /* -1 left, 1 right */
        const float outward = sign * along;
        const float s = sin(turn);
        const float lid = i <= 6 ? -upper * pow(fabs(s), 0.8f) * (1.0f - slant * outward)
                                 : lower * pow(fabs(s), 0.9f) * (1.0f + 0.15f * outward);
        const float y = middle + lid - CODE(eye_tilt) * outward;
        face_put(points, first + i, face_skin(v, sign * CODE(eye_space) + CODE(eye_width) * along, y, 0.0f));
    }
    const float gaze_x = 0.3f * CODE(eye_width) * CODE(gaze_x), gaze_y = 0.2f * open * CODE(gaze_y);
    face_put(points, P_IRISES + side,
             face_skin(v, sign * CODE(eye_space) + gaze_x, middle - 0.2f * open + gaze_y, 0.0f));
}

static void face_nose(__global const float *face, const struct view *v, __global float *points)
{
    const float tip = -0.15f + CODE(nose_length), lift = 0.045f * CODE(nose_wrinkle) + 0.01f * CODE(lip_raise);
    for (int i = 0; i < 4; i++) {
        const float t = (float)i / 3.0f;
        face_put(points, P_NOSE + i, face_skin(v, 0.0f, mix(-0.17f, tip - lift, t), 0.04f + 0.2f * t));
    }
    const float smile = 0.5f * (CODE(smile_left) + CODE(smile_right));
    const float wing = CODE(nose_width) * (1.0f + 0.15f * CODE(nose_wrinkle) + 0.06f * smile);
    for (int i = 0; i < 5; i++) {
        const float t = (float)i / 2.0f - 1.0f;
        face_put(
            points, P_NOSE + 4 + i,
            face_skin(v, wing * t, tip + 0.09f - 0.03f * t * t - lift * (0.6f + 0.7f * t * t), 0.13f - 0.08f * t * t));
    }
}

struct mouth {
    float half_width, middle, left, right; /* corners: down is positive, relative to the middle */
    float raise, gap, squared, top, bottom;
};

static void face_mouth(__global const float *face, struct mouth *m)
{
    const float smile = 0.5f * (CODE(smile_left) + CODE(smile_right)), press = CODE(lip_press);
    m->half_width = CODE(mouth_width) * (1.0f + 0.36f * smile + 0.3f * CODE(lip_stretch) - 0.1f * press -
                                        0.05f * CODE(corner_down) + 0.1f * CODE(bare_teeth) -
                                        0.3f * CODE(jaw_drop) * (1.0f - 0.9f * fmin(smile + CODE(lip_stretch), 1.0f)));
    m->middle = CODE(mouth_height) - 0.035f * CODE(chin_raise) - 0.02f * CODE(nose_wrinkle) + 0.03f * smile;
    const float down = 0.12f * CODE(corner_down) + 0.02f * CODE(lip_stretch) + 0.015f * press;
    m->left = down - 0.15f * CODE(smile_left) + 0.05f * CODE(jaw_drop);
    m->right = down - 0.15f * CODE(smile_right) + 0.05f * CODE(jaw_drop);
    m->raise = 0.085f * CODE(lip_raise) + 0.03f * CODE(nose_wrinkle) + 0.02f * smile + 0.05f * CODE(bare_teeth) +
              0.05f * CODE(jaw_drop);
    m->gap = 0.34f * CODE(jaw_drop) + 0.05f * CODE(bare_teeth) - 0.06f * CODE(lip_raise);
    m->gap = fmax(m->gap, -m->raise + 0.004f);
    m->squared = fmin(CODE(bare_teeth) + 0.6f * CODE(lip_stretch) * CODE(jaw_drop), 1.0f);
    m->top =
        CODE(lip_upper) * (1.0f - 0.7f * press - 0.3f * smile - 0.25f * CODE(bare_teeth) - 0.2f * CODE(lip_stretch));
    m->bottom =
        CODE(lip_lower) * (1.0f - 0.65f * press - 0.2f * smile + 0.2f * CODE(chin_raise) - 0.25f * CODE(bare_teeth));
}

/* Fullness across the mouth, t from -1 to 1: an arch, or nearly a rectangle. */
static float face_arch(float t, float squared)
{
    const float u = fmax(1.0f - t * t, 0.0f);
    return mix(pow(u, 0.85f), pow(u, 0.3f), squared);
}

static float face_lip_line(const struct mouth *m, float t)
{
    return m->middle + (t < 0.0f ? m->left : m->right) * pow(fabs(t), 1.6f);
}

static void face_lips(__global const float *face, const struct view *v, __global float *points)
{
    struct mouth m;
    face_mouth(face, &m);
    for (int i = 0; i < N_LIPS; i++) {
        const float t = -cos(2.0f * M_PI_F * (float)i / (float)N_LIPS), arch = face_arch(t, m.squared);
        float y = face_lip_line(&m, t);
        if (i <= N_LIPS / 2) { /* with a Cupid's bow */
            const float bow = 1.0f - 0.22f * exp(-40.0f * t * t);
            y -= arch * m.raise + m.top * bow * pow(fmax(1.0f - t * t, 0.0f), 0.6f);
        } else {
            y += arch * m.gap + m.bottom * pow(fmax(1.0f - t * t, 0.0f), 0.6f);
        }
        face_put(points, P_LIPS + i, face_skin(v, m.half_width * t, y, 0.05f * (1.0f - t * t)));
    }
    for (int i = 0; i < N_MOUTH; i++) {
        const float t = -cos(2.0f * M_PI_F * (float)i / (float)N_MOUTH), arch = face_arch(t, m.squared);
        const float y = face_lip_line(&m, 0.9f * t) + arch * (i <= N_MOUTH / 2 ? -m.raise : m.gap);
        face_put(points, P_MOUTH + i, face_skin(v, 0.9f * m.half_width * t, y, 0.03f * (1.0f - t * t)));
    }
}

/* One line of the skin: four points of a parabola, through a bend. */
static void face_stroke(const struct view *v, __global float *points, int index, float2 from, float2 to, float bend,
                        float width, float strength)
{
    const float2 across = (float2)(from.y - to.y, to.x - from.x);
    for (int i = 0; i < 4; i++) {
        const float t = (float)i / 3.0f;
        const float2 p = mix(from, to, t) + across * (bend * 4.0f * t * (1.0f - t));
        face_put(points, P_STROKES + 4 * index + i, face_skin(v, p.x, p.y, 0.03f));
    }
    face_put(points, P_STROKE_INK + index, (float2)(width, clamp(strength, 0.0f, 1.0f)));
}

static void face_strokes(__global const float *face, const struct view *v, __global float *points)
{
    const float age = CODE(age), brow = CODE(brow_lower), raise = fmin(CODE(inner_brow), 1.0f);
    const float outer = fmin(CODE(outer_brow), 1.0f), wrinkle = CODE(nose_wrinkle);
    struct mouth m;
    face_mouth(face, &m);
    for (int side = 0; side < 2; side++) {
        const float s = side ? 1.0f : -1.0f;
        const float smile = side ? CODE(smile_right) : CODE(smile_left);
        const float corner = m.middle + (side ? m.right : m.left);
        /* Nasolabial fold, furrow between the brows, crow's-feet, bag of the eye. */
        face_stroke(v, points, side, (float2)(s * (CODE(nose_width) + 0.02f), 0.2f - 0.03f * wrinkle),
                    (float2)(s * (m.half_width + 0.08f), corner - 0.02f), -0.12f * s, 0.016f,
                    0.12f * age + 0.5f * smile + 0.65f * wrinkle + 0.4f * CODE(lip_raise));
        face_stroke(v, points, 2 + side, (float2)(s * 0.055f, -0.42f), (float2)(s * 0.045f, -0.26f), 0.05f * s, 0.012f,
                    0.1f * age + 0.75f * brow - 0.4f * raise);
        face_stroke(v, points, 4 + side, (float2)(s * (CODE(eye_space) + CODE(eye_width) + 0.05f), -0.17f),
                    (float2)(s * (CODE(eye_space) + CODE(eye_width) + 0.15f), -0.2f), 0.1f * s, 0.01f,
                    0.2f * age * smile + 0.45f * CODE(lid_tight) * fmax(smile, 0.3f));
        face_stroke(v, points, 6 + side, (float2)(s * (CODE(eye_space) - 0.13f), -0.06f),
                    (float2)(s * (CODE(eye_space) + 0.13f), -0.06f), 0.18f * s, 0.014f,
                    0.15f * age + 0.4f * CODE(lid_tight));
    }
    for (int i = 0; i < 2; i++) {
        const float y = -0.56f - 0.11f * (float)i - 0.05f * raise;
        const float span = 0.18f + 0.2f * outer;
        face_stroke(v, points, 8 + i, (float2)(-span, y + 0.02f), (float2)(span, y + 0.02f), -0.06f, 0.012f,
                    0.1f * age + 0.55f * raise * (0.5f + 0.5f * outer));
        const float root = -0.22f + 0.09f * (float)i;
        face_stroke(v, points, 10 + i, (float2)(-0.08f, root), (float2)(0.08f, root), -0.25f, 0.011f,
                    0.7f * wrinkle - 0.1f);
    }
}

/* Places of the landmarks in the geometry. */
static int face_landmark(int i)
{
    if (i < 17)
        return P_FACE + i;
    if (i < 27)
        return P_BROWS + i - 17;
    if (i < 36)
        return P_NOSE + i - 27;
    if (i < 42)
        return P_EYE_LEFT + 2 * (i - 36);
    if (i < 48)
        return P_EYE_RIGHT + 2 * (i - 42);
    if (i < 60)
        return P_LIPS + 2 * (i - 48);
    return P_MOUTH + 2 * (i - 60);
}

__kernel void synthface_face(FER_IN(code), FER_OUT(geometry), FER_OUT(landmarks), FER_OUT(box), const int size)
{
    const int n = get_global_id(0);
    if (n >= code_dim.x)
        return;
    __global const float *face = code_data + code_offset + (size_t)n * code_dim.y;
    __global float *points = geometry_data + geometry_offset + (size_t)n * geometry_dim.y;
    struct view v;
    face_view(face, &v);
    face_outline(face, &v, points);
    face_brows(face, &v, points);
    face_eye(face, &v, 0, points);
    face_eye(face, &v, 1, points);
    face_lips(face, &v, points);
    face_nose(face, &v, points);
    face_strokes(face, &v, points);
    face_put(points, P_HEAD, face_place(&v, 0.0f, 0.0f, 0.0f));
    face_put(points, P_HEAD + 1, (float2)(v.cos_roll, v.sin_roll));

    const float half_size = 0.5f * (float)size;
    __global float *mark = landmarks_data + landmarks_offset + (size_t)n * landmarks_dim.y * landmarks_dim.z;
    for (int i = 0; i < 68; i++)
        for (int axis = 0; axis < 2; axis++)
            mark[2 * i + axis] = (points[2 * face_landmark(i) + axis] + 1.0f) * half_size;
    float2 low = (float2)(INFINITY), high = (float2)(-INFINITY);
    for (int i = 0; i < N_FACE; i++) {
        const float2 p = (float2)(points[2 * (P_FACE + i)], points[2 * (P_FACE + i) + 1]);
        low = fmin(low, p);
        high = fmax(high, p);
    }
    __global float *edge = box_data + box_offset + (size_t)n * box_dim.y;
    edge[0] = clamp((low.x + 1.0f) * half_size, 0.0f, (float)size);
    edge[1] = clamp((low.y + 1.0f) * half_size, 0.0f, (float)size);
    edge[2] = clamp((high.x + 1.0f) * half_size, 0.0f, (float)size);
    edge[3] = clamp((high.y + 1.0f) * half_size, 0.0f, (float)size);
}
