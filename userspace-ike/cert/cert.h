/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * X.509 for IKEv2 (RFC 7296, section 3.6; RFC 4945; RFC 7427; RFC 8420), by
 * libcrypto: what one tunnel has of certificates, key, authorities and
 * revocation lists; signing with the one, and judging a peer by the others.
 *
 * Like the engine, all this reads no file, no clock and no network: PEM text
 * and the time are handed in. It is what stands behind the engine's keys vtable
 * in every shell. Nothing is ever fetched.
 *
 * Errors come with one sentence that a person can act on.
 */
#ifndef IPSVTI_IKE_CERT_H
#define IPSVTI_IKE_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "engine.h"

#define CERT_RSA_BITS_MIN	2048
#define CERT_RSA_BITS_MAX	4096

/**
 * struct cert_store - the X.509 side of a tunnel
 * @key: our private key
 * @chain: our certificate, then intermediates; DER, allocated each by itself
 * @chain_len: octets of each
 * @n_chain: entries of @chain
 * @authorities: trusted certificates
 * @crls: revocation lists; with one of them all certificates below a trusted
 *        one need one
 * @pkcs1: with RSA, sign by PKCS#1 v1.5 and not by PSS
 */
struct cert_store {
	EVP_PKEY *key;
	uint8_t *chain[IKE_CERTS_MAX];
	size_t chain_len[IKE_CERTS_MAX];
	unsigned int n_chain;
	STACK_OF(X509) *authorities;
	STACK_OF(X509_CRL) *crls;
	bool pkcs1;
};

/* ---------------------------------------------------------------- store.c */

/* Return: an empty store, or NULL. */
struct cert_store *cert_store_new(void);

/* Wipes and frees @store, which may be NULL. */
void cert_store_free(struct cert_store *store);

/**
 * cert_store_add() - take objects from PEM text
 * @store: gets them
 * @text: PEM; what else stands in it is skipped
 * @len: octets of @text
 * @why: on error, what was wrong
 * @why_len: octets of @why
 *
 * cert_store_chain() takes our certificate and its intermediates, in this
 * order; cert_store_key() our private key, without a passphrase;
 * cert_store_authorities() trusted certificates; cert_store_crls() revocation
 * lists.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int cert_store_chain(struct cert_store *store, const void *text, size_t len,
		     char *why, size_t why_len);
int cert_store_key(struct cert_store *store, const void *text, size_t len,
		   char *why, size_t why_len);
int cert_store_authorities(struct cert_store *store, const void *text,
			   size_t len, char *why, size_t why_len);
int cert_store_crls(struct cert_store *store, const void *text, size_t len,
		    char *why, size_t why_len);

/**
 * cert_store_fits() - whether our certificate is of use
 * @store: with certificate and key
 * @id: who we say we are
 * @why: on error, what does not fit
 * @why_len: octets of @why
 *
 * Return: true if the key belongs to the certificate and @id is in it.
 */
bool cert_store_fits(const struct cert_store *store,
		     const struct ike_identity *id, char *why, size_t why_len);

/**
 * cert_store_left() - how long our certificate is valid still
 * @store: with a certificate
 * @now: seconds since 1970, UTC
 * @until: when it ends, as text
 * @until_len: octets of @until
 *
 * Return: seconds; 0 or negative: it has expired.
 */
int64_t cert_store_left(const struct cert_store *store, int64_t now, char *until,
			size_t until_len);

/* For the vtable: see struct ike_keys_ops. */
size_t cert_store_cert(const struct cert_store *store, unsigned int n,
		       const uint8_t **der);
size_t cert_store_hashes(const struct cert_store *store, uint8_t *out,
			 size_t size);

/* ----------------------------------------------------------------- sign.c */

/**
 * cert_sign() - sign with our key
 * @store: ours
 * @now: seconds since 1970, UTC: nobody believes an expired certificate
 * @req: what to sign
 * @sig: filled
 * @why: on error, a sentence
 * @why_len: octets of @why
 *
 * Return: 0, -EINVAL, -EKEYEXPIRED, -ENOMEM.
 */
int cert_sign(const struct cert_store *store, int64_t now,
	      const struct ike_sign_request *req, struct ike_signature *sig,
	      char *why, size_t why_len);

/* Whether a public key is of a kind and size that we use. */
bool cert_key_ok(EVP_PKEY *key, char *why, size_t why_len);

/**
 * cert_check_signature() - whether a signature was made with a key
 * @key: the peer's public key, of a kind that cert_key_ok() likes
 * @req: the signature and what it is about
 * @why: on error, a sentence
 * @why_len: octets of @why
 *
 * Return: whether it is right.
 */
bool cert_check_signature(EVP_PKEY *key, const struct ike_verify_request *req,
			  char *why, size_t why_len);

/* --------------------------------------------------------------- verify.c */

/**
 * cert_verify() - whether a peer is who it must be
 * @store: whom we trust
 * @now: seconds since 1970, UTC
 * @req: what it has sent
 * @why: on error, what was wrong
 * @why_len: octets of @why
 *
 * Return: 0, -EKEYREJECTED, -ENOMEM.
 */
int cert_verify(const struct cert_store *store, int64_t now,
		const struct ike_verify_request *req, char *why,
		size_t why_len);

/* ------------------------------------------------------------- identity.c */

/* Return: whether @cert says that its owner is @id (RFC 4945, section 3.1). */
bool cert_is(X509 *cert, const struct ike_identity *id);

/* All that a certificate says its owner is, as text. Return: @buf. */
const char *cert_identities(X509 *cert, char *buf, size_t len);

/* Subject or another name, as text. Return: @buf. */
const char *cert_name(const X509_NAME *name, char *buf, size_t len);

#endif /* IPSVTI_IKE_CERT_H */
