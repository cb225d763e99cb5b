// SPDX-License-Identifier: GPL-2.0
/*
 * Outbound sequence numbers: given out once each, in blocks, never wrapping.
 *
 * The number is also the AEAD's IV.  Giving one out twice under the same key
 * would not only confuse the peer's replay window but break the cipher
 * (RFC 4106, section 3), so there is no way back and no way around the limit.
 */
#include <linux/errno.h>

#include "seq.h"

/**
 * ipsvti_seq_init - make an allocator whose first number is 1
 * @seq: the allocator
 * @limit: the last number that may be given out: %IPSVTI_SEQ_LIMIT, or with
 *	extended sequence numbers %IPSVTI_SEQ_LIMIT_ESN
 *
 * Context: before @seq is visible to anyone else.
 */
void ipsvti_seq_init(struct ipsvti_seq *seq, u64 limit)
{
	atomic64_set(&seq->last, 0);
	seq->limit = limit;
}

/**
 * ipsvti_seq_reserve - reserve a block of consecutive sequence numbers
 * @seq: the allocator
 * @n: how many, one for each packet of a GSO list; at least 1
 * @first: where to store the first number of the block
 *
 * All or nothing: a caller that asks for more than is left gets none, and what
 * is left stays for callers that ask for less.
 *
 * Context: any.
 * Return: 0, or -ERANGE if fewer than @n numbers are left; @first is unchanged
 *	then (RFC 4303, section 3.3.3: no packet may be sent that would make
 *	the number cycle).
 */
int ipsvti_seq_reserve(struct ipsvti_seq *seq, u32 n, u64 *first)
{
	s64 last = atomic64_read(&seq->last);

	/* No ordering is needed: nothing but the number itself is handed over. */
	do {
		if (n > seq->limit - (u64)last)
			return -ERANGE;
	} while (!atomic64_try_cmpxchg_relaxed(&seq->last, &last,
					       (s64)((u64)last + n)));

	*first = (u64)last + 1;
	return 0;
}
