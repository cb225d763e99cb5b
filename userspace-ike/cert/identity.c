// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who a certificate says its owner is (RFC 4945, section 3.1): addresses, host
 * names and mail addresses are looked for in subjectAltName alone, names in the
 * subject, key IDs in subjectKeyIdentifier.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "../crypto/crypto.h"
#include "cert.h"

static bool subject_is(X509 *cert, const struct ike_identity *id)
{
	uint8_t *der = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(cert), &der);
	bool is = len > 0 && ike_dn_equal(IKE_SLICE(der, (size_t)len),
					  IKE_SLICE(id->data, id->len));

	OPENSSL_free(der);
	return is;
}

static bool key_is(X509 *cert, const struct ike_identity *id)
{
	const ASN1_OCTET_STRING *key = X509_get0_subject_key_id(cert);

	return key && ASN1_STRING_length(key) == id->len &&
	       !memcmp(ASN1_STRING_get0_data(key), id->data, id->len);
}

/*
 * Exactly this name: a wildcard certificate names nobody in particular, and
 * libcrypto would take a leading dot for "anything below".
 */
static bool host_is(X509 *cert, const struct ike_identity *id)
{
	return id->len && id->data[0] != '.' &&
	       X509_check_host(cert, (const char *)id->data, id->len,
			       X509_CHECK_FLAG_NO_WILDCARDS |
				       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
			       NULL) == 1;
}

bool cert_is(X509 *cert, const struct ike_identity *id)
{
	bool is = false;

	/* ID types of RFC 7296, section 3.5. */
	switch (id->type) {
	case 1:
	case 5:
		is = X509_check_ip(cert, id->data, id->len, 0) == 1;
		break;
	case 2:
		is = host_is(cert, id);
		break;
	case 3:
		is = id->len &&
		     X509_check_email(cert, (const char *)id->data, id->len,
				      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) == 1;
		break;
	case 9:
		is = subject_is(cert, id);
		break;
	case 11:
		is = key_is(cert, id);
		break;
	}
	ERR_clear_error();
	return is;
}

const char *cert_name(const X509_NAME *name, char *buf, size_t len)
{
	uint8_t *der = NULL;
	int n = i2d_X509_NAME(name, &der);

	if (n <= 0 || X509_NAME_entry_count(name) == 0)
		snprintf(buf, len, "(no name)");
	else
		ike_dn_format(IKE_SLICE(der, (size_t)n), buf, len);
	OPENSSL_free(der);
	return buf;
}

/* Return: an identity as an entry of subjectAltName has it; type 0: none. */
static struct ike_identity alternative(const GENERAL_NAME *name)
{
	struct ike_identity id = { 0 };
	const ASN1_STRING *value = NULL;
	uint8_t type = 0;
	int len;

	switch (name->type) {
	case GEN_DNS:
		type = 2;
		value = name->d.dNSName;
		break;
	case GEN_EMAIL:
		type = 3;
		value = name->d.rfc822Name;
		break;
	case GEN_IPADD:
		value = name->d.iPAddress;
		type = ASN1_STRING_length(value) == 4 ? 1 : 5;
		break;
	default:
		return id;
	}
	len = ASN1_STRING_length(value);
	if (len <= 0 || len > IKE_ID_MAX)
		return id;
	id.type = type;
	id.len = (uint8_t)len;
	memcpy(id.data, ASN1_STRING_get0_data(value), id.len);
	return id;
}

const char *cert_identities(X509 *cert, char *buf, size_t len)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char text[160];
	size_t at;

	at = (size_t)snprintf(buf, len, "\"%s\"",
			      cert_name(X509_get_subject_name(cert), text,
					sizeof(text)));
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && at < len; i++) {
		struct ike_identity id =
			alternative(sk_GENERAL_NAME_value(names, i));

		if (id.type)
			at += (size_t)snprintf(buf + at, len - at, ", \"%s\"",
					       ike_identity_format(&id, text,
								   80));
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return buf;
}
