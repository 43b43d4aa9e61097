// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: the host's words, and the guest's answers. A notice is fulfilled in one transaction
 * with a look at whether it still stands.
 */
#include <linux/slab.h>
#include <xen/xenbus.h>

#include "xvm_mem.h"

#define TRANSACTION_TRIES 20

bool xvm_mem_read_text(struct xenbus_transaction transaction, const char *dir, const char *node,
		       char text[XVM_MEM_TEXT_MAX])
{
	unsigned int length;
	void *value = xenbus_read(transaction, dir, node, &length);
	bool good;

	if (IS_ERR(value))
		return false;
	good = length < XVM_MEM_TEXT_MAX && strlen(value) == length;
	if (good)
		memcpy(text, value, length + 1);
	kfree(value);
	return good;
}

bool xvm_mem_read_number(const char *node, u64 max, u64 *out)
{
	char text[XVM_MEM_TEXT_MAX];

	return xvm_mem_read_text(XBT_NIL, XVM_MEM_HOST_DIR, node, text) &&
	       xvm_mem_parse_u64(text, out) && *out <= max;
}

bool xvm_mem_read_word(struct xenbus_transaction transaction, u32 slot, struct xvm_mem_word *word)
{
	char node[16], text[XVM_MEM_TEXT_MAX];

	snprintf(node, sizeof(node), "%u", slot);
	return xvm_mem_read_text(transaction, XVM_MEM_HOST_DIR "/" XVM_MEM_NODE_SLOT, node, text) &&
	       xvm_mem_parse_word(text, word);
}

static int write_ost(struct xenbus_transaction transaction, u32 slot, u32 serial, u32 event,
		     u32 status)
{
	char node[16], text[XVM_MEM_TEXT_MAX];

	snprintf(node, sizeof(node), "%u", slot);
	xvm_mem_format_ost(text, sizeof(text), serial, event, status);
	return xenbus_write(transaction, XVM_MEM_GUEST_DIR "/" XVM_MEM_NODE_OST, node, text);
}

void xvm_mem_tell(u32 slot, u32 serial, u32 event, u32 status)
{
	int error = write_ost(XBT_NIL, slot, serial, event, status);

	if (error)
		pr_err("xvm_mem: slot %u: cannot answer: error %d\n", slot, error);
}

/*
 * Answers a notice in one transaction with a look at whether it still stands. 0: answered, and the
 * host counts on it. -ECANCELED: it was withdrawn; nothing is written.
 */
static int settle(u32 slot, u32 serial, enum xvm_mem_state state, u32 event, u32 status,
		  bool ejected)
{
	unsigned int tries;
	int error = -EAGAIN;

	for (tries = 0; error == -EAGAIN && tries < TRANSACTION_TRIES; ++tries) {
		struct xenbus_transaction transaction;
		struct xvm_mem_word word;
		char node[16];

		error = xenbus_transaction_start(&transaction);
		if (error)
			return error;
		if (!xvm_mem_read_word(transaction, slot, &word) || word.state != state ||
		    word.serial != serial) {
			xenbus_transaction_end(transaction, 1);
			return -ECANCELED;
		}
		snprintf(node, sizeof(node), "%u", slot);
		if (ejected)
			error = xenbus_printf(transaction, XVM_MEM_GUEST_DIR "/" XVM_MEM_NODE_EJECT,
					      node, "%u", serial);
		if (!error)
			error = write_ost(transaction, slot, serial, event, status);
		if (error) {
			xenbus_transaction_end(transaction, 1);
			return error;
		}
		error = xenbus_transaction_end(transaction, 0);
	}
	return error;
}

int xvm_mem_eject(u32 slot, u32 serial)
{
	return settle(slot, serial, XVM_MEM_IS_EJECT_PENDING, XVM_MEM_NOTIFY_EJECT,
		      XVM_MEM_OST_SUCCESS, true);
}

int xvm_mem_accept(u32 slot, u32 serial)
{
	return settle(slot, serial, XVM_MEM_IS_INSERT_PENDING, XVM_MEM_NOTIFY_INSERT,
		      XVM_MEM_OST_INSERT_PROGRESS, false);
}
