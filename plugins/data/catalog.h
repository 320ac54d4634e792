/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of samples: what every reader of this plugin makes of its folder or file, and what it does with it afterwards.
 * A sample's picture is a file, or pixels in memory, or lies in a packed file.
 */
#ifndef DATA_CATALOG_H
#define DATA_CATALOG_H

#include <fer/data.h>
#include <fer/pack.h>

struct entry {
    size_t path, mask; /* in text; mask: with FER_FIELD_MASK */
    size_t pixels;     /* which picture in `pixels` or in `pack`, if there are such */
    uint32_t id;       /* number before the split was chosen */
    int label;         /* -1: none */
    int split;         /* in splits; -1: none */
    int subject;       /* in subjects; -1: none */
    float box[4];
};

/* Distinct strings, numbered in the order of their coming. */
struct names {
    int count;
    size_t *text; /* of each */
    int *place;   /* hash table of number + 1, `places` long (a power of two) */
    size_t places;
};

struct catalog {
    const struct fer_data_env *env;
    unsigned fields;
    size_t count, capacity;
    struct entry *entries;
    char *text; /* zero-terminated strings, one after another */
    size_t text_size, text_capacity;
    struct names labels; /* only where the description has none */
    struct names splits, subjects;
    int landmarks;   /* points of each sample */
    float *landmark; /* [count][landmarks][2] */
    size_t landmark_capacity;
    int softs;
    float *soft; /* [count][softs] */
    size_t soft_capacity;
    uint8_t *pixels; /* gray pictures of side × side, one after another */
    size_t pixels_capacity;
    int side;
    bool ordered;      /* labels are in an order of their own and not to be sorted */
    bool drop_others;  /* others=drop */
    int expression[8]; /* the description's labels of the expressions (expression.h); -1: none */
    struct fer_pack *pack;
    int soft_place[FER_MAX_SOFT]; /* of the packed file's soft labels in the description's; LEFT_OUT: nowhere */
    bool soft_left_out;           /* some have no place */
};

/* Zeroed, for `env`, which is used until catalog_open returns. */
enum fer_status catalog_create(struct catalog **out, const struct fer_data_env *env, struct fer_error *err);
void catalog_free(struct catalog *catalog); /* NULL is fine */

/* One more sample, with `path` copied; *entry is valid until the next. */
enum fer_status catalog_add(struct catalog *catalog, const char *path, struct entry **entry, struct fer_error *err);
/* Of the sample added last: the file of its mask, copied. */
enum fer_status catalog_mask(struct catalog *catalog, const char *path, struct fer_error *err);
enum fer_status catalog_landmarks(struct catalog *catalog, const float *points, struct fer_error *err);
enum fer_status catalog_soft(struct catalog *catalog, const float *soft, struct fer_error *err);
/* The picture of the sample added last: side × side gray bytes. */
enum fer_status catalog_pixels(struct catalog *catalog, const uint8_t *pixels, struct fer_error *err);
/* The number of a name in a list; added when it is new. */
enum fer_status catalog_name(struct catalog *catalog, struct names *names, const char *text, int *number,
                             struct fer_error *err);
/* -1 when it is not in the list. */
int catalog_find(const struct catalog *catalog, const struct names *names, const char *text);
const char *catalog_text(const struct catalog *catalog, const struct names *names, int number);
void names_free(struct names *names);
/* A label's number: out of the description's labels, where happiness is happy too, or else a new one.  LEFT_OUT: an
 * expression that the description has no label for and others=drop. */
enum { LEFT_OUT = -2 };
enum fer_status catalog_label(struct catalog *catalog, const char *text, int *label, struct fer_error *err);
/* Whose picture the sample added last is. */
enum fer_status catalog_subject(struct catalog *catalog, const char *text, struct fer_error *err);

/* How a reader's samples are divided.  All readers have these parameters. */
struct division {
    const char *split; /* "train", "valid", "test"; "" all */
    double valid, test;
    int seed, others;
    const char *only; /* file of names; NULL or "": all */
};
enum { OTHERS_ERROR, OTHERS_DROP };
extern const char *const others_names[];
#define DIVISION_PARAMS(s)                                                                                             \
    FER_PARAM(FER_TYPE_STRING, s, division.split, "split", "", 0, 0, NULL,                                             \
              "part to read: train, valid, test; all by default"),                                                     \
        FER_PARAM(FER_TYPE_FLOAT, s, division.valid, "valid", "0", 0, 0.9, NULL,                                       \
                  "share of each class that is drawn for valid, where the data has no split of its own"),              \
        FER_PARAM(FER_TYPE_FLOAT, s, division.test, "test", "0", 0, 0.9, NULL,                                         \
                  "share of each class that is drawn for test"),                                                       \
        FER_PARAM(FER_TYPE_INT, s, division.seed, "seed", "0", 0, 2147483647, NULL,                                    \
                  "of the drawing; apart from --seed, so that the parts stay what they are"),                          \
        FER_PARAM(FER_TYPE_ENUM, s, division.others, "others", "error", 0, 0, others_names,                            \
                  "what becomes of pictures whose expression is not among the labels")
#define ONLY_PARAM(s)                                                                                                  \
    FER_PARAM(FER_TYPE_PATH, s, division.only, "only", "", 0, 0, NULL,                                                 \
              "file that begins each line with the name of a picture to keep, as the published lists of occluded and " \
              "turned faces do; others are left out")

/* Keep the part that is asked for.  `place` is the folder or file, for errors.  Sorts labels by name if the description
 * has none. */
enum fer_status catalog_finish(struct catalog *catalog, const struct division *division, const char *place,
                               struct fer_error *err);
/* Keep the pictures that the file names.  Names are compared without folders, ending and "_aligned"; one that the data
 * lacks is an error, unless others=drop. */
enum fer_status catalog_only(struct catalog *catalog, const char *list, const char *place, struct fer_error *err);
/* Move sample `from` to the place of `to`, which comes before it. */
void catalog_move(struct catalog *catalog, size_t from, size_t to);
/* "training" → "train" and so on; others as they are. */
const char *split_canonical(const char *name);
/* Divide each class at random: part[i] becomes 0 train, 1 valid, 2 test.  A label of -1 is a class too. */
enum fer_status split_stratified(const int *label, size_t count, double valid, double test, uint64_t seed,
                                 uint8_t *part, struct fer_error *err);

/* Fill the catalog from a packed file. */
enum fer_status catalog_unpack(struct catalog *catalog, const char *path, struct fer_error *err);

/* The rest of a reader's callbacks, for readers whose state is a catalog. */
enum fer_status catalog_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                               struct fer_error *err);
void catalog_close(void *state);
const char *catalog_split(void *state, size_t index);
const char *catalog_label_name(void *state, int label);
void catalog_sample_name(void *state, size_t index, char *text, size_t size);
#define CATALOG_READER                                                                                                 \
    .sample = catalog_sample, .close = catalog_close, .split = catalog_split, .label_name = catalog_label_name,        \
    .sample_name = catalog_sample_name

#endif
