// SPDX-License-Identifier: GPL-2.0
/*
 * Operations of the generic netlink family on SA pairs.
 */
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "config.h"
#include "dev.h"
#include "nat.h"
#include "nl.h"
#include "nl_gen.h"
#include "owner.h"
#include "stats.h"

#define RESERVE_TIME_DEFAULT 30 /* seconds */

/* All the traffic selectors that a pair can have, and the rest of it. */
#define TS_SIZE                                       \
	(nla_total_size(0) + 2 * nla_total_size(16) + \
	 nla_total_size(sizeof(u8)) + 2 * nla_total_size(sizeof(u16)))
#define PAIR_SIZE (GENLMSG_DEFAULT_SIZE + 2 * 2 * IPSVTI_TS_MAX * TS_SIZE)

static int put_u64(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, IPSVTI_A_LIMITS_PAD);
}

/* Octets or packets: both limits, if they are there, and what is used up. */
static int put_limit(struct sk_buff *msg, const struct ipsvti_limit *limit,
		     int soft, int hard, int used, u64 value)
{
	int err = 0;

	if (limit->soft != IPSVTI_LIMIT_NONE)
		err = put_u64(msg, soft, limit->soft);
	if (!err && limit->hard != IPSVTI_LIMIT_NONE)
		err = put_u64(msg, hard, limit->hard);
	if (!err && ipsvti_limit_set(limit))
		err = put_u64(msg, used, value);
	return err;
}

static int put_seconds(struct sk_buff *msg, const struct ipsvti_sa *sa)
{
	const struct ipsvti_limit *limit = &sa->limits.seconds;
	u64 age = div_u64(get_jiffies_64() - sa->installed, HZ);
	int err = 0;

	if (limit->soft != IPSVTI_LIMIT_NONE)
		err = nla_put_u32(msg, IPSVTI_A_LIMITS_SOFT_SECONDS,
				  limit->soft);
	if (!err && limit->hard != IPSVTI_LIMIT_NONE)
		err = nla_put_u32(msg, IPSVTI_A_LIMITS_HARD_SECONDS,
				  limit->hard);
	if (!err && ipsvti_limit_set(limit))
		err = put_u64(msg, IPSVTI_A_LIMITS_USED_SECONDS, age);
	return err;
}

static int put_limits(struct sk_buff *msg, const struct ipsvti_sa *sa)
{
	const struct ipsvti_limits *l = &sa->limits;
	struct nlattr *nest;
	u64 bytes, packets;
	int err;

	if (!ipsvti_limit_set(&l->bytes) && !ipsvti_limit_set(&l->packets) &&
	    !ipsvti_limit_set(&l->seconds))
		return 0;
	nest = nla_nest_start(msg, IPSVTI_A_SA_LIMITS);
	if (!nest)
		return -EMSGSIZE;
	ipsvti_sa_used(sa, &bytes, &packets);
	err = put_limit(msg, &l->bytes, IPSVTI_A_LIMITS_SOFT_BYTES,
			IPSVTI_A_LIMITS_HARD_BYTES, IPSVTI_A_LIMITS_USED_BYTES,
			bytes);
	if (!err)
		err = put_limit(msg, &l->packets, IPSVTI_A_LIMITS_SOFT_PACKETS,
				IPSVTI_A_LIMITS_HARD_PACKETS,
				IPSVTI_A_LIMITS_USED_PACKETS, packets);
	if (!err)
		err = put_seconds(msg, sa);
	if (err)
		nla_nest_cancel(msg, nest);
	else
		nla_nest_end(msg, nest);
	return err;
}

static int put_sa(struct sk_buff *msg, int attr, const struct ipsvti_sa *sa,
		  bool with_ts)
{
	u64 seq, packets, bytes;
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(msg, attr);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_be32(msg, IPSVTI_A_SA_SPI, ipsvti_sa_spi(sa));
	if (err || ipsvti_sa_larval(sa))
		goto end;
	seq = sa->inbound ? READ_ONCE(sa->in.replay->top) :
			    ipsvti_seq_last(&sa->out.seq);
	ipsvti_sa_stats_sum(sa->stats, &packets, &bytes);
	err = nla_put_u32(msg, IPSVTI_A_SA_ALG, sa->transform->alg) ?:
		      nla_put_u8(msg, IPSVTI_A_SA_ESN, sa->esn)	    ?:
		      nla_put_u64_64bit(msg, IPSVTI_A_SA_SEQ, seq, IPSVTI_A_SA_PAD) ?:
		      nla_put_u64_64bit(msg, IPSVTI_A_SA_PACKETS, packets, IPSVTI_A_SA_PAD) ?:
		      nla_put_u64_64bit(msg, IPSVTI_A_SA_BYTES, bytes,
					IPSVTI_A_SA_PAD);
	if (!err && sa->inbound)
		err = nla_put_u32(msg, IPSVTI_A_SA_REPLAY_WINDOW,
				  sa->in.replay->window);
	if (!err)
		err = put_limits(msg, sa);
	if (!err && sa->expired)
		err = nla_put_u32(msg, IPSVTI_A_SA_EXPIRED, sa->expired);
	if (!err && with_ts)
		err = ipsvti_nl_ts_put(msg, sa);
end:
	if (err)
		nla_nest_cancel(msg, nest);
	else
		nla_nest_end(msg, nest);
	return err;
}

/**
 * ipsvti_nl_put_sa - put an SA into an event, without its key
 * @msg: the message
 * @attr: attribute to nest it in
 * @sa: the SA
 *
 * Nor does it have its traffic selectors, which are many, and never change.
 *
 * Context: bundle lock held.
 * Return: 0 or -EMSGSIZE.
 */
int ipsvti_nl_put_sa(struct sk_buff *msg, int attr, const struct ipsvti_sa *sa)
{
	return put_sa(msg, attr, sa, false);
}

/**
 * ipsvti_nl_put_remote - put where outbound packets go into a message about a pair
 * @msg: the message
 * @vdev: the device
 * @pair: the pair, which has an outbound SA
 *
 * Context: bundle lock held.
 * Return: 0 or -EMSGSIZE.
 */
int ipsvti_nl_put_remote(struct sk_buff *msg, const struct ipsvti_dev *vdev,
			 const struct ipsvti_pair *pair)
{
	struct ipsvti_config *config;
	struct ipsvti_to to;

	config = rcu_dereference_protected(vdev->config,
					   lockdep_is_held(&vdev->bundle.lock));
	to = ipsvti_nat_to(config, pair->out);
	if (config->family == AF_INET)
		return nla_put_in_addr(msg, IPSVTI_A_PAIR_REMOTE,
				       ipsvti_addr_v4(to.addr));
	return nla_put_in6_addr(msg, IPSVTI_A_PAIR_REMOTE6, to.addr);
}

/* Context: bundle lock held. */
static int put_pair(struct sk_buff *msg, const struct ipsvti_dev *vdev,
		    const struct ipsvti_pair *pair)
{
	int err;

	err = nla_put_u32(msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_u32(msg, IPSVTI_A_PAIR_PAIR_ID, pair->id)	  ?:
		      nla_put_u32(msg, IPSVTI_A_PAIR_STATE, pair->state)  ?:
		      put_sa(msg, IPSVTI_A_PAIR_IN, pair->in, true);
	if (!err && pair->owner)
		err = nla_put_u8(msg, IPSVTI_A_PAIR_OWNER_BOUND, 1);
	if (err || pair->state == IPSVTI_PAIR_STATE_LARVAL)
		return err;
	err = nla_put_u32(msg, IPSVTI_A_PAIR_ACTIVATION, pair->activation) ?:
		      nla_put_u8(msg, IPSVTI_A_PAIR_HEARD, pair->in->in.heard) ?:
		      nla_put_u32(msg, IPSVTI_A_PAIR_ENCAP, pair->encap);
	if (!err && pair->encap == IPSVTI_ENCAP_UDP)
		err = nla_put_be16(msg, IPSVTI_A_PAIR_ENCAP_SPORT, pair->sport) ?:
			      nla_put_be16(msg, IPSVTI_A_PAIR_ENCAP_DPORT, pair->dport) ?:
			      nla_put_u8(msg, IPSVTI_A_PAIR_ENCAP_FOLLOW,
					 pair->follow);
	if (!err && pair->out)
		err = put_sa(msg, IPSVTI_A_PAIR_OUT, pair->out, true) ?:
			      ipsvti_nl_put_remote(msg, vdev, pair);
	if (!err && pair->expired)
		err = nla_put_u32(msg, IPSVTI_A_PAIR_REASON, pair->expired);
	return err;
}

static int put_reserved(struct sk_buff *msg, const struct ipsvti_dev *vdev,
			u32 id, __be32 spi)
{
	struct nlattr *nest;

	if (nla_put_u32(msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ||
	    nla_put_u32(msg, IPSVTI_A_PAIR_PAIR_ID, id))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, IPSVTI_A_PAIR_IN);
	if (!nest || nla_put_be32(msg, IPSVTI_A_SA_SPI, spi))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * ipsvti_nl_owner - the socket that the pair of a request is to go with
 * @info: the request, for a pair
 *
 * Context: process.
 * Return: the owner; NULL, none; -ENOMEM as ERR_PTR().
 */
const struct ipsvti_owner *ipsvti_nl_owner(struct genl_info *info)
{
	const struct nlattr *bound = info->attrs[IPSVTI_A_PAIR_OWNER_BOUND];

	return bound && nla_get_u8(bound) ? ipsvti_owner_get(info) : NULL;
}

int ipsvti_nl_spi_alloc_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *time = info->attrs[IPSVTI_A_PAIR_RESERVE_TIME];
	u32 seconds = time ? nla_get_u32(time) : RESERVE_TIME_DEFAULT;
	const struct ipsvti_owner *owner;
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	struct sk_buff *msg;
	__be32 spi;
	void *hdr;
	int err;
	u32 id;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_PAIR_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	owner = ipsvti_nl_owner(info);
	if (IS_ERR(owner)) {
		err = PTR_ERR(owner);
		goto put;
	}
	/* First, so that nothing is reserved that nobody is told of. */
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg) {
		err = -ENOMEM;
		goto put;
	}
	err = ipsvti_bundle_reserve(vdev, seconds, owner, &id, &spi,
				    info->extack);
	if (err) {
		nlmsg_free(msg);
		goto put;
	}

	hdr = genlmsg_put_reply(msg, info, &ipsvti_nl_family, 0,
				IPSVTI_CMD_SPI_ALLOC);
	if (hdr && put_reserved(msg, vdev, id, spi))
		hdr = NULL;
	err = ipsvti_nl_reply(info, msg, hdr);
put:
	ipsvti_nl_dev_put(vdev, &tracker);
	return err;
}

static int get_pair_id(struct genl_info *info, u32 *id)
{
	if (GENL_REQ_ATTR_CHECK(info, IPSVTI_A_PAIR_PAIR_ID))
		return ipsvti_refuse(info->extack, NULL, -EINVAL,
				     "the pair is missing (pair-id)");
	*id = nla_get_u32(info->attrs[IPSVTI_A_PAIR_PAIR_ID]);
	return 0;
}

int ipsvti_nl_sa_activate_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	int err;
	u32 id;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_PAIR_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	err = get_pair_id(info, &id) ?:
		      ipsvti_bundle_activate(vdev, id, info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[IPSVTI_A_PAIR_PAIR_ID]);
	ipsvti_nl_dev_put(vdev, &tracker);
	return err;
}

int ipsvti_nl_sa_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *grace = info->attrs[IPSVTI_A_PAIR_GRACE];
	u32 seconds = grace ? nla_get_u32(grace) : 0;
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	int err;
	u32 id;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_PAIR_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	err = get_pair_id(info, &id);
	if (!err)
		err = ipsvti_bundle_delete(vdev, id, seconds, info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[IPSVTI_A_PAIR_PAIR_ID]);
	ipsvti_nl_dev_put(vdev, &tracker);
	return err;
}

int ipsvti_nl_sa_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_PAIR_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	ipsvti_bundle_flush(vdev, NULL, IPSVTI_REASON_FLUSHED);
	ipsvti_nl_dev_put(vdev, &tracker);
	return 0;
}

static int pair_get(struct genl_info *info, struct ipsvti_dev *vdev)
{
	struct ipsvti_pair *pair;
	struct sk_buff *msg;
	void *hdr;
	int err;
	u32 id;

	err = get_pair_id(info, &id);
	if (err)
		return err;
	msg = genlmsg_new(PAIR_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &ipsvti_nl_family, 0,
				IPSVTI_CMD_SA_GET);

	spin_lock_bh(&vdev->bundle.lock);
	pair = __ipsvti_bundle_find(vdev, id, info->extack);
	if (pair && hdr && put_pair(msg, vdev, pair))
		hdr = NULL;
	spin_unlock_bh(&vdev->bundle.lock);

	if (!pair) {
		nlmsg_free(msg);
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[IPSVTI_A_PAIR_PAIR_ID]);
		return -ENOENT;
	}
	return ipsvti_nl_reply(info, msg, hdr);
}

int ipsvti_nl_sa_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	int err;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_PAIR_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	err = pair_get(info, vdev);
	ipsvti_nl_dev_put(vdev, &tracker);
	return err;
}

static bool has_ts(const struct ipsvti_pair *pair)
{
	return pair->in->selectors || (pair->out && pair->out->selectors);
}

static bool any_has_ts(struct ipsvti_dev *vdev)
{
	struct ipsvti_pair *pair;
	bool any = false;

	spin_lock_bh(&vdev->bundle.lock);
	list_for_each_entry(pair, &vdev->bundle.pairs, node)
		any |= has_ts(pair);
	spin_unlock_bh(&vdev->bundle.lock);
	return any;
}

/*
 * From now on each message of a dump has room for a pair with all the selectors that
 * it can have.  Only when there are any, since whoever reads it needs a buffer of that
 * size.
 */
static void make_room(struct netlink_callback *cb)
{
	cb->min_dump_alloc = PAIR_SIZE;
}

/* Context: RCU.  Return: the device of that index; NULL, there is none of ours. */
static struct ipsvti_dev *dump_dev(struct netlink_callback *cb,
				   const struct nlattr *index)
{
	struct net_device *dev;

	dev = dev_get_by_index_rcu(sock_net(cb->skb->sk), nla_get_u32(index));
	return dev && ipsvti_is_dev(dev) ? netdev_priv(dev) : NULL;
}

int ipsvti_nl_sa_get_start(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	struct ipsvti_dev *vdev = NULL;
	const struct nlattr *index;
	int err = 0;

	index = ipsvti_compat_dump_attrs(cb)[IPSVTI_A_PAIR_IFINDEX];
	rcu_read_lock();
	if (index) {
		vdev = dump_dev(cb, index);
		if (!vdev)
			err = ipsvti_refuse(cb->extack, index, -ENODEV,
					    "no tunnel has this index");
		else if (any_has_ts(vdev))
			make_room(cb);
		goto out;
	}
	while ((vdev = ipsvti_nl_next_dev(net, vdev))) {
		if (any_has_ts(vdev)) {
			make_room(cb);
			break;
		}
	}
out:
	rcu_read_unlock();
	return err;
}

/*
 * Dump the pairs of a device whose ids are above *@done, which grows along.  Ids
 * grow in the list, so a dump neither repeats nor misses a pair that is there from
 * its beginning to its end.
 */
static int dump_pairs(struct sk_buff *skb, struct netlink_callback *cb,
		      struct ipsvti_dev *vdev, u32 *done)
{
	struct ipsvti_pair *pair;
	int err = 0;
	void *hdr;

	spin_lock_bh(&vdev->bundle.lock);
	list_for_each_entry(pair, &vdev->bundle.pairs, node) {
		if (pair->id <= *done)
			continue;
		err = -EMSGSIZE;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &ipsvti_nl_family,
				  NLM_F_MULTI, IPSVTI_CMD_SA_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		err = put_pair(skb, vdev, pair);
		if (err) {
			genlmsg_cancel(skb, hdr);
			if (has_ts(pair))
				make_room(cb);
			break;
		}
		genlmsg_end(skb, hdr);
		*done = pair->id;
	}
	spin_unlock_bh(&vdev->bundle.lock);
	return err;
}

static int dump_one_dev(struct sk_buff *skb, struct netlink_callback *cb,
			const struct nlattr *index)
{
	struct ipsvti_dev *vdev;
	u32 done = cb->args[IPSVTI_DUMP_PAIR];
	int err = 0;

	if (cb->args[IPSVTI_DUMP_IFINDEX] == IPSVTI_DUMP_END)
		return 0;
	rcu_read_lock();
	vdev = dump_dev(cb, index);
	if (vdev)
		err = dump_pairs(skb, cb, vdev, &done);
	rcu_read_unlock();
	cb->args[IPSVTI_DUMP_IFINDEX] = err ? 0 : IPSVTI_DUMP_END;
	cb->args[IPSVTI_DUMP_PAIR] = done;
	return skb->len ?: err;
}

int ipsvti_nl_sa_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	const struct nlattr *index;
	struct ipsvti_dev *vdev;
	int err = 0;
	u32 done;

	index = ipsvti_compat_dump_attrs(cb)[IPSVTI_A_PAIR_IFINDEX];
	if (index)
		return dump_one_dev(skb, cb, index);

	rcu_read_lock();
	vdev = ipsvti_nl_dump_begin(cb);
	done = cb->args[IPSVTI_DUMP_PAIR];
	for (; vdev; vdev = ipsvti_nl_next_dev(net, vdev)) {
		err = dump_pairs(skb, cb, vdev, &done);
		if (err)
			break;
		done = 0;
	}
	ipsvti_nl_dump_end(cb, vdev);
	rcu_read_unlock();
	cb->args[IPSVTI_DUMP_PAIR] = done;
	return skb->len ?: err;
}
