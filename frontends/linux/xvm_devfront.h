/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical devices that come to this guest and go from it while it runs (docs/protocols/device.md):
 * what a driver of such a device sees. There is no PCI bus: the host tells registers and interrupt.
 *
 *     xvm_devfront_main.c    the page of commands; one thread does what the host asks for
 *     xvm_devfront_device.c  registers, interrupt, driver: a device is taken, runs, stops
 *     xvm_devfront_region.c  the pages that go along with a device
 *     xvm_devfront_core.c    what is decided without the kernel
 *
 * Invariant: a driver is called only between its probe() or resume() and its suspend() or remove(),
 * one call at a time, but interrupt(). Registers are mapped and the interrupt is bound exactly as
 * long.
 */
#ifndef XVM_DEVFRONT_H
#define XVM_DEVFRONT_H

#include <linux/list.h>
#include <linux/types.h>

#include "libvmshare/abi/device.h"

struct xvm_device;

/* All but interrupt() may sleep. */
struct xvm_device_driver {
	const char *name;
	u32 product;	   /* vendor << 16 | product */
	u32 context_bytes; /* what suspend() writes; with its header at most XVM_DEV_CONTEXT_MAX */

	/* How many pages of region it wants; the first one begins with its context. */
	u32 (*pages)(void);
	/* A device that nobody used before, registers mapped, at rest. Negative errno. */
	int (*probe)(struct xvm_device *device);
	/* In hard interrupt context. */
	void (*interrupt)(struct xvm_device *device);
	/*
	 * No new work; what is under way is finished, in `limit_ms` at most (-EBUSY: it goes on as
	 * if nobody had asked). Afterwards the device neither interrupts nor does DMA. Writes its
	 * context, sets progress.
	 */
	int (*suspend)(struct xvm_device *device, void *context, u32 limit_ms);
	/* A device at rest as `context` says, that came with its region, or that was not taken
	 * after all. */
	int (*resume)(struct xvm_device *device, const void *context);
	/* Begin, or go on. */
	void (*run)(struct xvm_device *device);
	/* After suspend(), or before the first run(): it does not come back. Registers are not
	 * mapped. */
	void (*remove)(struct xvm_device *device);

	struct list_head list; /* xvm_devfront's */
};

struct xvm_device {
	u32 address; /* segment << 16 | bus << 8 | slot << 3 | function */
	void __iomem *registers;
	u32 pages;
	u64 progress;  /* the driver's: how far it has come, in its own units */
	u64 handovers; /* so far */
	void *driver_data;
};

/* The kernel's view of a page of the region, and the device's. */
void *xvm_device_page(struct xvm_device *device, u32 page);
u64 xvm_device_dma(struct xvm_device *device, u32 page);

int xvm_device_driver_register(struct xvm_device_driver *driver);
/* A device that it has stops, and is the host's to take away. */
void xvm_device_driver_unregister(struct xvm_device_driver *driver);

#endif
