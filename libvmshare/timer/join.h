/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * From one owner's page to the next, in a guest that is restored on another host, or whose owner began anew:
 * what its kernel puts into the local page, so that readers go on.
 *
 * Invariant: what a reader gets after the join is not below what any reader can have got before it, whatever
 * the two owners' clocks say; and the join is a disruption.
 */
#ifndef XVM_TIMER_JOIN_H
#define XVM_TIMER_JOIN_H

#include "libvmshare/timer/reader.h"

/* The most that any reader of this machine can have got so far; 0 before the first page. */
struct xvm_time_past {
    uint64_t tick;
    uint64_t ns;
};

/*
 * The page is about to go, and nobody but `r` reads it any more. A precise clock that cannot be read now,
 * since its owner is silent, may have been followed up to where it became stale.
 */
static inline void xvm_time_note_past(struct xvm_time_reader* r, struct xvm_time_past* past) {
    const struct xvm_time_page* page = r->page;
    uint64_t tick = XVM_TIME_LOAD(page->tick.value) + r->tick_add;
    uint64_t coarse = XVM_TIME_LOAD(page->tick.ns) + r->ns_add, precise = 0;

    if (XVM_TIME_LOAD(page->line.flags) & XVM_TIME_LINE_VALID && r->counter_ok &&
        xvm_time_now_ordered(r, &precise) != XVM_TIME_OK)
        precise = XVM_TIME_LOAD(page->line.ns) + r->ns_add + r->constants.stale_after_ns;
    if (tick > past->tick) past->tick = tick;
    if (coarse > past->ns) past->ns = coarse;
    if (precise > past->ns) past->ns = precise;
}

/* What the local page says from now on, as far as the page alone tells: not how the counters relate. */
static inline struct xvm_time_local xvm_time_join(const struct xvm_time_local* before,
                                                  const struct xvm_time_page* page,
                                                  const struct xvm_time_past* past) {
    struct xvm_time_local next = *before;
    uint64_t tick = XVM_TIME_LOAD(page->tick.value);
    uint64_t coarse = XVM_TIME_LOAD(page->tick.ns), line = XVM_TIME_LOAD(page->line.ns);
    uint64_t ns = XVM_TIME_LOAD(page->line.flags) & XVM_TIME_LINE_VALID && line < coarse ? line : coarse;

    next.owner_id = XVM_TIME_LOAD(page->constants.owner_id);
    next.stale = 0;
    if (!before->owner_id || before->owner_id == next.owner_id) return next;
    next.tick_add = past->tick > tick ? past->tick - tick : 0;
    next.ns_add = past->ns > ns ? past->ns - ns : 0;
    next.disruptions++;
    return next;
}

/* Readers look at the local page at any time: its owner's id goes first and comes last. */
static inline void xvm_time_publish_local(struct xvm_time_local* local, const struct xvm_time_local* next) {
    XVM_TIME_STORE(local->owner_id, 0);
    XVM_TIME_FENCE_WRITE();
    XVM_TIME_STORE(local->tick_add, next->tick_add);
    XVM_TIME_STORE(local->ns_add, next->ns_add);
    XVM_TIME_STORE(local->counter_sub, next->counter_sub);
    XVM_TIME_STORE(local->counter_ok, next->counter_ok);
    XVM_TIME_STORE(local->stale, next->stale);
    XVM_TIME_STORE(local->disruptions, next->disruptions);
    XVM_TIME_FENCE_WRITE();
    XVM_TIME_STORE(local->owner_id, next->owner_id);
}

#endif
