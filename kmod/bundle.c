// SPDX-License-Identifier: GPL-2.0
/*
 * The SA pairs of a device: made, put to use, taken out of use, removed.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "automtu.h"
#include "config.h"
#include "dev.h"
#include "hold.h"
#include "life.h"
#include "nl.h"
#include "trace.h"

/**
 * ipsvti_bundle_init - make the bundle of a new device
 * @vdev: the device
 *
 * Context: process, before @vdev is registered.
 */
void ipsvti_bundle_init(struct ipsvti_dev *vdev)
{
	struct ipsvti_bundle *b = &vdev->bundle;

	spin_lock_init(&b->lock);
	INIT_LIST_HEAD(&b->pairs);
	b->moves_since = jiffies;
	ipsvti_life_init(vdev);
	netif_carrier_off(vdev->dev);
}

/**
 * ipsvti_bundle_exit - remove all pairs of a device, and let none come again
 * @vdev: the device
 *
 * Context: process.
 */
void ipsvti_bundle_exit(struct ipsvti_dev *vdev)
{
	struct ipsvti_bundle *b = &vdev->bundle;

	spin_lock_bh(&b->lock);
	b->dead = true;
	__ipsvti_bundle_flush(vdev, NULL, IPSVTI_REASON_DEVICE_GONE);
	spin_unlock_bh(&b->lock);
	ipsvti_life_exit(vdev);
}

/**
 * __ipsvti_bundle_find - find a pair of a device
 * @vdev: the device
 * @id: its id
 * @extack: where to say that there is none
 *
 * Context: bundle lock held.
 * Return: the pair; NULL, there is none.
 */
struct ipsvti_pair *__ipsvti_bundle_find(struct ipsvti_dev *vdev, u32 id,
					 struct netlink_ext_ack *extack)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair;

	lockdep_assert_held(&b->lock);

	list_for_each_entry(pair, &b->pairs, node) {
		if (pair->id == id)
			return pair;
	}
	ipsvti_refuse(extack, NULL, -ENOENT, "the device has no such pair");
	return NULL;
}

/**
 * ipsvti_pair_set_state - a pair enters a state
 * @vdev: its device
 * @pair: the pair, its SAs as they were before
 * @state: the state
 * @reason: why; IPSVTI_REASON_NONE, somebody asked for it
 *
 * Context: bundle lock held.
 */
void ipsvti_pair_set_state(const struct ipsvti_dev *vdev,
			   struct ipsvti_pair *pair,
			   enum ipsvti_pair_state state,
			   enum ipsvti_reason reason)
{
	lockdep_assert_held(&vdev->bundle.lock);

	pair->state = state;
	trace_ipsvti_sa(vdev, pair, state, reason);
}

/* Give up a pair's outbound SA.  It must not be the one in use. */
static void drop_out(struct ipsvti_dev *vdev, struct ipsvti_pair *pair)
{
	if (!pair->out)
		return;
	ipsvti_sad_remove(ipsvti_dev_sad(vdev), pair->out);
	ipsvti_sa_retire(pair->out);
	pair->out = NULL;
}

/**
 * __ipsvti_bundle_switch - from now on send with another pair, or with none
 * @vdev: the device
 * @to: the pair, staged; NULL, none
 * @reason: if the carrier changes by this, why
 *
 * The pair that was active goes on receiving.  The store to ipsvti_dev::out is the
 * only thing that transmission sees of it.
 *
 * Context: bundle lock held.
 */
void __ipsvti_bundle_switch(struct ipsvti_dev *vdev, struct ipsvti_pair *to,
			    enum ipsvti_reason reason)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *from = b->active;
	struct ipsvti_config *config;

	lockdep_assert_held(&b->lock);

	b->active = to;
	rcu_assign_pointer(vdev->out, to ? to->out : NULL);
	if (to) {
		ipsvti_pair_set_state(vdev, to, IPSVTI_PAIR_STATE_ACTIVE,
				      reason);
		/* The route may depend on what the outer packet is. */
		config = rcu_dereference_protected(vdev->config,
						   lockdep_is_held(&b->lock));
		dst_cache_reset(&config->dst_cache);
		ipsvti_automtu_schedule(vdev);
	}
	if (from) {
		ipsvti_pair_set_state(vdev, from, IPSVTI_PAIR_STATE_DRAINING,
				      reason);
		drop_out(vdev, from);
	}
	if (!from == !to)
		return;

	b->reason = reason;
	if (to)
		netif_carrier_on(vdev->dev);
	else
		netif_carrier_off(vdev->dev);
	ipsvti_event_carrier(vdev);
}

/* The pair to use when the active one is lost: the youngest staged one. */
static struct ipsvti_pair *successor(struct ipsvti_dev *vdev)
{
	struct ipsvti_pair *pair;

	list_for_each_entry_reverse(pair, &vdev->bundle.pairs, node) {
		if (pair->state == IPSVTI_PAIR_STATE_STAGED)
			return pair;
	}
	return NULL;
}

/* Give up the outbound SA of a pair for good. */
static void drain(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
		  enum ipsvti_reason reason)
{
	if (vdev->bundle.active == pair)
		__ipsvti_bundle_switch(vdev, successor(vdev), reason);
	if (pair->state != IPSVTI_PAIR_STATE_DRAINING)
		ipsvti_pair_set_state(vdev, pair, IPSVTI_PAIR_STATE_DRAINING,
				      reason);
	drop_out(vdev, pair);
}

/**
 * __ipsvti_bundle_remove - remove a pair
 * @vdev: the device
 * @pair: the pair, freed when this returns
 * @reason: what to tell the listeners
 *
 * Context: bundle lock held.
 */
void __ipsvti_bundle_remove(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			    enum ipsvti_reason reason)
{
	struct ipsvti_bundle *b = &vdev->bundle;

	lockdep_assert_held(&b->lock);

	/* Told first, so that the event can still say what the pair was. */
	ipsvti_event_deleted(vdev, pair, reason);
	trace_ipsvti_sa(vdev, pair, -1, reason);
	if (b->active == pair)
		__ipsvti_bundle_switch(vdev, successor(vdev), reason);
	drop_out(vdev, pair);
	ipsvti_sad_remove(ipsvti_dev_sad(vdev), pair->in);
	if (pair->state == IPSVTI_PAIR_STATE_LARVAL)
		ipsvti_hold_drop(pair->in);
	ipsvti_sa_retire(pair->in);
	list_del(&pair->node);
	b->count--;
	kfree(pair);
}

/**
 * __ipsvti_bundle_flush - remove all pairs, or those of an owner
 * @vdev: the device
 * @owner: whose; NULL, all there are
 * @reason: what to tell the listeners
 *
 * Context: bundle lock held.
 */
void __ipsvti_bundle_flush(struct ipsvti_dev *vdev,
			   const struct ipsvti_owner *owner,
			   enum ipsvti_reason reason)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair, *next, *active = NULL;

	lockdep_assert_held(&b->lock);

	/* The active one last: no other of them must take its place for a moment. */
	list_for_each_entry_safe(pair, next, &b->pairs, node) {
		if (owner && pair->owner != owner)
			continue;
		if (pair == b->active)
			active = pair;
		else
			__ipsvti_bundle_remove(vdev, pair, reason);
	}
	if (active)
		__ipsvti_bundle_remove(vdev, active, reason);
}

/**
 * ipsvti_bundle_activate - put the outbound SA of a pair to use
 * @vdev: the device
 * @id: the pair
 * @extack: where to say what is wrong
 *
 * Context: process.
 * Return: 0, also if the pair is active already; -ENOENT, there is no such pair;
 *	-EBUSY, it has no outbound SA: not yet, or not any more.
 */
int ipsvti_bundle_activate(struct ipsvti_dev *vdev, u32 id,
			   struct netlink_ext_ack *extack)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair;
	int err = 0;

	spin_lock_bh(&b->lock);
	pair = __ipsvti_bundle_find(vdev, id, extack);
	if (!pair)
		err = -ENOENT;
	else if (pair->state == IPSVTI_PAIR_STATE_LARVAL)
		err = ipsvti_refuse(extack, NULL, -EBUSY,
				    "the pair has no keys yet");
	else if (pair->state == IPSVTI_PAIR_STATE_DRAINING)
		err = ipsvti_refuse(extack, NULL, -EBUSY,
				    "the pair's outbound SA is gone");
	else if (pair->state == IPSVTI_PAIR_STATE_STAGED)
		__ipsvti_bundle_switch(vdev, pair, IPSVTI_REASON_ACTIVATED);
	spin_unlock_bh(&b->lock);
	return err;
}

/**
 * ipsvti_bundle_delete - remove a pair, the inbound SA perhaps somewhat later
 * @vdev: the device
 * @id: the pair
 * @grace: seconds for which packets are still taken
 * @extack: where to say what is wrong
 *
 * Context: process.
 * Return: 0; -ENOENT, there is no such pair.
 */
int ipsvti_bundle_delete(struct ipsvti_dev *vdev, u32 id, u32 grace,
			 struct netlink_ext_ack *extack)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair;

	spin_lock_bh(&b->lock);
	pair = __ipsvti_bundle_find(vdev, id, extack);
	if (!pair) {
		spin_unlock_bh(&b->lock);
		return -ENOENT;
	}
	if (!grace || pair->state == IPSVTI_PAIR_STATE_LARVAL) {
		__ipsvti_bundle_remove(vdev, pair, IPSVTI_REASON_DELETED);
	} else {
		drain(vdev, pair, IPSVTI_REASON_DELETED);
		ipsvti_life_ends(vdev, pair, grace);
	}
	spin_unlock_bh(&b->lock);
	return 0;
}

/**
 * ipsvti_bundle_flush - remove all pairs of a device, or those of an owner
 * @vdev: the device
 * @owner: whose; NULL, all there are
 * @reason: what to tell the listeners
 *
 * Context: process.
 */
void ipsvti_bundle_flush(struct ipsvti_dev *vdev,
			 const struct ipsvti_owner *owner,
			 enum ipsvti_reason reason)
{
	spin_lock_bh(&vdev->bundle.lock);
	__ipsvti_bundle_flush(vdev, owner, reason);
	spin_unlock_bh(&vdev->bundle.lock);
}

static struct ipsvti_pair *pair_of(struct ipsvti_dev *vdev,
				   const struct ipsvti_sa *sa)
{
	struct ipsvti_pair *pair;

	list_for_each_entry(pair, &vdev->bundle.pairs, node) {
		if (pair->in == sa || pair->out == sa)
			return pair;
	}
	return NULL;
}

/**
 * ipsvti_bundle_heard - the first authenticated packet of a pair has arrived
 * @vdev: the device
 * @sa: inbound SA of the pair
 *
 * The peer has the keys; a pair that was waiting to know that becomes active.
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_bundle_heard(struct ipsvti_dev *vdev, struct ipsvti_sa *sa)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair;

	spin_lock_bh(&b->lock);
	pair = pair_of(vdev, sa);
	/* Gone meanwhile, or another CPU was faster. */
	if (!pair || sa->in.heard)
		goto unlock;
	WRITE_ONCE(sa->in.heard, true);
	if (pair->state == IPSVTI_PAIR_STATE_STAGED &&
	    pair->activation == IPSVTI_ACTIVATION_FIRST_RX)
		__ipsvti_bundle_switch(vdev, pair, IPSVTI_REASON_ACTIVATED);
	ipsvti_event_first_rx(vdev, pair);
unlock:
	spin_unlock_bh(&b->lock);
}

/* A limit behind which an SA is used no more. */
static bool hard(enum ipsvti_reason reason)
{
	switch (reason) {
	case IPSVTI_REASON_SEQUENCE_EXHAUSTED:
	case IPSVTI_REASON_HARD_BYTES:
	case IPSVTI_REASON_HARD_PACKETS:
	case IPSVTI_REASON_HARD_TIME:
		return true;
	default:
		return false;
	}
}

static void tell_expire(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			struct ipsvti_sa *sa, enum ipsvti_reason reason)
{
	sa->expired = reason;
	if (hard(reason) || !hard(pair->expired))
		pair->expired = reason;
	ipsvti_event_expire(vdev, pair, sa, reason);
}

/**
 * __ipsvti_bundle_soft - an SA has reached a soft limit: tell, and go on
 * @vdev: the device
 * @pair: the pair
 * @sa: its SA, in or out
 * @reason: which limit
 *
 * Context: bundle lock held.
 */
void __ipsvti_bundle_soft(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			  struct ipsvti_sa *sa, enum ipsvti_reason reason)
{
	lockdep_assert_held(&vdev->bundle.lock);

	/* News of an SA that is over already help nobody. */
	if (!hard(sa->expired))
		tell_expire(vdev, pair, sa, reason);
}

/**
 * __ipsvti_bundle_hard - an SA has reached a hard limit: use it no more
 * @vdev: the device
 * @pair: the pair
 * @sa: its SA, in or out
 * @reason: which limit
 *
 * Another pair takes over if there is one; the carrier is lost if there is none
 * (RFC 4303, section 3.3.3, and RFC 4301, section 4.4.2.1).  After a limit of the
 * outbound SA the inbound one goes on; after one of the inbound SA there is no way
 * back for what would be sent, so the pair sends no more.
 *
 * Context: bundle lock held.
 */
void __ipsvti_bundle_hard(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			  struct ipsvti_sa *sa, enum ipsvti_reason reason)
{
	u64 ends = get_jiffies_64() + (u64)IPSVTI_EXPIRED_TIME * HZ;

	lockdep_assert_held(&vdev->bundle.lock);

	/* By a packet and by time at once, say. */
	if (hard(sa->expired))
		return;
	if (sa->inbound)
		ipsvti_sa_close(sa);
	tell_expire(vdev, pair, sa, reason);
	drain(vdev, pair, reason);
	if (sa->inbound && ends < pair->due.ends)
		ipsvti_life_ends(vdev, pair, IPSVTI_EXPIRED_TIME);
}

/* The next of what was reached, soft limits first; 0, there is none. */
static enum ipsvti_reason next_reached(u32 *reached)
{
	static const enum ipsvti_reason order[] = {
		IPSVTI_REASON_SEQUENCE_LOW, IPSVTI_REASON_SOFT_BYTES,
		IPSVTI_REASON_SOFT_PACKETS, IPSVTI_REASON_HARD_BYTES,
		IPSVTI_REASON_HARD_PACKETS, IPSVTI_REASON_SEQUENCE_EXHAUSTED,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (*reached & BIT(order[i])) {
			*reached &= ~BIT(order[i]);
			return order[i];
		}
	}
	return IPSVTI_REASON_NONE;
}

/**
 * ipsvti_bundle_reached - a packet has brought an SA to limits
 * @vdev: the device
 * @sa: the SA
 * @reached: which, BIT() of &enum ipsvti_reason each
 *
 * When this returns with a hard one among them, ipsvti_dev::out is not @sa.
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_bundle_reached(struct ipsvti_dev *vdev, struct ipsvti_sa *sa,
			   u32 reached)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	enum ipsvti_reason reason;
	struct ipsvti_pair *pair;

	spin_lock_bh(&b->lock);
	pair = pair_of(vdev, sa);
	/* None if it is gone, or of an outbound SA, if another CPU was faster. */
	while (pair && (reason = next_reached(&reached))) {
		if (!hard(reason)) {
			__ipsvti_bundle_soft(vdev, pair, sa, reason);
			continue;
		}
		__ipsvti_bundle_hard(vdev, pair, sa, reason);
		break;
	}
	spin_unlock_bh(&b->lock);
}
