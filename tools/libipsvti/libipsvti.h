/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libipsvti: what ipsvtictl and ipsvti-iked say to the ipsvti module, as plain
 * structs and one function for each operation of
 * Documentation/netlink/specs/ipsvti.yaml.
 *
 * Conventions, true for every function below unless it says otherwise:
 *
 * - A function returns 0, or a negative errno. On failure it fills the
 *   &struct ipsvti_error it was given; the pointer may be NULL.
 * - Numbers in the structs are in host byte order (SPIs and ports, too);
 *   addresses are in network byte order, as everywhere.
 * - A handle belongs to one thread at a time. Different handles share nothing.
 * - Requests block only for the time the kernel takes to answer them.
 * - Message buffers are wiped before a function returns. The caller's structs
 *   are the caller's to wipe: ipsvti_pair_wipe().
 */
#ifndef IPSVTI_LIBIPSVTI_H
#define IPSVTI_LIBIPSVTI_H

#include <linux/ipsvti.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * IPSVTI_HAS() - The bit that says "this attribute is present".
 * @attr: number of the attribute in its set, for example IPSVTI_A_PAIR_IN
 *
 * The model structs below have a member "has" with one such bit for each
 * attribute of their set. In a request a set bit means "send it"; in an answer
 * it means "the kernel sent it". A member whose bit is clear reads as zero.
 */
#define IPSVTI_HAS(attr) (UINT64_C(1) << (attr))

/* ---- errors ------------------------------------------------------------- */

/**
 * struct ipsvti_error - Why a request failed, fit to be shown to a person.
 * @code: positive errno; 0 if nothing failed
 * @refused: true if the kernel looked at the request and said no; false if it
 *	could not be asked, or its answer made no sense
 * @attr: path of the attribute at fault as the spec names it, for example
 *	"in.key"; empty if there is none
 * @text: what is wrong: the kernel's own text if it gave one. Without the
 *	attribute, without a newline, never empty on failure
 */
struct ipsvti_error {
	int code;
	bool refused;
	char attr[64];
	char text[512];
};

/**
 * ipsvti_error_format() - Put an error into one line.
 * @err: the error
 * @buf: where to put it
 * @len: size of @buf in octets
 *
 * The form is "TEXT (attribute ATTR)". It is cut to fit.
 *
 * Return: @buf.
 */
const char *ipsvti_error_format(const struct ipsvti_error *err, char *buf,
				size_t len);

/* ---- model -------------------------------------------------------------- */

/**
 * struct ipsvti_addr - An IPv4 or IPv6 address.
 * @family: AF_INET or AF_INET6; AF_UNSPEC (zero) for "none"
 * @v4: the address if @family is AF_INET
 * @v6: the address if @family is AF_INET6
 */
struct ipsvti_addr {
	sa_family_t family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

/**
 * struct ipsvti_counters - Packets and octets by outcome.
 * @has: bits IPSVTI_HAS(IPSVTI_A_COUNTERS_...); an older module knows fewer
 * @value: the counters by attribute number; ipsvti_counter_name() names them
 */
struct ipsvti_counters {
	uint64_t has;
	uint64_t value[IPSVTI_A_COUNTERS_MAX + 1];
};

/**
 * struct ipsvti_tunnel - A tunnel device as the data path sees it.
 * @has: bits IPSVTI_HAS(IPSVTI_A_TUNNEL_...); the bits of the addresses are
 *	not used, their families say whether they are present
 * @ifindex: index of the device
 * @ifname: name of the device
 * @local: outer source address
 * @remote: outer destination address
 * @carrier: true if an outbound SA is in use
 * @reason: why the carrier is as it is
 * @mtu: MTU in octets
 * @active_pair: id of the active pair; its bit is clear if there is none
 * @counters: see there
 */
struct ipsvti_tunnel {
	uint64_t has;
	unsigned int ifindex;
	char ifname[IF_NAMESIZE];
	struct ipsvti_addr local;
	struct ipsvti_addr remote;
	bool carrier;
	enum ipsvti_reason reason;
	uint32_t mtu;
	uint32_t active_pair;
	struct ipsvti_counters counters;
};

/**
 * struct ipsvti_limits - What an SA may protect, and what it has so far.
 * @has: bits IPSVTI_HAS(IPSVTI_A_LIMITS_...); a limit whose bit is clear is none
 * @soft_bytes: octets that the cipher is applied to, after which there is an
 *	event; 1 or more, as all limits
 * @hard_bytes: octets which are never passed; not below @soft_bytes
 * @soft_packets: the same in packets
 * @hard_packets: the same in packets
 * @soft_seconds: the same in seconds since the installation
 * @hard_seconds: the same in seconds since the installation
 * @used_bytes: what has counted so far; answers only
 * @used_packets: what has counted so far; answers only
 * @used_seconds: what has passed so far; answers only
 */
struct ipsvti_limits {
	uint64_t has;
	uint64_t soft_bytes;
	uint64_t hard_bytes;
	uint64_t soft_packets;
	uint64_t hard_packets;
	uint32_t soft_seconds;
	uint32_t hard_seconds;
	uint64_t used_bytes;
	uint64_t used_packets;
	uint64_t used_seconds;
};

/**
 * struct ipsvti_ts - A traffic selector (RFC 7296, section 3.13.1).
 * @has: bits IPSVTI_HAS(IPSVTI_A_TS_...); those of the addresses are not used, the
 *	families of both say whether they are present. What is absent is any
 * @start: first address
 * @end: last address, of the same family
 * @protocol: number of the protocol; 0, any
 * @start_port: first port, host byte order; of ICMP, 256 times the type, and the code
 * @end_port: last port; 0 with a @start_port of 65535, what is opaque
 */
struct ipsvti_ts {
	uint64_t has;
	struct ipsvti_addr start;
	struct ipsvti_addr end;
	uint8_t protocol;
	uint16_t start_port;
	uint16_t end_port;
};

/**
 * struct ipsvti_sa - One direction of a pair.
 * @has: bits IPSVTI_HAS(IPSVTI_A_SA_...)
 * @spi: security parameters index, host byte order
 * @alg: transform
 * @key: key, the one for encryption and then that for integrity if there are
 *	two; requests only. Its length on the wire is the algorithm's
 *	unless @key_len says otherwise
 * @key_len: octets of @key to send; 0 means ipsvti_alg_key_len() of @alg
 * @salt: salt; requests only
 * @salt_len: octets of @salt to send; 0 means ipsvti_alg_salt_len() of @alg
 * @replay_window: size in packets; inbound only
 * @seq: outbound, the number of the last packet sent; inbound, the highest
 *	number authenticated. In a request: the same, of an SA that was in use
 *	elsewhere before
 * @packets: packets that passed this SA; answers only
 * @bytes: octets of inner packets that passed this SA; answers only
 * @esn: it has extended sequence numbers
 * @limits: what it may protect
 * @expired: the limit it has reached last; with a hard one an inbound SA accepts
 *	nothing any more; answers only
 * @local_ts: what our end may be, the source of outbound packets and the destination
 *	of inbound ones; not in events. If its bit is clear, whatever it is
 * @local_ts_count: how many there are
 * @remote_ts: the same of the peer's end
 * @remote_ts_count: how many there are
 */
struct ipsvti_sa {
	uint64_t has;
	uint32_t spi;
	enum ipsvti_alg alg;
	uint8_t key[IPSVTI_KEY_MAX];
	size_t key_len;
	uint8_t salt[IPSVTI_SALT_MAX];
	size_t salt_len;
	uint32_t replay_window;
	uint64_t seq;
	uint64_t packets;
	uint64_t bytes;
	bool esn;
	struct ipsvti_limits limits;
	enum ipsvti_reason expired;
	struct ipsvti_ts local_ts[IPSVTI_TS_MAX];
	size_t local_ts_count;
	struct ipsvti_ts remote_ts[IPSVTI_TS_MAX];
	size_t remote_ts_count;
};

/**
 * struct ipsvti_pair - An SA pair.
 * @has: bits IPSVTI_HAS(IPSVTI_A_PAIR_...)
 * @ifindex: index of the device
 * @id: pair id, given by the kernel; unique in the network namespace
 * @state: where the pair is in its life
 * @activation: when its outbound SA is put to use
 * @encap: what stands between outer IP header and ESP, outbound
 * @encap_sport: UDP source port, host byte order
 * @encap_dport: UDP destination port, host byte order; answers and events, the
 *	one in use, see @encap_follow
 * @in: inbound SA
 * @out: outbound SA
 * @reason: why an event happened; in an answer, what an event of type
 *	IPSVTI_EVENT_EXPIRE about it said, a hard one rather than the last
 * @allow_legacy: take algorithms that are too weak for new tunnels; requests only
 * @remote: where outbound packets go; in a request, where the peer is now, if its NAT
 *	has moved it. Its bits are not used, its family says whether it is present
 * @encap_follow: with encap udp, follow the peer when its NAT moves it, as the
 *	kernel does if it is not told
 * @owner_bound: the pair goes with the socket of the request
 * @heard: its first authenticated packet has arrived; answers only
 * @auth_failed: in an event, so many packets were not authentic
 */
struct ipsvti_pair {
	uint64_t has;
	unsigned int ifindex;
	uint32_t id;
	enum ipsvti_pair_state state;
	enum ipsvti_activation activation;
	enum ipsvti_encap encap;
	uint16_t encap_sport;
	uint16_t encap_dport;
	struct ipsvti_sa in;
	struct ipsvti_sa out;
	enum ipsvti_reason reason;
	bool allow_legacy;
	struct ipsvti_addr remote;
	bool encap_follow;
	bool owner_bound;
	bool heard;
	uint32_t auth_failed;
};

/**
 * ipsvti_pair_wipe() - Overwrite a pair, keys and all, with zeros.
 * @pair: the pair
 */
void ipsvti_pair_wipe(struct ipsvti_pair *pair);

/* ---- names -------------------------------------------------------------- */

/*
 * Names are those of the spec. They are NULL for a value that this version
 * does not know; printers show the number then.
 */
const char *ipsvti_alg_name(enum ipsvti_alg alg);
const char *ipsvti_encap_name(enum ipsvti_encap encap);
const char *ipsvti_pair_state_name(enum ipsvti_pair_state state);
const char *ipsvti_activation_name(enum ipsvti_activation activation);
const char *ipsvti_reason_name(enum ipsvti_reason reason);
const char *ipsvti_df_name(enum ipsvti_df df);

/**
 * ipsvti_reason_hard() - Tell what an expired SA may still do.
 * @reason: reason of an event of type IPSVTI_EVENT_EXPIRE
 *
 * Return: true if the SA is used no more; false if it goes on.
 */
bool ipsvti_reason_hard(enum ipsvti_reason reason);

/**
 * ipsvti_counter_name() - Name of a counter as the spec has it, "tx-no-sa".
 * @attr: number from 2 (1 is padding) to IPSVTI_A_COUNTERS_MAX
 *
 * Return: the name, or NULL if @attr is none.
 */
const char *ipsvti_counter_name(unsigned int attr);

/**
 * ipsvti_alg_by_name() - Find an algorithm by its name, "aes-gcm-16-256".
 * @name: name
 * @alg: set if it is known
 *
 * Return: true if it is known.
 */
bool ipsvti_alg_by_name(const char *name, enum ipsvti_alg *alg);

/**
 * ipsvti_activation_by_name() - Find an activation by its name, "first-rx".
 * @name: name
 * @activation: set if it is known
 *
 * Return: true if it is known.
 */
bool ipsvti_activation_by_name(const char *name,
			       enum ipsvti_activation *activation);

/* Octets of key and salt an algorithm wants; 0 if it is not known. */
size_t ipsvti_alg_key_len(enum ipsvti_alg alg);
size_t ipsvti_alg_salt_len(enum ipsvti_alg alg);

/* ---- the ipsvti family -------------------------------------------------- */

/**
 * struct ipsvti_nl - A connection to the family; opaque.
 */
struct ipsvti_nl;

/**
 * ipsvti_nl_open() - Connect, and resolve the family's number.
 * @nlp: set to the connection on success
 * @err: see the top of this file
 *
 * Asking for the family makes the kernel load the module if it is installed.
 * The connection works on the caller's network namespace of this moment.
 *
 * Return: 0; -ENOENT, the kernel has no such family; another negative errno.
 */
int ipsvti_nl_open(struct ipsvti_nl **nlp, struct ipsvti_error *err);

/**
 * ipsvti_nl_close() - Close a connection. SAs stay.
 * @nl: connection; NULL does nothing
 */
void ipsvti_nl_close(struct ipsvti_nl *nl);

/**
 * ipsvti_tunnel_get() - Read one tunnel device.
 * @nl: connection
 * @ifindex: the device
 * @tunnel: filled on success
 * @err: see the top of this file
 *
 * Return: 0; -ENODEV; another negative errno.
 */
int ipsvti_tunnel_get(struct ipsvti_nl *nl, unsigned int ifindex,
		      struct ipsvti_tunnel *tunnel, struct ipsvti_error *err);

/**
 * ipsvti_tunnel_dump() - Read all tunnel devices of the namespace.
 * @nl: connection
 * @tunnels: set to an array to free() on success; NULL if there are none
 * @count: set to its length
 * @err: see the top of this file
 *
 * A dump that a change interrupted is started anew, some times; what is
 * returned is one consistent view.
 *
 * Return: 0; -EINTR, interrupted each time; another negative errno.
 */
int ipsvti_tunnel_dump(struct ipsvti_nl *nl, struct ipsvti_tunnel **tunnels,
		       size_t *count, struct ipsvti_error *err);

/**
 * ipsvti_tunnel_set() - Change outer addresses of a device, in one step.
 * @nl: connection
 * @ifindex: the device
 * @local: new outer source address; NULL, as it is
 * @remote: new outer destination address; NULL, as it is
 * @err: see the top of this file
 *
 * Return: 0 or a negative errno.
 */
int ipsvti_tunnel_set(struct ipsvti_nl *nl, unsigned int ifindex,
		      const struct ipsvti_addr *local,
		      const struct ipsvti_addr *remote,
		      struct ipsvti_error *err);

/**
 * ipsvti_spi_alloc() - Reserve a random inbound SPI as a larval pair.
 * @nl: connection
 * @ifindex: the device
 * @reserve_time: seconds the reservation lives; 0, the module's default
 * @pair: on success @pair->id and @pair->in.spi are set
 * @err: see the top of this file
 *
 * Return: 0 or a negative errno.
 */
int ipsvti_spi_alloc(struct ipsvti_nl *nl, unsigned int ifindex,
		     uint32_t reserve_time, struct ipsvti_pair *pair,
		     struct ipsvti_error *err);

/**
 * ipsvti_sa_pair_new() - Install both SAs of a pair, or neither.
 * @nl: connection
 * @pair: the pair: ifindex, and what has its bit set in @pair->has and in the
 *	"has" of @pair->in and @pair->out. With IPSVTI_A_PAIR_PAIR_ID a larval
 *	pair is completed, without it a new one is made
 * @reply: id and state of the pair on success; may be NULL, must not be @pair
 * @err: see the top of this file; @err->attr is for example "in.key"
 *
 * Return: 0; -EEXIST, the SPI is taken; -EOPNOTSUPP, the kernel lacks the
 * algorithm; -EINVAL, an attribute is wrong; another negative errno.
 */
int ipsvti_sa_pair_new(struct ipsvti_nl *nl, const struct ipsvti_pair *pair,
		       struct ipsvti_pair *reply, struct ipsvti_error *err);

/**
 * ipsvti_sa_activate() - Put the outbound SA of a staged pair to use.
 * @nl: connection
 * @ifindex: the device
 * @pair_id: the pair; an active one is left as it is
 * @err: see the top of this file
 *
 * Return: 0; -ENOENT, no such pair; another negative errno.
 */
int ipsvti_sa_activate(struct ipsvti_nl *nl, unsigned int ifindex,
		       uint32_t pair_id, struct ipsvti_error *err);

/**
 * ipsvti_sa_get() - Read one pair, without keys.
 * @nl: connection
 * @ifindex: the device
 * @pair_id: the pair
 * @pair: filled on success
 * @err: see the top of this file
 *
 * Return: 0; -ENOENT, no such pair; another negative errno.
 */
int ipsvti_sa_get(struct ipsvti_nl *nl, unsigned int ifindex, uint32_t pair_id,
		  struct ipsvti_pair *pair, struct ipsvti_error *err);

/**
 * ipsvti_sa_dump() - Read all pairs of a device or of the namespace.
 * @nl: connection
 * @ifindex: the device; 0, all of the namespace
 * @pairs: set to an array to free() on success; NULL if there are none
 * @count: set to its length
 * @err: see the top of this file
 *
 * Consistent as ipsvti_tunnel_dump() is.
 *
 * Return: 0; -EINTR, interrupted each time; another negative errno.
 */
int ipsvti_sa_dump(struct ipsvti_nl *nl, unsigned int ifindex,
		   struct ipsvti_pair **pairs, size_t *count,
		   struct ipsvti_error *err);

/**
 * ipsvti_sa_del() - Remove a pair: outbound at once, inbound after a while.
 * @nl: connection
 * @ifindex: the device
 * @pair_id: the pair
 * @grace: seconds the inbound SA goes on being accepted; 0, none
 * @err: see the top of this file
 *
 * Return: 0; -ENOENT, no such pair; another negative errno.
 */
int ipsvti_sa_del(struct ipsvti_nl *nl, unsigned int ifindex, uint32_t pair_id,
		  uint32_t grace, struct ipsvti_error *err);

/**
 * ipsvti_sa_flush() - Remove all pairs of a device at once.
 * @nl: connection
 * @ifindex: the device
 * @err: see the top of this file
 *
 * Return: 0 or a negative errno.
 */
int ipsvti_sa_flush(struct ipsvti_nl *nl, unsigned int ifindex,
		    struct ipsvti_error *err);

/* ---- events ------------------------------------------------------------- */

/**
 * enum ipsvti_event_type - What happened.
 * @IPSVTI_EVENT_CARRIER: tunnel: ifindex, ifname, carrier, reason, active_pair
 * @IPSVTI_EVENT_SA_DEL: pair: ifindex, id, in.spi, out.spi, reason
 * @IPSVTI_EVENT_FIRST_RX: pair: ifindex, id, state
 * @IPSVTI_EVENT_EXPIRE: pair: ifindex, id, reason, and the SA it is about: "has" says
 *	if it is in or out
 * @IPSVTI_EVENT_ACQUIRE: tunnel: ifindex, ifname
 * @IPSVTI_EVENT_FLOAT: pair: ifindex, id, remote, encap_dport
 * @IPSVTI_EVENT_AUTH_FAIL: pair: ifindex, in.spi, auth_failed; no id
 * @IPSVTI_EVENT_LOST: neither: the socket overflowed and an unknown number of
 *	events is lost. All they said is in the dumps: read these again
 */
enum ipsvti_event_type {
	IPSVTI_EVENT_CARRIER,
	IPSVTI_EVENT_SA_DEL,
	IPSVTI_EVENT_FIRST_RX,
	IPSVTI_EVENT_EXPIRE,
	IPSVTI_EVENT_ACQUIRE,
	IPSVTI_EVENT_FLOAT,
	IPSVTI_EVENT_AUTH_FAIL,
	IPSVTI_EVENT_LOST,
};

/**
 * struct ipsvti_event - One event.
 * @type: what happened; says which of the others is filled
 * @tunnel: the device
 * @pair: the pair
 */
struct ipsvti_event {
	enum ipsvti_event_type type;
	union {
		struct ipsvti_tunnel tunnel;
		struct ipsvti_pair pair;
	};
};

/**
 * typedef ipsvti_event_cb - Called for each event, in order.
 * @event: the event; valid until the function returns
 * @data: as given to ipsvti_events_read()
 *
 * It must not close the subscription it is called from.
 */
typedef void (*ipsvti_event_cb)(const struct ipsvti_event *event, void *data);

/**
 * struct ipsvti_events - A subscription to the family's events; opaque.
 */
struct ipsvti_events;

/**
 * ipsvti_events_open() - Subscribe.
 * @eventsp: set to the subscription on success
 * @err: see the top of this file
 *
 * What happens after the return is told. Subscribe first and dump then, and
 * nothing falls between.
 *
 * Return: 0; -ENOENT, the kernel has no such family; another negative errno.
 */
int ipsvti_events_open(struct ipsvti_events **eventsp,
		       struct ipsvti_error *err);

/**
 * ipsvti_events_close() - End a subscription.
 * @events: subscription; NULL does nothing
 */
void ipsvti_events_close(struct ipsvti_events *events);

/**
 * ipsvti_events_fd() - The descriptor to poll for reading.
 * @events: subscription
 *
 * Return: a non-blocking descriptor that belongs to @events.
 */
int ipsvti_events_fd(const struct ipsvti_events *events);

/**
 * ipsvti_events_read() - Read what has happened; never blocks.
 * @events: subscription
 * @cb: called for each event
 * @data: handed to @cb
 * @err: see the top of this file
 *
 * Messages that are not from the kernel, that are damaged, or of a kind this
 * version does not know are skipped.
 *
 * Return: 0, nothing more to read; a negative errno, the socket is broken.
 */
int ipsvti_events_read(struct ipsvti_events *events, ipsvti_event_cb cb,
		       void *data, struct ipsvti_error *err);

/* ---- links (rtnetlink) -------------------------------------------------- */

/**
 * struct ipsvti_link - A network device, and its options if it is an ipsvti.
 * @has: bits IPSVTI_HAS(IFLA_IPSVTI_...); those of the addresses are not used
 * @ifindex: index; answers only
 * @name: name
 * @kind: kind, "ipsvti", or empty for a device without one; answers only
 * @up: administratively up
 * @carrier: lower layer up; answers only
 * @mtu: MTU in octets; in ipsvti_link_add() 0 leaves it to the device
 * @local: outer source address
 * @remote: outer destination address
 * @link: index of the underlay device
 * @fwmark: mark of outer packets
 * @ttl: TTL or hop limit; 0, the route's
 * @dscp: DSCP, or IPSVTI_DSCP_COPY
 * @df: where the outer DF bit comes from
 * @mtu_auto: the device derives its MTU itself
 * @mss_clamp: largest TCP segment, or IPSVTI_MSS_CLAMP_OFF or IPSVTI_MSS_CLAMP_AUTO
 * @pre_frag: inner packets that may be cut are cut before encryption
 */
struct ipsvti_link {
	uint64_t has;
	unsigned int ifindex;
	char name[IF_NAMESIZE];
	char kind[16];
	bool up;
	bool carrier;
	uint32_t mtu;
	struct ipsvti_addr local;
	struct ipsvti_addr remote;
	unsigned int link;
	uint32_t fwmark;
	uint8_t ttl;
	uint8_t dscp;
	enum ipsvti_df df;
	bool mtu_auto;
	uint32_t mss_clamp;
	bool pre_frag;
};

/**
 * struct ipsvti_rtnl - A connection to rtnetlink; opaque.
 */
struct ipsvti_rtnl;

/**
 * ipsvti_rtnl_open() - Connect to rtnetlink; needs no module.
 * @rtp: set to the connection on success
 * @err: see the top of this file
 *
 * Return: 0 or a negative errno.
 */
int ipsvti_rtnl_open(struct ipsvti_rtnl **rtp, struct ipsvti_error *err);

/**
 * ipsvti_rtnl_close() - Close a connection.
 * @rt: connection; NULL does nothing
 */
void ipsvti_rtnl_close(struct ipsvti_rtnl *rt);

/**
 * ipsvti_link_get() - Find a device by name, whatever its kind.
 * @rt: connection
 * @name: name of the device
 * @link: filled on success; options only if its kind is "ipsvti"
 * @err: see the top of this file
 *
 * Return: 0; -ENODEV, no such device; another negative errno.
 */
int ipsvti_link_get(struct ipsvti_rtnl *rt, const char *name,
		    struct ipsvti_link *link, struct ipsvti_error *err);

/**
 * ipsvti_link_add() - Create a device of kind ipsvti.
 * @rt: connection
 * @link: name, addresses, up, mtu, and the options with their bit in "has"
 * @err: see the top of this file; @err->attr is for example "local"
 *
 * The kernel loads the module if it is installed. The device's index is read
 * with ipsvti_link_get().
 *
 * Return: 0; -EEXIST, the name is taken; -EOPNOTSUPP, the kernel does not know
 * the kind; another negative errno.
 */
int ipsvti_link_add(struct ipsvti_rtnl *rt, const struct ipsvti_link *link,
		    struct ipsvti_error *err);

/**
 * ipsvti_link_set_up() - Set a device up or down.
 * @rt: connection
 * @ifindex: the device
 * @up: true, up; false, down
 * @err: see the top of this file
 *
 * Return: 0; -ENODEV; another negative errno.
 */
int ipsvti_link_set_up(struct ipsvti_rtnl *rt, unsigned int ifindex, bool up,
		       struct ipsvti_error *err);

/**
 * ipsvti_link_del() - Remove a device.
 * @rt: connection
 * @ifindex: the device
 * @err: see the top of this file
 *
 * Return: 0; -ENODEV; another negative errno.
 */
int ipsvti_link_del(struct ipsvti_rtnl *rt, unsigned int ifindex,
		    struct ipsvti_error *err);

/* ---- addresses (rtnetlink) ----------------------------------------------- */

/**
 * ipsvti_addr_find() - Look whether an address is one of this machine.
 * @rt: connection
 * @addr: the address
 * @ifindex: set to the device that has it, in whatever VRF; 0, none has
 * @err: see the top of this file
 *
 * Return: 0; -ESTALE, addresses changed meanwhile and it is to be asked again;
 * another negative errno.
 */
int ipsvti_addr_find(struct ipsvti_rtnl *rt, const struct ipsvti_addr *addr,
		     unsigned int *ifindex, struct ipsvti_error *err);

/**
 * ipsvti_addr_binds() - Look whether a program may have an address for its own.
 * @addr: the address
 *
 * That is asked of the kernel in the way that programs do it, so it includes addresses by
 * a local route, and any at all with the sysctls net.ipv4.ip_nonlocal_bind and
 * net.ipv6.ip_nonlocal_bind, which who runs VRRP sets. Not included are those of a VRF,
 * and those that IPv6 is still looking whether another machine has them.
 *
 * Return: whether it may.
 */
bool ipsvti_addr_binds(const struct ipsvti_addr *addr);

/* ---- routes, and changes of everything (rtnetlink) ----------------------- */

/**
 * struct ipsvti_route - Where packets to an address leave.
 * @ifindex: the device
 * @gateway: next hop; its family is AF_UNSPEC if there is none
 */
struct ipsvti_route {
	unsigned int ifindex;
	struct ipsvti_addr gateway;
};

/**
 * ipsvti_route_get() - Ask which way packets between two addresses would go.
 * @rt: connection
 * @local: source address
 * @remote: destination address, of the same family
 * @route: filled on success, zeroed otherwise
 * @err: see the top of this file
 *
 * Return: 0; -ENETUNREACH and the like, there is no route; -EINVAL, @local is
 * not an address of this machine (IPv4 only); another negative errno.
 */
int ipsvti_route_get(struct ipsvti_rtnl *rt, const struct ipsvti_addr *local,
		     const struct ipsvti_addr *remote,
		     struct ipsvti_route *route, struct ipsvti_error *err);

/**
 * ipsvti_route_get_by() - The same of packets that are not like all others.
 * @rt: connection
 * @local: see there
 * @remote: see there
 * @mark: mark of the packets; 0, none
 * @oif: index of the device, or of the VRF, that they are bound to; 0, none
 * @route: see there
 * @err: see there
 *
 * Return: see there.
 */
int ipsvti_route_get_by(struct ipsvti_rtnl *rt, const struct ipsvti_addr *local,
			const struct ipsvti_addr *remote, uint32_t mark,
			unsigned int oif, struct ipsvti_route *route,
			struct ipsvti_error *err);

/**
 * enum ipsvti_change_type - What has changed.
 * @IPSVTI_CHANGE_LINK: link: a device is new or another than before, in its
 *	name for example
 * @IPSVTI_CHANGE_LINK_GONE: link.ifindex: a device is gone
 * @IPSVTI_CHANGE_ROUTING: an address or a route came or went
 * @IPSVTI_CHANGE_LOST: an unknown number of changes was not heard of
 */
enum ipsvti_change_type {
	IPSVTI_CHANGE_LINK,
	IPSVTI_CHANGE_LINK_GONE,
	IPSVTI_CHANGE_ROUTING,
	IPSVTI_CHANGE_LOST,
};

/**
 * struct ipsvti_change - One change.
 * @type: what has changed; says whether @link is filled
 * @link: the device
 */
struct ipsvti_change {
	enum ipsvti_change_type type;
	struct ipsvti_link link;
};

/**
 * typedef ipsvti_change_cb - Called for each change, in order.
 * @change: the change; valid until the function returns
 * @data: as given to ipsvti_monitor_read()
 */
typedef void (*ipsvti_change_cb)(const struct ipsvti_change *change,
				 void *data);

/**
 * struct ipsvti_monitor - A subscription to changes; opaque.
 */
struct ipsvti_monitor;

/**
 * ipsvti_monitor_open() - Subscribe; needs no module.
 * @monitorp: set to the subscription on success
 * @err: see the top of this file
 *
 * Return: 0 or a negative errno.
 */
int ipsvti_monitor_open(struct ipsvti_monitor **monitorp,
			struct ipsvti_error *err);

/**
 * ipsvti_monitor_close() - End a subscription.
 * @monitor: subscription; NULL does nothing
 */
void ipsvti_monitor_close(struct ipsvti_monitor *monitor);

/**
 * ipsvti_monitor_fd() - The descriptor to poll for reading.
 * @monitor: subscription
 *
 * Return: a descriptor that belongs to @monitor.
 */
int ipsvti_monitor_fd(const struct ipsvti_monitor *monitor);

/**
 * ipsvti_monitor_read() - Read what has changed; never blocks.
 * @monitor: subscription
 * @cb: called for each change
 * @data: handed to @cb
 * @err: see the top of this file
 *
 * Return: 0, nothing more to read; a negative errno, the socket is broken.
 */
int ipsvti_monitor_read(struct ipsvti_monitor *monitor, ipsvti_change_cb cb,
			void *data, struct ipsvti_error *err);

#endif /* IPSVTI_LIBIPSVTI_H */
