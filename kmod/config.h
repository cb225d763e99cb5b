/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user configured on a device.
 *
 * A struct ipsvti_config is complete and immutable once published at
 * ipsvti_dev::config.  Packets read that pointer once under RCU and so never see
 * half of a change.  Writers hold RTNL and ipsvti_dev::bundle.lock; either of the
 * two is enough to read.
 */
#ifndef _IPSVTI_CONFIG_H
#define _IPSVTI_CONFIG_H

#include <linux/in6.h>
#include <linux/rcupdate.h>
#include <linux/socket.h>
#include <net/dst_cache.h>
#include <net/ipv6.h>

struct ipsvti_dev;
struct net;
struct net_device;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/**
 * struct ipsvti_config - configuration of a device
 * @family: AF_INET or AF_INET6; AF_UNSPEC, the device has no endpoints
 * @local: outer source address, IPv4 as IPv4-mapped
 * @remote: outer destination address, IPv4 as IPv4-mapped
 * @link: index of the underlay device in the device's birth namespace; 0, any
 * @fwmark: mark of outer packets; 0, none
 * @ttl: TTL or hop limit of outer packets; 0, the route's
 * @dscp: DSCP of outer packets, or IPSVTI_DSCP_COPY
 * @df: &enum ipsvti_df
 * @mss_clamp: segment size that TCP may use at most, or IPSVTI_MSS_CLAMP_OFF or _AUTO
 * @pre_frag: inner packets that may be cut are cut before encryption
 * @dst_cache: outer route.  It lives and dies with the configuration it was
 *	looked up for, hence can never be the route of another one.  Per CPU,
 *	used with BHs disabled.
 */
struct ipsvti_config {
	u8 family;
	struct in6_addr local;
	struct in6_addr remote;
	int link;
	u32 fwmark;
	u8 ttl;
	u8 dscp;
	u8 df;
	u16 mss_clamp;
	bool pre_frag;
	struct dst_cache dst_cache;
};

/* The IPv4 address in an IPv4-mapped one. */
static inline __be32 ipsvti_addr_v4(const struct in6_addr *addr)
{
	return addr->s6_addr32[3];
}

/**
 * ipsvti_config_same_endpoints - tell if two configurations have one tunnel
 * @a: one configuration
 * @b: the other
 *
 * Return: true if both addresses are the same.
 */
static inline bool ipsvti_config_same_endpoints(const struct ipsvti_config *a,
						const struct ipsvti_config *b)
{
	return a->family == b->family &&
	       ipv6_addr_equal(&a->local, &b->local) &&
	       ipv6_addr_equal(&a->remote, &b->remote);
}

extern const struct nla_policy ipsvti_config_policy[];

struct ipsvti_config *ipsvti_config_make(const struct ipsvti_config *old,
					 struct nlattr *data[],
					 struct net_device *dev,
					 struct net *net,
					 struct netlink_ext_ack *extack);
struct ipsvti_config *ipsvti_config_move(const struct ipsvti_config *old,
					 struct nlattr *tb[],
					 struct netlink_ext_ack *extack);
void ipsvti_config_free(struct ipsvti_config *config);
size_t ipsvti_config_fill_size(void);
int ipsvti_config_fill(struct sk_buff *msg, const struct ipsvti_config *config,
		       bool mtu_auto);

#endif /* _IPSVTI_CONFIG_H */
