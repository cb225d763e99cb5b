// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic selectors: does a packet belong to an SA?
 */
#include "selector.h"

#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_DCCP 33
#define PROTO_ICMPV6 58
#define PROTO_SCTP 132
#define PROTO_MH 135
#define PROTO_UDPLITE 136

/**
 * ipsvti_selector_fields - tell how many ports a protocol has
 * @families: of addresses, as bits
 * @protocol: the protocol; 0, any
 *
 * Context: any.
 * Return: 2, a port of each end; 1, a type instead, which counts as the source's
 *	(RFC 4301, section 4.4.1.3); 0, none, with none of the families.
 */
unsigned int ipsvti_selector_fields(u8 families, u8 protocol)
{
	switch (protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		return 2;
	case PROTO_ICMP:
		return families & IPSVTI_FLOW_V4 ? 1 : 0;
	case PROTO_ICMPV6:
	case PROTO_MH:
		return families & IPSVTI_FLOW_V6 ? 1 : 0;
	}
	return 0;
}

static bool not_above(const struct ipsvti_flow_addr *a,
		      const struct ipsvti_flow_addr *b)
{
	return a->high < b->high || (a->high == b->high && a->low <= b->low);
}

static bool any_port(const struct ipsvti_selector *s)
{
	return s->start_port == 0 && s->end_port == IPSVTI_PORT_MAX;
}

/* RFC 7296, section 3.13.1: how it is said that ports are opaque. */
static bool opaque(const struct ipsvti_selector *s)
{
	return s->start_port == IPSVTI_PORT_MAX && s->end_port == 0;
}

/**
 * ipsvti_selector_check - tell what is wrong with a selector
 * @selector: the selector
 *
 * Context: any.
 * Return: the first flaw, or %IPSVTI_SELECTOR_GOOD.
 */
enum ipsvti_selector_flaw
ipsvti_selector_check(const struct ipsvti_selector *selector)
{
	const struct ipsvti_selector *s = selector;

	if (!not_above(&s->start, &s->end))
		return IPSVTI_SELECTOR_BAD_ADDR;
	if (any_port(s))
		return IPSVTI_SELECTOR_GOOD;
	/* That a protocol shows no ports can be said of one that has none, too. */
	if (opaque(s))
		return s->protocol ? IPSVTI_SELECTOR_GOOD :
				     IPSVTI_SELECTOR_NO_PORTS;
	if (!ipsvti_selector_fields(s->families, s->protocol))
		return IPSVTI_SELECTOR_NO_PORTS;
	return s->start_port <= s->end_port ? IPSVTI_SELECTOR_GOOD :
					      IPSVTI_SELECTOR_BAD_PORT;
}

/*
 * The type of a protocol that has one counts as the source's port.  Of the destination
 * nothing is asked then: what a selector says there is of packets in the other
 * direction (RFC 4301, section 4.4.1.3, B to D).
 */
static bool port_matches(const struct ipsvti_selector *s,
			 const struct ipsvti_flow *flow, bool is_src)
{
	u16 port = is_src ? flow->sport : flow->dport;

	if (any_port(s))
		return true;
	if (!is_src &&
	    ipsvti_selector_fields(flow->family, flow->protocol) == 1)
		return true;
	if (opaque(s))
		return flow->no_ports && !flow->overlaps;
	return !flow->no_ports && s->start_port <= port && port <= s->end_port;
}

static bool end_matches(const struct ipsvti_selector *s,
			const struct ipsvti_flow *flow, bool is_src)
{
	const struct ipsvti_flow_addr *addr = is_src ? &flow->saddr :
						       &flow->daddr;

	if (!(s->families & flow->family) || !not_above(&s->start, addr) ||
	    !not_above(addr, &s->end))
		return false;
	if (!s->protocol)
		return true;
	return !flow->no_protocol && s->protocol == flow->protocol &&
	       port_matches(s, flow, is_src);
}

static bool one_matches(const struct ipsvti_selector *list, u32 n,
			const struct ipsvti_flow *flow, bool is_src)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (end_matches(&list[i], flow, is_src))
			return true;
	return !n;
}

/**
 * ipsvti_selectors_match - tell if a packet belongs to an SA
 * @s: the SA's selectors
 * @flow: the packet
 *
 * Both ends have to be in one of their selectors (RFC 7296, section 2.9).
 *
 * Context: any.
 * Return: true if it does.
 */
bool ipsvti_selectors_match(const struct ipsvti_selectors *s,
			    const struct ipsvti_flow *flow)
{
	return one_matches(s->list, s->nr_src, flow, true) &&
	       one_matches(s->list + s->nr_src, s->nr_dst, flow, false);
}

/**
 * ipsvti_selectors_match_error - the same of an ICMP error message
 * @s: the SA's selectors
 * @error: the message, which does not belong to the SA by its own header
 * @quoted: the packet that it quotes
 *
 * A router on the way may send it, whose address no selector has.  It goes the way
 * that an answer to the quoted packet would go (RFC 4301, section 6.2), and to nobody
 * but whom that packet is said to be from.
 *
 * Context: any.
 * Return: true if it belongs to the SA.
 */
bool ipsvti_selectors_match_error(const struct ipsvti_selectors *s,
				  const struct ipsvti_flow *error,
				  const struct ipsvti_flow *quoted)
{
	struct ipsvti_flow answer = *quoted;

	if (quoted->family != error->family ||
	    quoted->saddr.high != error->daddr.high ||
	    quoted->saddr.low != error->daddr.low)
		return false;
	answer.saddr = quoted->daddr;
	answer.daddr = quoted->saddr;
	answer.sport = quoted->dport;
	answer.dport = quoted->sport;
	/* Of which type an answer would be is not said anywhere. */
	if (ipsvti_selector_fields(answer.family, answer.protocol) == 1)
		answer.no_ports = true;
	return ipsvti_selectors_match(s, &answer);
}

/**
 * ipsvti_selectors_possible - tell if any packet belongs to an SA
 * @s: the SA's selectors, each of which is good
 *
 * Context: any.
 * Return: false if no selector of the source has a family and a protocol in common
 *	with one of the destination.
 */
bool ipsvti_selectors_possible(const struct ipsvti_selectors *s)
{
	const struct ipsvti_selector *dst = s->list + s->nr_src;
	u32 i, j;

	if (!s->nr_src || !s->nr_dst)
		return true;
	for (i = 0; i < s->nr_src; i++) {
		const struct ipsvti_selector *a = &s->list[i];

		for (j = 0; j < s->nr_dst; j++) {
			const struct ipsvti_selector *b = &dst[j];

			if (a->families & b->families &&
			    (!a->protocol || !b->protocol ||
			     a->protocol == b->protocol))
				return true;
		}
	}
	return false;
}

/* The families of which all packets are in one of the selectors. */
static u8 open_families(const struct ipsvti_selector *list, u32 n)
{
	const struct ipsvti_flow_addr first = { 0, 0 };
	const struct ipsvti_flow_addr last4 = { 0, 0xffffffff };
	const struct ipsvti_flow_addr last6 = { ~0ULL, ~0ULL };
	u8 open = n ? 0 : IPSVTI_FLOW_V4 | IPSVTI_FLOW_V6;
	u32 i;

	for (i = 0; i < n; i++) {
		if (list[i].protocol || !not_above(&list[i].start, &first))
			continue;
		if (not_above(&last4, &list[i].end))
			open |= list[i].families & IPSVTI_FLOW_V4;
		if (not_above(&last6, &list[i].end))
			open |= list[i].families & IPSVTI_FLOW_V6;
	}
	return open;
}

/**
 * ipsvti_selectors_narrow - tell of which packets selectors have to be looked at
 * @s: the SA's selectors, each of which is good
 *
 * Context: any.
 * Return: families as bits; of the others all packets belong to the SA.
 */
u8 ipsvti_selectors_narrow(const struct ipsvti_selectors *s)
{
	u8 open = open_families(s->list, s->nr_src) &
		  open_families(s->list + s->nr_src, s->nr_dst);

	return ~open & (IPSVTI_FLOW_V4 | IPSVTI_FLOW_V6);
}
