/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What xvm-timed asks of dom0's kernel module, the owner of the timer page: ioctls on /dev/xvm_time_owner.
 * The device is mapped read-only for dom0's own readers.
 *
 * Invariant: a domain has one grant of the page at most; asking again answers the same reference.
 */
#ifndef XVM_ABI_TIMER_OWNER_H
#define XVM_ABI_TIMER_OWNER_H

#include "libvmshare/abi/abi.h"

#define XVM_TIME_OWNER_DEVICE "/dev/xvm_time_owner"

/* _IOWR('X', …, struct xvm_time_grant), which needs a header of Linux's. */
#define XVM_TIME_IOC_GRANT 0xc0085801u  /* domid -> gref. EBUSY: as much granted as there may be */
#define XVM_TIME_IOC_REVOKE 0xc0085802u /* domid. EBUSY: still mapped; ENOENT: none */
#define XVM_TIME_IOC_NEXT 0xc0085803u   /* domid -> the next grant of a domain from it on. ENOENT: none */

#define XVM_TIME_GRANTS_MAX 1024u

struct xvm_time_grant {
    uint32_t domid; /* 0x00 */
    uint32_t gref;  /* 0x04 */
};
XVM_ABI_SIZE(struct xvm_time_grant, 8);
XVM_ABI_AT(struct xvm_time_grant, domid, 0x00);
XVM_ABI_AT(struct xvm_time_grant, gref, 0x04);

#endif
