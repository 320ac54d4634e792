/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples and what makes them: readers, host transforms, samplers.  Everything before `batch` in a data pipeline is
 * one of these and runs per picture on host threads; everything after it is a layer (FER_LAYER_DATA) on the device.
 */
#ifndef FER_DATA_H
#define FER_DATA_H

#include <fer/param.h>
#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An 8-bit picture: height rows of width pixels of channels (1 gray, 3 RGB, 4 RGBA) bytes.  `pixels` is malloc'ed and
 * belongs to the struct.
 *
 * The functions below are thread safe.  What they make belongs to the caller, who frees it with fer_image_free; after a
 * failure it is zeroed.  Sides go from 1 to 16384, and 64 million pixels are the most: FER_EINVAL for what is asked
 * for, FER_EFORMAT for what a file holds.  All may fail with FER_ENOMEM. */
struct fer_image {
    int width, height, channels;
    uint8_t *pixels;
};
/* Decode PNG, JPEG, BMP, PGM or PPM from memory or a file of at most 256 MiB into 1, 3 or 4 channels (channels = 0: as
 * stored, without the alpha of gray).  A JPEG is turned as its EXIF says that it is held.  Refuses sides over 16384 and
 * over 64 million pixels.  FER_EFORMAT: no such picture, or a damaged one; FER_EINVAL: another number of channels;
 * FER_ENOMEM.  Thread safe. */
FER_API enum fer_status fer_image_decode(struct fer_image *image, const void *bytes, size_t size, int channels,
                                         struct fer_error *err);
/* The same of a file; FER_ENOTFOUND and FER_EIO too.  Sentences name it. */
FER_API enum fer_status fer_image_read(struct fer_image *image, const char *path, int channels, struct fer_error *err);
/* A black picture.  FER_EINVAL: a size that is refused. */
FER_API enum fer_status fer_image_create(struct fer_image *image, int width, int height, int channels,
                                         struct fer_error *err);
/* Resize with antialiasing (triangle filter widened by the scale, as PIL's BILINEAR), into a new picture: the bytes of
 * PIL's Image.resize. */
FER_API enum fer_status fer_image_resize(struct fer_image *out, const struct fer_image *in, int width, int height,
                                         struct fer_error *err);
/* The same with a box filter: every pixel is the mean of the area that it covers, as PIL's BOX. */
FER_API enum fer_status fer_image_resize_area(struct fer_image *out, const struct fer_image *in, int width, int height,
                                              struct fer_error *err);
/* Into RGB (gray is repeated, alpha dropped) as a new picture. */
FER_API enum fer_status fer_image_rgb(struct fer_image *out, const struct fer_image *in, struct fer_error *err);
/* ITU-R 601 luma, as PIL's convert("L"). */
FER_API enum fer_status fer_image_gray(struct fer_image *out, const struct fer_image *in, struct fer_error *err);
/* Write a PNG of 1, 3 or 4 channels: temporary file, fsync, rename.  FER_EINVAL, FER_EIO. */
FER_API enum fer_status fer_image_write_png(const struct fer_image *image, const char *path, struct fer_error *err);
/* Frees the pixels, not the struct; a zeroed struct is fine. */
FER_API void fer_image_free(struct fer_image *image);

#define FER_MAX_LANDMARKS 68
#define FER_MAX_CODE 64
#define FER_MAX_SOFT 32

/* The fields that a sample can have; a set of them is an unsigned. */
enum fer_field {
    FER_FIELD_IMAGE = 1 << 0,     /* u8 picture; on the device f32 [N,C,H,W] in [0, 1] */
    FER_FIELD_LABEL = 1 << 1,     /* i32 [N] */
    FER_FIELD_LANDMARKS = 1 << 2, /* f32 [N,L,2]: x, y in pixels, the centre of the first pixel is 0.5 */
    FER_FIELD_BOX = 1 << 3,       /* f32 [N,4]: x0, y0, x1, y1 in pixels */
    FER_FIELD_MASK = 1 << 4,      /* f32 [N,1,H,W]: 1 where covered */
    FER_FIELD_COVERED = 1 << 5,   /* f32 [N]: covered fraction of the picture */
    FER_FIELD_SUBJECT = 1 << 6,   /* i32 [N] */
    FER_FIELD_ID = 1 << 7,        /* u32 [N]: stable number of the sample in its reader; always present */
    FER_FIELD_SOFT = 1 << 8,      /* f32 [N,K]: label distribution (FER+ votes) */
    FER_FIELD_CODE = 1 << 9,      /* f32 [N,code]: parameters of a picture that the device will render */
    FER_FIELD_IMAGE2 = 1 << 10,   /* of pairs */
    FER_FIELD_LABEL2 = 1 << 11,
    FER_FIELD_SAME = 1 << 12, /* f32 [N]: 1 when label == label2, else 0 */
    FER_FIELD_FOUND = 1 << 13 /* f32 [N]: 1 where an operation on the device knew the face's points, 0 where it
                                 took the usual places; no reader has it */
};
/* "image", …; NULL when no single field. */
FER_API const char *fer_field_name(unsigned field);
/* The field called `name`; 0: none. */
FER_API unsigned fer_field_find(const char *name);

struct fer_sample {
    unsigned has; /* enum fer_field */
    uint32_t id;
    struct fer_image image, image2;
    int label, label2, subject;
    float same;
    int landmarks;
    float landmark[FER_MAX_LANDMARKS][2];
    float box[4];
    struct fer_image mask; /* one channel, 0 or 255 */
    int codes;
    float code[FER_MAX_CODE];
    int softs;
    float soft[FER_MAX_SOFT];
};
/* Free the pictures and zero the struct. */
FER_API void fer_sample_free(struct fer_sample *sample);

/* What every reader, transform and sampler is told. */
struct fer_data_env {
    size_t size;
    const char *const *labels; /* the description's class names, in the order of the logits */
    int nlabels;
    uint64_t seed;
    const char *dir;           /* relative paths start here (already applied to FER_TYPE_PATH parameters) */
    const char *override_path; /* --data NAME=PATH: use this instead of the reader's own path; or NULL.  A reader
                                  that reads no files fails with FER_EINVAL, so that nobody believes it was read */
};

struct fer_layer;

/* Where samples come from.  open reads lists, not pictures; sample is called from several threads at once. */
struct fer_reader {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    /* *state is the reader's own.  *count > 0 samples, *fields what each has. */
    enum fer_status (*open)(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                            unsigned *fields, struct fer_error *err);
    /* Fill *sample (zeroed; ownership of pictures passes to the caller).  `what` is the subset of fields wanted:
     * without FER_FIELD_IMAGE nothing is decoded. */
    enum fer_status (*sample)(void *state, size_t index, unsigned what, struct fer_sample *sample,
                              struct fer_error *err);
    void (*close)(void *state);
    /* Pictures are rendered on the device from `code` by this layer, bound to the reader's own parameters, right
     * after `batch`; NULL: pictures are read. */
    const struct fer_layer *render;
    int codes; /* floats in FER_FIELD_CODE */
    /* For `fer pack`; both may be NULL.  The split that a sample belongs to ("train"; NULL: none is known), and the
     * name of a label when the description has no `labels` (NULL past the last). */
    const char *(*split)(void *state, size_t index);
    const char *(*label_name)(void *state, int label);
    /* What people call a sample, its file most often, into `text`; for errors.  May be NULL. */
    void (*sample_name)(void *state, size_t index, char *text, size_t size);
};

/* What a parameter of type FER_TYPE_READERS holds: `data NAME -> … = reader …`, to be opened with an env whose
 * override_path is this one. */
struct fer_bound_reader {
    const char *name;
    const struct fer_reader *reader;
    const void *params;
    const char *override_path; /* --data NAME=PATH, or NULL */
};

/* A change to one sample on a host thread.  `random` holds four uniform numbers in [0, 1) that depend on seed,
 * operation, epoch and sample alone.  `fields` maps the fields before to the fields after, at opening.  apply is called
 * from several threads at once, for different samples, and keeps nothing from one to the next. */
struct fer_transform {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    enum fer_status (*fields)(const void *params, unsigned before, unsigned *after, struct fer_error *err);
    /* Side lengths after, from side lengths before (0: unknown, or different from picture to picture). */
    void (*extent)(const void *params, int *channels, int *height, int *width);
    enum fer_status (*apply)(const void *params, struct fer_sample *sample, const double random[4],
                             struct fer_error *err);
    bool draws; /* apply looks at `random`, so what it makes is not kept from epoch to epoch */
};

/* Which samples there are and in which order they come: keep, group, balanced, fold, pairs, shuffle.  select and order
 * are called by the thread that opens and starts an epoch, partner and refer from several threads at once. */
struct fer_sampler {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
    /* Choose and renumber once: `label` and `subject` (one per sample; -1 where the reader has none) may be changed,
     * keep[i] = false drops sample i.  NULL: keeps all. */
    enum fer_status (*select)(const void *params, const struct fer_data_env *env, size_t count, int *label,
                              const int *subject, bool *keep, struct fer_error *err);
    /* The order of one training epoch: write `count` indexes into order[count] (repeats allowed), using only the
     * given key for randomness.  NULL: the usual permutation. */
    enum fer_status (*order)(const void *params, size_t count, const int *label, uint64_t key, size_t *order,
                             struct fer_error *err);
    /* Partners (pairs): for the i-th place of an epoch that holds sample `index`, the index of image2.  NULL: none. */
    enum fer_status (*partner)(const void *params, size_t count, const int *label, uint64_t key, size_t place,
                               size_t index, size_t *partner, struct fer_error *err);
    /* Partners out of another set: a reader that the pipeline opens with reference_params(params) (NULL: not this
     * time), and the choice of one for a sample of class `label`.  References go through the same transforms. */
    const struct fer_reader *references;
    const void *(*reference_params)(const void *params);
    enum fer_status (*refer)(const void *params, int label, size_t references, const int *reference_label, uint64_t key,
                             size_t place, size_t *reference, struct fer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
