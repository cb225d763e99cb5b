// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network: loses, repeats, delays and so reorders; has a NAT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

void sim_net_perfect(struct sim *sim)
{
	sim->net.drop = 0;
	sim->net.dup = 0;
	sim->net.delay_min = 5;
	sim->net.delay_max = 5;
	sim->net.cut = false;
}

void sim_net_random(struct sim *sim, uint32_t drop_max)
{
	sim->net.drop = sim_below(&sim->rng, drop_max + 1);
	sim->net.dup = sim_below(&sim->rng, 25);
	sim->net.delay_min = 1 + sim_below(&sim->rng, 50);
	sim->net.delay_max = sim->net.delay_min + sim_below(&sim->rng, 400);
}

static bool same_address(const struct ike_endpoint *a,
			 const struct ike_endpoint *b)
{
	return !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

/* On the way out of node 0's network: its public address, another port. */
static bool nat_out(const struct sim *sim, unsigned int from,
		    struct ike_endpoint *source)
{
	if (sim->net.nat && from == 0) {
		*source = (struct ike_endpoint){
			.addr = sim_address(sim, 0, true).addr,
			.port = (uint16_t)(source->port + sim->net.nat_shift),
		};
	}
	return true;
}

/* On the way in: only to a mapping that exists at present. */
static bool nat_in(const struct sim *sim, unsigned int to,
		   struct ike_endpoint *dest)
{
	uint16_t port;

	if (!sim->net.nat || to != 0)
		return true;
	port = (uint16_t)(dest->port - sim->net.nat_shift);
	if (port != IKE_PORT && port != IKE_PORT_NATT)
		return false;
	dest->addr = sim_address(sim, 0, false).addr;
	dest->port = port;
	return true;
}

static uint32_t delay(struct sim *sim)
{
	return sim->net.delay_min +
	       sim_below(&sim->rng,
			 sim->net.delay_max - sim->net.delay_min + 1);
}

/* How many copies of a packet arrive. */
static unsigned int copies(struct sim *sim)
{
	if (sim->net.cut || sim_chance(&sim->rng, sim->net.drop))
		return 0;
	return sim_chance(&sim->rng, sim->net.dup) ? 2 : 1;
}

static void trace(struct sim *sim, const struct ike_datagram *d,
		  unsigned int from, unsigned int n)
{
	static const char *const names[] = { "IKE_SA_INIT", "IKE_AUTH",
					     "CREATE_CHILD_SA",
					     "INFORMATIONAL" };
	unsigned int exchange = d->len > 18 ? d->data[18] - 34u : 9;

	if (sim->verbose && d->len >= 28)
		printf("# %8llu %c -> %s %s %u, %zu octets%s\n",
		       (unsigned long long)sim->now, "AB"[from],
		       exchange < 4 ? names[exchange] : "?",
		       d->data[19] & 0x20 ? "response" : "request",
		       d->data[23], d->len,
		       n == 0 ? ", lost" : n == 2 ? ", twice" : "");
}

static void transport_send(void *ctx, const struct ike_datagram *dgram)
{
	struct sim_node *node = ctx;
	struct sim *sim = node->sim;
	struct ike_endpoint source = dgram->local, dest = dgram->remote;
	unsigned int to = !node->index;
	struct ike_endpoint there = sim_address(sim, to, true);
	unsigned int n = copies(sim);

	sim_check_message(sim, dgram);
	trace(sim, dgram, node->index, n);
	nat_out(sim, node->index, &source);
	if (!same_address(&dest, &there))
		return;
	while (n--) {
		struct ike_endpoint local = dest;
		struct sim_event *event;

		if (!nat_in(sim, to, &local))
			return;
		event = sim_queue(sim, delay(sim), SIM_IKE, to);
		event->local = local;
		event->remote = source;
		event->data = malloc(dgram->len);
		if (!event->data)
			abort();
		memcpy(event->data, dgram->data, dgram->len);
		event->len = dgram->len;
	}
}

static void transport_keepalive(void *ctx, const struct ike_endpoint *local,
				const struct ike_endpoint *remote)
{
	(void)ctx;
	(void)local;
	(void)remote;
}

const struct ike_transport_ops sim_transport = {
	.send = transport_send,
	.keepalive = transport_keepalive,
};

void sim_send_esp(struct sim_node *node, const struct sim_pair *from)
{
	const struct ike_kernel_pair *pair = &from->info;
	struct sim *sim = node->sim;
	unsigned int to = !node->index;
	unsigned int n = copies(sim);
	struct ike_endpoint source;

	if (sim->net.nat) {
		/* Without UDP, or to a dead mapping, it does not get through. */
		struct ike_endpoint dest = { .addr = pair->encap_remote,
					     .port = pair->encap_dport };
		struct ike_endpoint there = sim_address(sim, to, true);

		if (!pair->encap_udp) {
			sim_fail(sim, "raw ESP sent through a NAT");
			return;
		}
		if (!same_address(&dest, &there) || !nat_in(sim, to, &dest))
			return;
	}
	source = sim_address(sim, node->index, false);
	source.port = pair->encap_sport;
	nat_out(sim, node->index, &source);
	/* Late ones are late, but not beyond any grace. */
	while (n--) {
		struct sim_event *event = sim_queue(sim, delay(sim), SIM_ESP,
						    to);

		event->remote = source;
		event->spi = pair->out.spi;
		event->alone = from->alone && !from->rx;
		memcpy(event->key, pair->out.key, sizeof(event->key));
	}
}
