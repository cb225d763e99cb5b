// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an authenticated peer may send: any payloads, properly protected.
 *
 * Input: what node 1 is doing (see stages[]) and by which suite, the exchange type,
 * whether it is a response, the type of the first payload, then the payloads.
 */
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

/* One for each way to protect a message. */
static const char *const suites[] = { "aes256gcm16-prfsha384-x25519",
				      "aes128-sha256-x25519",
				      "chacha20poly1305-prfsha256-x25519" };

#define N_SUITES (sizeof(suites) / sizeof(suites[0]))

static void choose_suite(struct sim *sim, const char *text)
{
	struct ike_suite suite = { 0 };
	char why[200];

	if (ike_suite_parse(&suite, IKE_SUITE_IKE, text, why, sizeof(why)))
		abort();
	for (unsigned int i = 0; i < SIM_NODES; i++)
		sim->nodes[i].config.ike = suite;
}

/* Also before IKE_AUTH: the keys are there, but not the trust. */
#define HALF_OPEN 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[4096 + IKE_SK_OVERHEAD];
	struct fuzz_bench *t;
	struct ike_header h = { .version = 0x20 };
	struct ike_sa *sa, *peer;
	unsigned int stage;
	int len;

	if (size < 4 || size > 4096)
		return 0;
	stage = data[0] % 5;
	t = fuzz_bench_new();
	choose_suite(&t->sim, suites[data[0] / 5 % N_SUITES]);
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, stage == HALF_OPEN ? 11 : 500);
	if (stage < 4 && stages[stage].command)
		ike_engine_command(t->sim.nodes[1].engine, t->sim.now,
				   stages[stage].what, "beta");
	sa = t->sim.nodes[1].engine->sas;
	peer = t->sim.nodes[0].engine->sas;
	if (!sa || !peer)
		abort();
	h.spi_i = sa->spi_i;
	h.spi_r = sa->spi_r;
	h.exchange = (uint8_t)(34 + data[1] % 5);
	h.flags = IKE_FLAG_INITIATOR | (data[2] & IKE_FLAG_RESPONSE);
	h.message_id = h.flags & IKE_FLAG_RESPONSE ? sa->window.next_id :
						     sa->window.expected_id;
	len = ike_sk_seal(&peer->keys, true, 1000, &h, data[3],
			  IKE_SLICE(data + 4, size - 4), out, sizeof(out));
	if (len < 0)
		abort();
	fuzz_deliver(t, 1, out, (size_t)len);
	fuzz_bench_free(t);
	return 0;
}
