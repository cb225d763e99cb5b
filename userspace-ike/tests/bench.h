/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bench for engines: two nodes of the simulator. Messages are made with the keys
 * of node 0, the mischief maker and initiator; node 1 is what is tested.
 */
#ifndef IPSVTI_IKE_BENCH_H
#define IPSVTI_IKE_BENCH_H

#include "testing.h"

#include "core.h"
#include "sim.h"

struct bench {
	struct sim sim;
	uint8_t build[1024];
	uint8_t wire[2048];
	uint8_t plain[2048];
	struct ike_builder b;
	struct ike_msg reply;
};

static inline struct ike_sa *sa_of(struct bench *t, unsigned int node)
{
	return t->sim.nodes[node].engine->sas;
}

static inline struct ike_counters counters(struct bench *t)
{
	return *ike_engine_counters(t->sim.nodes[1].engine);
}

static inline void forget(struct bench *t)
{
	for (size_t i = 0; i < t->sim.queued; i++)
		free(t->sim.queue[i].data);
	t->sim.queued = 0;
}

static inline struct bench *bench_new(void)
{
	struct bench *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	sim_init(&t->sim, "bench", 1, getenv("VERBOSE"));
	/* Here things happen that only end in an outage. */
	t->sim.disrupted = true;
	return t;
}

/* Starts both, and when they are up and nothing is under way gives @t back. */
static inline struct bench *bench_start(struct bench *t)
{
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 1000);
	assert_true(sim_both_up(&t->sim));
	forget(t);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	return t;
}

/* Both up, and nothing under way. */
static inline struct bench *bench_up(void)
{
	return bench_start(bench_new());
}

/* Both nodes with a suite. */
static inline void both_have(struct bench *t, enum ike_suite_kind kind,
			     const char *text)
{
	char why[300];

	for (unsigned int i = 0; i < 2; i++) {
		struct ike_tunnel_config *c = &t->sim.nodes[i].config;
		struct ike_suite *suite = kind == IKE_SUITE_IKE ? &c->ike :
								  &c->esp;

		memset(suite, 0, sizeof(*suite));
		assert_int_equal(ike_suite_parse(suite, kind, text, why,
						 sizeof(why)), 0);
	}
}

static inline struct bench *bench_with(enum ike_suite_kind kind,
				       const char *text, uint64_t seed)
{
	struct bench *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	sim_init(&t->sim, "bench", seed, getenv("VERBOSE"));
	t->sim.disrupted = true;
	both_have(t, kind, text);
	return t;
}

/* Waits for a datagram of an exchange to be on its way to a node. */
static inline struct sim_event *on_its_way(struct bench *t, unsigned int node,
					   uint8_t exchange)
{
	for (unsigned int ms = 0; ms < 60000; ms++) {
		for (size_t i = 0; i < t->sim.queued; i++) {
			struct sim_event *e = &t->sim.queue[i];

			if (e->kind == SIM_IKE && e->node == node &&
			    e->data[18] == exchange)
				return e;
		}
		sim_run(&t->sim, 1);
	}
	fail();
	return NULL;
}

/* Both start; node 0 has sent IKE_AUTH, and nobody has it yet. */
static inline void bench_to_auth(struct bench *t)
{
	unsigned int tries = 0;

	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	while (!sa_of(t, 0) || sa_of(t, 0)->state != IKE_SA_AUTH_SENT) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
}

static inline void bench_free(struct bench *t)
{
	assert_false(t->sim.failed);
	sim_free(&t->sim);
	free(t);
}

/* Hands octets to node 1. Return: whether it answered; then the answer is in
 * t->wire[] as it was sent.
 */
static inline size_t deliver_between(struct bench *t,
				     struct ike_endpoint local,
				     struct ike_endpoint from,
				     const uint8_t *data, size_t len)
{
	struct ike_slice s = tight(data, len);
	struct ike_datagram d = {
		.local = local,
		.remote = from,
		.data = s.data,
		.len = s.len,
	};
	size_t answer = 0;

	forget(t);
	ike_engine_input(t->sim.nodes[1].engine, t->sim.now, &d);
	tight_free(s);
	for (size_t i = 0; i < t->sim.queued; i++) {
		const struct sim_event *e = &t->sim.queue[i];

		if (e->kind != SIM_IKE || e->node != 0 ||
		    !(e->data[19] & IKE_FLAG_RESPONSE))
			continue;
		answer = e->len;
		memcpy(t->wire, e->data, e->len);
	}
	return answer;
}

/* The same to where a first message goes. */
static inline size_t deliver_from(struct bench *t, struct ike_endpoint from,
				  const uint8_t *data, size_t len)
{
	return deliver_between(t, sim_address(&t->sim, 1, true), from, data,
			       len);
}

/* The same from node 0. */
static inline size_t deliver(struct bench *t, const uint8_t *data, size_t len)
{
	return deliver_from(t, sim_address(&t->sim, 0, true), data, len);
}

/* Seals t->b as node 0 would. Return: octets of it in t->wire[]. */
static inline size_t seal(struct bench *t, uint8_t exchange, uint8_t flags,
			  uint32_t id)
{
	struct ike_sa *sa = sa_of(t, 0);
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = 0x20,
		.exchange = exchange,
		.flags = flags,
		.message_id = id,
	};
	int len = ike_sk_seal(&sa->keys, true, ++sa->iv, &h, t->b.first,
			      IKE_SLICE(t->b.w.data, t->b.w.len), t->wire,
			      sizeof(t->wire));

	assert_true(len > 0);
	return (size_t)len;
}

/* Sends t->b as node 0's next request. Return: whether it was answered; then
 * t->reply is the answer.
 */
static inline bool request(struct bench *t, uint8_t exchange)
{
	struct ike_sa *sa = sa_of(t, 0);
	uint32_t id = sa_of(t, 1)->window.expected_id;
	size_t len = seal(t, exchange, IKE_FLAG_INITIATOR, id);

	len = deliver(t, t->wire, len);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	if (!len)
		return false;
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(ike_sk_open(&sa->keys, false, &t->reply, t->plain,
				     sizeof(t->plain)),
			 0);
	assert_int_equal(t->reply.h.message_id, id);
	return true;
}

static inline bool alive(struct bench *t)
{
	return sa_of(t, 1) && sa_of(t, 1)->state == IKE_SA_ESTABLISHED;
}

static inline void suite_is(struct bench *t, enum ike_suite_kind kind,
			    const char *text)
{
	struct ike_tunnel_config *c = &t->sim.nodes[1].config;
	struct ike_suite *suite = kind == IKE_SUITE_IKE ? &c->ike : &c->esp;
	char why[200];

	memset(suite, 0, sizeof(*suite));
	assert_int_equal(ike_suite_parse(suite, kind, text, why, sizeof(why)),
			 0);
}

/* Requests of node 1 that are on their way, without a wait. */
static inline unsigned int requests_sent(const struct bench *t)
{
	unsigned int n = 0;

	for (size_t i = 0; i < t->sim.queued; i++) {
		const struct sim_event *e = &t->sim.queue[i];

		n += e->kind == SIM_IKE && e->node == 0 &&
		     !(e->data[19] & IKE_FLAG_RESPONSE);
	}
	return n;
}

/* Answers node 1's request in flight with t->b. */
static inline void respond(struct bench *t)
{
	const struct ike_sa *sa = sa_of(t, 1);
	uint32_t id = sa->window.next_id;
	uint8_t exchange = IKE_EXCHANGE_CREATE_CHILD_SA;
	size_t len;

	if (sa->window.kind == IKE_X_LIVENESS ||
	    sa->window.kind == IKE_X_DELETE_CHILD)
		exchange = IKE_EXCHANGE_INFORMATIONAL;
	if (sa->window.kind == IKE_X_FOLLOWUP_IKE ||
	    sa->window.kind == IKE_X_FOLLOWUP_CHILD)
		exchange = IKE_EXCHANGE_FOLLOWUP_KE;
	len = seal(t, exchange, IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, id);
	deliver(t, t->wire, len);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	/* The answer may have been the last straw. */
	if (sa_of(t, 1) == sa)
		assert_int_equal(sa->window.next_id, id + 1);
}

/* A proposal of what node 1 takes, without PFS. */
static inline void put_child(struct bench *t, uint8_t protocol,
			     struct ike_slice spi, bool rekey)
{
	struct ike_suite esp = t->sim.nodes[1].config.esp;
	struct ike_ts_set any;

	if (rekey)
		ike_build_notify(&t->b, protocol, spi, IKE_N_REKEY_SA,
				 IKE_SLICE(NULL, 0));
	esp.props[0].n_ke = 0;
	ike_build_offer(&t->b, IKE_USE_CHILD, &esp, 0x4000);
	ike_build_nonce(&t->b, IKE_SLICE(t->plain, 32));
	ike_ts_any(&any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
}

/* Both without PFS, so that an answer needs no key exchange. */
static inline struct bench *without_pfs(void)
{
	struct bench *t = bench_new();

	suite_is(t, IKE_SUITE_ESP, "aes128gcm16");
	t->sim.nodes[0].config.esp = t->sim.nodes[1].config.esp;
	return bench_start(t);
}

#endif /* IPSVTI_IKE_BENCH_H */
