/* SPDX-License-Identifier: Apache-2.0
 *
 * The detector haar on a cascade written here, in both formats and under both profiles, against plain loops: sums pixel
 * by pixel in place of integral images, windows one after the other, grouping by flooding.  Files that are wrong are
 * refused. The plugin is opened from FER_PLUGIN_PATH; without it (--disable-plugin-haar) there is nothing to test.
 */
#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fer/detect.h>

#include "graph/registry.h"

/* ---- the cascade: a window of 8 x 8, a stage of one stump, a stage of a tree with a tilted feature and a stump ----
 */

#define NEW_HEAD                                                                                                       \
    "<?xml version=\"1.0\"?>\n<!-- of the test -->\n<opencv_storage>\n<cascade type_id=\"opencv-cascade-classifier\">" \
    "<stageType>BOOST</stageType><featureType>HAAR</featureType><height>8</height><width>8</width>"                    \
    "<stageNum>2</stageNum><stages>"
#define NEW_STAGES                                                                                                     \
    "<_><maxWeakCount>1</maxWeakCount><stageThreshold>5.e-1</stageThreshold><weakClassifiers>"                         \
    "<_><internalNodes>\n 0 -1 0 0.</internalNodes><leafValues>3e-001 0.9</leafValues></_></weakClassifiers></_>"      \
    "<_><stageThreshold>0.45</stageThreshold><weakClassifiers>"                                                        \
    "<_><internalNodes>0 1 1 0.01 -1 -2 2 -0.02</internalNodes><leafValues>-0.2 0.4 1.1</leafValues></_>"              \
    "<_><internalNodes>0 -1 0 0.1</internalNodes><leafValues>-0.1 0.3</leafValues></_></weakClassifiers></_>"
#define NEW_FEATURES                                                                                                   \
    "</stages><features><_><rects><_>0 0 8 8 -1.</_><_>0 4 8 4 2.</_></rects><tilted>0</tilted></_>"                   \
    "<_><rects><_>4 0 4 4 -1.</_><_>4 0 2 4 2.</_></rects><tilted>1</tilted></_>"                                      \
    "<_><rects><_>0 0 8 8 -1.</_><_>2 0 2 8 2.</_><_>6 0 2 8 "                                                         \
    "2.</_></rects></_></features></cascade></opencv_storage>\n"
static const char new_format[] = NEW_HEAD NEW_STAGES NEW_FEATURES;

#define OLD_HEAD                                                                                                       \
    "<opencv_storage><tiny type_id='opencv-haar-classifier'><size>8 8</size><stages>"                                  \
    "<_><trees><_><_><feature><rects><_>0 0 8 8 -1.</_><_>0 4 8 4 2.</_></rects><tilted>0</tilted></feature>"          \
    "<threshold>0.</threshold><left_val>0.3</left_val><right_val>0.9</right_val></_></_></trees>"                      \
    "<stage_threshold>0.5</stage_threshold><parent>-1</parent><next>-1</next></_>"
#define OLD_SECOND                                                                                                     \
    "<_><trees><_><_><feature><rects><_>4 0 4 4 -1.</_><_>4 0 2 4 2.</_></rects><tilted>1</tilted></feature>"          \
    "<threshold>0.01</threshold><left_val>-0.2</left_val><right_node>1</right_node></_>"                               \
    "<_><feature><rects><_>0 0 8 8 -1.</_><_>2 0 2 8 2.</_><_>6 0 2 8 2.</_></rects><tilted>0</tilted></feature>"      \
    "<threshold>-0.02</threshold><left_val>0.4</left_val><right_val>1.1</right_val></_></_>"                           \
    "<_><_><feature><rects><_>0 0 8 8 -1.</_><_>0 4 8 4 2.</_></rects><tilted>0</tilted></feature>"                    \
    "<threshold>0.1</threshold><left_val>-0.1</left_val><right_val>0.3</right_val></_></_></trees>"
static const char old_format[] = OLD_HEAD OLD_SECOND
    "<stage_threshold>0.45</stage_threshold><parent>0</parent><next>-1</next></_></stages></tiny></opencv_storage>";
/* Stages as a tree: after the first comes one that nothing passes, and beside it the second. */
static const char tree_format[] = OLD_HEAD OLD_SECOND
    "<stage_threshold>99</stage_threshold><parent>0</parent><next>2</next></_>" OLD_SECOND
    "<stage_threshold>0.45</stage_threshold><parent>0</parent><next>-1</next></_></stages></tiny></opencv_storage>";

/* ---- the same in plain C ---- */

struct rectangle {
    int x, y, w, h;
};

/* Whether a pixel lies above the corner (x, y) between its two diagonals. */
static bool in_triangle(int px, int py, int x, int y)
{
    return py < y && abs(px - x + 1) <= y - py - 1;
}

static double tilted_sum(const struct fer_image *im, int wx, int wy, int x, int y, int w, int h)
{
    double sum = 0;
    for (int py = 0; py < im->height; py++)
        for (int px = 0; px < im->width; px++)
            sum += im->pixels[py * im->width + px] *
                   (in_triangle(px, py, wx + x, wy + y) - in_triangle(px, py, wx + x - h, wy + y + h) -
                    in_triangle(px, py, wx + x + w, wy + y + w) + in_triangle(px, py, wx + x + w - h, wy + y + w + h));
    return sum;
}

static double sum_of(const struct fer_image *im, int x, int y, int w, int h, int power)
{
    double sum = 0;
    for (int j = y; j < y + h; j++)
        for (int i = x; i < x + w; i++)
            sum += pow(im->pixels[j * im->width + i], power);
    return sum;
}

/* -1: too flat; else how many stages it passes. */
static int stages_passed(const struct fer_image *im, int x, int y)
{
    const double mean = sum_of(im, x + 1, y + 1, 6, 6, 1) / 36, square = sum_of(im, x + 1, y + 1, 6, 6, 2) / 36;
    const double deviation = sqrt(square - mean * mean), scale = 1 / (36 * deviation);
    if (!(deviation > 10))
        return -1;
    const double all = sum_of(im, x, y, 8, 8, 1);
    const double f0 = (2 * sum_of(im, x, y + 4, 8, 4, 1) - all) * scale;
    const double f1 = (2 * tilted_sum(im, x, y, 4, 0, 2, 4) - tilted_sum(im, x, y, 4, 0, 4, 4)) * scale;
    const double f2 = (2 * sum_of(im, x + 2, y, 2, 8, 1) + 2 * sum_of(im, x + 6, y, 2, 8, 1) - all) * scale;
    if ((f0 < 0 ? 0.3 : 0.9) < 0.5)
        return 0;
    return (f1 < 0.01 ? -0.2 : f2 < -0.02 ? 0.4 : 1.1) + (f0 < 0.1 ? -0.1 : 0.3) < 0.45 ? 1 : 2;
}

/* Bilinear with weights in 1/256, rounded half to even. */
static void neighbours(int i, int from, int to, int *first, int *second, int *weight)
{
    const double at = (i + 0.5) * from / to - 0.5;
    *weight = (int)rint((at - floor(at)) * 256);
    *first = (int)fmin(fmax(floor(at), 0), from - 1);
    *second = (int)fmin(fmax(floor(at) + 1, 0), from - 1);
}

static void scale(const struct fer_image *in, struct fer_image *out)
{
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            int x0, x1, y0, y1, h, v;
            neighbours(x, in->width, out->width, &x0, &x1, &h);
            neighbours(y, in->height, out->height, &y0, &y1, &v);
            const uint8_t *a = in->pixels + y0 * in->width, *b = in->pixels + y1 * in->width;
            const double sum =
                (a[x0] * (256 - h) + a[x1] * h) * (256.0 - v) + (b[x0] * (256 - h) + b[x1] * h) * (double)v;
            out->pixels[y * out->width + x] = (uint8_t)floor(sum / 65536 + 0.5);
        }
}

#define MOST 8192

static int windows_of(const struct fer_image *image, double factor_step, int min_size, int max_size,
                      struct rectangle *out)
{
    int count = 0;
    for (double factor = 1; rint(8 * factor) <= image->width && rint(8 * factor) <= image->height;
         factor *= factor_step) {
        const int side = (int)rint(8 * factor), step = factor >= 2 ? 1 : 2;
        struct fer_image level = { (int)rint(image->width / factor), (int)rint(image->height / factor), 1, NULL };
        if (side < min_size || (max_size && side > max_size))
            continue;
        level.pixels = calloc((size_t)level.width, (size_t)level.height);
        scale(image, &level);
        for (int y = 0; y <= level.height - 8; y += step)
            for (int x = 0; x <= level.width - 8; x += step) {
                const int passed = stages_passed(&level, x, y);
                if (passed == 2 && count < MOST)
                    out[count++] = (struct rectangle){ (int)rint(x * (double)(float)factor),
                                                       (int)rint(y * (double)(float)factor), side, side };
                x += passed == 0 ? step : 0;
            }
        free(level.pixels);
    }
    return count;
}

static bool alike(const struct rectangle *a, const struct rectangle *b)
{
    const double delta = 0.2 * (fmin(a->w, b->w) + fmin(a->h, b->h)) / 2;
    return fabs((double)a->x - b->x) <= delta && fabs((double)a->y - b->y) <= delta &&
           fabs((double)a->x + a->w - b->x - b->w) <= delta && fabs((double)a->y + a->h - b->y - b->h) <= delta;
}

/* Flood from each rectangle that has no colour yet; means of the colours; weak and swallowed ones dropped. */
static int group(struct rectangle *r, int count, int min_neighbors)
{
    int *colour = calloc((size_t)count + 1, sizeof(int)), *size = calloc((size_t)count + 1, sizeof(int)), colours = 0;
    struct rectangle *mean = calloc((size_t)count + 1, sizeof(*mean));
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (colour[i])
            continue;
        colour[i] = ++colours;
        for (bool more = true; more;) {
            more = false;
            for (int a = 0; a < count; a++)
                for (int b = 0; b < count && colour[a] == colours; b++)
                    if (!colour[b] && alike(&r[a], &r[b])) {
                        colour[b] = colours;
                        more = true;
                    }
        }
    }
    for (int c = 0; c < colours; c++) {
        double x = 0, y = 0, w = 0, h = 0;
        for (int i = 0; i < count; i++)
            if (colour[i] == c + 1) {
                x += r[i].x, y += r[i].y, w += r[i].w, h += r[i].h;
                size[c]++;
            }
        mean[c] = (struct rectangle){ (int)rint(x / size[c]), (int)rint(y / size[c]), (int)rint(w / size[c]),
                                      (int)rint(h / size[c]) };
    }
    for (int a = 0; a < colours; a++) {
        bool drop = size[a] <= min_neighbors;
        for (int b = 0; b < colours; b++) {
            const struct rectangle *p = &mean[a], *q = &mean[b];
            const double dx = rint(q->w * 0.2), dy = rint(q->h * 0.2);
            drop = drop || (a != b && size[b] > min_neighbors && p->x >= q->x - dx && p->y >= q->y - dy &&
                            p->x + p->w <= q->x + q->w + dx && p->y + p->h <= q->y + q->h + dy &&
                            (size[b] > fmax(3, size[a]) || size[a] < 3));
        }
        if (!drop)
            r[kept++] = mean[a];
    }
    free(colour);
    free(size);
    free(mean);
    return kept;
}

/* ---- pictures and finders ---- */

static char path[64];
static struct fer_error err;
static bool absent;

static struct fer_context *open_context(const char *profile)
{
    struct fer_context *context;
    setenv("FER_PROFILE", profile, 1);
    ck_assert_msg(fer_context_create(NULL, &context, &err) == FER_OK, "%s", err.text);
    return context;
}

static void setup(void)
{
    struct fer_registry *registry;
    const void *entry;
    strcpy(path, "/tmp/fer-haar-XXXXXX");
    ck_assert_int_ge(mkstemp(path), 0);
    ck_assert_int_eq(fer_registry_create(NULL, &registry, &err), FER_OK);
    absent = fer_registry_find(registry, FER_KIND_DETECTOR, "haar", NULL, &entry, NULL, &err) != FER_OK;
    fer_registry_free(registry);
}

static void teardown(void)
{
    unlink(path);
}

static void write_cascade(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* Blocks of 5 pixels of random brightness with some noise; a flat corner. */
static struct fer_image make_picture(int width, int height, uint32_t seed)
{
    struct fer_image image;
    ck_assert_int_eq(fer_image_create(&image, width, height, 1, &err), FER_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint32_t block = (uint32_t)(y / 5 * 131 + x / 5) * 2654435761u + seed,
                           fine = block + (uint32_t)(x * 7 + y * 13);
            const uint32_t value = (block >> 24) * 3 / 4 + (fine * 2246822519u >> 26);
            image.pixels[y * width + x] = x < width / 4 && y < height / 4 ? 90 : (uint8_t)value;
        }
    return image;
}

static int by_place(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct rectangle));
}

static float area_of(const struct fer_box *box)
{
    return (box->x1 - box->x0) * (box->y1 - box->y0);
}

/* What `arguments` find in the picture, sorted. */
static int found(struct fer_context *context, const char *const *arguments, const struct fer_image *image,
                 struct rectangle *out)
{
    char cascade[80];
    const char *all[8] = { cascade };
    struct fer_finder *finder;
    struct fer_box *boxes;
    int count;
    snprintf(cascade, sizeof(cascade), "cascade=%s", path);
    for (int i = 0; arguments[i]; i++)
        all[i + 1] = arguments[i];
    ck_assert_msg(fer_finder_open(context, "haar", all, &finder, &err) == FER_OK, "%s", err.text);
    ck_assert_msg(fer_finder_run(finder, image, &boxes, &count, &err) == FER_OK, "%s", err.text);
    ck_assert_int_le(count, MOST);
    for (int i = 0; i < count; i++) {
        const struct fer_box *b = &boxes[i];
        out[i] = (struct rectangle){ (int)b->x0, (int)b->y0, (int)(b->x1 - b->x0), (int)(b->y1 - b->y0) };
        if (i > 0) /* the largest comes first */
            ck_assert_float_ge(area_of(&boxes[i - 1]), area_of(b));
    }
    qsort(out, (size_t)count, sizeof(*out), by_place);
    free(boxes);
    fer_finder_close(finder);
    return count;
}

static int clip(struct rectangle *r, int count, const struct fer_image *image)
{
    for (int i = 0; i < count; i++) {
        r[i].w = (r[i].x + r[i].w < image->width ? r[i].x + r[i].w : image->width) - r[i].x;
        r[i].h = (r[i].y + r[i].h < image->height ? r[i].y + r[i].h : image->height) - r[i].y;
    }
    qsort(r, (size_t)count, sizeof(*r), by_place);
    return count;
}

static void check_same(const struct rectangle *ours, int nours, const struct rectangle *theirs, int ntheirs)
{
    ck_assert_int_eq(nours, ntheirs);
    for (int i = 0; i < nours; i++)
        ck_assert_msg(by_place(&ours[i], &theirs[i]) == 0, "%d,%d %dx%d and not %d,%d %dx%d", ours[i].x, ours[i].y,
                      ours[i].w, ours[i].h, theirs[i].x, theirs[i].y, theirs[i].w, theirs[i].h);
}

/* ---- tests ---- */

static const char *const profiles[] = { "cpu", "gpu" };
static const struct {
    const char *text;
    size_t size;
} formats[] = { { new_format, sizeof(new_format) - 1 },
                { old_format, sizeof(old_format) - 1 },
                { tree_format, sizeof(tree_format) - 1 } };

START_TEST(windows_are_those_of_plain_loops)
{
    const char *const all[] = { "min_neighbors=0", NULL };
    struct fer_image picture = make_picture(67, 45, 7);
    struct rectangle *ours = calloc(MOST, sizeof(*ours)), *theirs = calloc(MOST, sizeof(*theirs));
    const int count = clip(theirs, windows_of(&picture, 1.1, 0, 0, theirs), &picture);
    if (!absent) {
        struct fer_context *context = open_context(profiles[_i % 2]);
        ck_assert_int_gt(count, 50);
        write_cascade(formats[_i / 2].text, formats[_i / 2].size);
        check_same(ours, found(context, all, &picture, ours), theirs, count);
        fer_context_free(context);
    }
    free(ours);
    free(theirs);
    fer_image_free(&picture);
}
END_TEST

START_TEST(sizes_and_groups)
{
    const char *const some[] = { "scale_factor=1.3", "min_size=11", "max_size=24", "min_neighbors=0", NULL };
    const char *const grouped[] = { "min_neighbors=2", NULL };
    struct fer_image picture = make_picture(93, 71, 99);
    struct rectangle *ours = calloc(MOST, sizeof(*ours)), *theirs = calloc(MOST, sizeof(*theirs));
    if (!absent) {
        struct fer_context *context = open_context("cpu");
        write_cascade(new_format, sizeof(new_format) - 1);
        int count = clip(theirs, windows_of(&picture, 1.3, 11, 24, theirs), &picture);
        ck_assert_int_gt(count, 10);
        check_same(ours, found(context, some, &picture, ours), theirs, count);
        count = group(theirs, windows_of(&picture, 1.1, 0, 0, theirs), 2);
        ck_assert_int_gt(clip(theirs, count, &picture), 0);
        check_same(ours, found(context, grouped, &picture, ours), theirs, count);
        fer_context_free(context);
    }
    free(ours);
    free(theirs);
    fer_image_free(&picture);
}
END_TEST

/* One finder for pictures of several canvases, one after the other and again; one that is smaller than the window. */
START_TEST(canvases_come_and_go)
{
    static const int sizes[][2] = { { 40, 30 },  { 300, 20 }, { 20, 300 }, { 270, 280 },
                                    { 600, 12 }, { 12, 600 }, { 40, 30 } };
    char cascade[80];
    const char *const arguments[] = { cascade, "min_neighbors=0", "max_size=8", NULL };
    struct fer_finder *finder;
    struct fer_box *boxes;
    struct rectangle *theirs = calloc(MOST, sizeof(*theirs));
    int count;
    snprintf(cascade, sizeof(cascade), "cascade=%s", path);
    if (!absent) {
        struct fer_context *context = open_context("cpu");
        write_cascade(old_format, sizeof(old_format) - 1);
        ck_assert_msg(fer_finder_open(context, "haar", arguments, &finder, &err) == FER_OK, "%s", err.text);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct fer_image picture = make_picture(sizes[i][0], sizes[i][1], (uint32_t)i * 17 + 3);
            ck_assert_msg(fer_finder_run(finder, &picture, &boxes, &count, &err) == FER_OK, "%s", err.text);
            ck_assert_int_eq(count, windows_of(&picture, 1.1, 0, 8, theirs));
            free(boxes);
            fer_image_free(&picture);
        }
        struct fer_image tiny = make_picture(7, 7, 1);
        ck_assert_int_eq(fer_finder_run(finder, &tiny, &boxes, &count, &err), FER_OK);
        ck_assert_int_eq(count, 0);
        free(boxes);
        fer_image_free(&tiny);
        fer_finder_close(finder);
        fer_context_free(context);
    }
    free(theirs);
}
END_TEST

/* A piece of a cascade replaced, and what is said about it. */
static const struct {
    const char *text, *old, *new, *says;
} wrong[] = {
    { new_format, "HAAR", "LBP", "only cascades with <featureType>HAAR</featureType>" },
    { new_format, "<width>8", "<width>100000", "<width> should be a whole number from 4 to 512" },
    { new_format, "0 1 1 0.01", "0 0 7 0.01", "there is no feature 7; there are 3" },
    { new_format, "-1 -2 2 -0.02", "-1 1 2 -0.02", "leads to -1 and 1" }, /* a circle */
    { new_format, "-1 -2 2 -0.02", "-1 -3 2 -0.02", "leads to -1 and -3" },
    { new_format, "-1 -2 2 -0.02", "-1 -2 2", "four numbers a node" },
    { new_format, "0 4 8 4 2.", "0 4 8 5 2.", "a rectangle lies outside of the window of 8 x 8" },
    { new_format, "4 0 2 4 2.", "3 0 2 4 2.", "a rectangle lies outside" }, /* tilted */
    { new_format, "4 0 2 4 2.", "4 0 2 4 1e999", "four whole numbers and a weight" },
    { new_format, "<stageThreshold>0.45<", "<stageThreshold>nan<", "<stageThreshold> should be a number" },
    { new_format, "<!--", "<!DOCTYPE x [", "document types" },
    { new_format, "0.9</leafValues>", "0.9</leafvalues>", "an element ends that did not begin" },
    { new_format, "</opencv_storage>", "", "is it complete?" },
    { new_format, "0.9", "&nine;", "'&'" },
    { new_format, "opencv_storage>", "other_storage>", "an element ends" },
    { old_format, "<right_node>1", "<right_node>0", "<right_node> should be a whole number from 1 to 1" },
    { old_format, "<size>8 8", "<size>8", "<size> should be" },
    { old_format, "<parent>0", "<parent>1", "<parent> should be a whole number from -1 to 0" },
    { tree_format, "<next>2", "<next>3", "none of its siblings" },
    { old_format, "opencv-haar-classifier", "opencv-cat-classifier", "type_id should be" },
};

START_TEST(wrong_files_are_refused)
{
    char cascade[80], *text = calloc(1, 2 * sizeof(tree_format) + sizeof(new_format));
    const char *const arguments[] = { cascade, NULL };
    const char *at = strstr(wrong[_i].text, wrong[_i].old);
    struct fer_finder *finder;
    ck_assert_ptr_nonnull(at);
    memcpy(text, wrong[_i].text, (size_t)(at - wrong[_i].text));
    strcat(text, wrong[_i].new);
    strcat(text, at + strlen(wrong[_i].old));
    snprintf(cascade, sizeof(cascade), "cascade=%s", path);
    if (!absent) {
        struct fer_context *context = open_context("cpu");
        write_cascade(text, strlen(text));
        ck_assert_int_ne(fer_finder_open(context, "haar", arguments, &finder, &err), FER_OK);
        ck_assert_msg(strstr(err.text, wrong[_i].says) && strstr(err.text, path), "'%s' says '%s'", wrong[_i].new,
                      err.text);
        fer_context_free(context);
    }
    free(text);
}
END_TEST

/* Whatever is cut off, nothing is read past the end. */
START_TEST(cut_files_are_refused)
{
    char cascade[80];
    const char *const arguments[] = { cascade, NULL };
    struct fer_finder *finder;
    snprintf(cascade, sizeof(cascade), "cascade=%s", path);
    if (absent)
        return;
    struct fer_context *context = open_context("cpu");
    for (size_t size = 0; size < sizeof(old_format) - 2; size += 37) {
        write_cascade(old_format, size);
        ck_assert_int_ne(fer_finder_open(context, "haar", arguments, &finder, &err), FER_OK);
    }
    fer_context_free(context);
}
END_TEST

START_TEST(arguments_are_checked)
{
    static const struct {
        const char *detector, *argument, *says;
    } bad[] = {
        { "haar", "cascade=/nowhere/face.xml", "opencv-data" },
        { "haar", "scale_factor=1", "outside [1.01, 10]" },
        { "haar", "min_neighbor=3", "did you mean 'min_neighbors'?" },
        { "haar", "min_neighbors", "should be name=value" },
        { "haar", "min_neighbors=three", "expects a whole number" },
        { "harr", NULL, "did you mean 'haar'?" },
        { "conv2d", NULL, "is an operation, not a detector" },
    };
    if (absent)
        return;
    struct fer_context *context = open_context("cpu");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *const arguments[] = { bad[i].argument, NULL };
        struct fer_finder *finder;
        ck_assert_int_ne(fer_finder_open(context, bad[i].detector, arguments, &finder, &err), FER_OK);
        ck_assert_msg(strstr(err.text, bad[i].says), "%s", err.text);
    }
    fer_context_free(context);
}
END_TEST

/* Those of Debian's opencv-data, where it is installed, can all be read. */
START_TEST(installed_cascades_are_read)
{
    struct fer_context *context = open_context("cpu");
    glob_t files = { 0 };
    if (!absent && glob("/usr/share/opencv4/haarcascades/*.xml", 0, NULL, &files) == 0)
        for (size_t i = 0; i < files.gl_pathc; i++) {
            char cascade[512];
            const char *const arguments[] = { cascade, NULL };
            struct fer_finder *finder;
            snprintf(cascade, sizeof(cascade), "cascade=%s", files.gl_pathv[i]);
            ck_assert_msg(fer_finder_open(context, "haar", arguments, &finder, &err) == FER_OK, "%s", err.text);
            fer_finder_close(finder);
        }
    globfree(&files);
    fer_context_free(context);
}
END_TEST

START_TEST(crops_have_margins)
{
    struct fer_image picture = make_picture(40, 30, 5), out;
    const struct fer_box box = { .x0 = 10, .y0 = 4, .x1 = 30, .y1 = 14 },
                         outside = { .x0 = 50, .y0 = 4, .x1 = 60, .y1 = 9 };
    ck_assert_int_eq(fer_box_crop(&out, &picture, &box, 0.5, &err), FER_OK); /* 0,-1 … 40,19 */
    ck_assert_int_eq(out.width, 40);
    ck_assert_int_eq(out.height, 19);
    fer_image_free(&out);
    ck_assert_int_eq(fer_box_crop(&out, &picture, &box, 0, &err), FER_OK);
    ck_assert_int_eq(out.width, 20);
    ck_assert_int_eq(out.height, 10);
    for (int y = 0; y < 10; y++)
        ck_assert_mem_eq(out.pixels + 20 * y, picture.pixels + 40 * (y + 4) + 10, 20);
    fer_image_free(&out);
    ck_assert_int_eq(fer_box_crop(&out, &picture, &outside, 0, &err), FER_EINVAL);
    fer_image_free(&picture);
}
END_TEST

/* A plugin from before there were detectors: what lies behind its table is not looked at. */
START_TEST(smaller_tables_still_load)
{
    static const struct fer_sampler sampler = { .size = sizeof(sampler), .name = "none", .help = "nothing" };
    static const struct fer_sampler *const samplers[] = { &sampler, NULL };
    struct fer_plugin plugin = { .magic = FER_PLUGIN_MAGIC,
                                 .abi = FER_PLUGIN_ABI,
                                 .size = FER_PLUGIN_LEAST,
                                 .name = "old",
                                 .version = "1",
                                 .license = "x",
                                 .samplers = samplers,
                                 .detectors = (const struct fer_detector *const *)(uintptr_t)1 };
    ck_assert_msg(fer_plugin_check(&plugin, "old", &err) == FER_OK, "%s", err.text);
    plugin.size--;
    ck_assert_int_eq(fer_plugin_check(&plugin, "old", &err), FER_EPLUGIN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("haar");
    TCase *tests = tcase_create("haar");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, windows_are_those_of_plain_loops, 0, 6);
    tcase_add_test(tests, sizes_and_groups);
    tcase_add_test(tests, canvases_come_and_go);
    tcase_add_loop_test(tests, wrong_files_are_refused, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
    tcase_add_test(tests, cut_files_are_refused);
    tcase_add_test(tests, arguments_are_checked);
    tcase_add_test(tests, installed_cascades_are_read);
    tcase_add_test(tests, crops_have_margins);
    tcase_add_test(tests, smaller_tables_still_load);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
