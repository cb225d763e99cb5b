// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rekeys by either end and by both.
 */
#include "scenario.h"

/*
 * Where nothing is lost the old ones are deleted at once by whoever has to: after
 * the grace of a replaced pair there is no trace of them. Either end would clean up
 * later.
 */
static void rekey_promptly(struct sim *sim, enum ike_command cmd)
{
	if (sim->failed)
		return;
	sim_command(sim, sim_below(&sim->rng, 2), cmd);
	sim_run(sim, 11000);
	if (!sim->failed)
		sim_check_converged(sim);
}

void scenario_rekey_by_initiator(struct sim *sim)
{
	establish(sim, 30);
	command_in(sim, 100, 0, IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
	rekey_promptly(sim, IKE_CMD_REKEY_CHILD);
}

void scenario_rekey_by_responder(struct sim *sim)
{
	establish(sim, 30);
	command_in(sim, 100, 1, IKE_CMD_REKEY_CHILD);
	sim_run(sim, 20000);
	converge(sim);
	rekey_promptly(sim, IKE_CMD_REKEY_CHILD);
}

void scenario_rekey_by_both(struct sim *sim)
{
	establish(sim, 20);
	for (unsigned int round = 0; round < 3; round++) {
		command_in(sim, 300, 0, IKE_CMD_REKEY_CHILD);
		command_in(sim, 300, 1, IKE_CMD_REKEY_CHILD);
		sim_run(sim, 5000);
	}
	converge(sim);
}

void scenario_rekey_ike(struct sim *sim)
{
	establish(sim, 30);
	command_in(sim, 100, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	sim_run(sim, 20000);
	converge(sim);
	rekey_promptly(sim, IKE_CMD_REKEY_IKE);
}

void scenario_rekey_ike_by_both(struct sim *sim)
{
	establish(sim, 20);
	for (unsigned int round = 0; round < 3; round++) {
		command_in(sim, 300, 0, IKE_CMD_REKEY_IKE);
		command_in(sim, 300, 1, IKE_CMD_REKEY_IKE);
		sim_run(sim, 5000);
	}
	converge(sim);
}

void scenario_rekey_all(struct sim *sim)
{
	establish(sim, 15);
	for (unsigned int i = 0; i < 12; i++)
		command_in(sim, 8000, sim_below(&sim->rng, 2),
			   sim_chance(&sim->rng, 60) ? IKE_CMD_REKEY_CHILD :
						       IKE_CMD_REKEY_IKE);
	sim_run(sim, 20000);
	converge(sim);
}

void scenario_lifetimes(struct sim *sim)
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

/* A limit in packets at one end, one in octets at the other. */
void scenario_volume(struct sim *sim)
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
void scenario_volume_end(struct sim *sim)
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
