/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SK payload (RFC 7296, section 3.14; with AEADs, RFC 5282), and the SKF
 * payload (RFC 7383, section 2.5), which holds a part of one.
 */
#ifndef IPSVTI_IKE_SK_H
#define IPSVTI_IKE_SK_H

#include "keymat.h"

/* Octets that sealing adds to a chain of payloads, with any suite, at most. */
#define IKE_SK_OVERHEAD (IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN + \
			 IKE_CBC_BLOCK + IKE_CBC_BLOCK + IKE_ICV_MAX)

/* The same of a fragment. */
#define IKE_SKF_OVERHEAD (IKE_SK_OVERHEAD + 4)

/**
 * ike_sk_room() - octets of payloads that fit into a message, or a fragment
 * @keys: of the IKE SA
 * @size: octets of the message
 * @fragment: it is a fragment
 *
 * Return: how many; 0 if the message cannot be that short.
 */
size_t ike_sk_room(const struct ike_keys *keys, size_t size, bool fragment);

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

/**
 * struct ike_fragment - a place in a message
 * @number: from 1 on
 * @total: of all of its fragments
 */
struct ike_fragment {
	uint16_t number;
	uint16_t total;
};

/**
 * ike_skf_seal() - one fragment of a message from a part of its payloads
 * @keys: of the IKE SA
 * @initiator: the sender is the original initiator
 * @iv: a number never used before in this direction
 * @h: header; next payload and length are filled in
 * @f: which fragment
 * @first: type of the message's first payload; only fragment 1 tells it
 * @part: octets of the chain of payloads
 * @out: gets the fragment; needs room for @part and IKE_SKF_OVERHEAD
 * @size: octets of @out
 *
 * Return: octets of the fragment, -EMSGSIZE, -ENOMEM.
 */
int ike_skf_seal(const struct ike_keys *keys, bool initiator, uint64_t iv,
		 const struct ike_header *h, const struct ike_fragment *f,
		 uint8_t first, struct ike_slice part, uint8_t *out,
		 size_t size);

/**
 * ike_skf_open() - check and decrypt a fragment
 * @keys: of the IKE SA
 * @initiator: the sender is the original initiator
 * @msg: parsed up to SKF
 * @plain: gets the plaintext
 * @size: octets of @plain
 * @part: set to the part of the payloads in @plain
 *
 * Return: 0; -EPERM if it is not authentic; -EBADMSG if it is, but malformed;
 * -ENOMEM.
 */
int ike_skf_open(const struct ike_keys *keys, bool initiator,
		 const struct ike_msg *msg, uint8_t *plain, size_t size,
		 struct ike_slice *part);

/**
 * ike_sk_parse() - the payloads of an opened message, put together or not
 * @msg: gets them added, in place of what stood outside
 * @first: type of the first one
 * @chain: the payloads
 *
 * Return: 0, -EBADMSG.
 */
int ike_sk_parse(struct ike_msg *msg, uint8_t first, struct ike_slice chain);

#endif /* IPSVTI_IKE_SK_H */
