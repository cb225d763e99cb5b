// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What anybody can send, who has no keys: IKE_SA_INIT and cookies, old messages and
 * forged ones, from here and there.
 */
#include "bench.h"

/* An IKE_SA_INIT request into t->wire[]. Return: its octets. */
static size_t first(struct bench *t, uint64_t spi, struct ike_slice cookie)
{
	static const uint8_t nonce[32] = { 1 }, ke[32] = { 9 };
	struct ike_header h = {
		.spi_i = spi,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_SA_INIT,
		.flags = IKE_FLAG_INITIATOR,
	};

	ike_build_start(&t->b, t->build, sizeof(t->build));
	if (cookie.len)
		ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_COOKIE, cookie);
	ike_build_offer(&t->b, IKE_USE_INIT, &t->sim.nodes[1].config.ike, 0);
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	h.next_payload = t->b.first;
	h.length = (uint32_t)(28 + t->b.w.len);
	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	return h.length;
}

/* Sends it. Return: whether an IKE SA came of it; else it was asked for a cookie. */
static bool accepted(struct bench *t, struct ike_endpoint from, uint64_t spi,
		     struct ike_slice cookie)
{
	struct ike_engine *e = t->sim.nodes[1].engine;
	unsigned int before = e->half_open;
	size_t len = first(t, spi, cookie);

	len = deliver_from(t, from, t->wire, len);
	assert_int_not_equal(len, 0);
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	if (t->reply.present & IKE_P_SA) {
		assert_int_equal(e->half_open, before + 1);
		return true;
	}
	assert_int_equal(t->reply.present, IKE_P_NOTIFY);
	assert_int_equal(t->reply.n_notifies, 1);
	assert_int_equal(t->reply.notifies[0].type, IKE_N_COOKIE);
	assert_in_range(t->reply.notifies[0].data.len, 1, 64);
	assert_true(t->reply.h.spi_i == spi && !t->reply.h.spi_r);
	/* And nothing was remembered. */
	assert_int_equal(e->half_open, before);
	return false;
}

/* Node 1 alone, and two that never come back; a third one is asked for a cookie. */
static struct bench *bench_busy(void)
{
	struct bench *t = bench_new();
	struct ike_endpoint from;

	t->sim.nodes[1].limits.cookie_threshold = 2;
	sim_start(&t->sim, 1);
	from = sim_address(&t->sim, 0, true);
	assert_true(accepted(t, from, 1, IKE_SLICE(NULL, 0)));
	assert_true(accepted(t, from, 2, IKE_SLICE(NULL, 0)));
	return t;
}

/* Section 2.6: only the right one is good, and a wrong one is like none at all. */
static void cookies_are_looked_at(void **state)
{
	struct bench *t = bench_busy();
	struct ike_endpoint from = sim_address(&t->sim, 0, true), port = from;
	uint8_t cookie[64];
	struct ike_slice c = IKE_SLICE(cookie, 0);

	(void)state;
	assert_false(accepted(t, from, 3, IKE_SLICE(NULL, 0)));
	assert_int_equal(counters(t).cookies_bad, 0);
	c.len = t->reply.notifies[0].data.len;
	memcpy(cookie, t->reply.notifies[0].data.data, c.len);
	for (size_t i = 0; i < c.len; i++) {
		cookie[i] ^= 1;
		assert_false(accepted(t, from, 3, c));
		cookie[i] ^= 1;
	}
	assert_false(accepted(t, from, 3, IKE_SLICE(cookie, c.len - 1)));
	/* It is another one's. */
	assert_false(accepted(t, from, 4, c));
	port.port++;
	assert_false(accepted(t, port, 3, c));
	assert_int_equal(counters(t).cookies_bad, c.len + 3);
	assert_int_equal(counters(t).cookies_sent, c.len + 4);
	assert_true(accepted(t, from, 3, c));
	bench_free(t);
}

/* Where there are many, those that do not come back go sooner. */
static void half_open_ones_make_room(void **state)
{
	struct bench *t = bench_busy();
	struct ike_engine *e = t->sim.nodes[1].engine;

	(void)state;
	sim_run(&t->sim, 9900);
	assert_int_equal(e->half_open, 2);
	sim_run(&t->sim, 200);
	assert_int_equal(e->half_open, 1);
	sim_run(&t->sim, 19000);
	assert_int_equal(e->half_open, 1);
	sim_run(&t->sim, 1000);
	assert_int_equal(e->half_open, 0);
	assert_null(e->sas);
	bench_free(t);
}

/* As initiator: it goes back as it came, and in front. */
static void a_cookie_goes_back_in_front(void **state)
{
	static const uint8_t cookie[7] = { 7, 6, 5, 4, 3, 2, 1 };
	struct bench *t = bench_new();
	struct ike_header h = {
		.version = 0x20,
		.exchange = IKE_EXCHANGE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	struct ike_msg msg = { 0 };
	struct ike_slice sent;
	uint8_t nonce[32];

	(void)state;
	t->sim.nodes[1].config.start = IKE_START_ALWAYS;
	sim_start(&t->sim, 1);
	ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
	memcpy(nonce, sa_of(t, 1)->handshake->nonce_i.data, 32);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0), IKE_N_COOKIE,
			 IKE_SLICE(cookie, sizeof(cookie)));
	h.spi_i = sa_of(t, 1)->spi_i;
	h.next_payload = t->b.first;
	h.length = (uint32_t)(28 + t->b.w.len);
	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	deliver(t, t->wire, h.length);
	assert_int_equal(requests_sent(t), 1);
	sent = IKE_SLICE(t->sim.queue[0].data, t->sim.queue[0].len);
	assert_int_equal(ike_msg_parse(&msg, sent), 0);
	assert_int_equal(msg.h.next_payload, IKE_PAYLOAD_NOTIFY);
	assert_int_equal(get_be16(sent.data + 28 + 6), IKE_N_COOKIE);
	assert_int_equal(get_be16(sent.data + 28 + 2), 8 + sizeof(cookie));
	assert_memory_equal(sent.data + 28 + 8, cookie, sizeof(cookie));
	/* All else is as it was. */
	assert_true(msg.h.spi_i == h.spi_i);
	assert_memory_equal(msg.nonce.data, nonce, 32);
	assert_true(msg.present & IKE_P_SA && msg.present & IKE_P_KE);
	bench_free(t);
}

/* Section 2.1: the same again gets the same, and there is one IKE SA. */
static void init_comes_again(void **state)
{
	struct bench *t = bench_new();
	uint8_t req[1024], answer[1024];
	const struct ike_handshake *hs;
	size_t len, n;

	(void)state;
	bench_to_auth(t);
	hs = sa_of(t, 0)->handshake;
	len = hs->init_i_len;
	n = hs->init_r_len;
	assert_in_range(len, 100, sizeof(req));
	memcpy(req, hs->init_i, len);
	memcpy(answer, hs->init_r, n);
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(deliver(t, req, len), n);
		assert_memory_equal(t->wire, answer, n);
	}
	assert_int_equal(counters(t).replays, 3);
	/* One octet other, and it is not the same any more. */
	for (size_t i = 40; i < len; i += 37) {
		req[i] ^= 1;
		assert_int_equal(deliver(t, req, len), 0);
		req[i] ^= 1;
	}
	assert_int_equal(t->sim.nodes[1].engine->half_open, 1);
	assert_null(sa_of(t, 1)->next);
	sim_run(&t->sim, 2000);
	assert_true(sim_both_up(&t->sim));
	/* Once the IKE SA is there, it is late. */
	assert_int_equal(deliver(t, req, len), 0);
	assert_int_equal(t->sim.nodes[1].engine->half_open, 0);
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

/* Both up, node 0 behind a NAT. */
static struct bench *bench_nat(void)
{
	struct bench *t = bench_new();

	t->sim.net.nat = true;
	t->sim.net.nat_shift = 1000;
	return bench_start(t);
}

/* Hands t->wire[] to node 1 from another port of the NAT. Return: as deliver(). */
static size_t from_elsewhere(struct bench *t, struct ike_endpoint from,
			     size_t len)
{
	return deliver_between(t, sa_of(t, 1)->local, from, t->wire, len);
}

/* Sections 2.11 and 2.23: where IKE goes is for the peer's next request to say. */
static void a_port_needs_proof(void **state)
{
	struct bench *t = bench_nat();
	struct ike_sa *sa = sa_of(t, 1);
	struct ike_endpoint was = sa->remote, other = was;
	uint32_t id = sa->window.expected_id;
	uint8_t old[256];
	size_t len;

	(void)state;
	assert_int_equal(was.port, IKE_PORT_NATT + 1000);
	other.port += 7;
	/* Forged. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id);
	memcpy(old, t->wire, len);
	t->wire[len - 1] ^= 1;
	assert_int_equal(from_elsewhere(t, other, len), 0);
	assert_memory_equal(&sa->remote, &was, sizeof(was));
	/* A copy of what was answered before; then an older one still. */
	memcpy(t->wire, old, len);
	from_elsewhere(t, was, len);
	assert_int_equal(sa->window.expected_id, id + 1);
	memcpy(t->wire, old, len);
	from_elsewhere(t, other, len);
	assert_int_equal(counters(t).replays, 1);
	assert_memory_equal(&sa->remote, &was, sizeof(was));
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id + 1);
	from_elsewhere(t, was, len);
	memcpy(t->wire, old, len);
	from_elsewhere(t, other, len);
	assert_memory_equal(&sa->remote, &was, sizeof(was));
	/* A response: it goes where the request came from, which is not followed. */
	sa->want_probe = true;
	ike_engine_tick(sa->e, t->sim.now);
	assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL,
		   IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, sa->window.next_id);
	from_elsewhere(t, other, len);
	assert_int_equal(sa->window.kind, IKE_X_NONE);
	assert_memory_equal(&sa->remote, &was, sizeof(was));
	/* A new one is what it takes. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR,
		   sa->window.expected_id);
	from_elsewhere(t, other, len);
	assert_memory_equal(&sa->remote, &other, sizeof(other));
	assert_true(alive(t));
	bench_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_looked_at),
		cmocka_unit_test(half_open_ones_make_room),
		cmocka_unit_test(a_cookie_goes_back_in_front),
		cmocka_unit_test(init_comes_again),
		cmocka_unit_test(a_port_needs_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
