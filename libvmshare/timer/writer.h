/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The owner's end of the timer page: pure but for the page itself. dom0's kernel module and xvm-timed
 * call it once a tick:
 *
 *     xvm_time_writer_begin(w);
 *     … read the counter and the clocks into ref …
 *     xvm_time_writer_update(w, &ref);
 *
 * Invariant: the tick and both clocks never go back. A new line begins on the old one at the counter's
 * value and then slews, by XVM_TIME_SLEW_PPB at most, towards the owner's clock; what cannot be reached
 * so (the clock or the counter jumped, the owner was away) is a step, forward for the monotonic clock,
 * and comes with a new disruption marker.
 */
#ifndef XVM_TIMER_WRITER_H
#define XVM_TIMER_WRITER_H

#include "libvmshare/timer/line.h"
#include "libvmshare/timer/seq.h"

#define XVM_TIME_SLEW_PPB 500000ULL        /* most that a line is steeper or flatter than the counter */
#define XVM_TIME_DRIFT_PPB 50000ULL        /* what a counter's rate is believed to change by, unseen */
#define XVM_TIME_STEP_NS 100000000ULL      /* further away than this: a step, not a slew */
#define XVM_TIME_ESTIMATE_NS 1000000000ULL /* over so long the counter's rate is measured */
#define XVM_TIME_STALE_AFTER_NS 1000000000ULL

/* What the owner read, all at one instant. */
struct xvm_time_ref {
    uint64_t tick;         /* its kernel's tick */
    uint64_t counter;      /* 0 without a counter that readers may use */
    uint64_t ns;           /* its monotonic clock */
    uint64_t error_ns;     /* how far apart the readings may lie */
    int64_t utc_offset_ns; /* UTC minus monotonic */
    int32_t tai_offset_s;  /* 0: not known */
    bool synchronised;     /* its clock is disciplined by a better one */
    bool counter_ok;
};

struct xvm_time_writer {
    struct xvm_time_page* page;
    uint64_t counter_hz;
    struct xvm_time_line line; /* as last written */
    uint64_t nominal;          /* mult of the counter's own rate against the owner's clock */
    uint64_t seen_counter;     /* where the present estimate of it began */
    uint64_t seen_ns;
    int64_t utc_offset_ns;
    uint64_t marker;
    uint64_t last_ns; /* the owner's clock at the last update */
    bool begun;
};

/* The bytes of the page are zero. owner_id: random, not 0. */
static inline void xvm_time_writer_init(struct xvm_time_writer* w, struct xvm_time_page* page, uint32_t owner,
                                        uint32_t tick_hz, uint64_t owner_id, uint64_t counter_hz) {
    memset(w, 0, sizeof(*w));
    w->page = page;
    w->counter_hz = counter_hz;
    w->line.owner_id = owner_id;
    w->marker = owner_id;
    page->constants.abi_major = XVM_TIME_ABI_MAJOR;
    page->constants.abi_minor = XVM_TIME_ABI_MINOR;
    page->constants.page_bytes = XVM_TIME_PAGE_BYTES;
    page->constants.owner = owner;
    page->constants.tick_hz = tick_hz;
    page->constants.tick_ns = XVM_TIME_NS_PER_S / tick_hz;
    page->constants.owner_id = owner_id;
    page->constants.stale_after_ns = XVM_TIME_STALE_AFTER_NS;
    page->tick.owner_id = owner_id;
    page->tick.period_ns = page->constants.tick_ns;
    page->line.owner_id = owner_id;
    page->vmclock.magic = XVM_VMCLOCK_MAGIC;
    page->vmclock.size = XVM_VMCLOCK_BYTES;
    page->vmclock.version = XVM_VMCLOCK_VERSION;
    page->vmclock.counter_id = XVM_VMCLOCK_COUNTER_INVALID;
    page->vmclock.time_type = XVM_VMCLOCK_TIME_UTC;
    page->vmclock.clock_status = XVM_VMCLOCK_STATUS_INITIALIZING;
    XVM_TIME_FENCE_WRITE();
    page->constants.magic = XVM_TIME_MAGIC;
}

static inline void xvm_time_writer_set_state(struct xvm_time_writer* w, uint32_t state) {
    XVM_TIME_STORE(w->page->tick.state, state);
}

/* --- the line --------------------------------------------------------------------------------- */

static inline void xvm_time_disrupt(struct xvm_time_writer* w) {
    w->line.generation++;
    /* Never the same again: an odd multiplier runs through all 2^64 values. */
    w->marker = w->marker * 6364136223846793005ULL + 1442695040888963407ULL;
}

/* The counter's rate, when enough time has passed to measure it; an absurd one is not believed. */
static inline void xvm_time_estimate(struct xvm_time_writer* w, const struct xvm_time_ref* ref) {
    uint64_t counts = ref->counter - w->seen_counter, ns = ref->ns - w->seen_ns, fitting, limit;

    if (ns < XVM_TIME_ESTIMATE_NS) return;
    fitting = xvm_time_scale(counts, w->nominal, w->line.shift);
    limit = xvm_time_part(ns, 1000000); /* 0.1 % */
    if (fitting && (fitting > ns ? fitting - ns : ns - fitting) < limit)
        w->nominal = xvm_time_mul_div(w->nominal, ns, fitting);
    w->seen_counter = ref->counter;
    w->seen_ns = ref->ns;
}

static inline void xvm_time_anchor(struct xvm_time_writer* w, const struct xvm_time_ref* ref) {
    w->seen_counter = ref->counter;
    w->seen_ns = ref->ns;
    if (!w->nominal) w->nominal = xvm_time_mult_of(w->counter_hz, &w->line.shift);
}

/* How far past its base readers can have followed a line whose counter is not to be trusted now. */
static inline uint64_t xvm_time_seen_at_most(const struct xvm_time_writer* w,
                                             const struct xvm_time_ref* ref) {
    uint64_t since = ref->ns > w->last_ns ? ref->ns - w->last_ns : 0;

    return since < XVM_TIME_STALE_AFTER_NS ? since + since / 1024 : XVM_TIME_STALE_AFTER_NS;
}

/* The line's next piece: from where the old one is at this counter, towards the owner's clock. */
static inline void xvm_time_continue(struct xvm_time_writer* w, const struct xvm_time_ref* ref) {
    struct xvm_time_line* line = &w->line;
    bool valid = line->flags & XVM_TIME_LINE_VALID;
    bool silent = ref->ns > w->last_ns && ref->ns - w->last_ns > XVM_TIME_STALE_AFTER_NS;
    bool jumped = valid && (ref->counter < line->counter || silent);
    uint64_t at = line->ns, away, slew, part;
    bool ahead;

    if (valid && !jumped)
        at += xvm_time_scale(ref->counter - line->counter, line->mult, line->shift);
    else if (valid)
        at += xvm_time_seen_at_most(w, ref);
    if (!w->begun || !valid || jumped)
        xvm_time_anchor(w, ref);
    else
        xvm_time_estimate(w, ref);
    ahead = at > ref->ns;
    away = ahead ? at - ref->ns : ref->ns - at;
    if (!valid || jumped || away > XVM_TIME_STEP_NS) {
        if (w->begun) xvm_time_disrupt(w);
        if (!ahead) {
            at = ref->ns;
            away = 0;
        }
    }
    slew = away < XVM_TIME_SLEW_PPB ? away : XVM_TIME_SLEW_PPB; /* in a second, if it lasted so long */
    part = xvm_time_part(w->nominal, slew);
    line->counter = ref->counter;
    line->ns = at;
    line->mult = ahead ? w->nominal - part : w->nominal + part;
    line->flags = XVM_TIME_LINE_VALID;
    line->error_ns = away + ref->error_ns + 1;
    line->error_rate_ppb = slew + XVM_TIME_DRIFT_PPB;
}

/* Without a counter there is only the instant; it does not go back either. */
static inline void xvm_time_stand(struct xvm_time_writer* w, const struct xvm_time_ref* ref) {
    bool away = ref->ns < w->last_ns || ref->ns - w->last_ns > XVM_TIME_STALE_AFTER_NS;

    if (w->begun && (away || w->line.flags)) xvm_time_disrupt(w);
    w->line.flags = 0;
    w->line.counter = w->line.mult = 0;
    if (ref->ns > w->line.ns) w->line.ns = ref->ns;
    w->line.error_ns = ref->error_ns;
    w->line.error_rate_ppb = 0;
}

/* The same instant in the fields of vmclock. */
static inline struct xvm_vmclock xvm_time_vmclock_of(const struct xvm_time_writer* w,
                                                     const struct xvm_time_ref* ref) {
    const struct xvm_time_line* line = &w->line;
    uint64_t utc = line->ns + (uint64_t)ref->utc_offset_ns;
    struct xvm_vmclock v;

    memset(&v, 0, sizeof(v));
    v.disruption_marker = w->marker;
    v.clock_status = XVM_VMCLOCK_STATUS_UNRELIABLE;
    v.counter_period_shift = 0;
    v.flags = XVM_VMCLOCK_FLAG_TIME_MAXERROR_VALID | XVM_VMCLOCK_FLAG_TIME_ESTERROR_VALID;
    if (ref->tai_offset_s) {
        v.flags |= XVM_VMCLOCK_FLAG_TAI_OFFSET_VALID;
        v.tai_offset_sec = (uint16_t)ref->tai_offset_s;
    }
    v.time_sec = utc / XVM_TIME_NS_PER_S;
    v.time_frac_sec = xvm_time_fraction(utc % XVM_TIME_NS_PER_S);
    v.time_maxerror_nanosec = line->error_ns;
    v.time_esterror_nanosec = line->error_ns;
    if (!(line->flags & XVM_TIME_LINE_VALID)) return v;
    v.clock_status = ref->synchronised ? XVM_VMCLOCK_STATUS_SYNCHRONIZED : XVM_VMCLOCK_STATUS_FREERUNNING;
    v.flags |= XVM_VMCLOCK_FLAG_TIME_MONOTONIC | XVM_VMCLOCK_FLAG_PERIOD_MAXERROR_VALID |
               XVM_VMCLOCK_FLAG_PERIOD_ESTERROR_VALID;
    v.counter_value = line->counter;
    /* ns per count in 2^-shift -> s per count in 2^-(64 + shift - 34); mult is below 2^63.1. */
    v.counter_period_shift = (uint8_t)(line->shift - 34);
    v.counter_period_frac_sec = xvm_time_mul_div(line->mult, 1ULL << 30, XVM_TIME_NS_PER_S);
    v.counter_period_maxerror_rate_frac_sec = xvm_time_part(v.counter_period_frac_sec, line->error_rate_ppb);
    v.counter_period_esterror_rate_frac_sec = v.counter_period_maxerror_rate_frac_sec;
    return v;
}

/* --- an update ------------------------------------------------------------------------------------ */

#define XVM_TIME_VMCLOCK_WORDS 12u /* disruption_marker … vm_generation_counter */
#define XVM_TIME_LINE_WORDS 8u

/* From here to xvm_time_writer_update readers wait: interrupts off, nothing slow in between. */
static inline void xvm_time_writer_begin(struct xvm_time_writer* w) {
    xvm_time_write_begin(&w->page->vmclock.seq_count);
}

static inline void xvm_time_publish(struct xvm_time_writer* w, const struct xvm_vmclock* vmclock) {
    uint64_t words[XVM_TIME_VMCLOCK_WORDS];

    memcpy(words, (const uint8_t*)vmclock + offsetof(struct xvm_vmclock, disruption_marker), sizeof(words));
    xvm_time_write_words((xvm_time_word64*)&w->page->vmclock.disruption_marker, words,
                         XVM_TIME_VMCLOCK_WORDS);
    memcpy(words, &w->line, sizeof(w->line));
    xvm_time_write_words((xvm_time_word64*)&w->page->line, words, XVM_TIME_LINE_WORDS);
    xvm_time_write_end(&w->page->vmclock.seq_count);
}

static inline void xvm_time_write_tick(struct xvm_time_writer* w, const struct xvm_time_ref* ref) {
    struct xvm_time_tick* tick = &w->page->tick;
    uint64_t gap = ref->tick - tick->value;

    if (w->begun && tick->state == XVM_TIME_RUNNING && gap > 1) {
        uint64_t asked = (tick->period_ns + w->page->constants.tick_ns - 1) / w->page->constants.tick_ns;

        if (gap > asked) XVM_TIME_STORE(tick->missed, tick->missed + gap - asked);
        if (gap > tick->max_gap_ticks)
            XVM_TIME_STORE(tick->max_gap_ticks, gap > 0xffffffffu ? 0xffffffffu : (uint32_t)gap);
    }
    XVM_TIME_STORE(tick->counter, ref->counter);
    XVM_TIME_STORE(tick->ns, w->line.ns);
    if (!w->begun || (int64_t)gap > 0) XVM_TIME_STORE(tick->value, ref->tick);
    XVM_TIME_STORE(tick->heartbeat, tick->heartbeat + 1);
    XVM_TIME_STORE(tick->state, XVM_TIME_RUNNING);
}

/* One update of everything; `begin` came before ref was read. */
static inline void xvm_time_writer_update(struct xvm_time_writer* w, const struct xvm_time_ref* ref) {
    struct xvm_vmclock vmclock;
    int64_t shift = ref->utc_offset_ns - w->utc_offset_ns;

    if (w->begun && (shift > 1000 || shift < -1000)) xvm_time_disrupt(w); /* UTC was set */
    w->utc_offset_ns = ref->utc_offset_ns;
    if (ref->counter_ok)
        xvm_time_continue(w, ref);
    else
        xvm_time_stand(w, ref);
    vmclock = xvm_time_vmclock_of(w, ref);
    XVM_TIME_STORE(w->page->vmclock.counter_id,
                   (uint8_t)(ref->counter_ok ? XVM_VMCLOCK_COUNTER_X86_TSC : XVM_VMCLOCK_COUNTER_INVALID));
    xvm_time_publish(w, &vmclock);
    XVM_TIME_FENCE_WRITE(); /* who sees the new tick sees a disruption that came with it */
    xvm_time_write_tick(w, ref);
    w->last_ns = ref->ns;
    w->begun = true;
}

#endif
