/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The channel between xvmd and the management service: one region with two queues of 64-bit words, one a
 * direction, and the frames that messages travel in.
 *
 * Each queue is one of libvmshare/abi/ring.h with a word for a slot, and one flag more: by `room` a producer
 * that found the queue full asks to be woken when there is room again.
 *
 * Invariant: a zeroed region with its constants filled in is a channel at rest. A message is one or more
 * frames behind each other, of which all but the last are full; what follows a frame's header is padded with
 * zeros to whole words. docs/protocols/channel.md tells the protocol.
 */
#ifndef XVM_ABI_CHANNEL_H
#define XVM_ABI_CHANNEL_H

#include "libvmshare/abi/abi.h"
#include "libvmshare/abi/ring.h"

#define XVM_CHANNEL_MAGIC 0x314e4148434d5658ULL /* "XVMCHAN1" */
#define XVM_CHANNEL_ABI_MAJOR 1                 /* a reader refuses any other */
#define XVM_CHANNEL_ABI_MINOR 0                 /* a reader ignores it */

#define XVM_CHANNEL_HEADER_BYTES 4096u
#define XVM_CHANNEL_WORDS 32768u /* of each queue: 256 KiB */
#define XVM_CHANNEL_REGION_BYTES (XVM_CHANNEL_HEADER_BYTES + 2u * XVM_CHANNEL_WORDS * 8u)

#define XVM_CHANNEL_PIECE_BYTES 65536u     /* of a message, in one frame */
#define XVM_CHANNEL_MESSAGE_BYTES 4194304u /* the largest message */

/* Written by xvmd before the service starts, copied once by the service. */
struct xvm_channel_constants {
    uint64_t magic;        /* 0x00  XVM_CHANNEL_MAGIC */
    uint16_t abi_major;    /* 0x08  XVM_CHANNEL_ABI_MAJOR */
    uint16_t abi_minor;    /* 0x0a  XVM_CHANNEL_ABI_MINOR */
    uint32_t header_bytes; /* 0x0c  XVM_CHANNEL_HEADER_BYTES */
    uint32_t words;        /* 0x10  XVM_CHANNEL_WORDS */
    uint32_t reserved[27]; /* 0x14  zero */
};
XVM_ABI_SIZE(struct xvm_channel_constants, 128);
XVM_ABI_AT(struct xvm_channel_constants, magic, 0x00);
XVM_ABI_AT(struct xvm_channel_constants, abi_major, 0x08);
XVM_ABI_AT(struct xvm_channel_constants, abi_minor, 0x0a);
XVM_ABI_AT(struct xvm_channel_constants, header_bytes, 0x0c);
XVM_ABI_AT(struct xvm_channel_constants, words, 0x10);
XVM_ABI_AT(struct xvm_channel_constants, reserved, 0x14);

/* Each word has one writer; the flags have a second one, which claims a wake-up. */
struct xvm_channel_queue {
    struct xvm_ring_word prod; /* 0x000  producer */
    struct xvm_ring_word cons; /* 0x080  consumer */
    struct xvm_ring_word flag; /* 0x100  consumer: XVM_RING_SLEEPING: wake me for a word */
    struct xvm_ring_word room; /* 0x180  producer: XVM_RING_SLEEPING: wake me for room */
};
XVM_ABI_SIZE(struct xvm_channel_queue, 512);
XVM_ABI_AT(struct xvm_channel_queue, prod, 0x000);
XVM_ABI_AT(struct xvm_channel_queue, cons, 0x080);
XVM_ABI_AT(struct xvm_channel_queue, flag, 0x100);
XVM_ABI_AT(struct xvm_channel_queue, room, 0x180);

/* What the region begins with; the words of both queues follow at XVM_CHANNEL_HEADER_BYTES, `down` first. */
struct xvm_channel {
    struct xvm_channel_constants constants; /* 0x000 */
    struct xvm_channel_queue down;          /* 0x080  xvmd to the service */
    struct xvm_channel_queue up;            /* 0x280  the service to xvmd */
};
XVM_ABI_SIZE(struct xvm_channel, 1152);
XVM_ABI_AT(struct xvm_channel, constants, 0x000);
XVM_ABI_AT(struct xvm_channel, down, 0x080);
XVM_ABI_AT(struct xvm_channel, up, 0x280);

#define XVM_FRAME_MAGIC 0x464d5658u /* "XVMF" */
#define XVM_FRAME_VERSION 1

/* What a message is. */
#define XVM_FRAME_READY 1   /* up, once: the service takes requests, `credits` of them at once */
#define XVM_FRAME_REQUEST 2 /* down */
#define XVM_FRAME_ANSWER 3  /* up: to the request of that id */
#define XVM_FRAME_STOP 4    /* down: finish, and end */

/* Times are nanoseconds of a clock that both ends read: CLOCK_MONOTONIC, between processes. */
struct xvm_frame {
    uint32_t magic;       /* 0x00  XVM_FRAME_MAGIC */
    uint16_t version;     /* 0x04  XVM_FRAME_VERSION */
    uint16_t kind;        /* 0x06  XVM_FRAME_* */
    uint64_t id;          /* 0x08  of the request */
    uint32_t length;      /* 0x10  bytes of the message in this frame */
    uint32_t left;        /* 0x14  bytes of it in frames that follow */
    uint32_t limit_ms;    /* 0x18  a request's: after sent_ns nobody waits for the answer that much later */
    uint32_t credits;     /* 0x1c  how many requests the service takes at once; zero but in READY */
    uint64_t sent_ns;     /* 0x20  when the message was given to the channel */
    uint64_t taken_ns;    /* 0x28  an answer's: when the service took the request */
    uint64_t reserved[2]; /* 0x30  zero */
};
XVM_ABI_SIZE(struct xvm_frame, 64);
XVM_ABI_AT(struct xvm_frame, magic, 0x00);
XVM_ABI_AT(struct xvm_frame, version, 0x04);
XVM_ABI_AT(struct xvm_frame, kind, 0x06);
XVM_ABI_AT(struct xvm_frame, id, 0x08);
XVM_ABI_AT(struct xvm_frame, length, 0x10);
XVM_ABI_AT(struct xvm_frame, left, 0x14);
XVM_ABI_AT(struct xvm_frame, limit_ms, 0x18);
XVM_ABI_AT(struct xvm_frame, credits, 0x1c);
XVM_ABI_AT(struct xvm_frame, sent_ns, 0x20);
XVM_ABI_AT(struct xvm_frame, taken_ns, 0x28);
XVM_ABI_AT(struct xvm_frame, reserved, 0x30);

#endif
