// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way of a message from the door to its handler, and of a response back.
 */
#include <errno.h>

#include "fsm.h"

static struct ike_sa *find_sa(struct ike_engine *e, const struct ike_msg *msg)
{
	/* The sender is the original initiator, so we are not, or reverse. */
	bool initiator = !(msg->h.flags & IKE_FLAG_INITIATOR);

	for (struct ike_sa *sa = e->sas; sa; sa = sa->next) {
		if (sa->initiator != initiator || sa->spi_i != msg->h.spi_i ||
		    sa->state == IKE_SA_DEAD || sa->state == IKE_SA_FORGOTTEN)
			continue;
		if (sa->spi_r == msg->h.spi_r ||
		    (sa->state == IKE_SA_INIT_SENT &&
		     msg->h.exchange == IKE_EXCHANGE_SA_INIT))
			return sa;
	}
	return NULL;
}

/* A response in clear; we remember nothing. */
static void respond_clear(struct ike_call *c, const struct ike_builder *b)
{
	struct ike_header h = {
		.spi_i = c->msg->h.spi_i,
		.spi_r = c->msg->h.spi_r,
		.next_payload = b->first,
		.version = IKE_VERSION_MAJOR << 4,
		.exchange = c->msg->h.exchange,
		.flags = IKE_FLAG_RESPONSE |
			 (~c->msg->h.flags & IKE_FLAG_INITIATOR),
		.message_id = c->msg->h.message_id,
		.length = (uint32_t)(IKE_HEADER_LEN + b->w.len),
	};

	ike_header_write(c->e->out, &h);
	memcpy(c->e->out + IKE_HEADER_LEN, b->w.data, b->w.len);
	ike_transmit(c->e, &c->dgram->local, &c->dgram->remote, c->e->out,
		     h.length);
}

/*
 * What is answered although it belongs to nothing: only to the peer of a tunnel, or who
 * says that it is, and a few times at most. Return: whether to do it this time.
 */
static bool worth_an_answer(struct ike_call *c)
{
	struct ike_engine *e = c->e;

	if (!ike_tunnel_between(e, NULL, &c->dgram->local.addr,
				&c->dgram->remote.addr))
		return false;
	if (e->now >= e->strays_at + IKE_STRAY_MS) {
		e->strays = IKE_STRAY_ANSWERS;
		e->strays_at = e->now;
	}
	if (!e->strays)
		return false;
	e->strays--;
	return true;
}

/* Section 2.5: say which version we speak. */
static void wrong_version(struct ike_call *c)
{
	struct ike_builder b;

	c->e->counters.rx_version++;
	ike_complain(c->e, NULL, &c->dgram->remote, "IKE version %u.%u",
		     c->msg->h.version >> 4, c->msg->h.version & 15);
	if (ike_msg_is_response(c->msg) ||
	    c->msg->h.version >> 4 < IKE_VERSION_MAJOR || !worth_an_answer(c))
		return;
	ike_build_start(&b, c->e->build, sizeof(c->e->build));
	ike_build_status(&b, IKE_N_INVALID_MAJOR_VERSION);
	respond_clear(c, &b);
}

/*
 * Sections 1.5 and 2.21.4: anybody can say in clear that an SA of ours is
 * unknown. It is never believed, but a reason to ask the peer, now and then.
 */
static void suspect(struct ike_call *c, struct ike_sa *sa)
{
	struct ike_engine *e = c->e;

	/* That costs us no more than a try that begins sooner. */
	if (sa->state == IKE_SA_AUTH_SENT)
		sa->doubted = true;
	if (sa->state != IKE_SA_ESTABLISHED || e->now < sa->hint_at ||
	    !ike_address_same(&sa->remote.addr, &c->dgram->remote.addr))
		return;
	sa->hint_at = e->now + IKE_HINT_MS;
	/* What is in flight asks as well. */
	sa->want_probe = !ike_window_busy(sa);
	ike_complain(e, sa->tunnel, &c->dgram->remote,
		     "it says, without proof, that it does not know an SA of ours");
}

/*
 * Said in answer to what we have just asked, it comes from somebody who sees that. A new
 * IKE SA beside this one finds out who it was, and nothing is lost if it was not the
 * peer. One that carries nothing, and on which nothing was heard for long, is not worth
 * so much; but the tunnel would wait for it.
 */
static void ask_anew(const struct ike_call *c, struct ike_sa *sa)
{
	if (sa->state != IKE_SA_ESTABLISHED || !ike_window_busy(sa) ||
	    c->msg->h.message_id != sa->window.next_id ||
	    !ike_address_same(&sa->remote.addr, &c->dgram->remote.addr))
		return;
	if (ike_sa_in_use(sa)) {
		if (sa->tunnel->sought && sa->origin.shared && !sa->redundant)
			ike_start_reauth(sa);
	} else if (c->e->now >= sa->heard_at + IKE_DUPLICATE_MS) {
		ike_sa_kill(sa, "the peer does not have it");
	}
}

/* Return: whether it was such a message; then nothing more is done about it. */
static bool hint(struct ike_call *c)
{
	const struct ike_msg *msg = c->msg;

	if (msg->present & (IKE_P_SK | IKE_P_SKF))
		return false;
	if (c->sa && ike_msg_is_response(msg) &&
	    ike_msg_notify(msg, IKE_N_INVALID_IKE_SPI)) {
		suspect(c, c->sa);
		ask_anew(c, c->sa);
	} else if (!ike_msg_is_response(msg) &&
		   ike_msg_notify(msg, IKE_N_INVALID_SPI)) {
		for (struct ike_sa *sa = c->e->sas; sa; sa = sa->next)
			suspect(c, sa);
	} else {
		return false;
	}
	c->e->counters.hints++;
	return true;
}

/*
 * A message of no IKE SA of ours (section 2.21.4). The peer of a tunnel may have
 * missed that we were started anew, so it is told, a few times at most.
 */
static void stray(struct ike_call *c)
{
	const struct ike_msg *msg = c->msg;
	struct ike_engine *e = c->e;
	struct ike_builder b;

	e->counters.rx_unknown_sa++;
	if (hint(c) || ike_msg_is_response(msg) || !msg->h.spi_r ||
	    !(msg->present & (IKE_P_SK | IKE_P_SKF)) || !worth_an_answer(c))
		return;
	e->counters.invalid_ike_spis_sent++;
	ike_build_start(&b, e->build, sizeof(e->build));
	ike_build_status(&b, IKE_N_INVALID_IKE_SPI);
	respond_clear(c, &b);
}

static void unexpected(struct ike_call *c)
{
	c->e->counters.rx_unexpected++;
	ike_complain(c->e, c->sa ? c->sa->tunnel : NULL, &c->dgram->remote,
		     "unexpected %s %s in state %s",
		     ike_exchange_name(c->msg->h.exchange),
		     ike_msg_is_response(c->msg) ? "response" : "request",
		     c->sa ? ike_sa_state_name(c->sa->state) : "none");
}

/* An IKE_SA_INIT request with the SPI of an IKE SA: late, or not the same. */
static void again(struct ike_call *c, const struct ike_sa *sa)
{
	const struct ike_handshake *hs = sa->handshake;

	if (sa->state != IKE_SA_HALF_OPEN || !hs ||
	    hs->init_i_len != c->msg->raw.len ||
	    memcmp(hs->init_i, c->msg->raw.data, hs->init_i_len)) {
		c->e->counters.rx_window++;
		return;
	}
	c->e->counters.replays++;
	ike_transmit(c->e, &c->dgram->local, &c->dgram->remote, hs->init_r,
		     hs->init_r_len);
}

/* The first message of all: there is no IKE SA, or it is a retransmission. */
static void first_request(struct ike_call *c)
{
	const struct ike_rule *rule;
	struct ike_builder reply;

	for (struct ike_sa *sa = c->e->sas; sa; sa = sa->next) {
		if (sa->initiator || sa->spi_i != c->msg->h.spi_i ||
		    !ike_address_same(&sa->remote.addr, &c->dgram->remote.addr))
			continue;
		again(c, sa);
		return;
	}
	if (c->msg->h.spi_r || c->msg->h.message_id ||
	    !(c->msg->h.flags & IKE_FLAG_INITIATOR)) {
		c->e->counters.rx_malformed++;
		return;
	}
	ike_build_start(&reply, c->e->build, sizeof(c->e->build));
	c->reply = &reply;
	rule = ike_rule_find(NULL, c->msg);
	if (c->msg->unknown_critical) {
		uint8_t type = c->msg->unknown_critical;

		if (!worth_an_answer(c))
			return;
		ike_build_notify(&reply, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
				 IKE_SLICE(&type, 1));
	} else if (rule) {
		rule->handler(c);
	} else {
		unexpected(c);
	}
	/* Handlers that make an IKE SA send by themselves. */
	if (!c->sa && reply.w.len && !reply.w.failed)
		respond_clear(c, &reply);
}

static void request(struct ike_call *c, bool well_formed)
{
	const struct ike_rule *rule = ike_rule_find(c->sa, c->msg);
	struct ike_sa *sa = c->sa;
	uint8_t critical = c->msg->unknown_critical;
	struct ike_builder reply;

	ike_build_start(&reply, c->e->build, sizeof(c->e->build));
	c->reply = &reply;
	/* Section 2.21: only who is authenticated gets told what is wrong. */
	if (sa->state == IKE_SA_AUTH_SENT || sa->state == IKE_SA_LEAVING ||
	    (sa->state == IKE_SA_HALF_OPEN && (!well_formed || !rule) &&
	     !critical)) {
		unexpected(c);
		return;
	}
	if (critical) {
		ike_build_notify(&reply, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
				 IKE_SLICE(&critical, 1));
	} else if (!well_formed || !rule) {
		unexpected(c);
		ike_build_status(&reply, IKE_N_INVALID_SYNTAX);
	} else {
		sa->window.answering = true;
		rule->handler(c);
		sa->window.answering = false;
	}
	ike_window_respond(sa, &c->msg->h, c->dgram, &reply);
	if (c->new_keys && !c->over)
		ike_intermediate_done(c);
	/* Section 2.21.3: malformed though authentic is the end of it. */
	if (!well_formed && !critical)
		ike_sa_kill(sa, "the peer sends malformed messages");
	else if (c->over)
		ike_sa_kill(sa, c->over);
	else
		ike_child_confirm(sa, c->msg->h.message_id);
}

static void response(struct ike_call *c, bool well_formed)
{
	const struct ike_rule *rule = ike_rule_find(c->sa, c->msg);
	struct ike_sa *sa = c->sa;

	if (well_formed && rule && !c->msg->unknown_critical) {
		rule->handler(c);
		return;
	}
	unexpected(c);
	/* It was authentic, so no better one will come. */
	if (sa->state == IKE_SA_ESTABLISHED || sa->state == IKE_SA_AUTH_SENT)
		ike_sa_give_up(sa, "the peer's %s response makes no sense",
			       ike_exchange_name(c->msg->h.exchange));
	else
		ike_sa_kill(sa, "the peer's response makes no sense");
}

/* What is in flight to where the peer was goes to where it is, and at once. */
static void go_to(struct ike_sa *sa, const struct ike_endpoint *to)
{
	if (ike_sa_roams(sa)) {
		sa->before = sa->remote;
		if (sa->tunnel)
			ike_tunnel_peer_at(sa->tunnel, &to->addr);
	}
	sa->remote = *to;
	ike_window_hurry(sa);
}

/*
 * Section 2.23: the peer's NAT may give it another port or address at any time. What
 * has shown that is a request that is authentic, and new.
 */
static void follow_peer(struct ike_call *c)
{
	const struct ike_datagram *d = c->dgram;
	struct ike_sa *sa = c->sa;
	bool moved = !ike_address_same(&sa->remote.addr, &d->remote.addr);
	char text[64];

	if (!ike_address_same(&sa->local.addr, &d->local.addr) ||
	    !(moved ? ike_sa_roams(sa) : ike_sa_follows(sa)))
		return;
	if (!moved && sa->remote.port == d->remote.port &&
	    sa->local.port == d->local.port)
		return;
	sa->local = d->local;
	go_to(sa, &d->remote);
	if (sa->state != IKE_SA_ESTABLISHED ||
	    !(sa->nat_local || sa->nat_remote))
		return;
	ike_endpoint_format(&d->remote, text, sizeof(text));
	ike_log(c->e, IKE_EVENT_NAT, IKE_LOG_NOTICE, sa->tunnel, IKE_NO_FIELDS,
		"the peer's NAT has moved it to %s: CHILD SA is rekeyed to it",
		text);
	for (struct ike_child *child = sa->children; child; child = child->next)
		child->want_rekey = true;
}

void ike_sa_esp_moved(struct ike_child *child, const struct ike_endpoint *to)
{
	struct ike_sa *sa = child->sa;
	bool moved = !ike_address_same(&sa->remote.addr, &to->addr);
	bool goes = sa->local.port != IKE_PORT &&
		    (moved ? ike_sa_roams(sa) : ike_sa_follows(sa));
	char text[64];

	if (!moved && (sa->remote.port == to->port || !goes))
		return;
	ike_endpoint_format(to, text, sizeof(text));
	ike_log(sa->e, IKE_EVENT_NAT, IKE_LOG_NOTICE, sa->tunnel, IKE_NO_FIELDS,
		goes ? "the peer's NAT has moved it to %s: ESP and IKE go there" :
		       "the peer's NAT has moved it: ESP goes to %s, IKE does not",
		text);
	/* On port 500 there is no NAT, or ESP has a mapping of its own. */
	if (!goes)
		return;
	go_to(sa, to);
	/* What has heard nothing of it: the pairs of other devices. */
	for (struct ike_child *c = sa->children; c; c = c->next)
		c->want_rekey |= c->tunnel != child->tunnel;
}

/* What was answered before may have been the last that older keys protected. */
static const struct ike_keys *keys_of(const struct ike_sa *sa,
				      const struct ike_msg *msg, bool replay)
{
	const struct ike_handshake *hs = sa->handshake;

	return replay && hs && hs->before_id == msg->h.message_id ? &hs->before :
								    &sa->keys;
}

/*
 * Takes a fragment (RFC 7383, section 2.6). Return: whether there is something
 * to go on with: a whole message, in @msg, or the first fragment of one that
 * was answered before, which stands for all of it (section 2.6.1).
 */
static bool fragment(struct ike_call *c, struct ike_msg *msg, bool replay,
		     int *err)
{
	struct ike_sa *sa = c->sa;
	struct ike_reassembly *r =
		ike_msg_is_response(msg) ? &sa->responses : &sa->requests;
	struct ike_slice part;
	uint8_t first;
	size_t len;

	if (!sa->fragmentation || msg->fragments > IKE_FRAGMENTS_MAX) {
		unexpected(c);
		return false;
	}
	if (replay ? msg->fragment != 1 : !ike_reassembly_wants(r, msg))
		return false;
	*err = ike_skf_open(keys_of(sa, msg, replay), !sa->initiator, msg,
			    c->e->plain, sizeof(c->e->plain), &part);
	if (*err || replay)
		return true;
	ike_sa_heard(sa);
	*err = ike_reassembly_add(r, msg, part);
	if (*err < 0) {
		c->e->counters.rx_fragments++;
		ike_complain(c->e, sa->tunnel, &c->dgram->remote,
			     "%s in fragments of more than %u octets together",
			     ike_exchange_name(msg->h.exchange),
			     IKE_REASSEMBLY_MAX);
	}
	if (*err != 1)
		return false;
	first = r->first;
	len = ike_reassembly_finish(r, c->e->plain, sizeof(c->e->plain));
	*err = ike_sk_parse(msg, first, IKE_SLICE(c->e->plain, len));
	return true;
}

/* A message of an IKE SA we have, behind its SK payload. */
static void protected(struct ike_call *c, struct ike_msg *msg)
{
	struct ike_sa *sa = c->sa;
	struct ike_window *w = &sa->window;
	bool is_response = ike_msg_is_response(msg);
	uint32_t id = msg->h.message_id;
	bool replay = !is_response && id + 1 == w->expected_id && w->response;
	int err = 0;

	if (!(msg->present & (IKE_P_SK | IKE_P_SKF)) || sa->state == IKE_SA_INIT_SENT) {
		if (!hint(c))
			unexpected(c);
		return;
	}
	if (is_response ? w->kind == IKE_X_NONE || id != w->next_id :
			  id != w->expected_id && !replay) {
		c->e->counters.rx_window++;
		return;
	}
	if (!(msg->present & IKE_P_SKF))
		err = ike_sk_open(keys_of(sa, msg, replay), !sa->initiator, msg,
				  c->e->plain, sizeof(c->e->plain));
	else if (!fragment(c, msg, replay, &err))
		return;
	if (err && err != -EBADMSG) {
		c->e->counters.rx_integrity++;
		ike_complain(c->e, sa->tunnel, &c->dgram->remote,
			     "%s that fails the integrity check",
			     ike_exchange_name(msg->h.exchange));
		return;
	}
	ike_sa_heard(sa);
	if (replay) {
		c->e->counters.replays++;
		ike_window_replay(sa, c->dgram);
		return;
	}
	/* Whoever goes on behind IKE_AUTH has our response to that. */
	sa->origin.shared |= sa->state == IKE_SA_ESTABLISHED;
	if (is_response) {
		response(c, !err);
	} else {
		follow_peer(c);
		ike_window_lives(sa);
		request(c, !err);
	}
}

void ike_engine_input(struct ike_engine *e, uint64_t now,
		      const struct ike_datagram *dgram)
{
	struct ike_msg msg = { 0 };
	struct ike_call c = { .e = e, .msg = &msg, .dgram = dgram };
	struct ike_slice raw = IKE_SLICE(dgram->data, dgram->len);

	ike_engine_enter(e, now);
	e->counters.rx_messages++;
	if (ike_header_parse(&msg.h, raw)) {
		e->counters.rx_malformed++;
		ike_complain(e, NULL, &dgram->remote,
			     "%zu octets that are no IKE message", dgram->len);
	} else if (msg.h.version >> 4 != IKE_VERSION_MAJOR) {
		wrong_version(&c);
	} else if (ike_msg_parse(&msg, raw)) {
		e->counters.rx_malformed++;
		ike_complain(e, NULL, &dgram->remote, "malformed %s",
			     ike_exchange_name(msg.h.exchange));
	} else if (msg.h.exchange == IKE_EXCHANGE_SA_INIT &&
		   !ike_msg_is_response(&msg)) {
		first_request(&c);
	} else if (!(c.sa = find_sa(e, &msg))) {
		stray(&c);
	} else if (msg.h.exchange == IKE_EXCHANGE_SA_INIT) {
		const struct ike_rule *rule = ike_rule_find(c.sa, &msg);

		/* Anybody can send this one: what does not fit is dropped. */
		if (rule && !msg.h.message_id && !msg.unknown_critical &&
		    ike_address_same(&c.sa->remote.addr, &dgram->remote.addr))
			rule->handler(&c);
		else
			unexpected(&c);
	} else {
		protected(&c, &msg);
	}
	ike_engine_settle(e);
}
