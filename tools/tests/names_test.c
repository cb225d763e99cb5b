// SPDX-License-Identifier: GPL-2.0-or-later
/* Every number has a name, and the spec's own. */
#include "tests.h"

#include <stdio.h>
#include <string.h>

#include "wire.h"
#include "libipsvti.h"

static void check_set(const struct wire_set *set)
{
	unsigned int i;

	for (i = 1; i <= set->max; i++) {
		if (!set->attrs[i].name)
			fail_msg("attribute %u has no name", i);
		if (set->attrs[i].nested)
			check_set(set->attrs[i].nested);
	}
}

static void attributes(void **state)
{
	(void)state;
	check_set(&wire_tunnel_set);
	check_set(&wire_pair_set);
	check_set(&wire_link_set);
}

/* The word behind "name:" of each line of the spec, between blanks. */
static void read_spec(char *words, size_t room)
{
	int status;

	status =
		run(words, room,
		    "sed -n 's/^ *name: \\([^ ]*\\)$/ \\1 /p' %s | tr -d '\\n'",
		    from_env("SPEC"));
	assert_int_equal(status, 0);
	assert_true(strlen(words) > 1000);
}

static void check_in_spec(const struct wire_set *set, const char *words)
{
	char word[64];
	unsigned int i;

	for (i = 1; i <= set->max; i++) {
		snprintf(word, sizeof(word), " %s ", set->attrs[i].name);
		assert_contains(words, word);
		if (set->attrs[i].nested)
			check_in_spec(set->attrs[i].nested, words);
	}
}

static void names_are_of_the_spec(void **state)
{
	static char words[16384];
	char word[64];
	unsigned int i;

	(void)state;
	read_spec(words, sizeof(words));
	check_in_spec(&wire_tunnel_set, words);
	check_in_spec(&wire_pair_set, words);
	check_in_spec(&wire_link_set, words);
#define CHECK(name, first, last)                               \
	for (i = first; i <= last; i++) {                      \
		assert_non_null(name(i));                      \
		snprintf(word, sizeof(word), " %s ", name(i)); \
		assert_contains(words, word);                  \
	}                                                      \
	assert_null(name(i))
	CHECK(ipsvti_alg_name, 1, IPSVTI_ALG_AES_CBC_256_HMAC_SHA1_96);
	CHECK(ipsvti_encap_name, 0, IPSVTI_ENCAP_UDP);
	CHECK(ipsvti_pair_state_name, 0, IPSVTI_PAIR_STATE_DRAINING);
	CHECK(ipsvti_activation_name, 0, IPSVTI_ACTIVATION_FIRST_RX);
	CHECK(ipsvti_reason_name, 0, IPSVTI_REASON_OWNER_GONE);
	CHECK(ipsvti_df_name, 0, IPSVTI_DF_CLEAR);
	CHECK(ipsvti_counter_name, 2, IPSVTI_A_COUNTERS_MAX);
#undef CHECK
	assert_null(ipsvti_counter_name(0));
	assert_null(ipsvti_counter_name(IPSVTI_A_COUNTERS_PAD));
}

static void algorithms(void **state)
{
	enum ipsvti_alg alg;

	(void)state;
	assert_true(ipsvti_alg_by_name("aes-gcm-16-256", &alg));
	assert_int_equal(alg, IPSVTI_ALG_AES_GCM_16_256);
	assert_int_equal(ipsvti_alg_key_len(alg), 32);
	assert_int_equal(ipsvti_alg_salt_len(alg), 4);
	assert_int_equal(ipsvti_alg_key_len(IPSVTI_ALG_AES_GCM_16_128), 16);
	assert_true(ipsvti_alg_by_name("aes-gcm-8-192", &alg));
	assert_int_equal(alg, IPSVTI_ALG_AES_GCM_8_192);
	assert_int_equal(ipsvti_alg_key_len(alg), 24);
	assert_true(ipsvti_alg_by_name("aes-cbc-256-hmac-sha2-512-256", &alg));
	assert_int_equal(alg, IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_512_256);
	assert_int_equal(ipsvti_alg_key_len(alg), IPSVTI_KEY_MAX);
	assert_int_equal(ipsvti_alg_salt_len(alg), 0);
	assert_false(ipsvti_alg_by_name("aes-gcm-16-25", &alg));
	assert_false(ipsvti_alg_by_name("", &alg));
	assert_int_equal(ipsvti_alg_key_len(0), 0);
	assert_int_equal(ipsvti_alg_key_len(1000), 0);
}

/* What is over, and what goes on: their names begin so, but for two. */
static void hard_reasons(void **state)
{
	enum ipsvti_reason i;

	(void)state;
	for (i = 0; ipsvti_reason_name(i); i++)
		assert_int_equal(ipsvti_reason_hard(i),
				 i == IPSVTI_REASON_SEQUENCE_EXHAUSTED ||
					 !strncmp(ipsvti_reason_name(i),
						  "hard-", 5));
	assert_false(ipsvti_reason_hard(i));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(attributes),
	cmocka_unit_test(names_are_of_the_spec),
	cmocka_unit_test(algorithms),
	cmocka_unit_test(hard_reasons),
};

SUITE(names_suite, tests);
