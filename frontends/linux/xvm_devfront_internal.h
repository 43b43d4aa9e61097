/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of xvm_devfront share (xvm_devfront.h says which there are). */
#ifndef XVM_DEVFRONT_INTERNAL_H
#define XVM_DEVFRONT_INTERNAL_H

#include <linux/interrupt.h>
#include <linux/mm_types.h>

#include "frontends/linux/xvm_devfront.h"
#include "frontends/linux/xvm_devfront_core.h"

#define XVM_DEV_MAX 8

/*
 * The pages that go along. Invariant: of a page without memory (a hole) nobody touches `va`;
 * `there` says which have memory.
 */
struct xvm_region {
	u32 count;
	struct page *page[XVM_DEV_PAGES_MAX];
	u32 ref[XVM_DEV_PAGES_MAX]; /* of room: 0: none */
	bool there[XVM_DEV_PAGES_MAX];
};

struct xvm_slot {
	struct xvm_device device; /* address 0: the slot is free */
	enum xvm_dev_state state;
	struct xvm_device_driver *driver;
	bool alive; /* the driver's probe() or resume() has been called */
	u32 engine;
	u32 context_bytes;
	u64 rest_ns; /* how long the last stop took */
	u32 gone;    /* pages, by the last flip */
	int irq;
	u32 pirq;
	struct xvm_region region;
	struct xvm_dev_context saved; /* of the last stop */
	u8 context[XVM_DEV_CONTEXT_MAX];
};

/* --- xvm_devfront_device.c: called by the one thread -------------------------------------------
 */

struct xvm_device_driver *xvm_devfront_driver(u32 product);
/* Negative errno; then the device is as before. */
int xvm_devfront_take(struct xvm_slot *slot, const struct xvm_dev_request *request,
		      const u32 *frames);
int xvm_devfront_stop(struct xvm_slot *slot, u32 limit_ms);
void xvm_devfront_run(struct xvm_slot *slot);
/* The driver ends; the device is unbound and unmapped, if it was not. */
void xvm_devfront_end(struct xvm_slot *slot);
/* Asks the thread to end the devices of a driver, and waits. */
void xvm_devfront_evict(struct xvm_device_driver *driver);

/* --- xvm_devfront_region.c ---------------------------------------------------------------------
 */

u32 xvm_region_frame(const struct xvm_region *region, u32 page);
/* Zeroed pages of this guest's memory. */
int xvm_region_alloc(struct xvm_region *region, u32 count);
/* Room: references, and (PV and PVH) pages without memory. */
int xvm_region_room(struct xvm_region *region, u32 count);
/* The room is filled by these frames (0: nothing came), and is memory of this kernel. */
int xvm_region_insert(struct xvm_region *region, const u32 *frames);
/* To the domain, one frame for each of its references. How many went, from the first one on. */
u32 xvm_region_transfer(struct xvm_region *region, u16 domid, const u32 *refs);
/* Cleared, and the hypervisor's. How many went. */
u32 xvm_region_release(struct xvm_region *region);
/* Memory in the holes that it can be had for; then all of it is this kernel's again, for anything.
 */
void xvm_region_free(struct xvm_region *region);

#endif
