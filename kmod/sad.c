// SPDX-License-Identifier: GPL-2.0
/*
 * Security association database: two hash tables.
 */
#include <linux/atomic.h>
#include <linux/jhash.h>
#include <linux/percpu.h>
#include <linux/rhashtable.h>

#include "config.h"
#include "dev.h"
#include "sad.h"

/* By the SPI alone: ours are random, and nobody else can add an entry. */
static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct ipsvti_sa_key *key = data;

	return jhash_1word((__force u32)key->spi, seed);
}

static const struct rhashtable_params in_params = {
	.head_offset = offsetof(struct ipsvti_sa, in.node),
	.key_offset = offsetof(struct ipsvti_sa, in.key),
	.key_len = sizeof(struct ipsvti_sa_key),
	.hashfn = key_hash,
	.automatic_shrinking = true,
};

static const struct rhashtable_params out_params = {
	.head_offset = offsetof(struct ipsvti_sa, out.node),
	.key_offset = offsetof(struct ipsvti_sa, out.spi),
	.key_len = sizeof(__be32),
	.automatic_shrinking = true,
};

/* How many SAs were taken out of any database so far. */
static atomic_t removals = ATOMIC_INIT(0);

/**
 * struct sad_recent - what a CPU has found last
 * @net: in whose database
 * @key: by what
 * @sa: the SA
 * @removals: so many SAs had been removed before it was found.  If it is still the
 *	number, @sa was not, and is as visible as if it had just been found
 */
struct sad_recent {
	const struct net *net;
	struct ipsvti_sa_key key;
	struct ipsvti_sa *sa;
	int removals;
};

static DEFINE_PER_CPU(struct sad_recent, recent);

/* It cannot be found any more. This is before its last reader's grace period begins. */
static void count_removal(void)
{
	atomic_inc_return(&removals);
}

/**
 * ipsvti_sad_init - make an empty database
 * @sad: the database
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int ipsvti_sad_init(struct ipsvti_sad *sad)
{
	int err;

	err = rhashtable_init(&sad->in, &in_params);
	if (err)
		return err;
	err = rhltable_init(&sad->out, &out_params);
	if (err)
		rhashtable_destroy(&sad->in);
	return err;
}

/**
 * ipsvti_sad_exit - free an empty database
 * @sad: the database
 *
 * Context: process, when nobody can look anything up any more.
 */
void ipsvti_sad_exit(struct ipsvti_sad *sad)
{
	WARN_ON_ONCE(atomic_read(&sad->in.nelems));
	rhltable_destroy(&sad->out);
	rhashtable_destroy(&sad->in);
}

/**
 * ipsvti_sad_add - make an SA visible to packets
 * @sad: the database
 * @sa: the SA
 *
 * Context: BHs disabled, bundle lock held.
 * Return: 0; -EEXIST, there is an inbound SA with this destination address and
 *	SPI; -ENOMEM.
 */
int ipsvti_sad_add(struct ipsvti_sad *sad, struct ipsvti_sa *sa)
{
	int err;

	if (sa->inbound)
		err = rhashtable_lookup_insert_fast(&sad->in, &sa->in.node,
						    in_params);
	else
		err = rhltable_insert(&sad->out, &sa->out.node, out_params);
	/* Anything else says that the table could not grow just now. */
	return err && err != -EEXIST ? -ENOMEM : err;
}

/**
 * ipsvti_sad_replace - put an inbound SA into the place of its larval one
 * @sad: the database
 * @old: the larval SA
 * @new: the SA with the same key
 *
 * There is no moment in which neither is found.
 *
 * Context: BHs disabled, bundle lock held.
 * Return: 0; another error only if @old was not there.
 */
int ipsvti_sad_replace(struct ipsvti_sad *sad, struct ipsvti_sa *old,
		       struct ipsvti_sa *new)
{
	int err;

	err = rhashtable_replace_fast(&sad->in, &old->in.node, &new->in.node,
				      in_params);
	count_removal();
	return err;
}

/**
 * ipsvti_sad_remove - take an SA out; packets of now may still be using it
 * @sad: the database
 * @sa: the SA
 *
 * Context: BHs disabled, bundle lock held.
 */
void ipsvti_sad_remove(struct ipsvti_sad *sad, struct ipsvti_sa *sa)
{
	if (!sa->inbound) {
		rhltable_remove(&sad->out, &sa->out.node, out_params);
		return;
	}
	rhashtable_remove_fast(&sad->in, &sa->in.node, in_params);
	count_removal();
}

static bool is_recent(const struct sad_recent *r, const struct net *net,
		      __be32 spi)
{
	return r->key.spi == spi && r->net == net &&
	       r->removals == atomic_read_acquire(&removals);
}

static noinline struct ipsvti_sa *
find_in(const struct net *net, const struct in6_addr *daddr, __be32 spi)
{
	/* Before the look-up, so that a removal meanwhile makes it worthless. */
	int now = atomic_read_acquire(&removals);
	struct sad_recent *r = this_cpu_ptr(&recent);
	struct ipsvti_sa_key key = { .daddr = *daddr, .spi = spi };
	struct ipsvti_sa *sa;

	sa = rhashtable_lookup(&ipsvti_net(net)->sad.in, &key, in_params);
	if (!sa)
		return NULL;
	r->net = net;
	r->key = key;
	r->sa = sa;
	r->removals = now;
	return sa;
}

static noinline struct ipsvti_sa *find_in_v4(const struct net *net,
					     __be32 daddr, __be32 spi)
{
	struct in6_addr mapped;

	ipv6_addr_set_v4mapped(daddr, &mapped);
	return find_in(net, &mapped, spi);
}

/**
 * ipsvti_sad_find_in - find an inbound SA (RFC 4301, section 4.1)
 * @net: the underlay's namespace
 * @daddr: outer destination address, IPv4 as IPv4-mapped
 * @spi: security parameters index
 *
 * Packets come in runs, and each is looked up twice (demux.c): the last one found is
 * tried first.
 *
 * Context: BHs disabled, RCU.
 * Return: the SA, valid until rcu_read_unlock(); NULL, there is none.
 */
struct ipsvti_sa *ipsvti_sad_find_in(const struct net *net,
				     const struct in6_addr *daddr, __be32 spi)
{
	struct sad_recent *r = this_cpu_ptr(&recent);

	if (likely(is_recent(r, net, spi) &&
		   ipv6_addr_equal(&r->key.daddr, daddr)))
		return r->sa;
	return find_in(net, daddr, spi);
}

/**
 * ipsvti_sad_find_in_v4 - ipsvti_sad_find_in() with an IPv4 address
 * @net: the underlay's namespace
 * @daddr: outer destination address
 * @spi: security parameters index
 *
 * Context: BHs disabled, RCU.
 * Return: the SA, valid until rcu_read_unlock(); NULL, there is none.
 */
struct ipsvti_sa *ipsvti_sad_find_in_v4(const struct net *net, __be32 daddr,
					__be32 spi)
{
	struct sad_recent *r = this_cpu_ptr(&recent);

	if (likely(is_recent(r, net, spi) &&
		   r->key.daddr.s6_addr32[3] == daddr &&
		   ipv6_addr_v4mapped(&r->key.daddr)))
		return r->sa;
	return find_in_v4(net, daddr, spi);
}

/**
 * ipsvti_sad_find_out - find an outbound SA by a packet that it sent
 * @sad: the database
 * @saddr: outer source address, IPv4 as IPv4-mapped
 * @daddr: outer destination address, IPv4 as IPv4-mapped
 * @spi: security parameters index
 *
 * Context: RCU.
 * Return: the SA, valid until rcu_read_unlock(); NULL, there is none.
 */
struct ipsvti_sa *ipsvti_sad_find_out(struct ipsvti_sad *sad,
				      const struct in6_addr *saddr,
				      const struct in6_addr *daddr, __be32 spi)
{
	const struct ipsvti_config *config;
	struct rhlist_head *pos, *list;
	struct ipsvti_sa *sa;

	list = rhltable_lookup(&sad->out, &spi, out_params);
	rhl_for_each_entry_rcu(sa, pos, list, out.node) {
		config = rcu_dereference(sa->vdev->config);
		if (ipv6_addr_equal(&config->remote, daddr) &&
		    ipv6_addr_equal(&config->local, saddr))
			return sa;
	}
	return NULL;
}
