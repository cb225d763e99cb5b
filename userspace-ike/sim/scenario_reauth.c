// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authenticating anew: what is there goes on until the new one does.
 */
#include "scenario.h"

static void reauthenticated(struct sim *sim, unsigned int times)
{
	for (unsigned int i = 0; i < SIM_NODES && !sim->disrupted; i++)
		if (sim->nodes[i].counts[IKE_EVENT_IKE_SA_REAUTHENTICATED] +
			    sim->nodes[i].anew <
		    times)
			sim_fail(sim, "node %u was not authenticated anew", i);
}

/* One end authenticates anew, within so many milliseconds. */
static void reauth_once(struct sim *sim, uint32_t drop_max, uint32_t ms)
{
	uint64_t no_sa;

	establish(sim, drop_max);
	no_sa = without_sa(sim);
	command_in(sim, ms, sim_below(&sim->rng, 2), IKE_CMD_REAUTH);
	/* What was lost is tried again. */
	sim_run(sim, 100000);
	reauthenticated(sim, 1);
	converge(sim);
	carried(sim, no_sa);
}

void scenario_reauth(struct sim *sim)
{
	reauth_once(sim, 30, 100);
}

void scenario_reauth_by_both(struct sim *sim)
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

void scenario_reauth_all(struct sim *sim)
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

void scenario_reauth_nat(struct sim *sim)
{
	sim->net.nat = true;
	sim->net.nat_shift = (uint16_t)sim_below(&sim->rng, 30000);
	/* Through the NAT the way back is there already. */
	reauth_once(sim, 15, 300);
}

/* The one that fails to show who it is may stay as long as it was believed. */
void scenario_reauth_lifetimes(struct sim *sim)
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
