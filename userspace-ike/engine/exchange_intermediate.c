// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_INTERMEDIATE (RFC 9242) for additional key exchanges (RFC 9370, section
 * 2.2.2): one after the other, between IKE_SA_INIT and IKE_AUTH, in the order of
 * their transform types. Each is protected by the keys that the one before it has
 * made. Who the peer is, is not known yet: IKE_AUTH covers all of it.
 */
#include <stdio.h>

#include "core.h"

static unsigned int next_add_ke(const struct ike_sa *sa, unsigned int i)
{
	return ike_add_ke_next(&sa->choice, i);
}

bool ike_intermediate_complete(const struct ike_sa *sa)
{
	return next_add_ke(sa, sa->handshake->add_ke) == IKE_ADD_KE_MAX;
}

/* Return: whether IntAuth has one message of ours more. */
static bool count_ours(struct ike_sa *sa, uint32_t id, const struct ike_builder *b)
{
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION_MAJOR << 4,
		.exchange = IKE_EXCHANGE_INTERMEDIATE,
		.flags = sa->initiator ? IKE_FLAG_INITIATOR : IKE_FLAG_RESPONSE,
		.message_id = id,
	};

	return !b->w.failed &&
	       !ike_int_auth_add(&sa->handshake->int_auth, &sa->keys,
				 sa->initiator, &h, b->first,
				 IKE_SLICE(b->w.data, b->w.len));
}

/* The same of the peer's. */
static bool count_theirs(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;

	return !ike_int_auth_add(&sa->handshake->int_auth, &sa->keys,
				 !sa->initiator, &c->msg->h,
				 c->msg->inside_first, c->msg->inside);
}

/* SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), and all keys of that. */
static bool next_keys(struct ike_sa *sa, struct ike_keys *keys,
		      struct ike_slice secret)
{
	const struct ike_handshake *hs = sa->handshake;
	struct ike_keymat_input in = {
		.secret = secret,
		.ni = ike_nonce_slice(&hs->nonce_i),
		.nr = ike_nonce_slice(&hs->nonce_r),
	};

	return !ike_keys_derive(keys, &sa->choice, &sa->keys, &in, sa->spi_i,
				sa->spi_r);
}

/* ---------------------------------------------------------------- initiator */

void ike_start_intermediate(struct ike_sa *sa)
{
	struct ike_handshake *hs = sa->handshake;
	struct ike_builder b;

	hs->add_ke = next_add_ke(sa, hs->add_ke);
	if (hs->add_ke == IKE_ADD_KE_MAX) {
		ike_start_auth(sa);
		return;
	}
	ike_ke_free(hs->ke);
	hs->ke = ike_ke_new(sa->choice.add_ke[hs->add_ke],
			    ike_random_for_crypto, sa->e);
	if (!hs->ke) {
		ike_sa_give_up(sa, "no key could be made");
		return;
	}
	ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
	ike_build_ke(&b, ike_ke_method(hs->ke), ike_ke_value(hs->ke));
	if (sa->state == IKE_SA_INIT_SENT)
		ike_sa_set_state(sa, IKE_SA_AUTH_SENT,
				 "both sides have keys; more are made of them");
	if (!count_ours(sa, sa->window.next_id, &b) ||
	    ike_window_request(sa, IKE_X_INTERMEDIATE,
			       IKE_EXCHANGE_INTERMEDIATE, &b))
		ike_sa_give_up(sa, "IKE_INTERMEDIATE could not be sent");
}

void ike_on_intermediate_response(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	struct ike_handshake *hs = sa->handshake;
	uint8_t secret[IKE_KE_SECRET_MAX];
	int len = -1;

	ike_window_answered(sa);
	if (c->msg->ke_group == ike_ke_method(hs->ke))
		len = ike_ke_finish(hs->ke, c->msg->ke, secret);
	/* Whoever it was has the keys, so no better one will come. */
	if (len < 0) {
		ike_sa_give_up(sa, "the peer's value for %s is unfit",
			       ike_ke_name(ike_ke_method(hs->ke)));
		return;
	}
	if (count_theirs(c) &&
	    next_keys(sa, &sa->keys, IKE_SLICE(secret, (size_t)len))) {
		ike_wipe(secret, sizeof(secret));
		ike_sa_export(sa);
		hs->add_ke++;
		ike_start_intermediate(sa);
		return;
	}
	ike_wipe(secret, sizeof(secret));
	ike_sa_give_up(sa, "no key could be made");
}

void ike_on_intermediate_refused(struct ike_call *c)
{
	const struct ike_notify *n = ike_msg_error(c->msg);
	const char *name = ike_notify_name(n->type);

	ike_because(c->e, c->sa, IKE_FAILURE_OTHER, "IKE_INTERMEDIATE")->notify =
		n->type;
	ike_window_answered(c->sa);
	ike_sa_give_up(c->sa, "peer refused IKE_INTERMEDIATE (%s, %u): %s",
		       name ? name : "unknown error", n->type,
		       ike_notify_text(n->type));
}

/* ---------------------------------------------------------------- responder */

static void refuse(struct ike_call *c, const char *why)
{
	c->e->counters.rx_unexpected++;
	ike_complain(c->e, NULL, &c->dgram->remote, "IKE_INTERMEDIATE: %s", why);
	ike_build_status(c->reply, IKE_N_INVALID_SYNTAX);
	c->over = "the initiator's additional key exchange is none";
}

void ike_on_intermediate_request(struct ike_call *c)
{
	struct ike_sa *sa = c->sa;
	struct ike_handshake *hs = sa->handshake;
	struct ike_ke_answer answer;
	unsigned int i = next_add_ke(sa, hs->add_ke);

	if (i == IKE_ADD_KE_MAX || c->msg->ke_group != sa->choice.add_ke[i]) {
		refuse(c, "a key exchange that is not its turn");
		return;
	}
	if (ike_ke_answer(sa->choice.add_ke[i], c->msg->ke,
			  ike_random_for_crypto, c->e, &answer)) {
		refuse(c, "unfit key exchange value");
		return;
	}
	ike_build_ke(c->reply, sa->choice.add_ke[i],
		     IKE_SLICE(answer.value, answer.value_len));
	hs->add_ke = i + 1;
	if (!count_theirs(c) || !count_ours(sa, c->msg->h.message_id, c->reply) ||
	    !next_keys(sa, &hs->next,
		       IKE_SLICE(answer.secret, answer.secret_len)))
		c->over = "no key could be made";
	else
		c->new_keys = true;
	ike_wipe(&answer, sizeof(answer));
}

void ike_intermediate_done(struct ike_call *c)
{
	struct ike_handshake *hs = c->sa->handshake;

	hs->before = c->sa->keys;
	hs->before_id = c->msg->h.message_id;
	c->sa->keys = hs->next;
	ike_wipe(&hs->next, sizeof(hs->next));
	ike_sa_export(c->sa);
}
