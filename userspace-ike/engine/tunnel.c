// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels: what is wanted, and what is there.
 */
#include <stdarg.h>
#include <stdio.h>

#include "core.h"

#define STRANGERS_MAX 64	/* pairs of an earlier engine */

struct ike_tunnel *ike_tunnel_find(struct ike_engine *e, const char *name)
{
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next)
		if (!strcmp(t->config.name, name))
			return t;
	return NULL;
}

struct ike_tunnel *ike_tunnel_by_ifindex(struct ike_engine *e, uint32_t ifindex)
{
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next)
		if (ifindex && t->config.ifindex == ifindex)
			return t;
	return NULL;
}

bool ike_tunnel_usable(const struct ike_tunnel *t)
{
	return t->config.ifindex && !t->barred;
}

void ike_tunnel_peer_at(struct ike_tunnel *t, const struct ike_address *remote)
{
	if (ike_address_same(&t->config.remote, remote))
		memset(&t->at, 0, sizeof(t->at));
	else
		t->at = *remote;
}

struct ike_tunnel *ike_tunnel_between(struct ike_engine *e,
				      struct ike_tunnel *t,
				      const struct ike_address *local,
				      const struct ike_address *remote)
{
	for (t = t ? t->next : e->tunnels; t; t = t->next)
		if (t->owner == t && ike_tunnel_usable(t) &&
		    ike_address_same(&t->config.local, local) &&
		    (ike_address_same(&t->config.remote, remote) ||
		     ike_address_same(&t->at, remote)))
			return t;
	return NULL;
}

void ike_tunnel_failed(struct ike_tunnel *t, struct ike_engine *e,
		       const char *fmt, ...)
{
	uint64_t cap = t->silent ? IKE_SILENT_CAP_MS : IKE_RETRY_CAP_MS;
	uint64_t wait = IKE_RETRY_MS;
	char why[sizeof(t->last_error)];
	char seconds[16];
	bool again;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	again = t->failures && !strcmp(why, t->last_error);
	memcpy(t->last_error, why, sizeof(why));
	ike_failure_keep(e, t, false, why);
	ike_because_done(e);

	for (unsigned int i = 0; i < t->failures; i++)
		wait = ike_min_time(wait * 2, cap);
	t->silent = false;
	t->asked = false;
	if (t->failures < 16)
		t->failures++;
	/* Two ends that gave up together shall not try again together. */
	wait = wait / 2 + ike_jitter(e, (uint32_t)wait / 2);
	t->retry_at = e->now + wait;
	snprintf(seconds, sizeof(seconds), "%u.%u", (unsigned int)(wait / 1000),
		 (unsigned int)(wait % 1000 / 100));
	/* Once is news, ten times is a nuisance. */
	ike_log(e, IKE_EVENT_NEGOTIATION_FAILED,
		again ? IKE_LOG_DEBUG : IKE_LOG_NOTICE, t,
		IKE_FIELDS({ "reason", why },
			   { "retry-in", t->wanted ? seconds : "never" }),
		t->wanted ? "%s; next try in %s s" : "%s", why, seconds);
}

struct ike_sa *ike_tunnel_sa(struct ike_engine *e, const struct ike_tunnel *t)
{
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (sa->tunnel == t && sa->state == IKE_SA_ESTABLISHED &&
		    !sa->redundant && !sa->want_delete)
			return sa;
	return NULL;
}

bool ike_tunnel_has_sa(struct ike_engine *e, const struct ike_tunnel *t,
		       enum ike_sa_state state, const struct ike_sa *but)
{
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (sa != but && sa->tunnel == t && sa->state == state &&
		    !sa->want_delete)
			return true;
	return false;
}

/* ------------------------------------------------------- two IKE SAs at once */

bool ike_sa_loses(const struct ike_sa *sa, const struct ike_sa *other)
{
	const struct ike_nonce *mine = &sa->origin.lowest;

	return ike_nonce_lower(mine, &other->origin.lowest) == mine;
}

bool ike_sa_in_use(const struct ike_sa *sa)
{
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->in_use)
			return true;
	return false;
}

bool ike_tunnel_in_use(const struct ike_engine *e, const struct ike_tunnel *t)
{
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (ike_sa_uses(sa, t))
			return true;
	return false;
}

bool ike_sa_uses(const struct ike_sa *sa, const struct ike_tunnel *t)
{
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->tunnel == t && c->in_use)
			return true;
	return false;
}

/*
 * Does @t use a pair of the IKE SA that is to be used instead of @sa? One put to use
 * because there was no other, the peer may not have yet: it has @sa's alone, then.
 */
static bool settled(const struct ike_sa *sa, const struct ike_tunnel *t)
{
	for (const struct ike_sa *o = sa->e->sas; o; o = o->next) {
		if (o == sa || o->tunnel != sa->tunnel || o->redundant)
			continue;
		for (const struct ike_child *c = o->children; c; c = c->next)
			if (c->tunnel == t && c->in_use && c->confirmed)
				return true;
	}
	return false;
}

bool ike_tunnel_spare(const struct ike_sa *sa)
{
	if (!sa->redundant || !sa->ours_to_delete || sa->neg)
		return false;
	/* Its successor is, and the peer may not have that yet. */
	if (sa->state == IKE_SA_REKEYED)
		return false;
	/* The peer may use what we do not. */
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->state == IKE_CHILD_INSTALLED && !settled(sa, c->tunnel))
			return false;
	return settled(sa, sa->tunnel);
}

/*
 * @winner is the one to use; @ours: it is for us to delete @loser, as soon as no
 * pair of its is in use: ike_tunnel_spare().
 */
static void lose(struct ike_sa *loser, const struct ike_sa *winner, bool ours)
{
	loser->redundant = true;
	loser->ours_to_delete = ours;
	loser->linger_until = loser->e->now + IKE_DUPLICATE_MS;
	for (struct ike_child *c = loser->children; c; c = c->next) {
		if (ike_child_installed(winner, c->tunnel))
			c->awaits = false;
		if (ike_sa_uses(winner, c->tunnel))
			ike_child_disarm(c);
	}
}

/* Were both begun at the same time, one by each end? */
static bool collide(const struct ike_sa *sa, const struct ike_sa *other)
{
	return other != sa && other->tunnel == sa->tunnel &&
	       other->state == IKE_SA_ESTABLISHED &&
	       other->origin.initiator != sa->origin.initiator &&
	       other->origin.order > sa->order;
}

static void decide(struct ike_sa *loser, const struct ike_sa *winner)
{
	if (loser->redundant || loser->want_delete)
		return;
	ike_log(loser->e, IKE_EVENT_COLLISION, IKE_LOG_INFO, loser->tunnel,
		IKE_NO_FIELDS, "two IKE SAs with the peer: %s",
		loser->origin.initiator ? "ours goes" :
					  "the one it initiated goes");
	lose(loser, winner, loser->origin.initiator);
}

/* Section 2.8.3: who makes a new one deletes the old one. */
static void replace(struct ike_sa *sa, struct ike_sa *old)
{
	bool ours = sa->origin.initiator;
	const char *by = ours ? "us" : "the peer";

	if (old->want_delete)
		return;
	ike_log(sa->e, IKE_EVENT_IKE_SA_REAUTHENTICATED, IKE_LOG_NOTICE,
		sa->tunnel, IKE_FIELDS({ "by", by }),
		"authenticated anew by %s: a new IKE SA follows the old one", by);
	lose(old, sa, ours);
}

/*
 * RFC 7296 leaves open what happens when both ends have initiated at once. We
 * treat it as it treats rekeys (section 2.8.1): the IKE SA with the lowest of
 * the four nonces goes, and who initiated it deletes it; after a while the
 * other end does, should the peer know another rule.
 *
 * If the handshakes did not overlap, the older IKE SA is one the peer has lost
 * or wants to replace. It goes when the new one's pair is in use, and not at
 * once: the peer may still be waiting for our part of the new one.
 */
void ike_tunnel_resolve(struct ike_sa *sa)
{
	bool bare;

	if (sa->want_delete)
		return;
	/*
	 * Also against one that has been replaced since: the peer may have
	 * compared the two before that.
	 */
	for (struct ike_sa *other = sa->e->sas; other; other = other->next) {
		if (!collide(sa, other) || !ike_sa_loses(sa, other))
			continue;
		sa->reauth = false;
		decide(sa, other);
		return;
	}
	/*
	 * One without a CHILD SA (RFC 6023) replaces none with; it may get one later.
	 * Of two begun at once the loser goes all the same, for so the peer has it;
	 * its pair is used until there is another.
	 */
	bare = !sa->children && ike_tunnel_in_use(sa->e, sa->tunnel);
	sa->reauth &= bare;
	for (struct ike_sa *other = sa->e->sas; other; other = other->next) {
		if (other == sa || other->tunnel != sa->tunnel ||
		    other->state != IKE_SA_ESTABLISHED || other->redundant)
			continue;
		if (collide(sa, other))
			decide(other, sa);
		else if (!bare)
			replace(sa, other);
	}
}

/* The one that was to be used is gone: one that was redundant is not, then. */
static void revive(struct ike_engine *e, const struct ike_tunnel *t)
{
	if (ike_tunnel_sa(e, t))
		return;
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next) {
		if (sa->tunnel == t && sa->state == IKE_SA_ESTABLISHED &&
		    sa->redundant && sa->linger_until && !sa->want_delete) {
			sa->redundant = false;
			sa->linger_until = 0;
			return;
		}
	}
}

/* ------------------------------------------------------------------- settle */

struct strangers {
	struct ike_engine *e;
	const struct ike_tunnel *t;
	uint32_t ifindex;
	unsigned int n;
	uint32_t pair_id[STRANGERS_MAX];
};

static bool is_reserved(const struct ike_engine *e, uint32_t pair_id)
{
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if ((sa->neg && sa->neg->pair_id == pair_id) ||
		    (sa->pending && sa->pending->pair_id == pair_id))
			return true;
	return false;
}

void ike_tunnel_retires(struct ike_tunnel *t, uint32_t pair_id)
{
	if (!t->swept)
		t->going[t->n_going++ % IKE_GOING_MAX] = pair_id;
}

/* Is it of a CHILD SA of ours that has been deleted? Then it goes when it was to. */
static bool is_going(const struct ike_tunnel *t, uint32_t pair_id)
{
	for (unsigned int i = 0; i < IKE_GOING_MAX && i < t->n_going; i++)
		if (t->going[i] == pair_id)
			return true;
	return false;
}

static int find_stranger(void *arg, const struct ike_pair_info *info)
{
	struct strangers *s = arg;

	if (s->n == STRANGERS_MAX)
		return 1;
	if (!is_going(s->t, info->pair_id) &&
	    !is_reserved(s->e, info->pair_id) &&
	    !ike_child_by_pair(s->e, s->ifindex, info->pair_id))
		s->pair_id[s->n++] = info->pair_id;
	return 0;
}

static int find_any_active(void *arg, const struct ike_pair_info *info)
{
	*(bool *)arg |= info->state == IKE_PAIR_ACTIVE;
	return 0;
}

bool ike_tunnel_carries(const struct ike_engine *e, const struct ike_tunnel *t)
{
	const struct ike_env *env = e->env;
	bool carries = ike_tunnel_in_use(e, t);

	if (!carries && !t->swept)
		env->kernel->query(env->ctx, t->config.ifindex, find_any_active,
				   &carries);
	return carries;
}

/* SAs outlive an agent: those of the last one are of no use any more. */
static void sweep(struct ike_engine *e, struct ike_tunnel *t)
{
	struct strangers s = { .e = e, .t = t, .ifindex = t->config.ifindex };
	const struct ike_env *env = e->env;
	char pairs[12];

	t->swept = true;
	env->kernel->query(env->ctx, s.ifindex, find_stranger, &s);
	for (unsigned int i = 0; i < s.n; i++)
		env->kernel->retire(env->ctx, s.ifindex, s.pair_id[i],
				    IKE_GRACE_S);
	snprintf(pairs, sizeof(pairs), "%u", s.n);
	if (s.n)
		ike_log(e, IKE_EVENT_CHILD_SA_STATE, IKE_LOG_NOTICE, t,
			IKE_FIELDS({ "to", "retired" }, { "pairs", pairs }),
			"SA pairs of an earlier agent (%s) are replaced: they receive for another %u s, then they are gone",
			pairs, IKE_GRACE_S);
}

/* Is there one that the peer is about to use? */
static bool awaits(const struct ike_engine *e, const struct ike_tunnel *t)
{
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		for (const struct ike_child *c = sa->children; c; c = c->next)
			if (c->tunnel == t && c->awaits &&
			    c->state == IKE_CHILD_INSTALLED)
				return true;
	return false;
}

static struct ike_child *held_on(struct ike_sa *sa, const struct ike_tunnel *t)
{
	if (sa->state != IKE_SA_ESTABLISHED || sa->want_delete || sa->neg)
		return NULL;
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->tunnel == t && c->held && !c->want_delete &&
		    c->state == IKE_CHILD_INSTALLED)
			return c;
	return NULL;
}

/* A pair that lost a collision is better than none, if the winner failed. */
static void use_held(struct ike_engine *e, struct ike_tunnel *t)
{
	if (ike_tunnel_has_sa(e, t->owner, IKE_SA_AUTH_SENT, NULL) ||
	    awaits(e, t))
		return;
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next) {
		struct ike_child *c = held_on(sa, t);

		if (!c)
			continue;
		c->awaits = true;
		sa->confirm_at = e->now;
		if (c->confirmed)
			ike_child_activate(c, "there is no other");
		return;
	}
}

static void up_or_down(struct ike_engine *e, struct ike_tunnel *t, bool up)
{
	const struct ike_tunnel *owner = t->owner ? t->owner : t;
	char peer[48];

	if (up == t->up)
		return;
	t->up = up;
	t->since = e->now;
	ike_address_format(owner->at.family ? &owner->at : &t->config.remote,
			   peer, sizeof(peer));
	if (up) {
		t->failures = 0;
		t->last_error[0] = 0;
		ike_log(e, IKE_EVENT_TUNNEL_UP, IKE_LOG_NOTICE, t,
			IKE_FIELDS({ "peer", peer }), "up: traffic to %s flows",
			peer);
		if (!t->swept)
			sweep(e, t);
	} else {
		ike_log(e, IKE_EVENT_TUNNEL_DOWN, IKE_LOG_NOTICE, t,
			IKE_FIELDS({ "peer", peer }), "down: no SA with %s",
			peer);
	}
}

static bool is_live(const struct ike_sa *sa)
{
	return !sa->want_delete && (sa->state == IKE_SA_INIT_SENT ||
				    sa->state == IKE_SA_AUTH_SENT ||
				    sa->state == IKE_SA_ESTABLISHED);
}

void ike_tunnels_look(const struct ike_engine *e)
{
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next)
		t->used = t->held = t->live = t->sought = t->lingers = false;
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next)
		if (t->owner && t->wanted && ike_tunnel_usable(t))
			t->owner->sought = true;
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next) {
		if (sa->tunnel) {
			sa->tunnel->live |= is_live(sa);
			sa->tunnel->lingers |= sa->redundant;
		}
		for (const struct ike_child *c = sa->children; c; c = c->next) {
			c->tunnel->used |= c->in_use;
			c->tunnel->held |= c->held;
		}
	}
}

void ike_tunnel_settle(struct ike_engine *e, struct ike_tunnel *t)
{
	if (t->lingers)
		revive(e, t);
	if (!t->used && t->held) {
		use_held(e, t);
		t->used = ike_tunnel_in_use(e, t);
	}
	up_or_down(e, t, t->used);
	if (ike_tunnel_wakeup(t) <= e->now)
		ike_start_init(e, t);
}

uint64_t ike_tunnel_wakeup(const struct ike_tunnel *t)
{
	return t->owner == t && ike_tunnel_usable(t) && t->sought && !t->live ?
		       t->retry_at :
		       IKE_NEVER;
}
