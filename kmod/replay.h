/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The replay window of an inbound SA (RFC 4303, section 3.4.3), kept as a ring
 * of bits (RFC 6479).
 *
 * A pure unit: it knows no packet and no device.  The SA's lock serialises
 * ipsvti_replay_advance(); ipsvti_replay_check() takes none.
 */
#ifndef _IPSVTI_REPLAY_H
#define _IPSVTI_REPLAY_H

#include <linux/types.h>

#define IPSVTI_REPLAY_MIN 64
#define IPSVTI_REPLAY_MAX 65536

/**
 * struct ipsvti_replay - which sequence numbers were seen
 * @top: highest number authenticated so far; 0, none yet
 * @window: how many numbers up to and including @top are told apart, a
 *	multiple of 64; fixed.  As RFC 4303 draws it the window is what lies
 *	from @top - @window + 1 to @top.
 * @words: length of @ring, a power of two; fixed.  At least one word more than
 *	the window fills, so that the word @top moves into is never one that
 *	the window still needs.
 * @ring: bit ``n % 64`` of word ``n / 64 % words`` tells if @n was seen, for
 *	each n of the window.  Bits of @top's word above @top are 0; what other
 *	words hold is history.
 *
 * Writers hold the SA's lock; readers without it see @top change only after the
 * words that it brings into the window were cleared.
 */
struct ipsvti_replay {
	u64 top;
	u32 window;
	u32 words;
	u64 ring[];
};

/**
 * enum ipsvti_replay_verdict - what the window says to a sequence number
 * @IPSVTI_REPLAY_OK: not seen yet
 * @IPSVTI_REPLAY_LATE: left of the window, or the number 0, which is never sent
 * @IPSVTI_REPLAY_DUP: in the window and seen already
 */
enum ipsvti_replay_verdict {
	IPSVTI_REPLAY_OK,
	IPSVTI_REPLAY_LATE,
	IPSVTI_REPLAY_DUP,
};

size_t ipsvti_replay_size(u32 window);
void ipsvti_replay_init(struct ipsvti_replay *r, u32 window);
void ipsvti_replay_resume(struct ipsvti_replay *r, u64 top);
u64 ipsvti_replay_extend(const struct ipsvti_replay *r, u32 low);
enum ipsvti_replay_verdict ipsvti_replay_check(const struct ipsvti_replay *r,
					       u64 seq);
enum ipsvti_replay_verdict ipsvti_replay_advance(struct ipsvti_replay *r,
						 u64 seq);

#endif /* _IPSVTI_REPLAY_H */
