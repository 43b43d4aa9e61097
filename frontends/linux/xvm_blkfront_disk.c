// SPDX-License-Identifier: GPL-2.0-only
/*
 * The disk and its one queue, as the block layer sees them; the event from the back end.
 */
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "xvm_blkfront.h"

void xvm_disk_lose(struct xvm_disk *disk, const char *why)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&disk->lock, flags);
	first = disk->state != XVM_DISK_LOST;
	disk->state = XVM_DISK_LOST;
	spin_unlock_irqrestore(&disk->lock, flags);
	if (!first)
		return;
	if (why)
		dev_err(&disk->xbdev->dev, "%s: %s; the disk is disabled\n", disk->name, why);
	schedule_work(&disk->lose);
}

/*
 * The timer page's value, from xvm_timer where it is loaded: taken hold of when a disk connects,
 * kept until this module goes. A pointer is written once, so the interrupt may read it without a
 * lock.
 */
static u64 (*timer_stamp)(void);

static bool stamps = true;
module_param(stamps, bool, 0644);
MODULE_PARM_DESC(stamps,
		 "Tell when each request was submitted, where xvm_timer is loaded (default: yes)");

extern u64 xvm_timer_stamp(void);

void xvm_disk_find_clock(void)
{
	static DEFINE_MUTEX(finding);

	mutex_lock(&finding);
	if (!timer_stamp)
		WRITE_ONCE(timer_stamp, symbol_get(xvm_timer_stamp));
	mutex_unlock(&finding);
}

void xvm_disk_drop_clock(void)
{
	if (timer_stamp)
		symbol_put(xvm_timer_stamp);
	timer_stamp = NULL;
}

static u64 stamp(void)
{
	u64 (*now)(void) = READ_ONCE(timer_stamp);

	return now && READ_ONCE(stamps) ? now() : 0;
}

/* The tag's request, which is not in flight any more; NULL if there is none. */
static struct request *take_sent(struct xvm_disk *disk, u32 tag)
{
	struct request *rq = disk->requests[tag];

	disk->sent[tag] = 0;
	disk->requests[tag] = NULL;
	return rq;
}

/* Under the lock: shows the back end what was pushed. */
static void publish(struct xvm_disk *disk)
{
	if (disk->state == XVM_DISK_CONNECTED && xvm_ring_front_publish(&disk->ring))
		notify_remote_via_irq(disk->irq);
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *data)
{
	struct xvm_disk *disk = hctx->queue->queuedata;
	struct request *rq = data->rq;
	struct xvm_blk_request request;
	blk_status_t status;
	bool broken = false;
	unsigned long flags;

	blk_mq_start_request(rq);
	status = xvm_blk_prepare(disk, rq, &request);
	if (status != BLK_STS_OK)
		return status;
	request.header.t_submit = stamp();

	spin_lock_irqsave(&disk->lock, flags);
	if (disk->state == XVM_DISK_LOST) {
		status = BLK_STS_IOERR;
	} else if (disk->state != XVM_DISK_CONNECTED || !xvm_ring_front_room(&disk->ring)) {
		status = BLK_STS_RESOURCE; /* a ring smaller than the one before */
		broken = disk->state == XVM_DISK_CONNECTED && xvm_ring_front_broken(&disk->ring);
	} else {
		request.header.id = xvm_blk_id(rq->tag, disk->sequence++);
		disk->sent[rq->tag] = request.header.id;
		disk->requests[rq->tag] = rq;
		xvm_ring_front_push(&disk->ring, &request);
	}
	if (data->last)
		publish(disk);
	spin_unlock_irqrestore(&disk->lock, flags);

	if (status != BLK_STS_OK)
		xvm_blk_finish(rq, false);
	if (broken)
		xvm_disk_lose(disk, "the back end broke the ring's indices");
	return status;
}

/* The block layer has no more for now, and the last one it gave was not marked so. */
static void commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	struct xvm_disk *disk = hctx->queue->queuedata;
	unsigned long flags;

	spin_lock_irqsave(&disk->lock, flags);
	publish(disk);
	spin_unlock_irqrestore(&disk->lock, flags);
}

static void complete_rq(struct request *rq)
{
	struct xvm_disk *disk = rq->q->queuedata;
	struct xvm_blk_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (!xvm_blk_finish(rq, cmd->status == BLK_STS_OK)) {
		cmd->status = BLK_STS_IOERR;
		xvm_disk_lose(disk, "the back end still maps a page it has answered for");
	}
	blk_mq_end_request(rq, cmd->status);
}

static const struct blk_mq_ops queue_ops = {
    .queue_rq = queue_rq,
    .commit_rqs = commit_rqs,
    .complete = complete_rq,
};

/* Called under the disk's open_mutex, as xvm_disk_shut takes it. */
static int open_disk(struct block_device *bdev, fmode_t mode)
{
	struct xvm_disk *disk = bdev->bd_disk->private_data;

	return disk->shut ? -ENXIO : 0;
}

static const struct block_device_operations disk_ops = {
    .owner = THIS_MODULE,
    .open = open_disk,
};

bool xvm_disk_shut(struct xvm_disk *disk)
{
	/*
	 * Who opens the disk just now may wait for I/O that only the store's watches, our caller,
	 * can get going again.
	 */
	if (!mutex_trylock(&disk->gd->open_mutex))
		return false;
	if (!disk_openers(disk->gd))
		disk->shut = true;
	mutex_unlock(&disk->gd->open_mutex);
	return disk->shut;
}

void xvm_disk_resize(struct xvm_disk *disk, u64 sectors)
{
	if (sectors == disk->sectors)
		return;
	dev_info(&disk->xbdev->dev, "%s: %llu sectors, were %llu\n", disk->name, sectors,
		 disk->sectors);
	disk->sectors = sectors;
	set_capacity_and_notify(disk->gd, sectors);
}

/* The request that a response answers, its status set; NULL: no correct back end sends this one. */
static struct request *take_answer(struct xvm_disk *disk, const struct xvm_blk_response *response)
{
	struct xvm_blk_cmd *cmd;
	enum xvm_blk_answer answer;
	struct request *rq;
	u32 tag;

	answer = xvm_blk_judge(response, disk->sent, disk->depth, &tag);
	if (answer == XVM_BLK_ANSWER_ABSURD)
		return NULL;
	rq = take_sent(disk, tag);
	cmd = blk_mq_rq_to_pdu(rq);
	if (answer == XVM_BLK_ANSWER_NO_SPACE)
		cmd->status = BLK_STS_NOSPC;
	else if (answer == XVM_BLK_ANSWER_FAILED)
		cmd->status = BLK_STS_IOERR;
	return rq;
}

/* Under the lock: all that was answered, as a list; sets *fault if the back end is broken. */
static struct request *take_answers(struct xvm_disk *disk, const char **fault)
{
	struct xvm_ring_front *ring = &disk->ring;
	struct xvm_blk_response response;
	struct request *answered = NULL;
	enum xvm_ring_take taken;
	struct request *rq;

	xvm_ring_front_begin_wake(ring);
	do {
		while ((taken = xvm_ring_front_take(ring, &response)) == XVM_RING_TAKEN) {
			rq = take_answer(disk, &response);
			if (!rq) {
				*fault = "the back end answered what it was not asked";
				return answered;
			}
			((struct xvm_blk_cmd *)blk_mq_rq_to_pdu(rq))->next = answered;
			answered = rq;
		}
		if (taken == XVM_RING_BROKEN) {
			*fault = "the back end broke the ring's indices";
			return answered;
		}
	} while (xvm_ring_front_arm(ring) == XVM_RING_WORK);
	return answered;
}

irqreturn_t xvm_disk_event(int irq, void *cookie)
{
	struct xvm_disk *disk = cookie;
	struct request *answered = NULL;
	const char *fault = NULL;
	unsigned int eoi = XEN_EOI_FLAG_SPURIOUS;
	unsigned long flags;

	spin_lock_irqsave(&disk->lock, flags);
	if (disk->state == XVM_DISK_CONNECTED)
		answered = take_answers(disk, &fault);
	else if (disk->state == XVM_DISK_LOST)
		fault = "lost";
	spin_unlock_irqrestore(&disk->lock, flags);

	while (answered) {
		struct request *rq = answered;

		answered = ((struct xvm_blk_cmd *)blk_mq_rq_to_pdu(rq))->next;
		eoi = 0;
		blk_mq_complete_request(rq);
	}
	if (fault)
		xvm_disk_lose(disk, fault); /* and no end of interrupt: it shall not come again */
	else
		xen_irq_lateeoi(irq, eoi);
	return IRQ_HANDLED;
}

/* Fails what is in flight on a lost disk. */
static void lose_work(struct work_struct *work)
{
	struct xvm_disk *disk = container_of(work, struct xvm_disk, lose);
	struct request *rq;
	u32 tag;

	for (tag = 0; tag < disk->depth; tag++) {
		spin_lock_irq(&disk->lock);
		rq = take_sent(disk, tag);
		spin_unlock_irq(&disk->lock);
		if (rq) {
			((struct xvm_blk_cmd *)blk_mq_rq_to_pdu(rq))->status = BLK_STS_IOERR;
			blk_mq_complete_request(rq);
		}
	}
	mutex_lock(&disk->mutex);
	xvm_disk_resume(disk);
	mutex_unlock(&disk->mutex);
}

void xvm_disk_requeue_sent(struct xvm_disk *disk)
{
	struct request *rq;
	u32 tag;

	for (tag = 0; tag < disk->depth; tag++) {
		spin_lock_irq(&disk->lock);
		rq = take_sent(disk, tag);
		spin_unlock_irq(&disk->lock);
		if (!rq)
			continue;
		if (!xvm_blk_finish(rq, false))
			xvm_disk_lose(disk, "a page is still mapped by a back end that has ended");
		blk_mq_requeue_request(rq, false);
	}
}

void xvm_disk_pause(struct xvm_disk *disk)
{
	if (!disk->gd || disk->quiesced)
		return;
	blk_mq_quiesce_queue(disk->gd->queue);
	disk->quiesced = true;
}

void xvm_disk_resume(struct xvm_disk *disk)
{
	if (!disk->quiesced)
		return;
	disk->quiesced = false;
	blk_mq_unquiesce_queue(disk->gd->queue);
	blk_mq_kick_requeue_list(disk->gd->queue);
}

static void add_work(struct work_struct *work)
{
	struct xvm_disk *disk = container_of(work, struct xvm_disk, add);
	int error = device_add_disk(&disk->xbdev->dev, disk->gd, NULL);

	if (error) {
		dev_err(&disk->xbdev->dev, "cannot add the disk %s: error %d\n", disk->name, error);
		return;
	}
	disk->added = true;
	dev_info(&disk->xbdev->dev,
		 "%s: %llu sectors, %s, ring of %u pages, %u segments a request\n", disk->name,
		 disk->sectors, disk->read_only ? "read-only" : "writable", disk->ring_pages,
		 disk->segments_max);
}

static void set_limits(struct xvm_disk *disk)
{
	struct request_queue *q = disk->gd->queue;

	blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
	blk_queue_logical_block_size(q, XVM_BLK_SECTOR_BYTES);
	blk_queue_physical_block_size(q, PAGE_SIZE);
	blk_queue_dma_alignment(q, XVM_BLK_SECTOR_BYTES - 1);
	blk_queue_segment_boundary(q, PAGE_SIZE - 1);
	blk_queue_max_segment_size(q, PAGE_SIZE);
	blk_queue_max_segments(q, disk->segments_max);
	blk_queue_max_hw_sectors(q, disk->segments_max * XVM_BLK_SECTORS_PER_PAGE);
	blk_queue_write_cache(q, disk->flush && !disk->read_only, false);
}

int xvm_disk_create(struct xvm_disk *disk)
{
	struct blk_mq_tag_set *tags = &disk->tags;
	u32 depth = disk->ring.req.nslots;
	int error = -ENOMEM;

	disk->sent = kcalloc(depth, sizeof(*disk->sent), GFP_KERNEL);
	disk->requests = kcalloc(depth, sizeof(struct request *), GFP_KERNEL);
	if (!disk->sent || !disk->requests)
		goto no_memory;
	tags->ops = &queue_ops;
	tags->nr_hw_queues = 1;
	tags->queue_depth = depth;
	tags->numa_node = NUMA_NO_NODE;
	tags->cmd_size = sizeof(struct xvm_blk_cmd);
	/* The host orders what it does with the disk; a second scheduler only costs. */
	tags->flags = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	error = blk_mq_alloc_tag_set(tags);
	if (error)
		goto no_memory;
	disk->gd = blk_mq_alloc_disk(tags, disk);
	if (IS_ERR(disk->gd)) {
		error = PTR_ERR(disk->gd);
		disk->gd = NULL;
		blk_mq_free_tag_set(tags);
		goto no_memory;
	}
	strscpy(disk->gd->disk_name, disk->name, sizeof(disk->gd->disk_name));
	disk->gd->fops = &disk_ops;
	disk->gd->private_data = disk;
	set_limits(disk);
	set_capacity(disk->gd, disk->sectors);
	set_disk_ro(disk->gd, disk->read_only);
	disk->depth = depth;
	return 0;

no_memory:
	kfree(disk->sent);
	kfree(disk->requests);
	disk->sent = NULL;
	disk->requests = NULL;
	return error;
}

void xvm_disk_remove(struct xvm_disk *disk)
{
	flush_work(&disk->add);
	if (disk->added)
		del_gendisk(disk->gd);
	disk->added = false;
}

void xvm_disk_free(struct xvm_disk *disk)
{
	flush_work(&disk->lose);
	if (!disk->gd)
		return;
	put_disk(disk->gd);
	blk_mq_free_tag_set(&disk->tags);
	disk->gd = NULL;
	disk->depth = 0;
	kfree(disk->sent);
	kfree(disk->requests);
}

void xvm_disk_init(struct xvm_disk *disk)
{
	mutex_init(&disk->mutex);
	spin_lock_init(&disk->lock);
	INIT_WORK(&disk->add, add_work);
	INIT_WORK(&disk->lose, lose_work);
}
