// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page of commands. The host's event wakes one thread; it looks whether there is a new request,
 * copies it, does it, answers. An event without a request does nothing, and a request is done once,
 * however often the host rings.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include <asm/xen/hypercall.h>

#include "frontends/linux/xvm_devfront_internal.h"

static struct {
	struct task_struct *thread;
	wait_queue_head_t wake;
	struct xvm_dev_page *page;
	grant_ref_t ref;
	evtchn_port_t port;
	int irq;
	u32 done; /* number of the last request that was answered */
	struct xvm_slot *slots;
	struct xvm_device_driver *evicted;
	struct completion eviction;
} front;

static struct xvm_slot *find(u32 address)
{
	u32 i;

	for (i = 0; i < XVM_DEV_MAX; ++i)
		if (front.slots[i].state != XVM_DEV_ABSENT &&
		    front.slots[i].device.address == address)
			return &front.slots[i];
	return NULL;
}

static struct xvm_slot *claim(u32 address)
{
	u32 i;

	for (i = 0; i < XVM_DEV_MAX; ++i)
		if (front.slots[i].state == XVM_DEV_ABSENT) {
			memset(&front.slots[i], 0, sizeof(front.slots[i]));
			front.slots[i].device.address = address;
			return &front.slots[i];
		}
	return NULL;
}

/* --- requests -------------------------------------------------------------------------------- */

static void show_frames(const struct xvm_slot *slot)
{
	u32 i;

	for (i = 0; i < slot->region.count; ++i) {
		front.page->frames[i] = slot->region.there[i] || !xen_pv_domain()
					    ? xvm_region_frame(&slot->region, i)
					    : 0;
		front.page->refs[i] = slot->region.ref[i];
	}
}

/* What the host wrote beside the request; once. */
static void copy_list(u32 *to, const u32 *from)
{
	u32 i;

	for (i = 0; i < XVM_DEV_PAGES_MAX; ++i)
		to[i] = READ_ONCE(from[i]);
}

static int prepare(struct xvm_slot *slot, const struct xvm_dev_request *request)
{
	if (!xvm_devfront_driver(request->arg[0]))
		return -ENODEV;
	slot->engine = request->arg[2];
	return slot->engine == XVM_DEV_TRANSFER ? xvm_region_room(&slot->region, request->arg[1])
						: xvm_region_alloc(&slot->region, request->arg[1]);
}

static void flip(struct xvm_slot *slot, const struct xvm_dev_request *request)
{
	static u32 refs[XVM_DEV_PAGES_MAX];

	if (request->arg[1] == XVM_DEV_TRANSFER) {
		copy_list(refs, front.page->refs);
		slot->gone = xvm_region_transfer(&slot->region, request->arg[0], refs);
	} else {
		slot->gone = xvm_region_release(&slot->region);
	}
}

static u32 fulfil(struct xvm_slot *slot, const struct xvm_dev_request *request)
{
	static u32 frames[XVM_DEV_PAGES_MAX];
	int error = 0;

	switch (request->kind) {
	case XVM_DEV_PREPARE:
		error = prepare(slot, request);
		break;
	case XVM_DEV_ABANDON:
		copy_list(frames, front.page->frames);
		if (slot->engine == XVM_DEV_TRANSFER)
			error = xvm_region_insert(&slot->region, frames);
		xvm_region_free(&slot->region);
		break;
	case XVM_DEV_STOP:
		error = xvm_devfront_stop(slot, request->arg[0]);
		break;
	case XVM_DEV_FLIP:
		/* Also in part: what did not go is of no use alone. The answer says how many did.
		 */
		flip(slot, request);
		break;
	case XVM_DEV_TAKE:
		copy_list(frames, front.page->frames);
		error = xvm_devfront_take(slot, request, frames);
		break;
	case XVM_DEV_RUN:
		xvm_devfront_run(slot);
		break;
	case XVM_DEV_REFILL:
	case XVM_DEV_DROP:
		xvm_devfront_end(slot);
		xvm_region_free(&slot->region);
		break;
	}
	if (error)
		pr_warn("xvm_devfront: device %#x: request %u failed: error %d\n", request->device,
			request->kind, error);
	return xvm_dev_status_of(error);
}

/* Also when it was done before: the answer has all that it had then. */
static void report(const struct xvm_slot *slot, const struct xvm_dev_request *request,
		   struct xvm_dev_answer *answer)
{
	switch (request->kind) {
	case XVM_DEV_PREPARE:
		show_frames(slot);
		break;
	case XVM_DEV_STOP:
		show_frames(slot);
		memcpy(front.page->context, slot->context, sizeof(slot->context));
		answer->value[0] = slot->context_bytes;
		answer->value[1] = slot->region.count;
		answer->value[2] = slot->rest_ns;
		break;
	case XVM_DEV_FLIP:
		answer->value[0] = slot->gone;
		if (slot->gone != slot->region.count)
			answer->status = XVM_DEV_LOST_PAGES;
		break;
	case XVM_DEV_TAKE:
	case XVM_DEV_RUN:
		answer->value[0] = slot->device.progress;
		break;
	}
}

static void answer_look(const struct xvm_dev_request *request, struct xvm_dev_answer *answer)
{
	struct xvm_device_driver *driver = xvm_devfront_driver(request->arg[0]);

	if (driver)
		answer->value[0] = driver->pages();
	else
		answer->status = XVM_DEV_NO_DRIVER;
}

static void handle(const struct xvm_dev_request *request, struct xvm_dev_answer *answer)
{
	struct xvm_slot *slot = find(request->device);
	const enum xvm_dev_state before = slot ? slot->state : XVM_DEV_ABSENT;
	const enum xvm_dev_task task = xvm_dev_next(before, request, &answer->status);

	if (task == XVM_DEV_DO && request->kind == XVM_DEV_LOOK) {
		answer_look(request, answer);
	} else if (task == XVM_DEV_DO) {
		if (!slot)
			slot = claim(request->device);
		answer->status = slot ? fulfil(slot, request) : XVM_DEV_FULL;
		if (answer->status == XVM_DEV_OK)
			slot->state = xvm_dev_after(before, request->kind);
	}
	if (slot && task != XVM_DEV_REFUSE && answer->status == XVM_DEV_OK)
		report(slot, request, answer);
	answer->state = slot ? slot->state : XVM_DEV_ABSENT;
}

static void look(void)
{
	struct xvm_dev_request request;
	struct xvm_dev_answer answer = {0};
	u32 number = READ_ONCE(front.page->request.number);

	if (number != front.done + 1)
		return;
	rmb(); /* the number says that the rest is there */
	memcpy(&request, &front.page->request, sizeof(request));
	barrier(); /* only the copy from here on */
	handle(&request, &answer);
	answer.kind = request.kind;
	answer.number = front.page->answer.number;
	memcpy(&front.page->answer, &answer, sizeof(answer));
	wmb(); /* the number says that the rest is there */
	front.done = number;
	WRITE_ONCE(front.page->answer.number, number);
	notify_remote_via_evtchn(front.port);
}

/* A driver goes, and its devices with it; the host finds them absent. */
static void evict(struct xvm_device_driver *driver)
{
	u32 i;

	for (i = 0; i < XVM_DEV_MAX; ++i) {
		struct xvm_slot *slot = &front.slots[i];

		if (slot->state == XVM_DEV_ABSENT || slot->driver != driver)
			continue;
		if (slot->state == XVM_DEV_TAKEN || slot->state == XVM_DEV_RUNNING)
			while (xvm_devfront_stop(slot, 10000))
				pr_warn("xvm_devfront: device %#x does not come to rest\n",
					slot->device.address);
		xvm_devfront_end(slot);
		xvm_region_free(&slot->region);
		slot->state = XVM_DEV_ABSENT;
	}
}

static int run(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_interruptible(
		    front.wake, kthread_should_stop() || READ_ONCE(front.evicted) ||
				    READ_ONCE(front.page->request.number) == front.done + 1);
		if (READ_ONCE(front.evicted)) {
			evict(front.evicted);
			WRITE_ONCE(front.evicted, NULL);
			complete(&front.eviction);
		}
		look();
	}
	return 0;
}

void xvm_devfront_evict(struct xvm_device_driver *driver)
{
	reinit_completion(&front.eviction);
	WRITE_ONCE(front.evicted, driver);
	wake_up(&front.wake);
	wait_for_completion(&front.eviction);
}

/* --- the page and the port ------------------------------------------------------------------- */

static irqreturn_t ring(int irq, void *unused)
{
	wake_up(&front.wake);
	return IRQ_HANDLED;
}

static int open_port(void)
{
	struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = 0};
	struct evtchn_close close;

	if (HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc))
		return -EIO;
	front.port = alloc.port;
	front.irq = bind_evtchn_to_irqhandler(alloc.port, ring, 0, "xvm_devfront", &front);
	if (front.irq >= 0)
		return 0;
	close.port = alloc.port;
	HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
	return front.irq;
}

/* The port last: who sees it finds the rest. */
static int publish(void)
{
	int error =
	    xenbus_printf(XBT_NIL, XVM_DEV_GUEST_DIR, XVM_DEV_NODE_VERSION, "%u", XVM_DEV_VERSION);

	if (!error)
		error =
		    xenbus_printf(XBT_NIL, XVM_DEV_GUEST_DIR, XVM_DEV_NODE_PAGE, "%u", front.ref);
	if (!error)
		error =
		    xenbus_printf(XBT_NIL, XVM_DEV_GUEST_DIR, XVM_DEV_NODE_PORT, "%u", front.port);
	return error;
}

static int __init devfront_start(void)
{
	int error = -ENOMEM;

	if (!xen_domain())
		return -ENODEV;
	init_waitqueue_head(&front.wake);
	init_completion(&front.eviction);
	front.slots = kcalloc(XVM_DEV_MAX, sizeof(*front.slots), GFP_KERNEL);
	front.page = (struct xvm_dev_page *)get_zeroed_page(GFP_KERNEL);
	if (!front.slots || !front.page)
		goto no_page;
	front.page->version = XVM_DEV_VERSION;
	error = gnttab_grant_foreign_access(0, virt_to_gfn(front.page), 0);
	if (error < 0)
		goto no_page;
	front.ref = error;
	error = open_port();
	if (error)
		goto no_port;
	front.thread = kthread_run(run, NULL, "xvm_devfront");
	if (IS_ERR(front.thread)) {
		error = PTR_ERR(front.thread);
		goto no_thread;
	}
	error = publish();
	if (!error)
		return 0;
	xenbus_rm(XBT_NIL, XVM_DEV_GUEST_DIR, "");
	kthread_stop(front.thread);
no_thread:
	unbind_from_irqhandler(front.irq, &front);
no_port:
	gnttab_end_foreign_access(front.ref, virt_to_page(front.page));
no_page:
	free_page((unsigned long)front.page);
	kfree(front.slots);
	return error;
}

/* Drivers use this module, so there is no device any more. */
static void __exit devfront_end(void)
{
	xenbus_rm(XBT_NIL, XVM_DEV_GUEST_DIR, ""); /* the host knows that nobody listens */
	unbind_from_irqhandler(front.irq, &front);
	kthread_stop(front.thread);
	/* It goes when the host has let go of it, too. */
	gnttab_end_foreign_access(front.ref, virt_to_page(front.page));
	free_page((unsigned long)front.page);
	kfree(front.slots);
}

module_init(devfront_start);
module_exit(devfront_end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("xvm: physical devices that come to a guest and go while it runs");
