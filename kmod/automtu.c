// SPDX-License-Identifier: GPL-2.0
/*
 * The MTU that a device gives itself.
 */
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/dst.h>

#include "automtu.h"
#include "config.h"
#include "dev.h"
#include "mtu.h"
#include "nat.h"
#include "outer.h"

/* How long transmission may go on with an MTU that is not right any more. */
#define NOTICE_TIME (HZ / 10)

/* Of all devices of a namespace, because something happened to an underlay. */
#define LOOKS_PER_SECOND 20000ul

/*
 * No route may be no memory for one, which the core does not always tell apart: so
 * often it is asked again.
 */
#define TRIES 5

/* MTU of the way to the peer; 0, nobody knows. */
static u32 path_mtu(struct ipsvti_dev *vdev, const struct ipsvti_config *config,
		    const struct in6_addr *remote, bool natt)
{
	const struct net_device *link;
	struct dst_entry *dst;
	u32 mtu = 0;

	if (config->family != AF_UNSPEC) {
		dst = ipsvti_outer_lookup(vdev, config, remote, natt);
		if (IS_ERR(dst)) {
			vdev->mtu.failed++;
		} else {
			vdev->mtu.failed = 0;
			mtu = dst_mtu(dst);
			dst_release(dst);
		}
	}
	if (!mtu && config->link) {
		link = __dev_get_by_index(vdev->net, config->link);
		if (link)
			mtu = link->mtu;
	}
	return mtu;
}

/**
 * ipsvti_automtu_derive - derive the MTU of a device
 * @vdev: the device
 *
 * Without a route what was derived last still holds; without anything to go by
 * the underlay is taken to be an Ethernet.
 *
 * Context: process, RTNL held.
 * Return: the MTU in octets.
 */
u32 ipsvti_automtu_derive(struct ipsvti_dev *vdev)
{
	struct ipsvti_config *config = rtnl_dereference(vdev->config);
	struct in6_addr remote = config->remote;
	const struct ipsvti_transform *transform;
	const struct ipsvti_sa *sa;
	u32 path, mtu;
	bool natt;

	rcu_read_lock();
	sa = rcu_dereference(vdev->out);
	if (sa) {
		vdev->mtu.transform = sa->transform;
		vdev->mtu.natt = sa->out.encap == IPSVTI_ENCAP_UDP;
		remote = *ipsvti_nat_to(config, sa).addr;
	}
	rcu_read_unlock();
	transform = vdev->mtu.transform;
	natt = vdev->mtu.natt;

	path = path_mtu(vdev, config, &remote, natt) ?:
		       vdev->mtu.path		     ?:
						       ETH_DATA_LEN;
	WRITE_ONCE(vdev->mtu.path, path);

	mtu = ipsvti_mtu_inner(path, config->family == AF_INET6, natt,
			       &transform->geometry);
	WRITE_ONCE(vdev->mtu.inner, mtu);
	return clamp(mtu, IPSVTI_MTU_AUTO_MIN, vdev->dev->max_mtu);
}

/**
 * ipsvti_automtu_apply - give a device its MTU, if it is the one to choose
 * @vdev: the device, registered
 *
 * Context: process, RTNL held.
 */
void ipsvti_automtu_apply(struct ipsvti_dev *vdev)
{
	u32 mtu;

	ASSERT_RTNL();

	/* Even if the user set one: transmission must see that we looked. */
	mtu = ipsvti_automtu_derive(vdev);
	ipsvti_automtu_retry(vdev);
	if (!vdev->mtu.on || mtu == vdev->dev->mtu)
		return;
	vdev->mtu.ours = true;
	dev_set_mtu(vdev->dev, mtu);
	vdev->mtu.ours = false;
}

/* Have the work run when the first thing is due.  The lock is held. */
static void arm(struct ipsvti_automtu_net *m)
{
	const struct ipsvti_dev *first;
	unsigned long due = m->all_due;
	long delay;

	lockdep_assert_held(&m->lock);

	first = list_first_entry_or_null(&m->due, struct ipsvti_dev, mtu.node);
	if (first && (!m->all || time_before(first->mtu.due, due)))
		due = first->mtu.due;
	else if (!m->all)
		return;
	delay = due - jiffies;
	mod_delayed_work(ipsvti_wq, &m->work, max(delay, 0l));
}

/*
 * A device is there once.  As all that is not for now has the same delay, the list is
 * in order by itself.
 */
static void mark(struct ipsvti_dev *vdev, unsigned long delay)
{
	struct ipsvti_automtu_net *m = &ipsvti_net(vdev->net)->mtu;

	spin_lock_bh(&m->lock);
	if (vdev->mtu.ended || (delay && !list_empty(&vdev->mtu.node)))
		goto out;
	vdev->mtu.due = jiffies + delay;
	if (delay)
		list_add_tail(&vdev->mtu.node, &m->due);
	else
		list_move(&vdev->mtu.node, &m->due);
	arm(m);
out:
	spin_unlock_bh(&m->lock);
}

/**
 * ipsvti_automtu_schedule - have the MTU derived soon
 * @vdev: the device
 *
 * Context: any.
 */
void ipsvti_automtu_schedule(struct ipsvti_dev *vdev)
{
	mark(vdev, 0);
}

/**
 * ipsvti_automtu_retry - if the last derivation had no route to go by, have another
 * @vdev: the device, registered
 *
 * Context: process, RTNL held.
 */
void ipsvti_automtu_retry(struct ipsvti_dev *vdev)
{
	ASSERT_RTNL();

	if (vdev->mtu.failed && vdev->mtu.failed < TRIES)
		mark(vdev, NOTICE_TIME);
}

/**
 * ipsvti_automtu_path_seen - transmission saw the MTU of the route
 * @vdev: the device
 * @path: what it saw
 *
 * Context: any.
 */
void ipsvti_automtu_path_seen(struct ipsvti_dev *vdev, u32 path)
{
	if (unlikely(path != READ_ONCE(vdev->mtu.path)) &&
	    list_empty(&vdev->mtu.node))
		mark(vdev, NOTICE_TIME);
}

/**
 * ipsvti_automtu_init - get ready to derive the MTU of a device
 * @vdev: the device
 *
 * Context: process, before @vdev is registered.
 */
void ipsvti_automtu_init(struct ipsvti_dev *vdev)
{
	vdev->mtu.transform = ipsvti_transform_default();
	INIT_LIST_HEAD(&vdev->mtu.node);
}

/**
 * ipsvti_automtu_exit - derive no more
 * @vdev: the device, which is being unregistered
 *
 * The work looks at marked devices under RTNL only, so it is not at this one.
 *
 * Context: process, RTNL held.
 */
void ipsvti_automtu_exit(struct ipsvti_dev *vdev)
{
	struct ipsvti_automtu_net *m = &ipsvti_net(vdev->net)->mtu;

	spin_lock_bh(&m->lock);
	list_del_init(&vdev->mtu.node);
	vdev->mtu.ended = true;
	spin_unlock_bh(&m->lock);
}

/* Whether all devices are due. */
static bool take_all(struct ipsvti_automtu_net *m)
{
	bool all;

	spin_lock_bh(&m->lock);
	all = m->all && time_after_eq(jiffies, m->all_due);
	if (all)
		m->all = false;
	spin_unlock_bh(&m->lock);
	return all;
}

/* The next device that is due by itself, or NULL. */
static struct ipsvti_dev *take_one(struct ipsvti_automtu_net *m)
{
	struct ipsvti_dev *vdev;

	spin_lock_bh(&m->lock);
	vdev = list_first_entry_or_null(&m->due, struct ipsvti_dev, mtu.node);
	if (vdev && time_before(jiffies, vdev->mtu.due))
		vdev = NULL;
	if (vdev)
		list_del_init(&vdev->mtu.node);
	spin_unlock_bh(&m->lock);
	return vdev;
}

/* After a look at all devices. */
static void rest(struct ipsvti_net *n)
{
	spin_lock_bh(&n->mtu.lock);
	n->mtu.rest = get_jiffies_64() + n->nr_devs * HZ / LOOKS_PER_SECOND;
	spin_unlock_bh(&n->mtu.lock);
}

static void net_work(struct work_struct *work)
{
	struct ipsvti_net *n = container_of(to_delayed_work(work),
					    struct ipsvti_net, mtu.work);
	struct ipsvti_dev *vdev;

	rtnl_lock();
	if (take_all(&n->mtu)) {
		list_for_each_entry(vdev, &n->devs, node) {
			ipsvti_automtu_apply(vdev);
			cond_resched();
		}
		rest(n);
	}
	while ((vdev = take_one(&n->mtu))) {
		ipsvti_automtu_apply(vdev);
		cond_resched();
	}
	rtnl_unlock();

	spin_lock_bh(&n->mtu.lock);
	arm(&n->mtu);
	spin_unlock_bh(&n->mtu.lock);
}

/**
 * ipsvti_automtu_net_init - get ready to derive the MTUs of a namespace's devices
 * @n: what we know of it
 *
 * Context: process.
 */
void ipsvti_automtu_net_init(struct ipsvti_net *n)
{
	spin_lock_init(&n->mtu.lock);
	n->mtu.rest = get_jiffies_64();
	INIT_LIST_HEAD(&n->mtu.due);
	INIT_DELAYED_WORK(&n->mtu.work, net_work);
}

/**
 * ipsvti_automtu_net_exit - derive them no more
 * @n: what we know of the namespace, which has no network devices any more
 *
 * Context: process, RTNL not held.
 */
void ipsvti_automtu_net_exit(struct ipsvti_net *n)
{
	cancel_delayed_work_sync(&n->mtu.work);
}

/*
 * The MTU of an underlay may have changed, or its routes have come back.  Any device
 * may be one, ours too; so each event would concern all tunnels, and when thousands
 * come up together, each would concern thousands.  A moment later all are looked at,
 * once for all events.  The more were looked at, the longer is the rest until the next
 * time: it takes a small part of a processor, however long devices go on coming up.
 */
static void mark_all(struct ipsvti_automtu_net *m)
{
	spin_lock_bh(&m->lock);
	if (!m->all) {
		m->all = true;
		/* In 64 bits, as the last look may be very long ago. */
		m->all_due = max(get_jiffies_64() + NOTICE_TIME, m->rest);
		arm(m);
	}
	spin_unlock_bh(&m->lock);
}

static int underlay_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	struct net_device *underlay = netdev_notifier_info_to_dev(ptr);
	struct ipsvti_net *n = ipsvti_net(dev_net(underlay));

	switch (event) {
	case NETDEV_CHANGEMTU:
	case NETDEV_UP:
		if (n->nr_devs)
			mark_all(&n->mtu);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block underlay_notifier = {
	.notifier_call = underlay_event,
};

/**
 * ipsvti_automtu_register - begin to watch underlays
 *
 * Context: module init, after the namespaces are.
 * Return: 0 or a negative error.
 */
int ipsvti_automtu_register(void)
{
	return register_netdevice_notifier(&underlay_notifier);
}

/**
 * ipsvti_automtu_unregister - stop watching underlays
 *
 * Context: module exit.
 */
void ipsvti_automtu_unregister(void)
{
	unregister_netdevice_notifier(&underlay_notifier);
}
