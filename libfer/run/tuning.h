/* SPDX-License-Identifier: Apache-2.0
 *
 * What was measured to be the fastest: a text file with a line for each problem on a device.  Written by `fer tune`,
 * read by everything that compiles.
 *
 *     fer tune 1
 *     # device  driver  type  mode  work  shape  kernels  solution  ms  gain          (separated by tabs)
 *     cpu-haswell, 2 units  3.1  f32  infer  conv2d forward  8x64x56x56 …  00c0ffee00c0ffee  direct chunk=96  3.1  1.08
 *
 * The first seven are the key.  `kernels` is the hash of all candidates' names, tunables and sources, so that a line
 * counts only for the kernels that were measured.  type: that of the arithmetic, and where maps lie in memory as 16
 * bits also theirs: f32/fp16.  mode: infer, or train where weights change in every step. gain: how many times slower
 * the heuristics' choice was.  Lines that begin with # and empty ones say nothing.
 */
#ifndef FER_RUN_TUNING_H
#define FER_RUN_TUNING_H

#include <fer/status.h>

enum { FER_TUNED_FIELDS = 6 };
struct fer_tuned {
    union {
        struct {
            const char *device, *driver, *type, *mode, *work, *shape;
        };
        const char *field[FER_TUNED_FIELDS];
    };
    uint64_t kernels;
    const char *solution; /* "direct chunk=96": a solver and values of its tunables, the others being their first */
    double ms, gain;
};

struct fer_tuning;

/* Where the file is when nobody says: $XDG_CACHE_HOME/libfer/tune.txt, or under ~/.cache.  malloc'ed; NULL: nowhere. */
char *fer_tuning_path(void);
/* A file that is not there is an empty one.  FER_EFORMAT names file and line; FER_EIO, FER_ENOMEM. */
enum fer_status fer_tuning_open(const char *path, struct fer_tuning **out, struct fer_error *err);
void fer_tuning_free(struct fer_tuning *tuning); /* NULL is fine */
const char *fer_tuning_file(const struct fer_tuning *tuning);
int fer_tuning_count(const struct fer_tuning *tuning);

/* The line with this key (what stands behind it is not looked at); NULL: there is none.  Then *why, when not NULL, is
 * what differs in a line for the same work: "device", "driver" or "kernels"; NULL: there is no such line either. */
const struct fer_tuned *fer_tuning_find(const struct fer_tuning *tuning, const struct fer_tuned *key, const char **why);
/* Read the file again, put the line in, in the place of the one with its key if there is one, and replace the file as a
 * whole: a reader sees the old or the new, and lines that others have written meanwhile stay, as all this happens under
 * an advisory lock on PATH.lock (which stays there; where it cannot be locked, without).  Texts are copied, tabs and
 * control characters as blanks. */
enum fer_status fer_tuning_put(struct fer_tuning *tuning, const struct fer_tuned *line, struct fer_error *err);

#endif
