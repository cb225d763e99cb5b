// SPDX-License-Identifier: GPL-2.0
/*
 * ECN: all sixteen combinations of RFC 6040, figure 4.
 */
#include "suites.h"

#include "../ecn.h"

#define N IPSVTI_ECN_NOT_ECT
#define E0 IPSVTI_ECN_ECT_0
#define E1 IPSVTI_ECN_ECT_1
#define CE IPSVTI_ECN_CE

#define OK IPSVTI_ECN_OK
#define LOG IPSVTI_ECN_LOG
#define DROP IPSVTI_ECN_DROP

/* RFC 3168, section 5: the values on the wire, which the names must have. */
static void ecn_code_points(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, N, 0);
	KUNIT_EXPECT_EQ(test, E1, 1);
	KUNIT_EXPECT_EQ(test, E0, 2);
	KUNIT_EXPECT_EQ(test, CE, 3);
}

static void ecn_decap_table(struct kunit *test)
{
	/* Row by row as the figure is printed: inner, outer, becomes, verdict. */
	static const u8 rows[16][4] = {
		{ N, N, N, OK },     { N, E0, N, LOG },	 { N, E1, N, LOG },
		{ N, CE, N, DROP },  { E0, N, E0, OK },	 { E0, E0, E0, OK },
		{ E0, E1, E1, OK },  { E0, CE, CE, OK }, { E1, N, E1, OK },
		{ E1, E0, E1, LOG }, { E1, E1, E1, OK }, { E1, CE, CE, OK },
		{ CE, N, CE, OK },   { CE, E0, CE, OK }, { CE, E1, CE, LOG },
		{ CE, CE, CE, OK },
	};
	u32 i, dscp, verdict;
	u8 got;

	for (i = 0; i < 16; i++) {
		const u8 *row = rows[i];

		/* The outer DSCP changes nothing, the inner one stays. */
		for (dscp = 0; dscp < 64; dscp++) {
			got = 0xff;
			verdict = ipsvti_ecn_decap((63 - dscp) << 2 | row[1],
						   dscp << 2 | row[0], &got);
			KUNIT_EXPECT_EQ_MSG(test, verdict, row[3],
					    "inner %u outer %u", row[0],
					    row[1]);
			KUNIT_EXPECT_EQ_MSG(test, got, dscp << 2 | row[2],
					    "inner %u outer %u", row[0],
					    row[1]);
		}
	}
}

static void ecn_encap_copies(struct kunit *test)
{
	u32 outer, inner;

	for (outer = 0; outer < 256; outer++)
		for (inner = 0; inner < 256; inner++)
			KUNIT_ASSERT_EQ(test, ipsvti_ecn_encap(outer, inner),
					outer / 4 * 4 + inner % 4);
}

/* A packet that meets no congestion arrives as it was sent. */
static void ecn_there_and_back(struct kunit *test)
{
	u32 tos;
	u8 got;

	for (tos = 0; tos < 256; tos++) {
		KUNIT_EXPECT_EQ(test,
				ipsvti_ecn_decap(ipsvti_ecn_encap(0, tos), tos,
						 &got),
				OK);
		KUNIT_EXPECT_EQ(test, got, tos);
	}
}

static struct kunit_case ecn_cases[] = {
	KUNIT_CASE(ecn_code_points),
	KUNIT_CASE(ecn_decap_table),
	KUNIT_CASE(ecn_encap_copies),
	KUNIT_CASE(ecn_there_and_back),
	{},
};

struct kunit_suite ipsvti_ecn_suite = {
	.name = "ipsvti_ecn",
	.test_cases = ecn_cases,
};
