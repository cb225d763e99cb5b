// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of scenarios, and what they share.
 */
#include "scenario.h"

#define CALM_MS 90000

void calm(struct sim *sim)
{
	sim_net_perfect(sim);
	sim_run(sim, CALM_MS);
}

void converge(struct sim *sim)
{
	calm(sim);
	if (!sim->failed)
		sim_check_converged(sim);
}

void start_both(struct sim *sim)
{
	sim_start(sim, 0);
	sim_start(sim, 1);
	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim_queue(sim, sim_below(&sim->rng, 40), SIM_TRAFFIC, i);
	sim->traffic = sim_chance(&sim->rng, 80);
}

void share_perhaps(struct sim *sim)
{
	if (sim_chance(&sim->rng, 33))
		sim_share(sim);
}

void establish(struct sim *sim, uint32_t drop_max)
{
	share_perhaps(sim);
	start_both(sim);
	if (!sim_run_until(sim, 30000, sim_both_up))
		sim_fail(sim, "not up after 30 s: %s",
			 sim->nodes[0].last_line);
	sim_net_random(sim, drop_max);
}

void command(struct sim *sim, unsigned int arg)
{
	sim_command(sim, arg % 2, (enum ike_command)(arg / 2));
}

void command_in(struct sim *sim, uint32_t ms, unsigned int node,
		enum ike_command cmd)
{
	sim_later(sim, sim_below(&sim->rng, ms + 1), command,
		  (unsigned int)cmd * 2 + node);
}

void random_suite(struct sim *sim, enum ike_suite_kind kind,
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

uint64_t without_sa(const struct sim *sim)
{
	return sim->nodes[0].kernel.no_sa + sim->nodes[1].kernel.no_sa;
}

void carried(struct sim *sim, uint64_t no_sa)
{
	if (!sim->disrupted && without_sa(sim) != no_sa)
		sim_fail(sim, "there was a time without an outbound SA");
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
	{ "delete-by-both", "both delete the CHILD SA at once",
	  scenario_delete_by_both },
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
	{ "nat-move", "the NAT gets other addresses, and all goes on",
	  scenario_nat_move },
	{ "nat-move-idle", "IKE alone shows that the NAT has another address",
	  scenario_nat_move_idle },
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

const struct sim_found sim_found[] = {
	/* Of two IKE SAs begun at once the winner had no CHILD SA yet (RFC 6023). */
	{ "childless", 197 },
	{ "childless", 223 },
	{ "childless", 455 },
	{ "childless", 623 },
	/* Its first pair was there, but the peer did not have it yet. */
	{ "childless", 91 },
	{ "childless", 890 },
	/* Had the handshakes of both ends overlapped? They did not agree on it. */
	{ "reauth-by-both", 935 },
	{ "reauth-all", 388 },
	/* When a pair went, one was used that the peer did not have yet. */
	{ "reauth-by-both", 555 },
	{ "reauth-all", 2098 },
	{ "reauth-lifetimes", 2063 },
	/* And so when one that both have had lost against that one. */
	{ "reauth", 50350 },
	{ "childless", 50111 },
	{ "childless", 11077 },
	/* A newer IKE SA's was in use in the kernel, and the news were on their way. */
	{ "reauth-all", 10175 },
	{ "delete-in-flight", 12795 },
	/* An IKE SA was deleted of which only we had the successor. */
	{ "reauth-all", 11509 },
	/* What a going IKE SA was refused, the other one did not ask for soon enough. */
	{ "peer-dead", 10196 },
	/* Rekeys of both collided two times, and there was no time for a third. */
	{ "selectors", 10269 },
	/* That was a rekey, too, but nobody was told. */
	{ "lifetimes", 41085 },
	/* It was taken for dead for its answers were lost, and not its requests. */
	{ "nat-move", 50474 },
	{ "nat-move", 10115 },
	/* The only pair that the peer had was held back behind a forgotten one. */
	{ "restarts", 10255 },
	/* The peer was dead, but not an IKE SA that had lost, which took the traffic. */
	{ "underlay", 10619 },
	/* A pair that had lost went while the peer still asked for the other one. */
	{ "establish", 71277 },
};

const size_t sim_n_found = sizeof(sim_found) / sizeof(sim_found[0]);
