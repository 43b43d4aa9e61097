/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A reader of the timer page, in C, C++ and the kernel. No call of it enters a kernel or hypervisor.
 *
 *     struct xvm_time_reader r;
 *     if (xvm_time_open(&r, page, local) != XVM_TIME_OK) …      map.h maps /dev/xvmtime
 *     uint64_t t = xvm_time_read_tick(&r);                           the owner's tick: one word
 *     if (xvm_time_now_fast(&r, &ns) == XVM_TIME_OK) …          the owner's monotonic clock
 *
 * Invariant: whatever the page holds, and while it changes, a call ends after a bounded number of steps
 * and touches nothing but the page and the reader; it answers a time or says why not, and a time never
 * goes back. A reader belongs to one thread: another owner's page changes what it has noted.
 */
#ifndef XVM_TIMER_READER_H
#define XVM_TIMER_READER_H

#include "libvmshare/timer/line.h"
#include "libvmshare/timer/seq.h"

/* Tries before an update that does not end is taken for an owner that died in it: some 50 us. */
#define XVM_TIME_TRIES 1000u

enum xvm_time_status {
    XVM_TIME_OK = 0,
    XVM_TIME_STALE,      /* the owner is dead, or has stopped: there is no time */
    XVM_TIME_NO_COUNTER, /* no precise clock here: use the tick, or now_coarse */
    XVM_TIME_NEW_OWNER,  /* another owner's page, and nothing that joins it to the one before */
    XVM_TIME_BAD_PAGE    /* not a timer page, or of another major version */
};

struct xvm_time_reader {
    const struct xvm_time_page* page;
    const struct xvm_time_local* local; /* NULL: the counter is the owner's own */
    struct xvm_time_constants constants;
    uint64_t owner_id;       /* whose page the rest was noted for */
    uint64_t plain_owner_id; /* the same if nothing is to be added to its tick, else 0 */
    uint64_t tick_add;
    uint64_t ns_add;
    uint64_t counter_sub;
    bool counter_ok;
    uint64_t seen_heartbeat; /* xvm_time_alive */
    uint64_t seen_at_ns;
};

struct xvm_time_value {
    uint64_t ns;
    uint64_t error_ns; /* the owner's clock is at most so far away, either side */
    bool precise;      /* false: from the tick */
};

/* A test, or another processor, may bring a counter of its own. */
#ifndef XVM_TIME_COUNTER
#ifdef __KERNEL__
#define XVM_TIME_COUNTER() rdtsc()
#define XVM_TIME_COUNTER_ORDERED() rdtsc_ordered()
#else
static inline uint64_t xvm_time_rdtsc(void) {
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
/* After every load before it; a load after it may still come first. */
static inline uint64_t xvm_time_rdtsc_ordered(void) {
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}
#define XVM_TIME_COUNTER() xvm_time_rdtsc()
#define XVM_TIME_COUNTER_ORDERED() xvm_time_rdtsc_ordered()
#endif
#endif

/* --- opening ------------------------------------------------------------------------------------- */

/* What the local page says for that owner; without one, the owner's own numbers hold. */
static inline enum xvm_time_status xvm_time_adopt(struct xvm_time_reader* r, uint64_t owner_id) {
    if (r->local && XVM_TIME_LOAD(r->local->owner_id) != owner_id) return XVM_TIME_NEW_OWNER;
    XVM_TIME_FENCE_READ();
    r->tick_add = r->local ? XVM_TIME_LOAD(r->local->tick_add) : 0;
    r->ns_add = r->local ? XVM_TIME_LOAD(r->local->ns_add) : 0;
    r->counter_sub = r->local ? XVM_TIME_LOAD(r->local->counter_sub) : 0;
    r->counter_ok = r->local ? XVM_TIME_LOAD(r->local->counter_ok) : true;
    XVM_TIME_FENCE_READ();
    if (r->local && XVM_TIME_LOAD(r->local->owner_id) != owner_id)
        return XVM_TIME_NEW_OWNER; /* and r->owner_id is still the one before: it is tried again */
    r->owner_id = owner_id;
    r->plain_owner_id = r->tick_add ? 0 : owner_id;
    return XVM_TIME_OK;
}

/* Whether a copy of the constants is one to work with. */
static inline bool xvm_time_constants_ok(const struct xvm_time_constants* c) {
    return c->magic == XVM_TIME_MAGIC && c->abi_major == XVM_TIME_ABI_MAJOR &&
           c->page_bytes == XVM_TIME_PAGE_BYTES && c->tick_hz >= 1 && c->tick_hz <= 10000 &&
           c->tick_ns == XVM_TIME_NS_PER_S / c->tick_hz && c->owner_id && c->stale_after_ns;
}

static inline enum xvm_time_status xvm_time_open(struct xvm_time_reader* r, const struct xvm_time_page* page,
                                                 const struct xvm_time_local* local) {
    uint64_t words[sizeof(struct xvm_time_constants) / sizeof(uint64_t)];

    memset(r, 0, sizeof(*r));
    r->page = page;
    r->local = local;
    xvm_time_read_words((const xvm_time_word64*)&page->constants, words, sizeof(words) / sizeof(words[0]));
    memcpy(&r->constants, words, sizeof(words));
    if (!xvm_time_constants_ok(&r->constants)) return XVM_TIME_BAD_PAGE;
    return xvm_time_adopt(r, r->constants.owner_id);
}

/* --- the tick --------------------------------------------------------------------------------------- */

/* Something is to be added, or it is another owner's page: 0 when nothing joins it to the old one. */
__attribute__((cold)) static inline uint64_t xvm_time_read_tick_slow(struct xvm_time_reader* r) {
    unsigned tries;

    for (tries = 0; tries < XVM_TIME_TRIES; tries++) {
        uint64_t value = XVM_TIME_LOAD(r->page->tick.value), id;

        XVM_TIME_FENCE_READ();
        id = XVM_TIME_LOAD(r->page->tick.owner_id);
        if (id == r->owner_id) return value + r->tick_add;
        if (xvm_time_adopt(r, id) != XVM_TIME_OK) return 0;
    }
    return 0;
}

/*
 * The value of the page: the tick of the owner's kernel. It says nothing about the owner's life;
 * now_coarse and xvm_time_alive do. 0: no tick (see xvm_time_read_tick_slow).
 */
static inline uint64_t xvm_time_read_tick(struct xvm_time_reader* r) {
    const struct xvm_time_page* page = r->page; /* the fence would make it be loaded twice */
    uint64_t value = XVM_TIME_LOAD(page->tick.value);

    XVM_TIME_FENCE_READ();
    if (__builtin_expect(XVM_TIME_LOAD(page->tick.owner_id) == r->plain_owner_id, 1)) return value;
    return xvm_time_read_tick_slow(r);
}

/*
 * False: the heartbeat has stood still for longer than the page allows. `own_ns` is any monotonic clock
 * of the caller's; call it now and then, at least twice.
 */
static inline bool xvm_time_alive(struct xvm_time_reader* r, uint64_t own_ns) {
    uint64_t heartbeat = XVM_TIME_LOAD(r->page->tick.heartbeat);

    if (XVM_TIME_LOAD(r->page->tick.state) != XVM_TIME_RUNNING) return false;
    if (!r->seen_at_ns || heartbeat != r->seen_heartbeat) {
        r->seen_heartbeat = heartbeat;
        r->seen_at_ns = own_ns;
    }
    return own_ns - r->seen_at_ns <= r->constants.stale_after_ns;
}

/* The owner's monotonic clock at its last tick. */
static inline enum xvm_time_status xvm_time_now_coarse(struct xvm_time_reader* r, uint64_t* ns) {
    uint64_t value = XVM_TIME_LOAD(r->page->tick.ns), id;

    XVM_TIME_FENCE_READ();
    id = XVM_TIME_LOAD(r->page->tick.owner_id);
    if (__builtin_expect(id != r->owner_id, 0)) {
        if (xvm_time_adopt(r, id) != XVM_TIME_OK) return XVM_TIME_NEW_OWNER;
        value = XVM_TIME_LOAD(r->page->tick.ns);
    }
    if (XVM_TIME_LOAD(r->page->tick.state) != XVM_TIME_RUNNING ||
        (r->local && XVM_TIME_LOAD(r->local->stale)))
        return XVM_TIME_STALE;
    *ns = value + r->ns_add;
    return XVM_TIME_OK;
}

/* --- the precise clock -------------------------------------------------------------------------------- */

/* One consistent reading: what of the line is needed, and the counter. */
struct xvm_time_reading {
    uint64_t counter, base, ns, mult, shift_flags, owner_id;
};

/* A counter that is not to be used may be one that traps: then it is not taken. 0 instead. */
static inline uint64_t xvm_time_counter_for(const struct xvm_time_reader* r, bool ordered,
                                            uint64_t shift_flags) {
    if (!(shift_flags >> 32 & XVM_TIME_LINE_VALID) || !r->counter_ok) return 0;
    return ordered ? XVM_TIME_COUNTER_ORDERED() : XVM_TIME_COUNTER();
}

static inline enum xvm_time_status xvm_time_read_line(const struct xvm_time_reader* r, bool ordered,
                                                      struct xvm_time_reading* out) {
    const struct xvm_time_page* page = r->page;
    const xvm_time_word64* words = (const xvm_time_word64*)&page->line;
    uint32_t begun;
    unsigned tries;

    for (tries = 0; tries < XVM_TIME_TRIES; tries++) {
        if (__builtin_expect(xvm_time_read_begin(&page->vmclock.seq_count, &begun), 1)) {
            out->base = XVM_TIME_LOAD(words[0]);
            out->ns = XVM_TIME_LOAD(words[1]);
            out->mult = XVM_TIME_LOAD(words[2]);
            out->shift_flags = XVM_TIME_LOAD(words[3]);
            out->owner_id = XVM_TIME_LOAD(words[4]);
            out->counter = xvm_time_counter_for(r, ordered, out->shift_flags);
            if (__builtin_expect(xvm_time_read_end(&page->vmclock.seq_count, begun), 1)) return XVM_TIME_OK;
        }
        XVM_TIME_RELAX();
    }
    return XVM_TIME_STALE;
}

/* Nanoseconds of a reading; STALE when it lies too far from its base. */
static inline enum xvm_time_status xvm_time_judge(const struct xvm_time_reader* r,
                                                  const struct xvm_time_reading* at, uint64_t* since,
                                                  uint64_t* ns) {
    uint32_t shift = (uint32_t)at->shift_flags;

    if (!(at->shift_flags >> 32 & XVM_TIME_LINE_VALID) || !r->counter_ok) return XVM_TIME_NO_COUNTER;
    if (shift > XVM_TIME_SHIFT_MAX) return XVM_TIME_BAD_PAGE;
    *since = xvm_time_scale(xvm_time_counts(at->counter - r->counter_sub, at->base), at->mult, shift);
    if (*since > r->constants.stale_after_ns) return XVM_TIME_STALE;
    *ns = at->ns + *since + r->ns_add;
    return XVM_TIME_OK;
}

/* All that may be: another try, another owner, a clock that does not run. */
__attribute__((cold)) static inline enum xvm_time_status xvm_time_now_slow(struct xvm_time_reader* r,
                                                                           bool ordered, uint64_t* ns) {
    struct xvm_time_reading at;
    enum xvm_time_status status;
    uint64_t since;

    status = xvm_time_read_line(r, ordered, &at);
    if (status != XVM_TIME_OK) return status;
    if (__builtin_expect(at.owner_id != r->owner_id, 0)) {
        if (xvm_time_adopt(r, at.owner_id) != XVM_TIME_OK) return XVM_TIME_NEW_OWNER;
        at.counter = xvm_time_counter_for(r, true, at.shift_flags); /* the first was of the machine before */
    }
    return xvm_time_judge(r, &at, &since, ns);
}

/*
 * One try of what nearly always is: nobody writes, the owner is known, the shift is 64. What does not need
 * the counter is looked at before it is taken: after it there is a subtraction, a multiplication and an
 * addition.
 */
__attribute__((always_inline)) static inline enum xvm_time_status xvm_time_now(struct xvm_time_reader* r,
                                                                               bool ordered, uint64_t* ns) {
    const struct xvm_time_page* page = r->page;
    const xvm_time_word64* words = (const xvm_time_word64*)&page->line;
    const uint64_t usual = (uint64_t)XVM_TIME_LINE_VALID << 32 | 64;
    uint64_t base, start, mult, counts, since;
    uint32_t begun;
    bool as_usual = xvm_time_read_begin(&page->vmclock.seq_count, &begun);

    base = XVM_TIME_LOAD(words[0]) + r->counter_sub;
    start = XVM_TIME_LOAD(words[1]) + r->ns_add;
    mult = XVM_TIME_LOAD(words[2]);
    as_usual &= XVM_TIME_LOAD(words[3]) == usual;
    as_usual &= XVM_TIME_LOAD(words[4]) == r->owner_id;
    if (__builtin_expect(!(as_usual & r->counter_ok), 0)) return xvm_time_now_slow(r, ordered, ns);
    counts = (ordered ? XVM_TIME_COUNTER_ORDERED() : XVM_TIME_COUNTER()) - base;
    if (__builtin_expect(!xvm_time_read_end(&page->vmclock.seq_count, begun), 0))
        return xvm_time_now_slow(r, ordered, ns);
    since = (uint64_t)((xvm_time_u128)counts * mult >> 64);
    if (__builtin_expect((int64_t)counts < 0 || since > r->constants.stale_after_ns, 0))
        return xvm_time_now_slow(r, ordered, ns);
    *ns = start + since;
    return XVM_TIME_OK;
}

/* The owner's monotonic clock now. The processor may take the counter a little before or after. */
static inline enum xvm_time_status xvm_time_now_fast(struct xvm_time_reader* r, uint64_t* ns) {
    return xvm_time_now(r, false, ns);
}

/* As now_fast, and not before any load that comes before it in the program. */
static inline enum xvm_time_status xvm_time_now_ordered(struct xvm_time_reader* r, uint64_t* ns) {
    return xvm_time_now(r, true, ns);
}

/* --- snapshots ---------------------------------------------------------------------------------------- */

/* All that one update wrote: vmclock from its disruption marker on, and the line. */
struct xvm_time_snapshot {
    uint32_t seq;
    uint64_t counter; /* taken with it; 0 where it is not to be used */
    struct xvm_vmclock vmclock;
    struct xvm_time_line line;
};

static inline enum xvm_time_status xvm_time_read_snapshot(const struct xvm_time_reader* r,
                                                          struct xvm_time_snapshot* out) {
    const struct xvm_time_page* page = r->page;
    uint64_t head[2], clock[12], line[8];
    unsigned tries;

    for (tries = 0; tries < XVM_TIME_TRIES; tries++) {
        if (xvm_time_read_begin(&page->vmclock.seq_count, &out->seq)) {
            xvm_time_read_words((const xvm_time_word64*)&page->vmclock, head, 2);
            xvm_time_read_words((const xvm_time_word64*)&page->vmclock.disruption_marker, clock, 12);
            xvm_time_read_words((const xvm_time_word64*)&page->line, line, 8);
            out->counter = xvm_time_counter_for(r, true, line[3]);
            if (xvm_time_read_end(&page->vmclock.seq_count, out->seq)) {
                memcpy(&out->vmclock, head, sizeof(head));
                memcpy((uint8_t*)&out->vmclock + sizeof(head), clock, sizeof(clock));
                memcpy(&out->line, line, sizeof(line));
                return XVM_TIME_OK;
            }
        }
        XVM_TIME_RELAX();
    }
    return XVM_TIME_STALE;
}

/* The line of a snapshot at its own counter, with the bound of its error. */
static inline enum xvm_time_status xvm_time_value_of(const struct xvm_time_reader* r,
                                                     const struct xvm_time_snapshot* s,
                                                     struct xvm_time_value* value) {
    const struct xvm_time_reading at = {s->counter,
                                        s->line.counter,
                                        s->line.ns,
                                        s->line.mult,
                                        (uint64_t)s->line.flags << 32 | s->line.shift,
                                        s->line.owner_id};
    enum xvm_time_status status;
    uint64_t since, rate = s->line.error_rate_ppb;

    if (s->line.owner_id != r->owner_id) return XVM_TIME_NEW_OWNER;
    status = xvm_time_judge(r, &at, &since, &value->ns);
    if (status != XVM_TIME_OK) return status;
    if (rate > XVM_TIME_NS_PER_S) rate = XVM_TIME_NS_PER_S; /* of a garbage page */
    value->error_ns = s->line.error_ns + xvm_time_part(since, rate) + 1;
    value->precise = true;
    return XVM_TIME_OK;
}

/*
 * The clock with a bound of its error: the precise one, or where there is none the tick, which lags by up
 * to a period and what the owner was late.
 */
static inline enum xvm_time_status xvm_time_now_with_error(struct xvm_time_reader* r,
                                                           struct xvm_time_value* value) {
    struct xvm_time_snapshot s;
    enum xvm_time_status status = xvm_time_read_snapshot(r, &s);

    if (status == XVM_TIME_OK && s.line.owner_id != r->owner_id) {
        if (xvm_time_adopt(r, s.line.owner_id) != XVM_TIME_OK) return XVM_TIME_NEW_OWNER;
        status = xvm_time_read_snapshot(r, &s); /* the first was by the counter of the machine before */
    }
    if (status == XVM_TIME_OK) status = xvm_time_value_of(r, &s, value);
    if (status != XVM_TIME_NO_COUNTER) return status;
    status = xvm_time_now_coarse(r, &value->ns);
    value->precise = false;
    value->error_ns =
        XVM_TIME_LOAD(r->page->tick.period_ns) + XVM_TIME_LOAD(r->page->stats.max_late_ns) + s.line.error_ns;
    return status;
}

/* --- time stamps -------------------------------------------------------------------------------------- */

/* The page's value for a request's header; 0 while there is no time. */
static inline uint64_t xvm_time_stamp(struct xvm_time_reader* r) {
    uint64_t ns;

    switch (xvm_time_now_fast(r, &ns)) {
    case XVM_TIME_OK:
        return ns | XVM_TIME_STAMP_NS;
    case XVM_TIME_NO_COUNTER:
        return xvm_time_read_tick(r);
    default:
        return 0;
    }
}

/*
 * Nanoseconds from one stamp to another, of whole ticks or precise; false when one is missing or they are
 * not of one kind. A stamp is the peer's word: one that lies in the future counts as no time at all.
 */
static inline bool xvm_time_elapsed(uint64_t from, uint64_t to, uint64_t tick_ns, uint64_t* ns) {
    if (!from || !to || (from ^ to) & XVM_TIME_STAMP_NS) return false;
    *ns = from > to ? 0 : to - from;
    if (!(to & XVM_TIME_STAMP_NS)) *ns = *ns > ~0ULL / tick_ns ? ~0ULL : *ns * tick_ns;
    return true;
}

#endif
