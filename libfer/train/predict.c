/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint's predict block on pictures.
 */
#include <fer/predict.h>
#include <stdlib.h>
#include <string.h>

#include "train/checkpoint.h"
#include "train/context.h"
#include "train/picture.h"

/* Every call is compiled for this many rows, and fewer are the same rows of the same program: so answers do not depend
 * on how many pictures come at once. */
enum { CAPACITY = 8 };

struct fer_predictor {
    struct fer_predictor_info info;
    struct fer_description *description;
    struct fer_store *store;
    struct fer_flow_program *flow;
    float *pixels;       /* [CAPACITY][channels][height][width] */
    float *answers;      /* [CAPACITY][classes] */
    const char **labels; /* [classes] */
};

static enum fer_status allocate(struct fer_predictor *p, struct fer_error *err)
{
    const struct fer_predictor_info *info = &p->info;
    size_t classes = (size_t)info->classes;

    p->pixels =
        calloc((size_t)CAPACITY * (size_t)info->channels * (size_t)info->height * (size_t)info->width, sizeof(float));
    p->answers = calloc(CAPACITY * classes, sizeof(float));
    p->labels = fer_classifier_labels(p->description, info->classes);
    if (!p->pixels || !p->answers || !p->labels)
        return fer_fail(err, FER_ENOMEM, "no memory for pictures of %d x %d", info->width, info->height);
    p->info.labels = p->labels;
    return FER_OK;
}

static enum fer_status open(struct fer_context *context, const struct fer_checkpoint *checkpoint, const char *name,
                            struct fer_predictor *p, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(context);
    struct fer_settings settings = { .seed = checkpoint->seed };
    struct fer_classifier block;
    struct fer_device *device;
    enum fer_status status = fer_context_parse(context, checkpoint->path, ".", checkpoint->description, &settings,
                                               FER_FOR_PREDICT, &p->description, err);

    if (status == FER_OK)
        status = fer_classifier_find(p->description, name, checkpoint->path, &block, err);
    if (status == FER_OK)
        status = fer_context_device(context, &device, err);
    if (status == FER_OK)
        status = fer_store_allocate(device, p->description, &p->store, err);
    if (status == FER_OK)
        status = fer_checkpoint_weights(checkpoint, p->store, err);
    if (status == FER_OK)
        status = fer_predict_compile(p->description, block.spec, CAPACITY, false, p->store, &options, &p->flow, err);
    if (status != FER_OK)
        return status;
    p->info = (struct fer_predictor_info){ .name = block.spec->name,
                                           .channels = block.channels,
                                           .height = block.height,
                                           .width = block.width,
                                           .classes = block.classes,
                                           .capacity = CAPACITY };
    return allocate(p, err);
}

enum fer_status fer_predictor_open(struct fer_context *context, const char *checkpoint, const char *name,
                                   struct fer_predictor **out, struct fer_error *err)
{
    struct fer_predictor *predictor = calloc(1, sizeof(*predictor));
    struct fer_checkpoint file = { 0 };
    enum fer_status status = predictor ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    *out = NULL;
    if (status == FER_OK)
        status = fer_checkpoint_open(checkpoint, &file, err);
    if (status == FER_OK)
        status = open(context, &file, name, predictor, err);
    fer_checkpoint_close(&file);
    if (status != FER_OK) {
        fer_predictor_close(predictor);
        return status;
    }
    *out = predictor;
    return FER_OK;
}

void fer_predictor_close(struct fer_predictor *predictor)
{
    if (!predictor)
        return;
    fer_flow_program_free(predictor->flow);
    fer_store_free(predictor->store);
    fer_description_free(predictor->description);
    free(predictor->pixels);
    free(predictor->answers);
    free(predictor->labels);
    free(predictor);
}

const struct fer_predictor_info *fer_predictor_info(const struct fer_predictor *predictor)
{
    return &predictor->info;
}

enum fer_status fer_predictor_run(struct fer_predictor *p, const struct fer_image *images, int count, enum fer_fit fit,
                                  float *answers, struct fer_error *err)
{
    size_t row = (size_t)p->info.channels * (size_t)p->info.height * (size_t)p->info.width;
    size_t bytes = (size_t)count * (size_t)p->info.classes * sizeof(float);
    enum fer_status status = FER_OK;

    if (count < 1 || count > CAPACITY)
        return fer_fail(err, FER_EINVAL, "%d pictures at once; 1 to %d are possible", count, CAPACITY);
    for (int i = 0; status == FER_OK && i < count; i++)
        status = fer_picture_planes(&images[i], fit, p->info.channels, p->info.height, p->info.width,
                                    p->pixels + (size_t)i * row, err);
    if (status == FER_OK)
        status = fer_exec_batch(p->flow->exec, count, err);
    if (status == FER_OK)
        status = fer_exec_write(p->flow->exec, p->flow->in[0], p->pixels, (size_t)count * row * sizeof(float), err);
    if (status == FER_OK)
        status = fer_exec_run(p->flow->exec, p->flow->segment, err);
    if (status == FER_OK)
        status = fer_exec_read(p->flow->exec, p->flow->out[0], p->answers, bytes, err);
    if (status == FER_OK)
        memcpy(answers, p->answers, bytes);
    return status;
}
