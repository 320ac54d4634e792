/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processes of a group do together.  All of them call these functions in the same order with the same sizes
 * (means excepted, see there).  A NULL group is one process alone: nothing is sent, nothing waits.
 *
 * Every wait fails with FER_EPEER when another process has ended, or has said why it must (fer_group_part).
 */
#ifndef FER_TRAIN_GROUP_H
#define FER_TRAIN_GROUP_H

#include <fer/group.h>

/* Rank 0 of a group, or alone. */
bool fer_group_leads(const struct fer_group *group);
/* More than one. */
bool fer_group_shared(const struct fer_group *group);

/* all: `bytes` bytes of every rank, one after the other. */
enum fer_status fer_group_gather(struct fer_group *group, const void *mine, size_t bytes, void *all,
                                 struct fer_error *err);
/* Rank 0's bytes become everybody's. */
enum fer_status fer_group_share(struct fer_group *group, void *data, size_t bytes, struct fer_error *err);
/* The same for a text, which rank 0 has and the others get malloc'ed; it may be NULL. */
enum fer_status fer_group_share_text(struct fer_group *group, char **text, struct fer_error *err);
/* Each of the numbers becomes its mean over the ranks: summed in the order of the ranks, so the same on all of them. */
enum fer_status fer_group_mean(struct fer_group *group, double *numbers, int count, struct fer_error *err);
/* Wait until all are here. */
enum fer_status fer_group_meet(struct fer_group *group, struct fer_error *err);

/* Tell the others that this process fails, and wait until they know and have said the same, or have ended. */
void fer_group_part(struct fer_group *group, const struct fer_error *err);

/* Let everything that is under way go on, and pause a little; `turn` counts the calls of one wait. */
enum fer_status fer_group_idle(struct fer_group *group, unsigned turn, struct fer_error *err);

/* ---- mean.c: the mean of many floats over the ranks, while other work goes on ----
 *
 * Rank s owns the s-th part of the numbers.  It gets that part from everybody, adds in the order of the ranks 0, 1, …,
 * divides, and sends the result to everybody.  So each sum has one order, whatever arrives first: the same bits on
 * every rank and in every run.  A rank sends and receives 2 (N - 1) / N of the numbers, in 2 (N - 1) messages. */
struct fer_mean;
/* For at most so many numbers.  All ranks make their means in the same order: so they know which belong together. */
enum fer_status fer_mean_create(struct fer_group *group, size_t most, struct fer_mean **out, struct fer_error *err);
void fer_mean_free(struct fer_mean *mean); /* while it is under way this is the end of the group; NULL is fine */
/* In place; data stays until it is done (malloc'ed, and given to fer_group_dispose in the end).  Several may be under
 * way, and each rank starts and polls them, and does other things together, in an order of its own. */
enum fer_status fer_mean_start(struct fer_mean *mean, float *data, size_t count, struct fer_error *err);
/* Does what can be done without waiting. */
enum fer_status fer_mean_poll(struct fer_mean *mean, bool *done, struct fer_error *err);

/* ---- for mean.c ---- */

/* The first of two tags for a mean, as long as it exists. */
enum fer_status fer_group_take_tag(struct fer_group *group, int *tag, struct fer_error *err);
void fer_group_return_tag(struct fer_group *group);
const struct fer_link *fer_group_link(const struct fer_group *group);
/* Test a request (NULL: done already) and set it to NULL once it is done. */
enum fer_status fer_group_test(struct fer_group *group, void **request, bool *done, struct fer_error *err);
/* Means under way are polled by every wait. */
enum fer_status fer_group_attend(struct fer_group *group, struct fer_mean *mean, struct fer_error *err);
void fer_group_release(struct fer_group *group, struct fer_mean *mean);
/* The group fails: nothing more can be done together but to part. */
void fer_group_give_up(struct fer_group *group);
/* free(), but not before the group is closed where messages of a group that has failed may still come to this memory.
 */
void fer_group_dispose(struct fer_group *group, void *memory);

#endif
