/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv.h"
#include "data/image.h"
#include "file.h"
#include "train/explain.h"

enum { PATH_BYTES = 4096, KEY_BYTES = 512 };

enum fer_status fer_explain_files_open(struct fer_explain_files *files, const char *dir, const char *how,
                                       struct fer_error *err)
{
    if (strlen(dir) > PATH_BYTES - 64)
        return fer_fail(err, FER_EINVAL, "the path %.100s… is too long", dir);
    files->dir = strdup(dir);
    if (!files->dir)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    return fer_directory_claim(dir, "explain.json", how, "set of explained pictures", err);
}

void fer_explain_files_close(struct fer_explain_files *files)
{
    fer_image_free(&files->sheet);
    free(files->dir);
    *files = (struct fer_explain_files){ 0 };
}

/* ---- strips and their sheet ---- */

/* The strip below what is there, as long as that is a picture that everything can open. */
static enum fer_status grow_sheet(struct fer_explain_files *files, const struct fer_image *strip, struct fer_error *err)
{
    struct fer_image *sheet = &files->sheet;
    const size_t line = (size_t)strip->width * 3;
    const int gap = sheet->pixels ? FER_PANEL_GAP : 0;
    uint8_t *grown;

    if (files->sheet_is_full || sheet->height + gap + strip->height > FER_IMAGE_SIDE) {
        files->sheet_is_full = true;
        return FER_OK;
    }
    grown = realloc(sheet->pixels, line * (size_t)(sheet->height + gap + strip->height));
    if (!grown)
        return fer_fail(err, FER_ENOMEM, "out of memory for the sheet of %s", files->dir);
    memset(grown + line * (size_t)sheet->height, 255, line * (size_t)gap);
    memcpy(grown + line * (size_t)(sheet->height + gap), strip->pixels, line * (size_t)strip->height);
    *sheet = (struct fer_image){ strip->width, sheet->height + gap + strip->height, 3, grown };
    return FER_OK;
}

static void strip_name(char name[32], long number)
{
    snprintf(name, 32, "%05ld.png", number);
}

enum fer_status fer_explain_files_add(struct fer_explain_files *files, const struct fer_image *strip, char name[32],
                                      struct fer_error *err)
{
    char path[PATH_BYTES];
    enum fer_status status = grow_sheet(files, strip, err);

    strip_name(name, ++files->count);
    snprintf(path, sizeof(path), "%s/%s", files->dir, name);
    return status == FER_OK ? fer_image_write_png(strip, path, err) : status;
}

/* ---- the table ---- */

/* {"a": {"b": 1}} as {"a.b": 1}; borrowed values. */
static void flatten(json_t **flat, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;
    char name[KEY_BYTES];

    json_object_foreach((json_t *)object, key, value)
    {
        snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "." : "", key);
        if (json_is_object(value))
            flatten(flat, name, value);
        else
            fer_json_set(flat, name, json_incref(value));
    }
}

/* False: there was no memory for it. */
static bool put_table(FILE *out, const json_t *rows)
{
    json_t *columns = json_object(), *flat = json_object(), *unused;
    const json_t *row;
    const char *key, *comma = "";
    size_t i;
    bool whole;

    json_array_foreach(rows, i, row) flatten(&columns, "", row);
    whole = columns != NULL;
    json_object_foreach(columns, key, unused)
    {
        fputs(comma, out);
        fer_csv_text(out, key);
        comma = ",";
    }
    fputc('\n', out);
    json_array_foreach(rows, i, row)
    {
        json_object_clear(flat);
        flatten(&flat, "", row);
        whole = whole && flat;
        comma = "";
        json_object_foreach(columns, key, unused)
        {
            fputs(comma, out);
            fer_csv_value(out, json_object_get(flat, key));
            comma = ",";
        }
        fputc('\n', out);
    }
    json_decref(columns);
    json_decref(flat);
    return whole;
}

static enum fer_status write_table(const struct fer_explain_files *files, const json_t *rows, struct fer_error *err)
{
    char path[PATH_BYTES], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct fer_bytes bytes;
    enum fer_status status;

    const bool whole = out && put_table(out, rows);

    if (!out || fclose(out) != 0 || !whole) {
        free(text);
        return fer_fail(err, FER_ENOMEM, "out of memory for the table of %s", files->dir);
    }
    bytes = (struct fer_bytes){ text, size };
    snprintf(path, sizeof(path), "%s/explain.csv", files->dir);
    status = fer_file_write_atomic(path, &bytes, 1, err);
    free(text);
    return status;
}

/* The same directory may have held more. */
static void remove_surplus(const struct fer_explain_files *files)
{
    char path[PATH_BYTES], name[32];
    long number = files->count;

    do {
        strip_name(name, ++number);
        snprintf(path, sizeof(path), "%s/%s", files->dir, name);
    } while (unlink(path) == 0);
}

enum fer_status fer_explain_files_finish(struct fer_explain_files *files, const json_t *rows, struct fer_error *err)
{
    char path[PATH_BYTES];
    enum fer_status status;

    snprintf(path, sizeof(path), "%s/sheet.png", files->dir);
    status = fer_image_write_png(&files->sheet, path, err);
    if (status == FER_OK)
        remove_surplus(files);
    return status == FER_OK ? write_table(files, rows, err) : status;
}
