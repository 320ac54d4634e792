/* SPDX-License-Identifier: Apache-2.0 */
#include "run/workers.h"

#include "run/build.h"
#include "run/job.h"
#include "run/known.h"
#include "run/select.h"
#include "run/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#ifndef FER_COMPILE_PROGRAM
#define FER_COMPILE_PROGRAM "/usr/local/libexec/libfer/fer-compile"
#endif

/* Milliseconds without any answer, after which workers are taken to hang. */
#define PATIENCE 120000

extern char **environ;

/* Parallel arrays. */
struct jobs {
    struct fer_job *items;
    struct fer_key *keys;
    const struct fer_launch **launches;
    int count;
    int next, done; /* the first that nobody has; how many have been compiled */
};

struct worker {
    pid_t pid;
    int socket; /* -1: gone */
    bool busy;
};

/* ---- what is missing ---- */

static void free_jobs(struct jobs *jobs)
{
    for (int i = 0; i < jobs->count; i++)
        fer_job_free(&jobs->items[i]);
    free(jobs->items);
    free(jobs->keys);
    free(jobs->launches);
}

static bool reserve(struct jobs *jobs, int count)
{
    jobs->items = calloc((size_t)count + 1, sizeof(*jobs->items));
    jobs->keys = calloc((size_t)count + 1, sizeof(*jobs->keys));
    jobs->launches = calloc((size_t)count + 1, sizeof(*jobs->launches));
    return jobs->items && jobs->keys && jobs->launches;
}

/* Who moves the driver's cache begins with an empty one. */
static struct fer_key in_this_cache(struct fer_key key)
{
    static const char *const variables[] = { "POCL_CACHE_DIR", "CUDA_CACHE_PATH" };

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *folder = getenv(variables[i]);

        if (folder)
            key.low ^= XXH3_64bits_withSeed(folder, strlen(folder), i);
    }
    return key;
}

/* A binary of ours is a program whole; other drivers may have seen it without this kernel for this range. */
static bool add_launch(struct jobs *jobs, const struct fer_binder *binder, const struct fer_known *known,
                       const struct fer_launch *launch)
{
    bool ours = fer_binary_wanted(binder->device);
    struct fer_job job = { 0 };
    struct fer_key program, key;

    if (launch->run)
        return true;
    if (fer_binding_record(binder, launch, &job, &program, &key, NULL) != FER_OK || job.failed) {
        fer_job_free(&job);
        return false;
    }
    key = ours ? program : in_this_cache(key);
    if (fer_keys_have(jobs->keys, (size_t)jobs->count, key) || fer_program_cache_has(binder->device->cache, program) ||
        (ours ? fer_binary_exists(key) : fer_keys_have(known->keys, known->count, key))) {
        fer_job_free(&job);
        return true;
    }
    jobs->items[jobs->count] = job;
    jobs->keys[jobs->count] = key;
    jobs->launches[jobs->count++] = launch;
    return true;
}

static bool collect(struct jobs *jobs, const struct fer_binder *binder)
{
    const struct fer_program *program = binder->program;
    struct fer_known known;
    bool fine = fer_known_load(&known) && reserve(jobs, program->nlaunches);

    for (int s = 0; s < program->nsegments && fine; s++)
        for (int l = 0; l < program->segments[s]->count && fine; l++)
            fine = add_launch(jobs, binder, &known, program->segments[s]->launches[l]);
    fer_known_free(&known);
    return fine;
}

/* ---- workers ---- */

/* As the other process will count it (fer_device_open); -1: not found. */
static int device_number(const struct fer_device *device)
{
    struct fer_candidate *list;
    int count, number = -1;

    if (fer_candidates_find(&list, &count, NULL) != FER_OK)
        return -1;
    for (int i = 0; i < count && number < 0; i++)
        if (list[i].id == device->id)
            number = i;
    free(list);
    return number;
}

/* Silent: what a driver prints there is not for this process's terminal. */
static bool spawn(const char *path, int socket, pid_t *pid)
{
    char *const arguments[] = { (char *)path, NULL };
    posix_spawn_file_actions_t actions;
    bool started;

    if (posix_spawn_file_actions_init(&actions))
        return false;
    started = !posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO) &&
              !posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) &&
              !posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) &&
              !posix_spawn(pid, path, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return started;
}

static void leave(struct worker *worker)
{
    if (worker->socket >= 0)
        close(worker->socket);
    worker->socket = -1;
    worker->busy = false;
}

static bool start(struct worker *worker, const char *path, const struct fer_job *greeting)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return false;
    if (!spawn(path, ends[1], &worker->pid)) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    close(ends[1]);
    worker->socket = ends[0];
    worker->busy = false;
    if (!fer_job_send(worker->socket, greeting))
        leave(worker);
    return true;
}

/* Without a job left it hears the end of file, and goes. */
static void feed(struct worker *worker, struct jobs *jobs, const struct fer_build_watch *watch)
{
    if (jobs->next == jobs->count) {
        leave(worker);
        return;
    }
    fer_build_tell(watch, jobs->launches[jobs->next]->kernel, jobs->launches[jobs->next]->options);
    worker->busy = true;
    if (!fer_job_send(worker->socket, &jobs->items[jobs->next++]))
        leave(worker);
}

static void hear(struct worker *worker, struct jobs *jobs)
{
    char done = 0;

    worker->busy = false;
    if (recv(worker->socket, &done, 1, 0) != 1)
        leave(worker); /* it has died of its job, which stays undone */
    else if (done)
        jobs->done++;
}

/* Until all are gone. */
static void attend(struct worker *workers, int count, struct jobs *jobs, const struct fer_build_watch *watch)
{
    for (;;) {
        struct pollfd polled[FER_WORKERS_MOST];
        int ready, open = 0;

        for (int i = 0; i < count; i++) {
            if (workers[i].socket >= 0 && !workers[i].busy)
                feed(&workers[i], jobs, watch);
            polled[i] = (struct pollfd){ .fd = workers[i].socket, .events = POLLIN };
            open += workers[i].socket >= 0;
        }
        if (!open)
            return;
        ready = poll(polled, (nfds_t)count, PATIENCE);
        for (int i = 0; i < count; i++) {
            if (ready == 0 && workers[i].socket >= 0) {
                kill(workers[i].pid, SIGKILL);
                leave(&workers[i]);
            } else if (ready > 0 && polled[i].revents) {
                hear(&workers[i], jobs);
            }
        }
    }
}

static int processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

static void compile(struct jobs *jobs, const struct fer_binder *binder, const char *path, int count, int number)
{
    struct worker workers[FER_WORKERS_MOST];
    struct fer_job greeting = { 0 };
    int started = 0;

    fer_job_put_text(&greeting, FER_SERVE_GREETING);
    fer_job_put_number(&greeting, (uint64_t)number);
    fer_job_put_text(&greeting, binder->device->name);
    fer_job_put_number(&greeting, binder->device->pocl);
    while (started < count && start(&workers[started], path, &greeting))
        started++;
    attend(workers, started, jobs, binder->watch);
    for (int i = 0; i < started; i++)
        while (waitpid(workers[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    fer_job_free(&greeting);
}

/* Somewhere what others compile must be kept, and under Oclgrind everything takes its time. */
static bool possible(const struct fer_device *device, const char *path)
{
    return !device->oclgrind && (fer_binary_wanted(device) || fer_driver_keeps(device)) && strcasecmp(path, "off") &&
           access(path, X_OK) == 0;
}

bool fer_workers_compile(const struct fer_binder *binder)
{
    const char *wish = getenv("FER_COMPILE"), *path = wish && *wish ? wish : FER_COMPILE_PROGRAM;
    struct jobs jobs = { 0 };
    int number, count = processors();
    bool all = false;

    if (count < 2 || !possible(binder->device, path))
        return false;
    if (!collect(&jobs, binder)) {
        free_jobs(&jobs);
        return false;
    }
    if (jobs.count >= FER_WORKERS_LEAST && (number = device_number(binder->device)) >= 0) {
        count = count < FER_WORKERS_MOST ? count : FER_WORKERS_MOST;
        compile(&jobs, binder, path, count < jobs.count / 4 ? count : jobs.count / 4, number);
        all = jobs.done == jobs.count;
    }
    if (jobs.count > 0 && !fer_binary_wanted(binder->device))
        fer_known_add(jobs.keys, (size_t)jobs.count);
    free_jobs(&jobs);
    return all;
}
