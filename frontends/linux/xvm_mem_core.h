/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the memory module decides without the kernel: what the host's words mean, what is to be done
 * with a slot, whether a block can be spared, when a report is worth a write. Also built and tested
 * in user space.
 *
 * Invariant: a text that is not exactly of its form is not believed, and nothing of it is used.
 */
#ifndef XVM_MEM_CORE_H
#define XVM_MEM_CORE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#include "libvmshare/abi/memory.h"

/* Where the slots lie. */
struct xvm_mem_layout {
	u64 base;
	u64 slot_bytes;
	u32 slots;
};

/*
 * ram_end: the end of what the guest booted with. block_bytes: the kernel's own unit. limit: the
 * end of what this machine can address.
 */
bool xvm_mem_layout_ok(const struct xvm_mem_layout *layout, u64 ram_end, u64 block_bytes,
		       u64 limit);

enum xvm_mem_state {
	XVM_MEM_IS_FREE,
	XVM_MEM_IS_CLAIMED,
	XVM_MEM_IS_INSERT_PENDING,
	XVM_MEM_IS_ASSIGNED,
	XVM_MEM_IS_EJECT_PENDING,
	XVM_MEM_IS_EJECTED,
};

/* A slot as the host has it: "assigned 4". */
struct xvm_mem_word {
	enum xvm_mem_state state;
	u32 serial; /* of the last notice about this slot */
};
bool xvm_mem_parse_word(const char *text, struct xvm_mem_word *out);

/* The answer to a query: "12 0x3 1 7": query, notify code, slot, serial. */
struct xvm_mem_answer {
	u32 query;
	u32 code;
	u32 slot;
	u32 serial;
};
bool xvm_mem_parse_answer(const char *text, u32 slots, struct xvm_mem_answer *out);

/* A decimal number that fits, and nothing else. */
bool xvm_mem_parse_u64(const char *text, u64 *out);

/* "7 0x3 0x82": serial, event, status. Returns the length; 0: it does not fit. */
size_t xvm_mem_format_ost(char *text, size_t size, u32 serial, u32 event, u32 status);

/* What the kernel has of a slot. */
enum xvm_mem_local {
	XVM_MEM_ABSENT,
	XVM_MEM_PRESENT, /* added and online */
};

enum xvm_mem_task {
	XVM_MEM_DO_NOTHING,
	XVM_MEM_DO_ADD,	  /* add it and take it online */
	XVM_MEM_DO_GIVE,  /* off-line it, remove it, eject it */
	XVM_MEM_DO_EJECT, /* it is not used: only eject it */
	XVM_MEM_DO_MOURN, /* the host has taken it without an ejection: say so, touch nothing */
};

/* refused: the notice of this serial was answered with an error, so it is not tried again. */
enum xvm_mem_task xvm_mem_next(const struct xvm_mem_word *word, enum xvm_mem_local local,
			       bool refused);

/* Whether the guest keeps `keep_kib` of available memory when it gives slot_kib away. */
bool xvm_mem_can_spare(u64 available_kib, u64 slot_kib, u64 keep_kib);

/* The _OST status for an error (negative errno) of off-lining, or of adding. */
u32 xvm_mem_eject_status(int error);
u32 xvm_mem_insert_status(int error);

/* --- what the guest says of its own memory --------------------------------------------------- */

struct xvm_mem_report {
	u64 total_kib;
	u64 available_kib;
	u64 working_set_kib;
	u32 some_centipercent;
	u32 full_centipercent;
};

/*
 * Worth a write: something moved by a thirty-second of the whole, what is available by a sixteenth
 * of itself if that is less, or pressure by a percent.
 */
bool xvm_mem_report_differs(const struct xvm_mem_report *before, const struct xvm_mem_report *now);

/* Returns the length; 0: it does not fit. */
size_t xvm_mem_format_report(char *text, size_t size, u64 seq, const struct xvm_mem_report *report);

/*
 * /proc/pressure/memory: avg10 of "some" and of "full", in hundredths of a percent. False: it is
 * something else.
 */
bool xvm_mem_parse_pressure(const char *text, u32 *some, u32 *full);

#endif
