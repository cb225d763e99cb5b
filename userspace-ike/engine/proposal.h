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
 * @encr: AEAD
 * @prf: PRF; 0 for ESP
 * @ke: key exchange; IKE_KE_NONE if there is none
 * @spi: the SPI in the proposal: 8 octets for IKE (0 if it had none), 4 for ESP
 */
struct ike_choice {
	uint8_t number;
	struct ike_encr encr;
	uint16_t prf;
	uint16_t ke;
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
 * @suite: the alternatives
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

/* In words: the alternatives of a suite, a choice, a peer's whole offer. */
const char *ike_suite_format(const struct ike_suite *suite, char *buf,
			     size_t len);
const char *ike_choice_format(const struct ike_choice *choice, char *buf,
			      size_t len);
const char *ike_offer_format(struct ike_slice sa, char *buf, size_t len);

/* Return: the name of a key exchange method, such as ecp384. */
const char *ike_ke_name(uint16_t ke);

#endif /* IPSVTI_IKE_PROPOSAL_H */
