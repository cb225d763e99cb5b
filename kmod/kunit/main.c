// SPDX-License-Identifier: GPL-2.0
/*
 * The module ipsvti_kunit: loading it runs the suites and writes KTAP to the
 * kernel log.
 */
#include <linux/module.h>
#include <linux/random.h>

#include "suites.h"

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed,
		 "seed of the random tests, to repeat a run; 0, a new one");

void ipsvti_rand_init(struct ipsvti_rand *rand, struct kunit *test)
{
	rand->state = seed ?: get_random_u64();
	kunit_info(test, "repeat with seed=%llu\n", rand->state);
}

kunit_test_suites(&ipsvti_seq_suite, &ipsvti_replay_suite, &ipsvti_esp_suite,
		  &ipsvti_mtu_suite, &ipsvti_ecn_suite, &ipsvti_alg_suite,
		  &ipsvti_limit_suite, &ipsvti_mss_suite,
		  &ipsvti_selector_suite, &ipsvti_gso_suite);

MODULE_DESCRIPTION("Tests of ipsvti's pure units");
MODULE_LICENSE("GPL");
