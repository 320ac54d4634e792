/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint's predict block on pictures.
 */
#include <fer/predict.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/checkpoint.h"
#include "train/context.h"

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
    char *numbers;       /* texts of labels that have no name */
};

static const struct fer_predict_spec *find_block(const struct fer_description *description, const char *name)
{
    for (int i = 0; i < description->npredicts; i++) {
        if (!name || strcmp(name, description->predicts[i].name) == 0)
            return &description->predicts[i];
    }
    return NULL;
}

/* One picture in, one row of numbers out. */
static enum fer_status check_ports(struct fer_predictor *p, const struct fer_predict_spec *block, struct fer_error *err)
{
    const struct fer_shape *in, *out;

    if (block->ninputs != 1 || block->noutputs < 1)
        return fer_fail(err, FER_ESHAPE, "predict %s takes %d inputs; it should take one picture", block->name,
                        block->ninputs);
    in = &p->flow->in[0]->shape;
    out = &p->flow->out[0]->shape;
    if (in->rank != 4 || in->dtype != FER_F32 || (in->dim[1] != 1 && in->dim[1] != 3))
        return fer_fail(err, FER_ESHAPE, "predict %s: its input should be a picture, f32[1,H,W] or f32[3,H,W]",
                        block->name);
    if (out->rank != 2 || out->dtype != FER_F32 || out->batch != 1)
        return fer_fail(err, FER_ESHAPE, "predict %s: its first output should be one number a class", block->name);
    p->info.name = block->name;
    p->info.channels = in->dim[1];
    p->info.height = in->dim[2];
    p->info.width = in->dim[3];
    p->info.classes = out->dim[1];
    p->info.capacity = CAPACITY;
    return FER_OK;
}

static enum fer_status allocate(struct fer_predictor *p, struct fer_error *err)
{
    const struct fer_predictor_info *info = &p->info;
    size_t classes = (size_t)info->classes;

    p->pixels = calloc((size_t)CAPACITY * (size_t)info->channels * (size_t)info->height * (size_t)info->width,
                       sizeof(float));
    p->answers = calloc(CAPACITY * classes, sizeof(float));
    p->labels = calloc(classes, sizeof(*p->labels));
    p->numbers = calloc(classes, 12);
    if (!p->pixels || !p->answers || !p->labels || !p->numbers)
        return fer_fail(err, FER_ENOMEM, "no memory for pictures of %d x %d", info->width, info->height);
    for (int i = 0; i < info->classes; i++) {
        snprintf(p->numbers + 12 * i, 12, "%d", i);
        p->labels[i] = i < p->description->nlabels ? p->description->labels[i] : p->numbers + 12 * i;
    }
    p->info.labels = p->labels;
    return FER_OK;
}

static enum fer_status open(struct fer_context *context, const struct fer_checkpoint *checkpoint, const char *name,
                            struct fer_predictor *p, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(context);
    struct fer_settings settings = { .seed = checkpoint->seed };
    const struct fer_predict_spec *block = NULL;
    struct fer_device *device;
    enum fer_status status = fer_context_parse(context, checkpoint->path, ".", checkpoint->description, &settings,
                                               FER_FOR_PREDICT, &p->description, err);

    if (status == FER_OK && !(block = find_block(p->description, name)))
        status = fer_fail(err, FER_ENOTFOUND, name ? "%s has no predict '%s'" : "%s has no predict block",
                          checkpoint->path, name);
    if (status == FER_OK)
        status = fer_context_device(context, &device, err);
    if (status == FER_OK)
        status = fer_store_create(device, p->description, settings.seed, &p->store, err);
    if (status == FER_OK)
        status = fer_checkpoint_weights(checkpoint, p->store, err);
    if (status == FER_OK)
        status = fer_predict_compile(p->description, block, CAPACITY, false, p->store, &options, &p->flow, err);
    if (status == FER_OK)
        status = check_ports(p, block, err);
    return status == FER_OK ? allocate(p, err) : status;
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
    free(predictor->numbers);
    free(predictor);
}

const struct fer_predictor_info *fer_predictor_info(const struct fer_predictor *predictor)
{
    return &predictor->info;
}

/* ---- pictures ---- */

/* The largest centred piece of the port's ratio. */
static enum fer_status crop(struct fer_image *out, const struct fer_image *in, int width, int height,
                            struct fer_error *err)
{
    int w = in->width, h = in->height;
    enum fer_status status;

    if ((long long)w * height > (long long)h * width)
        w = (int)((long long)h * width / height);
    else
        h = (int)((long long)w * height / width);
    w = w > 0 ? w : 1;
    h = h > 0 ? h : 1;
    status = fer_image_create(out, w, h, in->channels, err);
    for (int y = 0; status == FER_OK && y < h; y++) {
        size_t row = ((size_t)(in->height - h) / 2 + (size_t)y) * (size_t)in->width + (size_t)(in->width - w) / 2;

        memcpy(out->pixels + (size_t)y * (size_t)w * (size_t)in->channels, in->pixels + row * (size_t)in->channels,
               (size_t)w * (size_t)in->channels);
    }
    return status;
}

/* Bytes in rows of pixels to planes in [0, 1]; gray pictures fill three planes alike, alpha is left out. */
static void to_planes(const struct fer_image *image, int channels, float *out)
{
    size_t pixels = (size_t)image->width * (size_t)image->height, step = (size_t)image->channels;

    for (int c = 0; c < channels; c++) {
        size_t from = image->channels >= 3 ? (size_t)c : 0;

        for (size_t i = 0; i < pixels; i++)
            out[(size_t)c * pixels + i] = (float)image->pixels[i * step + from] / 255.0f;
    }
}

static enum fer_status prepare(const struct fer_predictor *p, const struct fer_image *image, enum fer_fit fit, float *out,
                               struct fer_error *err)
{
    struct fer_image cropped = { 0 }, resized = { 0 }, gray = { 0 };
    const struct fer_image *current = image;
    enum fer_status status = FER_OK;

    if (fit == FER_FIT_CROP) {
        status = crop(&cropped, current, p->info.width, p->info.height, err);
        current = &cropped;
    }
    if (status == FER_OK && p->info.channels == 1 && current->channels != 1) {
        status = fer_image_gray(&gray, current, err);
        current = &gray;
    }
    if (status == FER_OK && (current->width != p->info.width || current->height != p->info.height)) {
        status = fer_image_resize(&resized, current, p->info.width, p->info.height, err);
        current = &resized;
    }
    if (status == FER_OK)
        to_planes(current, p->info.channels, out);
    fer_image_free(&cropped);
    fer_image_free(&resized);
    fer_image_free(&gray);
    return status;
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
        status = prepare(p, &images[i], fit, p->pixels + (size_t)i * row, err);
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
