// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family and its operations on tunnels.
 */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "config.h"
#include "dev.h"
#include "nl.h"
#include "nl_gen.h"
#include "stats.h"

static const struct genl_multicast_group mcast_groups[] = {
	[IPSVTI_NLGRP_SA] = { .name = IPSVTI_MCGRP_SA, IPSVTI_MCGRP_FLAGS },
};

struct genl_family ipsvti_nl_family __ro_after_init = {
	.name = IPSVTI_GENL_NAME,
	.version = IPSVTI_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ipsvti_nl_ops,
	.n_ops = ARRAY_SIZE(ipsvti_nl_ops),
	.mcgrps = mcast_groups,
	.n_mcgrps = ARRAY_SIZE(mcast_groups),
};

/**
 * ipsvti_nl_register - begin to take requests
 *
 * Context: module init.
 * Return: 0 or a negative error.
 */
int ipsvti_nl_register(void)
{
	return genl_register_family(&ipsvti_nl_family);
}

/**
 * ipsvti_nl_unregister - take no more requests
 *
 * Context: module exit.
 */
void ipsvti_nl_unregister(void)
{
	genl_unregister_family(&ipsvti_nl_family);
}

/**
 * ipsvti_nl_dev_get - find the device that a request is about
 * @info: the request
 * @attr: attribute with the index of the device
 * @tracker: where to keep track of the reference
 *
 * Only devices in the namespace of the caller can be found.
 *
 * Context: process.
 * Return: the device, to be put by ipsvti_nl_dev_put(); else an ERR_PTR() and the
 *	cause in extack: -EINVAL, no attribute; -ENODEV; -EOPNOTSUPP, the device
 *	is of another kind.
 */
struct ipsvti_dev *ipsvti_nl_dev_get(struct genl_info *info, int attr,
				     netdevice_tracker *tracker)
{
	const struct nlattr *index = info->attrs[attr];
	struct net_device *dev;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, attr)) {
		err = ipsvti_refuse(info->extack, NULL, -EINVAL,
				    "the device is missing (ifindex)");
		return ERR_PTR(err);
	}

	rcu_read_lock();
	dev = dev_get_by_index_rcu(genl_info_net(info), nla_get_u32(index));
	if (!dev) {
		err = ipsvti_refuse(info->extack, index, -ENODEV,
				    "there is no device with this index");
		goto err_unlock;
	}
	if (!ipsvti_is_dev(dev)) {
		err = ipsvti_refuse(info->extack, index, -EOPNOTSUPP,
				    "the device is not an ipsvti tunnel");
		goto err_unlock;
	}
	netdev_hold(dev, tracker, GFP_ATOMIC);
	rcu_read_unlock();
	return netdev_priv(dev);

err_unlock:
	rcu_read_unlock();
	return ERR_PTR(err);
}

/**
 * ipsvti_nl_dev_put - done with the device
 * @vdev: the device
 * @tracker: that of ipsvti_nl_dev_get()
 */
void ipsvti_nl_dev_put(struct ipsvti_dev *vdev, netdevice_tracker *tracker)
{
	netdev_put(vdev->dev, tracker);
}

/**
 * ipsvti_nl_next_dev - the next tunnel of a namespace
 * @net: the namespace
 * @last: the one before; NULL, begin with the first
 *
 * Context: RCU, all the time since @last was given.
 * Return: the device; NULL, there are no more.
 */
struct ipsvti_dev *ipsvti_nl_next_dev(struct net *net,
				      const struct ipsvti_dev *last)
{
	struct net_device *dev;

	dev = last ? last->dev : net_device_entry(&net->dev_base_head);
	for_each_netdev_continue_rcu(net, dev) {
		if (ipsvti_is_dev(dev))
			return netdev_priv(dev);
	}
	return NULL;
}

/**
 * ipsvti_nl_dump_begin - a message of a dump of all tunnels begins
 * @cb: the dump
 *
 * It goes on with the device at which the last message ended.  Devices are only ever
 * appended to the list of their namespace, so whatever else comes and goes meanwhile,
 * nothing is left out.  If that very device is gone its place is lost: then it begins
 * again, and the reader is told that the dump was interrupted.
 *
 * Context: RCU.
 * Return: the device; NULL, there are no more.
 */
struct ipsvti_dev *ipsvti_nl_dump_begin(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	long ifindex = cb->args[IPSVTI_DUMP_IFINDEX];
	struct net_device *dev;

	/* 0 would be none, of which no change is told. */
	if (!cb->seq)
		cb->seq = 1;
	if (ifindex == IPSVTI_DUMP_END)
		return NULL;
	if (ifindex) {
		dev = dev_get_by_index_rcu(net, ifindex);
		/* Another one may have been given its index. */
		if (dev && ipsvti_is_dev(dev) &&
		    cb->args[IPSVTI_DUMP_DEV] == (long)dev)
			return netdev_priv(dev);
		cb->args[IPSVTI_DUMP_PAIR] = 0;
		cb->seq++;
	}
	return ipsvti_nl_next_dev(net, NULL);
}

/**
 * ipsvti_nl_dump_end - a message of a dump of all tunnels ends
 * @cb: the dump
 * @vdev: the device to go on with; NULL, there are no more
 *
 * Context: RCU, since ipsvti_nl_dump_begin().
 */
void ipsvti_nl_dump_end(struct netlink_callback *cb,
			const struct ipsvti_dev *vdev)
{
	cb->args[IPSVTI_DUMP_IFINDEX] = vdev ? vdev->dev->ifindex :
					       IPSVTI_DUMP_END;
	/* Only to be compared. */
	cb->args[IPSVTI_DUMP_DEV] = vdev ? (long)vdev->dev : 0;
}

/**
 * ipsvti_nl_reply - send the reply to a request
 * @info: the request
 * @msg: the reply; freed in any case
 * @hdr: its header; NULL, there was no room for what is in it
 *
 * Return: 0 or a negative error.
 */
int ipsvti_nl_reply(struct genl_info *info, struct sk_buff *msg, void *hdr)
{
	if (WARN_ON_ONCE(!hdr)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int put_endpoints(struct sk_buff *msg, const struct ipsvti_config *c)
{
	switch (c->family) {
	case AF_INET:
		return nla_put_in_addr(msg, IPSVTI_A_TUNNEL_LOCAL, ipsvti_addr_v4(&c->local)) ?:
			       nla_put_in_addr(msg, IPSVTI_A_TUNNEL_REMOTE,
					       ipsvti_addr_v4(&c->remote));
	case AF_INET6:
		return nla_put_in6_addr(msg, IPSVTI_A_TUNNEL_LOCAL6, &c->local) ?:
			       nla_put_in6_addr(msg, IPSVTI_A_TUNNEL_REMOTE6,
						&c->remote);
	}
	return 0;
}

/* Context: RCU. */
static int put_tunnel(struct sk_buff *msg, struct ipsvti_dev *vdev)
{
	struct ipsvti_bundle *b = &vdev->bundle;
	enum ipsvti_reason reason;
	u32 active;
	int err;

	spin_lock_bh(&b->lock);
	active = b->active ? b->active->id : 0;
	reason = b->reason;
	spin_unlock_bh(&b->lock);

	err = nla_put_u32(msg, IPSVTI_A_TUNNEL_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_string(msg, IPSVTI_A_TUNNEL_IFNAME, vdev->dev->name) ?:
		      put_endpoints(msg, rcu_dereference(vdev->config))	 ?:
		      nla_put_u8(msg, IPSVTI_A_TUNNEL_CARRIER, !!active) ?:
		      nla_put_u32(msg, IPSVTI_A_TUNNEL_REASON, reason)	 ?:
		      nla_put_u32(msg, IPSVTI_A_TUNNEL_MTU, READ_ONCE(vdev->dev->mtu)) ?:
		      ipsvti_stats_put(msg, IPSVTI_A_TUNNEL_COUNTERS,
				       vdev->stats);
	if (!err && active)
		err = nla_put_u32(msg, IPSVTI_A_TUNNEL_ACTIVE_PAIR, active);
	return err;
}

int ipsvti_nl_tunnel_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	struct sk_buff *msg;
	void *hdr;
	int err;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_TUNNEL_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg) {
		err = -ENOMEM;
		goto put;
	}
	hdr = genlmsg_put_reply(msg, info, &ipsvti_nl_family, 0,
				IPSVTI_CMD_TUNNEL_GET);
	rcu_read_lock();
	if (hdr && put_tunnel(msg, vdev))
		hdr = NULL;
	rcu_read_unlock();
	err = ipsvti_nl_reply(info, msg, hdr);
put:
	ipsvti_nl_dev_put(vdev, &tracker);
	return err;
}

int ipsvti_nl_tunnel_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	struct ipsvti_dev *vdev;
	void *hdr;

	rcu_read_lock();
	for (vdev = ipsvti_nl_dump_begin(cb); vdev;
	     vdev = ipsvti_nl_next_dev(net, vdev)) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &ipsvti_nl_family,
				  NLM_F_MULTI, IPSVTI_CMD_TUNNEL_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (put_tunnel(skb, vdev)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	ipsvti_nl_dump_end(cb, vdev);
	rcu_read_unlock();
	/* A message that has no room even for the first would never end. */
	return skb->len ?: vdev ? -EMSGSIZE : 0;
}

/* RTNL held. */
static int tunnel_set(struct ipsvti_dev *vdev, struct genl_info *info)
{
	struct ipsvti_config *old = rtnl_dereference(vdev->config), *config;
	bool empty;

	if (vdev->dev->reg_state != NETREG_REGISTERED)
		return ipsvti_refuse(info->extack, NULL, -ENODEV,
				     "the device is being removed");
	if (!rtnl_dev_link_net_capable(vdev->dev, vdev->net))
		return ipsvti_refuse(info->extack, NULL, -EPERM,
				     "no permission in the underlay's netns");
	config = ipsvti_config_move(old, info->attrs, info->extack);
	if (IS_ERR(config))
		return PTR_ERR(config);

	spin_lock_bh(&vdev->bundle.lock);
	empty = list_empty(&vdev->bundle.pairs);
	spin_unlock_bh(&vdev->bundle.lock);
	if (!empty && config->family != old->family) {
		ipsvti_config_free(config);
		return ipsvti_refuse(info->extack, NULL, -EBUSY,
				     "flush the SAs to change the family");
	}
	ipsvti_dev_set_config(vdev, config, true);
	return 0;
}

int ipsvti_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	int err;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_TUNNEL_IFINDEX, &tracker);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	rtnl_lock();
	err = tunnel_set(vdev, info);
	rtnl_unlock();
	ipsvti_nl_dev_put(vdev, &tracker);
	return err;
}
