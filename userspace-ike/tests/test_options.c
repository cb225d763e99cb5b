// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer may say that we have no use for: it does no harm, and is told.
 */
#include "bench.h"

static void put_window(struct bench *t, const char *octets, size_t len)
{
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_SET_WINDOW_SIZE,
			 IKE_SLICE((const uint8_t *)octets, len));
}

/*
 * Section 2.3: whoever has said nothing has a window of one. We never say
 * anything, so a peer with a larger one waits for us all the same; and what it
 * takes from us at once is ours to use or not.
 */
static void windows_of_others(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} sizes[] = {
		{ "\0\0\0\1", 4 }, { "\0\0\0\x20", 4 }, { "\0\0\0\0", 4 },
		{ "\xff\xff\xff\xff", 4 }, { "\0\2", 2 }, { "", 0 },
		{ "\0\0\0\0\2", 5 },
	};
	struct bench *t = bench_up();
	struct ike_engine *e = t->sim.nodes[1].engine;
	uint8_t ahead[256];
	uint64_t dropped;
	uint32_t id;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put_window(t, sizes[i].octets, sizes[i].len);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		assert_int_equal(t->reply.n_notifies, 0);
		assert_true(alive(t));
	}
	/* Two at once: the second one is for later, and then it is taken. */
	id = sa_of(t, 1)->window.expected_id;
	dropped = counters(t).rx_window;
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id + 1);
	memcpy(ahead, t->wire, len);
	assert_int_equal(deliver(t, ahead, len), 0);
	assert_int_equal(counters(t).rx_window, dropped + 1);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_int_not_equal(deliver(t, ahead, len), 0);
	/* Of what we want at once, one thing after the other is asked for. */
	forget(t);
	ike_engine_command(e, t->sim.now, IKE_CMD_REKEY_CHILD, "beta");
	ike_engine_command(e, t->sim.now, IKE_CMD_REKEY_IKE, "beta");
	assert_int_equal(requests_sent(t), 1);
	assert_true(alive(t));
	bench_free(t);
}

/*
 * Section 2.9: the peer takes single pairs of addresses only. A device is for more
 * than that, so a person is told, and nothing of what there is ends.
 */
static void single_pair_required(void **state)
{
	(void)state;
	for (unsigned int rekey = 0; rekey < 2; rekey++) {
		struct bench *t = without_pfs();
		struct ike_engine *e = t->sim.nodes[1].engine;
		struct ike_sa *sa = sa_of(t, 1);
		uint32_t pair = sa->children->pair_id;

		if (rekey)
			ike_engine_command(e, t->sim.now, IKE_CMD_REKEY_CHILD,
					   "beta");
		else
			ike_start_new_child(sa, e->tunnels);
		assert_int_equal(requests_sent(t), 1);
		ike_build_status(&t->b, IKE_N_SINGLE_PAIR_REQUIRED);
		respond(t);
		assert_true(alive(t));
		assert_null(sa->neg);
		assert_non_null(strstr(t->sim.nodes[1].last_line,
				       "SINGLE_PAIR_REQUIRED"));
		assert_non_null(strstr(t->sim.nodes[1].last_line,
				       "single address pair"));
		assert_int_equal(sa->children->pair_id, pair);
		assert_true(sa->children->in_use);
		/* Not at once again. */
		assert_int_equal(requests_sent(t), 0);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
						  IKE_PAIR_LARVAL),
				 0);
		bench_free(t);
	}
}

/* The same section: what was left out would be welcome in another CHILD SA. */
static void additional_ts_possible(void **state)
{
	(void)state;
	for (unsigned int more = 0; more < 2; more++) {
		struct bench *t = without_pfs();
		struct sim_node *node = &t->sim.nodes[1];
		const struct ike_child *old = sa_of(t, 1)->children;
		struct ike_choice choice = old->choice;
		const struct ike_nonce nonce = { .len = 32 };
		struct ike_ts_set any;
		unsigned int told;

		ike_ts_any(&any);
		ike_engine_command(node->engine, t->sim.now,
				   IKE_CMD_REKEY_CHILD, "beta");
		assert_int_equal(requests_sent(t), 1);
		told = node->counts[IKE_EVENT_NOTIFY];
		if (more)
			ike_build_status(&t->b, IKE_N_ADDITIONAL_TS_POSSIBLE);
		ike_build_answer(&t->b, IKE_USE_CHILD, &choice, 0xabcdef);
		ike_build_nonce(&t->b, ike_nonce_slice(&nonce));
		ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
		ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
		respond(t);
		assert_int_equal(node->counts[IKE_EVENT_NOTIFY], told + more);
		assert_int_equal(sa_of(t, 1)->children->spi_out, 0xabcdef);
		assert_true(sa_of(t, 1)->children->in_use);
		bench_free(t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_of_others),
		cmocka_unit_test(single_pair_required),
		cmocka_unit_test(additional_ts_possible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
