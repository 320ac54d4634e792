/* SPDX-License-Identifier: Apache-2.0 */
#include "run/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define JOB_LIMIT ((size_t)64 << 20)

void fer_job_free(struct fer_job *job)
{
    free(job->bytes);
    *job = (struct fer_job){ 0 };
}

static bool reserve(struct fer_job *job, size_t size)
{
    size_t capacity = job->capacity ? job->capacity : 4096;
    unsigned char *grown;

    if (job->failed || size > JOB_LIMIT - job->size) {
        job->failed = true;
        return false;
    }
    while (capacity < job->size + size)
        capacity *= 2;
    grown = capacity == job->capacity ? job->bytes : realloc(job->bytes, capacity);
    if (!grown) {
        job->failed = true;
        return false;
    }
    job->bytes = grown;
    job->capacity = capacity;
    return true;
}

void fer_job_put(struct fer_job *job, const void *data, size_t size)
{
    if (size == 0 || !reserve(job, size))
        return;
    memcpy(job->bytes + job->size, data, size);
    job->size += size;
}

void fer_job_put_number(struct fer_job *job, uint64_t number)
{
    fer_job_put(job, &number, sizeof(number));
}

void fer_job_put_text(struct fer_job *job, const char *text)
{
    if (!text)
        text = "";
    fer_job_put_number(job, strlen(text) + 1);
    fer_job_put(job, text, strlen(text) + 1);
}

const void *fer_job_take(struct fer_job *job, size_t size)
{
    const void *data = job->bytes + job->at;

    if (job->failed || size > job->size - job->at) {
        job->failed = true;
        return NULL;
    }
    job->at += size;
    return data;
}

uint64_t fer_job_take_number(struct fer_job *job)
{
    uint64_t number = 0;
    const void *data = fer_job_take(job, sizeof(number));

    if (data)
        memcpy(&number, data, sizeof(number));
    return number;
}

const char *fer_job_take_text(struct fer_job *job)
{
    size_t size = (size_t)fer_job_take_number(job);
    const char *text = fer_job_take(job, size);

    if (text && size > 0 && text[size - 1] == '\0')
        return text;
    job->failed = true;
    return "";
}

/* ---- through a socket; MSG_NOSIGNAL, because SIGPIPE is not for a library to cause ---- */

static bool send_all(int socket, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int socket, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t got = recv(socket, at, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

bool fer_job_send(int socket, const struct fer_job *job)
{
    uint64_t size = job->size;

    return !job->failed && send_all(socket, &size, sizeof(size)) && send_all(socket, job->bytes, job->size);
}

bool fer_job_receive(int socket, struct fer_job *job)
{
    uint64_t size;

    job->size = job->at = 0;
    job->failed = false;
    if (!receive_all(socket, &size, sizeof(size)) || size > JOB_LIMIT || !reserve(job, (size_t)size) ||
        !receive_all(socket, job->bytes, (size_t)size))
        return false;
    job->size = (size_t)size;
    return true;
}
