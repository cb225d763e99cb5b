// SPDX-License-Identifier: GPL-2.0
/*
 * Cutting inner packets before encryption (RFC 4301, section 8.1; RFC 4459,
 * section 3.4).
 *
 * An inner IPv4 packet without DF is cut into fragments that fit, each of which
 * leaves as an ESP packet of its own, and the host that they are for puts them
 * together.  Cut after encryption it would be the peer who has to wait for all of
 * them, and many networks let no fragments of ESP through.
 *
 * IP does the same by itself before packets come here, if the device's MTU is right.
 * It is not when the user has set a larger one, or the path has just become narrower.
 */
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/route.h>

#include "compat.h"
#include "dev.h"
#include "frag.h"
#include "sa.h"
#include "stats.h"

/**
 * struct pieces - what becomes of a packet while it is cut
 * @route: stands in for the packet's route, as IP asks that for the device; each
 *	fragment has it when it comes out, and so finds the list
 * @refdst: the route that fragments get
 * @first: list of fragments
 * @last: where the next one goes
 */
struct pieces {
	struct rtable route;
	unsigned long refdst;
	struct sk_buff *first;
	struct sk_buff **last;
};

static unsigned int route_mtu(const struct dst_entry *dst)
{
	return READ_ONCE(dst->dev->mtu);
}

static struct dst_ops route_ops = {
	.family = AF_INET,
	.mtu = route_mtu,
};

/* IP wants to send a fragment. */
static int collect(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct pieces *p = container_of(skb_rtable(skb), struct pieces, route);

	skb->_skb_refdst = 0;
	__skb_dst_copy(skb, p->refdst);
	skb_mark_not_on_list(skb);
	*p->last = skb;
	p->last = &skb->next;
	return 0;
}

/*
 * What IP relies on, but nobody may have checked: a packet need not have come from
 * IP.  Its control block says nothing here, a queue may have used it.
 */
static int prepare(struct sk_buff *skb, unsigned int mtu)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int hlen = iph->ihl * 4;

	if (hlen < sizeof(*iph) || hlen >= skb->len ||
	    ntohs(iph->tot_len) != skb->len)
		return -EINVAL;
	/* Options that are for the first fragment only are wiped afterwards. */
	if (skb_ensure_writable(skb, hlen))
		return -ENOMEM;
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->opt.optlen = hlen - sizeof(*iph);
	IPCB(skb)->frag_max_size = mtu;
	return 0;
}

/* Cut one packet, which is taken.  Returns what becomes of it in @p. */
static int cut(struct sk_buff *skb, struct net_device *dev, unsigned int mtu,
	       struct pieces *p)
{
	int err;

	err = prepare(skb, mtu);
	if (err) {
		kfree_skb_reason(skb, err == -ENOMEM ?
					      SKB_DROP_REASON_NOMEM :
					      SKB_DROP_REASON_IP_INHDR);
		return err;
	}
	p->first = NULL;
	p->last = &p->first;
	memset(&p->route, 0, sizeof(p->route));
	ipsvti_compat_dst_init(&p->route.dst, &route_ops);
	p->route.dst.dev = dev;

	p->refdst = skb->_skb_refdst;
	skb->_skb_refdst = 0;
	skb_dst_set_noref(skb, &p->route.dst);
	/* Without its socket, of which IP would ask what MTU to go by. */
	err = ip_do_fragment(dev_net(dev), NULL, skb, collect);
	refdst_drop(p->refdst);
	if (err) {
		/* Nobody can do anything with a part of them. */
		kfree_skb_list(p->first);
		p->first = NULL;
	}
	return err;
}

/**
 * ipsvti_frag - cut IPv4 packets into fragments that fit
 * @list: packets without DF, none of them GSO; all are taken
 * @sa: the SA that is to send them
 * @mtu: the longest inner packet that fits, at least IPV4_MIN_MTU
 *
 * A packet that cannot be cut is counted and dropped, with all of its fragments.
 *
 * Context: BHs disabled, RCU.
 * Return: the list, with fragments in the place of what was too long; NULL, nothing
 *	is left.
 */
struct sk_buff *ipsvti_frag(struct sk_buff *list, const struct ipsvti_sa *sa,
			    unsigned int mtu)
{
	struct sk_buff *skb, *next, *first = NULL, **last = &first;
	struct pieces p;
	int err;

	skb_list_walk_safe(list, skb, next)
	{
		skb_mark_not_on_list(skb);
		if (skb->len <= mtu) {
			*last = skb;
			last = &skb->next;
			continue;
		}
		err = cut(skb, sa->vdev->dev, mtu, &p);
		if (unlikely(err)) {
			ipsvti_drop(sa->vdev,
				    err == -ENOMEM ?
					    IPSVTI_A_COUNTERS_TX_NO_MEMORY :
					    IPSVTI_A_COUNTERS_TX_NOT_IP,
				    1, sa->out.spi, 0);
			continue;
		}
		*last = p.first;
		last = p.last;
	}
	return first;
}
