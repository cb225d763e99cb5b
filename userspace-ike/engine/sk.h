/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SK payload (RFC 7296, section 3.14; with AEADs, RFC 5282).
 */
#ifndef IPSVTI_IKE_SK_H
#define IPSVTI_IKE_SK_H

#include "keymat.h"

/* Octets that sealing adds to a chain of payloads. */
#define IKE_SK_OVERHEAD (IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN + \
			 IKE_AEAD_IV + 1 + IKE_AEAD_ICV)

/**
 * ike_sk_seal() - a protected message from a chain of payloads
 * @keys: of the IKE SA
 * @initiator: the sender is the original initiator
 * @iv: a number never used before in this direction
 * @h: header; next payload and length are filled in
 * @first: type of the first payload
 * @chain: the payloads
 * @out: gets the message; needs room for @chain and IKE_SK_OVERHEAD
 * @size: octets of @out
 *
 * Return: octets of the message, -EMSGSIZE, -ENOMEM.
 */
int ike_sk_seal(const struct ike_keys *keys, bool initiator, uint64_t iv,
		const struct ike_header *h, uint8_t first,
		struct ike_slice chain, uint8_t *out, size_t size);

/**
 * ike_sk_open() - check and decrypt, then parse what is inside
 * @keys: of the IKE SA
 * @initiator: the sender is the original initiator
 * @msg: parsed up to SK; gets the payloads inside added
 * @plain: gets the plaintext, which @msg will point into
 * @size: octets of @plain
 *
 * Return: 0; -EPERM if it is not authentic: nothing in it may be believed;
 * -EBADMSG if it is, but malformed; -ENOMEM.
 */
int ike_sk_open(const struct ike_keys *keys, bool initiator,
		struct ike_msg *msg, uint8_t *plain, size_t size);

#endif /* IPSVTI_IKE_SK_H */
