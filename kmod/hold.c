// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that arrive for a reserved SPI before its keys do.
 */
#include <linux/jiffies.h>
#include <linux/skbuff.h>

#include "dev.h"
#include "hold.h"
#include "rx.h"
#include "stats.h"

static bool too_old(const struct sk_buff *skb)
{
	return time_after(jiffies,
			  IPSVTI_RX_CB(skb)->arrived + IPSVTI_HOLD_TIME);
}

static void drop(const struct ipsvti_sa *larval, struct sk_buff *skb)
{
	ipsvti_drop(larval->vdev, IPSVTI_A_COUNTERS_RX_LARVAL, 1,
		    ipsvti_sa_spi(larval), 0);
	kfree_skb(skb);
}

/**
 * ipsvti_hold_add - keep a packet until the keys are there
 * @larval: the larval SA it is for
 * @skb: the packet, at its ESP header, with IPSVTI_RX_CB() filled in
 *
 * Context: BHs disabled, RCU.
 * Return: true, the packet is kept or was counted and dropped; false, @larval is
 *	larval no more, so look the SPI up again.
 */
bool ipsvti_hold_add(struct ipsvti_sa *larval, struct sk_buff *skb)
{
	struct sk_buff_head *held = &larval->in.held;
	struct sk_buff *victim = NULL;

	spin_lock(&larval->in.lock);
	if (larval->in.closed) {
		spin_unlock(&larval->in.lock);
		return false;
	}
	IPSVTI_RX_CB(skb)->arrived = jiffies;
	if (skb_queue_len(held) >= IPSVTI_HOLD_MAX)
		victim = too_old(skb_peek(held)) ? __skb_dequeue(held) : skb;
	if (victim != skb) {
		/* Nothing of the underlay may be kept: it can go away. */
		skb_scrub_packet(skb, true);
		skb->dev = larval->vdev->dev;
		__skb_queue_tail(held, skb);
	}
	spin_unlock(&larval->in.lock);

	if (victim)
		drop(larval, victim);
	return true;
}

static void close_queue(struct ipsvti_sa *larval, struct sk_buff_head *list)
{
	__skb_queue_head_init(list);
	spin_lock_bh(&larval->in.lock);
	larval->in.closed = true;
	skb_queue_splice_init(&larval->in.held, list);
	spin_unlock_bh(&larval->in.lock);
}

/**
 * ipsvti_hold_release - receive the packets that waited
 * @larval: the larval SA, not in the SAD any more
 * @sa: the SA that took its place
 *
 * Context: process, bundle lock not held, references to both held.
 */
void ipsvti_hold_release(struct ipsvti_sa *larval, struct ipsvti_sa *sa)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	close_queue(larval, &list);
	while ((skb = __skb_dequeue(&list))) {
		local_bh_disable();
		rcu_read_lock();
		if (too_old(skb))
			drop(larval, skb);
		else
			ipsvti_rx_sa(skb, sa);
		rcu_read_unlock();
		local_bh_enable();
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
	struct sk_buff *skb;

	close_queue(larval, &list);
	while ((skb = __skb_dequeue(&list)))
		drop(larval, skb);
}
