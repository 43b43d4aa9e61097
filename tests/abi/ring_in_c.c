// SPDX-License-Identifier: Apache-2.0
// The kernel's ring as a C program: a request out and no answer in. Its behaviour is tested in
// tests/unit/libvmshare/ring; this shows that the very same file is C.
#include "tests/unit/libvmshare/ring/kernel_shim.h"

#include "frontends/linux/xvm_ring.h"

static union {
    struct xvm_ring ring;
    u8 page[XVM_RING_PAGE_BYTES];
} memory;

int main(void) {
    struct xvm_ring_front front;
    const u64 request[XVM_RING_REQ_BYTES / sizeof(u64)] = {1};
    u64 response[XVM_RING_RSP_BYTES / sizeof(u64)];
    bool as_must;

    xvm_ring_format(&memory.ring, 1, XVM_RING_F_CLAIM, 0);
    xvm_ring_front_init(&front, &memory.ring, 1, XVM_RING_F_CLAIM, 0);
    as_must = xvm_ring_front_room(&front) == XVM_RING_NSLOTS(1);
    xvm_ring_front_push(&front, request);
    as_must &= xvm_ring_front_publish(&front);
    xvm_ring_front_begin_wake(&front);
    as_must &= xvm_ring_front_take(&front, response) == XVM_RING_EMPTY;
    as_must &= xvm_ring_front_arm(&front) == XVM_RING_SLEEP;
    return as_must ? 0 : 1;
}
