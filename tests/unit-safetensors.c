/* SPDX-License-Identifier: Apache-2.0
 *
 * Safetensors: what is written is read back, byte for byte as the format says; broken files are refused.
 */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "train/safetensors.h"

static char path[64];

static void setup(void)
{
    strcpy(path, "/tmp/fer-safetensors-XXXXXX");
    close(mkstemp(path));
}

static void teardown(void)
{
    unlink(path);
}

static void put(const void *header, size_t length, uint64_t claimed, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    for (int i = 0; i < 8; i++)
        fputc((int)(claimed >> 8 * i & 255), file);
    ck_assert_uint_eq(fwrite(header, 1, length, file), length);
    ck_assert_uint_eq(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

static void put_text(const char *header, size_t bytes)
{
    static const unsigned char zeros[256];

    put(header, strlen(header), strlen(header), zeros, bytes);
}

static void refuse(enum fer_status expected, const char *words)
{
    struct fer_safetensors *file;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_safetensors_open(path, &file, &err), expected);
    ck_assert_ptr_null(file);
    ck_assert_msg(strstr(err.text, words) != NULL, "'%s' does not say '%s'", err.text, words);
    ck_assert_msg(strstr(err.text, path) != NULL, "'%s' does not name the file", err.text);
}

struct contents {
    float a[6];
    int32_t b[2];
};

static enum fer_status fill(void *user, int row, void *data, size_t bytes, struct fer_error *err)
{
    const struct contents *contents = user;

    (void)err;
    memcpy(data, row == 0 ? (const void *)contents->a : (const void *)contents->b, bytes);
    return FER_OK;
}

static enum fer_status write_contents(struct contents *contents, struct fer_error *err)
{
    struct fer_safetensors_writer *writer;
    struct fer_shape a = { FER_F32, 2, { 2, 3 }, 0 }, b = { FER_I32, 1, { 2 }, 0 }, none = { FER_F32, 1, { 0 }, 0 };
    enum fer_status status;

    status = fer_safetensors_writer_create(&writer, err);
    if (status != FER_OK)
        return status;
    fer_safetensors_declare_shape(writer, "layer.a", &a);
    fer_safetensors_declare_shape(writer, "b", &b);
    fer_safetensors_declare_shape(writer, "empty", &none);
    fer_safetensors_note(writer, "text", "line \"one\"\n\xc3\xa9");
    status = fer_safetensors_write(writer, path, fill, contents, err);
    fer_safetensors_writer_free(writer);
    return status;
}

static long allocations, failing;

static void *failing_malloc(size_t size)
{
    return ++allocations == failing ? NULL : malloc(size);
}

/* Whichever allocation of the header fails, the file is not written, or is what it would have been. */
START_TEST(without_memory_a_header_is_whole_or_none)
{
    struct contents contents = { { 1, 2, 3, 4, 5, 6 }, { 7, 8 } };
    char whole[2][1024] = { { 0 } };
    bool failed;
    long all = 0;

    for (failing = 0; failing <= all; failing++) {
        struct fer_error err = FER_ERROR_INIT;
        FILE *file;

        unlink(path);
        allocations = 0;
        json_set_alloc_funcs(failing_malloc, free);
        failed = write_contents(&contents, &err) != FER_OK;
        json_set_alloc_funcs(malloc, free);
        all = failing == 0 ? allocations : all;
        if (failed) {
            ck_assert(err.text[0] && access(path, F_OK) != 0);
            continue;
        }
        file = fopen(path, "rb");
        ck_assert_uint_gt(fread(whole[failing > 0], 1, sizeof(whole[0]), file), 100);
        fclose(file);
        ck_assert_mem_eq(whole[failing > 0], whole[0], sizeof(whole[0]));
    }
    ck_assert_int_gt(all, 20);
}
END_TEST

START_TEST(round_trip)
{
    struct contents contents = { { 1, -2, 0.5f, INFINITY, 1e-40f, -0.0f }, { -7, 1 << 30 } };
    struct fer_safetensors *file;
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_safetensor *row;
    float a[6], b[2];

    ck_assert_int_eq(write_contents(&contents, &err), FER_OK);
    ck_assert_int_eq(fer_safetensors_open(path, &file, &err), FER_OK);
    ck_assert_int_eq(fer_safetensors_count(file), 3);
    ck_assert_str_eq(fer_safetensors_metadata(file, "text"), "line \"one\"\n\xc3\xa9");
    ck_assert_ptr_null(fer_safetensors_metadata(file, "other"));
    row = fer_safetensors_find(file, "layer.a");
    ck_assert_int_eq(row->rank, 2);
    ck_assert_int_eq(row->dim[0] * 10 + row->dim[1], 23);
    ck_assert_uint_eq(row->offset % 8, 0);
    ck_assert_int_eq(fer_safetensors_read_f32(file, row, a, &err), FER_OK);
    ck_assert_mem_eq(a, contents.a, sizeof(a));
    row = fer_safetensors_find(file, "b");
    ck_assert_int_eq(row->type, FER_ST_I32);
    ck_assert_int_eq(fer_safetensors_read_f32(file, row, b, &err), FER_OK);
    ck_assert(b[0] == -7.0f && b[1] == 1073741824.0f);
    ck_assert_ptr_null(fer_safetensors_find(file, "layer"));
    fer_safetensors_close(file);
}
END_TEST

/* The bytes of the format's own description, written by hand. */
START_TEST(converts_every_type)
{
    static const char header[] = "{\"h\":{\"dtype\":\"F16\",\"shape\":[5],\"data_offsets\":[0,10]},"
                                 "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[10,12]},"
                                 "\"i\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[12,13]},"
                                 "\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[13,21]},"
                                 "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[21,29]}}";
    /* 1, -2, 65504 (largest), 2^-24 (smallest), infinity; 3.140625; -3; -2; 0.25 */
    static const unsigned char data[29] = { 0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x7c,
                                            0x49, 0x40, 0xfd, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0,    0,    0,    0,    0,    0,    0xd0, 0x3f };
    struct fer_safetensors *file;
    struct fer_error err = FER_ERROR_INIT;
    float v[5];

    put(header, strlen(header), strlen(header), data, sizeof(data));
    ck_assert_int_eq(fer_safetensors_open(path, &file, &err), FER_OK);
    fer_safetensors_read_f32(file, fer_safetensors_find(file, "h"), v, &err);
    ck_assert(v[0] == 1 && v[1] == -2 && v[2] == 65504 && v[3] == ldexpf(1, -24) && isinf(v[4]));
    fer_safetensors_read_f32(file, fer_safetensors_find(file, "b"), v, &err);
    ck_assert(v[0] == 3.140625f);
    fer_safetensors_read_f32(file, fer_safetensors_find(file, "i"), v, &err);
    ck_assert(v[0] == -3);
    fer_safetensors_read_f32(file, fer_safetensors_find(file, "l"), v, &err);
    ck_assert(v[0] == -2);
    fer_safetensors_read_f32(file, fer_safetensors_find(file, "d"), v, &err);
    ck_assert(v[0] == 0.25f);
    fer_safetensors_close(file);
}
END_TEST

#define ROW(dtype, shape, begin, end)                                                                                  \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static const struct {
    const char *header;
    size_t bytes;
    enum fer_status status;
    const char *words;
} broken[] = {
    { "", 0, FER_EFORMAT, "not a safetensors file" },
    { "[]", 0, FER_EFORMAT, "not a safetensors file" },
    { "{\"a\":1}", 0, FER_EFORMAT, "element type (none)" },
    { "{\"a\":" ROW("F8", "[1]", "0", "1") "}", 1, FER_ENOTSUP, "element type F8" },
    { "{\"a\":" ROW("F32", "[2]", "0", "4") "}", 4, FER_EFORMAT, "4 bytes where its shape takes 8" },
    { "{\"a\":" ROW("F32", "[2]", "0", "8") "}", 7, FER_EFORMAT, "1 bytes past the end" },
    { "{\"a\":" ROW("F32", "[2]", "8", "0") "}", 8, FER_EFORMAT, "data_offsets" },
    { "{\"a\":" ROW("F32", "[2]", "-8", "0") "}", 8, FER_EFORMAT, "data_offsets" },
    { "{\"a\":" ROW("F32", "[-2]", "0", "8") "}", 8, FER_EFORMAT, "not a length" },
    { "{\"a\":" ROW("F32", "[2.0]", "0", "8") "}", 8, FER_EFORMAT, "not a length" },
    { "{\"a\":" ROW("F32", "2", "0", "8") "}", 8, FER_EFORMAT, "no shape" },
    { "{\"a\":" ROW("F32", "[4294967296,4294967296]", "0", "0") "}", 8, FER_EFORMAT, "larger than any memory" },
    { "{\"a\":" ROW("F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, FER_ENOTSUP, "9 axes" },
    { "{\"a\":" ROW("F32", "[2]", "0", "8") ",\"b\":" ROW("F32", "[2]", "4", "12") "}", 12, FER_EFORMAT, "overlap" },
    { "{\"a\":" ROW("F32", "[1]", "0", "4") ",\"a\":" ROW("F32", "[1]", "4", "8") "}", 8, FER_EFORMAT, "duplicate" },
};

START_TEST(refuses_broken)
{
    put_text(broken[_i].header, broken[_i].bytes);
    refuse(broken[_i].status, broken[_i].words);
}
END_TEST

START_TEST(refuses_cut_and_huge)
{
    static const unsigned char few[3];

    put(few, 3, UINT64_MAX, few, 0);
    refuse(FER_EFORMAT, "in a shorter file");
    ck_assert_int_eq(truncate(path, 5), 0);
    refuse(FER_EFORMAT, "5 bytes");
    unlink(path);
    refuse(FER_ENOTFOUND, "there is no such file");
    strcpy(path, "/tmp");
    refuse(FER_EIO, "/tmp is a directory where a safetensors file is expected");
}
END_TEST

/* A write that fails leaves the old file, and nothing beside it. */
START_TEST(full_disk)
{
    struct contents contents = { { 1, 2, 3, 4, 5, 6 }, { 7, 8 } };
    struct rlimit limit = { 64, 64 };
    struct fer_safetensors *file;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(write_contents(&contents, &err), FER_OK);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(write_contents(&contents, &err), FER_EIO);
    ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
    ck_assert_int_eq(fer_safetensors_open(path, &file, &err), FER_OK);
    ck_assert_int_eq(fer_safetensors_count(file), 3);
    fer_safetensors_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *cases = tcase_create("safetensors");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, round_trip);
    tcase_add_test(cases, without_memory_a_header_is_whole_or_none);
    tcase_add_test(cases, converts_every_type);
    tcase_add_loop_test(cases, refuses_broken, 0, (int)(sizeof(broken) / sizeof(*broken)));
    tcase_add_test(cases, refuses_cut_and_huge);
    tcase_add_test(cases, full_disk);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
