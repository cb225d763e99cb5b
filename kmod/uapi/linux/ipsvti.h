/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ipsvti.yaml */

#ifndef _UAPI_LINUX_IPSVTI_H
#define _UAPI_LINUX_IPSVTI_H

#define IPSVTI_GENL_NAME	"ipsvti"
#define IPSVTI_GENL_VERSION	1

#define IPSVTI_KEY_MAX		96
#define IPSVTI_SALT_MAX		4
#define IPSVTI_SPI_MIN		256
#define IPSVTI_TS_MAX		32
#define IPSVTI_DSCP_COPY	64
#define IPSVTI_MSS_CLAMP_OFF	0
#define IPSVTI_MSS_CLAMP_AUTO	1
#define IPSVTI_MSS_CLAMP_MIN	88

/**
 * enum ipsvti_df - What the DF bit of an outer IPv4 header is made from.
 * @IPSVTI_DF_COPY: The inner packet's bit; set for inner IPv6 of more than
 *   1280 octets, which is as much as its sender can make it fit.
 * @IPSVTI_DF_SET: Always set.
 * @IPSVTI_DF_CLEAR: Never set; the underlay may fragment.
 */
enum ipsvti_df {
	IPSVTI_DF_COPY,
	IPSVTI_DF_SET,
	IPSVTI_DF_CLEAR,
};

/**
 * enum ipsvti_alg - ESP transforms. Each fixes key, salt, IV and ICV length.
 * @IPSVTI_ALG_AES_GCM_16_128: AES-GCM with a 16-octet ICV (RFC 4106), 16-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_16_256: AES-GCM with a 16-octet ICV (RFC 4106), 32-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_16_192: AES-GCM with a 16-octet ICV (RFC 4106), 24-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_12_128: AES-GCM with a 12-octet ICV (RFC 4106), 16-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_12_192: AES-GCM with a 12-octet ICV (RFC 4106), 24-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_12_256: AES-GCM with a 12-octet ICV (RFC 4106), 32-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_8_128: AES-GCM with a 8-octet ICV (RFC 4106), 16-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_8_192: AES-GCM with a 8-octet ICV (RFC 4106), 24-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_AES_GCM_8_256: AES-GCM with a 8-octet ICV (RFC 4106), 32-octet
 *   key, 4-octet salt.
 * @IPSVTI_ALG_CHACHA20_POLY1305: ChaCha20-Poly1305 (RFC 7634), 32-octet key,
 *   4-octet salt.
 * @IPSVTI_ALG_AES_GMAC_128: AES-GMAC, nothing is encrypted (RFC 4543),
 *   16-octet key, 4-octet salt.
 * @IPSVTI_ALG_AES_GMAC_192: AES-GMAC, nothing is encrypted (RFC 4543),
 *   24-octet key, 4-octet salt.
 * @IPSVTI_ALG_AES_GMAC_256: AES-GMAC, nothing is encrypted (RFC 4543),
 *   32-octet key, 4-octet salt.
 * @IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_256_128: AES-CBC (RFC 3602) with HMAC (RFC
 *   4868); the key is 16 octets for encryption and then 32 for integrity, no
 *   salt.
 * @IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_256_128: AES-CBC (RFC 3602) with HMAC (RFC
 *   4868); the key is 32 octets for encryption and then 32 for integrity, no
 *   salt.
 * @IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_384_192: AES-CBC (RFC 3602) with HMAC (RFC
 *   4868); the key is 16 octets for encryption and then 48 for integrity, no
 *   salt.
 * @IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_384_192: AES-CBC (RFC 3602) with HMAC (RFC
 *   4868); the key is 32 octets for encryption and then 48 for integrity, no
 *   salt.
 * @IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_512_256: AES-CBC (RFC 3602) with HMAC (RFC
 *   4868); the key is 16 octets for encryption and then 64 for integrity, no
 *   salt.
 * @IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_512_256: AES-CBC (RFC 3602) with HMAC (RFC
 *   4868); the key is 32 octets for encryption and then 64 for integrity, no
 *   salt.
 * @IPSVTI_ALG_AES_CBC_128_HMAC_SHA1_96: AES-CBC (RFC 3602) with HMAC (RFC
 *   2404); the key is 16 octets for encryption and then 20 for integrity, no
 *   salt. Wants allow-legacy.
 * @IPSVTI_ALG_AES_CBC_256_HMAC_SHA1_96: AES-CBC (RFC 3602) with HMAC (RFC
 *   2404); the key is 32 octets for encryption and then 20 for integrity, no
 *   salt. Wants allow-legacy.
 */
enum ipsvti_alg {
	IPSVTI_ALG_AES_GCM_16_128 = 1,
	IPSVTI_ALG_AES_GCM_16_256,
	IPSVTI_ALG_AES_GCM_16_192,
	IPSVTI_ALG_AES_GCM_12_128,
	IPSVTI_ALG_AES_GCM_12_192,
	IPSVTI_ALG_AES_GCM_12_256,
	IPSVTI_ALG_AES_GCM_8_128,
	IPSVTI_ALG_AES_GCM_8_192,
	IPSVTI_ALG_AES_GCM_8_256,
	IPSVTI_ALG_CHACHA20_POLY1305,
	IPSVTI_ALG_AES_GMAC_128,
	IPSVTI_ALG_AES_GMAC_192,
	IPSVTI_ALG_AES_GMAC_256,
	IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_256_128,
	IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_256_128,
	IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_384_192,
	IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_384_192,
	IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_512_256,
	IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_512_256,
	IPSVTI_ALG_AES_CBC_128_HMAC_SHA1_96,
	IPSVTI_ALG_AES_CBC_256_HMAC_SHA1_96,
};

/**
 * enum ipsvti_encap - What stands between the outer IP header and ESP.
 * @IPSVTI_ENCAP_NONE: ESP directly over IP, protocol 50.
 * @IPSVTI_ENCAP_UDP: ESP in UDP (RFC 3948).
 */
enum ipsvti_encap {
	IPSVTI_ENCAP_NONE,
	IPSVTI_ENCAP_UDP,
};

/**
 * enum ipsvti_pair_state - Where a pair is in its life.
 * @IPSVTI_PAIR_STATE_LARVAL: The inbound SPI is reserved; there are no keys
 *   yet.
 * @IPSVTI_PAIR_STATE_STAGED: Inbound accepted, outbound ready but not in use.
 * @IPSVTI_PAIR_STATE_ACTIVE: Inbound accepted, outbound in use.
 * @IPSVTI_PAIR_STATE_DRAINING: Outbound gone; inbound still accepted, unless
 *   it has reached a hard limit (then its attribute expired says which).
 */
enum ipsvti_pair_state {
	IPSVTI_PAIR_STATE_LARVAL,
	IPSVTI_PAIR_STATE_STAGED,
	IPSVTI_PAIR_STATE_ACTIVE,
	IPSVTI_PAIR_STATE_DRAINING,
};

/**
 * enum ipsvti_activation - When the outbound SA of a new pair is put to use.
 * @IPSVTI_ACTIVATION_MANUAL: By sa-activate.
 * @IPSVTI_ACTIVATION_NOW: At once, in the same step (for an initiator).
 * @IPSVTI_ACTIVATION_FIRST_RX: On the first authenticated packet of the pair,
 *   which proves that the peer has the keys (for a responder), or by
 *   sa-activate.
 */
enum ipsvti_activation {
	IPSVTI_ACTIVATION_MANUAL,
	IPSVTI_ACTIVATION_NOW,
	IPSVTI_ACTIVATION_FIRST_RX,
};

/**
 * enum ipsvti_reason - Why something happened.
 * @IPSVTI_REASON_ACTIVATED: An outbound SA was put to use.
 * @IPSVTI_REASON_DELETED: sa-del asked for it.
 * @IPSVTI_REASON_FLUSHED: sa-flush asked for it.
 * @IPSVTI_REASON_RESERVATION_EXPIRED: A larval pair was not completed in time.
 * @IPSVTI_REASON_SEQUENCE_EXHAUSTED: The outbound sequence numbers are used up
 *   (RFC 4303, section 3.3.3).
 * @IPSVTI_REASON_SEQUENCE_LOW: Fewer than one in eight outbound sequence
 *   numbers is left.
 * @IPSVTI_REASON_ENDPOINTS_CHANGED: The device's addresses were changed, so
 *   its SAs no longer fit.
 * @IPSVTI_REASON_DEVICE_GONE: The device was removed.
 * @IPSVTI_REASON_SOFT_BYTES: An SA has reached its soft limit of octets, and
 *   goes on.
 * @IPSVTI_REASON_SOFT_PACKETS: An SA has reached its soft limit of packets,
 *   and goes on.
 * @IPSVTI_REASON_SOFT_TIME: An SA has reached its soft limit of seconds, and
 *   goes on.
 * @IPSVTI_REASON_HARD_BYTES: An SA has reached its hard limit of octets, and
 *   is used no more.
 * @IPSVTI_REASON_HARD_PACKETS: An SA has reached its hard limit of packets,
 *   and is used no more.
 * @IPSVTI_REASON_HARD_TIME: An SA has reached its hard limit of seconds, and
 *   is used no more.
 * @IPSVTI_REASON_OWNER_GONE: The socket that the pair was bound to was closed
 *   (owner-bound).
 */
enum ipsvti_reason {
	IPSVTI_REASON_NONE,
	IPSVTI_REASON_ACTIVATED,
	IPSVTI_REASON_DELETED,
	IPSVTI_REASON_FLUSHED,
	IPSVTI_REASON_RESERVATION_EXPIRED,
	IPSVTI_REASON_SEQUENCE_EXHAUSTED,
	IPSVTI_REASON_SEQUENCE_LOW,
	IPSVTI_REASON_ENDPOINTS_CHANGED,
	IPSVTI_REASON_DEVICE_GONE,
	IPSVTI_REASON_SOFT_BYTES,
	IPSVTI_REASON_SOFT_PACKETS,
	IPSVTI_REASON_SOFT_TIME,
	IPSVTI_REASON_HARD_BYTES,
	IPSVTI_REASON_HARD_PACKETS,
	IPSVTI_REASON_HARD_TIME,
	IPSVTI_REASON_OWNER_GONE,
};

enum ifla_ipsvti {
	IFLA_IPSVTI_LOCAL = 1,
	IFLA_IPSVTI_REMOTE,
	IFLA_IPSVTI_LOCAL6,
	IFLA_IPSVTI_REMOTE6,
	IFLA_IPSVTI_LINK,
	IFLA_IPSVTI_FWMARK,
	IFLA_IPSVTI_TTL,
	IFLA_IPSVTI_DSCP,
	IFLA_IPSVTI_DF,
	IFLA_IPSVTI_MTU_AUTO,
	IFLA_IPSVTI_MSS_CLAMP,
	IFLA_IPSVTI_PRE_FRAG,

	__IFLA_IPSVTI_MAX
};
#define IFLA_IPSVTI_MAX (__IFLA_IPSVTI_MAX - 1)

enum {
	IPSVTI_A_COUNTERS_PAD = 1,
	IPSVTI_A_COUNTERS_TX_PACKETS,
	IPSVTI_A_COUNTERS_TX_BYTES,
	IPSVTI_A_COUNTERS_RX_PACKETS,
	IPSVTI_A_COUNTERS_RX_BYTES,
	IPSVTI_A_COUNTERS_TX_NO_SA,
	IPSVTI_A_COUNTERS_TX_NOT_IP,
	IPSVTI_A_COUNTERS_TX_TOO_BIG,
	IPSVTI_A_COUNTERS_TX_NO_ROUTE,
	IPSVTI_A_COUNTERS_TX_LOOP,
	IPSVTI_A_COUNTERS_TX_NO_MEMORY,
	IPSVTI_A_COUNTERS_TX_SEQUENCE,
	IPSVTI_A_COUNTERS_TX_CRYPTO,
	IPSVTI_A_COUNTERS_TX_OUTPUT,
	IPSVTI_A_COUNTERS_RX_TRUNCATED,
	IPSVTI_A_COUNTERS_RX_LATE,
	IPSVTI_A_COUNTERS_RX_REPLAY,
	IPSVTI_A_COUNTERS_RX_AUTH,
	IPSVTI_A_COUNTERS_RX_PADDING,
	IPSVTI_A_COUNTERS_RX_DUMMY,
	IPSVTI_A_COUNTERS_RX_NEXT_HEADER,
	IPSVTI_A_COUNTERS_RX_INNER,
	IPSVTI_A_COUNTERS_RX_ECN,
	IPSVTI_A_COUNTERS_RX_NO_MEMORY,
	IPSVTI_A_COUNTERS_RX_CRYPTO,
	IPSVTI_A_COUNTERS_RX_LARVAL,
	IPSVTI_A_COUNTERS_RX_DOWN,
	IPSVTI_A_COUNTERS_TX_EXPIRED,
	IPSVTI_A_COUNTERS_RX_EXPIRED,
	IPSVTI_A_COUNTERS_TX_SELECTOR,
	IPSVTI_A_COUNTERS_RX_SELECTOR,

	__IPSVTI_A_COUNTERS_MAX
};
#define IPSVTI_A_COUNTERS_MAX (__IPSVTI_A_COUNTERS_MAX - 1)

enum {
	IPSVTI_A_TUNNEL_PAD = 1,
	IPSVTI_A_TUNNEL_IFINDEX,
	IPSVTI_A_TUNNEL_IFNAME,
	IPSVTI_A_TUNNEL_LOCAL,
	IPSVTI_A_TUNNEL_REMOTE,
	IPSVTI_A_TUNNEL_LOCAL6,
	IPSVTI_A_TUNNEL_REMOTE6,
	IPSVTI_A_TUNNEL_CARRIER,
	IPSVTI_A_TUNNEL_REASON,
	IPSVTI_A_TUNNEL_MTU,
	IPSVTI_A_TUNNEL_ACTIVE_PAIR,
	IPSVTI_A_TUNNEL_COUNTERS,

	__IPSVTI_A_TUNNEL_MAX
};
#define IPSVTI_A_TUNNEL_MAX (__IPSVTI_A_TUNNEL_MAX - 1)

enum {
	IPSVTI_A_SA_PAD = 1,
	IPSVTI_A_SA_SPI,
	IPSVTI_A_SA_ALG,
	IPSVTI_A_SA_KEY,
	IPSVTI_A_SA_SALT,
	IPSVTI_A_SA_REPLAY_WINDOW,
	IPSVTI_A_SA_SEQ,
	IPSVTI_A_SA_PACKETS,
	IPSVTI_A_SA_BYTES,
	IPSVTI_A_SA_ESN,
	IPSVTI_A_SA_LIMITS,
	IPSVTI_A_SA_EXPIRED,
	IPSVTI_A_SA_LOCAL_TS,
	IPSVTI_A_SA_REMOTE_TS,

	__IPSVTI_A_SA_MAX
};
#define IPSVTI_A_SA_MAX (__IPSVTI_A_SA_MAX - 1)

enum {
	IPSVTI_A_TS_START_ADDR = 1,
	IPSVTI_A_TS_END_ADDR,
	IPSVTI_A_TS_START_ADDR6,
	IPSVTI_A_TS_END_ADDR6,
	IPSVTI_A_TS_PROTOCOL,
	IPSVTI_A_TS_START_PORT,
	IPSVTI_A_TS_END_PORT,

	__IPSVTI_A_TS_MAX
};
#define IPSVTI_A_TS_MAX (__IPSVTI_A_TS_MAX - 1)

enum {
	IPSVTI_A_LIMITS_PAD = 1,
	IPSVTI_A_LIMITS_SOFT_BYTES,
	IPSVTI_A_LIMITS_HARD_BYTES,
	IPSVTI_A_LIMITS_SOFT_PACKETS,
	IPSVTI_A_LIMITS_HARD_PACKETS,
	IPSVTI_A_LIMITS_SOFT_SECONDS,
	IPSVTI_A_LIMITS_HARD_SECONDS,
	IPSVTI_A_LIMITS_USED_BYTES,
	IPSVTI_A_LIMITS_USED_PACKETS,
	IPSVTI_A_LIMITS_USED_SECONDS,

	__IPSVTI_A_LIMITS_MAX
};
#define IPSVTI_A_LIMITS_MAX (__IPSVTI_A_LIMITS_MAX - 1)

enum {
	IPSVTI_A_PAIR_PAD = 1,
	IPSVTI_A_PAIR_IFINDEX,
	IPSVTI_A_PAIR_PAIR_ID,
	IPSVTI_A_PAIR_STATE,
	IPSVTI_A_PAIR_ACTIVATION,
	IPSVTI_A_PAIR_ENCAP,
	IPSVTI_A_PAIR_ENCAP_SPORT,
	IPSVTI_A_PAIR_ENCAP_DPORT,
	IPSVTI_A_PAIR_IN,
	IPSVTI_A_PAIR_OUT,
	IPSVTI_A_PAIR_RESERVE_TIME,
	IPSVTI_A_PAIR_REASON,
	IPSVTI_A_PAIR_GRACE,
	IPSVTI_A_PAIR_ALLOW_LEGACY,
	IPSVTI_A_PAIR_REMOTE,
	IPSVTI_A_PAIR_REMOTE6,
	IPSVTI_A_PAIR_ENCAP_FOLLOW,
	IPSVTI_A_PAIR_OWNER_BOUND,
	IPSVTI_A_PAIR_HEARD,
	IPSVTI_A_PAIR_AUTH_FAILED,

	__IPSVTI_A_PAIR_MAX
};
#define IPSVTI_A_PAIR_MAX (__IPSVTI_A_PAIR_MAX - 1)

enum {
	IPSVTI_CMD_TUNNEL_GET = 1,
	IPSVTI_CMD_TUNNEL_SET,
	IPSVTI_CMD_SPI_ALLOC,
	IPSVTI_CMD_SA_PAIR_NEW,
	IPSVTI_CMD_SA_ACTIVATE,
	IPSVTI_CMD_SA_GET,
	IPSVTI_CMD_SA_DEL,
	IPSVTI_CMD_SA_FLUSH,
	IPSVTI_CMD_CARRIER_NTF,
	IPSVTI_CMD_SA_DEL_NTF,
	IPSVTI_CMD_SA_FIRST_RX_NTF,
	IPSVTI_CMD_SA_EXPIRE_NTF,
	IPSVTI_CMD_ACQUIRE_NTF,
	IPSVTI_CMD_FLOAT_NTF,
	IPSVTI_CMD_AUTH_FAIL_NTF,

	__IPSVTI_CMD_MAX
};
#define IPSVTI_CMD_MAX (__IPSVTI_CMD_MAX - 1)

#define IPSVTI_MCGRP_SA	"sa"

#endif /* _UAPI_LINUX_IPSVTI_H */
