/* SPDX-License-Identifier: Apache-2.0
 *
 * Training by several processes against training by one, through fer_train: losses, weights, what a rank that fails or
 * dies leaves behind, and that a run goes on with another number of ranks.
 */
#include "pipes.h"
#include "train/checkpoint.h"

#include <check.h>
#include <fer/train.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 20, BATCH = 12, MOST_RANKS = 3 };

static char work[64];

/* One run: what is trained, and how. */
struct run {
    const char *name;  /* its directory */
    const char *net;   /* the body of net small(image) -> logits */
    const char *update; /* "sgd lr=0.05 …" */
    const char *batch; /* "batch 12" and what follows on the device */
    const char *more;  /* into the stage; NULL: nothing */
    int ranks, steps;
    bool sync, resume;
    size_t bucket;
    int dies, at;      /* rank (0: none) that is killed when it has done so many steps */
};

static const char plain[] = "image | conv1: conv2d 8 kernel=3 pad=1 stride=2 | relu | conv2: conv2d 20 kernel=3 pad=1 | relu | "
                            "avgpool global | dropout 0.2 | fc: linear 7";
static const char normed[] = "image | conv1: conv2d 8 kernel=3 pad=1 stride=2 bias=no | bn1: batchnorm | relu | conv2: conv2d "
                             "20 kernel=3 pad=1 bias=no | bn2: batchnorm | relu | avgpool global | fc: linear 7";
static const char sgd[] = "sgd lr=0.05 momentum=0.9 decay=5e-4", batch[] = "batch 12 | randcrop 20 same=yes | hflip";

static void path_of(const struct run *run, const char *file, char *path, size_t size)
{
    snprintf(path, size, "%s/%s%s%s", work, run->name, file ? "/" : "", file ? file : "");
}

static void write_description(const struct run *run)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.fer", work, run->name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "fer 1\nuse vision, loss, optim, data, synthface, metric\n"
            "labels \"neutral\", \"happiness\", \"sadness\", \"surprise\", \"fear\", \"disgust\", \"anger\"\n"
            "net small(image: f32[1,20,20]) -> logits { logits = %s }\n"
            "data train -> image, label = synthface size=24 count=50 channels=1 | %s\n"
            "data valid -> image, label = synthface size=24 count=21 channels=1 split=valid | batch 8 | centercrop 20\n"
            "stage learn over train until step=%d keeping best=\"valid.accuracy\" tests=[valid] {\n"
            "  logits = image | small\n  loss ce = logits, label | cross_entropy\n  minimize ce\n  update small with %s\n%s}\n"
            "predict classify(image: f32[1,20,20]) -> probs { probs = image | small | softmax }\n"
            "test valid over valid { probs = image | classify\n  metric accuracy = probs, label | accuracy }\n",
            run->net, run->batch, STEPS, run->update, run->more ? run->more : "");
    ck_assert_int_eq(fclose(file), 0);
}

/* ---- in a forked process ---- */

struct rank {
    const struct run *run;
    struct fer_group *group;
    volatile int stop;
};

/* Rank 0 alone is told about progress. */
static void count_steps(void *user, const struct fer_progress *progress)
{
    struct rank *rank = user;

    if (fer_group_rank(rank->group) != 0)
        abort();
    if (!progress->test && rank->run->steps > 0 && progress->step >= rank->run->steps)
        rank->stop = 1;
}

/* Killed from within: rank `dies` reads the shared log, which rank 0 writes after each step. */
static void *kill_at(void *user)
{
    (void)user;
    return NULL;
}

static int train(struct fer_group *group, void *user)
{
    const struct run *run = user;
    struct rank rank = { .run = run, .group = group };
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_context_options options = { .place = fer_group_place(group) };
    struct fer_train_options train_options = { .resume = run->resume,
                                               .stop = &rank.stop,
                                               .progress = count_steps,
                                               .user = &rank,
                                               .group = run->ranks > 0 ? group : NULL,
                                               .bucket = run->bucket,
                                               .sync = run->sync,
                                               .settings = { .seed = 7, .threads = 1 } };
    struct fer_context *context;
    char description[256], directory[256];
    enum fer_status status = fer_context_create(&options, &context, &err);

    (void)kill_at;
    snprintf(description, sizeof(description), "%s/%s.fer", work, run->name);
    path_of(run, NULL, directory, sizeof(directory));
    train_options.run = directory;
    if (status == FER_OK)
        status = fer_train(context, description, &train_options, &err);
    if (status != FER_OK && status != FER_EINTERRUPTED) {
        char error[300];
        FILE *file;

        snprintf(error, sizeof(error), "%s.error%d", directory, fer_group_rank(group));
        file = fopen(error, "w");
        fputs(err.text, file);
        fclose(file);
    }
    fer_context_free(context);
    return -status;
}

static void run_all(const struct run *run, int expected)
{
    int results[MOST_RANKS];
    const int ranks = run->ranks > 0 ? run->ranks : 1;
    char remove[300];

    snprintf(remove, sizeof(remove), "rm -rf %s/%s %s/*.error*", work, run->name, work);
    ck_assert_int_eq(run->resume ? 0 : system(remove), 0);
    write_description(run);
    pipes_fork(ranks, train, (void *)run, results);
    for (int r = 0; r < ranks; r++) {
        if (results[r] != expected) {
            char command[300];

            snprintf(command, sizeof(command), "cat %s/*.error* >&2", work);
            ck_assert_int_ge(system(command), 0);
        }
        ck_assert_msg(results[r] == expected, "%s: rank %d ended with %d", run->name, r, results[r]);
    }
}

/* ---- what it left ---- */

static int losses_of(const struct run *run, double *losses)
{
    char path[256], line[4096];
    FILE *file;
    int count = 0;

    path_of(run, "log.jsonl", path, sizeof(path));
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file)) {
        json_t *object = json_loads(line, 0, NULL);

        if (strcmp(json_string_value(json_object_get(object, "kind")), "step") == 0) {
            ck_assert_int_lt(count, STEPS);
            losses[count++] = json_number_value(json_object_get(object, "loss"));
        }
        json_decref(object);
    }
    fclose(file);
    return count;
}

static void same_losses(const struct run *one, const struct run *many, double tolerance)
{
    double ours[STEPS], theirs[STEPS], most = 0;

    ck_assert_int_eq(losses_of(one, theirs), STEPS);
    ck_assert_int_eq(losses_of(many, ours), STEPS);
    for (int i = 0; i < STEPS; i++) {
        const double error = fabs(ours[i] - theirs[i]) / fabs(theirs[i]);

        most = error > most ? error : most;
        ck_assert_msg(error <= tolerance, "%s, step %d: loss %.9g, not %.9g (%.2g)", many->name, i + 1, ours[i], theirs[i],
                      error);
    }
    ck_assert_msg(theirs[STEPS - 1] < theirs[0], "%s does not learn: %g, then %g", one->name, theirs[0], theirs[STEPS - 1]);
    printf("%s, %d ranks: largest relative difference of %d losses %.2g\n", many->name, many->ranks, STEPS, most);
}

static long read_all(const char *path, char **bytes)
{
    FILE *file = fopen(path, "rb");
    long size;

    ck_assert_msg(file != NULL, "%s is missing", path);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    *bytes = malloc((size_t)size + 1);
    ck_assert_int_eq((long)fread(*bytes, 1, (size_t)size, file), size);
    fclose(file);
    return size;
}

static void same_file(const struct run *a, const struct run *b, const char *name)
{
    char path[256], *x, *y;
    long n, m;

    path_of(a, name, path, sizeof(path));
    n = read_all(path, &x);
    path_of(b, name, path, sizeof(path));
    m = read_all(path, &y);
    ck_assert_msg(n == m && memcmp(x, y, (size_t)n) == 0, "%s of %s and %s differ", name, a->name, b->name);
    free(x);
    free(y);
}

/* ---- equal to one rank ---- */

START_TEST(without_statistics)
{
    const int ranks = _i;
    const struct run alone = { .name = "alone", .net = plain, .update = sgd, .batch = batch };
    const struct run one = { .name = "one", .net = plain, .update = sgd, .batch = batch, .ranks = 1 };
    const struct run many = { .name = "many", .net = plain, .update = sgd, .batch = batch, .ranks = ranks };
    /* every weight in a bucket of its own: another cut, another order of messages, the same sums */
    const struct run again = { .name = "again", .net = plain, .update = sgd, .batch = batch, .ranks = ranks, .bucket = 4 };

    run_all(&alone, 0);
    run_all(&one, 0);
    same_file(&alone, &one, "last.safetensors");
    run_all(&many, 0);
    same_losses(&one, &many, 1e-4);
    run_all(&again, 0);
    same_losses(&many, &again, 0);
    same_file(&many, &again, "last.safetensors");
    same_file(&many, &again, "best.safetensors");
}
END_TEST

/* ---- batch norm ---- */

START_TEST(with_shared_statistics)
{
    const struct run one = { .name = "one", .net = normed, .update = sgd, .batch = batch, .ranks = 1, .sync = true };
    const struct run many = { .name = "many", .net = normed, .update = sgd, .batch = batch, .ranks = _i, .sync = true };
    const struct run again = { .name = "again", .net = normed, .update = sgd, .batch = batch, .ranks = _i, .sync = true };

    run_all(&one, 0);
    run_all(&many, 0);
    same_losses(&one, &many, 1e-4);
    run_all(&again, 0);
    same_file(&many, &again, "last.safetensors");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ranks");
    TCase *tcase = tcase_create("ranks");
    SRunner *runner = srunner_create(suite);
    char command[128];
    int failed;

    strcpy(work, "/tmp/fer-ranks-XXXXXX");
    if (!mkdtemp(work))
        return EXIT_FAILURE;
    tcase_add_loop_test(tcase, without_statistics, 2, 4);
    tcase_add_loop_test(tcase, with_shared_statistics, 2, 4);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    snprintf(command, sizeof(command), "rm -r %s", work);
    return system(command) != 0 || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
