// SPDX-License-Identifier: GPL-2.0
/*
 * Making TCP send segments that fit the tunnel.
 *
 * Path MTU discovery tells a sender when a packet was too big, if nobody on the way
 * drops the ICMP message, as many do; then a connection is made, and hangs with the
 * first full segment.  Both hosts say in their SYN how large a segment may be, so that
 * is lowered to what fits, in both directions; it is never raised.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/swab.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/ip.h>

#include "clamp.h"
#include "config.h"
#include "dev.h"
#include "mss.h"

/* As long as options can be. */
#define OPTIONS_MAX 40

/*
 * Where the TCP header is; 0, there is none, or not here.  IPv6 extension headers are
 * not looked behind: they may sign what follows them, and are rare before a SYN.
 */
static unsigned int tcp_offset(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (skb->protocol == htons(ETH_P_IPV6))
		return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP ?
			       sizeof(struct ipv6hdr) :
			       0;
	if (iph->protocol != IPPROTO_TCP || iph->ihl < 5 ||
	    iph->frag_off & htons(IP_OFFSET))
		return 0;
	return iph->ihl * 4;
}

static u32 limit(const struct sk_buff *skb, const struct ipsvti_dev *vdev,
		 const struct ipsvti_config *config)
{
	u32 mtu = READ_ONCE(vdev->dev->mtu), inner;

	if (config->mss_clamp != IPSVTI_MSS_CLAMP_AUTO)
		return config->mss_clamp;
	/* The user may have set more than fits. */
	inner = READ_ONCE(vdev->mtu.inner);
	if (inner)
		mtu = min(mtu, inner);
	return ipsvti_mss_max(mtu, skb->protocol == htons(ETH_P_IPV6));
}

/* @at: where the value is in the packet, @tcp: where the TCP header is */
static bool lower(struct sk_buff *skb, unsigned int tcp, unsigned int at,
		  u16 from, u16 to, bool sum_later)
{
	struct tcphdr *th;
	u8 *value;

	if (skb_ensure_writable(skb, at + sizeof(to)))
		return false;
	th = (void *)skb->data + tcp;
	value = skb->data + at;
	value[0] = to >> 8;
	value[1] = to & 0xff;
	if (sum_later)
		return true;
	/* An option may begin anywhere: then its octets are summed the other way. */
	if ((at - tcp) % 2) {
		from = swab16(from);
		to = swab16(to);
	}
	csum_replace2(&th->check, htons(from), htons(to));
	return true;
}

/* Kept out of the way of all packets that are no SYNs, for its buffers. */
static noinline bool clamp_syn(struct sk_buff *skb,
			       const struct ipsvti_dev *vdev,
			       const struct ipsvti_config *config,
			       unsigned int tcp, bool sum_later)
{
	u8 buf[OPTIONS_MAX];
	const struct tcphdr *th;
	struct tcphdr copy;
	const u8 *options;
	unsigned int len;
	u32 max;
	u16 mss;
	int at;

	th = skb_header_pointer(skb, tcp, sizeof(copy), &copy);
	if (!th || !th->syn || th->doff * 4 <= sizeof(copy))
		return true;
	len = th->doff * 4 - sizeof(copy);
	options =
		skb_header_pointer(skb, tcp + sizeof(struct tcphdr), len, buf);
	if (!options)
		return true;
	at = ipsvti_mss_find(options, len);
	if (at < 0)
		return true;
	mss = options[at] << 8 | options[at + 1];
	max = limit(skb, vdev, config);
	if (!max || mss <= max)
		return true;
	return lower(skb, tcp, tcp + sizeof(struct tcphdr) + at, mss, max,
		     sum_later);
}

/**
 * ipsvti_clamp - lower the segment size that a SYN allows to what fits
 * @skb: inner packet at its IP header, which is in the linear part
 * @vdev: the device
 * @config: its configuration
 * @sum_later: the TCP checksum is not there yet
 *
 * Context: BHs disabled, RCU.
 * Return: true, the packet can go on; false, it has to be changed, and there is no
 *	memory to do it.
 */
bool ipsvti_clamp(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		  const struct ipsvti_config *config, bool sum_later)
{
	const struct tcphdr *th;
	unsigned int tcp;

	if (config->mss_clamp == IPSVTI_MSS_CLAMP_OFF)
		return true;
	tcp = tcp_offset(skb);
	if (!tcp)
		return true;
	th = (void *)skb->data + tcp;
	if (likely(skb_headlen(skb) >= tcp + sizeof(*th) && !th->syn))
		return true;
	return clamp_syn(skb, vdev, config, tcp, sum_later);
}
