// SPDX-License-Identifier: GPL-2.0
/*
 * The replay window: a ring of bits, of which whole words are cleared as the
 * window slides over them (RFC 6479), so that no bit is ever shifted.
 */
#include <linux/compiler.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <asm/barrier.h>

#include "replay.h"

#define WORD_BITS 64

static u32 window_of(u32 window)
{
	return round_up(clamp_t(u32, window, IPSVTI_REPLAY_MIN,
				IPSVTI_REPLAY_MAX),
			WORD_BITS);
}

static u32 words_of(u32 window)
{
	return roundup_pow_of_two(window_of(window) / WORD_BITS + 1);
}

static u32 word_of(const struct ipsvti_replay *r, u64 seq)
{
	return seq / WORD_BITS & (r->words - 1);
}

static u64 bit_of(u64 seq)
{
	return 1ULL << (seq % WORD_BITS);
}

/**
 * ipsvti_replay_size - tell how much memory a window needs
 * @window: number of packets, %IPSVTI_REPLAY_MIN to %IPSVTI_REPLAY_MAX; rounded
 *	up to a multiple of 64, what lies outside is taken as the nearer end
 *
 * Context: any.
 * Return: size of the struct ipsvti_replay in octets.
 */
size_t ipsvti_replay_size(u32 window)
{
	return struct_size_t(struct ipsvti_replay, ring, words_of(window));
}

/**
 * ipsvti_replay_init - make an empty window
 * @r: memory of ipsvti_replay_size() octets
 * @window: number of packets, the same as was given to ipsvti_replay_size()
 *
 * Context: before @r is visible to anyone else.
 */
void ipsvti_replay_init(struct ipsvti_replay *r, u32 window)
{
	memset(r, 0, ipsvti_replay_size(window));
	r->window = window_of(window);
	r->words = words_of(window);
}

/**
 * ipsvti_replay_resume - go on where another window has been
 * @r: the window, empty
 * @top: highest number authenticated there
 *
 * Which of the numbers below @top were seen is not known, so all of them are
 * taken as seen: a packet may be lost by that, but none is taken twice.
 *
 * Context: before @r is visible to anyone else.
 */
void ipsvti_replay_resume(struct ipsvti_replay *r, u64 top)
{
	memset(r->ring, 0xff, r->words * sizeof(r->ring[0]));
	/* What is above @top in its own word was not seen. */
	r->ring[word_of(r, top)] = bit_of(top) | (bit_of(top) - 1);
	r->top = top;
}

/**
 * ipsvti_replay_extend - tell the extended sequence number of a packet
 * @r: the window
 * @low: its low 32 bits, which is all that the packet says
 *
 * RFC 4303, appendix A2: of all numbers that end so it is the one in the 2^32
 * numbers that begin with the left edge of the window.  The integrity check
 * then tells if the guess was right, since it covers the high bits as well.
 *
 * Without the lock @r may be as it was a moment ago.  An older window lies
 * further left, which does no harm to a packet of the window, nor to one that is
 * fewer than 2^32 numbers above it.
 *
 * A CPU that loads 64 bits in two halves must hold the lock of the SA here.
 *
 * Context: any.
 * Return: the number; 0, which is never taken, if it would be below 0 or above
 *	2^64 - 1.
 */
u64 ipsvti_replay_extend(const struct ipsvti_replay *r, u32 low)
{
	u64 top = READ_ONCE(r->top);
	u64 left = top - (r->window - 1);
	u64 seq = left + (u32)(low - (u32)left);

	/* Near 0 the window begins at what is no number yet. */
	if (left > top)
		return seq < left ? seq : 0;
	return seq < left ? 0 : seq;
}

static enum ipsvti_replay_verdict verdict(const struct ipsvti_replay *r,
					  u64 top, u64 seq)
{
	if (!seq)
		return IPSVTI_REPLAY_LATE;
	if (seq > top)
		return IPSVTI_REPLAY_OK;
	if (top - seq >= r->window)
		return IPSVTI_REPLAY_LATE;
	if (READ_ONCE(r->ring[word_of(r, seq)]) & bit_of(seq))
		return IPSVTI_REPLAY_DUP;
	return IPSVTI_REPLAY_OK;
}

/**
 * ipsvti_replay_check - look at a number before the packet is authenticated
 * @r: the window
 * @seq: sequence number as the packet claims it
 *
 * Saves the decryption of packets that are going to be dropped anyway.  It
 * changes nothing, since the number may be forged, and its OK is no promise:
 * ipsvti_replay_advance() has the last word.
 *
 * Without the lock it may see an old state, but errs in one direction only: it
 * never refuses a number that ipsvti_replay_advance() would take now.
 *  - An old @top only moves numbers from "left of the window" or "in it" towards
 *    "above": more is let through.
 *  - A word older than @top, with bits of numbers one turn of the ring ago, is
 *    not seen: the writer clears the words before it publishes @top, and @top
 *    is read first here.
 *  - A word newer than @top may have been cleared, which lets more through, or
 *    hold the bit of a number at least one turn of the ring above @seq.  That
 *    number was authenticated, a turn is longer than the window, so @seq lies
 *    left of the window by now: called DUP instead of LATE, but refused rightly.
 *
 * A CPU that loads 64 bits in two halves could combine a new high half with an
 * old low half to a @top that never was, and refuse good packets.  There the
 * check says OK to everything but 0.
 *
 * Context: any.
 * Return: the verdict, see above.
 */
enum ipsvti_replay_verdict ipsvti_replay_check(const struct ipsvti_replay *r,
					       u64 seq)
{
	u64 top;

	if (BITS_PER_LONG < 64)
		return seq ? IPSVTI_REPLAY_OK : IPSVTI_REPLAY_LATE;

	top = READ_ONCE(r->top);
	/* Pairs with the barrier in ipsvti_replay_advance(). */
	smp_rmb();
	return verdict(r, top, seq);
}

/**
 * ipsvti_replay_advance - check the number of an authentic packet and note it
 * @r: the window
 * @seq: sequence number of a packet whose integrity was verified
 *
 * RFC 4303, section 3.4.3: the window may move only after the integrity check,
 * else anyone could push it past the peer's packets.
 *
 * Context: any; the caller holds the lock of the SA.
 * Return: %IPSVTI_REPLAY_OK once for each number, and then only is @r changed.
 */
enum ipsvti_replay_verdict ipsvti_replay_advance(struct ipsvti_replay *r,
						 u64 seq)
{
	enum ipsvti_replay_verdict v = verdict(r, r->top, seq);
	u64 *word = &r->ring[word_of(r, seq)];

	if (v != IPSVTI_REPLAY_OK)
		return v;

	if (seq > r->top) {
		u64 at = r->top / WORD_BITS;
		u64 n = min_t(u64, seq / WORD_BITS - at, r->words);

		while (n--)
			WRITE_ONCE(r->ring[++at & (r->words - 1)], 0);
		/* Who sees the new top also sees the words cleared for it. */
		smp_wmb();
		WRITE_ONCE(r->top, seq);
	}
	WRITE_ONCE(*word, *word | bit_of(seq));
	return IPSVTI_REPLAY_OK;
}
