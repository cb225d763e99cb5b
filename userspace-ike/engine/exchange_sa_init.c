// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SA_INIT (RFC 7296, section 1.2): suites, key exchange, nonces; NAT
 * detection; cookies and INVALID_KE_PAYLOAD.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core.h"
#include "nat.h"

#define COOKIES_MAX 3	/* demands we follow in one attempt */

static struct ike_slice copy_of(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len);

	if (copy)
		memcpy(copy, data, len);
	return IKE_SLICE(copy, copy ? len : 0);
}

/* ---------------------------------------------------------------- initiator */

static void send_init(struct ike_sa *sa)
{
	const struct ike_tunnel *t = sa->tunnel;
	struct ike_handshake *hs = sa->handshake;
	struct ike_slice kept;
	struct ike_builder b;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	if (hs->cookie_len)
		ike_build_notify(&b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_COOKIE,
				 IKE_SLICE(hs->cookie, hs->cookie_len));
	ike_build_offer(&b, IKE_USE_INIT, &t->config.ike, 0);
	ike_build_ke(&b, ike_dh_group(hs->dh), ike_dh_public(hs->dh));
	ike_build_nonce(&b, ike_nonce_slice(&hs->nonce_i));
	ike_build_nat(&b, sa->spi_i, 0, &sa->local, &sa->remote,
		      t->config.natt == IKE_NATT_FORCE);
	ike_build_status(&b, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED);
	if (ike_suite_adds_ke(&t->config.ike))
		ike_build_status(&b, IKE_N_INTERMEDIATE_EXCHANGE_SUPPORTED);
	ike_auth_put_hashes(&b);
	if (ike_window_request_clear(sa, IKE_X_INIT, IKE_EXCHANGE_SA_INIT,
				     &b)) {
		ike_sa_give_up(sa, "IKE_SA_INIT could not be sent");
		return;
	}
	/* What was said of another request says nothing of this one. */
	hs->refused_until = 0;
	/* AUTH will cover what was sent last. */
	kept = copy_of(sa->window.request, sa->window.request_len);
	if (!kept.len) {
		ike_sa_give_up(sa, "out of memory");
		return;
	}
	free(hs->init_i);
	hs->init_i = (uint8_t *)kept.data;
	hs->init_i_len = kept.len;
}

/* Makes a key of the @n-th group of our suite. */
static bool use_group(struct ike_sa *sa, unsigned int n)
{
	struct ike_handshake *hs = sa->handshake;
	struct ike_groups groups;

	ike_suite_groups(&sa->tunnel->config.ike, &groups);
	hs->ke_tried |= 1ull << n;
	ike_dh_free(hs->dh);
	hs->dh = ike_random_dh(sa->e, groups.id[n]);
	return hs->dh;
}

static void start(struct ike_engine *e, struct ike_tunnel *t,
		  const struct ike_sa *old)
{
	struct ike_sa *sa = ike_sa_new(e, t, true);

	if (!sa) {
		ike_tunnel_failed(t, e, "out of memory");
		return;
	}
	sa->reauth = old;
	sa->handshake = calloc(1, sizeof(*sa->handshake));
	if (!sa->handshake) {
		ike_sa_give_up(sa, "out of memory");
		return;
	}
	sa->local.addr = t->config.local;
	sa->local.port = IKE_PORT;
	sa->remote.addr = t->config.remote;
	sa->remote.port = IKE_PORT;
	/* Through a NAT the way that is there is perhaps the only one. */
	if (old && (old->nat_local || old->nat_remote)) {
		sa->local = old->local;
		sa->remote = old->remote;
	}
	sa->spi_i = ike_new_spi(e);
	if (!sa->spi_i || ike_random_nonce(e, &sa->handshake->nonce_i) ||
	    !use_group(sa, 0)) {
		ike_sa_give_up(sa, "no key could be made");
		return;
	}
	ike_log(e, IKE_EVENT_IKE_SA_STATE, IKE_LOG_INFO, t,
		IKE_FIELDS({ "to", "init-sent" }), "initiating an IKE SA%s",
		old ? " to replace the one there is" : "");
	send_init(sa);
}

void ike_start_init(struct ike_engine *e, struct ike_tunnel *t)
{
	start(e, t, NULL);
}

/* RFC 7296, section 2.8.3: all of it is made anew before the old one goes. */
void ike_start_reauth(struct ike_sa *old)
{
	struct ike_engine *e = old->e;

	/* Should it fail: when to try again. */
	old->reauth_at = e->now + IKE_REFUSED_MS + ike_jitter(e, IKE_REFUSED_MS);
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (sa->tunnel == old->tunnel &&
		    (sa->state == IKE_SA_INIT_SENT ||
		     sa->state == IKE_SA_AUTH_SENT))
			return;
	start(e, old->tunnel, old);
}

void ike_on_init_cookie(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_notify(c->msg, IKE_N_COOKIE);
	struct ike_handshake *hs = c->sa->handshake;

	/* Section 2.6: 1 to 64 octets. */
	if (!n->data.len || n->data.len > sizeof(hs->cookie) ||
	    hs->cookies++ == COOKIES_MAX) {
		c->e->counters.rx_unexpected++;
		return;
	}
	memcpy(hs->cookie, n->data.data, n->data.len);
	hs->cookie_len = n->data.len;
	ike_log(c->e, IKE_EVENT_COOKIE, IKE_LOG_DEBUG, c->sa->tunnel,
		IKE_NO_FIELDS, "the peer is busy: sending its cookie back");
	send_init(c->sa);
}

void ike_on_init_invalid_ke(struct ike_call *c)
{
	const struct ike_notify *n =
		ike_msg_notify(c->msg, IKE_N_INVALID_KE_PAYLOAD);
	struct ike_handshake *hs = c->sa->handshake;
	uint16_t want = n->data.len == 2 ? get_be16(n->data.data) : IKE_KE_NONE;
	struct ike_groups groups;
	int i;

	ike_suite_groups(&c->sa->tunnel->config.ike, &groups);
	i = ike_group_index(&groups, want);
	/*
	 * Section 2.7: follow it only to what we have offered, and only once,
	 * or a forger could lead us round in circles or down.
	 */
	if (i < 0 || (hs->ke_tried & 1ull << i)) {
		ike_init_doubt(c, n->type, want);
		return;
	}
	ike_log(c->e, IKE_EVENT_NOTIFY, IKE_LOG_DEBUG, c->sa->tunnel,
		IKE_NO_FIELDS, "the peer prefers key exchange %s",
		ike_ke_name(want));
	if (use_group(c->sa, (unsigned int)i))
		send_init(c->sa);
	else
		ike_sa_give_up(c->sa, "no key could be made");
}

/* Both sides: from the shared secret to the keys. */
static bool make_keys(struct ike_sa *sa, struct ike_slice peer_ke)
{
	struct ike_handshake *hs = sa->handshake;
	uint8_t secret[IKE_DH_SECRET_MAX];
	int len = ike_dh_derive(hs->dh, peer_ke, secret);
	struct ike_keymat_input in = {
		.ni = ike_nonce_slice(&hs->nonce_i),
		.nr = ike_nonce_slice(&hs->nonce_r),
	};
	bool ok;

	if (len < 0)
		return false;
	in.secret = IKE_SLICE(secret, (size_t)len);
	ok = !ike_keys_derive(&sa->keys, &sa->choice, NULL, &in, sa->spi_i,
			      sa->spi_r);
	ike_wipe(secret, sizeof(secret));
	sa->lowest = *ike_nonce_lower(&hs->nonce_i, &hs->nonce_r);
	sa->origin.lowest = sa->lowest;
	sa->origin.initiator = sa->initiator;
	if (ok)
		ike_sa_export(sa);
	return ok;
}

/* RFC 9370, section 2.2.1: who chooses one has to know how it is done. */
static bool can_add_ke(const struct ike_msg *msg, const struct ike_choice *choice)
{
	return !ike_add_ke_wanted(choice) ||
	       ike_msg_notify(msg, IKE_N_INTERMEDIATE_EXCHANGE_SUPPORTED);
}

void ike_on_init_response(struct ike_call *c)
{
	const struct ike_msg *msg = c->msg;
	struct ike_sa *sa = c->sa;
	const struct ike_tunnel *t = sa->tunnel;
	struct ike_handshake *hs = sa->handshake;
	const struct ike_sa *up = ike_tunnel_sa(c->e, t);
	struct ike_choice choice;
	struct ike_slice kept;

	/*
	 * The peer may have initiated and been faster: one IKE SA will do,
	 * unless it is the one to be replaced.
	 */
	if (up && (!sa->reauth || up->origin.order > sa->order)) {
		ike_sa_kill(sa, "the peer's own IKE SA is up already");
		return;
	}
	/*
	 * Nothing here is authenticated, so a response that does not fit is
	 * not believed: the right one may be still on its way.
	 */
	if (!msg->h.spi_r ||
	    ike_proposal_check(IKE_USE_INIT, &t->config.ike, msg->sa,
			       &choice) ||
	    !can_add_ke(msg, &choice) || choice.ke != ike_dh_group(hs->dh) ||
	    msg->ke_group != choice.ke) {
		char offer[200], ours[IKE_SUITE_TEXT];

		c->e->counters.rx_unexpected++;
		ike_complain(c->e, t, &c->dgram->remote,
			     "it chose %s, we offered %s",
			     ike_offer_format(msg->sa, offer, sizeof(offer)),
			     ike_suite_format(&t->config.ike, ours,
					      sizeof(ours)));
		return;
	}
	sa->choice = choice;
	sa->spi_r = msg->h.spi_r;
	ike_nonce_set(&hs->nonce_r, msg->nonce);
	kept = copy_of(msg->raw.data, msg->raw.len);
	if (!kept.len || !make_keys(sa, msg->ke)) {
		free((uint8_t *)kept.data);
		sa->spi_r = 0;
		c->e->counters.rx_unexpected++;
		ike_complain(c->e, t, &c->dgram->remote,
			     "unfit key exchange value");
		return;
	}
	hs->init_r = (uint8_t *)kept.data;
	hs->init_r_len = kept.len;
	ike_dh_free(hs->dh);
	hs->dh = NULL;

	hs->hashes = ike_auth_peer_hashes(msg);
	/* What replaces another one has all there is to replace at once. */
	hs->childless = t->config.childless && !sa->reauth &&
			ike_msg_notify(msg, IKE_N_CHILDLESS_IKEV2_SUPPORTED);
	sa->fragmentation =
		ike_msg_notify(msg, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED);
	ike_nat_detect(msg, &c->dgram->local, &c->dgram->remote,
		       &sa->nat_local, &sa->nat_remote);
	if (t->config.natt == IKE_NATT_FORCE)
		sa->nat_local = true;
	if (sa->nat_local || sa->nat_remote) {
		ike_log(c->e, IKE_EVENT_NAT, IKE_LOG_INFO, t, IKE_NO_FIELDS,
			"NAT detected (%s): moving to port %u, ESP in UDP",
			sa->nat_local ? "we are behind it" :
					"the peer is behind it",
			IKE_PORT_NATT);
		if (sa->local.port == IKE_PORT) {
			sa->local.port = IKE_PORT_NATT;
			sa->remote.port = IKE_PORT_NATT;
		}
	}
	if (!ike_sa_in_reach(sa, t)) {
		ike_sa_give_up(sa, "the peer has moved to where no NAT is in front of it: ESP would go to where it is configured");
		return;
	}
	ike_window_answered(sa);
	ike_start_intermediate(sa);
}

/* ---------------------------------------------------------------- responder */

static void demand_cookie(struct ike_call *c,
			  const uint8_t cookie[IKE_COOKIE_LEN])
{
	c->e->counters.cookies_sent++;
	ike_build_notify(c->reply, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_COOKIE, IKE_SLICE(cookie, IKE_COOKIE_LEN));
}

/* Section 2.6. Return: whether to go on with the request. */
static bool cookie_ok(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_notify(c->msg, IKE_N_COOKIE);
	const struct ike_msg *msg = c->msg;
	struct ike_engine *e = c->e;
	uint8_t cookie[IKE_COOKIE_LEN];

	if (e->half_open < e->limits.cookie_threshold)
		return true;
	if (n && ike_cookie_check(&e->cookies, e->now, msg->h.spi_i, msg->nonce,
				  &c->dgram->remote, n->data))
		return true;
	if (n)
		e->counters.cookies_bad++;
	if (!ike_cookie_make(&e->cookies, e->now, ike_random_for_crypto, e,
			     msg->h.spi_i, msg->nonce, &c->dgram->remote,
			     cookie))
		demand_cookie(c, cookie);
	return false;
}

static void send_init_response(struct ike_call *c, struct ike_sa *sa)
{
	struct ike_handshake *hs = sa->handshake;
	struct ike_builder b;
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION_MAJOR << 4,
		.exchange = IKE_EXCHANGE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};

	ike_build_start(&b, c->e->build, sizeof(c->e->build));
	ike_build_answer(&b, IKE_USE_INIT, &sa->choice, 0);
	ike_build_ke(&b, ike_dh_group(hs->dh), ike_dh_public(hs->dh));
	ike_build_nonce(&b, ike_nonce_slice(&hs->nonce_r));
	if (ike_msg_notify(c->msg, IKE_N_NAT_DETECTION_SOURCE_IP))
		ike_build_nat(&b, sa->spi_i, sa->spi_r, &c->dgram->local,
			      &c->dgram->remote,
			      sa->tunnel->config.natt == IKE_NATT_FORCE);
	if (sa->fragmentation)
		ike_build_status(&b, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED);
	ike_build_status(&b, IKE_N_CHILDLESS_IKEV2_SUPPORTED);
	if (ike_add_ke_wanted(&sa->choice))
		ike_build_status(&b, IKE_N_INTERMEDIATE_EXCHANGE_SUPPORTED);
	if (hs->hashes)
		ike_auth_put_hashes(&b);
	ike_auth_put_certreq(sa, NULL, &b);
	h.next_payload = b.first;
	h.length = (uint32_t)(IKE_HEADER_LEN + b.w.len);
	hs->init_r = b.w.failed ? NULL : malloc(h.length);
	if (!hs->init_r) {
		ike_sa_kill(sa, "out of memory");
		return;
	}
	ike_header_write(hs->init_r, &h);
	memcpy(hs->init_r + IKE_HEADER_LEN, b.w.data, b.w.len);
	hs->init_r_len = h.length;
	ike_transmit(c->e, &c->dgram->local, &c->dgram->remote, hs->init_r,
		     hs->init_r_len);
}

static void accept_init(struct ike_call *c, struct ike_tunnel *t,
			const struct ike_choice *choice)
{
	struct ike_sa *sa = ike_sa_new(c->e, NULL, false);
	struct ike_handshake *hs;
	struct ike_slice kept;

	if (!sa)
		return;
	c->sa = sa;
	sa->spi_i = c->msg->h.spi_i;
	ike_sa_set_state(sa, IKE_SA_HALF_OPEN, "IKE_SA_INIT received");
	hs = calloc(1, sizeof(*hs));
	sa->handshake = hs;
	sa->spi_r = ike_new_spi(c->e);
	sa->local = c->dgram->local;
	sa->remote = c->dgram->remote;
	sa->choice = *choice;
	kept = copy_of(c->msg->raw.data, c->msg->raw.len);
	if (!hs || !kept.len || !sa->spi_r) {
		free((uint8_t *)kept.data);
		ike_sa_kill(sa, "out of memory or entropy");
		return;
	}
	hs->init_i = (uint8_t *)kept.data;
	hs->init_i_len = kept.len;
	ike_nonce_set(&hs->nonce_i, c->msg->nonce);
	hs->dh = ike_random_dh(c->e, choice->ke);
	if (!hs->dh || ike_random_nonce(c->e, &hs->nonce_r)) {
		ike_sa_kill(sa, "no key could be made");
		return;
	}
	if (!make_keys(sa, c->msg->ke)) {
		c->e->counters.rx_malformed++;
		ike_complain(c->e, t, &c->dgram->remote,
			     "unfit key exchange value");
		ike_sa_kill(sa, "unfit key exchange value");
		return;
	}
	/* The request is ID 0; IKE_AUTH will be 1. */
	sa->window.expected_id = 1;
	hs->hashes = ike_auth_peer_hashes(c->msg);
	sa->fragmentation =
		ike_msg_notify(c->msg, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED);
	ike_nat_detect(c->msg, &c->dgram->local, &c->dgram->remote,
		       &sa->nat_local, &sa->nat_remote);
	if (t->config.natt == IKE_NATT_FORCE)
		sa->nat_local = true;
	/* Which tunnel it is will be known from the identities. */
	sa->tunnel = t;
	send_init_response(c, sa);
	sa->tunnel = NULL;
	ike_dh_free(hs->dh);
	hs->dh = NULL;
}

/*
 * Which of the tunnels between these addresses it is, the identities will tell, and the
 * suite is chosen before that: one that all of them allow is the best, where there is one.
 * Those that have nothing in common with the peer are not meant.
 *
 * Return: the first tunnel that the choice is good for, or NULL.
 */
static struct ike_tunnel *choose_suite(struct ike_call *c, struct ike_tunnel *t,
				       struct ike_choice *choice)
{
	const struct ike_address *local = &c->dgram->local.addr;
	const struct ike_address *remote = &c->dgram->remote.addr;
	struct ike_slice sa = c->msg->sa;
	uint16_t ke = c->msg->ke_group;
	struct ike_tunnel *chosen = NULL;
	struct ike_suite common;
	struct ike_choice any;

	for (; t; t = ike_tunnel_between(c->e, t, local, remote)) {
		const struct ike_suite *suite = &t->config.ike;

		if (ike_proposal_select(IKE_USE_INIT, suite, NULL, sa, ke, &any) ||
		    !can_add_ke(c->msg, &any))
			continue;
		if (!chosen) {
			chosen = t;
			common = *suite;
			*choice = any;
		} else {
			ike_suite_common(&common, suite);
		}
	}
	if (chosen && !ike_proposal_select(IKE_USE_INIT, &common, NULL, sa, ke, &any))
		*choice = any;
	return chosen;
}

void ike_on_init_request(struct ike_call *c)
{
	const struct ike_endpoint *local = &c->dgram->local;
	const struct ike_endpoint *remote = &c->dgram->remote;
	struct ike_engine *e = c->e;
	struct ike_tunnel *first, *t;
	struct ike_choice choice;
	uint8_t group[2];

	first = ike_tunnel_between(e, NULL, &local->addr, &remote->addr);
	if (!first) {
		e->counters.rx_unknown_peer++;
		ike_complain(e, NULL, remote,
			     "IKE_SA_INIT, but there is no tunnel to this address");
		return;
	}
	if (!cookie_ok(c))
		return;
	if (e->half_open >= e->limits.half_open_max) {
		e->counters.rx_overload++;
		return;
	}
	t = choose_suite(c, first, &choice);
	if (!t) {
		ike_init_refuse(c, first);
		return;
	}
	if (choice.ke != c->msg->ke_group) {
		put_be16(group, choice.ke);
		ike_build_notify(c->reply, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_INVALID_KE_PAYLOAD,
				 IKE_SLICE(group, sizeof(group)));
		return;
	}
	accept_init(c, t, &choice);
}
