/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a device, by outcome.
 *
 * Each CPU writes its own, with BHs disabled; readers add them up.  No lock:
 * u64_stats_sync keeps 64-bit values whole on 32-bit machines.
 */
#ifndef _IPSVTI_STATS_H
#define _IPSVTI_STATS_H

#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <linux/types.h>

#include <uapi/linux/ipsvti.h>

struct ipsvti_dev;
struct net_device;
struct rtnl_link_stats64;

/*
 * A counter's index is the number of its attribute, IPSVTI_A_COUNTERS_...: the one
 * list of counters, with what each of them counts, is the netlink specification.
 */
#define IPSVTI_COUNTER_FIRST IPSVTI_A_COUNTERS_TX_PACKETS
#define IPSVTI_COUNTER_LAST IPSVTI_A_COUNTERS_MAX
#define IPSVTI_NR_COUNTERS (IPSVTI_COUNTER_LAST - IPSVTI_COUNTER_FIRST + 1)

/**
 * struct ipsvti_stats - one CPU's counters of one device
 * @syncp: guards @count against torn reads
 * @count: one value for each counter
 */
struct ipsvti_stats {
	struct u64_stats_sync syncp;
	u64_stats_t count[IPSVTI_COUNTER_LAST + 1];
};

/**
 * struct ipsvti_sa_stats - one CPU's counters of one SA
 * @syncp: guards the others against torn reads
 * @packets: packets that passed the SA
 * @bytes: octets of their inner packets
 */
struct ipsvti_sa_stats {
	struct u64_stats_sync syncp;
	u64_stats_t packets;
	u64_stats_t bytes;
};

struct ipsvti_stats __percpu *ipsvti_stats_alloc(void);
struct ipsvti_sa_stats __percpu *ipsvti_sa_stats_alloc(void);

void ipsvti_drop(const struct ipsvti_dev *vdev, unsigned int counter,
		 unsigned int n, __be32 spi, u64 seq);
enum skb_drop_reason ipsvti_drop_reason(unsigned int counter);
void ipsvti_stats_passed(struct ipsvti_stats __percpu *stats,
			 struct ipsvti_sa_stats __percpu *sa_stats,
			 unsigned int packets, unsigned int len);
void ipsvti_stats_sum(const struct ipsvti_stats __percpu *stats, u64 *sum);
void ipsvti_sa_stats_sum(const struct ipsvti_sa_stats __percpu *stats,
			 u64 *packets, u64 *bytes);

void ipsvti_stats_get64(struct net_device *dev, struct rtnl_link_stats64 *out);
int ipsvti_stats_put(struct sk_buff *msg, int nest_type,
		     const struct ipsvti_stats __percpu *stats);

const char *ipsvti_stats_name(unsigned int counter);
void ipsvti_stats_strings(u8 *data);

#endif /* _IPSVTI_STATS_H */
