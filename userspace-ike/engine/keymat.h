/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keying material (RFC 7296, sections 2.13 to 2.18).
 */
#ifndef IPSVTI_IKE_KEYMAT_H
#define IPSVTI_IKE_KEYMAT_H

#include "proposal.h"

struct ike_nonce {
	uint16_t len;
	uint8_t data[IKE_NONCE_MAX];
};

static inline struct ike_slice ike_nonce_slice(const struct ike_nonce *n)
{
	return IKE_SLICE(n->data, n->len);
}

/**
 * struct ike_keys - the SK_* of an IKE SA
 * @prf: their PRF
 * @encr: cipher of the IKE SA
 * @integ: its integrity algorithm; IKE_INTEG_NONE with an AEAD, and then there
 *         are no @ai, @ar (RFC 5282, section 7.1)
 * @d: derives more
 * @ai: authenticates what the initiator sends
 * @ar: authenticates what the responder sends
 * @pi: AUTH of the initiator
 * @pr: AUTH of the responder
 * @ei: encrypts what the initiator sends; with an AEAD, key and salt
 * @er: encrypts what the responder sends
 * @prf_len: octets of @d, @pi, @pr
 * @a_len: octets of @ai, @ar
 * @e_len: octets of @ei, @er
 */
struct ike_keys {
	uint16_t prf;
	uint16_t encr;
	uint16_t integ;
	uint8_t d[IKE_PRF_MAX];
	uint8_t ai[IKE_INTEG_KEY_MAX];
	uint8_t ar[IKE_INTEG_KEY_MAX];
	uint8_t pi[IKE_PRF_MAX];
	uint8_t pr[IKE_PRF_MAX];
	uint8_t ei[IKE_ENCR_KEY_MAX];
	uint8_t er[IKE_ENCR_KEY_MAX];
	size_t prf_len;
	size_t a_len;
	size_t e_len;
};

/**
 * struct ike_keymat_input - what new keys are made from
 * @secret: g^ir; empty for a CHILD SA without PFS
 * @ni: initiator's nonce
 * @nr: responder's nonce
 * @more: SK(1) | SK(2) | …, of additional key exchanges behind CREATE_CHILD_SA
 *        (RFC 9370, section 2.2.4); empty: there was none
 */
struct ike_keymat_input {
	struct ike_slice secret;
	struct ike_slice ni;
	struct ike_slice nr;
	struct ike_slice more;
};

/**
 * ike_keys_derive() - keys of an IKE SA (sections 2.14, 2.18)
 * @keys: filled
 * @choice: negotiated suite
 * @old: keys of the IKE SA that is rekeyed, or NULL for a first one
 * @in: shared secret and nonces
 * @spi_i: initiator's SPI of the new IKE SA
 * @spi_r: responder's
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ike_keys_derive(struct ike_keys *keys, const struct ike_choice *choice,
		    const struct ike_keys *old,
		    const struct ike_keymat_input *in, uint64_t spi_i,
		    uint64_t spi_r);

/* Keys of both directions of a CHILD SA: the key for encryption, then the salt
 * or the key for integrity.
 */
struct ike_child_keys {
	uint8_t i2r[IKE_KEY_MAX];
	uint8_t r2i[IKE_KEY_MAX];
	size_t len;
};

/**
 * ike_keys_child() - keys of a CHILD SA (section 2.17)
 * @keys: of the IKE SA
 * @esp: ESP transform
 * @in: nonces, and shared secret with PFS, of the exchange that makes it
 * @out: filled
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ike_keys_child(const struct ike_keys *keys,
		   const struct ike_esp_transform *esp,
		   const struct ike_keymat_input *in,
		   struct ike_child_keys *out);

/**
 * ike_signed_octets() - what AUTH covers (section 2.15)
 * @keys: of the IKE SA
 * @initiator: whose AUTH it is
 * @message: that side's IKE_SA_INIT message, as sent
 * @nonce: the other side's nonce
 * @id: body of that side's ID payload
 * @out: gets the octets
 *
 * Does not fail by itself: a writer that is too small says so.
 */
void ike_signed_octets(const struct ike_keys *keys, bool initiator,
		       struct ike_slice message, struct ike_slice nonce,
		       struct ike_slice id, struct ike_writer *out);

#endif /* IPSVTI_IKE_KEYMAT_H */
