/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two files of xvm_edu.ko share: the one device that it has, and the patterns in its
 * pages. */
#ifndef XVM_EDU_H
#define XVM_EDU_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "frontends/linux/xvm_devfront.h"

#define RUNS_MAX 512u

/* What goes along: how far the work is, and the device's registers at rest. */
struct edu_context {
	u64 limit;
	u64 wrong;
	u64 resets;
	u32 stage;
	u32 live;
	u32 factorial;
	u32 status;
	u64 source;
	u64 target;
	u64 count;
};

struct edu {
	struct xvm_device *device; /* null: none here */
	struct mutex lock;	   /* guards what the worker and requests share */
	struct task_struct *worker;
	wait_queue_head_t wake;
	struct completion interrupted;
	bool running;
	bool working; /* an operation of the device is under way, or follows at once */
	struct edu_context at;
	u64 irqs;
	u64 lost_irqs;
	u64 rest_us;
	u64 probe_at; /* a DMA for tests */
	u64 *own;     /* a page that stays: what a device that went may not reach */
	struct {
		u64 first;
		u64 last;
	} runs[RUNS_MAX];
	u32 run_count;
};
extern struct edu edu;

/* In all pages of the region but the first. */
void edu_fill_pattern(struct xvm_device *device);

/* /dev/xvm-edu, and the page of our own. */
int edu_control_start(void);
void edu_control_end(void);

#endif
