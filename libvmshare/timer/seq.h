/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The sequence word of the timer page: many words that change as one.
 *
 *     writer                                  reader
 *     seq = odd                               s = seq; odd? again
 *     full fence A                            read fence C
 *     take the counter, store the words       load the words, take the counter
 *     write fence B                           read fence D
 *     seq = even                              seq == s? else again
 *
 * Invariant: a reader that ends with true has words of one update. A and D: a reader that saw a new word
 * sees the odd sequence too. B and C: a reader that starts from the even one sees all its words. A is a
 * full fence, so that the counter is taken after the last reader of the old line could have taken his:
 * a new line that begins on the old one is then never behind it. tests/model/timer_relacy.cpp runs this
 * very file, and finds what is lost with any of the four.
 */
#ifndef XVM_TIMER_SEQ_H
#define XVM_TIMER_SEQ_H

#include "libvmshare/timer/memory.h"

static inline void xvm_time_write_begin(xvm_time_word32* seq) {
    XVM_TIME_STORE(*seq, XVM_TIME_LOAD(*seq) | 1u); /* an owner may have died in the middle */
    XVM_TIME_FENCE_FULL();                          /* A */
}

static inline void xvm_time_write_words(xvm_time_word64* to, const uint64_t* from, unsigned words) {
    unsigned i;

    for (i = 0; i < words; i++)
        XVM_TIME_STORE(to[i], from[i]);
}

static inline void xvm_time_write_end(xvm_time_word32* seq) {
    XVM_TIME_FENCE_WRITE(); /* B */
    XVM_TIME_STORE(*seq, XVM_TIME_LOAD(*seq) + 1u);
}

/* False: being written just now; try again, a bounded number of times. */
static inline bool xvm_time_read_begin(const xvm_time_word32* seq, uint32_t* begun) {
    *begun = XVM_TIME_LOAD(*seq);
    XVM_TIME_FENCE_READ(); /* C */
    return !(*begun & 1u);
}

static inline void xvm_time_read_words(const xvm_time_word64* from, uint64_t* to, unsigned words) {
    unsigned i;

    for (i = 0; i < words; i++)
        to[i] = XVM_TIME_LOAD(from[i]);
}

/* True: what was read since read_begin belongs together. */
static inline bool xvm_time_read_end(const xvm_time_word32* seq, uint32_t begun) {
    XVM_TIME_FENCE_READ(); /* D */
    return XVM_TIME_LOAD(*seq) == begun;
}

#endif
