/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a struct fer_context, and what tasks share: messages, the device, reading descriptions.
 */
#ifndef FER_TRAIN_CONTEXT_H
#define FER_TRAIN_CONTEXT_H

#include <fer/context.h>
#include <jansson.h>

#include "compile/compile.h"
#include "graph/description.h"
#include "graph/registry.h"
#include "run/device.h"
#include "run/tuning.h"

struct fer_context {
    struct fer_registry *registry;
    struct fer_device *device; /* NULL until somebody needs it */
    char *device_name;         /* or NULL */
    int place;                 /* of several processes on this machine */
    void (*message)(void *user, enum fer_message kind, const char *text);
    void *user;
    struct fer_build_watch watch; /* tells `message` what is being built */
    unsigned without;             /* passes that are left out: enum fer_pass */
    enum fer_precision precision; /* of feature maps */
    char *tune;                   /* file of measurements; NULL: none */
    struct fer_tuning *tuning;    /* what it holds; NULL: nothing */
    struct fer_error untuned;     /* why it could not be read: told by what opens the device */
    struct fer_kept *kept;        /* settings: descriptions point into them */
};

void fer_context_say(const struct fer_context *context, enum fer_message kind, const char *format, ...)
    FER_PRINTF(3, 4);
/* How everything is compiled. */
struct fer_compile_options fer_context_compile_options(const struct fer_context *context);
/* Read the file of measurements, again if that has been done. */
void fer_context_tune(struct fer_context *context);
/* Memory that lives as long as the context; NULL: out of memory. */
void *fer_context_keep(struct fer_context *context, size_t size);
/* Open the device on the first call. */
enum fer_status fer_context_device(struct fer_context *context, struct fer_device **out, struct fer_error *err);

/* Give every diagnostic to `message`; "model.fer:3:5: text" of the first error, and how many more there are, to err. */
void fer_context_diags(const struct fer_context *context, const struct fer_diags *diags, struct fer_error *err);
/* The same for those from number `first` on, which came after the others were told. */
void fer_context_diags_from(const struct fer_context *context, const struct fer_diags *diags, int first,
                            struct fer_error *err);

/* What a description is read for. */
enum fer_purpose {
    FER_FOR_CHECK,
    FER_FOR_TRAINING,
    FER_FOR_TESTS,
    FER_FOR_ANSWERS, /* tests whose numbers for each sample the host reads */
    FER_FOR_PREDICT
};
/* Read a file, or with `text` a text whose relative paths start in `dir`, and report its diagnostics.  On failure *out
 * is NULL. */
enum fer_status fer_context_read(struct fer_context *context, const char *path, const struct fer_settings *settings,
                                 enum fer_purpose purpose, struct fer_description **out, struct fer_error *err);
enum fer_status fer_context_parse(struct fer_context *context, const char *name, const char *dir, const char *text,
                                  const struct fer_settings *settings, enum fer_purpose purpose,
                                  struct fer_description **out, struct fer_error *err);

/* FER_EINVAL: a seed that no report could hold. */
enum fer_status fer_seed_check(uint64_t seed, struct fer_error *err);

/* "dir/name", or just the name when it is absolute or dir is "." or NULL; malloc'ed, NULL when out of memory. */
char *fer_path_join(const char *dir, const char *name);
/* A text from outside, as JSON has it: what is not UTF-8 in it is U+FFFD.  NULL for NULL: pack it with "o?". */
json_t *fer_json_string(const char *text);
/* A number; null where it is none, because JSON has no word for that. */
json_t *fer_json_number(double value);
/* Put `value` (taken over), or all that is in `more`, into a container.  Without memory for it, or for the value,
 * nothing is left of the whole: *array, *object is released and NULL, and so is what is made of it up to fer_json_text,
 * which fails.  So no report lacks a part. */
void fer_json_append(json_t **array, json_t *value);
void fer_json_set(json_t **object, const char *name, json_t *value);
void fer_json_merge(json_t **object, json_t *more);
/* The words of a NULL-terminated list; of NULL none. */
json_t *fer_json_words(const char *const *words);
/* What was begun in a directory goes on with the same --data: `before` is what was written down then; FER_EINVAL.  No
 * array: nobody knows. */
enum fer_status fer_data_compare(const char *dir, const json_t *before, const char *const *data, struct fer_error *err);
/* As json_dumps, which leaves keys out when it cannot get memory for them (jansson 2.14); malloc'ed, NULL when out of
 * memory. */
char *fer_json_dump(const json_t *value, size_t flags);
/* The text of a JSON value, which is released; FER_ENOMEM when there is none. */
enum fer_status fer_json_text(json_t *value, char **out, struct fer_error *err);

#endif
