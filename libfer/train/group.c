/* SPDX-License-Identifier: Apache-2.0 */
#include "train/group.h"

#ifdef HAVE_MPI
#include "train/group-mpi.h"
#endif

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TAG_PART = 0,     /* that a process ends, and why it must; one message from each to each */
    CALLS = 8000,     /* tags 1 to 8000 for calls, one after the other */
    MEANS = 12000,    /* two tags above for each mean */
    CHUNK = 16 << 20, /* bytes of one message of fer_group_share */
    SPINS = 64,
    NAP = 20000 /* nanoseconds: the first pause of a wait */
};

struct kept {
    struct kept *next;
    void *memory;
};

struct fer_group {
    struct fer_link link;
    int calls;               /* so far */
    int made, alive;         /* means */
    struct fer_mean **means; /* under way */
    int nmeans, capacity;
    char *buffer; /* what the messages of one call are sent from and come to */
    size_t room;
    struct kept *kept;
    /* by rank */
    char (*parting)[FER_ERROR_TEXT];
    void **parted;   /* the receipt of it; NULL: it has come, or nothing will */
    void **requests; /* of one call: size sends, size receipts */
    bool failed;
};

bool fer_group_shared(const struct fer_group *group)
{
    return group && group->link.size > 1;
}

bool fer_group_leads(const struct fer_group *group)
{
    return !group || group->link.rank == 0;
}

int fer_group_rank(const struct fer_group *group)
{
    return group->link.rank;
}

int fer_group_size(const struct fer_group *group)
{
    return group->link.size;
}

int fer_group_place(const struct fer_group *group)
{
    return group->link.place;
}

const struct fer_link *fer_group_link(const struct fer_group *group)
{
    return &group->link;
}

static int call_tag(struct fer_group *group)
{
    group->calls = (group->calls + 1) % CALLS;
    return 1 + group->calls;
}

enum fer_status fer_group_take_tag(struct fer_group *group, int *tag, struct fer_error *err)
{
    if (group->alive == MEANS)
        return fer_fail(err, FER_ENOTSUP, "gradients in more than %d buckets; choose larger ones", MEANS);
    group->alive++;
    *tag = 1 + CALLS + 2 * (group->made++ % MEANS);
    return FER_OK;
}

void fer_group_return_tag(struct fer_group *group)
{
    group->alive--;
}

/* ---- create ---- */

/* From the beginning on, so that it is heard at any time. */
static enum fer_status listen_for_parting(struct fer_group *group, struct fer_error *err)
{
    const struct fer_link *link = &group->link;
    enum fer_status status = FER_OK;

    for (int r = 0; r < link->size && status == FER_OK; r++) {
        if (r != link->rank)
            status = link->receive(link->state, r, TAG_PART, group->parting[r], FER_ERROR_TEXT, &group->parted[r], err);
    }
    return status;
}

enum fer_status fer_group_create(const struct fer_link *link, struct fer_group **out, struct fer_error *err)
{
    struct fer_group *group = calloc(1, sizeof(*group));
    size_t size = link ? (size_t)link->size : 1;
    enum fer_status status;

    *out = NULL;
    if (!group) {
        if (link)
            link->close(link->state, true);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    group->link = link ? *link : (struct fer_link){ .size = 1 };
    group->parting = calloc(size, sizeof(*group->parting));
    group->parted = calloc(size, sizeof(*group->parted));
    group->requests = calloc(2 * size, sizeof(*group->requests));
    status = group->parting && group->parted && group->requests ? listen_for_parting(group, err)
                                                                : fer_fail(err, FER_ENOMEM, "out of memory");
    if (status != FER_OK) {
        group->failed = true;
        fer_group_free(group);
        return status;
    }
    *out = group;
    return FER_OK;
}

/* What launchers leave in the environment of what they start. */
static bool was_launched(void)
{
    static const char *const signs[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS" };

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (getenv(signs[i]))
            return true;
    }
    return false;
}

enum fer_status fer_group_join(struct fer_group **out, struct fer_error *err)
{
    *out = NULL;
    if (!was_launched())
        return fer_group_create(NULL, out, err);
#ifdef HAVE_MPI
    struct fer_link link;
    enum fer_status status = fer_link_mpi(&link, err);

    return status == FER_OK ? fer_group_create(&link, out, err) : status;
#else
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");

    if (size && strcmp(size, "1") == 0)
        return fer_group_create(NULL, out, err);
    return fer_fail(err, FER_ENOTSUP,
                    "an MPI launcher has started this, and this libfer was built without MPI; start one "
                    "process, or build it again with ./configure --with-mpi");
#endif
}

/* ---- waiting ---- */

enum fer_status fer_group_test(struct fer_group *group, void **request, bool *done, struct fer_error *err)
{
    enum fer_status status;

    *done = !*request;
    if (*done)
        return FER_OK;
    status = group->link.test(group->link.state, *request, done, err);
    if (status != FER_OK || *done)
        *request = NULL;
    if (status != FER_OK)
        group->failed = true;
    return status;
}

void fer_group_give_up(struct fer_group *group)
{
    group->failed = true;
}

void fer_group_dispose(struct fer_group *group, void *memory)
{
    struct kept *kept;

    if (!group || !group->failed) {
        free(memory);
        return;
    }
    kept = malloc(sizeof(*kept));
    if (!kept)
        return; /* rather lost than written to */
    *kept = (struct kept){ group->kept, memory };
    group->kept = kept;
}

enum fer_status fer_group_attend(struct fer_group *group, struct fer_mean *mean, struct fer_error *err)
{
    if (group->nmeans == group->capacity) {
        int capacity = group->capacity * 2 + 8;
        struct fer_mean **grown = realloc(group->means, (size_t)capacity * sizeof(*grown));

        if (!grown)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        group->means = grown;
        group->capacity = capacity;
    }
    group->means[group->nmeans++] = mean;
    return FER_OK;
}

void fer_group_release(struct fer_group *group, struct fer_mean *mean)
{
    int kept = 0;

    for (int i = 0; i < group->nmeans; i++) {
        if (group->means[i] != mean)
            group->means[kept++] = group->means[i];
    }
    group->nmeans = kept;
}

/* Whether another process has said that it fails, or is no more. */
static enum fer_status check_parting(struct fer_group *group, struct fer_error *err)
{
    for (int r = 0; r < group->link.size; r++) {
        bool done;
        enum fer_status status;

        if (!group->parted[r])
            continue;
        status = fer_group_test(group, &group->parted[r], &done, err);
        if (status != FER_OK)
            return status;
        if (!done) /* the memory is the message's until it has come */
            continue;
        group->parting[r][FER_ERROR_TEXT - 1] = '\0';
        if (group->parting[r][0]) { /* without a reason it has all that it wants */
            group->failed = true;
            return fer_fail(err, FER_EPEER, "rank %d: %s", r, group->parting[r]);
        }
    }
    return FER_OK;
}

/* At first without a pause, then with longer and longer ones: neither time nor a processor is lost. */
static void rest(unsigned turn)
{
    unsigned longer = turn < SPINS ? 0 : (turn - SPINS) / 32;
    struct timespec time = { 0, (long)NAP << (longer < 4 ? longer : 4) };

    if (turn < SPINS)
        sched_yield();
    else
        nanosleep(&time, NULL);
}

enum fer_status fer_group_idle(struct fer_group *group, unsigned turn, struct fer_error *err)
{
    enum fer_status status = check_parting(group, err);
    bool done;

    for (int i = group->nmeans - 1; i >= 0 && status == FER_OK; i--)
        status = fer_mean_poll(group->means[i], &done, err); /* may leave the list */
    if (status == FER_OK)
        rest(turn);
    return status;
}

static enum fer_status wait_for(struct fer_group *group, void **requests, int count, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (unsigned turn = 0; status == FER_OK; turn++) {
        bool all = true;

        for (int i = 0; i < count && status == FER_OK; i++) {
            bool done;

            status = fer_group_test(group, &requests[i], &done, err);
            all = all && done;
        }
        if (status != FER_OK || all)
            break;
        status = fer_group_idle(group, turn, err);
    }
    return status;
}

/* A group that has failed is not used again: its messages no longer fit together. */
static enum fer_status begin(struct fer_group *group, size_t bytes, struct fer_error *err)
{
    if (group->failed)
        return fer_fail(err, FER_EPEER, "the other processes of the group are gone");
    if (group->room < bytes) {
        free(group->buffer);
        group->room = 0;
        group->buffer = malloc(bytes);
        if (!group->buffer)
            return fer_fail(err, FER_ENOMEM, "out of memory for a message of %zu bytes", bytes);
        group->room = bytes;
    }
    memset(group->requests, 0, 2 * (size_t)group->link.size * sizeof(*group->requests));
    return FER_OK;
}

static enum fer_status end(struct fer_group *group, enum fer_status status, struct fer_error *err)
{
    if (status == FER_OK)
        status = wait_for(group, group->requests, 2 * group->link.size, err);
    group->failed = group->failed || status != FER_OK;
    return status;
}

/* ---- together ---- */

enum fer_status fer_group_gather(struct fer_group *group, const void *mine, size_t bytes, void *all,
                                 struct fer_error *err)
{
    const struct fer_link *link = group ? &group->link : NULL;
    enum fer_status status;
    char *own;
    int tag;

    if (!fer_group_shared(group)) {
        memcpy(all, mine, bytes);
        return FER_OK;
    }
    status = begin(group, (size_t)link->size * bytes, err);
    if (status != FER_OK)
        return status;
    own = group->buffer + (size_t)link->rank * bytes;
    memcpy(own, mine, bytes);
    tag = call_tag(group);
    for (int r = 0; r < link->size && status == FER_OK; r++) {
        if (r == link->rank)
            continue;
        status = link->receive(link->state, r, tag, group->buffer + (size_t)r * bytes, bytes,
                               &group->requests[link->size + r], err);
        if (status == FER_OK)
            status = link->send(link->state, r, tag, own, bytes, &group->requests[r], err);
    }
    status = end(group, status, err);
    if (status == FER_OK)
        memcpy(all, group->buffer, (size_t)link->size * bytes);
    return status;
}

static enum fer_status share_chunk(struct fer_group *group, void *data, size_t bytes, struct fer_error *err)
{
    const struct fer_link *link = &group->link;
    enum fer_status status = begin(group, bytes, err);
    int tag = call_tag(group);

    if (status != FER_OK)
        return status;
    if (link->rank == 0)
        memcpy(group->buffer, data, bytes);
    for (int r = 1; r < link->size && link->rank == 0 && status == FER_OK; r++)
        status = link->send(link->state, r, tag, group->buffer, bytes, &group->requests[r], err);
    if (link->rank != 0)
        status = link->receive(link->state, 0, tag, group->buffer, bytes, &group->requests[0], err);
    status = end(group, status, err);
    if (status == FER_OK && link->rank != 0)
        memcpy(data, group->buffer, bytes);
    return status;
}

enum fer_status fer_group_share(struct fer_group *group, void *data, size_t bytes, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (size_t at = 0; fer_group_shared(group) && at < bytes && status == FER_OK; at += CHUNK)
        status = share_chunk(group, (char *)data + at, bytes - at < CHUNK ? bytes - at : CHUNK, err);
    return status;
}

enum fer_status fer_group_share_text(struct fer_group *group, char **text, struct fer_error *err)
{
    uint64_t size = fer_group_leads(group) && *text ? strlen(*text) + 1 : 0;
    enum fer_status status = fer_group_share(group, &size, sizeof(size), err);

    if (status != FER_OK || fer_group_leads(group))
        return status == FER_OK && *text ? fer_group_share(group, *text, size, err) : status;
    *text = NULL;
    if (size == 0)
        return FER_OK;
    *text = size < SIZE_MAX ? malloc(size) : NULL;
    if (!*text)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = fer_group_share(group, *text, size, err);
    (*text)[size - 1] = '\0';
    return status;
}

enum fer_status fer_group_mean(struct fer_group *group, double *numbers, int count, struct fer_error *err)
{
    size_t size = fer_group_shared(group) ? (size_t)group->link.size : 1, width = (size_t)count;
    double *all;
    enum fer_status status;

    if (size == 1)
        return FER_OK;
    all = calloc(size * width + 1, sizeof(*all));
    if (!all)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = fer_group_gather(group, numbers, width * sizeof(*all), all, err);
    for (size_t i = 0; i < width && status == FER_OK; i++) {
        numbers[i] = 0;
        for (size_t r = 0; r < size; r++)
            numbers[i] += all[r * width + i];
        numbers[i] /= (double)size;
    }
    free(all);
    return status;
}

enum fer_status fer_group_meet(struct fer_group *group, struct fer_error *err)
{
    double nothing = 0;

    return fer_group_mean(group, &nothing, 1, err);
}

/* ---- parting ---- */

/* Tell the others, and wait until they have said the same or have ended. */
static void part(struct fer_group *group, const char *why)
{
    const struct fer_link *link = &group->link;
    char *text = group->parting[link->rank];
    bool waiting = true;

    snprintf(text, FER_ERROR_TEXT, "%s", why);
    for (int r = 0; r < link->size; r++) {
        group->requests[r] = NULL;
        if (r != link->rank &&
            link->send(link->state, r, TAG_PART, text, FER_ERROR_TEXT, &group->requests[r], NULL) != FER_OK)
            group->requests[r] = NULL;
    }
    for (unsigned turn = 0; waiting; turn++) {
        waiting = false;
        for (int r = 0; r < link->size; r++) {
            bool sent, heard;

            if (fer_group_test(group, &group->requests[r], &sent, NULL) == FER_OK && !sent)
                waiting = true;
            if (fer_group_test(group, &group->parted[r], &heard, NULL) == FER_OK && !heard)
                waiting = true;
        }
        if (waiting)
            rest(turn);
    }
}

void fer_group_part(struct fer_group *group, const struct fer_error *err)
{
    if (!fer_group_shared(group))
        return;
    group->failed = true;
    part(group, err->text[0] ? err->text : fer_status_name(err->status));
}

void fer_group_free(struct fer_group *group)
{
    if (!group)
        return;
    if (fer_group_shared(group) && !group->failed)
        part(group, "");
    if (group->link.close)
        group->link.close(group->link.state, group->failed);
    for (struct kept *kept = group->kept, *next; kept; kept = next) {
        next = kept->next;
        free(kept->memory);
        free(kept);
    }
    free(group->means);
    free(group->buffer);
    free(group->parting);
    free(group->parted);
    free(group->requests);
    free(group);
}
