/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnel device, and what a network namespace knows of its devices.
 *
 * A device has two namespaces: the one it is in, where its inner packets are,
 * and the one it was made in, where its outer packets are and its SAs are found.
 */
#ifndef _IPSVTI_DEV_H
#define _IPSVTI_DEV_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/gro_cells.h>

#include "automtu.h"
#include "bundle.h"
#include "sad.h"

struct ipsvti_config;
struct ipsvti_stats;

/**
 * struct ipsvti_net - what belongs to an underlay namespace
 * @devs: devices that were made here; RTNL
 * @nr_devs: how many; RTNL
 * @sad: SAs of these devices
 * @demux: packets that come in are given their routes, see demux.h; RTNL
 * @mtu: which of them are to derive their MTUs anew
 */
struct ipsvti_net {
	struct list_head devs;
	unsigned int nr_devs;
	struct ipsvti_sad sad;
	bool demux;
	struct ipsvti_automtu_net mtu;
};

/**
 * struct ipsvti_dev - a tunnel device
 * @dev: the network device, whose private part this is
 * @net: namespace of the outer packets.  Not a reference: the device goes when
 *	the namespace goes
 * @node: entry in &ipsvti_net.devs; RTNL
 * @config: what the user configured; see config.h
 * @out: outbound SA in use, or NULL.  Read under RCU, written under
 *	&ipsvti_bundle.lock
 * @bundle: all of its SA pairs
 * @gro_cells: where received inner packets are handed to the stack
 * @stats: per CPU counters
 * @mtu: how the device comes to its MTU
 * @next_acquire: jiffies before which no acquire event is sent again; who changes
 *	it by cmpxchg() sends the event
 * @next_auth_fail: the same of auth-fail events
 * @auth_failed: packets whose integrity check has failed since the last of these
 */
struct ipsvti_dev {
	struct net_device *dev;
	struct net *net;
	struct list_head node;
	struct ipsvti_config __rcu *config;
	struct ipsvti_sa __rcu *out;
	struct ipsvti_bundle bundle;
	struct gro_cells gro_cells;
	struct ipsvti_stats __percpu *stats;
	struct ipsvti_automtu mtu;
	unsigned long next_acquire;
	unsigned long next_auth_fail;
	atomic_t auth_failed;
};

extern struct rtnl_link_ops ipsvti_link_ops;

/* For everything that the module does later.  Its end waits for all of it. */
extern struct workqueue_struct *ipsvti_wq;

struct ipsvti_net *ipsvti_net(const struct net *net);

void ipsvti_dev_set_config(struct ipsvti_dev *vdev, struct ipsvti_config *next,
			   bool keep_sas);

/**
 * ipsvti_dev_sad - the database with the SAs of a device
 * @vdev: the device
 *
 * Context: any.
 * Return: the database.
 */
static inline struct ipsvti_sad *ipsvti_dev_sad(const struct ipsvti_dev *vdev)
{
	return &ipsvti_net(vdev->net)->sad;
}

/**
 * ipsvti_is_dev - tell if a network device is one of ours
 * @dev: any network device
 *
 * Context: any.
 * Return: true, its private part is a struct ipsvti_dev.
 */
static inline bool ipsvti_is_dev(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &ipsvti_link_ops;
}

#endif /* _IPSVTI_DEV_H */
