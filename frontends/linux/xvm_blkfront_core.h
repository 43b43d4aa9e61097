/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the block front end decides without the kernel: names, sizes, pieces of a request, and
 * whether a response is to be believed. Also built and tested in user space.
 *
 * Invariant: nothing here trusts a value of the back end before it has judged it.
 */
#ifndef XVM_BLKFRONT_CORE_H
#define XVM_BLKFRONT_CORE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#include "libvmshare/abi/block.h"

/* Segments of one request at most, whatever the back end offers: 1 MiB. */
#define XVM_BLK_SEGMENTS_MAX 256u

/* A disk's name in the guest: xvda to xvdz. It becomes a node in /dev, so nothing else will do. */
bool xvm_blk_name_ok(const char *name);

/* The ring's size in pages: the largest power of two within both limits and the ABI's; 0 if none.
 */
u32 xvm_blk_ring_pages(u32 wanted, u32 offered_max);

/*
 * A request's id on the ring: its tag, and how many requests had been sent before. So an answer
 * that comes twice, or late, is not taken for the answer to the tag's next request. Never 0.
 */
static inline u64 xvm_blk_id(u32 tag, u32 sequence)
{
	return (u64)(sequence | 0x80000000u) << 32 | tag;
}

enum xvm_blk_answer {
	XVM_BLK_ANSWER_DONE,
	XVM_BLK_ANSWER_FAILED,
	XVM_BLK_ANSWER_NO_SPACE,
	XVM_BLK_ANSWER_ABSURD, /* no such request, or no such status: the back end is broken */
};

/*
 * sent[tag] is the id of the request in flight under that tag, or 0. Sets *tag unless ABSURD.
 */
enum xvm_blk_answer xvm_blk_judge(const struct xvm_blk_response *response, const u64 *sent,
				  u32 tags, u32 *tag);

/* Bytes of one page of memory that are part of a request: whole sectors. */
struct xvm_blk_piece {
	void *page;   /* struct page: only compared here */
	void *bounce; /* struct page: the zeroed page granted in its place, or NULL */
	u32 gref;
	u16 offset;
	u16 length;
};

struct xvm_blk_pieces {
	struct xvm_blk_piece *at;
	u32 max;
	u32 nr;
};

/*
 * Adds bytes of a page, joining them to the piece before if they follow on it. False: they are no
 * whole sectors of one page, or there are too many pieces.
 */
bool xvm_blk_add_piece(struct xvm_blk_pieces *pieces, void *page, u32 offset, u32 length);

/* The segment that names a piece's granted page. */
struct xvm_blk_segment xvm_blk_segment_of(const struct xvm_blk_piece *piece);

#endif
