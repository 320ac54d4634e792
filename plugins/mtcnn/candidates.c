/* SPDX-License-Identifier: Apache-2.0 */
#include "mtcnn.h"

#include <math.h>
#include <stdlib.h>

enum fer_status mtcnn_add(struct candidates *list, const struct candidate *candidate, struct fer_error *err)
{
    if (list->count == list->room) {
        const int room = list->room ? 2 * list->room : 64;
        struct candidate *grown = realloc(list->items, (size_t)room * sizeof(*grown));

        if (!grown)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] = *candidate;
    return FER_OK;
}

/* Equal scores in reading order, so that the same picture gives the same list. */
static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->y0 != y->y0)
        return x->y0 < y->y0 ? -1 : 1;
    return x->x0 < y->x0 ? -1 : x->x0 > y->x0;
}

static float overlap_of(const struct candidate *a, const struct candidate *b, enum overlap overlap)
{
    const float more = overlap == OVERLAP_LEAST ? 1 : 0;
    const float width = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0) + more;
    const float height = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0) + more;
    const float common = fmaxf(width, 0) * fmaxf(height, 0);
    const float area_a = (a->x1 - a->x0 + more) * (a->y1 - a->y0 + more);
    const float area_b = (b->x1 - b->x0 + more) * (b->y1 - b->y0 + more);

    return common / (overlap == OVERLAP_LEAST ? fminf(area_a, area_b) : area_a + area_b - common);
}

void mtcnn_suppress(struct candidates *list, int first, enum overlap overlap, float most)
{
    struct candidate *items = list->items + first;
    const int count = list->count - first;
    int kept = 0;

    if (count > 1)
        qsort(items, (size_t)count, sizeof(*items), by_score);
    for (int i = 0; i < count; i++) {
        bool stays = true;

        for (int k = 0; stays && k < kept; k++)
            stays = !(overlap_of(&items[k], &items[i], overlap) > most);
        if (stays)
            items[kept++] = items[i];
    }
    list->count = first + kept;
}

void mtcnn_shift(struct candidates *list, float more)
{
    for (int i = 0; i < list->count; i++) {
        struct candidate *c = &list->items[i];
        const float width = c->x1 - c->x0 + more, height = c->y1 - c->y0 + more;

        c->x0 += c->shift[0] * width;
        c->y0 += c->shift[1] * height;
        c->x1 += c->shift[2] * width;
        c->y1 += c->shift[3] * height;
    }
}

void mtcnn_square(struct candidates *list)
{
    for (int i = 0; i < list->count; i++) {
        struct candidate *c = &list->items[i];
        const float width = c->x1 - c->x0, height = c->y1 - c->y0, side = fmaxf(width, height);

        c->x0 += width * 0.5f - side * 0.5f;
        c->y0 += height * 0.5f - side * 0.5f;
        c->x1 = c->x0 + side;
        c->y1 = c->y0 + side;
    }
}
