// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scenarios. Each ends with a calm: the network is made perfect, and
 * whatever was going on must come to an end in which both have the same pair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define CALM_MS 90000

static void calm(struct sim *sim)
{
	sim_net_perfect(sim);
	sim_run(sim, CALM_MS);
}

static void converge(struct sim *sim)
{
	calm(sim);
	if (!sim->failed)
		sim_check_converged(sim);
}

static void start_both(struct sim *sim)
{
	sim_start(sim, 0);
	sim_start(sim, 1);
	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim_queue(sim, sim_below(&sim->rng, 40), SIM_TRAFFIC, i);
	sim->traffic = sim_chance(&sim->rng, 80);
}

/* Every third time there are two tunnels with one IKE SA. */
static void share_perhaps(struct sim *sim)
{
	if (sim_chance(&sim->rng, 33))
		sim_share(sim);
}

/* Starts both on a perfect network, then makes it bad. */
static void establish(struct sim *sim, uint32_t drop_max)
{
	share_perhaps(sim);
	start_both(sim);
	if (!sim_run_until(sim, 30000, sim_both_up))
		sim_fail(sim, "not up after 30 s: %s",
			 sim->nodes[0].last_line);
	sim_net_random(sim, drop_max);
}

static void command(struct sim *sim, unsigned int arg)
{
	sim_command(sim, arg % 2, (enum ike_command)(arg / 2));
}

static void command_in(struct sim *sim, uint32_t ms, unsigned int node,
		       enum ike_command cmd)
{
	sim_later(sim, sim_below(&sim->rng, ms + 1), command,
		  (unsigned int)cmd * 2 + node);
}

/* ----------------------------------------------------------------- scenarios */

static void scenario_establish(struct sim *sim)
{
	share_perhaps(sim);
	sim_net_random(sim, 40);
	start_both(sim);
	sim_run(sim, 20000);
	converge(sim);
}

/* One of several proposals, each end's suite is made of two. */
static void random_suite(struct sim *sim, enum ike_suite_kind kind,
			 const char *const *texts, unsigned int n)
{
	const char *common = texts[sim_below(&sim->rng, n)];

	for (unsigned int i = 0; i < SIM_NODES; i++) {
		struct ike_tunnel_config *c = &sim->nodes[i].config;
		struct ike_suite *suite = kind == IKE_SUITE_IKE ? &c->ike :
								  &c->esp;
		const char *other = texts[sim_below(&sim->rng, n)];
		bool first = sim_chance(&sim->rng, 50);
		char why[200];

		*suite = (struct ike_suite){ .allow_legacy = true };
		/* Whether the other one may stand beside it, or not. */
		if (!first)
			ike_suite_parse(suite, kind, other, why, sizeof(why));
		if (ike_suite_parse(suite, kind, common, why, sizeof(why))) {
			suite->n = 0;
			ike_suite_parse(suite, kind, common, why, sizeof(why));
		}
		if (first)
			ike_suite_parse(suite, kind, other, why, sizeof(why));
	}
}

static void scenario_suites(struct sim *sim)
{
	static const char *const ike[] = {
		"aes128gcm16-prfsha256-ecp256",
		"aes256gcm16-prfsha512-ecp521",
		"aes256gcm16-aes192gcm12-prfsha384-ecp384",
		"aes128gcm16-aes256gcm16-prfsha256-prfsha512-modp2048",
		"aes256gcm8-prfsha256-x25519",
		"aes128gcm12-prfsha384-modp3072",
		"chacha20poly1305-prfsha256-x25519",
		"aes128-sha1-modp2048",
		"aes128-aes256-sha256-sha1-x25519-ecp256",
		"aes256-sha384-ecp384",
		"aes256-sha512-prfsha256-x25519",
	};
	static const char *const esp[] = {
		"aes128gcm16",
		"aes192gcm16-aes256gcm8-x25519",
		"aes256gcm12-ecp256-esn",
		"chacha20poly1305-noesn-esn",
		"chacha20poly1305-x25519-noesn",
		"aes128gmac-aes256gmac",
		"aes192gmac-x25519-noesn",
		"aes128-sha256-noesn",
		"aes256-sha384-x25519",
		"aes256-aes128-sha512-sha256-esn",
		"aes128-aes256-sha1-ecp256",
	};

	random_suite(sim, IKE_SUITE_IKE, ike, sizeof(ike) / sizeof(ike[0]));
	random_suite(sim, IKE_SUITE_ESP, esp, sizeof(esp) / sizeof(esp[0]));
	establish(sim, 10);
	command_in(sim, 1000, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	command_in(sim, 9000, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	sim_run(sim, 10000);
	converge(sim);
}

/* Whether by initiators that want it or not, with PFS or not, both at once or not. */
static void scenario_childless(struct sim *sim)
{
	bool at_once = sim_chance(&sim->rng, 50);

	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim->nodes[i].config.childless = i == 0 ||
						 sim_chance(&sim->rng, 50);
	if (at_once)
		sim->nodes[1].config.start = IKE_START_ALWAYS;
	share_perhaps(sim);
	sim_net_random(sim, 25);
	start_both(sim);
	sim_run(sim, 20000);
	if (sim_chance(&sim->rng, 50))
		command_in(sim, 3000, sim_below(&sim->rng, 2), IKE_CMD_REAUTH);
	else if (sim_chance(&sim->rng, 50))
		command_in(sim, 3000, sim_below(&sim->rng, 2),
			   IKE_CMD_REKEY_IKE);
	sim_run(sim, 5000);
	converge(sim);
}

static void scenario_both_initiate(struct sim *sim)
{
	sim->nodes[1].config.start = IKE_START_ALWAYS;
	sim_net_random(sim, 30);
	start_both(sim);
	sim_run(sim, 20000);
	converge(sim);
}

static void scenario_rekey_by_initiator(struct sim *sim)
{
	establish(sim, 30);
	command_in(sim, 100, 0, IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
}

static void scenario_rekey_by_responder(struct sim *sim)
{
	establish(sim, 30);
	command_in(sim, 100, 1, IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
}

static void scenario_rekey_by_both(struct sim *sim)
{
	establish(sim, 20);
	for (unsigned int round = 0; round < 3; round++) {
		command_in(sim, 300, 0, IKE_CMD_REKEY_CHILD);
		command_in(sim, 300, 1, IKE_CMD_REKEY_CHILD);
		sim_run(sim, 5000);
	}
	converge(sim);
}

static void scenario_rekey_ike(struct sim *sim)
{
	establish(sim, 30);
	command_in(sim, 100, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	sim_run(sim, 20000);
	converge(sim);
}

static void scenario_rekey_ike_by_both(struct sim *sim)
{
	establish(sim, 20);
	for (unsigned int round = 0; round < 3; round++) {
		command_in(sim, 300, 0, IKE_CMD_REKEY_IKE);
		command_in(sim, 300, 1, IKE_CMD_REKEY_IKE);
		sim_run(sim, 5000);
	}
	converge(sim);
}

static void scenario_rekey_all(struct sim *sim)
{
	establish(sim, 15);
	for (unsigned int i = 0; i < 12; i++)
		command_in(sim, 8000, sim_below(&sim->rng, 2),
			   sim_chance(&sim->rng, 60) ? IKE_CMD_REKEY_CHILD :
						       IKE_CMD_REKEY_IKE);
	sim_run(sim, 20000);
	converge(sim);
}

static uint64_t without_sa(const struct sim *sim)
{
	return sim->nodes[0].kernel.no_sa + sim->nodes[1].kernel.no_sa;
}

/* Nobody was taken for dead, so there was always a pair to send by. */
static void carried(struct sim *sim, uint64_t no_sa)
{
	if (!sim->disrupted && without_sa(sim) != no_sa)
		sim_fail(sim, "there was a time without an outbound SA");
}

static void reauthenticated(struct sim *sim, unsigned int times)
{
	for (unsigned int i = 0; i < SIM_NODES && !sim->disrupted; i++)
		if (sim->nodes[i].counts[IKE_EVENT_IKE_SA_REAUTHENTICATED] <
		    times)
			sim_fail(sim, "node %u was not authenticated anew", i);
}

static void scenario_reauth(struct sim *sim)
{
	uint64_t no_sa;

	establish(sim, 30);
	no_sa = without_sa(sim);
	command_in(sim, 100, sim_below(&sim->rng, 2), IKE_CMD_REAUTH);
	/* What was lost is tried again. */
	sim_run(sim, 100000);
	reauthenticated(sim, 1);
	converge(sim);
	carried(sim, no_sa);
}

static void scenario_reauth_by_both(struct sim *sim)
{
	uint64_t no_sa;

	establish(sim, 20);
	no_sa = without_sa(sim);
	for (unsigned int round = 0; round < 3; round++) {
		command_in(sim, 300, 0, IKE_CMD_REAUTH);
		command_in(sim, 300, 1, IKE_CMD_REAUTH);
		sim_run(sim, 15000);
	}
	reauthenticated(sim, 1);
	converge(sim);
	carried(sim, no_sa);
}

static void scenario_reauth_all(struct sim *sim)
{
	static const enum ike_command commands[] = { IKE_CMD_REAUTH,
						     IKE_CMD_REKEY_IKE,
						     IKE_CMD_REKEY_CHILD };
	uint64_t no_sa;

	establish(sim, 15);
	no_sa = without_sa(sim);
	for (unsigned int i = 0; i < 12; i++)
		command_in(sim, 4000, sim_below(&sim->rng, 2),
			   commands[sim_below(&sim->rng, 3)]);
	sim_run(sim, 20000);
	converge(sim);
	carried(sim, no_sa);
}

static void scenario_reauth_nat(struct sim *sim)
{
	uint64_t no_sa;

	sim->net.nat = true;
	sim->net.nat_shift = (uint16_t)sim_below(&sim->rng, 30000);
	establish(sim, 15);
	no_sa = without_sa(sim);
	/* Through the NAT the way back is there already. */
	command_in(sim, 300, sim_below(&sim->rng, 2), IKE_CMD_REAUTH);
	sim_run(sim, 100000);
	reauthenticated(sim, 1);
	converge(sim);
	carried(sim, no_sa);
}

static void scenario_delete_in_flight(struct sim *sim)
{
	unsigned int node = sim_below(&sim->rng, 2);

	establish(sim, 20);
	sim->disrupted = true;
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	command_in(sim, 500, node, IKE_CMD_DOWN);
	sim_run(sim, 500 + sim_below(&sim->rng, 3000));
	sim_command(sim, node, IKE_CMD_UP);
	sim_run(sim, 20000);
	converge(sim);
}

static void second_command(struct sim *sim, unsigned int arg)
{
	struct sim_node *node = &sim->nodes[arg % 2];

	ike_engine_command(node->engine, sim->now, (enum ike_command)(arg / 2),
			   node->second_config.name);
}

static void lose_second(struct sim *sim, unsigned int arg)
{
	struct sim_node *node = &sim->nodes[arg];

	memset(node->second.pairs, 0, sizeof(node->second.pairs));
	ike_engine_set_device(node->engine, sim->now, node->second_config.name,
			      0);
}

static void find_second(struct sim *sim, unsigned int arg)
{
	struct sim_node *node = &sim->nodes[arg];

	ike_engine_set_device(node->engine, sim->now, node->second_config.name,
			      node->second.ifindex);
}

static void remove_second(struct sim *sim, unsigned int arg)
{
	struct sim_node *node = &sim->nodes[arg];

	ike_engine_remove_tunnel(node->engine, sim->now,
				 node->second_config.name);
	if (sim_kernel_active(&node->second))
		sim_fail(sim, "an SA of a tunnel that was removed");
}

static void add_second(struct sim *sim, unsigned int arg)
{
	struct sim_node *node = &sim->nodes[arg];
	const char *why;

	if (ike_engine_add_tunnel(node->engine, sim->now, &node->second_config,
				  &why))
		sim_fail(sim, "the tunnel does not come back");
}

/* What becomes of one of two tunnels is nothing to the other. */
static void scenario_share(struct sim *sim)
{
	unsigned int node = sim_below(&sim->rng, 2);

	sim_share(sim);
	establish(sim, 10);
	sim->second_goes = true;
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	sim_later(sim, sim_below(&sim->rng, 500), second_command,
		  IKE_CMD_REKEY_CHILD * 2 + sim_below(&sim->rng, 2));
	switch (sim_below(&sim->rng, 3)) {
	case 0:
		sim_later(sim, sim_below(&sim->rng, 500), second_command,
			  IKE_CMD_DOWN * 2 + node);
		sim_later(sim, 500 + sim_below(&sim->rng, 3000), second_command,
			  IKE_CMD_UP * 2 + node);
		break;
	case 1:
		sim_later(sim, sim_below(&sim->rng, 500), lose_second, node);
		sim_later(sim, 500 + sim_below(&sim->rng, 3000), find_second,
			  node);
		break;
	case 2:
		sim_later(sim, sim_below(&sim->rng, 500), remove_second, node);
		sim_later(sim, 500 + sim_below(&sim->rng, 3000), add_second,
			  node);
		break;
	}
	sim_run(sim, 20000);
	converge(sim);
}

/* A person deletes one end's pairs in the kernel. */
static void flush(struct sim *sim, unsigned int node)
{
	struct sim_kernel *k = &sim->nodes[node].kernel;

	sim->disrupted = true;
	for (unsigned int i = 0; i < SIM_PAIRS_MAX; i++)
		if (k->pairs[i].used)
			sim_kernel_ops.retire(&sim->nodes[node], SIM_IFINDEX,
					      k->pairs[i].info.pair_id, 0);
	k->was_active = false;
}

static void scenario_flush(struct sim *sim)
{
	establish(sim, 20);
	sim_later(sim, sim_below(&sim->rng, 500), flush,
		  sim_below(&sim->rng, 2));
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
}

static bool zero_is_down(struct sim *sim)
{
	return !sim_kernel_active(&sim->nodes[0].kernel);
}

static void scenario_peer_dead(struct sim *sim)
{
	uint64_t at;

	establish(sim, 0);
	sim_run(sim, 1000 + sim_below(&sim->rng, 20000));
	if (sim_chance(&sim->rng, 50))
		sim_stop(sim, 1, true);
	sim->net.cut = true;
	sim->disrupted = true;
	at = sim->now;
	if (!sim_run_until(sim, 15000, zero_is_down)) {
		sim_fail(sim, "a dead peer was not noticed in 15 s");
		return;
	}
	if (sim->now - at < 3000)
		sim_fail(sim, "a peer was taken for dead after %llu ms",
			 (unsigned long long)(sim->now - at));
	sim_run(sim, sim_below(&sim->rng, 120000));
	sim->net.cut = false;
	if (!sim->nodes[1].engine)
		sim_start(sim, 1);
	if (!sim_run_until(sim, 5000, sim_both_up))
		sim_fail(sim, "not up 5 s after the peer was back");
	converge(sim);
}

/* The way is gone for a while, and then the shell knows that it is there again. */
static void scenario_underlay(struct sim *sim)
{
	struct sim_node *node = &sim->nodes[0];

	establish(sim, 0);
	sim->net.cut = true;
	sim->disrupted = true;
	sim_run(sim, sim_below(&sim->rng, 60000));
	sim_net_perfect(sim);
	ike_engine_underlay_changed(node->engine, sim->now, node->config.name);
	/* A peer that still has its SAs need not even notice. */
	if (!sim_run_until(sim, 1000, sim_both_up))
		sim_fail(sim, "not up 1 s after the way was back");
	converge(sim);
}

static void count_established(void *arg, const struct ike_sa_status *status)
{
	*(unsigned int *)arg += !strcmp(status->state, "established");
}

static void count_sas(void *arg, const struct ike_sa_status *status)
{
	(void)status;
	++*(unsigned int *)arg;
}

static unsigned int ike_sas(const struct sim *sim, unsigned int node)
{
	const struct ike_status_visitor visitor = { .ike_sa = count_sas };
	unsigned int n = 0;

	ike_engine_status(sim->nodes[node].engine, sim->now, NULL, &visitor,
			  &n);
	return n;
}

static bool one_has_none(struct sim *sim)
{
	return !ike_sas(sim, 1) && !sim_kernel_active(&sim->nodes[1].kernel) &&
	       ike_engine_idle(sim->nodes[0].engine);
}

/*
 * Nobody wants the tunnel any more before it is up: the responder must not be
 * left to find that out by itself.
 */
static void scenario_leave(struct sim *sim)
{
	struct sim_node *node = &sim->nodes[0];
	unsigned int how = sim_below(&sim->rng, 3);
	struct ike_engine *e;

	sim->disrupted = true;
	sim_net_random(sim, 15);
	sim_start(sim, 1);
	sim_start(sim, 0);
	e = node->engine;
	sim_run(sim, sim_below(&sim->rng, 500));
	if (how == 0) {
		sim_command(sim, 0, IKE_CMD_DOWN);
	} else if (how == 1) {
		memset(node->kernel.pairs, 0, sizeof(node->kernel.pairs));
		ike_engine_set_device(e, sim->now, node->config.name, 0);
	} else {
		ike_engine_remove_tunnel(e, sim->now, node->config.name);
	}
	if (sim_kernel_active(&node->kernel))
		sim_fail(sim, "a pair stays in use");
	/* Before it could have asked whether we live, and given us up. */
	if (!sim_run_until(sim, 11000, one_has_none))
		sim_fail(sim, "the peer was not told");
	if (sim_kernel_count(&node->kernel, IKE_PAIR_LARVAL))
		sim_fail(sim, "a reserved SPI stays");
}

/* Somebody removes a tunnel's device amid rekeys, and makes it anew. */
static void lose_device(struct sim *sim, unsigned int node)
{
	const struct ike_status_visitor visitor = { .ike_sa =
							    count_established };
	unsigned int established = 0;

	struct sim_kernel *k = &sim->nodes[node].kernel;

	memset(k->pairs, 0, sizeof(k->pairs));
	ike_engine_set_device(sim->nodes[node].engine, sim->now,
			      sim->nodes[node].config.name, 0);
	/* On its way out, or gone: the peer is told, not left to find out. */
	ike_engine_status(sim->nodes[node].engine, sim->now, NULL, &visitor,
			  &established);
	if (established)
		sim_fail(sim, "an IKE SA stays without a device");
}

static void find_device(struct sim *sim, unsigned int node)
{
	ike_engine_set_device(sim->nodes[node].engine, sim->now,
			      sim->nodes[node].config.name, SIM_IFINDEX);
}

static void scenario_device(struct sim *sim)
{
	unsigned int node = sim_below(&sim->rng, 2);

	establish(sim, 20);
	sim->disrupted = true;
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	sim_later(sim, sim_below(&sim->rng, 500), lose_device, node);
	sim_later(sim, 500 + sim_below(&sim->rng, 20000), find_device, node);
	sim_run(sim, 500);
	if (sim_kernel_active(&sim->nodes[node].kernel))
		sim_fail(sim, "an SA without a device");
	sim_run(sim, 20000);
	converge(sim);
}

static void scenario_restart(struct sim *sim)
{
	unsigned int node = sim_below(&sim->rng, 2);

	/* The passive one comes back only if the other initiates. */
	sim->nodes[1].config.start = IKE_START_ALWAYS;
	establish(sim, 20);
	/* Not enough to be noticed, or enough; pairs lost, or not. */
	sim_stop(sim, node, sim_chance(&sim->rng, 50));
	sim_run(sim, sim_below(&sim->rng, 20000));
	sim_start(sim, node);
	sim_run(sim, 20000);
	converge(sim);
}

/* Packets that have arrived at a device of a node. */
static uint64_t arrived(struct sim *sim, unsigned int i)
{
	return sim_kernel_of(&sim->nodes[i % SIM_NODES], i / SIM_NODES)->taken;
}

/* What the hosts send arrives, at either end, so many times within 3 s. */
static void passes(struct sim *sim, unsigned int times)
{
	unsigned int n = SIM_NODES * (sim->shared ? SIM_DEVICES : 1);
	uint64_t before[SIM_NODES * SIM_DEVICES];

	while (times-- && !sim->failed) {
		for (unsigned int i = 0; i < n; i++)
			before[i] = arrived(sim, i);
		sim_run(sim, 3000);
		for (unsigned int i = 0; i < n; i++)
			if (arrived(sim, i) == before[i])
				sim_fail(sim, "nothing passes to node %u",
					 i % SIM_NODES);
	}
}

/*
 * Agents are killed and started again, one after the other and before what the
 * last one has left behind is gone. The kernels carry on.
 */
static void scenario_restarts(struct sim *sim)
{
	sim->nodes[1].config.start = IKE_START_ALWAYS;
	share_perhaps(sim);
	start_both(sim);
	sim->traffic = true;
	if (!sim_run_until(sim, 30000, sim_both_up))
		sim_fail(sim, "not up after 30 s");
	sim_net_random(sim, 5);
	sim_run(sim, sim_below(&sim->rng, 1000));
	for (unsigned int round = 0; round < 4; round++) {
		unsigned int node = sim_below(&sim->rng, 2);

		sim_stop(sim, node, false);
		passes(sim, sim_below(&sim->rng, 2));
		sim_start(sim, node);
		sim_run(sim, sim_below(&sim->rng, 500));
		passes(sim, 1 + sim_below(&sim->rng, 6));
	}
	converge(sim);
}

/* ------------------------------------------------- cookies and key exchange */

/* Another IKE_SA_INIT that node 1 believes to be from node 0's address. */
static void flood(struct sim *sim, unsigned int left)
{
	/* HDR, SA (aes256gcm16-prfsha384-x25519), KE, Ni. */
	static const uint8_t body[] = {
		34, 0, 0, 40, 0, 0, 0, 36, 1, 1, 0, 3,
		3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0,
		3, 0, 0, 8, 2, 0, 0, 6,
		0, 0, 0, 8, 4, 0, 0, 31,
		40, 0, 0, 40, 0, 31, 0, 0,
	};
	struct sim_event *event = sim_queue(sim, 5, SIM_IKE, 1);
	size_t len = 28 + sizeof(body) + 32 + 20;
	uint8_t *p = calloc(1, len);

	if (!p)
		abort();
	for (unsigned int i = 0; i < 8; i++)
		p[i] = (uint8_t)sim_random(&sim->rng);
	p[16] = 33;
	p[17] = 0x20;
	p[18] = 34;
	p[19] = 0x08;
	p[27] = (uint8_t)len;
	memcpy(p + 28, body, sizeof(body));
	for (unsigned int i = 0; i < 32; i++)
		p[28 + sizeof(body) + i] = (uint8_t)sim_random(&sim->rng);
	p[28 + sizeof(body) + 32 + 3] = 20;
	for (unsigned int i = 4; i < 20; i++)
		p[28 + sizeof(body) + 32 + i] = (uint8_t)sim_random(&sim->rng);
	event->local = sim_address(sim, 1, true);
	event->remote = sim_address(sim, 0, true);
	event->data = p;
	event->len = len;
	if (left)
		sim_later(sim, 20, flood, left - 1);
}

static void scenario_cookie(struct sim *sim)
{
	const struct ike_counters *counters;

	sim->nodes[1].limits.cookie_threshold = 3;
	sim_net_random(sim, 20);
	sim_start(sim, 1);
	flood(sim, 150);
	sim_run(sim, 500);
	sim_start(sim, 0);
	sim_run(sim, 1000);
	counters = ike_engine_counters(sim->nodes[1].engine);
	if (counters->cookies_sent < 30)
		sim_fail(sim, "no cookies were demanded");
	if (counters->rx_overload)
		sim_fail(sim, "half-open IKE SAs were made without a cookie");
	sim_run(sim, 15000);
	converge(sim);
}

static void scenario_invalid_ke(struct sim *sim)
{
	char why[64];
	struct ike_tunnel_config *a = &sim->nodes[0].config;
	struct ike_tunnel_config *b = &sim->nodes[1].config;

	memset(&a->ike, 0, sizeof(a->ike));
	memset(&b->ike, 0, sizeof(b->ike));
	memset(&a->esp, 0, sizeof(a->esp));
	memset(&b->esp, 0, sizeof(b->esp));
	ike_suite_parse(&a->ike, IKE_SUITE_IKE,
			"aes128gcm16-prfsha256-x25519-ecp256", why, sizeof(why));
	ike_suite_parse(&b->ike, IKE_SUITE_IKE, "aes128gcm16-prfsha256-ecp256",
			why, sizeof(why));
	ike_suite_parse(&a->esp, IKE_SUITE_ESP, "aes128gcm16-x25519-ecp256",
			why, sizeof(why));
	ike_suite_parse(&b->esp, IKE_SUITE_ESP, "aes128gcm16-ecp256", why,
			sizeof(why));
	if (sim_chance(&sim->rng, 50))
		sim->nodes[1].limits.cookie_threshold = 1;
	sim_net_random(sim, 20);
	start_both(sim);
	if (sim->nodes[1].limits.cookie_threshold)
		flood(sim, 100);
	sim_run(sim, 15000);
	sim_command(sim, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	sim_run(sim, 10000);
	converge(sim);
}

/* ----------------------------------------------------------------------- NAT */

static void scenario_nat(struct sim *sim)
{
	sim->net.nat = true;
	sim->net.nat_shift = (uint16_t)sim_below(&sim->rng, 30000);
	establish(sim, 15);
	command_in(sim, 300, 0, IKE_CMD_REKEY_CHILD);
	command_in(sim, 300, 1, IKE_CMD_REKEY_CHILD);
	command_in(sim, 3000, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	sim_run(sim, 10000);
	converge(sim);
}

/* The NAT forgets its mappings and makes others. */
static void scenario_nat_rebind(struct sim *sim)
{
	sim->net.nat = true;
	sim->net.nat_shift = 1000;
	establish(sim, 10);
	sim->disrupted = true;
	sim->traffic = true;
	sim->net.nat_shift = (uint16_t)(2000 + sim_below(&sim->rng, 30000));
	command_in(sim, 10000, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
	if (!sim->nodes[1].kernel.floats)
		sim_fail(sim, "ESP did not follow the peer");
}

/*
 * The kernel follows the peer's ESP to where the NAT has moved it, and IKE goes
 * there, too: a rekey succeeds before anything would be sent again.
 */
static void scenario_nat_follow(struct sim *sim)
{
	struct sim_pair *pair;
	uint32_t before;

	sim->net.nat = true;
	sim->net.nat_shift = 1000;
	establish(sim, 0);
	sim_net_perfect(sim);
	sim->traffic = true;
	sim_run(sim, 2000);
	sim->disrupted = true;
	sim->net.nat_shift = (uint16_t)(2000 + sim_below(&sim->rng, 30000));
	sim_run(sim, 500);
	pair = sim_kernel_active(&sim->nodes[1].kernel);
	before = pair ? pair->info.pair_id : 0;
	command(sim, (unsigned int)IKE_CMD_REKEY_CHILD * 2 + 1);
	/* The first retransmission is after 500. */
	sim_run(sim, 400);
	pair = sim_kernel_active(&sim->nodes[1].kernel);
	if (!pair || pair->info.pair_id == before)
		sim_fail(sim, "IKE did not follow the peer");
	converge(sim);
}

/* ------------------------------------------------------------------ a long day */

static void scenario_lifetimes(struct sim *sim)
{
	uint64_t no_sa;

	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].config.child_lifetime_s = 40;
		sim->nodes[i].config.ike_lifetime_s = 130;
	}
	start_both(sim);
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	no_sa = sim->nodes[0].kernel.no_sa + sim->nodes[1].kernel.no_sa;
	sim_net_random(sim, 5);
	sim_run(sim, 400000);
	if (!sim->disrupted &&
	    sim->nodes[0].kernel.no_sa + sim->nodes[1].kernel.no_sa != no_sa)
		sim_fail(sim, "there was a time without an outbound SA");
	if (sim->nodes[0].counts[IKE_EVENT_CHILD_SA_REKEYED] < 5)
		sim_fail(sim, "CHILD SAs were not rekeyed");
	if (sim->nodes[0].counts[IKE_EVENT_IKE_SA_REKEYED] < 2)
		sim_fail(sim, "IKE SAs were not rekeyed");
	/* No calm would be long enough for nothing to be going on. */
}

static void add_ts(struct ike_ts *list, uint8_t *n, const char *text)
{
	if (ike_ts_parse(&list[(*n)++], text))
		abort();
}

/* Lists that are not the same at both ends; what both agree on stays so. */
static void scenario_selectors(struct sim *sim)
{
	struct ike_tunnel_config *a = &sim->nodes[0].config;
	struct ike_tunnel_config *b = &sim->nodes[1].config;
	const struct sim_pair *pair;

	add_ts(a->local_ts, &a->n_local_ts, "10.1.0.0/16");
	add_ts(a->local_ts, &a->n_local_ts, "10.3.0.0/16[tcp]");
	add_ts(a->local_ts, &a->n_local_ts, "fd00:1::/32");
	add_ts(b->remote_ts, &b->n_remote_ts, "10.3.0.0/24");
	add_ts(b->remote_ts, &b->n_remote_ts, "10.1.7.0/24");
	add_ts(b->local_ts, &b->n_local_ts, "10.2.0.0/16");
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].config.child_lifetime_s = 20;
		sim->nodes[i].config.ike_lifetime_s = 50;
	}
	start_both(sim);
	sim->traffic = true;
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	sim_net_random(sim, 5);
	sim_run(sim, 100000);
	if (sim->nodes[0].counts[IKE_EVENT_CHILD_SA_REKEYED] < 2)
		sim_fail(sim, "CHILD SAs were not rekeyed");
	pair = sim_kernel_active(&sim->nodes[0].kernel);
	/* Nothing of the other family at the peer's end, so nothing of it here. */
	if (pair && (pair->info.n_local_ts != 2 || pair->info.n_remote_ts != 1 ||
		     pair->info.remote_ts[0].end[1] != 2))
		sim_fail(sim, "other selectors than what both have in common");
}

/* The one that fails to show who it is may stay as long as it was believed. */
static void scenario_reauth_lifetimes(struct sim *sim)
{
	struct sim_node *node = &sim->nodes[sim_below(&sim->rng, 2)];
	unsigned int times;
	uint64_t no_sa;

	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].config.child_lifetime_s = 50;
		sim->nodes[i].config.ike_lifetime_s =
			60 + sim_below(&sim->rng, 200);
	}
	node->config.reauth_s = 100;
	start_both(sim);
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	no_sa = without_sa(sim);
	sim_net_random(sim, 3);
	sim_run(sim, 430000);
	carried(sim, no_sa);
	reauthenticated(sim, 3);
	if (sim->failed || sim->disrupted)
		return;
	/* Hardly was it authenticated, the key is another one. */
	sim_net_perfect(sim);
	times = node->counts[IKE_EVENT_IKE_SA_REAUTHENTICATED];
	while (node->counts[IKE_EVENT_IKE_SA_REAUTHENTICATED] == times &&
	       !sim->failed)
		sim_run(sim, 100);
	node->psk = "what it was is forgotten";
	sim_run(sim, 105000);
	carried(sim, no_sa);
	sim->disrupted = true;
	sim->nodes[0].up = sim->nodes[1].up = false;
	sim_run(sim, 60000);
	if (sim->nodes[0].up || sim->nodes[1].up)
		sim_fail(sim, "up with different keys");
	if (sim_kernel_active(&sim->nodes[0].kernel) ||
	    sim_kernel_active(&sim->nodes[1].kernel))
		sim_fail(sim, "traffic flows without authentication");
}

/* A limit in packets at one end, one in octets at the other. */
static void scenario_volume(struct sim *sim)
{
	unsigned int rekeys;
	uint64_t no_sa;

	sim->nodes[0].config.child_packets = 500;
	sim->nodes[1].config.child_bytes = 700 * SIM_PACKET;
	start_both(sim);
	sim->traffic = true;
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	no_sa = sim->nodes[0].kernel.no_sa + sim->nodes[1].kernel.no_sa;
	sim_net_random(sim, 5);
	sim_run(sim, 130000);
	rekeys = sim->nodes[0].counts[IKE_EVENT_CHILD_SA_REKEYED];
	if (rekeys < 3)
		sim_fail(sim, "%u rekeys after %llu packets", rekeys,
			 (unsigned long long)sim->nodes[0].kernel.sent);
	if (!sim->disrupted &&
	    sim->nodes[0].kernel.no_sa + sim->nodes[1].kernel.no_sa != no_sa)
		sim_fail(sim, "there was a time without an outbound SA");
	/* Packets go on for ever, so there is no calm. */
}

/* Nobody hears of the soft limits: what ends in the kernel is made anew. */
static void scenario_volume_end(struct sim *sim)
{
	unsigned int i = sim_below(&sim->rng, 2);

	sim->deaf = true;
	sim->disrupted = true;
	if (sim_chance(&sim->rng, 50))
		sim->nodes[i].config.child_packets = 200;
	else
		sim->nodes[i].config.child_bytes = 200 * SIM_PACKET;
	start_both(sim);
	sim->traffic = true;
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	sim_net_random(sim, 5);
	sim_run(sim, 60000);
	if (!sim->nodes[i].kernel.ended)
		sim_fail(sim, "no limit is reached");
	for (i = 0; i < SIM_NODES; i++)
		if (sim->nodes[i].counts[IKE_EVENT_PEER_DEAD] == 0 &&
		    sim->nodes[i].counts[IKE_EVENT_TUNNEL_UP] > 20)
			sim_fail(sim, "up and down all the time");
	/* Or there would be no calm. */
	sim->traffic = false;
	converge(sim);
}

static void scenario_wrong_psk(struct sim *sim)
{
	sim->nodes[1].psk = "another secret altogether";
	sim_net_random(sim, 10);
	start_both(sim);
	sim_run(sim, 120000);
	if (sim->nodes[0].up || sim->nodes[1].up)
		sim_fail(sim, "up with different keys");
	if (sim->nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED] < 4 ||
	    sim->nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED] > 20)
		sim_fail(sim, "%u tries in two minutes",
			 sim->nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED]);
}

/* Two gateways of one authority, each below another intermediate. */
static const struct cert_store *certs_of(unsigned int node)
{
	static const char *const subs[] = { "CN=Sub A", "CN=Sub B" };
	static const char *const gws[] = { "CN=gw-a", "CN=gw-b" };
	static const char *const dns[] = { "DNS:a.example", "DNS:b.example" };
	static struct cert_store *stores[SIM_NODES];
	struct pki *root, *sub, *gw;

	if (stores[node])
		return stores[node];
	root = pki_new(&(struct pki_spec){ .name = "CN=Root",
					   .constraints = "CA:TRUE" });
	/* Its own IKE_AUTH takes four fragments. */
	sub = pki_new(&(struct pki_spec){ .name = subs[node],
					  .issuer = root,
					  .constraints = "CA:TRUE",
					  .padding = 3000 });
	gw = pki_new(&(struct pki_spec){ .name = gws[node],
					 .issuer = sub,
					 .names = dns[node],
					 .usage = "digitalSignature" });
	stores[node] = pki_store(gw, sub, root);
	pki_free(gw);
	pki_free(sub);
	pki_free(root);
	return stores[node];
}

/* Each end shows a certificate or knows a key, whatever the other does. */
static void scenario_certificates(struct sim *sim)
{
	static const char *const ike[] = { "aes256gcm16-prfsha384-x25519",
					   "aes128-sha512-x25519",
					   "aes256-sha256-ecp256" };
	uint32_t who = 1 + sim_below(&sim->rng, 3);

	/* Fragments are to be as long as may be with padding, too. */
	random_suite(sim, IKE_SUITE_IKE, ike, 3);
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].certs = certs_of(i);
		if (!(who & 1u << i))
			continue;
		sim->nodes[i].config.local_auth = IKE_AUTH_BY_CERT;
		sim->nodes[!i].config.remote_auth = IKE_AUTH_BY_CERT;
	}
	if (sim_chance(&sim->rng, 30))
		sim->nodes[1].config.start = IKE_START_ALWAYS;
	sim_net_random(sim, 25);
	start_both(sim);
	sim_run(sim, 20000);
	command_in(sim, 300, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	converge(sim);
	if (sim->fragments < 4)
		sim_fail(sim, "the chain was not sent in fragments");
}

const struct sim_scenario sim_scenarios[] = {
	{ "establish", "one end initiates", scenario_establish },
	{ "childless", "the first CHILD SA comes after IKE_AUTH",
	  scenario_childless },
	{ "suites", "all kinds of cryptography", scenario_suites },
	{ "both-initiate", "both ends initiate at once",
	  scenario_both_initiate },
	{ "rekey-by-initiator", "the initiator rekeys the CHILD SA",
	  scenario_rekey_by_initiator },
	{ "rekey-by-responder", "the responder rekeys the CHILD SA",
	  scenario_rekey_by_responder },
	{ "rekey-by-both", "both rekey the CHILD SA at once",
	  scenario_rekey_by_both },
	{ "rekey-ike", "one end rekeys the IKE SA", scenario_rekey_ike },
	{ "rekey-ike-by-both", "both rekey the IKE SA at once",
	  scenario_rekey_ike_by_both },
	{ "rekey-all", "rekeys of everything by everybody",
	  scenario_rekey_all },
	{ "reauth", "one end authenticates anew", scenario_reauth },
	{ "reauth-by-both", "both authenticate anew at once",
	  scenario_reauth_by_both },
	{ "reauth-all", "rekeys and reauthentication by everybody",
	  scenario_reauth_all },
	{ "reauth-nat", "one end authenticates anew through a NAT",
	  scenario_reauth_nat },
	{ "delete-in-flight", "taken down amid rekeys, then up again",
	  scenario_delete_in_flight },
	{ "share", "one of two tunnels with one IKE SA goes, and comes back",
	  scenario_share },
	{ "flush", "somebody deletes the pairs of one end in the kernel",
	  scenario_flush },
	{ "peer-dead", "a peer dies and comes back", scenario_peer_dead },
	{ "underlay", "the way to the peer is gone, and back",
	  scenario_underlay },
	{ "device", "somebody removes a device and makes it anew",
	  scenario_device },
	{ "leave", "nobody wants the tunnel any more before it is up",
	  scenario_leave },
	{ "restart", "an agent is restarted, its pairs lost or not",
	  scenario_restart },
	{ "restarts", "agents are killed and started again, and all passes on",
	  scenario_restarts },
	{ "cookie", "a flood of forged requests", scenario_cookie },
	{ "invalid-ke", "the responder wants another group",
	  scenario_invalid_ke },
	{ "nat", "the initiator is behind a NAT", scenario_nat },
	{ "nat-rebind", "the NAT changes its mind", scenario_nat_rebind },
	{ "nat-follow", "IKE goes to where the kernel has followed the peer",
	  scenario_nat_follow },
	{ "lifetimes", "minutes of short lifetimes", scenario_lifetimes },
	{ "selectors", "traffic selectors that are narrowed, and rekeys",
	  scenario_selectors },
	{ "reauth-lifetimes", "reauthentication every 100 s, then without the key",
	  scenario_reauth_lifetimes },
	{ "volume", "rekeys after so many packets or octets",
	  scenario_volume },
	{ "volume-end", "hard limits are reached before there is a rekey",
	  scenario_volume_end },
	{ "wrong-psk", "the keys differ", scenario_wrong_psk },
	{ "certificates", "long chains of certificates, in fragments",
	  scenario_certificates },
};

const size_t sim_n_scenarios = sizeof(sim_scenarios) /
			       sizeof(sim_scenarios[0]);
