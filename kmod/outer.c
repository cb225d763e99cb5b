// SPDX-License-Identifier: GPL-2.0
/*
 * The outer packet: its route, its headers, its way out.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "config.h"
#include "dev.h"
#include "ecn.h"
#include "esp.h"
#include "mtu.h"
#include "nat.h"
#include "outer.h"
#include "sad.h"

static struct dst_entry *lookup_v4(const struct ipsvti_dev *vdev,
				   const struct ipsvti_config *c,
				   const struct in6_addr *remote, u8 proto)
{
	struct flowi4 fl = {
		.flowi4_oif = c->link,
		.flowi4_mark = c->fwmark,
		.flowi4_proto = proto,
		.saddr = ipsvti_addr_v4(&c->local),
		.daddr = ipsvti_addr_v4(remote),
	};
	struct rtable *rt;

	rt = ip_route_output_flow(vdev->net, &fl, NULL);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

#if IS_ENABLED(CONFIG_IPV6)
/* Which addresses are ours depends on the VRF, and that on the underlay device. */
static bool is_ours_v6(const struct ipsvti_dev *vdev,
		       const struct ipsvti_config *c)
{
	const struct net_device *link;
	bool ours;

	rcu_read_lock();
	link = c->link ? dev_get_by_index_rcu(vdev->net, c->link) : NULL;
	ours = ipv6_chk_addr(vdev->net, &c->local, link, 0);
	rcu_read_unlock();
	return ours;
}

static struct dst_entry *lookup_v6(const struct ipsvti_dev *vdev,
				   const struct ipsvti_config *c,
				   const struct in6_addr *remote, u8 proto)
{
	struct flowi6 fl = {
		.flowi6_oif = c->link,
		.flowi6_mark = c->fwmark,
		.flowi6_proto = proto,
		.saddr = c->local,
		.daddr = *remote,
	};
	int flags = c->link ? RT6_LOOKUP_F_IFACE : 0;
	struct dst_entry *dst;
	int err;

	/* Unlike IPv4, the lookup takes an address that is not ours ... */
	if (!is_ours_v6(vdev, c))
		return ERR_PTR(-EADDRNOTAVAIL);
	/* ... and, unless it is told, another device, if its route is a better one. */
	dst = ip6_route_output_flags(vdev->net, NULL, &fl, flags);
	err = dst->error;
	if (err) {
		dst_release(dst);
		return ERR_PTR(err);
	}
	dst = xfrm_lookup_route(vdev->net, dst, flowi6_to_flowi(&fl), NULL, 0);
	/* A route out of the VRF, if that is the underlay device. */
	if (!IS_ERR(dst) && c->link && dst->dev->ifindex != c->link &&
	    l3mdev_master_ifindex(dst->dev) != c->link) {
		dst_release(dst);
		return ERR_PTR(-ENETUNREACH);
	}
	return dst;
}
#else
static struct dst_entry *lookup_v6(const struct ipsvti_dev *vdev,
				   const struct ipsvti_config *c,
				   const struct in6_addr *remote, u8 proto)
{
	return ERR_PTR(-EAFNOSUPPORT);
}
#endif

/**
 * ipsvti_outer_lookup - look up the route of outer packets
 * @vdev: the device
 * @config: its configuration, with endpoints
 * @remote: where they go
 * @natt: they are ESP in UDP
 *
 * Context: BHs disabled or process.
 * Return: the route, to be released; else an ERR_PTR(): -ELOOP, it leads into
 *	@vdev itself.
 */
struct dst_entry *ipsvti_outer_lookup(const struct ipsvti_dev *vdev,
				      const struct ipsvti_config *config,
				      const struct in6_addr *remote, bool natt)
{
	u8 proto = natt ? IPPROTO_UDP : IPPROTO_ESP;
	struct dst_entry *dst;

	dst = config->family == AF_INET ?
		      lookup_v4(vdev, config, remote, proto) :
		      lookup_v6(vdev, config, remote, proto);
	if (!IS_ERR(dst) && dst->dev == vdev->dev) {
		dst_release(dst);
		return ERR_PTR(-ELOOP);
	}
	return dst;
}

/**
 * ipsvti_outer_route - get the route of outer packets
 * @vdev: the device
 * @config: its configuration, with endpoints
 * @sa: outbound SA
 * @to: where its packets go
 *
 * Context: BHs disabled, RCU.
 * Return: as ipsvti_outer_lookup().
 */
struct dst_entry *ipsvti_outer_route(const struct ipsvti_dev *vdev,
				     const struct ipsvti_config *config,
				     const struct ipsvti_sa *sa,
				     const struct ipsvti_to *to)
{
	struct dst_entry *dst;

	dst = dst_cache_get(to->dst_cache);
	if (likely(dst))
		return dst;
	dst = ipsvti_outer_lookup(vdev, config, to->addr,
				  sa->out.encap == IPSVTI_ENCAP_UDP);
	if (IS_ERR(dst))
		return dst;
	if (config->family == AF_INET)
		dst_cache_set_ip4(to->dst_cache, dst,
				  ipsvti_addr_v4(&config->local));
#if IS_ENABLED(CONFIG_IPV6)
	else
		dst_cache_set_ip6(to->dst_cache, dst, &config->local);
#endif
	return dst;
}

/**
 * ipsvti_outer_len - tell the length of the outer headers
 * @config: the device's configuration
 * @sa: outbound SA
 *
 * Return: octets of IP and UDP header.
 */
unsigned int ipsvti_outer_len(const struct ipsvti_config *config,
			      const struct ipsvti_sa *sa)
{
	return ipsvti_mtu_outer_len(config->family == AF_INET6,
				    sa->out.encap == IPSVTI_ENCAP_UDP);
}

/* What follows the IP header, and where; -1, nothing that could be an SPI. */
static int look_behind_ip(const struct sk_buff *skb, u8 *proto)
{
	const struct iphdr *iph = ip_hdr(skb);
	__be16 frag_off;
	int offset;

	if (skb->protocol == htons(ETH_P_IP)) {
		*proto = iph->protocol;
		return iph->frag_off & htons(IP_OFFSET) ? -1 : iph->ihl * 4;
	}
	*proto = ipv6_hdr(skb)->nexthdr;
	offset =
		ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), proto, &frag_off);
	return frag_off & htons(IP6_OFFSET) ? -1 : offset;
}

static void addresses(const struct sk_buff *skb, struct in6_addr *saddr,
		      struct in6_addr *daddr)
{
	if (skb->protocol == htons(ETH_P_IP)) {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, saddr);
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, daddr);
	} else {
		*saddr = ipv6_hdr(skb)->saddr;
		*daddr = ipv6_hdr(skb)->daddr;
	}
}

/**
 * ipsvti_outer_came_back - tell if an inner packet has been sent by us as an outer one
 * @skb: packet at its IP header, received by another device
 * @vdev: the device that it is to go into
 * @sa: outbound SA
 * @to: where its packets go
 *
 * RFC 2003, section 4: such a packet must not go into a tunnel once more. A loop of that
 * kind would not end, as each round has a hop limit of its own. Later fragments are not
 * known, but what they become is.
 *
 * Those of a tunnel inside this one look the same, but have not been received.
 *
 * Context: BHs disabled, RCU.
 * Return: true if it is one of @sa, or of another SA of the same namespaces.
 */
bool ipsvti_outer_came_back(const struct sk_buff *skb,
			    const struct ipsvti_dev *vdev,
			    const struct ipsvti_sa *sa,
			    const struct ipsvti_to *to)
{
	const struct ipsvti_esp_hdr *esp;
	struct ipsvti_esp_hdr esp_buf;
	struct in6_addr saddr, daddr;
	const struct ipsvti_sa *by;
	const struct udphdr *uh;
	struct udphdr uh_buf;
	int offset;
	u8 proto;

	offset = look_behind_ip(skb, &proto);
	if (offset < 0)
		return false;
	if (proto == IPPROTO_UDP && sa->out.encap == IPSVTI_ENCAP_UDP) {
		uh = skb_header_pointer(skb, offset, sizeof(uh_buf), &uh_buf);
		if (!uh || uh->source != sa->out.sport || uh->dest != to->port)
			return false;
		offset += sizeof(*uh);
	} else if (likely(proto != IPPROTO_ESP)) {
		return false;
	}
	esp = skb_header_pointer(skb, offset, sizeof(esp_buf), &esp_buf);
	if (!esp)
		return false;
	addresses(skb, &saddr, &daddr);
	if (esp->spi == sa->out.spi && ipv6_addr_equal(&daddr, to->addr))
		return true;
	by = ipsvti_sad_find_out(ipsvti_dev_sad(vdev), &saddr, &daddr,
				 esp->spi);
	return by && net_eq(dev_net(by->vdev->dev), dev_net(vdev->dev));
}

/*
 * RFC 3948, section 2.1: no checksum over IPv4.  IPv6 wants one (RFC 8200, section
 * 8.1); it is computed when all of the packet is there, by the underlay device if
 * it can.
 */
static void push_udp(struct sk_buff *skb, const struct ipsvti_config *config,
		     const struct ipsvti_sa *sa, const struct ipsvti_to *to)
{
	struct udphdr *uh = skb_push(skb, sizeof(*uh));

	uh->source = sa->out.sport;
	uh->dest = to->port;
	uh->len = htons(skb->len);
	uh->check = 0;
	skb_reset_transport_header(skb);
	if (config->family == AF_INET6) {
		uh->check = ~csum_ipv6_magic(&config->local, to->addr, skb->len,
					     IPPROTO_UDP, 0);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct udphdr, check);
	}
}

static void push_v4(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		    const struct ipsvti_config *c,
		    const struct in6_addr *remote, struct dst_entry *dst,
		    u8 proto, u8 tos, bool df)
{
	struct iphdr *iph = __skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = tos;
	iph->frag_off = df ? htons(IP_DF) : 0;
	iph->ttl = c->ttl ?: ip4_dst_hoplimit(dst);
	iph->protocol = proto;
	iph->saddr = ipsvti_addr_v4(&c->local);
	iph->daddr = ipsvti_addr_v4(remote);
	ip_select_ident(vdev->net, skb, NULL);
	/* Total length and checksum are ip_local_out()'s. */
}

static void push_v6(struct sk_buff *skb, const struct ipsvti_config *c,
		    const struct in6_addr *remote, struct dst_entry *dst,
		    u8 proto, u8 tos)
{
	struct ipv6hdr *ip6h = skb_push(skb, sizeof(*ip6h));

	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IPV6);
	ip6_flow_hdr(ip6h, tos, 0);
	ip6h->nexthdr = proto;
	ip6h->hop_limit = c->ttl ?: ip6_dst_hoplimit(dst);
	ip6h->saddr = c->local;
	ip6h->daddr = *remote;
	/* The payload length is ip6_local_out()'s. */
}

/**
 * ipsvti_outer_push - put the outer headers before an ESP packet
 * @skb: the packet from its ESP header to the end of its ICV, of which nothing
 *	needs to be encrypted yet; there is room for the headers
 * @vdev: the device
 * @config: its configuration
 * @sa: outbound SA
 * @to: where it goes
 * @dst: the route
 * @inner: what comes from the inner header
 *
 * What the packet still knows of its life as an inner packet is wiped.
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_outer_push(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		       const struct ipsvti_config *config,
		       const struct ipsvti_sa *sa, const struct ipsvti_to *to,
		       struct dst_entry *dst, const struct ipsvti_inner *inner)
{
	u8 tos = config->dscp == IPSVTI_DSCP_COPY ? inner->tos :
						    config->dscp << 2;
	u8 proto = IPPROTO_ESP;

	skb_scrub_packet(skb, !net_eq(vdev->net, dev_net(vdev->dev)));
	/* Packets of one SA stay in order, whatever flow is inside. */
	skb_clear_hash(skb);
	skb->mark = config->fwmark;
	skb->encapsulation = 0;
	skb->ip_summed = CHECKSUM_NONE;
	skb_dst_set(skb, dst_clone(dst));

	skb_reset_transport_header(skb);
	if (sa->out.encap == IPSVTI_ENCAP_UDP) {
		push_udp(skb, config, sa, to);
		proto = IPPROTO_UDP;
	}
	tos = ipsvti_ecn_encap(tos, inner->tos);
	/* An IPv6 packet is fragmented here or nowhere. */
	skb->ignore_df = !inner->df;
	if (config->family == AF_INET)
		push_v4(skb, vdev, config, to->addr, dst, proto, tos,
			inner->df);
	else
		push_v6(skb, config, to->addr, dst, proto, tos);
}

/**
 * ipsvti_outer_send - send an outer packet
 * @skb: the complete packet
 * @vdev: the device
 *
 * Context: BHs disabled, RCU.
 * Return: 0; else it was dropped.
 */
int ipsvti_outer_send(struct sk_buff *skb, const struct ipsvti_dev *vdev)
{
	int err;

	/* What IP finds there must not be ours, nor the inner packet's. */
	memset(skb->cb, 0, sizeof(skb->cb));
	if (skb->protocol == htons(ETH_P_IP))
		err = ip_local_out(vdev->net, NULL, skb);
	else
		err = ip6_local_out(vdev->net, NULL, skb);
	return net_xmit_eval(err);
}
