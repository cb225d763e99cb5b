// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_FOLLOWUP_KE: additional key exchanges behind CREATE_CHILD_SA, by two engines,
 * and by one whose peer leaves something out, or is late.
 */
#include "bench.h"
#include "suites.h"

#define ECP "aes256gcm16-prfsha384-x25519-ke1_ecp384"

static struct ike_sa *only_sa(struct bench *t, unsigned int node)
{
	struct ike_sa *sa = sa_of(t, node);

	assert_non_null(sa);
	assert_null(sa->next);
	assert_int_equal(sa->state, IKE_SA_ESTABLISHED);
	return sa;
}

/* Both have the same IKE SA, which is another one than @spi was. */
static void assert_rekeyed(struct bench *t, uint64_t spi)
{
	struct ike_sa *a = only_sa(t, 0), *b = only_sa(t, 1);

	assert_int_not_equal(a->spi_i, spi);
	assert_int_equal(a->spi_i, b->spi_i);
	assert_int_equal(a->spi_r, b->spi_r);
	assert_memory_equal(a->keys.d, b->keys.d, a->keys.prf_len);
	assert_null(a->pending);
	assert_null(b->pending);
	assert_true(sim_both_up(&t->sim));
}

static void begin(struct bench *t, unsigned int node)
{
	ike_engine_command(t->sim.nodes[node].engine, t->sim.now,
			   IKE_CMD_REKEY_IKE, node ? "beta" : "alpha");
	assert_int_equal(sa_of(t, node)->window.kind, IKE_X_REKEY_IKE);
}

/* A rekey by a node takes that many exchanges of its. */
static void rekey_by(const char *text, unsigned int node, unsigned int exchanges)
{
	struct bench *t = bench_start(bench_with(IKE_SUITE_IKE, text, 1));
	struct ike_sa *old = only_sa(t, node);
	uint32_t id = old->window.next_id;
	uint64_t spi = old->spi_i;

	begin(t, node);
	while (old->state == IKE_SA_ESTABLISHED)
		sim_run(&t->sim, 1);
	/* (And its DELETE is in flight.) */
	assert_int_equal(old->window.next_id - id, exchanges);
	sim_run(&t->sim, 1000);
	assert_rekeyed(t, spi);
	assert_memory_equal(only_sa(t, 0)->choice.add_ke,
			    only_sa(t, 1)->choice.add_ke,
			    sizeof(((struct ike_choice *)0)->add_ke));
	bench_free(t);
}

static void an_ike_sa(void **state)
{
	(void)state;
	for (unsigned int node = 0; node < 2; node++) {
		rekey_by("aes256gcm16-prfsha384-x25519-ke1_none-ke1_ecp384",
			 node, 1);
		rekey_by(ECP, node, 2);
		rekey_by("aes256-sha256-x25519-ke2_ecp384-ke5_ecp521-ke7_modp2048",
			 node, 4);
		if (!ike_kem_available(IKE_KE_ML_KEM_768))
			continue;
		rekey_by("aes256gcm16-prfsha384-x25519-ke1_mlkem768", node, 2);
		rekey_by("chacha20poly1305-prfsha512-ecp384-ke1_mlkem1024-ke2_mlkem512",
			 node, 3);
	}
}

/* The pair that a node sends by is the peer's, and is another one than @spi was. */
static void assert_new_pair(struct bench *t, uint32_t spi)
{
	struct ike_child *a = only_sa(t, 0)->children;
	struct ike_child *b = only_sa(t, 1)->children;

	assert_non_null(a);
	assert_null(a->next);
	assert_non_null(b);
	assert_null(b->next);
	assert_true(a->in_use && b->in_use);
	assert_int_equal(a->spi_in, b->spi_out);
	assert_int_equal(a->spi_out, b->spi_in);
	assert_int_not_equal(a->spi_in, spi);
	assert_null(sa_of(t, 0)->pending);
	assert_null(sa_of(t, 1)->pending);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(sim_kernel_count(&t->sim.nodes[i].kernel,
						  IKE_PAIR_LARVAL),
				 0);
	assert_true(sim_both_up(&t->sim));
}

static void rekey_child_by(const char *text, unsigned int node,
			   unsigned int exchanges)
{
	struct bench *t = bench_start(bench_with(IKE_SUITE_ESP, text, 1));
	struct ike_sa *sa = only_sa(t, node);
	uint32_t id = sa->window.next_id;
	uint32_t spi = only_sa(t, 0)->children->spi_in;

	ike_engine_command(t->sim.nodes[node].engine, t->sim.now,
			   IKE_CMD_REKEY_CHILD, node ? "beta" : "alpha");
	while (sa->window.kind != IKE_X_DELETE_CHILD)
		sim_run(&t->sim, 1);
	assert_int_equal(sa->window.next_id - id, exchanges);
	sim_run(&t->sim, 1000);
	assert_new_pair(t, spi);
	bench_free(t);
}

/* (The mock kernels see whether both have the same keys.) */
static void a_child_sa(void **state)
{
	(void)state;
	for (unsigned int node = 0; node < 2; node++) {
		rekey_child_by("aes256gcm16-x25519-ke1_none-ke1_ecp384", node, 1);
		rekey_child_by("aes256gcm16-x25519-ke1_ecp384", node, 2);
		rekey_child_by("aes256-sha256-x25519-ke2_ecp384-ke5_ecp521-ke7_modp2048",
			       node, 4);
		if (!ike_kem_available(IKE_KE_ML_KEM_768))
			continue;
		rekey_child_by("aes256gcm16-x25519-ke1_mlkem768", node, 2);
	}
}

/* One that comes later is made the same way. */
static void a_new_child_sa(void **state)
{
	(void)state;
	for (unsigned int node = 0; node < 2; node++) {
		struct bench *t = bench_start(bench_with(
			IKE_SUITE_ESP, "aes256gcm16-x25519-ke1_ecp384", 1));
		uint32_t spi = only_sa(t, 0)->children->spi_in;

		only_sa(t, 0)->children->want_delete = true;
		t->sim.nodes[node].engine->tunnels->wanted = true;
		t->sim.nodes[!node].engine->tunnels->wanted = false;
		on_its_way(t, !node, IKE_EXCHANGE_FOLLOWUP_KE);
		assert_null(ike_child_installed(sa_of(t, node),
						sa_of(t, node)->tunnel));
		sim_run(&t->sim, 15000);
		assert_new_pair(t, spi);
		bench_free(t);
	}
}

/* One rekey after the other, by either end or by both, while messages are lost. */
static void through_losses(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct bench *t = bench_start(bench_with(
			IKE_SUITE_IKE, ECP "-ke2_modp2048", seed));
		uint64_t spi = only_sa(t, 0)->spi_i;

		sim_net_random(&t->sim, 25);
		sim_command(&t->sim, seed & 1, IKE_CMD_REKEY_IKE);
		if (seed & 2)
			sim_command(&t->sim, !(seed & 1), IKE_CMD_REKEY_IKE);
		sim_run(&t->sim, 8000);
		sim_net_perfect(&t->sim);
		sim_run(&t->sim, 60000);
		assert_rekeyed(t, spi);
		bench_free(t);
	}
}

/* The same of CHILD SAs. */
static void children_through_losses(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct bench *t = bench_start(bench_with(
			IKE_SUITE_ESP,
			"aes256gcm16-x25519-ke1_ecp384-ke2_modp2048", seed));
		uint32_t spi = only_sa(t, 0)->children->spi_in;

		sim_net_random(&t->sim, 25);
		sim_command(&t->sim, seed & 1, IKE_CMD_REKEY_CHILD);
		if (seed & 2)
			sim_command(&t->sim, !(seed & 1), IKE_CMD_REKEY_CHILD);
		sim_run(&t->sim, 8000);
		sim_net_perfect(&t->sim);
		sim_run(&t->sim, 60000);
		assert_new_pair(t, spi);
		bench_free(t);
	}
}

static unsigned int followups(const struct bench *t, unsigned int to)
{
	unsigned int n = 0;

	for (size_t i = 0; i < t->sim.queued; i++) {
		const struct sim_event *e = &t->sim.queue[i];

		n += e->kind == SIM_IKE && e->node == to &&
		     e->data[18] == IKE_EXCHANGE_FOLLOWUP_KE &&
		     !(e->data[19] & IKE_FLAG_RESPONSE);
	}
	return n;
}

/* Both at once, and only the one without the lowest nonce goes on. */
static void lost(bool ike)
{
	unsigned int won[2] = { 0 };

	for (uint64_t seed = 1; seed <= 16; seed++) {
		struct bench *t = bench_start(bench_with(
			ike ? IKE_SUITE_IKE : IKE_SUITE_ESP,
			ike ? ECP : "aes256gcm16-x25519-ke1_ecp384", seed));
		uint32_t spi_in = only_sa(t, 0)->children->spi_in;
		uint64_t spi = only_sa(t, 0)->spi_i;
		unsigned int to[2] = { 0 };
		const struct ike_nonce *lowest;
		struct ike_nonce nonces[2], answers[2];

		sim_command(&t->sim, 0, ike ? IKE_CMD_REKEY_IKE :
					      IKE_CMD_REKEY_CHILD);
		sim_command(&t->sim, 1, ike ? IKE_CMD_REKEY_IKE :
					      IKE_CMD_REKEY_CHILD);
		for (unsigned int i = 0; i < 2; i++)
			nonces[i] = sa_of(t, i)->neg->nonce;
		for (unsigned int ms = 0; ms < 1000; ms++) {
			sim_run(&t->sim, 1);
			for (unsigned int i = 0; i < 2; i++) {
				to[i] |= followups(t, i);
				if (sa_of(t, !i)->pending)
					answers[i] = sa_of(t, !i)->pending->f.nr;
			}
		}
		if (ike)
			assert_rekeyed(t, spi);
		else
			assert_new_pair(t, spi_in);
		/* To one of them. */
		assert_int_equal(to[0] + to[1], 1);
		lowest = ike_nonce_lower(
			ike_nonce_lower(&nonces[0], &answers[0]),
			ike_nonce_lower(&nonces[1], &answers[1]));
		if (to[1])
			assert_true(lowest == &nonces[1] || lowest == &answers[1]);
		else
			assert_true(lowest == &nonces[0] || lowest == &answers[0]);
		won[to[0]]++;
		bench_free(t);
	}
	assert_int_not_equal(won[0], 0);
	assert_int_not_equal(won[1], 0);
}

static void who_has_lost_does_not_go_on(void **state)
{
	(void)state;
	lost(true);
	lost(false);
}

/*
 * The responder's order decides, so with these a CREATE_CHILD_SA has another number of
 * additional key exchanges behind it if the other end begins it.
 */
static const char *const that_many[] = {
	"ke1_none-ke1_ecp384-ke2_none-ke2_ecp256",
	"ke1_ecp384-ke1_none-ke2_none-ke2_ecp256",
	"ke1_ecp384-ke1_none-ke2_ecp256-ke2_none",
};

/* @n: how many there are if node 0, or 1, begins. */
static struct bench *bench_mixed(bool ike, const unsigned int *n, uint64_t seed)
{
	const char *first = ike ? "aes256gcm16-prfsha384-x25519" :
				  "aes256gcm16-x25519";
	struct bench *t = bench_with(ike ? IKE_SUITE_IKE : IKE_SUITE_ESP, first,
				     seed);

	for (unsigned int i = 0; i < 2; i++) {
		struct ike_tunnel_config *c = &t->sim.nodes[!i].config;
		char text[128];

		snprintf(text, sizeof(text), "%s-%s", first, that_many[n[i]]);
		*(ike ? &c->ike : &c->esp) =
			suite_of(ike ? IKE_SUITE_IKE : IKE_SUITE_ESP, text);
	}
	bench_start(t);
	/* None of it is an outage. */
	t->sim.disrupted = false;
	return t;
}

/* Exchanges that node @by begins take their time, or none at all. */
static void mixed_alone(bool ike, const unsigned int *n, unsigned int by)
{
	struct bench *t = bench_mixed(ike, n, 1);
	const struct ike_sa *sa = only_sa(t, by);
	uint64_t spi = sa->spi_i;
	uint32_t id = sa->window.next_id, spi_in = only_sa(t, 0)->children->spi_in;

	sim_command(&t->sim, by, ike ? IKE_CMD_REKEY_IKE : IKE_CMD_REKEY_CHILD);
	while (sa->window.kind != (ike ? IKE_X_DELETE_IKE : IKE_X_DELETE_CHILD))
		sim_run(&t->sim, 1);
	assert_int_equal(sa->window.next_id - id, 1 + n[by]);
	sim_run(&t->sim, 1000);
	if (ike)
		assert_rekeyed(t, spi);
	else
		assert_new_pair(t, spi_in);
	bench_free(t);
}

/* The lowest nonce of what node @by has begun, once the other end has answered. */
static const struct ike_nonce *lowest_by(struct bench *t, bool ike,
					 unsigned int by, struct ike_nonce *at)
{
	const struct ike_sa *old = sa_of(t, !by);

	while (old->next)
		old = old->next;
	if (old->pending)
		*at = ike_followup_lowest(&old->pending->f);
	else if (ike)
		*at = sa_of(t, !by)->lowest;
	else
		*at = old->children->lowest;
	return at;
}

static unsigned int mixed_at_once(bool ike, const unsigned int *n, uint64_t seed)
{
	struct bench *t = bench_mixed(ike, n, seed);
	uint64_t spi = only_sa(t, 0)->spi_i;
	uint32_t spi_in = only_sa(t, 0)->children->spi_in;
	const struct ike_nonce *lowest[2], *stays;
	struct ike_nonce at[2];
	unsigned int winner;

	for (unsigned int i = 0; i < 2; i++)
		sim_command(&t->sim, i, ike ? IKE_CMD_REKEY_IKE :
					      IKE_CMD_REKEY_CHILD);
	/* Both requests have been answered, and no answer is there. */
	sim_run(&t->sim, 6);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(sa_of(t, i)->pending || sa_of(t, i)->next ||
				 sa_of(t, i)->children->next, true);
		lowest[i] = lowest_by(t, ike, i, &at[i]);
	}
	winner = ike_nonce_lower(lowest[0], lowest[1]) == lowest[0];
	sim_run(&t->sim, 2000);
	if (ike)
		assert_rekeyed(t, spi);
	else
		assert_new_pair(t, spi_in);
	stays = ike ? &sa_of(t, 0)->lowest : &sa_of(t, 0)->children->lowest;
	assert_int_equal(stays->len, lowest[winner]->len);
	assert_memory_equal(stays->data, lowest[winner]->data, stays->len);
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(t->sim.nodes[i].counts[IKE_EVENT_COLLISION] <= 1);
		assert_int_equal(t->sim.nodes[i].counts[IKE_EVENT_NEGOTIATION_FAILED], 0);
	}
	bench_free(t);
	return winner;
}

/* Rekeys by both, whenever, while messages are lost. */
static void mixed_through_losses(bool ike, const unsigned int *n, uint64_t seed)
{
	struct bench *t = bench_mixed(ike, n, seed);
	uint64_t spi = only_sa(t, 0)->spi_i;
	uint32_t spi_in = only_sa(t, 0)->children->spi_in;
	unsigned int first = sim_below(&t->sim.rng, 2);

	for (unsigned int i = 0; i < 2; i++)
		sim_queue(&t->sim, 1, SIM_TRAFFIC, i);
	t->sim.traffic = true;
	sim_net_random(&t->sim, 20);
	sim_command(&t->sim, first, ike ? IKE_CMD_REKEY_IKE : IKE_CMD_REKEY_CHILD);
	sim_run(&t->sim, sim_below(&t->sim.rng, 500));
	sim_command(&t->sim, !first, ike ? IKE_CMD_REKEY_IKE : IKE_CMD_REKEY_CHILD);
	sim_run(&t->sim, 8000);
	sim_net_perfect(&t->sim);
	sim_run(&t->sim, 60000);
	if (ike)
		assert_rekeyed(t, spi);
	else
		assert_new_pair(t, spi_in);
	bench_free(t);
}

/* Each end has as many as it gets: three numbers for each, and not the same ones. */
static void with_another_number(bool ike)
{
	for (unsigned int k = 0; k < 9; k++) {
		const unsigned int n[2] = { k / 3, k % 3 };
		unsigned int won[2] = { 0 };

		if (n[0] == n[1])
			continue;
		mixed_alone(ike, n, 0);
		mixed_alone(ike, n, 1);
		for (uint64_t seed = 1; seed <= 8; seed++)
			won[mixed_at_once(ike, n, seed)]++;
		assert_int_not_equal(won[0], 0);
		assert_int_not_equal(won[1], 0);
		for (uint64_t seed = 1; seed <= 30; seed++)
			mixed_through_losses(ike, n, seed);
	}
}

/*
 * The peer's rekey is done, ours wins and goes on, the peer deletes what it has made, and
 * then it refuses ours: what both have is the old pair.
 */
static void what_has_won_is_refused(void **state)
{
	static const unsigned int n[2] = { 1, 0 };
	unsigned int times = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct bench *t = bench_mixed(false, n, seed);
		const struct ike_sa *sa = only_sa(t, 0), *peer = only_sa(t, 1);
		const struct ike_child *old = sa->children;
		uint32_t spi_in = old->spi_in;
		uint64_t expire_at = old->expire_at;

		t->sim.traffic = true;
		for (unsigned int i = 0; i < 2; i++)
			sim_command(&t->sim, i, IKE_CMD_REKEY_CHILD);
		while (sa->window.kind == IKE_X_REKEY_CHILD)
			sim_run(&t->sim, 1);
		while (sa->window.kind == IKE_X_FOLLOWUP_CHILD && peer->neg)
			sim_run(&t->sim, 1);
		/* Else it has lost, or is done already. */
		if (sa->window.kind == IKE_X_FOLLOWUP_CHILD && peer->pending) {
			times++;
			ike_pending_drop(sa_of(t, 1));
			while (sa->window.kind == IKE_X_FOLLOWUP_CHILD ||
			       peer->window.kind == IKE_X_DELETE_CHILD)
				sim_run(&t->sim, 1);
			assert_int_equal(old->spi_in, spi_in);
			assert_int_equal(old->state, IKE_CHILD_INSTALLED);
			assert_int_equal(old->expire_at, expire_at);
			assert_true(old->in_use);
		}
		sim_run(&t->sim, 90000);
		assert_ptr_equal(only_sa(t, 0), sa);
		assert_new_pair(t, spi_in);
		bench_free(t);
	}
	assert_int_not_equal(times, 0);
}

static void ike_sas_with_another_number(void **state)
{
	(void)state;
	with_another_number(true);
}

static void child_sas_with_another_number(void **state)
{
	(void)state;
	with_another_number(false);
}

/* ------------------------------------------------- node 0 makes mischief */

/* Asks for a rekey of the IKE SA. */
static void ask(struct bench *t)
{
	static const uint8_t nonce[32] = { 1 }, ke[32] = { 9 };

	ike_build_offer(&t->b, IKE_USE_IKE_REKEY, &t->sim.nodes[1].config.ike,
			0x4711);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
}

struct link {
	uint8_t data[64];
	size_t len;
};

static void take_link(struct bench *t, struct link *link)
{
	const struct ike_notify *n =
		ike_msg_notify(&t->reply, IKE_N_ADDITIONAL_KEY_EXCHANGE);

	assert_non_null(n);
	assert_in_range(n->data.len, 1, sizeof(link->data));
	memcpy(link->data, n->data.data, n->data.len);
	link->len = n->data.len;
}

static void put_link(struct bench *t, const struct link *link)
{
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_ADDITIONAL_KEY_EXCHANGE,
			 IKE_SLICE(link->data, link->len));
}

static int from_sim(void *ctx, void *buf, size_t len)
{
	uint8_t *out = buf;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)sim_random(ctx);
	return 0;
}

/* Goes on by a method. Return: the error, or 0. */
static uint16_t go_on(struct bench *t, uint16_t method, const struct link *link)
{
	struct ike_ke *ke = ike_ke_new(method, from_sim, &t->sim.rng);
	const struct ike_notify *n;

	assert_non_null(ke);
	ike_build_ke(&t->b, method, ike_ke_value(ke));
	if (link)
		put_link(t, link);
	assert_true(request(t, IKE_EXCHANGE_FOLLOWUP_KE));
	ike_ke_free(ke);
	assert_true(alive(t));
	n = ike_msg_error(&t->reply);
	if (!n)
		assert_int_equal(t->reply.ke_group, method);
	return n ? n->type : 0;
}

static struct bench *asked(const char *text, struct link *link)
{
	struct bench *t = bench_start(bench_with(IKE_SUITE_IKE, text, 1));

	t->sim.rng.state = 4711;
	ask(t);
	take_link(t, link);
	assert_non_null(sa_of(t, 1)->pending);
	/* There are no new keys yet. */
	only_sa(t, 1);
	return t;
}

/* What belongs to nothing, and what comes again, makes no difference. */
static void links(void **state)
{
	struct link first, second, wrong;
	struct bench *t = asked(ECP "-ke3_ecp521", &first);
	struct ike_sa *sa = sa_of(t, 1);

	(void)state;
	wrong = first;
	wrong.data[0] ^= 1;
	assert_int_equal(go_on(t, IKE_KE_ECP_384, &wrong), IKE_N_STATE_NOT_FOUND);
	wrong = first;
	wrong.len--;
	assert_int_equal(go_on(t, IKE_KE_ECP_384, &wrong), IKE_N_STATE_NOT_FOUND);
	assert_int_equal(go_on(t, IKE_KE_ECP_384, NULL), IKE_N_STATE_NOT_FOUND);
	assert_int_equal(go_on(t, IKE_KE_ECP_384, &first), 0);
	take_link(t, &second);
	assert_memory_not_equal(&first, &second, sizeof(first));
	assert_int_equal(go_on(t, IKE_KE_ECP_521, &first), IKE_N_STATE_NOT_FOUND);
	assert_ptr_equal(only_sa(t, 1), sa);
	assert_int_equal(go_on(t, IKE_KE_ECP_521, &second), 0);
	assert_null(ike_msg_notify(&t->reply, IKE_N_ADDITIONAL_KEY_EXCHANGE));
	assert_int_equal(sa->state, IKE_SA_REKEYED);
	assert_int_equal(sa_of(t, 1)->spi_i, 0x4711);
	bench_free(t);
}

static void nothing_is_pending(void **state)
{
	struct bench *t = bench_start(bench_with(IKE_SUITE_IKE, ECP, 1));
	static const struct link link = { .len = 8 };

	(void)state;
	assert_int_equal(go_on(t, IKE_KE_ECP_384, &link), IKE_N_STATE_NOT_FOUND);
	assert_int_equal(go_on(t, IKE_KE_ECP_384, NULL), IKE_N_STATE_NOT_FOUND);
	bench_free(t);
}

/* In another order, or by another method than was agreed on: that was it. */
static void not_their_turn(void **state)
{
	static const uint16_t methods[] = { IKE_KE_ECP_521, IKE_KE_ECP_256 };
	static const uint16_t brainpool384 = 29;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct link link;
		struct bench *t = asked(ECP "-ke3_ecp521", &link);
		struct ike_sa *sa = sa_of(t, 1);

		assert_int_equal(go_on(t, methods[i], &link),
				 IKE_N_INVALID_SYNTAX);
		assert_null(sa->pending);
		assert_ptr_equal(only_sa(t, 1), sa);
		assert_int_equal(go_on(t, IKE_KE_ECP_384, &link),
				 IKE_N_STATE_NOT_FOUND);
		bench_free(t);
	}
	/* What would be a value of the right one, but is said to be of another. */
	{
		struct link link;
		struct bench *t = asked(ECP, &link);
		struct ike_ke *ke = ike_ke_new(IKE_KE_ECP_384, from_sim,
					       &t->sim.rng);

		ike_build_ke(&t->b, brainpool384, ike_ke_value(ke));
		ike_ke_free(ke);
		put_link(t, &link);
		assert_true(request(t, IKE_EXCHANGE_FOLLOWUP_KE));
		assert_int_equal(ike_msg_error(&t->reply)->type,
				 IKE_N_INVALID_SYNTAX);
		bench_free(t);
	}
}

static void an_unfit_value(void **state)
{
	static const uint8_t zeros[96];
	struct link link;
	struct bench *t = asked(ECP, &link);

	(void)state;
	ike_build_ke(&t->b, IKE_KE_ECP_384, IKE_SLICE(zeros, sizeof(zeros)));
	put_link(t, &link);
	assert_true(request(t, IKE_EXCHANGE_FOLLOWUP_KE));
	assert_int_equal(ike_msg_error(&t->reply)->type, IKE_N_INVALID_SYNTAX);
	only_sa(t, 1);
	assert_null(sa_of(t, 1)->pending);
	bench_free(t);
}

/* Until then nothing else is begun, here or there; then all is as it was. */
static void who_does_not_go_on(void **state)
{
	struct link link;
	struct bench *t = asked(ECP, &link);
	struct ike_engine *e = t->sim.nodes[1].engine;
	struct ike_sa *sa = sa_of(t, 1);

	(void)state;
	ask(t);
	assert_int_equal(ike_msg_error(&t->reply)->type, IKE_N_TEMPORARY_FAILURE);
	sa->want_rekey = true;
	ike_engine_tick(e, t->sim.now);
	assert_int_equal(sa->window.kind, IKE_X_NONE);
	assert_in_range(ike_engine_next_wakeup(e), t->sim.now + 1,
			t->sim.now + IKE_FOLLOWUP_MS);
	t->sim.now += IKE_FOLLOWUP_MS - 1;
	ike_engine_tick(e, t->sim.now);
	assert_non_null(sa->pending);
	while (sa->window.kind == IKE_X_LIVENESS)
		respond(t);
	t->sim.now++;
	ike_engine_tick(e, t->sim.now);
	assert_null(sa->pending);
	assert_non_null(strstr(t->sim.nodes[1].last_line, "does not go on"));
	assert_int_equal(sa->window.kind, IKE_X_REKEY_IKE);
	assert_int_equal(go_on(t, IKE_KE_ECP_384, &link), IKE_N_STATE_NOT_FOUND);
	bench_free(t);
}

/* Nor does it last for ever with one that is always just in time. */
static void who_goes_on_slowly(void **state)
{
	struct link link;
	struct bench *t = asked(
		"aes256gcm16-prfsha384-x25519-ke1_ecp384-ke2_ecp521-ke3_ecp256-ke4_modp2048",
		&link);
	static const uint16_t methods[] = { IKE_KE_ECP_384, IKE_KE_ECP_521 };
	struct ike_engine *e = t->sim.nodes[1].engine;
	uint64_t begun = t->sim.now;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		t->sim.now += IKE_FOLLOWUP_MS - 1;
		ike_engine_tick(e, t->sim.now);
		while (sa_of(t, 1)->window.kind == IKE_X_LIVENESS)
			respond(t);
		assert_int_equal(go_on(t, methods[i], &link), 0);
		take_link(t, &link);
	}
	assert_int_equal(sa_of(t, 1)->pending->until, begun + IKE_FOLLOWUPS_MS);
	bench_free(t);
}

/* What the peer asks for while we go on is put off: it has not seen ours in time. */
static void while_ours_goes_on(void **state)
{
	struct bench *t = bench_start(bench_with(IKE_SUITE_IKE, ECP, 1));
	uint8_t spi[4];

	(void)state;
	begin(t, 1);
	on_its_way(t, 0, IKE_EXCHANGE_FOLLOWUP_KE);
	assert_int_equal(sa_of(t, 1)->window.kind, IKE_X_FOLLOWUP_IKE);
	ask(t);
	assert_int_equal(ike_msg_error(&t->reply)->type, IKE_N_TEMPORARY_FAILURE);
	put_be32(spi, sa_of(t, 1)->children->spi_out);
	put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(ike_msg_error(&t->reply)->type, IKE_N_TEMPORARY_FAILURE);
	only_sa(t, 1);
	bench_free(t);
}

/* Node 0 has begun to rekey node 1's CHILD SA. */
static struct bench *asked_for_child(struct link *link)
{
	struct bench *t = bench_start(bench_with(
		IKE_SUITE_ESP, "aes256gcm16-x25519-ke1_ecp384", 1));
	static const uint8_t nonce[32] = { 1 }, ke[32] = { 9 };
	struct ike_ts_set any;
	uint8_t spi[4];

	t->sim.rng.state = 4711;
	put_be32(spi, sa_of(t, 1)->children->spi_out);
	ike_build_notify(&t->b, IKE_PROTO_ESP, IKE_SLICE(spi, 4), IKE_N_REKEY_SA,
			 IKE_SLICE(NULL, 0));
	ike_build_offer(&t->b, IKE_USE_CHILD, &t->sim.nodes[1].config.esp, 0x4000);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
	ike_ts_any(&any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	take_link(t, link);
	assert_null(sa_of(t, 1)->children->next);
	assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel, IKE_PAIR_LARVAL),
			 1);
	return t;
}

/* Nothing is left in the kernel of what comes to nothing. */
static void a_child_sa_that_comes_to_nothing(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 4; how++) {
		struct link link;
		struct bench *t = asked_for_child(&link);
		struct ike_sa *sa = only_sa(t, 1);
		struct ike_child *old = sa->children;
		struct ike_engine *e = t->sim.nodes[1].engine;

		if (how == 0) {
			assert_int_equal(go_on(t, IKE_KE_ECP_256, &link),
					 IKE_N_INVALID_SYNTAX);
		} else if (how == 1) {
			t->sim.now = sa->pending->until;
			ike_engine_tick(e, t->sim.now);
		} else if (how == 2) {
			/* What was to be replaced is going. */
			old->want_delete = true;
			assert_int_equal(go_on(t, IKE_KE_ECP_384, &link),
					 IKE_N_TEMPORARY_FAILURE);
		} else {
			/* Or is gone. */
			ike_build_delete_esp(&t->b, &old->spi_out, 1);
			assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
			old = NULL;
			assert_null(sa->pending->old);
			assert_int_equal(go_on(t, IKE_KE_ECP_384, &link),
					 IKE_N_TEMPORARY_FAILURE);
		}
		assert_null(sa->pending);
		assert_ptr_equal(sa->children, old);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
						  IKE_PAIR_LARVAL),
				 0);
		bench_free(t);
	}
}

/* What goes away meanwhile takes what is pending with it. */
static void what_is_pending_goes_along(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 4; how++) {
		struct link link;
		struct bench *t = asked_for_child(&link);
		struct sim_node *node = &t->sim.nodes[1];

		if (how == 0)
			ike_engine_command(node->engine, t->sim.now,
					   IKE_CMD_DOWN, "beta");
		else if (how == 1)
			ike_engine_remove_tunnel(node->engine, t->sim.now,
						 "beta");
		else if (how == 2)
			ike_child_forsake(node->engine, node->engine->tunnels,
					  "its device is gone");
		else
			ike_sa_kill(sa_of(t, 1), "for a test");
		assert_int_equal(sim_kernel_count(&node->kernel, IKE_PAIR_LARVAL),
				 0);
		bench_free(t);
	}
}

/* A request for what we are about to make, from a peer that has not seen ours in time. */
static void while_our_child_goes_on(void **state)
{
	(void)state;
	for (unsigned int rekey = 0; rekey < 2; rekey++) {
		struct bench *t = bench_start(bench_with(
			IKE_SUITE_ESP, "aes256gcm16-x25519-ke1_ecp384", 1));
		struct ike_sa *sa = sa_of(t, 1);
		uint8_t spi[4];

		if (rekey)
			sim_command(&t->sim, 1, IKE_CMD_REKEY_CHILD);
		else
			for (unsigned int i = 0; i < 2; i++)
				ike_child_retire(sa_of(t, i)->children, 0,
						 "for a test");
		put_be32(spi, sa->children->spi_out);
		if (!rekey)
			ike_start_new_child(sa, sa->tunnel);
		on_its_way(t, 0, IKE_EXCHANGE_FOLLOWUP_KE);
		assert_int_equal(sa->window.kind, IKE_X_FOLLOWUP_CHILD);
		put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), rekey);
		assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
		assert_int_equal(ike_msg_error(&t->reply)->type,
				 IKE_N_TEMPORARY_FAILURE);
		ask(t);
		assert_int_equal(ike_msg_error(&t->reply)->type,
				 IKE_N_TEMPORARY_FAILURE);
		assert_int_equal(sa->window.kind, IKE_X_FOLLOWUP_CHILD);
		bench_free(t);
	}
}

/* ------------------------------------ node 1 asks, and node 0 makes mischief */

/* Node 0 answers CREATE_CHILD_SA; @link NULL: without one. */
static struct bench *answered(const char *text, const struct link *link)
{
	static const uint8_t nonce[32] = { 1 }, ke[32] = { 9 };
	struct bench *t = bench_start(bench_with(IKE_SUITE_IKE, text, 1));
	struct ike_choice choice = sa_of(t, 1)->choice;

	begin(t, 1);
	choice.number = 1;
	if (link)
		put_link(t, link);
	ike_build_answer(&t->b, IKE_USE_IKE_REKEY, &choice, 0x4711);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
	respond(t);
	return t;
}

static const struct link some_link = { .data = { 0x42 }, .len = 1 };

/* Node 1 rekeys its CHILD SA, and node 0 answers with what is in t->b, and: */
static struct ike_sa *answered_for_child(struct bench *t, const struct link *link)
{
	static const uint8_t nonce[32] = { 1 }, ke[32] = { 9 };
	struct ike_sa *sa = sa_of(t, 1);
	struct ike_choice choice = sa->children->choice;
	struct ike_ts_set any;

	sim_command(&t->sim, 1, IKE_CMD_REKEY_CHILD);
	choice.number = 1;
	choice.ke = IKE_KE_X25519;
	choice.add_ke[0] = IKE_KE_ECP_384;
	if (link)
		put_link(t, link);
	ike_build_answer(&t->b, IKE_USE_CHILD, &choice, 0x4000);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(ke, 32));
	ike_ts_any(&any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
	respond(t);
	return sa;
}

/* Node 0 does not say where to go on, or goes wrong. */
static void answers_for_a_child_sa(void **state)
{
	static const uint8_t ke[32] = { 9 };

	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = bench_start(bench_with(
			IKE_SUITE_ESP, "aes256gcm16-x25519-ke1_ecp384", 1));
		struct sim_kernel *k = &t->sim.nodes[1].kernel;
		struct ike_child *old = sa_of(t, 1)->children;
		struct ike_sa *sa = answered_for_child(t, how ? &some_link : NULL);

		if (how) {
			assert_int_equal(sa->window.kind, IKE_X_FOLLOWUP_CHILD);
			if (how == 1)
				ike_build_status(&t->b, IKE_N_STATE_NOT_FOUND);
			else
				ike_build_ke(&t->b, IKE_KE_ECP_384,
					     IKE_SLICE(ke, 32));
			respond(t);
		}
		assert_true(alive(t));
		assert_null(sa->neg);
		assert_ptr_equal(sa->children, old);
		assert_int_equal(old->state, IKE_CHILD_INSTALLED);
		assert_true(old->in_use);
		assert_int_equal(sim_kernel_count(k, IKE_PAIR_LARVAL), 0);
		/* The peer has made a pair of the last one only. */
		assert_int_equal(sa->window.kind,
				 how == 2 ? IKE_X_DELETE_CHILD : IKE_X_NONE);
		if (how == 1)
			assert_in_range(old->rekey_at, t->sim.now + 1,
					t->sim.now + 2 * IKE_COLLISION_MS);
		bench_free(t);
	}
}

static void answers_without_a_link(void **state)
{
	struct bench *t = answered(ECP, NULL);
	struct ike_sa *sa = only_sa(t, 1);

	(void)state;
	assert_null(sa->neg);
	assert_false(sa->want_delete);
	assert_in_range(sa->rekey_at, t->sim.now + 1,
			t->sim.now + 2 * IKE_REFUSED_MS);
	bench_free(t);
}

/* Node 0 goes on with P-384, which it calls @method, or with an error. */
static void goes_on(struct bench *t, uint16_t method, uint16_t error)
{
	struct ike_ke *ke = ike_ke_new(IKE_KE_ECP_384, from_sim, &t->sim.rng);
	enum ike_exchange_kind kind = sa_of(t, 1)->window.kind;

	assert_true(kind == IKE_X_FOLLOWUP_IKE || kind == IKE_X_FOLLOWUP_CHILD);
	assert_non_null(ke);
	if (error)
		ike_build_status(&t->b, error);
	else
		ike_build_ke(&t->b, method, ike_ke_value(ke));
	ike_ke_free(ke);
	respond(t);
}

static void answers_that_are_forgotten(void **state)
{
	static const uint16_t errors[] = { IKE_N_STATE_NOT_FOUND,
					   IKE_N_TEMPORARY_FAILURE };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct bench *t = answered(ECP, &some_link);
		struct sim_node *node = &t->sim.nodes[1];
		struct ike_sa *sa;

		goes_on(t, IKE_KE_ECP_384, errors[i]);
		sa = only_sa(t, 1);
		assert_null(sa->neg);
		assert_false(sa->want_delete);
		assert_in_range(sa->rekey_at, t->sim.now + IKE_COLLISION_MS,
				t->sim.now + 2 * IKE_COLLISION_MS);
		assert_int_equal(node->counts[IKE_EVENT_NEGOTIATION_FAILED], 0);
		ike_engine_tick(node->engine, sa->rekey_at);
		assert_int_equal(sa->window.kind, IKE_X_REKEY_IKE);
		bench_free(t);
	}
}

/* RFC 7296, section 2.9: it was said in the first answer, where the selectors are. */
static void additional_ts_possible(void **state)
{
	(void)state;
	for (unsigned int more = 0; more < 2; more++) {
		struct bench *t = bench_start(bench_with(
			IKE_SUITE_ESP, "aes256gcm16-x25519-ke1_ecp384", 1));
		struct sim_node *node = &t->sim.nodes[1];
		unsigned int told = node->counts[IKE_EVENT_NOTIFY];
		struct ike_sa *sa;

		if (more)
			ike_build_status(&t->b, IKE_N_ADDITIONAL_TS_POSSIBLE);
		sa = answered_for_child(t, &some_link);
		goes_on(t, IKE_KE_ECP_384, 0);
		assert_int_equal(sa->children->spi_out, 0x4000);
		assert_true(sa->children->in_use);
		assert_int_equal(node->counts[IKE_EVENT_NOTIFY], told + more);
		bench_free(t);
	}
}

/* Of the last one the peer has made keys; of the others nobody has. */
static void answers_by_another_method(void **state)
{
	struct bench *t = answered(ECP "-ke2_ecp521", &some_link);

	(void)state;
	goes_on(t, IKE_KE_ECP_256, 0);
	assert_null(sa_of(t, 1)->neg);
	assert_false(sa_of(t, 1)->want_delete);
	only_sa(t, 1);
	bench_free(t);

	t = answered(ECP, &some_link);
	goes_on(t, IKE_KE_ECP_256, 0);
	assert_true(sa_of(t, 1)->want_delete);
	bench_free(t);
}

static void answers_that_end_too_soon(void **state)
{
	struct bench *t = answered(ECP "-ke2_ecp521", &some_link);

	(void)state;
	goes_on(t, IKE_KE_ECP_384, 0);
	assert_null(sa_of(t, 1)->neg);
	assert_false(sa_of(t, 1)->want_delete);
	only_sa(t, 1);
	bench_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ike_sa),
		cmocka_unit_test(through_losses),
		cmocka_unit_test(who_has_lost_does_not_go_on),
		cmocka_unit_test(what_has_won_is_refused),
		cmocka_unit_test(ike_sas_with_another_number),
		cmocka_unit_test(child_sas_with_another_number),
		cmocka_unit_test(links),
		cmocka_unit_test(nothing_is_pending),
		cmocka_unit_test(not_their_turn),
		cmocka_unit_test(an_unfit_value),
		cmocka_unit_test(who_does_not_go_on),
		cmocka_unit_test(who_goes_on_slowly),
		cmocka_unit_test(while_ours_goes_on),
		cmocka_unit_test(answers_without_a_link),
		cmocka_unit_test(answers_that_are_forgotten),
		cmocka_unit_test(answers_by_another_method),
		cmocka_unit_test(a_child_sa),
		cmocka_unit_test(a_new_child_sa),
		cmocka_unit_test(children_through_losses),
		cmocka_unit_test(a_child_sa_that_comes_to_nothing),
		cmocka_unit_test(what_is_pending_goes_along),
		cmocka_unit_test(while_our_child_goes_on),
		cmocka_unit_test(answers_for_a_child_sa),
		cmocka_unit_test(additional_ts_possible),
		cmocka_unit_test(answers_that_end_too_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
