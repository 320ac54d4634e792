/* SPDX-License-Identifier: Apache-2.0
 *
 * Solvers that are added to others' problems, some of them deliberate mistakes; cli-solvers.sh.
 *
 *   rough    products, 0.05 % too large, where --precision allows it
 *   fast     products, preferred
 *   spare    convolutions, which nobody takes without having measured it
 *   wrong    products that are zero, the fastest of all
 *   absent   convolutions, on no device
 *   nested   forward convolutions that pose the same problem again; only by its name
 */
#include <fer/plugin.h>

static const char product_cl[] =
    "__kernel void product(FER_IN(a), FER_IN(b),\n"
    "#ifdef BIAS\n                      FER_IN(bias),\n#endif\n"
    "                      FER_OUT(c), const int columns, const int depth, const int ai, const int ak, const int bk,\n"
    "                      const int bj, const float factor)\n"
    "{\n    const int i = get_global_id(1), j = get_global_id(0);\n    float sum = 0;\n"
    "    if (j >= columns || i >= c_dim.x)\n        return;\n"
    "    for (int k = 0; k < depth; k++)\n"
    "        sum += DATA(a)[i * ai + k * ak] * DATA(b)[k * bk + j * bj];\n"
    "#ifdef BIAS\n    sum += DATA(bias)[j];\n#endif\n    DATA(c)[i * columns + j] = factor * sum;\n}\n";

/* Products whose rows are the batch's: forward of linear. */
static bool has_rows(const struct fer_emit *em, const void *detail)
{
    const struct fer_product *p = detail;
    const struct fer_device_facts *device = fer_emit_device(em);
    return device->name[0] && device->vendor[0] && device->id && device->local_memory > 0 &&
           device->max_allocation > 0 && fer_emit_device_has(em, "cl_khr_byte_addressable_store") &&
           !fer_emit_device_has(em, "cl_khr_byte") && p->rows == 0 && p->depth > 0 && p->matrices == 0;
}

static void emit(struct fer_emit *em, const struct fer_product *p, double factor)
{
    struct fer_launch *l = fer_emit_launch(em, product_cl, "product", p->bias ? "-DBIAS" : NULL);
    fer_launch_in(l, "a", p->a.tensor);
    fer_launch_in(l, "b", p->b.tensor);
    if (p->bias)
        fer_launch_in(l, "bias", p->bias);
    fer_launch_out(l, "c", p->c);
    fer_launch_int(l, p->columns);
    fer_launch_int(l, p->depth);
    fer_launch_int(l, p->a.row_step);
    fer_launch_int(l, p->a.column_step);
    fer_launch_int(l, p->b.row_step);
    fer_launch_int(l, p->b.column_step);
    fer_launch_float(l, factor);
    fer_launch_range_2d(l, fer_extent_fixed((size_t)p->columns), fer_extent_rows(p->c, 1, 1), 1, 1);
}

static void emit_fast(struct fer_emit *em, const void *detail, const int *values)
{
    (void)values;
    emit(em, detail, 1);
}

static void emit_rough(struct fer_emit *em, const void *detail, const int *values)
{
    (void)values;
    emit(em, detail, 1.0005);
}

static void emit_wrong(struct fer_emit *em, const void *detail, const int *values)
{
    (void)values;
    emit(em, detail, 0);
}

static const char spare_cl[] =
    "__kernel void spare(FER_IN(x), FER_IN(w), FER_OUT(y), const int step)\n"
    "{\n    for (int i = get_global_id(0) * step; i < min((int)(get_global_id(0) + 1) * step, (int)(y_dim.x * y_dim.y "
    "* y_dim.z * y_dim.w)); i++) {\n"
    "        const int plane = y_dim.z * y_dim.w, n = i / plane / y_dim.y, k = i / plane % y_dim.y, p = i % plane;\n"
    "        float sum = 0;\n"
    "        for (int c = 0; c < x_dim.y; c++)\n            sum += LOAD(x, n, c, p) * DATA(w)[k * x_dim.y + c];\n"
    "        STORE(y, n, k, p, sum);\n    }\n}\n";

/* 1 x 1 without anything else. */
static bool is_pointwise(const struct fer_emit *em, const void *detail)
{
    const struct fer_convolution *conv = detail;
    const struct fer_convolution_shape *s = &conv->shape;
    (void)em;
    return conv->pass == FER_CONVOLUTION_FORWARD && s->kernel == 1 && s->stride == 1 && s->pad == 0 && s->groups == 1 &&
           !conv->bias && !conv->add && !conv->activation && s->y == FER_LAYOUT_PLAIN;
}

static void emit_spare(struct fer_emit *em, const void *detail, const int *values)
{
    const struct fer_convolution *conv = detail;
    struct fer_launch *l = fer_emit_launch(em, spare_cl, "spare", NULL);
    fer_launch_in(l, "x", conv->x);
    fer_launch_in(l, "w", conv->w);
    fer_launch_out(l, "y", conv->y);
    fer_launch_int(l, values[0]);
    fer_launch_range_1d(l, fer_extent_each(conv->y));
}

static bool never(const struct fer_emit *em, const void *detail)
{
    (void)em, (void)detail;
    return false;
}

static const struct fer_solver spare;
static void emit_nested(struct fer_emit *em, const void *detail, const int *values)
{
    const struct fer_solver *const solvers[] = { &spare, NULL };
    (void)detail, (void)values;
    fer_emit_solve(em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
                                              .work = "forward",
                                              .shape = "toy",
                                              .solvers = solvers,
                                              .tolerance = 1e-5 });
}

static const struct fer_tunable *const spare_tunables[] = { FER_TUNABLE("step", "pixels of a work-item", 4, 1), NULL };
#define SOLVER(name_, source_, tunables_)                                                                              \
    static const struct fer_solver name_ = { sizeof(struct fer_solver), #name_, "a toy",                               \
                                             (const char *const[]){ source_, NULL }, tunables_ }
SOLVER(rough, product_cl, NULL);
SOLVER(fast, product_cl, NULL);
SOLVER(spare, spare_cl, spare_tunables);
SOLVER(wrong, product_cl, NULL);
SOLVER(absent, spare_cl, NULL);
SOLVER(nested, spare_cl, NULL);

#define HEAD(solver_, kind_) .size = sizeof(struct fer_added_solver), .solver = &solver_, .kind = kind_
static const struct fer_added_solver added[] = {
    { HEAD(rough, FER_PROBLEM_PRODUCT), .preferred = true, .products = FER_PRODUCTS_TF32, .tolerance = 1e-3,
      .applicable = has_rows, .emit = emit_rough },
    { HEAD(fast, FER_PROBLEM_PRODUCT), .preferred = true, .applicable = has_rows, .emit = emit_fast },
    { HEAD(spare, FER_PROBLEM_CONVOLUTION), .applicable = is_pointwise, .emit = emit_spare },
    { HEAD(wrong, FER_PROBLEM_PRODUCT), .applicable = has_rows, .emit = emit_wrong },
    { HEAD(absent, FER_PROBLEM_CONVOLUTION), .preferred = true, .applicable = never, .emit = emit_spare },
    { HEAD(nested, FER_PROBLEM_CONVOLUTION), .applicable = is_pointwise, .emit = emit_nested },
};
static const struct fer_added_solver *const solvers[] = { &added[0], &added[1], &added[2], &added[3],
                                                          &added[4], &added[5], NULL };

FER_PLUGIN(toyadd){ FER_PLUGIN_HEAD(toyadd), .version = "1.0.0", .license = "Apache-2.0", .help = "toys",
                    .solvers = solvers };
