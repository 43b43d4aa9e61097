// SPDX-License-Identifier: GPL-2.0-only
/*
 * A block becomes this kernel's memory, and ceases to be.
 *
 * Two things stand in the way in Linux 6.1, and both have their answer here:
 * - A module may add memory, but not take it online. Where the kernel does not do so itself
 *   (memhp_default_state=), the block's state file is written, as an administrator would.
 * - Xen's balloon driver takes every page that comes online into its own list, as if Xen had yet to
 *   populate it. Ours has its memory already, so the pages are taken out of that list again, by the
 *   driver's own interface, and given to the kernel.
 */
#include <linux/fs.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/balloon.h>
#include <xen/xen.h>

#include "xvm_mem.h"

#define RESOURCE_NAME "System RAM (xvm_mem)" /* the form that kexec's tools know */
#define BATCH 1024u

/* --- online ---------------------------------------------------------------------------------- */

static bool block_online(unsigned long pfn)
{
	return pfn_to_online_page(pfn) != NULL;
}

static int write_state(unsigned long block, const char *state)
{
	char path[64];
	struct file *file;
	loff_t at = 0;
	ssize_t written;

	snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%lu/state", block);
	file = filp_open(path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, state, strlen(state), &at);
	filp_close(file, NULL);
	return written < 0 ? written : 0;
}

static int take_online(u64 start, u64 size)
{
	u64 block_bytes = memory_block_size_bytes();
	u64 at;

	for (at = start; at < start + size; at += block_bytes) {
		int error;

		if (block_online(PHYS_PFN(at)))
			continue;
		error = write_state(at / block_bytes, "online_movable");
		if (block_online(PHYS_PFN(at)))
			continue; /* by somebody else, perhaps */
		pr_err_once(
		    "xvm_mem: added memory cannot be taken online: error %d; mount sysfs on "
		    "/sys, or boot with memhp_default_state=online_movable\n",
		    error);
		return error ? error : -EOPNOTSUPP;
	}
	return 0;
}

/* --- out of the balloon's list --------------------------------------------------------------- */

static bool in_balloon(u64 start)
{
	return PageOffline(pfn_to_page(PHYS_PFN(start)));
}

/* Somebody wants the guest to grow: the balloon driver would populate our pages a second time. */
static bool balloon_grows(void)
{
	return balloon_stats.target_pages > balloon_stats.current_pages;
}

/*
 * Takes every page of the block from the balloon's list. The list is last in, first out, so ours
 * come first; what is not ours goes back.
 */
static int take_from_balloon(u64 start, u64 size)
{
	unsigned long first = PHYS_PFN(start), end = PHYS_PFN(start + size);
	unsigned long wanted = end - first, taken = 0;
	struct page **pages = kvmalloc_array(BATCH, sizeof(*pages), GFP_KERNEL);
	struct page **foreign = kvmalloc_array(BATCH, sizeof(*pages), GFP_KERNEL);
	unsigned int others = 0;
	int error = pages && foreign ? 0 : -ENOMEM;

	while (!error && taken < wanted) {
		unsigned int i, count = min_t(unsigned long, BATCH, wanted - taken);

		/* More than the list has would be got by shrinking the guest. */
		if (balloon_stats.balloon_low < count || others + count > BATCH) {
			error = -EAGAIN;
			break;
		}
		error = xen_alloc_ballooned_pages(count, pages);
		if (error)
			break;
		/* They are no pages that a later growth would have to make up for. */
		balloon_stats.target_unpopulated -= count;
		for (i = 0; i < count; ++i) {
			unsigned long pfn = page_to_pfn(pages[i]);

			if (pfn >= first && pfn < end)
				++taken;
			else
				foreign[others++] = pages[i];
		}
		cond_resched();
	}
	if (others) {
		balloon_stats.target_unpopulated += others; /* the call takes it off again */
		xen_free_ballooned_pages(others, foreign);
	}
	kvfree(foreign);
	kvfree(pages);
	return error;
}

static void give_to_kernel(u64 start, u64 size)
{
	const unsigned int order = MAX_ORDER - 1; /* as the kernel takes memory online */
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);

	for (; pfn < end; pfn += 1UL << order) {
		generic_online_page(pfn_to_page(pfn), order);
		cond_resched();
	}
}

/* --- the interface --------------------------------------------------------------------------- */

enum xvm_mem_local xvm_mem_look(u64 start, u64 size)
{
	unsigned long pfn = PHYS_PFN(start);

	return block_online(pfn) && block_online(PHYS_PFN(start + size) - 1) ? XVM_MEM_PRESENT
									     : XVM_MEM_ABSENT;
}

int xvm_mem_add(u64 start, u64 size)
{
	int error;

	if (xvm_mem_look(start, size) == XVM_MEM_PRESENT && !in_balloon(start))
		return 0; /* from before this module was loaded */
	if (balloon_grows())
		return -EAGAIN;
	error = add_memory_driver_managed(0, start, size, RESOURCE_NAME, MHP_NONE);
	if (error && error != -EEXIST)
		return error;
	error = take_online(start, size);
	if (error) {
		remove_memory(start, size);
		return error;
	}
	if (!in_balloon(start))
		return 0; /* a kernel whose balloon driver leaves it alone */
	error = take_from_balloon(start, size);
	if (error) {
		/* They stay where they are: unused, and not to be taken back either. */
		pr_err("xvm_mem: memory at %#llx stays with the balloon driver: error %d\n", start,
		       error);
		return error;
	}
	give_to_kernel(start, size);
	return 0;
}

int xvm_mem_remove(u64 start, u64 size)
{
	return offline_and_remove_memory(start, size);
}
