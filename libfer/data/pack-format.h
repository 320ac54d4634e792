/* SPDX-License-Identifier: Apache-2.0
 *
 * The packed file, little-endian, every table at a multiple of 8:
 *
 *     struct pack_header
 *     struct pack_entry[count]
 *     names: zero-terminated, first the labels, then the splits
 *     records: struct pack_record, landmarks f32[2 landmarks], soft f32[softs], code f32[codes], then the bytes of the
 *              pictures that it names; padded to a multiple of 8
 *
 * Hashes are XXH3 64.  The header's hash covers the header (with hash = 0), the entries and the names.
 */
#ifndef FER_DATA_PACK_FORMAT_H
#define FER_DATA_PACK_FORMAT_H

#include <stdint.h>

#define PACK_MAGIC "FERPACK\n"
enum { PACK_VERSION = 1, PACK_ENDIAN = 0x01020304, PACK_MOST_NAMES = 1 << 16, PACK_MOST_NAME_BYTES = 1 << 26 };
#define PACK_NO_SPLIT 0xFFFFFFFFu

struct pack_header {
    char magic[8];
    uint32_t endian, version;
    uint64_t hash;
    uint64_t count, size; /* samples; bytes of the whole file */
    uint64_t names_size;
    uint32_t fields, labels, splits, reserved;
};

struct pack_entry {
    uint64_t offset, size; /* of the record, from the start of the file */
    uint64_t hash;         /* of the record */
    uint32_t split;        /* PACK_NO_SPLIT: none */
    int32_t label;         /* for choosing without touching the record */
};

/* A picture of `stored` channels; 1 is read back as `channels` equal ones. */
struct pack_picture {
    uint32_t width, height, channels, stored;
};

struct pack_record {
    uint32_t has, id;
    int32_t label, subject;
    uint32_t landmarks, softs, codes, reserved;
    float box[4];
    struct pack_picture image, mask; /* width 0: none */
};

#endif
