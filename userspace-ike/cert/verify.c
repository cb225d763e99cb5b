// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a peer is who it must be: its certificate leads to an authority of
 * ours (libcrypto's X509_verify_cert(), which sees to signatures, validity,
 * basicConstraints, pathlen, name constraints and revocation lists), may sign,
 * names the identity, and its key has made the signature; in this order, so
 * that a key nobody vouches for is not used for anything.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "cert.h"

/*
 * Level 2 of libcrypto is 112 bits: no RSA below 2048 bits, no SHA-1, in any
 * certificate below the trusted one.
 */
#define SECURITY_LEVEL 2

/* "2027-01-31 12:00:00 UTC" */
static const char *time_text(const ASN1_TIME *t, char buf[40])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) == 1)
		snprintf(buf, 40, "%04d-%02d-%02d %02d:%02d:%02d UTC",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
	else
		snprintf(buf, 40, "(a malformed time)");
	return buf;
}

/*
 * A time that a revocation list of @cert's issuer tells: when it was revoked,
 * or when the list has expired.
 */
static const char *crl_text(const struct cert_store *store, X509 *cert,
			    bool revoked, char buf[40])
{
	snprintf(buf, 40, "(when is not known)");
	for (int i = 0; cert && i < sk_X509_CRL_num(store->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(store->crls, i);
		const ASN1_TIME *t = X509_CRL_get0_nextUpdate(crl);
		X509_REVOKED *entry = NULL;

		if (X509_NAME_cmp(X509_CRL_get_issuer(crl),
				  X509_get_issuer_name(cert)))
			continue;
		if (revoked && X509_CRL_get0_by_cert(crl, &entry, cert) == 1)
			t = X509_REVOKED_get0_revocationDate(entry);
		if (t && (entry || !revoked))
			time_text(t, buf);
	}
	return buf;
}

static enum ike_failure_reason reason_of(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return IKE_FAILURE_UNKNOWN_CA;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return IKE_FAILURE_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return IKE_FAILURE_CERT_NOT_YET;
	case X509_V_ERR_CERT_REVOKED:
		return IKE_FAILURE_CERT_REVOKED;
	default:
		return IKE_FAILURE_CERTIFICATE;
	}
}

/* Why the chain is not believed: whose certificate, and what to do. */
static void explain(const struct cert_store *store, X509_STORE_CTX *ctx,
		    enum ike_failure_reason *reason, char *why, size_t why_len)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	char name[128] = "?", issuer[128] = "?", when[40];

	if (cert) {
		cert_name(X509_get_subject_name(cert), name, sizeof(name));
		cert_name(X509_get_issuer_name(cert), issuer, sizeof(issuer));
	}
	if (reason)
		*reason = reason_of(error);
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		snprintf(why, why_len,
			 "unknown CA: certificate \"%s\" was issued by \"%s\", "
			 "which is neither in ca-file nor was it sent",
			 name, issuer);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		snprintf(why, why_len,
			 "unknown CA: the certificates lead to \"%s\", which is "
			 "not in ca-file", name);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		snprintf(why, why_len,
			 "certificate \"%s\" has expired on %s", name,
			 cert ? time_text(X509_get0_notAfter(cert), when) :
				"?");
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		snprintf(why, why_len,
			 "certificate \"%s\" is not valid before %s; is the "
			 "clock right?", name,
			 cert ? time_text(X509_get0_notBefore(cert), when) :
				"?");
		break;
	case X509_V_ERR_CERT_REVOKED:
		snprintf(why, why_len,
			 "certificate \"%s\" was revoked by \"%s\" on %s", name,
			 issuer, crl_text(store, cert, true, when));
		break;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		snprintf(why, why_len,
			 "certificate \"%s\": there is no revocation list of "
			 "\"%s\" in crl-file", name, issuer);
		break;
	case X509_V_ERR_CRL_HAS_EXPIRED:
		snprintf(why, why_len,
			 "the revocation list of \"%s\" in crl-file has expired "
			 "on %s", issuer, crl_text(store, cert, false, when));
		break;
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
		snprintf(why, why_len,
			 "certificate \"%s\" has a name that the name "
			 "constraints of its CA do not allow", name);
		break;
	default:
		snprintf(why, why_len, "certificate \"%s\": %s", name,
			 X509_verify_cert_error_string(error));
	}
}

/*
 * A trusted certificate is trusted because we were told so: no list has to say
 * that it is not revoked.
 */
static int judge(int ok, X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);

	if (!ok && X509_STORE_CTX_get_error(ctx) == X509_V_ERR_UNABLE_TO_GET_CRL &&
	    X509_STORE_CTX_get_error_depth(ctx) == sk_X509_num(chain) - 1)
		return 1;
	return ok;
}

static X509_STORE *trust(const struct cert_store *store, int64_t now)
{
	X509_STORE *trusted = X509_STORE_new();
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
	X509_VERIFY_PARAM *param;
	bool ok = trusted;

	for (int i = 0; ok && i < sk_X509_num(store->authorities); i++)
		ok = X509_STORE_add_cert(trusted,
					 sk_X509_value(store->authorities, i));
	for (int i = 0; ok && i < sk_X509_CRL_num(store->crls); i++)
		ok = X509_STORE_add_crl(trusted,
					sk_X509_CRL_value(store->crls, i));
	if (!ok) {
		X509_STORE_free(trusted);
		return NULL;
	}
	if (sk_X509_CRL_num(store->crls))
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	param = X509_STORE_get0_param(trusted);
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_depth(param, IKE_CERTS_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_STORE_set_verify_cb(trusted, judge);
	return trusted;
}

static int check_chain(const struct cert_store *store, int64_t now, X509 *leaf,
		       STACK_OF(X509) *others, enum ike_failure_reason *reason,
		       char *why, size_t why_len)
{
	X509_STORE *trusted = trust(store, now);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int err = -ENOMEM;

	snprintf(why, why_len, "no memory");
	if (trusted && ctx &&
	    X509_STORE_CTX_init(ctx, trusted, leaf, others) == 1) {
		err = X509_verify_cert(ctx) == 1 ? 0 : -EKEYREJECTED;
		if (err)
			explain(store, ctx, reason, why, why_len);
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(trusted);
	return err;
}

/* Purposes that a gateway's certificate may be for, if it says for which. */
static bool purpose_fits(X509 *cert)
{
	static const char *const good[] = {
		"2.5.29.37.0",		/* anyExtendedKeyUsage */
		"1.3.6.1.5.5.7.3.17",	/* IKE (RFC 4945, section 5.1.3.12) */
		"1.3.6.1.5.5.7.3.5",	/* IPsec end system */
		"1.3.6.1.5.5.7.3.6",	/* IPsec tunnel */
		"1.3.6.1.5.5.7.3.7",	/* IPsec user */
		"1.3.6.1.5.5.8.2.2",	/* IKE intermediate */
		"1.3.6.1.5.5.7.3.1",	/* TLS server */
		"1.3.6.1.5.5.7.3.2",	/* TLS client */
	};
	EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	bool fits = !usage;
	char oid[64];

	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usage, i),
			    1);
		for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++)
			fits |= !strcmp(oid, good[k]);
	}
	EXTENDED_KEY_USAGE_free(usage);
	return fits;
}

/* RFC 4945, section 5.1.3: what the certificate may be used for. */
static bool check_usage(X509 *cert, char *why, size_t why_len)
{
	char name[128];

	cert_name(X509_get_subject_name(cert), name, sizeof(name));
	if (!(X509_get_key_usage(cert) &
	      (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))) {
		snprintf(why, why_len,
			 "certificate \"%s\" is not for signing: its keyUsage "
			 "lacks digitalSignature", name);
		return false;
	}
	if (!purpose_fits(cert)) {
		snprintf(why, why_len,
			 "certificate \"%s\" is for other purposes: its "
			 "extendedKeyUsage lacks ipsecIKE, serverAuth and "
			 "clientAuth", name);
		return false;
	}
	return true;
}

static int check_owner(X509 *cert, const struct ike_verify_request *req,
		       char *why, size_t why_len)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	char id[80], says[240];

	if (!check_usage(cert, why, why_len))
		return -EKEYREJECTED;
	if (!cert_is(cert, req->remote_id)) {
		snprintf(why, why_len,
			 "its certificate does not say that it is \"%s\"; it "
			 "names %s",
			 ike_identity_format(req->remote_id, id, sizeof(id)),
			 cert_identities(cert, says, sizeof(says)));
		return -EKEYREJECTED;
	}
	if (!key) {
		snprintf(why, why_len, "its public key cannot be read");
		return -EKEYREJECTED;
	}
	if (!cert_key_ok(key, why, why_len) ||
	    !cert_check_signature(key, req, why, why_len))
		return -EKEYREJECTED;
	return 0;
}

int cert_verify(const struct cert_store *store, int64_t now,
		const struct ike_verify_request *req, char *why, size_t why_len)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *leaf = NULL;
	int err = -ENOMEM;

	if (!req->n_certs) {
		snprintf(why, why_len, "it sent no X.509 certificate");
		sk_X509_free(others);
		return -EKEYREJECTED;
	}
	snprintf(why, why_len, "no memory");
	for (unsigned int i = 0; others && i < req->n_certs; i++) {
		const uint8_t *at = req->certs[i].data;
		X509 *cert = d2i_X509(NULL, &at, (long)req->certs[i].len);

		if (!cert || at != req->certs[i].data + req->certs[i].len) {
			snprintf(why, why_len,
				 "its certificate %u of %u cannot be read",
				 i + 1, req->n_certs);
			X509_free(cert);
			err = -EKEYREJECTED;
			goto out;
		}
		if (!i) {
			leaf = cert;
		} else if (sk_X509_push(others, cert) <= 0) {
			X509_free(cert);
			goto out;
		}
	}
	if (!others)
		goto out;
	err = check_chain(store, now, leaf, others, req->reason, why,
			  why_len);
	if (!err)
		err = check_owner(leaf, req, why, why_len);
out:
	ERR_clear_error();
	X509_free(leaf);
	sk_X509_pop_free(others, X509_free);
	return err;
}
