/* SPDX-License-Identifier: Apache-2.0
 *
 * From a reader to batches in host memory: the part of a `data` description before and including `batch`.  Worker
 * threads decode and transform; the order and the contents of the batches depend on the spec, the epoch and the step
 * alone, never on the number of threads.
 */
#ifndef FER_DATA_PIPELINE_H
#define FER_DATA_PIPELINE_H

#include <fer/data.h>

/* One host operation, bound; exactly one of the two is set. */
struct fer_pipeline_item {
    const struct fer_transform *transform;
    const struct fer_sampler *sampler;
    const void *params;
};

/* What to build.  Everything pointed to must outlive the pipeline. */
struct fer_pipeline_spec {
    const char *name; /* of the data item, for errors: "train" */
    const struct fer_reader *reader;
    const void *reader_params;
    struct fer_data_env env;               /* env.seed keys every random choice of the pipeline */
    const struct fer_pipeline_item *items; /* in the order of the description */
    int nitems;
    int batch;       /* capacity of a batch, >= 1 */
    int part, parts; /* of each batch the pipeline fills rows part * batch / parts … alone; parts 0: all of it.  Only
                        with drop_last and where parts divides batch */
    bool shuffle;    /* training: permute every epoch, let samplers order it.  false: the samples' own order, always */
    bool drop_last;  /* training: leave out the last partial batch */
    unsigned wanted; /* fields somebody reads (enum fer_field); 0: all there are.  Not decoded when not wanted */
    int threads;     /* 0: the smaller of 4 and the number of processors */
    size_t cache_bytes; /* decoded pictures kept in memory; 0: 2 GiB, or an eighth of the memory if that is less.  1:
                           none */
};

/* What the batches will be. */
struct fer_pipeline_info {
    unsigned fields;             /* every field that the pipeline offers after its host operations */
    unsigned filled;             /* those of them that batches carry: wanted, and FER_FIELD_ID */
    int channels, height, width; /* of image, image2 and mask (channels 1); 0 when there is no picture */
    int landmarks;               /* points, 0 when there are none */
    int softs;                   /* width of FER_FIELD_SOFT */
    int codes;                   /* width of FER_FIELD_CODE */
    int classes;  /* labels after `keep` and `group`; else those of the description (or those seen, without any) */
    size_t count; /* samples in an epoch */
    size_t steps; /* batches in an epoch */
    const struct fer_layer *render; /* the reader's, see fer/data.h */
};

/* n live rows of `capacity`; every array has room for capacity rows and is NULL when its field is not in `has`. */
struct fer_batch {
    int n, capacity;
    size_t epoch, step;
    bool has_first; /* the next is known */
    uint32_t first; /* id of the first sample of the whole batch, whichever part of it this is */
    unsigned has;
    uint8_t *image, *image2; /* [n][height][width][channels], bytes */
    uint8_t *mask;           /* [n][height][width], 0 or 255 */
    int32_t *label, *label2, *subject;
    float *covered;   /* [n]: mean of the mask */
    float *same;      /* [n] */
    float *landmarks; /* [n][landmarks][2] */
    float *box;       /* [n][4] */
    float *soft;      /* [n][softs] */
    float *code;      /* [n][codes] */
    uint32_t *id;     /* [n] */
};

struct fer_pipeline;

/* Channels, height and width after the host transforms as far as these say (0: unknown), without touching a file. */
void fer_pipeline_extent(const struct fer_pipeline_spec *spec, int *channels, int *height, int *width);

/* Open the reader, run the samplers' choices, look at the first sample.  Errors name the data item. */
enum fer_status fer_pipeline_open(const struct fer_pipeline_spec *spec, struct fer_pipeline **out,
                                  struct fer_error *err);
/* Valid as long as the pipeline. */
const struct fer_pipeline_info *fer_pipeline_info(const struct fer_pipeline *pipeline);
/* From the next start on an epoch has but `count` >= 1 of its samples, spread evenly over it: the i-th is the one that
 * stood at i * (all of them) / count, with the partner that it had there; all when there are no more.  Counts in
 * fer_pipeline_info change too.  Not for a pipeline that fills a part. */
void fer_pipeline_spread(struct fer_pipeline *pipeline, size_t count);
/* Begin to fill batches of an epoch (0 in tests, 1, 2, … in training), from step first_step on (a resumed run).
 * Stops what was going on before. */
enum fer_status fer_pipeline_start(struct fer_pipeline *pipeline, size_t epoch, size_t first_step,
                                   struct fer_error *err);
/* The next batch; waits for it.  *batch = NULL at the end of the epoch.  It is the pipeline's and stays valid until
 * the next call of next, start, stop or close.  The first failure in sample order is what an epoch ends with. */
enum fer_status fer_pipeline_next(struct fer_pipeline *pipeline, const struct fer_batch **batch, struct fer_error *err);
/* End the epoch early; returns when no worker runs.  Harmless at any time. */
void fer_pipeline_stop(struct fer_pipeline *pipeline);
void fer_pipeline_close(struct fer_pipeline *pipeline); /* NULL is fine */

/* What people call the sample that comes at `turn` (0, 1, …) of the epoch that was started: its file most often; ""
 * when the reader has no names. */
void fer_pipeline_name(const struct fer_pipeline *pipeline, size_t turn, char *text, size_t size);

/* One sample as batches would hold it (contact sheets, `fer pack`): place 0 … count - 1 in the samples' own order,
 * all fields, epoch 0.  The caller frees it with fer_sample_free.  Not while an epoch is running. */
enum fer_status fer_pipeline_sample(struct fer_pipeline *pipeline, size_t place, struct fer_sample *sample,
                                    struct fer_error *err);
/* The split that the sample of a place belongs to, and the name of a label, as the reader knows them; NULL: it does
 * not, or samplers have renumbered the labels. */
const char *fer_pipeline_split(const struct fer_pipeline *pipeline, size_t place);
const char *fer_pipeline_label_name(const struct fer_pipeline *pipeline, int label);

#endif
