// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer whose NAT gets another address (RFC 7296, sections 2.11 and 2.23): who is
 * followed there and by what, and what goes there then. Node 0 is behind the NAT.
 */
#include "bench.h"

static struct bench *bench_nat(void)
{
	struct bench *t = bench_new();

	t->sim.net.nat = true;
	t->sim.net.nat_shift = 1000;
	return bench_start(t);
}

/* Another address, and another port with it. */
static struct ike_endpoint elsewhere(struct bench *t)
{
	struct ike_endpoint to = sa_of(t, 1)->remote;

	to.addr.octets[3] += 40;
	to.port += 7;
	return to;
}

static bool is_at(struct bench *t, const struct ike_endpoint *where)
{
	return !memcmp(&sa_of(t, 1)->remote, where, sizeof(*where));
}

/* An empty request of node 0's, with that ID, comes from there. */
static void comes(struct bench *t, struct ike_endpoint from, uint32_t id)
{
	size_t len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id);

	deliver_between(t, sa_of(t, 1)->local, from, t->wire, len);
}

static void comes_next(struct bench *t, struct ike_endpoint from)
{
	comes(t, from, sa_of(t, 1)->window.expected_id);
}

/* The kernel of node @node says that it has followed the peer. */
static void esp_moves(struct bench *t, unsigned int node,
		      const struct ike_endpoint *to)
{
	const struct ike_kernel_event event = {
		.id = IKE_KERNEL_FLOAT,
		.ifindex = SIM_IFINDEX,
		.pair_id = sa_of(t, node)->children->pair_id,
		.remote = *to,
	};

	ike_engine_kernel_event(t->sim.nodes[node].engine, t->sim.now, &event);
}

static void a_new_request_moves_it(void **state)
{
	struct bench *t = bench_nat();
	struct ike_sa *sa = sa_of(t, 1);
	struct ike_endpoint was = sa->remote, away = elsewhere(t), here;
	uint32_t id = sa->window.expected_id;
	uint8_t old[256];
	size_t len;

	(void)state;
	/* Forged. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id);
	memcpy(old, t->wire, len);
	t->wire[len - 1] ^= 1;
	assert_int_equal(deliver_between(t, sa->local, away, t->wire, len), 0);
	assert_true(is_at(t, &was));
	/* A copy of what was answered before: it is answered there, no more. */
	assert_int_not_equal(deliver_between(t, sa->local, was, old, len), 0);
	deliver_between(t, sa->local, away, old, len);
	assert_int_equal(counters(t).replays, 1);
	assert_true(is_at(t, &was));
	/* An older one. */
	comes_next(t, was);
	deliver_between(t, sa->local, away, old, len);
	assert_true(is_at(t, &was));
	/* A response. */
	sa->want_probe = true;
	ike_engine_tick(sa->e, t->sim.now);
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL,
		   IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, sa->window.next_id);
	deliver_between(t, sa->local, away, t->wire, len);
	assert_int_equal(sa->window.kind, IKE_X_NONE);
	assert_true(is_at(t, &was));
	/* To another address of ours. */
	here = sa->local;
	here.addr.octets[3] += 3;
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR,
		   sa->window.expected_id);
	deliver_between(t, here, away, t->wire, len);
	assert_true(is_at(t, &was));
	/* And that is what it takes. */
	comes_next(t, away);
	assert_true(is_at(t, &away));
	assert_int_equal(sa->window.kind, IKE_X_REKEY_CHILD);
	bench_free(t);
}

/* The kernel does not know yet: the CHILD SA is rekeyed to there. */
static void its_pairs_go_along(void **state)
{
	struct bench *t = bench_nat();
	struct ike_endpoint away = elsewhere(t);
	const struct sim_pair *pair;

	(void)state;
	t->sim.net.nat_moved = 40;
	t->sim.net.nat_shift += 7;
	comes_next(t, away);
	sim_run(&t->sim, 400);
	pair = sim_kernel_active(&t->sim.nodes[1].kernel);
	assert_memory_equal(&pair->info.encap_remote, &away.addr,
			    sizeof(away.addr));
	assert_int_equal(pair->info.encap_dport, away.port);
	assert_true(alive(t));
	bench_free(t);
}

/* Whoever has not shown yet who it is stays where it is. */
static void not_before_it_is_known(void **state)
{
	struct bench *t = bench_new();
	struct ike_endpoint was, away;
	uint8_t auth[1500];
	size_t len;

	(void)state;
	t->sim.net.nat = true;
	t->sim.net.nat_shift = 1000;
	bench_to_auth(t);
	len = t->sim.queue[0].len;
	assert_in_range(len, 100, sizeof(auth));
	memcpy(auth, t->sim.queue[0].data, len);
	was = t->sim.queue[0].remote;
	away = was;
	away.addr.octets[3] += 40;
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	deliver_between(t, t->sim.queue[0].local, away, auth, len);
	assert_true(alive(t));
	assert_memory_equal(&sa_of(t, 1)->remote.addr, &was.addr,
			    sizeof(was.addr));
	bench_free(t);
}

/* Who is behind the NAT itself, and knows of none in front of the peer. */
static void not_by_who_is_behind_it(void **state)
{
	struct bench *t = bench_nat();
	struct ike_sa *sa = sa_of(t, 0);
	struct ike_endpoint was, away;
	struct ike_datagram d;
	struct ike_header h = {
		.version = 0x20,
		.exchange = IKE_EXCHANGE_INFORMATIONAL,
	};
	int len;

	(void)state;
	assert_true(sa->nat_local && !sa->nat_remote);
	assert_false(sim_kernel_active(&t->sim.nodes[0].kernel)
			     ->info.encap_follow);
	/* Whoever has rekeyed the IKE SA, it is the same IKE SA. */
	for (unsigned int i = 0; i < 2; i++) {
		struct ike_sa *peer;

		sa = sa_of(t, 0);
		peer = sa_of(t, 1);
		assert_int_equal(sa->initiator, !i);
		was = sa->remote;
		away = was;
		away.port++;
		for (unsigned int k = 0; k < 2; k++) {
			away.addr.octets[3] += (uint8_t)(k * 40);
			ike_build_start(&t->b, t->build, sizeof(t->build));
			h.spi_i = peer->spi_i;
			h.spi_r = peer->spi_r;
			h.flags = peer->initiator ? IKE_FLAG_INITIATOR : 0;
			h.message_id = sa->window.expected_id;
			len = ike_sk_seal(&peer->keys, peer->initiator,
					  ++peer->iv, &h, t->b.first,
					  IKE_SLICE(t->b.w.data, t->b.w.len),
					  t->wire, sizeof(t->wire));
			assert_true(len > 0);
			d = (struct ike_datagram){ .local = sa->local,
						   .remote = away,
						   .data = t->wire,
						   .len = (size_t)len };
			ike_engine_input(sa->e, t->sim.now, &d);
			assert_int_equal(sa->window.expected_id,
					 h.message_id + 1);
			assert_memory_equal(&sa->remote, &was, sizeof(was));
		}
		esp_moves(t, 0, &away);
		assert_memory_equal(&sa->remote, &was, sizeof(was));
		forget(t);
		peer->window.next_id += 2;
		if (!i)
			sim_command(&t->sim, 1, IKE_CMD_REKEY_IKE);
		sim_run(&t->sim, 1000);
	}
	bench_free(t);
}

/* ESP goes to where the kernel has followed the peer, and IKE along with it. */
static void esp_moves_it(void **state)
{
	struct bench *t = bench_nat();
	struct ike_sa *sa = sa_of(t, 1);
	struct ike_endpoint away = elsewhere(t);
	uint32_t pair = sa->children->pair_id;

	(void)state;
	/* A request is in flight to where it was, and so it is sent again. */
	sa->want_probe = true;
	ike_engine_tick(sa->e, t->sim.now);
	assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
	forget(t);
	t->sim.net.nat_moved = 40;
	t->sim.net.nat_shift += 7;
	esp_moves(t, 1, &away);
	assert_true(is_at(t, &away));
	ike_engine_tick(sa->e, t->sim.now);
	/* (what goes to where nobody is is not on its way) */
	assert_int_equal(requests_sent(t), 1);
	/* The kernel has moved its pairs: there is no need for others. */
	sim_run(&t->sim, 400);
	assert_int_equal(sa->window.kind, IKE_X_NONE);
	assert_int_equal(sa->children->pair_id, pair);
	bench_free(t);
}

/* It has moved those of that device: another one's may be silent, and are rekeyed. */
static void pairs_of_other_devices_are_rekeyed(void **state)
{
	struct bench *t = bench_new();
	struct ike_endpoint away;
	uint32_t pair[SIM_DEVICES];
	struct ike_child *c;

	(void)state;
	t->sim.net.nat = true;
	t->sim.net.nat_shift = 1000;
	sim_share(&t->sim);
	bench_start(t);
	for (unsigned int d = 0; d < SIM_DEVICES; d++)
		pair[d] = sim_kernel_active(sim_kernel_of(&t->sim.nodes[1], d))
				  ->info.pair_id;
	away = elsewhere(t);
	t->sim.net.nat_moved = 40;
	t->sim.net.nat_shift += 7;
	for (c = sa_of(t, 1)->children; c->tunnel->config.ifindex != SIM_IFINDEX;)
		c = c->next;
	ike_engine_kernel_event(
		t->sim.nodes[1].engine, t->sim.now,
		&(struct ike_kernel_event){ .id = IKE_KERNEL_FLOAT,
					    .ifindex = SIM_IFINDEX,
					    .pair_id = c->pair_id,
					    .remote = away });
	sim_run(&t->sim, 1000);
	assert_int_equal(sim_kernel_active(&t->sim.nodes[1].kernel)->info.pair_id,
			 pair[0]);
	assert_int_not_equal(
		sim_kernel_active(&t->sim.nodes[1].second)->info.pair_id,
		pair[1]);
	assert_memory_equal(&sim_kernel_active(&t->sim.nodes[1].second)
				     ->info.encap_remote,
			    &away.addr, sizeof(away.addr));
	bench_free(t);
}

/* Who does not answer there is asked as well where it was before. */
static void a_doubt_is_left(void **state)
{
	struct bench *t = bench_nat();
	struct ike_sa *sa = sa_of(t, 1);
	uint32_t pair = sa->children->pair_id;

	(void)state;
	/* Somebody sends on what node 0 has sent, and nothing comes back there. */
	comes_next(t, elsewhere(t));
	assert_int_equal(sa->window.kind, IKE_X_REKEY_CHILD);
	sim_run(&t->sim, 1400);
	assert_int_equal(sa->window.kind, IKE_X_REKEY_CHILD);
	sim_run(&t->sim, 1000);
	assert_int_not_equal(
		sim_kernel_active(&t->sim.nodes[1].kernel)->info.pair_id, pair);
	bench_free(t);
}

/* From there it may also begin anew, and from nowhere else. */
static void it_may_begin_anew_there(void **state)
{
	struct bench *t = bench_nat();
	struct ike_engine *e = t->sim.nodes[1].engine;
	struct ike_address local = sa_of(t, 1)->local.addr;
	struct ike_endpoint was = sa_of(t, 1)->remote, away = elsewhere(t);
	struct ike_address away2 = away.addr;

	(void)state;
	away2.octets[3]++;
	assert_null(ike_tunnel_between(e, NULL, &local, &away.addr));
	comes_next(t, away);
	assert_ptr_equal(ike_tunnel_between(e, NULL, &local, &away.addr),
			 e->tunnels);
	assert_ptr_equal(ike_tunnel_between(e, NULL, &local, &was.addr),
			 e->tunnels);
	assert_null(ike_tunnel_between(e, NULL, &local, &away2));
	/* Back again. */
	comes_next(t, was);
	assert_null(ike_tunnel_between(e, NULL, &local, &away.addr));
	/* The agent behind the NAT is killed; another one comes from there. */
	t->sim.net.nat_moved = 40;
	t->sim.net.nat_shift += 7;
	comes_next(t, away);
	sim_run(&t->sim, 1000);
	sim_stop(&t->sim, 0, true);
	sim_run(&t->sim, 20000);
	assert_null(ike_tunnel_sa(e, e->tunnels));
	sim_start(&t->sim, 0);
	/* It knows its peer, and is known; its own address is as it was. */
	sim_run(&t->sim, 3000);
	assert_true(alive(t));
	assert_memory_equal(&sa_of(t, 1)->remote.addr, &away.addr,
			    sizeof(away.addr));
	assert_memory_equal(&sim_kernel_active(&t->sim.nodes[1].kernel)
				     ->info.encap_remote,
			    &away.addr, sizeof(away.addr));
	/* What a person says counts. */
	assert_int_equal(ike_engine_set_remote(e, t->sim.now, "beta", &was.addr),
			 0);
	assert_null(ike_tunnel_between(e, NULL, &local, &away.addr));
	bench_free(t);
}

/* An agent that is started anew knows it from the kernel, which had followed it. */
static void a_new_agent_knows(void **state)
{
	struct bench *t = bench_nat();
	struct ike_address local = sa_of(t, 1)->local.addr;
	struct ike_endpoint away = elsewhere(t);
	struct ike_engine *e;

	(void)state;
	t->sim.net.nat_moved = 40;
	t->sim.net.nat_shift += 7;
	comes_next(t, away);
	sim_run(&t->sim, 400);
	sim_stop(&t->sim, 1, false);
	/* The configuration is what it was. */
	t->sim.net.nat_moved = 0;
	sim_start(&t->sim, 1);
	t->sim.net.nat_moved = 40;
	e = t->sim.nodes[1].engine;
	assert_ptr_equal(ike_tunnel_between(e, NULL, &local, &away.addr),
			 e->tunnels);
	sim_run(&t->sim, 30000);
	assert_true(alive(t));
	assert_memory_equal(&sa_of(t, 1)->remote.addr, &away.addr,
			    sizeof(away.addr));
	bench_free(t);
}

/* Without a NAT in front of it there would be no way for ESP to where it has moved. */
static void esp_must_get_there(void **state)
{
	struct bench *t = bench_nat();
	struct ike_engine *e = t->sim.nodes[1].engine;
	struct ike_tunnel *tunnel = e->tunnels;
	struct ike_sa sa = { .remote = elsewhere(t) };

	(void)state;
	assert_false(ike_sa_in_reach(&sa, tunnel));
	sa.nat_remote = true;
	assert_true(ike_sa_in_reach(&sa, tunnel));
	sa.nat_remote = false;
	sa.remote = sa_of(t, 1)->remote;
	assert_true(ike_sa_in_reach(&sa, tunnel));
	bench_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_request_moves_it),
		cmocka_unit_test(its_pairs_go_along),
		cmocka_unit_test(not_before_it_is_known),
		cmocka_unit_test(not_by_who_is_behind_it),
		cmocka_unit_test(esp_moves_it),
		cmocka_unit_test(pairs_of_other_devices_are_rekeyed),
		cmocka_unit_test(a_doubt_is_left),
		cmocka_unit_test(it_may_begin_anew_there),
		cmocka_unit_test(a_new_agent_knows),
		cmocka_unit_test(esp_must_get_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
