// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for CHILD SAs as responder (RFC 7296, sections 1.3.1, 1.3.3, 2.8,
 * 2.25): what the peer asks for, and what crosses that.
 */
#include "core.h"

void ike_child_log_rekeyed(const struct ike_child *old,
			const struct ike_child *child, const char *by)
{
	ike_log(child->sa->e, IKE_EVENT_CHILD_SA_REKEYED, IKE_LOG_NOTICE,
		child->tunnel, IKE_FIELDS({ "by", by }),
		"CHILD SA rekeyed by %s: pair %u follows pair %u", by,
		child->pair_id, old->pair_id);
}

/* Is the same what we have asked for, and do not know the answer to? */
static bool crosses(const struct ike_sa *sa, const struct ike_child *old,
		    const struct ike_tunnel *t)
{
	return sa->neg && sa->neg->old == old && sa->neg->tunnel == t &&
	       (sa->window.kind == IKE_X_REKEY_CHILD ||
		sa->window.kind == IKE_X_NEW_CHILD);
}

/* Notes that the peer's request crosses ours. */
static void note_collision(struct ike_sa *sa, struct ike_child *old,
			   struct ike_child *child)
{
	struct ike_negotiation *neg = sa->neg;

	/* The peer's winner may have a successor before we know that it won. */
	if (neg && neg->peer_child && neg->peer_child == old) {
		neg->peer_child = child;
		return;
	}
	if (!crosses(sa, old, child->tunnel))
		return;
	neg->collided = true;
	neg->peer_child = child;
	neg->peer_lowest = child->lowest;
}

/* The same of one that is not there yet, if there is one. */
static void note_pending(struct ike_sa *sa)
{
	struct ike_pending *p = sa->pending;

	if (!p || !crosses(sa, p->old, p->tunnel))
		return;
	p->crossed = true;
	sa->neg->collided = true;
	sa->neg->peer_lowest = ike_followup_lowest(&p->f);
}

static void made_by_peer(struct ike_sa *sa, struct ike_child *old,
			 struct ike_child *child)
{
	note_collision(sa, old, child);
	if (old) {
		ike_child_log_rekeyed(old, child, "the peer");
		ike_child_set_state(old, IKE_CHILD_REKEYED,
				    "the peer has rekeyed it");
		old->expire_at = ike_min_time(old->expire_at,
					      sa->e->now + IKE_PEER_DELETES_MS);
	} else if (child->tunnel == sa->tunnel) {
		ike_tunnel_resolve(sa);
	}
}

/*
 * Section 2.25.2: while we rekey the IKE SA, its CHILD SAs are not touched. Nor
 * while it is not clear whether this one is the successor, or while the peer has not
 * ended what it has begun before.
 */
static bool busy_with_ike(struct ike_call *c)
{
	if (c->sa->window.kind != IKE_X_REKEY_IKE &&
	    c->sa->window.kind != IKE_X_FOLLOWUP_IKE && !c->sa->redundant &&
	    !c->sa->pending)
		return false;
	ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
	return true;
}

/* RFC 9370, section 2.2.4: ours is so far that the peer must know of it. */
static bool goes_on(const struct ike_sa *sa, const struct ike_child *old)
{
	return sa->window.kind == IKE_X_FOLLOWUP_CHILD && sa->neg->old == old;
}

void ike_on_rekey_child_request(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_notify(c->msg, IKE_N_REKEY_SA);
	struct ike_sa *sa = c->sa;
	struct ike_child *old, *child;

	if (n->protocol != IKE_PROTO_ESP || n->spi.len != 4) {
		ike_build_status(c->reply, IKE_N_INVALID_SYNTAX);
		return;
	}
	if (busy_with_ike(c))
		return;
	old = ike_child_by_spi_out(sa, get_be32(n->spi.data));
	if (!old && sa->neg) {
		/* Perhaps the one we are waiting to hear about. */
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return;
	}
	if (!old) {
		/* Section 2.25: with the SPI that REKEY_SA had. */
		ike_build_notify(c->reply, IKE_PROTO_ESP, n->spi,
				 IKE_N_CHILD_SA_NOT_FOUND, IKE_SLICE(NULL, 0));
		return;
	}
	/* Section 2.25.1: it is being closed, or has been rekeyed already. */
	if (old->state != IKE_CHILD_INSTALLED || old->want_delete || goes_on(sa, old)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return;
	}
	/* Whoever rekeys it has it, and the new one may not be used so soon. */
	ike_child_confirmed(old, "the peer rekeys it");
	child = ike_child_answer(c, IKE_USE_CHILD, old,
				 IKE_ACTIVATE_FIRST_RX);
	if (child)
		made_by_peer(sa, old, child);
	else
		note_pending(sa);
}

void ike_on_new_child_request(struct ike_call *c)
{
	struct ike_child *child;

	if (busy_with_ike(c))
		return;
	child = ike_child_answer(c, IKE_USE_CHILD, NULL, IKE_ACTIVATE_FIRST_RX);
	if (child)
		made_by_peer(c->sa, NULL, child);
	else
		note_pending(c->sa);
}

/* What there was when it was begun may be another one by now. */
static bool still_fits(const struct ike_sa *sa, const struct ike_pending *p)
{
	if (!p->rekeys)
		return ike_tunnel_usable(p->tunnel) &&
		       !ike_child_installed(sa, p->tunnel);
	return p->old && p->old->state == IKE_CHILD_INSTALLED &&
	       !p->old->want_delete;
}

bool ike_child_followed_by_peer(struct ike_call *c, struct ike_pending *p)
{
	struct ike_child *child;

	if (busy_with_ike(c))
		return false;
	if (!still_fits(c->sa, p)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		return false;
	}
	child = ike_child_complete(c, p, IKE_ACTIVATE_FIRST_RX);
	if (child)
		made_by_peer(c->sa, p->old, child);
	return child;
}

void ike_on_create_child_closing(struct ike_call *c)
{
	ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
}
