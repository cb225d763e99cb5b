// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key encapsulation: ML-KEM (FIPS 203) as a key exchange of IKEv2
 * (draft-ietf-ipsecme-ikev2-mlkem).
 *
 * libcrypto has it since 3.5, and this has to build and run with 3.0, too: so
 * everything is asked for by name when it is needed, and is there or not. The
 * names of parameters that only later headers define stand below.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto.h"
#include "../engine/ikev2.h"

#define PARAM_SEED	"seed"	/* OSSL_PKEY_PARAM_ML_KEM_SEED: d | z */
#define PARAM_ENTROPY	"ikme"	/* OSSL_KEM_PARAM_IKME: m */
#define SEED_LEN	64
#define ENTROPY_LEN	32

/* FIPS 203, table 3. */
static const struct method {
	uint16_t id;
	uint16_t public_len;
	uint16_t cipher_len;
	const char *name;
} methods[] = {
	{ IKE_KE_ML_KEM_512, 800, 768, "ML-KEM-512" },
	{ IKE_KE_ML_KEM_768, 1184, 1088, "ML-KEM-768" },
	{ IKE_KE_ML_KEM_1024, 1568, 1568, "ML-KEM-1024" },
};

struct ike_kem {
	const struct method *method;
	EVP_PKEY *key;
	uint8_t public[IKE_KEM_PUBLIC_MAX];
};

static const struct method *method_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].id == id)
			return &methods[i];
	return NULL;
}

size_t ike_kem_public_len(uint16_t id)
{
	const struct method *method = method_find(id);

	return method ? method->public_len : 0;
}

size_t ike_kem_cipher_len(uint16_t id)
{
	const struct method *method = method_find(id);

	return method ? method->cipher_len : 0;
}

bool ike_kem_available(uint16_t id)
{
	const struct method *method = method_find(id);
	EVP_KEM *kem = method ? EVP_KEM_fetch(NULL, method->name, NULL) : NULL;

	EVP_KEM_free(kem);
	return kem;
}

/* A key from one of its parts: the seed of a pair, or the public one. */
static EVP_PKEY *key_from(const struct method *method, const char *part,
			  int selection, struct ike_slice value)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, method->name,
						       NULL);
	/* It is only read. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(part, (void *)value.data,
						  value.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

struct ike_kem *ike_kem_new(uint16_t id, ike_random_fn random, void *ctx)
{
	const struct method *method = method_find(id);
	uint8_t seed[SEED_LEN];
	struct ike_kem *kem;
	size_t len = 0;

	if (!method)
		return NULL;
	kem = calloc(1, sizeof(*kem));
	if (!kem)
		return NULL;
	kem->method = method;
	if (!random(ctx, seed, sizeof(seed)))
		kem->key = key_from(method, PARAM_SEED, EVP_PKEY_KEYPAIR,
				    IKE_SLICE(seed, sizeof(seed)));
	ike_wipe(seed, sizeof(seed));
	if (!kem->key ||
	    EVP_PKEY_get_octet_string_param(kem->key, OSSL_PKEY_PARAM_PUB_KEY,
					    kem->public, sizeof(kem->public),
					    &len) != 1 ||
	    len != method->public_len) {
		ike_kem_free(kem);
		return NULL;
	}
	return kem;
}

void ike_kem_free(struct ike_kem *kem)
{
	if (!kem)
		return;
	EVP_PKEY_free(kem->key);
	ike_wipe(kem, sizeof(*kem));
	free(kem);
}

uint16_t ike_kem_method(const struct ike_kem *kem)
{
	return kem->method->id;
}

struct ike_slice ike_kem_public(const struct ike_kem *kem)
{
	return IKE_SLICE(kem->public, kem->method->public_len);
}

int ike_kem_encapsulate(uint16_t id, struct ike_slice peer,
			ike_random_fn random, void *random_ctx,
			uint8_t cipher[IKE_KEM_CIPHER_MAX],
			uint8_t secret[IKE_KEM_SECRET_LEN])
{
	const struct method *method = method_find(id);
	uint8_t entropy[ENTROPY_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(PARAM_ENTROPY, entropy,
						  sizeof(entropy)),
		OSSL_PARAM_construct_end(),
	};
	size_t cipher_len = IKE_KEM_CIPHER_MAX, len = IKE_KEM_SECRET_LEN;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;
	int err = -ENOMEM;

	if (!method || peer.len != method->public_len)
		return -EINVAL;
	/* FIPS 203, section 7.2: libcrypto looks whether the key is reduced. */
	key = key_from(method, OSSL_PKEY_PARAM_PUB_KEY, EVP_PKEY_PUBLIC_KEY,
		       peer);
	if (!key)
		return -EINVAL;
	/*
	 * libcrypto's manual says of this parameter that it is for tests, since
	 * who sets it answers for its quality. Ours is as good as that of every
	 * other secret here: it comes from the same source.
	 */
	err = random(random_ctx, entropy, sizeof(entropy));
	if (err)
		goto out;
	err = -ENOMEM;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (!ctx || EVP_PKEY_encapsulate_init(ctx, params) != 1 ||
	    EVP_PKEY_encapsulate(ctx, cipher, &cipher_len, secret, &len) != 1)
		goto out;
	if (cipher_len == method->cipher_len && len == IKE_KEM_SECRET_LEN)
		err = (int)cipher_len;
out:
	ike_wipe(entropy, sizeof(entropy));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}

int ike_kem_decapsulate(const struct ike_kem *kem, struct ike_slice cipher,
			uint8_t secret[IKE_KEM_SECRET_LEN])
{
	size_t len = IKE_KEM_SECRET_LEN;
	EVP_PKEY_CTX *ctx;
	int err = -ENOMEM;

	if (cipher.len != kem->method->cipher_len)
		return -EINVAL;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, kem->key, NULL);
	if (ctx && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_decapsulate(ctx, secret, &len, cipher.data,
				 cipher.len) == 1 &&
	    len == IKE_KEM_SECRET_LEN)
		err = (int)len;
	EVP_PKEY_CTX_free(ctx);
	return err;
}
