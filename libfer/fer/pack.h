/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed data sets: decoded samples in one file, for devices faster than a JPEG decoder.  Little-endian; `fer pack`
 * writes it, the readers of the plugin `data` take it in place of their folder or file.
 */
#ifndef FER_PACK_H
#define FER_PACK_H

#include <fer/data.h>
#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fer_pack;

/* Whether the file begins like a packed one.  false also when it cannot be read. */
FER_API bool fer_pack_probe(const char *path);
/* Open a file, read its tables and check them; samples are checked (XXH3) as they are read.  Errors: FER_ENOTFOUND,
 * FER_EIO, FER_EFORMAT (damaged), FER_ENOTSUP (of another version or byte order), FER_ENOMEM, each naming the file. The
 * file stays open; one that is cut or written to in the meantime costs the samples that it no longer has. */
FER_API enum fer_status fer_pack_open(const char *path, struct fer_pack **out, struct fer_error *err);
/* What was handed out of it is gone, too.  NULL is fine. */
FER_API void fer_pack_close(struct fer_pack *pack);
/* How many samples it has. */
FER_API size_t fer_pack_count(const struct fer_pack *pack);
/* enum fer_field: what they have. */
FER_API unsigned fer_pack_fields(const struct fer_pack *pack);
/* Names that labels had when the file was written, as long as the pack is open; NULL past the last. */
FER_API const char *fer_pack_label_name(const struct fer_pack *pack, int label);
/* The split of a sample (index < count); NULL: none. */
FER_API const char *fer_pack_split(const struct fer_pack *pack, size_t index);
/* Sample `index`, with the labels of the file.  Pictures only when `what` has them.  For label, subject and id alone
 * the checksum, and with it the rest of the sample, is not looked at.  FER_EINVAL: there is no such sample;
 * FER_EFORMAT: it is damaged or gone; FER_EIO, FER_ENOMEM.  The caller frees it with fer_sample_free.  Thread safe. */
FER_API enum fer_status fer_pack_sample(const struct fer_pack *pack, size_t index, unsigned what,
                                        struct fer_sample *sample, struct fer_error *err);

/* Told after every sample; returns false to stop (FER_EINTERRUPTED, nothing is left behind). */
struct fer_pack_watch {
    void *context;
    bool (*progress)(void *context, size_t done, size_t count);
};
/* Read everything that a reader has and write it to `path`: temporary file, fsync, rename.  Labels are those of
 * env->labels, or the reader's own where env has none.  Pictures whose channels are equal are stored as one.  Errors:
 * the reader's own, FER_EPLUGIN (it gives what no sample can hold), FER_ENOTSUP (its pictures are rendered on the
 * device), FER_EFORMAT (it has no sample), FER_EINTERRUPTED, FER_EIO, FER_ENOMEM. */
FER_API enum fer_status fer_pack_write(const char *path, const struct fer_reader *reader, const void *params,
                                       const struct fer_data_env *env, const struct fer_pack_watch *watch,
                                       struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
