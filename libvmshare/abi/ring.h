/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The I/O ring: one region of 1, 2, 4, 8 or 16 pages that a front end grants to a back end.
 *
 * Two one-way queues of the same shape lie in it: requests (front end to back end) and responses
 * (back end to front end). Each has a producer index, a consumer index and a flag, 128 bytes apart,
 * and each of these words has exactly one writer; the flag alone has a second one, the producer that
 * claims a wake-up. Indices run freely over 2^32; slot = index modulo nslots.
 *
 * Invariant: a zeroed region with its constants filled in is a ring at rest: both queues empty, both
 * consumers asleep. docs/protocols/ring.md tells the protocol, libvmshare/ring/wake.hpp is it.
 */
#ifndef XVM_ABI_RING_H
#define XVM_ABI_RING_H

#include "libvmshare/abi/abi.h"

#define XVM_RING_MAGIC 0x31474e49524d5658ULL /* "XVMRING1" */
#define XVM_RING_ABI_MAJOR 1                 /* a reader refuses any other */
#define XVM_RING_ABI_MINOR 0                 /* a reader ignores it */

#define XVM_RING_PAGE_BYTES 4096u
#define XVM_RING_MAX_PAGES 16u
#define XVM_RING_HEADER_BYTES 1024u
#define XVM_RING_REQ_BYTES 64u
#define XVM_RING_RSP_BYTES 32u
/* The largest power of two that fits; in one page the 32 slots of both queues leave no byte over. */
#define XVM_RING_NSLOTS(pages) (32u * (pages))
#define XVM_RING_MAX_SLOTS XVM_RING_NSLOTS(XVM_RING_MAX_PAGES)

/* Feature bits, in xvm_ring_constants.features; an unknown bit is refused. */
#define XVM_RING_F_CLAIM 0x1u /* producers claim a wake-up before they send: one send per sleep */
#define XVM_RING_F_ALL XVM_RING_F_CLAIM

/* The state of a queue's consumer. Any other value counts as SLEEPING. */
#define XVM_RING_SLEEPING 0u /* dormant: the producer of the next slot sends the event */
#define XVM_RING_RUNNING 1u  /* looks at the queue again before it sleeps: nothing to send */
#define XVM_RING_WAKING 2u   /* a producer has claimed the wake-up and is sending the event */

/* Written by the front end before it announces the ring, copied once by the back end. */
struct xvm_ring_constants {
    uint64_t magic;          /* 0x00  XVM_RING_MAGIC */
    uint16_t abi_major;      /* 0x08  XVM_RING_ABI_MAJOR */
    uint16_t abi_minor;      /* 0x0a  XVM_RING_ABI_MINOR */
    uint32_t header_bytes;   /* 0x0c  XVM_RING_HEADER_BYTES */
    uint32_t req_slot_bytes; /* 0x10  XVM_RING_REQ_BYTES */
    uint32_t rsp_slot_bytes; /* 0x14  XVM_RING_RSP_BYTES */
    uint32_t nslots;         /* 0x18  XVM_RING_NSLOTS(pages), of each queue */
    uint32_t features;       /* 0x1c  XVM_RING_F_* in use, agreed over xenstore */
    uint32_t generation;     /* 0x20  counts the front end's connections; for diagnosis */
    uint32_t reserved[23];   /* 0x24  zero */
};
XVM_ABI_SIZE(struct xvm_ring_constants, 128);
XVM_ABI_AT(struct xvm_ring_constants, magic, 0x00);
XVM_ABI_AT(struct xvm_ring_constants, abi_major, 0x08);
XVM_ABI_AT(struct xvm_ring_constants, abi_minor, 0x0a);
XVM_ABI_AT(struct xvm_ring_constants, header_bytes, 0x0c);
XVM_ABI_AT(struct xvm_ring_constants, req_slot_bytes, 0x10);
XVM_ABI_AT(struct xvm_ring_constants, rsp_slot_bytes, 0x14);
XVM_ABI_AT(struct xvm_ring_constants, nslots, 0x18);
XVM_ABI_AT(struct xvm_ring_constants, features, 0x1c);
XVM_ABI_AT(struct xvm_ring_constants, generation, 0x20);
XVM_ABI_AT(struct xvm_ring_constants, reserved, 0x24);

/* One shared word, in cache lines of its own (two, for the prefetcher of adjacent lines). */
struct xvm_ring_word {
    uint32_t value;        /* 0x00 */
    uint32_t reserved[31]; /* 0x04  zero */
};
XVM_ABI_SIZE(struct xvm_ring_word, 128);
XVM_ABI_AT(struct xvm_ring_word, value, 0x00);
XVM_ABI_AT(struct xvm_ring_word, reserved, 0x04);

/* What one end has counted; written by that end alone, read by tools, never acted upon. */
struct xvm_ring_stats {
    uint64_t inserts;     /* 0x00  slots published, as producer */
    uint64_t sends;       /* 0x08  events sent, as producer */
    uint64_t claims_lost; /* 0x10  wake-ups not sent: the consumer woke by itself meanwhile */
    uint64_t arms;        /* 0x18  times SLEEPING was written, as consumer */
    uint64_t wakes;       /* 0x20  events received, as consumer */
    uint64_t spurious;    /* 0x28  of these, with nothing in the queue */
    uint64_t takes;       /* 0x30  slots taken, as consumer */
    uint32_t max_batch;   /* 0x38  most slots that one publication made visible */
    uint32_t reserved;    /* 0x3c  zero */
};
XVM_ABI_SIZE(struct xvm_ring_stats, 64);
XVM_ABI_AT(struct xvm_ring_stats, inserts, 0x00);
XVM_ABI_AT(struct xvm_ring_stats, sends, 0x08);
XVM_ABI_AT(struct xvm_ring_stats, claims_lost, 0x10);
XVM_ABI_AT(struct xvm_ring_stats, arms, 0x18);
XVM_ABI_AT(struct xvm_ring_stats, wakes, 0x20);
XVM_ABI_AT(struct xvm_ring_stats, spurious, 0x28);
XVM_ABI_AT(struct xvm_ring_stats, takes, 0x30);
XVM_ABI_AT(struct xvm_ring_stats, max_batch, 0x38);
XVM_ABI_AT(struct xvm_ring_stats, reserved, 0x3c);

/* The head of the region; nslots request slots follow, then nslots response slots. */
struct xvm_ring {
    struct xvm_ring_constants constants; /* 0x000  front end, once */
    struct xvm_ring_word req_prod;       /* 0x080  front end */
    struct xvm_ring_word req_cons;       /* 0x100  back end */
    struct xvm_ring_word req_flag;       /* 0x180  back end; front end by a claim */
    struct xvm_ring_word rsp_prod;       /* 0x200  back end */
    struct xvm_ring_word rsp_cons;       /* 0x280  front end */
    struct xvm_ring_word rsp_flag;       /* 0x300  front end; back end by a claim */
    struct xvm_ring_stats front_stats;   /* 0x380  front end */
    struct xvm_ring_stats back_stats;    /* 0x3c0  back end */
};
XVM_ABI_SIZE(struct xvm_ring, XVM_RING_HEADER_BYTES);
XVM_ABI_AT(struct xvm_ring, constants, 0x000);
XVM_ABI_AT(struct xvm_ring, req_prod, 0x080);
XVM_ABI_AT(struct xvm_ring, req_cons, 0x100);
XVM_ABI_AT(struct xvm_ring, req_flag, 0x180);
XVM_ABI_AT(struct xvm_ring, rsp_prod, 0x200);
XVM_ABI_AT(struct xvm_ring, rsp_cons, 0x280);
XVM_ABI_AT(struct xvm_ring, rsp_flag, 0x300);
XVM_ABI_AT(struct xvm_ring, front_stats, 0x380);
XVM_ABI_AT(struct xvm_ring, back_stats, 0x3c0);

/* Every request begins with this; a protocol on the ring defines the other 48 bytes. */
struct xvm_ring_req_hdr {
    uint64_t id;       /* 0x00  chosen by the front end, echoed by the back end, never an index there */
    uint64_t t_submit; /* 0x08  timer page's value when the request was submitted; 0: not stamped */
};
XVM_ABI_SIZE(struct xvm_ring_req_hdr, 16);
XVM_ABI_AT(struct xvm_ring_req_hdr, id, 0x00);
XVM_ABI_AT(struct xvm_ring_req_hdr, t_submit, 0x08);

/* Every response begins with this; a protocol on the ring defines the other 8 bytes. */
struct xvm_ring_rsp_hdr {
    uint64_t id;         /* 0x00  the request's */
    uint64_t t_handover; /* 0x08  when the back end took the request; 0: not stamped */
    uint64_t t_complete; /* 0x10  when it answered; 0: not stamped */
};
XVM_ABI_SIZE(struct xvm_ring_rsp_hdr, 24);
XVM_ABI_AT(struct xvm_ring_rsp_hdr, id, 0x00);
XVM_ABI_AT(struct xvm_ring_rsp_hdr, t_handover, 0x08);
XVM_ABI_AT(struct xvm_ring_rsp_hdr, t_complete, 0x10);

/* The slots fit, and twice as many would not. */
#define XVM_RING_FITS(pages, nslots)                                                                         \
    (XVM_RING_HEADER_BYTES + (nslots) * (XVM_RING_REQ_BYTES + XVM_RING_RSP_BYTES) <=                         \
     (pages)*XVM_RING_PAGE_BYTES)
#define XVM_RING_CHECK(pages)                                                                                \
    XVM_ABI_ASSERT(XVM_RING_FITS(pages, XVM_RING_NSLOTS(pages)) &&                                           \
                       !XVM_RING_FITS(pages, 2u * XVM_RING_NSLOTS(pages)),                                   \
                   "slot count of a ring of " #pages " pages")
XVM_RING_CHECK(1u);
XVM_RING_CHECK(2u);
XVM_RING_CHECK(4u);
XVM_RING_CHECK(8u);
XVM_RING_CHECK(16u);
#undef XVM_RING_CHECK
#undef XVM_RING_FITS

#endif
