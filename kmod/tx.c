// SPDX-License-Identifier: GPL-2.0
/*
 * Transmission: from the inner packet to ESP (RFC 4303, section 3.3).
 *
 *	ipsvti_tx()		is there a way?  An SA that takes it, a route; does it
 *				fit?
 *	  segment, cut, reserve	what becomes of a packet takes one block of numbers
 *	  tx_one()		for each packet: room, outer header
 *	ipsvti_aead_encrypt()
 *	ipsvti_tx_post()	out with it
 */
#include <linux/bits.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dsfield.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "aead.h"
#include "clamp.h"
#include "compat.h"
#include "config.h"
#include "dev.h"
#include "fit.h"
#include "flow.h"
#include "frag.h"
#include "gso.h"
#include "nat.h"
#include "nl.h"
#include "outer.h"
#include "stats.h"
#include "trace.h"
#include "tx.h"

/**
 * struct tx_path - what all packets of a list have in common
 * @vdev: the device
 * @config: its configuration
 * @sa: outbound SA
 * @to: where its packets go
 * @dst: the route
 * @outer_len: octets of the outer headers
 * @headroom: octets that each packet needs before its inner packet
 * @cut: longer inner packets are cut to this; 0, none is
 * @spent: what @sa has come to if it does not take packets, &enum ipsvti_reason
 */
struct tx_path {
	struct ipsvti_dev *vdev;
	struct ipsvti_config *config;
	struct ipsvti_sa *sa;
	struct ipsvti_to to;
	struct dst_entry *dst;
	unsigned int outer_len;
	unsigned int headroom;
	unsigned int cut;
	enum ipsvti_reason spent;
};

/* What a packet carries through the cipher. */
struct tx_cb {
	unsigned int inner_len;
	u64 seq;
};

#define TX_CB(skb) ((struct tx_cb *)(skb)->cb)

static void drop(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		 unsigned int why)
{
	ipsvti_drop(vdev, why, 1, 0, 0);
	kfree_skb_reason(skb, ipsvti_drop_reason(why));
}

/* The same, of a packet whose SA, and perhaps sequence number, is known. */
static void drop_of(struct sk_buff *skb, const struct ipsvti_sa *sa, u64 seq,
		    unsigned int why)
{
	ipsvti_drop(sa->vdev, why, 1, sa->out.spi, seq);
	kfree_skb_reason(skb, ipsvti_drop_reason(why));
}

static bool is_ip(struct sk_buff *skb)
{
	if (skb_network_offset(skb))
		return false;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return pskb_may_pull(skb, sizeof(struct iphdr)) &&
		       ip_hdr(skb)->version == 4;
	case htons(ETH_P_IPV6):
		return pskb_may_pull(skb, sizeof(struct ipv6hdr)) &&
		       ipv6_hdr(skb)->version == 6;
	}
	return false;
}

/* There is no way to the peer: tell the sender, who may know another one. */
static void no_way(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		   unsigned int why)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,
				0);
	drop(skb, vdev, why);
}

/* The SA is not for this packet (RFC 4301, sections 5.1 and 7.4): its sender is told. */
static void prohibited(struct sk_buff *skb, const struct ipsvti_sa *sa)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0);
	else
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED,
				0);
	drop_of(skb, sa, 0, IPSVTI_A_COUNTERS_TX_SELECTOR);
}

/* Ask for an SA, but not more often than once a second. */
static void acquire(struct ipsvti_dev *vdev)
{
	unsigned long next = READ_ONCE(vdev->next_acquire);

	if (time_after_eq(jiffies, next) &&
	    cmpxchg(&vdev->next_acquire, next, jiffies + HZ) == next)
		ipsvti_event_acquire(vdev);
}

/* What the outer header takes from the inner one. */
static struct ipsvti_inner look_inside(const struct sk_buff *skb,
				       const struct tx_path *p)
{
	struct ipsvti_inner inner;
	bool df;

	if (skb->protocol == htons(ETH_P_IP)) {
		inner.tos = ipv4_get_dsfield(ip_hdr(skb));
		df = ip_hdr(skb)->frag_off & htons(IP_DF);
	} else {
		inner.tos = ipv6_get_dsfield(ipv6_hdr(skb));
		/* What the sender could have made smaller is not here any more. */
		df = skb->len > IPV6_MIN_MTU;
	}
	inner.df = p->config->df == IPSVTI_DF_COPY ?
			   df :
			   p->config->df == IPSVTI_DF_SET;
	return inner;
}

/*
 * Encryption in place wants a linear packet that is nobody else's, with room at
 * both ends.  For any other there is a new one, into which it will be encrypted:
 * one pass over the data, instead of a copy and a pass.
 */
static bool in_place(const struct sk_buff *skb, const struct tx_path *p,
		     unsigned int tail)
{
	return !skb_is_nonlinear(skb) && !skb_cloned(skb) &&
	       skb_headroom(skb) >= p->headroom && skb_tailroom(skb) >= tail;
}

static struct sk_buff *new_place(struct sk_buff *from, const struct tx_path *p,
				 unsigned int tail)
{
	struct sk_buff *skb;

	if (skb_has_frag_list(from) && skb_linearize(from))
		return NULL;
	skb = alloc_skb(p->headroom + from->len + tail, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, p->headroom);
	skb_put(skb, from->len);
	skb_copy_header(skb, from);
	skb->dev = from->dev;
	/*
	 * The new packet answers for the memory that the sender was charged for,
	 * so that a socket feels the queue of the underlay.
	 */
	swap(skb->truesize, from->truesize);
	swap(skb->destructor, from->destructor);
	swap(skb->sk, from->sk);
	return skb;
}

static void tx_one(struct sk_buff *skb, const struct tx_path *p, u64 seq)
{
	const struct ipsvti_esp_geometry *g = &p->sa->transform->geometry;
	struct ipsvti_inner inner = look_inside(skb, p);
	u8 next_header = skb->protocol == htons(ETH_P_IP) ? IPPROTO_IPIP :
							    IPPROTO_IPV6;
	unsigned int inner_len = skb->len;
	u32 pad_len = ipsvti_esp_pad_len(g, inner_len);
	unsigned int tail = ipsvti_esp_tail_len(g, pad_len);
	struct sk_buff *from = NULL;

	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		goto no_memory;
	if (!in_place(skb, p, tail)) {
		from = skb;
		skb = new_place(from, p, tail);
		if (unlikely(!skb)) {
			skb = from;
			goto no_memory;
		}
	}
	/* There is room. */
	__skb_put(skb, tail);
	__skb_push(skb, ipsvti_esp_head_len(g));
	ipsvti_outer_push(skb, p->vdev, p->config, p->sa, &p->to, p->dst,
			  &inner);
	TX_CB(skb)->inner_len = inner_len;
	TX_CB(skb)->seq = seq;
	ipsvti_aead_encrypt(p->sa, skb, p->outer_len, seq, from, pad_len,
			    next_header);
	return;

no_memory:
	drop_of(skb, p->sa, seq, IPSVTI_A_COUNTERS_TX_NO_MEMORY);
}

/* Octets that the cipher will be applied to. */
static u64 protected_len(struct sk_buff *list, const struct ipsvti_sa *sa)
{
	const struct ipsvti_esp_geometry *g = &sa->transform->geometry;
	struct sk_buff *skb, *next;
	u64 len = 0;

	skb_list_walk_safe(list, skb, next)
		len += skb->len + ipsvti_esp_pad_len(g, skb->len) +
		       IPSVTI_ESP_TRAILER_LEN;
	return len;
}

/*
 * Take what a list of @n packets needs of the SA: octets of a limit if there is one,
 * and a block of sequence numbers.  All of it or nothing, but for the octets of an SA
 * that has no more numbers.  Returns false if the SA is spent.
 */
static bool reserve(struct sk_buff *list, unsigned int n, struct tx_path *p,
		    u64 *first, u32 *reached)
{
	struct ipsvti_sa *sa = p->sa;
	unsigned int step;

	if (unlikely(sa->limited)) {
		step = ipsvti_limit_spend(&sa->limits.bytes, &sa->out.bytes,
					  protected_len(list, sa));
		if (step & IPSVTI_LIMIT_OVER) {
			p->spent = IPSVTI_REASON_HARD_BYTES;
			return false;
		}
		if (step & IPSVTI_LIMIT_SOFT)
			*reached |= BIT(IPSVTI_REASON_SOFT_BYTES);
		if (step & IPSVTI_LIMIT_HARD)
			*reached |= BIT(IPSVTI_REASON_HARD_BYTES);
	}
	if (unlikely(ipsvti_seq_reserve(&sa->out.seq, n, first))) {
		p->spent = sa->out.end;
		return false;
	}
	return true;
}

/*
 * One packet, or the segments or fragments of one.  Each gets a sequence number from one block,
 * and if there are not enough left, none is sent.  Returns what was not sent since
 * the SA is spent, all of it; else NULL.
 */
static struct sk_buff *tx_list(struct sk_buff *list, struct tx_path *p)
{
	struct ipsvti_sa *sa = p->sa;
	struct sk_buff *skb, *next;
	unsigned int n = 0;
	u32 reached = 0;
	u64 first, last;

	skb_list_walk_safe(list, skb, next) n++;
	if (unlikely(!reserve(list, n, p, &first, &reached))) {
		/* Octets may have been taken before the numbers were found used up. */
		if (reached)
			ipsvti_bundle_reached(p->vdev, sa, reached);
		return list;
	}
	last = first + n - 1;

	skb_list_walk_safe(list, skb, next)
	{
		skb_mark_not_on_list(skb);
		tx_one(skb, p, first++);
	}

	if (unlikely(last >= sa->out.watch))
		reached |= ipsvti_sa_numbers(sa, last - n, last);
	if (unlikely(reached))
		ipsvti_bundle_reached(p->vdev, sa, reached);
	return NULL;
}

/*
 * Returns what was not sent since the SA is spent, in segments or fragments; else
 * NULL.
 */
static struct sk_buff *tx_with(struct sk_buff *skb, struct tx_path *p)
{
	const struct ipsvti_esp_geometry *g = &p->sa->transform->geometry;
	struct sk_buff *segs, *rest = NULL;

	if (unlikely(!ipsvti_flow_allowed(skb, p->sa))) {
		prohibited(skb, p->sa);
		return NULL;
	}
	p->to = ipsvti_nat_to(p->config, p->sa);
	/* Its sender is this host, and does not need to be told. */
	if (skb->skb_iif &&
	    ipsvti_outer_came_back(skb, p->vdev, p->sa, &p->to)) {
		drop_of(skb, p->sa, 0, IPSVTI_A_COUNTERS_TX_LOOP);
		return NULL;
	}
	p->dst = ipsvti_outer_route(p->vdev, p->config, p->sa, &p->to);
	if (IS_ERR(p->dst)) {
		no_way(skb, p->vdev,
		       PTR_ERR(p->dst) == -ELOOP ?
			       IPSVTI_A_COUNTERS_TX_LOOP :
			       IPSVTI_A_COUNTERS_TX_NO_ROUTE);
		return NULL;
	}
	if (unlikely(!ipsvti_clamp(skb, p->vdev, p->config,
				   skb->ip_summed == CHECKSUM_PARTIAL))) {
		drop_of(skb, p->sa, 0, IPSVTI_A_COUNTERS_TX_NO_MEMORY);
		goto release;
	}
	if (!ipsvti_fit(skb, p->vdev, p->config, p->sa, dst_mtu(p->dst),
			&p->cut)) {
		drop_of(skb, p->sa, 0, IPSVTI_A_COUNTERS_TX_TOO_BIG);
		goto release;
	}

	p->outer_len = ipsvti_outer_len(p->config, p->sa);
	p->headroom = LL_RESERVED_SPACE(p->dst->dev) + p->dst->header_len +
		      p->outer_len + ipsvti_esp_head_len(g);
	if (skb_is_gso(skb)) {
		segs = ipsvti_gso(skb, p->headroom,
				  ipsvti_esp_tail_len(g, g->align - 1));
		if (!segs) {
			drop_of(skb, p->sa, 0, IPSVTI_A_COUNTERS_TX_NO_MEMORY);
			goto release;
		}
		skb = segs;
	}
	if (unlikely(p->cut))
		skb = ipsvti_frag(skb, p->sa, p->cut);
	if (likely(skb))
		rest = tx_list(skb, p);
release:
	dst_release(p->dst);
	return rest;
}

static void drop_spent(struct sk_buff *list, const struct tx_path *p,
		       const struct ipsvti_sa *spent)
{
	unsigned int why = p->spent == IPSVTI_REASON_SEQUENCE_EXHAUSTED ?
				   IPSVTI_A_COUNTERS_TX_SEQUENCE :
				   IPSVTI_A_COUNTERS_TX_EXPIRED;
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next)
	{
		skb_mark_not_on_list(skb);
		drop_of(skb, spent, 0, why);
	}
}

/*
 * The SA is spent: send what it did not take by the one that takes over, packet by
 * packet, since what fits may be another size there, and what it is for something
 * else.  Returns what that one has no room for either.  Each time this is called an SA
 * has gone, so there is an end.
 */
static struct sk_buff *tx_elsewhere(struct sk_buff *list, struct tx_path *p)
{
	const struct ipsvti_sa *spent = p->sa;
	struct sk_buff *skb, *next, *rest, *last;

	ipsvti_bundle_reached(p->vdev, p->sa, BIT(p->spent));
	p->sa = rcu_dereference(p->vdev->out);
	if (!p->sa || p->sa == spent) {
		drop_spent(list, p, spent);
		return NULL;
	}
	skb_list_walk_safe(list, skb, next)
	{
		skb_mark_not_on_list(skb);
		rest = tx_with(skb, p);
		if (unlikely(rest)) {
			for (last = rest; last->next;)
				last = last->next;
			last->next = next;
			return rest;
		}
	}
	return NULL;
}

/**
 * ipsvti_tx - ndo_start_xmit: take an inner packet
 * @skb: the packet
 * @dev: our device
 *
 * Context: BHs disabled.
 * Return: NETDEV_TX_OK always; what cannot be sent is counted and dropped.
 */
netdev_tx_t ipsvti_tx(struct sk_buff *skb, struct net_device *dev)
{
	struct tx_path p = { .vdev = netdev_priv(dev) };

	rcu_read_lock();
	p.sa = rcu_dereference(p.vdev->out);
	p.config = rcu_dereference(p.vdev->config);
	skb_mark_not_on_list(skb);
	if (unlikely(!is_ip(skb))) {
		drop(skb, p.vdev, IPSVTI_A_COUNTERS_TX_NOT_IP);
	} else if (unlikely(!p.sa || p.config->family == AF_UNSPEC)) {
		acquire(p.vdev);
		no_way(skb, p.vdev, IPSVTI_A_COUNTERS_TX_NO_SA);
	} else {
		skb = tx_with(skb, &p);
		while (unlikely(skb))
			skb = tx_elsewhere(skb, &p);
	}
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

/**
 * ipsvti_tx_post - go on with a packet after encryption
 * @skb: the complete outer packet
 * @sa: its SA
 * @err: 0; else why it was not encrypted
 *
 * Context: BHs disabled, RCU; @sa is held or still visible.
 */
void ipsvti_tx_post(struct sk_buff *skb, struct ipsvti_sa *sa, int err)
{
	unsigned int inner_len = TX_CB(skb)->inner_len;
	u64 seq = TX_CB(skb)->seq;
	struct ipsvti_dev *vdev = sa->vdev;

	if (unlikely(err)) {
		drop_of(skb, sa, seq,
			err == -ENOMEM ? IPSVTI_A_COUNTERS_TX_NO_MEMORY :
					 IPSVTI_A_COUNTERS_TX_CRYPTO);
		return;
	}
	if (unlikely(ipsvti_outer_send(skb, vdev))) {
		ipsvti_drop(vdev, IPSVTI_A_COUNTERS_TX_OUTPUT, 1, sa->out.spi,
			    seq);
		return;
	}
	ipsvti_stats_passed(vdev->stats, sa->stats,
			    IPSVTI_A_COUNTERS_TX_PACKETS, inner_len);
	trace_ipsvti_tx(sa, seq, inner_len);
}
