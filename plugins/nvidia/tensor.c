/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor.h"

enum {
    WIDE_GROUPS = 128, /* work-groups that wide tiles must leave, or small ones are taken */
    FEW = 128,         /* work-items of a group … */
    MANY = 256         /* … of wide tiles where FEW would not have the registers */
};

const struct fer_tunable *const tensor_tunables[] = {
    FER_TUNABLE("rows", "rows of a work-group's results; 0: by shape", 0, TENSOR_SMALL, TENSOR_WIDE),
    FER_TUNABLE("columns", "and columns", 0, TENSOR_SMALL, TENSOR_WIDE),
    FER_TUNABLE("items", "work-items of a group with rows=128 columns=128; 0: by kernel", 0, FEW, MANY), NULL
};

struct tensor_tile tensor_tile_find(size_t rows, size_t columns, size_t products, const int *wishes, bool heavy)
{
    struct tensor_tile t = { TENSOR_SMALL, TENSOR_SMALL, FEW };
    if (columns >= TENSOR_WIDE &&
        products * tensor_divide_up(rows, t.rows) * tensor_divide_up(columns, TENSOR_WIDE) >= WIDE_GROUPS)
        t.columns = TENSOR_WIDE;
    if (rows >= TENSOR_WIDE &&
        products * tensor_divide_up(rows, TENSOR_WIDE) * tensor_divide_up(columns, t.columns) >= WIDE_GROUPS)
        t.rows = TENSOR_WIDE;
    if (wishes[0])
        t.rows = (size_t)wishes[0];
    if (wishes[1])
        t.columns = (size_t)wishes[1];
    if (t.rows == TENSOR_WIDE && t.columns == TENSOR_WIDE)
        t.items = wishes[2] ? (size_t)wishes[2] : heavy ? MANY : FEW;
    return t;
}

struct fer_launch *tensor_launch(struct fer_emit *em, const char *source, const char *kernel, struct tensor_tile tile,
                                 struct tensor_way way, const char *options)
{
    return fer_any_precision(fer_emit_kernel(em, source, kernel, "-DTILE_M=%zu -DTILE_N=%zu -DITEMS=%zu%s%s%s",
                                             tile.rows, tile.columns, tile.items, way.bfloat ? " -DBF16" : "",
                                             way.emulate ? " -DEMULATE" : "", options));
}

void tensor_range(struct fer_launch *launch, struct tensor_tile tile, struct fer_extent columns, struct fer_extent rows,
                  struct fer_extent z)
{
    fer_launch_range_3d(launch, columns, rows, z, tile.items, 1, 1);
}

struct fer_extent tensor_groups(struct tensor_tile tile, size_t columns)
{
    return fer_extent_fixed(tensor_divide_up(columns, tile.columns) * tile.items);
}
