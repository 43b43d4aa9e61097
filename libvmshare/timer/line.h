/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Arithmetic of the precise clock: a line from a counter to nanoseconds, in 64-bit fixed point.
 *
 * Invariant: nothing overflows for counts of less than 2^63 and a shift of at most XVM_TIME_SHIFT_MAX;
 * a counter before the base counts as the base, so a line never answers less than it began with.
 */
#ifndef XVM_TIMER_LINE_H
#define XVM_TIMER_LINE_H

#include "libvmshare/abi/timer.h"
#include "libvmshare/timer/memory.h"

#define XVM_TIME_SHIFT_MAX 80u
#define XVM_TIME_NS_PER_S 1000000000ULL

__extension__ typedef unsigned __int128 xvm_time_u128;

/* a * b / c, where the quotient fits. */
static inline uint64_t xvm_time_mul_div(uint64_t a, uint64_t b, uint64_t c) {
#ifdef __KERNEL__
    return mul_u64_u64_div_u64(a, b, c);
#else
    return (uint64_t)((xvm_time_u128)a * b / c);
#endif
}

/* Counts since the base, 0 if it lies ahead. */
static inline uint64_t xvm_time_counts(uint64_t counter, uint64_t base) {
    uint64_t counts = counter - base;

    return (int64_t)counts < 0 ? 0 : counts;
}

/* Nanoseconds of that many counts; shift at most XVM_TIME_SHIFT_MAX. */
static inline uint64_t xvm_time_scale(uint64_t counts, uint64_t mult, uint32_t shift) {
    return (uint64_t)(((xvm_time_u128)counts * mult) >> shift);
}

/* The nominal line of a counter of that frequency (1 kHz to 1 THz), as precise as 63 bits allow. */
static inline uint64_t xvm_time_mult_of(uint64_t hz, uint32_t* shift) {
    uint64_t mult = XVM_TIME_NS_PER_S / hz, rest = XVM_TIME_NS_PER_S % hz;
    uint32_t s;

    for (s = 0; mult < 1ULL << 62 && s < XVM_TIME_SHIFT_MAX; s++) {
        mult <<= 1;
        rest <<= 1;
        if (rest >= hz) {
            rest -= hz;
            mult |= 1;
        }
    }
    *shift = s;
    return mult;
}

/* The part of mult that is ppb parts in 10^9 of it. */
static inline uint64_t xvm_time_part(uint64_t mult, uint64_t ppb) {
    return xvm_time_mul_div(mult, ppb, XVM_TIME_NS_PER_S);
}

/* Nanoseconds below a second as a fraction of it, in 2^-64. */
static inline uint64_t xvm_time_fraction(uint64_t ns) {
    return ns * 18446744073ULL + ns * 709551616ULL / XVM_TIME_NS_PER_S; /* 2^64 / 10^9 */
}

#endif
