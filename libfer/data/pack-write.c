/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/pack.h>

#include "data/pack-format.h"
#include "data/source.h"
#include "file.h"
#include "said.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

/* Everything on its way to the file. */
struct writer {
    const struct fer_reader *reader;
    const struct fer_data_env *env;
    const struct fer_pack_watch *watch;
    void *state;
    struct pack_header header;
    struct pack_entry *entries;
    char *names; /* labels, then splits, with their zeros */
    const char **splits;
    uint8_t *record;
    size_t record_size, record_capacity;
    uint64_t offset;
};

static enum fer_status no_memory(struct fer_error *err)
{
    return fer_fail(err, FER_ENOMEM, "out of memory while packing");
}

static enum fer_status add(struct writer *writer, const void *data, size_t size, struct fer_error *err)
{
    size_t wanted = writer->record_size + size;

    if (wanted > writer->record_capacity) {
        size_t capacity = wanted * 2;
        uint8_t *record = realloc(writer->record, capacity);

        if (!record)
            return no_memory(err);
        writer->record = record;
        writer->record_capacity = capacity;
    }
    if (size)
        memcpy(writer->record + writer->record_size, data, size);
    writer->record_size = wanted;
    return FER_OK;
}

/* Whether all channels are the same, as in gray pictures that were read as RGB. */
static bool is_gray(const struct fer_image *image)
{
    size_t pixels = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;

    for (size_t i = 0; i < pixels; i++) {
        for (size_t c = 1; c < channels; c++) {
            if (image->pixels[i * channels + c] != image->pixels[i * channels])
                return false;
        }
    }
    return true;
}

static struct pack_picture describe(const struct fer_image *image)
{
    struct pack_picture picture = { 0 };

    if (!image->pixels)
        return picture;
    picture.width = (uint32_t)image->width;
    picture.height = (uint32_t)image->height;
    picture.channels = (uint32_t)image->channels;
    picture.stored = is_gray(image) ? 1 : picture.channels;
    return picture;
}

static enum fer_status add_picture(struct writer *writer, const struct fer_image *image, uint32_t stored,
                                   struct fer_error *err)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;
    enum fer_status status = FER_OK;

    if (!image->pixels)
        return FER_OK;
    if (stored == (uint32_t)image->channels)
        return add(writer, image->pixels, pixels * stored, err);
    for (size_t i = 0; i < pixels && !status; i++)
        status = add(writer, image->pixels + i * (size_t)image->channels, 1, err);
    return status;
}

static enum fer_status add_sample(struct writer *writer, const struct fer_sample *sample, struct fer_error *err)
{
    static const uint8_t zeros[8];
    const struct pack_record record = {
        .has = sample->has,
        .id = sample->id,
        .label = sample->label,
        .subject = sample->subject,
        .landmarks = (uint32_t)sample->landmarks,
        .softs = (uint32_t)sample->softs,
        .codes = (uint32_t)sample->codes,
        .box = { sample->box[0], sample->box[1], sample->box[2], sample->box[3] },
        .image = describe(&sample->image),
        .mask = describe(&sample->mask),
    };
    enum fer_status status;

    writer->record_size = 0;
    status = add(writer, &record, sizeof(record), err);
    if (!status)
        status = add(writer, sample->landmark, record.landmarks * sizeof(sample->landmark[0]), err);
    if (!status)
        status = add(writer, sample->soft, record.softs * sizeof(float), err);
    if (!status)
        status = add(writer, sample->code, record.codes * sizeof(float), err);
    if (!status)
        status = add_picture(writer, &sample->image, record.image.stored, err);
    if (!status)
        status = add_picture(writer, &sample->mask, record.mask.stored, err);
    return status ? status : add(writer, zeros, (8 - writer->record_size % 8) % 8, err);
}

/* The number of a split's name; added when it is new. */
static enum fer_status split_number(struct writer *writer, size_t index, uint32_t *number, struct fer_error *err)
{
    const char *name = writer->reader->split ? writer->reader->split(writer->state, index) : NULL;
    const char **splits;
    uint32_t i;

    *number = PACK_NO_SPLIT;
    if (!name)
        return FER_OK;
    for (i = 0; i < writer->header.splits; i++) {
        if (strcmp(writer->splits[i], name) == 0)
            break;
    }
    *number = i;
    if (i < writer->header.splits)
        return FER_OK;
    if (i >= PACK_MOST_NAMES)
        return fer_fail(err, FER_ENOTSUP, "more than %d splits", PACK_MOST_NAMES);
    splits = realloc(writer->splits, ((size_t)i + 1) * sizeof(*splits));
    if (!splits)
        return no_memory(err);
    writer->splits = splits;
    splits[writer->header.splits++] = name;
    return FER_OK;
}

static const char *label_name(const struct writer *writer, int label)
{
    if (writer->env->nlabels > 0)
        return label < writer->env->nlabels ? writer->env->labels[label] : NULL;
    return writer->reader->label_name ? writer->reader->label_name(writer->state, label) : NULL;
}

static enum fer_status append_name(struct writer *writer, const char *name, struct fer_error *err)
{
    size_t size = strlen(name) + 1;
    char *names;

    if (size > PACK_MOST_NAME_BYTES - 8 - (size_t)writer->header.names_size)
        return fer_fail(err, FER_ENOTSUP, "the names of labels and splits take more than %d bytes",
                        PACK_MOST_NAME_BYTES - 8);
    names = realloc(writer->names, (size_t)writer->header.names_size + size + 8);
    if (!names)
        return no_memory(err);
    writer->names = names;
    memcpy(names + writer->header.names_size, name, size);
    writer->header.names_size += size;
    return FER_OK;
}

/* Labels, splits, and zeros up to a multiple of 8: the length must be known before the first record is written. */
static enum fer_status collect_names(struct writer *writer, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    const char *name;

    for (size_t i = 0; i < writer->header.count && !status; i++)
        status = split_number(writer, i, &writer->entries[i].split, err);
    for (int i = 0; !status && i < PACK_MOST_NAMES && (name = label_name(writer, i)); i++) {
        status = append_name(writer, name, err);
        writer->header.labels++;
    }
    for (uint32_t i = 0; i < writer->header.splits && !status; i++)
        status = append_name(writer, writer->splits[i], err);
    while (!status && writer->header.names_size % 8)
        status = append_name(writer, "", err);
    return status;
}

static enum fer_status write_records(struct writer *writer, int fd, const char *path, struct fer_error *err)
{
    for (size_t i = 0; i < writer->header.count; i++) {
        struct pack_entry *entry = &writer->entries[i];
        struct fer_sample sample = { .label = -1, .subject = -1 };
        enum fer_status status =
            fer_said(writer->reader->sample(writer->state, i, ~0u, &sample, err), writer->reader->name, "sample", err);

        if (!status && !(sample.has & FER_FIELD_ID)) {
            sample.id = (uint32_t)i;
            sample.has |= FER_FIELD_ID;
        }
        if (!status)
            status = fer_sample_check(&sample, err);
        if (!status)
            status = add_sample(writer, &sample, err);
        entry->label = sample.has & FER_FIELD_LABEL ? sample.label : -1;
        fer_sample_free(&sample);
        if (!status)
            status = fer_file_write_all(fd, path, writer->record, writer->record_size, err);
        if (status)
            return status;
        entry->offset = writer->offset;
        entry->size = writer->record_size;
        entry->hash = XXH3_64bits(writer->record, writer->record_size);
        writer->offset += writer->record_size;
        if (writer->watch && writer->watch->progress &&
            !writer->watch->progress(writer->watch->context, i + 1, (size_t)writer->header.count))
            return fer_fail(err, FER_EINTERRUPTED, "stopped; '%s' was not written", path);
    }
    return FER_OK;
}

static enum fer_status write_tables(struct writer *writer, int fd, const char *path, struct fer_error *err)
{
    size_t entries = (size_t)writer->header.count * sizeof(*writer->entries);
    XXH3_state_t *hash = XXH3_createState();
    enum fer_status status;

    if (!hash)
        return no_memory(err);
    writer->header.size = writer->offset;
    XXH3_64bits_reset(hash);
    XXH3_64bits_update(hash, &writer->header, sizeof(writer->header));
    XXH3_64bits_update(hash, writer->entries, entries);
    XXH3_64bits_update(hash, writer->names, (size_t)writer->header.names_size);
    writer->header.hash = XXH3_64bits_digest(hash);
    XXH3_freeState(hash);
    if (lseek(fd, 0, SEEK_SET) != 0)
        return fer_fail(err, FER_EIO, "cannot write '%s': it is not a file on disk", path);
    status = fer_file_write_all(fd, path, &writer->header, sizeof(writer->header), err);
    if (!status)
        status = fer_file_write_all(fd, path, writer->entries, entries, err);
    if (!status)
        status = fer_file_write_all(fd, path, writer->names, (size_t)writer->header.names_size, err);
    return status;
}

static enum fer_status write_file(int fd, const char *path, void *context, struct fer_error *err)
{
    struct writer *writer = context;
    enum fer_status status;

    writer->offset =
        sizeof(writer->header) + writer->header.count * sizeof(*writer->entries) + writer->header.names_size;
    if (lseek(fd, (off_t)writer->offset, SEEK_SET) < 0)
        return fer_fail(err, FER_EIO, "cannot write '%s': it is not a file on disk", path);
    status = write_records(writer, fd, path, err);
    return status ? status : write_tables(writer, fd, path, err);
}

static enum fer_status write_opened(struct writer *writer, enum fer_status status, size_t count, unsigned fields,
                                    const char *path, struct fer_error *err)
{
    if (status)
        return status;
    if (writer->reader->render)
        return fer_fail(err, FER_ENOTSUP, "the pictures of '%s' are rendered on the device: there is nothing to pack",
                        writer->reader->name);
    if (count == 0)
        return fer_fail(err, FER_EFORMAT, "%s: there is not a single sample", writer->reader->name);
    memcpy(writer->header.magic, PACK_MAGIC, sizeof(writer->header.magic));
    writer->header.endian = PACK_ENDIAN;
    writer->header.version = PACK_VERSION;
    writer->header.count = count;
    writer->header.fields = fields | FER_FIELD_ID;
    writer->entries = calloc(count, sizeof(*writer->entries));
    if (!writer->entries)
        return no_memory(err);
    status = collect_names(writer, err);
    return status ? status : fer_file_fill_atomic(path, write_file, writer, err);
}

enum fer_status fer_pack_write(const char *path, const struct fer_reader *reader, const void *params,
                               const struct fer_data_env *env, const struct fer_pack_watch *watch,
                               struct fer_error *err)
{
    struct writer writer = { .reader = reader, .env = env, .watch = watch };
    size_t count = 0;
    unsigned fields = 0;
    enum fer_status opened =
        fer_said(reader->open(params, env, &writer.state, &count, &fields, err), reader->name, "open", err);
    enum fer_status status = write_opened(&writer, opened, count, fields, path, err);

    if (!opened && reader->close)
        reader->close(writer.state);
    free(writer.entries);
    free(writer.names);
    free(writer.splits);
    free(writer.record);
    return status;
}
