// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for CHILD SAs as initiator (RFC 7296, sections 1.3.1, 1.3.3, 2.8,
 * 2.25): new ones, and rekeys.
 *
 * If both ends rekey a CHILD SA at the same time, there are two new ones. The
 * one that was made with the lowest of the four nonces is redundant, and who
 * asked for it deletes it; who asked for the other one deletes the old CHILD
 * SA. A redundant pair is installed, because the peer has it, but never put to
 * use, so the peer never starts to use it, either.
 */
#include <stdlib.h>

#include "core.h"

/* A while, and some more, so that two ends do not try again together. */
static uint64_t later(struct ike_engine *e, uint32_t ms)
{
	return e->now + ms + ike_jitter(e, ms);
}

/* -------------------------------------------------------------- our requests */

static void send_request(struct ike_sa *sa)
{
	struct ike_negotiation *neg = sa->neg;
	struct ike_builder b;
	uint8_t spi[4];
	int err;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	if (neg->old) {
		put_be32(spi, neg->old->spi_in);
		ike_build_notify(&b, IKE_PROTO_ESP, IKE_SLICE(spi, 4),
				 IKE_N_REKEY_SA, IKE_SLICE(NULL, 0));
	}
	ike_child_offer_sa(sa, IKE_USE_CHILD, &b);
	ike_build_nonce(&b, ike_nonce_slice(&neg->nonce));
	if (neg->dh)
		ike_build_ke(&b, ike_dh_group(neg->dh), ike_dh_public(neg->dh));
	ike_child_offer_ts(sa, &b);
	err = ike_window_request(sa,
				 neg->old ? IKE_X_REKEY_CHILD : IKE_X_NEW_CHILD,
				 IKE_EXCHANGE_CREATE_CHILD_SA, &b);
	if (err) {
		ike_child_unreserve(sa, neg->tunnel, neg->pair_id);
		ike_negotiation_free(sa);
	}
}

/* Rekeys start with the group that was agreed on last time. */
static uint16_t pfs_group(const struct ike_tunnel *t,
			  const struct ike_child *old)
{
	struct ike_groups groups;

	ike_suite_groups(&t->config.esp, &groups);
	if (old && ike_group_index(&groups, old->choice.ke) >= 0)
		return old->choice.ke;
	return groups.n ? groups.id[0] : IKE_KE_NONE;
}

/* Return: whether a request for a new CHILD SA could be prepared. */
static bool prepare(struct ike_sa *sa, struct ike_tunnel *t,
		    struct ike_child *old)
{
	uint16_t group = pfs_group(t, old);
	struct ike_negotiation *neg = calloc(1, sizeof(*neg));

	if (!neg)
		return false;
	sa->neg = neg;
	neg->tunnel = t;
	neg->old = old;
	neg->rekeys = old;
	neg->old_expires_at = old ? old->expire_at : 0;
	if (group)
		neg->dh = ike_random_dh(sa->e, group);
	if ((group && !neg->dh) || ike_random_nonce(sa->e, &neg->nonce) ||
	    ike_child_reserve(sa, t, &neg->pair_id, &neg->spi_in)) {
		ike_negotiation_free(sa);
		return false;
	}
	return true;
}

/* When to try again to get a new CHILD SA of @t. */
static void retry_at(struct ike_sa *sa, struct ike_tunnel *t, uint64_t at)
{
	if (t == sa->tunnel)
		sa->child_retry_at = at;
	else
		t->retry_at = at;
}

void ike_start_new_child(struct ike_sa *sa, struct ike_tunnel *t)
{
	retry_at(sa, t, later(sa->e, IKE_RETRY_MS));
	if (prepare(sa, t, NULL))
		send_request(sa);
}

void ike_start_rekey_child(struct ike_sa *sa, struct ike_child *old)
{
	/* Should it fail: when to try again. */
	old->rekey_at = later(sa->e, IKE_REFUSED_MS);
	if (prepare(sa, old->tunnel, old))
		send_request(sa);
}

/* ------------------------------------------------------- answers to requests */

/* Return: whether the peer's pair is the one that stays. */
static bool peer_wins(const struct ike_sa *sa)
{
	const struct ike_negotiation *neg = sa->neg;
	const struct ike_followup *f = neg->followup;
	const struct ike_nonce *ours;

	if (!neg->peer_child && !(sa->pending && sa->pending->crossed))
		return false;
	ours = ike_nonce_lower(&f->ni, &f->nr);
	return ike_nonce_lower(ours, &neg->peer_lowest) == ours;
}

/* Its tunnel is gone, or was taken down. */
static bool nobody_wants_it(struct ike_sa *sa, bool made)
{
	if (sa->neg->tunnel)
		return false;
	if (made)
		ike_child_orphan(sa, sa->neg->spi_in, 0);
	ike_negotiation_free(sa);
	return true;
}

/*
 * If nothing was there before, the peer may have nothing but this one until our
 * response arrives; it asks for that as long as it knows that we live.
 */
static void yield_to(struct ike_child *child, const struct ike_negotiation *neg)
{
	uint64_t now = child->sa->e->now;

	if (neg->old || (neg->peer_child && neg->peer_child->confirmed)) {
		child->want_delete = true;
		return;
	}
	child->yields = true;
	child->expire_at = ike_min_time(child->expire_at,
					now + IKE_PEER_DELETES_MS);
}

static void stop(struct ike_sa *sa)
{
	ike_child_unreserve(sa, sa->neg->tunnel, sa->neg->pair_id);
	ike_negotiation_free(sa);
}

static void tell_collision(const struct ike_sa *sa, bool lost)
{
	ike_log(sa->e, IKE_EVENT_COLLISION, IKE_LOG_INFO, sa->neg->tunnel,
		IKE_NO_FIELDS, "both ends rekeyed at once: %s",
		lost ? "the peer's pair stays, ours goes" :
		       "our pair stays, the peer's goes");
}

/*
 * @sa goes: is there one that stays and has a pair of @t, or does nobody want @t? With
 * one that is forgotten alone, the new pair is the only one that the peer has.
 */
static bool has_better(const struct ike_sa *sa, const struct ike_tunnel *t)
{
	if (ike_sa_uses(sa, t))
		return false;
	for (const struct ike_sa *o = sa->e->sas; o; o = o->next)
		if (o != sa && o->tunnel == sa->tunnel && !o->redundant &&
		    o->state == IKE_SA_ESTABLISHED && ike_child_installed(o, t))
			return true;
	return sa->want_delete;
}

/* There is all that it takes; the peer has it already. */
static void conclude(struct ike_call *c, const char *wrong)
{
	struct ike_sa *sa = c->sa;
	struct ike_negotiation *neg = sa->neg;
	bool lost = !wrong && peer_wins(sa);
	/* There may be another IKE SA: made anew, or after a command to go up again. */
	bool going = sa->redundant || sa->want_delete;
	struct ike_child *child;

	/* The kernel may use a newer IKE SA's already, and cannot go back to that. */
	if (going)
		ike_children_catch_up(c->e, neg->tunnel, NULL);
	child = ike_child_accept(c, wrong,
				 lost || (going && has_better(sa, neg->tunnel)) ?
					 IKE_ACTIVATE_MANUAL :
					 IKE_ACTIVATE_NOW);
	if (child && lost) {
		tell_collision(sa, true);
		yield_to(child, neg);
	} else if (child) {
		if (neg->peer_child) {
			tell_collision(sa, false);
			/* If the peer uses it meanwhile, we do not follow. */
			ike_child_disarm(neg->peer_child);
			ike_child_set_state(neg->peer_child, IKE_CHILD_REKEYED,
					    "it lost against ours");
			neg->peer_child->expire_at =
				c->e->now + IKE_PEER_DELETES_MS;
		}
		ike_pending_lost(sa);
		if (neg->old) {
			ike_child_log_rekeyed(neg->old, child, "us");
			neg->old->want_delete = true;
		} else {
			/*
			 * No DELETE follows: without traffic it is this request
			 * that shows the peer that we have it.
			 */
			sa->want_probe = true;
			if (child->tunnel == sa->tunnel)
				ike_tunnel_resolve(sa);
		}
	}
	stop(sa);
}

/* As of IKE SAs: who has lost does not go on. */
static void go_on(struct ike_sa *sa)
{
	if (peer_wins(sa)) {
		tell_collision(sa, true);
		stop(sa);
		return;
	}
	if (sa->pending && sa->pending->crossed) {
		tell_collision(sa, false);
		ike_pending_lost(sa);
	}
	if (!ike_start_followup(sa))
		stop(sa);
}

void ike_child_peer_yields(const struct ike_child *child)
{
	const struct ike_negotiation *neg = child->sa->neg;

	if (!neg || neg->peer_child != child || !neg->old ||
	    neg->old->state != IKE_CHILD_REKEYED)
		return;
	ike_child_set_state(neg->old, IKE_CHILD_INSTALLED,
			    "the peer does not go on with the one after it");
	neg->old->expire_at = neg->old_expires_at;
}

void ike_on_child_response(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	const char *wrong;

	ike_window_answered(sa);
	if (nobody_wants_it(sa, true))
		return;
	wrong = ike_child_check(c, IKE_USE_CHILD);
	if (wrong || !ike_add_ke_wanted(&sa->neg->followup->choice))
		conclude(c, wrong);
	else if (ike_followup_take_link(sa->neg->followup, c->msg))
		go_on(sa);
	else
		ike_child_followed(c, "the peer does not say where its additional key exchange belongs",
				   false);
}

void ike_child_followed(struct ike_call *c, const char *wrong, bool last)
{
	if (nobody_wants_it(c->sa, last))
		return;
	if (!wrong || last) {
		conclude(c, wrong);
		return;
	}
	ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_ERROR,
		c->sa->neg->tunnel, IKE_FIELDS({ "reason", wrong }),
		"there is no new CHILD SA: %s", wrong);
	stop(c->sa);
}

void ike_on_child_invalid_ke(struct ike_call *c)
{
	const struct ike_notify *n =
		ike_msg_notify(c->msg, IKE_N_INVALID_KE_PAYLOAD);
	struct ike_sa *sa = c->sa;
	struct ike_negotiation *neg = sa->neg;
	uint16_t want = n->data.len == 2 ? get_be16(n->data.data) : IKE_KE_NONE;
	struct ike_groups groups;

	if (!neg->tunnel) {
		ike_on_child_refused(c);
		return;
	}
	ike_suite_groups(&neg->tunnel->config.esp, &groups);
	if (ike_group_index(&groups, want) < 0 || neg->retried_ke ||
	    (neg->dh && ike_dh_group(neg->dh) == want)) {
		ike_on_child_refused(c);
		return;
	}
	ike_window_answered(sa);
	neg->retried_ke = true;
	ike_dh_free(neg->dh);
	neg->dh = ike_random_dh(c->e, want);
	/* What was to be rekeyed may have gone, or been replaced, since. */
	if (neg->dh && !neg->collided &&
	    (sa->neg->old ? neg->old->state == IKE_CHILD_INSTALLED :
			    !ike_child_installed(sa, neg->tunnel))) {
		send_request(sa);
		return;
	}
	stop(sa);
}

/*
 * Section 2.25: what collides with something is over soon, and asked for again after a
 * while. What goes on is something else, such as a kernel that does not take the keys:
 * @times counts, and the pauses grow.
 */
static uint32_t put_off_ms(unsigned int *times)
{
	uint32_t ms = IKE_COLLISION_MS;

	for (unsigned int i = IKE_COLLISIONS;
	     i <= *times && ms < IKE_PUT_OFF_CAP_MS; i++)
		ms *= 2;
	++*times;
	return ms < IKE_PUT_OFF_CAP_MS ? ms : IKE_PUT_OFF_CAP_MS;
}

/* Of a rekey; what has not long to live does not wait that long. */
static uint64_t rekey_again_at(struct ike_child *old)
{
	uint64_t now = old->sa->e->now;
	uint32_t ms = put_off_ms(&old->put_off);
	uint64_t left = old->expire_at > now ? old->expire_at - now : 0;

	if (ms > left / 8)
		ms = (uint32_t)(left / 8);
	return later(old->sa->e, ms > IKE_COLLISION_MS ? ms : IKE_COLLISION_MS);
}

static void refused_rekey(struct ike_call *c, const struct ike_notify *n,
			  struct ike_child *old)
{
	char why[500];

	if (ike_sa_put_off(c->sa, n->type)) {
		old->rekey_at = rekey_again_at(old);
		return;
	}
	if (ike_sa_outgrown(c->sa, n->type))
		return;
	switch (n->type) {
	case IKE_N_CHILD_SA_NOT_FOUND:
		/* Section 2.25.1: delete it silently; there will be a new one. */
		if (old->state == IKE_CHILD_INSTALLED)
			ike_child_retire(old, 0, "the peer does not have it");
		break;
	default:
		ike_child_tell_refusal(c->sa, n, why, sizeof(why));
		ike_failure_keep(c->e, old->tunnel, false, why);
		ike_because_done(c->e);
		ike_log(c->e, IKE_EVENT_NEGOTIATION_FAILED, IKE_LOG_ERROR,
			old->tunnel, IKE_FIELDS({ "reason", why }),
			"the CHILD SA could not be rekeyed: %s", why);
		break;
	}
}

static void refused_new(struct ike_call *c, const struct ike_notify *n)
{
	struct ike_sa *sa = c->sa;
	struct ike_tunnel *t = sa->neg->tunnel;
	char why[500];

	if (ike_sa_put_off(sa, n->type)) {
		retry_at(sa, t, later(c->e, put_off_ms(&t->put_off)));
		/* It is the IKE SA that is not to be used, and there is another one. */
		if (sa->redundant && t != sa->tunnel)
			t->retry_at = c->e->now;
		return;
	}
	ike_child_tell_refusal(sa, n, why, sizeof(why));
	ike_tunnel_failed(t, c->e, "%s", why);
	/* The others that share the IKE SA get along with it. */
	if (t != sa->tunnel)
		return;
	sa->child_retry_at = sa->tunnel->retry_at;
	if (++sa->child_refusals >= IKE_CHILD_REFUSALS)
		sa->want_delete = true;
}

void ike_on_child_refused(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_error(c->msg);
	struct ike_sa *sa = c->sa;

	ike_window_answered(sa);
	if (nobody_wants_it(sa, false))
		return;
	if (!sa->neg->rekeys)
		refused_new(c, n);
	else if (sa->neg->old)
		refused_rekey(c, n, sa->neg->old);
	stop(sa);
}
