/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block front end: one disk (docs/protocols/block.md).
 *
 *     xvm_blkfront_xenbus.c   states, negotiation, the ring's life
 *     xvm_blkfront_disk.c     the disk and its queue, as Linux sees them; the event
 *     xvm_blkfront_request.c  a request's pages: grants, bounces, segments
 *     xvm_blkfront_core.c     what needs no kernel
 *
 * Locks: `mutex` orders state changes, which sleep; `lock` guards state, ring and sent[], and is
 * taken in the interrupt. The queue is quiesced whenever there is no ring and the device is not
 * lost.
 */
#ifndef XVM_BLKFRONT_H
#define XVM_BLKFRONT_H

#include <linux/blk-mq.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include "xvm_blkfront_core.h"
#include "xvm_ring.h"

enum xvm_disk_state {
	XVM_DISK_WAITING,   /* no ring, or a ring that the back end has not connected yet */
	XVM_DISK_CONNECTED, /* requests flow */
	XVM_DISK_LOST,	    /* the back end is broken or gone for good: I/O fails */
};

struct xvm_disk {
	struct xenbus_device *xbdev;
	struct mutex mutex;
	spinlock_t lock;
	enum xvm_disk_state state;
	bool announced; /* the ring's nodes are written, the back end has not connected it */

	/* The ring of this connection. */
	struct xvm_ring *shared; /* NULL: none */
	grant_ref_t ring_refs[XVM_RING_MAX_PAGES];
	u32 ring_pages;
	u32 features;
	u32 generation;
	evtchn_port_t port;
	int irq;
	struct xvm_ring_front ring;

	/* What is in flight: by tag, the id on the ring (0: none) and the request. */
	u64 *sent;
	struct request **requests;
	u32 depth;
	u32 sequence;

	/* The disk, from the first connection on. */
	char name[8];
	u64 sectors;
	u32 segments_max;
	bool flush;
	bool read_only;
	struct gendisk *gd;
	struct blk_mq_tag_set tags;
	bool quiesced;
	bool added;
	struct work_struct add;	 /* adds the disk: reads its partition table, so it may wait long */
	struct work_struct lose; /* fails what is in flight */
	struct work_struct close;
	bool closing; /* no ring is made any more */
	bool shut;    /* nobody may open the disk any more */
};

/* What belongs to one request while it is with us. */
struct xvm_blk_cmd {
	struct request *next; /* of those that one event has answered */
	blk_status_t status;
	struct xvm_blk_pieces pieces;
	struct xvm_blk_piece few[XVM_BLK_INLINE_SEGMENTS]; /* pieces.at of a small request */
	struct page *table;				   /* of the segments, when they are many */
	grant_ref_t table_ref;
};

/* --- xvm_blkfront_request.c --- */

int xvm_blk_pools_init(void);
void xvm_blk_pools_exit(void);
/*
 * Takes and grants all that the request needs and fills `out` but for its id. BLK_STS_RESOURCE: not
 * now, nothing is held.
 */
blk_status_t xvm_blk_prepare(struct xvm_disk *disk, struct request *rq,
			     struct xvm_blk_request *out);
/*
 * Ends the request's grants and gives back what prepare took; a read that went well is copied out
 * of its bounce pages. False: the back end still holds a page, which it must not.
 */
bool xvm_blk_finish(struct request *rq, bool done);

/* --- xvm_blkfront_disk.c --- */

void xvm_disk_init(struct xvm_disk *disk);
/* Makes the disk that disk->{name, sectors, …} describe; disk->add makes it known to the system. */
int xvm_disk_create(struct xvm_disk *disk);
/*
 * Takes the disk from the system. Waits for I/O: on a disk that has no ring, lose it first. Not
 * under the mutex. Idempotent.
 */
void xvm_disk_remove(struct xvm_disk *disk);
/* After xvm_disk_remove and after the ring is gone. Not under the mutex. */
void xvm_disk_free(struct xvm_disk *disk);
/* Takes up another size. */
void xvm_disk_resize(struct xvm_disk *disk, u64 sectors);
/* True: nobody has the disk open, and nobody will from now on. */
bool xvm_disk_shut(struct xvm_disk *disk);
/* No queue_rq runs, none will, until xvm_disk_resume. Idempotent both. */
void xvm_disk_pause(struct xvm_disk *disk);
void xvm_disk_resume(struct xvm_disk *disk);
/* Puts what is in flight back to the block layer: it comes again through a new ring. */
void xvm_disk_requeue_sent(struct xvm_disk *disk);
/* I/O fails from now on; says why, once (NULL: no need to). Any context, not under the lock. */
void xvm_disk_lose(struct xvm_disk *disk, const char *why);
/* Requests carry the timer page's value from here on, if xvm_timer is loaded. Sleeps. Idempotent.
 */
void xvm_disk_find_clock(void);
void xvm_disk_drop_clock(void); /* when there is no disk any more */
irqreturn_t xvm_disk_event(int irq, void *cookie);

#endif
