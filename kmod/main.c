// SPDX-License-Identifier: GPL-2.0
/*
 * ipsvti: route-based IPsec.  The module begins and ends here, and so does what it
 * knows of each network namespace.
 */
#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/rtnetlink.h>

#include "aead.h"
#include "automtu.h"
#include "dev.h"
#include "hook.h"
#include "idle.h"
#include "nl.h"
#include "owner.h"

struct workqueue_struct *ipsvti_wq;

static unsigned int net_id;

/**
 * ipsvti_net - what we know of a namespace
 * @net: the namespace
 *
 * Context: any, while the namespace or a device in it cannot go away.
 * Return: it.
 */
struct ipsvti_net *ipsvti_net(const struct net *net)
{
	return net_generic(net, net_id);
}

static int __net_init net_begin(struct net *net)
{
	struct ipsvti_net *n = ipsvti_net(net);

	INIT_LIST_HEAD(&n->devs);
	ipsvti_automtu_net_init(n);
	return ipsvti_sad_init(&n->sad);
}

static void __net_exit net_end(struct net *net)
{
	ipsvti_automtu_net_exit(ipsvti_net(net));
	ipsvti_sad_exit(&ipsvti_net(net)->sad);
}

/*
 * A tunnel goes with its underlay, wherever its inner end is by now.  This is
 * before the namespace's network devices go ...
 */
static void __net_exit devices_end(struct list_head *nets)
{
	struct ipsvti_dev *vdev;
	struct net *net;
	LIST_HEAD(kill);

	rtnl_lock();
	list_for_each_entry(net, nets, exit_list) {
		list_for_each_entry(vdev, &ipsvti_net(net)->devs, node)
			unregister_netdevice_queue(vdev->dev, &kill);
	}
	unregister_netdevice_many(&kill);
	rtnl_unlock();
}

static struct pernet_operations device_ops = {
	.exit_batch = devices_end,
};

/* ... and this after: until then packets may come in that look into the SAD. */
static struct pernet_operations net_ops = {
	.init = net_begin,
	.exit = net_end,
	.id = &net_id,
	.size = sizeof(struct ipsvti_net),
};

static int __init ipsvti_init(void)
{
	int err = -ENOMEM;

	ipsvti_wq = alloc_workqueue(KBUILD_MODNAME, WQ_UNBOUND, 0);
	if (!ipsvti_wq)
		return err;
	err = ipsvti_aead_init();
	if (err)
		goto err_wq;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto err_aead;
	err = register_pernet_device(&device_ops);
	if (err)
		goto err_net;
	err = ipsvti_automtu_register();
	if (err)
		goto err_device;
	err = ipsvti_idle_register();
	if (err)
		goto err_automtu;
	err = rtnl_link_register(&ipsvti_link_ops);
	if (err)
		goto err_idle;
	err = ipsvti_owner_register();
	if (err)
		goto err_link;
	err = ipsvti_nl_register();
	if (err)
		goto err_owner;
	err = ipsvti_hook_register();
	if (err)
		goto err_nl;
	return 0;

err_nl:
	ipsvti_nl_unregister();
err_owner:
	ipsvti_owner_unregister();
err_link:
	rtnl_link_unregister(&ipsvti_link_ops);
err_idle:
	ipsvti_idle_unregister();
err_automtu:
	ipsvti_automtu_unregister();
err_device:
	unregister_pernet_device(&device_ops);
err_net:
	unregister_pernet_subsys(&net_ops);
err_aead:
	rcu_barrier();
	destroy_workqueue(ipsvti_wq);
	ipsvti_aead_exit();
	return err;
err_wq:
	destroy_workqueue(ipsvti_wq);
	return err;
}

static void __exit ipsvti_exit(void)
{
	ipsvti_hook_unregister();
	ipsvti_nl_unregister();
	ipsvti_owner_unregister();
	/* Ends all devices, and waits for those who use them. */
	rtnl_link_unregister(&ipsvti_link_ops);
	ipsvti_idle_unregister();
	ipsvti_automtu_unregister();
	unregister_pernet_device(&device_ops);
	unregister_pernet_subsys(&net_ops);
	/* SAs are freed by work that is queued after a grace period. */
	rcu_barrier();
	destroy_workqueue(ipsvti_wq);
	ipsvti_aead_exit();
}

module_init(ipsvti_init);
module_exit(ipsvti_exit);

MODULE_DESCRIPTION("Route-based IPsec tunnel device");
MODULE_AUTHOR("The ipsvti authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("ipsvti");
MODULE_ALIAS_GENL_FAMILY("ipsvti");
