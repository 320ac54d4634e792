/* SPDX-License-Identifier: Apache-2.0
 *
 * Many windows around one face become one rectangle.
 */
#include <math.h>
#include <stdlib.h>

#include "haar.h"

static bool alike(const struct haar_rect *a, const struct haar_rect *b, double eps)
{
    const double delta = eps * ((a->w < b->w ? a->w : b->w) + (a->h < b->h ? a->h : b->h)) * 0.5;
    return abs(a->x - b->x) <= delta && abs(a->y - b->y) <= delta && abs(a->x + a->w - b->x - b->w) <= delta &&
           abs(a->y + a->h - b->y - b->h) <= delta;
}

static int root_of(int *parent, int i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* class[i] of every rectangle, numbered by their first members; how many. */
static int partition(const struct haar_rect *rects, int count, double eps, int *parent, int *class)
{
    int classes = 0;
    for (int i = 0; i < count; i++) {
        parent[i] = i;
        for (int k = 0; k < i; k++)
            if (alike(&rects[i], &rects[k], eps)) {
                const int a = root_of(parent, i), b = root_of(parent, k);
                parent[a > b ? a : b] = a > b ? b : a;
            }
    }
    for (int i = 0; i < count; i++) {
        const int root = root_of(parent, i); /* the smallest of its class, so its number is known by now */
        class[i] = root == i ? classes++ : class[root];
    }
    return classes;
}

/* A small rectangle within a larger one that has more members is none of its own. */
static bool swallowed(const struct haar_rect *a, int na, const struct haar_rect *b, int nb, double eps)
{
    const int dx = (int)lrint(b->w * eps), dy = (int)lrint(b->h * eps);
    return a->x >= b->x - dx && a->y >= b->y - dy && a->x + a->w <= b->x + b->w + dx &&
           a->y + a->h <= b->y + b->h + dy && (nb > (na > 3 ? na : 3) || na < 3);
}

static int keep_strong(struct haar_rect *out, int *members, const struct haar_rect *mean, const int *size, int classes,
                       int min_neighbors, double eps)
{
    int kept = 0;
    for (int i = 0; i < classes; i++) {
        bool drop = size[i] <= min_neighbors;
        for (int k = 0; k < classes && !drop; k++)
            drop = k != i && size[k] > min_neighbors && swallowed(&mean[i], size[i], &mean[k], size[k], eps);
        if (drop)
            continue;
        out[kept] = mean[i];
        members[kept++] = size[i];
    }
    return kept;
}

enum fer_status haar_group(struct haar_rect *rects, int *members, int *count, int min_neighbors, double eps,
                           struct fer_error *err)
{
    if (min_neighbors <= 0 || *count == 0) {
        for (int i = 0; i < *count; i++)
            members[i] = 1;
        return FER_OK;
    }
    const size_t room = (size_t)*count;
    int *work = calloc(3 * room, sizeof(*work));
    struct haar_rect *mean = calloc(room, sizeof(*mean));
    if (!work || !mean) {
        free(work);
        free(mean);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    int *parent = work, *class = work + room, *size = work + 2 * room;
    const int classes = partition(rects, *count, eps, parent, class);
    for (int i = 0; i < *count; i++) {
        struct haar_rect *sum = &mean[class[i]];
        *sum = (struct haar_rect){ sum->x + rects[i].x, sum->y + rects[i].y, sum->w + rects[i].w, sum->h + rects[i].h };
        size[class[i]]++;
    }
    for (int i = 0; i < classes; i++) {
        const float s = 1.0f / (float)size[i];
        mean[i] = (struct haar_rect){ (int)lrintf((float)mean[i].x * s), (int)lrintf((float)mean[i].y * s),
                                      (int)lrintf((float)mean[i].w * s), (int)lrintf((float)mean[i].h * s) };
    }
    *count = keep_strong(rects, members, mean, size, classes, min_neighbors, eps);
    free(work);
    free(mean);
    return FER_OK;
}
