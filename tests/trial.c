/* SPDX-License-Identifier: Apache-2.0 */
#include "trial.h"

#include "data/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* ---- numbers ---- */

uint64_t trial_seed(const char *text)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    return hash;
}

static uint64_t seed_of_step(const char *what, int step)
{
    char name[64];
    snprintf(name, sizeof name, "%s %d", what, step);
    return trial_seed(name);
}

void trial_pictures(int step, size_t bytes, uint8_t *pictures)
{
    uint64_t state = seed_of_step("pictures", step);
    for (size_t i = 0; i < bytes; i++)
        pictures[i] = (uint8_t)floor(op_random(&state) * 256);
}

void trial_labels(int step, int count, int classes, int32_t *labels)
{
    uint64_t state = seed_of_step("labels", step);
    for (int i = 0; i < count; i++)
        labels[i] = (int32_t)floor(op_random(&state) * classes);
}

static bool ends(const char *text, const char *with)
{
    const size_t a = strlen(text), b = strlen(with);
    return a >= b && strcmp(text + a - b, with) == 0;
}

static float start_of(const char *path, const struct fer_shape *shape, double u)
{
    double fan = 1;
    for (int i = 1; i < shape->rank; i++)
        fan *= shape->dim[i];
    if (shape->rank > 1)
        return (float)((2 * u - 1) * (shape->rank == 4 ? sqrt(6 / fan) : sqrt(1 / fan)));
    return (float)(ends(path, "running_var") || ends(path, "weight") ? 0.8 + 0.4 * u : 0.2 * u - 0.1);
}

void trial_weight(const char *path, const struct fer_shape *shape, float *values)
{
    const size_t count = fer_shape_count(shape);
    uint64_t state = trial_seed(path);
    for (size_t i = 0; i < count; i++)
        values[i] = start_of(path, shape, op_random(&state));
}

void trial_fill(struct fer_store *store, const struct fer_net *net)
{
    for (int i = 0; i < net->nweights; i++) {
        const struct fer_weight *weight = net->weights[i];
        float *values = malloc(fer_shape_count(&weight->shape) * sizeof(*values));
        trial_weight(weight->path + strlen(net->name) + 1, &weight->shape, values);
        OK(fer_store_write(store, weight, values, &err));
        free(values);
    }
}

/* ---- a data set that says how large pictures are; none of it is used ---- */

static void make_pictures(struct trial *trial)
{
    strcpy(trial->directory, "/tmp/fer-trial-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(trial->directory));
    for (int label = 0; label < trial->spec.classes; label++) {
        char folder[96], path[128];
        snprintf(folder, sizeof folder, "%s/%d", trial->directory, label);
        snprintf(path, sizeof path, "%s/0.ppm", folder);
        ck_assert_int_eq(mkdir(folder, 0700), 0);
        FILE *file = fopen(path, "wb");
        ck_assert_ptr_nonnull(file);
        fprintf(file, "P6\n2 2\n255\n%.12s", "abcdefghijkl");
        ck_assert_int_eq(fclose(file), 0);
    }
}

static void remove_pictures(const struct trial *trial)
{
    for (int label = 0; label < trial->spec.classes; label++) {
        char folder[96], path[128];
        snprintf(folder, sizeof folder, "%s/%d", trial->directory, label);
        snprintf(path, sizeof path, "%s/0.ppm", folder);
        unlink(path);
        rmdir(folder);
    }
    rmdir(trial->directory);
}

/* ---- the stage ---- */

static void describe(const struct trial *trial, char *text, size_t size)
{
    const struct trial_spec *s = &trial->spec;
    char names[256] = "";
    for (int i = 0; i < s->classes; i++)
        sprintf(names + strlen(names), "%s\"%d\"", i ? ", " : "", i);
    const int length =
        snprintf(text, size,
                 "fer 1\nuse vision, loss, optim, data, metric, resnet%s\nlabels %s\n%s\n"
                 "data d -> image, label = folder \"%s\" | resize %d | batch %d\n"
                 "stage fit over d until epoch=30 keeping best=\"seen.accuracy\" {\n  logits = image | t\n"
                 "  loss ce = logits, label | cross_entropy\n  minimize ce\n  update t %s\n}\n"
                 "test seen over d {\n  logits = image | t\n"
                 "  metric accuracy = logits, label | accuracy\n}\n",
                 s->use ? s->use : "", names, s->net, trial->directory, s->side, s->batch, s->update);
    ck_assert_int_lt(length, (int)size);
}

void trial_open(struct trial *trial, const struct trial_spec *spec, enum fer_profile profile)
{
    const struct fer_description_options options = { .seed = 1, .threads = 1 };
    const struct fer_compile_options compile = { .poison = true, .without = spec->without };
    char text[4096];
    *trial = (struct trial){ .spec = *spec };
    make_pictures(trial);
    describe(trial, text, sizeof text);
    trial->device = op_device_open(profile);
    OK(fer_description_parse(trial->device.registry, "trial", "/", text, &options, &trial->description, &err));
    trial->net = fer_description_net(trial->description, "t");
    OK(fer_store_create(trial->device.device, trial->description, 1, &trial->store, &err));
    trial_fill(trial->store, trial->net);
    OK(fer_stage_compile(trial->description, 0, trial->store, &compile, &trial->stage, &err));
}

void trial_close(struct trial *trial)
{
    fer_stage_program_free(trial->stage);
    fer_store_free(trial->store);
    fer_description_free(trial->description);
    op_device_close(&trial->device);
    remove_pictures(trial);
}

double trial_step(struct trial *trial, int step, double rate)
{
    const struct trial_spec *s = &trial->spec;
    const size_t bytes = (size_t)(s->batch * s->side * s->side * 3);
    struct fer_stage_program *stage = trial->stage;
    struct fer_update_state *update = &stage->steps[0].updates[0];
    const float control[4] = { (float)rate, 1, (float)(++update->updates), 0 };
    uint8_t *pictures = malloc(bytes);
    int32_t labels[64];
    uint32_t ids[64] = { 0 };
    struct fer_batch batch = { .n = s->batch, .capacity = s->batch, .image = pictures, .label = labels, .id = ids };
    float loss;

    trial_pictures(step, bytes, pictures);
    trial_labels(step, s->batch, s->classes, labels);
    OK(fer_inputs_upload(stage->exec, &stage->inputs[0], &batch, &err));
    OK(fer_exec_run(stage->exec, stage->data, &err));
    OK(fer_exec_run(stage->exec, stage->shared, &err));
    OK(fer_exec_run(stage->exec, stage->steps[0].segment, &err));
    OK(fer_exec_read(stage->exec, stage->steps[0].losses, &loss, sizeof loss, &err));
    OK(fer_exec_write(stage->exec, update->control, control, sizeof control, &err));
    OK(fer_exec_run(stage->exec, update->segment, &err));
    fer_exec_weights_changed(stage->exec);
    free(pictures);
    return (double)loss;
}
