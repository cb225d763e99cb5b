/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Outbound sequence numbers (RFC 4303, sections 2.2 and 3.3.3).
 *
 * A pure unit: it knows no packet and no device.  No lock: any number of CPUs
 * may reserve from the same allocator at the same time.
 */
#ifndef _IPSVTI_SEQ_H
#define _IPSVTI_SEQ_H

#include <linux/atomic.h>
#include <linux/types.h>

/* The last number of an SA without extended sequence numbers. */
#define IPSVTI_SEQ_LIMIT 0xffffffffULL
/* The last number of an SA with extended sequence numbers. */
#define IPSVTI_SEQ_LIMIT_ESN U64_MAX

/**
 * struct ipsvti_seq - allocator of the sequence numbers of one outbound SA
 * @last: the number given out last; 0, none yet.  Never exceeds @limit, and
 *	counting the last one instead of the next one keeps even a limit of
 *	2^64 - 1 free of a wrap.
 * @limit: the last number that may ever be given out, not 0; fixed once the
 *	allocator is in use
 */
struct ipsvti_seq {
	atomic64_t last;
	u64 limit;
};

void ipsvti_seq_init(struct ipsvti_seq *seq, u64 limit);
int ipsvti_seq_reserve(struct ipsvti_seq *seq, u32 n, u64 *first);

/**
 * ipsvti_seq_last - tell the number given out last
 * @seq: the allocator
 *
 * Context: any; what it returns may be old by the time it is looked at.
 * Return: the number, 0 if none was given out yet.
 */
static inline u64 ipsvti_seq_last(const struct ipsvti_seq *seq)
{
	return atomic64_read(&seq->last);
}

/**
 * ipsvti_seq_low - tell if it is time to replace an SA
 * @last: a number given out
 * @limit: the last number that may be given out, not below @last
 *
 * The caller that reserved @n numbers beginning with @first is the only one for
 * whom ``!ipsvti_seq_low(first - 1, limit) && ipsvti_seq_low(first + n - 1,
 * limit)`` is true, so that one event is sent without a further flag.
 *
 * Context: any.
 * Return: true if after @last fewer than one in eight of all numbers are left.
 */
static inline bool ipsvti_seq_low(u64 last, u64 limit)
{
	return limit - last <= (limit - 1) / 8;
}

#endif /* _IPSVTI_SEQ_H */
