// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchanges that meet others, or an end that has lost the thread (RFC 7296,
 * sections 1.4.1, 2.25).
 */
#include "bench.h"

/* A peer's rekey of the IKE SA that nothing is wrong with. */
static void put_rekey_ike(struct bench *t)
{
	static const uint8_t nonce[32] = { 1 }, ke[32] = { 9 };

	ike_build_offer(&t->b, IKE_USE_IKE_REKEY, &t->sim.nodes[1].config.ike,
			0x4711);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
}

static void put_rekey_child(struct bench *t, const struct ike_child *child)
{
	uint8_t spi[4];

	put_be32(spi, child->spi_out);
	put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), true);
}

/* Sends t->b, and it is refused for now, and with nothing else. */
static void assert_put_off(struct bench *t)
{
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(t->reply.present, IKE_P_SK | IKE_P_NOTIFY);
	assert_int_equal(t->reply.n_notifies, 1);
	assert_int_equal(t->reply.notifies[0].type, IKE_N_TEMPORARY_FAILURE);
	assert_true(alive(t));
}

static void begin(struct bench *t, enum ike_command cmd,
		  enum ike_exchange_kind kind)
{
	ike_engine_command(t->sim.nodes[1].engine, t->sim.now, cmd, "beta");
	assert_int_equal(sa_of(t, 1)->window.kind, kind);
}

/* Section 2.25.2: what is asked of an IKE SA that we rekey. */
static void while_the_ike_sa_is_rekeyed(void **state)
{
	struct bench *t = bench_up();
	struct ike_child *child = sa_of(t, 1)->children;
	uint32_t spi_in = child->spi_in;

	(void)state;
	begin(t, IKE_CMD_REKEY_IKE, IKE_X_REKEY_IKE);
	put_rekey_child(t, child);
	assert_put_off(t);
	put_child(t, 0, IKE_SLICE(NULL, 0), false);
	assert_put_off(t);
	assert_ptr_equal(sa_of(t, 1)->children, child);
	assert_null(child->next);
	assert_int_equal(child->state, IKE_CHILD_INSTALLED);
	assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
					  IKE_PAIR_LARVAL),
			 0);
	/* A DELETE is answered as usual. */
	ike_build_delete_esp(&t->b, &child->spi_out, 1);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_int_equal(t->reply.n_deletes, 1);
	assert_int_equal(get_be32(t->reply.deletes[0].spis.data), spi_in);
	assert_null(sa_of(t, 1)->children);
	bench_free(t);
}

/* Section 2.25.1: it is being closed, or has a successor, or nobody knows yet. */
static void rekeys_of_what_goes(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = bench_up();
		struct ike_child *child = sa_of(t, 1)->children, gone = *child;

		if (how == 0) {
			child->want_delete = true;
			ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
			assert_int_equal(child->state, IKE_CHILD_DELETING);
		} else if (how == 1) {
			put_rekey_child(t, child);
			assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
			assert_true(t->reply.present & IKE_P_TSI);
			assert_int_equal(child->state, IKE_CHILD_REKEYED);
		} else {
			/* Perhaps our request has made this one just now. */
			begin(t, IKE_CMD_REKEY_CHILD, IKE_X_REKEY_CHILD);
			gone.spi_out++;
		}
		put_rekey_child(t, &gone);
		assert_put_off(t);
		bench_free(t);
	}
}

/* The same section the other way round: a CHILD SA is made, rekeyed or deleted. */
static void while_a_child_sa_is_busy(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = bench_up();
		struct ike_engine *e = t->sim.nodes[1].engine;
		struct ike_sa *sa = sa_of(t, 1);

		if (how == 0) {
			begin(t, IKE_CMD_REKEY_CHILD, IKE_X_REKEY_CHILD);
		} else if (how == 1) {
			ike_start_new_child(sa, e->tunnels);
			assert_int_equal(sa->window.kind, IKE_X_NEW_CHILD);
		} else {
			sa->children->want_delete = true;
			ike_engine_tick(e, t->sim.now);
			assert_int_equal(sa->window.kind, IKE_X_DELETE_CHILD);
		}
		put_rekey_ike(t);
		assert_put_off(t);
		assert_ptr_equal(sa_of(t, 1), sa);
		assert_null(sa->next);
		bench_free(t);
	}
	/* Or else it is done: nothing was wrong with the request. */
	{
		struct bench *t = bench_up();

		put_rekey_ike(t);
		assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
		assert_true(t->reply.present & IKE_P_KE);
		bench_free(t);
	}
}

/* When node 1 asks again for what @kind was about. */
static uint64_t again_at(struct bench *t, enum ike_exchange_kind kind)
{
	const struct ike_sa *sa = sa_of(t, 1);

	return kind == IKE_X_REKEY_IKE	 ? sa->rekey_at :
	       kind == IKE_X_REKEY_CHILD ? sa->children->rekey_at :
					   sa->child_retry_at;
}

/* Node 1 has lost its CHILD SA, and asks for another one. */
static void begin_new_child(struct bench *t)
{
	struct ike_engine *e = t->sim.nodes[1].engine;
	struct ike_sa *sa = sa_of(t, 1);

	e->tunnels->config.start = IKE_START_ALWAYS;
	e->tunnels->wanted = true;
	ike_build_delete_esp(&t->b, &sa->children->spi_out, 1);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	t->sim.now += 2000;
	ike_engine_tick(e, t->sim.now);
	assert_int_equal(sa->window.kind, IKE_X_NEW_CHILD);
}

/* As initiator: not at once. */
static void put_off_means_a_pause(void **state)
{
	static const enum ike_exchange_kind kinds[] = {
		IKE_X_REKEY_CHILD, IKE_X_REKEY_IKE, IKE_X_NEW_CHILD
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct bench *t = bench_up();
		struct ike_engine *e = t->sim.nodes[1].engine;
		struct ike_sa *sa = sa_of(t, 1);
		uint64_t at;

		if (kinds[i] == IKE_X_NEW_CHILD) {
			begin_new_child(t);
		} else {
			begin(t,
			      kinds[i] == IKE_X_REKEY_IKE ? IKE_CMD_REKEY_IKE :
							    IKE_CMD_REKEY_CHILD,
			      kinds[i]);
		}
		ike_build_status(&t->b, IKE_N_TEMPORARY_FAILURE);
		respond(t);
		assert_true(alive(t));
		assert_null(sa->neg);
		assert_int_equal(requests_sent(t), 0);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
						  IKE_PAIR_LARVAL),
				 0);
		at = again_at(t, kinds[i]);
		assert_in_range(at, t->sim.now + 2000, t->sim.now + 4000);
		ike_engine_tick(e, at - 1);
		assert_int_equal(requests_sent(t), 0);
		ike_engine_tick(e, at);
		assert_int_equal(requests_sent(t), 1);
		assert_int_equal(sa->window.kind, kinds[i]);
		bench_free(t);
	}
}

/*
 * What collides is over soon: it is asked for again three times soon. What goes on is
 * asked for as rarely as what is refused in another way, though never after its time.
 */
static void what_goes_on_is_asked_for_rarely(void **state)
{
	static const enum ike_exchange_kind kinds[] = {
		IKE_X_REKEY_CHILD, IKE_X_NEW_CHILD
	};
	static const uint32_t least[] = { 2000, 2000, 2000, 4000, 8000, 15000,
					  15000 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct bench *t = bench_up();
		struct ike_engine *e = t->sim.nodes[1].engine;
		struct ike_sa *sa = sa_of(t, 1);

		if (kinds[k] == IKE_X_NEW_CHILD)
			begin_new_child(t);
		else
			begin(t, IKE_CMD_REKEY_CHILD, kinds[k]);
		for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
			uint64_t at;

			ike_build_status(&t->b, IKE_N_TEMPORARY_FAILURE);
			respond(t);
			at = again_at(t, kinds[k]);
			assert_in_range(at, t->sim.now + least[i],
					t->sim.now + 2 * least[i]);
			/* Whether the peer lives is asked in between. */
			while (sa->window.kind == IKE_X_LIVENESS)
				respond(t);
			t->sim.now = at;
			ike_engine_tick(e, at);
			assert_int_equal(sa->window.kind, kinds[k]);
		}
		if (kinds[k] == IKE_X_REKEY_CHILD) {
			sa->children->expire_at = t->sim.now + 40000;
			ike_build_status(&t->b, IKE_N_TEMPORARY_FAILURE);
			respond(t);
			assert_in_range(again_at(t, kinds[k]),
					t->sim.now + 5000,
					t->sim.now + 10000);
		}
		bench_free(t);
	}
}

/* Lets node 1 alone live for a while; what it asks for is put off. */
static unsigned int put_off_for(struct bench *t, uint64_t ms)
{
	struct ike_engine *e = t->sim.nodes[1].engine;
	uint64_t until = t->sim.now + ms;
	struct ike_sa *sa = sa_of(t, 1);
	unsigned int refused = 0;

	for (; t->sim.now < until && sa_of(t, 1) == sa; t->sim.now += 100) {
		ike_engine_tick(e, t->sim.now);
		if (sa->window.kind == IKE_X_NONE)
			continue;
		if (sa->window.kind != IKE_X_LIVENESS) {
			ike_build_status(&t->b, IKE_N_TEMPORARY_FAILURE);
			refused++;
		}
		respond(t);
	}
	return refused;
}

/* For minutes: it has lost the thread, and there will be a new IKE SA. */
static void put_off_for_minutes(void **state)
{
	(void)state;
	for (unsigned int ike = 0; ike < 2; ike++) {
		struct bench *t = bench_up();
		struct sim_node *node = &t->sim.nodes[1];
		struct ike_sa *sa = sa_of(t, 1);
		unsigned int failures = node->counts[IKE_EVENT_NEGOTIATION_FAILED];
		uint64_t since = t->sim.now;

		t->sim.disrupted = false;
		begin(t, ike ? IKE_CMD_REKEY_IKE : IKE_CMD_REKEY_CHILD,
		      ike ? IKE_X_REKEY_IKE : IKE_X_REKEY_CHILD);
		/* With a pause each time, and longer ones for a CHILD SA. */
		assert_in_range(put_off_for(t, IKE_OUT_OF_STEP_MS - 200),
				ike ? 40 : 9, ike ? 91 : 18);
		assert_ptr_equal(sa_of(t, 1), sa);
		assert_int_equal(node->counts[IKE_EVENT_NEGOTIATION_FAILED],
				 failures);
		put_off_for(t, ike ? 5000 : 31000);
		assert_in_range(t->sim.now - since, IKE_OUT_OF_STEP_MS,
				IKE_OUT_OF_STEP_MS + (ike ? 5000 : 31000));
		assert_int_equal(node->counts[IKE_EVENT_NEGOTIATION_FAILED],
				 failures + 1);
		/* It is made first, and the old one carries on until then. */
		assert_int_equal(sa_of(t, 1)->state, IKE_SA_INIT_SENT);
		assert_ptr_equal(sa_of(t, 1)->next, sa);
		assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
		assert_true(sa->children->in_use);
		/* The peer is in its right mind again, and knows what was sent. */
		sa_of(t, 0)->window.expected_id = sa->window.next_id;
		ike_window_clear(&sa_of(t, 0)->window);
		sim_run(&t->sim, 25000);
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(sa_of(t, i)->state, IKE_SA_ESTABLISHED);
			assert_null(sa_of(t, i)->next);
		}
		assert_int_equal(node->counts[IKE_EVENT_IKE_SA_REAUTHENTICATED],
				 1);
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
}

/* Sections 1.3 and 4: a peer that rekeys nothing at all. There is no outage each hour. */
static void no_room_for_new_keys(void **state)
{
	(void)state;
	for (unsigned int ike = 0; ike < 2; ike++) {
		struct bench *t = bench_up();
		struct sim_node *node = &t->sim.nodes[1];
		struct ike_sa *sa = sa_of(t, 1);

		t->sim.disrupted = false;
		begin(t, ike ? IKE_CMD_REKEY_IKE : IKE_CMD_REKEY_CHILD,
		      ike ? IKE_X_REKEY_IKE : IKE_X_REKEY_CHILD);
		ike_build_status(&t->b, IKE_N_NO_ADDITIONAL_SAS);
		respond(t);
		/* All is made anew, and the old one carries on until then. */
		assert_int_equal(sa_of(t, 1)->state, IKE_SA_INIT_SENT);
		assert_ptr_equal(sa_of(t, 1)->next, sa);
		assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
		assert_true(sa->children->in_use);
		assert_int_equal(requests_sent(t), 1);
		/* The peer knows what was sent. */
		sa_of(t, 0)->window.expected_id = sa->window.next_id;
		sim_run(&t->sim, 25000);
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(sa_of(t, i)->state, IKE_SA_ESTABLISHED);
			assert_null(sa_of(t, i)->next);
			assert_null(sa_of(t, i)->children->next);
		}
		assert_int_equal(node->counts[IKE_EVENT_IKE_SA_REAUTHENTICATED],
				 1);
		assert_int_equal(node->counts[IKE_EVENT_NEGOTIATION_FAILED], 0);
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
}

/* What was refused a while ago, and what something else followed, is forgotten. */
static void put_off_now_and_then(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 2; how++) {
		struct bench *t = bench_up();
		struct ike_sa *sa = sa_of(t, 1);

		begin(t, IKE_CMD_REKEY_CHILD, IKE_X_REKEY_CHILD);
		put_off_for(t, 170000);
		if (how == 0) {
			/* The peer's own rekey shows that it knows well. */
			put_rekey_child(t, sa->children);
			assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
			assert_true(t->reply.present & IKE_P_TSI);
			begin(t, IKE_CMD_REKEY_IKE, IKE_X_REKEY_IKE);
		} else {
			sa->children->rekey_at = t->sim.now + 60000;
			t->sim.now += 60000;
		}
		put_off_for(t, 30000);
		assert_ptr_equal(sa_of(t, 1), sa);
		assert_null(sa->next);
		bench_free(t);
	}
}

/* Section 2.25.1: what the peer does not have goes in silence, and is made anew. */
static void not_found_means_a_new_one(void **state)
{
	struct bench *t = without_pfs();
	struct sim_node *node = &t->sim.nodes[1];
	struct ike_sa *sa = sa_of(t, 1);
	struct ike_choice choice = sa->children->choice;
	const struct ike_nonce nonce = { .len = 32 };
	struct ike_ts_set any;
	uint8_t spi[4];

	(void)state;
	node->engine->tunnels->wanted = true;
	begin(t, IKE_CMD_REKEY_CHILD, IKE_X_REKEY_CHILD);
	put_be32(spi, sa->children->spi_in);
	ike_build_notify(&t->b, IKE_PROTO_ESP, IKE_SLICE(spi, 4),
			 IKE_N_CHILD_SA_NOT_FOUND, IKE_SLICE(NULL, 0));
	respond(t);
	assert_true(alive(t));
	assert_null(sa->children);
	assert_null(sa->deleting);
	assert_int_equal(sa->n_orphans, 0);
	assert_null(sim_kernel_active(&node->kernel));
	/* What follows is no DELETE, but a request for a new one. */
	for (unsigned int i = 0; i < 30 && sa->window.kind == IKE_X_NONE; i++) {
		t->sim.now += 100;
		ike_engine_tick(node->engine, t->sim.now);
	}
	assert_int_equal(sa->window.kind, IKE_X_NEW_CHILD);
	assert_null(sa->neg->old);
	ike_ts_any(&any);
	ike_build_answer(&t->b, IKE_USE_CHILD, &choice, 0xabcdef);
	ike_build_nonce(&t->b, ike_nonce_slice(&nonce));
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
	respond(t);
	assert_int_equal(sa->children->spi_out, 0xabcdef);
	assert_true(sa->children->in_use);
	assert_null(sa->children->next);
	bench_free(t);
}

/* Section 1.4.1: the answer names our half, unless our own DELETE names it. */
static void deletes_are_answered_in_pairs(void **state)
{
	(void)state;
	for (unsigned int crossed = 0; crossed < 2; crossed++) {
		struct bench *t = bench_up();
		struct ike_sa *sa = sa_of(t, 1);
		struct ike_child *child = sa->children;
		uint32_t spi_in = child->spi_in, spi_out = child->spi_out;

		assert_int_not_equal(spi_in, spi_out);
		if (crossed) {
			child->want_delete = true;
			ike_engine_tick(t->sim.nodes[1].engine, t->sim.now);
			assert_int_equal(child->state, IKE_CHILD_DELETING);
		}
		ike_build_delete_esp(&t->b, &spi_out, 1);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		if (crossed) {
			assert_int_equal(t->reply.present, IKE_P_SK);
		} else {
			assert_int_equal(t->reply.present,
					 IKE_P_SK | IKE_P_DELETE);
			assert_int_equal(t->reply.n_deletes, 1);
			assert_int_equal(t->reply.deletes[0].protocol,
					 IKE_PROTO_ESP);
			assert_int_equal(t->reply.deletes[0].n_spis, 1);
			assert_int_equal(get_be32(t->reply.deletes[0].spis.data),
					 spi_in);
		}
		assert_null(sa->children);
		assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
		/* Our SPI is no name that the peer could delete by. */
		ike_build_delete_esp(&t->b, &spi_in, 1);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		assert_int_equal(t->reply.present, IKE_P_SK);
		if (crossed) {
			/* The response to ours, which has none either. */
			assert_int_equal(sa->window.kind, IKE_X_DELETE_CHILD);
			respond(t);
			assert_int_equal(sa->window.kind, IKE_X_NONE);
		}
		assert_true(alive(t));
		bench_free(t);
	}
}

/* Section 1.4.1: the answer is empty, also if our own DELETE crosses it. */
static void a_deleted_ike_sa_is_answered_for(void **state)
{
	(void)state;
	for (unsigned int crossed = 0; crossed < 2; crossed++) {
		struct bench *t = bench_up();

		if (crossed)
			begin(t, IKE_CMD_DOWN, IKE_X_DELETE_IKE);
		ike_build_delete_ike(&t->b);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		assert_int_equal(t->reply.present, IKE_P_SK);
		assert_int_equal(t->reply.n_deletes, 0);
		assert_null(sa_of(t, 1));
		assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
		assert_true(ike_engine_idle(t->sim.nodes[1].engine));
		bench_free(t);
	}
}

/* Both ends delete the IKE SA at once, and both are done soon. */
static void both_delete_the_ike_sa(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 20; seed++) {
		struct bench *t = bench_new();

		t->sim.rng.state += seed;
		bench_start(t);
		t->sim.net.delay_max = 400;
		sim_command(&t->sim, 0, IKE_CMD_DOWN);
		sim_command(&t->sim, 1, IKE_CMD_DOWN);
		/* Nobody is left to wait for an answer. */
		sim_run(&t->sim, 500);
		for (unsigned int i = 0; i < 2; i++) {
			assert_null(sa_of(t, i));
			assert_null(sim_kernel_active(&t->sim.nodes[i].kernel));
			assert_true(ike_engine_idle(t->sim.nodes[i].engine));
		}
		bench_free(t);
	}
}

/* Answers our request for a CHILD SA, which gets the SPI @spi. */
static void agree(struct bench *t, const struct ike_choice *choice, uint32_t spi,
		  uint8_t octet)
{
	struct ike_nonce nonce = { .len = 32 };
	struct ike_ts_set any;

	memset(nonce.data, octet, nonce.len);
	ike_ts_any(&any);
	ike_build_answer(&t->b, IKE_USE_CHILD, choice, spi);
	ike_build_nonce(&t->b, ike_nonce_slice(&nonce));
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
	respond(t);
}

/*
 * A peer that deletes what is ours to delete, the old CHILD SA of our rekey, before its
 * response has come; with or without a rekey of its own that wins or loses.
 */
static void the_old_one_is_deleted_by_the_wrong_end(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = without_pfs();
		struct sim_node *node = &t->sim.nodes[1];
		struct ike_sa *sa = sa_of(t, 1);
		struct ike_child *old = sa->children;
		struct ike_choice choice = old->choice;
		uint32_t spi_in = old->spi_in, spi_out = old->spi_out;
		unsigned int n = 0;

		begin(t, IKE_CMD_REKEY_CHILD, IKE_X_REKEY_CHILD);
		if (how) {
			memset(t->plain, how == 1 ? 0 : 0xff, 32);
			put_rekey_child(t, old);
			assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
			assert_true(t->reply.present & IKE_P_TSI);
		}
		ike_build_delete_esp(&t->b, &spi_out, 1);
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		assert_int_equal(t->reply.n_deletes, 1);
		assert_int_equal(get_be32(t->reply.deletes[0].spis.data), spi_in);
		assert_int_equal(sa->window.kind, IKE_X_REKEY_CHILD);
		assert_null(sa->neg->old);
		agree(t, &choice, 0xabcdef, how == 2 ? 0 : 0xff);
		assert_true(alive(t));
		assert_null(sa->neg);
		/* What is gone is not deleted once more, and ... */
		for (unsigned int i = 0; i < 100; i++) {
			t->sim.now += 100;
			ike_engine_tick(node->engine, t->sim.now);
			if (sa->window.kind == IKE_X_NONE)
				continue;
			assert_true(sa->deleting == NULL ||
				    sa->deleting->spi_in != spi_in);
			/* The peer has what we have. */
			if (sa->deleting)
				n++;
			respond(t);
		}
		/* ... one that won is in use, whoever has made it. */
		assert_int_equal(n, how == 2);
		for (const struct ike_child *c = sa->children; c; c = c->next)
			if (c->state == IKE_CHILD_INSTALLED)
				assert_int_equal(c->spi_out == 0xabcdef,
						 how != 2);
		assert_non_null(sim_kernel_active(&node->kernel));
		assert_int_equal(sim_kernel_active(&node->kernel)->info.out.spi ==
					 0xabcdef,
				 how != 2);
		bench_free(t);
	}
}

/* Node 0 authenticates anew, and node 1's answer to that is lost. */
static struct ike_sa *answered_in_vain(struct bench *t)
{
	struct ike_sa *sa, *old = sa_of(t, 1);

	sim_command(&t->sim, 0, IKE_CMD_REAUTH);
	on_its_way(t, 0, IKE_EXCHANGE_AUTH);
	forget(t);
	/* It tries again as if it had not tried. */
	ike_sa_kill(sa_of(t, 0), "for a test");
	ike_engine_tick(t->sim.nodes[0].engine, t->sim.now);
	sa = sa_of(t, 1);
	assert_ptr_not_equal(sa, old);
	assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
	assert_non_null(sa->children);
	assert_false(sa->children->confirmed);
	assert_false(sa->children->held);
	return sa;
}

/*
 * The pair in use goes, and it is not known of any other whether the peer has it:
 * that of the IKE SA that stays is used, be it the newer one or not.
 */
static void the_heir_is_of_what_stays(void **state)
{
	(void)state;
	for (unsigned int newer = 0; newer < 2; newer++) {
		struct bench *t = bench_up();
		struct ike_child *used = sa_of(t, 1)->children;
		struct ike_sa *a = answered_in_vain(t);
		struct ike_sa *b = answered_in_vain(t);

		assert_true(used->in_use);
		a->redundant = newer;
		b->redundant = !newer;
		ike_child_retire(used, 0, "for a test");
		assert_int_equal(a->children->in_use, !newer);
		assert_int_equal(b->children->in_use, newer);
		assert_int_equal(sim_kernel_active(&t->sim.nodes[1].kernel)
					 ->info.pair_id,
				 (newer ? b : a)->children->pair_id);
		bench_free(t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_the_ike_sa_is_rekeyed),
		cmocka_unit_test(rekeys_of_what_goes),
		cmocka_unit_test(while_a_child_sa_is_busy),
		cmocka_unit_test(put_off_means_a_pause),
		cmocka_unit_test(what_goes_on_is_asked_for_rarely),
		cmocka_unit_test(put_off_for_minutes),
		cmocka_unit_test(no_room_for_new_keys),
		cmocka_unit_test(put_off_now_and_then),
		cmocka_unit_test(not_found_means_a_new_one),
		cmocka_unit_test(deletes_are_answered_in_pairs),
		cmocka_unit_test(a_deleted_ike_sa_is_answered_for),
		cmocka_unit_test(both_delete_the_ike_sa),
		cmocka_unit_test(the_old_one_is_deleted_by_the_wrong_end),
		cmocka_unit_test(the_heir_is_of_what_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
