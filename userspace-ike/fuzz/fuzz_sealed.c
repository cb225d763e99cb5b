// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an authenticated peer may send: any payloads, properly protected.
 *
 * Input: what the node under test is doing (see stages[]), by which suite and HOW; the
 * exchange type, whether it is a response, the type of the first payload, then the
 * payloads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz.h"

static const struct {
	bool command;
	enum ike_command what;
} stages[] = {
	{ false, 0 },
	{ true, IKE_CMD_REKEY_CHILD },
	{ true, IKE_CMD_REKEY_IKE },
	{ true, IKE_CMD_DOWN },
};

/* Also before IKE_AUTH: the keys are there, but not the trust. */
#define HALF_OPEN 4
#define N_STAGES 5

/* One for each way to protect a message. */
static const char *const suites[] = { "aes256gcm16-prfsha384-x25519",
				      "aes128-sha256-x25519",
				      "chacha20poly1305-prfsha256-x25519" };

#define N_SUITES (sizeof(suites) / sizeof(suites[0]))

/* Bits of HOW. */
#define IN_FRAGMENTS	1	/* SKF */
#define BY_CERT		2	/* both ends have certificates, not a key in common */
#define TO_INITIATOR	4	/* at IKE_AUTH: the initiator waits for its response */
#define ADD_KE		8	/* an additional key exchange is due: before IKE_AUTH, of
				 * what the node does, or else of what its peer does
				 */

static const uint8_t exchanges[] = { 34, 35, 36, 37, 38, 43, 44 };

#define FRAGMENT 400		/* octets */
#define MOST 4096

static void choose_suite(struct sim *sim, const char *words, bool add_ke)
{
	struct ike_suite ike = { 0 }, esp = { 0 };
	char text[100], why[200];

	snprintf(text, sizeof(text), "%s%s", words, add_ke ? "-ke1_ecp256" : "");
	if (ike_suite_parse(&ike, IKE_SUITE_IKE, text, why, sizeof(why)) ||
	    ike_suite_parse(&esp, IKE_SUITE_ESP, "aes128gcm16-x25519-ke1_ecp256",
			    why, sizeof(why)))
		abort();
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].config.ike = ike;
		if (add_ke)
			sim->nodes[i].config.esp = esp;
	}
}

/* CREATE_CHILD_SA takes 10 ms; then IKE_FOLLOWUP_KE is on its way. */
static void go_on(struct sim *sim, unsigned int stage)
{
	if (!stages[stage].command)
		ike_engine_command(sim->nodes[0].engine, sim->now,
				   IKE_CMD_REKEY_IKE, "alpha");
	sim_run(sim, 11);
}

/* Made once, and always the same: Ed25519 leaves nothing to chance. */
static const struct cert_store *certs_of(unsigned int node)
{
	static const char *const dns[] = { "DNS:a.example", "DNS:b.example" };
	static struct cert_store *stores[SIM_NODES];
	static struct pki *root, *gw[SIM_NODES];

	if (!root)
		root = pki_new(&(struct pki_spec){ .name = "CN=Root",
						   .constraints = "CA:TRUE" });
	if (!stores[node]) {
		gw[node] = pki_new(&(struct pki_spec){
			.name = node ? "CN=gw-b" : "CN=gw-a",
			.issuer = root,
			.names = dns[node] });
		stores[node] = pki_store(gw[node], NULL, root);
	}
	return stores[node];
}

static void use_certs(struct sim *sim)
{
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].certs = certs_of(i);
		sim->nodes[i].config.local_auth = IKE_AUTH_BY_CERT;
		sim->nodes[i].config.remote_auth = IKE_AUTH_BY_CERT;
	}
}

/* Hands the payloads to @node, as its peer @from would send them. */
static void send_all(struct fuzz_bench *t, unsigned int node,
		     const struct ike_sa *from, const struct ike_header *h,
		     uint8_t first, struct ike_slice chain, bool fragments)
{
	uint8_t out[MOST + IKE_SK_OVERHEAD];
	struct ike_fragment f = { .total = 1 };
	size_t at = 0;
	int len;

	if (!fragments) {
		len = ike_sk_seal(&from->keys, from->initiator, 1000, h, first,
				  chain, out, sizeof(out));
		if (len < 0)
			abort();
		fuzz_deliver(t, node, out, (size_t)len);
		return;
	}
	if (chain.len)
		f.total = (uint16_t)((chain.len + FRAGMENT - 1) / FRAGMENT);
	while (f.number < f.total && t->sim.nodes[node].engine->sas) {
		size_t n = chain.len - at < FRAGMENT ? chain.len - at : FRAGMENT;

		f.number++;
		len = ike_skf_seal(&from->keys, from->initiator,
				   1000u + f.number, h, &f, first,
				   IKE_SLICE(chain.data + at, n), out,
				   sizeof(out));
		if (len < 0)
			abort();
		fuzz_deliver(t, node, out, (size_t)len);
		at += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ike_header h = { .version = 0x20 };
	struct ike_sa *sa, *peer;
	unsigned int stage, how, node = 1;
	struct fuzz_bench *t;

	if (size < 4 || size > MOST)
		return 0;
	stage = data[0] % N_STAGES;
	how = data[0] / (N_STAGES * N_SUITES);
	t = fuzz_bench_new();
	choose_suite(&t->sim, suites[data[0] / N_STAGES % N_SUITES],
		     how & ADD_KE);
	if (how & BY_CERT)
		use_certs(&t->sim);
	if (stage == HALF_OPEN && how & TO_INITIATOR)
		node = 0;
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	/* IKE_SA_INIT takes 10 ms. */
	sim_run(&t->sim, stage == HALF_OPEN ? 11 : 500);
	if (stage < HALF_OPEN && stages[stage].command)
		ike_engine_command(t->sim.nodes[1].engine, t->sim.now,
				   stages[stage].what, "beta");
	if (stage < HALF_OPEN && how & ADD_KE && stages[stage].what != IKE_CMD_DOWN)
		go_on(&t->sim, stage);
	sa = t->sim.nodes[node].engine->sas;
	peer = t->sim.nodes[!node].engine->sas;
	if (!sa || !peer ||
	    (stage == HALF_OPEN &&
	     sa->state != (node ? IKE_SA_HALF_OPEN : IKE_SA_AUTH_SENT)))
		abort();
	h.spi_i = sa->spi_i;
	h.spi_r = sa->spi_r;
	h.exchange = exchanges[data[1] % sizeof(exchanges)];
	h.flags = data[2] & IKE_FLAG_RESPONSE;
	if (node)
		h.flags |= IKE_FLAG_INITIATOR;
	h.message_id = h.flags & IKE_FLAG_RESPONSE ? sa->window.next_id :
						     sa->window.expected_id;
	send_all(t, node, peer, &h, data[3], IKE_SLICE(data + 4, size - 4),
		 how & IN_FRAGMENTS);
	fuzz_bench_free(t);
	return 0;
}
