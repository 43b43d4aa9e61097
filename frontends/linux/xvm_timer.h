/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's end of the shared timer page (docs/protocols/timer.md).
 *
 *     xvm_timer_main.c   asks for the page over the store, maps it, watches its owner, joins owners
 *     xvm_timer_dev.c    /dev/xvmtime: mmap, read, poll
 *     xvm_timer_ptp.c    the PTP clock
 *
 * Invariant: `page` is mapped, read-only, exactly while `attached`; attach and detach happen under
 * `mutex`, and readers in this kernel look at it under RCU. No clock source is registered: one that
 * the vDSO does not know would turn every clock_gettime into a system call.
 */
#ifndef XVM_TIMER_H
#define XVM_TIMER_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <xen/grant_table.h>

#include "libvmshare/timer/join.h"

struct xvm_timer {
	struct mutex mutex;
	bool attached;
	bool suspended;
	grant_ref_t ref;
	u64 offered_id;	    /* the owner's id, as the store says */
	struct page *frame; /* where the grant is mapped */
	grant_handle_t handle;
	const struct xvm_time_page *page;
	struct xvm_time_reader reader;
	struct xvm_time_reader __rcu *current_reader; /* &reader, or NULL */

	struct xvm_time_local *local; /* a page of its own: programs map it */
	struct xvm_time_past past;    /* what programs can have read of the pages before */

	/* The watch over the owner: slow for its life, and for disruptions while a program waits.
	 */
	struct delayed_work check;
	struct hrtimer poll_timer;
	spinlock_t watch; /* the next word, and local->disruptions while attached */
	u64 generation;
	wait_queue_head_t disrupted;
};

extern struct xvm_timer xvm_timer;

/* The page's value for a request's header; 0: there is no time. Any context. */
u64 xvm_timer_stamp(void);

/* A snapshot of the page; -ENODEV: none is mapped, -ETIMEDOUT: the owner is dead. */
int xvm_timer_snapshot(struct xvm_time_snapshot *out);

/* Tells those who wait if the page says disruption. Any context. */
void xvm_timer_look(void);
/* Somebody is in the queue of those who wait: looks twice a tick as long as anybody is. */
void xvm_timer_watch(void);

/* --- xvm_timer_dev.c --- */

int xvm_timer_dev_init(void);
void xvm_timer_dev_exit(void);
/* Under the mutex: no program has the shared page any more; a program that touches it waits or
 * faults. */
void xvm_timer_dev_zap(void);

/* --- xvm_timer_ptp.c --- */

int xvm_timer_ptp_init(void);
void xvm_timer_ptp_exit(void);

#endif
