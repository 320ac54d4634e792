/* SPDX-License-Identifier: Apache-2.0
 *
 * One OpenCL device: context, in-order queue, profile, program cache.
 */
#ifndef FER_RUN_DEVICE_H
#define FER_RUN_DEVICE_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <fer/op.h>
#include <fer/status.h>

struct fer_device {
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    enum fer_profile profile;
    char name[256], platform_name[256], vendor[128], driver[128], version[128], c_version[128];
    char *extensions;    /* separated by blanks; owned */
    char c_standard[16]; /* "-cl-std=CL1.2", from CL_DEVICE_OPENCL_C_VERSION */
    cl_uint compute_units;
    char tuned_as[256]; /* in measurements: "NAME, 2 units", as what is the fastest for two is not for one */
    cl_ulong global_memory, max_allocation, local_memory;
    size_t max_work_group;
    size_t max_local[3];
    size_t sub_group; /* GPU profile: the fewest work-items of a hardware thread that a kernel can ask for, or 0 */
    int vec_lanes;    /* CPU profile: the floats of a register, 8 or 16, as kernels reckon with them; 0 on GPUs */
    bool local_is_global;
    bool oclgrind;          /* simulated by Oclgrind, which needs care in two places */
    bool pocl;              /* Portable Computing Language */
    bool rusticl;           /* Mesa's */
    bool lean;              /* programs declare the built-in functions that they use (run/builtins.h) */
    bool profiling;         /* the queue records times */
    size_t allocated, peak; /* bytes of live fer_buffers */
    struct fer_program_cache *cache;
};

/* One line of `fer devices`. */
struct fer_device_info {
    int index; /* what --device N means */
    char name[256], platform[256], driver[128], version[128], type[32];
    unsigned compute_units;
    uint64_t global_memory, max_allocation;
    enum fer_profile profile;
};
/* *list is malloc'ed.  No platform at all is FER_ENOTFOUND with what to install. */
enum fer_status fer_devices_list(struct fer_device_info **list, int *count, struct fer_error *err);

/* Open a device.  `spec`: NULL or "" (FER_DEVICE, else the best GPU, else a CPU), an index, "cpu", "gpu", or a part of
 * a platform's or device's name.  Profile: GPU unless local memory is global or the type is exactly CPU;
 * FER_PROFILE=cpu|gpu overrides.  Owned by the caller; a device, its buffers and its executors belong to one thread at
 * a time. */
enum fer_status fer_device_open(const char *spec, struct fer_device **out, struct fer_error *err);
/* The same for one of several processes on a machine: `spec` may be a list, "gpu,cpu".  Process `place` (0, 1, …) takes
 * entry place modulo their number; whoever has that entry too takes the next best device of the kind, counted round. */
enum fer_status fer_device_open_place(const char *spec, int place, struct fer_device **out, struct fer_error *err);
/* Buffers and executors first.  NULL is fine. */
void fer_device_close(struct fer_device *device);
/* Whether it has an extension: "cl_khr_fp16". */
bool fer_device_has(const struct fer_device *device, const char *extension);
/* Of the sizes of sub-groups that kernels can ask for, the smallest from 8 on whose double is there, too; 0: none. */
size_t fer_sub_group_choose(const size_t *sizes, size_t count);
/* Replace the queue by one that records times, after it has finished its work.  It stays until the device closes. */
enum fer_status fer_device_profile(struct fer_device *device, struct fer_error *err);

/* Device memory with one owner.  Counted in device->allocated.  FER_ENOMEM says how much was asked for. */
struct fer_buffer {
    struct fer_device *device;
    cl_mem mem;
    size_t bytes;
};
enum fer_status fer_buffer_create(struct fer_device *device, size_t bytes, struct fer_buffer **out,
                                  struct fer_error *err);
void fer_buffer_free(struct fer_buffer *buffer);
/* Blocking copies; offset and size in bytes, checked. */
enum fer_status fer_buffer_write(struct fer_buffer *buffer, size_t offset, const void *data, size_t size,
                                 struct fer_error *err);
enum fer_status fer_buffer_read(struct fer_buffer *buffer, size_t offset, void *data, size_t size,
                                struct fer_error *err);
enum fer_status fer_buffer_fill(struct fer_buffer *buffer, size_t offset, size_t size, uint32_t pattern,
                                struct fer_error *err);
enum fer_status fer_device_finish(struct fer_device *device, struct fer_error *err);

/* A cl_program for defines + prelude + source with options, built once per device and kept until the device closes
 * (not the caller's to release).  Binaries of drivers that do not cache by themselves are kept under
 * $XDG_CACHE_HOME/libfer (FER_CACHE=off: nowhere; FER_CACHE=on: for every driver).  FER_EBUILD holds the first lines of
 * the build log, with line numbers of `source`.  `building`, when not NULL, is told what is being compiled (cold
 * starts), and by fer_exec_create, with NULL, that it has done so. */
struct fer_build_watch {
    void (*building)(void *user, const char *what);
    void *user;
};
enum fer_status fer_device_program(struct fer_device *device, const char *defines, const char *source,
                                   const char *options, const struct fer_build_watch *watch, cl_program *out,
                                   struct fer_error *err);
/* Maps an OpenCL error number to a sentence: "clEnqueueNDRangeKernel(relu): out of resources (-5)".  Returns FER_ENOMEM
 * where memory is exhausted, else FER_EDEVICE. */
enum fer_status fer_fail_cl(struct fer_error *err, cl_int code, const char *format, ...) FER_PRINTF(3, 4);

#endif
