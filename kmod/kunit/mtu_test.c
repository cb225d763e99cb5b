// SPDX-License-Identifier: GPL-2.0
/*
 * The derived MTU: what AWS's table says, and what fits.
 */
#include "suites.h"

#include "../mtu.h"

static const struct ipsvti_esp_geometry gcm = { .iv_len = 8,
						.icv_len = 16,
						.align = 4 };
/* HMAC-SHA1-96, HMAC-SHA2-256-128, -384-192 and -512-256 behind AES-CBC */
static const struct ipsvti_esp_geometry cbc_96 = { .iv_len = 16,
						   .icv_len = 12,
						   .align = 16 };
static const struct ipsvti_esp_geometry cbc_128 = { .iv_len = 16,
						    .icv_len = 16,
						    .align = 16 };
static const struct ipsvti_esp_geometry cbc_192 = { .iv_len = 16,
						    .icv_len = 24,
						    .align = 16 };
static const struct ipsvti_esp_geometry cbc_256 = { .iv_len = 16,
						    .icv_len = 32,
						    .align = 16 };

static const struct ipsvti_esp_geometry *const all[] = { &gcm, &cbc_96,
							 &cbc_128, &cbc_192,
							 &cbc_256 };

/*
 * The table of AWS's guide for customer gateway devices: link MTU 1500, outer
 * IPv4, without and with NAT traversal; its MSS columns are 40 octets less for
 * IPv4 and 60 for IPv6.
 */
static void mtu_aws_table(struct kunit *test)
{
	static const struct {
		const struct ipsvti_esp_geometry *g;
		u32 mtu[2], mss4[2], mss6[2];
	} rows[] = {
		{ &gcm, { 1446, 1438 }, { 1406, 1398 }, { 1386, 1378 } },
		{ &cbc_96, { 1438, 1422 }, { 1398, 1382 }, { 1378, 1362 } },
		{ &cbc_128, { 1438, 1422 }, { 1398, 1382 }, { 1378, 1362 } },
		{ &cbc_192, { 1422, 1422 }, { 1382, 1382 }, { 1362, 1362 } },
		{ &cbc_256, { 1422, 1406 }, { 1382, 1366 }, { 1362, 1346 } },
	};
	u32 i, natt, mtu;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (natt = 0; natt < 2; natt++) {
			mtu = ipsvti_mtu_inner(1500, false, natt, rows[i].g);
			KUNIT_EXPECT_EQ_MSG(test, mtu, rows[i].mtu[natt],
					    "row %u natt %u", i, natt);
			KUNIT_EXPECT_EQ(test, mtu - 40, rows[i].mss4[natt]);
			KUNIT_EXPECT_EQ(test, mtu - 60, rows[i].mss6[natt]);
		}
	}
}

static void mtu_outer_ipv6(struct kunit *test)
{
	static const struct {
		const struct ipsvti_esp_geometry *g;
		u32 mtu[2];
	} rows[] = {
		{ &gcm, { 1426, 1418 } },     { &cbc_96, { 1422, 1406 } },
		{ &cbc_128, { 1406, 1406 } }, { &cbc_192, { 1406, 1390 } },
		{ &cbc_256, { 1390, 1390 } },
	};
	u32 i, natt, mtu;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (natt = 0; natt < 2; natt++) {
			mtu = ipsvti_mtu_inner(1500, true, natt, rows[i].g);
			KUNIT_EXPECT_EQ_MSG(test, mtu, rows[i].mtu[natt],
					    "row %u natt %u", i, natt);
		}
	}
}

/* The naive way: build the packet up octet by octet, as it will be sent. */
static u32 outer_packet(u32 inner, bool v6, bool natt,
			const struct ipsvti_esp_geometry *g)
{
	u32 clear, len = inner + 2;

	while (len % g->align)
		len++;
	clear = 4 + 4 + g->iv_len;
	len += clear + g->icv_len;
	if (natt)
		len += 8;
	return len + (v6 ? 40 : 20);
}

static void every_link(struct kunit *test, bool v6, bool natt,
		       const struct ipsvti_esp_geometry *g)
{
	u32 link, mtu, at_most, next;

	for (link = 0; link < 9300; link++) {
		mtu = ipsvti_mtu_inner(link, v6, natt, g);
		at_most = mtu ? outer_packet(mtu, v6, natt, g) : 0;
		next = outer_packet(mtu + 1, v6, natt, g);
		KUNIT_ASSERT_TRUE_MSG(test, at_most <= link, "link %u mtu %u",
				      link, mtu);
		KUNIT_ASSERT_TRUE_MSG(test, next > link, "link %u mtu %u", link,
				      mtu);
	}
}

static void mtu_is_the_longest_that_fits(struct kunit *test)
{
	u32 i, way;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (way = 0; way < 4; way++)
			every_link(test, way & 1, way & 2, all[i]);
}

static void mtu_of_a_link_too_small(struct kunit *test)
{
	/* 20 + 8 + 8 + 16 around, then one block of 4: two octets of packet */
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(0, false, false, &gcm), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(55, false, false, &gcm), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(56, false, false, &gcm), 2U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(75, true, false, &gcm), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(76, true, false, &gcm), 2U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(63, false, true, &gcm), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(64, false, true, &gcm), 2U);
	KUNIT_EXPECT_EQ(test, ipsvti_mtu_inner(65535, false, false, &gcm),
			65478U);
}

static struct kunit_case mtu_cases[] = {
	KUNIT_CASE(mtu_aws_table),
	KUNIT_CASE(mtu_outer_ipv6),
	KUNIT_CASE(mtu_is_the_longest_that_fits),
	KUNIT_CASE(mtu_of_a_link_too_small),
	{},
};

struct kunit_suite ipsvti_mtu_suite = {
	.name = "ipsvti_mtu",
	.test_cases = mtu_cases,
};
