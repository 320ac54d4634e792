/* SPDX-License-Identifier: Apache-2.0
 *
 * find_eyes: landmarks of faces that fill their pictures, from two eyes that a cascade finds, on the device.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../emit.h"
#include "eyes_cl.h"
#include "haar.h"

/* As in eyes.cl. */
#define ROOM 128
#define MOST 512
#define COLUMNS 5
/* The shorter side of a canvas: an eye of 48 pixels' face becomes as large as the cascade's window. */
#define SIDE 160

struct find_eyes {
    const char *cascade;
    double scale_factor;
    int min_neighbors, enlarge;
};
static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct find_eyes, cascade, "/usr/share/opencv4/haarcascades/haarcascade_eye.xml",
                   "OpenCV's XML of a Haar cascade that finds one eye"),
    FER_PARAM_FLOAT(struct find_eyes, scale_factor, "1.1", 1.01, 10, "the windows' size from level to level"),
    FER_PARAM_INT(struct find_eyes, min_neighbors, "3", 0, 1000, "an eye needs more windows than this around it"),
    FER_PARAM_INT(struct find_eyes, enlarge, "0", 0, 64,
                  "pictures are searched so many times as large; 0: until the shorter side has 160 pixels"),
    NULL,
};
static const char *const reads[] = { "image", NULL };
static const char *const writes[] = { "landmarks", "found", NULL };

static enum fer_status find_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *image = fer_op_input(op, 0);
    if (image->rank != 4 || image->dtype != FER_F32 || !image->batch || (image->dim[1] != 1 && image->dim[1] != 3))
        return fer_fail(err, FER_ESHAPE, "find_eyes needs pictures of 1 or 3 channels, N x C x H x W");
    const struct fer_shape landmarks = fer_shape_make(image, 2, (const int[]){ 5, 2 });
    const struct fer_shape found = fer_shape_make(image, 0, NULL);
    fer_op_output(op, 0, &landmarks);
    fer_op_output(op, 1, &found);
    return FER_OK;
}

/* What is known once the cascade is read. */
struct eyes {
    struct haar_search search;
    struct fer_emit *em;
    int times, levels;
    struct fer_tensor *factors, *accepted, *counts;
};

static struct fer_tensor *batch_of(const struct eyes *e, enum fer_dtype dtype, int axes, const int *dims)
{
    struct fer_shape shape = fer_shape_make(fer_tensor_shape(fer_emit_input(e->em, 0)), axes, dims);
    shape.dtype = dtype;
    return fer_emit_temp(e->em, &shape, FER_LAYOUT_PLAIN);
}

static int times_of(const struct find_eyes *p, const struct fer_shape *image)
{
    const int shorter = image->dim[2] < image->dim[3] ? image->dim[2] : image->dim[3];
    return p->enlarge ? p->enlarge : (SIDE + shorter - 1) / shorter;
}

/* The table of the search and the factors of its levels: all pictures have one size. */
static enum fer_status make_tables(struct eyes *e, const struct haar *haar, struct fer_error *err)
{
    const int width = e->search.width, height = e->search.height;
    struct haar_level *levels = calloc(HAAR_LEVELS_MAX, sizeof(*levels));
    struct fer_shape table, result;
    char key[4300];
    enum fer_status status =
        levels ? haar_shape(haar, width, height, &table, &result, err) : fer_fail(err, FER_ENOMEM, "out of memory");
    e->levels = status ? 0 : haar_levels(haar, width, height, levels);
    void *rows = status ? NULL : calloc(fer_shape_count(&table), sizeof(int32_t));
    float *factors = calloc((size_t)e->levels + 1, sizeof(*factors));
    if (!status && (!rows || !factors))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (!status && e->levels == 0)
        status = fer_fail_argument(err, FER_ESHAPE, "enlarge",
                                   "the cascade's window of %d x %d does not fit into pictures of "
                                   "%d x %d; use a larger enlarge",
                                   haar->cascade.width, haar->cascade.height, width, height);
    if (!status)
        status = haar_prepare(haar, NULL, width, height, rows, err);
    if (!status) {
        const struct fer_shape list = { .dtype = FER_F32, .rank = 1, .dim = { e->levels } };
        for (int i = 0; i < e->levels; i++)
            factors[i] = levels[i].factor;
        snprintf(key, sizeof(key), "haar table %d %d %.17g %.4096s", width, height, haar->params->scale_factor,
                 haar->params->cascade);
        e->search.table = fer_emit_constant(e->em, key, &table, rows);
        snprintf(key, sizeof(key), "haar factors %d %d %.17g %.4096s", width, height, haar->params->scale_factor,
                 haar->params->cascade);
        e->factors = fer_emit_constant(e->em, key, &list, factors);
        e->search.windows = result.dim[0];
    }
    free(factors);
    free(rows);
    free(levels);
    return status;
}

static void emit_canvas(const struct eyes *e)
{
    struct fer_tensor *image = fer_emit_input(e->em, 0);
    struct fer_launch *launch = fer_emit_kernel(e->em, fer_eyes_cl, "eyes_canvas", "%s", "");
    fer_launch_in(launch, "image", image);
    fer_launch_out(launch, "canvas", e->search.image);
    fer_launch_int(launch, e->times);
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)e->search.width), fer_extent_fixed((size_t)e->search.height),
                        fer_extent_rows(image, 1, 1), 64, 1, 1);
}

static void emit_choice(const struct eyes *e, const struct cascade *cascade, int min_neighbors)
{
    struct fer_launch *launch = fer_emit_kernel(e->em, fer_eyes_cl, "eyes_collect", "%s", "");
    fer_launch_in(launch, "result", e->search.result);
    fer_launch_in(launch, "table", e->search.table);
    fer_launch_in(launch, "factors", e->factors);
    fer_launch_out(launch, "accepted", e->accepted);
    fer_launch_out(launch, "counts", e->counts);
    fer_launch_int(launch, cascade->width);
    fer_launch_int(launch, cascade->height);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)e->levels), fer_extent_rows(e->counts, 1, 1), 1, 1);

    launch = fer_emit_kernel(e->em, fer_eyes_cl, "eyes_choose", "%s", "");
    fer_launch_in(launch, "accepted", e->accepted);
    fer_launch_in(launch, "counts", e->counts);
    fer_launch_out(launch, "rects", batch_of(e, FER_F32, 2, (const int[]){ MOST, COLUMNS }));
    fer_launch_out(launch, "classes", batch_of(e, FER_I32, 1, (const int[]){ MOST }));
    fer_launch_out(launch, "landmarks", fer_emit_output(e->em, 0));
    fer_launch_out(launch, "found", fer_emit_output(e->em, 1));
    fer_launch_int(launch, e->search.width);
    fer_launch_int(launch, e->search.height);
    fer_launch_int(launch, e->times);
    fer_launch_int(launch, min_neighbors);
    fer_launch_range_2d(launch, fer_extent_rows(e->counts, 1, 1), fer_extent_fixed(1), 1, 1);
}

static enum fer_status emit(struct fer_emit *em, const struct haar *haar, struct fer_error *err)
{
    const struct find_eyes *p = fer_emit_params(em);
    const struct fer_shape *image = fer_tensor_shape(fer_emit_input(em, 0));
    struct eyes e = { .em = em, .times = times_of(p, image) };
    e.search = (struct haar_search){
        .haar = haar, .em = em, .width = image->dim[3] * e.times, .height = image->dim[2] * e.times
    };
    enum fer_status status = make_tables(&e, haar, err);
    if (status)
        return status;
    e.search.image = batch_of(&e, FER_U8, 2, (const int[]){ e.search.height, e.search.width });
    e.search.result = batch_of(&e, FER_U8, 1, (const int[]){ e.search.windows });
    e.accepted = batch_of(&e, FER_F32, 3, (const int[]){ e.levels, ROOM, COLUMNS });
    e.counts = batch_of(&e, FER_I32, 1, (const int[]){ e.levels });
    emit_canvas(&e);
    status = haar_search_emit(&e.search, err);
    if (!status)
        emit_choice(&e, &haar->cascade, p->min_neighbors);
    return status;
}

static enum fer_status find_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct find_eyes *p = fer_emit_params(em);
    const struct haar_params search = { .cascade = p->cascade,
                                        .scale_factor = p->scale_factor,
                                        .min_neighbors = p->min_neighbors };
    struct haar haar = { .params = &search };
    enum fer_status status = cascade_read(&haar.cascade, p->cascade, err);
    if (status == FER_ENOTFOUND)
        return fer_fail_argument(err, status, "cascade",
                                 "there is no cascade %s; Debian's package opencv-data has some, or give cascade=FILE",
                                 p->cascade);
    if (status)
        return status;
    status = emit(em, &haar, err);
    cascade_free(&haar.cascade);
    return status;
}

const struct fer_layer haar_find_eyes = {
    .size = sizeof(haar_find_eyes),
    .name = "find_eyes",
    .help = "Make five landmarks of a face that fills its picture from the two eyes that a cascade finds; none where "
            "it does "
            "not find two",
    .params = params,
    .params_size = sizeof(struct find_eyes),
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 2,
    .flags = FER_LAYER_DATA,
    .shape = find_shape,
    .forward = find_forward,
    .reads = reads,
    .writes = writes,
};
