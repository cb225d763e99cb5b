/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IntAuth: what AUTH covers of IKE_INTERMEDIATE (RFC 9242, section 3.3.2).
 *
 * Each side's messages are digested one after the other, as they are before they
 * are encrypted: with the lengths of a message that has neither IV nor padding nor
 * check value, and in one piece, however it was sent.
 */
#ifndef IPSVTI_IKE_INTAUTH_H
#define IPSVTI_IKE_INTAUTH_H

#include "keymat.h"

/**
 * struct ike_int_auth - the messages of both sides so far
 * @i: IntAuth_iN, of those of the initiator
 * @r: IntAuth_rN, of those of the responder
 * @n_i: how many @i is of; 0: there was no such exchange
 * @n_r: the same of @r
 */
struct ike_int_auth {
	uint8_t i[IKE_PRF_MAX];
	uint8_t r[IKE_PRF_MAX];
	unsigned int n_i;
	unsigned int n_r;
};

/**
 * ike_int_auth_add() - a message that was sent or received
 * @ia: gets it added
 * @keys: those that protect it: new ones are made after it only
 * @of_initiator: it is one of the initiator's
 * @h: its header; next payload and length do not matter
 * @first: type of the first payload inside
 * @chain: the payloads inside
 *
 * Return: 0, -EMSGSIZE, -EINVAL, -ENOMEM.
 */
int ike_int_auth_add(struct ike_int_auth *ia, const struct ike_keys *keys,
		     bool of_initiator, const struct ike_header *h,
		     uint8_t first, struct ike_slice chain);

/**
 * ike_int_auth_put() - IntAuth, which both sides sign behind all the rest
 * @ia: all messages of both sides
 * @keys: of the IKE SA
 * @message_id: of IKE_AUTH
 * @out: gets it; nothing if there was no such exchange
 */
void ike_int_auth_put(const struct ike_int_auth *ia,
		      const struct ike_keys *keys, uint32_t message_id,
		      struct ike_writer *out);

#endif /* IPSVTI_IKE_INTAUTH_H */
