// SPDX-License-Identifier: GPL-2.0
/*
 * Cutting large TCP packets into segments.
 *
 * The stack's own segmentation is for any packet and any device.  Here it is known
 * that each segment will be encrypted in its place: it has to be linear, with room for
 * the headers and the trailer of ESP.  So the common packet, TCP without anything
 * special, is cut here, into memory of that size, which is taken as drivers take it
 * for packets that they receive.  For all else the stack does it.
 *
 * What comes out is what the stack would make, but that checksums are complete.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/log2.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "compat.h"
#include "gso.h"

/* A segment and all that is around it must be in so much. */
#define MEMORY_MAX PAGE_SIZE

/**
 * struct gso - what all segments have in common
 * @skb: the packet
 * @ip_len: octets of its IP header
 * @head_len: octets of its IP and TCP headers
 * @mss: octets of payload in each segment but the last
 * @headroom: octets before the IP header
 * @memory: octets of memory for a segment, struct skb_shared_info included
 */
struct gso {
	const struct sk_buff *skb;
	unsigned int ip_len;
	unsigned int head_len;
	unsigned int mss;
	unsigned int headroom;
	unsigned int memory;
};

/* Octets of the IP header if TCP follows at once; 0, it does not. */
static unsigned int ip_len_of(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->protocol == IPPROTO_TCP &&
				       !ip_is_fragment(ip_hdr(skb)) ?
			       ip_hdr(skb)->ihl * 4 :
			       0;
	return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP ? sizeof(struct ipv6hdr) :
						       0;
}

/*
 * Whoever the packet is charged to wants to hear of each segment, and the stack knows
 * how; a time stamp belongs to one of them.
 */
static bool is_common(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	return !(shinfo->gso_type &
		 ~(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN)) &&
	       !skb->encapsulation && !skb->destructor &&
	       skb->ip_summed == CHECKSUM_PARTIAL &&
	       !(shinfo->tx_flags & SKBTX_ANY_TSTAMP);
}

static bool look(struct sk_buff *skb, struct gso *g, unsigned int headroom,
		 unsigned int tailroom)
{
	unsigned int tcp_len;

	if (!is_common(skb))
		return false;
	g->ip_len = ip_len_of(skb);
	if (!g->ip_len || skb_checksum_start_offset(skb) != (int)g->ip_len ||
	    !pskb_may_pull(skb, g->ip_len + sizeof(struct tcphdr)))
		return false;
	tcp_len = ((struct tcphdr *)(skb->data + g->ip_len))->doff * 4;
	g->head_len = g->ip_len + tcp_len;
	if (tcp_len < sizeof(struct tcphdr) || !pskb_may_pull(skb, g->head_len))
		return false;
	g->skb = skb;
	g->mss = skb_shinfo(skb)->gso_size;
	g->headroom = ALIGN(headroom, NET_SKB_PAD);
	g->memory =
		SKB_DATA_ALIGN(g->headroom + g->head_len + g->mss + tailroom) +
		SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	/* Ciphers stop at the end of each page: none is to be in two. */
	g->memory = roundup_pow_of_two(g->memory);
	return g->mss && skb->len > g->head_len + g->mss &&
	       g->memory <= MEMORY_MAX;
}

/*
 * What is said of the packet is said of each segment, but that it is large, and what
 * skb_scrub_packet() would soon take off again: extensions and connection tracking.
 */
static struct sk_buff *new_segment(const struct gso *g, unsigned int len)
{
	struct sk_buff *seg;
	void *memory;

	memory = napi_alloc_frag_align(g->memory, g->memory);
	if (unlikely(!memory))
		return NULL;
	seg = napi_build_skb(memory, g->memory);
	if (unlikely(!seg)) {
		skb_free_frag(memory);
		return NULL;
	}
	skb_reserve(seg, g->headroom);
	__skb_put(seg, g->head_len + len);
	memcpy(&seg->headers, &g->skb->headers, sizeof(seg->headers));
	seg->tstamp = g->skb->tstamp;
	seg->dev = g->skb->dev;
	/* Nobody needs its own route for longer than the packet is here. */
	if (skb_dst(g->skb))
		skb_dst_set_noref(seg, skb_dst(g->skb));
	skb_reset_mac_header(seg);
	skb_reset_mac_len(seg);
	skb_reset_network_header(seg);
	skb_set_transport_header(seg, g->ip_len);
	return seg;
}

static __sum16 tcp_sum(const struct sk_buff *seg, const struct tcphdr *th,
		       unsigned int len)
{
	__wsum sum = csum_partial(th, len, 0);

	if (seg->protocol == htons(ETH_P_IP))
		return csum_tcpudp_magic(ip_hdr(seg)->saddr, ip_hdr(seg)->daddr,
					 len, IPPROTO_TCP, sum);
	return csum_ipv6_magic(&ipv6_hdr(seg)->saddr, &ipv6_hdr(seg)->daddr,
			       len, IPPROTO_TCP, sum);
}

/* The segment whose payload begins at @offset of that of the packet. */
static void fill_headers(struct sk_buff *seg, const struct gso *g,
			 unsigned int n, unsigned int offset, bool last)
{
	unsigned int len = seg->len;
	struct ipv6hdr *ip6h;
	struct iphdr *iph;
	struct tcphdr *th;

	memcpy(seg->data, g->skb->data, g->head_len);
	if (seg->protocol == htons(ETH_P_IP)) {
		iph = ip_hdr(seg);
		iph->id = htons(ntohs(iph->id) + n);
		iph->tot_len = htons(len);
		ip_send_check(iph);
	} else {
		ip6h = ipv6_hdr(seg);
		ip6h->payload_len = htons(len - sizeof(*ip6h));
	}
	th = tcp_hdr(seg);
	th->seq = htonl(ntohl(th->seq) + offset);
	if (n)
		th->cwr = 0;
	if (!last) {
		th->fin = 0;
		th->psh = 0;
	}
	th->check = 0;
	th->check = tcp_sum(seg, th, len - g->ip_len);
	seg->ip_summed = CHECKSUM_NONE;
}

static struct sk_buff *cut(const struct gso *g)
{
	unsigned int all = g->skb->len - g->head_len, offset, len, n = 0;
	struct sk_buff *list = NULL, **end = &list, *seg;

	for (offset = 0; offset < all; offset += len) {
		len = min(g->mss, all - offset);
		seg = new_segment(g, len);
		if (unlikely(!seg))
			goto err_free;
		*end = seg;
		end = &seg->next;
		if (unlikely(skb_copy_bits(g->skb, g->head_len + offset,
					   seg->data + g->head_len, len)))
			goto err_free;
		fill_headers(seg, g, n++, offset, offset + len == all);
	}
	return list;

err_free:
	kfree_skb_list(list);
	return NULL;
}

/**
 * ipsvti_gso - cut a packet into segments
 * @skb: a GSO packet at its IP header; freed if this succeeds
 * @headroom: octets that will go before each segment
 * @tailroom: octets that will go behind each segment; there may be less room
 *
 * Context: BHs disabled, RCU, in which the segments find their way.
 * Return: the list of segments; NULL, it cannot be cut, or there is no memory.
 */
struct sk_buff *ipsvti_gso(struct sk_buff *skb, unsigned int headroom,
			   unsigned int tailroom)
{
	struct sk_buff *segs = NULL;
	struct gso g;

	if (likely(look(skb, &g, headroom, tailroom)))
		segs = cut(&g);
	/* The sums of what is not cut here are computed when it is linear. */
	if (!segs)
		segs = skb_gso_segment(skb, NETIF_F_HW_CSUM);
	if (IS_ERR_OR_NULL(segs))
		return NULL;
	consume_skb(skb);
	return segs;
}
