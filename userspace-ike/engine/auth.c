// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The AUTH payload and what goes with it (RFC 7296, section 2.15; RFC 7427):
 * which octets are signed, which certificates are sent and asked for. The sums
 * themselves, and whom to trust, are behind the environment's keys.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

/* SHA-1 is not among them (RFC 8247, section 3). */
static const uint16_t hashes[] = { IKE_HASH_SHA2_256, IKE_HASH_SHA2_384,
				   IKE_HASH_SHA2_512, IKE_HASH_IDENTITY };

#define N_HASHES (sizeof(hashes) / sizeof(hashes[0]))

void ike_auth_put_hashes(struct ike_builder *b)
{
	uint8_t data[2 * N_HASHES];

	for (size_t i = 0; i < N_HASHES; i++)
		put_be16(data + 2 * i, hashes[i]);
	ike_build_notify(b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_SIGNATURE_HASH_ALGORITHMS,
			 IKE_SLICE(data, sizeof(data)));
}

uint16_t ike_auth_peer_hashes(const struct ike_msg *msg)
{
	const struct ike_notify *n =
		ike_msg_notify(msg, IKE_N_SIGNATURE_HASH_ALGORITHMS);
	struct ike_reader r = ike_read(n ? n->data : IKE_SLICE(NULL, 0));
	uint16_t seen = 0;

	while (r.left) {
		uint16_t hash = ike_take_u16(&r);

		for (size_t i = 0; i < N_HASHES && !r.failed; i++)
			if (hashes[i] == hash)
				seen |= (uint16_t)(1u << hash);
		if (r.failed)
			break;
	}
	return seen;
}

/* ------------------------------------------------------------- certificates */

void ike_auth_put_certreq(struct ike_sa *sa, struct ike_tunnel *only,
			  struct ike_builder *b)
{
	const struct ike_env *env = sa->e->env;
	uint8_t digests[16 * IKE_SHA1_LEN];
	struct ike_tunnel *t = only;
	size_t len = 0;

	while (only || (t = ike_tunnel_between(sa->e, t, &sa->local.addr,
					       &sa->remote.addr))) {
		if (t->config.remote_auth == IKE_AUTH_BY_CERT)
			len += env->keys->authorities(env->ctx, t->config.name,
						      digests + len,
						      sizeof(digests) - len);
		if (only)
			break;
	}
	if (len)
		ike_build_cert(b, IKE_PAYLOAD_CERTREQ, IKE_SLICE(digests, len));
}

void ike_auth_put_certs(struct ike_sa *sa, const struct ike_tunnel *t,
			struct ike_builder *b)
{
	const struct ike_env *env = sa->e->env;
	const uint8_t *der;
	size_t len;

	if (t->config.local_auth != IKE_AUTH_BY_CERT)
		return;
	/* Whether asked for or not: nobody is harmed by getting them. */
	for (unsigned int n = 0; n < IKE_CERTS_MAX; n++) {
		len = env->keys->cert(env->ctx, t->config.name, n, &der);
		if (!len)
			break;
		ike_build_cert(b, IKE_PAYLOAD_CERT, IKE_SLICE(der, len));
	}
}

/* --------------------------------------------------------------------- AUTH */

/*
 * What the AUTH of one side covers. Return: allocated octets, or none if there
 * is no memory.
 */
static struct ike_slice signed_octets(struct ike_sa *sa, bool of_initiator,
				      struct ike_slice id)
{
	const struct ike_handshake *hs = sa->handshake;
	struct ike_slice message =
		of_initiator ? IKE_SLICE(hs->init_i, hs->init_i_len) :
			       IKE_SLICE(hs->init_r, hs->init_r_len);
	const struct ike_nonce *nonce = of_initiator ? &hs->nonce_r :
						       &hs->nonce_i;
	size_t size = message.len + IKE_NONCE_MAX + 3 * IKE_PRF_MAX + 4;
	uint8_t *octets = malloc(size);
	struct ike_writer w;

	if (!octets)
		return IKE_SLICE(NULL, 0);
	w = ike_write_to(octets, size);
	ike_signed_octets(&sa->keys, of_initiator, message,
			  ike_nonce_slice(nonce), id, &w);
	/* IKE_SA_INIT was 0, and IKE_AUTH comes behind what is in there. */
	ike_int_auth_put(&hs->int_auth, &sa->keys, 1 + hs->int_auth.n_i, &w);
	if (w.failed) {
		free(octets);
		return IKE_SLICE(NULL, 0);
	}
	return IKE_SLICE(octets, w.len);
}

/* Return: octets of @auth, or negative and the reason in @why. */
static int psk_auth(struct ike_sa *sa, const struct ike_tunnel *t,
		    struct ike_slice octets, uint8_t auth[64], char *why,
		    size_t why_len)
{
	const struct ike_env *env = sa->e->env;
	struct ike_psk_request req = {
		.tunnel = t->config.name,
		.local_id = &t->config.local_id,
		.remote_id = &t->config.remote_id,
		.prf = sa->keys.prf,
		.octets = octets.data,
		.len = octets.len,
	};
	int len = env->keys->psk_auth(env->ctx, &req, auth);

	/* ("ipsvtictl explain" knows by the word PSK that it is not about a certificate.) */
	if (len < 0)
		snprintf(why, why_len, "there is no usable PSK: %s",
			 strerror(-len));
	return len;
}

int ike_auth_make(struct ike_sa *sa, const struct ike_tunnel *t,
		  struct ike_slice id, struct ike_signature *auth, char *why,
		  size_t why_len)
{
	struct ike_slice octets = signed_octets(sa, sa->initiator, id);
	const struct ike_env *env = sa->e->env;
	int err;

	if (!octets.len) {
		snprintf(why, why_len, "out of memory");
		return -ENOMEM;
	}
	if (t->config.local_auth == IKE_AUTH_BY_PSK) {
		err = psk_auth(sa, t, octets, auth->data, why, why_len);
		auth->method = IKE_AUTH_SHARED_KEY;
		auth->len = (uint16_t)(err > 0 ? err : 0);
	} else {
		struct ike_sign_request req = {
			.tunnel = t->config.name,
			.hashes = sa->handshake->hashes,
			.octets = octets.data,
			.len = octets.len,
		};

		err = env->keys->sign(env->ctx, &req, auth, why, why_len);
	}
	free((uint8_t *)octets.data);
	return err < 0 ? err : 0;
}

static bool psk_ok(struct ike_call *c, const struct ike_tunnel *t,
		   struct ike_slice octets, char *why, size_t why_len)
{
	uint8_t auth[64] = { 0 };
	int len;
	bool ok;

	ike_because_auth(c->e, IKE_FAILURE_AUTH_METHOD);
	if (c->msg->auth_method != IKE_AUTH_SHARED_KEY) {
		snprintf(why, why_len,
			 "it shows a certificate (method %u), but is to use a "
			 "pre-shared key: are auth and remote-auth of both ends "
			 "the same?",
			 c->msg->auth_method);
		return false;
	}
	len = psk_auth(c->sa, t, octets, auth, why, why_len);
	ike_because_auth(c->e, len < 0 ? IKE_FAILURE_OWN_KEY : IKE_FAILURE_PSK);
	ok = len > 0 && c->msg->auth.len == (size_t)len &&
	     ike_equal(auth, c->msg->auth.data, (size_t)len);
	if (!ok && len >= 0)
		snprintf(why, why_len, "the pre-shared keys are not the same");
	ike_wipe(auth, sizeof(auth));
	return ok;
}

static bool cert_ok(struct ike_call *c, const struct ike_tunnel *t,
		    struct ike_slice octets, char *why, size_t why_len)
{
	const struct ike_env *env = c->e->env;
	const struct ike_msg *msg = c->msg;
	enum ike_failure_reason reason = IKE_FAILURE_CERTIFICATE;
	int err;
	struct ike_verify_request req = {
		.tunnel = t->config.name,
		.remote_id = &t->config.remote_id,
		.method = msg->auth_method,
		.auth = msg->auth.data,
		.auth_len = msg->auth.len,
		.n_certs = msg->n_certs,
		.reason = &reason,
		.octets = octets.data,
		.len = octets.len,
	};

	if (msg->auth_method == IKE_AUTH_SHARED_KEY) {
		snprintf(why, why_len,
			 "it uses a pre-shared key, but is to show a "
			 "certificate: are auth and remote-auth of both ends "
			 "the same?");
		ike_because_auth(c->e, IKE_FAILURE_AUTH_METHOD);
		return false;
	}
	for (unsigned int i = 0; i < msg->n_certs; i++) {
		req.certs[i].data = msg->certs[i].data;
		req.certs[i].len = msg->certs[i].len;
	}
	err = env->keys->verify(env->ctx, &req, why, why_len);
	ike_because_auth(c->e, reason);
	return !err;
}

bool ike_auth_check(struct ike_call *c, const struct ike_tunnel *t,
		    struct ike_slice id, char *why, size_t why_len)
{
	struct ike_slice octets = signed_octets(c->sa, !c->sa->initiator, id);
	bool ok;

	snprintf(why, why_len, "out of memory");
	if (!octets.len)
		return false;
	if (t->config.remote_auth == IKE_AUTH_BY_PSK)
		ok = psk_ok(c, t, octets, why, why_len);
	else
		ok = cert_ok(c, t, octets, why, why_len);
	free((uint8_t *)octets.data);
	return ok;
}
