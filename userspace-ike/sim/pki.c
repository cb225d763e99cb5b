// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates for the simulator and the tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "pki.h"
#include "../crypto/crypto.h"

#define MUST(what)                                                        \
	do {                                                              \
		if (!(what)) {                                            \
			fprintf(stderr, "pki: %s: %s\n", __func__, #what); \
			abort();                                          \
		}                                                         \
	} while (0)

static EVP_PKEY *new_key(const struct pki_spec *spec)
{
	const char *kind = spec->key ? spec->key : "ED25519";
	EVP_PKEY *key;

	if (!strncmp(kind, "RSA-", 4)) {
		key = EVP_RSA_gen((unsigned int)atoi(kind + 4));
	} else if (!strcmp(kind, "ED25519")) {
		uint8_t seed[32] = { 0 };

		snprintf((char *)seed, sizeof(seed), "%s", spec->name);
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
						   sizeof(seed));
	} else {
		key = EVP_EC_gen(kind);
	}
	MUST(key);
	return key;
}

static void add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	if (!value)
		return;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	MUST(ext && X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static void add_padding(X509 *cert, size_t octets)
{
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
	uint8_t *noise = calloc(1, octets);
	X509_EXTENSION *ext;

	MUST(data && oid && noise &&
	     ASN1_OCTET_STRING_set(data, noise, (int)octets));
	ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, data);
	MUST(ext && X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(data);
	free(noise);
}

static X509_NAME *name_of(const char *text)
{
	uint8_t der[512];
	const uint8_t *at = der;
	int len = ike_dn_parse(text, der, sizeof(der));
	X509_NAME *name;

	MUST(len > 0);
	name = d2i_X509_NAME(NULL, &at, len);
	MUST(name);
	return name;
}

static const EVP_MD *digest_for(EVP_PKEY *key, const char *name)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	return EVP_get_digestbyname(name ? name : "SHA256");
}

struct pki *pki_new(const struct pki_spec *spec)
{
	static long serial = 1;
	struct pki *p = calloc(1, sizeof(*p));
	const struct pki *issuer = spec->issuer ? spec->issuer : p;
	X509_NAME *name = name_of(spec->name);
	int64_t from = PKI_NOW + (spec->from ? spec->from : -PKI_DAY);
	int64_t to = PKI_NOW + (spec->to ? spec->to : 365 * PKI_DAY);

	MUST(p);
	p->key = new_key(spec);
	p->cert = X509_new();
	MUST(p->cert && X509_set_version(p->cert, X509_VERSION_3) &&
	     ASN1_INTEGER_set(X509_get_serialNumber(p->cert), serial++) &&
	     ASN1_TIME_set(X509_getm_notBefore(p->cert), from) &&
	     ASN1_TIME_set(X509_getm_notAfter(p->cert), to) &&
	     X509_set_subject_name(p->cert, name) &&
	     X509_set_issuer_name(p->cert,
				  X509_get_subject_name(issuer->cert)) &&
	     X509_set_pubkey(p->cert, p->key));
	X509_NAME_free(name);
	add(p->cert, issuer->cert, NID_basic_constraints,
	    spec->constraints ? spec->constraints : "CA:FALSE");
	add(p->cert, issuer->cert, NID_subject_key_identifier, "hash");
	add(p->cert, issuer->cert, NID_authority_key_identifier,
	    spec->issuer ? "keyid:always" : NULL);
	add(p->cert, issuer->cert, NID_subject_alt_name, spec->names);
	add(p->cert, issuer->cert, NID_key_usage, spec->usage);
	add(p->cert, issuer->cert, NID_ext_key_usage, spec->extended);
	add(p->cert, issuer->cert, NID_name_constraints, spec->permitted);
	if (spec->padding)
		add_padding(p->cert, spec->padding);
	MUST(X509_sign(p->cert, issuer->key,
		       digest_for(issuer->key, spec->digest)) > 0);
	return p;
}

void pki_free(struct pki *p)
{
	if (!p)
		return;
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
	free(p);
}

/* Return: all that was written to @bio, which is freed. */
static char *text_of(BIO *bio)
{
	char *data, *text;
	long len = BIO_get_mem_data(bio, &data);

	MUST(len > 0);
	text = calloc(1, (size_t)len + 1);
	MUST(text);
	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return text;
}

char *pki_cert_pem(const struct pki *p)
{
	BIO *bio = BIO_new(BIO_s_mem());

	MUST(bio && PEM_write_bio_X509(bio, p->cert));
	return text_of(bio);
}

char *pki_key_pem(const struct pki *p)
{
	BIO *bio = BIO_new(BIO_s_mem());

	MUST(bio && PEM_write_bio_PKCS8PrivateKey(bio, p->key, NULL, NULL, 0,
						  NULL, NULL));
	return text_of(bio);
}

char *pki_crl_pem(const struct pki *issuer, const struct pki *revoked,
		  int64_t from, int64_t to)
{
	ASN1_TIME *last = ASN1_TIME_set(NULL, PKI_NOW + from);
	ASN1_TIME *next = ASN1_TIME_set(NULL, PKI_NOW + to);
	X509_CRL *crl = X509_CRL_new();
	BIO *bio = BIO_new(BIO_s_mem());

	MUST(crl && last && next && bio && X509_CRL_set_version(crl, 1) &&
	     X509_CRL_set_issuer_name(crl,
				      X509_get_subject_name(issuer->cert)) &&
	     X509_CRL_set1_lastUpdate(crl, last) &&
	     X509_CRL_set1_nextUpdate(crl, next));
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		MUST(entry &&
		     X509_REVOKED_set_serialNumber(
			     entry, X509_get_serialNumber(revoked->cert)) &&
		     X509_REVOKED_set_revocationDate(entry, last) &&
		     X509_CRL_add0_revoked(crl, entry));
	}
	MUST(X509_CRL_sort(crl) &&
	     X509_CRL_sign(crl, issuer->key,
			   digest_for(issuer->key, NULL)) > 0 &&
	     PEM_write_bio_X509_CRL(bio, crl));
	ASN1_TIME_free(last);
	ASN1_TIME_free(next);
	X509_CRL_free(crl);
	return text_of(bio);
}

struct cert_store *pki_store(const struct pki *own, const struct pki *between,
			     const struct pki *ca)
{
	struct cert_store *store = cert_store_new();
	const struct pki *chain[] = { own, between };
	char why[200], *pem;

	MUST(store);
	for (unsigned int i = 0; i < 2; i++) {
		if (!chain[i])
			continue;
		pem = pki_cert_pem(chain[i]);
		MUST(!cert_store_chain(store, pem, strlen(pem), why,
				       sizeof(why)));
		free(pem);
	}
	if (own) {
		pem = pki_key_pem(own);
		/* Some tests want keys that are no good. */
		if (cert_store_key(store, pem, strlen(pem), why, sizeof(why))) {
			EVP_PKEY_up_ref(own->key);
			store->key = own->key;
		}
		OPENSSL_cleanse(pem, strlen(pem));
		free(pem);
	}
	if (ca) {
		pem = pki_cert_pem(ca);
		MUST(!cert_store_authorities(store, pem, strlen(pem), why,
					     sizeof(why)));
		free(pem);
	}
	return store;
}
