/* SPDX-License-Identifier: Apache-2.0 */
#include "run/build.h"

#include "prelude_cl.h"
#include "run/binary.h"
#include "run/builtins.h"
#include "run/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* A program and its key.  128 bits do not collide by chance. */
struct entry {
    struct fer_key key;
    cl_program program; /* NULL: free */
};

/* Open addressing, at most half full; entries are never removed. */
struct fer_program_cache {
    struct entry *entries;
    size_t size; /* a power of two */
    int count, compiled;
};

struct fer_program_cache *fer_program_cache_create(void)
{
    struct fer_program_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    cache->size = 64;
    cache->entries = calloc(cache->size, sizeof(*cache->entries));
    if (!cache->entries) {
        free(cache);
        return NULL;
    }
    return cache;
}

void fer_program_cache_free(struct fer_program_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->size; i++) {
        if (cache->entries[i].program)
            clReleaseProgram(cache->entries[i].program);
    }
    free(cache->entries);
    free(cache);
}

int fer_program_cache_count(const struct fer_program_cache *cache)
{
    return cache->count;
}

int fer_program_cache_compiled(const struct fer_program_cache *cache)
{
    return cache->compiled;
}

/* The entry of a key, or the free one where it belongs. */
static struct entry *find(struct entry *entries, size_t size, struct fer_key key)
{
    size_t at = (size_t)key.low & (size - 1);

    while (entries[at].program && (entries[at].key.low != key.low || entries[at].key.high != key.high))
        at = (at + 1) & (size - 1);
    return &entries[at];
}

static bool reserve(struct fer_program_cache *cache)
{
    struct entry *grown;

    if (2 * ((size_t)cache->count + 1) <= cache->size)
        return true;
    grown = calloc(2 * cache->size, sizeof(*grown));
    if (!grown)
        return false;
    for (size_t i = 0; i < cache->size; i++) {
        if (cache->entries[i].program)
            *find(grown, 2 * cache->size, cache->entries[i].key) = cache->entries[i];
    }
    free(cache->entries);
    cache->entries = grown;
    cache->size *= 2;
    return true;
}

/* ---- one program ---- */

/* #line makes the compiler count the lines of each part from 1. */
enum { DEFINES = 0, SOURCE = 4, PARTS };
struct text {
    const char *parts[PARTS];
    size_t lengths[PARTS];
    char options[8192];
};

static enum fer_status text_init(struct text *text, const struct fer_device *device, const char *defines,
                                 const char *source, const char *options, struct fer_error *err)
{
    const char *parts[PARTS] = { defines ? defines : "", "\n#line 1 \"prelude.cl\"\n", fer_prelude_cl,
                                 "\n#line 1 \"source\"\n", source };
    /* No -cl-mad-enable: the language already lets a compiler contract a*b+c, and mad may be less exact than both.
     * Optimised, a/b beside a%b has LLVM's freeze in it, with which Oclgrind 21.10 --uninitialized gives up. */
    char known[48] = "";
    int length;

    if (device->sub_group)
        snprintf(known, sizeof(known), " -DFER_SUB_GROUP=%zu", device->sub_group);
    else if (device->vec_lanes)
        snprintf(known, sizeof(known), " -DFER_VEC_LANES=%d", device->vec_lanes);
    length = snprintf(text->options, sizeof(text->options), "%s -w -cl-kernel-arg-info%s%s%s%s", device->c_standard,
                      device->oclgrind ? " -cl-opt-disable" : "", known, options && *options ? " " : "",
                      options ? options : "");
    if (length < 0 || (size_t)length >= sizeof(text->options))
        return fer_fail(err, FER_EINVAL, "compiler options of %d characters are too long", length);
    for (int i = 0; i < PARTS; i++) {
        text->parts[i] = parts[i];
        text->lengths[i] = strlen(parts[i]);
    }
    return FER_OK;
}

/* Strings are hashed with their ends, so that no text can move from one to the next. */
static enum fer_status text_key(const struct text *text, const struct fer_device *device, struct fer_key *key,
                                struct fer_error *err)
{
    const char *others[] = { text->options, device->platform_name, device->name, device->driver, device->version };
    XXH3_state_t *state = XXH3_createState();
    XXH128_hash_t hash;

    if (!state)
        return fer_fail(err, FER_ENOMEM, "out of memory while a kernel was built");
    XXH3_128bits_reset(state);
    for (int i = 0; i < PARTS; i++)
        XXH3_128bits_update(state, text->parts[i], text->lengths[i] + 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        XXH3_128bits_update(state, others[i], strlen(others[i]) + 1);
    hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    *key = (struct fer_key){ hash.high64, hash.low64 };
    return FER_OK;
}

/* "relu_forward", "moments and 4 more", for people who wait: what `defines` and the source ask for, else the first
 * kernel of the source. */
static void kernel_name(const char *defines, const char *source, char *name, size_t size)
{
    static const char asked[] = "#define FER_KERNEL_", found[] = "kernel void ";
    const char *const texts[] = { defines ? defines : "", source };
    const char *first = NULL;
    int count = 0;

    for (int i = 0; i < 2; i++)
        for (const char *at = texts[i]; (at = strstr(at, asked)); count++) {
            at += strlen(asked);
            first = first ? first : at;
        }
    if (!first && (first = strstr(source, found)))
        first += strlen(found) + strspn(first + strlen(found), " \t\n");
    if (!first)
        snprintf(name, size, "a kernel");
    else if (count > 1)
        snprintf(name, size, "%.*s and %d more", (int)strcspn(first, " \n"), first, count - 1);
    else
        snprintf(name, size, "%.*s", (int)strcspn(first, " \t\n("), first);
}

void fer_build_tell(const struct fer_build_watch *watch, const char *name, const char *options)
{
    char what[512];

    if (!watch || !watch->building)
        return;
    options = options ? options + strspn(options, " ") : "";
    if (name)
        snprintf(what, sizeof(what), "%s%s%s", name, *options ? " " : "", options);
    watch->building(watch->user, name ? what : NULL);
}

/* As many whole lines of the log as a sentence holds. */
static enum fer_status fail_build(const struct fer_device *device, cl_program program, const struct text *text,
                                  cl_int code, struct fer_error *err)
{
    static const size_t most = FER_ERROR_TEXT - 256;
    char name[80], *log = NULL, *end;
    size_t size = 0, start;
    enum fer_status status;

    kernel_name(text->parts[DEFINES], text->parts[SOURCE], name, sizeof(name));
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    log = size > 1 ? calloc(size + 1, 1) : NULL;
    if (!log || clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL) != CL_SUCCESS) {
        free(log);
        fer_fail_cl(err, code, "clBuildProgram(%s) on %s", name, device->name);
        if (err)
            err->status = FER_EBUILD;
        return FER_EBUILD;
    }
    if (strlen(log) > most) {
        log[most] = '\0';
        end = strrchr(log, '\n');
        if (end)
            *end = '\0';
    }
    for (end = log + strlen(log); end > log && (end[-1] == '\n' || end[-1] == ' '); end--)
        end[-1] = '\0';
    start = strspn(log, " \n");
    status = fer_fail(err, FER_EBUILD, "%s does not compile on %s:\n%s", name, device->name, log + start);
    free(log);
    return status;
}

/* NULL with *code where it cannot even be made.  Else *code says whether it was built. */
static cl_program build(struct fer_device *device, const char *declarations, const struct text *text,
                        const char *options, cl_int *code)
{
    const char *parts[PARTS + 1] = { declarations };
    size_t lengths[PARTS + 1] = { strlen(declarations) };
    cl_program program;

    memcpy(parts + 1, text->parts, sizeof(text->parts));
    memcpy(lengths + 1, text->lengths, sizeof(text->lengths));
    program = clCreateProgramWithSource(device->context, PARTS + 1, parts, lengths, code);
    if (program)
        *code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    return program;
}

/* With our own declarations of built-in functions.  NULL: try the driver's. */
static cl_program build_lean(struct fer_device *device, const struct text *text)
{
    char options[sizeof(text->options) + sizeof(FER_BUILTINS_OPTION) + 1];
    char *declarations = fer_builtins_declare(text->parts, PARTS);
    cl_program program = NULL;
    cl_int code;

    if (!declarations)
        return NULL;
    snprintf(options, sizeof(options), "%s %s", text->options, FER_BUILTINS_OPTION);
    program = build(device, declarations, text, options, &code);
    free(declarations);
    if (program && code != CL_SUCCESS) {
        clReleaseProgram(program);
        program = NULL;
    }
    return program;
}

static enum fer_status compile(struct fer_device *device, const struct text *text, cl_program *out,
                               struct fer_error *err)
{
    enum fer_status status;
    cl_int code = CL_SUCCESS;

    *out = device->lean ? build_lean(device, text) : NULL;
    if (*out)
        return FER_OK;
    *out = build(device, "", text, text->options, &code);
    if (!*out)
        return fer_fail_cl(err, code, "clCreateProgramWithSource on %s", device->name);
    if (code == CL_SUCCESS)
        return FER_OK;
    status = fail_build(device, *out, text, code, err);
    clReleaseProgram(*out);
    *out = NULL;
    return status;
}

enum fer_status fer_device_program_key(const struct fer_device *device, const char *defines, const char *source,
                                       const char *options, struct fer_key *key, struct fer_error *err)
{
    struct text text;
    enum fer_status status = text_init(&text, device, defines, source, options, err);

    return status ? status : text_key(&text, device, key, err);
}

static enum fer_status dump(const struct text *text, const char *dir, struct fer_key key, struct fer_error *err)
{
    char name[80];

    kernel_name(text->parts[DEFINES], text->parts[SOURCE], name, sizeof(name));
    return fer_program_dump(dir, name, key, text->options, text->parts, PARTS, err);
}

enum fer_status fer_device_program_dump(const struct fer_device *device, const char *defines, const char *source,
                                        const char *options, const char *dir, struct fer_error *err)
{
    struct fer_key key;
    struct text text;
    enum fer_status status = text_init(&text, device, defines, source, options, err);

    if (!status)
        status = text_key(&text, device, &key, err);
    return status ? status : dump(&text, dir, key, err);
}

/* For programs that no description has: those of tests, of fer tune, of detectors. */
static enum fer_status dump_if_asked(const struct text *text, struct fer_key key, struct fer_error *err)
{
    const char *dir = getenv("FER_DUMP");
    enum fer_status status = dir && *dir ? dump(text, dir, key, err) : FER_OK;

    if (status)
        fer_fail_prefix(err, "FER_DUMP");
    return status;
}

bool fer_program_cache_has(const struct fer_program_cache *cache, struct fer_key key)
{
    return find(cache->entries, cache->size, key)->program;
}

enum fer_status fer_device_program(struct fer_device *device, const char *defines, const char *source,
                                   const char *options, const struct fer_build_watch *watch, cl_program *out,
                                   struct fer_error *err)
{
    struct fer_program_cache *cache = device->cache;
    bool disk = fer_binary_wanted(device);
    char name[80];
    cl_program program = NULL;
    struct entry *entry;
    struct fer_key key;
    struct text text;
    enum fer_status status = text_init(&text, device, defines, source, options, err);

    if (!status)
        status = text_key(&text, device, &key, err);
    if (!status && !reserve(cache))
        status = fer_fail(err, FER_ENOMEM, "out of memory while a kernel was built");
    if (status)
        return status;
    entry = find(cache->entries, cache->size, key);
    if (entry->program) {
        *out = entry->program;
        return FER_OK;
    }
    status = dump_if_asked(&text, key, err);
    if (status)
        return status;
    if (disk)
        program = fer_binary_load(device, key, text.options);
    if (!program) {
        kernel_name(defines, source, name, sizeof(name));
        fer_build_tell(watch, name, options);
        status = compile(device, &text, &program, err);
        if (status)
            return status;
        cache->compiled++;
        if (disk)
            fer_binary_store(key, program);
    }
    *entry = (struct entry){ key, program };
    cache->count++;
    *out = program;
    return FER_OK;
}
