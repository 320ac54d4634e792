/* SPDX-License-Identifier: Apache-2.0 */
#include "reader-seen.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

const char *const eight[] = { "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt" };

void make_faces(void)
{
    put_picture("faces/train/happy/b.png", 20);
    put_picture("faces/train/happy/a.png", 10);
    put_picture("faces/train/angry/deep/er/x.png", 30);
    put_picture("faces/val/happy/v.png", 40);
    put_text("faces/train/happy/notes.txt", "not a picture");
    put_text("faces/README", "nor this");
    put_picture("faces/train/.hidden/h.png", 99);
}

const struct fer_batch *first_batch(struct fer_pipeline *pipeline, size_t epoch)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_pipeline_start(pipeline, epoch, 0, &err), "%s", err.text);
    return next_batch(pipeline);
}

const struct fer_batch *next_batch(struct fer_pipeline *pipeline)
{
    const struct fer_batch *batch = NULL;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_pipeline_next(pipeline, &batch, &err), "%s", err.text);
    return batch;
}

const char *epoch_of_text(const char *text)
{
    struct fer_pipeline *pipeline = open_ok(text, false);
    const char *epoch = epoch_of(pipeline, 0);

    fer_pipeline_close(pipeline);
    return epoch;
}

struct fer_sample sample_of(const char *text, size_t place)
{
    struct fer_pipeline *pipeline = open_ok(text, false);
    struct fer_sample sample;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_pipeline_sample(pipeline, place, &sample, &err), "%s", err.text);
    fer_pipeline_close(pipeline);
    return sample;
}

void has_subjects(const char *text, const char *expected)
{
    struct fer_pipeline *pipeline = open_ok(text, false);
    char found[1024] = "";

    for (const struct fer_batch *batch = first_batch(pipeline, 0); batch; batch = next_batch(pipeline))
        for (int i = 0; i < batch->n; i++) {
            const size_t used = strlen(found);

            snprintf(found + used, sizeof(found) - used, "%s%d:%d", used ? " " : "", batch->label[i],
                     batch->subject[i]);
        }
    fer_pipeline_close(pipeline);
    ck_assert_str_eq(found, expected);
}
