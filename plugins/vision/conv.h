/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution: its geometry, its three passes and the solvers that can do them.  deconv2d uses the same solvers with
 * the roles of its input and output exchanged.
 */
#ifndef FER_VISION_CONV_H
#define FER_VISION_CONV_H

#include "../emit.h"

/* What a solver is asked to emit. */
struct conv_call {
    struct fer_emit *em;
    struct fer_convolution of;
    const int *values; /* of the solver's tunables */
    int vec_lanes;     /* fer_emit_vec_lanes */
    bool training;     /* fer_emit_training: weights change from step to step */
};

/* One algorithm for one pass. */
struct conv_solver {
    struct fer_solver solver; /* name, sources, tunables */
    bool (*applicable)(const struct fer_convolution_shape *shape);
    /* Where it applies: whether it comes before those behind it in the table, or is for `fer tune` to try.  NULL: it
     * does. */
    bool (*worthwhile)(const struct conv_call *call);
    /* Bytes of the temporaries that emit asks for with the call's shape and values, out of the same plan.  NULL: none.
     * Where a device does not allocate so much at once, the solver does not apply. */
    size_t (*workspace)(const struct conv_call *call);
    void (*emit)(const struct conv_call *call);
    bool epilogue; /* FORWARD: does `add` and `activation`; else a launch of their own follows */
};

#define CONV_SOLVER(name_, help_, tunables_, ...)                                                                      \
    {                                                                                                                  \
        sizeof(struct fer_solver), name_, help_, (const char *const[]){ __VA_ARGS__, NULL }, tunables_                 \
    }

/* NULL-terminated, best first; the last one applies to everything. */
const struct conv_solver *const *conv_solvers(enum fer_convolution_pass pass);
/* Whether any pass has a solver of that name, or another plugin adds one ("plugin.name"). */
bool conv_solver_exists(const struct fer_op *op, const char *name);
/* Let the core choose among the solvers that apply, or take the one called `solver` if it is one of them ("auto": none
 * is), and emit.  Sets the call's pass. */
void conv_emit(enum fer_convolution_pass pass, const struct conv_call *call, const char *solver);

/* The gradient of the bias. */
void conv_bias_emit(struct fer_emit *em, struct fer_tensor *dy, struct fer_tensor *db);
/* Add a bias to a finished output. */
void conv_bias_add_emit(struct fer_emit *em, struct fer_tensor *bias, struct fer_tensor *y);
/* add and activation of a finished output. */
void conv_epilogue_emit(const struct conv_call *call);

/* For solvers that do them: "-DBIAS -DADD -DFER_RELU" of what there is, and the tensors bias and add as arguments. */
enum { CONV_EPILOGUE_OPTIONS = 80 };
const char *conv_epilogue_options(const struct conv_call *call, char text[CONV_EPILOGUE_OPTIONS]);
void conv_epilogue_in(struct fer_launch *launch, const struct conv_call *call);

/* ---- shared by solvers ---- */

static inline int conv_divide_up(int a, int b)
{
    return a / b + (a % b != 0);
}
/* Blocks of 16 channels. */
static inline int conv_blocks(int channels)
{
    return conv_divide_up(channels, FER_BLOCK);
}
/* Channels in memory: a blocked layout has zero lanes. */
static inline int conv_lanes(int channels, enum fer_layout layout)
{
    return layout == FER_LAYOUT_BLOCKED ? conv_blocks(channels) * FER_BLOCK : channels;
}
/* A CPU's register tile, see register_tile.cl: rows, and blocks of 16 columns.  `blocks` is how many there are. */
struct conv_tile {
    int rows, blocks;
};
struct conv_tile conv_tile_of(const struct conv_call *call, int blocks);
/* The option of a kernel that includes register_tile.cl. */
const char *conv_tile_option(const struct conv_call *call, struct conv_tile tile);
/* Vectors of sums of a tile of one block, and its rows: FER_VEC_ROWS in kernels. */
enum { CONV_SUMS = 12 };
static inline int conv_tile_rows(const struct conv_call *call)
{
    return CONV_SUMS * call->vec_lanes / FER_BLOCK;
}
/* Multiply-adds of a pass for n images, counted as PyTorch's profiler does: padding included. */
double conv_macs(const struct fer_convolution_shape *shape, int n);
/* Flops and bytes of a pass over all, for the profiler; or a part of them. */
void conv_cost(struct fer_launch *launch, const struct fer_convolution_shape *shape);
void conv_cost_part(struct fer_launch *launch, const struct fer_convolution_shape *shape, double part);
/* A temporary of `count` floats, and its bytes. */
struct fer_tensor *conv_temp(struct fer_emit *em, size_t count);
size_t conv_temp_bytes(size_t count);

/* How a pass divides into blocks of 16 output channels and the blocks of input channels that their groups read.
 * "Output" is the side that the pass writes: x in the DATA pass. */
struct conv_groups {
    int outputs, in, out; /* channels written; channels of one group read, written */
    int blocks;           /* most input blocks that an output block needs */
};
struct conv_groups conv_groups_find(const struct fer_convolution_shape *shape, enum fer_convolution_pass pass);

/* The weights of a FORWARD or DATA pass as conv_pack.cl orders them, `side` outputs together. */
struct fer_tensor *conv_pack_emit(const struct conv_call *call, enum fer_convolution_pass pass,
                                  const struct conv_groups *groups, int side);

extern const struct conv_solver conv_generic_forward, conv_generic_data, conv_generic_weights;
extern const struct conv_solver conv_packed_forward;
extern const struct conv_solver conv_direct_forward, conv_direct_data, conv_direct_weights;
extern const struct conv_solver conv_stem_forward, conv_stem_weights;
extern const struct conv_solver conv_winograd_forward, conv_winograd_data, conv_winograd_weights;
extern const struct conv_solver conv_winograd_fine_forward, conv_winograd_fine_data, conv_winograd_fine_weights;
extern const struct conv_solver conv_winograd2_forward, conv_winograd2_data, conv_winograd2_weights;
extern const struct conv_solver conv_depthwise_forward, conv_depthwise_data, conv_depthwise_weights;
extern const struct conv_solver conv_grouped_forward, conv_grouped_data, conv_grouped_weights;
extern const struct conv_solver conv_implicit_forward, conv_implicit_data, conv_implicit_weights;
extern const struct conv_solver conv_clblast_forward, conv_clblast_data; /* with HAVE_CLBLAST */

#endif
