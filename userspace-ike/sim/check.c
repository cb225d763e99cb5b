// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The invariants.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "sim.h"

/* ---------------------------------------------- nothing is ever used twice */

/**
 * struct sim_seen - a protected message that was sent
 * @spi_i: initiator's SPI
 * @spi_r: responder's SPI
 * @id: message ID
 * @flags: who sent it, request or response
 * @part: fragment number and total; 0: whole
 * @iv: its IV
 * @sum: checksum of all its octets
 */
struct sim_seen {
	uint64_t spi_i;
	uint64_t spi_r;
	uint32_t id;
	uint8_t flags;
	uint32_t part;
	uint64_t iv;
	uint64_t sum;
};

static uint64_t be(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static uint64_t checksum(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h;
}

/*
 * The responder's answer to IKE_SA_INIT is on its way: it has what both make their
 * keys of, and forgets it next. Nobody shall ever read that.
 */
static void keep_secret(struct sim *sim, const uint8_t *p)
{
	uint8_t secret[IKE_DH_SECRET_MAX];
	struct ike_msg msg;

	for (unsigned int i = 0; i < SIM_NODES; i++) {
		const struct ike_engine *e = sim->nodes[i].engine;

		for (const struct ike_sa *sa = e ? e->sas : NULL; sa;
		     sa = sa->next) {
			const struct ike_handshake *hs = sa->handshake;

			if (sa->initiator || sa->spi_r != be(p + 8, 8) || !hs ||
			    !hs->dh ||
			    ike_msg_parse(&msg, IKE_SLICE(hs->init_i,
							  hs->init_i_len)) ||
			    ike_dh_derive(hs->dh, msg.ke, secret) < 0)
				continue;
			memcpy(sim->secrets[sim->n_secrets++ % SIM_SECRETS],
			       secret, SIM_SHOWN);
		}
	}
}

/*
 * A message sent again is the same octet by octet; another message has another
 * message ID, or is another fragment, and another IV. Nothing is longer than
 * what passes everywhere.
 */
void sim_check_message(struct sim *sim, const struct ike_datagram *dgram)
{
	const uint8_t *p = dgram->data;
	bool fragment = dgram->len > 16 && p[16] == 53;
	struct sim_seen s;

	if (dgram->len > 1228)
		sim_fail(sim, "a message of %zu octets", dgram->len);
	if (dgram->len > 28 && p[18] == IKE_EXCHANGE_SA_INIT &&
	    (p[19] & IKE_FLAG_RESPONSE))
		keep_secret(sim, p);
	if (dgram->len < 28 + 4 + 4 + 8 || (p[16] != 46 && !fragment))
		return;
	if (fragment)
		sim->fragments++;
	s = (struct sim_seen){
		.spi_i = be(p, 8),
		.spi_r = be(p + 8, 8),
		.id = (uint32_t)be(p + 20, 4),
		.flags = p[19],
		.part = fragment ? (uint32_t)be(p + 32, 4) : 0,
		.iv = be(p + (fragment ? 36 : 32), 8),
		.sum = checksum(p, dgram->len),
	};
	for (size_t i = 0; i < sim->n_seen; i++) {
		const struct sim_seen *o = &sim->seen[i];

		/* The I flag tells the key. */
		if (o->spi_i != s.spi_i || o->spi_r != s.spi_r ||
		    (o->flags & 0x08) != (s.flags & 0x08))
			continue;
		if (o->sum == s.sum)
			return;
		if (o->iv == s.iv) {
			sim_fail(sim, "an IV was used twice");
			return;
		}
		if (o->id == s.id && o->flags == s.flags &&
		    o->part == s.part) {
			sim_fail(sim, "message ID %u was used twice (%s)", s.id,
				 s.flags & 0x20 ? "response" : "request");
			return;
		}
	}
	if (sim->n_seen % 256 == 0) {
		sim->seen = realloc(sim->seen, (sim->n_seen + 256) *
						       sizeof(*sim->seen));
		if (!sim->seen)
			abort();
	}
	sim->seen[sim->n_seen++] = s;
}

/* ------------------------------------------------------- no keys in the logs */

#define SHOWN SIM_SHOWN

struct text {
	const char *text;
	size_t len;
	bool hex;	/* it has so many digits that they may be those of a key */
};

static struct text look_at(const char *s)
{
	struct text t = { .text = s };
	size_t digits = 0;

	for (; s[t.len]; t.len++) {
		digits = isxdigit((unsigned char)s[t.len]) ? digits + 1 : 0;
		t.hex |= digits == 2 * SHOWN;
	}
	return t;
}

/* For each key and each line: without printf(), and only what is called for. */
static bool leaks(const struct text *t, const uint8_t *secret)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * SHOWN + 1] = "";

	if (t->len >= SHOWN && memmem(t->text, t->len, secret, SHOWN))
		return true;
	if (!t->hex)
		return false;
	for (size_t i = 0; i < SHOWN; i++) {
		hex[2 * i] = digits[secret[i] >> 4];
		hex[2 * i + 1] = digits[secret[i] & 15];
	}
	return strcasestr(t->text, hex);
}

/* Those of IKE SAs. */
static bool leaks_any(const struct sim *sim, const struct text *t)
{
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		const struct ike_engine *e = sim->nodes[i].engine;

		for (const struct ike_sa *sa = e ? e->sas : NULL; sa;
		     sa = sa->next) {
			const struct ike_keys *k = &sa->keys;

			/* An AEAD has no keys of integrity. */
			if (k->prf_len &&
			    (leaks(t, k->d) || leaks(t, k->pi) ||
			     leaks(t, k->pr) || leaks(t, k->ei) ||
			     leaks(t, k->er) ||
			     (k->a_len && (leaks(t, k->ai) || leaks(t, k->ar)))))
				return true;
		}
	}
	for (unsigned int i = 0; i < sim->n_secrets && i < SIM_SECRETS; i++)
		if (leaks(t, sim->secrets[i]))
			return true;
	return false;
}

static void check_text(struct sim_node *node, const char *text)
{
	const struct text t = look_at(text);

	if (strstr(text, node->psk))
		sim_fail(node->sim, "the PSK was logged");
	if (leaks_any(node->sim, &t))
		sim_fail(node->sim, "a key of an IKE SA was logged");
	for (unsigned int n = 0; n < SIM_NODES * SIM_DEVICES; n++) {
		const struct sim_kernel *k =
			sim_kernel_of(&node->sim->nodes[n % SIM_NODES],
				      n / SIM_NODES);

		for (unsigned int i = 0; i < k->top; i++) {
			const struct sim_pair *p = &k->pairs[i];

			if (p->used && p->state != IKE_PAIR_LARVAL &&
			    (leaks(&t, p->info.in.key) ||
			     leaks(&t, p->info.out.key)))
				sim_fail(node->sim, "a key was logged");
		}
	}
}

void sim_check_event(struct sim_node *node, const struct ike_event *event)
{
	if (!event->line || !*event->line || strchr(event->line, '\n'))
		sim_fail(node->sim, "event %s has no good line",
			 ike_event_name(event->id));
	check_text(node, event->line);
	for (size_t i = 0; i < event->n_fields; i++)
		check_text(node, event->fields[i].value);
}

/* ------------------------------------------------------------- after a step */

static bool live(const struct sim_pair *p)
{
	return p->used && (p->state == IKE_PAIR_STAGED ||
			   p->state == IKE_PAIR_ACTIVE);
}

/* Is there a pair both ends could use? */
static bool good_pair(struct sim *sim, unsigned int device)
{
	const struct sim_kernel *a = sim_kernel_of(&sim->nodes[0], device);
	const struct sim_kernel *b = sim_kernel_of(&sim->nodes[1], device);

	for (unsigned int i = 0; i < a->top; i++)
		for (unsigned int j = 0; j < b->top; j++)
			if (live(&a->pairs[i]) && live(&b->pairs[j]) &&
			    a->pairs[i].info.in.spi ==
				    b->pairs[j].info.out.spi &&
			    a->pairs[i].info.out.spi ==
				    b->pairs[j].info.in.spi)
				return true;
	return false;
}

static void check_device(struct sim *sim, struct sim_node *node,
			 unsigned int device)
{
	bool disrupted = sim->disrupted || (device && sim->second_goes);
	struct sim_kernel *k = sim_kernel_of(node, device);
	unsigned int active = sim_kernel_count(k, IKE_PAIR_ACTIVE);

	if (active > 1)
		sim_fail(sim, "node %u has %u outbound SAs in use", node->index,
			 active);
	if (!active && !sim_kernel_count(k, IKE_PAIR_STAGED))
		k->was_active = false;
	if (active)
		k->was_up = true;
	if (!active && k->was_up && !disrupted)
		sim_fail(sim, "node %u has lost its outbound SA", node->index);
	if (!active && k->was_active && good_pair(sim, device))
		sim_fail(sim, "node %u has a good pair and does not use it",
			 node->index);
	/* Nobody died, so nothing may be sent to where it is not known. */
	if (!disrupted && !sim->second_goes && k->unknown)
		sim_fail(sim, "node %u got a packet for an SA it does not have",
			 node->index);
	if (!disrupted && k->larval)
		sim_fail(sim, "node %u got a packet before it had the keys",
			 node->index);
}

void sim_check_step(struct sim *sim)
{
	for (unsigned int i = 0; i < SIM_NODES; i++)
		for (unsigned int d = 0; d < SIM_DEVICES; d++)
			check_device(sim, &sim->nodes[i], d);
}

/* --------------------------------------------------------------- at the end */

bool sim_both_up(struct sim *sim)
{
	return sim_kernel_active(&sim->nodes[0].kernel) &&
	       sim_kernel_active(&sim->nodes[1].kernel) &&
	       (!sim->shared || (sim_kernel_active(&sim->nodes[0].second) &&
				 sim_kernel_active(&sim->nodes[1].second)));
}

struct tally {
	unsigned int ike_sas;
	unsigned int children;
	uint64_t spi_i;
	uint64_t spi_r;
	const char *state;
	char odd[32];
};

static void tally_ike(void *arg, const struct ike_sa_status *status)
{
	struct tally *t = arg;

	t->ike_sas++;
	t->spi_i = status->spi_i;
	t->spi_r = status->spi_r;
	if (strcmp(status->state, "established"))
		snprintf(t->odd, sizeof(t->odd), "IKE SA %s", status->state);
}

static void tally_child(void *arg, const struct ike_child_status *status)
{
	struct tally *t = arg;

	t->children++;
	if (strcmp(status->state, "installed"))
		snprintf(t->odd, sizeof(t->odd), "CHILD SA %s", status->state);
}

static void check_converged(struct sim *sim, unsigned int device)
{
	const struct ike_status_visitor visitor = { .ike_sa = tally_ike,
						    .child_sa = tally_child };
	struct tally t[SIM_NODES] = { 0 };
	struct sim_pair *p[SIM_NODES];

	for (unsigned int i = 0; i < SIM_NODES && !sim->failed; i++) {
		struct sim_node *node = &sim->nodes[i];
		struct sim_kernel *k = sim_kernel_of(node, device);

		p[i] = sim_kernel_active(k);
		ike_engine_status(node->engine, sim->now,
				  device ? node->second_config.name :
					   node->config.name,
				  &visitor, &t[i]);
		if (!p[i])
			sim_fail(sim, "node %u is not up: %s", i,
				 node->last_line);
		else if (sim_kernel_count(k, IKE_PAIR_STAGED) ||
			 sim_kernel_count(k, IKE_PAIR_DRAINING) ||
			 sim_kernel_count(k, IKE_PAIR_LARVAL))
			sim_fail(sim, "node %u has more than one pair", i);
		else if (t[i].ike_sas != 1 || t[i].children != 1 || t[i].odd[0])
			sim_fail(sim, "node %u has %u IKE SAs, %u CHILD SAs %s",
				 i, t[i].ike_sas, t[i].children, t[i].odd);
	}
	if (sim->failed)
		return;
	if (t[0].spi_i != t[1].spi_i || t[0].spi_r != t[1].spi_r)
		sim_fail(sim, "the ends have different IKE SAs");
	if (p[0]->info.in.spi != p[1]->info.out.spi ||
	    p[0]->info.out.spi != p[1]->info.in.spi)
		sim_fail(sim, "the ends have different pairs");
	if (p[0]->info.in.alg != p[1]->info.out.alg ||
	    p[0]->info.in.esn != p[1]->info.out.esn)
		sim_fail(sim, "the ends have different transforms");
	if (memcmp(p[0]->info.in.key, p[1]->info.out.key, IKE_KEY_MAX) ||
	    memcmp(p[0]->info.out.key, p[1]->info.in.key, IKE_KEY_MAX) ||
	    memcmp(p[0]->info.in.salt, p[1]->info.out.salt, IKE_SALT_MAX))
		sim_fail(sim, "the ends have different keys");
}

void sim_check_converged(struct sim *sim)
{
	check_converged(sim, 0);
	if (sim->shared && !sim->failed)
		check_converged(sim, 1);
}
