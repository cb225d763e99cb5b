// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Agreeing on a CHILD SA: what IKE_AUTH and CREATE_CHILD_SA have in common
 * (RFC 7296, sections 1.2, 1.3, 2.9).
 */
#include <stdio.h>

#include "core.h"

void ike_child_offer_sa(struct ike_sa *sa, enum ike_sa_use use,
			struct ike_builder *b)
{
	ike_build_offer(b, use, &sa->neg->tunnel->config.esp, sa->neg->spi_in);
}

void ike_child_offer_ts(struct ike_sa *sa, struct ike_builder *b)
{
	ike_build_ts(b, IKE_PAYLOAD_TSI, &sa->neg->tunnel->local_ts);
	ike_build_ts(b, IKE_PAYLOAD_TSR, &sa->neg->tunnel->remote_ts);
}

/* What one end asked for and did not get is missed by somebody. */
static void tell_narrowed(const struct ike_child *child)
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

/* Section 2.9: it is for a person to make another tunnel of what is left out. */
static void tell_more(const struct ike_child *child, const struct ike_msg *msg)
{
	if (ike_msg_notify(msg, IKE_N_ADDITIONAL_TS_POSSIBLE))
		ike_log(child->sa->e, IKE_EVENT_NOTIFY, IKE_LOG_INFO,
			child->tunnel,
			IKE_FIELDS({ "notify", "ADDITIONAL_TS_POSSIBLE" }),
			"the peer says ADDITIONAL_TS_POSSIBLE (%u): %s",
			IKE_N_ADDITIONAL_TS_POSSIBLE,
			ike_notify_text(IKE_N_ADDITIONAL_TS_POSSIBLE));
}

/* ---------------------------------------------------------------- responder */

/**
 * struct agreement - a CHILD SA in the making
 * @tunnel: whose it is
 * @choice: the suite
 * @tsi: narrowed selectors of the initiator's side
 * @tsr: the same of the responder's
 * @nonce: ours, in CREATE_CHILD_SA
 * @dh: ours, with PFS
 * @secret: shared, with PFS
 * @secret_len: octets of @secret
 */
struct agreement {
	struct ike_tunnel *tunnel;
	struct ike_choice choice;
	struct ike_ts_set tsi;
	struct ike_ts_set tsr;
	struct ike_nonce nonce;
	struct ike_dh *dh;
	uint8_t secret[IKE_DH_SECRET_MAX];
	size_t secret_len;
};

static void agreement_wipe(struct agreement *a)
{
	ike_dh_free(a->dh);
	ike_wipe(a, sizeof(*a));
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
static bool keeps(const struct ike_child *old, const struct ike_ts_set *local,
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
static bool agree_ke(struct ike_call *c, struct agreement *a)
{
	int len;

	if (a->choice.ke == IKE_KE_NONE)
		return true;
	if (!(c->msg->present & IKE_P_KE) || c->msg->ke_group != a->choice.ke) {
		refuse_ke(c, a->choice.ke);
		return false;
	}
	a->dh = ike_random_dh(c->e, a->choice.ke);
	len = a->dh ? ike_dh_derive(a->dh, c->msg->ke, a->secret) : 0;
	if (len > 0) {
		a->secret_len = (size_t)len;
		return true;
	}
	/* Section 2.21: an unfit public value is bad syntax. */
	ike_build_status(c->reply, a->dh ? IKE_N_INVALID_SYNTAX :
					   IKE_N_TEMPORARY_FAILURE);
	return false;
}

static bool narrow(const struct ike_call *c, struct ike_tunnel *t,
		   struct agreement *a)
{
	a->tunnel = t;
	return ike_ts_narrow(&a->tsi, &t->remote_ts, c->msg->tsi) &&
	       ike_ts_narrow(&a->tsr, &t->local_ts, c->msg->tsr) &&
	       ike_ts_meet(&a->tsi, &a->tsr);
}

/* All that the peer has asked for, and all that the tunnel is for? */
static unsigned int how_well(const struct ike_call *c,
			     const struct agreement *a)
{
	struct ike_ts_set any, tsi, tsr;

	ike_ts_any(&any);
	ike_ts_narrow(&tsi, &any, c->msg->tsi);
	ike_ts_narrow(&tsr, &any, c->msg->tsr);
	return 2 * (ike_ts_same(&a->tsi, &tsi) && ike_ts_same(&a->tsr, &tsr)) +
	       (ike_ts_same(&a->tsi, &a->tunnel->remote_ts) &&
		ike_ts_same(&a->tsr, &a->tunnel->local_ts));
}

/* Of several tunnels that selectors fit it is the one that they fit best. */
static bool choose(struct ike_call *c, struct agreement *a)
{
	struct ike_tunnel *t = NULL, *fit = NULL;
	unsigned int best = 0;
	bool taken = false;

	while ((t = ike_share_next(c->sa->tunnel, t))) {
		if (!ike_tunnel_usable(t) || !narrow(c, t, a))
			continue;
		/* One tunnel, one pair: a second one would have nothing to do. */
		if (ike_child_installed(c->sa, t)) {
			taken = true;
		} else if (!fit || how_well(c, a) > best) {
			fit = t;
			best = how_well(c, a);
		}
	}
	if (fit)
		return narrow(c, fit, a);
	if (taken)
		ike_build_status(c->reply, IKE_N_NO_ADDITIONAL_SAS);
	else
		refuse_ts(c, c->sa->tunnel);
	return false;
}

static bool agree(struct ike_call *c, enum ike_sa_use use,
		  const struct ike_child *old, struct agreement *a)
{
	struct ike_tunnel *t;

	if (!old && !choose(c, a))
		return false;
	if (old && !narrow(c, old->tunnel, a)) {
		refuse_ts(c, old->tunnel);
		return false;
	}
	if (old && !keeps(old, &a->tsr, &a->tsi)) {
		refuse_less(c, old);
		return false;
	}
	t = a->tunnel;
	if (ike_proposal_select(use, &t->config.esp, &t->config.ike,
				c->msg->sa, c->msg->ke_group, &a->choice) ||
	    a->choice.spi < 256) {
		refuse_proposal(c, use, t);
		return false;
	}
	if (use == IKE_USE_AUTH_CHILD)
		return true;
	if (ike_random_nonce(c->e, &a->nonce)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return false;
	}
	return agree_ke(c, a);
}

static void build_agreement(struct ike_builder *b, enum ike_sa_use use,
			    const struct agreement *a, uint32_t spi)
{
	ike_build_answer(b, use, &a->choice, spi);
	if (use == IKE_USE_CHILD)
		ike_build_nonce(b, ike_nonce_slice(&a->nonce));
	if (a->dh)
		ike_build_ke(b, ike_dh_group(a->dh), ike_dh_public(a->dh));
	ike_build_ts(b, IKE_PAYLOAD_TSI, &a->tsi);
	ike_build_ts(b, IKE_PAYLOAD_TSR, &a->tsr);
}

struct ike_child *ike_child_answer(struct ike_call *c, enum ike_sa_use use,
				   const struct ike_child *old,
				   enum ike_activation activation)
{
	const struct ike_handshake *hs = c->sa->handshake;
	struct agreement a = { 0 };
	struct ike_child *child = NULL;
	struct ike_child_plan plan = {
		.choice = &a.choice,
		.local_ts = &a.tsr,
		.remote_ts = &a.tsi,
		.initiator = false,
		.activation = activation,
	};

	if (!agree(c, use, old, &a))
		goto out;
	plan.tunnel = a.tunnel;
	/*
	 * What lacks an SA does not wait for a packet of the peer's: until it has
	 * our response those of ours would be lost either way (section 2.8).
	 */
	if (use == IKE_USE_CHILD && !old && !ike_tunnel_carries(c->e, a.tunnel))
		plan.activation = IKE_ACTIVATE_NOW;
	if (ike_child_reserve(c->sa, a.tunnel, &plan.pair_id, &plan.spi_in)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		goto out;
	}
	if (use == IKE_USE_AUTH_CHILD) {
		plan.keymat.ni = ike_nonce_slice(&hs->nonce_i);
		plan.keymat.nr = ike_nonce_slice(&hs->nonce_r);
	} else {
		plan.keymat.secret = IKE_SLICE(a.secret, a.secret_len);
		plan.keymat.ni = c->msg->nonce;
		plan.keymat.nr = ike_nonce_slice(&a.nonce);
	}
	child = ike_child_install(c->sa, &plan);
	if (child) {
		child->by_auth = use == IKE_USE_AUTH_CHILD;
		tell_narrowed(child);
		build_agreement(c->reply, use, &a, plan.spi_in);
	} else {
		ike_child_unreserve(c->sa, a.tunnel, plan.pair_id);
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	}
out:
	agreement_wipe(&a);
	return child;
}

/* ---------------------------------------------------------------- initiator */

/* Return: what is wrong with an answer, or NULL. */
static const char *check_answer(struct ike_call *c, enum ike_sa_use use,
				struct agreement *a)
{
	const struct ike_negotiation *neg = c->sa->neg;
	const struct ike_tunnel *t = neg->tunnel;
	uint16_t group = neg->dh ? ike_dh_group(neg->dh) : IKE_KE_NONE;
	int len;

	if (ike_proposal_check(use, &t->config.esp, c->msg->sa, &a->choice) ||
	    a->choice.spi < 256)
		return "the peer chose an ESP suite that we did not offer";
	if (ike_msg_notify(c->msg, IKE_N_USE_TRANSPORT_MODE))
		return "the peer insists on transport mode";
	if (!ike_ts_within(&a->tsi, &t->local_ts, c->msg->tsi) ||
	    !ike_ts_within(&a->tsr, &t->remote_ts, c->msg->tsr) ||
	    !ike_ts_meet(&a->tsi, &a->tsr))
		return "the peer chose traffic selectors that we did not offer";
	if (neg->old && !keeps(neg->old, &a->tsi, &a->tsr))
		return "the peer left out traffic selectors that are in use";
	/* It may have chosen a proposal of ours without PFS. */
	if (a->choice.ke == IKE_KE_NONE)
		return NULL;
	if (a->choice.ke != group)
		return "the peer chose another group than that of our key";
	if (!(c->msg->present & IKE_P_KE) || c->msg->ke_group != group)
		return "the peer's answer lacks the key exchange of PFS";
	len = ike_dh_derive(neg->dh, c->msg->ke, a->secret);
	if (len < 0)
		return "the peer's key exchange value is unfit";
	a->secret_len = (size_t)len;
	return NULL;
}

struct ike_child *ike_child_accept(struct ike_call *c, enum ike_sa_use use,
				   enum ike_activation activation)
{
	const struct ike_handshake *hs = c->sa->handshake;
	struct ike_negotiation *neg = c->sa->neg;
	struct agreement a = { 0 };
	const char *wrong = check_answer(c, use, &a);
	struct ike_child *child = NULL;
	struct ike_child_plan plan = {
		.pair_id = neg->pair_id,
		.spi_in = neg->spi_in,
		.tunnel = neg->tunnel,
		.choice = &a.choice,
		.local_ts = &a.tsi,
		.remote_ts = &a.tsr,
		.initiator = true,
		.activation = activation,
	};

	if (!wrong) {
		plan.keymat.secret = IKE_SLICE(a.secret, a.secret_len);
		plan.keymat.ni = ike_nonce_slice(hs ? &hs->nonce_i :
						      &neg->nonce);
		plan.keymat.nr = hs ? ike_nonce_slice(&hs->nonce_r) :
				      c->msg->nonce;
		child = ike_child_install(c->sa, &plan);
		wrong = "the CHILD SA could not be installed";
	}
	if (child) {
		tell_narrowed(child);
		tell_more(child, c->msg);
		neg->pair_id = 0;
	} else {
		/* The peer has it, though: best to start all over. */
		if (neg->old) {
			ike_child_orphan(c->sa, neg->spi_in, 0);
			ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED,
				IKE_LOG_ERROR, neg->tunnel,
				IKE_FIELDS({ "reason", wrong },
					   { "kept", "child-sa" }),
				"the CHILD SA could not be rekeyed: %s", wrong);
		} else if (neg->tunnel == c->sa->tunnel) {
			c->sa->want_delete = true;
			ike_sa_failed(c->sa, "%s", wrong);
		} else {
			ike_child_orphan(c->sa, neg->spi_in, 0);
			ike_tunnel_failed(neg->tunnel, c->e, "%s", wrong);
		}
	}
	agreement_wipe(&a);
	return child;
}

void ike_child_tell_refusal(struct ike_sa *sa, const struct ike_notify *n,
			    char *why, size_t len)
{
	const struct ike_tunnel *t = sa->neg->tunnel;
	const char *name = ike_notify_name(n->type);
	char esp[IKE_SUITE_TEXT], local[200], remote[200];
	struct ike_failure *f = ike_because(
		sa->e, sa, IKE_FAILURE_OTHER,
		sa->handshake ? "IKE_AUTH" : "CREATE_CHILD_SA");

	f->notify = n->type;
	switch (n->type) {
	case IKE_N_NO_PROPOSAL_CHOSEN:
		f->reason = IKE_FAILURE_ESP_PROPOSAL;
		ike_because_suites(f, IKE_USE_CHILD, &t->config.esp, NULL,
				   IKE_SLICE(NULL, 0));
		snprintf(why, len, "peer refused our ESP proposal "
			 "(NO_PROPOSAL_CHOSEN): we offered %s",
			 ike_suite_format(&t->config.esp, esp, sizeof(esp)));
		break;
	case IKE_N_TS_UNACCEPTABLE:
		f->reason = IKE_FAILURE_SELECTORS;
		snprintf(f->ours, sizeof(f->ours), "here %s, there %s",
			 ike_ts_format(&t->local_ts, local, sizeof(local)),
			 ike_ts_format(&t->remote_ts, remote, sizeof(remote)));
		snprintf(why, len, "peer refused our traffic selectors "
			 "(TS_UNACCEPTABLE): we offered %s here, %s there",
			 ike_ts_format(&t->local_ts, local, sizeof(local)),
			 ike_ts_format(&t->remote_ts, remote, sizeof(remote)));
		break;
	default:
		snprintf(why, len, "peer refused the CHILD SA (%s, %u): %s",
			 name ? name : "unknown error", n->type,
			 ike_notify_text(n->type));
		break;
	}
}
