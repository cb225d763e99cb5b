// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures of AUTH payloads: RFC 7427 (method 14) with RSA, ECDSA and, by RFC
 * 8420, Ed25519; methods 1 (RFC 7296) and 9 to 11 (RFC 4754) with and from peers
 * that do not know it. SHA-1 is nowhere accepted (RFC 8247, section 3).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "bytes.h"
#include "cert.h"
#include "ikev2.h"

enum scheme { PKCS1, PSS, ECDSA, ED25519 };

static const struct hash {
	uint8_t id;		/* RFC 7427, section 4; 0 ends the list */
	uint8_t len;
	const char *digest;
	int nid;
	int nid_rsa;
	int nid_ecdsa;
} hashes[] = {
	{ IKE_HASH_SHA2_256, 32, "SHA256", NID_sha256,
	  NID_sha256WithRSAEncryption, NID_ecdsa_with_SHA256 },
	{ IKE_HASH_SHA2_384, 48, "SHA384", NID_sha384,
	  NID_sha384WithRSAEncryption, NID_ecdsa_with_SHA384 },
	{ IKE_HASH_SHA2_512, 64, "SHA512", NID_sha512,
	  NID_sha512WithRSAEncryption, NID_ecdsa_with_SHA512 },
	{ 0, 0, NULL, 0, 0, 0 },
};

static const struct curve {
	const char *group;
	uint8_t coordinate;	/* octets */
	uint8_t method;		/* RFC 4754 */
	uint8_t hash;		/* the one that goes with it there */
} curves[] = {
	{ "prime256v1", 32, IKE_AUTH_ECDSA_256, IKE_HASH_SHA2_256 },
	{ "secp384r1", 48, IKE_AUTH_ECDSA_384, IKE_HASH_SHA2_384 },
	{ "secp521r1", 66, IKE_AUTH_ECDSA_521, IKE_HASH_SHA2_512 },
};

#define N_CURVES (sizeof(curves) / sizeof(curves[0]))

static const struct hash *hash_by_id(unsigned int id)
{
	for (const struct hash *h = hashes; h->id; h++)
		if (h->id == id)
			return h;
	return NULL;
}

static const struct curve *curve_of(EVP_PKEY *key)
{
	char group[32];

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
					   group, sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < N_CURVES; i++)
		if (!strcmp(curves[i].group, group))
			return &curves[i];
	return NULL;
}

static bool is_rsa(EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS;
}

bool cert_key_ok(EVP_PKEY *key, char *why, size_t why_len)
{
	int bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		if (bits >= CERT_RSA_BITS_MIN && bits <= CERT_RSA_BITS_MAX)
			return true;
		snprintf(why, why_len,
			 "an RSA key of %d bits; expected %d to %d", bits,
			 CERT_RSA_BITS_MIN, CERT_RSA_BITS_MAX);
		return false;
	case EVP_PKEY_EC:
		if (curve_of(key))
			return true;
		snprintf(why, why_len,
			 "an elliptic curve other than P-256, P-384 and P-521");
		return false;
	case EVP_PKEY_ED25519:
		return true;
	}
	snprintf(why, why_len, "a key that is neither RSA, ECDSA nor Ed25519");
	return false;
}

/* ------------------------------------------------------- the sums themselves */

static EVP_MD_CTX *context(EVP_PKEY *key, enum scheme scheme,
			   const struct hash *hash, bool verify)
{
	const char *digest = hash ? hash->digest : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool ok = ctx;

	if (ok && verify)
		ok = EVP_DigestVerifyInit_ex(ctx, &pctx, digest, NULL, NULL,
					     key, NULL) == 1;
	else if (ok)
		ok = EVP_DigestSignInit_ex(ctx, &pctx, digest, NULL, NULL, key,
					   NULL) == 1;
	if (ok && scheme == PSS)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx,
						  RSA_PKCS1_PSS_PADDING) > 0 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(
			     pctx, RSA_PSS_SALTLEN_DIGEST) > 0;
	if (ok && scheme == PKCS1)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PADDING) > 0;
	if (ok)
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

/* Return: octets of @out, or 0. */
static size_t make(EVP_PKEY *key, enum scheme scheme, const struct hash *hash,
		   struct ike_slice octets, uint8_t *out, size_t size)
{
	EVP_MD_CTX *ctx = context(key, scheme, hash, false);
	size_t len = size;

	if (!ctx || EVP_DigestSign(ctx, out, &len, octets.data, octets.len) != 1)
		len = 0;
	EVP_MD_CTX_free(ctx);
	return len;
}

static bool right(EVP_PKEY *key, enum scheme scheme, const struct hash *hash,
		  struct ike_slice octets, struct ike_slice sig)
{
	EVP_MD_CTX *ctx = context(key, scheme, hash, true);
	bool ok = ctx && EVP_DigestVerify(ctx, sig.data, sig.len, octets.data,
					  octets.len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

/* -------------------------------------------------------------------- signing */

/* What RFC 7427 puts in front of a signature: a length and which it is. */
static void put_algorithm(struct ike_writer *w, enum scheme scheme,
			  const struct hash *hash)
{
	/* Appendix A; at the marked places stands the hash. */
	static const uint8_t pkcs1[] = {
		0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
		0x0d, 0x01, 0x01, 0 /* 12 */, 0x05, 0x00,
	};
	static const uint8_t ecdsa[] = {
		0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
		0x48, 0xce, 0x3d, 0x04, 0x03, 0 /* 11 */,
	};
	static const uint8_t pss[] = {
		0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
		0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06,
		0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		0 /* 29 */, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09,
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
		0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
		0x02, 0 /* 59 */, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01,
		0 /* 68, salt */,
	};
	static const uint8_t ed25519[] = { 0x30, 0x05, 0x06, 0x03,
					   0x2b, 0x65, 0x70 };
	/* SHA2-256, 384, 512 are 1, 2, 3 in the one, 2, 3, 4 and so on. */
	uint8_t nth = hash ? (uint8_t)(hash->id - IKE_HASH_SHA2_256) : 0;
	uint8_t *at;

	switch (scheme) {
	case PKCS1:
		ike_put_u8(w, sizeof(pkcs1));
		at = ike_reserve(w, sizeof(pkcs1));
		memcpy(at, pkcs1, sizeof(pkcs1));
		at[12] = 0x0b + nth;
		break;
	case PSS:
		ike_put_u8(w, sizeof(pss));
		at = ike_reserve(w, sizeof(pss));
		memcpy(at, pss, sizeof(pss));
		at[29] = at[59] = 0x01 + nth;
		at[sizeof(pss) - 1] = hash->len;
		break;
	case ECDSA:
		ike_put_u8(w, sizeof(ecdsa));
		at = ike_reserve(w, sizeof(ecdsa));
		memcpy(at, ecdsa, sizeof(ecdsa));
		at[11] = 0x02 + nth;
		break;
	case ED25519:
		ike_put_u8(w, sizeof(ed25519));
		ike_put(w, IKE_SLICE(ed25519, sizeof(ed25519)));
		break;
	}
}

/* The hash that fits @key best among those the peer knows. */
static const struct hash *choose_hash(EVP_PKEY *key, uint16_t known)
{
	unsigned int best = IKE_HASH_SHA2_256;

	if (curve_of(key))
		best = curve_of(key)->hash;
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int id = IKE_HASH_SHA2_256 +
				  (best - IKE_HASH_SHA2_256 + i) % 3;

		if (known & 1u << id)
			return hash_by_id(id);
	}
	return NULL;
}

static size_t sign_rfc7427(const struct cert_store *store, uint16_t known,
			   struct ike_slice octets, struct ike_signature *sig,
			   char *why, size_t why_len)
{
	struct ike_writer w = ike_write_to(sig->data, sizeof(sig->data));
	const struct hash *hash = NULL;
	enum scheme scheme = ED25519;
	size_t len;

	if (EVP_PKEY_get_base_id(store->key) == EVP_PKEY_ED25519) {
		if (!(known & 1u << IKE_HASH_IDENTITY)) {
			snprintf(why, why_len,
				 "the peer does not know Ed25519 signatures "
				 "(RFC 8420): use an RSA or ECDSA key");
			return 0;
		}
	} else {
		scheme = !is_rsa(store->key) ? ECDSA :
			 store->pkcs1	     ? PKCS1 :
					       PSS;
		hash = choose_hash(store->key, known);
		if (!hash) {
			snprintf(why, why_len,
				 "the peer knows none of SHA2-256, SHA2-384 and "
				 "SHA2-512 for signatures");
			return 0;
		}
	}
	put_algorithm(&w, scheme, hash);
	len = make(store->key, scheme, hash, octets, w.data + w.len,
		   w.size - w.len);
	return len ? w.len + len : 0;
}

/* RFC 4754: r and s, each as long as a coordinate. Return: octets or 0. */
static size_t sign_ecdsa(EVP_PKEY *key, const struct curve *curve,
			 struct ike_slice octets, uint8_t *out)
{
	uint8_t der[160];
	const uint8_t *at = der;
	size_t len = make(key, ECDSA, hash_by_id(curve->hash), octets, der,
			  sizeof(der));
	ECDSA_SIG *sig = len ? d2i_ECDSA_SIG(NULL, &at, (long)len) : NULL;
	int n = curve->coordinate;

	len = 0;
	if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, n) == n &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + n, n) == n)
		len = 2 * (size_t)n;
	ECDSA_SIG_free(sig);
	return len;
}

/* For a peer that does not know RFC 7427. */
static size_t sign_classic(const struct cert_store *store,
			   struct ike_slice octets, struct ike_signature *sig,
			   char *why, size_t why_len)
{
	const struct curve *curve;

	if (is_rsa(store->key)) {
		sig->method = IKE_AUTH_RSA;
		return make(store->key, PKCS1, hash_by_id(IKE_HASH_SHA2_256),
			    octets, sig->data, sizeof(sig->data));
	}
	curve = curve_of(store->key);
	if (!curve) {
		snprintf(why, why_len,
			 "the peer does not know the signatures of RFC 7427, "
			 "which an Ed25519 key needs: use an RSA or ECDSA key");
		return 0;
	}
	sig->method = curve->method;
	return sign_ecdsa(store->key, curve, octets, sig->data);
}

/* Return: whether our certificate has not expired. */
static bool still_valid(const struct cert_store *store, int64_t now, char *why,
			size_t why_len)
{
	char until[64];
	bool valid = cert_store_left(store, now, until, sizeof(until)) > 0;

	if (!valid)
		snprintf(why, why_len,
			 "our own certificate has expired on %s: put a new one "
			 "into cert-file", until);
	return valid;
}

int cert_sign(const struct cert_store *store, int64_t now,
	      const struct ike_sign_request *req, struct ike_signature *sig,
	      char *why, size_t why_len)
{
	struct ike_slice octets = IKE_SLICE(req->octets, req->len);
	size_t len;

	if (!store->key || !store->n_chain) {
		snprintf(why, why_len, "there is no certificate with a key");
		return -EINVAL;
	}
	if (!still_valid(store, now, why, why_len))
		return -EKEYEXPIRED;
	snprintf(why, why_len, "signing failed");
	sig->method = IKE_AUTH_DIGITAL_SIGNATURE;
	len = req->hashes ? sign_rfc7427(store, req->hashes, octets, sig, why,
					 why_len) :
			    sign_classic(store, octets, sig, why, why_len);
	ERR_clear_error();
	sig->len = (uint16_t)len;
	return len ? 0 : -EINVAL;
}

/* ------------------------------------------------------------------- checking */

/* The digest of an AlgorithmIdentifier whose parameters are NULL or absent. */
static int plain_nid(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *object;
	int type;

	X509_ALGOR_get0(&object, &type, NULL, alg);
	return type == V_ASN1_UNDEF || type == V_ASN1_NULL ?
		       OBJ_obj2nid(object) :
		       NID_undef;
}

/*
 * RFC 4055, section 3.1. We want one hash for both purposes, and a salt as long
 * as that; the defaults stand for SHA-1, so nothing may be left out.
 */
static const struct hash *pss_hash(const X509_ALGOR *alg)
{
	RSA_PSS_PARAMS *p = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter);
	const struct hash *found = NULL;
	X509_ALGOR *mask = NULL;
	int nid;

	if (!p || !p->hashAlgorithm || !p->maskGenAlgorithm || !p->saltLength ||
	    (p->trailerField && ASN1_INTEGER_get(p->trailerField) != 1))
		goto out;
	if (OBJ_obj2nid(p->maskGenAlgorithm->algorithm) != NID_mgf1)
		goto out;
	mask = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR),
					 p->maskGenAlgorithm->parameter);
	nid = plain_nid(p->hashAlgorithm);
	if (!mask || nid == NID_undef || plain_nid(mask) != nid)
		goto out;
	for (const struct hash *h = hashes; h->id; h++)
		if (h->nid == nid && ASN1_INTEGER_get(p->saltLength) == h->len)
			found = h;
out:
	X509_ALGOR_free(mask);
	RSA_PSS_PARAMS_free(p);
	return found;
}

/* Return: whether we know it, and then what it is. */
static bool algorithm(const X509_ALGOR *alg, enum scheme *scheme,
		      const struct hash **hash)
{
	int nid = plain_nid(alg);

	*hash = NULL;
	*scheme = ED25519;
	if (nid == NID_ED25519)
		return true;
	if (OBJ_obj2nid(alg->algorithm) == NID_rsassaPss) {
		*scheme = PSS;
		*hash = pss_hash(alg);
		return *hash;
	}
	for (const struct hash *h = hashes; h->id && nid != NID_undef; h++) {
		if (h->nid_rsa != nid && h->nid_ecdsa != nid)
			continue;
		*scheme = h->nid_rsa == nid ? PKCS1 : ECDSA;
		*hash = h;
		return true;
	}
	return false;
}

static bool scheme_fits(enum scheme scheme, EVP_PKEY *key)
{
	switch (scheme) {
	case PKCS1:
	case PSS:
		return is_rsa(key);
	case ECDSA:
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
	case ED25519:
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
	}
	return false;
}

/* RFC 7427, section 3: a length, an AlgorithmIdentifier, the signature. */
static bool check_rfc7427(EVP_PKEY *key, struct ike_slice auth,
			  struct ike_slice octets, char *why, size_t why_len)
{
	struct ike_reader r = ike_read(auth);
	struct ike_slice der = ike_take_slice(&r, ike_take_u8(&r));
	struct ike_slice sig = ike_take_rest(&r);
	const uint8_t *at = der.data;
	const struct hash *hash = NULL;
	enum scheme scheme = PKCS1;
	X509_ALGOR *alg = NULL;
	char name[80] = "something malformed";
	bool known = false;

	if (!r.failed)
		alg = d2i_X509_ALGOR(NULL, &at, (long)der.len);
	if (alg && at == der.data + der.len) {
		known = algorithm(alg, &scheme, &hash);
		OBJ_obj2txt(name, sizeof(name), alg->algorithm, 0);
	}
	X509_ALGOR_free(alg);
	if (!known) {
		snprintf(why, why_len,
			 "its signature is made with %s, which we do not "
			 "accept", name);
		return false;
	}
	if (!scheme_fits(scheme, key)) {
		snprintf(why, why_len,
			 "its signature is made with %s, which does not go "
			 "with the key in its certificate", name);
		return false;
	}
	if (!right(key, scheme, hash, octets, sig)) {
		snprintf(why, why_len, "its signature (%s) is wrong", name);
		return false;
	}
	return true;
}

static bool check_rsa(EVP_PKEY *key, struct ike_slice auth,
		      struct ike_slice octets, char *why, size_t why_len)
{
	/* Which hash it is says the signature itself. */
	for (const struct hash *h = hashes; h->id && is_rsa(key); h++)
		if (right(key, PKCS1, h, octets, auth))
			return true;
	snprintf(why, why_len,
		 "its RSA signature (method 1) is wrong, or made with SHA-1, "
		 "which we do not accept: the peer should use RFC 7427");
	return false;
}

static bool check_ecdsa(EVP_PKEY *key, const struct curve *curve,
			struct ike_slice auth, struct ike_slice octets)
{
	size_t n = curve->coordinate;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *rn = NULL, *sn = NULL;
	uint8_t *der = NULL;
	bool ok = false;
	int len;

	if (!sig || auth.len != 2 * n || curve_of(key) != curve)
		goto out;
	rn = BN_bin2bn(auth.data, (int)n, NULL);
	sn = BN_bin2bn(auth.data + n, (int)n, NULL);
	if (!rn || !sn || ECDSA_SIG_set0(sig, rn, sn) != 1)
		goto out;
	rn = sn = NULL;		/* They belong to @sig now. */
	len = i2d_ECDSA_SIG(sig, &der);
	ok = len > 0 && right(key, ECDSA, hash_by_id(curve->hash), octets,
			      IKE_SLICE(der, (size_t)len));
out:
	OPENSSL_free(der);
	BN_free(rn);
	BN_free(sn);
	ECDSA_SIG_free(sig);
	return ok;
}

bool cert_check_signature(EVP_PKEY *key, const struct ike_verify_request *req,
			  char *why, size_t why_len)
{
	struct ike_slice auth = IKE_SLICE(req->auth, req->auth_len);
	struct ike_slice octets = IKE_SLICE(req->octets, req->len);

	if (req->method == IKE_AUTH_DIGITAL_SIGNATURE)
		return check_rfc7427(key, auth, octets, why, why_len);
	if (req->method == IKE_AUTH_RSA)
		return check_rsa(key, auth, octets, why, why_len);
	for (size_t i = 0; i < N_CURVES; i++) {
		if (curves[i].method != req->method)
			continue;
		if (check_ecdsa(key, &curves[i], auth, octets))
			return true;
		snprintf(why, why_len, "its ECDSA signature (method %u) is wrong",
			 req->method);
		return false;
	}
	snprintf(why, why_len, "authentication method %u is unknown",
		 req->method);
	return false;
}
