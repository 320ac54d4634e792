/* SPDX-License-Identifier: Apache-2.0
 *
 * A collection of deliberate mistakes.  Every plugin here has an entry point of its own; unit-registry links this one
 * object to NAME.so to load the plugin called NAME.
 */
#include <fer/plugin.h>

#define HEAD(plugin) FER_PLUGIN_HEAD(plugin), .version = "1.0.0", .license = "Apache-2.0"

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    (void)err;
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

static enum fer_status emit(struct fer_emit *em, struct fer_error *err)
{
    (void)em, (void)err;
    return FER_OK;
}

#define ECHO                                                                                                           \
    .size = sizeof(struct fer_layer), .name = "echo", .help = "its input", .inputs_min = 1, .inputs_max = 1,           \
    .outputs_min = 1, .outputs = 1, .shape = shape, .forward = emit
#define LAYERS(plugin, ...)                                                                                            \
    static const struct fer_layer plugin##_layer = { __VA_ARGS__ };                                                    \
    static const struct fer_layer *const plugin##_layers[] = { &plugin##_layer, NULL }

/* ---- nothing wrong: two that have the same operation, and one by another's name ---- */

LAYERS(good, ECHO);
FER_PLUGIN(good){ HEAD(good), .layers = good_layers };
FER_PLUGIN(twin){ HEAD(twin), .layers = good_layers };

/* ---- the table ---- */

FER_PLUGIN(magic){ .magic = 0xfee1dead, .abi = FER_PLUGIN_ABI, .size = sizeof(struct fer_plugin), .name = "magic" };
FER_PLUGIN(abi){
    .magic = FER_PLUGIN_MAGIC, .abi = FER_PLUGIN_ABI + 1, .size = sizeof(struct fer_plugin), .name = "abi"
};
FER_PLUGIN(size){ .magic = FER_PLUGIN_MAGIC, .abi = FER_PLUGIN_ABI, .size = 16, .name = "size" };
FER_PLUGIN(nameless){ .magic = FER_PLUGIN_MAGIC, .abi = FER_PLUGIN_ABI, .size = sizeof(struct fer_plugin) };
FER_PLUGIN(misnamed){ HEAD(good), .layers = good_layers };
FER_PLUGIN(versionless){ FER_PLUGIN_HEAD(versionless), .license = "Apache-2.0", .layers = good_layers };
FER_PLUGIN(unlicensed){ FER_PLUGIN_HEAD(unlicensed), .version = "1.0.0", .layers = good_layers };
FER_PLUGIN(hollow){ HEAD(hollow) };

FER_API const struct fer_plugin *fer_plugin_nothing(void);
const struct fer_plugin *fer_plugin_nothing(void)
{
    return NULL;
}

/* ---- its entries ---- */

LAYERS(small, .size = 8, .name = "echo");
FER_PLUGIN(small){ HEAD(small), .layers = small_layers };
LAYERS(anonymous, .size = sizeof(struct fer_layer));
FER_PLUGIN(anonymous){ HEAD(anonymous), .layers = anonymous_layers };
LAYERS(shapeless, .size = sizeof(struct fer_layer), .name = "echo", .outputs = 1, .forward = emit);
FER_PLUGIN(shapeless){ HEAD(shapeless), .layers = shapeless_layers };
LAYERS(idle, .size = sizeof(struct fer_layer), .name = "echo", .outputs = 1, .shape = shape);
FER_PLUGIN(idle){ HEAD(idle), .layers = idle_layers };
LAYERS(greedy, .size = sizeof(struct fer_layer), .name = "echo", .inputs_max = 17, .outputs = 1, .shape = shape,
       .forward = emit);
FER_PLUGIN(greedy){ HEAD(greedy), .layers = greedy_layers };

static const struct fer_model model = { .size = sizeof(model), .name = "model" };
static const struct fer_model *const models[] = { &model, NULL };
FER_PLUGIN(mute){ HEAD(mute), .models = models };
static const struct fer_optimizer optimizer = { .size = sizeof(optimizer), .name = "still", .emit = NULL };
static const struct fer_optimizer *const optimizers[] = { &optimizer, NULL };
FER_PLUGIN(still){ HEAD(still), .optimizers = optimizers };
static const struct fer_schedule schedule = { .size = sizeof(schedule), .name = "timeless" };
static const struct fer_schedule *const schedules[] = { &schedule, NULL };
FER_PLUGIN(timeless){ HEAD(timeless), .schedules = schedules };
static const struct fer_metric metric = { .size = sizeof(metric), .layer = { ECHO } };
static const struct fer_metric *const metrics[] = { &metric, NULL };
FER_PLUGIN(endless){ HEAD(endless), .metrics = metrics };
static const struct fer_reader reader = { .size = sizeof(reader), .name = "blind" };
static const struct fer_reader *const readers[] = { &reader, NULL };
FER_PLUGIN(blind){ HEAD(blind), .readers = readers };
static const struct fer_transform transform = { .size = sizeof(transform), .name = "lazy" };
static const struct fer_transform *const transforms[] = { &transform, NULL };
FER_PLUGIN(lazy){ HEAD(lazy), .transforms = transforms };
static const struct fer_sampler sampler = { .size = sizeof(size_t), .name = "tiny" };
static const struct fer_sampler *const samplers[] = { &sampler, NULL };
FER_PLUGIN(tiny){ HEAD(tiny), .samplers = samplers };

/* ---- parameter tables ---- */

struct options {
    int side;
};
struct larger {
    int side;
    double angle;
};
static const struct fer_param *const outside_params[] = { FER_PARAM_FLOAT(struct larger, angle, "0", 0, 1, "an angle"),
                                                          NULL };
LAYERS(outside, ECHO, .params = outside_params, .params_size = sizeof(struct options));
FER_PLUGIN(outside){ HEAD(outside), .layers = outside_layers };
static const struct fer_param *const choiceless_params[] = {
    FER_PARAM_ENUM(struct options, side, "left", NULL, "a side"), NULL
};
LAYERS(choiceless, ECHO, .params = choiceless_params, .params_size = sizeof(struct options));
FER_PLUGIN(choiceless){ HEAD(choiceless), .layers = choiceless_layers };
static const struct fer_param *const helpless_params[] = { FER_PARAM_INT(struct options, side, "0", 0, 1, NULL), NULL };
LAYERS(helpless, ECHO, .params = helpless_params, .params_size = sizeof(struct options));
FER_PLUGIN(helpless){ HEAD(helpless), .layers = helpless_layers };

/* ---- defaults ---- */

#define DEFAULT(plugin, type, row)                                                                                     \
    static const struct fer_param *const plugin##_params[] = { row, NULL };                                            \
    LAYERS(plugin, ECHO, .params = plugin##_params, .params_size = sizeof(struct type));                               \
    FER_PLUGIN(plugin)                                                                                                 \
    {                                                                                                                  \
        HEAD(plugin), .layers = plugin##_layers                                                                        \
    }

struct several {
    struct fer_ints sides;
    struct fer_nets nets;
    const char *text;
};
static const char *const sides[] = { "left", "right", NULL };
DEFAULT(absurd, options, FER_PARAM_INT(struct options, side, "[[[", 0, 1, "a side"));
DEFAULT(high, options, FER_PARAM_INT(struct options, side, "2", 0, 1, "a side"));
DEFAULT(low, larger, FER_PARAM_FLOAT(struct larger, angle, "-0.5", 0, 1, "an angle"));
DEFAULT(halved, options, FER_PARAM_INT(struct options, side, "0.5", 0, 1, "a side"));
DEFAULT(undecided, options, FER_PARAM_ENUM(struct options, side, "lft", sides, "a side"));
DEFAULT(uneven, several, FER_PARAM_INTS(struct several, sides, "[0, 1, 2]", 0, 1, "sides"));
/* nothing wrong: what is not said, text, and the names of what a description has */
DEFAULT(unsaid, larger, FER_PARAM_FLOAT(struct larger, angle, "", 1, 2, "an angle"));
DEFAULT(worded, several, FER_PARAM_STRING(struct several, text, "[[[", "a text"));
DEFAULT(netted, several, FER_PARAM(FER_TYPE_NETS, struct several, nets, "nets", "[a, b]", 0, 0, NULL, "nets"));

/* ---- layers that send rows through nets ---- */

struct nets {
    struct fer_nets nets;
};
static const struct fer_nets *list_nets(const void *params)
{
    return &((const struct nets *)params)->nets;
}
static const struct fer_param *const nets_params[] = {
    FER_PARAM(FER_TYPE_NETS, struct nets, nets, "nets", NULL, 0, 0, NULL, "nets"), NULL
};
#define NETS_ECHO ECHO, .params = nets_params, .params_size = sizeof(struct nets)
#define DISPATCHES(plugin, ...)                                                                                        \
    static const struct fer_dispatch plugin##_dispatch = { __VA_ARGS__ };                                              \
    static const struct fer_dispatch *const plugin##_dispatches[] = { &plugin##_dispatch, NULL }
LAYERS(lost, NETS_ECHO);
DISPATCHES(lost, .size = sizeof(struct fer_dispatch), .layer = &good_layer, .nets = list_nets, .scatter = &lost_layer);
FER_PLUGIN(lost){ HEAD(lost), .layers = lost_layers, .dispatches = lost_dispatches };
DISPATCHES(torn, .size = sizeof(struct fer_dispatch), .layer = &lost_layer, .nets = list_nets, .scatter = &good_layer);
FER_PLUGIN(torn){ HEAD(torn), .layers = lost_layers, .dispatches = torn_dispatches };
DISPATCHES(short, .size = 8, .layer = &lost_layer);
FER_PLUGIN(short){ HEAD(short), .layers = lost_layers, .dispatches = short_dispatches };

/* ---- solvers for others' problems ---- */

static const char *const sources[] = { "__kernel void k(void) {}", NULL };
static bool apply(const struct fer_emit *em, const void *detail)
{
    (void)em, (void)detail;
    return false;
}
static void solve(struct fer_emit *em, const void *detail, const int *values)
{
    (void)em, (void)detail, (void)values;
}
/* A solver `name` of `kind`, with what is missing or wrong. */
#define SOLVERS(plugin, name_, sources_, kind_, ...)                                                                   \
    static const struct fer_solver plugin##_solver = {                                                                 \
        .size = sizeof(struct fer_solver), .name = name_, .help = "a way", .sources = sources_                         \
    };                                                                                                                 \
    static const struct fer_added_solver plugin##_added = { .size = sizeof(struct fer_added_solver),                   \
                                                            .solver = &plugin##_solver,                                \
                                                            .kind = kind_,                                             \
                                                            .applicable = apply,                                       \
                                                            __VA_ARGS__ };                                             \
    static const struct fer_added_solver *const plugin##_solvers[] = { &plugin##_added, NULL };                        \
    FER_PLUGIN(plugin)                                                                                                 \
    {                                                                                                                  \
        HEAD(plugin), .solvers = plugin##_solvers                                                                      \
    }
SOLVERS(solver, "way", sources, FER_PROBLEM_PRODUCT, .emit = solve);
SOLVERS(emitless, "way", sources, FER_PROBLEM_PRODUCT, .emit = NULL);
SOLVERS(odd, "by way", sources, FER_PROBLEM_PRODUCT, .emit = solve);
SOLVERS(sourceless, "way", NULL, FER_PROBLEM_PRODUCT, .emit = solve);
SOLVERS(kindless, "way", sources, FER_PROBLEM_OTHER, .emit = solve);
SOLVERS(alien, "way", sources, (enum fer_problem_kind)77, .emit = solve);
SOLVERS(exact, "way", sources, FER_PROBLEM_CONVOLUTION, .emit = solve, .tolerance = 0.1);
SOLVERS(vague, "way", sources, FER_PROBLEM_CONVOLUTION, .emit = solve, .products = FER_PRODUCTS_TF32);
SOLVERS(coarse, "way", sources, FER_PROBLEM_CONVOLUTION, .emit = solve, .products = (enum fer_products)9,
        .tolerance = 0.1);
static const struct fer_added_solver blank_added = { .size = sizeof(struct fer_added_solver) };
static const struct fer_added_solver *const blank_solvers[] = { &blank_added, NULL };
FER_PLUGIN(blank){ HEAD(blank), .solvers = blank_solvers };
static const struct fer_added_solver slight_added = { .size = sizeof(size_t) };
static const struct fer_added_solver *const slight_solvers[] = { &slight_added, NULL };
FER_PLUGIN(slight){ HEAD(slight), .solvers = slight_solvers };

/* ---- what it says when it is used ---- */

static enum fer_status no_shape(struct fer_op *op, struct fer_error *err)
{
    (void)op, (void)err;
    return FER_OK;
}
LAYERS(forgetful, .size = sizeof(struct fer_layer), .name = "forgetful", .help = "declares no output", .inputs_min = 1,
       .inputs_max = 1, .outputs_min = 1, .outputs = 1, .shape = no_shape, .forward = emit);
FER_PLUGIN(forgetful){ HEAD(forgetful), .layers = forgetful_layers };

static enum fer_status write_nothing(const void *params, struct fer_text *text, struct fer_error *err)
{
    (void)params, (void)text, (void)err;
    return FER_OK;
}
static enum fer_status write_nonsense(const void *params, struct fer_text *text, struct fer_error *err)
{
    (void)params, (void)err;
    fer_text_add(text, "fer 1\nnet n(x) -> y { y = x |\n");
    return FER_OK;
}
static enum fer_status write_block(const void *params, struct fer_text *text, struct fer_error *err)
{
    (void)params, (void)err;
    fer_text_add(text, "fer 1\nblock n(x) -> y { y = x }\n");
    return FER_OK;
}
static enum fer_status write_stranger(const void *params, struct fer_text *text, struct fer_error *err)
{
    (void)params, (void)err;
    fer_text_add(text, "fer 1\nnet n(x) -> y { y = x | stranger }\n");
    return FER_OK;
}
static const struct fer_model writers[] = {
    { .size = sizeof(struct fer_model), .name = "nothing", .help = "writes nothing", .write = write_nothing },
    { .size = sizeof(struct fer_model), .name = "nonsense", .help = "writes nonsense", .write = write_nonsense },
    { .size = sizeof(struct fer_model), .name = "block", .help = "writes no net", .write = write_block },
    { .size = sizeof(struct fer_model), .name = "stranger", .help = "writes an unknown name", .write = write_stranger },
};
static const struct fer_model *const writer_models[] = { &writers[0], &writers[1], &writers[2], &writers[3], NULL };
FER_PLUGIN(writer){ HEAD(writer), .models = writer_models };
