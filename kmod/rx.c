// SPDX-License-Identifier: GPL-2.0
/*
 * Reception: from ESP to the inner packet (RFC 4303, section 3.4).
 *
 *	ipsvti_rx()		whose is it?  Not ours: hands off
 *	ipsvti_rx_sa()		can it be good?  Length, replay window
 *	ipsvti_aead_decrypt()	is it authentic?
 *	ipsvti_rx_post()	replay window again, limits, trailer, inner header,
 *				selectors, ECN, delivery
 *
 * Before the integrity check has passed nothing is changed but counters.
 */
#include <linux/bits.h>
#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "aead.h"
#include "clamp.h"
#include "config.h"
#include "demux.h"
#include "dev.h"
#include "ecn.h"
#include "flow.h"
#include "hold.h"
#include "nat.h"
#include "nl.h"
#include "rx.h"
#include "stats.h"
#include "trace.h"

static void drop(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		 unsigned int why)
{
	const struct ipsvti_rx_cb *cb = IPSVTI_RX_CB(skb);

	ipsvti_drop(vdev, why, 1, ipsvti_sa_spi(cb->sa), cb->seq);
	kfree_skb_reason(skb, ipsvti_drop_reason(why));
}

/* The SA of a packet at its ESP header, which is in the linear part. */
static struct ipsvti_sa *find_sa(const struct sk_buff *skb)
{
	const struct ipsvti_esp_hdr *esp = (void *)skb->data;
	const struct net *net = dev_net(skb->dev);

	if (likely(ip_hdr(skb)->version == 4))
		return ipsvti_sad_find_in_v4(net, ip_hdr(skb)->daddr, esp->spi);
	return ipsvti_sad_find_in(net, &ipv6_hdr(skb)->daddr, esp->spi);
}

/* What reception has to know of the outer headers, and of whom the packet is. */
static void note_outer(struct sk_buff *skb, struct ipsvti_sa *sa, bool natt)
{
	struct ipsvti_rx_cb *cb = IPSVTI_RX_CB(skb);
	const struct udphdr *uh;

	cb->sa = sa;
	cb->seq = 0;
	cb->outer_tos = ip_hdr(skb)->version == 4 ?
				ipv4_get_dsfield(ip_hdr(skb)) :
				ipv6_get_dsfield(ipv6_hdr(skb));
	cb->natt_sport = 0;
	cb->learn = false;
	cb->held = false;
	if (natt) {
		/* Taken off, but still there, right before the ESP header. */
		uh = (void *)(skb_transport_header(skb) - sizeof(*uh));
		cb->natt_sport = uh->source;
		cb->natt_dport = uh->dest;
	}
}

/**
 * ipsvti_rx - take a packet if it is ours
 * @skb: an ESP packet at its ESP header, UDP encapsulation already taken off,
 *	the network header still at the outer IP header
 * @natt: there was a UDP header
 *
 * Until the SPI is known to be ours nothing of the packet is changed, so that
 * XFRM can have it.
 *
 * Context: softirq, RCU.
 * Return: 0, the packet was taken; -EINVAL, it is not ours.
 */
int ipsvti_rx(struct sk_buff *skb, bool natt)
{
	struct ipsvti_dev *vdev;
	struct ipsvti_sa *sa;

	if (!pskb_may_pull(skb, sizeof(struct ipsvti_esp_hdr)))
		return -EINVAL;
	sa = find_sa(skb);
	if (!sa)
		return -EINVAL;

	note_outer(skb, sa, natt);
	while (unlikely(READ_ONCE(sa->in.holds))) {
		if (ipsvti_hold_add(sa, skb))
			return 0;
		/* Its keys came this very moment, or its time was up. */
		vdev = sa->vdev;
		sa = find_sa(skb);
		if (!sa) {
			drop(skb, vdev, IPSVTI_A_COUNTERS_RX_LARVAL);
			return 0;
		}
	}
	ipsvti_demux_note(skb, sa);
	ipsvti_rx_sa(skb, sa);
	return 0;
}

/* Can the packet have come out of this transform? (RFC 4303, section 2) */
static bool length_ok(const struct ipsvti_esp_geometry *g, unsigned int len)
{
	unsigned int around = ipsvti_esp_head_len(g) + g->icv_len;

	return len >= around + IPSVTI_ESP_TRAILER_LEN &&
	       IS_ALIGNED(len - around, g->align);
}

/*
 * Decryption writes over the packet, so what is shared with others (a capture on
 * the underlay, pages somebody may still send or read) must be copied first.
 * Pages that are the packet's own are left where they are.
 */
static bool make_writable(struct sk_buff *skb)
{
	if (!skb_cloned(skb) && !skb_has_frag_list(skb) &&
	    !(skb_is_nonlinear(skb) && skb_has_shared_frag(skb)))
		return true;
	return !skb_linearize_cow(skb);
}

/* The number that a packet claims to have. */
static u64 claimed_seq(struct ipsvti_sa *sa, u32 low)
{
	u64 seq;

	if (!sa->esn)
		return low;
	if (BITS_PER_LONG >= 64)
		return ipsvti_replay_extend(sa->in.replay, low);
	spin_lock(&sa->in.lock);
	seq = ipsvti_replay_extend(sa->in.replay, low);
	spin_unlock(&sa->in.lock);
	return seq;
}

/**
 * ipsvti_rx_sa - receive a packet with the SA that it is for
 * @skb: the packet at its ESP header, with what is known of its outer headers in
 *	IPSVTI_RX_CB(); taken in any case
 * @sa: the SA, not larval
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_rx_sa(struct sk_buff *skb, struct ipsvti_sa *sa)
{
	const struct ipsvti_esp_geometry *g = &sa->transform->geometry;
	struct ipsvti_dev *vdev = sa->vdev;
	struct ipsvti_rx_cb *cb = IPSVTI_RX_CB(skb);

	cb->sa = sa;
	if (unlikely(!(vdev->dev->flags & IFF_UP))) {
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_DOWN);
		return;
	}
	if (unlikely(sa->limited) && READ_ONCE(sa->in.over)) {
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_EXPIRED);
		return;
	}
	if (unlikely(!length_ok(g, skb->len))) {
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_TRUNCATED);
		return;
	}
	if (unlikely(!pskb_may_pull(skb, ipsvti_esp_head_len(g)))) {
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_NO_MEMORY);
		return;
	}

	cb->seq = claimed_seq(sa,
			      ntohl(((struct ipsvti_esp_hdr *)skb->data)->seq));
	switch (ipsvti_replay_check(sa->in.replay, cb->seq)) {
	case IPSVTI_REPLAY_OK:
		break;
	case IPSVTI_REPLAY_LATE:
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_LATE);
		return;
	case IPSVTI_REPLAY_DUP:
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_REPLAY);
		return;
	}

	if (unlikely(!make_writable(skb))) {
		drop(skb, vdev, IPSVTI_A_COUNTERS_RX_NO_MEMORY);
		return;
	}
	ipsvti_aead_decrypt(sa, skb, cb->seq);
}

/* The trailer ends at @end, and what was encrypted is @all octets. */
static int check_scattered(const struct sk_buff *skb,
			   const struct ipsvti_esp_geometry *g,
			   unsigned int end, unsigned int all, u8 *next_header,
			   u32 *pad_len)
{
	u8 tail[IPSVTI_ESP_PAD_MAX + IPSVTI_ESP_TRAILER_LEN];
	unsigned int look = g->align - 1 + IPSVTI_ESP_TRAILER_LEN;
	int err;

	/* Few senders pad more than they must: look there first. */
	look = min(look, all);
	if (skb_copy_bits(skb, end - look, tail, look))
		return -EINVAL;
	err = ipsvti_esp_check_trailer(tail, look, next_header, pad_len);
	if (err == -ENODATA && *pad_len + IPSVTI_ESP_TRAILER_LEN <= all) {
		look = *pad_len + IPSVTI_ESP_TRAILER_LEN;
		if (skb_copy_bits(skb, end - look, tail, look))
			return -EINVAL;
		err = ipsvti_esp_check_trailer(tail, look, next_header,
					       pad_len);
	}
	return err;
}

/*
 * Take off the padding (RFC 4303, section 2.4) and the ICV, which the cipher
 * leaves behind.  Stores the next header.
 */
static bool strip_trailer(struct sk_buff *skb, const struct ipsvti_sa *sa,
			  u8 *next_header)
{
	const struct ipsvti_esp_geometry *g = &sa->transform->geometry;
	unsigned int end = skb->len - g->icv_len;
	unsigned int all = end - ipsvti_esp_head_len(g);
	u32 pad_len;
	int err;

	if (likely(!skb_is_nonlinear(skb)))
		err = ipsvti_esp_check_trailer(skb->data + end - all, all,
					       next_header, &pad_len);
	else
		err = check_scattered(skb, g, end, all, next_header, &pad_len);
	return !err && !pskb_trim(skb, end - pad_len - IPSVTI_ESP_TRAILER_LEN);
}

/*
 * Is there an IP packet, and is all of it there?  What follows it is traffic flow
 * confidentiality padding (RFC 4303, section 2.7) and goes.
 */
static bool inner_ok(struct sk_buff *skb, u8 next_header)
{
	unsigned int len;

	if (next_header == IPPROTO_IPIP) {
		const struct iphdr *iph;

		if (!pskb_may_pull(skb, sizeof(*iph)))
			return false;
		iph = ip_hdr(skb);
		len = ntohs(iph->tot_len);
		if (iph->version != 4 || iph->ihl < 5 || len < iph->ihl * 4)
			return false;
		skb->protocol = htons(ETH_P_IP);
	} else {
		const struct ipv6hdr *ip6h;

		if (!pskb_may_pull(skb, sizeof(*ip6h)))
			return false;
		ip6h = ipv6_hdr(skb);
		len = sizeof(*ip6h) + ntohs(ip6h->payload_len);
		if (ip6h->version != 6)
			return false;
		/* A jumbogram's length is in an option that IPv6 looks at. */
		if (!ip6h->payload_len && ip6h->nexthdr == NEXTHDR_HOP)
			len = skb->len;
		skb->protocol = htons(ETH_P_IPV6);
	}
	return len <= skb->len && !pskb_trim(skb, len);
}

/* Nobody who forwards a packet may do that, see RFC 6040, section 4.2. */
static void tell_ecn(const struct ipsvti_dev *vdev, u8 outer_tos, u8 inner)
{
	if (net_ratelimit())
		netdev_info(vdev->dev,
			    "ECN was changed on the path: outer %u, inner %u\n",
			    outer_tos & IPSVTI_ECN_MASK,
			    inner & IPSVTI_ECN_MASK);
}

/* Carry congestion marks over from the outer header; false, drop (RFC 6040). */
static bool decap_ecn(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		      u8 outer_tos)
{
	bool v4 = skb->protocol == htons(ETH_P_IP);
	u8 inner = v4 ? ipv4_get_dsfield(ip_hdr(skb)) :
			ipv6_get_dsfield(ipv6_hdr(skb));
	u8 result;

	switch (ipsvti_ecn_decap(outer_tos, inner, &result)) {
	case IPSVTI_ECN_OK:
		break;
	case IPSVTI_ECN_LOG:
		tell_ecn(vdev, outer_tos, inner);
		break;
	case IPSVTI_ECN_DROP:
		return false;
	}
	if (result == inner)
		return true;
	if (v4)
		ipv4_change_dsfield(ip_hdr(skb), 0, result);
	else
		ipv6_change_dsfield(ipv6_hdr(skb), 0, result);
	return true;
}

static void deliver(struct sk_buff *skb, struct ipsvti_dev *vdev)
{
	struct net_device *dev = vdev->dev;
	bool held = IPSVTI_RX_CB(skb)->held;

	skb_scrub_packet(skb, !net_eq(vdev->net, dev_net(dev)));
	/* What the outer packet was marked with, to be routed say, is not of this one. */
	skb->mark = 0;
	skb->dev = dev;
	skb->encapsulation = 0;
	skb_reset_mac_header(skb);
	skb_clear_hash(skb);
	skb_set_queue_mapping(skb, 0);
	/*
	 * The integrity check has covered more than the inner checksum does, and
	 * the peer's host had the packet before it was protected; a checksum that
	 * was wrong already stays wrong if the packet is forwarded.
	 */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = ~0;
	memset(skb->cb, 0, sizeof(skb->cb));
	/*
	 * GRO's queue is this CPU's and may stand still for a while, in which those
	 * that come next would overtake it in another's.
	 */
	if (unlikely(held))
		netif_receive_skb(skb);
	else
		gro_cells_receive(&vdev->gro_cells, skb);
}

/*
 * Count a packet that is authentic and no replay.  It is the lock that makes this
 * exact, on however many CPUs packets arrive.  Returns the limits that were reached,
 * as bits; with a hard limit no further packet is accepted, and if @len octets more
 * would pass it, not this one either.
 */
static u32 spend(struct ipsvti_sa *sa, unsigned int len, bool *over)
{
	const struct ipsvti_limits *l = &sa->limits;
	unsigned int step;
	u32 reached = 0;

	*over = sa->in.over;
	if (*over)
		return 0;
	step = ipsvti_limit_spend_locked(&l->bytes, &sa->in.bytes, len);
	if (step & IPSVTI_LIMIT_OVER) {
		WRITE_ONCE(sa->in.over, true);
		*over = true;
		return BIT(IPSVTI_REASON_HARD_BYTES);
	}
	if (step & IPSVTI_LIMIT_SOFT)
		reached |= BIT(IPSVTI_REASON_SOFT_BYTES);
	if (step & IPSVTI_LIMIT_HARD)
		reached |= BIT(IPSVTI_REASON_HARD_BYTES);

	step = ipsvti_limit_spend_locked(&l->packets, &sa->in.packets, 1);
	if (step & IPSVTI_LIMIT_SOFT)
		reached |= BIT(IPSVTI_REASON_SOFT_PACKETS);
	if (step & IPSVTI_LIMIT_HARD)
		reached |= BIT(IPSVTI_REASON_HARD_PACKETS);
	if (reached &
	    (BIT(IPSVTI_REASON_HARD_BYTES) | BIT(IPSVTI_REASON_HARD_PACKETS)))
		WRITE_ONCE(sa->in.over, true);
	return reached;
}

/*
 * The authoritative look at the replay window (RFC 4303, section 3.4.3), and at the
 * limits.  @len: octets that the cipher was applied to.  Returns if the packet may
 * go on, and then if its number is the @highest so far; else why it may not.
 */
static bool advance(struct ipsvti_sa *sa, u64 seq, unsigned int len,
		    bool *highest, u32 *reached, unsigned int *why)
{
	enum ipsvti_replay_verdict verdict;
	bool over = false;

	spin_lock(&sa->in.lock);
	verdict = ipsvti_replay_advance(sa->in.replay, seq);
	*highest = sa->in.replay->top == seq;
	if (unlikely(sa->limited) && verdict == IPSVTI_REPLAY_OK)
		*reached = spend(sa, len, &over);
	spin_unlock(&sa->in.lock);

	switch (verdict) {
	case IPSVTI_REPLAY_OK:
		*why = IPSVTI_A_COUNTERS_RX_EXPIRED;
		return likely(!over);
	case IPSVTI_REPLAY_LATE:
		*why = IPSVTI_A_COUNTERS_RX_LATE;
		break;
	case IPSVTI_REPLAY_DUP:
		*why = IPSVTI_A_COUNTERS_RX_REPLAY;
		break;
	}
	return false;
}

/*
 * Tell that a packet was not authentic (RFC 4303, section 3.4.4.1), but not more often
 * than once a second: who forges them must not make us work.
 */
static void auth_failed(struct ipsvti_dev *vdev, const struct ipsvti_sa *sa)
{
	unsigned long next = READ_ONCE(vdev->next_auth_fail);

	atomic_inc(&vdev->auth_failed);
	if (time_after_eq(jiffies, next) &&
	    cmpxchg(&vdev->next_auth_fail, next, jiffies + HZ) == next)
		ipsvti_event_auth_fail(vdev, sa,
				       atomic_xchg(&vdev->auth_failed, 0));
}

/**
 * ipsvti_rx_post - go on with a packet after decryption
 * @skb: the packet, still with ESP header, trailer and ICV
 * @err: 0; -EBADMSG, it is not authentic; else why it was not decrypted
 *
 * Context: BHs disabled, RCU; IPSVTI_RX_CB()->sa is held or still visible.
 */
void ipsvti_rx_post(struct sk_buff *skb, int err)
{
	struct ipsvti_rx_cb *cb = IPSVTI_RX_CB(skb);
	struct ipsvti_sa *sa = cb->sa;
	const struct ipsvti_esp_geometry *g = &sa->transform->geometry;
	struct ipsvti_dev *vdev = sa->vdev;
	unsigned int why;
	u8 next_header, outer_tos = cb->outer_tos;
	bool accepted, highest;
	u32 reached = 0;

	if (unlikely(err)) {
		why = err == -EBADMSG ? IPSVTI_A_COUNTERS_RX_AUTH :
		      err == -ENOMEM  ? IPSVTI_A_COUNTERS_RX_NO_MEMORY :
					IPSVTI_A_COUNTERS_RX_CRYPTO;
		if (err == -EBADMSG)
			auth_failed(vdev, sa);
		goto drop;
	}
	accepted = advance(sa, cb->seq,
			   skb->len - ipsvti_esp_head_len(g) - g->icv_len,
			   &highest, &reached, &why);
	if (accepted && highest && cb->natt_sport)
		ipsvti_nat_seen(skb, sa);
	if (unlikely(accepted && cb->learn))
		ipsvti_demux_learn(skb, sa);
	if (unlikely(accepted && !READ_ONCE(sa->in.heard)))
		ipsvti_bundle_heard(vdev, sa);
	if (unlikely(reached))
		ipsvti_bundle_reached(vdev, sa, reached);
	if (unlikely(!accepted))
		goto drop;

	why = IPSVTI_A_COUNTERS_RX_PADDING;
	if (unlikely(!strip_trailer(skb, sa, &next_header)))
		goto drop;
	__skb_pull(skb, ipsvti_esp_head_len(g));
	skb_reset_network_header(skb);

	switch (next_header) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		break;
	case IPPROTO_NONE:
		/* RFC 4303, section 2.6: sent to be thrown away. */
		ipsvti_drop(vdev, IPSVTI_A_COUNTERS_RX_DUMMY, 1,
			    ipsvti_sa_spi(sa), cb->seq);
		consume_skb(skb);
		return;
	default:
		why = IPSVTI_A_COUNTERS_RX_NEXT_HEADER;
		goto drop;
	}
	why = IPSVTI_A_COUNTERS_RX_INNER;
	if (unlikely(!inner_ok(skb, next_header)))
		goto drop;
	/* RFC 4301, section 5.2, step 4. */
	why = IPSVTI_A_COUNTERS_RX_SELECTOR;
	if (unlikely(!ipsvti_flow_allowed(skb, sa)))
		goto drop;
	why = IPSVTI_A_COUNTERS_RX_ECN;
	if (unlikely(!decap_ecn(skb, vdev, outer_tos)))
		goto drop;

	/* Whatever was known of a checksum is of the outer packet. */
	why = IPSVTI_A_COUNTERS_RX_NO_MEMORY;
	if (unlikely(!ipsvti_clamp(skb, vdev, rcu_dereference(vdev->config),
				   false)))
		goto drop;

	ipsvti_stats_passed(vdev->stats, sa->stats,
			    IPSVTI_A_COUNTERS_RX_PACKETS, skb->len);
	trace_ipsvti_rx(sa, cb->seq, skb->len);
	deliver(skb, vdev);
	return;

drop:
	drop(skb, vdev, why);
}
