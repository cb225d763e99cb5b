// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INVALID_KE_PAYLOAD (RFC 7296, sections 1.2, 1.3, 2.7): followed once, to what was
 * offered, and never in circles.
 */
#include "bench.h"

static void put_invalid_ke(struct bench *t, uint16_t group, size_t len)
{
	uint8_t data[3] = { 0 };

	put_be16(data, group);
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_INVALID_KE_PAYLOAD, IKE_SLICE(data, len));
}

/* Section 2.7, to IKE_SA_INIT: node 1 has begun, and tries X25519. */
static void other_groups_before_there_are_keys(void **state)
{
	static const struct {
		uint16_t group;
		size_t len;
		bool followed;
	} wants[] = {
		{ 2, 2, false },	      /* not offered */
		{ IKE_KE_X25519, 2, false },  /* just tried */
		{ IKE_KE_ECP_256 << 8, 1, false },
		{ 0, 0, false },
		{ IKE_KE_ECP_256, 3, false },
		{ IKE_KE_NONE, 2, false },
		{ IKE_KE_ECP_256, 2, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct bench *t = bench_new();
		struct ike_header h = {
			.version = 0x20,
			.exchange = IKE_EXCHANGE_SA_INIT,
			.flags = IKE_FLAG_RESPONSE,
		};
		struct ike_sa *sa;

		suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha256-x25519-ecp256");
		t->sim.nodes[1].config.start = IKE_START_ALWAYS;
		sim_start(&t->sim, 1);
		ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
		for (unsigned int round = 0; round < 2; round++) {
			sa = sa_of(t, 1);
			assert_int_equal(sa->state, IKE_SA_INIT_SENT);
			ike_build_start(&t->b, t->build, sizeof(t->build));
			put_invalid_ke(t, wants[i].group, wants[i].len);
			h.spi_i = sa->spi_i;
			h.next_payload = t->b.first;
			h.length = (uint32_t)(28 + t->b.w.len);
			ike_header_write(t->wire, &h);
			memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
			deliver(t, t->wire, h.length);
			/* Once it may be followed, and never again. */
			if (wants[i].followed && !round) {
				assert_int_equal(requests_sent(t), 1);
				assert_int_equal(
					ike_dh_group(sa->handshake->dh),
					wants[i].group);
				continue;
			}
			/* It may be a lie: the right answer is waited for ... */
			assert_ptr_equal(sa_of(t, 1), sa);
			assert_int_equal(sa->state, IKE_SA_INIT_SENT);
			assert_int_equal(requests_sent(t), 0);
			ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
			assert_int_equal(requests_sent(t), 0);
			/* ... for a while. */
			t->sim.now += IKE_REFUSAL_MS;
			ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
			assert_null(sa_of(t, 1));
			assert_non_null(strstr(t->sim.nodes[1].engine->tunnels->last_error,
					       "peer wants key exchange"));
			assert_true(t->sim.nodes[1].engine->tunnels->retry_at >
				    t->sim.now);
			break;
		}
		bench_free(t);
	}
}

/* The same to a rekey, be it of the IKE SA or of a CHILD SA. */
static void other_groups_for_new_keys(void **state)
{
	static const struct {
		uint16_t group;
		size_t len;
		bool followed;
	} wants[] = {
		{ 2, 2, false },
		{ IKE_KE_X25519, 2, false },
		{ IKE_KE_ECP_256 << 8, 1, false },
		{ IKE_KE_NONE, 2, false },
		{ IKE_KE_ECP_256, 3, false },
		{ IKE_KE_ECP_256, 2, true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(wants) / sizeof(wants[0]); i++) {
		struct bench *t = bench_new();
		enum ike_exchange_kind kind = i % 2 ? IKE_X_REKEY_IKE :
						      IKE_X_REKEY_CHILD;
		const struct ike_child *child;
		struct ike_sa *sa;

		suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha256-x25519-ecp256");
		suite_is(t, IKE_SUITE_ESP, "aes256gcm16-x25519-ecp256");
		t->sim.nodes[0].config.ike = t->sim.nodes[1].config.ike;
		t->sim.nodes[0].config.esp = t->sim.nodes[1].config.esp;
		bench_start(t);
		sa = sa_of(t, 1);
		child = sa->children;
		ike_engine_command(sa->e, t->sim.now,
				   i % 2 ? IKE_CMD_REKEY_IKE :
					   IKE_CMD_REKEY_CHILD,
				   "beta");
		assert_int_equal(sa->window.kind, kind);
		assert_int_equal(ike_dh_group(sa->neg->dh), IKE_KE_X25519);
		put_invalid_ke(t, wants[i / 2].group, wants[i / 2].len);
		respond(t);
		if (wants[i / 2].followed) {
			assert_int_equal(requests_sent(t), 1);
			assert_int_equal(sa->window.kind, kind);
			assert_int_equal(ike_dh_group(sa->neg->dh),
					 wants[i / 2].group);
			/* Back again it does not go. */
			put_invalid_ke(t, IKE_KE_X25519, 2);
			respond(t);
		}
		assert_int_equal(requests_sent(t), 0);
		assert_null(sa->neg);
		assert_int_equal(sa->window.kind, IKE_X_NONE);
		assert_true(alive(t));
		assert_ptr_equal(sa->children, child);
		assert_null(child->next);
		assert_int_equal(child->state, IKE_CHILD_INSTALLED);
		assert_true((i % 2 ? sa->rekey_at : child->rekey_at) >=
			    t->sim.now + IKE_REFUSED_MS);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
						  IKE_PAIR_LARVAL),
				 0);
		bench_free(t);
	}
}

/* The peer likes another group than the one in use, and gets it at once. */
static void another_group_is_agreed_on(void **state)
{
	(void)state;
	for (unsigned int ike = 0; ike < 2; ike++) {
		struct bench *t = bench_new();
		const struct ike_sa *sa;

		suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha256-x25519-ecp256");
		suite_is(t, IKE_SUITE_ESP, "aes256gcm16-x25519-ecp256");
		t->sim.nodes[0].config.ike = t->sim.nodes[1].config.ike;
		t->sim.nodes[0].config.esp = t->sim.nodes[1].config.esp;
		bench_start(t);
		t->sim.disrupted = false;
		suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha256-ecp256");
		suite_is(t, IKE_SUITE_ESP, "aes256gcm16-ecp256");
		t->sim.nodes[1].engine->tunnels->config.ike =
			t->sim.nodes[1].config.ike;
		t->sim.nodes[1].engine->tunnels->config.esp =
			t->sim.nodes[1].config.esp;
		sim_command(&t->sim, 0,
			    ike ? IKE_CMD_REKEY_IKE : IKE_CMD_REKEY_CHILD);
		sim_run(&t->sim, 2000);
		for (unsigned int i = 0; i < 2; i++) {
			sa = sa_of(t, i);
			assert_null(sa->next);
			assert_int_equal(ike ? sa->choice.ke :
					       sa->children->choice.ke,
					 IKE_KE_ECP_256);
			assert_int_equal(
				t->sim.nodes[i].counts[
					ike ? IKE_EVENT_IKE_SA_REKEYED :
					      IKE_EVENT_CHILD_SA_REKEYED],
				1);
		}
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
}

/* Node @i has only this from now on. */
static void groups_are(struct bench *t, unsigned int i, const char *groups)
{
	struct ike_tunnel_config *c = &t->sim.nodes[i].engine->tunnels->config;
	char text[100], why[200];

	memset(&c->ike, 0, sizeof(c->ike));
	memset(&c->esp, 0, sizeof(c->esp));
	snprintf(text, sizeof(text), "aes256gcm16-prfsha256-%s", groups);
	assert_int_equal(ike_suite_parse(&c->ike, IKE_SUITE_IKE, text, why,
					 sizeof(why)),
			 0);
	snprintf(text, sizeof(text), "aes256gcm16-%s", groups);
	assert_int_equal(ike_suite_parse(&c->esp, IKE_SUITE_ESP, text, why,
					 sizeof(why)),
			 0);
}

/*
 * Both rekey at once, and each is told another group, early or late; what they have
 * in common is ECP-256.
 */
static void both_are_told_another_group(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 60; seed++) {
		struct bench *t = bench_new();
		enum ike_command cmd = seed % 2 ? IKE_CMD_REKEY_IKE :
						  IKE_CMD_REKEY_CHILD;

		t->sim.rng.state += seed;
		suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha256-x25519-ecp256");
		suite_is(t, IKE_SUITE_ESP, "aes256gcm16-x25519-ecp256");
		t->sim.nodes[0].config.ike = t->sim.nodes[1].config.ike;
		t->sim.nodes[0].config.esp = t->sim.nodes[1].config.esp;
		bench_start(t);
		t->sim.disrupted = false;
		groups_are(t, 0, "x25519-ecp256");
		groups_are(t, 1, "ecp384-ecp256");
		t->sim.net.delay_min = 1;
		t->sim.net.delay_max = 400;
		sim_command(&t->sim, 0, cmd);
		sim_command(&t->sim, 1, cmd);
		for (unsigned int i = 0; i < 2; i++)
			assert_int_not_equal(ike_dh_group(sa_of(t, i)->neg->dh),
					     IKE_KE_ECP_256);
		/* Whatever was in vain is tried again a few seconds later. */
		sim_run(&t->sim, 45000);
		for (unsigned int i = 0; i < 2; i++) {
			const struct ike_sa *sa = sa_of(t, i);

			assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
			assert_null(sa->next);
			assert_null(sa->children->next);
			assert_int_equal(seed % 2 ? sa->choice.ke :
						    sa->children->choice.ke,
					 IKE_KE_ECP_256);
		}
		assert_true(sa_of(t, 0)->spi_i == sa_of(t, 1)->spi_i);
		assert_int_equal(sa_of(t, 0)->children->spi_in,
				 sa_of(t, 1)->children->spi_out);
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_groups_before_there_are_keys),
		cmocka_unit_test(other_groups_for_new_keys),
		cmocka_unit_test(another_group_is_agreed_on),
		cmocka_unit_test(both_are_told_another_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
