// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_INTERMEDIATE between two engines: additional key exchanges, what may be lost
 * on the way, and what a peer may not leave out.
 */
#include "bench.h"

#define LONG_MS 60000

static void start(struct bench *t)
{
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
}

static void comes_up_by(const char *text, unsigned int exchanges)
{
	struct bench *t = bench_start(bench_with(IKE_SUITE_IKE, text, 1));
	struct ike_sa *a = sa_of(t, 0), *b = sa_of(t, 1);

	assert_memory_equal(a->keys.d, b->keys.d, a->keys.prf_len);
	assert_memory_equal(a->choice.add_ke, b->choice.add_ke,
			    sizeof(a->choice.add_ke));
	/* IKE_SA_INIT was 0, IKE_AUTH the last one so far. */
	assert_int_equal(a->window.next_id, exchanges + 2);
	bench_free(t);
}

static void all_kinds(void **state)
{
	(void)state;
	comes_up_by("aes256gcm16-prfsha384-x25519-ke1_none-ke1_ecp384", 0);
	comes_up_by("aes256gcm16-prfsha384-x25519-ke1_ecp384", 1);
	comes_up_by("aes256-sha256-x25519-ke2_ecp384-ke5_ecp521-ke7_modp2048",
		    3);
	if (!ike_kem_available(IKE_KE_ML_KEM_768))
		return;
	comes_up_by("aes256gcm16-prfsha384-x25519-ke1_mlkem768", 1);
	comes_up_by("chacha20poly1305-prfsha512-ecp384-ke1_mlkem1024-ke2_mlkem512",
		    2);
}

/* Each message may be lost, once or more often: what comes again is under old keys. */
static void through_losses(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct bench *t = bench_with(IKE_SUITE_IKE, 
			"aes256gcm16-prfsha384-x25519-ke1_ecp384-ke2_modp4096",
			seed);

		sim_net_random(&t->sim, 40);
		start(t);
		assert_true(sim_run_until(&t->sim, LONG_MS, sim_both_up));
		bench_free(t);
	}
}

static void a_lost_response_comes_again(void **state)
{
	struct bench *t =
		bench_with(IKE_SUITE_IKE, "aes256gcm16-prfsha384-x25519-ke1_modp4096", 1);

	(void)state;
	start(t);
	on_its_way(t, 0, IKE_EXCHANGE_INTERMEDIATE);
	forget(t);
	sim_run(&t->sim, 2000);
	assert_true(sim_both_up(&t->sim));
	assert_int_not_equal(counters(t).replays, 0);
	assert_int_equal(counters(t).rx_integrity, 0);
	bench_free(t);
}

/* Who has agreed on one more may not go on without it. */
static void none_is_left_out(void **state)
{
	struct bench *t =
		bench_with(IKE_SUITE_IKE, "aes256gcm16-prfsha384-x25519-ke1_ecp384", 1);

	(void)state;
	start(t);
	on_its_way(t, 1, IKE_EXCHANGE_AUTH);
	/* As if it had not come: all the rest of IKE_AUTH is in order. */
	sa_of(t, 1)->handshake->add_ke = 0;
	on_its_way(t, 0, IKE_EXCHANGE_AUTH);
	assert_int_equal(counters(t).auth_failures, 1);
	assert_true(!sa_of(t, 1) ||
		    sa_of(t, 1)->state != IKE_SA_ESTABLISHED);
	bench_free(t);
}

/* What IKE_AUTH does not cover somebody in between could have changed. */
static void auth_covers_them(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct bench *t = bench_with(IKE_SUITE_IKE, 
			"aes256gcm16-prfsha384-x25519-ke1_ecp384", 1);
		struct ike_int_auth *ia;

		(void)state;
		start(t);
		on_its_way(t, 1, IKE_EXCHANGE_AUTH);
		ia = &sa_of(t, 1)->handshake->int_auth;
		(i ? ia->i : ia->r)[0] ^= 1;
		on_its_way(t, 0, IKE_EXCHANGE_AUTH);
		assert_int_equal(counters(t).auth_failures, 1);
		bench_free(t);
	}
}

static void not_another_method(void **state)
{
	struct bench *t =
		bench_with(IKE_SUITE_IKE, "aes256gcm16-prfsha384-x25519-ke1_ecp384", 1);

	(void)state;
	start(t);
	on_its_way(t, 1, IKE_EXCHANGE_INTERMEDIATE);
	sa_of(t, 1)->choice.add_ke[0] = IKE_KE_ECP_521;
	on_its_way(t, 0, IKE_EXCHANGE_INTERMEDIATE);
	sim_run(&t->sim, 50);
	assert_non_null(strstr(t->sim.nodes[0].engine->tunnels->last_error,
			       "peer refused IKE_INTERMEDIATE (INVALID_SYNTAX"));
	bench_free(t);
}

/* Who does not say that it knows the exchange is neither asked for it nor believed. */
static void only_who_says_so(void **state)
{
	static const uint8_t said[] = { 0, 8, 0, 0, 16438 >> 8, 16438 & 255 };

	(void)state;
	for (unsigned int node = 0; node < 2; node++) {
		struct bench *t = bench_with(IKE_SUITE_IKE, 
			"aes256gcm16-prfsha384-x25519-ke1_ecp384", 1);
		struct sim_event *e;
		uint8_t *at;

		start(t);
		e = on_its_way(t, node, IKE_EXCHANGE_SA_INIT);
		at = memmem(e->data, e->len, said, sizeof(said));
		assert_non_null(at);
		at[5]++;
		sim_run(&t->sim, 100);
		assert_int_equal(sa_of(t, 0)->state, IKE_SA_INIT_SENT);
		assert_int_equal(sa_of(t, 1) != NULL, !node);
		bench_free(t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(through_losses),
		cmocka_unit_test(a_lost_response_comes_again),
		cmocka_unit_test(none_is_left_out),
		cmocka_unit_test(auth_covers_them),
		cmocka_unit_test(not_another_method),
		cmocka_unit_test(only_who_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
