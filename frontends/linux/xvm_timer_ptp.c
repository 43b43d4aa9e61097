// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page's UTC as a PTP hardware clock, which chrony and phc2sys use as they use any. It cannot
 * be set or steered from here: the owner does that.
 */
#include <linux/module.h>
#include <linux/ptp_clock_kernel.h>

#include "xvm_timer.h"

static struct ptp_clock *clock;

/* vmclock's arithmetic; without a counter, the instant of the owner's last tick. */
static void utc_of(const struct xvm_time_snapshot *s, bool counter_ok, u64 counter_sub,
		   struct timespec64 *time)
{
	const struct xvm_vmclock *v = &s->vmclock;
	xvm_time_u128 fraction = v->time_frac_sec;
	u64 counts;

	if (counter_ok && v->counter_id == XVM_VMCLOCK_COUNTER_X86_TSC &&
	    v->counter_period_shift < 64) {
		counts = xvm_time_counts(s->counter - counter_sub, v->counter_value);
		fraction +=
		    (xvm_time_u128)counts * v->counter_period_frac_sec >> v->counter_period_shift;
	}
	time->tv_sec = v->time_sec + (u64)(fraction >> 64);
	time->tv_nsec = (u64)((fraction & ~0ULL) * NSEC_PER_SEC >> 64);
}

static int ptp_gettimex(struct ptp_clock_info *info, struct timespec64 *time,
			struct ptp_system_timestamp *sts)
{
	struct xvm_time_snapshot s;
	int error;

	ptp_read_system_prets(sts);
	error = xvm_timer_snapshot(&s);
	ptp_read_system_postts(sts);
	if (!error && READ_ONCE(xvm_timer.local->stale))
		error = -ETIMEDOUT;
	if (!error)
		utc_of(&s, READ_ONCE(xvm_timer.local->counter_ok),
		       READ_ONCE(xvm_timer.local->counter_sub), time);
	return error;
}

static int ptp_refuse_fine(struct ptp_clock_info *info, long ppm)
{
	return -EOPNOTSUPP;
}

static int ptp_refuse_time(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int ptp_refuse_set(struct ptp_clock_info *info, const struct timespec64 *time)
{
	return -EOPNOTSUPP;
}

static int ptp_refuse_enable(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

static struct ptp_clock_info ptp = {
    .owner = THIS_MODULE,
    .name = "xvm timer page",
    .gettimex64 = ptp_gettimex,
    .adjfine = ptp_refuse_fine,
    .adjtime = ptp_refuse_time,
    .settime64 = ptp_refuse_set,
    .enable = ptp_refuse_enable,
};

int xvm_timer_ptp_init(void)
{
	clock = ptp_clock_register(&ptp, NULL);
	return PTR_ERR_OR_ZERO(clock);
}

void xvm_timer_ptp_exit(void)
{
	ptp_clock_unregister(clock);
}
