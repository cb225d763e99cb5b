// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SA_INIT is refused (RFC 7296, sections 1.2 and 2.21.1), by the peer or by us. There
 * are no keys yet, so nothing shows that it was the responder who said that.
 */
#include <stdio.h>

#include "core.h"

/*
 * Section 2.21.1: an error in clear is no proof, whoever can hear our request can say
 * it. The request goes on, though not as fast, for the right answer to come.
 */
void ike_init_doubt(struct ike_call *c, uint16_t type, uint16_t want)
{
	struct ike_handshake *hs = c->sa->handshake;

	hs->refused_by = type;
	hs->refused_for = want;
	if (hs->refused_until)
		return;
	hs->refused_until = c->e->now + c->e->limits.refusal_ms;
	c->sa->window.resend_at = c->e->now + IKE_RETRANSMIT_CAP_MS;
	ike_log(c->e, IKE_EVENT_NOTIFY, IKE_LOG_DEBUG, c->sa->tunnel,
		IKE_NO_FIELDS,
		"IKE_SA_INIT is refused (%u), without proof: waiting for another answer",
		type);
}

uint64_t ike_init_refused_at(const struct ike_sa *sa)
{
	if (sa->state != IKE_SA_INIT_SENT || !sa->handshake ||
	    !sa->handshake->refused_until)
		return IKE_NEVER;
	return sa->handshake->refused_until;
}

static void give_up_group(struct ike_sa *sa, uint16_t want)
{
	const struct ike_suite *suite = &sa->tunnel->config.ike;
	struct ike_failure *f = ike_because(sa->e, sa, IKE_FAILURE_KEY_EXCHANGE,
					    "IKE_SA_INIT");
	char text[IKE_SUITE_TEXT];

	f->notify = IKE_N_INVALID_KE_PAYLOAD;
	snprintf(f->theirs, sizeof(f->theirs), "%s", ike_ke_name(want));
	ike_suite_format(suite, f->ours, sizeof(f->ours));
	ike_sa_give_up(sa, "peer wants key exchange %s, which is not in our IKE suite %s",
		       ike_ke_name(want),
		       ike_suite_format(suite, text, sizeof(text)));
}

void ike_init_give_up(struct ike_sa *sa)
{
	const struct ike_suite *suite = &sa->tunnel->config.ike;
	uint16_t type = sa->handshake->refused_by;
	const char *name = ike_notify_name(type);
	char peer[64], text[IKE_SUITE_TEXT];
	struct ike_failure *f;

	if (type == IKE_N_INVALID_KE_PAYLOAD) {
		give_up_group(sa, sa->handshake->refused_for);
		return;
	}
	ike_endpoint_format(&sa->remote, peer, sizeof(peer));
	ike_suite_format(suite, text, sizeof(text));
	f = ike_because(sa->e, sa,
			type == IKE_N_NO_PROPOSAL_CHOSEN ?
				IKE_FAILURE_IKE_PROPOSAL :
				IKE_FAILURE_OTHER,
			"IKE_SA_INIT");
	f->notify = type;
	if (type != IKE_N_NO_PROPOSAL_CHOSEN) {
		ike_sa_give_up(sa, "peer %s refused IKE_SA_INIT (%s, %u): %s",
			       peer, name ? name : "unknown error", type,
			       ike_notify_text(type));
		return;
	}
	ike_because_suites(f, IKE_USE_INIT, suite, NULL, IKE_SLICE(NULL, 0));
	ike_sa_give_up(sa, "peer %s refused our IKE proposal "
		       "(NO_PROPOSAL_CHOSEN): we offered %s",
		       peer, text);
}

void ike_on_init_refused(struct ike_call *c)
{
	ike_init_doubt(c, ike_msg_error(c->msg)->type, IKE_KE_NONE);
}

void ike_init_refuse(struct ike_call *c, struct ike_tunnel *first)
{
	const struct ike_suite *suite = &first->config.ike;
	const struct ike_endpoint *local = &c->dgram->local;
	const struct ike_endpoint *remote = &c->dgram->remote;
	char offer[400], ours[IKE_SUITE_TEXT], why[300];
	struct ike_failure *f = ike_because(c->e, NULL, IKE_FAILURE_IKE_PROPOSAL,
					    "IKE_SA_INIT");

	f->by_us = true;
	f->notify = IKE_N_NO_PROPOSAL_CHOSEN;
	f->local = *local;
	f->remote = *remote;
	ike_because_suites(f, IKE_USE_INIT, suite, NULL, c->msg->sa);
	ike_mismatch_format(IKE_USE_INIT, suite, NULL, c->msg->sa, why,
			    sizeof(why));
	snprintf(offer, sizeof(offer), "we refused the peer's IKE proposal: %s",
		 why);
	ike_failure_keep_between(c->e, &local->addr, &remote->addr, offer);
	ike_complain(c->e, first, remote,
		     "NO_PROPOSAL_CHOSEN: %s; it offers %s, our IKE suite is %s",
		     why, ike_offer_format(c->msg->sa, offer, sizeof(offer)),
		     ike_suite_format(suite, ours, sizeof(ours)));
	ike_build_status(c->reply, IKE_N_NO_PROPOSAL_CHOSEN);
}
