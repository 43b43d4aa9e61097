// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page's life in a guest: asked for over the store, mapped, watched, let go before a suspend.
 *
 * What dom0 says is believed only after it was judged: a page that is none is unmapped again.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <xen/xen.h>
#include <xen/xenbus.h>
#include <asm/xen/hypervisor.h>

#include "xvm_timer.h"

#define CHECK_MS 100
#define SAMPLES 8

struct xvm_timer xvm_timer;

/* --- what this kernel reads --------------------------------------------------------------------
 */

u64 xvm_timer_stamp(void)
{
	struct xvm_time_reader *reader;
	u64 stamp = 0;

	rcu_read_lock();
	reader = rcu_dereference(xvm_timer.current_reader);
	if (reader)
		stamp = xvm_time_stamp(reader);
	rcu_read_unlock();
	return stamp;
}
EXPORT_SYMBOL_GPL(xvm_timer_stamp);

int xvm_timer_snapshot(struct xvm_time_snapshot *out)
{
	struct xvm_time_reader *reader;
	int error = -ENODEV;

	rcu_read_lock();
	reader = rcu_dereference(xvm_timer.current_reader);
	if (reader)
		error = xvm_time_read_snapshot(reader, out) == XVM_TIME_OK ? 0 : -ETIMEDOUT;
	rcu_read_unlock();
	return error;
}

/* --- this machine's counter against the owner's -------------------------------------------------
 */

/* Whether Xen says that the counter runs evenly, and reading it does not trap. */
static bool counter_is_native(void)
{
	u32 eax, ebx, ecx, edx;

	cpuid_count(xen_cpuid_base() + 3, 0, &eax, &ebx, &ecx, &edx);
	return !(eax & 1) && (eax & 2);
}

/*
 * A guest's counter may begin elsewhere than the owner's. Seen right after a tick was written, the
 * difference is the offset and how long we took to see it; the least of some is close to it.
 */
static void measure_counter(struct xvm_timer *t, struct xvm_time_local *next)
{
	const struct xvm_time_page *page = t->page;
	u64 least = 0, first = 0, first_page = 0;
	u64 here = 0, there = 0, end;
	unsigned int i;

	next->counter_ok = 0;
	if (!(READ_ONCE(page->line.flags) & XVM_TIME_LINE_VALID) || !counter_is_native())
		return;
	for (i = 0; i < SAMPLES; i++) {
		u64 beat = READ_ONCE(page->tick.heartbeat);

		end = ktime_get_ns() + page->constants.stale_after_ns / 8;
		while (READ_ONCE(page->tick.heartbeat) == beat) {
			cpu_relax();
			if (ktime_get_ns() > end)
				return;
		}
		here = rdtsc_ordered();
		there = READ_ONCE(page->tick.counter);
		if (!i) {
			first = here;
			first_page = there;
		}
		if (!i || (s64)(here - there - least) < 0)
			least = here - there;
		cond_resched();
	}
	/* The same rate, within 0.1 %: else it is another counter. */
	here -= first;
	there -= first_page;
	if ((here > there ? here - there : there - here) > there / 1000)
		return;
	next->counter_sub =
	    (s64)least >= 0 && least < (u64)tsc_khz ? 0 : least; /* below 1 ms: none */
	next->counter_ok = 1;
}

/* --- attach and detach ---------------------------------------------------------------------------
 */

/* From here on values go on from where the page before left them. */
static void join_owner(struct xvm_timer *t)
{
	struct xvm_time_local next = xvm_time_join(t->local, t->page, &t->past);

	measure_counter(t, &next);
	xvm_time_publish_local(t->local, &next);
}

static void unmap_grant(struct xvm_timer *t)
{
	struct gnttab_unmap_grant_ref op;

	gnttab_set_unmap_op(&op, (unsigned long)t->page, GNTMAP_host_map | GNTMAP_readonly,
			    t->handle);
	if (gnttab_unmap_refs(&op, NULL, &t->frame, 1) || op.status != GNTST_okay)
		pr_err("xvm_timer: grant %u cannot be unmapped: status %d\n", t->ref, op.status);
	t->page = NULL;
}

static int map_grant(struct xvm_timer *t, grant_ref_t ref)
{
	void *at = page_address(t->frame);
	struct gnttab_map_grant_ref op;

	gnttab_set_map_op(&op, (unsigned long)at, GNTMAP_host_map | GNTMAP_readonly, ref, 0);
	if (gnttab_map_refs(&op, NULL, &t->frame, 1) || op.status != GNTST_okay)
		return -EACCES;
	t->ref = ref;
	t->handle = op.handle;
	t->page = at;
	return 0;
}

static void detach(struct xvm_timer *t)
{
	if (!t->attached)
		return;
	xvm_timer_dev_zap();
	rcu_assign_pointer(t->current_reader, NULL);
	synchronize_rcu();
	xvm_time_note_past(&t->reader, &t->past);
	unmap_grant(t);
	t->attached = false;
}

static void attach(struct xvm_timer *t, grant_ref_t ref, u64 offered_id)
{
	if (map_grant(t, ref)) {
		pr_err("xvm_timer: grant %u of dom0 cannot be mapped\n", ref);
		return;
	}
	t->offered_id = offered_id;
	if (!xvm_time_constants_ok(&t->page->constants)) {
		pr_err("xvm_timer: grant %u of dom0 is no timer page, or of another version (magic "
		       "%llx, version %u); not used\n",
		       ref, t->page->constants.magic, t->page->constants.abi_major);
		unmap_grant(t);
		return;
	}
	join_owner(t);
	if (xvm_time_open(&t->reader, t->page, t->local) != XVM_TIME_OK) {
		pr_err("xvm_timer: the page of grant %u changes while it is opened; not used\n",
		       ref);
		unmap_grant(t);
		return;
	}
	t->generation = READ_ONCE(t->page->line.generation);
	t->attached = true;
	rcu_assign_pointer(t->current_reader, &t->reader);
	pr_info("xvm_timer: time from dom0: %u ticks a second, written by %s, %s\n",
		t->reader.constants.tick_hz,
		t->reader.constants.owner == XVM_TIME_OWNER_KERNEL ? "its kernel" : "a program",
		t->reader.counter_ok ? "precise" : "no counter: ticks only");
	wake_up_interruptible(&t->disrupted);
	schedule_delayed_work(&t->check, 0);
}

/* --- the store
 * ------------------------------------------------------------------------------------ */

/* Paths of a guest are relative to its home. */
static void ask(void)
{
	int error = xenbus_printf(XBT_NIL, XVM_TIME_ASK_DIR, XVM_TIME_NODE_VERSION, "%u",
				  XVM_TIME_ABI_MAJOR);

	if (error)
		pr_err("xvm_timer: cannot ask for the page: error %d\n", error);
}

static void look(struct work_struct *work)
{
	struct xvm_timer *t = &xvm_timer;
	unsigned long long id;
	unsigned int ref;

	mutex_lock(&t->mutex);
	if (!t->suspended &&
	    xenbus_scanf(XBT_NIL, XVM_TIME_OFFER_DIR, XVM_TIME_NODE_REF, "%u", &ref) == 1 &&
	    xenbus_scanf(XBT_NIL, XVM_TIME_OFFER_DIR, XVM_TIME_NODE_ID, "%llu", &id) == 1 &&
	    !(t->attached && t->ref == ref && t->offered_id == id)) {
		detach(t);
		attach(t, ref, id);
	}
	mutex_unlock(&t->mutex);
}
static DECLARE_WORK(look_work, look);

static void offer_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	schedule_work(&look_work);
}

static struct xenbus_watch offer_watch = {
    .node = XVM_TIME_OFFER_DIR,
    .callback = offer_changed,
};

/* --- the watch over the owner
 * ----------------------------------------------------------------------- */

void xvm_timer_look(void)
{
	struct xvm_timer *t = &xvm_timer;
	const struct xvm_time_reader *reader;
	unsigned long flags;
	bool disrupted = false;
	u64 generation;

	rcu_read_lock();
	reader = rcu_dereference(t->current_reader);
	if (reader) {
		spin_lock_irqsave(&t->watch, flags);
		generation = READ_ONCE(reader->page->line.generation);
		disrupted = generation != t->generation;
		if (disrupted) {
			t->generation = generation;
			WRITE_ONCE(t->local->disruptions, t->local->disruptions + 1);
		}
		spin_unlock_irqrestore(&t->watch, flags);
	}
	rcu_read_unlock();
	if (disrupted)
		wake_up_interruptible(&t->disrupted);
}

static u64 poll_period_ns(void)
{
	const struct xvm_time_reader *reader;
	u64 ns = TICK_NSEC;

	rcu_read_lock();
	reader = rcu_dereference(xvm_timer.current_reader);
	if (reader)
		ns = clamp_t(u64, reader->constants.tick_ns / 2, NSEC_PER_MSEC / 2, TICK_NSEC);
	rcu_read_unlock();
	return ns;
}

static enum hrtimer_restart poll_now(struct hrtimer *self)
{
	xvm_timer_look();
	if (!wq_has_sleeper(&xvm_timer.disrupted))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(self, ns_to_ktime(poll_period_ns()));
	return HRTIMER_RESTART;
}

void xvm_timer_watch(void)
{
	smp_mb(); /* whoever just went to sleep is seen by poll_now, or its end is seen here */
	if (!hrtimer_is_queued(&xvm_timer.poll_timer))
		hrtimer_start(&xvm_timer.poll_timer, ns_to_ktime(poll_period_ns()),
			      HRTIMER_MODE_REL);
}

static void check(struct work_struct *work)
{
	struct xvm_timer *t = &xvm_timer;
	bool stale;

	mutex_lock(&t->mutex);
	if (t->attached) {
		stale = !xvm_time_alive(&t->reader, ktime_get_ns());
		if (stale != t->local->stale) {
			WRITE_ONCE(t->local->stale, stale);
			pr_info("xvm_timer: the owner of the page %s\n",
				stale ? "is silent" : "is back");
		}
		xvm_timer_look();
		schedule_delayed_work(&t->check, msecs_to_jiffies(CHECK_MS));
	}
	mutex_unlock(&t->mutex);
}

/* --- suspend: a mapping of another domain's page does not move with us
 * ------------------------------- */

static int timer_freeze(struct device *dev)
{
	mutex_lock(&xvm_timer.mutex);
	xvm_timer.suspended = true;
	detach(&xvm_timer);
	mutex_unlock(&xvm_timer.mutex);
	return 0;
}

static int timer_restore(struct device *dev)
{
	mutex_lock(&xvm_timer.mutex);
	xvm_timer.suspended = false;
	mutex_unlock(&xvm_timer.mutex);
	ask();
	schedule_work(&look_work);
	return 0;
}

static const struct dev_pm_ops timer_pm = {
    .freeze = timer_freeze,
    .thaw = timer_restore,
    .restore = timer_restore,
};

static struct platform_driver timer_driver = {
    .driver = {.name = "xvm_timer", .pm = &timer_pm},
};
static struct platform_device *timer_device;

/* --- the module
 * --------------------------------------------------------------------------------------- */

static void forget_page(struct xvm_timer *t)
{
	mutex_lock(&t->mutex);
	t->suspended = true; /* nothing is attached any more */
	detach(t);
	mutex_unlock(&t->mutex);
	cancel_delayed_work_sync(&t->check);
	hrtimer_cancel(&t->poll_timer);
	gnttab_free_pages(1, &t->frame);
	free_page((unsigned long)t->local);
}

static int __init timer_init(void)
{
	struct xvm_timer *t = &xvm_timer;
	int error;

	if (!xen_domain())
		return -ENODEV;
	mutex_init(&t->mutex);
	init_waitqueue_head(&t->disrupted);
	INIT_DELAYED_WORK(&t->check, check);
	spin_lock_init(&t->watch);
	hrtimer_init(&t->poll_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	t->poll_timer.function = poll_now;
	t->local = (void *)get_zeroed_page(GFP_KERNEL);
	if (!t->local)
		return -ENOMEM;
	error = gnttab_alloc_pages(1, &t->frame);
	if (error)
		goto no_frame;
	error = xvm_timer_dev_init();
	if (error)
		goto no_device;
	error = platform_driver_register(&timer_driver);
	if (error)
		goto no_driver;
	timer_device = platform_device_register_simple("xvm_timer", -1, NULL, 0);
	if (IS_ERR(timer_device)) {
		error = PTR_ERR(timer_device);
		goto no_platform;
	}
	error = xvm_timer_ptp_init();
	if (error)
		goto no_ptp;
	error = register_xenbus_watch(&offer_watch); /* fires once at once */
	if (error)
		goto no_watch;
	ask();
	return 0;

no_watch:
	xvm_timer_ptp_exit();
no_ptp:
	platform_device_unregister(timer_device);
no_platform:
	platform_driver_unregister(&timer_driver);
no_driver:
	xvm_timer_dev_exit();
no_device:
	gnttab_free_pages(1, &t->frame);
no_frame:
	free_page((unsigned long)t->local);
	return error;
}

static void __exit timer_exit(void)
{
	unregister_xenbus_watch(&offer_watch);
	cancel_work_sync(&look_work);
	xvm_timer_ptp_exit();
	platform_device_unregister(timer_device);
	platform_driver_unregister(&timer_driver);
	xvm_timer_dev_exit();
	forget_page(&xvm_timer);
	xenbus_rm(XBT_NIL, XVM_TIME_ASK_DIR, ""); /* dom0 takes its grant back */
}

module_init(timer_init);
module_exit(timer_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("xvm: the shared timer page in a guest");
