/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The timer page as a program gets it: mapped read-only from /dev/xvmtime (in a guest), /dev/xvm_timer (in
 * dom0) or the file of a user-space owner. C and C++.
 *
 * Invariant: nothing is mapped writable, and nothing stays mapped when opening fails.
 */
#ifndef XVM_TIMER_MAP_H
#define XVM_TIMER_MAP_H

#include "libvmshare/timer/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct xvm_time_map {
    void* at;
    size_t bytes;
};

static inline void xvm_time_unmap(struct xvm_time_map* map) {
    if (map->at) munmap(map->at, map->bytes);
    map->at = NULL;
}

/* with_local: the device shows the guest's own page behind the shared one. False: see errno. */
static inline bool xvm_time_map_file(struct xvm_time_map* map, const char* path, bool with_local) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    map->bytes = with_local ? 2 * XVM_TIME_PAGE_BYTES : XVM_TIME_PAGE_BYTES;
    map->at = fd < 0 ? MAP_FAILED : mmap(NULL, map->bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (map->at == MAP_FAILED) map->at = NULL;
    return map->at != NULL;
}

static inline const struct xvm_time_page* xvm_time_page_of(const struct xvm_time_map* map) {
    return (const struct xvm_time_page*)map->at;
}

static inline const struct xvm_time_local* xvm_time_local_of(const struct xvm_time_map* map) {
    return map->bytes > XVM_TIME_PAGE_BYTES
               ? (const struct xvm_time_local*)((const char*)map->at + XVM_TIME_PAGE_BYTES)
               : NULL;
}

#endif
