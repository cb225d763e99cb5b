// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that are cut here are those that the stack would cut, octet for octet, and
 * have the room that was asked for.  Only in the module: userspace has no packets.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "suites.h"

#include "../compat.h"
#include "../gso.h"

#define HEADROOM 77
#define TAILROOM 33
#define PAYLOAD_MAX 60000

/* Payload in the linear part up to @linear octets, the rest in pages. */
static bool add_payload(struct sk_buff *skb, struct ipsvti_rand *rand,
			unsigned int linear, unsigned int len)
{
	unsigned int part, i, n = 0;
	struct page *page;
	u8 *at;

	for (; len; len -= part) {
		if (linear) {
			part = min(linear, len);
			at = skb_put(skb, part);
			linear = 0;
		} else {
			part = min_t(unsigned int, len, PAGE_SIZE);
			page = alloc_page(GFP_KERNEL);
			if (!page || n == MAX_SKB_FRAGS)
				return false;
			at = page_address(page);
			skb_add_rx_frag(skb, n++, page, 0, part, PAGE_SIZE);
		}
		for (i = 0; i < part; i++)
			at[i] = ipsvti_rand(rand);
	}
	return true;
}

static void add_ip(struct sk_buff *skb, struct ipsvti_rand *rand, bool v6,
		   unsigned int options, unsigned int len)
{
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	skb_reset_network_header(skb);
	if (v6) {
		ip6h = skb_put_zero(skb, sizeof(*ip6h));
		ip6_flow_hdr(ip6h, ipsvti_rand_below(rand, 256), 0);
		ip6h->payload_len = htons(len);
		ip6h->nexthdr = IPPROTO_TCP;
		ip6h->hop_limit = 64;
		ip6h->saddr.s6_addr32[3] = htonl(ipsvti_rand(rand));
		ip6h->daddr.s6_addr32[0] = htonl(ipsvti_rand(rand));
		skb->protocol = htons(ETH_P_IPV6);
		return;
	}
	iph = skb_put_zero(skb, sizeof(*iph) + options);
	memset(iph + 1, IPOPT_NOOP, options);
	iph->version = 4;
	iph->ihl = (sizeof(*iph) + options) / 4;
	iph->tos = ipsvti_rand_below(rand, 256);
	iph->tot_len = htons(sizeof(*iph) + options + len);
	iph->id = htons(ipsvti_rand_below(rand, 2) ? 0xfffe : 7);
	iph->frag_off = ipsvti_rand_below(rand, 2) ? htons(IP_DF) : 0;
	iph->ttl = 64;
	iph->protocol = IPPROTO_TCP;
	iph->saddr = htonl(ipsvti_rand(rand));
	iph->daddr = htonl(ipsvti_rand(rand));
	ip_send_check(iph);
	skb->protocol = htons(ETH_P_IP);
}

static void add_tcp(struct sk_buff *skb, struct ipsvti_rand *rand, bool v6,
		    unsigned int options, unsigned int len)
{
	struct tcphdr *th;

	skb_set_transport_header(skb, skb->len);
	th = skb_put_zero(skb, sizeof(*th) + options);
	memset(th + 1, TCPOPT_NOP, options);
	th->source = htons(1);
	th->dest = htons(2);
	th->seq = htonl(ipsvti_rand_below(rand, 2) ? 0xfffffff0 : 99);
	th->doff = (sizeof(*th) + options) / 4;
	th->ack = 1;
	th->fin = ipsvti_rand_below(rand, 2);
	th->psh = ipsvti_rand_below(rand, 2);
	th->cwr = ipsvti_rand_below(rand, 2);
	th->ece = ipsvti_rand_below(rand, 2);
	th->check = v6 ? ~tcp_v6_check(len, &ipv6_hdr(skb)->saddr,
				       &ipv6_hdr(skb)->daddr, 0) :
			 ~tcp_v4_check(len, ip_hdr(skb)->saddr,
				       ip_hdr(skb)->daddr, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/* A GSO packet at its IP header, of any shape that TCP makes. */
static struct sk_buff *large(struct ipsvti_rand *rand, unsigned int *segs)
{
	bool v6 = ipsvti_rand_below(rand, 2);
	unsigned int ip_options = ipsvti_rand_below(rand, 3) ? 0 : 8;
	unsigned int options = 4 * ipsvti_rand_below(rand, 11);
	unsigned int mss = 100 + ipsvti_rand_below(rand, 1400);
	unsigned int len = mss + 1 + ipsvti_rand_below(rand, PAYLOAD_MAX - mss);
	unsigned int linear =
		ipsvti_rand_below(rand, 4) ? ipsvti_rand_below(rand, 200) : len;
	struct sk_buff *skb;

	skb = alloc_skb(NET_SKB_PAD + 200 + linear, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD);
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	add_ip(skb, rand, v6, ip_options,
	       sizeof(struct tcphdr) + options + len);
	add_tcp(skb, rand, v6, options, sizeof(struct tcphdr) + options + len);
	if (!add_payload(skb, rand, linear, len)) {
		kfree_skb(skb);
		return NULL;
	}
	skb->priority = ipsvti_rand_below(rand, 8);
	skb->mark = 5;
	*segs = DIV_ROUND_UP(len, mss);
	skb_shinfo(skb)->gso_size = mss;
	skb_shinfo(skb)->gso_segs = *segs;
	skb_shinfo(skb)->gso_type = v6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
	if (tcp_hdr(skb)->cwr)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
	return skb;
}

static void compare(struct kunit *test, struct sk_buff *ours,
		    struct sk_buff *theirs)
{
	KUNIT_ASSERT_EQ(test, ours->len, theirs->len);
	KUNIT_EXPECT_EQ(test, memcmp(ours->data, theirs->data, ours->len), 0);
	KUNIT_EXPECT_FALSE(test, skb_is_nonlinear(ours));
	KUNIT_EXPECT_FALSE(test, skb_is_gso(ours));
	KUNIT_EXPECT_FALSE(test, skb_cloned(ours));
	KUNIT_EXPECT_GE(test, skb_headroom(ours), HEADROOM);
	KUNIT_EXPECT_GE(test, skb_tailroom(ours), TAILROOM);
	KUNIT_EXPECT_EQ(test, (int)ours->ip_summed, CHECKSUM_NONE);
	KUNIT_EXPECT_EQ(test, ours->protocol, theirs->protocol);
	KUNIT_EXPECT_EQ(test, ours->priority, theirs->priority);
	KUNIT_EXPECT_EQ(test, ours->mark, theirs->mark);
	KUNIT_EXPECT_EQ(test, skb_network_offset(ours), 0);
	KUNIT_EXPECT_EQ(test, skb_transport_offset(ours),
			skb_transport_offset(theirs));
}

static void gso_as_the_stack(struct kunit *test)
{
	struct sk_buff *skb, *copy, *ours, *theirs;
	unsigned int segs, n, round;
	struct ipsvti_rand rand;

	ipsvti_rand_init(&rand, test);
	for (round = 0; round < 100; round++) {
		skb = large(&rand, &segs);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		copy = skb_copy(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		local_bh_disable();
		rcu_read_lock();
		ours = ipsvti_gso(skb, HEADROOM, TAILROOM);
		theirs = skb_gso_segment(copy, 0);
		rcu_read_unlock();
		local_bh_enable();
		KUNIT_ASSERT_NOT_NULL(test, ours);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(theirs));
		for (n = 0; ours && theirs; n++) {
			compare(test, ours, theirs);
			skb = ours->next;
			consume_skb(ours);
			ours = skb;
			skb = theirs->next;
			consume_skb(theirs);
			theirs = skb;
		}
		KUNIT_EXPECT_NULL(test, ours);
		KUNIT_EXPECT_NULL(test, theirs);
		KUNIT_EXPECT_EQ(test, n, segs);
		consume_skb(copy);
	}
}

/* What is not common is cut by the stack, and comes with a sum that is to be made. */
static void gso_by_the_stack(struct kunit *test)
{
	struct ipsvti_rand rand;
	struct sk_buff *skb, *segs;
	unsigned int n;

	ipsvti_rand_init(&rand, test);
	skb = large(&rand, &n);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	local_bh_disable();
	rcu_read_lock();
	segs = ipsvti_gso(skb, HEADROOM, TAILROOM);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, segs);
	KUNIT_EXPECT_EQ(test, (int)segs->ip_summed, CHECKSUM_PARTIAL);
	for (; segs; n--) {
		skb = segs->next;
		consume_skb(segs);
		segs = skb;
	}
	KUNIT_EXPECT_EQ(test, n, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(gso_as_the_stack),
	KUNIT_CASE(gso_by_the_stack),
	{},
};

struct kunit_suite ipsvti_gso_suite = {
	.name = "ipsvti_gso",
	.test_cases = cases,
};
