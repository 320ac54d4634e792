/* SPDX-License-Identifier: Apache-2.0
 *
 * From the geometry of a face to its picture.  A work-item paints LANES neighbouring pixels of one row, held in vectors
 * of type V (float on a GPU, float8 on a CPU); shapes are antialiased by their signed distance, in half pictures.
 */
#define CODE(name) face[C_##name]

struct colour {
    V r, g, b;
};
struct brush {
    V x; /* of the pixels */
    float y;
    float pixel;       /* width of an edge */
    float left, right; /* of all lanes */
    struct colour paint;
    __global const float *points;
};

static float2 point_at(const struct brush *b, int i)
{
    return (float2)(b->points[2 * i], b->points[2 * i + 1]);
}

static void blend(struct brush *b, V cover, float3 c)
{
    b->paint.r += cover * (c.x - b->paint.r);
    b->paint.g += cover * (c.y - b->paint.g);
    b->paint.b += cover * (c.z - b->paint.b);
}

static void shade(struct brush *b, V factor)
{
    b->paint.r *= factor;
    b->paint.g *= factor;
    b->paint.b *= factor;
}

/* 1 inside, 0 outside, over a ramp of `soft`. */
static V cover(V distance, float soft)
{
    return clamp(0.5f - distance / soft, (V)0.0f, (V)1.0f);
}

/* A smooth spot: 1 in the middle, 0 beyond the radii. */
static V spot(V x, float y, float2 at, float radius_x, float radius_y)
{
    const V dx = (x - at.x) / radius_x;
    const float dy = (y - at.y) / radius_y;
    const V u = fmax(1.0f - dx * dx - dy * dy, (V)0.0f);
    return u * u;
}

static V ellipse(V x, float y, float2 at, float radius_x, float radius_y)
{
    const V dx = (x - at.x) / radius_x;
    const float dy = (y - at.y) / radius_y;
    return (sqrt(dx * dx + dy * dy) - 1.0f) * fmin(radius_x, radius_y);
}

/* Whether the pixels are near the points [first, first + count). */
static bool touches(const struct brush *b, int first, int count, float margin)
{
    float2 low = (float2)(INFINITY), high = (float2)(-INFINITY);
    for (int i = first; i < first + count; i++) {
        low = fmin(low, point_at(b, i));
        high = fmax(high, point_at(b, i));
    }
    return b->y > low.y - margin && b->y < high.y + margin && b->right > low.x - margin && b->left < high.x + margin;
}

/* Squared distance to the segment from p to q; *along is where, from 0 to 1. */
static V segment(const struct brush *b, float2 p, float2 q, V *along)
{
    const float2 d = q - p;
    const V x = b->x - p.x;
    const float y = b->y - p.y;
    const V t = clamp((x * d.x + y * d.y) / fmax(dot(d, d), 1e-12f), (V)0.0f, (V)1.0f);
    const V ex = x - t * d.x, ey = y - t * d.y;
    *along = t;
    return ex * ex + ey * ey;
}

/* Signed distance to a closed polygon: the nearest edge, and the parity of edges crossed to the right. */
static V polygon(const struct brush *b, int first, int count)
{
    V nearest = INFINITY, along;
    VI inside = 0;
    float2 p = point_at(b, first + count - 1);
    for (int i = first; i < first + count; i++) {
        const float2 q = point_at(b, i);
        nearest = fmin(nearest, segment(b, p, q, &along));
        if ((p.y > b->y) != (q.y > b->y))
            inside ^= b->x < p.x + (b->y - p.y) * (q.x - p.x) / (q.y - p.y);
        p = q;
    }
    nearest = sqrt(nearest);
    return select(nearest, -nearest, inside);
}

/* Distance to a line through points, minus a half width that goes from a over the middle to b. */
static V line(const struct brush *b, int first, int count, float start, float middle, float end)
{
    V nearest = INFINITY;
    for (int i = 0; i + 1 < count; i++) {
        V along;
        const V d = sqrt(segment(b, point_at(b, first + i), point_at(b, first + i + 1), &along));
        const V t = ((float)i + along) / (float)(count - 1);
        const V width = select(mix((V)middle, (V)end, 2.0f * t - 1.0f), mix((V)start, (V)middle, 2.0f * t), t < 0.5f);
        nearest = fmin(nearest, d - width);
    }
    return nearest;
}

/* Colours. */
static float3 skin_colour(__global const float *face)
{
    const float3 light = (float3)(0.96f, 0.80f, 0.70f), dark = (float3)(0.42f, 0.27f, 0.20f);
    return mix(light, dark, CODE(skin)) + CODE(warmth) * (float3)(-0.01f, 0.015f, -0.02f);
}

static float3 hair_colour(__global const float *face)
{
    const float t = CODE(hair_tone);
    const float3 black = (float3)(0.07f, 0.06f, 0.06f), brown = (float3)(0.30f, 0.19f, 0.11f);
    const float3 red = (float3)(0.52f, 0.25f, 0.11f), blond = (float3)(0.82f, 0.66f, 0.38f), gray = (float3)(0.72f);
    if (t < 0.3f)
        return mix(black, brown, t / 0.3f);
    if (t < 0.6f)
        return mix(brown, red, (t - 0.3f) / 0.3f);
    if (t < 0.9f)
        return mix(red, blond, (t - 0.6f) / 0.3f);
    return gray;
}

static float3 iris_colour(__global const float *face)
{
    const float3 brown = (float3)(0.22f, 0.13f, 0.07f), green = (float3)(0.28f, 0.36f, 0.22f),
                 blue = (float3)(0.30f, 0.46f, 0.62f);
    const float t = CODE(iris);
    return t < 0.6f ? mix(brown, green, t * 0.5f) : mix(green, blue, (t - 0.6f) / 0.4f);
}

static float3 hue_colour(float hue)
{
    const float3 phase = hue + (float3)(0.0f, 0.67f, 0.33f);
    return 0.5f + 0.5f * cos(2.0f * M_PI_F * phase);
}

/* The head's own frame: pixels in head units, upright. */
struct frame {
    V x, y;
    float zoom;
    float turn; /* how far the front of the head moves sideways */
};

static void head_frame(const struct brush *b, __global const float *face, struct frame *f)
{
    const float2 at = point_at(b, P_HEAD), r = point_at(b, P_HEAD + 1);
    const float square = dot(r, r);
    f->x = ((b->x - at.x) * r.x + (b->y - at.y) * r.y) / square;
    f->y = ((b->y - at.y) * r.x - (b->x - at.x) * r.y) / square;
    f->zoom = sqrt(square);
    f->turn = sin(CODE(yaw));
}

static void paint_background(struct brush *b, __global const float *face)
{
    const float3 tint = 0.65f + 0.35f * hue_colour(CODE(hue));
    const float3 tone = tint * mix(0.15f, 0.9f, CODE(background));
    b->paint.r = tone.x, b->paint.g = tone.y, b->paint.b = tone.z;
    /* A bright side and two soft spots. */
    const float phase = 40.0f * CODE(hue);
    shade(b, 1.0f + 0.25f * CODE(light_x) * b->x - 0.15f * b->y);
    shade(b, 1.0f - 0.35f * spot(b->x, b->y, (float2)(cos(phase), 0.8f * sin(1.7f * phase)), 0.7f, 0.9f) +
                 0.3f * spot(b->x, b->y, (float2)(cos(2.3f * phase), sin(phase)), 0.6f, 0.4f));
}

static void paint_body(struct brush *b, const struct frame *f, __global const float *face)
{
    const float w = CODE(head_width), soft = b->pixel / f->zoom;
    const V x = f->x + 0.1f * f->turn, y = f->y;
    const V dx = x / 1.35f, dy = (y - 2.05f) / 0.8f;
    blend(b, cover((sqrt(dx * dx + dy * dy) - 1.0f) * 0.8f, soft),
          0.2f + 0.6f * hue_colour(CODE(hue) + 0.37f) * CODE(background));
    const V neck = fmax(fabs(x) - 0.52f * w - 0.12f * fmax(y - 1.0f, (V)0.0f), fabs(y - 0.85f) - 0.55f);
    blend(b, cover(neck, soft), 0.78f * skin_colour(face));
}

/* Distance to the hair's outer edge, in head units. */
static V hair_edge(const struct frame *f, __global const float *face)
{
    const float style = CODE(hair_style), volume = CODE(hair_volume);
    const float rx = CODE(head_width) + (style == 4.0f ? 0.14f : 0.02f) + volume;
    const float ry = 0.92f + (style == 4.0f ? 0.14f : 0.0f) + volume;
    const V dx = f->x / rx, dy = (f->y + 0.28f) / ry;
    V d = (sqrt(dx * dx + dy * dy) - 1.0f) * rx;
    if (style == 4.0f)
        d += 0.025f * sin(14.0f * atan2(dy, dx)) + 0.015f * sin(31.0f * dx) * sin(29.0f * dy);
    return d;
}

static void paint_hair_behind(struct brush *b, const struct frame *f, __global const float *face)
{
    const float style = CODE(hair_style), soft = b->pixel / f->zoom;
    const float3 c = 0.7f * hair_colour(face);
    if (style == 0.0f)
        return;
    if (style == 3.0f) {
        const float rx = CODE(head_width) + 0.12f + CODE(hair_volume);
        const V d = fmax(fabs(f->x) - rx + 0.1f * f->y * f->y, fabs(f->y - 0.6f) - 0.75f);
        blend(b, cover(d, 3.0f * soft), c);
    }
    blend(b, cover(hair_edge(f, face), 2.0f * soft), c);
}

static void paint_ears(struct brush *b, const struct frame *f, __global const float *face)
{
    const float3 skin = skin_colour(face);
    for (int side = -1; side <= 1; side += 2) {
        const float2 at = (float2)((float)side * CODE(head_width) * 0.99f - 0.1f * f->turn, -0.02f);
        const V dx = (f->x - at.x) / 0.1f, dy = (f->y - at.y) / 0.2f;
        const V r = sqrt(dx * dx + dy * dy);
        blend(b, cover((r - 1.0f) * 0.1f, b->pixel / f->zoom), skin * 0.86f);
        blend(b, cover((r - 0.5f) * 0.1f, 0.06f), skin * 0.7f);
    }
}

static void paint_skin(struct brush *b, const struct frame *f, __global const float *face, V inside)
{
    const float3 skin = skin_colour(face);
    blend(b, inside, skin);
    /* An ellipsoid under one light, on top of what the surroundings give. */
    const V nx = (f->x - 0.3f * f->turn) / (1.12f * CODE(head_width)), ny = f->y / 1.25f;
    const V nz = sqrt(fmax(1.0f - nx * nx - ny * ny, (V)0.04f));
    const float3 to = normalize((float3)(CODE(light_x), CODE(light_y), 0.8f));
    const V lambert = fmax(nx * to.x + ny * to.y + nz * to.z, (V)0.0f);
    V light = CODE(ambient) + (1.0f - CODE(ambient)) * 1.35f * lambert;
    const float z = f->zoom, s = CODE(light_x);
    const float2 left = 0.5f * (point_at(b, P_EYE_LEFT) + point_at(b, P_EYE_LEFT + 6));
    const float2 right = 0.5f * (point_at(b, P_EYE_RIGHT) + point_at(b, P_EYE_RIGHT + 6));
    const float2 tip = point_at(b, P_NOSE + 3), bridge = point_at(b, P_NOSE + 1), base = point_at(b, P_NOSE + 6);
    const float2 chin = point_at(b, P_FACE + 8), lip = point_at(b, P_LIPS + 18);
    const float2 cheek = (float2)(0.36f * z, 0.32f * z);
    /* Sockets, the sides and the light of the nose, below nose and lip, the ball of the chin. */
    light *= 1.0f - 0.22f * (spot(b->x, b->y, left + (float2)(0.0f, -0.03f * z), 0.3f * z, 0.2f * z) +
                             spot(b->x, b->y, right + (float2)(0.0f, -0.03f * z), 0.3f * z, 0.2f * z));
    const float side = s > 0.0f ? -1.0f : 1.0f;
    light *= 1.0f -
             (0.1f + 0.25f * fmin(fabs(s), 1.0f)) *
                 spot(b->x, b->y, mix(bridge, tip, 0.6f) + (float2)(side * 0.12f * z, 0.02f * z), 0.12f * z, 0.32f * z);
    light *= 1.0f + 0.14f * spot(b->x, b->y, mix(bridge, tip, 0.5f), 0.07f * z, 0.32f * z);
    light *= 1.0f + 0.14f * spot(b->x, b->y, tip + (float2)(-0.02f * side * z, -0.02f * z), 0.08f * z, 0.08f * z);
    light *= 1.0f - 0.18f * spot(b->x, b->y, base + (float2)(0.0f, 0.06f * z), 0.2f * z, 0.09f * z);
    light *= 1.0f - 0.2f * spot(b->x, b->y, mix(lip, chin, 0.25f), 0.2f * z, 0.1f * z);
    light *= 1.0f + (0.05f + 0.1f * CODE(chin_raise)) * spot(b->x, b->y, mix(lip, chin, 0.6f), 0.16f * z, 0.12f * z);
    const V flush = spot(b->x, b->y, left + (float2)(-0.3f, 1.0f) * cheek, 0.3f * z, 0.24f * z) +
                    spot(b->x, b->y, right + (float2)(0.3f, 1.0f) * cheek, 0.3f * z, 0.24f * z);
    light *= 1.0f + 0.12f * CODE(lid_tight) * flush;
    b->paint.r *= 1.0f + inside * (light * (1.0f + 0.04f * flush) - 1.0f);
    b->paint.g *= 1.0f + inside * (light * (1.0f - 0.05f * flush) - 1.0f);
    b->paint.b *= 1.0f + inside * (light * (1.0f - 0.04f * flush) - 1.0f);
}

static void paint_beard(struct brush *b, const struct frame *f, __global const float *face, V inside)
{
    const float beard = CODE(beard), moustache = CODE(moustache);
    if (beard <= 0.0f)
        return;
    const float z = f->zoom;
    const float2 chin = point_at(b, P_FACE + 8), lip = point_at(b, P_LIPS + 6), base = point_at(b, P_NOSE + 6);
    const float2 middle = 0.5f * (point_at(b, P_LIPS) + point_at(b, P_LIPS + 12));
    const V x = f->x - 0.4f * f->turn, y = f->y;
    /* Along the jaw, below a line from the ears under the corners of the mouth. */
    const V edge = 0.62f - 0.75f * x * x / CODE(head_width) - y;
    V grown = cover(edge, 0.12f) * (1.0f - 0.5f * spot(b->x, b->y, middle, 0.3f * z, 0.12f * z));
    if (chin.y < middle.y)
        grown = 0.0f;
    blend(b, grown * inside * (0.25f + 0.6f * beard), 0.9f * hair_colour(face));
    const V upper = spot(b->x, b->y, mix(lip, base, 0.42f), 0.34f * z, 0.1f * z);
    blend(b, fmin(1.8f * upper, (V)1.0f) * moustache * beard, hair_colour(face));
}

static void paint_strokes(struct brush *b, float zoom)
{
    for (int i = 0; i < N_STROKE_INK; i++) {
        const float2 ink = point_at(b, P_STROKE_INK + i);
        const float width = ink.x * zoom, soft = fmax(1.6f * width, b->pixel);
        if (ink.y < 0.02f || !touches(b, P_STROKES + 4 * i, 4, width + soft))
            continue;
        const V d = line(b, P_STROKES + 4 * i, 4, 0.2f * width, width, 0.2f * width);
        shade(b, 1.0f - 0.5f * ink.y * cover(d, soft));
    }
}

static void paint_nose(struct brush *b, float zoom, float3 skin)
{
    if (!touches(b, P_NOSE + 4, 5, 0.1f * zoom))
        return;
    for (int side = 0; side < 2; side++) {
        const float2 wing = point_at(b, side ? P_NOSE + 8 : P_NOSE + 4),
                     inner = point_at(b, side ? P_NOSE + 7 : P_NOSE + 5);
        const V wings =
            ellipse(b->x, b->y, mix(wing, inner, 0.1f) + (float2)(0.0f, -0.045f * zoom), 0.03f * zoom, 0.06f * zoom);
        shade(b, 1.0f - 0.3f * cover(fabs(wings) - 0.006f * zoom, fmax(0.03f * zoom, b->pixel)));
        const V hole =
            ellipse(b->x, b->y, mix(wing, inner, 0.75f) + (float2)(0.0f, -0.02f * zoom), 0.045f * zoom, 0.022f * zoom);
        blend(b, 0.75f * cover(hole, fmax(0.02f * zoom, b->pixel)), 0.3f * skin);
    }
    shade(b, 1.0f - 0.25f * cover(line(b, P_NOSE + 4, 5, 0.0f, 0.012f * zoom, 0.0f), fmax(0.03f * zoom, b->pixel)));
}

static void paint_eye(struct brush *b, const struct frame *f, __global const float *face, int first, int iris)
{
    const float z = f->zoom;
    if (!touches(b, first, 12, 0.14f * z))
        return;
    const float3 skin = skin_colour(face);
    /* The crease above, then the ball behind the lids. */
    const float2 corner = point_at(b, first), top = point_at(b, first + 3), other = point_at(b, first + 6);
    const float2 lid = (float2)(0.5f * (corner.x + other.x), top.y);
    const V crease = ellipse(b->x, b->y, lid + (float2)(0.0f, 0.05f * z), 0.17f * z, 0.1f * z);
    if (b->y < top.y)
        shade(b, 1.0f - 0.22f * cover(fabs(crease) - 0.008f * z, fmax(0.025f * z, b->pixel)));
    const V open = cover(polygon(b, first, 12), b->pixel);
    const float2 at = point_at(b, P_IRISES + iris);
    const V depth = spot(b->x, b->y, at, 0.3f * z, 0.3f * z);
    const struct colour under = b->paint;
    blend(b, (V)1.0f, (float3)(0.93f, 0.91f, 0.90f));
    shade(b, (0.55f + 0.45f * depth) * (0.6f + 0.4f * CODE(exposure)));
    const float radius = 0.078f * z;
    const V d = ellipse(b->x, b->y, at, radius, radius);
    blend(b, cover(d, b->pixel), iris_colour(face));
    blend(b, 0.7f * cover(fabs(d) - 0.008f * z, b->pixel), 0.4f * iris_colour(face));
    blend(b, cover(ellipse(b->x, b->y, at, 0.42f * radius, 0.42f * radius), b->pixel), (float3)(0.03f));
    const float2 glint = at + (float2)(0.35f * radius * (CODE(light_x) > 0.0f ? 1.0f : -1.0f), -0.35f * radius);
    blend(b, 0.9f * cover(ellipse(b->x, b->y, glint, 0.22f * radius, 0.22f * radius), b->pixel), (float3)(1.0f));
    /* The upper lid's shadow. */
    if (b->y < lid.y + 0.04f * z)
        shade(b, (V)0.75f);
    b->paint.r = mix(under.r, b->paint.r, open);
    b->paint.g = mix(under.g, b->paint.g, open);
    b->paint.b = mix(under.b, b->paint.b, open);
    blend(b, 0.9f * cover(line(b, first, 7, 0.006f * z, 0.016f * z, 0.006f * z), fmax(0.012f * z, b->pixel)),
          0.14f * skin);
    V lower = INFINITY, along;
    for (int i = 6; i < 12; i++)
        lower = fmin(lower, segment(b, point_at(b, first + i), point_at(b, first + (i + 1) % 12), &along));
    blend(b, 0.4f * cover(sqrt(lower) - 0.005f * z, fmax(0.012f * z, b->pixel)), 0.35f * skin);
}

static void paint_brows(struct brush *b, const struct frame *f, __global const float *face)
{
    const float thick = CODE(brow_thick) * f->zoom;
    if (!touches(b, P_BROWS, N_BROWS, 2.0f * thick + b->pixel))
        return;
    /* Brows are darker than blond hair and lighter than nothing. */
    const float3 c = mix(hair_colour(face), (float3)(0.12f, 0.08f, 0.06f), 0.45f);
    const float soft = fmax(0.7f * thick, b->pixel);
    blend(b, 0.88f * cover(line(b, P_BROWS, 5, 0.3f * thick, 1.1f * thick, 0.9f * thick), soft), c);
    blend(b, 0.88f * cover(line(b, P_BROWS + 5, 5, 0.9f * thick, 1.1f * thick, 0.3f * thick), soft), c);
}

static void paint_mouth(struct brush *b, const struct frame *f, __global const float *face)
{
    const float z = f->zoom;
    if (!touches(b, P_LIPS, N_LIPS, 0.06f * z))
        return;
    const float3 skin = skin_colour(face);
    const float3 lip = skin * (float3)(0.86f, 0.58f, 0.58f);
    const V lips = polygon(b, P_LIPS, N_LIPS);
    shade(b, 1.0f - 0.18f * cover(lips - 0.01f * z, 0.05f * z) * (0.6f + 0.4f * CODE(ambient)));
    const V inner = polygon(b, P_MOUTH, N_MOUTH);
    const float2 left = point_at(b, P_MOUTH), right = point_at(b, P_MOUTH + 8);
    const float2 top = point_at(b, P_MOUTH + 4), bottom = point_at(b, P_MOUTH + 12), edge = point_at(b, P_LIPS + 18);
    const V on = cover(lips, b->pixel + 0.012f * z);
    blend(b, on, lip);
    shade(b, 1.0f + on * (0.22f * spot(b->x, b->y, mix(bottom, edge, 0.5f), 0.16f * z, 0.05f * z) -
                          (b->y < top.y ? 0.12f : 0.0f)));
    const struct colour under = b->paint;
    /* A dark cavity, teeth along the upper lip (and the lower one when bared), a tongue when wide open. */
    blend(b, (V)1.0f, (float3)(0.16f, 0.05f, 0.05f));
    const float gap = bottom.y - top.y, upper = fmin(0.11f * z, 0.62f * gap);
    const float bared = clamp(1.5f * CODE(bare_teeth) + 0.5f * CODE(lip_stretch), 0.0f, 1.0f);
    const float3 teeth = (float3)(0.95f, 0.93f, 0.88f) * (0.5f + 0.5f * CODE(exposure));
    const float middle = 0.5f * (left.x + right.x), half_width = 0.5f * fabs(right.x - left.x) + 1e-4f;
    const V u = (b->x - middle) / half_width;
    const V row = b->y - top.y - u * u * (0.5f * (left.y + right.y) - top.y) * 0.8f;
    blend(b, 0.95f * cover(row - upper, fmax(0.02f * z, b->pixel)), teeth);
    const V low = bottom.y - b->y - u * u * (bottom.y - 0.5f * (left.y + right.y)) * 0.8f;
    blend(b, bared * cover(low - 0.45f * upper, fmax(0.02f * z, b->pixel)), 0.93f * teeth);
    if (bared > 0.3f)
        shade(b, 1.0f - 0.5f * bared * cover(fabs(row - upper) - 0.004f * z, b->pixel));
    blend(b,
          0.8f * clamp(gap / (0.3f * z) - 0.3f, 0.0f, 1.0f) *
              cover(ellipse(b->x, b->y, bottom + (float2)(0.0f, 0.02f * z), 0.15f * z, 0.09f * z), 0.03f * z),
          (float3)(0.68f, 0.30f, 0.30f));
    const V open = cover(inner, b->pixel);
    b->paint.r = mix(under.r, b->paint.r, open);
    b->paint.g = mix(under.g, b->paint.g, open);
    b->paint.b = mix(under.b, b->paint.b, open);
    /* Where the lips meet. */
    blend(b, 0.65f * cover(fabs(inner) - 0.006f * z, fmax(0.012f * z, b->pixel)), 0.3f * lip);
}

static void paint_hair(struct brush *b, const struct frame *f, __global const float *face, V inside)
{
    const float style = CODE(hair_style), soft = b->pixel / f->zoom;
    const float w = CODE(head_width);
    const V x = f->x - 0.3f * f->turn;
    V front = -0.66f - CODE(hairline) + 0.55f * (x / w) * (x / w) * (x / w) * (x / w);
    if (style == 2.0f)
        front += 0.16f * (x + 0.25f) - 0.12f * spot(x, 0.0f, (float2)(-0.3f, 0.0f), 0.25f, 1.0f);
    if (style == 3.0f)
        front += 0.35f * x * x / w;
    if (style == 5.0f)
        front += 0.14f - 0.02f * sin(26.0f * x);
    const V d = fmax(hair_edge(f, face), f->y - front);
    /* Strands and a sheen. */
    const V sheen = 1.0f + 0.05f * sin(47.0f * x + 9.0f * f->y) + 0.04f * sin(83.0f * x - 6.0f * f->y) +
                    0.3f * spot(b->x, b->y, point_at(b, P_FACE + 24) + (float2)(0.2f * CODE(light_x), 0.05f),
                                0.4f * f->zoom, 0.2f * f->zoom);
    const float3 c = hair_colour(face);
    if (style == 0.0f) {
        blend(b, 0.22f * inside * cover(d, 0.1f), c);
        return;
    }
    const V on = cover(d, 2.0f * soft);
    b->paint.r = mix(b->paint.r, c.x * sheen, on);
    b->paint.g = mix(b->paint.g, c.y * sheen, on);
    b->paint.b = mix(b->paint.b, c.z * sheen, on);
}

static void paint_glasses(struct brush *b, const struct frame *f, __global const float *face)
{
    const float kind = CODE(glasses), z = f->zoom;
    if (kind == 0.0f || !touches(b, P_EYE_LEFT, 24, 0.35f * z))
        return;
    const float2 left = 0.5f * (point_at(b, P_EYE_LEFT) + point_at(b, P_EYE_LEFT + 6)) + (float2)(0.0f, 0.04f * z);
    const float2 right = 0.5f * (point_at(b, P_EYE_RIGHT) + point_at(b, P_EYE_RIGHT + 6)) + (float2)(0.0f, 0.04f * z);
    const float rx = 0.245f * z, ry = kind == 1.0f ? 0.22f * z : 0.17f * z;
    V rim = INFINITY;
    for (int side = 0; side < 2; side++) {
        const float2 at = side ? right : left;
        const V dx = fabs(b->x - at.x) / rx;
        const float dy = fabs(b->y - at.y) / ry;
        const V r = kind == 1.0f ? sqrt(dx * dx + dy * dy) : sqrt(sqrt(dx * dx * dx * dx + dy * dy * dy * dy));
        const V d = (r - 1.0f) * ry;
        blend(b, 0.06f * cover(d, b->pixel), (float3)(1.0f));
        rim = fmin(rim, fabs(d));
    }
    V along;
    const float2 a = left + (float2)(0.9f * rx, -0.3f * ry), c = right + (float2)(-0.9f * rx, -0.3f * ry);
    rim = fmin(rim, sqrt(segment(b, a, c, &along)));
    blend(b, 0.9f * cover(rim - 0.012f * z, fmax(b->pixel, 0.01f * z)),
          0.25f * hue_colour(CODE(hue) + 0.6f) * CODE(background));
}

/* Four uniform numbers make one bell of variance 1/3. */
static float sensor_noise(uint seed, uint pixel)
{
    const float4 u = fer_uniform4(fer_philox((uint4)(pixel, seed, 0u, 0u), (uint2)(0x464143u, 0x45u)));
    return (u.x + u.y + u.z + u.w - 2.0f) * 1.7320508f;
}

__kernel void synthface_paint(FER_IN(code), FER_IN(geometry), FER_OUT(image))
{
    const int size = image_dim.w, row = get_global_id(1), n = get_global_id(2), first = (int)get_global_id(0) * LANES;
    if (first >= size || row >= size || n >= image_dim.x)
        return;
    __global const float *face = code_data + code_offset + (size_t)n * code_dim.y;
    const float scale = 2.0f / (float)size;
    union {
        V v;
        float lane[LANES];
    } pack;
    for (int i = 0; i < LANES; i++)
        pack.lane[i] = ((float)(first + i) + 0.5f) * scale - 1.0f;
    struct brush b;
    b.x = pack.v;
    b.y = ((float)row + 0.5f) * scale - 1.0f;
    b.left = ((float)first + 0.5f) * scale - 1.0f;
    b.right = b.left + (float)(LANES - 1) * scale;
    b.pixel = scale * (1.0f + CODE(blur));
    b.points = geometry_data + geometry_offset + (size_t)n * geometry_dim.y;

    struct frame f;
    head_frame(&b, face, &f);
    paint_background(&b, face);
    paint_hair_behind(&b, &f, face);
    paint_body(&b, &f, face);
    paint_ears(&b, &f, face);
    const V inside = cover(polygon(&b, P_FACE, N_FACE), b.pixel);
    paint_skin(&b, &f, face, inside);
    paint_beard(&b, &f, face, inside);
    paint_strokes(&b, f.zoom);
    paint_nose(&b, f.zoom, skin_colour(face));
    paint_eye(&b, &f, face, P_EYE_LEFT, 0);
    paint_eye(&b, &f, face, P_EYE_RIGHT, 1);
    paint_mouth(&b, &f, face);
    paint_hair(&b, &f, face, inside);
    paint_brows(&b, &f, face);
    paint_glasses(&b, &f, face);
    shade(&b, (V)CODE(exposure));

    union {
        V v;
        float lane[LANES];
    } red, green, blue;
    red.v = b.paint.r, green.v = b.paint.g, blue.v = b.paint.b;
    for (int i = 0; i < LANES && first + i < size; i++) {
        const int p = row * size + first + i;
        const float noise = CODE(noise) * sensor_noise((uint)CODE(noise_seed), (uint)p);
        if (image_dim.y == 1) { /* ITU-R 601 */
            const float luma = 0.299f * red.lane[i] + 0.587f * green.lane[i] + 0.114f * blue.lane[i];
            STORE(image, n, 0, p, clamp(luma + noise, 0.0f, 1.0f));
        } else {
            STORE(image, n, 0, p, clamp(red.lane[i] + noise, 0.0f, 1.0f));
            STORE(image, n, 1, p, clamp(green.lane[i] + noise, 0.0f, 1.0f));
            STORE(image, n, 2, p, clamp(blue.lane[i] + noise, 0.0f, 1.0f));
        }
    }
}
