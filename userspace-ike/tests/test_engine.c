// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an engine does with messages that a peer in its right mind does not
 * send. The messages are made with the keys of the other end, so most of them
 * are authentic: authenticated peers may be malicious, too.
 */
#include "bench.h"

static void garbage(void **state)
{
	struct bench *t = bench_up();
	uint8_t noise[64];
	struct ike_counters before = counters(t);

	(void)state;
	for (size_t len = 0; len < sizeof(noise); len++) {
		for (size_t i = 0; i < len; i++)
			noise[i] = (uint8_t)sim_random(&t->sim.rng);
		assert_int_equal(deliver(t, noise, len), 0);
	}
	assert_int_equal(counters(t).rx_malformed - before.rx_malformed, 64);
	assert_true(alive(t));
	/* At most a handful of lines about it. */
	assert_in_range(t->sim.nodes[1].counts[IKE_EVENT_BAD_MESSAGE], 1, 5);
	bench_free(t);
}

static size_t clear(struct bench *t, uint8_t version, uint8_t exchange,
		    uint8_t flags)
{
	struct ike_header h = {
		.spi_i = 0x1111,
		.next_payload = t->b.first,
		.version = version,
		.exchange = exchange,
		.flags = flags,
		.length = (uint32_t)(28 + t->b.w.len),
	};

	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	return h.length;
}

static void other_versions(void **state)
{
	struct bench *t = bench_up();
	size_t len;

	(void)state;
	ike_build_status(&t->b, 16400);
	/* Section 2.5: a higher one is told which one we speak. */
	len = deliver(t, t->wire, clear(t, 0x30, 34, 0x08));
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_non_null(ike_msg_notify(&t->reply,
				       IKE_N_INVALID_MAJOR_VERSION));
	/* A lower one, and a response, are not. */
	assert_int_equal(deliver(t, t->wire, clear(t, 0x10, 34, 0x08)), 0);
	assert_int_equal(deliver(t, t->wire, clear(t, 0x30, 34, 0x28)), 0);
	/* The minor number means nothing. */
	assert_int_equal(deliver(t, t->wire, clear(t, 0x2f, 34, 0x08)), 0);
	assert_int_equal(counters(t).rx_version, 3);
	bench_free(t);
}

/*
 * What is answered without an IKE SA is what somebody could have us send to others: to a
 * few is enough, and none to who is no peer of ours.
 */
static void strangers_are_not_answered_for_ever(void **state)
{
	(void)state;
	for (unsigned int critical = 0; critical < 2; critical++) {
		struct bench *t = bench_up();
		struct ike_endpoint away = sim_address(&t->sim, 0, true);
		uint8_t version = critical ? 0x20 : 0x30;
		unsigned int answers = 0;
		uint64_t sent;
		size_t len;

		if (critical) {
			ike_build_open(&t->b, 200);
			ike_build_close(&t->b);
			t->build[1] = IKE_PAYLOAD_CRITICAL;
		} else {
			ike_build_status(&t->b, 16400);
		}
		for (unsigned int i = 0; i < 20; i++) {
			len = clear(t, version, 34, 0x08);
			answers += deliver(t, t->wire, len) != 0;
		}
		assert_int_equal(answers, 5);
		t->sim.now += 10000;
		len = clear(t, version, 34, 0x08);
		assert_int_not_equal(deliver(t, t->wire, len), 0);
		away.addr.octets[3] = 99;
		sent = counters(t).tx_messages;
		len = clear(t, version, 34, 0x08);
		deliver_from(t, away, t->wire, len);
		assert_int_equal(counters(t).tx_messages, sent);
		bench_free(t);
	}
}

static void first_requests_with_flaws(void **state)
{
	struct bench *t = bench_up();
	struct ike_suite *suite = &t->sim.nodes[0].config.ike;
	uint8_t nonce[32] = { 0 }, ke[32] = { 9 };
	size_t len;

	(void)state;
	/* Unknown and critical. */
	ike_build_open(&t->b, 200);
	ike_build_close(&t->b);
	t->build[1] = IKE_PAYLOAD_CRITICAL;
	len = deliver(t, t->wire, clear(t, 0x20, 34, 0x08));
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(t->reply.notifies[0].type,
			 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(t->reply.notifies[0].data.data[0], 200);

	/* Payloads missing. */
	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	assert_int_equal(deliver(t, t->wire, clear(t, 0x20, 34, 0x08)), 0);

	/* A public value of the wrong length, and one of no use. */
	for (size_t n = 0; n < 3; n++) {
		static const size_t lens[] = { 31, 33, 32 };

		if (n == 2)
			memset(ke, 0, sizeof(ke));
		ike_build_start(&t->b, t->build, sizeof(t->build));
		ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
		ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(nonce, lens[n] > 32 ?
							     32 : lens[n]));
		if (lens[n] == 33) {
			ike_build_start(&t->b, t->build, sizeof(t->build));
			ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
			ike_build_open(&t->b, IKE_PAYLOAD_KE);
			ike_put_u16(&t->b.w, IKE_KE_X25519);
			ike_put_u16(&t->b.w, 0);
			ike_put(&t->b.w, IKE_SLICE(ke, 32));
			ike_put_u8(&t->b.w, 1);
			ike_build_close(&t->b);
		}
		ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
		assert_int_equal(deliver(t, t->wire, clear(t, 0x20, 34, 0x08)),
				 0);
	}

	/* A group that was not offered is answered with one that was. */
	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
	ike_build_ke(&t->b, 255, IKE_SLICE(ke, 32));
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	len = deliver(t, t->wire, clear(t, 0x20, 34, 0x08));
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(t->reply.notifies[0].type, IKE_N_INVALID_KE_PAYLOAD);
	assert_int_equal(get_be16(t->reply.notifies[0].data.data),
			 IKE_KE_X25519);

	/* None of it has left anything behind. */
	assert_int_equal(t->sim.nodes[1].engine->half_open, 0);
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

static void requests_are_answered_once(void **state)
{
	struct bench *t = bench_up();
	uint32_t id = sa_of(t, 1)->window.expected_id;
	uint8_t req[256], first[256];
	size_t len, n;

	(void)state;
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id);
	memcpy(req, t->wire, len);
	n = deliver(t, req, len);
	assert_int_not_equal(n, 0);
	memcpy(first, t->wire, n);
	/* Again: octet by octet the same. */
	assert_int_equal(deliver(t, req, len), n);
	assert_memory_equal(first, t->wire, n);
	assert_int_equal(counters(t).replays, 1);
	/* A forged copy is not worth an answer. */
	req[len - 1] ^= 1;
	assert_int_equal(deliver(t, req, len), 0);
	/* Out of the window, on both sides. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id - 1);
	assert_int_equal(deliver(t, t->wire, len), 0);
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id + 2);
	assert_int_equal(deliver(t, t->wire, len), 0);
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR,
		   UINT32_MAX);
	assert_int_equal(deliver(t, t->wire, len), 0);
	/* A response to what nobody asked. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL,
		   IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, 0);
	assert_int_equal(deliver(t, t->wire, len), 0);
	assert_true(alive(t));
	bench_free(t);
}

static void requests_are_sent_again_as_they_are(void **state)
{
	struct bench *t = bench_up();
	uint8_t first[256] = { 0 };
	unsigned int sent = 0;
	uint64_t begun;

	(void)state;
	/* Silence: sooner or later node 1 asks, and asks again, then gives up. */
	t->sim.net.cut = true;
	ike_engine_command(t->sim.nodes[1].engine, t->sim.now,
			   IKE_CMD_REKEY_CHILD, "beta");
	begun = t->sim.now;
	while (alive(t)) {
		const struct ike_window *w = &sa_of(t, 1)->window;

		if (w->request && w->transmissions != sent) {
			if (sent)
				assert_memory_equal(first, w->request, 200);
			else
				memcpy(first, w->request, 200);
			sent = w->transmissions;
		}
		sim_run(&t->sim, 50);
		assert_true(t->sim.now - begun < 15000);
	}
	assert_int_equal(sent, IKE_TRANSMISSIONS);
	assert_int_equal(t->sim.nodes[1].counts[IKE_EVENT_PEER_DEAD], 1);
	assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	bench_free(t);
}

/*
 * None of our requests arrives, or none of the answers. The peer asks, so it lives, but
 * if all it does is to ask it is given up in the end.
 */
static void who_asks_lives(void **state)
{
	struct bench *t = bench_up();
	struct sim_node *node = &t->sim.nodes[1];
	struct ike_sa *sa = sa_of(t, 1);
	uint64_t sent, last = t->sim.now;

	(void)state;
	ike_engine_command(node->engine, t->sim.now, IKE_CMD_REKEY_CHILD, "beta");
	assert_int_equal(sa->window.kind, IKE_X_REKEY_CHILD);
	sent = counters(t).retransmits;
	while (alive(t) && sa->window.kind == IKE_X_REKEY_CHILD) {
		if (sa->window.transmissions == 4 && last + 1000 < t->sim.now) {
			assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
			last = t->sim.now;
		}
		t->sim.now += 50;
		ike_engine_tick(node->engine, t->sim.now);
		forget(t);
		assert_true(counters(t).retransmits - sent <= 11);
	}
	assert_int_equal(counters(t).retransmits - sent,
			 IKE_RENEWALS * 3 + IKE_TRANSMISSIONS - 1);
	assert_int_equal(node->counts[IKE_EVENT_PEER_DEAD], 1);
	bench_free(t);
}

/* The same of a peer that does not even ask, but whose packets come; or came once. */
static void whose_packets_come_lives(void **state)
{
	(void)state;
	for (unsigned int come = 0; come < 2; come++) {
		struct bench *t = bench_up();
		struct sim_node *node = &t->sim.nodes[1];
		uint64_t sent = counters(t).retransmits;
		bool first = true;

		assert_false(node->engine->tunnels->sought);
		ike_engine_command(node->engine, t->sim.now,
				   IKE_CMD_REKEY_CHILD, "beta");
		while (!node->counts[IKE_EVENT_PEER_DEAD]) {
			struct sim_pair *p = sim_kernel_active(&node->kernel);

			assert_non_null(p);
			p->rx += come || first;
			first = false;
			t->sim.now += 50;
			ike_engine_tick(node->engine, t->sim.now);
			forget(t);
		}
		assert_int_equal(counters(t).retransmits - sent,
				 (1 + come * IKE_RENEWALS) *
					 (IKE_TRANSMISSIONS - 1));
		bench_free(t);
	}
}

static void exchanges_out_of_turn(void **state)
{
	struct bench *t = bench_up();

	(void)state;
	/* IKE_AUTH once more. */
	ike_build_auth(&t->b, 2, IKE_SLICE(t->build, 0));
	assert_true(request(t, IKE_EXCHANGE_AUTH));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_SYNTAX));
	/* IKE_SA_INIT under protection; an exchange nobody knows. */
	assert_false(request(t, IKE_EXCHANGE_SA_INIT));
	assert_true(request(t, 99));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_SYNTAX));
	/* Unknown and critical. */
	ike_build_open(&t->b, 201);
	ike_build_close(&t->b);
	t->build[1] = IKE_PAYLOAD_CRITICAL;
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_non_null(ike_msg_notify(&t->reply,
				       IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD));
	assert_true(alive(t));
	bench_free(t);
}

/* Section 2.21.3 */
static void malformed_is_fatal(void **state)
{
	struct bench *t = bench_up();

	(void)state;
	ike_build_open(&t->b, IKE_PAYLOAD_NONCE);
	ike_build_close(&t->b);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_SYNTAX));
	assert_false(alive(t));
	assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	bench_free(t);
}

/* Nothing but IKE_AUTH gets through before IKE_AUTH, whoever has the keys. */
static void nothing_before_auth(void **state)
{
	struct bench *t = bench_new();

	(void)state;
	/* Both have keys, and IKE_AUTH is on its way. */
	bench_to_auth(t);
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	forget(t);

	ike_build_start(&t->b, t->build, sizeof(t->build));
	assert_false(request(t, IKE_EXCHANGE_INFORMATIONAL));
	ike_build_delete_ike(&t->b);
	assert_false(request(t, IKE_EXCHANGE_INFORMATIONAL));
	ike_build_offer(&t->b, IKE_USE_IKE_REKEY, &t->sim.nodes[0].config.ike,
			1);
	ike_build_nonce(&t->b, IKE_SLICE(t->plain, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(t->plain, 32));
	assert_false(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	/* EAP is no way in, either. */
	ike_build_id(&t->b, IKE_PAYLOAD_IDI, IKE_SLICE(t->plain, 8));
	ike_build_offer(&t->b, IKE_USE_AUTH_CHILD,
			&t->sim.nodes[0].config.esp, 1000);
	struct ike_ts_set any;
	ike_ts_any(&any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
	assert_true(request(t, IKE_EXCHANGE_AUTH));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_AUTHENTICATION_FAILED));
	assert_null(sa_of(t, 1));
	bench_free(t);
}

/* A request of an IKE SA that node 1 does not have. Return: as deliver(). */
static size_t deliver_stray(struct bench *t, uint8_t flags)
{
	size_t len;

	ike_build_start(&t->b, t->build, sizeof(t->build));
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, flags, 7);
	t->wire[15] ^= 1;
	return deliver(t, t->wire, len);
}

/* Section 2.21.4 */
static void strays_are_told_so(void **state)
{
	struct bench *t = bench_up();
	uint64_t spi_r = sa_of(t, 1)->spi_r ^ 1;
	size_t len;

	(void)state;
	len = deliver_stray(t, IKE_FLAG_INITIATOR);
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(t->reply.present, IKE_P_NOTIFY);
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_IKE_SPI));
	assert_true(t->reply.h.spi_i == sa_of(t, 1)->spi_i &&
		    t->reply.h.spi_r == spi_r);
	assert_int_equal(t->reply.h.message_id, 7);
	assert_int_equal(t->reply.h.exchange, IKE_EXCHANGE_INFORMATIONAL);
	assert_int_equal(t->reply.h.flags, IKE_FLAG_RESPONSE);
	/* The other way round, the I flag is ours. */
	assert_int_not_equal(deliver_stray(t, 0), 0);
	assert_int_equal(t->wire[19], IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR);
	/* Never to a response, nor to what is not protected. */
	assert_int_equal(deliver_stray(t, IKE_FLAG_RESPONSE), 0);
	ike_build_status(&t->b, IKE_N_INVALID_IKE_SPI);
	assert_int_equal(deliver(t, t->wire, clear(t, 0x20, 37, 0x08)), 0);
	/* A few times, and again after a while. */
	for (unsigned int i = 2; i < 5; i++)
		assert_int_not_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	assert_int_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	t->sim.now += 10000;
	assert_int_not_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	assert_int_equal(counters(t).invalid_ike_spis_sent, 6);
	/* Never to who is no peer of ours. */
	t->sim.nodes[1].engine->tunnels->config.remote.octets[0] ^= 1;
	assert_int_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	t->sim.nodes[1].engine->tunnels->config.remote.octets[0] ^= 1;
	assert_true(alive(t));
	bench_free(t);
}

/* A notification in clear, of the IKE SA or of none. Return: octets of the answer. */
static size_t deliver_clear(struct bench *t, uint16_t type, uint8_t flags,
			    bool known, uint32_t message_id)
{
	struct ike_header h = {
		.spi_i = known ? sa_of(t, 1)->spi_i : 0x1111,
		.spi_r = known ? sa_of(t, 1)->spi_r : 0,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_INFORMATIONAL,
		.flags = flags,
		.message_id = message_id,
	};

	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0), type,
			 IKE_SLICE(t->plain, 4));
	h.next_payload = t->b.first;
	h.length = (uint32_t)(28 + t->b.w.len);
	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	return deliver(t, t->wire, h.length);
}

static void deliver_hint(struct bench *t, uint16_t type, uint8_t flags,
			 bool known)
{
	assert_int_equal(deliver_clear(t, type, flags, known, 0), 0);
}

/*
 * The IKE SA is not known, says the answer to a request of ours. Return: how many are
 * being begun then.
 */
static unsigned int begun_when_unknown(struct bench *t, uint32_t message_id,
				       bool sought)
{
	unsigned int n = 0;

	t->sim.nodes[1].engine->tunnels->sought = sought;
	deliver_clear(t, IKE_N_INVALID_IKE_SPI,
		      IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR, true, message_id);
	for (struct ike_sa *sa = t->sim.nodes[1].engine->sas; sa; sa = sa->next)
		n += sa->state == IKE_SA_INIT_SENT;
	return n;
}

/* What has no proof is no reason to do anything but ask. */
static void hints_only_make_us_ask(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t flags;
		bool known;
	} hints[] = {
		{ IKE_N_INVALID_IKE_SPI, IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR,
		  true },
		{ IKE_N_INVALID_SPI, IKE_FLAG_INITIATOR, false },
		{ IKE_N_INVALID_SPI, IKE_FLAG_INITIATOR, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		struct bench *t = bench_up();
		struct ike_sa *sa = sa_of(t, 1);

		assert_false(ike_window_busy(sa));
		deliver_hint(t, hints[i].type, hints[i].flags, hints[i].known);
		assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
		assert_int_equal(counters(t).hints, 1);
		/* Not in a row, whoever insists. */
		ike_window_answered(sa);
		deliver_hint(t, hints[i].type, hints[i].flags, hints[i].known);
		assert_false(ike_window_busy(sa));
		assert_int_equal(counters(t).hints, 2);
		t->sim.now += 3000;
		sa->hint_at = 0;
		deliver_hint(t, hints[i].type, hints[i].flags, hints[i].known);
		assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
		assert_true(alive(t));
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
	/* Other words in clear are not even that. */
	{
		struct bench *t = bench_up();

		deliver_hint(t, IKE_N_AUTHENTICATION_FAILED, IKE_FLAG_INITIATOR,
			     true);
		deliver_hint(t, IKE_N_INVALID_IKE_SPI, IKE_FLAG_INITIATOR, true);
		assert_int_equal(counters(t).hints, 0);
		assert_false(ike_window_busy(sa_of(t, 1)));
		assert_true(alive(t));
		bench_free(t);
	}
}

/* In answer to what we ask, it is: a new IKE SA beside this one finds out. */
static void who_sees_what_we_ask_is_asked_anew(void **state)
{
	struct bench *t = bench_up();
	struct ike_sa *sa = sa_of(t, 1);
	uint32_t id;

	(void)state;
	sa->origin.shared = true;
	sa->children->in_use = true;
	deliver_hint(t, IKE_N_INVALID_SPI, IKE_FLAG_INITIATOR, false);
	assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
	id = sa->window.next_id;
	/* To another request, from elsewhere, or of a tunnel that the peer begins. */
	assert_int_equal(begun_when_unknown(t, id + 1, true), 0);
	sa->remote.addr.octets[0] ^= 1;
	assert_int_equal(begun_when_unknown(t, id, true), 0);
	sa->remote.addr.octets[0] ^= 1;
	assert_int_equal(begun_when_unknown(t, id, false), 0);

	assert_int_equal(begun_when_unknown(t, id, true), 1);
	/* One at a time; and what there is stays. */
	assert_int_equal(begun_when_unknown(t, id, true), 1);
	assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
	assert_true(sim_both_up(&t->sim));
	bench_free(t);
}

/* The tunnel is not to wait for an IKE SA that carries nothing, and has not for long. */
static void what_carries_nothing_is_not_waited_for(void **state)
{
	struct bench *t = bench_up();
	struct ike_sa *sa = sa_of(t, 1);
	uint32_t id;

	(void)state;
	deliver_hint(t, IKE_N_INVALID_SPI, IKE_FLAG_INITIATOR, false);
	assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
	id = sa->window.next_id;
	for (struct ike_child *c = sa->children; c; c = c->next)
		c->in_use = false;
	sa->heard_at = t->sim.now - 9000;
	begun_when_unknown(t, id, true);
	assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
	sa->heard_at = t->sim.now - 10000;
	begun_when_unknown(t, id, true);
	sa = sa_of(t, 1);
	assert_true(!sa || sa->state != IKE_SA_ESTABLISHED);
	bench_free(t);
}

/* Node 1 has begun with IKE_SA_INIT, which node 0 has not got yet. */
static struct bench *bench_init_sent(void)
{
	struct bench *t = bench_new();

	t->sim.nodes[0].config.start = IKE_START_PASSIVE;
	t->sim.nodes[1].config.start = IKE_START_ALWAYS;
	sim_start(&t->sim, 0);
	sim_start(&t->sim, 1);
	ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_INIT_SENT);
	forget(t);
	return t;
}

/* An answer to that: an error in clear. */
static void refuse_init(struct bench *t, struct ike_endpoint from, uint16_t type)
{
	static const uint8_t group[2] = { 0, 2 };
	struct ike_header h = {
		.spi_i = sa_of(t, 1)->spi_i,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};

	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0), type,
			 IKE_SLICE(group, type == IKE_N_INVALID_KE_PAYLOAD ? 2 : 0));
	h.next_payload = t->b.first;
	h.length = (uint32_t)(28 + t->b.w.len);
	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	deliver_from(t, from, t->wire, h.length);
}

/* Section 2.21.1: whoever hears our request can be faster than the responder. */
static void errors_in_clear_end_nothing(void **state)
{
	static const uint16_t types[] = { IKE_N_NO_PROPOSAL_CHOSEN,
					  IKE_N_INVALID_SYNTAX,
					  IKE_N_INVALID_KE_PAYLOAD, 8192 - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct bench *t = bench_init_sent();
		struct ike_sa *sa = sa_of(t, 1);

		for (unsigned int n = 0; n < 20; n++)
			refuse_init(t, sim_address(&t->sim, 0, true), types[i]);
		assert_ptr_equal(sa_of(t, 1), sa);
		assert_int_equal(sa->state, IKE_SA_INIT_SENT);
		/* Our request was lost, and is sent again. */
		sim_run(&t->sim, 2000);
		assert_true(sim_both_up(&t->sim));
		assert_ptr_equal(sa_of(t, 1), sa);
		assert_null(sa->next);
		assert_int_equal(t->sim.nodes[1].engine->tunnels->failures, 0);
		bench_free(t);
	}
}

/* If nothing else comes, it was true, and is told; be there no other answer at all. */
static void errors_in_clear_are_told_in_the_end(void **state)
{
	(void)state;
	for (unsigned int late = 0; late < 2; late++) {
		struct bench *t = bench_init_sent();
		const struct ike_tunnel *tunnel = t->sim.nodes[1].engine->tunnels;
		unsigned int sent = 0;

		t->sim.net.cut = true;
		if (late)
			sim_run(&t->sim, 7000);
		assert_int_equal(tunnel->failures, 0);
		refuse_init(t, sim_address(&t->sim, 0, true),
			    IKE_N_NO_PROPOSAL_CHOSEN);
		/* Who really refuses is not asked over and over. */
		for (unsigned int n = 0; !tunnel->failures; n++) {
			unsigned int before = sa_of(t, 1)->window.transmissions;

			t->sim.now += 100;
			ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
			sent += sa_of(t, 1) &&
				sa_of(t, 1)->window.transmissions > before;
			assert_true(n < 31);
		}
		assert_in_range(sent, late ? 0 : 1, late ? 0 : 2);
		assert_null(sa_of(t, 1));
		assert_non_null(strstr(tunnel->last_error, "refused our IKE proposal"));
		assert_false(tunnel->silent);
		assert_int_equal(tunnel->failed[0]->reason,
				 IKE_FAILURE_IKE_PROPOSAL);
		bench_free(t);
	}
}

/* Nor does anybody else get as far as that. */
static void answers_of_others_are_dropped(void **state)
{
	struct bench *t = bench_init_sent();
	struct ike_endpoint other = sim_address(&t->sim, 0, true);
	struct ike_sa *sa = sa_of(t, 1);

	(void)state;
	other.addr.octets[3] = 99;
	refuse_init(t, other, IKE_N_NO_PROPOSAL_CHOSEN);
	assert_int_equal(sa->handshake->refused_until, 0);
	assert_int_equal(counters(t).rx_unexpected, 1);
	refuse_init(t, sim_address(&t->sim, 0, true), IKE_N_NO_PROPOSAL_CHOSEN);
	assert_int_not_equal(sa->handshake->refused_until, 0);
	bench_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage),
		cmocka_unit_test(other_versions),
		cmocka_unit_test(strangers_are_not_answered_for_ever),
		cmocka_unit_test(first_requests_with_flaws),
		cmocka_unit_test(requests_are_answered_once),
		cmocka_unit_test(requests_are_sent_again_as_they_are),
		cmocka_unit_test(who_asks_lives),
		cmocka_unit_test(whose_packets_come_lives),
		cmocka_unit_test(exchanges_out_of_turn),
		cmocka_unit_test(malformed_is_fatal),
		cmocka_unit_test(nothing_before_auth),
		cmocka_unit_test(strays_are_told_so),
		cmocka_unit_test(hints_only_make_us_ask),
		cmocka_unit_test(who_sees_what_we_ask_is_asked_anew),
		cmocka_unit_test(what_carries_nothing_is_not_waited_for),
		cmocka_unit_test(errors_in_clear_end_nothing),
		cmocka_unit_test(errors_in_clear_are_told_in_the_end),
		cmocka_unit_test(answers_of_others_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
