// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's teaching device (edu), as a device that moves between guests: factorials, DMA in both
 * directions, interrupts. What it is for is its stream: numbered items of work, one after the
 * other, each by all three; a handover in the midst of it loses none and does none twice, or the
 * numbers show it.
 *
 *     echo stream 100 >/dev/xvm-edu     work until item 100 is done
 *     cat /dev/xvm-edu                  how it stands, and which items this guest did
 *     echo dma ADDRESS >/dev/xvm-edu    between two items, let the device write there: for tests of
 * what it must not reach
 *     echo own >/dev/xvm-edu            make good this guest's own page, which never goes along
 *
 * The region: the first page begins with the context; then what is sent to the device (at 1024),
 * what comes back (at 1536), and a log of the last items (at 2048). In all further pages there is a
 * pattern.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "frontends/linux/xvm_edu.h"

static unsigned int region_pages = 1;
module_param_named(pages, region_pages, uint, 0444);
MODULE_PARM_DESC(pages, "pages that go along with the device, 1 to 256");

#define EDU_PRODUCT 0x123411e8u
#define EDU_LIVE 0x04
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20
#define EDU_STATUS_IRQ 0x80u
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_TARGET 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_BUSY 1u
#define EDU_DMA_TO_MEMORY 2u
#define EDU_DMA_IRQ 4u
#define EDU_BUFFER 0x40000u

#define LIVE 0x12345678u /* reads back inverted; after a reset it would be zero */
#define OUT_AT 1024u
#define IN_AT 1536u
#define CHUNK 512u
#define LOG_AT 2048u
#define LOG_MAX 64u
#define WAIT_MS 5000u
#define SPIN_US 200000u

enum stage { STAGE_FACTORIAL, STAGE_OUT, STAGE_IN, STAGE_LOG };

struct item {
	u64 number;
	u32 factorial;
	u32 handovers;
	u64 sum;
	u64 reserved;
};

struct edu edu;

static u8 *base(struct xvm_device *device)
{
	return xvm_device_page(device, 0);
}

/* --- the device ------------------------------------------------------------------------------ */

static void interrupt(struct xvm_device *device)
{
	const u32 status = readl(device->registers + EDU_IRQ_STATUS);

	if (status)
		writel(status, device->registers + EDU_IRQ_ACK);
	++edu.irqs;
	complete(&edu.interrupted);
}

static bool busy(void)
{
	return (readl(edu.device->registers + EDU_STATUS) & 1) ||
	       (readq(edu.device->registers + EDU_DMA_COMMAND) & EDU_DMA_BUSY);
}

/*
 * QEMU computes factorials in a thread of its own, in the host's time. Under a clock that skips
 * what is slept, who sleeps lets seconds pass before that thread has run.
 */
static void await_factorial(void)
{
	u32 left;

	for (left = SPIN_US; left && !completion_done(&edu.interrupted); --left) {
		udelay(1);
		cond_resched();
	}
}

/* Until it is at rest; the interrupt comes a little before. */
static bool await_rest(bool computes)
{
	unsigned long end = jiffies + msecs_to_jiffies(WAIT_MS);

	if (computes)
		await_factorial();
	if (!wait_for_completion_timeout(&edu.interrupted, msecs_to_jiffies(WAIT_MS)))
		++edu.lost_irqs;
	while (busy()) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(50, 200);
	}
	return true;
}

static u32 factorial(u32 n)
{
	u32 result = 1;

	for (; n > 1; --n)
		result *= n;
	return result;
}

static void do_factorial(u32 n)
{
	reinit_completion(&edu.interrupted);
	writel(EDU_STATUS_IRQ, edu.device->registers + EDU_STATUS);
	writel(n, edu.device->registers + EDU_FACTORIAL);
}

static void do_dma(u64 source, u64 target, u64 count, u32 command)
{
	void __iomem *registers = edu.device->registers;

	reinit_completion(&edu.interrupted);
	writeq(source, registers + EDU_DMA_SOURCE);
	writeq(target, registers + EDU_DMA_TARGET);
	writeq(count, registers + EDU_DMA_COUNT);
	writeq(command | EDU_DMA_IRQ | EDU_DMA_BUSY, registers + EDU_DMA_COMMAND);
}

/* One operation of the device, of the item at hand; called with the lock, waits without it. */
static void step(void)
{
	struct xvm_device *device = edu.device;
	const u64 number = device->progress + 1;
	u64 *out = (u64 *)(base(device) + OUT_AT), *in = (u64 *)(base(device) + IN_AT);
	struct item *log = (struct item *)(base(device) + LOG_AT);
	u64 sum = 0;
	u32 i;

	switch (edu.at.stage) {
	case STAGE_FACTORIAL:
		do_factorial(number % 12);
		break;
	case STAGE_OUT:
		for (i = 0; i < CHUNK / sizeof(u64); ++i)
			out[i] = (number << 16) | i;
		do_dma(xvm_device_dma(device, 0) + OUT_AT, EDU_BUFFER, CHUNK, 0);
		break;
	case STAGE_IN:
		memset(in, 0, CHUNK);
		do_dma(EDU_BUFFER, xvm_device_dma(device, 0) + IN_AT, CHUNK, EDU_DMA_TO_MEMORY);
		break;
	}
	if (edu.at.stage != STAGE_LOG) {
		mutex_unlock(&edu.lock);
		await_rest(edu.at.stage == STAGE_FACTORIAL);
		mutex_lock(&edu.lock);
		++edu.at.stage;
		return;
	}
	for (i = 0; i < CHUNK / sizeof(u64); ++i) {
		edu.at.wrong += in[i] != ((number << 16) | i);
		sum += in[i];
	}
	edu.at.factorial = readl(device->registers + EDU_FACTORIAL);
	edu.at.wrong += edu.at.factorial != factorial(number % 12);
	log[number % LOG_MAX] =
	    (struct item){number, edu.at.factorial, (u32)device->handovers, sum, 0};
	edu.at.stage = STAGE_FACTORIAL;
	device->progress = number;
	if (edu.run_count && !edu.runs[edu.run_count - 1].first)
		edu.runs[edu.run_count - 1].first = number;
	if (edu.run_count)
		edu.runs[edu.run_count - 1].last = number;
}

static void probe_dma(void)
{
	const u64 address = edu.probe_at;

	edu.probe_at = 0;
	do_dma(EDU_BUFFER, address, CHUNK, EDU_DMA_TO_MEMORY);
	mutex_unlock(&edu.lock);
	await_rest(false);
	mutex_lock(&edu.lock);
}

static bool has_work(void)
{
	return edu.running && edu.device && (edu.probe_at || edu.device->progress < edu.at.limit);
}

static int work(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_interruptible(edu.wake, kthread_should_stop() || has_work());
		mutex_lock(&edu.lock);
		while (has_work()) {
			edu.working = true;
			if (edu.probe_at)
				probe_dma();
			else
				step();
			edu.working = false;
			wake_up_all(&edu.wake);
		}
		mutex_unlock(&edu.lock);
	}
	return 0;
}

/* --- the driver ------------------------------------------------------------------------------ */

static u32 pages(void)
{
	return clamp(region_pages, 1u, XVM_DEV_PAGES_MAX);
}

static void begin(struct xvm_device *device)
{
	edu.device = device;
	edu.running = false;
	init_completion(&edu.interrupted);
}

static int probe(struct xvm_device *device)
{
	if (edu.device)
		return -EBUSY; /* one is what the tests have */
	memset(&edu.at, 0, sizeof(edu.at));
	edu_fill_pattern(device);
	writel(LIVE, device->registers + EDU_LIVE);
	begin(device);
	return 0;
}

static void read_registers(struct edu_context *at, void __iomem *registers)
{
	at->live = readl(registers + EDU_LIVE);
	at->factorial = readl(registers + EDU_FACTORIAL);
	at->status = readl(registers + EDU_STATUS);
	at->source = readq(registers + EDU_DMA_SOURCE);
	at->target = readq(registers + EDU_DMA_TARGET);
	at->count = readq(registers + EDU_DMA_COUNT);
}

static int suspend(struct xvm_device *device, void *context, u32 limit_ms)
{
	const u64 begun = ktime_get_ns();
	long left;

	mutex_lock(&edu.lock);
	edu.running = false;
	mutex_unlock(&edu.lock);
	left = wait_event_timeout(edu.wake, !READ_ONCE(edu.working), msecs_to_jiffies(limit_ms));
	if (!left) {
		mutex_lock(&edu.lock);
		edu.running = true;
		mutex_unlock(&edu.lock);
		wake_up_all(&edu.wake);
		return -EBUSY;
	}
	writel(edu.at.status = 0, device->registers + EDU_STATUS);
	read_registers(&edu.at, device->registers);
	memcpy(context, &edu.at, sizeof(edu.at));
	edu.rest_us = (ktime_get_ns() - begun) / 1000;
	return 0;
}

/* A device that was reset does not have what it had. */
static int resume(struct xvm_device *device, const void *context)
{
	struct edu_context now, then;

	memcpy(&then, context, sizeof(then));
	if (then.stage > STAGE_LOG)
		return -EBADMSG;
	if (edu.device && edu.device != device)
		return -EBUSY;
	read_registers(&now, device->registers);
	edu.at = then;
	edu.at.resets += now.live != ~LIVE || now.live != then.live ||
			 now.factorial != then.factorial || now.source != then.source ||
			 now.target != then.target || now.count != then.count;
	begin(device);
	return 0;
}

static void run(struct xvm_device *device)
{
	mutex_lock(&edu.lock);
	edu.running = true;
	if (edu.run_count < RUNS_MAX)
		memset(&edu.runs[edu.run_count++], 0, sizeof(edu.runs[0]));
	mutex_unlock(&edu.lock);
	wake_up_all(&edu.wake);
}

static void remove(struct xvm_device *device)
{
	mutex_lock(&edu.lock);
	edu.running = false;
	edu.device = NULL;
	mutex_unlock(&edu.lock);
}

static struct xvm_device_driver driver = {
    .name = "xvm_edu",
    .product = EDU_PRODUCT,
    .context_bytes = sizeof(struct edu_context),
    .pages = pages,
    .probe = probe,
    .interrupt = interrupt,
    .suspend = suspend,
    .resume = resume,
    .run = run,
    .remove = remove,
};

static int __init edu_start(void)
{
	int error;

	mutex_init(&edu.lock);
	init_waitqueue_head(&edu.wake);
	init_completion(&edu.interrupted);
	edu.worker = kthread_run(work, NULL, "xvm_edu");
	if (IS_ERR(edu.worker))
		return PTR_ERR(edu.worker);
	error = edu_control_start();
	if (error)
		goto no_control;
	error = xvm_device_driver_register(&driver);
	if (!error)
		return 0;
	edu_control_end();
no_control:
	kthread_stop(edu.worker);
	return error;
}

static void __exit edu_end(void)
{
	xvm_device_driver_unregister(&driver);
	edu_control_end();
	kthread_stop(edu.worker);
}

module_init(edu_start);
module_exit(edu_end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("xvm: QEMU's teaching device, with a stream of work that survives a handover");
