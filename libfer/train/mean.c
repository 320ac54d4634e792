/* SPDX-License-Identifier: Apache-2.0 */
#include "train/group.h"

#include <stdlib.h>

struct fer_mean {
    struct fer_group *group;
    size_t most;
    float *parts; /* of this rank's part: what the others have, by rank without this one's */
    float *data;  /* NULL: not under way */
    size_t count;
    int tag;
    bool summed;
    void **out, **in;    /* by rank: parts on their way to their owners, and those that come here */
    void **told, **back; /* by rank: the result on its way to the others; results of other parts */
    bool *asked;         /* by rank: `back` has been begun, or is not needed */
};

enum fer_status fer_mean_create(struct fer_group *group, size_t most, struct fer_mean **out, struct fer_error *err)
{
    const size_t size = (size_t)fer_group_size(group);
    struct fer_mean *mean = calloc(1, sizeof(*mean));
    enum fer_status status =
        mean ? fer_group_take_tag(group, &mean->tag, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    *out = NULL;
    if (status != FER_OK) {
        free(mean);
        return status;
    }
    mean->group = group;
    mean->most = most;
    mean->parts = calloc(size * (most / size + 1), sizeof(*mean->parts));
    mean->out = calloc(4 * size, sizeof(*mean->out));
    mean->asked = calloc(size, sizeof(*mean->asked));
    if (!mean->parts || !mean->out || !mean->asked) {
        fer_mean_free(mean);
        return fer_fail(err, FER_ENOMEM, "out of memory for the gradients of %zu processes", size);
    }
    mean->in = mean->out + size;
    mean->told = mean->in + size;
    mean->back = mean->told + size;
    *out = mean;
    return FER_OK;
}

void fer_mean_free(struct fer_mean *mean)
{
    if (!mean)
        return;
    if (mean->data) { /* its messages will not be answered */
        fer_group_release(mean->group, mean);
        fer_group_give_up(mean->group);
    }
    fer_group_return_tag(mean->group);
    fer_group_dispose(mean->group, mean->parts);
    free(mean->out);
    free(mean->asked);
    free(mean);
}

/* Where the part of a rank begins. */
static size_t start_of(const struct fer_mean *mean, int rank)
{
    const size_t size = (size_t)fer_group_size(mean->group), r = (size_t)rank;

    return mean->count / size * r + mean->count % size * r / size;
}

static size_t length_of(const struct fer_mean *mean, int rank)
{
    return start_of(mean, rank + 1) - start_of(mean, rank);
}

/* What another rank has of this rank's part. */
static float *part_from(const struct fer_mean *mean, int rank)
{
    const struct fer_link *link = fer_group_link(mean->group);

    return mean->parts + (size_t)rank * (mean->most / (size_t)link->size + 1);
}

enum fer_status fer_mean_start(struct fer_mean *mean, float *data, size_t count, struct fer_error *err)
{
    const struct fer_link *link = fer_group_link(mean->group);
    enum fer_status status = FER_OK;

    if (mean->data || count > mean->most)
        return fer_fail(err, FER_EINVAL, "a mean of %zu numbers, where %s", count,
                        mean->data ? "one is under way" : "fewer were expected");
    if (link->size == 1)
        return FER_OK;
    mean->data = data;
    mean->count = count;
    mean->summed = false;
    for (int r = 0; r < link->size && status == FER_OK; r++) {
        const size_t mine = length_of(mean, link->rank), theirs = length_of(mean, r);

        mean->out[r] = mean->in[r] = mean->told[r] = mean->back[r] = NULL;
        mean->asked[r] = r == link->rank || theirs == 0;
        if (r == link->rank)
            continue;
        if (mine > 0)
            status =
                link->receive(link->state, r, mean->tag, part_from(mean, r), mine * sizeof(float), &mean->in[r], err);
        if (status == FER_OK && theirs > 0)
            status = link->send(link->state, r, mean->tag, data + start_of(mean, r), theirs * sizeof(float),
                                &mean->out[r], err);
    }
    return status == FER_OK ? fer_group_attend(mean->group, mean, err) : status;
}

/* In the order of the ranks. */
static void add_up(struct fer_mean *mean)
{
    const struct fer_link *link = fer_group_link(mean->group);
    float *own = mean->data + start_of(mean, link->rank);
    const size_t count = length_of(mean, link->rank);
    const float share = 1.0f / (float)link->size;

    for (size_t i = 0; i < count; i++) {
        float sum = 0;

        for (int r = 0; r < link->size; r++)
            sum += r == link->rank ? own[i] : part_from(mean, r)[i];
        own[i] = sum * share;
    }
}

static enum fer_status test_all(struct fer_mean *mean, void **requests, bool *all, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    *all = true;
    for (int r = 0; r < fer_group_size(mean->group) && status == FER_OK; r++) {
        bool done;

        status = fer_group_test(mean->group, &requests[r], &done, err);
        *all = *all && done;
    }
    return status;
}

static enum fer_status tell(struct fer_mean *mean, struct fer_error *err)
{
    const struct fer_link *link = fer_group_link(mean->group);
    const size_t count = length_of(mean, link->rank);
    enum fer_status status = FER_OK;

    add_up(mean);
    mean->summed = true;
    for (int r = 0; r < link->size && count > 0 && status == FER_OK; r++) {
        if (r != link->rank)
            status = link->send(link->state, r, mean->tag + 1, mean->data + start_of(mean, link->rank),
                                count * sizeof(float), &mean->told[r], err);
    }
    return status;
}

/* A result comes to where the part lay that its owner has been sent: not before that is done. */
static enum fer_status ask(struct fer_mean *mean, bool *all, struct fer_error *err)
{
    const struct fer_link *link = fer_group_link(mean->group);
    enum fer_status status = FER_OK;

    *all = true;
    for (int r = 0; r < link->size && status == FER_OK; r++) {
        bool sent = false;

        if (mean->asked[r])
            continue;
        status = fer_group_test(mean->group, &mean->out[r], &sent, err);
        if (status == FER_OK && sent) {
            mean->asked[r] = true;
            status = link->receive(link->state, r, mean->tag + 1, mean->data + start_of(mean, r),
                                   length_of(mean, r) * sizeof(float), &mean->back[r], err);
        }
        *all = *all && mean->asked[r];
    }
    return status;
}

enum fer_status fer_mean_poll(struct fer_mean *mean, bool *done, struct fer_error *err)
{
    bool here = mean->summed, asked = false, told = false, back = false;
    enum fer_status status = FER_OK;

    *done = !mean->data;
    if (*done)
        return FER_OK;
    if (!mean->summed)
        status = test_all(mean, mean->in, &here, err);
    if (status == FER_OK && here && !mean->summed)
        status = tell(mean, err);
    if (status == FER_OK)
        status = ask(mean, &asked, err);
    if (status == FER_OK)
        status = test_all(mean, mean->told, &told, err);
    if (status == FER_OK)
        status = test_all(mean, mean->back, &back, err);
    if (status != FER_OK || !mean->summed || !asked || !told || !back)
        return status;
    fer_group_release(mean->group, mean);
    mean->data = NULL;
    *done = true;
    return FER_OK;
}
