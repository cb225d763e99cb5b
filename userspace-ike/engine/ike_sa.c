// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SAs: how they come to life, and to an end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

const char *ike_sa_state_name(enum ike_sa_state state)
{
	static const char *const names[] = {
#define STATE_NAME(id, name) name,
		IKE_SA_STATES(STATE_NAME)
#undef STATE_NAME
	};

	return names[state];
}

const char *ike_spis_format(const struct ike_sa *sa, char buf[40])
{
	snprintf(buf, 40, "%016llx/%016llx", (unsigned long long)sa->spi_i,
		 (unsigned long long)sa->spi_r);
	return buf;
}

void ike_sa_set_state(struct ike_sa *sa, enum ike_sa_state state,
		      const char *why)
{
	const char *from = ike_sa_state_name(sa->state);
	const char *to = ike_sa_state_name(state);
	char spis[40];

	if (sa->state == state)
		return;
	if (sa->state == IKE_SA_HALF_OPEN)
		sa->e->half_open--;
	if (state == IKE_SA_HALF_OPEN)
		sa->e->half_open++;
	sa->state = state;
	/* What the peer has begun on it, it cannot end there. */
	if (state != IKE_SA_ESTABLISHED)
		ike_pending_drop(sa);
	ike_spis_format(sa, spis);
	ike_log(sa->e, IKE_EVENT_IKE_SA_STATE, IKE_LOG_DEBUG, sa->tunnel,
		IKE_FIELDS({ "spis", spis }, { "from", from }, { "to", to },
			   { "reason", why }),
		"IKE SA %s: %s, was %s: %s", spis, to, from, why);
}

struct ike_sa *ike_sa_new(struct ike_engine *e, struct ike_tunnel *t,
			  bool initiator)
{
	struct ike_sa *sa = calloc(1, sizeof(*sa));

	if (!sa)
		return NULL;
	sa->e = e;
	sa->tunnel = t;
	sa->initiator = initiator;
	sa->state = IKE_SA_INIT_SENT;
	sa->created_at = e->now;
	sa->order = ike_order(e);
	sa->next = e->sas;
	e->sas = sa;
	return sa;
}

void ike_handshake_free(struct ike_handshake *hs)
{
	if (!hs)
		return;
	ike_dh_free(hs->dh);
	ike_ke_free(hs->ke);
	free(hs->init_i);
	free(hs->init_r);
	ike_wipe(hs, sizeof(*hs));
	free(hs);
}

void ike_negotiation_free(struct ike_sa *sa)
{
	struct ike_negotiation *neg = sa->neg;

	if (!neg)
		return;
	ike_dh_free(neg->dh);
	ike_followup_free(neg->followup);
	free(neg);
	sa->neg = NULL;
}

void ike_sa_free(struct ike_sa *sa)
{
	while (sa->children) {
		struct ike_child *child = sa->children;

		sa->children = child->next;
		ike_child_free(child);
	}
	ike_negotiation_free(sa);
	ike_pending_drop(sa);
	ike_handshake_free(sa->handshake);
	ike_window_clear(&sa->window);
	ike_reassembly_clear(&sa->requests);
	ike_reassembly_clear(&sa->responses);
	ike_wipe(sa, sizeof(*sa));
	free(sa);
}

void ike_sa_established(struct ike_sa *sa)
{
	const struct ike_tunnel_config *config = &sa->tunnel->config;
	uint64_t life = (uint64_t)config->ike_lifetime_s * 1000;
	uint64_t reauth = (uint64_t)config->reauth_s * 1000;
	struct ike_engine *e = sa->e;
	char suite[IKE_SUITE_TEXT], peer[64];

	sa->origin.at = e->now;
	sa->origin.order = ike_order(e);
	sa->origin.shared = sa->initiator;
	sa->reauth_at = IKE_NEVER;
	sa->auth_until = IKE_NEVER;
	if (reauth) {
		sa->reauth_at = e->now + reauth -
				ike_jitter(e, (uint32_t)(reauth / 10));
		sa->auth_until = ike_ends_at(e->now, reauth);
	}
	sa->rekey_at = e->now + life - ike_jitter(e, (uint32_t)(life / 10));
	sa->expire_at = ike_min_time(ike_ends_at(e->now, life), sa->auth_until);
	sa->keepalive_at = e->now + IKE_KEEPALIVE_MS;
	ike_tunnel_peer_at(sa->tunnel, &sa->remote.addr);
	ike_sa_heard(sa);
	ike_sa_set_state(sa, IKE_SA_ESTABLISHED, "keys made, peer known");
	ike_choice_format(&sa->choice, suite, sizeof(suite));
	ike_endpoint_format(&sa->remote, peer, sizeof(peer));
	ike_log(e, IKE_EVENT_IKE_SA_STATE, IKE_LOG_INFO, sa->tunnel,
		IKE_FIELDS({ "to", "established" }, { "peer", peer },
			   { "suite", suite }),
		"IKE SA with %s established, %s%s%s", peer, suite,
		sa->nat_local ? ", we are behind a NAT" : "",
		sa->nat_remote ? ", the peer is behind a NAT" : "");
}

void ike_sa_export(const struct ike_sa *sa)
{
	const struct ike_env *env = sa->e->env;
	const struct ike_keys *keys = &sa->keys;
	struct ike_sa_keys out = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.encr = keys->encr,
		.key_bits = sa->choice.encr.key_bits,
		.integ = keys->integ,
		.encr_len = (uint16_t)keys->e_len,
		.integ_len = (uint16_t)keys->a_len,
	};

	if (!env->export_keys)
		return;
	memcpy(out.ei, keys->ei, keys->e_len);
	memcpy(out.er, keys->er, keys->e_len);
	memcpy(out.ai, keys->ai, keys->a_len);
	memcpy(out.ar, keys->ar, keys->a_len);
	env->export_keys(env->ctx, &out);
	ike_wipe(&out, sizeof(out));
}

static void inherit(struct ike_sa *to, struct ike_sa *from)
{
	struct ike_child **tail = &to->children;

	while (*tail)
		tail = &(*tail)->next;
	*tail = from->children;
	from->children = NULL;
	/* If @from is one too many, or on its way out, so is @to. */
	to->redundant = from->redundant;
	to->ours_to_delete = from->ours_to_delete;
	to->linger_until = from->linger_until;
	to->want_delete |= from->want_delete;
	for (struct ike_child *c = to->children; c; c = c->next) {
		/* A request on the new IKE SA shows that ours has arrived. */
		if (c->sa == from)
			c->confirm_id = 0;
		c->sa = to;
	}
	for (unsigned int i = 0; i < from->n_orphans; i++)
		ike_child_orphan(to, from->orphans[i].spi_in,
				 from->orphans[i].at);
	from->n_orphans = 0;
	to->rx_seen = from->rx_seen;
}

void ike_sa_succeed(struct ike_sa *sa, struct ike_sa *old, const char *by)
{
	inherit(sa, old);
	ike_log(sa->e, IKE_EVENT_IKE_SA_REKEYED, IKE_LOG_NOTICE, sa->tunnel,
		IKE_FIELDS({ "by", by }), "IKE SA rekeyed by %s", by);
}

void ike_sa_kill(struct ike_sa *sa, const char *why)
{
	struct ike_negotiation *neg = sa->neg;

	if (sa->state == IKE_SA_DEAD)
		return;
	ike_sa_set_state(sa, IKE_SA_DEAD, why);
	/* A peer that rekeyed us while we rekeyed it: its IKE SA lives on. */
	if (neg && neg->peer_sa && neg->peer_sa->state == IKE_SA_ESTABLISHED)
		ike_sa_succeed(neg->peer_sa, sa, "the peer");
	for (struct ike_child *c = sa->children; c; c = c->next)
		ike_child_retire(c, sa->peer_knows ? IKE_GRACE_S : 0, why);
	if (neg)
		ike_child_unreserve(sa, neg->tunnel, neg->pair_id);
	ike_negotiation_free(sa);
	ike_window_clear(&sa->window);
}

/*
 * One that was asked, too, and is as silent, would keep up the tunnel of a dead peer:
 * the next IKE SA had to wait until that one has come to its end as well.
 */
static bool as_silent(const struct ike_sa *o, const struct ike_sa *sa)
{
	return o != sa && o->tunnel == sa->tunnel &&
	       o->state == IKE_SA_ESTABLISHED && ike_window_unanswered(o) &&
	       sa->e->now >= o->heard_at + IKE_SILENT_MS;
}

void ike_sa_kill_silent(struct ike_sa *sa)
{
	static const char why[] = "the peer is dead";

	/* First, or they would be heirs. */
	for (struct ike_sa *o = sa->e->sas; o; o = o->next)
		if (as_silent(o, sa))
			ike_sa_kill(o, why);
	ike_sa_kill(sa, why);
}

void ike_sa_forget(struct ike_sa *sa, const char *why)
{
	struct ike_negotiation *neg = sa->neg;

	sa->peer_knows = true;
	for (struct ike_child *c = sa->children; c; c = c->next)
		ike_child_catch_up(c);
	if (sa->state != IKE_SA_ESTABLISHED || !ike_sa_in_use(sa)) {
		ike_sa_kill(sa, why);
		return;
	}
	if (neg)
		ike_child_unreserve(sa, neg->tunnel, neg->pair_id);
	ike_negotiation_free(sa);
	ike_window_clear(&sa->window);
	for (struct ike_child *c = sa->children; c; c = c->next) {
		c->awaits = false;
		ike_child_disarm(c);
	}
	sa->look_at = ike_look_again(sa);
	ike_sa_set_state(sa, IKE_SA_FORGOTTEN, why);
}

void ike_sa_leave(struct ike_sa *sa, const char *why)
{
	/* Before IKE_AUTH the peer has nothing that it would have to delete. */
	if (sa->state != IKE_SA_AUTH_SENT ||
	    sa->window.kind == IKE_X_INTERMEDIATE) {
		ike_sa_kill(sa, why);
		return;
	}
	ike_child_unreserve(sa, sa->neg->tunnel, sa->neg->pair_id);
	ike_negotiation_free(sa);
	ike_handshake_free(sa->handshake);
	sa->handshake = NULL;
	sa->want_delete = true;
	ike_sa_set_state(sa, IKE_SA_LEAVING, why);
}

static void failed(struct ike_sa *sa, const char *why)
{
	const struct ike_sa *old = sa->reauth ? ike_tunnel_sa(sa->e, sa->tunnel) :
						NULL;
	char seconds[24];

	if (!old || old == sa) {
		if (sa->tunnel)
			ike_tunnel_failed(sa->tunnel, sa->e, "%s", why);
		return;
	}
	ike_failure_keep(sa->e, sa->tunnel, false, why);
	ike_because_done(sa->e);
	sa->tunnel->silent = false;
	snprintf(seconds, sizeof(seconds), "%llu",
		 (unsigned long long)(old->reauth_at - sa->e->now) / 1000);
	ike_log(sa->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_ERROR, sa->tunnel,
		IKE_FIELDS({ "reason", why }, { "retry-in", seconds },
			   { "kept", "ike-sa" }),
		"no reauthentication: %s; the IKE SA stays, next try in %s s",
		why, seconds);
}

void ike_sa_failed(struct ike_sa *sa, const char *fmt, ...)
{
	char why[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	failed(sa, why);
}

void ike_sa_give_up(struct ike_sa *sa, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	failed(sa, why);
	ike_sa_kill(sa, why);
}
