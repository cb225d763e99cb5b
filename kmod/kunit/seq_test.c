// SPDX-License-Identifier: GPL-2.0
/*
 * Sequence numbers: each given out once, in order, none beyond the limit.
 */
#include "suites.h"

#include "../seq.h"

#define NOBODY 12345 /* what a caller's variable holds before */

static void seq_first_is_one(struct kunit *test)
{
	struct ipsvti_seq seq;
	u64 first = NOBODY;

	ipsvti_seq_init(&seq, IPSVTI_SEQ_LIMIT);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_last(&seq), 0ULL);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 1, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 1ULL);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 3, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 2ULL);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_last(&seq), 4ULL);
}

static void seq_all_or_nothing(struct kunit *test)
{
	struct ipsvti_seq seq;
	u64 first = NOBODY;

	ipsvti_seq_init(&seq, 10);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 11, &first), -ERANGE);
	KUNIT_EXPECT_EQ(test, first, (u64)NOBODY);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 8, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 1ULL);

	first = NOBODY;
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 3, &first), -ERANGE);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, U32_MAX, &first),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, first, (u64)NOBODY);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_last(&seq), 8ULL);

	/* Whoever asks for less still gets what is left. */
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 2, &first), 0);
	KUNIT_EXPECT_EQ(test, first, 9ULL);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 1, &first), -ERANGE);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_last(&seq), 10ULL);
}

/* The end of 32 and of 64 bits, and the middle, where a sign would change. */
static void seq_never_wraps(struct kunit *test)
{
	static const u64 limits[] = { IPSVTI_SEQ_LIMIT, S64_MAX, 1ULL << 63,
				      U64_MAX };
	struct ipsvti_seq seq;
	u64 first;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		ipsvti_seq_init(&seq, limits[i]);
		atomic64_set(&seq.last, (s64)(limits[i] - 3));

		KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 4, &first),
				-ERANGE);
		KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 2, &first), 0);
		KUNIT_EXPECT_EQ(test, first, limits[i] - 2);
		KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 1, &first), 0);
		KUNIT_EXPECT_EQ(test, first, limits[i]);

		for (j = 0; j < 100; j++)
			KUNIT_EXPECT_EQ(test,
					ipsvti_seq_reserve(&seq, j ?: U32_MAX,
							   &first),
					-ERANGE);
		KUNIT_EXPECT_EQ(test, ipsvti_seq_last(&seq), limits[i]);
	}

	ipsvti_seq_init(&seq, U64_MAX);
	atomic64_set(&seq.last, S64_MAX - 1);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_reserve(&seq, 2, &first), 0);
	KUNIT_EXPECT_EQ(test, first, (u64)S64_MAX);
	KUNIT_EXPECT_EQ(test, ipsvti_seq_last(&seq), 1ULL << 63);
}

static void seq_low_is_an_eighth(struct kunit *test)
{
	u64 limit, last;

	for (limit = 1; limit <= 300; limit++)
		for (last = 0; last <= limit; last++)
			KUNIT_EXPECT_EQ_MSG(test, ipsvti_seq_low(last, limit),
					    8 * (limit - last) < limit,
					    "last %llu limit %llu", last,
					    limit);

	/* 2^32 - 1 = 8 * 536870911 + 7, 2^64 - 1 likewise with 2^61 - 1 */
	KUNIT_EXPECT_FALSE(test, ipsvti_seq_low(IPSVTI_SEQ_LIMIT - 536870912,
						IPSVTI_SEQ_LIMIT));
	KUNIT_EXPECT_TRUE(test, ipsvti_seq_low(IPSVTI_SEQ_LIMIT - 536870911,
					       IPSVTI_SEQ_LIMIT));
	KUNIT_EXPECT_FALSE(test, ipsvti_seq_low(0, U64_MAX));
	KUNIT_EXPECT_FALSE(test,
			   ipsvti_seq_low(U64_MAX - (1ULL << 61), U64_MAX));
	KUNIT_EXPECT_TRUE(test,
			  ipsvti_seq_low(U64_MAX - (1ULL << 61) + 1, U64_MAX));
	KUNIT_EXPECT_TRUE(test, ipsvti_seq_low(U64_MAX, U64_MAX));
}

/* However the blocks fall, one caller sees the line crossed. */
static void seq_low_is_seen_once(struct kunit *test)
{
	struct ipsvti_rand rand;
	struct ipsvti_seq seq;
	u32 round, n, seen;
	u64 first;

	ipsvti_rand_init(&rand, test);
	for (round = 0; round < 500; round++) {
		seen = 0;
		ipsvti_seq_init(&seq, 1 + ipsvti_rand_below(&rand, 5000));
		do {
			n = 1 + ipsvti_rand_below(&rand, 64);
			if (ipsvti_seq_reserve(&seq, n, &first))
				continue;
			if (!ipsvti_seq_low(first - 1, seq.limit) &&
			    ipsvti_seq_low(first + n - 1, seq.limit))
				seen++;
		} while (ipsvti_seq_last(&seq) < seq.limit);
		KUNIT_EXPECT_EQ_MSG(test, seen, 1U, "limit %llu", seq.limit);
	}
}

/* The naive way: a mark for each number that was given out. */
static void seq_model(struct kunit *test)
{
	const u32 most = 20000;
	u32 round, limit, last, n, i;
	struct ipsvti_rand rand;
	struct ipsvti_seq seq;
	u64 first;
	u8 *given;
	int err;

	given = kunit_kzalloc(test, most + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, given);
	ipsvti_rand_init(&rand, test);

	for (round = 0; round < 50; round++) {
		limit = 1 + ipsvti_rand_below(&rand, most);
		memset(given, 0, most + 1);
		ipsvti_seq_init(&seq, limit);
		last = 0;
		while (last < limit) {
			n = 1 + ipsvti_rand_below(&rand, 130);
			err = ipsvti_seq_reserve(&seq, n, &first);
			if (last + n > limit) {
				KUNIT_ASSERT_EQ(test, err, -ERANGE);
				continue;
			}
			KUNIT_ASSERT_EQ(test, err, 0);
			KUNIT_ASSERT_TRUE(test, first + n - 1 <= limit);
			for (i = 0; i < n; i++)
				KUNIT_ASSERT_EQ(test, given[first + i]++, 0);
			KUNIT_ASSERT_EQ(test, first, last + 1ULL);
			last += n;
		}
		KUNIT_EXPECT_EQ(test, given[0], 0);
		for (i = 1; i <= limit; i++)
			KUNIT_ASSERT_EQ(test, given[i], 1);
	}
}

static struct kunit_case seq_cases[] = {
	KUNIT_CASE(seq_first_is_one),
	KUNIT_CASE(seq_all_or_nothing),
	KUNIT_CASE(seq_never_wraps),
	KUNIT_CASE(seq_low_is_an_eighth),
	KUNIT_CASE(seq_low_is_seen_once),
	KUNIT_CASE(seq_model),
	{},
};

struct kunit_suite ipsvti_seq_suite = {
	.name = "ipsvti_seq",
	.test_cases = seq_cases,
};
