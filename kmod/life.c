// SPDX-License-Identifier: GPL-2.0
/*
 * What time does to pairs.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>

#include "dev.h"
#include "hold.h"
#include "life.h"

#define NEVER U64_MAX

static u64 next_due(const struct ipsvti_pair *pair)
{
	const struct ipsvti_pair_times *due = &pair->due;

	return min(min3(due->ends, due->soft_in, due->hard_in),
		   min3(due->age, due->soft_out, due->hard_out));
}

/*
 * Have the work run when something is due next.  A timer may be late by an eighth of
 * its time; so a long one ends early by that much, and a shorter one follows.
 */
static void arm(struct ipsvti_dev *vdev)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	u64 first = NEVER, now = get_jiffies_64(), left;
	struct ipsvti_pair *pair;

	list_for_each_entry(pair, &b->pairs, node)
		first = min(first, next_due(pair));
	if (first == NEVER)
		return;
	left = first > now ? first - now : 0;
	if (left > HZ)
		left -= left / 8;
	mod_delayed_work(ipsvti_wq, &b->life,
			 min_t(u64, left, MAX_JIFFY_OFFSET));
}

static enum ipsvti_reason why(const struct ipsvti_pair *pair)
{
	if (pair->state == IPSVTI_PAIR_STATE_LARVAL)
		return IPSVTI_REASON_RESERVATION_EXPIRED;
	/* Else its grace is over, which somebody gave it with sa-del. */
	return pair->in->in.over ? pair->in->expired : IPSVTI_REASON_DELETED;
}

/* Is it time?  Once it is. */
static bool due(u64 *when, u64 now)
{
	if (now < *when)
		return false;
	*when = NEVER;
	return true;
}

static void age(struct ipsvti_pair *pair, u64 now)
{
	if (pair->state != IPSVTI_PAIR_STATE_LARVAL ||
	    !due(&pair->due.age, now))
		return;
	ipsvti_hold_age(pair->in);
	pair->due.age = now + IPSVTI_HOLD_TIME;
}

/* Soft limits first, so that both of an SA are told if both are due. */
static void limits(struct ipsvti_dev *vdev, struct ipsvti_pair *pair, u64 now)
{
	if (due(&pair->due.soft_in, now))
		__ipsvti_bundle_soft(vdev, pair, pair->in,
				     IPSVTI_REASON_SOFT_TIME);
	if (due(&pair->due.soft_out, now) && pair->out)
		__ipsvti_bundle_soft(vdev, pair, pair->out,
				     IPSVTI_REASON_SOFT_TIME);
	if (due(&pair->due.hard_out, now) && pair->out)
		__ipsvti_bundle_hard(vdev, pair, pair->out,
				     IPSVTI_REASON_HARD_TIME);
	if (due(&pair->due.hard_in, now))
		__ipsvti_bundle_hard(vdev, pair, pair->in,
				     IPSVTI_REASON_HARD_TIME);
}

static void life_work(struct work_struct *work)
{
	struct ipsvti_dev *vdev = container_of(to_delayed_work(work),
					       struct ipsvti_dev, bundle.life);
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair, *next;
	u64 now = get_jiffies_64();

	spin_lock_bh(&b->lock);
	list_for_each_entry_safe(pair, next, &b->pairs, node) {
		if (due(&pair->due.ends, now)) {
			__ipsvti_bundle_remove(vdev, pair, why(pair));
			continue;
		}
		age(pair, now);
		limits(vdev, pair, now);
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
 * ipsvti_life_new - let nothing be due for a pair
 * @pair: the pair
 *
 * Context: before @pair is in a bundle.
 */
void ipsvti_life_new(struct ipsvti_pair *pair)
{
	pair->due = (struct ipsvti_pair_times){
		.ends = NEVER,
		.age = NEVER,
		.soft_in = NEVER,
		.hard_in = NEVER,
		.soft_out = NEVER,
		.hard_out = NEVER,
	};
}

static u64 at(const struct ipsvti_sa *sa, u64 seconds)
{
	return seconds == IPSVTI_LIMIT_NONE ? NEVER :
					      sa->installed + seconds * HZ;
}

/**
 * ipsvti_life_limits - begin to watch the limits of seconds of a pair
 * @vdev: its device
 * @pair: the pair, with both SAs and the time of their installation
 *
 * Context: bundle lock held.
 */
void ipsvti_life_limits(struct ipsvti_dev *vdev, struct ipsvti_pair *pair)
{
	lockdep_assert_held(&vdev->bundle.lock);

	pair->due.soft_in = at(pair->in, pair->in->limits.seconds.soft);
	pair->due.hard_in = at(pair->in, pair->in->limits.seconds.hard);
	pair->due.soft_out = at(pair->out, pair->out->limits.seconds.soft);
	pair->due.hard_out = at(pair->out, pair->out->limits.seconds.hard);
	arm(vdev);
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

	pair->due.ends = get_jiffies_64() + (u64)seconds * HZ;
	if (pair->state == IPSVTI_PAIR_STATE_LARVAL)
		pair->due.age = get_jiffies_64() + IPSVTI_HOLD_TIME;
	arm(vdev);
}
