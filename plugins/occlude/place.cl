/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an occluder lies, for each sample; one work-item a sample.  Whatever it is, the answer has one form: an affine
 * map from pixels to the unit square that the occluder fills,
 *
 *     place[n] = ux, uy, u0, vx, vy, v0, sprite, on         u = ux x + uy y + u0, v = vx x + vy y + v0
 *
 * with x and y in pixels (the centre of the first is 0.5) and on = 1 where the sample is occluded, else 0.  An occluder of
 * several rectangles has several of these in a row.
 */
#define MARKS (landmarks_data + landmarks_offset + (size_t)n * landmarks_dim.y * landmarks_dim.z)
#define BOX (box_data + box_offset + (size_t)n * box_dim.y)

static void put_place(__global float *place, float3 u, float3 v, int sprite, bool on)
{
    place[0] = u.x, place[1] = u.y, place[2] = u.z;
    place[3] = v.x, place[4] = v.y, place[5] = v.z;
    place[6] = (float)sprite;
    place[7] = on ? 1.0f : 0.0f;
}

/* A rectangle around `middle`, turned by the angle of the unit vector `along`. */
static void put_rectangle(__global float *place, float2 middle, float2 sides, float2 along, bool on)
{
    const float2 a = along / sides.x, b = (float2)(-along.y, along.x) / sides.y;
    put_place(place, (float3)(a.x, a.y, 0.5f - dot(a, middle)), (float3)(b.x, b.y, 0.5f - dot(b, middle)), 0, on);
}

/* Five points of a face: left and right eye (in the picture), tip of the nose, left and right corner of the mouth. */
struct five {
    float2 point[5];
};

/* Where they usually are in a picture that was cropped to the face, and in a box from hairline to chin. */
static void usual_five(struct five *f, float2 corner, float2 sides, bool boxed)
{
    const float2 eye = boxed ? (float2)(0.275f, 0.45f) : (float2)(0.33f, 0.4f);
    const float2 nose = boxed ? (float2)(0.5f, 0.64f) : (float2)(0.5f, 0.58f);
    const float2 lip = boxed ? (float2)(0.32f, 0.77f) : (float2)(0.36f, 0.76f);
    f->point[0] = corner + sides * eye;
    f->point[1] = corner + sides * (float2)(1.0f - eye.x, eye.y);
    f->point[2] = corner + sides * nose;
    f->point[3] = corner + sides * lip;
    f->point[4] = corner + sides * (float2)(1.0f - lip.x, lip.y);
}

static float2 mean_mark(__global const float *marks, int first, int count)
{
    float2 sum = (float2)(0.0f);
    for (int i = first; i < first + count; i++)
        sum += (float2)(marks[2 * i], marks[2 * i + 1]);
    return sum / (float)count;
}

/* From 68 landmarks (iBUG) or from five. */
static void marked_five(struct five *f, __global const float *marks, int count)
{
    if (count == 68) {
        f->point[0] = mean_mark(marks, 36, 6);
        f->point[1] = mean_mark(marks, 42, 6);
        f->point[2] = mean_mark(marks, 30, 1);
        f->point[3] = mean_mark(marks, 48, 1);
        f->point[4] = mean_mark(marks, 54, 1);
    } else {
        for (int i = 0; i < 5; i++)
            f->point[i] = mean_mark(marks, i, 1);
    }
}

/* Points that are finite and span an area; other landmarks (not found, all zero) are not used. */
static bool usable(const struct five *f)
{
    const float2 eyes = f->point[1] - f->point[0],
                 down = 0.5f * (f->point[3] + f->point[4] - f->point[0] - f->point[1]);
    const float area = eyes.x * down.y - eyes.y * down.x;
    return isfinite(area) && fabs(area) > 1.0f;
}

/* The face: its box, else the whole picture. */
struct face {
    float2 corner, sides;
    struct five five;
    bool marked; /* by landmarks that are usable */
};
#ifdef HAS_LANDMARKS
#define FACE_ARGUMENTS_1 , FER_IN(landmarks)
#else
#define FACE_ARGUMENTS_1
#endif
#ifdef HAS_BOX
#define FACE_ARGUMENTS , FER_OUT(found) FACE_ARGUMENTS_1, FER_IN(box)
#else
#define FACE_ARGUMENTS , FER_OUT(found) FACE_ARGUMENTS_1
#endif

static void find_face(struct face *face, __global const float *box, __global const float *marks, int count, float width,
                      float height)
{
    bool boxed = false;
    face->marked = false;
    face->corner = (float2)(0.0f);
    face->sides = (float2)(width, height);
    if (box) {
        const float2 low = fmax((float2)(box[0], box[1]), (float2)(0.0f));
        const float2 high = fmin((float2)(box[2], box[3]), (float2)(width, height));
        boxed = high.x - low.x >= 1.0f && high.y - low.y >= 1.0f;
        if (boxed)
            face->corner = low, face->sides = high - low;
    }
    if (marks) {
        marked_five(&face->five, marks, count);
        face->marked = usable(&face->five);
    }
    if (!face->marked)
        usual_five(&face->five, face->corner, face->sides, boxed);
}
#ifdef HAS_LANDMARKS
#define MARKS_OR_NOT MARKS, landmarks_dim.y
#else
#define MARKS_OR_NOT 0, 0
#endif
#ifdef HAS_BOX
#define BOX_OR_NOT BOX
#else
#define BOX_OR_NOT 0
#endif
#ifdef REQUIRED
#define NEEDS_MARKS true
#else
#define NEEDS_MARKS false
#endif
#define FIND_FACE                                                                                                      \
    struct face face;                                                                                                  \
    find_face(&face, BOX_OR_NOT, MARKS_OR_NOT, (float)width, (float)height);                                           \
    found_data[found_offset + (size_t)n] = face.marked ? 1.0f : 0.0f;                                                  \
    on = on && (face.marked || !NEEDS_MARKS)

/* Four uniform numbers of the sample; the first of all decides whether it is occluded. */
#define DRAW(element) fer_uniform4(fer_random(FER_RANDOM_ARG, n, element))
#define START                                                                                                          \
    const int n = get_global_id(0);                                                                                    \
    if (n >= place_dim.x)                                                                                              \
        return;                                                                                                        \
    __global float *out = place_data + place_offset + (size_t)n * place_dim.y;                                         \
    const float4 first = DRAW(0);                                                                                      \
    bool on = first.x < p;

#ifdef FER_KERNEL_place_patch
/* Sides of whole pixels, nearly square, that cover from low to high of the picture's pixels (less than high, so that the
 * fraction lies in the bin from low to high) and are nearest to `wanted` among those of their height; where no sides do,
 * because low and high are too close together, the nearest of all. */
static int2 sides_of_area(float wanted, float low, float high, int width, int height)
{
    const int square = clamp(max((int)round(sqrt(wanted)), (int)ceil(wanted / (float)width)), 1, height);
    int2 best = (int2)(1, 1);
    float least = INFINITY;
    for (int k = 0; k <= square; k++) { /* heights: square, square + 1, square - 1, … to half of it and half as much again */
        const int h = square + ((k & 1) ? (k + 1) / 2 : -(k / 2));
        if (h < 1 || h > height)
            continue;
        const int first = (int)ceil(low / (float)h), last = min((int)ceil(high / (float)h) - 1, width);
        const int nearest = clamp((int)round(wanted / (float)h), 1, width);
        if (max(first, 1) <= last)
            return (int2)(clamp(nearest, max(first, 1), last), h);
        const float error = fabs((float)nearest * (float)h - wanted);
        if (error < least)
            best = (int2)(nearest, h), least = error;
    }
    return best;
}

/* rows and columns > 0: the sides; else sides of a fraction of the picture between area_low and area_high.
 * at_x < 0: anywhere, wholly inside; else its middle, in fractions of the picture. */
__kernel void place_patch(FER_OUT(place), FER_RANDOM, const float p, const int width, const int height, const int rows,
                          const int columns, const float area_low, const float area_high, const float at_x,
                          const float at_y)
{
    START
    const float4 second = DRAW(1);
    int w = columns, h = rows;
    if (rows == 0) {
        const float pixels = (float)width * (float)height;
        const float exact = pixels * (1.0f - 1e-6f); /* 0.3 times 100 pixels is a little more than 30 */
        const int2 sides = sides_of_area(mix(area_low, area_high, first.y) * pixels, area_low * exact, area_high * exact,
                                         width, height);
        w = sides.x, h = sides.y;
    }
    w = clamp(w, 1, width), h = clamp(h, 1, height);
    int x = (int)(second.x * (float)(width - w + 1)), y = (int)(second.y * (float)(height - h + 1));
    if (at_x >= 0.0f) {
        x = clamp((int)round(at_x * (float)width - 0.5f * (float)w), 0, width - w);
        y = clamp((int)round(at_y * (float)height - 0.5f * (float)h), 0, height - h);
    }
    put_rectangle(out, (float2)((float)x + 0.5f * (float)w, (float)y + 0.5f * (float)h), (float2)((float)w, (float)h),
                  (float2)(1.0f, 0.0f), on);
}
#endif

#ifdef FER_KERNEL_place_half
/* part: 0 upper, 1 lower, 2 left, 3 right; the middle row or column of an odd side stays. */
__kernel void place_half(FER_OUT(place), FER_RANDOM, const float p, const int width, const int height, const int part)
{
    START
    const int w = part < 2 ? width : width / 2, h = part < 2 ? height / 2 : height;
    const int x = part == 3 ? width - w : 0, y = part == 1 ? height - h : 0;
    put_rectangle(out, (float2)((float)x + 0.5f * (float)w, (float)y + 0.5f * (float)h), (float2)((float)w, (float)h),
                  (float2)(1.0f, 0.0f), on);
}
#endif

/* A rectangle of the face: its middle, its sides along and across the line of the eyes. */
struct bar {
    float2 middle, sides, along;
};
#define BAR_EYES 4
/* part: 0 left eye, 1 right eye, 2 nose, 3 mouth, BAR_EYES both eyes and brows.  Lengths are in distances between the
 * eyes; those of 0 and 1 are about what haarcascade_eye finds. */
static struct bar bar_of(const struct face *face, int part)
{
    const float2 left = face->five.point[0], right = face->five.point[1], nose = face->five.point[2];
    const float2 mouth = 0.5f * (face->five.point[3] + face->five.point[4]), eyes = right - left;
    const float distance = fmax(length(eyes), 1.0f);
    const float2 along = eyes / distance, down = (float2)(-along.y, along.x);
    const float wide = fmax(length(face->five.point[4] - face->five.point[3]), 0.5f * distance);
    struct bar bar = { part == 0 ? left : right, distance * (float2)(0.62f, 0.44f), along };
    if (part == 2)
        bar.middle = nose - 0.1f * distance * down, bar.sides = distance * (float2)(0.56f, 0.56f);
    if (part == 3)
        bar.middle = mouth + 0.04f * distance * down, bar.sides = (float2)(wide + 0.4f * distance, 0.8f * distance);
    if (part == BAR_EYES)
        bar.middle = 0.5f * (left + right) - 0.06f * distance * down, bar.sides = distance * (float2)(1.9f, 0.76f);
    return bar;
}

static void put_bar(__global float *place, struct bar bar, float margin, bool on)
{
    put_rectangle(place, bar.middle, margin * bar.sides, bar.along, on);
}

#ifdef FER_KERNEL_place_band
/* part: 0 eyes, 1 mouth. */
__kernel void place_band(FER_OUT(place) FACE_ARGUMENTS, FER_RANDOM, const float p, const int width, const int height,
                         const int part, const float margin)
{
    START
    FIND_FACE;
    put_bar(out, bar_of(&face, part == 0 ? BAR_EYES : 3), margin, on);
}
#endif

#ifdef FER_KERNEL_place_part
/* part: as bar_of has them, or 4: one of them by chance.  size > 0: a square of whole pixels instead, wholly inside. */
__kernel void place_part(FER_OUT(place) FACE_ARGUMENTS, FER_RANDOM, const float p, const int width, const int height,
                         const int part, const float margin, const int size)
{
    START
    FIND_FACE;
    const struct bar bar = bar_of(&face, part < 4 ? part : min((int)(first.y * 4.0f), 3));
    if (size == 0) {
        put_bar(out, bar, margin, on);
        return;
    }
    const int w = min(size, width), h = min(size, height);
    const float2 corner = clamp(round(bar.middle - 0.5f * (float2)(w, h)), (float2)(0.0f), (float2)(width - w, height - h));
    put_rectangle(out, corner + 0.5f * (float2)(w, h), (float2)(w, h), (float2)(1.0f, 0.0f), on);
}
#endif

#ifdef FER_KERNEL_place_eyes
/* Each eye under a rectangle of its own where they are known, else both under the band. */
__kernel void place_eyes(FER_OUT(place) FACE_ARGUMENTS, FER_RANDOM, const float p, const int width, const int height,
                         const float margin)
{
    START
    FIND_FACE;
    put_bar(out, bar_of(&face, face.marked ? 0 : BAR_EYES), margin, on);
    put_bar(out + 8, bar_of(&face, 1), margin, on && face.marked);
}
#endif

#ifdef FER_KERNEL_place_sprite
/* A square tile, its side a fraction of the face's (the root of its area), turned, its opaque part no larger than
 * max_area of the face (less what pixels round up).  where: 0 anywhere on the face, 1 eyes, 2 mouth.
 * info[sprite] = opaque part of the tile. */
__kernel void place_sprite(FER_OUT(place) FACE_ARGUMENTS, FER_IN(info), FER_RANDOM, const float p, const int width,
                           const int height, const int where, const float scale_low, const float scale_high,
                           const float turn_low, const float turn_high, const float max_area)
{
    START
    FIND_FACE;
    const float4 second = DRAW(1);
    const int sprite = min((int)(first.y * (float)info_dim.x), info_dim.x - 1);
    const float opaque = info_data[info_offset + (size_t)sprite * info_dim.y];
    const float area = face.sides.x * face.sides.y;
    const float side =
        fmax(sqrt(area) * fmin(mix(scale_low, scale_high, first.z), sqrt(0.95f * max_area / fmax(opaque, 1e-3f))), 1.0f);
    float2 middle = face.corner + face.sides * second.xy;
    if (where == 1)
        middle = 0.5f * (face.five.point[0] + face.five.point[1]) + 0.1f * face.sides * (second.xy - 0.5f);
    if (where == 2)
        middle = 0.5f * (face.five.point[3] + face.five.point[4]) + 0.1f * face.sides * (second.xy - 0.5f);
    const float turn = mix(turn_low, turn_high, first.w);
    put_rectangle(out, middle, (float2)(side), (float2)(cos(turn), sin(turn)), on);
    out[6] = (float)sprite;
    if (second.z < 0.5f) { /* mirrored: u becomes 1 - u */
        out[0] = -out[0];
        out[1] = -out[1];
        out[2] = 1.0f - out[2];
    }
}
#endif

#ifdef FER_KERNEL_place_wear
/* A template that is worn.  Of all affine maps A x + t from the picture to the template's square the one with the least
 * sum of |A x_i + t - y_i|^2, x_i the face's five points, y_i the template's: with both centred, A = (sum y x^T)
 * (sum x x^T)^-1 (the normal equations; Gauss 1809).  pins[sprite] = five points in the unit square. */
__kernel void place_wear(FER_OUT(place) FACE_ARGUMENTS, FER_IN(pins), FER_RANDOM, const float p, const int width,
                         const int height)
{
    START
    FIND_FACE;
    const int sprite = min((int)(first.y * (float)pins_dim.x), pins_dim.x - 1);
    __global const float *pin = pins_data + pins_offset + (size_t)sprite * pins_dim.y;
    float2 from = (float2)(0.0f), to = (float2)(0.0f);
    for (int i = 0; i < 5; i++) {
        from += 0.2f * face.five.point[i];
        to += 0.2f * (float2)(pin[2 * i], pin[2 * i + 1]);
    }
    float xx = 0.0f, xy = 0.0f, yy = 0.0f;
    float2 u = (float2)(0.0f), v = (float2)(0.0f);
    for (int i = 0; i < 5; i++) {
        const float2 a = face.five.point[i] - from, b = (float2)(pin[2 * i], pin[2 * i + 1]) - to;
        xx += a.x * a.x, xy += a.x * a.y, yy += a.y * a.y;
        u += b.x * a;
        v += b.y * a;
    }
    const float det = fmax(xx * yy - xy * xy, 1e-6f);
    const float2 su = (float2)(yy * u.x - xy * u.y, xx * u.y - xy * u.x) / det;
    const float2 sv = (float2)(yy * v.x - xy * v.y, xx * v.y - xy * v.x) / det;
    put_place(out, (float3)(su, to.x - dot(su, from)), (float3)(sv, to.y - dot(sv, from)), sprite, on);
}
#endif
