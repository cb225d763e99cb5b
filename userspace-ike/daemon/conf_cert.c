// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the two ends of a tunnel authenticate: pre-shared keys, certificates, and
 * the files these are in.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cert.h"
#include "conf_setting.h"

#define DAY 86400
#define EXPIRES_SOON (30 * DAY) /* seconds; to be told early enough to get a new one */

static void set_kind(struct setting *s, enum ike_auth_kind *kind)
{
	if (!strcmp(s->value->text, "psk"))
		*kind = IKE_AUTH_BY_PSK;
	else if (!strcmp(s->value->text, "cert"))
		*kind = IKE_AUTH_BY_CERT;
	else
		setting_error(s, "\"%s\" is unknown; expected \"psk\" or \"cert\"",
			      s->value->text);
}

void set_auth(struct setting *s)
{
	set_kind(s, &s->tunnel->ike.local_auth);
}

void set_remote_auth(struct setting *s)
{
	set_kind(s, &s->tunnel->ike.remote_auth);
}

void setting_path_read(struct setting *s)
{
	/* (A relative name goes where its file goes.) */
	const char *hidden = conf_unit_hides(s->value->text);

	if (hidden)
		conf_warning(s->errors, s->file, s->value->line,
			     "%s: ipsvti-iked cannot read %s when its unit starts it, which hides all that is below %s; put it below /etc/ipsvti",
			     s->key, s->value->text, hidden);
}

/* Reads a file and has @take make something of it. */
static void set_pem(struct setting *s, bool secret,
		    int (*take)(struct cert_store *store, const void *text,
				size_t len, char *why, size_t why_len))
{
	char path[4096], why[256];
	uint8_t *text;
	size_t len;

	if (!setting_path(s, path, sizeof(path)))
		return;
	text = pem_read(path, secret, &len, s->key, s->errors, s->file,
			s->value->line);
	if (!text)
		return;
	setting_path_read(s);
	if (take(s->tunnel->certs, text, len, why, sizeof(why)))
		setting_error(s, "%s: %s", path, why);
	explicit_bzero(text, len);
	free(text);
}

void set_cert_file(struct setting *s)
{
	set_pem(s, false, cert_store_chain);
}

void set_key_file(struct setting *s)
{
	set_pem(s, true, cert_store_key);
}

void set_ca_file(struct setting *s)
{
	set_pem(s, false, cert_store_authorities);
}

void set_crl_file(struct setting *s)
{
	set_pem(s, false, cert_store_crls);
}

void set_rsa_signature(struct setting *s)
{
	if (!strcmp(s->value->text, "pkcs1"))
		s->tunnel->certs->pkcs1 = true;
	else if (strcmp(s->value->text, "pss"))
		setting_error(s, "\"%s\" is unknown; expected \"pss\" or \"pkcs1\"",
			      s->value->text);
}

static bool given(const struct conf_file *file, const char *key)
{
	return conf_file_get(file, key, 0);
}

/* What is not said follows from the files that are there. */
static void imply_kinds(struct ike_tunnel_config *ike,
			const struct conf_file *file)
{
	enum ike_auth_kind psk = IKE_AUTH_BY_PSK, cert = IKE_AUTH_BY_CERT;

	if (!given(file, "auth"))
		ike->local_auth = given(file, "cert-file") ? cert :
				  given(file, "psk-file")  ? psk :
				  given(file, "ca-file")   ? cert :
							     psk;
	if (!given(file, "remote-auth"))
		ike->remote_auth = given(file, "ca-file")  ? cert :
				   given(file, "psk-file") ? psk :
							     ike->local_auth;
}

/* A key must be there, or must not: @use says whether anybody looks at it. */
static void expect(const struct conf_file *file, struct conf_errors *errors,
		   const char *key, bool use, const char *what, const char *why)
{
	const struct conf_text *value = conf_file_get(file, key, 0);

	if (use && !value && what)
		conf_error(errors, conf_file_path(file), 0,
			   "\"%s\" is missing; add %s = \"%s\"", key, key, what);
	if (!use && value)
		conf_error(errors, conf_file_path(file), value->line,
			   "%s: is of no use %s; remove it, or say otherwise",
			   key, why);
}

static void check_own(const struct conf_tunnel *tunnel,
		      const struct conf_file *file, struct conf_errors *errors)
{
	struct ike_identity id = tunnel->ike.local_id;
	char text[48], why[512];

	if (!id.type)
		ike_identity_parse(&id, ike_address_format(&tunnel->ike.local,
							   text, sizeof(text)));
	if (!cert_store_fits(tunnel->certs, &id, why, sizeof(why)))
		conf_error(errors, conf_file_path(file),
			   conf_file_get(file, "cert-file", 0)->line,
			   "cert-file: %s; mend cert-file, key-file or local-id",
			   why);
}

/*
 * No error: the other tunnels are none the worse, and no peer need be told, or is
 * there, today. But with one that has expired this tunnel does not come up again.
 */
static void check_age(const struct conf_tunnel *tunnel,
		      const struct conf_file *file, struct conf_errors *errors)
{
	unsigned int line = conf_file_get(file, "cert-file", 0)->line;
	char until[64];
	int64_t left = cert_store_left(tunnel->certs, time(NULL), until,
				       sizeof(until));

	if (left <= 0)
		conf_warning(errors, conf_file_path(file), line,
			     "cert-file: our own certificate has expired on %s, so it is of no use; put a new one there, with its key into key-file, or correct the clock",
			     until);
	else if (left <= EXPIRES_SOON)
		conf_warning(errors, conf_file_path(file), line,
			     "cert-file: our own certificate expires within %d days, on %s; put a new one there before, with its key into key-file, then \"ipsvtictl reload\"",
			     (int)((left + DAY - 1) / DAY), until);
}

void conf_cert_finish(struct conf_tunnel *tunnel, const struct conf_file *file,
		      struct conf_errors *errors)
{
	struct ike_tunnel_config *ike = &tunnel->ike;
	unsigned int before = errors->count;
	bool we, they;

	imply_kinds(ike, file);
	we = ike->local_auth == IKE_AUTH_BY_CERT;
	they = ike->remote_auth == IKE_AUTH_BY_CERT;
	expect(file, errors, "psk-file", !we || !they, "FILE WITH THE KEY",
	       "where both ends show certificates");
	expect(file, errors, "cert-file", we, "FILE WITH OUR CERTIFICATE",
	       "where we use a pre-shared key");
	expect(file, errors, "key-file", we, "FILE WITH OUR PRIVATE KEY",
	       "where we use a pre-shared key");
	expect(file, errors, "rsa-signature", we, NULL,
	       "where we use a pre-shared key");
	expect(file, errors, "ca-file", they, "FILE WITH TRUSTED CERTIFICATES",
	       "where the peer uses a pre-shared key");
	expect(file, errors, "crl-file", they, NULL,
	       "where the peer uses a pre-shared key");
	if (we && errors->count == before && tunnel->certs->n_chain &&
	    tunnel->certs->key && ike->local.family) {
		check_own(tunnel, file, errors);
		check_age(tunnel, file, errors);
	}
}
