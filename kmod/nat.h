/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where outbound packets go, and following the peer when its NAT moves it.
 *
 * A struct ipsvti_peer is complete and immutable once published at the outbound
 * SA.  Packets read that pointer once under RCU; it is written under
 * ipsvti_dev::bundle.lock, or before others see the SA.  The configured remote
 * address, and the port that the SA was installed with, are what the SA goes back to,
 * and are never overwritten.
 */
#ifndef _IPSVTI_NAT_H
#define _IPSVTI_NAT_H

#include <linux/in6.h>
#include <linux/rcupdate.h>
#include <net/dst_cache.h>

#include "config.h"
#include "dev.h"
#include "sa.h"

struct sk_buff;

/**
 * struct ipsvti_peer - where a peer is, if not where it is configured
 * @addr: its address, IPv4 as IPv4-mapped
 * @port: its UDP port
 * @dst_cache: route to @addr, if that is not the configured address; per CPU, used
 *	with BHs disabled
 * @rcu: frees it after a grace period
 */
struct ipsvti_peer {
	struct in6_addr addr;
	__be16 port;
	struct dst_cache dst_cache;
	struct rcu_head rcu;
};

/**
 * struct ipsvti_to - where outbound packets of an SA go
 * @addr: destination address, IPv4 as IPv4-mapped
 * @port: UDP destination port, with encapsulation
 * @dst_cache: where their route is cached
 */
struct ipsvti_to {
	const struct in6_addr *addr;
	__be16 port;
	struct dst_cache *dst_cache;
};

/**
 * ipsvti_nat_to - tell where outbound packets of an SA go
 * @config: the configuration of its device
 * @sa: outbound SA
 *
 * Routes to the configured address live and die with the configuration, so that
 * none can be one of another configuration; hence the comparison.
 *
 * Context: RCU, or bundle lock held.
 * Return: where; valid until rcu_read_unlock() or until the lock is released.
 */
static inline struct ipsvti_to ipsvti_nat_to(struct ipsvti_config *config,
					     const struct ipsvti_sa *sa)
{
	struct ipsvti_to to = {
		.addr = &config->remote,
		.port = sa->out.dport,
		.dst_cache = &config->dst_cache,
	};
	struct ipsvti_peer *peer;

	peer = rcu_dereference_check(sa->out.peer,
				     lockdep_is_held(&sa->vdev->bundle.lock));
	if (unlikely(peer)) {
		to.addr = &peer->addr;
		to.port = peer->port;
		if (!ipv6_addr_equal(&peer->addr, &config->remote))
			to.dst_cache = &peer->dst_cache;
	}
	return to;
}

int ipsvti_nat_begin(struct ipsvti_dev *vdev, struct ipsvti_sa *sa,
		     const struct in6_addr *addr);
void ipsvti_nat_seen(const struct sk_buff *skb, const struct ipsvti_sa *sa);
void __ipsvti_nat_forget(struct ipsvti_dev *vdev);
void ipsvti_nat_reroute(struct ipsvti_dev *vdev);
void ipsvti_nat_free(struct ipsvti_sa *sa);

#endif /* _IPSVTI_NAT_H */
