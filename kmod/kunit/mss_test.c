// SPDX-License-Identifier: GPL-2.0
/*
 * The MSS option: found where it is, in options as they come and as they should not.
 */
#include "suites.h"

#include "../mss.h"

static const struct {
	u8 options[40];
	u32 len;
	int at;
} table[] = {
	/* as Linux, BSD and others send them */
	{ { 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7 },
	  20,
	  2 },
	{ { 2, 4, 5, 0xb4 }, 4, 2 },
	{ { 1, 2, 4, 5, 0xb4, 0, 0, 0 }, 8, 3 },
	{ { 1, 1, 1, 2, 4, 5, 0xb4, 0 }, 8, 5 },
	{ { 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 2, 4, 5, 0xb4 }, 14, 12 },
	/* the first of two */
	{ { 2, 4, 5, 0xb4, 2, 4, 2, 0 }, 8, 2 },
	/* none */
	{ { 0 }, 0, -1 },
	{ { 1, 1, 1, 1 }, 4, -1 },
	{ { 4, 2, 1, 1 }, 4, -1 },
	/* what follows the end is no option */
	{ { 0, 2, 4, 5, 0xb4 }, 5, -1 },
	{ { 2, 4, 5, 0xb4, 0, 77, 0, 0 }, 8, 2 },
	/* what looks like one inside of another is none */
	{ { 253, 6, 2, 4, 5, 0xb4, 1, 1 }, 8, -1 },
	/* lengths that cannot be, before and behind it */
	{ { 3, 0, 2, 4, 5, 0xb4 }, 6, -1 },
	{ { 3, 1, 2, 4, 5, 0xb4 }, 6, -1 },
	{ { 2, 3, 5, 1 }, 4, -1 },
	{ { 2, 5, 5, 0xb4, 0 }, 5, -1 },
	{ { 2, 4, 5, 0xb4, 3 }, 5, -1 },
	{ { 2, 4, 5, 0xb4, 3, 3 }, 6, -1 },
	{ { 2, 4, 5, 0xb4, 3, 0, 1, 1 }, 8, -1 },
	/* signed by TCP-AO */
	{ { 2, 4, 5, 0xb4, 29, 4, 1, 1 }, 8, -1 },
	{ { 29, 4, 1, 1, 2, 4, 5, 0xb4 }, 8, -1 },
};

static void mss_table(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		KUNIT_EXPECT_EQ(test,
				ipsvti_mss_find(table[i].options, table[i].len),
				table[i].at);
}

/* Cut at every length, in memory of exactly that length. */
static void mss_truncated(struct kunit *test)
{
	u8 *options;
	size_t i;
	u32 len, n;
	int at;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		for (len = 1; len <= table[i].len; len++) {
			options = kunit_kzalloc(test, len, GFP_KERNEL);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, options);
			for (n = 0; n < len; n++)
				options[n] = table[i].options[n];
			at = ipsvti_mss_find(options, len);
			KUNIT_EXPECT_TRUE(test,
					  at == -1 || (at >= 2 &&
						       at + 2 <= (int)len &&
						       options[at - 2] == 2 &&
						       options[at - 1] == 4));
		}
	}
}

/* What it should find, another way: mark where options begin, then look. */
static int model(const u8 *options, u32 len)
{
	bool begins[41] = { true };
	int found = -1;
	u32 i;

	for (i = 0; i < len; i++) {
		if (!begins[i])
			continue;
		if (options[i] == 0)
			return found;
		if (options[i] == 1) {
			begins[i + 1] = true;
			continue;
		}
		if (i + 2 > len || options[i + 1] < 2 ||
		    i + options[i + 1] > len || options[i] == 29 ||
		    (options[i] == 2 && options[i + 1] != 4))
			return -1;
		if (options[i] == 2 && found == -1)
			found = i + 2;
		begins[i + options[i + 1]] = true;
	}
	return found;
}

static void mss_random(struct kunit *test)
{
	static const u8 common[] = { 0, 1, 2, 2, 3, 4, 4, 5, 8, 10, 29, 30 };
	struct ipsvti_rand rand;
	u8 options[40];
	u32 i, n, len, hits = 0;

	ipsvti_rand_init(&rand, test);
	for (n = 0; n < 100000; n++) {
		len = ipsvti_rand_below(&rand, 41);
		for (i = 0; i < len; i++)
			options[i] =
				common[ipsvti_rand_below(&rand, sizeof(common))];
		if (model(options, len) >= 0)
			hits++;
		KUNIT_ASSERT_EQ(test, ipsvti_mss_find(options, len),
				model(options, len));
	}
	KUNIT_EXPECT_TRUE(test, hits > 100);
}

static void mss_limits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(1446, false), 1406U);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(1446, true), 1386U);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(41, false), 1U);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(40, false), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(60, true), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_mss_max(0, true), 0U);
}

static struct kunit_case mss_cases[] = {
	KUNIT_CASE(mss_table),
	KUNIT_CASE(mss_truncated),
	KUNIT_CASE(mss_random),
	KUNIT_CASE(mss_limits),
	{},
};

struct kunit_suite ipsvti_mss_suite = {
	.name = "ipsvti_mss",
	.test_cases = mss_cases,
};
