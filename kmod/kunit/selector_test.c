// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic selectors: what belongs to an SA, and what does not.
 */
#include "suites.h"

#include "../selector.h"

#define V4 IPSVTI_FLOW_V4
#define V6 IPSVTI_FLOW_V6
#define ICMP 1
#define TCP 6
#define UDP 17
#define ESP 50
#define ICMPV6 58
#define MH 135

#define A4(a, b, c, d) { 0, (u64)(a) << 24 | (b) << 16 | (c) << 8 | (d) }

/* Two of each end is more than one, and few enough for all to be tried. */
#define LISTED 4

/* The list is in memory of exactly its length. */
static struct ipsvti_selectors *make(struct kunit *test, u32 nr_src, u32 nr_dst,
				     const struct ipsvti_selector *list)
{
	struct ipsvti_selectors *s;
	u32 i;

	s = kunit_kzalloc(test,
			  sizeof(*s) + (nr_src + nr_dst) * sizeof(s->list[0]),
			  GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	s->nr_src = nr_src;
	s->nr_dst = nr_dst;
	for (i = 0; i < nr_src + nr_dst; i++)
		s->list[i] = list[i];
	return s;
}

static const struct ipsvti_selector any = IPSVTI_SELECTOR_ANY;

/* Any address, of one protocol and its ports. */
static struct ipsvti_selector ports(u8 protocol, u16 start, u16 end)
{
	struct ipsvti_selector s = any;

	s.protocol = protocol;
	s.start_port = start;
	s.end_port = end;
	return s;
}

static struct ipsvti_flow flow4(u8 protocol, u16 sport, u16 dport)
{
	struct ipsvti_flow flow = {
		.family = V4,
		.protocol = protocol,
		.sport = sport,
		.dport = dport,
		.saddr = A4(10, 1, 0, 2),
		.daddr = A4(10, 2, 0, 2),
	};

	return flow;
}

static bool passes(struct kunit *test, struct ipsvti_selector src,
		   struct ipsvti_selector dst, const struct ipsvti_flow *flow)
{
	struct ipsvti_selector list[] = { src, dst };

	return ipsvti_selectors_match(make(test, 1, 1, list), flow);
}

static void selector_addresses(struct kunit *test)
{
	static const struct {
		struct ipsvti_flow_addr start, end, addr;
		bool in;
	} cases[] = {
		{ A4(10, 1, 0, 0), A4(10, 1, 0, 255), A4(10, 1, 0, 0), true },
		{ A4(10, 1, 0, 0), A4(10, 1, 0, 255), A4(10, 1, 0, 255), true },
		{ A4(10, 1, 0, 0), A4(10, 1, 0, 255), A4(10, 0, 255, 255),
		  false },
		{ A4(10, 1, 0, 0), A4(10, 1, 0, 255), A4(10, 1, 1, 0), false },
		{ A4(10, 1, 0, 7), A4(10, 1, 0, 7), A4(10, 1, 0, 7), true },
		{ A4(10, 1, 0, 7), A4(10, 1, 0, 7), A4(10, 1, 0, 6), false },
		{ A4(10, 1, 0, 7), A4(10, 1, 0, 7), A4(10, 1, 0, 8), false },
		{ A4(0, 0, 0, 0), A4(255, 255, 255, 255), A4(0, 0, 0, 0),
		  true },
		{ A4(0, 0, 0, 0), A4(255, 255, 255, 255),
		  A4(255, 255, 255, 255), true },
		/* The halves of IPv6 addresses, one and the other deciding. */
		{ { 1, 5 }, { 3, 2 }, { 1, 5 }, true },
		{ { 1, 5 }, { 3, 2 }, { 1, 4 }, false },
		{ { 1, 5 }, { 3, 2 }, { 1, ~0ULL }, true },
		{ { 1, 5 }, { 3, 2 }, { 2, 0 }, true },
		{ { 1, 5 }, { 3, 2 }, { 2, ~0ULL }, true },
		{ { 1, 5 }, { 3, 2 }, { 3, 2 }, true },
		{ { 1, 5 }, { 3, 2 }, { 3, 3 }, false },
		{ { 1, 5 }, { 3, 2 }, { 0, 9 }, false },
		{ { 1, 5 }, { 3, 2 }, { 4, 0 }, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ipsvti_selector s = any;
		struct ipsvti_flow flow = { .family = V6,
					    .protocol = ESP,
					    .no_ports = true };

		s.families = V6;
		s.start = cases[i].start;
		s.end = cases[i].end;
		flow.saddr = cases[i].addr;
		KUNIT_EXPECT_EQ_MSG(test, passes(test, s, any, &flow),
				    cases[i].in, "source, case %u", i);
		flow.daddr = cases[i].addr;
		flow.saddr.high = 77;
		KUNIT_EXPECT_EQ_MSG(test, passes(test, any, s, &flow),
				    cases[i].in, "destination, case %u", i);
		/* The same number is another address in the other family. */
		s.families = V4;
		KUNIT_EXPECT_FALSE(test, passes(test, any, s, &flow));
	}
}

/* Lists of such lengths, of which those match that have a bit in @hit. */
static void try_lists(struct kunit *test, u32 nr_src, u32 nr_dst, u32 hit)
{
	bool src = !nr_src || hit & ((1 << nr_src) - 1);
	bool dst = !nr_dst || hit >> nr_src & ((1 << nr_dst) - 1);
	struct ipsvti_selector list[LISTED] = { any, any, any, any };
	struct ipsvti_flow flow = flow4(TCP, 1, 2);
	struct ipsvti_selectors *s;
	u32 i;

	for (i = 0; i < LISTED; i++)
		list[i].families = hit >> i & 1 ? V4 : V6;
	s = make(test, nr_src, nr_dst, list);
	KUNIT_EXPECT_EQ_MSG(test, ipsvti_selectors_match(s, &flow), src && dst,
			    "%u, %u, %u", nr_src, nr_dst, hit);
}

/* Both ends, each in one of its list; none is all. */
static void selector_lists(struct kunit *test)
{
	u32 src, dst, hit;

	for (src = 0; src <= 2; src++)
		for (dst = 0; dst <= 2; dst++)
			for (hit = 0; hit < 1 << LISTED; hit++)
				try_lists(test, src, dst, hit);
}

static void selector_ports(struct kunit *test)
{
	static const u8 with[] = { TCP, UDP, 33, 132, 136 };
	struct ipsvti_selector s;
	struct ipsvti_flow flow;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(with); i++) {
		s = ports(with[i], 100, 200);
		KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s),
				IPSVTI_SELECTOR_GOOD);
		KUNIT_EXPECT_EQ(test, ipsvti_selector_fields(V4, with[i]), 2U);
		KUNIT_EXPECT_EQ(test, ipsvti_selector_fields(V6, with[i]), 2U);
		flow = flow4(with[i], 100, 7);
		KUNIT_EXPECT_TRUE(test, passes(test, s, any, &flow));
		KUNIT_EXPECT_FALSE(test, passes(test, any, s, &flow));
		flow = flow4(with[i], 201, 200);
		KUNIT_EXPECT_FALSE(test, passes(test, s, any, &flow));
		KUNIT_EXPECT_TRUE(test, passes(test, any, s, &flow));
		flow = flow4(with[i], 99, 201);
		KUNIT_EXPECT_FALSE(test, passes(test, s, any, &flow));
		KUNIT_EXPECT_FALSE(test, passes(test, any, s, &flow));
		/* Of another protocol the same ports are others. */
		flow = flow4(i ? TCP : UDP, 150, 150);
		KUNIT_EXPECT_FALSE(test, passes(test, s, any, &flow));
	}
	s = ports(UDP, 0, 0);
	flow = flow4(UDP, 0, 1);
	KUNIT_EXPECT_TRUE(test, passes(test, s, any, &flow));
	KUNIT_EXPECT_FALSE(test, passes(test, any, s, &flow));
	s = ports(UDP, 65535, 65535);
	flow = flow4(UDP, 65535, 65534);
	KUNIT_EXPECT_TRUE(test, passes(test, s, any, &flow));
	KUNIT_EXPECT_FALSE(test, passes(test, any, s, &flow));
	/* 1 to 65535 is not any: it asks, and there has to be an answer. */
	flow = flow4(UDP, 0, 0);
	flow.no_ports = true;
	KUNIT_EXPECT_FALSE(test,
			   passes(test, ports(UDP, 1, 65535), any, &flow));
	KUNIT_EXPECT_FALSE(test,
			   passes(test, ports(UDP, 0, 65534), any, &flow));
	KUNIT_EXPECT_TRUE(test, passes(test, ports(UDP, 0, 65535), any, &flow));
}

/* RFC 4301, section 4.4.1.3, B to D: sent but not received, and the other way. */
static void selector_types(struct kunit *test)
{
	static const struct {
		u8 family, protocol;
	} with[] = { { V4, ICMP }, { V6, ICMPV6 }, { V6, MH } };
	struct ipsvti_selector type, other, opaque;
	struct ipsvti_flow flow;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(with); i++) {
		u8 protocol = with[i].protocol;

		type = ports(protocol, 30 << 8, 30 << 8 | 255);
		other = ports(protocol, 31 << 8, 31 << 8);
		opaque = ports(protocol, 65535, 0);
		flow = (struct ipsvti_flow){ .family = with[i].family,
					     .protocol = protocol,
					     .sport = 30 << 8 | 7 };
		KUNIT_EXPECT_TRUE(test, passes(test, type, type, &flow));
		KUNIT_EXPECT_TRUE(test, passes(test, type, opaque, &flow));
		KUNIT_EXPECT_TRUE(test, passes(test, type, other, &flow));
		KUNIT_EXPECT_FALSE(test, passes(test, opaque, type, &flow));
		KUNIT_EXPECT_FALSE(test, passes(test, other, type, &flow));
		/* Later fragments of it show no type. */
		flow.no_ports = true;
		KUNIT_EXPECT_FALSE(test, passes(test, type, any, &flow));
		KUNIT_EXPECT_TRUE(test, passes(test, opaque, type, &flow));
		KUNIT_EXPECT_TRUE(test, passes(test, ports(protocol, 0, 65535),
					       type, &flow));
		/* The other family's number is nothing with a type. */
		flow.family ^= V4 | V6;
		flow.no_ports = false;
		KUNIT_EXPECT_EQ(test,
				ipsvti_selector_fields(flow.family, protocol),
				0U);
	}
	/* Types and codes are one number: 3/4 to 8/0 has 5/200 in it. */
	type = ports(ICMP, 3 << 8 | 4, 8 << 8);
	flow = flow4(ICMP, 5 << 8 | 200, 0);
	KUNIT_EXPECT_TRUE(test, passes(test, type, any, &flow));
	flow = flow4(ICMP, 3 << 8 | 3, 0);
	KUNIT_EXPECT_FALSE(test, passes(test, type, any, &flow));
	flow = flow4(ICMP, 8 << 8 | 1, 0);
	KUNIT_EXPECT_FALSE(test, passes(test, type, any, &flow));
}

/* What is not there is in what does not ask for it, and in what asks for that. */
static void selector_opaque(struct kunit *test)
{
	struct ipsvti_flow later = flow4(TCP, 0, 0);
	struct ipsvti_flow first = flow4(TCP, 65535, 0);
	struct ipsvti_flow early = later, hidden, none;
	struct ipsvti_selector opaque = ports(TCP, 65535, 0);

	later.no_ports = true;
	early.no_ports = true;
	early.overlaps = true;
	KUNIT_EXPECT_TRUE(test, passes(test, opaque, opaque, &later));
	KUNIT_EXPECT_TRUE(test, passes(test, any, opaque, &later));
	KUNIT_EXPECT_FALSE(test, passes(test, opaque, any, &first));
	KUNIT_EXPECT_FALSE(test, passes(test, any, opaque, &first));
	KUNIT_EXPECT_FALSE(test, passes(test, opaque, any, &early));
	KUNIT_EXPECT_TRUE(test,
			  passes(test, ports(TCP, 0, 65535), any, &early));

	/* IPv6 may not even show the protocol. */
	hidden = later;
	hidden.family = V6;
	hidden.protocol = TCP; /* not to be looked at */
	hidden.no_protocol = true;
	KUNIT_EXPECT_TRUE(test, passes(test, any, any, &hidden));
	KUNIT_EXPECT_FALSE(test,
			   passes(test, ports(TCP, 0, 65535), any, &hidden));
	KUNIT_EXPECT_FALSE(test, passes(test, any, opaque, &hidden));

	/* RFC 4301, section 4.4.1.3, A. */
	none = flow4(ESP, 0, 0);
	none.no_ports = true;
	KUNIT_EXPECT_TRUE(test, passes(test, ports(ESP, 65535, 0),
				       ports(ESP, 0, 65535), &none));
}

static void selector_errors(struct kunit *test)
{
	struct ipsvti_selector src = ports(UDP, 53, 53);
	struct ipsvti_selector dst = ports(UDP, 1000, 2000);
	struct ipsvti_flow error = flow4(ICMP, 3 << 8 | 4, 0);
	struct ipsvti_flow quoted = flow4(UDP, 1500, 53);
	struct ipsvti_selector list[2];
	struct ipsvti_selectors *s;

	src.families = V4;
	src.start = quoted.daddr;
	src.end = quoted.daddr;
	dst.families = V4;
	dst.start = quoted.saddr;
	dst.end = quoted.saddr;
	list[0] = src;
	list[1] = dst;
	s = make(test, 1, 1, list);
	error.saddr.low = 99;
	error.daddr = quoted.saddr;

	KUNIT_EXPECT_FALSE(test, ipsvti_selectors_match(s, &error));
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_match_error(s, &error, &quoted));
	/* It goes to whom the packet came from, and to nobody else. */
	error.daddr.low++;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	error.daddr.low--;
	error.daddr.high++;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	error.daddr.high--;
	error.family = V6;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	error.family = V4;
	quoted.sport = 2001;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	quoted.sport = 2000;
	quoted.dport = 54;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	quoted.dport = 53;
	quoted.daddr.low++;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));

	/* What type an answer to a ping would have is not guessed. */
	quoted = flow4(ICMP, 8 << 8, 0);
	list[0] = ports(ICMP, 8 << 8, 8 << 8);
	list[1] = any;
	s = make(test, 1, 1, list);
	error.daddr = quoted.saddr;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	s->list[0] = ports(ICMP, 0, 0);
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_match_error(s, &error, &quoted));
	s->list[0] = ports(ICMP, 0, 65535);
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_match_error(s, &error, &quoted));
}

static void selector_flaws(struct kunit *test)
{
	struct ipsvti_selector s = any;

	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s), IPSVTI_SELECTOR_GOOD);
	s.start.low = 5;
	s.start.high = 1;
	s.end = s.start;
	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s), IPSVTI_SELECTOR_GOOD);
	s.end.low--;
	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s),
			IPSVTI_SELECTOR_BAD_ADDR);
	s.end.high++;
	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s), IPSVTI_SELECTOR_GOOD);

#define CHECK(protocol, start, end, want)                               \
	do {                                                            \
		s = ports(protocol, start, end);                        \
		KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s), want); \
	} while (0)
	CHECK(0, 0, 65535, IPSVTI_SELECTOR_GOOD);
	CHECK(0, 0, 0, IPSVTI_SELECTOR_NO_PORTS);
	CHECK(0, 65535, 0, IPSVTI_SELECTOR_NO_PORTS);
	CHECK(ESP, 0, 65535, IPSVTI_SELECTOR_GOOD);
	CHECK(ESP, 1, 65535, IPSVTI_SELECTOR_NO_PORTS);
	CHECK(ESP, 65535, 0, IPSVTI_SELECTOR_GOOD);
	CHECK(TCP, 22, 22, IPSVTI_SELECTOR_GOOD);
	CHECK(TCP, 22, 21, IPSVTI_SELECTOR_BAD_PORT);
	CHECK(TCP, 65535, 1, IPSVTI_SELECTOR_BAD_PORT);
	CHECK(TCP, 65534, 0, IPSVTI_SELECTOR_BAD_PORT);
	CHECK(TCP, 65535, 0, IPSVTI_SELECTOR_GOOD);
	CHECK(ICMP, 8, 8, IPSVTI_SELECTOR_GOOD);
	CHECK(ICMPV6, 8, 8, IPSVTI_SELECTOR_GOOD);
	CHECK(MH, 8, 8, IPSVTI_SELECTOR_GOOD);
#undef CHECK
	s = ports(ICMP, 8, 8);
	s.families = V6;
	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s),
			IPSVTI_SELECTOR_NO_PORTS);
	s = ports(ICMPV6, 8, 8);
	s.families = V4;
	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s),
			IPSVTI_SELECTOR_NO_PORTS);
	s = ports(MH, 8, 8);
	s.families = V4;
	KUNIT_EXPECT_EQ(test, ipsvti_selector_check(&s),
			IPSVTI_SELECTOR_NO_PORTS);
}

static void selector_possible(struct kunit *test)
{
	struct ipsvti_selector list[3] = { any, any, any };

	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 0, 0, list)));
	list[0].families = V4;
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 1, 0, list)));
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 0, 1, list)));
	list[1].families = V6;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_possible(make(test, 1, 1, list)));
	/* One that is of use is enough. */
	list[2].families = V6;
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 2, 1, list)));
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_possible(make(test, 1, 2, list)));
	list[2].families = V4;
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 1, 2, list)));
	list[0].protocol = TCP;
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 1, 2, list)));
	list[2].protocol = TCP;
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_selectors_possible(make(test, 1, 2, list)));
	list[2].protocol = UDP;
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_selectors_possible(make(test, 1, 2, list)));
}

static void selector_narrow(struct kunit *test)
{
	static const struct ipsvti_selector all4 = {
		.families = V4,
		.end_port = 65535,
		.end = { 0, 0xffffffff },
	};
	static const struct ipsvti_selector all6 = {
		.families = V6,
		.end_port = 65535,
		.end = { ~0ULL, ~0ULL },
	};
	struct ipsvti_selector list[4] = { all4, all4, all4, all4 };

#define NARROW(src, dst) ipsvti_selectors_narrow(make(test, src, dst, list))
	KUNIT_EXPECT_EQ(test, NARROW(0, 0), 0);
	KUNIT_EXPECT_EQ(test, NARROW(1, 0), V6);
	KUNIT_EXPECT_EQ(test, NARROW(0, 1), V6);
	KUNIT_EXPECT_EQ(test, NARROW(1, 1), V6);
	list[1] = all6;
	KUNIT_EXPECT_EQ(test, NARROW(2, 0), 0);
	KUNIT_EXPECT_EQ(test, NARROW(0, 2), 0);
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), V6);
	KUNIT_EXPECT_EQ(test, NARROW(1, 1), V4 | V6);
	list[2] = any;
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), 0);
	/* Each end of the range, and the protocol, make a difference. */
	list[0].start.low = 1;
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), V4);
	list[0] = all4;
	list[0].end.low--;
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), V4);
	list[0] = all4;
	list[0].protocol = UDP;
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), V4);
	list[0] = all4;
	list[1].end.low--;
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), V6);
	list[1] = all6;
	list[1].start.low = 1;
	KUNIT_EXPECT_EQ(test, NARROW(2, 1), V6);
#undef NARROW
}

/* An address as octets, counted up by hand. */
static void octets(const struct ipsvti_flow_addr *addr, u8 *to)
{
	u32 i;

	for (i = 0; i < 8; i++) {
		to[i] = (u8)(addr->high >> (56 - 8 * i));
		to[8 + i] = (u8)(addr->low >> (56 - 8 * i));
	}
}

static bool same(const u8 *a, const u8 *b)
{
	u32 i;

	for (i = 0; i < 16; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static void next_address(u8 *a)
{
	u32 i;

	for (i = 16; i > 0; i--)
		if (++a[i - 1])
			return;
}

/* The naive way: one address after the other, one port after the other. */
static bool model_addr(const struct ipsvti_selector *s,
		       const struct ipsvti_flow_addr *addr)
{
	u8 at[16], end[16], want[16];

	octets(&s->start, at);
	octets(&s->end, end);
	octets(addr, want);
	for (;;) {
		if (same(at, want))
			return true;
		if (same(at, end))
			return false;
		next_address(at);
	}
}

static bool model_port(const struct ipsvti_selector *s, u16 port)
{
	u32 i;

	for (i = s->start_port; i <= s->end_port; i++)
		if (i == port)
			return true;
	return false;
}

static bool model_end(const struct ipsvti_selector *s,
		      const struct ipsvti_flow *f, bool src)
{
	bool two = f->protocol == TCP || f->protocol == UDP;
	bool typed = (f->family == V4 && f->protocol == ICMP) ||
		     (f->family == V6 && f->protocol == ICMPV6);
	bool hidden = f->no_ports || (!two && !typed);

	if (f->family == V4 && !(s->families & V4))
		return false;
	if (f->family == V6 && !(s->families & V6))
		return false;
	if (!model_addr(s, src ? &f->saddr : &f->daddr))
		return false;
	if (s->protocol == 0)
		return true;
	if (f->no_protocol || f->protocol != s->protocol)
		return false;
	if (s->start_port == 0 && s->end_port == 65535)
		return true;
	if (typed && !src)
		return true;
	if (s->start_port == 65535 && s->end_port == 0)
		return hidden && !f->overlaps;
	return !hidden && model_port(s, src ? f->sport : f->dport);
}

static bool model(const struct ipsvti_selectors *s, const struct ipsvti_flow *f)
{
	bool src = s->nr_src == 0, dst = s->nr_dst == 0;
	u32 i;

	for (i = 0; i < s->nr_src; i++)
		src |= model_end(&s->list[i], f, true);
	for (i = 0; i < s->nr_dst; i++)
		dst |= model_end(&s->list[s->nr_src + i], f, false);
	return src && dst;
}

/* Few values, around where carries and edges are, so that many meet. */
static u64 some(struct ipsvti_rand *rand)
{
	u64 base = ipsvti_rand_below(rand, 8) ? 0 : 0xfffffff8;

	return base + ipsvti_rand_below(rand, 16);
}

static u16 some_port(struct ipsvti_rand *rand)
{
	static const u16 values[] = { 0,    1,	  2,	 255,  256,
				      2048, 2049, 65534, 65535 };

	return values[ipsvti_rand_below(rand, ARRAY_SIZE(values))];
}

static u8 some_protocol(struct ipsvti_rand *rand)
{
	static const u8 values[] = { ICMP, TCP, TCP, UDP, ESP, ICMPV6 };

	return values[ipsvti_rand_below(rand, ARRAY_SIZE(values))];
}

static struct ipsvti_selector some_selector(struct ipsvti_rand *rand)
{
	struct ipsvti_selector s;

	do {
		s = any;
		s.families = 1 + ipsvti_rand_below(rand, 3);
		s.start.low = some(rand);
		/* Not far, as the model goes there step by step. */
		s.end.low = s.start.low + ipsvti_rand_below(rand, 24);
		s.end.high = 0;
		if (ipsvti_rand_below(rand, 2)) {
			s.protocol = some_protocol(rand);
			s.start_port = some_port(rand);
			s.end_port = some_port(rand);
		}
	} while (ipsvti_selector_check(&s) != IPSVTI_SELECTOR_GOOD);
	return s;
}

static struct ipsvti_flow some_flow(struct ipsvti_rand *rand)
{
	struct ipsvti_flow f = {
		.family = 1 + ipsvti_rand_below(rand, 2),
		.protocol = some_protocol(rand),
		.no_ports = !ipsvti_rand_below(rand, 4),
		.sport = some_port(rand),
		.dport = some_port(rand),
		.saddr.low = some(rand),
		.daddr.low = some(rand),
	};

	if (!ipsvti_selector_fields(f.family, f.protocol))
		f.no_ports = true;
	f.no_protocol = f.no_ports && !ipsvti_rand_below(rand, 4);
	f.overlaps = f.no_ports && !ipsvti_rand_below(rand, 4);
	return f;
}

static void selector_model(struct kunit *test)
{
	u32 round, i, j, hits = 0, tries = 0;
	struct ipsvti_rand rand;
	struct ipsvti_selector list[LISTED] = { any, any, any, any };
	struct ipsvti_selectors *s = make(test, 0, LISTED, list);

	ipsvti_rand_init(&rand, test);
	for (round = 0; round < 4000; round++) {
		u8 narrow;

		s->nr_src = ipsvti_rand_below(&rand, 3);
		s->nr_dst = ipsvti_rand_below(&rand, 3);
		for (i = 0; i < s->nr_src + s->nr_dst; i++)
			s->list[i] = some_selector(&rand);
		narrow = ipsvti_selectors_narrow(s);
		for (j = 0; j < 40; j++) {
			struct ipsvti_flow f = some_flow(&rand);
			bool got = ipsvti_selectors_match(s, &f);

			KUNIT_ASSERT_EQ(test, got, model(s, &f));
			KUNIT_ASSERT_TRUE(test, got || narrow & f.family);
			KUNIT_ASSERT_TRUE(test,
					  !got || ipsvti_selectors_possible(s));
			hits += got && s->nr_src && s->nr_dst;
			tries++;
		}
	}
	/* Neither all nor nothing, or it would not have tested much. */
	KUNIT_EXPECT_TRUE(test, hits > tries / 100 && hits < tries / 2);
}

static struct kunit_case selector_cases[] = {
	KUNIT_CASE(selector_addresses),
	KUNIT_CASE(selector_lists),
	KUNIT_CASE(selector_ports),
	KUNIT_CASE(selector_types),
	KUNIT_CASE(selector_opaque),
	KUNIT_CASE(selector_errors),
	KUNIT_CASE(selector_flaws),
	KUNIT_CASE(selector_possible),
	KUNIT_CASE(selector_narrow),
	KUNIT_CASE(selector_model),
	{},
};

struct kunit_suite ipsvti_selector_suite = {
	.name = "ipsvti_selector",
	.test_cases = selector_cases,
};
