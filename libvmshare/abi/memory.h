/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Blocks of memory that come to a guest and go from it while it runs (docs/protocols/memory.md): the codes
 * are ACPI's, what carries them is the store.
 *
 * Invariant: a guest touches the memory of a slot only while the slot's state is one of XVM_MEM_USABLE, and
 * never again once it has ejected it, whatever the state says.
 */
#ifndef XVM_ABI_MEMORY_H
#define XVM_ABI_MEMORY_H

#include "libvmshare/abi/abi.h"

#define XVM_MEM_VERSION 1u

/* Below the guest's home. The first belongs to the host, the second to the guest. */
#define XVM_MEM_HOST_DIR "xvmem"
#define XVM_MEM_GUEST_DIR "data/xvmem"
/* What the guest says of its own memory: one node of its own. */
#define XVM_MEM_REPORT_DIR "data/xvm"
#define XVM_MEM_REPORT_NODE "memory"

#define XVM_MEM_NODE_VERSION "version" /* of either side */
/* Of the host. */
#define XVM_MEM_NODE_BASE "base"
#define XVM_MEM_NODE_SLOT_BYTES "slot-bytes"
#define XVM_MEM_NODE_SLOTS "slots"
#define XVM_MEM_NODE_SLOT "slot"
#define XVM_MEM_NODE_EVENT "event"
#define XVM_MEM_NODE_ANSWER "answer"
/* Of the guest. */
#define XVM_MEM_NODE_QUERY "query"
#define XVM_MEM_NODE_OST "ost"
#define XVM_MEM_NODE_EJECT "eject"

/* The states of a slot, by the words in which the store has them. */
#define XVM_MEM_FREE "free"
#define XVM_MEM_CLAIMED "claimed"
#define XVM_MEM_INSERT_PENDING "insert-pending"
#define XVM_MEM_ASSIGNED "assigned"
#define XVM_MEM_EJECT_PENDING "eject-pending"
#define XVM_MEM_EJECTED "ejected"

/* Notify codes, as of ACPI 6.5, 5.6.6: what a query is answered with. */
#define XVM_MEM_NOTIFY_NONE 0x0u   /* there is no cause (any more) */
#define XVM_MEM_NOTIFY_INSERT 0x1u /* device check: the slot has memory */
#define XVM_MEM_NOTIFY_EJECT 0x3u  /* eject request: the slot is to be given back */

/* _OST status codes, as of ACPI 6.5, 6.3.5. The source event is the notify code. */
#define XVM_MEM_OST_SUCCESS 0x00u
#define XVM_MEM_OST_FAILED 0x01u            /* non-specific failure */
#define XVM_MEM_OST_UNRECOGNISED 0x02u      /* no such notify code */
#define XVM_MEM_OST_EJECT_UNSUPPORTED 0x80u /* of an ejection */
#define XVM_MEM_OST_EJECT_IN_USE 0x81u      /* in use by a program: the guest would starve */
#define XVM_MEM_OST_EJECT_BUSY 0x82u        /* the memory cannot be emptied */
#define XVM_MEM_OST_EJECT_DEPENDS 0x83u
#define XVM_MEM_OST_EJECT_PROGRESS 0x84u  /* not an end: it goes on */
#define XVM_MEM_OST_INSERT_PROGRESS 0x80u /* of an insertion; not an end */
#define XVM_MEM_OST_INSERT_LOAD_FAILED 0x81u
#define XVM_MEM_OST_INSERT_UNSUPPORTED 0x82u

#define XVM_MEM_SLOT_BYTES 134217728ull /* Linux's memory block on x86-64: 128 MiB */
#define XVM_MEM_BASE_MIN 4294967296ull  /* slots lie at 4 GiB or above, beside no device's window */
#define XVM_MEM_SLOTS_MAX 512u
#define XVM_MEM_TEXT_MAX 128u /* no value of either side is longer */

XVM_ABI_ASSERT((XVM_MEM_SLOT_BYTES & (XVM_MEM_SLOT_BYTES - 1)) == 0, "a slot is a power of two");
XVM_ABI_ASSERT(XVM_MEM_BASE_MIN % XVM_MEM_SLOT_BYTES == 0, "slots are aligned to their size");
XVM_ABI_ASSERT(XVM_MEM_SLOTS_MAX* XVM_MEM_SLOT_BYTES == 1ull << 36, "slots make 64 GiB at most");
XVM_ABI_ASSERT(XVM_MEM_NOTIFY_INSERT == 0x1 && XVM_MEM_NOTIFY_EJECT == 0x3, "the codes are ACPI's");

#endif
