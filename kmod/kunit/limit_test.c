// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: the soft one is told once, the hard one is never passed.
 */
#include "suites.h"

#include "../limit.h"

#define SOFT IPSVTI_LIMIT_SOFT
#define HARD IPSVTI_LIMIT_HARD
#define OVER IPSVTI_LIMIT_OVER

static void limit_steps(struct kunit *test)
{
	static const struct {
		u64 soft, hard, used, n;
		unsigned int step;
	} cases[] = {
		/* one at a time */
		{ 3, 5, 0, 1, 0 },
		{ 3, 5, 1, 1, 0 },
		{ 3, 5, 2, 1, SOFT },
		{ 3, 5, 3, 1, 0 },
		{ 3, 5, 4, 1, HARD },
		{ 3, 5, 5, 1, OVER },
		/* nothing is nothing */
		{ 3, 5, 2, 0, 0 },
		{ 3, 5, 3, 0, 0 },
		{ 3, 5, 5, 0, 0 },
		/* several: to a line, across one, across both */
		{ 3, 5, 0, 3, SOFT },
		{ 3, 5, 0, 4, SOFT },
		{ 3, 5, 0, 5, SOFT | HARD },
		{ 3, 5, 0, 6, OVER },
		{ 3, 5, 3, 2, HARD },
		{ 3, 5, 4, 2, OVER },
		/* both in one place */
		{ 5, 5, 4, 1, SOFT | HARD },
		{ 1, 1, 0, 1, SOFT | HARD },
		/* only one of them */
		{ IPSVTI_LIMIT_NONE, 5, 4, 1, HARD },
		{ IPSVTI_LIMIT_NONE, 5, 4, 2, OVER },
		{ 3, IPSVTI_LIMIT_NONE, 2, 1, SOFT },
		{ 3, IPSVTI_LIMIT_NONE, 1ULL << 63, 1, 0 },
		/* none */
		{ IPSVTI_LIMIT_NONE, IPSVTI_LIMIT_NONE, 0, U32_MAX, 0 },
		{ IPSVTI_LIMIT_NONE, IPSVTI_LIMIT_NONE, S64_MAX, 2, 0 },
		/* where a sum would wrap */
		{ 3, U64_MAX - 1, U64_MAX - 2, 2, OVER },
		{ 3, U64_MAX - 1, U64_MAX - 2, U64_MAX, OVER },
		{ U64_MAX - 1, U64_MAX - 1, U64_MAX - 2, 1, SOFT | HARD },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ipsvti_limit limit = { cases[i].soft, cases[i].hard };

		KUNIT_EXPECT_EQ_MSG(test,
				    ipsvti_limit_step(&limit, cases[i].used,
						      cases[i].n),
				    cases[i].step, "case %u", i);
	}
}

static void limit_all_or_nothing(struct kunit *test)
{
	struct ipsvti_limit limit = { IPSVTI_LIMIT_NONE, 1000 };
	atomic64_t used = { 0 };

	KUNIT_EXPECT_EQ(test, ipsvti_limit_spend(&limit, &used, 900), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_spend(&limit, &used, 101), OVER);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_spend_locked(&limit, &used, 101),
			OVER);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&used), 900ULL);
	/* Whoever asks for less still gets it. */
	KUNIT_EXPECT_EQ(test, ipsvti_limit_spend_locked(&limit, &used, 99), 0U);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_spend(&limit, &used, 1), HARD);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_spend(&limit, &used, 1), OVER);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&used), 1000ULL);
}

static void limit_there_or_not(struct kunit *test)
{
	struct ipsvti_limits none = IPSVTI_NO_LIMITS;
	struct ipsvti_limit soft = { 1, IPSVTI_LIMIT_NONE };
	struct ipsvti_limit hard = { IPSVTI_LIMIT_NONE, 1 };

	KUNIT_EXPECT_FALSE(test, ipsvti_limit_set(&none.bytes));
	KUNIT_EXPECT_FALSE(test, ipsvti_limit_set(&none.packets));
	KUNIT_EXPECT_FALSE(test, ipsvti_limit_set(&none.seconds));
	KUNIT_EXPECT_TRUE(test, ipsvti_limit_set(&soft));
	KUNIT_EXPECT_TRUE(test, ipsvti_limit_set(&hard));
}

static void limit_line_saturates(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(0, 7), 7ULL);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(100, 7), 107ULL);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(0, IPSVTI_LIMIT_NONE),
			IPSVTI_LIMIT_NONE);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(5, IPSVTI_LIMIT_NONE),
			IPSVTI_LIMIT_NONE);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(U64_MAX - 8, 7), U64_MAX - 1);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(U64_MAX - 7, 7),
			IPSVTI_LIMIT_NONE);
	KUNIT_EXPECT_EQ(test, ipsvti_limit_line(U64_MAX - 6, 7),
			IPSVTI_LIMIT_NONE);
}

/* The naive way: one unit after the other. */
static unsigned int one_by_one(u64 soft, u64 hard, u64 *used, u64 n)
{
	unsigned int step = 0;
	u64 i;

	for (i = 1; i <= n; i++) {
		if (*used + i > hard)
			return OVER;
		if (*used + i == soft)
			step |= SOFT;
		if (*used + i == hard)
			step |= HARD;
	}
	*used += n;
	return step;
}

static void limit_model(struct kunit *test)
{
	u32 round, i, soft_told, hard_told;
	struct ipsvti_rand rand;

	ipsvti_rand_init(&rand, test);
	for (round = 0; round < 2000; round++) {
		u64 hard = 1 + ipsvti_rand_below(&rand, 1000);
		u64 soft = 1 + ipsvti_rand_below(&rand, hard);
		struct ipsvti_limit limit = { soft, hard };
		atomic64_t used = { 0 }, locked = { 0 };
		u64 model = 0;

		soft_told = 0;
		hard_told = 0;
		for (i = 0; i < 3000 && model < hard; i++) {
			u64 n = ipsvti_rand_below(&rand, 60);
			unsigned int want = one_by_one(soft, hard, &model, n);
			unsigned int got = ipsvti_limit_spend(&limit, &used, n);

			KUNIT_ASSERT_EQ(test, got, want);
			KUNIT_ASSERT_EQ(test,
					ipsvti_limit_spend_locked(&limit,
								  &locked, n),
					want);
			KUNIT_ASSERT_EQ(test, (u64)atomic64_read(&used), model);
			KUNIT_ASSERT_EQ(test, (u64)atomic64_read(&locked),
					model);
			soft_told += !!(got & SOFT);
			hard_told += !!(got & HARD);
		}
		KUNIT_ASSERT_EQ(test, soft_told, 1U);
		KUNIT_ASSERT_EQ(test, hard_told, 1U);
	}
}

static struct kunit_case limit_cases[] = {
	KUNIT_CASE(limit_steps),	KUNIT_CASE(limit_all_or_nothing),
	KUNIT_CASE(limit_there_or_not), KUNIT_CASE(limit_line_saturates),
	KUNIT_CASE(limit_model),	{},
};

struct kunit_suite ipsvti_limit_suite = {
	.name = "ipsvti_limit",
	.test_cases = limit_cases,
};
