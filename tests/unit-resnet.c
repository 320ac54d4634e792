/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-18 and ResNet-50 against golden/resnet.safetensors, which golden/make-resnet.py has torchvision write: logits,
 * gradients of every weight and of the picture, and twenty steps of SGD.
 *
 * A relu that rounding turns the other way is a percent of a gradient of ResNet-50, PyTorch's too; the pictures are
 * some of which no activation is that close to a tie (make-resnet.py says how they were found).
 */
#include "train/safetensors.h"
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in make-resnet.py. */
enum {
    SIDE = 64,
    CLASSES = 7,
    BATCH = 4,
    STEPS = 20,
    PAIR = 2,
    PAIR_EVAL = 8,
    PAIR_TRAIN = 23,
    SKETCH = 16,
    FIRST = 16
};
enum { PIXELS = PAIR * 3 * SIDE * SIDE };
#define TOLERANCE 1e-3
#define LOOSE 0.05
static const int eval_pairs[] = { 8 }, train_pairs[] = { 15, 20, 9 };

static struct fer_error err;
static struct fer_safetensors *file;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

static void open_file(void)
{
    const char *top = getenv("top_srcdir");
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/resnet.safetensors", top ? top : ".");
    OK(fer_safetensors_open(path, &file, &err));
}

static void load(int depth, const char *name, size_t count, float *to)
{
    char key[256];
    snprintf(key, sizeof key, "%d.%s", depth, name);
    const struct fer_safetensor *row = fer_safetensors_find(file, key);
    ck_assert_msg(row && row->count == count, "%s is not in the file, or not of %zu elements", key, count);
    OK(fer_safetensors_read_f32(file, row, to, &err));
}

/* ---- logits and gradients ---- */

/* Initial weights as in make-resnet.py. */
static void fill(struct fer_store *store, const struct fer_net *net, int depth)
{
    const char *last = depth < 50 ? ".bn2.weight" : ".bn3.weight";
    trial_fill(store, net);
    for (int i = 0; i < net->nweights; i++) {
        const struct fer_weight *weight = net->weights[i];
        const size_t length = strlen(weight->path);
        float values[2048];
        if (length < strlen(last) || strcmp(weight->path + length - strlen(last), last) != 0)
            continue;
        ck_assert_uint_le(fer_shape_count(&weight->shape), 2048);
        OK(fer_store_read(store, weight, values, &err));
        for (size_t k = 0; k < fer_shape_count(&weight->shape); k++)
            values[k] *= 0.25f;
        OK(fer_store_write(store, weight, values, &err));
    }
}

struct network {
    struct op_device device;
    struct fer_description *description;
    struct fer_predict_spec spec;
    struct fer_store *store;
    struct fer_flow_program *flow;
    struct fer_net *net;
    int depth;
    int pair; /* number of the pictures */
    bool training;
};

static void load_of(const struct network *n, const char *what, const char *name, size_t count, float *to)
{
    char key[256];
    snprintf(key, sizeof key, "%s%d.%s%s", n->training ? "train" : "eval", n->pair, what, name);
    load(n->depth, key, count, to);
}

static void compile(struct network *n, int depth, enum fer_profile profile, bool training)
{
    const struct fer_description_options options = { .seed = 1 };
    const struct fer_compile_options poison = { .poison = true };
    const struct fer_shape picture = { FER_F32, 4, { PAIR, 3, SIDE, SIDE }, 1 };
    char text[256];
    n->depth = depth;
    n->training = training;
    snprintf(text, sizeof text, "fer 1\nuse resnet\nnet t = resnet depth=%d classes=%d\n", depth, CLASSES);
    n->device = op_device_open(profile);
    OK(fer_description_parse(n->device.registry, "resnet", ".", text, &options, &n->description, &err));
    OK(fer_description_call(n->description, "t", &picture, 1, training, &n->spec, &err));
    n->net = fer_description_net(n->description, "t");
    OK(fer_store_create(n->device.device, n->description, 1, &n->store, &err));
    fill(n->store, n->net, depth);
    OK(fer_predict_compile(n->description, &n->spec, PAIR, true, n->store, &poison, &n->flow, &err));
}

static void discard(struct network *n)
{
    fer_flow_program_free(n->flow);
    fer_store_free(n->store);
    fer_description_free(n->description);
    op_device_close(&n->device);
}

static void forward(const struct network *n, float *logits)
{
    uint8_t bytes[PIXELS];
    float *picture = malloc(PIXELS * sizeof(*picture));
    trial_pictures(n->pair, sizeof bytes, bytes);
    for (int i = 0; i < PIXELS; i++) {
        const int w = i % SIDE, h = i / SIDE % SIDE, c = i / (SIDE * SIDE) % 3, b = i / (SIDE * SIDE * 3);
        picture[i] = (float)(bytes[((b * SIDE + h) * SIDE + w) * 3 + c] / 255.0);
    }
    OK(fer_exec_write(n->flow->exec, n->flow->in[0], picture, PIXELS * sizeof(float), &err));
    OK(fer_exec_run(n->flow->exec, n->flow->segment, &err));
    OK(fer_exec_read(n->flow->exec, n->flow->out[0], logits, PAIR * CLASSES * sizeof(float), &err));
    free(picture);
}

static void check_logits(const struct network *n, const float *ours)
{
    float theirs[PAIR * CLASSES];
    double difference = 0, norm = 0;
    load_of(n, "logits", "", PAIR * CLASSES, theirs);
    for (int i = 0; i < PAIR * CLASSES; i++) {
        difference += pow((double)ours[i] - (double)theirs[i], 2);
        norm += pow((double)theirs[i], 2);
    }
    ck_assert_msg(sqrt(difference / norm) <= TOLERANCE, "ResNet-%d, %s: logits differ by %.2g", n->depth,
                  n->training ? "training" : "evaluation", sqrt(difference / norm));
}

/* Of cross entropy: (softmax - one) / batch. */
static void seed_gradient(const struct network *n, const float *logits)
{
    float gradient[PAIR * CLASSES];
    int32_t labels[PAIR];
    trial_labels(n->pair, PAIR, CLASSES, labels);
    for (int b = 0; b < PAIR; b++) {
        double sum = 0;
        for (int k = 0; k < CLASSES; k++)
            sum += exp((double)logits[b * CLASSES + k]);
        for (int k = 0; k < CLASSES; k++)
            gradient[b * CLASSES + k] = (float)((exp((double)logits[b * CLASSES + k]) / sum - (k == labels[b])) / PAIR);
    }
    OK(fer_exec_write(n->flow->exec, n->flow->grad_out[0], gradient, sizeof gradient, &err));
    OK(fer_exec_run(n->flow->exec, n->flow->backward, &err));
}

/* With random signs s, (s . (a - b))^2 is |a - b|^2 on the average. */
static double gradient_distance(const struct network *n, const char *path, const float *ours, size_t count)
{
    float theirs[1 + SKETCH + FIRST];
    double sums[SKETCH] = { 0 }, difference = 0, first = 0;
    uint64_t z, state = 0;
    load_of(n, "gradient.", path, 1 + SKETCH + FIRST, theirs);
    for (size_t i = 0; i < count; i++) {
        z = (state += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        for (int j = 0; j < SKETCH; j++)
            sums[j] += z >> j & 1 ? (double)ours[i] : -(double)ours[i];
    }
    for (int j = 0; j < SKETCH; j++)
        difference += pow(sums[j] - (double)theirs[1 + j], 2) / SKETCH;
    for (size_t i = 0; i < FIRST && i < count; i++)
        first += pow((double)ours[i] - (double)theirs[1 + SKETCH + i], 2);
    return sqrt(fmax(difference, first)) / (double)theirs[0];
}

/* The distance of one gradient from PyTorch's. */
static double check_gradient(const struct network *n, const char *path, struct fer_buffer *buffer, size_t offset,
                             size_t count)
{
    float *gradient = malloc(count * sizeof(*gradient));
    if (buffer)
        OK(fer_buffer_read(buffer, offset * sizeof(float), gradient, count * sizeof(float), &err));
    else
        OK(fer_exec_read(n->flow->exec, n->flow->grad_in[0], gradient, count * sizeof(float), &err));
    const double distance = gradient_distance(n, path, gradient, count);
    ck_assert_msg(distance <= LOOSE, "ResNet-%d, %s: the gradient of %s differs by %.2g", n->depth,
                  n->training ? "training" : "evaluation", path, distance);
    free(gradient);
    return distance;
}

/* The largest distance of a gradient. */
static double check_gradients(const struct network *n)
{
    double worst = check_gradient(n, "image", NULL, 0, PIXELS);
    for (int i = 0; i < n->net->nweights; i++) {
        const struct fer_weight *weight = n->net->weights[i];
        if (weight->trained)
            worst = fmax(worst, check_gradient(n, weight->path + 2, n->flow->grads[n->net->index], weight->offset,
                                               fer_shape_count(&weight->shape)));
    }
    if (getenv("FER_TEST_TALK"))
        printf("ResNet-%d, %s, pair %d: the worst gradient differs by %.2g\n", n->depth,
               n->training ? "training" : "evaluation", n->pair, worst);
    return worst;
}

static const struct {
    int depth;
    bool training;
    enum fer_profile profile;
} settings[] = {
    { 18, false, FER_PROFILE_CPU }, { 18, true, FER_PROFILE_CPU },  { 18, false, FER_PROFILE_GPU },
    { 18, true, FER_PROFILE_GPU },  { 50, false, FER_PROFILE_CPU }, { 50, true, FER_PROFILE_CPU },
    { 50, false, FER_PROFILE_GPU }, { 50, true, FER_PROFILE_GPU },
};

START_TEST(gradients)
{
    const bool training = settings[_i].training;
    const int *pairs = training ? train_pairs : eval_pairs;
    const int npairs = (int)(training ? sizeof train_pairs : sizeof eval_pairs) / (int)sizeof(*pairs);
    float logits[PAIR * CLASSES];
    struct network n;
    double worst = INFINITY;
    if (op_small())
        return;
    open_file();
    compile(&n, settings[_i].depth, settings[_i].profile, training);
    for (int k = 0; k < npairs && worst > TOLERANCE; k++) {
        n.pair = pairs[k];
        forward(&n, logits);
        check_logits(&n, logits);
        seed_gradient(&n, logits);
        worst = check_gradients(&n);
    }
    ck_assert_msg(worst <= TOLERANCE, "ResNet-%d, %s: gradients differ by %.2g", n.depth,
                  training ? "training" : "evaluation", worst);
    discard(&n);
    fer_safetensors_close(file);
}
END_TEST

/* ---- twenty steps ---- */

START_TEST(training)
{
    if (op_small())
        return;
    const int depth = _i ? 50 : 18;
    char net[64];
    float losses[STEPS];
    struct trial trial;
    snprintf(net, sizeof net, "net t = resnet depth=%d classes=%d", depth, CLASSES);
    const struct trial_spec spec = { .net = net,
                                     .update = "with sgd lr=0.001 momentum=0.9 decay=5e-4",
                                     .side = SIDE,
                                     .classes = CLASSES,
                                     .batch = BATCH };
    open_file();
    load(depth, "losses", STEPS, losses);
    trial_open(&trial, &spec, FER_PROFILE_CPU);
    fill(trial.store, trial.net, depth);
    fer_exec_weights_changed(trial.stage->exec);
    for (int step = 0; step < STEPS; step++) {
        const double loss = trial_step(&trial, step, 0.001), theirs = (double)losses[step];
        if (getenv("FER_TEST_TALK"))
            printf("ResNet-%d, step %d: %.6f, PyTorch %.6f\n", depth, step, loss, theirs);
        ck_assert_msg(fabs(loss - theirs) <= (step < 5 ? 1e-3 : 2e-2) * theirs,
                      "ResNet-%d, step %d: loss %.6f, not %.6f", depth, step, loss, theirs);
    }
    trial_close(&trial);
    fer_safetensors_close(file);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, gradients, 0, (int)(sizeof settings / sizeof *settings));
    tcase_add_loop_test(tcase, training, 0, 2);
}

int main(void)
{
    return op_main("resnet", NULL, 0, add_tests);
}
