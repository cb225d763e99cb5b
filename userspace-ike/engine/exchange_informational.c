// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INFORMATIONAL (RFC 7296, section 1.4): deleting SAs, and asking whether the
 * peer is alive.
 */
#include "core.h"

/* ----------------------------------------------------------------- requests */

void ike_start_liveness(struct ike_sa *sa)
{
	struct ike_builder b;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_window_request(sa, IKE_X_LIVENESS, IKE_EXCHANGE_INFORMATIONAL, &b);
}

void ike_on_liveness_response(struct ike_call *c)
{
	ike_window_answered(c->sa);
	/* Who answers has taken our IKE_AUTH response, and the keys with it. */
	for (struct ike_child *child = c->sa->children; child;
	     child = child->next)
		if (child->by_auth && !child->confirmed)
			ike_child_confirmed(child, "the peer has its keys");
}

void ike_start_delete_ike(struct ike_sa *sa)
{
	struct ike_builder b;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_delete_ike(&b);
	sa->want_delete = true;
	/* Section 1.4.1: its CHILD SAs go with it, without being named. */
	for (struct ike_child *c = sa->children; c; c = c->next)
		ike_child_retire(c,
				 sa->tunnel->barred || c->tunnel->barred ?
					 0 : IKE_GRACE_S,
				 "its IKE SA is being deleted");
	ike_sa_set_state(sa, IKE_SA_DELETING, "DELETE sent");
	if (ike_window_request(sa, IKE_X_DELETE_IKE, IKE_EXCHANGE_INFORMATIONAL,
			       &b))
		ike_sa_kill(sa, "DELETE could not be sent");
}

void ike_on_delete_ike_response(struct ike_call *c)
{
	ike_window_answered(c->sa);
	ike_sa_kill(c->sa, "the peer has deleted it, too");
}

void ike_start_delete_child(struct ike_sa *sa, struct ike_child *child)
{
	struct ike_builder b;

	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_delete_esp(&b, &child->spi_in, 1);
	child->want_delete = true;
	ike_child_set_state(child, IKE_CHILD_DELETING, "DELETE sent");
	sa->deleting = child;
	if (ike_window_request(sa, IKE_X_DELETE_CHILD,
			       IKE_EXCHANGE_INFORMATIONAL, &b))
		ike_child_retire(child, 0, "DELETE could not be sent");
}

bool ike_start_delete_orphans(struct ike_sa *sa)
{
	unsigned int n = 0, kept = 0;
	uint32_t spis[IKE_ORPHANS_MAX];
	struct ike_builder b;

	for (unsigned int i = 0; i < sa->n_orphans; i++)
		if (sa->orphans[i].at <= sa->e->now)
			spis[n++] = sa->orphans[i].spi_in;
		else
			sa->orphans[kept++] = sa->orphans[i];
	sa->n_orphans = kept;
	if (!n)
		return false;
	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_delete_esp(&b, spis, (uint16_t)n);
	ike_window_request(sa, IKE_X_DELETE_CHILD, IKE_EXCHANGE_INFORMATIONAL,
			   &b);
	return true;
}

/* The response names the peer's half; whether it does or not, ours goes. */
void ike_on_delete_child_response(struct ike_call *c)
{
	struct ike_child *child = c->sa->deleting;

	ike_window_answered(c->sa);
	c->sa->deleting = NULL;
	if (child)
		ike_child_retire(child, IKE_GRACE_S,
				 "the peer has deleted it, too");
}

/* ---------------------------------------------------------------- responses */

/* Which of our SPIs go back to the peer. */
struct answer {
	uint32_t spis[32];
	uint16_t n;
};

/* While two new IKE SAs compete, the CHILD SAs are still with the old one. */
static struct ike_child *find_child(struct ike_sa *sa, uint32_t spi)
{
	struct ike_child *child = ike_child_by_spi_out(sa, spi);

	for (struct ike_sa *old = sa->e->sas; old && !child; old = old->next)
		if (old->neg && old->neg->peer_sa == sa)
			child = ike_child_by_spi_out(old, spi);
	return child;
}

static void delete_children(struct ike_call *c, const struct ike_delete *d,
			    struct answer *answer)
{
	struct ike_reader r = ike_read(d->spis);

	while (r.left) {
		uint32_t spi = ike_take_u32(&r);
		struct ike_child *child = find_child(c->sa, spi);
		bool crossed;

		if (!child)
			continue;
		/*
		 * Section 1.4.1: if both ends delete at once, neither names
		 * the SA in its response.
		 */
		crossed = child->state == IKE_CHILD_DELETING;
		if (!crossed && answer->n < 32)
			answer->spis[answer->n++] = child->spi_in;
		ike_child_peer_yields(child);
		ike_child_retire(child, IKE_GRACE_S, "the peer has deleted it");
	}
}

static void delete_ike(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	struct ike_tunnel *t = sa->tunnel;
	bool replaced = sa->state != IKE_SA_ESTABLISHED || sa->redundant;

	if (!replaced && !(sa->neg && sa->neg->peer_sa))
		ike_log(c->e, IKE_EVENT_IKE_SA_STATE, IKE_LOG_NOTICE, t,
			IKE_FIELDS({ "to", "dead" }),
			"the peer has deleted the IKE SA");
	/*
	 * A peer that deletes wants a pause. If it comes back by itself, so
	 * much the better.
	 */
	if (!replaced && t->retry_at < c->e->now + IKE_RETRY_MS)
		t->retry_at = c->e->now + IKE_RETRY_MS / 2 +
			      ike_jitter(c->e, IKE_RETRY_MS / 2);
	sa->peer_knows = true;
	c->over = "the peer has deleted it";
	/*
	 * What is sent by them after the answer may come when the peer has removed
	 * its own. (An IKE SA that the peer has made meanwhile inherits them.)
	 */
	if (sa->neg && sa->neg->peer_sa &&
	    sa->neg->peer_sa->state == IKE_SA_ESTABLISHED)
		return;
	for (struct ike_child *child = sa->children; child; child = child->next)
		ike_child_retire(child, IKE_GRACE_S, c->over);
}

/*
 * Section 1.5: the peer gets packets of ours that it has no SA for. A rekey
 * finds out: it does no harm, and if the peer does not have the SA it says so,
 * and there will be a new one (section 2.25.1).
 */
static void lost_child(struct ike_call *c, const struct ike_notify *n)
{
	struct ike_child *child;

	if (n->data.len != 4 || c->sa->state != IKE_SA_ESTABLISHED)
		return;
	child = ike_child_by_spi_out(c->sa, get_be32(n->data.data));
	if (child && child->in_use)
		child->want_rekey = true;
}

static void read_notifies(struct ike_call *c)
{
	for (unsigned int i = 0; i < c->msg->n_notifies; i++) {
		uint16_t type = c->msg->notifies[i].type;
		const char *name = ike_notify_name(type);

		if (type >= IKE_NOTIFY_STATUS_MIN)
			continue;
		ike_log(c->e, IKE_EVENT_NOTIFY, IKE_LOG_NOTICE, c->sa->tunnel,
			IKE_FIELDS({ "notify", name ? name : "unknown" }),
			"the peer says %s (%u): %s",
			name ? name : "something unknown", type,
			ike_notify_text(type));
		if (type == IKE_N_INVALID_SPI)
			lost_child(c, &c->msg->notifies[i]);
		/* Section 2.21.2: it could not verify what we sent in AUTH. */
		if (type == IKE_N_AUTHENTICATION_FAILED)
			c->over = "the peer does not believe us";
	}
}

void ike_on_informational_request(struct ike_call *c)
{
	struct answer answer = { .n = 0 };
	bool ike = false;

	read_notifies(c);
	for (unsigned int i = 0; i < c->msg->n_deletes; i++) {
		const struct ike_delete *d = &c->msg->deletes[i];

		if (d->protocol == IKE_PROTO_IKE)
			ike = true;
		else if (d->protocol == IKE_PROTO_ESP)
			delete_children(c, d, &answer);
	}
	if (ike)
		delete_ike(c);
	else if (answer.n)
		ike_build_delete_esp(c->reply, answer.spis, answer.n);
}
