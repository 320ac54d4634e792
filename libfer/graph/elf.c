/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool within(uint64_t offset, uint64_t size, uint64_t whole)
{
    return offset <= whole && size <= whole - offset;
}

static enum fer_status check_tables(int fd, uint64_t size, struct fer_error *err)
{
    ElfW(Ehdr) head;
    if (size == 0)
        return fer_fail(err, FER_EPLUGIN, "it is empty; build or copy it again");
    if (size < sizeof(head) || pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return fer_fail(err, FER_EPLUGIN, "it is not an ELF shared object");
    const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (head.e_ident[EI_CLASS] != class || head.e_type != ET_DYN)
        return fer_fail(err, FER_EPLUGIN, "it is not a shared object for this machine");
    if (head.e_phentsize != sizeof(ElfW(Phdr)) ||
        !within(head.e_phoff, (uint64_t)head.e_phnum * sizeof(ElfW(Phdr)), size) ||
        !within(head.e_shoff, (uint64_t)head.e_shnum * head.e_shentsize, size))
        return fer_fail(err, FER_EPLUGIN, "it is truncated: its tables lie past its end; build or copy it again");
    for (unsigned i = 0; i < head.e_phnum; i++) {
        ElfW(Phdr) part;
        const off_t at = (off_t)(head.e_phoff + i * sizeof(part));
        if (pread(fd, &part, sizeof(part), at) != (ssize_t)sizeof(part))
            return fer_fail(err, FER_EIO, "cannot read its program headers: %s", strerror(errno));
        if (part.p_type == PT_LOAD && !within(part.p_offset, part.p_filesz, size))
            return fer_fail(err, FER_EPLUGIN, "it is truncated: a segment lies past its end; build or copy it again");
    }
    return FER_OK;
}

enum fer_status fer_elf_check(const char *path, struct fer_error *err)
{
    /* not blocking: somebody may have left a pipe there */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fer_fail(err, FER_EIO, "cannot open it: %s", strerror(errno));
    struct stat st;
    enum fer_status status;
    if (fstat(fd, &st) < 0)
        status = fer_fail(err, FER_EIO, "cannot stat it: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = fer_fail(err, FER_EPLUGIN, "it is not a regular file");
    else
        status = check_tables(fd, (uint64_t)st.st_size, err);
    close(fd);
    return status;
}
