/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns whom inside the engine:
 *
 *	engine ── tunnels: what is configured, and whether it is wanted
 *	       └─ IKE SAs ── window: message IDs, request in flight, last response
 *	                  ├─ handshake: what is only needed until it is established
 *	                  ├─ negotiation: a CREATE_CHILD_SA request in flight
 *	                  └─ CHILD SAs: each one pair in the kernel
 *
 * An IKE SA points to its tunnel once it knows it. Handlers never free an IKE
 * or CHILD SA: they set its state to DEAD or GONE, and ike_engine_settle(),
 * the last thing behind each of the engine's doors, frees what is left.
 */
#ifndef IPSVTI_IKE_CORE_H
#define IPSVTI_IKE_CORE_H

#include "because.h"
#include "cookie.h"
#include "engine.h"
#include "followup.h"
#include "fragment.h"
#include "intauth.h"
#include "keymat.h"
#include "sk.h"
#include "ts.h"

/* ---------------------------------------------------------------- timers */

#define IKE_RETRANSMIT_MS	500	/* first; then doubled up to the cap */
#define IKE_RETRANSMIT_CAP_MS	1500
#define IKE_TRANSMISSIONS	6	/* then the peer is dead: after 7.5 s */
#define IKE_SILENT_MS		7500	/* ... with each IKE SA that is as silent */
#define IKE_RENEWALS		2	/* as often a peer that lives gets them anew */
#define IKE_ESP_LIVES_MS	2000	/* as recent are packets that show it */
#define IKE_SURE_TRANSMISSIONS	2	/* then it is looked for where it was before, too */
#define IKE_AUTH_TRANSMISSIONS	21	/* 30 s: it may have to ask others who we are,
					 * or a card for its signature
					 */
#define IKE_HALF_OPEN_MS	30000	/* the same of an initiator, ... */
#define IKE_CROWDED_MS		10000	/* ... and while cookies are demanded */
#define IKE_RETRY_MS		1000	/* first retry; doubled up to the cap */
#define IKE_RETRY_CAP_MS	30000	/* with a peer that refuses, and ... */
#define IKE_SILENT_CAP_MS	2000	/* ... with one that does not answer: it
					 * shall not wait long once it is back
					 */
#define IKE_CONFIRM_MS		100	/* see ike_child_confirm() */
#define IKE_UNCONFIRMED_MS	10000	/* what the peer may not have, it cannot
					 * delete
					 */
#define IKE_REFUSAL_MS		3000	/* IKE_SA_INIT may be answered otherwise yet */
#define IKE_COLLISION_MS	2000	/* after TEMPORARY_FAILURE, and jitter */
#define IKE_COLLISIONS		3	/* so often; then, of a CHILD SA, ... */
#define IKE_PUT_OFF_CAP_MS	15000	/* ... doubled up to that, and jitter */
#define IKE_OVERTIME_MS		10000	/* for a rekey that collides more than once */
#define IKE_REFUSED_MS		30000	/* after a rekey was refused */
#define IKE_OUT_OF_STEP_MS	180000	/* of TEMPORARY_FAILURE, and the IKE SA is
					 * made anew
					 */
#define IKE_IN_A_ROW_MS		45000	/* two of them further apart are strangers */
#define IKE_PEER_DELETES_MS	30000	/* for the peer to delete what it must */
#define IKE_DUPLICATE_MS	10000	/* the same of a whole IKE SA */
#define IKE_CHILDLESS_MS	2000	/* for an initiator that wants its CHILD SA
					 * later to ask for it
					 */
#define IKE_KEEPALIVE_MS	20000	/* RFC 3948, section 4 */
#define IKE_GRACE_S		10	/* a replaced inbound SA lives on */
#define IKE_GOING_MAX		8	/* of those, how many are remembered */
#define IKE_RESERVE_S		60	/* an SPI, for an exchange to complete */
#define IKE_FOLLOWUP_MS		20000	/* for the peer's next additional key exchange, ... */
#define IKE_FOLLOWUPS_MS	50000	/* ... and for all: an SPI is reserved that long */
#define IKE_NONCE_LEN		32	/* half the longest PRF key, twice over */
#define IKE_ORPHANS_MAX		16
#define IKE_CHILD_REFUSALS	3	/* then the IKE SA is made anew */
#define IKE_STRAY_ANSWERS	5	/* to what belongs to no IKE SA, ... */
#define IKE_STRAY_MS		10000	/* ... in such a time */
#define IKE_HINT_MS		10000	/* between probes that a hint causes */

/* ---------------------------------------------------------------- window */

/* What our request in flight is about. */
enum ike_exchange_kind {
	IKE_X_NONE,
	IKE_X_INIT,
	IKE_X_AUTH,
	IKE_X_LIVENESS,
	IKE_X_DELETE_IKE,
	IKE_X_DELETE_CHILD,
	IKE_X_NEW_CHILD,
	IKE_X_REKEY_CHILD,
	IKE_X_REKEY_IKE,
	IKE_X_INTERMEDIATE,
	IKE_X_FOLLOWUP_CHILD,	/* of IKE_X_NEW_CHILD, IKE_X_REKEY_CHILD */
	IKE_X_FOLLOWUP_IKE,	/* of IKE_X_REKEY_IKE */
};

/**
 * struct ike_window - message IDs and what goes with them (RFC 7296, section
 *                     2.1 to 2.3); the window is one in both directions
 * @kind: our request in flight; IKE_X_NONE: there is none
 * @next_id: message ID of our next request, or of the one in flight
 * @request: its octets, sent again as they are; if it is in fragments, these
 *           one behind the other
 * @request_len: octets of @request
 * @transmissions: how often it was sent, since the peer last showed that it lives
 * @renewals: how often it has shown that meanwhile
 * @resend_at: when it is sent next
 * @expected_id: message ID of the peer's next request
 * @answering: that one has come, and its handler is at work
 * @response: our answer to the one before it; the same with fragments
 * @response_len: octets of @response
 */
struct ike_window {
	enum ike_exchange_kind kind;
	uint32_t next_id;
	uint8_t *request;
	size_t request_len;
	unsigned int transmissions;
	unsigned int renewals;
	uint64_t resend_at;
	uint32_t expected_id;
	bool answering;
	uint8_t *response;
	size_t response_len;
};

/* ---------------------------------------------------------------- tunnel */

/**
 * struct ike_tunnel - a tunnel
 * @next: in the engine's list
 * @owner: the tunnel whose IKE SA it shares, itself if it has its own; NULL: there
 *         is no such tunnel yet, or any more
 * @sharer: the next one that shares its IKE SA, or its owner's
 * @config: as given, with defaults filled in
 * @local_ts: our traffic selectors
 * @remote_ts: the peer's
 * @wanted: keep it up
 * @asked: its CHILD SA is wanted once: a packet has asked for it, or its IKE SA
 *         was made without one
 * @barred: a person wants it down: not even answered
 * @up: an outbound SA is in use
 * @since: when @up has changed last
 * @at: where its peer was followed to from there, see ike_tunnel_peer_at(); of no
 *      family: nowhere
 * @swept: pairs of an earlier engine were looked for and retired
 * @going: pairs of our own that were retired before that, the last ones
 * @n_going: how many there were
 * @used: one of its outbound SAs is in use, when ike_tunnels_look() looked
 * @held: one of its pairs is held back; the same
 * @live: one of its IKE SAs is there or being made; the same
 * @lingers: one of its IKE SAs is one too many; the same
 * @sought: it wants an IKE SA, or one that shares it does; the same
 * @silent: the attempt that is failing got no answer
 * @put_off: TEMPORARY_FAILUREs to requests for a CHILD SA since there was one
 * @failures: attempts that failed in a row
 * @retry_at: earliest time of the next attempt
 * @last_error: why the last one failed; empty: it did not
 * @failed: what is known of it, and of the last one of the peer's; see because.h
 */
struct ike_tunnel {
	struct ike_tunnel *next;
	struct ike_tunnel *owner;
	struct ike_tunnel *sharer;
	struct ike_tunnel_config config;
	struct ike_ts_set local_ts;
	struct ike_ts_set remote_ts;
	bool wanted;
	bool asked;
	bool barred;
	bool up;
	uint64_t since;
	struct ike_address at;
	bool swept;
	uint32_t going[IKE_GOING_MAX];
	unsigned int n_going;
	bool used;
	bool held;
	bool live;
	bool lingers;
	bool sought;
	bool silent;
	unsigned int put_off;
	unsigned int failures;
	uint64_t retry_at;
	char last_error[400];
	struct ike_failure *failed[2];
};

/* -------------------------------------------------------------- CHILD SA */

#define IKE_CHILD_STATES(X)						\
	X(INSTALLED, "installed")	/* in the kernel */		\
	X(REKEYED, "rekeyed")		/* replaced; the peer deletes it */ \
	X(DELETING, "deleting")		/* our DELETE is in flight */	\
	X(GONE, "gone")			/* to be freed */

enum ike_child_state {
#define IKE_CHILD_STATE_ENUM(id, name) IKE_CHILD_##id,
	IKE_CHILD_STATES(IKE_CHILD_STATE_ENUM)
#undef IKE_CHILD_STATE_ENUM
};

/**
 * struct ike_child - a CHILD SA: one pair in the kernel
 * @next: in the IKE SA's list
 * @sa: its IKE SA
 * @tunnel: its tunnel, @sa's or one that shares it
 * @state: see IKE_CHILD_STATES
 * @pair_id: of its pair
 * @spi_in: what the peer sends with, and our name for it in DELETE
 * @spi_out: what we send with, and the peer's name for it
 * @choice: its suite
 * @local_ts: traffic selectors of our end, as agreed on
 * @remote_ts: the same of the peer's end
 * @in_use: our outbound traffic leaves by it
 * @replaced: it did, and the kernel does not go back to it
 * @armed: the kernel will use it by itself when a packet comes in
 * @disarmed: its outbound SA was taken from the kernel so that it cannot
 * @held: installed with IKE_ACTIVATE_MANUAL: it lost a collision
 * @yields: it goes once the peer has the one that won against it
 * @confirmed: the peer is known to have it, too
 * @awaits: put to use once it is confirmed
 * @confirm_id: by a request of the peer's with this message ID or a later one
 * @by_auth: made in IKE_AUTH, so whoever answers a request has its keys
 * @want_rekey: rekey it as soon as possible
 * @put_off: TEMPORARY_FAILUREs to requests to rekey it
 * @want_delete: delete it as soon as possible
 * @lowest: the lower of the two nonces that made it (section 2.8.1)
 * @installed_at: time
 * @rekey_at: time
 * @expire_at: time by which it must be gone
 * @spent: a limit of the kernel's is near, and that was told
 * @ended: one is reached, and that was told
 */
struct ike_child {
	struct ike_child *next;
	struct ike_sa *sa;
	struct ike_tunnel *tunnel;
	enum ike_child_state state;
	uint32_t pair_id;
	uint32_t spi_in;
	uint32_t spi_out;
	struct ike_choice choice;
	struct ike_ts_set local_ts;
	struct ike_ts_set remote_ts;
	bool in_use;
	bool replaced;
	bool armed;
	bool disarmed;
	bool held;
	bool yields;
	bool confirmed;
	bool awaits;
	uint32_t confirm_id;
	bool by_auth;
	bool want_rekey;
	unsigned int put_off;
	bool want_delete;
	struct ike_nonce lowest;
	uint64_t installed_at;
	uint64_t rekey_at;
	uint64_t expire_at;
	bool spent;
	bool ended;
};

/**
 * struct ike_negotiation - what we have put into a request for new keys
 * @tunnel: whose CHILD SA it is to be; NULL with IKE_X_REKEY_IKE, and if the tunnel
 *          does not want it any more
 * @pair_id: reserved pair; 0: none
 * @spi_in: its inbound SPI
 * @spi: SPI of the new IKE SA, with IKE_X_REKEY_IKE
 * @old: the CHILD SA that is rekeyed; NULL: none, or it is gone by now
 * @old_expires_at: when that one ends if nothing follows it
 * @dh: our key exchange; NULL without PFS
 * @retried_ke: an INVALID_KE_PAYLOAD was followed once
 * @nonce: our nonce
 * @rekeys: it is a rekey, be @old gone by now or not
 * @followup: what was agreed on, once the peer has answered
 * @collided: the peer asked for the same in the meantime, and we agreed
 * @peer_lowest: lower of the two nonces of the peer's exchange
 * @peer_child: what it made; NULL: none, or it is gone by now
 * @peer_sa: the same with IKE_X_REKEY_IKE
 */
struct ike_negotiation {
	struct ike_tunnel *tunnel;
	uint32_t pair_id;
	uint32_t spi_in;
	uint64_t spi;
	struct ike_child *old;
	uint64_t old_expires_at;
	struct ike_dh *dh;
	bool retried_ke;
	struct ike_nonce nonce;
	bool rekeys;
	struct ike_followup *followup;
	bool collided;
	struct ike_nonce peer_lowest;
	struct ike_child *peer_child;
	struct ike_sa *peer_sa;
};

/**
 * struct ike_orphan - a CHILD SA that only the peer still has
 * @spi_in: what the peer sends with, and our name for it in DELETE
 * @at: when to delete it; not before the peer has it
 */
struct ike_orphan {
	uint32_t spi_in;
	uint64_t at;
};

/* ---------------------------------------------------------------- IKE SA */

#define IKE_SA_STATES(X)						\
	X(INIT_SENT, "init-sent")	/* we wait for IKE_SA_INIT */	\
	X(AUTH_SENT, "auth-sent")	/* we wait for IKE_AUTH, or what is before it */ \
	X(LEAVING, "leaving")		/* the same, but only to say goodbye */ \
	X(HALF_OPEN, "half-open")	/* the peer must authenticate */ \
	X(ESTABLISHED, "established")					\
	X(REKEYED, "rekeyed")		/* replaced; to be deleted */	\
	X(FORGOTTEN, "forgotten")	/* see ike_sa_forget() */	\
	X(DELETING, "deleting")		/* our DELETE is in flight */	\
	X(DEAD, "dead")			/* to be freed */

enum ike_sa_state {
#define IKE_SA_STATE_ENUM(id, name) IKE_SA_##id,
	IKE_SA_STATES(IKE_SA_STATE_ENUM)
#undef IKE_SA_STATE_ENUM
};

/**
 * struct ike_handshake - what is only needed until AUTH was checked
 * @dh: our key exchange
 * @nonce_i: initiator's nonce
 * @nonce_r: responder's nonce
 * @init_i: initiator's IKE_SA_INIT message, as sent last
 * @init_i_len: its octets
 * @init_r: responder's
 * @init_r_len: its octets
 * @cookie: that the responder wants back
 * @cookie_len: its octets; 0: none
 * @cookies: how many we were sent
 * @refused_until: an error was said, which had no proof; when it is believed. 0: none
 * @refused_by: its notification
 * @refused_for: with INVALID_KE_PAYLOAD: the key exchange that it wants
 * @ke_tried: bit for each group of the suite that was tried
 * @hashes: hash functions the peer knows for signatures (RFC 7427), as bits
 * @childless: we do not ask for a CHILD SA in IKE_AUTH (RFC 6023)
 * @ke: our additional key exchange in flight
 * @add_ke: which one comes next, if it was agreed on
 * @int_auth: what AUTH covers of them
 * @next: as responder, the keys to come; while a request is answered only
 * @before: as responder, the keys that the last one of them was protected by, for
 *          when it comes again
 * @before_id: message ID of that; 0: there was none
 */
struct ike_handshake {
	struct ike_dh *dh;
	struct ike_nonce nonce_i;
	struct ike_nonce nonce_r;
	uint8_t *init_i;
	size_t init_i_len;
	uint8_t *init_r;
	size_t init_r_len;
	uint8_t cookie[64];
	size_t cookie_len;
	unsigned int cookies;
	uint64_t refused_until;
	uint16_t refused_by;
	uint16_t refused_for;
	uint64_t ke_tried;
	uint16_t hashes;
	bool childless;
	struct ike_ke *ke;
	unsigned int add_ke;
	struct ike_int_auth int_auth;
	struct ike_keys next;
	struct ike_keys before;
	uint32_t before_id;
};

/**
 * struct ike_origin - the handshake an IKE SA goes back to; rekeys keep it
 * @at: when the peer was authenticated
 * @order: the same as ike_order() counts
 * @initiator: we have initiated it
 * @shared: the peer is known to have it established, too
 * @lowest: lower of its two nonces
 */
struct ike_origin {
	uint64_t at;
	uint64_t order;
	bool initiator;
	bool shared;
	struct ike_nonce lowest;
};

/**
 * struct ike_sa - an IKE SA
 * @next: in the engine's list
 * @e: the engine
 * @tunnel: its tunnel; NULL while half-open, and if it was removed since
 * @state: see IKE_SA_STATES
 * @initiator: we are its original initiator
 * @spi_i: initiator's SPI
 * @spi_r: responder's SPI
 * @local: our endpoint
 * @remote: the peer's
 * @before: where the peer was before it was followed to @remote; of no family: nowhere
 * @nat_local: we are behind a NAT
 * @nat_remote: the peer is
 * @choice: its suite
 * @keys: its keys
 * @iv: last IV we used under them
 * @window: its message IDs
 * @fragmentation: both ends know fragments (RFC 7383)
 * @requests: fragments of the peer's next request
 * @responses: fragments of the response to ours
 * @handshake: NULL once established
 * @neg: our CREATE_CHILD_SA, or the CHILD SA half of IKE_AUTH, in flight
 * @pending: the peer's CREATE_CHILD_SA, while its additional key exchanges are done
 * @deleting: the CHILD SA our IKE_X_DELETE_CHILD is about; NULL: it is gone by now
 * @orphans: CHILD SAs that we do not have any more, but the peer does
 * @n_orphans: entries of @orphans
 * @children: its CHILD SAs
 * @lowest: lower of the two nonces that made it
 * @origin: where it comes from
 * @reauth: shall replace another one of the tunnel, which is kept until then
 * @redundant: another IKE SA of the tunnel is the one to use
 * @ours_to_delete: redundant: we delete it once the other one is in use
 * @linger_until: redundant: when we delete it, should the peer not do it; 0:
 *                it is for a rekey to decide
 * @want_delete: delete it as soon as possible
 * @want_rekey: rekey it as soon as possible
 * @want_probe: probe the peer as soon as possible
 * @peer_knows: the peer has deleted it, too: packets may still be on their way
 * @child_refusals: requests for a new CHILD SA refused in a row
 * @child_retry_at: earliest time of the next one
 * @put_off_since: when the first TEMPORARY_FAILURE in a row came; 0: none
 * @put_off_at: when the last one came
 * @rx_seen: packets the kernel had authenticated when asked last
 * @created_at: time
 * @order: the same as ike_order() counts
 * @rekey_at: time
 * @reauth_at: when to make a new one by IKE_SA_INIT and IKE_AUTH
 * @auth_until: time by which that must have been done
 * @expire_at: time by which it must be gone
 * @heard_at: when the peer was last known to live
 * @esp_at: when it was last seen to send packets
 * @confirm_at: when to ask the peer whether it has the first CHILD SA's keys
 * @look_at: when to ask the kernel whether it still does
 * @keepalive_at: when to send a NAT keepalive
 * @doubted: the peer has perhaps started anew since IKE_SA_INIT: no patience with
 *           its answer to IKE_AUTH
 * @hint_at: before then, no word without proof has us probe the peer
 */
struct ike_sa {
	struct ike_sa *next;
	struct ike_engine *e;
	struct ike_tunnel *tunnel;
	enum ike_sa_state state;
	bool initiator;
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_endpoint local;
	struct ike_endpoint remote;
	struct ike_endpoint before;
	bool nat_local;
	bool nat_remote;
	struct ike_choice choice;
	struct ike_keys keys;
	uint64_t iv;
	struct ike_window window;
	bool fragmentation;
	struct ike_reassembly requests;
	struct ike_reassembly responses;
	struct ike_handshake *handshake;
	struct ike_negotiation *neg;
	struct ike_pending *pending;
	struct ike_child *deleting;
	struct ike_orphan orphans[IKE_ORPHANS_MAX];
	unsigned int n_orphans;
	struct ike_child *children;
	struct ike_nonce lowest;
	struct ike_origin origin;
	bool reauth;
	bool redundant;
	bool ours_to_delete;
	uint64_t linger_until;
	bool want_delete;
	bool want_rekey;
	bool want_probe;
	bool peer_knows;
	unsigned int child_refusals;
	uint64_t child_retry_at;
	uint64_t put_off_since;
	uint64_t put_off_at;
	uint64_t rx_seen;
	uint64_t created_at;
	uint64_t order;
	uint64_t rekey_at;
	uint64_t reauth_at;
	uint64_t auth_until;
	uint64_t expire_at;
	uint64_t heard_at;
	uint64_t esp_at;
	uint64_t confirm_at;
	uint64_t look_at;
	uint64_t keepalive_at;
	bool doubted;
	uint64_t hint_at;
};

/* ---------------------------------------------------------------- engine */

#define IKE_SUITE_TEXT 200	/* octets of a suite in a message to people */
#define IKE_BUILD_MAX 24576	/* octets of the largest chain we write */

/**
 * struct ike_engine - an engine
 * @env: its environment
 * @limits: with defaults filled in
 * @now: time of the door that is open
 * @order: of ike_order()
 * @tunnels: list
 * @sas: list, newest first
 * @half_open: IKE SAs in state HALF_OPEN
 * @cookies: secrets of our cookies
 * @counters: for ike_engine_counters()
 * @complaints: lines about bad messages that may still be said
 * @complaints_at: when @complaints was last filled
 * @silenced: lines that were not said since
 * @strays: messages of no IKE SA, or version, that may still be answered
 * @strays_at: when @strays was last filled
 * @because: a failure that is about to be told, see because.h
 * @plain: plaintext of the message being handled
 * @build: payloads being written
 * @out: the message made of them, or its fragments
 */
struct ike_engine {
	const struct ike_env *env;
	struct ike_limits limits;
	uint64_t now;
	uint64_t order;
	struct ike_tunnel *tunnels;
	struct ike_sa *sas;
	unsigned int half_open;
	struct ike_cookies cookies;
	struct ike_counters counters;
	unsigned int complaints;
	uint64_t complaints_at;
	uint64_t silenced;
	unsigned int strays;
	uint64_t strays_at;
	struct ike_failure because;
	uint8_t plain[IKE_MESSAGE_MAX];
	uint8_t build[IKE_BUILD_MAX];
	uint8_t out[IKE_BUILD_MAX + IKE_FRAGMENTS_MAX * IKE_SKF_OVERHEAD];
};

/**
 * struct ike_call - a message on its way through a handler
 * @e: the engine
 * @sa: its IKE SA; NULL with a first IKE_SA_INIT request
 * @msg: the message
 * @dgram: as it arrived
 * @reply: where a request's handler writes the response
 * @over: why the IKE SA ends once the response is sent; NULL: it does not
 * @new_keys: once the response is sent, the handshake's next keys are those to use
 */
struct ike_call {
	struct ike_engine *e;
	struct ike_sa *sa;
	const struct ike_msg *msg;
	const struct ike_datagram *dgram;
	struct ike_builder *reply;
	const char *over;
	bool new_keys;
};

/* engine.c */
/* A door opens: time goes on. */
void ike_engine_enter(struct ike_engine *e, uint64_t now);
/* A door closes: what can start, starts; what is over, goes. */
void ike_engine_settle(struct ike_engine *e);
int ike_random(struct ike_engine *e, void *buf, size_t len);
/* The same as an ike_random_fn; @ctx is the engine. */
int ike_random_for_crypto(void *ctx, void *buf, size_t len);
int ike_random_nonce(struct ike_engine *e, struct ike_nonce *nonce);
struct ike_dh *ike_random_dh(struct ike_engine *e, uint16_t group);
/* Return: a number below @n; 0 if there is no entropy. */
uint32_t ike_jitter(struct ike_engine *e, uint32_t n);
/* Sends @len octets. */
void ike_transmit(struct ike_engine *e, const struct ike_endpoint *local,
		  const struct ike_endpoint *remote, const uint8_t *data,
		  size_t len);
/* Return: an SPI no IKE SA of ours has, or 0. */
uint64_t ike_new_spi(struct ike_engine *e);

/* What was first? A millisecond may have seen both, but these numbers never repeat. */
static inline uint64_t ike_order(struct ike_engine *e)
{
	return ++e->order;
}

static inline uint64_t ike_min_time(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Return: when what has a lifetime of @life ms ends, if nothing has come in its place. */
static inline uint64_t ike_ends_at(uint64_t now, uint64_t life)
{
	return now + life + (life / 10 > IKE_OVERTIME_MS ? life / 10 : IKE_OVERTIME_MS);
}

/* Return: the lower of two nonces as section 2.8.1 compares them. */
const struct ike_nonce *ike_nonce_lower(const struct ike_nonce *a,
					const struct ike_nonce *b);
void ike_nonce_set(struct ike_nonce *nonce, struct ike_slice octets);

/* window.c */
bool ike_window_busy(const struct ike_sa *sa);
/* Had our request to be sent again? */
bool ike_window_unanswered(const struct ike_sa *sa);
/* Seals @b and sends it as a request. Return: 0, -ENOMEM and such. */
int ike_window_request(struct ike_sa *sa, enum ike_exchange_kind kind,
		       enum ike_exchange_type exchange, struct ike_builder *b);
/* The same in clear, for IKE_SA_INIT; may replace the one in flight. */
int ike_window_request_clear(struct ike_sa *sa, enum ike_exchange_kind kind,
			     enum ike_exchange_type exchange,
			     struct ike_builder *b);
/* Seals and sends a request nobody waits for. */
void ike_window_farewell(struct ike_sa *sa, struct ike_builder *b);
/* The response has come. */
void ike_window_answered(struct ike_sa *sa);
/* Seals, sends and keeps the response to @request. */
void ike_window_respond(struct ike_sa *sa, const struct ike_header *request,
			const struct ike_datagram *to, struct ike_builder *b);
/* Sends the last response again. */
void ike_window_replay(struct ike_sa *sa, const struct ike_datagram *to);
/* Sends again what is due. Return: false if the peer must be dead. */
bool ike_window_tick(struct ike_sa *sa);
/* A request of the peer's has come: it lives, and ours or the answer was lost. */
void ike_window_lives(struct ike_sa *sa);
/* The same of one that sends ESP, when it must be dead. Return: false, for too long. */
bool ike_window_renew(struct ike_sa *sa);
/* There is a new way to the peer: what is in flight is sent again at once. */
void ike_window_hurry(struct ike_sa *sa);
void ike_window_clear(struct ike_window *w);

/* tunnel.c */
struct ike_tunnel *ike_tunnel_find(struct ike_engine *e, const char *name);
struct ike_tunnel *ike_tunnel_by_ifindex(struct ike_engine *e,
					 uint32_t ifindex);
/*
 * The peer, who has shown who it is, is at @remote now: from there it may begin anew
 * as from where it is configured, for as long as nothing else is known of it.
 */
void ike_tunnel_peer_at(struct ike_tunnel *t, const struct ike_address *remote);
/* Walks those between two addresses; @t NULL: the first. */
struct ike_tunnel *ike_tunnel_between(struct ike_engine *e,
				      struct ike_tunnel *t,
				      const struct ike_address *local,
				      const struct ike_address *remote);
/* An attempt has failed, for a reason that a person is told. */
void ike_tunnel_failed(struct ike_tunnel *t, struct ike_engine *e,
		       const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The IKE SA to use for new CHILD SAs, or NULL. */
struct ike_sa *ike_tunnel_sa(struct ike_engine *e, const struct ike_tunnel *t);
bool ike_tunnel_has_sa(struct ike_engine *e, const struct ike_tunnel *t,
		       enum ike_sa_state state, const struct ike_sa *but);
/*
 * What the IKE SAs mean for their tunnels. Comes before the two below, for all
 * tunnels: one walk, and not one for each of them.
 */
void ike_tunnels_look(const struct ike_engine *e);
/* Brings state, kernel and wishes together. */
void ike_tunnel_settle(struct ike_engine *e, struct ike_tunnel *t);
uint64_t ike_tunnel_wakeup(const struct ike_tunnel *t);
/* A pair of ours goes: it is not taken for one of an earlier engine's. */
void ike_tunnel_retires(struct ike_tunnel *t, uint32_t pair_id);
/* Is there an outbound SA? */
bool ike_tunnel_in_use(const struct ike_engine *e, const struct ike_tunnel *t);
/* The same, but one of an earlier engine's will do, too. */
bool ike_tunnel_carries(const struct ike_engine *e, const struct ike_tunnel *t);
/* Has it a device, and does nobody want it down? */
bool ike_tunnel_usable(const struct ike_tunnel *t);
/* An IKE SA has been established: what about others of the tunnel? */
void ike_tunnel_resolve(struct ike_sa *sa);
/* Is it one too many, ours to delete, and without a pair that anybody uses? */
bool ike_tunnel_spare(const struct ike_sa *sa);
/* Does outbound traffic leave by one of its CHILD SAs? And that of one tunnel? */
bool ike_sa_in_use(const struct ike_sa *sa);
bool ike_sa_uses(const struct ike_sa *sa, const struct ike_tunnel *t);
/* Is @sa the one to be deleted of two that were begun at the same time? */
bool ike_sa_loses(const struct ike_sa *sa, const struct ike_sa *other);

/* share.c */
/* Tunnels have come or gone: who shares whose IKE SA? */
void ike_share_link(struct ike_engine *e);
/* Walks those that share the IKE SAs of @owner, itself first; @t NULL: the first. */
static inline struct ike_tunnel *ike_share_next(struct ike_tunnel *owner,
						const struct ike_tunnel *t)
{
	return t ? t->sharer : owner;
}
/* The one that lacks a CHILD SA on @sa, and wants one now; and when the next does. */
struct ike_tunnel *ike_share_lacks(const struct ike_sa *sa);
uint64_t ike_share_wakeup(const struct ike_sa *sa);

/* ike_sa.c */
struct ike_sa *ike_sa_new(struct ike_engine *e, struct ike_tunnel *t,
			  bool initiator);
void ike_sa_free(struct ike_sa *sa);
const char *ike_sa_state_name(enum ike_sa_state state);
void ike_sa_set_state(struct ike_sa *sa, enum ike_sa_state state,
		      const char *why);
void ike_sa_established(struct ike_sa *sa);
/* Its keys are made: hands them out, if the environment wants that. */
void ike_sa_export(const struct ike_sa *sa);
/*
 * The peer has it no more, and makes a new one. Packets go on as they did until
 * that has a pair to take over, lest the tunnel be down in between: the kernel of
 * a peer whose agent was killed may well have the old ones, and as long as it
 * sends by them they stay.
 */
void ike_sa_forget(struct ike_sa *sa, const char *why);
/*
 * Ends an attempt that nobody wants any more. Once IKE_AUTH is sent the peer may
 * believe that all is well, so its answer is waited for to be told otherwise;
 * nothing is made of it.
 */
void ike_sa_leave(struct ike_sa *sa, const char *why);
/* Ends it at once, with its pairs, telling the peer nothing. */
void ike_sa_kill(struct ike_sa *sa, const char *why);
/* Its peer is dead: it goes, and those of the tunnel that are as silent. */
void ike_sa_kill_silent(struct ike_sa *sa);
/*
 * An attempt has failed, for a reason that a person is told. If it was to
 * replace an IKE SA, that one stays.
 */
void ike_sa_failed(struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, and ends it. */
void ike_sa_give_up(struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ike_handshake_free(struct ike_handshake *hs);
void ike_negotiation_free(struct ike_sa *sa);
/* A rekey @by an end is done: all CHILD SAs of @old are @sa's, and that is told. */
void ike_sa_succeed(struct ike_sa *sa, struct ike_sa *old, const char *by);
/*
 * Section 2.23: is the peer followed when its port changes? Who has chosen the
 * peer's address, and knows of no NAT in front of it, stays there.
 */
static inline bool ike_sa_follows(const struct ike_sa *sa)
{
	return !sa->origin.initiator || sa->nat_remote;
}

/*
 * And when its address changes? Only a NAT in front of it can do that, and the peer
 * must have shown who it is.
 */
static inline bool ike_sa_roams(const struct ike_sa *sa)
{
	return sa->nat_remote && (sa->state == IKE_SA_ESTABLISHED ||
				  sa->state == IKE_SA_REKEYED ||
				  sa->state == IKE_SA_DELETING);
}

/*
 * Can a pair of @t send to where @sa's peer is? Elsewhere than to where the device
 * does only what may follow the peer: ESP in UDP, to a NAT.
 */
static inline bool ike_sa_in_reach(const struct ike_sa *sa,
				   const struct ike_tunnel *t)
{
	return sa->nat_remote ||
	       ike_address_same(&sa->remote.addr, &t->config.remote);
}

/* ESP of the CHILD SA goes to @to now, where the peer's comes from. */
void ike_sa_esp_moved(struct ike_child *child, const struct ike_endpoint *to);
const char *ike_spis_format(const struct ike_sa *sa, char buf[40]);

/* ike_sa_run.c */
/* When to look for packets of the peer's again: four times in a DPD interval. */
uint64_t ike_look_again(const struct ike_sa *sa);
/* A life sign that was authenticated. */
void ike_sa_heard(struct ike_sa *sa);
/* The peer has refused a CREATE_CHILD_SA with @notify. Return: only for now? */
bool ike_sa_put_off(struct ike_sa *sa, uint16_t notify);
/*
 * Sections 1.3 and 4: a peer that has no room for new keys beside the old ones says so
 * to each rekey. All is made anew then, before the old goes.
 *
 * Return: whether @notify was that.
 */
bool ike_sa_outgrown(struct ike_sa *sa, uint16_t notify);
/* Starts the exchange that is most wanted, if any. */
void ike_sa_run(struct ike_sa *sa);
void ike_sa_tick(struct ike_sa *sa);
uint64_t ike_sa_wakeup(const struct ike_sa *sa);

/* child_sa.c */

/**
 * struct ike_child_plan - all it takes to install a CHILD SA
 * @pair_id: reserved pair
 * @spi_in: its inbound SPI
 * @tunnel: whose it is
 * @choice: the suite, with the peer's SPI
 * @local_ts: traffic selectors of our end, as agreed on
 * @remote_ts: the same of the peer's end
 * @initiator: we started the exchange that makes it
 * @keymat: nonces and shared secret
 * @activation: when to use it
 */
struct ike_child_plan {
	uint32_t pair_id;
	uint32_t spi_in;
	struct ike_tunnel *tunnel;
	const struct ike_choice *choice;
	const struct ike_ts_set *local_ts;
	const struct ike_ts_set *remote_ts;
	bool initiator;
	struct ike_keymat_input keymat;
	enum ike_activation activation;
};

int ike_child_reserve(struct ike_sa *sa, const struct ike_tunnel *t,
		      uint32_t *pair_id, uint32_t *spi);
/* @t NULL: nothing was reserved. */
void ike_child_unreserve(struct ike_sa *sa, const struct ike_tunnel *t,
			 uint32_t pair_id);
/* The peer still has what it sends to @spi_in: it will be told. */
void ike_child_orphan(struct ike_sa *sa, uint32_t spi_in, uint64_t at);
/* When may it be deleted? What the peer may not have yet, it could not delete. */
uint64_t ike_child_delete_at(const struct ike_child *child);
struct ike_child *ike_child_install(struct ike_sa *sa,
				    const struct ike_child_plan *plan);
const char *ike_child_state_name(enum ike_child_state state);
void ike_child_set_state(struct ike_child *child, enum ike_child_state state,
			 const char *why);
struct ike_child *ike_child_by_spi_out(struct ike_sa *sa, uint32_t spi);
struct ike_child *ike_child_by_pair(struct ike_engine *e, uint32_t ifindex,
				    uint32_t pair_id);
/* Is there one that is neither replaced nor being deleted? */
struct ike_child *ike_child_installed(const struct ike_sa *sa,
				      const struct ike_tunnel *t);
/* All CHILD SAs of @t go, and their IKE SAs stay. */
void ike_child_forsake(struct ike_engine *e, const struct ike_tunnel *t,
		       const char *why);
/* The kernel has counted: it is time for a rekey, or too late for one (@hard). */
void ike_child_expired(struct ike_child *child, enum ike_limit limit,
		       bool hard);
void ike_child_free(struct ike_child *child);
/* Tells that the kernel has refused @op. Return: @err. */
int ike_child_kernel_error(struct ike_sa *sa, const struct ike_tunnel *t,
			   const char *op, int err);

/* child_use.c */
/*
 * The pair of a newer IKE SA is in use. A late packet must not bring the kernel
 * to use this one instead; what comes in by it is still taken for a while.
 */
void ike_child_disarm(struct ike_child *child);
/* Does the kernel use an armed one already, and the news are on their way? */
void ike_child_catch_up(struct ike_child *child);
/* The same of all of @t but @but, which may be NULL. */
void ike_children_catch_up(struct ike_engine *e, const struct ike_tunnel *t,
			   const struct ike_child *but);
/* It is the one in use, in the kernel, too. */
void ike_child_take_over(struct ike_child *child);
/* Puts it to use. */
void ike_child_activate(struct ike_child *child, const char *why);
/* Ends it at once in the kernel. */
void ike_child_retire(struct ike_child *child, uint32_t grace_s,
		      const char *why);
/* The peer has shown that it has this one. */
void ike_child_confirmed(struct ike_child *child, const char *why);
/* The peer has shown that it has our responses before request @id. */
void ike_child_confirm(struct ike_sa *sa, uint32_t id);

/* child_negotiation.c */

/**
 * ike_child_answer() - as responder, agree to a CHILD SA or say why not
 * @c: the request; its reply gets the payloads of the agreement, or one error
 *     notification
 * @use: IKE_USE_AUTH_CHILD or IKE_USE_CHILD
 * @old: the one that it replaces; NULL: it is for that of the tunnels that share
 *       the IKE SA which the selectors fit, and that has none yet
 * @activation: when to use it
 *
 * Return: the CHILD SA, installed; NULL if there is none, or none yet: then it is
 * pending.
 */
struct ike_child *ike_child_answer(struct ike_call *c, enum ike_sa_use use,
				   struct ike_child *old,
				   enum ike_activation activation);
/* The same once the additional key exchanges are done, with an error if it fails. */
struct ike_child *ike_child_complete(struct ike_call *c, struct ike_pending *p,
				     enum ike_activation activation);
/* What one end asked for and did not get is told. */
void ike_child_tell_narrowed(const struct ike_child *child);
/* Section 2.9.2: does what passes now still pass after a rekey? */
bool ike_child_keeps(const struct ike_child *old, const struct ike_ts_set *local,
		     const struct ike_ts_set *remote);

/* child_accept.c */

/**
 * ike_child_check() - as initiator, see whether we can live with an answer
 * @c: the response
 * @use: IKE_USE_AUTH_CHILD or IKE_USE_CHILD
 *
 * Fills in the negotiation's followup. Return: what is wrong, or NULL.
 */
const char *ike_child_check(struct ike_call *c, enum ike_sa_use use);

/**
 * ike_child_accept() - as initiator, take what the responder has agreed to
 * @c: the response
 * @wrong: what ike_child_check() has said, or an additional key exchange has shown
 * @activation: when to use it
 *
 * Return: the CHILD SA, installed; NULL if the answer is none that we can
 * live with: then the reason was told, and what the peer has made is on its way
 * out.
 */
struct ike_child *ike_child_accept(struct ike_call *c, const char *wrong,
				   enum ike_activation activation);

/* Adds SA, TSi and TSr of our offer. */
void ike_child_offer_sa(struct ike_sa *sa, enum ike_sa_use use,
			struct ike_builder *b);
void ike_child_offer_ts(struct ike_sa *sa, struct ike_builder *b);

/* Tells a person why the peer refused a CHILD SA, and what we had offered. */
void ike_child_tell_refusal(struct ike_sa *sa, const struct ike_notify *n,
			    char *why, size_t len);

/* exchange_sa_init.c */
void ike_start_init(struct ike_engine *e, struct ike_tunnel *t);
/* The same to replace @old, which carries the traffic until then. */
void ike_start_reauth(struct ike_sa *old);
void ike_on_init_request(struct ike_call *c);
void ike_on_init_cookie(struct ike_call *c);
void ike_on_init_invalid_ke(struct ike_call *c);
void ike_on_init_response(struct ike_call *c);

/* exchange_intermediate.c */

/* Goes on with the next one; with IKE_AUTH when all are done. */
void ike_start_intermediate(struct ike_sa *sa);
/* Return: whether all that were agreed on are done. */
bool ike_intermediate_complete(const struct ike_sa *sa);
/* As responder, when the response is sent: to the new keys. */
void ike_intermediate_done(struct ike_call *c);
void ike_on_intermediate_request(struct ike_call *c);
void ike_on_intermediate_response(struct ike_call *c);
void ike_on_intermediate_refused(struct ike_call *c);

/* auth.c */

/* Tells the hash functions we know; sees which ones the peer knows. */
void ike_auth_put_hashes(struct ike_builder *b);
uint16_t ike_auth_peer_hashes(const struct ike_msg *msg);
/* CERTREQ with the authorities of @t, or of all tunnels between two addresses
 * while it is not known which one it is, that want a certificate.
 */
void ike_auth_put_certreq(struct ike_sa *sa, struct ike_tunnel *t,
			  struct ike_builder *b);
/* CERT payloads, if we authenticate by certificate. */
void ike_auth_put_certs(struct ike_sa *sa, const struct ike_tunnel *t,
			struct ike_builder *b);

/**
 * ike_auth_make() - our AUTH
 * @sa: with its handshake
 * @t: its tunnel
 * @id: body of our ID payload
 * @auth: filled
 * @why: on error a sentence
 * @why_len: octets of @why
 *
 * Return: 0 or a negative errno value.
 */
int ike_auth_make(struct ike_sa *sa, const struct ike_tunnel *t,
		  struct ike_slice id, struct ike_signature *auth, char *why,
		  size_t why_len);

/**
 * ike_auth_check() - the peer's AUTH
 * @c: its message
 * @t: the tunnel it claims to be of
 * @id: body of its ID payload
 * @why: on error a sentence
 * @why_len: octets of @why
 *
 * Return: whether it is right.
 */
bool ike_auth_check(struct ike_call *c, const struct ike_tunnel *t,
		    struct ike_slice id, char *why, size_t why_len);

/* init_refused.c */
void ike_on_init_refused(struct ike_call *c);
/* An error without proof; @want: the key exchange of INVALID_KE_PAYLOAD. */
void ike_init_doubt(struct ike_call *c, uint16_t type, uint16_t want);
/* Return: when an error is believed that the responder has perhaps said, or IKE_NEVER. */
uint64_t ike_init_refused_at(const struct ike_sa *sa);
/* It is: that was it. */
void ike_init_give_up(struct ike_sa *sa);
/* We refuse: no suite in common; @first: of the tunnels between these addresses. */
void ike_init_refuse(struct ike_call *c, struct ike_tunnel *first);

/* exchange_auth.c */
void ike_start_auth(struct ike_sa *sa);
void ike_on_auth_request(struct ike_call *c);
void ike_on_auth_eap(struct ike_call *c);
void ike_on_auth_response(struct ike_call *c);
void ike_on_auth_response_no_child(struct ike_call *c);
void ike_on_auth_response_childless(struct ike_call *c);
void ike_on_auth_refused(struct ike_call *c);
void ike_on_auth_response_leaving(struct ike_call *c);

/* exchange_create_child.c */
void ike_start_new_child(struct ike_sa *sa, struct ike_tunnel *t);
void ike_start_rekey_child(struct ike_sa *sa, struct ike_child *old);
void ike_on_child_response(struct ike_call *c);
/*
 * The peer deletes @child. If it is what the peer has rekeyed to in a collision that ours
 * is to win, and that may still fail, the one that both have is the one before.
 */
void ike_child_peer_yields(const struct ike_child *child);
void ike_on_child_invalid_ke(struct ike_call *c);
void ike_on_child_refused(struct ike_call *c);
/*
 * Our additional key exchanges are done, or @wrong says why not; @last: the peer
 * believes that they are.
 */
void ike_child_followed(struct ike_call *c, const char *wrong, bool last);

/* exchange_child_answer.c */
void ike_on_rekey_child_request(struct ike_call *c);
void ike_on_new_child_request(struct ike_call *c);
void ike_on_create_child_closing(struct ike_call *c);
void ike_child_log_rekeyed(const struct ike_child *old,
			   const struct ike_child *child, const char *by);
/* The peer's are. Return: false if the reply says why there is nothing of it. */
bool ike_child_followed_by_peer(struct ike_call *c, struct ike_pending *p);

/* exchange_rekey_ike.c */
void ike_start_rekey_ike(struct ike_sa *sa);
void ike_on_rekey_ike_request(struct ike_call *c);
void ike_on_rekey_ike_response(struct ike_call *c);
void ike_on_rekey_ike_invalid_ke(struct ike_call *c);
void ike_on_rekey_ike_refused(struct ike_call *c);
/* As for CHILD SAs. */
void ike_rekey_ike_followed(struct ike_call *c, const char *wrong, bool last);
bool ike_rekey_ike_complete(struct ike_call *c, const struct ike_pending *p);

/* followup.c */

/* Forgets what the peer has begun; what was reserved for it is free. */
void ike_pending_drop(struct ike_sa *sa);
/* The same in two steps, for what it comes to. */
struct ike_pending *ike_pending_take(struct ike_sa *sa);
void ike_pending_free(struct ike_sa *sa, struct ike_pending *p);
/* The same, if it has crossed our own request, which has won. */
void ike_pending_lost(struct ike_sa *sa);

/* exchange_followup.c */

/*
 * As initiator, once CREATE_CHILD_SA was answered: goes on with the next one of
 * sa->neg->followup. Return: whether it is on its way.
 */
bool ike_start_followup(struct ike_sa *sa);
/*
 * As responder, in front of the payloads of an answer to CREATE_CHILD_SA: where the
 * next one belongs. @p is the IKE SA's from now on, or freed, and the reply says that
 * there is nothing of it. Return: whether all went well.
 */
bool ike_followup_promise(struct ike_call *c, struct ike_pending *p);
void ike_on_followup_request(struct ike_call *c);
void ike_on_followup_response(struct ike_call *c);
void ike_on_followup_refused(struct ike_call *c);

/* exchange_informational.c */
void ike_start_liveness(struct ike_sa *sa);
void ike_start_delete_ike(struct ike_sa *sa);
void ike_start_delete_child(struct ike_sa *sa, struct ike_child *child);
/* Return: whether one was due. */
bool ike_start_delete_orphans(struct ike_sa *sa);
void ike_on_informational_request(struct ike_call *c);
void ike_on_liveness_response(struct ike_call *c);
void ike_on_delete_ike_response(struct ike_call *c);
void ike_on_delete_child_response(struct ike_call *c);

/* log.c */
#define IKE_COMPLAINTS		5	/* lines about strangers */
#define IKE_COMPLAINTS_MS	10000	/* in such a time */
#define IKE_FIELDS(...)                                           \
	((const struct ike_event_field[]){ __VA_ARGS__, { NULL, NULL } })
#define IKE_NO_FIELDS NULL

void ike_log(struct ike_engine *e, enum ike_event_id id, enum ike_level level,
	     const struct ike_tunnel *t, const struct ike_event_field *fields,
	     const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* A line about what strangers did: rate-limited. */
void ike_complain(struct ike_engine *e, const struct ike_tunnel *t,
		  const struct ike_endpoint *from, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* "192.0.2.1" or "192.0.2.1 port 4500". Return: @buf. */
const char *ike_endpoint_format(const struct ike_endpoint *end, char *buf,
				size_t len);

#endif /* IPSVTI_IKE_CORE_H */
