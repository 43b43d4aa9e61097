// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a request: granted as they are when a piece is a whole page, else by a zeroed page
 * in their place, so that the back end sees no byte that is not part of the request (XSA-403).
 */
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <xen/page.h>

#include "xvm_blkfront.h"

/* Enough to go on when memory is short; a request with more partial pages then waits. */
#define RESERVE_PAGES 64
#define RESERVE_ARRAYS 2

static bool bounce = true;
module_param(bounce, bool, 0444);
MODULE_PARM_DESC(bounce,
		 "Grant a zeroed copy of a page that a request uses in part (default: yes)");

static mempool_t pages;
static mempool_t arrays; /* of XVM_BLK_SEGMENTS_MAX pieces */

int xvm_blk_pools_init(void)
{
	int error = mempool_init_page_pool(&pages, RESERVE_PAGES, 0);

	if (error)
		return error;
	error = mempool_init_kmalloc_pool(&arrays, RESERVE_ARRAYS,
					  XVM_BLK_SEGMENTS_MAX * sizeof(struct xvm_blk_piece));
	if (error)
		mempool_exit(&pages);
	return error;
}

void xvm_blk_pools_exit(void)
{
	mempool_exit(&arrays);
	mempool_exit(&pages);
}

static struct page *take_zeroed_page(void)
{
	struct page *page = mempool_alloc(&pages, GFP_ATOMIC | __GFP_NOWARN);

	if (page)
		clear_highpage(page);
	return page;
}

static void copy_piece(const struct xvm_blk_piece *piece, bool out)
{
	if (out)
		memcpy_page(piece->page, piece->offset, piece->bounce, piece->offset,
			    piece->length);
	else
		memcpy_page(piece->bounce, piece->offset, piece->page, piece->offset,
			    piece->length);
}

/* The pieces of the request's memory, joined where they touch. */
static blk_status_t collect(struct xvm_blk_cmd *cmd, struct request *rq)
{
	struct req_iterator iter;
	struct bio_vec bv;

	cmd->pieces.nr = 0;
	if (blk_rq_nr_phys_segments(rq) <= XVM_BLK_INLINE_SEGMENTS) {
		cmd->pieces.at = cmd->few;
		cmd->pieces.max = XVM_BLK_INLINE_SEGMENTS;
	} else {
		cmd->pieces.at = mempool_alloc(&arrays, GFP_ATOMIC | __GFP_NOWARN);
		cmd->pieces.max = XVM_BLK_SEGMENTS_MAX;
		if (!cmd->pieces.at)
			return BLK_STS_RESOURCE;
	}
	rq_for_each_segment(bv, rq, iter)
	{
		if (!xvm_blk_add_piece(&cmd->pieces, bv.bv_page, bv.bv_offset, bv.bv_len))
			return BLK_STS_IOERR; /* against the queue's limits */
	}
	return BLK_STS_OK;
}

/* All pages that stand in for others, and the page of segments: first, as only this can fail. */
static blk_status_t take_pages(struct xvm_blk_cmd *cmd, bool write)
{
	u32 i;

	for (i = 0; i < cmd->pieces.nr; i++) {
		struct xvm_blk_piece *piece = &cmd->pieces.at[i];

		if (!bounce || piece->length == PAGE_SIZE)
			continue;
		piece->bounce = take_zeroed_page();
		if (!piece->bounce)
			return BLK_STS_RESOURCE;
		if (write)
			copy_piece(piece, false);
	}
	if (cmd->pieces.nr > XVM_BLK_INLINE_SEGMENTS) {
		cmd->table = take_zeroed_page();
		if (!cmd->table)
			return BLK_STS_RESOURCE;
	}
	return BLK_STS_OK;
}

static grant_ref_t grant(struct xvm_disk *disk, grant_ref_t *head, struct page *page,
			 bool read_only)
{
	grant_ref_t ref = gnttab_claim_grant_reference(head);

	gnttab_grant_foreign_access_ref(ref, disk->xbdev->otherend_id, xen_page_to_gfn(page),
					read_only);
	return ref;
}

/* Cannot fail: the references were reserved. */
static void grant_all(struct xvm_disk *disk, struct xvm_blk_cmd *cmd, grant_ref_t head, bool write,
		      struct xvm_blk_request *out)
{
	struct xvm_blk_segment *segments = out->segments;
	u32 i;

	if (cmd->table) {
		segments = kmap_local_page(cmd->table);
		cmd->table_ref = grant(disk, &head, cmd->table, true);
		out->flags = XVM_BLK_INDIRECT;
		out->segments[0].gref = cmd->table_ref;
	}
	for (i = 0; i < cmd->pieces.nr; i++) {
		struct xvm_blk_piece *piece = &cmd->pieces.at[i];

		piece->gref = grant(disk, &head, piece->bounce ?: piece->page, write);
		segments[i] = xvm_blk_segment_of(piece);
	}
	if (cmd->table)
		kunmap_local(segments);
}

/* Gives back memory, not grants. */
static void give_back(struct xvm_blk_cmd *cmd)
{
	u32 i;

	for (i = 0; i < cmd->pieces.nr; i++) {
		if (cmd->pieces.at[i].bounce)
			mempool_free(cmd->pieces.at[i].bounce, &pages);
	}
	if (cmd->table)
		mempool_free(cmd->table, &pages);
	if (cmd->pieces.at && cmd->pieces.at != cmd->few)
		mempool_free(cmd->pieces.at, &arrays);
	cmd->table = NULL;
	cmd->pieces = (struct xvm_blk_pieces){};
}

blk_status_t xvm_blk_prepare(struct xvm_disk *disk, struct request *rq, struct xvm_blk_request *out)
{
	struct xvm_blk_cmd *cmd = blk_mq_rq_to_pdu(rq);
	bool write = req_op(rq) == REQ_OP_WRITE;
	blk_status_t status;
	grant_ref_t head;

	memset(out, 0, sizeof(*out));
	cmd->status = BLK_STS_OK;
	cmd->table = NULL;
	cmd->pieces = (struct xvm_blk_pieces){};
	if (req_op(rq) == REQ_OP_FLUSH) {
		out->op = XVM_BLK_FLUSH;
		return BLK_STS_OK;
	}
	status = collect(cmd, rq);
	if (status == BLK_STS_OK)
		status = take_pages(cmd, write);
	if (status == BLK_STS_OK &&
	    gnttab_alloc_grant_references(cmd->pieces.nr + !!cmd->table, &head) < 0)
		status = BLK_STS_RESOURCE;
	if (status != BLK_STS_OK) {
		give_back(cmd);
		return status;
	}
	out->op = write ? XVM_BLK_WRITE : XVM_BLK_READ;
	out->sector = blk_rq_pos(rq);
	out->nr_segments = cmd->pieces.nr;
	grant_all(disk, cmd, head, write, out);
	return BLK_STS_OK;
}

/*
 * True: the back end has no access any more. Else the grant stays, and so does the page, for good
 * as far as we can tell: nobody must be given a page that another domain can write.
 */
static bool end_grant(grant_ref_t ref, struct page *page)
{
	if (gnttab_try_end_foreign_access(ref))
		return true;
	gnttab_end_foreign_access(ref, page); /* holds the page until the grant is free */
	return false;
}

bool xvm_blk_finish(struct request *rq, bool done)
{
	struct xvm_blk_cmd *cmd = blk_mq_rq_to_pdu(rq);
	bool ended = true;
	u32 i;

	for (i = 0; i < cmd->pieces.nr; i++) {
		struct xvm_blk_piece *piece = &cmd->pieces.at[i];

		if (!end_grant(piece->gref, piece->bounce ?: piece->page)) {
			ended = false;
			piece->bounce = NULL; /* not back into the pool */
		} else if (piece->bounce && done && req_op(rq) == REQ_OP_READ) {
			copy_piece(piece, true);
		}
	}
	if (cmd->table && !end_grant(cmd->table_ref, cmd->table)) {
		ended = false;
		cmd->table = NULL;
	}
	give_back(cmd);
	return ended;
}
