// SPDX-License-Identifier: GPL-2.0
/*
 * Does an inner packet fit the path, and what if not?
 *
 *			pre-frag on	df copy		df set		df clear
 *	IPv4, no DF	cut before	cut outside	sender told	cut outside
 *	IPv4, DF	(all the same)	sender told	sender told	cut outside
 *	IPv6		(all the same)	sender told	sender told	cut outside
 *
 * The senders of IPv6 are told no less than 1280 octets, and may send that much:
 * then it is cut outside, but for "df set".
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "automtu.h"
#include "compat.h"
#include "config.h"
#include "dev.h"
#include "fit.h"
#include "mtu.h"
#include "sa.h"

static bool exceeds(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? !skb_gso_validate_network_len(skb, mtu) :
				 skb->len > mtu;
}

static u32 inner_mtu(const struct ipsvti_config *config,
		     const struct ipsvti_sa *sa, u32 path)
{
	return ipsvti_mtu_inner(path, config->family == AF_INET6,
				sa->out.encap == IPSVTI_ENCAP_UDP,
				&sa->transform->geometry);
}

/* IPv4, and its sender does not mind. */
static bool may_cut(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) &&
	       !(ip_hdr(skb)->frag_off & htons(IP_DF));
}

/* Tell the sender what fits.  Returns true if it has done what can be asked of it. */
static bool tell(struct sk_buff *skb, u32 mtu)
{
	if (skb->protocol == htons(ETH_P_IP)) {
		skb_dst_update_pmtu_no_confirm(skb, mtu);
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
		return false;
	}
	/* No less than what IPv6 asks of every link may be asked for. */
	if (mtu < IPV6_MIN_MTU) {
		mtu = IPV6_MIN_MTU;
		if (!exceeds(skb, mtu))
			return true;
	}
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return false;
}

/**
 * ipsvti_fit - see if an inner packet fits the path, or may be cut
 * @skb: the packet at its IP header, which is in the linear part; of a GSO packet it
 *	is about the segments
 * @vdev: the device
 * @config: its configuration
 * @sa: outbound SA
 * @path: MTU of the route of outer packets
 * @cut: set to what the packet, or each of its segments, has to be cut to before
 *	encryption; 0, it has not
 *
 * If the packet neither fits nor may be cut, its sender is told what would fit: this
 * is before segmentation, and exact.
 *
 * Context: BHs disabled, RCU.
 * Return: true, the packet can go on; false, it is to be dropped as too big.
 */
bool ipsvti_fit(struct sk_buff *skb, struct ipsvti_dev *vdev,
		const struct ipsvti_config *config, const struct ipsvti_sa *sa,
		u32 path, unsigned int *cut)
{
	u32 mtu = inner_mtu(config, sa, path);

	*cut = 0;
	ipsvti_automtu_path_seen(vdev, path);
	if (likely(!exceeds(skb, mtu)))
		return true;

	/* There must be room for the longest header and a piece behind it. */
	if (config->pre_frag && may_cut(skb) && mtu >= IPV4_MIN_MTU) {
		*cut = mtu;
		return true;
	}
	/* Cut outside; but no outer header tells of more than 64 KB. */
	if ((config->df == IPSVTI_DF_CLEAR ||
	     (config->df == IPSVTI_DF_COPY && may_cut(skb))) &&
	    !exceeds(skb, inner_mtu(config, sa, IP_MAX_MTU)))
		return true;
	return tell(skb, mtu);
}
