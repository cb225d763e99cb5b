// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of what an SA may protect: all that is used passes through here.
 */
#include "limit.h"

/**
 * ipsvti_limit_step - tell what using something up would come to
 * @limit: the limit
 * @used: what is used up already, not above the hard limit
 * @n: how much more
 *
 * The step that goes from below a limit to it or beyond is the only one that is
 * said to reach it, so that no flag is needed to tell of it once.
 *
 * Context: any.
 * Return: 0, all is well; %IPSVTI_LIMIT_SOFT and %IPSVTI_LIMIT_HARD, one or both;
 *	%IPSVTI_LIMIT_OVER alone, it must not be done.
 */
unsigned int ipsvti_limit_step(const struct ipsvti_limit *limit, u64 used,
			       u64 n)
{
	unsigned int step = 0;

	if (n > limit->hard - used)
		return IPSVTI_LIMIT_OVER;
	if (used < limit->soft && n >= limit->soft - used)
		step |= IPSVTI_LIMIT_SOFT;
	if (used < limit->hard && n == limit->hard - used)
		step |= IPSVTI_LIMIT_HARD;
	return step;
}

/**
 * ipsvti_limit_spend - use something up, any number of CPUs at a time
 * @limit: the limit
 * @used: what is used up already
 * @n: how much more
 *
 * All or nothing.  However many CPUs ask, the sum of what they are given never
 * exceeds the hard limit.
 *
 * Context: any.
 * Return: what ipsvti_limit_step() says; with %IPSVTI_LIMIT_OVER nothing was
 *	used up.
 */
unsigned int ipsvti_limit_spend(const struct ipsvti_limit *limit,
				atomic64_t *used, u64 n)
{
	s64 old = atomic64_read(used);
	unsigned int step;
	s64 next;

	/* No ordering is needed: nothing but the number itself is handed over. */
	do {
		step = ipsvti_limit_step(limit, (u64)old, n);
		if (step & IPSVTI_LIMIT_OVER)
			return step;
		next = (s64)((u64)old + n);
	} while (!atomic64_try_cmpxchg_relaxed(used, &old, next));
	return step;
}

/**
 * ipsvti_limit_spend_locked - the same for who holds a lock
 * @limit: the limit
 * @used: what is used up already; others may read it
 * @n: how much more
 *
 * Context: any; the caller is the only writer of @used.
 * Return: as ipsvti_limit_spend().
 */
unsigned int ipsvti_limit_spend_locked(const struct ipsvti_limit *limit,
				       atomic64_t *used, u64 n)
{
	u64 old = (u64)atomic64_read(used);
	unsigned int step = ipsvti_limit_step(limit, old, n);

	if (!(step & IPSVTI_LIMIT_OVER))
		atomic64_set(used, (s64)(old + n));
	return step;
}
