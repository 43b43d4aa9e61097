// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers, interrupt and driver of a device. The interrupt is a physical one of Xen's (pirq),
 * bound to an event channel; in a PV guest Xen wants its end told, in a PVH guest it does not know
 * that call.
 */
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <xen/events.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/physdev.h>
#include <xen/xen.h>

#include <asm/xen/hypercall.h>

#include "frontends/linux/xvm_devfront_internal.h"

static LIST_HEAD(drivers);
static DEFINE_MUTEX(drivers_lock);

struct xvm_device_driver *xvm_devfront_driver(u32 product)
{
	struct xvm_device_driver *driver, *found = NULL;

	mutex_lock(&drivers_lock);
	list_for_each_entry (driver, &drivers, list)
		if (driver->product == product)
			found = driver;
	mutex_unlock(&drivers_lock);
	return found;
}

int xvm_device_driver_register(struct xvm_device_driver *driver)
{
	if (driver->context_bytes > XVM_DEV_CONTEXT_MAX - sizeof(struct xvm_dev_context))
		return -EINVAL;
	if (xvm_devfront_driver(driver->product))
		return -EEXIST;
	mutex_lock(&drivers_lock);
	list_add_tail(&driver->list, &drivers);
	mutex_unlock(&drivers_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(xvm_device_driver_register);

void xvm_device_driver_unregister(struct xvm_device_driver *driver)
{
	mutex_lock(&drivers_lock);
	list_del(&driver->list);
	mutex_unlock(&drivers_lock);
	xvm_devfront_evict(driver);
}
EXPORT_SYMBOL_GPL(xvm_device_driver_unregister);

void *xvm_device_page(struct xvm_device *device, u32 page)
{
	struct xvm_slot *slot = container_of(device, struct xvm_slot, device);

	return page_address(slot->region.page[page]);
}
EXPORT_SYMBOL_GPL(xvm_device_page);

u64 xvm_device_dma(struct xvm_device *device, u32 page)
{
	struct xvm_slot *slot = container_of(device, struct xvm_slot, device);

	return (u64)xvm_region_frame(&slot->region, page) << PAGE_SHIFT;
}
EXPORT_SYMBOL_GPL(xvm_device_dma);

/* --- interrupt ------------------------------------------------------------------------------- */

static void tell_end(u32 pirq)
{
	struct physdev_eoi eoi = {.irq = pirq};

	if (xen_pv_domain() && HYPERVISOR_physdev_op(PHYSDEVOP_eoi, &eoi))
		pr_err_ratelimited("xvm_devfront: interrupt %u is not ended\n", pirq);
}

static irqreturn_t interrupt(int irq, void *data)
{
	struct xvm_slot *slot = data;

	slot->driver->interrupt(&slot->device);
	tell_end(slot->pirq);
	return IRQ_HANDLED;
}

static int bind(struct xvm_slot *slot, u32 pirq)
{
	struct evtchn_bind_pirq bind_pirq = {.pirq = pirq};
	struct evtchn_close close;
	int irq;

	if (HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &bind_pirq))
		return -EIO;
	slot->pirq = pirq;
	irq = bind_evtchn_to_irqhandler(bind_pirq.port, interrupt, 0, slot->driver->name, slot);
	if (irq < 0) {
		close.port = bind_pirq.port;
		HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
		return irq;
	}
	slot->irq = irq;
	tell_end(pirq);
	return 0;
}

static void detach(struct xvm_slot *slot)
{
	if (slot->irq > 0)
		unbind_from_irqhandler(slot->irq, slot); /* closes the port, too */
	slot->irq = 0;
	if (slot->device.registers)
		iounmap(slot->device.registers);
	slot->device.registers = NULL;
}

static int attach(struct xvm_slot *slot, const struct xvm_dev_request *request)
{
	int error;

	slot->device.registers = ioremap(request->arg[1], request->arg[2]);
	if (!slot->device.registers)
		return -ENOMEM;
	error = bind(slot, request->arg[3]);
	if (error)
		detach(slot);
	return error;
}

/* --- what the host asks for ------------------------------------------------------------------ */

/* With its region and what it was doing: from another guest, or our own that stopped in vain. */
static int resume(struct xvm_slot *slot, const struct xvm_dev_request *request)
{
	const u8 *page = xvm_device_page(&slot->device, 0);
	struct xvm_dev_context header;
	int error;

	/* Once: nobody else has the page any more, but it came from a stranger. */
	memcpy(slot->context, page, sizeof(slot->context));
	memcpy(&header, slot->context, sizeof(header));
	if (!xvm_dev_context_ok(&header, slot->driver->product, slot->driver->context_bytes,
				slot->region.count))
		return -EBADMSG;
	error = attach(slot, request);
	if (error)
		return error;
	slot->device.progress = header.progress;
	slot->device.handovers = header.handovers;
	error = slot->driver->resume(&slot->device, slot->context + sizeof(header));
	if (error)
		detach(slot);
	else
		slot->alive = true;
	return error;
}

static int begin(struct xvm_slot *slot, const struct xvm_dev_request *request)
{
	int error = xvm_region_alloc(&slot->region, request->arg[5]);

	if (error)
		return error;
	slot->device.pages = slot->region.count;
	error = attach(slot, request);
	if (!error)
		error = slot->driver->probe(&slot->device);
	if (error) {
		detach(slot);
		xvm_region_free(&slot->region);
	} else {
		slot->alive = true;
	}
	return error;
}

int xvm_devfront_take(struct xvm_slot *slot, const struct xvm_dev_request *request,
		      const u32 *frames)
{
	int error;

	slot->driver = xvm_devfront_driver(request->arg[0]);
	if (!slot->driver)
		return -ENODEV;
	if (request->arg[4])
		return begin(slot, request);
	if (slot->state == XVM_DEV_PREPARED && slot->engine == XVM_DEV_TRANSFER) {
		error = xvm_region_insert(&slot->region, frames);
		if (error)
			return error;
	}
	slot->device.pages = slot->region.count;
	error = resume(slot, request);
	if (!error && slot->state == XVM_DEV_PREPARED)
		++slot->device.handovers;
	return error;
}

int xvm_devfront_stop(struct xvm_slot *slot, u32 limit_ms)
{
	struct xvm_dev_context *header = &slot->saved;
	const u64 begun = ktime_get_ns();
	int error;

	memset(slot->context, 0, sizeof(slot->context));
	error = slot->driver->suspend(&slot->device, slot->context + sizeof(*header), limit_ms);
	if (error)
		return error;
	slot->rest_ns = ktime_get_ns() - begun;
	detach(slot);
	*header = (struct xvm_dev_context){.magic = XVM_DEV_CONTEXT_MAGIC,
					   .bytes = slot->driver->context_bytes,
					   .product = slot->driver->product,
					   .pages = slot->region.count,
					   .handovers = slot->device.handovers,
					   .progress = slot->device.progress};
	memcpy(slot->context, header, sizeof(*header));
	slot->context_bytes = sizeof(*header) + header->bytes;
	memcpy(xvm_device_page(&slot->device, 0), slot->context, slot->context_bytes);
	return 0;
}

void xvm_devfront_run(struct xvm_slot *slot)
{
	slot->driver->run(&slot->device);
}

void xvm_devfront_end(struct xvm_slot *slot)
{
	detach(slot);
	if (slot->alive)
		slot->driver->remove(&slot->device);
	slot->alive = false;
}
