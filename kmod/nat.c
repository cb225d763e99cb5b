// SPDX-License-Identifier: GPL-2.0
/*
 * Following the peer when its NAT moves it (RFC 7296, section 2.23).
 *
 * A NAT may forget a mapping, reboot, or get another address.  The peer does not
 * notice; its next packet just comes from elsewhere, and ours go to where nobody is
 * until we send them there, too.  Whoever can make us do that gets, or diverts, all
 * that we send.  So a packet moves the peer only if
 *
 *  - it is authentic and was not received before;
 *  - its sequence number is the highest of its SA so far, and the peer has not used
 *    a younger SA.  It is not enough that it is inside the replay window: somebody
 *    on the path could keep a packet from arriving, and send it later from where he
 *    likes.  So he can do that only before the peer's next packet arrives, which
 *    moves the peer back, and not for the size of a window, or the lifetime of an
 *    SA after the next one.  (WireGuard and ovpn take any new authentic packet;
 *    XFRM only tells the key daemon.)  A packet that was overtaken on its way says
 *    nothing about where the peer is now, anyway;
 *  - it came inside UDP, for a pair that sends ESP in UDP, to the port that this
 *    pair sends from: a NAT's mapping holds between exactly these two ports;
 *  - the pair allows it: a host behind a NAT should not do it for a peer that is
 *    not (section 2.23), which is something that only the key daemon knows;
 *  - and not more than so often in a second, as each time is an event.
 *
 * Then all pairs of the device move that send from that port, for it is one peer.
 * If a pair that is staged kept the old port, the device would switch to it and
 * send to nowhere, while the peer waits for our first packet before it uses its half.
 */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>

#include "nat.h"
#include "nl.h"
#include "rx.h"

/* So many moves in a second are followed. */
#define MOVES_MAX 10

static void source_of(const struct sk_buff *skb, struct in6_addr *addr)
{
	if (ip_hdr(skb)->version == 4)
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, addr);
	else
		*addr = ipv6_hdr(skb)->saddr;
}

static bool is_at(const struct ipsvti_to *to, const struct in6_addr *addr,
		  __be16 port)
{
	return to->port == port && ipv6_addr_equal(to->addr, addr);
}

/* Sources are checked by IP, but not all that can arrive can be sent to. */
static bool can_be_peer(const struct in6_addr *addr,
			const struct ipsvti_config *c)
{
	int type = ipv6_addr_type(addr);

	if (ipv6_addr_equal(addr, &c->local))
		return false;
	if (c->family == AF_INET) {
		__be32 v4 = ipsvti_addr_v4(addr);

		return type & IPV6_ADDR_MAPPED && !ipv4_is_zeronet(v4) &&
		       !ipv4_is_multicast(v4) && !ipv4_is_lbcast(v4);
	}
	return type & IPV6_ADDR_UNICAST && !(type & IPV6_ADDR_MAPPED) &&
	       (c->link || !(type & IPV6_ADDR_LINKLOCAL));
}

/* The pair of an inbound SA, unless the peer has used a younger one. */
static const struct ipsvti_pair *newest_used(const struct ipsvti_dev *vdev,
					     const struct ipsvti_sa *sa)
{
	const struct ipsvti_pair *pair;

	list_for_each_entry_reverse(pair, &vdev->bundle.pairs, node) {
		if (pair->in == sa)
			return pair;
		if (pair->in->in.heard)
			return NULL;
	}
	return NULL;
}

static bool move_allowed(struct ipsvti_bundle *b)
{
	if (time_after(jiffies, b->moves_since + HZ)) {
		b->moves_since = jiffies;
		b->moves = 0;
	}
	return b->moves++ < MOVES_MAX;
}

/* @own_route: @addr is not the configured address.  Return: NULL, there is no memory. */
static struct ipsvti_peer *peer_new(const struct in6_addr *addr, __be16 port,
				    bool own_route, gfp_t gfp)
{
	struct ipsvti_peer *peer = kzalloc(sizeof(*peer), gfp);

	if (!peer)
		return NULL;
	if (own_route && dst_cache_init(&peer->dst_cache, gfp)) {
		kfree(peer);
		return NULL;
	}
	peer->addr = *addr;
	peer->port = port;
	return peer;
}

static void peer_free(struct rcu_head *rcu)
{
	struct ipsvti_peer *peer = container_of(rcu, struct ipsvti_peer, rcu);

	dst_cache_destroy(&peer->dst_cache);
	kfree(peer);
}

/* @peer: NULL, as configured */
static void set_peer(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
		     struct ipsvti_peer *peer)
{
	struct ipsvti_peer *old;

	old = rcu_replace_pointer(pair->out->out.peer, peer,
				  lockdep_is_held(&vdev->bundle.lock));
	pair->dport = peer ? peer->port : pair->out->out.dport;
	if (old)
		call_rcu(&old->rcu, peer_free);
}

static void move(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
		 const struct ipsvti_config *config,
		 const struct in6_addr *addr, __be16 port)
{
	bool other_addr = !ipv6_addr_equal(addr, &config->remote);
	struct ipsvti_peer *peer = NULL;

	if (other_addr || port != pair->out->out.dport) {
		/* Without memory it stays where it is until the next packet. */
		peer = peer_new(addr, port, other_addr, GFP_ATOMIC);
		if (!peer)
			return;
	}
	set_peer(vdev, pair, peer);
	ipsvti_event_float(vdev, pair);
}

/**
 * ipsvti_nat_begin - let an SA begin where its peer was moved to
 * @vdev: the device
 * @sa: outbound SA with ESP in UDP, which nobody else has seen yet
 * @addr: the peer's address, as IKE has found it; IPv4 as IPv4-mapped
 *
 * From there the peer is followed as from where it is configured, back to it if need be.
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL, no peer of @vdev can have that address; -ENOMEM.
 */
int ipsvti_nat_begin(struct ipsvti_dev *vdev, struct ipsvti_sa *sa,
		     const struct in6_addr *addr)
{
	const struct ipsvti_config *config;
	struct ipsvti_peer *peer;
	bool possible, moved;

	rcu_read_lock();
	config = rcu_dereference(vdev->config);
	possible = can_be_peer(addr, config);
	moved = !ipv6_addr_equal(addr, &config->remote);
	rcu_read_unlock();
	if (!possible)
		return -EINVAL;
	if (!moved)
		return 0;

	peer = peer_new(addr, sa->out.dport, true, GFP_KERNEL);
	if (!peer)
		return -ENOMEM;
	RCU_INIT_POINTER(sa->out.peer, peer);
	return 0;
}

/* Context: bundle lock held. */
static void follow(struct ipsvti_dev *vdev, const struct ipsvti_sa *sa,
		   const struct in6_addr *addr, __be16 port, __be16 our_port)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	const struct ipsvti_pair *from;
	struct ipsvti_config *config;
	struct ipsvti_pair *pair;
	struct ipsvti_to to;
	bool allowed = false;

	config = rcu_dereference_protected(vdev->config,
					   lockdep_is_held(&b->lock));
	from = newest_used(vdev, sa);
	if (!from || from->encap != IPSVTI_ENCAP_UDP || !from->follow ||
	    from->sport != our_port || !can_be_peer(addr, config))
		return;
	list_for_each_entry(pair, &b->pairs, node) {
		if (!pair->out || !pair->follow || pair->sport != our_port ||
		    pair->encap != IPSVTI_ENCAP_UDP)
			continue;
		to = ipsvti_nat_to(config, pair->out);
		if (is_at(&to, addr, port))
			continue;
		if (!allowed && !move_allowed(b))
			return;
		allowed = true;
		move(vdev, pair, config, addr, port);
	}
}

/**
 * ipsvti_nat_seen - an authentic packet with the highest number so far has arrived
 * @skb: the packet, which came as ESP in UDP, its outer headers still before it
 * @sa: its inbound SA
 *
 * To be called before ipsvti_bundle_heard(), so that a pair that its first packet
 * activates sends to the right place from the beginning.
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_nat_seen(const struct sk_buff *skb, const struct ipsvti_sa *sa)
{
	const struct ipsvti_rx_cb *cb = IPSVTI_RX_CB(skb);
	struct ipsvti_dev *vdev = sa->vdev;
	const struct ipsvti_sa *out;
	struct in6_addr addr;
	struct ipsvti_to to;

	source_of(skb, &addr);
	/* The first packet of a pair may be the only one before it is used. */
	out = rcu_dereference(vdev->out);
	if (likely(READ_ONCE(sa->in.heard))) {
		if (!out || !out->out.follow ||
		    out->out.sport != cb->natt_dport)
			return;
		to = ipsvti_nat_to(rcu_dereference(vdev->config), out);
		if (likely(is_at(&to, &addr, cb->natt_sport)))
			return;
	}
	spin_lock_bh(&vdev->bundle.lock);
	follow(vdev, sa, &addr, cb->natt_sport, cb->natt_dport);
	spin_unlock_bh(&vdev->bundle.lock);
}

/**
 * __ipsvti_nat_forget - go back to where the configuration says
 * @vdev: the device
 *
 * Before another remote address is published: what the user says counts more than
 * what was seen before, and the peer is followed from there.
 *
 * Context: bundle lock held.
 */
void __ipsvti_nat_forget(struct ipsvti_dev *vdev)
{
	struct ipsvti_pair *pair;

	lockdep_assert_held(&vdev->bundle.lock);

	list_for_each_entry(pair, &vdev->bundle.pairs, node) {
		if (pair->out && pair->encap == IPSVTI_ENCAP_UDP)
			set_peer(vdev, pair, NULL);
	}
}

/**
 * ipsvti_nat_reroute - look up the routes to moved peers again
 * @vdev: the device, whose old configuration nobody uses any more
 *
 * Context: process.
 */
void ipsvti_nat_reroute(struct ipsvti_dev *vdev)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	struct ipsvti_pair *pair;
	struct ipsvti_peer *peer;

	spin_lock_bh(&b->lock);
	list_for_each_entry(pair, &b->pairs, node) {
		if (!pair->out)
			continue;
		peer = rcu_dereference_protected(pair->out->out.peer,
						 lockdep_is_held(&b->lock));
		if (peer)
			dst_cache_reset(&peer->dst_cache);
	}
	spin_unlock_bh(&b->lock);
}

/**
 * ipsvti_nat_free - forget where the peer was followed to, at the end of an SA
 * @sa: outbound SA that nobody uses any more
 *
 * Context: process.
 */
void ipsvti_nat_free(struct ipsvti_sa *sa)
{
	struct ipsvti_peer *peer = rcu_dereference_protected(sa->out.peer, 1);

	if (peer)
		peer_free(&peer->rcu);
}
