// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How IKE SAs and CHILD SAs come into being, are replaced, and go.
 */
#include "bench.h"

static void child_requests_that_fit_nothing(void **state)
{
	static const uint8_t spi[4] = { 1, 2, 3, 4 };
	struct bench *t = bench_up();
	const struct ike_notify *n;

	(void)state;
	/* A CHILD SA that is not there: its SPI comes back. */
	put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	n = ike_msg_notify(&t->reply, IKE_N_CHILD_SA_NOT_FOUND);
	assert_non_null(n);
	assert_int_equal(n->protocol, IKE_PROTO_ESP);
	assert_memory_equal(n->spi.data, spi, 4);
	/* Protocols and lengths that make no sense do not come back. */
	put_child(t, IKE_PROTO_IKE, IKE_SLICE(spi, 4), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(t->reply.notifies[0].type, IKE_N_INVALID_SYNTAX);
	put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 0), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(t->reply.notifies[0].type, IKE_N_INVALID_SYNTAX);
	/* One tunnel, one pair. */
	put_child(t, 0, IKE_SLICE(NULL, 0), false);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_NO_ADDITIONAL_SAS));
	/* Deleting what is not there is no offence. */
	ike_build_delete_esp(&t->b, (const uint32_t[]){ 0x01020304 }, 1);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_int_equal(t->reply.present, IKE_P_SK);
	assert_true(alive(t));
	assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
					  IKE_PAIR_ACTIVE),
			 1);
	bench_free(t);
}

/* Two tunnels with one IKE SA, both up; node 1 wants them, too. */
static struct bench *shared_up(void)
{
	struct bench *t = bench_new();

	sim_share(&t->sim);
	t->sim.nodes[1].config.start = IKE_START_ALWAYS;
	sim_start(&t->sim, 1);
	sim_run(&t->sim, 1);
	forget(t);
	sim_start(&t->sim, 0);
	for (unsigned int tries = 0; !sim_both_up(&t->sim); tries++) {
		sim_run(&t->sim, 1000);
		assert_true(tries < 20);
	}
	/* What the peer has begun, and does not need any more, goes after 30 s. */
	sim_run(&t->sim, 35000);
	assert_null(sa_of(t, 1)->next);
	forget(t);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	return t;
}

static struct ike_child *child_of(struct bench *t, const char *tunnel)
{
	for (struct ike_child *c = sa_of(t, 1)->children; c; c = c->next)
		if (!strcmp(c->tunnel->config.name, tunnel))
			return c;
	fail();
	return NULL;
}

/* The peer's request for one tunnel does not cross ours for another. */
static void requests_for_two_tunnels_do_not_collide(void **state)
{
	static const char *const names[] = { "beta-second", "beta" };
	struct bench *t = shared_up();
	const struct ike_negotiation *neg;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		ike_build_delete_esp(&t->b, &child_of(t, names[i])->spi_out, 1);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	}
	neg = sa_of(t, 1)->neg;
	assert_non_null(neg);
	assert_string_equal(neg->tunnel->config.name, "beta-second");
	put_child(t, 0, IKE_SLICE(NULL, 0), false);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_true(t->reply.present & IKE_P_TSI);
	assert_string_equal(child_of(t, "beta")->tunnel->config.name, "beta");
	assert_ptr_equal(sa_of(t, 1)->neg, neg);
	assert_false(neg->collided);
	assert_null(neg->peer_child);
	bench_free(t);
}

/* What was asked for a tunnel that is removed is nobody's when it comes. */
static void a_removed_tunnel_is_not_answered_for(void **state)
{
	struct bench *t = shared_up();
	struct ike_engine *e = t->sim.nodes[1].engine;

	(void)state;
	assert_int_equal(ike_engine_command(e, t->sim.now, IKE_CMD_REKEY_CHILD,
					    "beta-second"),
			 0);
	assert_non_null(sa_of(t, 1)->neg);
	ike_engine_remove_tunnel(e, t->sim.now, "beta-second");
	assert_null(sa_of(t, 1)->neg->tunnel);
	sim_run(&t->sim, 5000);
	assert_null(sa_of(t, 1)->neg);
	assert_true(alive(t));
	for (unsigned int i = 0; i < 2; i++)
		assert_null(sa_of(t, i)->next);
	bench_free(t);
}

/* The kernel still sends with a pair that the engine knows nothing about. */
static void what_was_there_carries_on(void **state)
{
	struct bench *t = shared_up();
	struct sim_kernel *k = &t->sim.nodes[1].second;
	struct ike_child *old = child_of(t, "beta-second");
	uint32_t pair = sim_kernel_active(k)->info.pair_id;

	(void)state;
	old->in_use = false;
	old->state = IKE_CHILD_GONE;
	old->tunnel->swept = false;
	put_child(t, 0, IKE_SLICE(NULL, 0), false);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_true(t->reply.present & IKE_P_TSI);
	assert_int_equal(sim_kernel_active(k)->info.pair_id, pair);
	bench_free(t);
}

/* A pair of ours that goes is not one of an earlier agent, and goes when it was to. */
static void what_goes_already_is_left_alone(void **state)
{
	struct bench *t = shared_up();
	struct sim_kernel *k = &t->sim.nodes[1].second;
	struct ike_tunnel *tunnel = child_of(t, "beta-second")->tunnel;

	(void)state;
	tunnel->swept = false;
	assert_int_equal(ike_engine_command(t->sim.nodes[1].engine, t->sim.now,
					    IKE_CMD_REKEY_CHILD, "beta-second"),
			 0);
	sim_run(&t->sim, 3000);
	assert_int_equal(sim_kernel_count(k, IKE_PAIR_DRAINING), 1);
	assert_false(tunnel->swept);
	tunnel->up = false;
	assert_int_equal(ike_engine_command(t->sim.nodes[1].engine, t->sim.now,
					    IKE_CMD_REKEY_CHILD, "beta"),
			 0);
	sim_run(&t->sim, 3000);
	assert_true(tunnel->swept);
	sim_run(&t->sim, IKE_GRACE_S * 1000 - 5000);
	assert_int_equal(sim_kernel_count(k, IKE_PAIR_DRAINING), 0);
	bench_free(t);
}

/* RFC 6023: PFS that does not fit shows at once, and not at the first rekey. */
static void childless(void **state)
{
	(void)state;
	for (unsigned int fits = 0; fits < 2; fits++) {
		struct bench *t = bench_new();

		suite_is(t, IKE_SUITE_ESP, "aes128gcm16-ecp256");
		if (fits)
			t->sim.nodes[0].config.esp =
				t->sim.nodes[1].config.esp;
		t->sim.nodes[0].config.childless = true;
		bench_to_auth(t);
		/* Nothing is reserved, because nothing is asked for. */
		assert_int_equal(sim_kernel_count(&t->sim.nodes[0].kernel,
						  IKE_PAIR_LARVAL),
				 0);
		sim_run(&t->sim, 500);
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(sa_of(t, i)->state,
					 IKE_SA_ESTABLISHED);
			assert_null(sa_of(t, i)->next);
		}
		assert_int_equal(sim_both_up(&t->sim), fits);
		if (fits)
			assert_int_equal(sa_of(t, 0)->children->choice.ke,
					 IKE_KE_ECP_256);
		else
			assert_non_null(
				strstr(t->sim.nodes[0].engine->tunnels->last_error,
				       "NO_PROPOSAL_CHOSEN"));
		bench_free(t);
	}
}

/* It is up, and both ends keep for who asks why it will not be for ever. */
static void a_refused_rekey_is_kept(void **state)
{
	struct bench *t = bench_up();
	struct ike_engine *e = t->sim.nodes[0].engine;
	const struct ike_failure *ours, *theirs;
	char why[200];

	(void)state;
	memset(&t->sim.nodes[1].engine->tunnels->config.ike, 0,
	       sizeof(struct ike_suite));
	assert_int_equal(ike_suite_parse(&t->sim.nodes[1].engine->tunnels->config.ike,
					 IKE_SUITE_IKE,
					 "aes256gcm16-prfsha512-x25519", why,
					 sizeof(why)),
			 0);
	assert_null(e->tunnels->failed[0]);
	ike_engine_command(e, t->sim.now, IKE_CMD_REKEY_IKE,
			   e->tunnels->config.name);
	sim_run(&t->sim, 1000);
	assert_true(sim_both_up(&t->sim));
	ours = e->tunnels->failed[0];
	assert_non_null(ours);
	assert_int_equal(ours->reason, IKE_FAILURE_IKE_PROPOSAL);
	assert_false(ours->by_us);
	assert_string_equal(ours->step, "CREATE_CHILD_SA for the IKE SA");
	assert_non_null(strstr(ours->text, "the IKE SA could not be rekeyed (NO_PROPOSAL_CHOSEN"));
	assert_non_null(strstr(ours->ours, "prfsha384"));
	theirs = t->sim.nodes[1].engine->tunnels->failed[1];
	assert_non_null(theirs);
	assert_int_equal(theirs->reason, IKE_FAILURE_IKE_PROPOSAL);
	assert_true(theirs->by_us);
	assert_non_null(strstr(theirs->theirs, "prfsha384"));
	assert_int_equal(theirs->n_types, IKE_FAILURE_TYPES);
	bench_free(t);
}

/* Leaves node @node of what its CHILD SA was for but a part, the rest to the peer. */
static void less_for(struct bench *t, unsigned int node, bool forgets)
{
	struct ike_ts_set less = { .n = 1 };

	assert_int_equal(ike_ts_parse(&less.ts[0], "10.0.0.0/8"), 0);
	t->sim.nodes[node].engine->tunnels->local_ts = less;
	if (forgets)
		sa_of(t, node)->children->local_ts = less;
}

/* Section 2.9.2: by its own will, or by what is configured now. */
static void a_rekey_leaves_nothing_out(void **state)
{
	struct bench *t = bench_up();
	struct ike_child *child = sa_of(t, 1)->children;
	struct ike_ts_set less = { .n = 1 };
	uint8_t spi[4];

	(void)state;
	put_be32(spi, child->spi_out);
	for (unsigned int i = 0; i < 3; i++) {
		t->plain[0] = (uint8_t)i;
		put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), true);
		if (i < 2) {
			/* Instead of 0.0.0.0/0 and ::/0: one of them. */
			t->b.w.len -= 2 * (8 + 16 + 40);
			ike_ts_any(&less);
			less.n = 1;
			ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &less);
			ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &less);
		}
		assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
		if (i < 2) {
			assert_non_null(ike_msg_notify(&t->reply,
						       IKE_N_TS_UNACCEPTABLE));
			assert_ptr_equal(sa_of(t, 1)->children, child);
			assert_null(child->next);
			assert_int_equal(child->state, IKE_CHILD_INSTALLED);
		} else {
			assert_true(t->reply.present & IKE_P_TSI);
			assert_int_equal(child->state, IKE_CHILD_REKEYED);
		}
	}
	bench_free(t);
}

/* As initiator: what was in use stays, and what the peer has made goes. */
static void a_rekey_that_leaves_out_is_not_taken(void **state)
{
	(void)state;
	for (unsigned int forgets = 0; forgets < 2; forgets++) {
		struct bench *t = bench_up();
		struct ike_child *child = sa_of(t, 0)->children;

		t->sim.disrupted = false;
		less_for(t, 1, forgets);
		sim_command(&t->sim, 0, IKE_CMD_REKEY_CHILD);
		sim_run(&t->sim, 15000);
		for (unsigned int i = 0; i < 2; i++) {
			assert_null(sa_of(t, i)->next);
			assert_non_null(sa_of(t, i)->children);
			assert_null(sa_of(t, i)->children->next);
		}
		assert_ptr_equal(sa_of(t, 0)->children, child);
		assert_int_equal(child->state, IKE_CHILD_INSTALLED);
		assert_true(child->in_use);
		assert_true(sim_both_up(&t->sim));
		/* Later, but not at once. */
		assert_in_range(child->rekey_at, t->sim.now,
				t->sim.now + 60000);
		assert_int_equal(t->sim.nodes[!forgets]
				 .counts[IKE_EVENT_NEGOTIATION_FAILED], 1);
		bench_free(t);
	}
}

/* Anybody can say INITIAL_CONTACT: it counts for who has shown who it is. */
static void initial_contact_needs_proof(void **state)
{
	(void)state;
	for (unsigned int right = 0; right < 2; right++) {
		struct bench *t = bench_up();
		struct ike_sa *old = sa_of(t, 1);
		uint64_t spi = old->spi_i;

		/* It has forgotten everything, or is somebody else. */
		sim_stop(&t->sim, 0, true);
		t->sim.nodes[0].psk = right ? SIM_PSK : "a guess";
		sim_start(&t->sim, 0);
		sim_run(&t->sim, 500);
		assert_int_equal(counters(t).auth_failures, !right);
		assert_non_null(sa_of(t, 1));
		assert_null(sa_of(t, 1)->next);
		assert_true(alive(t));
		assert_int_equal(sa_of(t, 1)->spi_i == spi, !right);
		bench_free(t);
	}
}

/* Section 1.2: there is an IKE SA, and the CHILD SA is asked for again. */
static void refused_child_leaves_the_ike_sa(void **state)
{
	struct bench *t = bench_new();

	(void)state;
	suite_is(t, IKE_SUITE_ESP, "aes256gcm16");
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 500);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(sa_of(t, i)->state, IKE_SA_ESTABLISHED);
		assert_null(sa_of(t, i)->next);
		assert_null(sa_of(t, i)->children);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[i].kernel,
						  IKE_PAIR_LARVAL),
				 0);
	}
	t->sim.nodes[1].engine->tunnels->config.esp = t->sim.nodes[0].config.esp;
	/* There is no traffic; it is up at both ends all the same. */
	sim_run(&t->sim, 2000);
	assert_true(sim_both_up(&t->sim));
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

/* A packet wants to leave, and node 1's kernel has no SA for it. */
static void packet(struct bench *t)
{
	struct ike_kernel_event event = { .id = IKE_KERNEL_ACQUIRE,
					  .ifindex = SIM_IFINDEX };

	ike_engine_kernel_event(t->sim.nodes[1].engine, t->sim.now, &event);
}

/* Takes from node 1 its CHILD SA, and leaves it the IKE SA. */
static void lose_child(struct bench *t, unsigned int how)
{
	struct ike_engine *e = t->sim.nodes[1].engine;
	struct ike_child *child = sa_of(t, 1)->children;
	struct ike_kernel_event event = { .id = IKE_KERNEL_DELETED,
					  .ifindex = SIM_IFINDEX,
					  .pair_id = child->pair_id };
	uint8_t spi[4];

	switch (how) {
	case 0:
		ike_build_delete_esp(&t->b, &child->spi_out, 1);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		break;
	case 1:
		ike_engine_command(e, t->sim.now, IKE_CMD_REKEY_CHILD, "beta");
		put_be32(spi, child->spi_in);
		ike_build_notify(&t->b, IKE_PROTO_ESP, IKE_SLICE(spi, 4),
				 IKE_N_CHILD_SA_NOT_FOUND, IKE_SLICE(NULL, 0));
		respond(t);
		break;
	default:
		ike_engine_kernel_event(e, t->sim.now, &event);
		assert_int_equal(sa_of(t, 1)->window.kind, IKE_X_DELETE_CHILD);
		respond(t);
	}
	assert_null(sa_of(t, 1)->children);
}

/* On traffic: the IKE SA has outlived the CHILD SA, and a packet comes. */
static void a_packet_asks_for_a_new_child(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = bench_up();
		struct ike_engine *e = t->sim.nodes[1].engine;
		struct ike_sa *sa = sa_of(t, 1);

		assert_false(e->tunnels->wanted);
		lose_child(t, how);
		/* Not without a packet; and not again after a refusal. */
		for (unsigned int i = 0; i < 2; i++) {
			t->sim.now += 3000;
			ike_engine_tick(e, t->sim.now);
			assert_int_equal(sa->window.kind, IKE_X_NONE);
			packet(t);
			assert_int_equal(sa->window.kind, IKE_X_NEW_CHILD);
			assert_ptr_equal(sa->neg->tunnel, e->tunnels);
			ike_build_status(&t->b, IKE_N_NO_PROPOSAL_CHOSEN);
			respond(t);
			assert_true(alive(t));
			assert_null(sa->next);
		}
		bench_free(t);
	}
}

/* The same if the first one was refused: there never was one. */
static void a_packet_asks_for_what_was_refused(void **state)
{
	struct bench *t = bench_new();

	(void)state;
	suite_is(t, IKE_SUITE_ESP, "aes256gcm16");
	t->sim.nodes[0].config.start = IKE_START_PASSIVE;
	sim_start(&t->sim, 0);
	sim_start(&t->sim, 1);
	sim_run(&t->sim, 100);
	assert_null(sa_of(t, 1));
	packet(t);
	sim_run(&t->sim, 500);
	t->sim.nodes[1].engine->tunnels->config.esp = t->sim.nodes[0].config.esp;
	sim_run(&t->sim, 5000);
	assert_true(alive(t));
	assert_null(sa_of(t, 1)->children);
	packet(t);
	sim_run(&t->sim, 500);
	assert_true(sim_both_up(&t->sim));
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

/* Section 1.5: with proof, the SA in question is rekeyed. */
static void a_lost_pair_is_made_anew(void **state)
{
	struct bench *t = bench_up();
	struct ike_child *child = sa_of(t, 1)->children;
	uint8_t spi[4];

	(void)state;
	child->confirmed = true;
	put_be32(spi, child->spi_out + 1);
	for (unsigned int i = 0; i < 3; i++) {
		ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_INVALID_SPI,
				 IKE_SLICE(spi, i == 1 ? 3 : 4));
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		assert_int_equal(sa_of(t, 1)->window.kind,
				 i < 2 ? IKE_X_NONE : IKE_X_REKEY_CHILD);
		put_be32(spi, child->spi_out);
	}
	assert_true(alive(t));
	bench_free(t);
}

/* The responder believes to be done: it is told that it is not. */
static void left_during_auth(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = bench_new();
		struct sim_node *node = &t->sim.nodes[0];
		unsigned int tries = 0;

		bench_to_auth(t);
		if (how == 0)
			sim_command(&t->sim, 0, IKE_CMD_DOWN);
		else if (how == 1)
			ike_engine_set_device(node->engine, t->sim.now,
					      node->config.name, 0);
		else
			ike_engine_remove_tunnel(node->engine, t->sim.now,
						 node->config.name);
		assert_int_equal(sa_of(t, 0)->state, IKE_SA_LEAVING);
		assert_int_equal(sim_kernel_count(&node->kernel,
						  IKE_PAIR_LARVAL),
				 0);
		assert_false(ike_engine_idle(node->engine));
		while (sa_of(t, 0)->state == IKE_SA_LEAVING) {
			sim_run(&t->sim, 1);
			assert_true(++tries < 100);
		}
		/* It is established there, and on its way out here. */
		assert_int_equal(sa_of(t, 1)->state, IKE_SA_ESTABLISHED);
		assert_int_equal(sa_of(t, 0)->state, IKE_SA_DELETING);
		assert_null(sa_of(t, 0)->children);
		sim_run(&t->sim, 50);
		assert_null(sa_of(t, 0));
		assert_null(sa_of(t, 1));
		assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
		assert_true(ike_engine_idle(node->engine));
		bench_free(t);
	}
}

/* Lets node 0 begin, until it has sent IKE_AUTH. */
static struct bench *bench_auth_sent(void)
{
	struct bench *t = bench_new();

	bench_to_auth(t);
	return t;
}

/*
 * An end may have to ask somebody about the other, or whoever keeps its key: neither
 * the initiator, in front of the answer to IKE_AUTH, nor the responder, behind
 * IKE_SA_INIT, gives up meanwhile.
 */
static void authentication_takes_its_time(void **state)
{
	struct bench *t = bench_auth_sent();
	uint64_t spi = sa_of(t, 0)->spi_i;

	(void)state;
	forget(t);
	t->sim.net.cut = true;
	sim_run(&t->sim, 25000);
	for (unsigned int i = 0; i < 2; i++) {
		assert_non_null(sa_of(t, i));
		assert_true(sa_of(t, i)->spi_i == spi);
	}
	assert_int_equal(sa_of(t, 0)->state, IKE_SA_AUTH_SENT);
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	t->sim.net.cut = false;
	sim_run(&t->sim, 2000);
	assert_true(sim_both_up(&t->sim));
	assert_true(sa_of(t, 0)->spi_i == spi);
	assert_null(sa_of(t, 0)->next);
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

/* Somewhere it ends. */
static void authentication_does_not_take_for_ever(void **state)
{
	struct bench *t = bench_auth_sent();
	uint64_t spi = sa_of(t, 0)->spi_i;

	(void)state;
	forget(t);
	t->sim.net.cut = true;
	sim_run(&t->sim, 31000);
	assert_null(sa_of(t, 1));
	assert_true(!sa_of(t, 0) || sa_of(t, 0)->spi_i != spi);
	assert_non_null(strstr(t->sim.nodes[0].engine->tunnels->last_error,
			       "but not IKE_AUTH"));
	bench_free(t);
}

/* A peer that has lost our IKE_SA_INIT says so, or shows it: that is not waited for. */
static void a_new_peer_is_not_waited_for(void **state)
{
	(void)state;
	for (unsigned int initiates = 0; initiates < 2; initiates++) {
		struct bench *t = bench_auth_sent();
		uint64_t spi = sa_of(t, 0)->spi_i;

		forget(t);
		sim_stop(&t->sim, 1, true);
		if (initiates)
			t->sim.nodes[1].config.start = IKE_START_ALWAYS;
		sim_start(&t->sim, 1);
		sim_run(&t->sim, 9000);
		assert_true(sim_both_up(&t->sim));
		for (const struct ike_sa *sa = sa_of(t, 0); sa; sa = sa->next)
			assert_true(sa->spi_i != spi);
		bench_free(t);
	}
}

static unsigned int established(struct bench *t, unsigned int node)
{
	unsigned int n = 0;

	for (const struct ike_sa *sa = sa_of(t, node); sa; sa = sa->next)
		n += sa->state == IKE_SA_ESTABLISHED;
	return n;
}

/* Lets node 0 authenticate anew until it has sent IKE_AUTH. */
static struct ike_sa *reauth_to_auth(struct bench *t)
{
	unsigned int tries = 0;

	sim_command(&t->sim, 0, IKE_CMD_REAUTH);
	while (sa_of(t, 0)->state != IKE_SA_AUTH_SENT) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
	return sa_of(t, 0);
}

/* The old pair is there until the new one is in use at both ends. */
static void made_before_broken(void **state)
{
	struct bench *t = bench_up();
	const struct ike_sa *old[2] = { sa_of(t, 0), sa_of(t, 1) };
	uint32_t pair = old[1]->children->pair_id;
	unsigned int tries = 0;

	(void)state;
	t->sim.disrupted = false;
	reauth_to_auth(t);
	/* The responder has both, and goes on using the old one. */
	while (established(t, 1) < 2) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
	assert_ptr_equal(sa_of(t, 1)->next, old[1]);
	assert_true(old[1]->redundant);
	assert_false(old[1]->want_delete);
	assert_int_equal(sim_kernel_active(&t->sim.nodes[1].kernel)->info.pair_id,
			 pair);
	sim_run(&t->sim, 500);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(established(t, i), 1);
		assert_null(sa_of(t, i)->next);
		assert_int_equal(t->sim.nodes[i]
					 .counts[IKE_EVENT_IKE_SA_REAUTHENTICATED],
				 1);
	}
	assert_int_not_equal(
		sim_kernel_active(&t->sim.nodes[1].kernel)->info.pair_id, pair);
	bench_free(t);
}

/* Refused, or without a CHILD SA: what there was stays. */
static void failed_reauth_changes_nothing(void **state)
{
	static const char *const esp = "aes256gcm16-noesn";

	(void)state;
	for (unsigned int how = 0; how < 2; how++) {
		struct bench *t = bench_up();
		struct sim_node *peer = &t->sim.nodes[1];
		struct ike_suite *suite = &peer->engine->tunnels->config.esp;
		const struct ike_sa *old = sa_of(t, 0);
		char why[200];

		t->sim.disrupted = false;
		if (how == 0)
			peer->psk = "another one";
		if (how == 1) {
			memset(suite, 0, sizeof(*suite));
			assert_int_equal(ike_suite_parse(suite, IKE_SUITE_ESP,
							 esp, why, sizeof(why)),
					 0);
		}
		sim_command(&t->sim, 0, IKE_CMD_REAUTH);
		sim_run(&t->sim, 29000);
		assert_ptr_equal(sa_of(t, 0), old);
		assert_null(old->next);
		assert_int_equal(established(t, 1), 1);
		assert_false(sa_of(t, 1)->redundant);
		assert_true(sim_both_up(&t->sim));
		assert_in_range(old->reauth_at, t->sim.now,
				t->sim.now + 60000);
		bench_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_requests_that_fit_nothing),
		cmocka_unit_test(requests_for_two_tunnels_do_not_collide),
		cmocka_unit_test(a_removed_tunnel_is_not_answered_for),
		cmocka_unit_test(what_was_there_carries_on),
		cmocka_unit_test(what_goes_already_is_left_alone),
		cmocka_unit_test(childless),
		cmocka_unit_test(a_refused_rekey_is_kept),
		cmocka_unit_test(a_rekey_leaves_nothing_out),
		cmocka_unit_test(a_rekey_that_leaves_out_is_not_taken),
		cmocka_unit_test(initial_contact_needs_proof),
		cmocka_unit_test(refused_child_leaves_the_ike_sa),
		cmocka_unit_test(a_packet_asks_for_a_new_child),
		cmocka_unit_test(a_packet_asks_for_what_was_refused),
		cmocka_unit_test(a_lost_pair_is_made_anew),
		cmocka_unit_test(left_during_auth),
		cmocka_unit_test(authentication_takes_its_time),
		cmocka_unit_test(authentication_does_not_take_for_ever),
		cmocka_unit_test(a_new_peer_is_not_waited_for),
		cmocka_unit_test(made_before_broken),
		cmocka_unit_test(failed_reauth_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
