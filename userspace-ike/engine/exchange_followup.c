// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_FOLLOWUP_KE (RFC 9370, section 2.2.4): additional key exchanges of a
 * CREATE_CHILD_SA, one after the other, in the order of their transform types.
 * There are no new keys before the last one is done, so if one of them fails all
 * stays as it was, and it is begun anew later.
 *
 * Of two ends that rekey the same at once, the one whose exchange had the lowest
 * nonce does not go on. One that has gone on before it knew of the other tells that
 * to wait.
 */
#include <stdlib.h>

#include "core.h"

/* ---------------------------------------------------------------- initiator */

bool ike_start_followup(struct ike_sa *sa)
{
	struct ike_followup *f = sa->neg->followup;
	struct ike_builder b;

	f->next = ike_add_ke_next(&f->choice, f->next);
	ike_ke_free(f->ke);
	f->ke = ike_ke_new(f->choice.add_ke[f->next], ike_random_for_crypto,
			   sa->e);
	if (!f->ke)
		return false;
	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_ke(&b, ike_ke_method(f->ke), ike_ke_value(f->ke));
	ike_followup_put_link(&b, f);
	return !ike_window_request(sa,
				   sa->neg->spi ? IKE_X_FOLLOWUP_IKE :
						  IKE_X_FOLLOWUP_CHILD,
				   IKE_EXCHANGE_FOLLOWUP_KE, &b);
}

/* Return: what is wrong with an answer, or NULL; @last: none was to come behind it. */
static const char *take(const struct ike_msg *msg, struct ike_followup *f,
			bool *last)
{
	int len = -1;

	*last = ike_add_ke_next(&f->choice, ++f->next) == IKE_ADD_KE_MAX;
	if (msg->ke_group == ike_ke_method(f->ke))
		len = ike_ke_finish(f->ke, msg->ke, f->more + f->more_len);
	if (len < 0)
		return "the peer's value for an additional key exchange is unfit";
	f->more_len += (size_t)len;
	if (!*last && !ike_followup_take_link(f, msg))
		return "the peer does not say where the next key exchange belongs";
	return NULL;
}

void ike_on_followup_response(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	bool last, ike = sa->window.kind == IKE_X_FOLLOWUP_IKE;
	const char *wrong = take(c->msg, sa->neg->followup, &last);

	ike_window_answered(sa);
	if (!wrong && !last && (ike || sa->neg->tunnel)) {
		if (ike_start_followup(sa))
			return;
		wrong = "an additional key exchange could not be begun";
	}
	if (ike)
		ike_rekey_ike_followed(c, wrong, last);
	else
		ike_child_followed(c, wrong, last);
}

/* All as if CREATE_CHILD_SA itself had been refused: nobody has made anything. */
void ike_on_followup_refused(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_error(c->msg);
	const char *name = ike_notify_name(n->type);
	struct ike_sa *sa = c->sa;

	ike_log(c->e, IKE_EVENT_NOTIFY, IKE_LOG_INFO, sa->tunnel,
		IKE_FIELDS({ "notify", name ? name : "unknown" }),
		"the peer does not go on with an additional key exchange (%s, %u): %s",
		name ? name : "unknown error", n->type,
		ike_notify_text(n->type));
	if (sa->window.kind == IKE_X_FOLLOWUP_IKE)
		ike_on_rekey_ike_refused(c);
	else
		ike_on_child_refused(c);
}

/* ---------------------------------------------------------------- responder */

bool ike_followup_promise(struct ike_call *c, struct ike_pending *p)
{
	uint64_t now = c->e->now;

	if (!p->over_at)
		p->over_at = now + IKE_FOLLOWUPS_MS;
	p->until = ike_min_time(now + IKE_FOLLOWUP_MS, p->over_at);
	p->f.link_len = IKE_LINK_LEN;
	if (ike_random(c->e, p->f.link, p->f.link_len)) {
		ike_build_status(c->reply, IKE_N_TEMPORARY_FAILURE);
		ike_pending_free(c->sa, p);
		return false;
	}
	ike_followup_put_link(c->reply, &p->f);
	c->sa->pending = p;
	return true;
}

static void refuse(struct ike_call *c, const char *why)
{
	c->e->counters.rx_unexpected++;
	ike_complain(c->e, c->sa->tunnel, &c->dgram->remote,
		     "IKE_FOLLOWUP_KE: %s", why);
	ike_build_status(c->reply, IKE_N_INVALID_SYNTAX);
	ike_pending_drop(c->sa);
}

static bool complete(struct ike_call *c, struct ike_pending *p)
{
	return p->tunnel ? ike_child_followed_by_peer(c, p) :
			   ike_rekey_ike_complete(c, p);
}

void ike_on_followup_request(struct ike_call *c)
{
	struct ike_pending *p = c->sa->pending;
	struct ike_ke_answer answer;
	struct ike_followup *f;
	unsigned int i;
	uint16_t method;
	bool last;

	/* As if it had come too late; another one, perhaps, is on its way. */
	if (!p || !ike_followup_is_linked(&p->f, c->msg)) {
		ike_build_status(c->reply, IKE_N_STATE_NOT_FOUND);
		return;
	}
	f = &p->f;
	i = ike_add_ke_next(&f->choice, f->next);
	method = f->choice.add_ke[i];
	if (c->msg->ke_group != method) {
		refuse(c, "a key exchange that is not its turn");
		return;
	}
	if (ike_ke_answer(method, c->msg->ke, ike_random_for_crypto, c->e,
			  &answer)) {
		refuse(c, "unfit key exchange value");
		return;
	}
	memcpy(f->more + f->more_len, answer.secret, answer.secret_len);
	f->more_len += answer.secret_len;
	f->next = i + 1;
	last = ike_add_ke_next(&f->choice, f->next) == IKE_ADD_KE_MAX;
	/* What the peer's IKE SA becomes with it, it is not pending any more. */
	p = ike_pending_take(c->sa);
	if (last ? complete(c, p) : ike_followup_promise(c, p))
		ike_build_ke(c->reply, method,
			     IKE_SLICE(answer.value, answer.value_len));
	if (last)
		ike_pending_free(c->sa, p);
	ike_wipe(&answer, sizeof(answer));
}
