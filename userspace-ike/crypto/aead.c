// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-GCM with a 16-octet ICV as IKE uses it (RFC 5282): nonce = salt | IV.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto.h"
#include "../engine/ikev2.h"

static const struct aead {
	uint16_t id;
	uint16_t key_bits;
	const char *name;
} aeads[] = {
	{ IKE_ENCR_AES_GCM_16, 128, "AES-128-GCM" },
	{ IKE_ENCR_AES_GCM_16, 256, "AES-256-GCM" },
};

size_t ike_aead_key_len(uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		if (aeads[i].id == id && aeads[i].key_bits == key_bits)
			return key_bits / 8 + IKE_AEAD_SALT;
	return 0;
}

static const struct aead *aead_find(uint16_t id, size_t key_len)
{
	for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		if (aeads[i].id == id &&
		    (size_t)aeads[i].key_bits / 8 + IKE_AEAD_SALT == key_len)
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
	uint8_t icv[IKE_AEAD_ICV];
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = NULL;
	int err = -ENOMEM;
	int seal = icv_out != NULL;
	int n = 0;

	if (!aead || len > INT_MAX || aad.len > INT_MAX)
		return -EINVAL;
	/* The salt is the last part of the keying material. */
	memcpy(nonce, key.data + key.len - IKE_AEAD_SALT, IKE_AEAD_SALT);
	memcpy(nonce + IKE_AEAD_SALT, iv, IKE_AEAD_IV);

	cipher = EVP_CIPHER_fetch(NULL, aead->name, NULL);
	ctx = EVP_CIPHER_CTX_new();
	if (!cipher || !ctx ||
	    EVP_CipherInit_ex2(ctx, cipher, key.data, nonce, seal, NULL) != 1)
		goto out;
	if (!seal) {
		memcpy(icv, icv_in, sizeof(icv));
		if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
					sizeof(icv), icv) != 1)
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
					IKE_AEAD_ICV, icv_out) != 1)
		goto out;
	err = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return err;
}

int ike_aead_seal(uint16_t encr, struct ike_slice key,
		  const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		  uint8_t *text, size_t len, uint8_t icv[IKE_AEAD_ICV])
{
	return aead_run(encr, key, iv, aad, text, len, icv, NULL);
}

int ike_aead_open(uint16_t encr, struct ike_slice key,
		  const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		  uint8_t *text, size_t len, const uint8_t icv[IKE_AEAD_ICV])
{
	return aead_run(encr, key, iv, aad, text, len, NULL, icv);
}
