// SPDX-License-Identifier: GPL-2.0
/*
 * Making and freeing security associations.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aead.h"
#include "demux.h"
#include "dev.h"
#include "nat.h"
#include "sa.h"
#include "stats.h"

static void sa_free(struct ipsvti_sa *sa)
{
	if (sa->inbound) {
		ipsvti_demux_forget(sa);
		kvfree(sa->in.replay);
		/* Nobody else sees it any more, and its own lock is not in use. */
		__skb_queue_purge(&sa->in.held);
	} else {
		ipsvti_nat_free(sa);
	}
	ipsvti_aead_tfm_free(sa->tfm);
	percpu_ref_exit(&sa->ref);
	free_percpu(sa->stats);
	kfree(sa->selectors);
	/* The salt is key material too. */
	kfree_sensitive(sa);
}

static void sa_free_work(struct work_struct *work)
{
	sa_free(container_of(work, struct ipsvti_sa, free_work));
}

/* Context: any, the last reference is gone. */
static void sa_release(struct percpu_ref *ref)
{
	struct ipsvti_sa *sa = container_of(ref, struct ipsvti_sa, ref);

	queue_work(ipsvti_wq, &sa->free_work);
}

static int sa_init_in(struct ipsvti_sa *sa, const struct ipsvti_sa_params *p)
{
	sa->in.key.daddr = p->daddr;
	sa->in.key.spi = p->spi;
	spin_lock_init(&sa->in.lock);
	__skb_queue_head_init(&sa->in.held);
	sa->limited = ipsvti_limit_set(&p->limits.bytes) ||
		      ipsvti_limit_set(&p->limits.packets) ||
		      ipsvti_limit_set(&p->limits.seconds);
	if (!p->transform) {
		sa->in.holds = true;
		return 0;
	}
	sa->in.replay = kvzalloc(ipsvti_replay_size(p->window), GFP_KERNEL);
	if (!sa->in.replay)
		return -ENOMEM;
	ipsvti_replay_init(sa->in.replay, p->window);
	if (p->last_seq)
		ipsvti_replay_resume(sa->in.replay, p->last_seq);
	return 0;
}

static u64 last_number(const struct ipsvti_sa *sa)
{
	return sa->esn ? IPSVTI_SEQ_LIMIT_ESN : IPSVTI_SEQ_LIMIT;
}

/*
 * The allocator counts packets anyway: it keeps to the hard limit of them without
 * another look.
 */
static void sa_init_numbers(struct ipsvti_sa *sa,
			    const struct ipsvti_sa_params *p)
{
	const struct ipsvti_limit *packets = &p->limits.packets;
	u64 limit = last_number(sa);
	u64 low = limit - (limit - 1) / 8;
	u64 hard = ipsvti_limit_line(p->last_seq, packets->hard);
	u64 soft = ipsvti_limit_line(p->last_seq, packets->soft);

	sa->out.end = IPSVTI_REASON_SEQUENCE_EXHAUSTED;
	if (packets->hard != IPSVTI_LIMIT_NONE && hard <= limit) {
		limit = hard;
		sa->out.end = IPSVTI_REASON_HARD_PACKETS;
	}
	ipsvti_seq_init(&sa->out.seq, limit);
	atomic64_set(&sa->out.seq.last, p->last_seq);
	sa->out.start = p->last_seq;
	sa->out.watch = min3(low, soft, limit);
}

static void sa_init_out(struct ipsvti_sa *sa, const struct ipsvti_sa_params *p)
{
	sa->out.spi = p->spi;
	sa->out.encap = p->encap;
	sa->out.sport = p->sport;
	sa->out.dport = p->dport;
	sa->out.follow = p->follow;
	sa_init_numbers(sa, p);
	sa->limited = ipsvti_limit_set(&p->limits.bytes);
}

static int sa_init_selectors(struct ipsvti_sa *sa,
			     const struct ipsvti_selectors *s)
{
	if (!s)
		return 0;
	sa->selectors = kmemdup(s, struct_size(s, list, s->nr_src + s->nr_dst),
				GFP_KERNEL);
	if (!sa->selectors)
		return -ENOMEM;
	sa->narrow = ipsvti_selectors_narrow(s);
	return 0;
}

/**
 * ipsvti_sa_new - make an SA that nobody sees yet
 * @vdev: the device it is for
 * @params: what to make it from
 *
 * Context: process, may sleep.
 * Return: the SA with one reference, to be given up by ipsvti_sa_retire(); -ENOMEM,
 *	or what the crypto API says to the algorithm, as ERR_PTR().
 */
struct ipsvti_sa *ipsvti_sa_new(struct ipsvti_dev *vdev,
				const struct ipsvti_sa_params *params)
{
	struct ipsvti_sa *sa;
	int err;

	sa = kzalloc(sizeof(*sa), GFP_KERNEL);
	if (!sa)
		return ERR_PTR(-ENOMEM);
	sa->vdev = vdev;
	sa->inbound = params->inbound;
	sa->esn = params->esn;
	sa->limits = params->limits;
	INIT_WORK(&sa->free_work, sa_free_work);
	sa->transform = params->transform ?: ipsvti_transform_default();

	if (sa->inbound) {
		err = sa_init_in(sa, params);
		if (err)
			goto err_free;
	} else {
		sa_init_out(sa, params);
	}

	err = sa_init_selectors(sa, params->selectors);
	if (err)
		goto err_free;
	sa->stats = ipsvti_sa_stats_alloc();
	if (!sa->stats) {
		err = -ENOMEM;
		goto err_free;
	}
	err = percpu_ref_init(&sa->ref, sa_release, 0, GFP_KERNEL);
	if (err)
		goto err_free;

	if (params->transform) {
		if (sa->transform->salt_len)
			memcpy(sa->salt, params->salt, sa->transform->salt_len);
		sa->tfm = ipsvti_aead_tfm_new(sa->transform, params->esn,
					      params->key, &sa->async);
		if (IS_ERR(sa->tfm)) {
			err = PTR_ERR(sa->tfm);
			sa->tfm = NULL;
			goto err_free;
		}
	}
	return sa;

err_free:
	sa_free(sa);
	return ERR_PTR(err);
}

/**
 * ipsvti_sa_retire - give up the reference that came with an SA
 * @sa: the SA, which nobody can find any more, or never could
 *
 * The reference lasts until the readers of now are done (percpu_ref_kill() waits for an
 * RCU grace period before it counts), so that each of them can still take one of its
 * own: a packet that has found its SA goes out with it, also when a rekey puts another
 * one in its place this very moment.
 *
 * Context: any.
 */
void ipsvti_sa_retire(struct ipsvti_sa *sa)
{
	percpu_ref_kill(&sa->ref);
}

/**
 * ipsvti_sa_numbers - tell what the use of sequence numbers has reached
 * @sa: an outbound SA
 * @before: the number before them
 * @last: the last of them, not below &ipsvti_sa.out.watch
 *
 * Each line is crossed by one caller only.
 *
 * Context: any.
 * Return: bits, BIT() of &enum ipsvti_reason each: %IPSVTI_REASON_SEQUENCE_LOW,
 *	%IPSVTI_REASON_SOFT_PACKETS, and what the last number means.
 */
u32 ipsvti_sa_numbers(const struct ipsvti_sa *sa, u64 before, u64 last)
{
	u64 soft = ipsvti_limit_line(sa->out.start, sa->limits.packets.soft);
	u64 limit = last_number(sa);
	u32 reached = 0;

	if (ipsvti_seq_low(last, limit) && !ipsvti_seq_low(before, limit))
		reached |= BIT(IPSVTI_REASON_SEQUENCE_LOW);
	if (before < soft && last >= soft)
		reached |= BIT(IPSVTI_REASON_SOFT_PACKETS);
	if (last == sa->out.seq.limit)
		reached |= BIT(sa->out.end);
	return reached;
}

/**
 * ipsvti_sa_close - accept no packets by an inbound SA any more
 * @sa: the SA
 *
 * Packets whose place in the replay window was taken before are still delivered.
 *
 * Context: BHs disabled.
 */
void ipsvti_sa_close(struct ipsvti_sa *sa)
{
	spin_lock(&sa->in.lock);
	WRITE_ONCE(sa->in.over, true);
	spin_unlock(&sa->in.lock);
}

/**
 * ipsvti_sa_used - tell what has counted against the limits of an SA
 * @sa: the SA
 * @bytes: where to store the octets; right if they have a limit
 * @packets: where to store the packets; right if they have a limit
 *
 * Context: any.
 */
void ipsvti_sa_used(const struct ipsvti_sa *sa, u64 *bytes, u64 *packets)
{
	if (sa->inbound) {
		*bytes = atomic64_read(&sa->in.bytes);
		*packets = atomic64_read(&sa->in.packets);
	} else {
		*bytes = atomic64_read(&sa->out.bytes);
		*packets = ipsvti_seq_last(&sa->out.seq) - sa->out.start;
	}
}
