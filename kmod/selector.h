/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic selectors of an SA (RFC 4301, section 4.4.1.1; RFC 7296, section 3.13).
 *
 * A pure unit: it knows no packet buffer and no device, and needs no lock.  What it
 * judges is a description of a packet, which flow.c makes.
 */
#ifndef _IPSVTI_SELECTOR_H
#define _IPSVTI_SELECTOR_H

#include <linux/types.h>

/* Families of addresses, as bits. */
#define IPSVTI_FLOW_V4 1u
#define IPSVTI_FLOW_V6 2u

#define IPSVTI_PORT_MAX 65535u

/**
 * struct ipsvti_flow_addr - an address as a number
 * @high: upper 64 bits; 0 with IPv4
 * @low: lower 64 bits
 */
struct ipsvti_flow_addr {
	u64 high;
	u64 low;
};

/**
 * struct ipsvti_flow - what selectors look at in a packet
 * @family: %IPSVTI_FLOW_V4 or %IPSVTI_FLOW_V6
 * @protocol: of the next layer, unless @no_protocol
 * @no_protocol: the packet does not show it
 * @no_ports: the packet does not show ports or what stands for them
 * @overlaps: a later fragment that might change what the first one's ports stand
 *	for (RFC 4301, section 7.2: the check of the minimum offset)
 * @sport: source port; of protocols that have a type instead, that, and the code
 * @dport: destination port
 * @saddr: source address
 * @daddr: destination address
 */
struct ipsvti_flow {
	u8 family;
	u8 protocol;
	bool no_protocol;
	bool no_ports;
	bool overlaps;
	u16 sport;
	u16 dport;
	struct ipsvti_flow_addr saddr;
	struct ipsvti_flow_addr daddr;
};

/**
 * struct ipsvti_selector - one traffic selector: what one end of packets may be
 * @families: of addresses, as bits; both, all addresses there are
 * @protocol: of the next layer; 0, any
 * @start_port: first port, or type and code
 * @end_port: the last; below the first, only what is opaque
 * @start: first address
 * @end: last address
 */
struct ipsvti_selector {
	u8 families;
	u8 protocol;
	u16 start_port;
	u16 end_port;
	struct ipsvti_flow_addr start;
	struct ipsvti_flow_addr end;
};

#define IPSVTI_SELECTOR_ANY                            \
	{ .families = IPSVTI_FLOW_V4 | IPSVTI_FLOW_V6, \
	  .end_port = IPSVTI_PORT_MAX,                 \
	  .end = { ~0ULL, ~0ULL } }

/**
 * struct ipsvti_selectors - the traffic selectors of an SA
 * @nr_src: how many there are of the source; 0, it may be whatever it is
 * @nr_dst: how many there are of the destination; 0, it may be whatever it is
 * @list: those of the source, and then those of the destination
 */
struct ipsvti_selectors {
	u32 nr_src;
	u32 nr_dst;
	struct ipsvti_selector list[];
};

/* What may be wrong with a selector. */
enum ipsvti_selector_flaw {
	IPSVTI_SELECTOR_GOOD,
	IPSVTI_SELECTOR_BAD_ADDR, /* the last address is below the first */
	IPSVTI_SELECTOR_NO_PORTS, /* the protocol has no ports */
	IPSVTI_SELECTOR_BAD_PORT, /* the last port is below the first */
};

enum ipsvti_selector_flaw
ipsvti_selector_check(const struct ipsvti_selector *selector);
unsigned int ipsvti_selector_fields(u8 families, u8 protocol);
bool ipsvti_selectors_possible(const struct ipsvti_selectors *s);
u8 ipsvti_selectors_narrow(const struct ipsvti_selectors *s);
bool ipsvti_selectors_match(const struct ipsvti_selectors *s,
			    const struct ipsvti_flow *flow);
bool ipsvti_selectors_match_error(const struct ipsvti_selectors *s,
				  const struct ipsvti_flow *error,
				  const struct ipsvti_flow *quoted);

#endif /* _IPSVTI_SELECTOR_H */
