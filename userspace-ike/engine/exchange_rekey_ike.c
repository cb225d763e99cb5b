// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for the IKE SA itself (RFC 7296, sections 1.3.2, 2.8, 2.18,
 * 2.25.2). The new IKE SA inherits the CHILD SAs; who asked for it deletes the
 * old one. If both ends ask at once, the rule is that of CHILD SAs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

/* Of a failure: tells it from one of a CHILD SA, whose exchange has the same name. */
#define STEP "CREATE_CHILD_SA for the IKE SA"

static uint64_t later(struct ike_engine *e, uint32_t ms)
{
	return e->now + ms + ike_jitter(e, ms);
}

/* -------------------------------------------------------------- our requests */

static void send_request(struct ike_sa *sa)
{
	struct ike_negotiation *neg = sa->neg;
	struct ike_builder b;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_offer(&b, IKE_USE_IKE_REKEY, &sa->tunnel->config.ike,
			neg->spi);
	ike_build_nonce(&b, ike_nonce_slice(&neg->nonce));
	ike_build_ke(&b, ike_dh_group(neg->dh), ike_dh_public(neg->dh));
	if (ike_window_request(sa, IKE_X_REKEY_IKE,
			       IKE_EXCHANGE_CREATE_CHILD_SA, &b))
		ike_negotiation_free(sa);
}

void ike_start_rekey_ike(struct ike_sa *sa)
{
	struct ike_negotiation *neg = calloc(1, sizeof(*neg));

	/* Should it fail: when to try again. */
	sa->rekey_at = later(sa->e, IKE_REFUSED_MS);
	if (!neg)
		return;
	sa->neg = neg;
	neg->spi = ike_new_spi(sa->e);
	neg->dh = ike_random_dh(sa->e, sa->choice.ke);
	if (!neg->spi || !neg->dh || ike_random_nonce(sa->e, &neg->nonce))
		ike_negotiation_free(sa);
	else
		send_request(sa);
}

/* ------------------------------------------------------------ both directions */

/**
 * struct successor - what a new IKE SA is made of
 * @initiator: we asked for it
 * @choice: its suite
 * @ours: our SPI
 * @theirs: the peer's SPI
 * @keymat: shared secret and nonces
 */
struct successor {
	bool initiator;
	const struct ike_choice *choice;
	uint64_t ours;
	uint64_t theirs;
	struct ike_keymat_input keymat;
};

static struct ike_sa *make_successor(struct ike_sa *old,
				     const struct successor *s)
{
	struct ike_sa *sa = ike_sa_new(old->e, old->tunnel, s->initiator);
	struct ike_nonce ni, nr;

	if (!sa)
		return NULL;
	sa->spi_i = s->initiator ? s->ours : s->theirs;
	sa->spi_r = s->initiator ? s->theirs : s->ours;
	sa->local = old->local;
	sa->remote = old->remote;
	sa->before = old->before;
	sa->nat_local = old->nat_local;
	sa->nat_remote = old->nat_remote;
	sa->fragmentation = old->fragmentation;
	sa->choice = *s->choice;
	ike_nonce_set(&ni, s->keymat.ni);
	ike_nonce_set(&nr, s->keymat.nr);
	sa->lowest = *ike_nonce_lower(&ni, &nr);
	if (ike_keys_derive(&sa->keys, s->choice, &old->keys, &s->keymat,
			    sa->spi_i, sa->spi_r)) {
		ike_sa_kill(sa, "its keys could not be made");
		return NULL;
	}
	ike_sa_export(sa);
	ike_sa_established(sa);
	/* Who the peer is was not asked again. */
	sa->origin = old->origin;
	sa->origin.shared = true;
	sa->reauth_at = old->reauth_at;
	sa->auth_until = old->auth_until;
	sa->expire_at = ike_min_time(sa->expire_at, sa->auth_until);
	return sa;
}

/* @sa takes over from @old; @by_us tells who must delete @old. */
static void succeed(struct ike_sa *sa, struct ike_sa *old, bool by_us)
{
	ike_sa_inherit(sa, old);
	ike_sa_set_state(old, IKE_SA_REKEYED, "it has a successor");
	if (by_us)
		old->want_delete = true;
	else
		old->expire_at = ike_min_time(old->expire_at,
					      old->e->now + IKE_PEER_DELETES_MS);
	ike_log(sa->e, IKE_EVENT_IKE_SA_REKEYED, IKE_LOG_NOTICE, sa->tunnel,
		IKE_FIELDS({ "by", by_us ? "us" : "the peer" }),
		"IKE SA rekeyed by %s", by_us ? "us" : "the peer");
}

/* Our own attempt came to nothing; the peer's has not, perhaps. */
static void yield_to_peer(struct ike_sa *sa)
{
	struct ike_sa *peer_sa = sa->neg->peer_sa;

	ike_negotiation_free(sa);
	if (peer_sa && peer_sa->state == IKE_SA_ESTABLISHED)
		succeed(peer_sa, sa, false);
}

/* ------------------------------------------------------- answers to requests */

static struct ike_sa *accept(struct ike_call *c)
{
	const struct ike_msg *msg = c->msg;
	struct ike_sa *old = c->sa;
	struct ike_negotiation *neg = old->neg;
	uint8_t secret[IKE_DH_SECRET_MAX];
	struct ike_choice choice;
	struct ike_sa *sa;
	struct successor s = {
		.initiator = true,
		.choice = &choice,
		.ours = neg->spi,
	};
	int len;

	if (ike_proposal_check(IKE_USE_IKE_REKEY, &old->tunnel->config.ike,
			       msg->sa, &choice) ||
	    !choice.spi || choice.ke != ike_dh_group(neg->dh) ||
	    msg->ke_group != choice.ke || ike_intermediate_wanted(&choice))
		return NULL;
	len = ike_dh_derive(neg->dh, msg->ke, secret);
	if (len < 0)
		return NULL;
	s.theirs = choice.spi;
	s.keymat.secret = IKE_SLICE(secret, (size_t)len);
	s.keymat.ni = ike_nonce_slice(&neg->nonce);
	s.keymat.nr = msg->nonce;
	sa = make_successor(old, &s);
	ike_wipe(secret, sizeof(secret));
	return sa;
}

void ike_on_rekey_ike_response(struct ike_call *c)
{
	struct ike_sa *old = c->sa;
	struct ike_negotiation *neg = old->neg;
	struct ike_sa *peer_sa = neg->peer_sa;
	struct ike_sa *sa;

	ike_window_answered(old);
	sa = accept(c);
	if (!sa) {
		/* The peer has it, though: best to start all over. */
		ike_tunnel_failed(old->tunnel, c->e,
				  "the peer's answer to the rekey of the IKE SA makes no sense");
		yield_to_peer(old);
		if (old->state == IKE_SA_ESTABLISHED)
			old->want_delete = true;
		return;
	}
	if (peer_sa && peer_sa->state != IKE_SA_ESTABLISHED)
		peer_sa = NULL;
	if (peer_sa && ike_nonce_lower(&sa->lowest, &peer_sa->lowest) ==
			       &sa->lowest) {
		ike_log(c->e, IKE_EVENT_COLLISION, IKE_LOG_INFO, old->tunnel,
			IKE_NO_FIELDS,
			"both ends rekeyed the IKE SA at once: the peer's stays, ours goes");
		sa->redundant = true;
		sa->want_delete = true;
		yield_to_peer(old);
		return;
	}
	if (peer_sa) {
		ike_log(c->e, IKE_EVENT_COLLISION, IKE_LOG_INFO, old->tunnel,
			IKE_NO_FIELDS,
			"both ends rekeyed the IKE SA at once: ours stays, the peer's goes");
		peer_sa->expire_at = c->e->now + IKE_PEER_DELETES_MS;
	}
	ike_negotiation_free(old);
	succeed(sa, old, true);
}

void ike_on_rekey_ike_invalid_ke(struct ike_call *c)
{
	const struct ike_notify *n =
		ike_msg_notify(c->msg, IKE_N_INVALID_KE_PAYLOAD);
	struct ike_sa *sa = c->sa;
	struct ike_negotiation *neg = sa->neg;
	uint16_t want = n->data.len == 2 ? get_be16(n->data.data) : IKE_KE_NONE;
	struct ike_groups groups;

	ike_suite_groups(&sa->tunnel->config.ike, &groups);
	if (ike_group_index(&groups, want) < 0 || neg->retried_ke ||
	    neg->collided ||
	    ike_dh_group(neg->dh) == want) {
		ike_on_rekey_ike_refused(c);
		return;
	}
	ike_window_answered(sa);
	neg->retried_ke = true;
	ike_dh_free(neg->dh);
	neg->dh = ike_random_dh(c->e, want);
	if (neg->dh)
		send_request(sa);
	else
		ike_negotiation_free(sa);
}

/* It is up, and will not be for ever: that is kept for who asks meanwhile. */
static void tell_refusal(struct ike_call *c, const struct ike_notify *n)
{
	const struct ike_suite *suite = &c->sa->tunnel->config.ike;
	const char *name = ike_notify_name(n->type);
	struct ike_failure *f =
		ike_because(c->e, c->sa, IKE_FAILURE_OTHER, STEP);
	char why[200];

	f->notify = n->type;
	if (n->type == IKE_N_NO_PROPOSAL_CHOSEN) {
		f->reason = IKE_FAILURE_IKE_PROPOSAL;
		ike_because_suites(f, IKE_USE_IKE_REKEY, suite, NULL,
				   IKE_SLICE(NULL, 0));
	} else if (n->type == IKE_N_INVALID_KE_PAYLOAD && n->data.len == 2) {
		f->reason = IKE_FAILURE_KEY_EXCHANGE;
		ike_suite_format(suite, f->ours, sizeof(f->ours));
		snprintf(f->theirs, sizeof(f->theirs), "%s",
			 ike_ke_name(get_be16(n->data.data)));
	}
	snprintf(why, sizeof(why), "the IKE SA could not be rekeyed (%s, %u): %s",
		 name ? name : "unknown error", n->type,
		 ike_notify_text(n->type));
	ike_failure_keep(c->e, c->sa->tunnel, false, why);
	ike_because_done(c->e);
	ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_ERROR,
		c->sa->tunnel, IKE_FIELDS({ "reason", name ? name : "unknown" }),
		"%s", why);
}

void ike_on_rekey_ike_refused(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_error(c->msg);
	struct ike_sa *sa = c->sa;

	ike_window_answered(sa);
	if (ike_sa_put_off(sa, n->type))
		sa->rekey_at = later(c->e, IKE_COLLISION_MS);
	else if (!ike_sa_outgrown(sa, n->type))
		tell_refusal(c, n);
	yield_to_peer(sa);
}

/* ---------------------------------------------------------- peer's requests */

static bool busy(const struct ike_sa *sa)
{
	switch (sa->window.kind) {
	case IKE_X_NEW_CHILD:
	case IKE_X_REKEY_CHILD:
	case IKE_X_DELETE_CHILD:
		return true;
	default:
		/* A second rekey while one of the peer's waits for ours. */
		return sa->redundant || (sa->neg && sa->neg->peer_sa);
	}
}

static void agree(struct ike_call *c, const struct ike_choice *choice)
{
	struct ike_sa *old = c->sa, *sa = NULL;
	struct ike_dh *dh = ike_random_dh(c->e, choice->ke);
	uint8_t secret[IKE_DH_SECRET_MAX];
	struct ike_nonce nonce;
	struct successor s = {
		.initiator = false,
		.choice = choice,
		.ours = ike_new_spi(c->e),
		.theirs = choice->spi,
	};
	int len = dh ? ike_dh_derive(dh, c->msg->ke, secret) : 0;

	if (len < 0) {
		ike_build_status(c->reply, IKE_N_INVALID_SYNTAX);
	} else if (len && s.ours && !ike_random_nonce(c->e, &nonce)) {
		s.keymat.secret = IKE_SLICE(secret, (size_t)len);
		s.keymat.ni = c->msg->nonce;
		s.keymat.nr = ike_nonce_slice(&nonce);
		sa = make_successor(old, &s);
	}
	ike_wipe(secret, sizeof(secret));
	if (sa) {
		ike_build_answer(c->reply, IKE_USE_IKE_REKEY, choice, s.ours);
		ike_build_nonce(c->reply, ike_nonce_slice(&nonce));
		ike_build_ke(c->reply, choice->ke, ike_dh_public(dh));
	} else if (len >= 0) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	}
	ike_dh_free(dh);
	if (!sa)
		return;
	if (old->window.kind == IKE_X_REKEY_IKE) {
		/* Which one stays is known when our answer comes. */
		old->neg->collided = true;
		old->neg->peer_sa = sa;
		sa->redundant = true;
	} else {
		succeed(sa, old, false);
	}
}

static void refuse(struct ike_call *c)
{
	struct ike_tunnel *t = c->sa->tunnel;
	struct ike_failure *f = ike_because(c->e, c->sa,
					    IKE_FAILURE_IKE_PROPOSAL, STEP);
	char offer[400], ours[IKE_SUITE_TEXT], why[300];

	f->by_us = true;
	f->notify = IKE_N_NO_PROPOSAL_CHOSEN;
	ike_because_suites(f, IKE_USE_IKE_REKEY, &t->config.ike, NULL,
			   c->msg->sa);
	ike_failure_keep(c->e, t, true,
			 "we refused the peer's IKE proposal to a rekey");
	ike_because_done(c->e);

	ike_offer_format(c->msg->sa, offer, sizeof(offer));
	ike_suite_format(&t->config.ike, ours, sizeof(ours));
	ike_mismatch_format(IKE_USE_IKE_REKEY, &t->config.ike, NULL, c->msg->sa,
			    why, sizeof(why));
	ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_NOTICE, t,
		IKE_FIELDS({ "reason", "NO_PROPOSAL_CHOSEN" },
			   { "offered", offer }, { "accepted", ours },
			   { "mismatch", why }),
		"NO_PROPOSAL_CHOSEN to a rekey of the IKE SA: %s; the peer offers %s, our IKE suite is %s",
		why, offer, ours);
	ike_build_status(c->reply, IKE_N_NO_PROPOSAL_CHOSEN);
}

/* (More than one key exchange there would be IKE_FOLLOWUP_KE, which is not done.) */
void ike_on_rekey_ike_request(struct ike_call *c)
{
	const struct ike_suite *suite = &c->sa->tunnel->config.ike;
	struct ike_choice choice;
	uint8_t group[2];

	if (busy(c->sa)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return;
	}
	if (ike_proposal_select(IKE_USE_IKE_REKEY, suite, NULL, c->msg->sa,
				c->msg->ke_group, &choice) ||
	    !choice.spi || ike_intermediate_wanted(&choice)) {
		refuse(c);
		return;
	}
	if (choice.ke != c->msg->ke_group) {
		put_be16(group, choice.ke);
		ike_build_notify(c->reply, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_INVALID_KE_PAYLOAD,
				 IKE_SLICE(group, sizeof(group)));
		return;
	}
	agree(c, &choice);
}
