// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that change their owner. A page of this kernel's memory map stays; the frame behind it goes
 * and comes. In a PV guest that is three things: the table of frames (p2m), Xen's table of the
 * reverse, and the mapping of the page in the kernel's own range. In a PVH guest Xen does it all.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <xen/grant_table.h>
#include <xen/interface/memory.h>
#include <xen/page.h>
#include <xen/xen.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>

#include "frontends/linux/xvm_devfront_internal.h"

/* Of one call; the thread is one, so they need no lock. */
static struct multicall_entry calls[XVM_DEV_PAGES_MAX];
static struct mmu_update updates[XVM_DEV_PAGES_MAX];
static struct gnttab_transfer transfers[XVM_DEV_PAGES_MAX];

static void *va(const struct xvm_region *region, u32 page)
{
	return page_address(region->page[page]);
}

u32 xvm_region_frame(const struct xvm_region *region, u32 page)
{
	const unsigned long pfn = page_to_pfn(region->page[page]);

	return xen_pv_domain() ? pfn_to_mfn(pfn) : pfn;
}

/* The multicalls of a batch; how many failed. */
static u32 run_calls(u32 count)
{
	u32 i, failed = 0;

	if (!count)
		return 0;
	if (HYPERVISOR_multicall(calls, count))
		return count;
	for (i = 0; i < count; ++i)
		failed += calls[i].result != 0;
	return failed;
}

static void map_call(u32 at, void *address, pte_t pte, bool last)
{
	/* Not by MULTI_update_va_mapping(): its trace point is not for modules. */
	calls[at] = (struct multicall_entry){
	    .op = __HYPERVISOR_update_va_mapping,
	    .args = {(unsigned long)address, pte.pte, last ? UVMF_TLB_FLUSH | UVMF_ALL : 0}};
}

/* The kernel does not reach the pages any more: no mapping, no entry in the table. PV. */
static int unmap(struct xvm_region *region)
{
	u32 i;

	for (i = 0; i < region->count; ++i)
		map_call(i, va(region, i), __pte_ma(0), i + 1 == region->count);
	if (run_calls(region->count))
		return -EIO;
	for (i = 0; i < region->count; ++i)
		xen_p2m_addr[page_to_pfn(region->page[i])] = INVALID_P2M_ENTRY;
	return 0;
}

/* Frames behind pages [from, from + count) that have none: mfn[i] behind the i-th. PV. */
static int map(struct xvm_region *region, u32 from, u32 count, const xen_pfn_t *mfn)
{
	u32 i;

	for (i = 0; i < count; ++i) {
		updates[i].ptr = ((u64)mfn[i] << PAGE_SHIFT) | MMU_MACHPHYS_UPDATE;
		updates[i].val = page_to_pfn(region->page[from + i]);
	}
	if (count && HYPERVISOR_mmu_update(updates, count, NULL, DOMID_SELF))
		return -EIO;
	for (i = 0; i < count; ++i) {
		xen_p2m_addr[page_to_pfn(region->page[from + i])] = mfn[i];
		map_call(i, va(region, from + i), mfn_pte(mfn[i], PAGE_KERNEL), i + 1 == count);
	}
	if (run_calls(count))
		return -EIO;
	for (i = 0; i < count; ++i)
		region->there[from + i] = true;
	return 0;
}

int xvm_region_alloc(struct xvm_region *region, u32 count)
{
	u32 i;

	memset(region, 0, sizeof(*region));
	for (i = 0; i < count; ++i) {
		region->page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!region->page[i]) {
			xvm_region_free(region);
			return -ENOMEM;
		}
		region->there[i] = true;
		++region->count;
	}
	return 0;
}

/* The memory of all pages goes to the hypervisor. How many went, from the first one on. */
static u32 give_up(struct xvm_region *region)
{
	xen_pfn_t *frames = kmalloc_array(region->count, sizeof(*frames), GFP_KERNEL);
	struct xen_memory_reservation reservation = {.nr_extents = region->count,
						     .domid = DOMID_SELF};
	int done;
	u32 i;

	if (!frames)
		return 0;
	for (i = 0; i < region->count; ++i)
		frames[i] = xvm_region_frame(region, i);
	if (xen_pv_domain() && unmap(region)) {
		kfree(frames);
		return 0;
	}
	set_xen_guest_handle(reservation.extent_start, frames);
	done = HYPERVISOR_memory_op(XENMEM_decrease_reservation, &reservation);
	done = max(done, 0);
	for (i = 0; i < done; ++i)
		region->there[i] = false;
	if (xen_pv_domain() && done < region->count)
		map(region, done, region->count - done, frames + done);
	kfree(frames);
	return done;
}

static void return_refs(struct xvm_region *region)
{
	u32 i;

	for (i = 0; i < region->count; ++i) {
		if (region->ref[i])
			gnttab_free_grant_reference(region->ref[i]);
		region->ref[i] = 0;
	}
}

int xvm_region_room(struct xvm_region *region, u32 count)
{
	grant_ref_t head;
	int error = xvm_region_alloc(region, count);
	u32 i;

	if (error)
		return error;
	if (gnttab_alloc_grant_references(count, &head)) {
		xvm_region_free(region);
		return -ENOSPC;
	}
	for (i = 0; i < count; ++i)
		region->ref[i] = gnttab_claim_grant_reference(&head);
	if (give_up(region) == count)
		return 0;
	xvm_region_free(region);
	return -ENOMEM;
}

int xvm_region_insert(struct xvm_region *region, const u32 *frames)
{
	xen_pfn_t *mfns;
	u32 i, run, error = 0;

	if (!xen_pv_domain()) {
		for (i = 0; i < region->count; ++i)
			region->there[i] |= frames[i] != 0;
	} else {
		mfns = kmalloc_array(region->count, sizeof(*mfns), GFP_KERNEL);
		if (!mfns)
			return -ENOMEM;
		for (i = 0; i < region->count; ++i)
			mfns[i] = frames[i];
		for (i = 0; i < region->count && !error; i += max(run, 1u)) {
			for (run = 0;
			     i + run < region->count && mfns[i + run] && !region->there[i + run];)
				++run;
			if (run)
				error = map(region, i, run, mfns + i);
		}
		kfree(mfns);
	}
	return_refs(region);
	return error;
}

u32 xvm_region_transfer(struct xvm_region *region, u16 domid, const u32 *refs)
{
	u32 i, gone = 0;

	for (i = 0; i < region->count; ++i) {
		transfers[i].mfn = xvm_region_frame(region, i);
		transfers[i].domid = domid;
		transfers[i].ref = refs[i];
		transfers[i].status = GNTST_general_error;
	}
	/* Xen takes no page that is mapped anywhere. */
	if (!xen_pv_domain() || unmap(region))
		return 0;
	if (HYPERVISOR_grant_table_op(GNTTABOP_transfer, transfers, region->count))
		pr_err("xvm_devfront: pages cannot be transferred\n");
	for (i = 0; i < region->count; ++i) {
		const xen_pfn_t mfn = transfers[i].mfn;

		/* Of all failures only this one leaves the page to its owner. */
		if (transfers[i].status == GNTST_bad_page) {
			map(region, i, 1, &mfn);
			continue;
		}
		region->there[i] = false;
		gone += transfers[i].status == GNTST_okay;
	}
	return gone;
}

u32 xvm_region_release(struct xvm_region *region)
{
	u32 i;

	for (i = 0; i < region->count; ++i)
		clear_page(va(region, i));
	return give_up(region);
}

static bool refill(struct xvm_region *region, u32 page)
{
	xen_pfn_t frame = page_to_pfn(region->page[page]);
	struct xen_memory_reservation reservation = {.nr_extents = 1, .domid = DOMID_SELF};

	set_xen_guest_handle(reservation.extent_start, &frame);
	if (HYPERVISOR_memory_op(XENMEM_populate_physmap, &reservation) != 1)
		return false;
	if (xen_pv_domain())
		return map(region, page, 1, &frame) == 0;
	region->there[page] = true;
	return true;
}

void xvm_region_free(struct xvm_region *region)
{
	u32 i, lost = 0;

	return_refs(region);
	for (i = 0; i < region->count; ++i) {
		if (!region->there[i] && !refill(region, i)) {
			++lost; /* a page without memory is nobody's */
			continue;
		}
		clear_page(va(region, i));
		__free_page(region->page[i]);
	}
	if (lost)
		pr_err("xvm_devfront: %u pages stay without memory: the host has none\n", lost);
	memset(region, 0, sizeof(*region));
}
