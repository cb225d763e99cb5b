/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IKEv2 engine (RFC 7296) as its shells see it: the daemon, the simulator,
 * the fuzzers and the unit tests.
 *
 * The engine is sans-IO. It opens nothing, reads no clock and draws no random
 * numbers by itself: whatever happens comes in through one of four doors
 * (ike_engine_input(), ike_engine_kernel_event(), ike_engine_command(),
 * ike_engine_tick()), each with the time, and whatever the engine wants done
 * leaves through the vtables of struct ike_env. The same doors opened in the
 * same order with the same entropy give the same octets.
 *
 * Conventions
 *   time      u64 milliseconds of any monotonic clock
 *   integers  host byte order, ports and SPIs included
 *   errors    0, or a negative errno value
 *   memory    what is handed in is copied; what is handed out through a vtable
 *             or visitor is valid during that call only
 *   context   one thread for each engine; vtable functions must not call back
 *             into the engine
 */
#ifndef IPSVTI_IKE_ENGINE_H
#define IPSVTI_IKE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ike_engine;
struct ike_failure;

/* ------------------------------------------------------------- endpoints */

#define IKE_PORT	500	/* RFC 7296, section 2 */
#define IKE_PORT_NATT	4500	/* RFC 7296, section 2.23; RFC 3948 */

enum ike_family {
	IKE_FAMILY_NONE = 0,
	IKE_IPV4 = 4,
	IKE_IPV6 = 6,
};

/**
 * struct ike_address - an IP address
 * @family: enum ike_family
 * @octets: network byte order; 4 of them with IPv4, the rest 0
 */
struct ike_address {
	uint8_t family;
	uint8_t octets[16];
};

/* Return: whether two addresses are one, of the same family. */
static inline bool ike_address_same(const struct ike_address *a,
				    const struct ike_address *b)
{
	return a->family == b->family &&
	       !memcmp(a->octets, b->octets, sizeof(a->octets));
}

/**
 * struct ike_endpoint - an IP address and a UDP port
 * @addr: the address
 * @port: host byte order
 */
struct ike_endpoint {
	struct ike_address addr;
	uint16_t port;
};

/**
 * struct ike_datagram - one IKE message on its way in or out
 * @local: our endpoint. Its port says which socket: on every port but
 *         IKE_PORT the transport puts the non-ESP marker (RFC 3948, section
 *         2.2) in front on the way out and has taken it off on the way in
 * @remote: the peer's endpoint
 * @data: the IKE message, without marker
 * @len: octets of @data
 */
struct ike_datagram {
	struct ike_endpoint local;
	struct ike_endpoint remote;
	const uint8_t *data;
	size_t len;
};

/* --------------------------------------------- what a tunnel is made of */

#define IKE_NAME_MAX	32	/* of a tunnel, with its terminator */
#define IKE_ID_MAX	255	/* octets of an identity */
#define IKE_ALG_MAX	8	/* alternatives of one kind in a proposal */
#define IKE_ADD_KE_MAX	7	/* additional key exchanges (RFC 9370, section 2.2.1) */
#define IKE_SUITE_MAX	8	/* proposals of one suite */
#define IKE_TS_MAX	32	/* traffic selectors of one side; the module takes as many */
#define IKE_CERTS_MAX	8	/* certificates one side sends */

/**
 * struct ike_identity - identification data (RFC 7296, section 3.5)
 * @type: ID_IPV4_ADDR, ID_FQDN, ID_RFC822_ADDR, ID_IPV6_ADDR, ID_DER_ASN1_DN or
 *        ID_KEY_ID (1, 2, 3, 5, 9, 11)
 * @len: octets used of @data
 * @data: as on the wire; no terminator
 */
struct ike_identity {
	uint8_t type;
	uint8_t len;
	uint8_t data[IKE_ID_MAX];
};

/**
 * struct ike_encr - a cipher and its key length
 * @id: transform ID of type 1
 * @key_bits: 128, 192 or 256; 0: the cipher has but one key length
 */
struct ike_encr {
	uint16_t id;
	uint16_t key_bits;
};

/**
 * struct ike_alternatives - one proposal: what may go together, best first
 * @encr: ciphers: all AEADs, or none of them
 * @integ: transform IDs of type 3; none with AEADs
 * @prf: transform IDs of type 2; none for ESP
 * @ke: transform IDs of type 4; for ESP those of PFS, none: rekey without.
 *      (A responder without groups of its own for ESP takes those of its IKE
 *      suite if the peer asks for PFS.)
 * @esn: transform IDs of type 5; none for IKE
 * @add_ke: of each of the types 6 to 12, IDs as those of @ke; 0, that is without
 *          one, is an alternative as well. No ID stands twice in @ke and @add_ke,
 *          so that whatever is chosen, no key exchange is done twice
 * @n_encr: used entries of @encr
 * @n_integ: used entries of @integ
 * @n_prf: used entries of @prf
 * @n_ke: used entries of @ke
 * @n_esn: used entries of @esn
 * @n_add_ke: used entries of each of @add_ke; 0: without one
 */
struct ike_alternatives {
	struct ike_encr encr[IKE_ALG_MAX];
	uint16_t integ[IKE_ALG_MAX];
	uint16_t prf[IKE_ALG_MAX];
	uint16_t ke[IKE_ALG_MAX];
	uint16_t esn[IKE_ALG_MAX];
	uint16_t add_ke[IKE_ADD_KE_MAX][IKE_ALG_MAX];
	uint8_t n_encr;
	uint8_t n_integ;
	uint8_t n_prf;
	uint8_t n_ke;
	uint8_t n_esn;
	uint8_t n_add_ke[IKE_ADD_KE_MAX];
};

/**
 * struct ike_suite - what is offered and accepted, best first
 * @props: proposals
 * @n: used entries of @props
 * @allow_legacy: take what is too weak for new tunnels as well: SHA-1
 */
struct ike_suite {
	struct ike_alternatives props[IKE_SUITE_MAX];
	uint8_t n;
	bool allow_legacy;
};

enum ike_suite_kind {
	IKE_SUITE_IKE,	/* cipher, PRF and key exchange each at least once */
	IKE_SUITE_ESP,	/* cipher at least once, no PRF, groups optional */
};

/**
 * struct ike_ts - one traffic selector (RFC 7296, section 3.13.1)
 * @family: enum ike_family
 * @protocol: IP protocol, 0 for any
 * @start_port: first port
 * @end_port: last port
 * @start: first address, 4 or 16 octets used
 * @end: last address
 */
struct ike_ts {
	uint8_t family;
	uint8_t protocol;
	uint16_t start_port;
	uint16_t end_port;
	uint8_t start[16];
	uint8_t end[16];
};

enum ike_start {
	IKE_START_ALWAYS,	/* keep the tunnel up, retry for ever */
	IKE_START_ON_TRAFFIC,	/* answer; initiate on acquire or command */
	IKE_START_PASSIVE,	/* answer; initiate on command only */
};

enum ike_natt {
	IKE_NATT_AUTO,		/* UDP encapsulation if a NAT is detected */
	IKE_NATT_FORCE,		/* always, by pretending to see one */
};

enum ike_auth_kind {
	IKE_AUTH_BY_PSK,	/* a pre-shared key */
	IKE_AUTH_BY_CERT,	/* a signature, and an X.509 certificate */
};

/**
 * struct ike_tunnel_config - one tunnel
 * @name: how people call it; unique in the engine
 * @ike_sa_of: name of the tunnel whose IKE SA it shares; empty: it has its own.
 *             Of what concerns the IKE SA only that one's is used
 * @ifindex: its ipsvti device; 0: there is none at present, see
 *           ike_engine_set_device()
 * @local: our outer address
 * @remote: the peer's outer address (its NAT's, if it is behind one)
 * @local_id: who we say we are; type 0: the local address
 * @remote_id: who the peer must be; type 0: the remote address
 * @local_auth: how we show who we are
 * @remote_auth: how the peer must; the two have nothing to do with each other
 * @start: whether to initiate without being asked
 * @natt: when ESP goes inside UDP
 * @childless: as initiator, have the first CHILD SA made by CREATE_CHILD_SA, with
 *             the key exchange of its suite, if the peer can do that (RFC 6023)
 * @ike: suites of the IKE SA
 * @esp: suites of the CHILD SA
 * @local_ts: what may come out of our side; none: 0.0.0.0/0 and ::/0
 * @remote_ts: what may come out of the peer's; none: 0.0.0.0/0 and ::/0
 * @n_local_ts: used entries of @local_ts
 * @n_remote_ts: used entries of @remote_ts
 * @ike_lifetime_s: age at which the IKE SA is rekeyed at the latest; 0: 28800
 * @child_lifetime_s: the same of the CHILD SA; 0: 3600
 * @reauth_s: age at which the peer is authenticated anew at the latest, by a new
 *            IKE SA with a new CHILD SA, before the old ones go; 0: never
 * @child_bytes: octets that are encrypted or decrypted, in either direction,
 *               after which the CHILD SA is rekeyed at the latest; 0: no limit
 * @child_packets: the same in packets
 * @dpd_interval_s: silence after which the peer is probed; 0: 4
 * @replay_window: packets, 64 to 4096; 0: 1024
 *
 * Rekeys and reauthentication are started at a random point of the last tenth of a lifetime, in time
 * or in volume. If all of them failed the SA is deleted at a lifetime and a tenth, ten seconds at
 * least; at twice the volume the kernel stops using it, whether we run or not.
 */
struct ike_tunnel_config {
	char name[IKE_NAME_MAX];
	char ike_sa_of[IKE_NAME_MAX];
	uint32_t ifindex;
	struct ike_address local;
	struct ike_address remote;
	struct ike_identity local_id;
	struct ike_identity remote_id;
	enum ike_auth_kind local_auth;
	enum ike_auth_kind remote_auth;
	enum ike_start start;
	enum ike_natt natt;
	bool childless;
	struct ike_suite ike;
	struct ike_suite esp;
	struct ike_ts local_ts[IKE_TS_MAX];
	struct ike_ts remote_ts[IKE_TS_MAX];
	uint8_t n_local_ts;
	uint8_t n_remote_ts;
	uint32_t ike_lifetime_s;
	uint32_t child_lifetime_s;
	uint32_t reauth_s;
	uint64_t child_bytes;
	uint64_t child_packets;
	uint32_t dpd_interval_s;
	uint32_t replay_window;
};

/* Text to values and back, for configuration and logs. */

/**
 * ike_suite_parse() - add one proposal to a suite
 * @suite: filled or extended; zero it before the first call, and set
 *         @suite->allow_legacy if it shall be
 * @kind: what the suite is for
 * @text: algorithms joined by '-', as ipsvti.conf(5) lists them. Without a PRF
 *        the integrity algorithms stand for those with the same hash; without
 *        "esn" and "noesn" ESP takes both, with preference for "esn"
 * @why: on error, a sentence that names the word at fault, and what to write
 *       in its place if it is too weak; 200 octets are enough
 * @why_len: octets of @why
 *
 * Return: 0, -EINVAL (unknown, weak, missing, or does not go together), -E2BIG
 * (too many).
 */
int ike_suite_parse(struct ike_suite *suite, enum ike_suite_kind kind,
		    const char *text, char *why, size_t why_len);

/**
 * ike_identity_parse() - an identity from text
 * @id: filled
 * @text: an IPv4 or IPv6 address; NAME@HOST (RFC 822 address); @HOST or HOST
 *        (FQDN); #HEX (key ID); TYPE=VALUE, TYPE=VALUE... (distinguished name,
 *        in the order of the certificate)
 *
 * Return: 0 or -EINVAL.
 */
int ike_identity_parse(struct ike_identity *id, const char *text);

/**
 * ike_identity_format() - an identity as text, unprintable octets escaped
 * @id: the identity
 * @buf: gets a terminated string, cut if too short; 64 octets are usual
 * @len: octets of @buf
 *
 * Return: @buf.
 */
const char *ike_identity_format(const struct ike_identity *id, char *buf,
				size_t len);

/**
 * ike_address_parse() - an IPv4 or IPv6 address from text
 * @addr: filled
 * @text: the address
 *
 * Return: 0 or -EINVAL.
 */
int ike_address_parse(struct ike_address *addr, const char *text);

/**
 * ike_address_format() - an address as text
 * @addr: the address
 * @buf: gets a terminated string; 48 octets are enough
 * @len: octets of @buf
 *
 * Return: @buf.
 */
const char *ike_address_format(const struct ike_address *addr, char *buf,
			       size_t len);

/**
 * ike_ts_parse() - a traffic selector from text
 * @ts: filled
 * @text: an address, a prefix without bits behind it, or two addresses, such as
 *        10.1.0.0/16 or 10.1.0.1-10.1.0.9; behind that perhaps a protocol and
 *        its ports or ICMP types in brackets, such as [tcp], [tcp/80-90] or
 *        [icmp/8]
 *
 * Return: 0 or -EINVAL.
 */
int ike_ts_parse(struct ike_ts *ts, const char *text);

#define IKE_TS_TEXT 160	/* octets of a traffic selector in words */

/**
 * ike_ts_format_one() - a traffic selector in the words of ike_ts_parse()
 * @ts: the selector
 * @buf: where to
 * @len: its octets, IKE_TS_TEXT are enough
 *
 * Return: @buf.
 */
const char *ike_ts_format_one(const struct ike_ts *ts, char *buf, size_t len);

/* ------------------------------------------------------- kernel: SA pairs */

#define IKE_KEY_MAX	96	/* octets of the longest ESP key */
#define IKE_SALT_MAX	4	/* octets of the longest ESP salt */

/* Values of these enums are those of Documentation/netlink/specs/ipsvti.yaml. */

enum ike_esp_alg {
	IKE_ESP_AES_GCM_16_128 = 1,
	IKE_ESP_AES_GCM_16_256,
	IKE_ESP_AES_GCM_16_192,
	IKE_ESP_AES_GCM_12_128,
	IKE_ESP_AES_GCM_12_192,
	IKE_ESP_AES_GCM_12_256,
	IKE_ESP_AES_GCM_8_128,
	IKE_ESP_AES_GCM_8_192,
	IKE_ESP_AES_GCM_8_256,
	IKE_ESP_CHACHA20_POLY1305,
	IKE_ESP_AES_GMAC_128,
	IKE_ESP_AES_GMAC_192,
	IKE_ESP_AES_GMAC_256,
	IKE_ESP_AES_CBC_128_HMAC_SHA2_256_128,
	IKE_ESP_AES_CBC_256_HMAC_SHA2_256_128,
	IKE_ESP_AES_CBC_128_HMAC_SHA2_384_192,
	IKE_ESP_AES_CBC_256_HMAC_SHA2_384_192,
	IKE_ESP_AES_CBC_128_HMAC_SHA2_512_256,
	IKE_ESP_AES_CBC_256_HMAC_SHA2_512_256,
	IKE_ESP_AES_CBC_128_HMAC_SHA1_96,
	IKE_ESP_AES_CBC_256_HMAC_SHA1_96,
};

enum ike_activation {
	IKE_ACTIVATE_MANUAL = 0,
	IKE_ACTIVATE_NOW = 1,
	IKE_ACTIVATE_FIRST_RX = 2,
};

enum ike_pair_state {
	IKE_PAIR_LARVAL = 0,
	IKE_PAIR_STAGED = 1,
	IKE_PAIR_ACTIVE = 2,
	IKE_PAIR_DRAINING = 3,
};

/**
 * struct ike_kernel_sa - one direction of a pair
 * @spi: 256 or more
 * @alg: enum ike_esp_alg
 * @key: the key for encryption, then that for integrity if there is one (RFC
 *       7296, section 2.17)
 * @key_len: octets of @key
 * @salt: the last octets of the keying material (RFC 4106, section 8.1)
 * @salt_len: octets of @salt
 * @esn: extended sequence numbers (RFC 4303, section 2.2.1)
 * @replay_window: packets; inbound only
 * @soft_bytes: octets after which IKE_KERNEL_EXPIRE wants to be sent; 0: none
 * @hard_bytes: octets after which the SA must not be used; 0: none
 * @soft_packets: the same in packets
 * @hard_packets: the same in packets
 */
struct ike_kernel_sa {
	uint32_t spi;
	enum ike_esp_alg alg;
	uint8_t key[IKE_KEY_MAX];
	size_t key_len;
	uint8_t salt[IKE_SALT_MAX];
	size_t salt_len;
	bool esn;
	uint32_t replay_window;
	uint64_t soft_bytes;
	uint64_t hard_bytes;
	uint64_t soft_packets;
	uint64_t hard_packets;
};

/**
 * struct ike_kernel_pair - what sa-pair-new wants to know
 * @ifindex: the device
 * @pair_id: as spi-alloc gave it
 * @activation: when the outbound SA is put to use
 * @encap_udp: ESP in UDP on the way out
 * @encap_sport: UDP source port, with @encap_udp
 * @encap_dport: UDP destination port, with @encap_udp
 * @allow_legacy: the tunnel takes what is too weak for new ones
 * @encap_follow: with @encap_udp, ESP goes to where the peer's newest came from
 * @encap_remote: with @encap_follow, where it goes at first, as the peer was followed
 *                there before; of no family: to the device's remote
 * @local_ts: what our end of both SAs may be; none: anything
 * @remote_ts: the same of the peer's end
 * @n_local_ts: used entries of @local_ts
 * @n_remote_ts: used entries of @remote_ts
 * @in: the inbound SA; its SPI is the one spi-alloc gave
 * @out: the outbound SA
 */
struct ike_kernel_pair {
	uint32_t ifindex;
	uint32_t pair_id;
	enum ike_activation activation;
	bool encap_udp;
	uint16_t encap_sport;
	uint16_t encap_dport;
	bool allow_legacy;
	bool encap_follow;
	struct ike_address encap_remote;
	struct ike_ts local_ts[IKE_TS_MAX];
	struct ike_ts remote_ts[IKE_TS_MAX];
	uint8_t n_local_ts;
	uint8_t n_remote_ts;
	struct ike_kernel_sa in;
	struct ike_kernel_sa out;
};

/* What an SA of a pair has come to the end of, or near it. */
enum ike_limit {
	IKE_LIMIT_NONE,
	IKE_LIMIT_SEQUENCE,	/* outbound sequence numbers */
	IKE_LIMIT_BYTES,
	IKE_LIMIT_PACKETS,
	IKE_LIMIT_TIME,
};

/**
 * struct ike_pair_info - a pair as the kernel sees it (sa-get)
 * @pair_id: its id
 * @state: where it is in its life
 * @spi_in: inbound SPI
 * @spi_out: outbound SPI; 0 while larval
 * @rx_packets: packets authenticated by the inbound SA
 * @rx_bytes: octets of these
 * @tx_packets: packets sent by the outbound SA
 * @tx_bytes: octets of these
 * @limit: what IKE_KERNEL_EXPIRE has said of it
 * @hard: the same
 * @remote: where its packets go; of no family: that is not known
 */
struct ike_pair_info {
	uint32_t pair_id;
	enum ike_pair_state state;
	uint32_t spi_in;
	uint32_t spi_out;
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	enum ike_limit limit;
	bool hard;
	struct ike_address remote;
};

/* Return: 0 to go on, anything else to stop. */
typedef int (*ike_pair_visitor)(void *arg, const struct ike_pair_info *info);

enum ike_kernel_event_id {
	IKE_KERNEL_EXPIRE,	/* sa-expire-ntf: one of enum ike_limit */
	IKE_KERNEL_ACQUIRE,	/* acquire-ntf: a packet found no outbound SA */
	IKE_KERNEL_FIRST_RX,	/* sa-first-rx-ntf: the peer has the keys */
	IKE_KERNEL_DELETED,	/* sa-del-ntf: the pair is gone */
	IKE_KERNEL_FLOAT,	/* float-ntf: ESP follows the peer elsewhere */
};

/**
 * struct ike_kernel_event - a notification of multicast group "sa"
 * @id: which
 * @ifindex: the device
 * @pair_id: the pair; 0 with acquire
 * @limit: with IKE_KERNEL_EXPIRE, what comes to its end
 * @hard: with IKE_KERNEL_EXPIRE, the SA is used no more
 * @remote: with IKE_KERNEL_FLOAT, where it goes to now
 */
struct ike_kernel_event {
	enum ike_kernel_event_id id;
	uint32_t ifindex;
	uint32_t pair_id;
	enum ike_limit limit;
	bool hard;
	struct ike_endpoint remote;
};

/* ---------------------------------------------------- events, for people */

enum ike_level {
	IKE_LOG_ERROR,		/* something an operator must see to */
	IKE_LOG_NOTICE,		/* a tunnel came up, went down, was rekeyed */
	IKE_LOG_INFO,		/* the steps in between */
	IKE_LOG_DEBUG,		/* every message and state change */
};

/* X-macro of the events: id, name in JSON. */
#define IKE_EVENTS(X)						\
	X(TUNNEL_UP, "tunnel-up")				\
	X(TUNNEL_DOWN, "tunnel-down")				\
	X(IKE_SA_STATE, "ike-sa-state")				\
	X(CHILD_SA_STATE, "child-sa-state")			\
	X(CHILD_SA_REKEYED, "child-sa-rekeyed")			\
	X(IKE_SA_REKEYED, "ike-sa-rekeyed")			\
	X(IKE_SA_REAUTHENTICATED, "ike-sa-reauthenticated")	\
	X(NEGOTIATION_FAILED, "negotiation-failed")		\
	X(AUTH_FAILED, "auth-failed")				\
	X(PEER_DEAD, "peer-dead")				\
	X(RETRY, "retry")					\
	X(RETRANSMIT, "retransmit")				\
	X(COLLISION, "collision")				\
	X(NAT, "nat")						\
	X(COOKIE, "cookie")					\
	X(BAD_MESSAGE, "bad-message")				\
	X(NOTIFY, "notify")					\
	X(KERNEL_ERROR, "kernel-error")				\
	X(INTERNAL_ERROR, "internal-error")

enum ike_event_id {
#define IKE_EVENT_ENUM(id, name) IKE_EVENT_##id,
	IKE_EVENTS(IKE_EVENT_ENUM)
#undef IKE_EVENT_ENUM
	IKE_EVENT_MAX
};

/**
 * struct ike_event_field - a detail of an event
 * @key: lower case, words joined by '-'
 * @value: printable
 */
struct ike_event_field {
	const char *key;
	const char *value;
};

/**
 * struct ike_event - something worth telling
 * @id: what happened
 * @level: to whom it matters
 * @tunnel: whose; NULL if of none
 * @line: for people, without tunnel name, time or newline
 * @fields: for programs
 * @n_fields: entries of @fields
 *
 * No event ever holds key material.
 */
struct ike_event {
	enum ike_event_id id;
	enum ike_level level;
	const char *tunnel;
	const char *line;
	const struct ike_event_field *fields;
	size_t n_fields;
};

/* Return: the name of an event in JSON, "unknown" for what is none. */
const char *ike_event_name(enum ike_event_id id);

/* ------------------------------------------- why something did not work */

/* X-macro of the reasons: id, name in JSON. */
#define IKE_FAILURE_REASONS(X)						\
	X(OTHER, "other")						\
	X(NO_ANSWER, "no-answer")		/* to IKE_SA_INIT */	\
	X(NO_ANSWER_AUTH, "no-answer-auth")	/* to IKE_AUTH */	\
	X(PEER_DEAD, "peer-dead")		/* was up, is silent */	\
	X(IKE_PROPOSAL, "ike-proposal")					\
	X(ESP_PROPOSAL, "esp-proposal")					\
	X(KEY_EXCHANGE, "key-exchange")					\
	X(SELECTORS, "selectors")					\
	X(IDENTITY, "identity")						\
	X(AUTH_METHOD, "auth-method")					\
	X(PSK, "psk")				/* not the same */	\
	X(AUTH_REFUSED, "auth-refused")		/* the peer keeps why */ \
	X(UNKNOWN_CA, "unknown-ca")					\
	X(CERT_EXPIRED, "certificate-expired")				\
	X(CERT_NOT_YET, "certificate-not-yet-valid")			\
	X(CERT_REVOKED, "certificate-revoked")				\
	X(CERTIFICATE, "certificate")		/* anything else of it */ \
	X(OWN_KEY, "own-key")			/* we cannot sign */

enum ike_failure_reason {
#define IKE_FAILURE_ENUM(id, name) IKE_FAILURE_##id,
	IKE_FAILURE_REASONS(IKE_FAILURE_ENUM)
#undef IKE_FAILURE_ENUM
};

/* Return: the name of a reason in JSON. */
const char *ike_failure_name(enum ike_failure_reason reason);

/* --------------------------------------------------------- environment */

/**
 * struct ike_transport_ops - the network
 * @send: sends a message. Errors are the transport's to count: to the engine a
 *        failed send is a lost packet
 * @keepalive: sends the one-octet NAT keepalive (RFC 3948, section 2.3), which
 *             never has a non-ESP marker
 */
struct ike_transport_ops {
	void (*send)(void *ctx, const struct ike_datagram *dgram);
	void (*keepalive)(void *ctx, const struct ike_endpoint *local,
			  const struct ike_endpoint *remote);
};

/**
 * struct ike_kernel_ops - the data path; one operation of the netlink family
 *                         each. All return 0 or a negative errno value.
 * @spi_alloc: spi-alloc: reserves an inbound SPI for @reserve_s seconds
 * @pair_new: sa-pair-new: completes a reserved pair
 * @activate: sa-activate: puts the outbound SA of a staged pair to use
 * @retire: sa-del: the outbound SA goes at once, the inbound one after
 *          @grace_s seconds. Of a pair that is gone: -ENOENT, and no harm done
 * @query: sa-get: shows all pairs of a device to @visit
 */
struct ike_kernel_ops {
	int (*spi_alloc)(void *ctx, uint32_t ifindex, uint32_t reserve_s,
			 uint32_t *pair_id, uint32_t *spi);
	int (*pair_new)(void *ctx, const struct ike_kernel_pair *pair);
	int (*activate)(void *ctx, uint32_t ifindex, uint32_t pair_id);
	int (*retire)(void *ctx, uint32_t ifindex, uint32_t pair_id,
		      uint32_t grace_s);
	int (*query)(void *ctx, uint32_t ifindex, ike_pair_visitor visit,
		     void *arg);
};

/**
 * struct ike_entropy_ops - random numbers
 * @bytes: fills @buf with @len octets fit for keys. Return: 0 or -errno
 */
struct ike_entropy_ops {
	int (*bytes)(void *ctx, void *buf, size_t len);
};

/**
 * struct ike_psk_request - an AUTH value wanted (RFC 7296, section 2.15)
 * @tunnel: whose key; the identities were found to be this tunnel's
 * @local_id: our identity
 * @remote_id: the peer's identity
 * @prf: negotiated PRF, transform ID of type 2
 * @octets: InitiatorSignedOctets or ResponderSignedOctets
 * @len: octets of @octets
 */
struct ike_psk_request {
	const char *tunnel;
	const struct ike_identity *local_id;
	const struct ike_identity *remote_id;
	uint16_t prf;
	const uint8_t *octets;
	size_t len;
};

/* Octets of the longest authentication data: RFC 7427's prefix, RSA-4096. */
#define IKE_SIGNATURE_MAX	640

/**
 * struct ike_signature - the AUTH payload of who signs
 * @method: authentication method (RFC 7296, section 3.8)
 * @len: octets of @data
 * @data: authentication data; with method 14 this begins with the length and
 *        the AlgorithmIdentifier (RFC 7427, section 3)
 */
struct ike_signature {
	uint8_t method;
	uint16_t len;
	uint8_t data[IKE_SIGNATURE_MAX];
};

/**
 * struct ike_sign_request - a signature wanted (RFC 7296, section 2.15)
 * @tunnel: with whose key
 * @hashes: hash functions the peer knows, bit N for algorithm N (RFC 7427); 0:
 *          it did not say, so only methods 1, 9, 10, 11 are of use
 * @octets: InitiatorSignedOctets or ResponderSignedOctets
 * @len: octets of @octets
 */
struct ike_sign_request {
	const char *tunnel;
	uint16_t hashes;
	const uint8_t *octets;
	size_t len;
};

/**
 * struct ike_verify_request - a signature to be checked
 * @tunnel: by whose authorities
 * @remote_id: who the peer must be; its certificate must say so
 * @method: of its AUTH payload
 * @auth: its authentication data
 * @auth_len: octets of @auth
 * @certs: its certificates in DER, its own first; any octets whatever
 * @n_certs: entries of @certs
 * @octets: what is signed
 * @len: octets of @octets
 * @reason: set to a more precise one on failure, if there is one; may be NULL
 */
struct ike_verify_request {
	const char *tunnel;
	const struct ike_identity *remote_id;
	uint8_t method;
	const uint8_t *auth;
	size_t auth_len;
	struct {
		const uint8_t *data;
		size_t len;
	} certs[IKE_CERTS_MAX];
	unsigned int n_certs;
	const uint8_t *octets;
	size_t len;
	enum ike_failure_reason *reason;
};

/**
 * struct ike_keys_ops - long-term secrets, which the engine never sees, and
 *                       whom to trust
 * @psk_auth: computes prf(prf(PSK, "Key Pad for IKEv2"), octets), as
 *            ike_psk_auth() does; used for our AUTH and to check the peer's.
 *            Return: octets written to @auth (room for 64), or -errno
 *            (-ENOENT: no key for this tunnel)
 * @cert: our certificates in DER: @n is 0 for our own, then the intermediates.
 *        Return: octets of the certificate, which @der is set to and which stay
 *        until the next call of any of these; 0: there is none
 * @authorities: the SHA-1 of the public key of each trusted authority, for
 *               CERTREQ. Return: octets written to @out, at most @size
 * @sign: signs for us. Return: 0, or -errno and in @why a sentence
 * @verify: whether the peer's certificates lead to a trusted authority, say who
 *          it must be, and whether its signature is right. Return: 0, or -errno
 *          and in @why a sentence that names what was wrong
 *
 * All but @psk_auth are only used by tunnels with IKE_AUTH_BY_CERT.
 */
struct ike_keys_ops {
	int (*psk_auth)(void *ctx, const struct ike_psk_request *req,
			uint8_t auth[64]);
	size_t (*cert)(void *ctx, const char *tunnel, unsigned int n,
		       const uint8_t **der);
	size_t (*authorities)(void *ctx, const char *tunnel, uint8_t *out,
			      size_t size);
	int (*sign)(void *ctx, const struct ike_sign_request *req,
		    struct ike_signature *sig, char *why, size_t why_len);
	int (*verify)(void *ctx, const struct ike_verify_request *req,
		      char *why, size_t why_len);
};

/**
 * ike_psk_auth() - compute a PSK AUTH value, for who holds the key
 * @psk: the shared secret
 * @psk_len: octets of @psk
 * @req: which AUTH
 * @auth: gets the value
 *
 * Return: octets of @auth, or -EINVAL (unknown PRF), -ENOMEM.
 */
int ike_psk_auth(const void *psk, size_t psk_len,
		 const struct ike_psk_request *req, uint8_t auth[64]);

/* Octets of the longest key of an IKE SA. */
#define IKE_SA_KEY_MAX	64

/**
 * struct ike_sa_keys - session keys of an IKE SA
 * @spi_i: initiator's SPI
 * @spi_r: responder's SPI
 * @encr: cipher, transform ID of type 1
 * @key_bits: its key length; 0: it has one only
 * @integ: integrity, transform ID of type 3; 0 with an AEAD
 * @encr_len: octets of @ei, @er; with an AEAD, key and salt
 * @integ_len: octets of @ai, @ar
 * @ei: SK_ei
 * @er: SK_er
 * @ai: SK_ai
 * @ar: SK_ar
 */
struct ike_sa_keys {
	uint64_t spi_i;
	uint64_t spi_r;
	uint16_t encr;
	uint16_t key_bits;
	uint16_t integ;
	uint16_t encr_len;
	uint16_t integ_len;
	uint8_t ei[IKE_SA_KEY_MAX];
	uint8_t er[IKE_SA_KEY_MAX];
	uint8_t ai[IKE_SA_KEY_MAX];
	uint8_t ar[IKE_SA_KEY_MAX];
};

/**
 * struct ike_env - everything the engine can reach
 * @transport: the network
 * @kernel: the data path
 * @entropy: random numbers
 * @keys: long-term secrets
 * @event: takes one event
 * @export_keys: takes the keys of an IKE SA as soon as they are made, for who
 *               must read captures; NULL: they never leave the engine
 * @ctx: first argument of all of them
 *
 * Must outlive the engine.
 */
struct ike_env {
	const struct ike_transport_ops *transport;
	const struct ike_kernel_ops *kernel;
	const struct ike_entropy_ops *entropy;
	const struct ike_keys_ops *keys;
	void (*event)(void *ctx, const struct ike_event *event);
	void (*export_keys)(void *ctx, const struct ike_sa_keys *keys);
	void *ctx;
};

/**
 * struct ike_limits - what strangers can cost us; 0 in a field: the default
 * @cookie_threshold: half-open IKE SAs above which cookies are demanded (RFC
 *                    7296, section 2.6); 32
 * @half_open_max: half-open IKE SAs at which requests are dropped; 256
 * @half_open_ms: life of a half-open IKE SA; 30000. As long as there are so many
 *                that cookies are demanded, it is at most 10000
 * @refusal_ms: how long an error in clear is doubted, as another answer to IKE_SA_INIT
 *              may come yet (section 2.21.1); 3000
 */
struct ike_limits {
	uint32_t cookie_threshold;
	uint32_t half_open_max;
	uint32_t half_open_ms;
	uint32_t refusal_ms;
};

/* -------------------------------------------------------------- engine */

/**
 * ike_engine_new() - make an engine without tunnels
 * @env: its environment
 * @limits: NULL for the defaults
 *
 * Return: the engine; NULL if there is no memory or no entropy.
 */
struct ike_engine *ike_engine_new(const struct ike_env *env,
				  const struct ike_limits *limits);

/**
 * ike_engine_free() - drop an engine, silently, and wipe its keys
 * @e: the engine, or NULL
 *
 * Peers are told nothing and pairs stay in the kernel. For a clean end use the
 * command IKE_CMD_DOWN for each tunnel and wait for ike_engine_idle().
 */
void ike_engine_free(struct ike_engine *e);

/**
 * ike_engine_add_tunnel() - add a tunnel, and start it if it wants that
 * @e: the engine
 * @now: time
 * @config: the tunnel
 * @why: on -EINVAL set to a constant sentence that says what is wrong
 *
 * Return: 0, -EEXIST (name taken), -EINVAL, -ENOMEM.
 */
int ike_engine_add_tunnel(struct ike_engine *e, uint64_t now,
			  const struct ike_tunnel_config *config,
			  const char **why);

/**
 * ike_engine_remove_tunnel() - forget a tunnel at once
 * @e: the engine
 * @now: time
 * @name: the tunnel
 *
 * Its pairs go at once. The peer is told, and its answer waited for without the
 * tunnel; an exchange that is under way is cut short by a DELETE that is not
 * waited for, but for IKE_AUTH, which is completed to be followed by one.
 *
 * Return: 0 or -ENOENT.
 */
int ike_engine_remove_tunnel(struct ike_engine *e, uint64_t now,
			     const char *name);

/**
 * ike_engine_set_device() - a tunnel's device is gone, or there again
 * @e: the engine
 * @now: time
 * @name: the tunnel
 * @ifindex: the device; 0: there is none
 *
 * Without a device a tunnel neither initiates nor answers. Its SAs are deleted,
 * telling the peer, as by ike_engine_remove_tunnel(). With a device it starts, if it is wanted, at once.
 *
 * Return: 0 or -ENOENT.
 */
int ike_engine_set_device(struct ike_engine *e, uint64_t now, const char *name,
			  uint32_t ifindex);

/**
 * ike_engine_set_remote() - the peer has another address
 * @e: the engine
 * @now: time
 * @name: the tunnel
 * @remote: the address, of the family of the local one
 *
 * SAs with the old address are deleted, telling whoever is there; the tunnel
 * starts anew, if it is wanted, at once.
 *
 * Return: 0, -ENOENT or -EINVAL (another family).
 */
int ike_engine_set_remote(struct ike_engine *e, uint64_t now, const char *name,
			  const struct ike_address *remote);

/**
 * ike_engine_underlay_changed() - the way to a peer is another one than before
 * @e: the engine
 * @now: time
 * @name: the tunnel
 *
 * Cuts the waiting short: a tunnel between two tries tries at once, a request
 * that was not answered is sent again, and a peer of an established IKE SA is
 * asked whether it can still be reached.
 *
 * Return: 0 or -ENOENT.
 */
int ike_engine_underlay_changed(struct ike_engine *e, uint64_t now,
				const char *name);

/**
 * ike_engine_input() - take a datagram from the network
 * @e: the engine
 * @now: time
 * @dgram: the message; any octets whatever
 */
void ike_engine_input(struct ike_engine *e, uint64_t now,
		      const struct ike_datagram *dgram);

/**
 * ike_engine_kernel_event() - take a notification of the data path
 * @e: the engine
 * @now: time
 * @event: what happened; unknown devices and pairs are ignored
 */
void ike_engine_kernel_event(struct ike_engine *e, uint64_t now,
			     const struct ike_kernel_event *event);

enum ike_command {
	IKE_CMD_UP,		/* want the tunnel, now */
	IKE_CMD_DOWN,		/* delete its SAs; until IKE_CMD_UP neither
				 * initiate nor answer
				 */
	IKE_CMD_REKEY_CHILD,	/* rekey the CHILD SA now */
	IKE_CMD_REKEY_IKE,	/* rekey the IKE SA now */
	IKE_CMD_REAUTH,		/* authenticate anew now, without a break */
};

/**
 * ike_engine_command() - do what a person asks for
 * @e: the engine
 * @now: time
 * @command: what
 * @tunnel: to which tunnel
 *
 * Only starts it: events tell how it went.
 *
 * Return: 0, -ENOENT (no such tunnel), -ENOTCONN (nothing to rekey).
 */
int ike_engine_command(struct ike_engine *e, uint64_t now,
		       enum ike_command command, const char *tunnel);

/**
 * ike_engine_tick() - do what is due
 * @e: the engine
 * @now: time; too early is harmless
 */
void ike_engine_tick(struct ike_engine *e, uint64_t now);

#define IKE_NEVER	UINT64_MAX

/**
 * ike_engine_next_wakeup() - when ike_engine_tick() is wanted next
 * @e: the engine
 *
 * Ask again after every call into the engine.
 *
 * Return: a time, possibly past, or IKE_NEVER.
 */
uint64_t ike_engine_next_wakeup(const struct ike_engine *e);

/**
 * ike_engine_count() - how many IKE SAs there are
 * @e: the engine
 *
 * Return: the number of those in any state; after IKE_CMD_DOWN of all tunnels, of
 * those of which the peers may still have to be told.
 */
unsigned int ike_engine_count(const struct ike_engine *e);

/**
 * ike_engine_idle() - whether no exchange and no retry is under way
 * @e: the engine
 *
 * After IKE_CMD_DOWN of all tunnels: whether the peers have been told.
 *
 * Return: true if nothing is outstanding.
 */
bool ike_engine_idle(const struct ike_engine *e);

/* -------------------------------------------------------------- status */

/**
 * struct ike_child_status - a CHILD SA
 * @state: in words
 * @pair_id: its pair in the kernel
 * @spi_in: inbound SPI
 * @spi_out: outbound SPI
 * @suite: in words, such as aes256gcm16-x25519-esn
 * @age_ms: since it was installed
 * @rekey_in_ms: until it will be rekeyed; 0 if due
 * @local_ts: traffic selectors of our end, as agreed on
 * @remote_ts: the same of the peer's end
 * @n_local_ts: entries of @local_ts
 * @n_remote_ts: entries of @remote_ts
 */
struct ike_child_status {
	const char *state;
	uint32_t pair_id;
	uint32_t spi_in;
	uint32_t spi_out;
	const char *suite;
	uint64_t age_ms;
	uint64_t rekey_in_ms;
	const struct ike_ts *local_ts;
	const struct ike_ts *remote_ts;
	unsigned int n_local_ts;
	unsigned int n_remote_ts;
};

/**
 * struct ike_sa_status - an IKE SA
 * @state: in words
 * @initiator: whether we were its original initiator
 * @spi_i: initiator's SPI
 * @spi_r: responder's SPI
 * @local: our endpoint
 * @remote: the peer's endpoint, where it was followed to
 * @nat_local: we are behind a NAT
 * @nat_remote: the peer is behind a NAT
 * @suite: in words, such as aes256gcm16-prfsha384-ecp384
 * @age_ms: since it was made
 * @rekey_in_ms: until it will be rekeyed; 0 if due
 */
struct ike_sa_status {
	const char *state;
	bool initiator;
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_endpoint local;
	struct ike_endpoint remote;
	bool nat_local;
	bool nat_remote;
	const char *suite;
	uint64_t age_ms;
	uint64_t rekey_in_ms;
};

/**
 * struct ike_tunnel_status - a tunnel
 * @config: as it was added
 * @state: "up", "connecting", "waiting" (for the next try, or for traffic),
 *         "down", "no-device"
 * @last_error: why the last attempt failed, in words; NULL if none did
 * @failed: how the last attempt of ours failed, and the last one of the peer's,
 *          see failure.h; NULL if none did. These stay when the tunnel is up
 * @wanted: it is kept up, and retried for ever
 * @retry_in_ms: until the next try, in state "waiting" and if it is wanted
 * @since_ms: how long it has been up, or not been
 */
struct ike_tunnel_status {
	const struct ike_tunnel_config *config;
	const char *state;
	const char *last_error;
	const struct ike_failure *failed[2];
	bool wanted;
	uint64_t retry_in_ms;
	uint64_t since_ms;
};

/**
 * struct ike_status_visitor - is shown tunnels, the IKE SAs of each, and the
 *                             CHILD SAs of each of these, in this order
 * @tunnel: a tunnel
 * @ike_sa: an IKE SA of the last tunnel
 * @child_sa: a CHILD SA of the last IKE SA
 */
struct ike_status_visitor {
	void (*tunnel)(void *arg, const struct ike_tunnel_status *status);
	void (*ike_sa)(void *arg, const struct ike_sa_status *status);
	void (*child_sa)(void *arg, const struct ike_child_status *status);
};

/**
 * ike_engine_status() - show what there is
 * @e: the engine
 * @now: time
 * @name: one tunnel, or NULL for all
 * @visitor: is shown it; unused functions NULL
 * @arg: first argument of its functions
 *
 * Return: 0 or -ENOENT.
 */
int ike_engine_status(const struct ike_engine *e, uint64_t now,
		      const char *name,
		      const struct ike_status_visitor *visitor, void *arg);

/* X-macro of the counters: field, what it counts. */
#define IKE_COUNTERS(X)							\
	X(rx_messages, "messages taken")				\
	X(tx_messages, "messages sent, retransmissions included")	\
	X(retransmits, "requests sent again")				\
	X(replays, "requests answered from the response cache")		\
	X(rx_malformed, "dropped: not a well-formed IKEv2 message")	\
	X(rx_version, "dropped: major version other than 2")		\
	X(rx_unknown_sa, "dropped: of no IKE SA of ours")		\
	X(rx_unknown_peer, "dropped: from an address of no tunnel")	\
	X(rx_integrity, "dropped: integrity check failed")		\
	X(rx_unexpected, "dropped: not allowed in this state")		\
	X(rx_window, "dropped: message ID out of the window")		\
	X(rx_overload, "dropped: too many half-open IKE SAs")		\
	X(rx_fragments, "dropped: a message in too many octets of fragments") \
	X(invalid_ike_spis_sent, "answers that we do not have the IKE SA") \
	X(hints, "words without proof that something is wrong")		\
	X(cookies_sent, "cookies demanded")				\
	X(cookies_bad, "cookies that were wrong or old")		\
	X(auth_failures, "AUTH values that were wrong")

struct ike_counters {
#define IKE_COUNTER_FIELD(field, text) uint64_t field;
	IKE_COUNTERS(IKE_COUNTER_FIELD)
#undef IKE_COUNTER_FIELD
};

/* Return: the counters since the engine was made. */
const struct ike_counters *ike_engine_counters(const struct ike_engine *e);

#endif /* IPSVTI_IKE_ENGINE_H */
