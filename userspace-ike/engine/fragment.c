// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fragments of IKE messages (RFC 7383), put together.
 */
#include <errno.h>
#include <stdlib.h>

#include "fragment.h"

void ike_reassembly_clear(struct ike_reassembly *r)
{
	for (unsigned int i = 0; i < r->total; i++)
		free((uint8_t *)r->parts[i].data);
	memset(r, 0, sizeof(*r));
}

static bool same_message(const struct ike_reassembly *r,
			 const struct ike_msg *msg)
{
	return r->total && r->message_id == msg->h.message_id;
}

bool ike_reassembly_wants(const struct ike_reassembly *r,
			  const struct ike_msg *msg)
{
	if (msg->fragments > IKE_FRAGMENTS_MAX)
		return false;
	if (!same_message(r, msg) || msg->fragments > r->total)
		return true;
	return msg->fragments == r->total && !r->parts[msg->fragment - 1].data;
}

int ike_reassembly_add(struct ike_reassembly *r, const struct ike_msg *msg,
		       struct ike_slice part)
{
	uint8_t *copy;

	/* Section 2.6: the sender may try again with smaller fragments. */
	if (!same_message(r, msg) || msg->fragments > r->total)
		ike_reassembly_clear(r);
	copy = malloc(part.len ? part.len : 1);
	if (!copy || part.len > IKE_REASSEMBLY_MAX - r->octets) {
		int err = copy ? -EMSGSIZE : -ENOMEM;

		ike_reassembly_clear(r);
		free(copy);
		return err;
	}
	if (part.len)
		memcpy(copy, part.data, part.len);
	r->message_id = msg->h.message_id;
	r->total = msg->fragments;
	if (msg->fragment == 1)
		r->first = msg->sk_first;
	r->parts[msg->fragment - 1] = IKE_SLICE(copy, part.len);
	r->octets += part.len;
	return ++r->have == r->total;
}

size_t ike_reassembly_finish(struct ike_reassembly *r, uint8_t *out,
			     size_t size)
{
	struct ike_writer w = ike_write_to(out, size);

	for (unsigned int i = 0; i < r->total; i++)
		ike_put(&w, r->parts[i]);
	ike_reassembly_clear(r);
	return w.len;
}
