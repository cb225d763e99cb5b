/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates for the simulator and the tests, made while they run. The clock
 * of this little world stands at PKI_NOW.
 */
#ifndef IPSVTI_IKE_PKI_H
#define IPSVTI_IKE_PKI_H

#include "cert.h"

#define PKI_NOW		1800000000	/* 2027-01-15 08:00:00 UTC */
#define PKI_DAY		86400

/* One that owns a certificate. */
struct pki {
	EVP_PKEY *key;
	X509 *cert;
};

/**
 * struct pki_spec - a certificate wanted
 * @name: its subject, as ike_dn_parse() takes it
 * @issuer: who signs; NULL: itself
 * @key: "ED25519" (always the same one of a name), "P-256", "RSA-2048" and
 *       such; NULL: ED25519
 * @digest: of the signature; NULL: SHA256, or what Ed25519 has
 * @constraints: basicConstraints; NULL: "CA:FALSE"
 * @names: subjectAltName, in the words of OpenSSL's configuration; NULL: none.
 *         So are the next three
 * @usage: keyUsage
 * @extended: extendedKeyUsage
 * @permitted: nameConstraints
 * @from: start of validity, in seconds from PKI_NOW; 0: a day ago
 * @to: its end; 0: in a year
 * @padding: octets of an extension that means nothing
 */
struct pki_spec {
	const char *name;
	const struct pki *issuer;
	const char *key;
	const char *digest;
	const char *constraints;
	const char *names;
	const char *usage;
	const char *extended;
	const char *permitted;
	int64_t from;
	int64_t to;
	size_t padding;
};

/* All of these abort if anything fails. */
struct pki *pki_new(const struct pki_spec *spec);
void pki_free(struct pki *p);
/* PEM text, to be freed. */
char *pki_cert_pem(const struct pki *p);
char *pki_key_pem(const struct pki *p);
/* A revocation list of @issuer that holds @revoked, or nobody. */
char *pki_crl_pem(const struct pki *issuer, const struct pki *revoked,
		  int64_t from, int64_t to);

/* A store from all of them; NULL where there is none; @ca is trusted. */
struct cert_store *pki_store(const struct pki *own, const struct pki *between,
			     const struct pki *ca);

#endif /* IPSVTI_IKE_PKI_H */
