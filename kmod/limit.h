/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of what an SA may protect (RFC 4301, section 4.4.2.1).
 *
 * A pure unit: it knows no packet and no device.  A soft limit is told, once,
 * when it is reached; a hard limit is never passed.
 */
#ifndef _IPSVTI_LIMIT_H
#define _IPSVTI_LIMIT_H

#include <linux/atomic.h>
#include <linux/limits.h>
#include <linux/types.h>

/* No limit; also more than can ever be used. */
#define IPSVTI_LIMIT_NONE U64_MAX

/**
 * struct ipsvti_limit - a soft and a hard limit of one quantity
 * @soft: what to tell somebody of; %IPSVTI_LIMIT_NONE, nothing
 * @hard: where to stop, not below @soft; %IPSVTI_LIMIT_NONE, nowhere
 */
struct ipsvti_limit {
	u64 soft;
	u64 hard;
};

/**
 * struct ipsvti_limits - all limits of one SA
 * @bytes: octets that the cipher is applied to: inner packet, padding, pad
 *	length and next header
 * @packets: packets
 * @seconds: time since it was installed
 */
struct ipsvti_limits {
	struct ipsvti_limit bytes;
	struct ipsvti_limit packets;
	struct ipsvti_limit seconds;
};

#define IPSVTI_NO_LIMIT { .soft = IPSVTI_LIMIT_NONE, .hard = IPSVTI_LIMIT_NONE }
#define IPSVTI_NO_LIMITS              \
	{ .bytes = IPSVTI_NO_LIMIT,   \
	  .packets = IPSVTI_NO_LIMIT, \
	  .seconds = IPSVTI_NO_LIMIT }

/* What became of an attempt to use something up, as bits. */
#define IPSVTI_LIMIT_SOFT 1u /* the soft limit was reached by it */
#define IPSVTI_LIMIT_HARD 2u /* the hard limit was reached by it */
#define IPSVTI_LIMIT_OVER \
	4u /* it would pass the hard limit, and was not made */

unsigned int ipsvti_limit_step(const struct ipsvti_limit *limit, u64 used,
			       u64 n);
unsigned int ipsvti_limit_spend(const struct ipsvti_limit *limit,
				atomic64_t *used, u64 n);
unsigned int ipsvti_limit_spend_locked(const struct ipsvti_limit *limit,
				       atomic64_t *used, u64 n);

/**
 * ipsvti_limit_set - tell if there is a limit at all
 * @limit: the limit
 *
 * Context: any.
 * Return: true if it is soft or hard or both.
 */
static inline bool ipsvti_limit_set(const struct ipsvti_limit *limit)
{
	return limit->soft != IPSVTI_LIMIT_NONE ||
	       limit->hard != IPSVTI_LIMIT_NONE;
}

/**
 * ipsvti_limit_line - where a count that does not begin at 0 reaches a limit
 * @start: what it begins at
 * @limit: one of the two of a struct ipsvti_limit
 *
 * Context: any.
 * Return: the sum of both; %IPSVTI_LIMIT_NONE if that is out of reach.
 */
static inline u64 ipsvti_limit_line(u64 start, u64 limit)
{
	return limit < IPSVTI_LIMIT_NONE - start ? start + limit :
						   IPSVTI_LIMIT_NONE;
}

#endif /* _IPSVTI_LIMIT_H */
