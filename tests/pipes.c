/* SPDX-License-Identifier: Apache-2.0 */
#include "pipes.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 8 };

struct header {
    int tag;
    size_t bytes;
};

struct message {
    struct message *next;  /* in a peer's list */
    struct message *older; /* of all */
    struct header header;
    char *data;
    size_t moved; /* bytes of header and data for one that is sent, of data for one that comes */
    int peer;
    bool sends, own, done; /* own: came before anybody had asked for it */
};

/* One other process.  Lists are in order. */
struct peer {
    int fd; /* -1: it has ended */
    struct message *out, *asked, *early;
    struct message *coming; /* whose data is being read; NULL: a header comes next */
    struct header header;
    size_t header_moved;
};

struct pipes {
    int rank, size;
    struct peer peers[MOST];
    struct message *all; /* that have not been unmade, also those that failed */
};

static void append(struct message **list, struct message *message)
{
    while (*list)
        list = &(*list)->next;
    *list = message;
}

static struct message *take(struct message **list, int tag)
{
    for (; *list; list = &(*list)->next) {
        struct message *found = *list;

        if (found->header.tag != tag)
            continue;
        *list = found->next;
        found->next = NULL;
        return found;
    }
    return NULL;
}

static struct message *make(struct pipes *pipes, int peer, int tag, size_t bytes, void *data)
{
    struct message *message = calloc(1, sizeof(*message));

    message->peer = peer;
    message->header = (struct header){ .tag = tag, .bytes = bytes };
    message->own = !data;
    message->data = data ? data : malloc(bytes + 1);
    message->older = pipes->all;
    pipes->all = message;
    return message;
}

static void unmake(struct pipes *pipes, struct message *message)
{
    struct message **at = &pipes->all;

    while (*at != message)
        at = &(*at)->older;
    *at = message->older;
    if (message->own)
        free(message->data);
    free(message);
}

static enum fer_status pipes_send(void *state, int to, int tag, const void *data, size_t bytes, void **request,
                                  struct fer_error *err)
{
    struct pipes *pipes = state;
    struct message *message = make(pipes, to, tag, bytes, (void *)data);

    (void)err;
    message->sends = true;
    append(&pipes->peers[to].out, message);
    *request = message;
    return FER_OK;
}

static enum fer_status pipes_receive(void *state, int from, int tag, void *data, size_t bytes, void **request,
                                     struct fer_error *err)
{
    struct pipes *pipes = state;
    struct peer *peer = &pipes->peers[from];
    struct message *early = take(&peer->early, tag), *message = make(pipes, from, tag, bytes, data);

    *request = message;
    if (!early) {
        append(&peer->asked, message);
        return FER_OK;
    }
    if (early->header.bytes != bytes)
        return fer_fail(err, FER_EINVAL, "rank %d: %zu bytes with tag %d, not %zu", from, early->header.bytes, tag,
                        bytes);
    if (peer->coming == early || early->moved < bytes) { /* the rest of it comes to the right place */
        memcpy(data, early->data, early->moved);
        message->moved = early->moved;
        peer->coming = message;
    } else {
        memcpy(data, early->data, bytes);
        message->done = true;
    }
    unmake(pipes, early);
    return FER_OK;
}

static void end(struct peer *peer)
{
    close(peer->fd);
    peer->fd = -1;
}

/* Bytes moved; 0: not now, or never again. */
static size_t moved(struct peer *peer, ssize_t result, bool reading)
{
    if (result > 0)
        return (size_t)result;
    if ((result == 0 && reading) || (result < 0 && errno != EAGAIN && errno != EINTR))
        end(peer);
    return 0;
}

static void pump_out(struct peer *peer)
{
    while (peer->fd >= 0 && peer->out) {
        struct message *message = peer->out;
        const size_t head = sizeof(message->header), all = head + message->header.bytes;
        const bool first = message->moved < head;
        const char *from =
            first ? (const char *)&message->header + message->moved : message->data + (message->moved - head);
        const size_t rest = (first ? head : all) - message->moved;
        const size_t n = rest ? moved(peer, send(peer->fd, from, rest, MSG_NOSIGNAL), false) : 0;

        message->moved += n;
        if (message->moved == all) {
            peer->out = message->next;
            message->next = NULL;
            message->done = true;
        } else if (n == 0) {
            return;
        }
    }
}

/* A header is whole: to whom does the data go? */
static void begin_data(struct pipes *pipes, int rank)
{
    struct peer *peer = &pipes->peers[rank];

    peer->coming = take(&peer->asked, peer->header.tag);
    if (peer->coming && peer->coming->header.bytes != peer->header.bytes)
        abort();
    if (!peer->coming) {
        peer->coming = make(pipes, rank, peer->header.tag, peer->header.bytes, NULL);
        append(&peer->early, peer->coming);
    }
    peer->header_moved = 0;
}

static void pump_in(struct pipes *pipes, int rank)
{
    struct peer *peer = &pipes->peers[rank];

    while (peer->fd >= 0) {
        struct message *message = peer->coming;
        size_t n;

        if (!message) {
            n = moved(
                peer,
                read(peer->fd, (char *)&peer->header + peer->header_moved, sizeof(peer->header) - peer->header_moved),
                true);
            peer->header_moved += n;
            if (peer->header_moved == sizeof(peer->header))
                begin_data(pipes, rank);
            else if (n == 0)
                return;
            continue;
        }
        n = message->moved < message->header.bytes
                ? moved(peer, read(peer->fd, message->data + message->moved, message->header.bytes - message->moved),
                        true)
                : 0;
        message->moved += n;
        if (message->moved == message->header.bytes) {
            message->done = true;
            peer->coming = NULL;
        } else if (n == 0) {
            return;
        }
    }
}

static enum fer_status pipes_test(void *state, void *request, bool *done, struct fer_error *err)
{
    struct pipes *pipes = state;
    struct message *message = request;
    const int rank = message->peer;

    for (int r = 0; r < pipes->size; r++) {
        pump_out(&pipes->peers[r]);
        pump_in(pipes, r);
    }
    *done = message->done;
    if (message->done)
        unmake(pipes, message);
    else if (pipes->peers[rank].fd < 0)
        return fer_fail(err, FER_EPEER, "rank %d has died",
                        rank); /* the message is lost: its memory may not be touched */
    return FER_OK;
}

static void pipes_close(void *state, bool failed)
{
    struct pipes *pipes = state;

    (void)failed;
    for (int r = 0; r < pipes->size; r++) {
        if (pipes->peers[r].fd >= 0)
            close(pipes->peers[r].fd);
    }
    while (pipes->all)
        unmake(pipes, pipes->all);
    free(pipes);
}

static int run_rank(struct pipes *pipes, pipes_run *run, void *user)
{
    const struct fer_link link = { pipes->rank, pipes->size,   pipes->rank, pipes,
                                   pipes_send,  pipes_receive, pipes_test,  pipes_close };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_group *group;
    int result;

    if (fer_group_create(&link, &group, &err) != FER_OK) {
        fprintf(stderr, "rank %d: %s\n", pipes->rank, err.text);
        return 99;
    }
    result = run(group, user);
    fer_group_free(group);
    return result;
}

static void connect_all(int size, int fds[MOST][MOST])
{
    for (int a = 0; a < size; a++) {
        fds[a][a] = -1;
        for (int b = a + 1; b < size; b++) {
            int pair[2];

            ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
            fds[a][b] = pair[0];
            fds[b][a] = pair[1];
        }
    }
}

/* All but the row of `keep`; an end that another process holds would hide that one has died. */
static void close_others(int size, int fds[MOST][MOST], int keep)
{
    for (int a = 0; a < size; a++) {
        for (int b = 0; b < size; b++) {
            if (a != keep && fds[a][b] >= 0)
                close(fds[a][b]);
        }
    }
}

void pipes_fork(int size, pipes_run *run, void *user, int *results)
{
    int fds[MOST][MOST];
    pid_t pids[MOST];

    connect_all(size, fds);
    fflush(NULL);
    for (int r = 0; r < size; r++) {
        pids[r] = fork();
        ck_assert_int_ge(pids[r], 0);
        if (pids[r] == 0) {
            struct pipes *pipes = calloc(1, sizeof(*pipes));

            close_others(size, fds, r);
            pipes->rank = r;
            pipes->size = size;
            for (int p = 0; p < size; p++)
                pipes->peers[p].fd = fds[r][p];
            _exit(run_rank(pipes, run, user));
        }
    }
    close_others(size, fds, -1);
    for (int r = 0; r < size; r++) {
        int status = 0;

        while (waitpid(pids[r], &status, 0) < 0 && errno == EINTR)
            continue;
        results[r] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}
