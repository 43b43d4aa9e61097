/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The shared timer page: one page that its owner writes and every reader maps read-only.
 *
 * Invariant: a word of the page has one writer, the owner. The tick is one aligned word of its own; what
 * belongs together in the precise clock lies under one sequence word (odd: being written). Nothing here
 * is a reader's: a reader keeps what it needs in memory of its own (struct xvm_time_local, reader.h).
 * docs/protocols/timer.md tells the protocol; libvmshare/timer/{writer,reader}.h are its two ends.
 */
#ifndef XVM_ABI_TIMER_H
#define XVM_ABI_TIMER_H

#include "libvmshare/abi/abi.h"

#define XVM_TIME_MAGIC 0x31454d49544d5658ULL /* "XVMTIME1" */
#define XVM_TIME_ABI_MAJOR 1                 /* a reader refuses any other */
#define XVM_TIME_ABI_MINOR 0                 /* a reader ignores it */
#define XVM_TIME_PAGE_BYTES 4096u

/* xvm_time_constants.owner: who writes the page. */
#define XVM_TIME_OWNER_KERNEL 1u /* dom0's kernel, in its timer interrupt */
#define XVM_TIME_OWNER_USER 2u   /* a program in dom0: late by its scheduling */

/* xvm_time_tick.state */
#define XVM_TIME_RESTING 0u /* nobody reads: the tick stands still, and that means nothing */
#define XVM_TIME_RUNNING 1u
#define XVM_TIME_STOPPED 2u /* the owner has left in order; the page stays as it is */

/* xvm_time_line.flags */
#define XVM_TIME_LINE_VALID 0x1u /* the counter is one that readers may use */

/* Written before the page is shown to anybody; a reader copies it once. */
struct xvm_time_constants {
    uint64_t magic;          /* 0x00  XVM_TIME_MAGIC */
    uint16_t abi_major;      /* 0x08  XVM_TIME_ABI_MAJOR */
    uint16_t abi_minor;      /* 0x0a  XVM_TIME_ABI_MINOR */
    uint32_t page_bytes;     /* 0x0c  XVM_TIME_PAGE_BYTES */
    uint32_t owner;          /* 0x10  XVM_TIME_OWNER_* */
    uint32_t tick_hz;        /* 0x14  ticks in a second: 1 … 10000 */
    uint64_t tick_ns;        /* 0x18  1000000000 / tick_hz */
    uint64_t owner_id;       /* 0x20  random, never 0: another owner, or this one begun anew, has another */
    uint64_t stale_after_ns; /* 0x28  a running owner that was silent so long is dead */
    uint64_t reserved[2];    /* 0x30  zero */
};
XVM_ABI_SIZE(struct xvm_time_constants, 64);
XVM_ABI_AT(struct xvm_time_constants, magic, 0x00);
XVM_ABI_AT(struct xvm_time_constants, abi_major, 0x08);
XVM_ABI_AT(struct xvm_time_constants, abi_minor, 0x0a);
XVM_ABI_AT(struct xvm_time_constants, page_bytes, 0x0c);
XVM_ABI_AT(struct xvm_time_constants, owner, 0x10);
XVM_ABI_AT(struct xvm_time_constants, tick_hz, 0x14);
XVM_ABI_AT(struct xvm_time_constants, tick_ns, 0x18);
XVM_ABI_AT(struct xvm_time_constants, owner_id, 0x20);
XVM_ABI_AT(struct xvm_time_constants, stale_after_ns, 0x28);
XVM_ABI_AT(struct xvm_time_constants, reserved, 0x30);

/* The tick, in a cache line of its own. */
struct xvm_time_tick {
    uint64_t value;         /* 0x00  the owner kernel's tick (jiffies_64); never goes back */
    uint64_t owner_id;      /* 0x08  as in the constants: whose value it is, in the same cache line */
    uint64_t counter;       /* 0x10  the owner's counter when it was written; 0 without one; advisory */
    uint64_t heartbeat;     /* 0x18  writes of `value`: rises while the owner lives */
    uint32_t state;         /* 0x20  XVM_TIME_RESTING … */
    uint32_t max_gap_ticks; /* 0x24  most ticks between two writes while running */
    uint64_t missed;        /* 0x28  ticks that were never written: the owner ran late */
    uint64_t period_ns;     /* 0x30  between two writes, as asked for now */
    uint64_t ns;            /* 0x38  the owner's monotonic clock at that write; never goes back */
};
XVM_ABI_SIZE(struct xvm_time_tick, 64);
XVM_ABI_AT(struct xvm_time_tick, value, 0x00);
XVM_ABI_AT(struct xvm_time_tick, owner_id, 0x08);
XVM_ABI_AT(struct xvm_time_tick, counter, 0x10);
XVM_ABI_AT(struct xvm_time_tick, heartbeat, 0x18);
XVM_ABI_AT(struct xvm_time_tick, state, 0x20);
XVM_ABI_AT(struct xvm_time_tick, max_gap_ticks, 0x24);
XVM_ABI_AT(struct xvm_time_tick, missed, 0x28);
XVM_ABI_AT(struct xvm_time_tick, period_ns, 0x30);
XVM_ABI_AT(struct xvm_time_tick, ns, 0x38);

/* Linux's vmclock ABI, field for field (include/uapi/linux/vmclock-abi.h, version 1). */
#define XVM_VMCLOCK_MAGIC 0x4b4c4356u /* "VCLK" */
#define XVM_VMCLOCK_VERSION 1
#define XVM_VMCLOCK_BYTES 128u /* of the region that holds the structure */
#define XVM_VMCLOCK_COUNTER_X86_TSC 1
#define XVM_VMCLOCK_COUNTER_INVALID 0xff
#define XVM_VMCLOCK_TIME_UTC 0
#define XVM_VMCLOCK_FLAG_TAI_OFFSET_VALID 0x001u
#define XVM_VMCLOCK_FLAG_DISRUPTION_SOON 0x002u
#define XVM_VMCLOCK_FLAG_DISRUPTION_IMMINENT 0x004u
#define XVM_VMCLOCK_FLAG_PERIOD_ESTERROR_VALID 0x008u
#define XVM_VMCLOCK_FLAG_PERIOD_MAXERROR_VALID 0x010u
#define XVM_VMCLOCK_FLAG_TIME_ESTERROR_VALID 0x020u
#define XVM_VMCLOCK_FLAG_TIME_MAXERROR_VALID 0x040u
#define XVM_VMCLOCK_FLAG_TIME_MONOTONIC 0x080u
#define XVM_VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT 0x100u
#define XVM_VMCLOCK_STATUS_UNKNOWN 0
#define XVM_VMCLOCK_STATUS_INITIALIZING 1
#define XVM_VMCLOCK_STATUS_SYNCHRONIZED 2
#define XVM_VMCLOCK_STATUS_FREERUNNING 3
#define XVM_VMCLOCK_STATUS_UNRELIABLE 4
#define XVM_VMCLOCK_SMEARING_STRICT 0
#define XVM_VMCLOCK_LEAP_NONE 0

struct xvm_vmclock {
    uint32_t magic;                                 /* 0x00  XVM_VMCLOCK_MAGIC */
    uint32_t size;                                  /* 0x04  XVM_VMCLOCK_BYTES */
    uint16_t version;                               /* 0x08  XVM_VMCLOCK_VERSION */
    uint8_t counter_id;                             /* 0x0a  XVM_VMCLOCK_COUNTER_* */
    uint8_t time_type;                              /* 0x0b  XVM_VMCLOCK_TIME_UTC */
    uint32_t seq_count;                             /* 0x0c  odd: being written; the line's as well */
    uint64_t disruption_marker;                     /* 0x10  another value: throw away what was learnt */
    uint64_t flags;                                 /* 0x18  XVM_VMCLOCK_FLAG_* */
    uint8_t pad[2];                                 /* 0x20  zero */
    uint8_t clock_status;                           /* 0x22  XVM_VMCLOCK_STATUS_* */
    uint8_t leap_second_smearing_hint;              /* 0x23  never smeared */
    uint16_t tai_offset_sec;                        /* 0x24  two's complement */
    uint8_t leap_indicator;                         /* 0x26  XVM_VMCLOCK_LEAP_NONE … */
    uint8_t counter_period_shift;                   /* 0x27 */
    uint64_t counter_value;                         /* 0x28  the counter … */
    uint64_t counter_period_frac_sec;               /* 0x30  its period, in 2^-(64 + shift) s */
    uint64_t counter_period_esterror_rate_frac_sec; /* 0x38 */
    uint64_t counter_period_maxerror_rate_frac_sec; /* 0x40 */
    uint64_t time_sec;                              /* 0x48  … and UTC at that instant */
    uint64_t time_frac_sec;                         /* 0x50  in 2^-64 s */
    uint64_t time_esterror_nanosec;                 /* 0x58 */
    uint64_t time_maxerror_nanosec;                 /* 0x60 */
    uint64_t vm_generation_counter;                 /* 0x68  not per guest here: 0, its flag is clear */
};
XVM_ABI_SIZE(struct xvm_vmclock, 112);
XVM_ABI_AT(struct xvm_vmclock, magic, 0x00);
XVM_ABI_AT(struct xvm_vmclock, size, 0x04);
XVM_ABI_AT(struct xvm_vmclock, version, 0x08);
XVM_ABI_AT(struct xvm_vmclock, counter_id, 0x0a);
XVM_ABI_AT(struct xvm_vmclock, time_type, 0x0b);
XVM_ABI_AT(struct xvm_vmclock, seq_count, 0x0c);
XVM_ABI_AT(struct xvm_vmclock, disruption_marker, 0x10);
XVM_ABI_AT(struct xvm_vmclock, flags, 0x18);
XVM_ABI_AT(struct xvm_vmclock, pad, 0x20);
XVM_ABI_AT(struct xvm_vmclock, clock_status, 0x22);
XVM_ABI_AT(struct xvm_vmclock, leap_second_smearing_hint, 0x23);
XVM_ABI_AT(struct xvm_vmclock, tai_offset_sec, 0x24);
XVM_ABI_AT(struct xvm_vmclock, leap_indicator, 0x26);
XVM_ABI_AT(struct xvm_vmclock, counter_period_shift, 0x27);
XVM_ABI_AT(struct xvm_vmclock, counter_value, 0x28);
XVM_ABI_AT(struct xvm_vmclock, counter_period_frac_sec, 0x30);
XVM_ABI_AT(struct xvm_vmclock, counter_period_esterror_rate_frac_sec, 0x38);
XVM_ABI_AT(struct xvm_vmclock, counter_period_maxerror_rate_frac_sec, 0x40);
XVM_ABI_AT(struct xvm_vmclock, time_sec, 0x48);
XVM_ABI_AT(struct xvm_vmclock, time_frac_sec, 0x50);
XVM_ABI_AT(struct xvm_vmclock, time_esterror_nanosec, 0x58);
XVM_ABI_AT(struct xvm_vmclock, time_maxerror_nanosec, 0x60);
XVM_ABI_AT(struct xvm_vmclock, vm_generation_counter, 0x68);

/* The monotonic companion of the same instant, under vmclock.seq_count; one cache line. */
struct xvm_time_line {
    uint64_t counter;        /* 0x00  the base: at this value of the owner's counter … */
    uint64_t ns;             /* 0x08  … this many nanoseconds of the owner's monotonic clock */
    uint64_t mult;           /* 0x10  nanoseconds per count, in 2^-shift */
    uint32_t shift;          /* 0x18  at most 80 */
    uint32_t flags;          /* 0x1c  XVM_TIME_LINE_VALID */
    uint64_t owner_id;       /* 0x20  as in the constants */
    uint64_t error_ns;       /* 0x28  at the base, away from the owner's clock at most */
    uint64_t error_rate_ppb; /* 0x30  and this much more per second since, in nanoseconds */
    uint64_t generation;     /* 0x38  counts disruptions: counter, clock or owner was not continuous */
};
XVM_ABI_SIZE(struct xvm_time_line, 64);
XVM_ABI_AT(struct xvm_time_line, counter, 0x00);
XVM_ABI_AT(struct xvm_time_line, ns, 0x08);
XVM_ABI_AT(struct xvm_time_line, mult, 0x10);
XVM_ABI_AT(struct xvm_time_line, shift, 0x18);
XVM_ABI_AT(struct xvm_time_line, flags, 0x1c);
XVM_ABI_AT(struct xvm_time_line, owner_id, 0x20);
XVM_ABI_AT(struct xvm_time_line, error_ns, 0x28);
XVM_ABI_AT(struct xvm_time_line, error_rate_ppb, 0x30);
XVM_ABI_AT(struct xvm_time_line, generation, 0x38);

/* What the owner counts of itself; read by tools, never acted upon. */
struct xvm_time_stats {
    uint64_t writes;           /* 0x00  of the tick */
    uint64_t writes_elsewhere; /* 0x08  of these, outside the timer interrupt: always 0 with a kernel owner */
    uint64_t starts;           /* 0x10  times the owner went from resting to running */
    uint64_t max_late_ns;      /* 0x18  most that a write came after its time */
    uint64_t readers;          /* 0x20  grants and mappings there are */
    uint64_t reserved[3];      /* 0x28  zero */
};
XVM_ABI_SIZE(struct xvm_time_stats, 64);
XVM_ABI_AT(struct xvm_time_stats, writes, 0x00);
XVM_ABI_AT(struct xvm_time_stats, writes_elsewhere, 0x08);
XVM_ABI_AT(struct xvm_time_stats, starts, 0x10);
XVM_ABI_AT(struct xvm_time_stats, max_late_ns, 0x18);
XVM_ABI_AT(struct xvm_time_stats, readers, 0x20);
XVM_ABI_AT(struct xvm_time_stats, reserved, 0x28);

struct xvm_time_page {
    struct xvm_time_constants constants; /* 0x000 */
    struct xvm_time_tick tick;           /* 0x040 */
    struct xvm_vmclock vmclock;          /* 0x080 */
    uint64_t reserved0[2];               /* 0x0f0  zero */
    struct xvm_time_line line;           /* 0x100 */
    uint64_t reserved1[8];               /* 0x140  zero */
    struct xvm_time_stats stats;         /* 0x180 */
    uint64_t reserved2[456];             /* 0x1c0  zero */
};
XVM_ABI_SIZE(struct xvm_time_page, XVM_TIME_PAGE_BYTES);
XVM_ABI_AT(struct xvm_time_page, constants, 0x000);
XVM_ABI_AT(struct xvm_time_page, tick, 0x040);
XVM_ABI_AT(struct xvm_time_page, vmclock, 0x080);
XVM_ABI_AT(struct xvm_time_page, reserved0, 0x0f0);
XVM_ABI_AT(struct xvm_time_page, line, 0x100);
XVM_ABI_AT(struct xvm_time_page, reserved1, 0x140);
XVM_ABI_AT(struct xvm_time_page, stats, 0x180);
XVM_ABI_AT(struct xvm_time_page, reserved2, 0x1c0);

/*
 * A reader's own page, in the guest: written by the guest's kernel alone, mapped by its programs behind
 * the shared page. It says how this machine's counter and past relate to the present owner's.
 */
struct xvm_time_local {
    uint64_t owner_id;    /* 0x00  of the page that the rest belongs to; written last */
    uint64_t tick_add;    /* 0x08  to the tick: so it never goes back when another owner's page comes */
    uint64_t ns_add;      /* 0x10  likewise to the monotonic clock */
    uint64_t counter_sub; /* 0x18  from this machine's counter: the owner's */
    uint32_t counter_ok;  /* 0x20  1: this machine's counter runs as the owner's does */
    uint32_t stale;       /* 0x24  1: the guest's kernel saw the heartbeat stand still */
    uint64_t disruptions; /* 0x28  rises when the page says disruption, or another page came */
    uint64_t reserved[2]; /* 0x30  zero */
};
XVM_ABI_SIZE(struct xvm_time_local, 64);
XVM_ABI_AT(struct xvm_time_local, owner_id, 0x00);
XVM_ABI_AT(struct xvm_time_local, tick_add, 0x08);
XVM_ABI_AT(struct xvm_time_local, ns_add, 0x10);
XVM_ABI_AT(struct xvm_time_local, counter_sub, 0x18);
XVM_ABI_AT(struct xvm_time_local, counter_ok, 0x20);
XVM_ABI_AT(struct xvm_time_local, stale, 0x24);
XVM_ABI_AT(struct xvm_time_local, disruptions, 0x28);
XVM_ABI_AT(struct xvm_time_local, reserved, 0x30);

/*
 * Where a guest asks for the page and where dom0 answers, both below the guest's home in the store
 * (xenstore-schema/xvtime.toml).
 */
#define XVM_TIME_ASK_DIR "data/xvtime"
#define XVM_TIME_OFFER_DIR "xvtime"
#define XVM_TIME_NODE_VERSION "version" /* in both */
#define XVM_TIME_NODE_REF "ref"
#define XVM_TIME_NODE_ID "id"

/*
 * The time stamps in ring headers: the page's value, whole. Without the precise clock it is the tick;
 * with it, the monotonic nanoseconds and this bit. 0: not stamped.
 */
#define XVM_TIME_STAMP_NS 0x8000000000000000ULL

#endif
