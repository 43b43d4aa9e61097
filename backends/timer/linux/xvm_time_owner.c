// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner of the timer page: dom0's kernel writes its tick and clocks from a timer interrupt.
 *
 * Invariant: the page is written in tick_now alone, in hard interrupt context, by one timer
 * whatever the number of readers; without a grant there is no timer. A grant holds the module: it
 * cannot be unloaded while another domain may read its page.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <asm/tsc.h>
#include <asm/xen/hypervisor.h>

#include "libvmshare/abi/timer_owner.h"
#include "libvmshare/timer/writer.h"

#define PERIOD_MIN_US 100
#define PERIOD_MAX_US 500000

static unsigned int period_us = USEC_PER_SEC / HZ;
module_param(period_us, uint, 0644);
MODULE_PARM_DESC(period_us, "Microseconds between two writes (default: a tick)");

static bool precise = true;
module_param(precise, bool, 0444);
MODULE_PARM_DESC(precise,
		 "Offer the processor's counter where Xen calls it invariant (default: yes)");

struct grant {
	struct list_head list; /* by rising domid */
	u32 domid;
	grant_ref_t ref;
};

static DEFINE_MUTEX(mutex); /* grants, and whether the timer runs */
static LIST_HEAD(grants);
static unsigned int nr_grants;
static struct xvm_time_page *page;
static struct xvm_time_writer writer;
static struct hrtimer timer;
static bool counter_ok;

/* Xen knows whether the counter runs evenly on all processors, in all sleep states. */
static bool counter_is_safe(void)
{
	u32 eax, ebx, ecx, edx;

	cpuid_count(xen_cpuid_base() + 3, 0, &eax, &ebx, &ecx, &edx);
	return precise && !(eax & 1) && (eax & 2) && tsc_khz;
}

/* --- the timer interrupt ------------------------------------------------------------------------
 */

static void read_clocks(struct xvm_time_ref *ref)
{
	u64 before = counter_ok ? rdtsc_ordered() : 0, after;

	ref->ns = ktime_get_ns();
	after = counter_ok ? rdtsc_ordered() : 0;
	ref->counter = before + (after - before) / 2;
	ref->error_ns = counter_ok ? (after - before) * 500000 / tsc_khz + 1 : 1;
	ref->counter_ok = counter_ok;
	ref->utc_offset_ns = ktime_to_ns(ktime_mono_to_real(0));
	ref->tai_offset_s = (s32)div_s64(
	    ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_TAI)) - ref->utc_offset_ns, NSEC_PER_SEC);
	ref->synchronised = false; /* the kernel does not tell modules */
	ref->tick = get_jiffies_64();
}

static enum hrtimer_restart tick_now(struct hrtimer *self)
{
	s64 late = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(self)));
	u64 period_ns = clamp(period_us, PERIOD_MIN_US, PERIOD_MAX_US) * (u64)NSEC_PER_USEC;
	struct xvm_time_stats *stats = &page->stats;
	struct xvm_time_ref ref;

	WRITE_ONCE(page->tick.period_ns, period_ns);
	xvm_time_writer_begin(&writer);
	read_clocks(&ref);
	xvm_time_writer_update(&writer, &ref);
	WRITE_ONCE(stats->writes, stats->writes + 1);
	if (!in_hardirq())
		WRITE_ONCE(stats->writes_elsewhere, stats->writes_elsewhere + 1);
	if (late > 0 && late > stats->max_late_ns)
		WRITE_ONCE(stats->max_late_ns, late);
	hrtimer_forward_now(self, ns_to_ktime(period_ns));
	return HRTIMER_RESTART;
}

/* Under the mutex: as many as there are readers, one timer. */
static void set_readers(unsigned int readers)
{
	if (readers && !nr_grants) {
		WRITE_ONCE(page->stats.starts, page->stats.starts + 1);
		hrtimer_start(&timer, ns_to_ktime(0), HRTIMER_MODE_REL_PINNED_HARD);
	} else if (!readers && nr_grants) {
		hrtimer_cancel(&timer);
		xvm_time_writer_set_state(&writer, XVM_TIME_RESTING);
	}
	nr_grants = readers;
	WRITE_ONCE(page->stats.readers, readers);
}

/* --- grants
 * ------------------------------------------------------------------------------------------ */

/* The first with that domid or a higher one, or NULL. */
static struct grant *grant_from(u32 domid)
{
	struct grant *grant;

	list_for_each_entry (grant, &grants, list) {
		if (grant->domid >= domid)
			return grant;
	}
	return NULL;
}

static long give(struct xvm_time_grant *asked)
{
	struct grant *next = grant_from(asked->domid), *grant;
	int ref;

	if (asked->domid >= DOMID_FIRST_RESERVED || !asked->domid)
		return -EINVAL;
	if (next && next->domid == asked->domid) {
		asked->gref = next->ref;
		return 0;
	}
	if (nr_grants == XVM_TIME_GRANTS_MAX)
		return -EBUSY;
	grant = kzalloc(sizeof(*grant), GFP_KERNEL);
	if (!grant)
		return -ENOMEM;
	ref = gnttab_grant_foreign_access(asked->domid, virt_to_gfn(page), 1);
	if (ref < 0) {
		kfree(grant);
		return ref;
	}
	grant->domid = asked->domid;
	grant->ref = ref;
	list_add_tail(&grant->list, next ? &next->list : &grants);
	__module_get(THIS_MODULE);
	set_readers(nr_grants + 1);
	asked->gref = ref;
	return 0;
}

static long take_back(const struct xvm_time_grant *asked)
{
	struct grant *grant = grant_from(asked->domid);

	if (!grant || grant->domid != asked->domid)
		return -ENOENT;
	if (!gnttab_try_end_foreign_access(grant->ref))
		return -EBUSY;
	list_del(&grant->list);
	kfree(grant);
	set_readers(nr_grants - 1);
	module_put(THIS_MODULE);
	return 0;
}

static long name_next(struct xvm_time_grant *asked)
{
	const struct grant *grant = grant_from(asked->domid);

	if (!grant)
		return -ENOENT;
	asked->domid = grant->domid;
	asked->gref = grant->ref;
	return 0;
}

/* --- the device
 * ------------------------------------------------------------------------------------------ */

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct xvm_time_grant asked;
	long result = -ENOTTY;

	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (copy_from_user(&asked, (void __user *)argument, sizeof(asked)))
		return -EFAULT;
	mutex_lock(&mutex);
	if (command == XVM_TIME_IOC_GRANT)
		result = give(&asked);
	else if (command == XVM_TIME_IOC_REVOKE)
		result = take_back(&asked);
	else if (command == XVM_TIME_IOC_NEXT)
		result = name_next(&asked);
	mutex_unlock(&mutex);
	if (!result && copy_to_user((void __user *)argument, &asked, sizeof(asked)))
		result = -EFAULT;
	return result;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EROFS;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	vma->vm_flags &= ~(VM_MAYWRITE | VM_MAYEXEC);
	return vm_insert_page(vma, vma->vm_start, virt_to_page(page));
}

static const struct file_operations device_ops = {
    .owner = THIS_MODULE,
    .unlocked_ioctl = device_ioctl,
    .mmap = device_mmap,
};

static struct miscdevice device = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "xvm_time_owner",
    .fops = &device_ops,
    .mode = 0644,
};

static int __init owner_init(void)
{
	u64 id = get_random_u64() | 1;
	int error;

	if (!xen_initial_domain())
		return -ENODEV;
	page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	counter_ok = counter_is_safe();
	xvm_time_writer_init(&writer, page, XVM_TIME_OWNER_KERNEL, HZ, id, tsc_khz * 1000ULL);
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = tick_now;
	error = misc_register(&device);
	if (error) {
		free_page((unsigned long)page);
		return error;
	}
	pr_info("xvm_time_owner: %u ticks a second, %s\n", HZ,
		counter_ok ? "precise" : "no invariant counter: ticks only");
	return 0;
}

/* No grant is left, nobody has the device open. */
static void __exit owner_exit(void)
{
	misc_deregister(&device);
	hrtimer_cancel(&timer);
	free_page((unsigned long)page);
}

module_init(owner_init);
module_exit(owner_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("xvm: dom0's timer page");
