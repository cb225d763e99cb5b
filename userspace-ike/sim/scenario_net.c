// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is between the ends: floods and NATs.
 */
#include "scenario.h"

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

void scenario_cookie(struct sim *sim)
{
	const struct ike_counters *counters;

	sim->nodes[1].limits.cookie_threshold = 3;
	/* The peer's own tries have room; nothing of the flood has. */
	sim->nodes[1].limits.half_open_max = 8;
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

void scenario_invalid_ke(struct sim *sim)
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

void scenario_nat(struct sim *sim)
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
void scenario_nat_rebind(struct sim *sim)
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
void scenario_nat_follow(struct sim *sim)
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
