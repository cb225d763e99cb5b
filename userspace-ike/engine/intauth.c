// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IntAuth (RFC 9242, section 3.3.2).
 */
#include <errno.h>

#include "intauth.h"

int ike_int_auth_add(struct ike_int_auth *ia, const struct ike_keys *keys,
		     bool of_initiator, const struct ike_header *h,
		     uint8_t first, struct ike_slice chain)
{
	uint8_t *sum = of_initiator ? ia->i : ia->r;
	unsigned int *n = of_initiator ? &ia->n_i : &ia->n_r;
	const uint8_t *key = of_initiator ? keys->pi : keys->pr;
	uint8_t front[IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN];
	uint8_t *sk = front + IKE_HEADER_LEN;
	uint8_t next[IKE_PRF_MAX];
	struct ike_header full = *h;
	struct ike_slice parts[3];
	int err;

	if (chain.len > IKE_MESSAGE_MAX - sizeof(front))
		return -EMSGSIZE;
	/* "Adjusted" lengths: of these two headers and the payloads alone. */
	full.next_payload = IKE_PAYLOAD_SK;
	full.length = (uint32_t)(sizeof(front) + chain.len);
	ike_header_write(front, &full);
	sk[0] = first;
	sk[1] = 0;
	put_be16(sk + 2, (uint16_t)(IKE_PAYLOAD_HEADER_LEN + chain.len));

	/* IntAuth_iN = prf(SK_piN, [IntAuth_iN-1 |] IntAuth_iNA | IntAuth_iNP) */
	parts[0] = IKE_SLICE(sum, *n ? keys->prf_len : 0);
	parts[1] = IKE_SLICE(front, sizeof(front));
	parts[2] = chain;
	err = ike_prf(keys->prf, IKE_SLICE(key, keys->prf_len), parts, 3, next);
	if (err)
		return err;
	memcpy(sum, next, keys->prf_len);
	(*n)++;
	return 0;
}

void ike_int_auth_put(const struct ike_int_auth *ia,
		      const struct ike_keys *keys, uint32_t message_id,
		      struct ike_writer *out)
{
	if (!ia->n_i && !ia->n_r)
		return;
	/* An exchange of which half is missing is no reason to sign less. */
	if (ia->n_i != ia->n_r) {
		out->failed = true;
		return;
	}
	ike_put(out, IKE_SLICE(ia->i, keys->prf_len));
	ike_put(out, IKE_SLICE(ia->r, keys->prf_len));
	ike_put_u32(out, message_id);
}
