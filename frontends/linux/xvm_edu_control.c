// SPDX-License-Identifier: GPL-2.0-only
/* What tests see of xvm_edu.ko: /dev/xvm-edu, the patterns in its pages, and a page that never goes
 * along. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/xen/page.h>

#include "frontends/linux/xvm_edu.h"

static u64 pattern(u32 page, u32 word)
{
	return 0x9e3779b97f4a7c15ull * (((u64)page << 32) | (word + 1));
}

void edu_fill_pattern(struct xvm_device *device)
{
	u32 page, word;

	for (page = 1; page < device->pages; ++page) {
		u64 *words = xvm_device_page(device, page);

		for (word = 0; word < PAGE_SIZE / sizeof(u64); ++word)
			words[word] = pattern(page, word);
	}
}

static u64 wrong_words(struct xvm_device *device)
{
	u64 wrong = 0;
	u32 page, word;

	for (page = 1; page < device->pages; ++page) {
		const u64 *words = xvm_device_page(device, page);

		for (word = 0; word < PAGE_SIZE / sizeof(u64); ++word)
			wrong += words[word] != pattern(page, word);
	}
	return wrong;
}

static void fill_own(void)
{
	u32 word;

	for (word = 0; word < PAGE_SIZE / sizeof(u64); ++word)
		edu.own[word] = pattern(XVM_DEV_PAGES_MAX, word);
}

static u64 wrong_own(void)
{
	u64 wrong = 0;
	u32 word;

	for (word = 0; word < PAGE_SIZE / sizeof(u64); ++word)
		wrong += READ_ONCE(edu.own[word]) != pattern(XVM_DEV_PAGES_MAX, word);
	return wrong;
}

/* --- /dev/xvm-edu -------------------------------------------------------------------------------
 */

static ssize_t show(struct file *file, char __user *to, size_t size, loff_t *at)
{
	const size_t room = 64 * RUNS_MAX;
	char *text = kvzalloc(room, GFP_KERNEL);
	size_t length = 0;
	ssize_t done;
	u32 i;

	if (!text)
		return -ENOMEM;
	mutex_lock(&edu.lock);
	length += scnprintf(text + length, room - length,
			    "state=%s irqs=%llu lost=%llu rest_us=%llu own=%#llx own_wrong=%llu",
			    !edu.device	  ? "absent"
			    : edu.running ? "running"
					  : "stopped",
			    edu.irqs, edu.lost_irqs, edu.rest_us,
			    (u64)virt_to_gfn(edu.own) << PAGE_SHIFT, wrong_own());
	if (edu.device && edu.running)
		length += scnprintf(text + length, room - length,
				    " done=%llu limit=%llu wrong=%llu resets=%llu handovers=%llu "
				    "pages=%u pattern=%llu "
				    "dma=%#llx",
				    edu.device->progress, edu.at.limit, edu.at.wrong, edu.at.resets,
				    edu.device->handovers, edu.device->pages,
				    wrong_words(edu.device), xvm_device_dma(edu.device, 0));
	length += scnprintf(text + length, room - length, "\n");
	for (i = 0; i < edu.run_count; ++i)
		if (edu.runs[i].first)
			length += scnprintf(text + length, room - length, "ran %llu %llu\n",
					    edu.runs[i].first, edu.runs[i].last);
	mutex_unlock(&edu.lock);
	done = simple_read_from_buffer(to, size, at, text, length);
	kvfree(text);
	return done;
}

static ssize_t order(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char text[64];
	u64 number;

	if (size >= sizeof(text) || copy_from_user(text, from, size))
		return -EINVAL;
	text[size] = 0;
	mutex_lock(&edu.lock);
	if (sysfs_streq(text, "own"))
		fill_own();
	else if (!edu.device || !edu.running)
		size = -ENODEV;
	else if (sscanf(text, "stream %llu", &number) == 1)
		edu.at.limit = number;
	else if (sscanf(text, "dma %llx", &number) == 1)
		edu.probe_at = number;
	else
		size = -EINVAL;
	mutex_unlock(&edu.lock);
	wake_up_all(&edu.wake);
	return size;
}

static const struct file_operations operations = {
    .owner = THIS_MODULE,
    .read = show,
    .write = order,
    .llseek = default_llseek,
};
static struct miscdevice control = {
    .minor = MISC_DYNAMIC_MINOR, .name = "xvm-edu", .mode = 0600, .fops = &operations};

int edu_control_start(void)
{
	int error;

	edu.own = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!edu.own)
		return -ENOMEM;
	fill_own();
	error = misc_register(&control);
	if (error)
		free_page((unsigned long)edu.own);
	return error;
}

void edu_control_end(void)
{
	misc_deregister(&control);
	free_page((unsigned long)edu.own);
}
