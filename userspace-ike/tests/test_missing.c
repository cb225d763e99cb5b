// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that lack a payload that must be there, one payload at a time: refused,
 * and nothing is half made. Each set of payloads is first seen to be right when
 * nothing is missing.
 */
#include "bench.h"

#define ALL 99 /* nothing is left out */

/**
 * struct made - what a message is made of
 * @ike: suite of SA, with @use IKE_USE_INIT or IKE_USE_IKE_REKEY
 * @use: of SA
 * @answer: what was chosen; NULL: an offer
 * @spi: in SA
 * @types: the payloads, in order
 * @n: entries of @types
 */
struct made {
	const struct ike_suite *suite;
	enum ike_sa_use use;
	const struct ike_choice *answer;
	uint64_t spi;
	uint8_t types[6];
	unsigned int n;
};

static void put(struct bench *t, const struct made *m, uint8_t type)
{
	static const uint8_t octets[64] = { 9, 1 };
	struct ike_ts_set any;

	ike_ts_any(&any);
	switch (type) {
	case IKE_PAYLOAD_SA:
		if (m->answer)
			ike_build_answer(&t->b, m->use, m->answer, m->spi);
		else
			ike_build_offer(&t->b, m->use, m->suite, m->spi);
		break;
	case IKE_PAYLOAD_KE:
		ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(octets, 32));
		break;
	case IKE_PAYLOAD_NONCE:
		ike_build_nonce(&t->b, IKE_SLICE(octets, 32));
		break;
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
		ike_build_id(&t->b, type,
			     IKE_SLICE((const uint8_t *)"\2\0\0\0a.example", 13));
		break;
	case IKE_PAYLOAD_AUTH:
		ike_build_auth(&t->b, IKE_AUTH_SHARED_KEY,
			       IKE_SLICE(octets, 48));
		break;
	default:
		ike_build_ts(&t->b, type, &any);
		break;
	}
}

/* Writes all but one of the payloads. */
static void put_without(struct bench *t, const struct made *m,
			unsigned int missing)
{
	ike_build_start(&t->b, t->build, sizeof(t->build));
	for (unsigned int i = 0; i < m->n; i++)
		if (i != missing)
			put(t, m, m->types[i]);
}

/* From the @i-th payload that is missing to none; ends with m->n. */
static unsigned int missing(const struct made *m, unsigned int i)
{
	return i < m->n ? i : ALL;
}

static unsigned int pairs(struct bench *t)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SIM_PAIRS_MAX; i++)
		n += t->sim.nodes[1].kernel.pairs[i].used;
	return n;
}

static size_t deliver_clear(struct bench *t, uint64_t spi_i, uint64_t spi_r,
			    uint8_t flags)
{
	struct ike_header h = {
		.spi_i = spi_i,
		.spi_r = spi_r,
		.next_payload = t->b.first,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_SA_INIT,
		.flags = flags,
		.length = (uint32_t)(IKE_HEADER_LEN + t->b.w.len),
	};

	assert_false(t->b.w.failed);
	ike_header_write(t->wire, &h);
	memcpy(t->wire + IKE_HEADER_LEN, t->b.w.data, t->b.w.len);
	return deliver(t, t->wire, h.length);
}

/* -------------------------------------------------------------- IKE_SA_INIT */

static void init_requests(void **state)
{
	struct bench *t = bench_new();
	const struct made m = {
		.suite = &t->sim.nodes[1].config.ike,
		.use = IKE_USE_INIT,
		.types = { IKE_PAYLOAD_SA, IKE_PAYLOAD_KE, IKE_PAYLOAD_NONCE },
		.n = 3,
	};

	(void)state;
	sim_start(&t->sim, 1);
	for (unsigned int i = 0; i <= m.n; i++) {
		bool whole = i == m.n;
		size_t len;

		put_without(t, &m, missing(&m, i));
		len = deliver_clear(t, 0x1111, 0, IKE_FLAG_INITIATOR);
		assert_int_equal(len > 0, whole);
		assert_int_equal(!!sa_of(t, 1), whole);
		assert_int_equal(t->sim.nodes[1].engine->half_open, whole);
		assert_int_equal(counters(t).rx_unexpected, i < m.n ? i + 1 : i);
	}
	bench_free(t);
}

/* Nothing of it is authentic: the right one may still come, and then it counts. */
static void init_responses(void **state)
{
	struct bench *t = bench_new();
	struct ike_choice choice = {
		.number = 1,
		.encr = { .id = IKE_ENCR_AES_GCM_16, .key_bits = 256 },
		.prf = IKE_PRF_HMAC_SHA2_384,
		.ke = IKE_KE_X25519,
	};
	const struct made m = {
		.use = IKE_USE_INIT,
		.answer = &choice,
		.types = { IKE_PAYLOAD_SA, IKE_PAYLOAD_KE, IKE_PAYLOAD_NONCE },
		.n = 3,
	};

	(void)state;
	t->sim.nodes[1].config.start = IKE_START_ALWAYS;
	sim_start(&t->sim, 1);
	ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
	for (unsigned int i = 0; i <= m.n; i++) {
		struct ike_sa *sa = sa_of(t, 1);

		assert_int_equal(sa->state, IKE_SA_INIT_SENT);
		put_without(t, &m, missing(&m, i));
		deliver_clear(t, sa->spi_i, 0x2222, IKE_FLAG_RESPONSE);
		assert_ptr_equal(sa_of(t, 1), sa);
		assert_int_equal(requests_sent(t), i == m.n);
		assert_int_equal(sa->state, i == m.n ? IKE_SA_AUTH_SENT :
						       IKE_SA_INIT_SENT);
		assert_int_equal(sa->keys.prf_len != 0, i == m.n);
	}
	bench_free(t);
}

/* ----------------------------------------------------------------- IKE_AUTH */

/* Node @from has begun, and both have keys; what it sent is gone. */
static struct bench *half_way(unsigned int from)
{
	struct bench *t = bench_new();
	unsigned int tries = 0;

	t->sim.nodes[from].config.start = IKE_START_ALWAYS;
	t->sim.nodes[!from].config.start = IKE_START_ON_TRAFFIC;
	sim_start(&t->sim, !from);
	sim_start(&t->sim, from);
	while (!sa_of(t, from) || sa_of(t, from)->state != IKE_SA_AUTH_SENT) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
	assert_int_equal(sa_of(t, !from)->state, IKE_SA_HALF_OPEN);
	forget(t);
	return t;
}

static void auth_requests(void **state)
{
	struct made m = {
		.use = IKE_USE_AUTH_CHILD,
		.spi = 0x1000,
		.types = { IKE_PAYLOAD_IDI, IKE_PAYLOAD_AUTH, IKE_PAYLOAD_SA,
			   IKE_PAYLOAD_TSI, IKE_PAYLOAD_TSR },
		.n = 5,
	};

	(void)state;
	for (unsigned int i = 0; i <= m.n; i++) {
		struct bench *t = half_way(0);
		/* Without AUTH it is EAP, and that is refused aloud. */
		bool heard = i == 1 || i == m.n;

		m.suite = &t->sim.nodes[1].config.esp;
		put_without(t, &m, missing(&m, i));
		assert_int_equal(request(t, IKE_EXCHANGE_AUTH), heard);
		/* This AUTH is none that anybody would believe. */
		if (heard)
			assert_non_null(ike_msg_notify(
				&t->reply, IKE_N_AUTHENTICATION_FAILED));
		else
			assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
		if (heard)
			assert_null(sa_of(t, 1));
		assert_int_equal(counters(t).rx_unexpected, !heard);
		assert_int_equal(pairs(t), 0);
		bench_free(t);
	}
}

static void auth_responses(void **state)
{
	struct made m = {
		.use = IKE_USE_AUTH_CHILD,
		.spi = 0x1000,
		.types = { IKE_PAYLOAD_IDR, IKE_PAYLOAD_AUTH, IKE_PAYLOAD_SA,
			   IKE_PAYLOAD_TSI, IKE_PAYLOAD_TSR },
		.n = 5,
	};

	(void)state;
	for (unsigned int i = 0; i <= m.n; i++) {
		struct bench *t = half_way(1);
		struct ike_sa *sa = sa_of(t, 1);
		struct ike_header h = {
			.spi_i = sa->spi_i,
			.spi_r = sa->spi_r,
			.version = 0x20,
			.exchange = IKE_EXCHANGE_AUTH,
			.flags = IKE_FLAG_RESPONSE,
			.message_id = 1,
		};
		int len;

		assert_int_equal(pairs(t), 1); /* reserved */
		m.suite = &t->sim.nodes[1].config.esp;
		put_without(t, &m, missing(&m, i));
		len = ike_sk_seal(&sa_of(t, 0)->keys, false, 77, &h, t->b.first,
				  IKE_SLICE(t->b.w.data, t->b.w.len), t->wire,
				  sizeof(t->wire));
		assert_true(len > 0);
		deliver(t, t->wire, (size_t)len);
		/* With all of them it is AUTH that is wrong, and who says so. */
		assert_int_equal(counters(t).rx_unexpected, i != m.n);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
						  IKE_PAIR_LARVAL),
				 0);
		assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
		assert_true(!sa_of(t, 1) ||
			    sa_of(t, 1)->state != IKE_SA_ESTABLISHED);
		assert_false(t->sim.nodes[1].up);
		assert_int_equal(t->sim.nodes[1].counts[IKE_EVENT_NEGOTIATION_FAILED] +
				 t->sim.nodes[1].counts[IKE_EVENT_AUTH_FAILED] > 0, 1);
		bench_free(t);
	}
}

/* ---------------------------------------------------------- CREATE_CHILD_SA */

static const struct made new_keys[] = {
	{ .use = IKE_USE_CHILD, .spi = 0x1000,
	  .types = { IKE_PAYLOAD_SA, IKE_PAYLOAD_NONCE, IKE_PAYLOAD_TSI,
		     IKE_PAYLOAD_TSR, IKE_PAYLOAD_KE },
	  .n = 5 },
	{ .use = IKE_USE_IKE_REKEY, .spi = 0x4711,
	  .types = { IKE_PAYLOAD_SA, IKE_PAYLOAD_NONCE, IKE_PAYLOAD_KE },
	  .n = 3 },
};

/* Both ends want PFS. */
static struct bench *with_pfs(void)
{
	struct bench *t = bench_new();

	suite_is(t, IKE_SUITE_ESP, "aes128gcm16-x25519");
	t->sim.nodes[0].config.esp = t->sim.nodes[1].config.esp;
	return bench_start(t);
}

static void create_child_requests(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 2; kind++) {
		struct made m = new_keys[kind];
		struct bench *t = with_pfs();
		struct ike_sa *sa = sa_of(t, 1);
		struct ike_child *child = sa->children;

		for (unsigned int i = 0; i <= m.n; i++) {
			uint8_t spi[4];

			m.suite = kind ? &t->sim.nodes[1].config.ike :
					 &t->sim.nodes[1].config.esp;
			put_without(t, &m, missing(&m, i));
			put_be32(spi, child->spi_out);
			if (!kind)
				ike_build_notify(&t->b, IKE_PROTO_ESP,
						 IKE_SLICE(spi, 4),
						 IKE_N_REKEY_SA,
						 IKE_SLICE(NULL, 0));
			assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
			if (i == m.n) {
				assert_int_equal(t->reply.present & IKE_P_SA,
						 IKE_P_SA);
				break;
			}
			assert_int_equal(t->reply.present,
					 IKE_P_SK | IKE_P_NOTIFY);
			assert_int_equal(t->reply.n_notifies, 1);
			/* Without KE it is a request like any other, but we insist. */
			assert_int_equal(t->reply.notifies[0].type,
					 m.types[i] == IKE_PAYLOAD_KE && !kind ?
						 IKE_N_INVALID_KE_PAYLOAD :
						 IKE_N_INVALID_SYNTAX);
			assert_true(alive(t));
			assert_ptr_equal(sa_of(t, 1), sa);
			assert_null(sa->next);
			assert_ptr_equal(sa->children, child);
			assert_null(child->next);
			assert_int_equal(child->state, IKE_CHILD_INSTALLED);
			assert_int_equal(pairs(t), 1);
		}
		bench_free(t);
	}
}

static void create_child_responses(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 2; kind++) {
		struct made m = new_keys[kind];

		for (unsigned int i = 0; i <= m.n; i++) {
			struct bench *t = with_pfs();
			struct ike_sa *sa = sa_of(t, 1);
			struct ike_choice choice =
				kind ? sa->choice : sa->children->choice;
			bool no_ke = i < m.n && !kind &&
				     m.types[i] == IKE_PAYLOAD_KE;

			choice.ke = IKE_KE_X25519;
			m.answer = &choice;
			ike_engine_command(sa->e, t->sim.now,
					   kind ? IKE_CMD_REKEY_IKE :
						  IKE_CMD_REKEY_CHILD,
					   "beta");
			assert_non_null(sa->neg);
			put_without(t, &m, missing(&m, i));
			respond(t);
			if (i == m.n) {
				assert_true(sim_kernel_active(
					&t->sim.nodes[1].kernel));
				assert_int_equal(
					t->sim.nodes[1].counts[
						kind ? IKE_EVENT_IKE_SA_REKEYED :
						       IKE_EVENT_CHILD_SA_REKEYED],
					1);
			} else if (no_ke) {
				/* What the peer has made is deleted. */
				assert_true(alive(t));
				assert_int_equal(sa->window.kind,
						 IKE_X_DELETE_CHILD);
				assert_null(sa->neg);
				assert_null(sa->children->next);
				assert_true(sa->children->in_use);
			} else {
				/* It was authentic, so there is no better one. */
				assert_null(sa_of(t, 1));
				assert_int_equal(counters(t).rx_unexpected, 1);
				assert_int_equal(pairs(t), 0);
			}
			assert_int_equal(sim_kernel_count(
						 &t->sim.nodes[1].kernel,
						 IKE_PAIR_LARVAL),
					 0);
			bench_free(t);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_requests),
		cmocka_unit_test(init_responses),
		cmocka_unit_test(auth_requests),
		cmocka_unit_test(auth_responses),
		cmocka_unit_test(create_child_requests),
		cmocka_unit_test(create_child_responses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
