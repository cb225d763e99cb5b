// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is refused, and the reason that a person reads.
 */
#include "bench.h"

/* Two tunnels between the same addresses: the identities tell which. */
static void identities_choose_the_tunnel(void **state)
{
	static const char *const others[] = { "c.example", "d.example" };
	struct bench *t = bench_new();
	const char *why;

	(void)state;
	sim_start(&t->sim, 1);
	for (unsigned int i = 0; i < 2; i++) {
		struct ike_tunnel_config c = t->sim.nodes[1].config;

		snprintf(c.name, sizeof(c.name), "other-%u", i);
		c.ifindex = 100 + i;
		ike_identity_parse(i ? &c.local_id : &c.remote_id, others[i]);
		assert_int_equal(ike_engine_add_tunnel(t->sim.nodes[1].engine,
						       t->sim.now, &c, &why),
				 0);
		/* A name is taken once. */
		assert_int_equal(ike_engine_add_tunnel(t->sim.nodes[1].engine,
						       t->sim.now, &c, &why),
				 -EEXIST);
	}
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 1000);
	assert_true(sim_both_up(&t->sim));
	assert_string_equal(sa_of(t, 1)->tunnel->config.name, "beta");
	/* Removing one says good-bye to its peer alone. */
	forget(t);
	assert_int_equal(ike_engine_remove_tunnel(t->sim.nodes[1].engine,
						  t->sim.now, "other-0"),
			 0);
	assert_int_equal(t->sim.queued, 0);
	assert_int_equal(ike_engine_remove_tunnel(t->sim.nodes[1].engine,
						  t->sim.now, "beta"),
			 0);
	assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	sim_run(&t->sim, 100);
	assert_null(sim_kernel_active(&t->sim.nodes[0].kernel));
	bench_free(t);
}

/*
 * Of two tunnels between the same addresses each takes a suite of its own, and the peer
 * of one offers both: what it is told of is the suite, not its identity.
 */
static void a_suite_for_another_tunnel(void **state)
{
	const struct ike_tunnel *beta;
	const struct ike_failure *f;
	struct bench *t = bench_new();
	struct ike_tunnel_config c;
	struct ike_suite other;
	char why[200];
	const char *wrong;

	(void)state;
	suite_is(t, IKE_SUITE_IKE, "aes128gcm16-prfsha256-x25519");
	other = t->sim.nodes[1].config.ike;
	suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha384-x25519");
	assert_int_equal(ike_suite_parse(&t->sim.nodes[0].config.ike,
					 IKE_SUITE_IKE,
					 "aes128gcm16-prfsha256-x25519", why,
					 sizeof(why)),
			 0);
	sim_start(&t->sim, 1);
	/* The one that comes last is looked at first. */
	c = t->sim.nodes[1].config;
	c.ike = other;
	strcpy(c.name, "other");
	c.ifindex = 100;
	ike_identity_parse(&c.remote_id, "c.example");
	assert_int_equal(ike_engine_add_tunnel(t->sim.nodes[1].engine,
					       t->sim.now, &c, &wrong),
			 0);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 200);
	/* Kept for that tunnel, with what would do; the other one is not concerned. */
	beta = t->sim.nodes[1].engine->tunnels->next;
	assert_string_equal(beta->config.name, "beta");
	f = beta->failed[1];
	assert_non_null(f);
	assert_int_equal(f->reason, IKE_FAILURE_IKE_PROPOSAL);
	assert_true(f->by_us);
	assert_string_equal(f->step, "IKE_AUTH");
	assert_string_equal(
		f->text,
		"it says it is \"a.example\", whose tunnel takes "
		"aes256gcm16-prfsha384-x25519; aes128gcm16-prfsha256-x25519 "
		"was chosen, for another tunnel between these addresses: give "
		"them a suite in common");
	assert_string_equal(f->ours, "aes256gcm16-prfsha384-x25519");
	assert_string_equal(f->theirs, "aes128gcm16-prfsha256-x25519");
	assert_string_equal(f->nearest, "aes128gcm16-prfsha256-x25519");
	assert_null(t->sim.nodes[1].engine->tunnels->failed[1]);
	/* Not a word of it to the peer, which has not shown who it is. */
	assert_non_null(strstr(t->sim.nodes[0].engine->tunnels->last_error,
			       "AUTHENTICATION_FAILED"));
	bench_free(t);
}

#define ONLY_A "aes256gcm16-prfsha384-ecp384"
#define ONLY_B "aes128gcm16-prfsha256-x25519"
#define BOTH "aes256gcm16-prfsha384-x25519"

/* A tunnel of node 1 for a peer that says it is @id; it is looked at before those there are. */
static void add_tunnel(struct bench *t, const char *id, const char *first,
		       const char *second)
{
	struct ike_tunnel_config c = t->sim.nodes[1].config;
	char why[200];
	const char *wrong;

	memset(&c.ike, 0, sizeof(c.ike));
	assert_int_equal(ike_suite_parse(&c.ike, IKE_SUITE_IKE, first, why,
					 sizeof(why)),
			 0);
	assert_int_equal(ike_suite_parse(&c.ike, IKE_SUITE_IKE, second, why,
					 sizeof(why)),
			 0);
	snprintf(c.name, sizeof(c.name), "for-%s", id);
	c.ifindex = 100u + (uint8_t)id[0];
	ike_identity_parse(&c.remote_id, id);
	assert_int_equal(ike_engine_add_tunnel(t->sim.nodes[1].engine,
					       t->sim.now, &c, &wrong),
			 0);
}

/* Each of two tunnels prefers a suite of its own, and both take another one. */
static void a_suite_for_all_tunnels(void **state)
{
	static const char *const offers[] = { ONLY_B, ONLY_A };
	char why[200];

	(void)state;
	for (unsigned int n = 1; n <= 2; n++) {
		struct bench *t = bench_new();

		suite_is(t, IKE_SUITE_IKE, ONLY_A);
		assert_int_equal(ike_suite_parse(&t->sim.nodes[1].config.ike,
						 IKE_SUITE_IKE, BOTH, why,
						 sizeof(why)),
				 0);
		/* It offers what both take, and what the one or either prefers. */
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(
				ike_suite_parse(&t->sim.nodes[0].config.ike,
						IKE_SUITE_IKE, offers[i], why,
						sizeof(why)),
				0);
		sim_start(&t->sim, 1);
		/* For one that takes nothing of it this cannot be. */
		add_tunnel(t, "d.example", "aes128-sha256-prfsha256-modp2048",
			   "aes256-sha512-prfsha512-modp4096");
		add_tunnel(t, "c.example", ONLY_B, BOTH);
		sim_start(&t->sim, 0);
		sim_run(&t->sim, 1000);
		assert_true(sim_both_up(&t->sim));
		assert_string_equal(sa_of(t, 1)->tunnel->config.name, "beta");
		assert_string_equal(ike_choice_format(&sa_of(t, 1)->choice, why,
						      sizeof(why)),
				    BOTH);
		bench_free(t);
	}
}

static void configurations_that_cannot_be(void **state)
{
	struct bench *t = bench_new();
	struct ike_engine *e;
	struct ike_tunnel_config good, c;
	const char *why;

	(void)state;
	sim_start(&t->sim, 1);
	e = t->sim.nodes[1].engine;
	good = t->sim.nodes[1].config;
	strcpy(good.name, "x");
#define REFUSED(change)                                                     \
	do {                                                                \
		c = good;                                                   \
		change;                                                     \
		why = NULL;                                                 \
		assert_int_equal(ike_engine_add_tunnel(e, 0, &c, &why),     \
				 -EINVAL);                                  \
		assert_non_null(why);                                       \
	} while (0)
	REFUSED(c.name[0] = 0);
	REFUSED(memset(c.name, 'x', sizeof(c.name)));
	REFUSED(c.local.family = IKE_FAMILY_NONE);
	REFUSED(c.remote.family = IKE_IPV6);
	REFUSED(c.ike.n = 0);
	REFUSED(c.ike.n = IKE_SUITE_MAX + 1);
	REFUSED(c.ike.n = 2);
	REFUSED(c.ike.props[0].n_encr = 0);
	REFUSED(c.ike.props[0].n_ke = 0);
	REFUSED(c.ike.props[0].prf[0] = 1);
	REFUSED(c.ike.props[0].n_prf = IKE_ALG_MAX + 1);
	/* An AEAD with an integrity algorithm, and a cipher without one. */
	REFUSED(c.ike.props[0].integ[0] = IKE_INTEG_HMAC_SHA2_256_128;
		c.ike.props[0].n_integ = 1);
	REFUSED(c.ike.props[0].encr[0].id = IKE_ENCR_AES_CBC);
	/* What does not encrypt is not for IKE. */
	REFUSED(c.ike.props[0].encr[0].id = IKE_ENCR_NULL_AES_GMAC);
	REFUSED(c.esp.props[0].encr[0].key_bits = 64);
	REFUSED(c.esp.props[0].encr[0].id = IKE_ENCR_AES_CBC);
	REFUSED(c.esp.props[0].n_esn = 0);
	REFUSED(c.n_local_ts = IKE_TS_MAX + 1);
	REFUSED(c.replay_window = 63);
	REFUSED(c.replay_window = 4097);
	REFUSED(c.dpd_interval_s = 3601);
	REFUSED(c.child_lifetime_s = UINT32_MAX);
	REFUSED(c.reauth_s = UINT32_MAX);
#undef REFUSED
	assert_int_equal(ike_engine_add_tunnel(e, 0, &good, &why), 0);
	bench_free(t);
}

/*
 * What node 0 says when node 1 is configured otherwise, or node 1 itself; who is
 * refused knows it some seconds later, for it was said without proof.
 */
static const char *complaint(void (*change)(struct bench *),
			     unsigned int node)
{
	static char line[700];
	struct bench *t = bench_new();

	change(t);
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 500);
	if (node == 0)
		sim_run(&t->sim, 3000);
	snprintf(line, sizeof(line), "%s",
		 node ? t->sim.nodes[1].last_line :
			t->sim.nodes[0].engine->tunnels->last_error);
	bench_free(t);
	return line;
}

static void other_ike(struct bench *t)
{
	suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha512-x25519");
}

static void much_else(struct bench *t)
{
	struct ike_suite *suite = &t->sim.nodes[0].config.ike;
	char why[200];

	memset(suite, 0, sizeof(*suite));
	suite->allow_legacy = true;
	assert_int_equal(ike_suite_parse(suite, IKE_SUITE_IKE,
					 "aes128-sha1-modp2048", why,
					 sizeof(why)),
			 0);
}

static void other_esn(struct bench *t)
{
	suite_is(t, IKE_SUITE_ESP, "aes128gcm16-esn");
	memset(&t->sim.nodes[0].config.esp, 0,
	       sizeof(t->sim.nodes[0].config.esp));
	ike_suite_parse(&t->sim.nodes[0].config.esp, IKE_SUITE_ESP,
			"aes128gcm16-noesn", (char[200]){ 0 }, 200);
}

static void other_ke(struct bench *t)
{
	suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha384-ecp384");
}

static void other_esp(struct bench *t)
{
	suite_is(t, IKE_SUITE_ESP, "aes256gcm16");
}

static void other_id(struct bench *t)
{
	ike_identity_parse(&t->sim.nodes[1].config.remote_id, "c.example");
}

static void other_psk(struct bench *t)
{
	t->sim.nodes[1].psk = "not that one";
}

static void other_ts(struct bench *t)
{
	ike_ts_parse(&t->sim.nodes[1].config.remote_ts[0], "10.0.0.0/8");
	ike_ts_parse(&t->sim.nodes[0].config.local_ts[0], "192.168.0.0/16");
	t->sim.nodes[1].config.n_remote_ts = 1;
	t->sim.nodes[0].config.n_local_ts = 1;
}

static void the_reason_is_told(void **state)
{
	(void)state;
	assert_string_equal(
		complaint(other_ike, 0),
		"peer 192.0.2.2 refused our IKE proposal (NO_PROPOSAL_CHOSEN): "
		"we offered aes256gcm16-prfsha384-x25519");
	assert_string_equal(
		complaint(other_ke, 0),
		"peer 192.0.2.2 refused our IKE proposal (NO_PROPOSAL_CHOSEN): "
		"we offered aes256gcm16-prfsha384-x25519");
	assert_string_equal(
		complaint(other_ike, 1),
		"message from 192.0.2.1: NO_PROPOSAL_CHOSEN: no PRF in common "
		"(there prfsha384, here prfsha512); it offers "
		"aes256gcm16-prfsha384-x25519, our IKE suite is "
		"aes256gcm16-prfsha512-x25519");
	assert_string_equal(
		complaint(much_else, 1),
		"message from 192.0.2.1: NO_PROPOSAL_CHOSEN: no encryption in "
		"common (there aes128, here aes256gcm16), no PRF in common "
		"(there prfsha1, here prfsha384), no key exchange in common "
		"(there modp2048, here x25519); prfsha1 is too weak; it offers "
		"aes128-sha1-prfsha1-modp2048, our IKE suite is "
		"aes256gcm16-prfsha384-x25519");
	assert_non_null(strstr(complaint(other_esn, 1),
			       "NO_PROPOSAL_CHOSEN for ESP: no sequence numbers "
			       "in common (there noesn, here esn)"));
	assert_non_null(strstr(complaint(other_esp, 0),
			       "peer refused our ESP proposal "
			       "(NO_PROPOSAL_CHOSEN): we offered aes128gcm16"));
	assert_non_null(strstr(complaint(other_id, 0),
			       "peer refused us (AUTHENTICATION_FAILED): we "
			       "said we are \"a.example\""));
	assert_non_null(strstr(complaint(other_psk, 0),
			       "AUTHENTICATION_FAILED"));
	assert_non_null(strstr(complaint(other_ts, 0), "TS_UNACCEPTABLE"));
}

/* ---- a kernel that refuses ------------------------------------------------- */

static unsigned int pairs_refused;

static int refuse_pair(void *ctx, const struct ike_kernel_pair *pair)
{
	(void)ctx;
	(void)pair;
	pairs_refused++;
	return -EOPNOTSUPP;
}

/* IKE SAs that node @node has, of any state. */
static unsigned int sas_of(struct bench *t, unsigned int node)
{
	unsigned int n = 0;

	for (const struct ike_sa *sa = sa_of(t, node); sa; sa = sa->next)
		n++;
	return n;
}

/*
 * All is agreed, and the kernel of node @refuses does not take the keys: an algorithm that
 * it lacks, say. That is one failure, which is counted, of attempts with a pause between
 * them; and no heap of IKE SAs at either end.
 */
static void kernel_of(unsigned int refuses)
{
	struct bench *t = bench_new();
	struct sim_node *node = &t->sim.nodes[refuses];
	struct ike_kernel_ops ops = *node->env.kernel;
	const struct ike_kernel_ops *good = node->env.kernel;
	const struct ike_tunnel *initiator;
	const struct ike_failure *f;
	unsigned int once;

	ops.pair_new = refuse_pair;
	pairs_refused = 0;
	t->sim.nodes[1].config.start = IKE_START_PASSIVE;
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	node->env.kernel = &ops;
	initiator = t->sim.nodes[0].engine->tunnels;
	for (unsigned int s = 0; s < 600; s++) {
		sim_run(&t->sim, 1000);
		assert_true(sas_of(t, 0) <= 2);
		assert_true(sas_of(t, 1) <= 2);
		assert_null(sim_kernel_active(&node->kernel));
	}
	f = initiator->failed[0];
	assert_non_null(f);
	assert_null(initiator->failed[1]);
	assert_non_null(strstr(f->text, refuses ? "peer refused the CHILD SA (TEMPORARY_FAILURE" :
						  "the CHILD SA could not be installed"));
	assert_int_equal(node->counts[IKE_EVENT_KERNEL_ERROR], pairs_refused);
	/*
	 * Every 30 s at the rarest, of which jitter takes up to a half. To the peer it is
	 * a TEMPORARY_FAILURE, and it comes again soon at first, as section 2.25 has it.
	 */
	assert_in_range(pairs_refused, 600 / 30, 600 / 15 + 10);
	once = pairs_refused;
	if (!refuses)
		assert_int_equal(f->count, once);
	/* It takes them again: nobody need do anything. */
	node->env.kernel = good;
	sim_run(&t->sim, 40 * 1000);
	assert_true(sim_both_up(&t->sim));
	assert_int_equal(pairs_refused, once);
	assert_int_equal(initiator->put_off, 0);
	bench_free(t);
}

static void the_kernel_refuses_what_was_agreed(void **state)
{
	(void)state;
	kernel_of(0);
	kernel_of(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identities_choose_the_tunnel),
		cmocka_unit_test(a_suite_for_another_tunnel),
		cmocka_unit_test(a_suite_for_all_tunnels),
		cmocka_unit_test(configurations_that_cannot_be),
		cmocka_unit_test(the_reason_is_told),
		cmocka_unit_test(the_kernel_refuses_what_was_agreed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
