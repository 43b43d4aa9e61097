// SPDX-License-Identifier: GPL-2.0-only
/*
 * The protocol in a guest: an event is asked about, the answer names a slot, the slot's memory
 * comes or goes, and the host is told how it went.
 *
 * One thread does all of it, one slot after the other. The watch only wakes it; what is to be done
 * follows from what the store says at that moment, so a lost, doubled or late event changes
 * nothing. While a block is being emptied, which may take long, a second look (`check`) ends it by
 * a signal once the host does not want it any more, or the time is over.
 */
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "xvm_mem.h"

static unsigned int eject_timeout_ms = 15000;
module_param(eject_timeout_ms, uint, 0644);
MODULE_PARM_DESC(eject_timeout_ms,
		 "how long a block may take to be emptied, before it is answered busy");
static unsigned int keep_mib = 16;
module_param(keep_mib, uint, 0644);
MODULE_PARM_DESC(keep_mib, "available memory, MiB, below which no block is given away");

#define CHECK_MS 250u
#define NO_SLOT XVM_MEM_SLOTS_MAX

/* What is known of a slot; beyond that, the store and the kernel are asked. */
struct slot {
	bool refused;
	bool mourned;
	u32 refused_serial;
};

static struct {
	struct task_struct *thread;
	wait_queue_head_t wake;
	bool changed;
	bool anew; /* another home, or the first look: all is read again */
	bool ready;
	bool leaving;
	struct xvm_mem_layout layout;
	struct slot slots[XVM_MEM_SLOTS_MAX];
	u32 told;      /* serial of the last notice we were told of */
	u32 query;     /* the last one */
	bool asked;    /* and not answered yet */
	u32 asked_for; /* the newest notice there was then */

	/* The block that is being emptied. */
	spinlock_t lock;
	u32 giving; /* NO_SLOT: none */
	u32 giving_serial;
	unsigned long deadline;
	struct delayed_work check;
} mem;

/* --- a slot ---------------------------------------------------------------------------------- */

static u64 slot_start(u32 slot)
{
	return mem.layout.base + slot * mem.layout.slot_bytes;
}

static void refuse(u32 slot, u32 serial, u32 event, u32 status)
{
	mem.slots[slot].refused = true;
	mem.slots[slot].refused_serial = serial;
	xvm_mem_tell(slot, serial, event, status);
}

static void add(u32 slot, const struct xvm_mem_word *word)
{
	int error;

	if (word->state == XVM_MEM_IS_INSERT_PENDING && xvm_mem_accept(slot, word->serial))
		return;
	error = xvm_mem_add(slot_start(slot), mem.layout.slot_bytes);
	if (error) {
		pr_warn("xvm_mem: slot %u cannot be added: error %d\n", slot, error);
		refuse(slot, word->serial, XVM_MEM_NOTIFY_INSERT, xvm_mem_insert_status(error));
	} else if (word->state == XVM_MEM_IS_INSERT_PENDING) {
		xvm_mem_tell(slot, word->serial, XVM_MEM_NOTIFY_INSERT, XVM_MEM_OST_SUCCESS);
	}
	/* What it was found with at boot needs no answer. */
}

static int empty(u32 slot, u32 serial)
{
	u64 size = mem.layout.slot_bytes;
	int error;

	if (!xvm_mem_can_spare((u64)max(si_mem_available(), 0L) << (PAGE_SHIFT - 10), size >> 10,
			       (u64)keep_mib << 10))
		return -ENOSPC;
	spin_lock(&mem.lock);
	mem.giving = slot;
	mem.giving_serial = serial;
	mem.deadline = jiffies + msecs_to_jiffies(eject_timeout_ms);
	spin_unlock(&mem.lock);
	schedule_delayed_work(&mem.check, msecs_to_jiffies(min(eject_timeout_ms, CHECK_MS)));

	error = xvm_mem_remove(slot_start(slot), size);

	spin_lock(&mem.lock);
	mem.giving = NO_SLOT;
	spin_unlock(&mem.lock);
	cancel_delayed_work_sync(&mem.check);
	flush_signals(current);
	return error;
}

static void give(u32 slot, const struct xvm_mem_word *word)
{
	int error;

	xvm_mem_tell(slot, word->serial, XVM_MEM_NOTIFY_EJECT, XVM_MEM_OST_EJECT_PROGRESS);
	error = empty(slot, word->serial);
	if (error) {
		pr_info("xvm_mem: slot %u is kept: error %d\n", slot, error);
		refuse(slot, word->serial, XVM_MEM_NOTIFY_EJECT, xvm_mem_eject_status(error));
		return;
	}
	error = xvm_mem_eject(slot, word->serial);
	if (!error)
		return;
	/* It was emptied for nothing: the host has changed its mind, and it is still ours. */
	error = xvm_mem_add(slot_start(slot), mem.layout.slot_bytes);
	if (error)
		pr_err("xvm_mem: slot %u is not used: error %d\n", slot, error);
}

static void mourn(u32 slot)
{
	if (mem.slots[slot].mourned)
		return;
	mem.slots[slot].mourned = true;
	pr_emerg("xvm_mem: slot %u: its memory was taken without an ejection; this kernel still "
		 "has it\n",
		 slot);
}

static void visit(u32 slot)
{
	struct slot *known = &mem.slots[slot];
	struct xvm_mem_word word;
	enum xvm_mem_local local;

	if (!xvm_mem_read_word(XBT_NIL, slot, &word))
		return;
	local = xvm_mem_look(slot_start(slot), mem.layout.slot_bytes);
	switch (
	    xvm_mem_next(&word, local, known->refused && known->refused_serial == word.serial)) {
	case XVM_MEM_DO_ADD:
		add(slot, &word);
		break;
	case XVM_MEM_DO_GIVE:
		give(slot, &word);
		break;
	case XVM_MEM_DO_EJECT:
		xvm_mem_eject(slot, word.serial);
		break;
	case XVM_MEM_DO_MOURN:
		mourn(slot);
		break;
	case XVM_MEM_DO_NOTHING:
		break;
	}
}

/* --- events ---------------------------------------------------------------------------------- */

static bool read_layout(void)
{
	struct range range = mhp_get_pluggable_range(true);
	struct xvm_mem_layout layout;
	u64 version, slots;

	if (!xvm_mem_read_number(XVM_MEM_NODE_VERSION, U32_MAX, &version))
		return false; /* not yet, or never */
	if (version != XVM_MEM_VERSION ||
	    !xvm_mem_read_number(XVM_MEM_NODE_BASE, U64_MAX, &layout.base) ||
	    !xvm_mem_read_number(XVM_MEM_NODE_SLOT_BYTES, U64_MAX, &layout.slot_bytes) ||
	    !xvm_mem_read_number(XVM_MEM_NODE_SLOTS, XVM_MEM_SLOTS_MAX, &slots)) {
		pr_err_once(
		    "xvm_mem: the host's slots are of another version, or garbage; not used\n");
		return false;
	}
	layout.slots = slots;
	if (!xvm_mem_layout_ok(&layout, 0, memory_block_size_bytes(), range.end)) {
		pr_err_once(
		    "xvm_mem: %u slots of %#llx bytes at %#llx do not fit this machine's blocks "
		    "of %#lx bytes; not used\n",
		    layout.slots, layout.slot_bytes, layout.base, memory_block_size_bytes());
		return false;
	}
	mem.layout = layout;
	return true;
}

/* All slots there are nodes for; a slot without one is free. */
static void visit_all(void)
{
	unsigned int count, i;
	char **names = xenbus_directory(XBT_NIL, XVM_MEM_HOST_DIR, XVM_MEM_NODE_SLOT, &count);
	u64 slot;

	if (IS_ERR(names))
		return;
	for (i = 0; i < count && !mem.leaving; ++i)
		if (xvm_mem_parse_u64(names[i], &slot) && slot < mem.layout.slots)
			visit(slot);
	kfree(names);
}

static void ask(u32 events)
{
	int error = xenbus_printf(XBT_NIL, XVM_MEM_GUEST_DIR, XVM_MEM_NODE_QUERY, "%u %u",
				  ++mem.query, mem.told);

	mem.asked = !error;
	mem.asked_for = events;
}

static void take_answer(void)
{
	char text[XVM_MEM_TEXT_MAX];
	struct xvm_mem_answer answer;
	struct xvm_mem_word word;

	if (!mem.asked ||
	    !xvm_mem_read_text(XBT_NIL, XVM_MEM_HOST_DIR, XVM_MEM_NODE_ANSWER, text) ||
	    !xvm_mem_parse_answer(text, mem.layout.slots, &answer) || answer.query != mem.query)
		return;
	mem.asked = false;
	mem.told = answer.serial;
	switch (answer.code) {
	case XVM_MEM_NOTIFY_NONE:
		return;
	case XVM_MEM_NOTIFY_INSERT:
	case XVM_MEM_NOTIFY_EJECT:
		/* The notice may have been withdrawn since. */
		if (xvm_mem_read_word(XBT_NIL, answer.slot, &word) && word.serial == answer.serial)
			visit(answer.slot);
		return;
	default:
		xvm_mem_tell(answer.slot, answer.serial, answer.code, XVM_MEM_OST_UNRECOGNISED);
	}
}

static void announce(void)
{
	int error =
	    xenbus_printf(XBT_NIL, XVM_MEM_GUEST_DIR, XVM_MEM_NODE_VERSION, "%u", XVM_MEM_VERSION);

	if (error)
		pr_err("xvm_mem: cannot tell the host that this module is here: error %d\n", error);
}

static void look(void)
{
	u64 events;

	if (xchg(&mem.anew, false)) {
		mem.ready = false;
		announce();
	}
	if (!mem.ready) {
		if (!read_layout())
			return;
		mem.ready = true;
		mem.asked = false;
		if (!xvm_mem_read_number(XVM_MEM_NODE_EVENT, U32_MAX, &events))
			events = 0;
		mem.told = events; /* what was told before is seen by visiting all */
		visit_all();
	}
	take_answer();
	/* A question of before may have got lost: with each notice there is a new one. */
	if (xvm_mem_read_number(XVM_MEM_NODE_EVENT, U32_MAX, &events) &&
	    (s32)((u32)events - mem.told) > 0 && (!mem.asked || mem.asked_for != (u32)events))
		ask(events);
}

static int run(void *unused)
{
	allow_signal(SIGKILL); /* by which `check` ends what takes too long */
	while (!kthread_should_stop()) {
		wait_event_interruptible(mem.wake, kthread_should_stop() || READ_ONCE(mem.changed));
		flush_signals(current);
		if (xchg(&mem.changed, false) && !mem.leaving)
			look();
	}
	return 0;
}

static void wake_thread(void)
{
	WRITE_ONCE(mem.changed, true);
	wake_up(&mem.wake);
}

/* Whether the block that is being emptied is still wanted. */
static void check(struct work_struct *work)
{
	struct xvm_mem_word word;
	u32 slot, serial;
	bool over;

	spin_lock(&mem.lock);
	slot = mem.giving;
	serial = mem.giving_serial;
	over = time_after(jiffies, mem.deadline);
	spin_unlock(&mem.lock);
	if (slot == NO_SLOT)
		return;
	if (over || mem.leaving || !xvm_mem_read_word(XBT_NIL, slot, &word) ||
	    word.state != XVM_MEM_IS_EJECT_PENDING || word.serial != serial) {
		spin_lock(&mem.lock);
		if (mem.giving == slot && mem.giving_serial == serial)
			send_sig(SIGKILL, mem.thread, 1);
		spin_unlock(&mem.lock);
	}
	schedule_delayed_work(&mem.check, msecs_to_jiffies(CHECK_MS));
}

static void host_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	wake_thread();
}

static struct xenbus_watch host_watch = {
    .node = XVM_MEM_HOST_DIR,
    .callback = host_changed,
};

/* --- another home after a restore ------------------------------------------------------------ */

static int mem_restore(struct device *dev)
{
	WRITE_ONCE(mem.anew, true);
	wake_thread();
	xvm_mem_report_start();
	return 0;
}

static const struct dev_pm_ops mem_pm = {
    .restore = mem_restore,
    .thaw = mem_restore,
};

static struct platform_driver mem_driver = {
    .driver = {.name = "xvm_mem", .pm = &mem_pm},
};
static struct platform_device *mem_device;

/* --- the module ------------------------------------------------------------------------------ */

static int __init mem_start(void)
{
	int error;

	if (!xen_domain() || xen_initial_domain())
		return -ENODEV;
	init_waitqueue_head(&mem.wake);
	spin_lock_init(&mem.lock);
	INIT_DELAYED_WORK(&mem.check, check);
	mem.giving = NO_SLOT;
	mem.anew = true;
	mem.changed = true;
	error = platform_driver_register(&mem_driver);
	if (error)
		return error;
	mem_device = platform_device_register_simple("xvm_mem", -1, NULL, 0);
	if (IS_ERR(mem_device)) {
		error = PTR_ERR(mem_device);
		goto no_device;
	}
	mem.thread = kthread_run(run, NULL, "xvm_mem");
	if (IS_ERR(mem.thread)) {
		error = PTR_ERR(mem.thread);
		goto no_thread;
	}
	error = register_xenbus_watch(&host_watch); /* fires once at once */
	if (error)
		goto no_watch;
	xvm_mem_report_start();
	return 0;

no_watch:
	kthread_stop(mem.thread);
no_thread:
	platform_device_unregister(mem_device);
no_device:
	platform_driver_unregister(&mem_driver);
	return error;
}

/* The memory stays the kernel's; a module that is loaded again finds it. */
static void __exit mem_end(void)
{
	WRITE_ONCE(mem.leaving, true);
	unregister_xenbus_watch(&host_watch);
	xvm_mem_report_stop();
	mod_delayed_work(system_wq, &mem.check, 0); /* what is under way ends early */
	kthread_stop(mem.thread);
	cancel_delayed_work_sync(&mem.check);
	platform_device_unregister(mem_device);
	platform_driver_unregister(&mem_driver);
	xenbus_rm(XBT_NIL, XVM_MEM_GUEST_DIR, ""); /* the host knows that nobody listens */
}

module_init(mem_start);
module_exit(mem_end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("xvm: blocks of memory that come to a guest and go while it runs");
