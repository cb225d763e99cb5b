// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PRFs (RFC 2104, RFC 4868) and prf+ (RFC 7296, section 2.13); SHA-1 for NAT detection;
 * wiping and comparing of secrets.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto.h"
#include "../engine/ikev2.h"

static const struct prf {
	uint16_t id;
	uint8_t len;
	const char *digest;
} prfs[] = {
	{ IKE_PRF_HMAC_SHA1, 20, "SHA1" },
	{ IKE_PRF_HMAC_SHA2_256, 32, "SHA256" },
	{ IKE_PRF_HMAC_SHA2_384, 48, "SHA384" },
	{ IKE_PRF_HMAC_SHA2_512, 64, "SHA512" },
};

static const struct prf *prf_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(prfs) / sizeof(prfs[0]); i++)
		if (prfs[i].id == id)
			return &prfs[i];
	return NULL;
}

size_t ike_prf_len(uint16_t id)
{
	const struct prf *prf = prf_find(id);

	return prf ? prf->len : 0;
}

static int hmac(EVP_MAC_CTX *ctx, const struct prf *prf, struct ike_slice key,
		const struct ike_slice *parts, size_t n, uint8_t *out)
{
	char digest[16];
	OSSL_PARAM params[2];
	size_t len = 0;

	strcpy(digest, prf->digest);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						     digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	/* libcrypto takes a null key for "as before". */
	if (EVP_MAC_init(ctx, key.len ? key.data : (const uint8_t *)"",
			 key.len, params) != 1)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (parts[i].len &&
		    EVP_MAC_update(ctx, parts[i].data, parts[i].len) != 1)
			return -ENOMEM;
	if (EVP_MAC_final(ctx, out, &len, prf->len) != 1 || len != prf->len)
		return -ENOMEM;
	return 0;
}

static EVP_MAC_CTX *hmac_new(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	return ctx;
}

int ike_prf(uint16_t id, struct ike_slice key, const struct ike_slice *parts,
	    size_t n, uint8_t *out)
{
	const struct prf *prf = prf_find(id);
	EVP_MAC_CTX *ctx;
	int err;

	if (!prf)
		return -EINVAL;
	ctx = hmac_new();
	if (!ctx)
		return -ENOMEM;
	err = hmac(ctx, prf, key, parts, n, out);
	EVP_MAC_CTX_free(ctx);
	return err;
}

int ike_prf_plus(uint16_t id, struct ike_slice key,
		 const struct ike_slice *seed, size_t n, uint8_t *out,
		 size_t len)
{
	const struct prf *prf = prf_find(id);
	struct ike_slice parts[IKE_PRF_PARTS_MAX];
	uint8_t block[IKE_PRF_MAX];
	uint8_t counter = 0;
	EVP_MAC_CTX *ctx;
	int err = 0;

	if (!prf || n + 2 > IKE_PRF_PARTS_MAX || len > (size_t)prf->len * 255)
		return -EINVAL;
	ctx = hmac_new();
	if (!ctx)
		return -ENOMEM;
	/* T1 = prf (K, S | 0x01), Tn = prf (K, Tn-1 | S | n). */
	parts[0] = IKE_SLICE(block, 0);
	memcpy(parts + 1, seed, n * sizeof(*seed));
	parts[n + 1] = IKE_SLICE(&counter, 1);
	while (len) {
		size_t take = len < prf->len ? len : prf->len;

		counter++;
		err = hmac(ctx, prf, key, parts, n + 2, block);
		if (err)
			break;
		parts[0].len = prf->len;
		memcpy(out, block, take);
		out += take;
		len -= take;
	}
	EVP_MAC_CTX_free(ctx);
	ike_wipe(block, sizeof(block));
	return err;
}

int ike_sha1(const struct ike_slice *parts, size_t n,
	     uint8_t out[IKE_SHA1_LEN])
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA1", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = -ENOMEM;

	if (!md || !ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
		goto out;
	for (size_t i = 0; i < n; i++)
		if (EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1)
			goto out;
	if (EVP_DigestFinal_ex(ctx, out, NULL) == 1)
		err = 0;
out:
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return err;
}

void ike_wipe(void *buf, size_t len)
{
	OPENSSL_cleanse(buf, len);
}

bool ike_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
