/* SPDX-License-Identifier: Apache-2.0 */
#include "run/known.h"

#include "file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define KNOWN_LIMIT ((size_t)1 << 20)

bool fer_known_load(struct fer_known *known)
{
    char *path = fer_cache_path("known");
    void *bytes = NULL;
    size_t size = 0;

    *known = (struct fer_known){ 0 };
    if (!path)
        return false;
    if (fer_file_read(path, KNOWN_LIMIT, &bytes, &size, NULL) == FER_OK) {
        known->keys = bytes;
        known->count = size / sizeof(*known->keys);
    }
    free(path);
    return true;
}

void fer_known_free(struct fer_known *known)
{
    free(known->keys);
    *known = (struct fer_known){ 0 };
}

bool fer_keys_have(const struct fer_key *keys, size_t count, struct fer_key key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].high == key.high && keys[i].low == key.low)
            return true;
    return false;
}

/* One write, so that processes which start together do not cut each other's keys in two. */
void fer_known_add(const struct fer_key *keys, size_t count)
{
    char *path = fer_cache_path("known");
    const off_t added = (off_t)(count * sizeof(*keys));
    off_t size, whole;
    int fd = -1;

    if (path && fer_directory_make_for(path, NULL) == FER_OK)
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    free(path);
    if (fd < 0)
        return;
    /* Behind a part of a key, of a process that was killed or a full disk, all keys would be others; too many: anew. */
    size = lseek(fd, 0, SEEK_END);
    whole = size + added > (off_t)KNOWN_LIMIT ? 0 : size - size % (off_t)sizeof(*keys);
    if (whole != size && ftruncate(fd, whole))
        count = 0;
    if (write(fd, keys, count * sizeof(*keys)) < 0)
        count = 0;
    close(fd);
}
