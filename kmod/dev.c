// SPDX-License-Identifier: GPL-2.0
/*
 * The tunnel device: link kind "ipsvti" and its network device operations.
 */
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/udp.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

#include <uapi/linux/ipsvti.h>

#include "compat.h"
#include "config.h"
#include "demux.h"
#include "dev.h"
#include "nat.h"
#include "nl.h"
#include "stats.h"
#include "tx.h"

/* The most that any algorithm and encapsulation put around an inner packet. */
#define MAX_HEAD                                          \
	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
	 sizeof(struct ipsvti_esp_hdr) + IPSVTI_NONCE_MAX)
#define MAX_TAIL (IPSVTI_ALIGN_MAX + IPSVTI_ESP_TRAILER_LEN + IPSVTI_ICV_MAX)

static int dev_init(struct net_device *dev)
{
	struct ipsvti_dev *vdev = netdev_priv(dev);
	int err;

	vdev->stats = ipsvti_stats_alloc();
	if (!vdev->stats)
		return -ENOMEM;
	err = gro_cells_init(&vdev->gro_cells, dev);
	if (err) {
		free_percpu(vdev->stats);
		vdev->stats = NULL;
	}
	return err;
}

static void dev_uninit(struct net_device *dev)
{
	struct ipsvti_dev *vdev = netdev_priv(dev);
	struct ipsvti_net *n = ipsvti_net(vdev->net);

	/* It is not if others did not want the device when it was registered. */
	if (!list_empty(&vdev->node)) {
		list_del_init(&vdev->node);
		n->nr_devs--;
	}
	if (list_empty(&n->devs))
		ipsvti_demux_end(vdev->net, n);
	ipsvti_bundle_exit(vdev);
	ipsvti_automtu_exit(vdev);
}

/* After the last reference is gone, and with it the last packet. */
static void dev_free(struct net_device *dev)
{
	struct ipsvti_dev *vdev = netdev_priv(dev);

	gro_cells_destroy(&vdev->gro_cells);
	free_percpu(vdev->stats);
	ipsvti_config_free(rcu_dereference_protected(vdev->config, 1));
	/* newlink looks at it to know if this was called. */
	RCU_INIT_POINTER(vdev->config, NULL);
}

/* Whoever sets an MTU keeps it, until the choice is given back by mtu-auto. */
static int dev_change_mtu(struct net_device *dev, int mtu)
{
	struct ipsvti_dev *vdev = netdev_priv(dev);

	if (!vdev->mtu.ours)
		vdev->mtu.on = false;
	WRITE_ONCE(dev->mtu, mtu);
	return 0;
}

static int dev_get_link_index(const struct net_device *dev)
{
	const struct ipsvti_dev *vdev = netdev_priv(dev);
	const struct ipsvti_config *config;
	int link = 0;

	rcu_read_lock();
	config = rcu_dereference(vdev->config);
	if (config)
		link = config->link;
	rcu_read_unlock();
	return link;
}

static const struct net_device_ops dev_ops = {
	.ndo_init = dev_init,
	.ndo_uninit = dev_uninit,
	.ndo_start_xmit = ipsvti_tx,
	.ndo_change_mtu = dev_change_mtu,
	.ndo_get_stats64 = ipsvti_stats_get64,
	.ndo_get_iflink = dev_get_link_index,
};

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
}

static int get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? IPSVTI_NR_COUNTERS : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 set, u8 *data)
{
	if (set == ETH_SS_STATS)
		ipsvti_stats_strings(data);
}

static void get_ethtool_stats(struct net_device *dev,
			      struct ethtool_stats *stats, u64 *data)
{
	const struct ipsvti_dev *vdev = netdev_priv(dev);

	ipsvti_stats_sum(vdev->stats, data);
}

static const struct ethtool_ops dev_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_ethtool_stats,
};

static const struct device_type dev_type = {
	.name = KBUILD_MODNAME,
};

static void dev_setup(struct net_device *dev)
{
	netdev_features_t features = NETIF_F_SG | NETIF_F_HW_CSUM |
				     NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE;

	dev->netdev_ops = &dev_ops;
	dev->ethtool_ops = &dev_ethtool_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = dev_free;
	SET_NETDEV_DEVTYPE(dev, &dev_type);

	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	dev->needed_headroom = LL_MAX_HEADER + MAX_HEAD;
	dev->needed_tailroom = MAX_TAIL;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU - MAX_HEAD - MAX_TAIL;

	/* The checksum is not computed at all where a segment is encrypted ... */
	dev->features |= features;
	dev->hw_features |= features;
	ipsvti_compat_set_lltx(dev);
	/* ... and the route of the inner packet learns its path MTU. */
	netif_keep_dst(dev);
}

/**
 * ipsvti_dev_set_config - give a device another configuration
 * @vdev: the device, registered
 * @next: the configuration, which now belongs to @vdev
 * @keep_sas: SAs stay if only the remote address is another one
 *
 * SAs whose addresses do not fit any more are flushed together with the change.
 *
 * Context: process, RTNL held.
 */
void ipsvti_dev_set_config(struct ipsvti_dev *vdev, struct ipsvti_config *next,
			   bool keep_sas)
{
	struct ipsvti_config *old = rtnl_dereference(vdev->config);
	bool fit = ipsvti_config_same_endpoints(old, next) ||
		   (keep_sas && old->family == next->family &&
		    ipv6_addr_equal(&old->local, &next->local));

	spin_lock_bh(&vdev->bundle.lock);
	if (!fit)
		__ipsvti_bundle_flush(vdev, NULL,
				      IPSVTI_REASON_ENDPOINTS_CHANGED);
	else if (!ipv6_addr_equal(&old->remote, &next->remote))
		__ipsvti_nat_forget(vdev);
	rcu_assign_pointer(vdev->config, next);
	spin_unlock_bh(&vdev->bundle.lock);

	synchronize_net();
	ipsvti_config_free(old);
	ipsvti_nat_reroute(vdev);
	vdev->mtu.path = 0;
	vdev->mtu.failed = 0;
	ipsvti_automtu_apply(vdev);
}

static void link_set_mtu_auto(struct ipsvti_dev *vdev, struct nlattr *data[])
{
	if (data && data[IFLA_IPSVTI_MTU_AUTO])
		vdev->mtu.on = nla_get_u8(data[IFLA_IPSVTI_MTU_AUTO]);
}

/**
 * ipsvti_link_new - make a device
 * @net: namespace of the underlay
 * @dev: the network device, already set up
 * @tb: attributes of any link
 * @data: attributes of this kind, or NULL
 * @extack: where to say what is wrong
 *
 * Context: process, RTNL held.
 * Return: 0 or a negative error; the caller frees @dev then.
 */
int ipsvti_link_new(struct net *net, struct net_device *dev,
		    struct nlattr *tb[], struct nlattr *data[],
		    struct netlink_ext_ack *extack)
{
	struct ipsvti_dev *vdev = netdev_priv(dev);
	struct ipsvti_config *config;
	int err;

	if (tb[IFLA_MTU] && data && data[IFLA_IPSVTI_MTU_AUTO] &&
	    nla_get_u8(data[IFLA_IPSVTI_MTU_AUTO]))
		return ipsvti_refuse(extack, data[IFLA_IPSVTI_MTU_AUTO],
				     -EINVAL, "give mtu or mtu-auto, not both");
	config = ipsvti_config_make(NULL, data, dev, net, extack);
	if (IS_ERR(config))
		return PTR_ERR(config);

	vdev->dev = dev;
	vdev->net = net;
	INIT_LIST_HEAD(&vdev->node);
	RCU_INIT_POINTER(vdev->config, config);
	vdev->next_acquire = jiffies;
	vdev->next_auth_fail = jiffies;
	ipsvti_bundle_init(vdev);
	ipsvti_automtu_init(vdev);
	vdev->mtu.on = !tb[IFLA_MTU];
	link_set_mtu_auto(vdev, data);
	if (vdev->mtu.on)
		dev->mtu = ipsvti_automtu_derive(vdev);

	err = register_netdevice(dev);
	if (err) {
		/*
		 * Either dev_free() has done it already, or it will: if others
		 * did not want the device it has to be unregistered first.
		 */
		if (dev->reg_state == NETREG_UNINITIALIZED)
			ipsvti_config_free(rtnl_dereference(vdev->config));
		return err;
	}
	if (list_empty(&ipsvti_net(net)->devs))
		ipsvti_demux_begin(net, ipsvti_net(net));
	list_add_tail(&vdev->node, &ipsvti_net(net)->devs);
	ipsvti_net(net)->nr_devs++;
	ipsvti_automtu_retry(vdev);
	return 0;
}

static int link_changelink(struct net_device *dev, struct nlattr *tb[],
			   struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	struct ipsvti_dev *vdev = netdev_priv(dev);
	struct ipsvti_config *config;

	/* A device that was given away is not a way back. */
	if (!rtnl_dev_link_net_capable(dev, vdev->net))
		return ipsvti_refuse(extack, NULL, -EPERM,
				     "no permission in the underlay's netns");
	config = ipsvti_config_make(rtnl_dereference(vdev->config), data, dev,
				    vdev->net, extack);
	if (IS_ERR(config))
		return PTR_ERR(config);
	link_set_mtu_auto(vdev, data);
	ipsvti_dev_set_config(vdev, config, false);
	return 0;
}

static size_t link_get_size(const struct net_device *dev)
{
	return ipsvti_config_fill_size();
}

static int link_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct ipsvti_dev *vdev = netdev_priv(dev);

	return ipsvti_config_fill(skb, rtnl_dereference(vdev->config),
				  vdev->mtu.on);
}

static struct net *link_get_link_net(const struct net_device *dev)
{
	const struct ipsvti_dev *vdev = netdev_priv(dev);

	return READ_ONCE(vdev->net);
}

struct rtnl_link_ops ipsvti_link_ops = {
	.kind = "ipsvti",
	.priv_size = sizeof(struct ipsvti_dev),
	.setup = dev_setup,
	.maxtype = IFLA_IPSVTI_MAX,
	.policy = ipsvti_config_policy,
	.newlink = ipsvti_compat_newlink,
	.changelink = link_changelink,
	.get_size = link_get_size,
	.fill_info = link_fill_info,
	.get_link_net = link_get_link_net,
};
