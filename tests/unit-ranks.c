/* SPDX-License-Identifier: Apache-2.0
 *
 * Training by several processes against training by one, through fer_train: losses, weights, what a rank that fails or
 * dies leaves behind, and that a run goes on with another number of ranks.
 */
#include "pipes.h"
#include "train/group.h"

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

enum { STEPS = 20, MOST_RANKS = 3, CLASSES = 5, PICTURES = 10, SIDE = 12 };

static char work[64];

/* One run: what is trained, and how. */
struct run {
    const char *name;   /* its directory */
    int ranks;          /* 0: without a group */
    const char *net;    /* the body of net small(image) -> logits */
    const char *batch;  /* "batch 12", and what follows it */
    const char *update; /* "small with sgd …" */
    const char *stage;  /* instead of one step with that update; may use nets small and other */
    size_t bucket;
    bool sync, resume;
    int stops;         /* rank 0 is asked to stop after so many steps; 0: never */
    int dies, at;      /* rank that is killed after step `at`; 0: none */
    int lost;          /* rank whose description is another one; 0: none */
    const char *other; /* its name */
    const char *precision;
};

/* Blocked and plain tensors, weights of several sizes; few kernels. */
#define PLAIN "image | conv: conv2d 8 kernel=3 stride=2 | relu | fc1: linear 20 | relu | dropout 0.2 | fc2: linear 5"
#define NORMED                                                                                                         \
    "image | conv: conv2d 8 kernel=3 stride=2 bias=no | bn1: batchnorm | relu | fc1: linear 20 bias=no | bn2: "        \
    "batchnorm | "                                                                                                     \
    "relu | fc2: linear 5"
/* Some of each batch's random numbers are each sample's own, some the batch's. */
#define AUGMENTED "batch 12 | randcrop 10 same=yes | hflip"
#define SGD "small with sgd lr=0.05 momentum=0.9 decay=5e-4"

/* RUN("name", ranks, …); what is not said is PLAIN, AUGMENTED and SGD. */
#define RUN(name_, ranks_, ...)                                                                                        \
    (struct run)                                                                                                       \
    {                                                                                                                  \
        .name = name_, .ranks = ranks_, __VA_ARGS__                                                                    \
    }

static void path_of(const struct run *run, const char *file, char *path, size_t size)
{
    snprintf(path, size, "%s/%s%s%s", work, run->name, file ? "/" : "", file ? file : "");
}

/* Of each class some, of noise that is brighter from class to class. */
static void write_pictures(void)
{
    char path[128];
    unsigned bits = 1;

    snprintf(path, sizeof(path), "%s/pictures", work);
    mkdir(path, 0700);
    for (int i = 0; i < CLASSES * PICTURES; i++) {
        FILE *file;

        snprintf(path, sizeof(path), "%s/pictures/%d", work, i % CLASSES);
        mkdir(path, 0700);
        snprintf(path, sizeof(path), "%s/pictures/%d/%02d.pgm", work, i % CLASSES, i);
        file = fopen(path, "wb");
        fprintf(file, "P5\n%d %d\n255\n", SIDE, SIDE);
        for (int p = 0; p < SIDE * SIDE; p++) {
            bits = bits * 1664525u + 1013904223u;
            fputc((int)(bits >> 25) + i % CLASSES * 25, file);
        }
        fclose(file);
    }
}

static void write_description(const struct run *run)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.fer", work, run->name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "fer 1\nuse vision, loss, optim, data, metric\nlabels \"0\", \"1\", \"2\", \"3\", \"4\"\n"
            "net small(image: f32[1,10,10]) -> logits { logits = %s }\nnet other = small\n"
            "data train -> image, label = folder \"pictures\" | gray | %s\n"
            "data valid -> image, label = folder \"pictures\" | gray | batch 8 | centercrop 10\n"
            "stage learn over train until step=%d keeping best=\"valid.accuracy\" tests=[valid] {\n",
            run->net ? run->net : PLAIN, run->batch ? run->batch : AUGMENTED, STEPS);
    if (run->stage)
        fprintf(file, "%s}\n", run->stage);
    else
        fprintf(file,
                "  logits = image | small\n  loss ce = logits, label | cross_entropy\n  minimize ce\n  update %s\n}\n",
                run->update ? run->update : SGD);
    fprintf(file, "predict classify(image: f32[1,10,10]) -> probs { probs = image | small | softmax }\n"
                  "test valid over valid { probs = image | classify\n  metric accuracy = probs, label | accuracy }\n");
    ck_assert_int_eq(fclose(file), 0);
}

/* ---- in a forked process ---- */

struct rank {
    const struct run *run;
    struct fer_group *group;
    volatile int stop;
    int32_t pids[MOST_RANKS];
};

/* Rank 0 alone is told about progress. */
static void watch(void *user, const struct fer_progress *progress)
{
    struct rank *rank = user;
    const struct run *run = rank->run;

    if (fer_group_rank(rank->group) != 0)
        abort();
    if (!progress->test && run->stops && progress->step >= run->stops)
        rank->stop = 1;
    if (!progress->test && run->at && progress->step == run->at)
        kill(rank->pids[run->dies], SIGKILL);
}

static void keep_sentence(const char *directory, int rank, const char *sentence)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof(path), "%s.error%d", directory, rank);
    file = fopen(path, "w");
    fputs(sentence, file);
    fclose(file);
}

static int train(struct fer_group *group, void *user)
{
    const struct run *run = user;
    const int number = fer_group_rank(group);
    const int32_t pid = getpid();
    struct rank rank = { .run = run, .group = group };
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_context_options options = { .place = fer_group_place(group), .precision = run->precision };
    char description[256], directory[256];
    const struct fer_train_options with = { .run = directory,
                                            .resume = run->resume,
                                            .save_every = 4,
                                            .stop = &rank.stop,
                                            .progress = watch,
                                            .user = &rank,
                                            .group = run->ranks > 0 ? group : NULL,
                                            .bucket = run->bucket,
                                            .sync = run->sync,
                                            .settings = { .seed = 7, .threads = 1 } };
    struct fer_context *context;
    enum fer_status status = fer_context_create(&options, &context, &err);

    snprintf(description, sizeof(description), "%s/%s.fer", work,
             run->lost && number == run->lost ? run->other : run->name);
    /* the directory is rank 0's: to the others it may not even be there */
    snprintf(directory, sizeof(directory), "%s/%s", number == 0 ? work : "/nowhere", run->name);
    if (status == FER_OK)
        status = fer_group_gather(group, &pid, sizeof(pid), rank.pids, &err);
    if (status == FER_OK)
        status = fer_train(context, description, &with, &err);
    if (status != FER_OK) {
        path_of(run, NULL, directory, sizeof(directory));
        keep_sentence(directory, number, err.text);
    }
    fer_context_free(context);
    return -status;
}

/* results: exit statuses by rank, those of enum fer_status without their sign. */
static void run_with(const struct run *run, int *results)
{
    char remove[300];

    snprintf(remove, sizeof(remove), "rm -rf %s/%s %s/*.error*", work, run->name, work);
    ck_assert_int_eq(run->resume ? 0 : system(remove), 0);
    write_description(run);
    pipes_fork(run->ranks > 0 ? run->ranks : 1, train, (void *)run, results);
}

/* What a rank failed with. */
static const char *sentence(const struct run *run, int rank)
{
    static char text[2048];
    char path[300];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.error%d", work, run->name, rank);
    file = fopen(path, "r");
    text[0] = '\0';
    if (file) {
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
    }
    return text;
}

/* All ranks end with this. */
static void run_all(const struct run *run, enum fer_status expected)
{
    int results[MOST_RANKS];

    run_with(run, results);
    for (int r = 0; r < (run->ranks > 0 ? run->ranks : 1); r++)
        ck_assert_msg(results[r] == -expected, "%s: rank %d ended with %d: %s", run->name, r, results[r],
                      sentence(run, r));
}

/* ---- what it left ---- */

/* One number of each step, 0 where it is not said. */
static int numbers_of(const struct run *run, const char *name, double *numbers)
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
            numbers[count++] = json_number_value(json_object_get(object, name));
        }
        json_decref(object);
    }
    fclose(file);
    return count;
}

static int losses_of(const struct run *run, double *losses)
{
    return numbers_of(run, "loss", losses);
}

static void same_losses(const struct run *one, const struct run *many, double tolerance)
{
    double ours[STEPS], theirs[STEPS], most = 0;

    ck_assert_int_eq(losses_of(one, theirs), STEPS);
    ck_assert_int_eq(losses_of(many, ours), STEPS);
    for (int i = 0; i < STEPS; i++) {
        const double error = fabs(ours[i] - theirs[i]) / fabs(theirs[i]);

        most = error > most ? error : most;
        ck_assert_msg(error <= tolerance, "%s, step %d: loss %.9g, not %.9g (%.2g)", many->name, i + 1, ours[i],
                      theirs[i], error);
    }
    ck_assert_msg(theirs[STEPS - 1] < theirs[0], "%s does not learn: %g, then %g", one->name, theirs[0],
                  theirs[STEPS - 1]);
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
    const struct run alone = RUN("alone", 0), one = RUN("one", 1), many = RUN("many", _i);
    /* every weight in a bucket of its own: other messages in another order, the same sums */
    const struct run again = RUN("again", _i, .bucket = 4);

    run_all(&one, FER_OK);
    if (_i == 2) {
        run_all(&alone, FER_OK);
        same_file(&alone, &one, "last.safetensors");
    }
    run_all(&many, FER_OK);
    same_losses(&one, &many, 1e-4);
    run_all(&again, FER_OK);
    same_losses(&many, &again, 0);
    same_file(&many, &again, "last.safetensors");
    same_file(&many, &again, "best.safetensors");
}
END_TEST

START_TEST(with_shared_statistics)
{
    const struct run one = RUN("one", 1, .net = NORMED, .sync = true),
                     many = RUN("many", _i, .net = NORMED, .sync = true);
    const struct run again = RUN("again", _i, .net = NORMED, .sync = true, .bucket = 4);

    run_all(&one, FER_OK);
    run_all(&many, FER_OK);
    same_losses(&one, &many, 1e-4);
    if (_i == 2) {
        run_all(&again, FER_OK);
        same_file(&many, &again, "last.safetensors");
    }
}
END_TEST

/* Two ranks with statistics of their own do what one rank does with a batch in two parts. */
START_TEST(with_own_statistics)
{
    const struct run parts = RUN("parts", 1, .net = NORMED, .batch = "batch 12 micro=6 | randcrop 10 same=yes | hflip");
    const struct run many = RUN("many", 2, .net = NORMED), one = RUN("one", 1, .net = NORMED);
    double together[STEPS], apart[STEPS];

    run_all(&parts, FER_OK);
    run_all(&many, FER_OK);
    same_losses(&parts, &many, 1e-4);
    run_all(&one, FER_OK);
    losses_of(&one, together);
    losses_of(&many, apart);
    ck_assert_msg(fabs(together[0] - apart[0]) > 1e-3 * together[0], "statistics are not each rank's own: %g",
                  apart[0]);
}
END_TEST

/* The norm that clips is that of the mean; every step would be another if it were that of a rank, or of a sum. */
START_TEST(clipped)
{
    const struct run one = RUN("one", 1, .update = "small clip=0.05 with sgd lr=0.5 momentum=0.9");
    const struct run many = RUN("many", 3, .update = "small clip=0.05 with sgd lr=0.5 momentum=0.9");
    const struct run free_ = RUN("free", 1, .update = "small with sgd lr=0.5 momentum=0.9");
    double with[STEPS], without[STEPS];

    run_all(&one, FER_OK);
    run_all(&many, FER_OK);
    same_losses(&one, &many, 1e-4);
    run_all(&free_, FER_OK);
    losses_of(&one, with);
    losses_of(&free_, without);
    ck_assert(fabs(with[2] - without[2]) > 1e-3 * with[2]);
}
END_TEST

/* Parts of a share; gradients leave after the last. */
START_TEST(in_parts)
{
    const struct run one = RUN("one", 1),
                     many = RUN("many", 2, .batch = "batch 12 micro=3 | randcrop 10 same=yes | hflip");

    run_all(&one, FER_OK);
    run_all(&many, FER_OK);
    same_losses(&one, &many, 1e-4);
}
END_TEST

/* Steps that alternate, one of them with batches of its own, two nets, an update that begins later, what is shared. */
START_TEST(in_steps)
{
    static const char stage[] =
        "  logits = image | small\n"
        "  step first { loss ce = logits, label | cross_entropy\n minimize ce\n update small with adam lr=0.01 }\n"
        "  step second times=2 fresh=yes { y = image | other\n loss l = y, label | cross_entropy\n"
        "    t = logits | detach\n loss m = y, t | mse\n minimize l + 0.1 m\n"
        "    update other from=2 with sgd lr=0.05 momentum=0.9 }\n";
    const struct run one = RUN("one", 1, .stage = stage), many = RUN("many", 2, .stage = stage, .bucket = 4);

    run_all(&one, FER_OK);
    run_all(&many, FER_OK);
    same_losses(&one, &many, 1e-4);
}
END_TEST

/* Gradients that overflow 16 bits on one rank alone, of an update that begins later: all ranks skip, with one scale, as
 * one rank does whose batch has a part that overflows. */
START_TEST(with_a_scale)
{
    static const char stage[] =
        "  logits = image | small\n  y = image | other\n"
        "  loss ce = logits, label | cross_entropy\n  loss l = y, label | cross_entropy\n  minimize ce + 220 l\n"
        "  update small with sgd lr=0.01\n  update other from=5 with sgd lr=1e-5\n";
    const struct run parts = RUN("parts", 1, .batch = "batch 12 micro=6 | randcrop 10 same=yes | hflip", .stage = stage,
                                 .precision = "fp16");
    const struct run many = RUN("many", 2, .stage = stage, .precision = "fp16");
    double together[STEPS], apart[STEPS];

    run_all(&parts, FER_OK);
    run_all(&many, FER_OK);
    for (int k = 0; k < 2; k++) {
        const char *name = k ? "loss_scale" : "skipped";

        ck_assert_int_eq(numbers_of(&parts, name, together), STEPS);
        ck_assert_int_eq(numbers_of(&many, name, apart), STEPS);
        ck_assert(together[0] > together[STEPS - 1]);
        for (int i = 0; i < STEPS; i++)
            ck_assert_msg(together[i] == apart[i], "step %d: %s %g, not %g", i + 1, name, apart[i], together[i]);
    }
}
END_TEST

/* ---- ends and goes on ---- */

START_TEST(goes_on)
{
    const struct run straight = RUN("straight", 2);
    struct run stopped = RUN("stopped", 2, .stops = 6);

    run_all(&straight, FER_OK);
    run_all(&stopped, FER_EINTERRUPTED);
    stopped.resume = true;
    stopped.stops = 0;
    run_all(&stopped, FER_OK);
    same_losses(&straight, &stopped, 0);
    same_file(&straight, &stopped, "last.safetensors");
    /* what two ranks began three go on with, and one ends */
    stopped = RUN("stopped", 2, .stops = 6);
    run_all(&stopped, FER_EINTERRUPTED);
    stopped.resume = true;
    stopped.ranks = 3;
    stopped.stops = 13;
    run_all(&stopped, FER_EINTERRUPTED);
    stopped.ranks = 0;
    stopped.stops = 0;
    run_all(&stopped, FER_OK);
    same_losses(&straight, &stopped, 1e-4);
}
END_TEST

/* Rank _i is killed: the others end by themselves, and the last checkpoint is whole. */
START_TEST(dies)
{
    const struct run straight = RUN("straight", 3);
    struct run killed = RUN("killed", 3, .dies = _i, .at = 6);
    int results[MOST_RANKS];
    char died[32];

    run_with(&killed, results);
    for (int r = 0; r < 3; r++) {
        if (r == _i) {
            ck_assert_int_eq(results[r], 128 + SIGKILL);
            continue;
        }
        ck_assert_msg(results[r] == -FER_EPEER, "rank %d ended with %d: %s", r, results[r], sentence(&killed, r));
        ck_assert_msg(strstr(sentence(&killed, r), "the last checkpoint is"), "%s", sentence(&killed, r));
    }
    snprintf(died, sizeof(died), "rank %d has died", _i);
    ck_assert_msg(strstr(sentence(&killed, _i == 0), died), "%s", sentence(&killed, _i == 0));
    killed.resume = true;
    killed.at = 0;
    run_all(&killed, FER_OK);
    run_all(&straight, FER_OK);
    same_file(&straight, &killed, "last.safetensors");
}
END_TEST

/* ---- refused ---- */

START_TEST(refused)
{
    const struct run odd = RUN("odd", 3, .batch = "batch 16 | centercrop 10");
    const struct run micro = RUN("micro", 2, .batch = "batch 12 micro=4 | centercrop 10");
    const struct run lost = RUN("lost", 2, .lost = 1, .other = "nowhere");
    const struct run strange = RUN("strange", 2, .lost = 1, .other = "odd");
    int results[MOST_RANKS];

    run_all(&odd, FER_EINVAL);
    ck_assert_msg(strstr(sentence(&odd, 0), "a batch of 16 cannot be shared equally by 3 processes"), "%s",
                  sentence(&odd, 0));
    run_all(&micro, FER_EINVAL);
    ck_assert_msg(strstr(sentence(&micro, 0), "micro=4 does not divide a share of 6"), "%s", sentence(&micro, 0));
    run_with(&lost, results);
    ck_assert_int_eq(results[0], -FER_EPEER);
    ck_assert_msg(strstr(sentence(&lost, 0), "rank 1: ") && strstr(sentence(&lost, 0), "nowhere.fer"), "%s",
                  sentence(&lost, 0));
    ck_assert_int_ne(results[1], 0);
    write_description(&odd);
    run_with(&strange, results);
    ck_assert_int_eq(results[0], -FER_EPEER);
    ck_assert_msg(strstr(sentence(&strange, 0), "is not that of rank 0"), "%s", sentence(&strange, 0));
    ck_assert_int_eq(results[1], -FER_EINVAL);
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
    write_pictures();
    tcase_add_loop_test(tcase, without_statistics, 2, 4);
    tcase_add_loop_test(tcase, with_shared_statistics, 2, 4);
    tcase_add_test(tcase, with_own_statistics);
    tcase_add_test(tcase, clipped);
    tcase_add_test(tcase, in_parts);
    tcase_add_test(tcase, in_steps);
    tcase_add_test(tcase, with_a_scale);
    tcase_add_test(tcase, goes_on);
    tcase_add_loop_test(tcase, dies, 0, 2);
    tcase_add_test(tcase, refused);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    snprintf(command, sizeof(command), "rm -r %s", work);
    return system(command) != 0 || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
