/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a service domain hands its channel to xvmd: one granted page that names the grants of the region's
 * pages, in order. The region itself is libvmshare/abi/channel.h's.
 *
 * Invariant: the page is written whole before it is named in the store, and is not changed afterwards.
 */
#ifndef XVM_ABI_CHANNEL_GRANTS_H
#define XVM_ABI_CHANNEL_GRANTS_H

#include "libvmshare/abi/abi.h"
#include "libvmshare/abi/channel.h"

#define XVM_CHANNEL_GRANTS_MAGIC 0x31544e4152474358ULL /* "XCGRANT1" */
#define XVM_CHANNEL_PAGES (XVM_CHANNEL_REGION_BYTES / 4096u)

/* Where the service domain says so, in its own directory of the store: "1 PORT GREF", decimal: the version,
 * an event channel that dom0 may bind, and the grant of this page. */
#define XVM_CHANNEL_NODE "data/xvm-service"
/* Likewise of any guest that has requests: where xvm-guestd looks (docs/guest-requests.md). */
#define XVM_GUEST_NODE "data/xvm-guest"

struct xvm_channel_grants {
    uint64_t magic;                   /* 0x00  XVM_CHANNEL_GRANTS_MAGIC */
    uint32_t pages;                   /* 0x08  XVM_CHANNEL_PAGES */
    uint32_t reserved;                /* 0x0c  zero */
    uint32_t gref[XVM_CHANNEL_PAGES]; /* 0x10  of page i of the region */
    uint32_t end;                     /* 0x214 zero */
};
XVM_ABI_SIZE(struct xvm_channel_grants, 536);
XVM_ABI_AT(struct xvm_channel_grants, magic, 0x00);
XVM_ABI_AT(struct xvm_channel_grants, pages, 0x08);
XVM_ABI_AT(struct xvm_channel_grants, reserved, 0x0c);
XVM_ABI_AT(struct xvm_channel_grants, gref, 0x10);
XVM_ABI_AT(struct xvm_channel_grants, end, 0x214);

#endif
