// SPDX-License-Identifier: Apache-2.0
// The few kernel names that frontends/linux/xvm_ring.h uses, in user space, of the same strength.
// Include it before that header.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#ifdef XVM_COUNT_LOADS /* a test wants to see every load from the shared region */
#ifdef __cplusplus
extern "C"
#endif
    void
    xvm_count_load(const void* word);
#define XVM_COUNTED(p) (xvm_count_load(p), (p))
#else
#define XVM_COUNTED(p) (p)
#endif

#ifdef XVM_TSAN /* TSan does not know fences: index and flag in sequentially consistent order instead */
#define virt_mb() ((void)0)
#define virt_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define virt_load_acquire(p) __atomic_load_n(XVM_COUNTED(p), __ATOMIC_SEQ_CST)
#define READ_ONCE(x) __atomic_load_n(XVM_COUNTED(&(x)), __ATOMIC_SEQ_CST)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)
#else
#define virt_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define virt_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define virt_load_acquire(p) __atomic_load_n(XVM_COUNTED(p), __ATOMIC_ACQUIRE)
#define READ_ONCE(x) __atomic_load_n(XVM_COUNTED(&(x)), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#endif

static inline u32 sync_cmpxchg(u32* word, u32 expected, u32 value) {
    __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    return expected;
}
