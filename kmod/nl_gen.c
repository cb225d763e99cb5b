// SPDX-License-Identifier: GPL-2.0
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ipsvti.yaml */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl_gen.h"

#include <uapi/linux/ipsvti.h>

/* Integer value ranges */
static struct netlink_range_validation ipsvti_a_sa_replay_window_range = {
	.min	= 64ULL,
	.max	= 65536ULL,
};

/* Common nested types */
const struct nla_policy ipsvti_limits_nl_policy[IPSVTI_A_LIMITS_USED_SECONDS + 1] = {
	[IPSVTI_A_LIMITS_SOFT_BYTES] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPSVTI_A_LIMITS_HARD_BYTES] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPSVTI_A_LIMITS_SOFT_PACKETS] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPSVTI_A_LIMITS_HARD_PACKETS] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPSVTI_A_LIMITS_SOFT_SECONDS] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSVTI_A_LIMITS_HARD_SECONDS] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSVTI_A_LIMITS_USED_BYTES] = { .type = NLA_U64, },
	[IPSVTI_A_LIMITS_USED_PACKETS] = { .type = NLA_U64, },
	[IPSVTI_A_LIMITS_USED_SECONDS] = { .type = NLA_U64, },
};

const struct nla_policy ipsvti_sa_nl_policy[IPSVTI_A_SA_REMOTE_TS + 1] = {
	[IPSVTI_A_SA_SPI] = { .type = NLA_U32, },
	[IPSVTI_A_SA_ALG] = NLA_POLICY_RANGE(NLA_U32, 1, 21),
	[IPSVTI_A_SA_KEY] = { .type = NLA_BINARY, },
	[IPSVTI_A_SA_SALT] = { .type = NLA_BINARY, },
	[IPSVTI_A_SA_REPLAY_WINDOW] = NLA_POLICY_FULL_RANGE(NLA_U32, &ipsvti_a_sa_replay_window_range),
	[IPSVTI_A_SA_SEQ] = { .type = NLA_U64, },
	[IPSVTI_A_SA_PACKETS] = { .type = NLA_U64, },
	[IPSVTI_A_SA_BYTES] = { .type = NLA_U64, },
	[IPSVTI_A_SA_ESN] = NLA_POLICY_MAX(NLA_U8, 1),
	[IPSVTI_A_SA_LIMITS] = NLA_POLICY_NESTED(ipsvti_limits_nl_policy),
	[IPSVTI_A_SA_EXPIRED] = NLA_POLICY_MAX(NLA_U32, 15),
	[IPSVTI_A_SA_LOCAL_TS] = NLA_POLICY_NESTED(ipsvti_ts_nl_policy),
	[IPSVTI_A_SA_REMOTE_TS] = NLA_POLICY_NESTED(ipsvti_ts_nl_policy),
};

const struct nla_policy ipsvti_ts_nl_policy[IPSVTI_A_TS_END_PORT + 1] = {
	[IPSVTI_A_TS_START_ADDR] = { .type = NLA_U32, },
	[IPSVTI_A_TS_END_ADDR] = { .type = NLA_U32, },
	[IPSVTI_A_TS_START_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[IPSVTI_A_TS_END_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[IPSVTI_A_TS_PROTOCOL] = { .type = NLA_U8, },
	[IPSVTI_A_TS_START_PORT] = { .type = NLA_U16, },
	[IPSVTI_A_TS_END_PORT] = { .type = NLA_U16, },
};

/* IPSVTI_CMD_TUNNEL_GET - do */
const struct nla_policy ipsvti_tunnel_get_nl_policy[IPSVTI_A_TUNNEL_IFINDEX + 1] = {
	[IPSVTI_A_TUNNEL_IFINDEX] = { .type = NLA_U32, },
};

/* IPSVTI_CMD_TUNNEL_SET - do */
const struct nla_policy ipsvti_tunnel_set_nl_policy[IPSVTI_A_TUNNEL_REMOTE6 + 1] = {
	[IPSVTI_A_TUNNEL_IFINDEX] = { .type = NLA_U32, },
	[IPSVTI_A_TUNNEL_LOCAL] = { .type = NLA_U32, },
	[IPSVTI_A_TUNNEL_REMOTE] = { .type = NLA_U32, },
	[IPSVTI_A_TUNNEL_LOCAL6] = NLA_POLICY_EXACT_LEN(16),
	[IPSVTI_A_TUNNEL_REMOTE6] = NLA_POLICY_EXACT_LEN(16),
};

/* IPSVTI_CMD_SPI_ALLOC - do */
const struct nla_policy ipsvti_spi_alloc_nl_policy[IPSVTI_A_PAIR_OWNER_BOUND + 1] = {
	[IPSVTI_A_PAIR_IFINDEX] = { .type = NLA_U32, },
	[IPSVTI_A_PAIR_RESERVE_TIME] = NLA_POLICY_RANGE(NLA_U32, 1, 3600),
	[IPSVTI_A_PAIR_OWNER_BOUND] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* IPSVTI_CMD_SA_PAIR_NEW - do */
const struct nla_policy ipsvti_sa_pair_new_nl_policy[IPSVTI_A_PAIR_OWNER_BOUND + 1] = {
	[IPSVTI_A_PAIR_IFINDEX] = { .type = NLA_U32, },
	[IPSVTI_A_PAIR_PAIR_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSVTI_A_PAIR_ACTIVATION] = NLA_POLICY_MAX(NLA_U32, 2),
	[IPSVTI_A_PAIR_ENCAP] = NLA_POLICY_MAX(NLA_U32, 1),
	[IPSVTI_A_PAIR_ENCAP_SPORT] = { .type = NLA_U16, },
	[IPSVTI_A_PAIR_ENCAP_DPORT] = { .type = NLA_U16, },
	[IPSVTI_A_PAIR_IN] = NLA_POLICY_NESTED(ipsvti_sa_nl_policy),
	[IPSVTI_A_PAIR_OUT] = NLA_POLICY_NESTED(ipsvti_sa_nl_policy),
	[IPSVTI_A_PAIR_ALLOW_LEGACY] = NLA_POLICY_MAX(NLA_U8, 1),
	[IPSVTI_A_PAIR_REMOTE] = { .type = NLA_U32, },
	[IPSVTI_A_PAIR_REMOTE6] = NLA_POLICY_EXACT_LEN(16),
	[IPSVTI_A_PAIR_ENCAP_FOLLOW] = NLA_POLICY_MAX(NLA_U8, 1),
	[IPSVTI_A_PAIR_OWNER_BOUND] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* IPSVTI_CMD_SA_ACTIVATE - do */
const struct nla_policy ipsvti_sa_activate_nl_policy[IPSVTI_A_PAIR_PAIR_ID + 1] = {
	[IPSVTI_A_PAIR_IFINDEX] = { .type = NLA_U32, },
	[IPSVTI_A_PAIR_PAIR_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* IPSVTI_CMD_SA_GET - do */
const struct nla_policy ipsvti_sa_get_nl_policy[IPSVTI_A_PAIR_PAIR_ID + 1] = {
	[IPSVTI_A_PAIR_IFINDEX] = { .type = NLA_U32, },
	[IPSVTI_A_PAIR_PAIR_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* IPSVTI_CMD_SA_DEL - do */
const struct nla_policy ipsvti_sa_del_nl_policy[IPSVTI_A_PAIR_GRACE + 1] = {
	[IPSVTI_A_PAIR_IFINDEX] = { .type = NLA_U32, },
	[IPSVTI_A_PAIR_PAIR_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSVTI_A_PAIR_GRACE] = NLA_POLICY_MAX(NLA_U32, 3600),
};

/* IPSVTI_CMD_SA_FLUSH - do */
const struct nla_policy ipsvti_sa_flush_nl_policy[IPSVTI_A_PAIR_IFINDEX + 1] = {
	[IPSVTI_A_PAIR_IFINDEX] = { .type = NLA_U32, },
};

/* Ops table for ipsvti */
const struct genl_ops ipsvti_nl_ops[8] = {
	{
		.cmd		= IPSVTI_CMD_TUNNEL_GET,
		.doit		= ipsvti_nl_tunnel_get_doit,
		.dumpit		= ipsvti_nl_tunnel_get_dumpit,
		.policy		= ipsvti_tunnel_get_nl_policy,
		.maxattr	= IPSVTI_A_TUNNEL_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_TUNNEL_SET,
		.doit		= ipsvti_nl_tunnel_set_doit,
		.policy		= ipsvti_tunnel_set_nl_policy,
		.maxattr	= IPSVTI_A_TUNNEL_REMOTE6,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_SPI_ALLOC,
		.doit		= ipsvti_nl_spi_alloc_doit,
		.policy		= ipsvti_spi_alloc_nl_policy,
		.maxattr	= IPSVTI_A_PAIR_OWNER_BOUND,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_SA_PAIR_NEW,
		.doit		= ipsvti_nl_sa_pair_new_doit,
		.policy		= ipsvti_sa_pair_new_nl_policy,
		.maxattr	= IPSVTI_A_PAIR_OWNER_BOUND,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_SA_ACTIVATE,
		.doit		= ipsvti_nl_sa_activate_doit,
		.policy		= ipsvti_sa_activate_nl_policy,
		.maxattr	= IPSVTI_A_PAIR_PAIR_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_SA_GET,
		.doit		= ipsvti_nl_sa_get_doit,
		.dumpit		= ipsvti_nl_sa_get_dumpit,
		.start		= ipsvti_nl_sa_get_start,
		.policy		= ipsvti_sa_get_nl_policy,
		.maxattr	= IPSVTI_A_PAIR_PAIR_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_SA_DEL,
		.doit		= ipsvti_nl_sa_del_doit,
		.policy		= ipsvti_sa_del_nl_policy,
		.maxattr	= IPSVTI_A_PAIR_GRACE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= IPSVTI_CMD_SA_FLUSH,
		.doit		= ipsvti_nl_sa_flush_doit,
		.policy		= ipsvti_sa_flush_nl_policy,
		.maxattr	= IPSVTI_A_PAIR_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

