/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How the two ends of the timer page touch it: C, C++ and the kernel.
 *
 * Invariant: every access to the shared page is one of these operations, and each moves one aligned word
 * once. A model checker defines XVM_TIME_MEMORY and its own before it includes seq.h.
 */
#ifndef XVM_TIMER_MEMORY_H
#define XVM_TIMER_MEMORY_H

#ifdef __KERNEL__
#include <asm/barrier.h>
#include <asm/msr.h>
#include <linux/compiler.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#endif

#ifndef XVM_TIME_MEMORY
#define XVM_TIME_MEMORY
/* A struct's fields are also read as the words they lie in. */
typedef uint32_t __attribute__((may_alias)) xvm_time_word32;
typedef uint64_t __attribute__((may_alias)) xvm_time_word64;

#ifdef __KERNEL__
#define XVM_TIME_LOAD(word) READ_ONCE(word)
#define XVM_TIME_STORE(word, value) WRITE_ONCE(word, value)
#define XVM_TIME_FENCE_READ() virt_rmb()
#define XVM_TIME_FENCE_WRITE() virt_wmb()
#define XVM_TIME_FENCE_FULL() virt_mb()
#define XVM_TIME_RELAX() cpu_relax()
#elif defined(XVM_TSAN)
/* The thread sanitizer does not know fences; accesses of at least their strength instead. */
#define XVM_TIME_LOAD(word) __atomic_load_n(&(word), __ATOMIC_SEQ_CST)
#define XVM_TIME_STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_SEQ_CST)
#define XVM_TIME_FENCE_READ() ((void)0)
#define XVM_TIME_FENCE_WRITE() ((void)0)
#define XVM_TIME_FENCE_FULL() ((void)0)
#define XVM_TIME_RELAX() __builtin_ia32_pause()
#else
#define XVM_TIME_LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define XVM_TIME_STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELAXED)
#define XVM_TIME_FENCE_READ() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define XVM_TIME_FENCE_WRITE() __atomic_thread_fence(__ATOMIC_RELEASE)
#define XVM_TIME_FENCE_FULL() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define XVM_TIME_RELAX() __builtin_ia32_pause()
#endif
#endif

#endif
