/* SPDX-License-Identifier: Apache-2.0 */
#include "run/binary.h"

#include "file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <xxhash.h>

#define BINARY_LIMIT ((size_t)256 << 20)

/* A file: this head, then `size` bytes of the driver's.  Written and read on one machine, so in its byte order. */
struct head {
    char magic[8];
    uint64_t high, low; /* the key again: a file under a wrong name is none */
    uint64_t size, check;
};
static const char magic[8] = "FERCLB1";

static bool is_nvidia(const struct fer_device *device)
{
    return strstr(device->platform_name, "NVIDIA");
}

bool fer_driver_keeps(const struct fer_device *device)
{
    const char *pocl = getenv("POCL_KERNEL_CACHE"), *cuda = getenv("CUDA_CACHE_DISABLE");

    if (device->pocl)
        return !pocl || strcmp(pocl, "0") != 0;
    return is_nvidia(device) && (!cuda || !strcmp(cuda, "0"));
}

bool fer_binary_wanted(const struct fer_device *device)
{
    const char *wish = getenv("FER_CACHE");

    if (wish && !strcasecmp(wish, "off"))
        return false;
    if (wish && !strcasecmp(wish, "on"))
        return true;
    return !device->pocl && !is_nvidia(device);
}

static char *cache_path(struct fer_key key)
{
    char name[40];

    snprintf(name, sizeof(name), "%016" PRIx64 "%016" PRIx64 ".bin", key.high, key.low);
    return fer_cache_path(name);
}

static const unsigned char *check_file(const void *bytes, size_t size, struct fer_key key, size_t *length)
{
    const unsigned char *data = (const unsigned char *)bytes + sizeof(struct head);
    struct head head;

    if (size < sizeof(head))
        return NULL;
    memcpy(&head, bytes, sizeof(head));
    if (memcmp(head.magic, magic, sizeof(magic)) || head.high != key.high || head.low != key.low)
        return NULL;
    if (head.size == 0 || head.size != size - sizeof(head) || head.check != XXH3_64bits(data, size - sizeof(head)))
        return NULL;
    *length = size - sizeof(head);
    return data;
}

bool fer_binary_exists(struct fer_key key)
{
    char *path = cache_path(key);
    bool exists = path && access(path, R_OK) == 0;

    free(path);
    return exists;
}

cl_program fer_binary_load(struct fer_device *device, struct fer_key key, const char *options)
{
    const unsigned char *data;
    char *path = cache_path(key);
    cl_program program = NULL;
    cl_int code = CL_SUCCESS, loaded = CL_SUCCESS;
    void *bytes = NULL;
    size_t size = 0, length = 0;

    if (path && fer_file_read(path, BINARY_LIMIT, &bytes, &size, NULL))
        bytes = NULL;
    free(path);
    if (!bytes)
        return NULL;
    data = check_file(bytes, size, key, &length);
    if (data)
        program = clCreateProgramWithBinary(device->context, 1, &device->id, &length, &data, &loaded, &code);
    free(bytes);
    if (program && (code != CL_SUCCESS || loaded != CL_SUCCESS ||
                    clBuildProgram(program, 1, &device->id, options, NULL, NULL) != CL_SUCCESS)) {
        clReleaseProgram(program);
        program = NULL;
    }
    return program;
}

/* The context has one device, so the program has one binary. */
void fer_binary_store(struct fer_key key, cl_program program)
{
    struct head head = { .high = key.high, .low = key.low };
    unsigned char *binary = NULL;
    char *path;
    size_t size = 0;

    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL) != CL_SUCCESS || size == 0 ||
        size > BINARY_LIMIT - sizeof(head))
        return;
    binary = malloc(size);
    if (binary && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL) == CL_SUCCESS) {
        struct fer_bytes parts[] = { { &head, sizeof(head) }, { binary, size } };

        memcpy(head.magic, magic, sizeof(magic));
        head.size = size;
        head.check = XXH3_64bits(binary, size);
        path = cache_path(key);
        if (path && fer_directory_make_for(path, NULL) == FER_OK)
            fer_file_write_atomic(path, parts, 2, NULL);
        free(path);
    }
    free(binary);
}
