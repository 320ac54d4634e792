/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders: what the files of this plugin share.
 *
 * Each layer turns a picture into the occluded picture, the mask (1 where the occluder is at least half opaque, else 0)
 * and the covered fraction, in three launches or more: place (place.cl: where), cover (cover.cl: what), sums.
 */
#ifndef FER_OCCLUDE_H
#define FER_OCCLUDE_H

#include <fer/plugin.h>

/* Inputs, in the order that they have in a flow. */
enum occlude_field { OCCLUDE_IMAGE, OCCLUDE_LANDMARKS, OCCLUDE_FACE_BOX, OCCLUDE_MASK, OCCLUDE_FIELDS };
extern const char *const occlude_reads[];        /* "image", "?landmarks", "?box", "?mask" */
extern const char *const occlude_reads_blind[];  /* "image", "?mask" */
extern const char *const occlude_writes[];       /* "image", "mask", "covered", "found" */
extern const char *const occlude_writes_blind[]; /* "image", "mask", "covered" */

/* Which landmarks say where a face is: the sample's, else the usual ones; only the sample's, and a picture without
 * stays as it is; never the sample's. */
enum occlude_trust { OCCLUDE_AUTO, OCCLUDE_REQUIRED, OCCLUDE_USUAL };
extern const char *const occlude_trusts[];
#define OCCLUDE_TRUST_PARAM(type)                                                                                      \
    FER_PARAM_ENUM(type, landmarks, "auto", occlude_trusts,                                                            \
                   "auto: the sample's, else where they usually are; required: the sample's, and a picture without "   \
                   "stays uncovered; usual: never the sample's")

/* What all occluders check and declare.  `blind` ones look at the picture's size only. */
enum fer_status occlude_shape(struct fer_op *op, int trust, struct fer_error *err);
enum fer_status occlude_shape_blind(struct fer_op *op, struct fer_error *err);

/* One occluder being emitted. */
struct occlude {
    struct fer_emit *em;
    bool blind;
    enum occlude_trust trust;
    struct fer_tensor *input[OCCLUDE_FIELDS]; /* NULL: not given */
    struct fer_tensor *place;
    int places; /* rectangles of a sample */
    int channels, height, width;
};
struct occlude occlude_start(struct fer_emit *em, int trust, int places);
struct occlude occlude_start_blind(struct fer_emit *em);
/* Begin the launch of a kernel of place.cl.  Inputs that it takes beyond the face's are added by the caller, then
 * occlude_place_random, then its numbers, then occlude_place_end. */
struct fer_launch *occlude_place(struct occlude *occlude, const char *kernel);
void occlude_place_random(struct occlude *occlude, struct fer_launch *launch, double p);
void occlude_place_end(struct occlude *occlude, struct fer_launch *launch);

/* What a rectangle is filled with; `colour` has 1 or 3 numbers. */
enum occlude_fill { OCCLUDE_COLOUR, OCCLUDE_MEAN, OCCLUDE_NOISE };
extern const char *const occlude_fills[];
/* The columns that the tables of rectangles end with. */
#define OCCLUDE_FILL_PARAMS(type)                                                                                      \
    FER_PARAM_FLOAT(type, p, "1", 0, 1, "probability that a picture is occluded"),                                     \
        FER_PARAM_ENUM(type, fill, "colour", occlude_fills, "what covers: a colour, the picture's mean, noise"),       \
        FER_PARAM_FLOATS(type, colour, "[0]", 0, 1, "with fill=colour: gray, or red, green, blue")
enum fer_status occlude_colour(const struct fer_floats *colour, struct fer_error *err);
void occlude_cover_fill(struct occlude *occlude, enum occlude_fill fill, const struct fer_floats *colour);

/* Pictures with opacity, of one size and a pyramid of halves each, premultiplied, as bytes.  */
#define OCCLUDE_TILE 128
#define OCCLUDE_LEVELS 5
#define OCCLUDE_TILE_BYTES 87296 /* 4 (128² + 64² + 32² + 16² + 8²) */
#define OCCLUDE_MAX_SPRITES 4096
struct occlude_atlas {
    int count, capacity;
    uint8_t *tiles; /* count * OCCLUDE_TILE_BYTES */
    float *opaque;  /* count: part of the tile with opacity of at least one half */
};
/* Append a tile, all transparent; *square is its largest level. */
enum fer_status occlude_atlas_add(struct occlude_atlas *atlas, uint8_t **square, struct fer_error *err);
/* Make the smaller levels of the last tile, and measure it. */
void occlude_atlas_finish(struct occlude_atlas *atlas);
/* Append a picture with four channels: cropped to what is not transparent when `crop`, fitted into the tile. */
enum fer_status occlude_atlas_picture(struct occlude_atlas *atlas, const struct fer_image *image, bool crop,
                                      struct fer_error *err);
void occlude_atlas_free(struct occlude_atlas *atlas);
/* The tiles on the device, under a key; NULL: not there yet. */
struct fer_tensor *occlude_atlas_find(struct fer_emit *em, const char *key);
struct fer_tensor *occlude_atlas_emit(struct fer_emit *em, const char *key, const struct occlude_atlas *atlas);
void occlude_cover_sprite(struct occlude *occlude, struct fer_tensor *atlas);

/* Which sprites belong to training and which to tests: by a hash of the name, so adding one moves no other. */
enum occlude_fold { OCCLUDE_ALL, OCCLUDE_TRAIN, OCCLUDE_TEST };
bool occlude_in_fold(const char *name, enum occlude_fold fold, double keep);
/* Append the pictures of a directory, in the order of their names; crop as above. */
enum fer_status occlude_atlas_directory(struct occlude_atlas *atlas, const char *dir, enum occlude_fold fold,
                                        double keep, bool crop, struct fer_error *err);

/* Drawn pictures: shapes in the unit square (x right, y down), later ones over earlier ones. */
enum occlude_shape_kind {
    OCCLUDE_END,
    OCCLUDE_CAPSULE, /* x0, y0, x1, y1, radius */
    OCCLUDE_ELLIPSE, /* x, y, radius x, radius y */
    OCCLUDE_BOX,     /* x, y, half width, half height, radius of the corners */
    OCCLUDE_RING,    /* x, y, radius x, radius y, half width of the line */
    OCCLUDE_QUAD     /* four corners, clockwise in the picture */
};
struct occlude_shape {
    enum occlude_shape_kind kind;
    float at[8];
    uint32_t colour; /* 0xRRGGBBAA */
};
#define OCCLUDE_MAX_SHAPES 16
struct occlude_drawing {
    const char *name;
    struct occlude_shape shapes[OCCLUDE_MAX_SHAPES];
};
void occlude_draw(uint8_t *square, const struct occlude_drawing *drawing);
extern const struct occlude_drawing occlude_things[]; /* the last has no name */
extern const struct occlude_drawing occlude_masks[];
extern const struct occlude_drawing occlude_shades[];
/* Append those of `drawings` that belong to the fold; all of them when fold is OCCLUDE_ALL. */
enum fer_status occlude_atlas_drawings(struct occlude_atlas *atlas, const struct occlude_drawing *drawings,
                                       enum occlude_fold fold, double keep, struct fer_error *err);

extern const struct fer_layer occlude_patch, occlude_half, occlude_band, occlude_part, occlude_eyes, occlude_sprite,
    occlude_face_mask, occlude_sunglasses;

#endif
