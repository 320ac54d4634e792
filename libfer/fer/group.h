/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes that train one model together, each on its own device and its own share of every batch
 * (fer_train_options.group).
 *
 *     struct fer_group *group;
 *     if (fer_group_join(&group, &err) == FER_OK) …        the processes that `mpirun` has started
 *     fer_group_create(&link, &group, &err)                processes that are connected in another way
 *
 * A group belongs to one thread at a time.
 */
#ifndef FER_GROUP_H
#define FER_GROUP_H

#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fer_group;

/* How the processes of a group reach each other: MPI, or what a program puts in its place. */
struct fer_link {
    int rank, size; /* this process, from 0, and how many there are */
    int place;      /* this process among those on its machine, from 0 */
    void *state;    /* handed to the functions */
    /* Begin to send to, or to receive from, another process.  The two calls for one message have the same `tag`
     * (0 … 32767) and `bytes` (at most 2^30); no two messages between the same two processes have one tag at one time.
     * `data` stays until `test` has said that it is done.  *request is the link's. */
    enum fer_status (*send)(void *state, int to, int tag, const void *data, size_t bytes, void **request,
                            struct fer_error *err);
    enum fer_status (*receive)(void *state, int from, int tag, void *data, size_t bytes, void **request,
                               struct fer_error *err);
    /* Has it been done?  Does not wait.  Once *done, and after a failure, the request is gone.  FER_EPEER: the other
     * process has ended. */
    enum fer_status (*test)(void *state, void *request, bool *done, struct fer_error *err);
    /* Drop what is under way and free everything.  failed: the processes do not end together, do not wait for any. */
    void (*close)(void *state, bool failed);
};

/* The group of the processes that an MPI launcher has started together with this one; one of its own where there is no
 * launcher.  To be called at most once in a process, on its main thread, before the first OpenCL call.
 * FER_ENOTSUP: there is a launcher, and this libfer was built without MPI; FER_EPEER: MPI does not start. */
FER_API enum fer_status fer_group_join(struct fer_group **out, struct fer_error *err);
/* A group over a link, which is the group's from here on, also after a failure.  NULL: this process alone. */
FER_API enum fer_status fer_group_create(const struct fer_link *link, struct fer_group **out, struct fer_error *err);
/* Closes the link.  Every process of the group does so; NULL is fine. */
FER_API void fer_group_free(struct fer_group *group);

/* This process, from 0; rank 0 writes the log and the checkpoints. */
FER_API int fer_group_rank(const struct fer_group *group);
/* How many processes there are, at least 1. */
FER_API int fer_group_size(const struct fer_group *group);
/* This process among those on its machine, for fer_context_options.place. */
FER_API int fer_group_place(const struct fer_group *group);

#ifdef __cplusplus
}
#endif
#endif
