// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What several CPUs do to the units at once, with threads in their place.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../kmod/kunit/suites.h"
#include <linux/compiler.h>
#include "../../kmod/limit.h"
#include "../../kmod/replay.h"
#include "../../kmod/seq.h"

#define THREADS 4

struct taker {
	pthread_t thread;
	pthread_barrier_t *start;
	struct ipsvti_seq *seq;
	struct ipsvti_rand rand;
	_Atomic u8 *given;
	u32 twice, beyond;
};

static void *take(void *arg)
{
	struct taker *t = arg;
	u64 first, limit = t->seq->limit;
	u32 n, i;

	pthread_barrier_wait(t->start);
	while (ipsvti_seq_last(t->seq) < limit) {
		n = 1 + ipsvti_rand_below(&t->rand, 4);
		if (ipsvti_seq_reserve(t->seq, n, &first))
			continue;
		for (i = 0; i < n; i++) {
			if (first + i > limit)
				t->beyond++;
			else if (atomic_fetch_add(&t->given[first + i], 1))
				t->twice++;
		}
	}
	return NULL;
}

/* Many CPUs send by one SA: no number twice, none left out, none beyond. */
static void seq_from_many_cpus(struct kunit *test)
{
	const u64 limit = 4000000;
	struct taker t[THREADS];
	pthread_barrier_t start;
	struct ipsvti_rand rand;
	struct ipsvti_seq seq;
	_Atomic u8 *given;
	u64 i;

	given = kunit_kzalloc(test, limit + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, given);
	ipsvti_rand_init(&rand, test);
	ipsvti_seq_init(&seq, limit);
	pthread_barrier_init(&start, NULL, THREADS);

	for (i = 0; i < THREADS; i++) {
		t[i] = (struct taker){ .start = &start,
				       .seq = &seq,
				       .rand.state = ipsvti_rand(&rand),
				       .given = given };
		if (pthread_create(&t[i].thread, NULL, take, &t[i]))
			abort();
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i].thread, NULL);
		KUNIT_EXPECT_EQ(test, t[i].twice, 0U);
		KUNIT_EXPECT_EQ(test, t[i].beyond, 0U);
	}
	pthread_barrier_destroy(&start);
	KUNIT_EXPECT_EQ(test, (int)given[0], 0);
	for (i = 1; i <= limit; i++)
		KUNIT_ASSERT_EQ(test, (int)given[i], 1);
}

struct spender {
	pthread_t thread;
	pthread_barrier_t *start;
	const struct ipsvti_limit *limit;
	atomic64_t *used;
	struct ipsvti_rand rand;
	u64 spent;
	u32 soft, hard;
};

static void *spend(void *arg)
{
	struct spender *s = arg;
	unsigned int step;
	u32 n;

	pthread_barrier_wait(s->start);
	while ((u64)atomic64_read(s->used) < s->limit->hard) {
		n = 1 + ipsvti_rand_below(&s->rand, 1500);
		step = ipsvti_limit_spend(s->limit, s->used, n);
		if (step & IPSVTI_LIMIT_OVER) {
			/* Somebody has to get the rest. */
			n = 1;
			step = ipsvti_limit_spend(s->limit, s->used, n);
			if (step & IPSVTI_LIMIT_OVER)
				break;
		}
		s->spent += n;
		s->soft += !!(step & IPSVTI_LIMIT_SOFT);
		s->hard += !!(step & IPSVTI_LIMIT_HARD);
	}
	return NULL;
}

/* Many CPUs send by one SA: not an octet too many, and each limit is told once. */
static void limit_from_many_cpus(struct kunit *test)
{
	const struct ipsvti_limit limit = { 1000000000, 1500000000 };
	u64 spent = 0, soft = 0, hard = 0;
	struct spender s[THREADS];
	atomic64_t used = { 0 };
	pthread_barrier_t start;
	struct ipsvti_rand rand;
	u32 i;

	ipsvti_rand_init(&rand, test);
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		s[i] = (struct spender){ .start = &start,
					 .limit = &limit,
					 .used = &used,
					 .rand.state = ipsvti_rand(&rand) };
		if (pthread_create(&s[i].thread, NULL, spend, &s[i]))
			abort();
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(s[i].thread, NULL);
		spent += s[i].spent;
		soft += s[i].soft;
		hard += s[i].hard;
	}
	pthread_barrier_destroy(&start);
	KUNIT_EXPECT_EQ(test, spent, limit.hard);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&used), limit.hard);
	KUNIT_EXPECT_EQ(test, soft, 1ULL);
	KUNIT_EXPECT_EQ(test, hard, 1ULL);
}

/*
 * In every other turn of the ring the numbers that leave the rest HOLE by 64 are
 * never sent; in the turns between they are.  So wherever a bit of a hole is
 * seen set, it is one left over from the turn before.
 */
#define HOLE 7
#define WINDOW 1024

static bool is_hole(const struct ipsvti_replay *r, u64 seq)
{
	return seq % 64 == HOLE && seq / 64 / r->words % 2;
}

struct checker {
	pthread_t thread;
	struct ipsvti_replay *r;
	struct ipsvti_rand rand;
	_Atomic bool *end;
	u64 checks, wrong;
};

static void *check_holes(void *arg)
{
	struct checker *c = arg;
	u64 seq, top;

	while (!atomic_load_explicit(c->end, memory_order_relaxed)) {
		top = READ_ONCE(c->r->top);
		seq = (top / 64 + 8 - ipsvti_rand_below(&c->rand, 16)) * 64 +
		      HOLE;
		if (top < 2 * WINDOW || !is_hole(c->r, seq))
			continue;
		c->checks++;
		if (ipsvti_replay_check(c->r, seq) == IPSVTI_REPLAY_OK)
			continue;
		/* Refused: then it must be too late for it by now. */
		top = READ_ONCE(c->r->top);
		if (top < seq || top - seq < c->r->window)
			c->wrong++;
	}
	return NULL;
}

/*
 * One CPU moves the window while others look at it without the lock: a number
 * that never came must not be refused as long as the window has room for it.
 */
static void replay_check_errs_to_the_permissive(struct kunit *test)
{
	struct checker c[THREADS - 1];
	_Atomic bool end = false;
	struct ipsvti_replay *r;
	struct ipsvti_rand rand;
	u64 word = 1, checks = 0;
	u32 i, step, by;

	r = kunit_kzalloc(test, ipsvti_replay_size(WINDOW), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	ipsvti_replay_init(r, WINDOW);
	ipsvti_rand_init(&rand, test);

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		c[i] = (struct checker){ .r = r,
					 .rand.state = ipsvti_rand(&rand),
					 .end = &end };
		if (pthread_create(&c[i].thread, NULL, check_holes, &c[i]))
			abort();
	}
	/* Jump some words ahead, then send the numbers that are no holes. */
	for (step = 0; step < 2000000; step++) {
		by = 1 + ipsvti_rand_below(&rand, WINDOW / 64);
		ipsvti_replay_advance(r, (word + by) * 64 + 63);
		while (by--)
			if (!is_hole(r, ++word * 64 + HOLE))
				ipsvti_replay_advance(r, word * 64 + HOLE);
	}
	atomic_store(&end, true);

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		pthread_join(c[i].thread, NULL);
		KUNIT_EXPECT_EQ(test, c[i].wrong, 0ULL);
		checks += c[i].checks;
	}
	KUNIT_EXPECT_TRUE(test, checks > 0);
}

static struct kunit_case threads_cases[] = {
	KUNIT_CASE(seq_from_many_cpus),
	KUNIT_CASE(limit_from_many_cpus),
	KUNIT_CASE(replay_check_errs_to_the_permissive),
	{ 0 },
};

struct kunit_suite unit_threads_suite = {
	.name = "threads",
	.test_cases = threads_cases,
};
