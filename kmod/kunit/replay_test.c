// SPDX-License-Identifier: GPL-2.0
/*
 * The replay window: each number once, exactly as far back as the window goes.
 */
#include "suites.h"

#include "../replay.h"

#define OK IPSVTI_REPLAY_OK
#define LATE IPSVTI_REPLAY_LATE
#define DUP IPSVTI_REPLAY_DUP

static struct ipsvti_replay *new_window(struct kunit *test, u32 window)
{
	struct ipsvti_replay *r;

	r = kunit_kzalloc(test, ipsvti_replay_size(window), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	ipsvti_replay_init(r, window);
	return r;
}

static void replay_size_is_rounded(struct kunit *test)
{
	static const struct {
		u32 asked, given, words;
	} rows[] = {
		{ 0, 64, 2 },
		{ 1, 64, 2 },
		{ 64, 64, 2 },
		{ 65, 128, 4 },
		{ 128, 128, 4 },
		{ 192, 192, 4 },
		{ 193, 256, 8 },
		{ 1024, 1024, 32 },
		{ 4032, 4032, 64 },
		{ 4033, 4096, 128 },
		{ 4096, 4096, 128 },
		{ 65535, 65536, 2048 },
		{ 65536, 65536, 2048 },
		{ 65537, 65536, 2048 },
		{ U32_MAX, 65536, 2048 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ipsvti_replay *r = new_window(test, rows[i].asked);

		KUNIT_EXPECT_EQ(test, r->window, rows[i].given);
		KUNIT_EXPECT_EQ(test, r->words, rows[i].words);
		KUNIT_EXPECT_EQ(test, ipsvti_replay_size(rows[i].asked),
				sizeof(*r) + rows[i].words * sizeof(u64));
	}
}

static void replay_zero_is_never_taken(struct kunit *test)
{
	struct ipsvti_replay *r = new_window(test, 64);

	KUNIT_EXPECT_EQ(test, ipsvti_replay_check(r, 0), LATE);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, 0), LATE);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, 1), OK);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_check(r, 0), LATE);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, 0), LATE);
	KUNIT_EXPECT_EQ(test, r->top, 1ULL);
}

static void replay_check_changes_nothing(struct kunit *test)
{
	struct ipsvti_replay *r = new_window(test, 128);
	struct ipsvti_replay *before = new_window(test, 128);
	u64 seq;

	ipsvti_replay_advance(r, 1000);
	memcpy(before, r, ipsvti_replay_size(128));
	for (seq = 0; seq < 3000; seq++)
		ipsvti_replay_check(r, seq);
	KUNIT_EXPECT_EQ(test, memcmp(before, r, ipsvti_replay_size(128)), 0);
}

static void expect(struct kunit *test, struct ipsvti_replay *r, u64 seq,
		   enum ipsvti_replay_verdict want)
{
	enum ipsvti_replay_verdict check = ipsvti_replay_check(r, seq);
	u64 top = r->top;

	KUNIT_ASSERT_EQ_MSG(test, check, want, "window %u top %llu seq %llu",
			    r->window, top, seq);
	KUNIT_ASSERT_EQ_MSG(test, ipsvti_replay_advance(r, seq), want,
			    "window %u top %llu seq %llu", r->window, top, seq);
	KUNIT_ASSERT_EQ(test, r->top, want == OK && seq > top ? seq : top);
}

/* Every window, and every place in a word that its right edge can have. */
static void replay_edges(struct kunit *test)
{
	u32 window, at;

	for (window = 64; window <= 65536;
	     window += window < 4096 ? 64 : 4096) {
		struct ipsvti_replay *r = new_window(test, window);
		u64 top = 1000000;

		for (at = 0; at < 64; at++, top += window + 1) {
			expect(test, r, top, OK);
			expect(test, r, top, DUP);
			expect(test, r, top - window, LATE);
			expect(test, r, top - window + 1, OK);
			expect(test, r, top - window + 1, DUP);
		}
	}
}

/* After a jump of any length nothing is left of what the ring held before. */
static void replay_jumps(struct kunit *test)
{
	u32 window, by, i;

	for (window = 64; window <= 1024; window *= 2) {
		struct ipsvti_replay *r = new_window(test, window);
		u64 seq, top = window, before;

		for (seq = 1; seq <= top; seq++)
			expect(test, r, seq, OK);

		for (by = 1; by <= 3 * 64 * r->words; by += by < 70 ? 1 : 61) {
			before = top;
			top += by;
			expect(test, r, top, OK);
			/* What was seen is known, what was jumped over is not. */
			for (i = 1; i < window; i++) {
				seq = top - i;
				expect(test, r, seq, seq <= before ? DUP : OK);
			}
		}
	}
}

static void replay_last_number(struct kunit *test)
{
	struct ipsvti_replay *r = new_window(test, 64);
	u32 i;

	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, 5), OK);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, U64_MAX - 1), OK);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, U64_MAX), OK);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, U64_MAX), DUP);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, 0), LATE);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, 5), LATE);
	for (i = 2; i < 64; i++)
		KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, U64_MAX - i),
				OK);
	KUNIT_EXPECT_EQ(test, ipsvti_replay_advance(r, U64_MAX - 64), LATE);
}

/* After a move to another host nothing that was seen there is taken again. */
static void replay_resume(struct kunit *test)
{
	static const u64 tops[] = {
		1,	    5,		63,   64,    65,
		127,	    128,	1000, 65536, (1ULL << 32) - 1,
		1ULL << 32, U64_MAX - 1
	};
	u32 window, i;
	u64 back;

	for (window = 64; window <= 65536; window *= 32) {
		for (i = 0; i < ARRAY_SIZE(tops); i++) {
			struct ipsvti_replay *r = new_window(test, window);

			ipsvti_replay_resume(r, tops[i]);
			for (back = 0; back < window && back < tops[i]; back++)
				expect(test, r, tops[i] - back, DUP);
			if (back < tops[i])
				expect(test, r, tops[i] - back, LATE);
			expect(test, r, tops[i] + 1, OK);
			expect(test, r, tops[i] + 1, DUP);
			expect(test, r, tops[i], DUP);
		}
	}
}

/*
 * The whole number as RFC 4303 has it, appendix A2.2: by cases, with its names.
 * 0, there is none.
 */
static u64 rfc_extend(u64 top, u32 w, u32 seql)
{
	u32 tl = (u32)top, th = top >> 32, left = tl - w + 1;
	int step;

	if (tl >= w - 1)
		step = seql >= left ? 0 : 1;
	else
		step = seql >= left ? -1 : 0;
	if ((step < 0 && !th) || (step > 0 && th == U32_MAX))
		return 0;
	return (u64)(th + step) << 32 | seql;
}

static void expect_extend(struct kunit *test, struct ipsvti_replay *r, u64 top,
			  u32 low)
{
	r->top = top;
	KUNIT_ASSERT_EQ_MSG(test, ipsvti_replay_extend(r, low),
			    rfc_extend(top, r->window, low),
			    "window %u top %llx low %x", r->window, top, low);
}

/* At and around every line that the RFC's cases draw, and anywhere. */
static void replay_extend_is_the_rfcs(struct kunit *test)
{
	static const u32 windows[] = { 64, 128, 1024, 65536 };
	static const u32 highs[] = { 0,		 1,	     2,
				     0x7fffffff, 0x80000000, U32_MAX - 1,
				     U32_MAX };
	struct ipsvti_rand rand;
	u32 i, h, w;
	int dt, dl;

	ipsvti_rand_init(&rand, test);
	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		struct ipsvti_replay *r = new_window(test, windows[i]);

		w = windows[i];
		for (h = 0; h < ARRAY_SIZE(highs); h++) {
			for (dt = -3; dt <= 3; dt++) {
				u64 high = (u64)highs[h] << 32;
				u64 tops[] = { high | (u32)dt, high | (w + dt),
					       high | (0x80000000U + dt) };
				u32 t;

				for (t = 0; t < ARRAY_SIZE(tops); t++) {
					u32 tl = (u32)tops[t];

					for (dl = -3; dl <= 3; dl++) {
						expect_extend(test, r, tops[t],
							      dl);
						expect_extend(test, r, tops[t],
							      tl + dl);
						expect_extend(test, r, tops[t],
							      tl - w + dl);
					}
				}
			}
		}
		for (h = 0; h < 20000; h++)
			expect_extend(test, r,
				      ipsvti_rand(&rand) >>
					      ipsvti_rand_below(&rand, 64),
				      (u32)ipsvti_rand(&rand));
	}
}

/*
 * What a sender counts through several times 2^32 the receiver counts as well,
 * though it is told the low 32 bits only: with loss, with reordering within the
 * window, and with everything twice.
 */
static void replay_extend_follows_the_sender(struct kunit *test)
{
	const u32 window = 256;
	struct ipsvti_replay *r = new_window(test, window);
	struct ipsvti_rand rand;
	u64 sent = 0, seq;
	u32 i, turn;

	ipsvti_rand_init(&rand, test);
	for (turn = 0; turn < 5; turn++) {
		/* All but 1000 of the next 2^32 packets are lost. */
		if (turn) {
			sent += (1ULL << 32) - window - 1000;
			expect(test, r, ipsvti_replay_extend(r, (u32)sent), OK);
			KUNIT_ASSERT_EQ(test, r->top, sent);
		}
		for (i = 0; i < 2000; i++) {
			seq = sent + 1 + ipsvti_rand_below(&rand, 3);
			KUNIT_ASSERT_EQ(test, ipsvti_replay_extend(r, (u32)seq),
					seq);
			expect(test, r, seq, OK);
			expect(test, r, ipsvti_replay_extend(r, (u32)seq), DUP);
			sent = seq;
			if (sent < window)
				continue;
			seq = sent - ipsvti_rand_below(&rand, window);
			KUNIT_ASSERT_EQ(test, ipsvti_replay_extend(r, (u32)seq),
					seq);
			ipsvti_replay_advance(r, seq);
		}
	}
	KUNIT_EXPECT_EQ(test, r->top, sent);
	KUNIT_EXPECT_TRUE(test, sent > 3ULL << 32);
}

/* The naive way: a list of all numbers taken, searched from end to end. */
struct naive {
	u64 *taken;
	u32 n;
	u64 top;
	u32 window;
};

static enum ipsvti_replay_verdict naive_check(const struct naive *m, u64 seq)
{
	u32 i;

	if (!seq || (m->top >= m->window && seq <= m->top - m->window))
		return LATE;
	for (i = 0; i < m->n; i++)
		if (m->taken[i] == seq)
			return DUP;
	return OK;
}

static void naive_take(struct naive *m, u64 seq)
{
	m->taken[m->n++] = seq;
	if (seq > m->top)
		m->top = seq;
}

/* Numbers as a network brings them, and as someone out for trouble would. */
static u64 next_seq(struct ipsvti_rand *rand, const struct naive *m, u32 turn)
{
	u64 top = m->top;

	switch (ipsvti_rand_below(rand, 16)) {
	case 0 ... 4:
		return top + 1;
	case 5 ... 6:
		return top + 1 + ipsvti_rand_below(rand, 8);
	case 7 ... 8:
		return top - ipsvti_rand_below(rand, 2 * m->window);
	case 9:
		return top - m->window + ipsvti_rand_below(rand, 3) - 1;
	case 10:
		return m->n ? m->taken[ipsvti_rand_below(rand, m->n)] : 0;
	case 11:
		return top + ipsvti_rand_below(rand, 2 * m->window);
	case 12: /* a neighbour of the same bit, turns of the ring away */
		return top - 2 * turn + turn * ipsvti_rand_below(rand, 5) +
		       ipsvti_rand_below(rand, 3) - 1;
	case 13:
		return top + turn - ipsvti_rand_below(rand, turn);
	case 14:
		return ipsvti_rand_below(rand, 3);
	default: /* rarely far away, else the end would soon be reached */
		if (ipsvti_rand_below(rand, 100))
			return top + ipsvti_rand_below(rand, 64);
		return ipsvti_rand(rand) >> (1 + ipsvti_rand_below(rand, 62));
	}
}

static void replay_model(struct kunit *test)
{
	static const u32 windows[] = { 64, 65, 192, 256, 1000, 4096, 65536 };
	const u32 steps = 4000;
	struct ipsvti_rand rand;
	struct naive m;
	u32 i, step;

	ipsvti_rand_init(&rand, test);
	m.taken = kunit_kzalloc(test, steps * sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m.taken);

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		struct ipsvti_replay *r = new_window(test, windows[i]);

		m.n = 0;
		m.top = 0;
		m.window = (windows[i] + 63) / 64 * 64;
		for (step = 0; step < steps; step++) {
			u64 seq = next_seq(&rand, &m, r->words * 64);
			enum ipsvti_replay_verdict want = naive_check(&m, seq);

			expect(test, r, seq, want);
			if (want == OK)
				naive_take(&m, seq);
		}
	}
}

static struct kunit_case replay_cases[] = {
	KUNIT_CASE(replay_size_is_rounded),
	KUNIT_CASE(replay_zero_is_never_taken),
	KUNIT_CASE(replay_check_changes_nothing),
	KUNIT_CASE(replay_edges),
	KUNIT_CASE(replay_jumps),
	KUNIT_CASE(replay_last_number),
	KUNIT_CASE(replay_resume),
	KUNIT_CASE(replay_extend_is_the_rfcs),
	KUNIT_CASE(replay_extend_follows_the_sender),
	KUNIT_CASE(replay_model),
	{},
};

struct kunit_suite ipsvti_replay_suite = {
	.name = "ipsvti_replay",
	.test_cases = replay_cases,
};
