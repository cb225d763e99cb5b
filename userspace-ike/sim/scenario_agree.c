// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What two ends agree on, or do not.
 */
#include "scenario.h"

void scenario_establish(struct sim *sim)
{
	share_perhaps(sim);
	sim_net_random(sim, 40);
	start_both(sim);
	sim_run(sim, 20000);
	converge(sim);
}

void scenario_suites(struct sim *sim)
{
	static const char *const ike[] = {
		"aes128gcm16-prfsha256-ecp256",
		"aes256gcm16-prfsha512-ecp521",
		"aes256gcm16-aes192gcm12-prfsha384-ecp384",
		"aes128gcm16-aes256gcm16-prfsha256-prfsha512-modp2048",
		"aes256gcm8-prfsha256-x25519",
		"aes128gcm12-prfsha384-modp3072",
		"chacha20poly1305-prfsha256-x25519",
		"aes128-sha1-modp2048",
		"aes128-aes256-sha256-sha1-x25519-ecp256",
		"aes256-sha384-ecp384",
		"aes256-sha512-prfsha256-x25519",
	};
	static const char *const esp[] = {
		"aes128gcm16",
		"aes192gcm16-aes256gcm8-x25519",
		"aes256gcm12-ecp256-esn",
		"chacha20poly1305-noesn-esn",
		"chacha20poly1305-x25519-noesn",
		"aes128gmac-aes256gmac",
		"aes192gmac-x25519-noesn",
		"aes128-sha256-noesn",
		"aes256-sha384-x25519",
		"aes256-aes128-sha512-sha256-esn",
		"aes128-aes256-sha1-ecp256",
	};

	random_suite(sim, IKE_SUITE_IKE, ike, sizeof(ike) / sizeof(ike[0]));
	random_suite(sim, IKE_SUITE_ESP, esp, sizeof(esp) / sizeof(esp[0]));
	establish(sim, 10);
	command_in(sim, 1000, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	command_in(sim, 9000, sim_below(&sim->rng, 2), IKE_CMD_REKEY_CHILD);
	sim_run(sim, 10000);
	converge(sim);
}

/* Whether by initiators that want it or not, with PFS or not, both at once or not. */
void scenario_childless(struct sim *sim)
{
	bool at_once = sim_chance(&sim->rng, 50);

	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim->nodes[i].config.childless = i == 0 ||
						 sim_chance(&sim->rng, 50);
	if (at_once)
		sim->nodes[1].config.start = IKE_START_ALWAYS;
	share_perhaps(sim);
	sim_net_random(sim, 25);
	start_both(sim);
	sim_run(sim, 20000);
	if (sim_chance(&sim->rng, 50))
		command_in(sim, 3000, sim_below(&sim->rng, 2), IKE_CMD_REAUTH);
	else if (sim_chance(&sim->rng, 50))
		command_in(sim, 3000, sim_below(&sim->rng, 2),
			   IKE_CMD_REKEY_IKE);
	sim_run(sim, 5000);
	converge(sim);
}

void scenario_both_initiate(struct sim *sim)
{
	sim->nodes[1].config.start = IKE_START_ALWAYS;
	sim_net_random(sim, 30);
	start_both(sim);
	sim_run(sim, 20000);
	converge(sim);
}

static void add_ts(struct ike_ts *list, uint8_t *n, const char *text)
{
	if (ike_ts_parse(&list[(*n)++], text))
		abort();
}

/* Lists that are not the same at both ends; what both agree on stays so. */
void scenario_selectors(struct sim *sim)
{
	struct ike_tunnel_config *a = &sim->nodes[0].config;
	struct ike_tunnel_config *b = &sim->nodes[1].config;
	const struct sim_pair *pair;

	add_ts(a->local_ts, &a->n_local_ts, "10.1.0.0/16");
	add_ts(a->local_ts, &a->n_local_ts, "10.3.0.0/16[tcp]");
	add_ts(a->local_ts, &a->n_local_ts, "fd00:1::/32");
	add_ts(b->remote_ts, &b->n_remote_ts, "10.3.0.0/24");
	add_ts(b->remote_ts, &b->n_remote_ts, "10.1.7.0/24");
	add_ts(b->local_ts, &b->n_local_ts, "10.2.0.0/16");
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].config.child_lifetime_s = 20;
		sim->nodes[i].config.ike_lifetime_s = 50;
	}
	start_both(sim);
	sim->traffic = true;
	if (!sim_run_until(sim, 30000, sim_both_up)) {
		sim_fail(sim, "not up after 30 s");
		return;
	}
	sim_net_random(sim, 5);
	sim_run(sim, 100000);
	if (sim->nodes[0].counts[IKE_EVENT_CHILD_SA_REKEYED] < 2)
		sim_fail(sim, "CHILD SAs were not rekeyed");
	pair = sim_kernel_active(&sim->nodes[0].kernel);
	/* Nothing of the other family at the peer's end, so nothing of it here. */
	if (pair && (pair->info.n_local_ts != 2 || pair->info.n_remote_ts != 1 ||
		     pair->info.remote_ts[0].end[1] != 2))
		sim_fail(sim, "other selectors than what both have in common");
}

void scenario_wrong_psk(struct sim *sim)
{
	sim->nodes[1].psk = "another secret altogether";
	sim_net_random(sim, 10);
	start_both(sim);
	sim_run(sim, 120000);
	if (sim->nodes[0].up || sim->nodes[1].up)
		sim_fail(sim, "up with different keys");
	if (sim->nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED] < 4 ||
	    sim->nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED] > 20)
		sim_fail(sim, "%u tries in two minutes",
			 sim->nodes[0].counts[IKE_EVENT_NEGOTIATION_FAILED]);
}

/* Two gateways of one authority, each below another intermediate. */
static const struct cert_store *certs_of(unsigned int node)
{
	static const char *const subs[] = { "CN=Sub A", "CN=Sub B" };
	static const char *const gws[] = { "CN=gw-a", "CN=gw-b" };
	static const char *const dns[] = { "DNS:a.example", "DNS:b.example" };
	static struct cert_store *stores[SIM_NODES];
	struct pki *root, *sub, *gw;

	if (stores[node])
		return stores[node];
	root = pki_new(&(struct pki_spec){ .name = "CN=Root",
					   .constraints = "CA:TRUE" });
	/* Its own IKE_AUTH takes four fragments. */
	sub = pki_new(&(struct pki_spec){ .name = subs[node],
					  .issuer = root,
					  .constraints = "CA:TRUE",
					  .padding = 3000 });
	gw = pki_new(&(struct pki_spec){ .name = gws[node],
					 .issuer = sub,
					 .names = dns[node],
					 .usage = "digitalSignature" });
	stores[node] = pki_store(gw, sub, root);
	pki_free(gw);
	pki_free(sub);
	pki_free(root);
	return stores[node];
}

/* Each end shows a certificate or knows a key, whatever the other does. */
void scenario_certificates(struct sim *sim)
{
	static const char *const ike[] = { "aes256gcm16-prfsha384-x25519",
					   "aes128-sha512-x25519",
					   "aes256-sha256-ecp256" };
	uint32_t who = 1 + sim_below(&sim->rng, 3);

	/* Fragments are to be as long as may be with padding, too. */
	random_suite(sim, IKE_SUITE_IKE, ike, 3);
	for (unsigned int i = 0; i < SIM_NODES; i++) {
		sim->nodes[i].certs = certs_of(i);
		if (!(who & 1u << i))
			continue;
		sim->nodes[i].config.local_auth = IKE_AUTH_BY_CERT;
		sim->nodes[!i].config.remote_auth = IKE_AUTH_BY_CERT;
	}
	if (sim_chance(&sim->rng, 30))
		sim->nodes[1].config.start = IKE_START_ALWAYS;
	sim_net_random(sim, 25);
	start_both(sim);
	sim_run(sim, 20000);
	command_in(sim, 300, sim_below(&sim->rng, 2), IKE_CMD_REKEY_IKE);
	converge(sim);
	if (sim->fragments < 4)
		sim_fail(sim, "the chain was not sent in fragments");
}
