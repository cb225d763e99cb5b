// SPDX-License-Identifier: GPL-2.0
/*
 * How pairs come into the bundle of a device: reserved first, or at once.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/xfrm.h>

#include "config.h"
#include "dev.h"
#include "hold.h"
#include "life.h"
#include "nl.h"

/* SPIs to try: with as many SAs as memory holds one in 2^8 may be taken. */
#define SPI_TRIES 64

static u32 next_id(void)
{
	static atomic_t last;
	u32 id;

	do {
		id = atomic_inc_return(&last);
	} while (!id);
	return id;
}

static const struct ipsvti_config *config_of(const struct ipsvti_dev *vdev)
{
	return rcu_dereference_protected(vdev->config,
					 lockdep_is_held(&vdev->bundle.lock));
}

static void link_pair(struct ipsvti_dev *vdev, struct ipsvti_pair *pair)
{
	pair->id = next_id();
	list_add_tail(&pair->node, &vdev->bundle.pairs);
	vdev->bundle.count++;
}

/* What every new inbound SA needs; the lock is held. */
static int check_room(struct ipsvti_dev *vdev, struct netlink_ext_ack *extack)
{
	if (vdev->bundle.dead)
		return ipsvti_refuse(extack, NULL, -ENODEV,
				     "the device is being removed");
	if (config_of(vdev)->family == AF_UNSPEC)
		return ipsvti_refuse(extack, NULL, -ENOTCONN,
				     "the device has no local and remote yet");
	if (vdev->bundle.count >= IPSVTI_PAIRS_MAX)
		return ipsvti_refuse(extack, NULL, -ENOSPC,
				     "the device has 8 pairs already");
	return 0;
}

/* What an inbound SA of XFRM's would be found by. */
struct xfrm_key {
	xfrm_address_t daddr;
	u16 family;
	__be32 spi;
};

static int is_that_state(struct xfrm_state *x, int seq, void *data)
{
	const struct xfrm_key *key = data;

	if (x->id.spi != key->spi || x->props.family != key->family ||
	    !xfrm_addr_equal(&x->id.daddr, &key->daddr, key->family))
		return 0;
	return -EEXIST;
}

/*
 * An inbound SA of ours would hide one of XFRM with the same address and SPI.
 * It cannot be ruled out for later, but what is there is left alone.  A look-up would
 * want to know its mark, and that is whatever another key daemon likes.
 */
static bool xfrm_has(const struct ipsvti_dev *vdev, __be32 spi)
{
	const struct ipsvti_config *c = config_of(vdev);
	struct xfrm_key key = { .family = c->family, .spi = spi };
	struct xfrm_state_walk walk;
	int err;

	if (c->family == AF_INET)
		key.daddr.a4 = ipsvti_addr_v4(&c->local);
	else
		key.daddr.in6 = c->local;
	xfrm_state_walk_init(&walk, IPPROTO_ESP, NULL);
	err = xfrm_state_walk(vdev->net, &walk, is_that_state, &key);
	xfrm_state_walk_done(&walk, vdev->net);
	return err == -EEXIST;
}

/**
 * ipsvti_bundle_reserve - reserve an inbound SPI
 * @vdev: the device
 * @seconds: for how long
 * @owner: the socket that it goes with; NULL, none
 * @id: where to store the id of the larval pair
 * @spi: where to store the SPI
 * @extack: where to say what is wrong
 *
 * The SPI is random: nobody who cannot see our packets can guess it.
 *
 * Context: process.
 * Return: 0; -ENOTCONN, the device has no endpoints; -ENOSPC, it has too many
 *	pairs; -ENODEV, it is being removed; -ENOMEM.
 */
int ipsvti_bundle_reserve(struct ipsvti_dev *vdev, u32 seconds,
			  const struct ipsvti_owner *owner, u32 *id,
			  __be32 *spi, struct netlink_ext_ack *extack)
{
	struct ipsvti_sa_params params = { .inbound = true,
					   .limits = IPSVTI_NO_LIMITS };
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair;
	int err, i;

	pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	if (!pair)
		return -ENOMEM;
	ipsvti_life_new(pair);
	pair->owner = owner;
	pair->in = ipsvti_sa_new(vdev, &params);
	if (IS_ERR(pair->in)) {
		err = PTR_ERR(pair->in);
		kfree(pair);
		return err;
	}

	spin_lock_bh(&b->lock);
	err = check_room(vdev, extack);
	if (err)
		goto err_unlock;
	pair->in->in.key.daddr = config_of(vdev)->local;
	err = -EEXIST;
	for (i = 0; err == -EEXIST && i < SPI_TRIES; i++) {
		u32 try = get_random_u32();

		if (try < IPSVTI_SPI_MIN || xfrm_has(vdev, htonl(try)))
			continue;
		pair->in->in.key.spi = htonl(try);
		err = ipsvti_sad_add(ipsvti_dev_sad(vdev), pair->in);
	}
	if (err)
		goto err_unlock;
	link_pair(vdev, pair);
	ipsvti_pair_set_state(vdev, pair, IPSVTI_PAIR_STATE_LARVAL,
			      IPSVTI_REASON_NONE);
	ipsvti_life_ends(vdev, pair, seconds);
	*id = pair->id;
	*spi = pair->in->in.key.spi;
	spin_unlock_bh(&b->lock);
	return 0;

err_unlock:
	spin_unlock_bh(&b->lock);
	ipsvti_sa_retire(pair->in);
	kfree(pair);
	return err;
}

/* Make both SAs of a new pair visible, the inbound one first. */
static int publish_new(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
		       struct netlink_ext_ack *extack)
{
	int err;

	err = check_room(vdev, extack);
	if (err)
		return err;
	pair->in->in.key.daddr = config_of(vdev)->local;
	if (xfrm_has(vdev, pair->in->in.key.spi))
		return ipsvti_refuse(extack, NULL, -EEXIST,
				     "XFRM has an SA with the inbound SPI");
	err = ipsvti_sad_add(ipsvti_dev_sad(vdev), pair->in);
	if (err == -EEXIST)
		ipsvti_refuse(extack, NULL, err, "the inbound SPI is in use");
	if (err)
		return err;
	err = ipsvti_sad_add(ipsvti_dev_sad(vdev), pair->out);
	if (err) {
		ipsvti_sad_remove(ipsvti_dev_sad(vdev), pair->in);
		return err;
	}
	link_pair(vdev, pair);
	return 0;
}

/* The same for a pair whose SPI was reserved. */
static int complete_larval(struct ipsvti_dev *vdev, struct ipsvti_pair *larval,
			   struct ipsvti_pair *pair,
			   struct netlink_ext_ack *extack)
{
	struct ipsvti_sa *old = larval->in;
	int err;

	if (larval->state != IPSVTI_PAIR_STATE_LARVAL)
		return ipsvti_refuse(extack, NULL, -EEXIST,
				     "the pair has its SAs already");
	if (pair->in->in.key.spi != old->in.key.spi)
		return ipsvti_refuse(extack, NULL, -EINVAL,
				     "the pair has another inbound SPI");
	pair->in->in.key.daddr = old->in.key.daddr;

	err = ipsvti_sad_add(ipsvti_dev_sad(vdev), pair->out);
	if (err)
		return err;
	/* Until ipsvti_hold_release() has received what came before. */
	pair->in->in.holds = true;
	err = ipsvti_sad_replace(ipsvti_dev_sad(vdev), old, pair->in);
	if (WARN_ON_ONCE(err)) {
		ipsvti_sad_remove(ipsvti_dev_sad(vdev), pair->out);
		return err;
	}
	/* Takes the place of the larval one in the list too: ids keep growing. */
	pair->id = larval->id;
	list_replace(&larval->node, &pair->node);
	return 0;
}

/**
 * ipsvti_bundle_install - add a pair
 * @vdev: the device
 * @pair: the pair with both of its SAs; with an id, it completes that larval one
 * @id: where to store its id
 * @state: where to store its state
 * @extack: where to say what is wrong
 *
 * Both SAs are installed or neither.  On success @pair belongs to the device, and
 * may be gone already; else it stays the caller's.
 *
 * Context: process.
 * Return: 0; -EEXIST, the SPI is taken; -ENOENT, no such larval pair; -EINVAL, it
 *	has another SPI; and what ipsvti_bundle_reserve() returns.
 */
int ipsvti_bundle_install(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			  u32 *id, enum ipsvti_pair_state *state,
			  struct netlink_ext_ack *extack)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *larval = NULL;
	struct ipsvti_sa *in = pair->in;
	int err;

	spin_lock_bh(&b->lock);
	pair->in->installed = get_jiffies_64();
	pair->out->installed = pair->in->installed;
	if (pair->id) {
		larval = __ipsvti_bundle_find(vdev, pair->id, extack);
		err = larval ? complete_larval(vdev, larval, pair, extack) :
			       -ENOENT;
	} else {
		err = publish_new(vdev, pair, extack);
	}
	if (err) {
		spin_unlock_bh(&b->lock);
		return err;
	}
	ipsvti_life_limits(vdev, pair);
	ipsvti_pair_set_state(vdev, pair, IPSVTI_PAIR_STATE_STAGED,
			      IPSVTI_REASON_NONE);
	if (pair->activation == IPSVTI_ACTIVATION_NOW)
		__ipsvti_bundle_switch(vdev, pair, IPSVTI_REASON_ACTIVATED);
	*id = pair->id;
	*state = pair->state;
	if (larval)
		ipsvti_sa_hold(in);
	spin_unlock_bh(&b->lock);

	if (larval) {
		ipsvti_hold_release(larval->in, in);
		ipsvti_sa_retire(larval->in);
		ipsvti_sa_put(in);
		kfree(larval);
	}
	return 0;
}
