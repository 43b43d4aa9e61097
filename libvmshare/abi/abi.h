/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What every ABI header stands on: fixed-width types on both sides of the fence, and layout checks.
 *
 * Invariant: a struct that crosses a domain boundary has its size and the offset of each field
 * asserted under it, in C11, in C++20 and in the kernel. Everything is little-endian (x86-64); no
 * struct has hidden padding, so none can leak a byte.
 */
#ifndef XVM_ABI_ABI_H
#define XVM_ABI_ABI_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#include <type_traits>
#define XVM_ABI_ASSERT(condition, text) static_assert(condition, text)
/* A type without padding has one representation per value: nothing of the stack leaks through it. */
#define XVM_ABI_SIZE(type, bytes)                                                                            \
    static_assert(sizeof(type) == (bytes), #type " is not " #bytes " bytes");                                \
    static_assert(std::has_unique_object_representations_v<type>, #type " has padding")
#else
#define XVM_ABI_ASSERT(condition, text) _Static_assert(condition, text)
#define XVM_ABI_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is not " #bytes " bytes")
#endif
#define XVM_ABI_AT(type, field, offset)                                                                      \
    XVM_ABI_ASSERT(offsetof(type, field) == (offset), #type "." #field " is not at " #offset)

#endif
