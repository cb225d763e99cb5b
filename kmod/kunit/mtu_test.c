// SPDX-License-Identifier: GPL-2.0
/*
 * The derived MTU: what AWS's table says, and what fits.
 */
#include "suites.h"

#include "../alg.h"
#include "../mss.h"
#include "../mtu.h"

static const struct ipsvti_esp_geometry gcm = { .iv_len = 8,
						.icv_len = 16,
						.align = 4 };

static const struct ipsvti_esp_geometry *geometry(struct kunit *test, u32 alg)
{
	const struct ipsvti_transform *t = ipsvti_transform_find(alg);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	return &t->geometry;
}

/*
 * The table of AWS's guide for customer gateway devices: link MTU 1500, outer
 * IPv4, without and with NAT traversal, with its MSS columns.  Behind it what the
 * same formula gives for outer IPv6.  Keys of either length, as the table does not
 * tell them apart.
 */
static const struct {
	u32 alg[2];
	u32 mtu[2], mss4[2], mss6[2];
	u32 outer6[2];
} aws[] = {
	{ { IPSVTI_ALG_AES_GCM_16_128, IPSVTI_ALG_AES_GCM_16_256 },
	  { 1446, 1438 },
	  { 1406, 1398 },
	  { 1386, 1378 },
	  { 1426, 1418 } },
	{ { IPSVTI_ALG_AES_CBC_128_HMAC_SHA1_96,
	    IPSVTI_ALG_AES_CBC_256_HMAC_SHA1_96 },
	  { 1438, 1422 },
	  { 1398, 1382 },
	  { 1378, 1362 },
	  { 1422, 1406 } },
	{ { IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_256_128,
	    IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_256_128 },
	  { 1438, 1422 },
	  { 1398, 1382 },
	  { 1378, 1362 },
	  { 1406, 1406 } },
	{ { IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_384_192,
	    IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_384_192 },
	  { 1422, 1422 },
	  { 1382, 1382 },
	  { 1362, 1362 },
	  { 1406, 1390 } },
	{ { IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_512_256,
	    IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_512_256 },
	  { 1422, 1406 },
	  { 1382, 1366 },
	  { 1362, 1346 },
	  { 1390, 1390 } },
};

static void aws_row(struct kunit *test, u32 i, u32 natt, u32 bits)
{
	const struct ipsvti_esp_geometry *g = geometry(test, aws[i].alg[bits]);
	u32 mtu = ipsvti_mtu_inner(1500, false, natt, g);

	KUNIT_EXPECT_EQ_MSG(test, mtu, aws[i].mtu[natt], "row %u natt %u", i,
			    natt);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(mtu, false), aws[i].mss4[natt]);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(mtu, true), aws[i].mss6[natt]);
	KUNIT_EXPECT_EQ_MSG(test, ipsvti_mtu_inner(1500, true, natt, g),
			    aws[i].outer6[natt], "row %u natt %u", i, natt);
}

static void mtu_aws_table(struct kunit *test)
{
	u32 i, natt, bits;

	for (i = 0; i < ARRAY_SIZE(aws); i++)
		for (natt = 0; natt < 2; natt++)
			for (bits = 0; bits < 2; bits++)
				aws_row(test, i, natt, bits);
}

/* Those that AWS does not have, counted by hand: link 1500, outer IPv4 and IPv6. */
static void mtu_other_transforms(struct kunit *test)
{
	static const struct {
		u32 alg, v4[2], v6[2];
	} rows[] = {
		/* 1500 - 20 - 8 - 8 - 12 = 1452, less 2 */
		{ IPSVTI_ALG_AES_GCM_12_192, { 1450, 1442 }, { 1430, 1422 } },
		{ IPSVTI_ALG_AES_GCM_8_128, { 1454, 1446 }, { 1434, 1426 } },
		{ IPSVTI_ALG_CHACHA20_POLY1305, { 1446, 1438 }, { 1426, 1418 } },
		{ IPSVTI_ALG_AES_GMAC_256, { 1446, 1438 }, { 1426, 1418 } },
	};
	const struct ipsvti_esp_geometry *g;
	u32 i, natt;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		g = geometry(test, rows[i].alg);
		for (natt = 0; natt < 2; natt++) {
			KUNIT_EXPECT_EQ(test,
					ipsvti_mtu_inner(1500, false, natt, g),
					rows[i].v4[natt]);
			KUNIT_EXPECT_EQ(test,
					ipsvti_mtu_inner(1500, true, natt, g),
					rows[i].v6[natt]);
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
	const struct ipsvti_transform *t;
	u32 alg, way;

	for (alg = 1; (t = ipsvti_transform_find(alg)); alg++)
		for (way = 0; way < 4; way++)
			every_link(test, way & 1, way & 2, &t->geometry);
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
	KUNIT_CASE(mtu_other_transforms),
	KUNIT_CASE(mtu_is_the_longest_that_fits),
	KUNIT_CASE(mtu_of_a_link_too_small),
	{},
};

struct kunit_suite ipsvti_mtu_suite = {
	.name = "ipsvti_mtu",
	.test_cases = mtu_cases,
};
