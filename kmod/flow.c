// SPDX-License-Identifier: GPL-2.0
/*
 * What traffic selectors look at in a packet (RFC 4301, section 4.4.1.1).
 *
 * Nothing of the packet is changed, and nothing in it is believed: what is not there,
 * or makes no sense, is opaque, and then selectors that ask for it do not match.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "flow.h"

/* More extension headers than this before the next layer, and there is none. */
#define HEADERS_MAX 16

#define ICMP_HEADER_LEN 8

/* The few octets of a next layer that tell its ports, its type, or what it has. */
#define PORTS_LEN 4

/* A packet, or one that an ICMP message quotes, being read. */
struct reader {
	const struct sk_buff *skb;
	unsigned int at; /* the header that is read next */
	struct ipsvti_flow *flow;
};

static void hide_protocol(struct ipsvti_flow *flow)
{
	flow->no_protocol = true;
	flow->no_ports = true;
}

static bool read_ipv4(struct reader *r)
{
	struct ipsvti_flow *flow = r->flow;
	const struct iphdr *iph;
	struct iphdr copy;
	unsigned int offset;

	iph = skb_header_pointer(r->skb, r->at, sizeof(copy), &copy);
	if (!iph || iph->version != 4)
		return false;
	flow->family = IPSVTI_FLOW_V4;
	flow->saddr.low = ntohl(iph->saddr);
	flow->daddr.low = ntohl(iph->daddr);
	flow->protocol = iph->protocol;
	offset = ntohs(iph->frag_off) & IP_OFFSET;
	flow->no_ports = offset || iph->ihl < 5;
	/* RFC 1858: octets 8 and on of the first fragment, TCP's flags among them. */
	flow->overlaps = offset == 1 && iph->protocol == IPPROTO_TCP;
	r->at += iph->ihl * 4;
	return true;
}

static struct ipsvti_flow_addr number_of(const struct in6_addr *addr)
{
	return (struct ipsvti_flow_addr){
		.high = (u64)ntohl(addr->s6_addr32[0]) << 32 |
			ntohl(addr->s6_addr32[1]),
		.low = (u64)ntohl(addr->s6_addr32[2]) << 32 |
		       ntohl(addr->s6_addr32[3]),
	};
}

static bool is_skipped(u8 header)
{
	return header == NEXTHDR_HOP || header == NEXTHDR_ROUTING ||
	       header == NEXTHDR_FRAGMENT || header == NEXTHDR_DEST;
}

/*
 * Step over one extension header.  False: the packet shows no more than the protocol,
 * and that only if it is not another extension header, which only the first fragment
 * would show.
 */
static bool skip_header(struct reader *r, u8 *header)
{
	const struct frag_hdr *frag;
	struct frag_hdr copy;

	/* Of one size, and all begin with the next header, and their own length. */
	frag = skb_header_pointer(r->skb, r->at, sizeof(copy), &copy);
	if (!frag)
		return false;
	if (*header != NEXTHDR_FRAGMENT) {
		r->at += (frag->reserved + 1) * 8;
		*header = frag->nexthdr;
		return true;
	}
	r->at += sizeof(*frag);
	*header = frag->nexthdr;
	return !(frag->frag_off & htons(IP6_OFFSET));
}

static bool read_ipv6(struct reader *r)
{
	struct ipsvti_flow *flow = r->flow;
	const struct ipv6hdr *ip6h;
	struct ipv6hdr copy;
	unsigned int n;
	u8 header;

	ip6h = skb_header_pointer(r->skb, r->at, sizeof(copy), &copy);
	if (!ip6h || ip6h->version != 6)
		return false;
	flow->family = IPSVTI_FLOW_V6;
	flow->saddr = number_of(&ip6h->saddr);
	flow->daddr = number_of(&ip6h->daddr);
	header = ip6h->nexthdr;
	r->at += sizeof(*ip6h);

	for (n = 0; n < HEADERS_MAX && is_skipped(header); n++) {
		if (!skip_header(r, &header)) {
			flow->no_ports = true;
			break;
		}
	}
	flow->protocol = header;
	if (is_skipped(header))
		hide_protocol(flow);
	return true;
}

/* Ports, or the type of a protocol that has one, which is not where ports are. */
static void read_ports(struct reader *r)
{
	struct ipsvti_flow *flow = r->flow;
	u8 buf[PORTS_LEN];
	const u8 *from;
	unsigned int n;

	n = ipsvti_selector_fields(flow->family, flow->protocol);
	if (!n)
		flow->no_ports = true;
	if (flow->no_ports)
		return;
	from = skb_header_pointer(r->skb, r->at, sizeof(buf), buf);
	if (!from) {
		flow->no_ports = true;
	} else if (n == 2) {
		flow->sport = from[0] << 8 | from[1];
		flow->dport = from[2] << 8 | from[3];
	} else if (flow->protocol == NEXTHDR_MOBILITY) {
		flow->sport = from[2] << 8;
	} else {
		flow->sport = from[0] << 8 | from[1];
	}
}

/* Leaves the reader at the header of the next layer. */
static bool read_packet(struct reader *r, bool v4)
{
	memset(r->flow, 0, sizeof(*r->flow));
	if (!(v4 ? read_ipv4(r) : read_ipv6(r)))
		return false;
	read_ports(r);
	return true;
}

/* Those that tell the sender of a packet what became of it. */
static bool is_error(const struct ipsvti_flow *flow)
{
	u8 type = flow->sport >> 8;

	if (flow->no_ports)
		return false;
	if (flow->family == IPSVTI_FLOW_V4 && flow->protocol == IPPROTO_ICMP)
		return type == ICMP_DEST_UNREACH ||
		       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
	if (flow->family == IPSVTI_FLOW_V6 && flow->protocol == IPPROTO_ICMPV6)
		return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;
	return false;
}

/**
 * ipsvti_flow_look - look into a packet to tell if it belongs to an SA
 * @skb: inner packet at its IP header, skb->protocol tells of which version
 * @sa: the SA, which has selectors
 *
 * A GSO packet has the headers of its segments, and is judged as a whole.
 *
 * Context: any, @sa is held or still visible.
 * Return: true if it does.
 */
bool ipsvti_flow_look(const struct sk_buff *skb, const struct ipsvti_sa *sa)
{
	struct ipsvti_flow flow, quoted;
	struct reader r = { .skb = skb, .flow = &flow };
	bool v4 = skb->protocol == htons(ETH_P_IP);

	if (!read_packet(&r, v4))
		return false;
	if (ipsvti_selectors_match(sa->selectors, &flow))
		return true;
	if (!is_error(&flow))
		return false;
	r.at += ICMP_HEADER_LEN;
	r.flow = &quoted;
	return read_packet(&r, v4) &&
	       ipsvti_selectors_match_error(sa->selectors, &flow, &quoted);
}
