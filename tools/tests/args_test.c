// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of the command line. */
#include "tests.h"

#include <stdio.h>
#include <string.h>

#include "args.h"
#include "sa_add.h"

static void numbers(void **state)
{
	static const char *const bad[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"01",
		"0100",
		"0128",
		"1.",
		"1k",
		"0x",
		"x1",
		"0xg",
		"1e3",
		"4096x",
		"63",
		"4097",
		"99999999999999999999",
		"0x100000000000000000040",
		"4294967360", /* 64 beyond 32 bits */
	};
	uint32_t number;
	size_t i;

	(void)state;
	assert_true(parse_number("64", 64, 4096, &number));
	assert_int_equal(number, 64);
	assert_true(parse_number("0x1000", 64, 4096, &number));
	assert_int_equal(number, 4096);
	assert_true(parse_number("0XfF", 0, 4096, &number));
	assert_int_equal(number, 255);
	assert_true(parse_number("0", 0, 1, &number));
	assert_int_equal(number, 0);
	assert_true(parse_number("4294967295", 1, UINT32_MAX, &number));
	assert_true(number == UINT32_MAX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		number = 77;
		if (parse_number(bad[i], 64, 4096, &number))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(number, 77);
	}
}

static void wide_numbers(void **state)
{
	uint64_t number = 77;

	(void)state;
	assert_true(parse_number64("18446744073709551615", 1, UINT64_MAX,
				   &number));
	assert_true(number == UINT64_MAX);
	assert_true(parse_number64("0xffffffffffffffff", 1, UINT64_MAX,
				   &number));
	assert_true(number == UINT64_MAX);
	number = 77;
	assert_false(parse_number64("18446744073709551616", 1, UINT64_MAX,
				    &number));
	assert_false(parse_number64("0", 1, UINT64_MAX, &number));
	assert_true(number == 77);
}

/* Cuts a line into words and parses them. */
static enum ctl_status parse(struct ctl *ctl, const char *line,
			     struct sa_add *add)
{
	static char copy[512];
	char *argv[32], *save, *word;
	int argc = 0;

	memset(ctl, 0, sizeof(*ctl));
	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return sa_add_parse(ctl, argc, argv, add);
}

static void add_least(void **state)
{
	struct sa_add add;
	struct ctl ctl;

	(void)state;
	assert_int_equal(
		parse(&ctl,
		      "vti0 in spi 0x100 out spi 4294967295 alg aes-gcm-16-128 keys -",
		      &add),
		CTL_OK);
	assert_string_equal(add.device, "vti0");
	assert_string_equal(add.keys, "-");
	assert_int_equal(add.pair.in.spi, 256);
	assert_true(add.pair.out.spi == UINT32_MAX);
	assert_int_equal(add.pair.in.alg, IPSVTI_ALG_AES_GCM_16_128);
	assert_int_equal(add.pair.out.alg, IPSVTI_ALG_AES_GCM_16_128);
	assert_int_equal(add.pair.activation, IPSVTI_ACTIVATION_NOW);
	assert_true(add.pair.has == (IPSVTI_HAS(IPSVTI_A_PAIR_ACTIVATION) |
				     IPSVTI_HAS(IPSVTI_A_PAIR_IN) |
				     IPSVTI_HAS(IPSVTI_A_PAIR_OUT)));
	assert_true(add.pair.in.has == (IPSVTI_HAS(IPSVTI_A_SA_SPI) |
					IPSVTI_HAS(IPSVTI_A_SA_ALG)));
	assert_false(add.pair.in.esn || add.pair.out.esn);
	assert_false(add.pair.allow_legacy);
}

static void add_all(void **state)
{
	struct sa_add add;
	struct ctl ctl;

	(void)state;
	assert_int_equal(
		parse(&ctl,
		      "vti0 pair 12 esn allow-legacy no-follow keys k replay-window 0x400 activate first-rx dport 4501 sport 4500 encap udp alg aes-gcm-16-256 out spi 257 in spi 256",
		      &add),
		CTL_OK);
	assert_int_equal(add.pair.id, 12);
	assert_int_equal(add.pair.in.replay_window, 1024);
	assert_false(add.pair.out.has & IPSVTI_HAS(IPSVTI_A_SA_REPLAY_WINDOW));
	assert_true(add.pair.in.esn && add.pair.out.esn);
	assert_true(add.pair.allow_legacy);
	assert_true(add.pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_ALLOW_LEGACY));
	assert_false(add.pair.encap_follow);
	assert_true(add.pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_FOLLOW));
	assert_true(add.pair.in.has & add.pair.out.has &
		    IPSVTI_HAS(IPSVTI_A_SA_ESN));
	assert_int_equal(add.pair.activation, IPSVTI_ACTIVATION_FIRST_RX);
	assert_int_equal(add.pair.encap, IPSVTI_ENCAP_UDP);
	assert_int_equal(add.pair.encap_sport, 4500);
	assert_int_equal(add.pair.encap_dport, 4501);
	assert_true(add.pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_PAIR_ID));
	assert_true(add.pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_DPORT));
}

static void add_limits(void **state)
{
	const uint64_t bit = IPSVTI_HAS(IPSVTI_A_SA_LIMITS);
	struct sa_add add;
	struct ctl ctl;

	(void)state;
	assert_int_equal(
		parse(&ctl,
		      "vti0 limit hard-packets 7 in spi 256 limit in soft-bytes 0x100000000 out spi 257 alg aes-gcm-16-128 keys - limit out hard-seconds 4294967295",
		      &add),
		CTL_OK);
	assert_true(add.pair.in.has & add.pair.out.has & bit);
	assert_true(add.pair.in.limits.has ==
		    (IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_PACKETS) |
		     IPSVTI_HAS(IPSVTI_A_LIMITS_SOFT_BYTES)));
	assert_true(add.pair.out.limits.has ==
		    (IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_PACKETS) |
		     IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_SECONDS)));
	assert_true(add.pair.in.limits.hard_packets == 7);
	assert_true(add.pair.out.limits.hard_packets == 7);
	assert_true(add.pair.in.limits.soft_bytes == 0x100000000);
	assert_true(add.pair.out.limits.hard_seconds == UINT32_MAX);

	assert_int_equal(
		parse(&ctl,
		      "vti0 in spi 256 out spi 257 alg aes-gcm-16-128 keys - limit out soft-seconds 1",
		      &add),
		CTL_OK);
	assert_false(add.pair.in.has & bit);
	assert_true(add.pair.out.has & bit);
	assert_int_equal(add.pair.out.limits.soft_seconds, 1);
}

/* What is wrong, and what the user is told. */
static void add_refused(void **state)
{
#define GOOD "vti0 in spi 256 out spi 257 alg aes-gcm-16-256 keys - "
	static const struct {
		const char *line;
		const char *text;
	} bad[] = {
		{ "", "expected the name of a device" },
		{ "vti0", "expected \"in spi NUMBER\"" },
		{ "vti0 in spi 256 alg aes-gcm-16-256 keys -",
		  "expected \"out spi NUMBER\"" },
		{ "vti0 in spi 256 out spi 257 keys -",
		  "expected \"alg NAME\"" },
		{ "vti0 in spi 256 out spi 257 alg aes-gcm-16-256",
		  "expected \"keys FILE\"" },
		{ "vti0 in", "nothing after \"in\": expected \"spi\"" },
		{ "vti0 in 256", "expected \"spi\" and a number" },
		{ "vti0 in spi", "nothing after \"spi\"" },
		{ "vti0 in spi 255",
		  "expected a number from 256 to 4294967295" },
		{ "vti0 out spi 0x100000000", "from 256 to 4294967295" },
		{ "vti0 alg", "expected the name of an algorithm" },
		{ "vti0 alg aes-gcm",
		  "unknown algorithm \"aes-gcm\": \"sa add --help\" lists" },
		{ "vti0 keys", "a file, or - for standard input" },
		{ GOOD "encap tcp", "expected udp or none" },
		{ GOOD "encap udp", "\"sport NUMBER\" and \"dport NUMBER\"" },
		{ GOOD "encap udp sport 4500", "\"dport NUMBER\"" },
		{ GOOD "encap udp sport 0 dport 1", "from 1 to 65535" },
		{ GOOD "encap udp sport 1 dport 65536", "from 1 to 65535" },
		{ GOOD "sport 4500", "go with \"encap udp\"" },
		{ GOOD "encap none dport 4500", "go with \"encap udp\"" },
		{ GOOD "no-follow", "\"no-follow\" goes with \"encap udp\"" },
		{ GOOD "activate later", "expected now, manual or first-rx" },
		{ GOOD "replay-window 32", "from 64 to 65536" },
		{ GOOD "esn on", "\"on\" is not known here" },
		{ GOOD "esn esn", "\"esn\" is there twice" },
		{ GOOD "pair 0", "from 1 to" },
		{ GOOD "in spi 300", "\"in\" is there twice" },
		{ GOOD "keys other", "\"keys\" is there twice" },
		{ GOOD "key 0x0011", "\"key\" is not known here" },
		{ GOOD "limit", "nothing after \"limit\": expected in or out" },
		{ GOOD "limit in", "nothing after \"in\": expected soft-" },
		{ GOOD "limit in out", "\"out\" after \"limit\"" },
		{ GOOD "limit bytes 5",
		  "\"bytes\" after \"limit\": expected in or out, or soft-" },
		{ GOOD "limit used-bytes 5", "\"used-bytes\" after \"limit\"" },
		{ GOOD "limit soft-bytes", "nothing after \"soft-bytes\"" },
		{ GOOD "limit soft-bytes 0",
		  "expected a number from 1 to 18446744073709551615" },
		{ GOOD "limit out hard-packets 18446744073709551616",
		  "from 1 to 18446744073709551615" },
		{ GOOD "limit hard-seconds 4294967296", "from 1 to 4294967295" },
		{ GOOD "limit in hard-bytes 9 limit hard-bytes 9",
		  "hard-bytes of \"in\" is there twice" },
	};
	struct sa_add add;
	struct ctl ctl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(&ctl, bad[i].line, &add) != CTL_USAGE)
			fail_msg("\"%s\" was taken", bad[i].line);
		assert_contains(ctl.err.text, bad[i].text);
		assert_false(ctl.err.refused);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(numbers),
	cmocka_unit_test(wide_numbers),
	cmocka_unit_test(add_least),
	cmocka_unit_test(add_all),
	cmocka_unit_test(add_limits),
	cmocka_unit_test(add_refused),
};

SUITE(args_suite, tests);
