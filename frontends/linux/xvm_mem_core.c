// SPDX-License-Identifier: GPL-2.0-only
#include "frontends/linux/xvm_mem_core.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <stdio.h>
#include <string.h>
#ifndef U32_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#endif
#endif

/* --- reading --------------------------------------------------------------------------------- */

/* Takes a number off the text, digits only; what is longer than a u64 is none. */
static bool take_number(const char **text, unsigned int radix, u64 *out)
{
	const char *at = *text;
	u64 value = 0;

	for (;; ++at) {
		unsigned int digit;

		if (*at >= '0' && *at <= '9')
			digit = *at - '0';
		else if (radix == 16 && *at >= 'a' && *at <= 'f')
			digit = *at - 'a' + 10;
		else
			break;
		if (value > (U64_MAX - digit) / radix)
			return false;
		value = value * radix + digit;
	}
	if (at == *text)
		return false;
	*text = at;
	*out = value;
	return true;
}

static bool take_u32(const char **text, unsigned int radix, u32 *out)
{
	u64 value;

	if (!take_number(text, radix, &value) || value > U32_MAX)
		return false;
	*out = (u32)value;
	return true;
}

static bool take_text(const char **text, const char *wanted)
{
	size_t length = strlen(wanted);

	if (strncmp(*text, wanted, length))
		return false;
	*text += length;
	return true;
}

bool xvm_mem_parse_u64(const char *text, u64 *out)
{
	return take_number(&text, 10, out) && !*text;
}

bool xvm_mem_parse_word(const char *text, struct xvm_mem_word *out)
{
	/* In the order of enum xvm_mem_state. No word begins with another and a space. */
	static const char *const words[] = {
	    XVM_MEM_FREE " ",	  XVM_MEM_CLAIMED " ",	     XVM_MEM_INSERT_PENDING " ",
	    XVM_MEM_ASSIGNED " ", XVM_MEM_EJECT_PENDING " ", XVM_MEM_EJECTED " ",
	};
	struct xvm_mem_word word;
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); ++i) {
		if (!take_text(&text, words[i]))
			continue;
		word.state = (enum xvm_mem_state)i;
		if (!take_u32(&text, 10, &word.serial) || *text)
			return false;
		*out = word;
		return true;
	}
	return false;
}

bool xvm_mem_parse_answer(const char *text, u32 slots, struct xvm_mem_answer *out)
{
	struct xvm_mem_answer answer;

	if (!take_u32(&text, 10, &answer.query) || !take_text(&text, " 0x") ||
	    !take_u32(&text, 16, &answer.code) || !take_text(&text, " ") ||
	    !take_u32(&text, 10, &answer.slot) || !take_text(&text, " ") ||
	    !take_u32(&text, 10, &answer.serial) || *text)
		return false;
	if (answer.code != XVM_MEM_NOTIFY_NONE && answer.slot >= slots)
		return false;
	*out = answer;
	return true;
}

bool xvm_mem_layout_ok(const struct xvm_mem_layout *layout, u64 ram_end, u64 block_bytes, u64 limit)
{
	u64 size = layout->slot_bytes;

	/* slots * size cannot overflow: both are bounded first. */
	return layout->slots && layout->slots <= XVM_MEM_SLOTS_MAX && block_bytes && size &&
	       size <= XVM_MEM_SLOTS_MAX * XVM_MEM_SLOT_BYTES && size % block_bytes == 0 &&
	       layout->base % size == 0 && layout->base >= XVM_MEM_BASE_MIN &&
	       layout->base >= ram_end && layout->base <= limit &&
	       layout->slots * size <= limit - layout->base;
}

/* --- deciding -------------------------------------------------------------------------------- */

enum xvm_mem_task xvm_mem_next(const struct xvm_mem_word *word, enum xvm_mem_local local,
			       bool refused)
{
	switch (word->state) {
	case XVM_MEM_IS_INSERT_PENDING: /* also when it was added, but not answered */
		return refused ? XVM_MEM_DO_NOTHING : XVM_MEM_DO_ADD;
	case XVM_MEM_IS_ASSIGNED:
		return local == XVM_MEM_ABSENT && !refused ? XVM_MEM_DO_ADD : XVM_MEM_DO_NOTHING;
	case XVM_MEM_IS_EJECT_PENDING:
		if (refused)
			return XVM_MEM_DO_NOTHING;
		return local == XVM_MEM_PRESENT ? XVM_MEM_DO_GIVE : XVM_MEM_DO_EJECT;
	case XVM_MEM_IS_FREE:
	case XVM_MEM_IS_CLAIMED:
	case XVM_MEM_IS_EJECTED:
		break;
	}
	return local == XVM_MEM_PRESENT ? XVM_MEM_DO_MOURN : XVM_MEM_DO_NOTHING;
}

bool xvm_mem_can_spare(u64 available_kib, u64 slot_kib, u64 keep_kib)
{
	return available_kib >= slot_kib && available_kib - slot_kib >= keep_kib;
}

u32 xvm_mem_eject_status(int error)
{
	switch (error) {
	case 0:
		return XVM_MEM_OST_SUCCESS;
	case -ENOSPC: /* it would starve */
		return XVM_MEM_OST_EJECT_IN_USE;
	case -EBUSY:
	case -EAGAIN:
	case -EINTR: /* it took too long */
	case -ENOMEM:
		return XVM_MEM_OST_EJECT_BUSY;
	case -EOPNOTSUPP:
		return XVM_MEM_OST_EJECT_UNSUPPORTED;
	default:
		return XVM_MEM_OST_FAILED;
	}
}

u32 xvm_mem_insert_status(int error)
{
	switch (error) {
	case 0:
		return XVM_MEM_OST_SUCCESS;
	case -ENOMEM:
		return XVM_MEM_OST_INSERT_LOAD_FAILED;
	case -EOPNOTSUPP:
	case -EINVAL:
	case -E2BIG:
		return XVM_MEM_OST_INSERT_UNSUPPORTED;
	default:
		return XVM_MEM_OST_FAILED;
	}
}

/* --- writing --------------------------------------------------------------------------------- */

static size_t fits(int length, size_t size)
{
	return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

size_t xvm_mem_format_ost(char *text, size_t size, u32 serial, u32 event, u32 status)
{
	return fits(snprintf(text, size, "%u 0x%x 0x%x", serial, event, status), size);
}

static bool moved(u64 before, u64 now, u64 step)
{
	return before > now ? before - now >= step : now - before >= step;
}

/* The less there is, the more an amount says: who has 10 MiB left is told from who has 13. */
static u64 available_step(u64 before, u64 now, u64 total)
{
	u64 part = (before < now ? before : now) / 16;
	u64 finest = total / 256;
	u64 coarsest = total / 32;

	if (part > coarsest)
		return coarsest;
	return part > finest ? part : finest;
}

static u64 at_least_1(u64 step)
{
	return step ? step : 1;
}

bool xvm_mem_report_differs(const struct xvm_mem_report *before, const struct xvm_mem_report *now)
{
	u64 total = now->total_kib;
	u64 available = available_step(before->available_kib, now->available_kib, total);

	return before->total_kib != total ||
	       moved(before->available_kib, now->available_kib, at_least_1(available)) ||
	       moved(before->working_set_kib, now->working_set_kib, at_least_1(total / 32)) ||
	       moved(before->some_centipercent, now->some_centipercent, 100) ||
	       moved(before->full_centipercent, now->full_centipercent, 100);
}

size_t xvm_mem_format_report(char *text, size_t size, u64 seq, const struct xvm_mem_report *report)
{
	return fits(snprintf(text, size, "1 %llu %llu %llu %llu %u %u", (unsigned long long)seq,
			     (unsigned long long)report->total_kib,
			     (unsigned long long)report->available_kib,
			     (unsigned long long)report->working_set_kib, report->some_centipercent,
			     report->full_centipercent),
		    size);
}

/* "12.34" → 1234; at most 100 %. */
static bool take_percent(const char **text, u32 *out)
{
	u64 whole, part;
	const char *dot;

	if (!take_number(text, 10, &whole) || !take_text(text, "."))
		return false;
	dot = *text;
	if (!take_number(text, 10, &part) || *text - dot != 2 || whole > 100)
		return false;
	whole = whole * 100 + part;
	*out = whole > 10000 ? 10000 : (u32)whole;
	return true;
}

bool xvm_mem_parse_pressure(const char *text, u32 *some, u32 *full)
{
	u32 some_read, full_read;

	if (!take_text(&text, "some avg10=") || !take_percent(&text, &some_read))
		return false;
	text = strchr(text, '\n');
	if (!text)
		return false;
	++text;
	if (!take_text(&text, "full avg10=") || !take_percent(&text, &full_read))
		return false;
	*some = some_read;
	*full = full_read;
	return true;
}
