// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keying material (RFC 7296, sections 2.13 to 2.18).
 */
#include <errno.h>

#include "keymat.h"

int ike_keys_derive(struct ike_keys *keys, const struct ike_choice *choice,
		    const struct ike_keys *old,
		    const struct ike_keymat_input *in, uint64_t spi_i,
		    uint64_t spi_r)
{
	uint8_t stream[3 * IKE_PRF_MAX + 2 * IKE_INTEG_KEY_MAX +
		       2 * IKE_ENCR_KEY_MAX];
	uint8_t nonces[2 * IKE_NONCE_MAX];
	uint8_t seed[IKE_PRF_MAX];
	uint8_t spis[2 * IKE_SPI_LEN];
	size_t p = ike_prf_len(choice->prf);
	size_t a = ike_integ_key_len(choice->integ);
	size_t e = a ? ike_cbc_key_len(choice->encr.id, choice->encr.key_bits) :
		       ike_aead_key_len(choice->encr.id, choice->encr.key_bits);
	size_t len = 3 * p + 2 * a + 2 * e;
	struct ike_slice parts[3];
	struct ike_reader r;
	int err;

	if (!p || !e || in->ni.len > IKE_NONCE_MAX ||
	    in->nr.len > IKE_NONCE_MAX)
		return -EINVAL;
	memcpy(nonces, in->ni.data, in->ni.len);
	memcpy(nonces + in->ni.len, in->nr.data, in->nr.len);
	put_be64(spis, spi_i);
	put_be64(spis + IKE_SPI_LEN, spi_r);

	if (old) {
		/* SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr | SK(1) | …) */
		parts[0] = in->secret;
		parts[1] = IKE_SLICE(nonces, in->ni.len + in->nr.len);
		parts[2] = in->more;
		err = ike_prf(old->prf, IKE_SLICE(old->d, old->prf_len), parts,
			      3, seed);
		p = ike_prf_len(choice->prf);
	} else {
		/* SKEYSEED = prf(Ni | Nr, g^ir) */
		parts[0] = in->secret;
		err = ike_prf(choice->prf,
			      IKE_SLICE(nonces, in->ni.len + in->nr.len),
			      parts, 1, seed);
	}
	if (err)
		return err;

	parts[0] = IKE_SLICE(nonces, in->ni.len + in->nr.len);
	parts[1] = IKE_SLICE(spis, sizeof(spis));
	err = ike_prf_plus(choice->prf,
			   IKE_SLICE(seed, ike_prf_len(old ? old->prf :
							     choice->prf)),
			   parts, 2, stream, len);
	if (!err) {
		/* {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} */
		r = ike_read(IKE_SLICE(stream, len));
		keys->prf = choice->prf;
		keys->encr = choice->encr.id;
		keys->integ = choice->integ;
		keys->prf_len = p;
		keys->a_len = a;
		keys->e_len = e;
		memcpy(keys->d, ike_take(&r, p), p);
		memcpy(keys->ai, ike_take(&r, a), a);
		memcpy(keys->ar, ike_take(&r, a), a);
		memcpy(keys->ei, ike_take(&r, e), e);
		memcpy(keys->er, ike_take(&r, e), e);
		memcpy(keys->pi, ike_take(&r, p), p);
		memcpy(keys->pr, ike_take(&r, p), p);
	}
	ike_wipe(stream, sizeof(stream));
	ike_wipe(seed, sizeof(seed));
	return err;
}

int ike_keys_child(const struct ike_keys *keys,
		   const struct ike_esp_transform *esp,
		   const struct ike_keymat_input *in,
		   struct ike_child_keys *out)
{
	uint8_t stream[2 * IKE_KEY_MAX];
	struct ike_slice parts[4] = { in->secret, in->ni, in->nr,
				      in->more };
	int err;

	out->len = esp->key_len + esp->salt_len;
	/*
	 * KEYMAT = prf+(SK_d, [ g^ir (new) | ] Ni | Nr [ | SK(1) | … ]): all of the
	 * initiator's direction first, and of each the key for encryption first.
	 */
	err = ike_prf_plus(keys->prf, IKE_SLICE(keys->d, keys->prf_len), parts,
			   4, stream, 2 * out->len);
	if (!err) {
		memcpy(out->i2r, stream, out->len);
		memcpy(out->r2i, stream + out->len, out->len);
	}
	ike_wipe(stream, sizeof(stream));
	return err;
}

void ike_signed_octets(const struct ike_keys *keys, bool initiator,
		       struct ike_slice message, struct ike_slice nonce,
		       struct ike_slice id, struct ike_writer *out)
{
	const uint8_t *key = initiator ? keys->pi : keys->pr;
	uint8_t maced[IKE_PRF_MAX];

	/* RealMessage | NonceData of the other | prf(SK_p, RestOfIDPayload) */
	ike_put(out, message);
	ike_put(out, nonce);
	if (ike_prf(keys->prf, IKE_SLICE(key, keys->prf_len), &id, 1, maced))
		out->failed = true;
	else
		ike_put(out, IKE_SLICE(maced, keys->prf_len));
	ike_wipe(maced, sizeof(maced));
}

int ike_psk_auth(const void *psk, size_t psk_len,
		 const struct ike_psk_request *req, uint8_t auth[64])
{
	static const char pad[] = "Key Pad for IKEv2";
	struct ike_slice part = IKE_SLICE((const uint8_t *)pad,
					  sizeof(pad) - 1);
	uint8_t key[IKE_PRF_MAX];
	size_t len = ike_prf_len(req->prf);
	int err;

	err = ike_prf(req->prf, IKE_SLICE(psk, psk_len), &part, 1, key);
	if (err)
		return err;
	part = IKE_SLICE(req->octets, req->len);
	err = ike_prf(req->prf, IKE_SLICE(key, len), &part, 1, auth);
	ike_wipe(key, sizeof(key));
	return err ? err : (int)len;
}
