// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attribute sets of Documentation/netlink/specs/ipsvti.yaml: name, form and
 * place of each attribute. A number that the uapi header gains and a table lacks
 * fails the assertion below that table.
 */
#include <linux/if_link.h>
#include <string.h>

#include "libipsvti.h"
#include "wire.h"

#define SIZEOF_MEMBER(type, member) sizeof(((type *)0)->member)

/* Where a member is, if it has exactly the size of the form on the wire. */
#define ZERO_IF(condition) (0 * sizeof(char[(condition) ? 1 : -1]))
#define OFFSET_OF(model, member, ctype)   \
	(offsetof(struct model, member) + \
	 ZERO_IF(SIZEOF_MEMBER(struct model, member) == sizeof(ctype)))

#define ATTR(_name, _type, _model, _member, _ctype)          \
	{                                                    \
		.name = (_name), .type = (_type),            \
		.offset = OFFSET_OF(_model, _member, _ctype) \
	}

#define U8(name, model, member) ATTR(name, WIRE_U8, model, member, uint8_t)
#define BOOL(name, model, member) ATTR(name, WIRE_BOOL, model, member, bool)
#define ENUM8(name, model, member) \
	ATTR(name, WIRE_ENUM8, model, member, uint32_t)
#define BE16(name, model, member) ATTR(name, WIRE_BE16, model, member, uint16_t)
#define U32(name, model, member) ATTR(name, WIRE_U32, model, member, uint32_t)
#define BE32(name, model, member) ATTR(name, WIRE_BE32, model, member, uint32_t)
#define U64(name, model, member) ATTR(name, WIRE_U64, model, member, uint64_t)
#define NAME(name, model, member) \
	ATTR(name, WIRE_NAME, model, member, char[IF_NAMESIZE])
#define ADDR4(name, model, member) \
	ATTR(name, WIRE_ADDR4, model, member, struct ipsvti_addr)
#define ADDR6(name, model, member) \
	ATTR(name, WIRE_ADDR6, model, member, struct ipsvti_addr)
#define NEST(_name, _model, _member, _set)                                    \
	{                                                                     \
		.name = (_name), .type = WIRE_NEST,                           \
		.offset = offsetof(struct _model, _member), .nested = &(_set) \
	}
#define SECRET(_name, _model, _member, _len)                   \
	{                                                      \
		.name = (_name), .type = WIRE_SECRET,          \
		.offset = offsetof(struct _model, _member),    \
		.size = SIZEOF_MEMBER(struct _model, _member), \
		.len_offset = offsetof(struct _model, _len)    \
	}
#define LIST(_name, _model, _member, _count, _set)                       \
	{                                                                \
		.name = (_name), .type = WIRE_LIST,                      \
		.offset = offsetof(struct _model, _member),              \
		.size = SIZEOF_MEMBER(struct _model, _member[0]),        \
		.room = SIZEOF_MEMBER(struct _model, _member) /          \
			SIZEOF_MEMBER(struct _model, _member[0]),        \
		.len_offset = offsetof(struct _model, _count),           \
		.nested = &(_set)                                        \
	}
/* In no struct; known by name so that an error can speak of it. */
#define NAMED(_name)            \
	{                       \
		.name = (_name) \
	}
/* Only there to hold others; a path leaves it out. */
#define WRAPPER(_set)             \
	{                         \
		.nested = &(_set) \
	}

/* The assertions stand behind the definition that the macro is the value of. */
#define SET(_attrs, _max)                                                  \
	{ .attrs = (_attrs), .max = (_max) };                              \
	_Static_assert(sizeof(_attrs) / sizeof((_attrs)[0]) == (_max) + 1, \
		       #_attrs " and the uapi header differ");             \
	_Static_assert((_max) < WIRE_ATTRS, "a \"has\" mask is too small")

_Static_assert(!offsetof(struct ipsvti_counters, has), "has comes first");
_Static_assert(!offsetof(struct ipsvti_tunnel, has), "has comes first");
_Static_assert(!offsetof(struct ipsvti_limits, has), "has comes first");
_Static_assert(!offsetof(struct ipsvti_ts, has), "has comes first");
_Static_assert(!offsetof(struct ipsvti_sa, has), "has comes first");
_Static_assert(!offsetof(struct ipsvti_pair, has), "has comes first");
_Static_assert(!offsetof(struct ipsvti_link, has), "has comes first");

#define COUNTER(attr, name)          \
	[IPSVTI_A_COUNTERS_##attr] = \
		U64(name, ipsvti_counters, value[IPSVTI_A_COUNTERS_##attr])

static const struct wire_attr counters_attrs[] = {
	[IPSVTI_A_COUNTERS_PAD] = NAMED("pad"),
	COUNTER(TX_PACKETS, "tx-packets"),
	COUNTER(TX_BYTES, "tx-bytes"),
	COUNTER(RX_PACKETS, "rx-packets"),
	COUNTER(RX_BYTES, "rx-bytes"),
	COUNTER(TX_NO_SA, "tx-no-sa"),
	COUNTER(TX_NOT_IP, "tx-not-ip"),
	COUNTER(TX_TOO_BIG, "tx-too-big"),
	COUNTER(TX_NO_ROUTE, "tx-no-route"),
	COUNTER(TX_LOOP, "tx-loop"),
	COUNTER(TX_NO_MEMORY, "tx-no-memory"),
	COUNTER(TX_SEQUENCE, "tx-sequence"),
	COUNTER(TX_CRYPTO, "tx-crypto"),
	COUNTER(TX_OUTPUT, "tx-output"),
	COUNTER(RX_TRUNCATED, "rx-truncated"),
	COUNTER(RX_LATE, "rx-late"),
	COUNTER(RX_REPLAY, "rx-replay"),
	COUNTER(RX_AUTH, "rx-auth"),
	COUNTER(RX_PADDING, "rx-padding"),
	COUNTER(RX_DUMMY, "rx-dummy"),
	COUNTER(RX_NEXT_HEADER, "rx-next-header"),
	COUNTER(RX_INNER, "rx-inner"),
	COUNTER(RX_ECN, "rx-ecn"),
	COUNTER(RX_NO_MEMORY, "rx-no-memory"),
	COUNTER(RX_CRYPTO, "rx-crypto"),
	COUNTER(RX_LARVAL, "rx-larval"),
	COUNTER(RX_DOWN, "rx-down"),
	COUNTER(TX_EXPIRED, "tx-expired"),
	COUNTER(RX_EXPIRED, "rx-expired"),
	COUNTER(TX_SELECTOR, "tx-selector"),
	COUNTER(RX_SELECTOR, "rx-selector"),
};
static const struct wire_set counters_set =
	SET(counters_attrs, IPSVTI_A_COUNTERS_MAX);

static const struct wire_attr tunnel_attrs[] = {
	[IPSVTI_A_TUNNEL_PAD] = NAMED("pad"),
	[IPSVTI_A_TUNNEL_IFINDEX] = U32("ifindex", ipsvti_tunnel, ifindex),
	[IPSVTI_A_TUNNEL_IFNAME] = NAME("ifname", ipsvti_tunnel, ifname),
	[IPSVTI_A_TUNNEL_LOCAL] = ADDR4("local", ipsvti_tunnel, local),
	[IPSVTI_A_TUNNEL_REMOTE] = ADDR4("remote", ipsvti_tunnel, remote),
	[IPSVTI_A_TUNNEL_LOCAL6] = ADDR6("local6", ipsvti_tunnel, local),
	[IPSVTI_A_TUNNEL_REMOTE6] = ADDR6("remote6", ipsvti_tunnel, remote),
	[IPSVTI_A_TUNNEL_CARRIER] = BOOL("carrier", ipsvti_tunnel, carrier),
	[IPSVTI_A_TUNNEL_REASON] = U32("reason", ipsvti_tunnel, reason),
	[IPSVTI_A_TUNNEL_MTU] = U32("mtu", ipsvti_tunnel, mtu),
	[IPSVTI_A_TUNNEL_ACTIVE_PAIR] =
		U32("active-pair", ipsvti_tunnel, active_pair),
	[IPSVTI_A_TUNNEL_COUNTERS] =
		NEST("counters", ipsvti_tunnel, counters, counters_set),
};
const struct wire_set wire_tunnel_set = SET(tunnel_attrs, IPSVTI_A_TUNNEL_MAX);

static const struct wire_attr limits_attrs[] = {
	[IPSVTI_A_LIMITS_PAD] = NAMED("pad"),
	[IPSVTI_A_LIMITS_SOFT_BYTES] =
		U64("soft-bytes", ipsvti_limits, soft_bytes),
	[IPSVTI_A_LIMITS_HARD_BYTES] =
		U64("hard-bytes", ipsvti_limits, hard_bytes),
	[IPSVTI_A_LIMITS_SOFT_PACKETS] =
		U64("soft-packets", ipsvti_limits, soft_packets),
	[IPSVTI_A_LIMITS_HARD_PACKETS] =
		U64("hard-packets", ipsvti_limits, hard_packets),
	[IPSVTI_A_LIMITS_SOFT_SECONDS] =
		U32("soft-seconds", ipsvti_limits, soft_seconds),
	[IPSVTI_A_LIMITS_HARD_SECONDS] =
		U32("hard-seconds", ipsvti_limits, hard_seconds),
	[IPSVTI_A_LIMITS_USED_BYTES] =
		U64("used-bytes", ipsvti_limits, used_bytes),
	[IPSVTI_A_LIMITS_USED_PACKETS] =
		U64("used-packets", ipsvti_limits, used_packets),
	[IPSVTI_A_LIMITS_USED_SECONDS] =
		U64("used-seconds", ipsvti_limits, used_seconds),
};
static const struct wire_set limits_set =
	SET(limits_attrs, IPSVTI_A_LIMITS_MAX);

static const struct wire_attr ts_attrs[] = {
	[IPSVTI_A_TS_START_ADDR] = ADDR4("start-addr", ipsvti_ts, start),
	[IPSVTI_A_TS_END_ADDR] = ADDR4("end-addr", ipsvti_ts, end),
	[IPSVTI_A_TS_START_ADDR6] = ADDR6("start-addr6", ipsvti_ts, start),
	[IPSVTI_A_TS_END_ADDR6] = ADDR6("end-addr6", ipsvti_ts, end),
	[IPSVTI_A_TS_PROTOCOL] = U8("protocol", ipsvti_ts, protocol),
	[IPSVTI_A_TS_START_PORT] = BE16("start-port", ipsvti_ts, start_port),
	[IPSVTI_A_TS_END_PORT] = BE16("end-port", ipsvti_ts, end_port),
};
static const struct wire_set ts_set = SET(ts_attrs, IPSVTI_A_TS_MAX);

static const struct wire_attr sa_attrs[] = {
	[IPSVTI_A_SA_PAD] = NAMED("pad"),
	[IPSVTI_A_SA_SPI] = BE32("spi", ipsvti_sa, spi),
	[IPSVTI_A_SA_ALG] = U32("alg", ipsvti_sa, alg),
	[IPSVTI_A_SA_KEY] = SECRET("key", ipsvti_sa, key, key_len),
	[IPSVTI_A_SA_SALT] = SECRET("salt", ipsvti_sa, salt, salt_len),
	[IPSVTI_A_SA_REPLAY_WINDOW] =
		U32("replay-window", ipsvti_sa, replay_window),
	[IPSVTI_A_SA_SEQ] = U64("seq", ipsvti_sa, seq),
	[IPSVTI_A_SA_PACKETS] = U64("packets", ipsvti_sa, packets),
	[IPSVTI_A_SA_BYTES] = U64("bytes", ipsvti_sa, bytes),
	[IPSVTI_A_SA_ESN] = BOOL("esn", ipsvti_sa, esn),
	[IPSVTI_A_SA_LIMITS] = NEST("limits", ipsvti_sa, limits, limits_set),
	[IPSVTI_A_SA_EXPIRED] = U32("expired", ipsvti_sa, expired),
	[IPSVTI_A_SA_LOCAL_TS] =
		LIST("local-ts", ipsvti_sa, local_ts, local_ts_count, ts_set),
	[IPSVTI_A_SA_REMOTE_TS] =
		LIST("remote-ts", ipsvti_sa, remote_ts, remote_ts_count, ts_set),
};
static const struct wire_set sa_set = SET(sa_attrs, IPSVTI_A_SA_MAX);

static const struct wire_attr pair_attrs[] = {
	[IPSVTI_A_PAIR_PAD] = NAMED("pad"),
	[IPSVTI_A_PAIR_IFINDEX] = U32("ifindex", ipsvti_pair, ifindex),
	[IPSVTI_A_PAIR_PAIR_ID] = U32("pair-id", ipsvti_pair, id),
	[IPSVTI_A_PAIR_STATE] = U32("state", ipsvti_pair, state),
	[IPSVTI_A_PAIR_ACTIVATION] = U32("activation", ipsvti_pair, activation),
	[IPSVTI_A_PAIR_ENCAP] = U32("encap", ipsvti_pair, encap),
	[IPSVTI_A_PAIR_ENCAP_SPORT] =
		BE16("encap-sport", ipsvti_pair, encap_sport),
	[IPSVTI_A_PAIR_ENCAP_DPORT] =
		BE16("encap-dport", ipsvti_pair, encap_dport),
	[IPSVTI_A_PAIR_IN] = NEST("in", ipsvti_pair, in, sa_set),
	[IPSVTI_A_PAIR_OUT] = NEST("out", ipsvti_pair, out, sa_set),
	[IPSVTI_A_PAIR_RESERVE_TIME] = NAMED("reserve-time"),
	[IPSVTI_A_PAIR_REASON] = U32("reason", ipsvti_pair, reason),
	[IPSVTI_A_PAIR_GRACE] = NAMED("grace"),
	[IPSVTI_A_PAIR_ALLOW_LEGACY] =
		BOOL("allow-legacy", ipsvti_pair, allow_legacy),
	[IPSVTI_A_PAIR_REMOTE] = ADDR4("remote", ipsvti_pair, remote),
	[IPSVTI_A_PAIR_REMOTE6] = ADDR6("remote6", ipsvti_pair, remote),
	[IPSVTI_A_PAIR_ENCAP_FOLLOW] =
		BOOL("encap-follow", ipsvti_pair, encap_follow),
	[IPSVTI_A_PAIR_OWNER_BOUND] =
		BOOL("owner-bound", ipsvti_pair, owner_bound),
	[IPSVTI_A_PAIR_HEARD] = BOOL("heard", ipsvti_pair, heard),
	[IPSVTI_A_PAIR_AUTH_FAILED] =
		U32("auth-failed", ipsvti_pair, auth_failed),
};
const struct wire_set wire_pair_set = SET(pair_attrs, IPSVTI_A_PAIR_MAX);

static const struct wire_attr link_attrs[] = {
	[IFLA_IPSVTI_LOCAL] = ADDR4("local", ipsvti_link, local),
	[IFLA_IPSVTI_REMOTE] = ADDR4("remote", ipsvti_link, remote),
	[IFLA_IPSVTI_LOCAL6] = ADDR6("local6", ipsvti_link, local),
	[IFLA_IPSVTI_REMOTE6] = ADDR6("remote6", ipsvti_link, remote),
	[IFLA_IPSVTI_LINK] = U32("link", ipsvti_link, link),
	[IFLA_IPSVTI_FWMARK] = U32("fwmark", ipsvti_link, fwmark),
	[IFLA_IPSVTI_TTL] = U8("ttl", ipsvti_link, ttl),
	[IFLA_IPSVTI_DSCP] = U8("dscp", ipsvti_link, dscp),
	[IFLA_IPSVTI_DF] = ENUM8("df", ipsvti_link, df),
	[IFLA_IPSVTI_MTU_AUTO] = BOOL("mtu-auto", ipsvti_link, mtu_auto),
	[IFLA_IPSVTI_MSS_CLAMP] = U32("mss-clamp", ipsvti_link, mss_clamp),
	[IFLA_IPSVTI_PRE_FRAG] = BOOL("pre-frag", ipsvti_link, pre_frag),
};
const struct wire_set wire_link_set = SET(link_attrs, IFLA_IPSVTI_MAX);

/* What is around them in a link message: rtnetlink's, not ours. */
static const struct wire_attr linkinfo_attrs[] = {
	[IFLA_INFO_KIND] = NAMED("kind"),
	[IFLA_INFO_DATA] = WRAPPER(wire_link_set),
};
static const struct wire_set linkinfo_set = SET(linkinfo_attrs, IFLA_INFO_DATA);

static const struct wire_attr iflink_attrs[] = {
	[IFLA_IFNAME] = NAMED("ifname"),
	[IFLA_MTU] = NAMED("mtu"),
	[IFLA_LINKINFO] = WRAPPER(linkinfo_set),
};
const struct wire_set wire_iflink_set = SET(iflink_attrs, IFLA_LINKINFO);

const char *ipsvti_counter_name(unsigned int attr)
{
	if (attr <= IPSVTI_A_COUNTERS_PAD || attr > IPSVTI_A_COUNTERS_MAX)
		return NULL;
	return counters_attrs[attr].name;
}

void ipsvti_pair_wipe(struct ipsvti_pair *pair)
{
	explicit_bzero(pair, sizeof(*pair));
}
