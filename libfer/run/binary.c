/* SPDX-License-Identifier: Apache-2.0 */
#include "run/binary.h"

#include "file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <xxhash.h>

#define BINARY_LIMIT ((size_t)256 << 20)
#define PATH_SIZE 4096

/* A file: this head, then `size` bytes of the driver's.  Written and read on one machine, so in its byte order. */
struct head {
    char magic[8];
    uint64_t high, low; /* the key again: a file under a wrong name is none */
    uint64_t size, check;
};
static const char magic[8] = "FERCLB1";

bool fer_binary_wanted(const struct fer_device *device)
{
    const char *wish = getenv("FER_CACHE");

    if (wish && !strcasecmp(wish, "off"))
        return false;
    if (wish && !strcasecmp(wish, "on"))
        return true;
    return !device->pocl && !strstr(device->platform_name, "NVIDIA");
}

/* $XDG_CACHE_HOME/libfer; the XDG specification says to ignore a relative path. */
static bool cache_folder(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length;

    if (cache && cache[0] == '/')
        length = snprintf(path, size, "%s/libfer", cache);
    else if (home && home[0] == '/')
        length = snprintf(path, size, "%s/.cache/libfer", home);
    else
        return false;
    return length > 0 && (size_t)length < size;
}

static bool cache_path(struct fer_key key, char *path, size_t size)
{
    char folder[PATH_SIZE];
    int length;

    if (!cache_folder(folder, sizeof(folder)))
        return false;
    length = snprintf(path, size, "%s/%016" PRIx64 "%016" PRIx64 ".bin", folder, key.high, key.low);
    return length > 0 && (size_t)length < size;
}

static void make_folders(const char *path)
{
    char folder[PATH_SIZE];

    snprintf(folder, sizeof(folder), "%s", path);
    for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(folder, 0700);
        *at = '/';
    }
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

cl_program fer_binary_load(struct fer_device *device, struct fer_key key, const char *options)
{
    const unsigned char *data;
    char path[PATH_SIZE];
    cl_program program = NULL;
    cl_int code = CL_SUCCESS, loaded = CL_SUCCESS;
    void *bytes = NULL;
    size_t size = 0, length = 0;

    if (!cache_path(key, path, sizeof(path)) || fer_file_read(path, BINARY_LIMIT, &bytes, &size, NULL))
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
    char path[PATH_SIZE];
    size_t size = 0;

    if (!cache_path(key, path, sizeof(path)) ||
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL) != CL_SUCCESS || size == 0 ||
        size > BINARY_LIMIT - sizeof(head))
        return;
    binary = malloc(size);
    if (binary && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL) == CL_SUCCESS) {
        struct fer_bytes parts[] = { { &head, sizeof(head) }, { binary, size } };

        memcpy(head.magic, magic, sizeof(magic));
        head.size = size;
        head.check = XXH3_64bits(binary, size);
        make_folders(path);
        fer_file_write_atomic(path, parts, 2, NULL);
    }
    free(binary);
}
