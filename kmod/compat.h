/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that the module builds for.
 *
 * The only file with #if on kernel features; IPSVTI_HAVE_* come from
 * compat-detect.sh, which looks into the target's headers.
 */
#ifndef _IPSVTI_COMPAT_H
#define _IPSVTI_COMPAT_H

#include <linux/crypto.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/dst.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#include "compat-config.h"

/* What is a CPU's own while BHs are disabled may not be there, see data-path.md. */
#ifdef CONFIG_PREEMPT_RT
#error "ipsvti does not support kernels with PREEMPT_RT"
#endif

#ifdef IPSVTI_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

/*
 * A crypto completion is given the data pointer of the request, or in older
 * kernels a request that holds it.
 */
#ifdef IPSVTI_HAVE_CRYPTO_DONE_DATA
#define ipsvti_crypto_arg void

static inline void *ipsvti_compat_crypto_data(void *arg)
{
	return arg;
}
#else
#define ipsvti_crypto_arg struct crypto_async_request

static inline void *ipsvti_compat_crypto_data(struct crypto_async_request *arg)
{
	return arg->data;
}
#endif

/* rtnl_link_ops.newlink got one argument for all that says where from. */
int ipsvti_link_new(struct net *net, struct net_device *dev,
		    struct nlattr *tb[], struct nlattr *data[],
		    struct netlink_ext_ack *extack);

#ifdef IPSVTI_HAVE_NEWLINK_PARAMS
static inline int ipsvti_compat_newlink(struct net_device *dev,
					struct rtnl_newlink_params *params,
					struct netlink_ext_ack *extack)
{
	return ipsvti_link_new(rtnl_newlink_link_net(params), dev, params->tb,
			       params->data, extack);
}
#else
static inline int ipsvti_compat_newlink(struct net *net, struct net_device *dev,
					struct nlattr *tb[],
					struct nlattr *data[],
					struct netlink_ext_ack *extack)
{
	return ipsvti_link_new(net, dev, tb, data, extack);
}
#endif

/* Events tell SPIs and addresses: not for everybody to listen to. */
#ifdef IPSVTI_HAVE_MCAST_CAP_NET_ADMIN
#define IPSVTI_MCGRP_FLAGS .flags = GENL_MCAST_CAP_NET_ADMIN,
#else
#define IPSVTI_MCGRP_FLAGS
#endif

/**
 * ipsvti_compat_dump_attrs - the attributes of the request that a dump answers
 * @cb: the dump
 *
 * Return: by their types; NULL for those that are not there.
 */
static inline struct nlattr **
ipsvti_compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef IPSVTI_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/**
 * ipsvti_compat_set_lltx - say that transmission needs no lock of the core
 * @dev: device that is being set up
 */
static inline void ipsvti_compat_set_lltx(struct net_device *dev)
{
#ifdef IPSVTI_HAVE_DEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/**
 * ipsvti_compat_dst_init - make a route entry that is nowhere accounted for
 * @dst: the entry, which needs not be freed
 * @ops: its operations
 */
static inline void ipsvti_compat_dst_init(struct dst_entry *dst,
					  struct dst_ops *ops)
{
#ifdef IPSVTI_HAVE_DST_INIT_REF
	dst_init(dst, ops, NULL, 1, DST_OBSOLETE_NONE, DST_NOCOUNT);
#else
	dst_init(dst, ops, NULL, DST_OBSOLETE_NONE, DST_NOCOUNT);
#endif
}

#endif /* _IPSVTI_COMPAT_H */
