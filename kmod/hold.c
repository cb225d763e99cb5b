// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that arrive for a reserved SPI before its keys do.
 */
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <linux/wait_bit.h>

#include "dev.h"
#include "hold.h"
#include "rx.h"
#include "stats.h"

/* As often what came meanwhile is looked at before the keys' installation is over. */
#define HOLD_ROUNDS 16

static bool too_old(const struct sk_buff *skb)
{
	return time_after(jiffies,
			  IPSVTI_RX_CB(skb)->arrived + IPSVTI_HOLD_TIME);
}

static void drop(const struct ipsvti_sa *sa, struct sk_buff *skb)
{
	ipsvti_drop(sa->vdev, IPSVTI_A_COUNTERS_RX_LARVAL, 1, ipsvti_sa_spi(sa),
		    0);
	kfree_skb(skb);
}

static void drop_all(const struct ipsvti_sa *sa, struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		drop(sa, skb);
}

/* What has waited for too long goes to @list, which has nothing yet. */
static void take_old(struct ipsvti_sa *sa, struct sk_buff_head *list)
{
	struct sk_buff_head *held = &sa->in.held;

	lockdep_assert_held(&sa->in.lock);

	__skb_queue_head_init(list);
	while (!skb_queue_empty(held) && too_old(skb_peek(held))) {
		sa->in.held_size -= skb_peek(held)->truesize;
		__skb_queue_tail(list, __skb_dequeue(held));
	}
}

/* All of it goes to @list, which has nothing yet.  Return: the memory it takes. */
static unsigned int take_all(struct ipsvti_sa *sa, struct sk_buff_head *list)
{
	unsigned int size = sa->in.held_size;

	lockdep_assert_held(&sa->in.lock);

	__skb_queue_head_init(list);
	skb_queue_splice_init(&sa->in.held, list);
	sa->in.held_size = 0;
	return size;
}

/* Nobody has authenticated them, so their memory is bounded, too. */
static bool full(const struct ipsvti_sa *sa, const struct sk_buff *skb)
{
	return skb_queue_len(&sa->in.held) >= IPSVTI_HOLD_MAX ||
	       sa->in.held_size + skb->truesize > IPSVTI_HOLD_SIZE;
}

/**
 * ipsvti_hold_add - keep a packet until the keys are there, and all before it received
 * @sa: the SA it is for, which holds packets
 * @skb: the packet, at its ESP header, with IPSVTI_RX_CB() filled in
 *
 * Context: BHs disabled, RCU.
 * Return: true, the packet is kept or was counted and dropped; false, @sa holds none
 *	any more, so look the SPI up again.
 */
bool ipsvti_hold_add(struct ipsvti_sa *sa, struct sk_buff *skb)
{
	struct sk_buff_head old;

	spin_lock(&sa->in.lock);
	if (sa->in.closed || !sa->in.holds) {
		spin_unlock(&sa->in.lock);
		return false;
	}
	take_old(sa, &old);
	if (!full(sa, skb)) {
		IPSVTI_RX_CB(skb)->arrived = jiffies;
		IPSVTI_RX_CB(skb)->held = true;
		/* Nothing of the underlay may be kept: it can go away. */
		skb_scrub_packet(skb, true);
		skb->dev = sa->vdev->dev;
		__skb_queue_tail(&sa->in.held, skb);
		sa->in.held_size += skb->truesize;
		skb = NULL;
	}
	spin_unlock(&sa->in.lock);

	drop_all(sa, &old);
	if (skb)
		drop(sa, skb);
	return true;
}

/**
 * ipsvti_hold_age - count and drop what has waited for too long
 * @larval: the larval SA
 *
 * Context: BHs disabled, bundle lock held.
 */
void ipsvti_hold_age(struct ipsvti_sa *larval)
{
	struct sk_buff_head old;

	spin_lock(&larval->in.lock);
	take_old(larval, &old);
	spin_unlock(&larval->in.lock);
	drop_all(larval, &old);
}

/* Return: the memory that what goes to @list takes. */
static unsigned int close_queue(struct ipsvti_sa *larval,
				struct sk_buff_head *list)
{
	unsigned int size;

	spin_lock_bh(&larval->in.lock);
	larval->in.closed = true;
	size = take_all(larval, list);
	spin_unlock_bh(&larval->in.lock);
	return size;
}

static void receive(struct sk_buff_head *list, struct ipsvti_sa *sa)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list))) {
		local_bh_disable();
		rcu_read_lock();
		if (too_old(skb))
			drop(sa, skb);
		else
			ipsvti_rx_sa(skb, sa);
		rcu_read_unlock();
		local_bh_enable();
	}
}

/**
 * ipsvti_hold_given - a cipher that may answer later gets a packet that waited
 * @sa: its SA
 *
 * Context: BHs disabled.
 */
void ipsvti_hold_given(struct ipsvti_sa *sa)
{
	atomic_inc(&sa->in.given);
}

/**
 * ipsvti_hold_back - and has given it back, and it was received
 * @sa: its SA, held
 *
 * Context: BHs disabled.
 */
void ipsvti_hold_back(struct ipsvti_sa *sa)
{
	if (atomic_dec_and_test(&sa->in.given))
		wake_up_var(&sa->in.given);
}

/*
 * A cipher that answers later may do so on each CPU for itself, so what comes next on
 * another one must not get there while it has those that waited.  True, they are all
 * back; false, it takes its time, and nobody waits for it any longer.
 */
static bool all_back(struct ipsvti_sa *sa)
{
	atomic_t *given = &sa->in.given;

	return wait_var_event_timeout(given, !atomic_read(given),
				      IPSVTI_HOLD_TIME);
}

/* What has come meanwhile. When there is nothing, @sa holds no more, nor does it if @last. */
static bool take(struct ipsvti_sa *sa, struct sk_buff_head *list, bool last)
{
	bool any;

	spin_lock_bh(&sa->in.lock);
	take_all(sa, list);
	any = !skb_queue_empty(list);
	if (!any || last)
		WRITE_ONCE(sa->in.holds, false);
	spin_unlock_bh(&sa->in.lock);
	return any;
}

/**
 * ipsvti_hold_release - receive the packets that waited
 * @larval: the larval SA, not in the SAD any more
 * @sa: the SA that took its place, which held packets from the beginning
 *
 * In the order they came in: what comes while others are received queues up behind
 * them.  If that does not end, because packets come as fast as they are received or
 * the cipher does not answer, those that come last do not wait.
 *
 * Context: process, bundle lock not held, references to both held.
 */
void ipsvti_hold_release(struct ipsvti_sa *larval, struct ipsvti_sa *sa)
{
	struct sk_buff_head list;
	unsigned int size;
	bool last = false;
	int round = 0;

	size = close_queue(larval, &list);
	spin_lock_bh(&sa->in.lock);
	/* What has found @sa came later than what had found @larval. */
	skb_queue_splice(&list, &sa->in.held);
	sa->in.held_size += size;
	spin_unlock_bh(&sa->in.lock);

	while (take(sa, &list, last)) {
		receive(&list, sa);
		last = !all_back(sa) || ++round == HOLD_ROUNDS;
	}
}

/**
 * ipsvti_hold_drop - count and drop the packets that waited in vain
 * @larval: the larval SA, not in the SAD any more
 *
 * Context: BHs disabled, bundle lock held.
 */
void ipsvti_hold_drop(struct ipsvti_sa *larval)
{
	struct sk_buff_head list;

	close_queue(larval, &list);
	drop_all(larval, &list);
}
