/* SPDX-License-Identifier: Apache-2.0
 *
 * MPI tells nobody that a process has died; its launcher ends the others after a second.  So that they can say why and
 * end by themselves, those on the same machine are looked at, by their process ids.
 */
#include "train/group-mpi.h"

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK = 16 }; /* tests in vain before the other process is looked at */

struct request {
    struct request *before, *after;
    MPI_Request mpi;
    int peer;
    unsigned tests; /* in vain */
};

struct world {
    struct request *requests; /* under way */
    int size;
    int *pids; /* by rank; 0: on another machine, or not to be seen */
};

static enum fer_status fail(struct fer_error *err, int code, const char *what)
{
    char text[MPI_MAX_ERROR_STRING + 1] = "";
    int length = 0;

    MPI_Error_string(code, text, &length);
    return fer_fail(err, FER_EPEER, "%s: %s", what, text);
}

static struct request *add(struct world *world, int peer, struct fer_error *err)
{
    struct request *request = calloc(1, sizeof(*request));

    if (!request) {
        fer_fail(err, FER_ENOMEM, "out of memory");
        return NULL;
    }
    request->peer = peer;
    request->after = world->requests;
    if (request->after)
        request->after->before = request;
    world->requests = request;
    return request;
}

static void drop(struct world *world, struct request *request)
{
    if (request->before)
        request->before->after = request->after;
    else
        world->requests = request->after;
    if (request->after)
        request->after->before = request->before;
    free(request);
}

static enum fer_status begun(struct world *world, struct request *request, int code, const char *what, void **out,
                             struct fer_error *err)
{
    if (code != MPI_SUCCESS) {
        drop(world, request);
        return fail(err, code, what);
    }
    *out = request;
    return FER_OK;
}

static enum fer_status mpi_send(void *state, int to, int tag, const void *data, size_t bytes, void **out,
                                struct fer_error *err)
{
    struct request *request = add(state, to, err);

    if (!request)
        return FER_ENOMEM;
    return begun(state, request, MPI_Isend(data, (int)bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, &request->mpi),
                 "MPI_Isend", out, err);
}

static enum fer_status mpi_receive(void *state, int from, int tag, void *data, size_t bytes, void **out,
                                   struct fer_error *err)
{
    struct request *request = add(state, from, err);

    if (!request)
        return FER_ENOMEM;
    return begun(state, request, MPI_Irecv(data, (int)bytes, MPI_BYTE, from, tag, MPI_COMM_WORLD, &request->mpi),
                 "MPI_Irecv", out, err);
}

static bool is_dead(const struct world *world, int peer)
{
    return world->pids[peer] > 0 && kill((pid_t)world->pids[peer], 0) != 0 && errno == ESRCH;
}

static enum fer_status mpi_test(void *state, void *handle, bool *done, struct fer_error *err)
{
    struct world *world = state;
    struct request *request = handle;
    int finished = 0, peer = request->peer, code = MPI_Test(&request->mpi, &finished, MPI_STATUS_IGNORE);
    bool dead = false;

    *done = false;
    if (code == MPI_SUCCESS && !finished && ++request->tests % LOOK == 0 && is_dead(world, peer)) {
        /* what it sent before may have come meanwhile */
        code = MPI_Test(&request->mpi, &finished, MPI_STATUS_IGNORE);
        dead = !finished;
    }
    *done = code == MPI_SUCCESS && finished;
    if (*done || code != MPI_SUCCESS)
        drop(world, request); /* that of a dead process stays: its memory may not be touched, and close drops it */
    if (code != MPI_SUCCESS)
        return fail(err, code, "MPI_Test");
    return dead ? fer_fail(err, FER_EPEER, "rank %d has died", peer) : FER_OK;
}

static void mpi_close(void *state, bool failed)
{
    struct world *world = state;

    while (world->requests)
        drop(world, world->requests);
    /* to finalize is to wait for all others */
    if (!failed)
        MPI_Finalize();
    free(world->pids);
    free(world);
}

/* This process among those on its machine, and their ids. */
static int find_neighbours(struct world *world, int rank, int *place)
{
    MPI_Comm machine;
    int count = 0, own[2] = { rank, (int)getpid() }, *pairs;
    int code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &machine);

    if (code != MPI_SUCCESS)
        return code;
    MPI_Comm_rank(machine, place);
    MPI_Comm_size(machine, &count);
    pairs = calloc(2 * (size_t)count, sizeof(*pairs));
    code = pairs ? MPI_Allgather(own, 2, MPI_INT, pairs, 2, MPI_INT, machine) : MPI_ERR_NO_MEM;
    for (int i = 0; i < count && code == MPI_SUCCESS; i++) {
        /* in a container of its own it may not be visible from here */
        if (kill((pid_t)pairs[2 * i + 1], 0) == 0)
            world->pids[pairs[2 * i]] = pairs[2 * i + 1];
    }
    free(pairs);
    MPI_Comm_free(&machine);
    return code;
}

enum fer_status fer_link_mpi(struct fer_link *out, struct fer_error *err)
{
    struct world *world = calloc(1, sizeof(*world));
    int threads = 0, rank = 0, place = 0, code = MPI_SUCCESS;

    if (!world)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &threads);
    if (code != MPI_SUCCESS) {
        free(world);
        return fer_fail(err, FER_EPEER, "MPI does not start");
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &world->size);
    world->pids = calloc((size_t)world->size, sizeof(*world->pids));
    code = world->pids ? find_neighbours(world, rank, &place) : MPI_ERR_NO_MEM;
    if (code != MPI_SUCCESS || threads < MPI_THREAD_FUNNELED) {
        mpi_close(world, true);
        return code == MPI_SUCCESS ? fer_fail(err, FER_EPEER, "this MPI does not allow a process to have threads")
                                   : fail(err, code, "MPI");
    }
    *out = (struct fer_link){ .rank = rank,
                              .size = world->size,
                              .place = place,
                              .state = world,
                              .send = mpi_send,
                              .receive = mpi_receive,
                              .test = mpi_test,
                              .close = mpi_close };
    return FER_OK;
}
