/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What xvm_devfront decides without the kernel: whether a request is one, whether it fits the state
 * its device is in, and whether what came is a context. Also built and tested in user space.
 *
 * Invariant: a request that was fulfilled once is answered again, and not fulfilled twice: a host
 * that was killed meanwhile asks again.
 */
#ifndef XVM_DEVFRONT_CORE_H
#define XVM_DEVFRONT_CORE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#include "libvmshare/abi/device.h"

enum xvm_dev_task {
	XVM_DEV_DO,	/* do it; then the device is in xvm_dev_after() */
	XVM_DEV_REPEAT, /* it is done already: answer as then */
	XVM_DEV_REFUSE, /* `status` says why */
};

/* `state`: of the device that the request names. */
enum xvm_dev_task xvm_dev_next(enum xvm_dev_state state, const struct xvm_dev_request *request,
			       u32 *status);

/* The state after a request that was fulfilled. */
enum xvm_dev_state xvm_dev_after(enum xvm_dev_state state, u32 kind);

/* Whether `header` begins a context of that product, of at most that many bytes, for that many
 * pages. */
bool xvm_dev_context_ok(const struct xvm_dev_context *header, u32 product, u32 bytes_max,
			u32 pages);

/* The status for an error (negative errno) of a driver or the kernel. */
u32 xvm_dev_status_of(int error);

#endif
