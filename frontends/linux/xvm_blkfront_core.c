// SPDX-License-Identifier: GPL-2.0-only
#include "xvm_blkfront_core.h"

bool xvm_blk_name_ok(const char *name)
{
	return name[0] == 'x' && name[1] == 'v' && name[2] == 'd' && name[3] >= 'a' &&
	       name[3] <= 'z' && name[4] == '\0';
}

u32 xvm_blk_ring_pages(u32 wanted, u32 offered_max)
{
	u32 limit = wanted < offered_max ? wanted : offered_max;
	u32 pages;

	for (pages = XVM_RING_MAX_PAGES; pages > limit; pages /= 2)
		;
	return pages;
}

enum xvm_blk_answer xvm_blk_judge(const struct xvm_blk_response *response, const u64 *sent,
				  u32 tags, u32 *tag)
{
	u64 id = response->header.id;
	u32 low = (u32)id;

	if (low >= tags || !id || sent[low] != id || response->reserved)
		return XVM_BLK_ANSWER_ABSURD;
	*tag = low;
	switch (response->status) {
	case XVM_BLK_OK:
		return XVM_BLK_ANSWER_DONE;
	case XVM_BLK_E_NO_SPACE:
		return XVM_BLK_ANSWER_NO_SPACE;
	case XVM_BLK_E_IO:
	case XVM_BLK_E_INVALID:
	case XVM_BLK_E_RANGE:
	case XVM_BLK_E_READ_ONLY:
	case XVM_BLK_E_GRANT:
		return XVM_BLK_ANSWER_FAILED;
	default:
		return XVM_BLK_ANSWER_ABSURD;
	}
}

bool xvm_blk_add_piece(struct xvm_blk_pieces *pieces, void *page, u32 offset, u32 length)
{
	struct xvm_blk_piece *last = pieces->nr ? &pieces->at[pieces->nr - 1] : NULL;

	if (offset % XVM_BLK_SECTOR_BYTES || length % XVM_BLK_SECTOR_BYTES || !length ||
	    offset >= XVM_RING_PAGE_BYTES || length > XVM_RING_PAGE_BYTES - offset)
		return false;
	if (last && last->page == page && (u32)last->offset + last->length == offset) {
		last->length += length;
		return true;
	}
	if (pieces->nr == pieces->max)
		return false;
	pieces->at[pieces->nr++] = (struct xvm_blk_piece){
	    .page = page,
	    .offset = (u16)offset,
	    .length = (u16)length,
	};
	return true;
}

struct xvm_blk_segment xvm_blk_segment_of(const struct xvm_blk_piece *piece)
{
	u32 end = (u32)piece->offset + piece->length;

	return (struct xvm_blk_segment){
	    .gref = piece->gref,
	    .first_sector = (uint8_t)(piece->offset / XVM_BLK_SECTOR_BYTES),
	    .last_sector = (uint8_t)(end / XVM_BLK_SECTOR_BYTES - 1),
	};
}
