// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel has of X.509, out of PEM text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "../crypto/crypto.h"
#include "cert.h"

#define CHAIN_MAX 16384		/* octets: our CERT payloads fit a message */

struct cert_store *cert_store_new(void)
{
	struct cert_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->authorities = sk_X509_new_null();
	store->crls = sk_X509_CRL_new_null();
	if (!store->authorities || !store->crls) {
		cert_store_free(store);
		return NULL;
	}
	return store;
}

void cert_store_free(struct cert_store *store)
{
	if (!store)
		return;
	for (unsigned int i = 0; i < store->n_chain; i++)
		OPENSSL_free(store->chain[i]);
	EVP_PKEY_free(store->key);
	sk_X509_pop_free(store->authorities, X509_free);
	sk_X509_CRL_pop_free(store->crls, X509_CRL_free);
	free(store);
}

/* There is no passphrase: a daemon has nobody to ask. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/*
 * Calls @take with each object of one kind. Return: how many there were, or
 * negative: -EINVAL if one cannot be read.
 */
static int each(const void *text, size_t len, bool crls,
		int (*take)(void *arg, void *object), void *arg)
{
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	int n = 0, err = bio ? 0 : -ENOMEM;

	ERR_clear_error();
	while (!err) {
		void *object =
			crls ? (void *)PEM_read_bio_X509_CRL(bio, NULL,
							     no_passphrase,
							     NULL) :
			       (void *)PEM_read_bio_X509(bio, NULL,
							 no_passphrase, NULL);

		if (!object) {
			/* The end is an error, too: that nothing more starts. */
			if (ERR_GET_REASON(ERR_peek_last_error()) !=
			    PEM_R_NO_START_LINE)
				err = -EINVAL;
			break;
		}
		err = take(arg, object);
		n++;
	}
	ERR_clear_error();
	BIO_free(bio);
	return err ? err : n;
}

static int complain(int n, const char *what, char *why, size_t why_len)
{
	if (n > 0)
		return 0;
	if (n == -ENOMEM)
		snprintf(why, why_len, "no memory");
	else if (n == -E2BIG)
		snprintf(why, why_len,
			 "has too many certificates; at most %d of %d octets "
			 "together can be sent", IKE_CERTS_MAX, CHAIN_MAX);
	else if (n < 0)
		snprintf(why, why_len,
			 "has a %s that cannot be read; expected PEM", what);
	else
		snprintf(why, why_len,
			 "has no %s; expected PEM that begins with "
			 "\"-----BEGIN\"", what);
	return n == -ENOMEM ? n : -EINVAL;
}

static int take_chain(void *arg, void *object)
{
	struct cert_store *store = arg;
	X509 *cert = object;
	size_t all = 0;
	int len;

	for (unsigned int i = 0; i < store->n_chain; i++)
		all += store->chain_len[i];
	if (store->n_chain == IKE_CERTS_MAX) {
		X509_free(cert);
		return -E2BIG;
	}
	len = i2d_X509(cert, &store->chain[store->n_chain]);
	X509_free(cert);
	if (len <= 0)
		return -ENOMEM;
	store->chain_len[store->n_chain++] = (size_t)len;
	return all + (size_t)len > CHAIN_MAX ? -E2BIG : 0;
}

int cert_store_chain(struct cert_store *store, const void *text, size_t len,
		     char *why, size_t why_len)
{
	return complain(each(text, len, false, take_chain, store),
			"certificate", why, why_len);
}

static int take_authority(void *arg, void *object)
{
	struct cert_store *store = arg;

	if (sk_X509_push(store->authorities, object) > 0)
		return 0;
	X509_free(object);
	return -ENOMEM;
}

int cert_store_authorities(struct cert_store *store, const void *text,
			   size_t len, char *why, size_t why_len)
{
	return complain(each(text, len, false, take_authority, store),
			"certificate", why, why_len);
}

static int take_crl(void *arg, void *object)
{
	struct cert_store *store = arg;

	if (sk_X509_CRL_push(store->crls, object) > 0)
		return 0;
	X509_CRL_free(object);
	return -ENOMEM;
}

int cert_store_crls(struct cert_store *store, const void *text, size_t len,
		    char *why, size_t why_len)
{
	return complain(each(text, len, true, take_crl, store),
			"revocation list", why, why_len);
}

int cert_store_key(struct cert_store *store, const void *text, size_t len,
		   char *why, size_t why_len)
{
	BIO *bio = BIO_new_mem_buf(text, (int)len);

	EVP_PKEY_free(store->key);
	store->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
						   NULL) :
			   NULL;
	BIO_free(bio);
	ERR_clear_error();
	if (!store->key) {
		snprintf(why, why_len,
			 "has no private key that can be read; expected PEM "
			 "without a passphrase");
		return -EINVAL;
	}
	if (cert_key_ok(store->key, why, why_len))
		return 0;
	EVP_PKEY_free(store->key);
	store->key = NULL;
	return -EINVAL;
}

static X509 *ours(const struct cert_store *store)
{
	const uint8_t *der = store->chain[0];

	return store->n_chain ? d2i_X509(NULL, &der, (long)store->chain_len[0]) :
				NULL;
}

bool cert_store_fits(const struct cert_store *store,
		     const struct ike_identity *id, char *why, size_t why_len)
{
	X509 *cert = ours(store);
	char says[300], want[80];
	bool ok = false;

	if (!cert || !store->key)
		snprintf(why, why_len, "certificate or key is missing");
	else if (X509_check_private_key(cert, store->key) != 1)
		snprintf(why, why_len,
			 "the key does not belong to the (first) certificate, "
			 "which is of \"%s\"",
			 cert_name(X509_get_subject_name(cert), says,
				   sizeof(says)));
	else if (!cert_is(cert, id))
		snprintf(why, why_len,
			 "the certificate does not say that it is of \"%s\"; it "
			 "names %s",
			 ike_identity_format(id, want, sizeof(want)),
			 cert_identities(cert, says, sizeof(says)));
	else
		ok = true;
	ERR_clear_error();
	X509_free(cert);
	return ok;
}

int64_t cert_store_left(const struct cert_store *store, int64_t now, char *until,
			size_t until_len)
{
	X509 *cert = ours(store);
	struct tm tm = { 0 };

	if (cert)
		ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm);
	X509_free(cert);
	snprintf(until, until_len, "%04d-%02d-%02d %02d:%02d:%02d UTC",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
	return (int64_t)timegm(&tm) - now;
}

size_t cert_store_cert(const struct cert_store *store, unsigned int n,
		       const uint8_t **der)
{
	if (n >= store->n_chain)
		return 0;
	*der = store->chain[n];
	return store->chain_len[n];
}

size_t cert_store_hashes(const struct cert_store *store, uint8_t *out,
			 size_t size)
{
	size_t len = 0;

	for (int i = 0; i < sk_X509_num(store->authorities); i++) {
		X509_PUBKEY *key = X509_get_X509_PUBKEY(
			sk_X509_value(store->authorities, i));
		uint8_t *der = NULL;
		int n = i2d_X509_PUBKEY(key, &der);
		struct ike_slice part = IKE_SLICE(der, n > 0 ? (size_t)n : 0);

		/* RFC 7296, section 3.7: of the whole SubjectPublicKeyInfo. */
		if (n > 0 && size - len >= IKE_SHA1_LEN &&
		    !ike_sha1(&part, 1, out + len))
			len += IKE_SHA1_LEN;
		OPENSSL_free(der);
	}
	return len;
}
