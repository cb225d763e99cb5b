// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs that end by themselves.
 */
#include <linux/jiffies.h>

#include "dev.h"
#include "life.h"

/* Have the work run when the next pair ends. */
static void arm(struct ipsvti_dev *vdev)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	unsigned long first = 0;
	struct ipsvti_pair *pair;
	bool any = false;

	list_for_each_entry(pair, &b->pairs, node) {
		if (!pair->timed)
			continue;
		if (!any || time_before(pair->ends, first))
			first = pair->ends;
		any = true;
	}
	if (!any)
		return;
	mod_delayed_work(ipsvti_wq, &b->life,
			 time_after(first, jiffies) ? first - jiffies : 0);
}

static enum ipsvti_reason why(const struct ipsvti_pair *pair)
{
	return pair->state == IPSVTI_PAIR_STATE_LARVAL ?
		       IPSVTI_REASON_RESERVATION_EXPIRED :
		       IPSVTI_REASON_DELETED;
}

static void life_work(struct work_struct *work)
{
	struct ipsvti_dev *vdev = container_of(to_delayed_work(work),
					       struct ipsvti_dev, bundle.life);
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair, *next;

	spin_lock_bh(&b->lock);
	list_for_each_entry_safe(pair, next, &b->pairs, node) {
		if (!pair->timed || time_before(jiffies, pair->ends))
			continue;
		__ipsvti_bundle_remove(vdev, pair, why(pair));
	}
	arm(vdev);
	spin_unlock_bh(&b->lock);
}

/**
 * ipsvti_life_init - get ready to end pairs of a device
 * @vdev: the device
 *
 * Context: process, before @vdev is registered.
 */
void ipsvti_life_init(struct ipsvti_dev *vdev)
{
	INIT_DELAYED_WORK(&vdev->bundle.life, life_work);
}

/**
 * ipsvti_life_exit - end no more pairs of a device
 * @vdev: the device, which has none and gets none any more
 *
 * Context: process, bundle lock not held.
 */
void ipsvti_life_exit(struct ipsvti_dev *vdev)
{
	cancel_delayed_work_sync(&vdev->bundle.life);
}

/**
 * ipsvti_life_ends - say when a pair ends
 * @vdev: its device
 * @pair: the pair; an end that was said before is forgotten
 * @seconds: how long it still has
 *
 * Context: bundle lock held.
 */
void ipsvti_life_ends(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
		      u32 seconds)
{
	lockdep_assert_held(&vdev->bundle.lock);

	pair->ends = jiffies + seconds * HZ;
	pair->timed = true;
	arm(vdev);
}
