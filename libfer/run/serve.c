/* SPDX-License-Identifier: Apache-2.0 */
#include "run/serve.h"

#include "run/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Memory like one of the other side's buffers: zeros, of which no page is there before it is touched. */
struct block {
    uint64_t id;
    void *bytes;
    size_t size;
    cl_mem mem;
    struct block *next;
};

struct server {
    struct fer_device *device;
    struct block *blocks;
    bool runs; /* the compiler waits for a kernel to run */
};

static void free_blocks(struct server *server)
{
    struct block *next;

    for (struct block *block = server->blocks; block; block = next) {
        next = block->next;
        clReleaseMemObject(block->mem);
        munmap(block->bytes, block->size);
        free(block);
    }
}

static struct block *make_block(struct server *server, uint64_t id, size_t size)
{
    struct block *block = calloc(1, sizeof(*block));
    cl_int code;

    if (!block)
        return NULL;
    block->id = id;
    block->size = size;
    block->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block->bytes == MAP_FAILED) {
        free(block);
        return NULL;
    }
    block->mem =
        clCreateBuffer(server->device->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, size, block->bytes, &code);
    if (!block->mem) {
        munmap(block->bytes, size);
        free(block);
        return NULL;
    }
    block->next = server->blocks;
    server->blocks = block;
    return block;
}

static cl_mem find_memory(struct server *server, uint64_t id, size_t size)
{
    struct block *block = server->blocks;

    while (block && (block->id != id || block->size != size))
        block = block->next;
    if (!block)
        block = make_block(server, id, size);
    return block ? block->mem : NULL;
}

/* What one kernel leaves behind may be no index for the next, and zero is one everywhere. */
static void clear_blocks(struct server *server)
{
    for (struct block *block = server->blocks; block; block = block->next)
        madvise(block->bytes, block->size, MADV_DONTNEED);
}

struct range {
    cl_uint dims;
    bool has_local;
    size_t global[3], local[3];
};

static bool take_range(struct fer_job *job, struct range *range)
{
    range->dims = (cl_uint)fer_job_take_number(job);
    range->has_local = fer_job_take_number(job);
    if (range->dims < 1 || range->dims > 3)
        return false;
    for (cl_uint i = 0; i < range->dims; i++) {
        range->global[i] = (size_t)fer_job_take_number(job);
        range->local[i] = (size_t)fer_job_take_number(job);
    }
    return !job->failed;
}

static bool set_arguments(struct server *server, struct fer_job *job, cl_kernel kernel)
{
    for (cl_uint at = 0;; at++) {
        uint64_t kind = fer_job_take_number(job);
        size_t size = kind == FER_JOB_END ? 0 : (size_t)fer_job_take_number(job);
        const void *value = kind == FER_JOB_VALUE ? fer_job_take(job, size) : NULL;
        cl_mem memory = NULL;

        if (kind == FER_JOB_MEMORY) {
            memory = find_memory(server, fer_job_take_number(job), size);
            value = &memory;
            size = sizeof(memory);
        }
        if (job->failed || kind == FER_JOB_END)
            return !job->failed;
        if (clSetKernelArg(kernel, at, size, value) != CL_SUCCESS)
            return false;
    }
}

static bool run(struct server *server, struct fer_job *job, cl_kernel kernel, const struct range *range)
{
    clear_blocks(server);
    return set_arguments(server, job, kernel) &&
           clEnqueueNDRangeKernel(server->device->queue, kernel, range->dims, NULL, range->global,
                                  range->has_local ? range->local : NULL, 0, NULL, NULL) == CL_SUCCESS &&
           clFinish(server->device->queue) == CL_SUCCESS;
}

static bool work(struct server *server, struct fer_job *job)
{
    const char *defines = fer_job_take_text(job), *source = fer_job_take_text(job);
    const char *options = fer_job_take_text(job), *name = fer_job_take_text(job);
    struct range range;
    cl_program program;
    cl_kernel kernel;
    cl_int code;
    bool done;

    if (!take_range(job, &range) ||
        fer_device_program(server->device, defines, source, options, NULL, &program, NULL) != FER_OK)
        return false;
    if (!server->runs)
        return true;
    kernel = clCreateKernel(program, name, &code);
    if (!kernel)
        return false;
    done = run(server, job, kernel, &range);
    clReleaseKernel(kernel);
    return done;
}

/* The other side counts devices as this one does, unless drivers came or went in between. */
static bool greet(int socket, struct fer_job *job, struct server *server)
{
    char number[24];
    const char *greeting, *name;

    if (!fer_job_receive(socket, job))
        return false;
    greeting = fer_job_take_text(job);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)fer_job_take_number(job));
    name = fer_job_take_text(job);
    server->runs = fer_job_take_number(job);
    return !job->failed && !strcmp(greeting, FER_SERVE_GREETING) &&
           fer_device_open(number, &server->device, NULL) == FER_OK && !strcmp(server->device->name, name);
}

bool fer_serve(int socket)
{
    struct fer_job job = { 0 };
    struct server server = { 0 };
    bool greeted = greet(socket, &job, &server);

    while (greeted && fer_job_receive(socket, &job)) {
        char done = work(&server, &job);

        if (send(socket, &done, 1, MSG_NOSIGNAL) != 1)
            break;
    }
    free_blocks(&server);
    fer_device_close(server.device);
    fer_job_free(&job);
    return greeted;
}
