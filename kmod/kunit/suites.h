/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test suites of the pure units.
 *
 * Each *_test.c file is compiled twice: into the module ipsvti_kunit, and into
 * a program with sanitizers by selftests/unit, which has a <kunit/test.h> and
 * the few kernel headers of its own.  So these files keep to what both offer.
 */
#ifndef _IPSVTI_KUNIT_SUITES_H
#define _IPSVTI_KUNIT_SUITES_H

#include <kunit/test.h>

extern struct kunit_suite ipsvti_seq_suite;
extern struct kunit_suite ipsvti_replay_suite;
extern struct kunit_suite ipsvti_esp_suite;
extern struct kunit_suite ipsvti_mtu_suite;
extern struct kunit_suite ipsvti_ecn_suite;
extern struct kunit_suite ipsvti_alg_suite;
extern struct kunit_suite ipsvti_limit_suite;
extern struct kunit_suite ipsvti_mss_suite;
extern struct kunit_suite ipsvti_selector_suite;
/* Only in the module. */
extern struct kunit_suite ipsvti_gso_suite;

/**
 * struct ipsvti_rand - a source of numbers that a seed determines
 * @state: changes with every number
 */
struct ipsvti_rand {
	u64 state;
};

/**
 * ipsvti_rand_init - begin a random test
 * @rand: the source
 * @test: the test, in whose log the seed is written
 *
 * The seed is the module parameter (in userspace: the environment variable)
 * named there, or a new one each time.
 */
void ipsvti_rand_init(struct ipsvti_rand *rand, struct kunit *test);

/* splitmix64: each state gives another number, none is worse than the others. */
static inline u64 ipsvti_rand(struct ipsvti_rand *rand)
{
	u64 z = rand->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number from 0 to n - 1; good enough for a test although not quite even. */
static inline u32 ipsvti_rand_below(struct ipsvti_rand *rand, u32 n)
{
	return (u32)(ipsvti_rand(rand) >> 32) % n;
}

#endif /* _IPSVTI_KUNIT_SUITES_H */
