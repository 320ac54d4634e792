/* SPDX-License-Identifier: Apache-2.0 */
#include "stage-trial.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "train/safetensors.h"
#include "tree.h"

struct fer_error err;
struct fer_context *context;
static char home[32];
static int refused; /* runs in it */

/* ---- pictures and descriptions ---- */

char *in_home(const char *name)
{
    static char path[4][128];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", home, name);
    return path[turn];
}

void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_home(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void make_set(const char *set, const char *classes, int count)
{
    uint64_t state = strlen(set) + (unsigned char)set[0];
    mkdir(in_home(set), 0700);
    for (const char *class = classes; *class; class ++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%c", set, *class);
        mkdir(in_home(name), 0700);
        for (int i = 0; i < count; i++) {
            snprintf(name, sizeof name, "%s/%c/%d.ppm", set, *class, i);
            FILE *file = fopen(in_home(name), "wb");
            ck_assert_ptr_nonnull(file);
            fprintf(file, "P6\n%d %d\n255\n", SIDE, SIDE);
            for (int k = 0; k < 3 * SIDE * SIDE; k++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                fputc((int)(state >> 56), file);
            }
            ck_assert_int_eq(fclose(file), 0);
        }
    }
}

void open_home(void)
{
    refused = 0;
    strcpy(home, "/tmp/fer-train-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
    ck_assert_msg(fer_context_create(NULL, &context, &err) == FER_OK, "%s", err.text);
    make_set("four", "xy", 2);
    make_set("eight", "xy", 4);
    make_set("sixteen", "xy", 8);
}

void close_home(void)
{
    fer_context_free(context);
    tree_remove(home);
}

/* ---- runs ---- */

enum fer_status train(const char *name, const char *text, const char *const *data)
{
    char file[64];
    snprintf(file, sizeof file, "%s.fer", name);
    write_text(file, text);
    const struct fer_train_options options = { .settings = { .seed = 3, .threads = 1, .data = data },
                                               .run = in_home(name) };
    return fer_train(context, in_home(file), &options, &err);
}

static void read_log(struct run *run)
{
    char path[128], line[4096];
    snprintf(path, sizeof path, "%s/log.jsonl", run->directory);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        json_t *row = json_loads(line, 0, NULL), *rates = json_object_get(row, "rates");
        ck_assert_ptr_nonnull(row);
        ck_assert_int_lt(run->steps + run->epochs, STEPS);
        if (strcmp(json_string_value(json_object_get(row, "kind")), "epoch") == 0) {
            const json_t *test = json_object_get(json_object_get(row, "tests"), "valid");
            run->mean[run->epochs] = json_number_value(json_object_get(row, "loss"));
            run->ce[run->epochs] = json_number_value(json_object_get(json_object_get(row, "losses"), "ce"));
            run->accuracy[run->epochs] = json_number_value(json_object_get(test, "accuracy"));
            run->valid[run->epochs] = json_number_value(json_object_get(test, "loss"));
            run->best[run->epochs++] = json_is_true(json_object_get(row, "best"));
        } else {
            void *loss = json_object_iter(json_object_get(row, "losses"));
            run->loss[run->steps] = json_number_value(json_object_get(row, "loss"));
            for (int i = 0; i < 2 && loss; i++, loss = json_object_iter_next(json_object_get(row, "losses"), loss))
                run->part[run->steps][i] = json_number_value(json_object_iter_value(loss));
            run->rate[run->steps++] = json_number_value(rates ? json_array_get(rates, json_array_size(rates) - 1)
                                                              : json_object_get(row, "rate"));
        }
        json_decref(row);
    }
    fclose(file);
}

static void read_weights(const char *path, const char *name, float *weight)
{
    struct fer_safetensors *file;
    ck_assert_msg(fer_safetensors_open(path, &file, &err) == FER_OK, "%s", err.text);
    const struct fer_safetensor *row = fer_safetensors_find(file, name);
    ck_assert_msg(row && row->count == WEIGHTS, "%s has no %s", path, name);
    ck_assert_int_eq(fer_safetensors_read_f32(file, row, weight, &err), FER_OK);
    fer_safetensors_close(file);
}

void weights_of(const struct run *run, const char *file, const char *name, float *weight)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", run->directory, file);
    read_weights(path, name, weight);
}

struct run run_with(const char *name, const char *text, const char *const *data)
{
    struct run run = { .steps = 0 };
    ck_assert_msg(train(name, text, data) == FER_OK, "%s: %s", name, err.text);
    snprintf(run.directory, sizeof run.directory, "%s/%s", home, name);
    read_log(&run);
    weights_of(&run, "last.safetensors", "t.fc.weight", run.weight);
    return run;
}

struct run run_stage(const char *name, const char *stage)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s", HEAD, stage);
    return run_with(name, text, NULL);
}

void refuse(const char *stage, const char *words)
{
    char text[4096], name[32];
    snprintf(name, sizeof name, "refused%d", refused++);
    snprintf(text, sizeof text, "%s%s", HEAD, stage);
    ck_assert_int_ne(train(name, text, NULL), FER_OK);
    ck_assert_msg(strstr(err.text, words) != NULL, "\"%s\" is not in: %s", words, err.text);
}

bool same(const float *a, const float *b)
{
    return memcmp(a, b, WEIGHTS * sizeof(*a)) == 0;
}

double distance(const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < WEIGHTS; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum);
}
