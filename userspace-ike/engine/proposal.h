/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offering, choosing and naming cryptographic suites (RFC 7296, sections 2.7
 * and 3.3).
 */
#ifndef IPSVTI_IKE_PROPOSAL_H
#define IPSVTI_IKE_PROPOSAL_H

#include "msg.h"

/**
 * struct ike_choice - one transform of each type
 * @number: of the proposal it is from
 * @encr: cipher
 * @integ: integrity algorithm; IKE_INTEG_NONE with an AEAD
 * @prf: PRF; 0 for ESP
 * @ke: key exchange; IKE_KE_NONE if there is none
 * @esn: extended sequence numbers; ESP only
 * @add_ke: additional key exchanges, in the order of their types; IKE_KE_NONE:
 *          none of that type
 * @add_none: bit N is set if the peer was offered to do without @add_ke[N], and
 *            wants to read that it does
 * @spi: the SPI in the proposal: 8 octets for IKE (0 if it had none), 4 for ESP
 */
struct ike_choice {
	uint8_t number;
	struct ike_encr encr;
	uint16_t integ;
	uint16_t prf;
	uint16_t ke;
	bool esn;
	uint16_t add_ke[IKE_ADD_KE_MAX];
	uint8_t add_none;
	uint64_t spi;
};

/* What an SA payload is about, and so which transforms belong there. */
enum ike_sa_use {
	IKE_USE_INIT,		/* IKE_SA_INIT: no SPI */
	IKE_USE_IKE_REKEY,	/* an IKE SA in CREATE_CHILD_SA: 8-octet SPI */
	IKE_USE_AUTH_CHILD,	/* ESP in IKE_AUTH: no key exchange */
	IKE_USE_CHILD,		/* ESP in CREATE_CHILD_SA: key exchange if PFS */
};

/**
 * ike_build_offer() - SA payload with all that a suite allows
 * @b: builder
 * @use: what for
 * @suite: a proposal for each of its own
 * @spi: our SPI; not used with IKE_USE_INIT
 */
void ike_build_offer(struct ike_builder *b, enum ike_sa_use use,
		     const struct ike_suite *suite, uint64_t spi);

/* SA payload that accepts @choice, with our @spi. */
void ike_build_answer(struct ike_builder *b, enum ike_sa_use use,
		      const struct ike_choice *choice, uint64_t spi);

/**
 * ike_proposal_select() - choose among a peer's proposals
 * @use: what for
 * @suite: what we accept, best first
 * @other_ke: with IKE_USE_CHILD and no groups in @suite: suite whose groups do
 *            as well if the peer insists on PFS; else NULL
 * @sa: the peer's SA payload
 * @ke: group of its KE payload, preferred if it is acceptable; IKE_KE_NONE:
 *      there is no KE payload
 * @choice: filled
 *
 * Return: 0, -ENOENT if nothing fits.
 */
int ike_proposal_select(enum ike_sa_use use, const struct ike_suite *suite,
			const struct ike_suite *other_ke, struct ike_slice sa,
			uint16_t ke, struct ike_choice *choice);

/**
 * ike_proposal_check() - is a peer's answer one of our alternatives?
 * @use: what for
 * @suite: what we offered
 * @sa: the peer's SA payload
 * @choice: filled
 *
 * Return: 0, -EINVAL if it chose what we did not offer, or more than one.
 */
int ike_proposal_check(enum ike_sa_use use, const struct ike_suite *suite,
		       struct ike_slice sa, struct ike_choice *choice);

/* Return: whether a choice made before is one that @suite allows for IKE. */
bool ike_suite_allows(const struct ike_suite *suite,
		      const struct ike_choice *choice);

/* Keeps of @suite, for IKE, what @other allows as well, in its order; that may be nothing. */
void ike_suite_common(struct ike_suite *suite, const struct ike_suite *other);

/* Return: whether there are additional key exchanges in @suite (RFC 9370). */
bool ike_suite_adds_ke(const struct ike_suite *suite);

/**
 * struct ike_groups - key exchange methods
 * @id: transform IDs of type 4, each once, best first
 * @n: used entries of @id
 */
struct ike_groups {
	uint16_t id[IKE_SUITE_MAX * IKE_ALG_MAX];
	uint8_t n;
};

/* Fills in the groups of all proposals of a suite. */
void ike_suite_groups(const struct ike_suite *suite, struct ike_groups *groups);

/* Return: where a group stands in @groups, or -1. */
int ike_group_index(const struct ike_groups *groups, uint16_t group);

/**
 * struct ike_mismatch - why a peer's offer does not fit
 * @types: bit N is set if nothing of transform type N is in common
 * @ours: the proposal of ours that it comes closest to
 * @theirs: the proposal of the peer's that comes closest to it
 */
struct ike_mismatch {
	unsigned int types;
	struct ike_alternatives ours;
	struct ike_proposal theirs;
};

/**
 * ike_proposal_mismatch() - what ike_proposal_select() has looked for in vain
 * @use: what for
 * @suite: what we accept
 * @other_ke: see ike_proposal_select()
 * @sa: the peer's SA payload
 * @m: filled
 *
 * Return: false if none of its proposals is of a form that could fit.
 */
bool ike_proposal_mismatch(enum ike_sa_use use, const struct ike_suite *suite,
			   const struct ike_suite *other_ke,
			   struct ike_slice sa, struct ike_mismatch *m);

/**
 * struct ike_esp_transform - an ESP transform of the kernel
 * @encr: transform ID of type 1
 * @key_bits: its key length as negotiated
 * @integ: transform ID of type 3
 * @alg: what the kernel calls both together
 * @key_len: octets of the key for encryption and that for integrity
 * @salt_len: octets of the salt
 */
struct ike_esp_transform {
	uint16_t encr;
	uint16_t key_bits;
	uint16_t integ;
	enum ike_esp_alg alg;
	uint8_t key_len;
	uint8_t salt_len;
};

/* Return: the ESP transform of cipher and integrity algorithm, or NULL. */
const struct ike_esp_transform *ike_esp_transform(const struct ike_encr *encr,
						  uint16_t integ);

/* In words: the proposals of a suite, a choice, a peer's whole offer. */
const char *ike_suite_format(const struct ike_suite *suite, char *buf,
			     size_t len);
const char *ike_choice_format(const struct ike_choice *choice, char *buf,
			      size_t len);
const char *ike_offer_format(struct ike_slice sa, char *buf, size_t len);

/**
 * ike_mismatch_format() - why an offer does not fit, in words: the transform
 *                         types without anything in common, what either side
 *                         has of them, and which of the peer's are too weak
 * @use: what for
 * @suite: what we accept
 * @other_ke: see ike_proposal_select()
 * @sa: the peer's SA payload
 * @buf: gets a terminated string, cut if too short; 300 octets are usual
 * @len: octets of @buf
 *
 * Return: @buf.
 */
const char *ike_mismatch_format(enum ike_sa_use use,
				const struct ike_suite *suite,
				const struct ike_suite *other_ke,
				struct ike_slice sa, char *buf, size_t len);

/* What a proposal of ours, or of a peer's, has of one transform type. */
const char *ike_alternatives_format(const struct ike_alternatives *alt,
				    uint8_t type, char *buf, size_t len);
const char *ike_proposal_format(const struct ike_proposal *prop, uint8_t type,
				char *buf, size_t len);

/* Return: the name of a key exchange method, such as ecp384. */
const char *ike_ke_name(uint16_t ke);

#endif /* IPSVTI_IKE_PROPOSAL_H */
