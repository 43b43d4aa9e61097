// SPDX-License-Identifier: GPL-2.0-only
/*
 * [M-13] A guest that reads all of its memory, used or not, for what another has left in it: words
 * of eight bytes that are BYTE each, and pages that are nothing else. Says so on the console; the
 * module never stays. The word itself is not written anywhere here, or it would be found.
 *     insmod xvm_search.ko byte=167
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

static unsigned int byte;
module_param(byte, uint, 0);

/* False: there is nothing at this address, as of a page that is with the balloon. */
static bool read_word(const u64 *from, u64 *word)
{
	__get_kernel_nofault(word, from, u64, faulted);
	return true;
faulted:
	return false;
}

static unsigned int words_of(const u64 *page, u64 unwanted)
{
	unsigned int i, words = 0;
	u64 first;

	if (!read_word(page, &first))
		return 0;
	for (i = 0; i < PAGE_SIZE / sizeof(u64); ++i)
		words += ~READ_ONCE(page[i]) == unwanted;
	return words;
}

static int __init search(void)
{
	/* Its complement: what is searched for must not lie on this stack. */
	u64 unwanted = 0x0101010101010101ULL * (u8)~byte;
	unsigned long pfn, read = 0, words = 0, pages = 0;
	int node;

	for_each_online_node(node)
	{
		for (pfn = node_start_pfn(node); pfn < node_end_pfn(node); ++pfn) {
			struct page *page = pfn_to_online_page(pfn);
			unsigned int found;

			if (!page || PageOffline(page))
				continue;
			found = words_of(page_address(page), unwanted);
			++read;
			words += found;
			pages += found == PAGE_SIZE / sizeof(u64);
			if (!(pfn % 4096))
				cond_resched();
		}
	}
	pr_emerg("xvm: read=%lu words=%lu full=%lu\n", read, words, pages);
	return -ECANCELED;
}
module_init(search);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Searches a guest's memory for what others left there");
