/* SPDX-License-Identifier: Apache-2.0 */
#include "run/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_DRIVER                                                                                                      \
    "install a driver: pocl-opencl-icd runs on the CPU, the vendor's package on a GPU; `clinfo -l` shows what is "     \
    "there"

static void trim(char *text)
{
    size_t start = strspn(text, " \t"), end = strlen(text);

    while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    memmove(text, text + start, end - start);
    text[end - start] = '\0';
}

void fer_device_text(cl_device_id id, cl_device_info what, char *text, size_t size)
{
    size_t length = 0;
    char *whole = NULL;

    text[0] = '\0';
    if (clGetDeviceInfo(id, what, 0, NULL, &length) == CL_SUCCESS && length > 0)
        whole = calloc(length + 1, 1);
    if (whole && clGetDeviceInfo(id, what, length, whole, NULL) == CL_SUCCESS) {
        trim(whole);
        snprintf(text, size, "%.*s", (int)size - 1, whole);
    }
    free(whole);
}

static void platform_text(cl_platform_id platform, char *text, size_t size)
{
    char name[1024] = "";

    if (clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name) - 1, name, NULL) != CL_SUCCESS)
        name[0] = '\0';
    trim(name);
    snprintf(text, size, "%.*s", (int)size - 1, name);
}

/* Oclgrind reports DEFAULT, and several types at once. */
static cl_device_type type_of(cl_device_id id)
{
    cl_device_type type = 0;

    if (clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof(type), &type, NULL) != CL_SUCCESS)
        return 0;
    return type & ~(cl_device_type)CL_DEVICE_TYPE_DEFAULT;
}

enum fer_status fer_profile_find(cl_device_id id, enum fer_profile *profile, struct fer_error *err)
{
    const char *wish = getenv("FER_PROFILE");
    cl_device_local_mem_type local = CL_LOCAL;

    clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_TYPE, sizeof(local), &local, NULL);
    *profile = local == CL_GLOBAL || type_of(id) == CL_DEVICE_TYPE_CPU ? FER_PROFILE_CPU : FER_PROFILE_GPU;
    if (!wish || !*wish)
        return FER_OK;
    if (strcasecmp(wish, "cpu") && strcasecmp(wish, "gpu"))
        return fer_fail(err, FER_EINVAL, "FER_PROFILE is '%s'; set it to cpu or gpu, or unset it", wish);
    *profile = strcasecmp(wish, "cpu") ? FER_PROFILE_GPU : FER_PROFILE_CPU;
    return FER_OK;
}

/* ---- what there is ---- */

static enum fer_status add_platform(cl_platform_id platform, struct fer_candidate **list, int *count,
                                    struct fer_error *err)
{
    cl_device_id ids[64];
    cl_uint found = 0;
    struct fer_candidate *grown;

    /* A platform without a device, or one that fails, does not spoil the others. */
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 64, ids, &found) != CL_SUCCESS || found == 0)
        return FER_OK;
    if (found > 64)
        found = 64;
    grown = realloc(*list, ((size_t)*count + found) * sizeof(*grown));
    if (!grown)
        return fer_fail(err, FER_ENOMEM, "out of memory while devices were listed");
    *list = grown;
    for (cl_uint i = 0; i < found; i++) {
        struct fer_candidate *candidate = &grown[(*count)++];

        *candidate = (struct fer_candidate){ .platform = platform, .id = ids[i], .type = type_of(ids[i]) };
        fer_device_text(ids[i], CL_DEVICE_NAME, candidate->name, sizeof(candidate->name));
        platform_text(platform, candidate->platform_name, sizeof(candidate->platform_name));
    }
    return FER_OK;
}

enum fer_status fer_candidates_find(struct fer_candidate **list, int *count, struct fer_error *err)
{
    cl_platform_id platforms[32];
    cl_uint found = 0;
    enum fer_status status = FER_OK;

    *list = NULL;
    *count = 0;
    /* The loader says -1001 when it knows no platform; some say success and zero. */
    if (clGetPlatformIDs(32, platforms, &found) != CL_SUCCESS || found == 0)
        return fer_fail(err, FER_ENOTFOUND, "no OpenCL platform was found; " NO_DRIVER);
    for (cl_uint i = 0; i < found && i < 32 && !status; i++)
        status = add_platform(platforms[i], list, count, err);
    if (!status && *count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "OpenCL is installed, but no platform has a device; " NO_DRIVER);
    if (status) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return status;
}

/* ---- which one is meant ---- */

static cl_ulong strength(const struct fer_candidate *candidate)
{
    cl_uint units = 0, clock = 0;
    cl_bool unified = CL_FALSE;

    clGetDeviceInfo(candidate->id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(units), &units, NULL);
    clGetDeviceInfo(candidate->id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(clock), &clock, NULL);
    clGetDeviceInfo(candidate->id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(unified), &unified, NULL);
    return (cl_ulong)units * clock + (unified ? 0 : (cl_ulong)1 << 40);
}

/* GPUs before CPUs before accelerators; what claims to be several things at once is a simulator and comes last. */
static int standing(const struct fer_candidate *candidate)
{
    switch (candidate->type) {
    case CL_DEVICE_TYPE_GPU: return 3;
    case CL_DEVICE_TYPE_CPU: return 2;
    case CL_DEVICE_TYPE_ACCELERATOR: return 1;
    default: return 0;
    }
}

static bool matches(const struct fer_candidate *candidate, const char *spec)
{
    if (!*spec)
        return true;
    if (!strcasecmp(spec, "gpu"))
        return candidate->type & CL_DEVICE_TYPE_GPU;
    if (!strcasecmp(spec, "cpu"))
        return candidate->type & CL_DEVICE_TYPE_CPU;
    return strcasestr(candidate->name, spec) || strcasestr(candidate->platform_name, spec);
}

static bool is_number(const char *spec, long *number)
{
    char *end;

    if (*spec < '0' || *spec > '9')
        return false;
    *number = strtol(spec, &end, 10);
    return *end == '\0';
}

static enum fer_status fail_choice(const struct fer_candidate *list, int count, const char *spec, struct fer_error *err)
{
    char names[512] = "";
    size_t used = 0;

    for (int i = 0; i < count && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%d %s", i ? ", " : "", i, list[i].name);
    return fer_fail(err, FER_ENOTFOUND, "no device is '%s'; there %s: %s", spec, count == 1 ? "is" : "are", names);
}

/* Better first; what is equal stays in the order of the list. */
static bool is_better(const struct fer_candidate *a, const struct fer_candidate *b)
{
    return standing(a) > standing(b) || (standing(a) == standing(b) && strength(a) > strength(b));
}

/* How many matching devices of the kind of `of` there are, and how many of them come before it. */
static int count_kind(const struct fer_candidate *list, int count, const char *wish, int of, int *before)
{
    int kind = 0;

    *before = 0;
    for (int i = 0; i < count; i++) {
        if (!matches(&list[i], wish) || standing(&list[i]) != standing(&list[of]))
            continue;
        kind++;
        *before += is_better(&list[i], &list[of]) || (i < of && !is_better(&list[of], &list[i]));
    }
    return kind;
}

static enum fer_status choose_one(const struct fer_candidate *list, int count, const char *wish, int turn, int *index,
                                  struct fer_error *err)
{
    int best = -1, before;
    long number;

    if (is_number(wish, &number) && number < count) {
        *index = (int)number;
        return FER_OK;
    }
    for (int i = 0; i < count; i++) {
        if (matches(&list[i], wish) && (best < 0 || is_better(&list[i], &list[best])))
            best = i;
    }
    if (best < 0)
        return fail_choice(list, count, wish, err);
    *index = best; /* also if the driver says something else about it when it is asked again */
    turn %= count_kind(list, count, wish, best, &before);
    for (int i = 0; i < count; i++) {
        if (!matches(&list[i], wish) || standing(&list[i]) != standing(&list[best]))
            continue;
        count_kind(list, count, wish, i, &before);
        if (before == turn)
            *index = i;
    }
    return FER_OK;
}

enum fer_status fer_candidates_choose(const struct fer_candidate *list, int count, const char *spec, int place,
                                      int *index, struct fer_error *err)
{
    const char *wish = spec && *spec ? spec : getenv("FER_DEVICE"), *entry;
    int entries = 1;
    char one[256];

    if (!wish)
        wish = "";
    for (const char *at = wish; *at; at++)
        entries += *at == ',';
    entry = wish;
    for (int skip = place % entries; skip > 0; skip--)
        entry = strchr(entry, ',') + 1;
    snprintf(one, sizeof(one), "%.*s", (int)strcspn(entry, ","), entry);
    trim(one);
    return choose_one(list, count, one, place / entries, index, err);
}

/* ---- the list for people ---- */

static void type_text(cl_device_type type, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", type & CL_DEVICE_TYPE_GPU ? "gpu " : "", type & CL_DEVICE_TYPE_CPU ? "cpu " : "",
             type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator" : "");
    trim(text);
}

static void describe(const struct fer_candidate *candidate, int index, struct fer_device_info *info)
{
    cl_uint units = 0;
    cl_ulong memory = 0, largest = 0;

    info->index = index;
    snprintf(info->name, sizeof(info->name), "%s", candidate->name);
    snprintf(info->platform, sizeof(info->platform), "%s", candidate->platform_name);
    fer_device_text(candidate->id, CL_DRIVER_VERSION, info->driver, sizeof(info->driver));
    fer_device_text(candidate->id, CL_DEVICE_VERSION, info->version, sizeof(info->version));
    type_text(candidate->type, info->type, sizeof(info->type));
    clGetDeviceInfo(candidate->id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(units), &units, NULL);
    clGetDeviceInfo(candidate->id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(memory), &memory, NULL);
    clGetDeviceInfo(candidate->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(largest), &largest, NULL);
    info->compute_units = units;
    info->global_memory = memory;
    info->max_allocation = largest;
}

enum fer_status fer_devices_list(struct fer_device_info **list, int *count, struct fer_error *err)
{
    struct fer_candidate *candidates;
    enum fer_status status = fer_candidates_find(&candidates, count, err);

    *list = NULL;
    if (status)
        return status;
    *list = calloc((size_t)*count, sizeof(**list));
    if (!*list)
        status = fer_fail(err, FER_ENOMEM, "out of memory while devices were listed");
    for (int i = 0; i < *count && !status; i++) {
        describe(&candidates[i], i, &(*list)[i]);
        status = fer_profile_find(candidates[i].id, &(*list)[i].profile, err);
    }
    free(candidates);
    if (status) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return status;
}
