/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed files that change, or say what cannot be, while a process has them open.  (What is packed and read back:
 * unit-reader.)
 */
#include <fer/pack.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "data/image.h"
#include "data/pack-format.h"
#include "folder.h"

enum { SAMPLES = 8, SIDE = 64 };

/* ---- a reader of pictures that are all different ---- */

static enum fer_status toy_open(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                unsigned *fields, struct fer_error *err)
{
    (void)params;
    (void)env;
    (void)err;
    *state = NULL;
    *count = SAMPLES;
    *fields = FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    return FER_OK;
}

static uint8_t toy_byte(size_t index, size_t at)
{
    return (uint8_t)(31 * index + 7 * at + at / 251);
}

static enum fer_status toy_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                  struct fer_error *err)
{
    const enum fer_status status = fer_image_create(&sample->image, SIDE, SIDE, 3, err);

    (void)state;
    (void)what;
    for (size_t i = 0; i < SIDE * SIDE * 3 && !status; i++)
        sample->image.pixels[i] = toy_byte(index, i);
    sample->label = (int)index % 3;
    sample->subject = 100 + (int)index;
    sample->has = FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    return status;
}

static const struct fer_reader toy = { .size = sizeof(toy), .name = "toy", .open = toy_open, .sample = toy_sample };

static struct fer_pack *pack_of_toys(void)
{
    const struct fer_data_env env = { .size = sizeof(env) };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pack *pack = NULL;

    ck_assert_msg(!fer_pack_write(path, &toy, NULL, &env, NULL, &err), "%s", err.text);
    ck_assert_msg(!fer_pack_open(path, &pack, &err), "%s", err.text);
    ck_assert_uint_eq(fer_pack_count(pack), SAMPLES);
    return pack;
}

static void check_toy(const struct fer_pack *pack, size_t index)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample sample;

    ck_assert_msg(!fer_pack_sample(pack, index, ~0u, &sample, &err), "%s", err.text);
    ck_assert_int_eq(sample.image.width, SIDE);
    ck_assert_int_eq(sample.image.height, SIDE);
    for (size_t i = 0; i < SIDE * SIDE * 3; i++)
        ck_assert_int_eq(sample.image.pixels[i], toy_byte(index, i));
    ck_assert_int_eq(sample.subject, 100 + (int)index);
    fer_sample_free(&sample);
}

/* ---- while it is open ---- */

/* What is no longer there is an error of its own, and the process lives. */
START_TEST(cut_while_it_is_open)
{
    struct fer_pack *pack = pack_of_toys();
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample sample;

    check_toy(pack, SAMPLES - 1);
    ck_assert_int_eq(truncate(path, 4 * SIDE * SIDE * 3), 0);
    check_toy(pack, 0);
    ck_assert_int_eq(fer_pack_sample(pack, SAMPLES - 1, ~0u, &sample, &err), FER_EFORMAT);
    ck_assert_msg(strstr(err.text, path) && strstr(err.text, "the end is missing"), "%s", err.text);
    ck_assert_ptr_null(sample.image.pixels);
    ck_assert_int_eq(fer_pack_sample(pack, SAMPLES - 1, FER_FIELD_SUBJECT, &sample, &err), FER_EFORMAT);
    /* labels are in the tables, which have been read */
    ck_assert_int_eq(fer_pack_sample(pack, SAMPLES - 1, FER_FIELD_LABEL, &sample, &err), FER_OK);
    ck_assert_int_eq(sample.label, (SAMPLES - 1) % 3);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(fer_pack_sample(pack, 0, ~0u, &sample, &err), FER_EFORMAT);
    fer_pack_close(pack);
}
END_TEST

/* As fer pack does it: who has the old file open goes on with it. */
START_TEST(packed_again_while_it_is_open)
{
    struct fer_pack *pack = pack_of_toys(), *again = pack_of_toys();

    unlink(path);
    for (size_t i = 0; i < SAMPLES; i++) {
        check_toy(pack, i);
        check_toy(again, i);
    }
    fer_pack_close(pack);
    fer_pack_close(again);
}
END_TEST

/* For subjects alone the pictures are not looked at, so that a list of all of them costs little. */
START_TEST(heads_alone)
{
    struct fer_pack *pack = pack_of_toys();
    struct fer_sample sample;

    for (size_t i = 0; i < SAMPLES; i++) {
        ck_assert_int_eq(fer_pack_sample(pack, i, FER_FIELD_SUBJECT | FER_FIELD_ID, &sample, NULL), FER_OK);
        ck_assert_int_eq(sample.subject, 100 + (int)i);
        ck_assert_uint_eq(sample.id, i);
        ck_assert_ptr_null(sample.image.pixels);
        ck_assert_uint_eq(sample.has & FER_FIELD_IMAGE, 0);
    }
    fer_pack_close(pack);
}
END_TEST

/* ---- sizes that cannot be: refused before memory is taken for them ---- */

START_TEST(impossible_sizes)
{
    static const struct {
        uint64_t count, names_size;
        const char *words;
    } cases[] = {
        { (uint64_t)1 << 34, 8, "the number of samples is impossible" },
        { UINT64_MAX / sizeof(struct pack_entry) + 2, 8, "the number of samples is impossible" },
        { 0, 8, "the number of samples is impossible" },
        { 1, (uint64_t)1 << 35, "the size of its tables is impossible" },
        { 1, UINT64_MAX - 31, "the size of its tables is impossible" },
    };
    const uint64_t size = (uint64_t)1 << 36; /* a file with a hole in it, which takes no room */
    const struct pack_header header = { .magic = PACK_MAGIC,
                                        .endian = PACK_ENDIAN,
                                        .version = PACK_VERSION,
                                        .count = cases[_i].count,
                                        .size = size,
                                        .names_size = cases[_i].names_size };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pack *pack = NULL;
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(&header, sizeof(header), 1, file), 1);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(truncate(path, (off_t)size), 0);
    ck_assert_int_eq(fer_pack_open(path, &pack, &err), FER_EFORMAT);
    ck_assert_ptr_null(pack);
    ck_assert_msg(strstr(err.text, cases[_i].words), "%s", err.text);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("pack", folder_make, folder_remove);

    tcase_add_test(tests, cut_while_it_is_open);
    tcase_add_test(tests, packed_again_while_it_is_open);
    tcase_add_test(tests, heads_alone);
    tcase_add_loop_test(tests, impossible_sizes, 0, 5);
    return cases_run();
}
