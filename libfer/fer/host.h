/* SPDX-License-Identifier: Apache-2.0
 *
 * What host code of plugins (readers, samplers, transforms) builds on: files, class names, random numbers.
 * Everything here is thread safe.
 */
#ifndef FER_HOST_H
#define FER_HOST_H

#include <fer/data.h>
#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Read a whole file of at most `limit` bytes into malloc'ed memory, with a zero byte after the last.  The caller frees
 * *bytes.  Errors: FER_ENOTFOUND, FER_EIO, FER_EFORMAT (larger than the limit), FER_ENOMEM; each names the file. */
FER_API enum fer_status fer_file_read(const char *path, size_t limit, void **bytes, size_t *size,
                                      struct fer_error *err);

/* The number of a class: a name out of env->labels (case does not count) or a number in [0, nlabels).  Errors:
 * FER_ENOTFOUND, with the nearest name. */
FER_API enum fer_status fer_label_find(const struct fer_data_env *env, const char *text, int *label,
                                       struct fer_error *err);

/* strtod() in the C locale, whatever the process has set: numbers in files have a point in every country.  *end is
 * where the number ends, `text` itself when there is none; end may be NULL. */
FER_API double fer_number_read(const char *text, char **end);

/* The text as UTF-8, malloc'ed: what is none in it (RFC 3629) is U+FFFD, a byte at a time.  For names of files, which
 * may hold any bytes, where only UTF-8 can stand.  NULL when out of memory. */
FER_API char *fer_text_utf8(const char *text);

/* The nearest of `names` (NULL-terminated) to `name`: letters that are lost, surplus, wrong or in each other's place
 * count one each, case does not, and a third of the name's length is the most.  NULL: none.  Thread safe. */
FER_API const char *fer_nearest_name(const char *name, const char *const *names);

/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2,
 * 3; SC 2011), as in the kernels.  The same key, stream and element give the same number on every machine. */
struct fer_random {
    uint64_t key;
    uint32_t stream; /* what the numbers are for; streams are independent of one another */
};
/* 64 random bits. */
FER_API uint64_t fer_random_bits(struct fer_random random, uint64_t element);
/* Uniform in [0, 1), 53 bits. */
FER_API double fer_random_uniform(struct fer_random random, uint64_t element);
/* Uniform in [0, n); 0 for n = 0. */
FER_API size_t fer_random_below(struct fer_random random, uint64_t element, size_t n);
/* Shuffle (Fisher and Yates), using the elements 0 … count - 1. */
FER_API void fer_random_permute(struct fer_random random, size_t *items, size_t count);

#ifdef __cplusplus
}
#endif
#endif
