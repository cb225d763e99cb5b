// SPDX-License-Identifier: GPL-2.0
/*
 * A device without carrier: what is sent into it is still seen.
 *
 * The core puts a queue before a device that has no carrier, noop_qdisc, which
 * throws everything away without a word.  A tunnel without an SA has more to say:
 * the sender is told by ICMP, whoever makes SAs by an event, and a counter goes up.
 * So that queue gets out of the way: each packet is handed to ipsvti_tx(), and none is
 * stored, also where somebody has configured a queue for the time with a carrier.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>

#include "dev.h"
#include "idle.h"
#include "tx.h"

/*
 * No queue.  Not the device's own noqueue, which is gone when there is another one; and
 * nobody's to free: what replaces it, when the carrier is back or the device is closed or
 * somebody configures a queue, looks at what it is for only to see that it is built in.
 */
static typeof(noop_qdisc) idle_qdisc = {
	.flags = TCQ_F_BUILTIN,
	.q.lock = __SPIN_LOCK_UNLOCKED(idle_qdisc.q.lock),
};

static int idle_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	unsigned int i;

	/* What follows dev_open(), and what follows a change of the carrier. */
	if (event != NETDEV_UP && event != NETDEV_CHANGE)
		return NOTIFY_DONE;
	if (dev->netdev_ops->ndo_start_xmit != ipsvti_tx ||
	    !(dev->flags & IFF_UP) || netif_carrier_ok(dev))
		return NOTIFY_DONE;

	for (i = 0; i < dev->num_tx_queues; i++)
		rcu_assign_pointer(netdev_get_tx_queue(dev, i)->qdisc,
				   &idle_qdisc);
	return NOTIFY_DONE;
}

static struct notifier_block idle_notifier = {
	.notifier_call = idle_event,
};

/**
 * ipsvti_idle_register - begin to watch the carrier of our devices
 *
 * Context: module init.
 * Return: 0 or a negative error.
 */
int ipsvti_idle_register(void)
{
	return register_netdevice_notifier(&idle_notifier);
}

/**
 * ipsvti_idle_unregister - stop watching
 *
 * Context: module exit, when there are no devices any more.
 */
void ipsvti_idle_unregister(void)
{
	unregister_netdevice_notifier(&idle_notifier);
}
