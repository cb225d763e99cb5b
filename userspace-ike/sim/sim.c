// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clock, event queue and nodes of the simulator.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

uint64_t sim_random(struct sim_rng *rng)
{
	/* splitmix64 */
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t sim_below(struct sim_rng *rng, uint32_t n)
{
	return n ? (uint32_t)(sim_random(rng) >> 32) % n : 0;
}

bool sim_chance(struct sim_rng *rng, uint32_t percent)
{
	return sim_below(rng, 100) < percent;
}

void sim_fail(struct sim *sim, const char *fmt, ...)
{
	va_list ap;

	if (sim->failed)
		return;
	sim->failed = true;
	va_start(ap, fmt);
	vsnprintf(sim->why, sizeof(sim->why), fmt, ap);
	va_end(ap);
	if (sim->verbose)
		printf("# %8llu FAILED: %s\n", (unsigned long long)sim->now,
		       sim->why);
}

/* -------------------------------------------------------------------- queue */

/* A few dozen events at most: looking through their times is fast enough. */
static size_t least(const struct sim *sim)
{
	const uint64_t *due = sim->due;
	uint64_t at = due[0];
	size_t best = 0;

	for (size_t i = 1; i < sim->queued; i++) {
		if (due[i] > at ||
		    (due[i] == at && sim->queue[i].seq > sim->queue[best].seq))
			continue;
		best = i;
		at = due[i];
	}
	return best;
}

static struct sim_event take(struct sim *sim, size_t i)
{
	struct sim_event event = sim->queue[i];

	sim->queued--;
	sim->queue[i] = sim->queue[sim->queued];
	sim->due[i] = sim->due[sim->queued];
	return event;
}

struct sim_event *sim_queue(struct sim *sim, uint64_t in_ms,
			    enum sim_event_kind kind, unsigned int node)
{
	struct sim_event *event;

	if (sim->queued == sim->queue_size) {
		sim->queue_size = sim->queue_size ? sim->queue_size * 2 : 64;
		sim->queue = realloc(sim->queue,
				     sim->queue_size * sizeof(*sim->queue));
		sim->due = realloc(sim->due,
				   sim->queue_size * sizeof(*sim->due));
		if (!sim->queue || !sim->due)
			abort();
	}
	sim->due[sim->queued] = sim->now + in_ms;
	event = &sim->queue[sim->queued++];
	memset(event, 0, sizeof(*event));
	event->seq = sim->seq++;
	event->kind = kind;
	event->node = node;
	return event;
}

void sim_later(struct sim *sim, uint64_t ms,
	       void (*action)(struct sim *, unsigned int), unsigned int arg)
{
	sim_queue(sim, ms, SIM_ACTION, arg)->action = action;
}

/* -------------------------------------------------------------- environment */

static int entropy_bytes(void *ctx, void *buf, size_t len)
{
	struct sim_node *node = ctx;
	uint8_t *out = buf;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)sim_random(&node->entropy);
	return 0;
}

static const struct ike_entropy_ops entropy_ops = { .bytes = entropy_bytes };

static int psk_auth(void *ctx, const struct ike_psk_request *req,
		    uint8_t auth[64])
{
	struct sim_node *node = ctx;

	return ike_psk_auth(node->psk, strlen(node->psk), req, auth);
}

static size_t cert(void *ctx, const char *tunnel, unsigned int n,
		   const uint8_t **der)
{
	struct sim_node *node = ctx;

	(void)tunnel;
	return cert_store_cert(node->certs, n, der);
}

static size_t authorities(void *ctx, const char *tunnel, uint8_t *out,
			  size_t size)
{
	struct sim_node *node = ctx;

	(void)tunnel;
	return cert_store_hashes(node->certs, out, size);
}

static int sign(void *ctx, const struct ike_sign_request *req,
		struct ike_signature *sig, char *why, size_t why_len)
{
	struct sim_node *node = ctx;

	return cert_sign(node->certs, PKI_NOW, req, sig, why, why_len);
}

static int verify(void *ctx, const struct ike_verify_request *req, char *why,
		  size_t why_len)
{
	struct sim_node *node = ctx;

	return cert_verify(node->certs, PKI_NOW, req, why, why_len);
}

static const struct ike_keys_ops keys_ops = {
	.psk_auth = psk_auth,
	.cert = cert,
	.authorities = authorities,
	.sign = sign,
	.verify = verify,
};

/* Return: the value of a field, or an empty string. */
static const char *field(const struct ike_event *event, const char *key)
{
	for (size_t i = 0; i < event->n_fields; i++)
		if (!strcmp(event->fields[i].key, key))
			return event->fields[i].value;
	return "";
}

/* Something failed, but it was meant to replace what is still there. */
static bool keeps_ike_sa(const struct ike_event *event)
{
	return *field(event, "kept");
}

/*
 * A peer whose packets come, but no answer: both are authenticated anew then, though
 * not as a successor.
 */
static void note_unanswered(struct sim_node *node, const struct ike_event *event)
{
	const char *from = field(event, "from");

	if (event->id == IKE_EVENT_NEGOTIATION_FAILED &&
	    !strcmp(field(event, "reason"), "no answer"))
		for (unsigned int i = 0; i < SIM_NODES; i++)
			node->sim->nodes[i].unanswered = true;
	if (!node->unanswered || event->id != IKE_EVENT_IKE_SA_STATE ||
	    strcmp(field(event, "to"), "established") ||
	    (strcmp(from, "auth-sent") && strcmp(from, "half-open")))
		return;
	node->unanswered = false;
	node->anew++;
}

static void take_event(void *ctx, const struct ike_event *event)
{
	struct sim_node *node = ctx;
	struct sim *sim = node->sim;

	node->counts[event->id]++;
	snprintf(node->last_line, sizeof(node->last_line), "%s", event->line);
	note_unanswered(node, event);
	if (event->id == IKE_EVENT_TUNNEL_UP)
		node->up = true;
	if (event->id == IKE_EVENT_PEER_DEAD ||
	    (event->id == IKE_EVENT_NEGOTIATION_FAILED &&
	     !keeps_ike_sa(event)))
		sim->disrupted = true;
	sim_check_event(node, event);
	if (sim->verbose)
		printf("# %8llu %c %s: %s\n", (unsigned long long)sim->now,
		       "AB"[node->index], event->tunnel ? event->tunnel : "-",
		       event->line);
}

/* -------------------------------------------------------------------- nodes */

struct ike_endpoint sim_address(const struct sim *sim, unsigned int node,
				bool public)
{
	struct ike_endpoint end = { .port = IKE_PORT };

	/* 192.0.2.1, or where the NAT is now, and 192.0.2.2; behind the NAT 10.0.0.1. */
	end.addr.family = IKE_IPV4;
	memcpy(end.addr.octets, (uint8_t[]){ 192, 0, 2, 0 }, 4);
	if (sim->net.nat && node == 0 && !public)
		memcpy(end.addr.octets, (uint8_t[]){ 10, 0, 0, 0 }, 4);
	end.addr.octets[3] = (uint8_t)(node + 1);
	if (sim->net.nat && node == 0 && public)
		end.addr.octets[3] += sim->net.nat_moved;
	return end;
}

static void default_config(struct sim *sim, unsigned int node)
{
	struct ike_tunnel_config *c = &sim->nodes[node].config;
	bool add_ke = sim->add_ke;
	bool pfs = sim_chance(&sim->rng, 50);
	char why[128];

	memset(c, 0, sizeof(*c));
	strcpy(c->name, node ? "beta" : "alpha");
	c->ifindex = SIM_IFINDEX;
	c->start = node ? IKE_START_ON_TRAFFIC : IKE_START_ALWAYS;
	ike_suite_parse(&c->ike, IKE_SUITE_IKE,
			add_ke ? "aes256gcm16-prfsha384-x25519-ke1_ecp256" :
				 "aes256gcm16-prfsha384-x25519",
			why, sizeof(why));
	ike_suite_parse(&c->esp, IKE_SUITE_ESP,
			add_ke ? "aes128gcm16-x25519-ke1_ecp256" :
			pfs    ? "aes128gcm16" :
				 "aes128gcm16-x25519",
			why, sizeof(why));
	ike_identity_parse(&c->local_id, node ? "b.example" : "a.example");
	ike_identity_parse(&c->remote_id, node ? "a.example" : "b.example");
}

void sim_init(struct sim *sim, const char *scenario, uint64_t seed,
	      bool verbose)
{
	memset(sim, 0, sizeof(*sim));
	sim->scenario = scenario;
	sim->seed = seed;
	/* Of a share of the seeds, so that others are what they always were. */
	sim->add_ke = seed % 4 == 3;
	sim->verbose = verbose;
	sim->now = 1000;
	sim->rng.state = seed * 0x2545f4914f6cdd1du + 1;
	sim_net_perfect(sim);
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		struct sim_node *node = &sim->nodes[i];

		node->sim = sim;
		node->index = i;
		node->psk = SIM_PSK;
		node->entropy.state = sim_random(&sim->rng);
		node->kernel.ifindex = SIM_IFINDEX;
		node->kernel.next_id = 1 + i * 100;
		node->env.transport = &sim_transport;
		node->env.kernel = &sim_kernel_ops;
		node->env.entropy = &entropy_ops;
		node->env.keys = &keys_ops;
		node->env.event = take_event;
		node->env.ctx = node;
	}
	/* Both shall want the same of PFS. */
	default_config(sim, 0);
	default_config(sim, 1);
	sim->nodes[1].config.esp = sim->nodes[0].config.esp;
}

void sim_share(struct sim *sim)
{
	sim->shared = true;
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].second.ifindex = SIM_IFINDEX + 1;
		sim->nodes[i].second.next_id = 1001 + i * 100;
	}
}

static void only(struct ike_ts *list, uint8_t *n, unsigned int node)
{
	*n = 0;
	ike_ts_parse(&list[(*n)++], node ? "10.2.0.0/16" : "10.1.0.0/16");
}

/* The same, but for its device, and for some of the addresses only. */
static void second_config(struct sim_node *node)
{
	struct ike_tunnel_config *c = &node->second_config;

	*c = node->config;
	snprintf(c->name, sizeof(c->name), "%s-second", node->config.name);
	strcpy(c->ike_sa_of, node->config.name);
	c->ifindex = SIM_IFINDEX + 1;
	only(c->local_ts, &c->n_local_ts, node->index);
	only(c->remote_ts, &c->n_remote_ts, !node->index);
}

void sim_start(struct sim *sim, unsigned int index)
{
	struct sim_node *node = &sim->nodes[index];
	const char *why = NULL;

	node->config.local = sim_address(sim, index, false).addr;
	node->config.remote = sim_address(sim, !index, true).addr;
	node->engine = ike_engine_new(&node->env, &node->limits);
	node->running = true;
	if (sim->shared)
		second_config(node);
	/* The owner may come last. */
	if (!node->engine ||
	    (sim->shared &&
	     ike_engine_add_tunnel(node->engine, sim->now, &node->second_config,
				   &why)) ||
	    ike_engine_add_tunnel(node->engine, sim->now, &node->config, &why))
		sim_fail(sim, "node %u does not start: %s", index,
			 why ? why : "?");
}

void sim_stop(struct sim *sim, unsigned int index, bool wipe)
{
	struct sim_node *node = &sim->nodes[index];

	ike_engine_free(node->engine);
	node->engine = NULL;
	node->running = false;
	node->up = false;
	sim->disrupted = true;
	if (wipe)
		sim_kernel_wipe(node);
}

void sim_free(struct sim *sim)
{
	for (unsigned int i = 0; i < SIM_NODES; i++)
		ike_engine_free(sim->nodes[i].engine);
	for (size_t i = 0; i < sim->queued; i++)
		free(sim->queue[i].data);
	free(sim->queue);
	free(sim->due);
	free(sim->seen);
}

void sim_command(struct sim *sim, unsigned int index, enum ike_command cmd)
{
	struct sim_node *node = &sim->nodes[index];

	if (node->engine)
		ike_engine_command(node->engine, sim->now, cmd,
				   node->config.name);
}

/* --------------------------------------------------------------------- steps */

#define TRAFFIC_MS 40

/* Only packets leave engines alone, and mostly what the invariants are about. */
static void opens_door(struct sim *sim, const struct sim_event *event)
{
	switch (event->kind) {
	case SIM_ESP:
	case SIM_TRAFFIC:
		return;
	case SIM_IKE:
	case SIM_KERNEL:
		sim->nodes[event->node].asleep = false;
		break;
	case SIM_ACTION:
		for (unsigned int i = 0; i < SIM_NODES; i++)
			sim->nodes[i].asleep = false;
		break;
	}
	sim->changed = true;
}

static void happen(struct sim *sim, const struct sim_event *event)
{
	struct sim_node *node = &sim->nodes[event->node % SIM_NODES];
	struct ike_datagram dgram = {
		.local = event->local,
		.remote = event->remote,
		.data = event->data,
		.len = event->len,
	};

	switch (event->kind) {
	case SIM_IKE:
		if (node->engine)
			ike_engine_input(node->engine, sim->now, &dgram);
		break;
	case SIM_ESP:
		sim_kernel_packet(node, event);
		break;
	case SIM_KERNEL:
		if (node->engine)
			ike_engine_kernel_event(node->engine, sim->now,
						&event->kernel);
		break;
	case SIM_TRAFFIC:
		if (sim->traffic)
			sim_kernel_traffic(node);
		sim_queue(sim, TRAFFIC_MS + sim_below(&sim->rng, TRAFFIC_MS),
			  SIM_TRAFFIC, event->node);
		break;
	case SIM_ACTION:
		event->action(sim, event->node);
		break;
	}
}

static uint64_t next_wakeup(struct sim *sim, unsigned int *who)
{
	uint64_t at = IKE_NEVER;

	for (unsigned int i = 0; i < SIM_NODES; i++) {
		struct sim_node *node = &sim->nodes[i];

		if (!node->asleep)
			node->wake_at = node->engine ?
				ike_engine_next_wakeup(node->engine) :
				IKE_NEVER;
		node->asleep = true;
		if (node->wake_at < at) {
			at = node->wake_at;
			*who = i;
		}
	}
	return at;
}

static void step(struct sim *sim, uint64_t until)
{
	size_t first = sim->queued ? least(sim) : 0;
	uint64_t event_at = sim->queued ? sim->due[first] : IKE_NEVER;
	unsigned int who = 0;
	uint64_t wake_at = next_wakeup(sim, &who);
	uint64_t at = event_at <= wake_at ? event_at : wake_at;

	if (at > until) {
		sim->now = until;
		return;
	}
	if (at > sim->now) {
		sim->now = at;
		sim->idle_steps = 0;
	} else if (++sim->idle_steps > 1000) {
		sim_fail(sim, "node %u wants to be woken all the time", who);
		return;
	}
	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim_kernel_age(&sim->nodes[i]);
	if (event_at <= wake_at) {
		struct sim_event event = take(sim, first);

		opens_door(sim, &event);
		happen(sim, &event);
		free(event.data);
	} else {
		sim->nodes[who].asleep = false;
		sim->changed = true;
		ike_engine_tick(sim->nodes[who].engine, sim->now);
	}
	if (sim->changed)
		sim_check_step(sim);
	sim->changed = false;
}

bool sim_run_until(struct sim *sim, uint64_t ms, bool (*done)(struct sim *))
{
	uint64_t until = sim->now + ms;

	/* Who knows what was done in between. */
	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim->nodes[i].asleep = false;
	sim->changed = true;
	while (sim->now < until && !sim->failed) {
		if (done && done(sim))
			return true;
		step(sim, until);
	}
	return done && done(sim);
}

void sim_run(struct sim *sim, uint64_t ms)
{
	sim_run_until(sim, ms, NULL);
}
