// SPDX-License-Identifier: GPL-2.0-only
/*
 * [T-8] A guest's kernel that wants to write to the timer page: maps the grant writable, then maps
 * it read-only and writes all the same. Says what happened on the console; the module never stays.
 */
#include <linux/module.h>
#include <linux/uaccess.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include "libvmshare/abi/timer.h"

static int map(struct page **frame, grant_ref_t ref, u32 flags, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op;

	gnttab_set_map_op(&op, (unsigned long)page_address(*frame), GNTMAP_host_map | flags, ref,
			  0);
	if (gnttab_map_refs(&op, NULL, frame, 1))
		return GNTST_general_error;
	*handle = op.handle;
	return op.status;
}

static void unmap(struct page **frame, u32 flags, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op;

	gnttab_set_unmap_op(&op, (unsigned long)page_address(*frame), GNTMAP_host_map | flags,
			    handle);
	if (gnttab_unmap_refs(&op, NULL, frame, 1))
		pr_err("xvm: poke: cannot unmap\n");
}

/* False: the write faulted here; the fault ends at the label. */
static bool write_word(u64 *to, u64 value)
{
	__put_kernel_nofault(to, &value, u64, faulted);
	return true;
faulted:
	return false;
}

static int __init poke_init(void)
{
	struct xvm_time_page *page;
	grant_handle_t handle;
	struct page *frame;
	unsigned int ref;
	int status;
	u64 before;

	if (xenbus_scanf(XBT_NIL, XVM_TIME_OFFER_DIR, XVM_TIME_NODE_REF, "%u", &ref) != 1)
		return -ENOENT;
	if (gnttab_alloc_pages(1, &frame))
		return -ENOMEM;
	status = map(&frame, ref, 0, &handle);
	pr_info("xvm: poke: writable mapping: %s (status %d)\n", status ? "refused" : "MADE",
		status);
	if (!status)
		unmap(&frame, 0, handle);
	status = map(&frame, ref, GNTMAP_readonly, &handle);
	if (!status) {
		page = page_address(frame);
		before = READ_ONCE(page->constants.owner_id);
		pr_info("xvm: poke: write to the read-only mapping: %s\n",
			write_word(&page->constants.owner_id, ~before) ? "returned" : "faulted");
		pr_info("xvm: poke: the page: %s\n",
			READ_ONCE(page->constants.owner_id) == before ? "unchanged" : "CHANGED");
		unmap(&frame, GNTMAP_readonly, handle);
	}
	gnttab_free_pages(1, &frame);
	return -ECANCELED;
}

module_init(poke_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("xvm: a guest that writes where it must not");
