// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest says of its own memory: one node, at most once a second, on a real change only.
 *
 * The averages of memory pressure are not exported to modules; they are read where programs read
 * them, and are 0 where there is no /proc/pressure (CONFIG_PSI, or procfs is not mounted).
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "xvm_mem.h"

#define PERIOD_MS 1000

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(report_work, look);
static struct xvm_mem_report last;
static u64 seq;

static void read_pressure(struct xvm_mem_report *report)
{
	char text[200];
	struct file *file = filp_open("/proc/pressure/memory", O_RDONLY, 0);
	loff_t at = 0;
	ssize_t length;

	report->some_centipercent = 0;
	report->full_centipercent = 0;
	if (IS_ERR(file))
		return;
	length = kernel_read(file, text, sizeof(text) - 1, &at);
	filp_close(file, NULL);
	if (length <= 0)
		return;
	text[length] = 0;
	xvm_mem_parse_pressure(text, &report->some_centipercent, &report->full_centipercent);
}

static u64 kib(unsigned long pages)
{
	return (u64)pages << (PAGE_SHIFT - 10);
}

static void take(struct xvm_mem_report *now)
{
	unsigned long total = totalram_pages();
	unsigned long unused = global_zone_page_state(NR_FREE_PAGES) +
			       global_node_page_state(NR_INACTIVE_FILE) +
			       global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);

	now->total_kib = kib(total);
	now->available_kib = kib(max(si_mem_available(), 0L));
	/* What is neither free nor kept only because nobody else wanted the room. */
	now->working_set_kib = kib(total > unused ? total - unused : 0);
	read_pressure(now);
}

static void look(struct work_struct *work)
{
	struct xvm_mem_report now;
	char text[XVM_MEM_TEXT_MAX];

	take(&now);
	if (xvm_mem_report_differs(&last, &now) &&
	    xvm_mem_format_report(text, sizeof(text), seq + 1, &now) &&
	    !xenbus_write(XBT_NIL, XVM_MEM_REPORT_DIR, XVM_MEM_REPORT_NODE, text)) {
		++seq;
		last = now;
	}
	schedule_delayed_work(&report_work, msecs_to_jiffies(PERIOD_MS));
}

void xvm_mem_report_start(void)
{
	memset(&last, 0, sizeof(last)); /* a new home has no report yet */
	mod_delayed_work(system_wq, &report_work, 0);
}

void xvm_mem_report_stop(void)
{
	cancel_delayed_work_sync(&report_work);
	xenbus_rm(XBT_NIL, XVM_MEM_REPORT_DIR, XVM_MEM_REPORT_NODE);
}
