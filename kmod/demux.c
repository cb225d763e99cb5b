// SPDX-License-Identifier: GPL-2.0
/*
 * The route by which an SA's packets come in, remembered.
 */
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "demux.h"
#include "dev.h"
#include "esp.h"
#include "rx.h"
#include "sa.h"
#include "sad.h"

#if IS_ENABLED(CONFIG_NETFILTER)
/* Where UDP may have ESP in it (RFC 3948); other ports are looked up as ever. */
#define NATT_PORT 4500

/**
 * struct ipsvti_demux - a route that was taken
 * @dst: the route, held
 * @saddr: source address of the packet that took it
 * @ifindex: device that the packet came from
 * @rcu: frees it after a grace period
 *
 * Never changed, but replaced.
 */
struct ipsvti_demux {
	struct dst_entry *dst;
	__be32 saddr;
	int ifindex;
	struct rcu_head rcu;
};

/* The SA of an IPv4 packet, if it is likely that it has one. */
static const struct ipsvti_sa *find_sa(const struct sk_buff *skb,
				       const struct iphdr *iph,
				       const struct net *net)
{
	unsigned int offset = iph->ihl * 4;
	const struct ipsvti_esp_hdr *esp;
	const struct udphdr *uh;

	/* Of a header that is somewhere else IP may look the route up. */
	if (skb_headlen(skb) < offset + sizeof(*uh) + sizeof(*esp))
		return NULL;
	if (unlikely(iph->protocol == IPPROTO_UDP)) {
		uh = (void *)iph + offset;
		if (uh->dest != htons(NATT_PORT))
			return NULL;
		offset += sizeof(*uh);
	} else if (iph->protocol != IPPROTO_ESP) {
		return NULL;
	}
	esp = (void *)iph + offset;
	return ipsvti_sad_find_in_v4(net, iph->daddr, esp->spi);
}

static unsigned int demux(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct ipsvti_demux *known;
	const struct ipsvti_sa *sa;

	if (ip_is_fragment(iph) || skb_dst(skb) ||
	    !READ_ONCE(state->net->ipv4.sysctl_ip_early_demux))
		return NF_ACCEPT;
	sa = find_sa(skb, iph, state->net);
	if (!sa)
		return NF_ACCEPT;
	known = rcu_dereference(sa->in.route);
	if (likely(known && known->saddr == iph->saddr &&
		   known->ifindex == state->in->ifindex &&
		   dst_check(known->dst, 0)))
		skb_dst_set_noref(skb, known->dst);
	return NF_ACCEPT;
}

/* Last, since those before may change addresses. */
static const struct nf_hook_ops hook = {
	.hook = demux,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_PRE_ROUTING,
	.priority = NF_IP_PRI_LAST,
};

/**
 * ipsvti_demux_begin - give routes to packets that come in
 * @net: the namespace, which gets its first device
 * @n: what we know of it
 *
 * Without memory for it, IP looks up each packet's route.
 *
 * Context: RTNL.
 */
void ipsvti_demux_begin(struct net *net, struct ipsvti_net *n)
{
	n->demux = !nf_register_net_hook(net, &hook);
}

/**
 * ipsvti_demux_end - leave routes to IP
 * @net: the namespace, whose last device goes
 * @n: what we know of it
 *
 * Context: RTNL.
 */
void ipsvti_demux_end(struct net *net, struct ipsvti_net *n)
{
	if (n->demux)
		nf_unregister_net_hook(net, &hook);
	n->demux = false;
}

/**
 * ipsvti_demux_note - see if the route of a packet is known
 * @skb: a packet that was just delivered to this host, at its ESP header, with
 *	IPSVTI_RX_CB() filled in
 * @sa: its SA
 *
 * If it is not, the packet holds its route, and &ipsvti_rx_cb.learn says so.
 *
 * Context: softirq, RCU.
 */
void ipsvti_demux_note(struct sk_buff *skb, const struct ipsvti_sa *sa)
{
	const struct ipsvti_demux *known = rcu_dereference(sa->in.route);

	if (ip_hdr(skb)->version != 4 ||
	    (likely(known) && known->dst == skb_dst(skb) &&
	     known->saddr == ip_hdr(skb)->saddr))
		return;
	if (!READ_ONCE(dev_net(skb->dev)->ipv4.sysctl_ip_early_demux) ||
	    !skb_valid_dst(skb) || skb_rtable(skb)->rt_type != RTN_LOCAL ||
	    !rt_is_input_route(skb_rtable(skb)))
		return;
	IPSVTI_RX_CB(skb)->learn = skb_dst_force(skb);
}

static void forget(struct ipsvti_demux *known)
{
	if (known) {
		dst_release(known->dst);
		kfree_rcu(known, rcu);
	}
}

/**
 * ipsvti_demux_learn - remember the route of an authentic packet
 * @skb: the packet, of which ipsvti_demux_note() said so; its outer headers are
 *	still there
 * @sa: its SA
 *
 * Context: BHs disabled.
 */
void ipsvti_demux_learn(const struct sk_buff *skb, struct ipsvti_sa *sa)
{
	struct ipsvti_demux *new, *old;

	new = kmalloc(sizeof(*new), GFP_ATOMIC | __GFP_NOWARN);
	if (!new)
		return;
	new->dst = dst_clone(skb_dst(skb));
	new->saddr = ip_hdr(skb)->saddr;
	new->ifindex = skb->skb_iif;
	old = unrcu_pointer(xchg(&sa->in.route, RCU_INITIALIZER(new)));
	forget(old);
}

/**
 * ipsvti_demux_forget - forget what was remembered
 * @sa: inbound SA that nobody can find any more
 *
 * Context: any.
 */
void ipsvti_demux_forget(struct ipsvti_sa *sa)
{
	forget(unrcu_pointer(xchg(&sa->in.route, NULL)));
}
#endif
