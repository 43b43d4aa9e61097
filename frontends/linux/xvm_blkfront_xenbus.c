// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end's side of the handshake: follows the back end's state (docs/protocols/block.md).
 *
 *     back end    here
 *     InitWait    make a ring, write its nodes, Initialised; if there was one before, the back end
 * has begun anew: the old ring is dropped, and what was in flight goes out again later Connected
 * Connected, then let requests flow; the first time, add the disk Closing     remove the disk, drop
 * the ring, Closed Closed      the same, but I/O fails: nobody would answer it
 *
 * Connected again, while we are connected: look for another size, and whether the toolstack wants
 * the disk back (`online` is 0).
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/xen.h>

#include "libvmshare/abi/store_nodes.h"
#include "xvm_blkfront.h"

#define SUSPEND_DRAIN_SECONDS 10

static uint ring_pages = 4;
module_param(ring_pages, uint, 0444);
MODULE_PARM_DESC(ring_pages, "Pages of a disk's ring, 1 to 16 (default: 4, 128 requests)");

/* The back end's node, which must be a number in a range. */
static int read_number(struct xvm_disk *disk, const char *node, u64 min, u64 max, u64 *out)
{
	int got = xenbus_scanf(XBT_NIL, disk->xbdev->otherend, node, "%llu", out);

	if (got == 1 && *out >= min && *out <= max)
		return 0;
	xenbus_dev_fatal(disk->xbdev, got < 0 ? got : -EINVAL,
			 "back end's %s is no number in %llu..%llu", node, min, max);
	return -EINVAL;
}

static bool text_is(const char *directory, const char *node, const char *wanted)
{
	char *text = xenbus_read(XBT_NIL, directory, node, NULL);
	bool equal = !IS_ERR(text) && !strcmp(text, wanted);

	if (!IS_ERR(text))
		kfree(text);
	return equal;
}

/* --- the ring ------------------------------------------------------------------------------------
 */

/* Under the mutex. The queue stays paused, unless the disk has been removed. */
static void drop_ring(struct xvm_disk *disk)
{
	if (!disk->closing)
		xvm_disk_pause(disk);
	spin_lock_irq(&disk->lock);
	if (disk->state == XVM_DISK_CONNECTED)
		disk->state = XVM_DISK_WAITING;
	spin_unlock_irq(&disk->lock);
	disk->announced = false;
	if (disk->irq)
		unbind_from_irqhandler(disk->irq, disk); /* closes the port too */
	else if (disk->port)
		xenbus_free_evtchn(disk->xbdev, disk->port);
	disk->irq = 0;
	disk->port = 0;
	/* Nobody takes answers any more: what is still in flight was not answered. */
	xvm_disk_requeue_sent(disk);
	if (disk->shared)
		xenbus_teardown_ring((void **)&disk->shared, disk->ring_pages, disk->ring_refs);
}

static int make_ring(struct xvm_disk *disk)
{
	struct xenbus_device *xbdev = disk->xbdev;
	int irq, error;

	error = xenbus_setup_ring(xbdev, GFP_KERNEL, (void **)&disk->shared, disk->ring_pages,
				  disk->ring_refs);
	if (error)
		return error;
	xvm_ring_format(disk->shared, disk->ring_pages, disk->features, ++disk->generation);
	xvm_ring_front_init(&disk->ring, disk->shared, disk->ring_pages, disk->features, 0);
	error = xenbus_alloc_evtchn(xbdev, &disk->port);
	if (error) {
		disk->port = 0;
		return error;
	}
	irq =
	    bind_evtchn_to_irqhandler_lateeoi(disk->port, xvm_disk_event, 0, "xvm-blkfront", disk);
	if (irq < 0)
		return irq;
	disk->irq = irq;
	return 0;
}

static int write_nodes(struct xvm_disk *disk)
{
	const char *directory = disk->xbdev->nodename;
	struct xenbus_transaction t;
	char node[16];
	int error;
	u32 i;

again:
	error = xenbus_transaction_start(&t);
	if (error)
		return error;
	error = xenbus_printf(t, directory, XVM_NODE_XVBD_PROTOCOL, "%s", XVM_XVBD_PROTOCOL);
	if (!error)
		error =
		    xenbus_printf(t, directory, XVM_NODE_XVBD_RING_PAGES, "%u", disk->ring_pages);
	for (i = 0; !error && i < disk->ring_pages; i++) {
		snprintf(node, sizeof(node), XVM_NODE_XVBD_RING_REF, i);
		error = xenbus_printf(t, directory, node, "%u", disk->ring_refs[i]);
	}
	if (!error)
		error = xenbus_printf(t, directory, XVM_NODE_XVBD_EVENT_CHANNEL, "%u", disk->port);
	if (!error)
		error =
		    xenbus_printf(t, directory, XVM_NODE_XVBD_RING_FEATURES, "%u", disk->features);
	if (error) {
		xenbus_transaction_end(t, 1);
		return error;
	}
	error = xenbus_transaction_end(t, 0);
	if (error == -EAGAIN)
		goto again;
	return error;
}

/* Under the mutex: takes up the back end's offer. */
static void announce(struct xvm_disk *disk)
{
	u64 pages_max, features, segments_max, flush;
	int error;

	if (!text_is(disk->xbdev->otherend, XVM_NODE_XVBD_PROTOCOL, XVM_XVBD_PROTOCOL)) {
		xenbus_dev_fatal(disk->xbdev, -EPROTO,
				 "back end does not speak " XVM_XVBD_PROTOCOL);
		return;
	}
	if (read_number(disk, XVM_NODE_XVBD_RING_PAGES_MAX, 1, U32_MAX, &pages_max) ||
	    read_number(disk, XVM_NODE_XVBD_RING_FEATURES, 0, U32_MAX, &features) ||
	    read_number(disk, XVM_NODE_XVBD_SEGMENTS_MAX, 1, XVM_BLK_INDIRECT_SEGMENTS_MAX,
			&segments_max) ||
	    read_number(disk, XVM_NODE_XVBD_FEATURE_FLUSH, 0, 1, &flush))
		return;
	segments_max = min_t(u64, segments_max, XVM_BLK_SEGMENTS_MAX);
	if (disk->gd && (segments_max < disk->segments_max || (disk->flush && !flush))) {
		xvm_disk_lose(disk, "the new back end can do less than the one before");
		return;
	}
	if (!disk->gd) {
		disk->segments_max = segments_max;
		disk->flush = flush;
	}
	disk->features = features & XVM_RING_F_ALL;
	disk->ring_pages = xvm_blk_ring_pages(clamp(ring_pages, 1u, XVM_RING_MAX_PAGES), pages_max);
	error = make_ring(disk);
	if (!error)
		error = write_nodes(disk);
	if (error) {
		drop_ring(disk);
		xenbus_dev_fatal(disk->xbdev, error, "making a ring of %u pages", disk->ring_pages);
		return;
	}
	disk->announced = true;
	xenbus_switch_state(disk->xbdev, XenbusStateInitialised);
}

/* Under the mutex: the back end has connected the ring that was announced. */
static void connect(struct xvm_disk *disk)
{
	bool first = !disk->gd;
	u64 sectors, bytes;
	int error;

	if (read_number(disk, XVM_NODE_XVBD_SECTORS, 1, U64_MAX >> 9, &sectors) ||
	    read_number(disk, XVM_NODE_XVBD_SECTOR_BYTES, XVM_BLK_SECTOR_BYTES,
			XVM_BLK_SECTOR_BYTES, &bytes))
		return;
	if (first) {
		disk->sectors = sectors;
		disk->read_only = !text_is(disk->xbdev->otherend, XVM_NODE_XVBD_MODE, "w");
		error = xvm_disk_create(disk);
		if (error) {
			xenbus_dev_fatal(disk->xbdev, error, "making the disk %s", disk->name);
			return;
		}
	} else if (sectors < disk->sectors) {
		xvm_disk_lose(disk, "the disk is smaller than before");
		return;
	} else {
		xvm_disk_resize(disk, sectors);
	}
	disk->announced = false;
	xvm_disk_find_clock();
	/*
	 * First the state, then the first request: a back end that finds the state Initialised
	 * knows that the ring was never used, and may connect it anew.
	 */
	xenbus_switch_state(disk->xbdev, XenbusStateConnected);
	spin_lock_irq(&disk->lock);
	if (disk->state == XVM_DISK_WAITING)
		disk->state = XVM_DISK_CONNECTED;
	spin_unlock_irq(&disk->lock);
	xvm_disk_resume(disk);
	if (first)
		schedule_work(&disk->add);
}

/* Under the mutex: leaves, unless somebody has the disk open; then says so. */
static void leave_if_unused(struct xvm_disk *disk)
{
	if (!text_is(disk->xbdev->otherend, XVM_NODE_XVBD_ONLINE, "0"))
		return;
	if (!xvm_disk_shut(disk)) {
		xenbus_printf(XBT_NIL, disk->xbdev->nodename, XVM_NODE_XVBD_BUSY, "1");
		return;
	}
	disk->closing = true;
	schedule_work(&disk->close);
}

/* Under the mutex: the back end is connected as before and has something to tell. */
static void follow(struct xvm_disk *disk)
{
	unsigned long long sectors;

	if (xenbus_scanf(XBT_NIL, disk->xbdev->otherend, XVM_NODE_XVBD_SECTORS, "%llu", &sectors) ==
		1 &&
	    sectors >= 1 && sectors <= U64_MAX >> 9)
		xvm_disk_resize(disk, sectors);
	leave_if_unused(disk);
}

/* --- the end -------------------------------------------------------------------------------------
 */

static void tear_down(struct xvm_disk *disk)
{
	xvm_disk_remove(disk);
	mutex_lock(&disk->mutex);
	drop_ring(disk);
	mutex_unlock(&disk->mutex);
	xvm_disk_free(disk);
}

/* Not on the thread of the store's watches: removing a disk waits for I/O, which may wait for them.
 */
static void close_work(struct work_struct *work)
{
	struct xvm_disk *disk = container_of(work, struct xvm_disk, close);

	tear_down(disk);
	xenbus_frontend_closed(disk->xbdev);
}

static void tell_why(struct xvm_disk *disk)
{
	char *why = xenbus_read(XBT_NIL, disk->xbdev->otherend, XVM_NODE_XVBD_ERROR, NULL);

	if (!IS_ERR(why)) {
		dev_err(&disk->xbdev->dev, "%s: the back end refuses: %s\n", disk->name, why);
		kfree(why);
	}
}

static void backend_changed(struct xenbus_device *xbdev, enum xenbus_state state)
{
	struct xvm_disk *disk = dev_get_drvdata(&xbdev->dev);
	bool connected;

	mutex_lock(&disk->mutex);
	connected = disk->state == XVM_DISK_CONNECTED;
	switch (state) {
	case XenbusStateInitWait:
		/* Already announced: a watch may fire twice for one change. */
		if (disk->announced || disk->closing || disk->state == XVM_DISK_LOST)
			break;
		drop_ring(disk);
		announce(disk);
		break;
	case XenbusStateConnected:
		if (disk->closing)
			break;
		if (disk->announced)
			connect(disk);
		if (disk->state == XVM_DISK_CONNECTED)
			follow(disk);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
		if (state == XenbusStateClosed || !connected)
			xvm_disk_lose(disk, NULL);
		if (disk->closing)
			break;
		disk->closing = true;
		tell_why(disk);
		schedule_work(&disk->close);
		break;
	default:
		break;
	}
	mutex_unlock(&disk->mutex);
}

/* --- suspend and resume --------------------------------------------------------------------------
 */

static bool all_answered(struct xvm_disk *disk)
{
	bool answered = true;
	u32 tag;

	spin_lock_irq(&disk->lock);
	for (tag = 0; answered && disk->state == XVM_DISK_CONNECTED && tag < disk->depth; tag++)
		answered = !disk->sent[tag];
	spin_unlock_irq(&disk->lock);
	return answered;
}

/*
 * The guest is about to be suspended: processes stand still already. Lets the back end answer what
 * it was asked, so that no write of now can land after one of later. It may be away, or restarting:
 * what is left after a while goes out again on resume. Nothing is stopped here, since nobody would
 * tell us if the suspend were called off.
 */
static int suspend(struct xenbus_device *xbdev)
{
	struct xvm_disk *disk = dev_get_drvdata(&xbdev->dev);
	unsigned long end = jiffies + SUSPEND_DRAIN_SECONDS * HZ;

	while (!all_answered(disk)) {
		if (time_after(jiffies, end)) {
			dev_info(&xbdev->dev, "%s: suspends with requests in flight\n", disk->name);
			break;
		}
		msleep(10);
	}
	return 0;
}

/*
 * Another domain, with the memory of the one that was suspended: grants and ports are gone, and
 * frames are others. The new back end offers itself as it does to a new device; what was in flight
 * goes out again then, as after its restart.
 */
static int resume(struct xenbus_device *xbdev)
{
	struct xvm_disk *disk = dev_get_drvdata(&xbdev->dev);

	mutex_lock(&disk->mutex);
	if (!disk->closing && disk->state != XVM_DISK_LOST)
		drop_ring(disk);
	mutex_unlock(&disk->mutex);
	return 0;
}

/* --- the driver ----------------------------------------------------------------------------------
 */

static int probe(struct xenbus_device *xbdev, const struct xenbus_device_id *id)
{
	struct xvm_disk *disk;
	char *name;
	int error = 0;

	name = xenbus_read(XBT_NIL, xbdev->nodename, XVM_NODE_XVBD_DEV, NULL);
	if (IS_ERR(name)) {
		xenbus_dev_fatal(xbdev, PTR_ERR(name), "reading " XVM_NODE_XVBD_DEV);
		return PTR_ERR(name);
	}
	disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	if (!disk) {
		error = -ENOMEM;
	} else if (!xvm_blk_name_ok(name)) {
		error = -EINVAL;
		xenbus_dev_fatal(xbdev, error, "'%.32s' is no name of a disk: xvda to xvdz", name);
	} else {
		strscpy(disk->name, name, sizeof(disk->name));
	}
	kfree(name);
	if (error) {
		kfree(disk);
		return error;
	}
	disk->xbdev = xbdev;
	xvm_disk_init(disk);
	INIT_WORK(&disk->close, close_work);
	dev_set_drvdata(&xbdev->dev, disk);
	return 0;
}

/* The device's nodes are gone, or this module goes. */
static void remove(struct xenbus_device *xbdev)
{
	struct xvm_disk *disk = dev_get_drvdata(&xbdev->dev);

	if (xenbus_read_driver_state(xbdev->otherend) != XenbusStateConnected)
		xvm_disk_lose(disk, NULL);
	mutex_lock(&disk->mutex);
	disk->closing = true;
	mutex_unlock(&disk->mutex);
	flush_work(&disk->close);
	tear_down(disk);
	kfree(disk);
	dev_set_drvdata(&xbdev->dev, NULL);
}

static const struct xenbus_device_id ids[] = {{XVM_XVBD_CLASS}, {""}};

static struct xenbus_driver driver = {
    .ids = ids,
    .probe = probe,
    .remove = remove,
    .suspend = suspend,
    .resume = resume,
    .otherend_changed = backend_changed,
};

static int __init xvm_blkfront_init(void)
{
	int error;

	if (!xen_domain())
		return -ENODEV;
	error = xvm_blk_pools_init();
	if (error)
		return error;
	error = xenbus_register_frontend(&driver);
	if (error)
		xvm_blk_pools_exit();
	return error;
}
module_init(xvm_blkfront_init);

static void __exit xvm_blkfront_exit(void)
{
	xenbus_unregister_driver(&driver);
	xvm_disk_drop_clock();
	xvm_blk_pools_exit();
}
module_exit(xvm_blkfront_exit);

MODULE_DESCRIPTION("Block devices over the sleep/wake ring");
MODULE_LICENSE("GPL");
MODULE_ALIAS("xen:xvbd");
