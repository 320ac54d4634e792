/* SPDX-License-Identifier: Apache-2.0 */
#include "npy.h"

#include <fer/host.h>

#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 1 << 20 };

struct npy {
    const char *path;
    const uint8_t *data; /* after the header */
    size_t size;
    char kind;    /* of an element: i, u, f, U, S */
    size_t width; /* in the units of the header: bytes, or characters for U */
};

static enum fer_status fail(const struct npy *npy, const char *what, struct fer_error *err)
{
    return fer_fail(err, FER_EFORMAT, "%s: %s", npy->path, what);
}

/* The header is a dictionary as Python writes it: {'descr': '<U1', 'fortran_order': False, 'shape': (), } */
static enum fer_status read_type(struct npy *npy, const char *header, struct fer_error *err)
{
    const char *at = strstr(header, "'descr':");
    char *end;
    long width;

    if (!at)
        return fail(npy, "its header has no 'descr'", err);
    at += strlen("'descr':");
    at += strspn(at, " ");
    if (at[0] != '\'' || !strchr("<|", at[1]) || !at[1] || !strchr("iufUS", at[2]) || !at[2])
        return fail(npy, "its type is none that is read here: integers, floats and strings of one element", err);
    npy->kind = at[2];
    width = strtol(at + 3, &end, 10);
    if (*end != '\'' || width < 1 || width > 32)
        return fail(npy, "its type has an odd width", err);
    npy->width = (size_t)width;
    return FER_OK;
}

static enum fer_status read_header(struct npy *npy, const uint8_t *bytes, size_t size, struct fer_error *err)
{
    char header[4096];
    size_t start, length;

    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return fail(npy, "not a NumPy file", err);
    start = bytes[6] == 1 ? 10 : 12;
    length = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length >= sizeof(header) || length > size - start)
        return fail(npy, "its header is cut short", err);
    memcpy(header, bytes + start, length);
    header[length] = '\0';
    npy->data = bytes + start + length;
    npy->size = size - start - length;
    return read_type(npy, header, err);
}

/* Characters are 4 bytes in U, 1 in S; the rest of an element is zero. */
static enum fer_status read_text(const struct npy *npy, double *number, struct fer_error *err)
{
    const size_t step = npy->kind == 'U' ? 4 : 1;
    char text[33] = { 0 }, *end;

    if (npy->size < npy->width * step)
        return fail(npy, "it is cut short", err);
    for (size_t i = 0; i < npy->width; i++) {
        text[i] = (char)npy->data[i * step];
        for (size_t k = 1; k < step; k++) {
            if (npy->data[i * step + k] != 0)
                return fail(npy, "it should hold a number", err);
        }
    }
    *number = strtol(text, &end, 10);
    return end == text || *end != '\0' ? fail(npy, "it should hold a number", err) : FER_OK;
}

static enum fer_status read_float(const struct npy *npy, double *number, struct fer_error *err)
{
    float single;

    if (npy->width != 4 && npy->width != 8)
        return fail(npy, "floats of 4 or 8 bytes are expected", err);
    if (npy->width == 8)
        memcpy(number, npy->data, 8);
    else {
        memcpy(&single, npy->data, 4);
        *number = single;
    }
    return FER_OK;
}

static enum fer_status read_integer(const struct npy *npy, double *number, struct fer_error *err)
{
    uint64_t bits = 0;

    if (npy->width > 8)
        return fail(npy, "integers of at most 8 bytes are expected", err);
    for (size_t i = npy->width; i-- > 0;)
        bits = bits << 8 | npy->data[i];
    if (npy->kind == 'i' && npy->data[npy->width - 1] & 0x80)
        bits |= npy->width < 8 ? ~(uint64_t)0 << 8 * npy->width : 0;
    *number = npy->kind == 'i' ? (double)(int64_t)bits : (double)bits;
    return FER_OK;
}

enum fer_status npy_number(const char *path, double *number, struct fer_error *err)
{
    struct npy npy = { .path = path };
    void *bytes = NULL;
    size_t size;
    enum fer_status status = fer_file_read(path, LARGEST_FILE, &bytes, &size, err);

    if (!status)
        status = read_header(&npy, bytes, size, err);
    if (!status && (npy.kind == 'U' || npy.kind == 'S'))
        status = read_text(&npy, number, err);
    else if (!status && npy.size < npy.width)
        status = fail(&npy, "it is cut short", err);
    else if (!status)
        status = npy.kind == 'f' ? read_float(&npy, number, err) : read_integer(&npy, number, err);
    free(bytes);
    return status;
}
