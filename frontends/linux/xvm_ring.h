/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring in C for front-end modules: the twin of libvmshare/ring/{queue,client}.hpp.
 *
 * Invariant: each end keeps its own index privately and writes the shared copy without reading it
 * back; the back end's indices are believed only when possible, and an impossible one stops the
 * ring for good. Every word of a slot is fetched once. The caller serialises: one submitter at a
 * time, one taker of responses at a time; submitter and taker exclude each other (one lock around
 * both is simplest: room() and take() share the count of unanswered requests).
 *
 *     submit:    while (xvm_ring_front_room(f) && more) xvm_ring_front_push(f, &req);
 *                if (xvm_ring_front_publish(f)) notify_remote_via_evtchn(port);
 *     on event:  xvm_ring_front_begin_wake(f);
 *                do { while (xvm_ring_front_take(f, &rsp) == XVM_RING_TAKEN) finish(&rsp); }
 *                while (xvm_ring_front_arm(f) == XVM_RING_WORK);
 */
#ifndef XVM_RING_FRONT_H
#define XVM_RING_FRONT_H

#ifdef __KERNEL__
#include <linux/bug.h>
#include <linux/string.h>
#endif

#include "xvm_ring_wake.h"

/* One end of one queue. */
struct xvm_ring_end {
	u32 *prod; /* the shared words */
	u32 *cons;
	u32 *flag;
	u64 *slots;
	u32 nslots;
	u32 slot_words;
	bool claim;
	bool broken; /* the peer wrote an impossible index */
	u32 mine;    /* private master: next slot to fill, or to take */
	u32 shown;   /* what the peer has been shown of it */
	u32 theirs;  /* the peer's index, as last believed */
	bool awake;  /* consumer: an event has not yet been followed by arm */
	u64 takes_at_wake;
};

enum xvm_ring_take { XVM_RING_TAKEN, XVM_RING_EMPTY, XVM_RING_BROKEN };
enum xvm_ring_arm { XVM_RING_SLEEP, XVM_RING_WORK };

/* --- producer -------------------------------------------------------------------------------- */

/* Free slots that are known of; looks at the shared index only when none are. 0 if broken. */
static inline u32 xvm_ring_room(struct xvm_ring_end *q)
{
	u32 cons;

	if (q->broken)
		return 0;
	if (q->mine - q->theirs == q->nslots) {
		cons = virt_load_acquire(q->cons);
		/* A consumer goes only forward, and never past what was published. */
		if (cons - q->theirs > q->shown - q->theirs) {
			q->broken = true;
			return 0;
		}
		q->theirs = cons;
	}
	return q->nslots - (q->mine - q->theirs);
}

/* Fills the next slot; nobody sees it before publish. The caller has seen room > 0. */
static inline void xvm_ring_push(struct xvm_ring_end *q, const void *slot)
{
	u64 *to = q->slots + (q->mine & (q->nslots - 1)) * q->slot_words;
	u64 word;
	u32 i;

	for (i = 0; i < q->slot_words; i++) {
		memcpy(&word, (const u8 *)slot + i * sizeof(word), sizeof(word));
		WRITE_ONCE(to[i], word);
	}
	q->mine++;
}

/* Makes the pushed slots visible. True: the caller sends the event now. */
static inline bool xvm_ring_publish(struct xvm_ring_end *q, struct xvm_ring_stats *stats)
{
	u32 batch = q->mine - q->shown;
	enum xvm_wake_up wake_up;

	if (!batch || q->broken)
		return false;
	q->shown = q->mine;
	wake_up = xvm_wake_publish(q->prod, q->flag, q->mine, q->claim);
	stats->inserts += batch;
	if (batch > stats->max_batch)
		stats->max_batch = batch;
	stats->sends += wake_up == XVM_WAKE_SEND;
	stats->claims_lost += wake_up == XVM_WAKE_CLAIM_LOST;
	return wake_up == XVM_WAKE_SEND;
}

/* --- consumer -------------------------------------------------------------------------------- */

/* On the event, before the first take. Harmless when nothing is in the queue. */
static inline void xvm_ring_begin_wake(struct xvm_ring_end *q, struct xvm_ring_stats *stats)
{
	xvm_wake_begin(q->flag);
	stats->wakes++;
	q->takes_at_wake = stats->takes;
	q->awake = true;
}

/* Ahead by at most a full queue, counted from what we gave back; behind wraps to far ahead. */
static inline void xvm_ring_believe(struct xvm_ring_end *q, u32 prod)
{
	q->broken = prod - q->mine > q->nslots - (q->mine - q->shown);
	if (!q->broken)
		q->theirs = prod;
}

/* Copies the next slot to out. Looks at the shared index only when all known slots were taken. */
static inline enum xvm_ring_take xvm_ring_take(struct xvm_ring_end *q, void *out,
					       struct xvm_ring_stats *stats)
{
	u64 *from;
	u64 word;
	u32 i;

	if (q->broken)
		return XVM_RING_BROKEN;
	if (q->mine == q->theirs) {
		xvm_ring_believe(q, virt_load_acquire(q->prod));
		if (q->broken)
			return XVM_RING_BROKEN;
		if (q->mine == q->theirs)
			return XVM_RING_EMPTY;
	}
	from = q->slots + (q->mine & (q->nslots - 1)) * q->slot_words;
	for (i = 0; i < q->slot_words; i++) {
		word = READ_ONCE(from[i]);
		memcpy((u8 *)out + i * sizeof(word), &word, sizeof(word));
	}
	q->mine++;
	stats->takes++;
	return XVM_RING_TAKEN;
}

/* Gives the taken slots back to the producer; once per batch. */
static inline void xvm_ring_release(struct xvm_ring_end *q)
{
	if (q->shown == q->mine)
		return;
	q->shown = q->mine;
	virt_store_release(q->cons, q->mine);
}

/*
 * Before going to sleep; releases first. WORK: take again, it will not say EMPTY. A stopped
 * consumer always sleeps.
 */
static inline enum xvm_ring_arm xvm_ring_arm(struct xvm_ring_end *q, struct xvm_ring_stats *stats)
{
	xvm_ring_release(q);
	if (q->broken)
		return XVM_RING_SLEEP;
	if (q->mine != q->theirs)
		return XVM_RING_WORK;
	if (q->awake && stats->takes == q->takes_at_wake)
		stats->spurious++;
	q->awake = false;
	stats->arms++;
	xvm_ring_believe(q, xvm_wake_arm(q->prod, q->flag, q->mine));
	return q->mine == q->theirs && !q->broken ? XVM_RING_SLEEP : XVM_RING_WORK;
}

/* --- the front end: requests out, responses in --------------------------------------------------
 */

struct xvm_ring_front {
	struct xvm_ring *shared;
	struct xvm_ring_end req;
	struct xvm_ring_end rsp;
	struct xvm_ring_stats stats;
	u32 unanswered;	 /* pushed, and no response taken */
	u32 unreleased;	 /* response taken, its slot not given back */
	bool unexpected; /* the back end answered more than it was asked */
};

/* The bytes of a region of that many pages are zero; makes them a ring at rest. */
static inline void xvm_ring_format(struct xvm_ring *shared, u32 pages, u32 features, u32 generation)
{
	shared->constants.magic = XVM_RING_MAGIC;
	shared->constants.abi_major = XVM_RING_ABI_MAJOR;
	shared->constants.abi_minor = XVM_RING_ABI_MINOR;
	shared->constants.header_bytes = XVM_RING_HEADER_BYTES;
	shared->constants.req_slot_bytes = XVM_RING_REQ_BYTES;
	shared->constants.rsp_slot_bytes = XVM_RING_RSP_BYTES;
	shared->constants.nslots = XVM_RING_NSLOTS(pages);
	shared->constants.features = features;
	shared->constants.generation = generation;
}

/* start: the index at which both queues begin; 0 on a fresh ring. */
static inline void xvm_ring_front_init(struct xvm_ring_front *f, struct xvm_ring *shared, u32 pages,
				       u32 features, u32 start)
{
	u32 nslots = XVM_RING_NSLOTS(pages);

	memset(f, 0, sizeof(*f));
	f->shared = shared;

	f->req.prod = &shared->req_prod.value;
	f->req.cons = &shared->req_cons.value;
	f->req.flag = &shared->req_flag.value;
	f->req.slots = (u64 *)(shared + 1);
	f->req.slot_words = XVM_RING_REQ_BYTES / sizeof(u64);

	f->rsp.prod = &shared->rsp_prod.value;
	f->rsp.cons = &shared->rsp_cons.value;
	f->rsp.flag = &shared->rsp_flag.value;
	f->rsp.slots = f->req.slots + nslots * f->req.slot_words;
	f->rsp.slot_words = XVM_RING_RSP_BYTES / sizeof(u64);

	f->req.nslots = f->rsp.nslots = nslots;
	f->req.claim = f->rsp.claim = features & XVM_RING_F_CLAIM;
	f->req.mine = f->req.shown = f->req.theirs = start;
	f->rsp.mine = f->rsp.shown = f->rsp.theirs = start;
}

/* The back end wrote what a correct one never writes. The ring is stopped for good. */
static inline bool xvm_ring_front_broken(const struct xvm_ring_front *f)
{
	return f->unexpected || f->req.broken || f->rsp.broken;
}

/* Gives the taken responses' slots back. arm does it, and room when it has none left. */
static inline void xvm_ring_front_release(struct xvm_ring_front *f)
{
	xvm_ring_release(&f->rsp);
	f->unreleased = 0;
}

/*
 * How many more requests may be pushed now; 0 while the ring is full, and for good once broken.
 * Requests without an answer, plus answers not yet given back, never exceed nslots: so the back end
 * can always answer.
 */
static inline u32 xvm_ring_front_room(struct xvm_ring_front *f)
{
	u32 kept, room;

	if (xvm_ring_front_broken(f))
		return 0;
	if (f->unanswered + f->unreleased == f->rsp.nslots)
		xvm_ring_front_release(f);
	kept = f->rsp.nslots - f->unanswered - f->unreleased;
	room = xvm_ring_room(&f->req);
	return room < kept ? room : kept;
}

static inline void xvm_ring_front_push(struct xvm_ring_front *f, const void *request)
{
	xvm_ring_push(&f->req, request);
	f->unanswered++;
}

/* True: the caller sends the event now. */
static inline bool xvm_ring_front_publish(struct xvm_ring_front *f)
{
	return xvm_ring_publish(&f->req, &f->stats);
}

static inline void xvm_ring_front_begin_wake(struct xvm_ring_front *f)
{
	xvm_ring_begin_wake(&f->rsp, &f->stats);
}

static inline enum xvm_ring_take xvm_ring_front_take(struct xvm_ring_front *f, void *response)
{
	enum xvm_ring_take verdict;

	if (f->unexpected)
		return XVM_RING_BROKEN;
	verdict = xvm_ring_take(&f->rsp, response, &f->stats);
	if (verdict != XVM_RING_TAKEN)
		return verdict;
	if (!f->unanswered) {
		f->unexpected = true;
		return XVM_RING_BROKEN;
	}
	f->unanswered--;
	f->unreleased++;
	return XVM_RING_TAKEN;
}

static inline enum xvm_ring_arm xvm_ring_front_arm(struct xvm_ring_front *f)
{
	const u64 *from = (const u64 *)&f->stats;
	u64 *to = (u64 *)&f->shared->front_stats;
	enum xvm_ring_arm verdict;
	u32 i;

	xvm_ring_front_release(f);
	if (f->unexpected)
		return XVM_RING_SLEEP;
	verdict = xvm_ring_arm(&f->rsp, &f->stats);
	for (i = 0; i < sizeof(f->stats) / sizeof(u64); i++)
		WRITE_ONCE(to[i], from[i]); /* for tools; nothing acts upon it */
	return verdict;
}

#endif
