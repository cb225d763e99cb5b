// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for the IKE SA itself (RFC 7296, sections 1.3.2, 2.8, 2.18,
 * 2.25.2). The new IKE SA inherits the CHILD SAs; who asked for it deletes the
 * old one. If both ends ask at once, the rule is that of CHILD SAs.
 */
#include <errno.h>
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
 * @ours: our SPI
 * @agreed: its suite, nonces and secrets
 */
struct successor {
	bool initiator;
	uint64_t ours;
	const struct ike_followup *agreed;
};

static struct ike_sa *make_successor(struct ike_sa *old,
				     const struct successor *s)
{
	struct ike_keymat_input keymat = ike_followup_keymat(s->agreed);
	struct ike_sa *sa = ike_sa_new(old->e, old->tunnel, s->initiator);
	uint64_t theirs = s->agreed->choice.spi;

	if (!sa)
		return NULL;
	sa->spi_i = s->initiator ? s->ours : theirs;
	sa->spi_r = s->initiator ? theirs : s->ours;
	sa->local = old->local;
	sa->remote = old->remote;
	sa->before = old->before;
	sa->nat_local = old->nat_local;
	sa->nat_remote = old->nat_remote;
	sa->fragmentation = old->fragmentation;
	sa->choice = s->agreed->choice;
	sa->lowest = ike_followup_lowest(s->agreed);
	if (ike_keys_derive(&sa->keys, &sa->choice, &old->keys, &keymat,
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
	ike_sa_set_state(old, IKE_SA_REKEYED, "it has a successor");
	ike_sa_succeed(sa, old, by_us ? "us" : "the peer");
	if (by_us)
		old->want_delete = true;
	else
		old->expire_at = ike_min_time(old->expire_at,
					      old->e->now + IKE_PEER_DELETES_MS);
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

/* Return: whether it is an answer that we can live with; then @f has all of it. */
static bool accept(struct ike_call *c, struct ike_followup *f)
{
	const struct ike_msg *msg = c->msg;
	const struct ike_negotiation *neg = c->sa->neg;
	int len;

	if (ike_proposal_check(IKE_USE_IKE_REKEY, &c->sa->tunnel->config.ike,
			       msg->sa, &f->choice) ||
	    !f->choice.spi || f->choice.ke != ike_dh_group(neg->dh) ||
	    msg->ke_group != f->choice.ke)
		return false;
	len = ike_dh_derive(neg->dh, msg->ke, f->secret);
	if (len < 0)
		return false;
	f->secret_len = (size_t)len;
	f->ni = neg->nonce;
	ike_nonce_set(&f->nr, msg->nonce);
	return true;
}

/* The peer has it, though: best to start all over. */
static void part(struct ike_sa *old)
{
	ike_tunnel_failed(old->tunnel, old->e,
			  "the peer's answer to the rekey of the IKE SA makes no sense");
	yield_to_peer(old);
	if (old->state == IKE_SA_ESTABLISHED)
		old->want_delete = true;
}

/* What the peer has made meanwhile, or is about to: NULL, or nothing any more. */
static struct ike_sa *rival(const struct ike_sa *old)
{
	struct ike_sa *peer_sa = old->neg->peer_sa;

	return peer_sa && peer_sa->state == IKE_SA_ESTABLISHED ? peer_sa : NULL;
}

/* Return: whether it is the peer's that stays. */
static bool peer_wins(const struct ike_sa *old)
{
	const struct ike_negotiation *neg = old->neg;
	struct ike_nonce lowest = ike_followup_lowest(neg->followup);

	if (!rival(old) && !(old->pending && old->pending->crossed))
		return false;
	return ike_nonce_lower(&lowest, &neg->peer_lowest) == &lowest;
}

static void tell_collision(const struct ike_sa *old, bool lost)
{
	ike_log(old->e, IKE_EVENT_COLLISION, IKE_LOG_INFO, old->tunnel,
		IKE_NO_FIELDS, "both ends rekeyed the IKE SA at once: %s",
		lost ? "the peer's stays, ours goes" :
		       "ours stays, the peer's goes");
}

/* There is all that it takes; the peer has it already. */
static void conclude(struct ike_sa *old)
{
	struct ike_negotiation *neg = old->neg;
	struct ike_sa *peer_sa = rival(old);
	bool lost = peer_wins(old);
	struct successor s = {
		.initiator = true,
		.ours = neg->spi,
		.agreed = neg->followup,
	};
	struct ike_sa *sa = make_successor(old, &s);

	if (!sa) {
		part(old);
	} else if (lost) {
		tell_collision(old, true);
		sa->redundant = true;
		sa->want_delete = true;
		yield_to_peer(old);
	} else {
		if (peer_sa) {
			tell_collision(old, false);
			peer_sa->expire_at = old->e->now + IKE_PEER_DELETES_MS;
		}
		ike_pending_lost(old);
		ike_negotiation_free(old);
		succeed(sa, old, true);
	}
}

/*
 * RFC 9370, section 2.2.4: there is nothing to delete yet, so who has lost against the
 * peer just does not go on; nor does the peer if it has lost.
 */
static void go_on(struct ike_sa *old)
{
	if (peer_wins(old)) {
		tell_collision(old, true);
		yield_to_peer(old);
		return;
	}
	if (old->pending && old->pending->crossed) {
		tell_collision(old, false);
		ike_pending_lost(old);
	}
	if (!ike_start_followup(old))
		yield_to_peer(old);
}

void ike_on_rekey_ike_response(struct ike_call *c)
{
	struct ike_sa *old = c->sa;
	struct ike_followup *f = calloc(1, sizeof(*f));

	ike_window_answered(old);
	old->neg->followup = f;
	if (!f || !accept(c, f))
		part(old);
	else if (!ike_add_ke_wanted(&f->choice))
		conclude(old);
	else if (ike_followup_take_link(f, c->msg))
		go_on(old);
	else
		ike_rekey_ike_followed(c, "the peer does not say where its additional key exchange belongs",
				       false);
}

void ike_rekey_ike_followed(struct ike_call *c, const char *wrong, bool last)
{
	struct ike_sa *old = c->sa;

	if (!wrong) {
		conclude(old);
	} else if (last) {
		part(old);
	} else {
		ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_ERROR,
			old->tunnel,
			IKE_FIELDS({ "reason", wrong }, { "kept", "ike-sa" }),
			"the IKE SA could not be rekeyed: %s", wrong);
		yield_to_peer(old);
	}
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
	case IKE_X_FOLLOWUP_CHILD:
	case IKE_X_FOLLOWUP_IKE:
		return true;
	default:
		/* A second rekey while one of the peer's waits for ours. */
		return sa->redundant || (sa->neg && sa->neg->peer_sa);
	}
}

/* Return: what the peer's request comes to; NULL: nothing. */
static struct ike_pending *agree(struct ike_call *c,
				 const struct ike_choice *choice,
				 struct ike_dh *dh)
{
	struct ike_pending *p = calloc(1, sizeof(*p));
	int len = -ENOMEM;

	if (p && dh)
		len = ike_dh_derive(dh, c->msg->ke, p->f.secret);
	if (len == -EINVAL) {
		ike_build_status(c->reply, IKE_N_INVALID_SYNTAX);
	} else if (len < 0 || !(p->spi = ike_new_spi(c->e)) ||
		   ike_random_nonce(c->e, &p->f.nr)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	} else {
		p->f.secret_len = (size_t)len;
		p->f.choice = *choice;
		ike_nonce_set(&p->f.ni, c->msg->nonce);
		return p;
	}
	ike_pending_free(c->sa, p);
	return NULL;
}

/* The peer's request crosses ours: which one stays is known when our answer comes. */
static void note_collision(struct ike_sa *old, struct ike_pending *p)
{
	if (old->window.kind != IKE_X_REKEY_IKE)
		return;
	p->crossed = true;
	old->neg->collided = true;
	old->neg->peer_lowest = ike_followup_lowest(&p->f);
}

static bool make_peers(struct ike_sa *old, const struct ike_pending *p)
{
	struct successor s = {
		.initiator = false,
		.ours = p->spi,
		.agreed = &p->f,
	};
	struct ike_sa *sa = make_successor(old, &s);

	if (!sa)
		return false;
	if (p->crossed && old->window.kind == IKE_X_REKEY_IKE) {
		old->neg->peer_sa = sa;
		sa->redundant = true;
	} else {
		succeed(sa, old, false);
	}
	return true;
}

bool ike_rekey_ike_complete(struct ike_call *c, const struct ike_pending *p)
{
	if (!busy(c->sa) && make_peers(c->sa, p))
		return true;
	ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	return false;
}

static void answer(struct ike_call *c, const struct ike_choice *choice)
{
	struct ike_dh *dh = ike_random_dh(c->e, choice->ke);
	bool follows = ike_add_ke_wanted(choice);
	struct ike_pending *p = agree(c, choice, dh);

	if (p) {
		uint64_t spi = p->spi;
		struct ike_nonce nonce = p->f.nr;

		note_collision(c->sa, p);
		if (follows ? ike_followup_promise(c, p) :
			      ike_rekey_ike_complete(c, p)) {
			ike_build_answer(c->reply, IKE_USE_IKE_REKEY, choice, spi);
			ike_build_nonce(c->reply, ike_nonce_slice(&nonce));
			ike_build_ke(c->reply, choice->ke, ike_dh_public(dh));
		}
		if (!follows)
			ike_pending_free(c->sa, p);
	}
	ike_dh_free(dh);
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

void ike_on_rekey_ike_request(struct ike_call *c)
{
	const struct ike_suite *suite = &c->sa->tunnel->config.ike;
	struct ike_choice choice;
	uint8_t group[2];

	/* One at a time: what was begun is gone on with, or forgotten soon. */
	if (busy(c->sa) || c->sa->pending) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return;
	}
	if (ike_proposal_select(IKE_USE_IKE_REKEY, suite, NULL, c->msg->sa,
				c->msg->ke_group, &choice) ||
	    !choice.spi) {
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
	answer(c, &choice);
}
