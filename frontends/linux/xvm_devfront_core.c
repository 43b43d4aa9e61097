// SPDX-License-Identifier: GPL-2.0-only
#include "frontends/linux/xvm_devfront_core.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

#define DOMID_MAX 0x7fefu
#define PIRQ_MAX 0xffffu
#define REGISTER_BYTES_MAX (1ull << 32)
#define LIMIT_MS_MAX 600000u

static bool region_ok(u64 pages)
{
	return pages >= 1 && pages <= XVM_DEV_PAGES_MAX;
}

static bool engine_ok(u64 engine)
{
	return engine == XVM_DEV_TRANSFER || engine == XVM_DEV_MOVE;
}

static bool arguments_ok(const struct xvm_dev_request *request)
{
	const uint64_t *arg = request->arg;

	switch (request->kind) {
	case XVM_DEV_LOOK:
		return arg[0] <= 0xffffffffu;
	case XVM_DEV_PREPARE:
		return arg[0] <= 0xffffffffu && region_ok(arg[1]) && engine_ok(arg[2]);
	case XVM_DEV_STOP:
		return arg[0] >= 1 && arg[0] <= LIMIT_MS_MAX;
	case XVM_DEV_FLIP:
		return arg[0] <= DOMID_MAX && engine_ok(arg[1]);
	case XVM_DEV_TAKE:
		return arg[0] <= 0xffffffffu && arg[1] != 0 && arg[1] % XVM_DEV_PAGE_BYTES == 0 &&
		       arg[2] != 0 && arg[2] <= REGISTER_BYTES_MAX && arg[3] <= PIRQ_MAX &&
		       arg[4] <= 1 && region_ok(arg[5]);
	case XVM_DEV_ABANDON:
	case XVM_DEV_RUN:
	case XVM_DEV_REFILL:
	case XVM_DEV_DROP:
		return true;
	default:
		return false;
	}
}

/* Before and after; `done`: the state in which it is done already. */
static const struct {
	bool from[XVM_DEV_STATES];
	enum xvm_dev_state done;
} order[XVM_DEV_KINDS] = {
    [XVM_DEV_PREPARE] = {{[XVM_DEV_ABSENT] = true}, XVM_DEV_PREPARED},
    [XVM_DEV_ABANDON] = {{[XVM_DEV_PREPARED] = true}, XVM_DEV_ABSENT},
    [XVM_DEV_STOP] = {{[XVM_DEV_TAKEN] = true, [XVM_DEV_RUNNING] = true}, XVM_DEV_STOPPED},
    [XVM_DEV_FLIP] = {{[XVM_DEV_STOPPED] = true}, XVM_DEV_FLIPPED},
    [XVM_DEV_TAKE] = {{[XVM_DEV_PREPARED] = true, [XVM_DEV_STOPPED] = true}, XVM_DEV_TAKEN},
    [XVM_DEV_RUN] = {{[XVM_DEV_TAKEN] = true}, XVM_DEV_RUNNING},
    [XVM_DEV_REFILL] = {{[XVM_DEV_FLIPPED] = true}, XVM_DEV_ABSENT},
    [XVM_DEV_DROP] = {{[XVM_DEV_STOPPED] = true, [XVM_DEV_TAKEN] = true}, XVM_DEV_ABSENT},
};

enum xvm_dev_task xvm_dev_next(enum xvm_dev_state state, const struct xvm_dev_request *request,
			       u32 *status)
{
	const bool fresh = request->kind == XVM_DEV_TAKE && request->arg[4] == 1;

	*status = XVM_DEV_OK;
	if (!arguments_ok(request) || request->reserved != 0) {
		*status = XVM_DEV_BAD_REQUEST;
		return XVM_DEV_REFUSE;
	}
	if (request->kind == XVM_DEV_LOOK)
		return XVM_DEV_DO;
	/* One that nobody used before is not among those that come with a region. */
	if (fresh ? state == XVM_DEV_ABSENT : order[request->kind].from[state])
		return XVM_DEV_DO;
	if (state == order[request->kind].done)
		return XVM_DEV_REPEAT;
	*status = XVM_DEV_BAD_ORDER;
	return XVM_DEV_REFUSE;
}

enum xvm_dev_state xvm_dev_after(enum xvm_dev_state state, u32 kind)
{
	return kind == XVM_DEV_LOOK ? state : order[kind].done;
}

bool xvm_dev_context_ok(const struct xvm_dev_context *header, u32 product, u32 bytes_max, u32 pages)
{
	return header->magic == XVM_DEV_CONTEXT_MAGIC && header->bytes <= bytes_max &&
	       header->product == product && header->pages == pages;
}

u32 xvm_dev_status_of(int error)
{
	switch (error) {
	case 0:
		return XVM_DEV_OK;
	case -EBUSY:
	case -ETIMEDOUT:
		return XVM_DEV_BUSY;
	case -ENOMEM:
	case -ENOSPC:
		return XVM_DEV_NO_MEMORY;
	case -ENODEV:
		return XVM_DEV_NO_DRIVER;
	case -EBADMSG:
		return XVM_DEV_NO_CONTEXT;
	default:
		return XVM_DEV_FAILED;
	}
}
