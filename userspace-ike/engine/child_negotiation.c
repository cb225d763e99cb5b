// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Agreeing on a CHILD SA as responder: what IKE_AUTH and CREATE_CHILD_SA have in
 * common (RFC 7296, sections 1.2, 1.3, 2.9).
 */
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

/* What one end asked for and did not get is missed by somebody. */
void ike_child_tell_narrowed(const struct ike_child *child)
{
	const struct ike_tunnel *t = child->tunnel;
	char local[200], remote[200];

	if (ike_ts_same(&child->local_ts, &t->local_ts) &&
	    ike_ts_same(&child->remote_ts, &t->remote_ts))
		return;
	ike_log(child->sa->e, IKE_EVENT_NOTIFY, IKE_LOG_INFO, t, IKE_NO_FIELDS,
		"traffic selectors agreed on: here %s, there %s",
		ike_ts_format(&child->local_ts, local, sizeof(local)),
		ike_ts_format(&child->remote_ts, remote, sizeof(remote)));
}

static const char *step(const struct ike_call *c)
{
	return c->sa->handshake ? "IKE_AUTH" : "CREATE_CHILD_SA";
}

static void refuse_ts(struct ike_call *c, struct ike_tunnel *t)
{
	char local[200], remote[200];
	struct ike_failure *f = ike_because(c->e, c->sa, IKE_FAILURE_SELECTORS,
					    step(c));
	struct ike_ts_set any, asked;

	f->by_us = true;
	f->notify = IKE_N_TS_UNACCEPTABLE;
	snprintf(f->ours, sizeof(f->ours), "here %s, there %s",
		 ike_ts_format(&t->local_ts, local, sizeof(local)),
		 ike_ts_format(&t->remote_ts, remote, sizeof(remote)));
	ike_ts_any(&any);
	local[0] = remote[0] = 0;
	if (ike_ts_narrow(&asked, &any, c->msg->tsr))
		ike_ts_format(&asked, local, sizeof(local));
	if (ike_ts_narrow(&asked, &any, c->msg->tsi))
		ike_ts_format(&asked, remote, sizeof(remote));
	snprintf(f->theirs, sizeof(f->theirs), "here %s, there %s", local,
		 remote);
	ike_failure_keep(c->e, t, true,
			 "the peer's traffic selectors have nothing in common with ours");
	ike_because_done(c->e);

	ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_NOTICE, t,
		IKE_FIELDS({ "reason", "TS_UNACCEPTABLE" }),
		"the peer's traffic selectors have nothing in common with ours "
		"(here %s, there %s)",
		ike_ts_format(&t->local_ts, local, sizeof(local)),
		ike_ts_format(&t->remote_ts, remote, sizeof(remote)));
	ike_build_status(c->reply, IKE_N_TS_UNACCEPTABLE);
}

/* Section 2.9.2: what passes now still passes after a rekey. */
bool ike_child_keeps(const struct ike_child *old, const struct ike_ts_set *local,
		     const struct ike_ts_set *remote)
{
	return ike_ts_covers(local, &old->local_ts) &&
	       ike_ts_covers(remote, &old->remote_ts);
}

static void refuse_less(struct ike_call *c, const struct ike_child *old)
{
	char local[200], remote[200];

	ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_NOTICE, old->tunnel,
		IKE_FIELDS({ "reason", "TS_UNACCEPTABLE" }),
		"the peer's rekey leaves out traffic selectors that are in use "
		"(here %s, there %s)",
		ike_ts_format(&old->local_ts, local, sizeof(local)),
		ike_ts_format(&old->remote_ts, remote, sizeof(remote)));
	ike_build_status(c->reply, IKE_N_TS_UNACCEPTABLE);
}

static void refuse_proposal(struct ike_call *c, enum ike_sa_use use,
			    struct ike_tunnel *t)
{
	char offer[500], ours[IKE_SUITE_TEXT], why[300];
	struct ike_failure *f = ike_because(c->e, c->sa,
					    IKE_FAILURE_ESP_PROPOSAL, step(c));

	ike_offer_format(c->msg->sa, offer, sizeof(offer));
	ike_suite_format(&t->config.esp, ours, sizeof(ours));
	ike_mismatch_format(use, &t->config.esp, &t->config.ike, c->msg->sa,
			    why, sizeof(why));
	f->by_us = true;
	f->notify = IKE_N_NO_PROPOSAL_CHOSEN;
	ike_because_suites(f, use, &t->config.esp, &t->config.ike, c->msg->sa);
	ike_failure_keep(c->e, t, true, "we refused the peer's ESP proposal");
	ike_because_done(c->e);
	ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_NOTICE, t,
		IKE_FIELDS({ "reason", "NO_PROPOSAL_CHOSEN" },
			   { "offered", offer }, { "accepted", ours },
			   { "mismatch", why }),
		"NO_PROPOSAL_CHOSEN for ESP: %s; the peer offers %s, our ESP suite is %s",
		why, offer, ours);
	ike_build_status(c->reply, IKE_N_NO_PROPOSAL_CHOSEN);
}

static void refuse_ke(struct ike_call *c, uint16_t group)
{
	uint8_t want[2];

	put_be16(want, group);
	ike_build_notify(c->reply, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_INVALID_KE_PAYLOAD,
			 IKE_SLICE(want, sizeof(want)));
}

/* The key exchange of PFS. Return: false if the reply says why not. */
static bool agree_ke(struct ike_call *c, struct ike_pending *p)
{
	int len;

	if (p->f.choice.ke == IKE_KE_NONE)
		return true;
	if (!(c->msg->present & IKE_P_KE) || c->msg->ke_group != p->f.choice.ke) {
		refuse_ke(c, p->f.choice.ke);
		return false;
	}
	p->dh = ike_random_dh(c->e, p->f.choice.ke);
	len = p->dh ? ike_dh_derive(p->dh, c->msg->ke, p->f.secret) : 0;
	if (len > 0) {
		p->f.secret_len = (size_t)len;
		return true;
	}
	/* Section 2.21: an unfit public value is bad syntax. */
	ike_build_status(c->reply, p->dh ? IKE_N_INVALID_SYNTAX :
					   IKE_N_TEMPORARY_FAILURE);
	return false;
}

static bool narrow(const struct ike_call *c, struct ike_tunnel *t,
		   struct ike_pending *p)
{
	p->tunnel = t;
	return ike_ts_narrow(&p->f.remote_ts, &t->remote_ts, c->msg->tsi) &&
	       ike_ts_narrow(&p->f.local_ts, &t->local_ts, c->msg->tsr) &&
	       ike_ts_meet(&p->f.remote_ts, &p->f.local_ts);
}

/* All that the peer has asked for, and all that the tunnel is for? */
static unsigned int how_well(const struct ike_call *c,
			     const struct ike_pending *p)
{
	struct ike_ts_set any, tsi, tsr;

	ike_ts_any(&any);
	ike_ts_narrow(&tsi, &any, c->msg->tsi);
	ike_ts_narrow(&tsr, &any, c->msg->tsr);
	return 2 * (ike_ts_same(&p->f.remote_ts, &tsi) && ike_ts_same(&p->f.local_ts, &tsr)) +
	       (ike_ts_same(&p->f.remote_ts, &p->tunnel->remote_ts) &&
		ike_ts_same(&p->f.local_ts, &p->tunnel->local_ts));
}

/* Of several tunnels that selectors fit it is the one that they fit best. */
static bool choose(struct ike_call *c, struct ike_pending *p)
{
	struct ike_tunnel *t = NULL, *fit = NULL;
	unsigned int best = 0;
	bool taken = false, busy = false;

	while ((t = ike_share_next(c->sa->tunnel, t))) {
		if (!ike_tunnel_usable(t) || !narrow(c, t, p))
			continue;
		/* One tunnel, one pair: a second one would have nothing to do. */
		if (c->sa->window.kind == IKE_X_FOLLOWUP_CHILD &&
		    c->sa->neg->tunnel == t) {
			busy = true;
		} else if (ike_child_installed(c->sa, t)) {
			taken = true;
		} else if (!fit || how_well(c, p) > best) {
			fit = t;
			best = how_well(c, p);
		}
	}
	if (fit)
		return narrow(c, fit, p);
	if (busy)
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	else if (taken)
		ike_build_status(c->reply, IKE_N_NO_ADDITIONAL_SAS);
	else
		refuse_ts(c, c->sa->tunnel);
	return false;
}

static bool agree(struct ike_call *c, enum ike_sa_use use,
		  const struct ike_child *old, struct ike_pending *p)
{
	struct ike_tunnel *t;

	if (!old && !choose(c, p))
		return false;
	if (old && !narrow(c, old->tunnel, p)) {
		refuse_ts(c, old->tunnel);
		return false;
	}
	if (old && !ike_child_keeps(old, &p->f.local_ts, &p->f.remote_ts)) {
		refuse_less(c, old);
		return false;
	}
	t = p->tunnel;
	if (ike_proposal_select(use, &t->config.esp, &t->config.ike,
				c->msg->sa, c->msg->ke_group, &p->f.choice) ||
	    p->f.choice.spi < 256) {
		refuse_proposal(c, use, t);
		return false;
	}
	if (use == IKE_USE_AUTH_CHILD)
		return true;
	if (ike_random_nonce(c->e, &p->f.nr)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return false;
	}
	return agree_ke(c, p);
}

static void build_agreement(struct ike_builder *b, enum ike_sa_use use,
			    const struct ike_pending *p,
			    const struct ike_dh *dh)
{
	ike_build_answer(b, use, &p->f.choice, p->spi_in);
	if (use == IKE_USE_CHILD)
		ike_build_nonce(b, ike_nonce_slice(&p->f.nr));
	if (dh)
		ike_build_ke(b, ike_dh_group(dh), ike_dh_public(dh));
	ike_build_ts(b, IKE_PAYLOAD_TSI, &p->f.remote_ts);
	ike_build_ts(b, IKE_PAYLOAD_TSR, &p->f.local_ts);
}

struct ike_child *ike_child_complete(struct ike_call *c, struct ike_pending *p,
				     enum ike_activation activation)
{
	struct ike_child_plan plan = {
		.pair_id = p->pair_id,
		.spi_in = p->spi_in,
		.tunnel = p->tunnel,
		.choice = &p->f.choice,
		.local_ts = &p->f.local_ts,
		.remote_ts = &p->f.remote_ts,
		.initiator = false,
		.keymat = ike_followup_keymat(&p->f),
		.activation = activation,
	};
	struct ike_child *child;

	/*
	 * What lacks an SA does not wait for a packet of the peer's: until it has
	 * our response those of ours would be lost either way (section 2.8).
	 */
	if (!c->sa->handshake && !p->rekeys && !ike_tunnel_carries(c->e, p->tunnel))
		plan.activation = IKE_ACTIVATE_NOW;
	child = ike_child_install(c->sa, &plan);
	if (child) {
		p->pair_id = 0;
		ike_child_tell_narrowed(child);
	} else {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	}
	return child;
}

/* Of what was agreed on, at once; or later, and then the reply has a link for that. */
static struct ike_child *make(struct ike_call *c, enum ike_sa_use use,
			      struct ike_pending *p,
			      enum ike_activation activation)
{
	struct ike_child *child = NULL;
	struct ike_dh *dh = p->dh;
	bool follows = ike_add_ke_wanted(&p->f.choice);

	p->dh = NULL;
	if (follows ? ike_followup_promise(c, p) :
		      !!(child = ike_child_complete(c, p, activation)))
		build_agreement(c->reply, use, p, dh);
	if (child)
		child->by_auth = use == IKE_USE_AUTH_CHILD;
	ike_dh_free(dh);
	if (!follows)
		ike_pending_free(c->sa, p);
	return child;
}

struct ike_child *ike_child_answer(struct ike_call *c, enum ike_sa_use use,
				   struct ike_child *old,
				   enum ike_activation activation)
{
	const struct ike_handshake *hs = c->sa->handshake;
	struct ike_pending *p = calloc(1, sizeof(*p));

	if (!p) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return NULL;
	}
	p->rekeys = old;
	p->old = old;
	if (!agree(c, use, old, p)) {
		ike_pending_free(c->sa, p);
		return NULL;
	}
	if (ike_child_reserve(c->sa, p->tunnel, &p->pair_id, &p->spi_in)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		ike_pending_free(c->sa, p);
		return NULL;
	}
	if (use == IKE_USE_AUTH_CHILD) {
		p->f.ni = hs->nonce_i;
		p->f.nr = hs->nonce_r;
	} else {
		ike_nonce_set(&p->f.ni, c->msg->nonce);
	}
	return make(c, use, p, activation);
}
