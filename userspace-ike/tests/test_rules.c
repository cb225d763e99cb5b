// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules that both ends, or many tunnels, must have alike: which nonce is the lowest,
 * when a rekey is due, when to try again, what a NAT is.
 */
#include "bench.h"
#include "nat.h"

/* ------------------------------------------------------------ section 2.8.1 */

static struct ike_nonce nonce_of(const char *octets, size_t len)
{
	struct ike_nonce n = { 0 };

	ike_nonce_set(&n, IKE_SLICE((const uint8_t *)octets, len));
	return n;
}

static void nonces_in_order(void **state)
{
	/* Each is lower than all that follow it. */
	const struct ike_nonce sorted[] = {
		nonce_of("\0\xff", 2),	    nonce_of("\1", 1),
		nonce_of("\1\0", 2),	    nonce_of("\1\0\xff", 3),
		nonce_of("\1\1", 2),	    nonce_of("\x7f\xff", 2),
		nonce_of("\x80\0", 2),	    nonce_of("\x80\0\0\0\0\0\0\0\0", 9),
		nonce_of("\xff\0\0\0", 4), nonce_of("\xff\1", 2),
	};
	const size_t n = sizeof(sorted) / sizeof(sorted[0]);
	struct ike_nonce copy;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			assert_ptr_equal(ike_nonce_lower(&sorted[i], &sorted[j]),
					 &sorted[i]);
			assert_ptr_equal(ike_nonce_lower(&sorted[j], &sorted[i]),
					 &sorted[i]);
		}
		/* The same: whichever, and it has these octets. */
		copy = sorted[i];
		assert_memory_equal(ike_nonce_lower(&copy, &sorted[i]),
				    &sorted[i], sizeof(copy));
	}
}

/* Node 1's request crosses the peer's; the @k-th of the four nonces is the lowest. */
static void fill(uint8_t nonce[32], bool lowest)
{
	memset(nonce, lowest ? 0 : 0xff, 32);
}

static void the_child_sa_with_the_lowest_goes(void **state)
{
	(void)state;
	for (unsigned int k = 0; k < 4; k++) {
		struct bench *t = without_pfs();
		struct ike_sa *sa = sa_of(t, 1);
		struct ike_child *old = sa->children;
		struct ike_choice choice = old->choice;
		uint32_t spi_out = old->spi_out;
		struct ike_nonce nonce = { .len = 32 };
		struct ike_child *ours, *theirs;
		bool ours_goes = k == 0 || k == 2;
		struct ike_ts_set any;
		uint8_t spi[4];

		ike_engine_command(sa->e, t->sim.now, IKE_CMD_REKEY_CHILD,
				   "beta");
		assert_int_equal(sa->neg->nonce.len, 32);
		fill(sa->neg->nonce.data, k == 0);
		/* Ours in the answer is drawn: between the others. */
		fill(t->plain, k == 1);
		put_be32(spi, spi_out);
		put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), true);
		assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
		assert_true(t->reply.present & IKE_P_TSI);
		theirs = sa->neg->peer_child;
		assert_int_equal(theirs->spi_out, 0x4000);

		fill(nonce.data, k == 2);
		ike_ts_any(&any);
		ike_build_answer(&t->b, IKE_USE_CHILD, &choice, 0xabcdef);
		ike_build_nonce(&t->b, ike_nonce_slice(&nonce));
		ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
		ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
		respond(t);
		ours = ike_child_by_spi_out(sa, 0xabcdef);
		assert_non_null(ours);
		/* Who has asked for the one that stays deletes the old one. */
		assert_int_equal(sa->window.kind, IKE_X_DELETE_CHILD);
		assert_int_equal(sa->deleting->spi_out,
				 ours_goes ? 0xabcdef : spi_out);
		assert_int_equal(ours->in_use, !ours_goes);
		assert_int_equal(theirs->state, ours_goes ? IKE_CHILD_INSTALLED :
							    IKE_CHILD_REKEYED);
		bench_free(t);
	}
}

static void the_ike_sa_with_the_lowest_goes(void **state)
{
	static const uint8_t ke[32] = { 9 };

	(void)state;
	for (unsigned int k = 0; k < 4; k++) {
		struct bench *t = bench_up();
		struct ike_sa *old = sa_of(t, 1), *ours, *theirs;
		struct ike_choice choice = old->choice;
		struct ike_nonce nonce = { .len = 32 };
		bool ours_goes = k == 0 || k == 2;
		uint32_t id;
		size_t len;

		ike_engine_command(old->e, t->sim.now, IKE_CMD_REKEY_IKE,
				   "beta");
		fill(old->neg->nonce.data, k == 0);
		fill(nonce.data, k == 1);
		ike_build_offer(&t->b, IKE_USE_IKE_REKEY,
				&t->sim.nodes[1].config.ike, 0x4711);
		ike_build_nonce(&t->b, ike_nonce_slice(&nonce));
		ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
		/* Node 0's engine knows nothing of all this: its keys seal. */
		id = old->window.expected_id;
		len = seal(t, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_FLAG_INITIATOR,
			   id);
		assert_true(deliver(t, t->wire, len) > 0);
		theirs = old->neg->peer_sa;
		assert_non_null(theirs);

		fill(nonce.data, k == 2);
		ike_build_start(&t->b, t->build, sizeof(t->build));
		ike_build_answer(&t->b, IKE_USE_IKE_REKEY, &choice, 0x4712);
		ike_build_nonce(&t->b, ike_nonce_slice(&nonce));
		ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
		len = seal(t, IKE_EXCHANGE_CREATE_CHILD_SA,
			   IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE,
			   old->window.next_id);
		deliver(t, t->wire, len);
		ours = sa_of(t, 1);
		assert_true(ours->spi_r == 0x4712);
		assert_ptr_equal(ours->next, theirs);
		assert_int_equal(ours->state, ours_goes ? IKE_SA_DELETING :
							  IKE_SA_ESTABLISHED);
		assert_int_equal(theirs->state, IKE_SA_ESTABLISHED);
		assert_int_equal(theirs->redundant, !ours_goes);
		assert_non_null((ours_goes ? theirs : ours)->children);
		assert_null((ours_goes ? ours : theirs)->children);
		assert_int_equal(old->state, ours_goes ? IKE_SA_REKEYED :
							 IKE_SA_DELETING);
		bench_free(t);
	}
}

/* -------------------------------------------------------------------- times */

#define MINUTE 60000u

/* Thousands of tunnels that came up together are not rekeyed together. */
static void rekeys_are_spread(void **state)
{
	uint64_t first[2] = { 0 };
	unsigned int others[2] = { 0 };

	(void)state;
	for (unsigned int seed = 0; seed < 12; seed++) {
		struct bench *t = bench_new();

		for (unsigned int i = 0; i < 2; i++)
			t->sim.nodes[i].entropy.state += seed;
		bench_start(t);
		for (unsigned int i = 0; i < 2; i++) {
			const struct ike_sa *sa = sa_of(t, i);
			const struct ike_child *c = sa->children;
			uint64_t in[2] = { sa->rekey_at - sa->origin.at,
					   c->rekey_at - c->installed_at };

			assert_in_range(in[0], 432 * MINUTE + 1, 480 * MINUTE);
			assert_in_range(in[1], 54 * MINUTE + 1, 60 * MINUTE);
			assert_true(sa->expire_at == sa->origin.at + 528 * MINUTE);
			assert_true(c->expire_at ==
				    c->installed_at + 66 * MINUTE);
			assert_true(sa->reauth_at == IKE_NEVER);
			for (unsigned int j = 0; j < 2; j++) {
				if (!first[j])
					first[j] = in[j];
				/* By more than a second. */
				others[j] += in[j] > first[j] + 1000 ||
					     in[j] + 1000 < first[j];
			}
		}
		bench_free(t);
	}
	for (unsigned int j = 0; j < 2; j++)
		assert_in_range(others[j], 15, 23);
}

/* Tries to come up for 20 minutes. Return: how many; @gaps: what lies between. */
static unsigned int tries(struct bench *t, uint64_t gaps[1000])
{
	const unsigned int *failed =
		&t->sim.nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED];
	uint64_t last = t->sim.now, until = last + 20 * MINUTE;
	unsigned int n = 0;

	while (t->sim.now < until) {
		unsigned int before = *failed;

		sim_run(&t->sim, 20);
		if (*failed == before)
			continue;
		assert_int_equal(*failed, before + 1);
		assert_true(n < 1000);
		gaps[n++] = t->sim.now - last;
		last = t->sim.now;
	}
	assert_false(t->sim.nodes[0].up || t->sim.nodes[1].up);
	return n;
}

/* From 1 s to a cap, with a jitter of a half: the cap is 30 s, or 2 s in silence. */
static void tries_become_rare(void **state)
{
	static uint64_t gaps[1000];

	(void)state;
	for (unsigned int silent = 0; silent < 2; silent++) {
		struct bench *t = bench_new();
		/* What an attempt itself takes: nothing, or all transmissions. */
		uint64_t took = silent ? 7500 : 20, same = 0;
		uint64_t cap = silent ? 2000 : 30000;
		unsigned int n, late = 0;

		t->sim.nodes[1].psk = "another secret altogether";
		if (!silent)
			sim_start(&t->sim, 1);
		sim_start(&t->sim, 0);
		n = tries(t, gaps);
		/* Soon at first. */
		assert_in_range(gaps[1], 500, took + 1100);
		assert_in_range(n, 1200000 / (cap + took + 100), 160);
		for (unsigned int i = 1; i < n; i++) {
			assert_in_range(gaps[i], 500, cap + took + 100);
			/* Doubled five times it is at the cap. */
			if (i < 7)
				continue;
			late++;
			assert_in_range(gaps[i], cap / 2 + took - 20,
					cap + took + 100);
			same += gaps[i] == gaps[i - 1];
		}
		assert_true(late > 20);
		assert_true(same < late / 4);
		bench_free(t);
	}
}

/* ---------------------------------------------------- NAT, RFC 7296, 2.23 */

static void one_address_that_fits_is_enough(void **state)
{
	const struct ike_endpoint here = { .addr = { IKE_IPV4, { 192, 0, 2, 1 } },
					   .port = 500 };
	const struct ike_endpoint there = { .addr = { IKE_IPV4, { 192, 0, 2, 2 } },
					    .port = 500 };
	const struct ike_endpoint other = { .addr = { IKE_IPV4, { 10, 0, 0, 1 } },
					    .port = 500 };
	/* Which notifications the peer sends: '+' ones that fit, '-' others. */
	static const struct {
		const char *source;
		const char *dest;
		bool nat_remote;
		bool nat_local;
	} cases[] = {
		{ "+", "+", false, false },  { "-+", "+", false, false },
		{ "+-", "+", false, false }, { "--+", "+", false, false },
		{ "--", "+", true, false },  { "+", "-+", false, false },
		{ "+", "--", false, true },  { "-", "-", true, true },
		{ "", "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t buf[1024], wire[1100];
		bool nat_local = false, nat_remote = false;
		struct ike_header h = {
			.spi_i = 7,
			.version = 0x20,
			.exchange = IKE_EXCHANGE_SA_INIT,
			.flags = IKE_FLAG_INITIATOR,
		};
		struct ike_builder b;
		struct ike_msg msg;

		ike_build_start(&b, buf, sizeof(buf));
		for (unsigned int dest = 0; dest < 2; dest++) {
			const char *p = dest ? cases[i].dest : cases[i].source;

			for (; *p; p++) {
				uint8_t one_buf[128];
				struct ike_builder one;

				/* Source and destination of a message, 28 octets each. */
				ike_build_start(&one, one_buf, sizeof(one_buf));
				ike_build_nat(&one, 7, 0,
					      *p == '+' ? &there : &other,
					      *p == '+' ? &here : &other, false);
				assert_int_equal(one.w.len, 56);
				ike_build_notify(
					&b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
					dest ? IKE_N_NAT_DETECTION_DESTINATION_IP :
					       IKE_N_NAT_DETECTION_SOURCE_IP,
					IKE_SLICE(one_buf + 28 * dest + 8, 20));
			}
		}
		/* Cut short it fits nothing, and harms nothing. */
		if (b.w.len)
			ike_build_notify(&b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
					 IKE_N_NAT_DETECTION_SOURCE_IP,
					 IKE_SLICE(buf + 8, 19));
		else
			ike_build_status(&b, IKE_N_INITIAL_CONTACT);
		h.next_payload = b.first;
		h.length = (uint32_t)(IKE_HEADER_LEN + b.w.len);
		ike_header_write(wire, &h);
		memcpy(wire + IKE_HEADER_LEN, b.w.data, b.w.len);
		assert_int_equal(ike_msg_parse(&msg, IKE_SLICE(wire, h.length)),
				 0);
		ike_nat_detect(&msg, &here, &there, &nat_local, &nat_remote);
		assert_int_equal(nat_local, cases[i].nat_local);
		assert_int_equal(nat_remote, cases[i].nat_remote);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonces_in_order),
		cmocka_unit_test(the_child_sa_with_the_lowest_goes),
		cmocka_unit_test(the_ike_sa_with_the_lowest_goes),
		cmocka_unit_test(rekeys_are_spread),
		cmocka_unit_test(tries_become_rare),
		cmocka_unit_test(one_address_that_fits_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
