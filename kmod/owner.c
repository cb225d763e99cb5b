// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that pairs are bound to.
 *
 * A socket is known from its first owner-bound pair to its end, whatever becomes of its
 * pairs: there are few such sockets, and each pair only names its own.  When it is
 * closed, the pairs of all devices are looked through: a device may have moved to
 * another namespace since.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "dev.h"
#include "owner.h"

/**
 * struct ipsvti_owner - a socket
 * @node: entry in the list of them
 * @net: its namespace; not held, as the socket holds it
 * @portid: its address
 * @work: removes its pairs
 */
struct ipsvti_owner {
	struct list_head node;
	const struct net *net;
	u32 portid;
	struct work_struct work;
};

/* the list of owners */
static DEFINE_MUTEX(owners_lock);
static LIST_HEAD(owners);

static struct ipsvti_owner *find(const struct net *net, u32 portid)
{
	struct ipsvti_owner *o;

	list_for_each_entry(o, &owners, node) {
		if (o->portid == portid && net_eq(o->net, net))
			return o;
	}
	return NULL;
}

static void owner_work(struct work_struct *work)
{
	struct ipsvti_owner *owner =
		container_of(work, struct ipsvti_owner, work);
	struct ipsvti_dev *vdev;
	struct net *net;

	/* No device comes, goes or moves meanwhile. */
	rtnl_lock();
	down_read(&net_rwsem);
	for_each_net(net) {
		list_for_each_entry(vdev, &ipsvti_net(net)->devs, node)
			ipsvti_bundle_flush(vdev, owner,
					    IPSVTI_REASON_OWNER_GONE);
	}
	up_read(&net_rwsem);
	rtnl_unlock();
	kfree(owner);
}

/* Who closes a socket may hold any lock: what wants RTNL is left to a work. */
static int socket_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct netlink_notify *notify = ptr;
	struct ipsvti_owner *owner;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	mutex_lock(&owners_lock);
	owner = find(notify->net, notify->portid);
	if (owner)
		list_del(&owner->node);
	mutex_unlock(&owners_lock);
	if (owner)
		queue_work(ipsvti_wq, &owner->work);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_event,
};

/**
 * ipsvti_owner_get - the socket that a request comes from, as an owner of pairs
 * @info: the request
 *
 * Context: process, while the request is handled, so that the socket is there.
 * Return: the owner, for &ipsvti_pair.owner; -ENOMEM as ERR_PTR().
 */
struct ipsvti_owner *ipsvti_owner_get(struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct ipsvti_owner *owner;

	mutex_lock(&owners_lock);
	owner = find(net, info->snd_portid);
	if (!owner) {
		owner = kzalloc(sizeof(*owner), GFP_KERNEL);
		if (owner) {
			owner->net = net;
			owner->portid = info->snd_portid;
			INIT_WORK(&owner->work, owner_work);
			list_add(&owner->node, &owners);
		}
	}
	mutex_unlock(&owners_lock);
	return owner ?: ERR_PTR(-ENOMEM);
}

/**
 * ipsvti_owner_register - begin to watch sockets being closed
 *
 * Context: module init.
 * Return: 0 or a negative error.
 */
int ipsvti_owner_register(void)
{
	return netlink_register_notifier(&socket_notifier);
}

/**
 * ipsvti_owner_unregister - forget all owners
 *
 * Context: module exit, when no request can come any more, before anything that the
 * work uses is gone.
 */
void ipsvti_owner_unregister(void)
{
	struct ipsvti_owner *owner, *next;

	netlink_unregister_notifier(&socket_notifier);
	flush_workqueue(ipsvti_wq);
	list_for_each_entry_safe(owner, next, &owners, node)
		kfree(owner);
	INIT_LIST_HEAD(&owners);
}
