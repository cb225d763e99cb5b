// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SK payload (RFC 7296, section 3.14; with AEADs, RFC 5282), and the SKF
 * payload (RFC 7383, section 2.5).
 *
 *	header | SK header | IV | payloads, padding, pad length | ICV
 *	`------- AAD -----'      `-------- encrypted ---------'
 *	`---------------- HMAC, without an AEAD --------------'
 *
 * In a fragment number and total stand between SKF header and IV. What is not
 * an AEAD encrypts, then authenticates; whoever opens checks before it decrypts,
 * and a forger never learns more than that the check failed.
 */
#include <errno.h>

#include "sk.h"

static struct ike_slice encr_key(const struct ike_keys *keys, bool initiator)
{
	return IKE_SLICE(initiator ? keys->ei : keys->er, keys->e_len);
}

static struct ike_slice integ_key(const struct ike_keys *keys, bool initiator)
{
	return IKE_SLICE(initiator ? keys->ai : keys->ar, keys->a_len);
}

static size_t iv_len(const struct ike_keys *keys)
{
	return keys->integ ? IKE_CBC_BLOCK : IKE_AEAD_IV;
}

static size_t icv_len(const struct ike_keys *keys)
{
	return keys->integ ? ike_integ_icv_len(keys->integ) :
			     ike_aead_icv_len(keys->encr);
}

/* Padding before the pad length: a counter mode needs none. */
static size_t pad_len(const struct ike_keys *keys, size_t len)
{
	size_t over = (len + 1) % IKE_CBC_BLOCK;

	return keys->integ && over ? IKE_CBC_BLOCK - over : 0;
}

size_t ike_sk_room(const struct ike_keys *keys, size_t size, bool fragment)
{
	size_t around = IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN +
			(fragment ? 4 : 0) + iv_len(keys) + icv_len(keys);
	size_t text = size > around ? size - around : 0;

	if (keys->integ)
		text -= text % IKE_CBC_BLOCK;
	return text ? text - 1 : 0;
}

/*
 * An AEAD's IV is a number. That of CBC must not be foreseen (RFC 3602, section
 * 3), and so is made of the number by the PRF, with this direction's key for
 * integrity: from a block that no message begins with, as no SPI is 0.
 */
static int make_iv(const struct ike_keys *keys, bool initiator, uint64_t number,
		   uint8_t *iv)
{
	uint8_t block[2 * IKE_SPI_LEN] = { 0 }, out[IKE_PRF_MAX];
	struct ike_slice part = IKE_SLICE(block, sizeof(block));
	int err;

	if (!keys->integ) {
		put_be64(iv, number);
		return 0;
	}
	put_be64(block + IKE_SPI_LEN, number);
	err = ike_prf(keys->prf, integ_key(keys, initiator), &part, 1, out);
	if (!err)
		memcpy(iv, out, IKE_CBC_BLOCK);
	return err;
}

/* @text: from the IV's end; @len: octets of it, padding included. */
static int protect(const struct ike_keys *keys, bool initiator, uint8_t *out,
		   const uint8_t *iv, uint8_t *text, size_t len)
{
	int err;

	if (!keys->integ)
		return ike_aead_seal(keys->encr, encr_key(keys, initiator), iv,
				     IKE_SLICE(out, (size_t)(iv - out)), text,
				     len, text + len);
	err = ike_cbc(true, encr_key(keys, initiator), iv, text, len);
	if (err)
		return err;
	return ike_integ(keys->integ, integ_key(keys, initiator),
			 IKE_SLICE(out, (size_t)(text + len - out)),
			 text + len);
}

/* @f NULL: an SK payload. */
static int seal(const struct ike_keys *keys, bool initiator, uint64_t iv,
		const struct ike_header *h, const struct ike_fragment *f,
		uint8_t first, struct ike_slice chain, uint8_t *out,
		size_t size)
{
	struct ike_header full = *h;
	uint8_t *sk = out + IKE_HEADER_LEN;
	uint8_t *iv_at = sk + IKE_PAYLOAD_HEADER_LEN + (f ? 4 : 0);
	uint8_t *text = iv_at + iv_len(keys);
	size_t pad = pad_len(keys, chain.len);
	size_t text_len = chain.len + pad + 1;
	size_t total = (size_t)(text - out) + text_len + icv_len(keys);
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
	if (chain.len)
		memcpy(text, chain.data, chain.len);
	memset(text + chain.len, 0, pad);
	text[text_len - 1] = (uint8_t)pad;
	err = make_iv(keys, initiator, iv, iv_at);
	if (!err)
		err = protect(keys, initiator, out, iv_at, text, text_len);
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

/*
 * Checks @icv over all of the message before it and decrypts @text to @plain.
 * Return: 0, -ENOMEM, or anything else if it is not authentic.
 */
static int unprotect(const struct ike_keys *keys, bool initiator,
		     const struct ike_msg *msg, const uint8_t *iv,
		     struct ike_slice text, const uint8_t *icv, uint8_t *plain)
{
	const uint8_t *raw = msg->raw.data;
	uint8_t want[IKE_ICV_MAX];
	int err;

	memcpy(plain, text.data, text.len);
	/* All up to the IV, whatever payloads stand before SK. */
	if (!keys->integ)
		return ike_aead_open(keys->encr, encr_key(keys, initiator), iv,
				     IKE_SLICE(raw, (size_t)(iv - raw)), plain,
				     text.len, icv);
	if (text.len % IKE_CBC_BLOCK)
		return -EBADMSG;
	err = ike_integ(keys->integ, integ_key(keys, initiator),
			IKE_SLICE(raw, (size_t)(icv - raw)), want);
	if (err)
		return err;
	if (!ike_equal(want, icv, icv_len(keys)))
		return -EBADMSG;
	return ike_cbc(false, encr_key(keys, initiator), iv, plain, text.len);
}

/* Of SK and SKF alike: what is inside goes to @plain. */
static int open_sealed(const struct ike_keys *keys, bool initiator,
		       const struct ike_msg *msg, uint8_t *plain, size_t size,
		       struct ike_slice *inside)
{
	struct ike_reader r = ike_read(msg->sk);
	const uint8_t *iv = ike_take(&r, iv_len(keys));
	struct ike_slice text;
	const uint8_t *icv;
	size_t pad;
	int err;

	/* At least the pad length is in there. */
	if (!iv || r.left < 1 + icv_len(keys) || r.left > size)
		return -EPERM;
	text = ike_take_slice(&r, r.left - icv_len(keys));
	icv = ike_take(&r, icv_len(keys));
	err = unprotect(keys, initiator, msg, iv, text, icv, plain);
	if (err)
		return err == -ENOMEM ? err : -EPERM;

	/* It may be of any octets, and longer than need be (section 3.14). */
	pad = plain[text.len - 1];
	if (pad > text.len - 1)
		return -EBADMSG;
	*inside = IKE_SLICE(plain, text.len - 1 - pad);
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
	msg->inside = chain;
	msg->inside_first = first;
	return ike_msg_parse_payloads(msg, first, chain, true);
}
