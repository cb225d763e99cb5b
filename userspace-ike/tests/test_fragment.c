// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages in fragments (RFC 7383): put together whatever the network did to
 * them, and bounded whatever a peer does.
 */
#include "testing.h"

#include "core.h"
#include "sim.h"

#define PART 100	/* octets of payloads in a fragment, where we cut */

struct bench {
	struct sim sim;
	uint8_t build[40000];
	uint8_t wire[65536];
	uint8_t plain[65536];
	size_t len;
	struct ike_builder b;
	uint32_t id;
};

static struct ike_sa *sa_of(struct bench *t, unsigned int node)
{
	return t->sim.nodes[node].engine->sas;
}

static struct ike_counters counters(struct bench *t)
{
	return *ike_engine_counters(t->sim.nodes[1].engine);
}

static void forget(struct bench *t)
{
	for (size_t i = 0; i < t->sim.queued; i++)
		free(t->sim.queue[i].data);
	t->sim.queued = 0;
}

/* Both up, nothing under way, and a request of @octets and more in t->b. */
static struct bench *bench_new(size_t octets)
{
	struct bench *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	sim_init(&t->sim, "bench", 1, getenv("VERBOSE"));
	t->sim.disrupted = true;
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 1000);
	assert_true(sim_both_up(&t->sim));
	forget(t);
	assert_true(sa_of(t, 0)->fragmentation);
	assert_true(sa_of(t, 1)->fragmentation);
	t->id = sa_of(t, 1)->window.expected_id;
	ike_build_start(&t->b, t->build, sizeof(t->build));
	/* What it asks for can be seen in the answer. */
	ike_build_open(&t->b, IKE_PAYLOAD_VENDOR);
	memset(ike_reserve(&t->b.w, octets), 'v', octets);
	ike_build_close(&t->b);
	ike_build_delete_esp(&t->b, (const uint32_t[]){ 0 }, 1);
	return t;
}

static void bench_free(struct bench *t)
{
	assert_false(t->sim.failed);
	sim_free(&t->sim);
	free(t);
}

/* Hands t->wire[] to node 1. Return: octets of the answer, then in t->wire[]. */
static size_t deliver(struct bench *t, size_t len)
{
	struct ike_slice s = tight(t->wire, len);
	struct ike_datagram d = {
		.local = sim_address(&t->sim, 1, true),
		.remote = sim_address(&t->sim, 0, true),
		.data = s.data,
		.len = s.len,
	};
	size_t answer = 0;

	forget(t);
	ike_engine_input(t->sim.nodes[1].engine, t->sim.now, &d);
	tight_free(s);
	for (size_t i = 0; i < t->sim.queued; i++) {
		const struct sim_event *e = &t->sim.queue[i];

		if (e->kind != SIM_IKE || e->node ||
		    !(e->data[19] & IKE_FLAG_RESPONSE))
			continue;
		answer = e->len;
		memcpy(t->wire, e->data, e->len);
	}
	return answer;
}

static struct ike_header header(struct bench *t)
{
	return (struct ike_header){
		.spi_i = sa_of(t, 0)->spi_i,
		.spi_r = sa_of(t, 0)->spi_r,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_INFORMATIONAL,
		.flags = IKE_FLAG_INITIATOR,
		.message_id = t->id,
	};
}

/* Seals fragment @n of @total of t->b into t->wire[]. Return: its octets. */
static size_t seal(struct bench *t, uint16_t n, uint16_t total, size_t part)
{
	struct ike_fragment f = { .number = n, .total = total };
	struct ike_sa *sa = sa_of(t, 0);
	struct ike_header h = header(t);
	size_t at = (n - 1u) * part;
	size_t left = at < t->b.w.len ? t->b.w.len - at : 0;
	int len = ike_skf_seal(&sa->keys, true, ++sa->iv, &h, &f, t->b.first,
			       IKE_SLICE(t->build + at,
					 left < part ? left : part),
			       t->wire, sizeof(t->wire));

	assert_true(len > 0);
	return (size_t)len;
}

static size_t send(struct bench *t, uint16_t n, uint16_t total)
{
	return deliver(t, seal(t, n, total, PART));
}

static uint16_t parts(const struct bench *t, size_t part)
{
	return (uint16_t)((t->b.w.len + part - 1) / part);
}

/* The answer is that to a request which was understood. */
static void assert_answer(struct bench *t, size_t len)
{
	struct ike_msg msg;

	assert_int_not_equal(len, 0);
	assert_int_equal(ike_msg_parse(&msg, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(ike_sk_open(&sa_of(t, 0)->keys, false, &msg, t->plain,
				     sizeof(t->plain)),
			 0);
	assert_int_equal(msg.h.message_id, t->id);
	assert_int_equal(msg.n_notifies, 0);
	t->id++;
	assert_int_equal(sa_of(t, 1)->window.expected_id, t->id);
	assert_null(sa_of(t, 1)->requests.parts[0].data);
}

/* ----------------------------------------------------------- put together */

static void in_any_order(void **state)
{
	struct bench *t = bench_new(900);
	uint16_t n = parts(t, PART);

	(void)state;
	for (uint16_t i = 1; i < n; i++)
		assert_int_equal(send(t, i, n), 0);
	assert_answer(t, send(t, n, n));
	for (uint16_t i = n; i > 1; i--)
		assert_int_equal(send(t, i, n), 0);
	assert_answer(t, send(t, 1, n));
	/* Each of them twice. */
	for (uint16_t i = 1; i < n; i++) {
		assert_int_equal(send(t, i, n), 0);
		assert_int_equal(send(t, i, n), 0);
	}
	assert_answer(t, send(t, n, n));
	/* One of one is a fragment, too. */
	assert_answer(t, deliver(t, seal(t, 1, 1, t->b.w.len)));
	bench_free(t);
}

/* Section 2.6.1: the first fragment alone brings the response again. */
static void answered_again_once(void **state)
{
	struct bench *t = bench_new(900);
	uint16_t n = parts(t, PART);
	uint8_t first[256];
	size_t len;

	(void)state;
	for (uint16_t i = 1; i < n; i++)
		send(t, i, n);
	len = send(t, n, n);
	memcpy(first, t->wire, len);
	for (uint16_t i = 1; i <= n; i++) {
		size_t again = send(t, i, n);

		assert_int_equal(again, i == 1 ? len : 0);
		if (again)
			assert_memory_equal(first, t->wire, len);
	}
	assert_int_equal(counters(t).replays, 1);
	/* Who cannot seal it does not get it. */
	len = seal(t, 1, n, PART);
	t->wire[len - 1] ^= 1;
	assert_int_equal(deliver(t, len), 0);
	assert_int_equal(counters(t).rx_integrity, 1);
	bench_free(t);
}

/* Section 2.6: the sender tries smaller ones; the larger ones are over. */
static void a_finer_cut_wins(void **state)
{
	struct bench *t = bench_new(900);
	uint16_t coarse = parts(t, 2 * PART), fine = parts(t, PART);

	(void)state;
	for (uint16_t i = 1; i < coarse; i++)
		assert_int_equal(deliver(t, seal(t, i, coarse, 2 * PART)), 0);
	for (uint16_t i = 1; i < fine; i++) {
		assert_int_equal(send(t, i, fine), 0);
		assert_int_equal(deliver(t, seal(t, coarse, coarse, 2 * PART)),
				 0);
	}
	assert_answer(t, send(t, fine, fine));
	bench_free(t);
}

/* What is begun with one message ID does not end in another. */
static void messages_are_not_mixed(void **state)
{
	struct bench *t = bench_new(900);
	uint16_t n = parts(t, PART);
	struct ike_header h = header(t);
	int len;

	(void)state;
	for (uint16_t i = 1; i < n; i++)
		send(t, i, n);
	/* The peer sends the same message whole: that is it. */
	len = ike_sk_seal(&sa_of(t, 0)->keys, true, ++sa_of(t, 0)->iv, &h,
			  t->b.first, IKE_SLICE(t->build, t->b.w.len), t->wire,
			  sizeof(t->wire));
	assert_true(len > 0);
	len = (int)deliver(t, (size_t)len);
	assert_int_not_equal(len, 0);
	t->id++;
	assert_int_equal(send(t, n, n), 0);
	for (uint16_t i = 1; i + 1 < n; i++)
		assert_int_equal(send(t, i, n), 0);
	assert_answer(t, send(t, n - 1, n));
	bench_free(t);
}

/* ------------------------------------------------------------------ refused */

/* Forged fragments neither count nor stand in the way of the real ones. */
static void forged(void **state)
{
	struct bench *t = bench_new(900);
	uint16_t n = parts(t, PART);
	size_t len = 0;

	(void)state;
	for (uint16_t i = 1; i <= n; i++) {
		for (size_t at = 28; at < seal(t, i, n, PART); at++) {
			len = seal(t, i, n, PART);
			t->wire[at] ^= 0x40;
			deliver(t, len);
			assert_null(sa_of(t, 1)->requests.parts[i - 1].data);
		}
		len = send(t, i, n);
	}
	assert_answer(t, len);
	bench_free(t);
}

static void numbers_that_cannot_be(void **state)
{
	static const uint16_t bad[][2] = {
		{ 0, 0 }, { 0, 3 }, { 4, 3 }, { 1, 0 }, { 65535, 3 },
	};
	struct bench *t = bench_new(900);
	struct ike_counters was;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		was = counters(t);
		len = seal(t, 1, 3, PART);
		put_be16(t->wire + 32, bad[i][0]);
		put_be16(t->wire + 34, bad[i][1]);
		assert_int_equal(deliver(t, len), 0);
		assert_int_equal(counters(t).rx_malformed,
				 was.rx_malformed + 1);
	}
	/* More than we keep, though authentic. */
	was = counters(t);
	send(t, 1, IKE_FRAGMENTS_MAX + 1);
	send(t, IKE_FRAGMENTS_MAX + 1, IKE_FRAGMENTS_MAX + 1);
	assert_int_equal(counters(t).rx_unexpected, was.rx_unexpected + 2);
	assert_null(sa_of(t, 1)->requests.parts[0].data);
	/* Cut short at every octet. */
	len = seal(t, 1, 3, PART);
	for (size_t cut = IKE_HEADER_LEN; cut < len; cut++) {
		seal(t, 1, 3, PART);
		put_be32(t->wire + 24, (uint32_t)cut);
		if (cut >= IKE_HEADER_LEN + 4)
			put_be16(t->wire + 30, (uint16_t)(cut - 28));
		assert_int_equal(deliver(t, cut), 0);
	}
	assert_int_equal(sa_of(t, 1)->requests.total, 0);
	bench_free(t);
}

/* A payload in front of SKF, and one within SK, would belong to no message. */
static void fragments_stand_alone(void **state)
{
	struct bench *t = bench_new(900);
	struct ike_counters was = counters(t);
	size_t len = seal(t, 1, 3, PART);
	struct ike_header h = header(t);
	int sealed;

	(void)state;
	memmove(t->wire + 36, t->wire + 28, len - 28);
	memcpy(t->wire + 28, (uint8_t[]){ 53, 0, 0, 8, 0, 0, 0x40, 0 }, 8);
	t->wire[16] = IKE_PAYLOAD_NOTIFY;
	put_be32(t->wire + 24, (uint32_t)len + 8);
	assert_int_equal(deliver(t, len + 8), 0);
	assert_int_equal(counters(t).rx_malformed, was.rx_malformed + 1);

	memcpy(t->build, (uint8_t[]){ 0, 0, 0, 12, 0, 1, 0, 1, 1, 2, 3, 4 },
	       12);
	sealed = ike_sk_seal(&sa_of(t, 0)->keys, true, ++sa_of(t, 0)->iv, &h,
			     IKE_PAYLOAD_SKF, IKE_SLICE(t->build, 12), t->wire,
			     sizeof(t->wire));
	/* Authentic and malformed: that ends the IKE SA. */
	assert_int_not_equal(deliver(t, (size_t)sealed), 0);
	assert_null(sa_of(t, 1));
	bench_free(t);
}

static void too_large(void **state)
{
	struct bench *t = bench_new(IKE_REASSEMBLY_MAX + 1);
	uint16_t n = parts(t, 1000);

	(void)state;
	assert_true(n <= IKE_FRAGMENTS_MAX);
	for (uint16_t i = 1; i <= n; i++) {
		assert_int_equal(deliver(t, seal(t, i, n, 1000)), 0);
		assert_true(sa_of(t, 1)->requests.octets <=
			    IKE_REASSEMBLY_MAX);
	}
	assert_int_equal(counters(t).rx_fragments, 1);
	/* It was the message that was too large, not the IKE SA. */
	t->b.w.len = 0;
	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_delete_esp(&t->b, (const uint32_t[]){ 0 }, 1);
	assert_answer(t, deliver(t, seal(t, 1, 1, t->b.w.len)));
	bench_free(t);
}

static void only_if_agreed_on(void **state)
{
	struct bench *t = bench_new(900);

	(void)state;
	sa_of(t, 1)->fragmentation = false;
	assert_int_equal(deliver(t, seal(t, 1, 1, t->b.w.len)), 0);
	assert_int_equal(counters(t).rx_unexpected, 1);
	assert_int_equal(sa_of(t, 1)->window.expected_id, t->id);
	bench_free(t);
}

/* A whole message that is malformed ends the IKE SA, cut or not. */
static void malformed_in_the_end(void **state)
{
	struct bench *t = bench_new(900);
	uint16_t n = parts(t, PART);
	size_t len = 0;

	(void)state;
	put_be16(t->build + 2, 3);
	for (uint16_t i = 1; i <= n; i++)
		len = send(t, i, n);
	assert_int_not_equal(len, 0);
	assert_null(sa_of(t, 1));
	bench_free(t);
}

/* ----------------------------------------------------------- on our way out */

static uint32_t awaited;	/* message ID of a request of node 0's */

static bool answered(struct sim *sim)
{
	return sim->nodes[0].engine->sas->window.next_id > awaited;
}

/* Through a bad network, large requests and small answers. */
static void sent_again_as_they_are(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 20; round++) {
		struct bench *t = bench_new(1200 + round * 600);
		struct ike_sa *sa = sa_of(t, 0);
		size_t len = t->b.w.len;

		awaited = sa->window.next_id;
		t->sim.rng.state = round;
		ike_engine_tick(t->sim.nodes[0].engine, t->sim.now);
		t->sim.net.drop = 20;
		t->sim.net.dup = 20;
		t->sim.net.delay_max = 200;
		assert_int_equal(ike_window_request(sa, IKE_X_LIVENESS,
						    IKE_EXCHANGE_INFORMATIONAL,
						    &t->b),
				 0);
		assert_true(sa->window.request_len > len);
		/* The longer it is, the less likely it gets through. */
		if (!sim_run_until(&t->sim, 7000, answered))
			assert_true(round > 5);
		assert_true(t->sim.fragments > len / 1228);
		assert_false(t->sim.failed);
		bench_free(t);
	}
}

/* Without agreement a large message leaves whole. */
static void whole_if_not_agreed_on(void **state)
{
	struct bench *t = bench_new(1200);

	(void)state;
	sa_of(t, 0)->fragmentation = false;
	ike_window_request(sa_of(t, 0), IKE_X_LIVENESS,
			   IKE_EXCHANGE_INFORMATIONAL, &t->b);
	assert_int_equal(t->sim.queued, 1);
	assert_int_equal(t->sim.queue[0].data[16], IKE_PAYLOAD_SK);
	assert_true(t->sim.queue[0].len > IKE_UNFRAGMENTED_MAX);
	/* The simulator does not like it. */
	assert_true(t->sim.failed);
	t->sim.failed = false;
	bench_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order),
		cmocka_unit_test(answered_again_once),
		cmocka_unit_test(a_finer_cut_wins),
		cmocka_unit_test(messages_are_not_mixed),
		cmocka_unit_test(forged),
		cmocka_unit_test(numbers_that_cannot_be),
		cmocka_unit_test(fragments_stand_alone),
		cmocka_unit_test(too_large),
		cmocka_unit_test(only_if_agreed_on),
		cmocka_unit_test(malformed_in_the_end),
		cmocka_unit_test(sent_again_as_they_are),
		cmocka_unit_test(whole_if_not_agreed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
