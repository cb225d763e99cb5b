// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic selectors, addresses and identities.
 */
#include "testing.h"

#include "ts.h"

static struct ike_ts_set set_of(const char *a, const char *b)
{
	struct ike_ts_set set = { .n = 0 };

	assert_int_equal(ike_ts_parse(&set.ts[set.n++], a), 0);
	if (b)
		assert_int_equal(ike_ts_parse(&set.ts[set.n++], b), 0);
	return set;
}

/* The body of a TS payload, behind its count. */
static struct ike_slice wire(const struct ike_ts_set *set)
{
	static uint8_t buf[512];
	struct ike_builder b;

	ike_build_start(&b, buf, sizeof(buf));
	ike_build_ts(&b, IKE_PAYLOAD_TSI, set);
	return IKE_SLICE(buf + 8, b.w.len - 8);
}

static const char *narrowed(struct ike_ts_set ours, struct ike_ts_set theirs)
{
	static char text[256];
	struct ike_ts_set out;

	if (!ike_ts_narrow(&out, &ours, wire(&theirs)))
		return "nothing";
	return ike_ts_format(&out, text, sizeof(text));
}

static void narrowing(void **state)
{
	struct ike_ts_set any, ports;

	(void)state;
	ike_ts_any(&any);
	assert_string_equal(narrowed(any, any), "0.0.0.0/0 ::/0");
	/* A peer of one family only. */
	assert_string_equal(narrowed(any, set_of("0.0.0.0/0", NULL)),
			    "0.0.0.0/0");
	assert_string_equal(narrowed(any, set_of("10.1.0.0/16", "fd00::/8")),
			    "10.1.0.0/16 fd00::/8");
	assert_string_equal(narrowed(set_of("10.1.2.0/24", NULL),
				     set_of("10.1.0.0/16", NULL)),
			    "10.1.2.0/24");
	assert_string_equal(narrowed(set_of("10.1.2.0/24", NULL),
				     set_of("10.2.0.0/16", NULL)),
			    "nothing");
	assert_string_equal(narrowed(set_of("::/0", NULL),
				     set_of("0.0.0.0/0", NULL)),
			    "nothing");
	/* Twice the same is once. */
	assert_string_equal(narrowed(any, set_of("10.0.0.1", "10.0.0.1")),
			    "10.0.0.1/32");

	ports = any;
	ports.ts[0].protocol = 6;
	ports.ts[0].start_port = ports.ts[0].end_port = 179;
	ports.n = 1;
	assert_string_equal(narrowed(any, ports), "0.0.0.0/0[tcp/179]");
	/* OPAQUE. */
	ports.ts[0].start_port = 65535;
	ports.ts[0].end_port = 0;
	assert_string_equal(narrowed(any, ports), "nothing");
	/* Ports of what has none (section 3.13.1). */
	ports = set_of("10.0.0.0/8", NULL);
	ports.ts[0].start_port = 80;
	assert_string_equal(narrowed(any, ports), "nothing");
	ports.ts[0].protocol = 47;
	assert_string_equal(narrowed(any, ports), "nothing");
}

static void ends(void **state)
{
	struct ike_ts_set any, other;

	(void)state;
	ike_ts_any(&any);
	assert_true(ike_ts_all(&any));
	other = set_of("::/0", "0.0.0.0/0");
	assert_true(ike_ts_all(&other));
	assert_true(ike_ts_same(&other, &any));
	other = set_of("::/0", NULL);
	assert_false(ike_ts_same(&other, &any));
	assert_false(ike_ts_same(&any, &other));
	other = set_of("0.0.0.0/0", "0.0.0.0/0");
	assert_false(ike_ts_all(&other));
	other = set_of("0.0.0.0/0[tcp]", "::/0");
	assert_false(ike_ts_all(&other));
	assert_true(ike_ts_meet(&any, &other));
	other = set_of("10.0.0.0/8", NULL);
	assert_true(ike_ts_meet(&any, &other));
	any = set_of("fd00::/8", NULL);
	assert_false(ike_ts_meet(&any, &other));
}

static void answers(void **state)
{
	struct ike_ts_set any, out, part = set_of("10.0.0.0/8", NULL);

	(void)state;
	ike_ts_any(&any);
	assert_true(ike_ts_within(&out, &any, wire(&any)));
	assert_int_equal(out.n, 2);
	assert_true(ike_ts_within(&out, &any, wire(&part)));
	assert_int_equal(out.n, 1);
	/* More than was offered. */
	assert_false(ike_ts_within(&out, &part, wire(&any)));
}

static void one_covers_another(void **state)
{
	struct ike_ts_set any, two = set_of("10.1.0.0/16", "10.2.0.0/16");
	struct ike_ts_set one = set_of("10.1.7.0/24", NULL), tcp;

	(void)state;
	ike_ts_any(&any);
	assert_true(ike_ts_covers(&any, &two));
	assert_true(ike_ts_covers(&two, &two));
	assert_true(ike_ts_covers(&two, &one));
	assert_false(ike_ts_covers(&one, &two));
	assert_false(ike_ts_covers(&two, &any));
	tcp = set_of("10.1.7.0/24[tcp/80]", NULL);
	assert_true(ike_ts_covers(&one, &tcp));
	assert_false(ike_ts_covers(&tcp, &one));
}

static void unknown_types_are_skipped(void **state)
{
	struct ike_ts_set any, out;
	uint8_t raw[64];
	size_t n = unhex("09000008aabbccdd"
			 "070000100000ffff0a0000000affffff",
			 raw);

	(void)state;
	ike_ts_any(&any);
	assert_true(ike_ts_narrow(&out, &any, IKE_SLICE(raw, n)));
	assert_int_equal(out.n, 1);
	/* But not in an answer. */
	assert_false(ike_ts_within(&out, &any, IKE_SLICE(raw, n)));
}

static void texts(void **state)
{
	static const char *const bad_ts[] = { "", "/8", "10.0.0.0/33",
					      "10.0.0.0/", "10.0.0.0/8x",
					      "10.0.0.0/-1", "::/129", "x",
					      "10.0.0.1/8", "fd00::1/64",
					      "10.0.0.2-10.0.0.1", "10.0.0.1-",
					      "10.0.0.1-fd00::1", "10.0.0.1-10.0.0.2/31",
					      "10.0.0.0/8[", "10.0.0.0/8[]",
					      "10.0.0.0/8[tcp", "10.0.0.0/8[tcp]x",
					      "10.0.0.0/8[0]", "10.0.0.0/8[256]",
					      "10.0.0.0/8[tcp/]",
					      "10.0.0.0/8[tcp/65536]",
					      "10.0.0.0/8[tcp/2-1]",
					      "10.0.0.0/8[gre/1]",
					      "10.0.0.0/8[icmp/256]",
					      "[tcp]" };
	static const char *const good_ts[] = {
		"10.0.0.0/8", "10.0.0.1/32", "::/0", "fd00:1::/32",
		"10.0.0.1-10.0.0.9", "fd00::1-fd00::3", "10.0.0.0/8[tcp]",
		"10.0.0.0/8[tcp/443]", "10.0.0.0/8[udp/1000-2000]",
		"10.0.0.0/8[icmp/8]", "fd00::/8[icmpv6/128-129]",
		"0.0.0.0/0[200]", "10.0.0.0/8[tcp/0]",
	};
	static const struct {
		const char *text, *back;
		uint8_t type;
	} ids[] = {
		{ "192.0.2.1", "192.0.2.1", IKE_ID_IPV4_ADDR },
		{ "2001:db8::1", "2001:db8::1", IKE_ID_IPV6_ADDR },
		{ "gw.example", "gw.example", IKE_ID_FQDN },
		{ "@gw.example", "gw.example", IKE_ID_FQDN },
		{ "me@example", "me@example", IKE_ID_RFC822_ADDR },
		{ "#00ff", "#00ff", IKE_ID_KEY_ID },
	};
	struct ike_identity id = { .type = IKE_ID_FQDN, .len = 255 };
	struct ike_ts ts;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad_ts) / sizeof(bad_ts[0]); i++)
		assert_int_not_equal(ike_ts_parse(&ts, bad_ts[i]), 0);
	for (size_t i = 0; i < sizeof(good_ts) / sizeof(good_ts[0]); i++) {
		assert_int_equal(ike_ts_parse(&ts, good_ts[i]), 0);
		assert_string_equal(ike_ts_format_one(&ts, text, sizeof(text)),
				    good_ts[i]);
	}
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(ike_identity_parse(&id, ids[i].text), 0);
		assert_int_equal(id.type, ids[i].type);
		assert_string_equal(ike_identity_format(&id, text,
							sizeof(text)),
				    ids[i].back);
	}
	assert_int_not_equal(ike_identity_parse(&id, ""), 0);
	assert_int_not_equal(ike_identity_parse(&id, "#0"), 0);
	assert_int_not_equal(ike_identity_parse(&id, "a b"), 0);
	/* What a peer says may be anything. */
	id.type = IKE_ID_FQDN;
	id.len = 3;
	memcpy(id.data, "a\n\"", 3);
	assert_string_equal(ike_identity_format(&id, text, sizeof(text)),
			    "a\\x0a\\x22");
	for (size_t len = 1; len < sizeof(text); len++) {
		char *exact = malloc(len);

		id.len = 255;
		ike_identity_format(&id, exact, len);
		assert_true(strlen(exact) < len);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrowing),
		cmocka_unit_test(ends),
		cmocka_unit_test(answers),
		cmocka_unit_test(one_covers_another),
		cmocka_unit_test(unknown_types_are_skipped),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
