/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MTU that a device gives itself, from underlay and transform, as long as the
 * user has not set one.
 *
 * RTNL protects how it is derived.  Transmission only compares ipsvti_automtu::path
 * with what it sees of the route.  A device that has to be looked at is marked, and one
 * work of its underlay's namespace looks at all that are.
 */
#ifndef _IPSVTI_AUTOMTU_H
#define _IPSVTI_AUTOMTU_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct ipsvti_dev;
struct ipsvti_net;
struct ipsvti_transform;

/* No host needs to take a larger packet in pieces (RFC 8200, section 5). */
#define IPSVTI_MTU_AUTO_MIN 1280

/**
 * struct ipsvti_automtu_net - devices of a namespace whose MTUs are to be derived anew
 * @lock: protects all this and the devices' marks.  Innermost, BHs disabled
 * @due: devices that are marked; what is due first is first
 * @all: all devices are, for something happened to an underlay
 * @all_due: when, in jiffies
 * @rest: before that, in 64 bits of jiffies, no other look at all of them
 * @work: looks at those that are due, under RTNL
 */
struct ipsvti_automtu_net {
	spinlock_t lock; /* protects all this and the devices' marks */
	struct list_head due;
	bool all;
	unsigned long all_due;
	u64 rest;
	struct delayed_work work;
};

/**
 * struct ipsvti_automtu - how a device comes to its MTU
 * @on: the device derives it
 * @ours: the MTU is just being set, and not by the user
 * @natt: the last outbound SA used ESP in UDP
 * @transform: algorithm of the last outbound SA
 * @path: MTU of the underlay that it was last derived from; 0, none yet
 * @inner: longest inner packet that fits there, whatever the device's MTU; 0, none
 *	is known to
 * @failed: how often in a row the underlay had no route
 * @ended: it is never derived again
 * @node: entry in &ipsvti_automtu_net.due of the underlay's namespace if it is to be
 *	derived anew; transmission sees without the lock if it is one
 * @due: when it is to be, in jiffies
 *
 * &ipsvti_automtu_net.lock protects the last three.
 */
struct ipsvti_automtu {
	bool on;
	bool ours;
	bool natt;
	const struct ipsvti_transform *transform;
	u32 path;
	u32 inner;
	unsigned int failed;
	bool ended;
	struct list_head node;
	unsigned long due;
};

int ipsvti_automtu_register(void);
void ipsvti_automtu_unregister(void);
void ipsvti_automtu_net_init(struct ipsvti_net *n);
void ipsvti_automtu_net_exit(struct ipsvti_net *n);

void ipsvti_automtu_init(struct ipsvti_dev *vdev);
void ipsvti_automtu_exit(struct ipsvti_dev *vdev);
u32 ipsvti_automtu_derive(struct ipsvti_dev *vdev);
void ipsvti_automtu_apply(struct ipsvti_dev *vdev);
void ipsvti_automtu_schedule(struct ipsvti_dev *vdev);
void ipsvti_automtu_retry(struct ipsvti_dev *vdev);
void ipsvti_automtu_path_seen(struct ipsvti_dev *vdev, u32 path);

#endif /* _IPSVTI_AUTOMTU_H */
