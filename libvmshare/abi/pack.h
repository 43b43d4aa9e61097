/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The packed boot-image disk, version 1: an index of 64 KiB, then the images (docs/protocols/pack.md).
 *
 * Invariant: the index takes XVM_PACK_INDEX_BYTES, however many images there are. Image k starts at
 *     offset(1) = 64 KiB, offset(k + 1) = round_up(offset(k) + size(k), 4 KiB)
 * so names and sizes alone find every byte. All else makes the pack trustworthy; whatever this
 * version gives no meaning must be zero, and a reader refuses what is not.
 */
#ifndef XVM_ABI_PACK_H
#define XVM_ABI_PACK_H

#include "libvmshare/abi/abi.h"

#define XVM_PACK_MAGIC "XVMPACK1"
#define XVM_PACK_MAJOR 1u
#define XVM_PACK_MINOR 0u

#define XVM_PACK_INDEX_BYTES 65536u
#define XVM_PACK_SLOT_BYTES 256u
#define XVM_PACK_SLOTS (XVM_PACK_INDEX_BYTES / XVM_PACK_SLOT_BYTES)
#define XVM_PACK_IMAGES_MAX (XVM_PACK_SLOTS - 1u) /* slot 0 is the header */
#define XVM_PACK_ALIGN 4096u
#define XVM_PACK_NAME_BYTES 96u /* the last one is always NUL */
#define XVM_PACK_LABEL_BYTES 32u
#define XVM_PACK_SUM_BYTES 32u

/* header.incompat: a reader that does not know a bit refuses the pack. Version 1.0 has none. */
#define XVM_PACK_INCOMPAT_KNOWN 0u
/* header.flags: unknown bits are refused too. */
#define XVM_PACK_PLAIN 1u /* entries hold name and size alone; all else in them is zero */
#define XVM_PACK_FLAGS_KNOWN XVM_PACK_PLAIN

/* entry.kind: what the image is for. */
enum xvm_pack_kind {
    XVM_PACK_DATA = 0,
    XVM_PACK_KERNEL = 1,
    XVM_PACK_RAMDISK = 2,
    XVM_PACK_ROOTFS = 3,
    XVM_PACK_CMDLINE = 4,
    XVM_PACK_DTB = 5,
    XVM_PACK_KINDS = 6
};

/* Slot 0. */
struct xvm_pack_header {
    char magic[8];            /* 0x00 XVM_PACK_MAGIC, without its NUL */
    uint16_t major;           /* 0x08 another major is refused */
    uint16_t minor;           /* 0x0a a higher minor is read */
    uint32_t incompat;        /* 0x0c */
    uint32_t compat;          /* 0x10 ignored by who does not know them */
    uint32_t flags;           /* 0x14 */
    uint64_t disk_bytes;      /* 0x18 of the whole disk, a multiple of XVM_PACK_ALIGN */
    uint32_t image_count;     /* 0x20 slots 1..image_count are in use, the rest is zero */
    uint32_t reserved0;       /* 0x24 */
    uint64_t build_time_s;    /* 0x28 since 1970, 0: not stated */
    uint8_t index_sha256[32]; /* 0x30 of the 64 KiB with this field zero */
    char label[32];           /* 0x50 printable ASCII, NUL padded */
    uint8_t root_hash[32];    /* 0x70 kept for a hash over all images; zero in 1.0 */
    uint8_t signature[64];    /* 0x90 kept for Ed25519; zero in 1.0 */
    uint64_t backup_offset;   /* 0xd0 kept for a second index; zero in 1.0 */
    uint8_t reserved1[40];    /* 0xd8 */
};
XVM_ABI_SIZE(struct xvm_pack_header, XVM_PACK_SLOT_BYTES);
XVM_ABI_AT(struct xvm_pack_header, magic, 0x00);
XVM_ABI_AT(struct xvm_pack_header, major, 0x08);
XVM_ABI_AT(struct xvm_pack_header, minor, 0x0a);
XVM_ABI_AT(struct xvm_pack_header, incompat, 0x0c);
XVM_ABI_AT(struct xvm_pack_header, compat, 0x10);
XVM_ABI_AT(struct xvm_pack_header, flags, 0x14);
XVM_ABI_AT(struct xvm_pack_header, disk_bytes, 0x18);
XVM_ABI_AT(struct xvm_pack_header, image_count, 0x20);
XVM_ABI_AT(struct xvm_pack_header, reserved0, 0x24);
XVM_ABI_AT(struct xvm_pack_header, build_time_s, 0x28);
XVM_ABI_AT(struct xvm_pack_header, index_sha256, 0x30);
XVM_ABI_AT(struct xvm_pack_header, label, 0x50);
XVM_ABI_AT(struct xvm_pack_header, root_hash, 0x70);
XVM_ABI_AT(struct xvm_pack_header, signature, 0x90);
XVM_ABI_AT(struct xvm_pack_header, backup_offset, 0xd0);
XVM_ABI_AT(struct xvm_pack_header, reserved1, 0xd8);

/* Slots 1 … image_count. */
struct xvm_pack_entry {
    char name[96];         /* 0x00 1 to 95 of [A-Za-z0-9._-], not "." or "..", NUL padded, unique */
    uint64_t size_bytes;   /* 0x60 */
    uint64_t offset;       /* 0x68 redundant: what the rule above gives (0 in a plain pack) */
    uint8_t sha256[32];    /* 0x70 of the image's size_bytes (0 in a plain pack) */
    uint8_t root_hash[32]; /* 0x90 kept for fs-verity; zero in 1.0 */
    uint32_t kind;         /* 0xb0 enum xvm_pack_kind (0 in a plain pack) */
    uint32_t flags;        /* 0xb4 kept for compressed and shared images; zero in 1.0 */
    uint32_t group;        /* 0xb8 kept for sets that belong together; zero in 1.0 */
    uint32_t reserved0;    /* 0xbc */
    uint64_t full_bytes;   /* 0xc0 kept for the size before compression; zero in 1.0 */
    uint8_t reserved1[56]; /* 0xc8 */
};
XVM_ABI_SIZE(struct xvm_pack_entry, XVM_PACK_SLOT_BYTES);
XVM_ABI_AT(struct xvm_pack_entry, name, 0x00);
XVM_ABI_AT(struct xvm_pack_entry, size_bytes, 0x60);
XVM_ABI_AT(struct xvm_pack_entry, offset, 0x68);
XVM_ABI_AT(struct xvm_pack_entry, sha256, 0x70);
XVM_ABI_AT(struct xvm_pack_entry, root_hash, 0x90);
XVM_ABI_AT(struct xvm_pack_entry, kind, 0xb0);
XVM_ABI_AT(struct xvm_pack_entry, flags, 0xb4);
XVM_ABI_AT(struct xvm_pack_entry, group, 0xb8);
XVM_ABI_AT(struct xvm_pack_entry, reserved0, 0xbc);
XVM_ABI_AT(struct xvm_pack_entry, full_bytes, 0xc0);
XVM_ABI_AT(struct xvm_pack_entry, reserved1, 0xc8);

/* The index as it lies on the disk. */
struct xvm_pack_index {
    struct xvm_pack_header header;                      /* 0x0000 */
    struct xvm_pack_entry entries[XVM_PACK_IMAGES_MAX]; /* 0x0100 */
};
XVM_ABI_SIZE(struct xvm_pack_index, XVM_PACK_INDEX_BYTES);
XVM_ABI_AT(struct xvm_pack_index, header, 0x000);
XVM_ABI_AT(struct xvm_pack_index, entries, 0x100);

#endif
