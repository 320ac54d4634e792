/* SPDX-License-Identifier: Apache-2.0
 *
 * What all occluders have in common: inputs, outputs, and the launches around the occluder itself.
 */
#include "occlude.h"

#include <stdio.h>
#include <string.h>

#include "cover_cl.h"
#include "place_cl.h"

/* Numbers in the place of an occluder. */
#define PLACE_SIZE 8

const char *const occlude_reads[] = { "image", "?landmarks", "?box", "?mask", NULL };
const char *const occlude_reads_blind[] = { "image", "?mask", NULL };
const char *const occlude_writes[] = { "image", "mask", "covered", "found", NULL };
const char *const occlude_writes_blind[] = { "image", "mask", "covered", NULL };
const char *const occlude_trusts[] = { "auto", "required", "usual", NULL };
const char *const occlude_fills[] = { "colour", "mean", "noise", NULL };

/* The index of an input; -1: not given.  In a pipeline inputs have names, in a flow only places. */
static int input_of(const struct fer_op *op, enum occlude_field field, bool blind)
{
    static const char *const names[OCCLUDE_FIELDS] = { "image", "landmarks", "box", "mask" };
    const int inputs = fer_op_inputs(op);
    if (blind && (field == OCCLUDE_LANDMARKS || field == OCCLUDE_FACE_BOX))
        return -1;
    for (int i = 0; i < inputs; i++) {
        const char *name = fer_op_input_field(op, i);
        const int place = blind && i == 1 ? OCCLUDE_MASK : i;
        if (name && *name ? strcmp(name, names[field]) == 0 : place == (int)field)
            return i;
    }
    return field == OCCLUDE_IMAGE && inputs > 0 ? 0 : -1;
}

static enum fer_status check_inputs(struct fer_op *op, bool blind, struct fer_error *err)
{
    const struct fer_shape *image = fer_op_input(op, input_of(op, OCCLUDE_IMAGE, blind));
    const int landmarks = input_of(op, OCCLUDE_LANDMARKS, blind), box = input_of(op, OCCLUDE_FACE_BOX, blind);
    const int mask = input_of(op, OCCLUDE_MASK, blind);
    const struct fer_shape *marks = landmarks < 0 ? NULL : fer_op_input(op, landmarks);
    const struct fer_shape *edges = box < 0 ? NULL : fer_op_input(op, box);
    const struct fer_shape *before = mask < 0 ? NULL : fer_op_input(op, mask);
    if (!image || image->rank != 4 || image->dtype != FER_F32 || !image->batch ||
        (image->dim[1] != 1 && image->dim[1] != 3))
        return fer_fail(err, FER_ESHAPE, "an occluder needs pictures of 1 or 3 channels, N x C x H x W");
    if (marks && (marks->rank != 3 || marks->dim[0] != image->dim[0] || (marks->dim[1] != 5 && marks->dim[1] != 68) ||
                  marks->dim[2] != 2))
        return fer_fail(err, FER_ESHAPE, "landmarks for an occluder are N x 5 x 2 or N x 68 x 2");
    if (edges && (edges->rank != 2 || edges->dim[0] != image->dim[0] || edges->dim[1] != 4))
        return fer_fail(err, FER_ESHAPE, "the box for an occluder is N x 4");
    if (before && (before->rank != 4 || before->dim[0] != image->dim[0] || before->dim[1] != 1 ||
                   before->dim[2] != image->dim[2] || before->dim[3] != image->dim[3]))
        return fer_fail(err, FER_ESHAPE,
                        "the mask that an occluder adds to is N x 1 x %d x %d, as large as the picture", image->dim[2],
                        image->dim[3]);
    return FER_OK;
}

static enum fer_status declare(struct fer_op *op, bool blind, struct fer_error *err)
{
    const enum fer_status status = check_inputs(op, blind, err);
    if (status != FER_OK)
        return status;
    const struct fer_shape *image = fer_op_input(op, input_of(op, OCCLUDE_IMAGE, blind));
    const struct fer_shape mask = fer_shape_make(image, 3, (const int[]){ 1, image->dim[2], image->dim[3] });
    const struct fer_shape covered = fer_shape_make(image, 0, NULL);
    fer_op_output(op, 0, image);
    fer_op_output(op, 1, &mask);
    fer_op_output(op, 2, &covered);
    return FER_OK;
}

enum fer_status occlude_shape(struct fer_op *op, int trust, struct fer_error *err)
{
    if (trust == OCCLUDE_REQUIRED && input_of(op, OCCLUDE_LANDMARKS, false) < 0)
        return fer_fail_argument(err, FER_EINVAL, "landmarks",
                                 "landmarks are required and this data has none; take a reader that gives them, put "
                                 "find_eyes of the plugin haar before, or say landmarks=usual for aligned faces");
    const enum fer_status status = declare(op, false, err);
    if (status == FER_OK) {
        const struct fer_shape *image = fer_op_input(op, input_of(op, OCCLUDE_IMAGE, false));
        const struct fer_shape found = fer_shape_make(image, 0, NULL);
        fer_op_output(op, 3, &found);
    }
    return status;
}

enum fer_status occlude_shape_blind(struct fer_op *op, struct fer_error *err)
{
    return declare(op, true, err);
}

static struct occlude start(struct fer_emit *em, bool blind, enum occlude_trust trust, int places)
{
    struct occlude occlude = { .em = em, .blind = blind, .trust = trust, .places = places };
    for (int field = 0; field < OCCLUDE_FIELDS; field++) {
        const int i = input_of(fer_emit_op(em), (enum occlude_field)field, blind);
        const bool ignored = field == OCCLUDE_LANDMARKS && trust == OCCLUDE_USUAL;
        occlude.input[field] = i < 0 || ignored ? NULL : fer_emit_input(em, i);
    }
    const struct fer_shape *image = fer_tensor_shape(occlude.input[OCCLUDE_IMAGE]);
    const struct fer_shape place = fer_shape_make(image, 1, (const int[]){ places * PLACE_SIZE });
    occlude.channels = image->dim[1];
    occlude.height = image->dim[2];
    occlude.width = image->dim[3];
    occlude.place = fer_emit_temp(em, &place, FER_LAYOUT_PLAIN);
    return occlude;
}

struct occlude occlude_start(struct fer_emit *em, int trust, int places)
{
    return start(em, false, (enum occlude_trust)trust, places);
}

struct occlude occlude_start_blind(struct fer_emit *em)
{
    return start(em, true, OCCLUDE_AUTO, 1);
}

struct fer_launch *occlude_place(struct occlude *occlude, const char *kernel)
{
    struct fer_tensor *landmarks = occlude->input[OCCLUDE_LANDMARKS], *box = occlude->input[OCCLUDE_FACE_BOX];
    char more[96];
    snprintf(more, sizeof more, "%s%s%s", landmarks ? "-DHAS_LANDMARKS=1 " : "", box ? "-DHAS_BOX=1 " : "",
             occlude->trust == OCCLUDE_REQUIRED ? "-DREQUIRED=1" : "");
    struct fer_launch *launch = fer_emit_launch(occlude->em, fer_place_cl, kernel, more);
    fer_launch_out(launch, "place", occlude->place);
    if (!occlude->blind)
        fer_launch_out(launch, "found", fer_emit_output(occlude->em, 3));
    if (landmarks)
        fer_launch_in(launch, "landmarks", landmarks);
    if (box)
        fer_launch_in(launch, "box", box);
    return launch;
}

void occlude_place_random(struct occlude *occlude, struct fer_launch *launch, double p)
{
    fer_launch_random(launch, occlude->input[OCCLUDE_IMAGE]);
    fer_launch_float(launch, p);
    fer_launch_int(launch, occlude->width);
    fer_launch_int(launch, occlude->height);
}

void occlude_place_end(struct occlude *occlude, struct fer_launch *launch)
{
    fer_launch_range_1d(launch, fer_extent_rows(occlude->place, 1, 1));
}

enum fer_status occlude_colour(const struct fer_floats *colour, struct fer_error *err)
{
    if (colour->count != 1 && colour->count != 3)
        return fer_fail_argument(err, FER_EINVAL, "colour",
                                 "colour has one number or three (red, green, blue) from 0 to 1");
    return FER_OK;
}

/* means[n, c] of a tensor N x C x H x W. */
static void emit_means(struct occlude *occlude, struct fer_tensor *from, struct fer_tensor *means)
{
    const struct fer_shape *shape = fer_tensor_shape(from);
    const int channels = shape->dim[1], height = shape->dim[2];
    const struct fer_shape rows = fer_shape_make(shape, 2, (const int[]){ channels, height });
    struct fer_tensor *sums = fer_emit_temp(occlude->em, &rows, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_launch(occlude->em, fer_cover_cl, "row_sums", "");
    fer_launch_in(launch, "from", from);
    fer_launch_out(launch, "sums", sums);
    fer_launch_range_1d(launch, fer_extent_rows(from, (size_t)channels * (size_t)height, 1));
    launch = fer_emit_launch(occlude->em, fer_cover_cl, "row_means", "");
    fer_launch_in(launch, "sums", sums);
    fer_launch_out(launch, "means", means);
    fer_launch_float(launch, (double)height * shape->dim[3]);
    fer_launch_range_1d(launch, fer_extent_rows(from, (size_t)channels, 1));
}

/* The picture and the mask are written pixel by pixel; then the covered fraction is the mask's mean. */
static void end_cover(struct occlude *occlude, struct fer_launch *launch)
{
    const bool cpu = fer_emit_profile(occlude->em) == FER_PROFILE_CPU;
    const size_t row = occlude->width <= 256 ? (size_t)occlude->width : 64;
    struct fer_tensor *mask = fer_emit_output(occlude->em, 1);
    /* A CPU runs work-groups along a row; a GPU tiles. */
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)occlude->width), fer_extent_fixed((size_t)occlude->height),
                        fer_extent_rows(mask, 1, 1), cpu ? row : 32, cpu ? 1 : 4, 1);
    emit_means(occlude, mask, fer_emit_output(occlude->em, 2));
}

void occlude_cover_fill(struct occlude *occlude, enum occlude_fill fill, const struct fer_floats *colour)
{
    struct fer_tensor *image = occlude->input[OCCLUDE_IMAGE], *previous = occlude->input[OCCLUDE_MASK], *mean = NULL;
    if (fill == OCCLUDE_MEAN) {
        const struct fer_shape shape = fer_shape_make(fer_tensor_shape(image), 1, (const int[]){ occlude->channels });
        mean = fer_emit_temp(occlude->em, &shape, FER_LAYOUT_PLAIN);
        emit_means(occlude, image, mean);
    }
    char more[96];
    snprintf(more, sizeof more, "-DPLACES=%d %s%s", occlude->places, mean ? "-DHAS_MEAN=1 " : "",
             previous ? "-DHAS_PREVIOUS=1" : "");
    struct fer_launch *launch = fer_emit_launch(occlude->em, fer_cover_cl, "cover_fill", more);
    fer_launch_in(launch, "image", image);
    fer_launch_in(launch, "place", occlude->place);
    if (mean)
        fer_launch_in(launch, "mean", mean);
    if (previous)
        fer_launch_in(launch, "previous", previous);
    fer_launch_out(launch, "out", fer_emit_output(occlude->em, 0));
    fer_launch_out(launch, "mask", fer_emit_output(occlude->em, 1));
    fer_launch_random(launch, image);
    fer_launch_int(launch, (int)fill);
    for (int c = 0; c < 3; c++)
        fer_launch_float(launch, colour->items[colour->count == 3 ? c : 0]);
    end_cover(occlude, launch);
}

void occlude_cover_sprite(struct occlude *occlude, struct fer_tensor *atlas)
{
    struct fer_tensor *previous = occlude->input[OCCLUDE_MASK];
    char more[96];
    snprintf(more, sizeof more, "-DPLACES=1 -DTILE=%d -DLEVELS=%d %s", OCCLUDE_TILE, OCCLUDE_LEVELS,
             previous ? "-DHAS_PREVIOUS=1" : "");
    struct fer_launch *launch = fer_emit_launch(occlude->em, fer_cover_cl, "cover_sprite", more);
    fer_launch_in(launch, "image", occlude->input[OCCLUDE_IMAGE]);
    fer_launch_in(launch, "place", occlude->place);
    fer_launch_in(launch, "atlas", atlas);
    if (previous)
        fer_launch_in(launch, "previous", previous);
    fer_launch_out(launch, "out", fer_emit_output(occlude->em, 0));
    fer_launch_out(launch, "mask", fer_emit_output(occlude->em, 1));
    end_cover(occlude, launch);
}
