/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKE messages: octets to values and back.
 *
 * A parsed message is a value: small integers, and slices into the octets it
 * was parsed from. Every length is checked while parsing; what a struct
 * ike_msg holds is well-formed down to the last transform and selector, so
 * code that uses it checks meaning only.
 */
#ifndef IPSVTI_IKE_MSG_H
#define IPSVTI_IKE_MSG_H

#include "bytes.h"
#include "engine.h"
#include "ikev2.h"

/* Payload kinds as bits: what is present, and what the fsm wants to see. */
#define IKE_P_SA	(1u << 0)
#define IKE_P_KE	(1u << 1)
#define IKE_P_IDI	(1u << 2)
#define IKE_P_IDR	(1u << 3)
#define IKE_P_CERT	(1u << 4)
#define IKE_P_CERTREQ	(1u << 5)
#define IKE_P_AUTH	(1u << 6)
#define IKE_P_NONCE	(1u << 7)
#define IKE_P_NOTIFY	(1u << 8)
#define IKE_P_DELETE	(1u << 9)
#define IKE_P_VENDOR	(1u << 10)
#define IKE_P_TSI	(1u << 11)
#define IKE_P_TSR	(1u << 12)
#define IKE_P_SK	(1u << 13)
#define IKE_P_CP	(1u << 14)
#define IKE_P_EAP	(1u << 15)
#define IKE_P_SKF	(1u << 16)

/* Caps on what a message may hold. */
#define IKE_PAYLOADS_MAX	128
#define IKE_NOTIFIES_MAX	32	/* kept; those of no interest are not */
#define IKE_DELETES_MAX		4
#define IKE_PROPOSALS_MAX	64
#define IKE_TRANSFORMS_MAX	96	/* of one proposal */
#define IKE_TS_WIRE_MAX		64	/* of one payload */
#define IKE_FRAGMENTS_MAX	64	/* of one message */

struct ike_header {
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t next_payload;
	uint8_t version;
	uint8_t exchange;
	uint8_t flags;
	uint32_t message_id;
	uint32_t length;
};

struct ike_notify {
	uint8_t protocol;
	struct ike_slice spi;
	uint16_t type;
	struct ike_slice data;
};

/**
 * struct ike_delete - SAs the sender has closed
 * @protocol: enum ike_protocol
 * @n_spis: how many SPIs; 0 with IKE_PROTO_IKE
 * @spis: 4 octets each
 */
struct ike_delete {
	uint8_t protocol;
	uint16_t n_spis;
	struct ike_slice spis;
};

struct ike_transform {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;	/* 0: no Key Length attribute */
	bool unknown_attribute;	/* not to be chosen (section 3.3.6) */
};

struct ike_proposal {
	uint8_t number;
	uint8_t protocol;
	uint8_t n_transforms;
	struct ike_slice spi;
	struct ike_transform transforms[IKE_TRANSFORMS_MAX];
};

/**
 * struct ike_msg - a message
 * @h: its header
 * @raw: all its octets as received
 * @sk: the body of the SK or SKF payload from the IV on, until it is opened;
 *      and where it stands in @raw
 * @sk_first: type of the first payload inside @sk
 * @fragment: number of the fragment in @sk, from 1; 0: it is no fragment
 * @fragments: how many there are
 * @encrypted: it came inside SK, and that was in order
 * @inside: then, the payloads in there, as they were before they were encrypted
 * @inside_first: type of the first one of them
 * @present: IKE_P_* of the payloads seen
 * @unknown_critical: type of an unknown payload marked critical; 0: none
 * @sa: the SA payload's body, for ike_proposal_next()
 * @ke_group: of the KE payload
 * @ke: key exchange data
 * @nonce: nonce data
 * @idi: body of IDi from the ID type on, as AUTH wants it
 * @idr: the same of IDr
 * @certs: X.509 certificates, as they are
 * @n_certs: entries of @certs
 * @auth_method: of the AUTH payload
 * @auth: authentication data
 * @tsi: body of TSi, for ike_ts_next()
 * @tsr: body of TSr
 * @notifies: those of a type in ikev2.h, and all errors
 * @n_notifies: entries of @notifies
 * @deletes: delete payloads
 * @n_deletes: entries of @deletes
 */
struct ike_msg {
	struct ike_header h;
	struct ike_slice raw;
	struct ike_slice sk;
	uint8_t sk_first;
	uint16_t fragment;
	uint16_t fragments;
	bool encrypted;
	struct ike_slice inside;
	uint8_t inside_first;
	uint32_t present;
	uint8_t unknown_critical;
	struct ike_slice sa;
	uint16_t ke_group;
	struct ike_slice ke;
	struct ike_slice nonce;
	struct ike_slice idi;
	struct ike_slice idr;
	struct ike_slice certs[IKE_CERTS_MAX];
	uint8_t n_certs;
	uint8_t auth_method;
	struct ike_slice auth;
	struct ike_slice tsi;
	struct ike_slice tsr;
	struct ike_notify notifies[IKE_NOTIFIES_MAX];
	uint8_t n_notifies;
	struct ike_delete deletes[IKE_DELETES_MAX];
	uint8_t n_deletes;
};

/* ------------------------------------------------- parsing (msg.c, payload.c) */

/**
 * ike_header_parse() - the fixed header (section 3.1)
 * @h: filled
 * @raw: the message
 *
 * Return: 0, -EBADMSG (too short, or Length is not the datagram's).
 */
int ike_header_parse(struct ike_header *h, struct ike_slice raw);

/**
 * ike_msg_parse() - header and the payloads in clear
 * @msg: filled
 * @raw: the message; must stay as long as @msg is used
 *
 * Return: 0, -EBADMSG.
 */
int ike_msg_parse(struct ike_msg *msg, struct ike_slice raw);

/**
 * ike_msg_parse_payloads() - a chain of payloads
 * @msg: gets what is found added
 * @first: type of the first payload
 * @chain: the payloads, up to the last octet
 * @inner: they come from inside SK
 *
 * Return: 0, -EBADMSG.
 */
int ike_msg_parse_payloads(struct ike_msg *msg, uint8_t first,
			   struct ike_slice chain, bool inner);

/* Checks and keeps the body of one payload. Return: 0, -EBADMSG. */
int ike_payload_parse(struct ike_msg *msg, uint8_t type, struct ike_slice body);

/* Return: the bit IKE_P_* of a payload type; 0 for an unknown one. */
uint32_t ike_payload_bit(uint8_t type);

/**
 * ike_proposal_next() - walk the proposals of an SA payload
 * @r: cursor, at first ike_read(msg->sa)
 * @prop: filled
 *
 * Return: 1, 0 at the end, -EBADMSG (never after ike_msg_parse()).
 */
int ike_proposal_next(struct ike_reader *r, struct ike_proposal *prop);

/**
 * ike_ts_next() - walk the selectors of a TS payload
 * @r: cursor, at first ike_read(msg->tsi)
 * @ts: filled; family IKE_FAMILY_NONE for a type we do not know
 *
 * Return: 1, 0 at the end, -EBADMSG (never after ike_msg_parse()).
 */
int ike_ts_next(struct ike_reader *r, struct ike_ts *ts);

/* Return: the first notification of @type, or NULL. */
const struct ike_notify *ike_msg_notify(const struct ike_msg *msg,
					uint16_t type);

/* Return: the first error notification, or NULL. */
const struct ike_notify *ike_msg_error(const struct ike_msg *msg);

static inline bool ike_msg_is_response(const struct ike_msg *msg)
{
	return msg->h.flags & IKE_FLAG_RESPONSE;
}

/* Return: the name of a notification, such as NO_PROPOSAL_CHOSEN, or NULL. */
const char *ike_notify_name(uint16_t type);

/* Return: what a notification says, in words. */
const char *ike_notify_text(uint16_t type);

/* Return: the name of an exchange, such as IKE_AUTH. */
const char *ike_exchange_name(uint8_t exchange);

/* ----------------------------------------------------- building (build.c) */

/**
 * struct ike_builder - writes a chain of payloads
 * @w: where to
 * @first: type of the first payload
 * @last_next: where the type of the next payload goes
 * @open: where the payload being written starts
 */
struct ike_builder {
	struct ike_writer w;
	uint8_t first;
	size_t last_next;
	size_t open;
};

#define IKE_NO_NEXT SIZE_MAX

/* Starts a chain in @data. */
void ike_build_start(struct ike_builder *b, uint8_t *data, size_t size);

/* Starts a payload; its body is written to b->w. */
void ike_build_open(struct ike_builder *b, uint8_t type);

/* Ends it: fills in its length. */
void ike_build_close(struct ike_builder *b);

/* Whole payloads. */
void ike_build_ke(struct ike_builder *b, uint16_t group, struct ike_slice data);
void ike_build_nonce(struct ike_builder *b, struct ike_slice nonce);
void ike_build_id(struct ike_builder *b, uint8_t type, struct ike_slice body);
void ike_build_cert(struct ike_builder *b, uint8_t type, struct ike_slice data);
void ike_build_auth(struct ike_builder *b, uint8_t method,
		    struct ike_slice data);
void ike_build_notify(struct ike_builder *b, uint8_t protocol,
		      struct ike_slice spi, uint16_t type,
		      struct ike_slice data);
void ike_build_delete_ike(struct ike_builder *b);
void ike_build_delete_esp(struct ike_builder *b, const uint32_t *spis,
			  uint16_t n);

/* A notification without SPI and data. */
static inline void ike_build_status(struct ike_builder *b, uint16_t type)
{
	ike_build_notify(b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0), type,
			 IKE_SLICE(NULL, 0));
}

/* The body of an ID payload. @out has room for 4 + IKE_ID_MAX octets. */
struct ike_slice ike_id_body(const struct ike_identity *id, uint8_t *out);

/* Writes a header; @length covers the whole message. */
void ike_header_write(uint8_t out[IKE_HEADER_LEN], const struct ike_header *h);

#endif /* IPSVTI_IKE_MSG_H */
