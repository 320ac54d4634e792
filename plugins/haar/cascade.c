/* SPDX-License-Identifier: Apache-2.0 */
#include "cascade.h"

#include <math.h>
#include <stdlib.h>

#include "xml.h"

/* ---- lists that grow at powers of two ---- */

static enum fer_status grow(void **items, int count, size_t size, struct fer_error *err)
{
    if (count >= CASCADE_TESTS_MAX)
        return fer_fail(err, FER_EFORMAT, "the cascade has more than %d parts of a kind", CASCADE_TESTS_MAX);
    if (count & (count - 1))
        return FER_OK;
    void *grown = realloc(*items, (count ? 2 * (size_t)count : 1) * size);
    if (!grown)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    *items = grown;
    return FER_OK;
}

#define ADD(list, count, value)                                                                                        \
    void *items = cascade->list;                                                                                       \
    const enum fer_status status = grow(&items, cascade->count, sizeof(*cascade->list), err);                          \
    cascade->list = items;                                                                                             \
    if (!status)                                                                                                       \
        cascade->list[cascade->count++] = value;                                                                       \
    return status;

enum fer_status cascade_add_stage(struct cascade *cascade, struct cascade_stage stage, struct fer_error *err)
{
    ADD(stages, nstages, stage)
}

enum fer_status cascade_add_test(struct cascade *cascade, struct cascade_test test, struct fer_error *err)
{
    ADD(tests, ntests, test)
}

enum fer_status cascade_add_root(struct cascade *cascade, int test, struct fer_error *err)
{
    ADD(roots, nroots, test)
}

enum fer_status cascade_add_leaf(struct cascade *cascade, double value, struct fer_error *err)
{
    const float leaf = (float)value;
    if (!isfinite(leaf))
        return fer_fail(err, FER_EFORMAT, "a leaf of %g is too large", value);
    ADD(leaves, nleaves, leaf)
}

/* ---- features ---- */

static bool within(const struct cascade *cascade, const struct cascade_rect *rect, bool tilted)
{
    const int left = tilted ? rect->x - rect->h : rect->x, right = rect->x + rect->w;
    const int bottom = tilted ? rect->y + rect->w + rect->h : rect->y + rect->h;
    return rect->x >= 0 && rect->y >= 0 && rect->w > 0 && rect->h > 0 && left >= 0 && right <= cascade->width &&
           bottom <= cascade->height;
}

static enum fer_status read_rect(const struct cascade *cascade, const struct xml_node *node, bool tilted,
                                 struct cascade_rect *rect, struct fer_error *err)
{
    int *const sides[] = { &rect->x, &rect->y, &rect->w, &rect->h };
    struct xml_piece text = node->text;
    double number = 0;
    for (int i = 0; i < 4; i++) {
        if (!xml_number(&text, &number) || number != floor(number) || fabs(number) > 4096)
            return fer_fail(err, FER_EFORMAT, "line %zu: a rectangle is four whole numbers and a weight", node->line);
        *sides[i] = (int)number;
    }
    if (!xml_number(&text, &number) || !xml_is(text, "") || !(fabs(number) < 1e6))
        return fer_fail(err, FER_EFORMAT, "line %zu: a rectangle is four whole numbers and a weight", node->line);
    rect->weight = (float)number;
    if (!within(cascade, rect, tilted))
        return fer_fail(err, FER_EFORMAT, "line %zu: a rectangle lies outside of the window of %d x %d", node->line,
                        cascade->width, cascade->height);
    return FER_OK;
}

enum fer_status cascade_read_feature(const struct cascade *cascade, const struct xml *xml, const struct xml_node *node,
                                     struct cascade_feature *feature, struct fer_error *err)
{
    const struct xml_node *rects = xml_child(xml, node, "rects");
    int tilted = 0, count = 0;
    enum fer_status status = FER_OK;
    *feature = (struct cascade_feature){ 0 };
    if (xml_child(xml, node, "tilted"))
        status = xml_int(xml, node, "tilted", 0, 1, &tilted, err);
    feature->tilted = tilted;
    for (const struct xml_node *at = xml_first(xml, rects); at && !status; at = xml_next(xml, at)) {
        if (count == CASCADE_RECTS)
            return fer_fail(err, FER_EFORMAT, "line %zu: a feature has at most %d rectangles", at->line, CASCADE_RECTS);
        status = read_rect(cascade, at, feature->tilted, &feature->rect[count++], err);
    }
    if (!status && count < 2)
        return fer_fail(err, FER_EFORMAT, "line %zu: a feature has two or three rectangles", node->line);
    return status;
}

void cascade_free(struct cascade *cascade)
{
    free(cascade->stages);
    free(cascade->tests);
    free(cascade->roots);
    free(cascade->leaves);
    *cascade = (struct cascade){ 0 };
}
