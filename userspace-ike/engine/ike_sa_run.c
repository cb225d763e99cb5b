// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an IKE SA does next, and when: exchanges take turns, a peer that is silent is
 * asked, and what is not answered has an end.
 */
#include <stdio.h>

#include "core.h"

/*
 * Section 2.25: a peer that wants us to wait for minutes has lost the thread of this
 * IKE SA. A new one is made, and as when authenticating anew the old one goes once
 * that is there: nobody is helped by an outage.
 */
bool ike_sa_put_off(struct ike_sa *sa, uint16_t notify)
{
	uint64_t now = sa->e->now;

	if (notify != IKE_N_TEMPORARY_FAILURE && notify != IKE_N_STATE_NOT_FOUND) {
		sa->put_off_since = 0;
		return false;
	}
	if (!sa->put_off_since || now > sa->put_off_at + IKE_IN_A_ROW_MS)
		sa->put_off_since = now;
	sa->put_off_at = now;
	if (now < sa->put_off_since + IKE_OUT_OF_STEP_MS || sa->redundant)
		return true;
	/* Should that fail, it is tried again like any other. */
	sa->put_off_since = now;
	sa->reauth_at = now;
	ike_log(sa->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_ERROR, sa->tunnel,
		IKE_FIELDS({ "reason", "TEMPORARY_FAILURE" },
			   { "kept", "ike-sa" }),
		"the peer has refused new keys with TEMPORARY_FAILURE for %u minutes: the IKE SA is made anew",
		IKE_OUT_OF_STEP_MS / 60000);
	return true;
}

bool ike_sa_outgrown(struct ike_sa *sa, uint16_t notify)
{
	if (notify != IKE_N_NO_ADDITIONAL_SAS)
		return false;
	if (sa->redundant)
		return true;
	ike_log(sa->e, IKE_EVENT_IKE_SA_STATE, IKE_LOG_INFO, sa->tunnel,
		IKE_FIELDS({ "reason", "NO_ADDITIONAL_SAS" }),
		"the peer does not rekey (NO_ADDITIONAL_SAS): the IKE SA is made anew");
	sa->reauth_at = sa->e->now;
	return true;
}

/* ------------------------------------------------------------ what is next */

static bool ready_to_rekey(const struct ike_child *c)
{
	return c->state == IKE_CHILD_INSTALLED && !c->held &&
	       c->confirmed && !c->sa->redundant;
}

static bool run_children(struct ike_sa *sa)
{
	uint64_t now = sa->e->now;
	struct ike_child *c;

	for (c = sa->children; c; c = c->next) {
		if ((c->state == IKE_CHILD_INSTALLED ||
		     c->state == IKE_CHILD_REKEYED) &&
		    now >= ike_child_delete_at(c)) {
			ike_start_delete_child(sa, c);
			return true;
		}
	}
	for (c = sa->children; c; c = c->next) {
		if (ready_to_rekey(c) &&
		    (c->want_rekey || now >= c->rekey_at)) {
			c->want_rekey = false;
			ike_start_rekey_child(sa, c);
			return true;
		}
	}
	return false;
}

/*
 * One that is redundant is deleted by the peer, or by us after a while; but not
 * as long as it carries the traffic.
 */
static uint64_t sa_ends_at(const struct ike_sa *sa)
{
	if (!sa->redundant || !sa->linger_until || ike_sa_in_use(sa))
		return sa->expire_at;
	return ike_min_time(sa->expire_at, sa->linger_until);
}

/*
 * Both ends must agree on whether two handshakes have overlapped, for it decides
 * which IKE SA goes: ike_tunnel_resolve(). Ours could begin behind our response to
 * the peer's, and overtake that on the way; so it waits until the peer has it.
 */
static uint64_t reauth_at(const struct ike_sa *sa)
{
	return sa->redundant || !sa->origin.shared ? IKE_NEVER : sa->reauth_at;
}

/*
 * The peer's kernel goes on sending by what is forgotten until the peer has a new
 * pair, be it that its agent was killed once more before that.
 */
static uint64_t forgotten_ends_at(const struct ike_sa *sa)
{
	uint64_t at = ike_min_time(sa->expire_at,
				   sa->heard_at + IKE_DUPLICATE_MS);

	if (sa->want_delete || !ike_sa_in_use(sa))
		return 0;
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->in_use)
			at = ike_min_time(at, c->expire_at);
	return at;
}

/*
 * What the peer is about to make or replace is let alone, or the one would come to
 * nothing because of the other. It goes on soon, or it is forgotten.
 */
static void run_while_pending(struct ike_sa *sa)
{
	if (sa->want_probe) {
		sa->want_probe = false;
		ike_start_liveness(sa);
	}
}

/*
 * The window is one, so exchanges take turns; those that clean up come first,
 * then those that keep the tunnel up.
 */
void ike_sa_run(struct ike_sa *sa)
{
	uint64_t now = sa->e->now;
	struct ike_tunnel *lacks;

	if (sa->state == IKE_SA_FORGOTTEN && now >= forgotten_ends_at(sa))
		ike_sa_kill(sa, "the peer does not have it");
	if (ike_window_busy(sa) || (sa->state != IKE_SA_ESTABLISHED &&
				    sa->state != IKE_SA_REKEYED))
		return;
	if (sa->want_delete || now >= sa_ends_at(sa) || ike_tunnel_spare(sa)) {
		ike_start_delete_ike(sa);
		return;
	}
	if (sa->state == IKE_SA_REKEYED)
		return;
	if (now >= reauth_at(sa))
		ike_start_reauth(sa);
	if (sa->pending) {
		run_while_pending(sa);
		return;
	}
	if (ike_start_delete_orphans(sa) || run_children(sa))
		return;
	lacks = ike_share_lacks(sa);
	if (!sa->redundant && (sa->want_rekey || now >= sa->rekey_at)) {
		sa->want_rekey = false;
		ike_start_rekey_ike(sa);
	} else if (lacks) {
		ike_start_new_child(sa, lacks);
	} else if (sa->want_probe) {
		sa->want_probe = false;
		ike_start_liveness(sa);
	}
}

/* ------------------------------------------------------------------ timers */

uint64_t ike_look_again(const struct ike_sa *sa)
{
	return sa->e->now + sa->tunnel->config.dpd_interval_s * 250ull;
}

void ike_sa_heard(struct ike_sa *sa)
{
	sa->heard_at = sa->e->now;
	if (sa->tunnel)
		sa->look_at = ike_look_again(sa);
}

static int add_rx(void *arg, const struct ike_pair_info *info)
{
	struct ike_sa *sa = arg;

	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->pair_id == info->pair_id)
			sa->rx_seen += info->rx_packets;
	return 0;
}

/*
 * Section 2.4: any packet the peer has protected shows that it lives, ESP as
 * well. The kernel counts those; we look four times in a DPD interval.
 */
static void look(struct ike_sa *sa)
{
	const struct ike_tunnel_config *config = &sa->tunnel->config;
	const struct ike_env *env = sa->e->env;
	uint64_t seen = sa->rx_seen;
	struct ike_tunnel *t = NULL;
	int err = 0;

	sa->rx_seen = 0;
	while ((t = ike_share_next(sa->tunnel, t)))
		if (t->config.ifindex)
			err |= env->kernel->query(env->ctx, t->config.ifindex,
						  add_rx, sa);
	if (err)
		sa->rx_seen = seen;
	if (sa->rx_seen > seen) {
		sa->esp_at = sa->e->now;
		ike_sa_heard(sa);
	} else {
		sa->look_at = ike_look_again(sa);
	}
	if (sa->e->now >= sa->heard_at + config->dpd_interval_s * 1000ull)
		sa->want_probe = true;
}

/* No packet has come by the first CHILD SA: see whether the peer has it. */
static void confirm(struct ike_sa *sa)
{
	sa->confirm_at = 0;
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->by_auth && !c->confirmed)
			sa->want_probe = true;
}

/* Does another one show whether the peer lives? */
static bool has_other(const struct ike_sa *sa)
{
	return ike_tunnel_has_sa(sa->e, sa->tunnel, IKE_SA_ESTABLISHED, sa) ||
	       ike_tunnel_has_sa(sa->e, sa->tunnel, IKE_SA_FORGOTTEN, sa);
}

/* May our IKE_AUTH response still be on its way, or have to be sent again? */
static bool too_soon(const struct ike_sa *sa)
{
	if (sa->state != IKE_SA_ESTABLISHED ||
	    sa->e->now >= sa->origin.at + IKE_UNCONFIRMED_MS)
		return false;
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->by_auth && !c->confirmed)
			return true;
	return false;
}

/*
 * Packets of a peer that does not answer: its kernel is there, and its agent
 * perhaps soon again. It is for us to ask then, over and over.
 */
static bool sends(struct ike_sa *sa)
{
	const struct ike_tunnel_config *config = &sa->tunnel->config;
	const struct ike_sa *used = ike_tunnel_sa(sa->e, sa->tunnel);

	look(sa);
	return ike_sa_in_use(sa) && sa->tunnel->sought &&
	       (!used || used == sa || !ike_sa_in_use(used)) &&
	       sa->e->now < sa->esp_at + config->dpd_interval_s * 1000ull;
}

/* Packets show that it lives, and who waits for the peer to come can but ask it once more. */
static bool ask_again(struct ike_sa *sa)
{
	if (sa->state != IKE_SA_ESTABLISHED || sa->tunnel->sought ||
	    !ike_sa_in_use(sa))
		return false;
	look(sa);
	return sa->e->now < sa->esp_at + IKE_ESP_LIVES_MS &&
	       ike_window_renew(sa);
}

/* The CHILD SA stays until there is a new one, and no IKE SA. */
static void forget_all(struct ike_sa *sa)
{
	static const char why[] = "the peer does not answer";

	for (struct ike_sa *other = sa->e->sas; other; other = other->next)
		if (other != sa && other->tunnel == sa->tunnel &&
		    other->state == IKE_SA_ESTABLISHED)
			ike_sa_forget(other, why);
	ike_sa_forget(sa, why);
}

static void no_answer(struct ike_sa *sa)
{
	const char *step;
	char peer[64];
	bool still_sends;

	if (too_soon(sa)) {
		ike_window_hurry(sa);
		return;
	}
	if (ask_again(sa))
		return;

	ike_endpoint_format(&sa->remote, peer, sizeof(peer));
	if (sa->tunnel)
		sa->tunnel->silent = true;
	switch (sa->state) {
	case IKE_SA_INIT_SENT:
		if (ike_init_refused_at(sa) != IKE_NEVER) {
			sa->tunnel->silent = false;
			ike_init_give_up(sa);
			break;
		}
		ike_because(sa->e, sa, IKE_FAILURE_NO_ANSWER, "IKE_SA_INIT");
		ike_sa_give_up(sa, "peer %s does not answer (IKE_SA_INIT): "
			       "is it up, and are UDP ports 500 and 4500 open?",
			       peer);
		break;
	case IKE_SA_AUTH_SENT:
		step = sa->window.kind == IKE_X_INTERMEDIATE ?
			       "IKE_INTERMEDIATE" :
			       "IKE_AUTH";
		ike_because(sa->e, sa, IKE_FAILURE_NO_ANSWER_AUTH, step);
		ike_sa_give_up(sa, "peer %s answers IKE_SA_INIT, but not "
			       "%s: look into its log", peer, step);
		break;
	case IKE_SA_ESTABLISHED:
		if (!ike_sa_in_use(sa) && has_other(sa)) {
			sa->tunnel->silent = false;
			ike_sa_kill(sa, "the peer does not have it");
			break;
		}
		still_sends = sends(sa);
		if (still_sends)
			ike_log(sa->e, IKE_EVENT_NEGOTIATION_FAILED,
				IKE_LOG_NOTICE, sa->tunnel,
				IKE_FIELDS({ "reason", "no answer" },
					   { "kept", "child-sa" }),
				"peer %s does not answer any more, but its packets come: they pass until there are new SAs",
				peer);
		else
			ike_log(sa->e, IKE_EVENT_PEER_DEAD, IKE_LOG_NOTICE,
				sa->tunnel, IKE_FIELDS({ "peer", peer }),
				"peer %s does not answer any more: it is taken for dead",
				peer);
		/* Worth a try at once. */
		sa->tunnel->silent = false;
		sa->tunnel->failures = 0;
		sa->tunnel->retry_at = sa->e->now;
		snprintf(sa->tunnel->last_error, sizeof(sa->tunnel->last_error),
			 "peer %s does not answer any more", peer);
		ike_because(sa->e, sa, IKE_FAILURE_PEER_DEAD, "INFORMATIONAL");
		ike_failure_keep(sa->e, sa->tunnel, false,
				 sa->tunnel->last_error);
		ike_because_done(sa->e);
		if (still_sends)
			forget_all(sa);
		else
			ike_sa_kill_silent(sa);
		break;
	default:
		ike_sa_kill(sa, "no answer to our last request");
		break;
	}
}

/* The peer has begun something, and does not go on. */
static void give_up_pending(struct ike_sa *sa)
{
	ike_log(sa->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_NOTICE, sa->tunnel,
		IKE_FIELDS({ "reason", "no IKE_FOLLOWUP_KE" },
			   { "kept", sa->pending->tunnel ? "child-sa" : "ike-sa" }),
		"the peer has begun new keys, and does not go on with its additional key exchange: they are forgotten");
	ike_pending_drop(sa);
}

static void keepalive(struct ike_sa *sa)
{
	const struct ike_env *env = sa->e->env;

	sa->keepalive_at = sa->e->now + IKE_KEEPALIVE_MS;
	if (sa->nat_local && env->transport->keepalive)
		env->transport->keepalive(env->ctx, &sa->local, &sa->remote);
}

/* Many at once are perhaps nobody's: then each has less time. */
static uint64_t half_open_until(const struct ike_sa *sa)
{
	const struct ike_limits *limits = &sa->e->limits;
	bool crowded = sa->e->half_open >= limits->cookie_threshold;

	return sa->created_at +
	       (crowded && limits->half_open_ms > IKE_CROWDED_MS ?
			IKE_CROWDED_MS :
			limits->half_open_ms);
}

void ike_sa_tick(struct ike_sa *sa)
{
	uint64_t now = sa->e->now;
	char peer[64];

	switch (sa->state) {
	case IKE_SA_DEAD:
		return;
	case IKE_SA_HALF_OPEN:
		if (now < half_open_until(sa))
			return;
		ike_endpoint_format(&sa->remote, peer, sizeof(peer));
		ike_complain(sa->e, NULL, &sa->remote,
			     "sent IKE_SA_INIT but never IKE_AUTH");
		ike_because(sa->e, sa, IKE_FAILURE_NO_ANSWER_AUTH, "IKE_AUTH");
		ike_failure_keep_between(sa->e, &sa->local.addr,
					 &sa->remote.addr,
					 "the peer sent IKE_SA_INIT, but never IKE_AUTH");
		ike_sa_kill(sa, "the initiator went silent");
		return;
	case IKE_SA_FORGOTTEN:
		if (now >= sa->look_at)
			look(sa);
		ike_sa_run(sa);
		return;
	default:
		break;
	}
	if (now >= ike_init_refused_at(sa)) {
		ike_init_give_up(sa);
		return;
	}
	if (!ike_window_tick(sa)) {
		no_answer(sa);
		return;
	}
	if (sa->state == IKE_SA_ESTABLISHED) {
		if (sa->pending && now >= sa->pending->until)
			give_up_pending(sa);
		if (sa->confirm_at && now >= sa->confirm_at)
			confirm(sa);
		if (now >= sa->look_at)
			look(sa);
		if (now >= sa->keepalive_at)
			keepalive(sa);
	}
	ike_sa_run(sa);
}

uint64_t ike_sa_wakeup(const struct ike_sa *sa)
{
	uint64_t at = IKE_NEVER;

	switch (sa->state) {
	case IKE_SA_DEAD:
		return IKE_NEVER;
	case IKE_SA_HALF_OPEN:
		return half_open_until(sa);
	case IKE_SA_FORGOTTEN:
		return ike_min_time(sa->look_at, forgotten_ends_at(sa));
	case IKE_SA_ESTABLISHED:
		at = ike_min_time(sa->look_at, sa->keepalive_at);
		if (sa->pending)
			at = ike_min_time(at, sa->pending->until);
		break;
	default:
		break;
	}
	if (ike_window_busy(sa))
		return ike_min_time(ike_min_time(at, sa->window.resend_at),
				    ike_init_refused_at(sa));
	if (sa->state == IKE_SA_REKEYED)
		return ike_min_time(at, sa->expire_at);
	at = ike_min_time(at, sa_ends_at(sa));
	at = ike_min_time(at, reauth_at(sa));
	if (sa->confirm_at)
		at = ike_min_time(at, sa->confirm_at);
	if (sa->pending)
		return at;
	if (!sa->redundant)
		at = ike_min_time(at, sa->rekey_at);
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		at = ike_min_time(at, ike_child_delete_at(c));
		if (ready_to_rekey(c))
			at = ike_min_time(at, c->rekey_at);
	}
	for (unsigned int i = 0; i < sa->n_orphans; i++)
		at = ike_min_time(at, sa->orphans[i].at);
	at = ike_min_time(at, ike_share_wakeup(sa));
	return at;
}
