/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ipsvti.yaml */

#ifndef _LINUX_IPSVTI_GEN_H
#define _LINUX_IPSVTI_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/ipsvti.h>

/* Common nested types */
extern const struct nla_policy ipsvti_limits_nl_policy[IPSVTI_A_LIMITS_USED_SECONDS + 1];
extern const struct nla_policy ipsvti_sa_nl_policy[IPSVTI_A_SA_REMOTE_TS + 1];
extern const struct nla_policy ipsvti_ts_nl_policy[IPSVTI_A_TS_END_PORT + 1];

extern const struct nla_policy ipsvti_tunnel_get_nl_policy[IPSVTI_A_TUNNEL_IFINDEX + 1];

extern const struct nla_policy ipsvti_tunnel_set_nl_policy[IPSVTI_A_TUNNEL_REMOTE6 + 1];

extern const struct nla_policy ipsvti_spi_alloc_nl_policy[IPSVTI_A_PAIR_OWNER_BOUND + 1];

extern const struct nla_policy ipsvti_sa_pair_new_nl_policy[IPSVTI_A_PAIR_OWNER_BOUND + 1];

extern const struct nla_policy ipsvti_sa_activate_nl_policy[IPSVTI_A_PAIR_PAIR_ID + 1];

extern const struct nla_policy ipsvti_sa_get_nl_policy[IPSVTI_A_PAIR_PAIR_ID + 1];

extern const struct nla_policy ipsvti_sa_del_nl_policy[IPSVTI_A_PAIR_GRACE + 1];

extern const struct nla_policy ipsvti_sa_flush_nl_policy[IPSVTI_A_PAIR_IFINDEX + 1];

/* Ops table for ipsvti */
extern const struct genl_ops ipsvti_nl_ops[8];

int ipsvti_nl_sa_get_start(struct netlink_callback *cb);

int ipsvti_nl_tunnel_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_tunnel_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int ipsvti_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_spi_alloc_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_sa_pair_new_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_sa_activate_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_sa_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_sa_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ipsvti_nl_sa_del_doit(struct sk_buff *skb, struct genl_info *info);
int ipsvti_nl_sa_flush_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	IPSVTI_NLGRP_SA,
};

#endif /* _LINUX_IPSVTI_GEN_H */
