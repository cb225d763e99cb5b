// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of IKE SAs for those who read captures: handed out once for each IKE SA,
 * the same by both ends, and only to who asks.
 */
#include "testing.h"

#include "sim.h"

#define EXPORTS_MAX 8

static struct ike_sa_keys exported[SIM_NODES][EXPORTS_MAX];
static unsigned int exports[SIM_NODES];

static void export_keys(void *ctx, const struct ike_sa_keys *keys)
{
	const struct sim_node *node = ctx;

	assert_true(exports[node->index] < EXPORTS_MAX);
	exported[node->index][exports[node->index]++] = *keys;
}

static void both_ends_the_same(const char *suite, uint16_t encr_len,
			       uint16_t integ_len)
{
	char why[200];
	struct sim sim;
	unsigned int i;

	sim_init(&sim, "export", 1, false);
	for (i = 0; i < SIM_NODES; i++) {
		sim.nodes[i].env.export_keys = export_keys;
		exports[i] = 0;
		memset(&sim.nodes[i].config.ike, 0,
		       sizeof(sim.nodes[i].config.ike));
		assert_int_equal(ike_suite_parse(&sim.nodes[i].config.ike,
						 IKE_SUITE_IKE, suite, why,
						 sizeof(why)), 0);
	}
	sim_start(&sim, 1);
	sim_start(&sim, 0);
	sim_run(&sim, 1000);
	assert_true(sim_both_up(&sim));
	sim_command(&sim, 0, IKE_CMD_REKEY_IKE);
	sim_run(&sim, 1000);
	sim_command(&sim, 1, IKE_CMD_REKEY_IKE);
	sim_run(&sim, 1000);
	assert_false(sim.failed);
	assert_int_equal(exports[0], 3);
	assert_int_equal(exports[1], 3);
	for (i = 0; i < 3; i++) {
		const struct ike_sa_keys *keys = &exported[0][i];

		assert_memory_equal(keys, &exported[1][i], sizeof(*keys));
		assert_int_equal(keys->encr_len, encr_len);
		assert_int_equal(keys->integ_len, integ_len);
		assert_memory_not_equal(keys->ei, keys->er, encr_len);
		assert_true(keys->spi_i && keys->spi_r);
	}
	assert_memory_not_equal(exported[0][0].ei, exported[0][1].ei, encr_len);
	assert_memory_not_equal(exported[0][1].ei, exported[0][2].ei, encr_len);
	sim_free(&sim);
}

static void aead(void **state)
{
	(void)state;
	both_ends_the_same("aes256gcm16-prfsha384-x25519", 36, 0);
}

static void cbc_and_hmac(void **state)
{
	(void)state;
	both_ends_the_same("aes128-sha256-prfsha256-x25519", 16, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aead),
		cmocka_unit_test(cbc_and_hmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
