/* SPDX-License-Identifier: Apache-2.0
 *
 * Launches of tensor_product.cl.
 */
#include "tensor.h"
#include "tensor_product_cl.h"

const char *const tensor_product_sources[] = { fer_tensor_product_cl, NULL };

bool tensor_can_multiply(const struct fer_product *p)
{
    return p->columns > 0;
}

void tensor_emit_product(struct fer_emit *em, const struct fer_product *p, const int *values, struct tensor_way way)
{
    const int capacity = fer_tensor_shape(p->a.tensor)->dim[0];
    const size_t rows = (size_t)(p->rows ? p->rows : capacity), depth = (size_t)(p->depth ? p->depth : capacity);
    const size_t products = p->matrices ? (size_t)p->matrices * (size_t)fer_tensor_shape(p->c)->dim[0] : 1;
    const size_t columns = (size_t)p->columns;
    const struct tensor_tile tile = tensor_tile_find(rows, columns, products, values, way.bfloat);
    char options[64];
    /* neighbouring work-items read what lies side by side */
    snprintf(options, sizeof options, "%s%s%s", p->bias ? " -DBIAS" : "", p->a.column_step == 1 ? "" : " -DA_ACROSS",
             p->b.column_step == 1 ? " -DB_ACROSS" : "");
    struct fer_launch *launch = tensor_launch(em, fer_tensor_product_cl, "tensor_product", tile, way, options);
    fer_launch_in(launch, "a", p->a.tensor);
    fer_launch_in(launch, "b", p->b.tensor);
    if (p->bias)
        fer_launch_in(launch, "bias", p->bias);
    fer_launch_out(launch, "c", p->c);
    fer_launch_int(launch, p->rows);
    fer_launch_int(launch, p->columns);
    fer_launch_int(launch, p->depth);
    fer_launch_int(launch, p->a.row_step);
    fer_launch_int(launch, p->a.column_step);
    fer_launch_int(launch, p->b.row_step);
    fer_launch_int(launch, p->b.column_step);
    fer_launch_int(launch, p->a.next);
    fer_launch_int(launch, p->b.next);
    fer_launch_int(launch, (int)(rows * columns));
    tensor_range(launch, tile, tensor_groups(tile, columns),
                 p->rows ? fer_extent_fixed(tensor_divide_up(rows, tile.rows)) : fer_extent_rows(p->c, 1, tile.rows),
                 p->matrices ? fer_extent_rows(p->c, (size_t)p->matrices, 1) : fer_extent_fixed(1));
    const double r = (double)rows, c = (double)columns, d = (double)depth, n = (double)products;
    fer_launch_cost(launch, 2 * n * r * c * d, 4 * n * (r * d + d * c + r * c));
}
