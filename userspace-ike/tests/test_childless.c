// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SAs that begin without a CHILD SA (RFC 6023): when, and what comes then.
 */
#include "bench.h"

#define LONG_MS 20000

/* Node 0 is configured so. */
static struct bench *bench_childless(void)
{
	struct bench *t = bench_new();

	t->sim.nodes[0].config.childless = true;
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	return t;
}

/* Lets time pass until the newest IKE SA of a node is in a state. */
static struct ike_sa *run_to(struct bench *t, unsigned int node,
			     enum ike_sa_state state)
{
	for (unsigned int ms = 0; ms < LONG_MS; ms++) {
		struct ike_sa *sa = sa_of(t, node);

		if (sa && sa->state == state)
			return sa;
		sim_run(&t->sim, 1);
	}
	fail();
	return NULL;
}

/* Makes CHILDLESS_IKEV2_SUPPORTED, in what is on its way, something unknown. */
static bool garble_notify(struct bench *t)
{
	static const uint8_t said[] = { 0, 8, 0, 0, 16418 >> 8, 16418 & 255 };

	for (size_t i = 0; i < t->sim.queued; i++) {
		struct sim_event *e = &t->sim.queue[i];
		uint8_t *at = e->kind == SIM_IKE ?
				      memmem(e->data, e->len, said, sizeof(said)) :
				      NULL;

		if (at) {
			at[5]++;
			return true;
		}
	}
	return false;
}

static void only_if_the_responder_can(void **state)
{
	(void)state;
	for (unsigned int can = 0; can < 2; can++) {
		struct bench *t = bench_childless();
		struct ike_sa *sa;

		while (!can && !garble_notify(t))
			sim_run(&t->sim, 1);
		sa = run_to(t, 0, IKE_SA_AUTH_SENT);
		assert_int_equal(sa->handshake->childless, can);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[0].kernel,
						  IKE_PAIR_LARVAL),
				 !can);
		bench_free(t);
	}
}

/* What is made anew replaces what is there, CHILD SA and all. */
static void not_when_authenticating_anew(void **state)
{
	struct bench *t = bench_childless();
	struct ike_sa *old, *sa;

	(void)state;
	assert_true(sim_run_until(&t->sim, LONG_MS, sim_both_up));
	sim_run(&t->sim, 1000);
	old = sa_of(t, 0);
	sim_command(&t->sim, 0, IKE_CMD_REAUTH);
	sa = run_to(t, 0, IKE_SA_AUTH_SENT);
	assert_ptr_not_equal(sa, old);
	assert_false(sa->handshake->childless);
	bench_free(t);
}

/* Nothing passes either way until the initiator has it: no packet is waited for. */
static void used_at_once(void **state)
{
	struct bench *t = bench_childless();

	(void)state;
	while (!sa_of(t, 1) || !sa_of(t, 1)->children)
		sim_run(&t->sim, 1);
	assert_true(sa_of(t, 1)->children->in_use);
	assert_non_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	/* And its answer is still on its way. */
	assert_null(sim_kernel_active(&t->sim.nodes[0].kernel));
	bench_free(t);
}

/* An initiator that wants nothing for now is given time, and then asked. */
static void responder_asks_in_the_end(void **state)
{
	struct bench *t = bench_childless();
	struct ike_sa *sa;
	uint64_t begun;

	(void)state;
	sa = run_to(t, 1, IKE_SA_ESTABLISHED);
	/* Whoever does not want the tunnel by itself does not ask. */
	t->sim.nodes[1].engine->tunnels->wanted = true;
	/* The initiator is heard no more. */
	t->sim.net.cut = true;
	begun = t->sim.now;
	while (sa->window.kind == IKE_X_NONE) {
		sim_run(&t->sim, 1);
		assert_true(t->sim.now < begun + LONG_MS);
	}
	assert_in_range(t->sim.now - begun, 2000, 4001);
	assert_int_equal(sa->window.kind, IKE_X_NEW_CHILD);
	bench_free(t);
}

static bool has_child_of(struct bench *t, unsigned int node, const char *name)
{
	for (const struct ike_child *c = sa_of(t, node)->children; c; c = c->next)
		if (!strcmp(c->tunnel->config.name, name))
			return true;
	return false;
}

/*
 * The IKE SA is wanted for a tunnel that shares it: as in IKE_AUTH its owner gets a
 * CHILD SA all the same, although nothing has asked for that one.
 */
static void the_owner_has_one_too(void **state)
{
	(void)state;
	for (unsigned int childless = 0; childless < 2; childless++) {
		struct bench *t = bench_new();

		sim_share(&t->sim);
		t->sim.nodes[0].config.childless = childless;
		t->sim.nodes[0].config.start = IKE_START_ON_TRAFFIC;
		sim_start(&t->sim, 1);
		sim_start(&t->sim, 0);
		ike_engine_command(t->sim.nodes[0].engine, t->sim.now, IKE_CMD_UP,
				   "alpha-second");
		sim_run(&t->sim, LONG_MS);
		assert_non_null(sa_of(t, 0));
		assert_true(has_child_of(t, 0, "alpha-second"));
		assert_true(has_child_of(t, 0, "alpha"));
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_if_the_responder_can),
		cmocka_unit_test(not_when_authenticating_anew),
		cmocka_unit_test(used_at_once),
		cmocka_unit_test(responder_asks_in_the_end),
		cmocka_unit_test(the_owner_has_one_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
