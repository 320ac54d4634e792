/* SPDX-License-Identifier: Apache-2.0 */
#include "data/export.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "csv.h"
#include "file.h"

enum { PATH_BYTES = 4096, NAME_BYTES = 96 };

struct fer_export {
    char *dir;
    struct fer_export_columns columns;
    FILE *manifest; /* in memory */
    char *text;
    size_t size;
};

/* ---- the directory ---- */

/* All directories above a file. */
static enum fer_status make_parents(const char *dir, char *path, struct fer_error *err)
{
    for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return fer_file_fail(err, path, "make");
        *slash = '/';
    }
    return FER_OK;
}

/* ---- names ---- */

/* A name of the data as the name of a directory; whatever could lead elsewhere becomes _. */
static void file_name(char out[NAME_BYTES], const char *name)
{
    size_t n = 0;

    for (; name[n] && n < NAME_BYTES - 2; n++) {
        const unsigned char c = (unsigned char)name[n];

        out[n] = (char)(c < ' ' || c == 127 || c == '/' || c == '\\' || (n == 0 && c == '.') ? '_' : c);
    }
    out[n++] = '/';
    out[n] = '\0';
}

/* "images/train/happy/00000012.png" */
static void picture_name(char *out, size_t size, const char *kind, const struct fer_export_row *row)
{
    char split[NAME_BYTES] = "", label[NAME_BYTES] = "";

    if (row->split && *row->split)
        file_name(split, row->split);
    if (row->label && *row->label)
        file_name(label, row->label);
    snprintf(out, size, "%s/%s%s%08u.png", kind, split, label, row->id);
}

/* ---- the manifest ---- */

/* Places that nobody knows are 0, 0, which is the corner of no pixel's centre and spans nothing. */
static void put_number(FILE *out, float value)
{
    fputc(',', out);
    fer_csv_number(out, isfinite(value) ? (double)value : 0);
}

static void put_header(const struct fer_export *export)
{
    const struct fer_export_columns *c = &export->columns;

    fprintf(export->manifest, "path%s%s%s%s%s%s%s%s", c->label ? ",label" : "", c->split ? ",split" : "",
            c->subject ? ",subject" : "", c->mask ? ",mask" : "", c->covered ? ",covered" : "",
            c->found ? ",found" : "", c->note ? ",occluder" : "", c->box ? ",x0,y0,x1,y1" : "");
    for (int i = 0; i < c->landmarks; i++)
        fprintf(export->manifest, ",lx%d,ly%d", i, i);
    fputc('\n', export->manifest);
}

static void put_row(const struct fer_export *export, const struct fer_export_row *row, const char *image,
                    const char *mask)
{
    const struct fer_export_columns *c = &export->columns;
    const char *const texts[] = { image, row->label, row->split };
    const bool there[] = { true, c->label, c->split };
    FILE *out = export->manifest;

    for (int i = 0; i < 3; i++) {
        if (!there[i])
            continue;
        fputs(i ? "," : "", out);
        fer_csv_text(out, texts[i] ? texts[i] : "");
    }
    if (c->subject)
        fprintf(out, ",%d", row->subject);
    if (c->mask) {
        fputc(',', out);
        fer_csv_text(out, mask);
    }
    if (c->covered)
        put_number(out, row->covered);
    if (c->found)
        put_number(out, row->found);
    if (c->note) {
        fputc(',', out);
        fer_csv_text(out, row->note ? row->note : "");
    }
    for (int i = 0; c->box && i < 4; i++)
        put_number(out, row->box[i]);
    for (int i = 0; i < 2 * c->landmarks; i++)
        put_number(out, row->landmarks[i]);
    fputc('\n', out);
}

/* ---- */

enum fer_status fer_export_open(const char *dir, const char *how, const struct fer_export_columns *columns,
                                struct fer_export **out, struct fer_error *err)
{
    struct fer_export *export = calloc(1, sizeof(*export));
    enum fer_status status = FER_OK;

    *out = NULL;
    if (export) {
        export->columns = *columns;
        export->dir = strdup(dir);
        export->manifest = open_memstream(&export->text, &export->size);
    }
    if (!export || !export->dir || !export->manifest)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = fer_directory_claim(dir, "export.json", how, "data set", err);
    if (status != FER_OK) {
        fer_export_close(export);
        return status;
    }
    put_header(export);
    *out = export;
    return FER_OK;
}

static enum fer_status write_picture(const struct fer_export *export, const char *name, const struct fer_image *image,
                                     struct fer_error *err)
{
    char path[PATH_BYTES];
    enum fer_status status;

    if (snprintf(path, sizeof(path), "%s/%s", export->dir, name) >= (int)sizeof(path))
        return fer_fail(err, FER_EINVAL, "the path %.100s… is too long", export->dir);
    status = make_parents(export->dir, path, err);
    return status == FER_OK ? fer_image_write_png(image, path, err) : status;
}

enum fer_status fer_export_add(struct fer_export *export, const struct fer_export_row *row, struct fer_error *err)
{
    char image[3 * NAME_BYTES], mask[3 * NAME_BYTES] = "";
    enum fer_status status;

    picture_name(image, sizeof(image), "images", row);
    picture_name(mask, sizeof(mask), "masks", row);
    status = write_picture(export, image, &row->image, err);
    if (status == FER_OK && export->columns.mask)
        status = write_picture(export, mask, &row->mask, err);
    if (status == FER_OK)
        put_row(export, row, image, mask);
    return status;
}

enum fer_status fer_export_finish(struct fer_export *export, struct fer_error *err)
{
    char path[PATH_BYTES];
    struct fer_bytes bytes;

    if (fflush(export->manifest) != 0 || ferror(export->manifest))
        return fer_fail(err, FER_ENOMEM, "out of memory for the manifest of %s", export->dir);
    bytes = (struct fer_bytes){ export->text, export->size };
    snprintf(path, sizeof(path), "%s/manifest.csv", export->dir);
    return fer_file_write_atomic(path, &bytes, 1, err);
}

void fer_export_close(struct fer_export *export)
{
    if (!export)
        return;
    if (export->manifest)
        fclose(export->manifest);
    free(export->text);
    free(export->dir);
    free(export);
}
