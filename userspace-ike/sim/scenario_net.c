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
	char why[200];

	/* What the flood asks for, whatever the seed. */
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		struct ike_suite *ike = &sim->nodes[i].config.ike;

		ike->n = 0;
		ike_suite_parse(ike, IKE_SUITE_IKE,
				"aes256gcm16-prfsha384-x25519", why,
				sizeof(why));
	}
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

/* ------------------------------------------------------- another address */

/* The NAT gets another address, and most of the time other ports with it. */
static void nat_moves(struct sim *sim)
{
	sim->net.nat_moved = (uint8_t)(sim->net.nat_moved + 1 +
				       sim_below(&sim->rng, 50)) % 200;
	/* 192.0.2.2 is node 1. */
	sim->net.nat_moved += sim->net.nat_moved == 1;
	if (sim_chance(&sim->rng, 60))
		sim->net.nat_shift =
			(uint16_t)(2000 + sim_below(&sim->rng, 30000));
}

static void look_where(void *arg, const struct ike_sa_status *status)
{
	struct sim *sim = arg;
	struct ike_endpoint there = sim_address(sim, 0, true);

	there.port = (uint16_t)(IKE_PORT_NATT + sim->net.nat_shift);
	if (!strcmp(status->state, "established") &&
	    memcmp(&status->remote, &there, sizeof(there)))
		sim_fail(sim, "IKE did not follow the peer");
}

/* Does node 1 know where node 0 is, for IKE and for ESP? */
static void followed(struct sim *sim)
{
	static const struct ike_status_visitor visitor = {
		.ike_sa = look_where,
	};
	struct ike_endpoint there = sim_address(sim, 0, true);

	for (unsigned int d = 0; d < SIM_DEVICES; d++) {
		const struct sim_pair *pair = sim_kernel_active(
			sim_kernel_of(&sim->nodes[1], d));

		if (pair && memcmp(&pair->info.encap_remote, &there.addr,
				   sizeof(there.addr)))
			sim_fail(sim, "ESP did not follow the peer");
	}
	ike_engine_status(sim->nodes[1].engine, sim->now, NULL, &visitor, sim);
}

/* Rekeys and reauthentication by both while it moves, and nobody is taken for dead. */
void scenario_nat_move(struct sim *sim)
{
	static const enum ike_command commands[] = { IKE_CMD_REKEY_CHILD,
						     IKE_CMD_REKEY_IKE,
						     IKE_CMD_REKEY_CHILD,
						     IKE_CMD_REAUTH };
	uint64_t no_sa;

	sim->net.nat = true;
	sim->net.nat_shift = 1000;
	establish(sim, 10);
	sim->traffic = true;
	no_sa = without_sa(sim);
	for (unsigned int round = 0; round < 3; round++) {
		nat_moves(sim);
		for (unsigned int i = 0; i < 3; i++)
			command_in(sim, 5000, sim_below(&sim->rng, 2),
				   commands[sim_below(&sim->rng, 4)]);
		sim_run(sim, 12000);
	}
	converge(sim);
	carried(sim, no_sa);
	if (!sim->failed)
		followed(sim);
}

/*
 * No packet comes, but a request: so the pairs are made anew, and what begins
 * elsewhere than its device is told so. Node 1 sends only then, and arrives.
 */
void scenario_nat_move_idle(struct sim *sim)
{
	unsigned int again;
	uint64_t taken;

	sim->net.nat = true;
	sim->net.nat_shift = 1000;
	establish(sim, 0);
	sim_net_perfect(sim);
	sim->traffic = false;
	/* What node 1 may have begun leads nowhere, and comes to an end. */
	sim_run(sim, 20000);
	again = sim->nodes[1].counts[IKE_EVENT_RETRANSMIT];
	nat_moves(sim);
	sim_command(sim, 0, sim_chance(&sim->rng, 50) ? IKE_CMD_REKEY_CHILD :
							 IKE_CMD_REKEY_IKE);
	sim_run(sim, 1000);
	followed(sim);
	taken = sim->nodes[0].kernel.taken;
	sim_kernel_traffic(&sim->nodes[1]);
	sim_run(sim, 100);
	if (sim->nodes[0].kernel.taken != taken + 1)
		sim_fail(sim, "a packet went to where the peer was");
	/* Whoever asks, by a rekey or whether the other one lives, finds it. */
	sim_command(sim, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	sim_run(sim, 30000);
	sim_command(sim, 1, IKE_CMD_REAUTH);
	sim_run(sim, 5000);
	if (sim->nodes[1].counts[IKE_EVENT_RETRANSMIT] != again)
		sim_fail(sim, "something went to where the peer was");
	converge(sim);
	if (!sim->failed)
		followed(sim);
}
