/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's end of blocks of memory that come and go (docs/protocols/memory.md).
 *
 *     xvm_mem_main.c     the protocol: notices, queries, answers, ejections; one thread does it all
 *     xvm_mem_store.c    what is read and written in the store
 *     xvm_mem_hotplug.c  a block becomes this kernel's memory, and ceases to be
 *     xvm_mem_report.c   what the guest says of its own memory
 *     xvm_mem_core.c     what is decided without the kernel
 *
 * Invariant: the kernel has the memory of a slot only from its insertion to its ejection; the
 * ejection is written in one transaction with a look at the slot's state, so it is never late.
 */
#ifndef XVM_MEM_H
#define XVM_MEM_H

#include <linux/types.h>
#include <xen/xenbus.h>

#include "frontends/linux/xvm_mem_core.h"

/* --- xvm_mem_hotplug.c: process context, may sleep ------------------------------------------- */

/*
 * The block becomes memory of this kernel, online and movable. Done already: 0. Negative errno;
 * then the kernel has nothing of it.
 */
int xvm_mem_add(u64 start, u64 size);

/*
 * Empties the block and takes it out. -EINTR: the caller was sent SIGKILL. After an error the
 * kernel goes on using it.
 */
int xvm_mem_remove(u64 start, u64 size);

/* Whether the kernel has the block. */
enum xvm_mem_local xvm_mem_look(u64 start, u64 size);

/* --- xvm_mem_store.c: process context, may sleep ---------------------------------------------- */

/* A value that fits the longest there is; false: none, or too long. */
bool xvm_mem_read_text(struct xenbus_transaction transaction, const char *dir, const char *node,
		       char text[XVM_MEM_TEXT_MAX]);
/* Of the host; false: none, garbage, or more than max. */
bool xvm_mem_read_number(const char *node, u64 max, u64 *out);
bool xvm_mem_read_word(struct xenbus_transaction transaction, u32 slot, struct xvm_mem_word *word);

/* Writes an _OST. */
void xvm_mem_tell(u32 slot, u32 serial, u32 event, u32 status);
/* The slot's memory is the host's. -ECANCELED: it is not wanted any more, and stays the guest's. */
int xvm_mem_eject(u32 slot, u32 serial);
/* The slot's memory is this guest's, and only an ejection takes it away again. -ECANCELED: it is
 * not. */
int xvm_mem_accept(u32 slot, u32 serial);

/* --- xvm_mem_report.c ------------------------------------------------------------------------ */

void xvm_mem_report_start(void);
void xvm_mem_report_stop(void);

#endif
