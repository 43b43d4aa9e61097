/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A saved guest, version 1: a head of 64 KiB, then the guest as libxenguest streams it
 * (docs/protocols/saved.md).
 *
 * Invariant: the head is this header, json_bytes of JSON right behind it, and zeros. Both sums together
 * cover every byte of the file, and stream_offset + stream_bytes is its size.
 */
#ifndef XVM_ABI_SAVED_H
#define XVM_ABI_SAVED_H

#include "libvmshare/abi/abi.h"

#define XVM_SAVED_MAGIC "XVMSAVE1"
#define XVM_SAVED_MAJOR 1u
#define XVM_SAVED_MINOR 0u

#define XVM_SAVED_HEAD_BYTES 65536u
#define XVM_SAVED_JSON_BYTES_MAX 65280u /* what of the head is left */

struct xvm_saved_header {
    char magic[8];             /* 0x00 XVM_SAVED_MAGIC, without its NUL */
    uint16_t major;            /* 0x08 another major is refused */
    uint16_t minor;            /* 0x0a a higher minor is read */
    uint32_t json_bytes;       /* 0x0c */
    uint64_t stream_offset;    /* 0x10 XVM_SAVED_HEAD_BYTES */
    uint64_t stream_bytes;     /* 0x18 */
    uint8_t stream_sha256[32]; /* 0x20 */
    uint8_t head_sha256[32];   /* 0x40 of the 64 KiB with this field zero */
    uint8_t reserved[160];     /* 0x60 zero */
};
XVM_ABI_SIZE(struct xvm_saved_header, 256);
XVM_ABI_AT(struct xvm_saved_header, magic, 0x00);
XVM_ABI_AT(struct xvm_saved_header, major, 0x08);
XVM_ABI_AT(struct xvm_saved_header, minor, 0x0a);
XVM_ABI_AT(struct xvm_saved_header, json_bytes, 0x0c);
XVM_ABI_AT(struct xvm_saved_header, stream_offset, 0x10);
XVM_ABI_AT(struct xvm_saved_header, stream_bytes, 0x18);
XVM_ABI_AT(struct xvm_saved_header, stream_sha256, 0x20);
XVM_ABI_AT(struct xvm_saved_header, head_sha256, 0x40);
XVM_ABI_AT(struct xvm_saved_header, reserved, 0x60);

#endif
