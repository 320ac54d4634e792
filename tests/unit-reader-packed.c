/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed files: what was packed is read back, what is damaged is refused, and what cannot be packed leaves no file.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>

#include <fer/pack.h>

#include "cases.h"
#include "reader-seen.h"

static void pack(const char *text, const char *name)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec = spec_of(text, false, &err);

    ck_assert_msg(spec, "%s", err.text);
    ck_assert_msg(!fer_pack_write(in_root(name), spec->reader, spec->reader_params, &spec->env, NULL, &err), "%s",
                  err.text);
}

START_TEST(packed_is_what_was_packed)
{
    static const char *const other[] = { "happy", "neutral", "angry" };
    struct fer_sample a, b;

    make_faces();
    use_labels(NULL, 0);
    pack("folder \"faces\"", "faces.pack");
    use_labels(seven, 7);
    yields("packed \"faces.pack\" split=train", "0:30 3:10 3:20");
    yields("folder \"faces.pack\" split=valid", "3:40");
    yields("manifest \"faces.pack\"", "0:30 3:10 3:20 3:40");
    override_path = in_root("faces.pack");
    yields("fer2013 \"none.csv\" split=train", "0:30 3:10 3:20");
    override_path = NULL;
    use_labels(other, 3);
    yields("packed \"faces.pack\" split=train", "2:30 0:10 0:20");
    use_labels(other + 1, 2);
    fails("packed \"faces.pack\"", "faces.pack|'happy'");
    use_labels(NULL, 0);
    yields("packed \"faces.pack\" split=train", "0:30 1:10 1:20");
    /* Ids too, so that random numbers are the same. */
    a = sample_of("folder \"faces\" split=valid", 0);
    b = sample_of("packed \"faces.pack\" split=valid", 0);
    ck_assert_uint_eq(a.id, b.id);
    ck_assert_uint_eq(a.has, b.has);
    ck_assert_int_eq(b.image.channels, 3);
    ck_assert_mem_eq(a.image.pixels, b.image.pixels, 6 * 4 * 3);
    fer_sample_free(&a);
    fer_sample_free(&b);
}
END_TEST

START_TEST(packed_keeps_all_fields)
{
    struct fer_sample a, b;

    put_picture("a.png", 77);
    put_text("x.csv", "path,label,split,subject,x0,y0,x1,y1,lx0,ly0\na.png,sad,test,kim,1,2,3,4,5,6\n");
    use_labels(seven, 7);
    pack("manifest \"x.csv\"", "x.pack");
    a = sample_of("manifest \"x.csv\"", 0);
    b = sample_of("packed \"x.pack\" split=test", 0);
    ck_assert_uint_eq(a.has, b.has);
    ck_assert_int_eq(a.label, b.label);
    ck_assert_int_eq(a.subject, b.subject);
    ck_assert_mem_eq(a.box, b.box, sizeof(a.box));
    ck_assert_int_eq(b.landmarks, 1);
    ck_assert_mem_eq(a.landmark, b.landmark, sizeof(a.landmark[0]));
    fer_sample_free(&a);
    fer_sample_free(&b);
}
END_TEST

/* Cut anywhere, or with any byte changed, a packed file is refused, at opening or at the sample. */
START_TEST(damaged_packs_are_refused)
{
    static char bytes[1 << 16];
    FILE *file;
    size_t size;

    make_faces();
    use_labels(seven, 7);
    pack("folder \"faces\"", "good.pack");
    file = fopen(in_root("good.pack"), "rb");
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    ck_assert_uint_gt(size, 300);
    for (size_t cut = 8; cut < size; cut += 41) {
        file = fopen(in_root("bad.pack"), "wb");
        ck_assert_uint_eq(fwrite(bytes, 1, cut, file), cut);
        fclose(file);
        fails("packed \"bad.pack\"", "bad.pack");
    }
    for (size_t i = 8; i < size; i += 3) {
        bytes[i] ^= 0x11;
        file = fopen(in_root("bad.pack"), "wb");
        ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
        fclose(file);
        bytes[i] ^= 0x11;
        fails("packed \"bad.pack\"", "bad.pack");
    }
    put_text("bad.pack", "FERPACK");
    fails("packed \"bad.pack\"", "bad.pack|not a packed");
}
END_TEST

/* What lists are made of is there without reading pictures; a picture is checked when it is wanted. */
START_TEST(packs_are_listed_without_their_pictures)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample sample;
    struct fer_pack *faces;
    FILE *file;
    size_t last;

    make_faces();
    use_labels(seven, 7);
    pack("folder \"faces\"", "good.pack");
    file = fopen(in_root("good.pack"), "r+b");
    ck_assert_int_eq(fseek(file, -12, SEEK_END), 0); /* in the last picture */
    fputc(1, file);
    fclose(file);
    ck_assert_int_eq(fer_pack_open(in_root("good.pack"), &faces, &err), FER_OK);
    last = fer_pack_count(faces) - 1;
    ck_assert_int_eq(fer_pack_sample(faces, last, FER_FIELD_LABEL | FER_FIELD_SUBJECT, &sample, &err), FER_OK);
    ck_assert_uint_eq(sample.has & FER_FIELD_LABEL, FER_FIELD_LABEL);
    ck_assert_int_eq(sample.label, 3);
    ck_assert_ptr_null(sample.image.pixels);
    ck_assert_int_eq(fer_pack_sample(faces, last, FER_FIELD_IMAGE, &sample, &err), FER_EFORMAT);
    ck_assert_int_eq(fer_pack_sample(faces, last, FER_FIELD_LANDMARKS, &sample, &err), FER_EFORMAT);
    fer_pack_close(faces);
}
END_TEST

/* How many things are in the test's folder: a file that was begun under another name counts. */
static int things(void)
{
    DIR *folder = opendir(in_root("."));
    int count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2; /* "." and ".." */
}

/* ---- a reader that says of a sample what none can hold ---- */

static enum fer_status wild_open(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                 unsigned *fields, struct fer_error *err)
{
    (void)env;
    (void)err;
    *state = (void *)params;
    *count = *(const size_t *)params;
    *fields = FER_FIELD_LANDMARKS;
    return FER_OK;
}

static enum fer_status wild_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                   struct fer_error *err)
{
    (void)state;
    (void)index;
    (void)what;
    (void)err;
    sample->has = FER_FIELD_LANDMARKS;
    sample->landmarks = 1 << 20;
    return FER_OK;
}

START_TEST(what_cannot_be_packed_leaves_no_file)
{
    static const struct fer_reader wild = {
        .size = sizeof(wild), .name = "wild", .open = wild_open, .sample = wild_sample
    };
    const struct fer_data_env env = { .size = sizeof(env) };
    struct fer_error err = FER_ERROR_INIT;
    size_t count = 1;

    ck_assert_int_eq(fer_pack_write(in_root("wild.pack"), &wild, &count, &env, NULL, &err), FER_EPLUGIN);
    count = 0;
    ck_assert_int_eq(fer_pack_write(in_root("wild.pack"), &wild, &count, &env, NULL, &err), FER_EFORMAT);
    ck_assert_int_eq(things(), 0);
}
END_TEST

static bool stop_after_two(void *context, size_t done, size_t count)
{
    *(size_t *)context = count;
    return done < 2;
}

START_TEST(stopped_packing_leaves_no_file)
{
    size_t count = 0;
    const struct fer_pack_watch watch = { &count, stop_after_two };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec;

    make_faces();
    use_labels(seven, 7);
    spec = spec_of("folder \"faces\"", false, &err);
    ck_assert_int_eq(fer_pack_write(in_root("x.pack"), spec->reader, spec->reader_params, &spec->env, &watch, &err),
                     FER_EINTERRUPTED);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_eq(things(), 1); /* faces */
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("packed", setup, teardown);

    tcase_add_test(tests, packed_is_what_was_packed);
    tcase_add_test(tests, packed_keeps_all_fields);
    tcase_add_test(tests, damaged_packs_are_refused);
    tcase_add_test(tests, packs_are_listed_without_their_pictures);
    tcase_add_test(tests, what_cannot_be_packed_leaves_no_file);
    tcase_add_test(tests, stopped_packing_leaves_no_file);
    return cases_run();
}
