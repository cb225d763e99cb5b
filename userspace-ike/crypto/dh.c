// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchange: MODP (RFC 3526), ECP (RFC 5903), X25519 (RFC 8031).
 *
 * libcrypto would make private values with its own generator; ours come from
 * the caller, so keys are put together from a private value and the public
 * one computed from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "crypto.h"
#include "../engine/ikev2.h"

enum kind { MODP, ECP, X25519 };

/*
 * Private MODP exponents are twice the strength of the group long, rounded up
 * (RFC 3526, section 8).
 */
static const struct group {
	uint16_t id;
	enum kind kind;
	uint16_t public_len;
	uint16_t secret_len;
	uint16_t private_len;
	int nid;
	const char *name;
} groups[] = {
	{ IKE_KE_MODP_2048, MODP, 256, 256, 32, 0, "modp_2048" },
	{ IKE_KE_MODP_3072, MODP, 384, 384, 40, 0, "modp_3072" },
	{ IKE_KE_MODP_4096, MODP, 512, 512, 48, 0, "modp_4096" },
	{ IKE_KE_ECP_256, ECP, 64, 32, 32, NID_X9_62_prime256v1, "P-256" },
	{ IKE_KE_ECP_384, ECP, 96, 48, 48, NID_secp384r1, "P-384" },
	{ IKE_KE_ECP_521, ECP, 132, 66, 66, NID_secp521r1, "P-521" },
	{ IKE_KE_X25519, X25519, 32, 32, 32, 0, "X25519" },
};

struct ike_dh {
	const struct group *group;
	EVP_PKEY *key;
	uint8_t public[IKE_DH_PUBLIC_MAX];
};

static const struct group *group_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].id == id)
			return &groups[i];
	return NULL;
}

size_t ike_dh_public_len(uint16_t id)
{
	const struct group *group = group_find(id);

	return group ? group->public_len : 0;
}

size_t ike_dh_secret_len(uint16_t id)
{
	const struct group *group = group_find(id);

	return group ? group->secret_len : 0;
}

uint16_t ike_dh_group(const struct ike_dh *dh)
{
	return dh->group->id;
}

struct ike_slice ike_dh_public(const struct ike_dh *dh)
{
	return IKE_SLICE(dh->public, dh->group->public_len);
}

void ike_dh_free(struct ike_dh *dh)
{
	if (!dh)
		return;
	EVP_PKEY_free(dh->key);
	ike_wipe(dh, sizeof(*dh));
	free(dh);
}

/* A key of @type ("DH" or "EC") from its parts; without @priv, a public one. */
static EVP_PKEY *pkey_from(const char *type, const struct group *group,
			   const BIGNUM *priv, const BIGNUM *pub_num,
			   const uint8_t *pub_point, size_t pub_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (!ctx || !bld ||
	    !OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					     group->name, 0))
		goto out;
	if (priv &&
	    !OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, priv))
		goto out;
	if (pub_num &&
	    !OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, pub_num))
		goto out;
	if (pub_point &&
	    !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
					      pub_point, pub_len))
		goto out;
	params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || EVP_PKEY_fromdata_init(ctx) != 1)
		goto out;
	if (EVP_PKEY_fromdata(ctx, &key,
			      priv ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
			      params) != 1)
		key = NULL;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* ------------------------------------------------------------------ MODP */

static BIGNUM *modp_prime(const struct group *group)
{
	switch (group->id) {
	case IKE_KE_MODP_2048:
		return BN_get_rfc3526_prime_2048(NULL);
	case IKE_KE_MODP_3072:
		return BN_get_rfc3526_prime_3072(NULL);
	default:
		return BN_get_rfc3526_prime_4096(NULL);
	}
}

static int modp_generate(struct ike_dh *dh, const uint8_t *private)
{
	BIGNUM *x = BN_secure_new(), *g = BN_new(), *y = BN_new();
	BIGNUM *p = modp_prime(dh->group);
	BN_CTX *ctx = BN_CTX_secure_new();
	int err = -ENOMEM;

	if (!x || !g || !y || !p || !ctx ||
	    !BN_bin2bn(private, dh->group->private_len, x) || BN_is_zero(x) ||
	    !BN_set_word(g, 2))
		goto out;
	BN_set_flags(x, BN_FLG_CONSTTIME);
	if (!BN_mod_exp_mont_consttime(y, g, x, p, ctx, NULL) ||
	    BN_bn2binpad(y, dh->public, dh->group->public_len) < 0)
		goto out;
	dh->key = pkey_from("DH", dh->group, x, y, NULL, 0);
	if (dh->key)
		err = 0;
out:
	BN_clear_free(x);
	BN_free(g);
	BN_free(y);
	BN_free(p);
	BN_CTX_free(ctx);
	return err;
}

static EVP_PKEY *modp_peer(const struct group *group, struct ike_slice peer)
{
	BIGNUM *y = BN_bin2bn(peer.data, (int)peer.len, NULL);
	BIGNUM *p = modp_prime(group);
	EVP_PKEY *key = NULL;

	/* RFC 6989, section 2.1: 1 < y < p - 1. */
	if (!y || !p || BN_is_zero(y) || BN_is_one(y) || !BN_sub_word(p, 1) ||
	    BN_cmp(y, p) >= 0)
		goto out;
	key = pkey_from("DH", group, NULL, y, NULL, 0);
out:
	BN_free(y);
	BN_free(p);
	return key;
}

/* ------------------------------------------------------------------- ECP */

static int ecp_generate(struct ike_dh *dh, const uint8_t *private)
{
	EC_GROUP *curve = EC_GROUP_new_by_curve_name(dh->group->nid);
	EC_POINT *point = curve ? EC_POINT_new(curve) : NULL;
	BIGNUM *x = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	uint8_t octets[1 + IKE_DH_PUBLIC_MAX];
	size_t len = 1 + (size_t)dh->group->public_len;
	int err = -ENOMEM;

	if (!point || !x || !ctx ||
	    !BN_bin2bn(private, dh->group->private_len, x))
		goto out;
	/* Drop what is above the order's length, then draw again if need be. */
	BN_mask_bits(x, BN_num_bits(EC_GROUP_get0_order(curve)));
	if (BN_is_zero(x) || BN_cmp(x, EC_GROUP_get0_order(curve)) >= 0) {
		err = -EAGAIN;
		goto out;
	}
	BN_set_flags(x, BN_FLG_CONSTTIME);
	if (!EC_POINT_mul(curve, point, x, NULL, NULL, ctx) ||
	    EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED,
			       octets, len, ctx) != len)
		goto out;
	memcpy(dh->public, octets + 1, len - 1);
	dh->key = pkey_from("EC", dh->group, x, NULL, octets, len);
	if (dh->key)
		err = 0;
out:
	BN_clear_free(x);
	EC_POINT_free(point);
	EC_GROUP_free(curve);
	BN_CTX_free(ctx);
	return err;
}

static EVP_PKEY *ecp_peer(const struct group *group, struct ike_slice peer)
{
	uint8_t octets[1 + IKE_DH_PUBLIC_MAX];
	EVP_PKEY *key;
	EVP_PKEY_CTX *ctx;

	/* RFC 5903, section 7: x | y, without the form octet of X9.62. */
	octets[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(octets + 1, peer.data, peer.len);
	key = pkey_from("EC", group, NULL, NULL, octets, 1 + peer.len);
	if (!key)
		return NULL;
	/* RFC 6989, section 2.3: in range and on the curve. */
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (!ctx || EVP_PKEY_public_check(ctx) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* ---------------------------------------------------------------- X25519 */

static int x25519_generate(struct ike_dh *dh, const uint8_t *private)
{
	size_t len = dh->group->public_len;

	dh->key = EVP_PKEY_new_raw_private_key_ex(NULL, dh->group->name, NULL,
						  private,
						  dh->group->private_len);
	if (!dh->key ||
	    EVP_PKEY_get_raw_public_key(dh->key, dh->public, &len) != 1)
		return -ENOMEM;
	return 0;
}

/* ------------------------------------------------------------- interface */

struct ike_dh *ike_dh_new(uint16_t id, ike_random_fn random, void *ctx)
{
	const struct group *group = group_find(id);
	uint8_t private[80];
	struct ike_dh *dh;
	int err = -EAGAIN;

	if (!group)
		return NULL;
	dh = calloc(1, sizeof(*dh));
	if (!dh)
		return NULL;
	dh->group = group;
	/* For P-256 a draw is unfit once in 2^32 times. */
	for (int tries = 0; err == -EAGAIN && tries < 16; tries++) {
		err = random(ctx, private, group->private_len);
		if (err)
			break;
		switch (group->kind) {
		case MODP:
			err = modp_generate(dh, private);
			break;
		case ECP:
			err = ecp_generate(dh, private);
			break;
		case X25519:
			err = x25519_generate(dh, private);
			break;
		}
	}
	ike_wipe(private, sizeof(private));
	if (err) {
		ike_dh_free(dh);
		return NULL;
	}
	return dh;
}

static EVP_PKEY *peer_key(const struct group *group, struct ike_slice peer)
{
	switch (group->kind) {
	case MODP:
		return modp_peer(group, peer);
	case ECP:
		return ecp_peer(group, peer);
	case X25519:
		return EVP_PKEY_new_raw_public_key_ex(NULL, group->name, NULL,
						      peer.data, peer.len);
	}
	return NULL;
}

int ike_dh_derive(const struct ike_dh *dh, struct ike_slice peer,
		  uint8_t secret[IKE_DH_SECRET_MAX])
{
	static const uint8_t zero[IKE_DH_SECRET_MAX];
	const struct group *group = dh->group;
	size_t len = group->secret_len;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;
	int err = -EINVAL;

	/* RFC 7296, section 3.4: the length must be the group's. */
	if (peer.len != group->public_len)
		return -EINVAL;
	key = peer_key(group, peer);
	if (!key)
		return -EINVAL;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, dh->key, NULL);
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1) {
		err = -ENOMEM;
		goto out;
	}
	if (group->kind == MODP && EVP_PKEY_CTX_set_dh_pad(ctx, 1) != 1)
		goto out;
	/* The value was checked above; a second check costs a power. */
	if (EVP_PKEY_derive_set_peer_ex(ctx, key, 0) != 1 ||
	    EVP_PKEY_derive(ctx, secret, &len) != 1 ||
	    len != group->secret_len)
		goto out;
	/* RFC 8031, section 2: the result of a point of small order. */
	if (ike_equal(secret, zero, len))
		goto out;
	err = (int)len;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}
