// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Somebody or something is gone, and perhaps comes back.
 */
#include "scenario.h"

void scenario_delete_in_flight(struct sim *sim)
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
void scenario_share(struct sim *sim)
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

void scenario_flush(struct sim *sim)
{
	establish(sim, 20);
	sim_later(sim, sim_below(&sim->rng, 500), flush,
		  sim_below(&sim->rng, 2));
	command_in(sim, 500, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
}

static bool quiet(struct sim *sim)
{
	return ike_engine_idle(sim->nodes[0].engine) &&
	       ike_engine_idle(sim->nodes[1].engine);
}

static void note_deleting(void *arg, const struct ike_child_status *status)
{
	*(bool *)arg |= !strcmp(status->state, "deleting");
}

/* The pair in use is gone from the kernel, and the agent hears of it at once. */
static void lose_pair(struct sim *sim, unsigned int index)
{
	const struct ike_status_visitor visitor = { .child_sa = note_deleting };
	struct sim_node *node = &sim->nodes[index];
	struct ike_kernel_event event = { .id = IKE_KERNEL_DELETED,
					  .ifindex = SIM_IFINDEX };
	const struct sim_pair *pair = sim_kernel_active(&node->kernel);
	bool deleting = false;

	event.pair_id = pair ? pair->info.pair_id : 0;
	flush(sim, index);
	ike_engine_kernel_event(node->engine, sim->now, &event);
	ike_engine_status(node->engine, sim->now, node->config.name, &visitor,
			  &deleting);
	if (!deleting)
		sim_fail(sim, "node %u does not delete what it has lost", index);
}

/* Both ends delete the CHILD SA that they use, and the messages cross. */
void scenario_delete_by_both(struct sim *sim)
{
	share_perhaps(sim);
	start_both(sim);
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	/* The responder has to know that the other end has it, too. */
	sim_run(sim, 2000);
	if (!sim_run_until(sim, 10000, quiet))
		sim_fail(sim, "never at rest");
	sim_net_random(sim, 40);
	lose_pair(sim, 0);
	lose_pair(sim, 1);
	sim_run(sim, 20000);
	converge(sim);
}

static bool zero_is_down(struct sim *sim)
{
	return !sim_kernel_active(&sim->nodes[0].kernel);
}

/*
 * What an additional key exchange (RFC 9370) takes until both are up: a round trip of
 * IKE_INTERMEDIATE, and for the second tunnel's CHILD SA one of IKE_FOLLOWUP_KE. The
 * first one's comes with IKE_AUTH. Nothing is lost here, only late.
 */
static uint64_t more_round_trips_ms(const struct sim *sim)
{
	if (!sim->add_ke)
		return 0;
	return (sim->shared ? 2u : 1u) * 2ull * sim->net.delay_max;
}

void scenario_peer_dead(struct sim *sim)
{
	uint64_t at, wait;

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
	wait = 5000 + more_round_trips_ms(sim);
	if (!sim_run_until(sim, wait, sim_both_up))
		sim_fail(sim, "not up %llu ms after the peer was back",
			 (unsigned long long)wait);
	converge(sim);
}

/* The way is gone for a while, and then the shell knows that it is there again. */
void scenario_underlay(struct sim *sim)
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
void scenario_leave(struct sim *sim)
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

void scenario_device(struct sim *sim)
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

void scenario_restart(struct sim *sim)
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

/* The longest time in which nothing has arrived at a device, and which it was. */
static uint64_t longest_gap(struct sim *sim, unsigned int *which)
{
	unsigned int n = SIM_NODES * (sim->shared ? SIM_DEVICES : 1);
	uint64_t most = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct sim_kernel *k =
			sim_kernel_of(&sim->nodes[i % SIM_NODES], i / SIM_NODES);
		uint64_t since = sim->now - k->taken_at;
		uint64_t gap = since > k->gap ? since : k->gap;

		if (gap < most)
			continue;
		most = gap;
		*which = i % SIM_NODES;
	}
	return most;
}

/*
 * Is there a pair that only an agent puts to use? Both ends have begun at once then,
 * and without this one the kernel does not follow if the peer's use of it wins.
 */
static bool holds_back(const struct sim_kernel *k)
{
	for (unsigned int i = 0; i < k->top; i++)
		if (k->pairs[i].used && k->pairs[i].state == IKE_PAIR_STAGED &&
		    k->pairs[i].info.activation == IKE_ACTIVATE_MANUAL)
			return true;
	return false;
}

/* An agent goes and comes back; it may be away for minutes. */
static void restart_one(struct sim *sim)
{
	unsigned int node = sim_below(&sim->rng, 2);
	const struct sim_node *n = &sim->nodes[node];
	uint32_t away = sim_chance(&sim->rng, 25) ? 100000 : 3000;

	if (holds_back(&n->kernel) || holds_back(&n->second))
		away = 1000;
	sim_stop(sim, node, false);
	sim_run(sim, sim_below(&sim->rng, away));
	sim_start(sim, node);
	/* Perhaps it is the next one to go, amid its handshake. */
	sim_run(sim, sim_below(&sim->rng,
			       sim_chance(&sim->rng, 50) ? 300 : 15000));
}

/*
 * Agents are killed and started again, one after the other and before what the
 * last one has left behind is gone. The kernels carry on, so what the hosts send
 * arrives all the time.
 */
void scenario_restarts(struct sim *sim)
{
	unsigned int node = 0;
	uint64_t no_sa, gap;

	sim->nodes[1].config.start = IKE_START_ALWAYS;
	share_perhaps(sim);
	start_both(sim);
	sim->traffic = true;
	if (!sim_run_until(sim, 30000, sim_both_up))
		sim_fail(sim, "not up after 30 s");
	sim_run(sim, 1000);
	sim_net_random(sim, 10);
	sim_run(sim, sim_below(&sim->rng, 1000));
	no_sa = without_sa(sim);
	for (unsigned int round = 0; round < 6 && !sim->failed; round++) {
		if (sim_chance(&sim->rng, 20))
			command_in(sim, 1000, sim_below(&sim->rng, 2),
				   sim_chance(&sim->rng, 50) ?
					   IKE_CMD_REKEY_CHILD :
					   IKE_CMD_REKEY_IKE);
		restart_one(sim);
	}
	converge(sim);
	gap = longest_gap(sim, &node);
	if (without_sa(sim) != no_sa)
		sim_fail(sim, "there was a time without an outbound SA");
	if (gap > 2000)
		sim_fail(sim, "nothing passed to node %u for %llu ms", node,
			 (unsigned long long)gap);
}
