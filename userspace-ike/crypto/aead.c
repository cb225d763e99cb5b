// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-GCM (RFC 5282) and ChaCha20-Poly1305 (RFC 7634) as IKE uses them: the nonce
 * is salt | IV, and the salt is the last part of the keying material.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto.h"
#include "../engine/ikev2.h"

static const struct aead {
	uint16_t id;
	uint16_t key_bits;	/* as negotiated; 0: the key has one length only */
	uint8_t key_len;
	uint8_t icv_len;
	const char *name;
} aeads[] = {
	{ IKE_ENCR_AES_GCM_8, 128, 16, 8, "AES-128-GCM" },
	{ IKE_ENCR_AES_GCM_8, 192, 24, 8, "AES-192-GCM" },
	{ IKE_ENCR_AES_GCM_8, 256, 32, 8, "AES-256-GCM" },
	{ IKE_ENCR_AES_GCM_12, 128, 16, 12, "AES-128-GCM" },
	{ IKE_ENCR_AES_GCM_12, 192, 24, 12, "AES-192-GCM" },
	{ IKE_ENCR_AES_GCM_12, 256, 32, 12, "AES-256-GCM" },
	{ IKE_ENCR_AES_GCM_16, 128, 16, 16, "AES-128-GCM" },
	{ IKE_ENCR_AES_GCM_16, 192, 24, 16, "AES-192-GCM" },
	{ IKE_ENCR_AES_GCM_16, 256, 32, 16, "AES-256-GCM" },
	{ IKE_ENCR_CHACHA20_POLY1305, 0, 32, 16, "ChaCha20-Poly1305" },
};

size_t ike_aead_key_len(uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		if (aeads[i].id == id && aeads[i].key_bits == key_bits)
			return aeads[i].key_len + IKE_AEAD_SALT;
	return 0;
}

size_t ike_aead_icv_len(uint16_t id)
{
	for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		if (aeads[i].id == id)
			return aeads[i].icv_len;
	return 0;
}

static const struct aead *aead_find(uint16_t id, size_t key_len)
{
	for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		if (aeads[i].id == id &&
		    (size_t)aeads[i].key_len + IKE_AEAD_SALT == key_len)
			return &aeads[i];
	return NULL;
}

/* Seals if @icv_out is given, else opens and checks @icv_in. */
static int aead_run(uint16_t id, struct ike_slice key,
		    const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		    uint8_t *text, size_t len, uint8_t *icv_out,
		    const uint8_t *icv_in)
{
	const struct aead *aead = aead_find(id, key.len);
	uint8_t nonce[IKE_AEAD_SALT + IKE_AEAD_IV];
	uint8_t icv[IKE_ICV_MAX];
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = NULL;
	int err = -ENOMEM;
	int seal = icv_out != NULL;
	int n = 0;

	if (!aead || len > INT_MAX || aad.len > INT_MAX)
		return -EINVAL;
	memcpy(nonce, key.data + key.len - IKE_AEAD_SALT, IKE_AEAD_SALT);
	memcpy(nonce + IKE_AEAD_SALT, iv, IKE_AEAD_IV);

	cipher = EVP_CIPHER_fetch(NULL, aead->name, NULL);
	ctx = EVP_CIPHER_CTX_new();
	if (!cipher || !ctx ||
	    EVP_CipherInit_ex2(ctx, cipher, key.data, nonce, seal, NULL) != 1)
		goto out;
	if (!seal) {
		memcpy(icv, icv_in, aead->icv_len);
		if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
					aead->icv_len, icv) != 1)
			goto out;
	}
	if (aad.len &&
	    EVP_CipherUpdate(ctx, NULL, &n, aad.data, (int)aad.len) != 1)
		goto out;
	if (len && EVP_CipherUpdate(ctx, text, &n, text, (int)len) != 1)
		goto out;
	if (EVP_CipherFinal_ex(ctx, text + len, &n) != 1) {
		err = seal ? -ENOMEM : -EBADMSG;
		goto out;
	}
	if (seal && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
					aead->icv_len, icv_out) != 1)
		goto out;
	err = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return err;
}

int ike_aead_seal(uint16_t encr, struct ike_slice key,
		  const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		  uint8_t *text, size_t len, uint8_t *icv)
{
	return aead_run(encr, key, iv, aad, text, len, icv, NULL);
}

int ike_aead_open(uint16_t encr, struct ike_slice key,
		  const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		  uint8_t *text, size_t len, const uint8_t *icv)
{
	return aead_run(encr, key, iv, aad, text, len, NULL, icv);
}
