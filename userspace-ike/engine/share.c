// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels that share an IKE SA: several CHILD SAs under one, each with its own
 * device and selectors (RFC 7296, section 1.3.1). One of them owns the IKE SA; it
 * authenticates, and its first CHILD SA comes with IKE_AUTH.
 */
#include "core.h"

void ike_share_link(struct ike_engine *e)
{
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next) {
		const char *name = t->config.ike_sa_of;

		t->sharer = NULL;
		t->owner = name[0] ? ike_tunnel_find(e, name) : t;
		/* There are no chains. */
		if (t->owner && t->owner->config.ike_sa_of[0])
			t->owner = NULL;
	}
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next) {
		if (!t->owner || t->owner == t)
			continue;
		t->sharer = t->owner->sharer;
		t->owner->sharer = t;
	}
}

/* When a new CHILD SA may be asked for; that of the owner is the IKE SA's. */
static uint64_t lacks_at(const struct ike_sa *sa, const struct ike_tunnel *t)
{
	if (!(t->wanted || t->asked) || !ike_tunnel_usable(t) ||
	    ike_child_installed(sa, t))
		return IKE_NEVER;
	return t == sa->tunnel ? sa->child_retry_at : t->retry_at;
}

uint64_t ike_share_wakeup(const struct ike_sa *sa)
{
	struct ike_tunnel *t = NULL;
	uint64_t at = IKE_NEVER;

	while ((t = ike_share_next(sa->tunnel, t)))
		at = ike_min_time(at, lacks_at(sa, t));
	if (at != IKE_NEVER && ike_tunnel_sa(sa->e, sa->tunnel) != sa)
		return IKE_NEVER;
	return at;
}

struct ike_tunnel *ike_share_lacks(const struct ike_sa *sa)
{
	struct ike_tunnel *t = NULL;

	if (ike_share_wakeup(sa) > sa->e->now)
		return NULL;
	while ((t = ike_share_next(sa->tunnel, t)))
		if (lacks_at(sa, t) <= sa->e->now)
			return t;
	return NULL;
}

/* --------------------------------------------------------------- letting go */

void ike_child_orphan(struct ike_sa *sa, uint32_t spi_in, uint64_t at)
{
	/* More than that, and the peer finds out when it rekeys them. */
	if (sa->n_orphans < IKE_ORPHANS_MAX)
		sa->orphans[sa->n_orphans++] =
			(struct ike_orphan){ .spi_in = spi_in, .at = at };
}

static void forsake_on(struct ike_sa *sa, const struct ike_tunnel *t,
		       const char *why)
{
	struct ike_negotiation *neg = sa->neg;

	for (struct ike_child *c = sa->children; c; c = c->next) {
		if (c->tunnel != t || c->state == IKE_CHILD_GONE)
			continue;
		if (c->state != IKE_CHILD_DELETING)
			ike_child_orphan(sa, c->spi_in, ike_child_delete_at(c));
		ike_child_retire(c, 0, why);
	}
	if (sa->pending && sa->pending->tunnel == t)
		ike_pending_drop(sa);
	if (neg && neg->tunnel == t) {
		ike_child_unreserve(sa, t, neg->pair_id);
		neg->pair_id = 0;
		neg->tunnel = NULL;
	}
}

void ike_child_forsake(struct ike_engine *e, const struct ike_tunnel *t,
		       const char *why)
{
	/* None is an heir. */
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		for (struct ike_child *c = sa->children; c; c = c->next)
			if (c->tunnel == t)
				c->want_delete = true;
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		forsake_on(sa, t, why);
}
