/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of IKE messages (RFC 7383): one message cut into several that fit
 * into any path, and put together again.
 *
 * What a peer can make us keep is bounded: IKE_FRAGMENTS_MAX fragments of
 * IKE_REASSEMBLY_MAX octets together, of one message in each direction of an
 * IKE SA. Only fragments that were found authentic get here.
 */
#ifndef IPSVTI_IKE_FRAGMENT_H
#define IPSVTI_IKE_FRAGMENT_H

#include "msg.h"

/*
 * Octets of an IKE message that is not to be fragmented: with IPv6, UDP and
 * the non-ESP marker in front that makes 1280, which passes everywhere (RFC
 * 7383, section 2.5.1).
 */
#define IKE_UNFRAGMENTED_MAX	1228

/* Octets of payloads in one message: a chain of certificates fits, and more. */
#define IKE_REASSEMBLY_MAX	32768

/**
 * struct ike_reassembly - fragments of one message, on one way of an IKE SA
 * @message_id: the message's
 * @first: type of its first payload, as fragment 1 has it
 * @total: how many fragments it has; 0: none was kept yet
 * @have: how many are here
 * @octets: of all that are here
 * @parts: their octets, allocated each by itself; NULL: not here yet
 */
struct ike_reassembly {
	uint32_t message_id;
	uint8_t first;
	uint16_t total;
	uint16_t have;
	size_t octets;
	struct ike_slice parts[IKE_FRAGMENTS_MAX];
};

/**
 * ike_reassembly_wants() - whether a fragment is worth the effort to open it
 * @r: what is there
 * @msg: parsed up to SKF, not known to be authentic
 *
 * Changes nothing.
 *
 * Return: false if it is here already, is of a coarser cut than what is here
 * (RFC 7383, section 2.6), or of more fragments than we keep.
 */
bool ike_reassembly_wants(const struct ike_reassembly *r,
			  const struct ike_msg *msg);

/**
 * ike_reassembly_add() - keep a fragment
 * @r: gets it added; a fragment of another message, or of a finer cut of this
 *     one, throws away what was there
 * @msg: its header
 * @part: what was inside
 *
 * Return: 1 if the message is complete, 0 if not; -EMSGSIZE if it becomes too
 * large, -ENOMEM: then nothing of it is kept any more.
 */
int ike_reassembly_add(struct ike_reassembly *r, const struct ike_msg *msg,
		       struct ike_slice part);

/**
 * ike_reassembly_finish() - the whole chain of payloads, and an empty @r
 * @r: complete
 * @out: gets it
 * @size: octets of @out, at least IKE_REASSEMBLY_MAX
 *
 * Return: octets written.
 */
size_t ike_reassembly_finish(struct ike_reassembly *r, uint8_t *out,
			     size_t size);

/* Throws away what is there. */
void ike_reassembly_clear(struct ike_reassembly *r);

#endif /* IPSVTI_IKE_FRAGMENT_H */
