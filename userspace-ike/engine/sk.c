// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SK payload (RFC 7296, section 3.14; with AEADs, RFC 5282), and the SKF
 * payload (RFC 7383, section 2.5).
 *
 *	header | SK header | IV | payloads, padding, pad length | ICV
 *	`------- AAD -----'      `-------- encrypted ---------'
 *
 * In a fragment number and total stand between SKF header and IV, in the AAD.
 */
#include <errno.h>

#include "sk.h"

static struct ike_slice key_of(const struct ike_keys *keys, bool initiator)
{
	return IKE_SLICE(initiator ? keys->ei : keys->er, keys->e_len);
}

/* @f NULL: an SK payload. */
static int seal(const struct ike_keys *keys, bool initiator, uint64_t iv,
		const struct ike_header *h, const struct ike_fragment *f,
		uint8_t first, struct ike_slice chain, uint8_t *out,
		size_t size)
{
	struct ike_header full = *h;
	size_t total = chain.len + (f ? IKE_SKF_OVERHEAD : IKE_SK_OVERHEAD);
	uint8_t *sk = out + IKE_HEADER_LEN;
	uint8_t *iv_at = sk + IKE_PAYLOAD_HEADER_LEN + (f ? 4 : 0);
	uint8_t *text = iv_at + IKE_AEAD_IV;
	size_t text_len = chain.len + 1;
	int err;

	if (total > size || total > IKE_MESSAGE_MAX)
		return -EMSGSIZE;
	full.next_payload = f ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_SK;
	full.length = (uint32_t)total;
	ike_header_write(out, &full);
	sk[0] = !f || f->number == 1 ? first : IKE_PAYLOAD_NONE;
	sk[1] = 0;
	put_be16(sk + 2, (uint16_t)(total - IKE_HEADER_LEN));
	if (f) {
		put_be16(sk + 4, f->number);
		put_be16(sk + 6, f->total);
	}
	put_be64(iv_at, iv);
	if (chain.len)
		memcpy(text, chain.data, chain.len);
	text[chain.len] = 0;	/* pad length: a counter mode needs no padding */
	err = ike_aead_seal(keys->encr, key_of(keys, initiator), iv_at,
			    IKE_SLICE(out, (size_t)(iv_at - out)),
			    text, text_len, text + text_len);
	return err ? err : (int)total;
}

int ike_sk_seal(const struct ike_keys *keys, bool initiator, uint64_t iv,
		const struct ike_header *h, uint8_t first,
		struct ike_slice chain, uint8_t *out, size_t size)
{
	return seal(keys, initiator, iv, h, NULL, first, chain, out, size);
}

int ike_skf_seal(const struct ike_keys *keys, bool initiator, uint64_t iv,
		 const struct ike_header *h, const struct ike_fragment *f,
		 uint8_t first, struct ike_slice part, uint8_t *out,
		 size_t size)
{
	return seal(keys, initiator, iv, h, f, first, part, out, size);
}

/* Of SK and SKF alike: what is inside goes to @plain. */
static int open_sealed(const struct ike_keys *keys, bool initiator,
		       const struct ike_msg *msg, uint8_t *plain, size_t size,
		       struct ike_slice *inside)
{
	struct ike_reader r = ike_read(msg->sk);
	const uint8_t *iv = ike_take(&r, IKE_AEAD_IV);
	struct ike_slice text, aad;
	const uint8_t *icv;
	uint8_t pad_len;
	int err;

	/* At least the pad length is in there. */
	if (!iv || r.left < 1 + IKE_AEAD_ICV || r.left > size)
		return -EPERM;
	text = ike_take_slice(&r, r.left - IKE_AEAD_ICV);
	icv = ike_take(&r, IKE_AEAD_ICV);
	/* All up to the IV, whatever payloads stand before SK. */
	aad = IKE_SLICE(msg->raw.data, (size_t)(iv - msg->raw.data));

	memcpy(plain, text.data, text.len);
	err = ike_aead_open(keys->encr, key_of(keys, initiator), iv, aad,
			    plain, text.len, icv);
	if (err)
		return err == -ENOMEM ? err : -EPERM;

	pad_len = plain[text.len - 1];
	if (pad_len > text.len - 1)
		return -EBADMSG;
	*inside = IKE_SLICE(plain, text.len - 1 - pad_len);
	return 0;
}

int ike_sk_open(const struct ike_keys *keys, bool initiator,
		struct ike_msg *msg, uint8_t *plain, size_t size)
{
	struct ike_slice chain;
	int err = open_sealed(keys, initiator, msg, plain, size, &chain);

	return err ? err : ike_sk_parse(msg, msg->sk_first, chain);
}

int ike_skf_open(const struct ike_keys *keys, bool initiator,
		 const struct ike_msg *msg, uint8_t *plain, size_t size,
		 struct ike_slice *part)
{
	return open_sealed(keys, initiator, msg, plain, size, part);
}

int ike_sk_parse(struct ike_msg *msg, uint8_t first, struct ike_slice chain)
{
	/*
	 * What stood outside is of no value: the sender may have meant it, but
	 * the fsm speaks about what is inside.
	 */
	msg->present = IKE_P_SK;
	msg->n_notifies = 0;
	msg->n_deletes = 0;
	msg->n_certs = 0;
	msg->encrypted = true;
	return ike_msg_parse_payloads(msg, first, chain, true);
}
