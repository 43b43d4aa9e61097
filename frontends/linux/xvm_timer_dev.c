// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xvmtime: the shared page and, behind it, the local one, for programs; read-only.
 *
 * Invariant: a program's mapping of the shared page is made on its first touch and lasts until the
 * page is let go or the program unmaps it; the next touch maps what is current. Where there is no
 * page just now (after a resume, dom0 has yet to answer) it waits a little, then fails (SIGBUS).
 * In a PVH guest that is an ordinary page of the kernel's mapping. In a PV guest a foreign page may
 * be entered into a page table by the grant operation alone, and must leave it the same way before
 * Linux clears the entry: hence the notifier, and one grant mapping per program.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <asm/xen/hypercall.h>

#include "xvm_timer.h"

#define FOREIGN_PTE                                                                                \
	(GNTMAP_host_map | GNTMAP_readonly | GNTMAP_application_map | GNTMAP_contains_pte |        \
	 (1 << _GNTMAP_guest_avail0)) /* special: no struct page */

/* One program's mapping. */
struct mapping {
	struct list_head list;
	struct mmu_interval_notifier notifier; /* PV only */
	struct vm_area_struct *vma;
	bool noted; /* the notifier is in */
	bool mapped;
	u64 pte_maddr;
	grant_handle_t handle;
};

#define WAIT (3 * HZ)

struct opened {
	u64 disruptions; /* as last read */
	u8 copy[offsetof(struct xvm_time_page, reserved2)];
};

static LIST_HEAD(mappings);	       /* PV only */
static DEFINE_MUTEX(mappings_mutex);   /* this and everything in it; inside the timer's mutex */
static struct address_space *programs; /* PVH: whose mappings are to be zapped */

/* --- PV: entries made by the grant operation
 * ------------------------------------------------------- */

static int note_pte(pte_t *pte, unsigned long address, void *data)
{
	*(u64 *)data = arbitrary_virt_to_machine(pte).maddr;
	return 0;
}

static int enter(struct mapping *m)
{
	struct gnttab_map_grant_ref op;
	int error;

	error = apply_to_page_range(m->vma->vm_mm, m->vma->vm_start, PAGE_SIZE, note_pte,
				    &m->pte_maddr);
	if (error)
		return error;
	gnttab_set_map_op(&op, m->pte_maddr, FOREIGN_PTE, xvm_timer.ref, 0);
	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) || op.status != GNTST_okay)
		return -EACCES;
	m->handle = op.handle;
	m->mapped = true;
	return 0;
}

static void leave(struct mapping *m)
{
	struct gnttab_unmap_grant_ref op;

	if (!m->mapped)
		return;
	m->mapped = false;
	gnttab_set_unmap_op(&op, m->pte_maddr, FOREIGN_PTE, m->handle);
	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) || op.status != GNTST_okay)
		pr_err("xvm_timer: a program's mapping cannot be undone: status %d\n", op.status);
}

static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long sequence)
{
	struct mapping *m = container_of(notifier, struct mapping, notifier);

	if (mmu_notifier_range_blockable(range))
		mutex_lock(&mappings_mutex);
	else if (!mutex_trylock(&mappings_mutex))
		return false;
	mmu_interval_set_seq(notifier, sequence);
	leave(m);
	mutex_unlock(&mappings_mutex);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {.invalidate = invalidate};

void xvm_timer_dev_zap(void)
{
	struct mapping *m;

	if (xen_pv_domain()) {
		mutex_lock(&mappings_mutex);
		list_for_each_entry (m, &mappings, list)
			leave(m);
		mutex_unlock(&mappings_mutex);
	} else if (programs) {
		unmap_mapping_range(programs, 0, PAGE_SIZE, 1);
	}
}

/* --- a program's mapping
 * ----------------------------------------------------------------------------- */

/* Lets go of the program's memory meanwhile; the fault is then tried once more. */
static bool wait_for_page(struct vm_fault *vmf)
{
	if (!fault_flag_allow_retry_first(vmf->flags) || vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return false;
	mmap_read_unlock(vmf->vma->vm_mm);
	wait_event_killable_timeout(xvm_timer.disrupted, READ_ONCE(xvm_timer.attached), WAIT);
	return true;
}

static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	struct mapping *m = vmf->vma->vm_private_data;
	struct xvm_timer *t = &xvm_timer;
	vm_fault_t verdict = VM_FAULT_SIGBUS;

	if (vmf->pgoff) { /* ours alone: stays while the module does */
		vmf->page = virt_to_page(t->local);
		get_page(vmf->page);
		return 0;
	}
	if (!READ_ONCE(t->attached) && wait_for_page(vmf))
		return VM_FAULT_RETRY;
	if (!mutex_trylock(&t->mutex)) { /* zapping may wait for us: come again */
		cond_resched();
		return VM_FAULT_NOPAGE;
	}
	if (!t->attached) {
		/* still none */
	} else if (!xen_pv_domain()) {
		vmf->page = t->frame;
		get_page(vmf->page);
		verdict = 0;
	} else {
		mutex_lock(&mappings_mutex);
		if (m->mapped || !enter(m))
			verdict = VM_FAULT_NOPAGE;
		mutex_unlock(&mappings_mutex);
	}
	mutex_unlock(&t->mutex);
	return verdict;
}

static void vma_close(struct vm_area_struct *vma)
{
	struct mapping *m = vma->vm_private_data;

	if (m->noted)
		mmu_interval_notifier_remove(&m->notifier);
	mutex_lock(&mappings_mutex);
	list_del(&m->list);
	leave(m);
	mutex_unlock(&mappings_mutex);
	kfree(m);
}

/* Halves would be two mappings with one of our records. */
static int vma_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

static const struct vm_operations_struct vma_ops = {
    .fault = vma_fault,
    .close = vma_close,
    .may_split = vma_may_split,
};

static int dev_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long bytes = vma->vm_end - vma->vm_start;
	struct mapping *m;
	int error;

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EROFS;
	if (vma->vm_pgoff || bytes > 2 * PAGE_SIZE)
		return -EINVAL;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->vma = vma;
	vma->vm_flags &= ~(VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY | VM_MIXEDMAP;
	vma->vm_private_data = m;
	vma->vm_ops = &vma_ops;
	if (xen_pv_domain()) {
		error = mmu_interval_notifier_insert_locked(&m->notifier, vma->vm_mm, vma->vm_start,
							    PAGE_SIZE, &notifier_ops);
		if (error) {
			kfree(m);
			return error;
		}
		m->noted = true;
	}
	mutex_lock(&mappings_mutex);
	list_add(&m->list, &mappings);
	programs = file->f_mapping;
	mutex_unlock(&mappings_mutex);
	return 0;
}

/* --- read and poll
 * -------------------------------------------------------------------------------------- */

static int dev_open(struct inode *inode, struct file *file)
{
	struct opened *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return -ENOMEM;
	xvm_timer_look(); /* what was before does not count */
	o->disruptions = READ_ONCE(xvm_timer.local->disruptions);
	file->private_data = o;
	return 0;
}

static int dev_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* The page up to its last word of meaning, all of one update, in the page's own layout. */
static int take_copy(struct opened *o)
{
	struct xvm_timer *t = &xvm_timer;
	struct xvm_time_snapshot s;
	struct xvm_time_page *copy = (void *)o->copy;
	int error;

	mutex_lock(&t->mutex);
	xvm_timer_look();
	o->disruptions = READ_ONCE(t->local->disruptions);
	error = xvm_timer_snapshot(&s);
	if (!error) {
		memcpy(o->copy, t->page, sizeof(o->copy));
		copy->vmclock = s.vmclock;
		copy->vmclock.seq_count = s.seq;
		copy->line = s.line;
	}
	mutex_unlock(&t->mutex);
	return error;
}

static ssize_t dev_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct opened *o = file->private_data;
	int error = *at ? 0 : take_copy(o);

	return error ? error : simple_read_from_buffer(to, bytes, at, o->copy, sizeof(o->copy));
}

static __poll_t dev_poll(struct file *file, poll_table *table)
{
	struct opened *o = file->private_data;

	poll_wait(file, &xvm_timer.disrupted, table);
	xvm_timer_watch();
	xvm_timer_look();
	return READ_ONCE(xvm_timer.local->disruptions) == o->disruptions
		   ? EPOLLIN | EPOLLRDNORM
		   : EPOLLIN | EPOLLRDNORM | EPOLLPRI;
}

static const struct file_operations dev_ops = {
    .owner = THIS_MODULE,
    .open = dev_open,
    .release = dev_release,
    .mmap = dev_mmap,
    .read = dev_read,
    .poll = dev_poll,
    .llseek = default_llseek,
};

static struct miscdevice device = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "xvmtime",
    .fops = &dev_ops,
    .mode = 0444,
};

int xvm_timer_dev_init(void)
{
	return misc_register(&device);
}

void xvm_timer_dev_exit(void)
{
	misc_deregister(&device);
}
