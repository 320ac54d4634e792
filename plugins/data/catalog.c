/* SPDX-License-Identifier: Apache-2.0 */
#include "data.h"

enum fer_status catalog_create(struct catalog **out, const struct fer_data_env *env, struct fer_error *err)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of samples");
    (*out)->env = env;
    (*out)->fields = FER_FIELD_IMAGE | FER_FIELD_ID;
    return FER_OK;
}

void names_free(struct names *names)
{
    free(names->text);
    free(names->place);
}

void catalog_free(struct catalog *catalog)
{
    if (!catalog)
        return;
    fer_pack_close(catalog->pack);
    free(catalog->entries);
    free(catalog->text);
    names_free(&catalog->labels);
    names_free(&catalog->splits);
    names_free(&catalog->subjects);
    free(catalog->landmark);
    free(catalog->soft);
    free(catalog->pixels);
    free(catalog);
}

/* Room for `count` items of `size` bytes in *array. */
static enum fer_status reserve(void *array, size_t *capacity, size_t count, size_t size, struct fer_error *err)
{
    size_t wanted = *capacity ? *capacity : 64;
    void *grown;

    if (count <= *capacity)
        return FER_OK;
    while (wanted < count) {
        if (wanted > SIZE_MAX / size / 2)
            return fer_fail(err, FER_ENOMEM, "out of memory for a list of samples");
        wanted *= 2;
    }
    memcpy(&grown, array, sizeof(grown));
    grown = realloc(grown, wanted * size);
    if (!grown)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of samples");
    memcpy(array, &grown, sizeof(grown));
    *capacity = wanted;
    return FER_OK;
}

static enum fer_status add_text(struct catalog *catalog, const char *text, size_t *place, struct fer_error *err)
{
    size_t length = strlen(text) + 1;
    enum fer_status status = reserve(&catalog->text, &catalog->text_capacity, catalog->text_size + length, 1, err);

    if (status)
        return status;
    *place = catalog->text_size;
    memcpy(catalog->text + *place, text, length);
    catalog->text_size += length;
    return FER_OK;
}

enum fer_status catalog_add(struct catalog *catalog, const char *path, struct entry **entry, struct fer_error *err)
{
    struct entry new = { .label = -1, .split = -1, .subject = -1 };
    enum fer_status status = add_text(catalog, path, &new.path, err);

    if (!status)
        status = reserve(&catalog->entries, &catalog->capacity, catalog->count + 1, sizeof(new), err);
    if (status)
        return status;
    new.id = (uint32_t)catalog->count;
    *entry = &catalog->entries[catalog->count++];
    **entry = new;
    return FER_OK;
}

enum fer_status catalog_mask(struct catalog *catalog, const char *path, struct fer_error *err)
{
    size_t place;
    enum fer_status status = add_text(catalog, path, &place, err);

    if (!status)
        catalog->entries[catalog->count - 1].mask = place;
    return status;
}

enum fer_status catalog_landmarks(struct catalog *catalog, const float *points, struct fer_error *err)
{
    size_t width = (size_t)catalog->landmarks * 2;
    enum fer_status status =
        reserve(&catalog->landmark, &catalog->landmark_capacity, catalog->count * width, sizeof(float), err);

    if (!status)
        memcpy(catalog->landmark + (catalog->count - 1) * width, points, width * sizeof(float));
    return status;
}

enum fer_status catalog_soft(struct catalog *catalog, const float *soft, struct fer_error *err)
{
    size_t width = (size_t)catalog->softs;
    enum fer_status status =
        reserve(&catalog->soft, &catalog->soft_capacity, catalog->count * width, sizeof(float), err);

    if (!status)
        memcpy(catalog->soft + (catalog->count - 1) * width, soft, width * sizeof(float));
    return status;
}

enum fer_status catalog_pixels(struct catalog *catalog, const uint8_t *pixels, struct fer_error *err)
{
    size_t bytes = (size_t)catalog->side * (size_t)catalog->side;
    enum fer_status status = reserve(&catalog->pixels, &catalog->pixels_capacity, catalog->count * bytes, 1, err);

    if (status)
        return status;
    catalog->entries[catalog->count - 1].pixels = catalog->count - 1;
    memcpy(catalog->pixels + (catalog->count - 1) * bytes, pixels, bytes);
    return FER_OK;
}

const char *catalog_text(const struct catalog *catalog, const struct names *names, int number)
{
    return number >= 0 && number < names->count ? catalog->text + names->text[number] : NULL;
}

/* FNV-1a (Fowler, Noll, Vo). */
static size_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

/* The place in the table where `text` is, or would be; a table is at most half full. */
static int *find_place(const struct catalog *catalog, const struct names *names, const char *text)
{
    size_t mask = names->places - 1, i = hash_text(text) & mask;

    while (names->place[i] > 0 && strcmp(catalog_text(catalog, names, names->place[i] - 1), text) != 0)
        i = (i + 1) & mask;
    return &names->place[i];
}

static enum fer_status grow_names(struct catalog *catalog, struct names *names, struct fer_error *err)
{
    size_t places = names->places ? names->places * 2 : 64;
    size_t *text = realloc(names->text, places / 2 * sizeof(*text));
    int *place;

    if (text)
        names->text = text;
    place = calloc(places, sizeof(*place));
    if (!text || !place) {
        free(place);
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of names");
    }
    free(names->place);
    names->place = place;
    names->places = places;
    for (int i = 0; i < names->count; i++)
        *find_place(catalog, names, catalog_text(catalog, names, i)) = i + 1;
    return FER_OK;
}

enum fer_status catalog_name(struct catalog *catalog, struct names *names, const char *text, int *number,
                             struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int *place;

    if (names->count >= 1 << 24)
        return fer_fail(err, FER_EFORMAT, "more than 16 million different names; '%.64s' is the next", text);
    if ((size_t)names->count >= names->places / 2)
        status = grow_names(catalog, names, err);
    if (status)
        return status;
    place = find_place(catalog, names, text);
    if (*place > 0) {
        *number = *place - 1;
        return FER_OK;
    }
    status = add_text(catalog, text, &names->text[names->count], err);
    if (status)
        return status;
    *number = names->count++;
    *place = names->count;
    return FER_OK;
}

int catalog_find(const struct catalog *catalog, const struct names *names, const char *text)
{
    return names->places ? *find_place(catalog, names, text) - 1 : -1;
}

enum fer_status catalog_subject(struct catalog *catalog, const char *text, struct fer_error *err)
{
    return catalog_name(catalog, &catalog->subjects, text, &catalog->entries[catalog->count - 1].subject, err);
}

void catalog_move(struct catalog *catalog, size_t from, size_t to)
{
    size_t points = (size_t)catalog->landmarks * 2, softs = (size_t)catalog->softs;

    catalog->entries[to] = catalog->entries[from];
    if (points)
        memmove(catalog->landmark + to * points, catalog->landmark + from * points, points * sizeof(float));
    if (softs && catalog->soft) /* those of a packed file are in it */
        memmove(catalog->soft + to * softs, catalog->soft + from * softs, softs * sizeof(float));
}
