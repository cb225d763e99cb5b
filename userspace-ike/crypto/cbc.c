// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-CBC (RFC 3602) and the integrity algorithms that go with it: HMAC-SHA1-96
 * (RFC 2404), HMAC-SHA2 (RFC 4868).
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto.h"
#include "../engine/ikev2.h"

static const struct cbc {
	uint8_t key_len;
	const char *name;
} cbcs[] = {
	{ 16, "AES-128-CBC" },
	{ 32, "AES-256-CBC" },
};

static const struct cbc *cbc_find(size_t key_len)
{
	for (size_t i = 0; i < sizeof(cbcs) / sizeof(cbcs[0]); i++)
		if (cbcs[i].key_len == key_len)
			return &cbcs[i];
	return NULL;
}

size_t ike_cbc_key_len(uint16_t encr, uint16_t key_bits)
{
	return encr == IKE_ENCR_AES_CBC && key_bits % 8 == 0 &&
			       cbc_find(key_bits / 8) ?
		       key_bits / 8 :
		       0;
}

int ike_cbc(bool seal, struct ike_slice key, const uint8_t iv[IKE_CBC_BLOCK],
	    uint8_t *text, size_t len)
{
	const struct cbc *cbc = cbc_find(key.len);
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	int n = 0, rest = 0;
	int err = -ENOMEM;

	if (!cbc || len % IKE_CBC_BLOCK || len > INT_MAX)
		return -EINVAL;
	cipher = EVP_CIPHER_fetch(NULL, cbc->name, NULL);
	ctx = EVP_CIPHER_CTX_new();
	if (cipher && ctx &&
	    EVP_CipherInit_ex2(ctx, cipher, key.data, iv, seal, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	    EVP_CipherUpdate(ctx, text, &n, text, (int)len) == 1 &&
	    EVP_CipherFinal_ex(ctx, text + n, &rest) == 1)
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return err;
}

/* Each is the HMAC of a PRF; its key is as long as that one's output. */
static const struct integ {
	uint16_t id;
	uint16_t prf;
	uint8_t icv_len;
} integs[] = {
	{ IKE_INTEG_HMAC_SHA1_96, IKE_PRF_HMAC_SHA1, 12 },
	{ IKE_INTEG_HMAC_SHA2_256_128, IKE_PRF_HMAC_SHA2_256, 16 },
	{ IKE_INTEG_HMAC_SHA2_384_192, IKE_PRF_HMAC_SHA2_384, 24 },
	{ IKE_INTEG_HMAC_SHA2_512_256, IKE_PRF_HMAC_SHA2_512, 32 },
};

static const struct integ *integ_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(integs) / sizeof(integs[0]); i++)
		if (integs[i].id == id)
			return &integs[i];
	return NULL;
}

size_t ike_integ_key_len(uint16_t id)
{
	const struct integ *integ = integ_find(id);

	return integ ? ike_prf_len(integ->prf) : 0;
}

size_t ike_integ_icv_len(uint16_t id)
{
	const struct integ *integ = integ_find(id);

	return integ ? integ->icv_len : 0;
}

int ike_integ(uint16_t id, struct ike_slice key, struct ike_slice text,
	      uint8_t *icv)
{
	const struct integ *integ = integ_find(id);
	uint8_t full[IKE_PRF_MAX];
	int err;

	if (!integ || key.len != ike_prf_len(integ->prf))
		return -EINVAL;
	err = ike_prf(integ->prf, key, &text, 1, full);
	if (!err)
		memcpy(icv, full, integ->icv_len);
	ike_wipe(full, sizeof(full));
	return err;
}
