/* SPDX-License-Identifier: Apache-2.0
 *
 * A launch as bytes, from the process that wants it to one that compiles it beforehand (run/workers.h, run/serve.h).
 * Both are of one build and on one machine, so numbers lie there as in memory.
 */
#ifndef FER_RUN_JOB_H
#define FER_RUN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fer_job {
    unsigned char *bytes; /* owned */
    size_t size, capacity;
    size_t at;   /* what has been taken */
    bool failed; /* out of memory, or more taken than there is: all that follows is void */
};

/* What an argument of a kernel is. */
enum fer_job_argument { FER_JOB_END, FER_JOB_VALUE, FER_JOB_LOCAL, FER_JOB_MEMORY };

void fer_job_free(struct fer_job *job);
void fer_job_put(struct fer_job *job, const void *data, size_t size);
void fer_job_put_number(struct fer_job *job, uint64_t number);
void fer_job_put_text(struct fer_job *job, const char *text); /* NULL: "" */
/* In the order in which they were put.  What is pointed to belongs to the job; NULL, 0 and "" after a failure. */
const void *fer_job_take(struct fer_job *job, size_t size);
uint64_t fer_job_take_number(struct fer_job *job);
const char *fer_job_take_text(struct fer_job *job);

/* Through a socket, whole.  False: the other end is gone, or the job is void. */
bool fer_job_send(int socket, const struct fer_job *job);
bool fer_job_receive(int socket, struct fer_job *job); /* replaces what the job held */

#endif
