// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mock kernel: pairs as the module has them, no cryptography. A packet
 * carries the key it would have been encrypted with.
 */
#include <errno.h>
#include <string.h>

#include "sim.h"

static struct sim_pair *by_id(struct sim_kernel *k, uint32_t pair_id)
{
	for (unsigned int i = 0; i < k->top; i++)
		if (k->pairs[i].used && k->pairs[i].info.pair_id == pair_id)
			return &k->pairs[i];
	return NULL;
}

static struct sim_pair *by_spi(struct sim_kernel *k, uint32_t spi)
{
	for (unsigned int i = 0; i < k->top; i++)
		if (k->pairs[i].used && k->pairs[i].info.in.spi == spi)
			return &k->pairs[i];
	return NULL;
}

struct sim_pair *sim_kernel_active(struct sim_kernel *k)
{
	for (unsigned int i = 0; i < k->top; i++)
		if (k->pairs[i].used && k->pairs[i].state == IKE_PAIR_ACTIVE)
			return &k->pairs[i];
	return NULL;
}

unsigned int sim_kernel_count(const struct sim_kernel *k,
			      enum ike_pair_state state)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->top; i++)
		n += k->pairs[i].used && k->pairs[i].state == state;
	return n;
}

struct sim_kernel *sim_kernel_of(struct sim_node *node, unsigned int device)
{
	return device ? &node->second : &node->kernel;
}

void sim_kernel_wipe(struct sim_node *node)
{
	for (unsigned int d = 0; d < SIM_DEVICES; d++) {
		struct sim_kernel *k = sim_kernel_of(node, d);

		memset(k->pairs, 0, sizeof(k->pairs));
		k->was_active = false;
	}
}

/* Return: what the kernel has for the device, or NULL if there is no such one. */
static struct sim_kernel *by_ifindex(struct sim_node *node, uint32_t ifindex)
{
	for (unsigned int d = 0; d < SIM_DEVICES; d++)
		if (sim_kernel_of(node, d)->ifindex == ifindex)
			return sim_kernel_of(node, d);
	return NULL;
}

static struct sim_event *notify(struct sim_node *node, struct sim_kernel *k,
				enum ike_kernel_event_id id, uint32_t pair_id)
{
	/* Netlink takes its time. */
	struct sim_event *event =
		sim_queue(node->sim, sim_below(&node->sim->rng, 5), SIM_KERNEL,
			  node->index);

	event->kernel.id = id;
	event->kernel.ifindex = k->ifindex;
	event->kernel.pair_id = pair_id;
	return event;
}

static void make_active(struct sim_node *node, struct sim_kernel *k,
			struct sim_pair *pair)
{
	struct sim_pair *old = sim_kernel_active(k);

	if (old == pair)
		return;
	node->sim->changed = true;
	if (old)
		old->state = IKE_PAIR_DRAINING;
	pair->state = IKE_PAIR_ACTIVE;
	k->was_active = true;
}

static void gone_at(struct sim_kernel *k, struct sim_pair *pair, uint64_t at)
{
	pair->gone_at = at;
	if (at < k->ages_at)
		k->ages_at = at;
}

/* --------------------------------------------------------------- operations */

/* SPIs are those of the host, not of a device. */
static bool spi_taken(struct sim_node *node, const struct sim_kernel *but,
		      uint32_t spi)
{
	for (unsigned int d = 0; d < SIM_DEVICES; d++)
		if (sim_kernel_of(node, d) != but &&
		    by_spi(sim_kernel_of(node, d), spi))
			return true;
	return false;
}

static int spi_alloc(void *ctx, uint32_t ifindex, uint32_t reserve_s,
		     uint32_t *pair_id, uint32_t *spi)
{
	struct sim_node *node = ctx;
	struct sim_kernel *k = by_ifindex(node, ifindex);

	if (!k)
		return -ENODEV;
	for (unsigned int i = 0; i < SIM_PAIRS_MAX; i++) {
		struct sim_pair *pair = &k->pairs[i];

		if (pair->used)
			continue;
		if (i >= k->top)
			k->top = i + 1;
		memset(pair, 0, sizeof(*pair));
		pair->used = true;
		pair->state = IKE_PAIR_LARVAL;
		gone_at(k, pair, node->sim->now + reserve_s * 1000ull);
		pair->info.pair_id = k->next_id++;
		do {
			pair->info.in.spi =
				256 + (uint32_t)(sim_random(&node->sim->rng) &
						 0xffffff);
			*spi = pair->info.in.spi;
		} while (by_spi(k, *spi) != pair || spi_taken(node, k, *spi));
		*pair_id = pair->info.pair_id;
		return 0;
	}
	sim_fail(node->sim, "node %u has %u pairs", node->index, SIM_PAIRS_MAX);
	return -ENOSPC;
}

static bool key_known(const struct sim_kernel *k, const struct sim_pair *but,
		      const uint8_t *key)
{
	for (unsigned int i = 0; i < k->top; i++) {
		const struct sim_pair *p = &k->pairs[i];

		if (p->used && p != but && p->state != IKE_PAIR_LARVAL &&
		    (!memcmp(p->info.in.key, key, 16) ||
		     !memcmp(p->info.out.key, key, 16)))
			return true;
	}
	return false;
}

/* What the module would refuse. */
static bool acceptable(const struct ike_kernel_pair *info)
{
	static const struct {
		enum ike_esp_alg alg;
		size_t key_len;
		size_t salt_len;
	} algs[] = {
		{ IKE_ESP_AES_GCM_16_128, 16, 4 },
		{ IKE_ESP_AES_GCM_16_256, 32, 4 },
		{ IKE_ESP_AES_GCM_16_192, 24, 4 },
		{ IKE_ESP_AES_GCM_12_128, 16, 4 },
		{ IKE_ESP_AES_GCM_12_192, 24, 4 },
		{ IKE_ESP_AES_GCM_12_256, 32, 4 },
		{ IKE_ESP_AES_GCM_8_128, 16, 4 },
		{ IKE_ESP_AES_GCM_8_192, 24, 4 },
		{ IKE_ESP_AES_GCM_8_256, 32, 4 },
		{ IKE_ESP_CHACHA20_POLY1305, 32, 4 },
		{ IKE_ESP_AES_GMAC_128, 16, 4 },
		{ IKE_ESP_AES_GMAC_192, 24, 4 },
		{ IKE_ESP_AES_GMAC_256, 32, 4 },
		{ IKE_ESP_AES_CBC_128_HMAC_SHA2_256_128, 48, 0 },
		{ IKE_ESP_AES_CBC_256_HMAC_SHA2_256_128, 64, 0 },
		{ IKE_ESP_AES_CBC_128_HMAC_SHA2_384_192, 64, 0 },
		{ IKE_ESP_AES_CBC_256_HMAC_SHA2_384_192, 80, 0 },
		{ IKE_ESP_AES_CBC_128_HMAC_SHA2_512_256, 80, 0 },
		{ IKE_ESP_AES_CBC_256_HMAC_SHA2_512_256, 96, 0 },
		{ IKE_ESP_AES_CBC_128_HMAC_SHA1_96, 36, 0 },
		{ IKE_ESP_AES_CBC_256_HMAC_SHA1_96, 52, 0 },
	};
	const struct ike_kernel_sa *in = &info->in, *out = &info->out;

	if (in->alg >= IKE_ESP_AES_CBC_128_HMAC_SHA1_96 && !info->allow_legacy)
		return false;
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (algs[i].alg == in->alg)
			return in->key_len == algs[i].key_len &&
			       in->salt_len == algs[i].salt_len &&
			       out->alg == in->alg &&
			       out->key_len == in->key_len &&
			       out->salt_len == in->salt_len &&
			       out->esn == in->esn;
	return false;
}

static int pair_new(void *ctx, const struct ike_kernel_pair *info)
{
	struct sim_node *node = ctx;
	struct sim_kernel *k = by_ifindex(node, info->ifindex);
	struct sim_pair *pair = k ? by_id(k, info->pair_id) : NULL;

	if (!pair)
		return -ENOENT;
	if (pair->state != IKE_PAIR_LARVAL ||
	    pair->info.in.spi != info->in.spi || info->out.spi < 256 ||
	    !acceptable(info) || !info->in.replay_window ||
	    (info->encap_follow && !info->encap_udp) ||
	    (info->encap_remote.family && !info->encap_follow)) {
		sim_fail(node->sim, "node %u: impossible sa-pair-new",
			 node->index);
		return -EINVAL;
	}
	if (!memcmp(info->in.key, info->out.key, info->in.key_len) ||
	    key_known(k, pair, info->in.key) ||
	    key_known(k, pair, info->out.key))
		sim_fail(node->sim, "node %u: a key is used twice",
			 node->index);
	pair->info = *info;
	if (!info->encap_remote.family)
		pair->info.encap_remote = node->config.remote;
	pair->gone_at = 0;
	pair->state = IKE_PAIR_STAGED;
	/* The first one of all comes with IKE_AUTH, if so, and there we wait. */
	pair->alone = !sim_kernel_active(k) &&
		      (k == &node->second || node->kernel.was_up ||
		       node->sim->nodes[0].config.childless ||
		       node->sim->nodes[1].config.childless);
	if (info->activation == IKE_ACTIVATE_NOW)
		make_active(node, k, pair);
	return 0;
}

static int activate(void *ctx, uint32_t ifindex, uint32_t pair_id)
{
	struct sim_node *node = ctx;
	struct sim_kernel *k = by_ifindex(node, ifindex);
	struct sim_pair *pair = k ? by_id(k, pair_id) : NULL;

	if (!pair)
		return -ENOENT;
	if (pair->state == IKE_PAIR_ACTIVE)
		return 0;
	if (pair->state != IKE_PAIR_STAGED) {
		sim_fail(node->sim, "node %u: sa-activate in state %d",
			 node->index, pair->state);
		return -EINVAL;
	}
	make_active(node, k, pair);
	return 0;
}

static struct sim_pair *any_staged(struct sim_kernel *k)
{
	for (unsigned int i = 0; i < k->top; i++)
		if (k->pairs[i].used && k->pairs[i].state == IKE_PAIR_STAGED)
			return &k->pairs[i];
	return NULL;
}

static int retire(void *ctx, uint32_t ifindex, uint32_t pair_id,
		  uint32_t grace_s)
{
	struct sim_node *node = ctx;
	struct sim_kernel *k = by_ifindex(node, ifindex);
	struct sim_pair *pair = k ? by_id(k, pair_id) : NULL;
	struct sim_pair *next;
	bool was_active;

	if (!pair)
		return -ENOENT;
	was_active = pair->state == IKE_PAIR_ACTIVE;
	if (pair->state == IKE_PAIR_LARVAL || !grace_s) {
		pair->used = false;
	} else {
		pair->state = IKE_PAIR_DRAINING;
		gone_at(k, pair, node->sim->now + grace_s * 1000ull);
	}
	next = any_staged(k);
	if (was_active && next)
		make_active(node, k, next);
	if (!sim_kernel_active(k) && !next)
		k->was_active = false;
	notify(node, k, IKE_KERNEL_DELETED, pair_id);
	return 0;
}

static int query(void *ctx, uint32_t ifindex, ike_pair_visitor visit, void *arg)
{
	struct sim_kernel *k = by_ifindex(ctx, ifindex);

	if (!k)
		return -ENODEV;
	for (unsigned int i = 0; i < k->top; i++) {
		const struct sim_pair *p = &k->pairs[i];
		struct ike_pair_info info = {
			.pair_id = p->info.pair_id,
			.state = p->state,
			.spi_in = p->info.in.spi,
			.spi_out = p->info.out.spi,
			.rx_packets = p->rx,
			.rx_bytes = p->rx * SIM_PACKET,
			.tx_packets = p->tx,
			.tx_bytes = p->tx * SIM_PACKET,
			.remote = p->info.encap_remote,
		};

		if (p->used && visit(arg, &info))
			break;
	}
	return 0;
}

const struct ike_kernel_ops sim_kernel_ops = {
	.spi_alloc = spi_alloc,
	.pair_new = pair_new,
	.activate = activate,
	.retire = retire,
	.query = query,
};

/* ------------------------------------------------------------------- limits */

static void expire(struct sim_node *node, struct sim_kernel *k,
		   struct sim_pair *pair,
		   enum ike_limit limit, bool hard)
{
	struct sim_event *event;

	k->ended += hard;
	if (node->sim->deaf && !hard)
		return;
	event = notify(node, k, IKE_KERNEL_EXPIRE, pair->info.pair_id);
	event->kernel.limit = limit;
	event->kernel.hard = hard;
}

/* @n packets have passed @sa. Return: whether one more must not. */
static bool count(struct sim_node *node, struct sim_kernel *k,
		  struct sim_pair *pair,
		  const struct ike_kernel_sa *sa, uint64_t n)
{
	uint64_t octets = n * SIM_PACKET;

	if (sa->soft_packets && n == sa->soft_packets)
		expire(node, k, pair, IKE_LIMIT_PACKETS, false);
	if (sa->soft_bytes && octets >= sa->soft_bytes &&
	    octets - SIM_PACKET < sa->soft_bytes)
		expire(node, k, pair, IKE_LIMIT_BYTES, false);
	if (sa->hard_packets && n >= sa->hard_packets)
		expire(node, k, pair, IKE_LIMIT_PACKETS, true);
	else if (sa->hard_bytes && octets + SIM_PACKET > sa->hard_bytes)
		expire(node, k, pair, IKE_LIMIT_BYTES, true);
	else
		return false;
	return true;
}

/* Nothing leaves by it any more. */
static void drain(struct sim_node *node, struct sim_kernel *k,
		  struct sim_pair *pair)
{
	bool was_active = pair->state == IKE_PAIR_ACTIVE;
	struct sim_pair *next;

	node->sim->changed = true;
	pair->state = IKE_PAIR_DRAINING;
	next = any_staged(k);
	if (was_active && next)
		make_active(node, k, next);
}

/* ------------------------------------------------------------------ packets */

static void send_one(struct sim_node *node, struct sim_kernel *k)
{
	struct sim_pair *pair = sim_kernel_active(k);

	if (pair) {
		pair->tx++;
		k->sent++;
		sim_send_esp(node, pair);
		if (count(node, k, pair, &pair->info.out, pair->tx))
			drain(node, k, pair);
	} else {
		k->no_sa++;
		notify(node, k, IKE_KERNEL_ACQUIRE, 0);
	}
}

void sim_kernel_traffic(struct sim_node *node)
{
	send_one(node, &node->kernel);
	if (node->sim->shared)
		send_one(node, &node->second);
}

/* All pairs go to where the newest packet came from. */
static void follow(struct sim_node *node, struct sim_kernel *k,
		   const struct ike_endpoint *source)
{
	for (unsigned int i = 0; i < k->top; i++) {
		struct sim_pair *pair = &k->pairs[i];

		if (!pair->used || !pair->info.encap_udp ||
		    (pair->info.encap_dport == source->port &&
		     !memcmp(&pair->info.encap_remote, &source->addr,
			     sizeof(source->addr))))
			continue;
		pair->info.encap_dport = source->port;
		pair->info.encap_remote = source->addr;
		k->floats++;
		notify(node, k, IKE_KERNEL_FLOAT, pair->info.pair_id)
			->kernel.remote = *source;
	}
}

static bool same_ts(const struct ike_ts *a, unsigned int n_a,
		    const struct ike_ts *b, unsigned int n_b)
{
	return n_a == n_b && !memcmp(a, b, n_a * sizeof(*a));
}

/* What one end may be at one end, it may be at the other. */
static void check_selectors(struct sim_node *node, const struct sim_kernel *own,
			    const struct sim_pair *pair)
{
	const struct sim_kernel *k =
		by_ifindex(&node->sim->nodes[!node->index], own->ifindex);
	const struct ike_kernel_pair *here = &pair->info, *there;

	for (unsigned int i = 0; i < k->top; i++) {
		there = &k->pairs[i].info;
		if (!k->pairs[i].used || there->out.spi != here->in.spi ||
		    there->in.spi != here->out.spi)
			continue;
		if (!same_ts(here->local_ts, here->n_local_ts,
			     there->remote_ts, there->n_remote_ts) ||
		    !same_ts(here->remote_ts, here->n_remote_ts,
			     there->local_ts, there->n_local_ts))
			sim_fail(node->sim,
				 "node %u: the peer has other selectors for %08x",
				 node->index, here->in.spi);
	}
}

void sim_kernel_packet(struct sim_node *node, const struct sim_event *event)
{
	const struct ike_endpoint *source = &event->remote;
	uint32_t spi = event->spi;
	struct sim_kernel *k = &node->kernel;
	struct sim_pair *pair = by_spi(k, spi);

	if (!pair && node->sim->shared && by_spi(&node->second, spi)) {
		k = &node->second;
		pair = by_spi(k, spi);
	}
	if (!pair || pair->state == IKE_PAIR_LARVAL) {
		node->sim->changed = true;
		if (event->alone)
			k->early++;
		else if (!pair)
			k->unknown++;
		else
			k->larval++;
		return;
	}
	if (memcmp(pair->info.in.key, event->key, pair->info.in.key_len)) {
		sim_fail(node->sim, "node %u: the peer has other keys for %08x",
			 node->index, spi);
		return;
	}
	check_selectors(node, k, pair);
	if (pair->expired)
		return;
	if (k->taken_at && node->sim->now - k->taken_at > k->gap)
		k->gap = node->sim->now - k->taken_at;
	k->taken_at = node->sim->now;
	k->taken++;
	pair->rx++;
	if (event->seq > k->newest) {
		k->newest = event->seq;
		if (pair->info.encap_follow)
			follow(node, k, source);
	}
	if (pair->rx == 1)
		notify(node, k, IKE_KERNEL_FIRST_RX, pair->info.pair_id);
	if (pair->state == IKE_PAIR_STAGED &&
	    pair->info.activation == IKE_ACTIVATE_FIRST_RX)
		make_active(node, k, pair);
	if (count(node, k, pair, &pair->info.in, pair->rx)) {
		pair->expired = true;
		drain(node, k, pair);
	}
}

static void age(struct sim_node *node, struct sim_kernel *k)
{
	uint64_t now = node->sim->now;

	if (now < k->ages_at)
		return;
	k->ages_at = IKE_NEVER;
	for (unsigned int i = 0; i < k->top; i++) {
		struct sim_pair *pair = &k->pairs[i];

		if (!pair->used || !pair->gone_at)
			continue;
		if (now < pair->gone_at) {
			gone_at(k, pair, pair->gone_at);
			continue;
		}
		pair->used = false;
		node->sim->changed = true;
	}
}

void sim_kernel_age(struct sim_node *node)
{
	for (unsigned int d = 0; d < SIM_DEVICES; d++)
		age(node, sim_kernel_of(node, d));
}
