// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_AUTH (RFC 7296, sections 1.2 and 2.15): who is who, and a first CHILD
 * SA.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

static bool id_is(const struct ike_identity *id, struct ike_slice body)
{
	struct ike_slice data = IKE_SLICE(body.data + 4, body.len - 4);

	if (body.data[0] != id->type)
		return false;
	if (id->type == IKE_ID_DER_ASN1_DN)
		return ike_dn_equal(IKE_SLICE(id->data, id->len), data);
	return data.len == id->len && !memcmp(data.data, id->data, id->len);
}

static const char *id_text(struct ike_slice body, char *buf, size_t len)
{
	struct ike_identity id = { .type = body.data[0] };

	id.len = (uint8_t)(body.len - 4);
	memcpy(id.data, body.data + 4, id.len);
	return ike_identity_format(&id, buf, len);
}

/* ---------------------------------------------------------------- initiator */

void ike_start_auth(struct ike_sa *sa)
{
	const struct ike_tunnel *t = sa->tunnel;
	uint8_t id[4 + IKE_ID_MAX];
	struct ike_slice body = ike_id_body(&t->config.local_id, id);
	uint8_t peer[4 + IKE_ID_MAX];
	struct ike_signature auth;
	char why[300];
	struct ike_builder b;

	if (ike_auth_make(sa, t, body, &auth, why, sizeof(why))) {
		ike_because(sa->e, sa, IKE_FAILURE_OWN_KEY, "IKE_AUTH")->by_us =
			true;
		ike_sa_give_up(sa, "%s", why);
		return;
	}
	sa->neg = calloc(1, sizeof(*sa->neg));
	if (sa->neg)
		sa->neg->tunnel = sa->tunnel;
	if (!sa->neg ||
	    (!sa->handshake->childless &&
	     ike_child_reserve(sa, t, &sa->neg->pair_id, &sa->neg->spi_in))) {
		ike_sa_give_up(sa, "no SPI could be reserved");
		return;
	}
	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_id(&b, IKE_PAYLOAD_IDI, body);
	ike_auth_put_certs(sa, t, &b);
	/* Section 2.4: true only as long as there is no other one. */
	if (!sa->reauth && !ike_tunnel_has_sa(sa->e, t, IKE_SA_ESTABLISHED, sa))
		ike_build_status(&b, IKE_N_INITIAL_CONTACT);
	ike_auth_put_certreq(sa, sa->tunnel, &b);
	ike_build_id(&b, IKE_PAYLOAD_IDR,
		     ike_id_body(&t->config.remote_id, peer));
	ike_build_auth(&b, auth.method, IKE_SLICE(auth.data, auth.len));
	if (!sa->handshake->childless) {
		ike_child_offer_sa(sa, IKE_USE_AUTH_CHILD, &b);
		ike_child_offer_ts(sa, &b);
	}
	ike_sa_set_state(sa, IKE_SA_AUTH_SENT, "both sides have keys");
	if (ike_window_request(sa, IKE_X_AUTH, IKE_EXCHANGE_AUTH, &b))
		ike_sa_give_up(sa, "IKE_AUTH could not be sent");
}

/*
 * Section 2.21.2: the responder believes to be done, so it must be told. It is
 * not worth waiting for an answer.
 */
static void disown(struct ike_sa *sa)
{
	struct ike_builder b;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_status(&b, IKE_N_AUTHENTICATION_FAILED);
	ike_window_farewell(sa, &b);
}

/* Is the responder who it should be? If not, that was it. */
static bool know_responder(struct ike_call *c)
{
	const struct ike_tunnel_config *config = &c->sa->tunnel->config;
	char said[128], want[128], why[300];
	struct ike_failure *f = ike_because(c->e, c->sa, IKE_FAILURE_IDENTITY,
					    "IKE_AUTH");

	f->by_us = true;
	id_text(c->msg->idr, f->theirs, sizeof(f->theirs));
	ike_identity_format(&config->remote_id, f->ours, sizeof(f->ours));
	ike_window_answered(c->sa);
	if (!id_is(&config->remote_id, c->msg->idr)) {
		disown(c->sa);
		ike_sa_give_up(c->sa, "peer says it is \"%s\", but its identity "
			       "should be \"%s\"",
			       id_text(c->msg->idr, said, sizeof(said)),
			       ike_identity_format(&config->remote_id, want,
						   sizeof(want)));
		return false;
	}
	if (!ike_auth_check(c, c->sa->tunnel, c->msg->idr, why, sizeof(why))) {
		c->e->counters.auth_failures++;
		disown(c->sa);
		ike_sa_give_up(c->sa, "peer \"%s\" is not believed: %s",
			       id_text(c->msg->idr, said, sizeof(said)), why);
		return false;
	}
	ike_because_done(c->e);
	return true;
}

/* A CHILD SA comes if, and only if, it was asked for. If not so, that was it. */
static bool as_asked(struct ike_sa *sa, bool child)
{
	if (sa->handshake->childless != child)
		return true;
	disown(sa);
	ike_sa_give_up(sa, child ? "the peer's IKE_AUTH response has a CHILD SA that we did not ask for" :
				   "the peer's IKE_AUTH response has no CHILD SA, and no reason");
	return false;
}

/*
 * Have both ends initiated at the same time, and does the other IKE SA win? One of
 * ours whose IKE_AUTH was not answered yet may never be, if the peer is @anew: it
 * may be another agent by now that knows nothing of it, and will use this one.
 */
static bool loses(struct ike_sa *sa, bool anew)
{
	for (struct ike_sa *other = sa->e->sas; other; other = other->next)
		if (other != sa && other->tunnel == sa->tunnel &&
		    other->origin.initiator != sa->initiator &&
		    (other->state == IKE_SA_ESTABLISHED ||
		     (other->state == IKE_SA_AUTH_SENT && !anew)) &&
		    !other->want_delete && !other->redundant &&
		    (other->state == IKE_SA_AUTH_SENT ||
		     other->origin.order > sa->order) &&
		    ike_sa_loses(sa, other))
			return true;
	return false;
}

static void forget_handshake(struct ike_sa *sa)
{
	ike_handshake_free(sa->handshake);
	sa->handshake = NULL;
	ike_negotiation_free(sa);
}

void ike_on_auth_response(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	enum ike_activation activation = IKE_ACTIVATE_NOW;

	if (!know_responder(c) || !as_asked(sa, true))
		return;
	/* Then the peer will not use this pair, and we must not, either. */
	if (loses(sa, false))
		activation = IKE_ACTIVATE_MANUAL;
	ike_sa_established(sa);
	ike_child_accept(c, ike_child_check(c, IKE_USE_AUTH_CHILD), activation);
	ike_child_unreserve(sa, sa->neg->tunnel, sa->neg->pair_id);
	forget_handshake(sa);
	ike_tunnel_resolve(sa);
}

/* RFC 6023 */
void ike_on_auth_response_childless(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;

	if (!know_responder(c) || !as_asked(sa, false))
		return;
	ike_sa_established(sa);
	/* Whoever has wanted the IKE SA, the owner has a CHILD SA on it. */
	sa->tunnel->asked = true;
	forget_handshake(sa);
	ike_tunnel_resolve(sa);
}

void ike_on_auth_response_no_child(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	char why[500];

	if (!know_responder(c))
		return;
	ike_sa_established(sa);
	ike_child_tell_refusal(sa, ike_msg_error(c->msg), why, sizeof(why));
	/*
	 * The IKE SA stays (section 1.2), and the CHILD SA is tried again;
	 * unless there is another one, which has a CHILD SA.
	 */
	sa->want_delete = sa->reauth;
	ike_sa_failed(sa, "%s", why);
	sa->child_refusals++;
	sa->child_retry_at = sa->tunnel->retry_at;
	ike_child_unreserve(sa, sa->neg->tunnel, sa->neg->pair_id);
	forget_handshake(sa);
	ike_tunnel_resolve(sa);
}

void ike_on_auth_response_leaving(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;

	ike_window_answered(sa);
	/* Without AUTH it was refused, and there is nothing to delete. */
	if (c->msg->present & IKE_P_AUTH)
		ike_start_delete_ike(sa);
	else
		ike_sa_kill(sa, "the peer does not want it, either");
}

void ike_on_auth_refused(struct ike_call *c)
{
	const struct ike_tunnel_config *config = &c->sa->tunnel->config;
	const struct ike_notify *n = ike_msg_error(c->msg);
	const char *name = ike_notify_name(n->type);
	char local[128], remote[128];
	struct ike_failure *f = ike_because(
		c->e, c->sa,
		n->type == IKE_N_AUTHENTICATION_FAILED ?
			IKE_FAILURE_AUTH_REFUSED :
			IKE_FAILURE_OTHER,
		"IKE_AUTH");

	f->notify = n->type;
	ike_identity_format(&config->local_id, f->ours, sizeof(f->ours));
	ike_window_answered(c->sa);
	if (n->type == IKE_N_AUTHENTICATION_FAILED)
		ike_sa_give_up(c->sa, "peer refused us (AUTHENTICATION_FAILED): "
			       "we said we are \"%s\" and it is \"%s\"; are "
			       "these its settings, and %s?",
			       ike_identity_format(&config->local_id, local,
						   sizeof(local)),
			       ike_identity_format(&config->remote_id, remote,
						   sizeof(remote)),
			       config->local_auth == IKE_AUTH_BY_PSK ?
				       "is the key the same" :
				       "does it trust our certificate");
	else
		ike_sa_give_up(c->sa, "peer refused IKE_AUTH (%s, %u): %s",
			       name ? name : "unknown error", n->type,
			       ike_notify_text(n->type));
}

/* ---------------------------------------------------------------- responder */

/* Which tunnel do the identities belong to? @misfit: one of another suite. */
static struct ike_tunnel *choose_tunnel(struct ike_call *c,
					struct ike_tunnel **misfit)
{
	const struct ike_sa *sa = c->sa;
	struct ike_tunnel *t = NULL;

	while ((t = ike_tunnel_between(c->e, t, &sa->local.addr,
				       &sa->remote.addr))) {
		if (!ike_sa_in_reach(sa, t) ||
		    !id_is(&t->config.remote_id, c->msg->idi))
			continue;
		if ((c->msg->present & IKE_P_IDR) &&
		    !id_is(&t->config.local_id, c->msg->idr))
			continue;
		/* The suite was chosen before we knew for whom. */
		if (ike_suite_allows(&t->config.ike, &sa->choice))
			return t;
		*misfit = t;
	}
	return NULL;
}

static void refuse(struct ike_call *c)
{
	c->e->counters.auth_failures++;
	ike_build_status(c->reply, IKE_N_AUTHENTICATION_FAILED);
	c->over = "the initiator was refused";
}

static void refuse_stranger(struct ike_call *c, struct ike_failure *f,
			    const char *who)
{
	const struct ike_sa *sa = c->sa;
	char whom[128] = "anybody", why[400];

	if (c->msg->present & IKE_P_IDR)
		id_text(c->msg->idr, whom, sizeof(whom));
	ike_complain(c->e, NULL, &c->dgram->remote,
		     "it says it is \"%s\" and wants \"%s\", but no "
		     "tunnel to its address has these identities",
		     who, whom);
	snprintf(why, sizeof(why),
		 "the peer says it is \"%s\" and wants \"%s\"; no tunnel to its address has these identities",
		 who, whom);
	snprintf(f->nearest, sizeof(f->nearest), "%s", whom);
	ike_failure_keep_between(c->e, &sa->local.addr, &sa->remote.addr, why);
	refuse(c);
}

/*
 * The suite was chosen by IKE_SA_INIT, where several tunnels have the same addresses,
 * and it has turned out to be for one that does not take it.
 */
static void refuse_misfit(struct ike_call *c, struct ike_tunnel *t,
			  const char *who)
{
	const struct ike_suite *suite = &t->config.ike;
	const struct ike_sa *sa = c->sa;
	char chosen[96], ours[IKE_SUITE_TEXT], why[500];
	struct ike_failure *f = ike_because(c->e, sa, IKE_FAILURE_IKE_PROPOSAL,
					    "IKE_AUTH");
	struct ike_builder b;
	uint8_t offer[256];

	f->by_us = true;
	f->notify = IKE_N_AUTHENTICATION_FAILED;
	/* Of all that was offered, this is what counts now. */
	ike_build_start(&b, offer, sizeof(offer));
	ike_build_answer(&b, IKE_USE_INIT, &sa->choice, 0);
	if (!b.w.failed)
		ike_because_suites(f, IKE_USE_INIT, suite, NULL,
				   IKE_SLICE(offer + 4, b.w.len - 4));
	snprintf(why, sizeof(why),
		 "it says it is \"%s\", whose tunnel takes %s; %s was chosen, for another tunnel between these addresses: give them a suite in common",
		 who, ike_suite_format(suite, ours, sizeof(ours)),
		 ike_choice_format(&sa->choice, chosen, sizeof(chosen)));
	ike_complain(c->e, t, &c->dgram->remote, "%s", why);
	ike_failure_keep(c->e, t, true, why);
	ike_because_done(c->e);
	refuse(c);
}

/* Section 2.4: what the peer had with us before, it does not have any more. */
static void initial_contact(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;

	if (!ike_msg_notify(c->msg, IKE_N_INITIAL_CONTACT))
		return;
	for (struct ike_sa *old = c->e->sas; old; old = old->next) {
		if (old->state == IKE_SA_AUTH_SENT && old->tunnel == sa->tunnel &&
		    old->order < sa->order)
			old->doubted = true;
		if (old == sa || old->tunnel != sa->tunnel ||
		    (old->state != IKE_SA_ESTABLISHED &&
		     old->state != IKE_SA_REKEYED &&
		     old->state != IKE_SA_DELETING))
			continue;
		/* One made meanwhile is not meant: ike_tunnel_resolve(). */
		if (old->origin.order > sa->order)
			continue;
		ike_sa_heard(old);
		ike_sa_forget(old, "the peer has started anew");
	}
}

void ike_on_auth_request(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	struct ike_tunnel *misfit = NULL, *t = choose_tunnel(c, &misfit);
	enum ike_activation activation = IKE_ACTIVATE_FIRST_RX;
	char who[128], why[400];
	uint8_t id[4 + IKE_ID_MAX];
	struct ike_signature auth;
	struct ike_slice body;
	struct ike_failure *f = ike_because(c->e, sa, IKE_FAILURE_IDENTITY,
					    "IKE_AUTH");

	if (!ike_intermediate_complete(sa)) {
		ike_because_done(c->e);
		ike_complain(c->e, NULL, &c->dgram->remote,
			     "IKE_AUTH before all key exchanges that were agreed on");
		refuse(c);
		return;
	}
	f->by_us = true;
	f->notify = IKE_N_AUTHENTICATION_FAILED;
	id_text(c->msg->idi, who, sizeof(who));
	snprintf(f->theirs, sizeof(f->theirs), "%s", who);
	if (!t) {
		if (misfit)
			refuse_misfit(c, misfit, who);
		else
			refuse_stranger(c, f, who);
		return;
	}
	if (!ike_auth_check(c, t, c->msg->idi, why, sizeof(why))) {
		ike_log(c->e, IKE_EVENT_AUTH_FAILED, IKE_LOG_NOTICE, t,
			IKE_FIELDS({ "id", who }, { "reason", why }),
			"peer \"%s\" is not believed: %s", who, why);
		ike_failure_keep(c->e, t, true, why);
		ike_because_done(c->e);
		refuse(c);
		return;
	}
	body = ike_id_body(&t->config.local_id, id);
	if (ike_auth_make(sa, t, body, &auth, why, sizeof(why))) {
		ike_log(c->e, IKE_EVENT_AUTH_FAILED, IKE_LOG_ERROR, t,
			IKE_FIELDS({ "reason", why }),
			"peer \"%s\" cannot be answered: %s", who, why);
		ike_because_auth(c->e, IKE_FAILURE_OWN_KEY);
		ike_failure_keep(c->e, t, true, why);
		ike_because_done(c->e);
		refuse(c);
		return;
	}
	ike_because_done(c->e);
	sa->tunnel = t;
	initial_contact(c);
	ike_build_id(c->reply, IKE_PAYLOAD_IDR, body);
	ike_auth_put_certs(sa, t, c->reply);
	ike_build_auth(c->reply, auth.method, IKE_SLICE(auth.data, auth.len));
	if (loses(sa, ike_msg_notify(c->msg, IKE_N_INITIAL_CONTACT)))
		activation = IKE_ACTIVATE_MANUAL;
	ike_sa_established(sa);
	if (!(c->msg->present & IKE_P_SA))
		sa->child_retry_at = c->e->now + IKE_CHILDLESS_MS +
				     ike_jitter(c->e, IKE_CHILDLESS_MS);
	else if (ike_child_answer(c, IKE_USE_AUTH_CHILD, NULL, activation))
		sa->confirm_at = c->e->now + IKE_CONFIRM_MS;
	forget_handshake(sa);
	ike_tunnel_resolve(sa);
}

void ike_on_auth_eap(struct ike_call *c)
{
	ike_complain(c->e, NULL, &c->dgram->remote,
		     "it wants EAP authentication; we know pre-shared keys and "
		     "certificates only");
	refuse(c);
}
