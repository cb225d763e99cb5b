// SPDX-License-Identifier: GPL-2.0
/*
 * Counters: where they are counted, added up and shown.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/netlink.h>

#include <uapi/linux/ipsvti.h>

#include "dev.h"
#include "stats.h"
#include "trace.h"

/* What "ethtool -S" calls them. */
static const char names[][ETH_GSTRING_LEN] = {
	[IPSVTI_A_COUNTERS_TX_PACKETS] = "tx_packets",
	[IPSVTI_A_COUNTERS_TX_BYTES] = "tx_bytes",
	[IPSVTI_A_COUNTERS_RX_PACKETS] = "rx_packets",
	[IPSVTI_A_COUNTERS_RX_BYTES] = "rx_bytes",
	[IPSVTI_A_COUNTERS_TX_NO_SA] = "tx_no_sa",
	[IPSVTI_A_COUNTERS_TX_NOT_IP] = "tx_not_ip",
	[IPSVTI_A_COUNTERS_TX_TOO_BIG] = "tx_too_big",
	[IPSVTI_A_COUNTERS_TX_NO_ROUTE] = "tx_no_route",
	[IPSVTI_A_COUNTERS_TX_LOOP] = "tx_loop",
	[IPSVTI_A_COUNTERS_TX_NO_MEMORY] = "tx_no_memory",
	[IPSVTI_A_COUNTERS_TX_SEQUENCE] = "tx_sequence",
	[IPSVTI_A_COUNTERS_TX_CRYPTO] = "tx_crypto",
	[IPSVTI_A_COUNTERS_TX_OUTPUT] = "tx_output",
	[IPSVTI_A_COUNTERS_RX_TRUNCATED] = "rx_truncated",
	[IPSVTI_A_COUNTERS_RX_LATE] = "rx_late",
	[IPSVTI_A_COUNTERS_RX_REPLAY] = "rx_replay",
	[IPSVTI_A_COUNTERS_RX_AUTH] = "rx_auth",
	[IPSVTI_A_COUNTERS_RX_PADDING] = "rx_padding",
	[IPSVTI_A_COUNTERS_RX_DUMMY] = "rx_dummy",
	[IPSVTI_A_COUNTERS_RX_NEXT_HEADER] = "rx_next_header",
	[IPSVTI_A_COUNTERS_RX_INNER] = "rx_inner",
	[IPSVTI_A_COUNTERS_RX_ECN] = "rx_ecn",
	[IPSVTI_A_COUNTERS_RX_NO_MEMORY] = "rx_no_memory",
	[IPSVTI_A_COUNTERS_RX_CRYPTO] = "rx_crypto",
	[IPSVTI_A_COUNTERS_RX_LARVAL] = "rx_larval",
	[IPSVTI_A_COUNTERS_RX_DOWN] = "rx_down",
	[IPSVTI_A_COUNTERS_TX_EXPIRED] = "tx_expired",
	[IPSVTI_A_COUNTERS_RX_EXPIRED] = "rx_expired",
	[IPSVTI_A_COUNTERS_TX_SELECTOR] = "tx_selector",
	[IPSVTI_A_COUNTERS_RX_SELECTOR] = "rx_selector",
};

static_assert(ARRAY_SIZE(names) == IPSVTI_COUNTER_LAST + 1);

/**
 * ipsvti_stats_alloc - make the counters of a device
 *
 * Context: process.
 * Return: the counters, all 0, to be freed by free_percpu(); NULL, no memory.
 */
struct ipsvti_stats __percpu *ipsvti_stats_alloc(void)
{
	return netdev_alloc_pcpu_stats(struct ipsvti_stats);
}

/**
 * ipsvti_sa_stats_alloc - make the counters of an SA
 *
 * Context: process.
 * Return: the counters, all 0, to be freed by free_percpu(); NULL, no memory.
 */
struct ipsvti_sa_stats __percpu *ipsvti_sa_stats_alloc(void)
{
	return netdev_alloc_pcpu_stats(struct ipsvti_sa_stats);
}

/**
 * ipsvti_drop - count packets that go no further, and let them be seen
 * @vdev: the device
 * @counter: the reason, by its counter
 * @n: how many packets
 * @spi: of which SA; 0, of none
 * @seq: sequence number; 0, not known
 *
 * The only place where drops are counted, so that counters and tracepoint cannot
 * disagree.  The packets are the caller's to free.
 *
 * Context: BHs disabled.
 */
void ipsvti_drop(const struct ipsvti_dev *vdev, unsigned int counter,
		 unsigned int n, __be32 spi, u64 seq)
{
	struct ipsvti_stats *s = this_cpu_ptr(vdev->stats);

	trace_ipsvti_drop(vdev, counter, n, spi, seq);
	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->count[counter], n);
	u64_stats_update_end(&s->syncp);
}

/**
 * ipsvti_drop_reason - what the core calls a reason for which packets are dropped
 * @counter: the reason, by its counter
 *
 * For kfree_skb_reason(), so that who looks at the whole host (dropwatch, perf) sees
 * more than where it was.  Most of ours have no name there.
 *
 * Context: any.
 */
enum skb_drop_reason ipsvti_drop_reason(unsigned int counter)
{
	switch (counter) {
	case IPSVTI_A_COUNTERS_TX_NOT_IP:
	case IPSVTI_A_COUNTERS_RX_NEXT_HEADER:
		return SKB_DROP_REASON_UNHANDLED_PROTO;
	case IPSVTI_A_COUNTERS_TX_TOO_BIG:
		return SKB_DROP_REASON_PKT_TOO_BIG;
	case IPSVTI_A_COUNTERS_TX_NO_ROUTE:
		return SKB_DROP_REASON_IP_OUTNOROUTES;
	case IPSVTI_A_COUNTERS_TX_NO_MEMORY:
	case IPSVTI_A_COUNTERS_RX_NO_MEMORY:
		return SKB_DROP_REASON_NOMEM;
	case IPSVTI_A_COUNTERS_TX_SELECTOR:
	case IPSVTI_A_COUNTERS_RX_SELECTOR:
		return SKB_DROP_REASON_XFRM_POLICY;
	case IPSVTI_A_COUNTERS_RX_TRUNCATED:
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	case IPSVTI_A_COUNTERS_RX_INNER:
		return SKB_DROP_REASON_IP_INHDR;
	case IPSVTI_A_COUNTERS_RX_DOWN:
		return SKB_DROP_REASON_DEV_READY;
	default:
		return SKB_DROP_REASON_NOT_SPECIFIED;
	}
}

/**
 * ipsvti_stats_passed - count a packet that made it
 * @stats: the device's counters
 * @sa_stats: the SA's counters
 * @packets: IPSVTI_A_COUNTERS_TX_PACKETS or IPSVTI_A_COUNTERS_RX_PACKETS; octets are
 *	counted by the one that follows it
 * @len: octets of the inner packet
 *
 * Context: BHs disabled.
 */
void ipsvti_stats_passed(struct ipsvti_stats __percpu *stats,
			 struct ipsvti_sa_stats __percpu *sa_stats,
			 unsigned int packets, unsigned int len)
{
	struct ipsvti_stats *s = this_cpu_ptr(stats);
	struct ipsvti_sa_stats *t = this_cpu_ptr(sa_stats);

	static_assert(IPSVTI_A_COUNTERS_TX_PACKETS + 1 ==
		      IPSVTI_A_COUNTERS_TX_BYTES);
	static_assert(IPSVTI_A_COUNTERS_RX_PACKETS + 1 ==
		      IPSVTI_A_COUNTERS_RX_BYTES);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->count[packets]);
	u64_stats_add(&s->count[packets + 1], len);
	u64_stats_update_end(&s->syncp);

	u64_stats_update_begin(&t->syncp);
	u64_stats_inc(&t->packets);
	u64_stats_add(&t->bytes, len);
	u64_stats_update_end(&t->syncp);
}

/**
 * ipsvti_stats_sum - add up what all CPUs counted
 * @stats: the device's counters
 * @sum: where to store IPSVTI_NR_COUNTERS values, the first one first
 *
 * Context: any.
 */
void ipsvti_stats_sum(const struct ipsvti_stats __percpu *stats, u64 *sum)
{
	u64 copy[IPSVTI_NR_COUNTERS];
	unsigned int start, i;
	int cpu;

	memset(sum, 0, sizeof(copy));
	for_each_possible_cpu(cpu) {
		const struct ipsvti_stats *s = per_cpu_ptr(stats, cpu);
		const u64_stats_t *first = &s->count[IPSVTI_COUNTER_FIRST];

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			for (i = 0; i < IPSVTI_NR_COUNTERS; i++)
				copy[i] = u64_stats_read(&first[i]);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		for (i = 0; i < IPSVTI_NR_COUNTERS; i++)
			sum[i] += copy[i];
	}
}

/**
 * ipsvti_sa_stats_sum - add up what all CPUs counted for an SA
 * @stats: the SA's counters
 * @packets: where to store the packets
 * @bytes: where to store the octets
 *
 * Context: any.
 */
void ipsvti_sa_stats_sum(const struct ipsvti_sa_stats __percpu *stats,
			 u64 *packets, u64 *bytes)
{
	unsigned int start;
	u64 p, b;
	int cpu;

	*packets = 0;
	*bytes = 0;
	for_each_possible_cpu(cpu) {
		const struct ipsvti_sa_stats *s = per_cpu_ptr(stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			p = u64_stats_read(&s->packets);
			b = u64_stats_read(&s->bytes);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		*packets += p;
		*bytes += b;
	}
}

/**
 * ipsvti_stats_name - name a counter
 * @counter: which
 *
 * Return: its name, with zeros behind it up to ETH_GSTRING_LEN octets.
 */
const char *ipsvti_stats_name(unsigned int counter)
{
	return names[counter];
}

/**
 * ipsvti_stats_strings - name the counters, in the order of ipsvti_stats_sum()
 * @data: where to store IPSVTI_NR_COUNTERS names of ETH_GSTRING_LEN octets
 */
void ipsvti_stats_strings(u8 *data)
{
	memcpy(data, names[IPSVTI_COUNTER_FIRST],
	       IPSVTI_NR_COUNTERS * ETH_GSTRING_LEN);
}

/**
 * ipsvti_stats_get64 - ndo_get_stats64: what "ip -s link" shows
 * @dev: the device
 * @out: where to store it
 *
 * Errors are what somebody should look into; the rest that was not delivered is
 * dropped.  Dummy packets are neither: they did all they were sent for.
 */
void ipsvti_stats_get64(struct net_device *dev, struct rtnl_link_stats64 *out)
{
	const struct ipsvti_dev *vdev = netdev_priv(dev);
	u64 c[IPSVTI_COUNTER_LAST + 1];

	ipsvti_stats_sum(vdev->stats, c + IPSVTI_COUNTER_FIRST);

	out->tx_packets = c[IPSVTI_A_COUNTERS_TX_PACKETS];
	out->tx_bytes = c[IPSVTI_A_COUNTERS_TX_BYTES];
	out->tx_carrier_errors = c[IPSVTI_A_COUNTERS_TX_NO_SA] +
				 c[IPSVTI_A_COUNTERS_TX_NO_ROUTE];
	out->collisions = c[IPSVTI_A_COUNTERS_TX_LOOP];
	out->tx_errors = out->tx_carrier_errors + out->collisions +
			 c[IPSVTI_A_COUNTERS_TX_NOT_IP] +
			 c[IPSVTI_A_COUNTERS_TX_SEQUENCE] +
			 c[IPSVTI_A_COUNTERS_TX_EXPIRED] +
			 c[IPSVTI_A_COUNTERS_TX_CRYPTO];
	out->tx_dropped = c[IPSVTI_A_COUNTERS_TX_TOO_BIG] +
			  c[IPSVTI_A_COUNTERS_TX_NO_MEMORY] +
			  c[IPSVTI_A_COUNTERS_TX_OUTPUT] +
			  c[IPSVTI_A_COUNTERS_TX_SELECTOR];

	out->rx_packets = c[IPSVTI_A_COUNTERS_RX_PACKETS];
	out->rx_bytes = c[IPSVTI_A_COUNTERS_RX_BYTES];
	out->rx_length_errors = c[IPSVTI_A_COUNTERS_RX_TRUNCATED];
	out->rx_crc_errors = c[IPSVTI_A_COUNTERS_RX_AUTH];
	out->rx_frame_errors = c[IPSVTI_A_COUNTERS_RX_PADDING] +
			       c[IPSVTI_A_COUNTERS_RX_NEXT_HEADER] +
			       c[IPSVTI_A_COUNTERS_RX_INNER] +
			       c[IPSVTI_A_COUNTERS_RX_ECN];
	out->rx_errors = out->rx_length_errors + out->rx_crc_errors +
			 out->rx_frame_errors + c[IPSVTI_A_COUNTERS_RX_CRYPTO] +
			 c[IPSVTI_A_COUNTERS_RX_SELECTOR];
	out->rx_dropped =
		c[IPSVTI_A_COUNTERS_RX_LATE] + c[IPSVTI_A_COUNTERS_RX_REPLAY] +
		c[IPSVTI_A_COUNTERS_RX_NO_MEMORY] +
		c[IPSVTI_A_COUNTERS_RX_LARVAL] + c[IPSVTI_A_COUNTERS_RX_DOWN] +
		c[IPSVTI_A_COUNTERS_RX_EXPIRED];
}

/**
 * ipsvti_stats_put - put the counters of a device into a netlink message
 * @msg: the message
 * @nest_type: attribute to nest them in
 * @stats: the device's counters
 *
 * Return: 0 or -EMSGSIZE.
 */
int ipsvti_stats_put(struct sk_buff *msg, int nest_type,
		     const struct ipsvti_stats __percpu *stats)
{
	u64 c[IPSVTI_NR_COUNTERS];
	struct nlattr *nest;
	unsigned int i;

	nest = nla_nest_start(msg, nest_type);
	if (!nest)
		return -EMSGSIZE;
	ipsvti_stats_sum(stats, c);
	for (i = 0; i < IPSVTI_NR_COUNTERS; i++) {
		if (nla_put_u64_64bit(msg, IPSVTI_COUNTER_FIRST + i, c[i],
				      IPSVTI_A_COUNTERS_PAD)) {
			nla_nest_cancel(msg, nest);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(msg, nest);
	return 0;
}
