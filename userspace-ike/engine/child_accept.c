// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Agreeing on a CHILD SA as initiator: what we offer in IKE_AUTH and
 * CREATE_CHILD_SA, and what we take for an answer (RFC 7296, sections 1.2, 1.3, 2.9).
 */
#include <stdio.h>
#include <stdlib.h>

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

/* Section 2.9: it is for a person to make another tunnel of what is left out. */
static void tell_more(const struct ike_child *child,
		      const struct ike_followup *f)
{
	if (f->more_ts)
		ike_log(child->sa->e, IKE_EVENT_NOTIFY, IKE_LOG_INFO,
			child->tunnel,
			IKE_FIELDS({ "notify", "ADDITIONAL_TS_POSSIBLE" }),
			"the peer says ADDITIONAL_TS_POSSIBLE (%u): %s",
			IKE_N_ADDITIONAL_TS_POSSIBLE,
			ike_notify_text(IKE_N_ADDITIONAL_TS_POSSIBLE));
}

/* Return: what is wrong with an answer, or NULL. */
static const char *check_answer(struct ike_call *c, enum ike_sa_use use,
				struct ike_followup *f)
{
	const struct ike_negotiation *neg = c->sa->neg;
	const struct ike_tunnel *t = neg->tunnel;
	uint16_t group = neg->dh ? ike_dh_group(neg->dh) : IKE_KE_NONE;
	int len;

	if (ike_proposal_check(use, &t->config.esp, c->msg->sa, &f->choice) ||
	    f->choice.spi < 256)
		return "the peer chose an ESP suite that we did not offer";
	if (ike_msg_notify(c->msg, IKE_N_USE_TRANSPORT_MODE))
		return "the peer insists on transport mode";
	if (!ike_ts_within(&f->local_ts, &t->local_ts, c->msg->tsi) ||
	    !ike_ts_within(&f->remote_ts, &t->remote_ts, c->msg->tsr) ||
	    !ike_ts_meet(&f->local_ts, &f->remote_ts))
		return "the peer chose traffic selectors that we did not offer";
	if (neg->old && !ike_child_keeps(neg->old, &f->local_ts, &f->remote_ts))
		return "the peer left out traffic selectors that are in use";
	/* It may have chosen a proposal of ours without PFS. */
	if (f->choice.ke == IKE_KE_NONE)
		return NULL;
	if (f->choice.ke != group)
		return "the peer chose another group than that of our key";
	if (!(c->msg->present & IKE_P_KE) || c->msg->ke_group != group)
		return "the peer's answer lacks the key exchange of PFS";
	len = ike_dh_derive(neg->dh, c->msg->ke, f->secret);
	if (len < 0)
		return "the peer's key exchange value is unfit";
	f->secret_len = (size_t)len;
	return NULL;
}

const char *ike_child_check(struct ike_call *c, enum ike_sa_use use)
{
	const struct ike_handshake *hs = c->sa->handshake;
	struct ike_negotiation *neg = c->sa->neg;
	struct ike_followup *f = calloc(1, sizeof(*f));

	neg->followup = f;
	if (!f)
		return "out of memory";
	/* It is said beside the selectors, whatever key exchanges follow. */
	f->more_ts = ike_msg_notify(c->msg, IKE_N_ADDITIONAL_TS_POSSIBLE);
	f->ni = hs ? hs->nonce_i : neg->nonce;
	if (hs)
		f->nr = hs->nonce_r;
	else
		ike_nonce_set(&f->nr, c->msg->nonce);
	return check_answer(c, use, f);
}

static struct ike_child *make(struct ike_sa *sa, enum ike_activation activation)
{
	struct ike_negotiation *neg = sa->neg;
	const struct ike_followup *f = neg->followup;
	struct ike_child_plan plan = {
		.pair_id = neg->pair_id,
		.spi_in = neg->spi_in,
		.tunnel = neg->tunnel,
		.choice = &f->choice,
		.local_ts = &f->local_ts,
		.remote_ts = &f->remote_ts,
		.initiator = true,
		.keymat = ike_followup_keymat(f),
		.activation = activation,
	};

	return ike_child_install(sa, &plan);
}

struct ike_child *ike_child_accept(struct ike_call *c, const char *wrong,
				   enum ike_activation activation)
{
	struct ike_negotiation *neg = c->sa->neg;
	struct ike_child *child = NULL;

	if (!wrong) {
		child = make(c->sa, activation);
		wrong = "the CHILD SA could not be installed";
	}
	if (child) {
		ike_child_tell_narrowed(child);
		tell_more(child, neg->followup);
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
