/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wake protocol in C: the twin of libvmshare/ring/wake.hpp, which explains and proves it.
 *
 * Invariant: step for step the same as there; tests/unit/libvmshare/ring runs both through the same
 * tests and tests/hosted/ring_rounds.cpp one against the other. virt_*, never smp_*: the peer is
 * another domain, so a kernel on one processor needs the fences and the locked instruction too.
 */
#ifndef XVM_RING_WAKE_H
#define XVM_RING_WAKE_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/sync_bitops.h>
#endif /* elsewhere the includer has supplied these names */

#include "libvmshare/abi/ring.h"

enum xvm_wake_up {
	XVM_WAKE_NOT_NEEDED, /* the consumer looks at the queue by itself */
	XVM_WAKE_SEND,	     /* the caller sends the event now */
	XVM_WAKE_CLAIM_LOST, /* it slept, and woke by itself before we claimed the wake-up */
};

/* Producer: makes the slots before index prod visible; on SEND the caller sends the event. */
static inline enum xvm_wake_up xvm_wake_publish(u32 *shared_prod, u32 *flag, u32 prod, bool claim)
{
	u32 seen;

	virt_store_release(shared_prod, prod);
	virt_mb(); /* F1 */
	seen = READ_ONCE(*flag);
	if (seen == XVM_RING_RUNNING || seen == XVM_RING_WAKING)
		return XVM_WAKE_NOT_NEEDED;
	if (claim && sync_cmpxchg(flag, seen, XVM_RING_WAKING) != seen)
		return XVM_WAKE_CLAIM_LOST;
	return XVM_WAKE_SEND;
}

/* Consumer: on the event, before the first slot is taken. */
static inline void xvm_wake_begin(u32 *flag)
{
	WRITE_ONCE(*flag, XVM_RING_RUNNING);
}

/*
 * Consumer: after the queue was seen empty at index cons. Returns the producer's index as
 * re-checked: cons itself obliges the caller to wait for the event, any other value to take again.
 */
static inline u32 xvm_wake_arm(u32 *shared_prod, u32 *flag, u32 cons)
{
	u32 prod;

	WRITE_ONCE(*flag, XVM_RING_SLEEPING);
	virt_mb(); /* F2 */
	prod = virt_load_acquire(shared_prod);
	if (prod != cons)
		WRITE_ONCE(*flag, XVM_RING_RUNNING);
	return prod;
}

#endif
