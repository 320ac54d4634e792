/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels compiled by other processes beforehand: jobs, the process that does them, and who starts it.
 */
#include "run/job.h"
#include "run/known.h"
#include "run/workers.h"
#include "run/serve.h"
#include "toy.h"

#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static struct fer_error err;
static char folder[] = "/tmp/fer-workers-XXXXXX";
static const char *compile; /* fer-compile of this build */

/* ---- jobs ---- */

START_TEST(job_round_trip)
{
    struct fer_job job = { 0 };

    fer_job_put_number(&job, 0xfedcba9876543210u);
    fer_job_put_text(&job, "text");
    fer_job_put_text(&job, NULL);
    fer_job_put(&job, "abc", 3);
    ck_assert_uint_eq(fer_job_take_number(&job), 0xfedcba9876543210u);
    ck_assert_str_eq(fer_job_take_text(&job), "text");
    ck_assert_str_eq(fer_job_take_text(&job), "");
    ck_assert_mem_eq(fer_job_take(&job, 3), "abc", 3);
    ck_assert(!job.failed && job.at == job.size);
    ck_assert_ptr_null(fer_job_take(&job, 1));
    ck_assert(job.failed);
    fer_job_free(&job);
}
END_TEST

/* A text that is said to be longer than the job, and one that does not end. */
START_TEST(job_void)
{
    for (int i = 0; i < 2; i++) {
        struct fer_job job = { 0 };

        fer_job_put_number(&job, i ? 3 : UINT64_MAX);
        fer_job_put(&job, "abc", 3);
        ck_assert_str_eq(fer_job_take_text(&job), "");
        ck_assert(job.failed);
        fer_job_free(&job);
    }
}
END_TEST

/* ---- the process that does them ---- */

struct serving {
    pid_t pid;
    int socket;
};

static void begin(struct serving *serving, const char *greeting, uint64_t number, const char *name)
{
    char *const arguments[] = { (char *)compile, NULL };
    posix_spawn_file_actions_t actions;
    struct fer_job job = { 0 };
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    ck_assert_int_eq(posix_spawn(&serving->pid, compile, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    serving->socket = ends[0];
    fer_job_put_text(&job, greeting);
    fer_job_put_number(&job, number);
    fer_job_put_text(&job, name);
    fer_job_put_number(&job, true);
    ck_assert(fer_job_send(serving->socket, &job));
    fer_job_free(&job);
}

/* Its exit status. */
static int end(struct serving *serving)
{
    int status = -1;

    close(serving->socket);
    ck_assert_int_eq(waitpid(serving->pid, &status, 0), serving->pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The answer to a job of one kernel for `dims` axes; with `cut` its last bytes are missing. */
static char ask(struct serving *serving, const char *source, uint64_t dims, size_t cut)
{
    struct fer_job job = { 0 };
    char done = -1;

    fer_job_put_text(&job, "");
    fer_job_put_text(&job, source);
    fer_job_put_text(&job, "");
    fer_job_put_text(&job, "k");
    fer_job_put_number(&job, dims);
    fer_job_put_number(&job, true);
    for (uint64_t i = 0; i < 2 * dims; i++)
        fer_job_put_number(&job, 1);
    fer_job_put_number(&job, FER_JOB_MEMORY);
    fer_job_put_number(&job, 64);
    fer_job_put_number(&job, 1);
    fer_job_put_number(&job, FER_JOB_VALUE);
    fer_job_put_number(&job, sizeof(int));
    fer_job_put(&job, &(int){ 3 }, sizeof(int));
    fer_job_put_number(&job, FER_JOB_LOCAL);
    fer_job_put_number(&job, 16);
    fer_job_put_number(&job, FER_JOB_END);
    job.size -= cut;
    ck_assert(fer_job_send(serving->socket, &job));
    ck_assert_int_eq(recv(serving->socket, &done, 1, 0), 1);
    fer_job_free(&job);
    return done;
}

static const char good[] =
    "kernel void k(global int *p, const int n, local int *l) { l[0] = n; p[n] = p[0] + l[0]; }\n";

START_TEST(serves)
{
    struct fer_device *device;
    struct serving serving;
    char name[256];

    ck_assert_fer(fer_device_open("0", &device, &err), err);
    memcpy(name, device->name, sizeof(name));
    fer_device_close(device);
    begin(&serving, FER_SERVE_GREETING, 0, name);
    ck_assert_int_eq(ask(&serving, good, 1, 0), 1);
    ck_assert_int_eq(ask(&serving, "kernel void k(", 1, 0), 0);
    ck_assert_int_eq(ask(&serving, good, 4, 0), 0);
    ck_assert_int_eq(ask(&serving, good, 1, 12), 0);
    ck_assert_int_eq(ask(&serving, "kernel void other(global int *p) { p[0] = 1; }\n", 1, 0), 0);
    ck_assert_int_eq(ask(&serving, "kernel void k(global int *p) { p[0] = 1; }\n", 1, 0), 0);
    ck_assert_int_eq(ask(&serving, good, 3, 0), 1);
    ck_assert_int_eq(end(&serving), 0);
}
END_TEST

START_TEST(refuses_strangers)
{
    struct serving serving;

    begin(&serving, "fer-compile 0.0.0", 0, "any");
    ck_assert_int_eq(end(&serving), 1);
    begin(&serving, FER_SERVE_GREETING, 0, "a device of another name");
    ck_assert_int_eq(end(&serving), 1);
    begin(&serving, FER_SERVE_GREETING, 1000, "any");
    ck_assert_int_eq(end(&serving), 1);
}
END_TEST

/* ---- who starts it ---- */

#define LAUNCHES (FER_WORKERS_LEAST + 2)

static const char advance[] =
    "kernel void advance_x(FER_IN(x), FER_OUT(y), const float a, const int b, local float *l)\n"
    "{\n"
    "    l[get_local_id(0)] = a * DATA(x)[get_global_id(0)];\n"
    "    if (FATAL && DATA(x)[0] == 0)\n"
    "        *(volatile global int *)0 = 1;\n"
    "    DATA(y)[get_global_id(0)] = l[get_local_id(0)] + (float)(b + STEP);\n"
    "}\n";

static struct fer_device *device;
static struct fer_program *program;
static struct fer_exec *executor;
static struct fer_tensor *first, *last;
static int told, finished, test; /* test: so that no test finds what another has compiled */
static char text[LAUNCHES][64];

/* Each of LAUNCHES kernels adds 2 + its number to twice what comes in; number `fatal` does not bear zeros. */
static void make_program(int fatal)
{
    struct fer_tensor *x;

    program = toy_program(1);
    toy_segment(program, "prepare");
    toy_segment(program, "main");
    x = first = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(16));
    for (int i = 0; i < LAUNCHES; i++) {
        struct fer_launch *launch = toy_launch(program, advance, "advance_x");

        last = toy_tensor(program, "link", FER_STORAGE_ARENA, 0, TOY_DIMS(16));
        last->keep = i == LAUNCHES - 1;
        snprintf(text[i], sizeof(text[i]), "-DSTEP=%d -DFATAL=%d -DTEST=%d", i, i == fatal, test);
        launch->options = text[i];
        toy_in(launch, "x", x);
        toy_out(launch, "y", last);
        toy_arg(launch, FER_ARG_FLOAT)->f = 2;
        toy_arg(launch, FER_ARG_INT)->i = 2;
        toy_arg(launch, FER_ARG_LOCAL)->bytes = 8 * sizeof(float);
        toy_range(launch, 16, 0, 8);
        x = last;
    }
}

static void hear(void *user, const char *what)
{
    (void)user;
    ck_assert_int_eq(finished, 0);
    if (what) {
        ck_assert_ptr_nonnull(strstr(what, "advance_x -DSTEP="));
        told++;
    } else {
        finished++;
    }
}

/* A new device with nothing compiled; the program's executor, which is then checked. */
static void start(int fatal)
{
    const struct fer_build_watch watch = { hear, NULL };

    told = finished = 0;
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
    make_program(fatal);
    ck_assert_fer(fer_plan(program, device->max_allocation, &err), err);
    ck_assert_fer(fer_exec_create(device, program, false, &watch, &executor, &err), err);
    ck_assert_int_eq(finished, 1);
}

static void finish(void)
{
    float values[16], expected = 1;

    for (int i = 0; i < 16; i++)
        values[i] = 1;
    for (int i = 0; i < LAUNCHES; i++)
        expected = 2 * expected + 2 + (float)i;
    ck_assert_fer(fer_exec_write(executor, first, values, sizeof(values), &err), err);
    ck_assert_fer(fer_exec_run(executor, program->segments[1], &err), err);
    ck_assert_fer(fer_exec_read(executor, last, values, sizeof(values), &err), err);
    ck_assert_float_eq(values[15], expected);
    fer_exec_free(executor);
    toy_free(program);
    fer_device_close(device);
}

static int objects;

static int count_object(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)walk;
    objects += kind == FTW_F && strlen(path) > 13 && !strcmp(path + strlen(path) - 13, "/advance_x.so");
    return 0;
}

/* Kernels of this test that PoCL has compiled to machine code. */
static int compiled(void)
{
    objects = 0;
    nftw(folder, count_object, 8, FTW_PHYS);
    return objects;
}

static size_t known_keys(void)
{
    struct fer_known known;
    size_t count;

    ck_assert(fer_known_load(&known));
    count = known.count;
    fer_known_free(&known);
    return count;
}

/* A program in the place of fer-compile: it says that it was started, and does what `line` says. */
static void impostor(const char *line)
{
    char path[64], mark[64];
    FILE *file;

    snprintf(path, sizeof(path), "%s/impostor", folder);
    snprintf(mark, sizeof(mark), "%s/mark", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\n: >%s\n%s\n", mark, line);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0700), 0);
    setenv("FER_COMPILE", path, 1);
}

static bool started(void)
{
    char mark[64];

    snprintf(mark, sizeof(mark), "%s/mark", folder);
    return unlink(mark) == 0;
}

static void forget(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/libfer/known", folder);
    unlink(path);
    started();
    err = (struct fer_error)FER_ERROR_INIT;
}

/* PoCL compiles a kernel when it runs; here none has run in this process. */
START_TEST(others_compile)
{
    int before = compiled();

    test = 1;
    setenv("FER_COMPILE", compile, 1);
    start(-1);
    ck_assert_int_eq(told, LAUNCHES);
    if (device->pocl && sysconf(_SC_NPROCESSORS_ONLN) > 1)
        ck_assert_int_eq(compiled() - before, LAUNCHES);
    finish();
}
END_TEST

/* What has been asked for once is not asked for again, so nobody is started. */
START_TEST(known_the_second_time)
{
    struct fer_known one;
    char path[64];

    impostor("exit 1");
    start(-1);
    if (!device->pocl || sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        finish();
        return;
    }
    ck_assert(started());
    finish();
    ck_assert_uint_eq(known_keys(), LAUNCHES);
    start(-1);
    ck_assert(!started());
    finish();
    ck_assert_uint_eq(known_keys(), LAUNCHES);

    /* a cache that has been moved is another one */
    setenv("CUDA_CACHE_PATH", "/elsewhere", 1);
    start(-1);
    ck_assert(started());
    finish();
    unsetenv("CUDA_CACHE_PATH");
    ck_assert_uint_eq(known_keys(), 2 * LAUNCHES);

    /* a damaged file holds less */
    snprintf(path, sizeof(path), "%s/libfer/known", folder);
    ck_assert_int_eq(truncate(path, (off_t)sizeof(struct fer_key) + 3), 0);
    ck_assert(fer_known_load(&one) && one.count == 1);
    fer_known_free(&one);
    start(-1);
    ck_assert(started());
    finish();
    start(-1); /* and is mended by what is added */
    ck_assert(!started());
    finish();

    /* without a cache of the driver's nothing would come of it */
    forget();
    setenv("POCL_KERNEL_CACHE", "0", 1);
    start(-1);
    ck_assert(!started());
    unsetenv("POCL_KERNEL_CACHE");
    finish();
}
END_TEST

/* Whoever was to compile has died, at once or after the first half of a job. */
START_TEST(deserted)
{
    setenv("FER_CACHE", "off", 1); /* else other drivers' binaries are there from the tests before */
    impostor(_i ? "head -c 500 >/dev/null" : "exit 1");
    start(-1);
    ck_assert_int_ge(told, LAUNCHES);
    finish();
    setenv("FER_COMPILE", "/nowhere/fer-compile", 1);
    start(-1);
    ck_assert_int_eq(told, LAUNCHES);
    finish();
}
END_TEST

/* A kernel that cannot run on zeros takes its worker with it, and the others are done all the same. */
START_TEST(fatal_kernel)
{
    int before = compiled();

    test = 2;
    setenv("FER_COMPILE", compile, 1);
    start(LAUNCHES - 1);
    if (device->pocl && sysconf(_SC_NPROCESSORS_ONLN) > 1)
        ck_assert_int_ge(compiled() - before, LAUNCHES - 1);
    finish();
}
END_TEST

START_TEST(switched_off)
{
    impostor("exit 1");
    setenv("FER_COMPILE", "off", 1);
    start(-1);
    ck_assert(!started());
    finish();
}
END_TEST

/* ---- a cache of its own for each test; PoCL asks for its folder once, so that is the same for all ---- */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

int main(void)
{
    Suite *suite = suite_create("workers");
    TCase *jobs = tcase_create("jobs"), *workers = tcase_create("workers");
    SRunner *runner;
    char pocl[64];
    int failed;

    compile = getenv("FER_COMPILE") ? strdup(getenv("FER_COMPILE")) : "./fer-compile";
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(pocl, sizeof(pocl), "%s/pocl", folder);
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("POCL_CACHE_DIR", pocl, 1);
    tcase_add_test(jobs, job_round_trip);
    tcase_add_test(jobs, job_void);
    tcase_add_test(jobs, serves);
    tcase_add_test(jobs, refuses_strangers);
    tcase_add_checked_fixture(workers, forget, NULL);
    tcase_add_test(workers, others_compile);
    tcase_add_test(workers, known_the_second_time);
    tcase_add_loop_test(workers, deserted, 0, 2);
    tcase_add_test(workers, fatal_kernel);
    tcase_add_test(workers, switched_off);
    suite_add_tcase(suite, jobs);
    suite_add_tcase(suite, workers);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
