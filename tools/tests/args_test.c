// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of the command line. */
#include "tests.h"

#include <arpa/inet.h>
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
	static char copy[4096];
	char *argv[256], *save, *word;
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

#define GOOD "vti0 in spi 256 out spi 257 alg aes-gcm-16-256 keys - "

static void check_range(const struct ipsvti_ts *ts, const char *start,
			const char *end)
{
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(ts->start.family, ts->end.family);
	inet_ntop(ts->start.family, &ts->start.v4, text, sizeof(text));
	assert_string_equal(text, start);
	inet_ntop(ts->end.family, &ts->end.v4, text, sizeof(text));
	assert_string_equal(text, end);
}

static void check_ports(const struct ipsvti_ts *ts, int protocol, int start,
			int end)
{
	const uint64_t ports = IPSVTI_HAS(IPSVTI_A_TS_START_PORT) |
			       IPSVTI_HAS(IPSVTI_A_TS_END_PORT);

	assert_true((ts->has & ports) == ports);
	assert_true(ts->has & IPSVTI_HAS(IPSVTI_A_TS_PROTOCOL));
	assert_int_equal(ts->protocol, protocol);
	assert_int_equal(ts->start_port, start);
	assert_int_equal(ts->end_port, end);
}

static void add_ts(void **state)
{
	const uint64_t local = IPSVTI_HAS(IPSVTI_A_SA_LOCAL_TS);
	const uint64_t remote = IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS);
	const struct ipsvti_ts *ts;
	struct sa_add add;
	struct ctl ctl;

	(void)state;
	assert_int_equal(
		parse(&ctl,
		      GOOD
		      "ts local 10.1.0.0/16 ts remote 10.2.0.7 ts out remote 10.3.0.1-10.3.0.9 proto tcp port 80-90",
		      &add),
		CTL_OK);
	assert_true((add.pair.in.has & (local | remote)) == (local | remote));
	assert_int_equal(add.pair.in.local_ts_count, 1);
	assert_int_equal(add.pair.in.remote_ts_count, 1);
	assert_int_equal(add.pair.out.local_ts_count, 1);
	assert_int_equal(add.pair.out.remote_ts_count, 2);
	check_range(&add.pair.in.local_ts[0], "10.1.0.0", "10.1.255.255");
	check_range(&add.pair.out.local_ts[0], "10.1.0.0", "10.1.255.255");
	check_range(&add.pair.out.remote_ts[0], "10.2.0.7", "10.2.0.7");
	assert_true(add.pair.out.remote_ts[0].has == 0);
	ts = &add.pair.out.remote_ts[1];
	check_range(ts, "10.3.0.1", "10.3.0.9");
	check_ports(ts, 6, 80, 90);

	assert_int_equal(
		parse(&ctl,
		      GOOD
		      "ts in local fd00:1::/63 proto icmpv6 type 128 ts in local any proto icmp type 3 code 1-4 ts in local 0.0.0.0/0 proto 1 type 0-8 "
		      "ts in local ::1-::2 proto esp port opaque ts in local 192.0.2.0/31 proto sctp port 0 ts in local any proto 99 ts in local any limit soft-bytes 1",
		      &add),
		CTL_OK);
	assert_true(add.pair.in.limits.soft_bytes == 1);
	assert_false(add.pair.in.has & remote);
	assert_false(add.pair.out.has & (local | remote));
	assert_int_equal(add.pair.in.local_ts_count, 7);
	ts = add.pair.in.local_ts;
	check_range(&ts[0], "fd00:1::", "fd00:1:0:1:ffff:ffff:ffff:ffff");
	check_ports(&ts[0], 58, 128 << 8, 128 << 8 | 255);
	assert_int_equal(ts[1].start.family, AF_UNSPEC);
	check_ports(&ts[1], 1, 3 << 8 | 1, 3 << 8 | 4);
	check_range(&ts[2], "0.0.0.0", "255.255.255.255");
	check_ports(&ts[2], 1, 0, 8 << 8 | 255);
	check_range(&ts[3], "::1", "::2");
	check_ports(&ts[3], 50, 65535, 0);
	check_range(&ts[4], "192.0.2.0", "192.0.2.1");
	check_ports(&ts[4], 132, 0, 0);
	assert_true(ts[5].has == IPSVTI_HAS(IPSVTI_A_TS_PROTOCOL));
	assert_int_equal(ts[5].protocol, 99);
	assert_true(ts[6].has == 0);
}

/* As many as there may be, and one more. */
static void add_many_ts(void **state)
{
	static char line[4096] = GOOD;
	struct sa_add add;
	struct ctl ctl;
	size_t i;

	(void)state;
	for (i = 0; i < IPSVTI_TS_MAX; i++)
		strcat(line, "ts local any ts out remote any ");
	assert_int_equal(parse(&ctl, line, &add), CTL_OK);
	assert_int_equal(add.pair.out.remote_ts_count, IPSVTI_TS_MAX);
	assert_int_equal(add.pair.in.remote_ts_count, 0);
	strcat(line, "ts in remote any ");
	assert_int_equal(parse(&ctl, line, &add), CTL_OK);
	strcat(line, "ts remote any");
	assert_int_equal(parse(&ctl, line, &add), CTL_USAGE);
	assert_contains(ctl.err.text, "more than 32 of one end");
}

/* What is wrong, and what the user is told. */
static void add_refused(void **state)
{
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
		{ GOOD "ts", "nothing after \"ts\": expected in or out, or local" },
		{ GOOD "ts in", "nothing after \"in\": expected local or remote" },
		{ GOOD "ts up", "\"up\" after \"ts\": expected in or out" },
		{ GOOD "ts in out local any", "\"out\" after \"ts\": expected local" },
		{ GOOD "ts local", "nothing after \"local\": expected an address" },
		{ GOOD "ts local 10.1.0.0/33", "expected an address, ADDR/LEN" },
		{ GOOD "ts local 10.1.0.0/", "expected an address, ADDR/LEN" },
		{ GOOD "ts local 10.1/16", "expected an address, ADDR/LEN" },
		{ GOOD "ts local ::/129", "expected an address, ADDR/LEN" },
		{ GOOD "ts local ::1-", "expected an address, ADDR/LEN" },
		{ GOOD "ts local 10.0.0.0/8-11.0.0.0", "expected an address" },
		{ GOOD "ts local 10.0.0.0-11.0.0.0/8", "expected an address" },
		{ GOOD "ts local 10.1.0.1/16", "bits behind the prefix" },
		{ GOOD "ts local fd00::1/127", "bits behind the prefix" },
		{ GOOD "ts local 10.0.0.0-::1", "different families" },
		{ GOOD "ts local 10.0.1.0-10.0.0.255", "last address is below" },
		{ GOOD "ts local fd00::2-fd00::1", "last address is below" },
		{ GOOD "ts remote any proto", "nothing after \"proto\"" },
		{ GOOD "ts remote any proto 0", "unknown protocol \"0\"" },
		{ GOOD "ts remote any proto 256", "unknown protocol \"256\"" },
		{ GOOD "ts remote any proto TCP", "unknown protocol \"TCP\"" },
		{ GOOD "ts remote any port 1", "\"port\" is not known here" },
		{ GOOD "ts remote any proto tcp port", "nothing after \"port\"" },
		{ GOOD "ts remote any proto tcp port 65536", "from 0 to 65535" },
		{ GOOD "ts remote any proto tcp port 9-8", "not above the last" },
		{ GOOD "ts remote any proto tcp port -8", "expected a number" },
		{ GOOD "ts remote any proto tcp port 8-", "expected a number" },
		{ GOOD "ts remote any proto tcp type 8", "no types" },
		{ GOOD "ts remote any proto icmp port 8", "expected \"type\"" },
		{ GOOD "ts remote any proto icmp type 256", "from 0 to 255" },
		{ GOOD "ts remote any proto icmp type 3 code 256", "from 0 to 255" },
		{ GOOD "ts remote any proto icmp type 3-4 code 1", "wants one type" },
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
	cmocka_unit_test(add_ts),
	cmocka_unit_test(add_many_ts),
	cmocka_unit_test(add_refused),
};

SUITE(args_suite, tests);
