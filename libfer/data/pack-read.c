/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/pack.h>

#include "data/image.h"
#include "data/pack-format.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* What a record holds before its pictures, and all of it, at most. */
#define LARGEST_HEAD                                                                                                   \
    (sizeof(struct pack_record) + (2 * FER_MAX_LANDMARKS + FER_MAX_SOFT + FER_MAX_CODE) * sizeof(float))
#define LARGEST_RECORD (LARGEST_HEAD + 2 * 4 * FER_IMAGE_PIXELS + 8)
/* Enough to choose a sample by; neither checksum nor pictures are looked at. */
#define HEAD_FIELDS (FER_FIELD_LABEL | FER_FIELD_SUBJECT | FER_FIELD_ID)

struct fer_pack {
    int fd;
    struct pack_header header;
    struct pack_entry *entries; /* the text of the names follows the last */
    const char **names;         /* labels, then splits */
    char *path;
};

bool fer_pack_probe(const char *path)
{
    char magic[sizeof(PACK_MAGIC) - 1];
    struct stat info;
    bool is = false;
    int fd;

    if (stat(path, &info) || !S_ISREG(info.st_mode))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        is = read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) && memcmp(magic, PACK_MAGIC, sizeof(magic)) == 0;
        close(fd);
    }
    return is;
}

static enum fer_status corrupt(const struct fer_pack *pack, struct fer_error *err, const char *what)
{
    return fer_fail(err, FER_EFORMAT, "'%s' is damaged: %s; pack it again", pack->path, what);
}

/* The file is read and not mapped: one that is cut while it is mapped, or whose disk fails, ends the process. */
static enum fer_status read_at(const struct fer_pack *pack, void *to, size_t size, uint64_t offset,
                               struct fer_error *err)
{
    uint8_t *next = to;

    while (size > 0) {
        const ssize_t got = pread(pack->fd, next, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fer_file_fail(err, pack->path, "read");
        if (got == 0)
            return corrupt(pack, err, "the end is missing");
        next += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return FER_OK;
}

static enum fer_status open_file(struct fer_pack *pack, uint64_t *size, struct fer_error *err)
{
    struct stat info;

    pack->fd = open(pack->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not waiting for a writer if it is a pipe */
    if (pack->fd < 0 || fstat(pack->fd, &info))
        return fer_file_fail(err, pack->path, "open");
    *size = (uint64_t)info.st_size;
    if (!S_ISREG(info.st_mode) || *size < sizeof(pack->header))
        return fer_fail(err, FER_EFORMAT, "'%s' is not a packed data set", pack->path);
    return read_at(pack, &pack->header, sizeof(pack->header), 0, err);
}

/* Sizes first, so that memory is taken for what the file has alone. */
static enum fer_status read_tables(struct fer_pack *pack, uint64_t size, struct fer_error *err)
{
    struct pack_header *header = &pack->header;
    const uint64_t left = size - sizeof(*header), hash = header->hash;
    size_t tables;
    XXH3_state_t *state;
    enum fer_status status;

    if (memcmp(header->magic, PACK_MAGIC, sizeof(header->magic)) != 0)
        return fer_fail(err, FER_EFORMAT, "'%s' is not a packed data set", pack->path);
    if (header->endian != PACK_ENDIAN || header->version != PACK_VERSION)
        return fer_fail(err, FER_ENOTSUP,
                        "'%s' was packed by another version of libfer or on a machine of another byte "
                        "order; pack it again",
                        pack->path);
    if (header->size != size)
        return corrupt(pack, err, header->size > size ? "the end is missing" : "something follows the end");
    if (header->count == 0 || header->count > left / (sizeof(struct pack_entry) + sizeof(struct pack_record)))
        return corrupt(pack, err, "the number of samples is impossible");
    if (header->names_size > left - header->count * sizeof(struct pack_entry) ||
        header->names_size > PACK_MOST_NAME_BYTES || header->labels > PACK_MOST_NAMES ||
        header->splits > PACK_MOST_NAMES)
        return corrupt(pack, err, "the size of its tables is impossible");
    tables = (size_t)(header->count * sizeof(struct pack_entry) + header->names_size);
    pack->entries = malloc(tables);
    state = XXH3_createState();
    if (!pack->entries || !state) {
        XXH3_freeState(state);
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", pack->path);
    }
    status = read_at(pack, pack->entries, tables, sizeof(*header), err);
    header->hash = 0;
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, header, sizeof(*header));
    if (!status)
        XXH3_64bits_update(state, pack->entries, tables);
    header->hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    if (!status && hash != header->hash)
        status = corrupt(pack, err, "the checksum of its tables is wrong");
    return status;
}

static enum fer_status read_names(struct fer_pack *pack, struct fer_error *err)
{
    size_t count = (size_t)pack->header.labels + pack->header.splits, left = (size_t)pack->header.names_size;
    const char *text = (const char *)(pack->entries + pack->header.count);

    pack->names = calloc(count + 1, sizeof(*pack->names));
    if (!pack->names)
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", pack->path);
    for (size_t i = 0; i < count; i++) {
        const char *end = left ? memchr(text, '\0', left) : NULL;

        if (!end)
            return corrupt(pack, err, "a name is missing");
        pack->names[i] = text;
        left -= (size_t)(end - text) + 1;
        text = end + 1;
    }
    return FER_OK;
}

static enum fer_status check_entries(struct fer_pack *pack, struct fer_error *err)
{
    const uint64_t size = pack->header.size;

    for (size_t i = 0; i < pack->header.count; i++) {
        const struct pack_entry *entry = &pack->entries[i];

        if (entry->size < sizeof(struct pack_record) || entry->size > size || entry->offset > size - entry->size ||
            entry->offset % 8 != 0)
            return corrupt(pack, err, "a sample lies outside of the file");
        if (entry->size > LARGEST_RECORD)
            return corrupt(pack, err, "a sample has impossible sizes");
        if (entry->split != PACK_NO_SPLIT && entry->split >= pack->header.splits)
            return corrupt(pack, err, "a sample has a split without a name");
    }
    return FER_OK;
}

enum fer_status fer_pack_open(const char *path, struct fer_pack **out, struct fer_error *err)
{
    struct fer_pack *pack = calloc(1, sizeof(*pack));
    uint64_t size = 0;
    enum fer_status status;

    *out = NULL;
    if (pack)
        pack->path = strdup(path);
    if (!pack || !pack->path) {
        free(pack);
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", path);
    }
    status = open_file(pack, &size, err);
    if (!status)
        status = read_tables(pack, size, err);
    if (!status)
        status = read_names(pack, err);
    if (!status)
        status = check_entries(pack, err);
    if (status) {
        fer_pack_close(pack);
        return status;
    }
    *out = pack;
    return FER_OK;
}

void fer_pack_close(struct fer_pack *pack)
{
    if (!pack)
        return;
    if (pack->fd >= 0)
        close(pack->fd);
    free(pack->entries);
    free(pack->names);
    free(pack->path);
    free(pack);
}

size_t fer_pack_count(const struct fer_pack *pack)
{
    return (size_t)pack->header.count;
}

unsigned fer_pack_fields(const struct fer_pack *pack)
{
    return pack->header.fields;
}

const char *fer_pack_label_name(const struct fer_pack *pack, int label)
{
    return label >= 0 && (uint32_t)label < pack->header.labels ? pack->names[label] : NULL;
}

const char *fer_pack_split(const struct fer_pack *pack, size_t index)
{
    uint32_t split = pack->entries[index].split;

    return split == PACK_NO_SPLIT ? NULL : pack->names[pack->header.labels + split];
}

/* What is left of a record. */
struct cursor {
    const uint8_t *next;
    size_t left;
};

static bool take(struct cursor *cursor, void *to, size_t size)
{
    if (size > cursor->left)
        return false;
    if (size)
        memcpy(to, cursor->next, size);
    cursor->next += size;
    cursor->left -= size;
    return true;
}

static bool picture_is_sane(const struct pack_picture *picture)
{
    if (picture->width == 0)
        return true;
    return picture->width <= FER_IMAGE_SIDE && picture->height >= 1 && picture->height <= FER_IMAGE_SIDE &&
           picture->channels >= 1 && picture->channels <= 4 &&
           (picture->stored == 1 || picture->stored == picture->channels);
}

/* One picture out of the record; skipped when it is not wanted. */
static enum fer_status take_picture(const struct fer_pack *pack, struct cursor *cursor,
                                    const struct pack_picture *picture, bool wanted, struct fer_image *image,
                                    struct fer_error *err)
{
    size_t pixels = (size_t)picture->width * picture->height, channels = picture->channels;
    const uint8_t *from = cursor->next;
    enum fer_status status;

    if (picture->width == 0)
        return FER_OK;
    if (pixels * picture->stored > cursor->left)
        return corrupt(pack, err, "a picture is cut off");
    cursor->next += pixels * picture->stored;
    cursor->left -= pixels * picture->stored;
    if (!wanted)
        return FER_OK;
    status = fer_image_create(image, (int)picture->width, (int)picture->height, (int)channels, err);
    if (status)
        return status;
    if (picture->stored == picture->channels) {
        memcpy(image->pixels, from, pixels * channels);
    } else {
        for (size_t i = 0; i < pixels; i++)
            memset(image->pixels + i * channels, from[i], channels);
    }
    return FER_OK;
}

static enum fer_status take_record(const struct fer_pack *pack, struct cursor *cursor, unsigned what,
                                   struct fer_sample *sample, struct fer_error *err)
{
    struct pack_record record;
    enum fer_status status;

    take(cursor, &record, sizeof(record));
    if (record.landmarks > FER_MAX_LANDMARKS || record.softs > FER_MAX_SOFT || record.codes > FER_MAX_CODE ||
        !picture_is_sane(&record.image) || !picture_is_sane(&record.mask))
        return corrupt(pack, err, "a sample has impossible sizes");
    sample->has = record.has & pack->header.fields & ~(unsigned)(FER_FIELD_IMAGE | FER_FIELD_MASK);
    sample->id = record.id;
    sample->label = record.label;
    sample->subject = record.subject;
    sample->landmarks = (int)record.landmarks;
    sample->softs = (int)record.softs;
    sample->codes = (int)record.codes;
    memcpy(sample->box, record.box, sizeof(sample->box));
    if (!take(cursor, sample->landmark, record.landmarks * sizeof(sample->landmark[0])) ||
        !take(cursor, sample->soft, record.softs * sizeof(float)) ||
        !take(cursor, sample->code, record.codes * sizeof(float)))
        return corrupt(pack, err, "a sample is cut off");
    if (!(what & ~HEAD_FIELDS))
        return FER_OK;
    status = take_picture(pack, cursor, &record.image, what & FER_FIELD_IMAGE, &sample->image, err);
    if (!status)
        status = take_picture(pack, cursor, &record.mask, what & FER_FIELD_MASK, &sample->mask, err);
    if (status)
        return status;
    sample->has |= (sample->image.pixels ? FER_FIELD_IMAGE : 0) | (sample->mask.pixels ? FER_FIELD_MASK : 0);
    return FER_OK;
}

enum fer_status fer_pack_sample(const struct fer_pack *pack, size_t index, unsigned what, struct fer_sample *sample,
                                struct fer_error *err)
{
    const bool whole = what & ~HEAD_FIELDS; /* lists are made of all samples, without touching all of the file */
    const struct pack_entry *entry;
    struct cursor cursor;
    uint8_t *record;
    size_t size;
    enum fer_status status;

    if (index >= pack->header.count)
        return fer_fail(err, FER_EINVAL, "'%s' has %zu samples, not %zu", pack->path, fer_pack_count(pack), index + 1);
    entry = &pack->entries[index];
    memset(sample, 0, sizeof(*sample));
    if (what == FER_FIELD_LABEL) {
        sample->label = entry->label;
        sample->has = pack->header.fields & FER_FIELD_LABEL;
        return FER_OK;
    }
    size = whole || entry->size < LARGEST_HEAD ? (size_t)entry->size : LARGEST_HEAD;
    record = malloc(size);
    if (!record)
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", pack->path);
    status = read_at(pack, record, size, entry->offset, err);
    if (!status && whole && XXH3_64bits(record, size) != entry->hash)
        status = corrupt(pack, err, "the checksum of a sample is wrong");
    cursor = (struct cursor){ record, size };
    if (!status)
        status = take_record(pack, &cursor, what, sample, err);
    free(record);
    if (status)
        fer_sample_free(sample);
    else if (!whole)
        sample->label = entry->label;
    return status;
}
