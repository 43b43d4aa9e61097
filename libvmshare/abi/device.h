/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The page of commands between xvmd and a guest's xvm_devfront, by which a physical device comes to a guest
 * and goes from it while both run (docs/protocols/device.md). The guest owns the page and the port.
 *
 * One request at a time: the host writes all of `request` but its number, then the number; the guest answers
 * by writing all of `answer`, its number last. A number is one more than the one before, and a request is
 * over when the answer has its number.
 *
 * Invariant: either side copies a line once and looks only at the copy. Nothing in the page is believed: the
 * guest's answers are checked by the host as those of a stranger, and the other way round.
 */
#ifndef XVM_ABI_DEVICE_H
#define XVM_ABI_DEVICE_H

#include "libvmshare/abi/abi.h"

#define XVM_DEV_VERSION 1u
#define XVM_DEV_PAGE_BYTES 4096u

/* Below the guest's home; the guest's. */
#define XVM_DEV_GUEST_DIR "data/xvmdev"
#define XVM_DEV_NODE_VERSION "version"
#define XVM_DEV_NODE_PAGE "page" /* grant reference, for dom0 */
#define XVM_DEV_NODE_PORT "port" /* unbound event channel, for dom0 */

#define XVM_DEV_PAGES_MAX 256u            /* of a device's region: its context, and its DMA buffers */
#define XVM_DEV_CONTEXT_MAX 1024u         /* bytes, header and all, at the start of the region's first page */
#define XVM_DEV_CONTEXT_MAGIC 0x78646378u /* the first word of a context */

/* What the host asks for. `device` names it in all of them: segment << 16 | bus << 8 | slot << 3 | function.
 */
enum xvm_dev_kind {
    XVM_DEV_LOOK = 1,    /* arg 0: vendor << 16 | product. Is there a driver, what state is the device in? */
    XVM_DEV_PREPARE = 2, /* arg 0: vendor << 16 | product, 1: pages, 2: engine. Make room for its region. */
    XVM_DEV_ABANDON = 3, /* The room is not needed; what has come into it is ours. */
    XVM_DEV_STOP = 4,    /* arg 0: how long it may take, ms. No DMA, no interrupt, context saved, unmapped. */
    XVM_DEV_FLIP = 5,    /* arg 0: target domid, 1: engine. The region goes. */
    XVM_DEV_TAKE =
        6, /* arg 0: vendor << 16 | product, 1: registers' address, 2: bytes, 3: pirq, 4: fresh, 5: pages. */
    XVM_DEV_RUN = 7,    /* Begin; go on. */
    XVM_DEV_REFILL = 8, /* Memory where the region was; forget the device. */
    XVM_DEV_DROP = 9,   /* The stopped device is gone for good: end its driver, keep the region's memory. */
    XVM_DEV_KINDS = 10,
};

/* How a region goes from a guest to another. */
enum xvm_dev_engine {
    XVM_DEV_TRANSFER = 1, /* the frames change their owner: the addresses that the device knows stay valid */
    XVM_DEV_MOVE = 2,     /* the host copies, the source releases */
};

/* What a device is to a guest. */
enum xvm_dev_state {
    XVM_DEV_ABSENT = 0,
    XVM_DEV_PREPARED = 1, /* there is room for its region */
    XVM_DEV_TAKEN = 2,    /* mapped and bound, its context read; at rest */
    XVM_DEV_RUNNING = 3,
    XVM_DEV_STOPPED = 4, /* saved, unbound, unmapped; the region is still here */
    XVM_DEV_FLIPPED = 5, /* the region has gone */
    XVM_DEV_STATES = 6,
};

/* How it went: 0, or why not. */
enum xvm_dev_status {
    XVM_DEV_OK = 0,
    XVM_DEV_BAD_ORDER = 1,   /* not in the state it is in */
    XVM_DEV_BAD_REQUEST = 2, /* no such kind, or arguments out of range */
    XVM_DEV_NO_DRIVER = 3,
    XVM_DEV_NO_MEMORY = 4,
    XVM_DEV_BUSY = 5,       /* it did not come to rest in time: it goes on */
    XVM_DEV_NO_CONTEXT = 6, /* what came is no context of this driver */
    XVM_DEV_FAILED = 7,     /* the kernel, or the hypervisor, refused */
    XVM_DEV_LOST_PAGES = 8, /* not all pages went; `value[0]` of them did */
    XVM_DEV_FULL = 9,       /* it has as many devices as it can have */
    XVM_DEV_STATUSES = 10,
};

struct xvm_dev_request {
    uint32_t number;
    uint32_t kind;
    uint32_t device;
    uint32_t reserved; /* 0 */
    uint64_t arg[6];
};
XVM_ABI_AT(struct xvm_dev_request, number, 0);
XVM_ABI_AT(struct xvm_dev_request, kind, 4);
XVM_ABI_AT(struct xvm_dev_request, device, 8);
XVM_ABI_AT(struct xvm_dev_request, reserved, 12);
XVM_ABI_AT(struct xvm_dev_request, arg, 16);
XVM_ABI_SIZE(struct xvm_dev_request, 64);

struct xvm_dev_answer {
    uint32_t number;
    uint32_t kind;   /* of the request */
    uint32_t status; /* enum xvm_dev_status */
    uint32_t state;  /* of the device, afterwards */
    /*
     * LOOK: 0: pages that its driver wants. STOP: 0: bytes of context, 1: pages, 2: ns until it was at rest.
     * FLIP: 0: pages gone. TAKE, RUN: 0: the driver's progress.
     */
    uint64_t value[4];
    uint64_t reserved[2]; /* 0 */
};
XVM_ABI_AT(struct xvm_dev_answer, number, 0);
XVM_ABI_AT(struct xvm_dev_answer, kind, 4);
XVM_ABI_AT(struct xvm_dev_answer, status, 8);
XVM_ABI_AT(struct xvm_dev_answer, state, 12);
XVM_ABI_AT(struct xvm_dev_answer, value, 16);
XVM_ABI_AT(struct xvm_dev_answer, reserved, 48);
XVM_ABI_SIZE(struct xvm_dev_answer, 64);

struct xvm_dev_page {
    uint32_t version;
    uint32_t reserved0[15];
    struct xvm_dev_request request; /* the host's */
    struct xvm_dev_answer answer;   /* from here on the guest's */
    uint8_t reserved1[832];
    uint8_t context[XVM_DEV_CONTEXT_MAX]; /* after STOP */
    /*
     * The region by frames: machine frames of a PV guest, its own of a PVH guest. After STOP: what goes.
     * After PREPARE: where it may come to (PVH, or MOVE). Written by the host before TAKE and ABANDON: what
     * has come.
     */
    uint32_t frames[XVM_DEV_PAGES_MAX];
    /* TRANSFER: after PREPARE the references of the room; written by the host before FLIP. */
    uint32_t refs[XVM_DEV_PAGES_MAX];
};
XVM_ABI_AT(struct xvm_dev_page, version, 0);
XVM_ABI_AT(struct xvm_dev_page, reserved0, 4);
XVM_ABI_AT(struct xvm_dev_page, request, 64);
XVM_ABI_AT(struct xvm_dev_page, answer, 128);
XVM_ABI_AT(struct xvm_dev_page, reserved1, 192);
XVM_ABI_AT(struct xvm_dev_page, context, 1024);
XVM_ABI_AT(struct xvm_dev_page, frames, 2048);
XVM_ABI_AT(struct xvm_dev_page, refs, 3072);
XVM_ABI_SIZE(struct xvm_dev_page, 4096);

/* How the region's first page begins. The driver's context follows. */
struct xvm_dev_context {
    uint32_t magic;
    uint32_t bytes;
    uint32_t product; /* vendor << 16 | product */
    uint32_t pages;
    uint64_t handovers; /* so far */
    uint64_t progress;  /* the driver's, when it stopped */
};
XVM_ABI_AT(struct xvm_dev_context, magic, 0);
XVM_ABI_AT(struct xvm_dev_context, bytes, 4);
XVM_ABI_AT(struct xvm_dev_context, product, 8);
XVM_ABI_AT(struct xvm_dev_context, pages, 12);
XVM_ABI_AT(struct xvm_dev_context, handovers, 16);
XVM_ABI_AT(struct xvm_dev_context, progress, 24);
XVM_ABI_SIZE(struct xvm_dev_context, 32);

#endif
