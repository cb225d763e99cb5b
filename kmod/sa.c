// SPDX-License-Identifier: GPL-2.0
/*
 * Making and freeing security associations.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "aead.h"
#include "dev.h"
#include "sa.h"
#include "stats.h"

static void sa_free(struct ipsvti_sa *sa)
{
	if (sa->inbound) {
		kvfree(sa->in.replay);
		skb_queue_purge(&sa->in.held);
	}
	ipsvti_aead_tfm_free(sa->tfm);
	free_percpu(sa->stats);
	/* The salt is key material too. */
	kfree_sensitive(sa);
}

static void sa_free_work(struct work_struct *work)
{
	sa_free(container_of(to_rcu_work(work), struct ipsvti_sa, free_work));
}

static int sa_init_in(struct ipsvti_sa *sa, const struct ipsvti_sa_params *p)
{
	sa->in.key.daddr = p->daddr;
	sa->in.key.spi = p->spi;
	spin_lock_init(&sa->in.lock);
	__skb_queue_head_init(&sa->in.held);
	if (!p->transform)
		return 0;
	sa->in.replay = kvzalloc(ipsvti_replay_size(p->window), GFP_KERNEL);
	if (!sa->in.replay)
		return -ENOMEM;
	ipsvti_replay_init(sa->in.replay, p->window);
	if (p->last_seq)
		ipsvti_replay_resume(sa->in.replay, p->last_seq);
	return 0;
}

static void sa_init_out(struct ipsvti_sa *sa, const struct ipsvti_sa_params *p)
{
	sa->out.spi = p->spi;
	sa->out.encap = p->encap;
	sa->out.sport = p->sport;
	sa->out.dport = p->dport;
	ipsvti_seq_init(&sa->out.seq,
			p->esn ? IPSVTI_SEQ_LIMIT_ESN : IPSVTI_SEQ_LIMIT);
	atomic64_set(&sa->out.seq.last, p->last_seq);
}

/**
 * ipsvti_sa_new - make an SA that nobody sees yet
 * @vdev: the device it is for
 * @params: what to make it from
 *
 * Context: process, may sleep.
 * Return: the SA with one reference, to be put by ipsvti_sa_put(); -ENOMEM, or
 *	what the crypto API says to the algorithm, as ERR_PTR().
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
	refcount_set(&sa->ref, 1);
	INIT_RCU_WORK(&sa->free_work, sa_free_work);
	sa->transform = params->transform ?: ipsvti_transform_default();

	if (sa->inbound) {
		err = sa_init_in(sa, params);
		if (err)
			goto err_free;
	} else {
		sa_init_out(sa, params);
	}

	sa->stats = ipsvti_sa_stats_alloc();
	if (!sa->stats) {
		err = -ENOMEM;
		goto err_free;
	}

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
 * ipsvti_sa_put - drop a reference to an SA
 * @sa: the SA, or NULL
 *
 * The last one frees it, after the readers of now are done.
 *
 * Context: any.
 */
void ipsvti_sa_put(struct ipsvti_sa *sa)
{
	if (sa && refcount_dec_and_test(&sa->ref))
		queue_rcu_work(ipsvti_wq, &sa->free_work);
}
