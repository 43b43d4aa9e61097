/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Block requests and responses, as they lie in the slots of a ring (libvmshare/abi/ring.h).
 *
 * Invariant: whatever a message gives no meaning is zero, and the back end refuses what is not.
 * docs/protocols/block.md tells the protocol; backends/block/parse.cpp is its only reader.
 */
#ifndef XVM_ABI_BLOCK_H
#define XVM_ABI_BLOCK_H

#include "libvmshare/abi/ring.h"

#define XVM_BLK_SECTOR_BYTES 512u
#define XVM_BLK_SECTORS_PER_PAGE (XVM_RING_PAGE_BYTES / XVM_BLK_SECTOR_BYTES)
/* Segments in the request itself, and the most that one granted page of segments can hold. */
#define XVM_BLK_INLINE_SEGMENTS 4u
#define XVM_BLK_INDIRECT_SEGMENTS_MAX (XVM_RING_PAGE_BYTES / 8u)

/* xvm_blk_request.op */
#define XVM_BLK_READ 0u
#define XVM_BLK_WRITE 1u
#define XVM_BLK_FLUSH 2u /* what was answered before it was sent survives a power failure; no segments */

/* xvm_blk_request.flags */
#define XVM_BLK_INDIRECT 0x1u /* segments[0].gref names a page that holds the nr_segments segments */

/* xvm_blk_response.status */
#define XVM_BLK_OK 0
#define XVM_BLK_E_IO (-1)        /* the disk failed */
#define XVM_BLK_E_INVALID (-2)   /* the request breaks a rule of this header */
#define XVM_BLK_E_RANGE (-3)     /* it goes past the end of the disk */
#define XVM_BLK_E_READ_ONLY (-4) /* a write to a disk of mode "r" */
#define XVM_BLK_E_GRANT (-5)     /* a page of it could not be read or written */
#define XVM_BLK_E_NO_SPACE (-6)  /* the disk's file could not grow */

/* Whole sectors of one granted page: first_sector to last_sector, both included. */
struct xvm_blk_segment {
    uint32_t gref;        /* 0x00 */
    uint8_t first_sector; /* 0x04 0 … 7 */
    uint8_t last_sector;  /* 0x05 first_sector … 7 */
    uint16_t reserved;    /* 0x06 zero */
};
XVM_ABI_SIZE(struct xvm_blk_segment, 8);
XVM_ABI_AT(struct xvm_blk_segment, gref, 0x00);
XVM_ABI_AT(struct xvm_blk_segment, first_sector, 0x04);
XVM_ABI_AT(struct xvm_blk_segment, last_sector, 0x05);
XVM_ABI_AT(struct xvm_blk_segment, reserved, 0x06);

struct xvm_blk_request {
    struct xvm_ring_req_hdr header;                           /* 0x00 */
    uint8_t op;                                               /* 0x10 XVM_BLK_READ … */
    uint8_t flags;                                            /* 0x11 XVM_BLK_INDIRECT */
    uint16_t nr_segments;                                     /* 0x12 1 … segments-max; flush: 0 */
    uint32_t reserved;                                        /* 0x14 zero */
    uint64_t sector;                                          /* 0x18 the first one on the disk; flush: 0 */
    struct xvm_blk_segment segments[XVM_BLK_INLINE_SEGMENTS]; /* 0x20 unused ones zero */
};
XVM_ABI_SIZE(struct xvm_blk_request, XVM_RING_REQ_BYTES);
XVM_ABI_AT(struct xvm_blk_request, header, 0x00);
XVM_ABI_AT(struct xvm_blk_request, op, 0x10);
XVM_ABI_AT(struct xvm_blk_request, flags, 0x11);
XVM_ABI_AT(struct xvm_blk_request, nr_segments, 0x12);
XVM_ABI_AT(struct xvm_blk_request, reserved, 0x14);
XVM_ABI_AT(struct xvm_blk_request, sector, 0x18);
XVM_ABI_AT(struct xvm_blk_request, segments, 0x20);

struct xvm_blk_response {
    struct xvm_ring_rsp_hdr header; /* 0x00 */
    int32_t status;                 /* 0x18 XVM_BLK_OK, or XVM_BLK_E_* */
    uint32_t reserved;              /* 0x1c zero */
};
XVM_ABI_SIZE(struct xvm_blk_response, XVM_RING_RSP_BYTES);
XVM_ABI_AT(struct xvm_blk_response, header, 0x00);
XVM_ABI_AT(struct xvm_blk_response, status, 0x18);
XVM_ABI_AT(struct xvm_blk_response, reserved, 0x1c);

#endif
