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

static void mtu_work(struct work_struct *work)
{
	struct ipsvti_dev *vdev = container_of(to_delayed_work(work),
					       struct ipsvti_dev, mtu.work);

	rtnl_lock();
	if (vdev->dev->reg_state == NETREG_REGISTERED)
		ipsvti_automtu_apply(vdev);
	rtnl_unlock();
	dev_put(vdev->dev);
}

static void queue(struct ipsvti_dev *vdev, unsigned long delay)
{
	dev_hold(vdev->dev);
	if (!queue_delayed_work(ipsvti_wq, &vdev->mtu.work, delay))
		dev_put(vdev->dev);
}

/**
 * ipsvti_automtu_schedule - have the MTU derived soon
 * @vdev: the device
 *
 * Context: any.
 */
void ipsvti_automtu_schedule(struct ipsvti_dev *vdev)
{
	queue(vdev, 0);
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
		queue(vdev, NOTICE_TIME);
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
	    !delayed_work_pending(&vdev->mtu.work))
		queue(vdev, NOTICE_TIME);
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
	INIT_DELAYED_WORK(&vdev->mtu.work, mtu_work);
}

/**
 * ipsvti_automtu_exit - derive no more
 * @vdev: the device, which is being unregistered
 *
 * The work takes RTNL, so it is not waited for; it holds the device.
 *
 * Context: process, RTNL held.
 */
void ipsvti_automtu_exit(struct ipsvti_dev *vdev)
{
	if (cancel_delayed_work(&vdev->mtu.work))
		dev_put(vdev->dev);
}

static void net_work(struct work_struct *work)
{
	struct ipsvti_net *n = container_of(to_delayed_work(work),
					    struct ipsvti_net, mtu_work);
	struct ipsvti_dev *vdev;

	rtnl_lock();
	list_for_each_entry(vdev, &n->devs, node) {
		ipsvti_automtu_apply(vdev);
		cond_resched();
	}
	rtnl_unlock();
}

/**
 * ipsvti_automtu_net_init - get ready to watch the underlays of a namespace
 * @n: what we know of it
 *
 * Context: process.
 */
void ipsvti_automtu_net_init(struct ipsvti_net *n)
{
	INIT_DELAYED_WORK(&n->mtu_work, net_work);
}

/**
 * ipsvti_automtu_net_exit - watch them no more
 * @n: what we know of the namespace, which has no network devices any more
 *
 * Context: process, RTNL not held.
 */
void ipsvti_automtu_net_exit(struct ipsvti_net *n)
{
	cancel_delayed_work_sync(&n->mtu_work);
}

/*
 * The MTU of an underlay may have changed, or its routes have come back.  Any device
 * may be one, ours too; so each event would concern all tunnels, and when thousands
 * come up together, each would concern thousands.  A moment later all are looked at,
 * once for all events.
 */
static int underlay_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	struct net_device *underlay = netdev_notifier_info_to_dev(ptr);
	struct ipsvti_net *n = ipsvti_net(dev_net(underlay));

	switch (event) {
	case NETDEV_CHANGEMTU:
	case NETDEV_UP:
		if (!list_empty(&n->devs))
			queue_delayed_work(ipsvti_wq, &n->mtu_work,
					   NOTICE_TIME);
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
