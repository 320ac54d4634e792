/* SPDX-License-Identifier: Apache-2.0
 *
 * Is this file whole enough to be handed to dlopen?  A truncated shared object kills the process with SIGBUS when its
 * missing pages are touched, so the file's own tables are compared with its size first.
 */
#ifndef FER_GRAPH_ELF_H
#define FER_GRAPH_ELF_H

#include <fer/status.h>

/* FER_OK when `path` is a shared object of this machine's class and byte order whose header, program headers, section
 * table and every PT_LOAD lie within the file.  Else FER_EPLUGIN or FER_EIO with the reason. */
enum fer_status fer_elf_check(const char *path, struct fer_error *err);

#endif
